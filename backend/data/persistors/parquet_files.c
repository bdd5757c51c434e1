/* Where the files of a stream lie, and what their metadata says. */
#include "backend/data/persistors/parquet_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION "1"
#define FILES_MAX      10000u

static const s1_archive_column ohlcv_columns[] = {
    {"time", S1_ARCHIVE_TIME}, {"open", S1_ARCHIVE_PRICE},  {"high", S1_ARCHIVE_PRICE},
    {"low", S1_ARCHIVE_PRICE}, {"close", S1_ARCHIVE_PRICE}, {"volume", S1_ARCHIVE_QTY},
};
static const s1_archive_column trade_columns[] = {
    {"time", S1_ARCHIVE_TIME},
    {"price", S1_ARCHIVE_PRICE},
    {"quantity", S1_ARCHIVE_QTY},
    {"side", S1_ARCHIVE_SIDE},
};

const s1_archive_column *s1_archive_columns(int32_t data_type, size_t *ret_count)
{
    if (data_type == S1_DATA_OHLCV) {
        *ret_count = sizeof ohlcv_columns / sizeof ohlcv_columns[0];
        return ohlcv_columns;
    }
    *ret_count = sizeof trade_columns / sizeof trade_columns[0];
    return trade_columns;
}

/* --- Paths ------------------------------------------------------------------------------------ */

s1_rc s1_archive_stream_path(const char *archive, const s1_stream_key *key,
                             char ret_path[static S1_PATH_MAX], s1_err *err)
{
    char kind[S1_TIMEFRAME_TEXT_MAX] = "trades";
    if (key->data_type == S1_DATA_OHLCV) {
        (void)s1_timeframe_print(key->timeframe, kind);
    }
    char pair[S1_PAIR_TEXT_MAX + 1];
    (void)snprintf(pair, sizeof pair, "%.*s", S1_STR_ARG(key->asset_pair));
    *strchr(pair, '/') = '_'; /* the key was checked: there is one, and no '_' */
    if ((size_t)snprintf(ret_path, S1_PATH_MAX, "%s/%s/%s", archive, pair, kind) >= S1_PATH_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "archive '%.200s...': found over %u bytes of path",
                        archive, S1_PATH_MAX);
    }
    return S1_OK;
}

int32_t s1_archive_period(int32_t data_type, s1_nanos time)
{
    const s1_civil civil = s1_civil_from_time(time);
    return data_type == S1_DATA_OHLCV ? civil.year - 1970
                                      : (civil.year - 1970) * 12 + civil.month - 1;
}

/* Year and month (from 1) of a period; months before 1970 count down. */
static void period_parts(int32_t data_type, int32_t period, int32_t *ret_year, uint32_t *ret_month)
{
    const int32_t months = data_type == S1_DATA_OHLCV ? period * 12 : period;
    const int32_t years = months >= 0 ? months / 12 : -((11 - months) / 12);
    *ret_year = 1970 + years;
    *ret_month = (uint32_t)(months - years * 12) + 1;
}

s1_nanos s1_archive_period_start(int32_t data_type, int32_t period)
{
    int32_t year;
    uint32_t month;
    period_parts(data_type, period, &year, &month);
    s1_nanos start;
    if (__builtin_mul_overflow(s1_days_from_civil(year, month, 1), S1_NANOS_PER_DAY, &start)) {
        return year < 1970 ? INT64_MIN : INT64_MAX; /* the ends of the calendar: 1677, 2262 */
    }
    return start;
}

s1_rc s1_archive_period_path(const char *archive, const s1_stream_key *key, int32_t period,
                             char ret_path[static S1_PATH_MAX], s1_err *err)
{
    char folder[S1_PATH_MAX];
    S1_TRY(err, s1_archive_stream_path(archive, key, folder, err));
    int32_t year;
    uint32_t month;
    period_parts(key->data_type, period, &year, &month);
    const int len =
        key->data_type == S1_DATA_OHLCV
            ? snprintf(ret_path, S1_PATH_MAX, "%s/year=%04d/ohlcv.parquet", folder, year)
            : snprintf(ret_path, S1_PATH_MAX, "%s/year=%04d/month=%02u/trades.parquet", folder,
                       year, month);
    if (len < 0 || (size_t)len >= S1_PATH_MAX) {
        return S1_RAISE(err, S1_E_RANGE, "archive '%.200s...': found over %u bytes of path",
                        archive, S1_PATH_MAX);
    }
    return S1_OK;
}

/* --- Listing ---------------------------------------------------------------------------------- */

static s1_rc add_file(s1_archive_files *files, const char *path, uint64_t bytes, s1_err *err)
{
    if (files->count == files->capacity) {
        const size_t capacity = files->capacity == 0 ? 16 : files->capacity * 2;
        s1_archive_file *items =
            files->count < FILES_MAX ? realloc(files->items, capacity * sizeof *items) : NULL;
        if (items == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "archive: found over %zu files of one stream",
                            files->count);
        }
        files->items = items;
        files->capacity = capacity;
    }
    s1_archive_file *file = &files->items[files->count++];
    memset(file, 0, sizeof *file);
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    file->bytes = bytes;
    return S1_OK;
}

