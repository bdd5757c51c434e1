/* services/api/data_reindex.h - makes the catalogue of an archive anew, out of its files. */
#ifndef S1_SERVICES_API_DATA_REINDEX_H
#define S1_SERVICES_API_DATA_REINDEX_H

#include "s1mple/base.h"

#include <stdatomic.h>

typedef struct s1_reindex_options {
    const char *archive_dir;
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* datasets; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_reindex_options;

typedef struct s1_reindex_report {
    uint64_t datasets, files, rows, bytes;
    double seconds;   /* of host time */
    char notice[512]; /* what was odd; "" mostly */
} s1_reindex_report;

/* Errors: S1_E_NOT_FOUND no such folder, S1_E_CANCELED (what was read so far stays; the next
 * look at the catalogue goes on), S1_E_DENIED, S1_E_UNSUPPORTED, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_reindex(const s1_reindex_options *options, s1_reindex_report *ret_report,
                          s1_err *err);

#endif /* S1_SERVICES_API_DATA_REINDEX_H */
