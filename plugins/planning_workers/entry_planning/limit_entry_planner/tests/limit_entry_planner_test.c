/* limit_entry_planner: limits by hand in each unit, and each reason to refuse. */
#include "tests/plugins/expect.h"

static s1_instrument with_margin(void)
{
    return (s1_instrument){
        .size = sizeof(s1_instrument),
        .flags = S1_INSTRUMENT_MARGIN,
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

/* Plans one entry at a close; the ATR of 7 bars is `atr`. */
static s1_verdict plan_it(const s1_instrument *instrument, const char *params, double close,
                          double atr, int32_t direction, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = instrument});
    s1_harness_feed(h, "atr_7");
    s1_harness_set(h, "atr_7", atr);
    s1_worker *const planner = s1_harness_add(h, "limit_entry_planner", params);
    s1_harness_close(h, close);
    *plan = (s1_plan){0};
    const s1_verdict verdict = expect_plan(h, planner, direction, plan);
    s1_harness_free(h);
    return verdict;
}

static void limits_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double close;
        int32_t direction;
        const char *limit;
    } cases[] = {
        {"{offset_by: ticks, offset_ticks: 10}", 1.07123, S1_LONG, "1.07113"},
        {"{offset_by: ticks, offset_ticks: 10}", 1.07123, S1_SHORT, "1.07133"},
        /* no offset is the price itself, however the double is stored */
        {"{offset_by: ticks, offset_ticks: 0}", 1.07123, S1_LONG, "1.07123"},
        {"{offset_by: ticks, offset_ticks: 0}", 1.07123, S1_SHORT, "1.07123"},
        {"{offset_by: percent, offset_percent: 0}", 1.1, S1_LONG, "1.1"},
        {"{offset_by: atr, offset_atr: 0, atr_period: 7}", 1.1, S1_SHORT, "1.1"},
        /* 1.07123 -/+ 0.00107123 */
        {NULL, 1.07123, S1_LONG, "1.07015"},
        {NULL, 1.07123, S1_SHORT, "1.07231"},
        {"{offset_percent: 2.5}", 2, S1_LONG, "1.95"},
        {"{offset_percent: 2.5}", 2, S1_SHORT, "2.05"},
        /* 1.07123 -/+ 0.5 * 0.00123 */
        {"{offset_by: atr, atr_period: 7}", 1.07123, S1_LONG, "1.07061"},
        {"{offset_by: atr, atr_period: 7}", 1.07123, S1_SHORT, "1.07185"},
    };
    const s1_instrument instrument = with_margin();
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_plan plan;
        const s1_verdict verdict = plan_it(&instrument, cases[k].params, cases[k].close, 0.00123,
                                           cases[k].direction, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.entry_price, cases[k].limit);
        assert_int_equal(plan.entry_type, S1_ORDER_LIMIT);
    }
}

/* Every price of 5 decimals: 7 ticks below and above, exactly. */
static void no_price_loses_a_tick(void **state)
{
    (void)state;
    const s1_instrument instrument = with_margin();
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = &instrument});
    s1_worker *const planner =
        s1_harness_add(h, "limit_entry_planner", "{offset_by: ticks, offset_ticks: 7}");
    for (int64_t ticks = 100000; ticks < 101500; ticks++) {
        s1_harness_close(h, (double)ticks / 1e5);
        s1_plan plan = {0};
        s1_verdict verdict = expect_plan(h, planner, S1_LONG, &plan);
        expect_passed(&verdict);
        assert_true(s1_dec_eq(plan.entry_price, s1_dec_from_mantissa(ticks - 7, 5)));
        verdict = expect_plan(h, planner, S1_SHORT, &plan);
        assert_true(s1_dec_eq(plan.entry_price, s1_dec_from_mantissa(ticks + 7, 5)));
    }
    s1_harness_free(h);
}

