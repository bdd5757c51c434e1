/* optimal_trade_entry_finder - the market retraces deep into its last impulse, and not through it.
 *
 * The impulse is the leg of premium_discount_calculator's range. Whether a bar is the first to come
 * in is told by the bar before, so nothing is kept between ticks.
 */
#include "s1mple/bias.h"
#include "s1mple/params.h"
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct entry_side {
    const s1_series *extreme; /* the low after a leg up, the high after a leg down */
    const s1_series *block;   /* NULL unless require_order_block */
    s1_condition *leg, *impulse, *deep, *not_deeper, *came_in, *in_block;
    double sign; /* of the leg */
    int32_t direction;
    bool is_on;
} entry_side;

typedef struct entry_finder {
    const s1_stream *stream;
    const s1_series *range_high, *range_low, *range_leg;
    entry_side up, down;
    s1_bias bias;
    double from, to;
    double min_impulse; /* fraction of the lower end; 0: no condition of its own */
    bool is_by_close, is_on_entry;
} entry_finder;

/* How much of the leg `price` has given back, `ago` bars back: 0 its end, 1 its beginning. */
static double retracement(const entry_finder *me, const entry_side *side, uint64_t ago,
                          double price)
{
    const double high = s1_series_at(me->range_high, ago);
    const double low = s1_series_at(me->range_low, ago);
    return side->sign > 0.0 ? (high - price) / (high - low) : (price - low) / (high - low);
}

static double trigger_at(const entry_finder *me, const entry_side *side, uint64_t ago)
{
    const s1_series *const price = me->is_by_close ? &me->stream->close : side->extreme;
    return retracement(me, side, ago, s1_series_at(price, ago));
}

/* Was the bar before not in yet? One of another leg, or of none, was not. */
static bool came_in(const entry_finder *me, const entry_side *side, const s1_context *context)
{
    if (!me->is_on_entry) {
        return true;
    }
    const bool is_same_leg = s1_series_at(me->range_leg, 1) == side->sign;
    const double before = is_same_leg ? trigger_at(me, side, 1) : 0.0;
    return S1_CONDITION(context, side->came_in, before, LT, me->from);
}

static bool holds(const entry_finder *me, const entry_side *side, const s1_context *context,
                  double depth, double close_depth)
{
    const double low = s1_series_last(me->range_low);
    const double size = s1_series_last(me->range_high) - low;
    return S1_CONDITION(context, side->leg, side->sign * s1_series_last(me->range_leg), GT, 0.0) &&
           (me->min_impulse <= 0.0 ||
            S1_CONDITION(context, side->impulse, size, GE, me->min_impulse * low)) &&
           S1_CONDITION(context, side->deep, depth, GE, me->from) &&
           S1_CONDITION(context, side->not_deeper, close_depth, LE, me->to) &&
           came_in(me, side, context) &&
           (side->block == NULL ||
            S1_CONDITION(context, side->in_block, s1_series_last(side->block), GT, 0.0)) &&
           s1_bias_allows(context, &me->bias, side->direction);
}

static s1_rc detect_side(const entry_finder *me, const entry_side *side, const s1_context *context,
                         const s1_opportunity_sink *out, s1_err *err)
{
    const double close = s1_series_last(&me->stream->close);
    const double depth = trigger_at(me, side, 0);
    if (!side->is_on || !holds(me, side, context, depth, retracement(me, side, 0, close))) {
        return S1_OK;
    }
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("range_low", s1_series_last(me->range_low)),
        S1_FIELD_NUMBER("range_high", s1_series_last(me->range_high)),
        S1_FIELD_NUMBER("retracement", depth),
    };
    return s1_signal_emit(out, S1_STR("ote_entry"), side->direction, close, metadata,
                          sizeof metadata / sizeof metadata[0], err);
}

static s1_rc entry_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                          s1_err *err)
{
    const entry_finder *const me = self;
    if (!me->stream->is_new) {
        return S1_OK;
    }
    S1_TRY(err, detect_side(me, &me->up, context, out, err));
    S1_TRY(err, detect_side(me, &me->down, context, out, err));
    return S1_OK;
}

