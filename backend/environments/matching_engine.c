#include "backend/environments/matching_engine.h"

#include "backend/utils/assert.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

/* An order and what matching must remember of it. */
typedef struct working_order {
    s1_order order;
    bool is_working;
    bool is_born_inside; /* accepted while the inside of a bar was being matched */
} working_order;

struct s1_matching_engine {
    struct s1_matching_head head; /* first: the inline half reads it */
    s1_matching_options options;
    s1_order_listener listener;
    working_order *orders; /* in order of submission, holes until the next compaction */
    uint32_t count;        /* slots used, holes included */
    uint32_t expiring;     /* working orders with an end */
    bool is_matching;      /* somebody iterates over orders */
    bool is_inside_bar;
    uint64_t rule_counts[S1_FILL_RULE_COUNT];
};

s1_rc s1_matching_new(const s1_matching_options *options, const s1_order_listener *listener,
                      s1_matching_engine **ret_engine, s1_err *err)
{
    S1_ASSERT(options->orders_max > 0);
    s1_matching_engine *const engine = calloc(1, sizeof *engine);
    working_order *const orders = calloc(options->orders_max, sizeof *orders);
    if (engine == NULL || orders == NULL) {
        free(engine);
        free(orders);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a matching engine of %u orders", options->orders_max);
    }
    engine->options = *options;
    engine->listener = *listener;
    engine->orders = orders;
    *ret_engine = engine;
    return S1_OK;
}

void s1_matching_free(s1_matching_engine *engine)
{
    if (engine != NULL) {
        free(engine->orders);
        free(engine);
    }
}

const uint64_t *s1_matching_rule_counts(const s1_matching_engine *engine)
{
    return engine->rule_counts;
}

static bool is_protective(const s1_order *order)
{
    return order->role == S1_ROLE_STOP_LOSS || order->role == S1_ROLE_TAKE_PROFIT;
}

/* Drops the holes, order kept. Not while somebody iterates. */
static void compact(s1_matching_engine *engine)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->orders[i].is_working) {
            engine->orders[kept++] = engine->orders[i];
        }
    }
    engine->count = kept;
    S1_ASSERT(kept == engine->head.working);
}

static void retire(s1_matching_engine *engine, working_order *slot, int32_t state)
{
    S1_ASSERT(slot->is_working);
    slot->order.state = state;
    slot->is_working = false;
    engine->head.working--;
    engine->expiring -= slot->order.expires_at != 0;
}

/* --- Prices. ------------------------------------------------------------------------------ */

static s1_dec price_of(const s1_matching_engine *engine, int64_t mantissa)
{
    return s1_dec_from_mantissa(mantissa, engine->options.instrument->price_scale);
}

/* The price with slippage: a buyer pays more, a seller gets less, to the next tick. */
static s1_rc slipped(const s1_matching_engine *engine, s1_dec price, int32_t side,
                     s1_dec *ret_price, s1_err *err)
{
    if (s1_dec_is_zero(engine->options.slippage)) {
        *ret_price = price;
        return S1_OK;
    }
    s1_dec shift, moved;
    S1_TRY(err, s1_dec_mul(price, engine->options.slippage, S1_ROUND_UP, &shift, err));
    if (side == S1_BUY) {
        S1_TRY(err, s1_dec_add(price, shift, &moved, err));
    } else {
        S1_TRY(err, s1_dec_sub(price, shift, &moved, err));
    }
    return s1_dec_round_to_step(moved, engine->options.instrument->tick_size,
                                side == S1_BUY ? S1_ROUND_CEIL : S1_ROUND_FLOOR, ret_price, err);
}

/* One decided execution, before slippage and fee. */
typedef struct execution {
    s1_dec price;
    s1_nanos time;
    int32_t rule;
    bool is_maker;
    bool is_shown_only; /* of an iceberg: no more than what shows */
} execution;

/* What of the order the execution fills. */
static s1_dec part_of(const s1_order *order, execution decided)
{
    const s1_dec left = s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled));
    return decided.is_shown_only ? s1_dec_min(order->display, left) : left;
}

/* Books the fill in the order, which works on if some of it is left. */
static void advance(s1_matching_engine *engine, working_order *slot, s1_dec quantity)
{
    s1_order *const order = &slot->order;
    order->filled = s1_dec_of_raw(s1_dec_raw(order->filled) + s1_dec_raw(quantity));
    if (s1_dec_eq(order->filled, order->quantity)) {
        retire(engine, slot, S1_ORDER_FILLED);
    } else {
        order->state = S1_ORDER_PARTIALLY_FILLED;
    }
}

