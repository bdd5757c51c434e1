/* services/api/backtest.h - runs a blueprint or an operation on historical data.
 *
 * A backtest writes one new folder. Until it is complete the folder is called DIR.partial; a run
 * that fails or is stopped leaves none. Of an operation of several links those that complete are
 * kept where one fails (services/api/operation.h). What the run found is read back through
 * services/api/results.h, so that a report looks the same now and a year later.
 */
#ifndef S1_SERVICES_API_BACKTEST_H
#define S1_SERVICES_API_BACKTEST_H

#include "s1mple/base.h"

#include <stdatomic.h>

/* X(value, name on the command line, meaning). */
#define S1_JOURNAL_LEVEL_OPTION_MAP(X)                                                             \
    X(S1_BACKTEST_JOURNAL_CONFIGURED, "", "as configured")                                         \
    X(S1_BACKTEST_JOURNAL_FULL, "full", "every decision (explain works)")                          \
    X(S1_BACKTEST_JOURNAL_TRADES, "trades", "runs, trades and adjustments only")                   \
    X(S1_BACKTEST_JOURNAL_OFF, "off", "no journal file")
enum s1_backtest_journal {
#define X(value, name, meaning) value,
    S1_JOURNAL_LEVEL_OPTION_MAP(X)
#undef X
};

typedef struct s1_backtest_progress {
    uint64_t done, total; /* bars; total 0 while unknown */
    s1_nanos simulated;   /* time inside the simulation; 0 before the first bar */
    const char *phase;    /* "validate", "load", "run", "write" */
} s1_backtest_progress;

typedef struct s1_backtest_options {
    const char *target;      /* name of a blueprint or operation of the configuration, or a path */
    const char *config_dir;  /* the configuration tree */
    const char *results_dir; /* folder to create */
    const char *rerun_dir;   /* repeat these results instead; target and config_dir are then NULL */
    const char *const *overrides; /* [override_count], each "path=value" */
    size_t override_count;
    const char *from; /* ISO 8601 date or time, UTC; NULL: as configured */
    const char *to;
    uint64_t seed;
    bool has_seed; /* false: as configured */
    bool is_profiled;
    uint32_t threads; /* runs side by side; 0: 1 */
    int32_t journal;  /* enum s1_backtest_journal */
    /* Called from the running thread, at most some ten times a second. NULL: nobody listens. */
    void (*on_progress)(void *user, const s1_backtest_progress *progress);
    void *user;
    const atomic_bool *is_stopping; /* set by a signal handler to stop the run; may be NULL */
} s1_backtest_options;

typedef struct s1_backtest_worker_time { /* --profile */
    const char *link, *worker, *kind;
    uint64_t calls;
    s1_nanos time;
} s1_backtest_worker_time;

typedef struct s1_backtest_outcome s1_backtest_outcome; /* opaque, heap */

typedef struct s1_backtest_facts {
    const char *results_dir; /* as created */
    uint64_t bars;
    s1_nanos engine_time;                   /* the bars alone */
    s1_nanos total_time;                    /* from start to the finished folder */
    const s1_backtest_worker_time *workers; /* [worker_count], empty unless profiled */
    size_t worker_count;
    const char *const *warnings; /* [warning_count] */
    size_t warning_count;
    uint32_t link_count; /* several: each has a folder of its own in results_dir */
    /* Links that failed while others completed; they left no folder. operation.json tells why. */
    uint32_t failed_count;
    s1_rc failed_rc;     /* of the first of them; S1_OK where none failed */
    const char *failure; /* its message; NULL where none failed */
} s1_backtest_facts;

/* Runs it. ret_outcome is the caller's to free. Errors: S1_E_INVALID and S1_E_NOT_FOUND for the
 * configuration (the message holds every fault, one per line), S1_E_DATA, S1_E_PLUGIN, S1_E_EXISTS
 * when the results folder is there already, S1_E_IO, S1_E_CANCELED when stopped. */
S1_WARN_UNUSED
s1_rc s1_api_backtest(const s1_backtest_options *options, s1_backtest_outcome **ret_outcome,
                      s1_err *err);

/* Borrowed until the outcome is freed. */
const s1_backtest_facts *s1_backtest_facts_borrow(const s1_backtest_outcome *outcome);
void s1_backtest_outcome_free(s1_backtest_outcome *outcome); /* accepts NULL */

#endif /* S1_SERVICES_API_BACKTEST_H */
