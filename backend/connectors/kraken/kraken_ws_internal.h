/* backend/connectors/kraken/kraken_ws_internal.h - the machine, shared by its two halves:
 * kraken_ws.c (connection, requests, replies) and kraken_ws_rows.c (trades, quotes, books). */
#ifndef S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_WS_INTERNAL_H
#define S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_WS_INTERNAL_H

#include "backend/connectors/kraken/kraken_ws.h"
#include "backend/utils/json_pull.h"

#define S1_KRAKEN_WS_ROWS_MAX    8192u /* of one message */
#define S1_KRAKEN_WS_RESYNCS_MAX 10u   /* in a row; then the book is given up */

typedef struct s1_ws_stream {
    char pair[34];
    int32_t data_type;
    uint32_t depth;
    bool is_subscribed, is_refused;
    bool wants_subscribe, wants_unsubscribe; /* to be sent */
    bool is_in_step;                         /* a book: the snapshot is there */
    bool is_interrupted;     /* the connection broke, or rows were dropped, since the last row */
    uint32_t failed_resyncs; /* since the last message that agreed */
    int64_t last_id;         /* of trades; -1: none yet */
    int64_t update_id;       /* of the last message of the book */
    s1_nanos last_time;      /* of the last row */
    s1_kraken_book *book;
} s1_ws_stream;

struct s1_kraken_ws {
    s1_ws_stream streams[S1_KRAKEN_WS_STREAMS_MAX];
    size_t stream_count;
    s1_nanos silence_max;
    s1_nanos heard; /* monotonic, of the last message or the opening */
    bool is_open, wants_ping, is_pinged;
    uint64_t request_id;
    s1_stream_sink sink;
    s1_strbuf send;
    s1_stream_row *rows; /* [S1_KRAKEN_WS_ROWS_MAX] of the message being read */
    size_t row_count;
};

/* The top level of a message. */
typedef struct s1_ws_message {
    s1_str channel, type, method, error, symbol, system;
    s1_json_pull data, result; /* before the value */
    bool has_data, has_result, is_success;
    s1_nanos received;
} s1_ws_message;

/* Reads the rows of a message of a channel of data and hands them on. False: malformed. */
bool s1_ws_read_trades(s1_kraken_ws *ws, const s1_ws_message *message);
bool s1_ws_read_quotes(s1_kraken_ws *ws, const s1_ws_message *message);
bool s1_ws_read_books(s1_kraken_ws *ws, const s1_ws_message *message);

/* The stream of a pair; NULL for one that nobody asked for. */
s1_ws_stream *s1_ws_find(s1_kraken_ws *ws, s1_str pair, int32_t data_type);
void s1_ws_note(const s1_kraken_ws *ws, const s1_ws_stream *stream, s1_stream_note note);
/* The book of the stream is not to be trusted any more. */
void s1_ws_resubscribe(s1_kraken_ws *ws, s1_ws_stream *stream, const char *why);

#endif /* S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_WS_INTERNAL_H */
