#include "backend/data/resample/resample.h"

#include "backend/dtos/market/stream_key.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

/* A 128-bit sum of products keeps this much room: nothing larger is divided. */
#define AMOUNT_MAX (((s1_i128)1) << 126)

enum out_column {
    OUT_TIME,
    OUT_OPEN,
    OUT_HIGH,
    OUT_LOW,
    OUT_CLOSE,
    OUT_VOLUME,
    OUT_TRADES,
    OUT_VWAP,
    OUT_COLUMNS
};

/* The bar that rows are added to. */
typedef struct open_bar {
    s1_nanos start, end; /* of time bars */
    int64_t open, high, low, close;
    s1_i128 volume, amount; /* amount: sum of price * quantity */
    s1_i128 trades;
    uint64_t rows;    /* 0: there is none */
    s1_nanos row_end; /* when the last row is over */
    bool is_quiet;    /* no row had trades */
} open_bar;

/* The trades that share the last time, for drops_repeats without ids. */
typedef struct repeat_window {
    size_t count, next;
    int64_t price[S1_REPEAT_WINDOW], quantity[S1_REPEAT_WINDOW];
    uint8_t side[S1_REPEAT_WINDOW];
} repeat_window;

struct s1_resampler {
    s1_resample_options options;
    s1_i128 limit; /* the threshold in units of what is summed up */
    open_bar bar;
    s1_nanos last_time; /* of the rows */
    int64_t last_id;
    bool has_rows, has_ids, has_bars;
    bool has_counts;   /* the bars that come in have counts of trades */
    s1_nanos last_bar; /* time of the last bar that came out */
    int64_t last_close;
    int64_t *columns[OUT_COLUMNS];
    size_t count, capacity;
    bool is_taken; /* the columns were given out: the next call starts them again */
    s1_resample_counts counts;
    repeat_window *window; /* with drops_repeats */
};

const char *s1_bar_rule_name(int32_t rule)
{
    switch (rule) {
#define X(name, value, text)                                                                       \
    case value:                                                                                    \
        return text;
        S1_BAR_RULE_MAP(X)
#undef X
    default:
        return "?";
    }
}

s1_rc s1_bar_rule_parse(s1_str text, int32_t *ret_rule, s1_dec *ret_threshold, s1_err *err)
{
    static const int32_t rules[] = {S1_BARS_TICK, S1_BARS_VOLUME, S1_BARS_DOLLAR};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *const name = s1_bar_rule_name(rules[i]);
        const size_t length = strlen(name);
        s1_dec threshold;
        if (text.len <= length + 1 || memcmp(text.ptr, name, length) != 0 ||
            text.ptr[length] != ':') {
            continue;
        }
        const s1_str number = {text.ptr + length + 1, text.len - length - 1};
        S1_TRY(err, s1_dec_parse(number, &threshold, err));
        *ret_rule = rules[i];
        *ret_threshold = threshold;
        return S1_OK;
    }
    return S1_RAISE(err, S1_E_INVALID,
                    "bars: found '%.*s', expected tick:N, volume:QUANTITY or dollar:AMOUNT",
                    (int)(text.len < 64 ? text.len : 64), text.ptr != NULL ? text.ptr : "");
}

s1_rc s1_time_bar_start(s1_nanos time, s1_nanos timeframe, s1_nanos offset, s1_nanos *ret_start,
                        s1_err *err)
{
    const s1_i128 away = (s1_i128)time - offset;
    s1_i128 inside = away % timeframe;
    inside += inside < 0 ? timeframe : 0;
    const s1_i128 start = (s1_i128)time - inside;
    if (start < INT64_MIN || start + timeframe > INT64_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "the bar of %lld ns is outside the years 1677 to 2262",
                        (long long)time);
    }
    *ret_start = (s1_nanos)start;
    return S1_OK;
}

/* --- Options ---------------------------------------------------------------------------------- */

