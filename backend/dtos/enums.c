#include "backend/dtos/enums.h"

#include "backend/dtos/execution/fees.h"
#include "backend/dtos/execution/fill_costs.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/text.h"

const s1_enum_name s1_worker_type_names[] = {
#define X(value, type_id, class_name) {type_id, value},
    S1_WORKER_TYPE_MAP(X)
#undef X
        {NULL, 0}};

const s1_enum_name s1_worker_class_names[] = {
#define X(value, type_id, class_name) {class_name, value},
    S1_WORKER_TYPE_MAP(X)
#undef X
        {NULL, 0}};

const s1_enum_name s1_subtype_names[] = {
#define X(name, text, type) {text, S1_SUBTYPE_##name},
    S1_SUBTYPE_MAP(X)
#undef X
        {NULL, 0}};

const s1_enum_name s1_execution_strategy_names[] = {
#define X(name) {#name, S1_EXECUTION_##name},
    S1_EXECUTION_STRATEGY_MAP(X)
#undef X
        {NULL, 0}};

const s1_enum_name s1_aggregation_strategy_names[] = {
#define X(name) {#name, S1_AGGREGATION_##name},
    S1_AGGREGATION_STRATEGY_MAP(X)
#undef X
        {NULL, 0}};

const s1_enum_name s1_config_log_level_names[] = {
#define X(name) {#name, S1_CONFIG_LOG_##name},
    S1_CONFIG_LOG_LEVEL_MAP(X)
#undef X
        {NULL, 0}};

#define X(value, text) {text, value},
const s1_enum_name s1_failure_policy_names[] = {S1_FAILURE_POLICY_MAP(X){NULL, 0}};
const s1_enum_name s1_environment_type_names[] = {S1_ENVIRONMENT_TYPE_MAP(X){NULL, 0}};
const s1_enum_name s1_defer_names[] = {S1_DEFER_MAP(X){NULL, 0}};
const s1_enum_name s1_config_journal_names[] = {S1_CONFIG_JOURNAL_MAP(X){NULL, 0}};
const s1_enum_name s1_event_category_names[] = {S1_EVENT_CATEGORY_MAP(X){NULL, 0}};
const s1_enum_name s1_data_source_type_names[] = {S1_DATA_SOURCE_TYPE_MAP(X){NULL, 0}};
const s1_enum_name s1_param_type_names[] = {S1_PARAM_TYPE_MAP(X){NULL, 0}};
const s1_enum_name s1_feed_type_names[] = {S1_FEED_TYPE_MAP(X){NULL, 0}};
const s1_enum_name s1_trigger_names[] = {S1_TRIGGER_MAP(X){NULL, 0}};
#undef X

#define X(name, value, text) {text, value},
const s1_enum_name s1_fill_rule_names[] = {S1_FILL_PRESET_MAP(X){NULL, 0}};
const s1_enum_name s1_fill_timing_names[] = {S1_FILL_TIMING_MAP(X){NULL, 0}};
const s1_enum_name s1_arrival_names[] = {S1_ARRIVAL_MAP(X){NULL, 0}};
const s1_enum_name s1_path_names[] = {S1_PATH_MAP(X){NULL, 0}};
const s1_enum_name s1_limit_fill_names[] = {S1_LIMIT_FILL_MAP(X){NULL, 0}};
const s1_enum_name s1_limit_price_names[] = {S1_LIMIT_PRICE_MAP(X){NULL, 0}};
const s1_enum_name s1_stop_gap_names[] = {S1_STOP_GAP_MAP(X){NULL, 0}};
const s1_enum_name s1_entry_bar_names[] = {S1_ENTRY_BAR_MAP(X){NULL, 0}};
const s1_enum_name s1_zero_volume_names[] = {S1_ZERO_VOLUME_MAP(X){NULL, 0}};
const s1_enum_name s1_match_on_names[] = {S1_MATCH_ON_MAP(X){NULL, 0}};
const s1_enum_name s1_queue_model_names[] = {S1_QUEUE_MODEL_MAP(X){NULL, 0}};
const s1_enum_name s1_book_liquidity_names[] = {S1_BOOK_LIQUIDITY_MAP(X){NULL, 0}};
const s1_enum_name s1_slippage_on_names[] = {S1_SLIPPAGE_ON_MAP(X){NULL, 0}};
const s1_enum_name s1_self_trade_names[] = {S1_SELF_TRADE_MAP(X){NULL, 0}};
#undef X
#define X(name, value, text, key) {text, value},
const s1_enum_name s1_slippage_model_names[] = {S1_SLIPPAGE_MODEL_MAP(X){NULL, 0}};
#undef X
const s1_enum_name s1_fee_rounding_names[] = {
    {"half_even", S1_ROUND_HALF_EVEN}, {"down", S1_ROUND_DOWN}, {"up", S1_ROUND_UP}, {NULL, 0}};
const s1_enum_name s1_cost_basis_names[] = {
    {"average", S1_COST_AVERAGE}, {"fifo", S1_COST_FIFO}, {NULL, 0}};
const s1_enum_name s1_ambiguity_names[] = {{"stop_first", S1_AMBIGUITY_STOP_FIRST},
                                           {"target_first", S1_AMBIGUITY_TARGET_FIRST},
                                           {NULL, 0}};

const s1_enum_name s1_config_data_type_names[] = {
#define X(name, value, text) {text, value},
    S1_DATA_TYPE_MAP(X)
#undef X
        {NULL, 0}};

const char *s1_enum_text(const s1_enum_name *names, int32_t value)
{
    for (; names->name != NULL; names++) {
        if (names->value == value) {
            return names->name;
        }
    }
    return "";
}

bool s1_enum_parse(const s1_enum_name *names, s1_str text, int32_t *ret_value)
{
    for (; names->name != NULL; names++) {
        if (s1_str_eq_nocase(s1_str_of(names->name), text)) {
            *ret_value = names->value;
            return true;
        }
    }
    return false;
}

int32_t s1_subtype_worker_type(int32_t subtype)
{
    switch (subtype) {
#define X(name, text, type)                                                                        \
    case S1_SUBTYPE_##name:                                                                        \
        return type;
        S1_SUBTYPE_MAP(X)
#undef X
    default:
        return 0;
    }
}
