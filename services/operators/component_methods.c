/* What the components of a run offer to wirings: the bridge from events to the bus-free kernel. */
#include "services/operators/run_internal.h"

#include <string.h>

/* Collects what the order manager changed; the ledger's view is the payload if it did. */
static const void *ledger_if_changed(s1_run_orchestrator *run)
{
    const uint32_t changes = s1_order_manager_take_changes(run->parts->orders);
    run->changes |= changes;
    return changes != 0 ? &run->parts->ledger->view : NULL;
}

static s1_rc match_orders(void *self, const void *const *payloads, const void **ret_result,
                          s1_err *err)
{
    s1_run_orchestrator *const run = self;
    (void)payloads;
    S1_TRY(err, run->parts->environment.match(run->parts->environment.self, err));
    *ret_result = ledger_if_changed(run);
    return S1_OK;
}

static s1_rc run_context(void *self, const void *const *payloads, const void **ret_result,
                         s1_err *err)
{
    s1_run_orchestrator *const run = self;
    S1_TRY(err, s1_base_operator_run(&run->parts->operators[S1_WORKER_CONTEXT], NULL, err));
    *ret_result = payloads[0];
    return S1_OK;
}

static s1_rc run_opportunity(void *self, const void *const *payloads, const void **ret_result,
                             s1_err *err)
{
    s1_run_orchestrator *const run = self;
    (void)payloads;
    S1_TRY(err, s1_base_operator_run(&run->parts->operators[S1_WORKER_OPPORTUNITY], NULL, err));
    *ret_result = &run->parts->signals.list;
    return S1_OK;
}

static s1_rc run_threat(void *self, const void *const *payloads, const void **ret_result,
                        s1_err *err)
{
    s1_run_orchestrator *const run = self;
    (void)payloads;
    S1_TRY(err, s1_base_operator_run(&run->parts->operators[S1_WORKER_THREAT], NULL, err));
    S1_TRY(err, s1_threat_book_close_tick(&run->parts->threats, err));
    *ret_result = &run->parts->threats.list;
    return S1_OK;
}

static s1_rc orders_for(void *self, const s1_worker *worker, const s1_order_api **ret_orders,
                        s1_err *err)
{
    s1_run_orchestrator *const run = self;
    (void)err;
    run->executing = worker;
    *ret_orders = &run->order_api;
    return S1_OK;
}

static s1_rc execute(s1_run_orchestrator *run, int32_t trigger, const s1_plan *directive,
                     const s1_signal_list *signals, const s1_threat_list *threats, s1_err *err)
{
    s1_base_operator *const op = &run->parts->operators[S1_WORKER_EXECUTION];
    const s1_execution_input input = {.size = sizeof input,
                                      .trigger = trigger,
                                      .directive = directive,
                                      .signals = signals,
                                      .threats = threats};
    const s1_operator_pass pass = {.input = &input, .orders_for = orders_for, .self = run};
    run->directive = directive;
    const s1_rc rc = s1_base_operator_run(op, &pass, err);
    run->directive = NULL;
    return rc;
}

/* Gives each trigger in the mask its pass: safety first, then what changed, then the new bar. */
static s1_rc manage_triggers(s1_run_orchestrator *run, uint32_t due, const s1_signal_list *signals,
                             const s1_threat_list *threats, s1_err *err)
{
    static const int32_t order[] = {S1_ON_THREAT_DETECTED,  S1_ON_POSITION_CLOSED,
                                    S1_ON_POSITION_OPENED,  S1_ON_LEDGER_UPDATE,
                                    S1_ON_SIGNAL_GENERATED, S1_ON_CONTEXT_READY};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if ((due >> order[i] & 1u) != 0) {
            S1_TRY(err, execute(run, order[i], NULL, signals, threats, err));
        }
    }
    return S1_OK;
}

