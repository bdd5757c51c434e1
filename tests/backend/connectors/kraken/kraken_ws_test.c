/* Kraken's WebSocket machine on recorded messages, and on what no exchange should send. */
#include "backend/connectors/kraken/kraken_ws.h"

#include "backend/dtos/market/stream_key.h"
#include "backend/utils/fs.h"
#include "backend/utils/json_pull.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX  4096
#define NOTES_MAX 256
#define RECEIVED  (1700000000LL * S1_NANOS_PER_SECOND)

typedef struct heard_note {
    s1_stream_note note;
    char text[128];
} heard_note;

typedef struct world {
    s1_kraken_ws *ws;
    s1_stream_row rows[ROWS_MAX];
    size_t row_streams[ROWS_MAX];
    size_t row_count;
    heard_note notes[NOTES_MAX];
    size_t note_count;
    bool drops_rows;
} world;

static bool on_rows(void *user, size_t stream, const s1_stream_row *rows, size_t count)
{
    world *const w = user;
    for (size_t i = 0; i < count && w->row_count < ROWS_MAX; i++) {
        w->rows[w->row_count] = rows[i];
        w->row_streams[w->row_count++] = stream;
    }
    return !w->drops_rows;
}

static void on_note(void *user, const s1_stream_note *note)
{
    world *const w = user;
    if (w->note_count < NOTES_MAX) {
        heard_note *const heard = &w->notes[w->note_count++];
        heard->note = *note;
        (void)snprintf(heard->text, sizeof heard->text, "%.*s", S1_STR_ARG(note->text));
    }
}

