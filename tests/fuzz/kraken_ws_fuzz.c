/* Kraken's WebSocket messages, one a line; an empty line is a connection that broke. Whatever the
 * bytes are, rows have what their layout asks: times never fall, trade ids rise, prices are above
 * zero, and a book holds no more than its depth, in order. */
#include "backend/connectors/kraken/kraken_ws.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/assert.h"
#include "backend/utils/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAMS 3

typedef struct last_rows {
    int64_t time[STREAMS], id;
} last_rows;

static bool on_rows(void *user, size_t stream, const s1_stream_row *rows, size_t count)
{
    last_rows *const last = user;
    S1_ASSERT(stream < STREAMS && count > 0);
    for (size_t i = 0; i < count; i++) {
        const int64_t *const columns = rows[i].columns;
        S1_ASSERT(rows[i].kind == S1_ROW_DATA && rows[i].price_scale <= 18);
        S1_ASSERT(columns[0] >= last->time[stream]);
        last->time[stream] = columns[0];
        if (stream == 0) {
            S1_ASSERT(columns[S1_ROW_TRADE_ID] > last->id && columns[S1_ROW_TRADE_PRICE] > 0);
            S1_ASSERT(columns[S1_ROW_TRADE_SIDE] >= 1 && columns[S1_ROW_TRADE_SIDE] <= 3);
            last->id = columns[S1_ROW_TRADE_ID];
        } else if (stream == 2) {
            S1_ASSERT(columns[S1_ROW_BOOK_PRICE] > 0 && columns[S1_ROW_BOOK_QUANTITY] >= 0);
            S1_ASSERT(columns[S1_ROW_BOOK_KIND] == 1 || columns[S1_ROW_BOOK_KIND] == 2);
            S1_ASSERT(columns[S1_ROW_BOOK_SIDE] == 1 || columns[S1_ROW_BOOK_SIDE] == 2);
        }
    }
    return last->time[stream] % 7 != 0; /* now and then the queue is full */
}

static void on_note(void *user, const s1_stream_note *note)
{
    (void)user;
    S1_ASSERT(note->kind >= 0 && note->kind < S1_NOTE_KINDS);
    S1_ASSERT(note->stream < STREAMS || note->stream == S1_NO_STREAM);
}

static void check_book(const s1_kraken_book *book)
{
    for (int32_t side = S1_KRAKEN_BID; side <= S1_KRAKEN_ASK; side++) {
        const size_t count = s1_kraken_book_count(book, side);
        for (size_t i = 0; i < count; i++) {
            const s1_kraken_level level = s1_kraken_book_level(book, side, i);
            S1_ASSERT(level.price > 0 && level.quantity > 0);
            S1_ASSERT(i == 0 ||
                      (side == S1_KRAKEN_BID
                           ? s1_kraken_book_level(book, side, i - 1).price > level.price
                           : s1_kraken_book_level(book, side, i - 1).price < level.price));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const s1_kraken_ws_stream streams[STREAMS] = {
        {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_TRADES},
        {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_QUOTES},
        {.asset_pair = {"BTC/USD", 7}, .data_type = S1_DATA_BOOK, .depth = 10},
    };
    last_rows last = {{0}, -1};
    const s1_kraken_ws_options options = {
        .streams = streams, .stream_count = STREAMS, .sink = {&last, on_rows, on_note}};
    s1_kraken_ws *ws;
    s1_str rest = {(const char *)data, size};
    s1_str message;
    S1_ASSERT(s1_kraken_ws_new(&options, &ws, NULL) == S1_OK);
    s1_kraken_ws_opened(ws, 0);
    s1_nanos now = 1;
    for (bool is_done = false; s1_str_split(&rest, '\n', &message, &is_done); now++) {
        if (message.len == 0) {
            s1_kraken_ws_closed(ws);
            s1_kraken_ws_opened(ws, now);
            continue;
        }
        s1_kraken_ws_receive(ws, message, now * 1000, now);
        check_book(s1_kraken_ws_book(ws, 2));
        while (s1_kraken_ws_next_send(ws, &message)) {
            S1_ASSERT(message.len > 0 && message.ptr[0] == '{');
        }
    }
    s1_kraken_ws_free(ws);
    return 0;
}
