/* backend/config/ingestion.h - ingestion profiles of platform.yaml, by name.
 *
 * A profile says when a buffer of market data is stored: at max_records records or after
 * max_seconds seconds, whichever comes first. `historical_task` is what downloads use, `live_task`
 * what live streams use; both are always there, and platform.yaml may add others
 * (services.data_ingestion.profiles).
 */
#ifndef S1_BACKEND_CONFIG_INGESTION_H
#define S1_BACKEND_CONFIG_INGESTION_H

#include "s1mple/base.h"

#define S1_INGESTION_HISTORICAL "historical_task"
#define S1_INGESTION_LIVE       "live_task"

typedef struct s1_ingestion_profile {
    char name[65];
    uint64_t max_records; /* at least 1 */
    s1_nanos max_age;     /* max_seconds in nanoseconds, at least one second */
} s1_ingestion_profile;

struct s1_platform_config;

/* The profile `name` of a configuration that is loaded. One that platform.yaml defines stands
 * before a default of the same name. Errors: S1_E_NOT_FOUND with the names there are. */
S1_WARN_UNUSED s1_rc s1_ingestion_profile_find(const struct s1_platform_config *platform,
                                               s1_str name, s1_ingestion_profile *ret_profile,
                                               s1_err *err);

/* The same out of platform.yaml in the folder `config_dir`; a folder or a file that is not there
 * gives the defaults. Errors: also S1_E_INVALID for the first fault of the file, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_ingestion_profile_load(const char *config_dir, s1_str name,
                                               s1_ingestion_profile *ret_profile, s1_err *err);

#endif /* S1_BACKEND_CONFIG_INGESTION_H */
