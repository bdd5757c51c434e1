/* backend/connectors/connector.h - IApiConnector: an exchange as a byte-in byte-out machine.
 *
 * A connector words requests and reads replies. It has no socket, no clock, no thread and no
 * entropy: whoever drives it (services/live, a test, a replay of recorded replies) asks what to
 * send and not before when, sends it, and hands back what came, with the time. So the same bytes
 * give the same rows, and every fault of a network can be played in a loop.
 *
 *   open_history(request)
 *   while (next_request(now, &wire, &is_done), !is_done) {
 *       ... wait until wire.not_before, send, receive ...
 *       on_reply(&reply, &page)     rows, or "again" with the reason
 *   }
 *
 * Retrying, backing off and keeping to the exchange's limits are the connector's: it asks for the
 * same thing again, later. What cannot be cured by asking again is an error, with the exchange's
 * own words:
 *
 *   S1_E_NOT_FOUND    the exchange does not have the pair
 *   S1_E_UNSUPPORTED  it has no such data, or not that far back
 *   S1_E_DENIED       it refused for good
 *   S1_E_DATA         what it sends is not what it should be, several times over
 *   S1_E_IO           it did not answer, several times over, or kept limiting us
 *
 * One connector does one thing at a time and belongs to one thread.
 */
#ifndef S1_BACKEND_CONNECTORS_CONNECTOR_H
#define S1_BACKEND_CONNECTORS_CONNECTOR_H

#include "backend/core/interfaces/data_persistor.h"

/* --- What goes over the wire ------------------------------------------------------------------ */

enum s1_wire_method { S1_WIRE_GET = 1, S1_WIRE_POST = 2 };

/* Texts are borrowed until the next call on the connector. */
typedef struct s1_wire_request {
    uint64_t id; /* of this attempt; the reply carries it */
    int32_t method;
    int32_t reserved;
    s1_str path;         /* "/0/public/Trades": behind the exchange's address */
    s1_str query;        /* "pair=XBTUSD&since=1", encoded; may be empty */
    s1_str body;         /* of a POST */
    s1_nanos not_before; /* monotonic time */
    s1_nanos timeout;    /* of the whole request, at most */
    size_t reply_bytes_max;
} s1_wire_request;

/* What became of it. */
#define S1_WIRE_OUTCOME_MAP(X)                                                                     \
    X(REPLY, 1, "a reply")                                                                         \
    X(UNREACHABLE, 2, "no connection")                                                             \
    X(TIMEOUT, 3, "no whole reply in time")                                                        \
    X(CUT, 4, "the connection was cut")                                                            \
    X(TOO_LARGE, 5, "a reply that is too large")
enum s1_wire_outcome {
#define X(name, value, text) S1_WIRE_##name = (value),
    S1_WIRE_OUTCOME_MAP(X)
#undef X
};

/* "a reply"; "?" outside the enum. Static text. */
const char *s1_wire_outcome_name(int32_t outcome);

typedef struct s1_wire_reply {
    uint64_t id;       /* of the request */
    int32_t outcome;   /* enum s1_wire_outcome; status, headers and body only of a REPLY */
    int32_t status;    /* HTTP */
    s1_str headers;    /* "Name: value" lines */
    s1_str body;       /* whole */
    s1_str detail;     /* more about another outcome; may be empty */
    s1_nanos now;      /* monotonic time it was there */
    s1_nanos received; /* the same on the wall clock */
} s1_wire_reply;

/* --- History ---------------------------------------------------------------------------------- */

/* Rows of one stream, range.from <= time < range.to. Both ends are finite, from not above to. */
typedef struct s1_history_request {
    s1_stream_key key; /* asset_pair is copied */
    s1_time_range range;
} s1_history_request;

enum s1_page_verdict {
    S1_PAGE_ROWS =
        1,           /* rows, perhaps none (what was asked first was about the pair, or a repeat) */
    S1_PAGE_AGAIN,   /* a fault that may pass: the same is asked again, not before retry_at */
    S1_PAGE_LIMITED, /* the same, because the exchange wants fewer requests */
};

