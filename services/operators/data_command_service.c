#include "services/operators/data_command_service.h"

#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "services/operators/fetch_buffer_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_DEFAULT      500000u
#define AGE_DEFAULT       S1_NANOS_PER_HOUR
#define MAX_DAYS_DEFAULT  1825
#define WARN_DAYS_DEFAULT 365
#define TRADES_HOLE       S1_NANOS_PER_DAY           /* of fetch_period */
#define TRADES_SPACING    (60 * S1_NANOS_PER_SECOND) /* of fill_gaps */
#define PIECE_FIRST       S1_NANOS_PER_DAY           /* of a hole of trades */
#define PIECE_MIN         S1_NANOS_PER_MINUTE
#define PIECE_MAX         (400 * S1_NANOS_PER_DAY)
#define GROUP_HOLE        S1_NANOS_PER_HOUR /* of trades: up to here holes are asked for together */
#define GROUP_SPAN        (7 * S1_NANOS_PER_DAY)
#define GROUP_ROWS        5000u                        /* that are there, between them */
#define KNOWN_MARGIN      (S1_NANOS_PER_SECOND / 1000) /* clocks of two ways to the same trade */
#define PARTS_MAX         1000000u

/* Something that is missing. */
typedef struct part {
    s1_time_range range;
    bool is_tail;         /* nothing is stored behind it: forwards */
    bool has_low;         /* a row stands before it ... */
    s1_nanos low;         /* ... at this time, */
    s1_nanos apart;       /* and a hole is one while rows are further apart than this */
    uint64_t rows_before; /* without a hole between them and this one */
} part;

struct s1_data_command_service {
    s1_data_command_options options;
    s1_stream_key key;
    char pair[S1_PAIR_TEXT_MAX + 1], source[S1_SOURCE_TEXT_MAX + 1];
    s1_fetch_buffer buffer;
    s1_nanos buffered_at;   /* monotonic, of its first row */
    bool keeps_former;      /* the next commit keeps the version before it */
    s1_data_writer *writer; /* of a piece larger than the buffer */
    int64_t *known; /* rising: ids of the trades that are stored in and around what is asked for */
    size_t known_count, known_capacity;
    part *parts;
    size_t part_count, part_capacity;
    s1_fetch_result *result;
    s1_fetch_progress progress;
    char waiting[200];
    /* While the holes of a stream are looked for. */
    s1_time_range wanted;
    s1_nanos apart;
    bool has_block;
    s1_nanos block_end;
    uint64_t block_rows;
};

s1_rc s1_data_command_service_new(const s1_data_command_options *options,
                                  s1_data_command_service **ret_service, s1_err *err)
{
    s1_data_command_service *const s = calloc(1, sizeof *s);
    if (s == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a service");
    }
    s1_data_command_options *const o = &s->options;
    *o = *options;
    o->buffer_rows_max = o->buffer_rows_max != 0 ? o->buffer_rows_max : ROWS_DEFAULT;
    o->buffer_age_max = o->buffer_age_max != 0 ? o->buffer_age_max : AGE_DEFAULT;
    o->max_history_days = o->max_history_days != 0 ? o->max_history_days : MAX_DAYS_DEFAULT;
    o->warn_history_days = o->warn_history_days != 0 ? o->warn_history_days : WARN_DAYS_DEFAULT;
    *ret_service = s;
    return S1_OK;
}

void s1_data_command_service_free(s1_data_command_service *s)
{
    if (s != NULL) {
        s1_data_writer_abandon(s->writer);
        s1_fetch_buffer_done(&s->buffer);
        free(s->known);
        free(s->parts);
        free(s);
    }
}

/* --- Storing ------------------------------------------------------------------------------ */

