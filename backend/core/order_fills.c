/* What comes back of orders: fills, ends, and what they bring about. */
#include "backend/core/order_manager_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/uid.h"

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
static s1_rc kept_after(const s1_order_manager *manager, const s1_open_trade *trade,
                        s1_dec quantity, s1_dec *ret_kept, s1_err *err)
{
    const s1_dec left = s1_dec_of_raw(s1_dec_raw(s1_orders_unfilled(trade)) - s1_dec_raw(quantity));
    if (s1_dec_is_zero(left)) {
        *ret_kept = S1_DEC_ZERO;
        return S1_OK;
    }
    return s1_order_manager_cost(manager, trade->reserve_price, left, ret_kept, err);
}

/* The first fill of the entry: a position comes into being. */
static s1_rc open_position(s1_order_manager *manager, s1_open_trade *trade, const s1_fill *fill,
                           s1_err *err)
{
    trade->is_entered = true;
    trade->entry_time = fill->time;
    trade->entry_row = manager->row;
    trade->entry_rule = fill->rule;
    s1_orders_leave_pending(manager, trade);
    s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, trade->plan.trade_id);
    position->view.stop_loss = trade->plan.stop_loss;
    position->view.take_profit = trade->plan.take_profit;
    manager->changes |= S1_LEDGER_OPENED;
    return s1_order_journal_opened(manager->options.journal, &trade->plan, fill, err);
}

static s1_ledger_fill booked_fill(const s1_order_manager *manager, const s1_open_trade *trade,
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

static s1_rc pay_fee(s1_open_trade *trade, const s1_fill *fill, s1_err *err)
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

static s1_rc enter(s1_order_manager *manager, s1_open_trade *trade, const s1_order *order,
                   const s1_fill *fill, s1_err *err)
{
    const s1_ledger_fill booked = booked_fill(manager, trade, fill);
    s1_dec kept;
    S1_TRY(err, kept_after(manager, trade, fill->quantity, &kept, err));
    s1_orders_hold_only(manager, trade, kept);
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
    S1_TRY(err, s1_orders_check(manager, err));
    S1_TRY(err, s1_orders_protect(manager, trade, S1_ROLE_STOP_LOSS, fill->time, err));
    return s1_orders_protect(manager, trade, S1_ROLE_TAKE_PROFIT, fill->time, err);
}

/* Why the trade ended, from the order that ended it. */
static s1_str closure_reason(const s1_open_trade *trade, const s1_order *order)
{
    if (order->role == S1_ROLE_TAKE_PROFIT) {
        return S1_STR("TAKE_PROFIT");
    }
    if (order->role == S1_ROLE_STOP_LOSS) {
        return trade->is_stop_moved ? S1_STR("TRAILING_STOP") : S1_STR("STOP_LOSS");
    }
    return trade->close_reason;
}

static s1_rc record_trade(s1_order_manager *manager, const s1_open_trade *trade,
                          const s1_order *order, const s1_fill *fill,
                          const s1_trade_record **ret_record, s1_err *err)
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

static s1_rc finish_trade(s1_order_manager *manager, s1_open_trade *trade, const s1_order *order,
                          const s1_fill *fill, s1_err *err)
{
    const s1_trade_record *record;
    S1_TRY(err, record_trade(manager, trade, order, fill, &record, err));
    S1_TRY(err, s1_order_journal_closed(manager->options.journal, record,
                                        order->role == S1_ROLE_EXIT ? trade->close_opportunity
                                                                    : (s1_opportunity_id){0},
                                        &trade->money, err));
    manager->changes |= S1_LEDGER_CLOSED;
    s1_orders_drop_slices(manager, trade); /* the trade's end says so */
    s1_orders_hold_only(manager, trade, S1_DEC_ZERO);
    const s1_order_id left[] = {trade->entry_order, trade->stop_order, trade->target_order,
                                trade->exit_order};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        S1_TRY(err, cancel_if_working(manager, left[i], fill->time, err));
    }
    s1_orders_forget(manager, trade);
    return S1_OK;
}

/* Forgets the order that just stopped working. */
static void drop_order(s1_open_trade *trade, s1_order_id order_id)
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
static s1_rc keep_step(s1_order_manager *manager, s1_open_trade *trade, const s1_order *order,
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
    S1_TRY(err, s1_orders_protect(manager, trade, S1_ROLE_STOP_LOSS, fill->time, err));
    return s1_orders_protect(manager, trade, S1_ROLE_TAKE_PROFIT, fill->time, err);
}

