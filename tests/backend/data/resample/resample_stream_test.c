/* A stream made of another in an archive: what is stored, what is refused, what stays as it was. */
#include "backend/data/resample/resample_stream.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR   S1_NANOS_PER_HOUR
#define MINUTE S1_NANOS_PER_MINUTE
#define ROWS   1000u

static const s1_stream_key hourly = {
    .asset_pair = {"BTC/USD", 7}, .timeframe = HOUR, .data_type = S1_DATA_OHLCV};
static const s1_stream_key ticks = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES};

typedef struct fixture {
    s1_data_persistor *archive;
    int64_t time[ROWS], price[ROWS], quantity[ROWS];
    uint8_t side[ROWS];
    uint64_t stop_after; /* batches until progress stops; 0: never */
} fixture;

/* A trade every half minute, 2.500 each; one in the middle stands there twice. */
static int setup(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_int_equal(s1_memory_persistor_new(&f->archive, NULL), S1_OK);
    for (size_t i = 0; i < ROWS; i++) {
        f->time[i] = (s1_nanos)i * MINUTE / 2;
        f->price[i] = 10000 + (int64_t)(i * 7919 % 1009);
        f->quantity[i] = 2500;
        f->side[i] = S1_TRADE_BUY;
    }
    f->time[501] = f->time[500];
    f->price[501] = f->price[500];
    const s1_trade_batch trades = {.count = ROWS,
                                   .time = f->time,
                                   .price = f->price,
                                   .quantity = f->quantity,
                                   .side = f->side};
    const s1_market_batch batch = s1_market_batch_of_trades(&trades);
    const s1_market_scales scales = {.price = 2, .qty = 3};
    s1_data_writer *writer = NULL;
    const s1_writer_options options = {.overlap = S1_OVERLAP_REPLACE, .columns = 0xf};
    assert_int_equal(s1_data_open_writer(f->archive, &ticks, &options, &writer, NULL), S1_OK);
    assert_int_equal(s1_data_writer_append(writer, &batch, &scales, NULL), S1_OK);
    assert_int_equal(s1_data_writer_commit(writer, NULL, NULL), S1_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *const f = *state;
    s1_data_persistor_free(f->archive);
    free(f);
    return 0;
}

static s1_resample_task task_of(const fixture *f, const s1_stream_key *from, s1_nanos timeframe)
{
    s1_resample_task task = {.archive = f->archive,
                             .from = *from,
                             .to = hourly,
                             .rule = S1_BARS_TIME,
                             .overlap = S1_OVERLAP_REPLACE};
    task.to.timeframe = timeframe;
    return task;
}

static s1_resample_result make(const s1_resample_task *task)
{
    s1_resample_result result = {0};
    s1_err err = S1_ERR_INIT;
    if (s1_resample_stream(task, &result, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return result;
}

static void refused(const s1_resample_task *task, s1_rc code, const char *text)
{
    s1_resample_result result = {.counts.rows = 77};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_resample_stream(task, &result, &err), code);
    if (strstr(err.msg, text) == NULL) {
        fail_msg("found '%s', expected '%s'", err.msg, text);
    }
    assert_int_equal(result.counts.rows, 77);
}

static void test_trades_become_bars_and_these_larger_ones(void **state)
{
    const fixture *const f = *state;
    s1_resample_task task = task_of(f, &ticks, MINUTE);
    s1_resample_result result = make(&task);
    assert_int_equal(result.counts.rows, ROWS);
    assert_int_equal(result.counts.bars, 499); /* the last one is not over */
    assert_int_equal(result.saved.rows_written, 499);
    assert_int_equal(result.saved.scales.price, 2);
    assert_int_equal(result.saved.scales.qty, 3);
    assert_int_equal(result.saved.scales.vwap, 2);
    assert_false(result.saved.is_unchanged);
    assert_true(make(&task).saved.is_unchanged);
    /* Their counts and volumes go on; a rounded average does not. */
    s1_stream_key minutes = hourly;
    minutes.timeframe = MINUTE;
    task = task_of(f, &minutes, HOUR);
    result = make(&task);
    assert_int_equal(result.counts.bars, 8);
    s1_bar_reader *reader = NULL;
    s1_bar_batch bars;
    assert_int_equal(s1_data_load_ohlcv(f->archive, &hourly, S1_RANGE_ALL, &reader, NULL), S1_OK);
    assert_int_equal(s1_bar_reader_next(reader, &bars, NULL), S1_OK);
    assert_int_equal(bars.count, 8);
    assert_non_null(bars.trades);
    assert_null(bars.vwap);
    assert_int_equal(bars.trades[0], 120);
    assert_int_equal(bars.volume[0], 120 * 2500);
    s1_bar_reader_close(reader);
}

static void test_repeats_are_dropped(void **state)
{
    const fixture *const f = *state;
    s1_resample_task task = task_of(f, &ticks, HOUR);
    task.drops_repeats = true;
    task.keeps_partial = true;
    const s1_resample_result result = make(&task);
    assert_int_equal(result.counts.repeats, 1);
    assert_int_equal(result.counts.bars, 9);
    assert_int_equal(result.counts.partial_rows, 40);
}

static void test_bars_of_volume_have_a_source_of_their_own(void **state)
{
    const fixture *const f = *state;
    s1_resample_task task = task_of(f, &ticks, S1_INFORMATION_TIMEFRAME);
    char source[S1_SOURCE_TEXT_MAX + 1];
    task.rule = S1_BARS_VOLUME;
    assert_int_equal(s1_dec_parse(S1_STR("12.5"), &task.threshold, NULL), S1_OK);
    assert_int_equal(
        s1_resample_source_name(S1_STR("kraken"), task.rule, task.threshold, source, NULL), S1_OK);
    assert_string_equal(source, "kraken-volume-12_5");
    assert_int_equal(s1_resample_source_name(S1_STR(""), task.rule, task.threshold, source, NULL),
                     S1_OK);
    assert_string_equal(source, "volume-12_5");
    assert_int_equal(s1_resample_source_name(S1_STR("a-rather-long-name-of-a-venue"), task.rule,
                                             task.threshold, source, NULL),
                     S1_E_RANGE);
    task.to.source = s1_str_of(source);
    const s1_resample_result result = make(&task);
    assert_int_equal(result.counts.bars, 200);
    assert_int_equal(result.saved.first, f->time[4]);
}

static void test_what_cannot_be(void **state)
{
    const fixture *const f = *state;
    s1_resample_task task = task_of(f, &ticks, HOUR);
    (void)make(&task);
    task.offset = 30 * MINUTE;
    refused(&task, S1_E_EXISTS,
            "the archive holds BTC/USD 1h ohlcv that open at another offset "
            "(the first at 1970-01-01 00:00:00)");
    task = task_of(f, &hourly, HOUR);
    refused(&task, S1_E_INVALID, "found BTC/USD 1h ohlcv to make of itself");
    task = task_of(f, &ticks, HOUR);
    task.to.data_type = S1_DATA_TRADES;
    task.to.timeframe = 0;
    refused(&task, S1_E_INVALID, "stream to make: found trades, expected ohlcv");
    task = task_of(f, &ticks, HOUR);
    task.from.asset_pair = S1_STR("ETH/USD");
    refused(&task, S1_E_NOT_FOUND, "no ETH/USD trades in");
    task = task_of(f, &ticks, HOUR);
    task.from.data_type = S1_DATA_BOOK;
    refused(&task, S1_E_NOT_FOUND, "no BTC/USD book in");
    task = task_of(f, &ticks, 24 * HOUR);
    assert_int_equal(make(&task).saved.rows_written, 0); /* no day is over: nothing to store */
}

static s1_rc stop(void *user, uint64_t done, uint64_t total)
{
    (void)user;
    assert_int_equal(done, ROWS);
    assert_int_equal(total, ROWS);
    return S1_E_CANCELED;
}

static void test_a_stop_leaves_the_archive_as_it_was(void **state)
{
    const fixture *const f = *state;
    s1_resample_task task = task_of(f, &ticks, MINUTE);
    s1_resample_result result;
    s1_archive_info info = {.size = sizeof info};
    task.progress = stop;
    assert_int_equal(s1_resample_stream(&task, &result, NULL), S1_E_CANCELED);
    assert_int_equal(s1_data_get_info(f->archive, &task.to, &info, NULL), S1_E_NOT_FOUND);
    task.progress = NULL;
    (void)make(&task);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_trades_become_bars_and_these_larger_ones),  CASE(test_repeats_are_dropped),
        CASE(test_bars_of_volume_have_a_source_of_their_own), CASE(test_what_cannot_be),
        CASE(test_a_stop_leaves_the_archive_as_it_was),
    };
    return cmocka_run_group_tests_name("resample_stream", tests, NULL, NULL);
}
