/* backend/core/order_manager.h - trades from directive to close: orders out, fills in, books kept.
 *
 * Stands between the ExecutionWorkers and the environment. It turns an approved plan into an entry
 * order, a fill into ledger and journal entries and into the protective orders of the plan, and the
 * end of a trade into a trade record. Every order has a trade, every trade an opportunity: no order
 * without a cause. The order intent is in the journal before the environment hears of it.
 *
 * One manager belongs to one run and one thread. Nothing here allocates after _new.
 */
#ifndef S1_BACKEND_CORE_ORDER_MANAGER_H
#define S1_BACKEND_CORE_ORDER_MANAGER_H

#include "backend/core/interfaces/environment.h"
#include "backend/core/journal.h"
#include "backend/core/strategy_ledger.h"
#include "backend/dtos/execution/fees.h"
#include "backend/dtos/results/trade_record.h"
#include "backend/utils/ids.h"

typedef struct s1_order_manager s1_order_manager;

typedef struct s1_order_manager_options {
    s1_ledger *ledger;
    s1_journal *journal;
    const s1_id_source *ids;
    const s1_instrument *instrument;
    uint32_t trades_max;    /* pending and open at the same time */
    bool checks_invariants; /* s1_ledger_check after every change */
    s1_fee_book *fees;      /* that the environment charges by; NULL: plain */
} s1_order_manager_options;

/* Fields the inline half needs; do not touch. */
struct s1_order_manager_head {
    s1_nanos next_slice; /* of all trades, the earliest; INT64_MAX: none */
};

/* Everything in `options` is borrowed and outlives the manager. */
S1_WARN_UNUSED s1_rc s1_order_manager_new(const s1_order_manager_options *options,
                                          s1_order_manager **ret_manager, s1_err *err);
void s1_order_manager_free(s1_order_manager *manager); /* accepts NULL */

/* What the environment is to be made with, and the environment itself, once it exists. */
s1_order_listener s1_order_manager_listener(s1_order_manager *manager);
void s1_order_manager_connect(s1_order_manager *manager, const s1_environment *environment);

/* Tells the time: decisions from here on carry it. `row` is the row of the run series. */
void s1_order_manager_begin_tick(s1_order_manager *manager, s1_nanos now, uint64_t row);

/* Why a position ended that the account could not hold any more (closure_reason). */
#define S1_CLOSED_LIQUIDATION "LIQUIDATION"

/* Why the platform itself stops an entry order (reason of ORDER_DENIED). */
#define S1_DENIED_STORAGE_LOW "STORAGE_LOW" /* the journal is low (s1_journal_is_low) */

/* Sends the entry order of an approved plan. While the journal is low none is sent: the order ends
 * as ORDER_DENIED in the journal, which is no error, and nothing is held for it; stops, cancels and
 * closes go out as ever.
 *
 * A plan of several slices is entered by as many orders of its trade: the first now, one every
 * slice_interval after it, equal but for the last, which takes what is over. What fills later joins
 * the position. Cash is held for what is still to come; an end of the entry (cancelled, refused,
 * expired) or of the position is the end of the slices that were not sent. Errors: S1_E_EXISTS if
 * the trade is known, S1_E_NO_MEMORY at trades_max, S1_E_STORAGE once the journal failed. */
S1_WARN_UNUSED s1_rc s1_order_manager_submit(s1_order_manager *manager, const s1_plan *directive,
                                             s1_str worker, s1_err *err);

/* Moves the protective stop closer. S1_E_NOT_FOUND, S1_E_INVALID if it would widen the risk or is
 * not a multiple of the tick. */
S1_WARN_UNUSED s1_rc s1_order_manager_modify_stop(s1_order_manager *manager, s1_trade_id trade_id,
                                                  s1_dec price, s1_str worker, s1_err *err);

/* Closes a position, or part of it, at market. Closing twice is no error and no second order. */
S1_WARN_UNUSED s1_rc s1_order_manager_close(s1_order_manager *manager, s1_trade_id trade_id,
                                            const s1_close_request *request, s1_str worker,
                                            s1_err *err);

/* Sends the slices whose time has come, at the end of a tick; of each trade at most one, and none
 * while another of its entry orders works. Errors as of _submit. */
S1_WARN_UNUSED s1_rc s1_order_manager_send_slices(s1_order_manager *manager, s1_err *err);

/* Would it send any at `now`? Nanoseconds. */
static inline bool s1_order_manager_has_due(const s1_order_manager *manager, s1_nanos now)
{
    return now >= ((const struct s1_order_manager_head *)(const void *)manager)->next_slice;
}

