#include "backend/data/ingest/csv_text_internal.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "s1mple/decimal.h"

#include <string.h>

#define EXPONENT_MAX      40
#define EPOCH_MILLIS_FROM 100000000000LL /* as seconds this is the year 5138 */
#define EPOCH_MICROS_FROM 100000000000000LL
#define EPOCH_NANOS_FROM  100000000000000000LL

int64_t s1_csv_pow10(uint32_t exponent)
{
    return (int64_t)s1_dec_internal_pow10(exponent <= S1_SCALE_MAX ? exponent : S1_SCALE_MAX);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The exponent after 'e': false if it is malformed. */
static bool parse_exponent(const char *at, const char *end, int *ret_exponent)
{
    const bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) {
        at++;
    }
    int exponent = 0;
    if (at == end || end - at > 3) {
        return false;
    }
    for (; at < end; at++) {
        if (!is_digit(*at)) {
            return false;
        }
        exponent = exponent * 10 + (*at - '0');
    }
    *ret_exponent = is_negative ? -exponent : exponent;
    return exponent <= EXPONENT_MAX;
}

/* Brings mantissa / 10^scale to a scale in 0..18 with no zero at its end that is a decimal. */
static const char *normalise(int64_t mantissa, int scale, bool is_negative, s1_csv_decimal *ret)
{
    while (mantissa != 0 && scale > 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        scale--;
    }
    for (; mantissa != 0 && scale < 0; scale++) {
        if (mantissa > S1_MANTISSA_MAX / 10) {
            return S1_CSV_WANT_SMALLER;
        }
        mantissa *= 10;
    }
    if (mantissa == 0) {
        scale = 0;
    }
    if (scale > (int)S1_SCALE_MAX) {
        return S1_CSV_WANT_COARSER;
    }
    *ret = (s1_csv_decimal){is_negative ? -mantissa : mantissa, (uint32_t)scale};
    return NULL;
}

const char *s1_csv_decimal_parse(s1_str text, s1_csv_decimal *ret_value)
{
    if (text.len == 0) {
        return S1_CSV_WANT_DECIMAL; /* a member that is not there has no text at all */
    }
    const char *at = text.ptr;
    const char *end = at + text.len;
    const bool is_negative = at < end && *at == '-';
    at += is_negative ? 1 : 0;
    int64_t mantissa = 0;
    int scale = 0;
    int held_zeros = 0; /* zeros seen that count only if another digit follows them */
    bool has_digit = false;
    bool has_point = false;
    for (; at < end; at++) {
        if (is_digit(*at)) {
            has_digit = true;
            scale += has_point ? 1 : 0;
            if (*at == '0' && has_point) {
                held_zeros++;
                continue;
            }
            for (; held_zeros >= 0; held_zeros--) {
                if (mantissa > (S1_MANTISSA_MAX - 9) / 10) {
                    return S1_CSV_WANT_SMALLER;
                }
                mantissa *= 10;
            }
            mantissa += *at - '0';
            held_zeros = 0;
        } else if (*at == '.' && !has_point) {
            has_point = true;
        } else {
            break;
        }
    }
    int exponent = 0;
    const bool has_exponent = at < end && (*at == 'e' || *at == 'E');
    if (!has_digit || (at < end && !has_exponent) ||
        (has_exponent && !parse_exponent(at + 1, end, &exponent))) {
        return S1_CSV_WANT_DECIMAL;
    }
    return normalise(mantissa, scale - held_zeros - exponent, is_negative, ret_value);
}

/* --- Times ---------------------------------------------------------------------------------- */

/* Decimals of a unit that one nanosecond is. */
static uint32_t digits_of_unit(int32_t form, int64_t whole)
{
    static const struct {
        int64_t below;
        uint32_t digits;
    } sizes[] = {{EPOCH_MILLIS_FROM, 9}, {EPOCH_MICROS_FROM, 6}, {EPOCH_NANOS_FROM, 3}};
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
        break;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (whole < sizes[i].below) {
            return sizes[i].digits;
        }
    }
    return 0;
}

/* A count of units since 1970 with decimals, exact to the nanosecond: a whole and a fraction, for
 * both together may have more digits than a mantissa. */
