/* What a fill costs and how much of a bar there is: a case for each formula of fill_costs.h and for
 * each line of the tables "Volume" and "Slippage" of docs/matching.md. */
#include "backend/environments/matching/matching_engine.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define HOUR       (3600 * S1_NANOS_PER_SECOND)
#define EVENTS_MAX 64

typedef struct venue {
    char lines[EVENTS_MAX][96];
    int count;
    s1_matching_engine *engine;
    int64_t bars;
    s1_bar last;
    const char *sized; /* what on_size answers */
} venue;

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    assert_int_equal(s1_dec_parse((s1_str){text, strlen(text)}, &value, &err), S1_OK);
    return value;
}

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self;
    (void)order;
    (void)fill;
    (void)err;
    return S1_OK;
}

/* "entry 3@100.5 OPEN", and what is left of it. */
static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    venue *const v = self;
    char price[S1_DEC_TEXT_MAX], quantity[S1_DEC_TEXT_MAX], left[S1_DEC_TEXT_MAX];
    (void)err;
    assert_true(v->count < EVENTS_MAX);
    (void)s1_dec_print(fill->price, price);
    (void)s1_dec_print(fill->quantity, quantity);
    (void)s1_dec_print(s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled)),
                       left);
    (void)snprintf(v->lines[v->count++], sizeof v->lines[0], "%s %s@%s %s%s%s",
                   s1_order_role_name(order->role), quantity, price, s1_fill_rule_name(fill->rule),
                   order->state == S1_ORDER_FILLED ? "" : " left ",
                   order->state == S1_ORDER_FILLED ? "" : left);
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    venue *const v = self;
    (void)time;
    (void)err;
    if (order->state != S1_ORDER_ACCEPTED && order->state != S1_ORDER_CANCELED) {
        (void)snprintf(v->lines[v->count++], sizeof v->lines[0], "%s %s %.*s",
                       s1_order_role_name(order->role), s1_order_state_name(order->state),
                       S1_STR_ARG(reason));
    }
    return S1_OK;
}

static s1_rc on_size(void *self, const s1_order *order, s1_dec price, s1_dec *ret_quantity,
                     s1_err *err)
{
    const venue *const v = self;
    (void)order;
    (void)price;
    (void)err;
    *ret_quantity = dec(v->sized);
    return S1_OK;
}

static s1_instrument instrument_of(const char *tick, const char *lot)
{
    return (s1_instrument){.size = sizeof(s1_instrument),
                           .price_scale = 2,
                           .qty_scale = 1,
                           .tick_size = dec(tick),
                           .lot_size = dec(lot)};
}

static s1_instrument instrument;

static void open_venue(venue *v, const s1_fill_rules *changes, s1_fill_costs costs)
{
    s1_err err = S1_ERR_INIT;
    *v = (venue){0};
    instrument = instrument_of("0.05", "1");
    const s1_matching_options options = {.instrument = &instrument,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, changes),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .costs = costs,
                                         .orders_max = 16};
    const s1_order_listener listener = {.self = v,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_size = on_size};
    assert_int_equal(s1_matching_new(&options, &listener, &v->engine, &err), S1_OK);
}

