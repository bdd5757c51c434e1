/* backend/environments/matching/matching_internal.h - shared by the parts of the matching engine.
 *
 * matching_engine.c keeps the orders, matching_fill.c fills, triggers and ends them,
 * matching_trail.c moves trailing stops, matching_self.c keeps orders apart, matching_bar.c matches
 * bars without a path, matching_path.c walks bars with one, matching_trades.c matches trades and
 * matching_book.c an order book (matching_book_internal.h); matching_costs.c knows what a fill
 * costs and how much there is; matching_line.c is the way there and back. Nobody else includes
 * this.
 */
#ifndef S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_INTERNAL_H
#define S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_INTERNAL_H

#include "backend/environments/matching/matching_engine.h"

/* Where a limit order stands in the queue at its price; mantissas at the instrument's scales. */
typedef struct s1_queue_place {
    int64_t price;
    int64_t traded;  /* at the price since its quantity changed */
    int64_t shown;   /* of an iceberg: what is left of the part that shows */
    double ahead;    /* an estimate */
    s1_dec quantity; /* the order's when it joined */
    int32_t rule;    /* of a stop at market that is triggered: it takes; 0: it is not */
    bool is_sized;   /* of one that is sized as it fills: it is */
} s1_queue_place;

/* An order and what matching must remember of it. */
typedef struct s1_working_order {
    s1_order order;
    bool is_working;
    bool is_born_inside;  /* accepted while the inside of a bar was being matched */
    int32_t parent_type;  /* born inside: of the order whose fill it came from */
    uint64_t shown_bar;   /* an iceberg: the bar whose touch filled what showed */
    bool has_met;         /* a limit order among trades: it has met its first price */
    s1_dec moved_from;    /* where the trigger was that moved since it was told of; zero: nowhere */
    s1_queue_place place; /* on an order book */
} s1_working_order;

typedef struct s1_matching_book s1_matching_book; /* matching_book_internal.h */

struct s1_matching_engine {
    struct s1_matching_head head; /* first: the inline half reads it */
    s1_matching_options options;
    s1_order_listener listener;
    s1_matching_book *book;   /* owned; NULL: no order book */
    s1_working_order *orders; /* in order of submission, holes until the next compaction */
    uint32_t count;           /* slots used, holes included */
    uint32_t expiring;        /* working orders with an end */
    uint32_t trailing;        /* working orders whose trigger follows the price */
    bool is_matching;         /* somebody iterates over orders */
    bool is_inside_bar;
    int32_t filling_type;   /* of the order whose fill is being told */
    s1_dec filling_price;   /* what the market was at as it filled */
    const s1_bar *pathless; /* the bar that is being matched inside, where it has no path */
    uint64_t rule_counts[S1_FILL_RULE_COUNT];
    bool needs_volume;    /* somebody looks at `volume` and `taken` */
    bool has_volume;      /* ever told */
    s1_nanos volume_of;   /* the bar's open, or the trade */
    s1_dec volume, taken; /* of that bar; of it by our orders */
};

/* One decided execution, before slippage and fee. */
typedef struct s1_execution {
    s1_dec price;
    s1_nanos time;
    int32_t rule;
    bool is_maker;
    s1_dec quantity; /* zero: all that is left of the order */
    bool is_part;    /* of a walk that goes on: who walks judges IOC and FOK */
} s1_execution;

/* The order works no longer. */
void s1_matching_retire(s1_matching_engine *engine, s1_working_order *slot, int32_t state);

/* Drops the holes, order kept. Not while somebody iterates. */
void s1_matching_compact(s1_matching_engine *engine);

/* The slot of a trade's working order in a role, or UINT32_MAX. */
uint32_t s1_matching_find_slot(const s1_matching_engine *engine, s1_trade_id trade_id,
                               int32_t role);

/* Ends the orders whose time is up at `moment`. */
S1_WARN_UNUSED s1_rc s1_matching_expire_due(s1_matching_engine *engine, s1_nanos moment,
                                            s1_err *err);

/* The same of all ends until `moment`, each at its own time, the first end first; for who matches
 * meanwhile. */
S1_WARN_UNUSED s1_rc s1_matching_expire_ends(s1_matching_engine *engine, s1_nanos moment,
                                             s1_err *err);

