/* Where the files of a stream lie, and what their metadata says. */
#include "backend/data/persistors/archive_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_VERSION   "1"
#define FILES_MAX        10000u
#define HASH_BLOCK_BYTES 262144u
#define LISTINGS_MAX     16 /* a stream replaced while it is listed is listed again */

/* --- Paths ------------------------------------------------------------------------------------ */

s1_rc s1_archive_place_init(s1_archive_place *place, const s1_parquet_options *archive,
                            const s1_stream_key *key, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    *place = (s1_archive_place){.fs = archive->fs, .duckdb = archive->duckdb, .key = key};
    char kind[S1_TIMEFRAME_TEXT_MAX];
    (void)snprintf(kind, sizeof kind, "%s", s1_data_type_name(key->data_type));
    if (key->data_type == S1_DATA_OHLCV) {
        (void)s1_timeframe_print(key->timeframe, kind);
    }
    char pair[S1_PAIR_TEXT_MAX + 1];
    (void)snprintf(pair, sizeof pair, "%.*s", S1_STR_ARG(key->asset_pair));
    *strchr(pair, '/') = '_'; /* the key was checked: there is one, and no '_' */
    (void)snprintf(place->stream, sizeof place->stream, "%s%.*s%s%s/%s",
                   key->source.len > 0 ? "source=" : "", S1_STR_ARG(key->source),
                   key->source.len > 0 ? "/" : "", pair, kind);
    char versions[S1_ARCHIVE_STREAM_MAX + 16];
    (void)snprintf(versions, sizeof versions, ".versions/%s", place->stream);
    S1_TRY(err, s1_path_join(place->versions, sizeof place->versions, s1_str_of(archive->archive),
                             s1_str_of(versions), err));
    return s1_path_join(place->root, sizeof place->root, s1_str_of(archive->archive),
                        s1_str_of(place->stream), err);
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

void s1_archive_tail(int32_t data_type, int32_t period, uint32_t part,
                     char ret_tail[static S1_ARCHIVE_TAIL_MAX])
{
    int32_t year;
    uint32_t month;
    char months[24] = "";
    char number[16] = "";
    period_parts(data_type, period, &year, &month);
    if (data_type != S1_DATA_OHLCV) {
        (void)snprintf(months, sizeof months, "month=%02u/", month);
    }
    if (part > 1) {
        (void)snprintf(number, sizeof number, "-%04u", part);
    }
    (void)snprintf(ret_tail, S1_ARCHIVE_TAIL_MAX, "year=%04d/%s%s%s.parquet", year, months,
                   s1_data_type_name(data_type), number);
}

/* --- Listing ---------------------------------------------------------------------------------- */

s1_rc s1_archive_files_add(s1_archive_files *files, const s1_archive_file *file, s1_err *err)
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
    files->items[files->count++] = *file;
    return S1_OK;
}

/* The part a file name tells: 1 for "trades.parquet", n for "trades-000n.parquet"; 0: no file of
 * ours. */
static uint32_t part_of(const char *name, int32_t data_type)
{
    const char *const kind = s1_data_type_name(data_type);
    const size_t len = strlen(kind);
    int64_t part = 0;
    s1_str rest = s1_str_of(name);
    if (!s1_str_starts_with(rest, s1_str_of(kind)) || !s1_str_ends_with(rest, S1_STR(".parquet"))) {
        return 0;
    }
    rest = (s1_str){rest.ptr + len, rest.len - len - 8};
    if (rest.len == 0) {
        return 1;
    }
    if (rest.len < 5 || rest.ptr[0] != '-' ||
        s1_str_parse_i64((s1_str){rest.ptr + 1, rest.len - 1}, &part, NULL) != S1_OK || part < 2 ||
        part > (int64_t)FILES_MAX) {
        return 0;
    }
    return (uint32_t)part;
}

