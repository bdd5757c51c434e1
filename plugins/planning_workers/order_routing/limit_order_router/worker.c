/* limit_order_router - one limit order for the whole quantity, whatever entry was planned. */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct limit_router {
    s1_dec slippage;        /* fraction of the planned price */
    s1_nanos expires_after; /* 0: never */
    int32_t time_in_force;
    uint32_t post_only;
} limit_router;

static s1_rc router_plan(void *self, const s1_context *context, const s1_signal *signal,
                         const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                         s1_err *err)
{
    (void)signal;
    (void)threats;
    const limit_router *const me = self;
    const bool is_long = plan->direction == S1_LONG;
    if (plan->entry_type != S1_ORDER_MARKET && plan->entry_type != S1_ORDER_LIMIT) {
        /* A stop entry waits for a price a limit order would take at once. */
        s1_verdict_reject(
            verdict, plan->entry_type == 0 ? S1_STR("ENTRY_MISSING") : S1_STR("ENTRY_UNSUPPORTED"),
            (double)NAN, (double)plan->entry_type);
        return S1_OK;
    }
    s1_dec limit = plan->entry_price;
    if (plan->entry_type == S1_ORDER_MARKET) {
        s1_dec slippage;
        S1_TRY(err, s1_dec_mul(limit, me->slippage, S1_ROUND_DOWN, &slippage, err));
        if (is_long) {
            S1_TRY(err, s1_dec_add(limit, slippage, &limit, err));
        } else {
            S1_TRY(err, s1_dec_sub(limit, slippage, &limit, err));
        }
    }
    /* Between two ticks: the one that never pays more than allowed. */
    S1_TRY(err, s1_dec_round_to_step(limit, context->primary->instrument->tick_size,
                                     is_long ? S1_ROUND_DOWN : S1_ROUND_UP, &limit, err));
    if (s1_dec_sign(limit) <= 0) {
        s1_verdict_reject(verdict, S1_STR("LIMIT_INVALID"), 0.0, s1_dec_to_double(limit));
        return S1_OK;
    }
    plan->limit_price = limit;
    plan->order_type = S1_ORDER_LIMIT;
    plan->time_in_force = me->time_in_force;
    plan->post_only = me->post_only;
    return s1_plan_expire_after(plan, context->now, me->expires_after, err);
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
    limit_router bound = {0};
    s1_dec percent;
    bool is_post_only;
    S1_TRY(err, binder->param_decimal(b, S1_STR("max_slippage_percent"), &percent, err));
    S1_TRY(err, binder->param_bool(b, S1_STR("post_only"), &is_post_only, err));
    S1_TRY(err, s1_param_time_in_force(binder, S1_STR("time_in_force"), &bound.time_in_force, err));
    S1_TRY(err,
           s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_DOWN, &bound.slippage, err));
    if (is_post_only && (!s1_dec_is_zero(percent) || bound.time_in_force != S1_TIF_GTC)) {
        return S1_RAISE(
            err, S1_E_INVALID,
            "limit_order_router: post_only with max_slippage_percent %g and a "
            "time_in_force, expected 0 and GTC: such an order is meant to trade at once",
            s1_dec_to_double(percent));
    }
    S1_TRY(err, s1_param_expires_after(binder, bound.time_in_force, &bound.expires_after, err));
    bound.post_only = is_post_only;
    limit_router *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "limit_order_router: %zu bytes", sizeof *me);
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

S1_PLUGIN("limit_order_router", "1.0.0", &router_ops, 0)
