/* Kraken's public REST as a machine: recorded replies, every documented refusal, bad replies one by
 * one, and whole histories out of a simulated exchange that misbehaves. No socket, no real time. */
#include "backend/connectors/kraken/kraken_public.h"

#include "backend/connectors/pacing.h"
#include "backend/connectors/wire_number.h"
#include "backend/utils/fs.h"
#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"
#include "simulators/kraken/exchange.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

#define SECOND S1_NANOS_PER_SECOND
#define TRADES 7000u

/* --- Driving it --------------------------------------------------------------------------- */

static const s1_stream_key trades_key = {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES};
static const s1_stream_key minutes_key = {
    .asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_OHLCV, .timeframe = S1_NANOS_PER_MINUTE};

static const char pairs_body[] =
    "{\"error\":[],\"result\":{\"XXBTZUSD\":{\"altname\":\"XBTUSD\",\"wsname\":\"XBT\\/USD\","
    "\"pair_decimals\":1,\"lot_decimals\":8}}}";

static s1_connector *new_connector(const s1_kraken_public_options *options)
{
    s1_connector *connector = NULL;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_kraken_public_new(options, &connector, &err), S1_OK);
    return connector;
}

static void open_range(s1_connector *connector, const s1_stream_key *key, s1_nanos from,
                       s1_nanos to)
{
    s1_err err = S1_ERR_INIT;
    const s1_history_request request = {*key, {from, to}};
    assert_int_equal(s1_connector_open_history(connector, &request, &err), S1_OK);
}

static s1_wire_request next(s1_connector *connector, s1_nanos now)
{
    s1_wire_request request = {0};
    bool is_done = false;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_connector_next_request(connector, now, &request, &is_done, &err), S1_OK);
    assert_false(is_done);
    return request;
}

static bool is_done(s1_connector *connector)
{
    s1_wire_request request;
    bool done = false;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_connector_next_request(connector, 0, &request, &done, &err), S1_OK);
    return done;
}

/* Answers the next request with status 200 and this body. */
static s1_rc answer(s1_connector *connector, s1_str body, s1_history_page *page, s1_err *err)
{
    const s1_wire_request request = next(connector, 0);
    const s1_wire_reply reply = {
        .id = request.id, .outcome = S1_WIRE_REPLY, .status = 200, .body = body};
    *err = S1_ERR_INIT;
    return s1_connector_on_reply(connector, &reply, page, err);
}

static void answer_pair(s1_connector *connector)
{
    s1_history_page page;
    s1_err err;
    assert_int_equal(answer(connector, s1_str_of(pairs_body), &page, &err), S1_OK);
    assert_int_equal(page.verdict, S1_PAGE_ROWS);
    assert_int_equal(page.count, 0);
}

static s1_strbuf read_fixture(const char *name)
{
    const char *const shared = s1_proc_getenv("S1_SHARED");
    char path[S1_PATH_MAX];
    s1_strbuf text;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&text, 1u << 20);
    (void)snprintf(path, sizeof path, "%s/kraken/fixtures/kraken-async-rs/rest/%s",
                   shared != NULL ? shared : "../shared", name);
    if (s1_fs_read_all(s1_fs_real(), path, 1u << 20, &text, &err) != S1_OK) {
        print_message("skipped: no %s\n", path);
        s1_strbuf_clear(&text);
    }
    return text;
}

/* --- Recorded replies --------------------------------------------------------------------- */

