#include "services/live/stream_recorder.h"

#include "backend/data/recorder/segment.h"
#include "backend/utils/assert.h"
#include "backend/utils/ring.h"
#include "s1mple/error.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* What is handed to a store at once is one frame of its segment: whole or not there. */
#define HELD_MAX   16u
#define DRAIN_ROWS (S1_SEGMENT_FRAME_ROWS_MAX - HELD_MAX)
#define IDLE_WAIT  (10 * 1000000LL) /* between looks at empty queues */

typedef struct recorder_stream {
    s1_ring *ring;
    s1_stream_store *store;       /* the consumer's, as are: */
    s1_stream_row held[HELD_MAX]; /* gaps whose row behind them has not come yet */
    size_t held_count;
    /* The producer's own. */
    s1_nanos last_time; /* of the last row that was accepted */
    bool has_gap;       /* rows were dropped: to be said before the next */
    s1_nanos gap_after;
    uint64_t gap_count;
    bool is_after_crash; /* the first gap is the crash's */
    /* Written by the producer, read by anyone. */
    atomic_uint_fast64_t accepted, dropped, duplicates, missing;
    atomic_uint_fast64_t notes[S1_NOTE_KINDS];
    atomic_int_fast64_t accept_longest;
    s1_store_counts counts; /* under lock: the store's, as the consumer left them */
} recorder_stream;

struct s1_recorder {
    const s1_clock *clock;
    int32_t queue_policy;
    size_t stream_count, opened;
    recorder_stream *streams; /* [stream_count] */
    s1_stream_row *drained;   /* [S1_SEGMENT_FRAME_ROWS_MAX] */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* never taken by the producer */
    pthread_cond_t is_woken, has_news;
    bool is_ending;         /* under lock */
    bool has_failed;        /* the consumer's own: nothing more is taken */
    s1_err failure;         /* under lock; code S1_OK: none */
    atomic_bool is_overrun; /* a queue was full, under `stop` */
};

const char *s1_queue_policy_name(int32_t policy)
{
    static const char *const names[] = {
#define X(name, text) text,
        S1_QUEUE_POLICY_MAP(X)
#undef X
    };
    return policy >= 0 && policy < S1_QUEUE_POLICIES ? names[policy] : "?";
}

s1_rc s1_queue_policy_parse(s1_str text, int32_t *ret_policy, s1_err *err)
{
    for (int32_t i = 0; i < S1_QUEUE_POLICIES; i++) {
        if (s1_str_eq_cstr(text, s1_queue_policy_name(i))) {
            *ret_policy = i;
            return S1_OK;
        }
    }
    return S1_RAISE(err, S1_E_INVALID,
                    "policy of a full queue: found '%.*s', expected drop_newest "
                    "or stop",
                    S1_STR_ARG(text));
}

/* --- The producer. --- */

static s1_stream_row make_gap(s1_nanos after, s1_nanos upto, uint64_t count, int32_t why)
{
    s1_stream_row row = {.kind = S1_ROW_GAP};
    row.columns[S1_ROW_GAP_AFTER] = after;
    row.columns[S1_ROW_GAP_UPTO] = upto;
    row.columns[S1_ROW_GAP_COUNT] = (int64_t)count;
    row.columns[S1_ROW_GAP_WHY] = why;
    return row;
}

/* Says what was dropped before `time`. False: not even that fits. */
static bool push_dropped(recorder_stream *stream, s1_nanos time)
{
    if (!stream->has_gap) {
        return true;
    }
    const s1_stream_row gap = make_gap(stream->gap_after, time, stream->gap_count, S1_GAP_QUEUE);
    if (!s1_ring_push(stream->ring, &gap, 1)) {
        return false;
    }
    stream->has_gap = false;
    stream->gap_count = 0;
    return true;
}

static void drop(s1_recorder *recorder, recorder_stream *stream, uint64_t count)
{
    if (!stream->has_gap) {
        stream->has_gap = true;
        stream->gap_after = stream->last_time;
        stream->gap_count = 0;
    }
    stream->gap_count += count;
    (void)atomic_fetch_add_explicit(&stream->dropped, count, memory_order_relaxed);
    if (recorder->queue_policy == S1_QUEUE_STOP) {
        atomic_store_explicit(&recorder->is_overrun, true, memory_order_release);
    }
}

