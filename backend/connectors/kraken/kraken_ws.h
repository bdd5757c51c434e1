/* backend/connectors/kraken/kraken_ws.h - Kraken's public WebSocket (v2) as a machine: messages in,
 * rows and messages out. No socket, no clock, no thread: whoever owns the connection tells it what
 * came and what time it is.
 *
 *   opened -> next_send* ... receive -> rows and notes -> next_send* ... tick -> alive or not
 *   ... closed -> (back-off) -> opened again: everything is subscribed anew
 *
 * Streams: trades (channel `trade`), quotes (`ticker`, event bbo), book (`book`). Trade ids are
 * dense per pair, so that what a broken connection cost is known exactly, and what the snapshot of
 * the last fifty trades brings back is not counted: trades that came before are dropped. A book is
 * checked against the exchange's checksum at every message; one that does not agree is not handed
 * on, and the book is subscribed anew.
 */
#ifndef S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_WS_H
#define S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_WS_H

#include "backend/connectors/kraken/kraken_book.h"
#include "backend/dtos/market/stream_row.h"

#define S1_KRAKEN_WS_URL         "wss://ws.kraken.com/v2"
#define S1_KRAKEN_WS_STREAMS_MAX 64u
#define S1_KRAKEN_WS_MESSAGE_MAX ((size_t)4 << 20)

typedef struct s1_kraken_ws s1_kraken_ws;

typedef struct s1_kraken_ws_stream {
    s1_str asset_pair;  /* "BTC/USD"; copied */
    int32_t data_type;  /* S1_DATA_TRADES, S1_DATA_QUOTES or S1_DATA_BOOK */
    uint32_t depth;     /* of a book: 10, 25, 100, 500 or 1000; else 0 */
    int64_t last_id;    /* of trades: the last one there is already; 0: none */
    s1_nanos last_time; /* of that row; 0: none. Rows never carry an earlier time. */
} s1_kraken_ws_stream;

/* X(NAME, "text"): what is said of a stream, or of the connection. */
#define S1_STREAM_NOTE_MAP(X)                                                                      \
    X(SUBSCRIBED, "subscribed")                                                                    \
    X(REFUSED, "refused")     /* by the exchange, in `text`: the stream stays silent */            \
    X(GAP, "gap")             /* rows are missing; `count` of them, 0: not known */                \
    X(DUPLICATE, "duplicate") /* `count` rows came that were there already: dropped */             \
    X(RESYNC, "resync")       /* the checksum did not agree: the book is subscribed anew */        \
    X(MALFORMED, "malformed") /* a message that could not be read: dropped */                      \
    X(STATUS, "status")       /* of the exchange, in `text`: online, maintenance, ... */           \
    X(ERROR, "error")         /* of the exchange, in `text` */
enum s1_stream_note_kind {
#define X(name, text) S1_NOTE_##name,
    S1_STREAM_NOTE_MAP(X)
#undef X
        S1_NOTE_KINDS
};
const char *s1_stream_note_name(int32_t kind); /* "?" outside the enum */

#define S1_NO_STREAM SIZE_MAX
typedef struct s1_stream_note {
    int32_t kind;
    size_t stream;        /* index, or S1_NO_STREAM */
    int32_t why;          /* of a gap: enum s1_gap_why */
    uint64_t count;       /* rows */
    s1_nanos after, upto; /* of a gap: times of the rows on both sides; 0: not known */
    s1_str text;          /* may be empty; borrowed until the call returns */
} s1_stream_note;

/* Who is told. Both are called from within s1_kraken_ws_receive only (and _closed, for notes), in
 * the order things came. A false from on_rows says that rows were dropped behind it: a
 * book is then subscribed anew. */
typedef struct s1_stream_sink {
    void *user;
    bool (*on_rows)(void *user, size_t stream, const s1_stream_row *rows, size_t count);
    void (*on_note)(void *user, const s1_stream_note *note);
} s1_stream_sink;

typedef struct s1_kraken_ws_options {
    const s1_kraken_ws_stream *streams;
    size_t stream_count;  /* 1..S1_KRAKEN_WS_STREAMS_MAX */
    s1_nanos silence_max; /* nothing heard for so long: the connection is dead. 0: 5 s */
    s1_stream_sink sink;
} s1_kraken_ws_options;

/* Heap; s1_kraken_ws_free. Errors: S1_E_INVALID, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_kraken_ws_new(const s1_kraken_ws_options *options, s1_kraken_ws **ret_ws,
                                      s1_err *err);
void s1_kraken_ws_free(s1_kraken_ws *ws); /* accepts NULL */

/* A connection stands; `now` is monotonic. Subscriptions wait to be sent. */
void s1_kraken_ws_opened(s1_kraken_ws *ws, s1_nanos now);
/* It is gone. Every stream that had rows may miss some from here on; how many trades is told
 * by the first one behind. */
void s1_kraken_ws_closed(s1_kraken_ws *ws);

/* One whole message, text or binary alike. `received` is the time of day, `now` monotonic. What is
 * not understood is a note, never an end: exchanges add fields and channels. */
void s1_kraken_ws_receive(s1_kraken_ws *ws, s1_str message, s1_nanos received, s1_nanos now);

/* The next message to send, valid until the next call of any function; false: none. */
bool s1_kraken_ws_next_send(s1_kraken_ws *ws, s1_str *ret_text);

/* To be called about once a second. False: nothing was heard for silence_max, reconnect. */
bool s1_kraken_ws_tick(s1_kraken_ws *ws, s1_nanos now);

/* A row of the stream was dropped behind the machine: its book is subscribed anew. */
void s1_kraken_ws_resync(s1_kraken_ws *ws, size_t stream);

/* Streams the exchange has acknowledged on this connection; refused for good. */
size_t s1_kraken_ws_subscribed(const s1_kraken_ws *ws);
size_t s1_kraken_ws_refused(const s1_kraken_ws *ws);
/* The book of a stream as it stands; NULL for other streams. */
const s1_kraken_book *s1_kraken_ws_book(const s1_kraken_ws *ws, size_t stream);

#endif /* S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_WS_H */