static void test_recorded_trades(void **state)
{
    (void)state;
    s1_strbuf pairs = read_fixture("tradable_asset_pairs.json");
    s1_strbuf body = read_fixture("recent_trades.json");
    if (pairs.len > 0 && body.len > 0) {
        s1_connector *const connector = new_connector(NULL);
        s1_history_page page;
        s1_err err;
        open_range(connector, &trades_key, 1701019771 * SECOND, 1701019847 * SECOND);
        assert_int_equal(answer(connector, s1_strbuf_view(&pairs), &page, &err), S1_OK);
        assert_int_equal(page.verdict, S1_PAGE_ROWS);
        const s1_wire_request request = next(connector, 0);
        assert_true(s1_str_eq_cstr(request.path, "/0/public/Trades"));
        assert_true(
            s1_str_eq_cstr(request.query, "pair=XBTUSD&since=1701019770999999000&count=1000"));
        const s1_wire_reply reply = {.id = request.id,
                                     .outcome = S1_WIRE_REPLY,
                                     .status = 200,
                                     .body = s1_strbuf_view(&body)};
        assert_int_equal(s1_connector_on_reply(connector, &reply, &page, &err), S1_OK);
        assert_int_equal(page.verdict, S1_PAGE_ROWS);
        assert_int_equal(page.count, 31);
        assert_int_equal(page.price_scale, 1);
        assert_int_equal(page.qty_scale, 8);
        const s1_nanos *const time = page.columns[S1_TRADE_TIME];
        const int64_t *const price = page.columns[S1_TRADE_PRICE];
        const int64_t *const quantity = page.columns[S1_TRADE_QUANTITY];
        const uint8_t *const side = page.columns[S1_TRADE_SIDE];
        const int64_t *const id = page.columns[S1_TRADE_ID];
        assert_int_equal(time[0], 1701019771038366300);
        assert_int_equal(price[0], 372470);
        assert_int_equal(quantity[0], 26451);
        assert_int_equal(side[0], S1_TRADE_BUY);
        assert_int_equal(id[0], 64754585);
        assert_int_equal(time[9], 1701019796879960000); /* "1701019796.87996" */
        assert_int_equal(side[9], S1_TRADE_SELL);
        assert_int_equal(id[30], 64754615);
        assert_int_equal(page.complete_to, 1701019846708643400);
        s1_connector_free(connector);
    }
    s1_strbuf_done(&pairs);
    s1_strbuf_done(&body);
}

static void test_recorded_bars(void **state)
{
    (void)state;
    s1_strbuf body = read_fixture("ohlc_data.json");
    if (body.len > 0) {
        s1_connector *const connector = new_connector(NULL);
        s1_history_page page;
        s1_err err;
        open_range(connector, &minutes_key, 1700980260 * SECOND, 1701030000 * SECOND);
        answer_pair(connector);
        assert_int_equal(answer(connector, s1_strbuf_view(&body), &page, &err), S1_OK);
        assert_int_equal(page.count, 17); /* of 18: the last one is not closed */
        assert_int_equal(page.price_scale, 1);
        assert_int_equal(page.vwap_scale, 1);
        const int64_t *const low = page.columns[S1_BAR_LOW], *const vwap =
                                                                 page.columns[S1_BAR_VWAP];
        const int64_t *const volume = page.columns[S1_BAR_VOLUME];
        const int64_t *const count = page.columns[S1_BAR_TRADES];
        const s1_nanos *const time = page.columns[S1_BAR_TIME];
        assert_int_equal(time[7], 1700980680 * SECOND);
        assert_int_equal(low[7], 377693);
        assert_int_equal(vwap[7], 377775);
        assert_int_equal(volume[7], 72632834);
        assert_int_equal(count[7], 13);
        assert_true(is_done(connector));
        s1_connector_free(connector);
    }
    s1_strbuf_done(&body);
}

/* --- What Kraken refuses ------------------------------------------------------------------ */

