/* backend/environments/matching/matching_engine.h - resting orders against bars, trades or an
 * order book, for backtest and paper.
 *
 * One instrument, one order state machine:
 *   SUBMITTED -> ACCEPTED -> (TRIGGERED ->) (PARTIALLY_FILLED ->) FILLED | CANCELED | EXPIRED,
 *   or REJECTED.
 * Fills are whole but those of an iceberg, and where a bar's volume is shared out
 * (costs.volume_share): then all orders of a bar together take at most that share of it, in the
 * order they match. What is left of an order works on (an order that was triggered as a market
 * order), of an IOC order it expires (NO_VOLUME), and a FOK order that cannot fill whole expires.
 * What a bar cannot decide follows a named rule (enum s1_fill_rule) that travels with the fill and
 * is counted. Which rule is data (s1_fill_rules); docs/matching.md has them all. Those of
 * next_open, for a bar after the order was accepted:
 *
 *   at the open, in order of submission
 *     market order                      the open                                    OPEN
 *     marketable limit (first bar)      the open, as taker                          OPEN_MARKETABLE
 *     stop already passed by the open   the open (a gap gives no better price)      OPEN_GAP
 *   inside the bar
 *     limit touched                     its limit price, as maker                   LIMIT_TOUCH
 *     stop touched                      its trigger price                           STOP_TOUCH
 *   stop-loss and take-profit of one position both inside the bar: policy `ambiguity`
 *                                                                     AMBIGUOUS_STOP / _TARGET
 *   entry and protective stop of one trade inside the same bar: after an entry at the open the
 *     whole bar counts; after an entry inside the bar the stop counts and the target waits for the
 *     next bar, because the bar does not tell what came first           ENTRY_BAR_STOP
 *
 * An order with an end (expires_at) expires at the first moment at or after it: moments are the
 * opens and closes of the bars matched here. At an open it ends before anything is matched, at a
 * close after everything was; so a bar that opened before the end counts whole, and none that opens
 * at it or later. Nothing but the moment's time is looked at.
 *
 * An iceberg (a limit order with `display`) that is marketable on its first bar takes the open
 * whole, as any limit. Resting, it fills at its limit, as maker, once a bar (LIMIT_TOUCH):
 *   the bar goes beyond the limit       all that is left: price passed the level, hidden part too
 *   the bar's extreme is the limit      what shows, or what is left if that is less; the next part
 *                                       stands at the back of the queue and shows in the next bar
 * While it rests its trade may be open already. A stop of the trade that is hit inside the bar
 * beyond the limit is hit after the limit: what is left fills first, and the stop closes all of it.
 * A stop that the open has passed, a stop between market and limit, and a target end the trade
 * without the rest.
 *
 * Slippage moves the price of market and stop fills against the trader, by a fraction, rounded to
 * the tick away from the trader. Under same_close a market order fills at once at the close it was
 * decided on (CLOSE); everything else is as above.
 *
 * The engine knows no ledger and no strategy: it reports to a listener. It allocates only in _new.
 */
#ifndef S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_ENGINE_H
#define S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_ENGINE_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/core/order_book.h"
#include "backend/dtos/execution/fees.h"
#include "backend/dtos/execution/fill_costs.h"
#include "backend/dtos/execution/order.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/utils/clock.h"

/* How orders match on a book; matching_book.c has the rules. */
typedef struct s1_book_rules {
    int32_t queue;        /* enum s1_queue_model */
    bool keeps_liquidity; /* what is taken is there again at once */
    bool cuts;            /* s1_order_book_new */
    double power;         /* of PROB_POWER */
} s1_book_rules;

typedef struct s1_matching_options {
    const s1_instrument *instrument; /* outlives the engine */
    s1_fill_rules rules;             /* every knob set: s1_fill_rules_of */
    int32_t ambiguity;               /* enum s1_ambiguity, where the path is unknown */
    s1_dec slippage;                 /* fraction of the price; short for costs of this model */
    s1_fill_costs costs;             /* else zero */
    s1_dec maker_fee, taker_fee;     /* fractions of the notional */
    const s1_fee_book *fees;         /* borrowed; NULL: those two, in quote */
    uint32_t orders_max;             /* working at the same time */
    const s1_book_rules *book;       /* copied; NULL: no order book is kept */
} s1_matching_options;

typedef struct s1_matching_engine s1_matching_engine;

/* Heap; free with s1_matching_free. `listener` is copied. */
S1_WARN_UNUSED s1_rc s1_matching_new(const s1_matching_options *options,
                                     const s1_order_listener *listener,
                                     s1_matching_engine **ret_engine, s1_err *err);
void s1_matching_free(s1_matching_engine *engine); /* accepts NULL */

/* Takes an order (copied); order_id, trade_id, side, type, role, quantity, price, time_in_force,
 * post_only, display, expires_at, arrives_at and cash_fraction are read. The listener hears
 * ACCEPTED or REJECTED before this returns, and under same_close the fill of a market order. `last`
 * is the newest closed bar, or NULL: an open is the first price the order meets. Errors:
 * S1_E_NO_MEMORY at orders_max, else only what a callback returns: a refusal by the venue is a
 * state, not an error. */
