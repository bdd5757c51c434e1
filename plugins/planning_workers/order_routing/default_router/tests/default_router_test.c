/* default_router: one order per kind of entry, rounding, and what is refused. */
#include "tests/plugins/expect.h"

static s1_verdict route(const char *params, int32_t direction, int32_t entry_type,
                        const char *entry, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const router = s1_harness_add(h, "default_router", params);
    s1_harness_close(h, 1.1);
    *plan = (s1_plan){.entry_price = s1_harness_dec(entry), .entry_type = entry_type};
    const s1_verdict verdict = expect_plan(h, router, direction, plan);
    s1_harness_free(h);
    return verdict;
}

static void market(void **state)
{
    (void)state;
    s1_plan plan;
    const s1_verdict verdict =
        route("{post_only: true}", S1_LONG, S1_ORDER_MARKET, "1.10001", &plan);
    expect_passed(&verdict);
    assert_int_equal(plan.order_type, S1_ORDER_MARKET);
    assert_int_equal(plan.time_in_force, S1_TIF_GTC);
    assert_int_equal(plan.post_only, 0);
    assert_true(s1_dec_is_zero(plan.limit_price));
    assert_true(s1_dec_is_zero(plan.trigger_price));
}

/* Between two ticks: a limit never pays more, a stop never triggers sooner. */
static void limit_and_stop(void **state)
{
    (void)state;
    s1_plan plan;
    s1_verdict verdict =
        route("{time_in_force: IOC, post_only: true}", S1_LONG, S1_ORDER_LIMIT, "1.100016", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.limit_price, "1.10001");
    assert_int_equal(plan.order_type, S1_ORDER_LIMIT);
    assert_int_equal(plan.time_in_force, S1_TIF_IOC);
    assert_int_equal(plan.post_only, 1);
    verdict = route(NULL, S1_SHORT, S1_ORDER_LIMIT, "1.100016", &plan);
    EXPECT_DEC(plan.limit_price, "1.10002");
    assert_int_equal(plan.post_only, 0);
    verdict = route("{time_in_force: FOK}", S1_LONG, S1_ORDER_STOP, "1.100016", &plan);
    EXPECT_DEC(plan.trigger_price, "1.10002");
    assert_true(s1_dec_is_zero(plan.limit_price));
    assert_int_equal(plan.time_in_force, S1_TIF_FOK);
    verdict = route(NULL, S1_SHORT, S1_ORDER_STOP, "1.100016", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.trigger_price, "1.10001");
}

/* Good prices trigger, and a day is a time in force; a trigger and a limit are one price too many.
 */
static void touched_and_for_a_day(void **state)
{
    (void)state;
    s1_plan plan;
    s1_verdict verdict =
        route("{time_in_force: DAY}", S1_LONG, S1_ORDER_MARKET_IF_TOUCHED, "1.100016", &plan);
    expect_passed(&verdict);
    EXPECT_DEC(plan.trigger_price, "1.10001");
    assert_int_equal(plan.time_in_force, S1_TIF_DAY);
    verdict = route(NULL, S1_SHORT, S1_ORDER_MARKET_IF_TOUCHED, "1.100016", &plan);
    EXPECT_DEC(plan.trigger_price, "1.10002");
    verdict = route(NULL, S1_LONG, S1_ORDER_STOP_LIMIT, "1.1", &plan);
    expect_rejected(&verdict, "ENTRY_UNSUPPORTED", NAN, S1_ORDER_STOP_LIMIT);
    verdict = route(NULL, S1_LONG, S1_ORDER_LIMIT_IF_TOUCHED, "1.1", &plan);
    expect_rejected(&verdict, "ENTRY_UNSUPPORTED", NAN, S1_ORDER_LIMIT_IF_TOUCHED);
}

static void entry_is_needed(void **state)
{
    (void)state;
    s1_plan plan;
    const s1_verdict verdict = route(NULL, S1_LONG, 0, "1.1", &plan);
    expect_rejected(&verdict, "ENTRY_MISSING", NAN, 0);
    assert_int_equal(plan.order_type, 0);
}

/* Good until the plan's time and the duration. */
static void orders_have_an_end(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const router = s1_harness_add(h, "default_router", "{expires_after: 90m}");
    for (int i = 0; i < 3; i++) {
        s1_harness_close(h, 1.1);
        const int32_t kinds[] = {S1_ORDER_MARKET, S1_ORDER_LIMIT, S1_ORDER_STOP};
        for (size_t k = 0; k < 3; k++) {
            s1_plan plan = {.entry_price = s1_harness_dec("1.1"), .entry_type = kinds[k]};
            const s1_verdict verdict = expect_plan(h, router, S1_LONG, &plan);
            expect_passed(&verdict);
            assert_int_equal(plan.time_in_force, S1_TIF_GTD);
            assert_int_equal(plan.expires_at,
                             s1_harness_context(h)->now + 90 * 60 * S1_NANOS_PER_SECOND);
        }
    }
    s1_harness_free(h);
    s1_plan plan;
    const s1_verdict verdict = route("{expires_after: 0s}", S1_LONG, S1_ORDER_LIMIT, "1.1", &plan);
    expect_passed(&verdict);
    assert_int_equal(plan.time_in_force, S1_TIF_GTC);
    assert_int_equal(plan.expires_at, 0);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "default_router", "{time_in_force: WEEK}", "time_in_force");
    expect_refused(h, "default_router", "{expires_after: 1h, time_in_force: DAY}",
                   "expires_after beside a time_in_force that ends of itself");
    expect_refused(h, "default_router", "{post_only: 7}", "post_only");
    expect_refused(h, "default_router", "{expires_after: -1h}", "expires_after");
    expect_refused(h, "default_router", "{expires_after: soon}", "expires_after");
    expect_refused(h, "default_router", "{expires_after: 3651d}", "expires_after");
    expect_refused(h, "default_router", "{expires_after: 1h, time_in_force: IOC}",
                   "expires_after beside a time_in_force that ends of itself");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(market),
        cmocka_unit_test(limit_and_stop),
        cmocka_unit_test(touched_and_for_a_day),
        cmocka_unit_test(entry_is_needed),
        cmocka_unit_test(orders_have_an_end),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("default_router", tests, NULL, NULL);
}
