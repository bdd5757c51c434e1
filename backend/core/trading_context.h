/* backend/core/trading_context.h - the columnar store behind s1_context: the map of one run.
 *
 * Every stream (one pair at one timeframe) has base columns and the columns context workers own,
 * all of them reserved once for the known number of rows and touched only as bars arrive. A row
 * comes into being when its bar is appended: the memory after it was never written, so there is no
 * future to read; under AddressSanitizer it is poisoned, and a read of it is reported.
 *
 * Per tick: s1_trading_context_begin_tick(now), then append_bar for each stream whose bar closed,
 * then the context workers, each followed by s1_column_store_seal on its columns. All O(1) and
 * without allocation. Values are reached only through handles (s1_series, s1_column), so that a
 * live run can later keep rings and move them between ticks.
 *
 * One context belongs to one run and one thread. Members are open for the inline paths; only
 * `view.ledger`, `view.signals`, `view.threats` and `view.is_warmup` are for others to write.
 */
#ifndef S1_BACKEND_CORE_TRADING_CONTEXT_H
#define S1_BACKEND_CORE_TRADING_CONTEXT_H

#include "backend/utils/assert.h"
#include "s1mple/context.h"
#include "s1mple/error.h"
#include "s1mple/pipeline.h"

#if defined(__SANITIZE_ADDRESS__)
#define S1_TRADING_CONTEXT_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define S1_TRADING_CONTEXT_POISON 1
#endif
#endif

#define S1_STREAMS_MAX       16u   /* of one context */
#define S1_COLUMNS_MAX       1024u /* of one context, base columns included */
#define S1_ARTEFACTS_MAX     256u  /* lists of one context */
#define S1_ARTEFACT_CAPACITY 256u  /* items a list keeps unless told otherwise */

/* X(member, name): what every stream has. The order is the order of s1_stream_store.base. */
#define S1_BASE_COLUMN_MAP(X)                                                                      \
    X(open, "open")                                                                                \
    X(high, "high")                                                                                \
    X(low, "low")                                                                                  \
    X(close, "close")                                                                              \
    X(volume, "volume")
enum s1_base_column {
#define X(member, name) S1_BASE_##member,
    S1_BASE_COLUMN_MAP(X)
#undef X
        S1_BASE_COLUMN_COUNT
};

/* One column: the owner's handle, the readers' handle, and when its values begin to mean
 * something. Lives as long as the context. */
typedef struct s1_column_store {
    s1_column column; /* handed to the owner; of a base column the host is the owner */
    s1_series series; /* handed to readers */
    s1_str name;      /* without the stream: "ema_20" */
    s1_str owner;     /* instance id; empty for a base column */
    uint32_t stream;  /* index */
    uint32_t reserved;
    /* [S1_STREAMS_MAX] rows each stream must have before the value is valid; 0: does not matter.
     * For a base column 1 on its own stream; else max(inputs) + lookback - 1. */
    uint64_t need_rows[S1_STREAMS_MAX];
} s1_column_store;

/* One stream. `view` is first: workers see this struct as an s1_stream. */
typedef struct s1_stream_store {
    s1_stream view;
    double price_divisor, qty_divisor; /* 10^scale: exact doubles */
    s1_nanos *close_time;
    double *base[S1_BASE_COLUMN_COUNT];
    uint64_t capacity_rows;
    uint32_t index;
    uint32_t column_count;     /* owned columns, base columns not among them */
    s1_column_store **columns; /* [column_count] in order of addition */
} s1_stream_store;

/* A named artefact list of a stream. */
typedef struct s1_artefact_store {
    s1_artefact_list list;
    s1_str name, owner;
    uint32_t stream;
    uint32_t reserved;
} s1_artefact_store;

typedef struct s1_trading_context {
    s1_context view;          /* first: what workers are handed */
    s1_stream_store *streams; /* [view.stream_count], the primary first */
    struct s1_trading_context_private *private_part;
} s1_trading_context;

typedef struct s1_stream_options {
    s1_str asset_pair; /* copied */
    s1_nanos timeframe;
    const s1_instrument *instrument; /* borrowed; outlives the context */
    uint64_t capacity_rows;          /* > 0: the bars this run can have at most */
} s1_stream_options;

typedef struct s1_trading_context_options {
    s1_str strategy_link_id;          /* copied */
    const s1_stream_options *streams; /* [stream_count], the primary first */
    uint32_t stream_count;            /* 1..S1_STREAMS_MAX */
    uint32_t reserved;
    uint64_t memory_max_bytes; /* of all columns; 0: no limit */
} s1_trading_context_options;

/* Reserves the base columns of every stream. ledger is NULL, signals and threats are empty lists
 * until the engine sets them. Heap; free with s1_trading_context_free. Errors: S1_E_INVALID for no
 * or too many streams, two equal streams, a timeframe or capacity of zero, a missing instrument or
 * a scale above 18; S1_E_NO_MEMORY naming the limit. */
S1_WARN_UNUSED s1_rc s1_trading_context_new(const s1_trading_context_options *options,
                                            s1_trading_context **ret_context, s1_err *err);
void s1_trading_context_free(s1_trading_context *context); /* accepts NULL */

/* Index of the stream "ETH/USD@1h"; "" is the primary. S1_E_INVALID for a selector that is none,
 * S1_E_NOT_FOUND naming the streams there are. */
S1_WARN_UNUSED s1_rc s1_trading_context_find_stream(const s1_trading_context *context,
                                                    s1_str selector, uint32_t *ret_stream,
                                                    s1_err *err);

