#include "backend/data/recorder/stream_store.h"

#include "backend/data/recorder/compaction.h"
#include "backend/data/recorder/segment.h"
#include "backend/utils/folder_lock.h"
#include "backend/utils/json_writer.h"
#include "s1mple/error.h"

#include <stdlib.h>

#define SEGMENT_SUFFIX  ".seg"
#define SEGMENT_DIGITS  20
#define NOTES_BYTES_MAX ((size_t)64 << 20)
#define RETRY_AFTER     (30 * S1_NANOS_PER_SECOND)

struct s1_stream_store {
    s1_stream_store_options options;
    char pair[S1_PAIR_TEXT_MAX + 1], source[S1_SOURCE_TEXT_MAX + 1]; /* of options.key */
    char folder[S1_PATH_MAX];
    s1_folder_lock *lock;
    s1_segment_writer *segment;               /* NULL: none is open */
    uint64_t number;                          /* of the next segment */
    uint64_t segment_rows, unsynced_rows;     /* gaps included */
    uint64_t unsynced_data;                   /* without them */
    s1_nanos first_row_at, first_unsynced_at; /* monotonic */
    bool has_pending;                         /* segments that a flush left */
    s1_nanos retry_at;
    bool has_failed;
    s1_store_counts counts;
};

/* The rows of one segment. */
typedef struct gathered {
    s1_stream_row *rows, *gaps;
    size_t count, capacity, gap_count, gap_capacity;
    s1_nanos last_received;
} gathered;

static s1_nanos monotonic(const s1_stream_store *store)
{
    return s1_clock_monotonic(store->options.clock);
}

/* --- Reading segments. --- */

static s1_rc add_row(s1_stream_row **rows, size_t *count, size_t *capacity,
                     const s1_stream_row *row, s1_err *err)
{
    if (*count == *capacity) {
        const size_t more = *capacity == 0 ? 1024 : *capacity * 2;
        s1_stream_row *const grown = realloc(*rows, more * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu recorded rows", more);
        }
        *rows = grown;
        *capacity = more;
    }
    (*rows)[(*count)++] = *row;
    return S1_OK;
}

static uint32_t received_column(int32_t data_type)
{
    _Static_assert((int)S1_ROW_QUOTE_RECEIVED == (int)S1_ROW_TRADE_RECEIVED, "the same column");
    return data_type == S1_DATA_BOOK ? S1_ROW_BOOK_RECEIVED : S1_ROW_TRADE_RECEIVED;
}

typedef struct gathering {
    gathered *to;
    uint32_t received;
} gathering;

static s1_rc gather(void *user, const s1_stream_row *rows, size_t count, s1_err *err)
{
    gathering *const g = user;
    gathered *const to = g->to;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == S1_ROW_GAP) {
            S1_TRY(err, add_row(&to->gaps, &to->gap_count, &to->gap_capacity, &rows[i], err));
            continue;
        }
        const s1_nanos received = rows[i].columns[g->received];
        to->last_received = received > to->last_received ? received : to->last_received;
        S1_TRY(err, add_row(&to->rows, &to->count, &to->capacity, &rows[i], err));
    }
    return S1_OK;
}

static void gathered_done(gathered *g)
{
    free(g->rows);
    free(g->gaps);
}

/* --- Notes. --- */

static void write_note(s1_strbuf *text, uint64_t number, const s1_stream_row *gap)
{
    s1_json_writer w;
    s1_json_init(&w, text, 0);
    s1_json_object(&w);
    s1_json_key_lit(&w, "segment");
    s1_json_u64(&w, number);
    s1_json_key_lit(&w, "kind");
    s1_json_cstr(&w, "gap");
    static const char *const names[] = {"after", "upto"};
    for (size_t i = 0; i < 2; i++) {
        s1_json_key_raw(&w, names[i], strlen(names[i]));
        if (gap->columns[i] != 0) {
            s1_json_time(&w, gap->columns[i]);
        } else {
            s1_json_null(&w);
        }
    }
    s1_json_key_lit(&w, "count");
    if (gap->columns[S1_ROW_GAP_COUNT] != 0) {
        s1_json_i64(&w, gap->columns[S1_ROW_GAP_COUNT]);
    } else {
        s1_json_null(&w);
    }
    s1_json_key_lit(&w, "why");
    s1_json_cstr(&w, s1_gap_why_name(gap->columns[S1_ROW_GAP_WHY]));
    s1_json_object_end(&w);
    s1_strbuf_char(text, '\n');
}

