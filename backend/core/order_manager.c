#include "backend/core/order_manager.h"

#include "backend/core/order_journal_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/reserve.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define REASONS_MAX     64u
#define REASON_TEXT_MAX 48u
#define RECORDS_MAX     (16u * 1024u * 1024u) /* address space only; pages are touched as needed */

/* A trade from its directive to its last fill. */
typedef struct open_trade {
    s1_plan plan; /* stop_loss and take_profit follow adjustments */
    s1_dec reserved;
    s1_dec reserve_price; /* what `reserved` is worked out at */
    s1_dec slice;         /* of all slices but the last */
    uint32_t slices_left; /* not sent yet */
    s1_nanos next_slice;  /* its time */
    bool is_pending;      /* counted in pending_entries: nothing was filled yet */
    bool is_entered;
    bool is_closing;
    bool is_stop_moved;
    bool is_triggered;            /* its entry is a limit order by now */
    s1_str amender, amend_reason; /* of the change under way; borrowed, interned */
    s1_nanos entry_time;
    uint64_t entry_row;
    int32_t entry_rule; /* enum s1_fill_rule, of the first fill */
    s1_dec slippage;    /* what its fills were worse than the prices decided on */
    s1_dec entry_quantity, entry_notional; /* sums over the entry fills */
    s1_dec exit_quantity, exit_notional;
    s1_dec fees;
    s1_trade_money money;
    s1_order_id entry_order, stop_order, target_order, exit_order; /* none where not working */
    s1_dec exit_left;                                              /* of the exit order */
    s1_str close_reason; /* interned; of the exit order that works */
    s1_threat_id close_threat;
    s1_opportunity_id close_opportunity;
} open_trade;

struct s1_order_manager {
    struct s1_order_manager_head head; /* first: the inline half reads it */
    s1_order_manager_options options;
    s1_environment environment;
    s1_nanos now;
    uint64_t row;
    uint32_t changes;   /* enum s1_ledger_change */
    open_trade *trades; /* oldest first */
    uint32_t trade_count;
    s1_trade_record *records; /* reserved address space */
    size_t record_count;
    char reasons[REASONS_MAX][REASON_TEXT_MAX];
    uint32_t reason_count;
    s1_order_counts counts;
    s1_ambiguous_fill ambiguous[S1_AMBIGUOUS_KEPT_MAX];
};

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

static open_trade *find_trade(const s1_order_manager *manager, s1_trade_id trade_id)
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
        const open_trade *const trade = &manager->trades[i];
        if (trade->slices_left > 0 && trade->next_slice < manager->head.next_slice) {
            manager->head.next_slice = trade->next_slice;
        }
    }
}

static void drop_slices(s1_order_manager *manager, open_trade *trade)
{
    if (trade->slices_left > 0) {
        trade->slices_left = 0;
        find_next_slice(manager);
    }
}

static void forget_trade(s1_order_manager *manager, open_trade *trade)
{
    drop_slices(manager, trade);
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

static s1_rc check(s1_order_manager *manager, s1_err *err)
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

/* What of the plan did not fill yet. */
static s1_dec unfilled(const open_trade *trade)
{
    return s1_dec_of_raw(s1_dec_raw(trade->plan.quantity) - s1_dec_raw(trade->entry_quantity));
}

/* Gives back what is held beyond `kept`. */
static void hold_only(s1_order_manager *manager, open_trade *trade, s1_dec kept)
{
    s1_ledger_release(manager->options.ledger,
                      s1_dec_of_raw(s1_dec_raw(trade->reserved) - s1_dec_raw(kept)));
    trade->reserved = kept;
    manager->changes |= S1_LEDGER_CHANGED;
}

/* The entry waits no longer for its first fill. */
static void leave_pending(s1_order_manager *manager, open_trade *trade)
{
    manager->options.ledger->view.pending_entries -= trade->is_pending;
    trade->is_pending = false;
}

/* No more of the entry comes; what is in stays. Slices that were not sent are told of in the
 * journal: no order of theirs ends there. */
static s1_rc end_entry(s1_order_manager *manager, open_trade *trade, s1_str reason, s1_nanos time,
                       s1_err *err)
{
    const bool has_slices = trade->slices_left > 0;
    drop_slices(manager, trade);
    hold_only(manager, trade, S1_DEC_ZERO);
    return has_slices ? s1_order_journal_planned(manager->options.journal, trade->plan.trade_id,
                                                 trade->plan.quantity, trade->entry_quantity,
                                                 reason, time, err)
                      : S1_OK;
}

/* Cancels what works of the entry, and the slices to come; the trade is forgotten if nothing of it
 * was filled. */
static s1_rc stop_entry(s1_order_manager *manager, open_trade *trade, s1_str reason, s1_err *err)
{
    if (!s1_uid_is_none(trade->entry_order.uid)) {
        return manager->environment.cancel(manager->environment.self, trade->entry_order, reason,
                                           manager->now, err);
    }
    return trade->slices_left > 0 ? end_entry(manager, trade, reason, manager->now, err) : S1_OK;
}

/* --- Orders out. -------------------------------------------------------------------------- */

/* Where a trade keeps the order it has in a role. */
static s1_order_id *slot_of(open_trade *trade, int32_t role)
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

/* Journals the intent, then tells the environment. The trade knows the order from here on: with
 * latency it is on its way for a while. */
static s1_rc send(s1_order_manager *manager, open_trade *trade, s1_order *order, s1_str worker,
                  s1_err *err)
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

/* The price an entry is paid at, as far as one knows. */
static s1_dec price_to_reserve(const s1_plan *plan)
{
    return s1_order_type_has_limit(plan->order_type)     ? plan->limit_price
           : s1_order_type_has_trigger(plan->order_type) ? plan->trigger_price
                                                         : plan->entry_price;
}

static int32_t exit_side(const open_trade *trade)
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
    const s1_dec step = s1_dec_is_zero(instrument->lot_size)
                            ? s1_dec_from_mantissa(1, instrument->qty_scale)
                            : instrument->lot_size;
    s1_dec even;
    S1_TRY(err, s1_dec_div(quantity, s1_dec_from_int(slices), S1_ROUND_DOWN, &even, err));
    return s1_dec_round_to_step(even, step, S1_ROUND_DOWN, ret_slice, err);
}

