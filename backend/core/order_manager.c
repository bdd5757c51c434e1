#include "backend/core/order_manager_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/reserve.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

s1_rc s1_order_manager_new(const s1_order_manager_options *options, s1_order_manager **ret_manager,
                           s1_err *err)
{
    s1_order_manager *const manager = calloc(1, sizeof *manager);
    if (manager == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an order manager");
    }
    manager->options = *options;
    manager->head.next_slice = INT64_MAX;
    manager->trades = calloc(options->trades_max, sizeof *manager->trades);
    manager->records = s1_reserve_new(RECORDS_MAX * sizeof *manager->records);
    if (manager->trades == NULL || manager->records == NULL) {
        s1_order_manager_free(manager);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an order manager of %u trades", options->trades_max);
    }
    *ret_manager = manager;
    return S1_OK;
}

void s1_order_manager_free(s1_order_manager *manager)
{
    if (manager != NULL) {
        s1_reserve_free(manager->records, RECORDS_MAX * sizeof *manager->records);
        free(manager->trades);
        free(manager);
    }
}

void s1_order_manager_connect(s1_order_manager *manager, const s1_environment *environment)
{
    S1_ASSERT(environment->submit != NULL && environment->cancel != NULL &&
              environment->modify != NULL && environment->amend != NULL);
    manager->environment = *environment;
}

void s1_order_manager_begin_tick(s1_order_manager *manager, s1_nanos now, uint64_t row)
{
    manager->now = now;
    manager->row = row;
}

uint32_t s1_order_manager_take_changes(s1_order_manager *manager)
{
    const uint32_t changes = manager->changes;
    manager->changes = 0;
    return changes;
}

const s1_trade_record *s1_order_manager_trades(const s1_order_manager *manager, size_t *ret_count)
{
    *ret_count = manager->record_count;
    return manager->records;
}

s1_order_counts s1_order_manager_counts(const s1_order_manager *manager)
{
    s1_order_counts counts = manager->counts;
    counts.first = manager->ambiguous;
    return counts;
}

/* --- Small helpers. ----------------------------------------------------------------------- */

s1_open_trade *s1_orders_find(const s1_order_manager *manager, s1_trade_id trade_id)
{
    for (uint32_t i = 0; i < manager->trade_count; i++) {
        if (s1_uid_eq(manager->trades[i].plan.trade_id.uid, trade_id.uid)) {
            return &manager->trades[i];
        }
    }
    return NULL;
}

/* After the slices of a trade changed. */
static void find_next_slice(s1_order_manager *manager)
{
    manager->head.next_slice = INT64_MAX;
    for (uint32_t i = 0; i < manager->trade_count; i++) {
        const s1_open_trade *const trade = &manager->trades[i];
        if (trade->slices_left > 0 && trade->next_slice < manager->head.next_slice) {
            manager->head.next_slice = trade->next_slice;
        }
    }
}

void s1_orders_drop_slices(s1_order_manager *manager, s1_open_trade *trade)
{
    if (trade->slices_left > 0) {
        trade->slices_left = 0;
        find_next_slice(manager);
    }
}

void s1_orders_forget(s1_order_manager *manager, s1_open_trade *trade)
{
    s1_orders_drop_slices(manager, trade);
    const size_t index = (size_t)(trade - manager->trades);
    memmove(trade, trade + 1, (manager->trade_count - index - 1) * sizeof *trade);
    manager->trade_count--;
}

