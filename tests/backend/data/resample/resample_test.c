/* Resampling: rules by hand, properties against a plain second computation, and the exact checks
 * of ../shared/data/README.md §3 that need CSV alone. */
#include "backend/data/resample/resample.h"

#include "backend/dtos/market/stream_key.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE   S1_NANOS_PER_MINUTE
#define HOUR     S1_NANOS_PER_HOUR
#define DAY      S1_NANOS_PER_DAY
#define ROWS_MAX 80000u

/* Columns of anything; price 0..3 are open, high, low, close (of a trade: the price is open). */
typedef struct rows {
    size_t count;
    int64_t time[ROWS_MAX], price[4][ROWS_MAX], volume[ROWS_MAX], trades[ROWS_MAX], vwap[ROWS_MAX];
    int64_t id[ROWS_MAX];
    uint8_t side[ROWS_MAX];
} rows;

static rows in, out, official;
static bool has_counts; /* `in` is given with counts of trades */

static s1_bar_batch bars_of(const rows *r, size_t from, size_t count)
{
    return (s1_bar_batch){.count = count,
                          .open_time = r->time + from,
                          .open = r->price[0] + from,
                          .high = r->price[1] + from,
                          .low = r->price[2] + from,
                          .close = r->price[3] + from,
                          .volume = r->volume + from};
}

static s1_trade_batch trades_of(const rows *r, size_t from, size_t count)
{
    return (s1_trade_batch){.count = count,
                            .time = r->time + from,
                            .price = r->price[0] + from,
                            .quantity = r->volume + from,
                            .side = r->side + from};
}

static void keep(s1_resampler *r)
{
    s1_bar_batch batch;
    s1_resampler_take(r, &batch);
    for (size_t i = 0; i < batch.count; i++) {
        const size_t at = out.count++;
        assert_true(at < ROWS_MAX);
        out.time[at] = batch.open_time[i];
        out.price[0][at] = batch.open[i];
        out.price[1][at] = batch.high[i];
        out.price[2][at] = batch.low[i];
        out.price[3][at] = batch.close[i];
        out.volume[at] = batch.volume[i];
        out.trades[at] = batch.trades != NULL ? batch.trades[i] : -1;
        out.vwap[at] = batch.vwap != NULL ? batch.vwap[i] : -1;
    }
    s1_resampler_take(r, &batch);
    assert_int_equal(batch.count, 0);
}

/* `in` through a resampler into `out`, `step` rows at a time. */
static s1_rc run(const s1_resample_options *options, bool has_ids, size_t step,
                 s1_resample_counts *ret_counts, s1_err *err)
{
    s1_resampler *r = NULL;
    out.count = 0;
    S1_TRY(err, s1_resampler_new(options, &r, err));
    s1_rc rc = S1_OK;
    for (size_t at = 0; at < in.count && rc == S1_OK; at += step) {
        const size_t count = in.count - at < step ? in.count - at : step;
        if (options->from_type == S1_DATA_TRADES) {
            s1_trade_batch batch = trades_of(&in, at, count);
            batch.id = has_ids ? in.id + at : NULL;
            rc = s1_resampler_add_trades(r, &batch, err);
        } else {
            s1_bar_batch batch = bars_of(&in, at, count);
            batch.trades = has_counts ? in.trades + at : NULL;
            rc = s1_resampler_add_bars(r, &batch, err);
        }
        if (rc == S1_OK && at % 3 == 0) { /* taking late is the same as taking at once */
            keep(r);
        }
    }
    if (rc == S1_OK) {
        rc = s1_resampler_finish(r, err);
    }
    if (rc == S1_OK) {
        keep(r);
        *ret_counts = *s1_resampler_counts(r);
    }
    s1_resampler_free(r);
    return rc;
}

