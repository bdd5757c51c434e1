/* backend/assembly/worker_builder.h - from a manifest to a worker, mechanically.
 *
 * The builder looks at no name and no combination of parameters. From the manifest and the resolved
 * parameters it reserves the columns and artefacts the worker provides, computes when its inputs
 * exist, grants exactly the capabilities asked for (the others are NULL), calls create(), and hands
 * back what an operator needs on the hot path. Whatever a plugin asks the binder for beyond its
 * manifest is S1_E_DENIED; of another type than declared, S1_E_INVALID.
 *
 * Workers are built in blueprint order, context workers first, before the first bar: a column must
 * be there before a reader is built. No allocation after build but for a state that grows.
 *
 * Ownership: s1_worker_build -> s1_worker_free, before the context and the services go. The plugin
 * entry belongs to the registry and outlives the worker.
 */
#ifndef S1_BACKEND_ASSEMBLY_WORKER_BUILDER_H
#define S1_BACKEND_ASSEMBLY_WORKER_BUILDER_H

#include "backend/assembly/plugin_registry.h"
#include "backend/config/params.h"
#include "backend/core/feed.h"
#include "backend/core/worker.h"
#include "s1mple/plugin.h"

#define S1_WORKER_STATE_MAX      65536u /* bytes of committed state */
#define S1_WORKER_CONDITIONS_MAX 64u    /* named conditions of one worker */

/* What the run offers its workers. Each callback gets `self` and the worker concerned; texts are
 * borrowed for the call. now and log must be set; the others only if a worker of the run has the
 * capability. `worker` is complete but for `self` while create() runs. */
typedef struct s1_worker_services {
    void *self;
    uint64_t seed; /* of the run; each worker's chance derives from it, its link and its instance */
    s1_nanos (*now)(void *self);
    void (*log)(void *self, const s1_worker *worker, int32_t level, s1_str message);
    /* The state committed in an earlier life; {NULL, 0} if there is none. Called once, at build. */
    s1_rc (*state_load)(void *self, const s1_worker *worker, s1_str *ret_json, s1_err *err);
    /* Keeps a new state, all or nothing. May be NULL: memory is enough (backtest). */
    s1_rc (*state_commit)(void *self, const s1_worker *worker, s1_str json, s1_err *err);
    s1_rc (*event_emit)(void *self, const s1_worker *worker, s1_str event, s1_str payload_json,
                        s1_err *err);
    s1_rc (*journal_append)(void *self, const s1_worker *worker, s1_str event, s1_str details_json,
                            s1_err *err);
} s1_worker_services;

/* The run's window on a feed of the blueprint. */
typedef struct s1_bound_feed {
    s1_str id;
    s1_feed_window *window;
} s1_bound_feed;

/* The run's instance of a model of the blueprint. */
typedef struct s1_bound_model {
    s1_str id;
    const s1_model *model;
} s1_bound_model;

typedef struct s1_worker_builder {
    s1_trading_context *context;
    const s1_bound_feed *feeds; /* [feed_count]; outlive the workers */
    size_t feed_count;
    const s1_bound_model *models; /* [model_count]; outlive the workers */
    size_t model_count;
    const s1_worker_services *services; /* outlives the workers */
} s1_worker_builder;

/* Loads the plugin if it is not yet, and makes a worker of `plan` (the blueprint's item resolved
 * against the plugin's manifest: id, stream, parameters, columns; it outlives the worker). Errors,
 * each naming instance and plugin: S1_E_ABI and S1_E_DENIED of the registry's checks;
 * S1_E_NOT_FOUND for a required column nobody provides yet, S1_E_EXISTS for a provided one somebody
 * else does; S1_E_DENIED, S1_E_INVALID for what create() asked of the binder; S1_E_PLUGIN for a
 * create() that failed otherwise or left no instance; S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_worker_build(const s1_worker_builder *builder, s1_plugin *plugin,
                                     const s1_worker_plan *plan, s1_worker **ret_worker,
                                     s1_err *err);

/* A second instance of a context worker of columns alone, beside it: of the same plan, inputs and
 * services, but its columns are its own and nobody reads them; they have room for the rows its
 * stream has now. Errors as s1_worker_build. Free with s1_worker_free, before `worker`. */
S1_WARN_UNUSED s1_rc s1_worker_build_twin(const s1_worker *worker, s1_worker **ret_twin,
                                          s1_err *err);

/* destroy() of the plugin, then the rest. Accepts NULL. Columns stay with the context. */
void s1_worker_free(s1_worker *worker);

/* The last committed state; {NULL, 0} if none. Borrowed until the next commit. */
s1_str s1_worker_state(const s1_worker *worker);

/* The name of event handle `event` as the manifest publishes it; {NULL, 0} for none. */
s1_str s1_worker_event_name(const s1_worker *worker, uint32_t event);

#endif /* S1_BACKEND_ASSEMBLY_WORKER_BUILDER_H */
