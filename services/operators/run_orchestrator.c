#include "services/operators/run_orchestrator.h"

#include "backend/assembly/range_check.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "services/operators/app_logger.h"
#include "services/operators/run_internal.h"

#include <stdlib.h>
#include <string.h>

#define RUN_ARENA_BYTES_MAX (64u << 20)
#define PROGRESS_TICKS      8192u
#define PROVING_ROWS_MIN    64u

const char *const s1_platform_events[] = {
    "StartStrategyRequested",
    "RunStarted",
    "BootstrapComplete",
    "MarketDataReceived",
    "ContextReady",
    "LedgerStateChanged",
    "JournalEntryLogged",
    "ShutdownRequested",
    "RunFinished",
    "BacktestCompleted",
    "AlertRaised",
    "PortfolioStateChanged",
    NULL,
};

/* --- The chain. ----------------------------------------------------------------------------- */

static void read_wiring(const s1_wiring_config *config, s1_wiring *ret_wiring)
{
    *ret_wiring = (s1_wiring){.adapter_id = config->adapter_id,
                              .priority = (int32_t)config->priority,
                              .component = config->invokes.component,
                              .method = config->invokes.method,
                              .is_deferred = config->defer == S1_DEFER_NEXT_TICK};
    for (uint32_t k = 0; k < config->listens_to.count && k < S1_WIRING_EVENTS_MAX; k++) {
        ret_wiring->listens_to[ret_wiring->listen_count++] = config->listens_to.items[k];
    }
    if (config->publishes_result_as.count > 0) {
        ret_wiring->publishes = config->publishes_result_as.items[0];
    }
}

s1_rc s1_chain_from_config(const s1_config *config, const s1_component_method *methods,
                           s1_arena *arena, s1_chain *ret_chain, s1_err *err)
{
    const uint32_t event_count = config->event_map.events.count;
    const uint32_t wiring_count = config->wiring_map.wirings.count;
    s1_event_spec *const events = s1_arena_array(arena, s1_event_spec, (size_t)event_count + 1);
    s1_wiring *const wirings = s1_arena_array(arena, s1_wiring, (size_t)wiring_count + 1);
    if (events == NULL || wirings == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an event chain of %u wirings", wiring_count);
    }
    for (uint32_t i = 0; i < event_count; i++) {
        events[i] = (s1_event_spec){config->event_map.events.items[i].event_name,
                                    config->event_map.events.items[i].payload_dto};
    }
    for (uint32_t i = 0; i < wiring_count; i++) {
        read_wiring(&config->wiring_map.wirings.items[i], &wirings[i]);
    }
    *ret_chain = (s1_chain){.events = events,
                            .event_count = event_count,
                            .wirings = wirings,
                            .wiring_count = wiring_count,
                            .methods = methods,
                            .method_count = S1_COMPONENT_METHODS,
                            .platform_events = s1_platform_events};
    return S1_OK;
}

/* Where a chain finding stands in the files. */
typedef struct chain_faults {
    const s1_config *config;
    s1_faults *faults;
} chain_faults;

static void report_finding(void *self, const s1_chain_finding *finding)
{
    const chain_faults *const report = self;
    const s1_source *const source =
        finding->wiring == UINT32_MAX
            ? &report->config->event_map.source
            : &report->config->wiring_map.wirings.items[finding->wiring].source;
    if (finding->is_error) {
        s1_faults_addf(report->faults, S1_FAULT_EVENT_CHAIN, source, finding->field, finding->found,
                       "%s", finding->expected);
    } else {
        s1_faults_warn(report->faults, S1_FAULT_EVENT_CHAIN, source, (s1_str){NULL, 0},
                       finding->found, s1_str_of(finding->expected), (s1_str){NULL, 0});
    }
}

/* A wiring of the operation's bus without which a rule would never be judged. */
static bool require_wiring(const s1_config *config, const char *component, const char *method,
                           const char *publishes, const char *rule, s1_faults *faults)
{
    for (uint32_t i = 0; i < config->wiring_map.wirings.count; i++) {
        const s1_wiring_config *const wiring = &config->wiring_map.wirings.items[i];
        if (s1_str_eq_cstr(wiring->invokes.component, component) &&
            s1_str_eq_cstr(wiring->invokes.method, method) &&
            wiring->publishes_result_as.count > 0 &&
            s1_str_eq_cstr(wiring->publishes_result_as.items[0], publishes)) {
            return true;
        }
    }
    s1_faults_addf(faults, S1_FAULT_EVENT_CHAIN, &config->wiring_map.source, "wirings",
                   (s1_str){NULL, 0}, "a wiring that invokes %s.%s and publishes %s: %s needs it",
                   component, method, publishes, rule);
    return false;
}

static void check_operations(const s1_config *config, s1_faults *faults)
{
    bool has_rules = false;
    bool has_drawdown = false;
    for (uint32_t i = 0; i < config->operations.count; i++) {
        const s1_portfolio_rules *const rules =
            &config->operations.items[i]->risk_policy.portfolio_rules;
        has_rules |= s1_portfolio_rules_any(rules);
        has_drawdown |= rules->has_max_total_drawdown_pct;
    }
    const bool is_fed =
        !has_rules || require_wiring(config, S1_AGGREGATE_VIEW, "update",
                                     "AggregatePortfolioUpdated", "portfolio_rules", faults);
    if (is_fed && has_drawdown) {
        (void)require_wiring(config, S1_PORTFOLIO_SUPERVISOR, "judge_portfolio",
                             "ShutdownRequested", "portfolio_rules.max_total_drawdown_pct", faults);
    }
}

