#include "services/operators/rehearsal.h"

#include "backend/data/persistors/memory_persistor.h"
#include "backend/data/persistors/parquet_persistor.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 30)

struct s1_rehearsal {
    s1_backtest_request request;
    s1_arena arena;
    s1_data_persistor **whole; /* [stream_count]; owned */
    s1_data_persistor **parts; /* [stream_count]; owned, or NULL while nothing is cut */
    s1_stream_key *keys;       /* [stream_count] of what is read */
    uint32_t stream_count;
    s1_nanos cut;
    s1_prepared_link link; /* as given, but for the feeds */
    s1_arena cut_arena;    /* of the feeds */
};

/* --- Copies of archives. --------------------------------------------------------------------- */

static s1_rc append_all(s1_market_reader *reader, s1_data_writer *writer, s1_err *err)
{
    for (;;) {
        s1_market_batch batch;
        S1_TRY(err, s1_market_reader_next(reader, &batch, err));
        if (batch.count == 0) {
            return S1_OK;
        }
        S1_TRY(err, s1_data_writer_append(writer, &batch, &reader->scales, err));
    }
}

/* The rows of `from` whose times lie before `end`. */
static s1_rc copy_rows(s1_data_persistor *from, const s1_stream_key *key, s1_nanos end,
                       s1_data_persistor *to, s1_err *err)
{
    s1_market_reader *reader = NULL;
    s1_data_writer *writer = NULL;
    S1_TRY(err, s1_data_load(from, key, (s1_time_range){INT64_MIN, end}, &reader, err));
    if (reader->rows_total > S1_REHEARSAL_ROWS_MAX) {
        char name[S1_STREAM_TEXT_MAX];
        const s1_rc rc =
            S1_RAISE(err, S1_E_NO_MEMORY,
                     "%s: found %llu rows, expected at most %llu: runs on parts of an "
                     "archive keep it in memory",
                     s1_stream_key_format(key, name), (unsigned long long)reader->rows_total,
                     (unsigned long long)S1_REHEARSAL_ROWS_MAX);
        s1_market_reader_close(reader);
        return rc;
    }
    const s1_writer_options options = {.overlap = S1_OVERLAP_REFUSE, .columns = reader->columns};
    s1_rc rc = s1_data_open_writer(to, key, &options, &writer, err);
    if (rc == S1_OK) {
        rc = append_all(reader, writer, err);
    }
    s1_market_reader_close(reader);
    if (rc != S1_OK) {
        s1_data_writer_abandon(writer);
        return rc;
    }
    return s1_data_writer_commit(writer, NULL, err);
}

/* Where the rows end that were known at `cut`. */
static s1_nanos end_of(const s1_stream_key *key, s1_nanos cut)
{
    if (cut == INT64_MAX) {
        return cut;
    }
    return (key->data_type == S1_DATA_OHLCV ? cut - key->timeframe : cut) + 1;
}

static s1_rc read_archive(s1_rehearsal *r, s1_duckdb *duckdb, uint32_t index, s1_err *err)
{
    const s1_link_stream *const stream = &r->link.link->streams.items[index];
    const s1_data_source_config *const source = stream->data_source;
    const s1_str path = s1_config_path(r->request.preparation->config, source->path, &r->arena);
    const s1_parquet_options options = {.fs = r->request.fs, .duckdb = duckdb, .archive = path.ptr};
    r->keys[index] = (s1_stream_key){.asset_pair = source->asset_pair,
                                     .timeframe = source->timeframe,
                                     .data_type = source->data_type,
                                     .source = source->archive_source};
    s1_data_persistor *archive = NULL;
    S1_TRY(err, s1_parquet_persistor_new(&options, &archive, err));
    s1_rc rc = s1_memory_persistor_new(&r->whole[index], err);
    if (rc == S1_OK) {
        rc = copy_rows(archive, &r->keys[index], INT64_MAX, r->whole[index], err);
    }
    s1_data_persistor_free(archive);
    return rc;
}

static s1_rc read_archives(s1_rehearsal *r, s1_err *err)
{
    s1_duckdb *duckdb = NULL;
    r->whole = s1_arena_array(&r->arena, s1_data_persistor *, r->stream_count);
    r->parts = s1_arena_array(&r->arena, s1_data_persistor *, r->stream_count);
    r->keys = s1_arena_array(&r->arena, s1_stream_key, r->stream_count);
    if (r->whole == NULL || r->parts == NULL || r->keys == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u streams", r->stream_count);
    }
    S1_TRY(err, s1_duckdb_new(NULL, &duckdb, err));
    s1_rc rc = S1_OK;
    for (uint32_t i = 0; i < r->stream_count && rc == S1_OK; i++) {
        rc = read_archive(r, duckdb, i, err);
    }
    s1_duckdb_free(duckdb);
    return rc;
}

/* --- Feeds. ----------------------------------------------------------------------------------- */

