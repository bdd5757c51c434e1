/* services/api/warmup.h - how far back a strategy looks: the bars it needs before its first one.
 *
 * Bars are drawn from the history; at each the strategy is run with more and more bars before it,
 * and every column, condition and signal is held against what the whole past gives. Nothing is
 * written.
 */
#ifndef S1_SERVICES_API_WARMUP_H
#define S1_SERVICES_API_WARMUP_H

#include "services/api/backtest.h"

#define S1_WARMUP_BARS_DEFAULT  20u
#define S1_WARMUP_BARS_MAX      1000u
#define S1_WARMUP_DEPTH_DEFAULT 5000u
#define S1_WARMUP_DEPTH_MAX     1000000u
#define S1_WARMUP_LENGTHS_MAX   64u
#define S1_WARMUP_NEARNESSES    3 /* bit for bit, within 1e-9, within 0.1 % */

typedef struct s1_warmup_options {
    /* Of these target, config_dir, overrides, from, to and the seed of the run. */
    const s1_backtest_options *run;
    uint64_t bars;      /* that are looked at, 1..S1_WARMUP_BARS_MAX */
    uint64_t bars_seed; /* of which */
    uint64_t depth;     /* the most bars before one that are tried, 1..S1_WARMUP_DEPTH_MAX */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* bars; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_warmup_options;

/* Of one nearness. */
typedef struct s1_warmup_need {
    bool is_known;   /* false: not within the bars that were tried */
    uint64_t rows;   /* bars of its own stream, the last being its own */
    uint64_t before; /* bars of the primary stream before the one that was looked at */
} s1_warmup_need;

typedef struct s1_warmup_item {
    const char *kind; /* "column", "condition", "signals" */
    const char *stream, *name, *worker, *plugin;
    uint64_t declared; /* bars of its stream by its manifest and those of what it reads */
    s1_warmup_need needs[S1_WARMUP_NEARNESSES];
    double at_declared;        /* the largest difference with as many bars as declared, relative */
    const double *differences; /* [length_count] the largest with as many before, relative */
    uint64_t seen;             /* bars at which it had a value to look at */
    uint64_t deepest;          /* bars of its stream in the longest runs */
} s1_warmup_item;

typedef struct s1_warmup_link {
    const char *link, *strategy, *stream;
    uint64_t bars;     /* looked at */
    uint64_t depth;    /* the most bars before one that were tried */
    uint64_t runs;     /* that were made */
    uint64_t declared; /* bars of the primary stream the manifests add up to */
    bool has_from;     /* a start is configured: bars before it are warm-up */
    uint64_t given;    /* warm-up bars a run as configured has */
    uint64_t lengths[S1_WARMUP_LENGTHS_MAX]; /* [length_count], rising */
    size_t length_count;
    s1_warmup_need
        needs[S1_WARMUP_NEARNESSES]; /* of the strategy: the most of its columns and signals */
    const s1_warmup_item *items;     /* [item_count] */
    size_t item_count;
} s1_warmup_link;

typedef struct s1_warmup_report s1_warmup_report; /* opaque, heap */

/* Looks at every link. Errors: as s1_api_backtest; S1_E_INVALID for a number out of range,
 * S1_E_DATA where there are too few bars, S1_E_CANCELED. */
S1_WARN_UNUSED
s1_rc s1_api_warmup(const s1_warmup_options *options, s1_warmup_report **ret_report, s1_err *err);
const s1_warmup_link *s1_warmup_links(const s1_warmup_report *report, size_t *ret_count);
/* "exact", "1e-9", "0.1 %". Static. */
const char *s1_warmup_nearness(int index);
void s1_warmup_report_free(s1_warmup_report *report); /* accepts NULL */

#endif /* S1_SERVICES_API_WARMUP_H */
