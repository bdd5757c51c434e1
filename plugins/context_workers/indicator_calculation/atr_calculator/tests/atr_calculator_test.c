/* atr_calculator: five bars by hand, and what is refused. */
#include "tests/plugins/expect.h"

/* period 2.  bar  high low close  true range                     atr_2
 *            1    10   8   9      none                           -
 *            2    11   9   10     max(2, |11-9|, |9-9|)   = 2    -
 *            3    15   12  14     max(3, |15-10|, |12-10|) = 5   (2 + 5) / 2      = 3.5
 *            4    14   13  13     max(1, |14-14|, |13-14|) = 1   (3.5 * 1 + 1) / 2 = 2.25
 *            5    10   9   9.5    max(1, |10-13|, |9-13|)  = 4   (2.25 + 4) / 2   = 3.125 */
static void five_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "atr_calculator", "{period: 2}");
    const double bars[][3] = {{10, 8, 9}, {11, 9, 10}, {15, 12, 14}, {14, 13, 13}, {10, 9, 9.5}};
    const double expected[] = {NAN, NAN, 3.5, 2.25, 3.125};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_bar(h, bars[i][2], bars[i][0], bars[i][1], bars[i][2], 1);
        expect_same(s1_harness_value(h, "atr_2", 0), expected[i]);
    }
    s1_harness_free(h);
}

/* period 1 is the true range itself. */
static void period_one_is_the_true_range(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "atr_calculator", "{period: 1}");
    s1_harness_bar(h, 9, 10, 8, 9, 1);
    assert_true(isnan(s1_harness_value(h, "atr_1", 0)));
    s1_harness_bar(h, 12, 15, 12, 14, 1);
    expect_same(s1_harness_value(h, "atr_1", 0), 6.0);
    s1_harness_bar(h, 14, 14.5, 14, 14, 1);
    expect_same(s1_harness_value(h, "atr_1", 0), 0.5);
    s1_harness_free(h);
}

/* A market that does not move has a range of 0, not of nothing. */
static void flat_market_is_zero(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "atr_calculator", "{period: 3}");
    for (int i = 0; i < 8; i++) {
        s1_harness_close(h, 1.25);
    }
    expect_same(s1_harness_value(h, "atr_3", 0), 0.0);
    s1_harness_free(h);
}

static void refuses_bad_periods(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "atr_calculator", "{period: 0}", "period");
    expect_refused(h, "atr_calculator", "{period: -14}", "period");
    expect_refused(h, "atr_calculator", "{period: 1.5}", "period");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_bars),
        cmocka_unit_test(period_one_is_the_true_range),
        cmocka_unit_test(flat_market_is_zero),
        cmocka_unit_test(refuses_bad_periods),
    };
    return cmocka_run_group_tests_name("atr_calculator", tests, NULL, NULL);
}
