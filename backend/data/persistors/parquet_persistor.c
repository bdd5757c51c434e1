#include "backend/data/persistors/parquet_persistor.h"

#include "backend/data/persistors/parquet_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX      4096u
#define HASH_BLOCK_BYTES 262144u

typedef struct parquet_persistor {
    s1_data_persistor base; /* first: they are one address */
    s1_parquet_options options;
    char *archive; /* owned copy of options.archive */
} parquet_persistor;

typedef struct parquet_bar_reader {
    s1_bar_reader base;
    s1_archive_cursor cursor;
} parquet_bar_reader;

typedef struct parquet_trade_reader {
    s1_trade_reader base;
    s1_archive_cursor cursor;
} parquet_trade_reader;

/* --- Listing ---------------------------------------------------------------------------------- */

typedef struct found_stream {
    char pair[S1_PAIR_TEXT_MAX + 1];
    s1_stream_key key; /* asset_pair borrows `pair`, set when the list is complete */
} found_stream;

typedef struct found_streams {
    found_stream *items; /* owned */
    size_t count;
} found_streams;

static int compare_found(const void *a, const void *b)
{
    const found_stream *left = a;
    const found_stream *right = b;
    const s1_stream_key l = {s1_str_of(left->pair), left->key.timeframe, left->key.data_type, 0};
    const s1_stream_key r = {s1_str_of(right->pair), right->key.timeframe, right->key.data_type, 0};
    return s1_stream_key_compare(&l, &r);
}

/* A folder below a pair's: a stream if its name is one and a year lies in it. */
static s1_rc find_stream(parquet_persistor *me, const char *pair_folder, s1_str pair, s1_str kind,
                         found_streams *found, s1_err *err)
{
    found_stream stream = {.key = {.data_type = S1_DATA_TRADES}};
    if (!s1_str_eq_cstr(kind, "trades")) {
        stream.key.data_type = S1_DATA_OHLCV;
        if (s1_timeframe_parse(kind, &stream.key.timeframe, NULL) != S1_OK) {
            return S1_OK;
        }
    }
    char path[S1_PATH_MAX];
    s1_fs_list years = {0};
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(pair_folder), kind, err));
    if (!s1_fs_is_folder(me->options.fs, path)) {
        return S1_OK;
    }
    S1_TRY(err, s1_fs_list_names(me->options.fs, path, &years, err));
    const bool has_year =
        years.count > 0 &&
        s1_str_starts_with(s1_str_of(years.names[years.count - 1]), S1_STR("year="));
    s1_fs_list_done(&years);
    if (!has_year) {
        return S1_OK;
    }
    if (found->count == STREAMS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "archive '%.200s': found over %u streams", me->archive,
                        STREAMS_MAX);
    }
    (void)snprintf(stream.pair, sizeof stream.pair, "%.*s", S1_STR_ARG(pair));
    *strchr(stream.pair, '_') = '/';
    found->items[found->count++] = stream;
    return S1_OK;
}

static s1_rc find_pair(parquet_persistor *me, s1_str pair, found_streams *found, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(me->archive), pair, err));
    const size_t bar = s1_str_find_byte(pair, '_', 0);
    if (bar == S1_STR_NPOS || s1_str_find_byte(pair, '_', bar + 1) != S1_STR_NPOS ||
        pair.len > S1_PAIR_TEXT_MAX || !s1_fs_is_folder(me->options.fs, path)) {
        return S1_OK; /* nothing of ours */
    }
    s1_fs_list kinds = {0};
    S1_TRY(err, s1_fs_list_names(me->options.fs, path, &kinds, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < kinds.count && rc == S1_OK; i++) {
        rc = find_stream(me, path, pair, s1_str_of(kinds.names[i]), found, err);
    }
    s1_fs_list_done(&kinds);
    return rc;
}

static s1_rc list_streams(s1_data_persistor *self, s1_stream_visitor visit, void *user, s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    if (!s1_fs_is_folder(me->options.fs, me->archive)) {
        return S1_OK;
    }
    s1_fs_list pairs = {0};
    S1_TRY(err, s1_fs_list_names(me->options.fs, me->archive, &pairs, err));
    found_streams found = {.items = calloc(STREAMS_MAX, sizeof *found.items)};
    s1_rc rc = found.items != NULL
                   ? S1_OK
                   : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %u streams", STREAMS_MAX);
    for (size_t i = 0; i < pairs.count && rc == S1_OK; i++) {
        rc = find_pair(me, s1_str_of(pairs.names[i]), &found, err);
    }
    if (rc == S1_OK && found.count > 1) {
        qsort(found.items, found.count, sizeof *found.items, compare_found);
    }
    for (size_t i = 0; i < found.count && rc == S1_OK; i++) {
        found.items[i].key.asset_pair = s1_str_of(found.items[i].pair);
        rc = visit(user, &found.items[i].key, err);
    }
    free(found.items);
    s1_fs_list_done(&pairs);
    return rc;
}

/* --- Queries ---------------------------------------------------------------------------------- */

