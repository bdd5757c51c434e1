#include "backend/connectors/kraken/kraken_ws.h"

#include "backend/connectors/kraken/kraken_ws_internal.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/json_writer.h"

#include <stdlib.h>

#define SEND_BYTES_MAX  4096u
#define SILENCE_DEFAULT (5 * S1_NANOS_PER_SECOND)

const char *s1_stream_note_name(int32_t kind)
{
    static const char *const names[] = {
#define X(name, text) text,
        S1_STREAM_NOTE_MAP(X)
#undef X
    };
    return kind >= 0 && kind < S1_NOTE_KINDS ? names[kind] : "?";
}

/* --- Making and freeing. --- */

static s1_rc add_stream(s1_kraken_ws *ws, const s1_kraken_ws_stream *wanted, s1_err *err)
{
    const s1_stream_key key = {.asset_pair = wanted->asset_pair, .data_type = wanted->data_type};
    s1_ws_stream *const stream = &ws->streams[ws->stream_count];
    if (wanted->data_type != S1_DATA_TRADES && wanted->data_type != S1_DATA_QUOTES &&
        wanted->data_type != S1_DATA_BOOK) {
        return S1_RAISE(err, S1_E_INVALID,
                        "stream of %.*s: found data type %s, expected trades, quotes or book",
                        S1_STR_ARG(wanted->asset_pair), s1_data_type_name(wanted->data_type));
    }
    S1_TRY(err, s1_stream_key_check(&key, err));
    if (s1_ws_find(ws, wanted->asset_pair, wanted->data_type) != NULL) {
        return S1_RAISE(err, S1_E_INVALID, "stream %.*s %s: asked for twice",
                        S1_STR_ARG(wanted->asset_pair), s1_data_type_name(wanted->data_type));
    }
    *stream = (s1_ws_stream){.data_type = wanted->data_type,
                             .depth = wanted->depth,
                             .last_id = wanted->last_id > 0 ? wanted->last_id : -1,
                             .last_time = wanted->last_time,
                             .is_interrupted = wanted->last_time != 0};
    memcpy(stream->pair, wanted->asset_pair.ptr, wanted->asset_pair.len); /* 33 at most: checked */
    if (wanted->data_type == S1_DATA_BOOK) {
        S1_TRY(err, s1_kraken_book_new(wanted->depth, &stream->book, err));
    }
    ws->stream_count++;
    return S1_OK;
}

s1_rc s1_kraken_ws_new(const s1_kraken_ws_options *options, s1_kraken_ws **ret_ws, s1_err *err)
{
    if (options->stream_count == 0 || options->stream_count > S1_KRAKEN_WS_STREAMS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "found %zu streams, expected 1 to %u",
                        options->stream_count, S1_KRAKEN_WS_STREAMS_MAX);
    }
    s1_kraken_ws *const ws = calloc(1, sizeof *ws);
    if (ws == NULL || (ws->rows = calloc(S1_KRAKEN_WS_ROWS_MAX, sizeof *ws->rows)) == NULL) {
        s1_kraken_ws_free(ws);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a WebSocket machine");
    }
    s1_strbuf_init(&ws->send, SEND_BYTES_MAX);
    ws->sink = options->sink;
    ws->silence_max = options->silence_max != 0 ? options->silence_max : SILENCE_DEFAULT;
    for (size_t i = 0; i < options->stream_count; i++) {
        const s1_rc rc = add_stream(ws, &options->streams[i], err);
        if (rc != S1_OK) {
            s1_kraken_ws_free(ws);
            return rc;
        }
    }
    *ret_ws = ws;
    return S1_OK;
}

void s1_kraken_ws_free(s1_kraken_ws *ws)
{
    if (ws != NULL) {
        for (size_t i = 0; i < ws->stream_count; i++) {
            s1_kraken_book_free(ws->streams[i].book);
        }
        s1_strbuf_done(&ws->send);
        free(ws->rows);
        free(ws);
    }
}

/* --- What both halves use. --- */

s1_ws_stream *s1_ws_find(s1_kraken_ws *ws, s1_str pair, int32_t data_type)
{
    for (size_t i = 0; i < ws->stream_count; i++) {
        if (ws->streams[i].data_type == data_type && s1_str_eq_cstr(pair, ws->streams[i].pair)) {
            return &ws->streams[i];
        }
    }
    return NULL;
}

