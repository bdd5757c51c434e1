/* backend/data/ingest/csv_profile.h - how a kind of CSV file is laid out: data, not code.
 *
 * | profile     | files                                                                          |
 * |-------------|--------------------------------------------------------------------------------|
 * | backtesting | samples of PyPI backtesting: ",Open,High,Low,Close,Volume", ISO times           |
 * | generic     | a header naming timestamp, open, high, low, close, volume; ISO or epoch times   |
 * | kraken      | Kraken's OHLCVT archive: no header; unix seconds, o, h, l, c, volume, trades    |
 * | cdd         | CryptoDataDownload: a comment line, newest row first, unix column trusted       |
 * | w1          | benchmark W1: ts_ms,open,high,low,close,volume                                  |
 */
#ifndef S1_BACKEND_DATA_INGEST_CSV_PROFILE_H
#define S1_BACKEND_DATA_INGEST_CSV_PROFILE_H

#include "s1mple/base.h"

enum s1_csv_field {
    S1_CSV_TIME = 0,
    S1_CSV_OPEN,
    S1_CSV_HIGH,
    S1_CSV_LOW,
    S1_CSV_CLOSE,
    S1_CSV_VOLUME,
    S1_CSV_FIELD_COUNT
};

enum s1_csv_time_form {
    S1_CSV_TIME_ISO = 1,     /* 2017-04-19[ T]09:00[:00[.123456789]][Z|+03:00]; no zone means UTC */
    S1_CSV_TIME_SECONDS = 2, /* unix seconds, fraction allowed: 1605855600.0 */
    S1_CSV_TIME_MILLIS = 3,  /* unix milliseconds */
    S1_CSV_TIME_EPOCH = 4,   /* unix seconds, or milliseconds from 10^11 on, value by value */
    S1_CSV_TIME_ANY = 5,     /* ISO or EPOCH, value by value */
};

enum s1_csv_order { S1_CSV_RISING = 1, S1_CSV_FALLING = 2 };

typedef struct s1_csv_profile {
    const char *name;
    const char *about; /* one line for --help */
    int32_t time_form; /* enum s1_csv_time_form */
    int32_t order;     /* enum s1_csv_order: the order of the rows in the file */
    bool has_header;
    uint32_t comment_lines_max; /* lines that may stand before the header */
    uint32_t column_count;      /* without a header: fields of a row (an empty one may follow) */
    /* With a header: names accepted, '|' between them, first that is there wins; compared without
     * case; "{base}" is the pair's base. Without: NULL, and `position` tells. */
    const char *names[S1_CSV_FIELD_COUNT];
    uint32_t position[S1_CSV_FIELD_COUNT];
} s1_csv_profile;

/* The table. `ret_count` may not be NULL. Static. */
const s1_csv_profile *s1_csv_profiles(size_t *ret_count);

/* The profile of a name. Errors: S1_E_NOT_FOUND naming the profiles there are. */
S1_WARN_UNUSED
s1_rc s1_csv_profile_find(s1_str name, const s1_csv_profile **ret_profile, s1_err *err);

#endif /* S1_BACKEND_DATA_INGEST_CSV_PROFILE_H */
