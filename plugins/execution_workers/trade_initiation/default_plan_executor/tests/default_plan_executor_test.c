/* default_plan_executor: sends what was approved, and nothing else. */
#include "tests/plugins/expect.h"

static void sends_the_approved_plan(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const executor = s1_harness_add(h, "default_plan_executor", NULL);
    s1_harness_close(h, 1.1);
    const s1_signal signal = s1_harness_make_signal(h, S1_LONG);
    s1_plan plan = s1_harness_make_plan(h, &signal);
    plan.entry_price = s1_harness_dec("1.1");
    plan.quantity = s1_harness_dec("25");
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_execute(h, executor, S1_ON_PLAN_APPROVED, &plan, NULL, &err),
                     S1_OK);
    assert_int_equal(s1_harness_order_count(h), 1);
    const s1_harness_order *const order = s1_harness_order_at(h, 0);
    assert_int_equal(order->kind, S1_HARNESS_SUBMIT);
    EXPECT_DEC(order->directive.quantity, "25");
    assert_memory_equal(&order->directive.trade_id, &plan.trade_id, sizeof plan.trade_id);
    s1_harness_free(h);
}

static void other_triggers_send_nothing(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const executor = s1_harness_add(h, "default_plan_executor", NULL);
    s1_harness_close(h, 1.1);
    const s1_signal signal = s1_harness_make_signal(h, S1_LONG);
    const s1_plan plan = s1_harness_make_plan(h, &signal);
    const int32_t triggers[] = {S1_ON_CONTEXT_READY, S1_ON_SIGNAL_GENERATED, S1_ON_THREAT_DETECTED,
                                S1_ON_POSITION_CLOSED};
    for (size_t i = 0; i < sizeof triggers / sizeof triggers[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_execute(h, executor, triggers[i], NULL, NULL, &err), S1_OK);
        assert_int_equal(s1_harness_execute(h, executor, triggers[i], &plan, NULL, &err), S1_OK);
    }
    assert_int_equal(s1_harness_order_count(h), 0);
    s1_harness_free(h);
}

static void takes_no_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "default_plan_executor", "{fast: true}", "fast");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_the_approved_plan),
        cmocka_unit_test(other_triggers_send_nothing),
        cmocka_unit_test(takes_no_parameters),
    };
    return cmocka_run_group_tests_name("default_plan_executor", tests, NULL, NULL);
}
