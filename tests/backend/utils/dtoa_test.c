/* Doubles as text: known values, ten million round trips; and the driver of dtoa_check_test.py:
 * "dtoa --print SEED COUNT" prints "bits text" of COUNT doubles. */
#include "backend/utils/dtoa.h"

#include "backend/utils/rng.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void test_known_texts(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text, *compact;
    } cases[] = {
        {0.0, "0.0", "0"},
        {-0.0, "-0.0", "-0"},
        {1.0, "1.0", "1"},
        {-1.0, "-1.0", "-1"},
        {0.1, "0.1", "0.1"},
        {0.3, "0.3", "0.3"},
        {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
        {100.0, "100.0", "100"},
        {1.0712, "1.0712", "1.0712"},
        {60000.25, "60000.25", "60000.25"},
        {123456789012345.67, "123456789012345.67", "123456789012345.67"},
        {9007199254740993.0, "9007199254740992.0", "9007199254740992"},
        {1e15, "1000000000000000.0", "1000000000000000"},
        {9999999999999998.0, "9999999999999998.0", "9999999999999998"},
        {1e16, "1e+16", "1e+16"},
        {1.5e16, "1.5e+16", "1.5e+16"},
        {1e22, "1e+22", "1e+22"},
        {1e23, "1e+23", "1e+23"},
        {0.0001, "0.0001", "0.0001"},
        {0.00012345, "0.00012345", "0.00012345"},
        {0.00001, "1e-05", "1e-05"},
        {1.2345e-7, "1.2345e-07", "1.2345e-07"},
        {5e-324, "5e-324", "5e-324"},
        {1e-323, "1e-323", "1e-323"},
        {2.2250738585072014e-308, "2.2250738585072014e-308", "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308", "2.225073858507201e-308"},
        {1.7976931348623157e308, "1.7976931348623157e+308", "1.7976931348623157e+308"},
        {9.5367431640625e-07, "9.5367431640625e-07", "9.5367431640625e-07"}, /* 2^-20 */
        {2.0e-323, "2e-323", "2e-323"},
        {4.35, "4.35", "4.35"},
        {NAN, "null", "null"},
        {-INFINITY, "null", "null"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[S1_DOUBLE_TEXT_MAX];
        assert_int_equal(s1_double_print(cases[i].value, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        assert_int_equal(s1_double_print_compact(cases[i].value, text), strlen(cases[i].compact));
        assert_string_equal(text, cases[i].compact);
    }
}

static void test_shortest_digits(void **state)
{
    (void)state;
    uint64_t digits;
    int exponent;
    s1_double_shortest(-1200.0, &digits, &exponent);
    assert_int_equal(digits, 12);
    assert_int_equal(exponent, 2);
    s1_double_shortest(0.0, &digits, &exponent);
    assert_int_equal(digits, 0);
    assert_int_equal(exponent, 0);
    s1_double_shortest(0x1p-1074, &digits, &exponent);
    assert_int_equal(digits, 5);
    assert_int_equal(exponent, -324);
}

static void assert_round_trip(double value)
{
    char text[S1_DOUBLE_TEXT_MAX];
    const size_t len = s1_double_print(value, text);
    double again = 0.0;
    assert_true(len < sizeof text);
    if (s1_str_parse_double((s1_str){text, len}, &again, NULL) != S1_OK ||
        bits_of(again) != bits_of(value)) {
        fail_msg("%a printed as %s read back as %a", value, text, again);
    }
}

static void test_round_trips(void **state)
{
    (void)state;
#ifdef S1_SANITIZED
    const int count = 1000000;
#else
    const int count = 10000000;
#endif
    s1_rng rng;
    s1_rng_init(&rng, 1);
    for (int i = 0; i < count; i++) {
        const uint64_t bits = s1_rng_u64(&rng);
        if ((bits >> 52 & 0x7ff) != 0x7ff) {
            assert_round_trip(of_bits(bits));
        }
        if (i % 16 == 0) { /* prices: few digits */
            assert_round_trip((double)s1_rng_below(&rng, 100000000) / 1e5);
        }
    }
    for (uint64_t biased = 0; biased < 0x7ff; biased++) { /* around every power of two */
        assert_round_trip(of_bits(biased << 52));
        assert_round_trip(of_bits((biased << 52) + 1));
        assert_round_trip(of_bits((biased << 52 | 0xfffffffffffffULL)));
    }
}

/* Every digit short of the printed ones would read back as another double. */
static void test_nothing_shorter_reads_back(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 2);
    for (int i = 0; i < 100000; i++) {
        const double value = fabs(of_bits(s1_rng_u64(&rng)));
        if (!isfinite(value) || value == 0) {
            continue;
        }
        uint64_t digits;
        int exponent;
        s1_double_shortest(value, &digits, &exponent);
        for (uint64_t shorter = digits / 10; digits >= 10 && shorter <= digits / 10 + 1;
             shorter++) {
            double other;
            assert_true(s1_double_from_decimal(shorter, exponent + 1, false, &other));
            assert_true(other != value);
        }
    }
}

static void print_texts(uint64_t seed, uint64_t count)
{
    s1_rng rng;
    s1_rng_init(&rng, seed);
    for (; count > 0; count--) {
        const uint64_t kind = s1_rng_below(&rng, 4);
        uint64_t bits = s1_rng_u64(&rng);
        if (kind == 0) {
            bits = bits_of((double)s1_rng_below(&rng, 10000000000ULL) / 1e4);
        } else if (kind == 1) {
            bits = bits_of(s1_rng_unit(&rng) * 1e6 - 5e5);
        }
        char text[S1_DOUBLE_TEXT_MAX];
        (void)s1_double_print(of_bits(bits), text);
        printf("%016" PRIx64 " %s\n", bits, text);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--print") == 0) {
        print_texts(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_shortest_digits),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_nothing_shorter_reads_back),
    };
    return cmocka_run_group_tests_name("dtoa", tests, NULL, NULL);
}
