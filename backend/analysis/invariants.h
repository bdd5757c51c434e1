/* backend/analysis/invariants.h - what must be true of any journal, and the books it gives.
 *
 * Entries are shown in order, once. The books (cash, positions, trades, orders, threats) are folded
 * from them alone, with no code shared with the ledger and the order manager that wrote them, and
 * every entry is held against the books as they stood before it. What does not hold is a finding
 * with the entry's line; it is no error and the fold goes on.
 *
 * At level full the fills move the money and TRADE_* must agree with them. At level trades there
 * are no fills: TRADE_* move the money, and the price of a part that left a position which is still
 * open is not known (s1_books.unknown_parts).
 *
 * Nothing here depends on hash order or a clock. One audit belongs to one thread.
 */
#ifndef S1_BACKEND_ANALYSIS_INVARIANTS_H
#define S1_BACKEND_ANALYSIS_INVARIANTS_H

#include "backend/core/journal_reader.h"
#include "backend/dtos/results/trade_record.h"
#include "s1mple/decimal.h"

/* X(name, row of RELIABILITY §2.6, text). */
#define S1_INVARIANT_MAP(X)                                                                        \
    X(CASH, 1, "cash + cost of open positions = capital + realised - fees")                        \
    X(FILLED, 2, "the fills of an order are at most its quantity")                                 \
    X(POSITION, 3, "the sum of signed fills is the position")                                      \
    X(ONCE, 8, "a fill is applied once")                                                           \
    X(STATE, 9, "an order moves only along its states; terminal is terminal")                      \
    X(CAUSE, 10, "every id has its cause before it")                                               \
    X(TIME, 10, "time never runs back")                                                            \
    X(VERDICT, 10, "an opportunity has exactly one verdict")                                       \
    X(KIND, 10, "an entry has the ids and members of its kind")                                    \
    X(CHAIN, 11, "seq is dense, checksums hold, the chain is unbroken")                            \
    X(REPLAY, 12, "what the journal gives is what the run left")
enum s1_invariant {
    S1_INVARIANT_NONE,
#define X(name, row, text) S1_INVARIANT_##name,
    S1_INVARIANT_MAP(X)
#undef X
        S1_INVARIANT_COUNT
};

const char *s1_invariant_name(int32_t invariant); /* "CASH"; "INVALID" for none of them */
const char *s1_invariant_text(int32_t invariant);
int32_t s1_invariant_row(int32_t invariant); /* of RELIABILITY §2.6; 0 for none of them */

/* One thing that does not hold. Texts live as long as the audit. */
typedef struct s1_finding {
    int32_t invariant; /* enum s1_invariant */
    uint32_t reserved;
    uint64_t line, seq;   /* of the entry; 0: of a file, which `where` names */
    const char *where;    /* kind of the entry, or the file: "TRADE_CLOSED", "run.json" */
    const char *field;    /* "details.pnl", "counts.trades" */
    const char *found;    /* as it stands there */
    const char *expected; /* as the entries before give it */
} s1_finding;

#define S1_FINDINGS_MAX 100u /* kept; all are counted */

enum s1_book_state { S1_BOOK_MINTED = 1, S1_BOOK_PLANNED, S1_BOOK_OPEN, S1_BOOK_CLOSED };

/* A trade as far as the entries tell. */
typedef struct s1_book_trade {
    s1_trade_id trade_id;
    s1_opportunity_id opportunity_id;
    s1_threat_id threat_id; /* that closed it */
    int32_t direction;      /* enum s1_direction; 0 until it is known */
    int32_t state;          /* enum s1_book_state */
    uint64_t line;          /* where it was first named */
    s1_nanos entry_time, exit_time;
    s1_dec quantity, cost; /* open now; the cost of a short is negative */
    s1_dec entry_quantity, entry_notional, exit_quantity, exit_notional; /* sums of fills */
    s1_dec entry_price, exit_price;                                      /* averages */
    s1_dec fees, pnl;                                                    /* pnl gross of fees */
    s1_dec fees_cash;               /* of the fees, what was paid in quote */
    s1_dec funding, interest;       /* paid to hold it */
    s1_dec withheld, withheld_cost; /* bought, but for the fee or the rest of a lot */
    s1_dec stop_loss, take_profit;  /* zero: none */
    const char *closure_reason;
    uint32_t is_announced;  /* TRADE_OPENED was there */
    uint32_t unknown_parts; /* level trades: parts that left at a price nobody told */
} s1_book_trade;

