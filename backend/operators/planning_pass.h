/* backend/operators/planning_pass.h - from a signal to a routed plan, or to a reason why not.
 *
 * For each signal of the tick a TradeID is minted and one plan record goes through the planning
 * workers: entry_planning, exit_planning, size_planning, order_routing. After each worker the host
 * checks that it wrote its own phase's block only. A refusal is journaled OPPORTUNITY_REJECTED with
 * its stage; a plan that comes through is journaled PLAN_CREATED with what each step changed.
 *
 * Stage of a refusal: the phase (entry, exit, size, routing); a refusal in entry_planning that
 * names a threat is a governor's. A plan that comes out without price, quantity or order type is
 * refused in the phase that owed it, code PLAN_INCOMPLETE.
 */
#ifndef S1_BACKEND_OPERATORS_PLANNING_PASS_H
#define S1_BACKEND_OPERATORS_PLANNING_PASS_H

#include "backend/core/decision_journal.h"
#include "backend/dtos/execution/plan_list.h"
#include "backend/operators/base_operator.h"

#define S1_PLAN_STEPS_MAX 32u

/* X(NAME, text): where planning may refuse. */
#define S1_PLAN_STAGE_MAP(X)                                                                       \
    X(GOVERNOR, "governor")                                                                        \
    X(ENTRY, "entry")                                                                              \
    X(EXIT, "exit")                                                                                \
    X(SIZE, "size")                                                                                \
    X(ROUTING, "routin"                                                                            \
               "g")
enum s1_plan_stage {
#define X(name, text) S1_STAGE_##name,
    S1_PLAN_STAGE_MAP(X)
#undef X
        S1_STAGE_COUNT
};

typedef struct s1_planning_pass {
    s1_base_operator *op; /* manages PlanningWorkers */
    s1_journal *journal;
    const s1_id_source *ids;
    s1_plan_list plans; /* of this tick */
    s1_plan current;
    s1_verdict verdict;
    s1_plan_step steps[S1_PLAN_STEPS_MAX];
    uint32_t step_count;
    uint64_t rejected[S1_STAGE_COUNT]; /* of the run, by enum s1_plan_stage */
} s1_planning_pass;

/* Plans every signal; pass->plans holds what came through. Errors: a worker's failure under policy
 * stop, S1_E_PLUGIN for one that wrote another phase's block. */
S1_WARN_UNUSED s1_rc s1_planning_pass_run(s1_planning_pass *pass, const s1_signal_list *signals,
                                          s1_err *err);

#endif /* S1_BACKEND_OPERATORS_PLANNING_PASS_H */