static s1_resample_counts resample(const s1_resample_options *options, bool has_ids)
{
    s1_resample_counts counts = {0};
    s1_err err = S1_ERR_INIT;
    if (run(options, has_ids, 777, &counts, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(counts.bars, out.count);
    assert_int_equal(counts.rows, in.count);
    return counts;
}

static s1_dec dec(const char *text)
{
    s1_dec value;
    assert_int_equal(s1_dec_parse(s1_str_of(text), &value, NULL), S1_OK);
    return value;
}

static void add_trade(s1_nanos time, int64_t price, int64_t quantity)
{
    const size_t at = in.count++;
    in.time[at] = time;
    in.price[0][at] = price;
    in.volume[at] = quantity;
    in.side[at] = S1_TRADE_BUY;
    in.id[at] = (int64_t)at;
}

static void add_bar(s1_nanos time, int64_t open, int64_t high, int64_t low, int64_t close,
                    int64_t volume)
{
    const size_t at = in.count++;
    in.time[at] = time;
    in.price[0][at] = open;
    in.price[1][at] = high;
    in.price[2][at] = low;
    in.price[3][at] = close;
    in.volume[at] = volume;
    in.trades[at] = volume;
}

static void assert_bar(size_t at, s1_nanos time, int64_t open, int64_t high, int64_t low,
                       int64_t close, int64_t volume)
{
    assert_true(at < out.count);
    assert_int_equal(out.time[at], time);
    assert_int_equal(out.price[0][at], open);
    assert_int_equal(out.price[1][at], high);
    assert_int_equal(out.price[2][at], low);
    assert_int_equal(out.price[3][at], close);
    assert_int_equal(out.volume[at], volume);
}

static s1_resample_options information(int32_t rule, const char *threshold);
static void refused(const s1_resample_options *options, bool has_ids, s1_rc code, const char *text);

static const s1_resample_options minute_trades = {.rule = S1_BARS_TIME,
                                                  .from_type = S1_DATA_TRADES,
                                                  .timeframe = MINUTE,
                                                  .price_scale = 2,
                                                  .qty_scale = 3};
static const s1_resample_options hourly_to_daily = {
    .rule = S1_BARS_TIME, .from_type = S1_DATA_OHLCV, .from_timeframe = HOUR, .timeframe = DAY};

/* --- Rules by hand ---------------------------------------------------------------------------- */

static void test_trades_to_minutes(void **state)
{
    (void)state;
    in.count = 0;
    add_trade(10 * MINUTE + 5, 100, 1);
    add_trade(10 * MINUTE + 5, 103, 2);
    add_trade(11 * MINUTE - 1, 99, 3);
    add_trade(11 * MINUTE, 101, 4);      /* the first moment of the next one */
    add_trade(14 * MINUTE + 1, 105, 10); /* two minutes without a trade */
    add_trade(15 * MINUTE, 106, 1);      /* not over */
    s1_resample_counts counts = resample(&minute_trades, false);
    assert_int_equal(out.count, 3);
    assert_bar(0, 10 * MINUTE, 100, 103, 99, 99, 6);
    assert_bar(1, 11 * MINUTE, 101, 101, 101, 101, 4);
    assert_bar(2, 14 * MINUTE, 105, 105, 105, 105, 10);
    assert_int_equal(out.trades[0], 3);
    assert_int_equal(out.vwap[0], 100); /* 603 / 6 = 100.5: half to even */
    assert_int_equal(counts.missing, 2);
    assert_int_equal(counts.partial_rows, 1);
    assert_int_equal(counts.partial_time, 15 * MINUTE);
    assert_true(counts.starts_inside);
    s1_resample_options options = minute_trades;
    options.keeps_partial = true;
    counts = resample(&options, true);
    assert_int_equal(out.count, 4);
    assert_bar(3, 15 * MINUTE, 106, 106, 106, 106, 1);
    assert_int_equal(counts.partial_rows, 1); /* still said */
    options.keeps_partial = false;
    options.known_to = 16 * MINUTE; /* recorded until then: it is over */
    counts = resample(&options, true);
    assert_int_equal(out.count, 4);
    assert_int_equal(counts.partial_rows, 0);
    options.known_to--;
    (void)resample(&options, true);
    assert_int_equal(out.count, 3);
}

static void test_average_price_rounds_half_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t prices[2], quantities[2], expected;
    } cases[] = {{{1, 2}, {1, 1}, 2},    /* 1.5 */
                 {{2, 3}, {1, 1}, 2},    /* 2.5 */
                 {{-1, -2}, {1, 1}, -2}, /* -1.5 */
                 {{-2, -3}, {1, 1}, -2}, /* -2.5 */
                 {{1, 2}, {2, 1}, 1},    /* 1.333 */
                 {{1, 2}, {1, 2}, 2},    /* 1.667 */
                 {{7, 9}, {0, 0}, 9},    /* no quantity: the close */
                 {{999999999999999999, 999999999999999997}, {40, 40}, 999999999999999998}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        in.count = 0;
        add_trade(0, cases[i].prices[0], cases[i].quantities[0]);
        add_trade(1, cases[i].prices[1], cases[i].quantities[1]);
        s1_resample_options options = minute_trades;
        options.keeps_partial = true;
        (void)resample(&options, false);
        assert_int_equal(out.vwap[0], cases[i].expected);
    }
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct {
        s1_nanos time, timeframe, offset, start;
    } cases[] = {{0, DAY, 0, 0},
                 {DAY - 1, DAY, 0, 0},
                 {-1, DAY, 0, -DAY},
                 {0, DAY, 8 * HOUR, -16 * HOUR},
                 {8 * HOUR, DAY, 8 * HOUR, 8 * HOUR},
                 {8 * HOUR, DAY, -16 * HOUR, 8 * HOUR},
                 {8 * HOUR, DAY, 80 * HOUR, 8 * HOUR},
                 {4 * DAY, 7 * DAY, 4 * DAY, 4 * DAY}, /* Monday 1970-01-05 */
                 {4 * DAY - 1, 7 * DAY, 4 * DAY, -3 * DAY},
                 {100, 7, 3, 94}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_nanos start;
        assert_int_equal(
            s1_time_bar_start(cases[i].time, cases[i].timeframe, cases[i].offset, &start, NULL),
            S1_OK);
        assert_int_equal(start, cases[i].start);
    }
    s1_nanos start = 77;
    assert_int_equal(s1_time_bar_start(INT64_MAX - 5, DAY, 0, &start, NULL), S1_E_RANGE);
    assert_int_equal(s1_time_bar_start(INT64_MIN + 5, DAY, 0, &start, NULL), S1_E_RANGE);
    assert_int_equal(start, 77);
    /* Days that open at 22:00: an hour at 21:00 closes one. */
    in.count = 0;
    for (int64_t hour = 0; hour < 60; hour++) {
        add_bar(hour * HOUR, hour, hour + 1, hour - 1, hour, 1);
    }
    s1_resample_options options = hourly_to_daily;
    options.offset = 22 * HOUR;
    const s1_resample_counts counts = resample(&options, false);
    assert_int_equal(out.count, 2);
    assert_bar(0, -2 * HOUR, 0, 22, -1, 21, 22);
    assert_bar(1, 22 * HOUR, 22, 46, 21, 45, 24);
    assert_int_equal(counts.partial_rows, 14);
    assert_int_equal(counts.partial_time, 46 * HOUR);
    assert_true(counts.starts_inside);
}

