/* backend/dtos/market/stream_row.h - one row of a live stream, of any kind of data.
 *
 * What a connector hands on and a recorder keeps: the columns of the layout of its data type in
 * their order (market_layout.h), time first, each as an integer: nanoseconds, an enum, an id, or a
 * mantissa at the row's own scales. Passed by value; owns nothing.
 *
 *   trades  time, price, quantity, side, id, received
 *   quotes  time, bid, ask, bid_quantity, ask_quantity, received
 *   book    time, update_id, kind, side, price, quantity, received
 */
#ifndef S1_BACKEND_DTOS_MARKET_STREAM_ROW_H
#define S1_BACKEND_DTOS_MARKET_STREAM_ROW_H

#include "s1mple/base.h"

#define S1_STREAM_ROW_COLUMNS 8u

enum s1_trade_row_column {
    S1_ROW_TRADE_TIME,
    S1_ROW_TRADE_PRICE,
    S1_ROW_TRADE_QUANTITY,
    S1_ROW_TRADE_SIDE,
    S1_ROW_TRADE_ID,
    S1_ROW_TRADE_RECEIVED,
    S1_ROW_TRADE_COLUMNS
};
enum s1_quote_row_column {
    S1_ROW_QUOTE_TIME,
    S1_ROW_QUOTE_BID,
    S1_ROW_QUOTE_ASK,
    S1_ROW_QUOTE_BID_QUANTITY,
    S1_ROW_QUOTE_ASK_QUANTITY,
    S1_ROW_QUOTE_RECEIVED,
    S1_ROW_QUOTE_COLUMNS
};
enum s1_book_row_column {
    S1_ROW_BOOK_TIME,
    S1_ROW_BOOK_UPDATE_ID,
    S1_ROW_BOOK_KIND, /* 1 a row of a snapshot, 2 of an update */
    S1_ROW_BOOK_SIDE, /* 1 bid, 2 ask */
    S1_ROW_BOOK_PRICE,
    S1_ROW_BOOK_QUANTITY, /* 0 removes the level */
    S1_ROW_BOOK_RECEIVED,
    S1_ROW_BOOK_COLUMNS
};

/* What stands in a queue or a segment: data, or a mark that rows are missing here. */
enum s1_stream_row_kind { S1_ROW_DATA = 0, S1_ROW_GAP = 1 };
enum s1_gap_column {
    S1_ROW_GAP_AFTER, /* time of the row before; 0: not known */
    S1_ROW_GAP_UPTO,  /* time of the row behind; 0: not known */
    S1_ROW_GAP_COUNT, /* rows that are missing; 0: not known */
    S1_ROW_GAP_WHY,   /* enum s1_gap_why */
};

/* X(NAME, value, "text"): why rows are missing. Frozen: values are stored. */
#define S1_GAP_WHY_MAP(X)                                                                          \
    X(CONNECTION, 1, "the connection was broken")                                                  \
    X(EXCHANGE, 2, "the exchange left out ids")                                                    \
    X(QUEUE, 3, "the queue was full")                                                              \
    X(CRASH, 4, "the recorder was killed")                                                         \
    X(DAMAGE, 5, "a segment was damaged")                                                          \
    X(REFUSED, 6, "the archive cannot take them")
enum s1_gap_why {
#define X(name, value, text) S1_GAP_##name = (value),
    S1_GAP_WHY_MAP(X)
#undef X
};
const char *s1_gap_why_name(int64_t why); /* "?" outside the enum */

typedef struct s1_stream_row {
    int64_t columns[S1_STREAM_ROW_COLUMNS]; /* those of the layout; the rest 0 */
    uint8_t price_scale, qty_scale;         /* of this row's mantissas */
    uint8_t kind;                           /* enum s1_stream_row_kind */
    uint8_t reserved[5];
} s1_stream_row;

#endif /* S1_BACKEND_DTOS_MARKET_STREAM_ROW_H */
