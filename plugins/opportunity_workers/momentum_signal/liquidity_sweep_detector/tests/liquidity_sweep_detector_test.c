/* liquidity_sweep_detector: bars by hand, each condition, sweeps of real levels found by looking at
 * all of them, the history cut, and what is refused. */
#include "tests/plugins/history.h"

#include <stdlib.h>

static const char *const columns[] = {"buy_side_taken", "buy_side_taken_touches", "sell_side_taken",
                                      "sell_side_taken_touches"};

/* One bar of high, low and close, with the level below and the level above it took. */
static s1_harness *one_bar(const char *params, double high, double low, double close, double below,
                           double above)
{
    s1_harness *const h = s1_harness_new(NULL);
    for (size_t i = 0; i < 4; i++) {
        s1_harness_feed(h, columns[i]);
    }
    s1_harness_feed(h, "higher_timeframe_bias");
    s1_harness_add(h, "liquidity_sweep_detector", params);
    s1_harness_set(h, "sell_side_taken", below);
    s1_harness_set(h, "sell_side_taken_touches", isnan(below) ? NAN : 2);
    s1_harness_set(h, "buy_side_taken", above);
    s1_harness_set(h, "buy_side_taken_touches", isnan(above) ? NAN : 2);
    s1_harness_set(h, "higher_timeframe_bias", 1);
    s1_harness_bar(h, close, high, low, close, 1);
    return h;
}

static void by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *params;
        double high, low, close, below, above;
        int32_t direction; /* 0: no signal */
    } cases[] = {
        {"", 103, 99, 101, 100, NAN, S1_LONG},
        {"", 103, 100, 101, NAN, NAN, 0},
        {"", 103, 99, 99.5, 100, NAN, 0},
        {"", 103, 99, 100, 100, NAN, 0},
        {"", 101, 97, 99, NAN, 100, S1_SHORT},
        {"", 101, 97, 100, NAN, 100, 0},
        {"", 101, 97, 100.5, NAN, 100, 0},
        {"{direction: short}", 103, 99, 101, 100, NAN, 0},
        {"{direction: long}", 101, 97, 99, NAN, 100, 0},
        {"{min_wick_percent: 1}", 103, 99, 101, 100, NAN, S1_LONG},
        {"{min_wick_percent: 1.01}", 103, 99, 101, 100, NAN, 0},
        {"{min_wick_percent: 1.01}", 101, 97, 99, NAN, 100, 0},
        {"{min_touches: 2}", 103, 99, 101, 100, NAN, S1_LONG},
        {"{min_touches: 3}", 103, 99, 101, 100, NAN, 0},
        {"{require_bias: true}", 103, 99, 101, 100, NAN, S1_LONG},
        {"{require_bias: true}", 101, 97, 99, NAN, 100, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = one_bar(cases[k].params, cases[k].high, cases[k].low, cases[k].close,
                                      cases[k].below, cases[k].above);
        assert_int_equal(s1_harness_signal_count(h), cases[k].direction != 0);
        if (cases[k].direction != 0) {
            const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
            assert_int_equal(signal->direction, cases[k].direction);
            expect_text(signal->signal_type, "liquidity_sweep");
            expect_same(signal->price, cases[k].close);
            expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "level"), 100);
            expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "wick"), 1);
            expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "touches"), 2);
        }
        s1_harness_free(h);
    }
}

static void both_sides_of_one_bar(void **state)
{
    (void)state;
    s1_harness *const h = one_bar("", 111, 99, 105, 100, 110);
    assert_int_equal(s1_harness_signal_count(h), 2);
    assert_int_equal(s1_harness_signal_at(h, 0)->signal.direction, S1_LONG);
    assert_int_equal(s1_harness_signal_at(h, 1)->signal.direction, S1_SHORT);
    s1_harness_free(h);
}

/* Hourly EUR/USD: of every swing that stood a bar before, is there one the bar traded beyond and
 * closed back inside of? Counted over all of them, for both sides. */
static uint32_t count_sweeps(const s1_harness *h, uint64_t rows, int64_t n, double sign)
{
    const double *const values = s1_harness_column(h, sign > 0 ? "high" : "low");
    const double *const close = s1_harness_column(h, "close");
    double *const standing = malloc(rows * sizeof *standing);
    assert_non_null(standing);
    size_t count = 0;
    uint32_t sweeps = 0;
    for (int64_t t = 0; t < (int64_t)rows; t++) {
        bool is_sweep = false;
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const bool is_taken = sign * values[t] > sign * standing[i];
            is_sweep = is_sweep || (is_taken && sign * close[t] < sign * standing[i]);
            standing[kept] = standing[i];
            kept += !is_taken;
        }
        count = kept;
        sweeps += is_sweep;
        bool is_swing = t >= 2 * n;
        for (int64_t k = 1; is_swing && k <= n; k++) {
            is_swing = sign * values[t - n] > sign * values[t - n - k] &&
                       sign * values[t - n] >= sign * values[t - n + k];
        }
        if (is_swing) {
            standing[count++] = values[t - n];
        }
    }
    free(standing);
    return sweeps;
}

static void equals_all_levels(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "liquidity_zone_mapper",
                   "{strength: 3, tolerance_percent: 0, max_levels: 1000}");
    s1_harness_add(h, "liquidity_sweep_detector", "");
    const uint64_t rows = s1_harness_csv(h, "data/golden/backtesting_py/EURUSD.csv", 3000);
    uint32_t found[2] = {0, 0};
    for (uint32_t i = 0; i < s1_harness_signal_count(h); i++) {
        found[s1_harness_signal_at(h, i)->signal.direction == S1_SHORT]++;
    }
    if (rows > 0) {
        assert_true(found[0] > 50 && found[1] > 50);
        assert_int_equal(found[0], count_sweeps(h, rows, 3, -1));
        assert_int_equal(found[1], count_sweeps(h, rows, 3, 1));
    }
    s1_harness_free(h);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "liquidity_zone_mapper", .params = "{strength: 2}"},
                  {.plugin = "liquidity_sweep_detector"}},
        .has_signals = true,
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "liquidity_sweep_detector";
    expect_refused(h, plugin, "", "buy_side_taken");
    for (size_t i = 0; i < 4; i++) {
        s1_harness_feed(h, columns[i]);
    }
    expect_refused(h, plugin, "{direction: up}", "direction");
    expect_refused(h, plugin, "{min_wick_percent: -1}", "min_wick_percent");
    expect_refused(h, plugin, "{min_touches: 0}", "min_touches");
    expect_refused(h, plugin, "{require_bias: true}", "higher_timeframe_bias");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(both_sides_of_one_bar),
        cmocka_unit_test(equals_all_levels),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("liquidity_sweep_detector", tests, NULL, NULL);
}
