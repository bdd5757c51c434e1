#include "backend/utils/text.h"

#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

static void test_compare(void **state)
{
    (void)state;
    assert_true(s1_str_eq((s1_str){NULL, 0}, S1_STR("")));
    assert_false(s1_str_eq(S1_STR("a"), S1_STR("b")));
    assert_true(s1_str_eq_cstr(S1_STR("abc"), "abc"));
    assert_true(s1_str_eq_nocase(S1_STR("Half_Even"), S1_STR("HALF_eVEN")));
    assert_false(s1_str_eq_nocase(S1_STR("a"), S1_STR("ab")));
    assert_true(s1_str_cmp(S1_STR("a"), S1_STR("ab")) < 0);
    assert_true(s1_str_cmp(S1_STR("b"), S1_STR("ab")) > 0);
    assert_int_equal(s1_str_cmp(S1_STR(""), (s1_str){NULL, 0}), 0);
    assert_true(s1_str_cmp(S1_STR("\xff"), S1_STR("a")) > 0); /* bytes are unsigned */
    assert_true(s1_str_starts_with(S1_STR("ema_20"), S1_STR("ema_")));
    assert_false(s1_str_starts_with(S1_STR("em"), S1_STR("ema")));
    assert_true(s1_str_ends_with(S1_STR("a.yaml"), S1_STR(".yaml")));
    assert_false(s1_str_ends_with(S1_STR("yaml"), S1_STR(".yaml")));
    assert_int_equal(s1_str_of(NULL).len, 0);
}

static void test_find_and_slice(void **state)
{
    (void)state;
    const s1_str text = S1_STR("a/b/c");
    assert_int_equal(s1_str_find_byte(text, '/', 0), 1);
    assert_int_equal(s1_str_find_byte(text, '/', 2), 3);
    assert_int_equal(s1_str_find_byte(text, '/', 4), S1_STR_NPOS);
    assert_int_equal(s1_str_find_byte(text, '/', 99), S1_STR_NPOS);
    assert_int_equal(s1_str_rfind_byte(text, '/'), 3);
    assert_int_equal(s1_str_find(text, S1_STR("/c"), 0), 3);
    assert_int_equal(s1_str_find(text, S1_STR("x"), 0), S1_STR_NPOS);
    assert_int_equal(s1_str_find(text, S1_STR(""), 5), 5);
    assert_true(s1_str_eq_cstr(s1_str_slice(text, 2, 3), "b"));
    assert_true(s1_str_eq_cstr(s1_str_slice(text, 4, 99), "c"));
    assert_int_equal(s1_str_slice(text, 9, 3).len, 0);
    assert_int_equal(s1_str_slice((s1_str){NULL, 0}, 0, 1).len, 0);
    assert_true(s1_str_eq_cstr(s1_str_trim(S1_STR(" \t x y\r\n")), "x y"));
    assert_int_equal(s1_str_trim(S1_STR(" \n")).len, 0);
}

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *parts[4];
        size_t count;
    } cases[] = {
        {"a,,b", {"a", "", "b"}, 3},
        {"", {""}, 1},
        {",", {"", ""}, 2},
        {"abc", {"abc"}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_str rest = s1_str_of(cases[i].text), part;
        size_t count = 0;
        for (bool is_done = false; s1_str_split(&rest, ',', &part, &is_done);) {
            assert_true(count < cases[i].count);
            assert_true(s1_str_eq_cstr(part, cases[i].parts[count]));
            count++;
        }
        assert_int_equal(count, cases[i].count);
    }
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *folder, *name;
    } cases[] = {
        {"a/b/c.yaml", "a/b", "c.yaml"},
        {"c.yaml", ".", "c.yaml"},
        {"/c", "/", "c"},
        {"a/b/", "a", "b"},
        {"/", "/", "/"},
        {"//a", "/", "a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(s1_str_eq_cstr(s1_str_dirname(s1_str_of(cases[i].path)), cases[i].folder));
        assert_true(s1_str_eq_cstr(s1_str_basename(s1_str_of(cases[i].path)), cases[i].name));
    }
}

