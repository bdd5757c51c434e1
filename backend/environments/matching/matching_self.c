/* Self-trade prevention: limit orders of one run that would meet each other at the venue. */
#include "backend/environments/matching/matching_internal.h"

static bool closes(const s1_order *order)
{
    return order->role != S1_ROLE_ENTRY;
}

/* Is the one ready to pay what the other asks? */
static bool do_meet(const s1_order *a, const s1_order *b)
{
    const s1_order *const buy = a->side == S1_BUY ? a : b;
    const s1_order *const sell = a->side == S1_BUY ? b : a;
    return a->type == S1_ORDER_LIMIT && b->type == S1_ORDER_LIMIT && a->side != b->side &&
           s1_dec_cmp(buy->price, sell->price) >= 0;
}

static s1_dec left_of(const s1_order *order)
{
    return s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled));
}

static s1_rc cancel(s1_matching_engine *engine, uint32_t index, s1_nanos time, s1_err *err)
{
    return s1_matching_end(engine, index, S1_ORDER_CANCELED, S1_STR(S1_REASON_SELF_TRADE), time,
                           err);
}

/* Takes `least` off an entry; one that closes keeps all of it. */
static s1_rc shrink(s1_matching_engine *engine, uint32_t index, s1_dec least, s1_nanos time,
                    s1_err *err)
{
    s1_order *const order = &engine->orders[index].order;
    if (closes(order)) {
        return S1_OK;
    }
    if (s1_dec_eq(left_of(order), least)) {
        return cancel(engine, index, time, err);
    }
    order->quantity = s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(least));
    const s1_order copy = *order;
    return engine->listener.on_amended(engine->listener.self, &copy, S1_STR(S1_REASON_SELF_TRADE),
                                       time, err);
}

/* Two that meet. What closes a position is never the one that goes. */
static s1_rc resolve(s1_matching_engine *engine, uint32_t newest, uint32_t oldest, s1_nanos time,
                     s1_err *err)
{
    const s1_order *const young = &engine->orders[newest].order;
    const s1_order *const old = &engine->orders[oldest].order;
    const int32_t policy = engine->options.rules.self_trade;
    if (policy == S1_SELF_TRADE_DECREMENT) {
        const s1_dec least = s1_dec_min(left_of(young), left_of(old));
        S1_TRY(err, shrink(engine, oldest, least, time, err));
        return engine->orders[newest].is_working ? shrink(engine, newest, least, time, err) : S1_OK;
    }
    const bool both = policy == S1_SELF_TRADE_CANCEL_BOTH;
    const bool takes_old =
        !closes(old) && (both || policy == S1_SELF_TRADE_CANCEL_OLDEST || closes(young));
    const bool takes_young =
        !closes(young) && (both || policy == S1_SELF_TRADE_CANCEL_NEWEST || closes(old));
    if (takes_old) {
        S1_TRY(err, cancel(engine, oldest, time, err));
    }
    return takes_young && engine->orders[newest].is_working ? cancel(engine, newest, time, err)
                                                            : S1_OK;
}

s1_rc s1_matching_prevent_self_trade(s1_matching_engine *engine, uint32_t index, s1_nanos time,
                                     s1_err *err)
{
    const s1_working_order *const slot = &engine->orders[index];
    const uint32_t resting = engine->count;
    for (uint32_t i = 0; i < resting && slot->is_working; i++) {
        const s1_working_order *const other = &engine->orders[i];
        if (i != index && other->is_working && do_meet(&slot->order, &other->order) &&
            !(closes(&slot->order) && closes(&other->order))) {
            S1_TRY(err, resolve(engine, index, i, time, err));
        }
    }
    return S1_OK;
}
