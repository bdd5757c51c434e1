#include "services/api/data_export.h"

#include "backend/data/export/data_export.h"
#include "backend/utils/clock.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "services/api/data_open_internal.h"

#include <string.h>

static s1_rc progress(void *user, uint64_t done, uint64_t total)
{
    const s1_api_export_options *const options = user;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, done, total);
    }
    return S1_OK;
}

static s1_rc read_options(s1_api_export_options *options, s1_data_export_task *task, s1_err *err)
{
    S1_TRY(err, s1_stream_of(NULL, options->asset_pair, options->timeframe, &task->key, err));
    task->key.source = s1_str_of(options->source != NULL ? options->source : "");
    task->range = S1_RANGE_ALL;
    if (options->from != NULL) {
        S1_TRY(err, s1_time_parse(s1_str_of(options->from), &task->range.from, err));
    }
    if (options->to != NULL) {
        S1_TRY(err, s1_time_parse(s1_str_of(options->to), &task->range.to, err));
    }
    if (task->range.from >= task->range.to) {
        return S1_RAISE(err, S1_E_INVALID, "to: found '%s', expected a time after from",
                        options->to);
    }
    if (strcmp(options->format, "csv") != 0 && strcmp(options->format, "parquet") != 0) {
        return S1_RAISE(err, S1_E_INVALID, "format: found '%.40s', expected csv or parquet",
                        options->format);
    }
    task->format = options->format[0] == 'c' ? S1_DATA_EXPORT_CSV : S1_DATA_EXPORT_PARQUET;
    task->path = options->output;
    task->progress = progress;
    task->user = options;
    return S1_OK;
}

/* The archive alone: a catalogue is of no use here, and its folder may be one that cannot be
 * written. */
static s1_rc export(s1_data_export_task *task, const char *archive_dir,
                    s1_data_export_result *ret_result, s1_err *err)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL;
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    s1_rc rc = s1_parquet_persistor_new(
        &(s1_parquet_options){.fs = s1_fs_real(), .duckdb = duckdb, .archive = archive_dir},
        &archive, err);
    if (rc == S1_OK) {
        task->fs = s1_fs_real();
        task->duckdb = duckdb;
        task->archive = archive;
        rc = s1_data_export(task, ret_result, err);
    }
    s1_data_persistor_free(archive);
    s1_duckdb_free(duckdb);
    return rc;
}

s1_rc s1_api_data_export(const s1_api_export_options *options, s1_api_export_report *ret_report,
                         s1_err *err)
{
    const s1_nanos start = s1_clock_monotonic(s1_clock_real());
    s1_api_export_options callback = *options;
    s1_data_export_task task = {0};
    s1_data_export_result result = {0};
    S1_TRY(err, read_options(&callback, &task, err));
    S1_TRY(err, export(&task, options->archive_dir, &result, err));
    *ret_report = (s1_api_export_report){
        .rows = result.rows,
        .bytes = result.bytes,
        .first = result.first,
        .last = result.last,
        .price_scale = result.scales.price,
        .qty_scale = result.scales.qty,
        .seconds = (double)(s1_clock_monotonic(s1_clock_real()) - start) / 1e9,
    };
    return S1_OK;
}
