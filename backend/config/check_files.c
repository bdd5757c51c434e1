/* Checks of the files of fixed name, each and against the others. */
#include "backend/config/loader.h"
#include "backend/dtos/market/fill_policy.h"
#include "backend/dtos/market/stream_key.h"

static const s1_str none = {NULL, 0};

void s1_config_report_missing(s1_loader *l, int32_t fault_class, const s1_source *source,
                              s1_str path, s1_str found, const char *what, const s1_str *names,
                              size_t count)
{
    const s1_str known = s1_config_join_names(l->arena, names, count);
    s1_faults_add(l->faults, fault_class, source, path,
                  s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(found)),
                  count != 0 && count <= 12
                      ? s1_config_format(l->arena, "%s: %.*s", what, S1_STR_ARG(known))
                      : s1_str_of(what),
                  s1_config_nearest(found, names, count));
}

/* Collects one text member of each item. */
static const s1_str *names_of(s1_arena *arena, const void *items, uint32_t count, size_t size,
                              size_t offset)
{
    s1_str *const names = S1_CONFIG_ARRAY(arena, s1_str, count + 1u);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&names[i], (const char *)items + size * i + offset, sizeof names[i]);
    }
    return names;
}
#define NAMES(arena, list, type, member)                                                           \
    names_of((arena), (list).items, (list).count, sizeof(type), offsetof(type, member))

/* Reports names given twice. Items start with their s1_source. */
static void check_unique(s1_loader *l, const void *items, uint32_t count, size_t size,
                         size_t offset, const char *field)
{
    for (uint32_t i = 1; i < count; i++) {
        s1_str name, other;
        s1_source source;
        memcpy(&name, (const char *)items + size * i + offset, sizeof name);
        memcpy(&source, (const char *)items + size * i, sizeof source);
        for (uint32_t k = 0; k < i && name.len != 0; k++) {
            memcpy(&other, (const char *)items + size * k + offset, sizeof other);
            if (s1_str_eq(name, other)) {
                s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &source, field,
                               s1_config_format(l->arena, "'%.*s' a second time", S1_STR_ARG(name)),
                               "a name of its own");
                break;
            }
        }
    }
}
#define CHECK_UNIQUE(l, list, type, member)                                                        \
    check_unique((l), (list).items, (list).count, sizeof(type), offsetof(type, member), #member)

/* --- platform.yaml --- */

static void check_platform(s1_loader *l)
{
    const s1_core_config *const core = &l->config->platform.core;
    const s1_str profile = core->logging.profile;
    const uint32_t count = core->logging.profiles.count;
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, count + 2u);
    names[0] = S1_STR("developer");
    names[1] = S1_STR("analysis");
    bool is_known = s1_str_eq(profile, names[0]) || s1_str_eq(profile, names[1]);
    for (uint32_t i = 0; i < count; i++) {
        names[i + 2] = core->logging.profiles.items[i].name;
        is_known = is_known || s1_str_eq(profile, names[i + 2]);
    }
    if (!is_known) {
        const s1_source at = s1_source_field(&core->logging.source, S1_STR("profile"));
        s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, profile, "a log profile", names,
                                 count + 2u);
    }
}

/* --- operators.yaml --- */

const char *s1_operator_cell_reason(int32_t worker_type, int32_t execution, int32_t aggregation)
{
    const bool is_chain = aggregation == S1_AGGREGATION_CHAIN_THROUGH;
    switch (worker_type) {
    case S1_WORKER_CONTEXT:
        return execution == S1_EXECUTION_SEQUENTIAL && is_chain
                   ? NULL
                   : "SEQUENTIAL and CHAIN_THROUGH: a context worker reads the columns of those "
                     "before it";
    case S1_WORKER_PLANNING:
        return execution == S1_EXECUTION_SEQUENTIAL && is_chain
                   ? NULL
                   : "SEQUENTIAL and CHAIN_THROUGH: each planning phase builds on the plan of the "
                     "one before";
    case S1_WORKER_OPPORTUNITY:
    case S1_WORKER_THREAT:
        return (execution == S1_EXECUTION_SEQUENTIAL || execution == S1_EXECUTION_PARALLEL) &&
                       aggregation == S1_AGGREGATION_COLLECT_ALL
                   ? NULL
                   : "SEQUENTIAL or PARALLEL, and COLLECT_ALL: every finding of every detector "
                     "counts";
    case S1_WORKER_EXECUTION:
        return execution == S1_EXECUTION_EVENT_DRIVEN && aggregation == S1_AGGREGATION_NONE
                   ? NULL
                   : "EVENT_DRIVEN and NONE: execution workers act on their triggers and return "
                     "nothing";
    default:
        return "a worker type";
    }
}

