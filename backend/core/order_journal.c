#include "backend/core/order_journal_internal.h"
#include "backend/dtos/execution/fees.h"
#include "backend/utils/assert.h"
#include "backend/utils/uid.h"

static int32_t kind_of(int32_t state)
{
    static const int32_t kinds[] = {
        [S1_ORDER_DENIED] = S1_JOURNAL_ORDER_DENIED,
        [S1_ORDER_SUBMITTED] = S1_JOURNAL_ORDER_SUBMITTED,
        [S1_ORDER_ACCEPTED] = S1_JOURNAL_ORDER_ACCEPTED,
        [S1_ORDER_REJECTED] = S1_JOURNAL_ORDER_REJECTED,
        [S1_ORDER_TRIGGERED] = S1_JOURNAL_ORDER_TRIGGERED,
        [S1_ORDER_CANCELED] = S1_JOURNAL_ORDER_CANCELED,
        [S1_ORDER_EXPIRED] = S1_JOURNAL_ORDER_EXPIRED,
    };
    S1_ASSERT(state > 0 && (size_t)state < sizeof kinds / sizeof kinds[0] && kinds[state] != 0);
    return kinds[state];
}

/* Opens an order's entry up to and with its ids. */
static s1_tape *begin_ids(s1_journal *journal, int32_t kind, const s1_order *order, s1_str worker,
                          s1_nanos time)
{
    s1_tape *const w = s1_journal_begin(journal, kind, time);
    if (worker.len > 0) {
        s1_journal_worker(journal, worker);
    }
    s1_journal_id_trade(journal, order->trade_id);
    s1_journal_id_order(journal, order->order_id);
    return w;
}

/* The same with the members that tell what order it is. */
static s1_tape *begin_order(s1_journal *journal, int32_t kind, const s1_order *order, s1_str worker,
                            s1_nanos time)
{
    s1_tape *const w = begin_ids(journal, kind, order, worker, time);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "side");
    s1_tape_name(w, s1_side_name(order->side));
    s1_tape_key_lit(w, "order_type");
    s1_tape_name(w, s1_order_name(order));
    s1_tape_key_lit(w, "role");
    s1_tape_name(w, s1_order_role_name(order->role));
    return w;
}

static void write_trail(s1_tape *w, const s1_order *order)
{
    if (!s1_dec_is_zero(order->trail_amount)) {
        s1_tape_key_lit(w, "trail_amount");
        s1_tape_dec(w, order->trail_amount);
    } else {
        s1_tape_key_lit(w, "trail_percent");
        s1_tape_dec(w, order->trail_percent);
    }
    if (!s1_dec_is_zero(order->trail_activation)) {
        s1_tape_key_lit(w, "trail_activation");
        s1_tape_dec(w, order->trail_activation);
    }
}

s1_rc s1_order_journal_state(s1_journal *journal, const s1_order *order, s1_str worker,
                             s1_str reason, s1_nanos time, s1_err *err)
{
    const int32_t kind = kind_of(order->state);
    if (!s1_journal_enabled(journal, kind)) {
        return S1_OK;
    }
    if (order->state == S1_ORDER_ACCEPTED && reason.len == 0) {
        (void)begin_ids(journal, kind, order, worker, time); /* its submission told the rest */
        return s1_journal_end(journal, err);
    }
    s1_tape *const w = begin_order(journal, kind, order, worker, time);
    if (order->state == S1_ORDER_SUBMITTED) {
        s1_tape_key_lit(w, "quantity");
        s1_tape_dec(w, order->quantity);
        if (order->type != S1_ORDER_MARKET) {
            if (order->type == S1_ORDER_LIMIT) {
                s1_tape_key_lit(w, "limit");
            } else {
                s1_tape_key_lit(w, "trigger");
            }
            s1_tape_dec(w, order->price);
        }
        if (!s1_dec_is_zero(order->limit)) {
            s1_tape_key_lit(w, "limit");
            s1_tape_dec(w, order->limit);
        }
        if (!s1_dec_is_zero(order->cash_fraction)) {
            s1_tape_key_lit(w, "cash_fraction");
            s1_tape_dec(w, order->cash_fraction);
        }
        if (!s1_dec_is_zero(order->display)) {
            s1_tape_key_lit(w, "display_quantity");
            s1_tape_dec(w, order->display);
        }
        if (s1_order_trails(order)) {
            write_trail(w, order);
        }
        if (order->expires_at != 0) {
            s1_tape_key_lit(w, "expires_at");
            s1_tape_time(w, order->expires_at);
        }
    }
    if (reason.len > 0) {
        s1_tape_key_lit(w, "reason");
        s1_tape_str(w, reason);
    }
    return s1_journal_end(journal, err);
}

