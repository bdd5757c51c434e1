/* Checks of blueprints and operations, and the links they make. */
#include "backend/config/loader.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/timefmt.h"

static const s1_str none = {NULL, 0};

/* --- Blueprints. --- */

typedef struct place {
    s1_worker_list *list;
    int32_t worker_type, subtype;
} place;

#define PLACES 11u

/* The lists of a workforce in order of work. */
static void places_of(s1_workforce_config *w, place ret_places[PLACES])
{
    const place places[PLACES] = {
        {&w->context_workers, S1_WORKER_CONTEXT, 0},
        {&w->opportunity_workers, S1_WORKER_OPPORTUNITY, 0},
        {&w->threat_workers, S1_WORKER_THREAT, 0},
        {&w->planning_workers.entry_planning, S1_WORKER_PLANNING, S1_SUBTYPE_ENTRY_PLANNING},
        {&w->planning_workers.exit_planning, S1_WORKER_PLANNING, S1_SUBTYPE_EXIT_PLANNING},
        {&w->planning_workers.size_planning, S1_WORKER_PLANNING, S1_SUBTYPE_SIZE_PLANNING},
        {&w->planning_workers.order_routing, S1_WORKER_PLANNING, S1_SUBTYPE_ORDER_ROUTING},
        {&w->execution_workers.trade_initiation, S1_WORKER_EXECUTION, S1_SUBTYPE_TRADE_INITIATION},
        {&w->execution_workers.position_management, S1_WORKER_EXECUTION,
         S1_SUBTYPE_POSITION_MANAGEMENT},
        {&w->execution_workers.risk_safety, S1_WORKER_EXECUTION, S1_SUBTYPE_RISK_SAFETY},
        {&w->execution_workers.operational, S1_WORKER_EXECUTION, S1_SUBTYPE_OPERATIONAL},
    };
    memcpy(ret_places, places, sizeof places);
}

static void take_event_config(s1_loader *l, s1_worker_item *item)
{
    const struct s1_worker_event_config *const nested = &item->event_config;
    if (nested->source.node == NULL) {
        return;
    }
    static const char twice[] = "it once: beside the worker or in event_config";
    if (nested->triggers.count != 0) {
        if (item->triggers.count != 0) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &nested->source, "triggers",
                           S1_STR("triggers in two places"), "%s", twice);
        }
        item->triggers = nested->triggers;
    }
    if (nested->publishes.count != 0) {
        if (item->publishes.count != 0) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &nested->source, "publishes",
                           S1_STR("publishes in two places"), "%s", twice);
        }
        item->publishes = nested->publishes;
    }
    item->requires_all = item->requires_all || nested->requires_all;
}

static void check_subtype(s1_loader *l, const s1_worker_item *item, const place *at)
{
    const bool is_wrong = at->subtype != 0
                              ? item->subtype != at->subtype
                              : s1_subtype_worker_type(item->subtype) != at->worker_type;
    if (item->subtype != 0 && is_wrong) {
        s1_faults_addf(
            l->faults, S1_FAULT_SCHEMA, &item->source, "subtype",
            s1_config_format(l->arena, "'%s'", s1_enum_text(s1_subtype_names, item->subtype)),
            "%s%s", at->subtype != 0 ? "" : "a subtype of ",
            at->subtype != 0 ? s1_enum_text(s1_subtype_names, at->subtype)
                             : s1_enum_text(s1_worker_type_names, at->worker_type));
    }
}

static s1_source trigger_source(const s1_worker_item *item, uint32_t index)
{
    const s1_source *const owner = s1_yaml_get(item->source.node, S1_STR("triggers")) == NULL &&
                                           item->event_config.source.node != NULL
                                       ? &item->event_config.source
                                       : &item->source;
    s1_source at = s1_source_field(owner, S1_STR("triggers"));
    for (const s1_yaml_node *n = at.node != NULL ? at.node->first : NULL; n != NULL; n = n->next) {
        if (n->index == index) {
            return s1_yaml_source(n);
        }
    }
    return at;
}

/* A trigger is one of the platform's or an event. */
static void check_trigger(s1_loader *l, const s1_worker_item *item, uint32_t index)
{
    const s1_str name = item->triggers.items[index];
    const s1_event_map_config *const map = &l->config->event_map;
    const s1_event_config *const event = s1_config_event(l->config, name);
    const s1_source at = trigger_source(item, index);
    int32_t known = 0;
    if (s1_enum_parse(s1_trigger_names, name, &known)) {
        return;
    }
    if (event != NULL && event->category != S1_EVENT_SCHEDULE) {
        return;
    }
    if (event != NULL) {
        s1_faults_add(l->faults, S1_FAULT_EVENT_CHAIN, &at, none,
                      s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(name)),
                      S1_STR("an event that is not of category schedule (the scheduler is not in "
                             "this version)"),
                      none);
        return;
    }
    size_t count = 0;
    const s1_str *const triggers = s1_enum_keys(s1_trigger_names, l->arena, &count);
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, count + map->events.count + 1);
    memcpy(names, triggers, count * sizeof *names);
    for (uint32_t i = 0; i < map->events.count; i++) {
        names[count + i] = map->events.items[i].event_name;
    }
    s1_faults_add(l->faults, S1_FAULT_EVENT_CHAIN, &at, none,
                  s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(name)),
                  s1_config_format(l->arena, "%s, or an event of event_map.yaml",
                                   s1_config_join_names(l->arena, triggers, count).ptr),
                  s1_config_nearest(name, names, count + map->events.count));
}

