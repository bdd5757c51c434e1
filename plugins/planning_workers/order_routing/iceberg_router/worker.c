/* iceberg_router - one limit order for the whole quantity that shows a part of it at a time. */
#include "s1mple/planning.h"

#include <stdlib.h>

typedef struct iceberg {
    s1_dec display_fraction;
    s1_nanos expires_after; /* 0: never */
    uint32_t post_only;
} iceberg;

static s1_rc iceberg_plan(void *self, const s1_context *context, const s1_signal *signal,
                          const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                          s1_err *err)
{
    (void)signal;
    (void)threats;
    const iceberg *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    if (plan->entry_type != S1_ORDER_LIMIT) { /* another order has nothing to hide behind */
        s1_verdict_reject(verdict, S1_STR("LIMIT_ENTRY_NEEDED"), (double)NAN,
                          (double)plan->entry_type);
        return S1_OK;
    }
    s1_dec display;
    S1_TRY(err, s1_dec_mul(plan->quantity, me->display_fraction, S1_ROUND_DOWN, &display, err));
    S1_TRY(err, s1_quantity_to_lot(instrument, display, &display, err));
    /* No venue shows less than it trades. */
    display = s1_dec_max(display, s1_dec_max(instrument->min_quantity, instrument->lot_size));
    S1_TRY(err, s1_plan_route(context, plan, S1_TIF_GTC, me->post_only, verdict, err));
    if (s1_dec_cmp(display, plan->quantity) < 0) {
        plan->display_quantity = display;
    }
    return s1_plan_expire_after(plan, context->now, me->expires_after, err);
}

static void iceberg_destroy(void *self)
{
    free(self);
}

static s1_rc iceberg_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                            s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    iceberg bound = {0};
    s1_dec percent;
    bool is_post_only;
    S1_TRY(err, binder->param_decimal(b, S1_STR("display_percent"), &percent, err));
    S1_TRY(err, binder->param_bool(b, S1_STR("post_only"), &is_post_only, err));
    S1_TRY(err, binder->param_duration(b, S1_STR("expires_after"), &bound.expires_after, err));
    S1_TRY(err, s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_HALF_EVEN,
                           &bound.display_fraction, err));
    bound.post_only = is_post_only;
    iceberg *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "iceberg_router: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops iceberg_ops = {
    .size = sizeof iceberg_ops,
    .type = S1_WORKER_PLANNING,
    .create = iceberg_create,
    .destroy = iceberg_destroy,
    .plan = iceberg_plan,
};

S1_PLUGIN("iceberg_router", "1.0.0", &iceberg_ops, 0)
