/* s1mple/context.h - the TradingContext: the objective map of one tick, and no future on it.
 *
 * Columnar and append-only. A worker resolves names to handles once, in create(), through the
 * binder; per tick it reads through inline accessors: no call, no lookup, no allocation. Rows after
 * "now" do not exist in this memory: the host appends a bar only when its time has come.
 *
 * Handles (series, columns, streams, artefact lists, conditions) are host memory and live as long
 * as the worker. Pointers inside the context are borrowed for the callback.
 */
#ifndef S1MPLE_CONTEXT_H
#define S1MPLE_CONTEXT_H

#include "s1mple/base.h"
#include "s1mple/decimal.h"
#include "s1mple/market.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A readable column: open, high, low, close, volume or what a ContextWorker provides. The host may
 * move `values` between ticks; read through the handle every time. */
typedef struct s1_series {
    const double *values;
    const uint64_t *rows; /* visible rows of the column's stream */
} s1_series;

/* The value `ago` closed bars back (0 = the newest). NaN where there is none. */
static inline double s1_series_at(const s1_series *series, uint64_t ago)
{
    const uint64_t rows = *series->rows;
    return ago < rows ? series->values[rows - 1 - ago] : (double)NAN;
}

/* The newest value; NaN where there is none. */
static inline double s1_series_last(const s1_series *series)
{
    return s1_series_at(series, 0);
}

/* The value of row `row` of those visible, the first being 0. For enrich_range(). Since minor 2. */
static inline double s1_series_row(const s1_series *series, uint64_t row)
{
    return series->values[row];
}

/* Number of visible rows. A higher timeframe grows only when its bar closes. */
static inline uint64_t s1_series_rows(const s1_series *series)
{
    return *series->rows;
}

/* A column the worker owns (manifest `provides`): one value per row of its stream. */
typedef struct s1_column {
    double *values;
    const uint64_t *rows;
    uint64_t written; /* rows at the last put; the host fills a row left out with NaN */
} s1_column;

/* Writes this tick's value. Only inside enrich(). */
static inline void s1_column_put(s1_column *column, double value)
{
    const uint64_t rows = *column->rows;
    column->values[rows - 1] = value;
    column->written = rows;
}

/* Writes the value of a row, the first being 0; rows in order. Only inside enrich() (of the newest
 * row) and enrich_range(). Since minor 2. */
static inline void s1_column_put_row(s1_column *column, uint64_t row, double value)
{
    column->values[row] = value;
    column->written = row + 1;
}

/* One pair at one timeframe. */
typedef struct s1_stream {
    uint32_t size;
    uint32_t reserved;
    s1_str asset_pair;
    s1_nanos timeframe;
    uint64_t rows;   /* closed bars visible now */
    uint64_t is_new; /* 1 if a bar of this stream closed in this tick */
    s1_bar bar;      /* the newest closed bar, exact */
    const s1_instrument *instrument;
    s1_series open, high, low, close, volume;
    const s1_nanos *close_time; /* [rows] */
} s1_stream;

/* Artefacts: zones and levels, what is on the map but is not a column. */
enum s1_artefact_kind { S1_ARTEFACT_ZONE = 1, S1_ARTEFACT_LEVEL = 2 };
typedef struct s1_artefact { /* frozen per S1_ABI_MAJOR */
    s1_nanos created_at;
    uint64_t row;        /* rows of the stream when it was put */
    double lower, upper; /* equal for a level */
    int32_t kind;        /* enum s1_artefact_kind */
    int32_t direction;   /* enum s1_direction; 0 if it has none */
} s1_artefact;
typedef struct s1_artefact_list { /* the newest `capacity` of a name */
    uint32_t size;
    uint32_t capacity;
    uint64_t total; /* ever put; the newest is at total - 1 */
    s1_artefact *items;
} s1_artefact_list;

/* Puts an artefact on the map, over the oldest when the list is full. Only inside enrich(), only on
 * a list bound with artefacts_out. */
static inline void s1_artefact_put(s1_artefact_list *list, const s1_artefact *artefact)
{
    list->items[list->total % list->capacity] = *artefact;
    list->total++;
}

/* The artefact put `ago` puts back (0 = the newest), or NULL. Borrowed for the callback. */
static inline const s1_artefact *s1_artefact_at(const s1_artefact_list *list, uint64_t ago)
{
    return ago < list->total && ago < list->capacity
               ? &list->items[(list->total - 1 - ago) % list->capacity]
               : NULL;
}

/* One virtual position: several trades per pair are kept apart here and netted at the venue. */
typedef struct s1_position {
    uint32_t size;
    int32_t direction; /* enum s1_direction */
    s1_trade_id trade_id;
    s1_str asset_pair;
    s1_dec quantity;    /* > 0 */
    s1_dec entry_price; /* cost basis / quantity, rounded half-even */
    s1_dec stop_loss;   /* zero: none */
    s1_dec take_profit; /* zero: none */
    s1_nanos opened_at;
    uint64_t opened_row; /* rows of the primary stream at the entry fill */
    uint32_t is_closing; /* a closing order is working */
    uint32_t reserved;
} s1_position;

