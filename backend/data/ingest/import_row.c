#include "backend/data/ingest/import_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

/* Fields of a row as decimals, and what bars of bid and ask are made to. */
typedef struct row_decimals {
    s1_csv_decimal items[S1_FIELD_COUNT];
} row_decimals;

static const char *const flags[S1_GROUP_COUNT] = {"--price-scale", "--qty-scale", "the vwap"};
static const char *const advice[S1_GROUP_COUNT] = {" (--price-scale N --round-price rounds)",
                                                   " (--qty-scale N --round-quantity rounds)", ""};

static s1_str text_of(const s1_import_job *job, const s1_import_plan *plan, size_t field)
{
    const uint16_t position = plan->position[field];
    return position == S1_NO_COLUMN ? (s1_str){job->reader.line.ptr, 0}
                                    : job->reader.fields[position];
}

static s1_rc fault(const s1_import_job *job, const s1_import_plan *plan, size_t field, s1_err *err,
                   const char *expected)
{
    return s1_row_fault(&job->reader, s1_field_name(field), text_of(job, plan, field), err, "%s",
                        expected);
}

/* --- Time ------------------------------------------------------------------------------------- */

/* Date and time of day from two columns, as one text. */
static s1_str join_clock(const s1_import_job *job, const s1_import_plan *plan, char *text,
                         size_t size)
{
    const s1_str date = s1_str_trim(text_of(job, plan, S1_FIELD_TIME));
    const s1_str clock = s1_str_trim(text_of(job, plan, S1_FIELD_CLOCK));
    const int len = snprintf(text, size, "%.*s %.*s", S1_STR_ARG(s1_str_slice(date, 0, 30)),
                             S1_STR_ARG(s1_str_slice(clock, 0, 30)));
    return s1_str_make(text, len > 0 ? (size_t)len : 0);
}

