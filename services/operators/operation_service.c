#include "services/operators/operation_service.h"

#include "backend/analysis/operation_results.h"
#include "backend/utils/folder_lock.h"
#include "backend/utils/timefmt.h"
#include "services/operators/operation_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- What a link tells the operation. ------------------------------------------------------ */

/* PortfolioStateChanged of a link, for the aggregate. */
static s1_rc on_ledger(void *user, const s1_components *parts, s1_err *err)
{
    s1_operation_job *const job = user;
    const s1_portfolio_state state =
        s1_portfolio_state_of(&parts->ledger->view, s1_ledger_exposure(parts->ledger), job->index,
                              parts->context->view.now);
    return s1_link_record_change(&job->record, parts->row_count, &state, err);
}

static s1_rc on_finished(void *user, const s1_components *parts, s1_err *err)
{
    s1_operation_job *const job = user;
    const s1_operation_request *const request = job->operation->request;
    const s1_run_series series = s1_components_series(parts);
    const s1_portfolio_state last =
        s1_portfolio_state_of(&parts->ledger->view, s1_ledger_exposure(parts->ledger), job->index,
                              parts->context->view.now);
    size_t trades;
    (void)s1_order_manager_trades(parts->orders, &trades);
    job->trades = trades;
    S1_TRY(err, s1_link_record_end(&job->record, &series, &last, err));
    return request->on_finished != NULL ? request->on_finished(request->user, parts, err) : S1_OK;
}

static void on_progress(void *user, const char *phase, const s1_run_progress *progress)
{
    const s1_operation_job *const job = user;
    const s1_operation_request *const request = job->operation->request;
    if (request->on_progress != NULL) {
        request->on_progress(request->user, phase, progress);
    }
}

/* --- Side by side. ------------------------------------------------------------------------- */

static void run_job(s1_operation_job *job)
{
    const s1_run_progress nothing = {0};
    const atomic_bool *const is_stopping = job->operation->request->is_stopping;
    on_progress(job, "load", &nothing);
    if (is_stopping != NULL && atomic_load(is_stopping)) {
        job->rc = S1_RAISE(&job->err, S1_E_CANCELED, "stopped on request before link %.*s",
                           S1_STR_ARG(job->link->id));
        return;
    }
    job->rc = s1_backtest_run(&job->request, &job->result, &job->err);
    job->is_complete = job->rc == S1_OK;
}

/* Takes links until none is left. What fails is told at the end; the others go on. */
static void *take_jobs(void *user)
{
    s1_operation *const op = user;
    for (;;) {
        const uint32_t index = atomic_fetch_add(&op->next_job, 1);
        if (index >= op->job_count) {
            return NULL;
        }
        run_job(&op->jobs[index]);
        if (op->jobs[index].rc == S1_E_CANCELED) {
            atomic_store(&op->next_job, op->job_count);
        }
    }
}

