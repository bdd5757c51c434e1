/* The money of the audit: fills, positions, trades, and the sums a run states of itself. */
#include "backend/analysis/invariants_internal.h"
#include "backend/utils/text.h"
#include "backend/utils/uid.h"

#include <string.h>

/* a + sign * b. */
static s1_rc add_signed(s1_dec *value, int sign, s1_dec add, s1_err *err)
{
    return sign > 0 ? s1_dec_add(*value, add, value, err) : s1_dec_sub(*value, add, value, err);
}

/* One change of a position, from a fill or from TRADE_*. */
typedef struct movement {
    s1_dec price, quantity, fee; /* quantity: what joins or leaves the position */
    s1_dec gross;                /* what was traded */
    s1_dec amount;               /* of the fee, in what it is paid in */
    bool is_in_base, is_in_other;
    s1_nanos time;
} movement;

static movement movement_of(const s1_audit *audit, const char *price, const char *fee)
{
    movement moved = {.time = audit->entry->time};
    s1_dec withheld = S1_DEC_ZERO;
    const char *const currency = s1_journal_details_text(&audit->details, "fee_currency");
    moved.is_in_base = currency != NULL && strcmp(currency, audit->base_currency) == 0;
    moved.is_in_other = currency != NULL && !moved.is_in_base;
    (void)s1_audit_dec(audit, price, &moved.price);
    (void)s1_audit_dec(audit, "quantity", &moved.quantity);
    (void)s1_audit_dec(audit, fee, &moved.fee);
    (void)s1_audit_dec(audit, "fee_amount", &moved.amount);
    moved.gross = moved.quantity;
    if (s1_audit_dec(audit, "withheld", &withheld)) {
        moved.quantity = s1_dec_of_raw(s1_dec_raw(moved.gross) - s1_dec_raw(withheld));
    }
    (void)s1_audit_dec(audit, "bought", &moved.gross);
    return moved;
}

/* A fee in another currency is worth what it says. */
static s1_rc check_worth(s1_audit *audit, const movement *moved, s1_err *err)
{
    s1_dec worth;
    if (!moved->is_in_base && !moved->is_in_other) {
        return S1_OK;
    }
    S1_TRY(err, s1_dec_mul(moved->amount, moved->is_in_base ? moved->price : audit->fee_price,
                           S1_ROUND_HALF_EVEN, &worth, err));
    return s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "fee", worth, err);
}

static s1_rc take_fee(s1_books *books, s1_book_trade *trade, const movement *moved, s1_err *err)
{
    if (moved->is_in_base) {
        S1_TRY(err, s1_dec_sub(books->base_balance, moved->amount, &books->base_balance, err));
        S1_TRY(err, s1_dec_sub(books->elsewhere, moved->fee, &books->elsewhere, err));
    } else if (moved->is_in_other) {
        S1_TRY(err, s1_dec_sub(books->fee_balance, moved->amount, &books->fee_balance, err));
        S1_TRY(err, s1_dec_sub(books->elsewhere, moved->fee, &books->elsewhere, err));
    } else {
        S1_TRY(err, s1_dec_sub(books->cash, moved->fee, &books->cash, err));
        S1_TRY(err, s1_dec_add(trade->fees_cash, moved->fee, &trade->fees_cash, err));
    }
    S1_TRY(err, s1_dec_add(books->fees, moved->fee, &books->fees, err));
    return s1_dec_add(trade->fees, moved->fee, &trade->fees, err);
}

/* First in, first out: the position has a lot more. */
static s1_rc keep_lot(s1_audit *audit, audit_fill *of, const movement *moved, s1_err *err)
{
    const uint32_t number = ++audit->lot_count;
    S1_TRY(err, s1_audit_room(&audit->lots, &audit->lot_room, number, sizeof *audit->lots, err));
    audit->lots[number] = (audit_lot){moved->price, moved->quantity, 0};
    if (of->last_lot != 0) {
        audit->lots[of->last_lot].next = number;
    } else {
        of->first_lot = number;
    }
    of->last_lot = number;
    return S1_OK;
}

