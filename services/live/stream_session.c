#include "services/live/stream_session.h"

#include "s1mple/error.h"
#include "services/live/ws_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct s1_session {
    s1_ws_client *client;
    s1_kraken_ws *machine;
    s1_recorder *recorder; /* borrowed */
    const s1_clock *clock;
    pthread_t thread;
    bool was_open; /* the socket thread's own */
    atomic_bool is_stopping, is_connected;
    atomic_uint_fast64_t connects, disconnects, failed_connects;
    atomic_uint_fast64_t messages, bytes, malformed, subscribed, refused;
    /* The texts: the socket thread leaves out one that somebody is just reading. */
    pthread_mutex_t lock;
    char system[S1_SESSION_TEXT_MAX], last_problem[S1_SESSION_TEXT_MAX];
};

static void add(atomic_uint_fast64_t *count, uint64_t more)
{
    (void)atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

static void set_text(s1_session *session, char to[static S1_SESSION_TEXT_MAX], s1_str text)
{
    if (pthread_mutex_trylock(&session->lock) != 0) {
        return;
    }
    const size_t length = text.len < S1_SESSION_TEXT_MAX - 1 ? text.len : S1_SESSION_TEXT_MAX - 1;
    for (size_t i = 0; i < length; i++) { /* of a stranger: nothing that moves a cursor */
        to[i] = (unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f ? ' ' : text.ptr[i];
    }
    to[length] = '\0';
    (void)pthread_mutex_unlock(&session->lock);
}

/* --- The machine's sink. --- */

static bool on_rows(void *user, size_t stream, const s1_stream_row *rows, size_t count)
{
    const s1_session *const session = user;
    return s1_recorder_accept(session->recorder, stream, rows, count);
}

static void on_note(void *user, const s1_stream_note *note)
{
    s1_session *const session = user;
    s1_recorder_note(session->recorder, note);
    if (note->kind == S1_NOTE_STATUS) {
        set_text(session, session->system, note->text);
    } else if (note->kind == S1_NOTE_REFUSED || note->kind == S1_NOTE_ERROR) {
        set_text(session, session->last_problem, note->text);
    } else if (note->kind == S1_NOTE_MALFORMED) {
        add(&session->malformed, 1);
    }
}

/* --- The connection's events. --- */

static void publish(s1_session *session)
{
    atomic_store_explicit(&session->subscribed, s1_kraken_ws_subscribed(session->machine),
                          memory_order_relaxed);
    atomic_store_explicit(&session->refused, s1_kraken_ws_refused(session->machine),
                          memory_order_relaxed);
}

static void on_open(void *user)
{
    s1_session *const session = user;
    session->was_open = true;
    add(&session->connects, 1);
    atomic_store_explicit(&session->is_connected, true, memory_order_relaxed);
    s1_kraken_ws_opened(session->machine, s1_clock_monotonic(session->clock));
}

static void on_message(void *user, s1_str message)
{
    s1_session *const session = user;
    add(&session->messages, 1);
    add(&session->bytes, message.len);
    s1_kraken_ws_receive(session->machine, message, s1_clock_wall(session->clock),
                         s1_clock_monotonic(session->clock));
}

static void on_close(void *user, s1_str why)
{
    s1_session *const session = user;
    if (session->was_open) {
        add(&session->disconnects, 1);
        s1_kraken_ws_closed(session->machine);
    } else {
        add(&session->failed_connects, 1);
    }
    session->was_open = false;
    atomic_store_explicit(&session->is_connected, false, memory_order_relaxed);
    publish(session);
    set_text(session, session->last_problem, why);
}

static bool next_send(void *user, s1_str *ret_text)
{
    const s1_session *const session = user;
    return s1_kraken_ws_next_send(session->machine, ret_text);
}

static bool tick(void *user)
{
    s1_session *const session = user;
    publish(session);
    return s1_kraken_ws_tick(session->machine, s1_clock_monotonic(session->clock));
}

/* --- Start and stop. --- */

static void *run(void *self)
{
    s1_session *const session = self;
    s1_ws_client_run(session->client, &session->is_stopping);
    return NULL;
}

static void release(s1_session *session)
{
    s1_ws_client_free(session->client); /* closes: its events are still heard */
    s1_kraken_ws_free(session->machine);
    (void)pthread_mutex_destroy(&session->lock);
    free(session);
}

static s1_rc make_parts(s1_session *session, const s1_session_options *options, s1_err *err)
{
    const s1_kraken_ws_options machine = {.streams = options->streams,
                                          .stream_count = options->stream_count,
                                          .silence_max = options->silence_max,
                                          .sink = {session, on_rows, on_note}};
    const s1_ws_client_options client = {
        .url = options->url,
        .events = {session, on_open, on_message, on_close, next_send, tick},
        .clock = options->clock,
        .message_bytes_max = S1_KRAKEN_WS_MESSAGE_MAX,
        .backoff_max = options->backoff_max,
        .seed = options->seed};
    S1_TRY(err, s1_kraken_ws_new(&machine, &session->machine, err));
    S1_TRY(err, s1_ws_client_new(&client, &session->client, err));
    if (pthread_create(&session->thread, NULL, run, session) != 0) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "the system gives no further thread");
    }
    return S1_OK;
}

s1_rc s1_session_start(const s1_session_options *options, s1_session **ret_session, s1_err *err)
{
    s1_session *const session = calloc(1, sizeof *session);
    if (session == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a session");
    }
    session->recorder = options->recorder;
    session->clock = options->clock;
    (void)pthread_mutex_init(&session->lock, NULL);
    const s1_rc rc = make_parts(session, options, err);
    if (rc != S1_OK) {
        release(session);
        return rc;
    }
    *ret_session = session;
    return S1_OK;
}

void s1_session_get_status(s1_session *session, s1_session_status *ret_status)
{
    *ret_status = (s1_session_status){
        .is_connected = atomic_load_explicit(&session->is_connected, memory_order_relaxed),
        .connects = atomic_load_explicit(&session->connects, memory_order_relaxed),
        .disconnects = atomic_load_explicit(&session->disconnects, memory_order_relaxed),
        .failed_connects = atomic_load_explicit(&session->failed_connects, memory_order_relaxed),
        .messages = atomic_load_explicit(&session->messages, memory_order_relaxed),
        .bytes = atomic_load_explicit(&session->bytes, memory_order_relaxed),
        .malformed = atomic_load_explicit(&session->malformed, memory_order_relaxed),
        .subscribed = atomic_load_explicit(&session->subscribed, memory_order_relaxed),
        .refused = atomic_load_explicit(&session->refused, memory_order_relaxed),
    };
    (void)pthread_mutex_lock(&session->lock);
    memcpy(ret_status->system, session->system, sizeof ret_status->system);
    memcpy(ret_status->last_problem, session->last_problem, sizeof ret_status->last_problem);
    (void)pthread_mutex_unlock(&session->lock);
}

void s1_session_stop(s1_session *session)
{
    if (session != NULL) {
        atomic_store_explicit(&session->is_stopping, true, memory_order_release);
        (void)pthread_join(session->thread, NULL);
        release(session);
    }
}
