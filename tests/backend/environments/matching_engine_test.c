/* The matching rules as a decision table: one order (or bracket) against one or two bars. */
#include "backend/environments/matching_engine.h"

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
     "entry 98 LIMIT_TOUCH maker; take_profit 105 LIMIT_TOUCH maker"},
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
                                         .timing = item->timing,
                                         .ambiguity = item->ambiguity,
                                         .slippage = dec(item->slippage),
                                         .maker_fee = dec("0"),
                                         .taker_fee = dec("0.001"),
                                         .orders_max = 8};
    const s1_order_listener listener = {&heard, on_before_fill, on_fill, on_state};
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
                                         .timing = S1_FILL_NEXT_OPEN,
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 8};
    const s1_order_listener listener = {&heard, on_before_fill, on_fill, on_state};
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
                                         .timing = S1_FILL_NEXT_OPEN,
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .maker_fee = dec("0.002"),
                                         .taker_fee = dec("0.001"),
                                         .orders_max = 1};
    const s1_order_listener listener = {&heard, on_before_fill, on_fill, on_state};
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
                                         .timing = S1_FILL_NEXT_OPEN,
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 8};
    const s1_order_listener listener = {&heard, on_before_fill, on_fill, on_state};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decision_table),
        cmocka_unit_test(test_ends_and_icebergs),
        cmocka_unit_test(test_poor_trader_is_rejected),
        cmocka_unit_test(test_fees_modify_and_limits),
    };
    return cmocka_run_group_tests_name("matching_engine", tests, NULL, NULL);
}