/* What the account has of one currency. Since minor 2. */
typedef struct s1_balance {
    uint32_t size;
    uint32_t padding;
    s1_str currency;
    s1_dec total;    /* below zero: borrowed */
    s1_dec reserved; /* of it, held for working orders */
} s1_balance;

/* The ledger as a worker may see it: read-only, marked to the newest close. */
typedef struct s1_ledger_view {
    uint32_t size;
    uint32_t position_count;
    uint32_t position_stride; /* bytes; use s1_ledger_position() */
    uint32_t pending_entries; /* trades whose entry order works, nothing of it filled yet */
    const s1_position *positions;
    s1_dec cash;     /* quote currency, reserved included */
    s1_dec reserved; /* held for working entry orders */
    s1_dec equity;   /* cash + value of the positions */
    s1_dec equity_peak;
    s1_dec realized_pnl; /* gross of fees */
    s1_dec unrealized_pnl;
    s1_dec fees;
    s1_dec initial_capital;
    /* Since minor 1. A trade is closed when nothing of it is open any more; its result is what all
     * its closes made, less the fees of all its fills. */
    uint64_t closed_trades;
    uint64_t closed_wins; /* of them with a result above zero */
    s1_dec last_closed_pnl;
    /* Since minor 2. */
    uint32_t
        balance_count; /* the quote currency, the base currency, that of fees if it is another */
    uint32_t balance_stride;
    const s1_balance *balances;
    s1_dec funding;  /* paid so far; below zero: received */
    s1_dec interest; /* paid so far */
} s1_ledger_view;

/* Balance `index` of balance_count. */
static inline const s1_balance *s1_ledger_balance(const s1_ledger_view *ledger, uint32_t index)
{
    return (const s1_balance *)(const void *)((const char *)(const void *)ledger->balances +
                                              (size_t)index * ledger->balance_stride);
}

/* Position `index` of position_count, oldest first. */
static inline const s1_position *s1_ledger_position(const s1_ledger_view *ledger, uint32_t index)
{
    return (const s1_position *)(const void *)((const char *)(const void *)ledger->positions +
                                               (size_t)index * ledger->position_stride);
}

struct s1_signal_list; /* s1mple/pipeline.h */
struct s1_threat_list;

/* What a worker is handed every tick. */
typedef struct s1_context {
    uint32_t size;
    uint32_t stream_count;
    uint64_t tick; /* 1 for the first bar of the run, warm-up included */
    s1_nanos now;  /* close time of the primary bar */
    s1_str strategy_link_id;
    s1_str asset_pair;
    const s1_stream *primary;
    const s1_stream *const *streams; /* [stream_count], the primary first */
    const s1_ledger_view *ledger;
    uint32_t is_warmup; /* before `from`: detectors are not called */
    uint32_t reserved;
    /* What earlier workers of the same operator found in this tick, under SEQUENTIAL; always empty
     * under PARALLEL. Never NULL. */
    const struct s1_signal_list *signals;
    const struct s1_threat_list *threats;
} s1_context;

/* A named comparison whose value, threshold and outcome the host can put beside a decision, or
 * count over a run. Bound with binder->condition, evaluated with S1_CONDITION. */
typedef struct s1_condition {
    uint64_t tick; /* of the last evaluation */
    double value, threshold;
    int32_t op; /* enum s1_condition_op */
    int32_t held;
    uint64_t evaluated_count, held_count;
} s1_condition;
enum s1_condition_op { S1_GT = 1, S1_GE, S1_LT, S1_LE, S1_EQ, S1_NE };

static inline bool s1_condition_record(const s1_context *context, s1_condition *condition, int op,
                                       double value, double threshold, bool held)
{
    condition->tick = context->tick;
    condition->value = value;
    condition->threshold = threshold;
    condition->op = op;
    condition->held = held;
    condition->evaluated_count++;
    condition->held_count += held;
    return held;
}

#define S1_CONDITION_DEFINE(name, op, sign)                                                        \
    static inline bool s1_condition_##name(const s1_context *context, s1_condition *condition,     \
                                           double value, double threshold)                         \
    {                                                                                              \
        return s1_condition_record(context, condition, op, value, threshold,                       \
                                   value sign threshold);                                          \
    }
S1_CONDITION_DEFINE(GT, S1_GT, >)
S1_CONDITION_DEFINE(GE, S1_GE, >=)
S1_CONDITION_DEFINE(LT, S1_LT, <)
S1_CONDITION_DEFINE(LE, S1_LE, <=)

/* S1_CONDITION(context, me->fast_above_slow, fast, GT, slow): evaluates, records, returns bool. A
 * NaN on either side never holds. */
#define S1_CONDITION(context, condition, value, op, threshold)                                     \
    s1_condition_##op((context), (condition), (value), (threshold))

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_CONTEXT_H */
