/* Rows as plain as nearly all are: digits and points between separators, no quotes, no signs, no
 * exponents, a time later (or earlier, in a falling file) than the last one, prices that can be.
 * Whatever is not of that kind is left to import_row.c, which tells what is wrong with it, if
 * anything is. So nothing here raises a fault, and a row means the same whichever way it came. */
#include "backend/data/ingest/import_internal.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"

#include <string.h>

#define DIGITS_MAX 18u

enum plain_kind { PLAIN_SKIP, PLAIN_TIME, PLAIN_VALUE, PLAIN_WHOLE, PLAIN_SIDE };

typedef struct plain_column {
    uint8_t kind;   /* enum plain_kind */
    uint8_t target; /* column of the stream's layout */
    uint8_t group;
} plain_column;

/* What a run of plain rows needs to know, all in one place. */
typedef struct plain_run {
    s1_import_job *job;
    char separator;
    bool may_end_with_separator, is_rising, has_ids;
    int32_t time_form;
    size_t field_count;
    plain_column columns[S1_ROW_COLUMNS_MAX];
    uint32_t scale[S1_GROUP_COUNT];
    uint64_t date_word; /* the date read last: eight of its ten bytes, then two */
    uint16_t date_rest;
    s1_nanos date;
    s1_nanos last_time;
    int64_t last_id;
    int64_t largest[S1_GROUP_COUNT];
} plain_run;

/* --- Digits ----------------------------------------------------------------------------------- */

static uint64_t load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* How many of eight bytes, from the first on, are digits. */
static unsigned count_digits(uint64_t word)
{
    const uint64_t x = word ^ 0x3030303030303030ULL;
    const uint64_t others = ((x + 0x7676767676767676ULL) | x) & 0x8080808080808080ULL;
    return others == 0 ? 8 : (unsigned)__builtin_ctzll(others) / 8;
}

/* The number that the first `count` (1..8) bytes are, all digits: all eight at once. */
static uint64_t number_of(uint64_t word, unsigned count)
{
    const unsigned shift = 64 - 8 * count;
    word = (word ^ 0x3030303030303030ULL) << shift;
    word = word * 10 + (word >> 8);
    return (((word & 0x000000ff000000ffULL) * 0x000f424000000064ULL) +
            (((word >> 16) & 0x000000ff000000ffULL) * 0x0000271000000001ULL)) >>
           32;
}

static const uint64_t powers[] = {1ULL,
                                  10ULL,
                                  100ULL,
                                  1000ULL,
                                  10000ULL,
                                  100000ULL,
                                  1000000ULL,
                                  10000000ULL,
                                  100000000ULL,
                                  1000000000ULL,
                                  10000000000ULL,
                                  100000000000ULL,
                                  1000000000000ULL,
                                  10000000000000ULL,
                                  100000000000000ULL,
                                  1000000000000000ULL,
                                  10000000000000000ULL,
                                  100000000000000000ULL,
                                  1000000000000000000ULL};

/* Digits from `at` on, added to those in *value; returns how many, over DIGITS_MAX for too many. */
static inline unsigned take_digits(const char *at, uint64_t *value)
{
    unsigned total = 0;
    for (;;) {
        const uint64_t word = load_word(at + total);
        const unsigned count = count_digits(word);
        if (count > 0) {
            *value = *value * powers[count] + number_of(word, count);
            total += count;
        }
        if (count < 8 || total > DIGITS_MAX) {
            return total;
        }
    }
}

/* digits[.digits]; *ret_decimals of them behind the point. NULL if it is something else, or long.
 */
static inline const char *take_number(const char *at, uint64_t *ret_value, unsigned *ret_decimals)
{
    uint64_t value = 0;
    unsigned digits = take_digits(at, &value);
    unsigned decimals = 0;
    at += digits;
    if (digits > DIGITS_MAX) {
        return NULL;
    }
    if (*at == '.') {
        if (digits > 10) {
            return NULL; /* 10 + 24 digits would pass 64 bits unseen */
        }
        decimals = take_digits(at + 1, &value);
        at += decimals + 1;
        digits += decimals;
    }
    if (digits == 0 || digits > DIGITS_MAX) {
        return NULL;
    }
    *ret_value = value;
    *ret_decimals = decimals;
    return at;
}

