/* adx_regime_classifier: six bars by hand, one-way and flat markets, thresholds, and what is
 * refused. */
#include "tests/plugins/expect.h"

static const double bars[][3] = {{10, 8, 9},   {12, 9, 11}, {11, 8, 9},
                                 {14, 10, 13}, {13, 7, 8},  {12, 8, 10}};

static void feed(s1_harness *h, size_t bar)
{
    s1_harness_bar(h, bars[bar][2], bars[bar][0], bars[bar][1], bars[bar][2], 1);
}

static void expect_column(const s1_harness *h, const char *column, double expected)
{
    const double value = s1_harness_value(h, column, 0);
    if (isnan(expected)) {
        assert_true(isnan(value));
    } else {
        expect_near(value, expected, 1e-12);
    }
}

/* period 2; the whole of it stands in README.md.
 * bar  plus minus range  sums                  dx  adx
 * 2    2    0     3      2, 0, 3
 * 3    0    1     3      1, 1, 4.5             0
 * 4    3    0     5      3.5, 0.5, 7.25        75  37.5
 * 5    0    3     6      1.75, 3.25, 9.625     30  33.75
 * 6    0    0     4      .875, 1.625, 8.8125   30  31.875 */
static void six_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "adx_regime_classifier", "{period: 2}");
    const double plus[] = {NAN, NAN, 100 / 4.5, 350 / 7.25, 175 / 9.625, 87.5 / 8.8125};
    const double minus[] = {NAN, NAN, 100 / 4.5, 50 / 7.25, 325 / 9.625, 162.5 / 8.8125};
    const double adx[] = {NAN, NAN, NAN, 37.5, 33.75, 31.875};
    const double regime[] = {NAN, NAN, NAN, 1, -1, -1};
    for (size_t i = 0; i < 6; i++) {
        feed(h, i);
        expect_column(h, "plus_di_2", plus[i]);
        expect_column(h, "minus_di_2", minus[i]);
        expect_column(h, "adx_2", adx[i]);
        expect_column(h, "adx_regime_2", regime[i]);
    }
    s1_harness_free(h);
}

/* The same bars with a threshold between the second adx and the third. */
static void below_the_threshold_it_ranges(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "adx_regime_classifier", "{period: 2, threshold: 33.0}");
    const double regime[] = {NAN, NAN, NAN, 1, -1, 0};
    for (size_t i = 0; i < 6; i++) {
        feed(h, i);
        expect_column(h, "adx_regime_2", regime[i]);
    }
    s1_harness_free(h);
}

/* All movement one way: the index is 100, and the regime that way. */
static void one_way_markets_trend(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "adx_regime_classifier", "{period: 3}");
        for (int i = 1; i <= 12; i++) {
            const double close = 50.0 + sign * i;
            s1_harness_bar(h, close, close + 0.5, close - 0.5, close, 1);
            expect_column(h, "adx_3", i < 6 ? NAN : 100.0);
            expect_column(h, "adx_regime_3", i < 6 ? NAN : sign);
        }
        s1_harness_free(h);
    }
}

/* Nothing moves: no direction, and no division by the range of 0. With threshold 0 too, for both
 * indicators are equal. */
static void flat_market_ranges(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "adx_regime_classifier", "{period: 3, threshold: 0}");
    for (int i = 1; i <= 12; i++) {
        s1_harness_close(h, 1.25);
        expect_column(h, "plus_di_3", i < 4 ? NAN : 0.0);
        expect_column(h, "minus_di_3", i < 4 ? NAN : 0.0);
        expect_column(h, "adx_3", i < 6 ? NAN : 0.0);
        expect_column(h, "adx_regime_3", i < 6 ? NAN : 0.0);
    }
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "adx_regime_classifier", "{period: 1}", "period");
    expect_refused(h, "adx_regime_classifier", "{period: 100001}", "period");
    expect_refused(h, "adx_regime_classifier", "{threshold: -1.0}", "threshold");
    expect_refused(h, "adx_regime_classifier", "{threshold: 100.5}", "threshold");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_bars),
        cmocka_unit_test(below_the_threshold_it_ranges),
        cmocka_unit_test(one_way_markets_trend),
        cmocka_unit_test(flat_market_ranges),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("adx_regime_classifier", tests, NULL, NULL);
}
