/* backend/data/persistors/parquet_persistor.h - the archive: IDataPersistor on Parquet files.
 *
 * Layout, one stream per folder, one file per calendar year (UTC) of bars, per month of all else;
 * beyond 2^21 rows a period goes on in parts (trades-0002.parquet, ...). The unnamed source has no
 * folder of its own:
 *
 *   ARCHIVE/[source=NAME/]<BASE_QUOTE>/<timeframe>/year=YYYY/ohlcv.parquet
 *   ARCHIVE/[source=NAME/]<BASE_QUOTE>/trades/year=YYYY/month=MM/trades.parquet   (quotes, book)
 *   ARCHIVE/.versions/<as above>/NNNNNN-<content hash>/...   former versions, until pruned
 *   ARCHIVE/.next/, .locks/                           of writers
 *
 * Columns are those of market_layout.h: times TIMESTAMP_NS (UTC), prices and quantities
 * DECIMAL(18, scale), enums UTINYINT, counts and ids BIGINT. Rows with and without an optional
 * column lie in different files.
 *
 * Parquet v2, zstd, sorted by time, never null; key-value metadata s1_format = 1, asset_pair,
 * timeframe_ns, data_type, price_scale, qty_scale, rows, first_ns, last_ns; where there are any:
 * columns (the optional ones), vwap_scale, source, provenance (sorted lines). Any Parquet reader
 * can read the files; the persistor reads only files that carry the metadata. Files of one stream
 * may differ in scale: readers give the largest. A file's bytes depend on its rows, scales and
 * provenance alone.
 *
 * A commit is one step: the next version is made and synced in .next (files that stay are hard
 * links), then it takes the place of the stream's folder (an exchange of names). The folder of a
 * stream belongs to the archive: strangers in it go with the version they lay beside. Errors of a
 * writer: S1_E_UNSUPPORTED on a file system without hard links or exchange.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_PARQUET_PERSISTOR_H
#define S1_BACKEND_DATA_PERSISTORS_PARQUET_PERSISTOR_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/dtos/results/context_record.h"
#include "backend/dtos/results/run_series.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

typedef struct s1_parquet_options {
    const s1_fs *fs;   /* borrowed; folders, renames, hashes (DuckDB reads and writes the files) */
    s1_duckdb *duckdb; /* borrowed; loaded at the first use that needs it */
    const char *archive; /* the folder; copied. Saving creates it, reading does not. */
} s1_parquet_options;

/* An archive as an s1_data_persistor. Opens nothing yet. Free with s1_data_persistor_free, before
 * the duckdb and the fs. Errors: S1_E_INVALID, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_parquet_persistor_new(const s1_parquet_options *options, s1_data_persistor **ret_persistor,
                               s1_err *err);

/* --- What a catalogue asks ---------------------------------------------------------------------
 */

/* All of these are of persistors made by s1_parquet_persistor_new. */

/* The archive's folder, as it was given; borrowed. */
const char *s1_parquet_archive(const s1_data_persistor *persistor);

/* The folder of a stream, "ARCHIVE/EUR_USD/1h", there or not. Errors: S1_E_RANGE too long. */
S1_WARN_UNUSED
s1_rc s1_parquet_stream_folder(const s1_data_persistor *persistor, const s1_stream_key *key,
                               char ret_path[static S1_PATH_MAX], s1_err *err);

/* A file of a stream, as its metadata tells. */
typedef struct s1_parquet_file {
    const char *path; /* as it can be opened */
    uint64_t rows, bytes;
    s1_nanos first, last;
    uint32_t price_scale, qty_scale;
} s1_parquet_file;
typedef s1_rc (*s1_parquet_file_visitor)(void *user, const s1_parquet_file *file, s1_err *err);

/* Visits the files of a stream in the order of time; none for a stream that is not there. */
S1_WARN_UNUSED
s1_rc s1_parquet_visit_files(s1_data_persistor *persistor, const s1_stream_key *key,
                             s1_parquet_file_visitor visit, void *user, s1_err *err);

/* As s1_data_get_data_coverage, of one file's rows; `file` is one that was visited. */
S1_WARN_UNUSED
s1_rc s1_parquet_visit_blocks(s1_data_persistor *persistor, const s1_stream_key *key,
                              const s1_parquet_file *file, s1_nanos spacing_max,
                              s1_coverage_visitor visit, void *user, s1_err *err);

/* The provenance of a file's rows, "import:x.csv sha256:... profile:kraken": a call for each line,
 * in order; `file` is one that was visited. */
