/* volatility_regime_detector - a short average true range against a long one: calm, normal, wild.
 *
 * The averages are columns of atr_calculator. Of the past only the regime of the bar before is
 * kept: the thresholds have a hysteresis, or a ratio on one of them would change it every bar.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct volatility_regime {
    const s1_series *fast, *slow;
    s1_column *ratio_column, *regime_column;
    double high_ratio, low_ratio, hysteresis;
    double regime; /* 1 wild, 0 normal, -1 calm */
} volatility_regime;

/* The regime a ratio leads to, coming from `regime`. */
static double next_regime(const volatility_regime *me, double ratio)
{
    if (ratio >= me->high_ratio || (me->regime > 0.0 && ratio >= me->high_ratio - me->hysteresis)) {
        return 1.0;
    }
    if (ratio <= me->low_ratio || (me->regime < 0.0 && ratio <= me->low_ratio + me->hysteresis)) {
        return -1.0;
    }
    return 0.0;
}

static s1_rc regime_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    volatility_regime *const me = self;
    const double slow = s1_series_last(me->slow);
    const double fast = s1_series_last(me->fast);
    if (!(slow > 0.0) || isnan(fast)) { /* not there yet, or a market that never moved */
        me->regime = 0.0;
        s1_column_put(me->ratio_column, (double)NAN);
        s1_column_put(me->regime_column, (double)NAN);
        return S1_OK;
    }
    const double ratio = fast / slow;
    me->regime = next_regime(me, ratio);
    s1_column_put(me->ratio_column, ratio);
    s1_column_put(me->regime_column, me->regime);
    return S1_OK;
}

static s1_rc bind_atr(const s1_binder *binder, int64_t period, const s1_series **ret_series,
                      s1_err *err)
{
    char name[32];
    const int length = snprintf(name, sizeof name, "atr_%lld", (long long)period);
    return binder->series(binder->self, (s1_str){name, (size_t)length}, ret_series, err);
}

static s1_rc bind_column(const s1_binder *binder, const char *part, int64_t fast, int64_t slow,
                         s1_column **ret_column, s1_err *err)
{
    char name[64];
    const int length =
        snprintf(name, sizeof name, "%s_%lld_%lld", part, (long long)fast, (long long)slow);
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

static s1_rc bind(volatility_regime *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t fast;
    int64_t slow;
    S1_TRY(err, binder->param_int(b, S1_STR("fast"), &fast, err));
    S1_TRY(err, binder->param_int(b, S1_STR("slow"), &slow, err));
    S1_TRY(err, binder->param_float(b, S1_STR("high_ratio"), &me->high_ratio, err));
    S1_TRY(err, binder->param_float(b, S1_STR("low_ratio"), &me->low_ratio, err));
    S1_TRY(err, binder->param_float(b, S1_STR("hysteresis"), &me->hysteresis, err));
    if (fast >= slow) {
        return S1_RAISE(err, S1_E_INVALID,
                        "volatility_regime_detector: fast %lld and slow %lld, expected fast below "
                        "slow",
                        (long long)fast, (long long)slow);
    }
    if (!(me->high_ratio - me->hysteresis > me->low_ratio + me->hysteresis)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "volatility_regime_detector: low_ratio %g and high_ratio %g with "
                        "hysteresis %g, expected low_ratio + hysteresis below high_ratio - "
                        "hysteresis",
                        me->low_ratio, me->high_ratio, me->hysteresis);
    }
    S1_TRY(err, bind_atr(binder, fast, &me->fast, err));
    S1_TRY(err, bind_atr(binder, slow, &me->slow, err));
    S1_TRY(err, bind_column(binder, "volatility_ratio", fast, slow, &me->ratio_column, err));
    S1_TRY(err, bind_column(binder, "volatility_regime", fast, slow, &me->regime_column, err));
    return S1_OK;
}

static void regime_destroy(void *self)
{
    free(self);
}

static s1_rc regime_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                           s1_err *err)
{
    (void)host;
    volatility_regime bound = {0};
    S1_TRY(err, bind(&bound, binder, err));
    volatility_regime *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "volatility_regime_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops regime_ops = {
    .size = sizeof regime_ops,
    .type = S1_WORKER_CONTEXT,
    .create = regime_create,
    .destroy = regime_destroy,
    .enrich = regime_enrich,
};

S1_PLUGIN("volatility_regime_detector", "1.0.0", &regime_ops, 0)
