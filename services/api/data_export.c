#include "services/api/data_export.h"

#include "backend/config/sessions.h"
#include "backend/data/export/data_export.h"
#include "backend/data/quality/fill.h"
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

/* The archive as the policy makes it, with the session of the pair. */
static s1_rc open_filled(const s1_api_export_options *options, const s1_stream_key *key,
                         s1_data_persistor *archive, s1_data_persistor **ret_filled, s1_err *err)
{
    int32_t policy = S1_FILL_NONE;
    s1_session session = {0};
    s1_instrument_sessions *sessions = NULL;
    if (options->fill != NULL) {
        S1_TRY(err, s1_fill_policy_parse(s1_str_of(options->fill), &policy, err));
    }
    if (policy != S1_FILL_NONE) {
        S1_TRY(err, s1_instrument_sessions_load(options->config_dir, &sessions, err));
        const s1_rc rc =
            s1_instrument_sessions_add(sessions, key->asset_pair, NULL, &session, NULL, err);
        s1_instrument_sessions_free(sessions);
        S1_TRY(err, rc);
    }
    return s1_fill_persistor_new(archive, policy, &session, ret_filled, err);
}

/* The archive alone: a catalogue is of no use here, and its folder may be one that cannot be
 * written. */
static s1_rc export(const s1_api_export_options *options, s1_data_export_task *task,
                    s1_data_export_result *ret_result, uint64_t *ret_filled, s1_err *err)
{
    s1_duckdb *duckdb = NULL;
    s1_data_persistor *archive = NULL, *filled = NULL;
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    s1_rc rc = s1_parquet_persistor_new(&(s1_parquet_options){.fs = s1_fs_real(),
                                                              .duckdb = duckdb,
                                                              .archive = options->archive_dir},
                                        &archive, err);
    if (rc == S1_OK) {
        rc = open_filled(options, &task->key, archive, &filled, err);
    }
    if (rc == S1_OK) {
        task->fs = s1_fs_real();
        task->duckdb = duckdb;
        task->archive = filled;
        rc = s1_data_export(task, ret_result, err);
    }
    *ret_filled = rc == S1_OK ? s1_fill_persistor_made(filled) : 0;
    s1_data_persistor_free(filled);
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
    uint64_t filled = 0;
    S1_TRY(err, export(options, &task, &result, &filled, err));
    *ret_report = (s1_api_export_report){
        .rows = result.rows,
        .bytes = result.bytes,
        .filled = filled,
        .first = result.first,
        .last = result.last,
        .price_scale = result.scales.price,
        .qty_scale = result.scales.qty,
        .seconds = (double)(s1_clock_monotonic(s1_clock_real()) - start) / 1e9,
    };
    return S1_OK;
}
