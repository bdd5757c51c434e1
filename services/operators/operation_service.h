/* services/operators/operation_service.h - several prepared links on historical data, into one
 * results folder.
 *
 * Each link is a run of its own (backtest_service.h) with its own folder DIR/<link>/, exactly what
 * the link alone would leave. Beside them stand operation.json and the aggregate's equity
 * (backend/analysis/operation_results.h). Until all of it is complete the folder is DIR.partial.
 *
 * Without portfolio rules and event responses the links go side by side on `threads` threads, and
 * the results are the same bytes on any number of them. With them they advance on one simulated
 * clock, moment by moment, ties by link order, on one thread (operation_clock.c).
 *
 * A link that fails leaves no folder and is listed in operation.json with its error; the others go
 * on, and their results are those they would have had. Only where no link completes is nothing
 * left. Stopped on request, nothing is left either.
 */
#ifndef S1_SERVICES_OPERATORS_OPERATION_SERVICE_H
#define S1_SERVICES_OPERATORS_OPERATION_SERVICE_H

#include "services/operators/backtest_service.h"

#define S1_OPERATION_THREADS_MAX 256u

typedef struct s1_operation_request {
    const s1_preparation *preparation; /* without errors; libraries loaded */
    const char *name;                  /* of the operation, for operation.json */
    const char *results_dir;           /* to create; its parent must exist */
    const char *command;               /* as typed, without paths */
    uint64_t seed;
    int32_t journal_level; /* enum s1_journal_level; 0: each link's */
    bool is_profiled;
    uint32_t threads; /* 0: 1 */
    const s1_fs *fs;
    const s1_clock *clock;
    /* Called from the threads of the runs. */
    void (*on_progress)(void *user, const char *phase, const s1_run_progress *progress);
    s1_rc (*on_finished)(void *user, const s1_components *parts, s1_err *err); /* NULL: nobody */
    void *user;
    const atomic_bool *is_stopping;
    const s1_recorded_stream *streams; /* as s1_backtest_request.streams */
    size_t stream_count;
} s1_operation_request;

typedef struct s1_operation_outcome {
    uint64_t bars;
    s1_nanos engine_time; /* of all links added up; on a shared clock of the clock */
    uint32_t completed_count, failed_count;
    s1_rc failed_rc; /* S1_OK, or that of the first link in the operation's order that failed */
    s1_err failed;   /* its error; the message starts with the link */
} s1_operation_outcome;

/* Do the links of this preparation advance on one clock, because rules look at all of them? */
bool s1_operation_shares_clock(const s1_preparation *preparation);

/* Runs it. Also S1_OK when some links failed: look at ret_outcome. Errors: S1_E_EXISTS for a
 * results folder that is there, S1_E_CANCELED, S1_E_IO; where no link completed, the error of the
 * first. */
S1_WARN_UNUSED s1_rc s1_operation_run(const s1_operation_request *request,
                                      s1_operation_outcome *ret_outcome, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_OPERATION_SERVICE_H */