/* Prices in cents, volume in whole units. */
static void bar(venue *v, int64_t open, int64_t high, int64_t low, int64_t close, int64_t volume)
{
    s1_err err = S1_ERR_INIT;
    const s1_nanos start = v->bars++ * HOUR;
    v->last = (s1_bar){start, start + HOUR, open, high, low, close, volume * 10};
    if (s1_matching_bar(v->engine, &v->last, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void flat(venue *v, int64_t price, int64_t volume)
{
    bar(v, price, price, price, price, volume);
}

static s1_order order_of(uint8_t id, int32_t role, int32_t side, int32_t type, const char *quantity,
                         const char *price)
{
    return (s1_order){.order_id = {{{id, 7, 3, id, 0, 0, 0, 1, id}}},
                      .trade_id = {{{id}}},
                      .side = side,
                      .type = type,
                      .role = role,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = dec(quantity),
                      .price = price != NULL ? dec(price) : S1_DEC_ZERO};
}

static void submit(venue *v, s1_order order)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_matching_submit(v->engine, &order, &v->last, &err), S1_OK);
}

static void buy(venue *v, uint8_t id, const char *quantity)
{
    submit(v, order_of(id, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_MARKET, quantity, NULL));
}

static void expect(venue *v, const char *expected)
{
    char all[EVENTS_MAX * 98] = "";
    for (int i = 0; i < v->count; i++) {
        (void)strcat(strcat(all, i > 0 ? "; " : ""), v->lines[i]);
    }
    assert_string_equal(all, expected);
    v->count = 0;
}

static s1_fill_costs tenth(void)
{
    return (s1_fill_costs){.volume_share = dec("0.1")};
}

/* --- Volume. -----------------------------------------------------------------------------------
 */

static void test_market_carries_on_into_the_next_bar(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, tenth());
    flat(&v, 10000, 1000);
    buy(&v, 1, "25");
    flat(&v, 10000, 109); /* 10.9 of it: 10 lots */
    expect(&v, "entry 10@100 OPEN left 15");
    flat(&v, 10100, 9); /* not a lot */
    expect(&v, "");
    flat(&v, 10200, 100);
    expect(&v, "entry 10@102 OPEN left 5");
    flat(&v, 10300, 100);
    expect(&v, "entry 5@103 OPEN");
    s1_matching_free(v.engine);
}

static void test_rest_of_a_same_close_fills_at_the_next_open(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.market = S1_FILL_SAME_CLOSE}, tenth());
    bar(&v, 10000, 10000, 10000, 10050, 100);
    buy(&v, 1, "15");
    expect(&v, "entry 10@100.5 CLOSE left 5");
    bar(&v, 10100, 10100, 10100, 10150, 100);
    expect(&v, "entry 5@101 OPEN");
    s1_matching_free(v.engine);
}

static void test_rest_of_a_next_close_fills_at_the_next_close(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.market = S1_FILL_NEXT_CLOSE}, tenth());
    flat(&v, 10000, 100);
    buy(&v, 1, "15");
    bar(&v, 10100, 10200, 10100, 10150, 100);
    expect(&v, "entry 10@101.5 CLOSE_NEXT left 5");
    bar(&v, 10100, 10200, 10100, 10200, 100);
    expect(&v, "entry 5@102 CLOSE_NEXT");
    s1_matching_free(v.engine);
}

static void test_orders_share_a_bar_in_matching_order(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, tenth());
    flat(&v, 10000, 100);
    submit(&v, order_of(3, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "5", "99"));
    buy(&v, 1, "6");
    buy(&v, 2, "6");
    bar(&v, 10000, 10000, 9900, 10000, 100); /* the opens first, then the inside */
    expect(&v, "entry 6@100 OPEN; entry 4@100 OPEN left 2");
    bar(&v, 10000, 10000, 9900, 10000, 50);
    expect(&v, "entry 2@100 OPEN; entry 3@99 LIMIT_TOUCH left 2");
    bar(&v, 10000, 10000, 9900, 10000, 50);
    expect(&v, "entry 2@99 LIMIT_TOUCH");
    s1_matching_free(v.engine);
}

/* At its close too: what the bar gave inside is gone. */
static void test_close_shares_with_its_bar(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.market = S1_FILL_SAME_CLOSE}, tenth());
    flat(&v, 10000, 100);
    submit(&v, order_of(3, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "7", "99"));
    bar(&v, 10000, 10000, 9900, 10000, 100);
    buy(&v, 1, "6");
    expect(&v, "entry 7@99 LIMIT_TOUCH; entry 3@100 CLOSE left 3");
    s1_matching_free(v.engine);
}

