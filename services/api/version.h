/* services/api/version.h - which program this is. */
#ifndef S1_SERVICES_API_VERSION_H
#define S1_SERVICES_API_VERSION_H

#include "s1mple/base.h"

typedef struct s1_version_info { /* static texts */
    const char *version;         /* "0.1.0" */
    const char *compiler;        /* "gcc 12.2.0" */
    const char *build;           /* "release", "debug", "asan" */
    uint16_t abi_major, abi_minor;
} s1_version_info;

const s1_version_info *s1_api_version(void);

#endif /* S1_SERVICES_API_VERSION_H */
