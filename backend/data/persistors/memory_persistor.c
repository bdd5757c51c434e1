#include "backend/data/persistors/memory_persistor.h"

#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/data/persistors/row_buffer_internal.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rows of a stream. */
typedef struct memory_rows {
    s1_row_buffer b;
    char hash[S1_SHA256_HEX]; /* set when they are final */
} memory_rows;

/* A stream and what it was before. */
typedef struct memory_stream {
    s1_stream_key_copy key;
    memory_rows *now;                            /* owned; NULL: nothing was committed yet */
    memory_rows *former[S1_MEMORY_VERSIONS_MAX]; /* owned, oldest first */
    size_t former_count;
    bool is_being_written;
} memory_stream;

typedef struct memory_persistor {
    s1_data_persistor base;
    memory_stream *streams[S1_MEMORY_STREAMS_MAX]; /* owned, in the order of their keys */
    size_t count;
    bool is_view; /* of one version: its rows are borrowed, nothing is written */
} memory_persistor;

typedef struct memory_reader {
    s1_market_reader base;
    const memory_rows *rows;
    size_t row, end;
} memory_reader;

typedef struct memory_writer {
    s1_data_writer base;
    memory_persistor *persistor;
    s1_stream_key_copy key;
    s1_batch_check check;
    int32_t overlap;
    bool keeps_former;
    memory_rows *rows; /* owned */
} memory_writer;

/* --- Rows ------------------------------------------------------------------------------------- */

static void rows_free(memory_rows *rows)
{
    if (rows != NULL) {
        s1_row_buffer_done(&rows->b);
        free(rows);
    }
}

static s1_rc rows_new(int32_t data_type, uint32_t columns, memory_rows **ret_rows, s1_err *err)
{
    memory_rows *const rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a stream");
    }
    s1_row_buffer_init(&rows->b, data_type, columns);
    *ret_rows = rows;
    return S1_OK;
}

static s1_rc rows_hash(memory_rows *rows, s1_err *err)
{
    const s1_row_buffer *const b = &rows->b;
    s1_sha256 *hash;
    S1_TRY(err, s1_sha256_new(&hash, err));
    const uint64_t head[] = {b->count, b->columns, b->scales.price, b->scales.qty, b->scales.vwap};
    s1_sha256_update(hash, head, sizeof head);
    for (size_t i = 0; i < b->layout_count; i++) {
        if (s1_row_buffer_has(b, i)) {
            s1_sha256_update(hash, b->values[i], b->count * s1_market_column_size(&b->layout[i]));
        }
    }
    uint8_t digest[S1_SHA256_BYTES];
    s1_sha256_finish(hash, digest);
    s1_hex_print(digest, sizeof digest, rows->hash);
    s1_sha256_free(hash);
    return S1_OK;
}

/* --- Streams ---------------------------------------------------------------------------------- */

static void stream_free(memory_stream *stream, bool owns_rows)
{
    if (owns_rows) {
        rows_free(stream->now);
        for (size_t i = 0; i < stream->former_count; i++) {
            rows_free(stream->former[i]);
        }
    }
    free(stream);
}

/* Index of the key, or where it belongs. */
static size_t find_slot(const memory_persistor *me, const s1_stream_key *key, bool *ret_is_there)
{
    size_t i = 0;
    while (i < me->count && s1_stream_key_compare(&me->streams[i]->key.key, key) < 0) {
        i++;
    }
    *ret_is_there = i < me->count && s1_stream_key_equal(&me->streams[i]->key.key, key);
    return i;
}

/* The stream of a key, with rows or without; made if it is not there. */
static s1_rc take_stream(memory_persistor *me, const s1_stream_key *key, memory_stream **ret_stream,
                         s1_err *err)
{
    bool is_there;
    const size_t slot = find_slot(me, key, &is_there);
    if (!is_there) {
        memory_stream *const stream =
            me->count < S1_MEMORY_STREAMS_MAX ? calloc(1, sizeof *stream) : NULL;
        if (stream == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "memory: found %zu streams, expected at most %u",
                            me->count + 1, S1_MEMORY_STREAMS_MAX);
        }
        s1_stream_key_copy_init(&stream->key, key);
        memmove(&me->streams[slot + 1], &me->streams[slot],
                (me->count - slot) * sizeof me->streams[0]);
        me->streams[slot] = stream;
        me->count++;
    }
    *ret_stream = me->streams[slot];
    return S1_OK;
}

