/* services/operators/portfolio_supervisor.h - the gate between PlanReady and ExecutionApproved.
 *
 * The only writer of OPPORTUNITY_APPROVED. In order, the first check that fails refuses the plan:
 *
 *   SHORT_NOT_ALLOWED       a short without margin
 *   TICK_SIZE, LOT_SIZE     a price or the quantity is no multiple of the instrument's step
 *   STOP_SIDE, TARGET_SIDE  a stop on the profit's side of the entry, a target on the loss's
 *   MIN_QUANTITY, MIN_NOTIONAL  below the instrument's floors
 *   MAX_QUANTITY, MAX_NOTIONAL  above its ceilings
 *   PRICE_BAND              limit or trigger too far from the last close
 *   MAX_TOTAL_DRAWDOWN      the operation was stopped by its portfolio drawdown, percent
 *   SIGNALS_BLOCKED         an event response blocks new trades for this many minutes more
 *   MAX_DRAWDOWN            drawdown from the equity peak, percent, above max_drawdown_pct
 *   MAX_POSITION_SIZE       notional in percent of the equity above max_position_size_pct
 *   CAPITAL_ALLOCATION      capital held by open positions, pending entries and this plan (with
 *                           margin: their margin) above the allocation: the stricter of percentage
 *                           of the initial capital and max_quote_amount
 *   MAX_POSITION_SIZE_PER_STRATEGY  notional of all positions, pending entries (as what is held for
 *                           them) and this plan, in percent of the operation's equity
 *   CORRELATION_LIMIT       positions of all links that move together with this one, it included
 *   INSUFFICIENT_FUNDS      cost above the free cash, or above the free margin
 *
 * Reduce-only actions never come here. Plans of one tick are judged one after the other; the cost
 * of those approved before counts.
 */
#ifndef S1_SERVICES_OPERATORS_PORTFOLIO_SUPERVISOR_H
#define S1_SERVICES_OPERATORS_PORTFOLIO_SUPERVISOR_H

#include "backend/config/config.h"
#include "backend/core/aggregate_portfolio.h"
#include "backend/core/decision_journal.h"
#include "backend/core/order_manager.h"
#include "backend/dtos/execution/plan_list.h"

#define S1_GATE_CHECKS_MAX 16u

/* What the operation of a link adds to its gate (services/operators/portfolio_rules.h). Written by
 * the operation between the ticks of the link. */
typedef struct s1_portfolio_gate {
    const s1_portfolio_rules *rules;       /* NULL: none */
    const s1_aggregate_metrics *aggregate; /* of the link's currency */
    s1_gate_check stop;                    /* code empty: the operation goes on */
    s1_nanos blocked_until;
    s1_threat_id blocked_by;
    /* How many positions move together with one of `direction` of this link. NULL without rules. */
    uint32_t (*count_correlated)(void *self, uint32_t link, int32_t direction);
    void *self;
    uint32_t link;
} s1_portfolio_gate;

typedef struct s1_portfolio_supervisor {
    const s1_strategy_rules *rules;     /* NULL: the platform's own checks only */
    const s1_portfolio_gate *portfolio; /* NULL: no operation above the run has a say */
    bool is_allocated;                  /* the initial capital is the allocation */
    const s1_instrument *instrument;
    const s1_ledger *ledger;
    const s1_order_manager *orders;
    const s1_context *context;
    s1_journal *journal;
    s1_plan_list approved;                   /* of this tick; List[ExecutionDirective] */
    s1_dec approved_cost, approved_notional; /* of this tick */
    uint64_t approved_total, rejected_total;
    s1_gate_check checks[S1_GATE_CHECKS_MAX]; /* of the plan being judged */
    uint32_t check_count;
} s1_portfolio_supervisor;

/* Judges the plans of a tick; supervisor->approved holds those that pass. */
S1_WARN_UNUSED s1_rc s1_portfolio_supervisor_judge(s1_portfolio_supervisor *supervisor,
                                                   const s1_plan_list *plans, s1_err *err);

/* Judges what an entry order is to become, by all that its plan was judged by but the rules of
 * several positions; `held` is what is held for it now. S1_E_DENIED: code, limit and actual. */
S1_WARN_UNUSED s1_rc s1_portfolio_supervisor_judge_change(s1_portfolio_supervisor *supervisor,
                                                          const s1_plan *plan, s1_dec held,
                                                          s1_err *err);

#endif /* S1_SERVICES_OPERATORS_PORTFOLIO_SUPERVISOR_H */