static bool parse_epoch(s1_str text, int32_t form, s1_nanos *ret_time)
{
    const size_t point = s1_str_find_byte(text, '.', 0);
    s1_csv_decimal fraction = {0, 0};
    int64_t whole, part = 0, nanos;
    if (text.len == 0 || text.ptr[0] == '+' || text.ptr[text.len - 1] == '.' ||
        s1_str_parse_i64(s1_str_slice(text, 0, point), &whole, NULL) != S1_OK) {
        return false;
    }
    const uint32_t digits = digits_of_unit(form, whole);
    if (point != S1_STR_NPOS) {
        const s1_str rest = s1_str_slice(text, point, text.len);
        const char last = text.ptr[text.len - 1];
        if (rest.len < 2 || !is_digit(last) || s1_str_find_byte(rest, 'e', 0) != S1_STR_NPOS ||
            s1_str_find_byte(rest, 'E', 0) != S1_STR_NPOS || text.ptr[0] == '-' ||
            s1_csv_decimal_parse(rest, &fraction) != NULL || fraction.scale > digits) {
            return false;
        }
        part = fraction.mantissa * s1_csv_pow10(digits - fraction.scale);
    }
    if (__builtin_mul_overflow(whole, s1_csv_pow10(digits), &nanos) ||
        __builtin_add_overflow(nanos, part, &nanos)) {
        return false;
    }
    *ret_time = nanos;
    return true;
}

/* Copies `count` digits to `out`; false where there are none. */
static bool take_digits(const char **at, const char *end, size_t count, char **out)
{
    if ((size_t)(end - *at) < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_digit((*at)[i])) {
            return false;
        }
        *(*out)++ = (*at)[i];
    }
    *at += count;
    return true;
}

/* "-AM", " PM", "AM" at the end: the hour of the clock's twelve to that of the day's 24. */
static bool apply_half_day(s1_str suffix, char *hour)
{
    const s1_str word = s1_str_make(suffix.ptr + suffix.len - 2, 2);
    const bool is_pm = s1_str_eq_nocase(word, S1_STR("PM"));
    const int value = (hour[0] - '0') * 10 + (hour[1] - '0');
    if (suffix.len > 3 || (!is_pm && !s1_str_eq_nocase(word, S1_STR("AM"))) || value < 1 ||
        value > 12 || (suffix.len == 3 && suffix.ptr[0] != '-' && suffix.ptr[0] != ' ')) {
        return false;
    }
    const int of_day = value % 12 + (is_pm ? 12 : 0);
    hour[0] = (char)('0' + of_day / 10);
    hour[1] = (char)('0' + of_day % 10);
    return true;
}

/* The time of day behind a date: HH[:MM[:SS[rest]]] or HHMM[SS], with AM or PM behind it. */
static bool rewrite_clock(const char *at, const char *end, char **out)
{
    char *const hour = *out;
    bool has_colon = false;
    if (!take_digits(&at, end, 2, out)) {
        return false;
    }
    size_t parts = 1;
    while (parts < 3 && at < end && (*at == ':' || is_digit(*at))) {
        if (parts > 1 && (*at == ':') != has_colon) {
            return false;
        }
        has_colon = *at == ':';
        at += has_colon ? 1 : 0;
        *(*out)++ = ':';
        if (!take_digits(&at, end, 2, out)) {
            return false;
        }
        parts++;
    }
    for (; parts < 2; parts++) {
        memcpy(*out, ":00", 3);
        *out += 3;
    }
    const s1_str rest = s1_str_make(at, (size_t)(end - at));
    if (rest.len >= 2 && (rest.ptr[rest.len - 1] == 'M' || rest.ptr[rest.len - 1] == 'm')) {
        return apply_half_day(rest, hour);
    }
    if (rest.len > 20) {
        return false;
    }
    memcpy(*out, rest.ptr, rest.len);
    *out += rest.len;
    return true;
}

/* Other ways to write a date: 20170419 09:00, 2017.04.19, 2017/04/19, 2017-04-19 12-AM. */
static bool parse_loose(s1_str text, s1_nanos *ret_time)
{
    char iso[64];
    char *out = iso;
    const char *at = text.ptr;
    const char *const end = at + text.len;
    if (text.len > 40 || !take_digits(&at, end, 4, &out) || at == end) {
        return false;
    }
    const char separator = *at;
    const bool is_separated = separator == '-' || separator == '.' || separator == '/';
    for (int part = 0; part < 2; part++) {
        if (is_separated && (at == end || *at++ != separator)) {
            return false;
        }
        *out++ = '-';
        if (!take_digits(&at, end, 2, &out)) {
            return false;
        }
    }
    if (at < end) {
        if (*at != ' ' && *at != 'T') {
            return false;
        }
        at++;
        *out++ = ' ';
        if (!rewrite_clock(at, end, &out)) {
            return false;
        }
    }
    return s1_time_parse((s1_str){iso, (size_t)(out - iso)}, ret_time, NULL) == S1_OK;
}