/* Exits and position management, before anything new is planned. */
static s1_rc manage_positions(void *self, const void *const *payloads, const void **ret_result,
                              s1_err *err)
{
    s1_run_orchestrator *const run = self;
    const s1_signal_list *const signals = payloads[0];
    const s1_threat_list *const threats = payloads[1];
    const s1_base_operator *const op = &run->parts->operators[S1_WORKER_EXECUTION];
    const uint32_t changes = run->changes;
    run->changes = 0;
    /* Whose turn it would be, as a mask; most ticks nobody listens to any of it. */
    const uint32_t due = 1u << S1_ON_CONTEXT_READY |
                         (uint32_t)(threats->count > 0) << S1_ON_THREAT_DETECTED |
                         (uint32_t)(signals->count > 0) << S1_ON_SIGNAL_GENERATED |
                         (uint32_t)(changes != 0) << S1_ON_LEDGER_UPDATE |
                         (uint32_t)((changes & S1_LEDGER_OPENED) != 0) << S1_ON_POSITION_OPENED |
                         (uint32_t)((changes & S1_LEDGER_CLOSED) != 0) << S1_ON_POSITION_CLOSED;
    if ((due & op->triggers) != 0) {
        S1_TRY(err, manage_triggers(run, due & op->triggers, signals, threats, err));
    }
    *ret_result = ledger_if_changed(run);
    return S1_OK;
}

static s1_rc run_planning(void *self, const void *const *payloads, const void **ret_result,
                          s1_err *err)
{
    s1_run_orchestrator *const run = self;
    const s1_signal_list *const signals = payloads[0];
    S1_TRY(err, s1_planning_pass_run(&run->parts->planning, signals, err));
    *ret_result = run->parts->planning.plans.count > 0 ? &run->parts->planning.plans : NULL;
    return S1_OK;
}

static s1_rc approve(void *self, const void *const *payloads, const void **ret_result, s1_err *err)
{
    s1_run_orchestrator *const run = self;
    S1_TRY(err, s1_portfolio_supervisor_judge(&run->supervisor, payloads[0], err));
    *ret_result = run->supervisor.approved.count > 0 ? &run->supervisor.approved : NULL;
    return S1_OK;
}

static s1_rc execute_plans(void *self, const void *const *payloads, const void **ret_result,
                           s1_err *err)
{
    s1_run_orchestrator *const run = self;
    const s1_plan_list *const directives = payloads[0];
    for (uint32_t i = 0; i < directives->count; i++) {
        S1_TRY(err, execute(run, S1_ON_PLAN_APPROVED, &directives->items[i],
                            &run->parts->signals.list, &run->parts->threats.list, err));
    }
    *ret_result = ledger_if_changed(run);
    return S1_OK;
}

static s1_rc record_signals(void *self, const void *const *payloads, const void **ret_result,
                            s1_err *err)
{
    const s1_run_orchestrator *const run = self;
    const s1_signal_list *const signals = payloads[0];
    *ret_result = NULL;
    return s1_context_recorder_signals(run->parts->recorder, signals, run->parts->signals.emitters,
                                       err);
}

static s1_rc record_plans(void *self, const void *const *payloads, const void **ret_result,
                          s1_err *err)
{
    const s1_run_orchestrator *const run = self;
    *ret_result = NULL;
    return s1_context_recorder_plans(run->parts->recorder, S1_STR("PlanningOperator"), payloads[0],
                                     err);
}

/* --- Orders, as execution workers see them. ------------------------------------------------- */

static s1_rc api_submit(void *self, const s1_plan *directive, s1_err *err)
{
    s1_run_orchestrator *const run = self;
    if (run->directive == NULL ||
        memcmp(&run->directive->trade_id, &directive->trade_id, sizeof directive->trade_id) != 0) {
        return S1_RAISE(err, S1_E_DENIED,
                        "submit: only the directive just approved may be sent, and once");
    }
    const s1_plan *const approved = run->directive;
    run->directive = NULL;
    return s1_order_manager_submit(run->parts->orders, approved, run->executing->instance_id, err);
}

static s1_rc api_modify_stop(void *self, s1_trade_id trade_id, s1_dec price, s1_err *err)
{
    s1_run_orchestrator *const run = self;
    return s1_order_manager_modify_stop(run->parts->orders, trade_id, price,
                                        run->executing->instance_id, err);
}

