#include "backend/data/persistors/parquet_persistor.h"

#include "backend/data/persistors/archive_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 4096u

typedef struct parquet_persistor {
    s1_data_persistor base; /* first: they are one address */
    s1_parquet_options options;
    char *archive; /* owned copy of options.archive */
    /* Of a version: its one stream, and the folder of its files. */
    bool is_version;
    s1_stream_key_copy version_key;
    char *version_root;     /* owned */
    s1_archive_known known; /* what was looked at or written last */
} parquet_persistor;

typedef struct parquet_reader {
    s1_market_reader base;
    s1_archive_cursor cursor;
} parquet_reader;

/* --- Listing ---------------------------------------------------------------------------------- */

typedef struct found_streams {
    s1_stream_key_copy *items; /* owned */
    size_t count;
} found_streams;

static int compare_found(const void *a, const void *b)
{
    return s1_stream_key_compare(&((const s1_stream_key_copy *)a)->key,
                                 &((const s1_stream_key_copy *)b)->key);
}

/* The texts of a key move with it when the list is sorted. */
static void settle_keys(found_streams *found)
{
    for (size_t i = 0; i < found->count; i++) {
        s1_stream_key_copy *const copy = &found->items[i];
        copy->key.asset_pair = s1_str_of(copy->pair);
        copy->key.source = s1_str_of(copy->source);
    }
}

/* What the folder of a stream is named after: its data type, or the timeframe of bars. */
static bool parse_kind(s1_str kind, s1_stream_key *ret_key)
{
    int32_t type = S1_DATA_OHLCV;
    if (s1_data_type_parse(kind, &type, NULL) == S1_OK) {
        ret_key->data_type = type;
        return type != S1_DATA_OHLCV;
    }
    ret_key->data_type = S1_DATA_OHLCV;
    return s1_timeframe_parse(kind, &ret_key->timeframe, NULL) == S1_OK;
}

/* A folder below a pair's: a stream if its name is one and a year lies in it. */
static s1_rc find_stream(parquet_persistor *me, const char *pair_folder, s1_str source, s1_str pair,
                         s1_str kind, found_streams *found, s1_err *err)
{
    s1_stream_key key = {.asset_pair = pair, .source = source};
    char path[S1_PATH_MAX];
    s1_fs_list years = {0};
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(pair_folder), kind, err));
    if (!parse_kind(kind, &key) || !s1_fs_is_folder(me->options.fs, path)) {
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
    s1_stream_key_copy *const copy = &found->items[found->count++];
    s1_stream_key_copy_init(copy, &key);
    *strchr(copy->pair, '_') = '/';
    return S1_OK;
}

static s1_rc find_pair(parquet_persistor *me, const char *folder, s1_str source, s1_str pair,
                       found_streams *found, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), pair, err));
    const size_t bar = s1_str_find_byte(pair, '_', 0);
    if (bar == S1_STR_NPOS || s1_str_find_byte(pair, '_', bar + 1) != S1_STR_NPOS ||
        pair.len > S1_PAIR_TEXT_MAX || !s1_fs_is_folder(me->options.fs, path)) {
        return S1_OK; /* nothing of ours */
    }
    s1_fs_list kinds = {0};
    S1_TRY(err, s1_fs_list_names(me->options.fs, path, &kinds, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < kinds.count && rc == S1_OK; i++) {
        rc = find_stream(me, path, source, pair, s1_str_of(kinds.names[i]), found, err);
    }
    s1_fs_list_done(&kinds);
    return rc;
}

