/* premium_discount_calculator: eight bars by hand, the definition recomputed over the whole past of
 * each bar, the history cut, and what is refused. */
#include "tests/plugins/history.h"

static void eight_bars(void **state)
{
    (void)state;
    static const struct {
        double high, low, close, range_high, range_low, leg, position, side, fib;
    } story[] = {
        {10, 9, 9.5, NAN, NAN, NAN, NAN, NAN, NAN}, {12, 10, 11, NAN, NAN, NAN, NAN, NAN, NAN},
        {11, 8, 9, 12, NAN, NAN, NAN, NAN, NAN},    {11, 9, 10, 12, 8, -1, 0.5, 0, 10},
        {13, 11, 12, 13, 8, 1, 0.8, 1, 10.5},       {14, 12, 12.5, 14, 8, 1, 0.75, 1, 11},
        {13, 10, 11, 14, 8, 1, 0.5, 0, 11},         {12, 11, 11, 14, 10, -1, 0.25, -1, 12},
    };
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "premium_discount_calculator", "{strength: 1, levels: [0.5]}");
    for (size_t i = 0; i < sizeof story / sizeof *story; i++) {
        s1_harness_bar(h, story[i].close, story[i].high, story[i].low, story[i].close, 1);
        expect_same(s1_harness_value(h, "range_high", 0), story[i].range_high);
        expect_same(s1_harness_value(h, "range_low", 0), story[i].range_low);
        expect_same(s1_harness_value(h, "range_leg", 0), story[i].leg);
        expect_same(s1_harness_value(h, "range_position", 0), story[i].position);
        expect_same(s1_harness_value(h, "premium_discount", 0), story[i].side);
        expect_same(s1_harness_value(h, "fib_0_5", 0), story[i].fib);
    }
    s1_harness_free(h);
}

/* A leg of 100 up from 100: its retracements, and their names. */
static void levels_by_name(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "premium_discount_calculator", "{strength: 1}");
    const double closes[] = {150, 160, 100, 180, 200};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, closes[i]);
    }
    expect_near(s1_harness_value(h, "fib_0_5", 0), 150, 1e-12);
    expect_near(s1_harness_value(h, "fib_0_618", 0), 138.2, 1e-12);
    expect_near(s1_harness_value(h, "fib_0_786", 0), 121.4, 1e-12);
    s1_harness_free(h);
}

/* The end of one side as its definition says, looking at every bar up to `t`: the last swing, then
 * whatever goes beyond it. Its bar, or -1. */
static int64_t end_of(const double *values, double sign, int64_t t, int64_t n)
{
    for (int64_t p = t - n; p >= n; p--) {
        bool is_swing = true;
        for (int64_t k = 1; k <= n; k++) {
            is_swing = is_swing && sign * values[p] > sign * values[p - k] &&
                       sign * values[p] >= sign * values[p + k];
        }
        if (is_swing) {
            int64_t end = p;
            for (int64_t i = p + 1; i <= t; i++) {
                end = sign * values[i] > sign * values[end] ? i : end;
            }
            return end;
        }
    }
    return -1;
}

static void expect_definition(const s1_harness *h, uint64_t rows, int64_t n)
{
    const double *const high = s1_harness_column(h, "high");
    const double *const low = s1_harness_column(h, "low");
    double leg = NAN;
    for (uint64_t t = 0; t < rows; t++) {
        const int64_t top = end_of(high, 1, (int64_t)t, n);
        const int64_t bottom = end_of(low, -1, (int64_t)t, n);
        expect_same(s1_harness_column(h, "range_high")[t], top < 0 ? NAN : high[top]);
        expect_same(s1_harness_column(h, "range_low")[t], bottom < 0 ? NAN : low[bottom]);
        if (top >= 0 && bottom >= 0) {
            leg = top > bottom ? 1 : top < bottom ? -1 : leg;
            const double position = s1_harness_column(h, "range_position")[t];
            assert_true(position >= 0 && position <= 1);
        }
        expect_same(s1_harness_column(h, "range_leg")[t], leg);
    }
}

/* On the walk, and on hourly EUR/USD. */
static void equals_the_definition(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n++) {
        char params[32];
        (void)snprintf(params, sizeof params, "{strength: %d}", n);
        const history_case of = {
            .items = {{.plugin = "premium_discount_calculator", .params = params}}};
        s1_harness *const walk = history_walk(&of, HISTORY_BARS, HISTORY_BARS);
        expect_definition(walk, HISTORY_BARS, n);
        s1_harness_free(walk);
        s1_harness *const real = s1_harness_new(NULL);
        s1_harness_add(real, "premium_discount_calculator", params);
        expect_definition(real, s1_harness_csv(real, "data/golden/backtesting_py/EURUSD.csv", 2000),
                          n);
        s1_harness_free(real);
    }
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "premium_discount_calculator", .params = "{strength: 2}"}},
        .columns = {"range_high", "range_low", "range_leg", "range_position", "premium_discount",
                    "fib_0_5", "fib_0_618", "fib_0_786"},
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "premium_discount_calculator";
    expect_refused(h, plugin, "{strength: 0}", "strength");
    expect_refused(h, plugin, "{strength: 101}", "strength");
    expect_refused(h, plugin, "{levels: [0]}", "levels");
    expect_refused(h, plugin, "{levels: [1.1]}", "levels");
    expect_refused(h, plugin, "{levels: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]}",
                   "expected at most 8");
    s1_harness_free(h);
}

static void refuses_long_levels(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "premium_discount_calculator", "{levels: [0.61803399]}", "fib_0_618034");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eight_bars),
        cmocka_unit_test(levels_by_name),
        cmocka_unit_test(equals_the_definition),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
        cmocka_unit_test(refuses_long_levels),
    };
    return cmocka_run_group_tests_name("premium_discount_calculator", tests, NULL, NULL);
}
