#include "backend/environments/matching/matching_internal.h"

#include <string.h>

s1_dec s1_matching_price(const s1_matching_engine *engine, int64_t mantissa)
{
    return s1_dec_from_mantissa(mantissa, engine->options.instrument->price_scale);
}

/* A limit order takes nothing beyond its limit, however far the price slips. */
static s1_dec within_limit(const s1_order *order, s1_dec price)
{
    if (order->type != S1_ORDER_LIMIT) {
        return price;
    }
    return order->side == S1_BUY ? s1_dec_min(price, order->price)
                                 : s1_dec_max(price, order->price);
}

/* What of the order the execution fills. */
static s1_dec part_of(const s1_order *order, s1_execution decided)
{
    const s1_dec left = s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled));
    return s1_dec_is_zero(decided.quantity) ? left : s1_dec_min(decided.quantity, left);
}

/* Books the fill in the order, which works on if some of it is left: what was triggered as a market
 * order of now on. */
static void advance(s1_matching_engine *engine, s1_working_order *slot, s1_dec quantity)
{
    s1_order *const order = &slot->order;
    order->filled = s1_dec_of_raw(s1_dec_raw(order->filled) + s1_dec_raw(quantity));
    if (engine->needs_volume) {
        s1_matching_take_volume(engine, quantity);
    }
    if (s1_dec_eq(order->filled, order->quantity)) {
        s1_matching_retire(engine, slot, S1_ORDER_FILLED);
        return;
    }
    order->state = S1_ORDER_PARTIALLY_FILLED;
    if (order->type != S1_ORDER_LIMIT) {
        engine->trailing -= s1_order_trails(order);
        order->trail_amount = order->trail_percent = S1_DEC_ZERO;
        order->type = S1_ORDER_MARKET;
    }
}

/* The listener said no, and why. */
static s1_rc refuse_fill(s1_matching_engine *engine, s1_working_order *slot, s1_nanos time,
                         s1_err *err)
{
    s1_matching_retire(engine, slot, S1_ORDER_REJECTED);
    const s1_order copy = slot->order;
    const char *const reason = err != NULL ? err->msg : "";
    return engine->listener.on_state(engine->listener.self, &copy, (s1_str){reason, strlen(reason)},
                                     time, err);
}

/* Settles the quantity of an order that is sized as it fills, at its price. */
static s1_rc size_order(s1_matching_engine *engine, s1_working_order *slot, s1_fill *result,
                        s1_err *err)
{
    const s1_order_listener *const listener = &engine->listener;
    S1_TRY(err, listener->on_size(listener->self, &slot->order, result->price,
                                  &slot->order.quantity, err));
    return s1_matching_fit(engine, slot->order.quantity, &result->quantity, err);
}

/* The bar has too little volume for an order that waits for no other. */
static bool is_short(const s1_order *order, s1_dec quantity)
{
    const s1_i128 left = s1_dec_raw(order->quantity) - s1_dec_raw(order->filled);
    return (order->time_in_force == S1_TIF_FOK && s1_dec_raw(quantity) < left) ||
           (order->time_in_force == S1_TIF_IOC && s1_dec_is_zero(quantity));
}

static s1_rc end_short(s1_matching_engine *engine, uint32_t index, s1_nanos time, s1_err *err)
{
    return s1_matching_end(engine, index, S1_ORDER_EXPIRED, S1_STR("NO_VOLUME"), time, err);
}

/* From which side the price came that filled an entry: STOP, LIMIT, or MARKET for neither. */
static int32_t side_of_entry(const s1_order *order, int32_t rule)
{
    if (order->type == S1_ORDER_MARKET) {
        return S1_ORDER_MARKET;
    }
    return order->type == S1_ORDER_STOP || rule == S1_FILL_STOP_TOUCH ? S1_ORDER_STOP
                                                                      : S1_ORDER_LIMIT;
}

static s1_rc charge(const s1_matching_engine *engine, const s1_order *order, s1_fill *fill,
                    s1_err *err)
{
    const s1_matching_options *const options = &engine->options;
    return options->fees != NULL
               ? s1_fee_book_charge(options->fees, order, fill, err)
               : s1_fee_plain(fill->is_maker ? options->maker_fee : options->taker_fee, fill, err);
}

/* Tells the fill; what is left of an IOC order ends with it. */
static s1_rc tell_fill(s1_matching_engine *engine, uint32_t index, const s1_fill *fill,
                       s1_execution decided, s1_err *err)
{
    const s1_order_listener *const listener = &engine->listener;
    const s1_order copy = engine->orders[index].order; /* the callback may move the array's end */
    engine->filling_price = decided.price;
    const s1_rc rc = listener->on_fill(listener->self, &copy, fill, err);
    engine->filling_price = S1_DEC_ZERO;
    S1_TRY(err, rc);
    if (copy.state == S1_ORDER_FILLED || copy.time_in_force != S1_TIF_IOC || decided.is_part) {
        return S1_OK;
    }
    index = s1_matching_index_of(engine, copy.order_id);
    return index == UINT32_MAX ? S1_OK : end_short(engine, index, fill->time, err);
}