s1_rc s1_chain_check(const s1_config *config, s1_arena *arena, s1_faults *faults, s1_err *err)
{
    s1_component_method methods[S1_COMPONENT_METHODS];
    s1_chain chain;
    s1_component_methods(methods);
    S1_TRY(err, s1_chain_from_config(config, methods, arena, &chain, err));
    chain_faults report = {config, faults};
    (void)s1_chain_validate(&chain, report_finding, &report);
    check_operations(config, faults);
    return S1_OK;
}

/* --- Building. ------------------------------------------------------------------------------ */

/* One line of the log per decision, if its profile has them; JournalEntryLogged, if anybody
 * listens. */
static s1_rc on_journal_entry(void *self, const s1_journal_notice *notice, s1_err *err)
{
    s1_run_orchestrator *const run = self;
    const s1_run_observer *const observer = run->options.observer;
    if (observer != NULL && observer->on_entry != NULL) {
        S1_TRY(err, observer->on_entry(observer->self, notice, err));
    }
    if (run->logs_decisions) {
        S1_TRY(err, s1_app_logger_entry(run->options.components.log, notice, err));
    }
    if (run->bus == NULL || !run->tells_journal) {
        return S1_OK;
    }
    void *memory; /* the bus delivers it later in the tick */
    S1_TRY(err, s1_text_pool_take(&run->parts->pool, sizeof *notice, &memory, err));
    s1_journal_notice *const kept = memory;
    *kept = *notice;
    S1_TRY(err, s1_text_pool_copy(&run->parts->pool, notice->line, &kept->line, err));
    return s1_run_publish(run, run->events.journal_entry, kept, err);
}

static bool is_listened_to(const s1_config *config, const char *event)
{
    for (uint32_t i = 0; i < config->wiring_map.wirings.count; i++) {
        const s1_text_list *const names = &config->wiring_map.wirings.items[i].listens_to;
        for (uint32_t k = 0; k < names->count; k++) {
            if (s1_str_eq_cstr(names->items[k], event)) {
                return true;
            }
        }
    }
    return false;
}

static void find_events(s1_run_orchestrator *run)
{
    const struct {
        uint32_t *number;
        s1_str name;
    } events[] = {
        {&run->events.market_data, S1_STR("MarketDataReceived")},
        {&run->events.context_ready, S1_STR("ContextReady")},
        {&run->events.ledger_changed, S1_STR("LedgerStateChanged")},
        {&run->events.journal_entry, S1_STR("JournalEntryLogged")},
        {&run->events.start_requested, S1_STR("StartStrategyRequested")},
        {&run->events.run_started, S1_STR("RunStarted")},
        {&run->events.bootstrap_complete, S1_STR("BootstrapComplete")},
        {&run->events.shutdown_requested, S1_STR("ShutdownRequested")},
        {&run->events.run_finished, S1_STR("RunFinished")},
        {&run->events.backtest_completed, S1_STR("BacktestCompleted")},
        {&run->events.alert_raised, S1_STR("AlertRaised")},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        *events[i].number = s1_bus_event(run->bus, events[i].name);
    }
}

static s1_rc on_completed(void *self, uint32_t event, const void *payload, s1_err *err)
{
    const s1_run_orchestrator *const run = self;
    (void)event;
    return run->options.on_completed.store(run->options.on_completed.self, run->parts, payload,
                                           err);
}

/* Results are stored when the run has ended: a subscription of the platform, no wiring. */
static s1_rc bind_results(s1_run_orchestrator *run, s1_err *err)
{
    if (run->options.on_completed.store == NULL) {
        return S1_OK;
    }
    if (run->events.backtest_completed == S1_EVENT_NONE) {
        return S1_RAISE(err, S1_E_INVALID,
                        "event_map.yaml must list BacktestCompleted: the results are stored on it");
    }
    const s1_bus_subscription subscription = {
        .event = run->events.backtest_completed, .handler = on_completed, .self = run};
    return s1_bus_subscribe(run->bus, &subscription, err);
}

static s1_rc on_ledger_changed(void *self, uint32_t event, const void *payload, s1_err *err)
{
    const s1_run_orchestrator *const run = self;
    (void)event;
    (void)payload;
    return run->options.on_ledger.changed(run->options.on_ledger.self, run->parts, err);
}

static s1_rc bind_ledger(s1_run_orchestrator *run, s1_err *err)
{
    if (run->options.on_ledger.changed == NULL) {
        return S1_OK;
    }
    if (run->events.ledger_changed == S1_EVENT_NONE) {
        return S1_RAISE(err, S1_E_INVALID,
                        "event_map.yaml must list LedgerStateChanged: an operation adds up its "
                        "ledgers on it");
    }
    const s1_bus_subscription subscription = {
        .event = run->events.ledger_changed, .handler = on_ledger_changed, .self = run};
    return s1_bus_subscribe(run->bus, &subscription, err);
}

static s1_rc on_threats(void *self, uint32_t event, const void *payload, s1_err *err)
{
    const s1_run_orchestrator *const run = self;
    (void)event;
    return run->options.on_threats.heard(run->options.on_threats.self, payload, err);
}

