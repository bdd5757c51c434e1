/* Checks of what money there is and what it is paid in. */
#include "backend/config/loader.h"

static const s1_str none = {NULL, 0};

static bool is_third_currency(s1_str text)
{
    return text.len > 0 && !s1_str_eq(text, S1_STR("quote")) && !s1_str_eq(text, S1_STR("base")) &&
           !s1_str_eq(text, S1_STR("received"));
}

/* Tiers ascend and get no dearer, so that the first rates are the most a fill can cost. */
static void check_tiers(s1_loader *l, const s1_fees_config *fees)
{
    for (uint32_t i = 0; i < fees->tiers.count; i++) {
        const s1_fee_tier_config *const tier = &fees->tiers.items[i];
        const s1_fee_tier_config *const last = i > 0 ? tier - 1 : NULL;
        if (last != NULL && s1_dec_cmp(tier->volume, last->volume) <= 0) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &tier->source, "volume",
                           S1_STR("no more than that of the tier before"), "tiers by volume");
        }
        if (s1_dec_cmp(tier->maker, last != NULL ? last->maker : fees->maker) > 0 ||
            s1_dec_cmp(tier->taker, last != NULL ? last->taker : fees->taker) > 0) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &tier->source, "taker",
                           S1_STR("a rate above that of less volume"),
                           "rates that fall, or stay, with the volume");
        }
    }
}

void s1_config_check_fees(s1_loader *l, s1_fees_config *fees)
{
    const bool is_third = is_third_currency(fees->currency);
    if (is_third != fees->has_price) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &fees->source, "price",
                       is_third ? none : S1_STR("a price of no third currency"),
                       is_third ? "what one of the currency is worth in quote"
                                : "none: quote and base need no price");
        return;
    }
    if (!fees->has_decimals) {
        fees->decimals = is_third ? 8 : S1_DEC_SCALE;
    }
    if (is_third && s1_dec_raw(fees->price) %
                            s1_dec_raw(s1_dec_from_mantissa(1, (unsigned)(18 - fees->decimals))) !=
                        0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &fees->source, "price",
                       S1_STR("more digits than fit"),
                       "at most %lld digits behind the point (18 with fees.decimals)",
                       (long long)(18 - fees->decimals));
    }
    if (fees->has_volume_30d && fees->tiers.count == 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &fees->source, "volume_30d",
                       S1_STR("a volume without tiers"), "tiers, or none");
    }
    check_tiers(l, fees);
}

void s1_config_check_balances(s1_loader *l, const s1_link *link)
{
    const s1_instrument_config *const instrument =
        link->streams.count > 0 ? link->streams.items[0].instrument : NULL;
    const s1_simulation_config *const simulation = &link->environment->simulation;
    for (uint32_t i = 0; instrument != NULL && i < simulation->initial_balances.count; i++) {
        const s1_balance_config *const item = &simulation->initial_balances.items[i];
        const bool is_base = s1_str_eq(item->currency, instrument->base);
        if (!is_base && (!s1_str_eq(item->currency, simulation->fees.currency) ||
                         s1_str_eq(item->currency, instrument->quote))) {
            s1_faults_addf(l->faults, S1_FAULT_DEPENDENCY, &item->source, "",
                           s1_config_format(l->arena, "'%.*s'", S1_STR_ARG(item->currency)),
                           "%.*s, the base currency of link %.*s, or fees.currency (%.*s is "
                           "initial_capital)",
                           S1_STR_ARG(instrument->base), S1_STR_ARG(link->id),
                           S1_STR_ARG(instrument->quote));
        } else if (is_base && s1_dec_raw(item->amount) % s1_dec_raw(s1_dec_from_mantissa(
                                                             1, (unsigned)instrument->qty_scale)) !=
                                  0) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &item->source, "",
                           S1_STR("more digits than quantities have"),
                           "at most %lld digits behind the point (qty_scale)",
                           (long long)instrument->qty_scale);
        }
    }
}

/* Constants, or a feed of the blueprint with its columns. */
static void check_carry(s1_loader *l, const s1_link *link, const s1_carry_config *carry,
                        bool has_rate, bool has_column)
{
    if (carry->feed.len == 0) {
        if (!carry->has_every || !has_rate || has_column) {
            s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &carry->source, "", none,
                           "every and a rate, or a feed and its columns");
        }
        return;
    }
    if (carry->has_every || has_rate || !has_column) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &carry->source, "feed",
                       S1_STR("a feed without columns, or with constants"),
                       "its columns, and neither every nor a rate");
        return;
    }
    const s1_blueprint *const run = link->blueprint;
    s1_str *const names = S1_CONFIG_ARRAY(l->arena, s1_str, run->feeds.count + 1u);
    for (uint32_t i = 0; i < run->feeds.count; i++) {
        names[i] = run->feeds.items[i].id;
        if (s1_str_eq(names[i], carry->feed)) {
            return;
        }
    }
    const s1_source at = s1_source_field(&carry->source, S1_STR("feed"));
    s1_config_report_missing(l, S1_FAULT_DEPENDENCY, &at, none, carry->feed,
                             "a feed of the blueprint", names, run->feeds.count);
}

void s1_config_check_margin(s1_loader *l, const s1_link *link)
{
    const s1_simulation_config *const sim = &link->environment->simulation;
    const s1_instrument_config *const instrument =
        link->streams.count > 0 ? link->streams.items[0].instrument : NULL;
    const struct s1_margin_config *const margin = instrument != NULL ? &instrument->margin : NULL;
    if (sim->has_funding) {
        check_carry(l, link, &sim->funding, sim->funding.has_rate, sim->funding.column.len > 0);
    }
    if (sim->has_borrow) {
        check_carry(l, link, &sim->borrow, sim->borrow.has_quote_rate || sim->borrow.has_base_rate,
                    sim->borrow.quote_column.len > 0 || sim->borrow.base_column.len > 0);
    }
    if (margin == NULL || !margin->has_maintenance) {
        return;
    }
    s1_dec product;
    if (!margin->enabled ||
        s1_dec_mul(margin->maintenance, margin->leverage, S1_ROUND_UP, &product, NULL) != S1_OK ||
        s1_dec_cmp(product, S1_DEC_ONE) >= 0) {
        s1_faults_addf(l->faults, S1_FAULT_SCHEMA, &margin->source, "maintenance",
                       margin->enabled ? S1_STR("no less than the initial margin")
                                       : S1_STR("maintenance without margin"),
                       margin->enabled ? "a fraction below 1 / leverage" : "margin.enabled: true");
    }
    if (sim->match_on > S1_MATCH_ON_BARS || sim->latency.feed > 0 || sim->latency.order > 0 ||
        sim->latency.response > 0 || sim->matching.has_volume_share) {
        s1_faults_addf(l->faults, S1_FAULT_DEPENDENCY, &margin->source, "maintenance",
                       S1_STR("it with latency, volume_share, or match_on that is not bars"),
                       "bars, all of their volume and no latency (liquidation is not in this "
                       "version elsewhere)");
    }
}

void s1_config_check_shared_balances(s1_loader *l, const s1_link *links, uint32_t count)
{
    for (uint32_t i = 0; i < count && count > 1; i++) {
        const s1_simulation_config *const simulation = &links[i].environment->simulation;
        if (simulation->initial_balances.count > 0) {
            s1_faults_addf(
                l->faults, S1_FAULT_DEPENDENCY, &simulation->initial_balances.items[0].source, "",
                s1_config_format(l->arena, "balances of link %.*s", S1_STR_ARG(links[i].id)),
                "none where several links run: their capital is summed in quote");
        }
    }
}
