/* volume_spike_refiner - a bar of unusual volume: a signal of its own, or a confirmation of others.
 *
 * The sum of the window is one of the instrument's units, exact, so that it does not drift and is
 * the same whichever bar it was begun on: after a warm-up that did not call the worker it is built
 * from the bars of the window.
 */
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct volume_refiner {
    const s1_stream *stream;
    s1_condition *is_spike, *has_signal, *bar_up, *bar_down;
    double units; /* of volume per 1.0: ten to the instrument's qty_scale */
    double factor;
    s1_i128 sum; /* units of the `period` bars before `seen` */
    uint64_t period;
    uint64_t seen; /* rows the window ends before; 0: not begun */
    bool has_long, has_short, is_refining;
} volume_refiner;

/* The volume of a row (0 is the first bar) in units. */
static s1_i128 units_at(const volume_refiner *me, uint64_t row)
{
    return (s1_i128)round(me->stream->volume.values[row] * me->units);
}

/* Brings the window to the `period` rows before the newest and gives their average. */
static double usual_volume(volume_refiner *me)
{
    const uint64_t newest = me->stream->rows - 1;
    if (me->seen == 0 || me->seen + me->period <= newest) { /* nothing of it is in the window */
        me->sum = 0;
        for (uint64_t row = newest - me->period; row < newest; row++) {
            me->sum += units_at(me, row);
        }
    } else {
        for (uint64_t row = me->seen; row < newest; row++) {
            me->sum += units_at(me, row) - units_at(me, row - me->period);
        }
    }
    me->seen = newest;
    return (double)me->sum / (double)me->period / me->units;
}

static s1_rc emit_spike(const volume_refiner *me, s1_str type, int32_t direction, double price,
                        double usual, const s1_opportunity_sink *out, s1_err *err)
{
    const double volume = s1_series_last(&me->stream->volume);
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("volume", volume),
        S1_FIELD_NUMBER("usual_volume", usual),
    };
    return s1_signal_emit(out, type, direction, price, metadata,
                          sizeof metadata / sizeof metadata[0], err);
}

/* Says each signal of the earlier workers again, as one that has the volume behind it. */
static s1_rc refine(const volume_refiner *me, const s1_context *context, double usual,
                    const s1_opportunity_sink *out, s1_err *err)
{
    const uint32_t count = context->signals->count; /* this worker's own may join the list */
    for (uint32_t i = 0; i < count; i++) {
        const s1_signal *const signal = s1_signal_list_at(context->signals, i);
        const int32_t direction = signal->direction;
        if (direction == S1_LONG ? me->has_long : me->has_short) {
            S1_TRY(err, emit_spike(me, S1_STR("volume_confirmed"), direction, signal->price, usual,
                                   out, err));
        }
    }
    return S1_OK;
}

static s1_rc volume_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                           s1_err *err)
{
    volume_refiner *const me = self;
    const s1_stream *const stream = me->stream;
    if (!stream->is_new || stream->rows <= me->period) {
        return S1_OK;
    }
    const double usual = usual_volume(me);
    const double volume = s1_series_last(&stream->volume);
    const double open = s1_series_last(&stream->open);
    const double close = s1_series_last(&stream->close);
    /* A market without any volume has no spikes. */
    const double needed = usual > 0.0 ? me->factor * usual : (double)NAN;
    if (me->is_refining) {
        if (!S1_CONDITION(context, me->has_signal, (double)context->signals->count, GT, 0.0) ||
            !S1_CONDITION(context, me->is_spike, volume, GE, needed)) {
            return S1_OK;
        }
        return refine(me, context, usual, out, err);
    }
    if (!S1_CONDITION(context, me->is_spike, volume, GE, needed)) {
        return S1_OK;
    }
    if (me->has_long && S1_CONDITION(context, me->bar_up, close, GT, open)) {
        return emit_spike(me, S1_STR("volume_spike"), S1_LONG, close, usual, out, err);
    }
    if (me->has_short && S1_CONDITION(context, me->bar_down, close, LT, open)) {
        return emit_spike(me, S1_STR("volume_spike"), S1_SHORT, close, usual, out, err);
    }
    return S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_conditions(volume_refiner *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    if (me->is_refining) {
        S1_TRY(err, binder->condition(b, S1_STR("has_signal"), &me->has_signal, err));
    }
    S1_TRY(err, binder->condition(b, S1_STR("volume_spike"), &me->is_spike, err));
    if (!me->is_refining && me->has_long) {
        S1_TRY(err, binder->condition(b, S1_STR("bar_up"), &me->bar_up, err));
    }
    if (!me->is_refining && me->has_short) {
        S1_TRY(err, binder->condition(b, S1_STR("bar_down"), &me->bar_down, err));
    }
    return S1_OK;
}

static s1_rc bind(volume_refiner *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    s1_str mode;
    int64_t period;
    S1_TRY(err, binder->param_text(b, S1_STR("mode"), &mode, err));
    S1_TRY(err, binder->param_int(b, S1_STR("period"), &period, err));
    S1_TRY(err, binder->param_float(b, S1_STR("factor"), &me->factor, err));
    S1_TRY(err,
           s1_param_directions(binder, S1_STR("direction"), &me->has_long, &me->has_short, err));
    me->period = (uint64_t)period;
    me->is_refining = s1_text_equal(mode, S1_STR("refine"));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    me->units = 1.0;
    for (uint32_t i = 0; i < me->stream->instrument->qty_scale; i++) {
        me->units *= 10.0;
    }
    S1_TRY(err, bind_conditions(me, binder, err));
    return S1_OK;
}

static void volume_destroy(void *self)
{
    free(self);
}

static s1_rc volume_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                           s1_err *err)
{
    (void)host;
    volume_refiner bound = {0};
    S1_TRY(err, bind(&bound, binder, err));
    volume_refiner *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "volume_spike_refiner: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops volume_ops = {
    .size = sizeof volume_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = volume_create,
    .destroy = volume_destroy,
    .detect = volume_detect,
};

S1_PLUGIN("volume_spike_refiner", "1.0.0", &volume_ops, 0)
