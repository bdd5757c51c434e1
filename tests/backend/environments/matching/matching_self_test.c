/* Self-trade prevention: each row of the table in docs/matching.md, an order that rests and one
 * that comes after it and would meet it. */
#include "backend/environments/matching/matching_engine.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <string.h>

#define LINES_MAX 8

typedef struct ear {
    char lines[LINES_MAX][64];
    int count;
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

static s1_rc on_fill(void *self, const s1_order *order, const s1_fill *fill, s1_err *err)
{
    ear *const heard = self;
    (void)err;
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s",
                   order->order_id.uid.bytes[0] == 1 ? "old" : "new",
                   s1_fill_rule_name(fill->rule));
    return S1_OK;
}

static s1_rc on_state(void *self, const s1_order *order, s1_str reason, s1_nanos time, s1_err *err)
{
    ear *const heard = self;
    (void)time, (void)err;
    if (order->state != S1_ORDER_ACCEPTED) {
        (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s %s%s%.*s",
                       order->order_id.uid.bytes[0] == 1 ? "old" : "new",
                       s1_order_state_name(order->state), reason.len > 0 ? " " : "",
                       S1_STR_ARG(reason));
    }
    return S1_OK;
}

static s1_rc on_amended(void *self, const s1_order *order, s1_str reason, s1_nanos time,
                        s1_err *err)
{
    ear *const heard = self;
    char left[S1_DEC_TEXT_MAX];
    (void)time, (void)err;
    (void)s1_dec_print(order->quantity, left);
    (void)snprintf(heard->lines[heard->count++], sizeof heard->lines[0], "%s to %s %.*s",
                   order->order_id.uid.bytes[0] == 1 ? "old" : "new", left, S1_STR_ARG(reason));
    return S1_OK;
}

/* A resting sell limit at 105 of 3, then a buy limit of 2. Nothing fills: the market is at 100 and
 * the orders work from the next bar on. */
typedef struct row {
    const char *name;
    int32_t policy;
    int32_t old_role, new_role;
    const char *new_price, *new_quantity;
    const char *expected;
} row;

#define IN  S1_ROLE_ENTRY
#define OUT S1_ROLE_TAKE_PROFIT

static const row rows[] = {
    {"allow", S1_SELF_TRADE_ALLOW, IN, IN, "106", "2", ""},
    {"below it they do not meet", S1_SELF_TRADE_CANCEL_BOTH, IN, IN, "104.9", "2", ""},
    {"at it they do", S1_SELF_TRADE_CANCEL_NEWEST, IN, IN, "105", "2", "new CANCELED SELF_TRADE"},
    {"newest", S1_SELF_TRADE_CANCEL_NEWEST, IN, IN, "106", "2", "new CANCELED SELF_TRADE"},
    {"oldest", S1_SELF_TRADE_CANCEL_OLDEST, IN, IN, "106", "2", "old CANCELED SELF_TRADE"},
    {"both", S1_SELF_TRADE_CANCEL_BOTH, IN, IN, "106", "2",
     "old CANCELED SELF_TRADE; new CANCELED SELF_TRADE"},
    {"decrement: the smaller goes, the other is smaller by it", S1_SELF_TRADE_DECREMENT, IN, IN,
     "106", "2", "old to 1 SELF_TRADE; new CANCELED SELF_TRADE"},
    {"decrement: the older is the smaller", S1_SELF_TRADE_DECREMENT, IN, IN, "106", "5",
     "old CANCELED SELF_TRADE; new to 2 SELF_TRADE"},
    {"decrement: as large", S1_SELF_TRADE_DECREMENT, IN, IN, "106", "3",
     "old CANCELED SELF_TRADE; new CANCELED SELF_TRADE"},
    {"a target that rests stays: the entry goes", S1_SELF_TRADE_CANCEL_OLDEST, OUT, IN, "106", "2",
     "new CANCELED SELF_TRADE"},
    {"a target that comes stays: the entry goes", S1_SELF_TRADE_CANCEL_NEWEST, IN, OUT, "106", "2",
     "old CANCELED SELF_TRADE"},
    {"both, with a target", S1_SELF_TRADE_CANCEL_BOTH, OUT, IN, "106", "2",
     "new CANCELED SELF_TRADE"},
    {"decrement, with a target", S1_SELF_TRADE_DECREMENT, OUT, IN, "106", "5",
     "new to 2 SELF_TRADE"},
    {"two targets are let be", S1_SELF_TRADE_CANCEL_BOTH, OUT, OUT, "106", "2", ""},
};

