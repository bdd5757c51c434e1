/* The matching rules as a decision table: one order (or bracket) against one or two bars. */
#include "backend/environments/matching/matching_engine.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define EVENTS_MAX 32

/* What the listener heard, as text: "entry FILLED 100.5 OPEN". */
typedef struct ear {
    char lines[EVENTS_MAX][96];
    int count;
    s1_matching_engine *engine;
    const char *stop, *target; /* protective orders to submit when the entry fills */
    bool is_poor;              /* refuses every entry fill */
    s1_bar last;
    s1_dec fee;
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
    const ear *const heard = self;
    (void)fill;
    return heard->is_poor && order->role == S1_ROLE_ENTRY
               ? S1_RAISE(err, S1_E_DENIED, "INSUFFICIENT_FUNDS")
               : S1_OK;
}

static s1_rc protect(ear *heard, const s1_order *entry, int32_t role, const char *price,
                     s1_err *err)
{
    const s1_order *const working = s1_matching_find(heard->engine, entry->trade_id, role);
    if (working != NULL) {
        return s1_matching_modify(heard->engine, working->order_id, dec(price), entry->filled, err);
    }
    const s1_order order = {.order_id = {{{(uint8_t)(10 + role)}}},
                            .trade_id = entry->trade_id,
                            .side = entry->side == S1_BUY ? S1_SELL : S1_BUY,
                            .type = role == S1_ROLE_STOP_LOSS ? S1_ORDER_STOP : S1_ORDER_LIMIT,
                            .role = role,
                            .time_in_force = S1_TIF_GTC,
                            .quantity = entry->filled,
                            .price = dec(price)};
    return s1_matching_submit(heard->engine, &order, &heard->last, err);
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX];
    price[s1_dec_print(fill->price, price)] = '\0';
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s %s%s",
                   s1_order_role_name(order->role), price, s1_fill_rule_name(fill->rule),
                   fill->is_maker ? " maker" : "");
    if (order->state == S1_ORDER_PARTIALLY_FILLED) {
        char filled[S1_DEC_TEXT_MAX];
        (void)s1_dec_print(order->filled, filled);
        (void)strcat(strcat(heard->lines[heard->count - 1], " part "), filled);
    }
    heard->fee = fill->fee;
    if (order->role == S1_ROLE_ENTRY) {
        if (heard->stop != NULL) {
            S1_TRY(err, protect(heard, order, S1_ROLE_STOP_LOSS, heard->stop, err));
        }
        if (heard->target != NULL) {
            S1_TRY(err, protect(heard, order, S1_ROLE_TAKE_PROFIT, heard->target, err));
        }
        return S1_OK;
    }
    for (int32_t role = S1_ROLE_ENTRY; role <= S1_ROLE_TAKE_PROFIT; role++) {
        const s1_order *const rival = s1_matching_find(heard->engine, order->trade_id, role);
        if (rival != NULL) {
            S1_TRY(err,
                   s1_matching_cancel(heard->engine, rival->order_id, S1_STR("CLOSED"), 0, err));
        }
    }
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    (void)err;
    if (order->state != S1_ORDER_ACCEPTED && order->state != S1_ORDER_CANCELED) {
        char *const line = heard->lines[heard->count++];
        const int length =
            snprintf(line, sizeof heard->lines[0], "%s %s %.*s", s1_order_role_name(order->role),
                     s1_order_state_name(order->state), S1_STR_ARG(reason));
        if (order->expires_at != 0) {
            (void)snprintf(line + length, sizeof heard->lines[0] - (size_t)length, " @%d",
                           (int)(time / (3600 * S1_NANOS_PER_SECOND)));
        }
    }
    return S1_OK;
}

/* Three, at any price below 200. */
static s1_rc on_size(void *self, const s1_order *order, s1_dec price, s1_dec *ret_quantity,
                     s1_err *err)
{
    (void)self;
    (void)order;
    if (s1_dec_cmp(price, dec("200")) >= 0) {
        return S1_RAISE(err, S1_E_DENIED, "SIZE_BELOW_MINIMUM");
    }
    *ret_quantity = dec("3");
    return S1_OK;
}

static void on_undecided(void *self, const s1_order *order, int32_t rule, s1_nanos time)
{
    ear *const heard = self;
    (void)time;
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s",
                   s1_order_role_name(order->role), s1_fill_rule_name(rule));
}

static s1_order_listener listener_of(ear *heard)
{
    return (s1_order_listener){.self = heard,
                               .on_before_fill = on_before_fill,
                               .on_fill = on_fill,
                               .on_state = on_state,
                               .on_size = on_size,
                               .on_undecided = on_undecided};
}

static const s1_instrument instrument = {
    .size = sizeof instrument, .price_scale = 1, .qty_scale = 0};

static s1_bar bar_of(int64_t open, int64_t high, int64_t low, int64_t close)
{
    return (s1_bar){.open = open, .high = high, .low = low, .close = close};
}

typedef struct example {
    const char *name;
    int32_t side, type;
    const char *price; /* "0" for market */
    int32_t tif;
    uint32_t post_only;
    const char *stop, *target;
    int32_t ambiguity, timing;
    const char *slippage;
    s1_bar bars[2];
    const char *expected; /* the lines, joined with "; " */
} example;

#define MKT S1_ORDER_MARKET
#define LIM S1_ORDER_LIMIT
#define STP S1_ORDER_STOP
#define B   S1_BUY
#define S   S1_SELL
#define SF  S1_AMBIGUITY_STOP_FIRST
#define TF  S1_AMBIGUITY_TARGET_FIRST
#define NO  S1_FILL_NEXT_OPEN
#define SC  S1_FILL_SAME_CLOSE

