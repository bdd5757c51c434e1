/* premium_discount_calculator - the running dealing range, its retracements, and the close in it.
 *
 * The range reaches from the last confirmed swing low to the last confirmed swing high, and with
 * the market beyond them. A bar costs the same wherever it stands: the range moves by the newest
 * bar and by the one swing that can be confirmed by it.
 */
#include "s1mple/plugin.h"
#include "s1mple/swing.h"

#include <stdlib.h>

#define LEVELS_MAX 8u

typedef struct range_end {
    const s1_series *extreme; /* high or low */
    s1_column *column;
    double sign;  /* +1 high, -1 low */
    double price; /* NaN before the first swing */
    uint64_t row; /* of the bar that made it */
} range_end;

typedef struct premium_discount {
    const s1_series *close;
    range_end high, low;
    s1_column *leg_column, *position, *side;
    s1_column *level_columns[LEVELS_MAX];
    double levels[LEVELS_MAX];
    size_t level_count;
    uint64_t strength;
    double leg; /* 1: the high is the younger end, -1: the low; 0: not known yet */
} premium_discount;

/* A swing that is confirmed now takes the end back to itself; the newest bar takes it further. */
static void move_end(range_end *end, uint64_t strength)
{
    const uint64_t newest = s1_series_rows(end->extreme) - 1;
    if (s1_swing_is(end->extreme, end->sign, strength, 0)) {
        end->price = s1_series_at(end->extreme, strength);
        end->row = newest - strength;
    }
    const double price = s1_series_last(end->extreme);
    if (end->sign * price > end->sign * end->price) {
        end->price = price;
        end->row = newest;
    }
    s1_column_put(end->column, end->price);
}

static s1_rc range_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    premium_discount *const me = self;
    move_end(&me->high, me->strength);
    move_end(&me->low, me->strength);
    const double size = me->high.price - me->low.price; /* NaN until both ends exist */
    if (size > 0.0 && me->high.row != me->low.row) {
        me->leg = me->high.row > me->low.row ? 1.0 : -1.0;
    }
    const bool has_leg = size > 0.0 && me->leg != 0.0;
    s1_column_put(me->leg_column, has_leg ? me->leg : (double)NAN);
    for (size_t i = 0; i < me->level_count; i++) {
        const double from = me->leg > 0.0 ? me->high.price : me->low.price;
        s1_column_put(me->level_columns[i],
                      has_leg ? from - me->leg * me->levels[i] * size : (double)NAN);
    }
    double position = (double)NAN;
    double side = (double)NAN;
    if (size > 0.0) {
        position = (s1_series_last(me->close) - me->low.price) / size;
        side = position > 0.5 ? 1.0 : position < 0.5 ? -1.0 : 0.0;
    }
    s1_column_put(me->position, position);
    s1_column_put(me->side, side);
    return S1_OK;
}

static s1_rc bind_levels(premium_discount *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    const double *levels;
    size_t count;
    S1_TRY(err, binder->param_float_list(b, S1_STR("levels"), &levels, &count, err));
    if (count > LEVELS_MAX) {
        return S1_RAISE(err, S1_E_INVALID,
                        "premium_discount_calculator: %zu levels, expected at most %u", count,
                        LEVELS_MAX);
    }
    me->level_count = count;
    for (size_t i = 0; i < count; i++) {
        char name[64];
        const int length = snprintf(name, sizeof name, "fib_%g", levels[i]);
        for (size_t k = 0; k < (size_t)length; k++) {
            name[k] = name[k] == '.' ? '_' : name[k];
        }
        me->levels[i] = levels[i];
        S1_TRY(err, binder->column(b, (s1_str){name, (size_t)length}, &me->level_columns[i], err));
    }
    return S1_OK;
}

static s1_rc bind(premium_discount *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    int64_t strength;
    S1_TRY(err, binder->param_int(b, S1_STR("strength"), &strength, err));
    me->strength = (uint64_t)strength;
    S1_TRY(err, bind_levels(me, binder, err));
    S1_TRY(err, binder->series(b, S1_STR("high"), &me->high.extreme, err));
    S1_TRY(err, binder->series(b, S1_STR("low"), &me->low.extreme, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &me->close, err));
    S1_TRY(err, binder->column(b, S1_STR("range_high"), &me->high.column, err));
    S1_TRY(err, binder->column(b, S1_STR("range_low"), &me->low.column, err));
    S1_TRY(err, binder->column(b, S1_STR("range_leg"), &me->leg_column, err));
    S1_TRY(err, binder->column(b, S1_STR("range_position"), &me->position, err));
    S1_TRY(err, binder->column(b, S1_STR("premium_discount"), &me->side, err));
    return S1_OK;
}

static void range_destroy(void *self)
{
    free(self);
}

static s1_rc range_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                          s1_err *err)
{
    (void)host;
    premium_discount bound = {.high = {.sign = 1.0, .price = (double)NAN},
                              .low = {.sign = -1.0, .price = (double)NAN}};
    S1_TRY(err, bind(&bound, binder, err));
    premium_discount *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "premium_discount_calculator: %zu bytes", sizeof *me);
    }
    *me = bound;
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops range_ops = {
    .size = sizeof range_ops,
    .type = S1_WORKER_CONTEXT,
    .create = range_create,
    .destroy = range_destroy,
    .enrich = range_enrich,
};

S1_PLUGIN("premium_discount_calculator", "1.0.0", &range_ops, 0)
