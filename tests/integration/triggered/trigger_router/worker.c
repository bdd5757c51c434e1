/* trigger_router - sends every entry as one order with a trigger so many ticks from the planned
 * price and, where the kind has one, a limit so many ticks from the trigger. Ticks above zero are
 * away from the market for a buyer. For tests. */
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct trigger_router {
    int64_t type, trigger_ticks, limit_ticks;
    int32_t time_in_force;
} trigger_router;

static s1_rc moved(const s1_plan *plan, const s1_instrument *instrument, s1_dec from, int64_t ticks,
                   s1_dec *ret_price, s1_err *err)
{
    s1_dec way;
    S1_TRY(err,
           s1_dec_mul(instrument->tick_size, s1_dec_from_int(ticks), S1_ROUND_DOWN, &way, err));
    S1_TRY(err, plan->direction == S1_LONG ? s1_dec_add(from, way, &way, err)
                                           : s1_dec_sub(from, way, &way, err));
    return s1_dec_round_to_step(way, instrument->tick_size, S1_ROUND_HALF_EVEN, ret_price, err);
}

static s1_rc router_plan(void *self, const s1_context *context, const s1_signal *signal,
                         const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                         s1_err *err)
{
    (void)signal;
    (void)threats;
    (void)verdict;
    const trigger_router *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    plan->order_type = (int32_t)me->type;
    plan->time_in_force = me->time_in_force;
    S1_TRY(err, moved(plan, instrument, plan->entry_price, me->trigger_ticks, &plan->trigger_price,
                      err));
    return s1_order_type_has_limit(plan->order_type)
               ? moved(plan, instrument, plan->trigger_price, me->limit_ticks, &plan->limit_price,
                       err)
               : S1_OK;
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
    trigger_router made = {0};
    S1_TRY(err, binder->param_int(b, S1_STR("type"), &made.type, err));
    S1_TRY(err, binder->param_int(b, S1_STR("trigger_ticks"), &made.trigger_ticks, err));
    S1_TRY(err, binder->param_int(b, S1_STR("limit_ticks"), &made.limit_ticks, err));
    S1_TRY(err, s1_param_time_in_force(binder, S1_STR("time_in_force"), &made.time_in_force, err));
    trigger_router *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "trigger_router: %zu bytes", sizeof *me);
    }
    *me = made;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops router_ops = {.size = sizeof router_ops,
                                         .type = S1_WORKER_PLANNING,
                                         .create = router_create,
                                         .destroy = router_destroy,
                                         .plan = router_plan};

S1_PLUGIN("trigger_router", "1.0.0", &router_ops, 0)
