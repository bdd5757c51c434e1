/* sma_cross - signals the bar on which a fast simple average crosses a slow one, as the examples of
 * backtesting.py do: below it a bar ago, above it now, or the other way round. */
#include "s1mple/plugin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct sma_cross {
    const s1_stream *stream;
    const s1_series *fast, *slow;
} sma_cross;

/* Fast over slow. Averages that are equal in decimals may differ in the last digit as sums of
 * doubles: bar 14,049 of the Kraken bars has the one tie of these runs. */
static double difference(const sma_cross *me, uint64_t back)
{
    const double fast = s1_series_at(me->fast, back);
    const double slow = s1_series_at(me->slow, back);
    return fabs(fast - slow) <= 1e-13 * slow ? 0 : fast - slow;
}

static s1_rc cross_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                          s1_err *err)
{
    (void)context;
    const sma_cross *const me = self;
    const double now = difference(me, 0);
    const double before = difference(me, 1);
    if (!((before < 0 && now > 0) || (before > 0 && now < 0))) {
        return S1_OK;
    }
    return s1_signal_emit(out, S1_STR("sma_cross"), now > 0 ? S1_LONG : S1_SHORT,
                          s1_series_last(&me->stream->close), NULL, 0, err);
}

static s1_rc bind_average(const s1_binder *binder, const char *parameter,
                          const s1_series **ret_series, s1_err *err)
{
    int64_t period;
    char name[32];
    S1_TRY(err, binder->param_int(binder->self, (s1_str){parameter, 4}, &period, err));
    const int length = snprintf(name, sizeof name, "sma_%lld", (long long)period);
    return binder->series(binder->self, (s1_str){name, (size_t)length}, ret_series, err);
}

static void cross_destroy(void *self)
{
    free(self);
}

static s1_rc cross_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    sma_cross bound;
    S1_TRY(err, binder->stream(binder->self, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_average(binder, "fast", &bound.fast, err));
    S1_TRY(err, bind_average(binder, "slow", &bound.slow, err));
    sma_cross *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "sma_cross: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops cross_ops = {.size = sizeof cross_ops,
                                        .type = S1_WORKER_OPPORTUNITY,
                                        .create = cross_create,
                                        .destroy = cross_destroy,
                                        .detect = cross_detect};

S1_PLUGIN("sma_cross", "1.0.0", &cross_ops, 0)
