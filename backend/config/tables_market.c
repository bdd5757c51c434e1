#include "backend/config/internal.h"
#include "backend/config/tables.h"
#include "backend/core/session.h"
#include "backend/dtos/market/fill_policy.h"
#include "backend/dtos/market/stream_key.h"

/* --- data_sources.yaml --- */

static const s1_enum_name fill_names[] = {
#define X(name, value, text) {text, value},
    S1_FILL_POLICY_MAP(X)
#undef X
        {NULL, 0}};

static bool is_archive_source(s1_str text)
{
    bool is_good = text.len > 0 && text.len <= S1_SOURCE_TEXT_MAX;
    for (size_t i = 0; i < text.len && is_good; i++) {
        const char c = text.ptr[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    return is_good;
}

static const s1_schema_field data_source_fields[] = {
    S1_FIELD(s1_data_source_config, data_source_id, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_data_source_config, type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_data_source_type_names,
             .doc = "parquet_archive: what `data import` writes; csv_archive: not in this version"),
    S1_FIELD(s1_data_source_config, path, S1_KIND_PATH,
             .flags = S1_FIELD_REQUIRED | S1_FIELD_NOT_EMPTY,
             .doc = "the archive; relative to the folder that holds the configuration folder"),
    S1_FIELD(s1_data_source_config, asset_pair, S1_KIND_STRING, .flags = S1_FIELD_REQUIRED,
             .accepts = s1_is_pair, .pattern_doc = S1_PAIR_DOC, .doc = "which pair of it"),
    S1_FIELD(s1_data_source_config, timeframe, S1_KIND_TIMEFRAME,
             .has_offset = offsetof(s1_data_source_config, has_timeframe),
             .default_doc = "required of bars", .doc = "which timeframe of it; trades have none"),
    S1_FIELD(s1_data_source_config, data_type, S1_KIND_ENUM, .names = s1_config_data_type_names,
             .default_text = "ohlcv",
             .doc = "bars, or trades to make bars of (resample: true); a strategy reads bars"),
    S1_FIELD(s1_data_source_config, archive_source, S1_KIND_STRING,
             .has_offset = offsetof(s1_data_source_config, has_archive_source),
             .accepts = is_archive_source, .pattern_doc = "1 to 31 of a-z 0-9 _ -",
             .default_doc = "the unnamed one",
             .doc = "which source of it: the SOURCE of `data import --source`, volume-10 of "
                    "`data resample --bars volume:10`"),
    S1_FIELD(s1_data_source_config, resample, S1_KIND_BOOL, .default_text = "false",
             .has_offset = offsetof(s1_data_source_config, has_resample),
             .doc = "true: bars of the pair that a strategy needs and no source of the environment "
                    "holds are made of this one while the run reads it, closed bars only; of "
                    "several the largest timeframe that divides the one needed, trades last"),
    S1_FIELD(s1_data_source_config, resample_offset, S1_KIND_DURATION, .default_text = "0s",
             .has_offset = offsetof(s1_data_source_config, has_resample_offset),
             .doc =
                 "such bars open at this and every multiple of their timeframe after 1970-01-01, "
                 "a Thursday (weeks that open on Mondays: 4d)"),
    S1_FIELD(s1_data_source_config, resample_drops_repeats, S1_KIND_BOOL, .default_text = "false",
             .has_offset = offsetof(s1_data_source_config, has_resample_drops_repeats),
             .doc = "of trades: one that is given twice, as at the edge of a page, does not count "
                    "(`data resample --drop-repeats`)"),
    S1_FIELD(s1_data_source_config, fill, S1_KIND_ENUM, .names = fill_names,
             .default_doc = "`none`",
             .doc = "what a run reads where no bar is stored while the market was open (the "
                    "instrument's session); previous_close: a bar at the close before, without "
                    "volume"),
    S1_FIELD_END};
static const s1_schema data_source_schema = {"data_source", "", data_source_fields,
                                             sizeof(s1_data_source_config), false};
static const s1_schema_field data_sources_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_data_sources_config),
    S1_FIELD(s1_data_sources_config, data_sources, S1_KIND_MAP, .flags = S1_FIELD_REST,
             .schema = &data_source_schema),
    S1_FIELD_END};
