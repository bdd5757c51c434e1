#include "backend/operators/base_operator.h"

#include "backend/utils/assert.h"

#include <math.h>
#include <string.h>

static const s1_signal_list no_signals = {.size = sizeof no_signals, .stride = sizeof(s1_signal)};
static const s1_threat_list no_threats = {.size = sizeof no_threats,
                                          .stride = sizeof(s1_threat_episode)};

static const s1_operator_pass no_pass; /* of types that look at the context alone */

/* One call of the one process function of the worker's type. */
static inline s1_rc invoke(s1_base_operator *op, const s1_operator_worker *item,
                           const s1_operator_pass *pass, s1_err *err)
{
    s1_worker *const worker = item->worker;
    const s1_context *const context = op->context;
    switch (op->manages) {
    case S1_WORKER_CONTEXT:
        return worker->ops->enrich(worker->self, context, err);
    case S1_WORKER_OPPORTUNITY:
        op->signals->worker = worker;
        op->signals->order = item->order;
        return worker->ops->detect(worker->self, context, &op->signals->sink, err);
    case S1_WORKER_THREAT:
        op->threats->worker = worker;
        op->threats->order = item->order;
        return worker->ops->assess(worker->self, context, &op->threats->sink, err);
    case S1_WORKER_PLANNING:
        return worker->ops->plan(worker->self, context, pass->signal, &op->threats->list,
                                 pass->plan, pass->verdict, err);
    default: {
        const s1_order_api *orders;
        S1_TRY(err, pass->orders_for(pass->self, worker, &orders, err));
        return worker->ops->execute(worker->self, context, pass->input, orders, err);
    }
    }
}

__attribute__((noinline)) static s1_rc invoke_timed(s1_base_operator *op, s1_operator_worker *item,
                                                    const s1_operator_pass *pass, s1_err *err)
{
    const s1_nanos start = s1_clock_monotonic(op->clock);
    const s1_rc rc = invoke(op, item, pass, err);
    item->time += s1_clock_monotonic(op->clock) - start;
    item->calls++;
    return rc;
}

/* A worker does no I/O and sets no limit: such a failure is the run's own, met in a sink it called
 * (the journal cannot be written, limits of platform.yaml). No policy may skip it. */
static bool is_of_the_run(s1_rc rc)
{
    return rc == S1_E_IO || rc == S1_E_NO_MEMORY || rc == S1_E_CANCELED;
}

/* What a failure becomes under the operator's policy. `err` holds the worker's own words. */
static s1_rc answer_failure(s1_base_operator *op, const s1_operator_worker *item, s1_rc rc,
                            s1_err *err)
{
    const char *const words = err != NULL ? err->msg : "";
    if (is_of_the_run(rc)) {
        return S1_RAISE(err, rc, "in tick %llu, in a call of worker %.*s: %s",
                        (unsigned long long)op->context->tick,
                        S1_STR_ARG(item->worker->instance_id), words);
    }
    if (op->on_failure == S1_FAILURE_SKIP) {
        op->failures++;
        char message[sizeof err->msg];
        (void)snprintf(message, sizeof message, "%s", words);
        return s1_threat_book_report_platform(op->threats, S1_STR("WORKER_FAILED"),
                                              item->worker->instance_id,
                                              (s1_str){message, strlen(message)}, err);
    }
    return S1_RAISE(err, S1_E_PLUGIN, "worker %.*s failed in tick %llu: %s",
                    S1_STR_ARG(item->worker->instance_id), (unsigned long long)op->context->tick,
                    words);
}

/* Sets what workers see of each other, as the execution strategy says. */
static inline void show(s1_base_operator *op)
{
    const bool sees = op->execution == S1_EXECUTION_SEQUENTIAL;
    op->context->signals =
        sees && op->manages == S1_WORKER_OPPORTUNITY ? &op->signals->list : &no_signals;
    op->context->threats =
        sees && op->manages == S1_WORKER_THREAT ? &op->threats->list : &no_threats;
}

/* What a worker's failure does to the pass; S1_OK goes on. */
__attribute__((noinline, cold)) static s1_rc take_failure(s1_base_operator *op,
                                                          const s1_operator_worker *item, s1_rc rc,
                                                          s1_err *err)
{
    if (op->on_failure == S1_FAILURE_SKIP || op->execution != S1_EXECUTION_PARALLEL ||
        is_of_the_run(rc)) {
        return answer_failure(op, item, rc, err);
    }
    if (op->failed == NULL) { /* the others still get their turn */
        op->failed = item;
        op->failed_rc = rc;
        if (err != NULL) {
            op->failed_err = *err;
        }
    }
    return S1_OK;
}

/* The end of an isolated pass in which somebody failed. */
__attribute__((noinline, cold)) static s1_rc tell_failure(s1_base_operator *op, s1_err *err)
{
    const s1_operator_worker *const failed = op->failed;
    op->failed = NULL;
    if (err != NULL) {
        *err = op->failed_err;
    }
    return answer_failure(op, failed, op->failed_rc, err);
}