/* Plans the slices of a fresh trade; one that is whole has none. */
static s1_rc cut_slices(const s1_order_manager *manager, open_trade *trade, s1_err *err)
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
static void take_slice(s1_order_manager *manager, open_trade *trade)
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
static void entry_order(const s1_order_manager *manager, const open_trade *trade,
                        s1_order *ret_order)
{
    const s1_plan *const plan = &trade->plan;
    *ret_order = (s1_order){.side = plan->direction == S1_LONG ? S1_BUY : S1_SELL,
                            .type = plan->order_type,
                            .role = S1_ROLE_ENTRY,
                            .time_in_force = plan->time_in_force,
                            .post_only = plan->post_only,
                            .quantity = trade->slices_left > 1 ? trade->slice : unfilled(trade),
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
    if (find_trade(manager, directive->trade_id) != NULL) {
        return S1_RAISE(err, S1_E_EXISTS, "the directive of this trade was sent already");
    }
    const bool is_low = s1_journal_is_low(manager->options.journal);
    if (!is_low && manager->trade_count == manager->options.trades_max) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%u trades are open or pending, the most of this run "
                        "(limits.open_trades_max)",
                        manager->options.trades_max);
    }
    open_trade fresh = {.plan = *directive, .is_pending = true};
    if (directive->time_in_force == S1_TIF_DAY) {
        fresh.plan.expires_at = next_midnight(manager->now);
    }
    s1_order order;
    S1_TRY(err, cut_slices(manager, &fresh, err));
    entry_order(manager, &fresh, &order);
    if (is_low) {
        return deny(manager, &order, worker, S1_STR(S1_DENIED_STORAGE_LOW), err);
    }
    fresh.reserve_price = price_to_reserve(directive);
    if (s1_dec_is_zero(directive->cash_fraction)) { /* else it takes what is free by then */
        S1_TRY(err, s1_order_manager_cost(manager, fresh.reserve_price, directive->quantity,
                                          &fresh.reserved, err));
    }
    S1_TRY(err, s1_ledger_reserve(manager->options.ledger, fresh.reserved, err));
    manager->options.ledger->view.pending_entries++;
    manager->changes |= S1_LEDGER_CHANGED;
    open_trade *const slot = &manager->trades[manager->trade_count++];
    *slot = fresh;
    take_slice(manager, slot);
    return send(manager, slot, &order, worker, err);
}

/* One slice of one trade. Its callbacks may forget the trade. */
static s1_rc send_slice(s1_order_manager *manager, open_trade *trade, s1_err *err)
{
    s1_order order;
    entry_order(manager, trade, &order);
    if (order.expires_at != 0 && order.expires_at <= manager->now) {
        return end_entry(manager, trade, S1_STR("TIME_UP"), manager->now, err);
    }
    if (s1_journal_is_low(manager->options.journal)) {
        S1_TRY(err, deny(manager, &order, S1_STR(""), S1_STR(S1_DENIED_STORAGE_LOW), err));
        return end_entry(manager, trade, S1_STR(S1_DENIED_STORAGE_LOW), manager->now, err);
    }
    take_slice(manager, trade);
    return send(manager, trade, &order, S1_STR(""), err);
}

