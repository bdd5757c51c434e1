/* The states of orders, and what fills may do. */
#include "backend/analysis/invariants_internal.h"
#include "backend/utils/timefmt.h"

#include <string.h>

/* Where an order may go from a state, as bits of enum s1_order_state. A fill goes to
 * PARTIALLY_FILLED or FILLED; a state without a way out is terminal. */
#define TO(state) (1u << S1_ORDER_##state)
static uint32_t ways_out(int32_t state)
{
    switch (state) {
    case S1_ORDER_SUBMITTED:
        return TO(ACCEPTED) | TO(REJECTED) | TO(CANCELED) | TO(EXPIRED);
    case S1_ORDER_ACCEPTED:
        return TO(TRIGGERED) | TO(PARTIALLY_FILLED) | TO(FILLED) | TO(REJECTED) | TO(CANCELED) |
               TO(EXPIRED);
    case S1_ORDER_TRIGGERED:
    case S1_ORDER_PARTIALLY_FILLED:
        return TO(PARTIALLY_FILLED) | TO(FILLED) | TO(REJECTED) | TO(CANCELED) | TO(EXPIRED);
    default:
        return 0;
    }
}

static int32_t state_of_kind(int32_t kind)
{
    switch (kind) {
    case S1_JOURNAL_ORDER_ACCEPTED:
        return S1_ORDER_ACCEPTED;
    case S1_JOURNAL_ORDER_TRIGGERED:
        return S1_ORDER_TRIGGERED;
    case S1_JOURNAL_ORDER_REJECTED:
        return S1_ORDER_REJECTED;
    case S1_JOURNAL_ORDER_CANCELED:
        return S1_ORDER_CANCELED;
    case S1_JOURNAL_ORDER_EXPIRED:
        return S1_ORDER_EXPIRED;
    case S1_JOURNAL_ORDER_DENIED:
        return S1_ORDER_DENIED;
    default:
        return S1_ORDER_STATE_INVALID;
    }
}

static int32_t role_of(const char *text)
{
    for (int32_t role = S1_ROLE_ENTRY; role <= S1_ROLE_EXIT; role++) {
        if (text != NULL && strcmp(text, s1_order_role_name(role)) == 0) {
            return role;
        }
    }
    return S1_ROLE_INVALID;
}

static int32_t side_of(const char *text)
{
    return text == NULL                ? 0
           : strcmp(text, "buy") == 0  ? S1_BUY
           : strcmp(text, "sell") == 0 ? S1_SELL
                                       : 0;
}

/* A trade is entered by one order, or by as many as its plan has slices, and by no more than it
 * planned. */
static s1_rc check_entry(s1_audit *audit, uint32_t trade, const audit_order *order, s1_err *err)
{
    audit_fill *const plan = &audit->last_fills[trade];
    const int32_t state = audit->trades[trade].state;
    const bool is_slice = state == S1_BOOK_OPEN && plan->entries < plan->slices;
    plan->entries++;
    S1_TRY(err, s1_dec_add(plan->ordered, order->quantity, &plan->ordered, err));
    if (state != S1_BOOK_PLANNED && !is_slice) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id", "an entry order",
                               plan->slices > 1 ? "no more of them than the plan has slices"
                                                : "a trade that was planned",
                               err);
    }
    if (plan->slices > 0 && s1_dec_cmp(plan->ordered, plan->planned) > 0) {
        char found[S1_DEC_TEXT_MAX];
        char expected[S1_DEC_TEXT_MAX + 16] = "at most ";
        (void)s1_dec_print(plan->ordered, found);
        (void)s1_dec_print(plan->planned, expected + 8);
        return s1_audit_breach(audit, S1_INVARIANT_FILLED, "quantity", found, expected, err);
    }
    return S1_OK;
}

/* An order with an end fills on no bar that opened at it or later, and ends so at no time before.
 * A fill says the open or the close of its bar. */