static void check_operator_types(s1_loader *l)
{
    const s1_operators_config *const file = &l->config->operators;
    for (const s1_enum_name *type = s1_worker_class_names; type->name != NULL; type++) {
        uint32_t seen = 0;
        for (uint32_t i = 0; i < file->operators.count; i++) {
            const s1_operator_config *const op = &file->operators.items[i];
            if (op->manages_worker_type == type->value && ++seen == 2) {
                s1_faults_addf(l->faults, S1_FAULT_OPERATOR, &op->source, "manages_worker_type",
                               s1_config_format(l->arena, "'%s' a second time", type->name),
                               "one operator for each worker type");
            }
        }
        if (seen == 0 && file->operators.count != 0) {
            s1_faults_addf(l->faults, S1_FAULT_OPERATOR, &file->source, "operators",
                           s1_config_format(l->arena, "no operator for %s", type->name),
                           "one operator for each worker type");
        }
    }
}

static void check_operators(s1_loader *l)
{
    const s1_operators_config *const file = &l->config->operators;
    CHECK_UNIQUE(l, file->operators, s1_operator_config, operator_id);
    for (uint32_t i = 0; i < file->operators.count; i++) {
        const s1_operator_config *const op = &file->operators.items[i];
        if (op->manages_worker_type == 0 || op->execution_strategy == 0 ||
            op->aggregation_strategy == 0) {
            continue; /* reported already */
        }
        const char *const reason = s1_operator_cell_reason(
            op->manages_worker_type, op->execution_strategy, op->aggregation_strategy);
        if (reason != NULL) {
            s1_faults_addf(
                l->faults, S1_FAULT_OPERATOR, &op->source, "execution_strategy",
                s1_config_format(
                    l->arena, "%s with %s for %s",
                    s1_enum_text(s1_execution_strategy_names, op->execution_strategy),
                    s1_enum_text(s1_aggregation_strategy_names, op->aggregation_strategy),
                    s1_enum_text(s1_worker_class_names, op->manages_worker_type)),
                "%s", reason);
        }
    }
    check_operator_types(l);
}

/* --- event_map.yaml, wiring_map.yaml, schedule.yaml --- */

static void check_event(s1_loader *l, const s1_source *source, s1_str name, bool is_listening)
{
    const s1_event_config *const event = s1_config_event(l->config, name);
    const s1_event_map_config *const map = &l->config->event_map;
    if (map->events.count == 0 || name.len == 0) {
        return; /* reported already */
    }
    if (event == NULL) {
        s1_config_report_missing(
            l, S1_FAULT_EVENT_CHAIN, source, none, name, "an event of event_map.yaml",
            NAMES(l->arena, map->events, s1_event_config, event_name), map->events.count);
    } else if (is_listening && event->category == S1_EVENT_SCHEDULE) {
        s1_faults_add(l->faults, S1_FAULT_EVENT_CHAIN, source, none,
                      s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(name)),
                      S1_STR("an event that is not of category schedule (the scheduler is not in "
                             "this version)"),
                      none);
    }
}

/* The place of item `index` of a list field that may be written as one bare item. */
static s1_source item_source(const s1_source *source, s1_str field, uint32_t index)
{
    const s1_source at = s1_source_field(source, field);
    if (at.node == NULL || at.node->kind != S1_YAML_LIST) {
        return at;
    }
    const s1_yaml_node *child = at.node->first;
    while (child != NULL && child->index != index) {
        child = child->next;
    }
    return child != NULL ? s1_yaml_source(child) : at;
}