/* Of a fee that is not paid in quote: what it is paid in. */
static void write_fee(s1_tape *w, const s1_fill *fill, const char *whole)
{
    if (fill->fee_in != S1_FEE_QUOTE) {
        s1_tape_key_lit(w, "fee_currency");
        s1_tape_str(w, fill->fee_currency);
        s1_tape_key_lit(w, "fee_amount");
        s1_tape_dec(w, fill->fee_amount);
    }
    if (!s1_dec_is_zero(fill->withheld)) {
        s1_tape_key(w, s1_str_of(whole));
        s1_tape_dec(w, whole[0] == 'b' ? fill->quantity : fill->withheld);
    }
}

s1_rc s1_order_journal_fill(s1_journal *journal, const s1_order *order, const s1_fill *fill,
                            s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_ORDER_FILLED)) {
        return S1_OK;
    }
    s1_tape *const w = begin_ids(journal, S1_JOURNAL_ORDER_FILLED, order, S1_STR(""), fill->time);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "side"); /* its submission told the rest */
    s1_tape_name(w, s1_side_name(order->side));
    s1_tape_key_lit(w, "price");
    s1_tape_dec(w, fill->price);
    s1_tape_key_lit(w, "quantity");
    s1_tape_dec(w, fill->quantity);
    s1_tape_key_lit(w, "fee");
    s1_tape_dec(w, fill->fee);
    write_fee(w, fill, "withheld");
    if (fill->is_fee_fallback) {
        s1_tape_key_lit(w, "fee_fallback");
        s1_tape_bool(w, true);
    }
    s1_tape_key_lit(w, "liquidity");
    s1_tape_name(w, fill->is_maker ? "maker" : "taker");
    s1_tape_key_lit(w, "rule");
    s1_tape_name(w, s1_fill_rule_name(fill->rule));
    if (order->state == S1_ORDER_PARTIALLY_FILLED) {
        s1_tape_key_lit(w, "remaining");
        s1_tape_dec(w, s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled)));
    }
    return s1_journal_end(journal, err);
}

s1_rc s1_order_journal_amended(s1_journal *journal, const s1_order *order, s1_dec quantity,
                               s1_str worker, s1_str reason, s1_nanos time, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_ORDER_AMENDED)) {
        return S1_OK;
    }
    s1_tape *const w = begin_ids(journal, S1_JOURNAL_ORDER_AMENDED, order, worker, time);
    const s1_dec limit = order->type == S1_ORDER_LIMIT ? order->price : order->limit;
    s1_journal_details(journal);
    if (!s1_dec_is_zero(limit)) {
        s1_tape_key_lit(w, "limit");
        s1_tape_dec(w, limit);
    }
    if (order->type != S1_ORDER_LIMIT) {
        s1_tape_key_lit(w, "trigger");
        s1_tape_dec(w, order->price);
    }
    if (!s1_dec_is_zero(quantity)) {
        s1_tape_key_lit(w, "quantity");
        s1_tape_dec(w, quantity);
    }
    s1_tape_key_lit(w, "reason");
    s1_tape_str(w, reason);
    return s1_journal_end(journal, err);
}

static void write_direction(s1_tape *w, int32_t direction)
{
    s1_tape_key_lit(w, "direction");
    s1_tape_name(w, direction == S1_LONG ? "long" : "short");
}

s1_rc s1_order_journal_opened(s1_journal *journal, const s1_plan *plan, const s1_fill *fill,
                              s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_TRADE_OPENED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_TRADE_OPENED, fill->time);
    s1_journal_id_opportunity(journal, plan->opportunity_id);
    s1_journal_id_trade(journal, plan->trade_id);
    s1_journal_details(journal);
    write_direction(w, plan->direction);
    s1_tape_key_lit(w, "entry_price");
    s1_tape_dec(w, fill->price);
    s1_tape_key_lit(w, "quantity");
    s1_tape_dec(w, s1_dec_of_raw(s1_dec_raw(fill->quantity) - s1_dec_raw(fill->withheld)));
    s1_tape_key_lit(w, "fee");
    s1_tape_dec(w, fill->fee);
    write_fee(w, fill, "bought");
    if (!s1_dec_is_zero(plan->stop_loss)) {
        s1_tape_key_lit(w, "stop_loss");
        s1_tape_dec(w, plan->stop_loss);
    }
    if (!s1_dec_is_zero(plan->take_profit)) {
        s1_tape_key_lit(w, "take_profit");
        s1_tape_dec(w, plan->take_profit);
    }
    return s1_journal_end(journal, err);
}

/* Opens a POSITION_ADJUSTED up to and with what changed. */
static s1_tape *begin_adjusted(s1_journal *journal, s1_trade_id trade_id, s1_str what, s1_dec from,
                               s1_dec to, s1_str worker, s1_nanos time)
{
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_POSITION_ADJUSTED, time);
    if (worker.len > 0) {
        s1_journal_worker(journal, worker);
    }
    s1_journal_id_trade(journal, trade_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "what");
    s1_tape_str(w, what);
    s1_tape_key_lit(w, "from");
    s1_tape_dec(w, from);
    s1_tape_key_lit(w, "to");
    s1_tape_dec(w, to);
    return w;
}

