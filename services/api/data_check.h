/* services/api/data_check.h - what is wrong with the bars and trades of an archive. */
#ifndef S1_SERVICES_API_DATA_CHECK_H
#define S1_SERVICES_API_DATA_CHECK_H

#include "s1mple/base.h"

#include <stdatomic.h>

typedef struct s1_check_options {
    const char *archive_dir;
    const char *asset_pair; /* NULL: every one */
    const char *timeframe;  /* "1h", "trades", "quotes", "book"; NULL: every one */
    const char *source;     /* NULL: every one; "": the unnamed one */
    const char *config_dir; /* whose instruments.yaml tells of sessions; NULL: none does */
    const char *session;    /* "always", "fx", "weekdays"; NULL: as configured, else by the pair */
    const char *const *closures;
    size_t closure_count; /* "Fri 21:00..Sun 22:00" each, beside the session's own */
    const char *const *outages;
    size_t outage_count;     /* "2018-02-08T00:00..2018-02-09T10:00" each */
    const char *from, *to;   /* times; NULL: all there is */
    const char *as_of;       /* a time the data was taken at; NULL: now */
    uint32_t frozen, window; /* 0: 24 closes; 15 neighbours each side */
    uint32_t findings_max;   /* kept of each kind */
    void (*on_progress)(void *user, uint64_t done, uint64_t total); /* rows; may be NULL */
    void *user;
    const atomic_bool *is_stopping; /* may be NULL */
} s1_check_options;

/* Everything is borrowed until the report is freed. */
typedef struct s1_check_finding {
    const char *kind, *severity;
    s1_nanos first, last;         /* open times; of a hole those of the missing bars */
    uint64_t row, rows;           /* from 0; of a hole the row behind it, and the missing bars */
    const char *found, *expected; /* texts with exact numbers */
} s1_check_finding;

typedef struct s1_check_kind {
    const char *kind, *severity, *meaning;
    uint64_t findings, rows, shown; /* exact; shown: how many of them are kept */
} s1_check_kind;

typedef struct s1_check_stream {
    const char *source;                           /* "" of the unnamed one */
    const char *asset_pair, *timeframe, *session; /* timeframe: "trades" of trades, and so on */
    uint64_t rows;
    s1_nanos first, last; /* 0 without rows */
    uint64_t errors, warnings, infos;
    const s1_check_kind *kinds; /* [kind_count], every kind in the order of the findings */
    size_t kind_count;
    const s1_check_finding *findings; /* [finding_count] by kind, then by row */
    size_t finding_count;
} s1_check_stream;

typedef struct s1_check_report s1_check_report; /* opaque, heap */

/* Can the sessions of a configuration be read? Errors: S1_E_INVALID for its first fault, S1_E_IO.
 */
S1_WARN_UNUSED s1_rc s1_api_check_sessions(const char *config_dir, s1_err *err);

/* The findings of streams that were checked whole are remembered in the archive's catalogue; where
 * that does not work, the notice tells why.
 *
 * Reads every stream that is asked for once, in the order of pair and timeframe. Faults of
 * the data stand in the report. Errors: S1_E_INVALID for an option, S1_E_NOT_FOUND where no stream
 * is asked for, S1_E_CANCELED, S1_E_DATA for a corrupt archive, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_check(const s1_check_options *options, s1_check_report **ret_report, s1_err *err);
const s1_check_stream *s1_check_streams(const s1_check_report *report, size_t *ret_count);
const char *s1_check_notice(const s1_check_report *report); /* "" mostly */
void s1_check_report_free(s1_check_report *report);         /* accepts NULL */

/* Kind `index` in the order of reports, with zero counts; false past the last. */
bool s1_check_kind_at(size_t index, s1_check_kind *ret_kind);

#endif /* S1_SERVICES_API_DATA_CHECK_H */
