#include "backend/data/ingest/csv_text_internal.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/utils/timefmt.h"

#define EXPONENT_MAX      40
#define EPOCH_MILLIS_FROM 100000000000LL /* as seconds this is the year 5138 */

int64_t s1_csv_pow10(uint32_t exponent)
{
    static const int64_t powers[] = {1LL,
                                     10LL,
                                     100LL,
                                     1000LL,
                                     10000LL,
                                     100000LL,
                                     1000000LL,
                                     10000000LL,
                                     100000000LL,
                                     1000000000LL,
                                     10000000000LL,
                                     100000000000LL,
                                     1000000000000LL,
                                     10000000000000LL,
                                     100000000000000LL,
                                     1000000000000000LL,
                                     10000000000000000LL,
                                     100000000000000000LL,
                                     1000000000000000000LL};
    return powers[exponent <= S1_SCALE_MAX ? exponent : S1_SCALE_MAX];
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

/* A count of units since 1970 with decimals, exact to the nanosecond. */
static bool parse_epoch(s1_str text, int32_t form, s1_nanos *ret_time)
{
    s1_csv_decimal value;
    if (s1_csv_decimal_parse(text, &value) != NULL) {
        return false;
    }
    const bool is_millis = form == S1_CSV_TIME_MILLIS ||
                           (form != S1_CSV_TIME_SECONDS &&
                            value.mantissa / s1_csv_pow10(value.scale) >= EPOCH_MILLIS_FROM);
    const uint32_t digits = is_millis ? 6 : 9; /* decimals of the unit that a nanosecond is */
    int64_t nanos;
    if (value.scale > digits ||
        __builtin_mul_overflow(value.mantissa, s1_csv_pow10(digits - value.scale), &nanos)) {
        return false;
    }
    *ret_time = nanos;
    return true;
}

const char *s1_csv_time_parse(s1_str text, int32_t form, s1_nanos *ret_time)
{
    const bool is_date = text.len > 4 && text.ptr[4] == '-';
    if (form == S1_CSV_TIME_ISO || (form == S1_CSV_TIME_ANY && is_date)) {
        return s1_time_parse(text, ret_time, NULL) == S1_OK ? NULL
                                                            : "a UTC time like 2017-04-19 09:00:00";
    }
    if (parse_epoch(text, form, ret_time)) {
        return NULL;
    }
    switch (form) {
    case S1_CSV_TIME_SECONDS:
        return "unix seconds";
    case S1_CSV_TIME_MILLIS:
        return "unix milliseconds";
    case S1_CSV_TIME_EPOCH:
        return "unix seconds or milliseconds";
    default:
        return "a UTC time like 2017-04-19 09:00:00, unix seconds or milliseconds";
    }
}
