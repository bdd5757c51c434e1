/* The rules over all links of an operation (risk_policy.portfolio_rules) and its answers to threats
 * (event_responses). What each means: docs/operation.md. */
#include "backend/utils/uid.h"
#include "services/operators/operation_internal.h"

#include <stdlib.h>
#include <string.h>

#define DRAWDOWN_EVENT    "MAX_DRAWDOWN_BREACHED"
#define STRATEGY_EVENT    "STRATEGY_DRAWDOWN_EXCEEDED"
#define REASON_MAX        47u /* of a close in the journal */
#define MESSAGE_BYTES_MAX 4096u
#define MINUTE            (60 * S1_NANOS_PER_SECOND)

/* --- The operation's bus. ------------------------------------------------------------------- */

/* AggregatePortfolioView.update: with the last state of an opened moment the sum is complete. */
static s1_rc update(void *self, const void *const *payloads, const void **ret_result, s1_err *err)
{
    s1_operation *const op = self;
    S1_TRY(err, s1_aggregate_portfolio_update(op->view, payloads[0], err));
    op->states_left--;
    uint32_t count;
    *ret_result = op->is_judging && op->states_left == 0
                      ? s1_aggregate_portfolio_metrics(op->view, &count)
                      : NULL;
    return S1_OK;
}

/* PortfolioSupervisor.judge_portfolio: the first currency whose drawdown is above the limit. */
static s1_rc judge_portfolio(void *self, const void *const *payloads, const void **ret_result,
                             s1_err *err)
{
    s1_operation *const op = self;
    const s1_portfolio_rules *const rules = &op->policy->portfolio_rules;
    const s1_aggregate_metrics *const sums = payloads[0];
    uint32_t count;
    (void)err;
    (void)s1_aggregate_portfolio_metrics(op->view, &count);
    *ret_result = NULL;
    if (!rules->has_max_total_drawdown_pct || op->breach.is_done) {
        return S1_OK;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (s1_dec_cmp(sums[i].drawdown_pct, rules->max_total_drawdown_pct) > 0) {
            op->breach.currency = sums[i].currency;
            op->breach.limit = rules->max_total_drawdown_pct;
            op->breach.actual = sums[i].drawdown_pct;
            op->breach.is_done = true;
            *ret_result = &op->breach;
            return S1_OK;
        }
    }
    return S1_OK;
}

/* ShutdownRequested: done when the bus is drained, and every link has opened the moment. */
static s1_rc on_shutdown(void *self, uint32_t event, const void *payload, s1_err *err)
{
    s1_operation *const op = self;
    (void)event;
    (void)payload;
    (void)err;
    op->breach.is_due = true;
    return S1_OK;
}

static void offer_methods(s1_operation *op)
{
    s1_component_methods(op->methods);
    for (size_t i = 0; i < S1_COMPONENT_METHODS; i++) {
        s1_component_method *const method = &op->methods[i];
        const bool is_view = strcmp(method->component, S1_AGGREGATE_VIEW) == 0;
        const bool is_judge = strcmp(method->method, "judge_portfolio") == 0;
        method->self = op;
        method->invoke = is_view ? update : is_judge ? judge_portfolio : NULL;
    }
}

static s1_rc subscribe_shutdown(s1_operation *op, s1_err *err)
{
    const uint32_t event = s1_bus_event(op->bus, S1_STR("ShutdownRequested"));
    if (event == S1_EVENT_NONE) {
        return S1_OK; /* nothing can be published as it then */
    }
    const s1_bus_subscription subscription = {.event = event, .handler = on_shutdown, .self = op};
    return s1_bus_subscribe(op->bus, &subscription, err);
}

