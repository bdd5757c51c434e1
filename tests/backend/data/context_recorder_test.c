/* What the context was at each decision: kept in order, bounded, and the same in the file. */
#include "backend/core/context_recorder.h"

#include "backend/data/persistors/duckdb_internal.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/fs.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * S1_NANOS_PER_SECOND)
#define MIB  ((uint64_t)1 << 20)

static const s1_instrument fx = {.size = sizeof fx, .price_scale = 5, .qty_scale = 2};
static s1_column_store *ema;

/* EUR/USD@1h with a column of its own, and ETH/USD@4h that has no bar yet. */
static s1_trading_context *context_new(void)
{
    const s1_stream_options streams[] = {
        {S1_STR("EUR/USD"), HOUR, &fx, 10},
        {S1_STR("ETH/USD"), 4 * HOUR, &fx, 10},
    };
    const s1_trading_context_options options = {
        .strategy_link_id = S1_STR("demo"), .streams = streams, .stream_count = 2};
    const s1_column_options column = {
        .stream = 0, .name = S1_STR("ema_20"), .owner = S1_STR("ema")};
    s1_trading_context *context;
    assert_int_equal(s1_trading_context_new(&options, &context, NULL), S1_OK);
    assert_int_equal(s1_trading_context_add_column(context, &column, &ema, NULL), S1_OK);
    return context;
}

static void append(s1_trading_context *context, int64_t index, double average)
{
    const int64_t close = 107000 + index;
    const s1_bar bar = {.open_time = index * HOUR,
                        .close_time = (index + 1) * HOUR,
                        .open = close - 1,
                        .high = close + 2,
                        .low = close - 3,
                        .close = close,
                        .volume = 100};
    s1_trading_context_begin_tick(context, bar.close_time);
    s1_trading_context_append_bar(context, 0, &bar);
    ema->column.values[index] = average;
    ema->column.written = (uint64_t)index + 1;
}

/* Two bars, a signal on each, a plan on the second. */
static void record_some(s1_trading_context *context, s1_context_recorder *recorder)
{
    const s1_worker worker = {.instance_id = S1_STR("crossover")};
    const s1_worker *const emitters[] = {&worker};
    s1_signal signal = {.size = sizeof signal, .opportunity_id.uid.bytes = {1}};
    const s1_signal_list signals = {
        .size = sizeof signals, .count = 1, .items = &signal, .stride = sizeof signal};
    append(context, 0, (double)NAN);
    assert_int_equal(s1_context_recorder_signals(recorder, &signals, emitters, NULL), S1_OK);
    append(context, 1, 1.25);
    signal.opportunity_id.uid.bytes[0] = 2;
    assert_int_equal(s1_context_recorder_signals(recorder, &signals, NULL, NULL), S1_OK);
    s1_plan plan = {
        .size = sizeof plan, .opportunity_id.uid.bytes = {2}, .trade_id.uid.bytes = {3}};
    const s1_plan_list plans = {.items = &plan, .count = 1, .capacity = 1};
    assert_int_equal(s1_context_recorder_plans(recorder, S1_STR("Planner"), &plans, NULL), S1_OK);
}

static void test_records(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new();
    s1_context_recorder *recorder;
    assert_int_equal(s1_context_recorder_new(context, MIB, &recorder, NULL), S1_OK);
    assert_int_equal(s1_context_recorder_records(recorder).count, 0);
    record_some(context, recorder);
    const s1_context_records records = s1_context_recorder_records(recorder);
    static const char *const names[] = {"open",
                                        "high",
                                        "low",
                                        "close",
                                        "volume",
                                        "ema_20",
                                        "ETH/USD@4h.open",
                                        "ETH/USD@4h.high",
                                        "ETH/USD@4h.low",
                                        "ETH/USD@4h.close",
                                        "ETH/USD@4h.volume"};
    assert_int_equal(records.count, 3);
    assert_int_equal(records.column_count, sizeof names / sizeof names[0]);
    for (uint32_t i = 0; i < records.column_count; i++) {
        assert_string_equal(records.columns[i].ptr, names[i]);
    }
    const s1_context_record *const first = s1_context_record_at(&records, 0);
    const s1_context_record *const last = s1_context_record_at(&records, 2);
    assert_true(first->time == HOUR && last->time == 2 * HOUR);
    assert_true(s1_str_eq_cstr(first->worker, "crossover"));
    assert_true(s1_str_eq_cstr(last->worker, "Planner"));
    assert_int_equal(last->opportunity_id.uid.bytes[0], 2);
    assert_int_equal(last->trade_id.uid.bytes[0], 3);
    assert_int_equal(first->trade_id.uid.bytes[0], 0);
    assert_true(isnan(s1_context_record_values(first)[5]));
    assert_true(fabs(s1_context_record_values(first)[3] - 1.07) < 1e-12);
    assert_true(fabs(s1_context_record_values(last)[5] - 1.25) < 1e-12);
    assert_true(isnan(s1_context_record_values(last)[9]));
    s1_context_recorder_free(recorder);
    s1_context_recorder_free(NULL);
    s1_trading_context_free(context);
}

