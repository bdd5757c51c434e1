/* The links of an operation on one simulated clock, ties by link order. One moment:
 *
 *   open   every link with a bar: resting orders match, the ledger is marked;
 *          PortfolioStateChanged on the operation's bus, and with the last of them
 *          AggregatePortfolioUpdated, on which PortfolioSupervisor judges the portfolio rules
 *   shut   if it asked for ShutdownRequested: threats, cancels, gates
 *   close  every link's workers have their turn
 *   end    the aggregate takes how the ledgers ended; runs that are over leave
 *
 * One thread: what a link sees of the others is the same whatever the machine does. */
#include "services/operators/operation_internal.h"

#include <stdlib.h>

#define PROGRESS_MOMENTS 1024u

/* --- One link. ------------------------------------------------------------------------------ */

void s1_operation_fail(s1_operation_job *job, s1_rc rc, const s1_err *cause)
{
    job->rc = rc;
    job->err = *cause;
    s1_backtest_abandon(job->backtest, cause);
    job->backtest = NULL;
    job->run = NULL;
    job->is_open = job->is_tick = false;
}

static s1_rc open_run(s1_operation_job *job, s1_err *err)
{
    S1_TRY(err, s1_backtest_open(&job->request, &job->backtest, err));
    job->run = s1_backtest_orchestrator(job->backtest);
    return S1_OK;
}

static s1_rc begin_run(s1_operation_job *job, s1_err *err)
{
    return s1_run_orchestrator_begin(job->run, err);
}

static s1_portfolio_state state_of(const s1_operation_job *job)
{
    const s1_components *const parts = s1_run_orchestrator_parts(job->run);
    return s1_portfolio_state_of(&parts->ledger->view, s1_ledger_exposure(parts->ledger),
                                 job->index, job->operation->now);
}

/* What waits for a tick is done in the first there is; later wishes add to earlier ones. */
static void keep_pending(s1_operation_job *job, const s1_run_action *action)
{
    if (!job->has_pending) {
        job->pending = *action;
        job->pending.cancels_entries = false; /* done at once */
        job->has_pending = true;
        return;
    }
    job->pending.closes |= action->closes;
    job->pending.moves_to_breakeven |= action->moves_to_breakeven;
    job->pending.reduce_pct = s1_dec_max(job->pending.reduce_pct, action->reduce_pct);
}

s1_rc s1_operation_act(s1_operation_job *job, const s1_run_action *action, s1_err *err)
{
    const bool needs_bar =
        action->closes || action->moves_to_breakeven || !s1_dec_is_zero(action->reduce_pct);
    S1_TRY(err, s1_run_orchestrator_act(job->run, action, err));
    if (needs_bar && !job->is_tick) {
        keep_pending(job, action);
    }
    return S1_OK;
}

/* --- A moment. ------------------------------------------------------------------------------ */

static s1_rc open_job(s1_operation_job *job, s1_err *err)
{
    S1_TRY(err, s1_run_orchestrator_open(job->run, &job->is_tick, err));
    job->is_open = true;
    if (!job->is_tick) {
        return S1_OK;
    }
    const s1_components *const parts = s1_run_orchestrator_parts(job->run);
    if (job->operation->correlations != NULL) {
        s1_correlation_matrix_close(job->operation->correlations, job->index,
                                    s1_series_last(&parts->context->view.primary->close));
    }
    return S1_OK;
}

/* PortfolioStateChanged of every link whose ledger was marked; the last completes the sum. */
static s1_rc tell_states(s1_operation *op, bool is_judging, s1_err *err)
{
    op->is_judging = is_judging;
    op->states_left = 0;
    for (uint32_t i = 0; i < op->job_count; i++) {
        op->states_left += op->jobs[i].is_tick;
    }
    for (uint32_t i = 0; i < op->job_count; i++) {
        if (op->jobs[i].is_tick) {
            op->states[i] = state_of(&op->jobs[i]);
            S1_TRY(err, s1_bus_publish(op->bus, op->state_changed, &op->states[i], err));
        }
    }
    return s1_bus_drain(op->bus, err);
}