static s1_rc bind_condition(const s1_binder *binder, const char *what, const entry_side *side,
                            s1_condition **ret_condition, s1_err *err)
{
    char name[64];
    const int length =
        snprintf(name, sizeof name, "%s_%s", what, side->sign > 0.0 ? "long" : "short");
    return binder->condition(binder->self, (s1_str){name, (size_t)length}, ret_condition, err);
}

/* Only what will be tested is declared, in the order it is tested. */
static s1_rc bind_side(entry_finder *me, entry_side *side, bool needs_block,
                       const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    const bool is_up = side->sign > 0.0;
    S1_TRY(err, binder->series(b, is_up ? S1_STR("low") : S1_STR("high"), &side->extreme, err));
    if (!side->is_on) {
        return S1_OK;
    }
    const s1_str block = is_up ? S1_STR("bullish_block_touched") : S1_STR("bearish_block_touched");
    if (needs_block && binder->series(b, block, &side->block, err) != S1_OK) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "optimal_trade_entry_finder: require_order_block needs column %.*s; place "
                        "an order_block_identifier in context_workers",
                        S1_STR_ARG(block));
    }
    S1_TRY(err,
           binder->condition(b, is_up ? S1_STR("leg_up") : S1_STR("leg_down"), &side->leg, err));
    if (me->min_impulse > 0.0) {
        S1_TRY(err, bind_condition(binder, "impulse_size", side, &side->impulse, err));
    }
    S1_TRY(err, bind_condition(binder, "deep_enough", side, &side->deep, err));
    S1_TRY(err, bind_condition(binder, "not_deeper", side, &side->not_deeper, err));
    if (me->is_on_entry) {
        S1_TRY(err, bind_condition(binder, "came_in", side, &side->came_in, err));
    }
    if (needs_block) {
        S1_TRY(err, bind_condition(binder, "in_order_block", side, &side->in_block, err));
    }
    return s1_bias_bind_condition(binder, &me->bias, side->direction, err);
}

static s1_rc bind(entry_finder *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    s1_str trigger;
    s1_str emit;
    double percent;
    bool needs_block;
    S1_TRY(err, binder->param_float(b, S1_STR("from"), &me->from, err));
    S1_TRY(err, binder->param_float(b, S1_STR("to"), &me->to, err));
    S1_TRY(err, binder->param_text(b, S1_STR("trigger"), &trigger, err));
    S1_TRY(err, binder->param_text(b, S1_STR("emit"), &emit, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_impulse_percent"), &percent, err));
    S1_TRY(err, binder->param_bool(b, S1_STR("require_order_block"), &needs_block, err));
    S1_TRY(err,
           s1_param_directions(binder, S1_STR("direction"), &me->up.is_on, &me->down.is_on, err));
    if (!(me->from < me->to)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "optimal_trade_entry_finder: from %g and to %g, expected from below to",
                        me->from, me->to);
    }
    me->min_impulse = percent / 100.0;
    me->is_by_close = s1_text_equal(trigger, S1_STR("close"));
    me->is_on_entry = s1_text_equal(emit, S1_STR("on_entry"));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &me->stream, err));
    S1_TRY(err, binder->series(b, S1_STR("range_high"), &me->range_high, err));
    S1_TRY(err, binder->series(b, S1_STR("range_low"), &me->range_low, err));
    S1_TRY(err, binder->series(b, S1_STR("range_leg"), &me->range_leg, err));
    S1_TRY(err, s1_bias_bind(binder, &me->bias, err));
    S1_TRY(err, bind_side(me, &me->up, needs_block, binder, err));
    S1_TRY(err, bind_side(me, &me->down, needs_block, binder, err));
    return S1_OK;
}

static void entry_destroy(void *self)
{
    free(self);
}

static s1_rc entry_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    entry_finder bound = {.up = {.sign = 1.0, .direction = S1_LONG},
                          .down = {.sign = -1.0, .direction = S1_SHORT}};
    S1_TRY(err, bind(&bound, binder, err));
    entry_finder *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "optimal_trade_entry_finder: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops entry_ops = {
    .size = sizeof entry_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = entry_create,
    .destroy = entry_destroy,
    .detect = entry_detect,
};

S1_PLUGIN("optimal_trade_entry_finder", "1.0.0", &entry_ops, 0)
