/* smart_router - a market entry becomes a limit order where the range of the bars and the price's
 * move allow one to be reached, else it stays one at market.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct smart_router {
    const s1_series *atr, *close;
    s1_condition *wide_enough, *calm_enough, *not_running, *inside_stop;
    double offset_atr, min_atr, max_atr, max_move; /* min and max as fractions of the close */
    uint64_t move_bars;
    s1_nanos expires_after; /* 0: never */
    int32_t time_in_force;
} smart_router;

/* Does the market allow a limit order? Unknown values do not. */
static bool allows_limit(const smart_router *me, const s1_context *context, int32_t direction,
                         double atr)
{
    const double close = s1_series_last(me->close);
    const double move =
        s1_direction_sign(direction) * (close - s1_series_at(me->close, me->move_bars)) / atr;
    return S1_CONDITION(context, me->wide_enough, atr / close, GE, me->min_atr) &&
           S1_CONDITION(context, me->calm_enough, atr / close, LE, me->max_atr) &&
           S1_CONDITION(context, me->not_running, move, LE, me->max_move);
}

/* The limit, better than the planned price, on the tick further away. */
static s1_rc limit_of(const s1_instrument *instrument, const s1_plan *plan, double offset,
                      s1_dec *ret_limit, s1_err *err)
{
    const bool is_long = plan->direction == S1_LONG;
    s1_dec distance;
    s1_dec limit;
    S1_TRY(err, s1_dec_from_double(offset, &distance, err));
    if (is_long) {
        S1_TRY(err, s1_dec_sub(plan->entry_price, distance, &limit, err));
    } else {
        S1_TRY(err, s1_dec_add(plan->entry_price, distance, &limit, err));
    }
    S1_TRY(err, s1_dec_round_to_step(limit, instrument->tick_size,
                                     is_long ? S1_ROUND_FLOOR : S1_ROUND_CEIL, ret_limit, err));
    return S1_OK;
}

/* Tries a limit order; leaves the plan alone where the market or the stop does not allow it. */
static s1_rc try_limit(const smart_router *me, const s1_context *context, s1_plan *plan,
                       s1_err *err)
{
    const double atr = s1_series_last(me->atr);
    if (!(atr > 0.0) || !allows_limit(me, context, plan->direction, atr)) {
        return S1_OK;
    }
    s1_dec limit;
    S1_TRY(err, limit_of(context->primary->instrument, plan, me->offset_atr * atr, &limit, err));
    /* A limit at the stop or beyond it would be filled by the move that ends the trade. */
    const double sign = s1_direction_sign(plan->direction);
    if (s1_dec_sign(limit) <= 0 ||
        (!s1_dec_is_zero(plan->stop_loss) &&
         !S1_CONDITION(context, me->inside_stop, sign * s1_dec_to_double(limit), GT,
                       sign * s1_dec_to_double(plan->stop_loss)))) {
        return S1_OK;
    }
    plan->limit_price = limit;
    plan->order_type = S1_ORDER_LIMIT;
    plan->time_in_force = me->time_in_force;
    return S1_OK;
}

static s1_rc router_plan(void *self, const s1_context *context, const s1_signal *signal,
                         const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                         s1_err *err)
{
    (void)signal;
    (void)threats;
    const smart_router *const me = self;
    if (plan->entry_type == S1_ORDER_MARKET) {
        S1_TRY(err, try_limit(me, context, plan, err));
        if (plan->order_type == S1_ORDER_LIMIT) {
            return s1_plan_expire_after(plan, context->now, me->expires_after, err);
        }
    }
    S1_TRY(err, s1_plan_route(context, plan, me->time_in_force, 0, verdict, err));
    return verdict->is_rejected ? S1_OK
                                : s1_plan_expire_after(plan, context->now, me->expires_after, err);
}

static s1_rc bind_conditions(smart_router *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->condition(b, S1_STR("range_wide_enough"), &me->wide_enough, err));
    S1_TRY(err, binder->condition(b, S1_STR("range_calm_enough"), &me->calm_enough, err));
    S1_TRY(err, binder->condition(b, S1_STR("price_not_running"), &me->not_running, err));
    S1_TRY(err, binder->condition(b, S1_STR("limit_inside_stop"), &me->inside_stop, err));
    return S1_OK;
}

static void router_destroy(void *self)
{
    free(self);
}

static s1_rc router_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                           s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    smart_router bound = {0};
    int64_t period;
    int64_t bars;
    double min_percent;
    double max_percent;
    S1_TRY(err, binder->param_int(b, S1_STR("atr_period"), &period, err));
    S1_TRY(err, binder->param_int(b, S1_STR("move_bars"), &bars, err));
    S1_TRY(err, binder->param_float(b, S1_STR("offset_atr"), &bound.offset_atr, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_atr_percent"), &min_percent, err));
    S1_TRY(err, binder->param_float(b, S1_STR("max_atr_percent"), &max_percent, err));
    S1_TRY(err, binder->param_float(b, S1_STR("max_move_atr"), &bound.max_move, err));
    S1_TRY(err, s1_param_time_in_force(binder, S1_STR("time_in_force"), &bound.time_in_force, err));
    S1_TRY(err, s1_param_expires_after(binder, bound.time_in_force, &bound.expires_after, err));
    if (!(min_percent <= max_percent)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "smart_router: min_atr_percent %g, expected at most max_atr_percent %g",
                        min_percent, max_percent);
    }
    bound.move_bars = (uint64_t)bars;
    bound.min_atr = min_percent / 100.0;
    bound.max_atr = max_percent / 100.0;
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    S1_TRY(err, binder->series(b, (s1_str){name, (size_t)length}, &bound.atr, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &bound.close, err));
    S1_TRY(err, bind_conditions(&bound, binder, err));
    smart_router *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "smart_router: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops router_ops = {
    .size = sizeof router_ops,
    .type = S1_WORKER_PLANNING,
    .create = router_create,
    .destroy = router_destroy,
    .plan = router_plan,
};

S1_PLUGIN("smart_router", "1.0.0", &router_ops, 0)
