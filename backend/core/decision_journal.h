/* backend/core/decision_journal.h - what the pipeline decided, as journal entries.
 *
 * One function per kind of decision; each asks the journal whether the kind is kept before it does
 * any work. What stands in the details: docs/journal.md.
 */
#ifndef S1_BACKEND_CORE_DECISION_JOURNAL_H
#define S1_BACKEND_CORE_DECISION_JOURNAL_H

#include "backend/core/journal.h"
#include "backend/core/worker.h"
#include "s1mple/pipeline.h"

/* OPPORTUNITY_DETECTED with the worker's conditions and input columns as of this bar. */
S1_WARN_UNUSED s1_rc s1_decision_journal_detected(s1_journal *journal, const s1_context *context,
                                                  const s1_worker *worker, const s1_signal *signal,
                                                  s1_err *err);

/* THREAT_DETECTED or THREAT_UPDATED (`kind`). */
S1_WARN_UNUSED s1_rc s1_decision_journal_threat(s1_journal *journal, int32_t kind,
                                                const s1_context *context, const s1_threat *threat,
                                                const s1_threat_report *report, s1_err *err);

/* THREAT_CLEARED. */
S1_WARN_UNUSED s1_rc s1_decision_journal_cleared(s1_journal *journal, const s1_context *context,
                                                 const s1_threat *threat, uint64_t duration_bars,
                                                 s1_err *err);

/* One step of planning: which worker changed what. */
typedef struct s1_plan_step {
    const s1_worker *worker;
    s1_plan before, after;
} s1_plan_step;

/* PLAN_CREATED. */
S1_WARN_UNUSED s1_rc s1_decision_journal_plan(s1_journal *journal, const s1_context *context,
                                              const s1_plan *plan, const s1_plan_step *steps,
                                              uint32_t step_count, s1_err *err);

/* OPPORTUNITY_REJECTED by a planning worker; `worker` NULL for the platform itself. */
S1_WARN_UNUSED s1_rc s1_decision_journal_refused(s1_journal *journal, const s1_context *context,
                                                 const s1_worker *worker, s1_str stage,
                                                 s1_opportunity_id opportunity_id,
                                                 s1_trade_id trade_id, const s1_verdict *verdict,
                                                 s1_err *err);

/* One check of the gate: passed if actual <= limit. */
typedef struct s1_gate_check {
    s1_str code;
    s1_dec limit, actual;
    bool is_passed;
    s1_threat_id threat_id; /* of a refusal a threat caused */
} s1_gate_check;

/* OPPORTUNITY_APPROVED with all checks. */
S1_WARN_UNUSED s1_rc s1_decision_journal_approved(s1_journal *journal, const s1_context *context,
                                                  const s1_plan *plan, const s1_gate_check *checks,
                                                  uint32_t check_count, s1_err *err);

/* OPPORTUNITY_REJECTED, stage gate, by the check that failed. */
S1_WARN_UNUSED s1_rc s1_decision_journal_gate_refused(s1_journal *journal,
                                                      const s1_context *context,
                                                      const s1_plan *plan,
                                                      const s1_gate_check *failed, s1_err *err);

#endif /* S1_BACKEND_CORE_DECISION_JOURNAL_H */