S1_WARN_UNUSED s1_rc s1_matching_submit(s1_matching_engine *engine, const s1_order *order,
                                        const s1_bar *last, s1_err *err);

/* Cancels a working order. S1_E_NOT_FOUND if it is not working. */
S1_WARN_UNUSED s1_rc s1_matching_cancel(s1_matching_engine *engine, s1_order_id order_id,
                                        s1_str reason, s1_nanos time, s1_err *err);

/* Replaces the price of a working order and how much of it is left to fill (of a market order only
 * this); the trigger of a trailing stop goes no way back. S1_E_NOT_FOUND if it is not working. */
S1_WARN_UNUSED s1_rc s1_matching_modify(s1_matching_engine *engine, s1_order_id order_id,
                                        s1_dec price, s1_dec quantity, s1_err *err);

/* Changes a working entry that has a price. A smaller quantity keeps its place; anything else is as
 * if it came now: behind all others, first looked at in the next bar or at `last` (see _submit).
 * What is filled already of more than the new quantity ends it (CANCELED, AMENDED).
 * S1_E_NOT_FOUND if it is not working. */
S1_WARN_UNUSED s1_rc s1_matching_amend(s1_matching_engine *engine, const s1_order_change *change,
                                       s1_nanos time, const s1_bar *last, s1_err *err);

/* The working order of a trade in a role, or NULL. Borrowed until the next call. */
const s1_order *s1_matching_find(const s1_matching_engine *engine, s1_trade_id trade_id,
                                 int32_t role);

/* The slow half of s1_matching_bar. */
S1_WARN_UNUSED s1_rc s1_matching_bar_orders(s1_matching_engine *engine, const s1_bar *bar,
                                            s1_err *err);

/* Fields the inline half needs; do not touch. */
struct s1_matching_head {
    uint64_t bars;
    uint32_t working;
};

/* Matches the working orders against the next bar. Nanoseconds when nothing rests. */
S1_WARN_UNUSED static inline s1_rc s1_matching_bar(s1_matching_engine *engine, const s1_bar *bar,
                                                   s1_err *err)
{
    struct s1_matching_head *const head = (struct s1_matching_head *)(void *)engine;
    head->bars++;
    return head->working == 0 ? S1_OK : s1_matching_bar_orders(engine, bar, err);
}

/* What is traded within a bar: pieces of columns, time never falling from one to the next. */
typedef struct s1_trade_flow {
    const s1_trade_batch *pieces; /* [piece_count]; time, price and quantity are read */
    uint32_t piece_count;
    uint32_t price_scale, qty_scale; /* of the columns */
} s1_trade_flow;

/* The slow half of s1_matching_trades. */
S1_WARN_UNUSED s1_rc s1_matching_trades_orders(s1_matching_engine *engine, const s1_bar *bar,
                                               const s1_trade_flow *flow, s1_err *err);

/* No order works: whatever is traded fills nothing. */
static inline bool s1_matching_is_idle(const s1_matching_engine *engine)
{
    return ((const struct s1_matching_head *)(const void *)engine)->working == 0;
}

/* Matches the working orders against every trade of the next bar, one after another, instead of the
 * bar itself; matching_trades.c has the rules. Where nothing works `flow` is not looked at. */
S1_WARN_UNUSED static inline s1_rc s1_matching_trades(s1_matching_engine *engine, const s1_bar *bar,
                                                      const s1_trade_flow *flow, s1_err *err)
{
    struct s1_matching_head *const head = (struct s1_matching_head *)(void *)engine;
    head->bars++;
    return head->working == 0 ? S1_OK : s1_matching_trades_orders(engine, bar, flow, err);
}

/* Rows of a book and how far they were taken. The reader is borrowed. */
typedef struct s1_book_feed {
    s1_market_reader *reader;
    s1_market_batch batch;
    size_t at;                        /* next row of batch */
    int64_t price_factor, qty_factor; /* to the instrument's scales */
    const s1_clock *clock;            /* measures read_time */
    s1_nanos read_time;
    bool is_done;
} s1_book_feed;

/* Brings the book to the close of the bar and matches the working orders against it and the bar's
 * trades, event by event in order of time. Of an engine with a book. Errors: S1_E_RANGE for data
 * that do not fit the instrument's scales, those of the reader and of callbacks. */
S1_WARN_UNUSED s1_rc s1_matching_flow(s1_matching_engine *engine, const s1_bar *bar,
                                      const s1_trade_flow *trades, s1_book_feed *feed, s1_err *err);

/* The book, less what was taken from it; NULL of an engine without. Borrowed. */
const s1_order_book *s1_matching_levels(const s1_matching_engine *engine);

/* How often each rule decided a fill; [enum s1_fill_rule]. Borrowed. */
const uint64_t *s1_matching_rule_counts(const s1_matching_engine *engine);

#endif /* S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_ENGINE_H */
