/* Reading a stream: its files one after the other, each by one streamed query. */
#include "backend/data/persistors/archive_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define OPENINGS_MAX 8

/* The time as an SQL literal. */
#define SQL_TIME        "make_timestamp_ns(%lld)"
#define SQL_TIME_ARG(t) ((long long)(t))

static void add_source(s1_strbuf *sql, const char *path)
{
    s1_strbuf_lit(sql, "read_parquet(");
    s1_sql_add_quoted(sql, path);
    /* the folders are named year=...: without this they become columns */
    s1_strbuf_lit(sql, ", hive_partitioning = false)");
}

static bool gives(const s1_archive_cursor *cursor, size_t column)
{
    return (cursor->columns >> column & 1u) != 0;
}

static void add_select(s1_strbuf *sql, const s1_archive_cursor *cursor, const s1_archive_file *file)
{
    size_t count;
    const s1_market_column *const layout = s1_market_layout(cursor->data_type, &count);
    for (size_t i = 0; i < count; i++) {
        const char *const name = layout[i].name;
        const uint32_t have = s1_market_scale(&file->scales, layout[i].kind);
        const uint32_t want = s1_market_scale(&cursor->scales, layout[i].kind);
        if (!gives(cursor, i)) {
            continue;
        }
        s1_strbuf_cstr_add(sql, i == 0 ? "" : ", ");
        if (have != want) {
            s1_strbuf_printf(sql, "CAST(\"%s\" AS DECIMAL(18,%u)) AS \"%s\"", name, want, name);
        } else {
            s1_strbuf_printf(sql, "\"%s\"", name);
        }
    }
}

/* " WHERE ..." for the part of the range that cuts through the file. */
static void add_range(s1_strbuf *sql, const s1_archive_file *file, s1_time_range range)
{
    const bool cuts_start = range.from > file->first;
    const bool cuts_end = range.to <= file->last;
    if (cuts_start) {
        s1_strbuf_printf(sql, " WHERE \"time\" >= " SQL_TIME, SQL_TIME_ARG(range.from));
    }
    if (cuts_end) {
        s1_strbuf_printf(sql, " %s \"time\" < " SQL_TIME, cuts_start ? "AND" : "WHERE",
                         SQL_TIME_ARG(range.to));
    }
}

static bool is_outside(const s1_archive_file *file, s1_time_range range)
{
    return range.from >= range.to || range.from > file->last || range.to <= file->first;
}

s1_rc s1_duckdb_query_count(s1_duckdb *duckdb, const char *sql, const char *what,
                            uint64_t *ret_count, s1_err *err)
{
    s1_duckdb_stream stream;
    S1_TRY(err, s1_duckdb_stream_open(duckdb, sql, what, &stream, err));
    size_t rows = 0;
    const void *data = NULL;
    s1_rc rc = s1_duckdb_stream_next(&stream, what, &rows, err);
    if (rc == S1_OK && rows != 1) {
        rc = S1_RAISE(err, S1_E_DATA, "%s: found %zu counts, expected 1", what, rows);
    }
    if (rc == S1_OK) {
        rc = s1_duckdb_stream_column(&stream, 0, what, &data, err);
    }
    if (rc == S1_OK) {
        *ret_count = (uint64_t)*(const int64_t *)data;
    }
    s1_duckdb_stream_close(&stream);
    return rc;
}

/* Is the file that was listed still what stands under a path? */
static bool is_listed(const s1_archive_cursor *cursor, const s1_archive_file *file,
                      const char *path)
{
    s1_fs_info info;
    return s1_fs_stat(cursor->fs, path, &info, NULL) == S1_OK && info.inode == file->inode &&
           info.size == file->bytes && info.modified == file->modified;
}

static s1_rc raise_replaced(const s1_archive_cursor *cursor, const s1_archive_file *file,
                            s1_err *err)
{
    return S1_RAISE(err, S1_E_DATA,
                    "%s: the archive was written to meanwhile: '%.200s' is another file now, and "
                    "the version before is not kept",
                    cursor->what, file->path);
}

/* Where the listed file is: in its place, or in that of a former version if a commit has taken it
 * from there. */
static bool find_listed(const s1_archive_cursor *cursor, const s1_archive_file *file,
                        char ret_path[static S1_PATH_MAX])
{
    s1_fs_list names = {0};
    (void)snprintf(ret_path, S1_PATH_MAX, "%s", file->path);
    bool is_found = is_listed(cursor, file, ret_path);
    if (is_found || s1_fs_list_names(cursor->fs, cursor->versions, &names, NULL) != S1_OK) {
        return is_found;
    }
    for (size_t i = names.count; i > 0 && !is_found; i--) { /* the youngest is the likeliest */
        const int len = snprintf(ret_path, S1_PATH_MAX, "%s/%s%s", cursor->versions,
                                 names.names[i - 1], file->path + cursor->root_len);
        is_found = len > 0 && (size_t)len < S1_PATH_MAX && is_listed(cursor, file, ret_path);
    }
    s1_fs_list_done(&names);
    return is_found;
}

