/* fixed_risk_sizer: sizes by hand, caps, minima, and each reason to refuse. */
#include "tests/plugins/expect.h"

/* EUR/USD without margin: tick 0.00001, lot 0.01. Cash and equity 10000. */
static s1_instrument eurusd(void)
{
    return (s1_instrument){
        .size = sizeof(s1_instrument),
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

static s1_verdict size_it(const s1_instrument *instrument, const char *params, int32_t direction,
                          const char *entry, const char *stop, const char *reserved, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = instrument});
    s1_worker *const sizer = s1_harness_add(h, "fixed_risk_sizer", params);
    s1_harness_close(h, 1.1);
    s1_harness_ledger(h)->reserved = s1_harness_dec(reserved);
    *plan = (s1_plan){.entry_price = s1_harness_dec(entry), .stop_loss = s1_harness_dec(stop)};
    const s1_verdict verdict = expect_plan(h, sizer, direction, plan);
    s1_harness_free(h);
    return verdict;
}

static void sizes_by_hand(void **state)
{
    (void)state;
    s1_instrument instrument = eurusd();
    s1_plan plan;
    /* 0.1 % of 10000 = 10; 10 / |1.1 - 1.09754| = 4065.0406.. */
    s1_verdict verdict = size_it(&instrument, "{risk_per_trade_percent: 0.1}", S1_LONG, "1.1",
                                 "1.09754", "0", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "4065.04");
    verdict = size_it(&instrument, "{risk_per_trade_percent: 0.1}", S1_SHORT, "1.1", "1.10246", "0",
                      &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "4065.04");
    /* SPEC WF05: entry 34500.50, stop 34200: 10 / 300.5 = 0.0332.. in lots of 0.0001 */
    instrument.lot_size = s1_dec_from_mantissa(1, 4);
    verdict = size_it(&instrument, "{risk_per_trade_percent: 0.1}", S1_LONG, "34500.5", "34200",
                      "0", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "0.0332");
}

/* 1 % of 10000 over 0.00246 would be 40650.40, for which the cash is missing: 99 % of the free cash
 * pays for 9900 / 1.1 = 9000, less with a fee or with cash reserved; leverage 10 pays for 90000. */
static void capped_by_what_can_be_paid(void **state)
{
    (void)state;
    s1_instrument instrument = eurusd();
    s1_plan plan;
    s1_verdict verdict = size_it(&instrument, NULL, S1_LONG, "1.1", "1.09754", "0", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "9000");
    /* 0.99 * 5600 / 1.1 */
    verdict = size_it(&instrument, NULL, S1_LONG, "1.1", "1.09754", "4400", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "5040");
    /* 50 % of 10000 / 1.1 = 4545.4545.. */
    verdict =
        size_it(&instrument, "{max_capital_percent: 50}", S1_LONG, "1.1", "1.09754", "0", &plan);
    EXPECT_DEC(plan.quantity, "4545.45");
    /* 9900 / (1.1 * 1.001) = 8991.0089.. */
    instrument.taker_fee = s1_dec_from_mantissa(1, 3);
    verdict = size_it(&instrument, NULL, S1_LONG, "1.1", "1.09754", "0", &plan);
    EXPECT_DEC(plan.quantity, "8991");
    instrument = eurusd();
    instrument.flags = S1_INSTRUMENT_MARGIN;
    instrument.leverage = s1_dec_from_int(10);
    verdict = size_it(&instrument, NULL, S1_LONG, "1.1", "1.09754", "0", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.quantity, "40650.4");
}

static void minima(void **state)
{
    (void)state;
    s1_instrument instrument = eurusd();
    s1_plan plan;
    const char *const params = "{risk_per_trade_percent: 0.1}";
    instrument.min_quantity = s1_dec_from_int(5000);
    s1_verdict verdict = size_it(&instrument, params, S1_LONG, "1.1", "1.09754", "0", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 5000, 4065.04);
    assert_true(s1_dec_is_zero(plan.quantity));
    instrument = eurusd();
    instrument.min_notional = s1_dec_from_int(4500); /* 4065.04 * 1.1 = 4471.544 */
    verdict = size_it(&instrument, params, S1_LONG, "1.1", "1.09754", "0", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 4500, 4471.544);
    instrument.min_notional = s1_dec_from_mantissa(4471544, 3);
    verdict = size_it(&instrument, params, S1_LONG, "1.1", "1.09754", "0", &plan);
    expect_passed(&verdict);
    /* Nothing free: no lot at all. */
    instrument = eurusd();
    verdict = size_it(&instrument, params, S1_LONG, "1.1", "1.09754", "10000", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 0.01, 0);
}

static void stop_is_needed(void **state)
{
    (void)state;
    const s1_instrument instrument = eurusd();
    s1_plan plan;
    s1_verdict verdict = size_it(&instrument, NULL, S1_LONG, "1.1", "0", "0", &plan);
    expect_rejected(&verdict, "STOP_MISSING", NAN, NAN);
    verdict = size_it(&instrument, NULL, S1_LONG, "1.1", "1.1", "0", &plan);
    expect_rejected(&verdict, "STOP_INVALID", 1.1, 1.1);
    verdict = size_it(&instrument, NULL, S1_SHORT, "1.1", "1.0", "0", &plan);
    expect_rejected(&verdict, "STOP_INVALID", 1.1, 1.0);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "fixed_risk_sizer", "{risk_per_trade_percent: 0}", "risk_per_trade_percent");
    expect_refused(h, "fixed_risk_sizer", "{risk_per_trade_percent: 101}",
                   "risk_per_trade_percent");
    expect_refused(h, "fixed_risk_sizer", "{max_capital_percent: 0}", "max_capital_percent");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_hand),
        cmocka_unit_test(capped_by_what_can_be_paid),
        cmocka_unit_test(minima),
        cmocka_unit_test(stop_is_needed),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("fixed_risk_sizer", tests, NULL, NULL);
}