static void run_side_by_side(s1_operation *op)
{
    pthread_t threads[S1_OPERATION_THREADS_MAX];
    uint32_t wanted = op->request->threads > 0 ? op->request->threads : 1;
    wanted = wanted < op->job_count ? wanted : op->job_count;
    wanted = wanted < S1_OPERATION_THREADS_MAX ? wanted : S1_OPERATION_THREADS_MAX;
    uint32_t started = 0;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, take_jobs, op) == 0) {
        started++;
    }
    (void)take_jobs(op);
    for (uint32_t i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

/* --- The folder. --------------------------------------------------------------------------- */

static s1_rc prepare_job(s1_operation *op, uint32_t index, s1_err *err)
{
    const s1_operation_request *const request = op->request;
    s1_operation_job *const job = &op->jobs[index];
    const s1_prepared_link *const link = &request->preparation->links[index];
    job->operation = op;
    job->index = index;
    job->link = link->link;
    job->err = S1_ERR_INIT;
    S1_TRY(err, s1_path_join(job->folder, sizeof job->folder, s1_str_of(op->partial),
                             link->link->id, err));
    job->request = (s1_backtest_request){.preparation = request->preparation,
                                         .link = link,
                                         .results_dir = job->folder,
                                         .command = request->command,
                                         .seed = request->seed,
                                         .journal_level = request->journal_level,
                                         .is_profiled = request->is_profiled,
                                         .fs = request->fs,
                                         .clock = request->clock,
                                         .on_progress = on_progress,
                                         .user = job,
                                         .is_stopping = request->is_stopping,
                                         .on_finished = on_finished,
                                         .on_ledger = on_ledger,
                                         .streams = request->streams,
                                         .stream_count = request->stream_count};
    return S1_OK;
}

static s1_rc prepare_jobs(s1_operation *op, s1_err *err)
{
    op->job_count = op->request->preparation->link_count;
    op->jobs = calloc((size_t)op->job_count + 1, sizeof *op->jobs);
    if (op->jobs == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an operation of %u links", op->job_count);
    }
    for (uint32_t i = 0; i < op->job_count; i++) {
        S1_TRY(err, prepare_job(op, i, err));
    }
    return S1_OK;
}

/* The error of the first link that failed, with its name. */
static void note_failure(const s1_operation_job *job, s1_operation_outcome *outcome)
{
    outcome->failed_count++;
    if (outcome->failed_rc != S1_OK) {
        return;
    }
    outcome->failed_rc = job->rc;
    outcome->failed = job->err;
    (void)snprintf(outcome->failed.msg, sizeof outcome->failed.msg, "link %.*s: %s",
                   S1_STR_ARG(job->link->id), job->err.msg);
}

/* What came out. An error: nothing is kept. */
static s1_rc judge(const s1_operation *op, s1_operation_outcome *outcome, s1_err *err)
{
    for (uint32_t i = 0; i < op->job_count; i++) {
        const s1_operation_job *const job = &op->jobs[i];
        if (job->rc == S1_E_CANCELED) {
            *err = job->err;
            return S1_E_CANCELED;
        }
        if (!job->is_complete) {
            note_failure(job, outcome);
            continue;
        }
        outcome->completed_count++;
        outcome->bars += job->result.sums.ticks;
        outcome->engine_time += job->result.sums.engine_time;
    }
    if (op->has_shared_clock) { /* each run's own time holds that of the others */
        outcome->engine_time = op->engine_time;
    }
    if (outcome->completed_count == 0) {
        *err = outcome->failed;
        return outcome->failed_rc;
    }
    return S1_OK;
}

static s1_operation_link describe(const s1_operation_job *job,
                                  char timeframe[static S1_TIMEFRAME_TEXT_MAX],
                                  char head[static S1_SHA256_HEX])
{
    const s1_link_stream *const primary = &job->link->streams.items[0];
    const size_t length = s1_timeframe_print(primary->need.timeframe, timeframe);
    s1_hex_print(job->result.sums.journal_head, S1_JOURNAL_HASH_SIZE, head);
    return (s1_operation_link){
        .link = job->link->id,
        .strategy = job->link->blueprint->blueprint_id,
        .environment = job->link->environment->environment_id,
        .asset_pair = primary->need.asset_pair,
        .timeframe = {timeframe, length},
        .currency = primary->instrument->quote,
        .initial_capital = job->link->environment->simulation.initial_capital,
        .is_complete = job->is_complete,
        .finish_reason = job->result.sums.finish_reason,
        .journal_head = s1_str_of(head),
        .run_id = job->result.run_id,
        .trades = job->trades,
        .error_code = s1_str_of(s1_error_name(job->rc)),
        .error = s1_str_of(job->err.msg),
        .record = &job->record,
    };
}

static s1_rc write_results(s1_operation *op, s1_err *err)
{
    const s1_operation_request *const request = op->request;
    const s1_config *const config = request->preparation->config;
    s1_operation_link *const links = calloc((size_t)op->job_count + 1, sizeof *links);
    char (*const frames)[S1_TIMEFRAME_TEXT_MAX] = calloc((size_t)op->job_count + 1, sizeof *frames);
    char (*const heads)[S1_SHA256_HEX] = calloc((size_t)op->job_count + 1, sizeof *heads);
    s1_duckdb *duckdb = NULL;
    s1_rc rc;
    if (links == NULL || frames == NULL || heads == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "results of %u links", op->job_count);
        goto out;
    }
    s1_operation_results results = {
        .name = s1_str_of(request->name),
        .display_name = config->operations.count > 0 ? config->operations.items[0]->display_name
                                                     : (s1_str){NULL, 0},
        .command = s1_str_of(request->command),
        .seed = request->seed,
        .links = links,
        .link_count = op->job_count,
        .has_shared_clock = op->has_shared_clock,
        .events = op->events,
        .event_count = op->event_count,
    };
    for (uint32_t i = 0; i < op->job_count; i++) {
        links[i] = describe(&op->jobs[i], frames[i], heads[i]);
        if (op->jobs[i].is_complete) {
            results.config_hash = s1_str_of(op->jobs[i].result.config_hash);
            results.binary_hash = s1_str_of(op->jobs[i].result.binary_hash);
        }
    }
    S1_TRY_GOTO(err, rc, out, s1_duckdb_new(NULL, &duckdb, err));
    results.duckdb = duckdb;
    S1_TRY_GOTO(err, rc, out, s1_operation_results_write(&results, request->fs, op->partial, err));
out:
    s1_duckdb_free(duckdb);
    free(links);
    free(frames);
    free(heads);
    return rc;
}

