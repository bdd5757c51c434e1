#include "backend/connectors/kraken/kraken_reply_internal.h"
#include "backend/connectors/wire_number.h"
#include "backend/utils/text.h"

#define SHOWN_MAX 40u /* bytes of a reply in a message */

/* --- Tokens ----------------------------------------------------------------------------------- */

static const char *const token_names[] = {
    [S1_JSON_BAD] = "no JSON",    [S1_JSON_OBJECT] = "an object", [S1_JSON_OBJECT_END] = "'}'",
    [S1_JSON_ARRAY] = "an array", [S1_JSON_ARRAY_END] = "']'",    [S1_JSON_KEY] = "a key",
    [S1_JSON_STRING] = "a text",  [S1_JSON_NUMBER] = "a number",  [S1_JSON_TRUE] = "true",
    [S1_JSON_FALSE] = "false",    [S1_JSON_NULL] = "null",        [S1_JSON_END] = "the end",
};

static s1_rc not_json(const s1_json_pull *pull, s1_err *err)
{
    return S1_RAISE(err, S1_E_DATA, "found no JSON at byte %zu", s1_json_pull_offset(pull));
}

/* The next token, which must be of `kind`. */
static s1_rc expect(s1_json_pull *pull, enum s1_json_token kind, const char *what, s1_str *ret_text,
                    s1_err *err)
{
    const enum s1_json_token found = s1_json_pull_next(pull, ret_text);
    if (found == S1_JSON_BAD) {
        return not_json(pull, err);
    }
    if (found != kind) {
        return S1_RAISE(err, S1_E_DATA, "%s: found %s, expected %s", what, token_names[found],
                        token_names[kind]);
    }
    return S1_OK;
}

static s1_rc skip(s1_json_pull *pull, s1_err *err)
{
    return s1_json_pull_skip(pull) ? S1_OK : not_json(pull, err);
}

/* The next key of an object, or *ret_is_end. */
static s1_rc next_member(s1_json_pull *pull, s1_str *ret_key, bool *ret_is_end, s1_err *err)
{
    const enum s1_json_token found = s1_json_pull_next(pull, ret_key);
    *ret_is_end = found == S1_JSON_OBJECT_END;
    return found == S1_JSON_KEY || *ret_is_end ? S1_OK : not_json(pull, err);
}

static s1_str shown(s1_str text)
{
    return s1_str_slice(text, 0, text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
}

/* A text of at most size - 1 printable bytes; Kraken writes '/' as "\/" in places. */
static s1_rc copy_text(s1_str text, const char *what, char *to, size_t size, s1_err *err)
{
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len && text.ptr[i + 1] == '/') {
            continue;
        }
        if (length + 1 >= size || text.ptr[i] < ' ' || text.ptr[i] == '\\' || text.ptr[i] == 0x7f) {
            return S1_RAISE(err, S1_E_DATA,
                            "%s: found a text of %zu bytes, expected fewer than %zu printable ones",
                            what, text.len, size);
        }
        to[length++] = text.ptr[i];
    }
    to[length] = '\0';
    return S1_OK;
}

/* --- The envelope ----------------------------------------------------------------------------- */

/* Kraken marks warnings with a W; they do not make a reply a refusal. */
static s1_rc read_errors(s1_json_pull *pull, char error[static S1_KRAKEN_ERROR_MAX], s1_err *err)
{
    s1_str text;
    S1_TRY(err, expect(pull, S1_JSON_ARRAY, "'error'", &text, err));
    for (;;) {
        const enum s1_json_token found = s1_json_pull_next(pull, &text);
        if (found == S1_JSON_ARRAY_END) {
            return S1_OK;
        }
        if (found != S1_JSON_STRING || text.len == 0) {
            return S1_RAISE(err, S1_E_DATA, "'error': found %s, expected texts",
                            found == S1_JSON_STRING ? "an empty text" : token_names[found]);
        }
        if (text.ptr[0] != 'W' && error[0] == '\0') {
            text = s1_str_slice(
                text, 0, text.len < S1_KRAKEN_ERROR_MAX ? text.len : S1_KRAKEN_ERROR_MAX - 1);
            S1_TRY(err, copy_text(text, "'error'", error, S1_KRAKEN_ERROR_MAX, err));
        }
    }
}

