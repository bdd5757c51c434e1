/* rsi_calculator - Wilder's relative strength index as column rsi_<period>, by TA-Lib's convention.
 */
#include "s1mple/plugin.h"
#include "s1mple/rows.h"

#include <stdlib.h>

/* Below this a movement is none: TA-Lib's bound, so that both say 0 on the same bars. */
#define NO_MOVEMENT 1e-14

typedef struct rsi_calculator {
    const s1_series *close;
    s1_column *column;
    double previous_close;
    double gain, loss; /* sums until `period` changes are in, then Wilder's averages */
    uint64_t changes;  /* closes seen with one before them */
    double period;
    bool has_previous;
} rsi_calculator;

static double wilder(double average, double value, double period)
{
    return (average * (period - 1.0) + value) / period;
}

static inline void take_row(rsi_calculator *me, uint64_t row)
{
    const double close = s1_series_row(me->close, row);
    const double change = close - me->previous_close;
    me->previous_close = close;
    if (!me->has_previous) {
        me->has_previous = true;
        s1_column_put_row(me->column, row, (double)NAN);
        return;
    }
    const double gain = change > 0.0 ? change : 0.0;
    const double loss = change < 0.0 ? -change : 0.0;
    me->changes++;
    const double seen = (double)me->changes;
    if (seen > me->period) {
        me->gain = wilder(me->gain, gain, me->period);
        me->loss = wilder(me->loss, loss, me->period);
    } else {
        me->gain += gain;
        me->loss += loss;
        if (seen == me->period) {
            me->gain /= me->period;
            me->loss /= me->period;
        }
    }
    const double movement = me->gain + me->loss;
    const double value = movement < NO_MOVEMENT ? 0.0 : 100.0 * (me->gain / movement);
    s1_column_put_row(me->column, row, seen < me->period ? (double)NAN : value);
}

S1_ENRICH_BY_ROW(rsi, rsi_calculator, take_row, close)

static void rsi_destroy(void *self)
{
    free(self);
}

static s1_rc rsi_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    int64_t period;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("period"), &period, err));
    if (period < 2) {
        return S1_RAISE(err, S1_E_INVALID, "rsi_calculator: period %lld, expected 2 or more",
                        (long long)period);
    }
    char name[32];
    const int length = snprintf(name, sizeof name, "rsi_%lld", (long long)period);
    rsi_calculator bound = {.period = (double)period};
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &bound.close, err));
    S1_TRY(err, binder->column(binder->self, (s1_str){name, (size_t)length}, &bound.column, err));
    rsi_calculator *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "rsi_calculator: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops rsi_ops = {
    .size = sizeof rsi_ops,
    .type = S1_WORKER_CONTEXT,
    .create = rsi_create,
    .destroy = rsi_destroy,
    .enrich = rsi_enrich,
    .enrich_range = rsi_enrich_range,
};

S1_PLUGIN("rsi_calculator", "1.0.0", &rsi_ops, 0)
