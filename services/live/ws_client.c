#include "services/live/ws_client.h"

#include "backend/utils/late_library.h"
#include "backend/utils/rng.h"

#include <dlfcn.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdlib.h>

#define LIBRARY_NAME    "libwebsockets.so.17"
#define TICK            (100 * 1000LL) /* microseconds */
#define CONNECT_TIMEOUT (10 * S1_NANOS_PER_SECOND)
#define BACKOFF_FIRST   (250 * 1000000LL)
#define BACKOFF_MAX     (60 * S1_NANOS_PER_SECOND)
#define SEND_BYTES_MAX  16384u
#define RECEIVE_BYTES   65536u

/* X(name): every function used. */
#define LWS_SYMBOL_MAP(X)                                                                          \
    X(lws_create_context)                                                                          \
    X(lws_context_destroy)                                                                         \
    X(lws_client_connect_via_info)                                                                 \
    X(lws_service)                                                                                 \
    X(lws_sul_schedule)                                                                            \
    X(lws_sul_cancel)                                                                              \
    X(lws_callback_on_writable)                                                                    \
    X(lws_write)                                                                                   \
    X(lws_set_timeout)                                                                             \
    X(lws_set_log_level)                                                                           \
    X(lws_parse_uri)                                                                               \
    X(lws_is_final_fragment)                                                                       \
    X(lws_remaining_packet_payload)

typedef struct lws_api {
#define X(name) __typeof__(name) *name;
    LWS_SYMBOL_MAP(X)
#undef X
} lws_api;