const s1_schema s1_data_sources_schema = {
    "data_sources", "The archives on disk, by data_source_id; environments name them.",
    data_sources_fields, sizeof(s1_data_sources_config), false};

/* --- instruments.yaml --- */

static const s1_schema_field fees_fields[] = {
    S1_FIELD(s1_fees_config, maker, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_fees_config, has_maker), .min = "0", .max = "1",
             .doc = "of a fill that gave liquidity, a fraction (0.001 is 0.1 percent)"),
    S1_FIELD(s1_fees_config, taker, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_fees_config, has_taker), .min = "0", .max = "1",
             .doc = "of a fill that took liquidity, a fraction"),
    S1_FIELD_END};
static const s1_schema fees_schema = {"fees", "", fees_fields, sizeof(s1_fees_config), false};

static const s1_schema_field fee_tier_fields[] = {
    S1_FIELD(s1_fee_tier_config, volume, S1_KIND_DECIMAL, .flags = S1_FIELD_REQUIRED, .min = "0",
             .doc = "traded in 30 days from which on it counts, in the quote currency"),
    S1_FIELD(s1_fee_tier_config, maker, S1_KIND_DECIMAL, .flags = S1_FIELD_REQUIRED, .min = "0",
             .max = "1", .doc = "instead of fees.maker"),
    S1_FIELD(s1_fee_tier_config, taker, S1_KIND_DECIMAL, .flags = S1_FIELD_REQUIRED, .min = "0",
             .max = "1", .doc = "instead of fees.taker"),
    S1_FIELD_END};
static const s1_schema fee_tier_schema = {"tiers", "", fee_tier_fields, sizeof(s1_fee_tier_config),
                                          false};

static const s1_schema_field simulated_fees_fields[] = {
    S1_FIELD(s1_fees_config, maker, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_fees_config, has_maker), .min = "0", .max = "1",
             .doc = "of a fill that gave liquidity, a fraction (0.001 is 0.1 percent)"),
    S1_FIELD(s1_fees_config, taker, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_fees_config, has_taker), .min = "0", .max = "1",
             .doc = "of a fill that took liquidity, a fraction"),
    S1_FIELD(s1_fees_config, currency, S1_KIND_STRING, .accepts = s1_is_currency,
             .pattern_doc = "quote, base, received or a currency", .default_doc = "`quote`",
             .doc = "what they are paid in: received is base of a buy and quote of a sell; a third "
                    "currency has a price and a balance (docs/money.md)"),
    S1_FIELD(s1_fees_config, price, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_fees_config, has_price), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .doc = "of one of the third currency, in quote"),
    S1_FIELD(s1_fees_config, decimals, S1_KIND_INT,
             .has_offset = offsetof(s1_fees_config, has_decimals), .min = "0", .max = "18",
             .default_doc = "`18`; `8` of a third currency",
             .doc = "digits behind the point that the fee of each fill is rounded to; in base at "
                    "most qty_scale"),
    S1_FIELD(s1_fees_config, rounding, S1_KIND_ENUM, .names = s1_fee_rounding_names,
             .default_doc = "`half_even`", .doc = "which way"),
    S1_FIELD(s1_fees_config, tiers, S1_KIND_LIST, .item_kind = S1_KIND_OBJECT,
             .schema = &fee_tier_schema,
             .doc =
                 "other rates from a volume on, by volume; of today (UTC) and the 29 days before"),
    S1_FIELD(s1_fees_config, volume_30d, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_fees_config, has_volume_30d), .min = "0",
             .default_doc = "`0`",
             .doc = "traded before the run; a thirtieth of it leaves each day"),
    S1_FIELD_END};
