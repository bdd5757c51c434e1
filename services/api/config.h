/* services/api/config.h - writes a configuration tree to own. */
#ifndef S1_SERVICES_API_CONFIG_H
#define S1_SERVICES_API_CONFIG_H

#include "s1mple/base.h"

/* Writes the default tree into `dir`. Errors: S1_E_EXISTS naming what is there already (nothing is
 * then written), S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_config_init(const char *dir, uint32_t *ret_file_count, s1_err *err);

/* core.language of the platform.yaml in `dir` (enum s1_language), for what is said before or
 * without a configuration that can be read; English where it says nothing else. */
int32_t s1_api_config_language(const char *dir);

/* The archive of the platform.yaml in `dir`: its data.source_dir, from the folder that holds `dir`.
 * False where there is no such file, or the path is too long. */
bool s1_api_config_archive(const char *dir, char *ret_path, size_t size);

#endif /* S1_SERVICES_API_CONFIG_H */
