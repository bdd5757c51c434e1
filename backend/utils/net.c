#define _GNU_SOURCE /* accept4 */

#include "backend/utils/net.h"

#include "backend/utils/sys_error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTEN_BACKLOG 64
#define POLL_ITEMS_MAX 256u

struct s1_socket {
    int fd;
};

typedef struct address {
    struct sockaddr_storage storage;
    socklen_t len;
} address;

/* The policy is what `self` points at. */
static const bool allows_all = true;
static const bool allows_loopback = false;

static bool is_loopback(const address *at)
{
    if (at->storage.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &at->storage, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, &at->storage, sizeof v6);
    return memcmp(&v6.sin6_addr, &in6addr_loopback, sizeof v6.sin6_addr) == 0;
}

static s1_rc resolve(const void *self, const char *text, uint16_t port, address *ret_address,
                     s1_err *err)
{
    address result;
    memset(&result, 0, sizeof result);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&result.storage, &v4, sizeof v4);
        result.len = sizeof v4;
    } else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(&result.storage, &v6, sizeof v6);
        result.len = sizeof v6;
    } else {
        return S1_RAISE(err, S1_E_INVALID, "found '%s', expected a numeric IPv4 or IPv6 address",
                        text);
    }
    if (!*(const bool *)self && !is_loopback(&result)) {
        return S1_RAISE(err, S1_E_DENIED, "'%s' is not a loopback address", text);
    }
    *ret_address = result;
    return S1_OK;
}

/* Takes `fd`; closes it if there is no memory. */
static s1_rc wrap(int fd, s1_socket **ret_socket, s1_err *err)
{
    s1_socket *const handle = malloc(sizeof *handle);
    if (handle == NULL) {
        (void)close(fd);
        return S1_RAISE(err, S1_E_NO_MEMORY, "socket: no memory");
    }
    handle->fd = fd;
    *ret_socket = handle;
    return S1_OK;
}

static int open_socket(const address *at)
{
    return socket(at->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static s1_rc real_connect(void *self, const char *text, uint16_t port, s1_socket **ret_socket,
                          s1_err *err)
{
    address at;
    S1_TRY(err, resolve(self, text, port, &at, err));
    const int fd = open_socket(&at);
    if (fd < 0) {
        return S1_RAISE_SYS(err, errno, "socket for %s port %u", text, port);
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&at.storage, at.len) != 0 && errno != EINPROGRESS) {
        const int found = errno;
        (void)close(fd);
        return S1_RAISE_SYS(err, found, "connect to %s port %u", text, port);
    }
    return wrap(fd, ret_socket, err);
}

static s1_rc real_listen(void *self, const char *text, uint16_t port, s1_socket **ret_socket,
                         s1_err *err)
{
    address at;
    S1_TRY(err, resolve(self, text, port, &at, err));
    const int fd = open_socket(&at);
    if (fd < 0) {
        return S1_RAISE_SYS(err, errno, "socket for %s port %u", text, port);
    }
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&at.storage, at.len) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0) {
        const int found = errno;
        (void)close(fd);
        return S1_RAISE_SYS(err, found, "listen on %s port %u", text, port);
    }
    return wrap(fd, ret_socket, err);
}

static bool is_not_now(int sys_errno)
{
    return sys_errno == EAGAIN || sys_errno == EINTR || sys_errno == EINPROGRESS;
}

static s1_rc real_accept(void *self, s1_socket *listener, s1_socket **ret_socket,
                         bool *ret_would_block, s1_err *err)
{
    (void)self;
    const int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (is_not_now(errno) || errno == ECONNABORTED) {
            *ret_would_block = true;
            return S1_OK;
        }
        return S1_RAISE_SYS(err, errno, "accept");
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    S1_TRY(err, wrap(fd, ret_socket, err));
    *ret_would_block = false;
    return S1_OK;
}

/* What send and recv have in common: `moved` bytes, or errno in `found`. */
static s1_rc report(ssize_t moved, int found, const char *what, size_t *ret_len,
                    bool *ret_would_block, s1_err *err)
{
    if (moved < 0 && !is_not_now(found)) {
        const s1_rc rc = S1_RAISE(err, S1_E_IO, "%s: %s", what, s1_sys_text(found));
        if (err != NULL) {
            err->sys_errno = found;
        }
        return rc;
    }
    *ret_len = moved > 0 ? (size_t)moved : 0;
    *ret_would_block = moved < 0;
    return S1_OK;
}

static s1_rc real_send(void *self, s1_socket *to, const void *from, size_t len, size_t *ret_len,
                       bool *ret_would_block, s1_err *err)
{
    (void)self;
    const ssize_t moved = send(to->fd, from, len, MSG_NOSIGNAL);
    return report(moved, errno, "send", ret_len, ret_would_block, err);
}

static s1_rc real_recv(void *self, s1_socket *from, void *to, size_t len, size_t *ret_len,
                       bool *ret_would_block, s1_err *err)
{
    (void)self;
    const ssize_t moved = recv(from->fd, to, len, 0);
    return report(moved, errno, "recv", ret_len, ret_would_block, err);
}

static void real_close(void *self, s1_socket *handle)
{
    (void)self;
    if (handle != NULL) {
        (void)close(handle->fd);
        free(handle);
    }
}