/* Adds the files of one folder, the first part first: "trades-0002" sorts before "trades.". */
static s1_rc list_parts(const s1_archive_place *place, const char *folder, int32_t period,
                        s1_archive_files *files, s1_err *err)
{
    s1_fs_list list = {0};
    S1_TRY(err, s1_fs_list_names(place->fs, folder, &list, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < list.count * 2 && rc == S1_OK; i++) {
        const char *const name = list.names[i % list.count];
        s1_archive_file file = {.period = period, .part = part_of(name, place->key->data_type)};
        s1_fs_info info;
        if (file.part == 0 || (file.part == 1) != (i < list.count)) {
            continue;
        }
        rc = s1_path_join(file.path, sizeof file.path, s1_str_of(folder), s1_str_of(name), err);
        if (rc == S1_OK) {
            rc = s1_fs_stat(place->fs, file.path, &info, err);
        }
        if (rc == S1_OK && info.type == S1_FS_FILE) {
            file.bytes = info.size;
            file.inode = info.inode;
            file.modified = info.modified;
            rc = s1_archive_files_add(files, &file, err);
        }
    }
    s1_fs_list_done(&list);
    return rc;
}

/* Lists what lies in the folders "year=..." of the stream, or below them in "month=...". */
static s1_rc list_files(const s1_archive_place *place, const char *folder, int32_t year,
                        bool in_months, s1_archive_files *files, s1_err *err)
{
    const s1_str prefix = in_months ? S1_STR("month=") : S1_STR("year=");
    const bool has_months = place->key->data_type != S1_DATA_OHLCV;
    s1_fs_list list = {0};
    S1_TRY(err, s1_fs_list_names(place->fs, folder, &list, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        const s1_str name = s1_str_of(list.names[i]);
        const s1_str digits = {name.ptr + prefix.len, name.len - prefix.len};
        char path[S1_PATH_MAX];
        int64_t number = 0;
        if (!s1_str_starts_with(name, prefix) || s1_str_parse_i64(digits, &number, NULL) != S1_OK ||
            number < 1 || number > 9999) {
            continue;
        }
        s1_fs_info info;
        rc = s1_path_join(path, sizeof path, s1_str_of(folder), name, err);
        rc = rc == S1_OK ? s1_fs_stat(place->fs, path, &info, err) : rc;
        if (rc != S1_OK || info.type != S1_FS_DIRECTORY) {
            continue; /* one that cannot be asked is an error: its rows would be missing */
        }
        if (has_months && !in_months) {
            rc = list_files(place, path, (int32_t)number - 1970, true, files, err);
        } else {
            rc = list_parts(place, path,
                            in_months ? year * 12 + (int32_t)number - 1 : (int32_t)number - 1970,
                            files, err);
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
        TAG_ALL = (1 << 9) -
    1
};

static void add_text(s1_archive_tags *tags, const char *key, const char *text)
{
    tags->items[tags->count++] = (s1_parquet_tag){.key = key, .text = text};
}

static void add_str(s1_archive_tags *tags, const char *key, s1_str text)
{
    s1_parquet_tag *const tag = &tags->items[tags->count++];
    *tag = (s1_parquet_tag){.key = key};
    (void)snprintf(tag->value, sizeof tag->value, "%.*s", S1_STR_ARG(text));
}

static void add_number(s1_archive_tags *tags, const char *key, long long value)
{
    s1_parquet_tag *const tag = &tags->items[tags->count++];
    *tag = (s1_parquet_tag){.key = key};
    (void)snprintf(tag->value, sizeof tag->value, "%lld", value);
}

/* "id,received": the optional columns that are there. */
static void name_columns(int32_t data_type, uint32_t columns, char *out, size_t size)
{
    size_t count;
    size_t len = 0;
    const s1_market_column *const layout = s1_market_layout(data_type, &count);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (layout[i].is_optional && (columns >> i & 1u) != 0) {
            len +=
                (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? "," : "", layout[i].name);
        }
    }
}

/* The first nine are all that files of the first version had, in their order: their bytes stay. */
void s1_archive_tags_init(s1_archive_tags *tags, const s1_stream_key *key,
                          const s1_archive_file *file, const char *provenance)
{
    *tags = (s1_archive_tags){.count = 0};
    add_text(tags, "s1_format", FORMAT_VERSION);
    add_str(tags, "asset_pair", key->asset_pair);
    add_str(tags, "data_type", s1_str_of(s1_data_type_name(key->data_type)));
    add_number(tags, "timeframe_ns", key->timeframe);
    add_number(tags, "price_scale", file->scales.price);
    add_number(tags, "qty_scale", file->scales.qty);
    add_number(tags, "rows", (long long)file->rows);
    add_number(tags, "first_ns", file->first);
    add_number(tags, "last_ns", file->last);
    name_columns(key->data_type, file->columns, tags->columns, sizeof tags->columns);
    if (tags->columns[0] != '\0') {
        add_text(tags, "columns", tags->columns);
    }
    if (file->scales.vwap > 0) {
        add_number(tags, "vwap_scale", file->scales.vwap);
    }
    if (key->source.len > 0) {
        add_str(tags, "source", key->source);
    }
    if (provenance[0] != '\0') {
        add_text(tags, "provenance", provenance);
    }
}

/* The bits of "id,received"; 0 for a name there is not. */
static uint32_t parse_columns(int32_t data_type, s1_str names)
{
    uint32_t bits = 0;
    for (size_t at = 0; at <= names.len;) {
        const size_t comma = s1_str_find_byte(names, ',', at);
        const size_t end = comma == S1_STR_NPOS ? names.len : comma;
        char name[32];
        (void)snprintf(name, sizeof name, "%.*s", (int)(end - at), names.ptr + at);
        const uint32_t column = s1_market_column_find(data_type, name);
        if (column == S1_MARKET_COLUMNS_MAX) {
            return 0;
        }
        bits |= 1u << column;
        at = end + 1;
    }
    return bits;
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
    } else if (IS(price_scale) || IS(qty_scale) || IS(vwap_scale)) {
        is_good = is_number && number >= 0 && number <= (int64_t)S1_SCALE_MAX;
        *(IS(price_scale) ? &file->scales.price
          : IS(qty_scale) ? &file->scales.qty
                          : &file->scales.vwap) = (uint32_t)number;
    } else if (IS(columns)) {
        const uint32_t columns = parse_columns(key->data_type, value);
        is_good = columns != 0;
        file->columns |= columns;
    } else if (IS(source)) {
        is_good = s1_str_eq(value, key->source);
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

/* The file of a path DuckDB gave back, looked for from the one before on: it keeps their order. */
static s1_archive_file *find_file(s1_archive_files *files, s1_str path, size_t *at)
{
    for (size_t i = 0; i < files->count; i++) {
        const size_t place = (*at + i) % files->count;
        if (s1_str_eq_cstr(path, files->items[place].path)) {
            *at = place;
            return &files->items[place];
        }
    }
    return NULL;
}

static s1_rc take_rows(s1_duckdb_stream *stream, const s1_stream_key *key, s1_archive_files *files,
                       uint32_t *seen, size_t *at, size_t rows, s1_err *err)
{
    for (size_t i = 0; i < rows; i++) {
        char value[128];
        const s1_str path = s1_duckdb_stream_text(stream, 0, i);
        const s1_str name = s1_duckdb_stream_text(stream, 1, i);
        const s1_str text = s1_duckdb_stream_text(stream, 2, i);
        s1_archive_file *file = find_file(files, path, at);
        if (s1_str_eq_cstr(name, "provenance")) {
            continue; /* a text for people */
        }
        if (file == NULL || text.len >= sizeof value) {
            return S1_RAISE(err, S1_E_DATA, "archive file '%.*s': its metadata cannot be read",
                            (int)(path.len < 200 ? path.len : 200), path.ptr);
        }
        memcpy(value, text.ptr, text.len);
        value[text.len] = '\0';
        S1_TRY(err, take_tag(key, file, name, (s1_str){value, text.len}, &seen[file - files->items],
                             err));
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
    size_t at = 0;
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_stream_open(duckdb, s1_strbuf_cstr(&sql), what, &stream, err);
    }
    s1_strbuf_done(&sql);
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_duckdb_stream_next(&stream, what, &rows, err);
        if (rc == S1_OK) {
            rc = take_rows(&stream, key, files, seen, &at, rows, err);
        }
    }
    s1_duckdb_stream_close(&stream);
    return rc;
}

static s1_rc check_files(const s1_stream_key *key, const s1_archive_files *files,
                         const uint32_t *seen, s1_err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const s1_archive_file *const file = &files->items[i];
        const s1_archive_file *const before = i > 0 ? file - 1 : NULL;
        if (seen[i] != TAG_ALL) {
            return S1_RAISE(
                err, S1_E_DATA,
                "archive file '%.300s': found no S1mpleTrader metadata, expected a file "
                "written by 'data import'",
                file->path);
        }
        /* Parts of a month may share a time: it was cut there. */
        const bool may_touch =
            before != NULL && key->data_type != S1_DATA_OHLCV && before->period == file->period;
        if (file->first > file->last ||
            (before != NULL && before->last >= file->first + (may_touch ? 1 : 0))) {
            return S1_RAISE(err, S1_E_DATA,
                            "archive file '%.300s': its time span is not behind the file before it",
                            file->path);
        }
        if (s1_archive_period(key->data_type, file->first) != file->period ||
            s1_archive_period(key->data_type, file->last) != file->period) {
            return S1_RAISE(err, S1_E_DATA,
                            "archive file '%.300s': its time span is not that of its folder",
                            file->path);
        }
    }
    return S1_OK;
}

/* Every file of that path, size, time and number? Then nobody wrote to it. */
static bool are_same(const s1_archive_files *a, const s1_archive_files *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; i < a->count && is_same; i++) {
        const s1_archive_file *const left = &a->items[i];
        const s1_archive_file *const right = &b->items[i];
        is_same = strcmp(left->path, right->path) == 0 && left->bytes == right->bytes &&
                  left->inode == right->inode && left->modified == right->modified;
    }
    return is_same;
}

/* Without memory for it all is read again. */
static void remember(const s1_archive_place *place, const s1_archive_files *files, const char *hash)
{
    if (place->known == NULL || files->count == 0) {
        return;
    }
    s1_archive_known_done(place->known);
    s1_archive_file *const items = malloc(files->count * sizeof *items);
    if (items != NULL) {
        memcpy(items, files->items, files->count * sizeof *items);
        place->known->files = (s1_archive_files){items, files->count, files->count};
        (void)snprintf(place->known->hash, sizeof place->known->hash, "%s", hash);
    }
}

/* Metadata of the files from where they were read before, if they are the same. */
static bool recall(const s1_archive_place *place, s1_archive_files *files)
{
    if (place->known == NULL || files->count == 0 || !are_same(files, &place->known->files)) {
        return false;
    }
    memcpy(files->items, place->known->files.items, files->count * sizeof *files->items);
    return true;
}

void s1_archive_known_done(s1_archive_known *known)
{
    s1_archive_files_done(&known->files);
    known->hash[0] = '\0';
}

static s1_rc load_once(const s1_archive_place *place, s1_archive_files *ret_files, s1_err *err)
{
    s1_archive_files files = {0};
    s1_rc rc = list_files(place, place->root, 0, false, &files, err);
    if (rc == S1_OK && recall(place, &files)) {
        *ret_files = files;
        return S1_OK;
    }
    uint32_t *seen = rc == S1_OK && files.count > 0 ? calloc(files.count, sizeof *seen) : NULL;
    for (size_t i = 0; i < files.count; i++) {
        files.items[i].columns = s1_market_mandatory(place->key->data_type);
    }
    if (rc == S1_OK && files.count > 0) {
        rc = seen == NULL ? S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu files", files.count)
                          : read_tags(place->duckdb, place->key, &files, seen, err);
    }
    if (rc == S1_OK) {
        rc = check_files(place->key, &files, seen, err);
    }
    free(seen);
    if (rc != S1_OK) {
        s1_archive_files_done(&files);
        return rc;
    }
    remember(place, &files, "");
    *ret_files = files;
    return S1_OK;
}

/* The number of the stream's folder as it is now, 0 if it is not there. */
static s1_rc find_folder(const s1_archive_place *place, uint64_t *ret_inode, s1_err *err)
{
    s1_fs_info info = {0};
    s1_err found = S1_ERR_INIT;
    const s1_rc rc = s1_fs_stat(place->fs, place->root, &info, &found);
    if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
        if (err != NULL) {
            *err = found;
        }
        return rc;
    }
    *ret_inode = rc == S1_OK && info.type == S1_FS_DIRECTORY ? info.inode : 0;
    return S1_OK;
}