/* Rows of the range in one file: known, or counted where the range cuts it. */
static s1_rc count_file(s1_archive_cursor *cursor, const s1_archive_file *file, s1_err *err)
{
    if (is_outside(file, cursor->range)) {
        return S1_OK;
    }
    if (cursor->range.from <= file->first && cursor->range.to > file->last) {
        cursor->rows_total += file->rows;
        return S1_OK;
    }
    char path[S1_PATH_MAX];
    if (!find_listed(cursor, file, path)) {
        return raise_replaced(cursor, file, err);
    }
    s1_strbuf sql;
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT count(*) FROM ");
    add_source(&sql, path);
    add_range(&sql, file, cursor->range);
    uint64_t count = 0;
    s1_err found = S1_ERR_INIT;
    s1_rc rc = s1_strbuf_check(&sql, &found);
    if (rc == S1_OK) {
        rc = s1_duckdb_query_count(cursor->duckdb, s1_strbuf_cstr(&sql), cursor->what, &count,
                                   &found);
    }
    s1_strbuf_done(&sql);
    if (!is_listed(cursor, file, path)) {
        return raise_replaced(cursor, file, err); /* tells more than what DuckDB stumbled on */
    }
    if (rc != S1_OK) {
        if (err != NULL) {
            *err = found;
        }
        return rc;
    }
    cursor->rows_total += count;
    return S1_OK;
}

s1_rc s1_archive_cursor_open(const s1_archive_place *place, s1_archive_files *files,
                             s1_time_range range, uint32_t columns, s1_market_scales scales_min,
                             s1_archive_cursor *ret_cursor, s1_err *err)
{
    s1_archive_cursor *const cursor = ret_cursor;
    char name[S1_STREAM_TEXT_MAX];
    *cursor = (s1_archive_cursor){.fs = place->fs,
                                  .duckdb = place->duckdb,
                                  .files = *files,
                                  .data_type = place->key->data_type,
                                  .columns = columns,
                                  .range = range,
                                  .scales = scales_min,
                                  .last_time = INT64_MIN};
    *files = (s1_archive_files){0};
    cursor->root_len = strlen(place->root);
    memcpy(cursor->versions, place->versions, sizeof cursor->versions);
    (void)snprintf(cursor->what, sizeof cursor->what, "read %s",
                   s1_stream_key_format(place->key, name));
    bool is_empty = true;
    for (size_t i = 0; i < cursor->files.count; i++) {
        is_empty = is_empty && is_outside(&cursor->files.items[i], range);
    }
    for (size_t i = 0; i < cursor->files.count; i++) {
        const s1_archive_file *file = &cursor->files.items[i];
        cursor->scales = s1_market_scales_max(cursor->scales, file->scales);
        cursor->columns &= is_empty || !is_outside(file, range) ? file->columns : UINT32_MAX;
    }
    for (size_t i = 0; i < cursor->files.count; i++) {
        const s1_rc rc = count_file(cursor, &cursor->files.items[i], err);
        if (rc != S1_OK) {
            s1_archive_cursor_close(cursor);
            return rc;
        }
    }
    return S1_OK;
}

/* The columns must be what the layout says: another type would be read as other numbers. */
static s1_rc check_types(s1_archive_cursor *cursor, const s1_archive_file *file, s1_err *err)
{
    static const duckdb_type types[] = {
        [S1_COLUMN_TIME] = DUCKDB_TYPE_TIMESTAMP_NS, [S1_COLUMN_PRICE] = DUCKDB_TYPE_DECIMAL,
        [S1_COLUMN_QTY] = DUCKDB_TYPE_DECIMAL,       [S1_COLUMN_ENUM] = DUCKDB_TYPE_UTINYINT,
        [S1_COLUMN_INT64] = DUCKDB_TYPE_BIGINT,      [S1_COLUMN_VWAP] = DUCKDB_TYPE_DECIMAL,
    };
    size_t count;
    size_t at = 0;
    const s1_market_column *const layout = s1_market_layout(cursor->data_type, &count);
    for (size_t i = 0; i < count; i++) {
        const duckdb_type type = types[layout[i].kind];
        if (!gives(cursor, i)) {
            continue;
        }
        if (!s1_duckdb_stream_has_type(&cursor->stream, at, type) ||
            (type == DUCKDB_TYPE_DECIMAL && s1_duckdb_stream_scale(&cursor->stream, at) !=
                                                s1_market_scale(&cursor->scales, layout[i].kind))) {
            return S1_RAISE(
                err, S1_E_DATA,
                "archive file '%.300s': column %s is not of the type its metadata tells",
                file->path, layout[i].name);
        }
        at++;
    }
    return S1_OK;
}