/* A value at `scale`, without its last zeros where it has too many. False if it does not fit. */
static inline bool to_scale(uint64_t value, unsigned decimals, uint32_t scale, int64_t *ret_value)
{
    if (decimals <= scale) {
        const uint64_t factor = powers[scale - decimals];
        uint64_t scaled;
        if (__builtin_mul_overflow(value, factor, &scaled) || scaled > (uint64_t)S1_MANTISSA_MAX) {
            return false;
        }
        *ret_value = (int64_t)scaled;
        return true;
    }
    const uint64_t unit = powers[decimals - scale];
    if (value % unit != 0) {
        return false;
    }
    *ret_value = (int64_t)(value / unit);
    return true;
}

/* --- Times ------------------------------------------------------------------------------------ */

static bool two_digits(const char *at, unsigned max, int64_t *ret_value)
{
    const unsigned tens = (unsigned)(unsigned char)at[0] - '0';
    const unsigned ones = (unsigned)(unsigned char)at[1] - '0';
    *ret_value = (int64_t)(tens * 10 + ones);
    return tens <= 9 && ones <= 9 && tens * 10 + ones <= max;
}

/* YYYY-MM-DD, mostly the one before. */
static bool take_date(plain_run *run, const char *at)
{
    const uint64_t word = load_word(at);
    uint16_t rest;
    memcpy(&rest, at + 8, sizeof rest);
    if (word != run->date_word || rest != run->date_rest) {
        if (s1_time_parse((s1_str){at, 10}, &run->date, NULL) != S1_OK) {
            return false;
        }
        run->date_word = word;
        run->date_rest = rest;
    }
    return true;
}

/* YYYY-MM-DD[ T]HH:MM:SS[Z] */
static const char *take_iso(plain_run *run, const char *at, s1_nanos *ret_time)
{
    int64_t hour = 0, minute = 0, second = 0;
    if (memchr(at, '\n', 19) != NULL || at[4] != '-' || (at[10] != ' ' && at[10] != 'T') ||
        at[13] != ':' || at[16] != ':' || !two_digits(at + 11, 23, &hour) ||
        !two_digits(at + 14, 59, &minute) || !two_digits(at + 17, 59, &second) ||
        !take_date(run, at) ||
        __builtin_add_overflow(
            run->date, (hour * 3600 + minute * 60 + second) * S1_NANOS_PER_SECOND, ret_time)) {
        return NULL;
    }
    return at + (at[19] == 'Z' ? 20 : 19);
}

/* Decimals of the unit that one nanosecond is. */
static unsigned unit_digits(int32_t form, uint64_t whole)
{
    switch (form) {
    case S1_TIME_FORM_SECONDS:
        return 9;
    case S1_TIME_FORM_MILLIS:
        return 6;
    case S1_TIME_FORM_MICROS:
        return 3;
    case S1_TIME_FORM_NANOS:
        return 0;
    default:
        return whole < 100000000000ULL         ? 9
               : whole < 100000000000000ULL    ? 6
               : whole < 100000000000000000ULL ? 3
                                               : 0;
    }
}

static inline const char *take_time(plain_run *run, const char *at, s1_nanos *ret_time)
{
    const int32_t form = run->time_form;
    if (form == S1_TIME_FORM_ISO || (form == S1_TIME_FORM_ANY && at[4] == '-')) {
        return take_iso(run, at, ret_time);
    }
    uint64_t value = 0;
    unsigned decimals = 0;
    const char *const end = take_number(at, &value, &decimals);
    if (end == NULL) {
        return NULL;
    }
    const unsigned digits = unit_digits(form, value / powers[decimals]);
    uint64_t nanos;
    if (decimals > digits || __builtin_mul_overflow(value, powers[digits - decimals], &nanos) ||
        nanos > (uint64_t)INT64_MAX) {
        return NULL;
    }
    *ret_time = (s1_nanos)nanos;
    return end;
}

