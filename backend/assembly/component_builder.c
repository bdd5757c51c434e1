#include "backend/assembly/component_builder.h"

#include "backend/assembly/money_builder.h"
#include "backend/data/models/lightgbm.h"
#include "backend/utils/assert.h"
#include "backend/utils/reserve.h"
#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX (256u << 20)

uint64_t s1_components_warmup_bars(const s1_worker_plan *const *plans, uint32_t count)
{
    uint64_t chain = 0;
    uint64_t longest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (plans[i]->item->worker_type == S1_WORKER_CONTEXT) {
            chain += plans[i]->lookback;
        } else if (plans[i]->lookback > longest) {
            longest = plans[i]->lookback;
        }
    }
    return chain + longest;
}

s1_run_series s1_components_series(const s1_components *parts)
{
    const s1_stream *const primary = parts->context->view.primary;
    const uint64_t before = primary->rows - parts->row_count; /* warm-up */
    return (s1_run_series){.count = parts->row_count,
                           .time = primary->close_time + before,
                           .equity = parts->row_equity,
                           .close = primary->close.values + before,
                           .in_position = parts->row_in_position,
                           .high = primary->high.values + before,
                           .low = primary->low.values + before};
}

/* --- What workers are offered. ------------------------------------------------------------ */

static s1_nanos service_now(void *self)
{
    const s1_components *const parts = self;
    const s1_context *const context = &parts->context->view;
    return context->tick > 0 ? context->now : parts->options.from;
}

static void service_log(void *self, const s1_worker *worker, int32_t level, s1_str message)
{
    const s1_components *const parts = self;
    S1_LOG_EVENT(parts->options.log, level, "worker.message",
                 s1_log_str("worker", worker->instance_id),
                 s1_log_i64("time", parts->context->view.now), s1_log_str("message", message));
}

/* A backtest begins without a past. */
static s1_rc service_state_load(void *self, const s1_worker *worker, s1_str *ret_json, s1_err *err)
{
    (void)self;
    (void)worker;
    (void)err;
    *ret_json = (s1_str){NULL, 0};
    return S1_OK;
}

static s1_rc service_event_emit(void *self, const s1_worker *worker, s1_str event, s1_str json,
                                s1_err *err)
{
    const s1_components *const parts = self;
    return parts->options.event_emit == NULL
               ? S1_OK
               : parts->options.event_emit(parts->options.events_self, worker, event, json, err);
}

static s1_rc service_journal_append(void *self, const s1_worker *worker, s1_str event,
                                    s1_str details_json, s1_err *err)
{
    const s1_components *const parts = self;
    if (!s1_journal_enabled(parts->journal, S1_JOURNAL_WORKER_NOTE)) {
        return S1_OK;
    }
    s1_tape *const w =
        s1_journal_begin(parts->journal, S1_JOURNAL_WORKER_NOTE, parts->context->view.now);
    s1_journal_worker(parts->journal, worker->instance_id);
    s1_journal_details(parts->journal);
    s1_tape_key_lit(w, "event");
    s1_tape_str(w, event);
    const s1_rc rc = s1_journal_member_json(parts->journal, "details", details_json, err);
    if (rc != S1_OK) {
        s1_journal_cancel(parts->journal);
        return rc;
    }
    return s1_journal_end(parts->journal, err);
}

/* --- Parts. ------------------------------------------------------------------------------- */

/* Room in the arena or an error that says what for. */
#define TAKE(parts, to, type, count, err)                                                          \
    do {                                                                                           \
        (to) = s1_arena_array(&(parts)->arena, type, (count));                                     \
        if ((to) == NULL) {                                                                        \
            return S1_RAISE((err), S1_E_NO_MEMORY, "%zu bytes for a run's " #type,                 \
                            (size_t)(count) * sizeof(type));                                       \
        }                                                                                          \
    } while (0)

