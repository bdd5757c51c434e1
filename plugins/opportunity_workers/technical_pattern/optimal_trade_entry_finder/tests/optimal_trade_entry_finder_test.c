/* optimal_trade_entry_finder: bars by hand and their mirror, each condition, real bars against a
 * plain reading, the history cut, and what is refused. */
#include "tests/plugins/history.h"

static const double low[] = {150, 130, 125, 110, 140, 135, 190};
static const double close_of[] = {160, 140, 130, 115, 150, 137, 195};
#define BARS 7u

typedef struct context_of {
    double leg, block, bias;
} context_of;

/* The story in a range from 100 to 200 after a leg up, or its mirror; signals by row as digits. */
static uint64_t tell(const char *params, bool is_mirror, context_of with)
{
    s1_harness *const h = s1_harness_new(NULL);
    const char *const feeds[] = {"range_high",
                                 "range_low",
                                 "range_leg",
                                 "bullish_block_touched",
                                 "bearish_block_touched",
                                 "higher_timeframe_bias"};
    const double values[] = {200, 100, with.leg, with.block, with.block, with.bias};
    for (size_t i = 0; i < 6; i++) {
        s1_harness_feed(h, feeds[i]);
        s1_harness_set(h, feeds[i], values[i]);
    }
    s1_harness_add(h, "optimal_trade_entry_finder", params);
    uint64_t rows = 0;
    for (size_t i = 0; i < BARS; i++) {
        const double close = is_mirror ? 300 - close_of[i] : close_of[i];
        s1_harness_bar(h, close, is_mirror ? 300 - low[i] : 200, is_mirror ? 100 : low[i], close,
                       1);
        if (s1_harness_signal_count(h) > 0) {
            const s1_harness_signal *const found =
                s1_harness_signal_at(h, s1_harness_signal_count(h) - 1);
            rows = found->row == i + 1 ? rows * 10 + i + 1 : rows;
            assert_int_equal(found->signal.direction, is_mirror ? S1_SHORT : S1_LONG);
            expect_text(found->signal.signal_type, "ote_entry");
        }
    }
    s1_harness_free(h);
    return rows;
}

/* In with the lows: bars 2 to 4 and 6 (from the fifth, at 0.6, which is out). */
static void by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *params;
        context_of with;
        uint64_t rows;
    } cases[] = {
        {"", {1, 0, 0}, 26},
        {"{emit: every_bar}", {1, 0, 0}, 236},
        {"{emit: every_bar, to: 0.85}", {1, 0, 0}, 2346},
        {"{emit: every_bar, from: 0.75, to: 0.9}", {1, 0, 0}, 34},
        {"{trigger: close}", {1, 0, 0}, 36},
        {"{trigger: close, emit: every_bar}", {1, 0, 0}, 36},
        {"", {NAN, 0, 0}, 0},
        {"{min_impulse_percent: 100}", {1, 0, 0}, 26},
        {"{min_impulse_percent: 101}", {1, 0, 0}, 0},
        {"{require_order_block: true}", {1, 1, 0}, 26},
        {"{require_order_block: true}", {1, 0, 0}, 0},
        {"{require_bias: true}", {1, 0, 1}, 26},
        {"{require_bias: true}", {1, 0, -1}, 0},
        {"{require_bias: true}", {1, 0, NAN}, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const context_of with = cases[k].with;
        assert_int_equal(tell(cases[k].params, false, with), cases[k].rows);
        assert_int_equal(
            tell(cases[k].params, true, (context_of){-with.leg, with.block, -with.bias}),
            cases[k].rows);
    }
    assert_int_equal(tell("{direction: short}", false, (context_of){1, 0, 0}), 0);
    assert_int_equal(tell("{direction: long}", true, (context_of){-1, 0, 0}), 0);
}

/* Hourly EUR/USD: the same reading over the columns the worker saw. */
static void equals_a_plain_reading(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "premium_discount_calculator", "");
    s1_harness_add(h, "optimal_trade_entry_finder", "");
    const uint64_t rows = s1_harness_csv(h, "data/golden/backtesting_py/EURUSD.csv", 5000);
    uint32_t at = 0;
    bool was_in = false;
    double leg_before = NAN;
    for (uint64_t t = 0; t < rows; t++) {
        const double leg = s1_harness_column(h, "range_leg")[t];
        const double top = s1_harness_column(h, "range_high")[t];
        const double bottom = s1_harness_column(h, "range_low")[t];
        const double close = s1_harness_column(h, "close")[t];
        const double price = s1_harness_column(h, leg > 0 ? "low" : "high")[t];
        const double depth = (leg > 0 ? top - price : price - bottom) / (top - bottom);
        const double close_depth = (leg > 0 ? top - close : close - bottom) / (top - bottom);
        if (depth >= 0.62 && close_depth <= 0.79 && !(was_in && leg == leg_before)) {
            assert_true(at < s1_harness_signal_count(h));
            const s1_harness_signal *const found = s1_harness_signal_at(h, at++);
            assert_int_equal(found->row, t + 1);
            assert_int_equal(found->signal.direction, leg > 0 ? S1_LONG : S1_SHORT);
            expect_same(s1_harness_field(found->signal.metadata, found->signal.metadata_count,
                                         "retracement"),
                        depth);
        }
        was_in = depth >= 0.62;
        leg_before = leg;
    }
    assert_int_equal(at, s1_harness_signal_count(h));
    assert_true(rows == 0 || at > 100);
    s1_harness_free(h);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "premium_discount_calculator", .params = "{strength: 2}"},
                  {.plugin = "market_structure_detector"},
                  {.plugin = "order_block_identifier"},
                  {.plugin = "optimal_trade_entry_finder",
                   .params = "{from: 0.5, to: 0.9, require_order_block: true, emit: every_bar}"}},
        .has_signals = true,
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "optimal_trade_entry_finder";
    expect_refused(h, plugin, "", "range_high");
    s1_harness_feed(h, "range_high");
    s1_harness_feed(h, "range_low");
    s1_harness_feed(h, "range_leg");
    expect_refused(h, plugin, "{from: -0.1}", "from");
    expect_refused(h, plugin, "{to: 1.1}", "to");
    expect_refused(h, plugin, "{from: 0.8}", "expected from below to");
    expect_refused(h, plugin, "{trigger: wick}", "trigger");
    expect_refused(h, plugin, "{emit: never}", "emit");
    expect_refused(h, plugin, "{min_impulse_percent: -1}", "min_impulse_percent");
    expect_refused(h, plugin, "{direction: up}", "direction");
    expect_refused(h, plugin, "{require_order_block: true}", "order_block_identifier");
    expect_refused(h, plugin, "{require_bias: true}", "higher_timeframe_bias");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(equals_a_plain_reading),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("optimal_trade_entry_finder", tests, NULL, NULL);
}