static s1_rc append_text(const s1_fs *fs, const char *path, s1_str text, s1_err *err)
{
    s1_file *file;
    const bool is_new = !s1_fs_exists(fs, path);
    S1_TRY(err, s1_fs_open(fs, path, S1_FS_WRITE | S1_FS_CREATE | S1_FS_APPEND, &file, err));
    s1_rc rc = s1_fs_write_all(fs, file, text.ptr, text.len, err);
    if (rc == S1_OK) {
        rc = s1_fs_fsync(fs, file, err);
    }
    s1_fs_drop(fs, file);
    return rc == S1_OK && is_new ? s1_fs_fsync_parent(fs, path, err) : rc;
}

/* Were the notes of the segment written before a crash? */
static s1_rc has_notes(const s1_fs *fs, const char *path, uint64_t number, bool *ret_has,
                       s1_err *err)
{
    s1_strbuf text, mark;
    *ret_has = false;
    if (!s1_fs_exists(fs, path)) {
        return S1_OK;
    }
    s1_strbuf_init(&text, NOTES_BYTES_MAX);
    s1_strbuf_init(&mark, 64);
    s1_strbuf_lit(&mark, "{\"segment\":");
    s1_strbuf_u64(&mark, number);
    s1_strbuf_char(&mark, ',');
    const s1_rc rc = s1_fs_read_all(fs, path, NOTES_BYTES_MAX, &text, err);
    if (rc == S1_OK) {
        *ret_has = s1_str_find(s1_strbuf_view(&text), s1_strbuf_view(&mark), 0) != S1_STR_NPOS;
    }
    s1_strbuf_done(&mark);
    s1_strbuf_done(&text);
    return rc;
}

static s1_rc keep_notes(const s1_stream_store *store, uint64_t number, const gathered *g,
                        s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    bool is_there;
    if (g->gap_count == 0) {
        return S1_OK;
    }
    S1_TRY(err,
           s1_path_join(path, sizeof path, s1_str_of(store->folder), S1_STR("notes.jsonl"), err));
    S1_TRY(err, has_notes(store->options.fs, path, number, &is_there, err));
    if (is_there) {
        return S1_OK;
    }
    s1_strbuf_init(&text, NOTES_BYTES_MAX);
    for (size_t i = 0; i < g->gap_count; i++) {
        write_note(&text, number, &g->gaps[i]);
    }
    s1_rc rc = s1_strbuf_check(&text, err);
    if (rc == S1_OK) {
        rc = append_text(store->options.fs, path, s1_strbuf_view(&text), err);
    }
    s1_strbuf_done(&text);
    return rc;
}

/* --- Flushing. --- */

static s1_rc segment_path(const s1_stream_store *store, uint64_t number, char path[S1_PATH_MAX],
                          s1_err *err)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%0*llu" SEGMENT_SUFFIX, SEGMENT_DIGITS,
                   (unsigned long long)number);
    return s1_path_join(path, S1_PATH_MAX, s1_str_of(store->folder), s1_str_of(name), err);
}

static void tell_commit(const s1_stream_store *store, const gathered *g, const s1_compaction *done)
{
    s1_store_commit commit = {.key = &store->options.key, .rows_added = done->rows_added};
    for (size_t i = 0; i < g->gap_count; i++) {
        commit.rows_missing += (uint64_t)g->gaps[i].columns[S1_ROW_GAP_COUNT];
    }
    if (store->options.on_commit != NULL) {
        store->options.on_commit(store->options.user, &commit);
    }
}

static s1_rc commit_rows(s1_stream_store *store, uint64_t number, const char *path, gathered *g,
                         s1_compaction *ret_done, s1_err *err)
{
    char provenance[160];
    /* The same of every segment: a file of many flushes keeps one line. */
    (void)snprintf(provenance, sizeof provenance, "record:%s profile:%s", store->source,
                   store->options.profile.name);
    S1_TRY(err, s1_compact_rows(store->options.persistor, &store->options.key, g->rows, g->count,
                                s1_str_of(provenance), ret_done, err));
    if (ret_done->rows_added > 0) {
        tell_commit(store, g, ret_done);
    }
    S1_TRY(err, keep_notes(store, number, g, err));
    S1_TRY(err, s1_fs_unlink(store->options.fs, path, err));
    return s1_fs_fsync_parent(store->options.fs, path, err);
}

