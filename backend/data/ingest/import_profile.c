#include "backend/data/ingest/import_profile.h"

#include "backend/dtos/market/stream_key.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdio.h>

#define TIME_NAMES                                                                                 \
    "timestamp|time|datetime|date|unix|unix timestamp|open_time|open time|ts|ts_ms|time_ms|"       \
    "timestamp_ms|unix_ms|start|mts"

#define BAR_NAMES                                                                                  \
    [S1_FIELD_OPEN] = "open", [S1_FIELD_HIGH] = "high", [S1_FIELD_LOW] = "low",                    \
    [S1_FIELD_CLOSE] = "close"

/* Where the columns of usual bars stand: time, open, high, low, close, volume. */
#define BARS_AT(o, h, l, c, v)                                                                     \
    [S1_FIELD_TIME] = 1, [S1_FIELD_OPEN] = (o), [S1_FIELD_HIGH] = (h), [S1_FIELD_LOW] = (l),       \
    [S1_FIELD_CLOSE] = (c), [S1_FIELD_VOLUME] = (v)

/* LEAN: trade bars of 6 fields, bid and ask bars of 11, quotes of 3. */
#define LEAN_LAYOUTS                                                                               \
    {                                                                                              \
        {.field_count = 6, .data_type = S1_DATA_OHLCV, .position = {BARS_AT(2, 3, 4, 5, 6)}},      \
            {.field_count = 11,                                                                    \
             .data_type = S1_DATA_OHLCV,                                                           \
             .position = {[S1_FIELD_TIME] = 1,                                                     \
                          [S1_FIELD_OPEN] = 2,                                                     \
                          [S1_FIELD_HIGH] = 3,                                                     \
                          [S1_FIELD_LOW] = 4,                                                      \
                          [S1_FIELD_CLOSE] = 5,                                                    \
                          [S1_FIELD_BID_QUANTITY] = 6,                                             \
                          [S1_FIELD_ASK_OPEN] = 7,                                                 \
                          [S1_FIELD_ASK_HIGH] = 8,                                                 \
                          [S1_FIELD_ASK_LOW] = 9,                                                  \
                          [S1_FIELD_ASK_CLOSE] = 10,                                               \
                          [S1_FIELD_ASK_QUANTITY] = 11}},                                          \
        {                                                                                          \
            .field_count = 3, .data_type = S1_DATA_QUOTES,                                         \
            .position = {[S1_FIELD_TIME] = 1, [S1_FIELD_BID] = 2, [S1_FIELD_ASK] = 3}              \
        }                                                                                          \
    }

