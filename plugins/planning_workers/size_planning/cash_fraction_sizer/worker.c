/* cash_fraction_sizer - a fixed fraction of the free cash, in whole lots. */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct cash_sizer {
    s1_dec fraction;
    bool is_at_fill;
} cash_sizer;

static s1_rc sizer_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)signal;
    (void)threats;
    const cash_sizer *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    if (s1_dec_sign(plan->entry_price) <= 0) {
        s1_verdict_reject(verdict, S1_STR("ENTRY_MISSING"), (double)NAN, (double)NAN);
        return S1_OK;
    }
    s1_dec budget;
    s1_dec quantity;
    if (me->is_at_fill) { /* an estimate: what is open may be closed by then */
        budget = context->ledger->equity;
    } else {
        S1_TRY(err, s1_dec_sub(context->ledger->cash, context->ledger->reserved, &budget, err));
    }
    budget = s1_dec_max(budget, S1_DEC_ZERO);
    S1_TRY(err, s1_dec_mul(me->fraction, budget, S1_ROUND_DOWN, &budget, err));
    S1_TRY(err, s1_dec_div(budget, plan->entry_price, S1_ROUND_DOWN, &quantity, err));
    S1_TRY(err, s1_quantity_to_lot(instrument, quantity, &quantity, err));
    if (me->is_at_fill) { /* whether it buys enough turns out as it fills */
        quantity = s1_dec_max(quantity, s1_dec_max(instrument->min_quantity, instrument->lot_size));
    }
    S1_TRY(err, s1_verdict_check_minimum(verdict, instrument, quantity, plan->entry_price, err));
    if (!verdict->is_rejected) {
        plan->quantity = quantity;
        plan->cash_fraction = me->is_at_fill ? me->fraction : S1_DEC_ZERO;
    }
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
    s1_dec fraction;
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("fraction"), &fraction, err));
    if (s1_dec_sign(fraction) <= 0 || s1_dec_cmp(fraction, S1_DEC_ONE) > 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "cash_fraction_sizer: fraction %g, expected above 0 and at most 1",
                        s1_dec_to_double(fraction));
    }
    s1_str sized_at;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("sized_at"), &sized_at, err));
    cash_sizer *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "cash_fraction_sizer: %zu bytes", sizeof *me);
    }
    me->fraction = fraction;
    me->is_at_fill = sized_at.ptr[0] == 'f'; /* decision | fill */
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

S1_PLUGIN("cash_fraction_sizer", "1.0.0", &sizer_ops, 0)