s1_rc s1_order_manager_send_slices(s1_order_manager *manager, s1_err *err)
{
    if (s1_journal_has_failed(manager->options.journal)) {
        return S1_RAISE(err, S1_E_STORAGE, "no new order: the journal cannot be written");
    }
    for (uint32_t i = 0; i < manager->trade_count;) {
        open_trade *const trade = &manager->trades[i];
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
    open_trade *const trade = find_trade(manager, trade_id);
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
    s1_order order = {.side = exit_side(trade),
                      .type = S1_ORDER_MARKET,
                      .role = S1_ROLE_EXIT,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = quantity,
                      .submitted_at = manager->now};
    trade->exit_left = quantity;
    return send(manager, trade, &order, worker, err);
}

s1_rc s1_order_manager_cancel_entry(s1_order_manager *manager, s1_trade_id trade_id, s1_str reason,
                                    s1_err *err)
{
    open_trade *const trade = find_trade(manager, trade_id);
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
static s1_rc change_prices(const s1_order_manager *manager, const open_trade *trade,
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

static s1_rc check_quantity(const s1_order_manager *manager, const open_trade *trade,
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
static s1_rc change_plan(const s1_order_manager *manager, const open_trade *trade,
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
        plan.entry_price = price_to_reserve(&plan);
    }
    *ret_plan = plan;
    return S1_OK;
}

s1_rc s1_order_manager_changed_plan(const s1_order_manager *manager, s1_trade_id trade_id,
                                    const s1_entry_change *change, s1_plan *ret_plan,
                                    s1_dec *ret_held, s1_err *err)
{
    const open_trade *const trade = find_trade(manager, trade_id);
    S1_TRY(err, change_plan(manager, trade, change, ret_plan, err));
    ret_plan->quantity =
        s1_dec_of_raw(s1_dec_raw(ret_plan->quantity) - s1_dec_raw(trade->entry_quantity));
    *ret_held = trade->reserved;
    return S1_OK;
}

s1_rc s1_order_manager_amend_entry(s1_order_manager *manager, s1_trade_id trade_id,
                                   const s1_entry_change *change, s1_str worker, s1_err *err)
{
    open_trade *const trade = find_trade(manager, trade_id);
    s1_plan plan;
    s1_dec cost, more;
    S1_TRY(err, change_plan(manager, trade, change, &plan, err));
    trade->amender = worker;
    S1_TRY(err, intern_reason(manager, change->reason.len > 0 ? change->reason : S1_STR("AMENDED"),
                              &trade->amend_reason, err));
    S1_TRY(err, s1_order_manager_cost(
                    manager, price_to_reserve(&plan),
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
        const open_trade *const trade = &manager->trades[i - 1];
        if (i <= manager->trade_count &&
            (!s1_uid_is_none(trade->entry_order.uid) || trade->slices_left > 0)) {
            S1_TRY(err, s1_order_manager_cancel_entry(manager, trade->plan.trade_id, reason, err));
        }
    }
    return S1_OK;
}

/* Submits or moves the protective order of a role so that it covers the whole position. */
static s1_rc protect(s1_order_manager *manager, open_trade *trade, int32_t role, s1_nanos time,
                     s1_err *err)
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
    s1_order order = {.side = exit_side(trade),
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
    return send(manager, trade, &order, S1_STR(""), err);
}

s1_rc s1_order_manager_modify_stop(s1_order_manager *manager, s1_trade_id trade_id, s1_dec price,
                                   s1_str worker, s1_err *err)
{
    open_trade *const trade = find_trade(manager, trade_id);
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
    return protect(manager, trade, S1_ROLE_STOP_LOSS, manager->now, err);
}

/* --- What comes back. --------------------------------------------------------------------- */

static s1_rc cancel_if_working(s1_order_manager *manager, s1_order_id order_id, s1_nanos time,
                               s1_err *err)
{
    return s1_uid_is_none(order_id.uid)
               ? S1_OK
               : manager->environment.cancel(manager->environment.self, order_id,
                                             S1_STR("POSITION_CLOSED"), time, err);
}

/* Adds one fill to running sums of quantity and notional. */
static s1_rc accumulate(const s1_fill *fill, s1_dec *quantity, s1_dec *notional, s1_err *err)
{
    s1_dec part;
    S1_TRY(err, s1_dec_mul(fill->price, fill->quantity, S1_ROUND_HALF_EVEN, &part, err));
    S1_TRY(err, s1_dec_add(*notional, part, notional, err));
    return s1_dec_add(*quantity, fill->quantity, quantity, err);
}

/* What would be held once `quantity` more of the entry is filled. */
static s1_rc kept_after(const s1_order_manager *manager, const open_trade *trade, s1_dec quantity,
                        s1_dec *ret_kept, s1_err *err)
{
    const s1_dec left = s1_dec_of_raw(s1_dec_raw(unfilled(trade)) - s1_dec_raw(quantity));
    if (s1_dec_is_zero(left)) {
        *ret_kept = S1_DEC_ZERO;
        return S1_OK;
    }
    return s1_order_manager_cost(manager, trade->reserve_price, left, ret_kept, err);
}

/* The first fill of the entry: a position comes into being. */
static s1_rc open_position(s1_order_manager *manager, open_trade *trade, const s1_fill *fill,
                           s1_err *err)
{
    trade->is_entered = true;
    trade->entry_time = fill->time;
    trade->entry_row = manager->row;
    trade->entry_rule = fill->rule;
    leave_pending(manager, trade);
    s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, trade->plan.trade_id);
    position->view.stop_loss = trade->plan.stop_loss;
    position->view.take_profit = trade->plan.take_profit;
    manager->changes |= S1_LEDGER_OPENED;
    return s1_order_journal_opened(manager->options.journal, &trade->plan, fill, err);
}

static s1_ledger_fill booked_fill(const s1_order_manager *manager, const open_trade *trade,
                                  const s1_fill *fill)
{
    return (s1_ledger_fill){.trade_id = trade->plan.trade_id,
                            .direction = trade->plan.direction,
                            .quantity = fill->quantity,
                            .price = fill->price,
                            .fee = fill->fee,
                            .time = fill->time,
                            .row = manager->row,
                            .fee_in = fill->fee_in,
                            .fee_amount = fill->fee_amount,
                            .withheld = fill->withheld};
}

static s1_rc pay_fee(open_trade *trade, const s1_fill *fill, s1_err *err)
{
    s1_dec *const cash = &trade->money.fees_cash;
    if (fill->fee_in == S1_FEE_QUOTE) {
        S1_TRY(err, s1_dec_add(*cash, fill->fee, cash, err));
    }
    if (!s1_dec_is_zero(fill->slip)) {
        s1_dec lost;
        S1_TRY(err, s1_dec_mul(fill->slip, fill->quantity, S1_ROUND_HALF_EVEN, &lost, err));
        S1_TRY(err, s1_dec_add(trade->slippage, lost, &trade->slippage, err));
    }
    return s1_dec_add(trade->fees, fill->fee, &trade->fees, err);
}

static s1_rc enter(s1_order_manager *manager, open_trade *trade, const s1_order *order,
                   const s1_fill *fill, s1_err *err)
{
    const s1_ledger_fill booked = booked_fill(manager, trade, fill);
    s1_dec kept;
    S1_TRY(err, kept_after(manager, trade, fill->quantity, &kept, err));
    hold_only(manager, trade, kept);
    if (order->state == S1_ORDER_FILLED) {
        trade->entry_order = (s1_order_id){0};
    }
    trade->is_triggered = trade->is_triggered || order->type == S1_ORDER_MARKET;
    S1_TRY(err, s1_ledger_open(manager->options.ledger, &booked, err));
    S1_TRY(err, accumulate(fill, &trade->entry_quantity, &trade->entry_notional, err));
    S1_TRY(err, pay_fee(trade, fill, err));
    if (trade->is_entered) {
        const s1_dec grown =
            s1_ledger_find(manager->options.ledger, trade->plan.trade_id)->view.quantity;
        S1_TRY(err, s1_order_journal_grown(manager->options.journal, trade->plan.trade_id, grown,
                                           fill, err));
    } else {
        S1_TRY(err, open_position(manager, trade, fill, err));
    }
    S1_TRY(err, check(manager, err));
    S1_TRY(err, protect(manager, trade, S1_ROLE_STOP_LOSS, fill->time, err));
    return protect(manager, trade, S1_ROLE_TAKE_PROFIT, fill->time, err);
}

/* Why the trade ended, from the order that ended it. */
static s1_str closure_reason(const open_trade *trade, const s1_order *order)
{
    if (order->role == S1_ROLE_TAKE_PROFIT) {
        return S1_STR("TAKE_PROFIT");
    }
    if (order->role == S1_ROLE_STOP_LOSS) {
        return trade->is_stop_moved ? S1_STR("TRAILING_STOP") : S1_STR("STOP_LOSS");
    }
    return trade->close_reason;
}

static s1_rc record_trade(s1_order_manager *manager, const open_trade *trade, const s1_order *order,
                          const s1_fill *fill, const s1_trade_record **ret_record, s1_err *err)
{
    if (manager->record_count == RECORDS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u closed trades, the most of one run", RECORDS_MAX);
    }
    s1_trade_record record = {
        .trade_id = trade->plan.trade_id,
        .opportunity_id = trade->plan.opportunity_id,
        .direction = trade->plan.direction,
        .quantity = trade->exit_quantity,
        .entry_time = trade->entry_time,
        .exit_time = fill->time,
        .fees = trade->fees,
        .closure_reason = closure_reason(trade, order),
        .asset_pair = manager->options.instrument->asset_pair,
        .entry_row = trade->entry_row,
        .exit_row = manager->row,
        .entry_rule = trade->entry_rule,
        .exit_rule = fill->rule,
        .slippage = trade->slippage,
    };
    if (order->role == S1_ROLE_EXIT) {
        record.threat_id = trade->close_threat;
    }
    S1_TRY(err, s1_dec_div(trade->entry_notional, trade->entry_quantity, S1_ROUND_HALF_EVEN,
                           &record.entry_price, err));
    S1_TRY(err, s1_dec_div(trade->exit_notional, trade->exit_quantity, S1_ROUND_HALF_EVEN,
                           &record.exit_price, err));
    S1_TRY(err, s1_dec_sub(trade->money.pnl_gross, trade->fees, &record.pnl, err));
    S1_TRY(err, s1_dec_sub(record.pnl, trade->money.funding, &record.pnl, err));
    S1_TRY(err, s1_dec_sub(record.pnl, trade->money.interest, &record.pnl, err));
    manager->records[manager->record_count] = record;
    *ret_record = &manager->records[manager->record_count++];
    return S1_OK;
}

static s1_rc finish_trade(s1_order_manager *manager, open_trade *trade, const s1_order *order,
                          const s1_fill *fill, s1_err *err)
{
    const s1_trade_record *record;
    S1_TRY(err, record_trade(manager, trade, order, fill, &record, err));
    S1_TRY(err, s1_order_journal_closed(manager->options.journal, record,
                                        order->role == S1_ROLE_EXIT ? trade->close_opportunity
                                                                    : (s1_opportunity_id){0},
                                        &trade->money, err));
    manager->changes |= S1_LEDGER_CLOSED;
    drop_slices(manager, trade); /* the trade's end says so */
    hold_only(manager, trade, S1_DEC_ZERO);
    const s1_order_id left[] = {trade->entry_order, trade->stop_order, trade->target_order,
                                trade->exit_order};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        S1_TRY(err, cancel_if_working(manager, left[i], fill->time, err));
    }
    forget_trade(manager, trade);
    return S1_OK;
}

/* Forgets the order that just stopped working. */
static void drop_order(open_trade *trade, s1_order_id order_id)
{
    s1_order_id *const slots[] = {&trade->entry_order, &trade->stop_order, &trade->target_order,
                                  &trade->exit_order};
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        if (s1_uid_eq(slots[i]->uid, order_id.uid)) {
            *slots[i] = (s1_order_id){0};
        }
    }
}

/* A part of the position is gone: the orders that close it keep step with what is left. */
static s1_rc keep_step(s1_order_manager *manager, open_trade *trade, const s1_order *order,
                       const s1_fill *fill, s1_err *err)
{
    s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, trade->plan.trade_id);
    trade->is_closing = !s1_uid_is_none(trade->exit_order.uid);
    position->view.is_closing = trade->is_closing;
    s1_dec before;
    S1_TRY(err, s1_dec_add(position->view.quantity, fill->quantity, &before, err));
    S1_TRY(err, s1_order_journal_adjusted(manager->options.journal, trade->plan.trade_id,
                                          S1_STR("quantity"), before, position->view.quantity,
                                          S1_STR(""), fill->time, err));
    if (order->role == S1_ROLE_EXIT) {
        trade->exit_left = s1_dec_of_raw(s1_dec_raw(trade->exit_left) - s1_dec_raw(fill->quantity));
    } else if (trade->is_closing && s1_dec_cmp(trade->exit_left, position->view.quantity) > 0) {
        trade->exit_left = position->view.quantity;
        S1_TRY(err, manager->environment.modify(manager->environment.self, trade->exit_order,
                                                S1_DEC_ZERO, trade->exit_left, err));
    }
    S1_TRY(err, protect(manager, trade, S1_ROLE_STOP_LOSS, fill->time, err));
    return protect(manager, trade, S1_ROLE_TAKE_PROFIT, fill->time, err);
}

