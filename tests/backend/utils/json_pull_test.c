/* The pull scanner: what is JSON and what is not, tokens in order, numbers without a float. */
#include "backend/utils/json_pull.h"

#include "tests/support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One character per token, as the table below writes them. */
static void tokens_of(const char *json, char *out)
{
    s1_json_pull p;
    s1_str text;
    s1_json_pull_init(&p, s1_str_of(json));
    for (;;) {
        const enum s1_json_token token = s1_json_pull_next(&p, &text);
        *out++ = "?{}[]ksntfz."[token];
        if (token == S1_JSON_BAD || token == S1_JSON_END) {
            break;
        }
    }
    *out = '\0';
}

static void test_tokens(void **state)
{
    static const struct {
        const char *json, *tokens;
    } cases[] = {
        {"{}", "{}."},
        {"[]", "[]."},
        {" [ 1 , -2.50e+3 , \"a\\u00e9\\\"\" , true , false , null ] ", "[nnstfz]."},
        {"{\"a\":{\"b\":[]},\"c\":1}", "{k{k[]}kn}."},
        {"7", "n."},
        {"\"\"", "s."},
        {"", "?"},
        {"{", "{?"},
        {"{\"a\"}", "{?"},
        {"{\"a\":}", "{k?"},
        {"{\"a\":1,}", "{kn?"},
        {"[1,]", "[n?"},
        {"[1 2]", "[n?"},
        {"[1}", "[n?"},
        {"[1]]", "[n]?"},
        {"01", "?"},
        {"-", "?"},
        {"1.", "?"},
        {".5", "?"},
        {"1e", "?"},
        {"+1", "?"},
        {"NaN", "?"},
        {"tru", "?"},
        {"truefalse", "t?"},
        {"\"a", "?"},
        {"\"a\nb\"", "?"},
        {"\"\\x\"", "?"},
        {"\"\\u12g4\"", "?"},
        {"\"\xff\"", "?"},
        {"{1:2}", "{?"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char tokens[64];
        tokens_of(cases[i].json, tokens);
        if (strcmp(tokens, cases[i].tokens) != 0) {
            fail_msg("%s: found %s, expected %s", cases[i].json, tokens, cases[i].tokens);
        }
    }
}

static void test_depth(void **state)
{
    char json[300];
    char tokens[300];
    (void)state;
    memset(json, '[', 63);
    memset(json + 63, ']', 63);
    json[126] = '\0';
    tokens_of(json, tokens);
    assert_int_equal(strlen(tokens), 127);
    memset(json, '[', 64);
    json[64] = '\0';
    tokens_of(json, tokens);
    assert_int_equal(strlen(tokens), 64);
    assert_int_equal(tokens[63], '?');
}

static void test_texts_and_skipping(void **state)
{
    s1_json_pull p;
    s1_str text;
    (void)state;
    s1_json_pull_init(&p, S1_STR("{\"skip\":{\"x\":[1,{}]},\"price\":63300.0,\"id\":\"a\\nb\"}"));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_OBJECT);
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_KEY);
    assert_true(s1_json_pull_skip(&p));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_KEY);
    assert_true(s1_str_eq_cstr(text, "price"));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_NUMBER);
    assert_true(s1_str_eq_cstr(text, "63300.0"));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_KEY);
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_STRING);
    assert_true(s1_str_eq_cstr(text, "a\\nb"));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_OBJECT_END);
    assert_false(s1_json_pull_skip(&p));
    s1_json_pull_init(&p, S1_STR("[[1,2],3]"));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_ARRAY);
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_ARRAY);
    assert_true(s1_json_pull_leave(&p));
    assert_int_equal(s1_json_pull_next(&p, &text), S1_JSON_NUMBER);
    assert_true(s1_str_eq_cstr(text, "3"));
}

static void test_mantissas(void **state)
{
    static const struct {
        const char *text;
        int64_t mantissa;
        int scale; /* -1: refused */
    } cases[] = {
        {"63300.0", 633000, 1},
        {"0.00672000", 672000, 8},
        {"-1.5", -15, 1},
        {"0", 0, 0},
        {"0.000", 0, 3},
        {"1e-05", 1, 5},
        {"2E3", 2000, 0},
        {"1.25e1", 125, 1},
        {"0e99", 0, 0},
        {"999999999999999999", 999999999999999999, 0},
        {"0.999999999999999999", 999999999999999999, 18},
        {"1000000000000000000", 0, -1},
        {"0.0000000000000000001", 0, -1},
        {"1e18", 0, -1},
        {"1e-19", 0, -1},
        {"1e", 0, -1},
        {"", 0, -1},
        {"-", 0, -1},
        {"1.2.3", 0, -1},
        {"1x", 0, -1},
        {"nan", 0, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t mantissa = 0;
        uint32_t scale = 0;
        const bool is_read = s1_mantissa_parse(s1_str_of(cases[i].text), &mantissa, &scale);
        if (is_read != (cases[i].scale >= 0) ||
            (is_read && (mantissa != cases[i].mantissa || (int)scale != cases[i].scale))) {
            fail_msg("%s: found %d: %" PRId64 " at scale %u", cases[i].text, is_read, mantissa,
                     scale);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_texts_and_skipping),
        cmocka_unit_test(test_mantissas),
    };
    return cmocka_run_group_tests_name("backend/utils/json_pull", tests, NULL, NULL);
}