/* Prices in bars are tenths; the bar before (where the order was decided) closed at 100.0. */
static const example examples[] = {
    {"market at the next open",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1005, .high = 1020, .low = 990, .close = 1010}},
     "entry 100.5 OPEN"},
    {"market at the same close",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     SC,
     "0",
     {{.open = 1005, .high = 1020, .low = 990, .close = 1010}},
     "entry 100 CLOSE"},
    {"a buyer's slippage goes up to the tick",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0.0011",
     {{.open = 1000, .high = 1020, .low = 990, .close = 1010}},
     "entry 100.2 OPEN"},
    {"a seller's slippage goes down to the tick",
     S,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0.0011",
     {{.open = 1000, .high = 1020, .low = 980, .close = 1010}},
     "entry 99.8 OPEN"},
    {"buy limit touched",
     B,
     LIM,
     "99",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 990, .close = 1000}},
     "entry 99 LIMIT_TOUCH maker"},
    {"buy limit not reached",
     B,
     LIM,
     "98.9",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 990, .close = 1000}},
     ""},
    {"buy limit marketable on arrival",
     B,
     LIM,
     "101",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 990, .close = 1000}},
     "entry 100 OPEN_MARKETABLE"},
    {"post-only may not take",
     B,
     LIM,
     "101",
     S1_TIF_GTC,
     1,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 990, .close = 1000}},
     "entry REJECTED POST_ONLY_WOULD_TAKE"},
    {"immediate or cancel",
     B,
     LIM,
     "99",
     S1_TIF_IOC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 980, .close = 1000}},
     "entry EXPIRED NOT_MARKETABLE"},
    {"a resting limit gets its price, not the gap",
     B,
     LIM,
     "99",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 995, .close = 1000},
      {.open = 980, .high = 985, .low = 970, .close = 980}},
     "entry 99 LIMIT_TOUCH maker"},
    {"buy stop touched",
     B,
     STP,
     "101",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 990, .close = 1000}},
     "entry 101 STOP_TOUCH"},
    {"a stop gapped over fills at the open",
     B,
     STP,
     "101",
     S1_TIF_GTC,
     0,
     NULL,
     NULL,
     SF,
     NO,
     "0",
     {{.open = 1030, .high = 1040, .low = 1020, .close = 1030}},
     "entry 103 OPEN_GAP"},
    {"long: target only",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1060, .low = 990, .close = 1050}},
     "entry 100 OPEN; take_profit 105 LIMIT_TOUCH maker"},
    {"long: stop only",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 940, .close = 950}},
     "entry 100 OPEN; stop_loss 95 STOP_TOUCH"},
    {"both: stop first",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1060, .low = 940, .close = 950}},
     "entry 100 OPEN; stop_loss 95 AMBIGUOUS_STOP"},
    {"both: target first",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     TF,
     NO,
     "0",
     {{.open = 1000, .high = 1060, .low = 940, .close = 950}},
     "entry 100 OPEN; take_profit 105 AMBIGUOUS_TARGET maker"},
    {"short: both, stop first",
     S,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "105",
     "95",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1060, .low = 940, .close = 950}},
     "entry 100 OPEN; stop_loss 105 AMBIGUOUS_STOP"},
    {"stop gapped over on the second bar",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1010, .low = 990, .close = 1000},
      {.open = 930, .high = 940, .low = 920, .close = 930}},
     "entry 100 OPEN; stop_loss 93 OPEN_GAP"},
    {"entry inside the bar: the stop counts",
     B,
     LIM,
     "98",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1060, .low = 940, .close = 950}},
     "entry 98 LIMIT_TOUCH maker; stop_loss 95 ENTRY_BAR_STOP"},
    {"entry inside the bar: the target waits",
     B,
     LIM,
     "98",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     NO,
     "0",
     {{.open = 1000, .high = 1060, .low = 970, .close = 1000},
      {.open = 1000, .high = 1060, .low = 990, .close = 1000}},
     "entry 98 LIMIT_TOUCH maker; take_profit EXIT_WAITS; take_profit 105 LIMIT_TOUCH maker"},
    {"same close: the bracket starts on the next bar",
     B,
     MKT,
     "0",
     S1_TIF_GTC,
     0,
     "95",
     "105",
     SF,
     SC,
     "0",
     {{.open = 1000, .high = 1060, .low = 990, .close = 1000}},
     "entry 100 CLOSE; take_profit 105 LIMIT_TOUCH maker"},
};

static void run_example(const example *item)
{
    s1_err err = S1_ERR_INIT;
    ear heard = {.stop = item->stop, .target = item->target, .last = bar_of(990, 1010, 990, 1000)};
    s1_instrument traded = instrument;
    traded.tick_size = dec("0.1");
    const s1_matching_options options = {.instrument = &traded,
                                         .rules = s1_fill_rules_of(item->timing, NULL),
                                         .ambiguity = item->ambiguity,
                                         .slippage = dec(item->slippage),
                                         .maker_fee = dec("0"),
                                         .taker_fee = dec("0.001"),
                                         .orders_max = 8};
    const s1_order_listener listener = listener_of(&heard);
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_order order = {.order_id = {{{1}}},
                            .trade_id = {{{1}}},
                            .side = item->side,
                            .type = item->type,
                            .role = S1_ROLE_ENTRY,
                            .time_in_force = item->tif,
                            .post_only = item->post_only,
                            .quantity = dec("2"),
                            .price = dec(item->price)};
    assert_int_equal(s1_matching_submit(heard.engine, &order, &heard.last, &err), S1_OK);
    for (size_t i = 0; i < 2 && item->bars[i].open != 0; i++) {
        heard.last = item->bars[i];
        assert_int_equal(s1_matching_bar(heard.engine, &item->bars[i], &err), S1_OK);
    }
    char joined[EVENTS_MAX * 98] = "";
    for (int i = 0; i < heard.count; i++) {
        (void)strcat(strcat(joined, i == 0 ? "" : "; "), heard.lines[i]);
    }
    if (strcmp(joined, item->expected) != 0) {
        fail_msg("%s: found '%s', expected '%s'", item->name, joined, item->expected);
    }
    s1_matching_free(heard.engine);
}

static void test_decision_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        run_example(&examples[i]);
    }
}

static void test_poor_trader_is_rejected(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    ear heard = {.is_poor = true};
    const s1_matching_options options = {.instrument = &instrument,
                                         .rules = s1_fill_rules_of(S1_FILL_NEXT_OPEN, NULL),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 8};
    const s1_order_listener listener = listener_of(&heard);
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_order order = {.order_id = {{{1}}},
                            .side = S1_BUY,
                            .type = S1_ORDER_MARKET,
                            .role = S1_ROLE_ENTRY,
                            .quantity = dec("2")};
    const s1_bar bar = bar_of(1000, 1000, 1000, 1000);
    assert_int_equal(s1_matching_submit(heard.engine, &order, &bar, &err), S1_OK);
    assert_int_equal(s1_matching_bar(heard.engine, &bar, &err), S1_OK);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.lines[0], "entry REJECTED INSUFFICIENT_FUNDS");
    assert_int_equal(s1_matching_bar(heard.engine, &bar, &err), S1_OK);
    assert_int_equal(heard.count, 1);
    s1_matching_free(heard.engine);
}

