#include "backend/config/internal.h"
#include "backend/config/tables.h"

/* --- event_map.yaml --- */

static const s1_schema_field event_fields[] = {
    S1_FIELD(s1_event_config, event_name, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC, .doc = "unique"),
    S1_FIELD(s1_event_config, payload_dto, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY,
             .doc = "what travels with it: TradingContext, List[Signal]"),
    S1_FIELD(s1_event_config, category, S1_KIND_ENUM, .names = s1_event_category_names,
             .default_text = "worker", .doc = "what it is about"),
    S1_FIELD(s1_event_config, description, S1_KIND_STRING, .doc = "for people"), S1_FIELD_END};
static const s1_schema event_schema = {"event", "", event_fields, sizeof(s1_event_config), false};
static const s1_schema_field event_map_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_event_map_config),
    S1_FIELD(s1_event_map_config, events, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .schema = &event_schema,
             .doc = "every event there is"),
    S1_FIELD_END};
const s1_schema s1_event_map_schema = {"event_map",
                                       "The closed list of events and what travels with them.",
                                       event_map_fields, sizeof(s1_event_map_config), false};

/* --- wiring_map.yaml --- */

static const s1_schema_field invokes_fields[] = {
    S1_FIELD(struct s1_invokes_config, component, S1_KIND_NAME,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY,
             .doc = "an operator_id, or a component of the platform"),
    S1_FIELD(struct s1_invokes_config, method, S1_KIND_NAME,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "of that component"),
    S1_FIELD_END};
static const s1_schema invokes_schema = {"invokes", "", invokes_fields,
                                         sizeof(struct s1_invokes_config), false};
static const s1_schema_field wiring_fields[] = {
    S1_FIELD(s1_wiring_config, adapter_id, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC, .doc = "unique"),
    S1_FIELD(s1_wiring_config, listens_to, S1_KIND_LIST, .item_kind = S1_KIND_NAME,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_SINGLE | S1_FIELD_NOT_EMPTY,
             .doc = "event; several are joined: called once all of them came in the same tick"),
    S1_FIELD(s1_wiring_config, invokes, S1_KIND_OBJECT, .flags = S1_FIELD_REQUIRED,
             .schema = &invokes_schema, .doc = "what is called"),
    S1_FIELD(s1_wiring_config, publishes_result_as, S1_KIND_LIST, .item_kind = S1_KIND_NAME,
             .flags = S1_FIELD_SINGLE, .doc = "event that carries the result; empty: none"),
    S1_FIELD(s1_wiring_config, defer, S1_KIND_ENUM, .names = s1_defer_names, .default_text = "none",
             .doc = "next_tick: called in the next tick; such an edge closes no cycle"),
    S1_FIELD(s1_wiring_config, priority, S1_KIND_INT, .default_text = "0", .min = "-1000",
             .max = "1000",
             .doc = "of adapters on one event: smaller first, then order of this file"),
    S1_FIELD_END};
static const s1_schema wiring_schema = {"wiring", "", wiring_fields, sizeof(s1_wiring_config),
                                        false};
static const s1_schema_field wiring_map_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_wiring_map_config),
    S1_FIELD(s1_wiring_map_config, wirings, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .schema = &wiring_schema,
             .doc = "adapters between the bus and the components"),
    S1_FIELD_END};
const s1_schema s1_wiring_map_schema = {
    "wiring_map", "Which event calls which component, and as which event the result travels on.",
    wiring_map_fields, sizeof(s1_wiring_map_config), false};

/* --- operation.yaml --- */