static void check_events(s1_loader *l, const s1_worker_item *item)
{
    for (uint32_t i = 0; i < item->triggers.count; i++) {
        check_trigger(l, item, i);
    }
    for (uint32_t i = 0; i < item->publishes.count; i++) {
        const s1_worker_publication *const p = &item->publishes.items[i];
        const s1_event_config *const event = s1_config_event(l->config, p->event);
        const s1_source at = s1_source_field(&p->source, S1_STR("event"));
        if (event == NULL && p->event.len != 0) {
            const s1_event_map_config *const map = &l->config->event_map;
            s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, map->events.count + 1u);
            for (uint32_t k = 0; k < map->events.count; k++) {
                names[k] = map->events.items[k].event_name;
            }
            s1_config_report_missing(l, S1_FAULT_EVENT_CHAIN, &at, none, p->event,
                                     "an event of event_map.yaml", names, map->events.count);
        } else if (event != NULL && p->payload_type.len != 0 &&
                   !s1_str_eq(p->payload_type, event->payload_dto)) {
            s1_faults_addf(l->faults, S1_FAULT_EVENT_CHAIN, &p->source, "payload_type",
                           s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(p->payload_type)),
                           "%.*s, as event_map.yaml says", S1_STR_ARG(event->payload_dto));
        }
    }
}

/* "EUR/USD@1h". */
static s1_str stream_text(const s1_loader *l, const s1_data_need *need)
{
    char timeframe[S1_TIMEFRAME_TEXT_MAX] = "trades";
    if (need->data_type != S1_DATA_TRADES) {
        (void)s1_timeframe_print(need->timeframe > 0 ? need->timeframe : 1, timeframe);
    }
    return s1_config_format(l->arena, "%.*s@%s", S1_STR_ARG(need->asset_pair), timeframe);
}

static bool is_same_need(const s1_data_need *a, const s1_data_need *b)
{
    return a->timeframe == b->timeframe && a->data_type == b->data_type &&
           s1_str_eq(a->asset_pair, b->asset_pair);
}

static void check_stream(s1_loader *l, const s1_blueprint *run, const s1_worker_item *item)
{
    const size_t at = s1_str_find_byte(item->stream, '@', 0);
    s1_data_need need = {.timeframe = 0};
    if (at == S1_STR_NPOS ||
        s1_timeframe_parse(s1_str_slice(item->stream, at + 1, item->stream.len), &need.timeframe,
                           NULL) != S1_OK) {
        return; /* none, or reported already */
    }
    need.asset_pair = s1_str_slice(item->stream, 0, at);
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, run->data.count + 1u);
    for (uint32_t i = 0; i < run->data.count; i++) {
        if (run->data.items[i].timeframe == need.timeframe &&
            s1_str_eq(run->data.items[i].asset_pair, need.asset_pair)) {
            return;
        }
        names[i] = stream_text(l, &run->data.items[i]);
    }
    const s1_source source = s1_source_field(&item->source, S1_STR("stream"));
    s1_config_report_missing(l, S1_FAULT_REFERENCE, &source, none, item->stream,
                             "a stream of the blueprint's data list", names, run->data.count);
}

/* A worker reads feeds the blueprint has. */
static void check_worker_feeds(s1_loader *l, const s1_blueprint *run, const s1_worker_item *item)
{
    for (uint32_t i = 0; i < item->feeds.count; i++) {
        const s1_worker_feed *const given = &item->feeds.items[i];
        s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, run->feeds.count + 1u);
        bool is_known = given->feed.len == 0; /* reported already */
        for (uint32_t k = 0; k < run->feeds.count; k++) {
            names[k] = run->feeds.items[k].id;
            is_known = is_known || s1_str_eq(names[k], given->feed);
        }
        if (!is_known) {
            s1_config_report_missing(l, S1_FAULT_REFERENCE, &given->source, none, given->feed,
                                     "a feed of the blueprint's feeds", names, run->feeds.count);
        }
    }
}