static s1_rc find_rows(memory_persistor *me, const s1_stream_key *key, const memory_rows **ret_rows,
                       s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    bool is_there;
    const size_t slot = find_slot(me, key, &is_there);
    if (!is_there || me->streams[slot]->now == NULL) {
        return s1_data_raise_not_found(&me->base, key, "memory", err);
    }
    *ret_rows = me->streams[slot]->now;
    return S1_OK;
}

/* --- Queries ---------------------------------------------------------------------------------- */

static s1_rc list_streams(s1_data_persistor *self, s1_stream_visitor visit, void *user, s1_err *err)
{
    const memory_persistor *const me = (const memory_persistor *)self;
    for (size_t i = 0; i < me->count; i++) {
        if (me->streams[i]->now != NULL) {
            S1_TRY(err, visit(user, &me->streams[i]->key.key, err));
        }
    }
    return S1_OK;
}

static s1_rc get_info(s1_data_persistor *self, const s1_stream_key *key, s1_archive_info *ret_info,
                      s1_err *err)
{
    const memory_rows *rows;
    S1_TRY(err, find_rows((memory_persistor *)self, key, &rows, err));
    *ret_info = (s1_archive_info){.size = sizeof *ret_info,
                                  .price_scale = rows->b.scales.price,
                                  .qty_scale = rows->b.scales.qty,
                                  .vwap_scale = rows->b.scales.vwap,
                                  .columns = rows->b.columns,
                                  .rows = rows->b.count,
                                  .bytes = s1_row_buffer_bytes(&rows->b),
                                  .first = s1_row_buffer_times(&rows->b)[0],
                                  .last = s1_row_buffer_times(&rows->b)[rows->b.count - 1]};
    return S1_OK;
}

static s1_rc get_content_hash(s1_data_persistor *self, const s1_stream_key *key,
                              char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    const memory_rows *rows;
    S1_TRY(err, find_rows((memory_persistor *)self, key, &rows, err));
    memcpy(ret_hex, rows->hash, S1_SHA256_HEX);
    return S1_OK;
}

static s1_rc get_data_coverage(s1_data_persistor *self, const s1_stream_key *key,
                               s1_nanos spacing_max, s1_coverage_visitor visit, void *user,
                               s1_err *err)
{
    const memory_rows *rows;
    S1_TRY(err, find_rows((memory_persistor *)self, key, &rows, err));
    s1_coverage_walk walk = {
        .visit = visit, .user = user, .spacing_max = s1_data_coverage_spacing(key, spacing_max)};
    S1_TRY(err, s1_coverage_walk_add(&walk, s1_row_buffer_times(&rows->b), rows->b.count, err));
    S1_TRY(err, s1_coverage_walk_end(&walk, err));
    return S1_OK;
}

/* --- Readers ---------------------------------------------------------------------------------- */

static s1_rc reader_next(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err)
{
    (void)err;
    memory_reader *const me = (memory_reader *)self;
    const s1_row_buffer *const b = &me->rows->b;
    const size_t left = me->end - me->row;
    s1_market_batch batch = {.count = left < S1_MEMORY_BATCH_ROWS ? left : S1_MEMORY_BATCH_ROWS};
    for (size_t i = 0; i < b->layout_count; i++) {
        if (s1_row_buffer_has(b, i)) {
            batch.columns[i] =
                (const char *)b->values[i] + me->row * s1_market_column_size(&b->layout[i]);
        }
    }
    me->row += batch.count;
    *ret_batch = batch;
    return S1_OK;
}