S1_WARN_UNUSED s1_rc s1_matching_book_new(const s1_matching_options *options,
                                          s1_matching_book **ret_book, s1_err *err);
void s1_matching_book_free(s1_matching_book *book); /* accepts NULL */

/* The two halves of a bar, for who hears of them at two times: what the open does, and the rest.
 * head.bars counts the bar before the first. */
S1_WARN_UNUSED s1_rc s1_matching_bar_open(s1_matching_engine *engine, const s1_bar *bar,
                                          s1_err *err);
S1_WARN_UNUSED s1_rc s1_matching_bar_rest(s1_matching_engine *engine, const s1_bar *bar,
                                          s1_err *err);

/* What the first close an order meets does to it: the one it was decided on, or with latency the
 * one of the bar it arrives in. */
S1_WARN_UNUSED s1_rc s1_matching_arrival(s1_matching_engine *engine, uint32_t index,
                                         const s1_bar *last, s1_err *err);

/* Among trades: ends the orders whose time is up at `moment`, each at its own end, the first end
 * first. */
S1_WARN_UNUSED s1_rc s1_matching_expire_until(s1_matching_engine *engine, s1_nanos moment,
                                              s1_err *err);

/* A bar of trades is over at `moment`: the same, and what trailed in it is told. */
S1_WARN_UNUSED s1_rc s1_matching_end_trades(s1_matching_engine *engine, s1_nanos moment,
                                            s1_err *err);

/* Matches some of the trades of a flow, `trades`, one after another. */
S1_WARN_UNUSED s1_rc s1_matching_trade_range(s1_matching_engine *engine, const s1_trade_flow *flow,
                                             const s1_trade_batch *trades, s1_err *err);

/* IOC or FOK? */
bool s1_matching_is_immediate(const s1_order *order);

/* --- matching_costs.c ------------------------------------------------------------------------ */

/* The volume that is there from `moment` on, mantissa at qty_scale; the same moment again changes
 * nothing. Where engine->needs_volume. */
void s1_matching_use_volume(s1_matching_engine *engine, s1_nanos moment, int64_t volume);

/* A new volume, whatever was taken before: of a trade. */
void s1_matching_set_volume(s1_matching_engine *engine, s1_dec volume);

/* What of a quantity the volume allows now, in whole lots; all of it without a limit. */
S1_WARN_UNUSED s1_rc s1_matching_fit(const s1_matching_engine *engine, s1_dec wanted,
                                     s1_dec *ret_quantity, s1_err *err);

/* It was taken. */
void s1_matching_take_volume(s1_matching_engine *engine, s1_dec quantity);

/* The price of a taking fill with slippage; not where costs.value is zero. */
S1_WARN_UNUSED s1_rc s1_matching_slip(const s1_matching_engine *engine, const s1_order *order,
                                      s1_dec price, s1_dec quantity, s1_dec *ret_price,
                                      s1_err *err);

/* Does this bar fill the limit order that its price only touches? */
bool s1_matching_has_touch_luck(const s1_matching_engine *engine, const s1_order *order);

/* The index of a working order, or UINT32_MAX. */
uint32_t s1_matching_index_of(const s1_matching_engine *engine, s1_order_id order_id);

/* Fills the order at an index, as far as there is volume, and tells the listener, who may submit
 * and cancel. Of an IOC order the rest ends, of a FOK order all. */
S1_WARN_UNUSED s1_rc s1_matching_fill(s1_matching_engine *engine, uint32_t index,
                                      s1_execution decided, s1_err *err);

/* The order ends without a fill: REJECTED, CANCELED or EXPIRED. */
S1_WARN_UNUSED s1_rc s1_matching_end(s1_matching_engine *engine, uint32_t index, int32_t state,
                                     s1_str reason, s1_nanos time, s1_err *err);

/* A limit meets its first price: one that may not take, or only take, may end here. */
S1_WARN_UNUSED s1_rc s1_matching_arrive(s1_matching_engine *engine, uint32_t index,
                                        bool is_marketable, s1_nanos time, s1_err *err);

/* Becomes this order a limit order once it is triggered? */
bool s1_matching_turns_limit(const s1_order *order);

