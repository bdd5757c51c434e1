/* services/operators/run_preparer.h - is this configuration one that can run? And if so, with what.
 *
 * Loads a configuration, discovers the plugins and checks all five classes of SPEC B20 at once:
 * schema and references (backend/config), dependencies between workers (backend/assembly), the
 * event chain (services/event_bus) and the operators; and reads the feed files. What `validate`
 * prints and what a backtest starts from are the same object.
 */
#ifndef S1_SERVICES_OPERATORS_RUN_PREPARER_H
#define S1_SERVICES_OPERATORS_RUN_PREPARER_H

#include "backend/assembly/component_builder.h"
#include "backend/assembly/plugin_registry.h"
#include "backend/config/config.h"
#include "backend/config/params.h"
#include "backend/core/feed.h"

/* A link with its workers resolved. */
typedef struct s1_prepared_link {
    const s1_link *link;
    const s1_worker_plan **plans; /* [worker_count] in order of work */
    s1_plugin **plugins;          /* same order */
    /* [link->blueprint->feeds.count] what was read of each; NULL: no worker reads it. */
    const s1_feed_table **feeds;
    s1_model_file *models; /* [link->blueprint->models.count] */
    uint32_t worker_count;
    uint32_t reserved;
} s1_prepared_link;

typedef struct s1_preparation {
    s1_arena arena;
    s1_faults faults;
    const s1_config *config; /* NULL if the folder could not be read */
    s1_plugin_registry *registry;
    s1_prepared_link *links; /* [link_count], usable when faults.errors is 0 */
    uint32_t link_count;
} s1_preparation;

typedef struct s1_prepare_options {
    const char *config_dir;
    const char *base; /* where relative paths of the configuration start; NULL: beside config_dir */
    const char *target;           /* blueprint or operation; NULL: everything */
    const char *const *overrides; /* [override_count] "path=value" */
    size_t override_count;
    const s1_fs *fs;
} s1_prepare_options;

/* Fills in the caller's `preparation`; release it with s1_preparation_done, after errors too.
 * Faults are no error of this function: look at preparation->faults. Errors: S1_E_NOT_FOUND,
 * S1_E_IO, S1_E_INVALID for an override that cannot be read, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_prepare(const s1_prepare_options *options, s1_preparation *preparation,
                                s1_err *err);
void s1_preparation_done(s1_preparation *preparation);

/* The plugin folder: `configured` (platform.yaml plugins_root_path) if absolute, else beside the
 * program, or below its ../lib/s1mpletrader. S1_E_NOT_FOUND naming the places looked at. */
S1_WARN_UNUSED s1_rc s1_plugin_root(const s1_fs *fs, s1_str configured,
                                    char ret_path[static S1_PATH_MAX], s1_err *err);

#endif /* S1_SERVICES_OPERATORS_RUN_PREPARER_H */