static s1_rc bind_threats(s1_run_orchestrator *run, s1_err *err)
{
    if (run->options.on_threats.heard == NULL) {
        return S1_OK;
    }
    const uint32_t event = s1_bus_event(run->bus, S1_STR("ThreatsDetected"));
    if (event == S1_EVENT_NONE) {
        return S1_RAISE(err, S1_E_INVALID,
                        "event_map.yaml must list ThreatsDetected: event_responses answer it");
    }
    const s1_bus_subscription subscription = {
        .event = event, .priority = INT32_MIN, .handler = on_threats, .self = run};
    return s1_bus_subscribe(run->bus, &subscription, err);
}

static s1_rc bind_bus(s1_run_orchestrator *run, s1_err *err)
{
    const s1_config *const config = run->options.components.config;
    s1_run_bind_methods(run);
    S1_TRY(err, s1_chain_from_config(config, run->methods, &run->arena, &run->chain, err));
    run->event_names = s1_arena_array(&run->arena, s1_str, (size_t)run->chain.event_count + 1);
    run->adapters =
        s1_arena_array(&run->arena, s1_event_adapter *, (size_t)run->chain.wiring_count + 1);
    if (run->event_names == NULL || run->adapters == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u wirings", run->chain.wiring_count);
    }
    for (uint32_t i = 0; i < run->chain.event_count; i++) {
        run->event_names[i] = run->chain.events[i].name;
    }
    uint32_t queue_max = 1;
    while (queue_max < (uint32_t)config->platform.limits.queued_events_max) {
        queue_max *= 2;
    }
    S1_TRY(err, s1_bus_new(run->event_names, run->chain.event_count, queue_max, &run->bus, err));
    bool is_recorded = run->parts->recorder == NULL;
    for (uint32_t i = 0; i < run->chain.wiring_count; i++) {
        const s1_wiring *const wiring = &run->chain.wirings[i];
        if (s1_str_eq_cstr(wiring->component, S1_CONTEXT_RECORDER)) {
            if (run->parts->recorder == NULL) {
                continue;
            }
            is_recorded = true;
        }
        const s1_component_method *const method = s1_chain_method(&run->chain, wiring);
        if (method == NULL) {
            return S1_RAISE(err, S1_E_INVALID,
                            "adapter %.*s invokes %.*s.%.*s, which no component "
                            "offers",
                            S1_STR_ARG(wiring->adapter_id), S1_STR_ARG(wiring->component),
                            S1_STR_ARG(wiring->method));
        }
        if (method->invoke == NULL) {
            continue; /* it stands on the bus of the operation */
        }
        S1_TRY(err, s1_event_adapter_new(run->bus, run->chain.events, wiring, method,
                                         &run->adapters[run->adapter_count], err));
        run->adapter_count++;
    }
    if (!is_recorded) {
        return S1_RAISE(err, S1_E_INVALID,
                        "recording.context is true, but no wiring of wiring_map.yaml "
                        "invokes " S1_CONTEXT_RECORDER);
    }
    S1_TRY(err, s1_run_bind_workers(run, err));
    find_events(run);
    if (run->events.market_data == S1_EVENT_NONE || run->events.context_ready == S1_EVENT_NONE) {
        return S1_RAISE(err, S1_E_INVALID,
                        "event_map.yaml must list MarketDataReceived and ContextReady");
    }
    S1_TRY(err, bind_results(run, err));
    S1_TRY(err, bind_ledger(run, err));
    S1_TRY(err, bind_threats(run, err));
    return s1_bus_seal(run->bus, err);
}

/* What an observer of the run is shown, and what is noted for it alone. */
static s1_rc bind_observer(s1_run_orchestrator *run, s1_err *err)
{
    s1_components *const parts = run->parts;
    if (run->options.observer == NULL) {
        return S1_OK;
    }
    parts->signals.emitters =
        s1_arena_array(&run->arena, const s1_worker *, (size_t)parts->signals.capacity + 1);
    if (parts->signals.emitters == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u signals", parts->signals.capacity);
    }
    run->seen = (s1_observation){.context = parts->context,
                                 .workers = parts->workers,
                                 .worker_count = parts->worker_count,
                                 .signals = &parts->signals.list,
                                 .emitters = parts->signals.emitters,
                                 .threats = &parts->threats.list};
    return S1_OK;
}

s1_rc s1_run_orchestrator_new(const s1_run_options *options, s1_run_orchestrator **ret_run,
                              s1_err *err)
{
    s1_run_orchestrator *const run = calloc(1, sizeof *run);
    if (run == NULL) {
        for (uint32_t i = 0; i < options->components.link->streams.count; i++) {
            s1_bar_reader_close(options->components.readers[i]);
        }
        s1_market_reader_close(options->components.book);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a run");
    }
    run->options = *options;
    s1_arena_init(&run->arena, RUN_ARENA_BYTES_MAX, 0);
    run->options.components.events_self = run;
    run->options.components.event_emit = s1_run_emit;
    run->tells_journal = is_listened_to(options->components.config, "JournalEntryLogged");
    run->logs_decisions = s1_app_logger_wants_decisions(options->components.log);
    const s1_run_observer *const observer = options->observer;
    if (run->tells_journal || run->logs_decisions ||
        (observer != NULL && observer->on_entry != NULL)) {
        run->options.components.journal_listener =
            (s1_journal_listener){.self = run, .on_entry = on_journal_entry};
    }
    s1_rc rc = s1_components_new(&run->options.components, &run->parts, err);
    if (rc == S1_OK) {
        run->supervisor = (s1_portfolio_supervisor){
            .rules = options->components.link->rules,
            .instrument = &run->parts->instruments[0],
            .ledger = run->parts->ledger,
            .orders = run->parts->orders,
            .context = &run->parts->context->view,
            .journal = run->parts->journal,
            .approved = run->parts->approved,
            .portfolio = options->gate,
            .is_allocated = options->components.link->is_allocated,
        };
        rc = bind_observer(run, err);
    }
    if (rc == S1_OK) {
        rc = bind_bus(run, err);
    }
    if (rc != S1_OK) {
        s1_run_orchestrator_free(run);
        return rc;
    }
    *ret_run = run;
    return S1_OK;
}

