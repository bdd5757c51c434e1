/* oversold_detector: both sides by hand, with and without the band, and never a word about a bar
 * that depends on what came after it. */
#include "tests/plugins/cut.h"

static s1_harness *detector(const char *params)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "rsi_14");
    s1_harness_feed(h, "bb_percent_b_20_2_5");
    s1_harness_add(h, "oversold_detector", params);
    return h;
}

/* One bar; the direction signalled on it, 0 for none. */
static int32_t step(s1_harness *h, double rsi, double percent_b)
{
    const uint32_t before = s1_harness_signal_count(h);
    s1_harness_set(h, "rsi_14", rsi);
    s1_harness_set(h, "bb_percent_b_20_2_5", percent_b);
    s1_harness_close(h, 1.25);
    const uint32_t after = s1_harness_signal_count(h);
    assert_true(after - before <= 1);
    return after == before ? 0 : s1_harness_signal_at(h, before)->signal.direction;
}

#define BARS 9

static void signals_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double rsi[BARS];
        double percent_b[BARS];
        int32_t directions[BARS];
    } cases[] = {
        {NULL,
         {50, 40, 29, 25, 31, 30, 71, 75, 20},
         {0},
         {0, 0, S1_LONG, 0, 0, 0, S1_SHORT, 0, S1_LONG}},
        {"{emit: every_bar}",
         {50, 40, 29, 25, 31, 30, 71, 75, 20},
         {0},
         {0, 0, S1_LONG, S1_LONG, 0, 0, S1_SHORT, S1_SHORT, S1_LONG}},
        {"{direction: long}", {50, 29, 50, 71, 50, 29}, {0}, {0, S1_LONG, 0, 0, 0, S1_LONG}},
        {"{direction: short, overbought: 60}",
         {50, 29, 60, 61, 50, 29},
         {0},
         {0, 0, 0, S1_SHORT, 0, 0}},
        {"{oversold: 20}", {50, 29, 21, 20, 19.9}, {0}, {0, 0, 0, 0, S1_LONG}},
        /* the band: below 0, above 1; oversold a bar ago but inside the band is an entering */
        {"{require_band: true, band_deviations: 2.5}",
         {50, 29, 25, 25, 40, 71, 72, 72, 73},
         {.5, .05, -.01, -.2, -.3, .9, 1, 1.01, 1.5},
         {0, 0, S1_LONG, 0, 0, 0, 0, S1_SHORT, 0}},
        /* nothing known a bar ago is no oversold market */
        {NULL, {50, NAN, 29, NAN, 29}, {0}, {0, 0, S1_LONG, 0, S1_LONG}},
        {"{require_band: true, band_deviations: 2.5}",
         {50, 29, 29, 29},
         {.5, NAN, -1, -1},
         {0, 0, S1_LONG, 0}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = detector(cases[k].params);
        for (size_t i = 0; i < BARS && cases[k].rsi[i] != 0; i++) {
            assert_int_equal(step(h, cases[k].rsi[i], cases[k].percent_b[i]),
                             cases[k].directions[i]);
        }
        s1_harness_free(h);
    }
}

static void tells_what_it_saw(void **state)
{
    (void)state;
    s1_harness *h = detector("{require_band: true, band_deviations: 2.5}");
    (void)step(h, 50, .5);
    (void)step(h, 12, -.25);
    const s1_signal *signal = &s1_harness_signal_at(h, 0)->signal;
    expect_text(signal->signal_type, "oversold");
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "rsi"), 12);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "percent_b"), -.25);
    expect_same(signal->price, 1.25);
    assert_true(isnan(signal->score));
    s1_harness_free(h);
    h = detector(NULL);
    (void)step(h, 50, .5);
    (void)step(h, 88, .5);
    signal = &s1_harness_signal_at(h, 0)->signal;
    expect_text(signal->signal_type, "overbought");
    assert_int_equal(signal->metadata_count, 1);
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, "rsi_calculator", "{period: 5}");
    s1_harness_add(h, "bollinger_calculator", "{period: 8, deviations: 1.5}");
    s1_harness_add(
        h, "oversold_detector",
        "{rsi_period: 5, oversold: 45, overbought: 55, require_band: true, band_period: 8, "
        "band_deviations: 1.5}");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    s1_harness_close(h, 1.0 + cut_noise(i, seed));
}

static const cut_case history = {.build = build, .feed = feed, .count = 400, .said_min = 10};

static void later_bars_change_nothing(void **state)
{
    (void)state;
    expect_cut_changes_nothing(&history);
    expect_warmup_changes_nothing(&history, 150);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "oversold_detector";
    expect_refused(h, plugin, NULL, "rsi_14");
    s1_harness_feed(h, "rsi_14");
    expect_refused(h, plugin, "{rsi_period: 1}", "rsi_period");
    expect_refused(h, plugin, "{oversold: -1}", "oversold");
    expect_refused(h, plugin, "{overbought: 101}", "overbought");
    expect_refused(h, plugin, "{oversold: 70}", "expected below overbought");
    expect_refused(h, plugin, "{direction: up}", "direction");
    expect_refused(h, plugin, "{emit: always}", "emit");
    expect_refused(h, plugin, "{require_band: true}", "bb_percent_b_20_2");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_by_hand),
        cmocka_unit_test(tells_what_it_saw),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("oversold_detector", tests, NULL, NULL);
}
