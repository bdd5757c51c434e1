/* fixed_risk_sizer - the quantity whose loss at the stop is a fixed percentage of the equity.
 *
 * |entry - stop| * quantity = risk, rounded down to the lot and capped by what can be paid for.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct risk_sizer {
    s1_dec risk_fraction; /* of the equity */
    s1_dec max_fraction;  /* of the buying power */
} risk_sizer;

static s1_rc sizer_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)signal;
    (void)threats;
    const risk_sizer *const me = self;
    s1_dec distance = S1_DEC_ZERO;
    S1_TRY(err, s1_plan_stop_distance(plan, verdict, &distance, err));
    if (verdict->is_rejected) {
        return S1_OK;
    }
    S1_TRY(err, s1_plan_size_by_risk(context, plan, distance, me->risk_fraction, me->max_fraction,
                                     verdict, err));
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
    risk_sizer bound;
    S1_TRY(err,
           s1_param_percent(binder, S1_STR("risk_per_trade_percent"), &bound.risk_fraction, err));
    S1_TRY(err, s1_param_percent(binder, S1_STR("max_capital_percent"), &bound.max_fraction, err));
    risk_sizer *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "fixed_risk_sizer: %zu bytes", sizeof *me);
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

S1_PLUGIN("fixed_risk_sizer", "1.0.0", &sizer_ops, 0)
