/* Saving: a batch is cut at the bounds of periods, and each period's file is written anew from what
 * stays of the old one and what is saved. */
#include "backend/data/persistors/parquet_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is saved, whatever its type: columns in the order of the layout. */
typedef struct save_job {
    const s1_parquet_options *archive;
    const s1_stream_key *key;
    const s1_save_options *options;
    const s1_nanos *times;
    const void *values[S1_ARCHIVE_COLUMNS_MAX];
    size_t rows;
    s1_archive_files stored; /* owned */
    s1_save_result result;
} save_job;

/* One period of a job. */
typedef struct save_period {
    int32_t period;
    size_t begin, end;          /* rows of the batch */
    const s1_archive_file *old; /* NULL: no file yet */
    uint64_t kept_before, kept_after;
} save_period;

static const s1_archive_file *stored_file(const save_job *job, int32_t period)
{
    for (size_t i = 0; i < job->stored.count; i++) {
        if (s1_archive_period(job->key->data_type, job->stored.items[i].first) == period) {
            return &job->stored.items[i];
        }
    }
    return NULL;
}

static s1_rc count_kept(const save_job *job, const s1_archive_file *old, const char *comparison,
                        s1_nanos time, uint64_t *ret_count, s1_err *err)
{
    s1_strbuf sql;
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT count(*) FROM ");
    s1_archive_add_source(&sql, old->path);
    s1_strbuf_printf(&sql, " WHERE \"time\" %s " S1_SQL_TIME, comparison, S1_SQL_TIME_ARG(time));
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_query_count(job->archive->duckdb, s1_strbuf_cstr(&sql),
                                   "merge with the archive", ret_count, err);
    }
    s1_strbuf_done(&sql);
    return rc;
}

/* What a period has and gets. The saved rows replace what lies between first and last of all. */
static s1_rc plan_period(save_job *job, int32_t period, save_period *ret_plan, s1_err *err)
{
    const int32_t type = job->key->data_type;
    const s1_nanos first = job->times[0];
    const s1_nanos last = job->times[job->rows - 1];
    save_period plan = {.period = period, .old = stored_file(job, period)};
    plan.begin = s1_data_lower_bound(job->times, job->rows, s1_archive_period_start(type, period));
    plan.end =
        s1_data_lower_bound(job->times, job->rows, s1_archive_period_start(type, period + 1));
    if (plan.old != NULL && plan.old->first < first) {
        if (plan.old->last < first) {
            plan.kept_before = plan.old->rows;
        } else {
            S1_TRY(err, count_kept(job, plan.old, "<", first, &plan.kept_before, err));
        }
    }
    if (plan.old != NULL && plan.old->last > last) {
        if (plan.old->first > last) {
            plan.kept_after = plan.old->rows;
        } else {
            S1_TRY(err, count_kept(job, plan.old, ">", last, &plan.kept_after, err));
        }
    }
    if (plan.old != NULL) {
        job->result.rows_replaced += plan.old->rows - plan.kept_before - plan.kept_after;
    }
    *ret_plan = plan;
    return S1_OK;
}

/* Columns and factors of a period's source. */
typedef struct save_columns {
    s1_parquet_column items[S1_ARCHIVE_COLUMNS_MAX];
    int64_t factors[S1_ARCHIVE_COLUMNS_MAX];
    size_t count;
} save_columns;

static int64_t factor_of(uint32_t from, uint32_t to)
{
    int64_t factor = 1;
    for (; from < to; from++) {
        factor *= 10;
    }
    return factor;
}

/* The rows of the batch that fall into the period, as columns at the scales of the file. */
static void fill_columns(const save_job *job, const save_period *plan, const s1_archive_file *file,
                         save_columns *ret_columns)
{
    const s1_archive_column *layout = s1_archive_columns(job->key->data_type, &ret_columns->count);
    for (size_t i = 0; i < ret_columns->count; i++) {
        const int32_t kind = layout[i].kind;
        const size_t size = kind == S1_ARCHIVE_SIDE ? sizeof(uint8_t) : sizeof(int64_t);
        s1_parquet_column column = {.name = s1_str_of(layout[i].name),
                                    .type = S1_PARQUET_DECIMAL,
                                    .values = (const char *)job->values[i] + plan->begin * size};
        int64_t factor = 1;
        if (kind == S1_ARCHIVE_TIME) {
            column.type = S1_PARQUET_TIMESTAMP_NS;
        } else if (kind == S1_ARCHIVE_SIDE) {
            column.type = S1_PARQUET_UINT8;
        } else if (kind == S1_ARCHIVE_PRICE) {
            column.scale = file->price_scale;
            factor = factor_of(job->options->price_scale, file->price_scale);
        } else {
            column.scale = file->qty_scale;
            factor = factor_of(job->options->qty_scale, file->qty_scale);
        }
        ret_columns->items[i] = column;
        ret_columns->factors[i] = factor;
    }
}

/* What is kept of the old file, before or behind the saved rows. */
static s1_rc open_kept(const save_job *job, const save_period *plan, const s1_archive_file *file,
                       s1_time_range range, s1_archive_cursor *ret_cursor, s1_err *err)
{
    s1_archive_files old = {.items = malloc(sizeof *old.items), .count = 1, .capacity = 1};
    if (old.items == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a file");
    }
    old.items[0] = *plan->old;
    return s1_archive_cursor_open(job->archive->duckdb, job->key, &old, range, 0,
                                  (s1_archive_scales){file->price_scale, file->qty_scale},
                                  ret_cursor, err);
}

