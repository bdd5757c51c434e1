/* services/api/journal.h - reads the decision journal of a run. */
#ifndef S1_SERVICES_API_JOURNAL_H
#define S1_SERVICES_API_JOURNAL_H

#include "s1mple/base.h"

typedef struct s1_journal_filter { /* zero: everything */
    const char *types; /* comma-separated kinds or prefixes: "TRADE_CLOSED,ORDER_"; NULL: all */
    const char *id;    /* entries that carry an id starting so (8 hex digits or more); NULL: all */
    const char *from;  /* ISO 8601, UTC, inclusive; NULL: from the start */
    const char *to;    /* exclusive; NULL: to the end */
    uint64_t limit;    /* stop after so many; 0: no limit */
} s1_journal_filter;

typedef struct s1_journal_view { /* borrowed for the call */
    uint64_t seq;
    s1_nanos time;
    s1_str time_text, type, worker;
    s1_str opportunity_id, trade_id, threat_id, order_id;
    s1_str details; /* JSON object */
    s1_str line;    /* as it stands in the file, without the newline */
} s1_journal_view;

/* Called per entry; anything but S1_OK stops the reading and is returned. */
typedef s1_rc (*s1_journal_view_fn)(void *user, const s1_journal_view *entry, s1_err *err);

/* Walks the entries of a results folder, or of a journal file, in order. Errors: S1_E_NOT_FOUND
 * without a journal, S1_E_INVALID for a filter that cannot be read, S1_E_DATA with the line for a
 * damaged entry, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_journal_walk(const char *path, const s1_journal_filter *filter, s1_journal_view_fn fn,
                          void *user, s1_err *err);

typedef struct s1_journal_report {
    uint64_t entries, blocks;
    uint64_t torn_bytes; /* after the last whole block */
    char head[65];       /* SHA-256 of the chain, hex */
    char stated[65];     /* what run.json states; "" where there is none */
} s1_journal_report;

/* Checks every CRC, the order of seq, the chain of blocks, and the head against run.json. Errors:
 * S1_E_DATA with file and line of the first break. */
S1_WARN_UNUSED
s1_rc s1_api_journal_verify(const char *path, s1_journal_report *ret_report, s1_err *err);

/* --- Export. ------------------------------------------------------------------------------ */

/* X(value, name on the command line, meaning). */
#define S1_EXPORT_FORMAT_MAP(X)                                                                    \
    X(S1_EXPORT_JSON, "json", "one document: strategy_link_id and journal_entries")                \
    X(S1_EXPORT_CSV, "csv", "one row per entry, details as JSON text")                             \
    X(S1_EXPORT_PARQUET, "parquet", "the same columns, for tables")
enum s1_export_format {
    S1_EXPORT_INVALID,
#define X(value, name, meaning) value,
    S1_EXPORT_FORMAT_MAP(X)
#undef X
};

typedef struct s1_journal_export {
    const char *path; /* results folder or journal file */
    int32_t format;   /* enum s1_export_format */
    uint32_t reserved;
    const char *out; /* file to make or to replace, whole or not at all; NULL: `write` is called */
    s1_rc (*write)(void *user, s1_str bytes, s1_err *err); /* JSON and CSV only */
    void *user;
} s1_journal_export;

/* Verifies the journal, then writes it out entry by entry; memory does not grow with it.
 * *ret_entries is how many. Errors: S1_E_DATA for a damaged journal (nothing is written then),
 * S1_E_INVALID for Parquet without `out`, S1_E_NOT_FOUND, S1_E_IO, and what `write` returns. */
S1_WARN_UNUSED
s1_rc s1_api_journal_export(const s1_journal_export *options, uint64_t *ret_entries, s1_err *err);

#endif /* S1_SERVICES_API_JOURNAL_H */
