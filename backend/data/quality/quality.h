/* backend/data/quality/quality.h - what is wrong with a stream, found in one pass.
 *
 * The stream is read in batches and never held: memory is a window of neighbours and the findings
 * kept. Nothing is changed. All arithmetic on prices and volumes is on exact mantissas. A report
 * depends on the rows and the options alone.
 *
 * What moves | who owns it
 * -----------|----------------------------------------------------------------
 * checker    | the caller; s1_quality_checker_free (accepts NULL)
 * report     | the caller; s1_quality_report_free (accepts NULL)
 */
#ifndef S1_BACKEND_DATA_QUALITY_QUALITY_H
#define S1_BACKEND_DATA_QUALITY_QUALITY_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/core/session.h"
#include "s1mple/base.h"

enum s1_quality_severity {
    S1_QUALITY_ERROR = 1,   /* cannot be true */
    S1_QUALITY_WARNING = 2, /* may be true; a run over it should know */
    S1_QUALITY_INFO = 3,    /* true of many good streams */
};

/* X(NAME, "text", SEVERITY, "meaning"): the order of kinds in a report. */
#define S1_QUALITY_KIND_MAP(X)                                                                     \
    X(OUT_OF_ORDER, "out_of_order", ERROR, "opens before a row that stands earlier")               \
    X(DUPLICATE, "duplicate", ERROR,                                                               \
      "opens when the row before it does; of trades: has the id of the one before")                \
    X(CLOCK_SKEW, "clock_skew", ERROR, "opens off the grid of the timeframe, or in the future")    \
    X(IMPOSSIBLE_PRICE, "impossible_price", ERROR,                                                 \
      "a price at or below zero, or ten times off the closes around it")                           \
    X(HIGH_BELOW_LOW, "high_below_low", ERROR, "the high is below the low")                        \
    X(OUTSIDE_RANGE, "outside_range", ERROR, "open or close outside low and high")                 \
    X(NEGATIVE_VOLUME, "negative_volume", ERROR, "volume below zero")                              \
    X(CROSSED_BOOK, "crossed_book", ERROR, "after a message the best bid is at or above the ask")  \
    X(HOLE, "hole", WARNING, "bars are missing while the market was open")                         \
    X(OUTLIER, "outlier", WARNING, "a price far off the closes around it")                         \
    X(JUMP, "jump", WARNING,                                                                       \
      "closes at another level from one bar to the next, and stays: a split, or a crash")          \
    X(FROZEN, "frozen", WARNING, "equal closes in a row, with volume")                             \
    X(INTERPOLATED, "interpolated", WARNING, "bars on a straight line: made up to fill a hole")    \
    X(VOLUME_IS_PRICE, "volume_is_price", WARNING,                                                 \
      "volumes between low and high, in a row: most often a column that was mistaken")             \
    X(CROSSED_QUOTE, "crossed_quote", WARNING, "the bid is above the ask")                         \
    X(BOOK_UNKNOWN, "book_unknown", WARNING,                                                       \
      "no snapshot came yet, or messages are missing: rows that no book follows")                  \
    X(RECEIVED_EARLY, "received_early", WARNING,                                                   \
      "received before it happened: two clocks that differ")                                       \
    X(ID_JUMP, "id_jump", WARNING, "ids are missing between two trades")                           \
    X(REPEATED_TRADE, "repeated_trade", WARNING,                                                   \
      "a trade as one of the same time before it: the edge of a page, read twice")                 \
    X(PARTIAL_LAST, "partial_last_bar", WARNING, "the last bar may not be over")                   \
    X(ZERO_VOLUME, "zero_volume", INFO, "bars without volume")                                     \
    X(LOCKED_QUOTE, "locked_quote", INFO, "the bid is the ask")
enum s1_quality_kind {
#define X(name, text, severity, meaning) S1_QUALITY_##name,
    S1_QUALITY_KIND_MAP(X)
#undef X
        S1_QUALITY_KINDS
};

#define S1_QUALITY_TEXT_MAX       72u
#define S1_QUALITY_WINDOW_MAX     64u
#define S1_QUALITY_WINDOW_DEFAULT 15u
#define S1_QUALITY_FROZEN_DEFAULT 24u
#define S1_QUALITY_SHOWN_MAX      100000u
#define S1_QUALITY_AS_OF_NEVER    INT64_MAX

