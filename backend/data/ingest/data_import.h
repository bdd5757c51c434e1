/* backend/data/ingest/data_import.h - files of market data into an archive, checked.
 *
 * CSV of any layout and JSON, plain, gzip or zip; how a file is laid out is a profile
 * (import_profile.h), a mapping, or both. Rows are read, checked and handed to a writer of the
 * archive in bounded memory; nothing is part of the archive until the last row is good: a bad file,
 * a stop or a crash changes nothing. Decimals go from text to int64 mantissas without a float and
 * without rounding unless asked to round.
 *
 * A bad row is told as `FILE:LINE:COLUMN: field: found ..., expected ...`, with LINE and COLUMN
 * (bytes) from 1. Rows are bad for: too few or too many fields, an empty line between others, a
 * malformed time, number or side, more digits than the scale given, a value too large, a price at
 * or below zero, a high below the low, open or close outside [low, high], a negative volume, a time
 * off the grid of the timeframe, a duplicate or a time on the wrong side of the row before (as the
 * policies say), a symbol that is not the pair. The first one ends the import, unless max_rejects
 * allows some: those are kept aside with their reason. Faults of the file as a whole (empty, not
 * text, damaged, a missing column) always end it. Gaps are not faults: they are counted.
 */
#ifndef S1_BACKEND_DATA_INGEST_DATA_IMPORT_H
#define S1_BACKEND_DATA_INGEST_DATA_IMPORT_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/utils/clock.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_SCALE_DETECT         (-1) /* the smallest scale that holds every digit */
#define S1_IMPORT_ROWS_MAX      1000000000u
#define S1_IMPORT_BUFFER_ROWS   (1u << 20) /* held in memory: 72 bytes each */
#define S1_IMPORT_PROGRESS_STEP 262144u    /* bytes between two calls of the progress callback */
#define S1_IMPORT_REASON_MAX    256u

/* Rows that stand twice: bars of one time; trades of one id, or without ids all equal. */
enum s1_import_duplicates {
    S1_DUPLICATES_ERROR = 1, /* a bad row (default for bars and for trades with ids) */
    S1_DUPLICATES_FIRST = 2, /* the earlier line of the file is kept */
    S1_DUPLICATES_LAST = 3,  /* the later line is; bars only */
    S1_DUPLICATES_KEEP = 4,  /* both are, and counted (default without ids); not for bars */
};

enum s1_import_disorder {
    S1_DISORDER_ERROR = 1, /* a row on the wrong side of the one before is a bad row (default) */
    S1_DISORDER_SORT = 2,  /* rows in any order; those of one time by id, then as they stand */
};

/* What becomes of a bar that has a bid and an ask. */
enum s1_import_price {
    S1_PRICE_MID = 1, /* (bid + ask) / 2, exactly (default) */
    S1_PRICE_BID = 2,
    S1_PRICE_ASK = 3,
};

/* Called now and then, and once at the end; anything but S1_OK stops the import, which then fails
 * with that code (S1_E_CANCELED for ctrl-C) and has stored nothing. */
typedef s1_rc (*s1_import_progress)(void *user, uint64_t bytes_done, uint64_t bytes_total,
                                    uint64_t rows);

