/* Orders against trades, one after another.
 *
 * A trade is a price at a moment, so nothing is ambiguous: an order is matched from the first trade
 * after it arrived, and what a fill brings from the next trade on.
 *
 *   market order                        its first trade's price                      TRADE
 *   limit that its first trade reaches  that trade's price, as taker      TRADE_MARKETABLE
 *   limit a later trade is at           its limit, as maker (`limit_fill`)     TRADE_TOUCH
 *   limit a later trade goes beyond     its limit, as maker                  TRADE_THROUGH
 *   stop that a trade reaches           that trade's price                      TRADE_STOP
 *   market-if-touched                   that trade's price                   TRADE_TRIGGER
 *
 *   trailing stop                       looked at with the trigger it has, which the trade then
 * moves
 *
 * At one trade exits go before entries and the older order before the younger. An order with an end
 * ends at it, to the nanosecond: before a trade of the same time.
 *
 * Where volume is shared out (costs.volume_share) the orders at one trade take at most that share
 * of its quantity together; a stop that is reached is at market from then on, whatever it got.
 *
 * Most trades reach no order. So the prices between which nothing happens are worked out once, and
 * the trades between them pass by at the cost of two comparisons each.
 */
#include "backend/environments/matching/matching_internal.h"

/* What must not be left for something to happen, in mantissas of the trades. */
typedef struct trade_band {
    int64_t low, high; /* a price at or below low, at or above high */
    s1_nanos end;      /* a trade at or after it */
} trade_band;

/* --- Where something happens. ------------------------------------------------------------- */

/* The last mantissa at or below a price, or the first at or above it. */
static int64_t mantissa_at(s1_dec price, uint32_t scale, bool is_below)
{
    const s1_i128 unit = (s1_i128)s1_dec_internal_pow10(S1_DEC_SCALE - scale);
    const s1_i128 raw = s1_dec_raw(price);
    s1_i128 quotient = raw / unit;
    const s1_i128 rest = raw % unit;
    quotient += is_below ? -(rest < 0) : (rest > 0);
    return quotient > INT64_MAX ? INT64_MAX : quotient < INT64_MIN ? INT64_MIN : (int64_t)quotient;
}

/* Is it certain that the order's next trade does something to it? */
static bool is_eager(const s1_working_order *slot)
{
    return slot->order.type == S1_ORDER_MARKET ||
           (slot->order.type == S1_ORDER_LIMIT && !slot->has_met);
}

/* The price beyond which a trailing stop may move, or at which it begins to; false if there is
 * none.
 */
static bool find_trail_bound(const s1_order *order, s1_dec *ret_bound)
{
    const int way = order->side == S1_BUY ? -1 : 1; /* of the better prices */
    if (!s1_dec_is_zero(order->trail_activation)) {
        *ret_bound = order->trail_activation;
        return true;
    }
    if (!s1_dec_is_zero(order->trail_amount)) {
        *ret_bound =
            s1_dec_of_raw(s1_dec_raw(order->price) + way * s1_dec_raw(order->trail_amount));
        return true;
    }
    /* The trigger is price * (100 - way * percent) / 100, or a tick further. */
    const s1_dec hundred = s1_dec_from_int(100);
    const s1_dec rest = s1_dec_of_raw(s1_dec_raw(hundred) - way * s1_dec_raw(order->trail_percent));
    return s1_dec_sign(rest) > 0 &&
           s1_dec_mul_div(order->price, hundred, rest, way < 0 ? S1_ROUND_CEIL : S1_ROUND_FLOOR,
                          ret_bound, NULL) == S1_OK;
}

static void widen_for_trail(const s1_order *order, uint32_t price_scale, trade_band *band)
{
    const bool is_beyond = s1_dec_is_zero(order->trail_activation); /* at it nothing moves */
    s1_dec bound;
    if (!find_trail_bound(order, &bound)) {
        return;
    }
    if (order->side == S1_BUY) {
        const int64_t price = mantissa_at(bound, price_scale, !is_beyond) - is_beyond;
        band->low = price > band->low ? price : band->low;
    } else {
        const int64_t price = mantissa_at(bound, price_scale, is_beyond) + is_beyond;
        band->high = price < band->high ? price : band->high;
    }
}

