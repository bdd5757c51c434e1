/* backend/core/order_journal_internal.h - what happened to orders and trades, as journal entries.
 *
 * For order_manager.c alone. Each asks the journal whether the kind is kept first.
 */
#ifndef S1_BACKEND_CORE_ORDER_JOURNAL_INTERNAL_H
#define S1_BACKEND_CORE_ORDER_JOURNAL_INTERNAL_H

#include "backend/core/journal.h"
#include "backend/dtos/execution/order.h"
#include "backend/dtos/results/trade_record.h"

/* ORDER_<state> for any state but FILLED. */
S1_WARN_UNUSED s1_rc s1_order_journal_state(s1_journal *journal, const s1_order *order,
                                            s1_str worker, s1_str reason, s1_nanos time,
                                            s1_err *err);

/* ORDER_AMENDED: what an entry's prices are now, and its quantity unless zero. */
S1_WARN_UNUSED s1_rc s1_order_journal_amended(s1_journal *journal, const s1_order *order,
                                              s1_dec quantity, s1_str worker, s1_str reason,
                                              s1_nanos time, s1_err *err);

/* ORDER_FILLED. */
S1_WARN_UNUSED s1_rc s1_order_journal_fill(s1_journal *journal, const s1_order *order,
                                           const s1_fill *fill, s1_err *err);

/* What came of a trade beside its record: all in quote. */
typedef struct s1_trade_money {
    s1_dec pnl_gross;
    s1_dec fees_cash; /* of its fees, what was paid in quote */
    s1_dec funding, interest;
} s1_trade_money;

/* What was paid to hold a position. */
typedef struct s1_journal_carried {
    s1_dec amount, rate, price, quantity;
} s1_journal_carried;

/* FUNDING_PAID or INTEREST_PAID. */
S1_WARN_UNUSED s1_rc s1_order_journal_carried(s1_journal *journal, s1_trade_id trade_id,
                                              int32_t kind, const s1_journal_carried *carried,
                                              s1_nanos time, s1_err *err);

/* TRADE_OPENED. */
S1_WARN_UNUSED s1_rc s1_order_journal_opened(s1_journal *journal, const s1_plan *plan,
                                             const s1_fill *fill, s1_err *err);

/* POSITION_ADJUSTED. */
S1_WARN_UNUSED s1_rc s1_order_journal_adjusted(s1_journal *journal, s1_trade_id trade_id,
                                               s1_str what, s1_dec from, s1_dec to, s1_str worker,
                                               s1_nanos time, s1_err *err);

/* POSITION_ADJUSTED, quantity: a later fill of the entry made it `grown`, at the fill's price. */
S1_WARN_UNUSED s1_rc s1_order_journal_grown(s1_journal *journal, s1_trade_id trade_id, s1_dec grown,
                                            const s1_fill *fill, s1_err *err);

/* POSITION_ADJUSTED, planned_quantity: slices of the entry will not be sent. */
S1_WARN_UNUSED s1_rc s1_order_journal_planned(s1_journal *journal, s1_trade_id trade_id,
                                              s1_dec from, s1_dec to, s1_str reason, s1_nanos time,
                                              s1_err *err);

/* TRADE_CLOSED; `pnl_gross` before fees, `closing` zero unless a signal asked for it. */
S1_WARN_UNUSED s1_rc s1_order_journal_closed(s1_journal *journal, const s1_trade_record *record,
                                             s1_opportunity_id closing, const s1_trade_money *money,
                                             s1_err *err);

/* OPPORTUNITY_REJECTED, stage venue: the venue refused the entry of an approved plan. */
S1_WARN_UNUSED s1_rc s1_order_journal_venue_refusal(s1_journal *journal, const s1_plan *plan,
                                                    s1_str code, s1_nanos time, s1_err *err);

#endif /* S1_BACKEND_CORE_ORDER_JOURNAL_INTERNAL_H */