static s1_rc open_writer(s1_data_command_service *s, s1_err *err)
{
    char provenance[S1_PROVENANCE_MAX];
    (void)snprintf(provenance, sizeof provenance, "fetch:%s", s->options.connector->ops->name);
    const s1_writer_options options = {
        .overlap = S1_OVERLAP_REPLACE,
        .columns = s1_fetch_buffer_columns(&s->buffer),
        .provenance = s1_str_of(provenance),
        .keep_former = s->keeps_former,
    };
    return s1_data_open_writer(s->options.archive, &s->key, &options, &s->writer, err);
}

/* Hands the first rows of the buffer to the writer. */
static s1_rc write_rows(s1_data_command_service *s, size_t count, s1_err *err)
{
    if (count == 0) {
        return S1_OK;
    }
    if (s->writer == NULL) {
        S1_TRY(err, open_writer(s, err));
    }
    const s1_market_batch batch = s1_fetch_buffer_batch(&s->buffer, count);
    S1_TRY(err, s1_data_writer_append(s->writer, &batch, &s->buffer.scales, err));
    s1_fetch_buffer_drop(&s->buffer, count);
    return S1_OK;
}

/* Makes what was written part of the stream, in one step. */
static s1_rc commit(s1_data_command_service *s, s1_err *err)
{
    s1_data_writer *const writer = s->writer;
    s1_save_result saved = {0};
    if (writer == NULL) {
        return S1_OK;
    }
    s->writer = NULL;
    S1_TRY(err, s1_data_writer_commit(writer, &saved, err));
    s->keeps_former = s->keeps_former && saved.is_unchanged;
    s->result->commits += !saved.is_unchanged;
    (void)snprintf(s->result->content_hash, sizeof s->result->content_hash, "%s",
                   saved.content_hash);
    if (s->options.on_commit != NULL && !saved.is_unchanged) {
        s->options.on_commit(s->options.user, &s->key, &saved);
    }
    return S1_OK;
}

static s1_rc store(s1_data_command_service *s, size_t count, s1_err *err)
{
    S1_TRY(err, write_rows(s, count, err));
    S1_TRY(err, commit(s, err));
    s->buffered_at = s1_clock_monotonic(s->options.clock);
    return S1_OK;
}

/* --- Asking ------------------------------------------------------------------------------- */

static void tell(s1_data_command_service *s)
{
    s->progress.rows = s->result->received;
    s->progress.requests = s->result->requests;
    if (s->options.on_progress != NULL) {
        s->options.on_progress(s->options.user, &s->progress);
    }
}

static s1_rc open_range(s1_data_command_service *s, s1_time_range range, s1_err *err)
{
    const s1_history_request request = {s->key, range};
    return s1_connector_open_history(s->options.connector, &request, err);
}

/* One request there and back. */
static s1_rc ask(s1_data_command_service *s, s1_history_page *ret_page, bool *ret_is_done,
                 s1_err *err)
{
    const s1_data_command_options *const o = &s->options;
    s1_wire_request request;
    s1_wire_reply reply;
    S1_TRY(err, s1_connector_next_request(o->connector, s1_clock_monotonic(o->clock), &request,
                                          ret_is_done, err));
    if (*ret_is_done) {
        return S1_OK;
    }
    tell(s);
    S1_TRY(err, s1_transport_wait_until(o->transport, request.not_before, err));
    S1_TRY(err, s1_transport_exchange(o->transport, &request, &reply, err));
    s->result->requests++;
    return s1_connector_on_reply(o->connector, &reply, ret_page, err);
}

/* The next rows into the buffer, or *ret_is_done. */
static s1_rc take_page(s1_data_command_service *s, s1_nanos *ret_complete_to, bool *ret_is_done,
                       s1_err *err)
{
    for (;;) {
        s1_history_page page = {0};
        S1_TRY(err, ask(s, &page, ret_is_done, err));
        if (*ret_is_done) {
            return S1_OK;
        }
        if (page.verdict != S1_PAGE_ROWS) {
            *(page.verdict == S1_PAGE_LIMITED ? &s->result->limited : &s->result->faults) += 1;
            (void)snprintf(s->waiting, sizeof s->waiting, "%s", page.reason);
            s->progress.waiting = s->waiting;
            continue;
        }
        s->progress.waiting = NULL;
        s->result->received += page.count;
        s->result->repeated += page.repeated;
        if (s->buffer.count == 0) {
            s->buffered_at = s1_clock_monotonic(s->options.clock);
        }
        const size_t before = s->buffer.count;
        S1_TRY(err, s1_fetch_buffer_append(&s->buffer, &page, err));
        if (s->known_count > 0) {
            s1_fetch_buffer_drop_known(&s->buffer, before, s->known, s->known_count);
        }
        *ret_complete_to = page.complete_to;
        return S1_OK;
    }
}