/* Does a written date say its own offset from UTC? */
static bool says_offset(s1_str text)
{
    const char last = text.ptr[text.len - 1];
    const s1_str clock = s1_str_slice(text, 11, text.len);
    if (last == 'Z' || last == 'z' || s1_str_find_byte(clock, '+', 0) != S1_STR_NPOS) {
        return true;
    }
    return last != 'M' && last != 'm' && s1_str_find_byte(clock, '-', 0) != S1_STR_NPOS;
}

static bool parse_written(s1_str text, s1_csv_time *ret_time)
{
    s1_nanos time;
    if (s1_time_parse(text, &time, NULL) != S1_OK && !parse_loose(text, &time)) {
        return false;
    }
    *ret_time = (s1_csv_time){time, !says_offset(text)};
    return true;
}

const char *s1_csv_time_parse(s1_str text, int32_t form, s1_csv_time *ret_time)
{
    const bool is_date =
        text.len > 4 && (text.ptr[4] == '-' || text.ptr[4] == '/' ||
                         (text.ptr[4] == '.' && text.len >= 10 && text.ptr[7] == '.'));
    const bool is_compact = text.len > 9 && (text.ptr[8] == ' ' || text.ptr[8] == 'T');
    if (form == S1_TIME_FORM_ISO || (form == S1_TIME_FORM_ANY && (is_date || is_compact)) ||
        (form == S1_TIME_FORM_LEAN && is_compact)) {
        return parse_written(text, ret_time) ? NULL : "a UTC time like 2017-04-19 09:00:00";
    }
    s1_nanos time;
    if (form == S1_TIME_FORM_LEAN) {
        if (!parse_epoch(text, S1_TIME_FORM_MILLIS, &time) || time < 0 || time > S1_NANOS_PER_DAY) {
            return "milliseconds of the day, or a time like 20170419 09:00";
        }
        *ret_time = (s1_csv_time){time, true};
        return NULL;
    }
    if (parse_epoch(text, form, &time)) {
        *ret_time = (s1_csv_time){time, false};
        return NULL;
    }
    switch (form) {
    case S1_TIME_FORM_SECONDS:
        return "unix seconds";
    case S1_TIME_FORM_MILLIS:
        return "unix milliseconds";
    case S1_TIME_FORM_MICROS:
        return "unix microseconds";
    case S1_TIME_FORM_NANOS:
        return "unix nanoseconds";
    case S1_TIME_FORM_EPOCH:
        return "unix seconds or milliseconds";
    default:
        return "a UTC time like 2017-04-19 09:00:00, unix seconds or milliseconds";
    }
}

bool s1_csv_time_is_relative(s1_str text, int32_t form)
{
    return form == S1_TIME_FORM_LEAN &&
           !(text.len > 9 && (text.ptr[8] == ' ' || text.ptr[8] == 'T'));
}

/* --- Rounding ------------------------------------------------------------------------------- */

const char *s1_csv_decimal_round(s1_str text, uint32_t scale, s1_csv_decimal *ret_value,
                                 bool *ret_is_rounded)
{
    s1_csv_decimal exact;
    *ret_is_rounded = false;
    const char *const fault = s1_csv_decimal_parse(text, &exact);
    if (fault == NULL && exact.scale <= scale) {
        *ret_value = exact;
        return NULL;
    }
    /* The text up to `scale` decimals, and what the digits behind it are, against a half. */
    const size_t point = s1_str_find_byte(text, '.', 0);
    const s1_str digits = s1_str_slice(text, point == S1_STR_NPOS ? text.len : point + 1, text.len);
    s1_csv_decimal kept;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.ptr[i])) {
            return fault != NULL ? fault : S1_CSV_WANT_COARSER; /* an exponent: not rounded */
        }
    }
    const size_t cut = digits.len > scale ? point + 1 + scale : text.len;
    const char *const kept_fault = s1_csv_decimal_parse(s1_str_slice(text, 0, cut), &kept);
    if (kept_fault != NULL || cut == text.len) {
        return kept_fault != NULL ? kept_fault : S1_CSV_WANT_COARSER;
    }
    int64_t mantissa;
    if (__builtin_mul_overflow(kept.mantissa, s1_csv_pow10(scale - kept.scale), &mantissa) ||
        mantissa >= S1_MANTISSA_MAX || mantissa <= -S1_MANTISSA_MAX) {
        return S1_CSV_WANT_SMALLER;
    }
    const char first = text.ptr[cut];
    bool is_more = false;
    for (size_t i = cut + 1; i < text.len; i++) {
        is_more = is_more || text.ptr[i] != '0';
    }
    if (first > '5' || (first == '5' && (is_more || mantissa % 2 != 0))) {
        mantissa += text.ptr[0] == '-' ? -1 : 1;
    }
    *ret_is_rounded = is_more || first != '0';
    *ret_value = (s1_csv_decimal){mantissa, scale};
    return NULL;
}
