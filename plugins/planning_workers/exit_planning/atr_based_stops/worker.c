/* atr_based_stops - a stop loss `multiple` average true ranges away from the entry. */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct atr_stops {
    const s1_series *atr;
    double multiple;
} atr_stops;

static s1_rc stops_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)signal;
    (void)threats;
    const atr_stops *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    const double atr = s1_series_last(me->atr);
    if (!(atr > 0.0) || s1_dec_sign(plan->entry_price) <= 0) {
        s1_verdict_reject(verdict, S1_STR("STOP_INVALID"), 0.0, atr);
        return S1_OK;
    }
    s1_dec distance;
    s1_dec stop;
    S1_TRY(err, s1_price_from_double(instrument, me->multiple * atr, S1_ROUND_HALF_EVEN, &distance,
                                     err));
    if (plan->direction == S1_LONG) {
        S1_TRY(err, s1_dec_sub(plan->entry_price, distance, &stop, err));
    } else {
        S1_TRY(err, s1_dec_add(plan->entry_price, distance, &stop, err));
    }
    /* An entry between two ticks: rounded away from it, the stop is never nearer than asked. */
    S1_TRY(err, s1_dec_round_to_step(stop, instrument->tick_size,
                                     plan->direction == S1_LONG ? S1_ROUND_DOWN : S1_ROUND_UP,
                                     &stop, err));
    if (s1_dec_sign(distance) <= 0 || s1_dec_sign(stop) <= 0) {
        s1_verdict_reject(verdict, S1_STR("STOP_INVALID"), 0.0, s1_dec_to_double(stop));
        return S1_OK;
    }
    plan->stop_loss = stop;
    return S1_OK;
}

static void stops_destroy(void *self)
{
    free(self);
}

static s1_rc stops_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    atr_stops bound = {0};
    int64_t period;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("atr_period"), &period, err));
    S1_TRY(err, binder->param_float(binder->self, S1_STR("multiple"), &bound.multiple, err));
    if (!(bound.multiple > 0.0)) {
        return S1_RAISE(err, S1_E_INVALID, "atr_based_stops: multiple %g, expected above 0",
                        bound.multiple);
    }
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    S1_TRY(err, binder->series(binder->self, (s1_str){name, (size_t)length}, &bound.atr, err));
    atr_stops *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "atr_based_stops: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops stops_ops = {
    .size = sizeof stops_ops,
    .type = S1_WORKER_PLANNING,
    .create = stops_create,
    .destroy = stops_destroy,
    .plan = stops_plan,
};

S1_PLUGIN("atr_based_stops", "1.0.0", &stops_ops, 0)
