/* volatility_spike_detector - reports VOLATILITY_SPIKE while the newest range stands out from the
 * ranges before it.
 *
 * It keeps nothing between ticks: the mean is taken from the visible bars, so a restart or a
 * warm-up that did not call it changes no report.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct volatility_spike {
    const s1_series *high, *low, *close;
    const s1_series *atr; /* NULL: the true range itself is measured */
    s1_condition *ratio;
    double factors[3]; /* MEDIUM, HIGH, CRITICAL, ascending */
    uint64_t period;
} volatility_spike;

/* The measured range of the bar `ago` back; NaN where it does not exist. */
static double range_at(const volatility_spike *me, uint64_t ago)
{
    if (me->atr != NULL) {
        return s1_series_at(me->atr, ago);
    }
    const double high = s1_series_at(me->high, ago);
    const double low = s1_series_at(me->low, ago);
    const double previous = s1_series_at(me->close, ago + 1);
    if (isnan(previous)) {
        return (double)NAN;
    }
    const double up = fabs(high - previous);
    const double down = fabs(low - previous);
    const double reach = up > down ? up : down;
    return high - low > reach ? high - low : reach;
}

static s1_rc spike_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                          s1_err *err)
{
    volatility_spike *const me = self;
    if (s1_series_rows(me->close) < me->period + 2) {
        return S1_OK;
    }
    double sum = 0.0;
    for (uint64_t ago = me->period; ago >= 1; ago--) {
        sum += range_at(me, ago);
    }
    const double mean = sum / (double)me->period;
    const double range = range_at(me, 0);
    /* A flat market has no scale to measure a spike by. */
    const double ratio = mean > 0.0 ? range / mean : (double)NAN;
    if (!S1_CONDITION(context, me->ratio, ratio, GT, me->factors[0])) {
        return S1_OK;
    }
    int32_t severity = S1_SEVERITY_MEDIUM;
    if (ratio > me->factors[2]) {
        severity = S1_SEVERITY_CRITICAL;
    } else if (ratio > me->factors[1]) {
        severity = S1_SEVERITY_HIGH;
    }
    const s1_field details[] = {
        S1_FIELD_NUMBER("range", range),
        S1_FIELD_NUMBER("mean_range", mean),
        S1_FIELD_NUMBER("ratio", ratio),
    };
    const s1_threat_report report = {
        .size = sizeof report,
        .severity = severity,
        .threat_type = S1_STR("VOLATILITY_SPIKE"),
        .details = details,
        .detail_count = sizeof details / sizeof details[0],
    };
    s1_threat_id id;
    S1_TRY(err, out->report(out->self, &report, &id, err));
    return S1_OK;
}

static s1_rc read_factors(volatility_spike *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->param_float(b, S1_STR("medium_factor"), &me->factors[0], err));
    S1_TRY(err, binder->param_float(b, S1_STR("high_factor"), &me->factors[1], err));
    S1_TRY(err, binder->param_float(b, S1_STR("critical_factor"), &me->factors[2], err));
    if (!(me->factors[0] <= me->factors[1] && me->factors[1] <= me->factors[2])) {
        return S1_RAISE(err, S1_E_INVALID,
                        "volatility_spike_detector: medium_factor %g, high_factor %g, "
                        "critical_factor %g, expected ascending",
                        me->factors[0], me->factors[1], me->factors[2]);
    }
    return S1_OK;
}

static s1_rc bind_atr(volatility_spike *me, const s1_binder *binder, s1_err *err)
{
    int64_t period;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("atr_period"), &period, err));
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    if (binder->series(binder->self, (s1_str){name, (size_t)length}, &me->atr, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "volatility_spike_detector: measure atr needs column %s; place an "
                        "atr_calculator with period %lld in context_workers",
                        name, (long long)period);
    }
    return S1_OK;
}

static void spike_destroy(void *self)
{
    free(self);
}

static s1_rc spike_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    volatility_spike bound = {0};
    s1_str measure;
    int64_t period;
    S1_TRY(err, binder->param_text(b, S1_STR("measure"), &measure, err));
    S1_TRY(err, binder->param_int(b, S1_STR("period"), &period, err));
    if (period < 1) {
        return S1_RAISE(err, S1_E_INVALID,
                        "volatility_spike_detector: period %lld, expected 1 or more",
                        (long long)period);
    }
    bound.period = (uint64_t)period;
    S1_TRY(err, read_factors(&bound, binder, err));
    S1_TRY(err, binder->series(b, S1_STR("high"), &bound.high, err));
    S1_TRY(err, binder->series(b, S1_STR("low"), &bound.low, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &bound.close, err));
    if (measure.ptr[0] == 'a') { /* true_range | atr */
        S1_TRY(err, bind_atr(&bound, binder, err));
    }
    S1_TRY(err, binder->condition(b, S1_STR("range_to_mean"), &bound.ratio, err));
    volatility_spike *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "volatility_spike_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops spike_ops = {
    .size = sizeof spike_ops,
    .type = S1_WORKER_THREAT,
    .create = spike_create,
    .destroy = spike_destroy,
    .assess = spike_assess,
};

S1_PLUGIN("volatility_spike_detector", "1.0.0", &spike_ops, 0)
