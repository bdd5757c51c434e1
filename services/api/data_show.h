/* services/api/data_show.h - one dataset of an archive: what is known of it, and how it looks. */
#ifndef S1_SERVICES_API_DATA_SHOW_H
#define S1_SERVICES_API_DATA_SHOW_H

#include "services/api/data_list.h"

#include <stdatomic.h>

typedef struct s1_show_options {
    const char *archive_dir, *asset_pair;
    const char *kind;       /* "1h", "trades" */
    const char *source;     /* NULL: the unnamed one */
    const char *config_dir; /* whose instruments.yaml tells of sessions; NULL: none does */
    const char *from, *to;  /* times of the chart; NULL: all there is */
    uint32_t rows_max;      /* last rows that are told */
    uint32_t items_max;     /* of gaps, imports, versions, files each */
    uint32_t column_count;  /* of the chart; 0: none */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* rows; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_show_options;

/* A column of the chart: an equal share of its time. For eyes: doubles. */
typedef struct s1_show_column {
    s1_nanos from; /* where it begins */
    uint64_t rows; /* 0: nothing is there */
    double open, high, low, close, volume;
    double there; /* share of the bars the market was open for; NaN where it was closed */
} s1_show_column;

typedef struct s1_show_gap {
    s1_nanos first, last; /* of bars those that miss; else the rows around it */
    uint64_t missing;     /* bars; 0 of other types */
} s1_show_gap;

typedef struct s1_show_import {
    s1_nanos at;
    const char *who, *file, *sha256, *profile;
    uint64_t rows, rejects, replaced;
} s1_show_import;

typedef struct s1_show_file {
    const char *path, *sha256;
    uint64_t rows, bytes;
    s1_nanos first, last;
} s1_show_file;

typedef struct s1_show_version {
    const char *content_hash;
    uint64_t rows, bytes;
    s1_nanos first, last, replaced_at;
} s1_show_version;

/* Everything is borrowed until the report is freed. */
typedef struct s1_show {
    s1_list_entry dataset;
    const char *content_hash;        /* what a run records of it */
    const char *notice;              /* what was odd about the catalogue; "" mostly */
    uint64_t block_count;            /* of rows without a gap between them */
    const s1_show_gap *gaps;         /* [gap_count] the largest, first the largest */
    const s1_show_import *imports;   /* [import_count] the last, oldest first */
    const s1_show_file *files;       /* [file_count] the last, oldest first */
    const s1_show_version *versions; /* [version_count] the last, oldest first */
    size_t gap_count, import_count, file_count, version_count;
    uint64_t imports_in_all;
    s1_nanos chart_from, chart_to;
    const s1_show_column *columns; /* [column_count] */
    size_t column_count;
    const char *const *names; /* [cell_count] of the columns of the rows, the time first */
    size_t cell_count;
    const char *const *cells; /* [row_count * cell_count] of the last rows, exact */
    size_t row_count;
} s1_show;

typedef struct s1_show_report s1_show_report; /* opaque, heap */

/* Looks at one dataset, and reads all of its rows once, for the chart and the hash. Errors:
 * S1_E_NOT_FOUND no such folder or dataset, S1_E_INVALID for an option, S1_E_CANCELED, S1_E_DATA
 * for a corrupt archive, S1_E_UNSUPPORTED a newer catalogue, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_show(const s1_show_options *options, s1_show_report **ret_report, s1_err *err);
const s1_show *s1_show_view(const s1_show_report *report);
void s1_show_report_free(s1_show_report *report); /* accepts NULL */

#endif /* S1_SERVICES_API_DATA_SHOW_H */
