/* backend/utils/net.h - the seam to the network: TCP as non-blocking byte streams.
 *
 * Protocols live above as byte-in byte-out machines; this only moves bytes. Every wait has a
 * deadline on the clock that is passed in.
 */
#ifndef S1_UTILS_NET_H
#define S1_UTILS_NET_H

#include "backend/utils/clock.h"
#include "s1mple/error.h"

typedef struct s1_socket s1_socket;

enum s1_net_event { S1_NET_READABLE = 1u << 0, S1_NET_WRITABLE = 1u << 1, S1_NET_CLOSED = 1u << 2 };

typedef struct s1_net_poll {
    s1_socket *socket;
    uint32_t wanted; /* READABLE, WRITABLE */
    uint32_t ready;  /* written by poll; CLOSED also for errors */
} s1_net_poll;

/* The table an implementor fills in. Errors: S1_E_IO with sys_errno; S1_E_DENIED where the policy
 * refuses the address. Reading and writing never block: a length of 0 with *ret_would_block set
 * means "not now", 0 without it means the other side has closed (recv). */
typedef struct s1_net {
    void *self;
    /* Starts connecting to a numeric IPv4 or IPv6 address; writable when it stands or failed (then
     * send reports it). */
    s1_rc (*connect)(void *self, const char *address, uint16_t port, s1_socket **ret_socket,
                     s1_err *err);
    /* Listens; port 0 lets the system choose. */
    s1_rc (*listen)(void *self, const char *address, uint16_t port, s1_socket **ret_socket,
                    s1_err *err);
    s1_rc (*accept)(void *self, s1_socket *listener, s1_socket **ret_socket, bool *ret_would_block,
                    s1_err *err);
    s1_rc (*send)(void *self, s1_socket *socket, const void *from, size_t len, size_t *ret_len,
                  bool *ret_would_block, s1_err *err);
    s1_rc (*recv)(void *self, s1_socket *socket, void *to, size_t len, size_t *ret_len,
                  bool *ret_would_block, s1_err *err);
    void (*close)(void *self, s1_socket *socket); /* accepts NULL */
    s1_rc (*local_port)(void *self, s1_socket *socket, uint16_t *ret_port, s1_err *err);
    /* Waits until a socket is ready or `timeout` (nanoseconds, < 0: none) has passed. Writes
     * `ready` of all and their number. */
    s1_rc (*poll)(void *self, s1_net_poll *items, size_t count, s1_nanos timeout, size_t *ret_ready,
                  s1_err *err);
} s1_net;

/* The machine's sockets. Static, any thread. */
const s1_net *s1_net_real(void);
/* The same, but anything except 127.0.0.0/8 and ::1 is S1_E_DENIED. For tests and simulators. */
const s1_net *s1_net_loopback(void);

/* Sends or receives exactly `len` bytes before `deadline` (monotonic time of `clock`). Errors:
 * S1_E_IO; sys_errno is ETIMEDOUT past the deadline, ECONNRESET if the other side closed. */
S1_WARN_UNUSED s1_rc s1_net_send_all(const s1_net *net, const s1_clock *clock, s1_socket *socket,
                                     const void *from, size_t len, s1_nanos deadline, s1_err *err);
S1_WARN_UNUSED s1_rc s1_net_recv_all(const s1_net *net, const s1_clock *clock, s1_socket *socket,
                                     void *to, size_t len, s1_nanos deadline, s1_err *err);

#endif /* S1_UTILS_NET_H */