static const struct {
    const char *error;
    int32_t verdict; /* 0: an error ... */
    s1_rc rc;        /* ... of this code */
} refusals[] = {
    {"EGeneral:Permission denied", 0, S1_E_DENIED},
    {"EAPI:Invalid key", 0, S1_E_DENIED},
    {"EQuery:Unknown asset pair", 0, S1_E_NOT_FOUND},
    {"EGeneral:Invalid arguments:type", 0, S1_E_DENIED},
    {"EGeneral:Unknown Method", 0, S1_E_DENIED},
    {"EAPI:Rate limit exceeded", S1_PAGE_LIMITED, S1_OK},
    {"EGeneral:Too many requests", S1_PAGE_LIMITED, S1_OK},
    {"EGeneral:Temporary lockout", S1_PAGE_LIMITED, S1_OK},
    {"EService: Throttled: 1701019900", S1_PAGE_LIMITED, S1_OK},
    {"EService:Unavailable", S1_PAGE_AGAIN, S1_OK},
    {"EService:Busy", S1_PAGE_AGAIN, S1_OK},
    {"EGeneral:Internal error", S1_PAGE_AGAIN, S1_OK},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        s1_connector *const connector = new_connector(NULL);
        s1_history_page page;
        s1_err err;
        char body[200];
        open_range(connector, &trades_key, 0, SECOND);
        answer_pair(connector);
        (void)snprintf(body, sizeof body, "{\"error\":[\"%s\"]}", refusals[i].error);
        assert_int_equal(answer(connector, s1_str_of(body), &page, &err), refusals[i].rc);
        if (refusals[i].rc == S1_OK) {
            assert_int_equal(page.verdict, refusals[i].verdict);
            assert_string_equal(page.reason, refusals[i].error);
            assert_false(is_done(connector));
        } else {
            assert_non_null(strstr(err.msg, refusals[i].error));
        }
        s1_connector_free(connector);
    }
}

static s1_rc outcome(s1_connector *connector, s1_nanos now, int32_t what, int32_t status,
                     const char *headers, s1_history_page *page)
{
    s1_err err = S1_ERR_INIT;
    const s1_wire_request request = next(connector, now);
    const s1_wire_reply reply = {.id = request.id,
                                 .outcome = what,
                                 .status = status,
                                 .headers = s1_str_of(headers),
                                 .detail = S1_STR("it broke"),
                                 .now = now};
    return s1_connector_on_reply(connector, &reply, page, &err);
}

/* Waits double, stay below a minute, and grant what the exchange asks for; then it gives up. */
static void test_waits(void **state)
{
    (void)state;
    s1_connector *const connector =
        new_connector(&(s1_kraken_public_options){.max_attempts = 9, .spacing = -1});
    s1_history_page page;
    open_range(connector, &trades_key, 0, SECOND);
    static const int64_t full[] = {2, 4, 8, 16, 32, 60, 60, 60};
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(
            outcome(connector, 0, i % 2 == 0 ? S1_WIRE_CUT : S1_WIRE_REPLY, 503, "", &page), S1_OK);
        assert_int_equal(page.verdict, S1_PAGE_AGAIN);
        assert_in_range(page.retry_at, full[i] * SECOND * 3 / 4, full[i] * SECOND);
        assert_int_equal(page.attempt, i + 1);
        assert_int_equal(next(connector, 0).not_before, page.retry_at);
    }
    assert_int_equal(outcome(connector, 0, S1_WIRE_TIMEOUT, 0, "", &page), S1_E_IO);
    open_range(connector, &trades_key, 0, SECOND);
    assert_int_equal(
        outcome(connector, 0, S1_WIRE_REPLY, 429, "Date: x\r\nRetry-After: 7\r\n", &page), S1_OK);
    assert_int_equal(page.verdict, S1_PAGE_LIMITED);
    assert_int_equal(page.retry_at, 7 * SECOND);
    assert_int_equal(outcome(connector, 0, S1_WIRE_REPLY, 404, "", &page), S1_E_DENIED);
    s1_connector_free(connector);
}

