/* backend/config/loader.h - what the steps of loading share. Not for others. */
#ifndef S1_BACKEND_CONFIG_LOADER_H
#define S1_BACKEND_CONFIG_LOADER_H

#include "backend/config/internal.h"
#include "backend/config/tables.h"

#define S1_CONFIG_OVERRIDES_MAX 256u
#define S1_CONFIG_RUNS_MAX      1024u

typedef struct s1_loader {
    const s1_config_options *options;
    const s1_fs *fs;
    const char *(*read_variable)(const char *name);
    s1_arena *arena;
    s1_faults *faults;
    s1_config *config;
    s1_str target_run; /* id of the target blueprint; empty: none */
    s1_str only_run;   /* all that the target operation runs; empty: none, or several */
    bool *is_used;     /* [override_count] */
    s1_blueprint **runs;
    uint32_t run_count;
    s1_operation_config **operations;
    uint32_t operation_count;
    s1_str *files;
    uint32_t file_count, file_capacity;
} s1_loader;

/* Checks of single files; all report to faults. */
void s1_config_check_files(s1_loader *loader);
/* Fills in what a blueprint's items take from their place, and checks it against the other files.
 */
void s1_config_finish_blueprint(s1_loader *loader, s1_blueprint *blueprint);
void s1_config_check_operation(s1_loader *loader, const s1_operation_config *operation);
/* check_money.c: fees of an environment, their defaults filled in; balances of a link. */
void s1_config_check_fees(s1_loader *loader, s1_fees_config *fees);
void s1_config_check_balances(s1_loader *loader, const s1_link *link);
void s1_config_check_margin(s1_loader *loader, const s1_link *link);
void s1_config_check_shared_balances(s1_loader *loader, const s1_link *links, uint32_t count);
/* Makes config->links. */
void s1_config_make_links(s1_loader *loader);
/* The blueprint of an id, read once; NULL if it is not there (not reported) . */
s1_blueprint *s1_config_read_blueprint(s1_loader *loader, s1_str blueprint_id);
/* Path of the blueprint's file, or {NULL, 0}. */
s1_str s1_config_run_file(s1_loader *loader, s1_str blueprint_id);
/* The ids of all blueprints there are, by file. */
const s1_str *s1_config_run_ids(s1_loader *loader, size_t *ret_count);

/* Items of this loading are ours to change. */
static inline void *s1_config_mutable(const void *items)
{
    return (void *)(uintptr_t)items;
}

/* Reports a name that is not among `names`. `what` is "an environment of environments.yaml". */
void s1_config_report_missing(s1_loader *loader, int32_t fault_class, const s1_source *source,
                              s1_str path, s1_str found, const char *what, const s1_str *names,
                              size_t count);

#endif /* S1_BACKEND_CONFIG_LOADER_H */
