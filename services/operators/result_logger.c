#include "services/operators/result_logger.h"

#include "backend/analysis/results_writer.h"
#include "backend/utils/hash.h"
#include "backend/utils/locale.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "s1_build.h"

#define ARENA_BYTES_MAX (64u << 20)

void s1_result_logger_init(s1_result_logger *logger, const s1_result_logger_options *options)
{
    *logger = (s1_result_logger){.options = *options};
    s1_arena_init(&logger->arena, ARENA_BYTES_MAX, 0);
}

void s1_result_logger_done(s1_result_logger *logger)
{
    s1_arena_done(&logger->arena);
}

/* States were kept in memory; now they become files, once. */
static s1_rc write_states(const s1_result_logger *logger, const s1_components *parts, s1_err *err)
{
    for (uint32_t i = 0; i < parts->worker_count; i++) {
        const s1_str state = s1_worker_state(parts->workers[i]);
        if (state.len == 0) {
            continue;
        }
        s1_state_persistor *persistor;
        S1_TRY(err, s1_create_state_persistor(logger->options.factory, logger->options.link->id,
                                              parts->workers[i]->instance_id, &persistor, err));
        s1_err cause = S1_ERR_INIT;
        s1_rc rc = s1_state_save_atomic(persistor, state, &cause);
        if (s1_state_is_poisoned(persistor)) {
            rc = S1_RAISE(err, S1_E_STORAGE, "a state cannot be written: %.300s", cause.msg);
        } else if (rc != S1_OK && err != NULL) {
            *err = cause;
        }
        s1_state_persistor_free(persistor);
        S1_TRY(err, rc);
    }
    return S1_OK;
}

static s1_rc list_plugins(s1_result_logger *logger, const s1_components *parts,
                          s1_run_manifest *manifest, s1_err *err)
{
    s1_run_plugin *const plugins =
        s1_arena_array(&logger->arena, s1_run_plugin, (size_t)parts->worker_count + 1);
    char (*const hashes)[S1_SHA256_HEX] =
        s1_arena_zeroed(&logger->arena, (size_t)parts->worker_count + 1, S1_SHA256_HEX, 1);
    if (plugins == NULL || hashes == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u plugins", parts->worker_count);
    }
    for (uint32_t i = 0; i < parts->worker_count; i++) {
        const s1_plugin *const plugin = parts->workers[i]->plugin;
        s1_hex_print(plugin->library_sha256, S1_SHA256_BYTES, hashes[i]);
        plugins[i] =
            (s1_run_plugin){plugin->name, parts->workers[i]->version, s1_str_of(hashes[i])};
    }
    manifest->plugins = plugins;
    manifest->plugin_count = parts->worker_count;
    return S1_OK;
}

static s1_rc list_feeds(s1_result_logger *logger, const s1_components *parts,
                        s1_run_manifest *manifest, s1_err *err)
{
    s1_run_feed *const feeds =
        s1_arena_array(&logger->arena, s1_run_feed, (size_t)parts->feed_count + 1);
    if (feeds == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u feeds", parts->feed_count);
    }
    for (uint32_t i = 0; i < parts->feed_count; i++) {
        const s1_feed_table *const table = parts->feeds[i].window->table;
        feeds[i] = (s1_run_feed){parts->feeds[i].id, s1_str_of(table->hash), table->row_count};
    }
    manifest->feeds = feeds;
    manifest->feed_count = parts->feed_count;
    return S1_OK;
}

static s1_rc list_models(s1_result_logger *logger, const s1_components *parts,
                         s1_run_manifest *manifest, s1_err *err)
{
    const s1_blueprint *const blueprint = logger->options.link->blueprint;
    s1_run_model *const models =
        s1_arena_array(&logger->arena, s1_run_model, (size_t)blueprint->models.count + 1);
    if (models == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u models", blueprint->models.count);
    }
    manifest->models = models;
    for (uint32_t i = 0; parts->options.models != NULL && i < blueprint->models.count; i++) {
        const s1_model_file *const file = &parts->options.models[i];
        if (file->text.len > 0) {
            models[manifest->model_count++] =
                (s1_run_model){blueprint->models.items[i].id, s1_str_of(file->hash)};
        }
    }
    return S1_OK;
}