static s1_rc real_local_port(void *self, s1_socket *handle, uint16_t *ret_port, s1_err *err)
{
    (void)self;
    address at = {.len = sizeof at.storage};
    if (getsockname(handle->fd, (struct sockaddr *)&at.storage, &at.len) != 0) {
        return S1_RAISE_SYS(err, errno, "getsockname");
    }
    if (at.storage.ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, &at.storage, sizeof v4);
        *ret_port = ntohs(v4.sin_port);
    } else {
        struct sockaddr_in6 v6;
        memcpy(&v6, &at.storage, sizeof v6);
        *ret_port = ntohs(v6.sin6_port);
    }
    return S1_OK;
}

static s1_rc real_poll(void *self, s1_net_poll *items, size_t count, s1_nanos timeout,
                       size_t *ret_ready, s1_err *err)
{
    (void)self;
    struct pollfd fds[POLL_ITEMS_MAX];
    if (count > POLL_ITEMS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "poll: found %zu sockets, expected at most %u", count,
                        POLL_ITEMS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned events = ((items[i].wanted & S1_NET_READABLE) != 0 ? POLLIN : 0u) |
                                ((items[i].wanted & S1_NET_WRITABLE) != 0 ? POLLOUT : 0u);
        fds[i] = (struct pollfd){.fd = items[i].socket->fd, .events = (short)events};
    }
    /* Whole milliseconds, rounded up: a deadline is never missed by waking early and spinning. */
    int wait = -1;
    if (timeout >= 0) {
        const s1_nanos milliseconds = timeout / 1000000 + (timeout % 1000000 != 0);
        wait = milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds;
    }
    const int ready = poll(fds, (nfds_t)count, wait);
    if (ready < 0 && errno != EINTR) {
        return S1_RAISE_SYS(err, errno, "poll of %zu sockets", count);
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned found = ready > 0 ? (unsigned)fds[i].revents : 0;
        items[i].ready = ((found & POLLIN) != 0 ? S1_NET_READABLE : 0u) |
                         ((found & POLLOUT) != 0 ? S1_NET_WRITABLE : 0u) |
                         ((found & (POLLERR | POLLHUP | POLLNVAL)) != 0 ? S1_NET_CLOSED : 0u);
    }
    *ret_ready = ready > 0 ? (size_t)ready : 0;
    return S1_OK;
}

/* The table's self is not const; the policies behind it are only read. */
#define NET_TABLE(policy)                                                                          \
    {.self = (void *)(uintptr_t)&(policy),                                                         \
     .connect = real_connect,                                                                      \
     .listen = real_listen,                                                                        \
     .accept = real_accept,                                                                        \
     .send = real_send,                                                                            \
     .recv = real_recv,                                                                            \
     .close = real_close,                                                                          \
     .local_port = real_local_port,                                                                \
     .poll = real_poll}

const s1_net *s1_net_real(void)
{
    static const s1_net net = NET_TABLE(allows_all);
    return &net;
}

const s1_net *s1_net_loopback(void)
{
    static const s1_net net = NET_TABLE(allows_loopback);
    return &net;
}

/* Waits for one event of one socket until the deadline. */
static s1_rc wait_for(const s1_net *net, const s1_clock *clock, s1_socket *socket, uint32_t event,
                      s1_nanos deadline, s1_err *err)
{
    const s1_nanos left = deadline - s1_clock_monotonic(clock);
    if (left <= 0) {
        const s1_rc rc = S1_RAISE(err, S1_E_IO, "deadline passed: %s", s1_sys_text(ETIMEDOUT));
        if (err != NULL) {
            err->sys_errno = ETIMEDOUT;
        }
        return rc;
    }
    s1_net_poll item = {.socket = socket, .wanted = event};
    size_t ready;
    S1_TRY(err, net->poll(net->self, &item, 1, left, &ready, err));
    return S1_OK;
}

s1_rc s1_net_send_all(const s1_net *net, const s1_clock *clock, s1_socket *socket, const void *from,
                      size_t len, s1_nanos deadline, s1_err *err)
{
    const uint8_t *at = from;
    while (len > 0) {
        size_t moved;
        bool would_block;
        S1_TRY(err, net->send(net->self, socket, at, len, &moved, &would_block, err));
        at += moved;
        len -= moved;
        if (len > 0 && would_block) {
            S1_TRY(err, wait_for(net, clock, socket, S1_NET_WRITABLE, deadline, err));
        }
    }
    return S1_OK;
}

s1_rc s1_net_recv_all(const s1_net *net, const s1_clock *clock, s1_socket *socket, void *to,
                      size_t len, s1_nanos deadline, s1_err *err)
{
    uint8_t *at = to;
    while (len > 0) {
        size_t moved;
        bool would_block;
        S1_TRY(err, net->recv(net->self, socket, at, len, &moved, &would_block, err));
        if (moved == 0 && !would_block) {
            const s1_rc rc =
                S1_RAISE(err, S1_E_IO, "the other side closed with %zu bytes outstanding", len);
            if (err != NULL) {
                err->sys_errno = ECONNRESET;
            }
            return rc;
        }
        at += moved;
        len -= moved;
        if (len > 0 && would_block) {
            S1_TRY(err, wait_for(net, clock, socket, S1_NET_READABLE, deadline, err));
        }
    }
    return S1_OK;
}