static void test_rows_without_trades(void **state)
{
    (void)state;
    in.count = 0;
    add_bar(0, 50, 50, 50, 50, 0); /* filled: the close before */
    add_bar(MINUTE, 60, 65, 58, 61, 5);
    add_bar(2 * MINUTE, 61, 61, 61, 61, 0);
    add_bar(3 * MINUTE, 61, 61, 61, 61, 0); /* nothing but filled ones: stays as it is */
    add_bar(5 * MINUTE, 61, 61, 61, 61, 0);
    add_bar(6 * MINUTE, 70, 70, 70, 70, 0); /* no volume at all: prices without it count */
    add_bar(7 * MINUTE, 71, 72, 69, 70, 0);
    add_bar(8 * MINUTE, 70, 70, 70, 70, 0);
    const s1_resample_options options = {.rule = S1_BARS_TIME,
                                         .from_type = S1_DATA_OHLCV,
                                         .from_timeframe = MINUTE,
                                         .timeframe = 3 * MINUTE};
    const s1_resample_counts counts = resample(&options, false);
    assert_int_equal(out.count, 3);
    assert_bar(0, 0, 60, 65, 58, 61, 5);
    assert_bar(1, 3 * MINUTE, 61, 61, 61, 61, 0);
    assert_bar(2, 6 * MINUTE, 70, 72, 69, 70, 0);
    assert_int_equal(counts.quiet_rows, 1);
    assert_int_equal(counts.missing, 0);
    assert_int_equal(out.trades[0], -1); /* not told, so not told */
    assert_int_equal(out.vwap[0], -1);
}

