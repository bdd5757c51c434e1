/* backend/dtos/enums.h - the closed sets a person may write: enum, reader and docs from one
 * list each. Names are read in any case and written as they stand here.
 */
#ifndef S1_BACKEND_DTOS_ENUMS_H
#define S1_BACKEND_DTOS_ENUMS_H

#include "s1mple/base.h"
#include "s1mple/plugin.h"

/* Ends with {NULL, 0}. */
typedef struct s1_enum_name {
    const char *name;
    int32_t value;
} s1_enum_name;

/* The name of a value, or "" for none. */
const char *s1_enum_text(const s1_enum_name *names, int32_t value);
/* Case-insensitive. False if the name is unknown. */
bool s1_enum_parse(const s1_enum_name *names, s1_str text, int32_t *ret_value);

/* X(value, type id in manifests, class name in operators.yaml). */
#define S1_WORKER_TYPE_MAP(X)                                                                      \
    X(S1_WORKER_CONTEXT, "context_worker", "ContextWorker")                                        \
    X(S1_WORKER_OPPORTUNITY, "opportunity_worker", "OpportunityWorker")                            \
    X(S1_WORKER_THREAT, "threat_worker", "ThreatWorker")                                           \
    X(S1_WORKER_PLANNING, "planning_worker", "PlanningWorker")                                     \
    X(S1_WORKER_EXECUTION, "execution_worker", "ExecutionWorker")
extern const s1_enum_name s1_worker_type_names[];  /* "context_worker" */
extern const s1_enum_name s1_worker_class_names[]; /* "ContextWorker" */

/* X(NAME, "name", enum s1_worker_type). SPEC D03..D11: 27 of them. */
#define S1_SUBTYPE_MAP(X)                                                                          \
    X(REGIME_CLASSIFICATION, "regime_classification", S1_WORKER_CONTEXT)                           \
    X(STRUCTURAL_ANALYSIS, "structural_analysis", S1_WORKER_CONTEXT)                               \
    X(INDICATOR_CALCULATION, "indicator_calculation", S1_WORKER_CONTEXT)                           \
    X(MICROSTRUCTURE_ANALYSIS, "microstructure_analysis", S1_WORKER_CONTEXT)                       \
    X(TEMPORAL_CONTEXT, "temporal_context", S1_WORKER_CONTEXT)                                     \
    X(SENTIMENT_ENRICHMENT, "sentiment_enrichment", S1_WORKER_CONTEXT)                             \
    X(FUNDAMENTAL_ENRICHMENT, "fundamental_enrichment", S1_WORKER_CONTEXT)                         \
    X(TECHNICAL_PATTERN, "technical_pattern", S1_WORKER_OPPORTUNITY)                               \
    X(MOMENTUM_SIGNAL, "momentum_signal", S1_WORKER_OPPORTUNITY)                                   \
    X(MEAN_REVERSION, "mean_reversion", S1_WORKER_OPPORTUNITY)                                     \
    X(STATISTICAL_ARBITRAGE, "statistical_arbitrage", S1_WORKER_OPPORTUNITY)                       \
    X(EVENT_DRIVEN, "event_driven", S1_WORKER_OPPORTUNITY)                                         \
    X(SENTIMENT_SIGNAL, "sentiment_signal", S1_WORKER_OPPORTUNITY)                                 \
    X(ML_PREDICTION, "ml_prediction", S1_WORKER_OPPORTUNITY)                                       \
    X(PORTFOLIO_RISK, "portfolio_risk", S1_WORKER_THREAT)                                          \
    X(MARKET_RISK, "market_risk", S1_WORKER_THREAT)                                                \
    X(SYSTEM_HEALTH, "system_health", S1_WORKER_THREAT)                                            \
    X(STRATEGY_PERFORMANCE, "strategy_performance", S1_WORKER_THREAT)                              \
    X(EXTERNAL_EVENT, "external_event", S1_WORKER_THREAT)                                          \
    X(ENTRY_PLANNING, "entry_planning", S1_WORKER_PLANNING)                                        \
    X(EXIT_PLANNING, "exit_planning", S1_WORKER_PLANNING)                                          \
    X(SIZE_PLANNING, "size_planning", S1_WORKER_PLANNING)                                          \
    X(ORDER_ROUTING, "order_routing", S1_WORKER_PLANNING)                                          \
    X(TRADE_INITIATION, "trade_initiation", S1_WORKER_EXECUTION)                                   \
    X(POSITION_MANAGEMENT, "position_management", S1_WORKER_EXECUTION)                             \
    X(RISK_SAFETY, "risk_safety", S1_WORKER_EXECUTION)                                             \
    X(OPERATIONAL, "operational", S1_WORKER_EXECUTION)