s1_rc s1_matching_fill(s1_matching_engine *engine, uint32_t index, s1_execution decided,
                       s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    if (engine->trailing > 0) {
        S1_TRY(err, s1_matching_tell_trailed(engine, &slot->order.trade_id, decided.time, err));
    }
    s1_fill result = {.price = decided.price,
                      .quantity = part_of(&slot->order, decided),
                      .time = decided.time,
                      .rule = decided.rule,
                      .is_maker = decided.is_maker};
    const bool is_unsized = !s1_dec_is_zero(slot->order.cash_fraction);
    if (engine->needs_volume) {
        S1_TRY(err, s1_matching_fit(engine, result.quantity, &result.quantity, err));
    }
    if (!decided.is_maker && !s1_dec_is_zero(engine->options.costs.value) &&
        (engine->options.rules.slippage_on == S1_SLIPPAGE_ON_ALL ||
         slot->order.role == S1_ROLE_ENTRY)) {
        S1_TRY(err, s1_matching_slip(engine, &slot->order, decided.price, result.quantity,
                                     &result.price, err));
        result.price = within_limit(&slot->order, result.price);
        result.slip =
            s1_dec_abs(s1_dec_of_raw(s1_dec_raw(result.price) - s1_dec_raw(decided.price)));
    }
    if (is_unsized && !slot->place.is_sized && !s1_dec_is_zero(result.quantity)) {
        const s1_rc sized = size_order(engine, slot, &result, err);
        if (sized != S1_OK) {
            return sized == S1_E_DENIED ? refuse_fill(engine, slot, decided.time, err) : sized;
        }
    }
    if (!decided.is_part && is_short(&slot->order, result.quantity)) {
        return end_short(engine, index, decided.time, err);
    }
    if (s1_dec_is_zero(result.quantity)) {
        return S1_OK; /* it waits for the next bar */
    }
    const s1_order_listener *const listener = &engine->listener;
    s1_rc allowed = charge(engine, &slot->order, &result, err);
    if (allowed == S1_OK) {
        allowed = listener->on_before_fill(listener->self, &slot->order, &result, err);
    }
    if (allowed == S1_E_DENIED) {
        return refuse_fill(engine, slot, decided.time, err);
    }
    S1_TRY(err, allowed);
    engine->rule_counts[decided.rule]++;
    slot->order.cash_fraction = S1_DEC_ZERO; /* what is left of it has its size */
    engine->filling_type = side_of_entry(&slot->order, decided.rule);
    advance(engine, slot, result.quantity);
    return tell_fill(engine, index, &result, decided, err);
}

s1_rc s1_matching_end(s1_matching_engine *engine, uint32_t index, int32_t state, s1_str reason,
                      s1_nanos time, s1_err *err)
{
    s1_matching_retire(engine, &engine->orders[index], state);
    const s1_order copy = engine->orders[index].order;
    return engine->listener.on_state(engine->listener.self, &copy, reason, time, err);
}

bool s1_matching_is_immediate(const s1_order *order)
{
    return order->time_in_force == S1_TIF_IOC || order->time_in_force == S1_TIF_FOK;
}

s1_rc s1_matching_arrive(s1_matching_engine *engine, uint32_t index, bool is_marketable,
                         s1_nanos time, s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    if (is_marketable && order->post_only) {
        return s1_matching_end(engine, index, S1_ORDER_REJECTED, S1_STR("POST_ONLY_WOULD_TAKE"),
                               time, err);
    }
    return s1_matching_is_immediate(order) && !is_marketable
               ? s1_matching_end(engine, index, S1_ORDER_EXPIRED, S1_STR("NOT_MARKETABLE"), time,
                                 err)
               : S1_OK;
}

bool s1_matching_turns_limit(const s1_order *order)
{
    return order->type == S1_ORDER_STOP_LIMIT || order->type == S1_ORDER_LIMIT_IF_TOUCHED;
}

s1_rc s1_matching_turn(s1_matching_engine *engine, uint32_t index, s1_nanos time, s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    if (s1_order_trails(&slot->order)) {
        S1_TRY(err, s1_matching_tell_trailed(engine, &slot->order.trade_id, time, err));
    }
    slot->order.state = S1_ORDER_TRIGGERED;
    const s1_order copy = slot->order;
    S1_TRY(err, engine->listener.on_state(engine->listener.self, &copy, S1_STR(""), time, err));
    if (slot->is_working) {
        engine->trailing -= s1_order_trails(&slot->order);
        slot->order.trail_amount = slot->order.trail_percent = S1_DEC_ZERO;
        slot->order.type = S1_ORDER_LIMIT;
        slot->order.price = slot->order.limit;
    }
    return S1_OK;
}

s1_rc s1_matching_trigger(s1_matching_engine *engine, uint32_t index, s1_execution decided,
                          s1_err *err)
{
    const s1_working_order *const slot = &engine->orders[index];
    S1_TRY(err, s1_matching_turn(engine, index, decided.time, err));
    if (!slot->is_working) {
        return S1_OK;
    }
    if (s1_matching_minds_self_trade(engine)) {
        S1_TRY(err, s1_matching_prevent_self_trade(engine, index, decided.time, err));
        if (!slot->is_working) {
            return S1_OK;
        }
    }
    const bool is_marketable = s1_matching_is_reached(&slot->order, decided.price);
    S1_TRY(err, s1_matching_arrive(engine, index, is_marketable, decided.time, err));
    return is_marketable && slot->is_working ? s1_matching_fill(engine, index, decided, err)
                                             : S1_OK;
}