/* What the oldest `quantity` cost; it is gone. */
static s1_rc take_lots(s1_audit *audit, audit_fill *of, s1_dec quantity, s1_dec *ret_cost,
                       s1_err *err)
{
    s1_dec cost = S1_DEC_ZERO;
    while (s1_dec_sign(quantity) > 0 && of->first_lot != 0) {
        audit_lot *const lot = &audit->lots[of->first_lot];
        const s1_dec part = s1_dec_min(lot->quantity, quantity);
        s1_dec worth;
        S1_TRY(err, s1_dec_mul(lot->price, part, S1_ROUND_HALF_EVEN, &worth, err));
        S1_TRY(err, s1_dec_add(cost, worth, &cost, err));
        S1_TRY(err, s1_dec_sub(quantity, part, &quantity, err));
        S1_TRY(err, s1_dec_sub(lot->quantity, part, &lot->quantity, err));
        if (s1_dec_is_zero(lot->quantity)) {
            of->first_lot = lot->next;
            of->last_lot = lot->next != 0 ? of->last_lot : 0;
        }
    }
    *ret_cost = cost;
    return S1_OK;
}

/* Bought and not of the position: the fee and the rest of a lot. */
static s1_rc put_aside(s1_books *books, s1_book_trade *trade, const movement *moved, s1_err *err)
{
    s1_dec aside, worth;
    S1_TRY(err, s1_dec_sub(moved->gross, moved->quantity, &aside, err));
    S1_TRY(err, s1_dec_mul(aside, moved->price, S1_ROUND_HALF_EVEN, &worth, err));
    S1_TRY(err, s1_dec_add(books->elsewhere, worth, &books->elsewhere, err));
    S1_TRY(err, s1_dec_add(trade->withheld, aside, &trade->withheld, err));
    return s1_dec_add(trade->withheld_cost, worth, &trade->withheld_cost, err);
}

static s1_rc enter(s1_audit *audit, s1_book_trade *trade, const movement *moved, s1_err *err)
{
    s1_books *const books = &audit->books;
    const int sign = s1_direction_sign(trade->direction);
    s1_dec notional, cost;
    S1_TRY(err, s1_dec_mul(moved->price, moved->gross, S1_ROUND_HALF_EVEN, &notional, err));
    S1_TRY(err, s1_dec_mul(moved->price, moved->quantity, S1_ROUND_HALF_EVEN, &cost, err));
    S1_TRY(err, add_signed(&books->cash, -sign, notional, err));
    S1_TRY(err, add_signed(&books->open_cost, sign, cost, err));
    S1_TRY(err, add_signed(&books->net_quantity, sign, moved->quantity, err));
    S1_TRY(err, add_signed(&books->base_balance, sign, moved->gross, err));
    S1_TRY(err, add_signed(&trade->cost, sign, cost, err));
    if (!s1_dec_eq(moved->gross, moved->quantity)) {
        S1_TRY(err, put_aside(books, trade, moved, err));
    }
    if (audit->is_fifo) {
        S1_TRY(err, keep_lot(audit, &audit->last_fills[trade - audit->trades], moved, err));
    }
    S1_TRY(err, s1_dec_add(trade->quantity, moved->quantity, &trade->quantity, err));
    S1_TRY(err, s1_dec_add(trade->entry_quantity, moved->gross, &trade->entry_quantity, err));
    S1_TRY(err, s1_dec_add(trade->entry_notional, notional, &trade->entry_notional, err));
    S1_TRY(err, s1_dec_div(trade->entry_notional, trade->entry_quantity, S1_ROUND_HALF_EVEN,
                           &trade->entry_price, err));
    S1_TRY(err, check_worth(audit, moved, err));
    S1_TRY(err, take_fee(books, trade, moved, err));
    if (trade->state != S1_BOOK_OPEN) {
        books->open_positions++;
        trade->state = S1_BOOK_OPEN;
        trade->entry_time = moved->time;
    }
    return S1_OK;
}

