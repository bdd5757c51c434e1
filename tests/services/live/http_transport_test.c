/* HTTP over loopback: what a server does, and the outcome it becomes. */
#include "services/live/http_transport.h"

#include "tests/support/cmocka.h"
#include "tests/support/exchange_thread.h"

#include <stdlib.h>

#define SECOND S1_NANOS_PER_SECOND

static const s1_sim_trade trades[] = {{1, 1600000000 * SECOND, 100000, 5, true},
                                      {2, 1600000001 * SECOND, 100010, 7, false}};
static const s1_sim_exchange_options exchange_options = {.id = "XXBTZUSD",
                                                         .altname = "XBTUSD",
                                                         .wsname = "XBT/USD",
                                                         .price_decimals = 1,
                                                         .lot_decimals = 8,
                                                         .trades = trades,
                                                         .trade_count = 2};

static s1_transport *new_transport(const char *address, bool (*is_stopping)(void *), void *user)
{
    s1_transport *transport = NULL;
    s1_err err = S1_ERR_INIT;
    const s1_http_transport_options options = {
        .clock = s1_clock_real(), .address = address, .is_stopping = is_stopping, .user = user};
    if (s1_http_transport_new(&options, &transport, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return transport;
}

static s1_wire_reply get(s1_transport *transport, const char *path, s1_nanos timeout, size_t max)
{
    s1_wire_reply reply = {0};
    s1_err err = S1_ERR_INIT;
    const s1_wire_request request = {.id = 5,
                                     .method = S1_WIRE_GET,
                                     .path = s1_str_of(path),
                                     .query = S1_STR("pair=XBTUSD&since=0"),
                                     .timeout = timeout,
                                     .reply_bytes_max = max};
    if (s1_transport_exchange(transport, &request, &reply, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(reply.id, 5);
    return reply;
}

static void test_replies(void **state)
{
    (void)state;
    s1_exchange_thread *const exchange = s1_exchange_thread_start(&exchange_options);
    s1_transport *const transport = new_transport(s1_exchange_thread_address(exchange), NULL, NULL);
    for (int i = 0; i < 3; i++) {
        const s1_wire_reply reply = get(transport, "/0/public/Trades", 5 * SECOND, 1u << 20);
        assert_int_equal(reply.outcome, S1_WIRE_REPLY);
        assert_int_equal(reply.status, 200);
        assert_true(
            s1_str_starts_with(reply.body, S1_STR("{\"error\":[],\"result\":{\"XXBTZUSD\"")));
        assert_true(s1_str_ends_with(reply.body, S1_STR("\"last\":\"1600000001000000000\"}}")));
        assert_true(reply.received > 1600000000 * SECOND);
    }
    const s1_wire_reply reply = get(transport, "/nothing", 5 * SECOND, 1u << 20);
    assert_true(s1_str_eq_cstr(reply.body, "{\"error\":[\"EGeneral:Unknown method\"]}"));
    assert_int_equal(get(transport, "/0/public/Trades", 5 * SECOND, 10).outcome, S1_WIRE_TOO_LARGE);
    s1_transport_free(transport);
    assert_int_equal(s1_exchange_thread_stop(exchange).requests, 5);
}

static void test_faults(void **state)
{
    (void)state;
    static const struct {
        int32_t fault, outcome, status;
    } faults[] = {
        {S1_SIM_HTTP_500, S1_WIRE_REPLY, 500},  {S1_SIM_HTTP_502, S1_WIRE_REPLY, 502},
        {S1_SIM_HTTP_429, S1_WIRE_REPLY, 429},  {S1_SIM_STALL, S1_WIRE_TIMEOUT, 0},
        {S1_SIM_CUT_BEFORE, S1_WIRE_CUT, 0},    {S1_SIM_CUT_WITHIN, S1_WIRE_CUT, 0},
        {S1_SIM_GARBAGE, S1_WIRE_REPLY, 200},   {S1_SIM_EMPTY, S1_WIRE_REPLY, 200},
        {S1_SIM_TRUNCATED, S1_WIRE_REPLY, 200},
    };
    s1_exchange_thread *const exchange = s1_exchange_thread_start(&exchange_options);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        s1_transport *const transport =
            new_transport(s1_exchange_thread_address(exchange), NULL, NULL);
        s1_exchange_thread_fail_next(exchange, faults[i].fault);
        const s1_wire_reply reply = get(transport, "/0/public/Trades", SECOND / 4, 1u << 20);
        assert_int_equal(reply.outcome, faults[i].outcome);
        if (faults[i].outcome == S1_WIRE_REPLY) {
            assert_int_equal(reply.status, faults[i].status);
        } else {
            assert_true(reply.detail.len > 0);
        }
        if (faults[i].fault == S1_SIM_HTTP_429) {
            assert_true(s1_str_find(reply.headers, S1_STR("Retry-After: 1\r\n"), 0) != S1_STR_NPOS);
        }
        /* the next one is right again */
        assert_int_equal(get(transport, "/0/public/Trades", 5 * SECOND, 1u << 20).status, 200);
        s1_transport_free(transport);
    }
    (void)s1_exchange_thread_stop(exchange);
}

static void test_nobody_there(void **state)
{
    (void)state;
    char address[64];
    s1_exchange_thread *const exchange = s1_exchange_thread_start(&exchange_options);
    (void)snprintf(address, sizeof address, "%s", s1_exchange_thread_address(exchange));
    (void)s1_exchange_thread_stop(exchange);
    s1_transport *const transport = new_transport(address, NULL, NULL);
    const s1_wire_reply reply = get(transport, "/0/public/Trades", 2 * SECOND, 1u << 20);
    assert_int_equal(reply.outcome, S1_WIRE_UNREACHABLE);
    assert_true(reply.detail.len > 0);
    s1_transport_free(transport);
}

static bool stop_third(void *user)
{
    int *const asked = user;
    return ++*asked >= 3;
}

static void test_stopping(void **state)
{
    (void)state;
    s1_exchange_thread *const exchange = s1_exchange_thread_start(&exchange_options);
    int asked = 0;
    s1_transport *const transport =
        new_transport(s1_exchange_thread_address(exchange), stop_third, &asked);
    s1_wire_reply reply;
    s1_err err = S1_ERR_INIT;
    s1_exchange_thread_fail_next(exchange, S1_SIM_STALL);
    const s1_wire_request request = {.method = S1_WIRE_GET,
                                     .path = S1_STR("/0/public/Time"),
                                     .timeout = 60 * SECOND,
                                     .reply_bytes_max = 1000};
    const s1_nanos start = s1_clock_monotonic(s1_clock_real());
    assert_int_equal(s1_transport_exchange(transport, &request, &reply, &err), S1_E_CANCELED);
    asked = 0;
    assert_int_equal(s1_transport_wait_until(transport, start + 60 * SECOND, &err), S1_E_CANCELED);
    asked = -1000;
    const s1_nanos from = s1_clock_monotonic(s1_clock_real());
    assert_int_equal(s1_transport_wait_until(transport, from + SECOND / 5, &err), S1_OK);
    assert_true(s1_clock_monotonic(s1_clock_real()) - from >= SECOND / 5);
    assert_true(s1_clock_monotonic(s1_clock_real()) - start < 20 * SECOND);
    s1_transport_free(transport);
    (void)s1_exchange_thread_stop(exchange);
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address, *message; /* NULL: fine */
    } addresses[] = {
        {"https://api.kraken.com", NULL},
        {"https://api.kraken.com/", NULL},
        {"http://127.0.0.1:8080", NULL},
        {"http://[::1]:8080/prefix", NULL},
        {"http://localhost:80", NULL},
        {"http://api.kraken.com", "expected https: plain http is for 127.0.0.1 only"},
        {"http://127.0.0.1.example.org", "expected https: plain http is for 127.0.0.1 only"},
        {"http://localhost.example.org", "expected https: plain http is for 127.0.0.1 only"},
        {"http://user@127.0.0.1", "expected https://HOST[:PORT][/PATH]"},
        {"ftp://127.0.0.1", "found 'ftp://127.0.0.1', expected https://HOST[:PORT][/PATH]"},
        {"api.kraken.com", "found 'api.kraken.com', expected https://HOST[:PORT][/PATH]"},
        {"https://", "expected https://HOST[:PORT][/PATH]"},
        {"https://host/?a=b", "expected https://HOST[:PORT][/PATH]"},
        {"", "found '', expected https://HOST[:PORT][/PATH]"},
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        s1_transport *transport = NULL;
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = s1_http_transport_new(
            &(s1_http_transport_options){.clock = s1_clock_real(), .address = addresses[i].address},
            &transport, &err);
        assert_int_equal(rc, addresses[i].message == NULL ? S1_OK : S1_E_INVALID);
        if (addresses[i].message != NULL && strstr(err.msg, addresses[i].message) == NULL) {
            fail_msg("found '%s', expected '%s'", err.msg, addresses[i].message);
        }
        s1_transport_free(transport);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies),      cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nobody_there), cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests_name("http_transport", tests, NULL, NULL);
}
