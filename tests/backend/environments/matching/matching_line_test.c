/* Latency: what reaches the venue when, and what the trader knows when. Bars are an hour long and
 * follow one another; a decision falls on the close of bar 0, at 1 h. */
#include "backend/environments/matching/matching_line.h"

#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define HOUR       (3600 * S1_NANOS_PER_SECOND)
#define EVENTS_MAX 32

typedef struct ear {
    char lines[EVENTS_MAX][96];
    int count;
    s1_matching_line *line;
    const char *stop; /* sent when the entry fills */
} ear;

static s1_dec dec(const char *text)
{
    s1_err err = S1_ERR_INIT;
    s1_dec value;
    assert_int_equal(s1_dec_parse((s1_str){text, strlen(text)}, &value, &err), S1_OK);
    return value;
}

/* "1h", "1h+5": hours, and nanoseconds beyond. */
static const char *when(s1_nanos time, char text[static 32])
{
    (void)snprintf(text, 32, "%lldh", (long long)(time / HOUR));
    if (time % HOUR != 0) {
        (void)snprintf(text + strlen(text), 24, "+%lld", (long long)(time % HOUR));
    }
    return text;
}

static s1_rc on_before_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    (void)self;
    (void)order;
    (void)fill;
    (void)err;
    return S1_OK;
}

static s1_order order_of(uint8_t id, int32_t role, int32_t side, int32_t type, const char *price,
                         s1_nanos now)
{
    return (s1_order){.order_id = {{{id}}},
                      .trade_id = {{{9}}},
                      .side = side,
                      .type = type,
                      .role = role,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = dec("1"),
                      .price = price != NULL ? dec(price) : S1_DEC_ZERO,
                      .submitted_at = now};
}

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX], time[32];
    price[s1_dec_print(fill->price, price)] = '\0';
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s %s @%s",
                   s1_order_role_name(order->role), price, s1_fill_rule_name(fill->rule),
                   when(fill->time, time));
    if (order->role == S1_ROLE_ENTRY && heard->stop != NULL) {
        const s1_order stop =
            order_of(20, S1_ROLE_STOP_LOSS, S1_SELL, S1_ORDER_STOP, heard->stop, fill->time);
        return s1_matching_line_submit(heard->line, &stop, err);
    }
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    char text[32];
    (void)err;
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s%s%.*s @%s",
                   s1_order_role_name(order->role), s1_order_state_name(order->state),
                   reason.len > 0 ? " " : "", S1_STR_ARG(reason), when(time, text));
    return S1_OK;
}

static const s1_instrument instrument = {
    .size = sizeof instrument, .price_scale = 1, .qty_scale = 0};

static s1_rc on_amended(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err)
{
    (void)reason;
    ear *const heard = self;
    char price[S1_DEC_TEXT_MAX];
    (void)err;
    (void)s1_dec_print(order->price, price);
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s AMENDED %s @%dh",
                   s1_order_role_name(order->role), price, (int)(time / HOUR));
    return S1_OK;
}

typedef struct venue {
    ear heard;
    s1_matching_engine *engine;
    s1_matching_line *line;
    int64_t bars; /* closed so far */
} venue;

static s1_order_listener listener_of(venue *v)
{
    return (s1_order_listener){.self = &v->heard,
                               .on_before_fill = on_before_fill,
                               .on_fill = on_fill,
                               .on_state = on_state,
                               .on_amended = on_amended};
}

static void open_venue(venue *v, const s1_fill_rules *changes, s1_latency latency)
{
    s1_err err = S1_ERR_INIT;
    *v = (venue){0};
    const s1_matching_options options = {
        .instrument = &instrument,
        .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, changes),
        .ambiguity = S1_AMBIGUITY_STOP_FIRST,
        .orders_max = 8,
    };
    const s1_order_listener listener = listener_of(v);
    assert_int_equal(s1_matching_new(&options, &listener, &v->engine, &err), S1_OK);
    const s1_matching_line_options line = {
        .latency = latency, .timeframe = HOUR, .commands_max = 3};
    assert_int_equal(s1_matching_line_new(v->engine, &listener, &line, &v->line, &err), S1_OK);
    v->heard.line = v->line;
}

static void close_venue(venue *v)
{
    s1_matching_line_free(v->line);
    s1_matching_free(v->engine);
}