static const s1_schema simulated_fees_schema = {"fees", "", simulated_fees_fields,
                                                sizeof(s1_fees_config), false};

static const s1_schema_field balance_fields[] = {
    S1_FIELD(s1_balance_config, currency, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_currency, .pattern_doc = S1_CURRENCY_DOC),
    S1_FIELD(s1_balance_config, amount, S1_KIND_DECIMAL, .min = "0", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "of that currency"),
    S1_FIELD_END};
static const s1_schema balance_schema = {"initial_balances", "", balance_fields,
                                         sizeof(s1_balance_config), .is_inline = true};

static const s1_schema_field margin_fields[] = {
    S1_FIELD(struct s1_margin_config, enabled, S1_KIND_BOOL, .default_text = "false",
             .doc = "allows going short and, with leverage, orders beyond the cash"),
    S1_FIELD(struct s1_margin_config, leverage, S1_KIND_DECIMAL, .default_text = "1", .min = "1",
             .max = "100", .doc = "notional over the cash it holds (initial margin: 1 over it)"),
    S1_FIELD(struct s1_margin_config, maintenance, S1_KIND_DECIMAL,
             .has_offset = offsetof(struct s1_margin_config, has_maintenance), .min = "0",
             .max = "1", .flags = S1_FIELD_ABOVE_MIN, .default_doc = "nothing is liquidated",
             .doc = "fraction of the net position's worth below which the equity may not fall: all "
                    "is closed there (docs/money.md); below 1 / leverage"),
    S1_FIELD_END};
static const s1_schema margin_schema = {"margin", "", margin_fields,
                                        sizeof(struct s1_margin_config), false};

static bool is_hours(s1_str text)
{
    s1_session session = {0};
    return s1_session_add_named(&session, text, NULL) == S1_OK;
}

static bool is_closure(s1_str text)
{
    s1_session session = {0};
    return s1_session_add_closure(&session, text, NULL) == S1_OK;
}

static bool is_outage(s1_str text)
{
    s1_session session = {0};
    return s1_session_add_outage(&session, text, NULL) == S1_OK;
}

static const s1_schema_field session_fields[] = {
    S1_FIELD(s1_session_config, hours, S1_KIND_STRING, .accepts = is_hours,
             .pattern_doc = "hours: always, fx (closed from Friday 21:00 to Sunday 22:00 UTC) or "
                            "weekdays",
             .default_doc = "fx for pairs of currencies and metals, else always"),
    S1_FIELD(s1_session_config, closed, S1_KIND_LIST, .item_kind = S1_KIND_STRING,
             .accepts = is_closure,
             .pattern_doc = "a weekly time in UTC like 'Fri 21:00..Sun 22:00'",
             .doc = "closed every week as well"),
    S1_FIELD(s1_session_config, outages, S1_KIND_LIST, .item_kind = S1_KIND_STRING,
             .accepts = is_outage,
             .pattern_doc = "FROM..TO in UTC with TO later, like "
                            "'2018-02-08T00:00..2018-02-09T10:00'",
             .doc = "known outages and holidays; the end is outside"),
    S1_FIELD_END};
static const s1_schema session_schema = {"session", "", session_fields, sizeof(s1_session_config),
                                         false};

