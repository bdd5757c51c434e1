/* services/api/data_resample.h - bars of an archive made of its trades or of smaller bars. */
#ifndef S1_SERVICES_API_DATA_RESAMPLE_H
#define S1_SERVICES_API_DATA_RESAMPLE_H

#include "s1mple/base.h"

#include <stdatomic.h>

typedef struct s1_api_resample_options {
    const char *archive_dir;
    const char *asset_pair;
    const char *source;    /* of what is read; NULL or "": the unnamed one */
    const char *from;      /* "1h", "trades" */
    const char *timeframe; /* "1d"; NULL with `bars` */
    const char *bars;      /* "tick:500", "volume:10", "dollar:1000000"; NULL: bars of time */
    const char *offset;    /* "8h", "-2h", "4d"; NULL: none */
    const char *to_source; /* NULL: the same; of `bars` one named after them */
    const char *fill;      /* "none", "previous_close"; NULL: none */
    const char *session;   /* "always", "fx", "weekdays", with fill; NULL: that of the pair */
    bool drops_repeats;    /* trades given twice are left out */
    bool keeps_partial;    /* a last bar that is not over is kept */
    bool replaces;         /* bars that were not made by resampling may go */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* rows; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_api_resample_options;

typedef struct s1_api_resample_report {
    char source[33], to_source[33], from[33], to[33]; /* "trades", "1h"; of `bars` as given */
    const char *rule;                                 /* "time", "tick", ...; static */
    int64_t offset_seconds;
    uint64_t rows, bars;          /* read, made */
    uint64_t repeats, quiet_rows; /* rows that did not count */
    uint64_t filled;              /* bars made of the close before */
    uint64_t missing;             /* bars between the first and last without a row */
    uint64_t moved;               /* bars put a nanosecond later */
    uint64_t partial_rows;        /* of the last bar, which is not over; 0: it is */
    s1_nanos partial_time;        /* its time */
    bool has_partial_kept, starts_inside;
    uint64_t rows_replaced;
    bool is_unchanged;
    s1_nanos first, last;
    uint32_t price_scale, qty_scale;
    bool has_counts, has_vwap;
    char former_hash[65], content_hash[65]; /* "": none */
    char warning[256];                      /* "": none */
    double seconds;
} s1_api_resample_report;

/* Makes the bars and stores them, in one step or not at all. Errors: S1_E_INVALID for an option,
 * S1_E_NOT_FOUND for archive or stream, S1_E_EXISTS for bars in the way, S1_E_DATA for a fault of
 * the rows, S1_E_RANGE, S1_E_CANCELED, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_resample(const s1_api_resample_options *options,
                           s1_api_resample_report *ret_report, s1_err *err);

#endif /* S1_SERVICES_API_DATA_RESAMPLE_H */