s1_rc s1_kraken_read_envelope(s1_str body, s1_kraken_envelope *ret_envelope, s1_err *err)
{
    s1_kraken_envelope envelope = {.error = ""};
    s1_json_pull pull;
    s1_str text;
    bool is_end = false, has_errors = false;
    s1_json_pull_init(&pull, body);
    S1_TRY(err, expect(&pull, S1_JSON_OBJECT, "a reply", &text, err));
    for (;;) {
        S1_TRY(err, next_member(&pull, &text, &is_end, err));
        if (is_end) {
            break;
        }
        if (s1_str_eq_cstr(text, "error") && !has_errors) {
            has_errors = true;
            S1_TRY(err, read_errors(&pull, envelope.error, err));
        } else if (s1_str_eq_cstr(text, "result") && !envelope.has_result) {
            envelope.has_result = true;
            envelope.result = pull;
            S1_TRY(err, skip(&pull, err));
        } else {
            return S1_RAISE(err, S1_E_DATA,
                            "a reply: found '%.*s', expected 'error' and 'result', each once",
                            S1_STR_ARG(shown(text)));
        }
    }
    S1_TRY(err, expect(&pull, S1_JSON_END, "a reply", &text, err));
    if (!has_errors) {
        return S1_RAISE(err, S1_E_DATA, "a reply: found no 'error', expected one");
    }
    if (envelope.error[0] == '\0' && !envelope.has_result) {
        return S1_RAISE(err, S1_E_DATA, "a reply: found neither an error nor a result");
    }
    *ret_envelope = envelope;
    return S1_OK;
}

/* --- AssetPairs ------------------------------------------------------------------------------- */

s1_str s1_kraken_currency(s1_str currency)
{
    return s1_str_eq_cstr(currency, "BTC")    ? S1_STR("XBT")
           : s1_str_eq_cstr(currency, "DOGE") ? S1_STR("XDG")
                                              : currency;
}

/* "XBT/USD" or "BTC/USD" is BTC/USD. */
static bool is_pair(const char *wsname, s1_str asset_pair)
{
    const s1_str name = s1_str_of(wsname);
    const size_t a = s1_str_find_byte(name, '/', 0), b = s1_str_find_byte(asset_pair, '/', 0);
    return a != S1_STR_NPOS && b != S1_STR_NPOS &&
           s1_str_eq(s1_kraken_currency(s1_str_slice(name, 0, a)),
                     s1_kraken_currency(s1_str_slice(asset_pair, 0, b))) &&
           s1_str_eq(s1_kraken_currency(s1_str_slice(name, a + 1, name.len)),
                     s1_kraken_currency(s1_str_slice(asset_pair, b + 1, asset_pair.len)));
}

static s1_rc read_scale(s1_json_pull *pull, const char *what, uint32_t *ret_scale, s1_err *err)
{
    s1_str text;
    int64_t value = 0;
    S1_TRY(err, expect(pull, S1_JSON_NUMBER, what, &text, err));
    S1_TRY(err, s1_wire_count(text, what, &value, err));
    if (value > S1_SCALE_MAX) {
        return S1_RAISE(err, S1_E_DATA, "%s: found %lld, expected 0 to %u", what, (long long)value,
                        S1_SCALE_MAX);
    }
    *ret_scale = (uint32_t)value;
    return S1_OK;
}

static s1_rc read_name(s1_json_pull *pull, const char *what, char name[static S1_KRAKEN_NAME_MAX],
                       s1_err *err)
{
    s1_str text;
    S1_TRY(err, expect(pull, S1_JSON_STRING, what, &text, err));
    return copy_text(text, what, name, S1_KRAKEN_NAME_MAX, err);
}

/* A name that may stand in a query as it is. */
static bool is_plain(const char *name)
{
    return name[0] != '\0' &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789._-")] == '\0';
}

