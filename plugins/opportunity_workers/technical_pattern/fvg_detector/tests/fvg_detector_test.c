/* fvg_detector: gaps by hand in both directions, each filter at its edge, and what is refused. */
#include "tests/plugins/expect.h"

/* high 10, low 9 | high 12, low 9.5 | high 13, low 11: the gap is 10..11. Then bars that overlap.
 */
static void long_gap(s1_harness *h)
{
    s1_harness_bar(h, 9.5, 10, 9, 9.8, 1);
    s1_harness_bar(h, 9.8, 12, 9.5, 11.8, 1);
    s1_harness_bar(h, 11.8, 13, 11, 12.5, 1);
    s1_harness_bar(h, 12.5, 13, 11.5, 12, 1);
}

/* The mirror: low 10 | ... | high 9: the gap is 9..10. */
static void short_gap(s1_harness *h)
{
    s1_harness_bar(h, 10.5, 11, 10, 10.2, 1);
    s1_harness_bar(h, 10.2, 10.5, 8, 8.2, 1);
    s1_harness_bar(h, 8.2, 9, 7, 7.5, 1);
    s1_harness_bar(h, 7.5, 8.5, 7, 8, 1);
}

static void signals_a_long_gap_once(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "fvg_detector", "{structure_break_bars: 3}");
    long_gap(h);
    assert_int_equal(s1_harness_signal_count(h), 1);
    const s1_harness_signal *const found = s1_harness_signal_at(h, 0);
    const s1_signal *const signal = &found->signal;
    assert_int_equal(found->row, 3);
    assert_int_equal(signal->direction, S1_LONG);
    expect_text(signal->signal_type, "fvg_entry");
    expect_same(signal->price, 12.5);
    assert_true(isnan(signal->score));
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "gap_lower"), 10);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "gap_upper"), 11);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "gap_size"), 1);
    s1_harness_free(h);
}

static void signals_a_short_gap_once(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "fvg_detector", "{structure_break_bars: 3}");
    short_gap(h);
    assert_int_equal(s1_harness_signal_count(h), 1);
    const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
    assert_int_equal(signal->direction, S1_SHORT);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "gap_lower"), 9);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "gap_upper"), 10);
    s1_harness_free(h);
}

static void direction_filters(void **state)
{
    (void)state;
    const char *const params[] = {"{structure_break_bars: 3, direction: long}",
                                  "{structure_break_bars: 3, direction: short}"};
    for (size_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "fvg_detector", params[k]);
        long_gap(h);
        assert_int_equal(s1_harness_signal_count(h), k == 0 ? 1 : 0);
        s1_harness_free(h);
    }
}

/* Touching candles leave no gap. */
static void equal_prices_are_no_gap(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "fvg_detector", "{structure_break_bars: 3}");
    s1_harness_bar(h, 9.5, 10, 9, 9.8, 1);
    s1_harness_bar(h, 9.8, 12, 9.5, 11.8, 1);
    s1_harness_bar(h, 11.8, 13, 10, 12.5, 1);
    assert_int_equal(s1_harness_signal_count(h), 0);
    s1_harness_free(h);
}

/* The gap of 1 against minima of 1 and of a little more. */
static void minimum_in_price(void **state)
{
    (void)state;
    const char *const params[] = {"{structure_break_bars: 3, min_gap_size: 1.0}",
                                  "{structure_break_bars: 3, min_gap_size: 1.01}"};
    for (size_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "fvg_detector", params[k]);
        long_gap(h);
        assert_int_equal(s1_harness_signal_count(h), k == 0 ? 1 : 0);
        s1_harness_free(h);
    }
}

/* 0.5 * ATR: 0.5 * 2 = 1 is reached, 0.5 * 2.1 is not, and no ATR is no signal. The larger of both
 * minima counts. */