/* A worker uses models the blueprint has. */
static void check_worker_models(s1_loader *l, const s1_blueprint *run, const s1_worker_item *item)
{
    for (uint32_t i = 0; i < item->models.count; i++) {
        const s1_worker_model *const given = &item->models.items[i];
        s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, run->models.count + 1u);
        bool is_known = given->model.len == 0; /* reported already */
        for (uint32_t k = 0; k < run->models.count; k++) {
            names[k] = run->models.items[k].id;
            is_known = is_known || s1_str_eq(names[k], given->model);
        }
        if (!is_known) {
            s1_config_report_missing(l, S1_FAULT_REFERENCE, &given->source, none, given->model,
                                     "a model of the blueprint's models", names, run->models.count);
        }
    }
}

static void check_item(s1_loader *l, const s1_blueprint *run, s1_worker_item *item, const place *at)
{
    take_event_config(l, item);
    check_subtype(l, item, at);
    check_events(l, item);
    check_stream(l, run, item);
    check_worker_feeds(l, run, item);
    check_worker_models(l, run, item);
    item->worker_type = at->worker_type;
    item->subtype = at->subtype != 0 ? at->subtype : item->subtype;
    if (item->params != NULL && item->params->kind != S1_YAML_MAP) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "params",
                       s1_yaml_show(item->params, l->arena), "a map");
        item->params = NULL;
    }
    if (item->id.len == 0) {
        item->id = item->plugin;
    }
    for (uint32_t i = 0; i < run->workers.count; i++) {
        if (item->id.len != 0 && s1_str_eq(run->workers.items[i]->id, item->id)) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "id",
                           s1_config_format(l->arena, "'%.*s' a second time", S1_STR_ARG(item->id)),
                           "an id of its own (write id: beside plugin:)");
            break;
        }
    }
}

static const s1_operator_override *override_of(const s1_blueprint *run, s1_str operator_id)
{
    for (uint32_t i = 0; i < run->operator_overrides.count; i++) {
        if (s1_str_eq(run->operator_overrides.items[i].operator_id, operator_id)) {
            return &run->operator_overrides.items[i];
        }
    }
    return NULL;
}

static s1_operator_config overridden(const s1_operator_config *op, const s1_operator_override *o)
{
    s1_operator_config result = *op;
    if (o != NULL) {
        result.execution_strategy =
            o->execution_strategy != 0 ? o->execution_strategy : op->execution_strategy;
        result.aggregation_strategy =
            o->aggregation_strategy != 0 ? o->aggregation_strategy : op->aggregation_strategy;
        result.on_worker_failure =
            o->on_worker_failure != 0 ? o->on_worker_failure : op->on_worker_failure;
    }
    return result;
}

static void check_override(s1_loader *l, const s1_operator_override *o)
{
    const s1_operators_config *const file = &l->config->operators;
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, file->operators.count + 1u);
    for (uint32_t i = 0; i < file->operators.count; i++) {
        const s1_operator_config *const op = &file->operators.items[i];
        names[i] = op->operator_id;
        if (!s1_str_eq(op->operator_id, o->operator_id)) {
            continue;
        }
        const s1_operator_config result = overridden(op, o);
        const char *const reason = s1_operator_cell_reason(
            result.manages_worker_type, result.execution_strategy, result.aggregation_strategy);
        if (reason != NULL &&
            s1_operator_cell_reason(op->manages_worker_type, op->execution_strategy,
                                    op->aggregation_strategy) == NULL) {
            s1_faults_add(
                l->faults, S1_FAULT_OPERATOR, &o->source, none,
                s1_config_format(
                    l->arena, "%s with %s for %s",
                    s1_enum_text(s1_execution_strategy_names, result.execution_strategy),
                    s1_enum_text(s1_aggregation_strategy_names, result.aggregation_strategy),
                    s1_enum_text(s1_worker_class_names, op->manages_worker_type)),
                s1_str_of(reason), none);
        }
        return;
    }
    if (file->operators.count != 0) {
        const s1_source at = {o->source.file, o->source.node->key_line, o->source.node->key_column,
                              o->source.node};
        s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, o->operator_id,
                                 "an operator of operators.yaml", names, file->operators.count);
    }
}

static void check_needs(s1_loader *l, const s1_blueprint *run)
{
    for (uint32_t i = 0; i < run->data.count; i++) {
        const s1_data_need *const need = &run->data.items[i];
        if (need->data_type != S1_DATA_OHLCV) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &need->source, "data_type",
                           s1_config_format(l->arena, "'%s'", s1_data_type_name(need->data_type)),
                           "ohlcv (a strategy reads bars; others are not in this version)");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (is_same_need(need, &run->data.items[k])) {
                s1_faults_add(
                    l->faults, S1_FAULT_SCHEMA, &need->source, none,
                    s1_config_format(l->arena, "%s a second time", stream_text(l, need).ptr),
                    S1_STR("each stream once"), none);
                break;
            }
        }
    }
}