static s1_rc read_pair_entry(s1_json_pull *pull, s1_kraken_pair *pair, uint32_t *ret_seen,
                             s1_err *err)
{
    s1_str text;
    bool is_end = false;
    *ret_seen = 0;
    S1_TRY(err, expect(pull, S1_JSON_OBJECT, "AssetPairs: a pair", &text, err));
    for (;;) {
        S1_TRY(err, next_member(pull, &text, &is_end, err));
        if (is_end) {
            return S1_OK;
        }
        if (s1_str_eq_cstr(text, "altname")) {
            S1_TRY(err, read_name(pull, "AssetPairs: altname", pair->altname, err));
            *ret_seen |= 1;
        } else if (s1_str_eq_cstr(text, "wsname")) {
            S1_TRY(err, read_name(pull, "AssetPairs: wsname", pair->wsname, err));
            *ret_seen |= 2;
        } else if (s1_str_eq_cstr(text, "pair_decimals")) {
            S1_TRY(err, read_scale(pull, "AssetPairs: pair_decimals", &pair->price_scale, err));
            *ret_seen |= 4;
        } else if (s1_str_eq_cstr(text, "lot_decimals")) {
            S1_TRY(err, read_scale(pull, "AssetPairs: lot_decimals", &pair->qty_scale, err));
            *ret_seen |= 8;
        } else {
            S1_TRY(err, skip(pull, err));
        }
    }
}

s1_rc s1_kraken_read_pair(s1_json_pull result, s1_str asset_pair, s1_kraken_pair *ret_pair,
                          s1_err *err)
{
    s1_str text;
    bool is_end = false;
    char found[S1_KRAKEN_NAME_MAX] = "no pair";
    S1_TRY(err, expect(&result, S1_JSON_OBJECT, "AssetPairs", &text, err));
    for (;;) {
        s1_kraken_pair pair = {.id = ""};
        uint32_t seen = 0;
        S1_TRY(err, next_member(&result, &text, &is_end, err));
        if (is_end) {
            return S1_RAISE(err, S1_E_DATA, "AssetPairs: found %s, expected %.*s", found,
                            S1_STR_ARG(asset_pair));
        }
        S1_TRY(err, copy_text(text, "AssetPairs: a pair", pair.id, sizeof pair.id, err));
        S1_TRY(err, read_pair_entry(&result, &pair, &seen, err));
        if ((seen & 2) == 0 || !is_pair(pair.wsname, asset_pair)) {
            (void)snprintf(found, sizeof found, "%s", (seen & 2) != 0 ? pair.wsname : pair.id);
            continue; /* dark pools have no wsname */
        }
        if (seen != 15 || !is_plain(pair.altname)) {
            return S1_RAISE(err, S1_E_DATA,
                            "AssetPairs: %s without altname, pair_decimals or lot_decimals",
                            pair.id);
        }
        *ret_pair = pair;
        return S1_OK;
    }
}

/* --- Rows ------------------------------------------------------------------------------------- */

static s1_rc read_decimal(s1_json_pull *pull, s1_kraken_rows *rows, size_t column, const char *what,
                          s1_err *err)
{
    s1_str text;
    uint32_t scale = 0;
    S1_TRY(err, expect(pull, S1_JSON_STRING, what, &text, err));
    S1_TRY(err, s1_wire_decimal(text, what, &rows->values[column][rows->count], &scale, err));
    rows->scales[column][rows->count] = (uint8_t)scale;
    return S1_OK;
}

static s1_rc read_count(s1_json_pull *pull, s1_kraken_rows *rows, size_t column, const char *what,
                        s1_err *err)
{
    s1_str text;
    S1_TRY(err, expect(pull, S1_JSON_NUMBER, what, &text, err));
    return s1_wire_count(text, what, &rows->values[column][rows->count], err);
}

/* The largest scale of some columns, not below `scale`; every value is brought to it. */
static s1_rc settle_scale(s1_kraken_rows *rows, size_t first, size_t last, uint32_t *scale,
                          s1_err *err)
{
    for (size_t c = first; c <= last; c++) {
        for (size_t i = 0; i < rows->count; i++) {
            *scale = rows->scales[c][i] > *scale ? rows->scales[c][i] : *scale;
        }
    }
    for (size_t c = first; c <= last; c++) {
        for (size_t i = 0; i < rows->count; i++) {
            if (!s1_wire_raise(&rows->values[c][i], 1, rows->scales[c][i], *scale)) {
                return S1_RAISE(err, S1_E_DATA,
                                "row %zu: found a number of more than 18 digits at %u behind the "
                                "point, as other rows have",
                                i + 1, *scale);
            }
        }
    }
    return S1_OK;
}

