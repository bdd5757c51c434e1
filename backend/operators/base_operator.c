#include "backend/operators/base_operator.h"

#include "backend/utils/assert.h"

#include <math.h>
#include <string.h>

static const s1_signal_list no_signals = {.size = sizeof no_signals, .stride = sizeof(s1_signal)};
static const s1_threat_list no_threats = {.size = sizeof no_threats,
                                          .stride = sizeof(s1_threat_episode)};

/* One call of the one process function of the worker's type. */
static s1_rc invoke(s1_base_operator *op, const s1_operator_worker *item,
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

static s1_rc invoke_timed(s1_base_operator *op, s1_operator_worker *item,
                          const s1_operator_pass *pass, s1_err *err)
{
    if (op->clock == NULL) {
        return invoke(op, item, pass, err);
    }
    const s1_nanos start = s1_clock_monotonic(op->clock);
    const s1_rc rc = invoke(op, item, pass, err);
    item->time += s1_clock_monotonic(op->clock) - start;
    item->calls++;
    return rc;
}

static bool is_due(const s1_base_operator *op, const s1_operator_worker *item,
                   const s1_operator_pass *pass)
{
    if (op->manages == S1_WORKER_CONTEXT) {
        return s1_worker_is_due(item->worker);
    }
    if (op->manages == S1_WORKER_EXECUTION) {
        return (item->triggers >> pass->input->trigger & 1u) != 0;
    }
    return s1_worker_is_ready(item->worker);
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
static void show(s1_base_operator *op)
{
    const bool sees = op->execution == S1_EXECUTION_SEQUENTIAL;
    op->context->signals =
        sees && op->manages == S1_WORKER_OPPORTUNITY ? &op->signals->list : &no_signals;
    op->context->threats =
        sees && op->manages == S1_WORKER_THREAT ? &op->threats->list : &no_threats;
}

/* A failure while others of an isolated pass still have their turn: kept until all have run. */
typedef struct kept_failure {
    const s1_operator_worker *item; /* NULL: none */
    s1_rc rc;
    s1_err err;
} kept_failure;

/* What a worker's failure does to the pass; S1_OK goes on. */
static s1_rc take_failure(s1_base_operator *op, const s1_operator_worker *item, s1_rc rc,
                          kept_failure **kept, kept_failure *room, s1_err *err)
{
    if (op->on_failure == S1_FAILURE_SKIP || op->execution != S1_EXECUTION_PARALLEL ||
        is_of_the_run(rc)) {
        return answer_failure(op, item, rc, err);
    }
    if (*kept == NULL) {
        room->item = item;
        room->rc = rc;
        if (err != NULL) {
            room->err = *err;
        }
        *kept = room;
    }
    return S1_OK;
}

/* A phase whose inputs do not exist yet cannot be left out: a plan without its governor or its stop
 * would pass for a whole one. */
static s1_rc refuse_unready(const s1_operator_worker *item, const s1_operator_pass *pass,
                            s1_err *err)
{
    s1_verdict_reject(pass->verdict, S1_STR("INPUTS_NOT_READY"), (double)NAN, (double)NAN);
    return pass->on_step == NULL ? S1_OK : pass->on_step(pass->self, item, err);
}

s1_rc s1_base_operator_run(s1_base_operator *op, const s1_operator_pass *pass, s1_err *err)
{
    kept_failure room; /* large, and written only when a worker fails */
    kept_failure *kept = NULL;
    show(op);
    for (uint32_t i = 0; i < op->worker_count; i++) {
        s1_operator_worker *const item = &op->workers[i];
        if (!is_due(op, item, pass)) {
            if (op->manages == S1_WORKER_PLANNING) {
                return refuse_unready(item, pass, err);
            }
            continue;
        }
        const s1_rc rc = invoke_timed(op, item, pass, err);
        if (op->manages == S1_WORKER_CONTEXT) {
            s1_worker_seal_columns(item->worker);
        }
        if (__builtin_expect(rc != S1_OK, 0)) {
            S1_TRY(err, take_failure(op, item, rc, &kept, &room, err));
        }
        if (op->manages == S1_WORKER_PLANNING) {
            if (pass->on_step != NULL) {
                S1_TRY(err, pass->on_step(pass->self, item, err));
            }
            if (rc != S1_OK || pass->verdict->is_rejected) {
                break; /* nobody builds on half a plan */
            }
        }
    }
    if (kept != NULL) {
        if (err != NULL) {
            *err = kept->err;
        }
        return answer_failure(op, kept->item, kept->rc, err);
    }
    return S1_OK;
}
