/* backend/core/order_manager_internal.h - shared by the parts of the order manager.
 *
 * order_manager.c sends, changes and cancels orders, order_fills.c hears what became of them.
 * Nobody else includes this.
 */
#ifndef S1_BACKEND_CORE_ORDER_MANAGER_INTERNAL_H
#define S1_BACKEND_CORE_ORDER_MANAGER_INTERNAL_H

#include "backend/core/order_journal_internal.h"
#include "backend/core/order_manager.h"

#define REASONS_MAX     64u
#define REASON_TEXT_MAX 48u
#define RECORDS_MAX     (16u * 1024u * 1024u) /* address space only; pages are touched as needed */

/* A trade from its directive to its last fill. */
typedef struct s1_open_trade {
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
} s1_open_trade;

struct s1_order_manager {
    struct s1_order_manager_head head; /* first: the inline half reads it */
    s1_order_manager_options options;
    s1_environment environment;
    s1_nanos now;
    uint64_t row;
    uint32_t changes;      /* enum s1_ledger_change */
    s1_open_trade *trades; /* oldest first */
    uint32_t trade_count;
    s1_trade_record *records; /* reserved address space */
    size_t record_count;
    char reasons[REASONS_MAX][REASON_TEXT_MAX];
    uint32_t reason_count;
    s1_order_counts counts;
    s1_ambiguous_fill ambiguous[S1_AMBIGUOUS_KEPT_MAX];
};

/* The trade, or NULL. Borrowed until one is forgotten. */
s1_open_trade *s1_orders_find(const s1_order_manager *manager, s1_trade_id trade_id);

/* The slices to come do not come. */
void s1_orders_drop_slices(s1_order_manager *manager, s1_open_trade *trade);

/* The trade is over; its place is taken by the next. */
void s1_orders_forget(s1_order_manager *manager, s1_open_trade *trade);

/* s1_ledger_check where the options ask for it. */
S1_WARN_UNUSED s1_rc s1_orders_check(s1_order_manager *manager, s1_err *err);

/* What of the plan did not fill yet. */
s1_dec s1_orders_unfilled(const s1_open_trade *trade);

/* Gives back what is held beyond `kept`. */
void s1_orders_hold_only(s1_order_manager *manager, s1_open_trade *trade, s1_dec kept);

/* The entry waits no longer for its first fill. */
void s1_orders_leave_pending(s1_order_manager *manager, s1_open_trade *trade);

/* No more of the entry comes; what is in stays. Slices that were not sent are told of in the
 * journal: no order of theirs ends there. */
S1_WARN_UNUSED s1_rc s1_orders_end_entry(s1_order_manager *manager, s1_open_trade *trade,
                                         s1_str reason, s1_nanos time, s1_err *err);

/* Journals the intent, then tells the environment. The trade knows the order from here on: with
 * latency it is on its way for a while. */
S1_WARN_UNUSED s1_rc s1_orders_send(s1_order_manager *manager, s1_open_trade *trade,
                                    s1_order *order, s1_str worker, s1_err *err);

/* The price an entry is paid at, as far as one knows. */
s1_dec s1_orders_reserve_price(const s1_plan *plan);

/* The side of an order that ends the trade: enum s1_side. */
int32_t s1_orders_exit_side(const s1_open_trade *trade);

/* Submits or moves the protective order of a role so that it covers the whole position. */
S1_WARN_UNUSED s1_rc s1_orders_protect(s1_order_manager *manager, s1_open_trade *trade,
                                       int32_t role, s1_nanos time, s1_err *err);

#endif /* S1_BACKEND_CORE_ORDER_MANAGER_INTERNAL_H */