/* Takes `quantity` of the position away at cost; *ret_part is its signed cost. */
static s1_rc reduce(s1_audit *audit, s1_book_trade *trade, s1_dec quantity, s1_dec *ret_part,
                    s1_err *err)
{
    s1_books *const books = &audit->books;
    s1_dec part = trade->cost;
    if (audit->is_fifo) {
        s1_dec cost;
        S1_TRY(err,
               take_lots(audit, &audit->last_fills[trade - audit->trades], quantity, &cost, err));
        part = S1_DEC_ZERO;
        S1_TRY(err, add_signed(&part, s1_direction_sign(trade->direction), cost, err));
    } else if (!s1_dec_eq(quantity, trade->quantity)) {
        S1_TRY(err, s1_dec_mul_div(trade->cost, quantity, trade->quantity, S1_ROUND_HALF_EVEN,
                                   &part, err));
    }
    S1_TRY(err, s1_dec_sub(trade->cost, part, &trade->cost, err));
    S1_TRY(err, s1_dec_sub(books->open_cost, part, &books->open_cost, err));
    S1_TRY(err,
           add_signed(&books->net_quantity, -s1_direction_sign(trade->direction), quantity, err));
    S1_TRY(err, s1_dec_sub(trade->quantity, quantity, &trade->quantity, err));
    books->open_positions -= s1_dec_is_zero(trade->quantity) ? 1 : 0;
    *ret_part = part;
    return S1_OK;
}

static s1_rc leave(s1_audit *audit, s1_book_trade *trade, const movement *moved, s1_err *err)
{
    s1_books *const books = &audit->books;
    const int sign = s1_direction_sign(trade->direction);
    s1_dec notional, part;
    S1_TRY(err, s1_dec_mul(moved->price, moved->quantity, S1_ROUND_HALF_EVEN, &notional, err));
    S1_TRY(err, reduce(audit, trade, moved->quantity, &part, err));
    S1_TRY(err, add_signed(&books->cash, sign, notional, err));
    S1_TRY(err, add_signed(&books->base_balance, -sign, moved->quantity, err));
    s1_dec pnl = S1_DEC_ZERO;
    S1_TRY(err, add_signed(&pnl, sign, notional, err));
    S1_TRY(err, s1_dec_sub(pnl, part, &pnl, err));
    S1_TRY(err, s1_dec_add(books->realized_pnl, pnl, &books->realized_pnl, err));
    S1_TRY(err, s1_dec_add(trade->pnl, pnl, &trade->pnl, err));
    S1_TRY(err, s1_dec_add(trade->exit_quantity, moved->quantity, &trade->exit_quantity, err));
    S1_TRY(err, s1_dec_add(trade->exit_notional, notional, &trade->exit_notional, err));
    S1_TRY(err, s1_dec_div(trade->exit_notional, trade->exit_quantity, S1_ROUND_HALF_EVEN,
                           &trade->exit_price, err));
    S1_TRY(err, check_worth(audit, moved, err));
    S1_TRY(err, take_fee(books, trade, moved, err));
    trade->exit_time = moved->time;
    return S1_OK;
}

/* The orders that protect a position follow its size. */
static void resize_protection(s1_audit *audit, uint32_t trade)
{
    const uint32_t orders[] = {audit->last_fills[trade].stop_order,
                               audit->last_fills[trade].target_order};
    for (size_t i = 0; i < 2; i++) {
        audit_order *const order =
            orders[i] != S1_UID_TABLE_NONE ? &audit->orders[orders[i]] : NULL;
        if (order != NULL && order->state != S1_ORDER_FILLED) {
            order->quantity = s1_dec_of_raw(s1_dec_raw(order->filled) +
                                            s1_dec_raw(audit->trades[trade].quantity));
        }
    }
}

static bool is_sound(const movement *moved)
{
    return s1_dec_sign(moved->price) > 0 && s1_dec_sign(moved->quantity) > 0 &&
           s1_dec_sign(moved->fee) >= 0;
}