static s1_rc check_end(s1_audit *audit, const audit_order *order, s1_err *err)
{
    const s1_nanos time = audit->entry->time;
    const bool is_fill = audit->entry->kind == S1_JOURNAL_ORDER_FILLED;
    const char *const reason = s1_journal_details_text(&audit->details, "reason");
    if (order->expires_at == 0 ||
        (!is_fill && (reason == NULL || strcmp(reason, "TIME_UP") != 0))) {
        return S1_OK;
    }
    const bool is_right = is_fill
                              ? audit->timeframe == 0 || time - audit->timeframe < order->expires_at
                              : time >= order->expires_at;
    if (is_right) {
        return S1_OK;
    }
    char found[S1_TIME_TEXT_MAX];
    char expected[S1_TIME_TEXT_MAX + 32];
    char end[S1_TIME_TEXT_MAX];
    (void)s1_time_print(time, found);
    (void)s1_time_print(order->expires_at, end);
    (void)snprintf(expected, sizeof expected, "%s %s",
                   is_fill ? "on a bar that opened before" : "not before", end);
    return s1_audit_breach(audit, S1_INVARIANT_STATE, "time", found, expected, err);
}

/* An order that was not there before. */
static s1_rc submit(s1_audit *audit, uint32_t trade, s1_err *err)
{
    const bool is_denied = audit->entry->kind == S1_JOURNAL_ORDER_DENIED;
    uint32_t index = 0;
    bool is_new = false;
    S1_TRY(err, s1_uid_table_put(&audit->order_ids, audit->entry->ids[S1_JOURNAL_ID_ORDER], &index,
                                 &is_new, err));
    if (!is_new) {
        return s1_audit_breach(audit, S1_INVARIANT_STATE, "order_id",
                               s1_order_state_name(audit->orders[index].state),
                               "an order that is new", err);
    }
    S1_TRY(err,
           s1_audit_room(&audit->orders, &audit->order_room, index, sizeof *audit->orders, err));
    audit_order *const order = &audit->orders[index];
    *order = (audit_order){
        .trade = trade,
        .side = side_of(s1_journal_details_text(&audit->details, "side")),
        .role = role_of(s1_journal_details_text(&audit->details, "role")),
        .state = is_denied ? S1_ORDER_DENIED : S1_ORDER_SUBMITTED,
        .line = audit->entry->line_number,
    };
    (void)s1_audit_dec(audit, "quantity", &order->quantity);
    (void)s1_audit_time(audit, "expires_at", &order->expires_at);
    order->is_sized_at_fill = s1_journal_details_at(&audit->details, "cash_fraction") != NULL;
    audit->books.orders += is_denied ? 0 : 1;
    if (order->role == S1_ROLE_STOP_LOSS) {
        audit->last_fills[trade].stop_order = index;
    } else if (order->role == S1_ROLE_TAKE_PROFIT) {
        audit->last_fills[trade].target_order = index;
    }
    if (order->role == S1_ROLE_INVALID || order->side == 0) {
        return s1_audit_breach(audit, S1_INVARIANT_KIND, "details", "a side or role that is none",
                               "buy or sell, and a role", err);
    }
    if (order->role == S1_ROLE_ENTRY) {
        return check_entry(audit, trade, order, err);
    }
    return audit->trades[trade].state == S1_BOOK_OPEN
               ? S1_OK
               : s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id", "an exit order",
                                 "a trade that is open", err);
}

