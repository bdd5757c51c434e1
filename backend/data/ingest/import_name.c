#include "backend/data/ingest/import_name.h"

#include "backend/data/ingest/import_profile.h"
#include "backend/utils/timefmt.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *venue, *name;
} aliases[] = {{"XBT", "BTC"}, {"XDG", "DOGE"}};

static bool is_upper(s1_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if ((c < 'A' || c > 'Z') && (c < '0' || c > '9')) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_digits(s1_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return text.len > 0;
}

static s1_str alias_of(s1_str asset)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (s1_str_eq_nocase(asset, s1_str_of(aliases[i].venue))) {
            return s1_str_of(aliases[i].name);
        }
    }
    return asset;
}

static bool write_pair(s1_str base, s1_str quote, char ret_pair[static S1_PAIR_TEXT_MAX + 1])
{
    base = alias_of(base);
    quote = alias_of(quote);
    if (base.len == 0 || quote.len == 0 || base.len + quote.len + 1 > S1_PAIR_TEXT_MAX) {
        return false;
    }
    (void)snprintf(ret_pair, S1_PAIR_TEXT_MAX + 1, "%.*s/%.*s", S1_STR_ARG(base),
                   S1_STR_ARG(quote));
    return true;
}

bool s1_pair_normalise(s1_str pair, char ret_pair[static S1_PAIR_TEXT_MAX + 1])
{
    const size_t slash = s1_str_find_byte(pair, '/', 0);
    return slash != S1_STR_NPOS && write_pair(s1_str_slice(pair, 0, slash),
                                              s1_str_slice(pair, slash + 1, pair.len), ret_pair);
}

bool s1_symbol_is_pair(s1_str symbol, s1_str pair)
{
    char wanted[S1_PAIR_TEXT_MAX + 1];
    char found[S1_PAIR_TEXT_MAX + 1];
    if (!s1_pair_normalise(pair, wanted)) {
        return false;
    }
    for (size_t i = 1; i < symbol.len; i++) {
        const char c = symbol.ptr[i];
        const bool is_cut = c == '/' || c == '-' || c == '_';
        /* Without a mark between them every cut is tried: the pair says which one is meant. */
        const s1_str rest = s1_str_slice(symbol, is_cut ? i + 1 : i, symbol.len);
        if (write_pair(s1_str_slice(symbol, 0, i), rest, found) &&
            s1_str_eq_nocase(s1_str_of(found), s1_str_of(wanted))) {
            return true;
        }
    }
    return false;
}

/* Takes the extension off, ".gz" and ".zip" before it too. */
static s1_str without_extension(s1_str name)
{
    static const char *const endings[] = {".gz", ".zip", ".csv", ".json"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const s1_str ending = s1_str_of(endings[i]);
        if (name.len > ending.len && s1_str_ends_with(name, ending)) {
            name = s1_str_slice(name, 0, name.len - ending.len);
        }
    }
    return name;
}

/* "XBTUSD_60" */
static bool read_kraken_bars(s1_str name, s1_import_name *ret_name)
{
    const size_t cut = s1_str_rfind_byte(name, '_');
    int64_t minutes;
    if (cut == S1_STR_NPOS || name.len - cut > 6 ||
        !is_digits(s1_str_slice(name, cut + 1, name.len)) ||
        s1_str_parse_i64(s1_str_slice(name, cut + 1, name.len), &minutes, NULL) != S1_OK ||
        minutes <= 0) {
        return false;
    }
    ret_name->timeframe = minutes * S1_NANOS_PER_MINUTE;
    ret_name->data_type = S1_DATA_OHLCV;
    ret_name->symbol = s1_str_slice(name, 0, cut);
    return is_upper(ret_name->symbol);
}