static const s1_schema_field instrument_fields[] = {
    S1_FIELD(s1_instrument_config, asset_pair, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_pair, .pattern_doc = S1_PAIR_DOC),
    S1_FIELD(s1_instrument_config, base, S1_KIND_STRING, .accepts = s1_is_currency,
             .pattern_doc = S1_CURRENCY_DOC, .default_doc = "left of the pair",
             .doc = "what is bought and sold"),
    S1_FIELD(s1_instrument_config, quote, S1_KIND_STRING, .accepts = s1_is_currency,
             .pattern_doc = S1_CURRENCY_DOC, .default_doc = "right of the pair",
             .doc = "what is paid with; capital, fees and results are in it"),
    S1_FIELD(s1_instrument_config, price_scale, S1_KIND_INT, .flags = S1_FIELD_REQUIRED, .min = "0",
             .max = "18", .doc = "digits behind the point that prices are stored with"),
    S1_FIELD(s1_instrument_config, qty_scale, S1_KIND_INT, .flags = S1_FIELD_REQUIRED, .min = "0",
             .max = "18",
             .doc = "digits behind the point that quantities are stored with; with price_scale at "
                    "most 18"),
    S1_FIELD(s1_instrument_config, tick_size, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_instrument_config, has_tick_size), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .default_doc = "one unit of price_scale",
             .doc = "prices of orders are multiples of it"),
    S1_FIELD(s1_instrument_config, lot_size, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_instrument_config, has_lot_size), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .default_doc = "one unit of qty_scale",
             .doc = "quantities of orders are multiples of it"),
    S1_FIELD(s1_instrument_config, min_quantity, S1_KIND_DECIMAL, .default_text = "0", .min = "0",
             .doc = "smallest order; 0: none"),
    S1_FIELD(s1_instrument_config, min_notional, S1_KIND_DECIMAL, .default_text = "0", .min = "0",
             .doc = "smallest order in the quote currency; 0: none"),
    S1_FIELD(s1_instrument_config, max_quantity, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_instrument_config, has_max_quantity), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .default_doc = "none", .doc = "largest order"),
    S1_FIELD(s1_instrument_config, max_notional, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_instrument_config, has_max_notional), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .default_doc = "none",
             .doc = "largest order in the quote currency"),
    S1_FIELD(s1_instrument_config, price_band_percent, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_instrument_config, has_price_band_percent), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .default_doc = "none",
             .doc = "how far from the last close limit and trigger of an entry may be"),
    S1_FIELD(s1_instrument_config, fees, S1_KIND_OBJECT, .schema = &fees_schema,
             .doc = "instead of the environment's"),
    S1_FIELD(s1_instrument_config, margin, S1_KIND_OBJECT, .schema = &margin_schema,
             .doc = "shorts and leverage"),
    S1_FIELD(s1_instrument_config, session, S1_KIND_OBJECT, .schema = &session_schema,
             .has_offset = offsetof(s1_instrument_config, has_session),
             .doc = "when the market is open, for what counts as a hole in its data; every bar "
                    "that is there trades"),
    S1_FIELD_END};
static const s1_schema instrument_schema = {"instrument", "", instrument_fields,
                                            sizeof(s1_instrument_config), false};
static const s1_schema_field instruments_fields[] = {S1_FIELD_SCHEMA_VERSION(s1_instruments_config),
                                                     S1_FIELD(s1_instruments_config, instruments,
                                                              S1_KIND_MAP, .flags = S1_FIELD_REST,
                                                              .schema = &instrument_schema),
                                                     S1_FIELD_END};
const s1_schema s1_instruments_schema = {"instruments",
                                         "What may be traded and by which rules, by pair.",
                                         instruments_fields, sizeof(s1_instruments_config), false};

/* --- environments.yaml --- */