static void test_ioc_ends_with_what_it_got(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, tenth());
    flat(&v, 10000, 100);
    s1_order order = order_of(1, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_MARKET, "15", NULL);
    order.time_in_force = S1_TIF_IOC;
    submit(&v, order);
    order = order_of(2, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "15", "101");
    order.time_in_force = S1_TIF_IOC;
    submit(&v, order);
    flat(&v, 10000, 100);
    expect(&v, "entry 10@100 OPEN left 5; entry EXPIRED NO_VOLUME; entry EXPIRED NO_VOLUME");
    flat(&v, 10000, 100);
    expect(&v, "");
    s1_matching_free(v.engine);
}

static void test_fok_is_all_or_nothing(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, tenth());
    flat(&v, 10000, 100);
    s1_order order = order_of(1, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_MARKET, "11", NULL);
    order.time_in_force = S1_TIF_FOK;
    submit(&v, order);
    order = order_of(2, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_MARKET, "10", NULL);
    order.time_in_force = S1_TIF_FOK;
    submit(&v, order);
    flat(&v, 10000, 100);
    expect(&v, "entry EXPIRED NO_VOLUME; entry 10@100 OPEN");
    s1_matching_free(v.engine);
}

/* What is left of a stop is a market order: it does not wait for its trigger again. */
static void test_stop_goes_on_at_market(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, tenth());
    flat(&v, 10000, 100);
    submit(&v, order_of(1, S1_ROLE_STOP_LOSS, S1_SELL, S1_ORDER_STOP, "15", "99"));
    bar(&v, 10000, 10000, 9800, 10000, 100);
    expect(&v, "stop_loss 10@99 STOP_TOUCH left 5");
    flat(&v, 10000, 100);
    expect(&v, "stop_loss 5@100 OPEN");
    s1_matching_free(v.engine);
}

/* On a path too, and a limit rests on. */
static void test_path_fills_once_a_bar(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.path = S1_PATH_OHLC}, tenth());
    flat(&v, 10000, 100);
    submit(&v, order_of(1, S1_ROLE_STOP_LOSS, S1_SELL, S1_ORDER_STOP, "15", "99"));
    submit(&v, order_of(2, S1_ROLE_ENTRY, S1_SELL, S1_ORDER_LIMIT, "8", "101"));
    bar(&v, 10000, 10100, 9800, 10000, 100); /* the limit first: high, then low */
    expect(&v, "entry 8@101 LIMIT_TOUCH; stop_loss 2@99 STOP_TOUCH left 13");
    s1_matching_free(v.engine);
}

static void test_sized_as_it_fills_keeps_its_size(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, tenth());
    v.sized = "13";
    flat(&v, 10000, 100);
    s1_order order = order_of(1, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_MARKET, "99", NULL);
    order.cash_fraction = dec("0.5");
    submit(&v, order);
    flat(&v, 10000, 100);
    v.sized = "1000"; /* not asked again */
    flat(&v, 10100, 100);
    expect(&v, "entry 10@100 OPEN left 3; entry 3@101 OPEN");
    s1_matching_free(v.engine);
}

/* Its venue says how much is left of an order, whatever was filled before. */
static void test_modify_says_what_is_left(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    venue v;
    open_venue(&v, NULL, tenth());
    flat(&v, 10000, 100);
    buy(&v, 1, "25");
    flat(&v, 10000, 100);
    expect(&v, "entry 10@100 OPEN left 15");
    const s1_order_id id =
        s1_matching_find(v.engine, (s1_trade_id){{{1}}}, S1_ROLE_ENTRY)->order_id;
    assert_int_equal(s1_matching_modify(v.engine, id, dec("1"), dec("3"), &err), S1_OK);
    flat(&v, 10000, 100);
    expect(&v, "entry 3@100 OPEN");
    s1_matching_free(v.engine);
}

