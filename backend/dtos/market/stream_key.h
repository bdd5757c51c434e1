/* backend/dtos/market/stream_key.h - which stream of market data: source, pair, timeframe, kind.
 *
 * Owns nothing: `asset_pair` and `source` are borrowed from whoever made the key and must outlive
 * the call it is passed to (persistors copy what they keep).
 */
#ifndef S1_BACKEND_DTOS_MARKET_STREAM_KEY_H
#define S1_BACKEND_DTOS_MARKET_STREAM_KEY_H

#include "s1mple/base.h"

/* X(NAME, value, "text"): the kinds of market data this version stores. */
#define S1_DATA_TYPE_MAP(X)                                                                        \
    X(OHLCV, 1, "ohlcv")                                                                           \
    X(TRADES, 2, "trades")                                                                         \
    X(QUOTES, 3, "quotes")                                                                         \
    X(BOOK, 4, "book")
enum s1_data_type {
#define X(name, value, text) S1_DATA_##name = (value),
    S1_DATA_TYPE_MAP(X)
#undef X
};

typedef struct s1_stream_key {
    s1_str asset_pair;  /* "EUR/USD": 1..16 of A-Z a-z 0-9 . - on each side of one '/' */
    s1_nanos timeframe; /* nanoseconds of one bar; 0 for all but bars */
    int32_t data_type;  /* enum s1_data_type */
    int32_t reserved;
    s1_str source; /* who gave it: "" (the archive's unnamed source), or 1..31 of a-z 0-9 _ - */
} s1_stream_key;

#define S1_PAIR_TEXT_MAX   33u /* "BASE/QUOTE" without the NUL */
#define S1_SOURCE_TEXT_MAX 31u
#define S1_STREAM_TEXT_MAX 112u /* with the NUL */

/* "ohlcv", "trades", "quotes", "book"; "?" for a value outside the enum. Static text. */
const char *s1_data_type_name(int32_t data_type);

/* The data type of a name. Errors: S1_E_INVALID naming the text and the names there are. */
S1_WARN_UNUSED
s1_rc s1_data_type_parse(s1_str text, int32_t *ret_data_type, s1_err *err);

/* "EUR/USD 1h ohlcv", "BTC/EUR trades", "kraken:BTC/EUR book", for messages. Returns `buffer`. */
const char *s1_stream_key_format(const s1_stream_key *key, char buffer[static S1_STREAM_TEXT_MAX]);

/* Checks a key: form of pair and source, known data type, timeframe > 0 for bars and 0 for others.
 * Errors: S1_E_INVALID naming what was found and what was expected. */
S1_WARN_UNUSED
s1_rc s1_stream_key_check(const s1_stream_key *key, s1_err *err);

/* Same pair and source (byte for byte), timeframe and data type? */
bool s1_stream_key_equal(const s1_stream_key *a, const s1_stream_key *b);

/* Orders keys by pair, data type, timeframe, source: <0, 0, >0. */
int s1_stream_key_compare(const s1_stream_key *a, const s1_stream_key *b);

/* A key that owns its texts: key->asset_pair and key->source point into it, so it does not move. */
typedef struct s1_stream_key_copy {
    s1_stream_key key;
    char pair[S1_PAIR_TEXT_MAX + 1], source[S1_SOURCE_TEXT_MAX + 1];
} s1_stream_key_copy;

/* Copies a checked key. */
void s1_stream_key_copy_init(s1_stream_key_copy *copy, const s1_stream_key *key);

#endif /* S1_BACKEND_DTOS_MARKET_STREAM_KEY_H */