static s1_rc open_path(s1_archive_cursor *cursor, const s1_archive_file *file, const char *path,
                       s1_err *err)
{
    s1_strbuf sql;
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT ");
    add_select(&sql, cursor, file);
    s1_strbuf_lit(&sql, " FROM ");
    add_source(&sql, path);
    add_range(&sql, file, cursor->range);
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_stream_open(cursor->duckdb, s1_strbuf_cstr(&sql), cursor->what,
                                   &cursor->stream, err);
    }
    s1_strbuf_done(&sql);
    cursor->is_open = rc == S1_OK;
    return rc;
}

/* A commit may come between looking and opening: then once more. */
static s1_rc open_file(s1_archive_cursor *cursor, const s1_archive_file *file, s1_err *err)
{
    for (int i = 0; i < OPENINGS_MAX; i++) {
        char path[S1_PATH_MAX];
        s1_err found = S1_ERR_INIT;
        if (!find_listed(cursor, file, path)) {
            break;
        }
        const s1_rc rc = open_path(cursor, file, path, &found);
        if (is_listed(cursor, file, path)) {
            if (rc == S1_OK) {
                return check_types(cursor, file, err);
            }
            if (err != NULL) {
                *err = found;
            }
            return rc;
        }
        s1_duckdb_stream_close(&cursor->stream);
        cursor->is_open = false;
    }
    return raise_replaced(cursor, file, err);
}

/* Times go on rising; a damaged or foreign file must not send a run back in time. */
static s1_rc check_times(s1_archive_cursor *cursor, size_t rows, s1_err *err)
{
    const s1_nanos *times = cursor->values[0];
    const s1_nanos step = cursor->data_type == S1_DATA_OHLCV ? 1 : 0;
    s1_nanos last = cursor->last_time;
    bool is_sorted = cursor->rows_seen == 0 || times[0] >= last + step;
    for (size_t i = 1; i < rows; i++) {
        is_sorted &= times[i] >= times[i - 1] + step;
    }
    if (!is_sorted) {
        return S1_RAISE(err, S1_E_DATA, "archive file '%.300s': its rows are not sorted by time",
                        cursor->files.items[cursor->file_next - 1].path);
    }
    cursor->last_time = times[rows - 1];
    return S1_OK;
}

static s1_rc take_chunk(s1_archive_cursor *cursor, size_t rows, s1_err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < S1_MARKET_COLUMNS_MAX; i++) {
        if (gives(cursor, i)) {
            S1_TRY(err, s1_duckdb_stream_column(&cursor->stream, at, cursor->what,
                                                &cursor->values[i], err));
            at++;
        }
    }
    S1_TRY(err, check_times(cursor, rows, err));
    cursor->rows_seen += rows;
    return S1_OK;
}

s1_rc s1_archive_cursor_next(s1_archive_cursor *cursor, size_t *ret_rows, s1_err *err)
{
    for (;;) {
        if (!cursor->is_open) {
            while (cursor->file_next < cursor->files.count &&
                   is_outside(&cursor->files.items[cursor->file_next], cursor->range)) {
                cursor->file_next++;
            }
            if (cursor->file_next == cursor->files.count) {
                break;
            }
            S1_TRY(err, open_file(cursor, &cursor->files.items[cursor->file_next++], err));
        }
        size_t rows = 0;
        S1_TRY(err, s1_duckdb_stream_next(&cursor->stream, cursor->what, &rows, err));
        if (rows > 0) {
            S1_TRY(err, take_chunk(cursor, rows, err));
            *ret_rows = rows;
            return S1_OK;
        }
        s1_duckdb_stream_close(&cursor->stream);
        cursor->is_open = false;
    }
    if (cursor->rows_seen != cursor->rows_total) {
        return S1_RAISE(err, S1_E_DATA, "%s: found %llu rows, expected %llu by the metadata",
                        cursor->what, (unsigned long long)cursor->rows_seen,
                        (unsigned long long)cursor->rows_total);
    }
    *ret_rows = 0;
    return S1_OK;
}

void s1_archive_cursor_close(s1_archive_cursor *cursor)
{
    s1_duckdb_stream_close(&cursor->stream);
    s1_archive_files_done(&cursor->files);
}
