/* liquidity_drought_detector - reports LIQUIDITY_DROUGHT while much less is traded than before.
 *
 * Both means come from sums that are carried on from bar to bar and are a function of the visible
 * bars alone (s1mple/rolling.h): a restart, or a warm-up that did not call the worker, changes no
 * report.
 */
#include "s1mple/params.h"
#include "s1mple/rolling.h"

#include <stdlib.h>

typedef struct liquidity_drought {
    s1_condition *ratio;
    double ratios[3];          /* MEDIUM, HIGH, CRITICAL, descending */
    s1_series_sum newest, all; /* of `bars`, and of those and the window before them */
} liquidity_drought;

static s1_rc drought_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    liquidity_drought *const me = self;
    if (!s1_series_sum_advance(&me->newest) || !s1_series_sum_advance(&me->all)) {
        return S1_OK;
    }
    const double bars = (double)me->newest.window;
    const double window = (double)me->all.window - bars;
    const double volume = me->newest.sum / bars;
    const double usual = (me->all.sum - me->newest.sum) / window;
    /* Without a volume before there is nothing to miss: some sources give none. */
    const double ratio = usual > 0.0 ? volume / usual : (double)NAN;
    if (!S1_CONDITION(context, me->ratio, ratio, LT, me->ratios[0])) {
        return S1_OK;
    }
    const int32_t severity = ratio < me->ratios[2]   ? S1_SEVERITY_CRITICAL
                             : ratio < me->ratios[1] ? S1_SEVERITY_HIGH
                                                     : S1_SEVERITY_MEDIUM;
    const s1_field details[] = {
        S1_FIELD_NUMBER("ratio", ratio),
        S1_FIELD_NUMBER("volume", volume),
        S1_FIELD_NUMBER("usual_volume", usual),
        S1_FIELD_NUMBER("limit", me->ratios[severity - S1_SEVERITY_MEDIUM]),
    };
    S1_TRY(err, s1_threat_emit(out, S1_STR("LIQUIDITY_DROUGHT"), (s1_str){NULL, 0}, severity,
                               details, sizeof details / sizeof details[0], err));
    return S1_OK;
}

static void drought_destroy(void *self)
{
    free(self);
}

static s1_rc drought_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                            s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    liquidity_drought bound = {0};
    int64_t bars;
    int64_t window;
    S1_TRY(err, binder->param_int(b, S1_STR("bars"), &bars, err));
    S1_TRY(err, binder->param_int(b, S1_STR("window"), &window, err));
    S1_TRY(err, binder->param_float(b, S1_STR("medium_ratio"), &bound.ratios[0], err));
    S1_TRY(err, binder->param_float(b, S1_STR("high_ratio"), &bound.ratios[1], err));
    S1_TRY(err, binder->param_float(b, S1_STR("critical_ratio"), &bound.ratios[2], err));
    if (!(bound.ratios[0] >= bound.ratios[1] && bound.ratios[1] >= bound.ratios[2])) {
        return S1_RAISE(err, S1_E_INVALID,
                        "liquidity_drought_detector: medium_ratio %g, high_ratio %g, "
                        "critical_ratio %g, expected in descending order",
                        bound.ratios[0], bound.ratios[1], bound.ratios[2]);
    }
    const s1_series *volume;
    S1_TRY(err, binder->series(b, S1_STR("volume"), &volume, err));
    S1_TRY(err, binder->condition(b, S1_STR("volume_ratio"), &bound.ratio, err));
    bound.newest = (s1_series_sum){.series = volume, .window = (uint64_t)bars};
    bound.all = (s1_series_sum){.series = volume, .window = (uint64_t)(bars + window)};
    liquidity_drought *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "liquidity_drought_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops drought_ops = {
    .size = sizeof drought_ops,
    .type = S1_WORKER_THREAT,
    .create = drought_create,
    .destroy = drought_destroy,
    .assess = drought_assess,
};

S1_PLUGIN("liquidity_drought_detector", "1.0.0", &drought_ops, 0)
