/* services/api/report_internal.h - the parts of report.html. */
#ifndef S1_SERVICES_API_REPORT_INTERNAL_H
#define S1_SERVICES_API_REPORT_INTERNAL_H

#include "backend/utils/arena.h"
#include "backend/utils/locale.h"
#include "backend/utils/text.h"
#include "services/api/results_internal.h"

/* A file of share/report/ as it was when this was built. */
typedef struct s1_report_file {
    const char *name; /* "report.css" */
    const unsigned char *bytes;
    size_t len;
} s1_report_file;
extern const s1_report_file s1_report_files[]; /* ends with a NULL name */

typedef struct s1_report_trade {
    const s1_results_trade *text;
    s1_nanos entry_time, exit_time;
    double entry, exit, pnl;
    double stop, target; /* as the trade was opened; NaN for none */
    size_t entry_row, exit_row;
    const char
        *cause; /* what found it: "ema_crossover: golden_cross; fast 1.2 > 1.1"; "" unknown */
} s1_report_trade;

typedef struct s1_report_refusal {
    const char *stage, *code;
    uint64_t count;
} s1_report_refusal;
#define S1_REPORT_REFUSALS_MAX 200u

/* The run, and where the page grows. */
typedef struct s1_report {
    s1_results *results;
    const s1_results_view *view;
    s1_locale *locale;
    s1_strbuf *out;
    s1_arena arena;
    s1_results_series series;
    const s1_results_return *returns;
    size_t return_count;
    s1_report_trade *trades; /* [trade_count] in the order they closed */
    size_t trade_count;
    s1_report_refusal refusals[S1_REPORT_REFUSALS_MAX]; /* most first */
    size_t refusal_count;
    bool is_short;    /* memory was: the page is not whole */
    bool has_journal; /* of full level: causes and refusals are known */
} s1_report;

/* Reads trades, journal and equity. Errors: as s1_api_report_print. */
S1_WARN_UNUSED s1_rc s1_report_collect(s1_report *report, s1_err *err);

/* Text with what HTML reads as markup escaped. */
void s1_report_text(s1_report *report, const char *text);
/* The words of a key under "html.", escaped. */
void s1_report_words(s1_report *report, const char *key);
/* The number of a metric; NaN where there is none. */
double s1_report_number(const s1_report *report, const char *metric);

/* --- Charts: each a <div class="chart">. -------------------------------------------------- */
void s1_report_equity_chart(s1_report *report);
void s1_report_distribution_chart(s1_report *report);
/* The trades by how far they went against and for the position; false where that is not kept. */
bool s1_report_excursions_chart(s1_report *report);
void s1_report_rolling_charts(s1_report *report);
void s1_report_price_chart(s1_report *report);
/* How many returns a rolling figure looks back on; 0: too few for one. */
size_t s1_report_window(const s1_report *report);

#endif /* S1_SERVICES_API_REPORT_INTERNAL_H */
