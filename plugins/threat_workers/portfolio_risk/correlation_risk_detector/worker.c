/* correlation_risk_detector - reports CORRELATION_RISK while open positions move together with
 * another market.
 *
 * The correlation of returns is carried on from bar to bar (s1mple/moments.h). It is a function of
 * the visible bars: after a warm-up that did not call the worker, or a restart, it is made from the
 * bars themselves, once.
 */
#include "s1mple/moments.h"
#include "s1mple/params.h"
#include "s1mple/rolling.h"

#include <stdlib.h>

typedef struct correlation_risk {
    s1_stream_pair pair;
    s1_condition *correlation;
    double limit;
    int32_t severity;
    bool needs_both;
    bool has_previous;
    double first_close, second_close; /* of the pair before */
    s1_moments_window returns;
    s1_moments newest; /* of the newest window */
    double memory[];   /* of `returns` */
} correlation_risk;

/* Takes in what closed since the last call. */
static void advance(correlation_risk *me)
{
    uint64_t first;
    uint64_t second;
    while (s1_stream_pair_next(&me->pair, &first, &second)) {
        const double first_close = me->pair.first->close.values[first];
        const double second_close = me->pair.second->close.values[second];
        if (me->has_previous) {
            me->newest = s1_moments_window_take(&me->returns, log(first_close / me->first_close),
                                                log(second_close / me->second_close));
        }
        me->first_close = first_close;
        me->second_close = second_close;
        me->has_previous = true;
    }
}

/* Value of the open positions of a pair at a close, longs less shorts, in double: it is compared
 * with 0 and shown, never booked. *ret_count: how many there are. */
static double net_value(const s1_ledger_view *ledger, const s1_stream *stream, uint32_t *ret_count)
{
    double value = 0.0;
    *ret_count = 0;
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        const s1_position *const position = s1_ledger_position(ledger, i);
        if (s1_text_equal(position->asset_pair, stream->asset_pair)) {
            value += s1_direction_sign(position->direction) * s1_dec_to_double(position->quantity) *
                     s1_series_last(&stream->close);
            (*ret_count)++;
        }
    }
    return value;
}

static s1_rc risk_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                         s1_err *err)
{
    correlation_risk *const me = self;
    advance(me);
    uint32_t own_count;
    uint32_t other_count;
    const double own = net_value(context->ledger, me->pair.first, &own_count);
    const double other = net_value(context->ledger, me->pair.second, &other_count);
    if (own_count + other_count == 0 || me->newest.count < (double)me->returns.period) {
        return S1_OK;
    }
    const double correlation = s1_moments_correlation(&me->newest);
    if (me->needs_both && !(own * other * correlation > 0.0)) {
        return S1_OK; /* one hedges the other, or there is only one */
    }
    if (!S1_CONDITION(context, me->correlation, fabs(correlation), GT, me->limit)) {
        return S1_OK;
    }
    const s1_field details[] = {
        S1_FIELD_NUMBER("correlation", correlation),
        S1_FIELD_NUMBER("limit", me->limit),
        S1_FIELD_NUMBER("own_value", own),
        S1_FIELD_NUMBER("other_value", other),
        S1_FIELD_TEXT("other", me->pair.second->asset_pair),
    };
    S1_TRY(err, s1_threat_emit(out, S1_STR("CORRELATION_RISK"), me->pair.second->asset_pair,
                               me->severity, details, sizeof details / sizeof details[0], err));
    return S1_OK;
}

static void risk_destroy(void *self)
{
    free(self);
}

static s1_rc risk_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    correlation_risk bound = {0};
    s1_str other;
    s1_str positions;
    int64_t window;
    S1_TRY(err, binder->param_text(b, S1_STR("other"), &other, err));
    S1_TRY(err, binder->param_int(b, S1_STR("window"), &window, err));
    S1_TRY(err, binder->param_float(b, S1_STR("max_correlation"), &bound.limit, err));
    S1_TRY(err, binder->param_text(b, S1_STR("positions"), &positions, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &bound.severity, err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.pair.first, err));
    S1_TRY(err, binder->stream(b, other, &bound.pair.second, err));
    if (bound.pair.first == bound.pair.second) {
        return S1_RAISE(err, S1_E_INVALID,
                        "correlation_risk_detector: other is %.*s, the worker's own stream; "
                        "expected another of the blueprint's data",
                        S1_STR_ARG(other));
    }
    bound.needs_both = s1_text_equal(positions, S1_STR("both"));
    S1_TRY(err, binder->condition(b, S1_STR("correlation"), &bound.correlation, err));
    const size_t bytes = sizeof bound + s1_moments_window_bytes((uint64_t)window);
    correlation_risk *const me = calloc(1, bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "correlation_risk_detector: %zu bytes", bytes);
    }
    *me = bound;
    s1_moments_window_init(&me->returns, (uint64_t)window, me->memory);
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops risk_ops = {
    .size = sizeof risk_ops,
    .type = S1_WORKER_THREAT,
    .create = risk_create,
    .destroy = risk_destroy,
    .assess = risk_assess,
};

S1_PLUGIN("correlation_risk_detector", "1.0.0", &risk_ops, 0)
