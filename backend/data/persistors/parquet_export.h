/* backend/data/persistors/parquet_export.h - what a market reader gives, as one Parquet file. */
#ifndef S1_BACKEND_DATA_PERSISTORS_PARQUET_EXPORT_H
#define S1_BACKEND_DATA_PERSISTORS_PARQUET_EXPORT_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/utils/fs.h"

/* Called after every batch; anything but S1_OK ends the writing with that code. */
typedef s1_rc (*s1_parquet_export_progress)(void *user, const s1_market_batch *batch);

/* Writes the rows of `reader`, which is at its start, to `path`, whole or not at all; an existing
 * file is replaced. Columns, types and metadata (asset_pair, timeframe_ns, data_type, source) are
 * those of an archive's files; zero rows are a file too. `progress` may be NULL. Errors: those of
 * the reader, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_parquet_export(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                        const s1_stream_key *key, s1_market_reader *reader,
                        s1_parquet_export_progress progress, void *user, s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_PARQUET_EXPORT_H */
