#include "backend/environments/matching/matching_internal.h"

/* --- Along a path. ------------------------------------------------------------------------ */

/* Does the price go from the open to the high first? */
static bool is_high_first(const s1_matching_engine *engine, const s1_bar *bar)
{
    switch (engine->options.rules.path) {
    case S1_PATH_OHLC:
        return true;
    case S1_PATH_OLHC:
        return false;
    case S1_PATH_NEAREST:
        return bar->high - bar->open < bar->open - bar->low;
    default: /* by colour: a rising bar dips first */
        return bar->close < bar->open;
    }
}

/* How far the price is from filling the order, moving from `at` to `to`, doubled: a limit that
 * needs more than a touch comes right after what is at its price. False if it does not fill it. */
static bool find_distance(const s1_matching_engine *engine, const s1_order *order, s1_dec at,
                          s1_dec to, s1_i128 *ret_distance)
{
    const bool is_strict =
        engine->options.rules.limit_fill == S1_LIMIT_FILL_THROUGH && order->type == S1_ORDER_LIMIT;
    if (s1_matching_is_reached(order, at)) {
        const bool is_filled = s1_matching_is_filled_at(engine, order, at);
        *ret_distance = !is_filled;
        return is_filled || s1_matching_is_filled_at(engine, order, to);
    }
    const s1_i128 way = s1_dec_raw(order->price) - s1_dec_raw(at);
    *ret_distance = 2 * (way < 0 ? -way : way) + is_strict;
    return s1_matching_is_filled_at(engine, order, to);
}

/* The order that the price fills first on its way, or UINT32_MAX; at one price exits go before
 * entries, then the older order. */
static uint32_t find_next(const s1_matching_engine *engine, s1_dec at, s1_dec to, const s1_bar *bar)
{
    uint32_t best = UINT32_MAX;
    s1_i128 nearest = 0;
    for (uint32_t i = 0; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        s1_i128 distance;
        if (!s1_matching_is_eligible(engine, slot, bar) || slot->shown_bar == engine->head.bars ||
            !find_distance(engine, &slot->order, at, to, &distance)) {
            continue;
        }
        const bool is_better = best == UINT32_MAX || distance < nearest ||
                               (distance == nearest && slot->order.role != S1_ROLE_ENTRY &&
                                engine->orders[best].order.role == S1_ROLE_ENTRY);
        if (is_better) {
            best = i;
            nearest = distance;
        }
    }
    return best;
}

/* Does the bar reach the other side of the bracket too? A stop that trails counts where it stood
 * before the bar: on another path it would not have moved. */
static bool has_rival(const s1_matching_engine *engine, const s1_working_order *slot,
                      const s1_bar *bar)
{
    const uint32_t rival = s1_matching_rival(engine, &slot->order, bar);
    if (rival == UINT32_MAX || s1_dec_is_zero(engine->orders[rival].moved_from)) {
        return rival != UINT32_MAX;
    }
    s1_order before = engine->orders[rival].order;
    before.price = engine->orders[rival].moved_from;
    return s1_matching_is_touched(engine, &before, bar);
}

/* Why the order fills where the path meets it. */
static int32_t rule_of(const s1_matching_engine *engine, const s1_working_order *slot,
                       const s1_bar *bar)
{
    const bool is_stop = slot->order.role == S1_ROLE_STOP_LOSS;
    if (has_rival(engine, slot, bar)) {
        return is_stop ? S1_FILL_AMBIGUOUS_STOP : S1_FILL_AMBIGUOUS_TARGET;
    }
    if (slot->is_born_inside && slot->order.accepted_bar == engine->head.bars) {
        return is_stop ? S1_FILL_ENTRY_BAR_STOP : S1_FILL_ENTRY_BAR_TARGET;
    }
    return s1_matching_trigger_rule(&slot->order);
}

