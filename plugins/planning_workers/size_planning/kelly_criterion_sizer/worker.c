/* kelly_criterion_sizer - the quantity whose loss at the stop is a part of the Kelly fraction of
 * the equity: win rate - (1 - win rate) / payoff ratio.
 *
 * The win rate is a parameter, not measured: a planner sees no closed trades.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct kelly_sizer {
    s1_dec win_rate;       /* 0..1 */
    s1_dec payoff;         /* zero: by the plan's target and stop */
    s1_dec kelly_fraction; /* of the Kelly fraction */
    s1_dec max_risk;       /* of the equity */
    s1_dec max_fraction;   /* of the buying power */
} kelly_sizer;

/* Gain over loss of the plan; refuses a target that is missing or on the wrong side. */
static s1_rc payoff_of(const kelly_sizer *me, const s1_plan *plan, s1_dec distance,
                       s1_verdict *verdict, s1_dec *ret_payoff, s1_err *err)
{
    if (!s1_dec_is_zero(me->payoff)) {
        *ret_payoff = me->payoff;
        return S1_OK;
    }
    if (s1_dec_is_zero(plan->take_profit)) {
        s1_verdict_reject(verdict, S1_STR("TARGET_MISSING"), (double)NAN, (double)NAN);
        return S1_OK;
    }
    s1_dec gain;
    S1_TRY(err, s1_dec_sub(plan->take_profit, plan->entry_price, &gain, err));
    if (s1_dec_sign(gain) != s1_direction_sign(plan->direction)) {
        s1_verdict_reject(verdict, S1_STR("TARGET_INVALID"), s1_dec_to_double(plan->entry_price),
                          s1_dec_to_double(plan->take_profit));
        return S1_OK;
    }
    S1_TRY(err, s1_dec_div(gain, distance, S1_ROUND_DOWN, ret_payoff, err));
    return S1_OK;
}

/* The part of the equity to risk; refuses a bet that is expected to lose. */
static s1_rc risk_of(const kelly_sizer *me, const s1_plan *plan, s1_dec distance,
                     s1_verdict *verdict, s1_dec *ret_risk, s1_err *err)
{
    s1_dec payoff = S1_DEC_ZERO;
    S1_TRY(err, payoff_of(me, plan, distance, verdict, &payoff, err));
    if (verdict->is_rejected) {
        return S1_OK;
    }
    s1_dec kelly = S1_DEC_ZERO; /* a payoff of nothing is no bet */
    if (s1_dec_sign(payoff) > 0) {
        s1_dec lost;
        S1_TRY(err, s1_dec_sub(S1_DEC_ONE, me->win_rate, &lost, err));
        S1_TRY(err, s1_dec_div(lost, payoff, S1_ROUND_UP, &lost, err));
        S1_TRY(err, s1_dec_sub(me->win_rate, lost, &kelly, err));
    }
    if (s1_dec_sign(kelly) <= 0) {
        s1_verdict_reject(verdict, S1_STR("NO_EDGE"), 0.0, s1_dec_to_double(kelly));
        return S1_OK;
    }
    s1_dec risk;
    S1_TRY(err, s1_dec_mul(kelly, me->kelly_fraction, S1_ROUND_DOWN, &risk, err));
    *ret_risk = s1_dec_min(risk, me->max_risk);
    return S1_OK;
}

static s1_rc sizer_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)signal;
    (void)threats;
    const kelly_sizer *const me = self;
    s1_dec distance = S1_DEC_ZERO;
    S1_TRY(err, s1_plan_stop_distance(plan, verdict, &distance, err));
    if (verdict->is_rejected) {
        return S1_OK;
    }
    s1_dec fraction = S1_DEC_ZERO;
    S1_TRY(err, risk_of(me, plan, distance, verdict, &fraction, err));
    if (verdict->is_rejected) {
        return S1_OK;
    }
    S1_TRY(err,
           s1_plan_size_by_risk(context, plan, distance, fraction, me->max_fraction, verdict, err));
    return S1_OK;
}

static void sizer_destroy(void *self)
{
    free(self);
}

static s1_rc sizer_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    kelly_sizer bound;
    S1_TRY(err, s1_param_percent(binder, S1_STR("win_rate_percent"), &bound.win_rate, err));
    S1_TRY(err, s1_param_percent(binder, S1_STR("kelly_percent"), &bound.kelly_fraction, err));
    S1_TRY(err, s1_param_percent(binder, S1_STR("max_risk_percent"), &bound.max_risk, err));
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("payoff_ratio"), &bound.payoff, err));
    S1_TRY(err, s1_param_percent(binder, S1_STR("max_capital_percent"), &bound.max_fraction, err));
    kelly_sizer *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "kelly_criterion_sizer: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops sizer_ops = {
    .size = sizeof sizer_ops,
    .type = S1_WORKER_PLANNING,
    .create = sizer_create,
    .destroy = sizer_destroy,
    .plan = sizer_plan,
};

S1_PLUGIN("kelly_criterion_sizer", "1.0.0", &sizer_ops, 0)
