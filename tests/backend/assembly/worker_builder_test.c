/* The worker builder: every binder function gives what the manifest declares and denies the rest,
 * capabilities are what is asked for, state, chance and readiness behave. The plugin `asker` asks
 * the host whatever its parameter says. */
#include "backend/utils/fs.h"
#include "tests/support/plugin_compile.h"
#include "tests/support/plugin_harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *root;

static const char asker_manifest[] =
    "schema_version: 1\n"
    "identification:\n"
    "  name: asker\n"
    "  display_name: Asker\n"
    "  type: context_worker\n"
    "  subtype: temporal_context\n"
    "  version: 1.0.0\n"
    "  description: Asks the host what it is told to.\n"
    "  author: The tests\n"
    "library: asker.so\n"
    "dependencies:\n"
    "  requires: [close, \"{needs[]}\"]\n"
    "  uses: [\"extra_{n}\"]\n"
    "  provides: [\"out_{n}\"]\n"
    "  feeds:\n"
    "    - name: news\n"
    "      optional: true\n"
    "      fields:\n"
    "        - { name: score, type: number }\n"
    "        - { name: \"{e}_text\", type: text, optional: true }\n"
    "    - { name: calendar, optional: true, fields: [] }\n"
    "artefacts:\n"
    "  provides: [\"zones_{n}\"]\n"
    "parameters:\n"
    "  ask: { type: string, default: \"\", description: KIND or KIND:NAME }\n"
    "  n: { type: int, default: 5, min: 1, max: 1000, description: a number }\n"
    "  f: { type: float, default: 2.5, description: a number }\n"
    "  b: { type: bool, default: true, description: yes or no }\n"
    "  d: { type: decimal, default: \"1.25\", description: money }\n"
    "  t: { type: duration, default: 90s, description: time }\n"
    "  e: { type: enum, values: [red, green], default: green, description: a choice }\n"
    "  il: { type: int_list, default: [3, 4], description: numbers }\n"
    "  fl: { type: float_list, default: [0.5, 1.5, 2.5], description: numbers }\n"
    "  sl: { type: string_list, default: [one, two], description: words }\n"
    "  needs: { type: string_list, default: [], description: more columns }\n"
    "lookback: n\n"
    "capabilities:\n"
    "  state: { enabled: true }\n"
    "  events: { enabled: true, publishes: [{ as_event: asked, payload_dto: json }] }\n"
    "  journaling: { enabled: true }\n";

static s1_harness *harness_new(uint64_t seed)
{
    return s1_harness_new(
        &(s1_harness_options){.plugins_folder = root, .seed = seed, .second_stream = "ETH/USD@4h"});
}