/* Holes are made bars of while the market is open. */
static void test_filled(void **state)
{
    (void)state;
    s1_session session = {0};
    assert_int_equal(s1_session_add_named(&session, S1_STR("weekdays"), NULL), S1_OK);
    in.count = 0;
    add_bar(DAY + 22 * HOUR, 10, 12, 9, 11, 5); /* Friday 1970-01-02, 22:00 */
    add_bar(DAY + 23 * HOUR, 11, 11, 11, 11, 1);
    add_bar(4 * DAY + 5 * HOUR, 20, 21, 19, 20, 7); /* Monday 05:00 */
    add_bar(4 * DAY + 6 * HOUR, 20, 20, 20, 20, 7);
    s1_resample_options options = hourly_to_daily;
    options.timeframe = 2 * HOUR;
    options.session = &session;
    s1_resample_counts counts = resample(&options, false);
    assert_int_equal(out.count, 4); /* 22:00; Monday 00:00 and 02:00 are made; 04:00 */
    assert_bar(0, DAY + 22 * HOUR, 10, 12, 9, 11, 6);
    assert_bar(1, 4 * DAY, 11, 11, 11, 11, 0);
    assert_bar(2, 4 * DAY + 2 * HOUR, 11, 11, 11, 11, 0);
    assert_bar(3, 4 * DAY + 4 * HOUR, 20, 21, 19, 20, 7);
    assert_int_equal(counts.filled, 2);
    assert_int_equal(counts.missing, 24); /* the weekend */
    assert_int_equal(counts.partial_rows, 1);
    options.session = NULL;
    counts = resample(&options, false);
    assert_int_equal(counts.missing, 26);
    assert_int_equal(out.count, 2);
    /* Of trades, with an average and a count of none. */
    in.count = 0;
    add_trade(0, 100, 3);
    add_trade(3 * MINUTE, 200, 3);
    options = minute_trades;
    session.closure_count = 0;
    options.session = &session;
    options.keeps_partial = true;
    counts = resample(&options, false);
    assert_int_equal(out.count, 4);
    assert_int_equal(out.trades[1], 0);
    assert_int_equal(out.vwap[2], 100);
    assert_int_equal(counts.filled, 2);
    in.time[1] = (s1_nanos)S1_RESAMPLE_FILL_MAX * 2 * MINUTE;
    options.keeps_partial = false;
    add_trade(in.time[1] + MINUTE, 1, 1);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(run(&options, false, 10, &counts, &err), S1_E_RANGE);
    assert_non_null(strstr(err.msg, "bars to fill before row"));
    options = information(S1_BARS_TICK, "3");
    options.session = &session;
    refused(&options, false, S1_E_INVALID, "tick bars: found a session to fill, expected none");
}

static void test_counts_add_up(void **state)
{
    (void)state;
    in.count = 0;
    for (int64_t hour = 0; hour < 48; hour++) {
        add_bar(hour * HOUR, 1, 1, 1, 1, hour);
    }
    s1_resample_options options = hourly_to_daily;
    has_counts = true;
    (void)resample(&options, false);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.trades[0], 276);
    assert_int_equal(out.trades[1], 852);
    has_counts = false;
}

static s1_resample_options information(int32_t rule, const char *threshold)
{
    return (s1_resample_options){.rule = rule,
                                 .from_type = S1_DATA_TRADES,
                                 .threshold = dec(threshold),
                                 .price_scale = 2,
                                 .qty_scale = 3};
}

static void test_bars_of_trades_volume_and_money(void **state)
{
    (void)state;
    in.count = 0;
    for (int64_t i = 0; i < 10; i++) { /* 1.00, 1.01, ... of 2.500 each */
        add_trade(i * 1000, 100 + i, 2500);
    }
    s1_resample_options options = information(S1_BARS_TICK, "3");
    s1_resample_counts counts = resample(&options, false);
    assert_int_equal(out.count, 3);
    assert_bar(0, 2000, 100, 102, 100, 102, 7500); /* the time of the trade that closed it */
    assert_bar(2, 8000, 106, 108, 106, 108, 7500);
    assert_int_equal(counts.partial_rows, 1);
    assert_int_equal(counts.partial_time, 9000);
    options = information(S1_BARS_VOLUME, "5");
    counts = resample(&options, false);
    assert_int_equal(out.count, 5);
    assert_int_equal(counts.partial_rows, 0);
    options = information(S1_BARS_VOLUME, "5.0001"); /* finer than the quantities: three trades */
    (void)resample(&options, false);
    assert_int_equal(out.count, 3);
    assert_int_equal(out.volume[0], 7500);
    options = information(S1_BARS_DOLLAR, "5.025"); /* 1.00 * 2.5 + 1.01 * 2.5, to the digit */
    (void)resample(&options, false);
    assert_int_equal(out.count, 5);
    options = information(S1_BARS_DOLLAR, "5.0250000001");
    (void)resample(&options, false);
    assert_bar(0, 2000, 100, 102, 100, 102, 7500);
    /* Scales that add up to more than 18 digits. */
    options.price_scale = 12;
    options.qty_scale = 12;
    options.threshold = dec("0.000000000000505"); /* 250000 + 252500 units of 10^-24, and more */
    assert_int_equal(resample(&options, false).bars, 0);
    /* A burst: bars of one time stand a nanosecond apart. */
    in.count = 0;
    for (int64_t i = 0; i < 3; i++) {
        add_trade(500, 100, 1);
    }
    add_trade(501, 100, 1);
    add_trade(900, 100, 1);
    options = information(S1_BARS_TICK, "1");
    counts = resample(&options, false);
    static const s1_nanos times[] = {500, 501, 502, 503, 900};
    assert_int_equal(out.count, 5);
    assert_memory_equal(out.time, times, sizeof times);
    assert_int_equal(counts.moved, 3);
}

