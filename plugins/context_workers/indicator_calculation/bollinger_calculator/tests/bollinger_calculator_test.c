/* bollinger_calculator: five bars by hand, digits at a high price, names, and what is refused. */
#include "tests/plugins/expect.h"

static void expect_bands(const s1_harness *h, const double *expected)
{
    static const char *const columns[] = {"bb_middle_3_2", "bb_upper_3_2", "bb_lower_3_2",
                                          "bb_bandwidth_3_2", "bb_percent_b_3_2"};
    for (size_t i = 0; i < 5; i++) {
        expect_near(s1_harness_value(h, columns[i], 0), expected[i], 1e-12);
    }
}

/* period 3, deviations 2.  close  mean  s            upper, lower    bandwidth  percent_b
 *                          1, 4   (nothing before bar 3)
 *                          7      4     root(18/3)   4 +- 2 root 6   root 6     (3 + 2r) / 4r
 *                          7      6     root(6/3)    6 +- 2 root 2   4 root 2/6 (1 + 2r) / 4r
 *                          7      7     0            7               0          0.5 */
static void five_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "bollinger_calculator", "{period: 3, deviations: 2}");
    const double r6 = sqrt(6.0);
    const double r2 = sqrt(2.0);
    const double expected[][5] = {
        {4, 4 + 2 * r6, 4 - 2 * r6, r6, (3 + 2 * r6) / (4 * r6)},
        {6, 6 + 2 * r2, 6 - 2 * r2, 4 * r2 / 6, (1 + 2 * r2) / (4 * r2)},
        {7, 7, 7, 0, 0.5},
    };
    const double closes[] = {1, 4, 7, 7, 7};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, closes[i]);
        if (i < 2) {
            assert_true(isnan(s1_harness_value(h, "bb_middle_3_2", 0)));
            assert_true(isnan(s1_harness_value(h, "bb_upper_3_2", 0)));
            assert_true(isnan(s1_harness_value(h, "bb_lower_3_2", 0)));
            assert_true(isnan(s1_harness_value(h, "bb_bandwidth_3_2", 0)));
            assert_true(isnan(s1_harness_value(h, "bb_percent_b_3_2", 0)));
        } else {
            expect_bands(h, expected[i - 2]);
        }
    }
    s1_harness_free(h);
}

/* Closes of 100000 that move by the last digit, right after a crash from 900000: squares of them,
 * or sums the crash is taken out of again, would leave no digit of the deviation. Two closes of
 * each: s is half the distance. */
static void digits_stay(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "bollinger_calculator", "{period: 4, deviations: 1}");
    const double low = 100000.0;
    const double high = 100000.00002;
    for (int i = 0; i < 2000; i++) {
        s1_harness_close(h, i % 50 == 0 ? 900000.0 : i % 2 == 0 ? low : high);
        if (i % 50 >= 4) {
            const double width = s1_harness_value(h, "bb_bandwidth_4_1", 0) *
                                 s1_harness_value(h, "bb_middle_4_1", 0);
            expect_near(width, high - low, 1e-9 * (high - low));
        }
    }
    s1_harness_free(h);
}

static void fractions_stand_in_the_name(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "bollinger_calculator", "{period: 2, deviations: 2.50}");
    s1_harness_close(h, 1.0);
    s1_harness_close(h, 3.0);
    expect_same(s1_harness_value(h, "bb_upper_2_2_5", 0), 4.5);
    expect_same(s1_harness_value(h, "bb_lower_2_2_5", 0), -0.5);
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "bollinger_calculator", "{period: 1}", "period");
    expect_refused(h, "bollinger_calculator", "{period: 100001}", "period");
    expect_refused(h, "bollinger_calculator", "{deviations: 0}", "deviations");
    expect_refused(h, "bollinger_calculator", "{deviations: -2}", "deviations");
    expect_refused(h, "bollinger_calculator", "{deviations: 10.5}", "deviations");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_bars),
        cmocka_unit_test(digits_stay),
        cmocka_unit_test(fractions_stand_in_the_name),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("bollinger_calculator", tests, NULL, NULL);
}