static void reader_close(s1_market_reader *self)
{
    free((memory_reader *)self);
}

static s1_rc load(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                  s1_market_reader **ret_reader, s1_err *err)
{
    static const s1_market_reader_ops ops = {
        .size = sizeof ops, .next = reader_next, .close = reader_close};
    const memory_rows *rows;
    S1_TRY(err, find_rows((memory_persistor *)self, key, &rows, err));
    memory_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    const s1_row_buffer *const b = &rows->b;
    const s1_nanos *const times = s1_row_buffer_times(b);
    reader->rows = rows;
    reader->row = s1_data_lower_bound(times, b->count, range.from);
    reader->end = range.to == INT64_MAX ? b->count : s1_data_lower_bound(times, b->count, range.to);
    reader->end = reader->end < reader->row ? reader->row : reader->end;
    reader->base = (s1_market_reader){&ops, reader->end - reader->row, b->scales, b->columns};
    *ret_reader = &reader->base;
    return S1_OK;
}

/* --- Writing ---------------------------------------------------------------------------------- */

static s1_rc writer_append(s1_data_writer *self, const s1_market_batch *batch,
                           const s1_market_scales *scales, s1_err *err)
{
    memory_writer *const me = (memory_writer *)self;
    S1_TRY(err, s1_batch_check_add(&me->check, batch, scales, err));
    return s1_row_buffer_add(&me->rows->b, batch->columns, 0, batch->count, me->check.batch_scales,
                             err);
}

static void writer_free(memory_writer *me)
{
    bool is_there;
    const size_t slot = find_slot(me->persistor, &me->key.key, &is_there);
    me->persistor->streams[slot]->is_being_written = false;
    rows_free(me->rows);
    free(me);
}

static void writer_abandon(s1_data_writer *self)
{
    writer_free((memory_writer *)self);
}

/* A stream of what stays of `old` (may be NULL) and what was written. */
static s1_rc merge(const memory_writer *me, const memory_rows *old, memory_rows **ret_rows,
                   uint64_t *ret_replaced, s1_err *err)
{
    const s1_row_buffer *const new = &me->rows->b;
    const s1_row_buffer none = {0};
    const s1_row_buffer *const b = old != NULL ? &old->b : &none;
    const size_t before =
        s1_data_lower_bound(s1_row_buffer_times(b), b->count, me->check.first_time);
    const size_t after = s1_data_upper_bound(s1_row_buffer_times(b), b->count, me->check.last_time);
    if (me->overlap == S1_OVERLAP_REFUSE && after > before) {
        return s1_data_raise_overlap(&me->key.key, after - before, me->check.first_time,
                                     me->check.last_time, err);
    }
    const bool keeps = before + (b->count - after) > 0;
    memory_rows *merged = NULL;
    S1_TRY(err, rows_new(me->key.key.data_type, new->columns &(keeps ? b->columns : UINT32_MAX),
                         &merged, err));
    const struct {
        const s1_row_buffer *from;
        size_t row, count;
    } parts[] = {{b, 0, before}, {new, 0, new->count}, {b, after, b->count - after}};
    s1_rc rc = s1_row_buffer_reserve(&merged->b, before + new->count + b->count - after, err);
    for (size_t i = 0; i < 3 && rc == S1_OK; i++) {
        if (parts[i].count > 0) {
            rc = s1_row_buffer_add(&merged->b, (const void *const *)parts[i].from->values,
                                   parts[i].row, parts[i].count, parts[i].from->scales, err);
        }
    }
    if (rc == S1_OK) {
        rc = rows_hash(merged, err);
    }
    if (rc != S1_OK) {
        rows_free(merged);
        return rc;
    }
    *ret_rows = merged;
    *ret_replaced = after - before;
    return S1_OK;
}

/* The same values, at the same scales or with as many digits fewer? */
static bool is_same(const memory_rows *old, const memory_rows *new)
{
    return old != NULL && old->b.count == new->b.count &&
           old->b.columns ==
               new->b.columns &&s1_row_buffer_holds(&new->b, 0, (const void *const *)old->b.values,
                                                    old->b.count, old->b.scales);
}