typedef struct s1_data_import_options {
    const s1_fs *fs;            /* borrowed: where the file is read from, and scratch files go */
    const s1_clock *clock;      /* borrowed: for summary.seconds; NULL leaves it 0 */
    s1_data_persistor *archive; /* borrowed: where the rows go; NULL: only checked */
    const char *file;
    s1_str profile;      /* name in the table of import_profile.h; empty: generic */
    s1_stream_key key;   /* quotes from bars of bid and ask: their closes */
    s1_nanos bar_length; /* of bars that quotes are made from: a quote is of its bar's end */
    s1_str map;          /* "time=0,open=3" or "time=ts,volume=none,time=date+hour"; may be empty */
    s1_str member;       /* of a zip archive: base name; empty: the only one, or as the key says */
    s1_str zone;         /* of times that say no offset; empty: the profile's, or UTC */
    s1_str symbol;       /* what a symbol column says, if not the pair's name */
    int32_t time_form;   /* enum s1_time_form; 0: the profile's */
    int32_t header;      /* enum s1_header; 0: the profile's */
    int32_t order;       /* enum s1_row_order; 0: the profile's */
    uint32_t skip_lines; /* at the start of the file */
    char separator;      /* 0: found out for generic, a comma otherwise */
    bool ignores_name;   /* a file name that says another pair or timeframe is no error */
    bool rounds_price;   /* digits beyond price_scale are rounded half to even, not an error */
    bool rounds_quantity; /* ... beyond qty_scale */
    int32_t price_scale;  /* 0..18, or S1_SCALE_DETECT */
    int32_t qty_scale;    /* 0..18, or S1_SCALE_DETECT */
    int32_t price;        /* enum s1_import_price; 0: MID */
    int32_t on_duplicate; /* enum s1_import_duplicates; 0: the default of the kind */
    int32_t on_disorder;  /* enum s1_import_disorder; 0: ERROR */
    int32_t overlap; /* enum s1_overlap; 0: REPLACE, so that importing twice is importing once */
    uint64_t max_rejects;        /* bad rows that are put up with */
    uint32_t max_rejects_ppm;    /* not 0: of a million rows instead, as counted at the end */
    const char *rejects_path;    /* where they go; NULL: nowhere */
    bool keeps_rejects;          /* also of an import that fails for too many */
    const char *scratch_path;    /* where a file without a name may be made; NULL: rows that must be
                                    turned round or sorted are at most buffer_rows */
    uint64_t rows_max;           /* 0: S1_IMPORT_ROWS_MAX */
    uint32_t buffer_rows;        /* 0: S1_IMPORT_BUFFER_ROWS */
    s1_import_progress progress; /* may be NULL */
    void *progress_user;
} s1_data_import_options;

typedef struct s1_data_import_summary {
    uint64_t rows;              /* stored, or found good */
    uint64_t rows_replaced;     /* that were in the archive before and are gone */
    uint64_t duplicates;        /* rows left out by FIRST or LAST, or kept by KEEP */
    uint64_t rejects;           /* bad rows kept aside */
    uint64_t first_reject_line; /* 0: none */
    char first_reject[S1_IMPORT_REASON_MAX];
    uint64_t rounded;           /* values that lost digits to rounding */
    uint64_t bytes;             /* unpacked */
    s1_nanos first, last;       /* times of rows */
    uint64_t gaps;              /* bars: places where at least one is missing */
    uint64_t missing_bars;      /* in all gaps */
    uint64_t largest_gap_bars;  /* missing bars in the longest one; 0: none */
    s1_nanos largest_gap_after; /* open time of the bar before it */
    uint64_t zero_volume_bars;
    uint64_t id_jumps;                /* trades: places where ids are missing */
    uint64_t crossed, locked;         /* quotes: bid above ask, bid equal to ask */
    uint64_t messages, snapshots;     /* of a recording: that became rows; snapshots among them */
    uint64_t old_messages;            /* ... of a book, passed over: the book was newer */
    uint64_t message_gaps;            /* ... of a book: places where messages are missing */
    uint32_t price_scale, qty_scale;  /* stored with */
    uint32_t vwap_scale;              /* where the column is there */
    uint32_t columns;                 /* optional columns stored: bit i of the layout */
    bool ends_without_newline;        /* the last number may have been cut off */
    bool is_unchanged;                /* the archive had these rows already: nothing was written */
    char sha256[S1_SHA256_HEX];       /* of the file as it lies there */
    char content_hash[S1_SHA256_HEX]; /* of the stream as it is now; "" if only checked */
    char member[64];                  /* of the zip archive; "" otherwise */
    double seconds;                   /* of host time */
    double seconds_hashing;           /* of these, the SHA-256 of the file */
    double seconds_reading;           /* of these, reading, checking and handing over rows */
} s1_data_import_summary;

/* Imports a file. `ret_summary` is written on success only. Errors: S1_E_INVALID for options,
 * S1_E_NOT_FOUND for file, member, zone or profile, S1_E_DATA for a fault in the file or too many
 * bad rows, S1_E_UNSUPPORTED for a file that is no text, S1_E_NO_MEMORY above rows_max, S1_E_EXISTS
 * for refused overlap, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_data_import(const s1_data_import_options *options, s1_data_import_summary *ret_summary,
                     s1_err *err);

#endif /* S1_BACKEND_DATA_INGEST_DATA_IMPORT_H */