static void test_repeats(void **state)
{
    (void)state;
    in.count = 0;
    add_trade(1, 100, 1);
    add_trade(1, 101, 1);
    add_trade(1, 100, 1); /* the page begins again */
    add_trade(1, 101, 1);
    add_trade(1, 102, 1);
    add_trade(2, 102, 1); /* another time: another trade */
    in.side[4] = S1_TRADE_SELL;
    s1_resample_options options = minute_trades;
    options.keeps_partial = true;
    (void)resample(&options, false);
    assert_int_equal(out.volume[0], 6);
    options.drops_repeats = true;
    s1_resample_counts counts = resample(&options, false);
    assert_int_equal(out.volume[0], 4);
    assert_int_equal(out.trades[0], 4);
    assert_int_equal(counts.repeats, 2);
    /* With ids only the id counts. */
    counts = resample(&options, true);
    assert_int_equal(counts.repeats, 0);
    in.id[1] = 0;
    counts = resample(&options, true);
    assert_int_equal(counts.repeats, 1);
}

/* --- Faults ----------------------------------------------------------------------------------- */

static void refused(const s1_resample_options *options, bool has_ids, s1_rc code, const char *text)
{
    s1_resample_counts counts;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(run(options, has_ids, 2, &counts, &err), code);
    if (strstr(err.msg, text) == NULL) {
        fail_msg("found '%s', expected '%s'", err.msg, text);
    }
}

static void test_bad_options(void **state)
{
    (void)state;
    static const struct {
        s1_resample_options options;
        const char *text;
    } cases[] = {
        {{.rule = 9, .from_type = S1_DATA_TRADES}, "rule of the bars: found 9"},
        {{.rule = S1_BARS_TIME, .from_type = 7}, "data type to resample: found '?'"},
        {{.rule = S1_BARS_TIME, .from_type = S1_DATA_TRADES},
         "timeframe of the bars: found 0 ns, expected above 0"},
        {{.rule = S1_BARS_TIME, .from_type = S1_DATA_OHLCV, .timeframe = 5},
         "timeframe to resample: found 0 ns, expected above 0"},
        {{.rule = S1_BARS_TIME,
          .from_type = S1_DATA_OHLCV,
          .from_timeframe = 2 * HOUR,
          .timeframe = 3 * HOUR},
         "found 3h, expected a multiple of the 2h of the bars they are made of"},
        {{.rule = S1_BARS_TICK, .from_type = S1_DATA_OHLCV, .from_timeframe = HOUR},
         "tick bars: found bars to make them of, expected trades"},
        {{.rule = S1_BARS_VOLUME, .from_type = S1_DATA_TRADES},
         "threshold of volume bars: expected a number above 0"},
        {{.rule = S1_BARS_TICK, .from_type = S1_DATA_TRADES, .threshold = {.lo = 5}},
         "threshold of tick bars: expected a whole number"},
        {{.rule = S1_BARS_TIME, .from_type = S1_DATA_TRADES, .timeframe = 5, .price_scale = 19},
         "scales: found 19 and 0, expected at most 18"},
        {{.rule = S1_BARS_TIME,
          .from_type = S1_DATA_OHLCV,
          .from_timeframe = 5,
          .timeframe = 5,
          .drops_repeats = true},
         "repeats to drop: found bars, expected trades"},
    };
    in.count = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refused(&cases[i].options, false, S1_E_INVALID, cases[i].text);
    }
}

