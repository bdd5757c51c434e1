#include "services/live/http_transport.h"

#include "backend/utils/late_library.h"
#include "backend/utils/text.h"

#define CURL_DISABLE_TYPECHECK /* its macros know no table of functions */
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define LIBRARY_NAME            "libcurl.so.4"
#define CONNECT_TIMEOUT_DEFAULT (10 * S1_NANOS_PER_SECOND)
#define STEP_MS                 100 /* between two questions whether to stop */
#define HEADER_BYTES_MAX        (64u << 10)
#define REPLY_BYTES_MAX         (64u << 20) /* whatever a request allows */
#define NANOS_PER_MS            1000000

/* X(name): every function used. */
#define CURL_SYMBOL_MAP(X)                                                                         \
    X(curl_global_init)                                                                            \
    X(curl_easy_init)                                                                              \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_reset)                                                                             \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_strerror)                                                                          \
    X(curl_multi_init)                                                                             \
    X(curl_multi_cleanup)                                                                          \
    X(curl_multi_add_handle)                                                                       \
    X(curl_multi_remove_handle)                                                                    \
    X(curl_multi_perform)                                                                          \
    X(curl_multi_poll)                                                                             \
    X(curl_multi_info_read)

typedef struct curl_api {
#define X(name) __typeof__(name) *name;
    CURL_SYMBOL_MAP(X)
#undef X
} curl_api;

/* Written once, under the lock; constant from then on. */
static struct {
    pthread_mutex_t lock;
    bool is_open;
    curl_api api;
} library = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct http_transport {
    s1_transport base;
    s1_http_transport_options options;
    char *address; /* without a slash at the end */
    CURL *easy;
    CURLM *multi;
    s1_strbuf url, headers, body;
    size_t body_max;
    bool is_too_large;
    char detail[CURL_ERROR_SIZE + 64];
} http_transport;

/* --- The library --------------------------------------------------------------------------------
 */

static s1_rc bind_library(s1_err *err)
{
    void *const handle = dlopen(LIBRARY_NAME, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        return S1_RAISE(err, S1_E_NOT_FOUND,
                        "libcurl: %s: run 'make setup' (Debian package libcurl4)", dlerror());
    }
    curl_api api;
#define X(name)                                                                                    \
    if (!s1_late_library_bind(handle, #name, &api.name)) {                                         \
        (void)dlclose(handle);                                                                     \
        return S1_RAISE(err, S1_E_ABI, LIBRARY_NAME " has no " #name);                             \
    }
    CURL_SYMBOL_MAP(X)
#undef X
    if (api.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)dlclose(handle);
        return S1_RAISE(err, S1_E_IO, "libcurl did not start");
    }
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

/* --- The address --------------------------------------------------------------------------------
 */

/* 127.x.y.z, [::1] or localhost, perhaps with a port. */
static bool is_loopback(s1_str host)
{
    const bool is_six = s1_str_starts_with(host, S1_STR("[::1]"));
    const size_t colon = s1_str_find_byte(host, ':', is_six ? 5 : 0);
    const s1_str name = s1_str_slice(host, 0, colon == S1_STR_NPOS ? host.len : colon);
    if (s1_str_eq_cstr(name, "[::1]") || s1_str_eq_cstr(name, "localhost")) {
        return true;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != '.' && (name.ptr[i] < '0' || name.ptr[i] > '9')) {
            return false;
        }
    }
    return s1_str_starts_with(name, S1_STR("127."));
}

static s1_rc check_address(s1_str address, s1_err *err)
{
    const bool is_plain = s1_str_starts_with(address, S1_STR("http://"));
    const bool is_tls = s1_str_starts_with(address, S1_STR("https://"));
    s1_str rest = s1_str_slice(address, is_plain ? 7 : 8, address.len);
    const size_t slash = s1_str_find_byte(rest, '/', 0);
    const s1_str host = s1_str_slice(rest, 0, slash);
    if ((!is_plain && !is_tls) || host.len == 0 || address.len > 400 ||
        s1_str_find_byte(host, '@', 0) != S1_STR_NPOS ||
        s1_str_find_byte(address, '?', 0) != S1_STR_NPOS ||
        s1_str_find_byte(address, ' ', 0) != S1_STR_NPOS) {
        return S1_RAISE(err, S1_E_INVALID,
                        "address: found '%.*s', expected https://HOST[:PORT][/PATH]",
                        (int)(address.len < 200 ? address.len : 200), address.ptr);
    }
    if (is_plain && !is_loopback(host)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "address: found '%.*s', expected https: plain http is for 127.0.0.1 only",
                        (int)(address.len < 200 ? address.len : 200), address.ptr);
    }
    return S1_OK;
}

