/* atr_calculator - Wilder's average true range as column atr_<period>, by TA-Lib's convention. */
#include "s1mple/plugin.h"
#include "s1mple/rows.h"

#include <stdlib.h>

typedef struct atr_calculator {
    const s1_series *high, *low, *close;
    s1_column *column;
    double previous_close;
    double value;    /* the sum of true ranges until `period` of them are in, then the average */
    uint64_t ranges; /* true ranges seen; the first bar has none */
    double period;
    bool has_previous;
} atr_calculator;

static double true_range(double high, double low, double previous_close)
{
    const double up = fabs(high - previous_close);
    const double down = fabs(low - previous_close);
    const double reach = up > down ? up : down;
    return high - low > reach ? high - low : reach;
}

static inline void take_row(atr_calculator *me, uint64_t row)
{
    const double range =
        true_range(s1_series_row(me->high, row), s1_series_row(me->low, row), me->previous_close);
    me->previous_close = s1_series_row(me->close, row);
    if (!me->has_previous) {
        me->has_previous = true;
        s1_column_put_row(me->column, row, (double)NAN);
        return;
    }
    me->ranges++;
    const double seen = (double)me->ranges;
    if (seen > me->period) {
        me->value = (me->value * (me->period - 1.0) + range) / me->period;
    } else {
        me->value += range;
        if (seen == me->period) {
            me->value /= me->period;
        }
    }
    s1_column_put_row(me->column, row, seen < me->period ? (double)NAN : me->value);
}

S1_ENRICH_BY_ROW(atr, atr_calculator, take_row, close)

static void atr_destroy(void *self)
{
    free(self);
}

static s1_rc atr_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    int64_t period;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("period"), &period, err));
    if (period < 1) {
        return S1_RAISE(err, S1_E_INVALID, "atr_calculator: period %lld, expected 1 or more",
                        (long long)period);
    }
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    atr_calculator bound = {.period = (double)period};
    S1_TRY(err, binder->series(binder->self, S1_STR("high"), &bound.high, err));
    S1_TRY(err, binder->series(binder->self, S1_STR("low"), &bound.low, err));
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &bound.close, err));
    S1_TRY(err, binder->column(binder->self, (s1_str){name, (size_t)length}, &bound.column, err));
    atr_calculator *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "atr_calculator: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops atr_ops = {
    .size = sizeof atr_ops,
    .type = S1_WORKER_CONTEXT,
    .create = atr_create,
    .destroy = atr_destroy,
    .enrich = atr_enrich,
    .enrich_range = atr_enrich_range,
};

S1_PLUGIN("atr_calculator", "1.0.0", &atr_ops, 0)