/* A request a second; a counter of three lets three through at once. */
static void test_pacing(void **state)
{
    (void)state;
    s1_connector *const connector = new_connector(NULL);
    open_range(connector, &trades_key, 0, SECOND);
    assert_int_equal(next(connector, 100).not_before, 100);
    assert_int_equal(next(connector, 200).not_before, 100 + SECOND);
    assert_int_equal(next(connector, 5 * SECOND).not_before, 5 * SECOND);
    s1_connector_free(connector);
    s1_pacing pacing;
    s1_pacing_init(&pacing, &(s1_pacing_options){.counter_max = 3, .decay = SECOND});
    for (int64_t i = 0; i < 6; i++) {
        const s1_nanos at = s1_pacing_not_before(&pacing, 1, 0);
        assert_int_equal(at, i < 3 ? 0 : (i - 2) * SECOND);
        s1_pacing_on_send(&pacing, 1, at);
    }
}

/* --- Replies that are not what they should be --------------------------------------------- */

#define ROW "[\"10.0\",\"1.0\",5.5,\"b\",\"l\",\"\",7]"
static const struct {
    const char *body, *reason; /* reason: part of it */
} bad_trades[] = {
    {"", "found no JSON at byte 0"},
    {"<html>", "found no JSON at byte 0"},
    {"[]", "a reply: found an array, expected an object"},
    {"{}", "a reply: found no 'error', expected one"},
    {"{\"error\":[]}", "a reply: found neither an error nor a result"},
    {"{\"error\":{}}", "'error': found an object, expected an array"},
    {"{\"error\":[5]}", "'error': found a number, expected texts"},
    {"{\"error\":[],\"result\":5,\"result\":6}", "expected 'error' and 'result', each once"},
    {"{\"error\":[],\"result\":5}", "a result: found a number, expected an object"},
    {"{\"error\":[],\"result\":{\"last\":\"5\"}}", "found no rows, expected XXBTZUSD and 'last'"},
    {"{\"error\":[],\"result\":{\"XXBTZUSD\":[" ROW "]}}", "found no 'last'"},
    {"{\"error\":[],\"result\":{\"XETHZUSD\":[" ROW "],\"last\":\"5\"}}",
     "a result: found 'XETHZUSD', expected XXBTZUSD and 'last' once"},
    {"{\"error\":[],\"result\":{\"XXBTZUSD\":[" ROW ",7],\"last\":\"6000000000\"}}",
     "row 2: found a number, expected an array"},
    {"{\"error\":[],\"result\":{\"XXBTZUSD\":[" ROW "],\"last\":\"5\"}}",
     "'last': found 5, expected the last row's time of 5500000000 ns or later"},
    {"{\"error\":[],\"result\":{\"XXBTZUSD\":[" ROW "],\"last\":\"x\"}}",
     "'last': found 'x', expected a whole number"},
    {"{\"error\":[],\"result\":{\"XXBTZUSD\":[" ROW "," ROW "],\"last\":\"6000000000\"}}",
     "row 2: trade id: found 7 behind 7, expected rising ids"},
};
static const struct {
    const char *row, *reason;
} bad_rows[] = {
    {"[]", "row 1: price: found ']', expected a text"},
    {"[10.0,\"1.0\",5.5,\"b\",\"l\",\"\",7]", "row 1: price: found a number, expected a text"},
    {"[\"-10\",\"1.0\",5.5,\"b\",\"l\",\"\",7]",
     "row 1: price: found '-10', expected a decimal number"},
    {"[\"1e5\",\"1.0\",5.5,\"b\",\"l\",\"\",7]",
     "row 1: price: found '1e5', expected a decimal number"},
    {"[\"NaN\",\"1.0\",5.5,\"b\",\"l\",\"\",7]",
     "row 1: price: found 'NaN', expected a decimal number"},
    {"[\"\",\"1.0\",5.5,\"b\",\"l\",\"\",7]", "row 1: price: found '', expected a decimal number"},
    {"[\"0.0\",\"1.0\",5.5,\"b\",\"l\",\"\",7]", "row 1: price: found 0, expected more"},
    {"[\"1234567890123456789\",\"1.0\",5.5,\"b\",\"l\",\"\",7]",
     "row 1: price: found '1234567890123456789', expected at most 18 digits"},
    {"[\"1.\",\"1.0\",5.5,\"b\",\"l\",\"\",7]", "row 1: price: found '1.', expected a decimal"},
    {"[\"10.0\",null,5.5,\"b\",\"l\",\"\",7]", "row 1: volume: found null, expected a text"},
    {"[\"10.0\",\"1\",\"5.5\",\"b\",\"l\",\"\",7]", "row 1: time: found a text, expected a number"},
    {"[\"10.0\",\"1\",5e3,\"b\",\"l\",\"\",7]", "row 1: time: found '5e3', expected seconds since"},
    {"[\"10.0\",\"1\",-5,\"b\",\"l\",\"\",7]", "row 1: time: found '-5', expected seconds since"},
    {"[\"10.0\",\"1\",99999999999,\"b\",\"l\",\"\",7]", "row 1: time: found '99999999999'"},
    {"[\"10.0\",\"1\",5.1234567891,\"b\",\"l\",\"\",7]", "at most 9 digits of fraction"},
    {"[\"10.0\",\"1\",5.5,\"x\",\"l\",\"\",7]", "row 1: side: found 'x', expected 'b' or 's'"},
    {"[\"10.0\",\"1\",5.5,\"b\",5,\"\",7]", "row 1: order type: found a number, expected a text"},
    {"[\"10.0\",\"1\",5.5,\"b\",\"l\",{},7]", "row 1: misc: found an object, expected a text"},
    {"[\"10.0\",\"1\",5.5,\"b\",\"l\",\"\"]", "row 1: trade id: found ']', expected a number"},
    {"[\"10.0\",\"1\",5.5,\"b\",\"l\",\"\",7.5]",
     "row 1: trade id: found '7.5', expected a whole number"},
    {"[\"10.0\",\"1\",5.5,\"b\",\"l\",\"\",7],[\"10.0\",\"1\",5.4,\"b\",\"l\",\"\",8]",
     "row 2: time: found 5400000000 ns behind 5500000000, expected it not to fall"},
    {"[\"10.000000001\",\"1\",5.5,\"b\",\"l\",\"\",7],"
     "[\"99999999999\",\"1\",5.6,\"b\",\"l\",\"\",8]",
     "row 2: found a number of more than 18 digits at 9 behind the point, as other rows have"},
};