static s1_worker *add_asker(s1_harness *h, const char *id, const char *params)
{
    const s1_harness_item item = {.plugin = "asker", .params = params, .instance_id = id};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_harness_try_add(h, &item, &worker, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return worker;
}

/* What create() told the log. */
static const char *answer(const s1_harness *h)
{
    return s1_harness_note_at(h, "log", s1_harness_note_count(h, "log") - 1)->text.ptr;
}

static void test_what_is_declared_is_given(void **state)
{
    (void)state;
    static const struct {
        const char *ask, *answer;
    } cases[] = {
        {"int:n", "5"},
        {"float:f", "2.5"},
        {"bool:b", "1"},
        {"text:e", "green"},
        {"text:ask", "text:ask"},
        {"decimal:d", "1.25"},
        {"duration:t", "90000000000"},
        {"int_list:il", "2 4"},
        {"float_list:fl", "3 2.5"},
        {"text_list:sl", "2 two"},
        {"series:close", ""},
        {"column:out_5", ""},
        {"stream:", "EUR/USD"},
        {"stream:ETH/USD@4h", "ETH/USD"},
        {"artefacts_out:zones_5", ""},
        {"condition:is_up", "same"},
        {"condition:is_down", "other"},
        {"event:asked", "0"},
        {"tables", "111"},
        {"feed:news", "0"},
        {"feed_field:news.score", "0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_harness *const h = harness_new(1);
        s1_harness_feed_file(h, "news", "time,score\n1,2\n");
        char params[128];
        (void)snprintf(params, sizeof params, "{ask: '%s'}", cases[i].ask);
        (void)add_asker(h, "asker", params);
        assert_string_equal(answer(h), cases[i].answer);
        s1_harness_free(h);
    }
}

static void test_what_is_not_declared_is_denied(void **state)
{
    (void)state;
    static const struct {
        const char *ask;
        s1_rc rc;
        const char *message;
    } cases[] = {
        {"int:m", S1_E_DENIED,
         "parameter 'm' is not declared in the manifest of asker; it has: ask, n, f, b, d, t, e, "
         "il, fl, sl, needs"},
        {"int:f", S1_E_INVALID, "parameter 'f' is float in the manifest, asked for as int"},
        {"float:n", S1_E_INVALID, "parameter 'n' is int in the manifest, asked for as float"},
        {"text:b", S1_E_INVALID, "parameter 'b' is bool in the manifest, asked for as string"},
        {"int_list:n", S1_E_INVALID, "parameter 'n' is int in the manifest, asked for as int_list"},
        {"series:volume", S1_E_DENIED,
         "column 'volume' is not declared in the manifest of asker; it has: close"},
        {"series:out_5", S1_E_DENIED,
         "column 'out_5' is not declared in the manifest of asker; it has: close"},
        {"series:extra_5", S1_E_NOT_FOUND, "nobody provides column 'extra_5', which is optional"},
        {"column:close", S1_E_DENIED,
         "provided column 'close' is not declared in the manifest of asker; it has: out_5"},
        {"stream:ETH/USD@1h", S1_E_NOT_FOUND,
         "no stream 'ETH/USD@1h'; the blueprint's data has: EUR/USD@1h, ETH/USD@4h"},
        {"artefacts_in:zones_5", S1_E_DENIED,
         "artefact 'zones_5' is not declared in the manifest of asker; it has: none"},
        {"artefacts_out:levels", S1_E_DENIED,
         "provided artefact 'levels' is not declared in the manifest of asker; it has: zones_5"},
        {"event:answered", S1_E_DENIED,
         "event 'answered' is not declared in the manifest of asker; it has: asked"},
        {"feed:prices", S1_E_DENIED,
         "feed 'prices' is not declared in the manifest of asker; it has: news, calendar"},
        {"feed:calendar", S1_E_NOT_FOUND,
         "the blueprint gives no feed for 'calendar', which is optional"},
        {"feed_field:calendar.x", S1_E_NOT_FOUND,
         "the blueprint gives no feed for 'calendar', which is optional"},
        {"feed_field:news.sentiment", S1_E_DENIED,
         "feed field 'sentiment' is not declared in the manifest of asker; it has: score, "
         "green_text"},
        {"feed_field:news.green_text", S1_E_NOT_FOUND,
         "feed 'news' has no column 'green_text', which is optional"},
        {"condition:", S1_E_INVALID, "condition name '': expected 1 to 63 bytes"},
        {"fail", S1_E_RANGE, "as it was told"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_harness *const h = harness_new(1);
        s1_harness_feed_file(h, "news", "time,score\n1,2\n");
        char params[128];
        (void)snprintf(params, sizeof params, "{ask: '%s'}", cases[i].ask);
        const s1_harness_item item = {.plugin = "asker", .params = params, .instance_id = "one"};
        s1_worker *worker = NULL;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), cases[i].rc);
        assert_null(worker);
        char message[1024];
        (void)snprintf(message, sizeof message, "worker 'one' (plugin asker): create() failed: %s",
                       cases[i].message);
        assert_string_equal(err.msg, message);
        assert_true(err.depth >= 3); /* where it happened, the plugin, the builder */
        s1_harness_free(h);
    }
}

static void test_a_worker_that_fails_without_a_word(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    const s1_harness_item item = {.plugin = "asker", .params = "{ask: mute}"};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_E_RANGE);
    assert_string_equal(err.msg,
                        "worker 'asker' (plugin asker): create() failed: it gave no reason");
    s1_harness_free(h);
}