static s1_rc fill(s1_matching_engine *engine, uint32_t index, execution decided, s1_err *err)
{
    working_order *const slot = &engine->orders[index];
    s1_fill result = {.price = decided.price,
                      .quantity = part_of(&slot->order, decided),
                      .time = decided.time,
                      .rule = decided.rule,
                      .is_maker = decided.is_maker};
    if (!decided.is_maker) {
        S1_TRY(err, slipped(engine, decided.price, slot->order.side, &result.price, err));
    }
    s1_dec notional;
    S1_TRY(err, s1_dec_mul(result.price, result.quantity, S1_ROUND_HALF_EVEN, &notional, err));
    S1_TRY(err, s1_dec_mul(notional,
                           decided.is_maker ? engine->options.maker_fee : engine->options.taker_fee,
                           S1_ROUND_HALF_EVEN, &result.fee, err));
    const s1_order_listener *const listener = &engine->listener;
    const s1_rc allowed = listener->on_before_fill(listener->self, &slot->order, &result, err);
    if (allowed == S1_E_DENIED) {
        retire(engine, slot, S1_ORDER_REJECTED);
        const s1_order copy = slot->order;
        const char *const reason = err != NULL ? err->msg : "";
        return listener->on_state(listener->self, &copy, (s1_str){reason, strlen(reason)},
                                  decided.time, err);
    }
    S1_TRY(err, allowed);
    engine->rule_counts[decided.rule]++;
    advance(engine, slot, result.quantity);
    const s1_order copy = slot->order; /* the callback may submit and move the array's end */
    return listener->on_fill(listener->self, &copy, &result, err);
}

static s1_rc expire(s1_matching_engine *engine, uint32_t index, s1_str reason, s1_nanos time,
                    s1_err *err)
{
    retire(engine, &engine->orders[index], S1_ORDER_EXPIRED);
    const s1_order copy = engine->orders[index].order;
    return engine->listener.on_state(engine->listener.self, &copy, reason, time, err);
}

/* Ends the orders whose time is up at `moment`. */
static s1_rc expire_due(s1_matching_engine *engine, s1_nanos moment, s1_err *err)
{
    for (uint32_t i = 0; i < engine->count && engine->expiring > 0; i++) {
        const working_order *const slot = &engine->orders[i];
        if (slot->is_working && slot->order.expires_at != 0 && slot->order.expires_at <= moment) {
            S1_TRY(err, expire(engine, i, S1_STR("TIME_UP"), moment, err));
        }
    }
    return S1_OK;
}

/* --- At the open. ------------------------------------------------------------------------- */

static s1_rc match_open(s1_matching_engine *engine, uint32_t index, const s1_bar *bar, s1_err *err)
{
    const s1_order *const order = &engine->orders[index].order;
    const bool is_first = order->accepted_bar + 1 == engine->head.bars;
    const s1_dec open = price_of(engine, bar->open);
    execution decided = {.price = open, .time = bar->open_time, .rule = S1_FILL_OPEN};
    const int side = order->side == S1_BUY ? 1 : -1;
    if (order->type == S1_ORDER_STOP) {
        if (side * s1_dec_cmp(open, order->price) < 0) {
            return S1_OK;
        }
        decided.rule = S1_FILL_OPEN_GAP;
    } else if (order->type == S1_ORDER_LIMIT) {
        const bool is_marketable = is_first && side * s1_dec_cmp(open, order->price) <= 0;
        const bool is_immediate =
            order->time_in_force == S1_TIF_IOC || order->time_in_force == S1_TIF_FOK;
        if (is_marketable && order->post_only) {
            retire(engine, &engine->orders[index], S1_ORDER_REJECTED);
            const s1_order copy = *order;
            return engine->listener.on_state(engine->listener.self, &copy,
                                             S1_STR("POST_ONLY_WOULD_TAKE"), bar->open_time, err);
        }
        if (!is_marketable) {
            return is_immediate
                       ? expire(engine, index, S1_STR("NOT_MARKETABLE"), bar->open_time, err)
                       : S1_OK;
        }
        decided.rule = S1_FILL_OPEN_MARKETABLE;
    }
    return fill(engine, index, decided, err);
}

/* --- Inside the bar. ---------------------------------------------------------------------- */

static bool is_touched(const s1_matching_engine *engine, const s1_order *order, const s1_bar *bar)
{
    /* A buy limit and a sell stop wait below, a sell limit and a buy stop above. */
    const bool waits_below = (order->side == S1_BUY) == (order->type == S1_ORDER_LIMIT);
    return waits_below ? s1_dec_cmp(price_of(engine, bar->low), order->price) <= 0
                       : s1_dec_cmp(price_of(engine, bar->high), order->price) >= 0;
}