static void check_bad(const s1_stream_key *key, s1_str body, const char *reason)
{
    s1_connector *const connector = new_connector(&(s1_kraken_public_options){.max_attempts = 2});
    s1_history_page page;
    s1_err err;
    open_range(connector, key, 0, 9 * SECOND);
    answer_pair(connector);
    assert_int_equal(answer(connector, body, &page, &err), S1_OK);
    assert_int_equal(page.verdict, S1_PAGE_AGAIN);
    if (strstr(page.reason, reason) == NULL) {
        fail_msg("found '%s', expected '%s'", page.reason, reason);
    }
    assert_int_equal(answer(connector, body, &page, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "gave up after 2 attempts"));
    s1_connector_free(connector);
}

static void test_bad_trades(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_trades / sizeof bad_trades[0]; i++) {
        check_bad(&trades_key, s1_str_of(bad_trades[i].body), bad_trades[i].reason);
    }
    for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
                       "{\"error\":[],\"result\":{\"XXBTZUSD\":[%s],\"last\":\"6000000000\"}}",
                       bad_rows[i].row);
        check_bad(&trades_key, s1_str_of(body), bad_rows[i].reason);
    }
}

static void test_bad_bars(void **state)
{
    (void)state;
    static const struct {
        const char *row, *reason;
    } rows[] = {
        {"[61,\"1\",\"2\",\"1\",\"2\",\"1\",\"5\",1]",
         "row 1: time: found 61, expected a multiple of 60 s"},
        {"[60,\"1\",\"2\",\"1\",\"3\",\"1\",\"5\",1]",
         "row 1: found open 10, high 20, low 10, close 30 at scale 1"},
        {"[60,\"0\",\"2\",\"0\",\"1\",\"1\",\"5\",1]", "row 1: found open 0, high 20, low 0"},
        {"[60,\"1\",\"2\",\"1\",\"2\",\"1\",\"5\",\"1\"]",
         "row 1: count: found a text, expected a number"},
        {"[60,\"1\",\"2\",\"1\",\"2\",\"1\",\"5\",1],[60,\"1\",\"2\",\"1\",\"2\",\"1\",\"5\",1]",
         "row 2: time: found 60 behind 60, expected it to rise"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
                       "{\"error\":[],\"result\":{\"XXBTZUSD\":[%s],\"last\":60}}", rows[i].row);
        check_bad(&minutes_key, s1_str_of(body), rows[i].reason);
    }
}

