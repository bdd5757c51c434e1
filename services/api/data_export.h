/* services/api/data_export.h - a stream of an archive as one file. */
#ifndef S1_SERVICES_API_DATA_EXPORT_H
#define S1_SERVICES_API_DATA_EXPORT_H

#include "s1mple/base.h"

#include <stdatomic.h>

typedef struct s1_api_export_options {
    const char *archive_dir;
    const char *asset_pair;
    const char *source;     /* NULL or "": the unnamed one */
    const char *timeframe;  /* "1h", "trades", "quotes", "book" */
    const char *format;     /* "csv", "parquet" */
    const char *output;     /* the file; replaced if it is there */
    const char *from, *to;  /* times; NULL: all there is; `to` itself is outside */
    const char *fill;       /* "none", "previous_close"; NULL: none */
    const char *config_dir; /* whose instruments.yaml tells of sessions; NULL: none does */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* rows; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_api_export_options;

typedef struct s1_api_export_report {
    uint64_t rows, bytes;
    uint64_t filled;      /* rows that are made by the policy */
    s1_nanos first, last; /* 0 without rows */
    uint32_t price_scale, qty_scale;
    double seconds;
} s1_api_export_report;

/* Writes the file, whole or not at all. Errors: S1_E_INVALID for an option, S1_E_NOT_FOUND for
 * archive or stream, S1_E_DATA for a damaged archive, S1_E_CANCELED, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_export(const s1_api_export_options *options, s1_api_export_report *ret_report,
                         s1_err *err);

#endif /* S1_SERVICES_API_DATA_EXPORT_H */
