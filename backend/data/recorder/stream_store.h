/* backend/data/recorder/stream_store.h - one recorded stream on disk: segments first, then the
 * archive. No thread, no queue: whoever drains the stream's queue calls it.
 *
 *   ARCHIVE/.recorder/<source>/<BASE_QUOTE>/<trades|quotes|book>/
 *     LOCK                    one recorder per stream
 *     01763740800000000000.seg  rows that are not in the archive yet
 *     notes.jsonl             what is missing, a line each: segment, kind, after, upto, count, why
 *
 * A row is appended to the segment when it is taken, durable from the next sync on (sync_interval),
 * and part of the archive at the next flush: when the profile's max_records are there or its
 * max_age has passed since the first of them. A flush ends the segment, commits its rows and
 * removes it. What a crash left is committed when the store is opened again; rows that the archive
 * has are not committed twice (compaction.h). Notes are written before a segment goes, once per
 * segment.
 *
 * Rows that the archive can never take (numbers that do not fit 18 digits at the stream's scale)
 * are put aside with their segment, as *.bad, and noted: they hold up nothing else.
 *
 * A flush that fails for another reason keeps its segment: it is tried again at the next flush, and
 * at the latest when the store is opened again. A segment that cannot be written or synced ends the
 * store (S1_E_STORAGE from then on): what was not durable may be lost.
 */
#ifndef S1_BACKEND_DATA_RECORDER_STREAM_STORE_H
#define S1_BACKEND_DATA_RECORDER_STREAM_STORE_H

#include "backend/config/ingestion.h"
#include "backend/core/interfaces/data_persistor.h"
#include "backend/dtos/market/stream_row.h"
#include "backend/utils/clock.h"
#include "backend/utils/fs.h"

#define S1_RECORDER_FOLDER        ".recorder"
#define S1_STORE_SEGMENT_ROWS_MAX 1000000u /* a segment ends here, whatever the profile says */
#define S1_STORE_SYNC_DEFAULT     S1_NANOS_PER_SECOND

typedef struct s1_stream_store s1_stream_store;

/* Rows of a segment that became part of the archive. */
typedef struct s1_store_commit {
    const s1_stream_key *key; /* borrowed for the call */
    uint64_t rows_added;      /* at least one */
    uint64_t rows_missing;    /* known from the gaps among them */
} s1_store_commit;

typedef struct s1_stream_store_options {
    const s1_fs *fs; /* borrowed, as all that follows */
    const s1_clock *clock;
    s1_data_persistor *persistor; /* of `archive` */
    const char *archive;          /* the folder */
    s1_stream_key key;            /* copied; source is the connector's id */
    s1_ingestion_profile profile;
    s1_nanos sync_interval; /* 0: S1_STORE_SYNC_DEFAULT; never more than the profile's max_age */
    /* After each commit, for a catalogue; called by whoever calls the store. May be NULL. */
    void (*on_commit)(void *user, const s1_store_commit *commit);
    void *user;
} s1_stream_store_options;

/* What opening found. */
typedef struct s1_store_recovery {
    uint64_t segments;      /* left by a crash; 0: it ended in order, or there was nothing */
    uint64_t rows;          /* whole rows in them */
    uint64_t rows_added;    /* of these, not in the archive before */
    uint64_t rows_damaged;  /* known to be lost in the middle of segments */
    uint64_t bytes_torn;    /* half written ends, cut off */
    s1_nanos last_time;     /* of the stream's last row; 0: it has none */
    int64_t last_id;        /* of trades; 0: none */
    s1_nanos last_received; /* the last moment that rows of the segments were received at */
} s1_store_recovery;

typedef struct s1_store_counts {
    uint64_t rows_taken;    /* appended to segments since opening */
    uint64_t rows_durable;  /* of these, synced */
    uint64_t rows_archived; /* of these, committed */
    uint64_t rows_known;    /* committed rows that the archive had already */
    uint64_t rows_refused;  /* that the archive can never take: put aside, *.bad */
    uint64_t gaps;
    uint64_t flushes, flush_failures;
    s1_nanos flush_longest; /* host time */
    s1_rc last_error;       /* of a flush that failed and was not made good since; S1_OK */
} s1_store_counts;

/* Opens a stream and brings in what a crash left. Heap; s1_stream_store_close. Errors: S1_E_DENIED
 * with the number of the process that records the stream already; S1_E_DATA for a segment of
 * another version; those of the archive. */
S1_WARN_UNUSED s1_rc s1_stream_store_open(const s1_stream_store_options *options,
                                          s1_stream_store **ret_store,
                                          s1_store_recovery *ret_recovery, s1_err *err);

/* Takes rows in the order they came. Errors: S1_E_STORAGE. */
S1_WARN_UNUSED s1_rc s1_stream_store_append(s1_stream_store *store, const s1_stream_row *rows,
                                            size_t count, s1_err *err);

/* Does what is due by the clock: a sync, a flush. To be called several times a second. Errors:
 * S1_E_STORAGE; a flush that failed is counted, not an error. */
S1_WARN_UNUSED s1_rc s1_stream_store_tick(s1_stream_store *store, s1_err *err);

/* Everything into the archive now. Errors: of the commit; what is durable stays so. */
S1_WARN_UNUSED s1_rc s1_stream_store_flush(s1_stream_store *store, s1_err *err);

s1_store_counts s1_stream_store_counts(const s1_stream_store *store);

/* Flushes and releases. Accepts NULL. Errors: as s1_stream_store_flush; released all the same. */
S1_WARN_UNUSED s1_rc s1_stream_store_close(s1_stream_store *store, s1_err *err);

/* Releases without a flush, as a crash would leave it. Accepts NULL. */
void s1_stream_store_abandon(s1_stream_store *store);

#endif /* S1_BACKEND_DATA_RECORDER_STREAM_STORE_H */
