/* adaptive_risk_sizer: sizes by hand under every severity and several threats, each refusal. */
#include "tests/plugins/expect.h"

#define PLUGIN "adaptive_risk_sizer"

/* EUR/USD without margin, lot 0.01, cash and equity 10000. `severities` up to a 0. */
static s1_verdict size_it(const char *params, const int32_t severities[4], const char *stop,
                          s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const sizer = s1_harness_add(h, PLUGIN, params);
    s1_harness_close(h, 1.1);
    for (size_t i = 0; i < 4 && severities[i] != 0; i++) {
        s1_harness_threat(h, i % 2 == 0 ? "EVEN" : "ODD", "MARKET_RISK", severities[i]);
    }
    *plan = (s1_plan){.entry_price = s1_harness_dec("1.1"), .stop_loss = s1_harness_dec(stop)};
    const s1_verdict verdict = expect_plan(h, sizer, S1_LONG, plan);
    if (verdict.is_rejected && s1_harness_threats(h)->count > 0 &&
        verdict.code.len == strlen("THREAT_ACTIVE")) {
        assert_memory_not_equal(&verdict.threat_id, &(s1_threat_id){0}, sizeof(s1_threat_id));
    }
    s1_harness_free(h);
    return verdict;
}

static void sizes_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        int32_t severities[4];
        const char *stop, *quantity;
    } cases[] = {
        {NULL, {0}, "1.05", "2000"}, /* 100 / 0.05 */
        {NULL, {S1_SEVERITY_LOW}, "1.05", "1500"},
        {NULL, {S1_SEVERITY_MEDIUM}, "1.05", "1000"},
        {NULL, {S1_SEVERITY_HIGH}, "1.05", "500"},
        {"{critical_percent: 10}", {S1_SEVERITY_CRITICAL}, "1.05", "200"},
        /* the gravest, wherever it stands */
        {NULL, {S1_SEVERITY_LOW, S1_SEVERITY_MEDIUM}, "1.05", "1000"},
        {NULL, {S1_SEVERITY_MEDIUM, S1_SEVERITY_LOW}, "1.05", "1000"},
        /* 0.75 * 0.5, and twice 0.25 */
        {"{combine: each}", {S1_SEVERITY_MEDIUM, S1_SEVERITY_LOW}, "1.05", "750"},
        {"{combine: each}", {S1_SEVERITY_HIGH, S1_SEVERITY_HIGH}, "1.05", "125"},
        /* the second is of another type */
        {"{threat_types: [EVEN]}", {S1_SEVERITY_LOW, S1_SEVERITY_HIGH}, "1.05", "1500"},
        {"{threat_types: [NONE]}", {S1_SEVERITY_CRITICAL}, "1.05", "2000"},
        /* a grave threat may count for less than a light one: the gravest decides */
        {"{low_percent: 10}", {S1_SEVERITY_LOW, S1_SEVERITY_HIGH}, "1.05", "500"},
        /* 100 / 0.001 = 100000, but the cash pays for 9900 / 1.1 */
        {NULL, {0}, "1.099", "9000"},
        {"{risk_per_trade_percent: 0.5, max_capital_percent: 11}", {0}, "1.099", "1000"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_plan plan;
        const s1_verdict verdict =
            size_it(cases[k].params, cases[k].severities, cases[k].stop, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.quantity, cases[k].quantity);
    }
}

static void refusals(void **state)
{
    (void)state;
    s1_plan plan;
    const int32_t none[4] = {0};
    s1_verdict verdict =
        size_it(NULL, (int32_t[4]){S1_SEVERITY_LOW, S1_SEVERITY_CRITICAL}, "1.05", &plan);
    expect_rejected(&verdict, "THREAT_ACTIVE", 0, 4);
    assert_true(s1_dec_is_zero(plan.quantity));
    verdict =
        size_it("{low_percent: 0, combine: each}", (int32_t[4]){S1_SEVERITY_LOW}, "1.05", &plan);
    expect_rejected(&verdict, "THREAT_ACTIVE", 0, 1);
    verdict = size_it(NULL, none, "0", &plan);
    expect_rejected(&verdict, "STOP_MISSING", NAN, NAN);
    verdict = size_it(NULL, none, "1.2", &plan);
    expect_rejected(&verdict, "STOP_INVALID", 1.1, 1.2);
    verdict = size_it("{risk_per_trade_percent: 0.000001}", none, "1.05", &plan);
    expect_rejected(&verdict, "SIZE_BELOW_MINIMUM", 0.01, 0); /* 0.0001 / 0.05 = 0.002 */
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{risk_per_trade_percent: 0}", "risk_per_trade_percent");
    expect_refused(h, PLUGIN, "{low_percent: -1}", "low_percent");
    expect_refused(h, PLUGIN, "{medium_percent: 101}", "medium_percent");
    expect_refused(h, PLUGIN, "{high_percent: x}", "high_percent");
    expect_refused(h, PLUGIN, "{critical_percent: -1}", "critical_percent");
    expect_refused(h, PLUGIN, "{combine: sum}", "combine");
    expect_refused(h, PLUGIN, "{max_capital_percent: 0}", "max_capital_percent");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_by_hand),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("adaptive_risk_sizer", tests, NULL, NULL);
}