static void check_wirings(s1_loader *l)
{
    const s1_wiring_map_config *const map = &l->config->wiring_map;
    CHECK_UNIQUE(l, map->wirings, s1_wiring_config, adapter_id);
    for (uint32_t i = 0; i < map->wirings.count; i++) {
        const s1_wiring_config *const w = &map->wirings.items[i];
        for (uint32_t k = 0; k < w->listens_to.count; k++) {
            const s1_source at = item_source(&w->source, S1_STR("listens_to"), k);
            check_event(l, &at, w->listens_to.items[k], true);
        }
        for (uint32_t k = 0; k < w->publishes_result_as.count; k++) {
            const s1_source at = item_source(&w->source, S1_STR("publishes_result_as"), k);
            check_event(l, &at, w->publishes_result_as.items[k], false);
        }
        if (w->publishes_result_as.count > 1) {
            s1_faults_addf(l->faults, S1_FAULT_EVENT_CHAIN, &w->source, "publishes_result_as",
                           s1_config_format(l->arena, "%u events", w->publishes_result_as.count),
                           "one event (several are not in this version)");
        }
        if (w->listens_to.count > 4) {
            s1_faults_addf(l->faults, S1_FAULT_EVENT_CHAIN, &w->source, "listens_to",
                           s1_config_format(l->arena, "%u events", w->listens_to.count),
                           "at most 4 events to join");
        }
    }
}

static bool is_cron(s1_str text)
{
    uint32_t fields = 0;
    text = s1_str_trim(text);
    s1_str field;
    for (bool is_done = false; s1_str_split(&text, ' ', &field, &is_done);) {
        for (size_t i = 0; i < field.len; i++) {
            const char c = field.ptr[i];
            if (!s1_config_is_digit(c) && strchr("*,-/", c) == NULL) {
                return false;
            }
        }
        fields += field.len != 0;
    }
    return fields == 5;
}

static void check_schedule_item(s1_loader *l, const s1_schedule_item *item)
{
    static const char cron_doc[] = "five cron fields of digits and * , - /";
    const s1_event_config *const event = s1_config_event(l->config, item->event);
    const s1_source at = s1_source_field(&item->source, S1_STR("event"));
    check_event(l, &at, item->event, false);
    if (event != NULL && event->category != S1_EVENT_SCHEDULE) {
        s1_faults_add(l->faults, S1_FAULT_EVENT_CHAIN, &at, none,
                      s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(item->event)),
                      S1_STR("an event of category schedule"), none);
    }
    const bool has_value = item->type != 0 || item->value.len != 0;
    if ((item->cron.len != 0) == has_value || (has_value && item->value.len == 0)) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "cron", none,
                       "either cron, or type and value");
        return;
    }
    if (item->cron.len != 0 || item->type == 2) {
        const s1_str cron = item->cron.len != 0 ? item->cron : item->value;
        if (!is_cron(cron)) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source,
                           item->cron.len != 0 ? "cron" : "value",
                           s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(cron)), "%s", cron_doc);
        }
        return;
    }
    s1_nanos interval;
    if (s1_duration_parse(item->value, &interval, NULL) != S1_OK || interval <= 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "value",
                       s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(item->value)),
                       "a duration such as 30s, 5m or 1h");
    }
}

static void check_schedule(s1_loader *l)
{
    const s1_schedule_config *const file = &l->config->schedule;
    CHECK_UNIQUE(l, file->schedules, s1_schedule_item, name);
    for (uint32_t i = 0; i < file->schedules.count; i++) {
        check_schedule_item(l, &file->schedules.items[i]);
    }
}

static bool is_left_out(const s1_connector_config *connector, s1_str value, s1_str field)
{
    const s1_yaml_node *const node = s1_yaml_get(connector->source.node, field);
    return value.len == 0 && (node == NULL || !node->is_faulty);
}

static void check_connectors(s1_loader *l)
{
    const s1_connectors_config *const file = &l->config->connectors;
    for (uint32_t i = 0; i < file->connectors.count; i++) {
        const s1_connector_config *const c = &file->connectors.items[i];
        if (c->type != S1_CONNECTOR_KRAKEN_PRIVATE) {
            continue;
        }
        if (is_left_out(c, c->api_key, S1_STR("api_key"))) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &c->source, "api_key", none,
                           "the key of a private connector: \"${NAME}\"");
        }
        if (is_left_out(c, c->api_secret, S1_STR("api_secret"))) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &c->source, "api_secret", none,
                           "the secret of a private connector: \"${NAME}\"");
        }
    }
}

/* --- data_sources.yaml, instruments.yaml, environments.yaml --- */