/* The next bar, `skipped` hours after the one before. Prices in dimes. */
static void bar_after(venue *v, int64_t skipped, int64_t open, int64_t high, int64_t low,
                      int64_t close)
{
    s1_err err = S1_ERR_INIT;
    const s1_nanos start = (v->bars + skipped) * HOUR;
    v->bars += skipped + 1;
    const s1_bar bar = {start, start + HOUR, open, high, low, close, 1000};
    if (s1_matching_line_bar(v->line, &bar, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void bar(venue *v, int64_t open, int64_t high, int64_t low, int64_t close)
{
    bar_after(v, 0, open, high, low, close);
}

static void submit(venue *v, s1_order order)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_matching_line_submit(v->line, &order, &err), S1_OK);
}

/* What was heard since the last call, joined by "; ". */
static void expect(venue *v, const char *expected)
{
    char all[EVENTS_MAX * 98] = "";
    for (int i = 0; i < v->heard.count; i++) {
        (void)strcat(strcat(all, i > 0 ? "; " : ""), v->heard.lines[i]);
    }
    assert_string_equal(all, expected);
    v->heard.count = 0;
}

static void buy(venue *v, int32_t type, const char *price)
{
    submit(v, order_of(1, S1_ROLE_ENTRY, S1_BUY, type, price, v->bars * HOUR));
}

/* --- On the way there. -------------------------------------------------------------------------
 */

static void test_market_fills_at_the_next_open_it_can_see(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = 1});
    bar(&v, 1000, 1010, 990, 1000);
    buy(&v, S1_ORDER_MARKET, NULL);
    expect(&v, "");
    bar(&v, 1001, 1020, 980, 1002); /* opens 1 ns before it arrives */
    expect(&v, "entry ACCEPTED @2h");
    bar(&v, 1003, 1010, 990, 1000);
    expect(&v, "entry 100.3 OPEN @2h");
    close_venue(&v);
}

static void test_market_after_a_gap_sees_the_open(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.feed = HOUR / 2, .order = HOUR / 2});
    bar(&v, 1000, 1010, 990, 1000);
    buy(&v, S1_ORDER_MARKET, NULL);
    bar_after(&v, 1, 1001, 1020, 980, 1002); /* opens as it arrives: feed and order together */
    expect(&v, "entry ACCEPTED @2h; entry 100.1 OPEN @2h");
    close_venue(&v);
}

static void test_market_at_the_close_it_arrives_in(void **state)
{
    (void)state;
    static const int32_t timings[] = {S1_FILL_SAME_CLOSE, S1_FILL_NEXT_CLOSE};
    for (size_t i = 0; i < 2; i++) {
        venue v;
        open_venue(&v, &(s1_fill_rules){.market = timings[i]}, (s1_latency){.order = 1});
        bar(&v, 1000, 1010, 990, 1000);
        buy(&v, S1_ORDER_MARKET, NULL);
        expect(&v, "");
        bar(&v, 1001, 1020, 980, 1002);
        expect(&v, "entry ACCEPTED @2h; entry 100.2 CLOSE_NEXT @2h");
        close_venue(&v);
    }
}

static void test_limit_is_not_matched_inside_the_bar_it_arrives_in(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = 1});
    bar(&v, 1000, 1010, 990, 1000);
    buy(&v, S1_ORDER_LIMIT, "99");
    bar(&v, 1000, 1010, 980, 1000); /* touches it */
    expect(&v, "entry ACCEPTED @2h");
    bar(&v, 1000, 1010, 980, 1000);
    expect(&v, "entry 99 LIMIT_TOUCH @3h");
    close_venue(&v);
}

static void test_limit_at_the_close_it_arrives_in(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.arrival = S1_ARRIVAL_CLOSE}, (s1_latency){.order = 1});
    bar(&v, 1000, 1010, 970, 980); /* the close of the decision would fill it */
    buy(&v, S1_ORDER_LIMIT, "99");
    bar(&v, 1000, 1010, 980, 1000);
    expect(&v, "entry ACCEPTED @2h");
    bar(&v, 1000, 1010, 995, 1000);
    buy(&v, S1_ORDER_LIMIT, "101");
    bar(&v, 1000, 1020, 995, 1005);
    expect(&v, "entry ACCEPTED @4h; entry 100.5 CLOSE @4h");
    close_venue(&v);
}

static void test_time_is_up_on_the_way(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.market = S1_FILL_SAME_CLOSE}, (s1_latency){.order = HOUR / 2});
    bar(&v, 1000, 1010, 990, 1000);
    s1_order order = order_of(1, S1_ROLE_ENTRY, S1_BUY, S1_ORDER_MARKET, NULL, HOUR);
    order.expires_at = 2 * HOUR;
    submit(&v, order);
    bar(&v, 1000, 1010, 980, 1000);
    expect(&v, "entry ACCEPTED @2h; entry EXPIRED TIME_UP @2h");
    close_venue(&v);
}

static s1_rc cancel(venue *v, uint8_t id)
{
    s1_err err = S1_ERR_INIT;
    return s1_matching_line_cancel(v->line, (s1_order_id){{{id}}}, S1_STR("CALLED_OFF"),
                                   v->bars * HOUR, &err);
}

