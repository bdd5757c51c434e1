/* services/operators/backtest_service.h - a prepared link on historical data, into a results
 * folder.
 *
 * Opens the archives, drives a run (run_orchestrator.h) and leaves one folder: resolved
 * configuration, journal, trades, metrics, equity, run.json, state and run.log.json. Until it is
 * complete the folder is DIR.partial; a run that fails or is stopped leaves none.
 */
#ifndef S1_SERVICES_OPERATORS_BACKTEST_SERVICE_H
#define S1_SERVICES_OPERATORS_BACKTEST_SERVICE_H

#include "backend/analysis/statistics.h"
#include "services/operators/run_orchestrator.h"
#include "services/operators/run_preparer.h"

/* What run.json says a run was a function of, hex; "" where it says nothing. */
typedef struct s1_recorded_plugin {
    const char *name, *hash;
} s1_recorded_plugin;
typedef struct s1_recorded_run {
    const char *binary_hash, *config_hash, *data_hash, *journal_head;
    const s1_recorded_plugin *plugins; /* [plugin_count] */
    size_t plugin_count;
} s1_recorded_run;

typedef struct s1_backtest_request {
    const s1_preparation *preparation; /* without errors */
    const s1_prepared_link *link;
    const char *results_dir; /* to create; its parent must exist */
    const char *command;     /* as typed, without paths; for run.json */
    uint64_t seed;
    int32_t journal_level; /* enum s1_journal_level; 0: the link's */
    bool is_profiled;
    const s1_fs *fs;
    const s1_clock *clock;
    void (*on_progress)(void *user, const char *phase, const s1_run_progress *progress);
    void *user;
    const atomic_bool *is_stopping;
    /* Called with the parts of a finished run before they go, for --profile. NULL: nobody. */
    void (*on_finished)(void *user, const s1_components *parts);
    /* Of s1_backtest_repeat only. */
    const s1_run_observer *observer;
    const s1_recorded_run *recorded;
} s1_backtest_request;

typedef struct s1_backtest_result {
    s1_run_sums sums;
    s1_statistics statistics;
    s1_nanos read_time;
} s1_backtest_result;

/* Runs it. Errors: S1_E_EXISTS for a results folder that is there already, S1_E_NOT_FOUND and
 * S1_E_DATA for the archives, S1_E_PLUGIN, S1_E_CANCELED, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_backtest_run(const s1_backtest_request *request,
                                     s1_backtest_result *ret_result, s1_err *err);

/* Runs it again in memory for request->observer and leaves nothing behind: results_dir and command
 * are not used. What the recorded run was a function of must be what is at hand (S1_E_UNSUPPORTED
 * for another program, plugin or configuration, S1_E_DATA for other data), and a run to the end
 * must give the recorded counts and journal head hash (else S1_E_DATA). Other errors as above. */
S1_WARN_UNUSED s1_rc s1_backtest_repeat(const s1_backtest_request *request,
                                        s1_backtest_result *ret_result, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_BACKTEST_SERVICE_H */
