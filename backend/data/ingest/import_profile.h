/* backend/data/ingest/import_profile.h - how a kind of file is laid out: data, not code.
 *
 * | profile        | files                                                                     |
 * |----------------|---------------------------------------------------------------------------|
 * | backtesting    | samples of PyPI backtesting: ",Open,High,Low,Close,Volume", ISO times      |
 * | generic        | a header (or JSON objects) naming the columns; ISO or epoch times          |
 * | kraken         | Kraken's OHLCVT archive: no header; seconds, o, h, l, c, volume, trades;   |
 * |                | or, rows of 8, as its REST answers: ..., c, vwap, volume, trades           |
 * | kraken-trades  | Kraken's trade archive: seconds, price, volume; or a header naming them    |
 * | binance        | klines: milli- or microseconds, o, h, l, c, volume, ..., trades            |
 * | binance-trades | trades: id, price, quantity, quote quantity, time, buyer is maker          |
 * | binance-ws     | a recorded web socket: receiver's nanoseconds and message, line by line   |
 * | bitfinex       | candles: milliseconds, open, CLOSE, high, low, volume; CSV or JSON         |
 * | cdd            | CryptoDataDownload: a comment line, newest row first, unix column trusted  |
 * | cdd-date       | its edition of 2019, without a unix column: the date is all there is       |
 * | coinbase       | JSON candles: objects (start, low, ...), or [time, low, high, open, ...]   |
 * | yahoo          | Date,Open,High,Low,Close,Adj Close,Volume                                  |
 * | lean-equity    | LEAN zips of New York's time, prices in 1/10000                            |
 * | lean-fx        | LEAN zips of forex, metals and crypto, UTC                                 |
 * | w1             | benchmark W1: ts_ms,open,high,low,close,volume                             |
 */
#ifndef S1_BACKEND_DATA_INGEST_IMPORT_PROFILE_H
#define S1_BACKEND_DATA_INGEST_IMPORT_PROFILE_H

#include "s1mple/base.h"

/* X(NAME, "name"): what a column of a file can be. A "quote bar" has two bars, bid and
 * ask: its bid is OPEN..CLOSE. */
#define S1_FIELD_MAP(X)                                                                            \
    X(TIME, "time")                                                                                \
    X(OPEN, "open")                                                                                \
    X(HIGH, "high")                                                                                \
    X(LOW, "low")                                                                                  \
    X(CLOSE, "close")                                                                              \
    X(ASK_OPEN, "ask_open")                                                                        \
    X(ASK_HIGH, "ask_high")                                                                        \
    X(ASK_LOW, "ask_low")                                                                          \
    X(ASK_CLOSE, "ask_close")                                                                      \
    X(PRICE, "price")                                                                              \
    X(BID, "bid")                                                                                  \
    X(ASK, "ask")                                                                                  \
    X(VOLUME, "volume")                                                                            \
    X(QUANTITY, "quantity")                                                                        \
    X(BID_QUANTITY, "bid_quantity")                                                                \
    X(ASK_QUANTITY, "ask_quantity")                                                                \
    X(VWAP, "vwap")                                                                                \
    X(TRADES, "trades")                                                                            \
    X(ID, "id")                                                                                    \
    X(SIDE, "side")                                                                                \
    X(SYMBOL, "symbol")                                                                            \
    X(UPDATE_ID, "update_id") /* of a book */                                                      \
    X(KIND, "kind")           /* of a row of a book: snapshot or update */                         \
    X(CLOCK, "clock")         /* the time of day, where the date has a column of its own */
enum s1_field {
#define X(name, text) S1_FIELD_##name,
    S1_FIELD_MAP(X)
#undef X
        S1_FIELD_COUNT
};

