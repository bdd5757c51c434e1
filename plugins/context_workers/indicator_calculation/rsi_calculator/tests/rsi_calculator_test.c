/* rsi_calculator: five bars by hand, the ends of its scale, and what is refused. */
#include "tests/plugins/expect.h"

/* period 2.  close  gain loss  averages                    rsi_2
 *            10                                            -
 *            12     2    0                                 -
 *            11     0    1     1, 0.5                      100 * 1 / 1.5
 *            14     3    0     (1 + 3) / 2 = 2, 0.25       100 * 2 / 2.25
 *            13     0    1     1, (0.25 + 1) / 2 = 0.625   100 * 1 / 1.625 */
static void five_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "rsi_calculator", "{period: 2}");
    const double closes[] = {10, 12, 11, 14, 13};
    const double expected[] = {NAN, NAN, 200.0 / 3.0, 800.0 / 9.0, 800.0 / 13.0};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, closes[i]);
        const double value = s1_harness_value(h, "rsi_2", 0);
        if (isnan(expected[i])) {
            assert_true(isnan(value));
        } else {
            expect_near(value, expected[i], 1e-12);
        }
    }
    s1_harness_free(h);
}

/* Only gains are 100, only losses 0. */
static void one_way_markets_are_the_ends(void **state)
{
    (void)state;
    s1_harness *const up = s1_harness_new(NULL);
    s1_harness *const down = s1_harness_new(NULL);
    s1_harness_add(up, "rsi_calculator", "{period: 3}");
    s1_harness_add(down, "rsi_calculator", "{period: 3}");
    for (int i = 0; i < 12; i++) {
        s1_harness_close(up, 1.0 + 0.25 * i);
        s1_harness_close(down, 9.0 - 0.25 * i);
        expect_same(s1_harness_value(up, "rsi_3", 0), i < 3 ? NAN : 100.0);
        expect_same(s1_harness_value(down, "rsi_3", 0), i < 3 ? NAN : 0.0);
    }
    s1_harness_free(up);
    s1_harness_free(down);
}

/* No movement at all is TA-Lib's 0, and the first movement after it counts whole. */
static void flat_market_is_zero(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "rsi_calculator", "");
    for (int i = 0; i < 15; i++) {
        s1_harness_close(h, 1.25);
    }
    expect_same(s1_harness_value(h, "rsi_14", 1), NAN);
    expect_same(s1_harness_value(h, "rsi_14", 0), 0.0);
    s1_harness_close(h, 1.5);
    expect_same(s1_harness_value(h, "rsi_14", 0), 100.0);
    s1_harness_free(h);
}

static void refuses_bad_periods(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "rsi_calculator", "{period: 1}", "period");
    expect_refused(h, "rsi_calculator", "{period: -14}", "period");
    expect_refused(h, "rsi_calculator", "{period: 2.5}", "period");
    expect_refused(h, "rsi_calculator", "{period: 100001}", "period");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_bars),
        cmocka_unit_test(one_way_markets_are_the_ends),
        cmocka_unit_test(flat_market_is_zero),
        cmocka_unit_test(refuses_bad_periods),
    };
    return cmocka_run_group_tests_name("rsi_calculator", tests, NULL, NULL);
}