static const s1_schema_field link_fields[] = {
    S1_FIELD(s1_strategy_link_config, id, S1_KIND_NAME, .accepts = s1_is_link_id,
             .pattern_doc = S1_LINK_ID_DOC, .default_doc = "blueprint@environment",
             .doc = "unique; journals and states carry it"),
    S1_FIELD(s1_strategy_link_config, strategy_blueprint_id, S1_KIND_NAME,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "file runs/&lt;id&gt;.yaml"),
    S1_FIELD(s1_strategy_link_config, execution_environment_id, S1_KIND_NAME,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "of environments.yaml"),
    S1_FIELD(s1_strategy_link_config, is_active, S1_KIND_BOOL, .default_text = "true",
             .doc = "false: left out, unless its blueprint is run by name"),
    S1_FIELD_END};
static const s1_schema link_schema = {"strategy_link", "", link_fields,
                                      sizeof(s1_strategy_link_config), false};

static const s1_schema_field allocation_fields[] = {
    S1_FIELD(struct s1_allocation_config, percentage, S1_KIND_DECIMAL,
             .has_offset = offsetof(struct s1_allocation_config, has_percentage), .min = "0",
             .max = "100", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "of the operation's capital, where there is one, else of the initial "
                    "capital, in percent"),
    S1_FIELD(struct s1_allocation_config, max_quote_amount, S1_KIND_DECIMAL,
             .has_offset = offsetof(struct s1_allocation_config, has_max_quote_amount), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .doc = "in the quote currency; the stricter one applies"),
    S1_FIELD_END};
static const s1_schema allocation_schema = {"capital_allocation", "", allocation_fields,
                                            sizeof(struct s1_allocation_config), false};
static const s1_schema_field rules_fields[] = {
    S1_FIELD(s1_strategy_rules, strategy, S1_KIND_STRING, .flags = S1_FIELD_KEY),
    S1_FIELD(s1_strategy_rules, capital_allocation, S1_KIND_OBJECT, .schema = &allocation_schema,
             .doc = "how much of the capital its positions may bind"),
    S1_FIELD(s1_strategy_rules, max_drawdown_pct, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_strategy_rules, has_max_drawdown_pct), .min = "0",
             .max = "100", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "no new trades from this drawdown on, in percent of the peak"),
    S1_FIELD(s1_strategy_rules, max_position_size_pct, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_strategy_rules, has_max_position_size_pct), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN,
             .doc = "largest notional of one trade, in percent of the equity"),
    S1_FIELD(s1_strategy_rules, enabled, S1_KIND_BOOL, .default_text = "true",
             .doc = "false: these limits do not apply"),
    S1_FIELD_END};
static const s1_schema rules_schema = {"strategy_rules", "", rules_fields,
                                       sizeof(s1_strategy_rules), false};
static const s1_schema_field portfolio_rules_fields[] = {
    S1_FIELD(s1_portfolio_rules, max_total_drawdown_pct, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_portfolio_rules, has_max_total_drawdown_pct), .min = "0",
             .max = "100", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "all links end at the moment their common drawdown is above it, in percent of "
                    "the peak"),
    S1_FIELD(s1_portfolio_rules, max_position_size_pct_per_strategy, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_portfolio_rules, has_max_position_size_pct_per_strategy),
             .min = "0", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "largest notional of all positions of one link, in percent of the common "
                    "equity"),
    S1_FIELD(s1_portfolio_rules, max_correlated_positions, S1_KIND_INT,
             .has_offset = offsetof(s1_portfolio_rules, has_max_correlated_positions), .min = "1",
             .max = "1000000", .doc = "positions that move together, of all links"),
    S1_FIELD(s1_portfolio_rules, correlation_window, S1_KIND_INT, .default_text = "100",
             .min = "10", .max = "10000",
             .doc = "returns the correlation of two links is taken over"),
    S1_FIELD(s1_portfolio_rules, correlation_threshold, S1_KIND_FLOAT, .default_text = "0.7",
             .min = "0", .max = "1", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "two positions move together from this correlation on"),
    S1_FIELD_END};
static const s1_schema portfolio_rules_schema = {"portfolio_rules", "", portfolio_rules_fields,
                                                 sizeof(s1_portfolio_rules), false};