void s1_run_orchestrator_free(s1_run_orchestrator *run)
{
    if (run == NULL) {
        return;
    }
    s1_components_free(run->parts); /* workers may still say something in destroy */
    s1_bus_free(run->bus);
    for (uint32_t i = 0; i < run->adapter_count; i++) {
        s1_event_adapter_free(run->adapters[i]);
    }
    s1_arena_done(&run->arena);
    free(run);
}

const s1_components *s1_run_orchestrator_parts(const s1_run_orchestrator *run)
{
    return run->parts;
}

/* --- Ticks. --------------------------------------------------------------------------------- */

/* Appends what closed to the context, and shows what was published by then. */
static void append_bars(s1_run_orchestrator *run, const s1_market_snapshot *snapshot)
{
    s1_trading_context *const context = run->parts->context;
    s1_trading_context_begin_tick(context, snapshot->now);
    for (uint32_t i = 0; i < snapshot->stream_count; i++) {
        if (snapshot->has_bar[i]) {
            s1_trading_context_append_bar(context, i, &snapshot->bars[i]);
        }
    }
    for (uint32_t i = 0; i < run->parts->feed_count; i++) {
        s1_feed_window_advance(run->parts->feeds[i].window, snapshot->now);
    }
}

/* Keeps the context current where the strategy may not act: warm-up, and moments at which only
 * other streams closed a bar. */
static s1_rc observe(s1_run_orchestrator *run, const s1_market_snapshot *snapshot, s1_err *err)
{
    s1_text_pool_reset(&run->parts->pool);
    append_bars(run, snapshot);
    run->parts->context->view.is_warmup = snapshot->is_warmup;
    S1_TRY(err, s1_base_operator_run(&run->parts->operators[S1_WORKER_CONTEXT], NULL, err));
    return s1_bus_drain(run->bus, err); /* what an event-aware worker said */
}

/* The two halves of a tick stand in the loop of a run itself: no call lies between. */
#define HOT static inline __attribute__((always_inline))

/* Resting orders match, the bar joins the map, the ledger is marked. */
HOT s1_rc open_tick(s1_run_orchestrator *run, const s1_market_snapshot *snapshot, s1_err *err)
{
    s1_components *const parts = run->parts;
    run->tick++;
    s1_ids_begin_tick(&parts->ids, run->tick);
    s1_order_manager_begin_tick(parts->orders, snapshot->now, parts->row_count);
    s1_signal_book_begin_tick(&parts->signals);
    s1_threat_book_begin_tick(&parts->threats);
    s1_text_pool_reset(&parts->pool);
    S1_TRY(err, s1_bus_begin_tick(run->bus, run->tick, err));
    S1_TRY(err, s1_bus_publish(run->bus, run->events.market_data, snapshot, err));
    S1_TRY(err, s1_bus_drain(run->bus, err));
    append_bars(run, snapshot);
    parts->context->view.is_warmup = 0;
    s1_ledger_mark(parts->ledger, snapshot->bars[0].close);
    return S1_OK;
}

/* The workers have their turn. */
HOT s1_rc close_tick(s1_run_orchestrator *run, s1_err *err)
{
    s1_components *const parts = run->parts;
    const uint64_t row = parts->row_count;
    S1_TRY(err, s1_bus_publish(run->bus, run->events.context_ready, &parts->context->view, err));
    S1_TRY(err, s1_bus_drain(run->bus, err));
    if (__builtin_expect(s1_order_manager_has_due(parts->orders, parts->context->view.now), 0)) {
        S1_TRY(err, s1_order_manager_send_slices(parts->orders, err));
    }
    parts->row_equity[row] = parts->ledger->view.equity;
    parts->row_in_position[row] = parts->ledger->view.position_count > 0;
    parts->row_count = row + 1;
    return S1_OK;
}

/* The same halves for whoever is not in a hurry: one copy each beside the loop's. */
__attribute__((noinline)) static s1_rc open_apart(s1_run_orchestrator *run,
                                                  const s1_market_snapshot *snapshot, s1_err *err)
{
    return open_tick(run, snapshot, err);
}

__attribute__((noinline)) static s1_rc close_apart(s1_run_orchestrator *run, s1_err *err)
{
    return close_tick(run, err);
}

/* A tick with somebody watching. */
__attribute__((noinline, cold)) static s1_rc observed_tick(s1_run_orchestrator *run,
                                                           const s1_market_snapshot *snapshot,
                                                           s1_err *err)
{
    const s1_run_observer *const observer = run->options.observer;
    S1_TRY(err, open_apart(run, snapshot, err));
    if (observer->on_bar != NULL) {
        S1_TRY(err, observer->on_bar(observer->self, &run->seen, &run->sums.is_cut_short, err));
    }
    if (run->sums.is_cut_short) {
        return S1_OK;
    }
    S1_TRY(err, close_apart(run, err));
    return observer->on_tick(observer->self, &run->seen, err);
}

