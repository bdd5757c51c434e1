/* backend/data/persistors/parquet_internal.h - one Parquet file: written from columns, read back
 * as columns, and where the files of a stream lie. Only for backend/data/persistors.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_PARQUET_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_PARQUET_INTERNAL_H

#include "backend/data/persistors/duckdb_internal.h"
#include "backend/data/persistors/parquet_persistor.h"

typedef struct s1_archive_cursor s1_archive_cursor;

/* Rows offered to SQL as the table s1_rows(<address of the source>): those of `before`, then those
 * of the columns, then those of `after`. One table in one order: DuckDB promises none for a UNION
 * ALL of several. It is given in full vectors, so that a file's bytes depend on its rows alone. */
typedef struct s1_parquet_source {
    const s1_parquet_column *columns;
    size_t column_count;
    size_t row_count; /* of the columns */
    const int64_t
        *factors; /* [column_count] a mantissa of the columns is multiplied with; NULL: 1 */
    s1_archive_cursor *before; /* borrowed, NULL: none; of the types of the columns */
    s1_archive_cursor *after;
    uint64_t rows_total; /* expected in all */
    /* Instead of the columns' values: writes rows [row, row + count) from row `at` of the chunk. */
    void (*give)(const void *self, duckdb_data_chunk chunk, size_t at, size_t row, size_t count);
    const void *give_self;
    /* Where it stands; 0 before a query. */
    uint32_t part;
    uint32_t reserved;
    size_t row;                   /* of the columns */
    size_t chunk_row, chunk_rows; /* of a cursor's current chunk */
    s1_rc rc;                     /* why it broke off; S1_OK: it did not */
    s1_err err;
} s1_parquet_source;

/* Makes s1_rows known to the database. Once, by s1_duckdb_open. */
S1_WARN_UNUSED
s1_rc s1_parquet_register_source(const s1_duckdb_api *api, duckdb_database database, s1_err *err);

/* A text pair of a file's key-value metadata. */
typedef struct s1_parquet_tag {
    const char *key;
    char value[S1_PAIR_TEXT_MAX + 1];
} s1_parquet_tag;

/* Writes the rows of a source to `path`, whole or not at all. */
S1_WARN_UNUSED
s1_rc s1_parquet_write_source(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                              s1_parquet_source *source, const s1_parquet_tag *tags,
                              size_t tag_count, s1_err *err);

/* --- Streams and their columns ---------------------------------------------------------------- */

enum s1_archive_column_kind {
    S1_ARCHIVE_TIME = 1,
    S1_ARCHIVE_PRICE = 2,
    S1_ARCHIVE_QTY = 3,
    S1_ARCHIVE_SIDE = 4,
};
typedef struct s1_archive_column {
    const char *name;
    int32_t kind;
} s1_archive_column;
#define S1_ARCHIVE_COLUMNS_MAX 6u

/* The columns of a data type, the time first. */
const s1_archive_column *s1_archive_columns(int32_t data_type, size_t *ret_count);

/* One file of a stream, as its metadata tells. */
typedef struct s1_archive_file {
    char path[S1_PATH_MAX];
    uint64_t rows;
    uint64_t bytes;
    s1_nanos first, last;
    uint32_t price_scale, qty_scale;
} s1_archive_file;

/* The files of a stream in order of time. Zero-initialise. */
typedef struct s1_archive_files {
    s1_archive_file *items; /* owned */
    size_t count;
    size_t capacity;
} s1_archive_files;

/* Lists a stream's files and reads their metadata; none is no error (count 0). Errors: S1_E_IO;
 * S1_E_DATA for a file that is corrupt, foreign or of another stream. */
S1_WARN_UNUSED
s1_rc s1_archive_files_load(const s1_parquet_options *archive, const s1_stream_key *key,
                            s1_archive_files *ret_files, s1_err *err);
void s1_archive_files_done(s1_archive_files *files);

/* The metadata of a file, as tags to write. */
#define S1_ARCHIVE_TAG_COUNT 9u
void s1_archive_tags(const s1_stream_key *key, const s1_archive_file *file,
                     s1_parquet_tag ret_tags[static S1_ARCHIVE_TAG_COUNT]);

