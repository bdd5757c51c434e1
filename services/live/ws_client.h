/* services/live/ws_client.h - a WebSocket connection that comes back: libwebsockets under a few
 * calls. One thread runs it (s1_ws_client_run) and makes all the calls of its events.
 *
 * A connection that cannot be made, or is lost, or is given up by `tick`, is made again after a
 * back-off: backoff_first doubling to backoff_max, each with up to half of it more or less. One
 * that stood for backoff_max starts from the beginning.
 */
#ifndef S1_SERVICES_LIVE_WS_CLIENT_H
#define S1_SERVICES_LIVE_WS_CLIENT_H

#include "backend/utils/clock.h"
#include "backend/utils/text.h"

#include <stdatomic.h>

typedef struct s1_ws_client s1_ws_client;

/* All called by the thread that runs the client. Texts are borrowed for the call. */
typedef struct s1_ws_events {
    void *user;
    void (*on_open)(void *user);
    void (*on_message)(void *user, s1_str message);  /* whole, text or binary */
    void (*on_close)(void *user, s1_str why);        /* also of an attempt that failed */
    bool (*next_send)(void *user, s1_str *ret_text); /* false: nothing to send now */
    bool (*tick)(void *user); /* ten times a second; false: give the connection up */
} s1_ws_events;

typedef struct s1_ws_client_options {
    const char *url; /* "ws://127.0.0.1:8080/v2", "wss://..." */
    s1_ws_events events;
    const s1_clock *clock;
    size_t message_bytes_max;            /* longer ones close the connection */
    s1_nanos connect_timeout;            /* 0: 10 s */
    s1_nanos backoff_first, backoff_max; /* 0: 250 ms, 60 s */
    uint64_t seed;                       /* of the back-off's chance */
} s1_ws_client_options;

/* Heap; s1_ws_client_free. Errors: S1_E_INVALID for the address, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_ws_client_new(const s1_ws_client_options *options,
                                      s1_ws_client **ret_client, s1_err *err);

/* Connects, and stays so, until *is_stopping. Returns within a tick then. */
void s1_ws_client_run(s1_ws_client *client, const atomic_bool *is_stopping);

void s1_ws_client_free(s1_ws_client *client); /* accepts NULL */

#endif /* S1_SERVICES_LIVE_WS_CLIENT_H */