static void test_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc3",
                                      "\xe0\x80\x80", "\xed\xa0\x80",     "\xf5\x80\x80\x80",
                                      "a\xff",        "\xf4\x90\x80\x80", "\xe2\x82"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(s1_str_is_utf8(s1_str_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(s1_str_is_utf8(s1_str_of(bad[i])));
    }
}

static void test_integers(void **state)
{
    (void)state;
    int64_t i = 7;
    uint64_t u = 7;
    assert_int_equal(s1_str_parse_i64(S1_STR("-9223372036854775808"), &i, NULL), S1_OK);
    assert_true(i == INT64_MIN);
    assert_int_equal(s1_str_parse_i64(S1_STR("+12"), &i, NULL), S1_OK);
    assert_int_equal(i, 12);
    assert_int_equal(s1_str_parse_i64(S1_STR("9223372036854775808"), &i, NULL), S1_E_RANGE);
    assert_int_equal(s1_str_parse_u64(S1_STR("18446744073709551615"), &u, NULL), S1_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(s1_str_parse_u64(S1_STR("18446744073709551616"), &u, NULL), S1_E_RANGE);
    static const char *const bad[] = {"", "-", "+", "1x", " 1", "1 ", "0x1", "1.0", "--1"};
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_str_parse_i64(s1_str_of(bad[n]), &i, &err), S1_E_INVALID);
        assert_non_null(strstr(err.msg, "expected a whole number"));
        assert_int_equal(s1_str_parse_u64(s1_str_of(bad[n]), &u, NULL), S1_E_INVALID);
    }
    assert_int_equal(s1_str_parse_u64(S1_STR("-1"), &u, NULL), S1_E_INVALID);
    assert_int_equal(i, 12);
    assert_true(u == UINT64_MAX);
    bool b = false;
    assert_int_equal(s1_str_parse_bool(S1_STR("True"), &b, NULL), S1_OK);
    assert_true(b);
    assert_int_equal(s1_str_parse_bool(S1_STR("false"), &b, NULL), S1_OK);
    assert_false(b);
    assert_int_equal(s1_str_parse_bool(S1_STR("yes"), &b, NULL), S1_E_INVALID);
}