static s1_rc check_time_rule(const s1_resample_options *options, s1_err *err)
{
    char to[S1_TIMEFRAME_TEXT_MAX], from[S1_TIMEFRAME_TEXT_MAX];
    if (options->timeframe <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "timeframe of the bars: found %lld ns, expected above 0",
                        (long long)options->timeframe);
    }
    if (options->from_type == S1_DATA_OHLCV && options->timeframe % options->from_timeframe != 0) {
        (void)s1_timeframe_print(options->timeframe, to);
        (void)s1_timeframe_print(options->from_timeframe, from);
        return S1_RAISE(err, S1_E_INVALID,
                        "timeframe of the bars: found %s, expected a multiple of the %s of the "
                        "bars they are made of",
                        to, from);
    }
    return S1_OK;
}

/* The threshold in whole units of 10^-places, rounded up: a sum reaches one where it reaches the
 * other. */
static s1_rc threshold_at(s1_dec threshold, unsigned places, s1_i128 *ret_limit, s1_err *err)
{
    s1_i128 raw = s1_dec_raw(threshold);
    if (places <= S1_DEC_SCALE) {
        const s1_i128 unit = (s1_i128)s1_dec_internal_pow10(S1_DEC_SCALE - places);
        *ret_limit = raw / unit + (raw % unit != 0);
        return S1_OK;
    }
    if (__builtin_mul_overflow(raw, (s1_i128)s1_dec_internal_pow10(places - S1_DEC_SCALE), &raw)) {
        return S1_RAISE(err, S1_E_RANGE, "threshold of the bars: too large at %u decimals", places);
    }
    *ret_limit = raw;
    return S1_OK;
}

static s1_rc check_threshold(const s1_resample_options *options, s1_i128 *ret_limit, s1_err *err)
{
    const char *const name = s1_bar_rule_name(options->rule);
    if (options->from_type != S1_DATA_TRADES) {
        return S1_RAISE(err, S1_E_INVALID, "%s bars: found bars to make them of, expected trades",
                        name);
    }
    if (options->session != NULL) {
        return S1_RAISE(err, S1_E_INVALID, "%s bars: found a session to fill, expected none", name);
    }
    if (s1_dec_sign(options->threshold) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "threshold of %s bars: expected a number above 0", name);
    }
    if (options->rule == S1_BARS_TICK &&
        s1_dec_raw(options->threshold) % (s1_i128)S1_DEC_UNIT != 0) {
        return S1_RAISE(err, S1_E_INVALID, "threshold of tick bars: expected a whole number");
    }
    const unsigned places = options->rule == S1_BARS_TICK ? 0
                            : options->rule == S1_BARS_VOLUME
                                ? options->qty_scale
                                : options->price_scale + options->qty_scale;
    return threshold_at(options->threshold, places, ret_limit, err);
}

static s1_rc check_options(const s1_resample_options *options, s1_i128 *ret_limit, s1_err *err)
{
    if (options->from_type != S1_DATA_OHLCV && options->from_type != S1_DATA_TRADES) {
        return S1_RAISE(err, S1_E_INVALID,
                        "data type to resample: found '%s', expected ohlcv or trades",
                        s1_data_type_name(options->from_type));
    }
    if (options->from_type == S1_DATA_OHLCV && options->from_timeframe <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "timeframe to resample: found %lld ns, expected above 0",
                        (long long)options->from_timeframe);
    }
    if (options->price_scale > S1_SCALE_MAX || options->qty_scale > S1_SCALE_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "scales: found %u and %u, expected at most %u",
                        options->price_scale, options->qty_scale, S1_SCALE_MAX);
    }
    if (options->drops_repeats && options->from_type != S1_DATA_TRADES) {
        return S1_RAISE(err, S1_E_INVALID, "repeats to drop: found bars, expected trades");
    }
    switch (options->rule) {
    case S1_BARS_TIME:
        return check_time_rule(options, err);
    case S1_BARS_TICK:
    case S1_BARS_VOLUME:
    case S1_BARS_DOLLAR:
        return check_threshold(options, ret_limit, err);
    default:
        return S1_RAISE(err, S1_E_INVALID, "rule of the bars: found %d, expected an s1_bar_rule",
                        options->rule);
    }
}

