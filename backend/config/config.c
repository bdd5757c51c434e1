#include "backend/config/config.h"

#include "backend/config/internal.h"

s1_str s1_config_path(const s1_config *config, s1_str path, s1_arena *arena)
{
    if (s1_str_starts_with(path, S1_STR("/")) || s1_str_eq_cstr(config->base, ".")) {
        return s1_config_copy(arena, path);
    }
    return s1_config_format(arena, "%.*s/%.*s", S1_STR_ARG(config->base), S1_STR_ARG(path));
}

/* Defines a search by name in a list of the configuration. */
#define FIND(function, type, list, member)                                                         \
    const type *function(const s1_config *config, s1_str name)                                     \
    {                                                                                              \
        for (uint32_t i = 0; i < config->list.count; i++) {                                        \
            if (s1_str_eq(config->list.items[i].member, name)) {                                   \
                return &config->list.items[i];                                                     \
            }                                                                                      \
        }                                                                                          \
        return NULL;                                                                               \
    }
FIND(s1_config_event, s1_event_config, event_map.events, event_name)
FIND(s1_config_environment, s1_environment_config, environments.environments, environment_id)
FIND(s1_config_data_source, s1_data_source_config, data_sources.data_sources, data_source_id)
FIND(s1_config_instrument, s1_instrument_config, instruments.instruments, asset_pair)

const s1_operator_config *s1_link_operator(const s1_link *link, s1_str operator_id)
{
    for (uint32_t i = 0; i < link->operators.count; i++) {
        if (s1_str_eq(link->operators.items[i].operator_id, operator_id)) {
            return &link->operators.items[i];
        }
    }
    return NULL;
}

void s1_config_make_instrument(const s1_instrument_config *instrument,
                               const s1_environment_config *environment, s1_instrument *ret_made)
{
    const s1_fees_config *const own = &instrument->fees;
    const s1_fees_config *const fees = &environment->simulation.fees;
    *ret_made = (s1_instrument){
        .size = sizeof *ret_made,
        .flags = instrument->margin.enabled ? S1_INSTRUMENT_MARGIN : 0,
        .price_scale = (uint32_t)instrument->price_scale,
        .qty_scale = (uint32_t)instrument->qty_scale,
        .asset_pair = instrument->asset_pair,
        .base = instrument->base,
        .quote = instrument->quote,
        .tick_size = instrument->tick_size,
        .lot_size = instrument->lot_size,
        .min_quantity = instrument->min_quantity,
        .min_notional = instrument->min_notional,
        .maker_fee = own->has_maker ? own->maker : fees->maker,
        .taker_fee = own->has_taker ? own->taker : fees->taker,
        .leverage = instrument->margin.enabled ? instrument->margin.leverage : S1_DEC_ONE,
        .max_quantity = instrument->max_quantity,
        .max_notional = instrument->max_notional,
        .price_band_percent = instrument->price_band_percent,
    };
}

bool s1_portfolio_rules_any(const s1_portfolio_rules *rules)
{
    return rules->has_max_total_drawdown_pct || rules->has_max_position_size_pct_per_strategy ||
           rules->has_max_correlated_positions;
}
