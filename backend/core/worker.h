/* backend/core/worker.h - a worker as operators and journals see it.
 *
 * Made by backend/assembly/worker_builder.h; everything here is read-only for its users. On the hot
 * path: s1_worker_is_due or s1_worker_is_ready, one call through `ops`, s1_worker_seal_columns.
 */
#ifndef S1_BACKEND_CORE_WORKER_H
#define S1_BACKEND_CORE_WORKER_H

#include "backend/core/trading_context.h"
#include "s1mple/plugin.h"

struct s1_plugin;      /* backend/assembly/plugin_registry.h */
struct s1_worker_plan; /* backend/config/params.h */

/* A column the worker reads (requires, and uses where somebody provides it), for the journal's
 * record of what a decision was based on. */
typedef struct s1_worker_input {
    s1_str name; /* as the manifest resolves to: "ema_20", "ETH/USD@1h.close" */
    const s1_series *series;
    const s1_column_store *column;
} s1_worker_input;

/* A condition the plugin bound, in order of binding. */
typedef struct s1_worker_condition {
    s1_str name;
    s1_condition condition;
} s1_worker_condition;

/* One stream must have at least `need` rows. */
typedef struct s1_worker_gate {
    const uint64_t *rows;
    uint64_t need;
} s1_worker_gate;

/* A worker as operators use it: call worker->ops->detect(worker->self, ...). Read-only for them. */
typedef struct s1_worker {
    const s1_worker_ops *ops;
    void *self;
    const s1_stream *stream; /* its own */
    const s1_worker_gate *gates;
    uint32_t gate_count;
    bool is_ready; /* latched by s1_worker_is_ready: rows never go away */
    uint32_t column_count, artefact_count;
    s1_column_store *const *columns; /* [column_count] it owns, in manifest order */
    s1_artefact_store *const *artefacts;
    const s1_worker_input *inputs; /* [input_count] in manifest order */
    uint32_t input_count;
    uint32_t condition_count;
    s1_worker_condition *conditions;
    s1_str instance_id;
    s1_str plugin_name, version;
    int32_t type;    /* enum s1_worker_type */
    int32_t subtype; /* enum s1_subtype */
    uint32_t stream_index;
    uint32_t capabilities; /* enum s1_capability mask */
    uint64_t lookback;     /* rows of its inputs it looks at, resolved; >= 1 */
    uint64_t state_commit_count;
    const struct s1_plugin *plugin;
    const struct s1_worker_plan *plan; /* as given: borrowed */
    s1_host_ctx *host_ctx;             /* private */
} s1_worker;

/* What a column is in rows made many at a time (enrich_range), where that is not what it is bar by
 * bar. */
typedef struct s1_range_difference {
    const s1_column_store *column; /* NULL: there is none */
    uint64_t row;                  /* the first of the column, 0 the first of all */
    uint64_t count;                /* rows of the column that differ */
    double found, expected;        /* by range; bar by bar */
} s1_range_difference;

/* Whether every required input of the worker exists by now: rows >= max(inputs) + lookback - 1 on
 * each stream concerned. Detectors are not called before. */
static inline bool s1_worker_is_ready(s1_worker *worker)
{
    if (worker->is_ready) {
        return true;
    }
    for (uint32_t i = 0; i < worker->gate_count; i++) {
        if (*worker->gates[i].rows < worker->gates[i].need) {
            return false;
        }
    }
    worker->is_ready = true;
    return true;
}

/* Whether a bar of the worker's own stream closed in this tick: when a context worker is due. */
static inline bool s1_worker_is_due(const s1_worker *worker)
{
    return worker->stream->is_new != 0;
}

/* Writes NaN to what a context worker left out. After its turn, whether it succeeded or not. */
static inline void s1_worker_seal_columns(const s1_worker *worker)
{
    for (uint32_t i = 0; i < worker->column_count; i++) {
        s1_column_store_seal(worker->columns[i]);
    }
}

#endif /* S1_BACKEND_CORE_WORKER_H */