/* Calls a step for every link it is meant for; one that fails is out. */
static void for_open_jobs(s1_operation *op, s1_rc (*step)(s1_operation_job *, s1_err *))
{
    for (uint32_t i = 0; i < op->job_count; i++) {
        s1_operation_job *const job = &op->jobs[i];
        s1_err cause = S1_ERR_INIT;
        if (job->run != NULL && job->is_open) {
            const s1_rc rc = step(job, &cause);
            if (rc != S1_OK) {
                s1_operation_fail(job, rc, &cause);
            }
        }
    }
}

static s1_rc prepare_turn(s1_operation_job *job, s1_err *err)
{
    return job->is_tick ? s1_operation_report(job, err) : S1_OK;
}

static s1_rc close_job(s1_operation_job *job, s1_err *err)
{
    if (job->is_tick && job->has_pending) {
        job->has_pending = false;
        S1_TRY(err, s1_run_orchestrator_act(job->run, &job->pending, err));
    }
    S1_TRY(err, s1_run_orchestrator_close(job->run, err));
    return s1_operation_notify(job, err);
}

/* Is the run over, and why? */
static bool is_over(const s1_operation_job *job, s1_str *ret_reason)
{
    const s1_components *const parts = s1_run_orchestrator_parts(job->run);
    const bool is_flat = parts->ledger->view.position_count == 0 && !job->has_pending;
    if (job->is_shut && parts->row_count > 0 && (!job->closes_all || is_flat)) {
        *ret_reason = S1_STR("MAX_DRAWDOWN_BREACHED");
        return true;
    }
    if (s1_run_orchestrator_next(job->run) == INT64_MAX) {
        *ret_reason = job->is_shut ? S1_STR("MAX_DRAWDOWN_BREACHED") : S1_STR("END_OF_DATA");
        return true;
    }
    return false;
}

static void leave_if_over(s1_operation_job *job)
{
    s1_str reason;
    s1_run_sums sums = {0};
    s1_err cause = S1_ERR_INIT;
    if (job->run == NULL || !is_over(job, &reason)) {
        return;
    }
    s1_rc rc = s1_run_orchestrator_end(job->run, reason, &sums, &cause);
    if (rc != S1_OK) {
        s1_operation_fail(job, rc, &cause);
        return;
    }
    const s1_nanos began = s1_clock_monotonic(job->operation->request->clock);
    rc = s1_backtest_complete(job->backtest, &sums, &job->result, &cause);
    job->operation->writing_time +=
        s1_clock_monotonic(job->operation->request->clock) - began + job->result.read_time;
    job->backtest = NULL;
    job->run = NULL;
    job->rc = rc;
    job->err = cause;
    job->is_complete = rc == S1_OK;
}

static s1_rc end_moment(s1_operation *op, s1_err *err)
{
    S1_TRY(err, tell_states(op, false, err));
    S1_TRY(err, s1_aggregate_portfolio_end_moment(op->view, err));
    for (uint32_t i = 0; i < op->job_count; i++) {
        leave_if_over(&op->jobs[i]);
        op->jobs[i].is_open = op->jobs[i].is_tick = false;
    }
    return S1_OK;
}

static s1_rc run_moment(s1_operation *op, s1_err *err)
{
    for (uint32_t i = 0; i < op->job_count; i++) {
        s1_operation_job *const job = &op->jobs[i];
        job->is_open = job->run != NULL && s1_run_orchestrator_next(job->run) == op->now;
    }
    S1_TRY(err, s1_bus_begin_tick(op->bus, (uint64_t)op->now, err));
    for_open_jobs(op, open_job);
    if (op->correlations != NULL) {
        s1_correlation_matrix_end_moment(op->correlations);
    }
    S1_TRY(err, tell_states(op, true, err));
    if (op->breach.is_due) {
        op->breach.is_due = false;
        S1_TRY(err, s1_operation_shut(op, err));
    }
    for_open_jobs(op, prepare_turn);
    for_open_jobs(op, close_job);
    return end_moment(op, err);
}

/* --- All of them. --------------------------------------------------------------------------- */

static bool is_canceled(const s1_operation *op)
{
    for (uint32_t i = 0; i < op->job_count; i++) {
        if (op->jobs[i].rc == S1_E_CANCELED) {
            return true;
        }
    }
    return false;
}