static s1_rc api_close(void *self, s1_trade_id trade_id, const s1_close_request *request,
                       s1_err *err)
{
    s1_run_orchestrator *const run = self;
    return s1_order_manager_close(run->parts->orders, trade_id, request,
                                  run->executing->instance_id, err);
}

static s1_rc api_cancel_entry(void *self, s1_trade_id trade_id, s1_str reason, s1_err *err)
{
    s1_run_orchestrator *const run = self;
    return s1_order_manager_cancel_entry(run->parts->orders, trade_id, reason, err);
}

static s1_rc api_amend_entry(void *self, s1_trade_id trade_id, const s1_entry_change *change,
                             s1_err *err)
{
    s1_run_orchestrator *const run = self;
    s1_plan plan;
    s1_dec held;
    S1_TRY(err,
           s1_order_manager_changed_plan(run->parts->orders, trade_id, change, &plan, &held, err));
    S1_TRY(err, s1_portfolio_supervisor_judge_change(&run->supervisor, &plan, held, err));
    return s1_order_manager_amend_entry(run->parts->orders, trade_id, change,
                                        run->executing->instance_id, err);
}

/* --- The table. ---------------------------------------------------------------------------- */

void s1_component_methods(s1_component_method methods[static S1_COMPONENT_METHODS])
{
    static const s1_component_method table[S1_COMPONENT_METHODS] = {
        {"ExecutionEnvironment",
         "match_orders",
         {"MarketSnapshot"},
         "LedgerState",
         NULL,
         match_orders,
         NULL},
        {"ContextOperator",
         "run_pipeline",
         {"TradingContext"},
         "TradingContext",
         NULL,
         run_context,
         NULL},
        {"OpportunityOperator",
         "run_pipeline",
         {"TradingContext"},
         "List[Signal]",
         NULL,
         run_opportunity,
         NULL},
        {"ThreatOperator",
         "run_pipeline",
         {"TradingContext"},
         "List[CriticalEvent]",
         NULL,
         run_threat,
         NULL},
        {"ExecutionOperator",
         "manage_positions",
         {"List[Signal]", "List[CriticalEvent]"},
         "LedgerState",
         NULL,
         manage_positions,
         NULL},
        {"PlanningOperator",
         "run_pipeline",
         {"List[Signal]", "List[CriticalEvent]"},
         "List[RoutedTradePlan]",
         NULL,
         run_planning,
         NULL},
        {S1_PORTFOLIO_SUPERVISOR,
         "approve",
         {"List[RoutedTradePlan]"},
         "List[ExecutionDirective]",
         NULL,
         approve,
         NULL},
        {"ExecutionOperator",
         "run_pipeline",
         {"List[ExecutionDirective]"},
         "LedgerState",
         NULL,
         execute_plans,
         NULL},
        {S1_CONTEXT_RECORDER, "record_signals", {"List[Signal]"}, NULL, NULL, record_signals, NULL},
        {S1_CONTEXT_RECORDER,
         "record_plans",
         {"List[RoutedTradePlan]"},
         NULL,
         NULL,
         record_plans,
         NULL},
        {S1_AGGREGATE_VIEW, "update", {"PortfolioState"}, "AggregateMetrics", NULL, NULL, NULL},
        {S1_PORTFOLIO_SUPERVISOR,
         "judge_portfolio",
         {"AggregateMetrics"},
         "ShutdownSignal",
         NULL,
         NULL,
         NULL},
    };
    memcpy(methods, table, sizeof table);
}

void s1_run_bind_methods(s1_run_orchestrator *run)
{
    s1_component_methods(run->methods);
    for (size_t i = 0; i < S1_COMPONENT_METHODS; i++) {
        run->methods[i].self = run;
        if (run->methods[i].invoke == run_planning) { /* most ticks have nothing to plan */
            run->methods[i].only_with = &run->parts->signals.list.count;
        }
    }
    run->order_api = (s1_order_api){.size = sizeof run->order_api,
                                    .self = run,
                                    .submit = api_submit,
                                    .modify_stop = api_modify_stop,
                                    .close = api_close,
                                    .cancel_entry = api_cancel_entry,
                                    .amend_entry = api_amend_entry};
}
