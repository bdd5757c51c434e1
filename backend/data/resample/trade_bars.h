/* backend/data/resample/trade_bars.h - bars of time made of trades in one pass, with the trades.
 *
 * The bars are those of s1_resample_load, bit for bit, but none is made before it is asked for: the
 * archive passes by in batches, and memory holds one batch, its bars and, while somebody needs
 * them, the trades of the bar that is being made.
 *
 * What moves | who owns it
 * -----------|----------------------------------------------------------------------------------
 * trade bars | _open, s1_bar_reader_close(&bars->base)
 * bars out   | theirs, until the next batch is asked for
 * trades out | theirs, until the next batch is asked for
 */
#ifndef S1_BACKEND_DATA_RESAMPLE_TRADE_BARS_H
#define S1_BACKEND_DATA_RESAMPLE_TRADE_BARS_H

#include "backend/data/resample/resample_reader.h"
#include "backend/utils/clock.h"

/* The trades of a bar lie in at most so many pieces, in order of time. */
#define S1_TRADE_PIECES 2u

typedef struct s1_trade_pieces {
    s1_trade_batch items[S1_TRADE_PIECES]; /* count 0: none; no ids, no times received */
} s1_trade_pieces;

/* `base` is a reader of the bars like any other; rows_total is the most there can be. */
typedef struct s1_trade_bars {
    s1_bar_reader base;
} s1_trade_bars;

/* Opens the bars that open in `range`. `source->key` is one of trades. `ret_first` is the open time
 * of the first bar; without one it is 0 and rows_total is 0. `clock` measures the time spent
 * reading; borrowed. Errors: as s1_resample_load. */
S1_WARN_UNUSED
s1_rc s1_trade_bars_open(s1_data_persistor *persistor, const s1_resample_source *source,
                         s1_time_range range, const s1_clock *clock, s1_trade_bars **ret_bars,
                         s1_nanos *ret_first, s1_err *err);

/* The next bars; count 0 is the end. With `keeps_trades` the trades of the first of them are there
 * whole, without it only those of the others: who has no use for the trades of the bar that is
 * being made while he asks saves their copy. */
S1_WARN_UNUSED
s1_rc s1_trade_bars_next(s1_trade_bars *bars, bool keeps_trades, s1_bar_batch *ret_batch,
                         s1_err *err);

/* The trades of bar `row` of the last batch. Rows may be left out, but not gone back to. */
void s1_trade_bars_trades(s1_trade_bars *bars, size_t row, s1_trade_pieces *ret_pieces);

/* Host time spent in the archive so far: without making bars. */
s1_nanos s1_trade_bars_read_time(const s1_trade_bars *bars);

#endif /* S1_BACKEND_DATA_RESAMPLE_TRADE_BARS_H */
