/* backend/analysis/bias.h - does anything a run knew at a bar hang on bars after it?
 *
 * Keeps what one run over all of its data left: every value of every column and bar, and every
 * entry of its journal. Runs on data that ends earlier are then held against it, up to the moment
 * their data ends, bit for bit; a value or a decision that is not the same came from the future.
 * The same run once more on all data tells apart what does not even repeat.
 *
 * Observers only (backend/core/run_observer.h): who makes the runs is no business of this file.
 */
#ifndef S1_BACKEND_ANALYSIS_BIAS_H
#define S1_BACKEND_ANALYSIS_BIAS_H

#include "backend/core/run_observer.h"

/* Which comparison found a difference. */
#define S1_BIAS_CHECK_MAP(X)                                                                       \
    X(REPEAT, "repeat", "the same data once more")                                                 \
    X(CUT, "cut", "data that ends at the cut")                                                     \
    X(RANGE, "range", "many rows in one call")
enum s1_bias_check {
#define X(name, text, meaning) S1_BIAS_##name,
    S1_BIAS_CHECK_MAP(X)
#undef X
        S1_BIAS_CHECK_COUNT
};

/* What is compared. */
#define S1_BIAS_KIND_MAP(X)                                                                        \
    X(BARS, "bars")                                                                                \
    X(COLUMN, "column")                                                                            \
    X(DECISION, "decision")
enum s1_bias_kind {
#define X(name, text) S1_BIAS_##name,
    S1_BIAS_KIND_MAP(X)
#undef X
};

/* One value that is not the same: the earliest of its item in a check. */
typedef struct s1_bias_difference {
    s1_str worker, plugin; /* empty: nobody's (bars) */
    s1_str field;          /* "ema_20", "close", "OPPORTUNITY_DETECTED details.confidence" */
    s1_nanos time;         /* close of the bar */
    uint64_t row;          /* of the stream, from 1, warm-up included */
    s1_nanos cut;          /* where the data of the other run ended */
    s1_str found;          /* in the run over all data; of ranges by enrich_range */
    s1_str expected;       /* in the other one; bar by bar */
} s1_bias_difference;

typedef struct s1_bias_result { /* of one item in one check */
    uint64_t compared, different;
    uint64_t runs_different;
    s1_bias_difference first; /* if different > 0 */
} s1_bias_result;

typedef struct s1_bias_item {
    int32_t kind; /* enum s1_bias_kind */
    uint32_t stream_index;
    s1_str stream; /* "BTC/USD@1h"; empty for decisions */
    s1_str name;   /* column; "bars"; "signals", "threats", "plans", "gate", "orders", "trades" */
    s1_str worker, plugin;
    s1_bias_result results[S1_BIAS_CHECK_COUNT];
} s1_bias_item;

/* How rows made many at a time are held against bar by bar: s1_worker_has_range and
 * s1_range_compare of backend/assembly/range_check.h. */
typedef struct s1_bias_ranges {
    bool (*has_range)(const s1_worker *worker);
    s1_rc (*compare)(const s1_worker *worker, s1_range_difference *ret_differences,
                     uint64_t *ret_compared, s1_err *err);
} s1_bias_ranges;

typedef struct s1_bias s1_bias; /* opaque, heap */

/* Keeps at most `bytes_max`. `ranges` NULL: they are not looked at; copied. Errors:
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_bias_new(size_t bytes_max, const s1_bias_ranges *ranges, s1_bias **ret_bias,
                                 s1_err *err);
void s1_bias_free(s1_bias *bias); /* accepts NULL */

/* Of the run over all data, which is the first. Its journal is to be full. At its end workers that
 * offer many rows in one call are asked for all of them (S1_BIAS_RANGE). */
s1_run_observer s1_bias_recorder(s1_bias *bias);
/* Of a run on data that ends at `cut` (INT64_MAX: all of it). Until the next call. */
s1_run_observer s1_bias_comparer(s1_bias *bias, int check, s1_nanos cut);

/* The bars of the primary stream at which the workers had their turn: close times, [*ret_count].
 * Borrowed. */
const s1_nanos *s1_bias_ticks(const s1_bias *bias, uint64_t *ret_count);
/* Everything that was compared: bars, columns in the order of the workforce, decisions. Borrowed.
 */
const s1_bias_item *s1_bias_items(const s1_bias *bias, size_t *ret_count);

const char *s1_bias_check_name(int check);
const char *s1_bias_kind_name(int kind);

#endif /* S1_BACKEND_ANALYSIS_BIAS_H */