s1_rc s1_audit_book_fill(s1_audit *audit, uint32_t index, const audit_order *order, s1_err *err)
{
    s1_book_trade *const trade = &audit->trades[index];
    const movement moved = movement_of(audit, "price", "fee");
    audit_fill *const last = &audit->last_fills[index];
    last->price = moved.price;
    last->quantity = moved.quantity;
    last->fee = moved.fee;
    last->time = moved.time;
    last->is_entry = order->role == S1_ROLE_ENTRY;
    if (!is_sound(&moved)) {
        return s1_audit_breach(audit, S1_INVARIANT_KIND, "details",
                               "a price, quantity or fee that cannot be", "above zero", err);
    }
    if (order->role == S1_ROLE_ENTRY) {
        const int32_t direction = order->side == S1_BUY ? S1_LONG : S1_SHORT;
        if (trade->state == S1_BOOK_CLOSED ||
            (trade->state == S1_BOOK_OPEN && trade->direction != direction)) {
            return s1_audit_breach(audit, S1_INVARIANT_POSITION, "side", s1_side_name(order->side),
                                   "an entry of a trade that is not closed, in its direction", err);
        }
        trade->direction = direction;
        S1_TRY(err, enter(audit, trade, &moved, err));
        resize_protection(audit, index);
        return S1_OK;
    }
    const int32_t exit_side = trade->direction == S1_LONG ? S1_SELL : S1_BUY;
    if (trade->state != S1_BOOK_OPEN || order->side != exit_side ||
        s1_dec_cmp(moved.quantity, trade->quantity) > 0) {
        char found[S1_DEC_TEXT_MAX + 8];
        char expected[S1_DEC_TEXT_MAX + 32];
        char open[S1_DEC_TEXT_MAX];
        const int length = snprintf(found, sizeof found, "%s ", s1_side_name(order->side));
        (void)s1_dec_print(moved.quantity, found + length);
        (void)s1_dec_print(trade->quantity, open);
        (void)snprintf(expected, sizeof expected, "%s, at most the open %s",
                       s1_side_name(exit_side), open);
        return s1_audit_breach(audit, S1_INVARIANT_POSITION, "quantity", found, expected, err);
    }
    S1_TRY(err, leave(audit, trade, &moved, err));
    resize_protection(audit, index);
    return S1_OK;
}

/* --- Positions. --------------------------------------------------------------------------- */

static s1_rc expect_direction(s1_audit *audit, int32_t expected, s1_err *err)
{
    const char *const found = s1_journal_details_text(&audit->details, "direction");
    const char *const wanted = expected == S1_LONG ? "long" : "short";
    return found != NULL && strcmp(found, wanted) == 0
               ? S1_OK
               : s1_audit_breach(audit, S1_INVARIANT_POSITION, "direction",
                                 found != NULL ? found : "nothing", wanted, err);
}

static s1_rc expect_opportunity(s1_audit *audit, const s1_book_trade *trade, s1_err *err)
{
    const s1_uid found = audit->entry->ids[S1_JOURNAL_ID_OPPORTUNITY];
    if (s1_uid_eq(found, trade->opportunity_id.uid)) {
        return S1_OK;
    }
    char found_text[S1_UID_TEXT_MAX];
    char expected[S1_UID_TEXT_MAX];
    (void)s1_uid_print(found, found_text);
    (void)s1_uid_print(trade->opportunity_id.uid, expected);
    return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "opportunity_id", found_text, expected, err);
}

/* At level trades the entry itself opens the position. */
static s1_rc open_by_entry(s1_audit *audit, s1_book_trade *trade, s1_err *err)
{
    const char *const direction = s1_journal_details_text(&audit->details, "direction");
    const movement moved = movement_of(audit, "entry_price", "fee");
    if (!is_sound(&moved)) {
        return s1_audit_breach(audit, S1_INVARIANT_KIND, "details",
                               "a price, quantity or fee that cannot be", "above zero", err);
    }
    trade->direction = direction != NULL && strcmp(direction, "short") == 0 ? S1_SHORT : S1_LONG;
    return enter(audit, trade, &moved, err);
}

s1_rc s1_audit_opened(s1_audit *audit, s1_err *err)
{
    uint32_t index = s1_audit_trade(audit);
    const bool is_full = audit->books.level == S1_JOURNAL_LEVEL_FULL;
    if (!is_full) {
        S1_TRY(err, s1_audit_put_trade(audit, &index, err));
    }
    if (index == S1_UID_TABLE_NONE) {
        return S1_OK;
    }
    s1_book_trade *const trade = &audit->trades[index];
    const audit_fill last = audit->last_fills[index];
    if (trade->state == S1_BOOK_CLOSED || (is_full && trade->state != S1_BOOK_OPEN)) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id",
                               trade->state == S1_BOOK_CLOSED ? "a trade that was closed"
                                                              : "a trade without an entry fill",
                               "a trade whose entry was filled", err);
    }
    if (is_full) {
        S1_TRY(err, expect_direction(audit, trade->direction, err));
        S1_TRY(err,
               s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "entry_price", last.price, err));
        S1_TRY(err,
               s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "quantity", last.quantity, err));
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "fee", last.fee, err));
        S1_TRY(err, s1_audit_expect_now(audit, S1_INVARIANT_POSITION, last.time, err));
    } else {
        S1_TRY(err, open_by_entry(audit, trade, err));
    }
    S1_TRY(err, expect_opportunity(audit, trade, err));
    (void)s1_audit_dec(audit, "stop_loss", &trade->stop_loss);
    (void)s1_audit_dec(audit, "take_profit", &trade->take_profit);
    trade->is_announced = 1;
    return S1_OK;
}

