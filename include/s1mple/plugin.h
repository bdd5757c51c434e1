/* s1mple/plugin.h - the whole contract between the platform and a plugin.
 *
 * A plugin is one shared object exporting one function, s1_plugin_entry(), beside a manifest.yaml.
 * It includes <s1mple/...> and nothing else of this tree, and links libc and libm only.
 *
 * Rules of this boundary:
 *  - A struct that may grow starts with `size`. Fields are appended, never moved or reused.
 *  - Whoever allocates frees. Pointers received in a callback are borrowed: they die when the
 *    callback returns, unless the member says otherwise. Handles from the binder live as long as
 *    the worker.
 *  - The host calls one instance from one thread. A plugin starts no threads and does no I/O.
 *  - Time, randomness and logging come from s1_host. Ids come from the sinks: only the opportunity
 *    sink mints an OpportunityID, only the threat sink a ThreatID; there is no other id function.
 *  - Exactly one process function is set, the one of the worker's type, so that a ContextWorker has
 *    no way to make a Signal.
 *  - What a worker reads, writes, publishes and parameterises stands in its manifest; asking the
 *    binder for anything else is S1_E_DENIED.
 */
#ifndef S1MPLE_PLUGIN_H
#define S1MPLE_PLUGIN_H

#include "s1mple/base.h"
#include "s1mple/context.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"
#include "s1mple/feed.h"
#include "s1mple/market.h"
#include "s1mple/model.h"
#include "s1mple/pipeline.h"

