/* Orders against trades as a decision table: one order (or bracket), a few trades, what was heard.
 * Every row of the table in docs/matching.md has a case here. */
#include "backend/environments/matching/matching_line.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX  16
#define TRADES_MAX 8
#define SECOND     S1_NANOS_PER_SECOND

typedef struct ear {
    char lines[LINES_MAX][96];
    int count;
    s1_matching_engine *engine;
    const char *stop, *target; /* sent when the entry fills */
} ear;

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    if (s1_dec_parse((s1_str){text, strlen(text)}, &value, &err) != S1_OK) {
        fail_msg("%s: %s", text, err.msg);
    }
    return value;
}

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self, (void)order, (void)fill, (void)err;
    return S1_OK;
}

static s1_rc protect(ear *heard, const s1_order *entry, int32_t role, const char *price,
                     s1_err *err)
{
    const s1_order *const working = s1_matching_find(heard->engine, entry->trade_id, role);
    if (price == NULL) {
        return S1_OK;
    }
    if (working != NULL) {
        return s1_matching_modify(heard->engine, working->order_id, dec(price), entry->filled, err);
    }
    const s1_bar last = {0};
    const s1_order order = {.order_id = {{{(uint8_t)(10 + role)}}},
                            .trade_id = entry->trade_id,
                            .side = entry->side == S1_BUY ? S1_SELL : S1_BUY,
                            .type = role == S1_ROLE_STOP_LOSS ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                            .role = role,
                            .time_in_force = S1_TIF_GTC,
                            .quantity = entry->filled,
                            .price = dec(price)};
    return s1_matching_submit(heard->engine, &order, &last, err);
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(fill->price, price);
    char *const line = heard->lines[heard->count++];
    int length = snprintf(line, sizeof heard->lines[0], "%s %s %s%s @%.1f",
                          s1_order_role_name(order->role), price, s1_fill_rule_name(fill->rule),
                          fill->is_maker ? " maker" : "", (double)fill->time / SECOND);
    if (!s1_dec_eq(fill->quantity, order->quantity)) {
        char part[S1_DEC_TEXT_MAX];
        (void)s1_dec_print(fill->quantity, part);
        (void)snprintf(line + length, sizeof heard->lines[0] - (size_t)length, " of %s", part);
    }
    if (order->role == S1_ROLE_ENTRY) {
        S1_TRY(err, protect(heard, order, S1_ROLE_STOP_LOSS, heard->stop, err));
        return protect(heard, order, S1_ROLE_TAKE_PROFIT, heard->target, err);
    }
    for (int32_t role = S1_ROLE_ENTRY; role <= S1_ROLE_TAKE_PROFIT; role++) {
        const s1_order *const rival = s1_matching_find(heard->engine, order->trade_id, role);
        if (rival != NULL) {
            S1_TRY(err, s1_matching_cancel(heard->engine, rival->order_id, S1_STR("CLOSED"),
                                           fill->time, err));
        }
    }
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    (void)err;
    if (order->state != S1_ORDER_ACCEPTED) {
        (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s%s%.*s @%.1f",
                       s1_order_role_name(order->role), s1_order_state_name(order->state),
                       reason.len > 0 ? " " : "", S1_STR_ARG(reason), (double)time / SECOND);
    }
    return S1_OK;
}

static s1_rc on_amended(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err)
{
    (void)reason;
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX];
    (void)err;
    (void)s1_dec_print(order->price, price);
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s AMENDED %s @%.1f",
                   s1_order_role_name(order->role), price, (double)time / SECOND);
    return S1_OK;
}

/* What was heard, in one line. */
static char *join(const ear *heard, char text[static LINES_MAX * 96])
{
    text[0] = '\0';
    for (int i = 0; i < heard->count; i++) {
        (void)strcat(strcat(text, i > 0 ? "; " : ""), heard->lines[i]);
    }
    return text;
}

static s1_rc on_trailed(void *self, const s1_order *order, s1_dec from, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    char old[S1_DEC_TEXT_MAX], now[S1_DEC_TEXT_MAX];
    (void)err;
    (void)s1_dec_print(from, old);
    (void)s1_dec_print(order->price, now);
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0],
                   "%s TRAILED %s to %s @%.1f", s1_order_role_name(order->role), old, now,
                   (double)time / SECOND);
    return S1_OK;
}