static inline s1_rc tick(s1_run_orchestrator *run, const s1_market_snapshot *snapshot, s1_err *err)
{
    S1_TRY(err, open_tick(run, snapshot, err));
    return close_tick(run, err);
}

static s1_rc journal_started(s1_run_orchestrator *run, s1_err *err);

/* Base currency held at the start is worth the first price there is to trade at. */
static s1_rc value_balances(s1_run_orchestrator *run, const s1_market_snapshot *snapshot,
                            s1_err *err)
{
    s1_ledger *const ledger = run->parts->ledger;
    if (s1_dec_is_zero(ledger->held)) {
        return S1_OK;
    }
    const int64_t price = snapshot == NULL       ? 0
                          : snapshot->has_bar[0] ? snapshot->bars[0].open
                                                 : snapshot->bars[0].close;
    return price > 0 ? s1_ledger_start(ledger, price, err)
                     : S1_RAISE(err, S1_E_DATA,
                                "no price to value the base currency at that "
                                "initial_balances holds");
}

/* Bars of warm-up that are made one by one, before the rest may be made many at a time: twice what
 * the workers look back to, so that all of their values stand when the two ways are compared. */
static uint64_t proving_rows(const s1_run_orchestrator *run)
{
    const s1_component_options *const options = &run->options.components;
    return PROVING_ROWS_MIN +
           2 * s1_components_warmup_bars(options->plans, run->parts->worker_count);
}

/* Whether every context worker can make many rows in one call. */
static bool has_ranges(const s1_run_orchestrator *run)
{
    const s1_base_operator *const op = &run->parts->operators[S1_WORKER_CONTEXT];
    for (uint32_t i = 0; i < op->worker_count; i++) {
        if (!s1_worker_has_range(op->workers[i].worker)) {
            return false;
        }
    }
    return op->worker_count > 0;
}

static s1_rc prove_ranges(const s1_run_orchestrator *run, s1_err *err)
{
    const s1_base_operator *const op = &run->parts->operators[S1_WORKER_CONTEXT];
    for (uint32_t i = 0; i < op->worker_count; i++) {
        S1_TRY(err, s1_range_prove(op->workers[i].worker, err));
    }
    return S1_OK;
}

/* The bars before `from`, to the first moment to trade on. A long warm-up is made column by column
 * from where that was proven on its first bars. */
static s1_rc warm_up(s1_run_orchestrator *run, const s1_market_snapshot **ret_snapshot, s1_err *err)
{
    const s1_environment *const environment = &run->parts->environment;
    const uint64_t proving = has_ranges(run) ? proving_rows(run) : UINT64_MAX;
    bool is_by_range = false;
    for (;;) {
        S1_TRY(err, environment->next(environment->self, ret_snapshot, err));
        const s1_market_snapshot *const snapshot = *ret_snapshot;
        if (snapshot == NULL || !snapshot->is_warmup) {
            break;
        }
        run->sums.warmup_bars += snapshot->has_bar[0];
        if (is_by_range) {
            append_bars(run, snapshot);
            continue;
        }
        S1_TRY(err, observe(run, snapshot, err));
        if (run->sums.warmup_bars >= proving) {
            S1_TRY(err, prove_ranges(run, err));
            is_by_range = true;
        }
    }
    if (!is_by_range) {
        return S1_OK;
    }
    run->parts->context->view.is_warmup = 1;
    return s1_base_operator_run_rows(&run->parts->operators[S1_WORKER_CONTEXT], err);
}

/* Primes the context with the bars before `from`. *ret_snapshot is the first moment to trade on, or
 * NULL. */
static s1_rc bootstrap(s1_run_orchestrator *run, const s1_market_snapshot **ret_snapshot,
                       s1_err *err)
{
    const s1_market_snapshot *snapshot = NULL;
    S1_TRY(err, warm_up(run, &snapshot, err));
    S1_LOG_EVENT(run->options.components.log, S1_LOG_SETUP, "run.bootstrapped",
                 s1_log_u64("warmup_bars", run->sums.warmup_bars));
    S1_TRY(err, value_balances(run, snapshot, err));
    S1_TRY(err, journal_started(run, err));
    S1_TRY(err, s1_run_publish(run, run->events.bootstrap_complete, &run->sums, err));
    *ret_snapshot = snapshot;
    return s1_bus_drain(run->bus, err);
}

static s1_rc report_progress(s1_run_orchestrator *run, s1_nanos now, s1_err *err)
{
    if (run->options.on_progress != NULL) {
        const s1_run_progress progress = {
            run->parts->row_count, run->parts->row_capacity - 1 - run->sums.warmup_bars, now};
        run->options.on_progress(run->options.user, &progress);
    }
    if (run->options.is_stopping != NULL && atomic_load(run->options.is_stopping)) {
        S1_TRY(err, s1_run_publish(run, run->events.shutdown_requested, &run->sums, err));
        S1_TRY(err, s1_bus_drain(run->bus, err));
        return S1_RAISE(err, S1_E_CANCELED, "stopped on request after %llu bars",
                        (unsigned long long)run->parts->row_count);
    }
    return S1_OK;
}