static void test_columns_that_are_not_there(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    const s1_harness_item item = {.plugin = "asker", .params = "{needs: [ema_9]}"};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg,
                        "worker 'asker' (plugin asker): requires a column: no column 'ema_9' on "
                        "EUR/USD@1h; it has: open, high, low, close, volume");
    (void)add_asker(h, "first", "");
    const s1_harness_item again = {.plugin = "asker", .instance_id = "second"};
    assert_int_equal(s1_harness_try_add(h, &again, &worker, &err), S1_E_EXISTS);
    assert_string_equal(
        err.msg,
        "worker 'second' (plugin asker): column 'out_5' of 'second' is provided by first already");
    s1_harness_free(h);
}

/* Once in the journal's inputs, where a second one would be the same key again. */
static void test_a_column_named_twice_is_one_input(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    s1_worker *const worker = add_asker(h, "twice", "{needs: [close, open, close]}");
    assert_int_equal(worker->input_count, 2);
    assert_string_equal(worker->inputs[0].name.ptr, "close");
    assert_string_equal(worker->inputs[1].name.ptr, "open");
    s1_harness_free(h);
}

static void test_the_binder_is_for_create_only(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    (void)add_asker(h, "late", "{ask: late}");
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_bar(h, 1, 1, 1, 1, 1, &err), S1_E_DENIED);
    assert_string_equal(err.msg, "worker 'late': the binder is valid during create() only");
    s1_harness_free(h);
}

static void test_a_worker_as_operators_see_it(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    s1_harness_feed(h, "extra_3");
    s1_worker *const worker = add_asker(h, "mine", "{n: 3, ask: 'condition:is_up'}");
    assert_string_equal(worker->instance_id.ptr, "mine");
    assert_string_equal(worker->plugin_name.ptr, "asker");
    assert_int_equal(worker->type, S1_WORKER_CONTEXT);
    assert_int_equal(worker->subtype, S1_SUBTYPE_TEMPORAL_CONTEXT);
    assert_int_equal(worker->capabilities, S1_CAP_STATE | S1_CAP_EVENTS | S1_CAP_JOURNAL);
    assert_int_equal(worker->lookback, 3);
    assert_int_equal(worker->column_count, 1);
    assert_int_equal(worker->artefact_count, 1);
    assert_int_equal(worker->input_count, 2);
    assert_string_equal(worker->inputs[0].name.ptr, "close");
    assert_string_equal(worker->inputs[1].name.ptr, "extra_3");
    assert_int_equal(worker->condition_count, 1);
    assert_string_equal(worker->conditions[0].name.ptr, "is_up");
    assert_string_equal(s1_worker_event_name(worker, 0).ptr, "asked");
    assert_int_equal(s1_worker_event_name(worker, 1).len, 0);
    s1_harness_close(h, 1.5);
    s1_harness_close(h, 0.5);
    assert_int_equal(worker->conditions[0].condition.evaluated_count, 2);
    assert_int_equal(worker->conditions[0].condition.held_count, 1);
    assert_true(worker->conditions[0].condition.value == 0.5);
    s1_harness_free(h);
}

/* max(inputs) + lookback - 1, through two workers and two streams. */
static void test_when_inputs_exist(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    s1_worker *const first = add_asker(h, "first", "{n: 10}");
    s1_worker *const second = add_asker(h, "second", "{n: 4, needs: [out_10]}");
    s1_worker *const third = add_asker(h, "third", "{n: 2, needs: [out_4, 'ETH/USD@4h.close']}");
    for (int i = 1; i <= 20; i++) {
        if (i == 17) {
            s1_harness_bar_of(h, 1, 2, 2, 2, 2, 1);
        }
        s1_harness_close(h, 1.0);
        assert_int_equal(s1_worker_is_ready(first), i >= 10);
        assert_int_equal(s1_worker_is_ready(second), i >= 13);
        assert_int_equal(s1_worker_is_ready(third), i >= 17); /* own 14, the other stream's 17 */
    }
    assert_int_equal(second->columns[0]->need_rows[0], 13);
    assert_int_equal(third->columns[0]->need_rows[0], 14);
    assert_int_equal(third->columns[0]->need_rows[1], 1);
    s1_harness_free(h);
}

