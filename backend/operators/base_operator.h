/* backend/operators/base_operator.h - one operator for all five worker types: data, no subclass.
 *
 * An operator runs its workers in blueprint order by two strategies of operators.yaml:
 *
 *   SEQUENTIAL   one by one; a worker sees what earlier ones found in this tick; the first failure
 *                ends the pass
 *   PARALLEL     isolated: no worker sees another's output of this tick, and a failure is dealt
 * with after all have run. Isolation and order, not threads (ARCHITECTURE §12.6) EVENT_DRIVEN only
 * the workers that listen to the trigger at hand
 *
 *   CHAIN_THROUGH  each works on what the one before left (context columns, the plan)
 *   COLLECT_ALL    results are gathered, in blueprint order
 *   NONE           side effects only
 *
 * Which combinations make sense is a table (s1_operator_cell_reason); the others were refused when
 * the configuration was read. The kernel knows no bus: services/operators binds it.
 */
#ifndef S1_BACKEND_OPERATORS_BASE_OPERATOR_H
#define S1_BACKEND_OPERATORS_BASE_OPERATOR_H

#include "backend/core/signal_book.h"
#include "backend/core/threat_book.h"
#include "backend/core/worker.h"
#include "backend/dtos/enums.h"
#include "backend/utils/clock.h"

/* A worker in its operator. */
typedef struct s1_operator_worker {
    s1_worker *worker;
    uint32_t order;    /* in the whole blueprint; part of the ids it mints */
    uint32_t triggers; /* execution: bit per enum s1_trigger */
    uint64_t calls;    /* --profile */
    s1_nanos time;     /* --profile: host time inside the worker */
} s1_operator_worker;

typedef struct s1_base_operator {
    s1_str operator_id;
    int32_t manages;             /* enum s1_worker_type */
    int32_t execution;           /* enum s1_execution_strategy */
    int32_t aggregation;         /* enum s1_aggregation_strategy */
    int32_t on_failure;          /* enum s1_failure_policy */
    s1_operator_worker *workers; /* blueprint order */
    uint32_t worker_count;
    uint32_t triggers;   /* execution: those of all its workers */
    s1_context *context; /* whose signals and threats lists it shows to its workers */
    s1_signal_book *signals;
    s1_threat_book *threats;
    const s1_clock *clock; /* measures each call; NULL: not profiled */
    uint64_t failures;     /* skipped ones */
    /* An isolated pass: the first failure, kept until all have had their turn. */
    const s1_operator_worker *failed; /* NULL: none */
    s1_rc failed_rc;
    s1_err failed_err;
} s1_base_operator;

/* What a pass is about, for the types whose process function takes more than the context. */
typedef struct s1_operator_pass {
    /* Planning. */
    const s1_signal *signal;
    s1_plan *plan;
    s1_verdict *verdict;
    /* Planning: hears after each worker. An error ends the pass. */
    s1_rc (*on_step)(void *self, const s1_operator_worker *worker, s1_err *err);
    void *self;
    /* Execution: `input` with its trigger, and the orders the worker may give. */
    const s1_execution_input *input;
    s1_rc (*orders_for)(void *self, const s1_worker *worker, const s1_order_api **ret_orders,
                        s1_err *err);
} s1_operator_pass;

/* Runs the workers whose turn it is. `pass` may be NULL for context, opportunity and threat.
 * A failing worker: policy stop gives S1_E_PLUGIN naming worker, tick and reason; policy skip goes
 * on without it and raises a SYSTEM_HEALTH threat WORKER_FAILED (what it had emitted before is in
 * the journal and stands). A failure of the run itself met in a sink (S1_E_IO, S1_E_NO_MEMORY for a
 * limit, S1_E_CANCELED) ends it under either policy, with its own code. A planning pass ends at the
 * first refusal or failure; a planning worker whose inputs do not exist yet refuses, code
 * INPUTS_NOT_READY. */
S1_WARN_UNUSED s1_rc s1_base_operator_run(s1_base_operator *op, const s1_operator_pass *pass,
                                          s1_err *err);

/* Context workers that all have enrich_range (backend/assembly/range_check.h): each makes the rows
 * of its stream that it has not made yet, in one call. Failures as above, of the newest tick. */
S1_WARN_UNUSED s1_rc s1_base_operator_run_rows(s1_base_operator *op, s1_err *err);

/* Whether any of its execution workers listens to a trigger: no pass is worth making for others. */
static inline bool s1_base_operator_listens(const s1_base_operator *op, int32_t trigger)
{
    return (op->triggers >> trigger & 1u) != 0;
}

#endif /* S1_BACKEND_OPERATORS_BASE_OPERATOR_H */
