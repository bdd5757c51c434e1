/* Parquet files, whole or not at all: DuckDB writes `<path>.partial`, we make it durable and give
 * it its name. */
#include "backend/data/persistors/parquet_internal.h"
#include "backend/dtos/market/market_batch.h"
#include "s1mple/decimal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 122880 rows are 60 of DuckDB's vectors: its own default, and small enough to skip by time. */
#define ROW_GROUP_ROWS 122880
#define PARTIAL        ".partial"

s1_rc s1_parquet_fsync(const s1_fs *fs, const char *path, s1_err *err)
{
    s1_file *file;
    S1_TRY(err, s1_fs_open(fs, path, S1_FS_READ | S1_FS_WRITE, &file, err));
    const s1_rc rc = s1_fs_fsync(fs, file, err);
    if (rc != S1_OK) {
        s1_fs_drop(fs, file);
        return rc;
    }
    return s1_fs_close(fs, file, err);
}

s1_rc s1_parquet_copy(s1_duckdb *duckdb, const char *path, s1_parquet_source *source,
                      const s1_parquet_tag *tags, size_t tag_count, s1_err *err)
{
    char what[300];
    const size_t len = strlen(path);
    const size_t shown =
        s1_str_ends_with(s1_str_of(path), S1_STR(PARTIAL)) ? len - strlen(PARTIAL) : len;
    (void)snprintf(what, sizeof what, "write '%.*s'", (int)(shown < 200 ? shown : 200), path);
    s1_strbuf sql;
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_printf(&sql, "COPY (SELECT * FROM s1_rows(%llu::UBIGINT)) TO ",
                     (unsigned long long)(uintptr_t)source);
    s1_sql_add_quoted(&sql, path);
    s1_strbuf_printf(&sql,
                     " (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE %d, "
                     "USE_TMP_FILE false, PRESERVE_ORDER true",
                     ROW_GROUP_ROWS);
    for (size_t i = 0; i < tag_count; i++) {
        s1_strbuf_printf(&sql, "%s%s: ", i == 0 ? ", KV_METADATA {" : ", ", tags[i].key);
        s1_sql_add_quoted(&sql, tags[i].text != NULL ? tags[i].text : tags[i].value);
    }
    s1_strbuf_printf(&sql, "%s)", tag_count > 0 ? "}" : "");
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_execute(duckdb, s1_strbuf_cstr(&sql), what, err);
    }
    s1_strbuf_done(&sql);
    return rc;
}

s1_rc s1_parquet_write_source(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                              s1_parquet_source *source, const s1_parquet_tag *tags,
                              size_t tag_count, s1_err *err)
{
    char partial[S1_PATH_MAX];
    if ((size_t)snprintf(partial, sizeof partial, "%s" PARTIAL, path) >= sizeof partial) {
        return S1_RAISE(err, S1_E_RANGE, "path '%.200s...': found over %u bytes", path,
                        S1_PATH_MAX);
    }
    s1_rc rc = s1_parquet_copy(duckdb, partial, source, tags, tag_count, err);
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
        const s1_rc ignored = s1_fs_unlink(fs, partial, NULL); /* the first error is told */
        (void)ignored;
    }
    return rc;
}

/* --- Small tables ----------------------------------------------------------------------------- */

static bool is_name(s1_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_')) {
            return false;
        }
    }
    return name.len > 0 && name.len <= S1_PARQUET_NAME_MAX;
}

/* DECIMAL(38, 18) holds mantissas below 10^38, s1_dec a little more. */
static bool fits_money(s1_dec value)
{
    const s1_dec limit = {0x098a224000000000ULL, 0x4b3b4ca85a86c47aLL}; /* 10^38 */
    const s1_dec minus = {~limit.lo + 1, ~limit.hi + (limit.lo == 0 ? 1 : 0)};
    return s1_dec_cmp(value, limit) < 0 && s1_dec_cmp(value, minus) > 0;
}