static const s1_import_profile profiles[] = {
    {.name = "backtesting",
     .about = "samples of PyPI backtesting: ,Open,High,Low,Close,Volume with UTC times",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_ISO,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_YES,
     .names = {[S1_FIELD_TIME] = "", BAR_NAMES, [S1_FIELD_VOLUME] = "volume"}},
    {.name = "generic",
     .about = "a header or JSON naming timestamp, open, high, low, close, volume; ISO or epoch",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_ANY,
     .order = S1_ORDER_AUTO,
     .header = S1_HEADER_YES,
     .names = {[S1_FIELD_TIME] = TIME_NAMES,
               BAR_NAMES,
               [S1_FIELD_VOLUME] = "volume|volume {base}|tick_volume|tickvol|vol",
               [S1_FIELD_VWAP] = "vwap",
               [S1_FIELD_TRADES] = "trades|count|tradecount|trade_count",
               [S1_FIELD_PRICE] = "price",
               [S1_FIELD_QUANTITY] = "quantity|qty|amount|volume|size",
               [S1_FIELD_SIDE] = "side|buysell|is_buyer_maker",
               [S1_FIELD_ID] = "id|trade_id|tid|trade id",
               [S1_FIELD_UPDATE_ID] = "update_id",
               [S1_FIELD_KIND] = "kind",
               [S1_FIELD_BID] = "bid|bid_price",
               [S1_FIELD_ASK] = "ask|ask_price",
               [S1_FIELD_BID_QUANTITY] = "bid_quantity|bid_qty|bid_size|bid_volume",
               [S1_FIELD_ASK_QUANTITY] = "ask_quantity|ask_qty|ask_size|ask_volume"}},
    {.name = "kraken",
     .about = "Kraken OHLCVT archive: no header; unix seconds, o, h, l, c, volume, trades",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_SECONDS,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_NO,
     .naming = S1_NAMING_KRAKEN_BARS,
     .layouts = {{.field_count = 7,
                  .data_type = S1_DATA_OHLCV,
                  .position = {BARS_AT(2, 3, 4, 5, 6), [S1_FIELD_TRADES] = 7}},
                 {.field_count = 8,
                  .data_type = S1_DATA_OHLCV,
                  .position = {BARS_AT(2, 3, 4, 5, 7), [S1_FIELD_VWAP] = 6,
                               [S1_FIELD_TRADES] = 8}}}},
    {.name = "kraken-trades",
     .about = "Kraken trades: unix seconds, price, volume; or with a header, also side and id",
     .data_type = S1_DATA_TRADES,
     .time_form = S1_TIME_FORM_EPOCH,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_AUTO,
     .naming = S1_NAMING_KRAKEN_TRADES,
     .names = {[S1_FIELD_TIME] = "time_ms|time|timestamp",
               [S1_FIELD_PRICE] = "price",
               [S1_FIELD_QUANTITY] = "volume|amount|quantity|qty",
               [S1_FIELD_SIDE] = "side|buysell|type",
               [S1_FIELD_ID] = "id|trade_id|txid"},
     .layouts =
         {{.field_count = 3,
           .data_type = S1_DATA_TRADES,
           .position = {[S1_FIELD_TIME] = 1, [S1_FIELD_PRICE] = 2, [S1_FIELD_QUANTITY] = 3}}}},
    {.name = "binance",
     .about = "Binance klines, CSV or JSON: open time, o, h, l, c, volume, ..., trades",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_EPOCH,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_AUTO,
     .naming = S1_NAMING_BINANCE_BARS,
     .names = {[S1_FIELD_TIME] = "open_time|open time",
               BAR_NAMES,
               [S1_FIELD_VOLUME] = "volume",
               [S1_FIELD_TRADES] = "count|number_of_trades|number of trades|trades"},
     .layouts = {{.field_count = 12,
                  .data_type = S1_DATA_OHLCV,
                  .position = {BARS_AT(2, 3, 4, 5, 6), [S1_FIELD_TRADES] = 9}}}},
    {.name = "binance-trades",
     .about = "Binance trades: id, price, quantity, quote quantity, time, buyer is maker",
     .data_type = S1_DATA_TRADES,
     .time_form = S1_TIME_FORM_EPOCH,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_AUTO,
     .naming = S1_NAMING_BINANCE_TRADES,
     .names = {[S1_FIELD_TIME] = "time|timestamp|transact_time",
               [S1_FIELD_PRICE] = "price",
               [S1_FIELD_QUANTITY] = "qty|quantity",
               [S1_FIELD_SIDE] = "is_buyer_maker",
               [S1_FIELD_ID] = "id|agg_trade_id"},
     .layouts = {{.field_count = 7,
                  .data_type = S1_DATA_TRADES,
                  .position = {[S1_FIELD_ID] = 1,
                               [S1_FIELD_PRICE] = 2,
                               [S1_FIELD_QUANTITY] = 3,
                               [S1_FIELD_TIME] = 5,
                               [S1_FIELD_SIDE] = 6}},
                 {.field_count = 8, /* aggregated: first and last id in the place of one */
                  .data_type = S1_DATA_TRADES,
                  .position = {[S1_FIELD_ID] = 1,
                               [S1_FIELD_PRICE] = 2,
                               [S1_FIELD_QUANTITY] = 3,
                               [S1_FIELD_TIME] = 6,
                               [S1_FIELD_SIDE] = 7}}}},
    {.name = "binance-ws",
     .about = "a recorded web socket of Binance: receiver's nanoseconds, a space, the message",
     .data_type = S1_DATA_BOOK,
     .time_form = S1_TIME_FORM_NANOS,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_NO,
     .is_recording = true,
     .layouts = {{.field_count = 7,
                  .data_type = S1_DATA_BOOK,
                  .position = {[S1_FIELD_TIME] = 1,
                               [S1_FIELD_SYMBOL] = 2,
                               [S1_FIELD_UPDATE_ID] = 3,
                               [S1_FIELD_KIND] = 4,
                               [S1_FIELD_SIDE] = 5,
                               [S1_FIELD_PRICE] = 6,
                               [S1_FIELD_QUANTITY] = 7}},
                 {.field_count = 6,
                  .data_type = S1_DATA_TRADES,
                  .position = {[S1_FIELD_TIME] = 1,
                               [S1_FIELD_SYMBOL] = 2,
                               [S1_FIELD_ID] = 3,
                               [S1_FIELD_PRICE] = 4,
                               [S1_FIELD_QUANTITY] = 5,
                               [S1_FIELD_SIDE] = 6}},
                 {.field_count = 6,
                  .data_type = S1_DATA_QUOTES,
                  .position = {[S1_FIELD_TIME] = 1,
                               [S1_FIELD_SYMBOL] = 2,
                               [S1_FIELD_BID] = 3,
                               [S1_FIELD_BID_QUANTITY] = 4,
                               [S1_FIELD_ASK] = 5,
                               [S1_FIELD_ASK_QUANTITY] = 6}}}},
    {.name = "bitfinex",
     .about = "Bitfinex candles, CSV or JSON: milliseconds, open, CLOSE, high, low, volume",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_MILLIS,
     .order = S1_ORDER_AUTO,
     .header = S1_HEADER_AUTO,
     .names = {[S1_FIELD_TIME] = "timestamp_ms|mts|time|timestamp",
               BAR_NAMES,
               [S1_FIELD_VOLUME] = "volume"},
     .layouts = {{.field_count = 6,
                  .data_type = S1_DATA_OHLCV,
                  .position = {BARS_AT(2, 4, 5, 3, 6)}}}},
    {.name = "cdd",
     .about = "CryptoDataDownload: comment line, newest row first, unix column",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_EPOCH,
     .order = S1_ORDER_FALLING,
     .header = S1_HEADER_YES,
     .naming = S1_NAMING_CDD,
     .comment_lines_max = 1,
     .names = {[S1_FIELD_TIME] = "unix|unix timestamp",
               BAR_NAMES,
               [S1_FIELD_VOLUME] = "volume {base}|volume",
               [S1_FIELD_VWAP] = "vwap",
               [S1_FIELD_TRADES] = "tradecount",
               [S1_FIELD_SYMBOL] = "symbol"}},
    {.name = "cdd-date",
     .about = "CryptoDataDownload of 2019, without a unix column: its hours are known to err",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_ISO,
     .order = S1_ORDER_FALLING,
     .header = S1_HEADER_YES,
     .naming = S1_NAMING_CDD,
     .comment_lines_max = 1,
     .names = {[S1_FIELD_TIME] = "date",
               BAR_NAMES,
               [S1_FIELD_VOLUME] = "volume {base}|volume",
               [S1_FIELD_SYMBOL] = "symbol"}},
    {.name = "coinbase",
     .about = "Coinbase candles, JSON: objects, or arrays of time, low, high, open, close, volume",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_SECONDS,
     .order = S1_ORDER_AUTO,
     .header = S1_HEADER_AUTO,
     .names = {[S1_FIELD_TIME] = "start|time|unix", BAR_NAMES, [S1_FIELD_VOLUME] = "volume"},
     .layouts = {{.field_count = 6,
                  .data_type = S1_DATA_OHLCV,
                  .position = {BARS_AT(4, 3, 2, 5, 6)}}}},
    {.name = "yahoo",
     .about = "Yahoo: Date,Open,High,Low,Close,Adj Close,Volume; prices as traded",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_ISO,
     .order = S1_ORDER_AUTO,
     .header = S1_HEADER_YES,
     .names = {[S1_FIELD_TIME] = "date|datetime", BAR_NAMES, [S1_FIELD_VOLUME] = "volume"}},
    {.name = "lean-equity",
     .about = "LEAN zips of US equities: New York's time, prices in 1/10000",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_LEAN,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_NO,
     .naming = S1_NAMING_LEAN,
     .price_shift = 4,
     .zone = "America/New_York",
     .layouts = LEAN_LAYOUTS},
    {.name = "lean-fx",
     .about = "LEAN zips of forex, metals and crypto: UTC, bid and ask",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_LEAN,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_NO,
     .naming = S1_NAMING_LEAN,
     .layouts = LEAN_LAYOUTS},
    {.name = "w1",
     .about = "benchmark W1: ts_ms,open,high,low,close,volume",
     .data_type = S1_DATA_OHLCV,
     .time_form = S1_TIME_FORM_MILLIS,
     .order = S1_ORDER_RISING,
     .header = S1_HEADER_YES,
     .names = {[S1_FIELD_TIME] = "ts_ms", BAR_NAMES, [S1_FIELD_VOLUME] = "volume"}},
};
static const size_t profile_count = sizeof profiles / sizeof profiles[0];