/* May this order be matched inside the bar at all? */
static bool is_eligible(const s1_matching_engine *engine, const working_order *slot)
{
    if (!slot->is_working || slot->order.type == S1_ORDER_MARKET) {
        return false;
    }
    if (slot->order.accepted_bar < engine->head.bars) {
        return true;
    }
    return is_protective(&slot->order) &&
           !(slot->is_born_inside && slot->order.role == S1_ROLE_TAKE_PROFIT);
}

static uint32_t find_slot(const s1_matching_engine *engine, s1_trade_id trade_id, int32_t role)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        const working_order *const slot = &engine->orders[i];
        if (slot->is_working && slot->order.role == role &&
            s1_uid_eq(slot->order.trade_id.uid, trade_id.uid)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* The other side of a bracket if the bar reaches it too, else UINT32_MAX. */
static uint32_t rival_of(const s1_matching_engine *engine, const s1_order *order, const s1_bar *bar)
{
    const int32_t role = order->role == S1_ROLE_STOP_LOSS ? S1_ROLE_TAKE_PROFIT : S1_ROLE_STOP_LOSS;
    const uint32_t rival =
        is_protective(order) ? find_slot(engine, order->trade_id, role) : UINT32_MAX;
    return rival != UINT32_MAX && is_eligible(engine, &engine->orders[rival]) &&
                   is_touched(engine, &engine->orders[rival].order, bar)
               ? rival
               : UINT32_MAX;
}

/* Does the bar go beyond the order's limit? Then all that rests there was reached. */
static bool is_through(const s1_matching_engine *engine, const s1_order *order, const s1_bar *bar)
{
    return order->side == S1_BUY ? s1_dec_cmp(price_of(engine, bar->low), order->price) < 0
                                 : s1_dec_cmp(price_of(engine, bar->high), order->price) > 0;
}

/* Fills what is left of a trade's limit entry that lies between the market and its stop: the price
 * cannot have reached the stop without passing it. */
static s1_rc fill_before_stop(s1_matching_engine *engine, uint32_t stop_index, const s1_bar *bar,
                              s1_err *err)
{
    const s1_order stop = engine->orders[stop_index].order;
    const int side = stop.side == S1_SELL ? 1 : -1; /* of the position */
    for (uint32_t i = 0; i < engine->count; i++) {
        const working_order *const slot = &engine->orders[i];
        if (slot->order.role == S1_ROLE_ENTRY && slot->order.type == S1_ORDER_LIMIT &&
            is_eligible(engine, slot) && s1_uid_eq(slot->order.trade_id.uid, stop.trade_id.uid) &&
            side * s1_dec_cmp(slot->order.price, stop.price) > 0) {
            S1_TRY(err, fill(engine, i,
                             (execution){.price = slot->order.price,
                                         .time = bar->close_time,
                                         .rule = S1_FILL_LIMIT_TOUCH,
                                         .is_maker = true},
                             err));
        }
    }
    return S1_OK;
}

static s1_rc match_inside(s1_matching_engine *engine, uint32_t index, const s1_bar *bar,
                          s1_err *err)
{
    const s1_order *order = &engine->orders[index].order;
    if (!is_touched(engine, order, bar)) {
        return S1_OK;
    }
    int32_t rule = order->type == S1_ORDER_LIMIT ? S1_FILL_LIMIT_TOUCH : S1_FILL_STOP_TOUCH;
    const uint32_t rival = rival_of(engine, order, bar);
    if (rival != UINT32_MAX) {
        const bool is_stop_first = engine->options.ambiguity == S1_AMBIGUITY_STOP_FIRST;
        rule = is_stop_first ? S1_FILL_AMBIGUOUS_STOP : S1_FILL_AMBIGUOUS_TARGET;
        if ((order->role == S1_ROLE_STOP_LOSS) != is_stop_first) {
            index = rival;
            order = &engine->orders[index].order;
        }
    } else if (engine->orders[index].is_born_inside && order->accepted_bar == engine->head.bars) {
        rule = S1_FILL_ENTRY_BAR_STOP;
    }
    const execution decided = {.price = order->price,
                               .time = bar->close_time,
                               .rule = rule,
                               .is_maker = order->type == S1_ORDER_LIMIT,
                               .is_shown_only = !s1_dec_is_zero(order->display) &&
                                                !is_through(engine, order, bar)};
    if (order->role == S1_ROLE_STOP_LOSS) {
        S1_TRY(err, fill_before_stop(engine, index, bar, err));
    }
    return fill(engine, index, decided, err);
}

/* One pass over the orders of one kind; reduce-only orders go before entries. */
static s1_rc pass_inside(s1_matching_engine *engine, bool is_entry, const s1_bar *bar, s1_err *err)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        const working_order *const slot = &engine->orders[i];
        if ((slot->order.role == S1_ROLE_ENTRY) == is_entry && is_eligible(engine, slot)) {
            S1_TRY(err, match_inside(engine, i, bar, err));
        }
    }
    return S1_OK;
}