/* The value of `last`: digits, as a text or a number. */
static s1_rc read_last(s1_json_pull *pull, int64_t *ret_last, s1_err *err)
{
    s1_str text;
    const enum s1_json_token found = s1_json_pull_next(pull, &text);
    if (found != S1_JSON_STRING && found != S1_JSON_NUMBER) {
        return S1_RAISE(err, S1_E_DATA, "'last': found %s, expected digits", token_names[found]);
    }
    return s1_wire_count(text, "'last'", ret_last, err);
}

/* Is it how Kraken names this pair? */
static bool is_name_of(s1_str key, const s1_kraken_pair *pair)
{
    char name[S1_KRAKEN_NAME_MAX];
    s1_err ignored = S1_ERR_INIT;
    return copy_text(key, "a name", name, sizeof name, &ignored) == S1_OK &&
           (strcmp(name, pair->id) == 0 || strcmp(name, pair->altname) == 0 ||
            strcmp(name, pair->wsname) == 0);
}

typedef s1_rc (*row_reader)(s1_json_pull *pull, s1_kraken_rows *rows, s1_nanos timeframe,
                            s1_err *err);

/* What is left of a row: there may be more in it one day. */
static s1_rc leave_row(s1_json_pull *pull, s1_err *err)
{
    s1_str text;
    for (;;) {
        const enum s1_json_token found = s1_json_pull_next(pull, &text);
        if (found == S1_JSON_ARRAY_END) {
            return S1_OK;
        }
        if (found == S1_JSON_BAD ||
            ((found == S1_JSON_ARRAY || found == S1_JSON_OBJECT) && !s1_json_pull_leave(pull))) {
            return not_json(pull, err);
        }
    }
}

/* Behind the '[' of all rows. */
static s1_rc read_rows(s1_json_pull *pull, row_reader read_row, s1_nanos timeframe,
                       s1_kraken_rows *rows, s1_err *err)
{
    s1_str text;
    for (;;) {
        const enum s1_json_token found = s1_json_pull_next(pull, &text);
        if (found == S1_JSON_ARRAY_END) {
            return S1_OK;
        }
        if (rows->count == S1_KRAKEN_ROWS_MAX) {
            return S1_RAISE(err, S1_E_DATA, "found more than %u rows", S1_KRAKEN_ROWS_MAX);
        }
        if (found != S1_JSON_ARRAY) {
            return S1_RAISE(err, S1_E_DATA, "row %zu: found %s, expected an array", rows->count + 1,
                            token_names[found]);
        }
        s1_rc rc = read_row(pull, rows, timeframe, err);
        if (rc == S1_OK) {
            rc = leave_row(pull, err);
        }
        if (rc != S1_OK) {
            return S1_RAISE(err, rc, "row %zu: %s", rows->count + 1, err != NULL ? err->msg : "");
        }
        rows->count++;
    }
}

/* {"<pair>":[rows],"last":...}, each once. */
static s1_rc read_result(s1_json_pull *pull, const s1_kraken_pair *pair, row_reader read_row,
                         s1_nanos timeframe, s1_kraken_rows *rows, int64_t *ret_last, s1_err *err)
{
    s1_str text;
    bool is_end = false, has_rows = false, has_last = false;
    rows->count = 0;
    S1_TRY(err, expect(pull, S1_JSON_OBJECT, "a result", &text, err));
    for (;;) {
        S1_TRY(err, next_member(pull, &text, &is_end, err));
        if (is_end) {
            break;
        }
        if (s1_str_eq_cstr(text, "last") && !has_last) {
            has_last = true;
            S1_TRY(err, read_last(pull, ret_last, err));
        } else if (is_name_of(text, pair) && !has_rows) {
            has_rows = true;
            S1_TRY(err, expect(pull, S1_JSON_ARRAY, "rows", &text, err));
            S1_TRY(err, read_rows(pull, read_row, timeframe, rows, err));
        } else {
            return S1_RAISE(err, S1_E_DATA, "a result: found '%.*s', expected %s and 'last' once",
                            S1_STR_ARG(shown(text)), pair->id);
        }
    }
    if (!has_rows || !has_last) {
        return S1_RAISE(err, S1_E_DATA, "a result: found no %s, expected %s and 'last'",
                        has_rows ? "'last'" : "rows", pair->id);
    }
    return S1_OK;
}