/* --- A request ----------------------------------------------------------------------------------
 */

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    http_transport *const t = user;
    const size_t length = size * count;
    if (t->body.len + length > t->body_max) {
        t->is_too_large = true;
        return 0;
    }
    s1_strbuf_bytes(&t->body, bytes, length);
    return t->body.has_failed ? 0 : length;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *user)
{
    http_transport *const t = user;
    s1_strbuf_bytes(&t->headers, bytes, size * count);
    return t->headers.has_failed ? 0 : size * count;
}

static void set_up(http_transport *t, const s1_wire_request *request)
{
    const curl_api *const api = &library.api;
    const s1_nanos connect = t->options.connect_timeout < request->timeout
                                 ? t->options.connect_timeout
                                 : request->timeout;
    api->curl_easy_reset(t->easy);
#define SET(option, value) (void)api->curl_easy_setopt(t->easy, (option), (value))
    SET(CURLOPT_URL, s1_strbuf_cstr(&t->url));
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)(request->timeout / NANOS_PER_MS));
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(connect / NANOS_PER_MS));
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    SET(CURLOPT_ACCEPT_ENCODING, "");
    SET(CURLOPT_USERAGENT, "s1mpletrader");
    SET(CURLOPT_ERRORBUFFER, t->detail);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    if (request->method == S1_WIRE_POST) {
        SET(CURLOPT_FRESH_CONNECT, 1L); /* on a kept one libcurl may send twice */
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_COPYPOSTFIELDS, request->body.ptr != NULL ? request->body.ptr : "");
    }
#undef SET
}

/* Until it is over. Errors: S1_E_CANCELED. */
static s1_rc perform(http_transport *t, CURLcode *ret_result, s1_err *err)
{
    const curl_api *const api = &library.api;
    *ret_result = CURLE_FAILED_INIT;
    for (int running = 1; running > 0;) {
        if (t->options.is_stopping != NULL && t->options.is_stopping(t->options.user)) {
            return S1_RAISE(err, S1_E_CANCELED, "stopped while a request was out");
        }
        if (api->curl_multi_perform(t->multi, &running) != CURLM_OK ||
            (running > 0 && api->curl_multi_poll(t->multi, NULL, 0, STEP_MS, NULL) != CURLM_OK)) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "libcurl gave up on a request");
        }
    }
    int left = 0;
    for (CURLMsg *message; (message = api->curl_multi_info_read(t->multi, &left)) != NULL;) {
        if (message->msg == CURLMSG_DONE) {
            *ret_result = message->data.result;
        }
    }
    return S1_OK;
}

static int32_t outcome_of(const http_transport *t, CURLcode result)
{
    static const CURLcode unreachable[] = {
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
        CURLE_SSL_CONNECT_ERROR,     CURLE_SSL_CACERT_BADFILE,   CURLE_PEER_FAILED_VERIFICATION,
    };
    if (result == CURLE_OK) {
        return S1_WIRE_REPLY;
    }
    if (result == CURLE_OPERATION_TIMEDOUT) {
        return S1_WIRE_TIMEOUT;
    }
    for (size_t i = 0; i < sizeof unreachable / sizeof unreachable[0]; i++) {
        if (result == unreachable[i]) {
            return S1_WIRE_UNREACHABLE;
        }
    }
    return t->is_too_large ? S1_WIRE_TOO_LARGE : S1_WIRE_CUT;
}

