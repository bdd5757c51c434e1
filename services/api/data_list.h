/* services/api/data_list.h - what an archive holds, out of its catalogue. */
#ifndef S1_SERVICES_API_DATA_LIST_H
#define S1_SERVICES_API_DATA_LIST_H

#include "s1mple/base.h"

typedef struct s1_list_options {
    const char *archive_dir;
    const char *asset_pair; /* NULL: every one */
    const char *kind;       /* "1h", "trades"; NULL: every one */
    const char *source;     /* NULL: every one; "": the unnamed one */
    const char *config_dir; /* whose instruments.yaml tells of sessions; NULL: none does */
} s1_list_options;

/* A dataset. Everything is borrowed until the report is freed. */
typedef struct s1_list_entry {
    const char *source; /* "" of the unnamed one */
    const char *asset_pair;
    const char *data_type; /* "ohlcv", "trades", "quotes", "book" */
    const char *timeframe; /* "1h"; NULL of other types than bars */
    uint64_t rows, bytes, files, versions;
    s1_nanos first, last;
    uint32_t price_scale, qty_scale;
    const char *session;
    uint64_t gaps, missing;
    double completeness; /* 0 to 1; NaN: not bars, nothing tells */
    s1_nanos checked_at; /* 0: never */
    bool is_check_old;   /* the data changed since */
    uint64_t errors, warnings, infos;
} s1_list_entry;

typedef struct s1_list_report s1_list_report; /* opaque, heap */

/* Looks at the catalogue, which first catches up with files that changed. An archive without data
 * is no error. Errors: S1_E_NOT_FOUND no such folder, S1_E_INVALID, S1_E_UNSUPPORTED a newer
 * catalogue, S1_E_DENIED, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_list(const s1_list_options *options, s1_list_report **ret_report, s1_err *err);
/* In the order of pair, type, timeframe, source. */
const s1_list_entry *s1_list_entries(const s1_list_report *report, size_t *ret_count);
/* What was odd about the catalogue; "" mostly. */
const char *s1_list_notice(const s1_list_report *report);
void s1_list_report_free(s1_list_report *report); /* accepts NULL */

#endif /* S1_SERVICES_API_DATA_LIST_H */