void s1_config_finish_blueprint(s1_loader *l, s1_blueprint *run)
{
    place places[PLACES];
    places_of(&run->workforce, places);
    uint32_t count = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        count += places[i].list->count;
    }
    const s1_worker_item **const workers =
        S1_CONFIG_ARRAY(l->arena, const s1_worker_item *, count + 1u);
    run->workers.items = workers;
    for (uint32_t i = 0; i < PLACES; i++) {
        s1_worker_item *const items = s1_config_mutable(places[i].list->items);
        for (uint32_t k = 0; k < places[i].list->count; k++) {
            check_item(l, run, &items[k], &places[i]);
            workers[run->workers.count++] = &items[k];
        }
    }
    check_needs(l, run);
    for (uint32_t i = 0; i < run->operator_overrides.count; i++) {
        check_override(l, &run->operator_overrides.items[i]);
    }
    if (!s1_is_id(run->blueprint_id)) {
        s1_faults_add(l->faults, S1_FAULT_SCHEMA, &run->source, S1_STR("file name"),
                      s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(run->blueprint_id)),
                      S1_STR(S1_ID_DOC), none);
    }
}

/* --- Operations. --- */

static s1_str link_id(const s1_loader *l, const s1_strategy_link_config *link)
{
    return link->id.len != 0
               ? link->id
               : s1_config_format(l->arena, "%.*s@%.*s", S1_STR_ARG(link->strategy_blueprint_id),
                                  S1_STR_ARG(link->execution_environment_id));
}

static bool is_among(const s1_str *names, uint32_t count, s1_str name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (s1_str_eq(names[i], name)) {
            return true;
        }
    }
    return false;
}

/* A response that does nothing is a mistake. */
static void check_responses(s1_loader *l, const s1_operation_config *operation)
{
    for (uint32_t i = 0; i < operation->risk_policy.event_responses.count; i++) {
        const s1_event_response *const r = &operation->risk_policy.event_responses.items[i];
        const bool does_something =
            r->has_block_new_signals_min || r->has_reduce_position_size_pct_strategy ||
            r->close_strategy_positions || r->move_sl_to_breakeven_strategy ||
            r->cancel_entry_orders_strategy || r->close_all_portfolio_positions ||
            r->cancel_all_entry_orders_portfolio || r->notification_message.len > 0;
        if (!does_something) {
            s1_faults_add(l->faults, S1_FAULT_SCHEMA, &r->source, none, none,
                          S1_STR("an action, such as block_new_signals_min or "
                                 "notification_message"),
                          none);
        }
    }
}

static void check_rules(s1_loader *l, const s1_operation_config *operation)
{
    const uint32_t link_count = operation->strategy_links.count;
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, 2u * link_count + 1u);
    uint32_t count = 0;
    for (uint32_t i = 0; i < 2 * link_count; i++) {
        const s1_strategy_link_config *const link = &operation->strategy_links.items[i / 2];
        const s1_str name = i % 2 == 0 ? link->strategy_blueprint_id : link->id;
        if (!is_among(names, count, name)) {
            names[count++] = name;
        }
    }
    for (uint32_t i = 0; i < operation->risk_policy.strategy_rules.count; i++) {
        const s1_strategy_rules *const rules = &operation->risk_policy.strategy_rules.items[i];
        if (!is_among(names, count, rules->strategy)) {
            const s1_source at = {rules->source.file, rules->source.node->key_line,
                                  rules->source.node->key_column, rules->source.node};
            s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, rules->strategy,
                                     "a strategy of strategy_links", names, count);
        }
    }
}

void s1_config_check_operation(s1_loader *l, const s1_operation_config *operation)
{
    s1_strategy_link_config *const links = s1_config_mutable(operation->strategy_links.items);
    for (uint32_t i = 0; i < operation->strategy_links.count; i++) {
        s1_strategy_link_config *const link = &links[i];
        link->id = link_id(l, link);
        for (uint32_t k = 0; k < i; k++) {
            if (s1_str_eq(links[k].id, link->id)) {
                s1_faults_addf(
                    l->faults, S1_FAULT_SCHEMA, &link->source, "id",
                    s1_config_format(l->arena, "'%.*s' a second time", S1_STR_ARG(link->id)),
                    "an id of its own");
                break;
            }
        }
        const s1_str env = link->execution_environment_id;
        if (env.len != 0 && s1_config_environment(l->config, env) == NULL) {
            const s1_environments_config *const file = &l->config->environments;
            s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, file->environments.count + 1u);
            for (uint32_t k = 0; k < file->environments.count; k++) {
                names[k] = file->environments.items[k].environment_id;
            }
            const s1_source at = s1_source_field(&link->source, S1_STR("execution_environment_id"));
            s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, env,
                                     "an environment of environments.yaml", names,
                                     file->environments.count);
        }
    }
    check_rules(l, operation);
    check_responses(l, operation);
}

/* --- Links. --- */