bool s1_operation_shares_clock(const s1_preparation *preparation)
{
    const s1_operation_config *const operation =
        preparation->link_count > 0 ? preparation->links[0].link->operation : NULL;
    return operation != NULL && (s1_portfolio_rules_any(&operation->risk_policy.portfolio_rules) ||
                                 operation->risk_policy.event_responses.count > 0);
}

static s1_rc run_all(s1_operation *op, s1_operation_outcome *outcome, s1_err *err)
{
    const s1_operation_request *const request = op->request;
    S1_TRY(err, s1_fs_remove_tree(request->fs, op->partial, err)); /* of one that was killed */
    S1_TRY(err, s1_fs_mkdir(request->fs, op->partial, err));
    op->has_folder = true;
    S1_TRY(err, prepare_jobs(op, err));
    if (op->has_shared_clock) {
        S1_TRY(err, s1_operation_run_in_step(op, err));
    } else {
        run_side_by_side(op);
    }
    S1_TRY(err, judge(op, outcome, err));
    S1_TRY(err, write_results(op, err));
    return s1_fs_publish_folder(request->fs, op->partial, request->results_dir, err);
}

s1_rc s1_operation_run(const s1_operation_request *request, s1_operation_outcome *ret_outcome,
                       s1_err *err)
{
    char path[S1_PATH_MAX], what[S1_PATH_MAX + 32];
    s1_operation op = {.request = request,
                       .has_shared_clock = s1_operation_shares_clock(request->preparation)};
    if (op.has_shared_clock) {
        op.policy = &request->preparation->links[0].link->operation->risk_policy;
    }
    s1_operation_outcome outcome = {.failed = S1_ERR_INIT};
    s1_folder_lock *lock = NULL;
    const int length = snprintf(op.partial, sizeof op.partial, "%s.partial", request->results_dir);
    if (length < 0 || (size_t)length >= sizeof op.partial) {
        return S1_RAISE(err, S1_E_RANGE, "results folder: the path is too long");
    }
    (void)snprintf(path, sizeof path, "%s.lock", request->results_dir); /* fits: as partial */
    (void)snprintf(what, sizeof what, "results folder '%s'", request->results_dir);
    S1_TRY(err, s1_folder_lock_new(request->fs, path, what, &lock, err));
    const s1_rc rc = run_all(&op, &outcome, err);
    s1_operation_clock_done(&op);
    if (rc != S1_OK && op.has_folder) {
        s1_err ignored = S1_ERR_INIT; /* the first failure is what counts */
        (void)!s1_fs_remove_tree(request->fs, op.partial, &ignored);
    }
    s1_folder_lock_free(lock);
    for (uint32_t i = 0; op.jobs != NULL && i < op.job_count; i++) {
        s1_link_record_done(&op.jobs[i].record);
    }
    free(op.jobs);
    if (rc == S1_OK) {
        *ret_outcome = outcome;
    }
    return rc;
}