/* --- Rows ------------------------------------------------------------------------------------- */

static const char *take_side(const plain_run *run, const char *at, int64_t *ret_side)
{
    static const struct {
        const char *text;
        size_t len;
        int64_t side;
    } words[] = {{"buy", 3, S1_TRADE_BUY},   {"sell", 4, S1_TRADE_SELL}, {"b", 1, S1_TRADE_BUY},
                 {"s", 1, S1_TRADE_SELL},    {"true", 4, S1_TRADE_SELL}, {"false", 5, S1_TRADE_BUY},
                 {"True", 4, S1_TRADE_SELL}, {"False", 5, S1_TRADE_BUY}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char end = at[words[i].len];
        if (memcmp(at, words[i].text, words[i].len) == 0 &&
            (end == run->separator || end == '\n' || end == '\r')) {
            *ret_side = words[i].side;
            return at + words[i].len;
        }
    }
    return NULL;
}

/* One field to where it belongs; NULL if it is not plain. */
static inline const char *take_field(plain_run *run, const plain_column *column, const char *at,
                                     int64_t values[S1_MARKET_COLUMNS_MAX])
{
    uint64_t value;
    unsigned decimals;
    switch ((enum plain_kind)column->kind) {
    case PLAIN_VALUE:
        at = take_number(at, &value, &decimals);
        return at != NULL &&
                       to_scale(value, decimals, run->scale[column->group], &values[column->target])
                   ? at
                   : NULL;
    case PLAIN_WHOLE:
        at = take_number(at, &value, &decimals);
        return at != NULL && to_scale(value, decimals, 0, &values[column->target]) ? at : NULL;
    case PLAIN_TIME:
        return take_time(run, at, &values[0]);
    case PLAIN_SIDE:
        return take_side(run, at, &values[column->target]);
    case PLAIN_SKIP:
    default:
        if (*at == '"') {
            return NULL; /* a separator may stand in it */
        }
        while (*at != run->separator && *at != '\n') {
            at++;
        }
        return at > run->job->reader.block && *at == '\n' && at[-1] == '\r' ? at - 1 : at;
    }
}

/* A row from its first byte to behind its line end; NULL if it is not plain. */
static inline const char *take_row(plain_run *run, const char *at,
                                   int64_t values[S1_MARKET_COLUMNS_MAX])
{
    const size_t last = run->field_count - 1;
    for (size_t i = 0;; i++) {
        at = take_field(run, &run->columns[i], at, values);
        if (at == NULL) {
            return NULL;
        }
        if (i == last) {
            break;
        }
        if (*at++ != run->separator) {
            return NULL;
        }
    }
    if (*at == run->separator && run->may_end_with_separator) {
        at++;
    }
    at += *at == '\r' ? 1 : 0;
    return *at == '\n' ? at + 1 : NULL;
}

/* Prices and quantities that can be; the rest is told by import_row.c. */
static inline bool is_good(const plain_run *run, const int64_t v[S1_MARKET_COLUMNS_MAX])
{
    switch (run->job->data_type) {
    case S1_DATA_OHLCV: /* time, open, high, low, close */
        return v[3] > 0 && v[3] <= v[1] && v[3] <= v[4] && v[2] >= v[1] && v[2] >= v[4];
    case S1_DATA_TRADES: /* time, price, quantity, side, id */
        return v[1] > 0 && v[2] > 0 &&
               (!run->has_ids || (run->is_rising ? v[4] > run->last_id : v[4] < run->last_id));
    default:
        return v[1] > 0 && v[2] > 0;
    }
}

static inline bool is_in_order(const plain_run *run, s1_nanos time)
{
    const s1_nanos grid = run->job->grid;
    const bool is_behind = run->is_rising ? time > run->last_time : time < run->last_time;
    if (run->has_ids && time == run->last_time) {
        return true; /* in the order of the ids, which rise or fall: is_good */
    }
    return is_behind && (grid == 0 || time - run->last_time == grid || time % grid == 0);
}