static void minimum_in_atr(void **state)
{
    (void)state;
    const struct {
        double atr;
        const char *params;
        uint32_t count;
    } cases[] = {
        {2.0, "{structure_break_bars: 3, min_gap_atr: 0.5, atr_period: 7}", 1},
        {2.1, "{structure_break_bars: 3, min_gap_atr: 0.5, atr_period: 7}", 0},
        {NAN, "{structure_break_bars: 3, min_gap_atr: 0.5, atr_period: 7}", 0},
        {1.0, "{structure_break_bars: 3, min_gap_atr: 0.5, atr_period: 7, min_gap_size: 1.5}", 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_feed(h, "atr_7");
        s1_harness_add(h, "fvg_detector", cases[k].params);
        s1_harness_set(h, "atr_7", cases[k].atr);
        long_gap(h);
        assert_int_equal(s1_harness_signal_count(h), cases[k].count);
        s1_harness_free(h);
    }
}

/* structure_break_bars 3: a break on the gap's bar or on one of the two before counts, in its
 * direction, from either column. */
static void structure_break_is_required(void **state)
{
    (void)state;
    const struct {
        const char *column;
        uint64_t bar; /* on which it stands, 1 for the first; the gap is made on bar 5 */
        double value;
        uint32_t count;
    } cases[] = {
        {"is_bos", 5, 1, 1},   {"is_bos", 3, 1, 1},  {"is_bos", 2, 1, 0},
        {"is_choch", 4, 1, 1}, {"is_bos", 5, -1, 0}, {"is_choch", 3, -1, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_feed(h, "is_bos");
        s1_harness_feed(h, "is_choch");
        s1_harness_add(h, "fvg_detector",
                       "{structure_break_bars: 3, require_structure_break: true}");
        const double bars[][3] = {
            {10, 9, 9.5}, {10, 9, 9.5}, {10, 9, 9.8}, {12, 9.5, 11.8}, {13, 11, 12.5}};
        for (uint64_t i = 0; i < 5; i++) {
            s1_harness_set(h, "is_bos", 0);
            s1_harness_set(h, "is_choch", 0);
            if (i + 1 == cases[k].bar) {
                s1_harness_set(h, cases[k].column, cases[k].value);
            }
            s1_harness_bar(h, bars[i][2], bars[i][0], bars[i][1], bars[i][2], 1);
        }
        assert_int_equal(s1_harness_signal_count(h), cases[k].count);
        s1_harness_free(h);
    }
}

/* A short gap asks for a break downwards. */
static void short_gap_needs_a_break_downwards(void **state)
{
    (void)state;
    for (int direction = -1; direction <= 1; direction += 2) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_feed(h, "is_bos");
        s1_harness_feed(h, "is_choch");
        s1_harness_add(h, "fvg_detector",
                       "{structure_break_bars: 3, require_structure_break: true}");
        s1_harness_set(h, "is_bos", direction);
        s1_harness_set(h, "is_choch", 0);
        short_gap(h);
        assert_int_equal(s1_harness_signal_count(h), direction < 0 ? 1 : 0);
        s1_harness_free(h);
    }
}

static void refuses_what_is_missing(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "fvg_detector", "{min_gap_atr: 0.5}", "atr_14");
    expect_refused(h, "fvg_detector", "{require_structure_break: true}",
                   "market_structure_detector");
    expect_refused(h, "fvg_detector", "{min_gap_size: -1}", "min_gap_size");
    expect_refused(h, "fvg_detector", "{direction: up}", "direction");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_a_long_gap_once),
        cmocka_unit_test(signals_a_short_gap_once),
        cmocka_unit_test(direction_filters),
        cmocka_unit_test(equal_prices_are_no_gap),
        cmocka_unit_test(minimum_in_price),
        cmocka_unit_test(minimum_in_atr),
        cmocka_unit_test(structure_break_is_required),
        cmocka_unit_test(short_gap_needs_a_break_downwards),
        cmocka_unit_test(refuses_what_is_missing),
    };
    return cmocka_run_group_tests_name("fvg_detector", tests, NULL, NULL);
}
