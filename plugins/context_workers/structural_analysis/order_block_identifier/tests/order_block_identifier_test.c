/* order_block_identifier: seven bars by hand and their mirror, which candle counts, blocks found
 * again by searching backwards, the history cut, and what is refused. */
#include "tests/plugins/history.h"

static const struct {
    double open, high, low, close, bos, lower, upper, touched;
} story[] = {
    {10, 11, 9, 10.5, 0, NAN, NAN, 0},       {10.5, 10.8, 9.8, 10, 0, NAN, NAN, 0},
    {10, 12, 10, 11.8, 1, 9.8, 10.8, 0},     {11.8, 12, 11, 11.5, 0, 9.8, 10.8, 0},
    {11.5, 11.6, 10.7, 11, 0, 9.8, 10.8, 1}, {11, 11.2, 9.5, 9.9, 0, 9.8, 10.8, 1},
    {9.9, 10, 9, 9.5, 0, NAN, NAN, 1},
};
#define STORY (sizeof story / sizeof story[0])

static s1_harness *harness(const char *params)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "is_bos");
    s1_harness_feed(h, "is_choch");
    s1_harness_add(h, "order_block_identifier", params);
    s1_harness_set(h, "is_bos", 0);
    s1_harness_set(h, "is_choch", 0);
    return h;
}

/* A bar with a break of structure of `bos`. */
static void bar(s1_harness *h, double open, double high, double low, double close, double bos)
{
    s1_harness_set(h, "is_bos", bos);
    s1_harness_bar(h, open, high, low, close, 1);
}

static void seven_bars(void **state)
{
    (void)state;
    s1_harness *const up = harness("");
    s1_harness *const down = harness("");
    for (size_t i = 0; i < STORY; i++) {
        bar(up, story[i].open, story[i].high, story[i].low, story[i].close, story[i].bos);
        expect_same(s1_harness_value(up, "bullish_block_lower", 0), story[i].lower);
        expect_same(s1_harness_value(up, "bullish_block_upper", 0), story[i].upper);
        expect_same(s1_harness_value(up, "bullish_block_touched", 0), story[i].touched);
        expect_same(s1_harness_value(up, "bearish_block_lower", 0), NAN);
        bar(down, 20 - story[i].open, 20 - story[i].low, 20 - story[i].high, 20 - story[i].close,
            -story[i].bos);
        expect_near(isnan(story[i].upper) ? 0 : s1_harness_value(down, "bearish_block_lower", 0),
                    isnan(story[i].upper) ? 0 : 20 - story[i].upper, 1e-9);
        expect_same(s1_harness_value(down, "bearish_block_touched", 0), story[i].touched);
        expect_same(s1_harness_value(down, "bullish_block_lower", 0), NAN);
    }
    assert_int_equal(s1_harness_artefacts(up, "bullish_order_blocks")->total, 1);
    assert_int_equal(s1_harness_artefacts(up, "bearish_order_blocks")->total, 0);
    const s1_artefact *const block =
        s1_artefact_at(s1_harness_artefacts(up, "bullish_order_blocks"), 0);
    assert_int_equal(block->row, 3);
    assert_int_equal(block->kind, S1_ARTEFACT_ZONE);
    assert_int_equal(block->direction, S1_LONG);
    expect_same(block->lower, 9.8);
    assert_int_equal(
        s1_artefact_at(s1_harness_artefacts(down, "bearish_order_blocks"), 0)->direction, S1_SHORT);
    s1_harness_free(up);
    s1_harness_free(down);
}

/* A falling candle of 9 to 11 (body 9.5 to 10.5), `between` rising ones, and a break at 11.55. */
static double upper_after(const char *params, int between, bool is_choch)
{
    s1_harness *const h = harness(params);
    bar(h, 10.5, 11, 9, 9.5, 0);
    for (int i = 0; i < between; i++) {
        bar(h, 9.5, 10, 9.5, 9.6, 0);
    }
    s1_harness_set(h, "is_choch", is_choch ? 1 : 0);
    bar(h, 9.6, 12, 9.6, 11.55, is_choch ? 0 : 1);
    const double upper = s1_harness_value(h, "bullish_block_upper", 0);
    s1_harness_free(h);
    return upper;
}