static s1_rc leave(s1_order_manager *manager, open_trade *trade, const s1_order *order,
                   const s1_fill *fill, s1_err *err)
{
    const s1_ledger_fill booked = booked_fill(manager, trade, fill);
    s1_dec pnl;
    bool is_closed;
    if (order->state == S1_ORDER_FILLED) {
        drop_order(trade, order->order_id);
    }
    S1_TRY(err, s1_ledger_close(manager->options.ledger, &booked, &pnl, &is_closed, err));
    S1_TRY(err, accumulate(fill, &trade->exit_quantity, &trade->exit_notional, err));
    S1_TRY(err, pay_fee(trade, fill, err));
    S1_TRY(err, s1_dec_add(trade->money.pnl_gross, pnl, &trade->money.pnl_gross, err));
    manager->changes |= S1_LEDGER_CHANGED;
    S1_TRY(err, check(manager, err));
    return is_closed ? finish_trade(manager, trade, order, fill, err)
                     : keep_step(manager, trade, order, fill, err);
}

s1_rc s1_order_manager_carry(s1_order_manager *manager, const s1_carried *carried, s1_err *err)
{
    open_trade *const trade = find_trade(manager, carried->trade_id);
    const s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, carried->trade_id);
    S1_ASSERT(trade != NULL && position != NULL);
    s1_dec *const sum =
        carried->kind == S1_CARRY_FUNDING ? &trade->money.funding : &trade->money.interest;
    S1_TRY(err, s1_ledger_carry(manager->options.ledger, carried->trade_id, carried->kind,
                                carried->amount, err));
    S1_TRY(err, s1_dec_add(*sum, carried->amount, sum, err));
    manager->changes |= S1_LEDGER_CHANGED;
    S1_TRY(err, check(manager, err));
    return s1_order_journal_carried(manager->options.journal, carried->trade_id,
                                    carried->kind == S1_CARRY_FUNDING ? S1_JOURNAL_FUNDING_PAID
                                                                      : S1_JOURNAL_INTEREST_PAID,
                                    &(s1_journal_carried){carried->amount, carried->rate,
                                                          carried->price, position->view.quantity},
                                    carried->time, err);
}

