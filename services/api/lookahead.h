/* services/api/lookahead.h - does a strategy know anything before its time?
 *
 * Runs each link of a strategy over all of its data, the same once more, and over data that ends at
 * moments drawn from its history. Every value of every column, every bar of every stream and every
 * decision up to that moment must be the same, bit for bit. Nothing is written.
 */
#ifndef S1_SERVICES_API_LOOKAHEAD_H
#define S1_SERVICES_API_LOOKAHEAD_H

#include "services/api/backtest.h"

#define S1_LOOKAHEAD_CUTS_DEFAULT 200u
#define S1_LOOKAHEAD_CUTS_MAX     100000u

typedef struct s1_lookahead_options {
    /* Of these target, config_dir, overrides, from, to and the seed of the run. */
    const s1_backtest_options *run;
    uint64_t cuts;      /* 1..S1_LOOKAHEAD_CUTS_MAX; all bars where there are not so many */
    uint64_t cuts_seed; /* of where they lie */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* runs; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_lookahead_options;

/* What was compared. */
typedef struct s1_lookahead_item {
    const char *kind;            /* "bars", "column", "decision" */
    const char *stream;          /* "BTC/USD@1h"; "" of decisions */
    const char *name;            /* the column; "bars"; "signals", "orders" */
    const char *worker, *plugin; /* "" where it is nobody's */
    bool is_resampled;           /* bars that are made while the archive is read */
    uint64_t compared, different;
} s1_lookahead_item;

/* Something that is not the same: the earliest bar of an item. */
typedef struct s1_lookahead_finding {
    const char *check; /* "repeat": it differs on the same data; "cut": on data that ends earlier;
                          "range": many rows in one call are other ones than bar by bar */
    const char *kind, *stream, *worker, *plugin, *field;
    s1_nanos time;                /* close of the bar */
    uint64_t row;                 /* of its stream, from 1, warm-up included */
    s1_nanos cut;                 /* where the data ended; INT64_MAX: it did not */
    const char *found, *expected; /* with all data; without what came later, or as above */
    uint64_t values, runs;        /* that differ */
} s1_lookahead_finding;

typedef struct s1_lookahead_link {
    const char *link, *strategy, *stream;
    uint64_t bars; /* with warm-up, of the primary stream */
    s1_nanos first, last;
    uint64_t cuts;                  /* that were made */
    uint64_t compared, different;   /* values and decisions, all together */
    const s1_lookahead_item *items; /* [item_count] */
    size_t item_count;
    const s1_lookahead_finding *findings; /* [finding_count] the earliest first */
    size_t finding_count;
} s1_lookahead_link;

typedef struct s1_lookahead_report s1_lookahead_report; /* opaque, heap */

/* Checks every link. What is found is no error. Links are run one by one, without rules of an
 * operation over all of them. Errors: as s1_api_backtest; S1_E_INVALID for the number of cuts,
 * S1_E_NO_MEMORY for a run that does not fit in memory, S1_E_CANCELED. */
S1_WARN_UNUSED
s1_rc s1_api_lookahead(const s1_lookahead_options *options, s1_lookahead_report **ret_report,
                       s1_err *err);
const s1_lookahead_link *s1_lookahead_links(const s1_lookahead_report *report, size_t *ret_count);
void s1_lookahead_report_free(s1_lookahead_report *report); /* accepts NULL */

#endif /* S1_SERVICES_API_LOOKAHEAD_H */