static s1_rc check_grid(const s1_import_job *job, const s1_import_plan *plan, s1_nanos shown,
                        s1_err *err)
{
    if (job->grid == 0 || shown % job->grid == 0) {
        return S1_OK;
    }
    char text[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(job->grid, text);
    return s1_row_fault(&job->reader, "time", text_of(job, plan, S1_FIELD_TIME), err,
                        "a multiple of %s", text);
}

static s1_rc read_time(s1_import_job *job, const s1_import_plan *plan, s1_nanos *ret_time,
                       s1_err *err)
{
    char joined[64];
    s1_str text = text_of(job, plan, S1_FIELD_TIME);
    job->time_field = text;
    if (plan->position[S1_FIELD_CLOCK] != S1_NO_COLUMN) {
        text = join_clock(job, plan, joined, sizeof joined);
    }
    s1_csv_time parsed = {0};
    const char *expected = s1_csv_time_parse(text, job->time_form, &parsed);
    if (expected != NULL) {
        return fault(job, plan, S1_FIELD_TIME, err, expected);
    }
    s1_nanos time = parsed.time;
    if (s1_csv_time_is_relative(text, job->time_form)) {
        if (!job->has_date) {
            return fault(job, plan, S1_FIELD_TIME, err,
                         "a date in the file's name, like 20131007_trade.zip");
        }
        time += job->date;
    }
    S1_TRY(err, check_grid(job, plan, time, err)); /* of the clock that was read */
    if (parsed.is_local && job->zone != NULL) {
        expected = s1_time_zone_to_utc(job->zone, time, &time);
        if (expected != NULL) {
            return fault(job, plan, S1_FIELD_TIME, err, expected);
        }
    }
    if (plan->has_bid_and_ask && job->data_type == S1_DATA_QUOTES &&
        __builtin_add_overflow(time, job->options->bar_length, &time)) {
        return fault(job, plan, S1_FIELD_TIME, err, "a time before 2262");
    }
    *ret_time = time;
    return S1_OK;
}

/* --- Numbers ---------------------------------------------------------------------------------- */

static enum s1_scale_group group_of_field(size_t field)
{
    if (field >= S1_FIELD_OPEN && field <= S1_FIELD_ASK) {
        return S1_GROUP_PRICE;
    }
    return field >= S1_FIELD_VOLUME && field <= S1_FIELD_ASK_QUANTITY ? S1_GROUP_QTY
           : field == S1_FIELD_VWAP                                   ? S1_GROUP_VWAP
                                                                      : S1_GROUP_COUNT;
}

/* A number of tenths, hundredths, ... without a point. */
static void shift_decimal(s1_csv_decimal *value, uint32_t shift)
{
    value->scale += value->mantissa != 0 ? shift : 0;
    while (value->scale > 0 && value->mantissa % 10 == 0) {
        value->mantissa /= 10;
        value->scale--;
    }
}

static s1_rc read_decimal(s1_import_job *job, const s1_import_plan *plan, size_t field,
                          s1_csv_decimal *ret_value, s1_err *err)
{
    const enum s1_scale_group group = group_of_field(field);
    const s1_str text = text_of(job, plan, field);
    const bool rounds = (group == S1_GROUP_PRICE && job->options->rounds_price) ||
                        (group == S1_GROUP_QTY && job->options->rounds_quantity);
    bool is_rounded = false;
    const char *const expected =
        rounds ? s1_csv_decimal_round(text, job->scale[group], ret_value, &is_rounded)
               : s1_csv_decimal_parse(text, ret_value);
    if (expected != NULL) {
        const bool may_round = !rounds && strcmp(expected, S1_CSV_WANT_DECIMAL) != 0;
        return s1_row_fault(&job->reader, s1_field_name(field), text, err, "%s%s", expected,
                            may_round ? advice[group] : "");
    }
    job->summary.rounded += is_rounded ? 1 : 0;
    if (group == S1_GROUP_PRICE && job->profile->price_shift > 0) {
        shift_decimal(ret_value, job->profile->price_shift);
        if (ret_value->scale > S1_SCALE_MAX) {
            return fault(job, plan, field, err, S1_CSV_WANT_COARSER);
        }
    }
    return S1_OK;
}

/* Makes room for the decimals of a value in its group. */
static s1_rc fit_scale(s1_import_job *job, const s1_import_plan *plan, size_t field,
                       enum s1_scale_group group, uint32_t scale, s1_err *err)
{
    if (scale <= job->scale[group]) {
        return S1_OK;
    }
    if (job->is_fixed[group]) {
        return s1_row_fault(&job->reader, s1_field_name(field), text_of(job, plan, field), err,
                            "at most %u decimals (%s)", job->scale[group], flags[group]);
    }
    if (!s1_import_raise_scale(job, group, scale)) {
        return s1_row_fault(&job->reader, s1_field_name(field), text_of(job, plan, field), err,
                            "fewer decimals: with %u of them an earlier row has over 18 digits%s",
                            scale, advice[group]);
    }
    return S1_OK;
}

/* A decimal at the scale of its group. */
static s1_rc put_value(s1_import_job *job, const s1_import_plan *plan, size_t field,
                       enum s1_scale_group group, s1_csv_decimal value, int64_t *ret_mantissa,
                       s1_err *err)
{
    const uint32_t scale = job->scale[group];
    int64_t mantissa;
    if (__builtin_mul_overflow(value.mantissa, s1_csv_pow10(scale - value.scale), &mantissa) ||
        mantissa > S1_MANTISSA_MAX || mantissa < -S1_MANTISSA_MAX) {
        return s1_row_fault(&job->reader, s1_field_name(field), text_of(job, plan, field), err,
                            "at most 18 digits at the %u decimals of its column%s", scale,
                            advice[group]);
    }
    *ret_mantissa = mantissa;
    return S1_OK;
}

/* Ways to say that a value is not there. */
static bool is_nothing(s1_str text)
{
    return text.len == 0 || s1_str_eq_nocase(text, S1_STR("null")) ||
           s1_str_eq_nocase(text, S1_STR("nan")) || s1_str_eq_nocase(text, S1_STR("none"));
}

/* Is a value of an optional column there? If not, the row has no such column. */
static bool has_optional(const s1_import_job *job, const s1_import_plan *plan, size_t field,
                         size_t column, s1_import_row *row)
{
    if (plan->position[field] == S1_NO_COLUMN || is_nothing(text_of(job, plan, field))) {
        row->columns &= ~(1u << column);
        return false;
    }
    return true;
}

/* A count or an id: a whole number, also written 4.0. */
static s1_rc read_whole(const s1_import_job *job, const s1_import_plan *plan, size_t field,
                        int64_t *ret_value, s1_err *err)
{
    s1_csv_decimal value;
    if (s1_csv_decimal_parse(text_of(job, plan, field), &value) != NULL || value.scale > 0 ||
        value.mantissa < 0) {
        return fault(job, plan, field, err, "a whole number at or above 0");
    }
    *ret_value = value.mantissa;
    return S1_OK;
}

/* The side that took liquidity; a buyer that is the maker was sold to. */
static s1_rc read_side(const s1_import_job *job, const s1_import_plan *plan, int64_t *ret_side,
                       s1_err *err)
{
    static const struct {
        const char *text;
        int64_t side;
    } words[] = {{"buy", S1_TRADE_BUY},       {"sell", S1_TRADE_SELL},
                 {"b", S1_TRADE_BUY},         {"s", S1_TRADE_SELL},
                 {"true", S1_TRADE_SELL},     {"false", S1_TRADE_BUY},
                 {"bid", S1_TRADE_BUY},       {"ask", S1_TRADE_SELL},
                 {"", S1_TRADE_SIDE_UNKNOWN}, {"unknown", S1_TRADE_SIDE_UNKNOWN}};
    const s1_str text = s1_str_trim(text_of(job, plan, S1_FIELD_SIDE));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (s1_str_eq_nocase(text, s1_str_of(words[i].text))) {
            *ret_side = words[i].side;
            return S1_OK;
        }
    }
    return fault(job, plan, S1_FIELD_SIDE, err,
                 "buy or sell (or, of is_buyer_maker, true or false)");
}

