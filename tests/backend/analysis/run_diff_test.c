/* Where two journals part, and what is said to be the cause. */
#include "backend/analysis/run_diff.h"

#include "backend/analysis/json_diff.h"
#include "tests/backend/analysis/story_fixture.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define SEEN_AT_10    8u /* OPPORTUNITY_DETECTED of a2 */
#define REFUSED_AT_10 9u

typedef struct side {
    s1_strbuf journal;
    s1_str bytes;
    s1_journal_source source;
    s1_journal_reader *reader;
    json_t *run, *config;
} side;

typedef struct bench {
    side sides[2];
    s1_arena arena;
    s1_locale *locale;
    s1_strbuf printed;
    s1_err err;
    s1_run_difference difference;
} bench;

static bench b;

static int setup(void **state)
{
    (void)state;
    b = (bench){.err = S1_ERR_INIT};
    if (s1_locale_new(S1_LANGUAGE_EN, &b.locale, &b.err) != S1_OK) {
        return -1;
    }
    s1_strbuf_init(&b.printed, 1 << 20);
    s1_arena_init(&b.arena, (size_t)64 << 20, 0);
    for (size_t i = 0; i < 2; i++) {
        s1_strbuf_init(&b.sides[i].journal, 1 << 20);
        b.sides[i].run =
            json_loads("{\"data_hash\":\"d\",\"binary_hash\":\"b\",\"seed\":7}", 0, NULL);
        b.sides[i].config = json_loads(
            "{\"workers\":[{\"id\":\"crossover\",\"fast\":20},{\"id\":\"sizer\",\"part\":1}]}", 0,
            NULL);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    s1_locale_free(b.locale);
    for (size_t i = 0; i < 2; i++) {
        s1_journal_reader_free(b.sides[i].reader);
        s1_strbuf_done(&b.sides[i].journal);
        json_decref(b.sides[i].run);
        json_decref(b.sides[i].config);
    }
    s1_arena_done(&b.arena);
    s1_strbuf_done(&b.printed);
    return 0;
}

static void print(const s1_explain_node *node, uint32_t depth)
{
    s1_strbuf_repeat(&b.printed, ' ', (size_t)depth * 2);
    s1_strbuf_printf(&b.printed, "%s: %s\n", node->kind, node->text);
    for (const s1_explain_node *child = node->first_child; child != NULL; child = child->next) {
        print(child, depth + 1);
    }
}

/* The story against the story with one line changed or (NULL) left out. */
static void diff(size_t at, const story_line *instead)
{
    s1_run_side runs[2];
    for (size_t i = 0; i < 2; i++) {
        side *const s = &b.sides[i];
        story_write_with(&s->journal, i == 0 ? SIZE_MAX : at, instead);
        s->bytes = s1_strbuf_view(&s->journal);
        s->source = s1_journal_source_bytes(&s->bytes);
        assert_int_equal(s1_journal_reader_new(&s->source, &s->reader, &b.err), S1_OK);
        runs[i] = (s1_run_side){i == 0 ? "A" : "B", s->reader, s->run, s->config};
    }
    if (s1_run_diff(runs, b.locale, &b.arena, &b.difference, &b.err) != S1_OK) {
        fail_msg("%s", b.err.msg);
    }
    print(b.difference.root, 0);
}

static void assert_printed(const char *text)
{
    if (strstr(s1_strbuf_cstr(&b.printed), text) == NULL) {
        fail_msg("expected '%s' in\n%s", text, s1_strbuf_cstr(&b.printed));
    }
}

static void the_same_story(void **state)
{
    (void)state;
    diff(SIZE_MAX, NULL);
    assert_int_equal(b.difference.parting, S1_RUN_SAME);
    assert_null(b.difference.other);
    assert_printed("diff: the runs decide the same, in all ");
    assert_printed("cause: nothing differs: program, plugins, configuration, data and seed");
}

static void other_values_that_change_no_decision(void **state)
{
    (void)state;
    static const char details[] =
        "{\"signal_type\":\"ema_cross\",\"direction\":\"long\",\"asset\":\"EUR/USD\","
        "\"price\":1.0712,\"score\":0.8,\"metadata\":{\"gap\":0.0014},\"conditions\":[{\"name\":"
        "\"fast_above_slow\",\"value\":1.0712,\"op\":\">\",\"threshold\":1.0698,\"held\":true}],"
        "\"context\":{\"ema_20\":1.0712,\"ema_50\":1.07}}";
    /* Another id, too: a run names its opportunities as it likes. */
    const story_line line = {"10:00", "OPPORTUNITY_DETECTED", BY("crossover") O("9"), details};
    diff(SEEN_AT_10, &line);
    assert_int_equal(b.difference.parting, S1_RUN_SAME);
    assert_printed("values: values differ from here on, OPPORTUNITY_DETECTED of crossover deciding "
                   "the same\n    value: context.ema_50: A 1.0698, B 1.07\n");
}

static void what_only_one_decided(void **state)
{
    (void)state;
    json_object_set_new(json_array_get(json_object_get(b.sides[1].config, "workers"), 0), "fast",
                        json_integer(25));
    json_object_set_new(json_array_get(json_object_get(b.sides[1].config, "workers"), 1), "part",
                        json_integer(2));
    diff(SEEN_AT_10, NULL);
    assert_int_equal(b.difference.parting, S1_RUN_ONLY_A);
    assert_int_equal(b.difference.kind, S1_JOURNAL_OPPORTUNITY_DETECTED);
    assert_string_equal(b.difference.worker, "crossover");
    assert_non_null(strstr(b.difference.context, "\"ema_50\""));
    assert_printed("diff: the runs part at 2017-05-01 10:00:00, after 7 entries");
    assert_printed("side: A: OPPORTUNITY_DETECTED\n    opportunity: a2000000: ema_cross long");
    assert_printed("side: B: nothing of the kind\n");
    assert_printed("causes: because\n"
                   "    cause: configuration, of the worker that decided: workers[crossover].fast: "
                   "A 20, B 25\n"
                   "    cause: configuration: workers[sizer].part: A 1, B 2\n");
}

static void what_only_the_other_decided(void **state)
{
    (void)state;
    json_object_set_new(b.sides[1].run, "data_hash", json_string("e"));
    const story_line line = {"10:00", "THREAT_DETECTED", BY("drawdown") H("9"),
                             "{\"threat_type\":\"EXTRA\",\"severity\":\"LOW\"}"};
    /* In the place of the detection: B raised a threat, and did not detect. */
    diff(SEEN_AT_10, &line);
    assert_int_equal(b.difference.parting, S1_RUN_OTHERWISE);
    assert_printed("side: A: OPPORTUNITY_DETECTED");
    assert_printed("side: B: THREAT_DETECTED\n    threat: c9000000: EXTRA");
    assert_printed("cause: the data differ: A d, B e\n");
}

static void another_verdict(void **state)
{
    (void)state;
    json_object_set_new(b.sides[1].run, "seed", json_integer(8));
    const story_line line = {"10:00", "OPPORTUNITY_REJECTED", BY("governor") O("2") H("1"),
                             REFUSED("governor", "COOL_DOWN", "2.0", "2.5")};
    diff(REFUSED_AT_10, &line);
    assert_int_equal(b.difference.parting, S1_RUN_OTHERWISE);
    assert_printed("values: they differ in\n"
                   "    value: rejection_reason.code: A THREAT_ACTIVE, B COOL_DOWN\n");
    assert_printed("cause: the seed differs: A 7, B 8\n");
}

static void no_cause_is_a_fault(void **state)
{
    (void)state;
    diff(REFUSED_AT_10, NULL);
    assert_int_equal(b.difference.parting, S1_RUN_ONLY_A);
    assert_printed("That is a fault of the program or a changed journal");
}

static void why_the_other_did_not(void **state)
{
    (void)state;
    diff(SEEN_AT_10, NULL);
    s1_explain_node saw = {.kind = "context",
                           .text = "ema_20 1.0712, ema_50 1.09",
                           .details = "{\"ema_20\":1.0712,\"ema_50\":1.09}"};
    s1_explain_node worker = {.kind = "worker",
                              .text = "crossover found no opportunity",
                              .details = "{\"worker\":\"crossover\"}",
                              .first_child = &saw,
                              .last_child = &saw};
    const s1_explain_node bar = {.kind = "bar", .text = "", .first_child = &worker};
    assert_int_equal(
        s1_run_difference_attach(&b.difference, &bar, NULL, b.locale, &b.arena, &b.err), S1_OK);
    s1_strbuf_clear(&b.printed);
    print(b.difference.root, 0);
    assert_printed("side: B: nothing of the kind\n"
                   "    value: saw otherwise: ema_50: the other 1.0698, here 1.09\n"
                   "    worker: crossover found no opportunity\n");
    assert_int_equal(
        s1_run_difference_attach(&b.difference, NULL, "no archive", b.locale, &b.arena, &b.err),
        S1_OK);
    s1_strbuf_clear(&b.printed);
    print(b.difference.root, 0);
    assert_printed("why is not known: no archive");
}

static void a_damaged_journal(void **state)
{
    (void)state;
    s1_run_side runs[2];
    for (size_t i = 0; i < 2; i++) {
        side *const s = &b.sides[i];
        story_write(&s->journal);
        if (i == 1) {
            strstr(s->journal.data, "crossover")[0] = 'C';
        }
        s->bytes = s1_strbuf_view(&s->journal);
        s->source = s1_journal_source_bytes(&s->bytes);
        assert_int_equal(s1_journal_reader_new(&s->source, &s->reader, &b.err), S1_OK);
        runs[i] = (s1_run_side){i == 0 ? "A" : "B", s->reader, s->run, s->config};
    }
    assert_int_equal(s1_run_diff(runs, b.locale, &b.arena, &b.difference, &b.err), S1_E_DATA);
}

/* --- JSON. ---------------------------------------------------------------------------------- */

static void list_difference(void *user, s1_str path, const json_t *x, const json_t *y)
{
    s1_strbuf *const text = user;
    s1_strbuf_str(text, path);
    s1_strbuf_printf(text, "%s%s ", x == NULL ? "+" : "", y == NULL ? "-" : "");
}

static void differences_by_path(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"1", "1", ""},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", ""},
        {"{\"a\":{\"x\":1}}", "{\"a\":{\"x\":2}}", "a.x "},
        {"{\"a\":1}", "{\"b\":1}", "a- b+ "},
        {"[1,2]", "[1,3,4]", "[1] [2]+ "},
        {"[{\"id\":\"p\",\"n\":1},{\"id\":\"q\"}]", "[{\"id\":\"q\"},{\"id\":\"p\",\"n\":2}]",
         "[p].n "},
        {"[{\"id\":\"p\"}]", "[{\"id\":\"r\"}]", "[p]- [r]+ "},
        {"[{\"id\":\"p\",\"n\":1},{\"id\":\"p\"}]", "[{\"id\":\"p\"},{\"id\":\"p\"}]", "[0].n- "},
        {"{\"a\":[1]}", "{\"a\":{}}", "a "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *const x = json_loads(cases[i][0], JSON_DECODE_ANY, NULL);
        json_t *const y = json_loads(cases[i][1], JSON_DECODE_ANY, NULL);
        s1_strbuf path, found;
        s1_strbuf_init(&path, 4096);
        s1_strbuf_init(&found, 4096);
        s1_json_diff(x, y, &path, list_difference, &found);
        assert_string_equal(s1_strbuf_cstr(&found), cases[i][2]);
        assert_int_equal(path.len, 0);
        s1_strbuf_done(&path);
        s1_strbuf_done(&found);
        json_decref(x);
        json_decref(y);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_same_story),
        TEST(other_values_that_change_no_decision),
        TEST(what_only_one_decided),
        TEST(what_only_the_other_decided),
        TEST(another_verdict),
        TEST(no_cause_is_a_fault),
        TEST(why_the_other_did_not),
        TEST(a_damaged_journal),
        cmocka_unit_test(differences_by_path),
    };
    return cmocka_run_group_tests_name("backend/analysis/run_diff", tests, NULL, NULL);
}
