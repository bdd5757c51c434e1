/* backend/analysis/results_writer.h - the files of a results folder.
 *
 *  - run.json: the manifest, what ran, hashes, counts
 *  - result_metrics.json: the statistics with their conventions and definitions
 *  - result_trades.csv: closed trades in the order they closed
 *  - equity.parquet: time, equity, drawdown, close, in_position per bar
 *  - context.parquet: every column at every decision, where that was recorded
 *
 * All of them are functions of the run alone: the same bytes every time. The caller owns the
 * folder: it makes DIR.partial, adds its own files (journal.jsonl, the configuration, run.log.json)
 * and renames it at the end (s1_fs_publish_folder).
 */
#ifndef S1_BACKEND_ANALYSIS_RESULTS_WRITER_H
#define S1_BACKEND_ANALYSIS_RESULTS_WRITER_H

#include "backend/analysis/diagnostics.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/dtos/results/context_record.h"
#include "backend/dtos/results/run_manifest.h"
#include "backend/utils/fs.h"

#define S1_RESULTS_RUN_FILE     "run.json"
#define S1_RESULTS_METRICS_FILE "result_metrics.json"
#define S1_RESULTS_TRADES_FILE  "result_trades.csv"
#define S1_RESULTS_EQUITY_FILE  "equity.parquet"
#define S1_RESULTS_CONTEXT_FILE "context.parquet"
#define S1_RESULTS_JOURNAL_FILE "journal.jsonl"
#define S1_RESULTS_LOG_FILE     "run.log.json"
#define S1_RESULTS_VERSION      1 /* of the files; "schema_version" in the two JSON files */

typedef struct s1_results_input {
    const s1_run_manifest *manifest;
    s1_run_series series;
    const s1_trade_record *trades; /* [trade_count], in the order they closed */
    size_t trade_count;
    s1_dec fees;              /* the ledger's total */
    s1_dec funding, interest; /* the same */
    double periods_per_year;  /* 0: by the rule of statistics.h */
    double risk_free_rate;    /* a year */
    uint64_t trials;          /* made to find this run; 0 counts as 1 */
    double trials_variance;   /* 0: by the rule of statistics.h */
    s1_str benchmark;         /* the stream of series.benchmark; "" without */
    uint64_t parameter_count; /* numbers the blueprint sets */
    s1_duckdb *duckdb;        /* borrowed, for the two Parquet files; NULL leaves them out */
    const s1_context_records *context; /* NULL: not recorded, no file */
} s1_results_input;

/* Computes the statistics and writes the four files into `folder`, which exists. Errors: those of
 * s1_statistics_compute, S1_E_NO_MEMORY, S1_E_IO; files may then be there in part. ret_statistics
 * may be NULL. */
S1_WARN_UNUSED
s1_rc s1_results_write(const s1_results_input *input, const s1_fs *fs, const char *folder,
                       s1_statistics *ret_statistics, s1_err *err);

/* The parts, as text appended to `out`. `english` words the diagnoses. */
void s1_results_print_metrics(const s1_statistics *statistics, const s1_statistics_tables *tables,
                              const s1_diagnoses *diagnoses, const s1_run_series *series,
                              const s1_locale *english, s1_strbuf *out);
void s1_results_print_manifest(const s1_run_manifest *manifest, s1_strbuf *out);

#endif /* S1_BACKEND_ANALYSIS_RESULTS_WRITER_H */