static s1_rc build_context(s1_components *parts, s1_err *err)
{
    const s1_link *const link = parts->options.link;
    s1_stream_options *streams;
    TAKE(parts, parts->instruments, s1_instrument, link->streams.count, err);
    TAKE(parts, streams, s1_stream_options, link->streams.count, err);
    for (uint32_t i = 0; i < link->streams.count; i++) {
        const s1_link_stream *const stream = &link->streams.items[i];
        const uint64_t rows = parts->options.readers[i]->rows_total;
        s1_config_make_instrument(stream->instrument, link->environment, &parts->instruments[i]);
        streams[i] = (s1_stream_options){.asset_pair = stream->need.asset_pair,
                                         .timeframe = stream->need.timeframe,
                                         .instrument = &parts->instruments[i],
                                         .capacity_rows = rows > 0 ? rows : 1};
    }
    const s1_trading_context_options options = {
        .strategy_link_id = link->id,
        .streams = streams,
        .stream_count = link->streams.count,
        .memory_max_bytes = (uint64_t)parts->options.config->platform.limits.context_memory_mib
                            << 20,
    };
    return s1_trading_context_new(&options, &parts->context, err);
}

static s1_rc build_feeds(s1_components *parts, s1_err *err)
{
    const s1_blueprint *const blueprint = parts->options.link->blueprint;
    TAKE(parts, parts->feeds, s1_bound_feed, (size_t)blueprint->feeds.count + 1, err);
    for (uint32_t i = 0; parts->options.feeds != NULL && i < blueprint->feeds.count; i++) {
        s1_bound_feed *const feed = &parts->feeds[parts->feed_count];
        if (parts->options.feeds[i] == NULL) {
            continue;
        }
        feed->id = blueprint->feeds.items[i].id;
        S1_TRY(err, s1_feed_window_new(parts->options.feeds[i], &feed->window, err));
        parts->feed_count++;
    }
    return S1_OK;
}

/* Each run has models of its own: the library keeps scratch memory in them. */
static s1_rc build_models(s1_components *parts, s1_err *err)
{
    const s1_blueprint *const blueprint = parts->options.link->blueprint;
    TAKE(parts, parts->models, s1_bound_model, (size_t)blueprint->models.count + 1, err);
    for (uint32_t i = 0; parts->options.models != NULL && i < blueprint->models.count; i++) {
        s1_model *model;
        if (parts->options.models[i].text.len == 0) {
            continue;
        }
        S1_TRY(err, s1_lightgbm_new(parts->options.models[i].text, &model, err));
        parts->models[parts->model_count++] =
            (s1_bound_model){blueprint->models.items[i].id, model};
    }
    return S1_OK;
}

static s1_rc build_books(s1_components *parts, s1_err *err)
{
    const s1_link *const link = parts->options.link;
    const s1_limits_config *const limits = &parts->options.config->platform.limits;
    s1_ledger_options ledger = {
        .instrument = &parts->instruments[0],
        .positions_max = (uint32_t)limits->open_trades_max,
    };
    s1_ledger_options_of(link, &parts->instruments[0], &ledger);
    S1_TRY(err, s1_ledger_new(&ledger, &parts->ledger, err));
    S1_TRY(err, s1_fee_book_of(link, &parts->instruments[0], parts->ledger, &parts->arena,
                               &parts->fees, err));
    parts->context->view.ledger = &parts->ledger->view;
    char run_id[S1_UID_TEXT_MAX];
    const size_t run_id_length = s1_uid_print(parts->options.run_id.uid, run_id);
    const s1_journal_options journal = {
        .level = parts->options.journal_level,
        .link = link->id,
        .run_id = {run_id, run_id_length},
        .listener = parts->options.journal_listener,
        .executor = parts->options.journal_executor,
    };
    S1_TRY(err, s1_journal_new(&journal, parts->options.journal_persistor, &parts->journal, err));
    s1_derived_ids_init(&parts->derived_ids, parts->options.seed, link->id);
    parts->ids = s1_derived_ids_source(&parts->derived_ids);
    const s1_order_manager_options orders = {
        .ledger = parts->ledger,
        .journal = parts->journal,
        .ids = &parts->ids,
        .instrument = &parts->instruments[0],
        .trades_max = (uint32_t)limits->open_trades_max,
        .checks_invariants = parts->options.checks_invariants,
        .fees = parts->fees,
    };
    S1_TRY(err, s1_order_manager_new(&orders, &parts->orders, err));
    s1_signal *signals;
    s1_threat_episode *episodes;
    TAKE(parts, signals, s1_signal, (size_t)limits->signals_per_tick_max, err);
    TAKE(parts, episodes, s1_threat_episode, (size_t)limits->active_threats_max, err);
    s1_signal_book_init(&parts->signals, signals, (uint32_t)limits->signals_per_tick_max,
                        &parts->context->view, parts->journal, &parts->ids, &parts->pool);
    s1_threat_book_init(&parts->threats, episodes, (uint32_t)limits->active_threats_max,
                        &parts->context->view, parts->journal, &parts->ids);
    TAKE(parts, parts->planning.plans.items, s1_plan, (size_t)limits->signals_per_tick_max, err);
    TAKE(parts, parts->approved.items, s1_plan, (size_t)limits->signals_per_tick_max, err);
    parts->planning.plans.capacity = parts->signals.capacity;
    parts->approved.capacity = parts->signals.capacity;
    return S1_OK;
}

