/* backend/data/resample/resample.h - trades to bars, bars to larger bars. Batches in, batches out,
 * no I/O.
 *
 * Everything is exact: sums are 128-bit integers, an overflow is S1_E_RANGE. Only closed bars come
 * out: the last one, which more rows could still change, is left out and counted unless asked for.
 *
 * - Time bars open at offset + k * timeframe since the Unix epoch (a week so opens on Thursdays, at
 *   offset 4d on Mondays). A bar without a row is left out and counted (`missing`), or made at the
 *   close before it, without volume, where the market was open (`session`; `filled`).
 * - Tick, volume and dollar bars close with the trade that reaches the threshold; trades are never
 *   split. Their time is that of this last trade (they are not known before it), a nanosecond after
 *   the bar before where that one has the same.
 * - `trades` is the count of trades: of the rows, or the sum of the rows' counts where they have
 *   them. `vwap` comes of trades only, sum(price * quantity) / sum(quantity) rounded half-even at
 *   price_scale (bars carry rounded averages: nothing exact can be made of them); it is the close
 *   where all quantities are zero.
 * - Rows without trades (volume 0, one price) do not count where a row with volume follows them in
 *   the same larger bar: venues that leave out empty bars and venues that fill them give the same.
 *
 * What moves  | who owns it
 * ------------|---------------------------------------------------------------------------------
 * resampler   | _new, _free
 * batches in  | borrowed for the call
 * batch out   | the resampler's, until its next call
 */
#ifndef S1_BACKEND_DATA_RESAMPLE_RESAMPLE_H
#define S1_BACKEND_DATA_RESAMPLE_RESAMPLE_H

#include "backend/core/session.h"
#include "backend/dtos/market/market_batch.h"
#include "s1mple/base.h"
#include "s1mple/decimal.h"

/* X(NAME, value, "text"): when a bar closes. */
#define S1_BAR_RULE_MAP(X)                                                                         \
    X(TIME, 1, "time")                                                                             \
    X(TICK, 2, "tick")                                                                             \
    X(VOLUME, 3, "volume")                                                                         \
    X(DOLLAR, 4, "dollar")
enum s1_bar_rule {
#define X(name, value, text) S1_BARS_##name = (value),
    S1_BAR_RULE_MAP(X)
#undef X
};

typedef struct s1_resample_options {
    int32_t rule;            /* enum s1_bar_rule */
    int32_t from_type;       /* enum s1_data_type: S1_DATA_OHLCV or S1_DATA_TRADES */
    s1_nanos from_timeframe; /* of the rows, where they are bars */
    s1_nanos timeframe;      /* of time bars: a multiple of from_timeframe */
    s1_nanos offset;         /* of time bars; any, also below zero */
    s1_dec threshold;        /* trades, volume or price * volume of the other bars; above 0 */
    uint32_t price_scale, qty_scale; /* of the rows, and of the bars */
    bool drops_repeats; /* a trade with the id of the one before, or without ids one equal in time,
                           price, quantity and side to one of the S1_REPEAT_WINDOW trades of its
                           time before it, is left out */
    bool keeps_partial; /* the last bar comes out though it may not be over */
    const s1_session *session; /* bars of time without a row are made while it is open; borrowed;
                                  NULL: they are left out */
    s1_nanos known_to; /* no row before this moment is missing at the end: a bar that ends by then
                          is over; 0: not known */
} s1_resample_options;

#define S1_REPEAT_WINDOW     1024u
#define S1_RESAMPLE_FILL_MAX (1u << 24) /* bars made between two rows */

typedef struct s1_resample_counts {
    uint64_t rows;         /* taken in */
    uint64_t bars;         /* given out */
    uint64_t repeats;      /* trades left out by drops_repeats */
    uint64_t quiet_rows;   /* rows without trades that did not count */
    uint64_t filled;       /* bars made without a row */
    uint64_t missing;      /* time bars between the first and the last that had no row, and
                              none was made */
    uint64_t moved;        /* bars put a nanosecond after the bar before */
    uint64_t partial_rows; /* of the last bar, which is not over; 0: it is */
    s1_nanos partial_time; /* its time */
    bool starts_inside;    /* the first row is not at the start of its bar */
} s1_resample_counts;

typedef struct s1_resampler s1_resampler;

/* "time", "tick", "volume", "dollar"; "?" outside the enum. Static. */
const char *s1_bar_rule_name(int32_t rule);

/* "volume:10", "tick:500", "dollar:1000000": a rule and its threshold. Errors: S1_E_INVALID naming
 * what was found and expected. */
S1_WARN_UNUSED
s1_rc s1_bar_rule_parse(s1_str text, int32_t *ret_rule, s1_dec *ret_threshold, s1_err *err);

/* Errors: S1_E_INVALID for options that do not fit each other, with what was found and expected;
 * S1_E_NO_MEMORY. Free with s1_resampler_free. */
S1_WARN_UNUSED
s1_rc s1_resampler_new(const s1_resample_options *options, s1_resampler **ret_resampler,
                       s1_err *err);
void s1_resampler_free(s1_resampler *resampler); /* accepts NULL */

/* Takes rows in; the bars they close wait to be taken. All batches have the same optional columns.
 * Errors: S1_E_DATA with the row (from 0) for times that fall, ids that fall within a time and
 * quantities below zero;
 * S1_E_RANGE for a sum with more than 18 digits; S1_E_NO_MEMORY. After an error the resampler can
 * only be freed. */
S1_WARN_UNUSED
s1_rc s1_resampler_add_trades(s1_resampler *resampler, const s1_trade_batch *batch, s1_err *err);
/* The same; `ret_repeats` ([batch->count], may be NULL) is 1 where drops_repeats left a trade out.
 */
S1_WARN_UNUSED
s1_rc s1_resampler_add_marked(s1_resampler *resampler, const s1_trade_batch *batch,
                              uint8_t *ret_repeats, s1_err *err);
/* As above. S1_E_DATA also for a bar that lies in two larger ones. */
S1_WARN_UNUSED
s1_rc s1_resampler_add_bars(s1_resampler *resampler, const s1_bar_batch *batch, s1_err *err);

/* No more rows: the last bar comes out if it is over or keeps_partial. */
S1_WARN_UNUSED
s1_rc s1_resampler_finish(s1_resampler *resampler, s1_err *err);

/* The bars that came out since the last call, in order; count 0: none. `trades` and `vwap` (at
 * price_scale) are NULL where they cannot be told. */
void s1_resampler_take(s1_resampler *resampler, s1_bar_batch *ret_batch);

/* Borrowed until the resampler is freed. */
const s1_resample_counts *s1_resampler_counts(const s1_resampler *resampler);

/* The start of the time bar that holds `time`. Errors: S1_E_RANGE where it is before or ends after
 * what s1_nanos holds. */
S1_WARN_UNUSED
s1_rc s1_time_bar_start(s1_nanos time, s1_nanos timeframe, s1_nanos offset, s1_nanos *ret_start,
                        s1_err *err);

#endif /* S1_BACKEND_DATA_RESAMPLE_RESAMPLE_H */