/* The files of a stream that must exist. */
static s1_rc load_files(parquet_persistor *me, const s1_stream_key *key,
                        s1_archive_files *ret_files, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    s1_archive_files files;
    S1_TRY(err, s1_archive_files_load(&me->options, key, &files, err));
    if (files.count == 0) {
        char where[S1_PATH_MAX + 16];
        (void)snprintf(where, sizeof where, "archive '%s'", me->archive);
        return s1_data_raise_not_found(&me->base, key, where, err);
    }
    *ret_files = files;
    return S1_OK;
}

static s1_rc get_info(s1_data_persistor *self, const s1_stream_key *key, s1_archive_info *ret_info,
                      s1_err *err)
{
    s1_archive_files files;
    S1_TRY(err, load_files((parquet_persistor *)self, key, &files, err));
    s1_archive_info info = {.size = sizeof info,
                            .file_count = (uint32_t)files.count,
                            .first = files.items[0].first,
                            .last = files.items[files.count - 1].last};
    for (size_t i = 0; i < files.count; i++) {
        const s1_archive_file *file = &files.items[i];
        info.rows += file->rows;
        info.bytes += file->bytes;
        info.price_scale =
            file->price_scale > info.price_scale ? file->price_scale : info.price_scale;
        info.qty_scale = file->qty_scale > info.qty_scale ? file->qty_scale : info.qty_scale;
    }
    s1_archive_files_done(&files);
    *ret_info = info;
    return S1_OK;
}

static s1_rc hash_file(const s1_fs *fs, const s1_archive_file *file, size_t root_len,
                       s1_sha256 *hash, uint8_t *block, s1_err *err)
{
    char head[S1_PATH_MAX + 32];
    const int len = snprintf(head, sizeof head, "%s\n%llu\n", file->path + root_len,
                             (unsigned long long)file->bytes);
    s1_sha256_update(hash, head, (size_t)len);
    s1_file *open;
    S1_TRY(err, s1_fs_open(fs, file->path, S1_FS_READ, &open, err));
    s1_rc rc = S1_OK;
    for (size_t got = 1; rc == S1_OK && got > 0;) {
        rc = s1_fs_read(fs, open, block, HASH_BLOCK_BYTES, &got, err);
        if (rc == S1_OK) {
            s1_sha256_update(hash, block, got);
        }
    }
    s1_fs_drop(fs, open);
    return rc;
}

static s1_rc get_content_hash(s1_data_persistor *self, const s1_stream_key *key,
                              char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    s1_archive_files files;
    S1_TRY(err, load_files(me, key, &files, err));
    s1_sha256 *hash = NULL;
    uint8_t *block = malloc(HASH_BLOCK_BYTES);
    s1_rc rc = block != NULL ? s1_sha256_new(&hash, err)
                             : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a block");
    for (size_t i = 0; i < files.count && rc == S1_OK; i++) {
        rc = hash_file(me->options.fs, &files.items[i], strlen(me->archive), hash, block, err);
    }
    if (rc == S1_OK) {
        uint8_t digest[S1_SHA256_BYTES];
        s1_sha256_finish(hash, digest);
        s1_hex_print(digest, sizeof digest, ret_hex);
    }
    s1_sha256_free(hash);
    free(block);
    s1_archive_files_done(&files);
    return rc;
}

static s1_rc get_data_coverage(s1_data_persistor *self, const s1_stream_key *key,
                               s1_nanos spacing_max, s1_coverage_visitor visit, void *user,
                               s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    s1_archive_files files;
    S1_TRY(err, load_files(me, key, &files, err));
    s1_archive_cursor cursor;
    S1_TRY(err, s1_archive_cursor_open(me->options.duckdb, key, &files, S1_RANGE_ALL, 1,
                                       (s1_archive_scales){0}, &cursor, err));
    s1_coverage_walk walk = {
        .visit = visit, .user = user, .spacing_max = s1_data_coverage_spacing(key, spacing_max)};
    s1_rc rc = S1_OK;
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        if (rc == S1_OK) {
            rc = s1_coverage_walk_add(&walk, cursor.columns[0], rows, err);
        }
    }
    s1_archive_cursor_close(&cursor);
    return rc == S1_OK ? s1_coverage_walk_end(&walk, err) : rc;
}

/* --- Readers ---------------------------------------------------------------------------------- */

static s1_rc bar_next(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err)
{
    s1_archive_cursor *const cursor = &((parquet_bar_reader *)self)->cursor;
    s1_bar_batch batch = {0};
    S1_TRY(err, s1_archive_cursor_next(cursor, &batch.count, err));
    if (batch.count > 0) {
        batch.open_time = cursor->columns[0];
        batch.open = cursor->columns[1];
        batch.high = cursor->columns[2];
        batch.low = cursor->columns[3];
        batch.close = cursor->columns[4];
        batch.volume = cursor->columns[5];
    }
    *ret_batch = batch;
    return S1_OK;
}

static void bar_close(s1_bar_reader *self)
{
    parquet_bar_reader *const me = (parquet_bar_reader *)self;
    s1_archive_cursor_close(&me->cursor);
    free(me);
}