static const s1_instrument instrument = {
    .size = sizeof instrument, .price_scale = 1, .qty_scale = 0};

/* A price in tenths and a quantity, a second after the one before. */
typedef struct tick {
    int64_t price, quantity;
} tick;

typedef struct example {
    const char *name;
    int32_t side, type;
    const char *price, *limit;
    int32_t tif; /* 0: GTC */
    uint32_t post_only;
    const char *display;
    int64_t expires_at; /* tenths of a second */
    const char *stop, *target;
    const char *trail;
    const char *slippage, *share, *luck;
    s1_fill_rules rules; /* over next_open */
    int32_t preset;
    tick ticks[TRADES_MAX];
    const char *expected;
} example;

#define T(...) {__VA_ARGS__}
#define BUY    .side = S1_BUY
#define SELL   .side = S1_SELL

/* The close that the order was decided on was 100. */
static const example examples[] = {
    /* market */
    {"a market order takes the first trade", BUY, .type = S1_ORDER_MARKET,
     .ticks = T({1005, 1}, {1010, 1}), .expected = "entry 100.5 TRADE @1.0"},
    {"and slips against the trader", SELL, .type = S1_ORDER_MARKET, .slippage = "0.0011",
     .ticks = T({1005, 1}), .expected = "entry 100.3 TRADE @1.0"},
    {"or takes the last trade of its decision", BUY, .type = S1_ORDER_MARKET,
     .preset = S1_PRESET_SAME_CLOSE, .ticks = T({1005, 1}), .expected = "entry 100 CLOSE @0.0"},
    /* limit */
    {"a limit that its first trade reaches takes that price", BUY, .type = S1_ORDER_LIMIT,
     .price = "101", .ticks = T({1005, 1}), .expected = "entry 100.5 TRADE_MARKETABLE @1.0"},
    {"a sell limit too", SELL, .type = S1_ORDER_LIMIT, .price = "99", .ticks = T({1005, 1}),
     .expected = "entry 100.5 TRADE_MARKETABLE @1.0"},
    {"slips to its limit at most", BUY, .type = S1_ORDER_LIMIT, .price = "101", .slippage = "0.02",
     .ticks = T({1005, 1}), .expected = "entry 101 TRADE_MARKETABLE @1.0"},
    {"or never gets better than its limit", BUY, .type = S1_ORDER_LIMIT, .price = "101",
     .rules = {.limit_price = S1_LIMIT_PRICE_LIMIT}, .ticks = T({1005, 1}),
     .expected = "entry 101 TRADE_THROUGH maker @1.0"},
    {"a resting limit fills at a touch", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .ticks = T({1000, 1}, {995, 1}, {990, 1}, {980, 1}),
     .expected = "entry 99 TRADE_TOUCH maker @3.0"},
    {"at its limit when a trade goes through", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .ticks = T({1000, 1}, {980, 1}), .expected = "entry 99 TRADE_THROUGH maker @2.0"},
    {"a touch is not enough under through", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .rules = {.limit_fill = S1_LIMIT_FILL_THROUGH},
     .ticks = T({1000, 1}, {990, 1}, {990, 1}, {989, 1}),
     .expected = "entry 99 TRADE_THROUGH maker @4.0"},
    {"a sell limit waits above", SELL, .type = S1_ORDER_LIMIT, .price = "101",
     .ticks = T({1000, 1}, {1009, 1}, {1011, 1}), .expected = "entry 101 TRADE_THROUGH maker @3.0"},
    {"one that is not reached goes on", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .ticks = T({1000, 1}, {991, 1}), .expected = ""},
    {"post-only may not take", BUY, .type = S1_ORDER_LIMIT, .price = "101", .post_only = 1,
     .ticks = T({1010, 1}), .expected = "entry REJECTED POST_ONLY_WOULD_TAKE @1.0"},
    {"post-only rests and fills", BUY, .type = S1_ORDER_LIMIT, .price = "99", .post_only = 1,
     .ticks = T({1000, 1}, {990, 1}), .expected = "entry 99 TRADE_TOUCH maker @2.0"},
    {"IOC takes", BUY, .type = S1_ORDER_LIMIT, .price = "101", .tif = S1_TIF_IOC,
     .ticks = T({1010, 1}), .expected = "entry 101 TRADE_MARKETABLE @1.0"},
    {"IOC takes at the trade under limit_price: limit", BUY, .type = S1_ORDER_LIMIT, .price = "101",
     .tif = S1_TIF_IOC, .rules = {.limit_price = S1_LIMIT_PRICE_LIMIT}, .ticks = T({1005, 1}),
     .expected = "entry 100.5 TRADE_MARKETABLE @1.0"},
    {"IOC or ends", BUY, .type = S1_ORDER_LIMIT, .price = "99", .tif = S1_TIF_IOC,
     .ticks = T({1000, 1}, {980, 1}), .expected = "entry EXPIRED NOT_MARKETABLE @1.0"},
    {"FOK or ends", SELL, .type = S1_ORDER_LIMIT, .price = "101", .tif = S1_TIF_FOK,
     .ticks = T({1000, 1}, {1020, 1}), .expected = "entry EXPIRED NOT_MARKETABLE @1.0"},
    /* triggers */
    {"a stop takes the trade that reaches it", BUY, .type = S1_ORDER_STOP, .price = "101",
     .ticks = T({1000, 1}, {1009, 1}, {1013, 1}), .expected = "entry 101.3 TRADE_STOP @3.0"},
    {"the first one too", SELL, .type = S1_ORDER_STOP, .price = "101", .ticks = T({1005, 1}),
     .expected = "entry 100.5 TRADE_STOP @1.0"},
    {"at its trigger", SELL, .type = S1_ORDER_STOP, .price = "99", .slippage = "0.001",
     .ticks = T({1000, 1}, {990, 1}), .expected = "entry 98.9 TRADE_STOP @2.0"},
    {"market-if-touched takes the trade that reaches it", BUY, .type = S1_ORDER_MARKET_IF_TOUCHED,
     .price = "99", .ticks = T({1000, 1}, {988, 1}), .expected = "entry 98.8 TRADE_TRIGGER @2.0"},
    {"stop-limit takes within its limit", BUY, .type = S1_ORDER_STOP_LIMIT, .price = "101",
     .limit = "102", .ticks = T({1000, 1}, {1015, 1}),
     .expected = "entry TRIGGERED @2.0; entry 101.5 TRADE_STOP @2.0"},
    {"stop-limit rests beyond it", BUY, .type = S1_ORDER_STOP_LIMIT, .price = "101", .limit = "102",
     .ticks = T({1000, 1}, {1025, 1}, {1021, 1}, {1018, 1}),
     .expected = "entry TRIGGERED @2.0; entry 102 TRADE_THROUGH maker @4.0"},
    {"limit-if-touched rests below the trade that triggers it", BUY,
     .type = S1_ORDER_LIMIT_IF_TOUCHED, .price = "99", .limit = "98",
     .ticks = T({1000, 1}, {989, 1}, {980, 1}),
     .expected = "entry TRIGGERED @2.0; entry 98 TRADE_TOUCH maker @3.0"},
    {"limit-if-touched takes where its limit is reached", BUY, .type = S1_ORDER_LIMIT_IF_TOUCHED,
     .price = "99", .limit = "99.5", .ticks = T({1000, 1}, {985, 1}),
     .expected = "entry TRIGGERED @2.0; entry 98.5 TRADE_TRIGGER @2.0"},
    {"and post-only is refused there", BUY, .type = S1_ORDER_LIMIT_IF_TOUCHED, .price = "99",
     .limit = "99.5", .post_only = 1, .ticks = T({1000, 1}, {985, 1}),
     .expected = "entry TRIGGERED @2.0; entry REJECTED POST_ONLY_WOULD_TAKE @2.0"},
    {"an immediate one ends there", BUY, .type = S1_ORDER_STOP_LIMIT, .price = "101",
     .limit = "102", .tif = S1_TIF_IOC, .ticks = T({1000, 1}, {1025, 1}, {1018, 1}),
     .expected = "entry TRIGGERED @2.0; entry EXPIRED NOT_MARKETABLE @2.0"},
    {"a trailing stop is looked at before the trade moves it", SELL, .type = S1_ORDER_STOP,
     .price = "99", .trail = "1", .ticks = T({1000, 1}, {1010, 1}, {1005, 1}, {999, 1}),
     .expected = "entry TRAILED 99 to 100 @4.0; entry 99.9 TRADE_STOP @4.0"},
    {"and what moved is told at the close", BUY, .type = S1_ORDER_STOP, .price = "101.5",
     .trail = "1", .ticks = T({1000, 1}, {985, 1}, {990, 1}),
     .expected = "entry TRAILED 101.5 to 99.5 @60.0"},
    /* the end of an order */
    {"an order ends before a trade of its end", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .expires_at = 20, .ticks = T({1000, 1}, {980, 1}), .expected = "entry EXPIRED TIME_UP @2.0"},
    {"a nanosecond later it is filled", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .expires_at = 21, .ticks = T({1000, 1}, {980, 1}),
     .expected = "entry 99 TRADE_THROUGH maker @2.0"},
    {"between trades it ends at its end", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .expires_at = 25, .ticks = T({1000, 1}, {1001, 1}, {980, 1}),
     .expected = "entry EXPIRED TIME_UP @2.5"},
    {"and after the last trade of a bar too", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .expires_at = 585, .ticks = T({1000, 1}), .expected = "entry EXPIRED TIME_UP @58.5"},
    {"a market order whose time was up before a trade", BUY, .type = S1_ORDER_MARKET,
     .expires_at = 5, .ticks = T({1000, 1}), .expected = "entry EXPIRED TIME_UP @0.5"},
    /* iceberg: three of ten show */
    {"an iceberg at its limit fills what shows", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .display = "3", .ticks = T({1000, 9}, {990, 9}, {995, 9}, {990, 9}),
     .expected = "entry 99 TRADE_TOUCH maker @2.0 of 3; entry 99 TRADE_TOUCH maker @4.0 of 3"},
    {"and no more than was traded", BUY, .type = S1_ORDER_LIMIT, .price = "99", .display = "3",
     .ticks = T({1000, 9}, {990, 2}, {990, 0}, {990, 1}),
     .expected = "entry 99 TRADE_TOUCH maker @2.0 of 2; entry 99 TRADE_TOUCH maker @4.0 of 1"},
    {"a trade through it fills all that is left", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .display = "3", .ticks = T({1000, 9}, {990, 9}, {989, 1}),
     .expected = "entry 99 TRADE_TOUCH maker @2.0 of 3; entry 99 TRADE_THROUGH maker @3.0 of 7"},
    {"its first trade may take it whole", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .display = "3", .ticks = T({985, 1}), .expected = "entry 98.5 TRADE_MARKETABLE @1.0"},
    /* volume_share: half of each trade */
    {"a market order takes its share of every trade", BUY, .type = S1_ORDER_MARKET, .share = "0.5",
     .ticks = T({1000, 8}, {1001, 1}, {1002, 9}, {1003, 90}),
     .expected = "entry 100 TRADE @1.0 of 4; entry 100.2 TRADE @3.0 of 4; entry 100.3 TRADE @4.0 "
                 "of 2"},
    {"a stop that is reached is at market, whatever was traded", BUY, .type = S1_ORDER_STOP,
     .price = "101", .share = "0.5", .ticks = T({1000, 8}, {1011, 1}, {1002, 90}),
     .expected = "entry 100.2 TRADE @3.0"},
    {"a limit that took what it could rests", BUY, .type = S1_ORDER_LIMIT, .price = "101",
     .share = "0.5", .ticks = T({1005, 8}, {1011, 90}, {1010, 90}),
     .expected = "entry 100.5 TRADE_MARKETABLE @1.0 of 4; entry 101 TRADE_TOUCH maker @3.0 of 6"},
    {"IOC takes what there is", BUY, .type = S1_ORDER_LIMIT, .price = "101", .tif = S1_TIF_IOC,
     .share = "0.5", .ticks = T({1005, 8}, {1005, 90}),
     .expected = "entry 100.5 TRADE_MARKETABLE @1.0 of 4; entry EXPIRED NO_VOLUME @1.0"},
    {"FOK takes all or nothing", BUY, .type = S1_ORDER_LIMIT, .price = "101", .tif = S1_TIF_FOK,
     .share = "0.5", .ticks = T({1005, 8}, {1005, 90}), .expected = "entry EXPIRED NO_VOLUME @1.0"},
    {"at the close it is a share of the bar's volume", BUY, .type = S1_ORDER_MARKET,
     .preset = S1_PRESET_SAME_CLOSE, .share = "0.5", .ticks = T({1005, 90}),
     .expected = "entry 100 CLOSE @0.0 of 4; entry 100.5 TRADE @1.0 of 6"},
    {"a touch of little luck is none, however many there are", BUY, .type = S1_ORDER_LIMIT,
     .price = "99", .luck = "0.000000001", .ticks = T({1000, 1}, {990, 1}, {990, 1}, {989, 1}),
     .expected = "entry 99 TRADE_THROUGH maker @4.0"},
    /* brackets */
    {"a stop counts from the trade after the entry", BUY, .type = S1_ORDER_MARKET, .stop = "99",
     .target = "102", .ticks = T({985, 1}, {1000, 1}, {988, 1}, {1030, 1}),
     .expected = "entry 98.5 TRADE @1.0; stop_loss 98.8 TRADE_STOP @3.0; take_profit CANCELED "
                 "CLOSED @3.0"},
    {"so does a target, which its first trade may give more than its limit", BUY,
     .type = S1_ORDER_MARKET, .stop = "99", .target = "102", .ticks = T({1030, 1}, {1025, 1}),
     .expected = "entry 103 TRADE @1.0; take_profit 102.5 TRADE_MARKETABLE @2.0; stop_loss "
                 "CANCELED CLOSED @2.0"},
    {"target before stop, by the order of the trades", BUY, .type = S1_ORDER_MARKET, .stop = "99",
     .target = "102", .ticks = T({1000, 1}, {1010, 1}, {1021, 1}, {980, 1}),
     .expected = "entry 100 TRADE @1.0; take_profit 102 TRADE_THROUGH maker @3.0; stop_loss "
                 "CANCELED CLOSED @3.0"},
    {"stop before target, by the order of the trades", SELL, .type = S1_ORDER_MARKET, .stop = "101",
     .target = "98", .ticks = T({1000, 1}, {1000, 1}, {1011, 1}, {970, 1}),
     .expected = "entry 100 TRADE @1.0; stop_loss 101.1 TRADE_STOP @3.0; take_profit CANCELED "
                 "CLOSED @3.0"},
    {"at one trade the exit goes before the entry's rest", BUY, .type = S1_ORDER_LIMIT,
     .price = "99", .display = "3", .stop = "98", .ticks = T({1000, 9}, {990, 9}, {975, 9}),
     .expected = "entry 99 TRADE_TOUCH maker @2.0 of 3; stop_loss 97.5 TRADE_STOP @3.0; entry "
                 "CANCELED CLOSED @3.0"},
    /* the arrival at the close */
    {"a limit that the close reaches takes there", BUY, .type = S1_ORDER_LIMIT, .price = "101",
     .preset = S1_PRESET_NAUTILUS, .ticks = T({1000, 1}), .expected = "entry 100 CLOSE @0.0"},
    {"one that it does not reach rests from there on", BUY, .type = S1_ORDER_LIMIT, .price = "99",
     .preset = S1_PRESET_NAUTILUS, .ticks = T({985, 1}),
     .expected = "entry 99 TRADE_THROUGH maker @1.0"},
};