static s1_rc check_symbol(s1_import_job *job, const s1_import_plan *plan, s1_err *err)
{
    if (plan->position[S1_FIELD_SYMBOL] == S1_NO_COLUMN) {
        return S1_OK;
    }
    const s1_str text = s1_str_trim(text_of(job, plan, S1_FIELD_SYMBOL));
    if (s1_str_eq_cstr(text, job->symbol) || (text.len == 0 && job->profile->is_recording)) {
        return S1_OK; /* a snapshot does not say it */
    }
    const s1_str pair = job->options->key.asset_pair;
    const s1_str wanted = job->options->symbol;
    const bool is_it =
        wanted.len > 0 ? s1_str_eq_nocase(text, wanted) : s1_symbol_is_pair(text, pair);
    if (!is_it || text.len >= sizeof job->symbol) {
        return s1_row_fault(&job->reader, "symbol", text, err, "%.*s (--symbol names another)",
                            S1_STR_ARG(wanted.len > 0 ? wanted : pair));
    }
    (void)snprintf(job->symbol, sizeof job->symbol, "%.*s", S1_STR_ARG(text));
    return S1_OK;
}

/* --- Checks ----------------------------------------------------------------------------------- */

static s1_rc check_above_zero(const s1_import_job *job, const s1_import_plan *plan, size_t field,
                              s1_csv_decimal value, s1_err *err)
{
    return value.mantissa > 0 ? S1_OK : fault(job, plan, field, err, "above 0");
}