s1_rc s1_operation_bind(s1_operation *op, s1_err *err)
{
    const s1_config *const config = op->request->preparation->config;
    offer_methods(op);
    S1_TRY(err, s1_chain_from_config(config, op->methods, &op->arena, &op->chain, err));
    op->event_names = s1_arena_array(&op->arena, s1_str, (size_t)op->chain.event_count + 1);
    op->adapters =
        s1_arena_array(&op->arena, s1_event_adapter *, (size_t)op->chain.wiring_count + 1);
    if (op->event_names == NULL || op->adapters == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u wirings", op->chain.wiring_count);
    }
    for (uint32_t i = 0; i < op->chain.event_count; i++) {
        op->event_names[i] = op->chain.events[i].name;
    }
    uint32_t queue_max = 16;
    while (queue_max < 4 * op->job_count) {
        queue_max *= 2;
    }
    S1_TRY(err, s1_bus_new(op->event_names, op->chain.event_count, queue_max, &op->bus, err));
    for (uint32_t i = 0; i < op->chain.wiring_count; i++) {
        const s1_wiring *const wiring = &op->chain.wirings[i];
        const s1_component_method *const method = s1_chain_method(&op->chain, wiring);
        if (method == NULL || method->invoke == NULL) {
            continue; /* on the buses of the runs */
        }
        S1_TRY(err, s1_event_adapter_new(op->bus, op->chain.events, wiring, method,
                                         &op->adapters[op->adapter_count], err));
        op->adapter_count++;
    }
    op->state_changed = s1_bus_event(op->bus, S1_STR("PortfolioStateChanged"));
    if (op->state_changed == S1_EVENT_NONE) {
        return S1_RAISE(err, S1_E_INVALID,
                        "event_map.yaml must list PortfolioStateChanged: the rules over several "
                        "links are judged on it");
    }
    S1_TRY(err, subscribe_shutdown(op, err));
    return s1_bus_seal(op->bus, err);
}

/* --- Correlated positions. ------------------------------------------------------------------ */

static uint32_t together(const s1_ledger_view *ledger, double correlation, int32_t direction,
                         double threshold)
{
    uint32_t count = fabs(correlation) >= threshold ? ledger->pending_entries : 0;
    for (uint32_t i = 0; i < ledger->position_count; i++) {
        const bool is_same = s1_ledger_position(ledger, i)->direction == direction;
        count += (is_same ? correlation : -correlation) >= threshold;
    }
    return count;
}

uint32_t s1_operation_count_correlated(void *self, uint32_t link, int32_t direction)
{
    const s1_operation *const op = self;
    const double threshold = op->policy->portfolio_rules.correlation_threshold;
    uint32_t count = 0;
    for (uint32_t i = 0; i < op->job_count; i++) {
        const s1_operation_job *const job = &op->jobs[i];
        double correlation = 1.0;
        if (job->run == NULL) {
            continue;
        }
        const bool is_same_market =
            s1_str_eq(job->link->streams.items[0].need.asset_pair,
                      op->jobs[link].link->streams.items[0].need.asset_pair);
        if (is_same_market || s1_correlation_matrix_get(op->correlations, link, i, &correlation)) {
            count += together(&s1_run_orchestrator_parts(job->run)->ledger->view, correlation,
                              direction, threshold);
        }
    }
    return count;
}

/* --- Events. -------------------------------------------------------------------------------- */

static const s1_event_response *response_to(const s1_operation *op, s1_str event)
{
    for (uint32_t i = 0; i < op->policy->event_responses.count; i++) {
        if (s1_str_eq(op->policy->event_responses.items[i].event_type, event)) {
            return &op->policy->event_responses.items[i];
        }
    }
    return NULL;
}

/* The message with {strategy_name} filled in; empty where there is none. */
static s1_rc message_of(s1_operation *op, const s1_event_response *response, s1_str name,
                        s1_str *ret_message, s1_err *err)
{
    static const s1_str slot = {"{strategy_name}", sizeof("{strategy_name}") - 1};
    s1_strbuf text;
    s1_str rest = response != NULL ? response->notification_message : (s1_str){NULL, 0};
    s1_strbuf_init(&text, MESSAGE_BYTES_MAX);
    while (rest.len > 0) {
        if (s1_str_starts_with(rest, slot)) {
            s1_strbuf_str(&text, name);
            rest = s1_str_slice(rest, slot.len, rest.len);
        } else {
            s1_strbuf_char(&text, rest.ptr[0]);
            rest = s1_str_slice(rest, 1, rest.len);
        }
    }
    s1_rc rc = s1_strbuf_check(&text, err);
    const char *const copy =
        rc == S1_OK ? s1_arena_copy_cstr(&op->arena, s1_strbuf_view(&text)) : NULL;
    s1_strbuf_done(&text);
    S1_TRY(err, rc);
    *ret_message = copy != NULL ? s1_str_of(copy) : (s1_str){NULL, 0};
    return S1_OK;
}