/* What fills cost and how much there is, from the configuration. */
static s1_fill_costs costs_of(const s1_simulation_config *simulation, uint64_t seed)
{
    const struct s1_slippage_config *const slippage = &simulation->slippage;
    s1_fill_costs costs = {.model = slippage->model,
                           .volume_share = simulation->matching.volume_share,
                           .touch_luck = simulation->matching.touch_probability,
                           .seed = seed};
    switch (slippage->model) {
#define X(name, number, text, key)                                                                 \
    case S1_SLIPPAGE_##name:                                                                       \
        costs.value = slippage->key;                                                               \
        break;
        S1_SLIPPAGE_MODEL_MAP(X)
#undef X
    }
    return costs;
}

/* Takes the readers: from here on the environment closes them. */
static s1_rc build_environment(s1_components *parts, bool *has_taken_readers, s1_err *err)
{
    const s1_link *const link = parts->options.link;
    const s1_simulation_config *const simulation = &link->environment->simulation;
    s1_backtest_stream *streams;
    TAKE(parts, streams, s1_backtest_stream, link->streams.count, err);
    for (uint32_t i = 0; i < link->streams.count; i++) {
        streams[i] = (s1_backtest_stream){.reader = parts->options.readers[i],
                                          .asset_pair = link->streams.items[i].need.asset_pair,
                                          .timeframe = link->streams.items[i].need.timeframe,
                                          .instrument = &parts->instruments[i]};
    }
    const s1_limits_config *const limits = &parts->options.config->platform.limits;
    const s1_book_rules book = {
        .queue = simulation->book.queue,
        .keeps_liquidity = simulation->book.liquidity == S1_LIQUIDITY_KEPT,
        .cuts = s1_order_book_cuts(link->streams.items[0].data_source->archive_source),
        .power = s1_dec_to_double(simulation->book.queue_power)};
    const s1_backtest_environment_options options = {
        .streams = streams,
        .stream_count = link->streams.count,
        .from = parts->options.from,
        .trades = parts->options.trades,
        .book = parts->options.book,
        .matching = {.instrument = &parts->instruments[0],
                     .rules = s1_fill_rules_of(simulation->fill_rule, &simulation->matching.knobs),
                     .ambiguity = simulation->ambiguity,
                     .costs = costs_of(simulation, parts->options.seed),
                     .maker_fee = parts->instruments[0].maker_fee,
                     .taker_fee = parts->instruments[0].taker_fee,
                     .fees = parts->fees,
                     .orders_max = (uint32_t)limits->working_orders_max,
                     .book = parts->options.book != NULL ? &book : NULL},
        .latency = {.feed = simulation->latency.feed,
                    .order = simulation->latency.order,
                    .response = simulation->latency.response},
        .clock = parts->options.clock,
    };
    const s1_order_listener listener = s1_order_manager_listener(parts->orders);
    *has_taken_readers = true;
    S1_TRY(err, s1_backtest_environment_new(&options, &listener, &parts->backtest, err));
    parts->environment = s1_backtest_environment_verbs(parts->backtest);
    const s1_carry_options carry = {
        .ledger = parts->ledger, .orders = parts->orders, .instrument = &parts->instruments[0]};
    S1_TRY(err, s1_carry_of(link, &carry, parts->options.feeds, &parts->carry, err));
    if (parts->carry != NULL) {
        const s1_environment inner = parts->environment;
        parts->environment = s1_carry_wrap(parts->carry, &inner);
    }
    s1_order_manager_connect(parts->orders, &parts->environment);
    return S1_OK;
}