bool s1_recorder_accept(s1_recorder *recorder, size_t index, const s1_stream_row *rows,
                        size_t count)
{
    recorder_stream *const stream = &recorder->streams[index];
    const s1_nanos started = s1_clock_monotonic(recorder->clock);
    const bool is_taken =
        push_dropped(stream, rows[0].columns[0]) && s1_ring_push(stream->ring, rows, count);
    stream->is_after_crash = false; /* its gap would have come before these rows */
    if (is_taken) {
        stream->last_time = rows[count - 1].columns[0];
        (void)atomic_fetch_add_explicit(&stream->accepted, count, memory_order_relaxed);
    } else {
        drop(recorder, stream, count);
    }
    const s1_nanos taken = s1_clock_monotonic(recorder->clock) - started;
    if (taken > atomic_load_explicit(&stream->accept_longest, memory_order_relaxed)) {
        atomic_store_explicit(&stream->accept_longest, taken, memory_order_relaxed);
    }
    return is_taken;
}

void s1_recorder_note(s1_recorder *recorder, const s1_stream_note *note)
{
    if (note->stream == S1_NO_STREAM) {
        for (size_t i = 0; i < recorder->stream_count; i++) {
            (void)atomic_fetch_add_explicit(&recorder->streams[i].notes[note->kind], 1,
                                            memory_order_relaxed);
        }
        return;
    }
    recorder_stream *const stream = &recorder->streams[note->stream];
    (void)atomic_fetch_add_explicit(&stream->notes[note->kind], 1, memory_order_relaxed);
    if (note->kind == S1_NOTE_DUPLICATE) {
        (void)atomic_fetch_add_explicit(&stream->duplicates, note->count, memory_order_relaxed);
    }
    if (note->kind != S1_NOTE_GAP) {
        return;
    }
    (void)atomic_fetch_add_explicit(&stream->missing, note->count, memory_order_relaxed);
    const int32_t why =
        note->why == S1_GAP_CONNECTION && stream->is_after_crash ? S1_GAP_CRASH : note->why;
    stream->is_after_crash = false;
    const s1_stream_row gap = make_gap(note->after, note->upto, note->count, why);
    if (!push_dropped(stream, note->after) || !s1_ring_push(stream->ring, &gap, 1)) {
        drop(recorder, stream, 0); /* at least that something is missing is said later */
        stream->gap_count += note->count;
    }
}

static bool sink_rows(void *user, size_t stream, const s1_stream_row *rows, size_t count)
{
    return s1_recorder_accept(user, stream, rows, count);
}

static void sink_note(void *user, const s1_stream_note *note)
{
    s1_recorder_note(user, note);
}

s1_stream_sink s1_recorder_sink(s1_recorder *recorder)
{
    return (s1_stream_sink){recorder, sink_rows, sink_note};
}

/* --- The consumer. --- */

static void fail(s1_recorder *recorder, const s1_err *err)
{
    (void)pthread_mutex_lock(&recorder->lock);
    if (recorder->failure.code == S1_OK) {
        recorder->failure = *err;
    }
    (void)pthread_cond_broadcast(&recorder->has_news);
    (void)pthread_mutex_unlock(&recorder->lock);
}

/* Takes the gaps off the end of what was drained: one that reached the disk without the row behind
 * it would, after a crash, be counted again with what is missing then. Returns what is left. */
static size_t hold_gaps(s1_recorder *recorder, recorder_stream *stream, size_t count)
{
    size_t first = count;
    while (first > 0 && recorder->drained[first - 1].kind == S1_ROW_GAP &&
           count - first < HELD_MAX) {
        first--;
    }
    stream->held_count = count - first;
    memcpy(stream->held, recorder->drained + first, stream->held_count * sizeof *stream->held);
    return first;
}

/* Takes what a queue has, up to DRAIN_ROWS. How many there were. */
static size_t drain(s1_recorder *recorder, recorder_stream *stream)
{
    s1_err err = S1_ERR_INIT;
    if (recorder->has_failed) {
        return 0; /* what comes fills the queue, and is counted there */
    }
    const size_t held = stream->held_count;
    const size_t popped = s1_ring_pop(stream->ring, recorder->drained + held, DRAIN_ROWS);
    size_t count = 0;
    if (popped > 0) {
        memcpy(recorder->drained, stream->held, held * sizeof *stream->held);
        count = hold_gaps(recorder, stream, held + popped);
    }
    const s1_rc rc = count > 0
                         ? s1_stream_store_append(stream->store, recorder->drained, count, &err)
                         : s1_stream_store_tick(stream->store, &err);
    if (rc != S1_OK) {
        recorder->has_failed = true;
        fail(recorder, &err);
    }
    return popped;
}