static void check(const example *e, size_t pieces)
{
    s1_err err = S1_ERR_INIT;
    ear heard = {.stop = e->stop, .target = e->target};
    s1_instrument ticked = instrument;
    ticked.tick_size = dec("0.1");
    const s1_fill_costs costs = {.model = S1_SLIPPAGE_FRACTION,
                                 .value = dec(e->slippage != NULL ? e->slippage : "0"),
                                 .volume_share = dec(e->share != NULL ? e->share : "0"),
                                 .touch_luck = dec(e->luck != NULL ? e->luck : "0")};
    const s1_matching_options options = {
        .instrument = &ticked,
        .costs = costs,
        .rules = s1_fill_rules_of(e->preset != 0 ? e->preset : S1_PRESET_NEXT_OPEN, &e->rules),
        .ambiguity = S1_AMBIGUITY_STOP_FIRST,
        .orders_max = 4};
    const s1_order_listener listener = {.self = &heard,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_trailed = on_trailed};
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_bar last = {.open = 1000, .high = 1000, .low = 1000, .close = 1000, .volume = 8};
    const s1_order order = {.order_id = {{{1}}},
                            .trade_id = {{{7}}},
                            .side = e->side,
                            .type = e->type,
                            .role = S1_ROLE_ENTRY,
                            .time_in_force = e->tif != 0 ? e->tif : S1_TIF_GTC,
                            .post_only = e->post_only,
                            .quantity = dec("10"),
                            .price = dec(e->price != NULL ? e->price : "0"),
                            .limit = dec(e->limit != NULL ? e->limit : "0"),
                            .trail_amount = dec(e->trail != NULL ? e->trail : "0"),
                            .display = dec(e->display != NULL ? e->display : "0"),
                            .expires_at = e->expires_at * (SECOND / 10)};
    assert_int_equal(s1_matching_submit(heard.engine, &order, &last, &err), S1_OK);
    int64_t times[TRADES_MAX], prices[TRADES_MAX], quantities[TRADES_MAX];
    size_t count = 0;
    for (; count < TRADES_MAX && e->ticks[count].price != 0; count++) {
        times[count] = (s1_nanos)(count + 1) * SECOND;
        prices[count] = e->ticks[count].price;
        quantities[count] = e->ticks[count].quantity;
    }
    const size_t cut = pieces == 0 ? 0 : pieces - 1 < count ? pieces - 1 : count;
    const s1_trade_batch batches[] = {
        {.count = cut, .time = times, .price = prices, .quantity = quantities},
        {.count = count - cut,
         .time = times + cut,
         .price = prices + cut,
         .quantity = quantities + cut}};
    const s1_trade_flow flow = {
        .pieces = batches, .piece_count = 2, .price_scale = 1, .qty_scale = 0};
    const s1_bar bar = {.close_time = 60 * SECOND};
    assert_int_equal(s1_matching_trades(heard.engine, &bar, &flow, &err), S1_OK);
    char found[LINES_MAX * 96];
    (void)join(&heard, found);
    if (strcmp(found, e->expected) != 0) {
        fail_msg("%s:\n  found    %s\n  expected %s", e->name, found, e->expected);
    }
    s1_matching_free(heard.engine);
}

