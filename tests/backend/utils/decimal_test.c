/* Decimals: hand-worked values, borders, properties; and the driver of decimal_check_test.py:
 * "decimal --ops SEED COUNT" prints COUNT random operations with their results. */
#include "s1mple/decimal.h"

#include "backend/utils/rng.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdlib.h>

static s1_dec dec(const char *text)
{
    s1_dec value;
    s1_err err = S1_ERR_INIT;
    if (s1_dec_parse(s1_str_of(text), &value, &err) != S1_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

static void assert_dec(s1_dec found, const char *expected)
{
    char text[S1_DEC_TEXT_MAX];
    const size_t len = s1_dec_print(found, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, expected);
}

#define MAX_TEXT          S1_DEC_RANGE_MAX
#define NEGATIVE_MAX_TEXT ("-" S1_DEC_RANGE_MAX)
static const enum s1_rounding roundings[] = {S1_ROUND_HALF_EVEN, S1_ROUND_DOWN, S1_ROUND_UP,
                                             S1_ROUND_FLOOR, S1_ROUND_CEIL};

static void test_text(void **state)
{
    (void)state;
    static const char *const same[] = {"0",
                                       "1",
                                       "-1",
                                       "0.5",
                                       "-0.000000000000000001",
                                       "123.456",
                                       "1000000000",
                                       "9999999999.999999999",
                                       "18446744073.709551615",
                                       "18446744073.709551616",
                                       "99999999999999999999",
                                       "100000000000000000000.000000000000000001",
                                       MAX_TEXT,
                                       NEGATIVE_MAX_TEXT};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_dec(dec(same[i]), same[i]);
    }
    assert_dec(dec("-0"), "0");
    assert_dec(dec("+0.10"), "0.1");
    assert_dec(dec("-0.000000000000000000"), "0");
    assert_dec(dec("000000000000000000000000000000000000000012.50"), "12.5");
    assert_dec(S1_DEC_ZERO, "0");
    assert_dec(S1_DEC_ONE, "1");
    assert_dec(S1_DEC_MAX, MAX_TEXT);
}

static void test_refused_text(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "",     "-",   "+",    ".",   "1.",  ".5",  "1e5",  " 1",    "1 ",
        "1,5",  "--1", "0x10", "NaN", "inf", "1.-", "1..2", "1.2.3", "0.0000000000000000001",
        "1_000"};
    s1_dec value = S1_DEC_ONE;
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_dec_parse(s1_str_of(malformed[i]), &value, &err), S1_E_INVALID);
        assert_non_null(strstr(err.msg, "expected a decimal"));
        assert_non_null(strstr(err.msg, malformed[i]));
    }
    static const char *const large[] = {"170141183460469231731.687303715884105728",
                                        "-170141183460469231731.687303715884105728",
                                        "170141183460469231732", "999999999999999999999",
                                        "18446744073709551616000000000000000000000"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        assert_int_equal(s1_dec_parse(s1_str_of(large[i]), &value, NULL), S1_E_RANGE);
    }
    assert_int_equal(s1_dec_parse((s1_str){NULL, 0}, &value, NULL), S1_E_INVALID);
    assert_true(s1_dec_eq(value, S1_DEC_ONE)); /* untouched by failures */
}

static void test_add_and_subtract(void **state)
{
    (void)state;
    s1_dec sum;
    assert_int_equal(s1_dec_add(dec("0.1"), dec("0.2"), &sum, NULL), S1_OK);
    assert_dec(sum, "0.3");
    assert_int_equal(s1_dec_sub(dec("0.1"), dec("0.3"), &sum, NULL), S1_OK);
    assert_dec(sum, "-0.2");
    assert_int_equal(s1_dec_add(S1_DEC_MAX, dec("-" MAX_TEXT), &sum, NULL), S1_OK);
    assert_dec(sum, "0");
    const s1_dec unit = dec("0.000000000000000001");
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_dec_add(S1_DEC_MAX, unit, &sum, &err), S1_E_RANGE);
    assert_int_equal(err.code, S1_E_RANGE);
    assert_int_equal(s1_dec_sub(dec("-" MAX_TEXT), unit, &sum, NULL), S1_E_RANGE);
    assert_int_equal(s1_dec_sub(dec("-" MAX_TEXT), S1_DEC_MAX, &sum, NULL), S1_E_RANGE);
    assert_dec(sum, "0");
}