/* --- What is known already -------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static s1_rc add_known(s1_data_command_service *s, const s1_market_batch *batch, s1_err *err)
{
    const int64_t *const ids = batch->columns[S1_TRADE_ID];
    if (ids == NULL) {
        return S1_OK;
    }
    if (s->known_count + batch->count > s->known_capacity) {
        const size_t capacity = (s->known_count + batch->count) * 2;
        int64_t *const grown = realloc(s->known, capacity * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu ids", capacity);
        }
        s->known = grown;
        s->known_capacity = capacity;
    }
    memcpy(s->known + s->known_count, ids, batch->count * sizeof *ids);
    s->known_count += batch->count;
    return S1_OK;
}

/* Learns the ids of trades stored in a range and a little around it. The same trade may have come
 * with another time, from a stream that was recorded: it is one by its id. */
static s1_rc learn_known(s1_data_command_service *s, s1_time_range range, s1_err *err)
{
    s1_market_reader *reader = NULL;
    s1_err missing = S1_ERR_INIT;
    s->known_count = 0;
    if (s->key.data_type != S1_DATA_TRADES) {
        return S1_OK;
    }
    range.from -= range.from > INT64_MIN + KNOWN_MARGIN ? KNOWN_MARGIN : 0;
    range.to += range.to < INT64_MAX - KNOWN_MARGIN ? KNOWN_MARGIN : 0;
    s1_rc rc = s1_data_load(s->options.archive, &s->key, range, &reader, &missing);
    if (rc == S1_E_NOT_FOUND) {
        return S1_OK;
    }
    if (rc != S1_OK) {
        return S1_RAISE(err, rc, "%s", missing.msg);
    }
    for (s1_market_batch batch = {.count = 1}; rc == S1_OK && batch.count > 0;) {
        rc = s1_market_reader_next(reader, &batch, err);
        if (rc == S1_OK && batch.count > 0) {
            rc = add_known(s, &batch, err);
        }
    }
    s1_market_reader_close(reader);
    if (s->known_count > 0) {
        qsort(s->known, s->known_count, sizeof *s->known, compare_ids);
    }
    return rc;
}

static bool is_full(const s1_data_command_service *s)
{
    return s->buffer.count >= s->options.buffer_rows_max ||
           (s->buffer.count > 0 &&
            s1_clock_monotonic(s->options.clock) - s->buffered_at >= s->options.buffer_age_max);
}

/* --- Forwards ----------------------------------------------------------------------------- */

/* Puts the rows that are stored at `time` before those of the buffer, which go on at it: what is
 * stored of a moment is stored whole. */
static s1_rc complete_moment(s1_data_command_service *s, s1_nanos time, s1_err *err)
{
    s1_fetch_buffer whole;
    s1_market_reader *reader = NULL;
    S1_TRY(err, s1_data_load(s->options.archive, &s->key, (s1_time_range){time, time + 1}, &reader,
                             err));
    s1_fetch_buffer_init(&whole, s->key.data_type);
    s1_rc rc = S1_OK;
    for (s1_market_batch batch = {.count = 1}; rc == S1_OK && batch.count > 0;) {
        rc = s1_market_reader_next(reader, &batch, err);
        if (rc == S1_OK && batch.columns[S1_TRADE_ID] != NULL) {
            s1_history_page page = {.count = batch.count,
                                    .price_scale = reader->scales.price,
                                    .qty_scale = reader->scales.qty};
            memcpy(page.columns, batch.columns, sizeof page.columns);
            rc = s1_fetch_buffer_append(&whole, &page, err);
        }
    }
    s1_market_reader_close(reader);
    const s1_history_page rest = s1_fetch_buffer_page(&s->buffer);
    if (rc == S1_OK) {
        rc = s1_fetch_buffer_append(&whole, &rest, err);
    }
    if (rc != S1_OK) {
        s1_fetch_buffer_done(&whole);
        return rc;
    }
    s1_fetch_buffer_done(&s->buffer);
    s->buffer = whole;
    return S1_OK;
}