/* At level trades the entry itself makes the position larger, by a fill it tells all of. */
static s1_rc grow_by_entry(s1_audit *audit, s1_book_trade *trade, s1_dec to, s1_err *err)
{
    movement moved = movement_of(audit, "price", "fee");
    S1_TRY(err, s1_dec_sub(to, trade->quantity, &moved.quantity, err));
    if (!s1_audit_dec(audit, "bought", &moved.gross)) {
        moved.gross = moved.quantity;
    }
    return is_sound(&moved) ? enter(audit, trade, &moved, err)
                            : s1_audit_breach(audit, S1_INVARIANT_KIND, "details",
                                              "a larger position without the fill's price",
                                              "price and fee", err);
}

/* At level full: a fill did it, and the entry only says so. */
static s1_rc check_adjusted(s1_audit *audit, const s1_book_trade *trade, const audit_fill *last,
                            s1_err *err)
{
    s1_dec before;
    if (last->is_entry != 0) {
        S1_TRY(err, s1_dec_sub(trade->quantity, last->quantity, &before, err));
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "price", last->price, err));
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "fee", last->fee, err));
    } else {
        S1_TRY(err, s1_dec_add(trade->quantity, last->quantity, &before, err));
    }
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "from", before, err));
    return s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "to", trade->quantity, err);
}

/* Slices of the entry were dropped: what is in is all that was meant. */
static s1_rc adjust_planned(s1_audit *audit, const s1_book_trade *trade, audit_fill *plan,
                            s1_err *err)
{
    if (audit->books.level == S1_JOURNAL_LEVEL_FULL) {
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "from", plan->planned, err));
        plan->planned = trade->entry_quantity;
        plan->slices = 1;
    }
    return s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "to", trade->entry_quantity, err);
}

/* The size of a position was changed. */
static s1_rc adjust_quantity(s1_audit *audit, s1_book_trade *trade, const audit_fill *last,
                             s1_err *err)
{
    s1_dec from = S1_DEC_ZERO;
    s1_dec to = S1_DEC_ZERO;
    (void)s1_audit_dec(audit, "from", &from);
    (void)s1_audit_dec(audit, "to", &to);
    if (audit->books.level == S1_JOURNAL_LEVEL_FULL) {
        return check_adjusted(audit, trade, last, err);
    }
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "from", trade->quantity, err));
    if (s1_dec_cmp(to, trade->quantity) > 0) {
        return grow_by_entry(audit, trade, to, err);
    }
    s1_dec part, gone;
    if (s1_dec_sign(to) <= 0 || s1_dec_cmp(to, trade->quantity) >= 0) {
        return s1_audit_breach(audit, S1_INVARIANT_POSITION, "to", "no smaller position",
                               "a part of what is open", err);
    }
    S1_TRY(err, s1_dec_sub(trade->quantity, to, &gone, err));
    S1_TRY(err, reduce(audit, trade, gone, &part, err));
    trade->unknown_parts++;
    audit->books.unknown_parts++;
    return S1_OK;
}

s1_rc s1_audit_adjusted(s1_audit *audit, s1_err *err)
{
    const uint32_t index = s1_audit_trade(audit);
    if (index == S1_UID_TABLE_NONE) {
        return S1_OK;
    }
    s1_book_trade *const trade = &audit->trades[index];
    if (trade->state != S1_BOOK_OPEN) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id", "a trade that is not open",
                               "an open trade", err);
    }
    const char *const what = s1_journal_details_text(&audit->details, "what");
    if (what != NULL && strcmp(what, "quantity") == 0) {
        return adjust_quantity(audit, trade, &audit->last_fills[index], err);
    }
    if (what != NULL && strcmp(what, "planned_quantity") == 0) {
        return adjust_planned(audit, trade, &audit->last_fills[index], err);
    }
    s1_dec *const level = what != NULL && strcmp(what, "stop_loss") == 0     ? &trade->stop_loss
                          : what != NULL && strcmp(what, "take_profit") == 0 ? &trade->take_profit
                                                                             : NULL;
    if (level == NULL) {
        return S1_OK;
    }
    if (s1_journal_details_at(&audit->details, "from") != NULL) {
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "from", *level, err));
    }
    (void)s1_audit_dec(audit, "to", level);
    return S1_OK;
}

