/* services/api/plugin_new.h - a new plugin as a folder of files that build, and pass their tests.
 */
#ifndef S1_SERVICES_API_PLUGIN_NEW_H
#define S1_SERVICES_API_PLUGIN_NEW_H

#include "s1mple/base.h"

struct s1_fs; /* backend/utils/fs.h */

typedef struct s1_plugin_new_request {
    const char *name;                /* lower case letters, digits, _; a letter first */
    const char *type;                /* "context_worker" or "context" */
    const char *subtype;             /* one of that type; NULL: its first */
    const char *description;         /* NULL: one that says type and subtype */
    const char *author;              /* NULL: "unknown" */
    const char *output_dir;          /* the folder is made in it; NULL: the working directory */
    const char *const *capabilities; /* [capability_count] state, events, journaling */
    size_t capability_count;
    const char *const *params; /* [param_count] "name:type[=default]", "mode:enum:fast,slow=fast" */
    size_t param_count;
    const char *const *requires; /* [requires_count] columns it reads, "atr_{period}" */
    size_t requires_count;
    const char *const *provides; /* [provides_count] columns it writes; context workers only */
    size_t provides_count;
    const struct s1_fs *fs; /* NULL: the machine's */
} s1_plugin_new_request;

#define S1_PLUGIN_NEW_FILES 6u
typedef struct s1_plugin_new_result {
    char dir[4096];
    const char *files[S1_PLUGIN_NEW_FILES]; /* below dir; static */
    char test_file[128];                    /* one of them */
    size_t file_count;
} s1_plugin_new_result;

/* Writes the folder, whole or not at all. Errors: S1_E_INVALID tells what of the request is not
 * possible; S1_E_EXISTS where the folder is there; S1_E_IO and the like. */
S1_WARN_UNUSED s1_rc s1_api_plugin_new(const s1_plugin_new_request *request,
                                       s1_plugin_new_result *ret_result, s1_err *err);

/* Subtype `index` of a type ("context" or "context_worker"; NULL: of any); NULL past the end. */
const char *s1_plugin_new_subtype(const char *type, size_t index);

#endif /* S1_SERVICES_API_PLUGIN_NEW_H */