static const s1_strategy_rules *rules_of(const s1_operation_config *operation, s1_str id,
                                         s1_str blueprint_id)
{
    const s1_strategy_rules *found = NULL;
    for (uint32_t i = 0; i < operation->risk_policy.strategy_rules.count; i++) {
        const s1_strategy_rules *const rules = &operation->risk_policy.strategy_rules.items[i];
        if (s1_str_eq(rules->strategy, id)) {
            return rules->enabled ? rules : NULL;
        }
        if (s1_str_eq(rules->strategy, blueprint_id)) {
            found = rules->enabled ? rules : NULL;
        }
    }
    return found;
}

/* The sources of an environment, for a message. */
static s1_str supply_text(s1_loader *l, const s1_environment_config *env)
{
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, env->sources.count + 1u);
    for (uint32_t i = 0; i < env->sources.count; i++) {
        const s1_data_source_config *const s = env->sources.items[i];
        names[i] = stream_text(l, &(s1_data_need){.asset_pair = s->asset_pair,
                                                  .timeframe = s->timeframe,
                                                  .data_type = s->data_type});
    }
    return s1_config_join_names(l->arena, names, env->sources.count);
}

/* Can the supply be judged: is no source of the environment, and not the need, at fault itself? */
static bool is_judgeable(const s1_environment_config *env, const s1_data_need *need)
{
    const uint32_t written = env->data_source_id.len != 0 ? 1 : env->data_archives.count;
    for (uint32_t i = 0; i < env->sources.count; i++) {
        const s1_data_source_config *const s = env->sources.items[i];
        if ((s->timeframe == 0) != (s->data_type == S1_DATA_TRADES) || s->asset_pair.len == 0) {
            return false;
        }
    }
    return env->sources.count == written && need->timeframe != 0 && need->asset_pair.len != 0 &&
           need->data_type == S1_DATA_OHLCV;
}

/* The source that the bars can be made of: the largest that divides them, so that the least is
 * read; trades (timeframe 0) where there is none. */
static const s1_data_source_config *resampled_supply(const s1_environment_config *env,
                                                     const s1_data_need *need)
{
    const s1_data_source_config *best = NULL;
    for (uint32_t i = 0; i < env->sources.count; i++) {
        const s1_data_source_config *const s = env->sources.items[i];
        const bool is_smaller =
            s->data_type == S1_DATA_TRADES || (s->timeframe > 0 && s->timeframe < need->timeframe &&
                                               need->timeframe % s->timeframe == 0);
        if (s->resample && is_smaller && need->data_type == S1_DATA_OHLCV && need->timeframe > 0 &&
            s1_str_eq(s->asset_pair, need->asset_pair) &&
            (best == NULL || s->timeframe > best->timeframe)) {
            best = s;
        }
    }
    return best;
}

/* The source of trades that the first stream's bars are made of where orders match on trades. */
static const s1_data_source_config *traded_supply(const s1_environment_config *env,
                                                  const s1_data_need *need)
{
    for (uint32_t i = 0; i < env->sources.count; i++) {
        const s1_data_source_config *const s = env->sources.items[i];
        if (s->data_type == S1_DATA_TRADES && s->resample && need->timeframe > 0 &&
            s1_str_eq(s->asset_pair, need->asset_pair)) {
            return s;
        }
    }
    return NULL;
}

static const s1_data_source_config *supply(const s1_environment_config *env,
                                           const s1_data_need *need)
{
    for (uint32_t i = 0; i < env->sources.count; i++) {
        const s1_data_source_config *const s = env->sources.items[i];
        if (s->timeframe == need->timeframe && s->data_type == need->data_type &&
            s1_str_eq(s->asset_pair, need->asset_pair)) {
            return s;
        }
    }
    return resampled_supply(env, need);
}

static void check_supply(s1_loader *l, const s1_link *link, const s1_link_stream *stream)
{
    const s1_data_source_config *const source = stream->data_source;
    if (source->type == S1_SOURCE_CSV_ARCHIVE) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &source->source, "type",
                       S1_STR("'csv_archive' of an active strategy"),
                       "parquet_archive (import the file with `data import`; reading CSV in a run "
                       "is not in this version)");
    }
    if (stream->need.data_type == S1_DATA_TRADES && stream->need.source.node == NULL) {
        s1_faults_addf(
            l->faults, S1_FAULT_SCHEMA, &source->source, "data_type",
            S1_STR("'trades' of an active strategy"),
            "ohlcv (a strategy reads bars: its blueprint's `data` names those to make of "
            "trades)");
    }
    if (stream->instrument == NULL) {
        const s1_instruments_config *const file = &l->config->instruments;
        s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, file->instruments.count + 1u);
        for (uint32_t i = 0; i < file->instruments.count; i++) {
            names[i] = file->instruments.items[i].asset_pair;
        }
        const s1_source *const wanted =
            stream->need.source.node != NULL ? &stream->need.source : &source->source;
        const s1_source at = s1_source_field(wanted, S1_STR("asset_pair"));
        s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, stream->need.asset_pair,
                                 "an instrument of instruments.yaml", names,
                                 file->instruments.count);
    }
    (void)link;
}