/* Adds a fill to its order: at most its quantity, and never after the end. */
static s1_rc fill(s1_audit *audit, audit_order *order, s1_err *err)
{
    s1_dec quantity = S1_DEC_ZERO;
    s1_dec filled;
    (void)s1_audit_dec(audit, "quantity", &quantity);
    S1_TRY(err, s1_dec_add(order->filled, quantity, &filled, err));
    if (order->state == S1_ORDER_FILLED) {
        return s1_audit_breach(audit, S1_INVARIANT_ONCE, "order_id", "a fill of an order in FILLED",
                               "each fill once", err);
    }
    if ((ways_out(order->state) & TO(FILLED)) == 0) {
        return s1_audit_breach(audit, S1_INVARIANT_STATE, "order_id",
                               s1_order_state_name(order->state), "a state that may be filled",
                               err);
    }
    if (order->is_sized_at_fill) {
        order->quantity = filled;
        audit->last_fills[order->trade].planned = filled;
    }
    const int over = s1_dec_cmp(filled, order->quantity);
    if (over > 0) {
        char found[S1_DEC_TEXT_MAX];
        char expected[S1_DEC_TEXT_MAX + 16] = "at most ";
        (void)s1_dec_print(filled, found);
        (void)s1_dec_print(order->quantity, expected + 8);
        S1_TRY(err, s1_audit_breach(audit, S1_INVARIANT_FILLED, "quantity", found, expected, err));
    }
    S1_TRY(err, check_end(audit, order, err));
    s1_dec remaining;
    if (over <= 0 && s1_journal_details_at(&audit->details, "remaining") != NULL) {
        S1_TRY(err, s1_dec_sub(order->quantity, filled, &remaining, err));
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_FILLED, "remaining", remaining, err));
    }
    order->filled = filled;
    order->state = over < 0 ? S1_ORDER_PARTIALLY_FILLED : S1_ORDER_FILLED;
    audit->books.fills++;
    const uint32_t trade = order->trade;
    return s1_audit_book_fill(audit, trade, order, err);
}

/* An entry that works was changed; a new quantity is one of the plan too. */
static s1_rc amend(s1_audit *audit, audit_order *order, s1_err *err)
{
    audit_fill *const plan = &audit->last_fills[order->trade];
    s1_dec quantity, grown;
    if (order->role != S1_ROLE_ENTRY || (ways_out(order->state) & TO(FILLED)) == 0) {
        return s1_audit_breach(audit, S1_INVARIANT_STATE, "order_id",
                               s1_order_state_name(order->state), "an entry order that works", err);
    }
    if (!s1_audit_dec(audit, "quantity", &quantity)) {
        return S1_OK;
    }
    if (s1_dec_cmp(quantity, order->filled) <= 0) {
        return s1_audit_breach(audit, S1_INVARIANT_FILLED, "quantity", "no more than is filled",
                               "more than is filled", err);
    }
    S1_TRY(err, s1_dec_sub(quantity, order->quantity, &grown, err));
    S1_TRY(err, s1_dec_add(plan->ordered, grown, &plan->ordered, err));
    S1_TRY(err, s1_dec_add(plan->planned, grown, &plan->planned, err));
    order->quantity = quantity;
    return S1_OK;
}

s1_rc s1_audit_order(s1_audit *audit, s1_err *err)
{
    const int32_t kind = audit->entry->kind;
    const uint32_t trade = s1_audit_trade(audit);
    if (trade == S1_UID_TABLE_NONE) {
        return S1_OK; /* an orphan, told already */
    }
    if (kind == S1_JOURNAL_ORDER_SUBMITTED || kind == S1_JOURNAL_ORDER_DENIED) {
        return submit(audit, trade, err);
    }
    const uint32_t index =
        s1_uid_table_find(&audit->order_ids, audit->entry->ids[S1_JOURNAL_ID_ORDER]);
    if (index == S1_UID_TABLE_NONE) {
        return S1_OK;
    }
    audit_order *const order = &audit->orders[index];
    if (order->trade != trade) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id", "another trade",
                               "the trade the order was submitted for", err);
    }
    if (kind == S1_JOURNAL_ORDER_FILLED) {
        return fill(audit, order, err);
    }
    if (kind == S1_JOURNAL_ORDER_AMENDED) {
        return amend(audit, order, err);
    }
    const int32_t next = state_of_kind(kind);
    if ((ways_out(order->state) >> next & 1u) == 0) {
        char found[64];
        (void)snprintf(found, sizeof found, "%s after %s", s1_order_state_name(next),
                       s1_order_state_name(order->state));
        return s1_audit_breach(audit, S1_INVARIANT_STATE, "type", found,
                               ways_out(order->state) == 0 ? "nothing more, it was terminal"
                                                           : "a state that can follow",
                               err);
    }
    order->state = next;
    return next == S1_ORDER_EXPIRED ? check_end(audit, order, err) : S1_OK;
}