static void test_sign_and_order(void **state)
{
    (void)state;
    assert_int_equal(s1_dec_sign(dec("-0.000000000000000001")), -1);
    assert_int_equal(s1_dec_sign(S1_DEC_ZERO), 0);
    assert_int_equal(s1_dec_sign(dec("0.000000000000000001")), 1);
    assert_int_equal(s1_dec_sign(dec("18.446744073709551616")), 1); /* low half is zero */
    assert_int_equal(s1_dec_cmp(dec("-2"), dec("1")), -1);
    assert_int_equal(s1_dec_cmp(dec("20"), dec("19.999999999999999999")), 1);
    assert_int_equal(s1_dec_cmp(dec("-" MAX_TEXT), S1_DEC_MAX), -1);
    assert_dec(s1_dec_min(dec("2"), dec("-3")), "-3");
    assert_dec(s1_dec_max(dec("2"), dec("-3")), "2");
    assert_dec(s1_dec_abs(dec("-" MAX_TEXT)), MAX_TEXT);
    s1_dec negated;
    assert_int_equal(s1_dec_neg(dec("1.5"), &negated, NULL), S1_OK);
    assert_dec(negated, "-1.5");
    assert_int_equal(s1_dec_neg((s1_dec){0, INT64_MIN}, &negated, NULL), S1_E_RANGE);
    assert_true(s1_dec_is_zero(dec("-0.0")));
}

/* Each rounding on a positive and a negative tie and beside it. */
static void test_roundings(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *expected[5]; /* half-even, down, up, floor, ceil; to whole numbers */
    } cases[] = {
        {"2.5", {"2", "2", "3", "2", "3"}},
        {"3.5", {"4", "3", "4", "3", "4"}},
        {"-2.5", {"-2", "-2", "-3", "-3", "-2"}},
        {"-3.5", {"-4", "-3", "-4", "-4", "-3"}},
        {"2.500000000000000001", {"3", "2", "3", "2", "3"}},
        {"2.499999999999999999", {"2", "2", "3", "2", "3"}},
        {"-0.5", {"0", "0", "-1", "-1", "0"}},
        {"7", {"7", "7", "7", "7", "7"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t r = 0; r < 5; r++) {
            s1_dec result;
            int64_t mantissa;
            char fixed[S1_DEC_TEXT_MAX];
            const s1_dec value = dec(cases[i].value);
            assert_int_equal(s1_dec_round_to_step(value, S1_DEC_ONE, roundings[r], &result, NULL),
                             S1_OK);
            assert_dec(result, cases[i].expected[r]);
            assert_int_equal(s1_dec_to_mantissa(value, 0, roundings[r], &mantissa, NULL), S1_OK);
            assert_int_equal(mantissa, strtoll(cases[i].expected[r], NULL, 10));
            assert_true(s1_dec_print_fixed(value, 0, roundings[r], fixed) > 0);
            assert_string_equal(fixed, cases[i].expected[r]);
        }
    }
}

static void test_multiply_and_divide(void **state)
{
    (void)state;
    s1_dec result;
    assert_int_equal(s1_dec_mul(dec("60000.25"), dec("-0.015"), S1_ROUND_HALF_EVEN, &result, NULL),
                     S1_OK);
    assert_dec(result, "-900.00375");
    assert_int_equal(
        s1_dec_mul(dec("0.000000001"), dec("0.0000000005"), S1_ROUND_HALF_EVEN, &result, NULL),
        S1_OK);
    assert_dec(result, "0"); /* a tie, to even */
    assert_int_equal(
        s1_dec_mul(dec("0.000000001"), dec("0.0000000005"), S1_ROUND_UP, &result, NULL), S1_OK);
    assert_dec(result, "0.000000000000000001");
    assert_int_equal(s1_dec_div(dec("1"), dec("3"), S1_ROUND_HALF_EVEN, &result, NULL), S1_OK);
    assert_dec(result, "0.333333333333333333");
    assert_int_equal(s1_dec_div(dec("-2"), dec("3"), S1_ROUND_CEIL, &result, NULL), S1_OK);
    assert_dec(result, "-0.666666666666666666");
    assert_int_equal(s1_dec_div(S1_DEC_MAX, S1_DEC_MAX, S1_ROUND_DOWN, &result, NULL), S1_OK);
    assert_dec(result, "1");
    assert_int_equal(
        s1_dec_mul_div(S1_DEC_MAX, S1_DEC_MAX, dec("-" MAX_TEXT), S1_ROUND_DOWN, &result, NULL),
        S1_OK);
    assert_dec(result, "-" MAX_TEXT);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(
        s1_dec_mul(dec("13043817826"), dec("13043817826"), S1_ROUND_DOWN, &result, &err),
        S1_E_RANGE);
    assert_int_equal(s1_dec_mul(S1_DEC_MAX, dec("1.1"), S1_ROUND_DOWN, &result, &err), S1_E_RANGE);
    assert_int_equal(s1_dec_mul(S1_DEC_MAX, S1_DEC_MAX, S1_ROUND_DOWN, &result, &err), S1_E_RANGE);
    assert_int_equal(s1_dec_div(S1_DEC_MAX, dec("0.9"), S1_ROUND_DOWN, &result, &err), S1_E_RANGE);
    assert_int_equal(s1_dec_div(S1_DEC_ONE, S1_DEC_ZERO, S1_ROUND_DOWN, &result, &err), S1_E_RANGE);
    assert_non_null(strstr(err.msg, "by zero"));
    assert_int_equal(
        s1_dec_mul_div(S1_DEC_ONE, S1_DEC_ONE, S1_DEC_ZERO, S1_ROUND_DOWN, &result, &err),
        S1_E_RANGE);
}