void s1_ws_note(const s1_kraken_ws *ws, const s1_ws_stream *stream, s1_stream_note note)
{
    note.stream = stream != NULL ? (size_t)(stream - ws->streams) : S1_NO_STREAM;
    ws->sink.on_note(ws->sink.user, &note);
}

void s1_ws_resubscribe(s1_kraken_ws *ws, s1_ws_stream *stream, const char *why)
{
    s1_ws_note(ws, stream, (s1_stream_note){.kind = S1_NOTE_RESYNC, .text = s1_str_of(why)});
    stream->is_in_step = false;
    stream->is_interrupted = true;
    stream->is_subscribed = false;
    stream->wants_unsubscribe = true;
    stream->wants_subscribe = true;
    s1_kraken_book_clear(stream->book);
    if (++stream->failed_resyncs == S1_KRAKEN_WS_RESYNCS_MAX) {
        stream->is_refused = true;
        stream->wants_subscribe = false;
        s1_ws_note(ws, stream,
                   (s1_stream_note){.kind = S1_NOTE_REFUSED,
                                    .text = S1_STR("given up: ten books in a row did not agree")});
    }
}

/* --- The connection. --- */

void s1_kraken_ws_opened(s1_kraken_ws *ws, s1_nanos now)
{
    ws->is_open = true;
    ws->heard = now;
    ws->wants_ping = false;
    ws->is_pinged = false;
    for (size_t i = 0; i < ws->stream_count; i++) {
        s1_ws_stream *const stream = &ws->streams[i];
        stream->is_subscribed = false;
        stream->is_in_step = false;
        stream->wants_unsubscribe = false;
        stream->wants_subscribe = !stream->is_refused;
    }
}

void s1_kraken_ws_closed(s1_kraken_ws *ws)
{
    ws->is_open = false;
    for (size_t i = 0; i < ws->stream_count; i++) {
        s1_ws_stream *const stream = &ws->streams[i];
        stream->is_subscribed = false;
        stream->is_in_step = false;
        stream->is_interrupted = stream->is_interrupted || stream->last_time != 0;
    }
}

bool s1_kraken_ws_tick(s1_kraken_ws *ws, s1_nanos now)
{
    const s1_nanos silence = now - ws->heard;
    if (ws->is_open && silence >= ws->silence_max / 2 && !ws->is_pinged) {
        ws->wants_ping = true;
        ws->is_pinged = true;
    }
    return !ws->is_open || silence < ws->silence_max;
}

void s1_kraken_ws_resync(s1_kraken_ws *ws, size_t stream)
{
    s1_ws_stream *const lost = &ws->streams[stream];
    lost->is_interrupted = true;
    if (lost->book != NULL && lost->is_in_step) {
        s1_ws_resubscribe(ws, lost, "rows were dropped");
    }
}

size_t s1_kraken_ws_subscribed(const s1_kraken_ws *ws)
{
    size_t count = 0;
    for (size_t i = 0; i < ws->stream_count; i++) {
        count += ws->streams[i].is_subscribed ? 1 : 0;
    }
    return count;
}

size_t s1_kraken_ws_refused(const s1_kraken_ws *ws)
{
    size_t count = 0;
    for (size_t i = 0; i < ws->stream_count; i++) {
        count += ws->streams[i].is_refused ? 1 : 0;
    }
    return count;
}

const s1_kraken_book *s1_kraken_ws_book(const s1_kraken_ws *ws, size_t stream)
{
    return ws->streams[stream].book;
}

/* --- Requests. --- */

static const char *channel_of(int32_t data_type)
{
    return data_type == S1_DATA_TRADES ? "trade" : data_type == S1_DATA_BOOK ? "book" : "ticker";
}

static void write_request(s1_kraken_ws *ws, const s1_ws_stream *stream, const char *method)
{
    s1_json_writer w;
    s1_strbuf_clear(&ws->send);
    s1_json_init(&w, &ws->send, 0);
    s1_json_object(&w);
    s1_json_key_lit(&w, "method");
    s1_json_cstr(&w, method);
    if (stream != NULL) {
        s1_json_key_lit(&w, "params");
        s1_json_object(&w);
        s1_json_key_lit(&w, "channel");
        s1_json_cstr(&w, channel_of(stream->data_type));
        s1_json_key_lit(&w, "symbol");
        s1_json_array(&w);
        s1_json_cstr(&w, stream->pair);
        s1_json_array_end(&w);
        if (stream->data_type == S1_DATA_BOOK) {
            s1_json_key_lit(&w, "depth");
            s1_json_u64(&w, stream->depth);
        } else if (stream->data_type == S1_DATA_QUOTES) {
            s1_json_key_lit(&w, "event_trigger");
            s1_json_cstr(&w, "bbo");
        }
        if (strcmp(method, "subscribe") == 0) {
            s1_json_key_lit(&w, "snapshot");
            s1_json_bool(&w, true);
        }
        s1_json_object_end(&w);
    }
    s1_json_key_lit(&w, "req_id");
    s1_json_u64(&w, ++ws->request_id);
    s1_json_object_end(&w);
}