/* Stores of the tail from `from` on the rows before `complete_to`. */
static s1_rc store_tail(s1_data_command_service *s, s1_nanos from, s1_nanos complete_to,
                        s1_err *err)
{
    if (s->known_count > 0 && s->buffer.count > 0 && s->buffer.time[0] == from &&
        complete_to > from) {
        S1_TRY(err, complete_moment(s, from, err));
    }
    return store(s, s1_fetch_buffer_before(&s->buffer, complete_to), err);
}

/* The tail of a stream: stored as it comes, and what came is stored also when it ends badly. Only
 * moments that are complete: trades of one nanosecond may stand on two pages. */
static s1_rc fetch_tail(s1_data_command_service *s, s1_time_range range, s1_err *err)
{
    s1_nanos complete_to = range.from;
    const s1_nanos before = s->progress.done;
    bool is_done = false;
    s->keeps_former = false; /* what was there stays as it was */
    S1_TRY(err, learn_known(s, range, err));
    S1_TRY(err, open_range(s, range, err));
    for (;;) {
        const s1_rc rc = take_page(s, &complete_to, &is_done, err);
        if (rc != S1_OK) {
            s1_err ignored = S1_ERR_INIT; /* the first fault is the one to tell */
            (void)!store_tail(s, range.from, complete_to, &ignored);
            return rc;
        }
        if (is_done) {
            break;
        }
        s->progress.at = complete_to > range.from ? complete_to : range.from;
        s->progress.done = before + (s->progress.at - range.from);
        if (is_full(s)) {
            S1_TRY(err, store_tail(s, range.from, complete_to, err));
        }
    }
    s->progress.done = before + (range.to - range.from);
    return store_tail(s, range.from, range.to, err);
}

/* --- Backwards ---------------------------------------------------------------------------- */

/* All of a range in one commit, however large. */
static s1_rc fetch_piece(s1_data_command_service *s, s1_time_range range, uint64_t *ret_rows,
                         s1_err *err)
{
    const uint64_t before = s->result->received;
    s1_nanos complete_to = range.from;
    bool is_done = false;
    S1_TRY(err, open_range(s, range, err));
    for (;;) {
        S1_TRY(err, take_page(s, &complete_to, &is_done, err));
        if (is_done) {
            break;
        }
        if (s->buffer.count >= s->options.buffer_rows_max) {
            S1_TRY(err, write_rows(s, s->buffer.count, err));
        }
        s->progress.at = complete_to;
        tell(s);
    }
    *ret_rows = s->result->received - before;
    return store(s, s->buffer.count, err);
}

/* A hole that is more than a page: from behind, so that it stays one hole until it is filled. */
static s1_rc fetch_pieces(s1_data_command_service *s, const part *hole, s1_nanos first, s1_err *err)
{
    s1_nanos end = hole->range.to, size = PIECE_FIRST;
    while (end > first) {
        uint64_t rows = 0;
        s1_nanos start = end - first > size ? end - size : first;
        if (hole->has_low && start - hole->low <= hole->apart) {
            start = first; /* what would be left could not be told from no hole at all */
        }
        S1_TRY(err, fetch_piece(s, (s1_time_range){start, end}, &rows, err));
        s->progress.done += end - start;
        if (rows < s->options.buffer_rows_max / 4) {
            size = size < PIECE_MAX / 2 ? size * 2 : PIECE_MAX;
        } else if (rows > s->options.buffer_rows_max) {
            size = size / 2 > PIECE_MIN ? size / 2 : PIECE_MIN;
        }
        end = start;
    }
    return S1_OK;
}