/* However the trades of the bar are cut in pieces. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        for (size_t cut = 1; cut <= TRADES_MAX; cut++) {
            check(&examples[i], cut);
        }
    }
}

/* Trades with other decimals than the instrument's prices and lots. */
static void test_scales(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    ear heard = {0};
    const s1_matching_options options = {.instrument = &instrument,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
                                         .orders_max = 4};
    const s1_order_listener listener = {.self = &heard,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_trailed = on_trailed};
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_bar last = {0};
    const struct {
        int32_t side;
        const char *price;
    } orders[] = {{S1_BUY, "98.5"}, {S1_SELL, "101.5"}, {S1_BUY, "98.4"}};
    for (uint8_t i = 0; i < 3; i++) {
        const s1_order order = {.order_id = {{{i}}},
                                .trade_id = {{{i}}},
                                .side = orders[i].side,
                                .type = S1_ORDER_LIMIT,
                                .role = S1_ROLE_ENTRY,
                                .time_in_force = S1_TIF_GTC,
                                .quantity = dec("1"),
                                .price = dec(orders[i].price)};
        assert_int_equal(s1_matching_submit(heard.engine, &order, &last, &err), S1_OK);
    }
    /* Whole units: 99 is above 98.5, 98 below both, 101 below 101.5, 102 above. */
    const int64_t times[] = {SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND, 5 * SECOND};
    const int64_t prices[] = {100, 99, 101, 102, 98};
    const int64_t quantities[] = {5, 5, 5, 5, 5};
    const s1_trade_batch piece = {
        .count = 5, .time = times, .price = prices, .quantity = quantities};
    const s1_trade_flow flow = {.pieces = &piece, .piece_count = 1, .qty_scale = 1};
    const s1_bar bar = {.close_time = 60 * SECOND};
    assert_int_equal(s1_matching_trades(heard.engine, &bar, &flow, &err), S1_OK);
    assert_int_equal(heard.count, 3);
    assert_string_equal(heard.lines[0], "entry 101.5 TRADE_THROUGH maker @4.0");
    assert_string_equal(heard.lines[1], "entry 98.5 TRADE_THROUGH maker @5.0");
    assert_string_equal(heard.lines[2], "entry 98.4 TRADE_THROUGH maker @5.0");
    assert_true(s1_matching_is_idle(heard.engine));
    s1_matching_free(heard.engine);
}

