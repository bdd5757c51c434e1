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
#include "backend/core/interfaces/data_persistor.h"
#include "backend/utils/hash.h"
#include "services/operators/run_orchestrator.h"
#include "services/operators/run_preparer.h"

/* What run.json says a run was a function of, hex; "" where it says nothing. */
typedef struct s1_recorded_plugin {
    const char *name, *hash;
} s1_recorded_plugin;
typedef struct s1_recorded_feed { /* or model */
    const char *id, *hash;
} s1_recorded_feed;
/* What a link read of a stream: its version, by content hash. */
typedef struct s1_recorded_file {
    const char *first; /* as run.json has it */
    uint64_t rows, bytes;
} s1_recorded_file;
typedef struct s1_recorded_stream {
    const char *link, *name, *hash;
    uint64_t rows;
    const char *first, *last;      /* as run.json has them */
    const s1_recorded_file *files; /* [file_count] */
    size_t file_count;
} s1_recorded_stream;
typedef struct s1_recorded_run {
    const char *binary_hash, *config_hash, *data_hash, *journal_head;
    const s1_recorded_plugin *plugins; /* [plugin_count] */
    size_t plugin_count;
    const s1_recorded_feed *feeds; /* [feed_count] */
    size_t feed_count;
    const s1_recorded_feed *models; /* [model_count] */
    size_t model_count;
} s1_recorded_run;

/* What a run that is only looked at reads instead of the archives. */
typedef struct s1_rehearsed_data {
    s1_data_persistor *const *sources; /* [stream_count of the link], borrowed */
    s1_nanos known_to; /* nothing before this moment is missing in them; 0: nobody says so */
    s1_nanos begin;    /* with has_begin: bars that open before it are not read */
    s1_nanos from;     /* with has_begin: when warm-up is over, in place of the configured */
    bool has_begin;
} s1_rehearsed_data;

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
    /* Called with the parts of a finished run before they go; a failure is the run's. NULL: nobody.
     */
    s1_rc (*on_finished)(void *user, const s1_components *parts, s1_err *err);
    /* As s1_run_options.on_ledger, with `user`. NULL: nobody. */
    s1_rc (*on_ledger)(void *user, const s1_components *parts, s1_err *err);
    /* As s1_run_options.gate and on_threats, with `user`. NULL: a run of its own. */
    const s1_portfolio_gate *gate;
    s1_rc (*on_threats)(void *user, const s1_threat_list *threats, s1_err *err);
    /* The versions to read, where the archive has moved on: those of a run that is repeated. A
     * stream that is not named is read as it is. S1_E_DATA if a version is not kept any more. */
    const s1_recorded_stream *streams; /* [stream_count], of all links */
    size_t stream_count;
    /* Of s1_backtest_repeat and s1_backtest_rehearse only. */
    const s1_run_observer *observer;
    const s1_recorded_run *recorded;    /* of the former */
    const s1_rehearsed_data *rehearsed; /* of the latter */
} s1_backtest_request;

typedef struct s1_backtest_result {
    s1_run_sums sums;
    s1_statistics statistics;
    s1_nanos read_time;
    s1_run_id run_id;
    char config_hash[S1_SHA256_HEX], binary_hash[S1_SHA256_HEX];
} s1_backtest_result;

/* Runs it. Errors: S1_E_EXISTS for a results folder that is there already, S1_E_NOT_FOUND and
 * S1_E_DATA for the archives, S1_E_PLUGIN, S1_E_CANCELED, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_backtest_run(const s1_backtest_request *request,
                                     s1_backtest_result *ret_result, s1_err *err);

/* The same in three steps, for links that share a clock. s1_backtest_open leaves nothing when it
 * fails. Then the caller drives s1_backtest_orchestrator, and ends with one of the two: _complete
 * publishes the folder (or removes it, on failure), _abandon removes it. Both free the backtest;
 * `request` is borrowed until then. */
typedef struct s1_backtest s1_backtest;
S1_WARN_UNUSED s1_rc s1_backtest_open(const s1_backtest_request *request,
                                      s1_backtest **ret_backtest, s1_err *err);
s1_run_orchestrator *s1_backtest_orchestrator(s1_backtest *backtest);
S1_WARN_UNUSED s1_rc s1_backtest_complete(s1_backtest *backtest, const s1_run_sums *sums,
                                          s1_backtest_result *ret_result, s1_err *err);
void s1_backtest_abandon(s1_backtest *backtest, const s1_err *cause); /* accepts NULL */

/* Runs it again in memory for request->observer and leaves nothing behind: results_dir and command
 * are not used. What the recorded run was a function of must be what is at hand (S1_E_UNSUPPORTED
 * for another program, plugin or configuration, S1_E_DATA for other data), and a run to the end
 * must give the recorded counts and journal head hash (else S1_E_DATA). Other errors as above. */
S1_WARN_UNUSED s1_rc s1_backtest_repeat(const s1_backtest_request *request,
                                        s1_backtest_result *ret_result, s1_err *err);

/* Runs it in memory on request->rehearsed for request->observer and leaves nothing behind. Whose
 * run it is (its ids, its journal but for RUN_STARTED) hangs on configuration and seed, not on what
 * the data holds: runs on more and on less of the same data can be laid side by side. Errors: as
 * s1_backtest_run. */
S1_WARN_UNUSED s1_rc s1_backtest_rehearse(const s1_backtest_request *request,
                                          s1_backtest_result *ret_result, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_BACKTEST_SERVICE_H */