static trade_band find_band(const s1_matching_engine *engine, uint32_t price_scale)
{
    trade_band band = {.low = INT64_MIN, .high = INT64_MAX, .end = INT64_MAX};
    for (uint32_t i = 0; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (!slot->is_working) {
            continue;
        }
        const s1_nanos expires_at = slot->order.expires_at;
        if (is_eager(slot)) {
            band.end = INT64_MIN;
        } else if (s1_matching_waits_below(&slot->order)) {
            const int64_t price = mantissa_at(slot->order.price, price_scale, true);
            band.low = price > band.low ? price : band.low;
        } else {
            const int64_t price = mantissa_at(slot->order.price, price_scale, false);
            band.high = price < band.high ? price : band.high;
        }
        band.end = expires_at != 0 && expires_at < band.end ? expires_at : band.end;
        if (s1_order_trails(&slot->order)) {
            widen_for_trail(&slot->order, price_scale, &band);
        }
    }
    return band;
}

/* The first trade from `at` on that leaves the band, or the count. */
static size_t find_trade(const s1_trade_batch *trades, size_t at, const trade_band *band)
{
    const int64_t *const prices = trades->price;
    const s1_nanos *const times = trades->time;
    while (at < trades->count && prices[at] > band->low && prices[at] < band->high &&
           times[at] < band->end) {
        at++;
    }
    return at;
}

/* --- One order, one trade. ---------------------------------------------------------------- */

/* What of a resting iceberg a trade at its limit fills: what shows, and no more than was traded. */
static s1_dec part_at_limit(const s1_order *order, s1_dec traded)
{
    return s1_dec_is_zero(order->display) ? S1_DEC_ZERO : s1_dec_min(order->display, traded);
}

static s1_rc match_limit(s1_matching_engine *engine, uint32_t index, s1_execution decided,
                         s1_dec traded, s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    const s1_order *const order = &slot->order;
    if (!slot->has_met) {
        const bool is_marketable = s1_matching_is_reached(order, decided.price);
        slot->has_met = true;
        S1_TRY(err, s1_matching_arrive(engine, index, is_marketable, decided.time, err));
        if (!slot->is_working) {
            return S1_OK;
        }
        if (is_marketable && (s1_matching_is_immediate(order) ||
                              engine->options.rules.limit_price <= S1_LIMIT_PRICE_OPEN)) {
            decided.rule = S1_FILL_TRADE_MARKETABLE;
            return s1_matching_fill(engine, index, decided, err);
        }
    }
    if (!s1_matching_is_filled_at(engine, order, decided.price)) {
        return S1_OK;
    }
    const bool is_at_limit = s1_dec_eq(decided.price, order->price);
    if (is_at_limit && !s1_dec_is_zero(order->display) && s1_dec_is_zero(traded)) {
        return S1_OK; /* nothing changed hands: nothing of what shows */
    }
    decided.rule = is_at_limit ? S1_FILL_TRADE_TOUCH : S1_FILL_TRADE_THROUGH;
    decided.price = order->price;
    decided.is_maker = true;
    decided.quantity = is_at_limit ? part_at_limit(order, traded) : S1_DEC_ZERO;
    return s1_matching_fill(engine, index, decided, err);
}

/* It is triggered, whether there was anything for it or not. */
static void become_market(s1_matching_engine *engine, s1_order *order)
{
    engine->trailing -= s1_order_trails(order);
    order->trail_amount = order->trail_percent = S1_DEC_ZERO;
    order->type = S1_ORDER_MARKET;
}

static s1_rc match_order(s1_matching_engine *engine, uint32_t index, s1_execution decided,
                         s1_dec traded, s1_err *err)
{
    s1_working_order *const slot = &engine->orders[index];
    switch (slot->order.type) {
    case S1_ORDER_MARKET:
        decided.rule = S1_FILL_TRADE;
        return s1_matching_fill(engine, index, decided, err);
    case S1_ORDER_LIMIT:
        return match_limit(engine, index, decided, traded, err);
    default:
        if (!s1_matching_is_reached(&slot->order, decided.price)) {
            return S1_OK;
        }
        decided.rule = slot->order.type == S1_ORDER_STOP || slot->order.type == S1_ORDER_STOP_LIMIT
                           ? S1_FILL_TRADE_STOP
                           : S1_FILL_TRADE_TRIGGER;
        slot->has_met = true;
        if (s1_matching_turns_limit(&slot->order)) {
            return s1_matching_trigger(engine, index, decided, err);
        }
        S1_TRY(err, s1_matching_fill(engine, index, decided, err));
        if (slot->is_working) { /* what was traded was not enough */
            become_market(engine, &slot->order);
        }
        return S1_OK;
    }
}