s1_rc s1_resampler_new(const s1_resample_options *options, s1_resampler **ret_resampler,
                       s1_err *err)
{
    s1_i128 limit = 0;
    S1_TRY(err, check_options(options, &limit, err));
    s1_resampler *const r = calloc(1, sizeof *r);
    if (r == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a resampler");
    }
    r->options = *options;
    r->limit = limit;
    if (options->drops_repeats) {
        r->window = calloc(1, sizeof *r->window);
        if (r->window == NULL) {
            free(r);
            return S1_RAISE(err, S1_E_NO_MEMORY, "a resampler");
        }
    }
    *ret_resampler = r;
    return S1_OK;
}

void s1_resampler_free(s1_resampler *resampler)
{
    if (resampler == NULL) {
        return;
    }
    for (size_t i = 0; i < OUT_COLUMNS; i++) {
        free(resampler->columns[i]);
    }
    free(resampler->window);
    free(resampler);
}

/* --- Bars that are over ----------------------------------------------------------------------- */

static s1_rc make_room(s1_resampler *r, s1_err *err)
{
    if (r->count < r->capacity) {
        return S1_OK;
    }
    const size_t capacity = r->capacity == 0 ? 1024 : r->capacity * 2;
    for (size_t i = 0; i < OUT_COLUMNS; i++) {
        int64_t *const grown = realloc(r->columns[i], capacity * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu bars", capacity);
        }
        r->columns[i] = grown;
    }
    r->capacity = capacity;
    return S1_OK;
}

/* sum(price * quantity) / sum(quantity), half to even. */
static int64_t average_price(const open_bar *bar)
{
    if (bar->volume == 0) {
        return bar->close;
    }
    const s1_u128 magnitude = s1_dec_internal_magnitude(bar->amount);
    const s1_u128 divisor = (s1_u128)bar->volume;
    const s1_u128 rest = magnitude % divisor;
    s1_u128 quotient = magnitude / divisor; /* between low and high: fits */
    quotient +=
        s1_dec_internal_increment(quotient, rest, divisor, bar->amount < 0, S1_ROUND_HALF_EVEN);
    return bar->amount < 0 ? -(int64_t)quotient : (int64_t)quotient;
}

static void put_bar(s1_resampler *r, s1_nanos time, const open_bar *bar, int64_t vwap)
{
    const size_t at = r->count++;
    r->columns[OUT_TIME][at] = time;
    r->columns[OUT_OPEN][at] = bar->open;
    r->columns[OUT_HIGH][at] = bar->high;
    r->columns[OUT_LOW][at] = bar->low;
    r->columns[OUT_CLOSE][at] = bar->close;
    r->columns[OUT_VOLUME][at] = (int64_t)bar->volume;
    r->columns[OUT_TRADES][at] = (int64_t)bar->trades;
    r->columns[OUT_VWAP][at] = vwap;
    r->last_bar = time;
    r->last_close = bar->close;
    r->has_bars = true;
    r->counts.bars++;
}

/* Bars between the last one that came out and the open one: counted, or made while the market was
 * open. */
static s1_rc pass_gap(s1_resampler *r, s1_err *err)
{
    const s1_nanos timeframe = r->options.timeframe;
    if (!r->has_bars || r->bar.start - r->last_bar == timeframe) {
        return S1_OK;
    }
    uint64_t missing = (uint64_t)((r->bar.start - r->last_bar) / timeframe) - 1;
    const int64_t close = r->last_close;
    const open_bar flat = {.open = close, .high = close, .low = close, .close = close};
    for (uint64_t made = 0; r->options.session != NULL; made++) {
        const s1_open_slots slots =
            s1_session_open_slots(r->options.session, r->last_bar, r->bar.start, timeframe);
        if (slots.count == 0) {
            break;
        }
        if (made == S1_RESAMPLE_FILL_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "over %u bars to fill before row %llu",
                            S1_RESAMPLE_FILL_MAX, (unsigned long long)(r->counts.rows - 1));
        }
        S1_TRY(err, make_room(r, err));
        put_bar(r, slots.first, &flat, close);
        r->counts.filled++;
        missing--;
    }
    r->counts.missing += missing;
    return S1_OK;
}