static void test_limit(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new();
    s1_context_recorder *recorder;
    const uint64_t record = sizeof(s1_context_record) + 11 * sizeof(double);
    assert_int_equal(s1_context_recorder_new(context, 3 * record + 7, &recorder, NULL), S1_OK);
    record_some(context, recorder);
    s1_plan plan = {.size = sizeof plan};
    const s1_plan_list plans = {.items = &plan, .count = 1, .capacity = 1};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_context_recorder_plans(recorder, S1_STR("P"), &plans, &err),
                     S1_E_NO_MEMORY);
    assert_string_equal(err.msg, "more than 3 decisions of 11 columns to record "
                                 "(limits.context_record_mib)");
    assert_int_equal(s1_context_recorder_records(recorder).count, 3);
    s1_context_recorder_free(recorder);
    s1_trading_context_free(context);
}

static void expect_text(s1_duckdb *duckdb, const char *path, const char *select, const char *want)
{
    char sql[1200];
    s1_duckdb_stream stream;
    s1_err err = S1_ERR_INIT;
    size_t rows;
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM read_parquet('%s')", select, path);
    if (s1_duckdb_stream_open(duckdb, sql, "test", &stream, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(s1_duckdb_stream_next(&stream, "test", &rows, NULL), S1_OK);
    const s1_str found = s1_duckdb_stream_text(&stream, 0, 0);
    if (!s1_str_eq_cstr(found, want)) {
        fail_msg("%s: found '%.*s', expected '%s'", select, S1_STR_ARG(found), want);
    }
    s1_duckdb_stream_close(&stream);
}

static void test_file(void **state)
{
    (void)state;
    const char *const base = getenv("S1_TEST_TMP");
    char root[512], paths[2][600];
    (void)snprintf(root, sizeof root, "%s/context_XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(root));
    s1_trading_context *const context = context_new();
    s1_context_recorder *recorder;
    assert_int_equal(s1_context_recorder_new(context, MIB, &recorder, NULL), S1_OK);
    record_some(context, recorder);
    const s1_context_records records = s1_context_recorder_records(recorder);
    s1_duckdb *duckdb;
    assert_int_equal(s1_duckdb_new(NULL, &duckdb, NULL), S1_OK);
    s1_strbuf files[2];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%zu.parquet", root, i);
        assert_int_equal(s1_parquet_write_context(duckdb, s1_fs_real(), paths[i], &records, NULL),
                         S1_OK);
        s1_strbuf_init(&files[i], MIB);
        assert_int_equal(s1_fs_read_all(s1_fs_real(), paths[i], MIB, &files[i], NULL), S1_OK);
    }
    assert_int_equal(files[0].len, files[1].len);
    assert_memory_equal(files[0].data, files[1].data, files[0].len);
    expect_text(duckdb, paths[0], "CAST(count(*) AS VARCHAR)", "33");
    expect_text(duckdb, paths[0],
                "string_agg(worker || ' ' || opportunity_id || ' ' || trade_id || ' ' || value, "
                "', ') FILTER (column_name = 'ema_20')",
                "crossover 01000000-0000-0000-0000-000000000000  nan, "
                " 02000000-0000-0000-0000-000000000000  1.25, "
                "Planner 02000000-0000-0000-0000-000000000000 "
                "03000000-0000-0000-0000-000000000000 1.25");
    expect_text(duckdb, paths[0], "CAST(max(time) AS VARCHAR)", "1970-01-01 02:00:00");
    s1_strbuf_done(&files[0]);
    s1_strbuf_done(&files[1]);
    s1_duckdb_free(duckdb);
    s1_context_recorder_free(recorder);
    s1_trading_context_free(context);
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), root, NULL), S1_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests_name("context_recorder", tests, NULL, NULL);
}
