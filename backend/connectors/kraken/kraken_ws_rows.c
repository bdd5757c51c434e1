#include "backend/connectors/kraken/kraken_ws_internal.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/timefmt.h"

#include <stdlib.h>

/* One item of `data`: what its members say. */
typedef struct item {
    s1_str symbol, side;
    s1_nanos time; /* 0: none */
    s1_kraken_level level, ask_level;
    bool has_price, has_quantity, has_ask, has_ask_quantity;
    int64_t id; /* of a trade; -1: none */
    uint64_t checksum;
    bool has_checksum;
    s1_json_pull bids, asks;
    bool has_bids, has_asks;
} item;

static bool read_amount(s1_str text, int64_t *ret_mantissa, uint32_t *ret_scale, bool *ret_has)
{
    *ret_has = true;
    return s1_mantissa_parse(text, ret_mantissa, ret_scale) && *ret_mantissa >= 0;
}

static bool read_id(s1_str text, int64_t *ret_id)
{
    uint64_t id;
    if (s1_str_parse_u64(text, &id, NULL) != S1_OK || id > INT64_MAX) {
        return false;
    }
    *ret_id = (int64_t)id;
    return true;
}

/* A member that is a number or a text. Others are read over. */
static bool read_scalar(s1_str key, s1_str text, item *ret)
{
    if (s1_str_eq_cstr(key, "symbol")) {
        ret->symbol = text;
    } else if (s1_str_eq_cstr(key, "side")) {
        ret->side = text;
    } else if (s1_str_eq_cstr(key, "timestamp")) {
        return s1_time_parse(text, &ret->time, NULL) == S1_OK && ret->time > 0;
    } else if (s1_str_eq_cstr(key, "price") || s1_str_eq_cstr(key, "bid")) {
        return read_amount(text, &ret->level.price, &ret->level.price_scale, &ret->has_price);
    } else if (s1_str_eq_cstr(key, "qty") || s1_str_eq_cstr(key, "bid_qty")) {
        return read_amount(text, &ret->level.quantity, &ret->level.quantity_scale,
                           &ret->has_quantity);
    } else if (s1_str_eq_cstr(key, "ask")) {
        return read_amount(text, &ret->ask_level.price, &ret->ask_level.price_scale, &ret->has_ask);
    } else if (s1_str_eq_cstr(key, "ask_qty")) {
        return read_amount(text, &ret->ask_level.quantity, &ret->ask_level.quantity_scale,
                           &ret->has_ask_quantity);
    } else if (s1_str_eq_cstr(key, "trade_id")) {
        return read_id(text, &ret->id);
    } else if (s1_str_eq_cstr(key, "checksum")) {
        ret->has_checksum = true;
        return s1_str_parse_u64(text, &ret->checksum, NULL) == S1_OK;
    }
    return true;
}

/* Behind the { of an item. */
static bool read_item(s1_json_pull *pull, item *ret)
{
    s1_str key, text;
    *ret = (item){.id = -1};
    while (s1_json_pull_next(pull, &key) == S1_JSON_KEY) {
        s1_json_pull ahead = *pull;
        const enum s1_json_token token = s1_json_pull_next(&ahead, &text);
        if ((token == S1_JSON_NUMBER || token == S1_JSON_STRING) && !read_scalar(key, text, ret)) {
            return false;
        }
        if (token == S1_JSON_ARRAY && s1_str_eq_cstr(key, "bids")) {
            ret->bids = *pull;
            ret->has_bids = true;
        } else if (token == S1_JSON_ARRAY && s1_str_eq_cstr(key, "asks")) {
            ret->asks = *pull;
            ret->has_asks = true;
        }
        if (!s1_json_pull_skip(pull)) {
            return false;
        }
    }
    return true;
}

/* A row at most S1_KRAKEN_WS_ROWS_MAX of; NULL beyond. */
static s1_stream_row *add_row(s1_kraken_ws *ws)
{
    if (ws->row_count == S1_KRAKEN_WS_ROWS_MAX) {
        return NULL;
    }
    s1_stream_row *const row = &ws->rows[ws->row_count++];
    *row = (s1_stream_row){.kind = S1_ROW_DATA};
    return row;
}

