/* kelly_criterion_sizer: sizes by hand, caps, and each reason to refuse. */
#include "tests/plugins/expect.h"

/* EUR/USD without margin, lot 0.01, cash and equity 10000. */
static s1_verdict size_it(const char *params, int32_t direction, const char *entry,
                          const char *stop, const char *target, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const sizer = s1_harness_add(h, "kelly_criterion_sizer", params);
    s1_harness_close(h, 1.1);
    *plan = (s1_plan){.entry_price = s1_harness_dec(entry),
                      .stop_loss = s1_harness_dec(stop),
                      .take_profit = s1_harness_dec(target)};
    const s1_verdict verdict = expect_plan(h, sizer, direction, plan);
    s1_harness_free(h);
    return verdict;
}

static void sizes_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        int32_t direction;
        const char *stop, *target, *quantity;
    } cases[] = {
        /* 0.4 - 0.6 / 2 = 0.1; 5 % of it is 0.005: 50 / 0.05 */
        {"{win_rate_percent: 40, kelly_percent: 5}", S1_LONG, "1.05", "1.2", "1000"},
        {"{win_rate_percent: 40, kelly_percent: 5}", S1_SHORT, "1.15", "1", "1000"},
        /* half Kelly is 5 %, at most 2 %: 200 / 0.05 */
        {"{win_rate_percent: 40}", S1_LONG, "1.05", "1.2", "4000"},
        {"{win_rate_percent: 40, max_risk_percent: 3}", S1_LONG, "1.05", "1.2", "6000"},
        /* 500 / 0.05 = 10000, but the cash pays for 9900 / 1.1 */
        {"{win_rate_percent: 40, max_risk_percent: 100}", S1_LONG, "1.05", "1.2", "9000"},
        /* 0.6 - 0.4 / 1 = 0.2, 1 % of it is 0.002: 20 / 0.05, with or without a target */
        {"{win_rate_percent: 60, payoff_ratio: 1, kelly_percent: 1}", S1_LONG, "1.05", "1.2",
         "400"},
        {"{win_rate_percent: 60, payoff_ratio: 1, kelly_percent: 1}", S1_LONG, "1.05", "0", "400"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_plan plan;
        const s1_verdict verdict = size_it(cases[k].params, cases[k].direction, "1.1",
                                           cases[k].stop, cases[k].target, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.quantity, cases[k].quantity);
    }
}

static void refusals(void **state)
{
    (void)state;
    s1_plan plan;
    /* 0.33 - 0.67 / 2 = -0.005; and 0.5 - 0.5 / 1 = 0 is no edge either */
    s1_verdict verdict = size_it("{win_rate_percent: 33}", S1_LONG, "1.1", "1.05", "1.2", &plan);
    expect_rejected(&verdict, "NO_EDGE", 0, -0.005);
    verdict = size_it(NULL, S1_LONG, "1.1", "1.05", "1.15", &plan);
    expect_rejected(&verdict, "NO_EDGE", 0, 0);
    assert_true(s1_dec_is_zero(plan.quantity));
    verdict = size_it(NULL, S1_LONG, "1.1", "0", "1.2", &plan);
    expect_rejected(&verdict, "STOP_MISSING", NAN, NAN);
    verdict = size_it(NULL, S1_LONG, "1.1", "1.2", "1.3", &plan);
    expect_rejected(&verdict, "STOP_INVALID", 1.1, 1.2);
    verdict = size_it(NULL, S1_LONG, "1.1", "1.05", "0", &plan);
    expect_rejected(&verdict, "TARGET_MISSING", NAN, NAN);
    verdict = size_it(NULL, S1_SHORT, "1.1", "1.15", "1.2", &plan);
    expect_rejected(&verdict, "TARGET_INVALID", 1.1, 1.2);
    /* 10000 * 0.25 * 0.00000001 / 0.05 = 0.0005 */
    verdict = size_it("{kelly_percent: 0.000001}", S1_LONG, "1.1", "1.05", "1.2", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 0.01, 0);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "kelly_criterion_sizer";
    expect_refused(h, plugin, "{win_rate_percent: 0}", "win_rate_percent");
    expect_refused(h, plugin, "{win_rate_percent: 100}", "win_rate_percent");
    expect_refused(h, plugin, "{payoff_ratio: -1}", "payoff_ratio");
    expect_refused(h, plugin, "{kelly_percent: 101}", "kelly_percent");
    expect_refused(h, plugin, "{max_risk_percent: 0}", "max_risk_percent");
    expect_refused(h, plugin, "{max_capital_percent: 0}", "max_capital_percent");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_hand),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("kelly_criterion_sizer", tests, NULL, NULL);
}