/* Adds folder/name if it is a file. */
static s1_rc add_if_there(const s1_fs *fs, s1_archive_files *files, const char *folder,
                          const char *name, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(name), err));
    if (!s1_fs_is_file(fs, path)) {
        return S1_OK;
    }
    s1_fs_info info;
    S1_TRY(err, s1_fs_stat(fs, path, &info, err));
    return add_file(files, path, info.size, err);
}

/* Calls add_if_there in every folder of `folder` that starts with `prefix`, `depth` levels down. */
static s1_rc list_files(const s1_fs *fs, s1_archive_files *files, const char *folder,
                        int32_t data_type, bool in_months, s1_err *err)
{
    s1_fs_list list = {0};
    S1_TRY(err, s1_fs_list_names(fs, folder, &list, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        const s1_str prefix = in_months ? S1_STR("month=") : S1_STR("year=");
        char path[S1_PATH_MAX];
        if (!s1_str_starts_with(s1_str_of(list.names[i]), prefix)) {
            continue;
        }
        rc = s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(list.names[i]), err);
        if (rc == S1_OK && s1_fs_is_folder(fs, path)) {
            if (data_type == S1_DATA_OHLCV) {
                rc = add_if_there(fs, files, path, "ohlcv.parquet", err);
            } else if (in_months) {
                rc = add_if_there(fs, files, path, "trades.parquet", err);
            } else {
                rc = list_files(fs, files, path, data_type, true, err);
            }
        }
    }
    s1_fs_list_done(&list);
    return rc;
}

/* --- Metadata --------------------------------------------------------------------------------- */

/* X(name, bit): every tag a file of ours has. */
#define TAG_MAP(X)                                                                                 \
    X(s1_format, 0)                                                                                \
    X(asset_pair, 1)                                                                               \
    X(timeframe_ns, 2)                                                                             \
    X(data_type, 3)                                                                                \
    X(price_scale, 4)                                                                              \
    X(qty_scale, 5)                                                                                \
    X(rows, 6)                                                                                     \
    X(first_ns, 7)                                                                                 \
    X(last_ns, 8)
enum tag {
#define X(name, bit) TAG_##name = 1 << (bit),
    TAG_MAP(X)
#undef X
        TAG_ALL = (1 << S1_ARCHIVE_TAG_COUNT) -
    1
};

void s1_archive_tags(const s1_stream_key *key, const s1_archive_file *file,
                     s1_parquet_tag ret_tags[static S1_ARCHIVE_TAG_COUNT])
{
    s1_parquet_tag *tag = ret_tags;
    const struct {
        const char *name;
        long long value;
    } numbers[] = {
        {"timeframe_ns", key->timeframe},     {"price_scale", file->price_scale},
        {"qty_scale", file->qty_scale},       {"rows", (long long)file->rows},
        {"first_ns", (long long)file->first}, {"last_ns", (long long)file->last},
    };
    *tag++ = (s1_parquet_tag){.key = "s1_format", .value = FORMAT_VERSION};
    tag->key = "asset_pair";
    (void)snprintf(tag->value, sizeof tag->value, "%.*s", S1_STR_ARG(key->asset_pair));
    tag++;
    tag->key = "data_type";
    (void)snprintf(tag->value, sizeof tag->value, "%s", s1_data_type_name(key->data_type));
    tag++;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++, tag++) {
        tag->key = numbers[i].name;
        (void)snprintf(tag->value, sizeof tag->value, "%lld", numbers[i].value);
    }
}

/* A tag's value, checked against the key where it must agree. */
static s1_rc take_tag(const s1_stream_key *key, s1_archive_file *file, s1_str name, s1_str value,
                      uint32_t *seen, s1_err *err)
{
    int64_t number = 0;
    const bool is_number = s1_str_parse_i64(value, &number, NULL) == S1_OK;
    bool is_good = true;
#define IS(tag) s1_str_eq_cstr(name, #tag)
    if (IS(s1_format)) {
        is_good = s1_str_eq_cstr(value, FORMAT_VERSION);
    } else if (IS(asset_pair)) {
        is_good = s1_str_eq(value, key->asset_pair);
    } else if (IS(data_type)) {
        is_good = s1_str_eq_cstr(value, s1_data_type_name(key->data_type));
    } else if (IS(timeframe_ns)) {
        is_good = is_number && number == key->timeframe;
    } else if (IS(price_scale) || IS(qty_scale)) {
        is_good = is_number && number >= 0 && number <= (int64_t)S1_SCALE_MAX;
        *(IS(price_scale) ? &file->price_scale : &file->qty_scale) = (uint32_t)number;
    } else if (IS(rows)) {
        is_good = is_number && number > 0;
        file->rows = (uint64_t)number;
    } else if (IS(first_ns) || IS(last_ns)) {
        is_good = is_number;
        *(IS(first_ns) ? &file->first : &file->last) = number;
    }
#define X(tag, bit)                                                                                \
    if (IS(tag)) {                                                                                 \
        *seen |= (uint32_t)TAG_##tag;                                                              \
    }
    TAG_MAP(X)
#undef X
#undef IS
    if (!is_good) {
        char text[S1_STREAM_TEXT_MAX];
        return S1_RAISE(err, S1_E_DATA, "archive file '%.200s': found %.*s = '%.64s', expected %s",
                        file->path, S1_STR_ARG(name), value.len > 0 ? value.ptr : "",
                        s1_stream_key_format(key, text));
    }
    return S1_OK;
}

