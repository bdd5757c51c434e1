/* services/api/data_open_internal.h - an archive and its catalogue, opened together. Only for
 * services/api.
 */
#ifndef S1_SERVICES_API_DATA_OPEN_INTERNAL_H
#define S1_SERVICES_API_DATA_OPEN_INTERNAL_H

#include "backend/data/catalog/catalog.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "s1mple/base.h"

/* Zero-initialise. */
typedef struct s1_open_archive {
    s1_duckdb *duckdb;            /* loaded at the first use that needs it */
    s1_data_persistor *persistor; /* of the folder */
    s1_catalog *catalog;
} s1_open_archive;

/* Opens both; the folder must be there: S1_E_NOT_FOUND. On failure nothing is open. */
S1_WARN_UNUSED
s1_rc s1_open_archive_begin(const char *archive_dir, s1_open_archive *ret_archive, s1_err *err);
void s1_open_archive_end(s1_open_archive *archive); /* also of a zeroed one */

/* A stream as people name it: `kind` is a timeframe ("1h") or a data type without one ("trades"),
 * `source` may be NULL. Texts are borrowed. Errors: S1_E_INVALID. */
S1_WARN_UNUSED
s1_rc s1_stream_of(const char *source, const char *pair, const char *kind, s1_stream_key *ret_key,
                   s1_err *err);

/* The other way: "1h", "trades". */
#define S1_STREAM_KIND_MAX 32u
const char *s1_stream_kind(const s1_stream_key *key, char out[static S1_STREAM_KIND_MAX]);

#endif /* S1_SERVICES_API_DATA_OPEN_INTERNAL_H */