static const s1_schema_field response_fields[] = {
    S1_FIELD(s1_event_response, event_type, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_event_response, block_new_signals_min, S1_KIND_INT,
             .has_offset = offsetof(s1_event_response, has_block_new_signals_min), .min = "1",
             .max = "5256000", .doc = "minutes in which the link opens nothing"),
    S1_FIELD(s1_event_response, close_strategy_positions, S1_KIND_BOOL, .default_text = "false",
             .doc = "closes the link's positions"),
    S1_FIELD(s1_event_response, move_sl_to_breakeven_strategy, S1_KIND_BOOL,
             .default_text = "false",
             .doc = "moves the link's stops to the entry where the position is in profit"),
    S1_FIELD(s1_event_response, reduce_position_size_pct_strategy, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_event_response, has_reduce_position_size_pct_strategy),
             .min = "0", .max = "100", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "closes this part of each of the link's positions, in percent"),
    S1_FIELD(s1_event_response, cancel_entry_orders_strategy, S1_KIND_BOOL, .default_text = "false",
             .doc = "cancels the link's working entry orders"),
    S1_FIELD(s1_event_response, close_all_portfolio_positions, S1_KIND_BOOL,
             .default_text = "false", .doc = "closes the positions of all links"),
    S1_FIELD(s1_event_response, cancel_all_entry_orders_portfolio, S1_KIND_BOOL,
             .default_text = "false", .doc = "cancels the working entry orders of all links"),
    S1_FIELD(s1_event_response, notification_message, S1_KIND_STRING,
             .doc = "published with AlertRaised; {strategy_name} is the link"),
    S1_FIELD_END};
static const s1_schema response_schema = {"event_responses", "", response_fields,
                                          sizeof(s1_event_response), false};

static const s1_schema_field risk_policy_fields[] = {
    S1_FIELD(s1_risk_policy_config, portfolio_rules, S1_KIND_OBJECT,
             .schema = &portfolio_rules_schema,
             .doc = "limits of all links together; they then share one clock"),
    S1_FIELD(s1_risk_policy_config, strategy_rules, S1_KIND_MAP, .schema = &rules_schema,
             .doc = "limits of one strategy, by link id or blueprint id"),
    S1_FIELD(s1_risk_policy_config, event_responses, S1_KIND_MAP, .schema = &response_schema,
             .doc = "what is done when a threat is raised, by threat_type; the links then share "
                    "one clock"),
    S1_FIELD_END};
static const s1_schema risk_policy_schema = {"risk_policy", "", risk_policy_fields,
                                             sizeof(s1_risk_policy_config), false};
static const s1_schema_field capital_fields[] = {
    S1_FIELD(s1_operation_capital, currency, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_currency, .pattern_doc = S1_CURRENCY_DOC),
    S1_FIELD(s1_operation_capital, amount, S1_KIND_DECIMAL, .min = "0", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "of that currency"),
    S1_FIELD_END};
static const s1_schema capital_schema = {"capital", "", capital_fields,
                                         sizeof(s1_operation_capital), .is_inline = true};
static const s1_schema_field operation_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_operation_config),
    S1_FIELD(s1_operation_config, display_name, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "for people"),
    S1_FIELD(s1_operation_config, description, S1_KIND_STRING, .doc = "for people"),
    S1_FIELD(s1_operation_config, capital, S1_KIND_MAP, .schema = &capital_schema,
             .default_doc = "each link has its environment's initial_capital",
             .doc = "by quote currency: what the links share out by capital_allocation"),
    S1_FIELD(s1_operation_config, strategy_links, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .flags = S1_FIELD_REQUIRED, .schema = &link_schema,
             .doc = "which blueprint runs in which environment"),
    S1_FIELD(s1_operation_config, risk_policy, S1_KIND_OBJECT, .schema = &risk_policy_schema,
             .doc = "what the gate between plan and order refuses"),
    S1_FIELD_END};
