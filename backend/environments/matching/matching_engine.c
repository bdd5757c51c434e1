#include "backend/environments/matching/matching_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/text.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

s1_rc s1_matching_new(const s1_matching_options *options, const s1_order_listener *listener,
                      s1_matching_engine **ret_engine, s1_err *err)
{
    S1_ASSERT(options->orders_max > 0);
    s1_matching_engine *const engine = calloc(1, sizeof *engine);
    s1_working_order *const orders = calloc(options->orders_max, sizeof *orders);
    if (engine == NULL || orders == NULL) {
        free(engine);
        free(orders);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a matching engine of %u orders", options->orders_max);
    }
    engine->options = *options;
    s1_fill_costs *const costs = &engine->options.costs;
    if (costs->model == 0) {
        costs->model = S1_SLIPPAGE_FRACTION;
        costs->value = options->slippage;
    }
    engine->needs_volume =
        !s1_dec_is_zero(costs->volume_share) || costs->model == S1_SLIPPAGE_VOLUME_SHARE;
    engine->listener = *listener;
    engine->orders = orders;
    const s1_rc rc =
        options->book != NULL ? s1_matching_book_new(options, &engine->book, err) : S1_OK;
    if (rc != S1_OK) {
        s1_matching_free(engine);
        return rc;
    }
    engine->options.book = NULL; /* copied */
    *ret_engine = engine;
    return S1_OK;
}

void s1_matching_free(s1_matching_engine *engine)
{
    if (engine != NULL) {
        s1_matching_book_free(engine->book);
        free(engine->orders);
        free(engine);
    }
}

const uint64_t *s1_matching_rule_counts(const s1_matching_engine *engine)
{
    return engine->rule_counts;
}

void s1_matching_compact(s1_matching_engine *engine)
{
    uint32_t kept = 0;
    if (engine->count == engine->head.working) {
        return;
    }
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->orders[i].is_working) {
            engine->orders[kept++] = engine->orders[i];
        }
    }
    engine->count = kept;
    S1_ASSERT(kept == engine->head.working);
}

void s1_matching_retire(s1_matching_engine *engine, s1_working_order *slot, int32_t state)
{
    S1_ASSERT(slot->is_working);
    slot->order.state = state;
    slot->is_working = false;
    engine->head.working--;
    engine->expiring -= slot->order.expires_at != 0;
    engine->trailing -= s1_order_trails(&slot->order);
}

s1_rc s1_matching_expire_due(s1_matching_engine *engine, s1_nanos moment, s1_err *err)
{
    for (uint32_t i = 0; i < engine->count && engine->expiring > 0; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (slot->is_working && slot->order.expires_at != 0 && slot->order.expires_at <= moment) {
            S1_TRY(err,
                   s1_matching_end(engine, i, S1_ORDER_EXPIRED, S1_STR("TIME_UP"), moment, err));
        }
    }
    return S1_OK;
}

uint32_t s1_matching_find_slot(const s1_matching_engine *engine, s1_trade_id trade_id, int32_t role)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        const s1_working_order *const slot = &engine->orders[i];
        if (slot->is_working && slot->order.role == role &&
            s1_uid_eq(slot->order.trade_id.uid, trade_id.uid)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* Is a close the first price that the order meets? */
static bool meets_close(const s1_matching_engine *engine, const s1_order *order, const s1_bar *last)
{
    return last != NULL && !engine->is_matching && order->role == S1_ROLE_ENTRY &&
           engine->options.rules.arrival == S1_ARRIVAL_CLOSE;
}

s1_rc s1_matching_submit(s1_matching_engine *engine, const s1_order *order, const s1_bar *last,
                         s1_err *err)
{
    if (engine->count == engine->options.orders_max && !engine->is_matching) {
        s1_matching_compact(engine);
    }
    if (engine->count == engine->options.orders_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%u orders are working, the most of this run "
                        "(limits.working_orders_max)",
                        engine->options.orders_max);
    }
    const uint32_t index = engine->count++;
    s1_working_order *const slot = &engine->orders[index];
    *slot = (s1_working_order){.order = *order,
                               .is_working = true,
                               .is_born_inside = engine->is_inside_bar,
                               .parent_type = engine->filling_type,
                               .has_met = meets_close(engine, order, last)};
    slot->order.state = S1_ORDER_ACCEPTED;
    slot->order.accepted_bar = engine->head.bars;
    engine->head.working++;
    engine->expiring += order->expires_at != 0;
    engine->trailing += s1_order_trails(order);
    const s1_order copy = slot->order;
    S1_TRY(err, engine->listener.on_state(
                    engine->listener.self, &copy, S1_STR(""),
                    order->arrives_at != 0 ? order->arrives_at : order->submitted_at, err));
    if (slot->is_working && s1_order_trails(order)) {
        if (order->role == S1_ROLE_STOP_LOSS && !s1_dec_is_zero(engine->filling_price)) {
            S1_TRY(err, s1_matching_trail(engine, slot, engine->filling_price, err));
        }
        if (!engine->is_matching) {
            S1_TRY(err, s1_matching_tell_trailed(engine, NULL, order->submitted_at, err));
        }
    }
    if (!s1_dec_is_zero(order->forced_price)) {
        return s1_matching_fill(engine, index,
                                (s1_execution){.price = order->forced_price,
                                               .time = order->submitted_at,
                                               .rule = S1_FILL_LIQUIDATION},
                                err);
    }
    if (s1_matching_minds_self_trade(engine) && slot->is_working) {
        S1_TRY(err, s1_matching_prevent_self_trade(engine, index, order->submitted_at, err));
    }
    if (!slot->is_working) {
        return S1_OK;
    }
    return engine->is_matching || last == NULL ? S1_OK
                                               : s1_matching_arrival(engine, index, last, err);
}