static void test_fees_modify_and_limits(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    ear heard = {0};
    const s1_matching_options options = {.instrument = &instrument,
                                         .rules = s1_fill_rules_of(S1_FILL_NEXT_OPEN, NULL),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .maker_fee = dec("0.002"),
                                         .taker_fee = dec("0.001"),
                                         .orders_max = 1};
    const s1_order_listener listener = listener_of(&heard);
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    s1_order order = {.order_id = {{{1}}},
                      .side = S1_BUY,
                      .type = S1_ORDER_LIMIT,
                      .role = S1_ROLE_ENTRY,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = dec("2"),
                      .price = dec("90")};
    const s1_bar bar = bar_of(1000, 1000, 980, 1000);
    assert_int_equal(s1_matching_submit(heard.engine, &order, &bar, &err), S1_OK);
    order.order_id = (s1_order_id){{{2}}};
    assert_int_equal(s1_matching_submit(heard.engine, &order, &bar, &err), S1_E_NO_MEMORY);
    assert_int_equal(s1_matching_modify(heard.engine, order.order_id, dec("99"), dec("1"), &err),
                     S1_E_NOT_FOUND);
    order.order_id = (s1_order_id){{{1}}};
    assert_int_equal(s1_matching_bar(heard.engine, &bar, &err), S1_OK);
    assert_int_equal(s1_matching_modify(heard.engine, order.order_id, dec("99"), dec("1"), &err),
                     S1_OK);
    assert_int_equal(s1_matching_bar(heard.engine, &bar, &err), S1_OK);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.lines[0], "entry 99 LIMIT_TOUCH maker");
    assert_true(s1_dec_eq(heard.fee, dec("0.198")));
    assert_int_equal(s1_matching_rule_counts(heard.engine)[S1_FILL_LIMIT_TOUCH], 1);
    assert_int_equal(s1_matching_cancel(heard.engine, order.order_id, S1_STR("X"), 0, &err),
                     S1_E_NOT_FOUND);
    s1_matching_free(heard.engine);
}

/* --- Ends and icebergs. ------------------------------------------------------------------------
 */

/* A limit entry of 10 at 100.0 (stop and target as given), then bars; prices in tenths, hours. */
typedef struct resting {
    const char *name;
    int32_t side;
    const char *display, *stop, *target;
    int64_t expires; /* hours; 0: never */
    struct {
        int64_t open, high, low, close;
        int64_t gap; /* hours without a bar before it */
    } bars[4];
    const char *expected;
} resting;