/* A segment that the archive can never take must not hold up those behind it. */
static s1_rc put_aside(s1_stream_store *store, uint64_t number, const char *path, gathered *g,
                       s1_err *err)
{
    char aside[S1_PATH_MAX + 4];
    s1_stream_row gap = {.kind = S1_ROW_GAP};
    gap.columns[S1_ROW_GAP_AFTER] = g->count > 0 ? g->rows[0].columns[0] : 0;
    gap.columns[S1_ROW_GAP_UPTO] = g->count > 0 ? g->rows[g->count - 1].columns[0] : 0;
    gap.columns[S1_ROW_GAP_COUNT] = (int64_t)g->count;
    gap.columns[S1_ROW_GAP_WHY] = S1_GAP_REFUSED;
    (void)snprintf(aside, sizeof aside, "%s", path);
    memcpy(strrchr(aside, '.'), ".bad", sizeof ".bad");
    S1_TRY(err, add_row(&g->gaps, &g->gap_count, &g->gap_capacity, &gap, err));
    S1_TRY(err, keep_notes(store, number, g, err));
    S1_TRY(err, s1_fs_rename(store->options.fs, path, aside, err));
    store->counts.rows_refused += g->count;
    return s1_fs_fsync_parent(store->options.fs, path, err);
}

/* Reads a segment that nobody writes any more, commits it and removes it. */
static s1_rc commit_segment(s1_stream_store *store, uint64_t number, s1_store_recovery *recovery,
                            s1_err *err)
{
    char path[S1_PATH_MAX];
    gathered g = {.rows = NULL};
    gathering to = {&g, received_column(store->options.key.data_type)};
    s1_segment_info info;
    s1_compaction done = {.rows_added = 0};
    S1_TRY(err, segment_path(store, number, path, err));
    s1_rc rc = s1_segment_read(store->options.fs, path, gather, &to, &info, err);
    if (rc == S1_OK && info.rows_damaged > 0) {
        s1_stream_row gap = {.kind = S1_ROW_GAP};
        gap.columns[S1_ROW_GAP_COUNT] = (int64_t)info.rows_damaged;
        gap.columns[S1_ROW_GAP_WHY] = S1_GAP_DAMAGE;
        rc = add_row(&g.gaps, &g.gap_count, &g.gap_capacity, &gap, err);
    }
    if (rc == S1_OK) {
        rc = commit_rows(store, number, path, &g, &done, err);
        if (rc == S1_E_RANGE || rc == S1_E_INVALID) {
            rc = put_aside(store, number, path, &g, err);
            g.count = 0;
        }
    }
    if (rc == S1_OK) {
        store->counts.rows_archived += g.count;
        store->counts.rows_known += done.rows_known;
        recovery->segments++;
        recovery->rows += g.count;
        recovery->rows_added += done.rows_added;
        recovery->rows_damaged += info.rows_damaged;
        recovery->bytes_torn += info.bytes_torn;
        recovery->last_received =
            g.last_received > recovery->last_received ? g.last_received : recovery->last_received;
    }
    gathered_done(&g);
    return rc;
}

static bool segment_number(const char *name, uint64_t *ret_number)
{
    const s1_str text = s1_str_of(name);
    return text.len == SEGMENT_DIGITS + sizeof SEGMENT_SUFFIX - 1 &&
           s1_str_ends_with(text, S1_STR(SEGMENT_SUFFIX)) &&
           s1_str_parse_u64(s1_str_slice(text, 0, SEGMENT_DIGITS), ret_number, NULL) == S1_OK;
}