/* Publishes AlertRaised and waits until it was heard. */
static s1_rc raise_alert(s1_run_orchestrator *run, const char *code, const char *message,
                         s1_err *err)
{
    s1_strbuf json;
    s1_strbuf_init(&json, 4096);
    s1_strbuf_lit(&json, "{\"code\":");
    s1_json_quote(&json, s1_str_of(code));
    s1_strbuf_lit(&json, ",\"severity\":\"CRITICAL\",\"message\":");
    s1_json_quote(&json, s1_str_of(message));
    s1_strbuf_char(&json, '}');
    const s1_str text = s1_strbuf_view(&json);
    s1_rc rc = s1_run_publish(run, run->events.alert_raised, &text, err);
    if (rc == S1_OK) {
        rc = s1_bus_drain(run->bus, err);
    }
    s1_strbuf_done(&json);
    return rc;
}

/* Once: the disk is full, and the journal goes on in its reserve. */
static s1_rc tell_low(s1_run_orchestrator *run, s1_err *err)
{
    if (__builtin_expect(!s1_journal_is_low(run->parts->journal), 1) || run->has_told_low) {
        return S1_OK;
    }
    run->has_told_low = true;
    return raise_alert(run, "STORAGE_LOW",
                       "the disk is full and the journal goes on in its reserve: no new position "
                       "is opened, what is open can still be closed; make room and restart",
                       err);
}

/* To the first moment to trade on. */
static s1_rc start(s1_run_orchestrator *run, const s1_market_snapshot **ret_snapshot, s1_err *err)
{
    S1_TRY(err, s1_run_publish(run, run->events.start_requested, &run->sums, err));
    S1_TRY(err, s1_run_publish(run, run->events.run_started, &run->sums, err));
    S1_TRY(err, s1_bus_drain(run->bus, err));
    return bootstrap(run, ret_snapshot, err);
}

static s1_rc drive(s1_run_orchestrator *run, s1_err *err)
{
    const s1_environment environment = run->parts->environment;
    const s1_market_snapshot *snapshot;
    S1_TRY(err, start(run, &snapshot, err));
    while (snapshot != NULL) {
        if (snapshot->has_bar[0]) {
            if (__builtin_expect(run->options.observer == NULL, 1)) {
                S1_TRY(err, tick(run, snapshot, err));
            } else {
                S1_TRY(err, observed_tick(run, snapshot, err));
                if (run->sums.is_cut_short) {
                    break;
                }
            }
            if (run->parts->row_count % PROGRESS_TICKS == 0) {
                S1_TRY(err, report_progress(run, snapshot->now, err));
            }
        } else {
            S1_TRY(err, observe(run, snapshot, err));
        }
        S1_TRY(err, tell_low(run, err));
        S1_TRY(err, environment.next(environment.self, &snapshot, err));
    }
    run->sums.finish_reason = S1_STR("END_OF_DATA");
    const s1_run_observer *const observer = run->options.observer;
    return observer != NULL && observer->on_end != NULL
               ? observer->on_end(observer->self, &run->seen, err)
               : S1_OK;
}

/* --- Start and end. ------------------------------------------------------------------------- */

/* Is there more than cash to tell of? */
static bool has_balances(const s1_run_orchestrator *run)
{
    return run->parts->fees != NULL ||
           !s1_dec_is_zero(run->parts->ledger->accounts[S1_LEDGER_BASE].initial);
}

static void tell_dec(s1_tape *w, const char *name, s1_dec value)
{
    s1_tape_key(w, s1_str_of(name));
    s1_tape_dec(w, value);
}

/* What the account holds beside cash at the start, and how it counts. */
static void tell_balances(const s1_run_orchestrator *run, s1_tape *w)
{
    const s1_ledger *const ledger = run->parts->ledger;
    const s1_balance *const other = &ledger->balances[S1_LEDGER_OTHER];
    if (ledger->cost_basis == S1_COST_FIFO) {
        s1_tape_key_lit(w, "cost_basis");
        s1_tape_name(w, "fifo");
    }
    if (!has_balances(run)) {
        return;
    }
    s1_tape_key_lit(w, "base_currency");
    s1_tape_str(w, ledger->instrument->base);
    tell_dec(w, "base_balance", ledger->held);
    if (!s1_dec_is_zero(ledger->held)) {
        tell_dec(w, "base_price", ledger->start_price);
    }
    if (other->currency.len > 0) {
        s1_tape_key_lit(w, "fee_currency");
        s1_tape_str(w, other->currency);
        tell_dec(w, "fee_balance", other->total);
        tell_dec(w, "fee_price", ledger->other_price);
    }
}

/* What was paid beside fees, and what is left of other currencies. */
static void tell_costs(const s1_ledger *ledger, bool is_all, s1_tape *w)
{
    if (!s1_dec_is_zero(ledger->view.funding)) {
        tell_dec(w, "funding", ledger->view.funding);
    }
    if (!s1_dec_is_zero(ledger->view.interest)) {
        tell_dec(w, "interest", ledger->view.interest);
    }
    if (is_all) {
        tell_dec(w, "base_balance", ledger->balances[S1_LEDGER_BASE].total);
    }
    if (ledger->balances[S1_LEDGER_OTHER].currency.len > 0) {
        tell_dec(w, "fee_balance", ledger->balances[S1_LEDGER_OTHER].total);
    }
}