typedef s1_rc (*s1_parquet_line_visitor)(void *user, s1_str line, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_parquet_visit_provenance(s1_data_persistor *persistor, const s1_stream_key *key,
                                  const s1_parquet_file *file, s1_parquet_line_visitor visit,
                                  void *user, s1_err *err);

/* The same of each file of a stream that has one, all at once: lines "import:x.csv sha256:...
 * profile:kraken", in any order of the files. `path` is that of s1_parquet_file. */
typedef s1_rc (*s1_parquet_provenance_visitor)(void *user, s1_str path, s1_str lines, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_parquet_visit_provenances(s1_data_persistor *persistor, const s1_stream_key *key,
                                   s1_parquet_provenance_visitor visit, void *user, s1_err *err);

/* --- Small tables ---------------------------------------------------------------------------- */

/* X(NAME, value): the column types a table may have, and what `values` points at. */
#define S1_PARQUET_TYPE_MAP(X)                                                                     \
    X(TIMESTAMP_NS, 1) /* s1_nanos -> TIMESTAMP_NS, UTC */                                         \
    X(INT64, 2)        /* int64_t -> BIGINT */                                                     \
    X(DOUBLE, 3)       /* double -> DOUBLE, bit for bit */                                         \
    X(BOOL, 4)         /* uint8_t, 0 or 1 -> BOOLEAN */                                            \
    X(DECIMAL, 5)      /* int64_t mantissas at `scale` -> DECIMAL(18, scale) */                    \
    X(MONEY, 6)        /* s1_dec -> DECIMAL(38, 18): below 10^20 either side of zero */            \
    X(UINT8, 7)        /* uint8_t -> UTINYINT */                                                   \
    X(TEXT, 8)         /* VARCHAR; of context.parquet only */
enum s1_parquet_type {
#define X(name, value) S1_PARQUET_##name = (value),
    S1_PARQUET_TYPE_MAP(X)
#undef X
};

#define S1_PARQUET_COLUMNS_MAX 64u
#define S1_PARQUET_NAME_MAX    64u

typedef struct s1_parquet_column {
    s1_str name;        /* 1..S1_PARQUET_NAME_MAX of a-z A-Z 0-9 _ */
    int32_t type;       /* enum s1_parquet_type */
    uint32_t scale;     /* of DECIMAL, 0..18; else 0 */
    const void *values; /* [row_count] of the type's element */
} s1_parquet_column;

/* Writes a table whole or not at all (`path`.partial, fsync, rename, fsync of the folder, which
 * must exist; an existing file is replaced). Zero rows are a table too. The bytes depend on the
 * columns alone: not on time, threads or path. Errors: S1_E_INVALID for a malformed column,
 * S1_E_RANGE for a value its type cannot hold (with column and row), S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_parquet_write_table(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                             const s1_parquet_column *columns, size_t column_count,
                             size_t row_count, s1_err *err);

/* results/equity.parquet: time, equity (DECIMAL(38, 18)), drawdown (DOUBLE, a fraction at or below
 * zero), close (DOUBLE), in_position (BOOLEAN; all false where the series has none), and
 * where the series has one benchmark (DOUBLE). `drawdown` is [series->count]. Errors as
 * s1_parquet_write_table. */
S1_WARN_UNUSED
s1_rc s1_parquet_write_equity(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                              const s1_run_series *series, const double *drawdown, s1_err *err);

/* results/context.parquet: time, worker, opportunity_id, trade_id (VARCHAR, empty for none),
 * column_name (VARCHAR), value (DOUBLE, NaN where the column had none yet): a row per record and
 * column, in that order. Errors as s1_parquet_write_table. */
S1_WARN_UNUSED
s1_rc s1_parquet_write_context(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                               const s1_context_records *records, s1_err *err);

/* Entries of a journal as a table: seq, timestamp and texts. `next` gives the next row; what it
 * points to is borrowed until the call after it. */
#define S1_PARQUET_JOURNAL_TEXTS 9u
typedef struct s1_parquet_journal_row {
    uint64_t seq;
    s1_nanos time;
    s1_str texts[S1_PARQUET_JOURNAL_TEXTS];
} s1_parquet_journal_row;
typedef struct s1_parquet_journal {
    uint64_t rows;
    const char *const *names; /* [S1_PARQUET_JOURNAL_TEXTS] of the text columns */
    void *self;
    s1_rc (*next)(void *self, s1_parquet_journal_row *ret_row, s1_err *err);
} s1_parquet_journal;

/* Writes the rows to `path`, which does not stand before. Errors: those of `next` (no file is left
 * then) and of s1_parquet_write_table. */
S1_WARN_UNUSED
s1_rc s1_parquet_write_journal(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                               const s1_parquet_journal *journal, s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_PARQUET_PERSISTOR_H */