static s1_rc write_rows(const save_job *job, const save_period *plan, const s1_archive_file *file,
                        s1_err *err)
{
    save_columns columns;
    fill_columns(job, plan, file, &columns);
    s1_parquet_source source = {.columns = columns.items,
                                .column_count = columns.count,
                                .row_count = plan->end - plan->begin,
                                .factors = columns.factors,
                                .rows_total = file->rows};
    s1_archive_cursor before = {0};
    s1_archive_cursor after = {0};
    s1_rc rc = S1_OK;
    if (plan->kept_before > 0) {
        rc = open_kept(job, plan, file, (s1_time_range){INT64_MIN, job->times[0]}, &before, err);
        source.before = &before;
    }
    if (rc == S1_OK && plan->kept_after > 0) {
        const s1_nanos behind = job->times[job->rows - 1] + 1;
        rc = open_kept(job, plan, file, (s1_time_range){behind, INT64_MAX}, &after, err);
        source.after = &after;
    }
    if (rc == S1_OK) {
        s1_parquet_tag tags[S1_ARCHIVE_TAG_COUNT];
        s1_archive_tags(job->key, file, tags);
        rc = s1_parquet_write_source(job->archive->duckdb, job->archive->fs, file->path, &source,
                                     tags, S1_ARCHIVE_TAG_COUNT, err);
    }
    s1_archive_cursor_close(&before);
    s1_archive_cursor_close(&after);
    return rc;
}

static s1_rc write_period(save_job *job, const save_period *plan, s1_err *err)
{
    const bool keeps_before = plan->kept_before > 0;
    const bool keeps_after = plan->kept_after > 0;
    s1_archive_file file = {.rows = plan->end - plan->begin + plan->kept_before + plan->kept_after,
                            .first = keeps_before ? plan->old->first : job->times[plan->begin],
                            .last = keeps_after ? plan->old->last : job->times[plan->end - 1],
                            .price_scale = job->options->price_scale,
                            .qty_scale = job->options->qty_scale};
    if (keeps_before || keeps_after) {
        const s1_archive_file *old = plan->old;
        file.price_scale =
            old->price_scale > file.price_scale ? old->price_scale : file.price_scale;
        file.qty_scale = old->qty_scale > file.qty_scale ? old->qty_scale : file.qty_scale;
    }
    S1_TRY(err,
           s1_archive_period_path(job->archive->archive, job->key, plan->period, file.path, err));
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", S1_STR_ARG(s1_str_dirname(s1_str_of(file.path))));
    S1_TRY(err, s1_fs_mkdir_all(job->archive->fs, folder, err));
    S1_TRY(err, write_rows(job, plan, &file, err));
    job->result.files_written++;
    return S1_OK;
}

/* A period between first and last of the batch in which it has no rows. */
static s1_rc empty_period(save_job *job, const save_period *plan, s1_err *err)
{
    if (plan->old == NULL) {
        return S1_OK;
    }
    S1_TRY(err, s1_fs_unlink(job->archive->fs, plan->old->path, err));
    S1_TRY(err, s1_fs_fsync_parent(job->archive->fs, plan->old->path, err));
    return S1_OK;
}

static s1_rc save_all(save_job *job, s1_err *err)
{
    const int32_t type = job->key->data_type;
    const int32_t first = s1_archive_period(type, job->times[0]);
    const int32_t last = s1_archive_period(type, job->times[job->rows - 1]);
    const size_t count = (size_t)(last - first) + 1;
    save_period *plans = calloc(count, sizeof *plans);
    if (plans == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu periods", count);
    }
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < count && rc == S1_OK; i++) {
        rc = plan_period(job, first + (int32_t)i, &plans[i], err);
    }
    if (rc == S1_OK && job->options->overlap == S1_OVERLAP_REFUSE &&
        job->result.rows_replaced > 0) {
        rc = s1_data_raise_overlap(job->key, job->result.rows_replaced, job->times[0],
                                   job->times[job->rows - 1], err);
    }
    for (size_t i = 0; i < count && rc == S1_OK; i++) {
        rc = plans[i].begin < plans[i].end ? write_period(job, &plans[i], err)
                                           : empty_period(job, &plans[i], err);
    }
    free(plans);
    return rc;
}

static s1_rc save(save_job *job, s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, s1_archive_files_load(job->archive, job->key, &job->stored, err));
    job->result.rows_written = job->rows;
    const s1_rc rc = save_all(job, err);
    s1_archive_files_done(&job->stored);
    if (rc == S1_OK && ret_result != NULL) {
        *ret_result = job->result;
    }
    return rc;
}

s1_rc s1_archive_save_bars(const s1_parquet_options *archive, const s1_stream_key *key,
                           const s1_bar_batch *batch, const s1_save_options *options,
                           s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, s1_data_check_key(key, S1_DATA_OHLCV, err));
    S1_TRY(err, s1_data_check_save_options(options, err));
    S1_TRY(err, s1_data_check_bars(batch, err));
    save_job job = {.archive = archive,
                    .key = key,
                    .options = options,
                    .times = batch->open_time,
                    .values = {batch->open_time, batch->open, batch->high, batch->low, batch->close,
                               batch->volume},
                    .rows = batch->count};
    return save(&job, ret_result, err);
}

s1_rc s1_archive_save_trades(const s1_parquet_options *archive, const s1_stream_key *key,
                             const s1_trade_batch *batch, const s1_save_options *options,
                             s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, s1_data_check_key(key, S1_DATA_TRADES, err));
    S1_TRY(err, s1_data_check_save_options(options, err));
    S1_TRY(err, s1_data_check_trades(batch, err));
    save_job job = {.archive = archive,
                    .key = key,
                    .options = options,
                    .times = batch->time,
                    .values = {batch->time, batch->price, batch->quantity, batch->side},
                    .rows = batch->count};
    return save(&job, ret_result, err);
}