static s1_rc journal_started(s1_run_orchestrator *run, s1_err *err)
{
    s1_journal *const journal = run->parts->journal;
    if (!s1_journal_enabled(journal, S1_JOURNAL_RUN_STARTED)) {
        return S1_OK;
    }
    const s1_component_options *const options = &run->options.components;
    const s1_link *const link = options->link;
    const s1_simulation_config *const simulation = &link->environment->simulation;
    s1_tape *const w = s1_journal_begin(
        journal, S1_JOURNAL_RUN_STARTED,
        run->parts->context->view.now > 0 ? run->parts->context->view.now : options->from);
    s1_journal_details(journal);
    s1_tape_key_lit(w, "run_id");
    s1_tape_uid(w, options->run_id.uid);
    s1_tape_key_lit(w, "strategy");
    s1_tape_str(w, link->blueprint->blueprint_id);
    s1_tape_key_lit(w, "version");
    s1_tape_str(w, link->blueprint->version);
    s1_tape_key_lit(w, "environment");
    s1_tape_str(w, link->environment->environment_id);
    s1_tape_key_lit(w, "asset_pair");
    s1_tape_str(w, link->streams.items[0].need.asset_pair);
    s1_tape_key_lit(w, "timeframe");
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    const size_t length = s1_timeframe_print(link->streams.items[0].need.timeframe, timeframe);
    s1_tape_str(w, (s1_str){timeframe, length});
    s1_tape_key_lit(w, "seed");
    s1_tape_u64(w, options->seed);
    if (simulation->has_from) {
        s1_tape_key_lit(w, "from");
        s1_tape_time(w, simulation->from);
    }
    if (simulation->has_to) {
        s1_tape_key_lit(w, "to");
        s1_tape_time(w, simulation->to);
    }
    s1_tape_key_lit(w, "warmup_bars");
    s1_tape_u64(w, run->sums.warmup_bars);
    s1_tape_key_lit(w, "config_hash");
    s1_tape_str(w, run->options.config_hash);
    s1_tape_key_lit(w, "data_hash");
    s1_tape_str(w, run->options.data_hash);
    s1_tape_key_lit(w, "initial_capital");
    s1_tape_dec(w, run->parts->ledger->view.initial_capital);
    s1_tape_key_lit(w, "fill_rule");
    s1_tape_name(w, s1_enum_text(s1_fill_rule_names, simulation->fill_rule));
    if (simulation->match_on != S1_MATCH_ON_BARS) {
        s1_tape_key_lit(w, "match_on");
        s1_tape_name(w, s1_enum_text(s1_match_on_names, simulation->match_on));
    }
    s1_tape_key_lit(w, "currency");
    s1_tape_str(w, run->parts->instruments[0].quote);
    tell_balances(run, w);
    return s1_journal_end(journal, err);
}

static s1_rc journal_finished(s1_run_orchestrator *run, s1_err *err)
{
    s1_components *const parts = run->parts;
    if (!s1_journal_enabled(parts->journal, S1_JOURNAL_RUN_FINISHED)) {
        return S1_OK;
    }
    size_t trades;
    (void)s1_order_manager_trades(parts->orders, &trades);
    const s1_ledger_view *const view = &parts->ledger->view;
    const s1_order_counts orders = s1_order_manager_counts(parts->orders);
    s1_tape *const w =
        s1_journal_begin(parts->journal, S1_JOURNAL_RUN_FINISHED, parts->context->view.now);
    s1_journal_details(parts->journal);
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"ticks", run->sums.ticks},
        {"opportunities", run->sums.opportunities},
        {"approved", run->sums.approved},
        {"rejected", run->sums.rejected},
        {"trades", trades},
        {"threats", run->sums.threats},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        s1_tape_key(w, s1_str_of(counts[i].name));
        s1_tape_u64(w, counts[i].value);
    }
    s1_tape_key_lit(w, "final_cash");
    s1_tape_dec(w, view->cash);
    s1_tape_key_lit(w, "final_equity");
    s1_tape_dec(w, view->equity);
    s1_tape_key_lit(w, "fees");
    s1_tape_dec(w, view->fees);
    tell_costs(parts->ledger, has_balances(run), w);
    s1_tape_key_lit(w, "realized_pnl");
    s1_tape_dec(w, view->realized_pnl);
    s1_tape_key_lit(w, "open_positions");
    s1_tape_u64(w, view->position_count);
    s1_tape_key_lit(w, "ambiguous_bars");
    s1_tape_u64(w, orders.ambiguous);
    s1_tape_key_lit(w, "reason");
    s1_tape_str(w, run->sums.finish_reason);
    return s1_journal_end(parts->journal, err);
}

static void sum_up(s1_run_orchestrator *run)
{
    const s1_components *const parts = run->parts;
    run->sums.ticks = parts->row_count;
    run->sums.opportunities = parts->signals.total;
    run->sums.threats = parts->threats.total;
    run->sums.approved = run->supervisor.approved_total;
    run->sums.rejected =
        run->supervisor.rejected_total + s1_order_manager_counts(parts->orders).venue_refusals;
    for (size_t i = 0; i < S1_STAGE_COUNT; i++) {
        run->sums.rejected += parts->planning.rejected[i];
    }
}

/* Journal, sums and the last events; `began` in host time. */
static s1_rc finish(s1_run_orchestrator *run, s1_nanos began, s1_run_sums *ret_sums, s1_err *err)
{
    const s1_clock *const clock = run->options.components.clock;
    sum_up(run);
    if (run->sums.is_cut_short) {
        *ret_sums = run->sums;
        return S1_OK;
    }
    S1_TRY(err, journal_finished(run, err));
    const s1_nanos end = s1_clock_monotonic(clock);
    run->sums.engine_time = end - began - s1_backtest_environment_read_time(run->parts->backtest);
    S1_TRY(err, s1_journal_finish(run->parts->journal, run->sums.journal_head, err));
    run->sums.drain_time = s1_clock_monotonic(clock) - end;
    S1_TRY(err, tell_low(run, err));
    S1_TRY(err, s1_run_publish(run, run->events.run_finished, &run->sums, err));
    S1_TRY(err, s1_run_publish(run, run->events.backtest_completed, &run->sums, err));
    S1_TRY(err, s1_bus_drain(run->bus, err));
    *ret_sums = run->sums;
    return S1_OK;
}

