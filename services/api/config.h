/* services/api/config.h - writes a configuration tree to own. */
#ifndef S1_SERVICES_API_CONFIG_H
#define S1_SERVICES_API_CONFIG_H

#include "s1mple/base.h"

typedef struct s1_config_init_report {
    uint32_t file_count;
    char source[512]; /* the tree that was copied */
} s1_config_init_report;

/* Copies the default tree to `dir`, which must not exist or be empty. `source_dir` NULL: the tree
 * that came with the program. Errors: S1_E_EXISTS, S1_E_NOT_FOUND, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_config_init(const char *dir, const char *source_dir, s1_config_init_report *ret_report,
                         s1_err *err);

/* Where the program finds the tree when --config is not given: ./config, else the installed one.
 * Errors: S1_E_NOT_FOUND, S1_E_RANGE when the path does not fit. */
S1_WARN_UNUSED
s1_rc s1_api_config_find(char *ret_path, size_t size, s1_err *err);

#endif /* S1_SERVICES_API_CONFIG_H */