static void publish(s1_recorder *recorder, recorder_stream *stream)
{
    const s1_store_counts counts = s1_stream_store_counts(stream->store);
    (void)pthread_mutex_lock(&recorder->lock);
    stream->counts = counts;
    (void)pthread_mutex_unlock(&recorder->lock);
}

/* Under lock, by the machine's own clock. */
static void wait_for(s1_recorder *recorder, pthread_cond_t *condition, s1_nanos duration)
{
    const s1_nanos until = s1_clock_monotonic(s1_clock_real()) + duration;
    const struct timespec deadline = {until / S1_NANOS_PER_SECOND, until % S1_NANOS_PER_SECOND};
    (void)pthread_cond_timedwait(condition, &recorder->lock, &deadline);
}

/* Waits a little, or until the end; true at the end. */
static bool wait_a_little(s1_recorder *recorder, bool is_idle)
{
    (void)pthread_mutex_lock(&recorder->lock);
    if (is_idle && !recorder->is_ending) {
        wait_for(recorder, &recorder->is_woken, IDLE_WAIT);
    }
    const bool is_ending = recorder->is_ending;
    (void)pthread_mutex_unlock(&recorder->lock);
    return is_ending;
}

static void *consume(void *self)
{
    s1_recorder *const recorder = self;
    for (bool is_ending = false;;) {
        size_t rows = 0;
        for (size_t i = 0; i < recorder->stream_count; i++) {
            rows += drain(recorder, &recorder->streams[i]);
            publish(recorder, &recorder->streams[i]);
        }
        if (is_ending && rows == 0) {
            return NULL; /* the producer had stopped: the queues stay empty */
        }
        is_ending = wait_a_little(recorder, rows == 0);
    }
}

/* --- Start and stop. --- */

static s1_rc open_stream(s1_recorder *recorder, const s1_recorder_options *options, size_t index,
                         s1_store_recovery *ret_recovery, s1_err *err)
{
    recorder_stream *const stream = &recorder->streams[index];
    const s1_stream_store_options store = {
        .fs = options->fs,
        .clock = options->clock,
        .persistor = options->persistor,
        .archive = options->archive,
        .key = {.asset_pair = options->streams[index].asset_pair,
                .data_type = options->streams[index].data_type,
                .source = options->connector_id},
        .profile = options->profile,
        .sync_interval = options->sync_interval,
        .on_commit = options->on_commit,
        .user = options->user,
    };
    const size_t records =
        options->queue_records != 0 ? options->queue_records : S1_QUEUE_RECORDS_DEFAULT;
    S1_TRY(err, s1_ring_new(sizeof(s1_stream_row), records, &stream->ring, err));
    S1_TRY(err, s1_stream_store_open(&store, &stream->store, ret_recovery, err));
    stream->last_time = ret_recovery->last_time;
    stream->is_after_crash = ret_recovery->segments > 0;
    return S1_OK;
}

static void release(s1_recorder *recorder)
{
    for (size_t i = 0; i < recorder->stream_count; i++) {
        s1_ring_free(recorder->streams[i].ring);
        s1_stream_store_abandon(recorder->streams[i].store);
    }
    (void)pthread_cond_destroy(&recorder->has_news);
    (void)pthread_cond_destroy(&recorder->is_woken);
    (void)pthread_mutex_destroy(&recorder->lock);
    free(recorder->streams);
    free(recorder->drained);
    free(recorder);
}

static s1_rc start_thread(s1_recorder *recorder, s1_err *err)
{
    if (pthread_create(&recorder->thread, NULL, consume, recorder) != 0) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "the system gives no further thread");
    }
    recorder->has_thread = true;
    return S1_OK;
}

s1_rc s1_recorder_start(const s1_recorder_options *options, s1_store_recovery *ret_recoveries,
                        s1_recorder **ret_recorder, s1_err *err)
{
    if (options->stream_count == 0 || options->stream_count > S1_RECORDER_STREAMS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "found %zu streams, expected 1 to %u",
                        options->stream_count, S1_RECORDER_STREAMS_MAX);
    }
    s1_recorder *const recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a recorder");
    }
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&recorder->lock, NULL);
    (void)pthread_cond_init(&recorder->is_woken, &attributes);
    (void)pthread_cond_init(&recorder->has_news, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    recorder->clock = options->clock;
    recorder->queue_policy = options->queue_policy;
    recorder->streams = calloc(options->stream_count, sizeof *recorder->streams);
    recorder->drained = calloc(S1_SEGMENT_FRAME_ROWS_MAX, sizeof *recorder->drained);
    s1_rc rc = S1_OK;
    if (recorder->streams == NULL || recorder->drained == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "a recorder of %zu streams", options->stream_count);
    } else {
        recorder->stream_count = options->stream_count;
    }
    for (size_t i = 0; i < options->stream_count && rc == S1_OK; i++) {
        rc = open_stream(recorder, options, i, &ret_recoveries[i], err);
    }
    if (rc == S1_OK) {
        rc = start_thread(recorder, err);
    }
    if (rc != S1_OK) {
        release(recorder);
        return rc;
    }
    *ret_recorder = recorder;
    return S1_OK;
}