/* A copy of the text that lives as long as the manager. */
static s1_rc intern_reason(s1_order_manager *manager, s1_str reason, s1_str *ret_reason,
                           s1_err *err)
{
    for (uint32_t i = 0; i < manager->reason_count; i++) {
        if (strlen(manager->reasons[i]) == reason.len &&
            memcmp(manager->reasons[i], reason.ptr, reason.len) == 0) {
            *ret_reason = (s1_str){manager->reasons[i], reason.len};
            return S1_OK;
        }
    }
    if (reason.len == 0 || reason.len >= REASON_TEXT_MAX || manager->reason_count == REASONS_MAX) {
        return S1_RAISE(err, S1_E_INVALID,
                        "closure reason '%.*s': expected 1 to %u characters, %u reasons at most",
                        S1_STR_ARG(reason), REASON_TEXT_MAX - 1, REASONS_MAX);
    }
    char *const copy = manager->reasons[manager->reason_count++];
    memcpy(copy, reason.ptr, reason.len);
    *ret_reason = (s1_str){copy, reason.len};
    return S1_OK;
}

s1_rc s1_orders_check(s1_order_manager *manager, s1_err *err)
{
    return manager->options.checks_invariants ? s1_ledger_check(manager->options.ledger, err)
                                              : S1_OK;
}

s1_rc s1_order_manager_cost(const s1_order_manager *manager, s1_dec price, s1_dec quantity,
                            s1_dec *ret_cost, s1_err *err)
{
    const s1_instrument *const instrument = manager->options.instrument;
    s1_dec notional, fee, held;
    S1_TRY(err, s1_dec_mul(price, quantity, S1_ROUND_UP, &notional, err));
    S1_TRY(err, s1_dec_mul(notional, instrument->taker_fee, S1_ROUND_UP, &fee, err));
    held = notional;
    if ((instrument->flags & S1_INSTRUMENT_MARGIN) != 0) {
        S1_TRY(err, s1_dec_div(notional, instrument->leverage, S1_ROUND_UP, &held, err));
    }
    return s1_dec_add(held, fee, ret_cost, err);
}

s1_dec s1_orders_unfilled(const s1_open_trade *trade)
{
    return s1_dec_of_raw(s1_dec_raw(trade->plan.quantity) - s1_dec_raw(trade->entry_quantity));
}

void s1_orders_hold_only(s1_order_manager *manager, s1_open_trade *trade, s1_dec kept)
{
    s1_ledger_release(manager->options.ledger,
                      s1_dec_of_raw(s1_dec_raw(trade->reserved) - s1_dec_raw(kept)));
    trade->reserved = kept;
    manager->changes |= S1_LEDGER_CHANGED;
}

void s1_orders_leave_pending(s1_order_manager *manager, s1_open_trade *trade)
{
    manager->options.ledger->view.pending_entries -= trade->is_pending;
    trade->is_pending = false;
}

s1_rc s1_orders_end_entry(s1_order_manager *manager, s1_open_trade *trade, s1_str reason,
                          s1_nanos time, s1_err *err)
{
    const bool has_slices = trade->slices_left > 0;
    s1_orders_drop_slices(manager, trade);
    s1_orders_hold_only(manager, trade, S1_DEC_ZERO);
    return has_slices ? s1_order_journal_planned(manager->options.journal, trade->plan.trade_id,
                                                 trade->plan.quantity, trade->entry_quantity,
                                                 reason, time, err)
                      : S1_OK;
}

/* Cancels what works of the entry, and the slices to come; the trade is forgotten if nothing of it
 * was filled. */
static s1_rc stop_entry(s1_order_manager *manager, s1_open_trade *trade, s1_str reason, s1_err *err)
{
    if (!s1_uid_is_none(trade->entry_order.uid)) {
        return manager->environment.cancel(manager->environment.self, trade->entry_order, reason,
                                           manager->now, err);
    }
    return trade->slices_left > 0 ? s1_orders_end_entry(manager, trade, reason, manager->now, err)
                                  : S1_OK;
}

/* --- Orders out. -------------------------------------------------------------------------- */

/* Where a trade keeps the order it has in a role. */
static s1_order_id *slot_of(s1_open_trade *trade, int32_t role)
{
    switch (role) {
    case S1_ROLE_ENTRY:
        return &trade->entry_order;
    case S1_ROLE_STOP_LOSS:
        return &trade->stop_order;
    case S1_ROLE_TAKE_PROFIT:
        return &trade->target_order;
    default:
        return &trade->exit_order;
    }
}

