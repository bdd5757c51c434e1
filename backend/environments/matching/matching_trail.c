/* Trailing stops: a trigger that follows the best price, never back. */
#include "backend/environments/matching/matching_internal.h"
#include "backend/utils/uid.h"

static s1_dec tick_of(const s1_matching_engine *engine)
{
    const s1_instrument *const instrument = engine->options.instrument;
    return s1_dec_is_zero(instrument->tick_size) ? s1_dec_from_mantissa(1, instrument->price_scale)
                                                 : instrument->tick_size;
}

/* Where the trigger belongs while the best price is `price`, to the tick away from it. */
static s1_rc trigger_at(const s1_matching_engine *engine, const s1_order *order, s1_dec price,
                        s1_dec *ret_trigger, s1_err *err)
{
    const bool is_buy = order->side == S1_BUY;
    s1_dec distance = order->trail_amount;
    s1_dec at;
    if (s1_dec_is_zero(distance)) {
        S1_TRY(err, s1_dec_mul_div(price, order->trail_percent, s1_dec_from_int(100), S1_ROUND_UP,
                                   &distance, err));
    }
    if (is_buy) {
        S1_TRY(err, s1_dec_add(price, distance, &at, err));
    } else {
        S1_TRY(err, s1_dec_sub(price, distance, &at, err));
    }
    return s1_dec_round_to_step(at, tick_of(engine), is_buy ? S1_ROUND_CEIL : S1_ROUND_FLOOR,
                                ret_trigger, err);
}

/* Is a price at least as good as another, for who waits for a turn? */
static bool is_as_good(const s1_order *order, s1_dec price, s1_dec other)
{
    return order->side == S1_BUY ? s1_dec_cmp(price, other) <= 0 : s1_dec_cmp(price, other) >= 0;
}

s1_dec s1_matching_best_trigger(const s1_order *order, s1_dec trigger)
{
    return s1_order_trails(order) && is_as_good(order, order->price, trigger) ? order->price
                                                                              : trigger;
}

s1_rc s1_matching_trail(s1_matching_engine *engine, s1_working_order *slot, s1_dec price,
                        s1_err *err)
{
    s1_order *const order = &slot->order;
    s1_dec trigger;
    if (!s1_order_trails(order)) {
        return S1_OK;
    }
    if (!s1_dec_is_zero(order->trail_activation)) {
        if (!is_as_good(order, price, order->trail_activation)) {
            return S1_OK;
        }
        order->trail_activation = S1_DEC_ZERO;
    }
    S1_TRY(err, trigger_at(engine, order, price, &trigger, err));
    if (!s1_dec_eq(trigger, order->price) && is_as_good(order, trigger, order->price)) {
        if (s1_dec_is_zero(slot->moved_from)) {
            slot->moved_from = order->price;
        }
        if (!s1_dec_is_zero(order->limit)) { /* it keeps its distance */
            order->limit = s1_dec_of_raw(s1_dec_raw(order->limit) + s1_dec_raw(trigger) -
                                         s1_dec_raw(order->price));
        }
        order->price = trigger;
    }
    return S1_OK;
}

s1_rc s1_matching_trail_all(s1_matching_engine *engine, s1_dec price, const s1_bar *bar,
                            s1_err *err)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        s1_working_order *const slot = &engine->orders[i];
        if (slot->is_working && (bar == NULL || s1_matching_is_eligible(engine, slot, bar))) {
            S1_TRY(err, s1_matching_trail(engine, slot, price, err));
        }
    }
    return S1_OK;
}

s1_rc s1_matching_tell_trailed(s1_matching_engine *engine, const s1_trade_id *trade_id,
                               s1_nanos time, s1_err *err)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        s1_working_order *const slot = &engine->orders[i];
        if (!slot->is_working || s1_dec_is_zero(slot->moved_from) ||
            (trade_id != NULL && !s1_uid_eq(slot->order.trade_id.uid, trade_id->uid))) {
            continue;
        }
        const s1_dec from = slot->moved_from;
        const s1_order copy = slot->order;
        slot->moved_from = S1_DEC_ZERO;
        S1_TRY(err, engine->listener.on_trailed(engine->listener.self, &copy, from, time, err));
    }
    return S1_OK;
}

/* --- A bar without a path. ---------------------------------------------------------------- */

/* The extreme of the bar moves the stop, after its old trigger was looked at. If the price came
 * back to the new one is certain where the close is beyond it, else a guess where the bar reaches
 * it. */
static s1_rc trail_extreme(s1_matching_engine *engine, uint32_t index, const s1_bar *bar,
                           s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_order *const order = &slot->order;
    const s1_dec before = order->price;
    S1_TRY(err, s1_matching_trail(
                    engine, slot,
                    s1_matching_price(engine, order->side == S1_BUY ? bar->low : bar->high), err));
    if (s1_dec_eq(before, order->price) || !s1_matching_is_touched(engine, order, bar)) {
        return S1_OK;
    }
    s1_execution decided = {
        .price = order->price, .time = bar->close_time, .rule = S1_FILL_STOP_TOUCH};
    if (!s1_matching_is_reached(order, s1_matching_price(engine, bar->close))) {
        decided.rule = S1_FILL_AMBIGUOUS_TRAIL;
        if (engine->options.rules.path != S1_PATH_WORST || order->role == S1_ROLE_ENTRY) {
            if (engine->listener.on_undecided != NULL) {
                engine->listener.on_undecided(engine->listener.self, order, S1_FILL_TRAIL_WAITS,
                                              bar->close_time);
            }
            return S1_OK;
        }
    }
    return s1_matching_turns_limit(order) ? s1_matching_trigger(engine, index, decided, err)
                                          : s1_matching_fill(engine, index, decided, err);
}

s1_rc s1_matching_trail_extremes(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    const uint32_t resting = engine->count;
    for (uint32_t i = 0; i < resting; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        const bool saw_all = !slot->is_born_inside || slot->order.accepted_bar < engine->head.bars;
        if (slot->is_working && saw_all && s1_order_trails(&slot->order) &&
            s1_matching_is_eligible(engine, slot, bar)) {
            S1_TRY(err, trail_extreme(engine, i, bar, err));
        }
    }
    return S1_OK;
}
