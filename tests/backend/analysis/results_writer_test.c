#include "backend/analysis/results_writer.h"

#include "backend/dtos/results/trade_codec.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR (3600 * S1_NANOS_PER_SECOND)

static char folder[512];

static int setup(void **state)
{
    (void)state;
    const char *const root = getenv("S1_TEST_TMP");
    (void)snprintf(folder, sizeof folder, "%s/resultsXXXXXX", root != NULL ? root : "/tmp");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return s1_fs_remove_tree(s1_fs_real(), folder, NULL) == S1_OK ? 0 : -1;
}

static s1_dec dec(const char *text)
{
    s1_dec value;
    assert_int_equal(s1_dec_parse(s1_str_of(text), &value, NULL), S1_OK);
    return value;
}

static s1_uid uid(uint8_t first)
{
    return (s1_uid){{first, 1, 2, 3, 4, 5, 0x86, 7, 0x88, 9, 10, 11, 12, 13, 14, 15}};
}

static s1_nanos times[3] = {HOUR, 2 * HOUR, 3 * HOUR};
static double closes[3] = {1.0, 1.1, 1.05};
static uint8_t in_position[3] = {0, 1, 0};

typedef struct bench {
    s1_dec equity[3];
    s1_trade_record trades[2];
    s1_run_plugin plugin;
    s1_ambiguous_bar ambiguous;
    s1_run_manifest manifest;
    s1_results_input input;
} bench;

static void fill(bench *b)
{
    *b = (bench){.equity = {dec("1000"), dec("1010.5"), dec("990")}};
    b->trades[0] = (s1_trade_record){.trade_id = {uid(1)},
                                     .opportunity_id = {uid(2)},
                                     .direction = S1_LONG,
                                     .quantity = dec("100"),
                                     .entry_time = HOUR,
                                     .entry_price = dec("1.1"),
                                     .exit_time = 2 * HOUR,
                                     .exit_price = dec("1.05"),
                                     .fees = dec("0.215"),
                                     .pnl = dec("-5.215"),
                                     .closure_reason = S1_STR("STOP_LOSS"),
                                     .asset_pair = S1_STR("EUR/USD")};
    b->trades[1] = b->trades[0];
    b->trades[1].direction = S1_SHORT;
    b->trades[1].closure_reason = S1_STR("own, \"quoted\"");
    b->trades[1].threat_id = (s1_threat_id){uid(3)};
    b->plugin = (s1_run_plugin){S1_STR("ema_detector"), S1_STR("1.0.0"), S1_STR("ab")};
    b->ambiguous = (s1_ambiguous_bar){2 * HOUR, {uid(1)}, S1_STR("STOP_FIRST")};
    b->manifest = (s1_run_manifest){.run_id = {uid(9)},
                                    .seed = UINT64_MAX,
                                    .from = HOUR,
                                    .initial_capital = dec("1000"),
                                    .version = S1_STR("0.1.0"),
                                    .strategy = S1_STR("demo"),
                                    .ticks = 3,
                                    .plugins = &b->plugin,
                                    .plugin_count = 1,
                                    .ambiguous = &b->ambiguous,
                                    .ambiguous_count = 1};
    b->input = (s1_results_input){.manifest = &b->manifest,
                                  .series = {.count = 3,
                                             .time = times,
                                             .equity = b->equity,
                                             .close = closes,
                                             .in_position = in_position},
                                  .trades = b->trades,
                                  .trade_count = 2,
                                  .fees = dec("0.43")};
}

static void read_file(const char *name, s1_strbuf *text)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    s1_strbuf_init(text, 1 << 20);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1 << 20, text, NULL), S1_OK);
}