static double parse(const char *text)
{
    double value;
    s1_err err = S1_ERR_INIT;
    if (s1_str_parse_double(s1_str_of(text), &value, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return value;
}

static void test_doubles(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "1",
        "0.1",
        ".5",
        "5.",
        "1e3",
        "1E+3",
        "1e-3",
        "-12.5e2",
        "1e22",
        "1e23",
        "123456789012345678901234567890",
        "9007199254740993",
        "9007199254740992.999999999999999",
        "1.7976931348623157e308",
        "2.2250738585072011e-308",
        "4.9e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "0e99999999999",
        "0.000000000000000000000000000000000000001e39",
        "1.00000000000000011102230246251565404236316680908203125", /* middle: to even */
        "1.00000000000000011102230246251565404236316680908203126", /* just above */
        "1.00000000000000011102230246251565404236316680908203124", /* just below */
        "1.00000000000000033306690738754696212708950042724609375", /* middle, odd below */
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649"
        "017977587207096330286416692887910946555547851940402630657488671505820681908902000708383"
        "676273854845817711531764475730270069855571366959622842914819860834936475292719074168444"
        "365510704342711559699508093042880", /* below the middle of max and infinity */
        "2.4703282292062327208e-324",
        "2.47032822920623272088284396434110686183e-324"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const double found = parse(texts[i]), expected = strtod(texts[i], NULL);
        assert_memory_equal(&found, &expected, sizeof found);
    }
    double value = 3.0;
    assert_int_equal(s1_str_parse_double(S1_STR("1.8e308"), &value, NULL), S1_E_RANGE);
    assert_int_equal(s1_str_parse_double(S1_STR("-1e99999999999999999"), &value, NULL), S1_E_RANGE);
    static const char *const bad[] = {"",    ".",   "-",     "e5", "1e", "1e+", "nan", "inf",
                                      "0x1", "1,5", "1.2.3", " 1", "1 ", "1f",  "+-1", "1e5.0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(s1_str_parse_double(s1_str_of(bad[i]), &value, NULL), S1_E_INVALID);
    }
    char long_text[1026];
    memset(long_text, '1', sizeof long_text);
    assert_int_equal(s1_str_parse_double((s1_str){long_text, 1025}, &value, NULL), S1_E_INVALID);
    assert_true(value == 3.0);
}

/* Against glibc, which rounds correctly: random digits of every length, and the exact middle
 * between two neighbours, where only all digits decide. */
static void test_doubles_against_libc(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 99);
    for (int i = 0; i < 200000; i++) {
        char text[1100];
        int len = 0;
        const uint64_t digits = 1 + s1_rng_below(&rng, i % 50 == 0 ? 700 : 40);
        const uint64_t point = s1_rng_below(&rng, digits);
        for (uint64_t d = 0; d < digits; d++) {
            text[len++] = (char)('0' + s1_rng_below(&rng, 10));
            if (d == point) {
                text[len++] = '.';
            }
        }
        const int power = (int)s1_rng_below(&rng, 660) - 340;
        len += snprintf(text + len, sizeof text - (size_t)len, "e%d", power);
        const double expected = strtod(text, NULL);
        double found = 0.0;
        const s1_rc rc = s1_str_parse_double((s1_str){text, (size_t)len}, &found, NULL);
        if (isinf(expected)) {
            assert_int_equal(rc, S1_E_RANGE);
        } else {
            assert_int_equal(rc, S1_OK);
            assert_memory_equal(&found, &expected, sizeof found);
        }
    }
    for (int i = 0; i < 2000; i++) {
        uint64_t bits = s1_rng_u64(&rng) >> 1;
        if (bits >> 52 >= 0x7fe) {
            continue;
        }
        double low;
        memcpy(&low, &bits, sizeof low);
        bits++;
        double high;
        memcpy(&high, &bits, sizeof high);
        char text[1500];
        const long double middle = ((long double)low + (long double)high) / 2; /* 64 bits: exact */
        const int len = snprintf(text, sizeof text, "%.800Lg", middle);
        if ((size_t)len > 1000) {
            continue;
        }
        const double expected = strtod(text, NULL);
        const double found = parse(text);
        assert_memory_equal(&found, &expected, sizeof found);
    }
}

static void test_locale_has_no_say(void **state)
{
    (void)state;
    (void)setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
    assert_true(parse("1.5") == 1.5);
    s1_strbuf buf;
    s1_strbuf_init(&buf, 1000);
    s1_strbuf_double(&buf, 1234.5);
    assert_string_equal(s1_strbuf_cstr(&buf), "1234.5");
    s1_strbuf_done(&buf);
    (void)setlocale(LC_ALL, "C");
}

static void test_nearest(void **state)
{
    (void)state;
    assert_int_equal(s1_str_distance(S1_STR("kitten"), S1_STR("sitting")), 3);
    assert_int_equal(s1_str_distance(S1_STR("ab"), S1_STR("ba")), 1);
    assert_int_equal(s1_str_distance(S1_STR("EMA"), S1_STR("ema")), 0);
    assert_int_equal(s1_str_distance(S1_STR(""), S1_STR("abc")), 3);
    char long_text[65];
    memset(long_text, 'a', sizeof long_text);
    assert_int_equal(s1_str_distance((s1_str){long_text, 65}, S1_STR("a")), SIZE_MAX);
    const s1_str names[] = {S1_STR("PARALLEL"), S1_STR("SEQUENTIAL"), S1_STR("EVENT_DRIVEN")};
    assert_int_equal(s1_str_nearest(S1_STR("PARALEL"), names, 3), 0);
    assert_int_equal(s1_str_nearest(S1_STR("sequental"), names, 3), 1);
    assert_int_equal(s1_str_nearest(S1_STR("banana"), names, 3), -1);
    assert_int_equal(s1_str_nearest(S1_STR("x"), names, 0), -1);
    const s1_str one = S1_STR("a");
    assert_int_equal(s1_str_nearest(S1_STR("b"), &one, 1), -1); /* nothing in common */
}

