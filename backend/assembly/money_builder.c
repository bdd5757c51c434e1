#include "backend/assembly/money_builder.h"

/* Of one currency at the start. */
static s1_dec balance_of(const s1_simulation_config *simulation, s1_str currency)
{
    for (uint32_t i = 0; i < simulation->initial_balances.count; i++) {
        if (s1_str_eq(simulation->initial_balances.items[i].currency, currency)) {
            return simulation->initial_balances.items[i].amount;
        }
    }
    return S1_DEC_ZERO;
}

static int32_t currency_of(const s1_fees_config *fees, const s1_instrument *instrument)
{
    if (fees->currency.len == 0 || s1_str_eq(fees->currency, S1_STR("quote")) ||
        s1_str_eq(fees->currency, instrument->quote)) {
        return S1_FEE_QUOTE;
    }
    if (s1_str_eq(fees->currency, S1_STR("received"))) {
        return S1_FEE_RECEIVED;
    }
    return s1_str_eq(fees->currency, S1_STR("base")) || s1_str_eq(fees->currency, instrument->base)
               ? S1_FEE_BASE
               : S1_FEE_OTHER;
}

void s1_ledger_options_of(const s1_link *link, const s1_instrument *instrument,
                          s1_ledger_options *ret_options)
{
    const s1_simulation_config *const simulation = &link->environment->simulation;
    ret_options->initial_capital = simulation->initial_capital;
    ret_options->cost_basis = simulation->cost_basis;
    ret_options->base = balance_of(simulation, instrument->base);
    if (currency_of(&simulation->fees, instrument) == S1_FEE_OTHER) {
        ret_options->other_currency = simulation->fees.currency;
        ret_options->other = balance_of(simulation, simulation->fees.currency);
        ret_options->other_price = simulation->fees.price;
    }
}

/* A pair with rates of its own has no tiers. */
static s1_rc tiers_of(const s1_link *link, s1_arena *arena, s1_fee_rules *rules, s1_err *err)
{
    const s1_fees_config *const own = &link->streams.items[0].instrument->fees;
    const s1_fees_config *const fees = &link->environment->simulation.fees;
    if (fees->tiers.count == 0 || own->has_maker || own->has_taker) {
        return S1_OK;
    }
    s1_fee_tier *const tiers = s1_arena_array(arena, s1_fee_tier, fees->tiers.count);
    if (tiers == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u tiers of fees", fees->tiers.count);
    }
    for (uint32_t i = 0; i < fees->tiers.count; i++) {
        const s1_fee_tier_config *const tier = &fees->tiers.items[i];
        tiers[i] = (s1_fee_tier){tier->volume, tier->maker, tier->taker};
    }
    rules->tiers = tiers;
    rules->tier_count = fees->tiers.count;
    return S1_OK;
}

s1_rc s1_fee_book_of(const s1_link *link, const s1_instrument *instrument, const s1_ledger *ledger,
                     s1_arena *arena, s1_fee_book **ret_book, s1_err *err)
{
    const s1_fees_config *const fees = &link->environment->simulation.fees;
    s1_fee_rules rules = {
        .maker = instrument->maker_fee,
        .taker = instrument->taker_fee,
        .currency = currency_of(fees, instrument),
        .rounding = fees->rounding != 0 ? fees->rounding : S1_ROUND_HALF_EVEN,
        .decimals = (uint32_t)fees->decimals,
        .code = fees->currency,
        .price = fees->price,
        .volume_30d = fees->volume_30d,
    };
    S1_TRY(err, tiers_of(link, arena, &rules, err));
    if (rules.currency == S1_FEE_QUOTE && rules.tier_count == 0 && rules.decimals == S1_DEC_SCALE &&
        rules.rounding == S1_ROUND_HALF_EVEN) {
        *ret_book = NULL;
        return S1_OK;
    }
    s1_fee_book *const book = s1_arena_array(arena, s1_fee_book, 1);
    if (book == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a book of fees");
    }
    *book = (s1_fee_book){.rules = rules,
                          .instrument = instrument,
                          .free_base = &ledger->held,
                          .free_other = &ledger->balances[S1_LEDGER_OTHER].total};
    *ret_book = book;
    return S1_OK;
}

/* A column of rates; none asked for is NULL. */
static s1_rc column_of(const s1_feed_table *table, s1_str name, const s1_feed_column **ret_column,
                       s1_err *err)
{
    *ret_column = name.len > 0 ? s1_feed_table_column(table, name, S1_FEED_NUMBER) : NULL;
    return name.len == 0 || *ret_column != NULL
               ? S1_OK
               : S1_RAISE(err, S1_E_DATA, "a feed of rates lacks the column %.*s",
                          S1_STR_ARG(name));
}

static s1_rc rates_of(const s1_link *link, const s1_carry_config *config, bool is_funding,
                      const s1_feed_table *const *feeds, s1_carry_rates *ret_rates, s1_err *err)
{
    *ret_rates = (s1_carry_rates){.every = config->every,
                                  .rate = is_funding ? config->rate : config->quote_rate,
                                  .rate_base = config->base_rate};
    for (uint32_t i = 0; config->feed.len > 0 && i < link->blueprint->feeds.count; i++) {
        if (s1_str_eq(link->blueprint->feeds.items[i].id, config->feed)) {
            ret_rates->table = feeds[i];
        }
    }
    if (config->feed.len == 0) {
        return S1_OK;
    }
    S1_TRY(err, column_of(ret_rates->table, is_funding ? config->column : config->quote_column,
                          &ret_rates->column, err));
    return column_of(ret_rates->table, config->base_column, &ret_rates->column_base, err);
}

s1_rc s1_carry_of(const s1_link *link, const s1_carry_options *base,
                  const s1_feed_table *const *feeds, s1_carry **ret_carry, s1_err *err)
{
    const s1_simulation_config *const sim = &link->environment->simulation;
    const struct s1_margin_config *const margin = &link->streams.items[0].instrument->margin;
    s1_carry_options options = *base;
    options.has_funding = sim->has_funding;
    options.has_interest = sim->has_borrow;
    options.maintenance = margin->has_maintenance ? margin->maintenance : S1_DEC_ZERO;
    if (!sim->has_funding && !sim->has_borrow && !margin->has_maintenance) {
        *ret_carry = NULL;
        return S1_OK;
    }
    const s1_fill_rules rules = s1_fill_rules_of(sim->fill_rule, &sim->matching.knobs);
    options.is_close_only = rules.path == S1_PATH_CLOSE || rules.market == S1_FILL_NEXT_CLOSE;
    S1_TRY(err, rates_of(link, &sim->funding, true, feeds, &options.funding, err));
    S1_TRY(err, rates_of(link, &sim->borrow, false, feeds, &options.interest, err));
    return s1_carry_new(&options, ret_carry, err);
}
