/* The checker and compactor of somebody else's JSON, against jansson. */
#include "backend/core/journal_json.h"

#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void assert_compact(const char *text, const char *expected)
{
    const s1_str in = s1_str_of(text);
    char *out = malloc(in.len + 1);
    assert_non_null(out);
    const size_t length = s1_journal_json_compact(in, out);
    out[length] = '\0';
    if (length != strlen(expected) || strcmp(out, expected) != 0) {
        fail_msg("'%s': found '%s', expected '%s'", text, out, expected);
    }
    assert_int_equal(s1_journal_json_compact(in, NULL), length);
    free(out);
}

static void test_compacts(void **state)
{
    (void)state;
    assert_compact(" { \"a b\" : [ 1 , -2.5e+10 , { } , [ ] , true , false , null ] }\r\n\t",
                   "{\"a b\":[1,-2.5e+10,{},[],true,false,null]}");
    assert_compact("\" spaces { } \\\" stay \\u00e9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
                   "\" spaces { } \\\" stay \\u00e9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
    assert_compact("0", "0");
    assert_compact("-0.0E-1", "-0.0E-1");
}

/* Numbers no reader could hold are refused when they are written, not when they are read. */
static void test_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"9223372036854775807",
                                       "-9223372036854775808",
                                       "18446744073709551615",
                                       "1.7976931348623157e+308",
                                       "5e-324",
                                       "0.1234567890123456789012345678901234567890"};
    static const char *const bad[] = {"18446744073709551616", "-9223372036854775809", "1e309",
                                      "1e99999999999999999999"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_compact(good[i], good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(s1_journal_json_compact(s1_str_of(bad[i]), NULL), 0);
    }
}

static void test_depth(void **state)
{
    (void)state;
    char text[2 * S1_JOURNAL_JSON_DEPTH_MAX + 8];
    for (size_t depth = S1_JOURNAL_JSON_DEPTH_MAX; depth <= S1_JOURNAL_JSON_DEPTH_MAX + 1;
         depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(s1_journal_json_compact(s1_str_make(text, 2 * depth), NULL),
                         depth <= S1_JOURNAL_JSON_DEPTH_MAX ? 2 * depth : 0);
    }
}

/* Random texts of JSON's own bytes: accepted exactly where jansson accepts them. */
static void test_agrees_with_jansson(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "{",   "}",   "[",    "]",  ",",        ":",    "\"a\"",   "\"\"", "1",    "-1",
        "0.5", "1e5", "01",   "1.", " ",        "\n",   "tru",     "true", "null", "\"",
        "\\",  "\\n", "\\u0", "-",  "\xc3\xa9", "\xff", "\\u00e9", "e"};
    uint64_t random = 88172645463325252ULL, accepted = 0;
    for (int round = 0; round < 300000; round++) {
        char text[128];
        size_t length = 0;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        uint64_t bits = random;
        const size_t count = 1 + bits % 7;
        bits >>= 3;
        for (size_t i = 0; i < count; i++) {
            const char *piece = pieces[bits % (sizeof pieces / sizeof pieces[0])];
            bits >>= 6;
            memcpy(text + length, piece, strlen(piece));
            length += strlen(piece);
        }
        json_t *parsed = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        const bool is_json = s1_journal_json_compact(s1_str_make(text, length), NULL) > 0;
        if (is_json != (parsed != NULL)) {
            fail_msg("'%.*s': found %d, jansson %d", (int)length, text, is_json, parsed != NULL);
        }
        accepted += is_json;
        json_decref(parsed);
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compacts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_agrees_with_jansson),
    };
    return cmocka_run_group_tests_name("journal_json", tests, NULL, NULL);
}
