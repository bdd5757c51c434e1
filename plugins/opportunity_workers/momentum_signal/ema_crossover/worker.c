/* ema_crossover - signals when a fast EMA stands above or below a slow one.
 *
 * `on_cross` signals the bar of the crossing; `while_unaligned` signals every bar on which the
 * ledger does not hold what the averages say. On a one-sided worker the other direction is
 * signalled only to close what is open.
 */
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

typedef struct ema_crossover {
    const s1_stream *stream;
    const s1_series *fast, *slow;
    s1_condition *fast_above_slow, *fast_below_slow;
    s1_condition *was_not_above, *was_not_below; /* a bar ago, by the difference; on_cross only */
    bool is_on_cross;
    bool has_long, has_short;
} ema_crossover;

/* Does the ledger hold a position of this pair and direction that is not being closed? */
static bool has_position(const s1_context *context, int32_t direction, bool counts_closing)
{
    const s1_ledger_view *const ledger = context->ledger;
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        const s1_position *const position = s1_ledger_position(ledger, i);
        if (position->direction == direction && (counts_closing || !position->is_closing) &&
            position->asset_pair.len == context->asset_pair.len &&
            (position->asset_pair.ptr == context->asset_pair.ptr ||
             memcmp(position->asset_pair.ptr, context->asset_pair.ptr, context->asset_pair.len) ==
                 0)) {
            return true;
        }
    }
    return false;
}

/* The averages need no metadata: they stand in the condition, value against threshold. */
static s1_rc emit_signal(const ema_crossover *me, int32_t direction, const s1_opportunity_sink *out,
                         s1_err *err)
{
    return s1_signal_emit(out, S1_STR("ema_crossover"), direction,
                          s1_series_last(&me->stream->close), NULL, 0, err);
}

/* Is a signal for `direction` due, the averages standing that way? */
static bool is_due(const ema_crossover *me, const s1_context *context, int32_t direction)
{
    const bool is_wanted = direction == S1_LONG ? me->has_long : me->has_short;
    if (!is_wanted) {
        return has_position(context, direction == S1_LONG ? S1_SHORT : S1_LONG, false);
    }
    return me->is_on_cross ||
           (context->ledger->pending_entries == 0 && !has_position(context, direction, true));
}

static s1_rc crossover_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                              s1_err *err)
{
    ema_crossover *const me = self;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    const double fast = s1_series_last(me->fast);
    const double slow = s1_series_last(me->slow);
    int32_t direction;
    if (S1_CONDITION(context, me->fast_above_slow, fast, GT, slow)) {
        direction = S1_LONG;
    } else if (S1_CONDITION(context, me->fast_below_slow, fast, LT, slow)) {
        direction = S1_SHORT;
    } else {
        return S1_OK; /* equal, or an average that does not exist yet */
    }
    if (me->is_on_cross) {
        const double before = s1_series_at(me->fast, 1) - s1_series_at(me->slow, 1);
        if (!(direction == S1_LONG ? S1_CONDITION(context, me->was_not_above, before, LE, 0.0)
                                   : S1_CONDITION(context, me->was_not_below, before, GE, 0.0))) {
            return S1_OK;
        }
    }
    return is_due(me, context, direction) ? emit_signal(me, direction, out, err) : S1_OK;
}

static s1_rc bind_average(const s1_binder *binder, int64_t period, const s1_series **ret_series,
                          s1_err *err)
{
    char name[32];
    const int length = snprintf(name, sizeof name, "ema_%lld", (long long)period);
    S1_TRY(err, binder->series(binder->self, (s1_str){name, (size_t)length}, ret_series, err));
    return S1_OK;
}

static void crossover_destroy(void *self)
{
    free(self);
}

static s1_rc crossover_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                              s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    ema_crossover bound = {0};
    int64_t fast;
    int64_t slow;
    s1_str emit;
    S1_TRY(err, binder->param_int(b, S1_STR("fast"), &fast, err));
    S1_TRY(err, binder->param_int(b, S1_STR("slow"), &slow, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &bound.has_long, &bound.has_short,
                                    err));
    S1_TRY(err, binder->param_text(b, S1_STR("emit"), &emit, err));
    if (fast >= slow) {
        return S1_RAISE(err, S1_E_INVALID,
                        "ema_crossover: fast %lld, slow %lld, expected fast below slow",
                        (long long)fast, (long long)slow);
    }
    bound.is_on_cross = emit.ptr[0] == 'o'; /* on_cross | while_unaligned */
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_average(binder, fast, &bound.fast, err));
    S1_TRY(err, bind_average(binder, slow, &bound.slow, err));
    S1_TRY(err, binder->condition(b, S1_STR("fast_above_slow"), &bound.fast_above_slow, err));
    if (bound.is_on_cross) {
        S1_TRY(err, binder->condition(b, S1_STR("was_not_above"), &bound.was_not_above, err));
    }
    S1_TRY(err, binder->condition(b, S1_STR("fast_below_slow"), &bound.fast_below_slow, err));
    if (bound.is_on_cross) {
        S1_TRY(err, binder->condition(b, S1_STR("was_not_below"), &bound.was_not_below, err));
    }
    ema_crossover *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "ema_crossover: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops crossover_ops = {
    .size = sizeof crossover_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = crossover_create,
    .destroy = crossover_destroy,
    .detect = crossover_detect,
};

S1_PLUGIN("ema_crossover", "1.0.0", &crossover_ops, 0)
