#include "services/api/data.h"

#include "backend/data/ingest/csv_profile.h"
#include "backend/data/ingest/data_import.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/folder_lock.h"
#include "backend/utils/timefmt.h"

#include <stdio.h>

bool s1_api_data_profile(size_t index, const char **ret_name, const char **ret_about)
{
    size_t count = 0;
    const s1_csv_profile *const profiles = s1_csv_profiles(&count);
    if (index >= count) {
        return false;
    }
    *ret_name = profiles[index].name;
    *ret_about = profiles[index].about;
    return true;
}

static s1_rc on_progress(void *user, uint64_t done, uint64_t total, uint64_t rows)
{
    const s1_api_import_options *const options = user;
    (void)rows;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, done, total);
    }
    return S1_OK;
}

static s1_rc import(const s1_api_import_options *options, s1_data_persistor *archive,
                    s1_api_import_report *ret_report, s1_err *err)
{
    s1_api_import_options callback = *options;
    s1_stream_key key = {.asset_pair = {options->asset_pair, strlen(options->asset_pair)},
                         .data_type = S1_DATA_OHLCV};
    S1_TRY(err, s1_timeframe_parse(s1_str_of(options->timeframe), &key.timeframe, err));
    s1_data_import_summary summary = {0};
    S1_TRY(err, s1_data_import(&(s1_data_import_options){.fs = s1_fs_real(),
                                                         .clock = s1_clock_real(),
                                                         .archive = archive,
                                                         .file = options->file,
                                                         .profile = s1_str_of(options->profile),
                                                         .key = key,
                                                         .price_scale = S1_SCALE_DETECT,
                                                         .qty_scale = S1_SCALE_DETECT,
                                                         .progress = on_progress,
                                                         .progress_user = &callback},
                               &summary, err));
    s1_api_import_report report = {.rows = summary.rows,
                                   .rows_replaced = summary.rows_replaced,
                                   .bytes = summary.bytes,
                                   .first = summary.first,
                                   .last = summary.last,
                                   .gaps = summary.gaps,
                                   .missing_bars = summary.missing_bars,
                                   .largest_gap_bars = summary.largest_gap_bars,
                                   .largest_gap_after = summary.largest_gap_after,
                                   .zero_volume_bars = summary.zero_volume_bars,
                                   .price_scale = summary.price_scale,
                                   .qty_scale = summary.qty_scale,
                                   .ends_without_newline = summary.ends_without_newline,
                                   .seconds = summary.seconds};
    S1_TRY(err, s1_data_get_content_hash(archive, &key, report.content_hash, err));
    *ret_report = report;
    return S1_OK;
}

static s1_rc lock_archive(const char *archive_dir, s1_folder_lock **ret_lock, s1_err *err)
{
    const s1_fs *const fs = s1_fs_real();
    char path[S1_PATH_MAX], what[S1_PATH_MAX + 16];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(archive_dir), S1_STR(".lock"), err));
    (void)snprintf(what, sizeof what, "archive '%s'", archive_dir);
    S1_TRY(err, s1_fs_mkdir_all(fs, archive_dir, err));
    return s1_folder_lock_new(fs, path, what, ret_lock, err);
}

s1_rc s1_api_data_import(const s1_api_import_options *options, s1_api_import_report *ret_report,
                         s1_err *err)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    s1_rc rc = s1_parquet_persistor_new(&(s1_parquet_options){.fs = s1_fs_real(),
                                                              .duckdb = duckdb,
                                                              .archive = options->archive_dir},
                                        &archive, err);
    s1_folder_lock *lock = NULL; /* an import replaces files of the archive */
    if (rc == S1_OK) {
        rc = lock_archive(options->archive_dir, &lock, err);
    }
    if (rc == S1_OK) {
        rc = import(options, archive, ret_report, err);
    }
    s1_folder_lock_free(lock);
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    return rc;
}