/* One leg of the path. What fills may bring new orders, which the rest of the leg matches. */
static s1_rc walk_leg(s1_matching_engine *engine, s1_dec at, s1_dec to, const s1_bar *bar,
                      s1_err *err)
{
    for (;;) {
        const uint32_t index = find_next(engine, at, to, bar);
        if (index == UINT32_MAX) {
            return engine->trailing > 0 ? s1_matching_trail_all(engine, to, bar, err) : S1_OK;
        }
        s1_working_order *const slot = &engine->orders[index];
        const s1_order *const order = &slot->order;
        const bool is_passed = s1_matching_is_reached(order, at);
        /* A stop that came when the price was beyond it already fills where the price is. */
        const bool is_late =
            is_passed && order->type == S1_ORDER_STOP && order->accepted_bar == engine->head.bars;
        const s1_execution decided = {
            .price = is_late ? at : s1_matching_inside_price(engine, order, bar),
            .time = bar->close_time,
            .rule = rule_of(engine, slot, bar),
            .is_maker = order->type == S1_ORDER_LIMIT,
            .quantity = s1_matching_part(engine, order, bar)};
        at = is_passed ? at : order->price;
        if (engine->trailing > 0) { /* up to here, and no further */
            S1_TRY(err, s1_matching_trail_all(engine, at, bar, err));
        }
        if (s1_matching_turns_limit(order)) {
            S1_TRY(err,
                   s1_matching_trigger(
                       engine, index,
                       (s1_execution){.price = at, .time = bar->close_time, .rule = decided.rule},
                       err));
            continue;
        }
        slot->shown_bar = engine->head.bars;
        S1_TRY(err, s1_matching_fill(engine, index, decided, err));
        if (engine->trailing > 0) { /* what came with the fill sees it too */
            S1_TRY(err, s1_matching_trail_all(engine, at, bar, err));
        }
    }
}

s1_rc s1_matching_walk(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    const bool is_high = is_high_first(engine, bar);
    const s1_dec points[] = {s1_matching_price(engine, bar->open),
                             s1_matching_price(engine, is_high ? bar->high : bar->low),
                             s1_matching_price(engine, is_high ? bar->low : bar->high),
                             s1_matching_price(engine, bar->close)};
    for (size_t leg = 0; leg < 3 && engine->head.working > 0; leg++) {
        S1_TRY(err, walk_leg(engine, points[leg], points[leg + 1], bar, err));
    }
    return S1_OK;
}

/* --- At the close. ------------------------------------------------------------------------ */

/* One order at the close: markets under next_close, the others where only the close counts. */
static s1_rc match_close(s1_matching_engine *engine, uint32_t index, const s1_bar *bar, s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    s1_execution decided = {.price = s1_matching_price(engine, bar->close),
                            .time = bar->close_time};
    if (order->type == S1_ORDER_MARKET) {
        decided.rule = S1_FILL_CLOSE_NEXT;
    } else if (engine->options.rules.path == S1_PATH_CLOSE) {
        const bool is_filled = s1_matching_is_filled_at(engine, order, decided.price);
        if (is_filled && s1_matching_turns_limit(order)) {
            decided.rule = S1_FILL_CLOSE_REACHED;
            return s1_matching_trigger(engine, index, decided, err);
        }
        if (order->type == S1_ORDER_LIMIT) {
            decided.is_maker = order->accepted_bar + 1 < engine->head.bars;
            decided.quantity = decided.is_maker && s1_dec_eq(decided.price, order->price)
                                   ? order->display
                                   : S1_DEC_ZERO;
        }
        if (order->type == S1_ORDER_LIMIT && !decided.is_maker) {
            S1_TRY(err, s1_matching_arrive(engine, index, is_filled, bar->close_time, err));
        }
        decided.rule = is_filled && engine->orders[index].is_working ? S1_FILL_CLOSE_REACHED
                                                                     : S1_FILL_RULE_INVALID;
    }
    return decided.rule == S1_FILL_RULE_INVALID ? S1_OK
                                                : s1_matching_fill(engine, index, decided, err);
}

s1_rc s1_matching_at_close(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    const uint32_t resting = engine->count;
    for (uint32_t i = 0; i < resting; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (slot->is_working && slot->order.accepted_bar < engine->head.bars) {
            S1_TRY(err, match_close(engine, i, bar, err));
        }
    }
    return S1_OK;
}
