/* market_entry_planner - plans an entry at market, expected at the newest close. */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct market_entry {
    s1_entry_rules rules;
} market_entry;

static s1_rc entry_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)threats;
    (void)err;
    const market_entry *const me = self;
    const s1_stream *const primary = context->primary;
    if (!s1_entry_rules_allow(&me->rules, context, signal, verdict)) {
        return S1_OK;
    }
    plan->entry_price = s1_dec_from_mantissa(primary->bar.close, primary->instrument->price_scale);
    plan->entry_type = S1_ORDER_MARKET;
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
    market_entry bound = {0};
    S1_TRY(err, s1_entry_rules_read(binder, &bound.rules, err));
    market_entry *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "market_entry_planner: %zu bytes", sizeof *me);
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

S1_PLUGIN("market_entry_planner", "1.0.0", &entry_ops, 0)
