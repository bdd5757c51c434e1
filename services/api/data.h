/* services/api/data.h - brings market data into the archive. */
#ifndef S1_SERVICES_API_DATA_H
#define S1_SERVICES_API_DATA_H

#include "s1mple/base.h"

#include <stdatomic.h>

typedef struct s1_api_import_options {
    const char *file;
    const char *profile;     /* name of the column layout: "ohlcv", ... */
    const char *asset_pair;  /* "EUR/USD" */
    const char *timeframe;   /* "1h" */
    const char *archive_dir; /* made where absent */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_api_import_options;

typedef struct s1_api_import_report {
    uint64_t rows, rows_replaced, bytes;
    s1_nanos first, last; /* open times */
    uint64_t gaps, missing_bars, largest_gap_bars;
    s1_nanos largest_gap_after;
    uint64_t zero_volume_bars;
    uint32_t price_scale, qty_scale;
    bool ends_without_newline; /* the last number may have been cut off */
    double seconds;            /* of host time */
    char content_hash[65];     /* of the whole stream as it now is */
} s1_api_import_report;

/* Imports one file. Errors: S1_E_DATA with file, line, what was found and what was expected;
 * S1_E_INVALID for an unknown profile or timeframe; S1_E_EXISTS; S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_import(const s1_api_import_options *options, s1_api_import_report *ret_report,
                         s1_err *err);

/* Name and one line about profile `index`; false past the last. Static texts. */
bool s1_api_data_profile(size_t index, const char **ret_name, const char **ret_about);

#endif /* S1_SERVICES_API_DATA_H */
