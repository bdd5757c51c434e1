/* volatility_percentile_calculator: seven bars by hand, a flat market, long windows counted anew,
 * and what is refused. */
#include "tests/plugins/expect.h"

static void expect_column(const s1_harness *h, const char *column, double expected)
{
    const double value = s1_harness_value(h, column, 0);
    if (isnan(expected)) {
        assert_true(isnan(value));
    } else {
        expect_near(value, expected, 1e-12);
    }
}

/* period 1, window 3, closes and lows of 10.
 * high   volatility  others   percentile
 * 10     -
 * 11     10                   -
 * 12     20                   -
 * 11.5   15          10, 20   100 * 1 / 2
 * 12     20          20, 15   100 * (1 + 1/2) / 2
 * 10.5   5           15, 20   0
 * 13     30          20, 5    100 */
static void seven_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volatility_percentile_calculator", "{period: 1, window: 3}");
    const double highs[] = {10, 11, 12, 11.5, 12, 10.5, 13};
    const double volatility[] = {NAN, 10, 20, 15, 20, 5, 30};
    const double percentile[] = {NAN, NAN, NAN, 50, 75, 0, 100};
    for (size_t i = 0; i < 7; i++) {
        s1_harness_bar(h, 10, highs[i], 10, 10, 1);
        expect_column(h, "volatility_1_3", volatility[i]);
        expect_column(h, "volatility_percentile_1_3", percentile[i]);
    }
    s1_harness_free(h);
}

/* All values equal: none is higher, none lower. */
static void flat_market_is_the_middle(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volatility_percentile_calculator", "{period: 2, window: 5}");
    for (int i = 1; i <= 20; i++) {
        s1_harness_close(h, 1.25);
        expect_column(h, "volatility_2_5", i < 3 ? NAN : 0.0);
        expect_column(h, "volatility_percentile_2_5", i < 7 ? NAN : 50.0);
    }
    s1_harness_free(h);
}

/* The column equals counting in each window, with many equal values among them. */
static void equals_counting(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volatility_percentile_calculator", "{period: 1, window: 37}");
    uint64_t seed = 7;
    for (uint64_t t = 0; t < 500; t++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        s1_harness_bar(h, 10, 10 + 0.25 * (double)(seed >> 60), 10, 10, 1);
        if (t < 37) {
            expect_column(h, "volatility_percentile_1_37", NAN);
            continue;
        }
        const double newest = s1_harness_value(h, "volatility_1_37", 0);
        double count = 0.0;
        for (uint64_t ago = 1; ago < 37; ago++) {
            const double other = s1_harness_value(h, "volatility_1_37", ago);
            count += other < newest ? 1.0 : other == newest ? 0.5 : 0.0;
        }
        expect_column(h, "volatility_percentile_1_37", 100.0 * count / 36.0);
    }
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "volatility_percentile_calculator", "{period: 0}", "period");
    expect_refused(h, "volatility_percentile_calculator", "{period: 1.5}", "period");
    expect_refused(h, "volatility_percentile_calculator", "{window: 1}", "window");
    expect_refused(h, "volatility_percentile_calculator", "{window: 10001}", "window");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seven_bars),
        cmocka_unit_test(flat_market_is_the_middle),
        cmocka_unit_test(equals_counting),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("volatility_percentile_calculator", tests, NULL, NULL);
}