/* What is off, and where. Rows of one kind that follow each other are one finding. */
typedef struct s1_quality_finding {
    int32_t kind;         /* enum s1_quality_kind */
    int32_t severity;     /* enum s1_quality_severity */
    s1_nanos first, last; /* open times; of a hole, those of the missing bars */
    uint64_t row;         /* from 0: the first row it is about; of a hole, the row behind it */
    uint64_t rows;        /* how many it is about; of a hole, missing bars */
    char found[S1_QUALITY_TEXT_MAX], expected[S1_QUALITY_TEXT_MAX];
} s1_quality_finding;

typedef struct s1_quality_options {
    s1_session session;    /* zeroed: always open */
    uint32_t window;       /* neighbours each side, 4..S1_QUALITY_WINDOW_MAX; 0: 15 */
    uint32_t frozen_min;   /* equal closes in a row that are a finding, from 2; 0: 24 */
    uint32_t findings_max; /* kept of each kind, to S1_QUALITY_SHOWN_MAX; counts stay exact */
    s1_nanos as_of;        /* when the data was taken; S1_QUALITY_AS_OF_NEVER: not known */
    /* Called after each batch; anything but S1_OK ends the check with that code. May be NULL. */
    s1_rc (*progress)(void *user, uint64_t rows_done, uint64_t rows_total);
    void *progress_user;
} s1_quality_options;

typedef struct s1_quality_count {
    uint64_t findings, rows; /* exact, kept or not */
} s1_quality_count;

typedef struct s1_quality_report {
    uint64_t rows;
    s1_nanos first, last; /* open times of the first and last row; 0 where there are none */
    uint32_t price_scale, qty_scale;
    s1_quality_count counts[S1_QUALITY_KINDS];
    const s1_quality_finding *findings; /* [finding_count] by kind, then by row */
    size_t finding_count;
} s1_quality_report;

typedef struct s1_quality_checker s1_quality_checker; /* opaque, heap */

/* "hole", "error", what a kind is. Static; "?" outside the enum. */
const char *s1_quality_kind_name(int32_t kind);
const char *s1_quality_kind_meaning(int32_t kind);
int32_t s1_quality_kind_severity(int32_t kind);
const char *s1_quality_severity_name(int32_t severity);

/* A checker of rows of a stream, at these scales. `options` is copied, of `key` type and timeframe.
 * Errors: S1_E_INVALID for an option out of bounds, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_quality_checker_new_for(const s1_quality_options *options, const s1_stream_key *key,
                                 const s1_market_scales *scales, s1_quality_checker **ret_checker,
                                 s1_err *err);

/* One of bars of `timeframe` ns, or of trades with 0. */
S1_WARN_UNUSED
s1_rc s1_quality_checker_new(const s1_quality_options *options, s1_nanos timeframe,
                             uint32_t price_scale, uint32_t qty_scale,
                             s1_quality_checker **ret_checker, s1_err *err);
void s1_quality_checker_free(s1_quality_checker *checker);

/* The next rows, in the order they are stored; here they may be in any. All batches of a stream
 * have the same columns. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_quality_checker_add_rows(s1_quality_checker *checker, const s1_market_batch *batch,
                                  s1_err *err);
/* The same of bars to a checker of bars, of trades to one of trades. */
S1_WARN_UNUSED
s1_rc s1_quality_checker_add(s1_quality_checker *checker, const s1_bar_batch *batch, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_quality_checker_add_trades(s1_quality_checker *checker, const s1_trade_batch *batch,
                                    s1_err *err);

/* The report of all rows; nothing may be added after. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_quality_checker_end(s1_quality_checker *checker, s1_quality_report **ret_report,
                             s1_err *err);
void s1_quality_report_free(s1_quality_report *report);

/* Reads a stream and checks it. Of trades: order, ids, repeated ones, a clock ahead, prices and
 * quantities; of quotes also crossed and locked ones; of books order, prices, quantities, and
 * what the book is after each message (backend/core/order_book.h). None of these has a grid, holes
 * or a last one. Of all, where it is known, when they were received. Errors: those of the
 * persistor, of `progress`, and above.
 */
S1_WARN_UNUSED
s1_rc s1_quality_check(s1_data_persistor *archive, const s1_stream_key *key, s1_time_range range,
                       const s1_quality_options *options, s1_quality_report **ret_report,
                       s1_err *err);

#endif /* S1_BACKEND_DATA_QUALITY_QUALITY_H */