static s1_rc list_ambiguous(s1_result_logger *logger, const s1_order_counts *counts,
                            s1_run_manifest *manifest, s1_err *err)
{
    const size_t kept =
        counts->ambiguous < S1_AMBIGUOUS_KEPT_MAX ? counts->ambiguous : S1_AMBIGUOUS_KEPT_MAX;
    s1_ambiguous_bar *const bars = s1_arena_array(&logger->arena, s1_ambiguous_bar, kept + 1);
    if (bars == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu ambiguous bars", kept);
    }
    for (size_t i = 0; i < kept; i++) {
        bars[i] = (s1_ambiguous_bar){counts->first[i].time, counts->first[i].trade_id,
                                     s1_str_of(s1_fill_rule_name(counts->first[i].rule))};
    }
    manifest->ambiguous = bars;
    manifest->ambiguous_count = kept;
    manifest->ambiguous_bars = counts->ambiguous;
    manifest->orders = counts->orders;
    manifest->fills = counts->fills;
    manifest->rejected_venue = counts->venue_refusals;
    return S1_OK;
}

static void fill_counts(const s1_components *parts, const s1_run_sums *sums,
                        s1_run_manifest *manifest)
{
    manifest->warmup_bars = sums->warmup_bars;
    manifest->ticks = sums->ticks;
    manifest->opportunities = sums->opportunities;
    manifest->approved = sums->approved;
    manifest->rejected = sums->rejected;
    manifest->rejected_governor = parts->planning.rejected[S1_STAGE_GOVERNOR];
    manifest->rejected_entry = parts->planning.rejected[S1_STAGE_ENTRY];
    manifest->rejected_exit = parts->planning.rejected[S1_STAGE_EXIT];
    manifest->rejected_size = parts->planning.rejected[S1_STAGE_SIZE];
    manifest->rejected_routing = parts->planning.rejected[S1_STAGE_ROUTING];
    uint64_t elsewhere = manifest->rejected_venue;
    for (size_t i = 0; i < S1_STAGE_COUNT; i++) {
        elsewhere += parts->planning.rejected[i];
    }
    manifest->rejected_gate = sums->rejected - elsewhere;
    manifest->open_positions = parts->ledger->view.position_count;
    manifest->threats = sums->threats;
    manifest->journal_entries = s1_journal_counts_borrow(parts->journal)->entries;
    size_t count;
    const s1_trade_record *const trades = s1_order_manager_trades(parts->orders, &count);
    manifest->trades = count;
    for (size_t i = 0; i < count; i++) {
        manifest->closed_by_threat += !s1_uid_is_none(trades[i].threat_id.uid);
    }
}

/* Numbers the blueprint sets: what may have been chosen by their outcome. */
static uint64_t count_parameters(const s1_components *parts)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < parts->worker_count; i++) {
        const s1_worker_plan *const plan = parts->workers[i]->plan;
        for (uint32_t p = 0; p < plan->params.count; p++) {
            const s1_param *const param = &plan->params.items[p];
            count += !param->is_default &&
                     (param->type == S1_PARAM_INT || param->type == S1_PARAM_FLOAT ||
                      param->type == S1_PARAM_DECIMAL || param->type == S1_PARAM_DURATION ||
                      param->type == S1_PARAM_INT_LIST || param->type == S1_PARAM_FLOAT_LIST);
        }
    }
    return count;
}

/* The closes of the benchmark's stream as they were known at the bars of the run: before its first
 * bar its first close. */
static s1_rc list_benchmark(s1_result_logger *logger, const s1_components *parts,
                            s1_run_series *series, s1_err *err)
{
    const s1_link *const link = logger->options.link;
    if (link->benchmark == 0) {
        return S1_OK;
    }
    const s1_stream *const stream = parts->context->view.streams[link->benchmark];
    double *const values = s1_arena_array(&logger->arena, double, series->count);
    if (values == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu rows of a benchmark", series->count);
    }
    if (stream->rows == 0) {
        return S1_RAISE(err, S1_E_DATA, "benchmark %.*s: found no bar in the period of the run",
                        S1_STR_ARG(link->environment->statistics.benchmark));
    }
    uint64_t at = 0;
    for (size_t i = 0; i < series->count; i++) {
        while (at + 1 < stream->rows && stream->close_time[at + 1] <= series->time[i]) {
            at++;
        }
        values[i] = stream->close.values[at];
    }
    series->benchmark = values;
    return S1_OK;
}

