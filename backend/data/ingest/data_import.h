/* backend/data/ingest/data_import.h - a CSV file of bars into an archive, checked before stored.
 *
 * The whole file is read and checked before the archive is touched: a bad file changes nothing.
 * Decimals go from text to int64 mantissas without a float and without rounding. The first fault
 * ends the import; its message is `FILE:LINE:COLUMN: field: found ..., expected ...`, with LINE
 * and COLUMN (bytes) from 1.
 *
 * Faults: empty file, not plain text (gzip and others named), missing column, row with too few or
 * too many fields, malformed time or number, more digits than the scale given, value too large,
 * price at or below zero, high below low, open or close outside [low, high], negative volume, time
 * off the grid of the timeframe, time equal to or on the wrong side of the row before. Gaps are
 * not faults: they are counted and reported.
 */
#ifndef S1_BACKEND_DATA_INGEST_DATA_IMPORT_H
#define S1_BACKEND_DATA_INGEST_DATA_IMPORT_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/utils/clock.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_SCALE_DETECT         (-1)       /* the smallest scale that holds every digit */
#define S1_IMPORT_ROWS_MAX      100000000u /* default limit; 48 bytes a row while importing */
#define S1_IMPORT_PROGRESS_STEP 262144u    /* bytes between two calls of the progress callback */

enum s1_import_policy {
    S1_IMPORT_ERROR = 1, /* a fault like any other (default) */
    S1_IMPORT_LAST = 2,  /* rows with one time: the later line of the file is kept */
    S1_IMPORT_DROP = 3,  /* the row is left out, counted, the first one reported */
};

/* Called now and then, and once at the end; anything but S1_OK stops the import, which then fails
 * with that code (S1_E_CANCELED for ctrl-C) and has stored nothing. */
typedef s1_rc (*s1_import_progress)(void *user, uint64_t bytes_done, uint64_t bytes_total,
                                    uint64_t rows);

typedef struct s1_data_import_options {
    const s1_fs *fs;            /* borrowed: where the file is read from */
    const s1_clock *clock;      /* borrowed: for summary.seconds; NULL leaves it 0 */
    s1_data_persistor *archive; /* borrowed: where the bars go */
    const char *file;
    s1_str profile;       /* name in the table of csv_profile.h */
    s1_stream_key key;    /* data_type must be S1_DATA_OHLCV */
    int32_t price_scale;  /* 0..18, or S1_SCALE_DETECT */
    int32_t qty_scale;    /* 0..18, or S1_SCALE_DETECT */
    int32_t on_duplicate; /* S1_IMPORT_ERROR or S1_IMPORT_LAST; 0: ERROR */
    int32_t on_bad_bar;   /* prices that cannot be: S1_IMPORT_ERROR or S1_IMPORT_DROP; 0: ERROR */
    int32_t overlap;   /* enum s1_overlap; 0: REPLACE, so that importing twice is importing once */
    uint32_t rows_max; /* 0: S1_IMPORT_ROWS_MAX */
    s1_import_progress progress; /* may be NULL */
    void *progress_user;
} s1_data_import_options;

typedef struct s1_data_import_summary {
    uint64_t rows;              /* stored */
    uint64_t rows_replaced;     /* that were in the archive before and are gone */
    uint64_t duplicates;        /* rows left out by S1_IMPORT_LAST */
    uint64_t dropped;           /* rows left out by S1_IMPORT_DROP */
    uint64_t dropped_line;      /* line of the first of them; 0: none */
    uint64_t bytes;             /* read */
    s1_nanos first, last;       /* open times */
    uint64_t gaps;              /* places where at least one bar is missing */
    uint64_t missing_bars;      /* in all gaps */
    uint64_t largest_gap_bars;  /* missing bars in the longest one; 0: none */
    s1_nanos largest_gap_after; /* open time of the bar before it */
    uint64_t zero_volume_bars;
    uint32_t price_scale, qty_scale; /* stored with */
    bool ends_without_newline;       /* the last number may have been cut off */
    double seconds;                  /* of host time */
    double seconds_reading;          /* of these, reading and checking */
} s1_data_import_summary;

/* Imports a file. `ret_summary` is written on success only. Errors: S1_E_INVALID for options,
 * S1_E_NOT_FOUND for file or profile, S1_E_DATA for a fault in the file, S1_E_UNSUPPORTED for a
 * compressed file, S1_E_NO_MEMORY above rows_max, S1_E_EXISTS for refused overlap, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_data_import(const s1_data_import_options *options, s1_data_import_summary *ret_summary,
                     s1_err *err);

#endif /* S1_BACKEND_DATA_INGEST_DATA_IMPORT_H */