const s1_schema s1_operation_schema = {
    "operation", "The strategic level: strategies, where they run, and the limits they run under.",
    operation_fields, sizeof(s1_operation_config), false};

/* --- runs/<strategy>.yaml --- */

static const s1_schema_field need_fields[] = {
    S1_FIELD(s1_data_need, asset_pair, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_pair, .pattern_doc = S1_PAIR_DOC, .doc = "which pair"),
    S1_FIELD(s1_data_need, timeframe, S1_KIND_TIMEFRAME, .flags = S1_FIELD_REQUIRED,
             .doc = "which timeframe"),
    S1_FIELD(s1_data_need, data_type, S1_KIND_ENUM, .names = s1_config_data_type_names,
             .default_text = "ohlcv",
             .doc = "a strategy reads bars; others are not in this version"),
    S1_FIELD_END};
static const s1_schema need_schema = {"data", "", need_fields, sizeof(s1_data_need), false};

static const s1_schema_field override_fields[] = {
    S1_FIELD(s1_operator_override, operator_id, S1_KIND_STRING, .flags = S1_FIELD_KEY),
    S1_FIELD(s1_operator_override, execution_strategy, S1_KIND_ENUM,
             .names = s1_execution_strategy_names, .default_doc = "operators.yaml",
             .doc = "for this strategy"),
    S1_FIELD(s1_operator_override, aggregation_strategy, S1_KIND_ENUM,
             .names = s1_aggregation_strategy_names, .default_doc = "operators.yaml",
             .doc = "for this strategy"),
    S1_FIELD(s1_operator_override, on_worker_failure, S1_KIND_ENUM,
             .names = s1_failure_policy_names, .default_doc = "operators.yaml",
             .doc = "for this strategy"),
    S1_FIELD_END};
static const s1_schema override_schema = {"operator_override", "", override_fields,
                                          sizeof(s1_operator_override), false};

static const s1_schema_field blueprint_journal_fields[] = {
    S1_FIELD(s1_journal_config, level, S1_KIND_ENUM, .names = s1_config_journal_names,
             .default_doc = "platform.yaml", .doc = "full, trades or off for this strategy"),
    S1_FIELD_END};
static const s1_schema blueprint_journal_schema = {"journal", "", blueprint_journal_fields,
                                                   sizeof(s1_journal_config), false};

static const s1_schema_field blueprint_recording_fields[] = {
    S1_FIELD(s1_recording_config, context, S1_KIND_BOOL, .default_doc = "platform.yaml",
             .has_offset = offsetof(s1_recording_config, has_context),
             .doc = "context.parquet for this strategy"),
    S1_FIELD_END};
static const s1_schema blueprint_recording_schema = {"recording", "", blueprint_recording_fields,
                                                     sizeof(s1_recording_config), false};

static const s1_schema_field publication_fields[] = {
    S1_FIELD(s1_worker_publication, event, S1_KIND_NAME,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "of event_map.yaml"),
    S1_FIELD(s1_worker_publication, payload_type, S1_KIND_STRING, .doc = "as event_map.yaml says"),
    S1_FIELD(s1_worker_publication, description, S1_KIND_STRING, .doc = "for people"),
    S1_FIELD_END};
static const s1_schema publication_schema = {"publishes", "", publication_fields,
                                             sizeof(s1_worker_publication), false};

#define EVENT_FIELDS(type, hidden)                                                                 \
    S1_FIELD(type, triggers, S1_KIND_LIST, .item_kind = S1_KIND_NAME, .flags = (hidden),           \
             .doc = "when it is called: on_plan_approved, on_threat_detected, ..., or an event"),  \
        S1_FIELD(type, publishes, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT, .flags = (hidden),    \
                 .schema = &publication_schema, .doc = "own events it may publish"),               \
        S1_FIELD(type, requires_all, S1_KIND_BOOL, .default_text = "false", .flags = (hidden),     \
                 .doc = "called only when all its triggers have come")

