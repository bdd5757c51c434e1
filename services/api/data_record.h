/* services/api/data_record.h - records live streams of an exchange into an archive. */
#ifndef S1_SERVICES_API_DATA_RECORD_H
#define S1_SERVICES_API_DATA_RECORD_H

#include "s1mple/base.h"

#include <stdatomic.h>

#define S1_RECORD_STREAMS_MAX 64u
#define S1_RECORD_TEXT_MAX    160u

/* One stream; rows are counted since the start. */
typedef struct s1_record_stream {
    char asset_pair[34];
    char data_type[8]; /* "trades", "quotes", "book" */
    /* Of the queue. */
    uint64_t accepted, dropped, depth, high_water, capacity;
    s1_nanos accept_longest; /* longest time that handing a message on took */
    /* Of the exchange. */
    uint64_t duplicates, gaps, missing, resyncs; /* missing: rows, where ids tell */
    /* Of the disk. */
    uint64_t durable, archived, refused, flushes, flush_failures; /* refused: put aside */
    s1_nanos flush_longest;
    /* What a crash had left, brought in before the start. */
    uint64_t recovered_segments, recovered_rows, recovered_new, torn_bytes, damaged_rows;
    s1_nanos resumed_after; /* time of the last row that was there; 0: none */
    s1_nanos crashed_after; /* the last moment the crashed recording is known to have received; 0 */
} s1_record_stream;

typedef struct s1_record_report {
    bool is_connected;
    uint64_t connects, disconnects, failed_connects, messages, bytes, malformed;
    uint64_t subscribed, refused;
    char system[S1_RECORD_TEXT_MAX];       /* the exchange's state */
    char last_problem[S1_RECORD_TEXT_MAX]; /* "": none */
    double seconds;
    uint64_t max_records; /* of the profile */
    s1_nanos max_age;
    size_t stream_count;
    s1_record_stream streams[S1_RECORD_STREAMS_MAX];
} s1_record_report;

typedef struct s1_record_options {
    const char *connector; /* "kraken" */
    const char *const *pairs;
    size_t pair_count; /* at least one */
    const char *const *types;
    size_t type_count;       /* 0: trades */
    uint32_t depth;          /* of books; 0: 10 */
    const char *url;         /* NULL: the exchange's own */
    const char *archive_dir; /* made where absent */
    const char *config_dir;  /* platform.yaml; need not exist */
    const char *profile;     /* NULL: "live_task" */
    uint64_t queue_records;  /* of each stream; 0: 65536 */
    const char *on_full;     /* "drop_newest", "stop"; NULL: drop_newest */
    const char *duration;    /* "60s", "2h"; NULL: until stopped */
    /* Five times a second, and once after recovery; may be NULL. Borrowed for the call. */
    void (*on_progress)(void *user, const s1_record_report *report);
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_record_options;

/* Records until told to stop, `duration` has passed, or it cannot go on; all that was received is
 * in the archive then. The report is written whenever the recording began. Errors: S1_E_INVALID for
 * an option, S1_E_NOT_FOUND where the exchange refused every stream, S1_E_IO where no connection
 * ever stood, S1_E_DENIED where a stream is being recorded already, S1_E_STORAGE where the disk
 * failed or a queue was full under `stop`; those of the archive. */
S1_WARN_UNUSED
s1_rc s1_api_data_record(const s1_record_options *options, s1_record_report *ret_report,
                         s1_err *err);

#endif /* S1_SERVICES_API_DATA_RECORD_H */