/* Commits every segment of the folder, oldest first. */
static s1_rc commit_all(s1_stream_store *store, s1_store_recovery *recovery, s1_err *err)
{
    s1_fs_list list = {NULL, 0};
    S1_TRY(err, s1_fs_list_names(store->options.fs, store->folder, &list, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        uint64_t number;
        if (segment_number(list.names[i], &number)) {
            store->number = number >= store->number ? number + 1 : store->number;
            rc = commit_segment(store, number, recovery, err);
        }
    }
    s1_fs_list_done(&list);
    return rc;
}

static s1_rc sync_segment(s1_stream_store *store, s1_err *err)
{
    if (store->segment == NULL || store->unsynced_rows == 0) {
        return S1_OK;
    }
    store->has_failed = true;
    if (s1_segment_sync(store->segment, err) != S1_OK) {
        if (err != NULL) {
            err->code = S1_E_STORAGE;
        }
        return S1_E_STORAGE;
    }
    store->has_failed = false;
    store->counts.rows_durable += store->unsynced_data;
    store->unsynced_rows = 0;
    store->unsynced_data = 0;
    return S1_OK;
}

static s1_rc check_usable(const s1_stream_store *store, s1_err *err)
{
    if (store->has_failed) {
        return S1_RAISE(err, S1_E_STORAGE, "%s: recording stopped at an earlier error",
                        store->folder);
    }
    return S1_OK;
}

s1_rc s1_stream_store_flush(s1_stream_store *store, s1_err *err)
{
    s1_store_recovery unused = {.segments = 0};
    S1_TRY(err, check_usable(store, err));
    if (store->segment == NULL && !store->has_pending) {
        return S1_OK;
    }
    S1_TRY(err, sync_segment(store, err));
    s1_segment_close(store->segment);
    store->segment = NULL;
    store->segment_rows = 0;
    const s1_nanos started = monotonic(store);
    const s1_rc rc = commit_all(store, &unused, err);
    const s1_nanos taken = monotonic(store) - started;
    store->counts.flushes++;
    store->counts.flush_longest =
        taken > store->counts.flush_longest ? taken : store->counts.flush_longest;
    store->counts.last_error = rc;
    store->counts.flush_failures += rc != S1_OK ? 1 : 0;
    store->has_pending = rc != S1_OK;
    store->retry_at = monotonic(store) + RETRY_AFTER;
    return rc;
}

/* A flush that is due: what keeps it from the archive may pass; what keeps a segment from being
 * durable does not. */
static s1_rc flush_due(s1_stream_store *store, s1_err *err)
{
    const s1_rc rc = s1_stream_store_flush(store, err);
    return rc == S1_E_STORAGE ? rc : S1_OK;
}

/* --- Taking rows. --- */

/* Numbers rise for good, over restarts too: notes name them. */
static s1_rc open_segment(s1_stream_store *store, s1_err *err)
{
    char path[S1_PATH_MAX];
    const s1_nanos wall = s1_clock_wall(store->options.clock);
    const uint64_t by_clock = wall > 0 ? (uint64_t)wall : 0;
    store->number = by_clock > store->number ? by_clock : store->number;
    S1_TRY(err, segment_path(store, store->number, path, err));
    S1_TRY(err, s1_segment_create(store->options.fs, path, &store->options.key, wall,
                                  &store->segment, err));
    store->number++;
    store->segment_rows = 0;
    store->first_row_at = monotonic(store);
    return S1_OK;
}

static s1_rc append_rows(s1_stream_store *store, const s1_stream_row *rows, size_t count,
                         s1_err *err)
{
    if (store->segment == NULL) {
        S1_TRY(err, open_segment(store, err));
    }
    return s1_segment_append(store->segment, rows, count, err);
}

s1_rc s1_stream_store_append(s1_stream_store *store, const s1_stream_row *rows, size_t count,
                             s1_err *err)
{
    S1_TRY(err, check_usable(store, err));
    if (count == 0) {
        return S1_OK;
    }
    if (append_rows(store, rows, count, err) != S1_OK) {
        store->has_failed = true;
        if (err != NULL) {
            err->code = S1_E_STORAGE;
        }
        return S1_E_STORAGE;
    }
    if (store->unsynced_rows == 0) {
        store->first_unsynced_at = monotonic(store);
    }
    store->segment_rows += count;
    store->unsynced_rows += count;
    uint64_t gaps = 0;
    for (size_t i = 0; i < count; i++) {
        gaps += rows[i].kind == S1_ROW_GAP ? 1 : 0;
    }
    store->counts.gaps += gaps;
    store->counts.rows_taken += count - gaps;
    store->unsynced_data += count - gaps;
    return s1_stream_store_tick(store, err);
}

s1_rc s1_stream_store_tick(s1_stream_store *store, s1_err *err)
{
    const s1_ingestion_profile *const profile = &store->options.profile;
    const s1_nanos now = monotonic(store);
    S1_TRY(err, check_usable(store, err));
    if ((store->segment != NULL && (store->segment_rows >= profile->max_records ||
                                    store->segment_rows >= S1_STORE_SEGMENT_ROWS_MAX ||
                                    now - store->first_row_at >= profile->max_age)) ||
        (store->has_pending && now >= store->retry_at)) {
        return flush_due(store, err);
    }
    if (store->unsynced_rows > 0 &&
        now - store->first_unsynced_at >= store->options.sync_interval) {
        return sync_segment(store, err);
    }
    return S1_OK;
}

s1_store_counts s1_stream_store_counts(const s1_stream_store *store)
{
    return store->counts;
}

/* --- Opening and closing. --- */

/* The names of the folders, from the archive's own down, outlive the machine too. */
static s1_rc keep_folders(const s1_stream_store *store, s1_err *err)
{
    char path[S1_PATH_MAX];
    size_t length = strlen(store->options.archive);
    memcpy(path, store->folder, sizeof path);
    for (;;) {
        path[length] = '\0';
        S1_TRY(err, s1_fs_fsync_parent(store->options.fs, path, err));
        if (store->folder[length] == '\0') {
            return S1_OK;
        }
        path[length] = store->folder[length];
        length++;
        length += strcspn(store->folder + length, "/");
    }
}

static s1_rc make_folder(s1_stream_store *store, s1_err *err)
{
    char pair[S1_PAIR_TEXT_MAX + 1];
    (void)snprintf(pair, sizeof pair, "%s", store->pair);
    *strchr(pair, '/') = '_'; /* a pair has one: checked */
    const int length =
        snprintf(store->folder, sizeof store->folder, "%s/" S1_RECORDER_FOLDER "/%s/%s/%s",
                 store->options.archive, store->source[0] != '\0' ? store->source : "default", pair,
                 s1_data_type_name(store->options.key.data_type));
    if (length < 0 || (size_t)length >= sizeof store->folder) {
        return S1_RAISE(err, S1_E_RANGE, "archive '%s': the path is too long",
                        store->options.archive);
    }
    S1_TRY(err, s1_fs_mkdir_all(store->options.fs, store->folder, err));
    return keep_folders(store, err);
}

static s1_rc take_lock(s1_stream_store *store, s1_err *err)
{
    char path[S1_PATH_MAX];
    char what[S1_STREAM_TEXT_MAX + 32];
    char name[S1_STREAM_TEXT_MAX];
    (void)snprintf(what, sizeof what, "recording of %s",
                   s1_stream_key_format(&store->options.key, name));
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(store->folder), S1_STR("LOCK"), err));
    return s1_folder_lock_new(store->options.fs, path, what, &store->lock, err);
}

