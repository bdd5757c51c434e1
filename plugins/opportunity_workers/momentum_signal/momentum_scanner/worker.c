/* momentum_scanner - signals when the rate of change over some bars passes a threshold.
 *
 * It keeps nothing between ticks: two closes make a rate, so a restart or a warm-up that did not
 * call it changes no signal.
 */
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct momentum_scanner {
    const s1_stream *stream;
    s1_condition *above, *below;
    s1_condition *was_not_above, *was_not_below; /* a bar ago; on_cross only */
    double threshold;                            /* percent, >= 0 */
    uint64_t bars;
    bool has_long, has_short, is_on_cross;
} momentum_scanner;

/* Percent from the close `bars` before to the close `ago` bars back; NaN where there is none. */
static double rate_at(const momentum_scanner *me, uint64_t ago)
{
    const double now = s1_series_at(&me->stream->close, ago);
    const double before = s1_series_at(&me->stream->close, ago + me->bars);
    return before > 0.0 ? (now / before - 1.0) * 100.0 : (double)NAN;
}

static s1_rc emit_momentum(const momentum_scanner *me, int32_t direction, double rate,
                           const s1_opportunity_sink *out, s1_err *err)
{
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("rate_of_change", rate),
    };
    return s1_signal_emit(out, S1_STR("momentum"), direction, s1_series_last(&me->stream->close),
                          metadata, sizeof metadata / sizeof metadata[0], err);
}

static s1_rc momentum_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                             s1_err *err)
{
    momentum_scanner *const me = self;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    const double rate = rate_at(me, 0);
    const double before = me->is_on_cross ? rate_at(me, 1) : (double)NAN;
    if (me->has_long && S1_CONDITION(context, me->above, rate, GT, me->threshold) &&
        (!me->is_on_cross || S1_CONDITION(context, me->was_not_above, before, LE, me->threshold))) {
        S1_TRY(err, emit_momentum(me, S1_LONG, rate, out, err));
    }
    if (me->has_short && S1_CONDITION(context, me->below, rate, LT, -me->threshold) &&
        (!me->is_on_cross ||
         S1_CONDITION(context, me->was_not_below, before, GE, -me->threshold))) {
        S1_TRY(err, emit_momentum(me, S1_SHORT, rate, out, err));
    }
    return S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_conditions(momentum_scanner *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    if (me->has_long) {
        S1_TRY(err, binder->condition(b, S1_STR("rate_above"), &me->above, err));
    }
    if (me->has_long && me->is_on_cross) {
        S1_TRY(err, binder->condition(b, S1_STR("was_not_above"), &me->was_not_above, err));
    }
    if (me->has_short) {
        S1_TRY(err, binder->condition(b, S1_STR("rate_below"), &me->below, err));
    }
    if (me->has_short && me->is_on_cross) {
        S1_TRY(err, binder->condition(b, S1_STR("was_not_below"), &me->was_not_below, err));
    }
    return S1_OK;
}

static void momentum_destroy(void *self)
{
    free(self);
}

static s1_rc momentum_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    momentum_scanner bound = {0};
    s1_str emit;
    int64_t bars;
    S1_TRY(err, binder->param_int(b, S1_STR("bars"), &bars, err));
    S1_TRY(err, binder->param_float(b, S1_STR("threshold_percent"), &bound.threshold, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &bound.has_long, &bound.has_short,
                                    err));
    S1_TRY(err, binder->param_text(b, S1_STR("emit"), &emit, err));
    bound.bars = (uint64_t)bars;
    bound.is_on_cross = emit.ptr[0] == 'o'; /* on_cross | every_bar */
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_conditions(&bound, binder, err));
    momentum_scanner *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "momentum_scanner: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops momentum_ops = {
    .size = sizeof momentum_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = momentum_create,
    .destroy = momentum_destroy,
    .detect = momentum_detect,
};

S1_PLUGIN("momentum_scanner", "1.0.0", &momentum_ops, 0)