static s1_rc write_results(s1_result_logger *logger, const s1_components *parts,
                           const s1_run_sums *sums, s1_err *err)
{
    const s1_result_logger_options *const options = &logger->options;
    const s1_link *const link = options->link;
    const s1_simulation_config *const simulation = &link->environment->simulation;
    const s1_fill_rules rules =
        s1_fill_rules_of(simulation->fill_rule, &simulation->matching.knobs);
    const s1_statistics_config *const made = &link->environment->statistics;
    s1_run_series series = s1_components_series(parts);
    static const char *const levels[] = {"", "full", "trades", "off"};
    char timeframe[S1_TIMEFRAME_TEXT_MAX];
    char journal_head[S1_SHA256_HEX];
    s1_hex_print(sums->journal_head, S1_JOURNAL_HASH_SIZE, journal_head);
    s1_run_manifest manifest = {
        .run_id = options->run_id,
        .seed = options->seed,
        .from = options->from,
        .to = simulation->has_to ? simulation->to : series.time[series.count - 1],
        .initial_capital = parts->ledger->view.initial_capital,
        .version = s1_str_of(S1_VERSION),
        .command = s1_str_of(options->command),
        .strategy = link->blueprint->blueprint_id,
        .strategy_version = link->blueprint->version,
        .strategy_link_id = link->id,
        .environment = link->environment->environment_id,
        .asset_pair = link->streams.items[0].need.asset_pair,
        .timeframe = {timeframe,
                      s1_timeframe_print(link->streams.items[0].need.timeframe, timeframe)},
        .currency = parts->instruments[0].quote,
        .fill_rule = s1_str_of(s1_enum_text(s1_fill_rule_names, simulation->fill_rule)),
        .ambiguity_rule = s1_str_of(simulation->match_on != S1_MATCH_ON_BARS
                                        ? s1_enum_text(s1_match_on_names, simulation->match_on)
                                    : rules.path == S1_PATH_UNKNOWN
                                        ? s1_enum_text(s1_ambiguity_names, simulation->ambiguity)
                                        : s1_enum_text(s1_path_names, rules.path)),
        .journal_level = s1_str_of(levels[options->journal_level]),
        .language = s1_str_of(s1_language_code(options->language)),
        .finish_reason = sums->finish_reason,
        .binary_hash = s1_str_of(options->binary_hash),
        .config_hash = s1_str_of(options->config_hash),
        .data_hash = s1_str_of(options->data_hash),
        .journal_head = s1_str_of(journal_head),
        .streams = options->streams,
        .stream_count = options->stream_count,
    };
    const s1_order_counts counts = s1_order_manager_counts(parts->orders);
    s1_context_records records;
    if (parts->recorder != NULL) {
        records = s1_context_recorder_records(parts->recorder);
    }
    S1_TRY(err, list_plugins(logger, parts, &manifest, err));
    S1_TRY(err, list_feeds(logger, parts, &manifest, err));
    S1_TRY(err, list_models(logger, parts, &manifest, err));
    S1_TRY(err, list_ambiguous(logger, &counts, &manifest, err));
    fill_counts(parts, sums, &manifest);
    const s1_run_costs costs = {.fees = parts->ledger->view.fees,
                                .funding = parts->ledger->view.funding,
                                .interest = parts->ledger->view.interest,
                                .fee_fallbacks = parts->fees != NULL ? parts->fees->fallbacks : 0,
                                .liquidations =
                                    parts->carry != NULL ? s1_carry_liquidations(parts->carry) : 0};
    manifest.costs = parts->fees != NULL || parts->carry != NULL ? &costs : NULL;
    S1_TRY(err, list_benchmark(logger, parts, &series, err));
    s1_results_input input = {
        .manifest = &manifest,
        .series = series,
        .periods_per_year = s1_dec_to_double(made->periods_per_year),
        .risk_free_rate = s1_dec_to_double(made->risk_free_rate),
        .trials = (uint64_t)made->trials,
        .trials_variance = s1_dec_to_double(made->trials_variance),
        .benchmark = series.benchmark != NULL ? made->benchmark : S1_STR(""),
        .fees = parts->ledger->view.fees,
        .funding = parts->ledger->view.funding,
        .interest = parts->ledger->view.interest,
        .parameter_count = count_parameters(parts),
        .duckdb = options->duckdb,
        .context = parts->recorder != NULL ? &records : NULL,
    };
    input.trades = s1_order_manager_trades(parts->orders, &input.trade_count);
    return s1_results_write(&input, options->fs, options->folder, &logger->statistics, err);
}

s1_rc s1_result_logger_store(void *self, const s1_components *parts, const s1_run_sums *sums,
                             s1_err *err)
{
    s1_result_logger *const logger = self;
    if (parts->row_count == 0) {
        return S1_RAISE(err, S1_E_DATA,
                        "%.*s: every bar was needed for warm-up, none is left to "
                        "trade on",
                        S1_STR_ARG(logger->options.link->streams.items[0].need.asset_pair));
    }
    S1_TRY(err, write_states(logger, parts, err));
    S1_TRY(err, write_results(logger, parts, sums, err));
    return S1_OK;
}