static void test_bad_rows(void **state)
{
    (void)state;
    in.count = 0;
    add_trade(5, 1, 1);
    add_trade(6, 1, -1);
    refused(&minute_trades, false, S1_E_DATA, "trade 1: found quantity -1");
    in.volume[1] = 1;
    in.time[1] = 4;
    refused(&minute_trades, false, S1_E_DATA, "trade 1: found 1970-01-01T00:00:00.000000004Z");
    in.time[1] = 6;
    add_trade(7, 1, 1);
    in.id[2] = 0; /* ids may start again, but not within a time */
    (void)resample(&minute_trades, true);
    in.time[2] = 6;
    refused(&minute_trades, true, S1_E_DATA, "trade 2: found id 0, expected none below 1");
    in.count = 0;
    add_bar(0, 1, 1, 1, 1, 1);
    add_bar(0, 1, 1, 1, 1, 1);
    refused(&hourly_to_daily, false, S1_E_DATA,
            "bar 1: found 1970-01-01T00:00:00.000000000Z, expected a time after");
    in.time[1] = HOUR;
    in.volume[1] = -3;
    refused(&hourly_to_daily, false, S1_E_DATA, "bar 1: found volume -3");
    in.volume[1] = 1;
    s1_resample_options options = hourly_to_daily;
    options.offset = HOUR + HOUR / 2;
    refused(&options, false, S1_E_DATA,
            "bar 1: the 1h from 1970-01-01 01:00:00 on lie in two bars of 1d");
}

static void test_sums_that_do_not_fit(void **state)
{
    (void)state;
    in.count = 0;
    add_bar(0, 1, 1, 1, 1, S1_MANTISSA_MAX);
    for (int64_t hour = 1; hour < 24; hour++) {
        add_bar(hour * HOUR, 1, 1, 1, 1, 0);
    }
    (void)resample(&hourly_to_daily, false); /* just fits */
    assert_int_equal(out.volume[0], S1_MANTISSA_MAX);
    in.volume[23] = 1;
    refused(&hourly_to_daily, false, S1_E_RANGE, "the volume of the bar with row 23 has over 18");
    for (size_t i = 0; i < in.count; i++) {
        in.volume[i] = S1_MANTISSA_MAX; /* beyond 64 bits: no wrapping */
    }
    refused(&hourly_to_daily, false, S1_E_RANGE, "the volume of the bar with row 23 has over 18");
    in.count = 0;
    for (int64_t i = 0; i < 200; i++) {
        add_trade(i, S1_MANTISSA_MAX, S1_MANTISSA_MAX);
    }
    refused(&minute_trades, false, S1_E_RANGE, "price times quantity of its bar is too large");
}

static void test_rules_as_text(void **state)
{
    (void)state;
    int32_t rule = 0;
    s1_dec threshold = {0};
    assert_int_equal(s1_bar_rule_parse(S1_STR("volume:10.5"), &rule, &threshold, NULL), S1_OK);
    assert_int_equal(rule, S1_BARS_VOLUME);
    assert_true(s1_dec_eq(threshold, dec("10.5")));
    assert_int_equal(s1_bar_rule_parse(S1_STR("tick:500"), &rule, &threshold, NULL), S1_OK);
    assert_int_equal(rule, S1_BARS_TICK);
    static const char *const bad[] = {"", "volume", "volume:", "time:5", "volumes:5", "dollar:1e6"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(s1_bar_rule_parse(s1_str_of(bad[i]), &rule, &threshold, NULL),
                         S1_E_INVALID);
    }
    assert_string_equal(s1_bar_rule_name(S1_BARS_DOLLAR), "dollar");
    assert_string_equal(s1_bar_rule_name(0), "?");
}

/* --- Properties ------------------------------------------------------------------------------- */

static uint64_t chance_state;
static int64_t chance(int64_t below)
{
    chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((chance_state >> 33) % (uint64_t)below);
}

static void random_trades(uint64_t seed, size_t count)
{
    chance_state = seed;
    in.count = 0;
    s1_nanos time = chance(1000) * MINUTE;
    for (size_t i = 0; i < count; i++) {
        time += chance(4) == 0 ? 0 : chance(20) * S1_NANOS_PER_SECOND;
        time += chance(500) == 0 ? chance(600) * MINUTE : 0;
        add_trade(time, 100000 + chance(5000), chance(100000));
    }
}

/* Trades to 1m to 15m to 1h is trades to 1h, whatever the batches; and a bar is a function of its
 * own rows: what comes before or after changes nothing of it. */
