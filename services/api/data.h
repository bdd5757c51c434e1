/* services/api/data.h - brings market data into the archive. */
#ifndef S1_SERVICES_API_DATA_H
#define S1_SERVICES_API_DATA_H

#include "s1mple/base.h"

#include <stdatomic.h>

/* Texts are NULL where they were not given. What they may be: docs/data.md. */
typedef struct s1_api_import_options {
    const char *file;
    const char *profile;     /* name of a layout; NULL: generic */
    const char *asset_pair;  /* "EUR/USD" */
    const char *timeframe;   /* "1h"; of trades and quotes NULL, or the length of the file's bars */
    const char *archive_dir; /* made where absent */
    const char *source;      /* NULL: the archive's unnamed one */
    const char *type;        /* "bars", "trades", "quotes", "book"; NULL: the profile's */
    const char *map;         /* "time=0,open=1" */
    const char *time_form;   /* "auto", "s", "ms", "us", "ns", "iso", ... */
    const char *zone;        /* "America/New_York", "+03:00" */
    const char *header;      /* "yes", "no", "auto" */
    const char *separator;   /* "comma", "semicolon", "tab", "pipe", or the byte itself */
    const char *order;       /* "rising", "falling", "auto" */
    const char *member;      /* of a zip archive */
    const char *symbol;      /* what a symbol column says */
    const char *price;       /* "mid", "bid", "ask": of bars of both */
    const char *price_scale; /* decimals; NULL: as many as there are */
    const char *qty_scale;
    const char *on_duplicate; /* "error", "first", "last", "keep" */
    const char *max_rejects;  /* "0", "10", "0.1%" */
    const char *rejects_path; /* NULL: below the archive's .rejects */
    const char *overlap;      /* "replace", "refuse" */
    uint64_t skip_lines;
    bool ignores_name, rounds_price, rounds_quantity, sorts;
    bool only_checks; /* reads and checks, stores nothing; needs no archive */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_api_import_options;

typedef struct s1_api_import_report {
    char asset_pair[40]; /* as it is stored */
    const char *type;    /* "ohlcv", "trades", "quotes", "book"; static */
    const char *profile; /* static */
    uint64_t rows, rows_replaced, bytes;
    s1_nanos first, last; /* times of rows */
    uint64_t duplicates;  /* left out, or (trades and quotes) kept */
    uint64_t rejects, first_reject_line;
    char first_reject[256];
    char rejects_path[512]; /* "" if there are none */
    uint64_t rounded;       /* values */
    uint64_t gaps, missing_bars, largest_gap_bars;
    s1_nanos largest_gap_after;
    uint64_t zero_volume_bars, id_jumps, crossed, locked;
    uint64_t messages, snapshots, old_messages, message_gaps; /* of a recording */
    uint32_t price_scale, qty_scale;
    bool has_trades, has_vwap, has_ids;               /* optional columns that are stored */
    bool ends_without_newline;                        /* the last number may have been cut off */
    bool is_unchanged;                                /* the archive held these rows already */
    double seconds, seconds_hashing, seconds_reading; /* of host time */
    char sha256[65];
    char member[64];       /* of a zip archive */
    char content_hash[65]; /* of the whole stream as it now is */
    char warning[512];     /* of the catalogue; "" if there is none */
} s1_api_import_report;

/* Imports one file. Errors: S1_E_DATA with file, line, what was found and what was expected;
 * S1_E_INVALID for an unknown profile or timeframe; S1_E_EXISTS; S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_import(const s1_api_import_options *options, s1_api_import_report *ret_report,
                         s1_err *err);

/* Name and one line about profile `index`; false past the last. Static texts. */
bool s1_api_data_profile(size_t index, const char **ret_name, const char **ret_about);

#endif /* S1_SERVICES_API_DATA_H */
