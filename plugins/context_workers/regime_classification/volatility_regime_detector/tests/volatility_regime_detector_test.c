/* volatility_regime_detector: eight bars by hand, real bars against the definition, the history
 * cut, and what is refused. */
#include "tests/plugins/history.h"

static void eight_bars(void **state)
{
    (void)state;
    const double fast[] = {NAN, 2, 3, 2.5, 2.4, 1, 1.5, 1.6, 2.5};
    const double regime[] = {NAN, 0, 1, 1, 0, -1, -1, 0, 0};
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_3");
    s1_harness_feed(h, "atr_9");
    s1_harness_add(h, "volatility_regime_detector",
                   "{fast: 3, slow: 9, high_ratio: 1.5, low_ratio: 0.5, hysteresis: 0.25}");
    s1_harness_set(h, "atr_9", 2);
    for (size_t i = 0; i < 9; i++) {
        s1_harness_set(h, "atr_3", fast[i]);
        s1_harness_close(h, 1);
        expect_same(s1_harness_value(h, "volatility_ratio_3_9", 0), fast[i] / 2);
        expect_same(s1_harness_value(h, "volatility_regime_3_9", 0), regime[i]);
    }
    s1_harness_free(h);
}

/* A market that never moved has no ratio, and the regime starts anew behind it. */
static void no_range_is_no_regime(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_harness_feed(h, "atr_100");
    s1_harness_add(h, "volatility_regime_detector", "");
    const double fast[] = {3, 0, 2.5};
    const double slow[] = {2, 0, 2};
    const double regime[] = {1, NAN, 0};
    for (size_t i = 0; i < 3; i++) {
        s1_harness_set(h, "atr_14", fast[i]);
        s1_harness_set(h, "atr_100", slow[i]);
        s1_harness_close(h, 1);
        expect_same(s1_harness_value(h, "volatility_regime_14_100", 0), regime[i]);
    }
    s1_harness_free(h);
}

/* Hourly EUR/USD: the ratio is that of the columns, the regime that of a plain reading. */
static void real_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const s1_harness_item slow_atr = {
        .plugin = "atr_calculator", .params = "{period: 100}", .instance_id = "slow"};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    s1_harness_add(h, "atr_calculator", "{period: 14}");
    assert_int_equal(s1_harness_try_add(h, &slow_atr, &worker, &err), S1_OK);
    s1_harness_add(h, "volatility_regime_detector", "{hysteresis: 0}");
    const uint64_t rows = s1_harness_csv(h, "data/golden/backtesting_py/EURUSD.csv", 3000);
    uint64_t count[3] = {0, 0, 0};
    for (uint64_t t = 0; t < rows; t++) {
        const double ratio = s1_harness_column(h, "atr_14")[t] / s1_harness_column(h, "atr_100")[t];
        const double expected = isnan(ratio) ? NAN : ratio >= 1.3 ? 1 : ratio <= 0.75 ? -1 : 0;
        expect_same(s1_harness_column(h, "volatility_ratio_14_100")[t], ratio);
        expect_same(s1_harness_column(h, "volatility_regime_14_100")[t], expected);
        if (!isnan(expected)) {
            count[(int)expected + 1]++;
        }
    }
    assert_true(rows == 0 || (count[0] > 0 && count[1] > 0 && count[2] > 0));
    s1_harness_free(h);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "atr_calculator", .params = "{period: 3}", .instance_id = "fast"},
                  {.plugin = "atr_calculator", .params = "{period: 20}", .instance_id = "slow"},
                  {.plugin = "volatility_regime_detector", .params = "{fast: 3, slow: 20}"}},
        .columns = {"volatility_ratio_3_20", "volatility_regime_3_20"},
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "volatility_regime_detector";
    expect_refused(h, plugin, "", "atr_14");
    s1_harness_feed(h, "atr_14");
    s1_harness_feed(h, "atr_100");
    expect_refused(h, plugin, "{fast: 0}", "fast");
    expect_refused(h, plugin, "{fast: 100, slow: 14}", "expected fast below slow");
    expect_refused(h, plugin, "{high_ratio: 0.9}", "high_ratio");
    expect_refused(h, plugin, "{low_ratio: 0}", "low_ratio");
    expect_refused(h, plugin, "{hysteresis: 0.6}", "hysteresis");
    expect_refused(h, plugin, "{hysteresis: 0.3}", "expected low_ratio + hysteresis below");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_bars),
        cmocka_unit_test(no_range_is_no_regime),
        cmocka_unit_test(real_bars),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("volatility_regime_detector", tests, NULL, NULL);
}
