/* divergence_finder - two swings of the price, and an indicator that tells another story.
 *
 * Per side the last swing before the newest is kept. It follows from the visible bars: after a
 * warm-up that did not call the worker, or a restart, the swings that can still count are found
 * from the bars themselves, each bar once.
 */
#include "s1mple/params.h"
#include "s1mple/plugin.h"
#include "s1mple/swing.h"

#include <stdlib.h>

typedef struct swing_point {
    double price, indicator;
    uint64_t row; /* 0: none yet; 1 is the first bar */
} swing_point;

typedef struct divergence_side {
    const s1_series *extreme; /* high or low */
    double sign;              /* +1 highs, -1 lows */
    int32_t direction;        /* of the signals */
    bool is_on;
    swing_point before; /* the newest swing but the one that is looked at */
    s1_condition *is_swing, *bars_between;
    s1_condition *regular_price, *regular_indicator, *hidden_price, *hidden_indicator;
} divergence_side;

typedef struct divergence_finder {
    const s1_stream *stream;
    const s1_series *indicator;
    divergence_side lows, highs;
    uint64_t strength, max_bars;
    uint64_t seen; /* rows whose swings were taken */
    double min_difference;
    bool has_regular, has_hidden;
} divergence_finder;

/* value > threshold with sign 1, value < threshold with sign -1. */
static bool is_beyond(const s1_context *context, s1_condition *condition, double sign, double value,
                      double threshold)
{
    return sign > 0.0 ? S1_CONDITION(context, condition, value, GT, threshold)
                      : S1_CONDITION(context, condition, value, LT, threshold);
}

static s1_rc emit_divergence(const divergence_finder *me, const divergence_side *side,
                             const swing_point *now, bool is_hidden, const s1_opportunity_sink *out,
                             s1_err *err)
{
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("price", now->price),
        S1_FIELD_NUMBER("price_before", side->before.price),
        S1_FIELD_NUMBER("indicator", now->indicator),
        S1_FIELD_NUMBER("indicator_before", side->before.indicator),
        S1_FIELD_NUMBER("bars_between", (double)(now->row - side->before.row)),
        S1_FIELD_NUMBER("is_hidden", is_hidden ? 1.0 : 0.0),
    };
    return s1_signal_emit(out, S1_STR("divergence"), side->direction,
                          s1_series_last(&me->stream->close), metadata,
                          sizeof metadata / sizeof metadata[0], err);
}

/* The newest swing against the one before it. */
static s1_rc judge(const divergence_finder *me, const divergence_side *side, const swing_point *now,
                   const s1_context *context, const s1_opportunity_sink *out, s1_err *err)
{
    const swing_point *const before = &side->before;
    const double bars = before->row != 0 ? (double)(now->row - before->row) : (double)NAN;
    const double sign = side->sign;
    const double needed = sign * me->min_difference;
    if (!S1_CONDITION(context, side->bars_between, bars, LE, (double)me->max_bars)) {
        return S1_OK;
    }
    if (me->has_regular &&
        is_beyond(context, side->regular_price, sign, now->price, before->price) &&
        is_beyond(context, side->regular_indicator, -sign, now->indicator,
                  before->indicator - needed)) {
        return emit_divergence(me, side, now, false, out, err);
    }
    if (me->has_hidden &&
        is_beyond(context, side->hidden_price, -sign, now->price, before->price) &&
        is_beyond(context, side->hidden_indicator, sign, now->indicator,
                  before->indicator + needed)) {
        return emit_divergence(me, side, now, true, out, err);
    }
    return S1_OK;
}

/* Takes the swing, if any, that was known once `row` bars had closed; `out` NULL: only takes it. */
static s1_rc take_row(const divergence_finder *me, divergence_side *side, uint64_t row,
                      const s1_context *context, const s1_opportunity_sink *out, s1_err *err)
{
    if (!side->is_on) {
        return S1_OK;
    }
    const uint64_t ago = me->stream->rows - row;
    const bool is_swing = s1_swing_is(side->extreme, side->sign, me->strength, ago);
    if (out != NULL) {
        (void)S1_CONDITION(context, side->is_swing, is_swing ? 1.0 : 0.0, GE, 1.0);
    }
    if (!is_swing) {
        return S1_OK;
    }
    const swing_point now = {s1_series_at(side->extreme, ago + me->strength),
                             s1_series_at(me->indicator, ago + me->strength), row - me->strength};
    if (out != NULL) {
        S1_TRY(err, judge(me, side, &now, context, out, err));
    }
    side->before = now;
    return S1_OK;
}

