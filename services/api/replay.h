/* services/api/replay.h - proves a run from its journal: the books are rebuilt from the entries
 * alone and held against everything the run left, or the run is made once more.
 */
#ifndef S1_SERVICES_API_REPLAY_H
#define S1_SERVICES_API_REPLAY_H

#include "s1mple/base.h"
#include "services/api/backtest.h"

/* One thing that was compared: as the journal gives it, and as the run left it. */
typedef struct s1_replay_item {
    const char *where, *field;         /* "run.json", "counts.trades" */
    const char *rebuilt, *left, *note; /* NULL where there is none; `note` in English */
    const char *note_name;             /* "LAST_CLOSE": key of the note in small letters; or NULL */
    const char *status;                /* "equal", "differs", "not in the journal" */
} s1_replay_item;

/* One thing that does not hold. */
typedef struct s1_replay_breach {
    const char *invariant; /* "CASH" */
    const char *rule;      /* in words, English */
    int32_t row;           /* of RELIABILITY §2.6 */
    uint32_t reserved;
    uint64_t line, seq;        /* of the journal (or the CSV file); 0: none */
    const char *where, *field; /* kind of the entry or file; member */
    const char *found, *expected;
} s1_replay_breach;

typedef struct s1_replay_position { /* money and quantities are decimal texts */
    const char *trade_id, *opportunity_id, *direction, *quantity, *entry_price, *cost;
    const char *stop_loss, *take_profit; /* "0": none */
} s1_replay_position;

typedef struct s1_replay_closed {
    const char *trade_id, *direction, *quantity, *exit_time, *exit_price, *pnl, *closure_reason;
} s1_replay_closed;

typedef struct s1_replay_threat {
    const char *threat_id, *type, *severity;
    uint64_t line; /* where it was detected */
} s1_replay_threat;

/* Borrowed until the replay is freed. */
typedef struct s1_replay_view {
    const char *dir, *link, *run_id, *level;
    uint64_t entries, blocks;
    const char *initial_capital, *cash, *open_cost, *realized_pnl, *fees;
    const char *equity; /* at the end; RUN_FINISHED's where a position is open */
    uint64_t opportunities, approved, rejected, orders, fills, threats, trades;
    uint64_t unknown_parts;              /* level trades: see docs/journal.md */
    const s1_replay_position *positions; /* [position_count] open at the end */
    const s1_replay_closed *closed;      /* [closed_count] the last ten */
    const s1_replay_threat *active;      /* [active_count] threats at the end */
    const s1_replay_item *items;         /* [item_count] */
    const s1_replay_breach *breaches;    /* [breach_kept] of breach_count */
    size_t position_count, closed_count, active_count, item_count, breach_kept;
    uint64_t equal_count, not_kept_count, trade_fields, breach_count;
    const char *json; /* all of it */
} s1_replay_view;

typedef struct s1_replay s1_replay; /* opaque, heap */

/* Rebuilds and compares the run in `results_dir`. What does not hold is in the view and no error.
 * Errors: S1_E_NOT_FOUND without results or without a journal (level off), S1_E_DATA for files that
 * cannot be read, S1_E_IO, S1_E_NO_MEMORY. Free with s1_replay_free. */
S1_WARN_UNUSED
s1_rc s1_api_replay(const char *results_dir, s1_replay **ret_replay, s1_err *err);
const s1_replay_view *s1_replay_view_borrow(const s1_replay *replay);
void s1_replay_free(s1_replay *replay); /* accepts NULL */

/* The runs under a folder that can be checked, one after another. */
typedef s1_rc (*s1_replay_fn)(void *user, const s1_replay_view *view, s1_err *err);
typedef struct s1_replay_totals {
    uint64_t runs, without_journal, entries, breaches;
} s1_replay_totals;

/* Replays every run in `root` (itself, its children, their children), sorted by path; runs that
 * kept no journal are counted and passed over. Then every operation they belong to is compared with
 * its runs (s1_api_operation_check). Errors: S1_E_NOT_FOUND without any run, S1_E_DATA for a run
 * that cannot be read or an operation that does not add up, and what `fn` returns. */
S1_WARN_UNUSED
s1_rc s1_api_results_check(const char *root, s1_replay_fn fn, void *user,
                           s1_replay_totals *ret_totals, s1_err *err);

/* --- Running again. ----------------------------------------------------------------------- */

typedef struct s1_replay_execute_options {
    const char *results_dir;
    const char *config_dir;       /* another configuration tree; NULL: the recorded one */
    const char *const *overrides; /* [override_count], each "path=value", over either */
    size_t override_count;
    void (*on_progress)(void *user, const s1_backtest_progress *progress); /* may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
    /* Called with the folder of the second run before it is removed; may be NULL. */
    s1_rc (*on_folder)(void *user, const char *recorded_dir, const char *again_dir, s1_err *err);
} s1_replay_execute_options;

/* Borrowed until the execution is freed. */
typedef struct s1_replay_execution_view {
    const char *dir, *link;
    uint64_t entries, bars;       /* of the second run */
    uint64_t files, bytes;        /* compared */
    bool is_identical;            /* every file of the run, byte for byte */
    bool is_other;                /* another configuration was asked for */
    const char *differing_file;   /* the first one, "" where there is none; journal first */
    uint64_t seq, line;           /* of the first entry that differs; 0: no entry does */
    const char *recorded, *again; /* that entry in both, "" where one has none */
    const char *note;             /* what else a person should know, "" */
    const char *json;
} s1_replay_execution_view;

typedef struct s1_replay_execution s1_replay_execution; /* opaque, heap */

/* Runs the strategy again from what the results recorded, in a new folder beside them
 * (DIR.replay) that is removed whatever happens, and compares every file that depends on the run
 * alone. A difference is no error. Errors: as s1_api_backtest and s1_api_results_open. Free with
 * s1_replay_execution_free. */
S1_WARN_UNUSED
s1_rc s1_api_replay_execute(const s1_replay_execute_options *options,
                            s1_replay_execution **ret_execution, s1_err *err);
const s1_replay_execution_view *s1_replay_execution_borrow(const s1_replay_execution *execution);
void s1_replay_execution_free(s1_replay_execution *execution); /* accepts NULL */

#endif /* S1_SERVICES_API_REPLAY_H */