static void test_cancel_takes_the_way_too(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = 1});
    buy(&v, S1_ORDER_LIMIT, "99"); /* at 0 h */
    bar(&v, 1000, 1010, 995, 1000);
    expect(&v, "entry ACCEPTED @1h");
    assert_int_equal(cancel(&v, 1), S1_OK);
    bar(&v, 1000, 1010, 995, 1000);
    expect(&v, "entry CANCELED CALLED_OFF @2h");
    close_venue(&v);
}

static s1_rc amend(venue *v, const char *price, const char *quantity)
{
    s1_err err = S1_ERR_INIT;
    const s1_order_change change = {
        .order_id = {{{1}}}, .price = dec(price), .quantity = dec(quantity)};
    return s1_matching_line_amend(v->line, &change, v->bars * HOUR, &err);
}

/* Until the word is there the old price counts; then the order is as new. */
static void test_amendment_takes_the_way_too(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = 1});
    buy(&v, S1_ORDER_LIMIT, "98");
    bar(&v, 1000, 1010, 995, 1000);
    expect(&v, "entry ACCEPTED @1h");
    assert_int_equal(amend(&v, "101", "2"), S1_OK);
    bar(&v, 1000, 1010, 985, 1000);
    expect(&v, "entry AMENDED 101 @2h");
    bar(&v, 1005, 1010, 985, 1000);
    expect(&v, "entry 100.5 OPEN_MARKETABLE @2h");
    buy(&v, S1_ORDER_LIMIT, "99");
    bar(&v, 1000, 1010, 995, 1000);
    expect(&v, "entry ACCEPTED @4h");
    assert_int_equal(amend(&v, "97", "2"), S1_OK);
    bar(&v, 1000, 1010, 985, 1000); /* opened before it was there: counts whole */
    expect(&v, "entry 99 LIMIT_TOUCH @5h");
    bar(&v, 1000, 1010, 960, 1000);
    expect(&v, "");
    close_venue(&v);
}

static void test_cancel_comes_too_late(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = 1});
    buy(&v, S1_ORDER_LIMIT, "99");
    bar(&v, 1000, 1010, 995, 1000);
    expect(&v, "entry ACCEPTED @1h");
    assert_int_equal(cancel(&v, 1), S1_OK);
    bar(&v, 1000, 1010, 980, 1000); /* opened before it was there: counts whole */
    expect(&v, "entry 99 LIMIT_TOUCH @2h");
    bar(&v, 1000, 1010, 980, 1000);
    expect(&v, "");
    close_venue(&v);
}

static void test_stop_moves_when_the_word_is_there(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = 1});
    v.heard.stop = "95";
    buy(&v, S1_ORDER_MARKET, NULL);
    bar(&v, 1000, 1010, 995, 1000);
    bar(&v, 1000, 1010, 995, 1000);
    /* The stop lies at the venue, and takes no way. */
    expect(&v, "entry ACCEPTED @1h; entry 100 OPEN @1h; stop_loss ACCEPTED @1h");
    assert_int_equal(s1_matching_line_modify(v.line, (s1_order_id){{{20}}}, dec("98"), dec("7"),
                                             v.bars * HOUR, &err),
                     S1_OK);
    bar(&v, 1000, 1010, 975, 1000); /* the old stop counts in this bar */
    expect(&v, "");
    const s1_order *const stop =
        s1_matching_find(v.engine, (s1_trade_id){{{9}}}, S1_ROLE_STOP_LOSS);
    assert_true(s1_dec_eq(stop->price, dec("98")) && s1_dec_eq(stop->quantity, dec("1")));
    bar(&v, 1000, 1010, 975, 1000);
    expect(&v, "stop_loss 98 STOP_TOUCH @4h");
    close_venue(&v);
}

/* --- On the way back. --------------------------------------------------------------------------
 */

static void test_open_is_known_at_once_the_inside_a_bar_later(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.response = 1});
    v.heard.stop = "98";
    buy(&v, S1_ORDER_MARKET, NULL);
    bar(&v, 1000, 1010, 975, 1000); /* fills at the open, stops out inside */
    expect(&v, "entry ACCEPTED @0h; entry 100 OPEN @0h; stop_loss ACCEPTED @0h");
    bar(&v, 1000, 1010, 995, 1000);
    expect(&v, "stop_loss 98 STOP_TOUCH @1h");
    close_venue(&v);
}

static void test_response_of_a_whole_bar(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, NULL, (s1_latency){.response = HOUR});
    bar(&v, 1000, 1010, 975, 1000);
    buy(&v, S1_ORDER_MARKET, NULL);
    bar(&v, 1001, 1010, 995, 1000);
    expect(&v, "entry ACCEPTED @1h; entry 100.1 OPEN @1h");
    close_venue(&v);
}