/* Of each trade, where orders match on trades. */
static void test_trades_share_what_was_traded(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    venue v;
    open_venue(&v, NULL, (s1_fill_costs){.volume_share = dec("0.5")});
    flat(&v, 10000, 100);
    buy(&v, 1, "7");
    buy(&v, 2, "2");
    const s1_nanos times[] = {HOUR + 1, HOUR + 2, HOUR + 2};
    const int64_t prices[] = {10000, 10100, 10200};
    const int64_t quantities[] = {80, 60, 100}; /* tenths */
    const s1_trade_batch batch = {
        .time = times, .price = prices, .quantity = quantities, .count = 3};
    const s1_trade_flow flow = {
        .pieces = &batch, .piece_count = 1, .price_scale = 2, .qty_scale = 1};
    const s1_bar of_them = {HOUR, 2 * HOUR, 10000, 10200, 10000, 10200, 240};
    assert_int_equal(s1_matching_trades_orders(v.engine, &of_them, &flow, &err), S1_OK);
    expect(&v, "entry 4@100 TRADE left 3; entry 3@101 TRADE; entry 2@102 TRADE");
    s1_matching_free(v.engine);
}

/* --- Slippage. ---------------------------------------------------------------------------------
 */

typedef struct model_case {
    const char *name;
    int32_t model;
    const char *value, *volume_share;
    const char *bought, *sold; /* 10 each, on a bar of 100 at 100.00; the sale second */
} model_case;

static const model_case models[] = {
    {"fraction: 100 * 0.0012 = 0.12, to the tick", S1_SLIPPAGE_FRACTION, "0.0012", NULL, "100.15",
     "99.85"},
    {"fixed: 0.12", S1_SLIPPAGE_FIXED, "0.12", NULL, "100.15", "99.85"},
    {"fixed, a multiple of the tick", S1_SLIPPAGE_FIXED, "0.10", NULL, "100.1", "99.9"},
    {"ticks: 3 * 0.05", S1_SLIPPAGE_TICKS, "3", NULL, "100.15", "99.85"},
    {"spread: half of 0.20", S1_SLIPPAGE_SPREAD, "0.20", NULL, "100.1", "99.9"},
    /* 10 of 100: 100 * 10 * 0.1^2 = 10; then 20 of 100: 100 * 10 * 0.2^2 = 40 */
    {"volume_share grows with what was taken", S1_SLIPPAGE_VOLUME_SHARE, "10", NULL, "110", "60"},
    /* at most 0.15: 100 * 10 * 0.15^2 = 22.5; but only 5 of 10 are left to sell */
    {"volume_share, no more than the limit", S1_SLIPPAGE_VOLUME_SHARE, "10", "0.15", "110", "77.5"},
    {"chance of 1", S1_SLIPPAGE_CHANCE, "1", NULL, "100.05", "99.95"},
    {"chance of 0", S1_SLIPPAGE_CHANCE, "0", NULL, "100", "100"},
    {"no model", 0, "0", NULL, "100", "100"},
};

static void test_models(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        const model_case *const m = &models[i];
        venue v;
        char expected[96];
        open_venue(&v, NULL,
                   (s1_fill_costs){.model = m->model,
                                   .value = dec(m->value),
                                   .volume_share = dec(m->volume_share ? m->volume_share : "0")});
        flat(&v, 10000, 100);
        buy(&v, 1, "10");
        submit(&v, order_of(2, S1_ROLE_EXIT, S1_SELL, S1_ORDER_MARKET, "10", NULL));
        flat(&v, 10000, 100);
        (void)snprintf(expected, sizeof expected, "entry 10@%s OPEN; exit %s@%s OPEN%s", m->bought,
                       m->volume_share ? "5" : "10", m->sold, m->volume_share ? " left 5" : "");
        print_message("%s\n", m->name);
        expect(&v, expected);
        s1_matching_free(v.engine);
    }
}