static s1_rc check_not_negative(const s1_import_job *job, const s1_import_plan *plan, size_t field,
                                s1_csv_decimal value, s1_err *err)
{
    return value.mantissa >= 0 ? S1_OK : fault(job, plan, field, err, "at or above 0");
}

/* <0, 0, >0, exactly. */
static int compare(s1_csv_decimal a, s1_csv_decimal b)
{
    __extension__ typedef __int128 wide;
    const uint32_t scale = a.scale > b.scale ? a.scale : b.scale;
    const wide x = (wide)a.mantissa * s1_csv_pow10(scale - a.scale);
    const wide y = (wide)b.mantissa * s1_csv_pow10(scale - b.scale);
    return (x > y) - (x < y);
}

/* Prices of one bar that cannot be; `first` is its open. */
static s1_rc check_bar(const s1_import_job *job, const s1_import_plan *plan,
                       const row_decimals *row, size_t first, s1_err *err)
{
    const size_t high = first + 1, low = first + 2, close = first + 3;
    const s1_csv_decimal *const items = row->items;
    for (size_t field = first; field <= close; field++) {
        S1_TRY(err, check_above_zero(job, plan, field, items[field], err));
    }
    const s1_str low_text = text_of(job, plan, low);
    const s1_str high_text = text_of(job, plan, high);
    if (compare(items[high], items[low]) < 0) {
        return s1_row_fault(&job->reader, s1_field_name(high), high_text, err,
                            "at or above the low '%.*s'", S1_STR_ARG(low_text));
    }
    for (size_t field = first; field <= close; field += close - first) {
        if (compare(items[field], items[low]) < 0 || compare(items[field], items[high]) > 0) {
            return s1_row_fault(&job->reader, s1_field_name(field), text_of(job, plan, field), err,
                                "within low '%.*s' and high '%.*s'", S1_STR_ARG(low_text),
                                S1_STR_ARG(high_text));
        }
    }
    return S1_OK;
}

/* --- Rows of each kind ------------------------------------------------------------------------ */

/* (bid + ask) / 2, exactly. False if that has too many digits. */
static bool middle_of(s1_csv_decimal bid, s1_csv_decimal ask, s1_csv_decimal *ret_value)
{
    const uint32_t scale = bid.scale > ask.scale ? bid.scale : ask.scale;
    int64_t sum, a, b;
    if (__builtin_mul_overflow(bid.mantissa, s1_csv_pow10(scale - bid.scale), &a) ||
        __builtin_mul_overflow(ask.mantissa, s1_csv_pow10(scale - ask.scale), &b) ||
        __builtin_add_overflow(a, b, &sum) || sum > S1_MANTISSA_MAX / 5) {
        return false;
    }
    *ret_value =
        sum % 2 == 0 ? (s1_csv_decimal){sum / 2, scale} : (s1_csv_decimal){sum * 5, scale + 1};
    return ret_value->scale <= S1_SCALE_MAX;
}

/* Reads the fields from `first` to `last` that the row has. */
static s1_rc read_decimals(s1_import_job *job, const s1_import_plan *plan, size_t first,
                           size_t last, row_decimals *row, s1_err *err)
{
    for (size_t field = first; field <= last; field++) {
        row->items[field] = (s1_csv_decimal){0, 0};
        if (plan->position[field] != S1_NO_COLUMN) {
            S1_TRY(err, read_decimal(job, plan, field, &row->items[field], err));
        }
    }
    return S1_OK;
}

