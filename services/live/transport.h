/* services/live/transport.h - what carries a connector's requests: HTTP, or in tests a function.
 *
 * One transport belongs to one thread; it does one request at a time and waits while it does.
 */
#ifndef S1_SERVICES_LIVE_TRANSPORT_H
#define S1_SERVICES_LIVE_TRANSPORT_H

#include "backend/connectors/connector.h"
#include "backend/utils/clock.h"

typedef struct s1_transport s1_transport;

/* All are mandatory. */
typedef struct s1_transport_ops {
    uint32_t size;
    uint32_t reserved;
    void (*free)(s1_transport *self);
    s1_rc (*exchange)(s1_transport *self, const s1_wire_request *request, s1_wire_reply *ret_reply,
                      s1_err *err);
    s1_rc (*wait_until)(s1_transport *self, s1_nanos time, s1_err *err);
} s1_transport_ops;

struct s1_transport {
    const s1_transport_ops *ops;
    const s1_clock *clock; /* the one its times are of */
};

/* Accepts NULL. */
static inline void s1_transport_free(s1_transport *transport)
{
    if (transport != NULL) {
        transport->ops->free(transport);
    }
}

/* Sends a request and gives what became of it; a fault of the network is an outcome, not an error.
 * The reply's texts are borrowed until the next call. Errors: S1_E_CANCELED if it was told to stop,
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED
static inline s1_rc s1_transport_exchange(s1_transport *transport, const s1_wire_request *request,
                                          s1_wire_reply *ret_reply, s1_err *err)
{
    return transport->ops->exchange(transport, request, ret_reply, err);
}

/* Returns at monotonic `time`, or at once if that has passed. Errors: S1_E_CANCELED. */
S1_WARN_UNUSED
static inline s1_rc s1_transport_wait_until(s1_transport *transport, s1_nanos time, s1_err *err)
{
    return transport->ops->wait_until(transport, time, err);
}

#endif /* S1_SERVICES_LIVE_TRANSPORT_H */