/* What happened at the venue is known within a bar. */
static void check_response(const s1_loader *l, const s1_environment_config *env, s1_nanos timeframe)
{
    const struct s1_latency_config *const latency = &env->simulation.latency;
    if (timeframe > 0 && latency->response > timeframe) {
        char bar[S1_TIMEFRAME_TEXT_MAX];
        const size_t length = s1_timeframe_print(timeframe, bar);
        s1_faults_addf(
            l->faults, S1_FAULT_SCHEMA, &latency->source, "response",
            s1_yaml_show(s1_yaml_get(latency->source.node, S1_STR("response")), l->arena),
            "at most one bar of the first stream, %.*s", (int)length, bar);
    }
}

static void resolve_streams(s1_loader *l, s1_link *link)
{
    const s1_environment_config *const env = link->environment;
    const s1_blueprint *const run = link->blueprint;
    if (env->sources.count == 0) {
        return; /* reported already */
    }
    if (run->data.count == 0 && env->sources.count > 1) {
        s1_faults_addf(l->faults, S1_FAULT_DEPENDENCY, &run->source, "data", none,
                       "the streams the strategy needs, because environment %.*s has several "
                       "sources: %s",
                       S1_STR_ARG(env->environment_id), supply_text(l, env).ptr);
        return;
    }
    const uint32_t count = run->data.count != 0 ? run->data.count : 1;
    s1_link_stream *const streams = S1_CONFIG_ARRAY(l->arena, s1_link_stream, count);
    for (uint32_t i = 0; i < count; i++) {
        s1_link_stream *const stream = &streams[i];
        const bool is_traded = i == 0 && (env->simulation.match_on == S1_MATCH_ON_TRADES ||
                                          env->simulation.match_on == S1_MATCH_ON_BOOK);
        if (run->data.count != 0) {
            stream->need = run->data.items[i];
            stream->data_source =
                is_traded ? traded_supply(env, &stream->need) : supply(env, &stream->need);
        } else {
            stream->data_source = env->sources.items[0];
            stream->need = (s1_data_need){.asset_pair = stream->data_source->asset_pair,
                                          .timeframe = stream->data_source->timeframe,
                                          .data_type = stream->data_source->data_type};
        }
        if (stream->data_source == NULL && !is_judgeable(env, &stream->need)) {
            continue; /* reported already */
        }
        if (stream->data_source == NULL && is_traded) {
            s1_faults_add(
                l->faults, S1_FAULT_DEPENDENCY, &stream->need.source, none,
                stream_text(l, &stream->need),
                s1_config_format(l->arena,
                                 "a source of its trades (data_type: trades, "
                                 "resample: true) in environment %.*s, whose orders "
                                 "match on %s",
                                 S1_STR_ARG(env->environment_id),
                                 s1_enum_text(s1_match_on_names, env->simulation.match_on)),
                none);
            continue;
        }
        if (stream->data_source == NULL) {
            s1_faults_add(
                l->faults, S1_FAULT_DEPENDENCY, &stream->need.source, none,
                stream_text(l, &stream->need),
                s1_config_format(l->arena,
                                 "a stream of environment %.*s: %s (or `resample: true` at "
                                 "one it can be made of)",
                                 S1_STR_ARG(env->environment_id), supply_text(l, env).ptr),
                none);
            continue;
        }
        stream->instrument = s1_config_instrument(l->config, stream->need.asset_pair);
        check_supply(l, link, stream);
        if (i == 0) {
            check_response(l, env, stream->need.timeframe);
        }
    }
    link->streams.items = streams;
    link->streams.count = count;
}

/* The stream the environment's benchmark names. */
static void resolve_benchmark(s1_loader *l, s1_link *link)
{
    const s1_statistics_config *const made = &link->environment->statistics;
    if (made->benchmark.len == 0 || link->streams.count == 0) {
        return;
    }
    const size_t at_sign = s1_str_find_byte(made->benchmark, '@', 0);
    s1_nanos timeframe;
    if (at_sign == S1_STR_NPOS ||
        s1_timeframe_parse(s1_str_slice(made->benchmark, at_sign + 1, made->benchmark.len),
                           &timeframe, NULL) != S1_OK) {
        return; /* reported already */
    }
    const s1_str pair = s1_str_slice(made->benchmark, 0, at_sign);
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, link->streams.count);
    for (uint32_t i = 0; i < link->streams.count; i++) {
        const s1_data_need *const need = &link->streams.items[i].need;
        names[i] = stream_text(l, need);
        if (need->timeframe == timeframe && s1_str_eq(need->asset_pair, pair)) {
            link->benchmark = i;
            return;
        }
    }
    const s1_source at = s1_source_field(&made->source, S1_STR("benchmark"));
    s1_config_report_missing(l, S1_FAULT_DEPENDENCY, &at, none, made->benchmark,
                             "a stream of the blueprint", names, link->streams.count);
}