/* The close of a decision is never matched before the decision: what fills there is known late. */
static void test_same_close_with_a_response(void **state)
{
    (void)state;
    venue v;
    open_venue(&v, &(s1_fill_rules){.market = S1_FILL_SAME_CLOSE},
               (s1_latency){.order = 1, .response = 1});
    bar(&v, 1000, 1010, 975, 1000);
    buy(&v, S1_ORDER_MARKET, NULL);
    bar(&v, 1001, 1010, 995, 1002);
    expect(&v, "");
    bar(&v, 1003, 1010, 995, 1004);
    expect(&v, "entry ACCEPTED @2h; entry 100.2 CLOSE_NEXT @2h");
    close_venue(&v);
}

/* --- From a callback, and errors. --------------------------------------------------------------
 */

/* An exit still on its way when the stop ends the trade: the callback withdraws it. */
static s1_rc withdraw_exit(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    S1_TRY(err, on_fill(self, order, fill, err));
    return order->role == S1_ROLE_STOP_LOSS
               ? s1_matching_line_cancel(heard->line, (s1_order_id){{{3}}},
                                         S1_STR("POSITION_CLOSED"), fill->time, err)
               : S1_OK;
}

static void test_order_withdrawn_on_its_way(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    venue v = {0};
    const s1_matching_options options = {.instrument = &instrument,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 8};
    s1_order_listener listener = listener_of(&v);
    listener.on_fill = withdraw_exit;
    assert_int_equal(s1_matching_new(&options, &listener, &v.engine, &err), S1_OK);
    const s1_matching_line_options line = {
        .latency = {.order = 1}, .timeframe = HOUR, .commands_max = 3};
    assert_int_equal(s1_matching_line_new(v.engine, &listener, &line, &v.line, &err), S1_OK);
    v.heard.line = v.line;
    v.heard.stop = "98";
    buy(&v, S1_ORDER_MARKET, NULL);
    bar(&v, 1000, 1010, 995, 1000);
    bar(&v, 1000, 1010, 995, 1000);
    v.heard.count = 0;
    submit(&v, order_of(3, S1_ROLE_EXIT, S1_SELL, S1_ORDER_MARKET, NULL, v.bars * HOUR));
    bar(&v, 1000, 1010, 970, 1000);
    expect(&v, "stop_loss 98 STOP_TOUCH @3h; exit CANCELED POSITION_CLOSED @3h");
    bar(&v, 1000, 1010, 970, 1000);
    expect(&v, "");
    close_venue(&v);
}

static void test_errors(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    venue v;
    open_venue(&v, NULL, (s1_latency){.order = HOUR});
    const s1_order_listener listener = listener_of(&v);
    s1_matching_line *line = NULL;
    const s1_matching_line_options slow = {
        .latency = {.response = HOUR + 1}, .timeframe = HOUR, .commands_max = 1};
    assert_int_equal(s1_matching_line_new(v.engine, &listener, &slow, &line, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "at most one bar"));
    const s1_matching_line_options back = {
        .latency = {.order = -1}, .timeframe = HOUR, .commands_max = 1};
    assert_int_equal(s1_matching_line_new(v.engine, &listener, &back, &line, &err), S1_E_INVALID);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(cancel(&v, 1), S1_OK);
    }
    assert_int_equal(cancel(&v, 1), S1_E_NO_MEMORY);
    const s1_latency none = {0};
    assert_false(s1_latency_is_any(&none));
    close_venue(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_market_fills_at_the_next_open_it_can_see),
        cmocka_unit_test(test_market_after_a_gap_sees_the_open),
        cmocka_unit_test(test_market_at_the_close_it_arrives_in),
        cmocka_unit_test(test_limit_is_not_matched_inside_the_bar_it_arrives_in),
        cmocka_unit_test(test_limit_at_the_close_it_arrives_in),
        cmocka_unit_test(test_time_is_up_on_the_way),
        cmocka_unit_test(test_cancel_takes_the_way_too),
        cmocka_unit_test(test_amendment_takes_the_way_too),
        cmocka_unit_test(test_cancel_comes_too_late),
        cmocka_unit_test(test_stop_moves_when_the_word_is_there),
        cmocka_unit_test(test_open_is_known_at_once_the_inside_a_bar_later),
        cmocka_unit_test(test_response_of_a_whole_bar),
        cmocka_unit_test(test_same_close_with_a_response),
        cmocka_unit_test(test_order_withdrawn_on_its_way),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests_name("matching_line", tests, NULL, NULL);
}