/* The quantity of all slices of an entry but the last, which takes what is over: the largest
 * multiple of the lot of which `slices` fit, so that it may be zero. Errors: S1_E_RANGE. */
S1_WARN_UNUSED s1_rc s1_order_manager_slice(const s1_instrument *instrument, s1_dec quantity,
                                            uint32_t slices, s1_dec *ret_slice, s1_err *err);

/* Cancels what works of a trade's entry, and its slices to come. S1_E_NOT_FOUND where there is
 * neither. */
S1_WARN_UNUSED s1_rc s1_order_manager_cancel_entry(s1_order_manager *manager, s1_trade_id trade_id,
                                                   s1_str reason, s1_err *err);

/* The plan of a trade whose entry works, as it would be with `change`, for the gate; its quantity
 * is what of it is not filled yet. *ret_held is what is held for it now. S1_E_NOT_FOUND where no
 * entry order works; S1_E_INVALID for a change of nothing, of what the order does not have, of
 * prices that are no positive multiple of the tick, or of a quantity that is no multiple of the lot
 * or not more than is filled. */
S1_WARN_UNUSED s1_rc s1_order_manager_changed_plan(const s1_order_manager *manager,
                                                   s1_trade_id trade_id,
                                                   const s1_entry_change *change, s1_plan *ret_plan,
                                                   s1_dec *ret_held, s1_err *err);

/* Changes the working entry order of a trade (docs/matching.md): ORDER_AMENDED once the venue did
 * it. What is held follows; the larger of the two until then. `worker` outlives the trade. Errors:
 * as of _changed_plan, and a reason of more than 47 characters. */
S1_WARN_UNUSED s1_rc s1_order_manager_amend_entry(s1_order_manager *manager, s1_trade_id trade_id,
                                                  const s1_entry_change *change, s1_str worker,
                                                  s1_err *err);

/* Cancels every working entry order, and the slices that were to follow. */
S1_WARN_UNUSED s1_rc s1_order_manager_cancel_entries(s1_order_manager *manager, s1_str reason,
                                                     s1_err *err);

/* Funding or interest of an open position. */
typedef struct s1_carried {
    s1_trade_id trade_id;
    int32_t kind;  /* enum s1_ledger_carry */
    s1_dec amount; /* paid; below zero: received */
    s1_dec rate, price;
    s1_nanos time;
} s1_carried;

/* Pays it: ledger, trade and journal. Errors: S1_E_RANGE, those of the journal. */
S1_WARN_UNUSED s1_rc s1_order_manager_carry(s1_order_manager *manager, const s1_carried *carried,
                                            s1_err *err);

/* The venue closes every position at a price, as a taker, and cancels what would enter. */
S1_WARN_UNUSED s1_rc s1_order_manager_liquidate(s1_order_manager *manager, s1_dec price,
                                                s1_nanos time, s1_err *err);

/* What a market order for this quantity at this price would hold of the cash, fee included; with
 * margin, its margin. */
S1_WARN_UNUSED s1_rc s1_order_manager_cost(const s1_order_manager *manager, s1_dec price,
                                           s1_dec quantity, s1_dec *ret_cost, s1_err *err);

enum s1_ledger_change {
    S1_LEDGER_CHANGED = 1u << 0,
    S1_LEDGER_OPENED = 1u << 1,
    S1_LEDGER_CLOSED = 1u << 2
};

/* What changed since the last call (enum s1_ledger_change), and forgets it. */
uint32_t s1_order_manager_take_changes(s1_order_manager *manager);

/* A fill whose price a bar could not decide. */
typedef struct s1_ambiguous_fill {
    s1_nanos time;
    s1_trade_id trade_id;
    int32_t rule; /* enum s1_fill_rule */
    int32_t reserved;
} s1_ambiguous_fill;

#define S1_AMBIGUOUS_KEPT_MAX 1000u

typedef struct s1_order_counts {
    uint64_t orders, fills, venue_refusals;
    uint64_t denied;                /* by the platform; not in orders */
    uint64_t ambiguous;             /* fills */
    const s1_ambiguous_fill *first; /* the first S1_AMBIGUOUS_KEPT_MAX of them; borrowed */
} s1_order_counts;

/* What happened so far. */
s1_order_counts s1_order_manager_counts(const s1_order_manager *manager);

/* Closed trades in order of their exit. Borrowed until the next close. */
const s1_trade_record *s1_order_manager_trades(const s1_order_manager *manager, size_t *ret_count);

#endif /* S1_BACKEND_CORE_ORDER_MANAGER_H */
