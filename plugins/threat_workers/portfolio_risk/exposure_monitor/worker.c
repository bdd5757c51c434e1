/* exposure_monitor - reports EXPOSURE_LIMIT_BREACHED while the open positions are worth too much of
 * the equity.
 *
 * It keeps nothing between ticks: the ledger tells all of it.
 */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct exposure_monitor {
    s1_condition *exposure;
    double limit; /* percent of the equity */
    int32_t severity;
} exposure_monitor;

/* The newest close of the position's pair; its entry price where no stream shows the pair. */
static s1_dec price_of(const s1_context *context, const s1_position *position)
{
    for (uint32_t i = 0; i < context->stream_count; i++) {
        const s1_stream *const stream = context->streams[i];
        if (stream->rows > 0 && s1_text_equal(stream->asset_pair, position->asset_pair)) {
            return s1_dec_from_mantissa(stream->bar.close, stream->instrument->price_scale);
        }
    }
    return position->entry_price;
}

/* What all positions are worth, longs and shorts added. */
static s1_rc gross_value(const s1_context *context, s1_dec *ret_value, s1_err *err)
{
    s1_dec sum = S1_DEC_ZERO;
    for (uint32_t i = 0; i < context->ledger->position_count; i++) {
        const s1_position *const position = s1_ledger_position(context->ledger, i);
        s1_dec value;
        S1_TRY(err, s1_dec_mul(position->quantity, price_of(context, position), S1_ROUND_HALF_EVEN,
                               &value, err));
        S1_TRY(err, s1_dec_add(sum, value, &sum, err));
    }
    *ret_value = sum;
    return S1_OK;
}

static s1_rc monitor_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    exposure_monitor *const me = self;
    s1_dec gross;
    S1_TRY(err, gross_value(context, &gross, err));
    const double value = s1_dec_to_double(gross);
    const double equity = s1_dec_to_double(context->ledger->equity);
    const bool has_equity = equity > 0.0; /* without it every position is too much */
    const double allowed = has_equity ? equity * me->limit / 100.0 : 0.0;
    if (!S1_CONDITION(context, me->exposure, value, GT, allowed)) {
        return S1_OK;
    }
    const s1_field details[] = {
        S1_FIELD_NUMBER("value", value),
        S1_FIELD_NUMBER("allowed_value", allowed),
        S1_FIELD_NUMBER("limit", me->limit),
        S1_FIELD_NUMBER("equity", equity),
        S1_FIELD_NUMBER("positions", (double)context->ledger->position_count),
        S1_FIELD_NUMBER("current_exposure", has_equity ? value * 100.0 / equity : 0.0),
    };
    const s1_threat_report report = {
        .size = sizeof report,
        .severity = me->severity,
        .threat_type = S1_STR("EXPOSURE_LIMIT_BREACHED"),
        .details = details,
        /* the last has no meaning without equity */
        .detail_count = sizeof details / sizeof details[0] - (has_equity ? 0 : 1),
    };
    s1_threat_id id;
    S1_TRY(err, out->report(out->self, &report, &id, err));
    return S1_OK;
}

static void monitor_destroy(void *self)
{
    free(self);
}

static s1_rc monitor_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                            s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    exposure_monitor bound = {0};
    S1_TRY(err, binder->param_float(b, S1_STR("max_exposure_percent"), &bound.limit, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &bound.severity, err));
    S1_TRY(err, binder->condition(b, S1_STR("exposure"), &bound.exposure, err));
    exposure_monitor *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "exposure_monitor: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops monitor_ops = {
    .size = sizeof monitor_ops,
    .type = S1_WORKER_THREAT,
    .create = monitor_create,
    .destroy = monitor_destroy,
    .assess = monitor_assess,
};

S1_PLUGIN("exposure_monitor", "1.0.0", &monitor_ops, 0)