/* The time of the open bar. */
static s1_nanos bar_time(s1_resampler *r)
{
    if (r->options.rule == S1_BARS_TIME) {
        return r->bar.start;
    }
    if (r->has_bars && r->last_time <= r->last_bar) {
        r->counts.moved++;
        return r->last_bar + 1;
    }
    return r->last_time;
}

/* Puts the open bar out. */
static s1_rc close_bar(s1_resampler *r, s1_err *err)
{
    open_bar *const bar = &r->bar;
    if (bar->volume > S1_MANTISSA_MAX || bar->trades > S1_MANTISSA_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "the %s of the bar with row %llu has over 18 digits",
                        bar->volume > S1_MANTISSA_MAX ? "volume" : "count",
                        (unsigned long long)(r->counts.rows - 1));
    }
    if (r->options.rule == S1_BARS_TIME) {
        S1_TRY(err, pass_gap(r, err));
    }
    S1_TRY(err, make_room(r, err));
    put_bar(r, bar_time(r), bar, r->options.from_type == S1_DATA_TRADES ? average_price(bar) : 0);
    bar->rows = 0;
    return S1_OK;
}

static void restart(s1_resampler *r)
{
    if (r->is_taken) {
        r->count = 0;
        r->is_taken = false;
    }
}

/* Makes the bar that holds `time` the open one. */
static s1_rc start_bar(s1_resampler *r, s1_nanos time, s1_err *err)
{
    open_bar *const bar = &r->bar;
    bar->rows = 0;
    bar->volume = 0;
    bar->amount = 0;
    bar->trades = 0;
    bar->is_quiet = true;
    if (r->options.rule != S1_BARS_TIME) {
        return S1_OK;
    }
    S1_TRY(err, s1_time_bar_start(time, r->options.timeframe, r->options.offset, &bar->start, err));
    bar->end = bar->start + r->options.timeframe;
    if (!r->has_bars && r->counts.rows == 0) {
        r->counts.starts_inside = time != bar->start;
    }
    return S1_OK;
}

/* Its time is over: puts the open bar out and starts that of `time`. */
static s1_rc next_bar(s1_resampler *r, s1_nanos time, s1_err *err)
{
    if (r->bar.rows > 0) {
        S1_TRY(err, close_bar(r, err));
    }
    return start_bar(r, time, err);
}

/* --- Trades ----------------------------------------------------------------------------------- */

static bool is_in_window(const repeat_window *w, int64_t price, int64_t quantity, uint8_t side)
{
    for (size_t i = 0; i < w->count; i++) {
        if (w->price[i] == price && w->quantity[i] == quantity && w->side[i] == side) {
            return true;
        }
    }
    return false;
}

/* Was this trade given before? Trades that were not are remembered while their time lasts. */
static bool is_repeat(s1_resampler *r, const s1_trade_batch *batch, size_t i, const int64_t *ids)
{
    if (ids != NULL) {
        return r->has_ids && ids[i] == r->last_id;
    }
    repeat_window *const w = r->window;
    const uint8_t side = batch->side != NULL ? batch->side[i] : S1_TRADE_SIDE_UNKNOWN;
    if (!r->has_rows || batch->time[i] != r->last_time) {
        w->count = 0;
        w->next = 0;
    }
    if (is_in_window(w, batch->price[i], batch->quantity[i], side)) {
        return true;
    }
    w->price[w->next] = batch->price[i];
    w->quantity[w->next] = batch->quantity[i];
    w->side[w->next] = side;
    w->next = (w->next + 1) % S1_REPEAT_WINDOW;
    w->count += w->count < S1_REPEAT_WINDOW ? 1 : 0;
    return false;
}