static s1_rc leave(s1_order_manager *manager, s1_open_trade *trade, const s1_order *order,
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
    S1_TRY(err, s1_orders_check(manager, err));
    return is_closed ? finish_trade(manager, trade, order, fill, err)
                     : keep_step(manager, trade, order, fill, err);
}

s1_rc s1_order_manager_carry(s1_order_manager *manager, const s1_carried *carried, s1_err *err)
{
    s1_open_trade *const trade = s1_orders_find(manager, carried->trade_id);
    const s1_ledger_position_record *const position =
        s1_ledger_find(manager->options.ledger, carried->trade_id);
    S1_ASSERT(trade != NULL && position != NULL);
    s1_dec *const sum =
        carried->kind == S1_CARRY_FUNDING ? &trade->money.funding : &trade->money.interest;
    S1_TRY(err, s1_ledger_carry(manager->options.ledger, carried->trade_id, carried->kind,
                                carried->amount, err));
    S1_TRY(err, s1_dec_add(*sum, carried->amount, sum, err));
    manager->changes |= S1_LEDGER_CHANGED;
    S1_TRY(err, s1_orders_check(manager, err));
    return s1_order_journal_carried(manager->options.journal, carried->trade_id,
                                    carried->kind == S1_CARRY_FUNDING ? S1_JOURNAL_FUNDING_PAID
                                                                      : S1_JOURNAL_INTEREST_PAID,
                                    &(s1_journal_carried){carried->amount, carried->rate,
                                                          carried->price, position->view.quantity},
                                    carried->time, err);
}

/* The venue's own order: it fills as it is accepted. Whatever was to close the position is gone. */
static s1_rc liquidate_trade(s1_order_manager *manager, s1_open_trade *trade, s1_dec price,
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
    s1_order order = {.side = s1_orders_exit_side(trade),
                      .type = S1_ORDER_MARKET,
                      .role = S1_ROLE_EXIT,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = position->view.quantity,
                      .submitted_at = time,
                      .forced_price = price};
    return s1_orders_send(manager, trade, &order, S1_STR(""), err);
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
    const s1_open_trade *const trade = s1_orders_find(manager, order->trade_id);
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
    s1_open_trade *const trade = s1_orders_find(manager, order->trade_id);
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
    const s1_dec step = s1_order_quantity_step(instrument);
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
        s1_open_trade *const other = &manager->trades[i - 1];
        if (i > manager->trade_count || other->plan.oco_group != group ||
            s1_uid_eq(other->plan.trade_id.uid, filled.uid)) {
            continue;
        }
        if (!s1_uid_is_none(other->entry_order.uid)) {
            S1_TRY(err, manager->environment.cancel(manager->environment.self, other->entry_order,
                                                    S1_STR(S1_REASON_OCO), time, err));
        } else if (other->slices_left > 0) {
            S1_TRY(err, s1_orders_end_entry(manager, other, S1_STR(S1_REASON_OCO), time, err));
        }
    }
    return S1_OK;
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    s1_order_manager *const manager = self;
    s1_open_trade *const trade = s1_orders_find(manager, order->trade_id);
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
static s1_rc lose_entry(s1_order_manager *manager, s1_open_trade *trade, const s1_order *order,
                        s1_str reason, s1_nanos time, s1_err *err)
{
    const s1_plan plan = trade->plan;
    s1_orders_hold_only(manager, trade, S1_DEC_ZERO);
    s1_orders_leave_pending(manager, trade);
    s1_orders_forget(manager, trade);
    if (order->state != S1_ORDER_REJECTED) {
        return S1_OK;
    }
    manager->counts.venue_refusals++;
    return s1_order_journal_venue_refusal(manager->options.journal, &plan, reason, time, err);
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    s1_order_manager *const manager = self;
    s1_open_trade *const trade = s1_orders_find(manager, order->trade_id);
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
        return trade->is_entered ? s1_orders_end_entry(manager, trade, reason, time, err)
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
    s1_open_trade *const trade = s1_orders_find(manager, order->trade_id);
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
    s1_open_trade *const trade = s1_orders_find(manager, order->trade_id);
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
    plan->entry_price = is_moved ? s1_orders_reserve_price(plan) : plan->entry_price;
    trade->reserve_price = s1_orders_reserve_price(plan);
    s1_dec kept;
    S1_TRY(err, kept_after(manager, trade, S1_DEC_ZERO, &kept, err));
    s1_orders_hold_only(manager, trade, kept);
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