/* The pairs in a folder, and in the archive's own the sources with theirs. */
static s1_rc find_pairs(parquet_persistor *me, const char *folder, s1_str source,
                        found_streams *found, s1_err *err)
{
    const s1_str prefix = S1_STR("source=");
    s1_fs_list names = {0};
    S1_TRY(err, s1_fs_list_names(me->options.fs, folder, &names, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < names.count && rc == S1_OK; i++) {
        const s1_str name = s1_str_of(names.names[i]);
        char path[S1_PATH_MAX];
        if (source.len > 0 || !s1_str_starts_with(name, prefix)) {
            rc = find_pair(me, folder, source, name, found, err);
            continue;
        }
        const s1_str inner = {name.ptr + prefix.len, name.len - prefix.len};
        const s1_stream_key probe = {S1_STR("A/B"), 1, S1_DATA_OHLCV, 0, inner};
        rc = s1_path_join(path, sizeof path, s1_str_of(folder), name, err);
        if (rc == S1_OK && inner.len > 0 && s1_stream_key_check(&probe, NULL) == S1_OK &&
            s1_fs_is_folder(me->options.fs, path)) {
            rc = find_pairs(me, path, inner, found, err);
        }
    }
    s1_fs_list_done(&names);
    return rc;
}

static s1_rc list_streams(s1_data_persistor *self, s1_stream_visitor visit, void *user, s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    if (me->is_version) {
        return visit(user, &me->version_key.key, err);
    }
    if (!s1_fs_is_folder(me->options.fs, me->archive)) {
        return S1_OK;
    }
    found_streams found = {.items = calloc(STREAMS_MAX, sizeof *found.items)};
    s1_rc rc = found.items != NULL
                   ? find_pairs(me, me->archive, S1_STR(""), &found, err)
                   : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %u streams", STREAMS_MAX);
    if (rc == S1_OK && found.count > 1) {
        settle_keys(&found);
        qsort(found.items, found.count, sizeof *found.items, compare_found);
    }
    settle_keys(&found);
    for (size_t i = 0; i < found.count && rc == S1_OK; i++) {
        rc = visit(user, &found.items[i].key, err);
    }
    free(found.items);
    return rc;
}

/* --- Queries ---------------------------------------------------------------------------------- */

/* Where a stream lies, and its files, which must exist. */
static s1_rc load_files(parquet_persistor *me, const s1_stream_key *key,
                        s1_archive_place *ret_place, s1_archive_files *ret_files, s1_err *err)
{
    S1_TRY(err, s1_archive_place_init(ret_place, &me->options, key, err));
    s1_archive_files files = {0};
    ret_place->known = &me->known;
    const bool is_ours = !me->is_version || s1_stream_key_equal(key, &me->version_key.key);
    if (me->is_version) {
        (void)snprintf(ret_place->root, sizeof ret_place->root, "%s", me->version_root);
    }
    if (is_ours) {
        S1_TRY(err, s1_archive_files_load(ret_place, &files, err));
    }
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
    s1_archive_place place;
    s1_archive_files files;
    S1_TRY(err, load_files((parquet_persistor *)self, key, &place, &files, err));
    s1_market_scales scales = {0};
    s1_archive_info info = {.size = sizeof info,
                            .file_count = (uint32_t)files.count,
                            .columns = UINT32_MAX,
                            .first = files.items[0].first,
                            .last = files.items[files.count - 1].last};
    for (size_t i = 0; i < files.count; i++) {
        const s1_archive_file *file = &files.items[i];
        info.rows += file->rows;
        info.bytes += file->bytes;
        info.columns &= file->columns;
        scales = s1_market_scales_max(scales, file->scales);
    }
    info.price_scale = scales.price;
    info.qty_scale = scales.qty;
    info.vwap_scale = scales.vwap;
    s1_archive_files_done(&files);
    *ret_info = info;
    return S1_OK;
}

static s1_rc get_content_hash(s1_data_persistor *self, const s1_stream_key *key,
                              char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    s1_archive_place place;
    s1_archive_files files;
    S1_TRY(err, load_files(me, key, &place, &files, err));
    const s1_rc rc = s1_archive_hash_known(&place, &files, ret_hex, err);
    s1_archive_files_done(&files);
    return rc;
}

static s1_rc get_data_coverage(s1_data_persistor *self, const s1_stream_key *key,
                               s1_nanos spacing_max, s1_coverage_visitor visit, void *user,
                               s1_err *err)
{
    s1_archive_place place;
    s1_archive_files files;
    S1_TRY(err, load_files((parquet_persistor *)self, key, &place, &files, err));
    s1_archive_cursor cursor;
    S1_TRY(err, s1_archive_cursor_open(&place, &files, S1_RANGE_ALL, 1, (s1_market_scales){0},
                                       &cursor, err));
    s1_coverage_walk walk = {
        .visit = visit, .user = user, .spacing_max = s1_data_coverage_spacing(key, spacing_max)};
    s1_rc rc = S1_OK;
    for (size_t rows = 1; rc == S1_OK && rows > 0;) {
        rc = s1_archive_cursor_next(&cursor, &rows, err);
        if (rc == S1_OK) {
            rc = s1_coverage_walk_add(&walk, cursor.values[0], rows, err);
        }
    }
    s1_archive_cursor_close(&cursor);
    return rc == S1_OK ? s1_coverage_walk_end(&walk, err) : rc;
}

/* --- Readers ---------------------------------------------------------------------------------- */

static s1_rc reader_next(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err)
{
    s1_archive_cursor *const cursor = &((parquet_reader *)self)->cursor;
    s1_market_batch batch = {0};
    S1_TRY(err, s1_archive_cursor_next(cursor, &batch.count, err));
    if (batch.count > 0) {
        memcpy(batch.columns, cursor->values, sizeof batch.columns);
    }
    *ret_batch = batch;
    return S1_OK;
}

static void reader_close(s1_market_reader *self)
{
    parquet_reader *const me = (parquet_reader *)self;
    s1_archive_cursor_close(&me->cursor);
    free(me);
}

static s1_rc load(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                  s1_market_reader **ret_reader, s1_err *err)
{
    static const s1_market_reader_ops ops = {
        .size = sizeof ops, .next = reader_next, .close = reader_close};
    s1_archive_place place;
    s1_archive_files files;
    S1_TRY(err, load_files((parquet_persistor *)self, key, &place, &files, err));
    parquet_reader *const reader = calloc(1, sizeof *reader); /* the cursor does not move */
    if (reader == NULL) {
        s1_archive_files_done(&files);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    s1_archive_cursor *const cursor = &reader->cursor;
    const s1_rc rc = s1_archive_cursor_open(&place, &files, range, UINT32_MAX,
                                            (s1_market_scales){0}, cursor, err);
    if (rc != S1_OK) {
        free(reader);
        return rc;
    }
    reader->base = (s1_market_reader){&ops, cursor->rows_total, cursor->scales, cursor->columns};
    *ret_reader = &reader->base;
    return S1_OK;
}

/* --- The persistor ---------------------------------------------------------------------------- */

static s1_rc open_writer(s1_data_persistor *self, const s1_stream_key *key,
                         const s1_writer_options *options, s1_data_writer **ret_writer, s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    if (me->is_version) {
        return s1_data_raise_read_only(key, err);
    }
    return s1_archive_open_writer(&me->options, &me->known, key, options, ret_writer, err);
}

static s1_rc list_versions(s1_data_persistor *self, const s1_stream_key *key,
                           s1_version_visitor visit, void *user, s1_err *err)
{
    const parquet_persistor *const me = (const parquet_persistor *)self;
    return me->is_version ? S1_OK : s1_archive_list_versions(&me->options, key, visit, user, err);
}

static s1_rc open_version(s1_data_persistor *self, const s1_stream_key *key,
                          const char *content_hash, s1_data_persistor **ret_persistor, s1_err *err)
{
    const parquet_persistor *const me = (const parquet_persistor *)self;
    char root[S1_PATH_MAX];
    s1_data_persistor *opened = NULL;
    S1_TRY(err, s1_archive_find_version(&me->options, key, content_hash, root, err));
    S1_TRY(err, s1_parquet_persistor_new(&me->options, &opened, err));
    parquet_persistor *const version = (parquet_persistor *)opened;
    version->is_version = true;
    s1_stream_key_copy_init(&version->version_key, key);
    version->version_root = s1_str_dup(s1_str_of(root));
    if (version->version_root == NULL) {
        s1_data_persistor_free(opened);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a version");
    }
    *ret_persistor = opened;
    return S1_OK;
}

static s1_rc prune_versions(s1_data_persistor *self, const s1_stream_key *key, uint64_t keep_count,
                            uint64_t *ret_removed, s1_err *err)
{
    const parquet_persistor *const me = (const parquet_persistor *)self;
    if (me->is_version) {
        return s1_data_raise_read_only(key, err);
    }
    return s1_archive_prune_versions(&me->options, key, keep_count, ret_removed, err);
}

s1_rc s1_parquet_place(s1_data_persistor *persistor, const s1_stream_key *key,
                       s1_archive_place *ret_place, s1_err *err)
{
    parquet_persistor *const me = (parquet_persistor *)persistor;
    S1_TRY(err, s1_archive_place_init(ret_place, &me->options, key, err));
    ret_place->known = &me->known;
    if (me->is_version) {
        (void)snprintf(ret_place->root, sizeof ret_place->root, "%s", me->version_root);
    }
    return S1_OK;
}

const s1_parquet_options *s1_parquet_options_of(const s1_data_persistor *persistor)
{
    return &((const parquet_persistor *)persistor)->options;
}

static void persistor_free(s1_data_persistor *self)
{
    parquet_persistor *const me = (parquet_persistor *)self;
    s1_archive_known_done(&me->known);
    free(me->archive);
    free(me->version_root);
    free(me);
}

static const s1_data_persistor_ops persistor_ops = {
    .size = sizeof persistor_ops,
    .free = persistor_free,
    .list_streams = list_streams,
    .get_info = get_info,
    .get_content_hash = get_content_hash,
    .get_data_coverage = get_data_coverage,
    .load = load,
    .open_writer = open_writer,
    .list_versions = list_versions,
    .open_version = open_version,
    .prune_versions = prune_versions,
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
