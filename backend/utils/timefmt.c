#include "backend/utils/timefmt.h"

#include "backend/utils/assert.h"
#include "backend/utils/text.h"

#include <stdio.h>

/* H. Hinnant's civil calendar: eras of 400 years that start on 1 March, so that the leap day is the
 * last of its year. */
int64_t s1_days_from_civil(int32_t year, uint32_t month, uint32_t day)
{
    const int64_t y = (int64_t)year - (month <= 2);
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t month_from_march = ((int64_t)month + 9) % 12;
    const int64_t day_of_year = (153 * month_from_march + 2) / 5 + (int64_t)day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

void s1_civil_from_days(int64_t days, int32_t *ret_year, uint32_t *ret_month, uint32_t *ret_day)
{
    const int64_t shifted = days + 719468;
    const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    const uint32_t day_of_era = (uint32_t)(shifted - era * 146097);
    const uint32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint32_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *ret_year = (int32_t)((int64_t)year_of_era + era * 400) + (*ret_month <= 2);
}

s1_civil s1_civil_from_time(s1_nanos time)
{
    int64_t days = time / S1_NANOS_PER_DAY;
    int64_t within = time % S1_NANOS_PER_DAY;
    if (within < 0) {
        within += S1_NANOS_PER_DAY;
        days--;
    }
    int32_t year;
    uint32_t month, day;
    s1_civil_from_days(days, &year, &month, &day);
    const uint32_t seconds = (uint32_t)(within / S1_NANOS_PER_SECOND);
    const int64_t weekday = (days % 7 + 11) % 7; /* 1970-01-01 was a Thursday */
    return (s1_civil){
        .year = year,
        .month = (uint8_t)month,
        .day = (uint8_t)day,
        .hour = (uint8_t)(seconds / 3600),
        .minute = (uint8_t)(seconds / 60 % 60),
        .second = (uint8_t)(seconds % 60),
        .weekday = (uint8_t)weekday,
        .nanos = (uint32_t)(within % S1_NANOS_PER_SECOND),
    };
}

static uint32_t days_in_month(int32_t year, uint32_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29u : days[month - 1];
}

static s1_rc nanos_of(int64_t seconds, uint32_t nanos, s1_nanos *ret_time, s1_err *err)
{
    int64_t total;
    /* Before 1970 the product alone may pass the lower end that the nanoseconds bring it back
     * over. */
    const bool is_negative = seconds < 0;
    if (__builtin_mul_overflow(seconds + is_negative, S1_NANOS_PER_SECOND, &total) ||
        __builtin_add_overflow(total, (int64_t)nanos - (is_negative ? S1_NANOS_PER_SECOND : 0),
                               &total)) {
        return S1_RAISE(err, S1_E_RANGE,
                        "time outside 1677-09-21T00:12:43.145224192Z .. "
                        "2262-04-11T23:47:16.854775807Z");
    }
    *ret_time = total;
    return S1_OK;
}

s1_rc s1_time_from_civil(const s1_civil *civil, s1_nanos *ret_time, s1_err *err)
{
    if (civil->month < 1 || civil->month > 12 || civil->day < 1 ||
        civil->day > days_in_month(civil->year, civil->month) || civil->hour > 23 ||
        civil->minute > 59 || civil->second > 59 || civil->nanos > 999999999) {
        return S1_RAISE(
            err, S1_E_INVALID, "found %04d-%02u-%02u %02u:%02u:%02u, which is no date and time",
            civil->year, civil->month, civil->day, civil->hour, civil->minute, civil->second);
    }
    const int64_t days = s1_days_from_civil(civil->year, civil->month, civil->day);
    const int64_t seconds = days * 86400 + civil->hour * 3600 + civil->minute * 60 + civil->second;
    S1_TRY(err, nanos_of(seconds, civil->nanos, ret_time, err));
    return S1_OK;
}

/* --- Printing ------------------------------------------------------------------------------ */

/* "YYYY-MM-DD?HH:MM:SS", 19 characters. */
static void print_seconds(const s1_civil *civil, char between, char *out)
{
    s1_dec_internal_pair(out, (unsigned)civil->year / 100);
    s1_dec_internal_pair(out + 2, (unsigned)civil->year % 100);
    out[4] = '-';
    s1_dec_internal_pair(out + 5, civil->month);
    out[7] = '-';
    s1_dec_internal_pair(out + 8, civil->day);
    out[10] = between;
    s1_dec_internal_pair(out + 11, civil->hour);
    out[13] = ':';
    s1_dec_internal_pair(out + 14, civil->minute);
    out[16] = ':';
    s1_dec_internal_pair(out + 17, civil->second);
}

size_t s1_time_print(s1_nanos time, char out[S1_TIME_TEXT_MAX])
{
    const s1_civil civil = s1_civil_from_time(time);
    print_seconds(&civil, 'T', out);
    out[19] = '.';
    s1_dec_internal_nine(out + 20, civil.nanos);
    out[29] = 'Z';
    out[30] = '\0';
    return S1_TIME_ISO_LENGTH;
}

size_t s1_time_print_short(s1_nanos time, char out[S1_TIME_TEXT_MAX])
{
    const s1_civil civil = s1_civil_from_time(time);
    print_seconds(&civil, ' ', out);
    size_t len = 19;
    if (civil.nanos != 0) {
        out[len] = '.';
        s1_dec_internal_nine(out + len + 1, civil.nanos);
        len += 10;
        while (out[len - 1] == '0') {
            len--;
        }
    }
    out[len] = '\0';
    return len;
}

size_t s1_time_print_date(s1_nanos time, char out[S1_TIME_TEXT_MAX])
{
    const s1_civil civil = s1_civil_from_time(time);
    print_seconds(&civil, ' ', out);
    out[10] = '\0';
    return 10;
}

/* --- Parsing ------------------------------------------------------------------------------- */

/* Exactly `count` digits at `at`; false if they are not there. */
static bool take_digits(s1_str text, size_t *at, size_t count, uint32_t *ret_value)
{
    uint32_t value = 0;
    if (text.len - *at < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned digit = (unsigned)(unsigned char)text.ptr[*at + i] - '0';
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *at += count;
    *ret_value = value;
    return true;
}

static bool take_byte(s1_str text, size_t *at, char byte)
{
    if (*at < text.len && text.ptr[*at] == byte) {
        (*at)++;
        return true;
    }
    return false;
}

/* [.fraction], 1..9 digits. */
static bool take_fraction(s1_str text, size_t *at, uint32_t *ret_nanos)
{
    uint32_t nanos = 0;
    size_t count = 0;
    if (take_byte(text, at, '.')) {
        uint32_t digit;
        while (count < 9 && take_digits(text, at, 1, &digit)) {
            nanos = nanos * 10 + digit;
            count++;
        }
        if (count == 0) {
            return false;
        }
    }
    for (; count < 9; count++) {
        nanos *= 10;
    }
    *ret_nanos = nanos;
    return true;
}

/* Nothing, Z, +HH:MM, +HHMM, -HH:MM; the rest of the text. */
static bool take_offset(s1_str text, size_t *at, int32_t *ret_seconds)
{
    *ret_seconds = 0;
    if (*at == text.len) {
        return true;
    }
    if (take_byte(text, at, 'Z')) {
        return *at == text.len;
    }
    const bool is_minus = text.ptr[*at] == '-';
    uint32_t hours, minutes;
    if (!take_byte(text, at, '+') && !take_byte(text, at, '-')) {
        return false;
    }
    if (!take_digits(text, at, 2, &hours)) {
        return false;
    }
    (void)take_byte(text, at, ':');
    if (!take_digits(text, at, 2, &minutes) || hours > 23 || minutes > 59 || *at != text.len) {
        return false;
    }
    const int32_t seconds = (int32_t)(hours * 3600 + minutes * 60);
    *ret_seconds = is_minus ? -seconds : seconds;
    return true;
}

static s1_rc malformed(s1_str text, s1_err *err)
{
    return S1_RAISE(err, S1_E_INVALID,
                    "found '%.*s', expected a date or time such as 2017-04-19, 2017-04-19 09:00 or "
                    "2017-04-19T09:00:00.000000000Z",
                    S1_STR_ARG(s1_str_slice(text, 0, 64)));
}

s1_rc s1_time_parse(s1_str text, s1_nanos *ret_time, s1_err *err)
{
    size_t at = 0;
    uint32_t year, month, day, hour = 0, minute = 0, second = 0, nanos = 0;
    int32_t offset = 0;
    if (!take_digits(text, &at, 4, &year) || !take_byte(text, &at, '-') ||
        !take_digits(text, &at, 2, &month) || !take_byte(text, &at, '-') ||
        !take_digits(text, &at, 2, &day)) {
        return malformed(text, err);
    }
    if (at < text.len) {
        if ((!take_byte(text, &at, 'T') && !take_byte(text, &at, ' ')) ||
            !take_digits(text, &at, 2, &hour) || !take_byte(text, &at, ':') ||
            !take_digits(text, &at, 2, &minute)) {
            return malformed(text, err);
        }
        if (take_byte(text, &at, ':') &&
            (!take_digits(text, &at, 2, &second) || !take_fraction(text, &at, &nanos))) {
            return malformed(text, err);
        }
        if (!take_offset(text, &at, &offset)) {
            return malformed(text, err);
        }
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in_month((int32_t)year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return S1_RAISE(err, S1_E_INVALID, "found '%.*s', which is no date and time",
                        S1_STR_ARG(s1_str_slice(text, 0, 64)));
    }
    const int64_t seconds = s1_days_from_civil((int32_t)year, month, day) * 86400 +
                            (int64_t)(hour * 3600 + minute * 60 + second) - offset;
    S1_TRY(err, nanos_of(seconds, nanos, ret_time, err));
    return S1_OK;
}

/* --- Durations ----------------------------------------------------------------------------- */

typedef struct time_unit {
    const char *suffix;
    s1_nanos nanos;
} time_unit;

static const time_unit units[] = {
    {"w", 7 * S1_NANOS_PER_DAY},
    {"d", S1_NANOS_PER_DAY},
    {"h", S1_NANOS_PER_HOUR},
    {"m", S1_NANOS_PER_MINUTE},
    {"s", S1_NANOS_PER_SECOND},
    {"ms", 1000000},
    {"us", 1000},
    {"ns", 1},
};
#define UNITS_PARSED 5 /* w, d, h, m, s */

s1_rc s1_timeframe_parse(s1_str text, s1_nanos *ret_duration, s1_err *err)
{
    uint64_t count = 0;
    s1_nanos duration = 0;
    if (text.len >= 2 &&
        s1_str_parse_u64(s1_str_slice(text, 0, text.len - 1), &count, NULL) == S1_OK && count > 0 &&
        count <= INT64_MAX && text.ptr[0] != '0') {
        for (size_t i = 0; i < UNITS_PARSED; i++) {
            if (text.ptr[text.len - 1] == units[i].suffix[0] &&
                !__builtin_mul_overflow((s1_nanos)count, units[i].nanos, &duration)) {
                *ret_duration = duration;
                return S1_OK;
            }
        }
    }
    return S1_RAISE(err, S1_E_INVALID,
                    "found timeframe '%.*s', expected a number and a unit: 30s, 1m, 15m, 1h, 4h, "
                    "1d or 1w",
                    S1_STR_ARG(s1_str_slice(text, 0, 64)));
}

size_t s1_timeframe_print(s1_nanos duration, char out[S1_TIMEFRAME_TEXT_MAX])
{
    S1_ASSERT(duration > 0);
    size_t unit = 0;
    while (duration % units[unit].nanos != 0) {
        unit++; /* ends: everything is a multiple of 1 ns */
    }
    size_t len = s1_dec_internal_digits(out, (uint64_t)(duration / units[unit].nanos));
    for (const char *at = units[unit].suffix; *at != '\0'; at++) {
        out[len++] = *at;
    }
    out[len] = '\0';
    return len;
}

size_t s1_duration_print(s1_nanos duration, char out[S1_TIMEFRAME_TEXT_MAX])
{
    const char *const sign = duration < 0 ? "-" : "";
    const uint64_t n = duration < 0 ? 0 - (uint64_t)duration : (uint64_t)duration;
    const uint64_t seconds = n / 1000000000u;
    int len;
    if (n < 1000) {
        len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u ns", sign, (unsigned)n);
    } else if (seconds < 60) {
        /* three significant digits, cut: integers only, so that no locale writes a comma */
        const uint64_t unit = n < 1000000u ? 1000u : n < 1000000000u ? 1000000u : 1000000000u;
        const char *const name = unit == 1000u ? "us" : unit == 1000000u ? "ms" : "s";
        const unsigned whole = (unsigned)(n / unit);
        const unsigned thousandths = (unsigned)(n % unit * 1000 / unit);
        if (whole >= 100) {
            len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u %s", sign, whole, name);
        } else if (whole >= 10) {
            len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u.%u %s", sign, whole, thousandths / 100,
                           name);
        } else {
            len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u.%02u %s", sign, whole,
                           thousandths / 10, name);
        }
    } else if (seconds < 3600) {
        len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u m %02u s", sign, (unsigned)(seconds / 60),
                       (unsigned)(seconds % 60));
    } else if (seconds < 86400) {
        len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u h %02u m", sign,
                       (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60));
    } else {
        len = snprintf(out, S1_TIMEFRAME_TEXT_MAX, "%s%u d %02u h", sign,
                       (unsigned)(seconds / 86400), (unsigned)(seconds / 3600 % 24));
    }
    return (size_t)len;
}