/* A tick coarser than the prices: the limit is a multiple of it, on the far side. */
static void coarse_ticks(void **state)
{
    (void)state;
    s1_instrument instrument = with_margin();
    instrument.tick_size = s1_dec_from_mantissa(25, 5);
    s1_plan plan;
    s1_verdict verdict = plan_it(&instrument, "{offset_by: ticks, offset_ticks: 2}", 1.07123, 0,
                                 S1_LONG, &plan); /* 1.07073 */
    expect_passed(&verdict);
    EXPECT_DEC(plan.entry_price, "1.0705");
    verdict = plan_it(&instrument, "{offset_by: ticks, offset_ticks: 2}", 1.07123, 0, S1_SHORT,
                      &plan); /* 1.07173 */
    EXPECT_DEC(plan.entry_price, "1.07175");
}

static void limits_that_are_none(void **state)
{
    (void)state;
    const s1_instrument instrument = with_margin();
    s1_plan plan;
    s1_verdict verdict =
        plan_it(&instrument, "{offset_by: atr, atr_period: 7}", 1.1, NAN, S1_LONG, &plan);
    expect_rejected(&verdict, "LIMIT_INVALID", 0, NAN);
    verdict = plan_it(&instrument, "{offset_by: atr, atr_period: 7}", 1.1, 0, S1_LONG, &plan);
    expect_rejected(&verdict, "LIMIT_INVALID", 0, 0);
    verdict = plan_it(&instrument, "{offset_by: ticks, offset_ticks: 200000}", 1.1, 0, S1_LONG,
                      &plan); /* 1.1 - 2 */
    expect_rejected(&verdict, "LIMIT_INVALID", 0, -0.9);
    verdict = plan_it(&instrument, "{offset_by: ticks, offset_ticks: 110000}", 1.1, 0, S1_LONG,
                      &plan); /* 1.1 - 1.1 */
    expect_rejected(&verdict, "LIMIT_INVALID", 0, 0);
    assert_true(s1_dec_is_zero(plan.entry_price));
    assert_int_equal(plan.entry_type, 0);
}

static void directions(void **state)
{
    (void)state;
    const s1_instrument instrument = with_margin();
    s1_plan plan;
    s1_verdict verdict = plan_it(&instrument, "{directions: long}", 1.1, 0, S1_SHORT, &plan);
    expect_rejected(&verdict, "DIRECTION_DISABLED", NAN, NAN);
    verdict = plan_it(&instrument, "{directions: short}", 1.1, 0, S1_LONG, &plan);
    expect_rejected(&verdict, "DIRECTION_DISABLED", NAN, NAN);
    verdict = plan_it(NULL, NULL, 1.1, 0, S1_SHORT, &plan); /* without margin */
    expect_rejected(&verdict, "SHORT_NOT_ALLOWED", NAN, NAN);
    verdict = plan_it(NULL, NULL, 1.1, 0, S1_LONG, &plan);
    expect_passed(&verdict);
}

/* Limit 2: a position and a working entry are two; one that is being closed makes room. */
static void positions_are_limited(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const planner = s1_harness_add(h, "limit_entry_planner", "{max_open_positions: 2}");
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
    s1_worker *const all = s1_harness_add(h, "limit_entry_planner", NULL);
    s1_worker *made[2] = {NULL, NULL};
    const s1_harness_item items[] = {{.plugin = "limit_entry_planner",
                                      .instance_id = "a",
                                      .params = "{signal_types: [x, test_signal]}"},
                                     {.plugin = "limit_entry_planner",
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
    const char *const plugin = "limit_entry_planner";
    expect_refused(h, plugin, "{max_open_positions: 0}", "max_open_positions");
    expect_refused(h, plugin, "{directions: none}", "directions");
    expect_refused(h, plugin, "{offset_by: pips}", "offset_by");
    expect_refused(h, plugin, "{offset_ticks: -1}", "offset_ticks");
    expect_refused(h, plugin, "{offset_percent: 100}", "offset_percent");
    expect_refused(h, plugin, "{offset_percent: -0.1}", "offset_percent");
    expect_refused(h, plugin, "{offset_atr: -0.5}", "offset_atr");
    expect_refused(h, plugin, "{offset_by: atr}", "atr_14");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal_types),          cmocka_unit_test(limits_by_hand),
        cmocka_unit_test(no_price_loses_a_tick), cmocka_unit_test(coarse_ticks),
        cmocka_unit_test(limits_that_are_none),  cmocka_unit_test(directions),
        cmocka_unit_test(positions_are_limited), cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("limit_entry_planner", tests, NULL, NULL);
}