static void test_buffer(void **state)
{
    (void)state;
    s1_strbuf buf;
    s1_strbuf_init(&buf, 100000);
    assert_string_equal(s1_strbuf_cstr(&buf), "");
    s1_strbuf_str(&buf, (s1_str){NULL, 0});
    assert_int_equal(buf.len, 0);
    s1_strbuf_lit(&buf, "a=");
    s1_strbuf_i64(&buf, INT64_MIN);
    s1_strbuf_char(&buf, ' ');
    s1_strbuf_u64(&buf, UINT64_MAX);
    s1_strbuf_cstr_add(&buf, " ");
    s1_strbuf_dec(&buf, s1_dec_from_mantissa(-15, 1));
    s1_strbuf_repeat(&buf, '-', 3);
    s1_strbuf_printf(&buf, "%s/%d", "x", 5);
    assert_string_equal(s1_strbuf_cstr(&buf),
                        "a=-9223372036854775808 18446744073709551615 -1.5---x/5");
    for (int i = 0; i < 2000; i++) {
        s1_strbuf_printf(&buf, "%d,", i);
    }
    s1_strbuf_printf(&buf, "%0600d", 7); /* longer than the small buffer */
    assert_int_equal(s1_strbuf_check(&buf, NULL), S1_OK);
    assert_true(s1_str_ends_with(s1_strbuf_view(&buf), S1_STR("0007")));
    s1_strbuf_truncate(&buf, 2);
    assert_string_equal(s1_strbuf_cstr(&buf), "a=");
    char *const taken = s1_strbuf_take(&buf);
    assert_string_equal(taken, "a=");
    free(taken);
    char *const empty = s1_strbuf_take(&buf);
    assert_string_equal(empty, "");
    free(empty);
    s1_strbuf_done(&buf);
}

static void test_buffer_maximum(void **state)
{
    (void)state;
    s1_strbuf buf;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&buf, 10);
    s1_strbuf_lit(&buf, "0123456789");
    assert_int_equal(s1_strbuf_check(&buf, &err), S1_OK);
    s1_strbuf_char(&buf, 'x');
    assert_int_equal(s1_strbuf_check(&buf, &err), S1_E_NO_MEMORY);
    assert_int_equal(buf.len, 10);
    s1_strbuf_str(&buf, S1_STR("")); /* a failure lasts */
    assert_int_equal(s1_strbuf_check(&buf, &err), S1_E_NO_MEMORY);
    assert_string_equal(s1_strbuf_cstr(&buf), "");
    assert_null(s1_strbuf_take(&buf));
    s1_strbuf_clear(&buf);
    s1_strbuf_lit(&buf, "ok");
    assert_string_equal(s1_strbuf_cstr(&buf), "ok");
    s1_strbuf_done(&buf);
}

static void test_csv(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", ""},
                                           {"plain 1.5", "plain 1.5"},
                                           {"a,b", "\"a,b\""},
                                           {"say \"x\"", "\"say \"\"x\"\"\""},
                                           {"a\nb", "\"a\nb\""},
                                           {"a\rb", "\"a\rb\""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_strbuf buf;
        s1_strbuf_init(&buf, 64);
        s1_strbuf_csv(&buf, s1_str_of(cases[i][0]));
        assert_string_equal(s1_strbuf_cstr(&buf), cases[i][1]);
        s1_strbuf_done(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_find_and_slice),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_doubles_against_libc),
        cmocka_unit_test(test_locale_has_no_say),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_buffer_maximum),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