/* Puts the version that is replaced behind the former ones, where it stands once. */
static void keep_former(memory_stream *stream, memory_rows *old)
{
    size_t at = 0;
    while (at < stream->former_count && strcmp(stream->former[at]->hash, old->hash) != 0) {
        at++;
    }
    if (at == stream->former_count && at == S1_MEMORY_VERSIONS_MAX) {
        at = 0; /* full: the oldest makes room */
    }
    if (at < stream->former_count) {
        rows_free(stream->former[at]);
        memmove(&stream->former[at], &stream->former[at + 1],
                (stream->former_count - at - 1) * sizeof stream->former[0]);
        stream->former_count--;
    }
    stream->former[stream->former_count++] = old;
}

static s1_rc commit(memory_writer *me, s1_save_result *ret_result, s1_err *err)
{
    memory_stream *stream = NULL;
    memory_rows *merged = NULL;
    s1_save_result result = {.rows_written = me->rows->b.count,
                             .first = me->check.first_time,
                             .last = me->check.last_time,
                             .scales = me->check.scales};
    S1_TRY(err, s1_batch_check_end(&me->check, err));
    S1_TRY(err, take_stream(me->persistor, &me->key.key, &stream, err));
    memory_rows *const old = stream->now;
    S1_TRY(err, merge(me, old, &merged, &result.rows_replaced, err));
    memcpy(result.former_hash, old != NULL ? old->hash : "", old != NULL ? S1_SHA256_HEX : 1);
    result.is_unchanged = is_same(old, merged);
    if (result.is_unchanged) {
        rows_free(merged);
    } else {
        stream->now = merged;
        if (old != NULL && me->keeps_former) {
            keep_former(stream, old);
        } else {
            rows_free(old);
        }
    }
    memcpy(result.content_hash, stream->now->hash, S1_SHA256_HEX);
    if (ret_result != NULL) {
        *ret_result = result;
    }
    return S1_OK;
}

static s1_rc writer_commit(s1_data_writer *self, s1_save_result *ret_result, s1_err *err)
{
    memory_writer *const me = (memory_writer *)self;
    const s1_rc rc = commit(me, ret_result, err);
    writer_free(me);
    return rc;
}

static s1_rc open_writer(s1_data_persistor *self, const s1_stream_key *key,
                         const s1_writer_options *options, s1_data_writer **ret_writer, s1_err *err)
{
    static const s1_data_writer_ops ops = {.size = sizeof ops,
                                           .append = writer_append,
                                           .commit = writer_commit,
                                           .abandon = writer_abandon};
    memory_persistor *const me = (memory_persistor *)self;
    s1_batch_check check;
    memory_stream *stream = NULL;
    char name[S1_STREAM_TEXT_MAX];
    S1_TRY(err, s1_batch_check_init(&check, key, options, err));
    if (me->is_view) {
        return s1_data_raise_read_only(key, err);
    }
    S1_TRY(err, take_stream(me, key, &stream, err));
    if (stream->is_being_written) {
        return S1_RAISE(err, S1_E_DENIED,
                        "%s is in use by this process: there is one writer at a "
                        "time",
                        s1_stream_key_format(key, name));
    }
    memory_writer *const writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a writer");
    }
    const s1_rc rc = rows_new(key->data_type, check.columns, &writer->rows, err);
    if (rc != S1_OK) {
        free(writer);
        return rc;
    }
    writer->base.ops = &ops;
    writer->persistor = me;
    s1_stream_key_copy_init(&writer->key, key);
    writer->check = check;
    writer->overlap = options->overlap;
    writer->keeps_former = options->keep_former;
    stream->is_being_written = true;
    *ret_writer = &writer->base;
    return S1_OK;
}

/* --- Versions --------------------------------------------------------------------------------- */

static bool is_current(const memory_stream *stream, const memory_rows *version)
{
    return stream->now != NULL && strcmp(stream->now->hash, version->hash) == 0;
}

