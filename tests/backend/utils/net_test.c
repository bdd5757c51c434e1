#include "backend/utils/net.h"

#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND S1_NANOS_PER_SECOND

typedef struct pair {
    const s1_net *net;
    s1_socket *listener, *client, *server;
    uint16_t port;
} pair;

static void open_pair(pair *p, const char *address)
{
    bool would_block = true;
    size_t ready;
    p->net = s1_net_loopback();
    assert_int_equal(p->net->listen(p->net->self, address, 0, &p->listener, NULL), S1_OK);
    assert_int_equal(p->net->local_port(p->net->self, p->listener, &p->port, NULL), S1_OK);
    assert_true(p->port > 0);
    assert_int_equal(p->net->connect(p->net->self, address, p->port, &p->client, NULL), S1_OK);
    s1_net_poll item = {.socket = p->listener, .wanted = S1_NET_READABLE};
    assert_int_equal(p->net->poll(p->net->self, &item, 1, 5 * SECOND, &ready, NULL), S1_OK);
    assert_int_equal(ready, 1);
    assert_int_equal(item.ready, S1_NET_READABLE);
    assert_int_equal(p->net->accept(p->net->self, p->listener, &p->server, &would_block, NULL),
                     S1_OK);
    assert_false(would_block);
}

static void close_pair(pair *p)
{
    p->net->close(p->net->self, p->client);
    p->net->close(p->net->self, p->server);
    p->net->close(p->net->self, p->listener);
    p->net->close(p->net->self, NULL);
}

static void test_bytes_both_ways(void **state)
{
    (void)state;
    pair p;
    char buffer[16];
    open_pair(&p, "127.0.0.1");
    const s1_clock *const clock = s1_clock_real();
    const s1_nanos deadline = s1_clock_monotonic(clock) + 5 * SECOND;
    assert_int_equal(s1_net_send_all(p.net, clock, p.client, "ping", 4, deadline, NULL), S1_OK);
    assert_int_equal(s1_net_recv_all(p.net, clock, p.server, buffer, 4, deadline, NULL), S1_OK);
    assert_memory_equal(buffer, "ping", 4);
    assert_int_equal(s1_net_send_all(p.net, clock, p.server, "pong", 4, deadline, NULL), S1_OK);
    assert_int_equal(s1_net_recv_all(p.net, clock, p.client, buffer, 4, deadline, NULL), S1_OK);
    assert_memory_equal(buffer, "pong", 4);
    close_pair(&p);
}

static void test_nothing_there(void **state)
{
    (void)state;
    pair p;
    char buffer[16];
    size_t len = 9, ready;
    bool would_block = false;
    s1_socket *none;
    open_pair(&p, "127.0.0.1");
    assert_int_equal(
        p.net->recv(p.net->self, p.server, buffer, sizeof buffer, &len, &would_block, NULL), S1_OK);
    assert_int_equal(len, 0);
    assert_true(would_block);
    assert_int_equal(p.net->accept(p.net->self, p.listener, &none, &would_block, NULL), S1_OK);
    assert_true(would_block);
    s1_net_poll item = {.socket = p.server, .wanted = S1_NET_READABLE};
    assert_int_equal(p.net->poll(p.net->self, &item, 1, 1000000, &ready, NULL), S1_OK);
    assert_int_equal(ready, 0);
    assert_int_equal(item.ready, 0);
    close_pair(&p);
}

static void test_deadline_and_close(void **state)
{
    (void)state;
    pair p;
    char buffer[16];
    s1_err err = S1_ERR_INIT;
    open_pair(&p, "127.0.0.1");
    const s1_clock *const clock = s1_clock_real();
    const s1_nanos start = s1_clock_monotonic(clock);
    assert_int_equal(s1_net_recv_all(p.net, clock, p.server, buffer, 1, start + SECOND / 50, &err),
                     S1_E_IO);
    assert_int_equal(err.sys_errno, ETIMEDOUT);
    assert_true(s1_clock_monotonic(clock) - start >= SECOND / 50);
    p.net->close(p.net->self, p.client);
    p.client = NULL;
    assert_int_equal(s1_net_recv_all(p.net, clock, p.server, buffer, 1, start + 10 * SECOND, &err),
                     S1_E_IO);
    assert_int_equal(err.sys_errno, ECONNRESET);
    close_pair(&p);
}

/* More than the kernel buffers: sending stops with "not now", and times out if nobody reads. */
static void test_full_pipe(void **state)
{
    (void)state;
    pair p;
    enum { SIZE = 16 << 20 };
    char *const bytes = calloc(1, SIZE);
    s1_err err = S1_ERR_INIT;
    assert_non_null(bytes);
    open_pair(&p, "127.0.0.1");
    const s1_clock *const clock = s1_clock_real();
    assert_int_equal(s1_net_send_all(p.net, clock, p.client, bytes, SIZE,
                                     s1_clock_monotonic(clock) + SECOND / 20, &err),
                     S1_E_IO);
    assert_int_equal(err.sys_errno, ETIMEDOUT);
    close_pair(&p);
    free(bytes);
}

static void test_policy(void **state)
{
    (void)state;
    s1_socket *none;
    s1_err err = S1_ERR_INIT;
    const s1_net *const net = s1_net_loopback();
    assert_int_equal(net->connect(net->self, "192.0.2.1", 80, &none, &err), S1_E_DENIED);
    assert_int_equal(net->listen(net->self, "0.0.0.0", 0, &none, &err), S1_E_DENIED);
    assert_int_equal(net->connect(net->self, "::2", 80, &none, &err), S1_E_DENIED);
    assert_int_equal(net->connect(net->self, "example.org", 80, &none, &err), S1_E_INVALID);
    const s1_net *const real = s1_net_real();
    assert_int_equal(real->listen(real->self, "127.0.0.1", 0, &none, &err), S1_OK);
    real->close(real->self, none);
}

static void test_refused(void **state)
{
    (void)state;
    pair p;
    open_pair(&p, "127.0.0.1");
    const uint16_t port = p.port;
    close_pair(&p);
    s1_socket *client;
    s1_err err = S1_ERR_INIT;
    s1_rc rc = p.net->connect(p.net->self, "127.0.0.1", port, &client, &err);
    if (rc == S1_OK) { /* the refusal comes with the first use */
        const s1_clock *const clock = s1_clock_real();
        size_t ready;
        s1_net_poll item = {.socket = client, .wanted = S1_NET_WRITABLE};
        assert_int_equal(p.net->poll(p.net->self, &item, 1, 5 * SECOND, &ready, NULL), S1_OK);
        rc =
            s1_net_send_all(p.net, clock, client, "x", 1, s1_clock_monotonic(clock) + SECOND, &err);
        p.net->close(p.net->self, client);
    }
    assert_int_equal(rc, S1_E_IO);
    assert_int_equal(err.sys_errno, ECONNREFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_both_ways),
        cmocka_unit_test(test_nothing_there),
        cmocka_unit_test(test_deadline_and_close),
        cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
