/* higher_timeframe_bias - which way the closed bars of a higher timeframe lean.
 *
 * The other stream's rows exist once its bars have closed, so nothing of a running bar is read. All
 * it keeps is handles: what it says follows from the visible bars.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct timeframe_bias {
    const s1_series *close, *average; /* of the higher timeframe */
    s1_column *bias, *distance;
    uint64_t slope_bars;
    double neutral_percent;
} timeframe_bias;

/* Did the average move in `direction` (1, -1) over the slope's bars? */
static bool has_slope(const timeframe_bias *me, double direction)
{
    if (me->slope_bars == 0) {
        return true;
    }
    const double before = s1_series_at(me->average, me->slope_bars);
    return direction * (s1_series_last(me->average) - before) > 0.0;
}

static s1_rc bias_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    timeframe_bias *const me = self;
    const double average = s1_series_last(me->average);
    double distance = (double)NAN;
    double bias = (double)NAN;
    if (average > 0.0 &&
        (me->slope_bars == 0 || !isnan(s1_series_at(me->average, me->slope_bars)))) {
        distance = 100.0 * (s1_series_last(me->close) / average - 1.0);
        const double direction = distance > 0.0 ? 1.0 : -1.0;
        bias = fabs(distance) > me->neutral_percent && has_slope(me, direction) ? direction : 0.0;
    }
    s1_column_put(me->bias, bias);
    s1_column_put(me->distance, distance);
    return S1_OK;
}

static s1_rc bind_series(const s1_binder *binder, s1_str stream, const char *column,
                         const s1_series **ret_series, s1_err *err)
{
    char name[256];
    const int length = snprintf(name, sizeof name, "%.*s.%s", S1_STR_ARG(stream), column);
    return binder->series(binder->self, (s1_str){name, (size_t)length}, ret_series, err);
}

static s1_rc bind(timeframe_bias *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    s1_str stream;
    s1_str column;
    int64_t period;
    int64_t slope_bars;
    S1_TRY(err, binder->param_text(b, S1_STR("stream"), &stream, err));
    S1_TRY(err, binder->param_int(b, S1_STR("period"), &period, err));
    S1_TRY(err, binder->param_int(b, S1_STR("slope_bars"), &slope_bars, err));
    S1_TRY(err, binder->param_float(b, S1_STR("neutral_percent"), &me->neutral_percent, err));
    S1_TRY(err, binder->param_text(b, S1_STR("column"), &column, err));
    me->slope_bars = (uint64_t)slope_bars;
    char average[32];
    char distance[160];
    (void)snprintf(average, sizeof average, "ema_%lld", (long long)period);
    const int length = snprintf(distance, sizeof distance, "%.*s_distance", S1_STR_ARG(column));
    S1_TRY(err, bind_series(binder, stream, "close", &me->close, err));
    S1_TRY(err, bind_series(binder, stream, average, &me->average, err));
    S1_TRY(err, binder->column(b, column, &me->bias, err));
    S1_TRY(err, binder->column(b, (s1_str){distance, (size_t)length}, &me->distance, err));
    return S1_OK;
}

static void bias_destroy(void *self)
{
    free(self);
}

static s1_rc bias_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    timeframe_bias bound = {0};
    S1_TRY(err, bind(&bound, binder, err));
    timeframe_bias *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "higher_timeframe_bias: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops bias_ops = {
    .size = sizeof bias_ops,
    .type = S1_WORKER_CONTEXT,
    .create = bias_create,
    .destroy = bias_destroy,
    .enrich = bias_enrich,
};

S1_PLUGIN("higher_timeframe_bias", "1.0.0", &bias_ops, 0)
