/* adx_regime_classifier - Wilder's directional movement by TA-Lib's convention, and whether the
 * market trends, up or down, or ranges. The rules stand in README.md.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

/* Below this a range or a movement is none: TA-Lib's bound. */
#define NO_MOVEMENT 1e-14

typedef struct adx_classifier {
    const s1_series *high, *low, *close;
    s1_column *adx_column, *plus_column, *minus_column, *regime_column;
    double previous_high, previous_low, previous_close;
    double plus, minus, range; /* sums until `period - 1` are in, then Wilder's sums */
    double adx;                /* the sum of `period` indices until it stands */
    uint64_t moves;            /* bars seen with one before them */
    double period, threshold;
    bool has_previous;
} adx_classifier;

static double true_range(double high, double low, double previous_close)
{
    const double up = fabs(high - previous_close);
    const double down = fabs(low - previous_close);
    const double reach = up > down ? up : down;
    return high - low > reach ? high - low : reach;
}

/* Wilder's sum loses its average and gains the value; the first period - 1 are only gathered. */
static void gather(double *sum, double value, double seen, double period)
{
    *sum = seen < period ? *sum + value : *sum - *sum / period + value;
}

static void take_move(adx_classifier *me, double high, double low)
{
    const double up = high - me->previous_high;
    const double down = me->previous_low - low;
    const double seen = (double)me->moves;
    gather(&me->plus, up > 0.0 && up > down ? up : 0.0, seen, me->period);
    gather(&me->minus, down > 0.0 && down > up ? down : 0.0, seen, me->period);
    gather(&me->range, true_range(high, low, me->previous_close), seen, me->period);
}

/* The directional index of this bar goes into the average; a bar without any leaves it. */
static void take_index(adx_classifier *me, double plus_di, double minus_di)
{
    const double seen = (double)me->moves - me->period + 1.0;
    const double total = plus_di + minus_di;
    const bool has_index = total >= NO_MOVEMENT;
    const double index = has_index ? 100.0 * (fabs(minus_di - plus_di) / total) : 0.0;
    if (seen > me->period) {
        me->adx = has_index ? (me->adx * (me->period - 1.0) + index) / me->period : me->adx;
        return;
    }
    me->adx += index;
    if (seen == me->period) {
        me->adx /= me->period;
    }
}

static double classify(const adx_classifier *me, double plus_di, double minus_di)
{
    if (me->adx < me->threshold || plus_di == minus_di) {
        return 0.0;
    }
    return plus_di > minus_di ? 1.0 : -1.0;
}

static void put(const adx_classifier *me, double plus_di, double minus_di, double adx,
                double regime)
{
    s1_column_put(me->plus_column, plus_di);
    s1_column_put(me->minus_column, minus_di);
    s1_column_put(me->adx_column, adx);
    s1_column_put(me->regime_column, regime);
}

static s1_rc adx_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    const double none = (double)NAN;
    adx_classifier *const me = self;
    const double high = s1_series_last(me->high);
    const double low = s1_series_last(me->low);
    if (me->has_previous) {
        me->moves++;
        take_move(me, high, low);
    }
    me->has_previous = true;
    me->previous_high = high;
    me->previous_low = low;
    me->previous_close = s1_series_last(me->close);
    const double seen = (double)me->moves;
    if (seen < me->period) {
        put(me, none, none, none, none);
        return S1_OK;
    }
    const bool has_range = me->range >= NO_MOVEMENT;
    const double plus_di = has_range ? 100.0 * (me->plus / me->range) : 0.0;
    const double minus_di = has_range ? 100.0 * (me->minus / me->range) : 0.0;
    take_index(me, plus_di, minus_di);
    if (seen < 2.0 * me->period - 1.0) {
        put(me, plus_di, minus_di, none, none);
    } else {
        put(me, plus_di, minus_di, me->adx, classify(me, plus_di, minus_di));
    }
    return S1_OK;
}

static s1_rc bind_column(const s1_binder *binder, const char *part, int64_t period,
                         s1_column **ret_column, s1_err *err)
{
    char name[48];
    const int length = snprintf(name, sizeof name, "%s_%lld", part, (long long)period);
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

static void adx_destroy(void *self)
{
    free(self);
}

static s1_rc adx_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    int64_t period;
    adx_classifier bound = {0};
    S1_TRY(err, binder->param_int(b, S1_STR("period"), &period, err));
    S1_TRY(err, binder->param_float(b, S1_STR("threshold"), &bound.threshold, err));
    if (period < 2) {
        return S1_RAISE(err, S1_E_INVALID, "adx_regime_classifier: period %lld, expected 2 or more",
                        (long long)period);
    }
    bound.period = (double)period;
    S1_TRY(err, binder->series(b, S1_STR("high"), &bound.high, err));
    S1_TRY(err, binder->series(b, S1_STR("low"), &bound.low, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &bound.close, err));
    S1_TRY(err, bind_column(binder, "adx", period, &bound.adx_column, err));
    S1_TRY(err, bind_column(binder, "plus_di", period, &bound.plus_column, err));
    S1_TRY(err, bind_column(binder, "minus_di", period, &bound.minus_column, err));
    S1_TRY(err, bind_column(binder, "adx_regime", period, &bound.regime_column, err));
    adx_classifier *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "adx_regime_classifier: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops adx_ops = {
    .size = sizeof adx_ops,
    .type = S1_WORKER_CONTEXT,
    .create = adx_create,
    .destroy = adx_destroy,
    .enrich = adx_enrich,
};

S1_PLUGIN("adx_regime_classifier", "1.0.0", &adx_ops, 0)
