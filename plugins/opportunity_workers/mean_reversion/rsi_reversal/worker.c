/* rsi_reversal - signals the bar on which the relative strength index comes back from an extreme.
 *
 * It keeps nothing between ticks: how long the index was beyond the level is read off the column,
 * on a return only, so a restart or a warm-up that did not call it changes no signal.
 */
#include "s1mple/params.h"

#include <stdlib.h>

/* One side. A long returns from below its level, a short from above it. */
typedef struct reversal_side {
    s1_condition *was_beyond, *is_back, *bars_beyond, *room;
    double level;
    int32_t direction; /* 0: not signalled */
} reversal_side;

typedef struct rsi_reversal {
    const s1_stream *stream;
    const s1_series *rsi;
    const s1_series *middle; /* of the band; NULL: no room asked for */
    uint64_t min_bars;
    reversal_side low, high;
} rsi_reversal;

/* Bars in a row beyond the level, the newest not counted: at most `min_bars`. */
static uint64_t bars_beyond(const rsi_reversal *me, const reversal_side *side)
{
    const double sign = s1_direction_sign(side->direction);
    uint64_t bars = 0;
    while (bars < me->min_bars && sign * s1_series_at(me->rsi, bars + 1) < sign * side->level) {
        bars++;
    }
    return bars;
}

static s1_rc detect_side(const rsi_reversal *me, const reversal_side *side,
                         const s1_context *context, const s1_opportunity_sink *out, s1_err *err)
{
    const bool is_long = side->direction == S1_LONG;
    const double rsi = s1_series_last(me->rsi);
    const double before = s1_series_at(me->rsi, 1);
    const double close = s1_series_last(&me->stream->close);
    if (is_long ? !S1_CONDITION(context, side->was_beyond, before, LT, side->level)
                : !S1_CONDITION(context, side->was_beyond, before, GT, side->level)) {
        return S1_OK;
    }
    if (is_long ? !S1_CONDITION(context, side->is_back, rsi, GE, side->level)
                : !S1_CONDITION(context, side->is_back, rsi, LE, side->level)) {
        return S1_OK;
    }
    const uint64_t bars = bars_beyond(me, side);
    if (me->min_bars > 1 &&
        !S1_CONDITION(context, side->bars_beyond, (double)bars, GE, (double)me->min_bars)) {
        return S1_OK;
    }
    if (me->middle != NULL) {
        const double middle = s1_series_last(me->middle);
        if (is_long ? !S1_CONDITION(context, side->room, close, LT, middle)
                    : !S1_CONDITION(context, side->room, close, GT, middle)) {
            return S1_OK;
        }
    }
    const s1_field metadata[] = {S1_FIELD_NUMBER("rsi", rsi),
                                 S1_FIELD_NUMBER("rsi_before", before)};
    S1_TRY(err,
           s1_signal_emit(out, S1_STR("rsi_reversal"), side->direction, close, metadata, 2, err));
    return S1_OK;
}

static s1_rc reversal_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                             s1_err *err)
{
    const rsi_reversal *const me = self;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    if (me->low.direction != 0) {
        S1_TRY(err, detect_side(me, &me->low, context, out, err));
    }
    if (me->high.direction != 0) {
        S1_TRY(err, detect_side(me, &me->high, context, out, err));
    }
    return S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_side(const rsi_reversal *me, reversal_side *side, const s1_binder *binder,
                       const s1_str names[4], s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->condition(b, names[0], &side->was_beyond, err));
    S1_TRY(err, binder->condition(b, names[1], &side->is_back, err));
    if (me->min_bars > 1) {
        S1_TRY(err, binder->condition(b, names[2], &side->bars_beyond, err));
    }
    if (me->middle != NULL) {
        S1_TRY(err, binder->condition(b, names[3], &side->room, err));
    }
    return S1_OK;
}

/* The middle of the band, where room is asked for. */
static s1_rc bind_room(rsi_reversal *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    bool is_required;
    int64_t period;
    s1_dec deviations;
    S1_TRY(err, binder->param_bool(b, S1_STR("require_room"), &is_required, err));
    S1_TRY(err, binder->param_int(b, S1_STR("band_period"), &period, err));
    S1_TRY(err, binder->param_decimal(b, S1_STR("band_deviations"), &deviations, err));
    if (!is_required) {
        return S1_OK;
    }
    char width[S1_DEC_TEXT_MAX];
    char name[96];
    (void)s1_column_part(deviations, width);
    const int length = snprintf(name, sizeof name, "bb_middle_%lld_%s", (long long)period, width);
    if (binder->series(b, (s1_str){name, (size_t)length}, &me->middle, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "rsi_reversal: require_room needs column %s; place a bollinger_calculator "
                        "with period %lld in context_workers",
                        name, (long long)period);
    }
    return S1_OK;
}

static s1_rc bind_conditions(rsi_reversal *me, const s1_binder *binder, s1_err *err)
{
    const s1_str low[] = {S1_STR("was_oversold"), S1_STR("back_above"), S1_STR("bars_oversold"),
                          S1_STR("room_above")};
    const s1_str high[] = {S1_STR("was_overbought"), S1_STR("back_below"),
                           S1_STR("bars_overbought"), S1_STR("room_below")};
    if (me->low.direction != 0) {
        S1_TRY(err, bind_side(me, &me->low, binder, low, err));
    }
    if (me->high.direction != 0) {
        S1_TRY(err, bind_side(me, &me->high, binder, high, err));
    }
    return S1_OK;
}

static void reversal_destroy(void *self)
{
    free(self);
}

static s1_rc reversal_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    rsi_reversal bound = {0};
    int64_t period;
    int64_t min_bars;
    bool has_long;
    bool has_short;
    S1_TRY(err, binder->param_int(b, S1_STR("rsi_period"), &period, err));
    S1_TRY(err, binder->param_int(b, S1_STR("min_bars_beyond"), &min_bars, err));
    S1_TRY(err, binder->param_float(b, S1_STR("oversold"), &bound.low.level, err));
    S1_TRY(err, binder->param_float(b, S1_STR("overbought"), &bound.high.level, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &has_long, &has_short, err));
    if (!(bound.low.level < bound.high.level)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "rsi_reversal: oversold %g, expected below overbought %g", bound.low.level,
                        bound.high.level);
    }
    bound.min_bars = (uint64_t)min_bars;
    bound.low.direction = has_long ? S1_LONG : 0;
    bound.high.direction = has_short ? S1_SHORT : 0;
    char name[32];
    const int length = snprintf(name, sizeof name, "rsi_%lld", (long long)period);
    S1_TRY(err, binder->series(b, (s1_str){name, (size_t)length}, &bound.rsi, err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_room(&bound, binder, err));
    S1_TRY(err, bind_conditions(&bound, binder, err));
    rsi_reversal *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "rsi_reversal: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops reversal_ops = {
    .size = sizeof reversal_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = reversal_create,
    .destroy = reversal_destroy,
    .detect = reversal_detect,
};

S1_PLUGIN("rsi_reversal", "1.0.0", &reversal_ops, 0)