/* The venue's own order: it fills as it is accepted. Whatever was to close the position is gone. */
static s1_rc liquidate_trade(s1_order_manager *manager, open_trade *trade, s1_dec price,
                             s1_nanos time, s1_err *err)
{
    if (!s1_uid_is_none(trade->exit_order.uid)) {
        S1_TRY(err, manager->environment.cancel(manager->environment.self, trade->exit_order,
                                                S1_STR(S1_CLOSED_LIQUIDATION), time, err));
    }
    s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, trade->plan.trade_id);
    trade->close_reason = S1_STR(S1_CLOSED_LIQUIDATION);
    trade->close_threat = (s1_threat_id){0};
    trade->close_opportunity = (s1_opportunity_id){0};
    trade->is_closing = true;
    position->view.is_closing = 1;
    s1_order order = {.side = exit_side(trade),
                      .type = S1_ORDER_MARKET,
                      .role = S1_ROLE_EXIT,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = position->view.quantity,
                      .submitted_at = time,
                      .forced_price = price};
    return send(manager, trade, &order, S1_STR(""), err);
}

s1_rc s1_order_manager_liquidate(s1_order_manager *manager, s1_dec price, s1_nanos time,
                                 s1_err *err)
{
    const s1_nanos now = manager->now;
    manager->now = time; /* it happens then */
    S1_TRY(err, s1_order_manager_cancel_entries(manager, S1_STR(S1_CLOSED_LIQUIDATION), err));
    for (uint32_t i = manager->trade_count; i > 0; i--) {
        if (i <= manager->trade_count && manager->trades[i - 1].is_entered) {
            S1_TRY(err, liquidate_trade(manager, &manager->trades[i - 1], price, time, err));
        }
    }
    manager->now = now;
    return S1_OK;
}

