#include "backend/environments/matching/matching_internal.h"
#include "backend/utils/uid.h"

static bool is_protective(const s1_order *order)
{
    return order->role == S1_ROLE_STOP_LOSS || order->role == S1_ROLE_TAKE_PROFIT;
}

/* --- At the open. ------------------------------------------------------------------------- */

/* A stop that the open has passed: does it fill there? Else the inside of the bar has it. */
static bool is_gap_at_open(const s1_matching_engine *engine, const s1_order *order,
                           const s1_bar *bar)
{
    switch (engine->options.rules.stop_gap) {
    case S1_STOP_GAP_OPEN:
        return true;
    case S1_STOP_GAP_TRIGGER:
        return false;
    default: /* the trigger counts where the bar came back to it */
        return order->side == S1_BUY
                   ? s1_dec_cmp(s1_matching_price(engine, bar->low), order->price) > 0
                   : s1_dec_cmp(s1_matching_price(engine, bar->high), order->price) < 0;
    }
}

/* A limit at the open; *ret_rule is none where it goes on resting. */
static s1_rc judge_limit(s1_matching_engine *engine, uint32_t index, const s1_bar *bar,
                         s1_execution *decided, s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    const bool is_first = order->accepted_bar + 1 == engine->head.bars;
    const bool is_marketable = is_first && s1_matching_is_reached(order, decided->price);
    const int32_t better = engine->options.rules.limit_price;
    S1_TRY(err, s1_matching_arrive(engine, index, is_marketable, bar->open_time, err));
    if (!engine->orders[index].is_working) {
        return S1_OK;
    }
    if (is_marketable && (s1_matching_is_immediate(order) || better <= S1_LIMIT_PRICE_OPEN)) {
        decided->rule = S1_FILL_OPEN_MARKETABLE;
    } else if (better == S1_LIMIT_PRICE_OPEN &&
               s1_matching_is_filled_at(engine, order, decided->price)) {
        decided->rule = S1_FILL_OPEN_IMPROVED;
        decided->is_maker = true;
    }
    return S1_OK;
}

/* An order other than a stop whose trigger the open may have reached. */
static s1_rc match_open_trigger(s1_matching_engine *engine, uint32_t index, s1_execution decided,
                                s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    decided.rule = S1_FILL_OPEN_MARKETABLE;
    if (!s1_matching_is_reached(order, decided.price)) {
        return S1_OK;
    }
    return s1_matching_turns_limit(order) ? s1_matching_trigger(engine, index, decided, err)
                                          : s1_matching_fill(engine, index, decided, err);
}

static s1_rc match_open(s1_matching_engine *engine, uint32_t index, const s1_bar *bar, s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    s1_execution decided = {.price = s1_matching_price(engine, bar->open), .time = bar->open_time};
    if (order->type == S1_ORDER_MARKET) {
        decided.rule = engine->options.rules.market == S1_FILL_NEXT_CLOSE ? S1_FILL_RULE_INVALID
                                                                          : S1_FILL_OPEN;
    } else if (order->type == S1_ORDER_LIMIT) {
        S1_TRY(err, judge_limit(engine, index, bar, &decided, err));
    } else if (order->type != S1_ORDER_STOP) {
        return match_open_trigger(engine, index, decided, err);
    } else if (s1_matching_is_reached(order, decided.price) && is_gap_at_open(engine, order, bar)) {
        decided.rule = S1_FILL_OPEN_GAP;
    }
    return decided.rule == S1_FILL_RULE_INVALID ? S1_OK
                                                : s1_matching_fill(engine, index, decided, err);
}

/* --- Inside the bar. ---------------------------------------------------------------------- */

bool s1_matching_waits_below(const s1_order *order)
{
    const bool is_stop = order->type == S1_ORDER_STOP || order->type == S1_ORDER_STOP_LIMIT;
    return (order->side == S1_BUY) == !is_stop;
}

