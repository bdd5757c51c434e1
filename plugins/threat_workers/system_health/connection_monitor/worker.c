/* connection_monitor - reports STREAM_SILENT while a stream closes no bars and another goes on.
 *
 * It keeps nothing between ticks: the times of the newest bars tell all of it.
 */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct connection_monitor {
    s1_condition *silence;
    double max_silent_bars;
    int32_t severity;
} connection_monitor;

/* Bars of its timeframe a stream other than the primary failed to close up to now. Before its first
 * bar it is silent since the run's first. */
static double silence_of(const s1_context *context, const s1_stream *stream)
{
    const s1_nanos since =
        stream->rows > 0 ? stream->close_time[stream->rows - 1] : context->primary->close_time[0];
    return floor((double)(context->now - since) / (double)stream->timeframe);
}

/* Did another stream close a bar in the open interval? Only its two newest are looked at: the
 * newest may have closed now, the one before it then fell between, if any did. */
static bool another_went_on(const s1_context *context, s1_nanos after, s1_nanos before)
{
    for (uint32_t i = 1; i < context->stream_count; i++) {
        const s1_stream *const stream = context->streams[i];
        for (uint64_t ago = 1; ago <= 2 && ago <= stream->rows; ago++) {
            const s1_nanos time = stream->close_time[stream->rows - ago];
            if (time > after && time < before) {
                return true;
            }
        }
    }
    return false;
}

/* The primary's own silence is seen when it ends: nobody is called while it lasts. */
static double silence_of_primary(const s1_context *context)
{
    const s1_stream *const primary = context->primary;
    if (primary->rows < 2) {
        return 0.0;
    }
    const s1_nanos before = primary->close_time[primary->rows - 2];
    const s1_nanos now = primary->close_time[primary->rows - 1];
    return another_went_on(context, before, now)
               ? floor((double)(now - before) / (double)primary->timeframe) - 1.0
               : 0.0;
}

static s1_rc monitor_assess(void *self, const s1_context *context, const s1_threat_sink *out,
                            s1_err *err)
{
    const connection_monitor *const me = self;
    for (uint32_t i = 0; i < context->stream_count; i++) {
        const s1_stream *const stream = context->streams[i];
        const double silent = i == 0 ? silence_of_primary(context) : silence_of(context, stream);
        if (!S1_CONDITION(context, me->silence, silent, GT, me->max_silent_bars)) {
            continue;
        }
        char key[96];
        const int length =
            snprintf(key, sizeof key, "%.*s@%llds", (int)stream->asset_pair.len,
                     stream->asset_pair.ptr, (long long)(stream->timeframe / S1_NANOS_PER_SECOND));
        const s1_field details[] = {
            S1_FIELD_TEXT("stream", ((s1_str){key, (size_t)length})),
            S1_FIELD_NUMBER("silent_bars", silent),
            S1_FIELD_NUMBER("limit", me->max_silent_bars),
            S1_FIELD_NUMBER("bars", (double)stream->rows),
        };
        S1_TRY(err, s1_threat_emit(out, S1_STR("STREAM_SILENT"), (s1_str){key, (size_t)length},
                                   me->severity, details, sizeof details / sizeof details[0], err));
    }
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
    connection_monitor bound = {0};
    int64_t bars;
    S1_TRY(err, binder->param_int(b, S1_STR("max_silent_bars"), &bars, err));
    S1_TRY(err, s1_param_severity(binder, S1_STR("severity"), &bound.severity, err));
    S1_TRY(err, binder->condition(b, S1_STR("silent_bars"), &bound.silence, err));
    bound.max_silent_bars = (double)bars;
    connection_monitor *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "connection_monitor: %zu bytes", sizeof *me);
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

S1_PLUGIN("connection_monitor", "1.0.0", &monitor_ops, 0)
