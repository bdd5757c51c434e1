/* default_router - one order of the planned kind for the whole quantity. */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct router {
    int32_t time_in_force;
    uint32_t post_only;
} router;

static s1_rc router_plan(void *self, const s1_context *context, const s1_signal *signal,
                         const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                         s1_err *err)
{
    (void)signal;
    (void)threats;
    const router *const me = self;
    const s1_dec tick = context->primary->instrument->tick_size;
    const bool is_long = plan->direction == S1_LONG;
    switch (plan->entry_type) {
    case S1_ORDER_MARKET:
        break;
    case S1_ORDER_LIMIT: /* never a worse price than planned */
        S1_TRY(err,
               s1_dec_round_to_step(plan->entry_price, tick, is_long ? S1_ROUND_DOWN : S1_ROUND_UP,
                                    &plan->limit_price, err));
        plan->post_only = me->post_only;
        break;
    case S1_ORDER_STOP: /* never triggered before the planned price */
        S1_TRY(err,
               s1_dec_round_to_step(plan->entry_price, tick, is_long ? S1_ROUND_UP : S1_ROUND_DOWN,
                                    &plan->trigger_price, err));
        break;
    default:
        s1_verdict_reject(verdict, S1_STR("ENTRY_MISSING"), (double)NAN, (double)plan->entry_type);
        return S1_OK;
    }
    plan->order_type = plan->entry_type;
    plan->time_in_force = me->time_in_force;
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
    s1_str time_in_force;
    bool is_post_only;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("time_in_force"), &time_in_force, err));
    S1_TRY(err, binder->param_bool(binder->self, S1_STR("post_only"), &is_post_only, err));
    router *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "default_router: %zu bytes", sizeof *me);
    }
    const char kind = time_in_force.ptr[0]; /* GTC | IOC | FOK */
    me->time_in_force = kind == 'I' ? S1_TIF_IOC : kind == 'F' ? S1_TIF_FOK : S1_TIF_GTC;
    me->post_only = is_post_only;
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

S1_PLUGIN("default_router", "1.0.0", &router_ops, 0)