bool s1_kraken_ws_next_send(s1_kraken_ws *ws, s1_str *ret_text)
{
    bool is_written = false;
    for (size_t i = 0; ws->is_open && i < ws->stream_count && !is_written; i++) {
        s1_ws_stream *const stream = &ws->streams[i];
        if (stream->wants_unsubscribe) {
            stream->wants_unsubscribe = false;
            write_request(ws, stream, "unsubscribe");
            is_written = true;
        } else if (stream->wants_subscribe) {
            stream->wants_subscribe = false;
            write_request(ws, stream, "subscribe");
            is_written = true;
        }
    }
    if (ws->is_open && !is_written && ws->wants_ping) {
        ws->wants_ping = false;
        write_request(ws, NULL, "ping");
        is_written = true;
    }
    if (!is_written || s1_strbuf_check(&ws->send, NULL) != S1_OK) {
        return false;
    }
    *ret_text = s1_strbuf_view(&ws->send);
    return true;
}

/* --- Replies. --- */

static int32_t data_type_of(s1_str channel)
{
    return s1_str_eq_cstr(channel, "trade")    ? S1_DATA_TRADES
           : s1_str_eq_cstr(channel, "ticker") ? S1_DATA_QUOTES
           : s1_str_eq_cstr(channel, "book")   ? S1_DATA_BOOK
                                               : 0;
}

/* Channel and symbol of an acknowledgement's result. */
static bool read_result(s1_json_pull pull, s1_str *ret_channel, s1_str *ret_symbol)
{
    s1_str key;
    if (s1_json_pull_next(&pull, &key) != S1_JSON_OBJECT) {
        return false;
    }
    while (s1_json_pull_next(&pull, &key) == S1_JSON_KEY) {
        s1_json_pull ahead = pull;
        s1_str text;
        if (s1_json_pull_next(&ahead, &text) == S1_JSON_STRING) {
            *ret_channel = s1_str_eq_cstr(key, "channel") ? text : *ret_channel;
            *ret_symbol = s1_str_eq_cstr(key, "symbol") ? text : *ret_symbol;
        }
        if (!s1_json_pull_skip(&pull)) {
            return false;
        }
    }
    return true;
}

static void refuse(s1_kraken_ws *ws, const s1_ws_message *message)
{
    bool is_told = false;
    for (size_t i = 0; i < ws->stream_count; i++) {
        s1_ws_stream *const stream = &ws->streams[i];
        if (message->symbol.len == 0 || !s1_str_eq_cstr(message->symbol, stream->pair) ||
            stream->is_subscribed || stream->is_refused) {
            continue;
        }
        stream->is_refused = true;
        is_told = true;
        s1_ws_note(ws, stream, (s1_stream_note){.kind = S1_NOTE_REFUSED, .text = message->error});
    }
    if (!is_told) {
        s1_ws_note(ws, NULL, (s1_stream_note){.kind = S1_NOTE_ERROR, .text = message->error});
    }
}

static bool read_reply(s1_kraken_ws *ws, const s1_ws_message *message)
{
    s1_str channel = {NULL, 0};
    s1_str symbol = {NULL, 0};
    if (s1_str_eq_cstr(message->method, "pong")) {
        return true;
    }
    if (!message->is_success) {
        if (s1_str_eq_cstr(message->method, "subscribe") &&
            !s1_str_eq_cstr(message->error, "Already subscribed")) {
            refuse(ws, message);
        } else {
            s1_ws_note(ws, NULL, (s1_stream_note){.kind = S1_NOTE_ERROR, .text = message->error});
        }
        return true;
    }
    if (!s1_str_eq_cstr(message->method, "subscribe")) {
        return true;
    }
    if (!message->has_result || !read_result(message->result, &channel, &symbol)) {
        return false;
    }
    s1_ws_stream *const stream = s1_ws_find(ws, symbol, data_type_of(channel));
    if (stream != NULL && !stream->is_subscribed) {
        stream->is_subscribed = true;
        s1_ws_note(ws, stream, (s1_stream_note){.kind = S1_NOTE_SUBSCRIBED});
    }
    return true;
}