/* It does at `time`: TRIGGERED is told, and it is one, if it still works. */
S1_WARN_UNUSED s1_rc s1_matching_turn(s1_matching_engine *engine, uint32_t index, s1_nanos time,
                                      s1_err *err);

/* It does, at a price: it takes there (`decided`), rests from now on, or ends. */
S1_WARN_UNUSED s1_rc s1_matching_trigger(s1_matching_engine *engine, uint32_t index,
                                         s1_execution decided, s1_err *err);

/* A price of the market: the trigger of a trailing stop follows it, never back. Any order may be
 * given; one that does not trail stays. Errors: S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_matching_trail(s1_matching_engine *engine, s1_working_order *slot,
                                       s1_dec price, s1_err *err);

/* The trigger of an order that is given another: of a trailing stop the one that is further. */
s1_dec s1_matching_best_trigger(const s1_order *order, s1_dec trigger);

/* The same for all that may be matched: of the bar, or, `bar` being NULL, everything that works. */
S1_WARN_UNUSED s1_rc s1_matching_trail_all(s1_matching_engine *engine, s1_dec price,
                                           const s1_bar *bar, s1_err *err);

/* Tells the listener of the triggers that moved: of one trade, or, NULL, of all. */
S1_WARN_UNUSED s1_rc s1_matching_tell_trailed(s1_matching_engine *engine,
                                              const s1_trade_id *trade_id, s1_nanos time,
                                              s1_err *err);

/* The inside of a bar without a path, after all else: what its extreme does to trailing stops. */
S1_WARN_UNUSED s1_rc s1_matching_trail_extremes(s1_matching_engine *engine, const s1_bar *bar,
                                                s1_err *err);

/* A limit order came or changed: what `self_trade` does to those of the run that it would meet. It
 * may work no longer afterwards. */
S1_WARN_UNUSED s1_rc s1_matching_prevent_self_trade(s1_matching_engine *engine, uint32_t index,
                                                    s1_nanos time, s1_err *err);

static inline bool s1_matching_minds_self_trade(const s1_matching_engine *engine)
{
    return engine->options.rules.self_trade > S1_SELF_TRADE_ALLOW;
}

/* The rule of a fill where the price first reaches the order. */
int32_t s1_matching_trigger_rule(const s1_order *order);

s1_dec s1_matching_price(const s1_matching_engine *engine, int64_t mantissa);

/* Is the order reached by falling prices? Else by rising ones. */
bool s1_matching_waits_below(const s1_order *order);

/* Does a price reach the order? A buy limit and a sell stop wait below, the others above. */
bool s1_matching_is_reached(const s1_order *order, s1_dec price);

/* The same inside a bar, where a limit may need a price beyond its own (`limit_fill`). */
bool s1_matching_is_filled_at(const s1_matching_engine *engine, const s1_order *order,
                              s1_dec price);

/* Does the bar, as a whole, fill it? */
bool s1_matching_is_touched(const s1_matching_engine *engine, const s1_order *order,
                            const s1_bar *bar);

/* May this order be matched inside the bar at all? */
bool s1_matching_is_eligible(const s1_matching_engine *engine, const s1_working_order *slot,
                             const s1_bar *bar);

/* The other side of a bracket if the bar reaches it too, else UINT32_MAX. */
uint32_t s1_matching_rival(const s1_matching_engine *engine, const s1_order *order,
                           const s1_bar *bar);

/* The price of a limit or stop that the bar reaches after its open (`limit_price`). */
s1_dec s1_matching_inside_price(const s1_matching_engine *engine, const s1_order *order,
                                const s1_bar *bar);

/* How much of a resting order the bar fills: zero, all of it, but of an iceberg whose limit the bar
 * does not go beyond only what shows. */
s1_dec s1_matching_part(const s1_matching_engine *engine, const s1_order *order, const s1_bar *bar);

/* Matches what the open left, along the path of the bar or at its close. */
S1_WARN_UNUSED s1_rc s1_matching_walk(s1_matching_engine *engine, const s1_bar *bar, s1_err *err);
S1_WARN_UNUSED s1_rc s1_matching_at_close(s1_matching_engine *engine, const s1_bar *bar,
                                          s1_err *err);

#endif /* S1_BACKEND_ENVIRONMENTS_MATCHING_MATCHING_INTERNAL_H */