static s1_rc check_values(const s1_parquet_column *column, size_t rows, s1_err *err)
{
    const int64_t *mantissas = column->values;
    const s1_dec *money = column->values;
    const uint8_t *flags = column->values;
    for (size_t i = 0; i < rows; i++) {
        bool fits = true;
        switch (column->type) {
        case S1_PARQUET_DECIMAL:
            fits = mantissas[i] <= S1_MANTISSA_MAX && mantissas[i] >= -S1_MANTISSA_MAX;
            break;
        case S1_PARQUET_MONEY:
            fits = fits_money(money[i]);
            break;
        case S1_PARQUET_BOOL:
            fits = flags[i] <= 1;
            break;
        default:
            return S1_OK;
        }
        if (!fits) {
            return S1_RAISE(err, S1_E_RANGE,
                            "column %.*s, row %zu: the value does not fit its type",
                            S1_STR_ARG(column->name), i);
        }
    }
    return S1_OK;
}

static s1_rc check_columns(const s1_parquet_column *columns, size_t column_count, size_t row_count,
                           s1_err *err)
{
    if (column_count == 0 || column_count > S1_PARQUET_COLUMNS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "table: found %zu columns, expected 1..%u", column_count,
                        S1_PARQUET_COLUMNS_MAX);
    }
    for (size_t i = 0; i < column_count; i++) {
        const s1_parquet_column *column = &columns[i];
        if (!is_name(column->name)) {
            return S1_RAISE(err, S1_E_INVALID,
                            "column %zu: found name '%.*s', expected 1..%u letters, digits or _", i,
                            S1_STR_ARG(column->name), S1_PARQUET_NAME_MAX);
        }
        if (column->type < S1_PARQUET_TIMESTAMP_NS || column->type > S1_PARQUET_UINT8 ||
            column->scale > (column->type == S1_PARQUET_DECIMAL ? S1_SCALE_MAX : 0) ||
            (column->values == NULL && row_count > 0)) {
            return S1_RAISE(err, S1_E_INVALID, "column %.*s: found type %d, scale %u, %s values",
                            S1_STR_ARG(column->name), column->type, column->scale,
                            column->values == NULL ? "no" : "with");
        }
        S1_TRY(err, check_values(column, row_count, err));
    }
    return S1_OK;
}

s1_rc s1_parquet_write_table(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                             const s1_parquet_column *columns, size_t column_count,
                             size_t row_count, s1_err *err)
{
    S1_TRY(err, check_columns(columns, column_count, row_count, err));
    s1_parquet_source source = {.columns = columns,
                                .column_count = column_count,
                                .row_count = row_count,
                                .rows_total = row_count};
    return s1_parquet_write_source(duckdb, fs, path, &source, NULL, 0, err);
}

s1_rc s1_parquet_write_equity(s1_duckdb *duckdb, const s1_fs *fs, const char *path,
                              const s1_run_series *series, const double *drawdown, s1_err *err)
{
    uint8_t *never = NULL;
    const uint8_t *in_position = series->in_position;
    if (in_position == NULL && series->count > 0) {
        never = calloc(series->count, 1);
        if (never == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu rows of equity", series->count);
        }
        in_position = never;
    }
    const s1_parquet_column columns[] = {
        {S1_STR("time"), S1_PARQUET_TIMESTAMP_NS, 0, series->time},
        {S1_STR("equity"), S1_PARQUET_MONEY, 0, series->equity},
        {S1_STR("drawdown"), S1_PARQUET_DOUBLE, 0, drawdown},
        {S1_STR("close"), S1_PARQUET_DOUBLE, 0, series->close},
        {S1_STR("in_position"), S1_PARQUET_BOOL, 0, in_position},
        {S1_STR("benchmark"), S1_PARQUET_DOUBLE, 0, series->benchmark},
    };
    const size_t column_count = sizeof columns / sizeof columns[0] - (series->benchmark == NULL);
    const s1_rc rc =
        s1_parquet_write_table(duckdb, fs, path, columns, column_count, series->count, err);
    free(never);
    return rc;
}