/* Written once, under the lock; constant from then on. */
static struct {
    pthread_mutex_t lock;
    bool is_open;
    lws_api api;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

struct s1_ws_client {
    s1_ws_client_options options;
    char scheme_and_host[512]; /* lws cuts the address in place */
    const char *host, *path;
    char full_path[512];
    int port;
    bool is_tls;
    s1_rng rng;
    struct lws_context *context;
    struct lws *wsi; /* of the connection or the attempt */
    lws_sorted_usec_list_t timer;
    int32_t state; /* enum link_state */
    bool is_told;  /* of this attempt: on_open came, or on_close */
    s1_nanos up_since, retry_at, backoff;
    s1_strbuf message;
    bool has_send;
    size_t send_bytes;
    unsigned char send[LWS_PRE + SEND_BYTES_MAX];
};

/* --- The library. --- */

static s1_rc bind_library(s1_err *err)
{
    void *const handle = dlopen(LIBRARY_NAME, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "libwebsockets: %s: run 'make setup' (Debian package libwebsockets-dev)",
                        dlerror());
    }
    lws_api api;
#define X(name)                                                                                    \
    if (!s1_late_library_bind(handle, #name, &api.name)) {                                         \
        (void)dlclose(handle);                                                                     \
        return S1_RAISE(err, S1_E_ABI, LIBRARY_NAME " has no " #name);                             \
    }
    LWS_SYMBOL_MAP(X)
#undef X
    api.lws_set_log_level(0, NULL); /* libraries do not print */
    library.api = api;
    library.is_open = true;
    return S1_OK;
}

static s1_rc open_library(s1_err *err)
{
    (void)pthread_mutex_lock(&library.lock);
    const s1_rc rc = library.is_open ? S1_OK : bind_library(err);
    (void)pthread_mutex_unlock(&library.lock);
    return rc;
}

/* The timer's callback gets the timer alone. */
static s1_ws_client *client_of(lws_sorted_usec_list_t *timer)
{
    return (s1_ws_client *)(void *)((char *)timer - offsetof(s1_ws_client, timer));
}

static s1_nanos now_of(const s1_ws_client *client)
{
    return s1_clock_monotonic(client->options.clock);
}

/* --- The link. --- */

static void go_down(s1_ws_client *client, s1_str why)
{
    const s1_nanos now = now_of(client);
    if (client->state == LINK_DOWN) {
        return;
    }
    if (client->state == LINK_UP && now - client->up_since >= client->options.backoff_max) {
        client->backoff = client->options.backoff_first;
    }
    const s1_nanos wait =
        client->backoff / 2 + (s1_nanos)s1_rng_below(&client->rng, (uint64_t)client->backoff + 1);
    client->retry_at = now + wait;
    client->backoff = client->backoff * 2 < client->options.backoff_max
                          ? client->backoff * 2
                          : client->options.backoff_max;
    client->state = LINK_DOWN;
    client->wsi = NULL;
    client->has_send = false;
    s1_strbuf_clear(&client->message);
    client->options.events.on_close(client->options.events.user, why);
}

static void connect_now(s1_ws_client *client)
{
    struct lws_client_connect_info info;
    memset(&info, 0, sizeof info);
    info.context = client->context;
    info.address = client->host;
    info.port = client->port;
    info.path = client->full_path;
    info.host = client->host;
    info.origin = client->host;
    info.ssl_connection = client->is_tls ? LCCSCF_USE_SSL : 0;
    info.local_protocol_name = "s1";
    info.userdata = client;
    client->state = LINK_CONNECTING;
    client->up_since = now_of(client);
    struct lws *const wsi = library.api.lws_client_connect_via_info(&info);
    if (wsi == NULL) {
        go_down(client, S1_STR("cannot connect")); /* where no callback said so */
    } else if (client->state != LINK_DOWN) {
        client->wsi = wsi;
    }
}

/* What waits to be sent is taken, and the socket asked to tell when it can. */
static void prepare_send(s1_ws_client *client)
{
    s1_str text;
    if (client->state != LINK_UP || client->has_send ||
        !client->options.events.next_send(client->options.events.user, &text) ||
        text.len > SEND_BYTES_MAX) {
        return;
    }
    memcpy(client->send + LWS_PRE, text.ptr, text.len);
    client->send_bytes = text.len;
    client->has_send = true;
    (void)library.api.lws_callback_on_writable(client->wsi);
}

static void on_timer(lws_sorted_usec_list_t *timer)
{
    s1_ws_client *const client = client_of(timer);
    const s1_nanos now = now_of(client);
    const bool is_alive = client->options.events.tick(client->options.events.user);
    if (client->state == LINK_DOWN && now >= client->retry_at) {
        connect_now(client);
    } else if (client->wsi != NULL && client->state != LINK_DOWN &&
               (!is_alive || (client->state == LINK_CONNECTING &&
                              now - client->up_since >= client->options.connect_timeout))) {
        library.api.lws_set_timeout(client->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
                                    LWS_TO_KILL_ASYNC);
    }
    prepare_send(client);
    library.api.lws_sul_schedule(client->context, 0, &client->timer, on_timer, TICK);
}

static int take_bytes(s1_ws_client *client, struct lws *wsi, const void *bytes, size_t count)
{
    s1_strbuf_bytes(&client->message, bytes, count);
    if (client->message.has_failed) {
        return -1; /* longer than any message is: closes the connection */
    }
    if (library.api.lws_is_final_fragment(wsi) &&
        library.api.lws_remaining_packet_payload(wsi) == 0) {
        client->options.events.on_message(client->options.events.user,
                                          s1_strbuf_view(&client->message));
        s1_strbuf_clear(&client->message);
        prepare_send(client);
    }
    return 0;
}

static int write_out(s1_ws_client *client, struct lws *wsi)
{
    if (!client->has_send) {
        return 0;
    }
    client->has_send = false;
    if (library.api.lws_write(wsi, client->send + LWS_PRE, client->send_bytes, LWS_WRITE_TEXT) <
        0) {
        return -1;
    }
    prepare_send(client);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    s1_ws_client *const client = user;
    if (client == NULL) {
        return 0; /* of the context, not of our connection */
    }
    if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
        client->wsi = wsi;
        client->state = LINK_UP;
        client->up_since = now_of(client);
        client->options.events.on_open(client->options.events.user);
        prepare_send(client);
    } else if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
        return take_bytes(client, wsi, in, len);
    } else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE) {
        return write_out(client, wsi);
    } else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        go_down(client, in != NULL ? s1_str_make(in, len) : S1_STR("cannot connect"));
    } else if (reason == LWS_CALLBACK_CLIENT_CLOSED) {
        go_down(client, S1_STR("the connection was closed"));
    }
    return 0;
}

