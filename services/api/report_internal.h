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

/* A stop or target that was moved: from this row on it is `price`. */
typedef struct s1_report_move {
    const struct s1_report_move *next; /* later */
    size_t row;
    double price;
} s1_report_move;

typedef struct s1_report_trade {
    const s1_results_trade *text;
    s1_nanos entry_time, exit_time;
    double entry, exit, pnl, fees;
    double adverse, favourable;      /* MAE and MFE, fractions of the entry; NaN where not kept */
    double stop, target;             /* as the trade was opened; NaN for none */
    s1_report_move *stops, *targets; /* moves of them, in order; NULL for none */
    s1_report_move *last_stop, *last_target;
    size_t entry_row, exit_row;
    const char *entry_rule, *exit_rule; /* "LIMIT_TOUCH"; "" where the journal does not say */
    const char
        *cause; /* what found it: "ema_crossover: golden_cross; fast 1.2 > 1.1"; "" unknown */
} s1_report_trade;

typedef struct s1_report_refusal {
    const char *stage, *code; /* the stage in words */
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
    s1_results *worst, *best; /* what --ambiguity left beside it; NULL: not both are there */
    s1_results_series worst_series, best_series;
    bool is_short;    /* memory was: the page is not whole */
    bool has_journal; /* of full level: causes and refusals are known */
} s1_report;

/* Reads trades, journal and equity. Errors: as s1_api_report_print. */
S1_WARN_UNUSED s1_rc s1_report_collect(s1_report *report, s1_err *err);

/* --- Words and values. -------------------------------------------------------------------- */

/* Markup as it is; text with what HTML reads as markup escaped. */
void s1_report_say(s1_report *report, const char *markup);
void s1_report_text(s1_report *report, const char *text);
void s1_report_escape(s1_strbuf *out, s1_str text);
/* The words of a key under "html."; the second appends them, escaped. */
const char *s1_report_word(const s1_report *report, const char *key);
void s1_report_words(s1_report *report, const char *key);
/* The same with their slots filled. */
void s1_report_words_with(s1_report *report, const char *key, const s1_locale_value *values,
                          size_t count);
/* "buy and hold", and of which stream where that is another. */
void s1_report_market(s1_report *report);
/* The first eight characters of an id. */
void s1_report_id(s1_report *report, const char *id);
/* The number of a metric; NaN where there is none. */
double s1_report_number(const s1_report *report, const char *metric);
/* Values; a dash for what is not defined. */
void s1_report_percent(s1_strbuf *out, double value, bool has_sign);
void s1_report_ratio(s1_strbuf *out, double value);
void s1_report_money(s1_strbuf *out, double value);
void s1_report_time(s1_strbuf *out, s1_nanos time);
void s1_report_iso(s1_strbuf *out, const char *text);
void s1_report_metric(s1_strbuf *out, const s1_results_metric *metric);
/* The class of a gain, of a loss. */
const char *s1_report_tone(double value);
/* <section> with its heading, and its end. */
void s1_report_section(s1_report *report, const char *id, const char *key);
void s1_report_section_end(s1_report *report);
/* One entry of a legend: style "" for a line, "dash", "dot"; a colour of the page; key NULL: the
 * benchmark. */
void s1_report_legend(s1_report *report, const char *style, const char *color, const char *key);

/* --- The band of --ambiguity (report_band.c). --------------------------------------------- */

/* Opens what stands beside the run. Errors: those of s1_api_ambiguity_beside. */
S1_WARN_UNUSED s1_rc s1_report_band_open(s1_report *report, s1_err *err);
void s1_report_band_done(s1_report *report);
/* Its section; nothing where there is none. */
void s1_report_print_band(s1_report *report);

/* --- Sections about trades. --------------------------------------------------------------- */

void s1_report_print_price(s1_report *report);
void s1_report_print_trades(s1_report *report);
void s1_report_print_excursions(s1_report *report);
void s1_report_print_refusals(s1_report *report);
void s1_report_print_ambiguous(s1_report *report);
void s1_report_print_costs(s1_report *report);

/* --- Charts: each a <div class="chart">. -------------------------------------------------- */
void s1_report_equity_chart(s1_report *report);
void s1_report_band_chart(s1_report *report);
void s1_report_distribution_chart(s1_report *report);
/* The trades by how far they went against and for the position; false where that is not kept. */
bool s1_report_excursions_chart(s1_report *report);
void s1_report_rolling_charts(s1_report *report);
void s1_report_price_chart(s1_report *report);
/* Bars a column of the zoomed price chart holds. */
size_t s1_report_column(const s1_report *report);
/* How many returns a rolling figure looks back on; 0: too few for one. */
size_t s1_report_window(const s1_report *report);

#endif /* S1_SERVICES_API_REPORT_INTERNAL_H */
