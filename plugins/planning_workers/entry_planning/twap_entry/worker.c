/* twap_entry - plans an entry at market in equal slices, spread evenly over a time, so that it pays
 * the average price of that time.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct twap_entry {
    s1_entry_rules rules;
    s1_nanos interval; /* from one slice to the next */
    uint32_t slices;
} twap_entry;

static double minutes(s1_nanos duration)
{
    return (double)duration / (60.0 * (double)S1_NANOS_PER_SECOND);
}

static s1_rc entry_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)threats;
    (void)err;
    const twap_entry *const me = self;
    const s1_stream *const primary = context->primary;
    if (!s1_entry_rules_allow(&me->rules, context, signal, verdict)) {
        return S1_OK;
    }
    if (me->interval < primary->timeframe) { /* it would take longer than asked, unsaid */
        s1_verdict_reject(verdict, S1_STR("INTERVAL_BELOW_BAR"), minutes(primary->timeframe),
                          minutes(me->interval));
        return S1_OK;
    }
    plan->entry_price = s1_dec_from_mantissa(primary->bar.close, primary->instrument->price_scale);
    plan->entry_type = S1_ORDER_MARKET;
    plan->slices = me->slices;
    plan->slice_interval = me->interval;
    return S1_OK;
}

static void entry_destroy(void *self)
{
    free(self);
}

static s1_rc entry_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    twap_entry bound = {0};
    int64_t duration, slices;
    S1_TRY(err, s1_entry_rules_read(binder, &bound.rules, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("duration_minutes"), &duration, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("slices"), &slices, err));
    bound.slices = (uint32_t)slices;
    bound.interval = duration * 60 * S1_NANOS_PER_SECOND / slices;
    twap_entry *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "twap_entry: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops entry_ops = {
    .size = sizeof entry_ops,
    .type = S1_WORKER_PLANNING,
    .create = entry_create,
    .destroy = entry_destroy,
    .plan = entry_plan,
};

S1_PLUGIN("twap_entry", "1.0.0", &entry_ops, 0)