/* The actions as operation.json names them. */
static s1_rc actions_of(s1_operation *op, const s1_event_response *response, bool is_shutdown,
                        s1_str *ret_text, s1_err *err)
{
    const struct {
        bool is_set;
        const char *name;
    } actions[] = {
        {is_shutdown, "shutdown"},
        {response != NULL && response->has_block_new_signals_min, "block_new_signals_min"},
        {response != NULL && response->close_strategy_positions, "close_strategy_positions"},
        {response != NULL && response->move_sl_to_breakeven_strategy,
         "move_sl_to_breakeven_strategy"},
        {response != NULL && response->has_reduce_position_size_pct_strategy,
         "reduce_position_size_pct_strategy"},
        {is_shutdown || (response != NULL && response->cancel_entry_orders_strategy),
         "cancel_entry_orders_strategy"},
        {response != NULL && response->close_all_portfolio_positions,
         "close_all_portfolio_positions"},
        {response != NULL && response->cancel_all_entry_orders_portfolio,
         "cancel_all_entry_orders_portfolio"},
        {response != NULL && response->notification_message.len > 0, "notification_message"},
    };
    s1_strbuf text;
    s1_strbuf_init(&text, MESSAGE_BYTES_MAX);
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (actions[i].is_set) {
            s1_strbuf_cstr_add(&text, text.len > 0 ? ", " : "");
            s1_strbuf_cstr_add(&text, actions[i].name);
        }
    }
    const char *const copy = s1_arena_copy_cstr(&op->arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an event of the operation");
    }
    *ret_text = s1_str_of(copy);
    return S1_OK;
}

/* A line of operation.json; *ret_ids [job_count] is to be filled in. */
static s1_rc note_event(s1_operation *op, const s1_rule_event *event, s1_uid **ret_ids, s1_err *err)
{
    if (op->event_count == op->event_room) {
        const size_t room = op->event_room * 2 + 16;
        s1_rule_event *const grown = realloc(op->events, room * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu events of the operation", room);
        }
        op->events = grown;
        op->event_room = room;
    }
    s1_uid *const ids = s1_arena_array(&op->arena, s1_uid, (size_t)op->job_count + 1);
    if (ids == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an event of %u links", op->job_count);
    }
    memset(ids, 0, ((size_t)op->job_count + 1) * sizeof *ids);
    op->events[op->event_count] = *event;
    op->events[op->event_count++].threat_ids = ids;
    *ret_ids = ids;
    return S1_OK;
}

/* What a response makes one link do. `is_own`: the event is its own, or everybody's. */
static s1_run_action action_of(const s1_event_response *response, s1_str event,
                               s1_threat_id threat_id, bool is_own)
{
    s1_run_action action = {
        .reason = event.len <= REASON_MAX ? event : S1_STR("EVENT_RESPONSE"),
        .threat_id = threat_id,
        .closes = response->close_all_portfolio_positions,
        .cancels_entries = response->cancel_all_entry_orders_portfolio,
    };
    if (is_own) {
        action.closes |= response->close_strategy_positions;
        action.cancels_entries |= response->cancel_entry_orders_strategy;
        action.moves_to_breakeven = response->move_sl_to_breakeven_strategy;
        action.reduce_pct = response->reduce_position_size_pct_strategy;
    }
    return action;
}

/* --- Threats of the operation. -------------------------------------------------------------- */

/* A limit that is broken, as a threat of the link. */
static s1_rc report_limit(s1_operation_job *job, s1_str event, s1_str subject, s1_dec limit,
                          s1_dec actual, s1_threat_id *ret_id, s1_err *err)
{
    char texts[2][S1_DEC_TEXT_MAX];
    const size_t lengths[] = {s1_dec_print(limit, texts[0]), s1_dec_print(actual, texts[1])};
    const s1_field details[] = {
        S1_FIELD_TEXT("subject", subject),
        S1_FIELD_TEXT("limit_pct", ((s1_str){texts[0], lengths[0]})),
        S1_FIELD_TEXT("actual_pct", ((s1_str){texts[1], lengths[1]})),
    };
    const s1_threat_report report = {.size = sizeof report,
                                     .severity = S1_SEVERITY_CRITICAL,
                                     .key = S1_STR("portfolio"),
                                     .threat_type = event,
                                     .details = details,
                                     .detail_count = 3};
    return s1_run_orchestrator_report(job->run, job->operation->now, &report, ret_id, err);
}