static void test_steps_and_batches_do_not_matter(void **state)
{
    (void)state;
    static rows direct;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        random_trades(seed, 3000);
        const s1_nanos offset = (s1_nanos)(seed % 4) * 15 * MINUTE;
        s1_resample_options hourly = minute_trades;
        hourly.timeframe = HOUR;
        hourly.offset = offset;
        hourly.keeps_partial = true;
        (void)resample(&hourly, false);
        direct = out;
        s1_resample_counts counts;
        for (size_t step = 1; step < 3000; step = step * 5 + 2) {
            assert_int_equal(run(&hourly, false, step, &counts, NULL), S1_OK);
            assert_int_equal(out.count, direct.count);
            assert_memory_equal(out.time, direct.time, direct.count * sizeof out.time[0]);
            assert_memory_equal(out.volume, direct.volume, direct.count * sizeof out.time[0]);
        }
        static const s1_nanos chain[] = {MINUTE, 15 * MINUTE, HOUR};
        for (size_t k = 0; k < 3; k++) {
            s1_resample_options options = minute_trades;
            options.from_type = k == 0 ? S1_DATA_TRADES : S1_DATA_OHLCV;
            options.from_timeframe = k == 0 ? 0 : chain[k - 1];
            options.timeframe = chain[k];
            options.offset = offset;
            has_counts = k > 0;
            options.keeps_partial = true;
            (void)resample(&options, false);
            in = out;
        }
        has_counts = false;
        assert_int_equal(out.count, direct.count);
        for (size_t i = 0; i < direct.count; i++) {
            assert_bar(i, direct.time[i], direct.price[0][i], direct.price[1][i],
                       direct.price[2][i], direct.price[3][i], direct.volume[i]);
            assert_int_equal(out.trades[i], direct.trades[i]);
        }
    }
}

static void test_a_bar_is_a_function_of_its_rows(void **state)
{
    (void)state;
    static rows whole;
    random_trades(99, 5000);
    (void)resample(&minute_trades, false);
    whole = out;
    for (size_t cut = 1; cut < 5000; cut += 311) {
        in.count = cut;
        (void)resample(&minute_trades, false);
        assert_true(out.count < whole.count);
        assert_memory_equal(out.time, whole.time, out.count * sizeof out.time[0]);
        assert_memory_equal(out.price[3], whole.price[3], out.count * sizeof out.time[0]);
        assert_memory_equal(out.vwap, whole.vwap, out.count * sizeof out.time[0]);
        /* Closed: all of them end by the last trade. */
        assert_true(out.count == 0 || out.time[out.count - 1] + MINUTE <= in.time[cut - 1]);
    }
}

/* --- Real files ------------------------------------------------------------------------------- */

static int64_t mantissa(const char *text, unsigned scale)
{
    int64_t value;
    assert_int_equal(s1_dec_to_mantissa(dec(text), scale, S1_ROUND_HALF_EVEN, &value, NULL), S1_OK);
    return value;
}

static FILE *open_shared(const char *name)
{
    char path[1024];
    const char *const shared = getenv("S1_SHARED");
    (void)snprintf(path, sizeof path, "%s/data/crypto/kraken/%s",
                   shared != NULL ? shared : "../shared", name);
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        print_message("skipped: %s is absent\n", path);
    }
    return file;
}

/* Kraken's volumes have eight digits, but its files carry what its sums of doubles left behind them
 * ("5718.3365549701"), and different so in hours and days: 3.3e-8 at most in 341238.76747420. */
#define RESIDUE 4

static int64_t volume_of(const char *text)
{
    return (int64_t)llroundl(strtold(text, NULL) * 1e8L);
}

/* Kraken's OHLCVT: seconds, open, high, low, close, volume, count. Prices at 5 digits, volumes at
 * 8. Rows from `end` on (where the layout changes) are left out. */
static bool read_kraken(const char *name, s1_nanos end, rows *to)
{
    FILE *const file = open_shared(name);
    char line[512];
    to->count = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *field = line;
        const size_t at = to->count;
        for (size_t i = 0; i < 7; i++) {
            field[strcspn(field, ",\r\n")] = '\0';
            if (i == 0) {
                to->time[at] = strtoll(field, NULL, 10) * S1_NANOS_PER_SECOND;
            } else if (i < 5) {
                to->price[i - 1][at] = mantissa(field, 5);
            } else if (i == 5) {
                to->volume[at] = volume_of(field);
            } else {
                to->trades[at] = strtoll(field, NULL, 10);
            }
            field += strlen(field) + 1;
        }
        to->count += to->time[at] < end ? 1 : 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return file != NULL;
}