/* "BTCUSDT-1h-2023-01", "BTCUSDT-trades-2023-01-05" */
static bool read_binance(s1_str name, bool is_bars, s1_import_name *ret_name)
{
    const size_t first = s1_str_find_byte(name, '-', 0);
    const size_t second =
        first != S1_STR_NPOS ? s1_str_find_byte(name, '-', first + 1) : S1_STR_NPOS;
    if (second == S1_STR_NPOS) {
        return false;
    }
    const s1_str middle = s1_str_slice(name, first + 1, second);
    if (is_bars) {
        if (s1_timeframe_parse(middle, &ret_name->timeframe, NULL) != S1_OK) {
            return false;
        }
        ret_name->data_type = S1_DATA_OHLCV;
    } else {
        if (!s1_str_eq(middle, S1_STR("trades")) && !s1_str_eq(middle, S1_STR("aggTrades"))) {
            return false;
        }
        ret_name->data_type = S1_DATA_TRADES;
    }
    ret_name->symbol = s1_str_slice(name, 0, first);
    return is_upper(ret_name->symbol);
}

/* "Kraken_BTCUSD_1h", "Kraken_BTCUSD_d" */
static bool read_cdd(s1_str name, s1_import_name *ret_name)
{
    const size_t first = s1_str_find_byte(name, '_', 0);
    const size_t second =
        first != S1_STR_NPOS ? s1_str_find_byte(name, '_', first + 1) : S1_STR_NPOS;
    if (second == S1_STR_NPOS) {
        return false;
    }
    const s1_str length = s1_str_slice(name, second + 1, name.len);
    if (s1_str_eq(length, S1_STR("d"))) {
        ret_name->timeframe = S1_NANOS_PER_DAY;
    } else if (s1_str_eq(length, S1_STR("minute"))) {
        ret_name->timeframe = S1_NANOS_PER_MINUTE;
    } else if (s1_timeframe_parse(length, &ret_name->timeframe, NULL) != S1_OK) {
        return false;
    }
    ret_name->data_type = S1_DATA_OHLCV;
    ret_name->symbol = s1_str_slice(name, first + 1, second);
    return is_upper(ret_name->symbol);
}

/* "20131007_trade": the day; "20131007_spy_minute_trade": and the symbol; "spy": the symbol. */
static bool read_lean(s1_str name, s1_import_name *ret_name)
{
    if (name.len < 9 || !is_digits(s1_str_slice(name, 0, 8)) || name.ptr[8] != '_') {
        ret_name->symbol = name;
        return name.len > 0 && s1_str_find_byte(name, '_', 0) == S1_STR_NPOS;
    }
    char iso[11];
    (void)snprintf(iso, sizeof iso, "%.4s-%.2s-%.2s", name.ptr, name.ptr + 4, name.ptr + 6);
    ret_name->has_date = s1_time_parse(s1_str_of(iso), &ret_name->date, NULL) == S1_OK;
    const size_t end = s1_str_find_byte(name, '_', 9);
    if (end != S1_STR_NPOS) {
        ret_name->symbol = s1_str_slice(name, 9, end);
    }
    return ret_name->has_date;
}

bool s1_import_name_read(int32_t naming, s1_str base_name, s1_import_name *ret_name)
{
    const s1_str name = without_extension(base_name);
    s1_import_name found = {0};
    bool is_known = false;
    switch (naming) {
    case S1_NAMING_KRAKEN_BARS:
        is_known = read_kraken_bars(name, &found);
        break;
    case S1_NAMING_KRAKEN_TRADES:
        found.data_type = S1_DATA_TRADES;
        found.symbol = name;
        is_known = is_upper(name);
        break;
    case S1_NAMING_BINANCE_BARS:
    case S1_NAMING_BINANCE_TRADES:
        is_known = read_binance(name, naming == S1_NAMING_BINANCE_BARS, &found);
        break;
    case S1_NAMING_CDD:
        is_known = read_cdd(name, &found);
        break;
    case S1_NAMING_LEAN:
        is_known = read_lean(name, &found);
        break;
    default:
        break;
    }
    if (is_known) {
        *ret_name = found;
    }
    return is_known;
}