s1_rc s1_orders_send(s1_order_manager *manager, s1_open_trade *trade, s1_order *order,
                     s1_str worker, s1_err *err)
{
    order->order_id = s1_ids_order(manager->options.ids, 0);
    order->trade_id = trade->plan.trade_id;
    order->state = S1_ORDER_SUBMITTED;
    *slot_of(trade, order->role) = order->order_id;
    manager->counts.orders++;
    S1_TRY(err, s1_order_journal_state(manager->options.journal, order, worker, S1_STR(""),
                                       order->submitted_at, err));
    return manager->environment.submit(manager->environment.self, order, err);
}

s1_dec s1_orders_reserve_price(const s1_plan *plan)
{
    return s1_order_type_has_limit(plan->order_type)     ? plan->limit_price
           : s1_order_type_has_trigger(plan->order_type) ? plan->trigger_price
                                                         : plan->entry_price;
}

int32_t s1_orders_exit_side(const s1_open_trade *trade)
{
    return trade->plan.direction == S1_LONG ? S1_SELL : S1_BUY;
}

/* The order ends here: journalled, never sent, nothing held for it. */
static s1_rc deny(s1_order_manager *manager, s1_order *order, s1_str worker, s1_str reason,
                  s1_err *err)
{
    order->order_id = s1_ids_order(manager->options.ids, 0);
    order->state = S1_ORDER_DENIED;
    manager->counts.denied++;
    return s1_order_journal_state(manager->options.journal, order, worker, reason,
                                  order->submitted_at, err);
}

s1_rc s1_order_manager_slice(const s1_instrument *instrument, s1_dec quantity, uint32_t slices,
                             s1_dec *ret_slice, s1_err *err)
{
    const s1_dec step = s1_order_quantity_step(instrument);
    s1_dec even;
    S1_TRY(err, s1_dec_div(quantity, s1_dec_from_int(slices), S1_ROUND_DOWN, &even, err));
    return s1_dec_round_to_step(even, step, S1_ROUND_DOWN, ret_slice, err);
}

/* Plans the slices of a fresh trade; one that is whole has none. */
static s1_rc cut_slices(const s1_order_manager *manager, s1_open_trade *trade, s1_err *err)
{
    const s1_plan *const plan = &trade->plan;
    if (plan->slices <= 1) {
        return S1_OK;
    }
    trade->slices_left = plan->slices;
    trade->next_slice = manager->now;
    S1_TRY(err, s1_order_manager_slice(manager->options.instrument, plan->quantity, plan->slices,
                                       &trade->slice, err));
    return s1_dec_is_zero(trade->slice)
               ? S1_RAISE(err, S1_E_INVALID, "%u slices of less than a lot each", plan->slices)
               : S1_OK;
}

/* The next slice is on its way. */
static void take_slice(s1_order_manager *manager, s1_open_trade *trade)
{
    if (trade->slices_left == 0) {
        return;
    }
    trade->slices_left--;
    trade->next_slice =
        __builtin_add_overflow(trade->next_slice, trade->plan.slice_interval, &trade->next_slice)
            ? INT64_MAX
            : trade->next_slice;
    find_next_slice(manager);
}

