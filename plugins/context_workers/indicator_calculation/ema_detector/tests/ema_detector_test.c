/* ema_detector: the formula by hand, both seeds, and what is refused. */
#include "tests/plugins/expect.h"

/* periods [3]: alpha = 2 / (3 + 1) = 0.5. Closes 10, 11, 13, 12:
 * 10; 10 + 0.5 * (11 - 10) = 10.5; 10.5 + 0.5 * (13 - 10.5) = 11.75; 11.75 + 0.5 * 0.25 = 11.875.
 * The column begins with the third bar. */
static void starts_from_the_first_close(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "ema_detector", "{periods: [3]}");
    const double closes[] = {10, 11, 13, 12};
    const double expected[] = {NAN, NAN, 11.75, 11.875};
    for (size_t i = 0; i < 4; i++) {
        s1_harness_close(h, closes[i]);
        expect_same(s1_harness_value(h, "ema_3", 0), expected[i]);
    }
    s1_harness_free(h);
}

/* seed sma: (10 + 11 + 13) / 3 = 11.333..; then 11.333.. + 0.5 * (12 - 11.333..) = 11.666.. */
static void starts_from_the_mean(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "ema_detector", "{periods: [3], seed: sma}");
    const double closes[] = {10, 11, 13, 12};
    for (size_t i = 0; i < 4; i++) {
        s1_harness_close(h, closes[i]);
    }
    assert_true(isnan(s1_harness_value(h, "ema_3", 2)));
    expect_near(s1_harness_value(h, "ema_3", 1), 34.0 / 3.0, 1e-12);
    expect_near(s1_harness_value(h, "ema_3", 0), 35.0 / 3.0, 1e-12);
    s1_harness_free(h);
}

static void period_one_is_the_close(void **state)
{
    (void)state;
    const char *const params[] = {"{periods: [1]}", "{periods: [1], seed: sma}"};
    for (size_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "ema_detector", params[k]);
        for (int i = 0; i < 5; i++) {
            s1_harness_close(h, 1.0 + 0.25 * i);
            expect_same(s1_harness_value(h, "ema_1", 0), 1.0 + 0.25 * i);
        }
        s1_harness_free(h);
    }
}

/* Several periods do not disturb each other: each is the plain recursion, to the last bit. */
static void several_periods_are_each_the_recursion(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "ema_detector", "{periods: [12, 26, 5]}");
    const char *const names[] = {"ema_12", "ema_26", "ema_5"};
    const double periods[] = {12, 26, 5};
    double values[3] = {0};
    for (int i = 0; i < 500; i++) {
        const double close = 100.0 + (double)((i * 7919) % 113) * 0.125;
        s1_harness_close(h, close);
        for (int k = 0; k < 3; k++) {
            values[k] = i == 0 ? close : values[k] + 2.0 / (periods[k] + 1.0) * (close - values[k]);
            expect_same(s1_harness_value(h, names[k], 0), i + 1 < periods[k] ? NAN : values[k]);
        }
    }
    s1_harness_free(h);
}

static void refuses_what_is_no_list_of_periods(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "ema_detector", "{periods: []}", "periods");
    expect_refused(h, "ema_detector", "{periods: [5, 5]}", "5");
    expect_refused(h, "ema_detector", "{periods: [0]}", "periods");
    expect_refused(h, "ema_detector", "{periods: 12}", "periods");
    expect_refused(h, "ema_detector", "{periods: [3], seed: mean}", "seed");
    expect_refused(h, "ema_detector", "{period: 12}", "period");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_from_the_first_close),
        cmocka_unit_test(starts_from_the_mean),
        cmocka_unit_test(period_one_is_the_close),
        cmocka_unit_test(several_periods_are_each_the_recursion),
        cmocka_unit_test(refuses_what_is_no_list_of_periods),
    };
    return cmocka_run_group_tests_name("ema_detector", tests, NULL, NULL);
}
