/* services/live/stream_recorder.h - live rows to disk, without the disk ever holding up reception.
 *
 *   socket thread --accept--> queue (one per stream) --consumer thread--> segment --> archive
 *
 * One queue and one store (backend/data/recorder/stream_store.h) per (connector, pair, data type).
 * The producer only copies into the queue, without a lock, a call of the system or an allocation.
 * The consumer drains the queues, and waits for disks.
 *
 * A full queue follows a named policy: `drop_newest` (what does not fit is dropped, whole
 * messages at a time; the rows are counted, and a gap is recorded where they were), or `stop` (the
 * same, and the recording ends with an error). Nothing is dropped silently, nothing old is
 * overwritten.
 */
#ifndef S1_SERVICES_LIVE_STREAM_RECORDER_H
#define S1_SERVICES_LIVE_STREAM_RECORDER_H

#include "backend/connectors/kraken/kraken_ws.h"
#include "backend/data/recorder/stream_store.h"

#define S1_QUEUE_RECORDS_DEFAULT 65536u
#define S1_RECORDER_STREAMS_MAX  S1_KRAKEN_WS_STREAMS_MAX

/* X(NAME, "text"): what a full queue does. */
#define S1_QUEUE_POLICY_MAP(X)                                                                     \
    X(DROP_NEWEST, "drop_newest")                                                                  \
    X(STOP, "stop")
enum s1_queue_policy {
#define X(name, text) S1_QUEUE_##name,
    S1_QUEUE_POLICY_MAP(X)
#undef X
        S1_QUEUE_POLICIES
};
const char *s1_queue_policy_name(int32_t policy); /* "?" outside the enum */
S1_WARN_UNUSED s1_rc s1_queue_policy_parse(s1_str text, int32_t *ret_policy, s1_err *err);

typedef struct s1_recorder_stream {
    s1_str asset_pair;
    int32_t data_type;
} s1_recorder_stream;

typedef struct s1_recorder_options {
    const s1_fs *fs; /* borrowed, as all that follows */
    const s1_clock *clock;
    s1_data_persistor *persistor; /* the consumer's from new to stop */
    const char *archive;
    s1_str connector_id; /* the source of the streams: "kraken" */
    const s1_recorder_stream *streams;
    size_t stream_count; /* 1..S1_RECORDER_STREAMS_MAX */
    s1_ingestion_profile profile;
    size_t queue_records;   /* of each stream; 0: S1_QUEUE_RECORDS_DEFAULT */
    int32_t queue_policy;   /* enum s1_queue_policy */
    s1_nanos sync_interval; /* 0: a second */
    /* As in s1_stream_store_options: by the caller of _start and _stop, and by the consumer. */
    void (*on_commit)(void *user, const s1_store_commit *commit);
    void *user;
} s1_recorder_options;

/* Counts since the start; rows are data, never gaps. */
typedef struct s1_recorder_status {
    uint64_t accepted, dropped;           /* at the queue */
    uint64_t depth, high_water, capacity; /* of the queue */
    uint64_t notes[S1_NOTE_KINDS];        /* heard, by kind */
    uint64_t duplicates, missing;         /* rows: of DUPLICATE notes; known of GAP notes */
    s1_nanos accept_longest;              /* host time of one accept */
    s1_store_counts store;
} s1_recorder_status;

typedef struct s1_recorder s1_recorder;

/* Opens every stream (what a crash left is brought in first: ret_recoveries[stream_count]) and
 * starts the consumer. Heap; s1_recorder_stop. Errors: S1_E_INVALID, S1_E_DENIED where another
 * process records a stream, those of the archive. */
S1_WARN_UNUSED s1_rc s1_recorder_start(const s1_recorder_options *options,
                                       s1_store_recovery *ret_recoveries,
                                       s1_recorder **ret_recorder, s1_err *err);

/* --- The producer: one thread, wait-free. --- */

/* Rows of one message. False: they did not fit and were dropped, all of them. */
bool s1_recorder_accept(s1_recorder *recorder, size_t stream, const s1_stream_row *rows,
                        size_t count);
/* Counts a note; a gap is recorded in its place. */
void s1_recorder_note(s1_recorder *recorder, const s1_stream_note *note);
/* Both as a sink: user is the recorder. */
s1_stream_sink s1_recorder_sink(s1_recorder *recorder);

/* --- Any thread. --- */

s1_recorder_status s1_recorder_get_status(s1_recorder *recorder, size_t stream);
/* S1_OK, or why recording stopped (a store that failed, a full queue under `stop`). */
S1_WARN_UNUSED s1_rc s1_recorder_check(s1_recorder *recorder, s1_err *err);

/* Waits for at most `duration`, less where recording stops of itself. Not the producer. */
void s1_recorder_wait(s1_recorder *recorder, s1_nanos duration);

/* Drains the queues, flushes everything into the archive, ends the thread and releases the
 * recorder, also when it fails. The producer has stopped. ret_statuses[stream_count] (may be NULL)
 * are the last. Accepts NULL. Errors: the first of the recording; what is durable stays in
 * segments. */
S1_WARN_UNUSED s1_rc s1_recorder_stop(s1_recorder *recorder, s1_recorder_status *ret_statuses,
                                      s1_err *err);

#endif /* S1_SERVICES_LIVE_STREAM_RECORDER_H */
