/* macd_calculator: five bars by hand, a flat market, a line, and what is refused. */
#include "tests/plugins/expect.h"

/* fast 2 (a = 2/3), slow 3 (a = 1/2), signal 2 (a = 2/3)
 * close  fast             slow         macd  signal                     histogram
 * 1
 * 3
 * 8      (3 + 8)/2 = 5.5  12/3 = 4     1.5   (not shown before bar 4)
 * 4      5.5 - 1 = 4.5    4 + 0 = 4    0.5   (1.5 + 0.5)/2 = 1          -0.5
 * 12     4.5 + 5 = 9.5    4 + 4 = 8    1.5   1 + 2/3 * 0.5 = 4/3        1/6 */
static void five_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "macd_calculator", "{fast: 2, slow: 3, signal: 2}");
    const double closes[] = {1, 3, 8, 4, 12};
    const double expected[][3] = {{0.5, 1.0, -0.5}, {1.5, 4.0 / 3.0, 1.0 / 6.0}};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, closes[i]);
        const double macd = s1_harness_value(h, "macd_2_3_2", 0);
        const double signal = s1_harness_value(h, "macd_signal_2_3_2", 0);
        const double histogram = s1_harness_value(h, "macd_histogram_2_3_2", 0);
        if (i < 3) {
            assert_true(isnan(macd) && isnan(signal) && isnan(histogram));
            continue;
        }
        expect_near(macd, expected[i - 3][0], 1e-12);
        expect_near(signal, expected[i - 3][1], 1e-12);
        expect_near(histogram, expected[i - 3][2], 1e-12);
    }
    s1_harness_free(h);
}

/* Nothing moves, nothing differs; the columns stand from bar slow + signal - 1 on. */
static void flat_market_is_zero(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "macd_calculator", "");
    for (int i = 1; i <= 40; i++) {
        s1_harness_close(h, 1.25);
        expect_same(s1_harness_value(h, "macd_12_26_9", 0), i < 34 ? NAN : 0.0);
        expect_same(s1_harness_value(h, "macd_signal_12_26_9", 0), i < 34 ? NAN : 0.0);
        expect_same(s1_harness_value(h, "macd_histogram_12_26_9", 0), i < 34 ? NAN : 0.0);
    }
    s1_harness_free(h);
}

/* On a straight line an average of n lags (n - 1) / 2 bars from its seed on, so that the difference
 * is the slope times (slow - fast) / 2, and with signal 1 the signal line is the difference. */
static void a_line_lags(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "macd_calculator", "{fast: 3, slow: 7, signal: 1}");
    for (int i = 1; i <= 30; i++) {
        s1_harness_close(h, 2.0 + 0.5 * i);
        if (i >= 7) {
            expect_near(s1_harness_value(h, "macd_3_7_1", 0), 0.5 * (7 - 3) / 2.0, 1e-12);
            expect_same(s1_harness_value(h, "macd_histogram_3_7_1", 0), 0.0);
        }
    }
    s1_harness_free(h);
}

static void refuses_bad_periods(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "macd_calculator", "{fast: 26, slow: 12}", "fast");
    expect_refused(h, "macd_calculator", "{fast: 12, slow: 12}", "expected fast below slow");
    expect_refused(h, "macd_calculator", "{fast: 1}", "fast");
    expect_refused(h, "macd_calculator", "{slow: 100001}", "slow");
    expect_refused(h, "macd_calculator", "{signal: 0}", "signal");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_bars),
        cmocka_unit_test(flat_market_is_zero),
        cmocka_unit_test(a_line_lags),
        cmocka_unit_test(refuses_bad_periods),
    };
    return cmocka_run_group_tests_name("macd_calculator", tests, NULL, NULL);
}