__attribute__((cold, noinline)) static s1_rc refuse_trade(const s1_resampler *r,
                                                          const s1_trade_batch *batch, size_t i,
                                                          const int64_t *ids, s1_err *err)
{
    const unsigned long long row = r->counts.rows;
    char time[S1_TIME_TEXT_MAX];
    (void)s1_time_print(batch->time[i], time);
    if (batch->quantity[i] < 0) {
        return S1_RAISE(err, S1_E_DATA, "trade %llu: found quantity %lld, expected none below 0",
                        row, (long long)batch->quantity[i]);
    }
    if (batch->time[i] < r->last_time) {
        return S1_RAISE(err, S1_E_DATA,
                        "trade %llu: found %s, expected no time before that of the trade before",
                        row, time);
    }
    return S1_RAISE(err, S1_E_DATA, "trade %llu: found id %lld, expected none below %lld", row,
                    (long long)ids[i], (long long)r->last_id);
}

static inline s1_rc add_trade(s1_resampler *r, int64_t price, int64_t quantity, s1_err *err)
{
    open_bar *const bar = &r->bar;
    if (bar->rows == 0) {
        bar->open = price;
        bar->high = price;
        bar->low = price;
    }
    bar->high = price > bar->high ? price : bar->high;
    bar->low = price < bar->low ? price : bar->low;
    bar->close = price;
    bar->volume += quantity; /* 2^64 rows of 2^63 at most */
    bar->amount += (s1_i128)price * quantity;
    if (__builtin_expect(bar->amount > AMOUNT_MAX || bar->amount < -AMOUNT_MAX, 0)) {
        return S1_RAISE(err, S1_E_RANGE, "trade %llu: price times quantity of its bar is too large",
                        (unsigned long long)r->counts.rows);
    }
    bar->trades++;
    bar->rows++;
    return S1_OK;
}

static bool is_full(const s1_resampler *r)
{
    switch (r->options.rule) {
    case S1_BARS_TICK:
        return r->bar.trades >= r->limit;
    case S1_BARS_VOLUME:
        return r->bar.volume >= r->limit;
    default:
        return r->bar.amount >= r->limit;
    }
}

/* One trade that is in order and no repeat. */
static inline s1_rc take_trade(s1_resampler *r, s1_nanos time, int64_t price, int64_t quantity,
                               s1_err *err)
{
    const bool is_timed = r->options.rule == S1_BARS_TIME;
    if (r->bar.rows == 0 || (is_timed && time >= r->bar.end)) {
        S1_TRY(err, next_bar(r, time, err));
    }
    r->last_time = time;
    r->has_rows = true;
    S1_TRY(err, add_trade(r, price, quantity, err));
    r->counts.rows++;
    return !is_timed && is_full(r) ? close_bar(r, err) : S1_OK;
}

/* Is the whole batch in order? Where it is not, the slow way finds the row. */
static bool is_in_order(const s1_resampler *r, const s1_trade_batch *batch)
{
    const s1_nanos *const times = batch->time;
    bool is_good = !r->has_rows || batch->count == 0 || times[0] >= r->last_time;
    for (size_t i = 1; i < batch->count; i++) {
        is_good &= times[i] >= times[i - 1];
    }
    for (size_t i = 0; i < batch->count; i++) {
        is_good &= batch->quantity[i] >= 0;
    }
    const int64_t *const ids = batch->id;
    if (ids != NULL && batch->count > 0) {
        is_good &= !r->has_ids || times[0] != r->last_time || ids[0] >= r->last_id;
        for (size_t i = 1; i < batch->count; i++) {
            is_good &= times[i] != times[i - 1] || ids[i] >= ids[i - 1];
        }
    }
    return is_good;
}

/* Trades from `at` on that lie in the open bar, in registers; returns where it ended, before a
 * trade that is later or that the slow way has to judge. */
static size_t add_run(open_bar *shared, const s1_trade_batch *batch, size_t at)
{
    open_bar bar = *shared;
    size_t i = at;
    for (; i < batch->count && batch->time[i] < bar.end; i++) {
        const int64_t price = batch->price[i];
        const s1_i128 amount = bar.amount + (s1_i128)price * batch->quantity[i];
        if (__builtin_expect(amount > AMOUNT_MAX || amount < -AMOUNT_MAX, 0)) {
            break;
        }
        bar.amount = amount;
        bar.high = price > bar.high ? price : bar.high;
        bar.low = price < bar.low ? price : bar.low;
        bar.volume += batch->quantity[i];
        bar.close = price;
    }
    bar.rows += i - at;
    bar.trades += (s1_i128)(i - at);
    *shared = bar;
    return i;
}

