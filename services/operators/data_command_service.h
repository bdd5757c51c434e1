/* services/operators/data_command_service.h - DataCommandService: history from an exchange into an
 * archive.
 *
 * Four commands (SPEC S04, J04): fetch_period, extend_history, fill_gaps, synchronize. Each works
 * out from the archive which parts of its range are missing, asks a connector for those alone, and
 * stores them. The archive is the only memory there is: a task that was cut off anywhere (ctrl-C,
 * kill -9, power) is taken up by giving the same command again.
 *
 * So that what is stored always tells what is missing:
 *   - behind the last row, history is stored forwards; the next start asks again from the time
 *     of the last row on, itself included, and completes it: a moment of many trades is never
 *     half;
 *   - before the first row and in a hole, it is stored backwards, piece by piece, from the row
 *     behind: the hole shrinks, and nothing that was stored stands alone in it;
 *   - each piece is one commit: the whole of it or nothing.
 *
 * A trade that is stored is known by its id, if it has one: the same trade may have come before
 * with another time, from a stream that was recorded.
 *
 * A piece is stored at buffer_rows_max rows or buffer_age_max after its first, whichever comes
 * first: the `historical_task` profile of platform.yaml, or one that is named.
 *
 * One service belongs to one thread; everything in its options is borrowed for its life.
 */
#ifndef S1_SERVICES_OPERATORS_DATA_COMMAND_SERVICE_H
#define S1_SERVICES_OPERATORS_DATA_COMMAND_SERVICE_H

#include "services/live/transport.h"

typedef struct s1_data_command_service s1_data_command_service;

/* How far a command is. */
typedef struct s1_fetch_progress {
    uint64_t rows;        /* received so far */
    uint64_t requests;    /* answered */
    s1_nanos done, total; /* of the time that was missing, in nanoseconds */
    s1_nanos at;          /* history is known up to here; of holes, the end of the piece */
    const char *waiting;  /* why the next request has to wait; NULL: no reason but the pace */
} s1_fetch_progress;

typedef struct s1_data_command_options {
    s1_connector *connector;
    s1_transport *transport;
    s1_data_persistor *archive;
    const s1_clock *clock;
    uint64_t buffer_rows_max;  /* 0: 500000 */
    s1_nanos buffer_age_max;   /* 0: an hour */
    int64_t max_history_days;  /* a command over more of them is refused; 0: 1825 */
    int64_t warn_history_days; /* over more of them it warns; 0: 365 */
    /* Called after each commit that changed something, to bring a catalogue up to date; may be
     * NULL. */
    void (*on_commit)(void *user, const s1_stream_key *key, const s1_save_result *result);
    void (*on_progress)(void *user, const s1_fetch_progress *progress); /* may be NULL */
    void *user;
} s1_data_command_options;

/* What a command did. */
typedef struct s1_fetch_result {
    uint64_t requests;    /* answered, faults included */
    uint64_t faults;      /* of them, asked again */
    uint64_t limited;     /* of them, asked again because the exchange wanted fewer */
    uint64_t received;    /* rows that came */
    uint64_t repeated;    /* rows that came twice, on the edge of pages */
    uint64_t added;       /* rows the stream has more than before */
    uint64_t rows;        /* that it has now */
    uint64_t commits;     /* pieces stored */
    uint64_t parts;       /* missing parts that were found */
    uint64_t empty;       /* of them, those of which the exchange has no row either */
    uint64_t unreachable; /* of them, those further back than the exchange goes (fill_gaps) */
    s1_nanos first, last; /* of the stream now; 0 without rows */
    s1_time_range asked;  /* the range the command came to */
    char warning[200];    /* "" for none */
    char content_hash[S1_SHA256_HEX]; /* of the stream, after a commit; else "" */
} s1_fetch_result;

/* Heap. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_data_command_service_new(const s1_data_command_options *options,
                                                 s1_data_command_service **ret_service,
                                                 s1_err *err);
void s1_data_command_service_free(s1_data_command_service *service); /* accepts NULL */

/* Errors of all four: S1_E_INVALID for a malformed key or range, S1_E_DENIED over
 * max_history_days or while somebody else writes the stream, those of the connector (connector.h),
 * of the transport (S1_E_CANCELED) and of the archive. What was received before the error is stored
 * where the command stores forwards; *ret_result is written in any case. */

/* Everything of [range.from, range.to) that is not stored. range.to INT64_MAX: now. range.from
 * INT64_MIN: as far back as the exchange goes; of trades, that has to be said (S1_E_INVALID). Holes
 * inside what is stored count as missing where bars of the grid are, and where no trade is for a
 * day. */
S1_WARN_UNUSED s1_rc s1_data_fetch_period(s1_data_command_service *service,
                                          const s1_stream_key *key, s1_time_range range,
                                          s1_fetch_result *ret_result, s1_err *err);

/* `days` more before the first row. Errors: S1_E_NOT_FOUND for a stream that has none. */
S1_WARN_UNUSED s1_rc s1_data_extend_history(s1_data_command_service *service,
                                            const s1_stream_key *key, int64_t days,
                                            s1_fetch_result *ret_result, s1_err *err);

/* Only the holes inside what is stored, and in the range: rows further apart than `spacing_max` (0:
 * the timeframe; of trades 60 s). Holes further back than the exchange goes are counted and left.
 * Errors: S1_E_NOT_FOUND for a stream that is not there. */
S1_WARN_UNUSED s1_rc s1_data_fill_gaps(s1_data_command_service *service, const s1_stream_key *key,
                                       s1_time_range range, s1_nanos spacing_max,
                                       s1_fetch_result *ret_result, s1_err *err);

/* What came since the last row. Errors: S1_E_NOT_FOUND for a stream that is not there. */
S1_WARN_UNUSED s1_rc s1_data_synchronize(s1_data_command_service *service, const s1_stream_key *key,
                                         s1_fetch_result *ret_result, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_DATA_COMMAND_SERVICE_H */
