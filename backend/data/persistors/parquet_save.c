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

/* "SELECT ... FROM old WHERE time < first UNION ALL rows UNION ALL ... > last". */
static void add_merge(const save_job *job, const save_period *plan, const s1_parquet_source *source,
                      s1_archive_scales to, s1_strbuf *sql)
{
    const int32_t type = job->key->data_type;
    const s1_archive_scales saved = {job->options->price_scale, job->options->qty_scale};
    const struct {
        uint64_t rows;
        const char *comparison;
        s1_nanos time;
    } kept[] = {{plan->kept_before, "<", job->times[0]},
                {plan->kept_after, ">", job->times[job->rows - 1]}};
    for (size_t i = 0; i < 2; i++) {
        if (kept[i].rows > 0) {
            const s1_archive_scales from = {plan->old->price_scale, plan->old->qty_scale};
            s1_strbuf_cstr_add(sql, i == 1 ? " UNION ALL " : "");
            s1_strbuf_lit(sql, "SELECT ");
            s1_archive_add_select(sql, type, 0, from, to);
            s1_strbuf_lit(sql, " FROM ");
            s1_archive_add_source(sql, plan->old->path);
            s1_strbuf_printf(sql, " WHERE \"time\" %s " S1_SQL_TIME, kept[i].comparison,
                             S1_SQL_TIME_ARG(kept[i].time));
        }
        if (i == 0) {
            s1_strbuf_cstr_add(sql, plan->kept_before > 0 ? " UNION ALL " : "");
            s1_strbuf_lit(sql, "SELECT ");
            s1_archive_add_select(sql, type, 0, saved, to);
            s1_strbuf_printf(sql, " FROM " S1_SQL_ROWS, S1_SQL_ROWS_ARG(source));
        }
    }
}

/* The rows of the batch that fall into the period, as columns for s1_rows. */
static void fill_columns(const save_job *job, const save_period *plan,
                         s1_parquet_column ret_columns[static S1_ARCHIVE_COLUMNS_MAX],
                         size_t *ret_count)
{
    size_t count;
    const s1_archive_column *layout = s1_archive_columns(job->key->data_type, &count);
    for (size_t i = 0; i < count; i++) {
        const bool is_side = layout[i].kind == S1_ARCHIVE_SIDE;
        const bool is_time = layout[i].kind == S1_ARCHIVE_TIME;
        const bool is_price = layout[i].kind == S1_ARCHIVE_PRICE;
        const char *values = job->values[i];
        ret_columns[i] = (s1_parquet_column){
            .name = s1_str_of(layout[i].name),
            .type = is_side   ? S1_PARQUET_UINT8
                    : is_time ? S1_PARQUET_TIMESTAMP_NS
                              : S1_PARQUET_DECIMAL,
            .scale = is_side || is_time ? 0
                     : is_price         ? job->options->price_scale
                                        : job->options->qty_scale,
            .values = values + plan->begin * (is_side ? sizeof(uint8_t) : sizeof(int64_t)),
        };
    }
    *ret_count = count;
}

static s1_rc write_period(save_job *job, const save_period *plan, s1_err *err)
{
    s1_archive_file file = {
        .rows = plan->end - plan->begin + plan->kept_before + plan->kept_after,
        .first = plan->kept_before > 0 ? plan->old->first : job->times[plan->begin],
        .last = plan->kept_after > 0 ? plan->old->last : job->times[plan->end - 1],
        .price_scale = job->options->price_scale,
        .qty_scale = job->options->qty_scale};
    if (plan->kept_before + plan->kept_after > 0) {
        file.price_scale =
            plan->old->price_scale > file.price_scale ? plan->old->price_scale : file.price_scale;
        file.qty_scale =
            plan->old->qty_scale > file.qty_scale ? plan->old->qty_scale : file.qty_scale;
    }
    S1_TRY(err,
           s1_archive_period_path(job->archive->archive, job->key, plan->period, file.path, err));
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", S1_STR_ARG(s1_str_dirname(s1_str_of(file.path))));
    S1_TRY(err, s1_fs_mkdir_all(job->archive->fs, folder, err));
    s1_parquet_column columns[S1_ARCHIVE_COLUMNS_MAX];
    s1_parquet_source source = {.columns = columns, .row_count = plan->end - plan->begin};
    fill_columns(job, plan, columns, &source.column_count);
    s1_parquet_tag tags[S1_ARCHIVE_TAG_COUNT];
    s1_archive_tags(job->key, &file, tags);
    s1_strbuf sql;
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    add_merge(job, plan, &source, (s1_archive_scales){file.price_scale, file.qty_scale}, &sql);
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_parquet_write_query(job->archive->duckdb, job->archive->fs, file.path,
                                    s1_strbuf_cstr(&sql), tags, S1_ARCHIVE_TAG_COUNT, err);
    }
    s1_strbuf_done(&sql);
    job->result.files_written += rc == S1_OK ? 1 : 0;
    return rc;
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