/* Lets whoever watches see the clock, and stops where they want it. */
static s1_rc report(const s1_operation *op, uint64_t moments, s1_err *err)
{
    const s1_operation_request *const request = op->request;
    if (request->on_progress != NULL) {
        const s1_run_progress progress = {.done = moments, .simulated = op->now};
        request->on_progress(request->user, "run", &progress);
    }
    return request->is_stopping != NULL && atomic_load(request->is_stopping)
               ? S1_RAISE(err, S1_E_CANCELED, "stopped on request after %llu moments",
                          (unsigned long long)moments)
               : S1_OK;
}

static s1_rc drive(s1_operation *op, s1_err *err)
{
    for (uint64_t moments = 0;; moments++) {
        s1_nanos next = INT64_MAX;
        for (uint32_t i = 0; i < op->job_count; i++) {
            if (op->jobs[i].run != NULL) {
                const s1_nanos own = s1_run_orchestrator_next(op->jobs[i].run);
                next = own < next ? own : next;
            }
        }
        if (next == INT64_MAX || is_canceled(op)) {
            return S1_OK;
        }
        op->now = next;
        if (moments % PROGRESS_MOMENTS == 0) {
            S1_TRY(err, report(op, moments, err));
        }
        S1_TRY(err, run_moment(op, err));
    }
}

static s1_rc make_books(s1_operation *op, s1_err *err)
{
    s1_aggregate_link *const links =
        s1_arena_array(&op->arena, s1_aggregate_link, (size_t)op->job_count + 1);
    op->states = s1_arena_array(&op->arena, s1_portfolio_state, (size_t)op->job_count + 1);
    if (links == NULL || op->states == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u links", op->job_count);
    }
    for (uint32_t i = 0; i < op->job_count; i++) {
        const s1_link *const link = op->jobs[i].link;
        links[i] = (s1_aggregate_link){link->streams.items[0].instrument->quote,
                                       link->environment->simulation.initial_capital};
    }
    S1_TRY(err, s1_aggregate_portfolio_new(links, op->job_count, &op->view, err));
    const s1_portfolio_rules *const rules = &op->policy->portfolio_rules;
    if (rules->has_max_correlated_positions) {
        S1_TRY(err, s1_correlation_matrix_new(op->job_count, (uint32_t)rules->correlation_window,
                                              &op->correlations, err));
    }
    for (uint32_t i = 0; i < op->job_count; i++) {
        s1_operation_job *const job = &op->jobs[i];
        job->gate = (s1_portfolio_gate){
            .rules = rules,
            .aggregate = s1_aggregate_portfolio_of_link(op->view, i),
            .count_correlated = s1_operation_count_correlated,
            .self = op,
            .link = i,
        };
        job->heard_until = INT64_MIN;
        job->request.gate = &job->gate;
        job->request.on_threats = s1_operation_hear;
    }
    return S1_OK;
}

s1_rc s1_operation_run_in_step(s1_operation *op, s1_err *err)
{
    s1_arena_init(&op->arena, 64u << 20, 0);
    S1_TRY(err, make_books(op, err));
    S1_TRY(err, s1_operation_bind(op, err));
    for (uint32_t i = 0; i < op->job_count; i++) {
        s1_err cause = S1_ERR_INIT;
        const s1_rc rc = open_run(&op->jobs[i], &cause);
        if (rc != S1_OK) {
            s1_operation_fail(&op->jobs[i], rc, &cause);
        }
        op->jobs[i].is_open = rc == S1_OK;
    }
    const s1_nanos began = s1_clock_monotonic(op->request->clock);
    for_open_jobs(op, begin_run);
    for (uint32_t i = 0; i < op->job_count; i++) {
        leave_if_over(&op->jobs[i]); /* nothing but warm-up */
    }
    S1_TRY(err, drive(op, err));
    op->engine_time = s1_clock_monotonic(op->request->clock) - began - op->writing_time;
    return s1_aggregate_portfolio_check(op->view, err);
}

void s1_operation_clock_done(s1_operation *op)
{
    for (uint32_t i = 0; op->jobs != NULL && i < op->job_count; i++) {
        s1_backtest_abandon(op->jobs[i].backtest, NULL);
        op->jobs[i].backtest = NULL;
    }
    s1_bus_free(op->bus);
    for (uint32_t i = 0; i < op->adapter_count; i++) {
        s1_event_adapter_free(op->adapters[i]);
    }
    s1_aggregate_portfolio_free(op->view);
    s1_correlation_matrix_free(op->correlations);
    free(op->events);
    if (op->has_shared_clock) {
        s1_arena_done(&op->arena);
    }
}