static void which_candle_counts(void **state)
{
    (void)state;
    expect_same(upper_after("", 0, false), 11);
    expect_same(upper_after("", 0, true), 11);
    expect_same(upper_after("{zone: body}", 0, false), 10.5);
    expect_same(upper_after("{max_bars: 3}", 2, false), 11);
    expect_same(upper_after("{max_bars: 3}", 3, false), NAN);
    expect_same(upper_after("{min_move_percent: 5}", 0, false), 11); /* by exactly 5 % */
    expect_same(upper_after("{min_move_percent: 5.1}", 0, false), NAN);
}

/* A second break away from the same candle makes no second block, also when the first has ended. */
static void one_block_of_a_candle(void **state)
{
    (void)state;
    s1_harness *const h = harness("");
    bar(h, 10.5, 11, 9, 9.5, 0);
    bar(h, 9.5, 12, 9.5, 11.5, 1);
    bar(h, 11.5, 13, 11.5, 12.5, 1);
    assert_int_equal(s1_harness_artefacts(h, "bullish_order_blocks")->total, 1);
    s1_harness_free(h);
}

/* With the real breaks each block is the last opposite candle, searched for backwards. */
static void expect_search(const s1_harness *h, const char *list, double sign)
{
    const double *const open = s1_harness_column(h, "open");
    const double *const close = s1_harness_column(h, "close");
    const double *const high = s1_harness_column(h, "high");
    const double *const low = s1_harness_column(h, "low");
    const s1_artefact_list *const blocks = s1_harness_artefacts(h, list);
    assert_true(blocks->total > 5);
    for (uint64_t i = 0; i < blocks->total && i < blocks->capacity; i++) {
        const s1_artefact *const block = s1_artefact_at(blocks, i);
        const uint64_t t = block->row - 1;
        assert_true(s1_harness_column(h, "is_bos")[t] == sign ||
                    s1_harness_column(h, "is_choch")[t] == sign);
        uint64_t at = t - 1;
        while (!(sign * close[at] < sign * open[at])) {
            at--;
        }
        assert_true(t - at <= 20);
        expect_same(block->lower, low[at]);
        expect_same(block->upper, high[at]);
        assert_true(sign > 0 ? close[t] > high[at] : close[t] < low[at]);
    }
}

static void equals_a_search(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "market_structure_detector"}, {.plugin = "order_block_identifier"}}};
    s1_harness *const h = history_walk(&of, HISTORY_BARS, HISTORY_BARS);
    expect_search(h, "bullish_order_blocks", 1);
    expect_search(h, "bearish_order_blocks", -1);
    s1_harness_free(h);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "market_structure_detector"}, {.plugin = "order_block_identifier"}},
        .columns = {"bullish_block_lower", "bullish_block_upper", "bullish_block_touched",
                    "bearish_block_lower", "bearish_block_upper", "bearish_block_touched"},
        .artefacts = {"bullish_order_blocks", "bearish_order_blocks"},
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "order_block_identifier";
    expect_refused(h, plugin, "", "is_bos");
    s1_harness_feed(h, "is_bos");
    s1_harness_feed(h, "is_choch");
    expect_refused(h, plugin, "{max_bars: 0}", "max_bars");
    expect_refused(h, plugin, "{zone: wick}", "zone");
    expect_refused(h, plugin, "{min_move_percent: -1}", "min_move_percent");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seven_bars),
        cmocka_unit_test(which_candle_counts),
        cmocka_unit_test(one_block_of_a_candle),
        cmocka_unit_test(equals_a_search),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("order_block_identifier", tests, NULL, NULL);
}