static void resolve_operators(s1_loader *l, s1_link *link)
{
    const s1_operators_config *const file = &l->config->operators;
    s1_operator_config *const operators =
        S1_CONFIG_ARRAY(l->arena, s1_operator_config, file->operators.count + 1u);
    for (uint32_t i = 0; i < file->operators.count; i++) {
        const s1_operator_config *const op = &file->operators.items[i];
        operators[i] = overridden(op, override_of(link->blueprint, op->operator_id));
    }
    link->operators.items = operators;
    link->operators.count = file->operators.count;
}

/* Resolves one link into `ret_link`; false if it cannot run. */
static bool resolve_link(s1_loader *l, const s1_source *source, s1_str id, s1_str environment_id,
                         s1_blueprint *run, const s1_strategy_rules *rules, s1_link *ret_link)
{
    const s1_environment_config *const env = s1_config_environment(l->config, environment_id);
    if (env == NULL) {
        return false; /* reported already */
    }
    if (env->type == S1_ENVIRONMENT_PAPER || env->type == S1_ENVIRONMENT_LIVE) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, source, "execution_environment_id",
                       s1_config_format(l->arena, "'%.*s' of type %s", S1_STR_ARG(environment_id),
                                        s1_enum_text(s1_environment_type_names, env->type)),
                       "an environment of type backtest for an active strategy (paper and live are "
                       "not in this version)");
        return false;
    }
    *ret_link = (s1_link){
        .source = *source,
        .id = id,
        .blueprint = run,
        .environment = env,
        .rules = rules,
        .journal_level =
            run->journal.level != 0 ? run->journal.level : l->config->platform.journal.level,
        .records_context = run->recording.has_context ? run->recording.context
                                                      : l->config->platform.recording.context};
    resolve_streams(l, ret_link);
    resolve_benchmark(l, ret_link);
    s1_config_check_balances(l, ret_link);
    s1_config_check_margin(l, ret_link);
    resolve_operators(l, ret_link);
    return true;
}

static void report_no_blueprint(s1_loader *l, const s1_strategy_link_config *link)
{
    size_t count = 0;
    const s1_str *const ids = s1_config_run_ids(l, &count);
    const s1_source at = s1_source_field(&link->source, S1_STR("strategy_blueprint_id"));
    s1_config_report_missing(l, S1_FAULT_REFERENCE, &at, none, link->strategy_blueprint_id,
                             "a blueprint runs/<id>.yaml", ids, count);
}

static const s1_operation_capital *capital_of(const s1_operation_config *operation, s1_str currency)
{
    for (uint32_t i = 0; i < operation->capital.count; i++) {
        if (s1_str_eq(operation->capital.items[i].currency, currency)) {
            return &operation->capital.items[i];
        }
    }
    return NULL;
}

/* Gives a link its share of the operation's capital: an environment of its own with it. */
static void allocate(s1_loader *l, const s1_operation_config *operation, s1_link *link)
{
    const s1_instrument_config *const instrument =
        link->streams.count > 0 ? link->streams.items[0].instrument : NULL;
    if (operation->capital.count == 0 || instrument == NULL) {
        return;
    }
    const s1_operation_capital *const capital = capital_of(operation, instrument->quote);
    const struct s1_allocation_config *const share =
        link->rules != NULL ? &link->rules->capital_allocation : NULL;
    if (capital == NULL) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &operation->source, "capital",
                       s1_config_format(l->arena, "no %.*s", S1_STR_ARG(instrument->quote)),
                       "the currency of link %.*s too", S1_STR_ARG(link->id));
        return;
    }
    if (share == NULL || !share->has_percentage) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &link->source, "", none,
                       "risk_policy.strategy_rules.%.*s.capital_allocation.percentage: its share "
                       "of the operation's capital",
                       S1_STR_ARG(link->id));
        return;
    }
    s1_environment_config *const own = S1_CONFIG_NEW(l->arena, s1_environment_config);
    *own = *link->environment;
    s1_err err = S1_ERR_INIT;
    if (s1_dec_mul_div(capital->amount, share->percentage, s1_dec_from_int(100), S1_ROUND_DOWN,
                       &own->simulation.initial_capital, &err) != S1_OK) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &capital->source, "", none,
                       "an amount whose share can be worked out: %s", err.msg);
        return;
    }
    if (share->has_max_quote_amount) {
        own->simulation.initial_capital =
            s1_dec_min(own->simulation.initial_capital, share->max_quote_amount);
    }
    link->environment = own;
    link->is_allocated = true;
}