static inline void keep(plain_run *run, const int64_t values[S1_MARKET_COLUMNS_MAX])
{
    s1_import_job *const job = run->job;
    const size_t at = job->count++;
    for (size_t i = 0; i < job->column_count; i++) {
        if (job->layout[i].kind == S1_COLUMN_ENUM) {
            ((uint8_t *)job->columns[i])[at] = (uint8_t)values[i];
        } else {
            ((int64_t *)job->columns[i])[at] = values[i];
        }
    }
    const bool is_bar = job->data_type == S1_DATA_OHLCV;
    const int64_t price = is_bar ? values[2] : values[1] > values[2] ? values[1] : values[2];
    const int64_t quantity = is_bar                             ? values[5]
                             : job->data_type == S1_DATA_TRADES ? values[2]
                             : values[3] > values[4]            ? values[3]
                                                                : values[4];
    if (price > run->largest[S1_GROUP_PRICE]) {
        run->largest[S1_GROUP_PRICE] = price;
    }
    if (quantity > run->largest[S1_GROUP_QTY]) {
        run->largest[S1_GROUP_QTY] = quantity;
    }
    if (is_bar && values[7] > run->largest[S1_GROUP_VWAP]) {
        run->largest[S1_GROUP_VWAP] = values[7];
    }
    run->last_time = values[0];
    run->last_id = values[4];
}

/* --- Runs ------------------------------------------------------------------------------------- */

/* Where a field goes that plain rows may have; false for one that only import_row.c reads. */
static bool map_field(const s1_import_job *job, size_t field, plain_column *ret_column)
{
    static const struct {
        int32_t data_type;
        size_t field;
        plain_column column;
    } targets[] = {
        {S1_DATA_OHLCV, S1_FIELD_OPEN, {PLAIN_VALUE, 1, S1_GROUP_PRICE}},
        {S1_DATA_OHLCV, S1_FIELD_HIGH, {PLAIN_VALUE, 2, S1_GROUP_PRICE}},
        {S1_DATA_OHLCV, S1_FIELD_LOW, {PLAIN_VALUE, 3, S1_GROUP_PRICE}},
        {S1_DATA_OHLCV, S1_FIELD_CLOSE, {PLAIN_VALUE, 4, S1_GROUP_PRICE}},
        {S1_DATA_OHLCV, S1_FIELD_VOLUME, {PLAIN_VALUE, 5, S1_GROUP_QTY}},
        {S1_DATA_OHLCV, S1_FIELD_TRADES, {PLAIN_WHOLE, 6, 0}},
        {S1_DATA_OHLCV, S1_FIELD_VWAP, {PLAIN_VALUE, 7, S1_GROUP_VWAP}},
        {S1_DATA_TRADES, S1_FIELD_PRICE, {PLAIN_VALUE, 1, S1_GROUP_PRICE}},
        {S1_DATA_TRADES, S1_FIELD_QUANTITY, {PLAIN_VALUE, 2, S1_GROUP_QTY}},
        {S1_DATA_TRADES, S1_FIELD_SIDE, {PLAIN_SIDE, 3, 0}},
        {S1_DATA_TRADES, S1_FIELD_ID, {PLAIN_WHOLE, 4, 0}},
        {S1_DATA_QUOTES, S1_FIELD_BID, {PLAIN_VALUE, 1, S1_GROUP_PRICE}},
        {S1_DATA_QUOTES, S1_FIELD_ASK, {PLAIN_VALUE, 2, S1_GROUP_PRICE}},
        {S1_DATA_QUOTES, S1_FIELD_BID_QUANTITY, {PLAIN_VALUE, 3, S1_GROUP_QTY}},
        {S1_DATA_QUOTES, S1_FIELD_ASK_QUANTITY, {PLAIN_VALUE, 4, S1_GROUP_QTY}},
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (targets[i].data_type == job->data_type && targets[i].field == field) {
            *ret_column = targets[i].column;
            return true;
        }
    }
    return false;
}