/* Bars of bid and ask: both checked, then one of three bars or the quote at their close. */
static s1_rc read_bid_and_ask(s1_import_job *job, const s1_import_plan *plan, row_decimals *row,
                              s1_err *err)
{
    s1_csv_decimal *const items = row->items;
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_OPEN, S1_FIELD_ASK_CLOSE, row, err));
    S1_TRY(err, check_bar(job, plan, row, S1_FIELD_OPEN, err));
    S1_TRY(err, check_bar(job, plan, row, S1_FIELD_ASK_OPEN, err));
    items[S1_FIELD_VOLUME] = (s1_csv_decimal){0, 0};
    items[S1_FIELD_BID] = items[S1_FIELD_CLOSE];
    items[S1_FIELD_ASK] = items[S1_FIELD_ASK_CLOSE];
    if (job->data_type == S1_DATA_QUOTES || job->price == S1_PRICE_BID) {
        return S1_OK;
    }
    for (size_t i = 0; i < 4; i++) {
        const s1_csv_decimal ask = items[S1_FIELD_ASK_OPEN + i];
        if (job->price == S1_PRICE_ASK) {
            items[S1_FIELD_OPEN + i] = ask;
        } else if (!middle_of(items[S1_FIELD_OPEN + i], ask, &items[S1_FIELD_OPEN + i])) {
            return fault(job, plan, S1_FIELD_OPEN + i, err,
                         "fewer digits: the middle of bid and ask has over 18");
        }
    }
    return S1_OK;
}

static s1_rc read_bar(s1_import_job *job, const s1_import_plan *plan, row_decimals *row,
                      s1_import_row *target, s1_err *err)
{
    enum { COLUMN_VWAP = 7 };
    if (plan->has_bid_and_ask) {
        return read_bid_and_ask(job, plan, row, err);
    }
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_OPEN, S1_FIELD_CLOSE, row, err));
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_VOLUME, S1_FIELD_VOLUME, row, err));
    if (has_optional(job, plan, S1_FIELD_VWAP, COLUMN_VWAP, target)) {
        S1_TRY(err, read_decimals(job, plan, S1_FIELD_VWAP, S1_FIELD_VWAP, row, err));
    }
    S1_TRY(err, check_not_negative(job, plan, S1_FIELD_VOLUME, row->items[S1_FIELD_VOLUME], err));
    S1_TRY(err, check_not_negative(job, plan, S1_FIELD_VWAP, row->items[S1_FIELD_VWAP], err));
    return check_bar(job, plan, row, S1_FIELD_OPEN, err);
}

static s1_rc read_trade(s1_import_job *job, const s1_import_plan *plan, row_decimals *row,
                        s1_err *err)
{
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_PRICE, S1_FIELD_PRICE, row, err));
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_QUANTITY, S1_FIELD_QUANTITY, row, err));
    S1_TRY(err, check_above_zero(job, plan, S1_FIELD_PRICE, row->items[S1_FIELD_PRICE], err));
    return check_above_zero(job, plan, S1_FIELD_QUANTITY, row->items[S1_FIELD_QUANTITY], err);
}

/* A row of a book: one level. */
static s1_rc read_level(s1_import_job *job, const s1_import_plan *plan, row_decimals *row,
                        s1_err *err)
{
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_PRICE, S1_FIELD_PRICE, row, err));
    S1_TRY(err, read_decimals(job, plan, S1_FIELD_QUANTITY, S1_FIELD_QUANTITY, row, err));
    S1_TRY(err, check_above_zero(job, plan, S1_FIELD_PRICE, row->items[S1_FIELD_PRICE], err));
    return check_not_negative(job, plan, S1_FIELD_QUANTITY, row->items[S1_FIELD_QUANTITY], err);
}

