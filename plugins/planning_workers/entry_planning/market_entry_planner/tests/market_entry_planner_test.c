/* market_entry_planner: the price, and each reason to refuse. */
#include "tests/plugins/expect.h"

static s1_instrument eurusd(uint32_t flags)
{
    return (s1_instrument){
        .size = sizeof(s1_instrument),
        .flags = flags,
        .price_scale = 5,
        .qty_scale = 2,
        .asset_pair = S1_STR("EUR/USD"),
        .base = S1_STR("EUR"),
        .quote = S1_STR("USD"),
        .tick_size = s1_dec_from_mantissa(1, 5),
        .lot_size = s1_dec_from_mantissa(1, 2),
        .leverage = S1_DEC_ONE,
    };
}

static void enters_at_the_close(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const planner = s1_harness_add(h, "market_entry_planner", NULL);
    s1_harness_bar(h, 1.1, 1.2, 1.0, 1.07123, 1);
    s1_plan plan = {0};
    const s1_verdict verdict = expect_plan(h, planner, S1_LONG, &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.entry_price, "1.07123");
    assert_int_equal(plan.entry_type, S1_ORDER_MARKET);
    s1_harness_free(h);
}

static void shorts_need_margin(void **state)
{
    (void)state;
    for (uint32_t margin = 0; margin < 2; margin++) {
        const s1_instrument instrument = eurusd(margin ? S1_INSTRUMENT_MARGIN : 0);
        s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = &instrument});
        s1_worker *const planner = s1_harness_add(h, "market_entry_planner", NULL);
        s1_harness_close(h, 1.1);
        s1_plan plan = {0};
        const s1_verdict verdict = expect_plan(h, planner, S1_SHORT, &plan);
        if (margin) {
            expect_passed(&verdict);
            EXPECT_DEC(plan.entry_price, "1.1");
        } else {
            expect_rejected(&verdict, "SHORT_NOT_ALLOWED", NAN, NAN);
            assert_true(s1_dec_is_zero(plan.entry_price));
        }
        s1_harness_free(h);
    }
}

static void directions_are_switched_off(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const only_long = s1_harness_add(h, "market_entry_planner", "{directions: long}");
    s1_harness_close(h, 1.1);
    s1_plan plan = {0};
    const s1_verdict verdict = expect_plan(h, only_long, S1_SHORT, &plan);
    expect_rejected(&verdict, "DIRECTION_DISABLED", NAN, NAN);
    s1_harness_free(h);

    s1_harness *const g = s1_harness_new(NULL);
    s1_worker *const only_short = s1_harness_add(g, "market_entry_planner", "{directions: short}");
    s1_harness_close(g, 1.1);
    const s1_verdict other = expect_plan(g, only_short, S1_LONG, &plan);
    expect_rejected(&other, "DIRECTION_DISABLED", NAN, NAN);
    s1_harness_free(g);
}

/* Limit 2: a position and a working entry are two; one that is being closed makes room. */
static void positions_are_limited(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const planner = s1_harness_add(h, "market_entry_planner", "{max_open_positions: 2}");
    s1_harness_close(h, 1.1);
    s1_plan plan = {0};
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.1");
    s1_verdict verdict = expect_plan(h, planner, S1_LONG, &plan);
    expect_passed(&verdict);
    s1_harness_ledger(h)->pending_entries = 1;
    verdict = expect_plan(h, planner, S1_LONG, &plan);
    expect_rejected(&verdict, "POSITION_LIMIT", 2, 2);
    position->is_closing = 1;
    verdict = expect_plan(h, planner, S1_LONG, &plan);
    expect_passed(&verdict);
    s1_harness_free(h);
}

/* Only the listed types are entered: the others may still close something. */
static void signal_types(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const all = s1_harness_add(h, "market_entry_planner", NULL);
    s1_worker *made[2] = {NULL, NULL};
    const s1_harness_item items[] = {{.plugin = "market_entry_planner",
                                      .instance_id = "a",
                                      .params = "{signal_types: [x, test_signal]}"},
                                     {.plugin = "market_entry_planner",
                                      .instance_id = "b",
                                      .params = "{signal_types: [x, test]}"}};
    s1_err err = S1_ERR_INIT;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(s1_harness_try_add(h, &items[i], &made[i], &err), S1_OK);
    }
    s1_harness_close(h, 1.1);
    s1_plan plan = {0};
    s1_verdict verdict = expect_plan(h, all, S1_LONG, &plan);
    expect_passed(&verdict);
    verdict = expect_plan(h, made[0], S1_LONG, &plan);
    expect_passed(&verdict);
    plan = (s1_plan){0};
    verdict = expect_plan(h, made[1], S1_LONG, &plan);
    expect_rejected(&verdict, "SIGNAL_DISABLED", NAN, NAN);
    assert_true(s1_dec_is_zero(plan.entry_price));
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "market_entry_planner", "{max_open_positions: 0}", "max_open_positions");
    expect_refused(h, "market_entry_planner", "{directions: none}", "directions");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal_types),          cmocka_unit_test(enters_at_the_close),
        cmocka_unit_test(shorts_need_margin),    cmocka_unit_test(directions_are_switched_off),
        cmocka_unit_test(positions_are_limited), cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("market_entry_planner", tests, NULL, NULL);
}