uint32_t s1_matching_index_of(const s1_matching_engine *engine, s1_order_id order_id)
{
    for (uint32_t i = 0; i < engine->count; i++) {
        if (engine->orders[i].is_working &&
            s1_uid_eq(engine->orders[i].order.order_id.uid, order_id.uid)) {
            return i;
        }
    }
    return UINT32_MAX;
}

/* One of a group was filled inside a bar; did the bar reach the other too, and who was first? */
static void tell_rival(const s1_matching_engine *engine, const s1_working_order *slot)
{
    const s1_bar *const bar = engine->pathless;
    if (engine->listener.on_undecided != NULL && s1_matching_is_eligible(engine, slot, bar) &&
        s1_matching_is_touched(engine, &slot->order, bar)) {
        engine->listener.on_undecided(engine->listener.self, &slot->order, S1_FILL_ENTRY_WAITS,
                                      bar->close_time);
    }
}

s1_rc s1_matching_cancel(s1_matching_engine *engine, s1_order_id order_id, s1_str reason,
                         s1_nanos time, s1_err *err)
{
    const uint32_t index = s1_matching_index_of(engine, order_id);
    if (index == UINT32_MAX) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working order to cancel");
    }
    if (engine->pathless != NULL && s1_str_eq(reason, S1_STR(S1_REASON_OCO))) {
        tell_rival(engine, &engine->orders[index]);
    }
    s1_matching_retire(engine, &engine->orders[index], S1_ORDER_CANCELED);
    const s1_order copy = engine->orders[index].order;
    return engine->listener.on_state(engine->listener.self, &copy, reason, time, err);
}

s1_rc s1_matching_modify(s1_matching_engine *engine, s1_order_id order_id, s1_dec price,
                         s1_dec quantity, s1_err *err)
{
    const uint32_t index = s1_matching_index_of(engine, order_id);
    if (index == UINT32_MAX) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working order to modify");
    }
    s1_order *const order = &engine->orders[index].order;
    order->price =
        order->type == S1_ORDER_MARKET ? order->price : s1_matching_best_trigger(order, price);
    order->quantity = s1_dec_of_raw(s1_dec_raw(order->filled) + s1_dec_raw(quantity));
    return S1_OK;
}

/* The order goes to the back of all queues: as if it came now. Its new index. */
static uint32_t move_to_back(s1_matching_engine *engine, uint32_t index)
{
    s1_working_order moved = engine->orders[index];
    moved.order.accepted_bar = engine->head.bars;
    moved.shown_bar = 0;
    if (engine->is_matching) {
        engine->orders[index] = moved;
        return index;
    }
    memmove(&engine->orders[index], &engine->orders[index + 1],
            (engine->count - index - 1) * sizeof moved);
    engine->orders[engine->count - 1] = moved;
    return engine->count - 1;
}

s1_rc s1_matching_amend(s1_matching_engine *engine, const s1_order_change *change, s1_nanos time,
                        const s1_bar *last, s1_err *err)
{
    uint32_t index = s1_matching_index_of(engine, change->order_id);
    if (index == UINT32_MAX || engine->orders[index].order.type == S1_ORDER_MARKET) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working order with a price to amend");
    }
    s1_order *order = &engine->orders[index].order;
    if (s1_dec_cmp(change->quantity, order->filled) <= 0) {
        return s1_matching_end(engine, index, S1_ORDER_CANCELED, S1_STR("AMENDED"), time, err);
    }
    const bool keeps_place = s1_dec_eq(change->price, order->price) &&
                             s1_dec_eq(change->limit, order->limit) &&
                             s1_dec_cmp(change->quantity, order->quantity) <= 0;
    order->price = s1_matching_best_trigger(order, change->price);
    order->limit = change->limit;
    order->quantity = change->quantity;
    if (!keeps_place) {
        index = move_to_back(engine, index);
        order = &engine->orders[index].order;
        engine->orders[index].has_met = meets_close(engine, order, last);
    }
    const s1_order copy = *order;
    S1_TRY(err, engine->listener.on_amended(engine->listener.self, &copy, S1_STR(""), time, err));
    if (!keeps_place && s1_matching_minds_self_trade(engine)) {
        S1_TRY(err, s1_matching_prevent_self_trade(engine, index, time, err));
    }
    return !engine->orders[index].is_working || keeps_place || engine->is_matching || last == NULL
               ? S1_OK
               : s1_matching_arrival(engine, index, last, err);
}

const s1_order *s1_matching_find(const s1_matching_engine *engine, s1_trade_id trade_id,
                                 int32_t role)
{
    const uint32_t index = s1_matching_find_slot(engine, trade_id, role);
    return index == UINT32_MAX ? NULL : &engine->orders[index].order;
}