static s1_rc fetch_hole(s1_data_command_service *s, const part *hole, s1_err *err)
{
    s1_nanos complete_to = hole->range.from;
    const s1_nanos before = s->progress.done;
    bool is_done = false;
    S1_TRY(err, learn_known(s, hole->range, err));
    S1_TRY(err, open_range(s, hole->range, err));
    while (!is_done && complete_to < hole->range.to && s->buffer.count == 0) {
        S1_TRY(err, take_page(s, &complete_to, &is_done, err));
    }
    s->result->empty += s->buffer.count == 0;
    if (is_done || complete_to >= hole->range.to) {
        S1_TRY(err, store(s, s->buffer.count, err));
    } else {
        const s1_nanos first = s->buffer.time[0];
        s1_fetch_buffer_drop(&s->buffer, s->buffer.count);
        s->progress.done += first - hole->range.from;
        S1_TRY(err, fetch_pieces(s, hole, first, err));
    }
    s->progress.done = before + (hole->range.to - hole->range.from);
    s->progress.at = hole->range.to;
    return S1_OK;
}

/* --- Many small holes ----------------------------------------------------------------------- */

/* How many parts from `first` on are small holes of trades with few rows between them. */
static size_t group_of(const s1_data_command_service *s, size_t first)
{
    uint64_t rows = 0;
    size_t end = first;
    while (end < s->part_count) {
        const part *const p = &s->parts[end];
        rows += end > first ? p->rows_before : 0;
        if (s->key.data_type != S1_DATA_TRADES || p->is_tail || !p->has_low ||
            p->range.to - p->range.from > GROUP_HOLE || rows > GROUP_ROWS ||
            p->range.to - s->parts[first].range.from > GROUP_SPAN) {
            break;
        }
        end++;
    }
    return end - first;
}

/* Asks once for all of them and what lies between, and stores of it what is missing. */
static s1_rc fetch_group(s1_data_command_service *s, const part *holes, size_t count, s1_err *err)
{
    const s1_time_range range = {holes[0].range.from, holes[count - 1].range.to};
    s1_nanos complete_to = range.from;
    bool is_done = false;
    S1_TRY(err, learn_known(s, range, err));
    S1_TRY(err, open_range(s, range, err));
    while (!is_done) {
        S1_TRY(err, take_page(s, &complete_to, &is_done, err));
    }
    for (size_t i = 0; i < count; i++) {
        const part *const hole = &holes[i];
        s1_fetch_buffer_drop(&s->buffer, s1_fetch_buffer_before(&s->buffer, hole->range.from));
        const size_t rows = s1_fetch_buffer_before(&s->buffer, hole->range.to);
        s->result->empty += rows == 0;
        S1_TRY(err, store(s, rows, err));
        s->progress.done += hole->range.to - hole->range.from;
        s->progress.at = hole->range.to;
    }
    s1_fetch_buffer_drop(&s->buffer, s->buffer.count);
    return S1_OK;
}

/* --- What is missing ---------------------------------------------------------------------- */

static s1_rc add_part(s1_data_command_service *s, const part *p, s1_err *err)
{
    if (p->range.from >= p->range.to) {
        return S1_OK;
    }
    if (s->part_count == s->part_capacity) {
        const size_t capacity = s->part_capacity > 0 ? s->part_capacity * 2 : 64;
        part *const grown =
            capacity <= PARTS_MAX * 2 ? realloc(s->parts, capacity * sizeof *grown) : NULL;
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "found more than %zu missing parts",
                            s->part_count);
        }
        s->parts = grown;
        s->part_capacity = capacity;
    }
    s->parts[s->part_count++] = *p;
    s->progress.total += p->range.to - p->range.from;
    return S1_OK;
}