/* Times of a stream never fall. */
static s1_nanos raise_time(s1_ws_stream *stream, s1_nanos time)
{
    stream->last_time = time > stream->last_time ? time : stream->last_time;
    return stream->last_time;
}

static bool hand_on(s1_kraken_ws *ws, const s1_ws_stream *stream, size_t from, size_t upto)
{
    return from == upto || ws->sink.on_rows(ws->sink.user, (size_t)(stream - ws->streams),
                                            ws->rows + from, upto - from);
}

/* --- Trades. --- */

/* While a message is read, column 7 of a trade's row holds its stream. */
#define STREAM_COLUMN (S1_STREAM_ROW_COLUMNS - 1)

static int compare_trades(const void *a, const void *b)
{
    const int64_t *const left = ((const s1_stream_row *)a)->columns;
    const int64_t *const right = ((const s1_stream_row *)b)->columns;
    if (left[STREAM_COLUMN] != right[STREAM_COLUMN]) {
        return left[STREAM_COLUMN] < right[STREAM_COLUMN] ? -1 : 1;
    }
    return left[S1_ROW_TRADE_ID] < right[S1_ROW_TRADE_ID]
               ? -1
               : left[S1_ROW_TRADE_ID] > right[S1_ROW_TRADE_ID];
}

static bool add_trade(s1_kraken_ws *ws, const item *trade, s1_nanos received)
{
    const s1_ws_stream *const stream = s1_ws_find(ws, trade->symbol, S1_DATA_TRADES);
    if (!trade->has_price || !trade->has_quantity || trade->id < 0 || trade->time == 0 ||
        trade->level.price == 0) {
        return false;
    }
    if (stream == NULL) {
        return true;
    }
    s1_stream_row *const row = add_row(ws);
    if (row == NULL) {
        return false;
    }
    row->columns[S1_ROW_TRADE_TIME] = trade->time;
    row->columns[S1_ROW_TRADE_PRICE] = trade->level.price;
    row->columns[S1_ROW_TRADE_QUANTITY] = trade->level.quantity;
    row->columns[S1_ROW_TRADE_SIDE] = s1_str_eq_cstr(trade->side, "buy")    ? S1_TRADE_BUY
                                      : s1_str_eq_cstr(trade->side, "sell") ? S1_TRADE_SELL
                                                                            : S1_TRADE_SIDE_UNKNOWN;
    row->columns[S1_ROW_TRADE_ID] = trade->id;
    row->columns[S1_ROW_TRADE_RECEIVED] = received;
    row->columns[STREAM_COLUMN] = stream - ws->streams;
    row->price_scale = (uint8_t)trade->level.price_scale;
    row->qty_scale = (uint8_t)trade->level.quantity_scale;
    return true;
}

/* Rows [from, upto) are one stream's, by rising id: those that are new move to `from` on. Returns
 * their end. */
static size_t take_trades(s1_kraken_ws *ws, s1_ws_stream *stream, size_t from, size_t upto)
{
    size_t end = from;
    uint64_t dropped = 0;
    for (size_t i = from; i < upto; i++) {
        s1_stream_row row = ws->rows[i];
        const int64_t id = row.columns[S1_ROW_TRADE_ID];
        const s1_nanos before = stream->last_time;
        if (id <= stream->last_id) {
            dropped++;
            continue;
        }
        row.columns[STREAM_COLUMN] = 0;
        row.columns[S1_ROW_TRADE_TIME] = raise_time(stream, row.columns[S1_ROW_TRADE_TIME]);
        if (stream->last_id >= 0 && id > stream->last_id + 1) {
            s1_ws_note(ws, stream,
                       (s1_stream_note){.kind = S1_NOTE_GAP,
                                        .count = (uint64_t)(id - stream->last_id - 1),
                                        .after = before,
                                        .upto = row.columns[S1_ROW_TRADE_TIME],
                                        .why = stream->is_interrupted ? S1_GAP_CONNECTION
                                                                      : S1_GAP_EXCHANGE});
        }
        stream->is_interrupted = false;
        stream->last_id = id;
        ws->rows[end++] = row;
    }
    if (dropped > 0) {
        s1_ws_note(ws, stream, (s1_stream_note){.kind = S1_NOTE_DUPLICATE, .count = dropped});
    }
    return end;
}