typedef struct s1_column_options {
    uint32_t stream;
    uint32_t reserved;
    s1_str name;               /* copied; letters, digits and '_', 1..63 bytes */
    s1_str owner;              /* copied; the worker's instance id */
    const uint64_t *need_rows; /* [stream_count] or NULL for one row of its stream */
} s1_column_options;

/* Reserves a column for a worker. Only before the first bar. Errors: S1_E_EXISTS naming who
 * provides it already (base columns included), S1_E_INVALID for a name that is none, S1_E_NO_MEMORY
 * at a limit. */
S1_WARN_UNUSED s1_rc s1_trading_context_add_column(s1_trading_context *context,
                                                   const s1_column_options *options,
                                                   s1_column_store **ret_column, s1_err *err);

/* The column of a name, of `stream` or, qualified, of another: "ETH/USD@1h.close". Errors:
 * S1_E_NOT_FOUND naming the columns there are, and as s1_trading_context_find_stream. */
S1_WARN_UNUSED s1_rc s1_trading_context_find_column(const s1_trading_context *context,
                                                    uint32_t stream, s1_str name,
                                                    s1_column_store **ret_column, s1_err *err);

/* Adds the artefact list of a name to a stream; capacity 0 is S1_ARTEFACT_CAPACITY. Errors as
 * s1_trading_context_add_column. */
S1_WARN_UNUSED s1_rc s1_trading_context_add_artefacts(s1_trading_context *context, uint32_t stream,
                                                      s1_str name, s1_str owner, uint32_t capacity,
                                                      s1_artefact_store **ret_artefacts,
                                                      s1_err *err);

/* The artefact list of a name; it may be qualified like a column. Errors as find_column. */
S1_WARN_UNUSED s1_rc s1_trading_context_find_artefacts(const s1_trading_context *context,
                                                       uint32_t stream, s1_str name,
                                                       s1_artefact_store **ret_artefacts,
                                                       s1_err *err);

/* mantissa / 10^scale, correctly rounded for every int64; the slow half of the next function. */
double s1_mantissa_to_double_wide(int64_t mantissa, double divisor);

/* mantissa / divisor, correctly rounded; divisor is 10^0 .. 10^18. */
static inline double s1_mantissa_to_double(int64_t mantissa, double divisor)
{
    const uint64_t exact_max = UINT64_C(1) << 53;
    if (__builtin_expect((uint64_t)mantissa + exact_max > 2 * exact_max, 0)) {
        return s1_mantissa_to_double_wide(mantissa, divisor);
    }
    return (double)mantissa / divisor;
}

/* Writes NaN to the rows of a column its owner left out. Call after its owner had its turn, whether
 * that succeeded or not, and for owners that were skipped. */
static inline void s1_column_store_seal(s1_column_store *column)
{
    const uint64_t rows = *column->column.rows;
    if (__builtin_expect(column->column.written != rows, 0)) {
        for (uint64_t row = column->column.written; row < rows; row++) {
            column->column.values[row] = (double)NAN;
        }
        column->column.written = rows;
    }
}

/* A second bar of a stream in one tick: seals its columns, so that the row between is NaN. */
void s1_stream_store_seal(s1_stream_store *store);

/* AddressSanitizer builds: makes row `row` of the stream's columns addressable. */
void s1_stream_store_unpoison(const s1_stream_store *store, uint64_t row);

/* Opens the next tick: nothing is new in it yet. `now` never runs backwards. */
static inline void s1_trading_context_begin_tick(s1_trading_context *context, s1_nanos now)
{
    S1_ASSERT(now >= context->view.now);
    context->view.tick++;
    context->view.now = now;
    for (uint32_t i = 0; i < context->view.stream_count; i++) {
        context->streams[i].view.is_new = 0;
    }
}

/* Appends a closed bar. The caller keeps: one of a stream's capacity, not from after now, and after
 * the bar before it. O(1), no allocation. */
static inline void s1_trading_context_append_bar(s1_trading_context *context, uint32_t stream,
                                                 const s1_bar *bar)
{
    S1_ASSERT(stream < context->view.stream_count);
    s1_stream_store *const store = &context->streams[stream];
    const uint64_t row = store->view.rows;
    S1_ASSERT(row < store->capacity_rows);
    S1_ASSERT(bar->close_time <= context->view.now);
    S1_ASSERT(row == 0 || bar->close_time > store->view.bar.close_time);
    if (__builtin_expect(store->view.is_new != 0, 0)) {
        s1_stream_store_seal(store);
    }
#ifdef S1_TRADING_CONTEXT_POISON
    s1_stream_store_unpoison(store, row);
#endif
    const double divisor = store->price_divisor;
    store->close_time[row] = bar->close_time;
    store->base[S1_BASE_open][row] = s1_mantissa_to_double(bar->open, divisor);
    store->base[S1_BASE_high][row] = s1_mantissa_to_double(bar->high, divisor);
    store->base[S1_BASE_low][row] = s1_mantissa_to_double(bar->low, divisor);
    store->base[S1_BASE_close][row] = s1_mantissa_to_double(bar->close, divisor);
    store->base[S1_BASE_volume][row] = s1_mantissa_to_double(bar->volume, store->qty_divisor);
    store->view.bar = *bar;
    store->view.rows = row + 1;
    store->view.is_new = 1;
}

#endif /* S1_BACKEND_CORE_TRADING_CONTEXT_H */