static world *make_world(const s1_kraken_ws_stream *streams, size_t count)
{
    world *const w = calloc(1, sizeof *w);
    const s1_kraken_ws_options options = {
        .streams = streams, .stream_count = count, .sink = {w, on_rows, on_note}};
    s1_err err = S1_ERR_INIT;
    if (s1_kraken_ws_new(&options, &w->ws, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    s1_kraken_ws_opened(w->ws, 0);
    return w;
}

static void free_world(world *w)
{
    s1_kraken_ws_free(w->ws);
    free(w);
}

static void hear(world *w, const char *message)
{
    s1_kraken_ws_receive(w->ws, s1_str_of(message), RECEIVED, 0);
}

static size_t count_notes(const world *w, int32_t kind)
{
    size_t count = 0;
    for (size_t i = 0; i < w->note_count; i++) {
        count += w->notes[i].note.kind == kind ? 1 : 0;
    }
    return count;
}

static const heard_note *last_note(const world *w, int32_t kind)
{
    for (size_t i = w->note_count; i-- > 0;) {
        if (w->notes[i].note.kind == kind) {
            return &w->notes[i];
        }
    }
    fail_msg("no note '%s'", s1_stream_note_name(kind));
    return NULL;
}

static bool next_send(world *w, char out[512])
{
    s1_str text;
    if (!s1_kraken_ws_next_send(w->ws, &text)) {
        return false;
    }
    (void)snprintf(out, 512, "%.*s", S1_STR_ARG(text));
    return true;
}

static char *read_fixture(const char *name)
{
    const char *const shared = getenv("S1_SHARED") != NULL ? getenv("S1_SHARED") : "../shared";
    char path[1024];
    s1_strbuf text;
    (void)snprintf(path, sizeof path, "%s/kraken/fixtures/%s", shared, name);
    s1_strbuf_init(&text, 1 << 22);
    if (s1_fs_read_all(s1_fs_real(), path, 1 << 22, &text, NULL) != S1_OK) {
        (void)printf("skipped: %s is not there\n", path);
        s1_strbuf_done(&text);
        return NULL;
    }
    return s1_strbuf_take(&text);
}

static void hear_fixture(world *w, const char *name)
{
    char *const text = read_fixture(name);
    if (text != NULL) {
        hear(w, text);
        free(text);
    }
}

static const s1_kraken_ws_stream btc_trades = {.asset_pair = {"BTC/USD", 7},
                                               .data_type = S1_DATA_TRADES};
static const s1_kraken_ws_stream btc_quotes = {.asset_pair = {"BTC/USD", 7},
                                               .data_type = S1_DATA_QUOTES};
static const s1_kraken_ws_stream btc_book = {
    .asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_BOOK, .depth = 10};

/* --- Requests and replies. --- */

static void test_requests(void **state)
{
    const s1_kraken_ws_stream streams[] = {btc_trades, btc_quotes, btc_book};
    world *const w = make_world(streams, 3);
    char text[512];
    (void)state;
    assert_true(next_send(w, text));
    assert_string_equal(text,
                        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"trade\",\"symbol\":"
                        "[\"BTC/USD\"],\"snapshot\":true},\"req_id\":1}");
    assert_true(next_send(w, text));
    assert_string_equal(text,
                        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"ticker\",\"symbol\":"
                        "[\"BTC/USD\"],\"event_trigger\":\"bbo\",\"snapshot\":true},\"req_id\":2}");
    assert_true(next_send(w, text));
    assert_string_equal(text,
                        "{\"method\":\"subscribe\",\"params\":{\"channel\":\"book\",\"symbol\":"
                        "[\"BTC/USD\"],\"depth\":10,\"snapshot\":true},\"req_id\":3}");
    assert_false(next_send(w, text));
    free_world(w);
}

static void test_replies(void **state)
{
    const s1_kraken_ws_stream streams[] = {btc_trades, btc_book};
    (void)state;
    world *const w = make_world(streams, 2);
    hear_fixture(w, "kraken-async-rs/ws/admin_messages__status_update.json");
    hear_fixture(w, "kraken-async-rs/ws/admin_messages__heartbeat.json");
    hear_fixture(w, "kraken-async-rs/ws/pong.json");
    hear_fixture(w, "kraken-async-rs/ws/trade_subscription_response.json");
    hear_fixture(w, "kraken-async-rs/ws/book_subscription_response.json");
    hear_fixture(w, "kraken-async-rs/ws/error_messages__unsupported_field.json");
    hear_fixture(w, "kraken-async-rs/ws/instruments_snapshot__instrument_snapshot.json");
    if (w->note_count > 0) {
        assert_int_equal(w->note_count, 4);
        assert_string_equal(w->notes[0].text, "online");
        assert_int_equal(s1_kraken_ws_subscribed(w->ws), 2);
        assert_string_equal(last_note(w, S1_NOTE_ERROR)->text,
                            "Unsupported field: 'params' for the given msg type: ping");
    }
    free_world(w);
}

static void test_refused_symbol(void **state)
{
    const s1_kraken_ws_stream streams[] = {
        {.asset_pair = S1_STR("WWW/USD"), .data_type = S1_DATA_TRADES}, btc_trades};
    world *const w = make_world(streams, 2);
    (void)state;
    hear(w, "{\"error\":\"Currency pair not supported WWW/USD\",\"method\":\"subscribe\","
            "\"req_id\":0,\"success\":false,\"symbol\":\"WWW/USD\"}");
    assert_int_equal(s1_kraken_ws_refused(w->ws), 1);
    assert_int_equal(last_note(w, S1_NOTE_REFUSED)->note.stream, 0);
    assert_string_equal(last_note(w, S1_NOTE_REFUSED)->text, "Currency pair not supported WWW/USD");
    char text[512];
    s1_kraken_ws_closed(w->ws);
    s1_kraken_ws_opened(w->ws, 0);
    assert_true(next_send(w, text));
    assert_non_null(strstr(text, "BTC/USD"));
    assert_false(next_send(w, text));
    free_world(w);
}

static void test_bad_streams(void **state)
{
    const s1_kraken_ws_stream twice[] = {btc_trades, btc_trades};
    const s1_kraken_ws_stream bars = {.asset_pair = S1_STR("BTC/USD"), .data_type = S1_DATA_OHLCV};
    const s1_kraken_ws_stream deep = {
        .asset_pair = S1_STR("BTC/USD"), .data_type = S1_DATA_BOOK, .depth = 1001};
    const s1_kraken_ws_stream nameless = {.asset_pair = S1_STR("BTC"), .data_type = S1_DATA_TRADES};
    const struct {
        const s1_kraken_ws_stream *streams;
        size_t count;
        const char *message;
    } cases[] = {
        {twice, 2, "stream BTC/USD trades: asked for twice"},
        {&bars, 1, "stream of BTC/USD: found data type ohlcv, expected trades, quotes or book"},
        {&deep, 1, "depth of a book: found 1001, expected 1 to 1000"},
        {&nameless, 1, NULL},
        {NULL, 0, "found 0 streams, expected 1 to 64"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const s1_kraken_ws_options options = {.streams = cases[i].streams,
                                              .stream_count = cases[i].count,
                                              .sink = {NULL, on_rows, on_note}};
        s1_kraken_ws *ws;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_kraken_ws_new(&options, &ws, &err), S1_E_INVALID);
        if (cases[i].message != NULL) {
            assert_string_equal(err.msg, cases[i].message);
        }
    }
}

static void test_silence(void **state)
{
    world *const w = make_world(&btc_trades, 1);
    char text[512];
    (void)state;
    assert_true(next_send(w, text));
    assert_true(s1_kraken_ws_tick(w->ws, 2 * S1_NANOS_PER_SECOND));
    assert_false(next_send(w, text));
    assert_true(s1_kraken_ws_tick(w->ws, 3 * S1_NANOS_PER_SECOND));
    assert_true(next_send(w, text));
    assert_string_equal(text, "{\"method\":\"ping\",\"req_id\":2}");
    assert_true(s1_kraken_ws_tick(w->ws, 4 * S1_NANOS_PER_SECOND));
    assert_false(next_send(w, text)); /* once is enough */
    assert_false(s1_kraken_ws_tick(w->ws, 5 * S1_NANOS_PER_SECOND));
    s1_kraken_ws_receive(w->ws, S1_STR("{\"channel\":\"heartbeat\"}"), RECEIVED,
                         5 * S1_NANOS_PER_SECOND);
    assert_true(s1_kraken_ws_tick(w->ws, 7 * S1_NANOS_PER_SECOND));
    free_world(w);
}

/* --- Trades. --- */

static void trade_message(char out[512], const char *type, int64_t id, int seconds)
{
    (void)snprintf(out, 512,
                   "{\"channel\":\"trade\",\"type\":\"%s\",\"data\":[{\"symbol\":\"BTC/USD\","
                   "\"side\":\"sell\",\"price\":100.5,\"qty\":0.25000000,\"ord_type\":\"limit\","
                   "\"trade_id\":%" PRId64 ",\"timestamp\":\"2024-05-27T12:00:%02d.000001Z\"}]}",
                   type, id, seconds);
}

static void test_recorded_trades(void **state)
{
    (void)state;
    world *const w = make_world(&btc_trades, 1);
    hear_fixture(w, "kraken-async-rs/ws/trade_snapshot__trade_snapshot.json");
    hear_fixture(w, "kraken-async-rs/ws/trade_update__trade_update.json");
    if (w->row_count > 0) {
        assert_int_equal(w->row_count, 4);
        const s1_stream_row *const row = &w->rows[1];
        s1_nanos time;
        assert_int_equal(s1_time_parse(S1_STR("2024-05-27T12:33:10.980704Z"), &time, NULL), S1_OK);
        assert_int_equal(row->columns[S1_ROW_TRADE_TIME], time);
        assert_int_equal(row->columns[S1_ROW_TRADE_PRICE], 684712);
        assert_int_equal(row->price_scale, 1);
        assert_int_equal(row->columns[S1_ROW_TRADE_QUANTITY], 7723);
        assert_int_equal(row->qty_scale, 8);
        assert_int_equal(row->columns[S1_ROW_TRADE_SIDE], 1);
        assert_int_equal(row->columns[S1_ROW_TRADE_ID], 70635252);
        assert_int_equal(row->columns[S1_ROW_TRADE_RECEIVED], RECEIVED);
        assert_int_equal(row->columns[7], 0);
        assert_int_equal(w->note_count, 1); /* the two recordings are ten minutes apart */
        assert_int_equal(w->notes[0].note.kind, S1_NOTE_GAP);
        assert_int_equal(w->notes[0].note.count, 46);
        assert_int_equal(w->notes[0].note.after, time);
    }
    free_world(w);
}

static void test_reconnecting_counts_what_is_missing(void **state)
{
    world *const w = make_world(&btc_trades, 1);
    char message[512];
    (void)state;
    trade_message(message, "update", 10, 1);
    hear(w, message);
    s1_kraken_ws_closed(w->ws);
    s1_kraken_ws_opened(w->ws, 0);
    hear(w, message); /* the snapshot brings it again */
    assert_int_equal(w->row_count, 1);
    assert_int_equal(last_note(w, S1_NOTE_DUPLICATE)->note.count, 1);
    trade_message(message, "snapshot", 11, 2); /* nothing is missing */
    hear(w, message);
    assert_int_equal(count_notes(w, S1_NOTE_GAP), 0);
    s1_kraken_ws_closed(w->ws);
    s1_kraken_ws_opened(w->ws, 0);
    trade_message(message, "update", 15, 9);
    hear(w, message);
    assert_int_equal(last_note(w, S1_NOTE_GAP)->note.count, 3);
    assert_int_equal(last_note(w, S1_NOTE_GAP)->note.why, S1_GAP_CONNECTION);
    trade_message(message, "update", 17, 8); /* earlier than the one before: raised */
    hear(w, message);
    assert_int_equal(last_note(w, S1_NOTE_GAP)->note.why, S1_GAP_EXCHANGE);
    assert_int_equal(w->row_count, 4);
    assert_int_equal(w->rows[3].columns[S1_ROW_TRADE_TIME], w->rows[2].columns[S1_ROW_TRADE_TIME]);
    free_world(w);
}

static void test_resuming_at_a_stored_trade(void **state)
{
    s1_kraken_ws_stream stream = btc_trades;
    char message[512];
    (void)state;
    stream.last_id = 40;
    stream.last_time = 1;
    world *const w = make_world(&stream, 1);
    hear(w, "{\"channel\":\"trade\",\"type\":\"snapshot\",\"data\":["
            "{\"symbol\":\"BTC/USD\",\"side\":\"buy\",\"price\":1.0,\"qty\":1.0,\"trade_id\":42,"
            "\"timestamp\":\"2024-05-27T12:00:01Z\"},"
            "{\"symbol\":\"BTC/USD\",\"side\":\"buy\",\"price\":1.0,\"qty\":1.0,\"trade_id\":41,"
            "\"timestamp\":\"2024-05-27T12:00:00Z\"},"
            "{\"symbol\":\"ETH/USD\",\"side\":\"buy\",\"price\":1.0,\"qty\":1.0,\"trade_id\":1,"
            "\"timestamp\":\"2024-05-27T12:00:00Z\"},"
            "{\"symbol\":\"BTC/USD\",\"side\":\"\",\"price\":1.0,\"qty\":1.0,\"trade_id\":40,"
            "\"timestamp\":\"2024-05-27T12:00:00Z\"}]}");
    assert_int_equal(w->row_count, 2); /* the newest first, one of another pair, one known */
    assert_int_equal(w->rows[0].columns[S1_ROW_TRADE_ID], 41);
    assert_int_equal(w->rows[1].columns[S1_ROW_TRADE_ID], 42);
    assert_int_equal(count_notes(w, S1_NOTE_GAP), 0);
    trade_message(message, "update", 43, 2);
    hear(w, message);
    assert_int_equal(count_notes(w, S1_NOTE_GAP), 0);
    free_world(w);
}

/* --- Quotes. --- */

static void test_quotes(void **state)
{
    (void)state;
    world *const w = make_world(&btc_quotes, 1);
    hear(w, "{\"channel\":\"ticker\",\"type\":\"snapshot\",\"data\":[{\"symbol\":\"BTC/USD\","
            "\"bid\":65972.8,\"bid_qty\":0.1,\"ask\":65972.95,\"ask_qty\":39.67506683,"
            "\"last\":1.0}]}");
    assert_int_equal(w->row_count, 1);
    assert_int_equal(w->rows[0].columns[S1_ROW_QUOTE_TIME], RECEIVED);
    assert_int_equal(w->rows[0].columns[S1_ROW_QUOTE_BID], 6597280);
    assert_int_equal(w->rows[0].columns[S1_ROW_QUOTE_ASK], 6597295);
    assert_int_equal(w->rows[0].price_scale, 2);
    assert_int_equal(w->rows[0].columns[S1_ROW_QUOTE_BID_QUANTITY], 10000000);
    assert_int_equal(w->rows[0].columns[S1_ROW_QUOTE_ASK_QUANTITY], 3967506683);
    assert_int_equal(w->rows[0].qty_scale, 8);
    s1_kraken_ws_closed(w->ws);
    s1_kraken_ws_opened(w->ws, 0);
    hear(w, "{\"channel\":\"ticker\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\","
            "\"bid\":65972.8,\"bid_qty\":0.1,\"ask\":65972.9,\"ask_qty\":1}]}");
    assert_int_equal(last_note(w, S1_NOTE_GAP)->note.count, 0);
    assert_int_equal(last_note(w, S1_NOTE_GAP)->note.after, RECEIVED);
    free_world(w);
}

/* --- Books. --- */

/* Feeds `init` and every message of `updates` of the recorded book as they stand in the file; of
 * the message `flip_at` one digit is another. Returns the number of messages, 0 without the file.
 */
static size_t replay_book(world *w, size_t flip_at)
{
    char *const text = read_fixture("python-kraken-sdk/orderbook-v2.json");
    size_t count = 0;
    s1_json_pull pull;
    s1_str key;
    if (text == NULL) {
        return 0;
    }
    s1_json_pull_init(&pull, s1_str_of(text));
    assert_int_equal(s1_json_pull_next(&pull, &key), S1_JSON_OBJECT);
    while (s1_json_pull_next(&pull, &key) == S1_JSON_KEY) {
        if (s1_str_eq_cstr(key, "updates")) {
            assert_int_equal(s1_json_pull_next(&pull, &key), S1_JSON_ARRAY);
        }
        for (;;) {
            s1_json_pull start = pull;
            if (s1_json_pull_next(&start, &key) != S1_JSON_OBJECT) {
                break;
            }
            char *const from = text + s1_json_pull_offset(&start) - 1;
            assert_true(s1_json_pull_skip(&pull));
            char *const end = text + s1_json_pull_offset(&pull);
            if (++count == flip_at) {
                char *const digit = strstr(from, "\"price\": ") + 9;
                *digit = *digit == '1' ? '2' : '1';
            }
            s1_kraken_ws_receive(w->ws, s1_str_make(from, (size_t)(end - from)), RECEIVED, 0);
            if (count == 1) {
                break; /* `init` is one message */
            }
        }
        if (count > 1) {
            break;
        }
    }
    free(text);
    return count;
}

static void test_recorded_book(void **state)
{
    world *const w = make_world(&btc_book, 1);
    (void)state;
    const size_t count = replay_book(w, 0);
    if (count != 0) {
        assert_int_equal(count, 510);
        assert_int_equal(w->note_count, 0); /* 510 checksums, all agree */
        assert_true(w->row_count > 510);
        assert_false(s1_kraken_book_is_crossed(s1_kraken_ws_book(w->ws, 0)));
        assert_int_equal(s1_kraken_book_count(s1_kraken_ws_book(w->ws, 0), S1_KRAKEN_BID), 10);
        for (size_t i = 1; i < w->row_count; i++) {
            assert_true(w->rows[i].columns[S1_ROW_BOOK_UPDATE_ID] >=
                        w->rows[i - 1].columns[S1_ROW_BOOK_UPDATE_ID]);
            assert_true(w->rows[i].columns[S1_ROW_BOOK_TIME] >=
                        w->rows[i - 1].columns[S1_ROW_BOOK_TIME]);
        }
    }
    free_world(w);
}

static void test_book_that_does_not_agree(void **state)
{
    world *const w = make_world(&btc_book, 1);
    char text[512];
    (void)state;
    while (next_send(w, text)) {}
    if (replay_book(w, 100) != 0) {
        assert_int_equal(count_notes(w, S1_NOTE_RESYNC), 1);
        assert_string_equal(last_note(w, S1_NOTE_RESYNC)->text, "the checksum did not agree");
        assert_true(next_send(w, text));
        assert_non_null(strstr(text, "\"unsubscribe\""));
        assert_true(next_send(w, text));
        assert_non_null(strstr(text, "\"subscribe\""));
        const size_t before = w->row_count;
        assert_int_equal(replay_book(w, 0), 510); /* a new snapshot, and all is well */
        assert_true(w->row_count > before);
        assert_int_equal(count_notes(w, S1_NOTE_RESYNC), 1);
        assert_int_equal(count_notes(w, S1_NOTE_GAP), 1);
    }
    free_world(w);
}

static void test_book_of_the_documentation(void **state)
{
    const s1_kraken_ws_stream matic = {
        .asset_pair = S1_STR("MATIC/USD"), .data_type = S1_DATA_BOOK, .depth = 10};
    world *const w = make_world(&matic, 1);
    char *const text = read_fixture("kraken-docs/book_MATIC_snapshot_update.json");
    (void)state;
    if (text != NULL) {
        s1_json_pull pull;
        s1_str unused;
        s1_json_pull_init(&pull, s1_str_of(text));
        assert_int_equal(s1_json_pull_next(&pull, &unused), S1_JSON_ARRAY);
        for (int i = 0; i < 2; i++) {
            s1_json_pull start = pull;
            assert_int_equal(s1_json_pull_next(&start, &unused), S1_JSON_OBJECT);
            assert_true(s1_json_pull_skip(&pull));
            const size_t from = s1_json_pull_offset(&start) - 1;
            s1_kraken_ws_receive(w->ws, s1_str_make(text + from, s1_json_pull_offset(&pull) - from),
                                 RECEIVED, 0);
        }
        assert_int_equal(w->note_count, 0);
        assert_int_equal(w->row_count, 21);
        free(text);
    }
    free_world(w);
}

static const char small_book[] =
    "{\"channel\":\"book\",\"type\":\"snapshot\",\"data\":[{\"symbol\":\"BTC/USD\","
    "\"bids\":[{\"price\":1.0,\"qty\":1.0}],\"asks\":[{\"price\":2.0,\"qty\":1.0}]}]}";

static void test_book_without_a_checksum(void **state)
{
    world *const w = make_world(&btc_book, 1);
    (void)state;
    hear(w, "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{\"symbol\":\"BTC/USD\","
            "\"bids\":[{\"price\":1.0,\"qty\":1.0}],\"asks\":[]}]}");
    assert_int_equal(w->row_count, 0); /* before its snapshot */
    hear(w, small_book);
    assert_int_equal(w->row_count, 2);
    assert_int_equal(w->note_count, 0);
    w->drops_rows = true;
    hear(w, small_book);
    assert_string_equal(last_note(w, S1_NOTE_RESYNC)->text, "rows were dropped");
    free_world(w);
}

static void test_book_that_never_agrees_is_given_up(void **state)
{
    world *const w = make_world(&btc_book, 1);
    char text[512];
    (void)state;
    for (int i = 0; i < 20; i++) {
        hear(w, "{\"channel\":\"book\",\"type\":\"snapshot\",\"data\":[{\"symbol\":\"BTC/USD\","
                "\"bids\":[{\"price\":1.0,\"qty\":1.0}],\"asks\":[],\"checksum\":1}]}");
        while (next_send(w, text)) {}
    }
    assert_int_equal(s1_kraken_ws_refused(w->ws), 1);
    assert_int_equal(w->row_count, 0);
    free_world(w);
}

/* --- What no exchange should send. --- */

static void test_garbage(void **state)
{
    static const char *const messages[] = {
        "",
        "{",
        "[]",
        "hello",
        "{}",
        "{\"channel\":\"trade\"}",
        "{\"channel\":\"trade\",\"data\":{}}",
        "{\"channel\":\"trade\",\"data\":[{}]}",
        "{\"channel\":\"trade\",\"data\":[{\"symbol\":\"BTC/USD\",\"price\":1e400,\"qty\":1,"
        "\"trade_id\":1,\"timestamp\":\"2024-05-27T12:00:00Z\"}]}",
        "{\"channel\":\"trade\",\"data\":[{\"symbol\":\"BTC/USD\",\"price\":-1,\"qty\":1,"
        "\"trade_id\":1,\"timestamp\":\"2024-05-27T12:00:00Z\"}]}",
        "{\"channel\":\"trade\",\"data\":[{\"symbol\":\"BTC/USD\",\"price\":1,\"qty\":1,"
        "\"trade_id\":1.5,\"timestamp\":\"2024-05-27T12:00:00Z\"}]}",
        "{\"channel\":\"trade\",\"data\":[{\"symbol\":\"BTC/USD\",\"price\":1,\"qty\":1,"
        "\"trade_id\":1,\"timestamp\":\"yesterday\"}]}",
        "{\"channel\":\"book\",\"type\":\"update\",\"data\":[{}]}",
        "{\"channel\":\"book\",\"type\":\"other\",\"data\":[{\"symbol\":\"BTC/USD\"}]}",
        "{\"channel\":\"ticker\",\"data\":[{\"symbol\":\"BTC/USD\"}]}",
        "{\"channel\":\"status\",\"data\":7}",
        "{\"method\":\"subscribe\",\"success\":true}",
    };
    const s1_kraken_ws_stream streams[] = {btc_trades, btc_quotes, btc_book};
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        world *const w = make_world(streams, 3);
        hear(w, messages[i]);
        if (w->row_count != 0 || count_notes(w, S1_NOTE_MALFORMED) != 1) {
            fail_msg("%s: %zu rows, %zu notes", messages[i], w->row_count, w->note_count);
        }
        free_world(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_replies),
        cmocka_unit_test(test_refused_symbol),
        cmocka_unit_test(test_bad_streams),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_recorded_trades),
        cmocka_unit_test(test_reconnecting_counts_what_is_missing),
        cmocka_unit_test(test_resuming_at_a_stored_trade),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_recorded_book),
        cmocka_unit_test(test_book_that_does_not_agree),
        cmocka_unit_test(test_book_of_the_documentation),
        cmocka_unit_test(test_book_without_a_checksum),
        cmocka_unit_test(test_book_that_never_agrees_is_given_up),
        cmocka_unit_test(test_garbage),
    };
    return cmocka_run_group_tests_name("backend/connectors/kraken/kraken_ws", tests, NULL, NULL);
}