static s1_rc run_to_the_end(s1_run_orchestrator *run, s1_run_sums *ret_sums, s1_err *err)
{
    const s1_nanos began = s1_clock_monotonic(run->options.components.clock);
    S1_TRY(err, drive(run, err));
    return finish(run, began, ret_sums, err);
}

/* The journal failed. Nothing that waits is acted on; whoever listens to AlertRaised hears why. An
 * order that a listener tries to send now is refused (s1_order_manager_submit). */
static s1_rc stop_for_storage(s1_run_orchestrator *run, const s1_err *cause, s1_err *err)
{
    s1_err ignored = S1_ERR_INIT; /* the first failure is what counts */
    s1_bus_clear(run->bus);
    (void)!raise_alert(run, "STORAGE_FAILED", cause->msg, &ignored);
    return S1_RAISE(err, S1_E_STORAGE, "the journal cannot be written, the run stopped: %.300s",
                    cause->msg);
}

/* How a failure of the run leaves it. */
static s1_rc failed(s1_run_orchestrator *run, s1_rc rc, const s1_err *cause, s1_err *err)
{
    if (s1_journal_has_failed(run->parts->journal)) {
        return stop_for_storage(run, cause, err);
    }
    if (err != NULL) {
        *err = *cause;
        s1_err_push(err, __FILE__, __func__, __LINE__);
    }
    return rc;
}

s1_rc s1_run_orchestrator_run(s1_run_orchestrator *run, s1_run_sums *ret_sums, s1_err *err)
{
    s1_err cause = S1_ERR_INIT;
    const s1_rc rc = run_to_the_end(run, ret_sums, &cause);
    return rc == S1_OK ? S1_OK : failed(run, rc, &cause, err);
}

/* --- Moment after moment. --------------------------------------------------------------------- */

s1_rc s1_run_orchestrator_begin(s1_run_orchestrator *run, s1_err *err)
{
    s1_err cause = S1_ERR_INIT;
    run->began = s1_clock_monotonic(run->options.components.clock);
    const s1_rc rc = start(run, &run->waiting, &cause);
    return rc == S1_OK ? S1_OK : failed(run, rc, &cause, err);
}

s1_nanos s1_run_orchestrator_next(const s1_run_orchestrator *run)
{
    return run->waiting != NULL ? run->waiting->now : INT64_MAX;
}

static s1_rc open_moment(s1_run_orchestrator *run, s1_err *err)
{
    const s1_run_observer *const observer = run->options.observer;
    run->is_tick = run->waiting->has_bar[0];
    if (!run->is_tick) {
        return observe(run, run->waiting, err);
    }
    S1_TRY(err, open_apart(run, run->waiting, err));
    return observer != NULL && observer->on_bar != NULL
               ? observer->on_bar(observer->self, &run->seen, &run->sums.is_cut_short, err)
               : S1_OK;
}

s1_rc s1_run_orchestrator_open(s1_run_orchestrator *run, bool *ret_is_tick, s1_err *err)
{
    s1_err cause = S1_ERR_INIT;
    const s1_rc rc = open_moment(run, &cause);
    *ret_is_tick = run->is_tick;
    return rc == S1_OK ? S1_OK : failed(run, rc, &cause, err);
}

static s1_rc close_moment(s1_run_orchestrator *run, s1_err *err)
{
    const s1_run_observer *const observer = run->options.observer;
    if (run->is_tick) {
        S1_TRY(err, close_apart(run, err));
        run->is_tick = false;
        if (observer != NULL) {
            S1_TRY(err, observer->on_tick(observer->self, &run->seen, err));
        }
        if (run->parts->row_count % PROGRESS_TICKS == 0) {
            S1_TRY(err, report_progress(run, run->waiting->now, err));
        }
    }
    S1_TRY(err, tell_low(run, err));
    return run->parts->environment.next(run->parts->environment.self, &run->waiting, err);
}

s1_rc s1_run_orchestrator_close(s1_run_orchestrator *run, s1_err *err)
{
    s1_err cause = S1_ERR_INIT;
    const s1_rc rc = close_moment(run, &cause);
    return rc == S1_OK ? S1_OK : failed(run, rc, &cause, err);
}

static s1_rc end_run(s1_run_orchestrator *run, s1_run_sums *ret_sums, s1_err *err)
{
    const s1_run_observer *const observer = run->options.observer;
    if (observer != NULL && observer->on_end != NULL) {
        S1_TRY(err, observer->on_end(observer->self, &run->seen, err));
    }
    return finish(run, run->began, ret_sums, err);
}

s1_rc s1_run_orchestrator_end(s1_run_orchestrator *run, s1_str reason, s1_run_sums *ret_sums,
                              s1_err *err)
{
    s1_err cause = S1_ERR_INIT;
    run->sums.finish_reason = reason;
    const s1_rc rc = end_run(run, ret_sums, &cause);
    return rc == S1_OK ? S1_OK : failed(run, rc, &cause, err);
}

s1_rc s1_run_orchestrator_alert(s1_run_orchestrator *run, const char *code, const char *message,
                                s1_err *err)
{
    return raise_alert(run, code, message, err);
}