/* Bars stand on a grid: the first moment at or behind `time` one may open. */
static s1_nanos on_grid(const s1_data_command_service *s, s1_nanos time)
{
    const s1_nanos step = s->key.timeframe;
    if (step == 0 || step > S1_NANOS_PER_DAY || time % step == 0) {
        return time; /* weeks and more begin where the exchange says */
    }
    return time - time % step + step;
}

/* A block of rows: what lies between it and the one before is a hole. */
static s1_rc on_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    s1_data_command_service *const s = user;
    if (s->has_block) {
        const s1_nanos behind = s->block_end + (s->key.timeframe > 0 ? s->key.timeframe : 1);
        const s1_time_range wanted = s->wanted;
        const part hole = {.range = {wanted.from > behind ? on_grid(s, wanted.from) : behind,
                                     wanted.to < block->start_time ? wanted.to : block->start_time},
                           .has_low = true,
                           .low = s->block_end,
                           .apart = s->apart,
                           .rows_before = s->block_rows};
        S1_TRY(err, add_part(s, &hole, err));
    }
    s->has_block = true;
    s->block_end = block->end_time;
    s->block_rows = block->trade_count;
    return S1_OK;
}

static s1_rc find_holes(s1_data_command_service *s, s1_time_range wanted, s1_nanos apart,
                        s1_err *err)
{
    s->wanted = wanted;
    s->apart = apart;
    s->has_block = false;
    return s1_data_get_data_coverage(s->options.archive, &s->key, apart, on_block, s, err);
}

/* --- The commands ------------------------------------------------------------------------- */

/* The stream as it is; rows 0 where it is not. */
static s1_rc get_info(s1_data_command_service *s, s1_archive_info *ret_info, s1_err *err)
{
    s1_err missing = S1_ERR_INIT;
    s1_archive_info info = {.size = sizeof info};
    const s1_rc rc = s1_data_get_info(s->options.archive, &s->key, &info, &missing);
    if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
        return S1_RAISE(err, rc, "%s", missing.msg);
    }
    *ret_info = rc == S1_OK ? info : (s1_archive_info){.size = sizeof info};
    return S1_OK;
}

static s1_rc begin(s1_data_command_service *s, const s1_stream_key *key, s1_fetch_result *result,
                   s1_archive_info *ret_info, s1_err *err)
{
    *result = (s1_fetch_result){0};
    s->result = result;
    s->progress = (s1_fetch_progress){0};
    s->part_count = 0;
    s->keeps_former = true; /* that before the command, not those between its pieces */
    S1_TRY(err, s1_stream_key_check(key, err));
    (void)snprintf(s->pair, sizeof s->pair, "%.*s", S1_STR_ARG(key->asset_pair));
    (void)snprintf(s->source, sizeof s->source, "%.*s", S1_STR_ARG(key->source));
    s->key = *key;
    s->key.asset_pair = s1_str_of(s->pair);
    s->key.source = s1_str_of(s->source);
    s1_data_writer_abandon(s->writer);
    s->writer = NULL;
    s1_fetch_buffer_done(&s->buffer);
    s1_fetch_buffer_init(&s->buffer, key->data_type);
    S1_TRY(err, get_info(s, ret_info, err));
    result->rows = ret_info->rows;
    result->first = ret_info->first;
    result->last = ret_info->last;
    return S1_OK;
}

/* Refuses or warns by how much history it is. */
static s1_rc check_limits(s1_data_command_service *s, s1_nanos span, s1_err *err)
{
    const s1_data_command_options *const o = &s->options;
    const int64_t days = span / S1_NANOS_PER_DAY + (span % S1_NANOS_PER_DAY > 0);
    if (days > o->max_history_days) {
        return S1_RAISE(err, S1_E_DENIED,
                        "%lld days of history: expected at most %lld (max_history_days of "
                        "services.data_collection.limits in platform.yaml)",
                        (long long)days, (long long)o->max_history_days);
    }
    if (days > o->warn_history_days) {
        (void)snprintf(s->result->warning, sizeof s->result->warning,
                       "%lld days of history, more than %lld (warn_history_days): this takes long",
                       (long long)days, (long long)o->warn_history_days);
    }
    return S1_OK;
}