/* What of the account no position and no order holds, but for `mine` of what is reserved. */
static s1_rc free_capital(const s1_order_manager *manager, s1_i128 mine, s1_i128 *ret_free,
                          s1_err *err)
{
    const s1_ledger *const ledger = manager->options.ledger;
    const bool has_margin = (manager->options.instrument->flags & S1_INSTRUMENT_MARGIN) != 0;
    const s1_i128 others = s1_dec_raw(ledger->view.reserved) - mine;
    s1_i128 available = s1_dec_raw(has_margin ? ledger->view.equity : ledger->view.cash) - others;
    if (has_margin) {
        s1_dec used;
        S1_TRY(err, s1_dec_div(s1_ledger_exposure(ledger), manager->options.instrument->leverage,
                               S1_ROUND_UP, &used, err));
        available -= s1_dec_raw(used);
    }
    *ret_free = available;
    return S1_OK;
}

/* May the entry still be paid? Prices may have moved since the gate looked. */
static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    s1_order_manager *const manager = self;
    if (order->role != S1_ROLE_ENTRY) { /* whatever the venue does, nothing opens the other way */
        const s1_ledger_position_record *const position =
            s1_ledger_find(manager->options.ledger, order->trade_id);
        return position != NULL && s1_dec_cmp(fill->quantity, position->view.quantity) <= 0
                   ? S1_OK
                   : S1_RAISE(err, S1_E_DENIED, "REDUCE_ONLY");
    }
    if (!s1_dec_is_zero(order->cash_fraction)) {
        return S1_OK;
    }
    const open_trade *const trade = find_trade(manager, order->trade_id);
    S1_ASSERT(trade != NULL);
    s1_dec cost, kept;
    s1_i128 available;
    S1_TRY(err, s1_order_manager_cost(manager, fill->price, fill->quantity, &cost, err));
    S1_TRY(err, kept_after(manager, trade, fill->quantity, &kept, err));
    const s1_i128 share = s1_dec_raw(trade->reserved) - s1_dec_raw(kept);
    if (s1_dec_raw(cost) <= share) {
        return S1_OK;
    }
    S1_TRY(err, free_capital(manager, share, &available, err));
    return s1_dec_raw(cost) <= available ? S1_OK : S1_RAISE(err, S1_E_DENIED, "INSUFFICIENT_FUNDS");
}

/* What the fraction buys at this price, fee included, in whole lots. With nothing open the cash is
 * the account, whatever it was marked at last. */
