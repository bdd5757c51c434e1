/* The trading context: rows appear with their bar, values are right, names resolve, nothing is seen
 * of what has not happened. */
#include "backend/core/trading_context.h"

#include "tests/support/cmocka.h"

#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef S1_TRADING_CONTEXT_POISON
#include <sanitizer/asan_interface.h>
#endif

#define HOUR (3600 * S1_NANOS_PER_SECOND)

static s1_instrument instrument_of(uint32_t price_scale, uint32_t qty_scale)
{
    return (s1_instrument){
        .size = sizeof(s1_instrument), .price_scale = price_scale, .qty_scale = qty_scale};
}

static const s1_instrument fx = {.size = sizeof fx, .price_scale = 5, .qty_scale = 2};

static s1_bar bar_at(int64_t index, int64_t close)
{
    return (s1_bar){.open_time = index * HOUR,
                    .close_time = (index + 1) * HOUR,
                    .open = close - 1,
                    .high = close + 2,
                    .low = close - 3,
                    .close = close,
                    .volume = 100 + index};
}

static s1_trading_context *context_new(uint64_t capacity, uint64_t limit)
{
    const s1_stream_options streams[] = {
        {S1_STR("EUR/USD"), HOUR, &fx, capacity},
        {S1_STR("ETH/USD"), 4 * HOUR, &fx, capacity},
    };
    const s1_trading_context_options options = {.strategy_link_id = S1_STR("demo@backtest"),
                                                .streams = streams,
                                                .stream_count = 2,
                                                .memory_max_bytes = limit};
    s1_trading_context *context = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_trading_context_new(&options, &context, &err), S1_OK);
    return context;
}

static s1_column_store *column_new(s1_trading_context *context, uint32_t stream, const char *name)
{
    const s1_column_options options = {
        .stream = stream, .name = {name, strlen(name)}, .owner = S1_STR("tester")};
    s1_column_store *column = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_trading_context_add_column(context, &options, &column, &err), S1_OK);
    return column;
}

static void test_bars_appear_one_by_one(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(100, 0);
    const s1_context *const view = &context->view;
    assert_int_equal(view->stream_count, 2);
    assert_ptr_equal(view->primary, view->streams[0]);
    assert_memory_equal(view->asset_pair.ptr, "EUR/USD", 7);
    assert_memory_equal(view->strategy_link_id.ptr, "demo@backtest", 13);
    assert_int_equal(view->signals->count, 0);
    assert_int_equal(view->threats->count, 0);
    assert_true(isnan(s1_series_last(&view->primary->close)));
    for (int64_t i = 0; i < 100; i++) {
        const s1_bar bar = bar_at(i, 107123 + i);
        s1_trading_context_begin_tick(context, bar.close_time);
        assert_int_equal(view->primary->is_new, 0);
        s1_trading_context_append_bar(context, 0, &bar);
        assert_int_equal(view->tick, i + 1);
        assert_int_equal(view->now, bar.close_time);
        assert_int_equal(view->primary->is_new, 1);
        assert_int_equal(view->primary->rows, i + 1);
        assert_int_equal(view->streams[1]->rows, 0);
        assert_int_equal(view->primary->bar.close, 107123 + i);
        assert_true(s1_series_last(&view->primary->close) == (double)(107123 + i) / 1e5);
        assert_true(s1_series_last(&view->primary->high) == (double)(107125 + i) / 1e5);
        assert_true(s1_series_last(&view->primary->low) == (double)(107120 + i) / 1e5);
        assert_true(s1_series_last(&view->primary->open) == (double)(107122 + i) / 1e5);
        assert_true(s1_series_last(&view->primary->volume) == (double)(100 + i) / 1e2);
        assert_int_equal(view->primary->close_time[i], bar.close_time);
        assert_true(s1_series_at(&view->primary->close, (uint64_t)i) == 1.07123);
        assert_true(isnan(s1_series_at(&view->primary->close, (uint64_t)i + 1)));
    }
    s1_trading_context_free(context);
    s1_trading_context_free(NULL);
}

static void test_a_slower_stream_grows_only_when_its_bar_closes(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(100, 0);
    for (int64_t i = 0; i < 40; i++) {
        const s1_bar bar = bar_at(i, 100000);
        s1_trading_context_begin_tick(context, bar.close_time);
        s1_trading_context_append_bar(context, 0, &bar);
        if (i % 4 == 3) {
            const s1_bar slow = {
                .open_time = (i - 3) * HOUR, .close_time = (i + 1) * HOUR, .close = 200000 + i};
            s1_trading_context_append_bar(context, 1, &slow);
        }
        assert_int_equal(context->view.streams[1]->rows, (i + 1) / 4);
        assert_int_equal(context->view.streams[1]->is_new, i % 4 == 3);
    }
    s1_trading_context_free(context);
}