typedef struct s1_book_threat {
    s1_threat_id threat_id;
    const char *type, *severity;
    uint64_t line;
    uint32_t is_active;
    uint32_t reserved;
} s1_book_threat;

/* Everything the entries so far give. Arrays are borrowed until the next entry. */
typedef struct s1_books {
    int32_t level; /* enum s1_journal_level: FULL once an entry of that level was there */
    uint32_t has_started, has_finished;
    uint32_t open_positions;
    uint64_t entries, last_line, last_seq;
    s1_nanos last_time;
    s1_dec initial_capital;
    s1_dec cash, open_cost, realized_pnl, fees; /* realised is gross of fees */
    s1_dec funding, interest;                   /* paid */
    s1_dec elsewhere;                           /* cost of what is neither cash nor a position */
    s1_dec base_balance, fee_balance;           /* level full: of those currencies */
    s1_dec net_quantity;                        /* signed, of all open positions */
    s1_dec final_equity;                        /* as RUN_FINISHED states it */
    uint64_t unknown_parts;                     /* level trades: of positions still open */
    uint64_t opportunities, approved, rejected, rejected_venue;
    uint64_t rejected_at[6]; /* governor, entry, exit, size, routing, gate */
    uint64_t orders, fills, threats, closed_by_threat;
    const s1_book_trade *trades; /* [trade_count], as first named */
    uint32_t trade_count;
    uint32_t closed_count;
    const uint32_t *closed; /* [closed_count] numbers of trades, in the order they closed */
    const s1_book_threat *all_threats; /* [threats] */
    char run_id[37], link[257];
} s1_books;

extern const char *const s1_book_stages[6]; /* the words of rejected_at */

typedef struct s1_audit s1_audit; /* opaque, heap */

/* `level` is what the run states (enum s1_journal_level), 0 if that is not known. Errors:
 * S1_E_NO_MEMORY. Free with s1_audit_free. */
S1_WARN_UNUSED s1_rc s1_audit_new(int32_t level, s1_audit **ret_audit, s1_err *err);
void s1_audit_free(s1_audit *audit); /* accepts NULL */

/* Books one entry and holds it against what stood there. Errors: S1_E_NO_MEMORY, S1_E_RANGE when
 * the sums leave the range of a decimal. */
S1_WARN_UNUSED s1_rc s1_audit_see(s1_audit *audit, const s1_journal_entry *entry, s1_err *err);

/* After the last entry: what only the end can tell. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_audit_finish(s1_audit *audit, s1_err *err);

/* Verifies the journal (CHAIN), then shows every sound entry and finishes. Errors: S1_E_IO and
 * those of s1_audit_see; damage is a finding. */
S1_WARN_UNUSED s1_rc s1_audit_journal(s1_audit *audit, s1_journal_reader *reader,
                                      s1_journal_verdict *ret_verdict, s1_err *err);

/* Adds a finding of the caller's own; texts are copied. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_audit_add(s1_audit *audit, const s1_finding *finding, s1_err *err);

const s1_books *s1_audit_books_borrow(const s1_audit *audit);
/* The first S1_FINDINGS_MAX of them, and how many there are. */
const s1_finding *s1_audit_findings_borrow(const s1_audit *audit, size_t *ret_kept,
                                           uint64_t *ret_count);

/* The trade as the results list it; only of a closed one. Its texts live as long as the audit. */
s1_trade_record s1_book_trade_record(const s1_book_trade *trade);

#endif /* S1_BACKEND_ANALYSIS_INVARIANTS_H */