static s1_rc open_store(s1_stream_store *store, s1_store_recovery *recovery, s1_err *err)
{
    S1_TRY(err, make_folder(store, err));
    S1_TRY(err, take_lock(store, err));
    S1_TRY(err, commit_all(store, recovery, err));
    return s1_stream_last(store->options.persistor, &store->options.key, &recovery->last_time,
                          &recovery->last_id, err);
}

s1_rc s1_stream_store_open(const s1_stream_store_options *options, s1_stream_store **ret_store,
                           s1_store_recovery *ret_recovery, s1_err *err)
{
    s1_store_recovery recovery = {.segments = 0};
    S1_TRY(err, s1_stream_key_check(&options->key, err));
    if (options->key.data_type == S1_DATA_OHLCV) {
        return S1_RAISE(err, S1_E_INVALID, "found bars, expected trades, quotes or book");
    }
    s1_stream_store *const store = calloc(1, sizeof *store);
    if (store == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a stream's store");
    }
    store->options = *options;
    memcpy(store->pair, options->key.asset_pair.ptr, options->key.asset_pair.len);
    if (options->key.source.len > 0) {
        memcpy(store->source, options->key.source.ptr, options->key.source.len);
    }
    store->options.key.asset_pair = s1_str_of(store->pair);
    store->options.key.source = s1_str_of(store->source);
    s1_nanos *const interval = &store->options.sync_interval;
    *interval = *interval == 0 ? S1_STORE_SYNC_DEFAULT : *interval;
    *interval = *interval > options->profile.max_age ? options->profile.max_age : *interval;
    store->number = 1;
    const s1_rc rc = open_store(store, &recovery, err);
    if (rc != S1_OK) {
        s1_stream_store_abandon(store);
        return rc;
    }
    store->counts = (s1_store_counts){.rows_refused = store->counts.rows_refused};
    *ret_recovery = recovery;
    *ret_store = store;
    return S1_OK;
}

s1_rc s1_stream_store_close(s1_stream_store *store, s1_err *err)
{
    if (store == NULL) {
        return S1_OK;
    }
    const s1_rc rc = s1_stream_store_flush(store, err);
    s1_stream_store_abandon(store);
    return rc;
}

void s1_stream_store_abandon(s1_stream_store *store)
{
    if (store != NULL) {
        s1_segment_close(store->segment);
        s1_folder_lock_free(store->lock);
        free(store);
    }
}