static void test_two_bars_of_one_stream_in_a_tick_leave_nan_between(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(10, 0);
    s1_column_store *const column = column_new(context, 0, "ema_20");
    for (int64_t i = 0; i < 3; i++) {
        const s1_bar first = bar_at(2 * i, 100000);
        const s1_bar second = bar_at(2 * i + 1, 100000);
        s1_trading_context_begin_tick(context, second.close_time);
        s1_trading_context_append_bar(context, 0, &first);
        s1_trading_context_append_bar(context, 0, &second);
        s1_column_put(&column->column, 7.0);
        s1_column_store_seal(column);
    }
    for (uint64_t row = 0; row < 6; row++) {
        assert_true(row % 2 == 0 ? isnan(column->series.values[row])
                                 : column->series.values[row] == 7.0);
    }
    s1_trading_context_free(context);
}

static void test_a_row_left_out_is_nan(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(10, 0);
    s1_column_store *const column = column_new(context, 0, "ema_20");
    for (int64_t i = 0; i < 10; i++) {
        const s1_bar bar = bar_at(i, 100000);
        s1_trading_context_begin_tick(context, bar.close_time);
        s1_trading_context_append_bar(context, 0, &bar);
        if (i % 3 == 0) {
            s1_column_put(&column->column, (double)i);
        }
        s1_column_store_seal(column);
        assert_true(i % 3 == 0 ? s1_series_last(&column->series) == (double)i
                               : isnan(s1_series_last(&column->series)));
    }
    s1_trading_context_free(context);
}

/* The next row does not exist: never written, and under AddressSanitizer not addressable. */
static void test_there_is_no_future_in_memory(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(1000, 0);
    s1_column_store *const column = column_new(context, 0, "ema_20");
    for (int64_t i = 0; i < 500; i++) {
        const s1_bar bar = bar_at(i, 100000 + i);
        s1_trading_context_begin_tick(context, bar.close_time);
        s1_trading_context_append_bar(context, 0, &bar);
        s1_column_put(&column->column, 1.0);
        s1_column_store_seal(column);
        const double *const next[] = {&context->view.primary->close.values[i + 1],
                                      &context->view.primary->volume.values[i + 1],
                                      &column->series.values[i + 1]};
        for (size_t k = 0; k < sizeof next / sizeof next[0]; k++) {
#ifdef S1_TRADING_CONTEXT_POISON
            assert_true(__asan_address_is_poisoned(next[k]));
            assert_false(__asan_address_is_poisoned(next[k] - 1));
#else
            assert_true(*next[k] == 0.0);
#endif
        }
    }
    s1_trading_context_free(context);
}

static void test_columns_are_found_by_name_and_stream(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(10, 0);
    s1_column_store *const ema = column_new(context, 0, "ema_20");
    s1_column_store *const other = column_new(context, 1, "ema_20");
    s1_column_store *found = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_trading_context_find_column(context, 0, S1_STR("ema_20"), &found, &err),
                     S1_OK);
    assert_ptr_equal(found, ema);
    assert_int_equal(
        s1_trading_context_find_column(context, 0, S1_STR("ETH/USD@4h.ema_20"), &found, &err),
        S1_OK);
    assert_ptr_equal(found, other);
    assert_int_equal(
        s1_trading_context_find_column(context, 1, S1_STR("EUR/USD@60m.close"), &found, &err),
        S1_OK);
    assert_ptr_equal(found->series.values, context->view.primary->close.values);
    assert_int_equal(found->need_rows[0], 1);
    assert_int_equal(found->need_rows[1], 0);

    static const struct {
        const char *name;
        s1_rc rc;
        const char *message;
    } cases[] = {
        {"ema_50", S1_E_NOT_FOUND,
         "no column 'ema_50' on EUR/USD@1h; it has: open, high, low, close, volume, ema_20"},
        {"", S1_E_NOT_FOUND,
         "no column '' on EUR/USD@1h; it has: open, high, low, close, volume, ema_20"},
        {"ETH/USD@1h.close", S1_E_NOT_FOUND,
         "no stream 'ETH/USD@1h'; the blueprint's data has: EUR/USD@1h, ETH/USD@4h"},
        {"ETH/USD@4h", S1_E_INVALID,
         "'ETH/USD@4h' names a stream but no column; expected PAIR@TIMEFRAME.column"},
        {"@4h.close", S1_E_INVALID,
         "'@4h' names no stream; expected PAIR@TIMEFRAME, as in ETH/USD@1h"},
        {"ETH/USD@h.close", S1_E_INVALID,
         "'ETH/USD@h' names no stream; expected PAIR@TIMEFRAME, as in ETH/USD@1h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const s1_str name = {cases[i].name, strlen(cases[i].name)};
        assert_int_equal(s1_trading_context_find_column(context, 0, name, &found, &err),
                         cases[i].rc);
        assert_string_equal(err.msg, cases[i].message);
    }
    s1_trading_context_free(context);
}

