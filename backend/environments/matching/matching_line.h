/* backend/environments/matching/matching_line.h - the way between a trader and a venue: latency.
 *
 * Three delays, each zero or more:
 *   feed      data of a moment t are with the trader at t + feed
 *   order     what he sends then is with the venue `order` later
 *   response  what happens at the venue at t is known to him at t + response
 *
 * A decision on the close of time t reaches the venue at A = t + feed + order. Moments are the
 * opens and the closes of bars, as everywhere in the matching engine; nothing is known of the time
 * between them, so that an order     meets first the first moment at or after A. A bar that opens
 * before A does not match it inside; its close does, as the rules `market` (same_close, next_close)
 *                and `arrival` (close) say, else the next open
 *   a cancel, an amendment  counts from the first moment at or after A; a bar that opens before A
 *                counts whole. One that comes too late does nothing
 *   a fill       of time t (the open, or the close for anything inside) is known from the first
 *                tick at or after t + response. Until then the trader's books are what they were
 *
 * Among trades every trade is a moment: what arrives at A is with the venue at A, before a trade of
 * that time, and a trade of time t is known from the first tick at or after t + response.
 *
 * On a book every trade and message is a moment. An order that arrives at A meets the book as the
 * events up to A left it, those of A itself among them; a cancel counts before those of A. An event
 * of time t is known from the first tick after t + response.
 *
 * Stops and targets of a position rest at the venue beside their entry: what is sent, moved or
 * cancelled because of a fill takes no way. An amendment of them that does take it changes their
 * price; the quantity is the venue's. What is still on its way when the data end is not known.
 *
 * One line belongs to one engine; it allocates only in _new, and for trades that are not known yet.
 */
#ifndef S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_LINE_H
#define S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_LINE_H

#include "backend/environments/matching/matching_engine.h"

typedef struct s1_latency {
    s1_nanos feed, order, response;
} s1_latency;

/* Does any of them take time? Without, no line is needed. */
static inline bool s1_latency_is_any(const s1_latency *latency)
{
    return latency->feed > 0 || latency->order > 0 || latency->response > 0;
}

typedef struct s1_matching_line s1_matching_line;

typedef struct s1_matching_line_options {
    s1_latency latency;
    s1_nanos timeframe;    /* of the bars, > 0; the longest response */
    uint32_t commands_max; /* on their way at the same time */
    uint32_t reserved;
} s1_matching_line_options;

/* Heap; free with s1_matching_line_free. `engine` and `listener` are borrowed and outlive the line;
 * the listener is the engine's. S1_E_INVALID for a delay below zero or a response of more than a
 * bar, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_matching_line_new(s1_matching_engine *engine,
                                          const s1_order_listener *listener,
                                          const s1_matching_line_options *options,
                                          s1_matching_line **ret_line, s1_err *err);
void s1_matching_line_free(s1_matching_line *line); /* accepts NULL */

/* The verbs of s1_matching_engine by way of the line. `time` is when the trader decides.
 * S1_E_NO_MEMORY when commands_max are on their way. From a callback they act at
 * once, where an amendment leaves the price alone: a fill is no reason to change it. */
S1_WARN_UNUSED s1_rc s1_matching_line_submit(s1_matching_line *line, const s1_order *order,
                                             s1_err *err);
S1_WARN_UNUSED s1_rc s1_matching_line_cancel(s1_matching_line *line, s1_order_id order_id,
                                             s1_str reason, s1_nanos time, s1_err *err);
S1_WARN_UNUSED s1_rc s1_matching_line_modify(s1_matching_line *line, s1_order_id order_id,
                                             s1_dec price, s1_dec quantity, s1_nanos time,
                                             s1_err *err);
S1_WARN_UNUSED s1_rc s1_matching_line_amend(s1_matching_line *line, const s1_order_change *change,
                                            s1_nanos time, s1_err *err);

/* The next bar closed: matches what the trader can know of by then. */
S1_WARN_UNUSED s1_rc s1_matching_line_bar(s1_matching_line *line, const s1_bar *bar, s1_err *err);

/* The same against the trades of the bar (s1_matching_trades). Where the line is idle `flow` is not
 * looked at. */
S1_WARN_UNUSED s1_rc s1_matching_line_trades(s1_matching_line *line, const s1_bar *bar,
                                             const s1_trade_flow *flow, s1_err *err);

/* The same against the book and the trades of the bar (s1_matching_flow), to the close of the bar
 * less the response. `flow` is not looked at where the line is idle. */
S1_WARN_UNUSED s1_rc s1_matching_line_book(s1_matching_line *line, const s1_bar *bar,
                                           const s1_trade_flow *flow, s1_book_feed *feed,
                                           s1_err *err);

/* Nothing works, nothing is on its way and no trade waits to be known: trades do nothing. */
bool s1_matching_line_is_idle(const s1_matching_line *line);

#endif /* S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_LINE_H */