/* At level trades the entry itself ends the position: its sums say what the parts were worth. */
static s1_rc close_by_entry(s1_audit *audit, s1_book_trade *trade, s1_err *err)
{
    s1_books *const books = &audit->books;
    s1_dec part, fees, left_fees, left_cash, bought, cost, money;
    s1_dec pnl = S1_DEC_ZERO;
    s1_dec stated_fees = S1_DEC_ZERO;
    (void)s1_audit_dec(audit, "pnl_gross", &pnl);
    (void)s1_audit_dec(audit, "fees", &stated_fees);
    s1_dec stated_cash = stated_fees;
    (void)s1_audit_dec(audit, "fees_cash", &stated_cash);
    (void)s1_audit_dec(audit, "exit_price", &trade->exit_price);
    S1_TRY(err, s1_dec_sub(trade->entry_quantity, trade->withheld, &bought, err));
    S1_TRY(err, s1_dec_sub(trade->entry_notional, trade->withheld_cost, &cost, err));
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "quantity", bought, err));
    if (!s1_dec_is_zero(trade->quantity)) {
        S1_TRY(err, reduce(audit, trade, trade->quantity, &part, err));
    }
    S1_TRY(err, s1_dec_sub(stated_fees, trade->fees, &left_fees, err));
    S1_TRY(err, s1_dec_sub(stated_cash, trade->fees_cash, &left_cash, err));
    S1_TRY(err, s1_dec_add(books->fees, left_fees, &fees, err));
    /* What came back is what it cost, signed, and the profit. */
    S1_TRY(err, add_signed(&books->cash, s1_direction_sign(trade->direction), cost, err));
    S1_TRY(err, s1_dec_sub(pnl, left_cash, &money, err));
    S1_TRY(err, s1_dec_add(books->elsewhere, left_cash, &books->elsewhere, err));
    S1_TRY(err, s1_dec_sub(books->elsewhere, left_fees, &books->elsewhere, err));
    S1_TRY(err, s1_dec_add(books->cash, money, &books->cash, err));
    S1_TRY(err, s1_dec_add(books->realized_pnl, pnl, &books->realized_pnl, err));
    books->fees = fees;
    books->unknown_parts -= trade->unknown_parts;
    trade->unknown_parts = 0;
    trade->exit_quantity = bought;
    trade->fees = stated_fees;
    trade->fees_cash = stated_cash;
    trade->pnl = pnl;
    trade->exit_time = audit->entry->time;
    return S1_OK;
}

/* A sum that is told only where it is not the plain one. */
static s1_rc expect_sum(s1_audit *audit, const char *name, s1_dec expected, s1_err *err)
{
    return s1_journal_details_at(&audit->details, name) != NULL
               ? s1_audit_expect_dec(audit, S1_INVARIANT_CASH, name, expected, err)
               : S1_OK;
}

/* What a closed trade states of itself. */
static s1_rc check_closed(s1_audit *audit, const s1_book_trade *trade, s1_err *err)
{
    s1_dec net;
    S1_TRY(err, s1_dec_sub(trade->pnl, trade->fees, &net, err));
    S1_TRY(err, s1_dec_sub(net, trade->funding, &net, err));
    S1_TRY(err, s1_dec_sub(net, trade->interest, &net, err));
    S1_TRY(err, expect_sum(audit, "fees_cash", trade->fees_cash, err));
    S1_TRY(err, expect_sum(audit, "funding", trade->funding, err));
    S1_TRY(err, expect_sum(audit, "interest", trade->interest, err));
    S1_TRY(err, expect_opportunity(audit, trade, err));
    S1_TRY(err,
           s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "exit_price", trade->exit_price, err));
    S1_TRY(err, s1_audit_expect_now(audit, S1_INVARIANT_POSITION, trade->exit_time, err));
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "fees", trade->fees, err));
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "pnl_gross", trade->pnl, err));
    return s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "pnl", net, err);
}

