#include "backend/utils/locale.h"

#include "backend/analysis/invariants.h"
#include "backend/analysis/replay.h"
#include "backend/dtos/journal/journal_kind.h"
#include "backend/utils/log.h"
#include "frontends/cli/exit_code.h"
#include "tests/support/cmocka.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static s1_locale *locale_of(int32_t language)
{
    s1_locale *locale;
    s1_err err = S1_ERR_INIT;
    if (s1_locale_new(language, &locale, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return locale;
}

/* True if every slot of `a` stands in `b`. */
static bool has_slots(s1_str a, s1_str b)
{
    s1_str before, name;
    while (s1_locale_next(&a, &before, &name)) {
        s1_str rest = b;
        s1_str other;
        bool is_there = name.len == 0;
        while (!is_there && s1_locale_next(&rest, &before, &other)) {
            is_there = s1_str_eq(name, other);
        }
        if (!is_there) {
            return false;
        }
    }
    return true;
}

static void test_languages_agree(void **state)
{
    (void)state;
    s1_locale *const en = locale_of(S1_LANGUAGE_EN);
    s1_locale *const nl = locale_of(S1_LANGUAGE_NL);
    size_t differing = 0;
    assert_int_equal(s1_locale_count(en), s1_locale_count(nl));
    assert_true(s1_locale_count(en) > 100);
    for (size_t i = 0; i < s1_locale_count(en); i++) {
        s1_str key, text, other_key, other;
        s1_locale_at(en, i, &key, &text);
        s1_locale_at(nl, i, &other_key, &other);
        if (!s1_str_eq(key, other_key) || text.len == 0 || other.len == 0 ||
            !has_slots(text, other) || !has_slots(other, text)) {
            fail_msg("%.*s '%.*s' and %.*s '%.*s'", S1_STR_ARG(key), S1_STR_ARG(text),
                     S1_STR_ARG(other_key), S1_STR_ARG(other));
        }
        differing += !s1_str_eq(text, other);
    }
    assert_true(differing > s1_locale_count(en) / 2); /* it is another language */
    s1_locale_free(en);
    s1_locale_free(nl);
}

static void lower(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)tolower((unsigned char)*text);
    }
}

static void expect(const s1_locale *en, const char *group, const char *name, const char *text)
{
    char key[128];
    (void)snprintf(key, sizeof key, "%s.%s", group, name);
    lower(key);
    const s1_str found = s1_locale_text(en, s1_str_of(key));
    if (found.ptr == NULL || (text != NULL && strcmp(found.ptr, text) != 0)) {
        fail_msg("%s: found '%.*s', expected '%s'", key, S1_STR_ARG(found),
                 text != NULL ? text : "a text");
    }
}

/* Tables of the code whose members are keys: none is missing, and English says what they say. */
static void test_tables(void **state)
{
    (void)state;
    s1_locale *const en = locale_of(S1_LANGUAGE_EN);
#define X(name, code, text) expect(en, "error", &#name[sizeof("S1_E_") - 1], text);
    S1_ERROR_MAP(X)
#undef X
#define X(value, code, name, meaning) expect(en, "exit", name, meaning);
    S1_EXIT_MAP(X)
#undef X
    for (int32_t kind = 1; kind < S1_JOURNAL_KIND_COUNT; kind++) {
        expect(en, "decision", s1_journal_kind_name(kind), NULL);
        if (s1_journal_kind_info_borrow(kind)->ids_allowed >> S1_JOURNAL_ID_ORDER & 1u) {
            char name[64];
            (void)snprintf(name, sizeof name, "event_%s", s1_journal_kind_name(kind));
            expect(en, "explain", name, NULL);
        }
    }
#define X(name, row, text) expect(en, "rule", #name, text);
    S1_INVARIANT_MAP(X)
#undef X
#define X(name, words) expect(en, "replay", "note_" #name, words);
    S1_REPLAY_NOTE_MAP(X)
#undef X
    expect(en, "replay", "status_equal", s1_replay_status_word(S1_REPLAY_EQUAL));
    expect(en, "replay", "status_not_in_the_journal", s1_replay_status_word(S1_REPLAY_NOT_KEPT));
    s1_locale_free(en);
}

static void test_words(void **state)
{
    (void)state;
    s1_locale *locale;
    const s1_str content =
        S1_STR("# words\na.b: \"{n} of \\\"{m}\\\" \\\\ {n}{\"\n\na.c: \"plain\"");
    assert_int_equal(s1_locale_parse("x.yaml", content, &locale, NULL), S1_OK);
    s1_strbuf out;
    s1_strbuf_init(&out, 1000);
    const s1_locale_value values[] = {{"n", "3"}};
    s1_locale_word(locale, "a.b", values, 1, &out);
    assert_string_equal(s1_strbuf_cstr(&out), "3 of \"{m}\" \\ 3{");
    s1_strbuf_clear(&out);
    s1_locale_word(locale, "a.none", NULL, 0, &out);
    assert_string_equal(s1_strbuf_cstr(&out), "a.none");
    s1_strbuf_done(&out);
    assert_string_equal(s1_locale_cstr(locale, "a.c"), "plain");
    assert_null(s1_locale_text(locale, S1_STR("a")).ptr);
    assert_null(s1_locale_text(NULL, S1_STR("a.c")).ptr);
    s1_locale_free(locale);
    s1_locale_free(NULL);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *content, *message;
    } cases[] = {
        {"a: \"x\"\na: \"y\"", "x.yaml:2: found key a after a, expected rising keys"},
        {"b: \"x\"\na: \"y\"", "x.yaml:2: found key a after b, expected rising keys"},
        {"a: x", "x.yaml:1: expected `key: \"text\"`"},
        {"\na: \"x\" y\"", "x.yaml:2: expected `key: \"text\"`"},
        {"a: \"x\\n\"", "x.yaml:1: expected `key: \"text\"`"},
        {"a: \"x\\\"", "x.yaml:1: expected `key: \"text\"`"},
        {": \"x\"", "x.yaml:1: expected `key: \"text\"`"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_locale *locale = NULL;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_locale_parse("x.yaml", s1_str_of(cases[i].content), &locale, &err),
                         S1_E_INVALID);
        assert_string_equal(err.msg, cases[i].message);
    }
    s1_locale *locale = NULL;
    assert_int_equal(s1_locale_new(7, &locale, NULL), S1_E_INVALID);
    assert_string_equal(s1_language_code(S1_LANGUAGE_NL), "nl");
    assert_null(s1_language_code(0));
    assert_int_equal(s1_language_parse(S1_STR("nl")), S1_LANGUAGE_NL);
    assert_int_equal(s1_language_parse(S1_STR("fr")), S1_LANGUAGE_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_languages_agree),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("locale", tests, NULL, NULL);
}