static s1_order order_of(uint8_t id, int32_t role, int32_t side, const char *price,
                         const char *quantity)
{
    return (s1_order){.order_id = {{{id}}},
                      .trade_id = {{{id}}},
                      .side = side,
                      .type = S1_ORDER_LIMIT,
                      .role = role,
                      .time_in_force = S1_TIF_GTC,
                      .quantity = dec(quantity),
                      .price = dec(price)};
}

static const s1_instrument instrument = {.size = sizeof instrument, .price_scale = 1};
static const s1_bar last = {.open = 1000, .high = 1000, .low = 1000, .close = 1000, .volume = 7};

static s1_matching_engine *engine_of(ear *heard, int32_t policy)
{
    s1_err err = S1_ERR_INIT;
    const s1_fill_rules change = {.self_trade = policy};
    const s1_matching_options options = {.instrument = &instrument,
                                         .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, &change),
                                         .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                         .orders_max = 4};
    const s1_order_listener listener = {.self = heard,
                                        .on_before_fill = on_before_fill,
                                        .on_fill = on_fill,
                                        .on_state = on_state,
                                        .on_amended = on_amended};
    s1_matching_engine *engine = NULL;
    assert_int_equal(s1_matching_new(&options, &listener, &engine, &err), S1_OK);
    return engine;
}

static void expect(const ear *heard, const char *name, const char *expected)
{
    char joined[LINES_MAX * 66] = "";
    for (int i = 0; i < heard->count; i++) {
        (void)strcat(strcat(joined, i == 0 ? "" : "; "), heard->lines[i]);
    }
    if (strcmp(joined, expected) != 0) {
        fail_msg("%s: found '%s', expected '%s'", name, joined, expected);
    }
}

static void test_each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s1_err err = S1_ERR_INIT;
        ear heard = {0};
        s1_matching_engine *const engine = engine_of(&heard, rows[i].policy);
        const s1_order old = order_of(1, rows[i].old_role, S1_SELL, "105", "3");
        const s1_order young =
            order_of(2, rows[i].new_role, S1_BUY, rows[i].new_price, rows[i].new_quantity);
        assert_int_equal(s1_matching_submit(engine, &old, &last, &err), S1_OK);
        assert_int_equal(s1_matching_submit(engine, &young, &last, &err), S1_OK);
        expect(&heard, rows[i].name, rows[i].expected);
        s1_matching_free(engine);
    }
    print_message("%zu rows of self-trade prevention\n", sizeof rows / sizeof rows[0]);
}

/* An amendment and a trigger bring an order to the book as a submission does. */
static void test_amended_and_triggered(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    ear heard = {0};
    s1_matching_engine *engine = engine_of(&heard, S1_SELF_TRADE_CANCEL_NEWEST);
    const s1_order old = order_of(1, IN, S1_SELL, "105", "3");
    s1_order young = order_of(2, IN, S1_BUY, "99", "2");
    assert_int_equal(s1_matching_submit(engine, &old, &last, &err), S1_OK);
    assert_int_equal(s1_matching_submit(engine, &young, &last, &err), S1_OK);
    expect(&heard, "apart", "");
    const s1_order_change change = {.order_id = {{{2}}}, .price = dec("105"), .quantity = dec("2")};
    assert_int_equal(s1_matching_amend(engine, &change, 0, &last, &err), S1_OK);
    expect(&heard, "amended", "new to 2 ; new CANCELED SELF_TRADE");
    s1_matching_free(engine);
    heard = (ear){0};
    engine = engine_of(&heard, S1_SELF_TRADE_CANCEL_NEWEST);
    young.type = S1_ORDER_STOP_LIMIT;
    young.price = dec("102");
    young.limit = dec("106");
    assert_int_equal(s1_matching_submit(engine, &old, &last, &err), S1_OK);
    assert_int_equal(s1_matching_submit(engine, &young, &last, &err), S1_OK);
    expect(&heard, "a stop is not in the book", "");
    const s1_bar bar = {.open = 1000, .high = 1030, .low = 1000, .close = 1030, .volume = 7};
    assert_int_equal(s1_matching_bar(engine, &bar, &err), S1_OK);
    expect(&heard, "triggered", "new TRIGGERED; new CANCELED SELF_TRADE");
    s1_matching_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row),
        cmocka_unit_test(test_amended_and_triggered),
    };
    return cmocka_run_group_tests_name("matching_self", tests, NULL, NULL);
}