static void test_a_worker_of_another_stream(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    const s1_harness_item item = {.plugin = "asker", .stream = "ETH/USD@4h"};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_OK);
    assert_int_equal(worker->stream_index, 1);
    for (int i = 0; i < 8; i++) {
        if (i == 5) {
            s1_harness_bar_of(h, 1, 2, 2, 2, 2, 1);
        }
        s1_harness_close(h, 1.0);
        assert_int_equal(s1_worker_is_due(worker), i == 5);
    }
    assert_int_equal(*worker->columns[0]->column.rows, 1);
    assert_true(s1_series_last(&worker->columns[0]->series) == 2.0);
    s1_harness_free(h);
}

static void test_a_silent_worker_leaves_nan(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    (void)add_asker(h, "silent", "{ask: silent}");
    for (int i = 0; i < 5; i++) {
        s1_harness_close(h, 1.0);
        assert_true(isnan(s1_harness_value(h, "out_5", 0)));
    }
    s1_harness_free(h);
}

static void test_state(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    s1_worker *const worker = add_asker(h, "keeper", "{ask: 'commit:{\"high\":\"1.5\"}'}");
    assert_int_equal(s1_worker_state(worker).len, 0);
    s1_harness_close(h, 1.0);
    assert_int_equal(worker->state_commit_count, 1);
    assert_memory_equal(s1_worker_state(worker).ptr, "{\"high\":\"1.5\"}", 14);
    s1_harness_fail_commits(h, 1);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_bar(h, 1, 1, 1, 1, 1, &err), S1_E_IO);
    assert_int_equal(worker->state_commit_count, 1); /* all or nothing */
    assert_int_equal(s1_worker_state(worker).len, 14);
    s1_harness_free(h);

    s1_harness *const next = harness_new(1);
    const s1_harness_item item = {
        .plugin = "asker", .params = "{ask: state}", .state = "{\"high\":\"1.5\"}"};
    s1_worker *restarted = NULL;
    assert_int_equal(s1_harness_try_add(next, &item, &restarted, &err), S1_OK);
    assert_string_equal(answer(next), "{\"high\":\"1.5\"}");
    s1_harness_free(next);
}

static void test_a_state_that_is_too_large(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    const size_t size = S1_WORKER_STATE_MAX + 64;
    char *const params = malloc(size);
    const int head = snprintf(params, size, "{ask: 'commit:");
    memset(params + head, 'x', S1_WORKER_STATE_MAX + 1);
    memcpy(params + head + S1_WORKER_STATE_MAX + 1, "'}", 3);
    s1_worker *const worker = add_asker(h, "keeper", params);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_bar(h, 1, 1, 1, 1, 1, &err), S1_E_RANGE);
    assert_string_equal(err.msg, "worker 'keeper': a state of 65537 bytes, expected at most 65536");
    assert_int_equal(s1_worker_state(worker).len, 0);
    free(params);
    s1_harness_free(h);
}