enum s1_subtype {
    S1_SUBTYPE_NONE = 0,
#define X(name, text, type) S1_SUBTYPE_##name,
    S1_SUBTYPE_MAP(X)
#undef X
        S1_SUBTYPE_COUNT
};
extern const s1_enum_name s1_subtype_names[];
/* The worker type a subtype belongs to; 0 for S1_SUBTYPE_NONE. */
int32_t s1_subtype_worker_type(int32_t subtype);

#define S1_EXECUTION_STRATEGY_MAP(X) X(SEQUENTIAL) X(PARALLEL) X(EVENT_DRIVEN)
enum s1_execution_strategy {
    S1_EXECUTION_INVALID = 0,
#define X(name) S1_EXECUTION_##name,
    S1_EXECUTION_STRATEGY_MAP(X)
#undef X
};
extern const s1_enum_name s1_execution_strategy_names[];

#define S1_AGGREGATION_STRATEGY_MAP(X) X(COLLECT_ALL) X(CHAIN_THROUGH) X(NONE)
enum s1_aggregation_strategy {
    S1_AGGREGATION_INVALID = 0,
#define X(name) S1_AGGREGATION_##name,
    S1_AGGREGATION_STRATEGY_MAP(X)
#undef X
};
extern const s1_enum_name s1_aggregation_strategy_names[];

/* What an operator does when one of its workers fails. */
#define S1_FAILURE_POLICY_MAP(X)                                                                   \
    X(S1_FAILURE_STOP, "stop") /* the run ends */                                                  \
    X(S1_FAILURE_SKIP, "skip") /* its result is left out, a SYSTEM_HEALTH threat is raised */
enum s1_failure_policy {
    S1_FAILURE_INVALID = 0,
#define X(value, text) value,
    S1_FAILURE_POLICY_MAP(X)
#undef X
};

#define S1_ENVIRONMENT_TYPE_MAP(X)                                                                 \
    X(S1_ENVIRONMENT_BACKTEST, "backtest")                                                         \
    X(S1_ENVIRONMENT_PAPER, "paper")                                                               \
    X(S1_ENVIRONMENT_LIVE, "live")
enum s1_environment_type {
    S1_ENVIRONMENT_INVALID = 0,
#define X(value, text) value,
    S1_ENVIRONMENT_TYPE_MAP(X)
#undef X
};
extern const s1_enum_name s1_environment_type_names[];
extern const s1_enum_name s1_failure_policy_names[];
extern const s1_enum_name s1_defer_names[];
extern const s1_enum_name s1_trigger_names[];          /* S1_TRIGGER_MAP of the SDK */
extern const s1_enum_name s1_config_data_type_names[]; /* enum s1_data_type */
extern const s1_enum_name s1_config_log_level_names[]; /* enum s1_config_log_level */
extern const s1_enum_name s1_fill_rule_names[];        /* enum s1_fill_preset */
extern const s1_enum_name s1_match_on_names[];         /* enum s1_match_on */
extern const s1_enum_name s1_queue_model_names[];      /* enum s1_queue_model */
extern const s1_enum_name s1_book_liquidity_names[];   /* enum s1_book_liquidity */
/* The knobs of a rule set, fill_rules.h. */
extern const s1_enum_name s1_fill_timing_names[], s1_arrival_names[], s1_path_names[],
    s1_limit_fill_names[], s1_limit_price_names[], s1_stop_gap_names[], s1_entry_bar_names[],
    s1_zero_volume_names[], s1_slippage_on_names[], s1_self_trade_names[];
extern const s1_enum_name s1_slippage_model_names[]; /* fill_costs.h */
extern const s1_enum_name s1_fee_rounding_names[];   /* enum s1_rounding */
extern const s1_enum_name s1_cost_basis_names[];     /* enum s1_cost_basis of the ledger */
extern const s1_enum_name s1_ambiguity_names[];      /* enum s1_ambiguity of the matching engine */

