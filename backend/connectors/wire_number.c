#include "backend/connectors/wire_number.h"

#include "backend/utils/text.h"

#define SHOWN_MAX 40u /* bytes of a bad text in a message */

static s1_str shown(s1_str text)
{
    return s1_str_slice(text, 0, text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
}

/* Splits digits[.digits]; false for anything else. */
static bool split(s1_str text, s1_str *ret_whole, s1_str *ret_fraction)
{
    const size_t point = s1_str_find_byte(text, '.', 0);
    *ret_whole = s1_str_slice(text, 0, point == S1_STR_NPOS ? text.len : point);
    *ret_fraction =
        point == S1_STR_NPOS ? s1_str_make("", 0) : s1_str_slice(text, point + 1, text.len);
    if (ret_whole->len == 0 || (point != S1_STR_NPOS && ret_fraction->len == 0)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (i != point && (text.ptr[i] < '0' || text.ptr[i] > '9')) {
            return false;
        }
    }
    return true;
}

/* Appends digits to a number of at most `max`. */
static bool add_digits(s1_str digits, int64_t max, int64_t *value)
{
    for (size_t i = 0; i < digits.len; i++) {
        const int64_t digit = digits.ptr[i] - '0';
        if (*value > (max - digit) / 10) {
            return false;
        }
        *value = *value * 10 + digit;
    }
    return true;
}

s1_rc s1_wire_decimal(s1_str text, const char *what, int64_t *ret_mantissa, uint32_t *ret_scale,
                      s1_err *err)
{
    s1_str whole, fraction;
    if (!split(text, &whole, &fraction)) {
        return S1_RAISE(err, S1_E_DATA, "%s: found '%.*s', expected a decimal number", what,
                        S1_STR_ARG(shown(text)));
    }
    while (fraction.len > 0 && fraction.ptr[fraction.len - 1] == '0') {
        fraction.len--;
    }
    int64_t mantissa = 0;
    if (fraction.len > S1_SCALE_MAX || !add_digits(whole, S1_MANTISSA_MAX, &mantissa) ||
        !add_digits(fraction, S1_MANTISSA_MAX, &mantissa)) {
        return S1_RAISE(err, S1_E_DATA, "%s: found '%.*s', expected at most 18 digits", what,
                        S1_STR_ARG(shown(text)));
    }
    *ret_mantissa = mantissa;
    *ret_scale = (uint32_t)fraction.len;
    return S1_OK;
}

s1_rc s1_wire_seconds(s1_str text, const char *what, s1_nanos *ret_time, s1_err *err)
{
    s1_str whole, fraction;
    int64_t seconds = 0, nanos = 0;
    const bool is_number = split(text, &whole, &fraction);
    if (!is_number || fraction.len > 9 ||
        !add_digits(whole, INT64_MAX / S1_NANOS_PER_SECOND - 1, &seconds) ||
        !add_digits(fraction, S1_NANOS_PER_SECOND, &nanos)) {
        return S1_RAISE(err, S1_E_DATA,
                        "%s: found '%.*s', expected seconds since 1970, at most 9 digits of "
                        "fraction",
                        what, S1_STR_ARG(shown(text)));
    }
    for (size_t i = fraction.len; i < 9; i++) {
        nanos *= 10;
    }
    *ret_time = seconds * S1_NANOS_PER_SECOND + nanos;
    return S1_OK;
}

s1_rc s1_wire_count(s1_str text, const char *what, int64_t *ret_value, s1_err *err)
{
    int64_t value = 0;
    s1_str whole, fraction;
    if (!split(text, &whole, &fraction) || fraction.len > 0 ||
        !add_digits(whole, INT64_MAX, &value)) {
        return S1_RAISE(err, S1_E_DATA, "%s: found '%.*s', expected a whole number", what,
                        S1_STR_ARG(shown(text)));
    }
    *ret_value = value;
    return S1_OK;
}

bool s1_wire_raise(int64_t *values, size_t count, uint32_t from, uint32_t to)
{
    int64_t factor = 1;
    for (uint32_t i = from; i < to; i++) {
        factor *= 10;
    }
    for (size_t i = 0; i < count; i++) {
        if (values[i] > S1_MANTISSA_MAX / factor) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        values[i] *= factor;
    }
    return true;
}
