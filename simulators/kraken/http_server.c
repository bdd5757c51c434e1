#include "simulators/kraken/http_server.h"

#include <stdlib.h>

#define CONNECTIONS_MAX   32u
#define REQUEST_BYTES_MAX 16384u
#define REPLY_BYTES_MAX   (8u << 20)
#define SEND_TIMEOUT      (5 * S1_NANOS_PER_SECOND)

typedef struct connection {
    s1_socket *socket; /* NULL: free */
    size_t length;
    char request[REQUEST_BYTES_MAX];
} connection;

struct s1_sim_server {
    const s1_net *net;
    const s1_clock *clock;
    s1_sim_exchange *exchange;
    s1_socket *listener;
    uint16_t port;
    connection connections[CONNECTIONS_MAX];
    s1_sim_reply reply;
    s1_strbuf head;
};

s1_rc s1_sim_server_new(s1_sim_exchange *exchange, const s1_clock *clock, uint16_t port,
                        s1_sim_server **ret_server, s1_err *err)
{
    s1_sim_server *const server = calloc(1, sizeof *server);
    if (server == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a server");
    }
    server->net = s1_net_loopback();
    server->clock = clock;
    server->exchange = exchange;
    s1_strbuf_init(&server->reply.body, REPLY_BYTES_MAX);
    s1_strbuf_init(&server->head, 4096);
    s1_rc rc = server->net->listen(server->net->self, "127.0.0.1", port, &server->listener, err);
    if (rc == S1_OK) {
        rc = server->net->local_port(server->net->self, server->listener, &server->port, err);
    }
    if (rc != S1_OK) {
        s1_sim_server_free(server);
        return rc;
    }
    *ret_server = server;
    return S1_OK;
}

void s1_sim_server_free(s1_sim_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        server->net->close(server->net->self, server->connections[i].socket);
    }
    server->net->close(server->net->self, server->listener);
    s1_strbuf_done(&server->reply.body);
    s1_strbuf_done(&server->head);
    free(server);
}

uint16_t s1_sim_server_port(const s1_sim_server *server)
{
    return server->port;
}

static void hang_up(s1_sim_server *server, connection *c)
{
    server->net->close(server->net->self, c->socket);
    c->socket = NULL;
    c->length = 0;
}

static bool send_all(s1_sim_server *server, connection *c, const void *bytes, size_t length)
{
    s1_err ignored = S1_ERR_INIT;
    return s1_net_send_all(server->net, server->clock, c->socket, bytes, length,
                           s1_clock_monotonic(server->clock) + SEND_TIMEOUT, &ignored) == S1_OK;
}

static void answer(s1_sim_server *server, connection *c, s1_str target)
{
    s1_sim_reply *const reply = &server->reply;
    s1_sim_exchange_handle(server->exchange, target, s1_clock_monotonic(server->clock), reply);
    if (reply->fault == S1_SIM_STALL) {
        return;
    }
    if (reply->fault == S1_SIM_CUT_BEFORE) {
        hang_up(server, c);
        return;
    }
    s1_strbuf *const head = &server->head;
    s1_strbuf_clear(head);
    s1_strbuf_printf(head, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", reply->status,
                     reply->status == 200 ? "OK" : "Error",
                     reply->is_html ? "text/html" : "application/json; charset=utf-8");
    if (reply->retry_after > 0) {
        s1_strbuf_printf(head, "Retry-After: %u\r\n", reply->retry_after);
    }
    s1_strbuf_printf(head, "Content-Length: %zu\r\n\r\n", reply->body.len);
    const bool is_cut = reply->fault == S1_SIM_CUT_WITHIN;
    const size_t length = is_cut ? reply->body.len / 2 : reply->body.len;
    if (!send_all(server, c, head->data, head->len) ||
        !send_all(server, c, reply->body.data, length) || is_cut) {
        hang_up(server, c);
    }
}

/* Every whole request that has come. */
static void serve(s1_sim_server *server, connection *c)
{
    for (;;) {
        const s1_str text = {c->request, c->length};
        const size_t end = s1_str_find(text, S1_STR("\r\n\r\n"), 0);
        if (end == S1_STR_NPOS) {
            if (c->length == sizeof c->request) {
                hang_up(server, c);
            }
            return;
        }
        const size_t from = s1_str_find_byte(text, ' ', 0);
        const size_t to = from < end ? s1_str_find_byte(text, ' ', from + 1) : S1_STR_NPOS;
        if (to == S1_STR_NPOS || to > end) {
            hang_up(server, c);
            return;
        }
        answer(server, c, s1_str_slice(text, from + 1, to));
        if (c->socket == NULL) {
            return;
        }
        c->length -= end + 4;
        memmove(c->request, c->request + end + 4, c->length);
    }
}

static void receive(s1_sim_server *server, connection *c)
{
    size_t length = 0;
    bool would_block = false;
    s1_err ignored = S1_ERR_INIT;
    if (server->net->recv(server->net->self, c->socket, c->request + c->length,
                          sizeof c->request - c->length, &length, &would_block,
                          &ignored) != S1_OK ||
        (length == 0 && !would_block)) {
        hang_up(server, c);
        return;
    }
    c->length += length;
    serve(server, c);
}

static s1_rc take_in(s1_sim_server *server, s1_err *err)
{
    bool would_block = false;
    s1_socket *socket = NULL;
    S1_TRY(err,
           server->net->accept(server->net->self, server->listener, &socket, &would_block, err));
    for (size_t i = 0; i < CONNECTIONS_MAX && !would_block; i++) {
        if (server->connections[i].socket == NULL) {
            server->connections[i].socket = socket;
            return S1_OK;
        }
    }
    if (!would_block) {
        server->net->close(server->net->self, socket);
    }
    return S1_OK;
}

s1_rc s1_sim_server_step(s1_sim_server *server, s1_nanos timeout, s1_err *err)
{
    s1_net_poll items[CONNECTIONS_MAX + 1];
    size_t owners[CONNECTIONS_MAX + 1], count = 0, ready = 0;
    items[count++] = (s1_net_poll){.socket = server->listener, .wanted = S1_NET_READABLE};
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (server->connections[i].socket != NULL) {
            owners[count] = i;
            items[count++] =
                (s1_net_poll){.socket = server->connections[i].socket, .wanted = S1_NET_READABLE};
        }
    }
    S1_TRY(err, server->net->poll(server->net->self, items, count, timeout, &ready, err));
    for (size_t i = 1; i < count && ready > 0; i++) {
        if (items[i].ready != 0) {
            receive(server, &server->connections[owners[i]]);
        }
    }
    return items[0].ready != 0 ? take_in(server, err) : S1_OK;
}