/* A commit may put another folder in the stream's place while it is listed: it is listed again. */
s1_rc s1_archive_files_load(const s1_archive_place *place, s1_archive_files *ret_files, s1_err *err)
{
    for (int i = 0;; i++) {
        uint64_t inode;
        uint64_t inode_behind = 0;
        s1_archive_files files = {0};
        s1_err found = S1_ERR_INIT;
        S1_TRY(err, find_folder(place, &inode, err));
        s1_rc rc = inode != 0 ? load_once(place, &files, &found) : S1_OK;
        const s1_rc asked = find_folder(place, &inode_behind, rc == S1_OK ? &found : NULL);
        if (asked != S1_OK || inode_behind == inode || i == LISTINGS_MAX) {
            rc = rc == S1_OK ? asked : rc;
            if (rc != S1_OK) {
                s1_archive_files_done(&files);
            }
            if (rc == S1_OK) {
                *ret_files = files;
            } else if (err != NULL) {
                *err = found;
                s1_err_push(err, __FILE__, __func__, __LINE__);
            }
            return rc;
        }
        s1_archive_files_done(&files);
    }
}

void s1_archive_files_done(s1_archive_files *files)
{
    free(files->items);
    *files = (s1_archive_files){0};
}

s1_rc s1_archive_add_provenance(const s1_archive_place *place, const s1_archive_file *file,
                                s1_strbuf *lines, s1_err *err)
{
    s1_strbuf sql;
    s1_duckdb_stream stream = {0};
    s1_strbuf_init(&sql, S1_SQL_BYTES_MAX);
    s1_strbuf_lit(&sql, "SELECT decode(value) FROM parquet_kv_metadata([");
    s1_sql_add_quoted(&sql, file->path);
    s1_strbuf_lit(&sql, "]) WHERE decode(key) = 'provenance'");
    s1_rc rc = s1_strbuf_check(&sql, err);
    if (rc == S1_OK) {
        rc = s1_duckdb_stream_open(place->duckdb, s1_strbuf_cstr(&sql), "read the provenance",
                                   &stream, err);
    }
    s1_strbuf_done(&sql);
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_duckdb_stream_next(&stream, "read the provenance", &rows, err);
        for (size_t i = 0; rc == S1_OK && i < rows; i++) {
            s1_strbuf_str(lines, s1_duckdb_stream_text(&stream, 0, i));
            s1_strbuf_char(lines, '\n');
        }
    }
    s1_duckdb_stream_close(&stream);
    return rc;
}