static s1_dec unit_of(int64_t scale)
{
    s1_i128 raw = 1;
    for (int64_t i = scale; i < (int64_t)S1_DEC_SCALE; i++) {
        raw *= 10;
    }
    return s1_dec_of_raw(raw);
}

static void check_step(s1_loader *l, const s1_instrument_config *item, s1_dec step, int64_t scale,
                       const char *field, const char *scale_name)
{
    if (s1_dec_raw(step) % s1_dec_raw(unit_of(scale)) != 0) {
        char text[S1_DEC_TEXT_MAX];
        (void)s1_dec_print(step, text);
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, field,
                       s1_config_format(l->arena, "'%s'", text),
                       "at most %lld digits behind the point (%s)", (long long)scale, scale_name);
    }
}

static void finish_instrument(s1_loader *l, s1_instrument_config *item)
{
    const size_t slash = s1_str_find_byte(item->asset_pair, '/', 0);
    if (item->base.len == 0 && slash != S1_STR_NPOS) {
        item->base = s1_config_copy(l->arena, s1_str_slice(item->asset_pair, 0, slash));
    }
    if (item->quote.len == 0 && slash != S1_STR_NPOS) {
        item->quote = s1_config_copy(
            l->arena, s1_str_slice(item->asset_pair, slash + 1, item->asset_pair.len));
    }
    if (item->price_scale + item->qty_scale > 18) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "qty_scale",
                       s1_config_format(l->arena, "%lld with price_scale %lld",
                                        (long long)item->qty_scale, (long long)item->price_scale),
                       "at most 18 for both together");
    }
    if (!item->has_tick_size) {
        item->tick_size = unit_of(item->price_scale);
        item->has_tick_size = true;
    }
    if (!item->has_lot_size) {
        item->lot_size = unit_of(item->qty_scale);
        item->has_lot_size = true;
    }
    check_step(l, item, item->tick_size, item->price_scale, "tick_size", "price_scale");
    check_step(l, item, item->lot_size, item->qty_scale, "lot_size", "qty_scale");
    if (item->has_max_quantity && s1_dec_cmp(item->max_quantity, item->min_quantity) < 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "max_quantity",
                       S1_STR("less than min_quantity"), "at least min_quantity");
    }
    if (item->has_max_notional && s1_dec_cmp(item->max_notional, item->min_notional) < 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "max_notional",
                       S1_STR("less than min_notional"), "at least min_notional");
    }
    if (!item->margin.enabled && s1_dec_raw(item->margin.leverage) != s1_dec_raw(S1_DEC_ONE)) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->margin.source, "leverage",
                       S1_STR("leverage without margin"), "margin.enabled: true, or no leverage");
    }
}

static void check_instruments(s1_loader *l)
{
    const s1_instruments_config *const file = &l->config->instruments;
    s1_instrument_config *const items = s1_config_mutable(file->instruments.items);
    for (uint32_t i = 0; i < file->instruments.count; i++) {
        finish_instrument(l, &items[i]);
    }
}

/* Bars have a timeframe, trades are there to be made bars of. */
static void check_data_sources(s1_loader *l)
{
    const s1_data_sources_config *const file = &l->config->data_sources;
    for (uint32_t i = 0; i < file->data_sources.count; i++) {
        const s1_data_source_config *const item = &file->data_sources.items[i];
        const bool is_trades = item->data_type == S1_DATA_TRADES;
        if (!is_trades && item->data_type != S1_DATA_OHLCV) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "data_type",
                           s1_config_format(l->arena, "'%s'", s1_data_type_name(item->data_type)),
                           "ohlcv or trades (others are not in this version)");
            continue;
        }
        if (!is_trades && !item->has_timeframe) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "timeframe", none,
                           "a timeframe such as 1m, 1h or 1d");
        }
        if (is_trades && item->has_timeframe) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "timeframe",
                           S1_STR("the timeframe of trades"), "none");
        }
        if (item->has_resample_offset && !item->resample) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "resample_offset",
                           S1_STR("it without resample"), "resample: true, or no offset");
        }
        if (item->resample_drops_repeats && !(item->resample && is_trades)) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "resample_drops_repeats",
                           S1_STR("true of what is no trades with resample"),
                           "data_type: trades and resample: true, or false");
        }
        if (item->fill == S1_FILL_PREVIOUS_CLOSE && (is_trades || item->resample)) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "fill",
                           is_trades ? S1_STR("previous_close of trades")
                                     : S1_STR("previous_close with resample"),
                           "none: only bars that are read as they are stored are filled");
        }
    }
}