#define S1_DEFER_MAP(X) X(S1_DEFER_NONE, "none") X(S1_DEFER_NEXT_TICK, "next_tick")
enum s1_defer {
    S1_DEFER_INVALID = 0,
#define X(value, text) value,
    S1_DEFER_MAP(X)
#undef X
};

#define S1_CONFIG_JOURNAL_MAP(X)                                                                   \
    X(S1_CONFIG_JOURNAL_FULL, "full")                                                              \
    X(S1_CONFIG_JOURNAL_TRADES, "trades")                                                          \
    X(S1_CONFIG_JOURNAL_OFF, "off")
enum s1_config_journal {
    S1_CONFIG_JOURNAL_UNSET = 0, /* in a blueprint: as the platform says */
#define X(value, text) value,
    S1_CONFIG_JOURNAL_MAP(X)
#undef X
};
extern const s1_enum_name s1_config_journal_names[];

/* X(value, name): what an event is about; event_map.yaml `category`. */
#define S1_EVENT_CATEGORY_MAP(X)                                                                   \
    X(S1_EVENT_COMMAND, "command")                                                                 \
    X(S1_EVENT_LIFECYCLE, "lifecycle")                                                             \
    X(S1_EVENT_TICK, "tick")                                                                       \
    X(S1_EVENT_STATE, "state")                                                                     \
    X(S1_EVENT_SCHEDULE, "schedule")                                                               \
    X(S1_EVENT_WORKER, "worker")
enum s1_event_category {
    S1_EVENT_INVALID = 0,
#define X(value, text) value,
    S1_EVENT_CATEGORY_MAP(X)
#undef X
};
extern const s1_enum_name s1_event_category_names[];

/* SPEC 6.2: 11 of them. */
#define S1_CONFIG_LOG_LEVEL_MAP(X)                                                                 \
    X(DEBUG)                                                                                       \
    X(INFO) X(WARNING) X(ERROR) X(CRITICAL) X(SETUP) X(MATCH) X(FILTER) X(POLICY) X(RESULT) X(TRADE)
enum s1_config_log_level {
    S1_CONFIG_LOG_NONE = 0,
#define X(name) S1_CONFIG_LOG_##name,
    S1_CONFIG_LOG_LEVEL_MAP(X)
#undef X
};

#define S1_DATA_SOURCE_TYPE_MAP(X)                                                                 \
    X(S1_SOURCE_PARQUET_ARCHIVE, "parquet_archive")                                                \
    X(S1_SOURCE_CSV_ARCHIVE, "csv_archive")
enum s1_data_source_type {
    S1_SOURCE_INVALID = 0,
#define X(value, text) value,
    S1_DATA_SOURCE_TYPE_MAP(X)
#undef X
};
extern const s1_enum_name s1_data_source_type_names[];

/* Types of a plugin's parameter. */
#define S1_PARAM_TYPE_MAP(X)                                                                       \
    X(S1_PARAM_INT, "int")                                                                         \
    X(S1_PARAM_FLOAT, "float")                                                                     \
    X(S1_PARAM_BOOL, "bool")                                                                       \
    X(S1_PARAM_STRING, "string")                                                                   \
    X(S1_PARAM_DECIMAL, "decimal")                                                                 \
    X(S1_PARAM_DURATION, "duration")                                                               \
    X(S1_PARAM_ENUM, "enum")                                                                       \
    X(S1_PARAM_INT_LIST, "int_list")                                                               \
    X(S1_PARAM_FLOAT_LIST, "float_list")                                                           \
    X(S1_PARAM_STRING_LIST, "string_list")
enum s1_param_type {
    S1_PARAM_INVALID = 0,
#define X(value, text) value,
    S1_PARAM_TYPE_MAP(X)
#undef X
};
extern const s1_enum_name s1_param_type_names[];

/* Types of a feed's field. */
#define S1_FEED_TYPE_MAP(X)                                                                        \
    X(S1_FEED_NUMBER, "number")                                                                    \
    X(S1_FEED_TEXT, "text")
enum s1_feed_type {
    S1_FEED_INVALID = 0,
#define X(value, text) value,
    S1_FEED_TYPE_MAP(X)
#undef X
};
extern const s1_enum_name s1_feed_type_names[];

#endif /* S1_BACKEND_DTOS_ENUMS_H */