/* The order that enters the trade, or its next slice. */
static void entry_order(const s1_order_manager *manager, const s1_open_trade *trade,
                        s1_order *ret_order)
{
    const s1_plan *const plan = &trade->plan;
    *ret_order =
        (s1_order){.side = plan->direction == S1_LONG ? S1_BUY : S1_SELL,
                   .type = plan->order_type,
                   .role = S1_ROLE_ENTRY,
                   .time_in_force = plan->time_in_force,
                   .post_only = plan->post_only,
                   .quantity = trade->slices_left > 1 ? trade->slice : s1_orders_unfilled(trade),
                   .trade_id = plan->trade_id,
                   .submitted_at = manager->now,
                   .display = plan->display_quantity,
                   .expires_at = plan->expires_at,
                   .cash_fraction = plan->cash_fraction};
    if (plan->order_type == S1_ORDER_LIMIT) {
        ret_order->price = plan->limit_price;
    } else if (s1_order_type_has_trigger(plan->order_type)) {
        ret_order->price = plan->trigger_price;
        ret_order->limit =
            s1_order_type_has_limit(plan->order_type) ? plan->limit_price : S1_DEC_ZERO;
        ret_order->trail_amount = plan->entry_trail_amount;
        ret_order->trail_percent = plan->entry_trail_percent;
        ret_order->trail_activation = plan->entry_trail_activation;
    }
}

/* When a DAY order of now ends. */
static s1_nanos next_midnight(s1_nanos now)
{
    const s1_nanos day = 24 * 3600 * S1_NANOS_PER_SECOND;
    s1_nanos end;
    return __builtin_add_overflow(now - now % day, day, &end) ? INT64_MAX : end;
}

s1_rc s1_order_manager_submit(s1_order_manager *manager, const s1_plan *directive, s1_str worker,
                              s1_err *err)
{
    if (s1_journal_has_failed(manager->options.journal)) {
        return S1_RAISE(err, S1_E_STORAGE, "no new order: the journal cannot be written");
    }
    if (s1_orders_find(manager, directive->trade_id) != NULL) {
        return S1_RAISE(err, S1_E_EXISTS, "the directive of this trade was sent already");
    }
    const bool is_low = s1_journal_is_low(manager->options.journal);
    if (!is_low && manager->trade_count == manager->options.trades_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%u trades are open or pending, the most of this run "
                        "(limits.open_trades_max)",
                        manager->options.trades_max);
    }
    s1_open_trade fresh = {.plan = *directive, .is_pending = true};
    if (directive->time_in_force == S1_TIF_DAY) {
        fresh.plan.expires_at = next_midnight(manager->now);
    }
    s1_order order;
    S1_TRY(err, cut_slices(manager, &fresh, err));
    entry_order(manager, &fresh, &order);
    if (is_low) {
        return deny(manager, &order, worker, S1_STR(S1_DENIED_STORAGE_LOW), err);
    }
    fresh.reserve_price = s1_orders_reserve_price(directive);
    if (s1_dec_is_zero(directive->cash_fraction)) { /* else it takes what is free by then */
        S1_TRY(err, s1_order_manager_cost(manager, fresh.reserve_price, directive->quantity,
                                          &fresh.reserved, err));
    }
    S1_TRY(err, s1_ledger_reserve(manager->options.ledger, fresh.reserved, err));
    manager->options.ledger->view.pending_entries++;
    manager->changes |= S1_LEDGER_CHANGED;
    s1_open_trade *const slot = &manager->trades[manager->trade_count++];
    *slot = fresh;
    take_slice(manager, slot);
    return s1_orders_send(manager, slot, &order, worker, err);
}

/* One slice of one trade. Its callbacks may forget the trade. */
static s1_rc send_slice(s1_order_manager *manager, s1_open_trade *trade, s1_err *err)
{
    s1_order order;
    entry_order(manager, trade, &order);
    if (order.expires_at != 0 && order.expires_at <= manager->now) {
        return s1_orders_end_entry(manager, trade, S1_STR("TIME_UP"), manager->now, err);
    }
    if (s1_journal_is_low(manager->options.journal)) {
        S1_TRY(err, deny(manager, &order, S1_STR(""), S1_STR(S1_DENIED_STORAGE_LOW), err));
        return s1_orders_end_entry(manager, trade, S1_STR(S1_DENIED_STORAGE_LOW), manager->now,
                                   err);
    }
    take_slice(manager, trade);
    return s1_orders_send(manager, trade, &order, S1_STR(""), err);
}

