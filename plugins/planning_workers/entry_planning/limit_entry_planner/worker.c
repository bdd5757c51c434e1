/* limit_entry_planner - plans an entry by a limit order at an offset from the signal's price: below
 * it for a long, above it for a short.
 */
#include "s1mple/planning.h"

#include <stdlib.h>

enum offset_unit { OFFSET_TICKS = 1, OFFSET_PERCENT, OFFSET_ATR };

typedef struct limit_entry {
    const s1_series *atr; /* NULL unless the offset is in average true ranges */
    double atr_multiple;
    s1_dec percent_fraction;
    int64_t ticks;
    s1_entry_rules rules;
    enum offset_unit unit;
} limit_entry;

/* The distance from `price`, >= 0. `atr` is above 0 where it is used. */
static s1_rc offset_from(const limit_entry *me, const s1_instrument *instrument, s1_dec price,
                         double atr, s1_dec *ret_offset, s1_err *err)
{
    switch (me->unit) {
    case OFFSET_TICKS:
        return s1_dec_mul(instrument->tick_size, s1_dec_from_int(me->ticks), S1_ROUND_HALF_EVEN,
                          ret_offset, err);
    case OFFSET_PERCENT:
        return s1_dec_mul(price, me->percent_fraction, S1_ROUND_HALF_EVEN, ret_offset, err);
    case OFFSET_ATR:
        break;
    }
    return s1_dec_from_double(me->atr_multiple * atr, ret_offset, err);
}

static s1_rc entry_plan(void *self, const s1_context *context, const s1_signal *signal,
                        const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict,
                        s1_err *err)
{
    (void)threats;
    const limit_entry *const me = self;
    const s1_instrument *const instrument = context->primary->instrument;
    const bool is_long = signal->direction == S1_LONG;
    if (!s1_entry_rules_allow(&me->rules, context, signal, verdict)) {
        return S1_OK;
    }
    const double atr = me->atr == NULL ? 0.0 : s1_series_last(me->atr);
    if (!(signal->price > 0.0) || (me->atr != NULL && !(atr > 0.0))) {
        s1_verdict_reject(verdict, S1_STR("LIMIT_INVALID"), 0.0,
                          signal->price > 0.0 ? atr : signal->price);
        return S1_OK;
    }
    /* The decimal the double stands for, before a tick is taken away from it: 1.07123 is stored a
     * little below, and rounding that down would lose a tick. */
    s1_dec price;
    s1_dec offset;
    s1_dec limit;
    S1_TRY(err, s1_dec_from_double(signal->price, &price, err));
    S1_TRY(err, s1_dec_round_to_step(price, s1_dec_from_mantissa(1, instrument->price_scale),
                                     S1_ROUND_HALF_EVEN, &price, err));
    S1_TRY(err, offset_from(me, instrument, price, atr, &offset, err));
    if (is_long) {
        S1_TRY(err, s1_dec_sub(price, offset, &limit, err));
    } else {
        S1_TRY(err, s1_dec_add(price, offset, &limit, err));
    }
    /* Between two ticks: the one further away, never a worse price than asked. */
    S1_TRY(err, s1_dec_round_to_step(limit, instrument->tick_size,
                                     is_long ? S1_ROUND_FLOOR : S1_ROUND_CEIL, &limit, err));
    if (s1_dec_sign(limit) <= 0) {
        s1_verdict_reject(verdict, S1_STR("LIMIT_INVALID"), 0.0, s1_dec_to_double(limit));
        return S1_OK;
    }
    plan->entry_price = limit;
    plan->entry_type = S1_ORDER_LIMIT;
    return S1_OK;
}

/* Reads the offset of the unit chosen; the column is needed by that unit only. */
static s1_rc bind_offset(limit_entry *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    s1_str unit;
    s1_dec percent;
    int64_t period;
    S1_TRY(err, binder->param_text(b, S1_STR("offset_by"), &unit, err));
    S1_TRY(err, binder->param_int(b, S1_STR("offset_ticks"), &me->ticks, err));
    S1_TRY(err, binder->param_decimal(b, S1_STR("offset_percent"), &percent, err));
    S1_TRY(err, binder->param_float(b, S1_STR("offset_atr"), &me->atr_multiple, err));
    S1_TRY(err, binder->param_int(b, S1_STR("atr_period"), &period, err));
    S1_TRY(err, s1_dec_mul(percent, s1_dec_from_mantissa(1, 2), S1_ROUND_HALF_EVEN,
                           &me->percent_fraction, err));
    if (unit.ptr[0] != 'a') { /* ticks | percent | atr */
        me->unit = unit.ptr[0] == 't' ? OFFSET_TICKS : OFFSET_PERCENT;
        return S1_OK;
    }
    me->unit = OFFSET_ATR;
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    if (binder->series(b, (s1_str){name, (size_t)length}, &me->atr, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "limit_entry_planner: offset_by atr needs column %s; place an "
                        "atr_calculator with period %lld in context_workers",
                        name, (long long)period);
    }
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
    limit_entry bound = {0};
    S1_TRY(err, s1_entry_rules_read(binder, &bound.rules, err));
    S1_TRY(err, bind_offset(&bound, binder, err));
    limit_entry *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "limit_entry_planner: %zu bytes", sizeof *me);
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

S1_PLUGIN("limit_entry_planner", "1.0.0", &entry_ops, 0)
