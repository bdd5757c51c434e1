/* The states of orders, and what fills may do. */
#include "backend/analysis/invariants_internal.h"

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
    const int32_t state = audit->trades[trade].state;
    if (state == S1_BOOK_MINTED || state == S1_BOOK_CLOSED ||
        (order->role == S1_ROLE_ENTRY) != (state == S1_BOOK_PLANNED)) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id",
                               order->role == S1_ROLE_ENTRY ? "an entry order" : "an exit order",
                               order->role == S1_ROLE_ENTRY ? "a trade that was planned"
                                                            : "a trade that is open",
                               err);
    }
    return S1_OK;
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
    const int over = s1_dec_cmp(filled, order->quantity);
    if (over > 0) {
        char found[S1_DEC_TEXT_MAX];
        char expected[S1_DEC_TEXT_MAX + 16] = "at most ";
        (void)s1_dec_print(filled, found);
        (void)s1_dec_print(order->quantity, expected + 8);
        S1_TRY(err, s1_audit_breach(audit, S1_INVARIANT_FILLED, "quantity", found, expected, err));
    }
    order->filled = filled;
    order->state = over < 0 ? S1_ORDER_PARTIALLY_FILLED : S1_ORDER_FILLED;
    audit->books.fills++;
    const uint32_t trade = order->trade;
    return s1_audit_book_fill(audit, trade, order, err);
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
    return S1_OK;
}