static void test_refused_columns(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(10, 0);
    (void)column_new(context, 0, "ema_20");
    static const struct {
        const char *name;
        s1_rc rc;
        const char *message;
    } cases[] = {
        {"ema_20", S1_E_EXISTS, "column 'ema_20' of 'second' is provided by tester already"},
        {"close", S1_E_EXISTS, "column 'close' of 'second' is provided by the market data already"},
        {"", S1_E_INVALID, "column name '': expected 1 to 63 letters, digits and '_'"},
        {"a.b", S1_E_INVALID, "column name 'a.b': expected 1 to 63 letters, digits and '_'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const s1_column_options options = {.name = {cases[i].name, strlen(cases[i].name)},
                                           .owner = S1_STR("second")};
        s1_column_store *column = NULL;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_trading_context_add_column(context, &options, &column, &err),
                         cases[i].rc);
        assert_string_equal(err.msg, cases[i].message);
        assert_null(column);
    }
    s1_trading_context_free(context);
}

static void test_refused_contexts(void **state)
{
    (void)state;
    const s1_instrument deep = instrument_of(19, 0);
    const s1_stream_options good = {S1_STR("EUR/USD"), HOUR, &fx, 10};
    s1_stream_options streams[2] = {good, good};
    s1_trading_context_options options = {.streams = streams, .stream_count = 2};
    s1_trading_context *context = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_trading_context_new(&options, &context, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "streams 0 and 1 are the same: 'EUR/USD'");
    streams[1].timeframe = 0;
    assert_int_equal(s1_trading_context_new(&options, &context, &err), S1_E_INVALID);
    streams[1] = (s1_stream_options){S1_STR("A/B"), HOUR, &deep, 10};
    assert_int_equal(s1_trading_context_new(&options, &context, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "stream 1 ('A/B'): scales 19 and 0, expected 0..18");
    options.stream_count = 0;
    assert_int_equal(s1_trading_context_new(&options, &context, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "0 streams, expected 1 to 16");
    options.stream_count = 1;
    options.memory_max_bytes = 4096;
    assert_int_equal(s1_trading_context_new(&options, &context, &err), S1_E_NO_MEMORY);
    assert_non_null(strstr(err.msg, "the limit of 4096 bytes"));
    assert_null(context);
}

static void test_artefacts(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(10, 0);
    s1_artefact_store *zones = NULL;
    s1_artefact_store *found = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_trading_context_add_artefacts(context, 0, S1_STR("fvg"), S1_STR("finder"),
                                                      3, &zones, &err),
                     S1_OK);
    for (uint64_t i = 0; i < 5; i++) {
        const s1_artefact zone = {.row = i, .kind = S1_ARTEFACT_ZONE};
        s1_artefact_put(&zones->list, &zone);
    }
    assert_int_equal(
        s1_trading_context_find_artefacts(context, 1, S1_STR("EUR/USD@1h.fvg"), &found, &err),
        S1_OK);
    assert_ptr_equal(found, zones);
    assert_int_equal(s1_artefact_at(&found->list, 0)->row, 4);
    assert_int_equal(s1_artefact_at(&found->list, 2)->row, 2);
    assert_null(s1_artefact_at(&found->list, 3));
    assert_int_equal(s1_trading_context_find_artefacts(context, 0, S1_STR("zones"), &found, &err),
                     S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "no artefacts 'zones'; there are: fvg");
    assert_int_equal(
        s1_trading_context_add_artefacts(context, 0, S1_STR("fvg"), S1_STR("two"), 0, &zones, &err),
        S1_E_EXISTS);
    s1_trading_context_free(context);
}

/* Against the exact value in 128-bit integers: |m - d * 10^s| may not exceed half a step. */
static void test_prices_are_correctly_rounded(void **state)
{
    (void)state;
    static const struct {
        int64_t mantissa;
        uint32_t scale;
        double expected; /* as the compiler, correctly rounding, reads the literal */
    } cases[] = {
        {107123, 5, 1.07123},
        {-107123, 5, -1.07123},
        {9007199254740993, 0, 9007199254740993.0},
        {INT64_MAX, 0, 9223372036854775807.0},
        {INT64_MIN, 0, -9223372036854775808.0},
        {INT64_MAX, 18, 9.223372036854775807},
        {INT64_MIN, 18, -9.223372036854775808},
        {INT64_MAX, 8, 92233720368.54775807},
        {9007199254740993, 3, 9007199254740.993},
        {1234567890123456789, 9, 1234567890.123456789},
        {1234567890123456785, 17, 12.34567890123456785},
        {9100000000000000001, 1, 910000000000000000.1},
        {0, 18, 0.0},
    };
    double power[19] = {1.0};
    for (size_t i = 1; i < 19; i++) {
        power[i] = power[i - 1] * 10.0;
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(s1_mantissa_to_double(cases[i].mantissa, power[cases[i].scale]) ==
                    cases[i].expected);
    }
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const int64_t mantissa = (int64_t)random;
        const uint32_t scale = (uint32_t)(random % 19);
        char text[64];
        (void)snprintf(text, sizeof text, "%llde-%u", (long long)mantissa, scale);
        assert_true(s1_mantissa_to_double(mantissa, power[scale]) == strtod(text, NULL));
    }
}

