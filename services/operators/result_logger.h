/* services/operators/result_logger.h - ResultLogger: stores what a run leaves.
 *
 * Hears BacktestCompleted and writes into the run's folder: states, run.json, result_metrics.json,
 * result_trades.csv, equity.parquet and, if recorded, context.parquet (docs/results.md). The
 * subscription is fixed and not a wiring: no configuration may lose results. Whoever made the
 * folder gives it its name.
 */
#ifndef S1_SERVICES_OPERATORS_RESULT_LOGGER_H
#define S1_SERVICES_OPERATORS_RESULT_LOGGER_H

#include "backend/analysis/statistics.h"
#include "backend/assembly/persistor_factory.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/dtos/results/run_manifest.h"
#include "services/operators/run_orchestrator.h"

/* What a run is a function of, and where its results go. Borrowed for the logger's life. */
typedef struct s1_result_logger_options {
    const s1_fs *fs;
    const char *folder;
    s1_duckdb *duckdb;
    s1_persistor_factory *factory;
    const s1_link *link;
    const char *command; /* as typed, without paths */
    uint64_t seed;
    s1_nanos from;
    s1_run_id run_id;
    int32_t journal_level; /* enum s1_journal_level */
    int32_t language;      /* enum s1_language */
    const char *binary_hash, *config_hash, *data_hash;
    const s1_run_stream *streams; /* [stream_count] */
    size_t stream_count;
} s1_result_logger_options;

typedef struct s1_result_logger {
    s1_result_logger_options options;
    s1_statistics statistics; /* once stored */
    s1_arena arena;
} s1_result_logger;

void s1_result_logger_init(s1_result_logger *logger, const s1_result_logger_options *options);
void s1_result_logger_done(s1_result_logger *logger);

/* s1_run_options.on_completed: `self` is the s1_result_logger. Errors: S1_E_DATA for a run without
 * a bar to trade on, those of s1_results_write, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_result_logger_store(void *self, const s1_components *parts,
                                            const s1_run_sums *sums, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_RESULT_LOGGER_H */