int32_t s1_matching_trigger_rule(const s1_order *order)
{
    switch (order->type) {
    case S1_ORDER_LIMIT:
        return S1_FILL_LIMIT_TOUCH;
    case S1_ORDER_STOP:
    case S1_ORDER_STOP_LIMIT:
        return S1_FILL_STOP_TOUCH;
    default:
        return S1_FILL_TRIGGER_TOUCH;
    }
}

bool s1_matching_is_reached(const s1_order *order, s1_dec price)
{
    return s1_matching_waits_below(order) ? s1_dec_cmp(price, order->price) <= 0
                                          : s1_dec_cmp(price, order->price) >= 0;
}

bool s1_matching_is_filled_at(const s1_matching_engine *engine, const s1_order *order, s1_dec price)
{
    const bool is_strict = engine->options.rules.limit_fill == S1_LIMIT_FILL_THROUGH;
    if (!s1_matching_is_reached(order, price)) {
        return false;
    }
    return order->type != S1_ORDER_LIMIT || !s1_dec_eq(price, order->price) ||
           (!is_strict && s1_matching_has_touch_luck(engine, order));
}

bool s1_matching_is_touched(const s1_matching_engine *engine, const s1_order *order,
                            const s1_bar *bar)
{
    return s1_matching_is_filled_at(
        engine, order,
        s1_matching_price(engine, s1_matching_waits_below(order) ? bar->low : bar->high));
}

/* Is a stop, of a position entered inside the bar, sure to have been hit after the entry? A limit
 * entry lies on the way to it; else the price must have ended beyond it. */
static bool is_certain(const s1_matching_engine *engine, const s1_working_order *slot,
                       const s1_bar *bar)
{
    return slot->parent_type == S1_ORDER_LIMIT ||
           s1_matching_is_reached(&slot->order, s1_matching_price(engine, bar->close));
}

/* May a protective order that came with an entry in this bar be matched in it? */
static bool is_early_enough(const s1_matching_engine *engine, const s1_working_order *slot,
                            const s1_bar *bar)
{
    const bool is_target = slot->order.role == S1_ROLE_TAKE_PROFIT;
    if (!slot->is_born_inside) {
        return engine->options.rules.entry_bar != S1_ENTRY_BAR_NONE;
    }
    switch (engine->options.rules.entry_bar) {
    case S1_ENTRY_BAR_NONE:
        return false;
    case S1_ENTRY_BAR_AFTER_OPEN: /* a price beyond the entry's trigger came after it */
        return is_target && slot->parent_type == S1_ORDER_STOP;
    case S1_ENTRY_BAR_ALL:
        return true;
    default:
        return engine->options.rules.path == S1_PATH_BEST
                   ? is_target || is_certain(engine, slot, bar)
                   : !is_target;
    }
}

bool s1_matching_is_eligible(const s1_matching_engine *engine, const s1_working_order *slot,
                             const s1_bar *bar)
{
    if (!slot->is_working || slot->order.type == S1_ORDER_MARKET) {
        return false;
    }
    if (slot->order.accepted_bar < engine->head.bars) {
        return true;
    }
    return is_protective(&slot->order) && is_early_enough(engine, slot, bar);
}

uint32_t s1_matching_rival(const s1_matching_engine *engine, const s1_order *order,
                           const s1_bar *bar)
{
    const int32_t role = order->role == S1_ROLE_STOP_LOSS ? S1_ROLE_TAKE_PROFIT : S1_ROLE_STOP_LOSS;
    const uint32_t rival =
        is_protective(order) ? s1_matching_find_slot(engine, order->trade_id, role) : UINT32_MAX;
    return rival != UINT32_MAX && s1_matching_is_eligible(engine, &engine->orders[rival], bar) &&
                   s1_matching_is_touched(engine, &engine->orders[rival].order, bar)
               ? rival
               : UINT32_MAX;
}

/* Does the bar go beyond the order's limit? Then all that rests there was reached. */
static bool is_through(const s1_matching_engine *engine, const s1_order *order, const s1_bar *bar)
{
    return order->side == S1_BUY
               ? s1_dec_cmp(s1_matching_price(engine, bar->low), order->price) < 0
               : s1_dec_cmp(s1_matching_price(engine, bar->high), order->price) > 0;
}