/* The file of a path DuckDB gave back; the list is in the order of the paths. */
static s1_archive_file *find_file(s1_archive_files *files, s1_str path)
{
    size_t low = 0;
    size_t high = files->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = s1_str_cmp(s1_str_of(files->items[middle].path), path);
        if (order == 0) {
            return &files->items[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static s1_rc take_rows(s1_duckdb_stream *stream, const s1_stream_key *key, s1_archive_files *files,
                       uint32_t *seen, size_t rows, s1_err *err)
{
    for (size_t i = 0; i < rows; i++) {
        char value[128];
        const s1_str path = s1_duckdb_stream_text(stream, 0, i);
        const s1_str text = s1_duckdb_stream_text(stream, 2, i);
        s1_archive_file *file = find_file(files, path);
        if (file == NULL || text.len >= sizeof value) {
            return S1_RAISE(err, S1_E_DATA, "archive file '%.*s': its metadata cannot be read",
                            (int)(path.len < 200 ? path.len : 200), path.ptr);
        }
        memcpy(value, text.ptr, text.len);
        value[text.len] = '\0';
        S1_TRY(err, take_tag(key, file, s1_duckdb_stream_text(stream, 1, i),
                             (s1_str){value, text.len}, &seen[file - files->items], err));
    }
    return S1_OK;
}

/* Reads the metadata of all files with one query. */
static s1_rc read_tags(s1_duckdb *duckdb, const s1_stream_key *key, s1_archive_files *files,
                       uint32_t *seen, s1_err *err)
{
    char name[S1_STREAM_TEXT_MAX];
    char what[S1_STREAM_TEXT_MAX + 32];
    (void)snprintf(what, sizeof what, "read the archive of %s", s1_stream_key_format(key, name));
    s1_strbuf sql;
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT file_name::VARCHAR, decode(key), decode(value) FROM "
                        "parquet_kv_metadata([");
    for (size_t i = 0; i < files->count; i++) {
        s1_strbuf_cstr_add(&sql, i == 0 ? "" : ", ");
        s1_sql_add_quoted(&sql, files->items[i].path);
    }
    s1_strbuf_lit(&sql, "])");
    s1_duckdb_stream stream = {0};
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_stream_open(duckdb, s1_strbuf_cstr(&sql), what, &stream, err);
    }
    s1_strbuf_done(&sql);
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_duckdb_stream_next(&stream, what, &rows, err);
        if (rc == S1_OK) {
            rc = take_rows(&stream, key, files, seen, rows, err);
        }
    }
    s1_duckdb_stream_close(&stream);
    return rc;
}

static s1_rc check_files(const s1_archive_files *files, const uint32_t *seen, s1_err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const s1_archive_file *file = &files->items[i];
        if (seen[i] != TAG_ALL) {
            return S1_RAISE(
                err, S1_E_DATA,
                "archive file '%.300s': found no S1mpleTrader metadata, expected a file "
                "written by 'data import'",
                file->path);
        }
        if (file->first > file->last || (i > 0 && files->items[i - 1].last >= file->first)) {
            return S1_RAISE(err, S1_E_DATA,
                            "archive file '%.300s': its time span is not behind the file before it",
                            file->path);
        }
    }
    return S1_OK;
}

s1_rc s1_archive_files_load(const s1_parquet_options *archive, const s1_stream_key *key,
                            s1_archive_files *ret_files, s1_err *err)
{
    char folder[S1_PATH_MAX];
    S1_TRY(err, s1_archive_stream_path(archive->archive, key, folder, err));
    s1_archive_files files = {0};
    if (!s1_fs_is_folder(archive->fs, folder)) {
        *ret_files = files;
        return S1_OK;
    }
    s1_rc rc = list_files(archive->fs, &files, folder, key->data_type, false, err);
    uint32_t *seen = rc == S1_OK && files.count > 0 ? calloc(files.count, sizeof *seen) : NULL;
    if (rc == S1_OK && files.count > 0) {
        rc = seen == NULL ? S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu files", files.count)
                          : read_tags(archive->duckdb, key, &files, seen, err);
    }
    if (rc == S1_OK) {
        rc = check_files(&files, seen, err);
    }
    free(seen);
    if (rc != S1_OK) {
        s1_archive_files_done(&files);
        return rc;
    }
    *ret_files = files;
    return S1_OK;
}

void s1_archive_files_done(s1_archive_files *files)
{
    free(files->items);
    *files = (s1_archive_files){0};
}
