/* rsi_reversal: returns by hand on both sides, and never a word about a bar that depends on what
 * came after it. */
#include "tests/plugins/cut.h"

static s1_harness *detector(const char *params)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "rsi_14");
    s1_harness_feed(h, "bb_middle_20_2");
    s1_harness_add(h, "rsi_reversal", params);
    return h;
}

/* One bar at 1.25; the direction signalled on it, 0 for none. */
static int32_t step(s1_harness *h, double rsi, double middle)
{
    const uint32_t before = s1_harness_signal_count(h);
    s1_harness_set(h, "rsi_14", rsi);
    s1_harness_set(h, "bb_middle_20_2", middle);
    s1_harness_close(h, 1.25);
    const uint32_t after = s1_harness_signal_count(h);
    assert_true(after - before <= 1);
    return after == before ? 0 : s1_harness_signal_at(h, before)->signal.direction;
}

#define BARS 8

static void signals_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double rsi[BARS];
        double middle[BARS];
        int32_t directions[BARS];
    } cases[] = {
        {NULL, {35, 28, 25, 30, 75, 71, 70, 40}, {0}, {0, 0, 0, S1_LONG, 0, 0, S1_SHORT, 0}},
        /* from one extreme to the other: each return is one */
        {NULL, {35, 28, 80, 20, 50}, {0}, {0, 0, S1_LONG, S1_SHORT, S1_LONG}},
        {"{direction: short}", {35, 28, 80, 20, 50}, {0}, {0, 0, 0, S1_SHORT, 0}},
        {"{direction: long}", {35, 28, 80, 20, 50}, {0}, {0, 0, S1_LONG, 0, S1_LONG}},
        {"{min_bars_beyond: 2}",
         {35, 28, 35, 28, 25, 35, 28, 35},
         {0},
         {0, 0, 0, 0, 0, S1_LONG, 0, 0}},
        {"{min_bars_beyond: 3}", {35, 28, 25, 30}, {0}, {0, 0, 0, 0}},
        {"{min_bars_beyond: 3}", {35, 28, 25, 29, 30}, {0}, {0, 0, 0, 0, S1_LONG}},
        {"{oversold: 10, overbought: 20}",
         {35, 9, 10, 21, 19},
         {0},
         {0, S1_SHORT, S1_LONG, 0, S1_SHORT}},
        /* what is not known was not beyond */
        {NULL, {35, NAN, 35, 28, NAN, 35}, {0}, {0, 0, 0, 0, 0, 0}},
        {"{require_room: true}",
         {28, 35, 28, 35, 75, 65, 75, 65},
         {1.26, 1.26, 1.26, 1.25, 1.2, 1.24, 1.25, 1.25},
         {0, S1_LONG, 0, 0, 0, S1_SHORT, 0, 0}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = detector(cases[k].params);
        for (size_t i = 0; i < BARS && cases[k].rsi[i] != 0; i++) {
            assert_int_equal(step(h, cases[k].rsi[i], cases[k].middle[i]), cases[k].directions[i]);
        }
        s1_harness_free(h);
    }
}

static void tells_what_it_saw(void **state)
{
    (void)state;
    s1_harness *const h = detector(NULL);
    (void)step(h, 50, 0);
    (void)step(h, 12, 0);
    (void)step(h, 34, 0);
    const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
    expect_text(signal->signal_type, "rsi_reversal");
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "rsi"), 34);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "rsi_before"), 12);
    expect_same(signal->price, 1.25);
    assert_true(isnan(signal->score));
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, "rsi_calculator", "{period: 5}");
    s1_harness_add(h, "bollinger_calculator", "{period: 8}");
    s1_harness_add(h, "rsi_reversal",
                   "{rsi_period: 5, oversold: 40, overbought: 60, min_bars_beyond: 2, "
                   "require_room: true, band_period: 8}");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    s1_harness_close(h, 2.0 + sin((double)i / 9.0) + 0.3 * cut_noise(i, seed));
}

static const cut_case history = {.build = build, .feed = feed, .count = 1000, .said_min = 6};

static void later_bars_change_nothing(void **state)
{
    (void)state;
    expect_cut_changes_nothing(&history);
    expect_warmup_changes_nothing(&history, 200);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "rsi_reversal";
    expect_refused(h, plugin, NULL, "rsi_14");
    s1_harness_feed(h, "rsi_14");
    expect_refused(h, plugin, "{rsi_period: 1}", "rsi_period");
    expect_refused(h, plugin, "{oversold: -1}", "oversold");
    expect_refused(h, plugin, "{overbought: 101}", "overbought");
    expect_refused(h, plugin, "{overbought: 30}", "expected below overbought");
    expect_refused(h, plugin, "{min_bars_beyond: 0}", "min_bars_beyond");
    expect_refused(h, plugin, "{direction: up}", "direction");
    expect_refused(h, plugin, "{require_room: true}", "bb_middle_20_2");
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
    return cmocka_run_group_tests_name("rsi_reversal", tests, NULL, NULL);
}