#define KNOB(field_, names_, doc_)                                                                 \
    {.name = #field_,                                                                              \
     .kind = S1_KIND_ENUM,                                                                         \
     .offset = offsetof(struct s1_matching_config, knobs.field_),                                  \
     .names = (names_),                                                                            \
     .has_offset = offsetof(struct s1_matching_config, has_##field_),                              \
     .default_doc = "as fill_rule says",                                                           \
     .doc = (doc_)}
static const s1_schema_field matching_fields[] = {
    KNOB(market, s1_fill_timing_names, "when and at which price a market order fills"),
    KNOB(arrival, s1_arrival_names,
         "a limit or stop entry is looked at first in the next bar, or at the close it was "
         "decided on"),
    KNOB(path, s1_path_names,
         "the order in which a bar's prices came: not known (`ambiguity` decides), the worst or "
         "the best for the position, only the close counts, or a path through all four"),
    KNOB(limit_fill, s1_limit_fill_names, "a resting limit fills at a touch, or only beyond it"),
    KNOB(limit_price, s1_limit_price_names,
         "a limit gets a better price at the open of its first bar, of any bar, never, or where "
         "the whole bar is better its nearest end"),
    KNOB(stop_gap, s1_stop_gap_names,
         "a stop that the open has passed gets the open, its trigger, or its trigger where the "
         "bar comes back to it"),
    KNOB(entry_bar, s1_entry_bar_names,
         "exits that count in the bar of their entry: all after an entry at the open and the stop "
         "after one inside the bar, none, only after an entry at the open, all"),
    KNOB(zero_volume, s1_zero_volume_names, "a bar without volume matches as any, or nothing"),
    KNOB(slippage_on, s1_slippage_on_names, "slippage moves all market and stop fills, or entries"),
    KNOB(self_trade, s1_self_trade_names,
         "what happens to orders of the run that would meet each other at the venue"),
    S1_FIELD(struct s1_matching_config, volume_share, S1_KIND_DECIMAL,
             .has_offset = offsetof(struct s1_matching_config, has_volume_share), .min = "0",
             .max = "1", .default_doc = "no limit",
             .doc =
                 "the part of a bar's volume that the orders of a run take together at most; 0: no "
                 "limit"),
    S1_FIELD(
        struct s1_matching_config, touch_probability, S1_KIND_DECIMAL,
        .has_offset = offsetof(struct s1_matching_config, has_touch_probability), .min = "0",
        .max = "1", .flags = S1_FIELD_ABOVE_MIN, .default_doc = "1",
        .doc = "how likely a resting limit fills in a bar whose price only touches it (limit_fill: "
               "touch)"),
    S1_FIELD_END};
static const s1_schema matching_schema = {"matching", "", matching_fields,
                                          sizeof(struct s1_matching_config), false};

static const s1_schema_field slippage_fields[] = {
    S1_FIELD(struct s1_slippage_config, model, S1_KIND_ENUM, .names = s1_slippage_model_names,
             .default_text = "fraction",
             .doc = "how far the price moves, against the trader and to the next tick"),
    S1_FIELD(struct s1_slippage_config, fraction, S1_KIND_DECIMAL, .flags = S1_FIELD_BARE,
             .default_text = "0", .min = "0", .max = "1", .doc = "fraction: of the price"),
#define SLIPPAGE(field_, max_, doc_)                                                               \
    {.name = #field_,                                                                              \
     .kind = S1_KIND_DECIMAL,                                                                      \
     .offset = offsetof(struct s1_slippage_config, field_),                                        \
     .has_offset = offsetof(struct s1_slippage_config, has_##field_),                              \
     .min = "0",                                                                                   \
     .max = (max_),                                                                                \
     .doc = (doc_)}
    SLIPPAGE(amount, NULL, "fixed: in the quote currency"),
    SLIPPAGE(ticks, NULL, "ticks: how many"),
    SLIPPAGE(spread, NULL, "spread: in the quote currency; half of it is paid"),
    SLIPPAGE(impact, NULL, "volume_share: times the square of the share of the bar's volume"),
    SLIPPAGE(probability, "1", "chance: of one tick"),
    S1_FIELD_END};
static const s1_schema slippage_schema = {"slippage", "", slippage_fields,
                                          sizeof(struct s1_slippage_config), false};

static const s1_schema_field latency_fields[] = {
    S1_FIELD(struct s1_latency_config, feed, S1_KIND_DURATION, .default_text = "0s",
             .doc = "how old data is when the strategy has it"),
    S1_FIELD(struct s1_latency_config, order, S1_KIND_DURATION, .default_text = "0s",
             .doc = "the way of an order, a cancel or an amendment to the venue"),
    S1_FIELD(struct s1_latency_config, response, S1_KIND_DURATION, .default_text = "0s",
             .doc = "the way of a fill back: at most one bar of the first stream"),
    S1_FIELD_END};
static const s1_schema latency_schema = {"latency", "", latency_fields,
                                         sizeof(struct s1_latency_config), false};

#define CARRY_RATE(name_, has_, least_, doc_)                                                      \
    S1_FIELD(s1_carry_config, name_, S1_KIND_DECIMAL,                                              \
             .has_offset = offsetof(s1_carry_config, has_), .min = (least_), .max = "1",           \
             .doc = (doc_))
#define CARRY_EVERY                                                                                \
    S1_FIELD(s1_carry_config, every, S1_KIND_DURATION,                                             \
             .has_offset = offsetof(s1_carry_config, has_every), .min = "1m",                      \
             .default_doc = "the times of the feed's rows",                                        \
             .doc = "at every multiple of it after 1970-01-01")
#define CARRY_FEED                                                                                 \
    S1_FIELD(s1_carry_config, feed, S1_KIND_NAME,                                                  \
             .doc = "instead of constants: a feed of the blueprint; each row counts at its time")
#define CARRY_COLUMN(name_, doc_) S1_FIELD(s1_carry_config, name_, S1_KIND_STRING, .doc = (doc_))
static const s1_schema_field funding_fields[] = {
    CARRY_EVERY,
    CARRY_RATE(rate, has_rate, "-1", "of the position's worth; above zero longs pay shorts"),
    CARRY_FEED, CARRY_COLUMN(column, "of the feed: the rate"), S1_FIELD_END};
static const s1_schema funding_schema = {"funding", "", funding_fields, sizeof(s1_carry_config),
                                         false};
static const s1_schema_field borrow_fields[] = {
    CARRY_EVERY,
    CARRY_RATE(quote_rate, has_quote_rate, "0", "of cash below zero; longs pay by their cost"),
    CARRY_RATE(base_rate, has_base_rate, "0", "of what a short is worth"),
    CARRY_FEED,
    CARRY_COLUMN(quote_column, "of the feed: the rate on cash"),
    CARRY_COLUMN(base_column, "of the feed: the rate on shorts"),
    S1_FIELD_END};
static const s1_schema borrow_schema = {"borrow", "", borrow_fields, sizeof(s1_carry_config),
                                        false};
static const s1_schema_field book_fields[] = {
    S1_FIELD(
        struct s1_book_config, queue, S1_KIND_ENUM, .names = s1_queue_model_names,
        .default_text = "risk_averse",
        .doc = "how a resting order moves forward as what stands at its price is cancelled: not at "
               "all, or with a probability that follows from what is ahead and behind"),
    S1_FIELD(struct s1_book_config, queue_power, S1_KIND_DECIMAL,
             .has_offset = offsetof(struct s1_book_config, has_queue_power), .default_text = "3",
             .min = "0", .max = "20", .flags = S1_FIELD_ABOVE_MIN,
             .doc = "the n of prob_power: behind^n / (behind^n + ahead^n)"),
    S1_FIELD(
        struct s1_book_config, liquidity, S1_KIND_ENUM, .names = s1_book_liquidity_names,
        .default_text = "consumed",
        .doc =
            "what own orders take is gone until the exchange tells of its price again, or is there "
            "again at once"),
    S1_FIELD_END};
static const s1_schema book_schema = {"book", "", book_fields, sizeof(struct s1_book_config),
                                      false};

static const s1_schema_field simulation_fields[] = {
    S1_FIELD(s1_simulation_config, initial_capital, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_simulation_config, has_initial_capital), .min = "0",
             .flags = S1_FIELD_ABOVE_MIN, .default_doc = "platform: portfolio.defaults",
             .doc = "in the quote currency"),
    S1_FIELD(s1_simulation_config, initial_balances, S1_KIND_MAP, .schema = &balance_schema,
             .doc = "by currency, beside initial_capital: base currency held at the start, worth "
                    "the first open; the currency of fees"),
    S1_FIELD(s1_simulation_config, cost_basis, S1_KIND_ENUM, .names = s1_cost_basis_names,
             .default_doc = "`average`",
             .doc = "what a part of a position cost that is closed: its share, or what was bought "
                    "first (docs/money.md)"),
    S1_FIELD(s1_simulation_config, fees, S1_KIND_OBJECT, .schema = &simulated_fees_schema,
             .default_doc = "platform: portfolio.defaults.fee_rate",
             .doc = "fractions of the notional"),
    S1_FIELD(s1_simulation_config, slippage, S1_KIND_OBJECT, .schema = &slippage_schema,
             .default_doc = "`0`",
             .doc = "against the trader on market and stop fills: a number is a fraction of the "
                    "price, a map has another model (docs/matching.md)"),
    S1_FIELD(s1_simulation_config, fill_rule, S1_KIND_ENUM, .names = s1_fill_rule_names,
             .default_text = "next_open",
             .doc = "the rules orders match by: our own, market orders at the next open or at the "
                    "close they were decided on, or those of another simulator (docs/matching.md)"),
    S1_FIELD(s1_simulation_config, match_on, S1_KIND_ENUM, .names = s1_match_on_names,
             .default_text = "bars",
             .doc =
                 "what orders are matched against: the bars of the strategy's first stream; every "
                 "trade that those bars are made of, which its data source must hold (data_type: "
                 "trades, resample: true); or the order book beside those trades, in the same "
                 "archive"),
    S1_FIELD(s1_simulation_config, book, S1_KIND_OBJECT, .schema = &book_schema,
             .has_offset = offsetof(s1_simulation_config, has_book),
             .doc = "match_on: book alone: queues and liquidity (docs/matching.md)"),
    S1_FIELD(s1_simulation_config, matching, S1_KIND_OBJECT, .schema = &matching_schema,
             .has_offset = offsetof(s1_simulation_config, has_matching),
             .doc = "single rules, instead of what fill_rule says"),
    S1_FIELD(s1_simulation_config, latency, S1_KIND_OBJECT, .schema = &latency_schema,
             .doc = "how long data, orders and answers are on their way (docs/matching.md)"),
    S1_FIELD(s1_simulation_config, ambiguity, S1_KIND_ENUM, .names = s1_ambiguity_names,
             .default_text = "stop_first",
             .doc = "what counts when stop and target lie in the same bar and its path is unknown"),
    S1_FIELD(s1_simulation_config, funding, S1_KIND_OBJECT, .schema = &funding_schema,
             .has_offset = offsetof(s1_simulation_config, has_funding),
             .doc = "what open positions pay, as in perpetual futures"),
    S1_FIELD(s1_simulation_config, borrow, S1_KIND_OBJECT, .schema = &borrow_schema,
             .has_offset = offsetof(s1_simulation_config, has_borrow),
             .doc = "interest on what a position has borrowed"),
    S1_FIELD(s1_simulation_config, from, S1_KIND_TIMESTAMP,
             .has_offset = offsetof(s1_simulation_config, has_from), .default_doc = "the first bar",
             .doc = "first moment of the run; bars before it warm the strategy up"),
    S1_FIELD(s1_simulation_config, to, S1_KIND_TIMESTAMP,
             .has_offset = offsetof(s1_simulation_config, has_to), .default_doc = "the last bar",
             .doc = "end of the run, itself outside"),
    S1_FIELD(s1_simulation_config, warmup_bars, S1_KIND_INT,
             .has_offset = offsetof(s1_simulation_config, has_warmup_bars), .min = "1",
             .max = "1000000", .default_doc = "what the workers' manifests add up to",
             .doc = "bars of the primary stream a run has before from at least, as far as the "
                    "archive holds them: what `warmup` finds (docs/bias.md)"),
    S1_FIELD_END};
static const s1_schema simulation_schema = {"simulation", "", simulation_fields,
                                            sizeof(s1_simulation_config), false};

static const s1_schema_field statistics_fields[] = {
    S1_FIELD(s1_statistics_config, risk_free_rate, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_statistics_config, has_risk_free_rate), .min = "-0.5",
             .max = "1", .default_doc = "0",
             .doc = "a year, as a fraction: taken off the returns of what is \"above rf\""),
    S1_FIELD(s1_statistics_config, periods_per_year, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_statistics_config, has_periods_per_year), .min = "0",
             .max = "1000000", .flags = S1_FIELD_ABOVE_MIN,
             .default_doc = "365 where the market trades on Saturdays, else 252",
             .doc = "what the figures of returns are annualised with"),
    S1_FIELD(s1_statistics_config, benchmark, S1_KIND_NAME, .accepts = s1_is_stream,
             .pattern_doc = S1_STREAM_DOC, .default_doc = "the primary stream",
             .doc = "what was bought and held instead: a stream of the blueprint"),
    S1_FIELD(s1_statistics_config, trials, S1_KIND_INT,
             .has_offset = offsetof(s1_statistics_config, has_trials), .min = "1",
             .max = "1000000000", .default_doc = "1",
             .doc = "runs that were made to find this one, for `deflated_sharpe`"),
    S1_FIELD(s1_statistics_config, trials_variance, S1_KIND_DECIMAL,
             .has_offset = offsetof(s1_statistics_config, has_trials_variance), .min = "0",
             .max = "1000000", .flags = S1_FIELD_ABOVE_MIN, .default_doc = "1 / (n - 1)",
             .doc = "of the Sharpe ratios of those runs, not annualised"),
    S1_FIELD_END};
