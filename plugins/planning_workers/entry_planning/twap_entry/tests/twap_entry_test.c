/* twap_entry: price, slices and interval by hand, and each reason to refuse. */
#include "tests/plugins/expect.h"

#define MINUTE (60 * S1_NANOS_PER_SECOND)

/* Plans one entry at 1.07123 on bars of this many minutes. */
static s1_verdict plan_it(const char *params, int64_t bar_minutes, s1_plan *plan)
{
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.timeframe = bar_minutes * MINUTE});
    s1_worker *const planner = s1_harness_add(h, "twap_entry", params);
    s1_harness_bar(h, 1.1, 1.2, 1.0, 1.07123, 1);
    *plan = (s1_plan){0};
    const s1_verdict verdict = expect_plan(h, planner, S1_LONG, plan);
    s1_harness_free(h);
    return verdict;
}

static void slices_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        int64_t bar_minutes;
        uint32_t slices;
        s1_nanos interval;
    } cases[] = {
        {NULL, 60, 4, 60 * MINUTE},
        {"{duration_minutes: 15, slices: 3}", 5, 3, 5 * MINUTE},
        {"{duration_minutes: 15, slices: 2}", 5, 2, 450 * S1_NANOS_PER_SECOND},
        {"{duration_minutes: 1440, slices: 7}", 60, 7,
         1440 * MINUTE / 7}, /* down to a nanosecond */
        {"{duration_minutes: 525600, slices: 1000}", 1, 1000, 525600 * MINUTE / 1000},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_plan plan;
        const s1_verdict verdict = plan_it(cases[k].params, cases[k].bar_minutes, &plan);
        expect_passed(&verdict);
        EXPECT_DEC(plan.entry_price, "1.07123");
        assert_int_equal(plan.entry_type, S1_ORDER_MARKET);
        assert_int_equal(plan.slices, cases[k].slices);
        assert_int_equal(plan.slice_interval, cases[k].interval);
    }
}

/* A slice a bar is the finest that the bars can tell. */
static void intervals_are_at_least_a_bar(void **state)
{
    (void)state;
    s1_plan plan;
    s1_verdict verdict = plan_it("{duration_minutes: 100}", 60, &plan);
    expect_rejected(&verdict, "INTERVAL_BELOW_BAR", 60, 25);
    assert_int_equal(plan.slices, 0);
    assert_int_equal(plan.entry_type, 0);
    verdict = plan_it("{duration_minutes: 15, slices: 2}", 60, &plan);
    expect_rejected(&verdict, "INTERVAL_BELOW_BAR", 60, 7.5);
    verdict = plan_it("{duration_minutes: 239}", 60, &plan);
    expect_rejected(&verdict, "INTERVAL_BELOW_BAR", 60, 59.75);
}

static void entry_rules(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const planner =
        s1_harness_add(h, "twap_entry", "{directions: long, max_open_positions: 2}");
    s1_harness_close(h, 1.1);
    s1_plan plan = {0};
    s1_verdict verdict = expect_plan(h, planner, S1_SHORT, &plan);
    expect_rejected(&verdict, "DIRECTION_DISABLED", NAN, NAN);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    verdict = expect_plan(h, planner, S1_LONG, &plan);
    expect_passed(&verdict);
    s1_harness_ledger(h)->pending_entries = 1;
    plan = (s1_plan){0};
    verdict = expect_plan(h, planner, S1_LONG, &plan);
    expect_rejected(&verdict, "POSITION_LIMIT", 2, 2);
    assert_int_equal(plan.slices, 0);
    s1_harness_free(h);

    s1_harness *const g = s1_harness_new(NULL); /* without margin */
    s1_worker *const other = s1_harness_add(g, "twap_entry", NULL);
    s1_harness_close(g, 1.1);
    verdict = expect_plan(g, other, S1_SHORT, &plan);
    expect_rejected(&verdict, "SHORT_NOT_ALLOWED", NAN, NAN);
    s1_harness_free(g);

    s1_harness *const f = s1_harness_new(NULL);
    s1_worker *const picky = s1_harness_add(f, "twap_entry", "{signal_types: [x]}");
    s1_harness_close(f, 1.1);
    verdict = expect_plan(f, picky, S1_LONG, &plan);
    expect_rejected(&verdict, "SIGNAL_DISABLED", NAN, NAN);
    s1_harness_free(f);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "twap_entry", "{slices: 1}", "slices");
    expect_refused(h, "twap_entry", "{slices: 1001}", "slices");
    expect_refused(h, "twap_entry", "{duration_minutes: 0}", "duration_minutes");
    expect_refused(h, "twap_entry", "{duration_minutes: 525601}", "duration_minutes");
    expect_refused(h, "twap_entry", "{max_open_positions: 0}", "max_open_positions");
    expect_refused(h, "twap_entry", "{directions: none}", "directions");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_by_hand),
        cmocka_unit_test(intervals_are_at_least_a_bar),
        cmocka_unit_test(entry_rules),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("twap_entry", tests, NULL, NULL);
}