static void test_steps_and_mantissas(void **state)
{
    (void)state;
    s1_dec result;
    assert_int_equal(
        s1_dec_round_to_step(dec("1.07123"), dec("0.0005"), S1_ROUND_FLOOR, &result, NULL), S1_OK);
    assert_dec(result, "1.071");
    assert_int_equal(
        s1_dec_round_to_step(dec("-1.07123"), dec("0.0005"), S1_ROUND_FLOOR, &result, NULL), S1_OK);
    assert_dec(result, "-1.0715");
    assert_int_equal(
        s1_dec_round_to_step(S1_DEC_MAX, dec("100000000000000000000"), S1_ROUND_UP, &result, NULL),
        S1_E_RANGE);
    assert_int_equal(s1_dec_round_to_step(S1_DEC_ONE, S1_DEC_ZERO, S1_ROUND_UP, &result, NULL),
                     S1_E_INVALID);
    assert_int_equal(s1_dec_round_to_step(S1_DEC_ONE, dec("-1"), S1_ROUND_UP, &result, NULL),
                     S1_E_INVALID);
    assert_dec(s1_dec_from_mantissa(107123, 5), "1.07123");
    assert_dec(s1_dec_from_mantissa(INT64_MIN, 0), "-9223372036854775808");
    assert_dec(s1_dec_from_mantissa(INT64_MIN, 18), "-9.223372036854775808");
    assert_dec(s1_dec_from_int(INT64_MAX), "9223372036854775807");
    int64_t mantissa;
    assert_int_equal(
        s1_dec_to_mantissa(dec("-9.223372036854775808"), 18, S1_ROUND_DOWN, &mantissa, NULL),
        S1_OK);
    assert_true(mantissa == INT64_MIN);
    assert_int_equal(
        s1_dec_to_mantissa(dec("9.223372036854775808"), 18, S1_ROUND_DOWN, &mantissa, NULL),
        S1_E_RANGE);
    assert_int_equal(
        s1_dec_to_mantissa(dec("9223372036854775807.5"), 0, S1_ROUND_UP, &mantissa, NULL),
        S1_E_RANGE);
}

static void test_doubles(void **state)
{
    (void)state;
    s1_dec value;
    assert_int_equal(s1_dec_from_double(0.1, &value, NULL), S1_OK);
    assert_dec(value, "0.100000000000000006"); /* 0.1000000000000000055511... */
    assert_int_equal(s1_dec_from_double(-1.5, &value, NULL), S1_OK);
    assert_dec(value, "-1.5");
    assert_int_equal(s1_dec_from_double(0x1p-60, &value, NULL), S1_OK); /* 8.67e-19 */
    assert_dec(value, "0.000000000000000001");
    assert_int_equal(s1_dec_from_double(5e-324, &value, NULL), S1_OK);
    assert_dec(value, "0");
    assert_int_equal(s1_dec_from_double(-0.0, &value, NULL), S1_OK);
    assert_dec(value, "0");
    assert_int_equal(s1_dec_from_double(170141183460469211136.0, &value, NULL), S1_OK);
    assert_dec(value, "170141183460469211136"); /* the largest one */
    static const double refused[] = {170141183460469243904.0, -1.8e20, 1e300, HUGE_VAL, -HUGE_VAL};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(s1_dec_from_double(refused[i], &value, NULL), S1_E_RANGE);
    }
    assert_int_equal(s1_dec_from_double(nan(""), &value, NULL), S1_E_RANGE);
    assert_true(s1_dec_to_double(dec("0.1")) == 0.1);
    assert_true(s1_dec_to_double(dec("-12345678.9")) == -12345678.9);
    assert_true(s1_dec_to_double(S1_DEC_MAX) == 170141183460469231731.687303715884105727);
    assert_true(s1_dec_to_double(S1_DEC_ZERO) == 0.0);
}

