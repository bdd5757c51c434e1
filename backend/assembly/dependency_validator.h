/* backend/assembly/dependency_validator.h - whether every worker will find what it needs (SPEC
 * E10).
 *
 * Walks the workers of a link in order of work, before anything is built: base columns are there,
 * each context worker adds what it provides, and what a worker requires must be there by its turn.
 * A missing column names the plugin, the columns there are, and the move that would mend it.
 */
#ifndef S1_BACKEND_ASSEMBLY_DEPENDENCY_VALIDATOR_H
#define S1_BACKEND_ASSEMBLY_DEPENDENCY_VALIDATOR_H

#include "backend/assembly/plugin_registry.h"
#include "backend/config/params.h"

typedef struct s1_dependency_options {
    const s1_link *link;                /* for its streams */
    const s1_worker_plan *const *plans; /* [plan_count] in order of link->blueprint->workers */
    uint32_t plan_count;
    uint32_t reserved;
    s1_plugin_registry *registry; /* for advice on what provides a column; may be NULL */
    s1_arena *arena;              /* scratch */
} s1_dependency_options;

/* Reports into `faults`, class DependencyError, each at the worker's place:
 *   errors    a required column, artefact or rich datum that is not there by the worker's turn; a
 *             column or artefact two workers provide; a stream the link has not; a worker id used
 *             twice
 *   warnings  an optional column (`uses`) nobody provides */
void s1_dependencies_validate(const s1_dependency_options *options, s1_faults *faults);

#endif /* S1_BACKEND_ASSEMBLY_DEPENDENCY_VALIDATOR_H */