s1_rc s1_order_manager_send_slices(s1_order_manager *manager, s1_err *err)
{
    if (s1_journal_has_failed(manager->options.journal)) {
        return S1_RAISE(err, S1_E_STORAGE, "no new order: the journal cannot be written");
    }
    for (uint32_t i = 0; i < manager->trade_count;) {
        s1_open_trade *const trade = &manager->trades[i];
        const s1_trade_id id = trade->plan.trade_id;
        if (trade->slices_left > 0 && trade->next_slice <= manager->now &&
            s1_uid_is_none(trade->entry_order.uid)) {
            S1_TRY(err, send_slice(manager, trade, err));
        }
        i += i < manager->trade_count && s1_uid_eq(manager->trades[i].plan.trade_id.uid, id.uid);
    }
    return S1_OK;
}

s1_rc s1_order_manager_close(s1_order_manager *manager, s1_trade_id trade_id,
                             const s1_close_request *request, s1_str worker, s1_err *err)
{
    s1_open_trade *const trade = s1_orders_find(manager, trade_id);
    const s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, trade_id);
    if (trade == NULL || position == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "REDUCE_ONLY: no open position of this trade to close");
    }
    if (s1_dec_sign(request->quantity) < 0) {
        return S1_RAISE(err, S1_E_INVALID, "a close of less than nothing");
    }
    const bool is_all = s1_dec_is_zero(request->quantity) ||
                        s1_dec_cmp(request->quantity, position->view.quantity) >= 0;
    if (trade->is_closing) {
        return is_all ? stop_entry(manager, trade, request->reason, err) : S1_OK;
    }
    const s1_dec quantity = is_all ? position->view.quantity : request->quantity;
    S1_TRY(err, intern_reason(manager, request->reason, &trade->close_reason, err));
    trade->close_threat = request->threat_id;
    trade->close_opportunity = request->opportunity_id;
    trade->is_closing = true;
    s1_ledger_find(manager->options.ledger, trade_id)->view.is_closing = 1;
    if (is_all) { /* nothing may join what is on its way out */
        S1_TRY(err, stop_entry(manager, trade, trade->close_reason, err));
    }
    s1_order order = {.side = s1_orders_exit_side(trade),
                      .type = S1_ORDER_MARKET,
                      .role = S1_ROLE_EXIT,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = quantity,
                      .submitted_at = manager->now};
    trade->exit_left = quantity;
    return s1_orders_send(manager, trade, &order, worker, err);
}

s1_rc s1_order_manager_cancel_entry(s1_order_manager *manager, s1_trade_id trade_id, s1_str reason,
                                    s1_err *err)
{
    s1_open_trade *const trade = s1_orders_find(manager, trade_id);
    if (trade == NULL || (s1_uid_is_none(trade->entry_order.uid) && trade->slices_left == 0)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working entry order of this trade");
    }
    return stop_entry(manager, trade, reason, err);
}

/* Is a price one that an order may have? */
static s1_rc check_price(const s1_order_manager *manager, s1_dec price, s1_err *err)
{
    s1_dec rounded;
    S1_TRY(err, s1_dec_round_to_step(price, manager->options.instrument->tick_size,
                                     S1_ROUND_HALF_EVEN, &rounded, err));
    return s1_dec_sign(price) > 0 && s1_dec_eq(rounded, price)
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID, "price: expected a positive multiple of the tick");
}

/* Puts the changed prices into a plan. */
static s1_rc change_prices(const s1_order_manager *manager, const s1_open_trade *trade,
                           const s1_entry_change *change, s1_plan *plan, s1_err *err)
{
    const int32_t type = plan->order_type;
    if (!s1_dec_is_zero(change->limit_price)) {
        if (!s1_order_type_has_limit(type)) {
            return S1_RAISE(err, S1_E_INVALID, "a limit price for an order that has none");
        }
        S1_TRY(err, check_price(manager, change->limit_price, err));
        plan->limit_price = change->limit_price;
    }
    if (!s1_dec_is_zero(change->trigger_price)) {
        if (!s1_order_type_has_trigger(type) || trade->is_triggered) {
            return S1_RAISE(err, S1_E_INVALID, "a trigger price for an order that has none");
        }
        S1_TRY(err, check_price(manager, change->trigger_price, err));
        plan->trigger_price = change->trigger_price;
    }
    return S1_OK;
}

