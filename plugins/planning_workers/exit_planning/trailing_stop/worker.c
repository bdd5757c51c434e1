/* trailing_stop - the stop of a plan becomes a trailing stop of the exchange. */
#include "s1mple/planning.h"

#include <stdlib.h>

enum trail_by { BY_PERCENT = 'p', BY_AMOUNT = 'a', BY_STOP = 's' };

typedef struct trailing_exit {
    char trail_by; /* enum trail_by */
    s1_dec percent, amount, activate_after;
} trailing_exit;

/* entry +- percent of it, to the tick away from the entry. `sign` 1: up. */
static s1_rc beside_entry(const s1_plan *plan, const s1_instrument *instrument, s1_dec percent,
                          int sign, s1_dec *ret_price, s1_err *err)
{
    s1_dec part, price;
    S1_TRY(err, s1_dec_mul_div(plan->entry_price, percent, s1_dec_from_int(100), S1_ROUND_HALF_EVEN,
                               &part, err));
    if (sign > 0) {
        S1_TRY(err, s1_dec_add(plan->entry_price, part, &price, err));
    } else {
        S1_TRY(err, s1_dec_sub(plan->entry_price, part, &price, err));
    }
    return s1_dec_round_to_step(price, instrument->tick_size,
                                sign > 0 ? S1_ROUND_UP : S1_ROUND_DOWN, ret_price, err);
}

/* The stop where nobody planned one. */
static s1_rc first_stop(const trailing_exit *me, const s1_instrument *instrument, s1_plan *plan,
                        s1_verdict *verdict, s1_err *err)
{
    const int sign = s1_direction_sign(plan->direction);
    s1_dec stop;
    if (me->trail_by == BY_PERCENT) {
        S1_TRY(err, beside_entry(plan, instrument, me->percent, -sign, &stop, err));
    } else {
        if (sign > 0) {
            S1_TRY(err, s1_dec_sub(plan->entry_price, plan->trail_amount, &stop, err));
        } else {
            S1_TRY(err, s1_dec_add(plan->entry_price, plan->trail_amount, &stop, err));
        }
        S1_TRY(err, s1_dec_round_to_step(stop, instrument->tick_size,
                                         sign > 0 ? S1_ROUND_DOWN : S1_ROUND_UP, &stop, err));
    }
    if (s1_dec_sign(stop) <= 0) {
        s1_verdict_reject(verdict, S1_STR("STOP_INVALID"), 0.0, s1_dec_to_double(stop));
        return S1_OK;
    }
    plan->stop_loss = stop;
    return S1_OK;
}

static s1_rc exit_plan(void *self, const s1_context *context, const s1_signal *signal,
                       const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                       s1_err *err)
{
    (void)signal;
    (void)threats;
    const trailing_exit *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    const bool has_stop = !s1_dec_is_zero(plan->stop_loss);
    s1_dec distance = me->amount;
    if (has_stop || me->trail_by == BY_STOP) {
        S1_TRY(err, s1_plan_stop_distance(plan, verdict, &distance, err));
        if (verdict->is_rejected) {
            return S1_OK;
        }
    }
    if (me->trail_by == BY_PERCENT) {
        plan->trail_percent = me->percent;
    } else {
        distance = me->trail_by == BY_STOP ? s1_dec_abs(distance) : me->amount;
        S1_TRY(err, s1_dec_round_to_step(distance, instrument->tick_size, S1_ROUND_UP,
                                         &plan->trail_amount, err));
    }
    if (!s1_dec_is_zero(me->activate_after)) {
        S1_TRY(err, beside_entry(plan, instrument, me->activate_after,
                                 s1_direction_sign(plan->direction), &plan->trail_activation, err));
    }
    return has_stop ? S1_OK : first_stop(me, instrument, plan, verdict, err);
}

static void exit_destroy(void *self)
{
    free(self);
}

static s1_rc exit_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    trailing_exit bound = {0};
    s1_str by;
    S1_TRY(err, binder->param_text(binder->self, S1_STR("trail_by"), &by, err));
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("trail_percent"), &bound.percent, err));
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("trail_amount"), &bound.amount, err));
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("activate_after_percent"),
                                      &bound.activate_after, err));
    bound.trail_by = by.ptr[0];
    if (bound.trail_by == BY_AMOUNT && s1_dec_sign(bound.amount) <= 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "trailing_stop: trail_amount %g, expected above 0 with trail_by amount",
                        s1_dec_to_double(bound.amount));
    }
    trailing_exit *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "trailing_stop: %zu bytes", sizeof *me);
    }
    *me = bound;
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

S1_PLUGIN("trailing_stop", "1.0.0", &exit_ops, 0)
