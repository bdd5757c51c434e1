/* services/api/validate.h - checks a configuration without running it. */
#ifndef S1_SERVICES_API_VALIDATE_H
#define S1_SERVICES_API_VALIDATE_H

#include "s1mple/base.h"

typedef struct s1_validation s1_validation; /* opaque, heap */

typedef struct s1_validation_fault { /* borrowed until the validation is freed */
    const char *text; /* "file:line:column: path: found ..., expected ..." with hint */
    const char *file, *path;
    const char *code;                    /* error class: "SchemaValidationError" */
    const char *found, *expected, *hint; /* "" where nothing stands */
    uint32_t line, column;               /* from 1; 0: the file as a whole */
    bool is_warning;
} s1_validation_fault;

typedef struct s1_validate_options {
    const char *config_dir;
    const char *target;           /* blueprint or operation; NULL: everything in the tree */
    const char *const *overrides; /* [override_count], each "path=value" */
    size_t override_count;
} s1_validate_options;

/* Checks the tree, the blueprint, its plugins and the wiring. A configuration with faults is an
 * answer, not an error: look at the counts. Errors: S1_E_IO, S1_E_NOT_FOUND without a tree,
 * S1_E_INVALID for an override that cannot be read. Free with s1_validation_free. */
S1_WARN_UNUSED
s1_rc s1_api_validate(const s1_validate_options *options, s1_validation **ret_validation,
                      s1_err *err);
const s1_validation_fault *s1_validation_faults(const s1_validation *validation, size_t *ret_count);
size_t s1_validation_error_count(const s1_validation *validation);
/* All of them: beyond a limit faults are counted, not kept. */
size_t s1_validation_warning_count(const s1_validation *validation);
size_t s1_validation_file_count(const s1_validation *validation); /* files read */
void s1_validation_free(s1_validation *validation);               /* accepts NULL */

#endif /* S1_SERVICES_API_VALIDATE_H */