/* A change that is under way while a trade makes the order something else. */
static void test_changes_that_come_late(void **state)
{
    (void)state;
    const struct {
        int32_t type;
        const char *price, *limit, *share;
        const char *expected;
    } rows[] = {
        {S1_ORDER_STOP, "101", "0", "0.5", /* at market by then: nothing to change */
         "entry 101.2 TRADE_STOP @1.0 of 2; entry 103 TRADE @3.0 of 8"},
        {S1_ORDER_STOP_LIMIT, "101", "101.1", "0", /* a limit order by then */
         "entry TRIGGERED @1.0; entry AMENDED 100 @2.0; entry 100 TRADE_THROUGH maker @4.0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s1_err err = S1_ERR_INIT;
        ear heard = {0};
        s1_matching_line *line;
        s1_instrument ticked = instrument;
        ticked.tick_size = dec("0.1");
        const s1_matching_options options = {
            .instrument = &ticked,
            .costs = {.model = S1_SLIPPAGE_FRACTION, .volume_share = dec(rows[i].share)},
            .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
            .orders_max = 4};
        const s1_order_listener listener = {.self = &heard,
                                            .on_before_fill = on_before_fill,
                                            .on_fill = on_fill,
                                            .on_state = on_state,
                                            .on_amended = on_amended};
        const s1_matching_line_options way = {
            .latency = {.order = 2 * SECOND}, .timeframe = 60 * SECOND, .commands_max = 4};
        assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
        assert_int_equal(s1_matching_line_new(heard.engine, &listener, &way, &line, &err), S1_OK);
        const s1_order order = {.order_id = {{{1}}},
                                .trade_id = {{{7}}},
                                .side = S1_BUY,
                                .type = rows[i].type,
                                .role = S1_ROLE_ENTRY,
                                .time_in_force = S1_TIF_GTC,
                                .quantity = dec("10"),
                                .price = dec(rows[i].price),
                                .limit = dec(rows[i].limit),
                                .submitted_at = -3 * SECOND};
        const s1_order_change change = {order.order_id, dec("102"),
                                        rows[i].type == S1_ORDER_STOP ? S1_DEC_ZERO : dec("100"),
                                        dec("10")};
        assert_int_equal(s1_matching_line_submit(line, &order, &err), S1_OK);
        assert_int_equal(s1_matching_line_amend(line, &change, 0, &err), S1_OK);
        const int64_t times[] = {SECOND, 3 * SECOND, 4 * SECOND};
        const int64_t prices[] = {1012, 1030, 985};
        const int64_t quantities[] = {4, 90, 90};
        const s1_trade_batch piece = {
            .count = 3, .time = times, .price = prices, .quantity = quantities};
        const s1_trade_flow flow = {.pieces = &piece, .piece_count = 1, .price_scale = 1};
        const s1_bar bar = {.close_time = 60 * SECOND};
        assert_int_equal(s1_matching_line_trades(line, &bar, &flow, &err), S1_OK);
        char found[LINES_MAX * 96];
        assert_string_equal(join(&heard, found), rows[i].expected);
        s1_matching_line_free(line);
        s1_matching_free(heard.engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_changes_that_come_late),
    };
    return cmocka_run_group_tests_name("matching_trades", tests, NULL, NULL);
}
