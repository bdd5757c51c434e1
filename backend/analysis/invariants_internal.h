/* backend/analysis/invariants_internal.h - the audit's parts; this folder only. */
#ifndef S1_BACKEND_ANALYSIS_INVARIANTS_INTERNAL_H
#define S1_BACKEND_ANALYSIS_INVARIANTS_INTERNAL_H

#include "backend/analysis/invariants.h"
#include "backend/analysis/uid_table.h"
#include "backend/dtos/execution/order.h"
#include "backend/utils/arena.h"

typedef struct audit_opportunity {
    uint64_t line;
    uint32_t approved, rejected, venue; /* verdicts */
} audit_opportunity;

typedef struct audit_order {
    uint32_t trade; /* number */
    int32_t side, role, state;
    uint64_t line;
    s1_dec quantity, filled;
    s1_nanos expires_at;   /* 0: never */
    bool is_sized_at_fill; /* cash_fraction: its fill says what its quantity was */
} audit_order;

/* What the last fill of a trade was: TRADE_OPENED, POSITION_ADJUSTED and TRADE_CLOSED must agree
 * with it. And what its plan lets enter. */
typedef struct audit_fill {
    s1_dec price, quantity, fee; /* quantity: what joined or left the position */
    s1_nanos time;
    uint32_t stop_order, target_order; /* numbers of the working ones; S1_UID_TABLE_NONE */
    uint32_t is_entry;
    uint32_t entries;             /* entry orders so far */
    int64_t slices;               /* entry orders of the plan; 0: not known */
    s1_dec planned;               /* quantity of the plan */
    s1_dec ordered;               /* sum of the entry orders */
    uint32_t first_lot, last_lot; /* first in, first out: numbers from 1 */
} audit_fill;

/* First in, first out: what a position bought at a price and still has. */
typedef struct audit_lot {
    s1_dec price, quantity;
    uint32_t next; /* 0: none */
} audit_lot;

struct s1_audit {
    s1_arena arena;
    s1_books books;
    s1_uid_table opportunity_ids, trade_ids, order_ids, threat_ids, scheduled_ids;
    audit_opportunity *opportunities; /* by number, as the next */
    s1_book_trade *trades;
    audit_fill *last_fills; /* by number of the trade */
    audit_order *orders;
    s1_book_threat *threats;
    uint32_t *closed;
    audit_lot *lots;
    uint32_t opportunity_room, trade_room, fill_room, order_room, threat_room, closed_room;
    uint32_t lot_room, lot_count;
    bool is_fifo;
    char base_currency[17];
    s1_dec fee_price;
    s1_finding findings[S1_FINDINGS_MAX];
    uint64_t finding_count;
    s1_nanos timeframe;            /* of the run; 0: not known */
    const s1_journal_entry *entry; /* the one being booked */
    s1_journal_details_view details;
};

/* A finding at the entry being booked. */
S1_WARN_UNUSED s1_rc s1_audit_breach(s1_audit *audit, int32_t invariant, const char *field,
                                     const char *found, const char *expected, s1_err *err);

/* Members of the entry's details; false where there is none. */
bool s1_audit_dec(const s1_audit *audit, const char *name, s1_dec *ret_value);
bool s1_audit_time(const s1_audit *audit, const char *name, s1_nanos *ret_value);

/* A finding unless the member is `expected`. */
S1_WARN_UNUSED s1_rc s1_audit_expect_dec(s1_audit *audit, int32_t invariant, const char *name,
                                         s1_dec expected, s1_err *err);
S1_WARN_UNUSED s1_rc s1_audit_expect_u64(s1_audit *audit, int32_t invariant, const char *name,
                                         uint64_t expected, s1_err *err);
/* A finding unless the entry's own time is `expected`. */
S1_WARN_UNUSED s1_rc s1_audit_expect_now(s1_audit *audit, int32_t invariant, s1_nanos expected,
                                         s1_err *err);

/* The number of the entry's trade; S1_UID_TABLE_NONE for an orphan, which is told already. */
uint32_t s1_audit_trade(const s1_audit *audit);

/* The same trade made known, where the entry may be the first to name it. */
S1_WARN_UNUSED s1_rc s1_audit_put_trade(s1_audit *audit, uint32_t *ret_trade, s1_err *err);

/* Grows an array so that number `index` has a place, zeroed. */
S1_WARN_UNUSED s1_rc s1_audit_room(void *array_pointer, uint32_t *room, uint32_t index, size_t size,
                                   s1_err *err);

/* invariants_orders.c: ORDER_*. */
S1_WARN_UNUSED s1_rc s1_audit_order(s1_audit *audit, s1_err *err);

/* invariants_books.c: what moves money, and what states sums. */
S1_WARN_UNUSED s1_rc s1_audit_book_fill(s1_audit *audit, uint32_t trade, const audit_order *order,
                                        s1_err *err);
S1_WARN_UNUSED s1_rc s1_audit_opened(s1_audit *audit, s1_err *err);
S1_WARN_UNUSED s1_rc s1_audit_adjusted(s1_audit *audit, s1_err *err);
S1_WARN_UNUSED s1_rc s1_audit_closed(s1_audit *audit, s1_err *err);
S1_WARN_UNUSED s1_rc s1_audit_carried(s1_audit *audit, s1_err *err);
S1_WARN_UNUSED s1_rc s1_audit_finished(s1_audit *audit, s1_err *err);
/* What the account has at the start, of RUN_STARTED. */
S1_WARN_UNUSED s1_rc s1_audit_balances(s1_audit *audit, s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_INVARIANTS_INTERNAL_H */
