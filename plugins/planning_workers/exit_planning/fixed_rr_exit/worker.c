/* fixed_rr_exit - a target that pays `reward_risk` times what the stop may cost. */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct rr_exit {
    s1_dec reward_risk;
} rr_exit;

static s1_rc exit_plan(void *self, const s1_context *context, const s1_signal *signal,
                       const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                       s1_err *err)
{
    (void)signal;
    (void)threats;
    const rr_exit *const me = self;
    s1_dec risk = S1_DEC_ZERO; /* below zero for a short */
    s1_dec reward;
    s1_dec target;
    S1_TRY(err, s1_plan_stop_distance(plan, verdict, &risk, err));
    if (verdict->is_rejected) {
        return S1_OK;
    }
    S1_TRY(err, s1_dec_mul(risk, me->reward_risk, S1_ROUND_HALF_EVEN, &reward, err));
    S1_TRY(err, s1_dec_add(plan->entry_price, reward, &target, err));
    S1_TRY(err, s1_dec_round_to_step(target, context->primary->instrument->tick_size,
                                     S1_ROUND_HALF_EVEN, &target, err));
    /* A short may ask for more than the price can fall; a tiny reward may round back to the entry.
     */
    const int side = s1_dec_cmp(target, plan->entry_price);
    if (s1_dec_sign(target) <= 0 || (plan->direction == S1_LONG ? side <= 0 : side >= 0)) {
        s1_verdict_reject(verdict, S1_STR("TARGET_INVALID"), s1_dec_to_double(plan->entry_price),
                          s1_dec_to_double(target));
        return S1_OK;
    }
    plan->take_profit = target;
    return S1_OK;
}

static void exit_destroy(void *self)
{
    free(self);
}

static s1_rc exit_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    s1_dec reward_risk;
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("reward_risk"), &reward_risk, err));
    if (s1_dec_sign(reward_risk) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "fixed_rr_exit: reward_risk %g, expected above 0",
                        s1_dec_to_double(reward_risk));
    }
    rr_exit *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "fixed_rr_exit: %zu bytes", sizeof *me);
    }
    me->reward_risk = reward_risk;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops exit_ops = {
    .size = sizeof exit_ops,
    .type = S1_WORKER_PLANNING,
    .create = exit_create,
    .destroy = exit_destroy,
    .plan = exit_plan,
};

S1_PLUGIN("fixed_rr_exit", "1.0.0", &exit_ops, 0)