/* Bars of time of trades that are in order, none of which is to be dropped. */
static s1_rc add_in_order(s1_resampler *r, const s1_trade_batch *batch, s1_err *err)
{
    for (size_t i = 0; i < batch->count;) {
        S1_TRY(err, take_trade(r, batch->time[i], batch->price[i], batch->quantity[i], err));
        const size_t end = add_run(&r->bar, batch, i + 1);
        r->counts.rows += end - i - 1;
        r->last_time = batch->time[end - 1];
        i = end;
    }
    if (batch->id != NULL && batch->count > 0) {
        r->last_id = batch->id[batch->count - 1];
        r->has_ids = true;
    }
    return S1_OK;
}

s1_rc s1_resampler_add_marked(s1_resampler *resampler, const s1_trade_batch *batch,
                              uint8_t *ret_repeats, s1_err *err)
{
    s1_resampler *const r = resampler;
    const int64_t *const ids = batch->id;
    restart(r);
    if (ret_repeats != NULL) {
        memset(ret_repeats, 0, batch->count);
    }
    if (r->options.rule == S1_BARS_TIME && !r->options.drops_repeats && is_in_order(r, batch)) {
        return add_in_order(r, batch, err);
    }
    for (size_t i = 0; i < batch->count; i++) {
        if (__builtin_expect(batch->quantity[i] < 0 ||
                                 (r->has_rows && batch->time[i] < r->last_time) ||
                                 (ids != NULL && r->has_ids && ids[i] < r->last_id &&
                                  batch->time[i] == r->last_time),
                             0)) {
            return refuse_trade(r, batch, i, ids, err);
        }
        if (r->options.drops_repeats && is_repeat(r, batch, i, ids)) {
            r->counts.rows++;
            r->counts.repeats++;
            if (ret_repeats != NULL) {
                ret_repeats[i] = 1;
            }
            continue;
        }
        if (ids != NULL) {
            r->last_id = ids[i];
            r->has_ids = true;
        }
        S1_TRY(err, take_trade(r, batch->time[i], batch->price[i], batch->quantity[i], err));
    }
    return S1_OK;
}

s1_rc s1_resampler_add_trades(s1_resampler *resampler, const s1_trade_batch *batch, s1_err *err)
{
    return s1_resampler_add_marked(resampler, batch, NULL, err);
}

/* --- Bars ------------------------------------------------------------------------------------- */

static s1_rc check_bar(const s1_resampler *r, const s1_bar_batch *batch, size_t i,
                       const int64_t *counts, s1_err *err)
{
    const unsigned long long row = r->counts.rows;
    char time[S1_TIME_TEXT_MAX];
    if (r->has_rows && batch->open_time[i] <= r->last_time) {
        (void)s1_time_print(batch->open_time[i], time);
        return S1_RAISE(err, S1_E_DATA, "bar %llu: found %s, expected a time after the bar before",
                        row, time);
    }
    if (batch->volume[i] < 0 || (counts != NULL && counts[i] < 0)) {
        return S1_RAISE(err, S1_E_DATA, "bar %llu: found volume %lld, expected none below 0", row,
                        (long long)batch->volume[i]);
    }
    return S1_OK;
}

/* The larger bar that holds this one is the open one, or becomes it. */
static s1_rc reach_bar(s1_resampler *r, s1_nanos time, s1_err *err)
{
    if (r->bar.rows == 0 || time >= r->bar.end) {
        S1_TRY(err, next_bar(r, time, err));
    }
    if (time > r->bar.end - r->options.from_timeframe) {
        char text[S1_TIME_TEXT_MAX], from[S1_TIMEFRAME_TEXT_MAX], to[S1_TIMEFRAME_TEXT_MAX];
        (void)s1_time_print_short(time, text);
        (void)s1_timeframe_print(r->options.from_timeframe, from);
        (void)s1_timeframe_print(r->options.timeframe, to);
        return S1_RAISE(err, S1_E_DATA,
                        "bar %llu: the %s from %s on lie in two bars of %s; another offset is "
                        "needed",
                        (unsigned long long)r->counts.rows, from, text, to);
    }
    return S1_OK;
}