static s1_rc remember_closed(s1_audit *audit, uint32_t index, s1_err *err)
{
    s1_book_trade *const trade = &audit->trades[index];
    s1_books *const books = &audit->books;
    const char *const reason = s1_journal_details_text(&audit->details, "closure_reason");
    trade->state = S1_BOOK_CLOSED;
    trade->threat_id.uid = audit->entry->ids[S1_JOURNAL_ID_THREAT];
    trade->closure_reason =
        s1_arena_copy_cstr(&audit->arena, s1_str_of(reason != NULL ? reason : ""));
    if (trade->closure_reason == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a closure reason");
    }
    const bool has_threat = !s1_uid_is_none(trade->threat_id.uid);
    books->closed_by_threat += has_threat ? 1 : 0;
    S1_TRY(err, s1_audit_room(&audit->closed, &audit->closed_room, books->closed_count,
                              sizeof *audit->closed, err));
    audit->closed[books->closed_count++] = index;
    books->closed = audit->closed;
    if (has_threat != (strcmp(trade->closure_reason, "THREAT") == 0)) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "threat_id",
                               has_threat ? "a threat" : "none",
                               "a threat where the closure reason is THREAT, and only there", err);
    }
    return S1_OK;
}

s1_rc s1_audit_closed(s1_audit *audit, s1_err *err)
{
    const uint32_t index = s1_audit_trade(audit);
    if (index == S1_UID_TABLE_NONE) {
        return S1_OK;
    }
    s1_book_trade *const trade = &audit->trades[index];
    if (trade->state != S1_BOOK_OPEN) {
        return s1_audit_breach(
            audit, trade->state == S1_BOOK_CLOSED ? S1_INVARIANT_ONCE : S1_INVARIANT_CAUSE,
            "trade_id",
            trade->state == S1_BOOK_CLOSED ? "a trade that was closed before"
                                           : "a trade that was never open",
            "an open trade", err);
    }
    if (audit->books.level != S1_JOURNAL_LEVEL_FULL) {
        S1_TRY(err, close_by_entry(audit, trade, err));
    } else {
        if (trade->is_announced == 0) {
            S1_TRY(err, s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id",
                                        "a trade without TRADE_OPENED", "one before it ends", err));
        }
        if (!s1_dec_is_zero(trade->quantity)) {
            char open[S1_DEC_TEXT_MAX];
            (void)s1_dec_print(trade->quantity, open);
            return s1_audit_breach(audit, S1_INVARIANT_POSITION, "quantity", open,
                                   "nothing left of the position", err);
        }
        S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "quantity",
                                        trade->exit_quantity, err));
    }
    S1_TRY(err, check_closed(audit, trade, err));
    return remember_closed(audit, index, err);
}

/* --- The end. ----------------------------------------------------------------------------- */

/* Positions whose fills are not zero and no TRADE_CLOSED, or the other way round. */
static s1_rc check_left_open(s1_audit *audit, s1_err *err)
{
    uint64_t left = 0;
    for (uint32_t i = 0; i < audit->books.trade_count; i++) {
        left += audit->trades[i].state == S1_BOOK_OPEN ? 1 : 0;
    }
    return s1_audit_expect_u64(audit, S1_INVARIANT_POSITION, "open_positions", left, err);
}

s1_rc s1_audit_balances(s1_audit *audit, s1_err *err)
{
    s1_books *const books = &audit->books;
    const char *const base = s1_journal_details_text(&audit->details, "base_currency");
    const char *const basis = s1_journal_details_text(&audit->details, "cost_basis");
    s1_dec price = S1_DEC_ZERO;
    s1_dec worth;
    (void)snprintf(audit->base_currency, sizeof audit->base_currency, "%s",
                   base != NULL ? base : "");
    audit->is_fifo = basis != NULL && strcmp(basis, "fifo") == 0;
    (void)s1_audit_dec(audit, "base_balance", &books->base_balance);
    (void)s1_audit_dec(audit, "base_price", &price);
    (void)s1_audit_dec(audit, "fee_balance", &books->fee_balance);
    (void)s1_audit_dec(audit, "fee_price", &audit->fee_price);
    S1_TRY(err, s1_dec_mul(books->base_balance, price, S1_ROUND_HALF_EVEN, &books->elsewhere, err));
    S1_TRY(err, s1_dec_mul(books->fee_balance, audit->fee_price, S1_ROUND_HALF_EVEN, &worth, err));
    S1_TRY(err, s1_dec_add(books->elsewhere, worth, &books->elsewhere, err));
    return s1_dec_sub(books->initial_capital, books->elsewhere, &books->cash, err);
}