s1_rc s1_order_journal_adjusted(s1_journal *journal, s1_trade_id trade_id, s1_str what, s1_dec from,
                                s1_dec to, s1_str worker, s1_nanos time, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_POSITION_ADJUSTED)) {
        return S1_OK;
    }
    (void)begin_adjusted(journal, trade_id, what, from, to, worker, time);
    return s1_journal_end(journal, err);
}

s1_rc s1_order_journal_grown(s1_journal *journal, s1_trade_id trade_id, s1_dec grown,
                             const s1_fill *fill, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_POSITION_ADJUSTED)) {
        return S1_OK;
    }
    s1_dec before;
    S1_TRY(err, s1_dec_sub(grown, fill->quantity, &before, err));
    S1_TRY(err, s1_dec_add(before, fill->withheld, &before, err));
    s1_tape *const w = begin_adjusted(journal, trade_id, S1_STR("quantity"), before, grown,
                                      S1_STR(""), fill->time);
    s1_tape_key_lit(w, "price");
    s1_tape_dec(w, fill->price);
    s1_tape_key_lit(w, "fee");
    s1_tape_dec(w, fill->fee);
    write_fee(w, fill, "bought");
    return s1_journal_end(journal, err);
}

s1_rc s1_order_journal_carried(s1_journal *journal, s1_trade_id trade_id, int32_t kind,
                               const s1_journal_carried *carried, s1_nanos time, s1_err *err)
{
    if (!s1_journal_enabled(journal, kind)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, kind, time);
    s1_journal_id_trade(journal, trade_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "amount");
    s1_tape_dec(w, carried->amount);
    s1_tape_key_lit(w, "rate");
    s1_tape_dec(w, carried->rate);
    s1_tape_key_lit(w, "price");
    s1_tape_dec(w, carried->price);
    s1_tape_key_lit(w, "quantity");
    s1_tape_dec(w, carried->quantity);
    return s1_journal_end(journal, err);
}

s1_rc s1_order_journal_planned(s1_journal *journal, s1_trade_id trade_id, s1_dec from, s1_dec to,
                               s1_str reason, s1_nanos time, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_POSITION_ADJUSTED)) {
        return S1_OK;
    }
    s1_tape *const w =
        begin_adjusted(journal, trade_id, S1_STR("planned_quantity"), from, to, S1_STR(""), time);
    s1_tape_key_lit(w, "reason");
    s1_tape_str(w, reason);
    return s1_journal_end(journal, err);
}

s1_rc s1_order_journal_closed(s1_journal *journal, const s1_trade_record *record,
                              s1_opportunity_id closing, const s1_trade_money *money, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_TRADE_CLOSED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_TRADE_CLOSED, record->exit_time);
    s1_journal_id_opportunity(journal, record->opportunity_id);
    s1_journal_id_trade(journal, record->trade_id);
    s1_journal_id_threat(journal, record->threat_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "closure_reason");
    s1_tape_str(w, record->closure_reason);
    if (!s1_uid_is_none(closing.uid)) {
        s1_tape_key_lit(w, "closing_opportunity_id");
        s1_tape_uid(w, closing.uid);
    }
    s1_tape_key_lit(w, "exit_price");
    s1_tape_dec(w, record->exit_price);
    s1_tape_key_lit(w, "quantity");
    s1_tape_dec(w, record->quantity);
    s1_tape_key_lit(w, "fees");
    s1_tape_dec(w, record->fees);
    if (!s1_dec_eq(record->fees, money->fees_cash)) {
        s1_tape_key_lit(w, "fees_cash");
        s1_tape_dec(w, money->fees_cash);
    }
    if (!s1_dec_is_zero(money->funding)) {
        s1_tape_key_lit(w, "funding");
        s1_tape_dec(w, money->funding);
    }
    if (!s1_dec_is_zero(money->interest)) {
        s1_tape_key_lit(w, "interest");
        s1_tape_dec(w, money->interest);
    }
    s1_tape_key_lit(w, "pnl");
    s1_tape_dec(w, record->pnl);
    s1_tape_key_lit(w, "pnl_gross");
    s1_tape_dec(w, money->pnl_gross);
    return s1_journal_end(journal, err);
}

s1_rc s1_order_journal_venue_refusal(s1_journal *journal, const s1_plan *plan, s1_str code,
                                     s1_nanos time, s1_err *err)
{
    if (!s1_journal_enabled(journal, S1_JOURNAL_OPPORTUNITY_REJECTED)) {
        return S1_OK;
    }
    s1_tape *const w = s1_journal_begin(journal, S1_JOURNAL_OPPORTUNITY_REJECTED, time);
    s1_journal_id_opportunity(journal, plan->opportunity_id);
    s1_journal_id_trade(journal, plan->trade_id);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "stage");
    s1_tape_name(w, "venue");
    s1_tape_key_lit(w, "rejection_reason");
    s1_tape_object(w);
    s1_tape_key_lit(w, "code");
    s1_tape_str(w, code);
    s1_tape_object_end(w);
    return s1_journal_end(journal, err);
}
