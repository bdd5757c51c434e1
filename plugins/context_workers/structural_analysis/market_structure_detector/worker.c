/* market_structure_detector - swings, breaks of structure and changes of character.
 *
 * A swing of strength n at bar p is known only at bar p + n, and appears only there. The exact rule
 * stands in README.md.
 */
#include "s1mple/plugin.h"
#include "s1mple/swing.h"

#include <stdlib.h>

/* One side of the structure: the swings above the market, or those below. */
typedef struct structure_side {
    const s1_series *extreme; /* high or low */
    s1_column *column;
    s1_artefact_list *levels;
    double sign;  /* +1 highs, -1 lows: sign * price makes both sides look like highs */
    double level; /* the last confirmed swing; NaN before the first */
    bool is_unbroken;
} structure_side;

typedef struct market_structure {
    const s1_series *close;
    structure_side high, low;
    s1_column *trend_direction, *is_bos, *is_choch;
    uint64_t strength;
    double trend; /* +1, -1; 0 until the first break */
    bool has_bos, has_choch;
} market_structure;

static void take_swing(structure_side *side, uint64_t strength, const s1_context *context)
{
    if (s1_swing_is(side->extreme, side->sign, strength, 0)) {
        side->level = s1_series_at(side->extreme, strength);
        side->is_unbroken = true;
        const s1_artefact level = {
            .created_at = context->now,
            .row = s1_series_rows(side->extreme),
            .lower = side->level,
            .upper = side->level,
            .kind = S1_ARTEFACT_LEVEL,
        };
        s1_artefact_put(side->levels, &level);
    }
    s1_column_put(side->column, side->level);
}

/* True when the close goes beyond a swing that stood; a swing is broken once. */
static bool take_break(structure_side *side, double close)
{
    if (!side->is_unbroken || !(side->sign * close > side->sign * side->level)) {
        return false;
    }
    side->is_unbroken = false;
    return true;
}

static s1_rc structure_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)err;
    market_structure *const me = self;
    take_swing(&me->high, me->strength, context);
    take_swing(&me->low, me->strength, context);

    const double close = s1_series_last(me->close);
    double direction = 0.0;
    if (take_break(&me->high, close)) {
        direction = 1.0;
    } else if (take_break(&me->low, close)) {
        direction = -1.0;
    }
    const bool is_reversal = direction != 0.0 && me->trend == -direction;
    if (direction != 0.0) {
        me->trend = direction;
    }
    s1_column_put(me->trend_direction, me->trend);
    s1_column_put(me->is_bos, me->has_bos && !is_reversal ? direction : 0.0);
    s1_column_put(me->is_choch, me->has_choch && is_reversal ? direction : 0.0);
    return S1_OK;
}

static s1_rc bind_side(structure_side *side, const s1_binder *binder, s1_str extreme, s1_str column,
                       s1_str levels, s1_err *err)
{
    S1_TRY(err, binder->series(binder->self, extreme, &side->extreme, err));
    S1_TRY(err, binder->column(binder->self, column, &side->column, err));
    S1_TRY(err, binder->artefacts_out(binder->self, levels, &side->levels, err));
    side->level = (double)NAN;
    return S1_OK;
}

static void structure_destroy(void *self)
{
    free(self);
}

static s1_rc structure_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                              s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    market_structure bound = {.high.sign = 1.0, .low.sign = -1.0};
    int64_t strength;
    S1_TRY(err, binder->param_int(b, S1_STR("strength"), &strength, err));
    if (strength < 1) {
        return S1_RAISE(err, S1_E_INVALID,
                        "market_structure_detector: strength %lld, expected 1 or more",
                        (long long)strength);
    }
    bound.strength = (uint64_t)strength;
    S1_TRY(err, binder->param_bool(b, S1_STR("detect_bos"), &bound.has_bos, err));
    S1_TRY(err, binder->param_bool(b, S1_STR("detect_choch"), &bound.has_choch, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &bound.close, err));
    S1_TRY(err, bind_side(&bound.high, binder, S1_STR("high"), S1_STR("swing_high"),
                          S1_STR("swing_high_levels"), err));
    S1_TRY(err, bind_side(&bound.low, binder, S1_STR("low"), S1_STR("swing_low"),
                          S1_STR("swing_low_levels"), err));
    S1_TRY(err, binder->column(b, S1_STR("trend_direction"), &bound.trend_direction, err));
    S1_TRY(err, binder->column(b, S1_STR("is_bos"), &bound.is_bos, err));
    S1_TRY(err, binder->column(b, S1_STR("is_choch"), &bound.is_choch, err));
    market_structure *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "market_structure_detector: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops structure_ops = {
    .size = sizeof structure_ops,
    .type = S1_WORKER_CONTEXT,
    .create = structure_create,
    .destroy = structure_destroy,
    .enrich = structure_enrich,
};

S1_PLUGIN("market_structure_detector", "1.0.0", &structure_ops, 0)