/* The rows of a table that were published by `cut`; values are those of the table. */
static s1_rc cut_feed(s1_arena *arena, const s1_feed_table *whole, s1_nanos cut,
                      const s1_feed_table **ret_table, s1_err *err)
{
    s1_feed_table *const table = s1_arena_array(arena, s1_feed_table, 1);
    uint32_t *const by_time = s1_arena_array(arena, uint32_t, (size_t)whole->row_count + 1);
    if (table == NULL || by_time == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a feed of %llu rows",
                        (unsigned long long)whole->row_count);
    }
    *table = *whole;
    table->row_count = 0;
    while (table->row_count < whole->row_count && whole->published_at[table->row_count] <= cut) {
        table->row_count++;
    }
    uint32_t *to = by_time;
    for (uint64_t i = 0; i < whole->row_count; i++) {
        if (whole->by_time[i] < table->row_count) {
            *to++ = whole->by_time[i];
        }
    }
    table->by_time = by_time;
    *ret_table = table;
    return S1_OK;
}

static s1_rc cut_feeds(s1_rehearsal *r, s1_err *err)
{
    const s1_prepared_link *const given = r->request.link;
    const uint32_t count = given->link->blueprint->feeds.count;
    s1_arena_reset(&r->cut_arena);
    r->link.feeds = given->feeds;
    if (r->cut == INT64_MAX || count == 0) {
        return S1_OK;
    }
    const s1_feed_table **const feeds = s1_arena_array(&r->cut_arena, const s1_feed_table *, count);
    if (feeds == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u feeds", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (given->feeds[i] != NULL) {
            S1_TRY(err, cut_feed(&r->cut_arena, given->feeds[i], r->cut, &feeds[i], err));
        }
    }
    r->link.feeds = feeds;
    return S1_OK;
}

/* --- The verbs. ------------------------------------------------------------------------------- */

static void drop_parts(s1_rehearsal *r)
{
    for (uint32_t i = 0; r->parts != NULL && i < r->stream_count; i++) {
        s1_data_persistor_free(r->parts[i]);
        r->parts[i] = NULL;
    }
}

s1_rc s1_rehearsal_cut(s1_rehearsal *r, s1_nanos cut, s1_err *err)
{
    drop_parts(r);
    r->cut = cut;
    S1_TRY(err, cut_feeds(r, err));
    for (uint32_t i = 0; i < r->stream_count && cut != INT64_MAX; i++) {
        const s1_stream_key *const key = &r->keys[i];
        s1_archive_info info = {.size = sizeof info};
        S1_TRY(err, s1_data_get_info(r->whole[i], key, &info, err));
        const s1_nanos end = end_of(key, cut);
        if (info.last < end) {
            continue; /* it ended before */
        }
        if (info.first >= end) {
            char name[S1_STREAM_TEXT_MAX];
            return S1_RAISE(err, S1_E_DATA, "%s: found no row before the cut",
                            s1_stream_key_format(key, name));
        }
        S1_TRY(err, s1_memory_persistor_new(&r->parts[i], err));
        S1_TRY(err, copy_rows(r->whole[i], key, end, r->parts[i], err));
    }
    return S1_OK;
}

s1_rc s1_rehearsal_run(s1_rehearsal *r, const s1_rehearsal_start *start,
                       const s1_run_observer *observer, s1_run_sums *ret_sums, s1_err *err)
{
    s1_data_persistor *sources[S1_STREAMS_MAX];
    for (uint32_t i = 0; i < r->stream_count; i++) {
        sources[i] = r->parts[i] != NULL ? r->parts[i] : r->whole[i];
    }
    s1_rehearsed_data data = {.sources = sources, .known_to = r->cut != INT64_MAX ? r->cut : 0};
    if (start != NULL) {
        data.has_begin = true;
        data.begin = start->begin;
        data.from = start->from;
    }
    s1_backtest_request request = r->request;
    request.link = &r->link;
    request.journal_level = S1_JOURNAL_LEVEL_FULL;
    request.observer = observer;
    request.rehearsed = &data;
    s1_backtest_result result = {0};
    S1_TRY(err, s1_backtest_rehearse(&request, &result, err));
    *ret_sums = result.sums;
    return S1_OK;
}

s1_rc s1_rehearsal_new(const s1_backtest_request *request, s1_rehearsal **ret_rehearsal,
                       s1_err *err)
{
    s1_rehearsal *const r = calloc(1, sizeof *r);
    if (r == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a rehearsal");
    }
    r->request = *request;
    r->link = *request->link;
    r->stream_count = request->link->link->streams.count;
    r->cut = INT64_MAX;
    s1_arena_init(&r->arena, ARENA_BYTES_MAX, 0);
    s1_arena_init(&r->cut_arena, ARENA_BYTES_MAX, 0);
    const s1_rc rc = read_archives(r, err);
    if (rc != S1_OK) {
        s1_rehearsal_free(r);
        return rc;
    }
    *ret_rehearsal = r;
    return S1_OK;
}

void s1_rehearsal_free(s1_rehearsal *r)
{
    if (r == NULL) {
        return;
    }
    drop_parts(r);
    for (uint32_t i = 0; r->whole != NULL && i < r->stream_count; i++) {
        s1_data_persistor_free(r->whole[i]);
    }
    s1_arena_done(&r->cut_arena);
    s1_arena_done(&r->arena);
    free(r);
}
