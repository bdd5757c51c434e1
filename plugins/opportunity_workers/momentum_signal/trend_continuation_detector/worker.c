/* trend_continuation_detector - signals the bar that ends a pullback in a trend.
 *
 * It keeps nothing between ticks: the pullback is read off the columns, on the bar that ends it
 * only, so that each of its bars is looked at once more and no bar twice; a restart or a warm-up
 * that did not call it changes no signal.
 */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct trend_side {
    s1_condition *trend, *was_pulled_back, *resumes, *strength, *length, *depth;
    int32_t direction; /* 0: not signalled */
} trend_side;

typedef struct trend_continuation {
    const s1_stream *stream;
    const s1_series *fast, *slow;
    const s1_series *adx; /* NULL: the strength of the trend does not matter */
    double min_adx;
    uint64_t max_bars;
    trend_side up, down;
} trend_continuation;

/* The pullback before the newest bar: closes not beyond the fast average. */
typedef struct pullback {
    uint64_t bars; /* at most max_bars + 1 */
    double room;   /* least distance of a close from the slow average, in the trend's direction */
} pullback;

static pullback look_back(const trend_continuation *me, double sign)
{
    pullback found = {0, (double)INFINITY};
    while (found.bars <= me->max_bars) {
        const uint64_t ago = found.bars + 1;
        const double close = s1_series_at(&me->stream->close, ago);
        if (!(sign * close <= sign * s1_series_at(me->fast, ago))) {
            break;
        }
        const double room = sign * (close - s1_series_at(me->slow, ago));
        found.room = room < found.room ? room : found.room;
        found.bars++;
    }
    return found;
}

/* A long asks for `above`, a short for below. */
static bool is_beyond(const s1_context *context, s1_condition *condition, bool is_above,
                      double value, double threshold)
{
    return is_above ? S1_CONDITION(context, condition, value, GT, threshold)
                    : S1_CONDITION(context, condition, value, LT, threshold);
}

static s1_rc detect_side(const trend_continuation *me, const trend_side *side,
                         const s1_context *context, const s1_opportunity_sink *out, s1_err *err)
{
    const bool is_up = side->direction == S1_LONG;
    const double close = s1_series_last(&me->stream->close);
    const double fast = s1_series_last(me->fast);
    const double fast_before = s1_series_at(me->fast, 1);
    const double close_before = s1_series_at(&me->stream->close, 1);
    const double adx = me->adx == NULL ? (double)NAN : s1_series_last(me->adx);
    if (!is_beyond(context, side->trend, is_up, fast, s1_series_last(me->slow))) {
        return S1_OK;
    }
    if (is_up ? !S1_CONDITION(context, side->was_pulled_back, close_before, LE, fast_before)
              : !S1_CONDITION(context, side->was_pulled_back, close_before, GE, fast_before)) {
        return S1_OK;
    }
    if (!is_beyond(context, side->resumes, is_up, close, fast)) {
        return S1_OK;
    }
    if (me->adx != NULL && !S1_CONDITION(context, side->strength, adx, GE, me->min_adx)) {
        return S1_OK;
    }
    const pullback back = look_back(me, s1_direction_sign(side->direction));
    if (!S1_CONDITION(context, side->length, (double)back.bars, LE, (double)me->max_bars) ||
        !S1_CONDITION(context, side->depth, back.room, GE, 0.0)) {
        return S1_OK;
    }
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("pullback_bars", (double)back.bars),
        S1_FIELD_NUMBER("fast", fast),
        S1_FIELD_NUMBER("slow", s1_series_last(me->slow)),
        S1_FIELD_NUMBER("adx", adx),
    };
    S1_TRY(err, s1_signal_emit(out, S1_STR("trend_continuation"), side->direction, close, metadata,
                               me->adx == NULL ? 3 : 4, err));
    return S1_OK;
}