s1_dec s1_matching_part(const s1_matching_engine *engine, const s1_order *order, const s1_bar *bar)
{
    return s1_dec_is_zero(order->display) || is_through(engine, order, bar) ? S1_DEC_ZERO
                                                                            : order->display;
}

s1_dec s1_matching_inside_price(const s1_matching_engine *engine, const s1_order *order,
                                const s1_bar *bar)
{
    if (order->type != S1_ORDER_LIMIT ||
        engine->options.rules.limit_price != S1_LIMIT_PRICE_CLAMPED) {
        return order->price;
    }
    return order->side == S1_BUY ? s1_dec_min(order->price, s1_matching_price(engine, bar->high))
                                 : s1_dec_max(order->price, s1_matching_price(engine, bar->low));
}

/* Fills what is left of a trade's limit entry that lies between the market and its stop: the price
 * cannot have reached the stop without passing it. */
static s1_rc fill_before_stop(s1_matching_engine *engine, uint32_t stop_index, const s1_bar *bar,
                              s1_err *err)
{
    const s1_order stop = engine->orders[stop_index].order;
    const int side = stop.side == S1_SELL ? 1 : -1; /* of the position */
    for (uint32_t i = 0; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (slot->order.role == S1_ROLE_ENTRY && slot->order.type == S1_ORDER_LIMIT &&
            s1_matching_is_eligible(engine, slot, bar) &&
            s1_uid_eq(slot->order.trade_id.uid, stop.trade_id.uid) &&
            side * s1_dec_cmp(slot->order.price, stop.price) > 0) {
            S1_TRY(err, s1_matching_fill(engine, i,
                                         (s1_execution){.price = slot->order.price,
                                                        .time = bar->close_time,
                                                        .rule = S1_FILL_LIMIT_TOUCH,
                                                        .is_maker = true},
                                         err));
        }
    }
    return S1_OK;
}

/* Does the stop count where the bar reaches both sides of a bracket? */
static bool is_stop_first(const s1_matching_engine *engine)
{
    switch (engine->options.rules.path) {
    case S1_PATH_WORST:
        return true;
    case S1_PATH_BEST:
        return false;
    default:
        return engine->options.ambiguity == S1_AMBIGUITY_STOP_FIRST;
    }
}

/* An order becomes a limit order inside a bar without a path. If it does not take at once the bar
 * fills it only where that is certain: on the way the price was going, or the close is beyond. */
static s1_rc trigger_inside(s1_matching_engine *engine, uint32_t index, const s1_bar *bar,
                            s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    const bool goes_on = order->type == S1_ORDER_LIMIT_IF_TOUCHED;
    s1_execution decided = {
        .price = order->price, .time = bar->close_time, .rule = s1_matching_trigger_rule(order)};
    S1_TRY(err, s1_matching_trigger(engine, index, decided, err));
    if (!engine->orders[index].is_working || !s1_matching_is_touched(engine, order, bar)) {
        return S1_OK;
    }
    if (!goes_on &&
        !s1_matching_is_filled_at(engine, order, s1_matching_price(engine, bar->close))) {
        if (engine->listener.on_undecided != NULL) {
            engine->listener.on_undecided(engine->listener.self, order, S1_FILL_ENTRY_WAITS,
                                          bar->close_time);
        }
        return S1_OK;
    }
    decided.price = order->price;
    decided.rule = S1_FILL_LIMIT_TOUCH;
    decided.is_maker = true;
    return s1_matching_fill(engine, index, decided, err);
}