static s1_rc shut_job(s1_operation_job *job, const s1_event_response *response, s1_uid *ret_id,
                      s1_err *err)
{
    s1_operation *const op = job->operation;
    const s1_str event = S1_STR(DRAWDOWN_EVENT);
    s1_threat_id threat_id;
    S1_TRY(err, report_limit(job, event, op->breach.currency, op->breach.limit, op->breach.actual,
                             &threat_id, err));
    *ret_id = threat_id.uid;
    job->gate.stop = (s1_gate_check){.code = S1_STR("MAX_TOTAL_DRAWDOWN"),
                                     .limit = op->breach.limit,
                                     .actual = op->breach.actual,
                                     .threat_id = threat_id};
    job->is_shut = true;
    S1_TRY(err, s1_run_orchestrator_shut(job->run, err));
    s1_run_action action = {.reason = event, .threat_id = threat_id};
    if (response != NULL) {
        action = action_of(response, event, threat_id, true);
    }
    action.cancels_entries = true;
    job->closes_all = action.closes;
    return s1_operation_act(job, &action, err);
}

s1_rc s1_operation_shut(s1_operation *op, s1_err *err)
{
    const s1_event_response *const response = response_to(op, S1_STR(DRAWDOWN_EVENT));
    s1_rule_event event = {.time = op->now,
                           .event = S1_STR(DRAWDOWN_EVENT),
                           .currency = op->breach.currency,
                           .limit = op->breach.limit,
                           .actual = op->breach.actual};
    s1_uid *ids;
    S1_TRY(err, message_of(op, response, s1_str_of(op->request->name), &event.message, err));
    S1_TRY(err, actions_of(op, response, true, &event.actions, err));
    S1_TRY(err, note_event(op, &event, &ids, err));
    for (uint32_t i = 0; i < op->job_count; i++) {
        s1_operation_job *const job = &op->jobs[i];
        s1_err cause = S1_ERR_INIT;
        if (job->run == NULL) {
            continue;
        }
        s1_rc rc = shut_job(job, response, &ids[i], &cause);
        if (rc == S1_OK && event.message.len > 0) {
            rc = s1_run_orchestrator_alert(job->run, DRAWDOWN_EVENT, event.message.ptr, &cause);
        }
        if (rc != S1_OK) {
            s1_operation_fail(job, rc, &cause);
        }
    }
    return S1_OK;
}

/* The drawdown of the link itself, if somebody answers to it. */
static s1_rc report_strategy(s1_operation_job *job, s1_err *err)
{
    const s1_strategy_rules *const rules = job->link->rules;
    const s1_ledger_view *const ledger = &s1_run_orchestrator_parts(job->run)->ledger->view;
    if (rules == NULL || !rules->has_max_drawdown_pct ||
        response_to(job->operation, S1_STR(STRATEGY_EVENT)) == NULL) {
        return S1_OK;
    }
    s1_dec fall, actual;
    s1_threat_id ignored;
    S1_TRY(err, s1_dec_sub(ledger->equity_peak, ledger->equity, &fall, err));
    S1_TRY(err, s1_dec_mul_div(fall, s1_dec_from_int(100), ledger->equity_peak, S1_ROUND_UP,
                               &actual, err));
    return s1_dec_cmp(actual, rules->max_drawdown_pct) > 0
               ? report_limit(job, S1_STR(STRATEGY_EVENT), job->link->id, rules->max_drawdown_pct,
                              actual, &ignored, err)
               : S1_OK;
}

s1_rc s1_operation_report(s1_operation_job *job, s1_err *err)
{
    const s1_operation *const op = job->operation;
    if (job->is_shut) { /* the episode goes on until the run ends */
        s1_threat_id ignored;
        S1_TRY(err, report_limit(job, S1_STR(DRAWDOWN_EVENT), op->breach.currency, op->breach.limit,
                                 op->breach.actual, &ignored, err));
    }
    return report_strategy(job, err);
}

/* --- Answers. ------------------------------------------------------------------------------- */

static void remember(s1_operation_job *job, s1_threat_id id, s1_nanos raised_at)
{
    if (job->answered_count < S1_ANSWERED_MAX) {
        job->answered[job->answered_count].id = id;
        job->answered[job->answered_count++].raised_at = raised_at;
    }
}

/* Was it raised since the link was heard last, and not answered yet? */
static bool is_new(const s1_operation_job *job, const s1_threat *threat)
{
    for (uint32_t i = 0; i < job->answered_count; i++) {
        if (s1_uid_eq(job->answered[i].id.uid, threat->threat_id.uid)) {
            return false;
        }
    }
    return threat->raised_at >= job->heard_until;
}