/* --- The hash --------------------------------------------------------------------------------- */

static s1_rc hash_file(const s1_archive_place *place, const s1_archive_file *file, s1_sha256 *hash,
                       uint8_t *block, s1_err *err)
{
    char head[S1_ARCHIVE_STREAM_MAX + S1_ARCHIVE_TAIL_MAX + 40];
    const int len = snprintf(head, sizeof head, "/%s%s\n%llu\n", place->stream,
                             file->path + strlen(place->root), (unsigned long long)file->bytes);
    s1_sha256_update(hash, head, (size_t)len);
    s1_file *open;
    S1_TRY(err, s1_fs_open(place->fs, file->path, S1_FS_READ, &open, err));
    s1_rc rc = S1_OK;
    for (size_t got = 1; rc == S1_OK && got > 0;) {
        rc = s1_fs_read(place->fs, open, block, HASH_BLOCK_BYTES, &got, err);
        if (rc == S1_OK) {
            s1_sha256_update(hash, block, got);
        }
    }
    s1_fs_drop(place->fs, open);
    return rc;
}

s1_rc s1_archive_hash(const s1_archive_place *place, const s1_archive_files *files,
                      char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    s1_sha256 *hash = NULL;
    uint8_t *block = malloc(HASH_BLOCK_BYTES);
    s1_rc rc = block != NULL ? s1_sha256_new(&hash, err)
                             : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a block");
    for (size_t i = 0; i < files->count && rc == S1_OK; i++) {
        rc = hash_file(place, &files->items[i], hash, block, err);
    }
    if (rc == S1_OK) {
        uint8_t digest[S1_SHA256_BYTES];
        s1_sha256_finish(hash, digest);
        s1_hex_print(digest, sizeof digest, ret_hex);
    }
    s1_sha256_free(hash);
    free(block);
    return rc;
}

s1_rc s1_archive_hash_known(const s1_archive_place *place, const s1_archive_files *files,
                            char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    s1_archive_known *const known = place->known;
    if (known != NULL && known->hash[0] != '\0' && are_same(files, &known->files)) {
        memcpy(ret_hex, known->hash, sizeof known->hash);
        return S1_OK;
    }
    S1_TRY(err, s1_archive_hash(place, files, ret_hex, err));
    remember(place, files, ret_hex);
    return S1_OK;
}
