/* order_block_identifier - the last opposite candle before a move that breaks the structure.
 *
 * The newest candle of each colour is kept as bars come, so a break looks at one candle, not back
 * through the history.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct candle {
    double lower, upper;
    uint64_t row; /* 0: none yet; 1 is the first bar */
} candle;

typedef struct block_side {
    s1_column *lower_column, *upper_column, *touched_column;
    s1_artefact_list *map;
    double sign;   /* +1 bullish, -1 bearish */
    candle last;   /* the newest candle against the side: down for bullish, up for bearish */
    candle block;  /* the block that stands; row 0 if there is none */
    uint64_t used; /* row of the candle the newest block was made of; 0: none */
} block_side;

typedef struct block_identifier {
    const s1_series *open, *high, *low, *close, *is_bos, *is_choch;
    block_side bullish, bearish;
    uint64_t max_bars;
    double min_move; /* fraction of the edge */
    bool is_body;
} block_identifier;

/* The edge the market leaves the block by, and the one it must not close beyond again. */
static double near_edge(const block_side *side)
{
    return side->sign > 0.0 ? side->block.upper : side->block.lower;
}

static double far_edge(const block_side *side)
{
    return side->sign > 0.0 ? side->block.lower : side->block.upper;
}

/* Ends the block a close went through, and tells whether the bar reached into it. */
static void take_bar(const block_identifier *me, block_side *side)
{
    bool is_touched = false;
    if (side->block.row != 0) {
        const double reach = s1_series_last(side->sign > 0.0 ? me->low : me->high);
        is_touched = side->sign * reach <= side->sign * near_edge(side);
        if (side->sign * s1_series_last(me->close) < side->sign * far_edge(side)) {
            side->block.row = 0;
        }
    }
    s1_column_put(side->touched_column, is_touched ? 1.0 : 0.0);
}

/* The candle as a block, if the newest bar broke the structure away from it. */
static void take_break(const block_identifier *me, block_side *side, const s1_context *context)
{
    const uint64_t rows = s1_series_rows(me->close);
    if ((s1_series_last(me->is_bos) != side->sign && s1_series_last(me->is_choch) != side->sign) ||
        side->last.row == 0 || side->last.row == side->used ||
        rows - side->last.row > me->max_bars) {
        return;
    }
    const double edge = side->sign > 0.0 ? side->last.upper : side->last.lower;
    const double move = side->sign * (s1_series_last(me->close) - edge);
    if (!(move > 0.0 && move >= me->min_move * fabs(edge))) {
        return;
    }
    side->block = side->last;
    side->used = side->last.row;
    const s1_artefact artefact = {
        .created_at = context->now,
        .row = rows,
        .lower = side->block.lower,
        .upper = side->block.upper,
        .kind = S1_ARTEFACT_ZONE,
        .direction = side->sign > 0.0 ? S1_LONG : S1_SHORT,
    };
    s1_artefact_put(side->map, &artefact);
}

/* Keeps the newest bar if its body goes against the side. */
static void take_candle(const block_identifier *me, block_side *side)
{
    const double open = s1_series_last(me->open);
    const double close = s1_series_last(me->close);
    if (!(side->sign * close < side->sign * open)) {
        return;
    }
    side->last.row = s1_series_rows(me->close);
    side->last.lower = me->is_body ? (open < close ? open : close) : s1_series_last(me->low);
    side->last.upper = me->is_body ? (open < close ? close : open) : s1_series_last(me->high);
}

static void identify(const block_identifier *me, block_side *side, const s1_context *context)
{
    take_bar(me, side);
    take_break(me, side, context);
    take_candle(me, side);
    const bool is_there = side->block.row != 0;
    s1_column_put(side->lower_column, is_there ? side->block.lower : (double)NAN);
    s1_column_put(side->upper_column, is_there ? side->block.upper : (double)NAN);
}

static s1_rc block_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)err;
    block_identifier *const me = self;
    identify(me, &me->bullish, context);
    identify(me, &me->bearish, context);
    return S1_OK;
}

static s1_rc bind_column(const s1_binder *binder, const char *side, const char *part,
                         s1_column **ret_column, s1_err *err)
{
    char name[64];
    const int length = snprintf(name, sizeof name, "%s_block_%s", side, part);
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

static s1_rc bind_side(block_side *side, const s1_binder *binder, const char *name, s1_err *err)
{
    char list[64];
    const int length = snprintf(list, sizeof list, "%s_order_blocks", name);
    S1_TRY(err, bind_column(binder, name, "lower", &side->lower_column, err));
    S1_TRY(err, bind_column(binder, name, "upper", &side->upper_column, err));
    S1_TRY(err, bind_column(binder, name, "touched", &side->touched_column, err));
    S1_TRY(err,
           binder->artefacts_out(binder->self, (s1_str){list, (size_t)length}, &side->map, err));
    return S1_OK;
}

static s1_rc bind(block_identifier *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t max_bars;
    double percent;
    s1_str zone;
    S1_TRY(err, binder->param_int(b, S1_STR("max_bars"), &max_bars, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_move_percent"), &percent, err));
    S1_TRY(err, binder->param_text(b, S1_STR("zone"), &zone, err));
    me->max_bars = (uint64_t)max_bars;
    me->min_move = percent / 100.0;
    me->is_body = zone.ptr[0] == 'b'; /* range | body */
    S1_TRY(err, binder->series(b, S1_STR("open"), &me->open, err));
    S1_TRY(err, binder->series(b, S1_STR("high"), &me->high, err));
    S1_TRY(err, binder->series(b, S1_STR("low"), &me->low, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &me->close, err));
    S1_TRY(err, binder->series(b, S1_STR("is_bos"), &me->is_bos, err));
    S1_TRY(err, binder->series(b, S1_STR("is_choch"), &me->is_choch, err));
    S1_TRY(err, bind_side(&me->bullish, binder, "bullish", err));
    S1_TRY(err, bind_side(&me->bearish, binder, "bearish", err));
    return S1_OK;
}

static void block_destroy(void *self)
{
    free(self);
}

static s1_rc block_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    block_identifier bound = {.bullish.sign = 1.0, .bearish.sign = -1.0};
    S1_TRY(err, bind(&bound, binder, err));
    block_identifier *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "order_block_identifier: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops block_ops = {
    .size = sizeof block_ops,
    .type = S1_WORKER_CONTEXT,
    .create = block_create,
    .destroy = block_destroy,
    .enrich = block_enrich,
};

S1_PLUGIN("order_block_identifier", "1.0.0", &block_ops, 0)