/* --- Trades: [price, volume, time, "b"|"s", "l"|"m", misc, id] ----------------------------------
 */

static s1_rc read_side(s1_json_pull *pull, uint8_t *ret_side, s1_err *err)
{
    s1_str text;
    S1_TRY(err, expect(pull, S1_JSON_STRING, "side", &text, err));
    if (!s1_str_eq_cstr(text, "b") && !s1_str_eq_cstr(text, "s")) {
        return S1_RAISE(err, S1_E_DATA, "side: found '%.*s', expected 'b' or 's'",
                        S1_STR_ARG(shown(text)));
    }
    *ret_side = text.ptr[0] == 'b' ? S1_TRADE_BUY : S1_TRADE_SELL;
    return S1_OK;
}

static s1_rc read_trade(s1_json_pull *pull, s1_kraken_rows *rows, s1_nanos timeframe, s1_err *err)
{
    (void)timeframe;
    const size_t i = rows->count;
    s1_str text;
    S1_TRY(err, read_decimal(pull, rows, S1_TRADE_PRICE, "price", err));
    S1_TRY(err, read_decimal(pull, rows, S1_TRADE_QUANTITY, "volume", err));
    S1_TRY(err, expect(pull, S1_JSON_NUMBER, "time", &text, err));
    S1_TRY(err, s1_wire_seconds(text, "time", &rows->time[i], err));
    S1_TRY(err, read_side(pull, &rows->side[i], err));
    S1_TRY(err, expect(pull, S1_JSON_STRING, "order type", &text, err));
    S1_TRY(err, expect(pull, S1_JSON_STRING, "misc", &text, err));
    S1_TRY(err, read_count(pull, rows, S1_TRADE_ID, "trade id", err));
    if (rows->values[S1_TRADE_PRICE][i] == 0) {
        return S1_RAISE(err, S1_E_DATA, "price: found 0, expected more");
    }
    if (i > 0 && rows->values[S1_TRADE_ID][i] <= rows->values[S1_TRADE_ID][i - 1]) {
        return S1_RAISE(err, S1_E_DATA, "trade id: found %lld behind %lld, expected rising ids",
                        (long long)rows->values[S1_TRADE_ID][i],
                        (long long)rows->values[S1_TRADE_ID][i - 1]);
    }
    if (i > 0 && rows->time[i] < rows->time[i - 1]) {
        return S1_RAISE(err, S1_E_DATA, "time: found %lld ns behind %lld, expected it not to fall",
                        (long long)rows->time[i], (long long)rows->time[i - 1]);
    }
    return S1_OK;
}

s1_rc s1_kraken_read_trades(s1_json_pull result, const s1_kraken_pair *pair, s1_kraken_rows *rows,
                            s1_nanos *ret_last, s1_err *err)
{
    rows->price_scale = pair->price_scale;
    rows->qty_scale = pair->qty_scale;
    rows->vwap_scale = 0;
    S1_TRY(err, read_result(&result, pair, read_trade, 0, rows, ret_last, err));
    /* The row's time is rounded to what a double holds: less than a microsecond. */
    if (rows->count > 0 && *ret_last < rows->time[rows->count - 1] - 1000) {
        return S1_RAISE(err, S1_E_DATA,
                        "'last': found %lld, expected the last row's time of %lld ns or later",
                        (long long)*ret_last, (long long)rows->time[rows->count - 1]);
    }
    S1_TRY(err, settle_scale(rows, S1_TRADE_PRICE, S1_TRADE_PRICE, &rows->price_scale, err));
    return settle_scale(rows, S1_TRADE_QUANTITY, S1_TRADE_QUANTITY, &rows->qty_scale, err);
}

