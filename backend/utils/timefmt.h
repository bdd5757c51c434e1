/* backend/utils/timefmt.h - nanoseconds UTC and the texts people write for them. Proleptic
 * Gregorian calendar, no leap seconds, no time zone database, no libc time functions.
 */
#ifndef S1_UTILS_TIMEFMT_H
#define S1_UTILS_TIMEFMT_H

#include "s1mple/base.h"

#define S1_NANOS_PER_MINUTE (60LL * S1_NANOS_PER_SECOND)
#define S1_NANOS_PER_HOUR   (3600LL * S1_NANOS_PER_SECOND)
#define S1_NANOS_PER_DAY    (86400LL * S1_NANOS_PER_SECOND)

#define S1_TIME_TEXT_MAX      40u /* NUL included */
#define S1_TIMEFRAME_TEXT_MAX 32u

/* A moment's parts in UTC. */
typedef struct s1_civil {
    int32_t year;
    uint8_t month; /* 1..12 */
    uint8_t day;   /* 1..31 */
    uint8_t hour;
    uint8_t minute;
    uint8_t second;
    uint8_t weekday; /* 0 Sunday .. 6 Saturday; ignored by s1_time_from_civil */
    uint32_t nanos;
} s1_civil;

/* Days since 1970-01-01 of a date, and back. */
int64_t s1_days_from_civil(int32_t year, uint32_t month, uint32_t day);
void s1_civil_from_days(int64_t days, int32_t *ret_year, uint32_t *ret_month, uint32_t *ret_day);

/* The parts of a moment; every s1_nanos has them (years 1677..2262). */
s1_civil s1_civil_from_time(s1_nanos time);
/* Errors: S1_E_INVALID for a date that does not exist, S1_E_RANGE outside the years 1677..2262. */
S1_WARN_UNUSED s1_rc s1_time_from_civil(const s1_civil *civil, s1_nanos *ret_time, s1_err *err);

/* "2017-04-19T09:00:00.000000000Z", always 30 characters and a NUL; returns 30. */
#define S1_TIME_ISO_LENGTH 30u
size_t s1_time_print(s1_nanos time, char out[S1_TIME_TEXT_MAX]);
/* For people: "2017-04-19 09:00:00" (a fraction only if there is one), "2017-04-19". */
size_t s1_time_print_short(s1_nanos time, char out[S1_TIME_TEXT_MAX]);
size_t s1_time_print_date(s1_nanos time, char out[S1_TIME_TEXT_MAX]);

/* YYYY-MM-DD, or that with 'T' or ' ' and HH:MM[:SS[.fraction of 1..9 digits]] and then 'Z', an
 * offset +HH:MM / +HHMM / -HH:MM, or nothing (UTC). The whole text or an error. Errors:
 * S1_E_INVALID malformed or not a date, S1_E_RANGE outside 1677..2262. */
S1_WARN_UNUSED s1_rc s1_time_parse(s1_str text, s1_nanos *ret_time, s1_err *err);

/* "15m", "1h", "4h", "1d", "1w", "30s": a whole number above 0 and a unit (s, m, h, d, w).
 * Errors: S1_E_INVALID, with the accepted forms in the message. */
S1_WARN_UNUSED s1_rc s1_timeframe_parse(s1_str text, s1_nanos *ret_duration, s1_err *err);
/* In the largest unit that divides it: 60 s -> "1m", 24 h -> "1d", 7 d -> "1w"; below a second
 * "250ms", "1us", "1ns". `duration` > 0. */
size_t s1_timeframe_print(s1_nanos duration, char out[S1_TIMEFRAME_TEXT_MAX]);

/* For people: "350 ns", "12.3 us", "4.56 ms", "1.23 s", "2 m 05 s", "3 h 07 m", "2 d 04 h". */
size_t s1_duration_print(s1_nanos duration, char out[S1_TIMEFRAME_TEXT_MAX]);

#endif /* S1_UTILS_TIMEFMT_H */
