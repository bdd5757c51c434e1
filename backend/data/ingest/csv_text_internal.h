/* backend/data/ingest/csv_text_internal.h - the text of one CSV field to a number or a time.
 *
 * No locale, no float, no rounding: what a field says is what comes out, or it is refused.
 */
#ifndef S1_BACKEND_DATA_INGEST_CSV_TEXT_INTERNAL_H
#define S1_BACKEND_DATA_INGEST_CSV_TEXT_INTERNAL_H

#include "backend/data/ingest/import_profile.h"
#include "s1mple/base.h"

/* value = mantissa / 10^scale, at the smallest scale (0 or more) that is exact. */
typedef struct s1_csv_decimal {
    int64_t mantissa; /* |mantissa| <= S1_MANTISSA_MAX */
    uint32_t scale;   /* 0..S1_SCALE_MAX */
} s1_csv_decimal;

/* Why a field was refused: to be printed after "expected". */
#define S1_CSV_WANT_DECIMAL "a decimal number"
#define S1_CSV_WANT_SMALLER "at most 18 significant digits"
#define S1_CSV_WANT_COARSER "at most 18 decimals"

/* Reads -12.345, .5, 1E+1, 3.811e-05. NULL on success, else what was expected. */
const char *s1_csv_decimal_parse(s1_str text, s1_csv_decimal *ret_value);

/* As s1_csv_decimal_parse, but digits behind `scale` decimals are rounded half to even, however
 * many they are. A number with an exponent is not rounded. */
const char *s1_csv_decimal_round(s1_str text, uint32_t scale, s1_csv_decimal *ret_value,
                                 bool *ret_is_rounded);

typedef struct s1_csv_time {
    s1_nanos time;
    bool is_local; /* says no offset: UTC, unless the file is known to be of a zone */
} s1_csv_time;

/* Reads a time of the form (enum s1_time_form). NULL on success, else what was expected. */
const char *s1_csv_time_parse(s1_str text, int32_t form, s1_csv_time *ret_time);

/* Is what the text says relative to the day that the file's name says? */
bool s1_csv_time_is_relative(s1_str text, int32_t form);

/* 10^exponent for 0..18. */
int64_t s1_csv_pow10(uint32_t exponent);

#endif /* S1_BACKEND_DATA_INGEST_CSV_TEXT_INTERNAL_H */
