/* liquidity_sweep_detector - a wick beyond a mapped level, and a close back inside it.
 *
 * liquidity_zone_mapper tells the farthest level each bar took. A close back inside any of those it
 * took is a close back inside the farthest, so that one is all there is to look at, and nothing is
 * kept between ticks.
 */
#include "s1mple/bias.h"
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct sweep_side {
    const s1_series *taken, *touches;
    const s1_series *extreme; /* the high for levels above, the low for those below */
    s1_condition *is_taken, *closed_back, *wick, *enough_touches;
    double sign;       /* +1 above the market, -1 below */
    int32_t direction; /* of the signal */
    bool is_on;
} sweep_side;

typedef struct sweep_detector {
    const s1_stream *stream;
    sweep_side below, above;
    s1_bias bias;
    double min_wick;    /* fraction of the level; 0: no condition of its own */
    double min_touches; /* 1: no condition of its own */
} sweep_detector;

/* Is `value` beyond `level`, as seen from inside the range? */
static bool is_beyond(const s1_context *context, s1_condition *condition, double sign, double value,
                      double level)
{
    return sign > 0.0 ? S1_CONDITION(context, condition, value, GT, level)
                      : S1_CONDITION(context, condition, value, LT, level);
}

static s1_rc detect_side(const sweep_detector *me, const sweep_side *side,
                         const s1_context *context, const s1_opportunity_sink *out, s1_err *err)
{
    const double level = s1_series_last(side->taken);
    const double touches = s1_series_last(side->touches);
    const double close = s1_series_last(&me->stream->close);
    const double extreme = s1_series_last(side->extreme);
    const double wick = side->sign * (extreme - level);
    if (!side->is_on || !is_beyond(context, side->is_taken, side->sign, extreme, level) ||
        !is_beyond(context, side->closed_back, -side->sign, close, level) ||
        (me->min_wick > 0.0 &&
         !S1_CONDITION(context, side->wick, wick, GE, me->min_wick * fabs(level))) ||
        (me->min_touches > 1.0 &&
         !S1_CONDITION(context, side->enough_touches, touches, GE, me->min_touches)) ||
        !s1_bias_allows(context, &me->bias, side->direction)) {
        return S1_OK;
    }
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("level", level),
        S1_FIELD_NUMBER("wick", wick),
        S1_FIELD_NUMBER("touches", touches),
    };
    S1_TRY(err, s1_signal_emit(out, S1_STR("liquidity_sweep"), side->direction, close, metadata,
                               sizeof metadata / sizeof metadata[0], err));
    return S1_OK;
}

static s1_rc sweep_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                          s1_err *err)
{
    const sweep_detector *const me = self;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    S1_TRY(err, detect_side(me, &me->below, context, out, err));
    S1_TRY(err, detect_side(me, &me->above, context, out, err));
    return S1_OK;
}

static s1_rc bind_condition(const s1_binder *binder, const char *what, const char *where,
                            s1_condition **ret_condition, s1_err *err)
{
    char name[64];
    const int length = snprintf(name, sizeof name, "%s_%s", what, where);
    return binder->condition(binder->self, (s1_str){name, (size_t)length}, ret_condition, err);
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_side(sweep_detector *me, sweep_side *side, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    const bool is_above = side->sign > 0.0;
    const char *const where = is_above ? "above" : "below";
    S1_TRY(err, binder->series(b, is_above ? S1_STR("buy_side_taken") : S1_STR("sell_side_taken"),
                               &side->taken, err));
    S1_TRY(err, binder->series(b,
                               is_above ? S1_STR("buy_side_taken_touches")
                                        : S1_STR("sell_side_taken_touches"),
                               &side->touches, err));
    S1_TRY(err, binder->series(b, is_above ? S1_STR("high") : S1_STR("low"), &side->extreme, err));
    if (!side->is_on) {
        return S1_OK;
    }
    S1_TRY(err, bind_condition(binder, "level_taken", where, &side->is_taken, err));
    S1_TRY(err, bind_condition(binder, "closed_back_from", where, &side->closed_back, err));
    if (me->min_wick > 0.0) {
        S1_TRY(err, bind_condition(binder, "wick", where, &side->wick, err));
    }
    if (me->min_touches > 1.0) {
        S1_TRY(err, bind_condition(binder, "touches", where, &side->enough_touches, err));
    }
    S1_TRY(err, s1_bias_bind_condition(binder, &me->bias, side->direction, err));
    return S1_OK;
}

static s1_rc bind(sweep_detector *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t touches;
    double percent;
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &me->below.is_on, &me->above.is_on,
                                    err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_wick_percent"), &percent, err));
    S1_TRY(err, binder->param_int(b, S1_STR("min_touches"), &touches, err));
    me->min_wick = percent / 100.0;
    me->min_touches = (double)touches;
    S1_TRY(err, s1_bias_bind(binder, &me->bias, err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    S1_TRY(err, bind_side(me, &me->below, binder, err));
    S1_TRY(err, bind_side(me, &me->above, binder, err));
    return S1_OK;
}

static void sweep_destroy(void *self)
{
    free(self);
}

static s1_rc sweep_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    sweep_detector bound = {.below = {.sign = -1.0, .direction = S1_LONG},
                            .above = {.sign = 1.0, .direction = S1_SHORT}};
    S1_TRY(err, bind(&bound, binder, err));
    sweep_detector *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "liquidity_sweep_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops sweep_ops = {
    .size = sizeof sweep_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = sweep_create,
    .destroy = sweep_destroy,
    .detect = sweep_detect,
};

S1_PLUGIN("liquidity_sweep_detector", "1.0.0", &sweep_ops, 0)