/* A limit that takes pays no more than its limit; a maker nothing. */
static void test_limits_and_slippage(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_fill_costs){.model = S1_SLIPPAGE_TICKS, .value = dec("3")});
    flat(&v, 10000, 100);
    submit(&v, order_of(1, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "1", "100.1"));
    submit(&v, order_of(2, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "1", "99"));
    bar(&v, 10000, 10000, 9900, 10000, 100);
    expect(&v, "entry 1@100.1 OPEN_MARKETABLE; entry 1@99 LIMIT_TOUCH");
    s1_matching_free(v.engine);
}

/* The same seed and orders: the same luck. Of many orders about as many as the probability says. */
static void test_chance_is_the_runs_own(void **state)
{
    (void)state;
    char first[2][64] = {{0}};
    for (int run = 0; run < 2; run++) {
        for (int n = 0; n < 60; n++) {
            venue v;
            open_venue(
                &v, NULL,
                (s1_fill_costs){.model = S1_SLIPPAGE_CHANCE, .value = dec("0.3"), .seed = 11});
            flat(&v, 10000, 100);
            buy(&v, (uint8_t)(n + 1), "1");
            flat(&v, 10000, 100);
            first[run][n] = strstr(v.lines[0], "100.05") != NULL ? 'x' : '.';
            s1_matching_free(v.engine);
        }
    }
    assert_string_equal(first[0], first[1]);
    int slipped = 0;
    for (const char *at = first[0]; *at != '\0'; at++) {
        slipped += *at == 'x';
    }
    print_message("%d of 60 slipped\n", slipped);
    assert_in_range(slipped, 8, 30);
}

/* A touch fills by chance, anew in each bar; a price beyond the limit always. */
static void test_touch_by_chance(void **state)
{
    (void)state;
    int filled = 0;
    int bars = 0;
    for (int n = 0; n < 60; n++) {
        venue v;
        open_venue(&v, NULL, (s1_fill_costs){.touch_luck = dec("0.25"), .seed = 5});
        flat(&v, 10000, 100);
        submit(&v, order_of((uint8_t)(n + 1), S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "1", "99"));
        while (v.count == 0) {
            bar(&v, 10000, 10000, 9900, 10000, 100);
            bars++;
        }
        filled++;
        s1_matching_free(v.engine);
    }
    print_message("%d fills in %d touches\n", filled, bars);
    assert_in_range(bars, 150, 350);
    venue v;
    open_venue(&v, NULL, (s1_fill_costs){.touch_luck = dec("0.000000001")});
    flat(&v, 10000, 100);
    submit(&v, order_of(1, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_LIMIT, "1", "99"));
    bar(&v, 10000, 10000, 9900, 10000, 100);
    expect(&v, "");
    bar(&v, 10000, 10000, 9895, 10000, 100);
    expect(&v, "entry 1@99 LIMIT_TOUCH");
    s1_matching_free(v.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_market_carries_on_into_the_next_bar),
        cmocka_unit_test(test_rest_of_a_same_close_fills_at_the_next_open),
        cmocka_unit_test(test_rest_of_a_next_close_fills_at_the_next_close),
        cmocka_unit_test(test_orders_share_a_bar_in_matching_order),
        cmocka_unit_test(test_close_shares_with_its_bar),
        cmocka_unit_test(test_ioc_ends_with_what_it_got),
        cmocka_unit_test(test_fok_is_all_or_nothing),
        cmocka_unit_test(test_stop_goes_on_at_market),
        cmocka_unit_test(test_path_fills_once_a_bar),
        cmocka_unit_test(test_sized_as_it_fills_keeps_its_size),
        cmocka_unit_test(test_modify_says_what_is_left),
        cmocka_unit_test(test_trades_share_what_was_traded),
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_limits_and_slippage),
        cmocka_unit_test(test_chance_is_the_runs_own),
        cmocka_unit_test(test_touch_by_chance),
    };
    return cmocka_run_group_tests_name("matching_costs", tests, NULL, NULL);
}
