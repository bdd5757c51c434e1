/* services/api/config.h - writes a configuration tree to own. */
#ifndef S1_SERVICES_API_CONFIG_H
#define S1_SERVICES_API_CONFIG_H

#include "s1mple/base.h"

/* Writes the default tree into `dir`. Errors: S1_E_EXISTS naming what is there already (nothing is
 * then written), S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_config_init(const char *dir, uint32_t *ret_file_count, s1_err *err);

#endif /* S1_SERVICES_API_CONFIG_H */
