/* services/api/data.h - brings market data into the archive. */
#ifndef S1_SERVICES_API_DATA_H
#define S1_SERVICES_API_DATA_H

#include "s1mple/base.h"

typedef struct s1_data_import_options {
    const char *file;
    const char *profile;     /* name of the column layout: "ohlcv", ... */
    const char *asset_pair;  /* "EUR/USD" */
    const char *timeframe;   /* "1h" */
    const char *archive_dir; /* made where absent */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* bytes or rows; may be NULL */
    void *user;
} s1_data_import_options;

typedef struct s1_data_import_report {
    uint64_t rows;
    s1_nanos first, last; /* open times */
    uint64_t gaps;
    char data_hash[65];
    char archive_path[512]; /* what was written */
    char note[256];         /* "" or a remark worth reading */
} s1_data_import_report;

/* Imports one file. Errors: S1_E_DATA with file, line, what was found and what was expected;
 * S1_E_INVALID for an unknown profile or timeframe; S1_E_EXISTS; S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_import(const s1_data_import_options *options, s1_data_import_report *ret_report,
                         s1_err *err);

/* Names of the profiles, for help and messages. Static, NULL-terminated. */
const char *const *s1_api_data_profiles(void);

#endif /* S1_SERVICES_API_DATA_H */
