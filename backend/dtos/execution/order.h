/* backend/dtos/execution/order.h - orders, fills and what is said about them.
 *
 * One order state machine serves backtest, paper and live (ARCHITECTURE §7). Values only, no
 * ownership: an order names its trade, the journal knows the rest.
 */
#ifndef S1_BACKEND_DTOS_EXECUTION_ORDER_H
#define S1_BACKEND_DTOS_EXECUTION_ORDER_H

#include "backend/dtos/execution/fill_rules.h"
#include "s1mple/error.h"
#include "s1mple/pipeline.h"

enum s1_side { S1_BUY = 1, S1_SELL };

/* What an order is for. X(value, text in the journal). */
#define S1_ORDER_ROLE_MAP(X)                                                                       \
    X(S1_ROLE_ENTRY, "entry")                                                                      \
    X(S1_ROLE_STOP_LOSS, "stop_loss")                                                              \
    X(S1_ROLE_TAKE_PROFIT, "take_profit")                                                          \
    X(S1_ROLE_EXIT, "exit")
enum s1_order_role {
    S1_ROLE_INVALID,
#define X(value, text) value,
    S1_ORDER_ROLE_MAP(X)
#undef X
};

/* X(name): the states of ARCHITECTURE §7. */
#define S1_ORDER_STATE_MAP(X)                                                                      \
    X(INITIALIZED)                                                                                 \
    X(DENIED)                                                                                      \
    X(SUBMITTED)                                                                                   \
    X(ACCEPTED)                                                                                    \
    X(REJECTED)                                                                                    \
    X(TRIGGERED)                                                                                   \
    X(PARTIALLY_FILLED)                                                                            \
    X(FILLED)                                                                                      \
    X(PENDING_CANCEL)                                                                              \
    X(CANCELED)                                                                                    \
    X(EXPIRED)
enum s1_order_state {
    S1_ORDER_STATE_INVALID,
#define X(name) S1_ORDER_##name,
    S1_ORDER_STATE_MAP(X)
#undef X
};

/* X(name, is_ambiguous): why a fill has the price it has. */
#define S1_FILL_RULE_MAP(X)                                                                        \
    X(OPEN, 0)                                                                                     \
    X(OPEN_MARKETABLE, 0)                                                                          \
    X(OPEN_GAP, 0)                                                                                 \
    X(CLOSE, 0)                                                                                    \
    X(LIMIT_TOUCH, 0)                                                                              \
    X(STOP_TOUCH, 0)                                                                               \
    X(AMBIGUOUS_STOP, 1)                                                                           \
    X(AMBIGUOUS_TARGET, 1)                                                                         \
    X(ENTRY_BAR_STOP, 1)                                                                           \
    X(ENTRY_BAR_TARGET, 1)                                                                         \
    X(EXIT_WAITS, 1)                                                                               \
    X(ENTRY_WAITS, 1)                                                                              \
    X(TRIGGER_TOUCH, 0)                                                                            \
    X(OPEN_IMPROVED, 0)                                                                            \
    X(CLOSE_NEXT, 0)                                                                               \
    X(CLOSE_REACHED, 0)                                                                            \
    X(TRADE, 0)                                                                                    \
    X(TRADE_MARKETABLE, 0)                                                                         \
    X(TRADE_TOUCH, 0)                                                                              \
    X(TRADE_THROUGH, 0)                                                                            \
    X(TRADE_STOP, 0)                                                                               \
    X(TRADE_TRIGGER, 0)                                                                            \
    X(AMBIGUOUS_TRAIL, 1)                                                                          \
    X(TRAIL_WAITS, 1)                                                                              \
    X(LIQUIDATION, 0)                                                                              \
    X(BOOK, 0)                                                                                     \
    X(BOOK_MARKETABLE, 0)                                                                          \
    X(QUEUE, 0)                                                                                    \
    X(BOOK_CROSSED, 0)                                                                             \
    X(BOOK_STOP, 0)                                                                                \
    X(BOOK_TRIGGER, 0)
enum s1_fill_rule {
    S1_FILL_RULE_INVALID,
#define X(name, is_ambiguous) S1_FILL_##name,
    S1_FILL_RULE_MAP(X)
#undef X
        S1_FILL_RULE_COUNT
};

/* Which side of a bracket a bar that reaches both fills, where it has no path (fill_rules.h). */
enum s1_ambiguity { S1_AMBIGUITY_STOP_FIRST = 1, S1_AMBIGUITY_TARGET_FIRST };