s1_recorder_status s1_recorder_get_status(s1_recorder *recorder, size_t index)
{
    recorder_stream *const stream = &recorder->streams[index];
    s1_recorder_status status = {
        .accepted = atomic_load_explicit(&stream->accepted, memory_order_relaxed),
        .dropped = atomic_load_explicit(&stream->dropped, memory_order_relaxed),
        .duplicates = atomic_load_explicit(&stream->duplicates, memory_order_relaxed),
        .missing = atomic_load_explicit(&stream->missing, memory_order_relaxed),
        .accept_longest = atomic_load_explicit(&stream->accept_longest, memory_order_relaxed),
        .depth = s1_ring_depth(stream->ring),
        .high_water = s1_ring_high_water(stream->ring),
        .capacity = s1_ring_capacity(stream->ring),
    };
    for (size_t i = 0; i < S1_NOTE_KINDS; i++) {
        status.notes[i] = atomic_load_explicit(&stream->notes[i], memory_order_relaxed);
    }
    (void)pthread_mutex_lock(&recorder->lock);
    status.store = stream->counts;
    (void)pthread_mutex_unlock(&recorder->lock);
    return status;
}

s1_rc s1_recorder_check(s1_recorder *recorder, s1_err *err)
{
    (void)pthread_mutex_lock(&recorder->lock);
    const s1_err failure = recorder->failure;
    (void)pthread_mutex_unlock(&recorder->lock);
    if (failure.code != S1_OK) {
        return S1_RAISE(err, failure.code, "%s", failure.msg);
    }
    if (atomic_load_explicit(&recorder->is_overrun, memory_order_acquire)) {
        return S1_RAISE(err, S1_E_STORAGE,
                        "a queue was full and its policy is to stop: the disk "
                        "does not keep up");
    }
    return S1_OK;
}

void s1_recorder_wait(s1_recorder *recorder, s1_nanos duration)
{
    (void)pthread_mutex_lock(&recorder->lock);
    if (recorder->failure.code == S1_OK) {
        wait_for(recorder, &recorder->has_news, duration);
    }
    (void)pthread_mutex_unlock(&recorder->lock);
}

/* Gaps that stay without a row behind them; what was dropped last is an open one. */
static s1_rc end_stream(recorder_stream *stream, s1_err *err)
{
    S1_TRY(err, s1_stream_store_append(stream->store, stream->held, stream->held_count, err));
    stream->held_count = 0;
    if (stream->has_gap) {
        const s1_stream_row gap = make_gap(stream->gap_after, 0, stream->gap_count, S1_GAP_QUEUE);
        S1_TRY(err, s1_stream_store_append(stream->store, &gap, 1, err));
    }
    return s1_stream_store_flush(stream->store, err);
}

s1_rc s1_recorder_stop(s1_recorder *recorder, s1_recorder_status *ret_statuses, s1_err *err)
{
    if (recorder == NULL) {
        return S1_OK;
    }
    (void)pthread_mutex_lock(&recorder->lock);
    recorder->is_ending = true;
    (void)pthread_cond_signal(&recorder->is_woken);
    (void)pthread_mutex_unlock(&recorder->lock);
    (void)pthread_join(recorder->thread, NULL);
    s1_rc rc = s1_recorder_check(recorder, err);
    for (size_t i = 0; i < recorder->stream_count; i++) {
        recorder_stream *const stream = &recorder->streams[i];
        s1_err own = S1_ERR_INIT;
        if (end_stream(stream, &own) != S1_OK && rc == S1_OK) {
            rc = S1_RAISE(err, own.code, "%s", own.msg);
        }
        publish(recorder, stream);
        if (ret_statuses != NULL) {
            ret_statuses[i] = s1_recorder_get_status(recorder, i);
        }
    }
    release(recorder);
    return rc;
}