static s1_rc read_quote(s1_import_job *job, const s1_import_plan *plan, row_decimals *row,
                        s1_import_row *target, s1_err *err)
{
    enum { COLUMN_BID_QUANTITY = 3 };
    if (plan->has_bid_and_ask) {
        S1_TRY(err, read_bid_and_ask(job, plan, row, err));
    } else {
        S1_TRY(err, read_decimals(job, plan, S1_FIELD_BID, S1_FIELD_ASK, row, err));
    }
    for (size_t field = S1_FIELD_BID_QUANTITY; field <= S1_FIELD_ASK_QUANTITY; field++) {
        const size_t column = COLUMN_BID_QUANTITY + (field - S1_FIELD_BID_QUANTITY);
        if (has_optional(job, plan, field, column, target)) {
            S1_TRY(err, read_decimals(job, plan, field, field, row, err));
            S1_TRY(err, check_not_negative(job, plan, field, row->items[field], err));
        }
    }
    S1_TRY(err, check_above_zero(job, plan, S1_FIELD_BID, row->items[S1_FIELD_BID], err));
    return check_above_zero(job, plan, S1_FIELD_ASK, row->items[S1_FIELD_ASK], err);
}

/* Which field's decimal a column of the stream is; S1_FIELD_COUNT for the others. */
static size_t field_of_column(int32_t data_type, size_t column)
{
    static const uint8_t bars[S1_MARKET_COLUMNS_MAX] = {
        S1_FIELD_COUNT, S1_FIELD_OPEN,   S1_FIELD_HIGH,  S1_FIELD_LOW,
        S1_FIELD_CLOSE, S1_FIELD_VOLUME, S1_FIELD_COUNT, S1_FIELD_VWAP};
    static const uint8_t trades[S1_MARKET_COLUMNS_MAX] = {
        S1_FIELD_COUNT, S1_FIELD_PRICE, S1_FIELD_QUANTITY, S1_FIELD_COUNT,
        S1_FIELD_COUNT, S1_FIELD_COUNT, S1_FIELD_COUNT,    S1_FIELD_COUNT};
    static const uint8_t quotes[S1_MARKET_COLUMNS_MAX] = {
        S1_FIELD_COUNT,        S1_FIELD_BID,   S1_FIELD_ASK,   S1_FIELD_BID_QUANTITY,
        S1_FIELD_ASK_QUANTITY, S1_FIELD_COUNT, S1_FIELD_COUNT, S1_FIELD_COUNT};
    static const uint8_t book[S1_MARKET_COLUMNS_MAX] = {
        S1_FIELD_COUNT, S1_FIELD_COUNT,    S1_FIELD_COUNT, S1_FIELD_COUNT,
        S1_FIELD_PRICE, S1_FIELD_QUANTITY, S1_FIELD_COUNT, S1_FIELD_COUNT};
    return data_type == S1_DATA_OHLCV    ? bars[column]
           : data_type == S1_DATA_TRADES ? trades[column]
           : data_type == S1_DATA_QUOTES ? quotes[column]
                                         : book[column];
}

/* All decimals of a row at the scales of their groups, which are known when all are read. */
static s1_rc put_values(s1_import_job *job, const s1_import_plan *plan, const row_decimals *row,
                        s1_import_row *ret_row, s1_err *err)
{
    for (size_t i = 1; i < job->column_count; i++) {
        const size_t field = field_of_column(job->data_type, i);
        if (field != S1_FIELD_COUNT) {
            S1_TRY(err, fit_scale(job, plan, field, s1_import_group_of(job->layout[i].kind),
                                  row->items[field].scale, err));
        }
    }
    for (size_t i = 1; i < job->column_count; i++) {
        const size_t field = field_of_column(job->data_type, i);
        if (field != S1_FIELD_COUNT) {
            S1_TRY(err, put_value(job, plan, field, s1_import_group_of(job->layout[i].kind),
                                  row->items[field], &ret_row->values[i], err));
        }
    }
    return S1_OK;
}

/* One of two words, or its number: 1 or 2. */
static s1_rc read_choice(const s1_import_job *job, const s1_import_plan *plan, size_t field,
                         const char *const words[2], int64_t *ret_value, s1_err *err)
{
    static const char *const numbers[] = {"1", "2"};
    const s1_str text = s1_str_trim(text_of(job, plan, field));
    for (size_t i = 0; i < 2; i++) {
        if (s1_str_eq_nocase(text, s1_str_of(words[i])) || s1_str_eq_cstr(text, numbers[i])) {
            *ret_value = (int64_t)i + 1;
            return S1_OK;
        }
    }
    return s1_row_fault(&job->reader, s1_field_name(field), text, err, "%s or %s", words[0],
                        words[1]);
}

