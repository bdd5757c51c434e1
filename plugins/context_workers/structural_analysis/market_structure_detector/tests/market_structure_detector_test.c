/* market_structure_detector: twelve bars by hand, plateaus, and what is refused. */
#include "tests/plugins/expect.h"

typedef struct row {
    double high, low, close;
    double swing_high, swing_low, trend, bos, choch;
} row;

/* strength 1; the story is told in README.md. */
static const row story[] = {
    {10, 9, 9.5, NAN, NAN, 0, 0, 0},  {12, 10, 11, NAN, NAN, 0, 0, 0},
    {11, 9.5, 10, 12, NAN, 0, 0, 0},  {10.5, 9, 9.2, 12, NAN, 0, 0, 0},
    {11.5, 10, 11.2, 12, 9, 0, 0, 0}, {13, 11, 12.5, 12, 9, 1, 1, 0},
    {12.8, 11.5, 12, 13, 9, 1, 0, 0}, {12, 8.5, 8.7, 13, 9, -1, 0, -1},
    {9, 8, 8.2, 13, 9, -1, 0, 0},     {9.5, 8.3, 9, 13, 8, -1, 0, 0},
    {9.4, 7, 7.5, 9.5, 8, -1, -1, 0}, {10, 8, 9.8, 9.5, 7, 1, 0, 1},
};
#define STORY (sizeof story / sizeof story[0])

static void tell(s1_harness *h, bool has_bos, bool has_choch)
{
    for (size_t i = 0; i < STORY; i++) {
        const row *const r = &story[i];
        s1_harness_bar(h, r->close, r->high, r->low, r->close, 1);
        expect_same(s1_harness_value(h, "swing_high", 0), r->swing_high);
        expect_same(s1_harness_value(h, "swing_low", 0), r->swing_low);
        expect_same(s1_harness_value(h, "trend_direction", 0), r->trend);
        expect_same(s1_harness_value(h, "is_bos", 0), has_bos ? r->bos : 0);
        expect_same(s1_harness_value(h, "is_choch", 0), has_choch ? r->choch : 0);
    }
}

static void twelve_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "market_structure_detector", "{strength: 1}");
    tell(h, true, true);

    const s1_artefact_list *const highs = s1_harness_artefacts(h, "swing_high_levels");
    const s1_artefact_list *const lows = s1_harness_artefacts(h, "swing_low_levels");
    const double high_levels[] = {9.5, 13, 12};
    const uint64_t high_rows[] = {11, 7, 3};
    const double low_levels[] = {7, 8, 9};
    const uint64_t low_rows[] = {12, 10, 5};
    assert_int_equal(highs->total, 3);
    assert_int_equal(lows->total, 3);
    for (uint64_t ago = 0; ago < 3; ago++) {
        const s1_artefact *const high = s1_artefact_at(highs, ago);
        const s1_artefact *const low = s1_artefact_at(lows, ago);
        expect_same(high->lower, high_levels[ago]);
        expect_same(high->upper, high_levels[ago]);
        assert_int_equal(high->row, high_rows[ago]);
        assert_int_equal(high->kind, S1_ARTEFACT_LEVEL);
        expect_same(low->lower, low_levels[ago]);
        assert_int_equal(low->row, low_rows[ago]);
    }
    s1_harness_free(h);
}

/* The flags silence a column; the trend they would have told goes on. */
static void flags_silence_columns(void **state)
{
    (void)state;
    s1_harness *h = s1_harness_new(NULL);
    s1_harness_add(h, "market_structure_detector", "{strength: 1, detect_bos: false}");
    tell(h, false, true);
    s1_harness_free(h);
    h = s1_harness_new(NULL);
    s1_harness_add(h, "market_structure_detector", "{strength: 1, detect_choch: false}");
    tell(h, true, false);
    s1_harness_free(h);
}

/* Highs 10, 12, 12, 11: the first bar of the plateau is the swing, the second is none. */
static void plateau_counts_once(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "market_structure_detector", "{strength: 1}");
    const double highs[] = {10, 12, 12, 11};
    for (size_t i = 0; i < 4; i++) {
        s1_harness_bar(h, 9, highs[i], 8, 9, 1);
    }
    assert_int_equal(s1_harness_artefacts(h, "swing_high_levels")->total, 1);
    expect_same(s1_harness_value(h, "swing_high", 1), 12);
    s1_harness_free(h);
}

/* strength 3: the peak of bar 4 is nowhere to be seen before bar 7 has closed. */
static void swing_is_known_strength_bars_later(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "market_structure_detector", "{strength: 3}");
    const double highs[] = {10, 11, 12, 15, 14, 13, 12.5};
    for (size_t i = 0; i < 7; i++) {
        s1_harness_bar(h, 9, highs[i], 8, 9, 1);
        expect_same(s1_harness_value(h, "swing_high", 0), i < 6 ? NAN : 15);
    }
    s1_harness_free(h);
}

static void refuses_bad_strength(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "market_structure_detector", "{strength: 0}", "strength");
    expect_refused(h, "market_structure_detector", "{strength: 101}", "strength");
    expect_refused(h, "market_structure_detector", "{detect_bos: 2}", "detect_bos");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twelve_bars),
        cmocka_unit_test(flags_silence_columns),
        cmocka_unit_test(plateau_counts_once),
        cmocka_unit_test(swing_is_known_strength_bars_later),
        cmocka_unit_test(refuses_bad_strength),
    };
    return cmocka_run_group_tests_name("market_structure_detector", tests, NULL, NULL);
}
