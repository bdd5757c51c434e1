#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "services/api/data_open_internal.h"

#include <stdio.h>
#include <string.h>

_Static_assert(S1_STREAM_KIND_MAX >= S1_TIMEFRAME_TEXT_MAX, "a timeframe is a kind");

s1_rc s1_open_archive_begin(const char *archive_dir, s1_open_archive *ret_archive, s1_err *err)
{
    s1_open_archive archive = {0};
    const s1_fs *const fs = s1_fs_real();
    S1_TRY(err, s1_duckdb_new(NULL, &archive.duckdb, err));
    s1_rc rc = s1_parquet_persistor_new(
        &(s1_parquet_options){.fs = fs, .duckdb = archive.duckdb, .archive = archive_dir},
        &archive.persistor, err);
    if (rc == S1_OK) {
        rc = s1_catalog_open(fs, archive_dir, &archive.catalog, err);
    }
    if (rc != S1_OK) {
        s1_open_archive_end(&archive);
        return rc;
    }
    *ret_archive = archive;
    return S1_OK;
}

void s1_open_archive_end(s1_open_archive *archive)
{
    s1_catalog_close(archive->catalog);
    s1_data_persistor_free(archive->persistor);
    s1_duckdb_free(archive->duckdb);
    *archive = (s1_open_archive){0};
}

s1_rc s1_stream_of(const char *source, const char *pair, const char *kind, s1_stream_key *ret_key,
                   s1_err *err)
{
    s1_stream_key key = {.asset_pair = s1_str_of(pair), .source = s1_str_of(source)};
    if (s1_data_type_parse(s1_str_of(kind), &key.data_type, NULL) != S1_OK ||
        key.data_type == S1_DATA_OHLCV) {
        key.data_type = S1_DATA_OHLCV;
        if (s1_timeframe_parse(s1_str_of(kind), &key.timeframe, NULL) != S1_OK) {
            return S1_RAISE(
                err, S1_E_INVALID,
                "'%.40s': expected a timeframe (30s, 1m, 15m, 1h, 1d), trades, quotes or "
                "book",
                kind);
        }
    }
    S1_TRY(err, s1_stream_key_check(&key, err));
    *ret_key = key;
    return S1_OK;
}

const char *s1_stream_kind(const s1_stream_key *key, char out[static S1_STREAM_KIND_MAX])
{
    if (key->data_type == S1_DATA_OHLCV) {
        (void)s1_timeframe_print(key->timeframe, out);
    } else {
        (void)snprintf(out, S1_STREAM_KIND_MAX, "%s", s1_data_type_name(key->data_type));
    }
    return out;
}