static s1_rc http_exchange(s1_transport *self, const s1_wire_request *request,
                           s1_wire_reply *ret_reply, s1_err *err)
{
    http_transport *const t = (http_transport *)self;
    const curl_api *const api = &library.api;
    s1_strbuf_clear(&t->url);
    s1_strbuf_clear(&t->headers);
    s1_strbuf_clear(&t->body);
    t->body_max =
        request->reply_bytes_max < REPLY_BYTES_MAX ? request->reply_bytes_max : REPLY_BYTES_MAX;
    t->is_too_large = false;
    t->detail[0] = '\0';
    s1_strbuf_cstr_add(&t->url, t->address);
    s1_strbuf_str(&t->url, request->path);
    if (request->query.len > 0) {
        s1_strbuf_char(&t->url, '?');
        s1_strbuf_str(&t->url, request->query);
    }
    S1_TRY(err, s1_strbuf_check(&t->url, err));
    set_up(t, request);
    if (api->curl_multi_add_handle(t->multi, t->easy) != CURLM_OK) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "libcurl took no request");
    }
    CURLcode result = CURLE_OK;
    const s1_rc rc = perform(t, &result, err);
    (void)api->curl_multi_remove_handle(t->multi, t->easy);
    if (rc != S1_OK) {
        return rc;
    }
    long status = 0;
    (void)api->curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    const char *const detail = t->detail[0] != '\0' ? t->detail : api->curl_easy_strerror(result);
    *ret_reply = (s1_wire_reply){
        .id = request->id,
        .outcome = outcome_of(t, result),
        .status = (int32_t)status,
        .headers = s1_strbuf_view(&t->headers),
        .body = s1_strbuf_view(&t->body),
        .detail = result == CURLE_OK ? s1_str_make("", 0) : s1_str_of(detail),
        .now = s1_clock_monotonic(self->clock),
        .received = s1_clock_wall(self->clock),
    };
    return S1_OK;
}

static s1_rc http_wait_until(s1_transport *self, s1_nanos time, s1_err *err)
{
    http_transport *const t = (http_transport *)self;
    for (;;) {
        if (t->options.is_stopping != NULL && t->options.is_stopping(t->options.user)) {
            return S1_RAISE(err, S1_E_CANCELED, "stopped while waiting for the next request");
        }
        const s1_nanos left = time - s1_clock_monotonic(self->clock);
        if (left <= 0) {
            return S1_OK;
        }
        const int64_t ms = (left + NANOS_PER_MS - 1) / NANOS_PER_MS;
        if (library.api.curl_multi_poll(t->multi, NULL, 0, ms < STEP_MS ? (int)ms : STEP_MS,
                                        NULL) != CURLM_OK) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "libcurl did not wait");
        }
    }
}

/* --- Its life -----------------------------------------------------------------------------------
 */

static void http_free(s1_transport *self)
{
    http_transport *const t = (http_transport *)self;
    if (t->easy != NULL) {
        library.api.curl_easy_cleanup(t->easy);
    }
    if (t->multi != NULL) {
        (void)library.api.curl_multi_cleanup(t->multi);
    }
    s1_strbuf_done(&t->url);
    s1_strbuf_done(&t->headers);
    s1_strbuf_done(&t->body);
    free(t->address);
    free(t);
}

static const s1_transport_ops http_ops = {
    .size = sizeof http_ops,
    .free = http_free,
    .exchange = http_exchange,
    .wait_until = http_wait_until,
};

s1_rc s1_http_transport_new(const s1_http_transport_options *options, s1_transport **ret_transport,
                            s1_err *err)
{
    s1_str address = s1_str_of(options->address);
    while (address.len > 0 && address.ptr[address.len - 1] == '/') {
        address.len--;
    }
    S1_TRY(err, check_address(address, err));
    S1_TRY(err, open_library(err));
    http_transport *const t = calloc(1, sizeof *t);
    if (t == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a transport");
    }
    t->base = (s1_transport){.ops = &http_ops, .clock = options->clock};
    t->options = *options;
    if (t->options.connect_timeout <= 0) {
        t->options.connect_timeout = CONNECT_TIMEOUT_DEFAULT;
    }
    s1_strbuf_init(&t->url, 4096);
    s1_strbuf_init(&t->headers, HEADER_BYTES_MAX);
    s1_strbuf_init(&t->body, REPLY_BYTES_MAX + 1);
    t->address = s1_str_dup(address);
    t->easy = library.api.curl_easy_init();
    t->multi = library.api.curl_multi_init();
    if (t->address == NULL || t->easy == NULL || t->multi == NULL) {
        http_free(&t->base);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a transport");
    }
    *ret_transport = &t->base;
    return S1_OK;
}