static s1_rc check_quantity(const s1_order_manager *manager, const s1_open_trade *trade,
                            s1_dec quantity, s1_err *err)
{
    const s1_dec lot = manager->options.instrument->lot_size;
    const bool is_whole = s1_dec_is_zero(lot) || s1_dec_raw(quantity) % s1_dec_raw(lot) == 0;
    return is_whole && s1_dec_cmp(quantity, trade->entry_quantity) > 0
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID,
                          "quantity: expected a multiple of the lot, more than is filled");
}

/* The whole plan of the changed entry; errors as of _changed_plan. */
static s1_rc change_plan(const s1_order_manager *manager, const s1_open_trade *trade,
                         const s1_entry_change *change, s1_plan *ret_plan, s1_err *err)
{
    if (trade == NULL || s1_uid_is_none(trade->entry_order.uid)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no working entry order of this trade");
    }
    s1_plan plan = trade->plan;
    if (plan.order_type == S1_ORDER_MARKET ||
        (trade->is_triggered && !s1_order_type_has_limit(plan.order_type))) {
        return S1_RAISE(err, S1_E_INVALID, "an order at market has nothing to change");
    }
    const bool has_quantity = !s1_dec_is_zero(change->quantity);
    const bool has_price =
        !s1_dec_is_zero(change->limit_price) || !s1_dec_is_zero(change->trigger_price);
    if (!has_quantity && !has_price) {
        return S1_RAISE(err, S1_E_INVALID, "a change of nothing");
    }
    S1_TRY(err, change_prices(manager, trade, change, &plan, err));
    if (has_quantity) {
        S1_TRY(err, check_quantity(manager, trade, change->quantity, err));
        plan.quantity = change->quantity;
    }
    if (has_price) {
        plan.entry_price = s1_orders_reserve_price(&plan);
    }
    *ret_plan = plan;
    return S1_OK;
}

s1_rc s1_order_manager_changed_plan(const s1_order_manager *manager, s1_trade_id trade_id,
                                    const s1_entry_change *change, s1_plan *ret_plan,
                                    s1_dec *ret_held, s1_err *err)
{
    const s1_open_trade *const trade = s1_orders_find(manager, trade_id);
    S1_TRY(err, change_plan(manager, trade, change, ret_plan, err));
    ret_plan->quantity =
        s1_dec_of_raw(s1_dec_raw(ret_plan->quantity) - s1_dec_raw(trade->entry_quantity));
    *ret_held = trade->reserved;
    return S1_OK;
}

s1_rc s1_order_manager_amend_entry(s1_order_manager *manager, s1_trade_id trade_id,
                                   const s1_entry_change *change, s1_str worker, s1_err *err)
{
    s1_open_trade *const trade = s1_orders_find(manager, trade_id);
    s1_plan plan;
    s1_dec cost, more;
    S1_TRY(err, change_plan(manager, trade, change, &plan, err));
    trade->amender = worker;
    S1_TRY(err, intern_reason(manager, change->reason.len > 0 ? change->reason : S1_STR("AMENDED"),
                              &trade->amend_reason, err));
    S1_TRY(err, s1_order_manager_cost(
                    manager, s1_orders_reserve_price(&plan),
                    s1_dec_of_raw(s1_dec_raw(plan.quantity) - s1_dec_raw(trade->entry_quantity)),
                    &cost, err));
    if (s1_dec_cmp(cost, trade->reserved) > 0) {
        S1_TRY(err, s1_dec_sub(cost, trade->reserved, &more, err));
        S1_TRY(err, s1_ledger_reserve(manager->options.ledger, more, err));
        trade->reserved = cost;
        manager->changes |= S1_LEDGER_CHANGED;
    }
    const bool has_trigger = s1_order_type_has_trigger(plan.order_type);
    const s1_order_change sent = {.order_id = trade->entry_order,
                                  .price = has_trigger && !trade->is_triggered ? plan.trigger_price
                                                                               : plan.limit_price,
                                  .limit = has_trigger ? plan.limit_price : S1_DEC_ZERO,
                                  .quantity = plan.quantity};
    return manager->environment.amend(manager->environment.self, &sent, err);
}

