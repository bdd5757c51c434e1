/* backend/data/export/data_export.h - a stream of an archive as one CSV or Parquet file.
 *
 * CSV: a header of the column names (market_layout.h; optional columns where the rows have them),
 * then a line a row, rising. Times are ISO 8601 in UTC with as many digits behind the second as are
 * needed (none, 3, 6 or 9); prices and quantities have all digits of the scale; sides and kinds are
 * words. `data import --profile generic` reads it back to the same rows.
 *
 * The file appears whole or not at all: `<path>.partial`, fsync, rename, fsync of the folder.
 */
#ifndef S1_BACKEND_DATA_EXPORT_DATA_EXPORT_H
#define S1_BACKEND_DATA_EXPORT_DATA_EXPORT_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/utils/fs.h"

enum s1_data_export_format { S1_DATA_EXPORT_CSV = 1, S1_DATA_EXPORT_PARQUET = 2 };

/* Called after every batch; anything but S1_OK ends the export with that code, without a file. */
typedef s1_rc (*s1_data_export_progress)(void *user, uint64_t rows_done, uint64_t rows_total);

typedef struct s1_data_export_task {
    const s1_fs *fs;            /* borrowed */
    s1_duckdb *duckdb;          /* borrowed; of Parquet */
    s1_data_persistor *archive; /* borrowed */
    s1_stream_key key;
    s1_time_range range;
    int32_t format;                   /* enum s1_data_export_format */
    const char *path;                 /* replaced if it is there */
    s1_data_export_progress progress; /* may be NULL */
    void *user;
} s1_data_export_task;

typedef struct s1_data_export_result {
    uint64_t rows, bytes;
    s1_nanos first, last; /* 0 without rows */
    s1_market_scales scales;
    uint32_t columns; /* bit i: column i of the layout is there */
} s1_data_export_result;

/* Errors: those of s1_data_load; S1_E_DATA for a damaged archive, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_data_export(const s1_data_export_task *task, s1_data_export_result *ret_result,
                     s1_err *err);

#endif /* S1_BACKEND_DATA_EXPORT_DATA_EXPORT_H */