#ifdef __cplusplus
extern "C" {
#endif

#define S1_ABI_MAJOR     1u /* differs: refuse to load */
#define S1_ABI_MINOR     2u /* plugin newer than host: refuse; older: accept */
#define S1_PLUGIN_EXPORT __attribute__((visibility("default")))

/* --- What the host offers. ---------------------------------------------------------------- */

typedef struct s1_host_ctx s1_host_ctx; /* opaque; first argument of every host call */

/* capabilities.state. One JSON text per worker instance and strategy link. */
typedef struct s1_state_api {
    uint32_t size, reserved;
    /* The last committed text, {NULL, 0} at the first start. Borrowed until the next commit. */
    s1_rc (*load)(s1_host_ctx *ctx, s1_str *ret_json, s1_err *err);
    /* Replaces it, all or nothing; durable before the next order in live. At most 64 KiB. */
    s1_rc (*commit)(s1_host_ctx *ctx, s1_str json, s1_err *err);
} s1_state_api;

/* capabilities.events. Publishes an event the manifest declares; handle from binder->event. */
typedef struct s1_event_api {
    uint32_t size, reserved;
    s1_rc (*emit)(s1_host_ctx *ctx, uint32_t event, s1_str payload_json, s1_err *err);
} s1_event_api;

/* capabilities.journaling. Appends a WORKER_NOTE; details is a JSON object. */
typedef struct s1_journal_api {
    uint32_t size, reserved;
    s1_rc (*append)(s1_host_ctx *ctx, s1_str event, s1_str details_json, s1_err *err);
} s1_journal_api;

enum s1_log_level { S1_LOG_DEBUG = 10, S1_LOG_INFO = 20, S1_LOG_WARNING = 30, S1_LOG_ERROR = 40 };

/* Valid from create() to destroy(). */
typedef struct s1_host {
    uint32_t size;
    uint32_t abi_minor;
    s1_host_ctx *ctx;
    s1_nanos (*now)(s1_host_ctx *ctx);
    uint64_t (*random_u64)(s1_host_ctx *ctx); /* seeded per worker: the same in every rerun */
    void (*log)(s1_host_ctx *ctx, int32_t level, s1_str message);
    const s1_state_api *state; /* NULL unless the manifest asks for the capability */
    const s1_event_api *events;
    const s1_journal_api *journal;
} s1_host;

/* Resolves names to handles and hands over validated parameters; valid during create() only.
 * Every function: S1_E_DENIED for a name the manifest does not declare, S1_E_INVALID for a type
 * that differs from the manifest's. Lists and texts live as long as the worker. */
typedef struct s1_binder {
    uint32_t size;
    uint32_t reserved;
    void *self;
    s1_rc (*param_int)(void *self, s1_str name, int64_t *ret_value, s1_err *err);
    s1_rc (*param_float)(void *self, s1_str name, double *ret_value, s1_err *err);
    s1_rc (*param_bool)(void *self, s1_str name, bool *ret_value, s1_err *err);
    s1_rc (*param_text)(void *self, s1_str name, s1_str *ret_value, s1_err *err); /* string, enum */
    s1_rc (*param_decimal)(void *self, s1_str name, s1_dec *ret_value, s1_err *err);
    s1_rc (*param_duration)(void *self, s1_str name, s1_nanos *ret_value, s1_err *err);
    s1_rc (*param_int_list)(void *self, s1_str name, const int64_t **ret_items, size_t *ret_count,
                            s1_err *err);
    s1_rc (*param_float_list)(void *self, s1_str name, const double **ret_items, size_t *ret_count,
                              s1_err *err);
    s1_rc (*param_text_list)(void *self, s1_str name, const s1_str **ret_items, size_t *ret_count,
                             s1_err *err);
    /* A column of `requires` or `uses`, of the worker's stream or "ETH/USD@1h.close".
     * S1_E_NOT_FOUND for a `uses` column nobody provides. */
    s1_rc (*series)(void *self, s1_str column, const s1_series **ret_series, s1_err *err);
    /* A column of `provides`. ContextWorkers only. */
    s1_rc (*column)(void *self, s1_str column, s1_column **ret_column, s1_err *err);
    /* "" is the worker's own stream; "ETH/USD@1h" another of the blueprint's `data` list. */
    s1_rc (*stream)(void *self, s1_str selector, const s1_stream **ret_stream, s1_err *err);
    /* Artefacts of a name in the manifest's `artefacts`; _out for ContextWorkers only. */
    s1_rc (*artefacts_in)(void *self, s1_str name, const s1_artefact_list **ret_list, s1_err *err);
    s1_rc (*artefacts_out)(void *self, s1_str name, s1_artefact_list **ret_list, s1_err *err);
    /* A named condition of this worker, for S1_CONDITION. Any worker type. */
    s1_rc (*condition)(void *self, s1_str name, s1_condition **ret_condition, s1_err *err);
    /* An event of capabilities.events.publishes. */
    s1_rc (*event)(void *self, s1_str name, uint32_t *ret_event, s1_err *err);
    /* Since minor version 1. */
    /* A feed of the manifest's dependencies.feeds. S1_E_NOT_FOUND for an optional one the blueprint
     * gives none for. */
    s1_rc (*feed)(void *self, s1_str name, const s1_feed **ret_feed, s1_err *err);
    /* A field of it. S1_E_NOT_FOUND for an optional one the file has no column for. */
    s1_rc (*feed_field)(void *self, s1_str feed, s1_str field, const s1_feed_field **ret_field,
                        s1_err *err);
    /* A model of the manifest's dependencies.models. S1_E_NOT_FOUND for an optional one the
     * blueprint gives none for. */
    s1_rc (*model)(void *self, s1_str name, const s1_model **ret_model, s1_err *err);
} s1_binder;

/* What on_event receives; exactly the member that goes with the event's payload is set. */
typedef struct s1_event {
    uint32_t size;
    uint32_t reserved;
    s1_str name;
    s1_nanos time;
    const s1_context *context;
    const s1_signal_list *signals; /* SignalsDetected */
    const s1_threat_list *threats; /* ThreatsDetected */
    const s1_ledger_view *ledger;  /* LedgerStateChanged */
    s1_str json;                   /* a plugin's own event */
} s1_event;

/* --- What a plugin provides. -------------------------------------------------------------- */

enum s1_worker_type { /* 0 is invalid, so a forgotten member is caught */
                      S1_WORKER_CONTEXT = 1,
                      S1_WORKER_OPPORTUNITY,
                      S1_WORKER_THREAT,
                      S1_WORKER_PLANNING,
                      S1_WORKER_EXECUTION
};
enum s1_capability { S1_CAP_STATE = 1u << 0, S1_CAP_EVENTS = 1u << 1, S1_CAP_JOURNAL = 1u << 2 };

/* static const in the plugin. Exactly one process function is set: the one of `type`. A callback
 * that fails fills in `err` and returns a negative code; the operator's policy decides. */
typedef struct s1_worker_ops {
    uint32_t size;
    uint32_t type; /* enum s1_worker_type */
    /* Reads parameters, binds handles, allocates. `host` outlives the worker, `binder` does not. */
    s1_rc (*create)(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err);
    void (*destroy)(void *self); /* accepts NULL */
    /* Context: one value per owned column, each bar of its stream. */
    s1_rc (*enrich)(void *self, const s1_context *context, s1_err *err);
    /* Opportunity: zero or more signals. Called once its inputs exist. */
    s1_rc (*detect)(void *self, const s1_context *context, const s1_opportunity_sink *out,
                    s1_err *err);
    /* Threat: a report for each threat that holds now. */
    s1_rc (*assess)(void *self, const s1_context *context, const s1_threat_sink *out, s1_err *err);
    /* Planning: writes its phase's block of the plan, or refuses. */
    s1_rc (*plan)(void *self, const s1_context *context, const s1_signal *signal,
                  const s1_threat_list *threats, s1_plan *plan, s1_verdict *verdict, s1_err *err);
    /* Execution: acts on its triggers. */
    s1_rc (*execute)(void *self, const s1_context *context, const s1_execution_input *input,
                     const s1_order_api *orders, s1_err *err);
    /* Optional, S1_CAP_EVENTS: an event of capabilities.events.wirings. */
    s1_rc (*on_event)(void *self, const s1_event *event, s1_err *err);
    /* Optional, since minor version 2; of a ContextWorker without capabilities that reads columns
     * of its own stream and nothing else. Rows [first_row, first_row + count) of its columns in one
     * call, the first row being 0: the same bits, and the worker left as it would be, as `count`
     * calls of enrich() leave them, one per row. Its inputs hold these rows, and may hold later
     * ones, which are not to be looked at: s1_series_row and s1_column_put_row. Calls follow each
     * other without a gap, mixed with those of enrich(). The host compares before it relies on it,
     * and refuses a worker whose rows differ. */
    s1_rc (*enrich_range)(void *self, uint64_t first_row, uint64_t count, s1_err *err);
} s1_worker_ops;

/* Layouts that cannot grow within a major (array elements, by-value arguments, the money scale).
 * Equal on both sides or the plugin is refused. Structs with `size` are not part of it. */
#define S1_ABI_STAMP                                                                               \
    ((uint64_t)sizeof(s1_bar) | (uint64_t)sizeof(s1_dec) << 8 | (uint64_t)sizeof(s1_uid) << 16 |   \
     (uint64_t)sizeof(s1_str) << 24 | (uint64_t)sizeof(void *) << 32 |                             \
     (uint64_t)S1_DEC_SCALE << 40 | (uint64_t)sizeof(s1_field) << 48 |                             \
     (uint64_t)sizeof(s1_artefact) << 56)

typedef struct s1_plugin_desc {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    uint64_t abi_stamp;
    const char *name;    /* equals the manifest's identification.name */
    const char *version; /* equals the manifest's identification.version */
    const s1_worker_ops *ops;
    uint32_t capabilities; /* enum s1_capability mask; equals the manifest's */
    uint32_t reserved;
} s1_plugin_desc;

#define S1_PLUGIN_DESC(name_, version_, ops_, capabilities_)                                       \
    {sizeof(s1_plugin_desc),                                                                       \
     S1_ABI_MAJOR,                                                                                 \
     S1_ABI_MINOR,                                                                                 \
     S1_ABI_STAMP,                                                                                 \
     name_,                                                                                        \
     version_,                                                                                     \
     ops_,                                                                                         \
     capabilities_,                                                                                \
     0}

/* The one exported symbol. A function, not data; it must not call back or allocate. */
S1_PLUGIN_EXPORT const s1_plugin_desc *s1_plugin_entry(uint32_t host_abi_major);

/* Defines s1_plugin_entry for a plugin. */
#define S1_PLUGIN(name_, version_, ops_, capabilities_)                                            \
    const s1_plugin_desc *s1_plugin_entry(uint32_t host_abi_major)                                 \
    {                                                                                              \
        static const s1_plugin_desc desc = S1_PLUGIN_DESC(name_, version_, ops_, capabilities_);   \
        (void)host_abi_major;                                                                      \
        return &desc;                                                                              \
    }

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_PLUGIN_H */