static const char *const field_names[S1_FIELD_COUNT] = {
#define X(name, text) text,
    S1_FIELD_MAP(X)
#undef X
};

static const struct {
    int32_t form;
    const char *name;
} time_forms[] = {
#define X(name, value, text) {value, text},
    S1_TIME_FORM_LIST(X)
#undef X
};

const s1_import_profile *s1_import_profiles(size_t *ret_count)
{
    *ret_count = profile_count;
    return profiles;
}

/* Appends ", name" or "name". */
static void add_name(char *known, size_t size, size_t *used, const char *name)
{
    const int len = snprintf(known + *used, size - *used, "%s%s", *used > 0 ? ", " : "", name);
    *used += len > 0 && (size_t)len < size - *used ? (size_t)len : 0;
}

s1_rc s1_import_profile_find(s1_str name, const s1_import_profile **ret_profile, s1_err *err)
{
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < profile_count; i++) {
        if (s1_str_eq_cstr(name, profiles[i].name)) {
            *ret_profile = &profiles[i];
            return S1_OK;
        }
        add_name(known, sizeof known, &used, profiles[i].name);
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "profile: found '%.*s', expected one of %s",
                    S1_STR_ARG(s1_str_slice(name, 0, 60)), known);
}

const char *s1_field_name(size_t field)
{
    return field < S1_FIELD_COUNT ? field_names[field] : "?";
}

s1_rc s1_field_parse(s1_str text, size_t *ret_field, s1_err *err)
{
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < S1_FIELD_COUNT; i++) {
        if (s1_str_eq_cstr(text, field_names[i])) {
            *ret_field = i;
            return S1_OK;
        }
        add_name(known, sizeof known, &used, field_names[i]);
    }
    return S1_RAISE(err, S1_E_INVALID, "--map: found '%.*s', expected one of %s",
                    S1_STR_ARG(s1_str_slice(text, 0, 60)), known);
}

s1_rc s1_time_form_parse(s1_str text, int32_t *ret_form, s1_err *err)
{
    char known[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof time_forms / sizeof time_forms[0]; i++) {
        if (s1_str_eq_cstr(text, time_forms[i].name)) {
            *ret_form = time_forms[i].form;
            return S1_OK;
        }
        add_name(known, sizeof known, &used, time_forms[i].name);
    }
    return S1_RAISE(err, S1_E_INVALID, "--time: found '%.*s', expected one of %s",
                    S1_STR_ARG(s1_str_slice(text, 0, 60)), known);
}
