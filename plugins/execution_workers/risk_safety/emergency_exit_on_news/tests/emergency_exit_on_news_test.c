/* emergency_exit_on_news: by hand on threats and rows; rows that become known later change
 * nothing. Bars are hourly from 2017-01-02T00:00Z: bar N closes at +N h. */
#include "tests/plugins/expect.h"

#include <stdio.h>

#define PLUGIN "emergency_exit_on_news"
#define HEAD   "time,published_at,score,pair\n"

static void run(s1_harness *h, s1_worker *worker, int32_t trigger)
{
    s1_err err = S1_ERR_INIT;
    if (s1_harness_execute(h, worker, trigger, NULL, NULL, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

static void leaves_on_threats(void **state)
{
    (void)state;
    const struct {
        const char *params, *type, *category;
        int32_t severity;
        uint32_t closed;
    } cases[] = {
        {"", "ECONOMIC_EVENT_BLACKOUT", "EXTERNAL_EVENT", S1_SEVERITY_HIGH, 2},
        {"", "ECONOMIC_EVENT_BLACKOUT", "EXTERNAL_EVENT", S1_SEVERITY_MEDIUM, 0},
        {"", "VOLATILITY_SPIKE", "MARKET_RISK", S1_SEVERITY_CRITICAL, 0},
        {"{threat_types: [VOLATILITY_SPIKE]}", "VOLATILITY_SPIKE", "MARKET_RISK",
         S1_SEVERITY_CRITICAL, 2},
        {"{threat_types: [VOLATILITY_SPIKE]}", "ECONOMIC_EVENT_BLACKOUT", "EXTERNAL_EVENT",
         S1_SEVERITY_HIGH, 0},
        {"{exit_on_severity: [LOW]}", "NEWS", "EXTERNAL_EVENT", S1_SEVERITY_LOW, 2},
        {"{exit_on_severity: [LOW]}", "NEWS", "EXTERNAL_EVENT", S1_SEVERITY_HIGH, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_worker *const worker = s1_harness_add(h, PLUGIN, cases[i].params);
        s1_harness_close(h, 1.5);
        s1_harness_open(h, S1_LONG, "1", "1.5");
        const s1_position *const newest = s1_harness_open(h, S1_SHORT, "1", "1.5");
        s1_harness_threat(h, cases[i].type, cases[i].category, cases[i].severity);
        run(h, worker, S1_ON_THREAT_DETECTED);
        assert_int_equal(s1_harness_order_count(h), cases[i].closed);
        if (cases[i].closed > 0) {
            const s1_harness_order *const order = s1_harness_order_at(h, 0);
            assert_int_equal(order->kind, S1_HARNESS_CLOSE);
            expect_text(order->reason, "THREAT");
            assert_memory_equal(&order->trade_id, &newest->trade_id, sizeof(s1_trade_id));
            assert_memory_equal(&order->request.threat_id,
                                &s1_threat_list_at(s1_harness_threats(h), 0)->threat_id,
                                sizeof(s1_threat_id));
        }
        run(h, worker, S1_ON_THREAT_DETECTED); /* closing already */
        assert_int_equal(s1_harness_order_count(h), cases[i].closed);
        s1_harness_free(h);
    }
}

static void leaves_on_news(void **state)
{
    (void)state;
    const struct {
        const char *params, *rows;
        bool closes_long, closes_short;
    } cases[] = {
        {"", "2017-01-02T01:30,,-0.8,EUR\n", true, false},
        {"", "2017-01-02T01:30,,-0.8,USD\n", false, true},
        {"", "2017-01-02T01:30,,0.7,EUR/USD\n", false, true},
        {"", "2017-01-02T01:30,,-1,JPY\n", false, false},
        {"", "2017-01-02T01:30,,-0.69,EUR\n", false, false},
        {"{min_score: 0.5}", "2017-01-02T01:30,,-0.69,EUR\n", true, false},
        {"", "2017-01-02T01:30,,-0.9,\n2017-01-02T01:40,,0.9,\n2017-01-02T01:50,,0,\n", true, true},
        {"", "2017-01-02T00:30,,-1,EUR\n", false, false},                 /* the bar before's */
        {"", "2017-01-02T01:30,2017-01-02T02:30,-1,EUR\n", false, false}, /* not known yet */
        {"", "2017-01-02T05:30,2017-01-02T02:00,-1,EUR\n", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_harness *const h = s1_harness_new(NULL);
        char csv[256];
        (void)snprintf(csv, sizeof csv, HEAD "%s", cases[i].rows);
        s1_harness_feed_file(h, "news", csv);
        s1_worker *const worker = s1_harness_add(h, PLUGIN, cases[i].params);
        s1_harness_close(h, 1.5);
        s1_harness_close(h, 1.5);
        s1_position *const is_long = s1_harness_open(h, S1_LONG, "1", "1.5");
        s1_position *const is_short = s1_harness_open(h, S1_SHORT, "1", "1.5");
        run(h, worker, S1_ON_CONTEXT_READY);
        assert_int_equal(is_long->is_closing, cases[i].closes_long);
        assert_int_equal(is_short->is_closing, cases[i].closes_short);
        for (uint32_t k = 0; k < s1_harness_order_count(h); k++) {
            expect_text(s1_harness_order_at(h, k)->reason, "NEWS");
        }
        assert_int_equal(s1_harness_order_count(h), cases[i].closes_long + cases[i].closes_short);
        s1_harness_free(h);
    }
}

static void names_its_conditions(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "news", "time,score\n2017-01-02T00:30,-0.9\n");
    s1_worker *const worker = s1_harness_add(h, PLUGIN, "{exit_on_severity: []}");
    s1_harness_close(h, 1.5);
    run(h, worker, S1_ON_CONTEXT_READY);
    s1_harness_close(h, 1.5);
    run(h, worker, S1_ON_CONTEXT_READY);
    assert_int_equal(worker->condition_count, 2);
    assert_string_equal(worker->conditions[0].name.ptr, "bad_news");
    assert_string_equal(worker->conditions[1].name.ptr, "good_news");
    assert_int_equal(worker->conditions[0].condition.evaluated_count, 1);
    assert_int_equal(worker->conditions[0].condition.held_count, 1);
    s1_harness_free(h);
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{exit_on_severity: []}", "no feed 'news' is given");
    expect_refused(h, PLUGIN, "{exit_on_severity: [SOME]}", "exit_on_severity");
    expect_refused(h, PLUGIN, "{min_score: 0}", "min_score");
    s1_harness_feed_file(h, "news", "time,mood\n2017-01-02T00:30,-0.9\n");
    expect_refused(h, PLUGIN, "", "a column 'score', which a worker reads");
    s1_harness_free(h);
}

/* The gate cuts the bars and the rows of the feed. */
static void passes_the_gate(void **state)
{
    (void)state;
    s1_test_gate(PLUGIN, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_on_threats),    cmocka_unit_test(leaves_on_news),
        cmocka_unit_test(names_its_conditions), cmocka_unit_test(refuses_what_it_cannot_use),
        cmocka_unit_test(passes_the_gate),
    };
    return cmocka_run_group_tests_name(PLUGIN, tests, NULL, NULL);
}
