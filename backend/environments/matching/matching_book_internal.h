/* backend/environments/matching/matching_book_internal.h - matching on an order book: its parts.
 *
 * matching_book.c has the rules, matching_flow.c the events of a bar in their order.
 */
#ifndef S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_BOOK_INTERNAL_H
#define S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_BOOK_INTERNAL_H

#include "backend/environments/matching/matching_internal.h"

struct s1_matching_book {
    s1_order_book *levels; /* owned; at the instrument's scales, less what was taken here */
    s1_book_rules rules;
    uint32_t price_scale, qty_scale;
    int64_t lot;      /* mantissa */
    s1_nanos now;     /* of the last event */
    bool is_open;     /* the message of it may have more rows */
    int64_t given[2]; /* of the current trade, to own orders at its price: sells, buys */
};

/* A trade, at the instrument's scales, or only a time. */
typedef struct s1_book_event {
    s1_nanos time;
    int64_t price, quantity;
    int32_t side; /* enum s1_trade_side */
} s1_book_event;

/* The mantissa of a value at a scale; what does not fit the scale is cut. */
int64_t s1_book_mantissa(s1_dec value, uint32_t scale);

S1_WARN_UNUSED s1_rc s1_matching_book_trade(s1_matching_engine *engine, const s1_book_event *event,
                                            s1_err *err);
S1_WARN_UNUSED s1_rc s1_matching_book_row(s1_matching_engine *engine, const s1_book_row *row,
                                          s1_err *err);
/* Nothing happens before `time`: messages are whole, orders meet the book as it stands. */
S1_WARN_UNUSED s1_rc s1_matching_book_until(s1_matching_engine *engine, s1_nanos time, s1_err *err);

/* A place in the trades of a bar. */
typedef struct s1_trade_place {
    const s1_trade_flow *flow;
    uint32_t piece;
    size_t at;
    int64_t price_factor, qty_factor; /* to the instrument's scales */
} s1_trade_place;

/* The first of them. `flow` is borrowed. */
s1_trade_place s1_matching_first_trade(const s1_matching_engine *engine, const s1_trade_flow *flow);

/* The time of the next one, INT64_MAX behind the last. */
s1_nanos s1_matching_next_trade(s1_trade_place *place);

/* Trades and rows of the book before `until`, by their times; where nothing works the trades are
 * left where they are. */
S1_WARN_UNUSED s1_rc s1_matching_events(s1_matching_engine *engine, s1_trade_place *trades,
                                        s1_book_feed *feed, s1_nanos until, s1_err *err);

/* What is left to do and to tell at `time`, before which all events were matched. */
S1_WARN_UNUSED s1_rc s1_matching_events_end(s1_matching_engine *engine, s1_nanos time, s1_err *err);

#endif /* S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_BOOK_INTERNAL_H */