typedef struct s1_order {
    s1_order_id order_id;
    s1_trade_id trade_id;
    int32_t side;  /* enum s1_side */
    int32_t type;  /* enum s1_order_type */
    int32_t role;  /* enum s1_order_role */
    int32_t state; /* enum s1_order_state */
    int32_t time_in_force;
    uint32_t post_only;
    s1_dec quantity;
    s1_dec price; /* limit or trigger; zero for market */
    s1_dec limit; /* of an order that is a limit order at it once it is triggered */
    s1_nanos submitted_at;
    uint64_t accepted_bar; /* bars matched so far when it was accepted */
    s1_dec display;        /* of a limit order: the part that shows at a time; zero: all of it */
    s1_dec filled;         /* so far */
    s1_nanos expires_at;   /* 0: never */
    s1_dec cash_fraction;  /* not zero: `quantity` is an estimate until it fills (on_size) */
    s1_nanos arrives_at;   /* the first moment it is at the venue; 0: at once (submitted_at) */
    /* of a stop: its trigger (and its limit with it) follows the best price at one of the two
     * distances, never back */
    s1_dec trail_amount;
    s1_dec trail_percent;    /* of the best price */
    s1_dec trail_activation; /* it follows once the price was here; zero: it does */
    s1_dec forced_price; /* not zero: the venue's own order, which fills at it as it is accepted */
} s1_order;

static inline bool s1_order_trails(const s1_order *order)
{
    return !s1_dec_is_zero(order->trail_amount) || !s1_dec_is_zero(order->trail_percent);
}

/* Reasons of the venue's and of groups. */
#define S1_REASON_OCO        "OCO"        /* another one of its group was filled */
#define S1_REASON_SELF_TRADE "SELF_TRADE" /* it would have met an order of the same run */

/* What becomes of a working entry order. */
typedef struct s1_order_change {
    s1_order_id order_id;
    s1_dec price; /* limit or trigger */
    s1_dec limit; /* of an order that is a limit order at it once it is triggered */
    s1_dec quantity;
} s1_order_change;

typedef struct s1_fill {
    s1_dec price; /* slippage included */
    s1_dec quantity;
    s1_dec fee; /* what it is worth in the quote currency, whatever it is paid in */
    s1_nanos time;
    int32_t rule; /* enum s1_fill_rule */
    uint32_t is_maker;
    int32_t fee_in;           /* enum s1_fee_currency: QUOTE, BASE or OTHER */
    uint32_t is_fee_fallback; /* paid in quote because there was not enough of the other */
    s1_dec fee_amount;        /* in what it is paid in; not told of a plain fee in quote */
    s1_dec withheld;          /* of an entry: of `quantity`, what does not join the position */
    s1_str fee_currency;      /* of BASE and OTHER; borrowed for the run */
    s1_dec slip;              /* how much worse the price is than the one decided on; >= 0 */
} s1_fill;

/* Who hears what happened to an order. A failing callback stops the match. Callbacks may submit and
 * cancel orders; a new order is not matched inside the bar that is being matched, except a
 * protective order (stop_loss, take_profit) submitted from its entry's on_fill. Among trades every
 * new order is matched from the next trade on. */
typedef struct s1_order_listener {
    void *self;
    /* May the order be filled for this much? S1_OK, or S1_E_DENIED with the reason in err. */
    s1_rc (*on_before_fill)(void *self, const s1_order *order, const s1_fill *fill, s1_err *err);
    /* The order's state is FILLED, or PARTIALLY_FILLED while some of it is left; `filled` holds
     * this fill already. */
    s1_rc (*on_fill)(void *self, const s1_order *order, const s1_fill *fill, s1_err *err);
    /* Any other state change: ACCEPTED, REJECTED, TRIGGERED, CANCELED, EXPIRED. reason may be "".
     */
    s1_rc (*on_state)(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err);
    /* The quantity of an order with `cash_fraction` at the price it fills at; S1_OK, or S1_E_DENIED
     * with the reason in err. Called before on_before_fill, of such orders only. */
    s1_rc (*on_size)(void *self, const s1_order *order, s1_dec price, s1_dec *ret_quantity,
                     s1_err *err);
    /* A bar reached the order and did not tell whether in time, and the rule was not to fill it;
     * what did fill tells of itself. NULL: nobody wants to know. */
    void (*on_undecided)(void *self, const s1_order *order, int32_t rule, s1_nanos time);
    /* The trigger of a trailing stop moved to order->price: told at the end of a bar, and before a
     * fill of the order's trade. NULL where no order trails. */
    s1_rc (*on_trailed)(void *self, const s1_order *order, s1_dec from, s1_nanos time, s1_err *err);
    /* An entry was changed, as asked or for a reason of the venue's, and works so from now on. NULL
     * where none is. */
    s1_rc (*on_amended)(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err);
} s1_order_listener;

/* Quantities of orders are multiples of it: the lot, or without one the last digit there is. */
static inline s1_dec s1_order_quantity_step(const s1_instrument *instrument)
{
    return s1_dec_is_zero(instrument->lot_size) ? s1_dec_from_mantissa(1, instrument->qty_scale)
                                                : instrument->lot_size;
}

const char *s1_order_role_name(int32_t role);
const char *s1_order_state_name(int32_t state);
const char *s1_order_type_name(int32_t type);     /* MARKET, LIMIT, STOP, STOP_LIMIT, .. */
const char *s1_order_name(const s1_order *order); /* the same, or TRAILING_STOP, .. */
const char *s1_side_name(int32_t side);           /* buy, sell */
const char *s1_fill_rule_name(int32_t rule);
bool s1_fill_rule_is_ambiguous(int32_t rule);

#endif /* S1_BACKEND_DTOS_EXECUTION_ORDER_H */