static inline s1_rc end_pass(s1_base_operator *op, s1_err *err)
{
    return __builtin_expect(op->failed == NULL, 1) ? S1_OK : tell_failure(op, err);
}

static s1_rc hear_step(const s1_operator_worker *item, const s1_operator_pass *pass, s1_err *err)
{
    return pass->on_step == NULL ? S1_OK : pass->on_step(pass->self, item, err);
}

/* A phase whose inputs do not exist yet cannot be left out: a plan without its governor or its stop
 * would pass for a whole one. */
static s1_rc refuse_unready(const s1_operator_worker *item, const s1_operator_pass *pass,
                            s1_err *err)
{
    s1_verdict_reject(pass->verdict, S1_STR("INPUTS_NOT_READY"), (double)NAN, (double)NAN);
    return hear_step(item, pass, err);
}

/* One worker's turn and what follows from it. */
static inline s1_rc take_turn(s1_base_operator *op, s1_operator_worker *item,
                              const s1_operator_pass *pass, s1_err *err)
{
    const s1_rc rc = __builtin_expect(op->clock == NULL, 1) ? invoke(op, item, pass, err)
                                                            : invoke_timed(op, item, pass, err);
    return __builtin_expect(rc == S1_OK, 1) ? S1_OK : take_failure(op, item, rc, err);
}

static s1_rc run_planning(s1_base_operator *op, const s1_operator_pass *pass, s1_err *err)
{
    const uint64_t failures = op->failures;
    for (uint32_t i = 0; i < op->worker_count; i++) {
        s1_operator_worker *const item = &op->workers[i];
        if (!s1_worker_is_ready(item->worker)) {
            return refuse_unready(item, pass, err);
        }
        S1_TRY(err, take_turn(op, item, pass, err));
        S1_TRY(err, hear_step(item, pass, err));
        if (op->failures != failures || pass->verdict->is_rejected) {
            break; /* nobody builds on half a plan */
        }
    }
    return end_pass(op, err);
}

static s1_rc run_execution(s1_base_operator *op, const s1_operator_pass *pass, s1_err *err)
{
    for (uint32_t i = 0; i < op->worker_count; i++) {
        if ((op->workers[i].triggers >> pass->input->trigger & 1u) != 0) {
            S1_TRY(err, take_turn(op, &op->workers[i], pass, err));
        }
    }
    return end_pass(op, err);
}

static s1_rc run_context(s1_base_operator *op, const s1_operator_pass *pass, s1_err *err)
{
    (void)pass;
    for (uint32_t i = 0; i < op->worker_count; i++) {
        s1_operator_worker *const item = &op->workers[i];
        if (s1_worker_is_due(item->worker)) {
            S1_TRY(err, take_turn(op, item, &no_pass, err));
            s1_worker_seal_columns(item->worker); /* also of one that failed and was skipped */
        }
    }
    return end_pass(op, err);
}

static s1_rc make_rows(const s1_base_operator *op, s1_operator_worker *item, s1_err *err)
{
    const s1_worker *const worker = item->worker;
    const uint64_t first = worker->columns[0]->column.written;
    const uint64_t count = worker->stream->rows - first;
    if (count == 0) {
        return S1_OK;
    }
    const s1_nanos start = op->clock != NULL ? s1_clock_monotonic(op->clock) : 0;
    const s1_rc rc = worker->ops->enrich_range(worker->self, first, count, err);
    if (op->clock != NULL) {
        item->time += s1_clock_monotonic(op->clock) - start;
        item->calls++;
    }
    return rc;
}

s1_rc s1_base_operator_run_rows(s1_base_operator *op, s1_err *err)
{
    S1_ASSERT(op->manages == S1_WORKER_CONTEXT);
    for (uint32_t i = 0; i < op->worker_count; i++) {
        s1_operator_worker *const item = &op->workers[i];
        const s1_rc rc = make_rows(op, item, err);
        if (rc != S1_OK) {
            S1_TRY(err, take_failure(op, item, rc, err));
        }
        s1_worker_seal_columns(item->worker);
    }
    return end_pass(op, err);
}

static s1_rc run_detectors(s1_base_operator *op, const s1_operator_pass *pass, s1_err *err)
{
    (void)pass;
    show(op);
    for (uint32_t i = 0; i < op->worker_count; i++) {
        if (s1_worker_is_ready(op->workers[i].worker)) {
            S1_TRY(err, take_turn(op, &op->workers[i], &no_pass, err));
        }
    }
    return end_pass(op, err);
}

s1_rc s1_base_operator_run(s1_base_operator *op, const s1_operator_pass *pass, s1_err *err)
{
    /* Each type's way of going through its workers; the call is the last thing done here. */
    static s1_rc (*const run[])(s1_base_operator *, const s1_operator_pass *, s1_err *) = {
        [S1_WORKER_CONTEXT] = run_context,     [S1_WORKER_OPPORTUNITY] = run_detectors,
        [S1_WORKER_THREAT] = run_detectors,    [S1_WORKER_PLANNING] = run_planning,
        [S1_WORKER_EXECUTION] = run_execution,
    };
    return run[op->manages](op, pass, err);
}