/* The shares of one currency are parts of one whole. */
static void check_shares(s1_loader *l, const s1_operation_config *operation, const s1_link *links,
                         uint32_t count)
{
    for (uint32_t c = 0; c < operation->capital.count; c++) {
        const s1_operation_capital *const capital = &operation->capital.items[c];
        s1_dec sum = S1_DEC_ZERO;
        for (uint32_t i = 0; i < count; i++) {
            if (links[i].is_allocated &&
                s1_str_eq(links[i].streams.items[0].instrument->quote, capital->currency)) {
                (void)!s1_dec_add(sum, links[i].rules->capital_allocation.percentage, &sum, NULL);
            }
        }
        if (s1_dec_cmp(sum, s1_dec_from_int(100)) > 0) {
            char text[S1_DEC_TEXT_MAX];
            const size_t length = s1_dec_print(sum, text);
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &capital->source, "",
                           s1_config_format(l->arena, "shares of %.*s %%", (int)length, text),
                           "capital_allocation.percentage of its links to add up to 100 at most");
        }
    }
}

/* The active links, or those left out: a blueprint asked for by name may be one of them. */
static void links_of(s1_loader *l, const s1_operation_config *operation, bool is_active,
                     s1_link *links, uint32_t *count)
{
    const uint32_t first = *count;
    for (uint32_t i = 0; i < operation->strategy_links.count; i++) {
        const s1_strategy_link_config *const link = &operation->strategy_links.items[i];
        const bool is_wanted =
            l->target_run.len == 0 || s1_str_eq(link->strategy_blueprint_id, l->target_run);
        if (link->is_active != is_active || !is_wanted || link->strategy_blueprint_id.len == 0) {
            continue;
        }
        s1_blueprint *const run = s1_config_read_blueprint(l, link->strategy_blueprint_id);
        if (run == NULL) {
            report_no_blueprint(l, link);
            continue;
        }
        const s1_strategy_rules *const rules = rules_of(operation, link->id, run->blueprint_id);
        if (resolve_link(l, &link->source, link->id, link->execution_environment_id, run, rules,
                         &links[*count])) {
            links[*count].operation = operation;
            allocate(l, operation, &links[*count]);
            ++*count;
        }
    }
    check_shares(l, operation, links + first, *count - first);
}

/* The environment of a blueprint no operation names: the one asked for, or the only backtest. */
static const s1_environment_config *default_environment(s1_loader *l, const s1_blueprint *run)
{
    const s1_environments_config *const file = &l->config->environments;
    const char *const wanted = l->options->environment_id;
    const s1_environment_config *found = NULL;
    uint32_t backtests = 0;
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, file->environments.count + 1u);
    for (uint32_t i = 0; i < file->environments.count; i++) {
        const s1_environment_config *const env = &file->environments.items[i];
        names[i] = env->environment_id;
        if (wanted != NULL ? s1_str_eq_cstr(env->environment_id, wanted)
                           : env->type == S1_ENVIRONMENT_BACKTEST) {
            found = env;
            backtests++;
        }
    }
    if (backtests == 1) {
        return found;
    }
    if (wanted != NULL) {
        s1_config_report_missing(l, S1_FAULT_REFERENCE, &run->source, S1_STR("environment"),
                                 s1_str_of(wanted), "an environment of environments.yaml", names,
                                 file->environments.count);
    } else if (l->faults->errors == 0) {
        s1_faults_addf(l->faults, S1_FAULT_REFERENCE, &run->source, "",
                       s1_config_format(l->arena,
                                        "no link of blueprint '%.*s' and %u "
                                        "backtest environments",
                                        S1_STR_ARG(run->blueprint_id), backtests),
                       "a link in operation.yaml, or one backtest environment to run it in");
    }
    return NULL;
}

void s1_config_make_links(s1_loader *l)
{
    uint32_t max = 1;
    for (uint32_t i = 0; i < l->operation_count; i++) {
        max += l->operations[i]->strategy_links.count;
    }
    s1_link *const links = S1_CONFIG_ARRAY(l->arena, s1_link, max);
    uint32_t count = 0;
    const uint32_t errors = l->faults->errors;
    for (uint32_t i = 0; i < l->operation_count; i++) {
        links_of(l, l->operations[i], true, links, &count);
    }
    for (uint32_t i = 0; i < l->operation_count && count == 0 && l->target_run.len != 0 &&
                         l->options->environment_id == NULL && l->faults->errors == errors;
         i++) {
        links_of(l, l->operations[i], false, links, &count);
    }
    if (count == 0 && l->target_run.len != 0 && l->faults->errors == errors) {
        s1_blueprint *const run = s1_config_read_blueprint(l, l->target_run);
        const s1_environment_config *const env = default_environment(l, run);
        if (env != NULL) {
            const s1_str id = s1_config_format(l->arena, "%.*s@%.*s", S1_STR_ARG(l->target_run),
                                               S1_STR_ARG(env->environment_id));
            count += resolve_link(l, &run->source, id, env->environment_id, run, NULL, links);
        }
    }
    s1_config_check_shared_balances(l, links, count);
    l->config->links.items = links;
    l->config->links.count = count;
}
