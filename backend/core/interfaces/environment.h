/* backend/core/interfaces/environment.h - the world a strategy lives in, for who implements one.
 *
 * Backtest, paper and live offer the same few verbs. The environment knows no bus: the run loop
 * asks it for the next market data and tells it to match; what happens to orders comes back through
 * the s1_order_listener the environment was made with.
 */
#ifndef S1_BACKEND_CORE_INTERFACES_ENVIRONMENT_H
#define S1_BACKEND_CORE_INTERFACES_ENVIRONMENT_H

#include "backend/dtos/execution/order.h"

/* What closed at one moment: the payload of MarketDataReceived. */
typedef struct s1_market_snapshot {
    s1_nanos now;          /* close time of the bars it has */
    uint32_t stream_count; /* the primary is 0 */
    uint32_t is_warmup;    /* before `from`: the strategy may not act yet */
    const s1_bar *bars;    /* [stream_count] */
    const bool *has_bar;   /* [stream_count]; the primary always has one */
} s1_market_snapshot;

typedef struct s1_environment {
    void *self;
    /* The next moment, or *ret_snapshot = NULL when there is no more. Borrowed until the next
     * call. */
    s1_rc (*next)(void *self, const s1_market_snapshot **ret_snapshot, s1_err *err);
    /* Matches resting orders on the snapshot last handed out. */
    s1_rc (*match)(void *self, s1_err *err);
    s1_rc (*submit)(void *self, const s1_order *order, s1_err *err);
    /* `time` is when it happens: of the fill that made the order superfluous, or now. */
    s1_rc (*cancel)(void *self, s1_order_id order_id, s1_str reason, s1_nanos time, s1_err *err);
    s1_rc (*modify)(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity, s1_err *err);
    /* Changes a working entry; the listener hears of it once the venue did. */
    s1_rc (*amend)(void *self, const s1_order_change *change, s1_err *err);
} s1_environment;

#endif /* S1_BACKEND_CORE_INTERFACES_ENVIRONMENT_H */