static s1_rc read_level_kind(const s1_import_job *job, const s1_import_plan *plan,
                             s1_import_row *row, s1_err *err)
{
    enum { COLUMN_UPDATE_ID = 1, COLUMN_KIND = 2, COLUMN_SIDE = 3 };
    static const char *const kinds[] = {"snapshot", "update"};
    static const char *const sides[] = {"bid", "ask"};
    S1_TRY(err, read_whole(job, plan, S1_FIELD_UPDATE_ID, &row->values[COLUMN_UPDATE_ID], err));
    S1_TRY(err, read_choice(job, plan, S1_FIELD_KIND, kinds, &row->values[COLUMN_KIND], err));
    return read_choice(job, plan, S1_FIELD_SIDE, sides, &row->values[COLUMN_SIDE], err);
}

/* What of a row is no decimal. */
static s1_rc read_others(s1_import_job *job, const s1_import_plan *plan, s1_import_row *row,
                         s1_err *err)
{
    enum { COLUMN_SIDE = 3, COLUMN_ID = 4, COLUMN_TRADES = 6 };
    S1_TRY(err, check_symbol(job, plan, err));
    if (job->data_type == S1_DATA_OHLCV) {
        row->values[COLUMN_TRADES] = 0;
        return has_optional(job, plan, S1_FIELD_TRADES, COLUMN_TRADES, row)
                   ? read_whole(job, plan, S1_FIELD_TRADES, &row->values[COLUMN_TRADES], err)
                   : S1_OK;
    }
    if (job->data_type == S1_DATA_TRADES) {
        row->values[COLUMN_ID] = 0;
        row->values[COLUMN_SIDE] = S1_TRADE_SIDE_UNKNOWN;
        if (plan->position[S1_FIELD_SIDE] != S1_NO_COLUMN) {
            S1_TRY(err, read_side(job, plan, &row->values[COLUMN_SIDE], err));
        }
        return has_optional(job, plan, S1_FIELD_ID, COLUMN_ID, row)
                   ? read_whole(job, plan, S1_FIELD_ID, &row->values[COLUMN_ID], err)
                   : S1_OK;
    }
    return job->data_type == S1_DATA_BOOK ? read_level_kind(job, plan, row, err) : S1_OK;
}

s1_rc s1_import_read_row(s1_import_job *job, s1_import_row *ret_row, s1_err *err)
{
    const s1_import_plan *plan;
    row_decimals decimals = {{{0, 0}}};
    s1_import_row row = {{0}, 0};
    S1_TRY(err, s1_import_plan_of_row(job, &plan, err));
    job->plain_plan = plan;
    row.columns = plan->columns;
    S1_TRY(err, read_time(job, plan, &row.values[0], err));
    S1_TRY(err, read_others(job, plan, &row, err));
    switch (job->data_type) {
    case S1_DATA_OHLCV:
        S1_TRY(err, read_bar(job, plan, &decimals, &row, err));
        break;
    case S1_DATA_TRADES:
        S1_TRY(err, read_trade(job, plan, &decimals, err));
        break;
    case S1_DATA_QUOTES:
        S1_TRY(err, read_quote(job, plan, &decimals, &row, err));
        break;
    default:
        S1_TRY(err, read_level(job, plan, &decimals, err));
        break;
    }
    if (job->has_handed_over && (job->stored_columns & ~row.columns) != 0) {
        return s1_row_fault(&job->reader, "row", job->reader.line, err,
                            "the columns that the rows before have");
    }
    S1_TRY(err, put_values(job, plan, &decimals, &row, err));
    *ret_row = row;
    return S1_OK;
}