static void test_fixed_text(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected;
        unsigned places;
    } cases[] = {
        {"1234.5", "1234.50", 2},
        {"0.005", "0.00", 2}, /* tie to even */
        {"0.015", "0.02", 2},
        {"-0.001", "0.00", 2},
        {"-1.239", "-1.24", 2},
        {"0.999999999999999999", "1.00000000000000000", 17},
        {"0.999999999999999999", "0.999999999999999999", 18},
        {MAX_TEXT, "170141183460469231732", 0},
        {"9.5", "10", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[S1_DEC_TEXT_MAX];
        const size_t len =
            s1_dec_print_fixed(dec(cases[i].value), cases[i].places, S1_ROUND_HALF_EVEN, text);
        assert_string_equal(text, cases[i].expected);
        assert_int_equal(len, strlen(cases[i].expected));
    }
}

/* --- Properties ---------------------------------------------------------------------------- */

/* Magnitudes of every order, signs, and neighbours of powers of ten and two. */
static s1_dec random_dec(s1_rng *rng)
{
    s1_u128 raw = (s1_u128)s1_rng_u64(rng) << 64 | s1_rng_u64(rng);
    const uint64_t kind = s1_rng_below(rng, 8);
    if (kind < 5) {
        raw >>= 1 + s1_rng_below(rng, 127);
    } else if (kind == 5) {
        raw = (s1_u128)s1_rng_below(rng, 100000000) * S1_DEC_UNIT / 10000;
    } else if (kind == 6) {
        raw = (s1_u128)1 << s1_rng_below(rng, 127);
        raw += s1_rng_below(rng, 3) - 1;
    } else {
        raw = 1;
        for (uint64_t n = s1_rng_below(rng, 38); n > 0; n--) {
            raw *= 10;
        }
        raw += s1_rng_below(rng, 3) - 1;
    }
    raw &= ((s1_u128)1 << 127) - 1;
    const bool is_negative = (s1_rng_u64(rng) & 1) != 0;
    return s1_dec_of_raw(is_negative ? -(s1_i128)raw : (s1_i128)raw);
}

static void test_properties(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 20250101);
    unsigned long sums = 0, products = 0, quotients = 0;
    for (int i = 0; i < 300000; i++) {
        const s1_dec a = random_dec(&rng), b = random_dec(&rng);
        const enum s1_rounding rounding = roundings[s1_rng_below(&rng, 5)];
        s1_dec sum, back, c, d, minus_a;
        assert_int_equal(s1_dec_neg(a, &minus_a, NULL), S1_OK);
        if (s1_dec_add(a, b, &sum, NULL) == S1_OK) { /* a + b - b = a */
            assert_int_equal(s1_dec_sub(sum, b, &back, NULL), S1_OK);
            assert_true(s1_dec_eq(back, a));
            sums++;
        }
        if (s1_dec_mul(a, b, S1_ROUND_HALF_EVEN, &c, NULL) == S1_OK) { /* odd in each operand */
            assert_int_equal(s1_dec_mul(b, minus_a, S1_ROUND_HALF_EVEN, &d, NULL), S1_OK);
            assert_int_equal(s1_dec_neg(d, &d, NULL), S1_OK);
            assert_true(s1_dec_eq(c, d));
            products++;
        }
        if (s1_dec_div(a, b, rounding, &c, NULL) == S1_OK) { /* same as a * 1 / b */
            assert_int_equal(s1_dec_mul_div(a, S1_DEC_ONE, b, rounding, &d, NULL), S1_OK);
            assert_true(s1_dec_eq(c, d));
            quotients++;
        }
        if (s1_dec_div(a, b, S1_ROUND_FLOOR, &c, NULL) == S1_OK &&
            s1_dec_div(a, b, S1_ROUND_CEIL, &d, NULL) == S1_OK) { /* neighbours, or equal */
            assert_true(s1_dec_raw(d) - s1_dec_raw(c) <= 1 && s1_dec_cmp(c, d) <= 0);
        }
        char text[S1_DEC_TEXT_MAX];
        const size_t len = s1_dec_print(a, text);
        assert_int_equal(s1_dec_parse((s1_str){text, len}, &back, NULL), S1_OK);
        assert_true(s1_dec_eq(back, a));
    }
    assert_true(sums > 200000 && products > 50000 && quotients > 50000);
}