s1_rc s1_matching_bar_orders(s1_matching_engine *engine, const s1_bar *bar, s1_err *err)
{
    const uint32_t resting = engine->count;
    engine->is_matching = true;
    s1_rc rc = engine->expiring > 0 ? expire_due(engine, bar->open_time, err) : S1_OK;
    for (uint32_t i = 0; i < resting && rc == S1_OK; i++) {
        if (engine->orders[i].is_working) {
            rc = match_open(engine, i, bar, err);
        }
    }
    engine->is_inside_bar = true;
    if (rc == S1_OK) {
        rc = pass_inside(engine, false, bar, err);
    }
    if (rc == S1_OK) {
        rc = pass_inside(engine, true, bar, err);
    }
    if (rc == S1_OK) {
        rc = pass_inside(engine, false, bar, err); /* stops of entries made inside this bar */
    }
    engine->is_inside_bar = false;
    if (rc == S1_OK && engine->expiring > 0) {
        rc = expire_due(engine, bar->close_time, err);
    }
    engine->is_matching = false;
    compact(engine);
    return rc;
}

/* --- Orders in and out. ------------------------------------------------------------------- */

s1_rc s1_matching_submit(s1_matching_engine *engine, const s1_order *order, const s1_bar *last,
                         s1_err *err)
{
    if (engine->count == engine->options.orders_max && !engine->is_matching) {
        compact(engine);
    }
    if (engine->count == engine->options.orders_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%u orders are working, the most of this run "
                        "(limits.working_orders_max)",
                        engine->options.orders_max);
    }
    const uint32_t index = engine->count++;
    working_order *const slot = &engine->orders[index];
    *slot = (working_order){
        .order = *order, .is_working = true, .is_born_inside = engine->is_inside_bar};
    slot->order.state = S1_ORDER_ACCEPTED;
    slot->order.accepted_bar = engine->head.bars;
    engine->head.working++;
    engine->expiring += order->expires_at != 0;
    const s1_order copy = slot->order;
    S1_TRY(err, engine->listener.on_state(engine->listener.self, &copy, S1_STR(""),
                                          order->submitted_at, err));
    if (order->type == S1_ORDER_MARKET && engine->options.timing == S1_FILL_SAME_CLOSE &&
        !engine->is_matching) {
        S1_TRY(err, fill(engine, index,
                         (execution){.price = price_of(engine, last->close),
                                     .time = last->close_time,
                                     .rule = S1_FILL_CLOSE},
                         err));
    }
    return S1_OK;
}

static uint32_t find_order(const s1_matching_engine *engine, s1_order_id order_id)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->orders[i].is_working &&
            s1_uid_eq(engine->orders[i].order.order_id.uid, order_id.uid)) {
            return i;
        }
    }
    return UINT32_MAX;
}

s1_rc s1_matching_cancel(s1_matching_engine *engine, s1_order_id order_id, s1_str reason,
                         s1_nanos time, s1_err *err)
{
    const uint32_t index = find_order(engine, order_id);
    if (index == UINT32_MAX) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working order to cancel");
    }
    retire(engine, &engine->orders[index], S1_ORDER_CANCELED);
    const s1_order copy = engine->orders[index].order;
    return engine->listener.on_state(engine->listener.self, &copy, reason, time, err);
}

s1_rc s1_matching_modify(s1_matching_engine *engine, s1_order_id order_id, s1_dec price,
                         s1_dec quantity, s1_err *err)
{
    const uint32_t index = find_order(engine, order_id);
    if (index == UINT32_MAX || engine->orders[index].order.type == S1_ORDER_MARKET) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working order with a price to modify");
    }
    engine->orders[index].order.price = price;
    engine->orders[index].order.quantity = quantity;
    return S1_OK;
}

const s1_order *s1_matching_find(const s1_matching_engine *engine, s1_trade_id trade_id,
                                 int32_t role)
{
    const uint32_t index = find_slot(engine, trade_id, role);
    return index == UINT32_MAX ? NULL : &engine->orders[index].order;
}