/* Older rows may have more digits than the pair has now. */
static void test_scales(void **state)
{
    (void)state;
    static const char body[] =
        "{\"error\":[],\"result\":{\"XXBTZUSD\":["
        "[\"122.00000\",\"0.1\",1.0,\"b\",\"l\",\"\",1],[\"123.61000\",\"0.10000000\",2.0,\"s\","
        "\"m\",\"\",2,\"one day\",[5,{\"a\":1}]]],\"last\":\"2000000000\"}}";
    s1_connector *const connector = new_connector(NULL);
    s1_history_page page;
    s1_err err;
    open_range(connector, &trades_key, 0, 9 * SECOND);
    answer_pair(connector);
    assert_int_equal(answer(connector, s1_str_of(body), &page, &err), S1_OK);
    const int64_t *const price = page.columns[S1_TRADE_PRICE];
    const int64_t *const quantity = page.columns[S1_TRADE_QUANTITY];
    assert_int_equal(page.price_scale, 2);
    assert_int_equal(price[0], 12200);
    assert_int_equal(price[1], 12361);
    assert_int_equal(page.qty_scale, 8);
    assert_int_equal(quantity[0], 10000000);
    s1_connector_free(connector);
}

static void test_what_it_has(void **state)
{
    (void)state;
    s1_connector *const connector = new_connector(NULL);
    s1_nanos from = 0;
    s1_err err = S1_ERR_INIT;
    s1_stream_key key = minutes_key;
    key.timeframe = 7 * S1_NANOS_PER_MINUTE;
    assert_int_equal(s1_connector_get_reach(connector, &key, SECOND, &from, &err),
                     S1_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "found timeframe 7m, expected 1m, 5m"));
    assert_int_equal(s1_connector_get_reach(connector, &trades_key, SECOND, &from, &err), S1_OK);
    assert_int_equal(from, INT64_MIN);
    const s1_nanos now = 1700000000 * SECOND;
    assert_int_equal(s1_connector_get_reach(connector, &minutes_key, now, &from, &err), S1_OK);
    assert_in_range(now - from, 718 * S1_NANOS_PER_MINUTE, 719 * S1_NANOS_PER_MINUTE);
    s1_connector_free(connector);
}

/* --- Whole histories ---------------------------------------------------------------------- */

typedef struct world {
    s1_sim_trade *trades;
    s1_sim_exchange exchange;
    s1_sim_reply reply;
    s1_connector *connector;
    s1_nanos now;
    uint64_t requests, again, repeated;
    s1_str last_reason;
} world;

static void world_init(world *w, const s1_sim_exchange_options *options,
                       const s1_kraken_public_options *client, uint64_t seed)
{
    *w = (world){.trades = calloc(TRADES, sizeof *w->trades)};
    assert_non_null(w->trades);
    s1_sim_trades_random(w->trades, TRADES, 1600000000 * SECOND, 10 * SECOND, seed);
    s1_sim_exchange_options o = *options;
    o.id = "XXBTZUSD";
    o.altname = "XBTUSD";
    o.wsname = "XBT/USD";
    o.price_decimals = 1;
    o.lot_decimals = 8;
    o.trades = w->trades;
    o.trade_count = o.trade_count == 0 ? TRADES : o.trade_count;
    o.seed = seed;
    s1_sim_exchange_init(&w->exchange, &o);
    s1_strbuf_init(&w->reply.body, 8u << 20);
    w->connector = new_connector(client);
}