static const s1_data_source_config *find_source(s1_loader *l, const s1_source *at, s1_str id)
{
    const s1_data_sources_config *const file = &l->config->data_sources;
    const s1_data_source_config *const source = s1_config_data_source(l->config, id);
    if (source == NULL && id.len != 0) {
        s1_config_report_missing(
            l, S1_FAULT_REFERENCE, at, none, id, "a data source of data_sources.yaml",
            NAMES(l->arena, file->data_sources, s1_data_source_config, data_source_id),
            file->data_sources.count);
    }
    return source;
}

static bool is_same_stream(const s1_data_source_config *a, const s1_data_source_config *b)
{
    return a->timeframe == b->timeframe && a->data_type == b->data_type &&
           s1_str_eq(a->asset_pair, b->asset_pair);
}

static void add_source(s1_loader *l, s1_environment_config *env, const s1_source *at, s1_str id,
                       const s1_data_source_config **sources)
{
    const s1_data_source_config *const source = find_source(l, at, id);
    if (source == NULL) {
        return;
    }
    for (uint32_t i = 0; i < env->sources.count; i++) {
        if (is_same_stream(sources[i], source)) {
            s1_faults_add(l->faults, S1_FAULT_REFERENCE, at, none,
                          s1_config_format(l->arena, "'%.*s' with the stream of '%.*s'",
                                           S1_STR_ARG(id), S1_STR_ARG(sources[i]->data_source_id)),
                          S1_STR("one source for each stream"), none);
            return;
        }
    }
    sources[env->sources.count++] = source;
}

static void check_backtest(s1_loader *l, s1_environment_config *env)
{
    const bool has_one = env->data_source_id.len != 0;
    const bool has_list = env->data_archives.count != 0;
    if (has_one == has_list) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &env->source, "data_source_id",
                       has_one ? S1_STR("data_source_id and data_archives") : none,
                       "either data_source_id or data_archives of a backtest");
        return;
    }
    const s1_data_source_config **const sources =
        S1_CONFIG_ARRAY(l->arena, const s1_data_source_config *, env->data_archives.count + 1u);
    env->sources.items = sources;
    if (has_one) {
        const s1_source at = s1_source_field(&env->source, S1_STR("data_source_id"));
        add_source(l, env, &at, env->data_source_id, sources);
    }
    for (uint32_t i = 0; i < env->data_archives.count; i++) {
        const s1_source at = item_source(&env->source, S1_STR("data_archives"), i);
        add_source(l, env, &at, env->data_archives.items[i], sources);
    }
    if (env->connector_id.len != 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &env->source, "connector_id",
                       s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(env->connector_id)),
                       "no connector in a backtest");
    }
}

static void check_connected(s1_loader *l, const s1_environment_config *env)
{
    const s1_connectors_config *const file = &l->config->connectors;
    const char *const type = s1_enum_text(s1_environment_type_names, env->type);
    if (env->data_source_id.len != 0 || env->data_archives.count != 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &env->source,
                       env->data_source_id.len != 0 ? "data_source_id" : "data_archives",
                       S1_STR("an archive"), "no archive in a %s environment", type);
    }
    if (env->connector_id.len == 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &env->source, "connector_id", none,
                       "the one connector of a %s environment", type);
        return;
    }
    for (uint32_t i = 0; i < file->connectors.count; i++) {
        if (s1_str_eq(file->connectors.items[i].connector_id, env->connector_id)) {
            return;
        }
    }
    const s1_source at = s1_source_field(&env->source, S1_STR("connector_id"));
    s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, env->connector_id,
                             "a connector of connectors.yaml",
                             NAMES(l->arena, file->connectors, s1_connector_config, connector_id),
                             file->connectors.count);
}

/* Fills in what platform.yaml says for all. */
static void finish_simulation(const s1_loader *l, s1_simulation_config *sim)
{
    const struct s1_portfolio_defaults *const defaults = &l->config->platform.portfolio.defaults;
    if (!sim->has_initial_capital) {
        sim->initial_capital = defaults->initial_capital;
        sim->has_initial_capital = true;
    }
    if (!sim->fees.has_maker) {
        sim->fees.maker = defaults->fee_rate;
        sim->fees.has_maker = true;
    }
    if (!sim->fees.has_taker) {
        sim->fees.taker = defaults->fee_rate;
        sim->fees.has_taker = true;
    }
}