static s1_rc continuation_detect(void *self, const s1_context *context,
                                 const s1_opportunity_sink *out, s1_err *err)
{
    const trend_continuation *const me = self;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    if (me->up.direction != 0) {
        S1_TRY(err, detect_side(me, &me->up, context, out, err));
    }
    if (me->down.direction != 0) {
        S1_TRY(err, detect_side(me, &me->down, context, out, err));
    }
    return S1_OK;
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_side(const trend_continuation *me, trend_side *side, const s1_binder *binder,
                       const s1_str names[6], s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->condition(b, names[0], &side->trend, err));
    S1_TRY(err, binder->condition(b, names[1], &side->was_pulled_back, err));
    S1_TRY(err, binder->condition(b, names[2], &side->resumes, err));
    if (me->adx != NULL) {
        S1_TRY(err, binder->condition(b, names[3], &side->strength, err));
    }
    S1_TRY(err, binder->condition(b, names[4], &side->length, err));
    S1_TRY(err, binder->condition(b, names[5], &side->depth, err));
    return S1_OK;
}

static s1_rc bind_conditions(trend_continuation *me, const s1_binder *binder, s1_err *err)
{
    const s1_str up[] = {S1_STR("trend_up"),         S1_STR("was_pulled_back"),
                         S1_STR("resumes_above"),    S1_STR("up_strength"),
                         S1_STR("up_pullback_bars"), S1_STR("up_pullback_held")};
    const s1_str down[] = {S1_STR("trend_down"),         S1_STR("was_pulled_up"),
                           S1_STR("resumes_below"),      S1_STR("down_strength"),
                           S1_STR("down_pullback_bars"), S1_STR("down_pullback_held")};
    if (me->up.direction != 0) {
        S1_TRY(err, bind_side(me, &me->up, binder, up, err));
    }
    if (me->down.direction != 0) {
        S1_TRY(err, bind_side(me, &me->down, binder, down, err));
    }
    return S1_OK;
}

static s1_rc bind_average(const s1_binder *binder, s1_str param, const s1_series **ret_series,
                          int64_t *ret_period, s1_err *err)
{
    char name[32];
    S1_TRY(err, binder->param_int(binder->self, param, ret_period, err));
    const int length = snprintf(name, sizeof name, "ema_%lld", (long long)*ret_period);
    S1_TRY(err, binder->series(binder->self, (s1_str){name, (size_t)length}, ret_series, err));
    return S1_OK;
}

/* The index of the trend's strength, where it is asked for. */
static s1_rc bind_strength(trend_continuation *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t period;
    S1_TRY(err, binder->param_float(b, S1_STR("min_adx"), &me->min_adx, err));
    S1_TRY(err, binder->param_int(b, S1_STR("adx_period"), &period, err));
    if (!(me->min_adx > 0.0)) {
        return S1_OK;
    }
    char name[32];
    const int length = snprintf(name, sizeof name, "adx_%lld", (long long)period);
    if (binder->series(b, (s1_str){name, (size_t)length}, &me->adx, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "trend_continuation_detector: min_adx needs column %s; place an "
                        "adx_regime_classifier with period %lld in context_workers",
                        name, (long long)period);
    }
    return S1_OK;
}

static void continuation_destroy(void *self)
{
    free(self);
}

static s1_rc continuation_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                                 s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    trend_continuation bound = {0};
    int64_t fast;
    int64_t slow;
    int64_t max_bars;
    bool has_long;
    bool has_short;
    S1_TRY(err, bind_average(binder, S1_STR("fast"), &bound.fast, &fast, err));
    S1_TRY(err, bind_average(binder, S1_STR("slow"), &bound.slow, &slow, err));
    if (fast >= slow) {
        return S1_RAISE(err, S1_E_INVALID,
                        "trend_continuation_detector: fast %lld, expected below slow %lld",
                        (long long)fast, (long long)slow);
    }
    S1_TRY(err, binder->param_int(b, S1_STR("max_pullback_bars"), &max_bars, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &has_long, &has_short, err));
    bound.max_bars = (uint64_t)max_bars;
    bound.up.direction = has_long ? S1_LONG : 0;
    bound.down.direction = has_short ? S1_SHORT : 0;
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.stream, err));
    S1_TRY(err, bind_strength(&bound, binder, err));
    S1_TRY(err, bind_conditions(&bound, binder, err));
    trend_continuation *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "trend_continuation_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops continuation_ops = {
    .size = sizeof continuation_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = continuation_create,
    .destroy = continuation_destroy,
    .detect = continuation_detect,
};

S1_PLUGIN("trend_continuation_detector", "1.0.0", &continuation_ops, 0)