/* --- Making, running, freeing. --- */

static const struct lws_protocols protocols[] = {
    {.name = "s1", .callback = on_event, .rx_buffer_size = RECEIVE_BYTES},
    {.name = NULL},
};

static s1_rc read_url(s1_ws_client *client, s1_err *err)
{
    const char *scheme = NULL;
    if (strlen(client->options.url) >= sizeof client->scheme_and_host) {
        return S1_RAISE(err, S1_E_INVALID, "address: longer than %zu bytes",
                        sizeof client->scheme_and_host - 1);
    }
    memcpy(client->scheme_and_host, client->options.url, strlen(client->options.url) + 1);
    if (library.api.lws_parse_uri(client->scheme_and_host, &scheme, &client->host, &client->port,
                                  &client->path) != 0 ||
        (strcmp(scheme, "ws") != 0 && strcmp(scheme, "wss") != 0) || client->host[0] == '\0' ||
        client->port <= 0 || client->port > 65535) {
        return S1_RAISE(err, S1_E_INVALID,
                        "address '%s': expected ws://HOST[:PORT]/PATH or wss://HOST[:PORT]/PATH",
                        client->options.url);
    }
    client->is_tls = strcmp(scheme, "wss") == 0;
    if (!client->is_tls && strcmp(client->host, "localhost") != 0 &&
        strcmp(client->host, "::1") != 0 &&
        (strncmp(client->host, "127.", 4) != 0 ||
         strspn(client->host, "0123456789.") != strlen(client->host))) {
        return S1_RAISE(err, S1_E_INVALID,
                        "address '%s': found ws:// to another machine, expected wss://",
                        client->options.url);
    }
    (void)snprintf(client->full_path, sizeof client->full_path, "/%s", client->path);
    return S1_OK;
}

static s1_rc make_context(s1_ws_client *client, s1_err *err)
{
    struct lws_context_creation_info info;
    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.gid = -1;
    info.uid = -1;
    info.options = client->is_tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0;
    info.timeout_secs = (unsigned)(client->options.connect_timeout / S1_NANOS_PER_SECOND + 1);
    client->context = library.api.lws_create_context(&info);
    if (client->context == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a WebSocket context");
    }
    return S1_OK;
}

s1_rc s1_ws_client_new(const s1_ws_client_options *options, s1_ws_client **ret_client, s1_err *err)
{
    s1_ws_client *const client = calloc(1, sizeof *client);
    if (client == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a WebSocket client");
    }
    s1_ws_client_options *const own = &client->options;
    *own = *options;
    own->connect_timeout = own->connect_timeout != 0 ? own->connect_timeout : CONNECT_TIMEOUT;
    own->backoff_first = own->backoff_first != 0 ? own->backoff_first : BACKOFF_FIRST;
    own->backoff_max = own->backoff_max != 0 ? own->backoff_max : BACKOFF_MAX;
    client->backoff = own->backoff_first;
    s1_rng_init(&client->rng, options->seed);
    s1_strbuf_init(&client->message, options->message_bytes_max);
    s1_rc rc = open_library(err);
    if (rc == S1_OK) {
        rc = read_url(client, err);
    }
    if (rc == S1_OK) {
        rc = make_context(client, err);
    }
    if (rc != S1_OK) {
        s1_ws_client_free(client);
        return rc;
    }
    *ret_client = client;
    return S1_OK;
}

void s1_ws_client_run(s1_ws_client *client, const atomic_bool *is_stopping)
{
    library.api.lws_sul_schedule(client->context, 0, &client->timer, on_timer, 1);
    while (!atomic_load_explicit(is_stopping, memory_order_acquire)) {
        if (library.api.lws_service(client->context, 0) < 0) {
            break;
        }
    }
    library.api.lws_sul_cancel(&client->timer);
}

void s1_ws_client_free(s1_ws_client *client)
{
    if (client != NULL) {
        if (client->context != NULL) {
            library.api.lws_context_destroy(client->context);
        }
        s1_strbuf_done(&client->message);
        free(client);
    }
}