bool s1_ws_read_trades(s1_kraken_ws *ws, const s1_ws_message *message)
{
    s1_json_pull pull = message->data;
    s1_str text;
    item trade;
    if (s1_json_pull_next(&pull, &text) != S1_JSON_ARRAY) {
        return false;
    }
    while (s1_json_pull_next(&pull, &text) == S1_JSON_OBJECT) {
        if (!read_item(&pull, &trade) || !add_trade(ws, &trade, message->received)) {
            return false;
        }
    }
    qsort(ws->rows, ws->row_count, sizeof *ws->rows, compare_trades);
    for (size_t from = 0, upto; from < ws->row_count; from = upto) {
        const int64_t index = ws->rows[from].columns[STREAM_COLUMN];
        for (upto = from; upto < ws->row_count && ws->rows[upto].columns[STREAM_COLUMN] == index;) {
            upto++;
        }
        s1_ws_stream *const stream = &ws->streams[index];
        const size_t end = take_trades(ws, stream, from, upto);
        (void)hand_on(ws, stream, from, end); /* what is dropped behind is counted there */
    }
    return true;
}

/* --- Quotes. --- */

static bool rescale_to(int64_t *value, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        if (__builtin_mul_overflow(*value, 10, value) || *value > S1_MANTISSA_MAX) {
            return false;
        }
    }
    return true;
}

/* Rows that may be missing before the present one. */
static void note_interruption(s1_kraken_ws *ws, s1_ws_stream *stream, s1_nanos before,
                              s1_nanos time)
{
    if (stream->is_interrupted) {
        stream->is_interrupted = false;
        s1_ws_note(
            ws, stream,
            (s1_stream_note){
                .kind = S1_NOTE_GAP, .after = before, .upto = time, .why = S1_GAP_CONNECTION});
    }
}

static bool add_quote(s1_kraken_ws *ws, const item *quote, s1_nanos received)
{
    s1_ws_stream *const stream = s1_ws_find(ws, quote->symbol, S1_DATA_QUOTES);
    if (!quote->has_price || !quote->has_quantity || !quote->has_ask || !quote->has_ask_quantity) {
        return false;
    }
    if (stream == NULL) {
        return true;
    }
    const s1_kraken_level *const bid = &quote->level;
    const s1_kraken_level *const ask = &quote->ask_level;
    const uint32_t price =
        bid->price_scale > ask->price_scale ? bid->price_scale : ask->price_scale;
    const uint32_t quantity =
        bid->quantity_scale > ask->quantity_scale ? bid->quantity_scale : ask->quantity_scale;
    const s1_nanos before = stream->last_time;
    ws->row_count = 0;
    s1_stream_row *const row = add_row(ws);
    row->columns[S1_ROW_QUOTE_TIME] = raise_time(stream, quote->time != 0 ? quote->time : received);
    row->columns[S1_ROW_QUOTE_BID] = bid->price;
    row->columns[S1_ROW_QUOTE_ASK] = ask->price;
    row->columns[S1_ROW_QUOTE_BID_QUANTITY] = bid->quantity;
    row->columns[S1_ROW_QUOTE_ASK_QUANTITY] = ask->quantity;
    row->columns[S1_ROW_QUOTE_RECEIVED] = received;
    row->price_scale = (uint8_t)price;
    row->qty_scale = (uint8_t)quantity;
    if (!rescale_to(&row->columns[S1_ROW_QUOTE_BID], bid->price_scale, price) ||
        !rescale_to(&row->columns[S1_ROW_QUOTE_ASK], ask->price_scale, price) ||
        !rescale_to(&row->columns[S1_ROW_QUOTE_BID_QUANTITY], bid->quantity_scale, quantity) ||
        !rescale_to(&row->columns[S1_ROW_QUOTE_ASK_QUANTITY], ask->quantity_scale, quantity)) {
        return false;
    }
    note_interruption(ws, stream, before, row->columns[S1_ROW_QUOTE_TIME]);
    (void)hand_on(ws, stream, 0, 1);
    return true;
}

