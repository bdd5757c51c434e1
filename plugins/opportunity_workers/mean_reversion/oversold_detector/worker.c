/* oversold_detector - signals a market that is oversold, or overbought, by the relative strength
 * index and, if asked, by its place in the Bollinger band.
 *
 * It keeps nothing between ticks: the columns tell the bar before too, so a restart or a warm-up
 * that did not call it changes no signal.
 */
#include "s1mple/params.h"

#include <stdlib.h>

/* One side: oversold is "index below the level, close below the band". */
typedef struct extreme_side {
    s1_condition *beyond, *outside;
    s1_condition *was_not; /* how many of the demands held a bar ago; on_enter only */
    double level;
    int32_t direction; /* 0: not signalled */
} extreme_side;

typedef struct oversold_detector {
    const s1_stream *stream;
    const s1_series *rsi;
    const s1_series *percent_b; /* NULL: the band does not matter */
    bool is_on_enter;
    extreme_side low, high;
} oversold_detector;

/* Was it so `ago` bars back? Unknown values are not. */
static bool holds_at(const oversold_detector *me, const extreme_side *side, uint64_t ago)
{
    const bool is_low = side->direction == S1_LONG;
    const double rsi = s1_series_at(me->rsi, ago);
    if (is_low ? !(rsi < side->level) : !(rsi > side->level)) {
        return false;
    }
    const double place = me->percent_b == NULL ? (double)NAN : s1_series_at(me->percent_b, ago);
    return me->percent_b == NULL || (is_low ? place < 0.0 : place > 1.0);
}

static s1_rc detect_side(const oversold_detector *me, const extreme_side *side,
                         const s1_context *context, const s1_opportunity_sink *out, s1_err *err)
{
    const bool is_low = side->direction == S1_LONG;
    const double rsi = s1_series_last(me->rsi);
    const double place = me->percent_b == NULL ? (double)NAN : s1_series_last(me->percent_b);
    if (is_low ? !S1_CONDITION(context, side->beyond, rsi, LT, side->level)
               : !S1_CONDITION(context, side->beyond, rsi, GT, side->level)) {
        return S1_OK;
    }
    if (me->percent_b != NULL && (is_low ? !S1_CONDITION(context, side->outside, place, LT, 0.0)
                                         : !S1_CONDITION(context, side->outside, place, GT, 1.0))) {
        return S1_OK;
    }
    if (me->is_on_enter &&
        !S1_CONDITION(context, side->was_not, holds_at(me, side, 1) ? 1.0 : 0.0, LT, 1.0)) {
        return S1_OK;
    }
    const s1_field metadata[] = {S1_FIELD_NUMBER("rsi", rsi), S1_FIELD_NUMBER("percent_b", place)};
    const uint32_t count = me->percent_b == NULL ? 1 : 2; /* without a band it has no place */
    S1_TRY(err,
           s1_signal_emit(out, is_low ? S1_STR("oversold") : S1_STR("overbought"), side->direction,
                          s1_series_last(&me->stream->close), metadata, count, err));
    return S1_OK;
}

static s1_rc detector_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                             s1_err *err)
{
    const oversold_detector *const me = self;
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
static s1_rc bind_side(const oversold_detector *me, extreme_side *side, const s1_binder *binder,
                       const s1_str names[3], s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->condition(b, names[0], &side->beyond, err));
    if (me->percent_b != NULL) {
        S1_TRY(err, binder->condition(b, names[1], &side->outside, err));
    }
    if (me->is_on_enter) {
        S1_TRY(err, binder->condition(b, names[2], &side->was_not, err));
    }
    return S1_OK;
}

/* The band's column, where it is asked for. */
static s1_rc bind_band(oversold_detector *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    bool is_required;
    int64_t period;
    s1_dec deviations;
    S1_TRY(err, binder->param_bool(b, S1_STR("require_band"), &is_required, err));
    S1_TRY(err, binder->param_int(b, S1_STR("band_period"), &period, err));
    S1_TRY(err, binder->param_decimal(b, S1_STR("band_deviations"), &deviations, err));
    if (!is_required) {
        return S1_OK;
    }
    char width[S1_DEC_TEXT_MAX];
    char name[96];
    (void)s1_column_part(deviations, width);
    const int length =
        snprintf(name, sizeof name, "bb_percent_b_%lld_%s", (long long)period, width);
    if (binder->series(b, (s1_str){name, (size_t)length}, &me->percent_b, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "oversold_detector: require_band needs column %s; place a "
                        "bollinger_calculator with period %lld in context_workers",
                        name, (long long)period);
    }
    return S1_OK;
}

static void detector_destroy(void *self)
{
    free(self);
}

static s1_rc detector_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                             s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    oversold_detector bound = {0};
    int64_t period;
    s1_str emit;
    bool has_long;
    bool has_short;
    S1_TRY(err, binder->param_int(b, S1_STR("rsi_period"), &period, err));
    S1_TRY(err, binder->param_float(b, S1_STR("oversold"), &bound.low.level, err));
    S1_TRY(err, binder->param_float(b, S1_STR("overbought"), &bound.high.level, err));
    S1_TRY(err, binder->param_text(b, S1_STR("emit"), &emit, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &has_long, &has_short, err));
    if (!(bound.low.level < bound.high.level)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "oversold_detector: oversold %g, expected below overbought %g",
                        bound.low.level, bound.high.level);
    }
    bound.is_on_enter = s1_text_equal(emit, S1_STR("on_enter"));
    bound.low.direction = has_long ? S1_LONG : 0;
    bound.high.direction = has_short ? S1_SHORT : 0;
    char name[32];
    const int length = snprintf(name, sizeof name, "rsi_%lld", (long long)period);
    S1_TRY(err, binder->series(b, (s1_str){name, (size_t)length}, &bound.rsi, err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_band(&bound, binder, err));
    const s1_str low[] = {S1_STR("rsi_below"), S1_STR("below_band"), S1_STR("was_not_oversold")};
    const s1_str high[] = {S1_STR("rsi_above"), S1_STR("above_band"), S1_STR("was_not_overbought")};
    if (has_long) {
        S1_TRY(err, bind_side(&bound, &bound.low, binder, low, err));
    }
    if (has_short) {
        S1_TRY(err, bind_side(&bound, &bound.high, binder, high, err));
    }
    oversold_detector *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "oversold_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops detector_ops = {
    .size = sizeof detector_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = detector_create,
    .destroy = detector_destroy,
    .detect = detector_detect,
};

S1_PLUGIN("oversold_detector", "1.0.0", &detector_ops, 0)