static bool is_same_bar(size_t a, size_t b)
{
    bool is_same =
        llabs(out.volume[a] - official.volume[b]) <= RESIDUE && out.trades[a] == official.trades[b];
    for (size_t k = 0; k < 4; k++) {
        is_same &= out.price[k][a] == official.price[k][b];
    }
    return is_same;
}

static void test_kraken_hours_make_its_days(void **state)
{
    (void)state;
    static const struct {
        const char *hours, *days;
        size_t count;
        const char *differs; /* the one day */
        bool is_cut;         /* it is the last one, which is not over */
    } cases[] = {{"XBTUSD_60.csv", "XBTUSD_1440.csv", 3369, "2023-01-07", true},
                 {"ETHUSD_60.csv", "ETHUSD_1440.csv", 2788, "2023-03-31", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_nanos odd;
        assert_int_equal(s1_time_parse(s1_str_of(cases[i].differs), &odd, NULL), S1_OK);
        if (!read_kraken(cases[i].hours, INT64_MAX, &in) ||
            !read_kraken(cases[i].days, odd + DAY, &official)) {
            continue;
        }
        s1_resample_options options = hourly_to_daily;
        has_counts = true;
        options.price_scale = 5;
        options.qty_scale = 8;
        options.keeps_partial = true;
        const s1_resample_counts counts = resample(&options, false);
        assert_int_equal(out.count, cases[i].count);
        assert_int_equal(official.count, cases[i].count);
        assert_int_equal(counts.partial_rows, cases[i].is_cut ? 10 : 0);
        size_t different = 0;
        for (size_t k = 0; k < out.count; k++) {
            assert_int_equal(out.time[k], official.time[k]);
            if (!is_same_bar(k, k)) {
                different++;
                assert_int_equal(out.time[k], odd);
            }
        }
        assert_int_equal(different, 1);
        options.keeps_partial = false;
        (void)resample(&options, false);
        assert_int_equal(out.count, cases[i].count - (cases[i].is_cut ? 1 : 0));
        has_counts = false;
    }
}

/* One hour of trades with a page boundary read twice, and the venue's bar of it. */
static void test_kraken_trades_make_its_hour(void **state)
{
    (void)state;
    FILE *const file = open_shared("BTCUSD_trades_2019-07-01T00.csv");
    if (file == NULL || !read_kraken("XBTUSD_60.csv", INT64_MAX, &official)) {
        return;
    }
    char line[512];
    in.count = 0;
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        char time[64], side[16], price[64], amount[64];
        assert_int_equal(
            sscanf(line, "%63[^,],%*[^,],%15[^,],%63[^,],%63[^,\r\n]", time, side, price, amount),
            4);
        add_trade(strtoll(time, NULL, 10) * 1000000, mantissa(price, 5), volume_of(amount));
        in.side[in.count - 1] = side[0] == 's' ? S1_TRADE_SELL : S1_TRADE_BUY;
    }
    (void)fclose(file);
    assert_int_equal(in.count, 2672);
    s1_resample_options options = minute_trades;
    options.timeframe = HOUR;
    options.price_scale = 5;
    options.qty_scale = 8;
    options.drops_repeats = true;
    options.keeps_partial = true;
    const s1_resample_counts counts = resample(&options, false);
    assert_int_equal(counts.repeats, 1);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.volume[0], mantissa("903.65604099", 8));
    assert_int_equal(out.trades[0], 2671);
    for (size_t k = 0; k < official.count; k++) {
        if (official.time[k] == out.time[0]) {
            assert_true(is_same_bar(0, k));
            return;
        }
    }
    fail_msg("the hour is not in XBTUSD_60.csv");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trades_to_minutes),
        cmocka_unit_test(test_average_price_rounds_half_to_even),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_rows_without_trades),
        cmocka_unit_test(test_filled),
        cmocka_unit_test(test_counts_add_up),
        cmocka_unit_test(test_bars_of_trades_volume_and_money),
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_bad_rows),
        cmocka_unit_test(test_sums_that_do_not_fit),
        cmocka_unit_test(test_rules_as_text),
        cmocka_unit_test(test_steps_and_batches_do_not_matter),
        cmocka_unit_test(test_a_bar_is_a_function_of_its_rows),
        cmocka_unit_test(test_kraken_hours_make_its_days),
        cmocka_unit_test(test_kraken_trades_make_its_hour),
    };
    return cmocka_run_group_tests_name("resample", tests, NULL, NULL);
}
