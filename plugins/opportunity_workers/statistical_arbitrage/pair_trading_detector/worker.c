/* pair_trading_detector - signals when the spread between two streams is stretched, and when it has
 * come back.
 *
 * spread = ln(close) - hedge ratio * ln(other close). Sums over the window are carried on from bar
 * to bar (s1mple/moments.h). They are a function of the visible bars: after a warm-up that did not
 * call the worker, or a restart, they are made from the bars themselves, once.
 */
#include "s1mple/moments.h"
#include "s1mple/params.h"
#include "s1mple/rolling.h"

#include <stdlib.h>

typedef struct pair_trading {
    s1_stream_pair pair;
    s1_condition *correlation; /* NULL: not asked for */
    s1_condition *below, *was_not_below, *above, *was_not_above;
    s1_condition *long_back, *short_back, *long_stop, *short_stop; /* stops NULL without stop_z */
    double entry_z, exit_z, stop_z;
    double hedge_ratio; /* 0: by least squares */
    double min_correlation;
    bool has_long, has_short;
    double z, z_before; /* of the newest pair and the one before; NaN until there are */
    double ratio, spread;
    s1_moments_window window;
    s1_moments sums; /* of the newest window */
    double memory[]; /* of `window` */
} pair_trading;

/* Measures the newest pair of the window; NaN where nothing moves. */
static void measure(pair_trading *me, double x, double y)
{
    const s1_moments *const sums = &me->sums;
    me->z_before = me->z;
    me->z = (double)NAN;
    if (sums->count < (double)me->window.period) {
        return;
    }
    const double least = S1_MOMENTS_STILL * sums->count;
    if (!(me->hedge_ratio > 0.0) && !(sums->yy > least)) {
        return; /* the other leg stands still: there is nothing to hedge with */
    }
    me->ratio = me->hedge_ratio > 0.0 ? me->hedge_ratio : sums->xy / sums->yy;
    me->spread = (x - sums->mean_x) - me->ratio * (y - sums->mean_y);
    const double squares = sums->xx - 2.0 * me->ratio * sums->xy + me->ratio * me->ratio * sums->yy;
    me->z = squares > least ? me->spread / sqrt(squares / sums->count) : (double)NAN;
}

/* Takes in what closed since the last call. */
static void advance(pair_trading *me)
{
    uint64_t first;
    uint64_t second;
    while (s1_stream_pair_next(&me->pair, &first, &second)) {
        const double x = log(me->pair.first->close.values[first]);
        const double y = log(me->pair.second->close.values[second]);
        me->sums = s1_moments_window_take(&me->window, x, y);
        measure(me, x, y);
    }
}

static s1_rc emit(const pair_trading *me, s1_str signal_type, int32_t direction,
                  const s1_opportunity_sink *out, s1_err *err)
{
    const s1_field metadata[] = {
        S1_FIELD_NUMBER("z", me->z),
        S1_FIELD_NUMBER("spread", me->spread),
        S1_FIELD_NUMBER("hedge_ratio", me->ratio),
        S1_FIELD_NUMBER("correlation", s1_moments_correlation(&me->sums)),
        S1_FIELD_NUMBER("other_close", s1_series_last(&me->pair.second->close)),
        S1_FIELD_TEXT("other", me->pair.second->asset_pair),
    };
    S1_TRY(err, s1_signal_emit(out, signal_type, direction, s1_series_last(&me->pair.first->close),
                               metadata, sizeof metadata / sizeof metadata[0], err));
    return S1_OK;
}

/* Does the ledger hold a position of the traded leg that is not being closed? */
static bool holds(const pair_trading *me, const s1_ledger_view *ledger, int32_t direction)
{
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        const s1_position *const position = s1_ledger_position(ledger, i);
        if (position->direction == direction && !position->is_closing &&
            s1_text_equal(position->asset_pair, me->pair.first->asset_pair)) {
            return true;
        }
    }
    return false;
}

/* A held trade whose spread came back, or ran away: a signal against it. */
static s1_rc detect_exits(pair_trading *me, const s1_context *context,
                          const s1_opportunity_sink *out, s1_err *err)
{
    if (holds(me, context->ledger, S1_LONG) &&
        (S1_CONDITION(context, me->long_back, me->z, GE, -me->exit_z) ||
         (me->long_stop != NULL && S1_CONDITION(context, me->long_stop, me->z, LE, -me->stop_z)))) {
        S1_TRY(err, emit(me, S1_STR("pair_exit"), S1_SHORT, out, err));
    }
    if (holds(me, context->ledger, S1_SHORT) &&
        (S1_CONDITION(context, me->short_back, me->z, LE, me->exit_z) ||
         (me->short_stop != NULL &&
          S1_CONDITION(context, me->short_stop, me->z, GE, me->stop_z)))) {
        S1_TRY(err, emit(me, S1_STR("pair_exit"), S1_LONG, out, err));
    }
    return S1_OK;
}