static void world_done(world *w)
{
    s1_connector_free(w->connector);
    s1_strbuf_done(&w->reply.body);
    free(w->trades);
}

/* One request there and back. */
static s1_rc step(world *w, s1_history_page *page, bool *ret_is_done, s1_err *err)
{
    s1_wire_request request;
    assert_int_equal(s1_connector_next_request(w->connector, w->now, &request, ret_is_done, err),
                     S1_OK);
    if (*ret_is_done) {
        return S1_OK;
    }
    assert_true(request.not_before >= w->now);
    w->now = request.not_before;
    char target[512];
    (void)snprintf(target, sizeof target, "%.*s?%.*s", S1_STR_ARG(request.path),
                   S1_STR_ARG(request.query));
    s1_sim_exchange_handle(&w->exchange, s1_str_of(target), w->now, &w->reply);
    const int32_t fault = w->reply.fault;
    w->now += SECOND / 20;
    w->requests++;
    const s1_wire_reply reply = {.id = request.id,
                                 .outcome = fault == S1_SIM_STALL        ? S1_WIRE_TIMEOUT
                                            : fault == S1_SIM_CUT_BEFORE ? S1_WIRE_CUT
                                            : fault == S1_SIM_CUT_WITHIN ? S1_WIRE_CUT
                                                                         : S1_WIRE_REPLY,
                                 .status = w->reply.status,
                                 .headers = w->reply.retry_after > 0 ? S1_STR("retry-after: 1")
                                                                     : S1_STR(""),
                                 .body = s1_strbuf_view(&w->reply.body),
                                 .now = w->now};
    return s1_connector_on_reply(w->connector, &reply, page, err);
}

/* Reads [from, to) and holds every row against the exchange's truth. */
static void check_trades(world *w, s1_nanos from, s1_nanos to)
{
    size_t at = 0;
    bool done = false;
    s1_nanos complete_to = INT64_MIN;
    const size_t count = w->exchange.options.trade_count;
    while (at < count && w->trades[at].time < from) {
        at++;
    }
    open_range(w->connector, &trades_key, from, to);
    for (;;) {
        s1_history_page page;
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = step(w, &page, &done, &err);
        if (rc != S1_OK) {
            fail_msg("%s", err.msg);
        }
        if (done) {
            break;
        }
        if (page.verdict != S1_PAGE_ROWS) {
            w->again++;
            continue;
        }
        w->repeated += page.repeated;
        const s1_nanos *const time = page.columns[S1_TRADE_TIME];
        const int64_t *const price = page.columns[S1_TRADE_PRICE];
        const int64_t *const quantity = page.columns[S1_TRADE_QUANTITY];
        const int64_t *const id = page.columns[S1_TRADE_ID];
        const uint8_t *const side = page.columns[S1_TRADE_SIDE];
        for (size_t i = 0; i < page.count; i++, at++) {
            const s1_sim_trade *const t = &w->trades[at];
            assert_true(at < count);
            assert_int_equal(id[i], t->id);
            assert_int_equal(time[i], t->time);
            assert_int_equal(price[i], t->price);
            assert_int_equal(quantity[i], t->quantity);
            assert_int_equal(side[i], t->is_buy ? S1_TRADE_BUY : S1_TRADE_SELL);
        }
        assert_true(page.complete_to >= complete_to);
        complete_to = page.complete_to;
        /* what is complete has been given */
        assert_true(at == count || w->trades[at].time >= complete_to);
    }
    assert_true(complete_to == to || from == to);
    assert_true(at == count || w->trades[at].time >= to);
}

/* `since` with and without its own row, pages of 1000 and of 7 (bursts longer than a page within a
 * microsecond): every trade once. */