static s1_rc divergence_detect(void *self, const s1_context *context,
                               const s1_opportunity_sink *out, s1_err *err)
{
    divergence_finder *const me = self;
    const uint64_t rows = me->stream->rows;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    /* A swing of an older row lies more than max_bars before one of the newest. */
    const uint64_t oldest = rows > me->max_bars ? rows - me->max_bars : 1;
    for (uint64_t row = me->seen >= oldest ? me->seen + 1 : oldest; row <= rows; row++) {
        const s1_opportunity_sink *const sink = row == rows ? out : NULL;
        S1_TRY(err, take_row(me, &me->lows, row, context, sink, err));
        S1_TRY(err, take_row(me, &me->highs, row, context, sink, err));
    }
    me->seen = rows;
    return S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_conditions(const divergence_finder *me, divergence_side *side,
                             const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    const bool is_low = side->sign < 0.0;
    if (!side->is_on) {
        return S1_OK;
    }
    S1_TRY(err, binder->condition(b, is_low ? S1_STR("swing_low") : S1_STR("swing_high"),
                                  &side->is_swing, err));
    S1_TRY(err,
           binder->condition(b, is_low ? S1_STR("bars_between_lows") : S1_STR("bars_between_highs"),
                             &side->bars_between, err));
    if (me->has_regular) {
        S1_TRY(err, binder->condition(
                        b, is_low ? S1_STR("price_lower_low") : S1_STR("price_higher_high"),
                        &side->regular_price, err));
        S1_TRY(err, binder->condition(
                        b, is_low ? S1_STR("indicator_higher_low") : S1_STR("indicator_lower_high"),
                        &side->regular_indicator, err));
    }
    if (me->has_hidden) {
        S1_TRY(err, binder->condition(
                        b, is_low ? S1_STR("price_higher_low") : S1_STR("price_lower_high"),
                        &side->hidden_price, err));
        S1_TRY(err, binder->condition(
                        b, is_low ? S1_STR("indicator_lower_low") : S1_STR("indicator_higher_high"),
                        &side->hidden_indicator, err));
    }
    return S1_OK;
}

static s1_rc bind(divergence_finder *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t strength;
    int64_t max_bars;
    s1_str kind;
    s1_str column;
    S1_TRY(err, binder->param_int(b, S1_STR("strength"), &strength, err));
    S1_TRY(err, binder->param_int(b, S1_STR("max_bars"), &max_bars, err));
    S1_TRY(err, binder->param_text(b, S1_STR("kind"), &kind, err));
    S1_TRY(err, binder->param_text(b, S1_STR("column"), &column, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_difference"), &me->min_difference, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &me->lows.is_on, &me->highs.is_on,
                                    err));
    me->strength = (uint64_t)strength;
    me->max_bars = (uint64_t)max_bars;
    me->has_regular = !s1_text_equal(kind, S1_STR("hidden"));
    me->has_hidden = !s1_text_equal(kind, S1_STR("regular"));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    S1_TRY(err, binder->series(b, column, &me->indicator, err));
    S1_TRY(err, binder->series(b, S1_STR("low"), &me->lows.extreme, err));
    S1_TRY(err, binder->series(b, S1_STR("high"), &me->highs.extreme, err));
    S1_TRY(err, bind_conditions(me, &me->lows, binder, err));
    S1_TRY(err, bind_conditions(me, &me->highs, binder, err));
    return S1_OK;
}

static void divergence_destroy(void *self)
{
    free(self);
}

static s1_rc divergence_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                               s1_err *err)
{
    (void)host;
    divergence_finder bound = {.lows = {.sign = -1.0, .direction = S1_LONG},
                               .highs = {.sign = 1.0, .direction = S1_SHORT}};
    S1_TRY(err, bind(&bound, binder, err));
    divergence_finder *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "divergence_finder: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops divergence_ops = {
    .size = sizeof divergence_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = divergence_create,
    .destroy = divergence_destroy,
    .detect = divergence_detect,
};

S1_PLUGIN("divergence_finder", "1.0.0", &divergence_ops, 0)