/* Correct rounding to double: no other double lies nearer. Exact in 128 bits: compare distances. */
static void test_to_double_is_nearest(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 7);
    for (int i = 0; i < 200000; i++) {
        const s1_dec a = random_dec(&rng);
        char text[S1_DEC_TEXT_MAX];
        (void)s1_dec_print(a, text);
        assert_true(s1_dec_to_double(a) == strtod(text, NULL)); /* glibc rounds correctly */
    }
}

/* --- Driver -------------------------------------------------------------------------------- */

static const char *const rounding_names = "EDUFC";

static void print_result(s1_rc rc, s1_dec value)
{
    char text[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(value, text);
    puts(rc == S1_OK ? text : rc == S1_E_RANGE ? "RANGE" : "INVALID");
}

static void print_op(s1_rng *rng)
{
    const s1_dec a = random_dec(rng), b = random_dec(rng), c = random_dec(rng);
    const size_t r = (size_t)s1_rng_below(rng, 5);
    const enum s1_rounding rounding = roundings[r];
    const uint64_t op = s1_rng_below(rng, 9);
    char x[S1_DEC_TEXT_MAX], y[S1_DEC_TEXT_MAX], z[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(a, x);
    (void)s1_dec_print(b, y);
    (void)s1_dec_print(c, z);
    s1_dec result = S1_DEC_ZERO;
    s1_rc rc = S1_OK;
    printf("%s %c %s %s %s ",
           (const char *[]){"add", "sub", "mul", "div", "muldiv", "step", "double", "fixed",
                            "todouble"}[op],
           rounding_names[r], x, y, z);
    switch (op) {
    case 0:
        rc = s1_dec_add(a, b, &result, NULL);
        break;
    case 1:
        rc = s1_dec_sub(a, b, &result, NULL);
        break;
    case 2:
        rc = s1_dec_mul(a, b, rounding, &result, NULL);
        break;
    case 3:
        rc = s1_dec_div(a, b, rounding, &result, NULL);
        break;
    case 4:
        rc = s1_dec_mul_div(a, b, c, rounding, &result, NULL);
        break;
    case 5:
        rc = s1_dec_round_to_step(a, b, rounding, &result, NULL);
        break;
    case 6: { /* a double of any order from far below 10^-18 to the border */
        const int exponent = (int)s1_rng_below(rng, 150) - 80;
        const double value = ldexp((double)s1_rng_below(rng, 1ULL << 53), exponent - 53) *
                             ((s1_rng_u64(rng) & 1) != 0 ? -1.0 : 1.0);
        printf("%a ", value);
        rc = s1_dec_from_double(value, &result, NULL);
        break;
    }
    case 7: {
        char fixed[S1_DEC_TEXT_MAX];
        const unsigned places = (unsigned)s1_rng_below(rng, 19);
        (void)s1_dec_print_fixed(a, places, rounding, fixed);
        printf("%u %s\n", places, fixed);
        return;
    }
    default:
        printf("%a\n", s1_dec_to_double(a));
        return;
    }
    print_result(rc, result);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--ops") == 0) {
        s1_rng rng;
        s1_rng_init(&rng, strtoull(argv[2], NULL, 10));
        for (unsigned long long left = strtoull(argv[3], NULL, 10); left > 0; left--) {
            print_op(&rng);
        }
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refused_text),
        cmocka_unit_test(test_add_and_subtract),
        cmocka_unit_test(test_sign_and_order),
        cmocka_unit_test(test_roundings),
        cmocka_unit_test(test_multiply_and_divide),
        cmocka_unit_test(test_steps_and_mantissas),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_fixed_text),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_to_double_is_nearest),
    };
    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