/* Trades decide what a bar cannot: the rules about bars would do nothing. */
static void check_match_on_trades(s1_loader *l, const s1_simulation_config *sim)
{
    const s1_fill_rules rules = s1_fill_rules_of(sim->fill_rule, &sim->matching.knobs);
    if (sim->fill_rule != S1_PRESET_NEXT_OPEN && sim->fill_rule != S1_PRESET_SAME_CLOSE &&
        sim->fill_rule != S1_PRESET_NAUTILUS) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &sim->source, "fill_rule",
                       s1_config_format(l->arena, "%s with match_on: trades",
                                        s1_enum_text(s1_fill_rule_names, sim->fill_rule)),
                       "next_open, same_close or nautilus: the others know bars alone");
        return;
    }
    const struct {
        bool is_idle;
        const char *name;
    } knobs[] = {
        {rules.market == S1_FILL_NEXT_CLOSE, "market"},
        {sim->matching.has_path, "path"},
        {rules.limit_price == S1_LIMIT_PRICE_OPEN || rules.limit_price == S1_LIMIT_PRICE_CLAMPED,
         "limit_price"},
        {sim->matching.has_stop_gap, "stop_gap"},
        {sim->matching.has_entry_bar, "entry_bar"},
        {sim->matching.has_zero_volume, "zero_volume"},
    };
    for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
        if (knobs[i].is_idle) {
            s1_faults_addf(
                l->faults, S1_FAULT_SCHEMA, &sim->matching.source, knobs[i].name,
                s1_yaml_show(s1_yaml_get(sim->matching.source.node, s1_str_of(knobs[i].name)),
                             l->arena),
                "none, as match_on: trades matches no bars (docs/matching.md)");
        }
    }
}

/* The model has its value, and no other. */
static void check_slippage(const s1_loader *l, const struct s1_slippage_config *slippage)
{
    const struct {
        int32_t model;
        bool is_given;
        const char *key;
    } values[] = {{S1_SLIPPAGE_FRACTION, !s1_dec_is_zero(slippage->fraction), "fraction"},
                  {S1_SLIPPAGE_FIXED, slippage->has_amount, "amount"},
                  {S1_SLIPPAGE_TICKS, slippage->has_ticks, "ticks"},
                  {S1_SLIPPAGE_SPREAD, slippage->has_spread, "spread"},
                  {S1_SLIPPAGE_VOLUME_SHARE, slippage->has_impact, "impact"},
                  {S1_SLIPPAGE_CHANCE, slippage->has_probability, "probability"}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const bool is_his = values[i].model == slippage->model;
        const bool is_needed = is_his && slippage->model != S1_SLIPPAGE_FRACTION;
        if ((values[i].is_given && !is_his) || (is_needed && !values[i].is_given)) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &slippage->source, values[i].key,
                           values[i].is_given ? S1_STR("a value") : (s1_str){NULL, 0},
                           is_needed ? "the value of slippage model %s" : "none: the model is %s",
                           s1_enum_text(s1_slippage_model_names, slippage->model));
        }
    }
}

/* A book says when and at which price: nothing is left for the rules but what slips. */
static void check_match_on_book(s1_loader *l, const s1_simulation_config *sim)
{
    if (sim->fill_rule != S1_PRESET_NEXT_OPEN) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &sim->source, "fill_rule",
                       s1_config_format(l->arena, "%s with match_on: book",
                                        s1_enum_text(s1_fill_rule_names, sim->fill_rule)),
                       "none: an order meets the book when it arrives");
    }
    if (sim->slippage.model == S1_SLIPPAGE_VOLUME_SHARE) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &sim->source, "slippage",
                       S1_STR("the model volume_share with match_on: book"),
                       "another model: the levels are the volume");
    }
    if (sim->book.has_queue_power && sim->book.queue != S1_QUEUE_PROB_POWER) {
        s1_faults_addf(
            l->faults, S1_FAULT_SCHEMA, &sim->book.source, "queue_power",
            s1_yaml_show(s1_yaml_get(sim->book.source.node, S1_STR("queue_power")), l->arena),
            "none without queue: prob_power");
    }
    const struct {
        bool is_there;
        const char *name;
    } knobs[] = {
#define X(field, MAP) {sim->matching.has_##field, #field},
        S1_FILL_KNOB_MAP(X)
#undef X
            {sim->matching.has_volume_share, "volume_share"},
        {sim->matching.has_touch_probability, "touch_probability"},
    };
    for (size_t i = 0; i < sizeof knobs / sizeof knobs[0]; i++) {
        if (knobs[i].is_there && strcmp(knobs[i].name, "slippage_on") != 0) {
            s1_faults_addf(
                l->faults, S1_FAULT_SCHEMA, &sim->matching.source, knobs[i].name,
                s1_yaml_show(s1_yaml_get(sim->matching.source.node, s1_str_of(knobs[i].name)),
                             l->arena),
                "none, as match_on: book matches no bars (docs/matching.md)");
        }
    }
}

