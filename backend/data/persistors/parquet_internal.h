/* backend/data/persistors/parquet_internal.h - one Parquet file, written from columns. Only for
 * backend/data/persistors.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_PARQUET_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_PARQUET_INTERNAL_H

#include "backend/data/persistors/duckdb_internal.h"
#include "backend/data/persistors/parquet_persistor.h"

/* Rows offered to SQL as the table s1_rows(<address of the source>). They are given in full
 * vectors, so that a file's bytes depend on its rows alone. */
typedef struct s1_parquet_source {
    const s1_parquet_column *columns;
    size_t column_count;
    size_t row_count;
    uint64_t rows_total; /* the same */
    /* Instead of the columns' values: writes rows [row, row + count) from row `at` of the chunk. */
    void (*give)(const void *self, duckdb_data_chunk chunk, size_t at, size_t row, size_t count);
    const void *give_self;
    size_t row; /* where it stands; 0 before a query */
} s1_parquet_source;

/* Makes s1_rows known to the database. Once, by s1_duckdb_open. */
S1_WARN_UNUSED
s1_rc s1_parquet_register_source(const s1_duckdb_api *api, duckdb_database database, s1_err *err);

/* A text pair of a file's key-value metadata. */
typedef struct s1_parquet_tag {
    const char *key;
    char value[S1_PAIR_TEXT_MAX + 1];
    const char *text; /* instead of `value`, if not NULL; borrowed */
} s1_parquet_tag;

/* Writes the rows of a source to `path`, which is torn after an error and not durable after none.
 */
S1_WARN_UNUSED
s1_rc s1_parquet_copy(s1_duckdb *duckdb, const char *path, s1_parquet_source *source,
                      const s1_parquet_tag *tags, size_t tag_count, s1_err *err);

/* Writes the rows of a source to `path`, whole or not at all. */
S1_WARN_UNUSED
s1_rc s1_parquet_write_source(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                              s1_parquet_source *source, const s1_parquet_tag *tags,
                              size_t tag_count, s1_err *err);

/* fsync of a file that was written by its path. */
S1_WARN_UNUSED
s1_rc s1_parquet_fsync(const s1_fs *fs, const char *path, s1_err *err);

/* The one BIGINT of a query with one row. */
S1_WARN_UNUSED
s1_rc s1_duckdb_query_count(s1_duckdb *duckdb, const char *sql, const char *what,
                            uint64_t *ret_count, s1_err *err);

/* The options of a persistor made by s1_parquet_persistor_new; borrowed from it. */
const s1_parquet_options *s1_parquet_options_of(const s1_data_persistor *persistor);

#endif /* S1_BACKEND_DATA_PERSISTORS_PARQUET_INTERNAL_H */