static s1_rc on_size(void *self, const s1_order *order, s1_dec price, s1_dec *ret_quantity,
                     s1_err *err)
{
    s1_order_manager *const manager = self;
    const s1_instrument *const instrument = manager->options.instrument;
    open_trade *const trade = find_trade(manager, order->trade_id);
    S1_ASSERT(trade != NULL);
    s1_i128 available;
    if (manager->options.ledger->view.position_count == 0) {
        available = s1_dec_raw(manager->options.ledger->view.cash) -
                    s1_dec_raw(manager->options.ledger->view.reserved);
    } else {
        S1_TRY(err, free_capital(manager, 0, &available, err));
    }
    s1_dec budget, unit, quantity;
    S1_TRY(err, s1_dec_mul(order->cash_fraction, s1_dec_of_raw(available > 0 ? available : 0),
                           S1_ROUND_DOWN, &budget, err));
    S1_TRY(err, s1_order_manager_cost(manager, price, S1_DEC_ONE, &unit, err));
    S1_TRY(err, s1_dec_div(budget, unit, S1_ROUND_DOWN, &quantity, err));
    const s1_dec step = s1_dec_is_zero(instrument->lot_size)
                            ? s1_dec_from_mantissa(1, instrument->qty_scale)
                            : instrument->lot_size;
    S1_TRY(err, s1_dec_round_to_step(quantity, step, S1_ROUND_DOWN, &quantity, err));
    s1_dec notional;
    S1_TRY(err, s1_dec_mul(quantity, price, S1_ROUND_DOWN, &notional, err));
    if (s1_dec_sign(quantity) <= 0 || s1_dec_cmp(quantity, instrument->min_quantity) < 0 ||
        s1_dec_cmp(notional, instrument->min_notional) < 0) {
        return S1_RAISE(err, S1_E_DENIED, "SIZE_BELOW_MINIMUM");
    }
    if ((!s1_dec_is_zero(instrument->max_quantity) &&
         s1_dec_cmp(quantity, instrument->max_quantity) > 0) ||
        (!s1_dec_is_zero(instrument->max_notional) &&
         s1_dec_cmp(notional, instrument->max_notional) > 0)) {
        return S1_RAISE(err, S1_E_DENIED, "SIZE_ABOVE_MAXIMUM");
    }
    trade->plan.quantity = quantity;
    trade->reserve_price = price; /* of what does not fill at once */
    *ret_quantity = quantity;
    return S1_OK;
}

/* A bar did not tell, and the rule decided. */
static void on_undecided(void *self, const s1_order *order, int32_t rule, s1_nanos time)
{
    s1_order_manager *const manager = self;
    if (manager->counts.ambiguous < S1_AMBIGUOUS_KEPT_MAX) {
        manager->ambiguous[manager->counts.ambiguous] =
            (s1_ambiguous_fill){time, order->trade_id, rule, 0};
    }
    manager->counts.ambiguous++;
}

static void count_fill(s1_order_manager *manager, const s1_order *order, const s1_fill *fill)
{
    manager->counts.fills++;
    if (s1_fill_rule_is_ambiguous(fill->rule)) {
        on_undecided(manager, order, fill->rule, fill->time);
    }
}

/* One of a group was filled: the entries of the others go. */
static s1_rc cancel_group(s1_order_manager *manager, uint64_t group, s1_trade_id filled,
                          s1_nanos time, s1_err *err)
{
    /* From the youngest: a trade that goes takes its place in the list with it. */
    for (uint32_t i = manager->trade_count; i > 0; i--) {
        open_trade *const other = &manager->trades[i - 1];
        if (i > manager->trade_count || other->plan.oco_group != group ||
            s1_uid_eq(other->plan.trade_id.uid, filled.uid)) {
            continue;
        }
        if (!s1_uid_is_none(other->entry_order.uid)) {
            S1_TRY(err, manager->environment.cancel(manager->environment.self, other->entry_order,
                                                    S1_STR(S1_REASON_OCO), time, err));
        } else if (other->slices_left > 0) {
            S1_TRY(err, end_entry(manager, other, S1_STR(S1_REASON_OCO), time, err));
        }
    }
    return S1_OK;
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    s1_order_manager *const manager = self;
    open_trade *const trade = find_trade(manager, order->trade_id);
    S1_ASSERT(trade != NULL);
    count_fill(manager, order, fill);
    if (manager->options.fees != NULL) {
        S1_TRY(err, s1_fee_book_traded(manager->options.fees, fill, err));
    }
    S1_TRY(err, s1_order_journal_fill(manager->options.journal, order, fill, err));
    if (order->role != S1_ROLE_ENTRY) {
        return leave(manager, trade, order, fill, err);
    }
    const uint64_t group = trade->is_entered ? 0 : trade->plan.oco_group;
    S1_TRY(err, enter(manager, trade, order, fill, err));
    return group != 0 ? cancel_group(manager, group, order->trade_id, fill->time, err) : S1_OK;
}

/* An entry that will never fill ends its trade before it began. */
static s1_rc lose_entry(s1_order_manager *manager, open_trade *trade, const s1_order *order,
                        s1_str reason, s1_nanos time, s1_err *err)
{
    const s1_plan plan = trade->plan;
    hold_only(manager, trade, S1_DEC_ZERO);
    leave_pending(manager, trade);
    forget_trade(manager, trade);
    if (order->state != S1_ORDER_REJECTED) {
        return S1_OK;
    }
    manager->counts.venue_refusals++;
    return s1_order_journal_venue_refusal(manager->options.journal, &plan, reason, time, err);
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    s1_order_manager *const manager = self;
    open_trade *const trade = find_trade(manager, order->trade_id);
    S1_ASSERT(trade != NULL);
    S1_TRY(err,
           s1_order_journal_state(manager->options.journal, order, S1_STR(""), reason, time, err));
    if (order->state == S1_ORDER_ACCEPTED) {
        return S1_OK;
    }
    const bool is_over = order->state == S1_ORDER_REJECTED || order->state == S1_ORDER_CANCELED ||
                         order->state == S1_ORDER_EXPIRED;
    if (!is_over) { /* a triggered order works on */
        trade->is_triggered = trade->is_triggered || order->role == S1_ROLE_ENTRY;
        return S1_OK;
    }
    drop_order(trade, order->order_id);
    if (order->role == S1_ROLE_ENTRY) {
        return trade->is_entered ? end_entry(manager, trade, reason, time, err)
                                 : lose_entry(manager, trade, order, reason, time, err);
    }
    if (order->role == S1_ROLE_EXIT) {
        s1_ledger_position_record *const position =
            s1_ledger_find(manager->options.ledger, trade->plan.trade_id);
        trade->is_closing = false;
        if (position != NULL) {
            position->view.is_closing = 0;
        }
    }
    return S1_OK;
}