/* X(NAME, value, "name"): the times of a file. */
#define S1_TIME_FORM_LIST(X)                                                                       \
    X(ISO, 1, "iso")   /* 2017-04-19[ T]09:00[:00[.123456789]][Z|+03:00], 20170419 09:00, */       \
                       /* 2017/04/19, 2017-04-19 12-AM; without an offset UTC or the zone */       \
    X(SECONDS, 2, "s") /* unix seconds, fraction allowed: 1605855600.0 */                          \
    X(MILLIS, 3, "ms")                                                                             \
    X(EPOCH, 4, "epoch") /* by size, value by value: s, ms from 10^11, us 10^14, ns 10^17 on */    \
    X(ANY, 5, "auto")    /* ISO or EPOCH, value by value */                                        \
    X(MICROS, 6, "us")                                                                             \
    X(NANOS, 7, "ns")                                                                              \
    X(LEAN, 8, "lean") /* 20170419 09:00, or milliseconds of the day in the file's name */
enum s1_time_form {
#define X(name, value, text) S1_TIME_FORM_##name = (value),
    S1_TIME_FORM_LIST(X)
#undef X
};

enum s1_row_order {
    S1_ORDER_RISING = 1,
    S1_ORDER_FALLING = 2,
    S1_ORDER_AUTO = 3, /* as the first two times that differ */
};

enum s1_header { S1_HEADER_YES = 1, S1_HEADER_NO = 2, S1_HEADER_AUTO = 3 };

/* What names of files say (import_name.h). */
enum s1_naming {
    S1_NAMING_NONE = 0,
    S1_NAMING_KRAKEN_BARS,    /* XBTUSD_60.csv: minutes */
    S1_NAMING_KRAKEN_TRADES,  /* XBTUSD.csv */
    S1_NAMING_BINANCE_BARS,   /* BTCUSDT-1h-2023-01.csv */
    S1_NAMING_BINANCE_TRADES, /* BTCUSDT-trades-2023-01.csv */
    S1_NAMING_CDD,            /* Kraken_BTCUSD_1h.csv */
    S1_NAMING_LEAN,           /* hour/spy.zip, minute/spy/20131007_trade.zip */
};

#define S1_LAYOUTS_MAX 3u

/* Rows without a header, told apart by their number of fields. A field that is empty and the last
 * one does not count. */
typedef struct s1_row_layout {
    uint32_t field_count;             /* 0: no layout */
    int32_t data_type;                /* enum s1_data_type */
    uint8_t position[S1_FIELD_COUNT]; /* column from 1 on; 0: not there */
} s1_row_layout;

typedef struct s1_import_profile {
    const char *name;
    const char *about;          /* one line for --help */
    int32_t data_type;          /* of rows with a header, unless the import says another */
    int32_t time_form;          /* enum s1_time_form */
    int32_t order;              /* enum s1_row_order: of the rows in the file */
    int32_t header;             /* enum s1_header */
    int32_t naming;             /* enum s1_naming */
    bool is_recording;          /* a web socket's messages, not lines of fields */
    uint32_t comment_lines_max; /* lines that may stand before the header */
    uint32_t price_shift;       /* prices are whole numbers of 10^-price_shift */
    const char *zone;           /* of times below a day that say no offset; NULL: UTC */
    /* With a header: names accepted, '|' between them, first that is there wins; compared without
     * case; "{base}" is the pair's base. NULL: no such column. */
    const char *names[S1_FIELD_COUNT];
    s1_row_layout layouts[S1_LAYOUTS_MAX];
} s1_import_profile;

/* The table. `ret_count` may not be NULL. Static. */
const s1_import_profile *s1_import_profiles(size_t *ret_count);

/* The profile of a name. Errors: S1_E_NOT_FOUND naming the profiles there are. */
S1_WARN_UNUSED
s1_rc s1_import_profile_find(s1_str name, const s1_import_profile **ret_profile, s1_err *err);

/* "open", "ask_close", ...; static. */
const char *s1_field_name(size_t field);

/* Errors: S1_E_INVALID naming what there is. */
S1_WARN_UNUSED s1_rc s1_field_parse(s1_str text, size_t *ret_field, s1_err *err);
S1_WARN_UNUSED s1_rc s1_time_form_parse(s1_str text, int32_t *ret_form, s1_err *err);

#endif /* S1_BACKEND_DATA_INGEST_IMPORT_PROFILE_H */
