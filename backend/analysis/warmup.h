/* backend/analysis/warmup.h - how many bars before it a value hangs on.
 *
 * A probe takes what a run knew at its last tick: the newest value of every column, what every
 * condition compared then, how many signals each worker gave. A settling says of one such value,
 * from runs that began at different bars, how many bars it takes until it is that of the run over
 * the whole past.
 */
#ifndef S1_BACKEND_ANALYSIS_WARMUP_H
#define S1_BACKEND_ANALYSIS_WARMUP_H

#include "backend/core/run_observer.h"

/* --- Values of the last tick. ------------------------------------------------------------- */

#define S1_PROBE_KIND_MAP(X)                                                                       \
    X(COLUMN, "column")                                                                            \
    X(CONDITION, "condition")                                                                      \
    X(SIGNALS, "signals")
enum s1_probe_kind {
#define X(name, text) S1_PROBE_##name,
    S1_PROBE_KIND_MAP(X)
#undef X
};
const char *s1_probe_kind_name(int kind);

typedef struct s1_probe_item {
    int32_t kind; /* enum s1_probe_kind */
    uint32_t stream_index;
    s1_str stream; /* "BTC/USD@1h" */
    s1_str name;   /* column; condition; empty for signals */
    s1_str worker, plugin;
    uint64_t declared; /* bars of its stream, its own included, that the manifests ask for */
} s1_probe_item;

typedef struct s1_probe_value {
    double value;     /* column; value of the condition; number of signals */
    double threshold; /* of a condition; else 0 */
    uint64_t rows;    /* bars of its stream the run had by then */
    bool is_there;    /* false: a condition that was not asked */
} s1_probe_value;

typedef struct s1_probe s1_probe; /* opaque, heap */

/* Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_probe_new(s1_probe **ret_probe, s1_err *err);
void s1_probe_free(s1_probe *probe); /* accepts NULL */

/* For one run after another of the same strategy; each forgets the one before. */
s1_run_observer s1_probe_observer(s1_probe *probe);

/* The same in every run, from the first tick on. Borrowed. */
const s1_probe_item *s1_probe_items(const s1_probe *probe, size_t *ret_count);
/* [item count] of the last tick. Borrowed until the next run. */
const s1_probe_value *s1_probe_values(const s1_probe *probe);

/* --- From when on a value stands. --------------------------------------------------------- */

/* How near to the value over the whole past is near enough. */
#define S1_NEARNESS_MAP(X)                                                                         \
    X(EXACT, "exact", 0.0)                                                                         \
    X(CLOSE, "1e-9", 1e-9)                                                                         \
    X(ROUGH, "0.1 %", 1e-3)
enum s1_nearness {
#define X(name, text, limit) S1_NEARNESS_##name,
    S1_NEARNESS_MAP(X)
#undef X
        S1_NEARNESS_COUNT
};
const char *s1_nearness_name(int nearness);

/* How far `value` is from `reference`: 0 for the same bits, else the larger of the differences of
 * value and threshold, each divided by the reference (where that is 0: as it is); infinite where
 * only one of them is a number or is there. A difference too small for that is DBL_MIN. */
double s1_probe_distance(const s1_probe_value *reference, const s1_probe_value *value);

/* Of one value and one nearness, over runs with different numbers of bars before it. */
typedef struct s1_settling {
    uint64_t fails_at;        /* the most bars that were too few; with has_failed */
    uint64_t holds_from;      /* the fewest that were enough, of those more than that; with holds */
    uint64_t rows;            /* the rows the run had that holds_from is of */
    uint64_t most, most_rows; /* the same of the longest, the first that was taken */
    bool has_failed, holds;
} s1_settling;

/* Takes a run with `bars` before the one that is looked at; the longest comes first. Values need
 * not come nearer with every bar more: what was enough is so no longer when a longer one fails. */
void s1_settling_take(s1_settling *settling, uint64_t bars, uint64_t rows, bool is_near);
/* The length to try next, between too few and enough; false: there is none. */
bool s1_settling_next(const s1_settling *settling, uint64_t *ret_bars);

#endif /* S1_BACKEND_ANALYSIS_WARMUP_H */