/* The triggers of an execution worker: the blueprint's, else what its subtype is there for. */
static uint32_t triggers_of(const s1_worker_plan *plan, int32_t subtype)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < plan->item->triggers.count; i++) {
        int32_t trigger;
        if (s1_enum_parse(s1_trigger_names, plan->item->triggers.items[i], &trigger)) {
            mask |= 1u << trigger;
        }
    }
    if (mask != 0) {
        return mask;
    }
    switch (subtype) {
    case S1_SUBTYPE_TRADE_INITIATION:
        return 1u << S1_ON_PLAN_APPROVED;
    case S1_SUBTYPE_RISK_SAFETY:
        return 1u << S1_ON_THREAT_DETECTED;
    default:
        return 1u << S1_ON_CONTEXT_READY;
    }
}

/* To whom runs it, a plugin that was refused is one cause, whatever it reached for. */
static s1_rc build_worker(const s1_worker_builder *builder, s1_plugin *plugin,
                          const s1_worker_plan *plan, s1_worker **ret_worker, s1_err *err)
{
    const s1_rc rc = s1_worker_build(builder, plugin, plan, ret_worker, err);
    if (rc != S1_E_DENIED) {
        return rc;
    }
    if (err != NULL) {
        err->code = S1_E_PLUGIN;
    }
    return S1_E_PLUGIN;
}

static s1_rc build_workers(s1_components *parts, s1_err *err)
{
    const uint32_t count = parts->options.link->blueprint->workers.count;
    const s1_worker_builder builder = {.context = parts->context,
                                       .feeds = parts->feeds,
                                       .feed_count = parts->feed_count,
                                       .models = parts->models,
                                       .model_count = parts->model_count,
                                       .services = &parts->services};
    TAKE(parts, parts->workers, s1_worker *, (size_t)count + 1, err);
    TAKE(parts, parts->operator_workers, s1_operator_worker, (size_t)count + 1, err);
    for (uint32_t i = 0; i < count; i++) {
        S1_TRY(err, build_worker(&builder, parts->options.plugins[i], parts->options.plans[i],
                                 &parts->workers[i], err));
        parts->worker_count = i + 1;
        parts->operator_workers[i] = (s1_operator_worker){
            .worker = parts->workers[i],
            .order = i,
            .triggers = parts->workers[i]->type == S1_WORKER_EXECUTION
                            ? triggers_of(parts->options.plans[i], parts->workers[i]->subtype)
                            : 0,
        };
    }
    return S1_OK;
}

/* Blueprint order keeps the workers of a type together, so an operator's are one slice. */
static s1_rc build_operators(s1_components *parts, s1_err *err)
{
    const s1_link *const link = parts->options.link;
    for (uint32_t i = 0; i < link->operators.count; i++) {
        const s1_operator_config *const config = &link->operators.items[i];
        s1_base_operator *const op = &parts->operators[config->manages_worker_type];
        *op = (s1_base_operator){
            .operator_id = config->operator_id,
            .manages = config->manages_worker_type,
            .execution = config->execution_strategy,
            .aggregation = config->aggregation_strategy,
            .on_failure = config->on_worker_failure,
            .context = &parts->context->view,
            .signals = &parts->signals,
            .threats = &parts->threats,
            .clock = parts->options.is_profiled ? parts->options.clock : NULL,
        };
        uint32_t first = 0;
        while (first < parts->worker_count && parts->workers[first]->type != op->manages) {
            first++;
        }
        op->workers = parts->operator_workers + first;
        while (first + op->worker_count < parts->worker_count &&
               parts->workers[first + op->worker_count]->type == op->manages) {
            op->triggers |= op->workers[op->worker_count].triggers;
            op->worker_count++;
        }
    }
    for (int32_t type = S1_WORKER_CONTEXT; type <= S1_WORKER_EXECUTION; type++) {
        if (parts->operators[type].manages != type) {
            return S1_RAISE(err, S1_E_INVALID, "operators.yaml has no operator that manages %s",
                            s1_enum_text(s1_worker_class_names, type));
        }
    }
    parts->planning.op = &parts->operators[S1_WORKER_PLANNING];
    parts->planning.journal = parts->journal;
    parts->planning.ids = &parts->ids;
    return S1_OK;
}