/* What a simulation may say of what it matches on. */
static void check_match_on(s1_loader *l, const s1_simulation_config *sim)
{
    if (sim->match_on == S1_MATCH_ON_TRADES) {
        check_match_on_trades(l, sim);
    } else if (sim->match_on == S1_MATCH_ON_BOOK) {
        check_match_on_book(l, sim);
    }
    if (sim->has_book && sim->match_on != S1_MATCH_ON_BOOK) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &sim->source, "book", S1_STR("a map"),
                       "none without match_on: book");
    }
}

/* Where a touch fills nothing there is no chance of it. */
static void check_touch(const s1_loader *l, const s1_simulation_config *sim)
{
    const s1_fill_rules rules = s1_fill_rules_of(sim->fill_rule, &sim->matching.knobs);
    if (sim->matching.has_touch_probability && rules.limit_fill == S1_LIMIT_FILL_THROUGH) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &sim->matching.source, "touch_probability",
                       S1_STR("it with limit_fill: through"),
                       "none: a limit that is only touched does not fill");
    }
}

static void check_environments(s1_loader *l)
{
    const s1_environments_config *const file = &l->config->environments;
    s1_environment_config *const items = s1_config_mutable(file->environments.items);
    for (uint32_t i = 0; i < file->environments.count; i++) {
        s1_environment_config *const env = &items[i];
        finish_simulation(l, &env->simulation);
        s1_config_check_fees(l, &env->simulation.fees);
        env->has_simulation = env->has_simulation || env->type != S1_ENVIRONMENT_LIVE;
        if (env->type == S1_ENVIRONMENT_BACKTEST) {
            check_backtest(l, env);
        } else if (env->type != S1_ENVIRONMENT_INVALID) {
            check_connected(l, env);
        }
        const s1_simulation_config *const sim = &env->simulation;
        check_slippage(l, &sim->slippage);
        check_touch(l, sim);
        if (env->type == S1_ENVIRONMENT_LIVE && sim->source.node != NULL) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &env->source, "simulation", S1_STR("a map"),
                           "no simulation in a live environment");
        }
        check_match_on(l, sim);
        const s1_statistics_config *const made = &env->statistics;
        if (made->has_trials_variance && made->trials < 2) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &made->source, "trials_variance",
                           made->has_trials ? S1_STR("trials: 1") : S1_STR("no trials"),
                           "two trials or more: one alone has no variance");
        }
        if (sim->has_from && sim->has_to && sim->from >= sim->to) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &sim->source, "to",
                           s1_yaml_show(s1_yaml_get(sim->source.node, S1_STR("to")), l->arena),
                           "a time after from");
        }
        if (sim->has_warmup_bars && !sim->has_from) { /* --from may still give one */
            s1_faults_warn(l->faults, S1_FAULT_SCHEMA, &sim->source, (s1_str){NULL, 0},
                           S1_STR("warmup_bars without from"),
                           S1_STR("a start (from) these bars come before"), (s1_str){NULL, 0});
        }
    }
}

void s1_config_check_files(s1_loader *l)
{
    check_platform(l);
    check_operators(l);
    CHECK_UNIQUE(l, l->config->event_map.events, s1_event_config, event_name);
    check_wirings(l);
    check_schedule(l);
    check_connectors(l);
    check_instruments(l);
    check_data_sources(l);
    check_environments(l);
}