/* The columns of a page by kind of data, and of which C type. NULL: not given. */
enum s1_bar_column {
    S1_BAR_TIME, /* s1_nanos, open time */
    S1_BAR_OPEN, /* int64_t from here on */
    S1_BAR_HIGH,
    S1_BAR_LOW,
    S1_BAR_CLOSE,
    S1_BAR_VOLUME,
    S1_BAR_TRADES,
    S1_BAR_VWAP,
};
enum s1_trade_column {
    S1_TRADE_TIME,  /* s1_nanos */
    S1_TRADE_PRICE, /* int64_t */
    S1_TRADE_QUANTITY,
    S1_TRADE_SIDE, /* uint8_t, enum s1_trade_side */
    S1_TRADE_ID,   /* int64_t */
};
#define S1_PAGE_COLUMNS_MAX 8u

/* Borrowed until the next call on the connector. Rows go on where the page before ended: none
 * twice, none left out; times of bars rise, of trades never fall, ids of trades rise. */
typedef struct s1_history_page {
    int32_t verdict;  /* enum s1_page_verdict */
    uint32_t attempt; /* of AGAIN and LIMITED: how often this was asked by now */
    size_t count;
    const void *columns[S1_PAGE_COLUMNS_MAX]; /* enum s1_bar_column or s1_trade_column */
    uint32_t price_scale, qty_scale, vwap_scale;
    uint32_t repeated;    /* rows of the reply that an earlier page had given */
    s1_nanos complete_to; /* every row of the range before it has been given by now */
    s1_nanos retry_at;    /* monotonic */
    char reason[200];     /* of AGAIN and LIMITED: what was found */
} s1_history_page;

/* --- The interface ---------------------------------------------------------------------------- */

typedef struct s1_connector s1_connector;

/* All are mandatory. Contracts stand at the functions that call them. */
typedef struct s1_connector_ops {
    uint32_t size;
    uint32_t reserved;
    const char *name; /* "kraken" */
    void (*free)(s1_connector *self);
    s1_rc (*get_reach)(const s1_connector *self, const s1_stream_key *key, s1_nanos wall_now,
                       s1_nanos *ret_from, s1_err *err);
    s1_rc (*open_history)(s1_connector *self, const s1_history_request *request, s1_err *err);
    s1_rc (*next_request)(s1_connector *self, s1_nanos now, s1_wire_request *ret_request,
                          bool *ret_is_done, s1_err *err);
    s1_rc (*on_reply)(s1_connector *self, const s1_wire_reply *reply, s1_history_page *ret_page,
                      s1_err *err);
} s1_connector_ops;

/* Implementors put it first in their own struct. */
struct s1_connector {
    const s1_connector_ops *ops;
};

/* Accepts NULL. */
static inline void s1_connector_free(s1_connector *connector)
{
    if (connector != NULL) {
        connector->ops->free(connector);
    }
}

/* The earliest moment of a stream that can be asked for now; INT64_MIN: from its beginning. Errors:
 * S1_E_UNSUPPORTED for a stream the exchange cannot give at all, with what it can. */
S1_WARN_UNUSED
static inline s1_rc s1_connector_get_reach(const s1_connector *connector, const s1_stream_key *key,
                                           s1_nanos wall_now, s1_nanos *ret_from, s1_err *err)
{
    return connector->ops->get_reach(connector, key, wall_now, ret_from, err);
}

/* Starts asking for a range; what was being asked for is dropped. Nothing is sent yet. Errors:
 * S1_E_INVALID for a malformed key or range, S1_E_UNSUPPORTED as above. */
S1_WARN_UNUSED
static inline s1_rc s1_connector_open_history(s1_connector *connector,
                                              const s1_history_request *request, s1_err *err)
{
    return connector->ops->open_history(connector, request, err);
}

/* What to send next, or *ret_is_done. `now` is monotonic. Only one request is out at a time: its
 * reply comes before the next call. */
S1_WARN_UNUSED
static inline s1_rc s1_connector_next_request(s1_connector *connector, s1_nanos now,
                                              s1_wire_request *ret_request, bool *ret_is_done,
                                              s1_err *err)
{
    return connector->ops->next_request(connector, now, ret_request, ret_is_done, err);
}

/* Reads what came of the request. Errors: those of the list above; the range is over then. */
S1_WARN_UNUSED
static inline s1_rc s1_connector_on_reply(s1_connector *connector, const s1_wire_reply *reply,
                                          s1_history_page *ret_page, s1_err *err)
{
    return connector->ops->on_reply(connector, reply, ret_page, err);
}

#endif /* S1_BACKEND_CONNECTORS_CONNECTOR_H */