static s1_rc build_rows(s1_components *parts, s1_err *err)
{
    const uint64_t rows = parts->options.readers[0]->rows_total + 1;
    parts->row_capacity = rows;
    parts->row_equity = s1_reserve_new(rows * sizeof *parts->row_equity);
    parts->row_in_position = s1_reserve_new(rows * sizeof *parts->row_in_position);
    if (parts->row_equity == NULL || parts->row_in_position == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "the equity of %llu bars", (unsigned long long)rows);
    }
    s1_reserve_populate(parts->row_equity, rows * sizeof *parts->row_equity);
    s1_reserve_populate(parts->row_in_position, rows * sizeof *parts->row_in_position);
    return S1_OK;
}

/* After the workers: their columns are recorded. */
static s1_rc build_recorder(s1_components *parts, s1_err *err)
{
    if (!parts->options.link->records_context) {
        return S1_OK;
    }
    TAKE(parts, parts->signals.emitters, const s1_worker *, parts->signals.capacity, err);
    const s1_limits_config *const limits = &parts->options.config->platform.limits;
    return s1_context_recorder_new(parts->context, (uint64_t)limits->context_record_mib << 20,
                                   &parts->recorder, err);
}

static s1_rc build_all(s1_components *parts, bool *has_taken_readers, s1_err *err)
{
    S1_TRY(err, build_rows(parts, err));
    S1_TRY(err, build_context(parts, err));
    S1_TRY(err, build_feeds(parts, err));
    S1_TRY(err, build_models(parts, err));
    S1_TRY(err, build_books(parts, err));
    S1_TRY(err, build_environment(parts, has_taken_readers, err));
    parts->services = (s1_worker_services){.self = parts,
                                           .seed = parts->options.seed,
                                           .now = service_now,
                                           .log = service_log,
                                           .state_load = service_state_load,
                                           .event_emit = service_event_emit,
                                           .journal_append = service_journal_append};
    S1_TRY(err, build_workers(parts, err));
    S1_TRY(err, build_recorder(parts, err));
    return build_operators(parts, err);
}

s1_rc s1_components_new(const s1_component_options *options, s1_components **ret_components,
                        s1_err *err)
{
    bool has_taken_readers = false;
    s1_rc rc;
    s1_components *const parts = calloc(1, sizeof *parts);
    if (parts == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "the components of a run");
    } else {
        parts->options = *options;
        parts->stream_count = options->link->streams.count;
        s1_arena_init(&parts->arena, ARENA_BYTES_MAX, 0);
        rc = build_all(parts, &has_taken_readers, err);
    }
    if (rc != S1_OK) {
        for (uint32_t i = 0; !has_taken_readers && i < options->link->streams.count; i++) {
            s1_bar_reader_close(options->readers[i]);
        }
        if (!has_taken_readers) {
            s1_market_reader_close(options->book);
        }
        s1_components_free(parts);
        return rc;
    }
    *ret_components = parts;
    return S1_OK;
}

void s1_components_free(s1_components *parts)
{
    if (parts == NULL) {
        return;
    }
    for (uint32_t i = 0; i < parts->worker_count; i++) {
        s1_worker_free(parts->workers[i]);
    }
    s1_backtest_environment_free(parts->backtest);
    s1_order_manager_free(parts->orders);
    s1_carry_free(parts->carry);
    s1_journal_free(parts->journal);
    s1_ledger_free(parts->ledger);
    s1_context_recorder_free(parts->recorder);
    s1_trading_context_free(parts->context);
    for (uint32_t i = 0; i < parts->feed_count; i++) {
        s1_feed_window_free(parts->feeds[i].window);
    }
    for (uint32_t i = 0; i < parts->model_count; i++) {
        s1_lightgbm_free(((s1_model *)parts->models[i].model->self));
    }
    s1_reserve_free(parts->row_equity, parts->row_capacity * sizeof *parts->row_equity);
    s1_reserve_free(parts->row_in_position, parts->row_capacity * sizeof *parts->row_in_position);
    s1_arena_done(&parts->arena);
    free(parts);
}
