/* liquidity_zone_mapper - swing highs and lows nobody traded beyond yet.
 *
 * On each side the levels not taken yet are a stack: a level lies beyond those confirmed after it,
 * or a later bar would have taken it. So the newest is the nearest, whatever is taken leaves from
 * the top, and each level enters and leaves once, however long the history is.
 */
#include "s1mple/plugin.h"
#include "s1mple/swing.h"

#include <stdlib.h>

typedef struct liquidity_level {
    double outer, inner; /* of the swings it is made of: the farthest and the nearest one */
    double touches;      /* how many swings */
} liquidity_level;

typedef struct liquidity_side {
    const s1_series *extreme; /* high or low */
    s1_column *level, *touches, *taken, *taken_touches;
    s1_artefact_list *map;
    double sign; /* +1 above the market, -1 below: sign * price makes both look like highs */
    liquidity_level *levels; /* [max_levels], a ring: the farthest at `first` */
    uint64_t first, count;
} liquidity_side;

typedef struct liquidity_mapper {
    liquidity_side buy, sell;
    uint64_t strength;
    uint64_t max_levels;
    double tolerance;         /* fraction of the outer price */
    liquidity_level levels[]; /* [2 * max_levels] */
} liquidity_mapper;

static liquidity_level *nearest_of(const liquidity_mapper *me, const liquidity_side *side)
{
    return side->count == 0 ? NULL
                            : &side->levels[(side->first + side->count - 1) % me->max_levels];
}

/* Takes what the newest bar traded beyond from the map; the farthest of it is told. */
static void take_levels(const liquidity_mapper *me, liquidity_side *side)
{
    const double reach = side->sign * s1_series_last(side->extreme);
    double taken = (double)NAN;
    double touches = (double)NAN;
    for (const liquidity_level *level = nearest_of(me, side);
         level != NULL && reach > side->sign * level->outer; level = nearest_of(me, side)) {
        taken = level->outer;
        touches = level->touches;
        side->count--;
    }
    s1_column_put(side->taken, taken);
    s1_column_put(side->taken_touches, touches);
}

static void put_artefact(const liquidity_side *side, const liquidity_level *level,
                         const s1_context *context)
{
    const bool is_high = side->sign > 0.0;
    const s1_artefact artefact = {
        .created_at = context->now,
        .row = s1_series_rows(side->extreme),
        .lower = is_high ? level->inner : level->outer,
        .upper = is_high ? level->outer : level->inner,
        .kind = level->inner == level->outer ? S1_ARTEFACT_LEVEL : S1_ARTEFACT_ZONE,
    };
    s1_artefact_put(side->map, &artefact);
}

/* A swing joins the nearest level if it is equal to it, or is the nearest itself. */
static void take_swing(const liquidity_mapper *me, liquidity_side *side, const s1_context *context)
{
    if (!s1_swing_is(side->extreme, side->sign, me->strength, 0)) {
        return;
    }
    const double price = s1_series_at(side->extreme, me->strength);
    liquidity_level *level = nearest_of(me, side);
    if (level != NULL && fabs(level->outer - price) <= me->tolerance * fabs(level->outer)) {
        level->inner = price;
        level->touches += 1.0;
    } else {
        if (side->count == me->max_levels) {
            side->first = (side->first + 1) % me->max_levels;
            side->count--;
        }
        side->count++;
        level = &side->levels[(side->first + side->count - 1) % me->max_levels];
        *level = (liquidity_level){price, price, 1.0};
    }
    put_artefact(side, level, context);
}

static void map_side(const liquidity_mapper *me, liquidity_side *side, const s1_context *context)
{
    take_levels(me, side);
    take_swing(me, side, context);
    const liquidity_level *const nearest = nearest_of(me, side);
    s1_column_put(side->level, nearest != NULL ? nearest->outer : (double)NAN);
    s1_column_put(side->touches, nearest != NULL ? nearest->touches : (double)NAN);
}

static s1_rc mapper_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)err;
    liquidity_mapper *const me = self;
    map_side(me, &me->buy, context);
    map_side(me, &me->sell, context);
    return S1_OK;
}

static s1_rc bind_column(const s1_binder *binder, const char *side, const char *part,
                         s1_column **ret_column, s1_err *err)
{
    char name[64];
    const int length = snprintf(name, sizeof name, "%s_side_%s", side, part);
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

static s1_rc bind_side(liquidity_side *side, const s1_binder *binder, const char *name,
                       s1_str extreme, s1_err *err)
{
    char list[64];
    const int length = snprintf(list, sizeof list, "%s_side_liquidity", name);
    S1_TRY(err, binder->series(binder->self, extreme, &side->extreme, err));
    S1_TRY(err, bind_column(binder, name, "level", &side->level, err));
    S1_TRY(err, bind_column(binder, name, "touches", &side->touches, err));
    S1_TRY(err, bind_column(binder, name, "taken", &side->taken, err));
    S1_TRY(err, bind_column(binder, name, "taken_touches", &side->taken_touches, err));
    S1_TRY(err,
           binder->artefacts_out(binder->self, (s1_str){list, (size_t)length}, &side->map, err));
    return S1_OK;
}

static void mapper_destroy(void *self)
{
    free(self);
}

static s1_rc mapper_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                           s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    liquidity_mapper bound = {.buy.sign = 1.0, .sell.sign = -1.0};
    int64_t strength;
    int64_t max_levels;
    double percent;
    S1_TRY(err, binder->param_int(b, S1_STR("strength"), &strength, err));
    S1_TRY(err, binder->param_int(b, S1_STR("max_levels"), &max_levels, err));
    S1_TRY(err, binder->param_float(b, S1_STR("tolerance_percent"), &percent, err));
    S1_TRY(err, bind_side(&bound.buy, binder, "buy", S1_STR("high"), err));
    S1_TRY(err, bind_side(&bound.sell, binder, "sell", S1_STR("low"), err));
    bound.strength = (uint64_t)strength;
    bound.max_levels = (uint64_t)max_levels;
    bound.tolerance = percent / 100.0;
    const size_t bytes = sizeof bound + 2 * bound.max_levels * sizeof bound.levels[0];
    liquidity_mapper *const me = malloc(bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "liquidity_zone_mapper: %zu bytes", bytes);
    }
    *me = bound;
    me->buy.levels = me->levels;
    me->sell.levels = me->levels + me->max_levels;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops mapper_ops = {
    .size = sizeof mapper_ops,
    .type = S1_WORKER_CONTEXT,
    .create = mapper_create,
    .destroy = mapper_destroy,
    .enrich = mapper_enrich,
};

S1_PLUGIN("liquidity_zone_mapper", "1.0.0", &mapper_ops, 0)