/* `system` of [{"system":"online", ...}]. */
static bool read_status(s1_kraken_ws *ws, const s1_ws_message *message)
{
    s1_json_pull pull = message->data;
    s1_str key, text;
    if (!message->has_data || s1_json_pull_next(&pull, &key) != S1_JSON_ARRAY ||
        s1_json_pull_next(&pull, &key) != S1_JSON_OBJECT) {
        return false;
    }
    while (s1_json_pull_next(&pull, &key) == S1_JSON_KEY) {
        s1_json_pull ahead = pull;
        if (s1_str_eq_cstr(key, "system") && s1_json_pull_next(&ahead, &text) == S1_JSON_STRING) {
            s1_ws_note(ws, NULL, (s1_stream_note){.kind = S1_NOTE_STATUS, .text = text});
        }
        if (!s1_json_pull_skip(&pull)) {
            return false;
        }
    }
    return true;
}

/* --- Messages. --- */

static bool read_member(s1_json_pull *pull, s1_str key, s1_ws_message *message)
{
    s1_str text;
    if (s1_str_eq_cstr(key, "data")) {
        message->data = *pull;
        message->has_data = true;
        return s1_json_pull_skip(pull);
    }
    if (s1_str_eq_cstr(key, "result")) {
        message->result = *pull;
        message->has_result = true;
        return s1_json_pull_skip(pull);
    }
    s1_json_pull ahead = *pull;
    const enum s1_json_token token = s1_json_pull_next(&ahead, &text);
    if (token == S1_JSON_STRING) {
        s1_str *const to = s1_str_eq_cstr(key, "channel")  ? &message->channel
                           : s1_str_eq_cstr(key, "type")   ? &message->type
                           : s1_str_eq_cstr(key, "method") ? &message->method
                           : s1_str_eq_cstr(key, "error")  ? &message->error
                           : s1_str_eq_cstr(key, "symbol") ? &message->symbol
                                                           : NULL;
        if (to != NULL) {
            *to = text;
        }
    } else if (token == S1_JSON_TRUE && s1_str_eq_cstr(key, "success")) {
        message->is_success = true;
    }
    return s1_json_pull_skip(pull);
}

/* The whole message is read over once, so that what follows may trust that it is JSON. */
static bool read_top(s1_str text, s1_ws_message *ret_message)
{
    s1_json_pull pull;
    s1_str key;
    s1_json_pull_init(&pull, text);
    if (s1_json_pull_next(&pull, &key) != S1_JSON_OBJECT) {
        return false;
    }
    enum s1_json_token token;
    while ((token = s1_json_pull_next(&pull, &key)) == S1_JSON_KEY) {
        if (!read_member(&pull, key, ret_message)) {
            return false;
        }
    }
    return token == S1_JSON_OBJECT_END && s1_json_pull_next(&pull, &key) == S1_JSON_END;
}

static bool dispatch(s1_kraken_ws *ws, const s1_ws_message *message)
{
    if (message->method.len != 0) {
        return read_reply(ws, message);
    }
    if (s1_str_eq_cstr(message->channel, "status")) {
        return read_status(ws, message);
    }
    switch (data_type_of(message->channel)) {
    case S1_DATA_TRADES:
        return message->has_data && s1_ws_read_trades(ws, message);
    case S1_DATA_QUOTES:
        return message->has_data && s1_ws_read_quotes(ws, message);
    case S1_DATA_BOOK:
        return message->has_data && s1_ws_read_books(ws, message);
    default:
        return message->channel.len != 0; /* heartbeat, and what nobody asked for */
    }
}

void s1_kraken_ws_receive(s1_kraken_ws *ws, s1_str message, s1_nanos received, s1_nanos now)
{
    s1_ws_message top = {.received = received};
    ws->heard = now;
    ws->is_pinged = false;
    ws->row_count = 0;
    if (message.len > S1_KRAKEN_WS_MESSAGE_MAX || !read_top(message, &top) || !dispatch(ws, &top)) {
        s1_ws_note(
            ws, NULL,
            (s1_stream_note){.kind = S1_NOTE_MALFORMED, .text = s1_str_slice(message, 0, 120)});
    }
}