static void add_bar(s1_resampler *r, const s1_bar_batch *batch, size_t i, int64_t count)
{
    open_bar *const bar = &r->bar;
    const bool has_trades = batch->volume[i] > 0 || count > 0;
    if (bar->rows > 0 && bar->is_quiet && has_trades) {
        r->counts.quiet_rows += bar->rows;
        bar->rows = 0;
    }
    if (bar->rows == 0) {
        bar->open = batch->open[i];
        bar->high = batch->high[i];
        bar->low = batch->low[i];
    }
    bar->high = batch->high[i] > bar->high ? batch->high[i] : bar->high;
    bar->low = batch->low[i] < bar->low ? batch->low[i] : bar->low;
    bar->close = batch->close[i];
    bar->volume += batch->volume[i];
    bar->trades += count;
    bar->rows++;
    bar->is_quiet &=
        !has_trades && batch->open[i] == batch->close[i] && batch->high[i] == batch->low[i];
}

s1_rc s1_resampler_add_bars(s1_resampler *resampler, const s1_bar_batch *batch, s1_err *err)
{
    s1_resampler *const r = resampler;
    const int64_t *const counts = batch->trades;
    restart(r);
    r->has_counts = counts != NULL;
    for (size_t i = 0; i < batch->count; i++) {
        const s1_nanos time = batch->open_time[i];
        S1_TRY(err, check_bar(r, batch, i, counts, err));
        S1_TRY(err, reach_bar(r, time, err));
        r->last_time = time;
        r->has_rows = true;
        add_bar(r, batch, i, counts != NULL ? counts[i] : 0);
        r->counts.rows++;
    }
    return S1_OK;
}

/* --- The end ---------------------------------------------------------------------------------- */

/* Can no row come any more that changes the open bar? */
static bool is_over(const s1_resampler *r)
{
    if (r->options.rule != S1_BARS_TIME) {
        return false; /* it would have been full */
    }
    return (r->options.known_to != 0 && r->options.known_to >= r->bar.end) ||
           (r->options.from_type == S1_DATA_OHLCV &&
            r->last_time >= r->bar.end - r->options.from_timeframe);
}

s1_rc s1_resampler_finish(s1_resampler *resampler, s1_err *err)
{
    s1_resampler *const r = resampler;
    restart(r);
    if (r->bar.rows == 0) {
        return S1_OK;
    }
    if (is_over(r)) {
        return close_bar(r, err);
    }
    r->counts.partial_rows = r->bar.rows;
    r->counts.partial_time = r->options.rule == S1_BARS_TIME ? r->bar.start : r->last_time;
    if (r->options.keeps_partial) {
        return close_bar(r, err);
    }
    r->bar.rows = 0;
    return S1_OK;
}

void s1_resampler_take(s1_resampler *resampler, s1_bar_batch *ret_batch)
{
    s1_resampler *const r = resampler;
    restart(r);
    int64_t *const *const columns = r->columns;
    const bool is_of_trades = r->options.from_type == S1_DATA_TRADES;
    *ret_batch =
        (s1_bar_batch){.count = r->count,
                       .open_time = columns[OUT_TIME],
                       .open = columns[OUT_OPEN],
                       .high = columns[OUT_HIGH],
                       .low = columns[OUT_LOW],
                       .close = columns[OUT_CLOSE],
                       .volume = columns[OUT_VOLUME],
                       .trades = is_of_trades || r->has_counts ? columns[OUT_TRADES] : NULL,
                       .vwap = is_of_trades ? columns[OUT_VWAP] : NULL};
    r->is_taken = true;
}

const s1_resample_counts *s1_resampler_counts(const s1_resampler *resampler)
{
    return &resampler->counts;
}