/* The folder of a stream. Errors: S1_E_RANGE for a path too long. */
S1_WARN_UNUSED
s1_rc s1_archive_stream_path(const char *archive, const s1_stream_key *key,
                             char ret_path[static S1_PATH_MAX], s1_err *err);

/* Which file of the stream a time belongs to: a count of years or months since 1970. */
int32_t s1_archive_period(int32_t data_type, s1_nanos time);
/* The first time of a period. */
s1_nanos s1_archive_period_start(int32_t data_type, int32_t period);
/* The folder and file of a period. */
S1_WARN_UNUSED
s1_rc s1_archive_period_path(const char *archive, const s1_stream_key *key, int32_t period,
                             char ret_path[static S1_PATH_MAX], s1_err *err);

/* Adds "time, CAST(open AS DECIMAL(18,5)) AS open, ..." for rows stored at `from` scales and
 * wanted at `to` scales; `prefix` columns only (0: all). */
typedef struct s1_archive_scales {
    uint32_t price, qty;
} s1_archive_scales;
void s1_archive_add_select(s1_strbuf *sql, int32_t data_type, size_t prefix, s1_archive_scales from,
                           s1_archive_scales to);
/* Adds "read_parquet('path', ...)". */
void s1_archive_add_source(s1_strbuf *sql, const char *path);

/* The time as an SQL literal. */
#define S1_SQL_TIME        "make_timestamp_ns(%lld)"
#define S1_SQL_TIME_ARG(t) ((long long)(t))

/* --- Reading ------------------------------------------------------------------------------------
 */

/* Goes through the files of a stream, chunk by chunk. */
struct s1_archive_cursor {
    s1_duckdb *duckdb;
    s1_archive_files files; /* owned */
    size_t file_next;       /* index of the file to open next */
    int32_t data_type;
    uint32_t column_count; /* a prefix of the columns */
    s1_time_range range;
    s1_archive_scales scales;
    s1_duckdb_stream stream; /* of the file open now */
    bool is_open;
    uint64_t rows_total;
    uint64_t rows_seen;
    s1_nanos last_time;
    char what[S1_STREAM_TEXT_MAX + 16];
    const void *columns[S1_ARCHIVE_COLUMNS_MAX]; /* of the current chunk */
};

/* Opens the rows of `range`; takes `files`. `prefix` as above. Values come at the largest scale of
 * the files, or at `scales_min` where that is larger. On failure nothing is left open and `files`
 * is released. */
S1_WARN_UNUSED
s1_rc s1_archive_cursor_open(s1_duckdb *duckdb, const s1_stream_key *key, s1_archive_files *files,
                             s1_time_range range, size_t prefix, s1_archive_scales scales_min,
                             s1_archive_cursor *ret_cursor, s1_err *err);
/* The next chunk: cursor->columns, valid until the next call. 0 rows at the end. */
S1_WARN_UNUSED
s1_rc s1_archive_cursor_next(s1_archive_cursor *cursor, size_t *ret_rows, s1_err *err);
void s1_archive_cursor_close(s1_archive_cursor *cursor);

/* The one BIGINT of a query with one row. */
S1_WARN_UNUSED
s1_rc s1_duckdb_query_count(s1_duckdb *duckdb, const char *sql, const char *what,
                            uint64_t *ret_count, s1_err *err);

/* The options of a persistor made by s1_parquet_persistor_new; borrowed from it. */
const s1_parquet_options *s1_parquet_options_of(const s1_data_persistor *persistor);

/* --- Saving -------------------------------------------------------------------------------------
 */

/* As s1_data_save_ohlcv and s1_data_save_trades, for an archive. */
S1_WARN_UNUSED
s1_rc s1_archive_save_bars(const s1_parquet_options *archive, const s1_stream_key *key,
                           const s1_bar_batch *batch, const s1_save_options *options,
                           s1_save_result *ret_result, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_archive_save_trades(const s1_parquet_options *archive, const s1_stream_key *key,
                             const s1_trade_batch *batch, const s1_save_options *options,
                             s1_save_result *ret_result, s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_PARQUET_INTERNAL_H */
