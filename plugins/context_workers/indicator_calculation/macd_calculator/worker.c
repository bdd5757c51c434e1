/* macd_calculator - difference of two exponential averages, its signal line and their histogram, by
 * TA-Lib's convention: both averages start on the same bar, each from the mean of its own period.
 */
#include "s1mple/plugin.h"
#include "s1mple/rows.h"

#include <stdlib.h>

typedef struct average {
    double alpha, period;
    double value; /* the sum while it is being seeded */
} average;

typedef struct macd_calculator {
    const s1_series *close;
    s1_column *macd_column, *signal_column, *histogram_column;
    average fast, slow, signal;
    uint64_t bars; /* bars seen */
} macd_calculator;

/* Takes the `seen`-th of its values, the first being 1. */
static void average_take(average *me, double value, double seen)
{
    if (seen > me->period) {
        me->value += me->alpha * (value - me->value);
        return;
    }
    me->value += value;
    if (seen == me->period) {
        me->value /= me->period;
    }
}

static void put(const macd_calculator *me, uint64_t row, double macd, double signal)
{
    s1_column_put_row(me->macd_column, row, macd);
    s1_column_put_row(me->signal_column, row, signal);
    s1_column_put_row(me->histogram_column, row, macd - signal);
}

static inline void take_row(macd_calculator *me, uint64_t row)
{
    const double close = s1_series_row(me->close, row);
    me->bars++;
    const double seen = (double)me->bars;
    const double late = me->slow.period - me->fast.period; /* bars the fast average waits */
    average_take(&me->slow, close, seen);
    if (seen > late) {
        average_take(&me->fast, close, seen - late);
    }
    if (seen < me->slow.period) {
        put(me, row, (double)NAN, (double)NAN);
        return;
    }
    const double macd = me->fast.value - me->slow.value;
    const double values = seen - me->slow.period + 1.0;
    average_take(&me->signal, macd, values);
    if (values < me->signal.period) {
        put(me, row, (double)NAN, (double)NAN);
    } else {
        put(me, row, macd, me->signal.value);
    }
}

S1_ENRICH_BY_ROW(macd, macd_calculator, take_row, close)

static s1_rc bind_period(average *me, const s1_binder *binder, s1_str name, int64_t least,
                         s1_err *err)
{
    int64_t period;
    S1_TRY(err, binder->param_int(binder->self, name, &period, err));
    if (period < least) {
        return S1_RAISE(err, S1_E_INVALID, "macd_calculator: %.*s %lld, expected %lld or more",
                        S1_STR_ARG(name), (long long)period, (long long)least);
    }
    me->period = (double)period;
    me->alpha = 2.0 / ((double)period + 1.0);
    return S1_OK;
}

static s1_rc bind_column(const macd_calculator *me, const s1_binder *binder, const char *prefix,
                         s1_column **ret_column, s1_err *err)
{
    char name[96];
    const int length = snprintf(name, sizeof name, "%s_%.0f_%.0f_%.0f", prefix, me->fast.period,
                                me->slow.period, me->signal.period);
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

static void macd_destroy(void *self)
{
    free(self);
}

static s1_rc macd_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    macd_calculator bound = {0};
    S1_TRY(err, bind_period(&bound.fast, binder, S1_STR("fast"), 2, err));
    S1_TRY(err, bind_period(&bound.slow, binder, S1_STR("slow"), 3, err));
    S1_TRY(err, bind_period(&bound.signal, binder, S1_STR("signal"), 1, err));
    if (bound.fast.period >= bound.slow.period) {
        return S1_RAISE(err, S1_E_INVALID,
                        "macd_calculator: fast %.0f and slow %.0f, expected fast below slow",
                        bound.fast.period, bound.slow.period);
    }
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &bound.close, err));
    S1_TRY(err, bind_column(&bound, binder, "macd", &bound.macd_column, err));
    S1_TRY(err, bind_column(&bound, binder, "macd_signal", &bound.signal_column, err));
    S1_TRY(err, bind_column(&bound, binder, "macd_histogram", &bound.histogram_column, err));
    macd_calculator *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "macd_calculator: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops macd_ops = {
    .size = sizeof macd_ops,
    .type = S1_WORKER_CONTEXT,
    .create = macd_create,
    .destroy = macd_destroy,
    .enrich = macd_enrich,
    .enrich_range = macd_enrich_range,
};

S1_PLUGIN("macd_calculator", "1.0.0", &macd_ops, 0)