static s1_rc list_versions(s1_data_persistor *self, const s1_stream_key *key,
                           s1_version_visitor visit, void *user, s1_err *err)
{
    memory_persistor *const me = (memory_persistor *)self;
    S1_TRY(err, s1_stream_key_check(key, err));
    bool is_there;
    const size_t slot = find_slot(me, key, &is_there);
    for (size_t i = 0; is_there && i < me->streams[slot]->former_count; i++) {
        const memory_rows *const former = me->streams[slot]->former[i];
        const s1_data_version version = {.content_hash = former->hash,
                                         .rows = former->b.count,
                                         .bytes = s1_row_buffer_bytes(&former->b),
                                         .first = s1_row_buffer_times(&former->b)[0],
                                         .last =
                                             s1_row_buffer_times(&former->b)[former->b.count - 1]};
        if (!is_current(me->streams[slot], former)) {
            S1_TRY(err, visit(user, &version, err));
        }
    }
    return S1_OK;
}

static s1_rc open_version(s1_data_persistor *self, const s1_stream_key *key,
                          const char *content_hash, s1_data_persistor **ret_persistor, s1_err *err)
{
    memory_persistor *const me = (memory_persistor *)self;
    memory_rows *found = NULL;
    S1_TRY(err, s1_stream_key_check(key, err));
    bool is_there;
    const size_t slot = find_slot(me, key, &is_there);
    if (is_there) {
        const memory_stream *const stream = me->streams[slot];
        found = stream->now != NULL && strcmp(stream->now->hash, content_hash) == 0 ? stream->now
                                                                                    : NULL;
        for (size_t i = 0; i < stream->former_count && found == NULL; i++) {
            found = strcmp(stream->former[i]->hash, content_hash) == 0 ? stream->former[i] : NULL;
        }
    }
    if (found == NULL) {
        return s1_data_raise_no_version(key, content_hash, "memory", err);
    }
    s1_data_persistor *view = NULL;
    memory_stream *stream = NULL;
    S1_TRY(err, s1_memory_persistor_new(&view, err));
    const s1_rc rc = take_stream((memory_persistor *)view, key, &stream, err);
    ((memory_persistor *)view)->is_view = true;
    if (rc != S1_OK) {
        s1_data_persistor_free(view);
        return rc;
    }
    stream->now = found; /* borrowed */
    *ret_persistor = view;
    return S1_OK;
}

static s1_rc prune_versions(s1_data_persistor *self, const s1_stream_key *key, uint64_t keep_count,
                            uint64_t *ret_removed, s1_err *err)
{
    memory_persistor *const me = (memory_persistor *)self;
    S1_TRY(err, s1_stream_key_check(key, err));
    if (me->is_view) {
        return s1_data_raise_read_only(key, err);
    }
    bool is_there;
    uint64_t removed = 0;
    const size_t slot = find_slot(me, key, &is_there);
    memory_stream *const stream = is_there ? me->streams[slot] : NULL;
    while (stream != NULL && stream->former_count > keep_count) {
        rows_free(stream->former[0]);
        stream->former_count--;
        memmove(&stream->former[0], &stream->former[1],
                stream->former_count * sizeof stream->former[0]);
        removed++;
    }
    if (ret_removed != NULL) {
        *ret_removed = removed;
    }
    return S1_OK;
}

/* --- The persistor ---------------------------------------------------------------------------- */

static void persistor_free(s1_data_persistor *self)
{
    memory_persistor *const me = (memory_persistor *)self;
    for (size_t i = 0; i < me->count; i++) {
        stream_free(me->streams[i], !me->is_view);
    }
    free(me);
}

s1_rc s1_memory_persistor_new(s1_data_persistor **ret_persistor, s1_err *err)
{
    static const s1_data_persistor_ops ops = {
        .size = sizeof ops,
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
    memory_persistor *me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a persistor");
    }
    me->base.ops = &ops;
    *ret_persistor = &me->base;
    return S1_OK;
}