static s1_rc trade_next(s1_trade_reader *self, s1_trade_batch *ret_batch, s1_err *err)
{
    s1_archive_cursor *const cursor = &((parquet_trade_reader *)self)->cursor;
    s1_trade_batch batch = {0};
    S1_TRY(err, s1_archive_cursor_next(cursor, &batch.count, err));
    if (batch.count > 0) {
        batch.time = cursor->columns[0];
        batch.price = cursor->columns[1];
        batch.quantity = cursor->columns[2];
        batch.side = cursor->columns[3];
    }
    *ret_batch = batch;
    return S1_OK;
}

static void trade_close(s1_trade_reader *self)
{
    parquet_trade_reader *const me = (parquet_trade_reader *)self;
    s1_archive_cursor_close(&me->cursor);
    free(me);
}

/* Opens a cursor in place: it is the member of a reader and does not move. */
static s1_rc open_cursor(parquet_persistor *me, const s1_stream_key *key, int32_t data_type,
                         s1_time_range range, s1_archive_cursor *cursor, s1_err *err)
{
    S1_TRY(err, s1_data_check_key(key, data_type, err));
    s1_archive_files files;
    S1_TRY(err, load_files(me, key, &files, err));
    return s1_archive_cursor_open(me->options.duckdb, key, &files, range, 0, (s1_archive_scales){0},
                                  cursor, err);
}

static s1_rc load_ohlcv(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                        s1_bar_reader **ret_reader, s1_err *err)
{
    static const s1_bar_reader_ops ops = {.size = sizeof ops, .next = bar_next, .close = bar_close};
    parquet_bar_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    const s1_rc rc =
        open_cursor((parquet_persistor *)self, key, S1_DATA_OHLCV, range, &reader->cursor, err);
    if (rc != S1_OK) {
        free(reader);
        return rc;
    }
    reader->base = (s1_bar_reader){&ops, reader->cursor.rows_total, reader->cursor.scales.price,
                                   reader->cursor.scales.qty};
    *ret_reader = &reader->base;
    return S1_OK;
}

static s1_rc load_trades(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                         s1_trade_reader **ret_reader, s1_err *err)
{
    static const s1_trade_reader_ops ops = {
        .size = sizeof ops, .next = trade_next, .close = trade_close};
    parquet_trade_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    const s1_rc rc =
        open_cursor((parquet_persistor *)self, key, S1_DATA_TRADES, range, &reader->cursor, err);
    if (rc != S1_OK) {
        free(reader);
        return rc;
    }
    reader->base = (s1_trade_reader){&ops, reader->cursor.rows_total, reader->cursor.scales.price,
                                     reader->cursor.scales.qty};
    *ret_reader = &reader->base;
    return S1_OK;
}

/* --- The persistor ---------------------------------------------------------------------------- */

static s1_rc save_ohlcv(s1_data_persistor *self, const s1_stream_key *key,
                        const s1_bar_batch *batch, const s1_save_options *options,
                        s1_save_result *ret_result, s1_err *err)
{
    return s1_archive_save_bars(&((parquet_persistor *)self)->options, key, batch, options,
                                ret_result, err);
}

static s1_rc save_trades(s1_data_persistor *self, const s1_stream_key *key,
                         const s1_trade_batch *batch, const s1_save_options *options,
                         s1_save_result *ret_result, s1_err *err)
{
    return s1_archive_save_trades(&((parquet_persistor *)self)->options, key, batch, options,
                                  ret_result, err);
}

const s1_parquet_options *s1_parquet_options_of(const s1_data_persistor *persistor)
{
    return &((const parquet_persistor *)persistor)->options;
}

static void persistor_free(s1_data_persistor *self)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    free(me->archive);
    free(me);
}

static const s1_data_persistor_ops persistor_ops = {
    .size = sizeof persistor_ops,
    .free = persistor_free,
    .list_streams = list_streams,
    .get_info = get_info,
    .get_content_hash = get_content_hash,
    .get_data_coverage = get_data_coverage,
    .load_ohlcv = load_ohlcv,
    .load_trades = load_trades,
    .save_ohlcv = save_ohlcv,
    .save_trades = save_trades,
};

s1_rc s1_parquet_persistor_new(const s1_parquet_options *options, s1_data_persistor **ret_persistor,
                               s1_err *err)
{
    if (options->archive == NULL || options->archive[0] == '\0') {
        return S1_RAISE(err, S1_E_INVALID, "archive: found no path, expected a folder");
    }
    /* DuckDB takes paths as patterns and some as addresses of the network. */
    if (strpbrk(options->archive, "*?[") != NULL || strstr(options->archive, "://") != NULL) {
        return S1_RAISE(err, S1_E_INVALID,
                        "archive '%.200s': expected a path without * ? [ and ://",
                        options->archive);
    }
    parquet_persistor *me = calloc(1, sizeof *me);
    char *archive = s1_str_dup(s1_str_of(options->archive));
    if (me == NULL || archive == NULL) {
        free(me);
        free(archive);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for an archive");
    }
    me->base.ops = &persistor_ops;
    me->options = *options;
    me->options.archive = archive;
    me->archive = archive;
    *ret_persistor = &me->base;
    return S1_OK;
}