/* Somebody else who writes the stream is found out before an hour of history is in a buffer. */
static s1_rc check_writable(s1_data_command_service *s, s1_err *err)
{
    if (s->part_count > 0) {
        S1_TRY(err, open_writer(s, err));
        s1_data_writer_abandon(s->writer);
        s->writer = NULL;
    }
    return S1_OK;
}

/* Fetches the parts and tells what the stream is then, also after an error. */
static s1_rc run(s1_data_command_service *s, const s1_archive_info *before, s1_err *err)
{
    s1_rc rc = check_writable(s, err);
    s->result->parts = s->part_count;
    for (size_t i = 0; i < s->part_count && rc == S1_OK;) {
        const part *const p = &s->parts[i];
        const size_t group = group_of(s, i);
        s->progress.at = p->range.from;
        rc = group > 1    ? fetch_group(s, p, group, err)
             : p->is_tail ? fetch_tail(s, p->range, err)
                          : fetch_hole(s, p, err);
        i += group > 1 ? group : 1;
    }
    s1_data_writer_abandon(s->writer);
    s->writer = NULL;
    s1_archive_info after;
    s1_err ignored = S1_ERR_INIT;
    if (get_info(s, &after, rc == S1_OK ? err : &ignored) == S1_OK) {
        s->result->rows = after.rows;
        s->result->added = after.rows > before->rows ? after.rows - before->rows : 0;
        s->result->first = after.first;
        s->result->last = after.last;
    } else if (rc == S1_OK) {
        rc = err != NULL ? err->code : S1_E_IO;
    }
    tell(s);
    return rc;
}

/* The range with its open ends filled in. */
static s1_rc settle_range(s1_data_command_service *s, s1_time_range *range, s1_err *err)
{
    const s1_nanos now = s1_clock_wall(s->options.clock);
    s1_nanos reach = INT64_MIN;
    S1_TRY(err, s1_connector_get_reach(s->options.connector, &s->key, now, &reach, err));
    range->to = range->to < now ? range->to : now;
    if (range->from == INT64_MIN) {
        range->from = reach;
    }
    if (range->from == INT64_MIN) {
        return S1_RAISE(err, S1_E_INVALID,
                        "from when on? %s goes back to the first trade there was",
                        s->options.connector->ops->name);
    }
    range->from = range->from > 0 ? range->from : 0;
    if (range->from >= range->to) {
        char from[S1_TIME_TEXT_MAX], to[S1_TIME_TEXT_MAX];
        (void)s1_time_print_short(range->from, from);
        (void)s1_time_print_short(range->to, to);
        return S1_RAISE(err, S1_E_INVALID, "found a range from %s to %s, expected a rising one",
                        from, to);
    }
    s->result->asked = *range;
    return S1_OK;
}

/* What comes behind the last row: of trades from its time on, of bars those that are closed. */
static part tail_of(const s1_data_command_service *s, const s1_archive_info *info,
                    s1_time_range range)
{
    const s1_nanos next = info->rows == 0 ? range.from : info->last + s->key.timeframe;
    const s1_nanos closed = s1_clock_wall(s->options.clock) - s->key.timeframe + 1;
    return (part){.range = {next > range.from ? next : on_grid(s, range.from),
                            range.to < closed ? range.to : closed},
                  .is_tail = true};
}