/* What the engine must never do stops the process: here a child's. */
static void append_or_die(s1_nanos now, const s1_bar *bar, uint64_t capacity)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)fclose(stderr);
        s1_trading_context *const context = context_new(capacity, 0);
        const s1_bar first = bar_at(0, 100000);
        s1_trading_context_begin_tick(context, first.close_time);
        s1_trading_context_append_bar(context, 0, &first);
        s1_trading_context_begin_tick(context, now);
        s1_trading_context_append_bar(context, 0, bar);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_what_the_engine_must_never_do(void **state)
{
    (void)state;
    const s1_bar second = bar_at(1, 100000);
    append_or_die(second.close_time - 1, &second, 10); /* a bar from after now */
    append_or_die(second.close_time, &second, 1);      /* more bars than were reserved */
    const s1_bar first = bar_at(0, 100000);
    append_or_die(second.close_time, &first, 10);    /* a bar that is there already */
    append_or_die(first.close_time - 1, &first, 10); /* time runs backwards */
}

#ifndef S1_TRADING_CONTEXT_POISON /* the sanitizer's allocator is not the one mallinfo2 knows */
static void test_a_tick_allocates_nothing(void **state)
{
    (void)state;
    s1_trading_context *const context = context_new(20000, 0);
    s1_column_store *const column = column_new(context, 0, "ema_20");
    const size_t before = mallinfo2().uordblks;
    for (int64_t i = 0; i < 20000; i++) {
        const s1_bar bar = bar_at(i, 100000);
        s1_trading_context_begin_tick(context, bar.close_time);
        s1_trading_context_append_bar(context, 0, &bar);
        s1_column_put(&column->column, s1_series_last(&context->view.primary->close));
        s1_column_store_seal(column);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    s1_trading_context_free(context);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars_appear_one_by_one),
        cmocka_unit_test(test_a_slower_stream_grows_only_when_its_bar_closes),
        cmocka_unit_test(test_two_bars_of_one_stream_in_a_tick_leave_nan_between),
        cmocka_unit_test(test_a_row_left_out_is_nan),
        cmocka_unit_test(test_there_is_no_future_in_memory),
        cmocka_unit_test(test_columns_are_found_by_name_and_stream),
        cmocka_unit_test(test_refused_columns),
        cmocka_unit_test(test_refused_contexts),
        cmocka_unit_test(test_artefacts),
        cmocka_unit_test(test_prices_are_correctly_rounded),
        cmocka_unit_test(test_what_the_engine_must_never_do),
#ifndef S1_TRADING_CONTEXT_POISON
        cmocka_unit_test(test_a_tick_allocates_nothing),
#endif
    };
    return cmocka_run_group_tests_name("backend/core/trading_context", tests, NULL, NULL);
}