static const s1_schema_field event_config_fields[] = {
    EVENT_FIELDS(struct s1_worker_event_config, 0), S1_FIELD_END};
static const s1_schema event_config_schema = {"event_config", "", event_config_fields,
                                              sizeof(struct s1_worker_event_config), false};

static const s1_schema_field worker_feed_fields[] = {
    S1_FIELD(s1_worker_feed, name, S1_KIND_STRING, .flags = S1_FIELD_KEY),
    S1_FIELD(s1_worker_feed, feed, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC,
             .doc = "id of the blueprint's `feeds`, by the name the manifest has"),
    S1_FIELD_END};
static const s1_schema worker_feed_schema = {"feed", "", worker_feed_fields, sizeof(s1_worker_feed),
                                             true};

static const s1_schema_field worker_model_fields[] = {
    S1_FIELD(s1_worker_model, name, S1_KIND_STRING, .flags = S1_FIELD_KEY),
    S1_FIELD(s1_worker_model, model, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC,
             .doc = "id of the blueprint's `models`, by the name the manifest has"),
    S1_FIELD_END};
static const s1_schema worker_model_schema = {"model", "", worker_model_fields,
                                              sizeof(s1_worker_model), true};

static const s1_schema_field worker_fields[] = {
    S1_FIELD(s1_worker_item, plugin, S1_KIND_NAME, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_plugin_name, .pattern_doc = S1_PLUGIN_NAME_DOC,
             .doc = "name of its manifest"),
    S1_FIELD(s1_worker_item, id, S1_KIND_NAME, .accepts = s1_is_id, .pattern_doc = S1_ID_DOC,
             .default_doc = "name of the plugin",
             .doc = "unique in the blueprint; journal and state carry it"),
    S1_FIELD(s1_worker_item, subtype, S1_KIND_ENUM, .names = s1_subtype_names,
             .default_doc = "as the manifest says", .doc = "must agree with the manifest"),
    S1_FIELD(s1_worker_item, stream, S1_KIND_NAME, .accepts = s1_is_stream,
             .pattern_doc = S1_STREAM_DOC, .default_doc = "the primary stream",
             .doc = "one of `data`, such as ETH/USD@1h"),
    S1_FIELD(s1_worker_item, params, S1_KIND_VALUE, .doc = "parameters; the manifest says which"),
    S1_FIELD(s1_worker_item, feeds, S1_KIND_MAP, .schema = &worker_feed_schema,
             .doc = "where each feed of the manifest comes from"),
    S1_FIELD(s1_worker_item, models, S1_KIND_MAP, .schema = &worker_model_schema,
             .doc = "where each model of the manifest comes from"),
    EVENT_FIELDS(s1_worker_item, 0),
    S1_FIELD(s1_worker_item, event_config, S1_KIND_OBJECT, .flags = S1_FIELD_HIDDEN,
             .schema = &event_config_schema, .doc = "triggers, publishes, requires_all in a map"),
    S1_FIELD_END};
static const s1_schema worker_schema = {"worker", "", worker_fields, sizeof(s1_worker_item), false};

#define WORKERS(type, member, doc_)                                                                \
    S1_FIELD(type, member, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT, .schema = &worker_schema,    \
             .doc = doc_)
static const s1_schema_field planning_fields[] = {
    WORKERS(struct s1_planning_workers, entry_planning, "governors first, then the entry"),
    WORKERS(struct s1_planning_workers, exit_planning, "stop and target"),
    WORKERS(struct s1_planning_workers, size_planning, "quantity"),
    WORKERS(struct s1_planning_workers, order_routing, "order type and time in force"),
    S1_FIELD_END};
static const s1_schema planning_schema = {"planning_workers", "", planning_fields,
                                          sizeof(struct s1_planning_workers), false};