static s1_rc detect_entries(pair_trading *me, const s1_context *context,
                            const s1_opportunity_sink *out, s1_err *err)
{
    if (me->correlation != NULL &&
        !S1_CONDITION(context, me->correlation, s1_moments_correlation(&me->sums), GE,
                      me->min_correlation)) {
        return S1_OK;
    }
    if (me->has_long && S1_CONDITION(context, me->below, me->z, LE, -me->entry_z) &&
        S1_CONDITION(context, me->was_not_below, me->z_before, GT, -me->entry_z)) {
        S1_TRY(err, emit(me, S1_STR("pair_entry"), S1_LONG, out, err));
    }
    if (me->has_short && S1_CONDITION(context, me->above, me->z, GE, me->entry_z) &&
        S1_CONDITION(context, me->was_not_above, me->z_before, LT, me->entry_z)) {
        S1_TRY(err, emit(me, S1_STR("pair_entry"), S1_SHORT, out, err));
    }
    return S1_OK;
}

static s1_rc pair_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                         s1_err *err)
{
    pair_trading *const me = self;
    advance(me);
    /* A bar without its partner says nothing new about the spread. */
    if (!me->pair.first->is_new || !me->pair.second->is_new || isnan(me->z)) {
        return S1_OK;
    }
    S1_TRY(err, detect_exits(me, context, out, err));
    return detect_entries(me, context, out, err);
}

/* Only what will be tested is declared. */
static s1_rc bind_conditions(pair_trading *me, const s1_binder *binder, s1_err *err)
{
    const struct {
        s1_str name;
        s1_condition **condition;
        bool is_asked;
    } conditions[] = {
        {S1_STR("correlation"), &me->correlation, me->min_correlation > 0.0},
        {S1_STR("spread_below"), &me->below, me->has_long},
        {S1_STR("spread_was_not_below"), &me->was_not_below, me->has_long},
        {S1_STR("spread_above"), &me->above, me->has_short},
        {S1_STR("spread_was_not_above"), &me->was_not_above, me->has_short},
        {S1_STR("long_has_come_back"), &me->long_back, true},
        {S1_STR("long_ran_away"), &me->long_stop, me->stop_z > 0.0},
        {S1_STR("short_has_come_back"), &me->short_back, true},
        {S1_STR("short_ran_away"), &me->short_stop, me->stop_z > 0.0},
    };
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
        if (conditions[i].is_asked) {
            S1_TRY(err, binder->condition(binder->self, conditions[i].name, conditions[i].condition,
                                          err));
        }
    }
    return S1_OK;
}

static s1_rc read_levels(pair_trading *me, const s1_binder *binder, s1_err *err)
{
    void *const b = binder->self;
    S1_TRY(err, binder->param_float(b, S1_STR("entry_z"), &me->entry_z, err));
    S1_TRY(err, binder->param_float(b, S1_STR("exit_z"), &me->exit_z, err));
    S1_TRY(err, binder->param_float(b, S1_STR("stop_z"), &me->stop_z, err));
    S1_TRY(err, binder->param_float(b, S1_STR("hedge_ratio"), &me->hedge_ratio, err));
    S1_TRY(err, binder->param_float(b, S1_STR("min_correlation"), &me->min_correlation, err));
    if (!(me->exit_z < me->entry_z)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "pair_trading_detector: exit_z %g, expected below entry_z %g", me->exit_z,
                        me->entry_z);
    }
    if (me->stop_z > 0.0 && !(me->stop_z > me->entry_z)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "pair_trading_detector: stop_z %g, expected 0 or above entry_z %g",
                        me->stop_z, me->entry_z);
    }
    return S1_OK;
}

static void pair_destroy(void *self)
{
    free(self);
}

static s1_rc pair_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    void *const b = binder->self;
    pair_trading bound = {.z = (double)NAN, .z_before = (double)NAN};
    s1_str other;
    int64_t window;
    S1_TRY(err, binder->param_text(b, S1_STR("other"), &other, err));
    S1_TRY(err, binder->param_int(b, S1_STR("window"), &window, err));
    S1_TRY(err, read_levels(&bound, binder, err));
    S1_TRY(err, s1_param_directions(binder, S1_STR("direction"), &bound.has_long, &bound.has_short,
                                    err));
    S1_TRY(err, binder->stream(b, (s1_str){NULL, 0}, &bound.pair.first, err));
    S1_TRY(err, binder->stream(b, other, &bound.pair.second, err));
    if (bound.pair.first == bound.pair.second) {
        return S1_RAISE(err, S1_E_INVALID,
                        "pair_trading_detector: other is %.*s, the worker's own stream; expected "
                        "another of the blueprint's data",
                        S1_STR_ARG(other));
    }
    S1_TRY(err, bind_conditions(&bound, binder, err));
    const size_t bytes = sizeof bound + s1_moments_window_bytes((uint64_t)window);
    pair_trading *const me = calloc(1, bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "pair_trading_detector: %zu bytes", bytes);
    }
    *me = bound;
    s1_moments_window_init(&me->window, (uint64_t)window, me->memory);
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops pair_ops = {
    .size = sizeof pair_ops,
    .type = S1_WORKER_OPPORTUNITY,
    .create = pair_create,
    .destroy = pair_destroy,
    .detect = pair_detect,
};

S1_PLUGIN("pair_trading_detector", "1.0.0", &pair_ops, 0)