static s1_rc match_inside(s1_matching_engine *engine, uint32_t index, const s1_bar *bar,
                          s1_err *err)
{
    const s1_order *order = &engine->orders[index].order;
    if (!s1_matching_is_touched(engine, order, bar)) {
        return S1_OK;
    }
    if (s1_matching_turns_limit(order)) {
        return trigger_inside(engine, index, bar, err);
    }
    int32_t rule = s1_matching_trigger_rule(order);
    const uint32_t rival = s1_matching_rival(engine, order, bar);
    if (rival != UINT32_MAX) {
        const bool is_stop = is_stop_first(engine);
        rule = is_stop ? S1_FILL_AMBIGUOUS_STOP : S1_FILL_AMBIGUOUS_TARGET;
        if ((order->role == S1_ROLE_STOP_LOSS) != is_stop) {
            index = rival;
            order = &engine->orders[index].order;
        }
    } else if (engine->orders[index].is_born_inside && order->accepted_bar == engine->head.bars) {
        rule = order->role == S1_ROLE_STOP_LOSS ? S1_FILL_ENTRY_BAR_STOP : S1_FILL_ENTRY_BAR_TARGET;
    }
    const s1_execution decided = {.price = s1_matching_inside_price(engine, order, bar),
                                  .time = bar->close_time,
                                  .rule = rule,
                                  .is_maker = order->type == S1_ORDER_LIMIT,
                                  .quantity = s1_matching_part(engine, order, bar)};
    if (order->role == S1_ROLE_STOP_LOSS) {
        S1_TRY(err, fill_before_stop(engine, index, bar, err));
    }
    return s1_matching_fill(engine, index, decided, err);
}

/* One pass over the orders of one kind, from a slot on; reduce-only orders go before entries. */
static s1_rc pass_inside(s1_matching_engine *engine, bool is_entry, uint32_t from,
                         const s1_bar *bar, s1_err *err)
{
    for (uint32_t i = from; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if ((slot->order.role == S1_ROLE_ENTRY) == is_entry &&
            s1_matching_is_eligible(engine, slot, bar)) {
            S1_TRY(err, match_inside(engine, i, bar, err));
        }
    }
    return S1_OK;
}

/* Tells of the protective orders that the bar of their entry reached and that have to wait. */
static void tell_waiting(const s1_matching_engine *engine, uint32_t resting, const s1_bar *bar)
{
    for (uint32_t i = resting; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (slot->is_working && slot->is_born_inside &&
            slot->order.accepted_bar == engine->head.bars &&
            !s1_matching_is_eligible(engine, slot, bar) &&
            s1_matching_is_touched(engine, &slot->order, bar)) {
            engine->listener.on_undecided(engine->listener.self, &slot->order, S1_FILL_EXIT_WAITS,
                                          bar->close_time);
        }
    }
}

/* The inside of a bar without a path: exits, entries, and the exits of those. */
static s1_rc match_passes(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    S1_TRY(err, pass_inside(engine, false, 0, bar, err));
    S1_TRY(err, pass_inside(engine, true, 0, bar, err));
    S1_TRY(err,
           pass_inside(engine, false, 0, bar, err)); /* stops of entries made inside this bar */
    if (engine->trailing == 0) {
        return S1_OK;
    }
    const uint32_t resting = engine->count;
    S1_TRY(err, s1_matching_trail_extremes(engine, bar, err));
    return pass_inside(engine, false, resting, bar, err); /* and of those they triggered */
}

static s1_rc match_rest(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    const uint32_t resting = engine->count;
    if (engine->trailing > 0 && engine->options.rules.path != S1_PATH_CLOSE) {
        S1_TRY(err, s1_matching_trail_all(engine, s1_matching_price(engine, bar->open), bar, err));
    }
    engine->is_inside_bar = true;
    engine->pathless = engine->options.rules.path < S1_PATH_CLOSE ? bar : NULL;
    const s1_rc rc = engine->options.rules.path < S1_PATH_CLOSE ? match_passes(engine, bar, err)
                     : engine->options.rules.path > S1_PATH_CLOSE
                         ? s1_matching_walk(engine, bar, err)
                         : S1_OK;
    engine->is_inside_bar = false;
    engine->pathless = NULL;
    S1_TRY(err, rc);
    if (engine->count > resting && engine->listener.on_undecided != NULL) {
        tell_waiting(engine, resting, bar);
    }
    return engine->options.rules.path == S1_PATH_CLOSE ||
                   engine->options.rules.market == S1_FILL_NEXT_CLOSE
               ? s1_matching_at_close(engine, bar, err)
               : S1_OK;
}