s1_rc s1_data_fetch_period(s1_data_command_service *s, const s1_stream_key *key,
                           s1_time_range range, s1_fetch_result *ret_result, s1_err *err)
{
    s1_archive_info info;
    S1_TRY(err, begin(s, key, ret_result, &info, err));
    S1_TRY(err, settle_range(s, &range, err));
    S1_TRY(err, check_limits(s, range.to - range.from, err));
    if (info.rows > 0) {
        const part head = {
            .range = {on_grid(s, range.from), range.to < info.first ? range.to : info.first}};
        S1_TRY(err, add_part(s, &head, err));
        S1_TRY(err, find_holes(s, range, key->timeframe > 0 ? key->timeframe : TRADES_HOLE, err));
    }
    if (info.rows == 0 || range.to > info.last + key->timeframe) {
        const part tail = tail_of(s, &info, range);
        S1_TRY(err, add_part(s, &tail, err));
    }
    return run(s, &info, err);
}

static s1_rc check_there(const s1_data_command_service *s, const s1_archive_info *info, s1_err *err)
{
    char text[S1_STREAM_TEXT_MAX];
    if (info->rows == 0) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "the archive has no %s: fetch a period of it first (--from)",
                        s1_stream_key_format(&s->key, text));
    }
    return S1_OK;
}

s1_rc s1_data_extend_history(s1_data_command_service *s, const s1_stream_key *key, int64_t days,
                             s1_fetch_result *ret_result, s1_err *err)
{
    s1_archive_info info;
    S1_TRY(err, begin(s, key, ret_result, &info, err));
    S1_TRY(err, check_there(s, &info, err));
    if (days < 1 || days > 36500) {
        return S1_RAISE(err, S1_E_INVALID, "found %lld days, expected 1 to 36500", (long long)days);
    }
    s1_time_range range = {info.first - days * S1_NANOS_PER_DAY, info.first};
    S1_TRY(err, settle_range(s, &range, err));
    S1_TRY(err, check_limits(s, range.to - range.from, err));
    const part head = {.range = {on_grid(s, range.from), info.first}};
    S1_TRY(err, add_part(s, &head, err));
    return run(s, &info, err);
}

s1_rc s1_data_fill_gaps(s1_data_command_service *s, const s1_stream_key *key, s1_time_range range,
                        s1_nanos spacing_max, s1_fetch_result *ret_result, s1_err *err)
{
    s1_archive_info info;
    s1_nanos reach = INT64_MIN;
    S1_TRY(err, begin(s, key, ret_result, &info, err));
    S1_TRY(err, check_there(s, &info, err));
    S1_TRY(err, s1_connector_get_reach(s->options.connector, &s->key,
                                       s1_clock_wall(s->options.clock), &reach, err));
    const s1_nanos apart = spacing_max > 0      ? spacing_max
                           : key->timeframe > 0 ? key->timeframe
                                                : TRADES_SPACING;
    ret_result->asked = (s1_time_range){range.from > info.first ? range.from : info.first,
                                        range.to < info.last ? range.to : info.last};
    S1_TRY(err, find_holes(s, ret_result->asked, apart, err));
    size_t kept = 0;
    s1_nanos total = 0;
    for (size_t i = 0; i < s->part_count; i++) {
        if (s->parts[i].range.from < reach) {
            ret_result->unreachable++;
        } else {
            total += s->parts[i].range.to - s->parts[i].range.from;
            s->parts[kept++] = s->parts[i];
        }
    }
    s->part_count = kept;
    s->progress.total = total;
    S1_TRY(err, check_limits(s, total, err));
    return run(s, &info, err);
}

s1_rc s1_data_synchronize(s1_data_command_service *s, const s1_stream_key *key,
                          s1_fetch_result *ret_result, s1_err *err)
{
    s1_archive_info info;
    S1_TRY(err, begin(s, key, ret_result, &info, err));
    S1_TRY(err, check_there(s, &info, err));
    s1_time_range range = {info.last, INT64_MAX};
    S1_TRY(err, settle_range(s, &range, err));
    S1_TRY(err, check_limits(s, range.to - range.from, err));
    const part tail = tail_of(s, &info, range);
    S1_TRY(err, add_part(s, &tail, err));
    return run(s, &info, err);
}