static void test_events_and_notes(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    (void)add_asker(h, "noter", "{ask: 'note:WOKE_UP'}");
    (void)add_asker(h, "emitter", "{ask: emit, n: 6}");
    s1_harness_close(h, 1.0);
    assert_int_equal(s1_harness_note_count(h, "journal"), 1);
    assert_string_equal(s1_harness_note_at(h, "journal", 0)->name.ptr, "WOKE_UP");
    assert_string_equal(s1_harness_note_at(h, "journal", 0)->text.ptr, "{\"a\":1}");
    assert_string_equal(s1_harness_note_at(h, "event", 0)->name.ptr, "asked");
    s1_harness_free(h);

    s1_harness *const other = harness_new(1);
    (void)add_asker(other, "emitter", "{ask: 'emit:unknown'}");
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_bar(other, 1, 1, 1, 1, 1, &err), S1_E_DENIED);
    assert_string_equal(err.msg, "worker 'emitter': event handle 99 is none of its manifest");
    s1_harness_free(other);
}

static double first_random(uint64_t seed, const char *id)
{
    s1_harness *const h = harness_new(seed);
    (void)add_asker(h, id, "{ask: random}");
    s1_harness_close(h, 1.0);
    const double value = s1_harness_value(h, "out_5", 0);
    s1_harness_free(h);
    return value;
}

/* The same in every rerun; another for another seed or another worker. */
static void test_chance(void **state)
{
    (void)state;
    assert_true(first_random(7, "a") == first_random(7, "a"));
    assert_true(first_random(7, "a") != first_random(8, "a"));
    assert_true(first_random(7, "a") != first_random(7, "b"));
}

static void test_now(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    (void)add_asker(h, "clock", "{ask: now}");
    s1_harness_close(h, 1.0);
    assert_true(s1_harness_value(h, "out_5", 0) ==
                (double)(s1_harness_context(h)->now / S1_NANOS_PER_SECOND));
    s1_harness_free(h);
}

/* A worker without capabilities gets no tables; create() that is greedy is denied. */
static void test_nothing_is_granted_unasked(void **state)
{
    (void)state;
    s1_harness *const h = harness_new(1);
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    const s1_harness_item greedy = {.plugin = "sample"};
    assert_int_equal(s1_harness_try_add(h, &greedy, &worker, &err), S1_E_DENIED);
    assert_string_equal(err.msg, "worker 'sample' (plugin sample): create() failed: column "
                                 "'volume' is not declared in the manifest of sample; it has: "
                                 "close");
    s1_harness_free(h);
}

static void install(const char *name, const char *source, const char *manifest)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s/manifest.yaml", root, name);
    s1_test_write(path, manifest);
    (void)snprintf(path, sizeof path, "%s/%s/%s.so", root, name, name);
    s1_test_compile_plugin(source, path, "");
}

static int set_up(void **state)
{
    (void)state;
    root = s1_test_folder();
    install("asker", "tests/backend/assembly/plugins/asker.c", asker_manifest);
    install("sample", "tests/negative/plugins/greedy_create.c",
            "schema_version: 1\n"
            "identification:\n"
            "  name: sample\n"
            "  display_name: Sample\n"
            "  type: context_worker\n"
            "  subtype: temporal_context\n"
            "  version: 1.0.0\n"
            "  description: Asks for what it may not have.\n"
            "  author: The tests\n"
            "dependencies:\n"
            "  requires: [close]\n"
            "  provides: [copy]\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    const s1_rc rc = s1_fs_remove_tree(s1_fs_real(), root, NULL);
    free(root);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_declared_is_given),
        cmocka_unit_test(test_what_is_not_declared_is_denied),
        cmocka_unit_test(test_a_worker_that_fails_without_a_word),
        cmocka_unit_test(test_columns_that_are_not_there),
        cmocka_unit_test(test_a_column_named_twice_is_one_input),
        cmocka_unit_test(test_the_binder_is_for_create_only),
        cmocka_unit_test(test_a_worker_as_operators_see_it),
        cmocka_unit_test(test_when_inputs_exist),
        cmocka_unit_test(test_a_worker_of_another_stream),
        cmocka_unit_test(test_a_silent_worker_leaves_nan),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_a_state_that_is_too_large),
        cmocka_unit_test(test_events_and_notes),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_nothing_is_granted_unasked),
    };
    return cmocka_run_group_tests_name("backend/assembly/worker_builder", tests, set_up, tear_down);
}
