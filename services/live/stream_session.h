/* services/live/stream_session.h - the socket thread of a recording: connection, exchange's
 * machine, queues.
 *
 *   WebSocket (ws_client) -> Kraken's machine (kraken_ws) -> queues (stream_recorder)
 *
 * The thread reads, parses and enqueues; it takes no lock and touches no disk.
 */
#ifndef S1_SERVICES_LIVE_STREAM_SESSION_H
#define S1_SERVICES_LIVE_STREAM_SESSION_H

#include "services/live/stream_recorder.h"

#define S1_SESSION_TEXT_MAX 160u

typedef struct s1_session_options {
    const char *url;
    const s1_kraken_ws_stream *streams; /* those of the recorder, in its order */
    size_t stream_count;
    s1_nanos silence_max;  /* 0: 5 s */
    s1_nanos backoff_max;  /* 0: 60 s */
    s1_recorder *recorder; /* borrowed; this session is its producer until s1_session_stop */
    const s1_clock *clock;
    uint64_t seed;
} s1_session_options;

typedef struct s1_session_status {
    bool is_connected;
    uint64_t connects, disconnects; /* attempts that failed are neither */
    uint64_t failed_connects;
    uint64_t messages, bytes, malformed;
    uint64_t subscribed, refused;           /* streams */
    char system[S1_SESSION_TEXT_MAX];       /* what the exchange last said of itself; "" */
    char last_problem[S1_SESSION_TEXT_MAX]; /* a refusal, an error, a broken connection; "" */
} s1_session_status;

typedef struct s1_session s1_session;

/* Starts the thread. Heap; s1_session_stop. Errors: S1_E_INVALID for the address or a stream,
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_session_start(const s1_session_options *options, s1_session **ret_session,
                                      s1_err *err);

/* Any thread. */
void s1_session_get_status(s1_session *session, s1_session_status *ret_status);

/* Closes the connection and ends the thread; then nobody calls the recorder any more. Accepts
 * NULL. */
void s1_session_stop(s1_session *session);

#endif /* S1_SERVICES_LIVE_STREAM_SESSION_H */
