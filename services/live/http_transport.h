/* services/live/http_transport.h - HTTP and HTTPS by libcurl, as a transport.
 *
 * libcurl.so.4 is opened when the first transport is made and never linked: what needs no network
 * starts without it and the thirty libraries behind it. Certificates are verified against the
 * system's; redirects are not followed; plain http is for loopback addresses only, which are also
 * never asked for through a proxy. A connection is kept from request to request; a GET that finds
 * the kept one closed goes out again on a new one, a POST always has its own and goes out once.
 */
#ifndef S1_SERVICES_LIVE_HTTP_TRANSPORT_H
#define S1_SERVICES_LIVE_HTTP_TRANSPORT_H

#include "services/live/transport.h"

typedef struct s1_http_transport_options {
    const s1_clock *clock;
    const char *address;      /* "https://api.kraken.com", "http://127.0.0.1:8080"; copied */
    s1_nanos connect_timeout; /* 0: 10 s */
    /* Asked every tenth of a second while waiting; true ends it with S1_E_CANCELED. May be NULL. */
    bool (*is_stopping)(void *user);
    void *user;
} s1_http_transport_options;

/* Connects to nothing yet. Free with s1_transport_free. Errors: S1_E_INVALID for an address that is
 * none, S1_E_NOT_FOUND without libcurl, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_http_transport_new(const s1_http_transport_options *options,
                                           s1_transport **ret_transport, s1_err *err);

#endif /* S1_SERVICES_LIVE_HTTP_TRANSPORT_H */
