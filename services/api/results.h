/* services/api/results.h - reads results folders. A frontend knows no file inside them. */
#ifndef S1_SERVICES_API_RESULTS_H
#define S1_SERVICES_API_RESULTS_H

#include "s1mple/base.h"

typedef struct s1_results s1_results; /* opaque, heap: one run of a results folder */

/* One metric: a name, how a report calls it, and its value as text and number. */
typedef struct s1_results_metric {
    const char *name;  /* "sharpe" */
    const char *label; /* "Sharpe", in the run's language, as are group and convention */
    const char *kind;  /* "TIME", "DURATION", "COUNT", "MONEY", "FRACTION", "RATIO", "AMOUNT" */
    const char *group; /* "Returns": the heading it stands under */
    const char *definition;
    const char *convention; /* "500 daily returns, 365 a year, ddof 1, risk-free rate 0" */
    const char *text;       /* as in the file; NULL where not defined */
    double number;          /* NaN where not defined or a time */
} s1_results_metric;

typedef struct s1_results_count {
    const char *name;
    uint64_t value;
} s1_results_count;

/* What a reader should know before believing the run, in the run's language. */
typedef struct s1_results_diagnosis {
    const char *code;            /* "few_trades" */
    const char *cause;           /* a sentence, with its count */
    const char *advice;          /* what to do */
    const char *advice_anywhere; /* the same with RESULTS where a command names the folder */
    bool is_warning;             /* else a note */
} s1_results_diagnosis;

typedef struct s1_results_trade { /* texts as in result_trades.csv, "" where empty */
    const char *trade_id, *opportunity_id, *direction, *quantity;
    const char *entry_time, *entry_price, *exit_time, *exit_price;
    const char *fees, *pnl, *closure_reason, *threat_id;
    s1_nanos held;   /* exit_time - entry_time; 0 where one cannot be read */
    double mae, mfe; /* worst and best price against the entry, fractions of it; NaN: not kept */
} s1_results_trade;

/* Everything below is borrowed until the results are freed. Facts of run.json are texts, "" where
 * the run did not state them. */
typedef struct s1_results_view {
    const char *dir;
    const char *run_id, *strategy, *link, *environment, *asset_pair, *timeframe, *currency;
    const char *version, *seed, *fill_rule, *ambiguity_rule, *journal_level, *language, *command;
    const char *finish_reason;
    const char *config_hash, *data_hash, *binary_hash, *journal_head;
    const s1_results_metric *metrics; /* [metric_count], order of the report */
    size_t metric_count;
    const s1_results_count *counts; /* [count_count]: ticks, opportunities, ... */
    size_t count_count;
    const s1_results_diagnosis *diagnoses; /* [diagnosis_count] */
    size_t diagnosis_count;
    const double *line; /* [line_count]: the equity at even steps, the last at the end */
    size_t line_count;
    const char *sampling; /* "daily" or "bar" */
    double periods_per_year, risk_free_rate;
    uint64_t samples, trials;
    const char *benchmark; /* "BTC/USD@1h"; "" where it is the pair itself */
    const char *json;      /* metrics, diagnostics and the run's facts as one JSON object */
} s1_results_view;

/* Opens the run in `dir`; for an operation of several links the one called `link` (NULL: the only
 * one). Free with s1_results_free. Errors: S1_E_NOT_FOUND when there is no run, or several and no
 * link was named (the message lists them), S1_E_DATA when a file is damaged, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_results_open(const char *dir, const char *link, s1_results **ret_results, s1_err *err);
void s1_results_free(s1_results *results); /* accepts NULL */
const s1_results_view *s1_results_view_borrow(const s1_results *results);

/* The language (enum s1_language) of the run in `path`, which may be its journal too: that of
 * core.language when it was made, in which its log and its report are. English where run.json says
 * none or cannot be read. */
int32_t s1_api_results_language(const char *path);

/* The metric or count of that name, NULL/0 where there is none. */
const s1_results_metric *s1_results_metric_find(const s1_results_view *view, const char *name);
uint64_t s1_results_count_find(const s1_results_view *view, const char *name);

/* Reads result_trades.csv at the first call. Borrowed until the results are freed. */
S1_WARN_UNUSED
s1_rc s1_api_results_trades(s1_results *results, const s1_results_trade **ret_trades,
                            size_t *ret_count, s1_err *err);

/* One return of the run: what the statistics are made of. */
typedef struct s1_results_return {
    s1_nanos end; /* close of its last bar */
    double value, buy_and_hold;
} s1_results_return;

/* Reads equity.parquet at the first call. Borrowed until the results are freed. Errors:
 * S1_E_NOT_FOUND without the file or without DuckDB, S1_E_DATA, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_api_results_returns(s1_results *results, const s1_results_return **ret_returns,
                             size_t *ret_count, s1_err *err);

/* The bars of the run: close time, equity, drawdown (at or below 0), close, in a position. As
 * above. */
typedef struct s1_results_series {
    size_t count;
    const s1_nanos *time;
    const double *equity, *drawdown, *close;
    const double *benchmark; /* what is bought and held instead; `close` where no other is */
    const uint8_t *in_position;
} s1_results_series;
S1_WARN_UNUSED
s1_rc s1_api_results_series(s1_results *results, s1_results_series *ret_series, s1_err *err);

/* The deflated Sharpe ratio of items[index] if all `count` runs are the trials that were made:
 * threshold and spread are of their Sharpe ratios, not annualised. NaN where not defined. */
double s1_api_results_deflated(s1_results *const *items, size_t count, size_t index);

/* The runs under a folder (itself, its children, their children), sorted by path. Each is opened;
 * what cannot be read is left out and counted. Free with s1_results_list_free. */
typedef struct s1_results_list {
    s1_results **items; /* [count] */
    size_t count;
    size_t unreadable_count;
} s1_results_list;
S1_WARN_UNUSED
s1_rc s1_api_results_list(const char *root, s1_results_list *ret_list, s1_err *err);
void s1_results_list_free(s1_results_list *list); /* accepts NULL; empties it */

#endif /* S1_SERVICES_API_RESULTS_H */