static void test_paging(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        for (int exclusive = 0; exclusive < 2; exclusive++) {
            world w;
            world_init(&w, &(s1_sim_exchange_options){.is_since_exclusive = exclusive == 1}, NULL,
                       seed);
            const s1_nanos first = w.trades[0].time, last = w.trades[TRADES - 1].time;
            check_trades(&w, first - 5, last + 1);
            assert_in_range(w.requests, 8, 12); /* the pair, 7 pages, those that make sure */
            assert_true(w.repeated > 0);
            check_trades(&w, w.trades[1500].time, w.trades[3100].time);
            check_trades(&w, last + 1, last + SECOND);
            check_trades(&w, 0, first);
            check_trades(&w, first, first);
            world_done(&w);
        }
    }
}

static void test_faults(void **state)
{
    (void)state;
    uint64_t faults = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        world w;
        world_init(&w,
                   &(s1_sim_exchange_options){.fault_permille = 100 + (uint32_t)seed * 4,
                                              .is_since_exclusive = seed % 2 == 0},
                   &(s1_kraken_public_options){
                       .max_attempts = 100, .limited_max = 100, .spacing = -1, .seed = seed},
                   seed);
        check_trades(&w, w.trades[0].time, w.trades[TRADES - 1].time + 1);
        faults += w.again;
        world_done(&w);
    }
    assert_true(faults > 500);
}

/* Kraken's counter refuses who asks faster; a client that keeps to a request a second is never
 * refused, one that does not waits and gets everything all the same. */
static void test_limits(void **state)
{
    (void)state;
    const s1_sim_exchange_options limited = {.counter_max = 2, .counter_decay = SECOND};
    world w;
    world_init(&w, &limited, NULL, 3);
    check_trades(&w, 0, w.trades[TRADES - 1].time + 1);
    assert_int_equal(w.exchange.refused, 0);
    world_done(&w);
    world_init(&w, &limited, &(s1_kraken_public_options){.spacing = -1}, 3);
    check_trades(&w, 0, w.trades[TRADES - 1].time + 1);
    assert_true(w.exchange.refused > 0);
    assert_true(w.exchange.refused < 12);
    world_done(&w);
}

/* The last 720 bars, the open one left out; a range before them is refused and says so. */
static void test_bars(void **state)
{
    (void)state;
    world w;
    world_init(&w, &(s1_sim_exchange_options){0}, NULL, 5);
    const s1_nanos now = w.exchange.options.now;
    s1_nanos from = 0;
    s1_history_page page = {0};
    s1_err err = S1_ERR_INIT;
    bool done = false;
    assert_int_equal(s1_connector_get_reach(w.connector, &minutes_key, now, &from, &err), S1_OK);
    open_range(w.connector, &minutes_key, from, now);
    assert_int_equal(step(&w, &page, &done, &err), S1_OK);
    assert_int_equal(step(&w, &page, &done, &err), S1_OK);
    const s1_nanos *const time = page.columns[S1_BAR_TIME];
    assert_in_range(page.count, 717, 719);
    assert_int_equal(time[0], from);
    assert_true(time[page.count - 1] + minutes_key.timeframe <= now);
    assert_true(is_done(w.connector));
    open_range(w.connector, &minutes_key, from - 3 * minutes_key.timeframe, now);
    assert_int_equal(step(&w, &page, &done, &err), S1_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "its OHLC goes back 720 bars, found the first of 1m at "));
    assert_non_null(strstr(err.msg, "'data fetch --type trades' and 'data resample'"));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_trades),
        cmocka_unit_test(test_recorded_bars),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_pacing),
        cmocka_unit_test(test_bad_trades),
        cmocka_unit_test(test_bad_bars),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_what_it_has),
        cmocka_unit_test(test_paging),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bars),
    };
    return cmocka_run_group_tests_name("kraken_public", tests, NULL, NULL);
}
