#include "backend/data/persistors/parquet_export.h"

#include "backend/data/persistors/parquet_internal.h"
#include "s1mple/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct export
{
    s1_market_reader *reader;
    s1_parquet_export_progress progress;
    void *user;
    const s1_market_column *layout[S1_MARKET_COLUMNS_MAX]; /* of the columns that are there */
    uint32_t index[S1_MARKET_COLUMNS_MAX];
    s1_parquet_column columns[S1_MARKET_COLUMNS_MAX];
    size_t column_count;
    s1_market_batch batch;
    size_t at; /* next row of batch */
    s1_rc rc;  /* why it broke off */
    s1_err *err;
}
export;

static s1_rc refill(export *e, s1_err *err)
{
    if (e->batch.count > 0 && e->progress != NULL) {
        S1_TRY(err, e->progress(e->user, &e->batch));
    }
    S1_TRY(err, s1_market_reader_next(e->reader, &e->batch, err));
    e->at = 0;
    return e->batch.count > 0
               ? S1_OK
               : S1_RAISE(err, S1_E_DATA, "the archive became shorter while it was read");
}

/* Up to `count` rows of the batches into the chunk. A failure leaves rows that are never kept: the
 * file is thrown away. */
static void give(const void *self, duckdb_data_chunk chunk, size_t at, size_t row, size_t count)
{
    export *const e = *(export *const *)self;
    const s1_duckdb_api *const api = s1_duckdb_process_api();
    (void)row;
    while (count > 0 && e->rc == S1_OK) {
        if (e->at == e->batch.count) {
            e->rc = refill(e, e->err);
            continue;
        }
        const size_t left = e->batch.count - e->at;
        const size_t take = left < count ? left : count;
        for (size_t i = 0; i < e->column_count; i++) {
            const size_t size = s1_market_column_size(e->layout[i]);
            char *const to = api->vector_get_data(api->data_chunk_get_vector(chunk, i));
            memcpy(to + at * size, (const char *)e->batch.columns[e->index[i]] + e->at * size,
                   take * size);
        }
        e->at += take;
        at += take;
        count -= take;
    }
}

static int32_t type_of(int32_t kind)
{
    switch (kind) {
    case S1_COLUMN_TIME:
        return S1_PARQUET_TIMESTAMP_NS;
    case S1_COLUMN_ENUM:
        return S1_PARQUET_UINT8;
    case S1_COLUMN_INT64:
        return S1_PARQUET_INT64;
    default:
        return S1_PARQUET_DECIMAL;
    }
}

static void plan(export *e, int32_t data_type)
{
    size_t count;
    const s1_market_column *const layout = s1_market_layout(data_type, &count);
    for (uint32_t i = 0; i < count; i++) {
        if ((e->reader->columns & 1u << i) == 0) {
            continue;
        }
        const size_t at = e->column_count++;
        e->layout[at] = &layout[i];
        e->index[at] = i;
        e->columns[at] =
            (s1_parquet_column){.name = s1_str_of(layout[i].name),
                                .type = type_of(layout[i].kind),
                                .scale = s1_market_scale(&e->reader->scales, layout[i].kind)};
    }
}

s1_rc s1_parquet_export(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                        const s1_stream_key *key, s1_market_reader *reader,
                        s1_parquet_export_progress progress, void *user, s1_err *err)
{
    s1_err broken = S1_ERR_INIT;
    export e = {.reader = reader, .progress = progress, .user = user, .err = &broken};
    export *const self = &e;
    plan(&e, key->data_type);
    s1_parquet_source source = {.columns = e.columns,
                                .column_count = e.column_count,
                                .row_count = (size_t)reader->rows_total,
                                .rows_total = reader->rows_total,
                                .give = give,
                                .give_self = &self};
    s1_parquet_tag tags[4] = {{.key = "asset_pair"},
                              {.key = "timeframe_ns"},
                              {.key = "data_type", .text = s1_data_type_name(key->data_type)},
                              {.key = "source"}};
    (void)snprintf(tags[0].value, sizeof tags[0].value, "%.*s", S1_STR_ARG(key->asset_pair));
    (void)snprintf(tags[1].value, sizeof tags[1].value, "%" PRId64, key->timeframe);
    (void)snprintf(tags[3].value, sizeof tags[3].value, "%.*s", S1_STR_ARG(key->source));
    char partial[S1_PATH_MAX];
    if ((size_t)snprintf(partial, sizeof partial, "%s.partial", path) >= sizeof partial) {
        return S1_RAISE(err, S1_E_RANGE, "path '%.200s...': found over %u bytes", path,
                        S1_PATH_MAX);
    }
    s1_rc rc = s1_parquet_copy(duckdb, partial, &source, tags, 4, err);
    if (rc == S1_OK && e.rc != S1_OK) {
        if (err != NULL) {
            *err = broken;
        }
        rc = e.rc;
    }
    if (rc == S1_OK && e.batch.count > 0 && progress != NULL) {
        rc = progress(user, &e.batch);
    }
    if (rc == S1_OK) {
        rc = s1_parquet_fsync(fs, partial, err);
    }
    if (rc == S1_OK) {
        rc = s1_fs_rename(fs, partial, path, err);
    }
    if (rc == S1_OK) {
        return s1_fs_fsync_parent(fs, path, err);
    }
    if (s1_fs_exists(fs, partial)) {
        (void)!s1_fs_unlink(fs, partial, NULL); /* the first error is told */
    }
    return rc;
}
