/* emergency_exit_agent: which threats close, what is closed, and what is refused. */
#include "tests/plugins/expect.h"

static void alarm_raised(s1_harness *h, s1_worker *agent)
{
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_execute(h, agent, S1_ON_THREAT_DETECTED, NULL, NULL, &err), S1_OK);
}

static void closes_everything_on_a_listed_severity(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const agent = s1_harness_add(h, "emergency_exit_agent", NULL);
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    (void)s1_harness_open(h, S1_SHORT, "1", "1.1");
    alarm_raised(h, agent);
    assert_int_equal(s1_harness_order_count(h), 0);
    s1_harness_threat(h, "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_MEDIUM);
    alarm_raised(h, agent);
    assert_int_equal(s1_harness_order_count(h), 0);
    s1_harness_threat(h, "MAX_DRAWDOWN_BREACHED", "PORTFOLIO_RISK", S1_SEVERITY_HIGH);
    s1_harness_threat(h, "NEWS_EVENT", "EXTERNAL_EVENT", S1_SEVERITY_CRITICAL);
    alarm_raised(h, agent);
    assert_int_equal(s1_harness_order_count(h), 2);
    const s1_threat *const gravest = s1_threat_list_at(s1_harness_threats(h), 2);
    for (uint32_t i = 0; i < 2; i++) {
        const s1_harness_order *const order = s1_harness_order_at(h, i);
        assert_int_equal(order->kind, S1_HARNESS_CLOSE);
        expect_text(order->reason, "THREAT");
        assert_memory_equal(&order->request.threat_id, &gravest->threat_id,
                            sizeof gravest->threat_id);
    }
    alarm_raised(h, agent); /* both are closing: left alone */
    assert_int_equal(s1_harness_order_count(h), 2);
    s1_harness_free(h);
}

/* A list is a list: MEDIUM alone does not take CRITICAL with it. */
static void only_listed_severities_count(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const agent =
        s1_harness_add(h, "emergency_exit_agent", "{exit_on_severity: [MEDIUM]}");
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    s1_harness_threat(h, "NEWS_EVENT", "EXTERNAL_EVENT", S1_SEVERITY_CRITICAL);
    alarm_raised(h, agent);
    assert_int_equal(s1_harness_order_count(h), 0);
    s1_harness_threat(h, "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_MEDIUM);
    alarm_raised(h, agent);
    assert_int_equal(s1_harness_order_count(h), 1);
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "emergency_exit_agent", "{exit_on_severity: []}", "exit_on_severity");
    expect_refused(h, "emergency_exit_agent", "{exit_on_severity: [SEVERE]}", "exit_on_severity");
    expect_refused(h, "emergency_exit_agent", "{exit_on_severity: 4}", "exit_on_severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_everything_on_a_listed_severity),
        cmocka_unit_test(only_listed_severities_count),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("emergency_exit_agent", tests, NULL, NULL);
}