static const s1_schema statistics_schema = {"statistics", "", statistics_fields,
                                            sizeof(s1_statistics_config), false};

static const s1_schema_field environment_fields[] = {
    S1_FIELD(s1_environment_config, environment_id, S1_KIND_STRING, .flags = S1_FIELD_KEY,
             .accepts = s1_is_id, .pattern_doc = S1_ID_DOC),
    S1_FIELD(s1_environment_config, type, S1_KIND_ENUM, .flags = S1_FIELD_REQUIRED,
             .names = s1_environment_type_names,
             .doc = "paper and live are checked, but no strategy can run there in this version"),
    S1_FIELD(s1_environment_config, data_source_id, S1_KIND_NAME,
             .doc = "backtest: its one data source; or `data_archives`"),
    S1_FIELD(s1_environment_config, data_archives, S1_KIND_LIST, .item_kind = S1_KIND_NAME,
             .doc = "backtest: its data sources"),
    S1_FIELD(s1_environment_config, connector_id, S1_KIND_NAME,
             .doc = "paper, live: its one connector"),
    S1_FIELD(s1_environment_config, simulation, S1_KIND_OBJECT, .schema = &simulation_schema,
             .has_offset = offsetof(s1_environment_config, has_simulation),
             .doc = "capital, costs and fills of a backtest or paper environment"),
    S1_FIELD(s1_environment_config, statistics, S1_KIND_OBJECT, .schema = &statistics_schema,
             .has_offset = offsetof(s1_environment_config, has_statistics),
             .doc = "what the figures of a run are made with (docs/statistics.md)"),
    S1_FIELD_END};
static const s1_schema environment_schema = {"environment", "", environment_fields,
                                             sizeof(s1_environment_config), false};
static const s1_schema_field environments_fields[] = {
    S1_FIELD_SCHEMA_VERSION(s1_environments_config),
    S1_FIELD(s1_environments_config, environments, S1_KIND_MAP, .flags = S1_FIELD_REST,
             .schema = &environment_schema),
    S1_FIELD_END};
const s1_schema s1_environments_schema = {
    "environments", "The worlds a strategy can run in, by environment id.", environments_fields,
    sizeof(s1_environments_config), false};