/* --- OHLC: [time, open, high, low, close, vwap, volume, count] -----------------------------------
 */

static s1_rc read_bar(s1_json_pull *pull, s1_kraken_rows *rows, s1_nanos timeframe, s1_err *err)
{
    const size_t i = rows->count;
    s1_str text;
    int64_t seconds = 0;
    S1_TRY(err, expect(pull, S1_JSON_NUMBER, "time", &text, err));
    S1_TRY(err, s1_wire_count(text, "time", &seconds, err));
    if (seconds > INT64_MAX / S1_NANOS_PER_SECOND - 1 ||
        (timeframe < 604800 * S1_NANOS_PER_SECOND &&
         seconds % (timeframe / S1_NANOS_PER_SECOND) != 0)) {
        return S1_RAISE(err, S1_E_DATA, "time: found %lld, expected a multiple of %lld s",
                        (long long)seconds, (long long)(timeframe / S1_NANOS_PER_SECOND));
    }
    rows->time[i] = seconds * S1_NANOS_PER_SECOND;
    S1_TRY(err, read_decimal(pull, rows, S1_BAR_OPEN, "open", err));
    S1_TRY(err, read_decimal(pull, rows, S1_BAR_HIGH, "high", err));
    S1_TRY(err, read_decimal(pull, rows, S1_BAR_LOW, "low", err));
    S1_TRY(err, read_decimal(pull, rows, S1_BAR_CLOSE, "close", err));
    S1_TRY(err, read_decimal(pull, rows, S1_BAR_VWAP, "vwap", err));
    S1_TRY(err, read_decimal(pull, rows, S1_BAR_VOLUME, "volume", err));
    S1_TRY(err, read_count(pull, rows, S1_BAR_TRADES, "count", err));
    if (i > 0 && rows->time[i] <= rows->time[i - 1]) {
        return S1_RAISE(err, S1_E_DATA, "time: found %lld behind %lld, expected it to rise",
                        (long long)seconds, (long long)(rows->time[i - 1] / S1_NANOS_PER_SECOND));
    }
    return S1_OK;
}

static s1_rc check_bars(const s1_kraken_rows *rows, s1_err *err)
{
    for (size_t i = 0; i < rows->count; i++) {
        const int64_t open = rows->values[S1_BAR_OPEN][i], high = rows->values[S1_BAR_HIGH][i];
        const int64_t low = rows->values[S1_BAR_LOW][i], close = rows->values[S1_BAR_CLOSE][i];
        if (low == 0 || low > open || low > close || high < open || high < close) {
            return S1_RAISE(err, S1_E_DATA,
                            "row %zu: found open %lld, high %lld, low %lld, close %lld at scale "
                            "%u, expected open and close between low and high, above 0",
                            i + 1, (long long)open, (long long)high, (long long)low,
                            (long long)close, rows->price_scale);
        }
    }
    return S1_OK;
}

s1_rc s1_kraken_read_ohlc(s1_json_pull result, const s1_kraken_pair *pair, s1_nanos timeframe,
                          s1_kraken_rows *rows, s1_nanos *ret_last, s1_err *err)
{
    int64_t last = 0;
    rows->price_scale = pair->price_scale;
    rows->qty_scale = pair->qty_scale;
    rows->vwap_scale = 0;
    S1_TRY(err, read_result(&result, pair, read_bar, timeframe, rows, &last, err));
    if (last > INT64_MAX / S1_NANOS_PER_SECOND - 1) {
        return S1_RAISE(err, S1_E_DATA, "'last': found %lld, expected seconds", (long long)last);
    }
    S1_TRY(err, settle_scale(rows, S1_BAR_OPEN, S1_BAR_CLOSE, &rows->price_scale, err));
    S1_TRY(err, settle_scale(rows, S1_BAR_VOLUME, S1_BAR_VOLUME, &rows->qty_scale, err));
    S1_TRY(err, settle_scale(rows, S1_BAR_VWAP, S1_BAR_VWAP, &rows->vwap_scale, err));
    S1_TRY(err, check_bars(rows, err));
    *ret_last = last * S1_NANOS_PER_SECOND;
    return S1_OK;
}