/* A price of the plan that keeps its distance from the entry; never down to nothing. */
static s1_dec shifted(const s1_order_manager *manager, s1_dec price, s1_i128 by)
{
    if (s1_dec_is_zero(price)) {
        return price;
    }
    const s1_dec moved = s1_dec_of_raw(s1_dec_raw(price) + by);
    return s1_dec_sign(moved) > 0
               ? moved
               : s1_dec_max(manager->options.instrument->tick_size, s1_dec_of_raw(1));
}

/* The venue moved the trigger of a trailing stop. That of an entry takes the bracket with it. */
static s1_rc on_trailed(void *self, const s1_order *order, s1_dec from, s1_nanos time, s1_err *err)
{
    s1_order_manager *const manager = self;
    open_trade *const trade = find_trade(manager, order->trade_id);
    S1_ASSERT(trade != NULL);
    if (order->role == S1_ROLE_ENTRY) {
        s1_plan *const plan = &trade->plan;
        const s1_i128 by = s1_dec_raw(order->price) - s1_dec_raw(from);
        s1_dec *const bracket[] = {&plan->entry_price, &plan->stop_loss, &plan->take_profit,
                                   &plan->trail_activation};
        for (size_t i = 0; i < sizeof bracket / sizeof bracket[0]; i++) {
            *bracket[i] = shifted(manager, *bracket[i], by);
        }
        plan->trigger_price = order->price;
        plan->limit_price = order->limit;
        return s1_order_journal_amended(manager->options.journal, order, S1_DEC_ZERO, S1_STR(""),
                                        S1_STR("TRAIL"), time, err);
    }
    const s1_dec known = trade->plan.stop_loss; /* moved by hand it may be further, on its way */
    if (s1_direction_sign(trade->plan.direction) * s1_dec_cmp(order->price, known) <= 0) {
        return S1_OK;
    }
    trade->plan.stop_loss = order->price;
    trade->is_stop_moved = true;
    s1_ledger_find(manager->options.ledger, order->trade_id)->view.stop_loss = order->price;
    manager->changes |= S1_LEDGER_CHANGED;
    return s1_order_journal_adjusted(manager->options.journal, order->trade_id, S1_STR("stop_loss"),
                                     known, order->price, S1_STR(""), time, err);
}

/* The venue changed the entry; with latency some of the old one may have filled meanwhile. */
static s1_rc on_amended(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err)
{
    s1_order_manager *const manager = self;
    open_trade *const trade = find_trade(manager, order->trade_id);
    S1_ASSERT(trade != NULL);
    s1_plan *const plan = &trade->plan;
    const bool is_resized = !s1_dec_eq(plan->quantity, order->quantity);
    const bool is_limit = order->type == S1_ORDER_LIMIT;
    const bool is_moved =
        !s1_dec_eq(is_limit ? plan->limit_price : plan->trigger_price, order->price) ||
        (!is_limit && !s1_dec_eq(plan->limit_price, order->limit));
    if (!is_limit) {
        plan->trigger_price = order->price;
    }
    if (s1_order_type_has_limit(plan->order_type)) {
        plan->limit_price = is_limit ? order->price : order->limit;
    }
    plan->quantity = order->quantity;
    plan->entry_price = is_moved ? price_to_reserve(plan) : plan->entry_price;
    trade->reserve_price = price_to_reserve(plan);
    s1_dec kept;
    S1_TRY(err, kept_after(manager, trade, S1_DEC_ZERO, &kept, err));
    hold_only(manager, trade, kept);
    return s1_order_journal_amended(manager->options.journal, order,
                                    is_resized ? order->quantity : S1_DEC_ZERO,
                                    reason.len > 0 ? S1_STR("") : trade->amender,
                                    reason.len > 0 ? reason : trade->amend_reason, time, err);
}

s1_order_listener s1_order_manager_listener(s1_order_manager *manager)
{
    return (s1_order_listener){.self = manager,
                               .on_before_fill = on_before_fill,
                               .on_fill = on_fill,
                               .on_state = on_state,
                               .on_size = on_size,
                               .on_undecided = on_undecided,
                               .on_trailed = on_trailed,
                               .on_amended = on_amended};
}
