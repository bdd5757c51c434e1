/* limit_order_router: limits by hand on both sides, times in force, each refusal. */
#include "tests/plugins/expect.h"

#define PLUGIN "limit_order_router"

static s1_verdict route(const char *params, int32_t direction, int32_t entry_type,
                        const char *entry, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const router = s1_harness_add(h, PLUGIN, params);
    s1_harness_close(h, 1.1);
    *plan = (s1_plan){.entry_price = s1_harness_dec(entry), .entry_type = entry_type};
    const s1_verdict verdict = expect_plan(h, router, direction, plan);
    s1_harness_free(h);
    return verdict;
}

static void limits_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        int32_t direction, entry_type;
        const char *entry, *limit;
    } cases[] = {
        {NULL, S1_LONG, S1_ORDER_MARKET, "1.07123", "1.07123"},
        {NULL, S1_SHORT, S1_ORDER_MARKET, "1.07123", "1.07123"},
        {"{max_slippage_percent: 0.1}", S1_LONG, S1_ORDER_MARKET, "1.07123", "1.0723"},
        {"{max_slippage_percent: 0.1}", S1_SHORT, S1_ORDER_MARKET, "1.07123", "1.07016"},
        {"{max_slippage_percent: 50}", S1_SHORT, S1_ORDER_MARKET, "1", "0.5"},
        /* a limit that was planned stays, slippage or not */
        {"{max_slippage_percent: 0.1}", S1_LONG, S1_ORDER_LIMIT, "1.07123", "1.07123"},
        {NULL, S1_LONG, S1_ORDER_LIMIT, "1.071236", "1.07123"},
        {NULL, S1_SHORT, S1_ORDER_LIMIT, "1.071231", "1.07124"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_plan plan;
        const s1_verdict verdict =
            route(cases[k].params, cases[k].direction, cases[k].entry_type, cases[k].entry, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.limit_price, cases[k].limit);
        EXPECT_DEC(plan.trigger_price, "0");
        assert_int_equal(plan.order_type, S1_ORDER_LIMIT);
        assert_int_equal(plan.time_in_force, S1_TIF_GTC);
        assert_int_equal(plan.post_only, 0);
    }
}

static void times_in_force(void **state)
{
    (void)state;
    const char *const params[] = {"{time_in_force: GTC, post_only: true}", "{time_in_force: IOC}",
                                  "{time_in_force: FOK}"};
    for (int32_t k = 0; k < 3; k++) {
        s1_plan plan;
        const s1_verdict verdict = route(params[k], S1_LONG, S1_ORDER_MARKET, "1.1", &plan);
        expect_passed(&verdict);
        assert_int_equal(plan.time_in_force, S1_TIF_GTC + k);
        assert_int_equal(plan.post_only, k == 0);
    }
}

static void refusals(void **state)
{
    (void)state;
    s1_plan plan;
    s1_verdict verdict = route(NULL, S1_LONG, 0, "1.1", &plan);
    expect_rejected(&verdict, "ENTRY_MISSING", NAN, 0);
    verdict = route(NULL, S1_LONG, S1_ORDER_STOP, "1.1", &plan);
    expect_rejected(&verdict, "ENTRY_UNSUPPORTED", NAN, S1_ORDER_STOP);
    verdict = route(NULL, S1_LONG, S1_ORDER_MARKET, "0.000009", &plan);
    expect_rejected(&verdict, "LIMIT_INVALID", 0, 0);
    assert_int_equal(plan.order_type, 0);
}

static void orders_end(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const router = s1_harness_add(h, PLUGIN, "{expires_after: 6h}");
    for (size_t i = 0; i < 4; i++) {
        s1_harness_close(h, 1.1);
    }
    const int32_t kinds[] = {S1_ORDER_MARKET, S1_ORDER_LIMIT};
    for (size_t i = 0; i < 2; i++) {
        s1_plan plan = {.entry_price = s1_harness_dec("1.1"), .entry_type = kinds[i]};
        const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
        expect_passed(&verdict);
        assert_int_equal(plan.order_type, S1_ORDER_LIMIT);
        assert_int_equal(plan.time_in_force, S1_TIF_GTD);
        assert_int_equal(plan.expires_at,
                         s1_harness_context(h)->now + 6 * 3600 * S1_NANOS_PER_SECOND);
    }
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{max_slippage_percent: -1}", "max_slippage_percent");
    expect_refused(h, PLUGIN, "{max_slippage_percent: 51}", "max_slippage_percent");
    expect_refused(h, PLUGIN, "{time_in_force: DAY}", "time_in_force");
    expect_refused(h, PLUGIN, "{time_in_force: FOK, expires_after: 1h}", "expires_after");
    expect_refused(h, PLUGIN, "{post_only: true, time_in_force: IOC}", "post_only");
    expect_refused(h, PLUGIN, "{post_only: true, max_slippage_percent: 1}", "post_only");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_by_hand),
        cmocka_unit_test(times_in_force),
        cmocka_unit_test(refusals),
        cmocka_unit_test(orders_end),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("limit_order_router", tests, NULL, NULL);
}