static void files_hold_what_the_run_was(void **state)
{
    (void)state;
    bench b;
    fill(&b);
    s1_statistics statistics;
    assert_int_equal(s1_results_write(&b.input, s1_fs_real(), folder, &statistics, NULL), S1_OK);
    s1_strbuf text;
    read_file(S1_RESULTS_TRADES_FILE, &text);
    assert_string_equal(
        s1_strbuf_cstr(&text),
        "trade_id,opportunity_id,direction,quantity,entry_time,entry_price,exit_time,exit_price,"
        "fees,pnl,closure_reason,threat_id\n"
        "01010203-0405-8607-8809-0a0b0c0d0e0f,02010203-0405-8607-8809-0a0b0c0d0e0f,long,100,"
        "1970-01-01T01:00:00.000000000Z,1.1,1970-01-01T02:00:00.000000000Z,1.05,0.215,-5.215,"
        "STOP_LOSS,\n"
        "01010203-0405-8607-8809-0a0b0c0d0e0f,02010203-0405-8607-8809-0a0b0c0d0e0f,short,100,"
        "1970-01-01T01:00:00.000000000Z,1.1,1970-01-01T02:00:00.000000000Z,1.05,0.215,-5.215,"
        "\"own, \"\"quoted\"\"\",03010203-0405-8607-8809-0a0b0c0d0e0f\n");
    s1_strbuf_done(&text);

    read_file(S1_RESULTS_METRICS_FILE, &text);
    json_t *const metrics = json_loads(s1_strbuf_cstr(&text), 0, NULL);
    const json_t *const values = json_object_get(metrics, "metrics");
    assert_string_equal(json_string_value(json_object_get(values, "final_equity")), "990");
    assert_string_equal(json_string_value(json_object_get(values, "fees")), "0.43");
    assert_true(json_is_null(json_object_get(values, "profit_factor")) == 0);
    assert_int_equal(json_integer_value(json_object_get(values, "trade_count")), 2);
    assert_int_equal(json_object_size(values),
                     json_object_size(json_object_get(metrics, "definitions")));
    json_decref(metrics);
    s1_strbuf_done(&text);

    read_file(S1_RESULTS_RUN_FILE, &text);
    const char *const run = s1_strbuf_cstr(&text);
    assert_non_null(strstr(run, "\"seed\": 18446744073709551615"));
    json_t *const manifest = json_loads(run, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(manifest);
    assert_true(json_is_null(json_object_get(manifest, "command")));
    assert_true(json_is_null(json_object_get(manifest, "to")));
    assert_int_equal(json_array_size(json_object_get(manifest, "plugins")), 1);
    assert_int_equal(json_array_size(json_object_get(manifest, "ambiguous_bars_first")), 1);
    json_decref(manifest);
    s1_strbuf_done(&text);
    assert_int_equal(statistics.trade_count, 2);
}

static void the_same_run_gives_the_same_bytes(void **state)
{
    (void)state;
    static const char *const names[] = {S1_RESULTS_RUN_FILE, S1_RESULTS_METRICS_FILE,
                                        S1_RESULTS_TRADES_FILE};
    bench b;
    s1_strbuf first[3];
    fill(&b);
    assert_int_equal(s1_results_write(&b.input, s1_fs_real(), folder, NULL, NULL), S1_OK);
    for (size_t i = 0; i < 3; i++) {
        read_file(names[i], &first[i]);
    }
    fill(&b);
    assert_int_equal(s1_results_write(&b.input, s1_fs_real(), folder, NULL, NULL), S1_OK);
    for (size_t i = 0; i < 3; i++) {
        s1_strbuf second;
        read_file(names[i], &second);
        assert_string_equal(s1_strbuf_cstr(&second), s1_strbuf_cstr(&first[i]));
        s1_strbuf_done(&second);
        s1_strbuf_done(&first[i]);
    }
}

/* Whatever call fails, the failure is reported with its cause. */
static void every_failing_call_is_reported(void **state)
{
    (void)state;
    bench b;
    fill(&b);
    s1_fault_fs fault;
    s1_fault_fs_init(&fault, s1_fs_real());
    assert_int_equal(s1_results_write(&b.input, &fault.table, folder, NULL, NULL), S1_OK);
    const uint64_t calls = fault.calls;
    assert_true(calls >= 9);
    for (uint64_t number = 1; number <= calls; number++) {
        s1_err err = S1_ERR_INIT;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, number, ENOSPC, false);
        assert_int_equal(s1_results_write(&b.input, &fault.table, folder, NULL, &err), S1_E_IO);
        assert_int_equal(err.sys_errno, ENOSPC);
    }
}

static void schema_lists_every_field(void **state)
{
    (void)state;
    s1_strbuf text;
    s1_json_writer writer;
    s1_strbuf_init(&text, 1 << 20);
    s1_json_init(&writer, &text, 0);
    s1_trade_record_json_schema(&writer);
    json_t *const schema = json_loads(s1_strbuf_cstr(&text), 0, NULL);
    bench b;
    fill(&b);
    s1_strbuf_clear(&text);
    s1_json_init(&writer, &text, 0);
    s1_trade_record_json(&b.trades[0], &writer);
    json_t *const trade = json_loads(s1_strbuf_cstr(&text), 0, NULL);
    const json_t *const properties = json_object_get(schema, "properties");
    assert_int_equal(json_object_size(properties), json_object_size(trade));
    const char *name;
    json_t *value;
    json_object_foreach(trade, name, value)
    {
        assert_non_null(json_object_get(properties, name));
    }
    assert_true(json_is_null(json_object_get(trade, "threat_id")));
    assert_string_equal(json_string_value(json_object_get(trade, "pnl")), "-5.215");
    json_decref(schema);
    json_decref(trade);
    s1_strbuf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_hold_what_the_run_was, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_run_gives_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_call_is_reported, setup, teardown),
        cmocka_unit_test(schema_lists_every_field),
    };
    return cmocka_run_group_tests_name("results_writer", tests, NULL, NULL);
}
