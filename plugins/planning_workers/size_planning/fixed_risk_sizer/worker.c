/* fixed_risk_sizer - the quantity whose loss at the stop is a fixed percentage of the equity.
 *
 * |entry - stop| * quantity = risk, rounded down to the lot and capped by what can be paid for.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct risk_sizer {
    s1_dec risk_fraction; /* of the equity */
    s1_dec max_fraction;  /* of the buying power */
} risk_sizer;

/* The most that can be bought: free cash without margin, equity times leverage with it; a part of
 * it, because the fill may be worse than the plan, and with the taker fee paid on top. */
static s1_rc affordable(const risk_sizer *me, const s1_context *context, s1_dec entry_price,
                        s1_dec *ret_quantity, s1_err *err)
{
    const s1_instrument *const instrument = context->primary->instrument;
    const s1_ledger_view *const ledger = context->ledger;
    s1_dec power;
    if ((instrument->flags & S1_INSTRUMENT_MARGIN) != 0) {
        S1_TRY(err, s1_dec_mul(ledger->equity, instrument->leverage, S1_ROUND_DOWN, &power, err));
    } else {
        S1_TRY(err, s1_dec_sub(ledger->cash, ledger->reserved, &power, err));
    }
    if (s1_dec_sign(power) <= 0) {
        *ret_quantity = S1_DEC_ZERO;
        return S1_OK;
    }
    s1_dec unit_cost;
    S1_TRY(err, s1_dec_mul(entry_price, instrument->taker_fee, S1_ROUND_UP, &unit_cost, err));
    S1_TRY(err, s1_dec_add(unit_cost, entry_price, &unit_cost, err));
    S1_TRY(err, s1_dec_mul(power, me->max_fraction, S1_ROUND_DOWN, &power, err));
    S1_TRY(err, s1_dec_div(power, unit_cost, S1_ROUND_DOWN, ret_quantity, err));
    return S1_OK;
}

static s1_rc sizer_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)signal;
    (void)threats;
    const risk_sizer *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    if (s1_dec_is_zero(plan->stop_loss)) {
        s1_verdict_reject(verdict, S1_STR("STOP_MISSING"), (double)NAN, (double)NAN);
        return S1_OK;
    }
    s1_dec distance;
    S1_TRY(err, s1_dec_sub(plan->entry_price, plan->stop_loss, &distance, err));
    if (s1_dec_sign(distance) != s1_direction_sign(plan->direction)) {
        s1_verdict_reject(verdict, S1_STR("STOP_INVALID"), s1_dec_to_double(plan->entry_price),
                          s1_dec_to_double(plan->stop_loss));
        return S1_OK;
    }
    s1_dec quantity = S1_DEC_ZERO;
    if (s1_dec_sign(context->ledger->equity) > 0) {
        s1_dec risk;
        s1_dec most;
        S1_TRY(err,
               s1_dec_mul(context->ledger->equity, me->risk_fraction, S1_ROUND_DOWN, &risk, err));
        S1_TRY(err, s1_dec_div(risk, s1_dec_abs(distance), S1_ROUND_DOWN, &quantity, err));
        S1_TRY(err, affordable(me, context, plan->entry_price, &most, err));
        S1_TRY(err, s1_quantity_to_lot(instrument, s1_dec_min(quantity, most), &quantity, err));
    }
    S1_TRY(err, s1_verdict_check_minimum(verdict, instrument, quantity, plan->entry_price, err));
    if (!verdict->is_rejected) {
        plan->quantity = quantity;
    }
    return S1_OK;
}

/* Reads a percentage in (0, 100] as a fraction. */
static s1_rc read_percent(const s1_binder *binder, s1_str name, s1_dec *ret_fraction, s1_err *err)
{
    s1_dec percent;
    S1_TRY(err, binder->param_decimal(binder->self, name, &percent, err));
    if (s1_dec_sign(percent) <= 0 || s1_dec_cmp(percent, s1_dec_from_int(100)) > 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "fixed_risk_sizer: %.*s %g, expected above 0 and at most 100",
                        S1_STR_ARG(name), s1_dec_to_double(percent));
    }
    S1_TRY(err,
           s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_HALF_EVEN, ret_fraction, err));
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
    S1_TRY(err, read_percent(binder, S1_STR("risk_per_trade_percent"), &bound.risk_fraction, err));
    S1_TRY(err, read_percent(binder, S1_STR("max_capital_percent"), &bound.max_fraction, err));
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