bool s1_ws_read_quotes(s1_kraken_ws *ws, const s1_ws_message *message)
{
    s1_json_pull pull = message->data;
    s1_str text;
    item quote;
    if (s1_json_pull_next(&pull, &text) != S1_JSON_ARRAY) {
        return false;
    }
    while (s1_json_pull_next(&pull, &text) == S1_JSON_OBJECT) {
        if (!read_item(&pull, &quote) || !add_quote(ws, &quote, message->received)) {
            return false;
        }
    }
    return true;
}

/* --- Books. --- */

typedef struct book_message {
    s1_ws_stream *stream;
    s1_nanos time, received;
    bool is_snapshot;
} book_message;

/* Levels of one side: into the book, and as rows. False: malformed. */
static bool read_side(s1_kraken_ws *ws, const book_message *m, s1_json_pull pull, int32_t side)
{
    s1_str text;
    item level;
    (void)s1_json_pull_next(&pull, &text); /* the [ that was seen */
    while (s1_json_pull_next(&pull, &text) == S1_JSON_OBJECT) {
        if (!read_item(&pull, &level) || !level.has_price || !level.has_quantity ||
            level.level.price == 0 ||
            s1_kraken_book_set(m->stream->book, side, &level.level, NULL) != S1_OK) {
            return false;
        }
        s1_stream_row *const row = add_row(ws);
        if (row == NULL) {
            return false;
        }
        row->columns[S1_ROW_BOOK_TIME] = m->time;
        row->columns[S1_ROW_BOOK_UPDATE_ID] = m->stream->update_id;
        row->columns[S1_ROW_BOOK_KIND] = m->is_snapshot ? 1 : 2;
        row->columns[S1_ROW_BOOK_SIDE] = side;
        row->columns[S1_ROW_BOOK_PRICE] = level.level.price;
        row->columns[S1_ROW_BOOK_QUANTITY] = level.level.quantity;
        row->columns[S1_ROW_BOOK_RECEIVED] = m->received;
        row->price_scale = (uint8_t)level.level.price_scale;
        row->qty_scale = (uint8_t)level.level.quantity_scale;
    }
    return true;
}

static bool read_book(s1_kraken_ws *ws, const item *book, const s1_ws_message *message)
{
    s1_ws_stream *const stream = s1_ws_find(ws, book->symbol, S1_DATA_BOOK);
    const bool is_snapshot = s1_str_eq_cstr(message->type, "snapshot");
    if (book->symbol.len == 0 || (!is_snapshot && !s1_str_eq_cstr(message->type, "update"))) {
        return false;
    }
    if (stream == NULL || (!is_snapshot && !stream->is_in_step)) {
        return true; /* of a book that waits for its snapshot */
    }
    const s1_nanos before = stream->last_time;
    const book_message m = {
        .stream = stream,
        .time = raise_time(stream, book->time != 0 ? book->time : message->received),
        .received = message->received,
        .is_snapshot = is_snapshot};
    stream->update_id =
        message->received > stream->update_id ? message->received : stream->update_id + 1;
    ws->row_count = 0;
    if (is_snapshot) {
        s1_kraken_book_clear(stream->book);
    }
    if ((book->has_bids && !read_side(ws, &m, book->bids, S1_KRAKEN_BID)) ||
        (book->has_asks && !read_side(ws, &m, book->asks, S1_KRAKEN_ASK))) {
        s1_ws_resubscribe(ws, stream, "a level could not be read");
        return false;
    }
    s1_kraken_book_settle(stream->book);
    if (book->has_checksum && s1_kraken_book_checksum(stream->book) != book->checksum) {
        s1_ws_resubscribe(ws, stream, "the checksum did not agree");
        return true;
    }
    stream->is_in_step = true;
    note_interruption(ws, stream, before, m.time);
    if (!hand_on(ws, stream, 0, ws->row_count)) {
        s1_ws_resubscribe(ws, stream, "rows were dropped");
        return true;
    }
    stream->failed_resyncs = 0;
    return true;
}

bool s1_ws_read_books(s1_kraken_ws *ws, const s1_ws_message *message)
{
    s1_json_pull pull = message->data;
    s1_str text;
    item book;
    if (s1_json_pull_next(&pull, &text) != S1_JSON_ARRAY) {
        return false;
    }
    while (s1_json_pull_next(&pull, &text) == S1_JSON_OBJECT) {
        if (!read_item(&pull, &book) || !read_book(ws, &book, message)) {
            return false;
        }
    }
    return true;
}