/* --- All orders. -------------------------------------------------------------------------- */

s1_rc s1_matching_expire_ends(s1_matching_engine *engine, s1_nanos moment, s1_err *err)
{
    while (engine->expiring > 0) {
        s1_nanos first = INT64_MAX;
        for (uint32_t i = 0; i < engine->count; i++) {
            const s1_working_order *const slot = &engine->orders[i];
            const s1_nanos end = slot->order.expires_at;
            first = slot->is_working && end != 0 && end < first ? end : first;
        }
        if (first > moment) {
            return S1_OK;
        }
        S1_TRY(err, s1_matching_expire_due(engine, first, err));
    }
    return S1_OK;
}

static s1_rc match_trade(s1_matching_engine *engine, const s1_trade_flow *flow,
                         const s1_trade_batch *trades, size_t at, s1_err *err)
{
    const s1_execution decided = {.price =
                                      s1_dec_from_mantissa(trades->price[at], flow->price_scale),
                                  .time = trades->time[at]};
    const s1_dec traded = s1_dec_from_mantissa(trades->quantity[at], flow->qty_scale);
    S1_TRY(err, s1_matching_expire_ends(engine, decided.time, err));
    if (engine->needs_volume) {
        s1_matching_set_volume(engine, traded);
    }
    const uint32_t resting = engine->count;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < resting; i++) {
            const s1_working_order *const slot = &engine->orders[i];
            if (slot->is_working && (slot->order.role == S1_ROLE_ENTRY) == (pass == 1)) {
                S1_TRY(err, match_order(engine, i, decided, traded, err));
            }
        }
    }
    s1_matching_compact(engine);
    return engine->trailing > 0 ? s1_matching_trail_all(engine, decided.price, NULL, err) : S1_OK;
}

static s1_rc match_range(s1_matching_engine *engine, const s1_trade_flow *flow,
                         const s1_trade_batch *trades, s1_err *err)
{
    for (size_t at = 0; at < trades->count && engine->head.working > 0; at++) {
        const trade_band band = find_band(engine, flow->price_scale);
        at = find_trade(trades, at, &band);
        if (at < trades->count) {
            S1_TRY(err, match_trade(engine, flow, trades, at, err));
        }
    }
    return S1_OK;
}

s1_rc s1_matching_trade_range(s1_matching_engine *engine, const s1_trade_flow *flow,
                              const s1_trade_batch *trades, s1_err *err)
{
    engine->is_matching = true;
    const s1_rc rc = match_range(engine, flow, trades, err);
    engine->is_matching = false;
    s1_matching_compact(engine);
    return rc;
}

s1_rc s1_matching_expire_until(s1_matching_engine *engine, s1_nanos moment, s1_err *err)
{
    engine->is_matching = true; /* what a callback sends is no arrival */
    const s1_rc rc = s1_matching_expire_ends(engine, moment, err);
    engine->is_matching = false;
    s1_matching_compact(engine);
    return rc;
}

s1_rc s1_matching_end_trades(s1_matching_engine *engine, s1_nanos moment, s1_err *err)
{
    S1_TRY(err, s1_matching_expire_until(engine, moment, err));
    return engine->trailing > 0 ? s1_matching_tell_trailed(engine, NULL, moment, err) : S1_OK;
}

s1_rc s1_matching_trades_orders(s1_matching_engine *engine, const s1_bar *bar,
                                const s1_trade_flow *flow, s1_err *err)
{
    for (uint32_t piece = 0; piece < flow->piece_count && engine->head.working > 0; piece++) {
        S1_TRY(err, s1_matching_trade_range(engine, flow, &flow->pieces[piece], err));
    }
    return s1_matching_end_trades(engine, bar->close_time, err);
}