/* Whatever trails has seen the close, and what moved is told once. */
static s1_rc end_trailing(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    S1_TRY(err, s1_matching_trail_all(engine, s1_matching_price(engine, bar->close), NULL, err));
    return s1_matching_tell_trailed(engine, NULL, bar->close_time, err);
}

/* A bar that matches nothing, and is no bar for whoever waits for his first. */
static bool is_skipped(const s1_matching_engine *engine, const s1_bar *bar)
{
    return bar->volume == 0 && engine->options.rules.zero_volume == S1_ZERO_VOLUME_SKIP;
}

s1_rc s1_matching_bar_open(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    const uint32_t resting = engine->count;
    if (is_skipped(engine, bar)) {
        engine->head.bars--;
        return s1_matching_expire_due(engine, bar->open_time, err);
    }
    engine->is_matching = true;
    if (engine->needs_volume) {
        s1_matching_use_volume(engine, bar->open_time, bar->volume);
    }
    s1_rc rc = engine->expiring > 0 ? s1_matching_expire_due(engine, bar->open_time, err) : S1_OK;
    const bool has_open = engine->options.rules.path != S1_PATH_CLOSE;
    for (uint32_t i = 0; i < resting && rc == S1_OK && has_open; i++) {
        if (engine->orders[i].is_working) {
            rc = match_open(engine, i, bar, err);
        }
    }
    engine->is_matching = false;
    return rc;
}

s1_rc s1_matching_bar_rest(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    if (is_skipped(engine, bar)) {
        return s1_matching_expire_due(engine, bar->close_time, err);
    }
    engine->is_matching = true;
    s1_rc rc = engine->head.working > 0 ? match_rest(engine, bar, err) : S1_OK;
    if (rc == S1_OK && engine->trailing > 0) {
        rc = end_trailing(engine, bar, err);
    }
    if (rc == S1_OK && engine->expiring > 0) {
        rc = s1_matching_expire_due(engine, bar->close_time, err);
    }
    engine->is_matching = false;
    s1_matching_compact(engine);
    return rc;
}

s1_rc s1_matching_bar_orders(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    S1_TRY(err, s1_matching_bar_open(engine, bar, err));
    return s1_matching_bar_rest(engine, bar, err);
}

/* --- On arrival. -------------------------------------------------------------------------- */

s1_rc s1_matching_arrival(s1_matching_engine *engine, uint32_t index, const s1_bar *last,
                          s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    s1_execution decided = {.price = s1_matching_price(engine, last->close),
                            .time = last->close_time,
                            .rule = S1_FILL_CLOSE};
    if (engine->needs_volume) {
        s1_matching_use_volume(engine, last->open_time, last->volume);
    }
    if (order->type == S1_ORDER_MARKET) {
        const bool is_late = order->arrives_at > order->submitted_at; /* not of its decision */
        const int32_t market = engine->options.rules.market;
        decided.rule = is_late ? S1_FILL_CLOSE_NEXT : S1_FILL_CLOSE;
        return market == S1_FILL_SAME_CLOSE || (is_late && market == S1_FILL_NEXT_CLOSE)
                   ? s1_matching_fill(engine, index, decided, err)
                   : S1_OK;
    }
    if (engine->options.rules.arrival != S1_ARRIVAL_CLOSE || order->role != S1_ROLE_ENTRY) {
        return S1_OK;
    }
    const bool is_marketable = s1_matching_is_reached(order, decided.price);
    if (is_marketable && s1_matching_turns_limit(order)) {
        return s1_matching_trigger(engine, index, decided, err);
    }
    if (order->type == S1_ORDER_LIMIT) {
        S1_TRY(err, s1_matching_arrive(engine, index, is_marketable, last->close_time, err));
    }
    return is_marketable && engine->orders[index].is_working
               ? s1_matching_fill(engine, index, decided, err)
               : S1_OK;
}