static const resting resting_orders[] = {
    /* The order is accepted at hour 0; bar i opens at hour i. */
    {.name = "an end at a bar's open: the bar that opens then does not count",
     .side = B,
     .expires = 1,
     .bars = {{1010, 1010, 1001, 1005, 0}, {1005, 1005, 990, 1000, 0}},
     .expected = "entry EXPIRED TIME_UP @1"},
    {.name = "an end inside a bar: that bar counts whole, the next does not",
     .side = B,
     .expires = -1, /* 90 minutes */
     .bars = {{1010, 1010, 1001, 1005, 0}, {1005, 1005, 1000, 1000, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker"},
    {.name = "an end inside a bar that is not touched: over at its close",
     .side = B,
     .expires = -1,
     .bars = {{1010, 1010, 1001, 1005, 0}, {1005, 1005, 1001, 1002, 0}, {1002, 1002, 900, 950, 0}},
     .expected = "entry EXPIRED TIME_UP @2"},
    {.name = "an end in a gap of the data: over at the next open",
     .side = S,
     .expires = 3,
     .bars = {{990, 999, 990, 995, 0}, {995, 1100, 995, 1100, 5}},
     .expected = "entry EXPIRED TIME_UP @6"},
    {.name = "a touch of the limit fills what shows, the next bar the next part",
     .side = B,
     .display = "4",
     .bars = {{1010, 1010, 1000, 1005, 0},
              {1005, 1010, 1000, 1005, 0},
              {1005, 1010, 1001, 1005, 0},
              {1005, 1005, 1000, 1000, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; entry 100 LIMIT_TOUCH maker part 8; "
                 "entry 100 LIMIT_TOUCH maker"},
    {.name = "beyond the limit: all that is left",
     .side = S,
     .display = "4",
     .bars = {{990, 1000, 990, 995, 0}, {995, 1001, 990, 995, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; entry 100 LIMIT_TOUCH maker"},
    {.name = "a later open beyond the limit is a bar beyond it",
     .side = B,
     .display = "4",
     .bars = {{1010, 1010, 1000, 1005, 0}, {990, 995, 985, 990, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; entry 100 LIMIT_TOUCH maker"},
    {.name = "marketable at once: it takes whole",
     .side = B,
     .display = "4",
     .bars = {{995, 1010, 990, 1005, 0}},
     .expected = "entry 99.5 OPEN_MARKETABLE"},
    {.name = "what shows is more than there is",
     .side = B,
     .display = "40",
     .bars = {{1010, 1010, 1000, 1005, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker"},
    {.name = "the stop beyond the limit closes what filled on the way to it",
     .side = B,
     .display = "4",
     .stop = "98",
     .bars = {{1010, 1010, 1000, 1005, 0}, {1005, 1005, 975, 980, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; entry 100 LIMIT_TOUCH maker; "
                 "stop_loss 98 STOP_TOUCH"},
    {.name = "the same for a short",
     .side = S,
     .display = "4",
     .stop = "102",
     .bars = {{990, 1000, 990, 995, 0}, {995, 1025, 995, 1020, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; entry 100 LIMIT_TOUCH maker; "
                 "stop_loss 102 STOP_TOUCH"},
    {.name = "a stop that the open passed comes first",
     .side = B,
     .display = "4",
     .stop = "98",
     .bars = {{1010, 1010, 1000, 1005, 0}, {970, 975, 965, 970, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; stop_loss 97 OPEN_GAP"},
    {.name = "a target inside the bar comes before the rest of the entry",
     .side = B,
     .display = "4",
     .target = "101",
     .bars = {{1005, 1005, 1000, 1005, 0}, {1005, 1015, 995, 1005, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; take_profit 101 LIMIT_TOUCH maker"},
    {.name = "an iceberg that is part in expires with the rest",
     .side = B,
     .display = "4",
     .expires = 2,
     .bars = {{1010, 1010, 1000, 1005, 0}, {1005, 1010, 1001, 1005, 0}, {1005, 1005, 900, 950, 0}},
     .expected = "entry 100 LIMIT_TOUCH maker part 4; entry EXPIRED TIME_UP @2"},
};

#define HOUR (3600 * S1_NANOS_PER_SECOND)

static void run_resting(const resting *item)
{
    s1_err err = S1_ERR_INIT;
    ear heard = {.stop = item->stop, .target = item->target, .last = bar_of(990, 1010, 990, 1000)};
    s1_instrument traded = instrument;
    traded.tick_size = dec("0.1");
    const s1_matching_options options = {.instrument = &traded,
                                         .rules = s1_fill_rules_of(S1_FILL_NEXT_OPEN, NULL),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 8};
    const s1_order_listener listener = listener_of(&heard);
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_order order = {.order_id = {{{1}}},
                            .trade_id = {{{1}}},
                            .side = item->side,
                            .type = S1_ORDER_LIMIT,
                            .role = S1_ROLE_ENTRY,
                            .time_in_force = item->expires != 0 ? S1_TIF_GTD : S1_TIF_GTC,
                            .quantity = dec("10"),
                            .price = dec("100"),
                            .display = dec(item->display != NULL ? item->display : "0"),
                            .expires_at = item->expires < 0 ? 3 * HOUR / 2 : item->expires * HOUR};
    assert_int_equal(s1_matching_submit(heard.engine, &order, &heard.last, &err), S1_OK);
    int64_t hour = 0;
    for (size_t i = 0; i < 4 && item->bars[i].open != 0; i++) {
        hour += item->bars[i].gap;
        const s1_bar bar = {.open_time = hour * HOUR,
                            .close_time = (hour + 1) * HOUR,
                            .open = item->bars[i].open,
                            .high = item->bars[i].high,
                            .low = item->bars[i].low,
                            .close = item->bars[i].close};
        heard.last = bar;
        assert_int_equal(s1_matching_bar(heard.engine, &bar, &err), S1_OK);
        hour++;
    }
    char joined[EVENTS_MAX * 98] = "";
    for (int i = 0; i < heard.count; i++) {
        (void)strcat(strcat(joined, i == 0 ? "" : "; "), heard.lines[i]);
    }
    if (strcmp(joined, item->expected) != 0) {
        fail_msg("%s: found '%s', expected '%s'", item->name, joined, item->expected);
    }
    s1_matching_free(heard.engine);
}

static void test_ends_and_icebergs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof resting_orders / sizeof resting_orders[0]; i++) {
        run_resting(&resting_orders[i]);
    }
}

/* --- What a bar cannot decide: a test for each cell of the table in docs/matching.md.
 * -------------
 */

/* One entry (2 at `price`), its bracket, the rules that differ from next_open, two bars. */
typedef struct cell {
    const char *name;
    s1_fill_rules rules; /* over next_open */
    int32_t preset;      /* 0: next_open */
    int32_t side, type;
    const char *price; /* NULL: market */
    const char *limit; /* NULL: none, once triggered */
    const char *stop, *target;
    int32_t tif;
    uint32_t post_only;
    const char *slippage;
    int64_t volumes[2]; /* -1: none traded */
    s1_bar bars[2];
    const char *expected;
} cell;

#define SLM             S1_ORDER_STOP_LIMIT
#define MIT             S1_ORDER_MARKET_IF_TOUCHED
#define LIT             S1_ORDER_LIMIT_IF_TOUCHED
#define BAR(o, h, l, c) {.open = (o), .high = (h), .low = (l), .close = (c)}

/* Both 95 and 105 lie inside: the high is 6 from the open, the low 8. */
#define WIDE         BAR(1000, 1060, 920, 1010)
#define FALLS        BAR(1000, 1060, 920, 990)
#define BOTH_L       .side = B, .type = MKT, .stop = "95", .target = "105"
#define BOTH_S       .side = S, .type = MKT, .stop = "105", .target = "95"
#define LONG_STOP    "entry 100 OPEN; stop_loss 95 AMBIGUOUS_STOP"
#define LONG_TARGET  "entry 100 OPEN; take_profit 105 AMBIGUOUS_TARGET maker"
#define SHORT_STOP   "entry 100 OPEN; stop_loss 105 AMBIGUOUS_STOP"
#define SHORT_TARGET "entry 100 OPEN; take_profit 95 AMBIGUOUS_TARGET maker"

static const cell cells[] = {
    /* Path modes: which comes first, stop or target? */
    {"unknown: the stop", {0}, BOTH_L, .bars = {WIDE}, .expected = LONG_STOP},
    {"worst, long", {.path = S1_PATH_WORST}, BOTH_L, .bars = {WIDE}, .expected = LONG_STOP},
    {"worst, short", {.path = S1_PATH_WORST}, BOTH_S, .bars = {WIDE}, .expected = SHORT_STOP},
    {"best, long", {.path = S1_PATH_BEST}, BOTH_L, .bars = {WIDE}, .expected = LONG_TARGET},
    {"best, short", {.path = S1_PATH_BEST}, BOTH_S, .bars = {WIDE}, .expected = SHORT_TARGET},
    {"ohlc, long", {.path = S1_PATH_OHLC}, BOTH_L, .bars = {WIDE}, .expected = LONG_TARGET},
    {"ohlc, short", {.path = S1_PATH_OHLC}, BOTH_S, .bars = {WIDE}, .expected = SHORT_STOP},
    {"olhc, long", {.path = S1_PATH_OLHC}, BOTH_L, .bars = {WIDE}, .expected = LONG_STOP},
    {"olhc, short", {.path = S1_PATH_OLHC}, BOTH_S, .bars = {WIDE}, .expected = SHORT_TARGET},
    {"nearest extreme: the high",
     {.path = S1_PATH_NEAREST},
     BOTH_L,
     .bars = {WIDE},
     .expected = LONG_TARGET},
    {"nearest extreme: the low",
     {.path = S1_PATH_NEAREST},
     BOTH_L,
     .bars = {BAR(1000, 1060, 945, 1010)},
     .expected = LONG_STOP},
    {"nearest extreme: as far, the low",
     {.path = S1_PATH_NEAREST},
     BOTH_L,
     .bars = {BAR(1000, 1060, 940, 1010)},
     .expected = LONG_STOP},
    {"colour: a rising bar dips first",
     {.path = S1_PATH_COLOUR},
     BOTH_L,
     .bars = {WIDE},
     .expected = LONG_STOP},
    {"colour: a falling bar rises first",
     {.path = S1_PATH_COLOUR},
     BOTH_L,
     .bars = {FALLS},
     .expected = LONG_TARGET},
    {"close: neither, the close is between",
     {.path = S1_PATH_CLOSE, .market = S1_FILL_NEXT_CLOSE},
     BOTH_L,
     .bars = {WIDE, WIDE},
     .expected = "entry 101 CLOSE_NEXT"},
    {"close: the stop at the close",
     {.path = S1_PATH_CLOSE, .market = S1_FILL_NEXT_CLOSE},
     BOTH_L,
     .bars = {WIDE, BAR(1000, 1060, 920, 940)},
     .expected = "entry 101 CLOSE_NEXT; stop_loss 94 CLOSE_REACHED"},
    {"close: the target at the close",
     {.path = S1_PATH_CLOSE, .market = S1_FILL_NEXT_CLOSE},
     BOTH_L,
     .bars = {WIDE, BAR(1000, 1060, 920, 1055)},
     .expected = "entry 101 CLOSE_NEXT; take_profit 105.5 CLOSE_REACHED"},

    /* The bar of the entry, entered at its open. */
    {"entry at the open, none",
     {.entry_bar = S1_ENTRY_BAR_NONE},
     BOTH_L,
     .bars = {WIDE},
     .expected = "entry 100 OPEN"},
    {"entry at the open, none: the next bar",
     {.entry_bar = S1_ENTRY_BAR_NONE},
     BOTH_L,
     .bars = {WIDE, BAR(1000, 1060, 960, 1000)},
     .expected = "entry 100 OPEN; take_profit 105 LIMIT_TOUCH maker"},
    {"entry at the open, after_open",
     {.entry_bar = S1_ENTRY_BAR_AFTER_OPEN},
     BOTH_L,
     .bars = {WIDE},
     .expected = LONG_STOP},
    {"entry at the open, all",
     {.entry_bar = S1_ENTRY_BAR_ALL},
     BOTH_L,
     .bars = {WIDE},
     .expected = LONG_STOP},

    /* The bar of the entry, entered inside it by a limit. */
    {"limit entry, stop_inside, stop",
     {0},
     .side = B,
     .type = LIM,
     .price = "98",
     .stop = "95",
     .target = "105",
     .bars = {BAR(1000, 1010, 940, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; stop_loss 95 ENTRY_BAR_STOP"},
    {"limit entry, stop_inside, target waits",
     {0},
     .side = B,
     .type = LIM,
     .price = "98",
     .target = "105",
     .bars = {BAR(1000, 1060, 970, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; take_profit EXIT_WAITS"},
    {"limit entry, none",
     {.entry_bar = S1_ENTRY_BAR_NONE},
     .side = B,
     .type = LIM,
     .price = "98",
     .stop = "95",
     .target = "105",
     .bars = {BAR(1000, 1060, 940, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; stop_loss EXIT_WAITS; take_profit EXIT_WAITS"},
    {"limit entry, after_open",
     {.entry_bar = S1_ENTRY_BAR_AFTER_OPEN},
     .side = B,
     .type = LIM,
     .price = "98",
     .stop = "95",
     .target = "105",
     .bars = {BAR(1000, 1060, 940, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; stop_loss EXIT_WAITS; take_profit EXIT_WAITS"},
    {"limit entry, all",
     {.entry_bar = S1_ENTRY_BAR_ALL},
     .side = B,
     .type = LIM,
     .price = "98",
     .target = "105",
     .bars = {BAR(1000, 1060, 970, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; take_profit 105 ENTRY_BAR_TARGET maker"},
    {"limit entry, best: the target",
     {.path = S1_PATH_BEST},
     .side = B,
     .type = LIM,
     .price = "98",
     .stop = "95",
     .target = "105",
     .bars = {BAR(1000, 1060, 940, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; take_profit 105 AMBIGUOUS_TARGET maker"},
    {"limit entry, best: a stop beyond it is certain",
     {.path = S1_PATH_BEST},
     .side = B,
     .type = LIM,
     .price = "98",
     .stop = "95",
     .bars = {BAR(1000, 1010, 940, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; stop_loss 95 ENTRY_BAR_STOP"},
    {"limit entry, worst: the target waits",
     {.path = S1_PATH_WORST},
     .side = B,
     .type = LIM,
     .price = "98",
     .target = "105",
     .bars = {BAR(1000, 1060, 970, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; take_profit EXIT_WAITS"},
    {"limit entry, ohlc: the high was before",
     {.path = S1_PATH_OHLC, .entry_bar = S1_ENTRY_BAR_ALL},
     .side = B,
     .type = LIM,
     .price = "98",
     .target = "105",
     .bars = {BAR(1000, 1060, 970, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker"},
    {"limit entry, olhc: the high is after",
     {.path = S1_PATH_OLHC, .entry_bar = S1_ENTRY_BAR_ALL},
     .side = B,
     .type = LIM,
     .price = "98",
     .target = "105",
     .bars = {BAR(1000, 1060, 970, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; take_profit 105 ENTRY_BAR_TARGET maker"},
    {"limit entry, olhc: the stop on the same leg",
     {.path = S1_PATH_OLHC, .entry_bar = S1_ENTRY_BAR_ALL},
     .side = B,
     .type = LIM,
     .price = "98",
     .stop = "95",
     .target = "105",
     .bars = {BAR(1000, 1060, 940, 990)},
     .expected = "entry 98 LIMIT_TOUCH maker; stop_loss 95 AMBIGUOUS_STOP"},

    /* The same, entered by a stop. */
    {"stop entry, after_open: the target lies beyond it",
     {.entry_bar = S1_ENTRY_BAR_AFTER_OPEN},
     .side = B,
     .type = STP,
     .price = "102",
     .stop = "95",
     .target = "105",
     .bars = {BAR(1000, 1060, 940, 990)},
     .expected = "entry 102 STOP_TOUCH; take_profit 105 ENTRY_BAR_TARGET maker"},
    {"stop entry, best: the stop is not certain",
     {.path = S1_PATH_BEST},
     .side = B,
     .type = STP,
     .price = "102",
     .stop = "95",
     .bars = {BAR(1000, 1030, 940, 990)},
     .expected = "entry 102 STOP_TOUCH; stop_loss EXIT_WAITS"},
    {"stop entry, best: a close beyond the stop is",
     {.path = S1_PATH_BEST},
     .side = B,
     .type = STP,
     .price = "102",
     .stop = "95",
     .bars = {BAR(1000, 1030, 940, 945)},
     .expected = "entry 102 STOP_TOUCH; stop_loss 95 ENTRY_BAR_STOP"},
    {"stop entry, worst: the stop",
     {.path = S1_PATH_WORST},
     .side = B,
     .type = STP,
     .price = "102",
     .stop = "95",
     .bars = {BAR(1000, 1030, 940, 990)},
     .expected = "entry 102 STOP_TOUCH; stop_loss 95 ENTRY_BAR_STOP"},
    {"stop entry, ohlc: the low is after",
     {.path = S1_PATH_OHLC, .entry_bar = S1_ENTRY_BAR_ALL},
     .side = B,
     .type = STP,
     .price = "102",
     .stop = "95",
     .bars = {BAR(1000, 1030, 940, 990)},
     .expected = "entry 102 STOP_TOUCH; stop_loss 95 ENTRY_BAR_STOP"},
    {"stop entry, olhc: the low was before",
     {.path = S1_PATH_OLHC, .entry_bar = S1_ENTRY_BAR_ALL},
     .side = B,
     .type = STP,
     .price = "102",
     .stop = "95",
     .bars = {BAR(1000, 1030, 940, 990)},
     .expected = "entry 102 STOP_TOUCH"},

    /* Touch or trade-through. */
    {"touch",
     {0},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(1000, 1010, 990, 1000)},
     .expected = "entry 99 LIMIT_TOUCH maker"},
    {"through: not at a touch",
     {.limit_fill = S1_LIMIT_FILL_THROUGH},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(1000, 1010, 990, 1000)},
     .expected = ""},
    {"through: beyond it",
     {.limit_fill = S1_LIMIT_FILL_THROUGH},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(1000, 1010, 989, 1000)},
     .expected = "entry 99 LIMIT_TOUCH maker"},
    {"through: a seller",
     {.limit_fill = S1_LIMIT_FILL_THROUGH},
     .side = S,
     .type = LIM,
     .price = "101",
     .bars = {BAR(1000, 1010, 990, 1000), BAR(1000, 1011, 990, 1000)},
     .expected = "entry 101 LIMIT_TOUCH maker"},
    {"through: a stop triggers at a touch",
     {.limit_fill = S1_LIMIT_FILL_THROUGH},
     .side = B,
     .type = STP,
     .price = "101",
     .bars = {BAR(1000, 1010, 990, 1000)},
     .expected = "entry 101 STOP_TOUCH"},
    {"through along a path",
     {.limit_fill = S1_LIMIT_FILL_THROUGH, .path = S1_PATH_OHLC},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(1000, 1010, 990, 1000), BAR(1000, 1010, 980, 1000)},
     .expected = "entry 99 LIMIT_TOUCH maker"},

    /* A gap over a stop. */
    {"gap, open",
     {0},
     .side = B,
     .type = STP,
     .price = "101",
     .bars = {BAR(1030, 1040, 1005, 1030)},
     .expected = "entry 103 OPEN_GAP"},
    {"gap, trigger",
     {.stop_gap = S1_STOP_GAP_TRIGGER},
     .side = B,
     .type = STP,
     .price = "101",
     .bars = {BAR(1030, 1040, 1020, 1030)},
     .expected = "entry 101 STOP_TOUCH"},
    {"gap, inside: the bar comes back",
     {.stop_gap = S1_STOP_GAP_INSIDE},
     .side = B,
     .type = STP,
     .price = "101",
     .bars = {BAR(1030, 1040, 1005, 1030)},
     .expected = "entry 101 STOP_TOUCH"},
    {"gap, inside: it does not",
     {.stop_gap = S1_STOP_GAP_INSIDE},
     .side = S,
     .type = STP,
     .price = "99",
     .bars = {BAR(970, 980, 960, 970)},
     .expected = "entry 97 OPEN_GAP"},
    {"gap, trigger, along a path",
     {.stop_gap = S1_STOP_GAP_TRIGGER, .path = S1_PATH_COLOUR},
     .side = B,
     .type = STP,
     .price = "101",
     .bars = {BAR(1030, 1040, 1020, 1030)},
     .expected = "entry 101 STOP_TOUCH"},

    /* Better prices for a limit. */
    {"improvement, first_open: its first bar",
     {0},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(980, 985, 970, 980)},
     .expected = "entry 98 OPEN_MARKETABLE"},
    {"improvement, first_open: not later",
     {0},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(1000, 1010, 995, 1000), BAR(980, 985, 970, 980)},
     .expected = "entry 99 LIMIT_TOUCH maker"},
    {"improvement, open: later too",
     {.limit_price = S1_LIMIT_PRICE_OPEN},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(1000, 1010, 995, 1000), BAR(980, 985, 970, 980)},
     .expected = "entry 98 OPEN_IMPROVED maker"},
    {"improvement, limit: never",
     {.limit_price = S1_LIMIT_PRICE_LIMIT},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(980, 985, 970, 980)},
     .expected = "entry 99 LIMIT_TOUCH maker"},
    {"improvement, clamped: the bar comes back",
     {.limit_price = S1_LIMIT_PRICE_CLAMPED},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(980, 995, 970, 980)},
     .expected = "entry 99 LIMIT_TOUCH maker"},
    {"improvement, clamped: it does not",
     {.limit_price = S1_LIMIT_PRICE_CLAMPED},
     .side = B,
     .type = LIM,
     .price = "99",
     .bars = {BAR(980, 985, 970, 980)},
     .expected = "entry 98.5 LIMIT_TOUCH maker"},

    /* Arrival at the close (100.0 before the first bar). */
    {"arrival, close: a marketable limit takes it",
     {.arrival = S1_ARRIVAL_CLOSE},
     .side = B,
     .type = LIM,
     .price = "101",
     .bars = {BAR(1005, 1010, 990, 1000)},
     .expected = "entry 100 CLOSE"},
    {"arrival, close: post-only may not",
     {.arrival = S1_ARRIVAL_CLOSE},
     .side = B,
     .type = LIM,
     .price = "101",
     .post_only = 1,
     .bars = {BAR(1005, 1010, 990, 1000)},
     .expected = "entry REJECTED POST_ONLY_WOULD_TAKE"},
    {"arrival, close: immediate or cancel",
     {.arrival = S1_ARRIVAL_CLOSE},
     .side = B,
     .type = LIM,
     .price = "99.9",
     .tif = S1_TIF_IOC,
     .bars = {BAR(990, 1010, 990, 1000)},
     .expected = "entry EXPIRED NOT_MARKETABLE"},
    {"arrival, close: a stop that is passed",
     {.arrival = S1_ARRIVAL_CLOSE},
     .side = B,
     .type = STP,
     .price = "99",
     .bars = {BAR(990, 1010, 990, 1000)},
     .expected = "entry 100 CLOSE"},
    {"only the close counts: immediate or cancel",
     {.path = S1_PATH_CLOSE},
     .side = B,
     .type = LIM,
     .price = "99",
     .tif = S1_TIF_IOC,
     .bars = {BAR(980, 1010, 980, 1000)},
     .expected = "entry EXPIRED NOT_MARKETABLE"},
    {"only the close counts: post-only",
     {.path = S1_PATH_CLOSE},
     .side = B,
     .type = LIM,
     .price = "99",
     .post_only = 1,
     .bars = {BAR(1000, 1010, 980, 985)},
     .expected = "entry REJECTED POST_ONLY_WOULD_TAKE"},

    /* Bars without volume. */
    {"no volume, match",
     {0},
     .side = B,
     .type = MKT,
     .volumes = {-1, 1},
     .bars = {BAR(1000, 1000, 1000, 1000), BAR(1010, 1010, 1010, 1010)},
     .expected = "entry 100 OPEN"},
    {"no volume, skip",
     {.zero_volume = S1_ZERO_VOLUME_SKIP},
     .side = B,
     .type = MKT,
     .volumes = {-1, 1},
     .bars = {BAR(1000, 1000, 1000, 1000), BAR(1010, 1010, 1010, 1010)},
     .expected = "entry 101 OPEN"},
    {"no volume, skip: still the first bar",
     {.zero_volume = S1_ZERO_VOLUME_SKIP},
     .side = B,
     .type = LIM,
     .price = "102",
     .volumes = {-1, 1},
     .bars = {BAR(1000, 1000, 1000, 1000), BAR(1010, 1010, 1010, 1010)},
     .expected = "entry 101 OPEN_MARKETABLE"},

    /* Slippage. */
    {"slippage, all",
     {0},
     BOTH_L,
     .slippage = "0.001",
     .bars = {BAR(1000, 1010, 940, 960)},
     .expected = "entry 100.1 OPEN; stop_loss 94.9 STOP_TOUCH"},
    {"slippage, entries",
     {.slippage_on = S1_SLIPPAGE_ON_ENTRIES},
     BOTH_L,
     .slippage = "0.001",
     .bars = {BAR(1000, 1010, 940, 960)},
     .expected = "entry 100.1 OPEN; stop_loss 95 STOP_TOUCH"},

    {"slippage, a limit: never beyond it",
     {0},
     .side = B,
     .type = LIM,
     .price = "100.05",
     .slippage = "0.01",
     .bars = {BAR(1000, 1010, 990, 1000)},
     .expected = "entry 100.05 OPEN_MARKETABLE"},
    {"slippage, a seller's limit",
     {0},
     .side = S,
     .type = LIM,
     .price = "99.5",
     .slippage = "0.01",
     .bars = {BAR(1000, 1010, 990, 1000)},
     .expected = "entry 99.5 OPEN_MARKETABLE"},

    /* Triggered orders. */
    {"stop-limit: takes where it is triggered",
     {0},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "102",
     .bars = {BAR(1000, 1015, 990, 1000)},
     .expected = "entry TRIGGERED ; entry 101 STOP_TOUCH"},
    {"stop-limit: a gap beyond the limit leaves it resting",
     {0},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "102",
     .bars = {BAR(1030, 1040, 1025, 1030), BAR(1030, 1030, 1020, 1025)},
     .expected = "entry TRIGGERED ; entry 102 LIMIT_TOUCH maker"},
    {"stop-limit: after a trigger at the open the whole bar counts",
     {0},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "102",
     .bars = {BAR(1030, 1040, 1015, 1030)},
     .expected = "entry TRIGGERED ; entry 102 LIMIT_TOUCH maker"},
    {"stop-limit: whether it came back the bar does not tell",
     {0},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "100.5",
     .bars = {BAR(1000, 1015, 990, 1010), BAR(1010, 1010, 1000, 1005)},
     .expected = "entry TRIGGERED ; entry ENTRY_WAITS; entry 100.5 LIMIT_TOUCH maker"},
    {"stop-limit: the close tells that it did",
     {0},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "100.5",
     .bars = {BAR(1000, 1015, 990, 1000)},
     .expected = "entry TRIGGERED ; entry 100.5 LIMIT_TOUCH maker"},
    {"stop-limit, ohlc: the path tells",
     {.path = S1_PATH_OHLC},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "100.5",
     .bars = {BAR(1000, 1015, 990, 1010)},
     .expected = "entry TRIGGERED ; entry 100.5 LIMIT_TOUCH maker"},
    {"stop-limit, post-only: not where it would take",
     {0},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "102",
     .post_only = 1,
     .bars = {BAR(1000, 1015, 990, 1000)},
     .expected = "entry TRIGGERED ; entry REJECTED POST_ONLY_WOULD_TAKE"},
    {"stop-limit, immediate: ends where it cannot take",
     {0},
     .side = S,
     .type = SLM,
     .price = "99",
     .limit = "98.5",
     .tif = S1_TIF_IOC,
     .bars = {BAR(980, 982, 975, 980)},
     .expected = "entry TRIGGERED ; entry EXPIRED NOT_MARKETABLE"},
    {"market if touched",
     {0},
     .side = B,
     .type = MIT,
     .price = "99",
     .bars = {BAR(1000, 1010, 985, 1000)},
     .expected = "entry 99 TRIGGER_TOUCH"},
    {"market if touched, slips",
     {0},
     .side = S,
     .type = MIT,
     .price = "101",
     .slippage = "0.001",
     .bars = {BAR(1000, 1015, 985, 1000)},
     .expected = "entry 100.8 TRIGGER_TOUCH"},
    {"market if touched, at a better open",
     {0},
     .side = B,
     .type = MIT,
     .price = "99",
     .bars = {BAR(980, 990, 975, 980)},
     .expected = "entry 98 OPEN_MARKETABLE"},
    {"limit if touched: takes where it is triggered",
     {0},
     .side = B,
     .type = LIT,
     .price = "99",
     .limit = "99.5",
     .bars = {BAR(1000, 1010, 985, 1000)},
     .expected = "entry TRIGGERED ; entry 99 TRIGGER_TOUCH"},
    {"limit if touched: its limit lies further on the way",
     {0},
     .side = B,
     .type = LIT,
     .price = "99",
     .limit = "98.5",
     .bars = {BAR(1000, 1010, 980, 1000)},
     .expected = "entry TRIGGERED ; entry 98.5 LIMIT_TOUCH maker"},
    {"limit if touched: not that far",
     {0},
     .side = S,
     .type = LIT,
     .price = "101",
     .limit = "102",
     .bars = {BAR(1000, 1015, 990, 1000), BAR(1000, 1025, 990, 1000)},
     .expected = "entry TRIGGERED ; entry 102 LIMIT_TOUCH maker"},
    {"arrival, close: a touched one is triggered there",
     {.arrival = S1_ARRIVAL_CLOSE},
     .side = B,
     .type = LIT,
     .price = "100.5",
     .limit = "100.2",
     .bars = {BAR(1005, 1010, 1004, 1005)},
     .expected = "entry TRIGGERED ; entry 100 CLOSE"},
    {"only the close counts: triggered there",
     {.path = S1_PATH_CLOSE},
     .side = B,
     .type = SLM,
     .price = "101",
     .limit = "103",
     .bars = {BAR(1000, 1060, 990, 1020)},
     .expected = "entry TRIGGERED ; entry 102 CLOSE_REACHED"},

    /* The presets, each on a case that tells it from next_open. */
    {"nautilus: a path, no exit in the bar of the entry",
     {0},
     S1_PRESET_NAUTILUS,
     BOTH_L,
     .volumes = {1, 1},
     .bars = {WIDE, WIDE},
     .expected = "entry 100 CLOSE; take_profit 105 "
                 "AMBIGUOUS_TARGET maker"},
    {"backtesting_py: a limit takes a better open",
     {0},
     S1_PRESET_BACKTESTING_PY,
     .side = B,
     .type = LIM,
     .price = "99",
     .stop = "95",
     .bars = {BAR(1000, 1010, 995, 1000), BAR(980, 985, 940, 980)},
     .expected = "entry 98 OPEN_IMPROVED maker; stop_loss 95 STOP_TOUCH"},
    {"backtrader: exits from the next bar",
     {0},
     S1_PRESET_BACKTRADER,
     BOTH_L,
     .bars = {WIDE, WIDE},
     .expected = LONG_STOP},
    {"freqtrade: the stop where the bar comes back to it",
     {0},
     S1_PRESET_FREQTRADE,
     .side = B,
     .type = MKT,
     .stop = "95",
     .bars = {BAR(1000, 1010, 990, 1000), BAR(940, 960, 930, 940)},
     .expected = "entry 100 OPEN; stop_loss 95 STOP_TOUCH"},
    {"vectorbt: exits from the next bar, targets at a better open",
     {0},
     S1_PRESET_VECTORBT,
     BOTH_L,
     .bars = {WIDE, BAR(1070, 1080, 1065, 1070)},
     .expected = "entry 100 OPEN; take_profit 107 OPEN_MARKETABLE"},
    {"jesse: by colour, at the price of the order",
     {0},
     S1_PRESET_JESSE,
     BOTH_L,
     .bars = {WIDE},
     .expected = "entry 100 CLOSE; stop_loss 95 AMBIGUOUS_STOP"},
    {"zipline: only the close",
     {0},
     S1_PRESET_ZIPLINE,
     BOTH_L,
     .bars = {WIDE, BAR(1000, 1060, 920, 1000)},
     .expected = "entry 101 CLOSE_NEXT"},
};

static void run_cell(const cell *item)
{
    s1_err err = S1_ERR_INIT;
    ear heard = {.stop = item->stop, .target = item->target, .last = bar_of(990, 1010, 990, 1000)};
    s1_instrument traded = instrument;
    traded.tick_size = dec("0.1");
    const s1_matching_options options = {
        .instrument = &traded,
        .rules =
            s1_fill_rules_of(item->preset == 0 ? S1_PRESET_NEXT_OPEN : item->preset, &item->rules),
        .ambiguity = S1_AMBIGUITY_STOP_FIRST,
        .slippage = dec(item->slippage == NULL ? "0" : item->slippage),
        .orders_max = 8};
    const s1_order_listener listener = listener_of(&heard);
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_order order = {.order_id = {{{1}}},
                            .trade_id = {{{1}}},
                            .side = item->side,
                            .type = item->type,
                            .role = S1_ROLE_ENTRY,
                            .time_in_force = item->tif == 0 ? S1_TIF_GTC : item->tif,
                            .post_only = item->post_only,
                            .quantity = dec("2"),
                            .price = dec(item->price == NULL ? "0" : item->price),
                            .limit = dec(item->limit == NULL ? "0" : item->limit)};
    assert_int_equal(s1_matching_submit(heard.engine, &order, &heard.last, &err), S1_OK);
    for (size_t i = 0; i < 2 && item->bars[i].open != 0; i++) {
        s1_bar bar = item->bars[i];
        bar.volume = item->volumes[i] < 0 ? 0 : 7;
        heard.last = bar;
        assert_int_equal(s1_matching_bar(heard.engine, &bar, &err), S1_OK);
    }
    char joined[EVENTS_MAX * 98] = "";
    for (int i = 0; i < heard.count; i++) {
        (void)strcat(strcat(joined, i == 0 ? "" : "; "), heard.lines[i]);
    }
    if (strcmp(joined, item->expected) != 0) {
        fail_msg("%s: found '%s', expected '%s'", item->name, joined, item->expected);
    }
    s1_matching_free(heard.engine);
}

static void test_what_a_bar_cannot_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        run_cell(&cells[i]);
    }
}

/* An order with a cash_fraction has the quantity the listener gives it, at the price with
 * slippage. */
static void test_sized_as_it_fills(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    ear heard = {0};
    s1_instrument traded = instrument;
    traded.tick_size = dec("0.1");
    const s1_matching_options options = {.instrument = &traded,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .slippage = dec("0.001"),
                                         .taker_fee = dec("0.01"),
                                         .orders_max = 8};
    const s1_order_listener listener = listener_of(&heard);
    assert_int_equal(s1_matching_new(&options, &listener, &heard.engine, &err), S1_OK);
    const s1_order order = {.order_id = {{{1}}},
                            .side = S1_BUY,
                            .type = S1_ORDER_MARKET,
                            .role = S1_ROLE_ENTRY,
                            .quantity = dec("2"),
                            .cash_fraction = dec("1")};
    const s1_bar cheap = bar_of(1000, 1000, 1000, 1000);
    const s1_bar dear = bar_of(1999, 2000, 1999, 2000);
    assert_int_equal(s1_matching_submit(heard.engine, &order, &cheap, &err), S1_OK);
    assert_int_equal(s1_matching_bar(heard.engine, &cheap, &err), S1_OK);
    assert_string_equal(heard.lines[0], "entry 100.1 OPEN");
    assert_true(s1_dec_eq(heard.fee, dec("3.003")));
    assert_int_equal(s1_matching_submit(heard.engine, &order, &cheap, &err), S1_OK);
    assert_int_equal(s1_matching_bar(heard.engine, &dear, &err), S1_OK);
    assert_string_equal(heard.lines[1], "entry REJECTED SIZE_BELOW_MINIMUM");
    s1_matching_free(heard.engine);
}

/* Every preset sets every knob, and a change replaces just what it names. */
static void test_presets_are_whole(void **state)
{
    (void)state;
    for (int32_t preset = 1; preset < S1_FILL_PRESET_COUNT; preset++) {
        const s1_fill_rules change = {.path = S1_PATH_NEAREST};
        const s1_fill_rules rules = s1_fill_rules_of(preset, NULL);
        s1_fill_rules changed = s1_fill_rules_of(preset, &change);
#define X(field, MAP) assert_true(rules.field > 0);
        S1_FILL_KNOB_MAP(X)
#undef X
        assert_int_equal(changed.path, S1_PATH_NEAREST);
        changed.path = rules.path;
        assert_memory_equal(&changed, &rules, sizeof rules);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decision_table),
        cmocka_unit_test(test_what_a_bar_cannot_decide),
        cmocka_unit_test(test_sized_as_it_fills),
        cmocka_unit_test(test_presets_are_whole),
        cmocka_unit_test(test_ends_and_icebergs),
        cmocka_unit_test(test_poor_trader_is_rejected),
        cmocka_unit_test(test_fees_modify_and_limits),
    };
    return cmocka_run_group_tests_name("matching_engine", tests, NULL, NULL);
}