static const s1_schema_field execution_fields[] = {
    WORKERS(struct s1_execution_workers, trade_initiation, "send approved plans"),
    WORKERS(struct s1_execution_workers, position_management, "manage open trades"),
    WORKERS(struct s1_execution_workers, risk_safety, "act on threats"),
    WORKERS(struct s1_execution_workers, operational, "tasks beside trading"), S1_FIELD_END};
static const s1_schema execution_schema = {"execution_workers", "", execution_fields,
                                           sizeof(struct s1_execution_workers), false};
static const s1_schema_field workforce_fields[] = {
    WORKERS(s1_workforce_config, context_workers, "what the map of the market shows"),
    WORKERS(s1_workforce_config, opportunity_workers, "what is a chance"),
    WORKERS(s1_workforce_config, threat_workers, "what is a risk"),
    S1_FIELD(s1_workforce_config, planning_workers, S1_KIND_OBJECT, .schema = &planning_schema,
             .doc = "how a chance becomes an order, in four phases"),
    S1_FIELD(s1_workforce_config, execution_workers, S1_KIND_OBJECT, .schema = &execution_schema,
             .doc = "what happens with orders and positions"),
    S1_FIELD_END};
static const s1_schema workforce_schema = {"workforce", "", workforce_fields,
                                           sizeof(s1_workforce_config), false};

static const s1_schema_field feed_fields[] = {
    S1_FIELD(s1_feed_config, id, S1_KIND_STRING, .flags = S1_FIELD_KEY, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_feed_config, path, S1_KIND_PATH, .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY,
             .doc = "CSV with columns time, published_at and what the workers read"),
    S1_FIELD_END};
static const s1_schema feed_schema = {"feed", "", feed_fields, sizeof(s1_feed_config), false};

static const s1_schema_field model_fields[] = {
    S1_FIELD(s1_model_config, id, S1_KIND_STRING, .flags = S1_FIELD_KEY, .accepts = s1_is_id,
             .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_model_config, path, S1_KIND_PATH, .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY,
             .doc = "a LightGBM model, as Booster.save_model writes it"),
    S1_FIELD_END};
static const s1_schema model_schema = {"model", "", model_fields, sizeof(s1_model_config), false};

static const s1_schema_field blueprint_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_blueprint),
    S1_FIELD(s1_blueprint, display_name, S1_KIND_STRING,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY, .doc = "for people"),
    S1_FIELD(s1_blueprint, version, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_semver, .pattern_doc = S1_SEMVER_DOC, .doc = "of the strategy"),
    S1_FIELD(s1_blueprint, description, S1_KIND_STRING, .doc = "for people"),
    S1_FIELD(s1_blueprint, data, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT, .schema = &need_schema,
             .default_doc = "the environment's only source",
             .doc = "the streams the strategy needs; the first is primary"),
    S1_FIELD(s1_blueprint, feeds, S1_KIND_MAP, .schema = &feed_schema,
             .doc = "data that is not bars (news, calendars, books), by id"),
    S1_FIELD(s1_blueprint, models, S1_KIND_MAP, .schema = &model_schema,
             .doc = "trained models, by id"),
    S1_FIELD(s1_blueprint, operator_overrides, S1_KIND_MAP, .schema = &override_schema,
             .doc = "operators that behave differently for this strategy, by operator_id"),
    S1_FIELD(s1_blueprint, journal, S1_KIND_OBJECT, .schema = &blueprint_journal_schema,
             .doc = "the decision journal"),
    S1_FIELD(s1_blueprint, recording, S1_KIND_OBJECT, .schema = &blueprint_recording_schema,
             .doc = "what a run records beside its journal"),
    S1_FIELD(s1_blueprint, workforce, S1_KIND_OBJECT, .flags = S1_FIELD_REQUIRED,
             .schema = &workforce_schema, .doc = "the workers, in the order they work in"),
    S1_FIELD_END};
const s1_schema s1_blueprint_schema = {"blueprint", "One strategy. Its id is the name of the file.",
                                       blueprint_fields, sizeof(s1_blueprint), false};