static bool map_columns(const s1_import_job *job, const s1_import_plan *plan, plain_run *run)
{
    for (size_t field = 0; field < S1_FIELD_COUNT; field++) {
        const uint16_t position = plan->position[field];
        plain_column column = {PLAIN_TIME, 0, 0};
        if (position == S1_NO_COLUMN) {
            continue;
        }
        if (field == S1_FIELD_SYMBOL || field == S1_FIELD_CLOCK) {
            return false;
        }
        if (field != S1_FIELD_TIME && !map_field(job, field, &column)) {
            continue; /* of another kind of data */
        }
        if (position >= S1_ROW_COLUMNS_MAX || run->columns[position].kind != PLAIN_SKIP) {
            return false; /* one column twice */
        }
        run->columns[position] = column;
    }
    return true;
}

/* Can rows of the last one's layout be plain at all? */
static bool run_init(s1_import_job *job, plain_run *run)
{
    const s1_import_plan *const plan = job->plain_plan;
    const s1_data_import_options *const options = job->options;
    if (job->reader.is_json || job->reader.recording != NULL || plan == NULL ||
        job->data_type == S1_DATA_BOOK || !job->has_last || plan->has_bid_and_ask ||
        job->zone != NULL || job->time_form == S1_TIME_FORM_LEAN || job->sorts ||
        job->order == S1_ORDER_AUTO || job->profile->price_shift > 0 || options->rounds_price ||
        options->rounds_quantity ||
        (job->has_handed_over && (job->stored_columns & ~plan->columns) != 0)) {
        return false;
    }
    *run = (plain_run){.job = job,
                       .separator = job->reader.separator,
                       .may_end_with_separator = job->may_end_with_separator,
                       .is_rising = job->order == S1_ORDER_RISING,
                       .has_ids = job->data_type == S1_DATA_TRADES &&
                                  plan->position[S1_FIELD_ID] != S1_NO_COLUMN,
                       .time_form = job->time_form,
                       .field_count = plan->field_count,
                       .last_time = job->last_time,
                       .last_id = job->last_id};
    memcpy(run->scale, job->scale, sizeof run->scale);
    memcpy(run->largest, job->largest, sizeof run->largest);
    return map_columns(job, plan, run);
}

static void run_done(const plain_run *run, uint64_t rows)
{
    s1_import_job *const job = run->job;
    if (rows == 0) {
        return;
    }
    job->rows_taken += rows;
    job->last_time = run->last_time;
    job->last_id = run->last_id;
    job->last_line = job->reader.line_number;
    job->group_start = job->count - 1;
    job->columns_seen &= job->plain_plan->columns;
    memcpy(job->largest, run->largest, sizeof job->largest);
}

s1_rc s1_import_take_plain_rows(s1_import_job *job, uint64_t bytes_max, bool *ret_stopped,
                                s1_err *err)
{
    plain_run run;
    s1_str lines = {NULL, 0};
    *ret_stopped = true;
    if (!run_init(job, &run)) {
        return S1_OK;
    }
    S1_TRY(err, s1_row_reader_whole_lines(&job->reader, &lines, err));
    const uint64_t rows_max =
        job->options->rows_max != 0 ? job->options->rows_max : (uint64_t)S1_IMPORT_ROWS_MAX;
    const char *at = lines.ptr;
    const char *const end = lines.ptr + lines.len;
    uint64_t rows = 0;
    int64_t values[S1_MARKET_COLUMNS_MAX] = {0};
    values[3] = job->data_type == S1_DATA_TRADES ? S1_TRADE_SIDE_UNKNOWN : 0;
    while (at < end && job->count < job->capacity && job->rows_taken + rows < rows_max) {
        if ((uint64_t)(at - lines.ptr) >= bytes_max) {
            *ret_stopped = false;
            break;
        }
        const char *const next = take_row(&run, at, values);
        if (next == NULL || !is_in_order(&run, values[0]) || !is_good(&run, values)) {
            break;
        }
        keep(&run, values);
        at = next;
        rows++;
    }
    s1_row_reader_take(&job->reader, (size_t)(at - lines.ptr), rows);
    run_done(&run, rows);
    return S1_OK;
}