s1_rc s1_order_manager_cancel_entries(s1_order_manager *manager, s1_str reason, s1_err *err)
{
    /* From the youngest: a trade that goes takes its place in the list with it. */
    for (uint32_t i = manager->trade_count; i > 0; i--) {
        const s1_open_trade *const trade = &manager->trades[i - 1];
        if (i <= manager->trade_count &&
            (!s1_uid_is_none(trade->entry_order.uid) || trade->slices_left > 0)) {
            S1_TRY(err, s1_order_manager_cancel_entry(manager, trade->plan.trade_id, reason, err));
        }
    }
    return S1_OK;
}

s1_rc s1_orders_protect(s1_order_manager *manager, s1_open_trade *trade, int32_t role,
                        s1_nanos time, s1_err *err)
{
    const bool is_stop = role == S1_ROLE_STOP_LOSS;
    const s1_dec price = is_stop ? trade->plan.stop_loss : trade->plan.take_profit;
    const s1_order_id working = is_stop ? trade->stop_order : trade->target_order;
    const s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, trade->plan.trade_id);
    if (s1_dec_is_zero(price) || position == NULL) {
        return S1_OK;
    }
    if (!s1_uid_is_none(working.uid)) {
        return manager->environment.modify(manager->environment.self, working, price,
                                           position->view.quantity, err);
    }
    s1_order order = {.side = s1_orders_exit_side(trade),
                      .type = is_stop ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                      .role = role,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = position->view.quantity,
                      .price = price,
                      .submitted_at = time};
    if (is_stop) {
        order.trail_amount = trade->plan.trail_amount;
        order.trail_percent = trade->plan.trail_percent;
        order.trail_activation = trade->plan.trail_activation;
    }
    return s1_orders_send(manager, trade, &order, S1_STR(""), err);
}

s1_rc s1_order_manager_modify_stop(s1_order_manager *manager, s1_trade_id trade_id, s1_dec price,
                                   s1_str worker, s1_err *err)
{
    s1_open_trade *const trade = s1_orders_find(manager, trade_id);
    s1_ledger_position_record *const position = s1_ledger_find(manager->options.ledger, trade_id);
    if (trade == NULL || position == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no open position of this trade");
    }
    s1_dec rounded;
    S1_TRY(err, s1_dec_round_to_step(price, manager->options.instrument->tick_size,
                                     S1_ROUND_HALF_EVEN, &rounded, err));
    if (!s1_dec_eq(rounded, price) || s1_dec_sign(price) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "stop price: expected a positive multiple of the tick");
    }
    const s1_dec old = trade->plan.stop_loss;
    const int sign = s1_direction_sign(trade->plan.direction);
    if (!s1_dec_is_zero(old) && sign * s1_dec_cmp(price, old) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "the stop may only move closer to the price");
    }
    trade->plan.stop_loss = price;
    trade->is_stop_moved = true;
    position->view.stop_loss = price;
    manager->changes |= S1_LEDGER_CHANGED;
    S1_TRY(err, s1_order_journal_adjusted(manager->options.journal, trade_id, S1_STR("stop_loss"),
                                          old, price, worker, manager->now, err));
    return s1_orders_protect(manager, trade, S1_ROLE_STOP_LOSS, manager->now, err);
}