s1_rc s1_audit_carried(s1_audit *audit, s1_err *err)
{
    const uint32_t index = s1_audit_trade(audit);
    s1_books *const books = &audit->books;
    if (index == S1_UID_TABLE_NONE) {
        return S1_OK;
    }
    s1_book_trade *const trade = &audit->trades[index];
    if (trade->state != S1_BOOK_OPEN) {
        return s1_audit_breach(audit, S1_INVARIANT_CAUSE, "trade_id", "a trade that is not open",
                               "an open trade", err);
    }
    const bool is_funding = audit->entry->kind == S1_JOURNAL_FUNDING_PAID;
    s1_dec *const of_trade = is_funding ? &trade->funding : &trade->interest;
    s1_dec *const of_run = is_funding ? &books->funding : &books->interest;
    s1_dec amount = S1_DEC_ZERO;
    (void)s1_audit_dec(audit, "amount", &amount);
    S1_TRY(err,
           s1_audit_expect_dec(audit, S1_INVARIANT_POSITION, "quantity", trade->quantity, err));
    S1_TRY(err, s1_dec_add(*of_trade, amount, of_trade, err));
    S1_TRY(err, s1_dec_add(*of_run, amount, of_run, err));
    return s1_dec_sub(books->cash, amount, &books->cash, err);
}

/* Cash and all that stands for it, against what came in. */
static s1_rc check_conserved(s1_audit *audit, s1_err *err)
{
    const s1_books *const books = &audit->books;
    s1_dec left, right;
    S1_TRY(err, s1_dec_add(books->cash, books->open_cost, &left, err));
    S1_TRY(err, s1_dec_add(left, books->elsewhere, &left, err));
    S1_TRY(err, s1_dec_add(books->initial_capital, books->realized_pnl, &right, err));
    S1_TRY(err, s1_dec_sub(right, books->fees, &right, err));
    S1_TRY(err, s1_dec_sub(right, books->funding, &right, err));
    S1_TRY(err, s1_dec_sub(right, books->interest, &right, err));
    if (s1_dec_eq(left, right)) {
        return S1_OK;
    }
    char found[S1_DEC_TEXT_MAX];
    char expected[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(left, found);
    (void)s1_dec_print(right, expected);
    return s1_audit_breach(audit, S1_INVARIANT_CASH, "cash + open cost", found, expected, err);
}

s1_rc s1_audit_finished(s1_audit *audit, s1_err *err)
{
    s1_books *const books = &audit->books;
    const bool is_full = books->level == S1_JOURNAL_LEVEL_FULL;
    books->has_finished = 1;
    (void)s1_audit_dec(audit, "final_equity", &books->final_equity);
    S1_TRY(err, check_left_open(audit, err));
    S1_TRY(err,
           s1_audit_expect_u64(audit, S1_INVARIANT_REPLAY, "trades", books->closed_count, err));
    if (is_full) {
        S1_TRY(err, s1_audit_expect_u64(audit, S1_INVARIANT_REPLAY, "opportunities",
                                        books->opportunities, err));
        S1_TRY(err,
               s1_audit_expect_u64(audit, S1_INVARIANT_REPLAY, "approved", books->approved, err));
        S1_TRY(err,
               s1_audit_expect_u64(audit, S1_INVARIANT_REPLAY, "rejected", books->rejected, err));
        S1_TRY(err,
               s1_audit_expect_u64(audit, S1_INVARIANT_REPLAY, "threats", books->threats, err));
    }
    if (books->unknown_parts > 0) {
        return S1_OK; /* money left at prices this level does not keep */
    }
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "final_cash", books->cash, err));
    S1_TRY(err, s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "fees", books->fees, err));
    S1_TRY(err,
           s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "realized_pnl", books->realized_pnl, err));
    S1_TRY(err, check_conserved(audit, err));
    S1_TRY(err, expect_sum(audit, "funding", books->funding, err));
    S1_TRY(err, expect_sum(audit, "interest", books->interest, err));
    if (is_full) {
        S1_TRY(err, expect_sum(audit, "base_balance", books->base_balance, err));
        S1_TRY(err, expect_sum(audit, "fee_balance", books->fee_balance, err));
    }
    return books->open_positions == 0 && s1_dec_is_zero(books->elsewhere)
               ? s1_audit_expect_dec(audit, S1_INVARIANT_CASH, "final_equity", books->cash, err)
               : S1_OK;
}