/* A threat of one link reaches another: as a threat of its own journal, where every id resolves. */
static s1_rc reach(s1_operation_job *job, const s1_operation_job *source, const s1_threat *threat,
                   const s1_event_response *response, s1_uid *ret_id, s1_err *err)
{
    const s1_field detail = S1_FIELD_TEXT("link", source->link->id);
    const s1_threat_report report = {.size = sizeof report,
                                     .severity = threat->severity,
                                     .key = S1_STR("other_link"),
                                     .threat_type = threat->threat_type,
                                     .details = &detail,
                                     .detail_count = 1};
    s1_threat_id id;
    S1_TRY(err, s1_run_orchestrator_report(job->run, job->operation->now, &report, &id, err));
    remember(job, id, job->operation->now);
    *ret_id = id.uid;
    s1_run_action action = action_of(response, response->event_type, id, false);
    const bool closes = action.closes;
    action.closes = false;
    S1_TRY(err, s1_run_orchestrator_act(job->run, &action, err));
    action.closes = closes;
    action.cancels_entries = false;
    if (closes && !job->has_pending) {
        job->pending = action;
        job->has_pending = true;
    } else if (closes) {
        job->pending.closes = true;
    }
    return S1_OK;
}

static s1_rc answer(s1_operation_job *job, const s1_threat *threat,
                    const s1_event_response *response, s1_err *err)
{
    s1_operation *const op = job->operation;
    s1_rule_event event = {.time = op->now, .event = response->event_type, .link = job->link->id};
    s1_uid *ids;
    S1_TRY(err, message_of(op, response, job->link->id, &event.message, err));
    S1_TRY(err, actions_of(op, response, false, &event.actions, err));
    S1_TRY(err, note_event(op, &event, &ids, err));
    ids[job->index] = threat->threat_id.uid;
    if (response->has_block_new_signals_min) {
        const s1_nanos until = op->now + response->block_new_signals_min * MINUTE;
        if (until > job->gate.blocked_until) {
            job->gate.blocked_until = until;
            job->gate.blocked_by = threat->threat_id;
        }
    }
    const s1_run_action action = action_of(response, response->event_type, threat->threat_id, true);
    S1_TRY(err, s1_run_orchestrator_act(job->run, &action, err));
    for (uint32_t i = 0; i < op->job_count; i++) {
        s1_operation_job *const other = &op->jobs[i];
        s1_err cause = S1_ERR_INIT;
        if (other == job || other->run == NULL ||
            (!response->close_all_portfolio_positions &&
             !response->cancel_all_entry_orders_portfolio)) {
            continue;
        }
        const s1_rc rc = reach(other, job, threat, response, &ids[i], &cause);
        if (rc != S1_OK) {
            s1_operation_fail(other, rc, &cause);
        }
    }
    return S1_OK;
}

s1_rc s1_operation_hear(void *self, const s1_threat_list *threats, s1_err *err)
{
    s1_operation_job *const job = self;
    const s1_nanos now = job->operation->now;
    for (uint32_t i = 0; i < threats->count; i++) {
        const s1_threat *const threat = s1_threat_list_at(threats, i);
        const s1_event_response *const response = response_to(job->operation, threat->threat_type);
        const bool is_ours = s1_uid_eq(threat->threat_id.uid, job->gate.stop.threat_id.uid);
        if (response != NULL && !is_ours && is_new(job, threat)) {
            remember(job, threat->threat_id, threat->raised_at);
            S1_TRY(err, answer(job, threat, response, err));
        }
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < job->answered_count; i++) {
        if (job->answered[i].raised_at >= now) {
            job->answered[kept++] = job->answered[i];
        }
    }
    job->answered_count = kept;
    job->heard_until = now;
    return S1_OK;
}

s1_rc s1_operation_notify(s1_operation_job *job, s1_err *err)
{
    const s1_operation *const op = job->operation;
    for (; job->told_count < op->event_count; job->told_count++) {
        const s1_rule_event *const event = &op->events[job->told_count];
        if (event->message.len > 0 && s1_str_eq(event->link, job->link->id)) {
            char code[64];
            (void)snprintf(code, sizeof code, "%.*s", S1_STR_ARG(event->event));
            S1_TRY(err, s1_run_orchestrator_alert(job->run, code, event->message.ptr, err));
        }
    }
    return S1_OK;
}
