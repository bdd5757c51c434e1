/* trend_continuation_detector: pullbacks by hand both ways, and never a word about a bar that
 * depends on what came after it. */
#include "tests/plugins/cut.h"

static s1_harness *detector(const char *params)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "ema_20");
    s1_harness_feed(h, "ema_50");
    s1_harness_feed(h, "adx_14");
    s1_harness_set(h, "adx_14", 25);
    s1_harness_add(h, "trend_continuation_detector", params);
    return h;
}

/* One bar; the direction signalled on it, 0 for none. */
static int32_t step(s1_harness *h, double close, double fast, double slow)
{
    const uint32_t before = s1_harness_signal_count(h);
    s1_harness_set(h, "ema_20", fast);
    s1_harness_set(h, "ema_50", slow);
    s1_harness_close(h, close);
    const uint32_t after = s1_harness_signal_count(h);
    assert_true(after - before <= 1);
    return after == before ? 0 : s1_harness_signal_at(h, before)->signal.direction;
}

#define BARS 8

/* Averages at 110 and 100 for a trend up, at 90 and 100 for one down. */
static void signals_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double fast;
        double closes[BARS];
        int32_t last; /* signalled on the last close, nothing before it */
    } cases[] = {
        {NULL, 110, {112, 108, 105, 111}, S1_LONG},
        {NULL, 110, {112, 110, 111}, S1_LONG}, /* at the average is pulled back */
        {NULL, 110, {112, 108, 110}, 0},       /* at the average does not resume */
        {NULL, 110, {112, 108, 100, 111}, S1_LONG},
        {NULL, 110, {112, 108, 99, 111}, 0},  /* beyond the slow average */
        {NULL, 110, {112, 111, 112, 115}, 0}, /* no pullback */
        {"{max_pullback_bars: 2}", 110, {112, 108, 105, 111}, S1_LONG},
        {"{max_pullback_bars: 1}", 110, {112, 108, 105, 111}, 0},
        {"{max_pullback_bars: 1}", 110, {112, 105, 111}, S1_LONG},
        {"{direction: short}", 110, {112, 105, 111}, 0},
        {"{min_adx: 25}", 110, {112, 105, 111}, S1_LONG},
        {"{min_adx: 25.1}", 110, {112, 105, 111}, 0},
        {NULL, 90, {88, 92, 95, 89}, S1_SHORT},
        {NULL, 90, {88, 92, 100, 89}, S1_SHORT},
        {NULL, 90, {88, 92, 101, 89}, 0},
        {"{direction: long}", 90, {88, 92, 95, 89}, 0},
        {NULL, 100, {112, 99, 111}, 0}, /* no trend */
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = detector(cases[k].params);
        for (size_t i = 0; i < 15; i++) { /* bars of a trend before it, beyond the fast average */
            assert_int_equal(step(h, cases[k].closes[0], cases[k].fast, 100), 0);
        }
        for (size_t i = 0; cases[k].closes[i] > 0; i++) {
            const bool is_last = cases[k].closes[i + 1] == 0;
            assert_int_equal(step(h, cases[k].closes[i], cases[k].fast, 100),
                             is_last ? cases[k].last : 0);
        }
        s1_harness_free(h);
    }
}

/* A pullback that began before the averages existed ends where they do not. */
static void unknown_averages(void **state)
{
    (void)state;
    s1_harness *const h = detector("{max_pullback_bars: 3}");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(step(h, 105, NAN, NAN), 0);
    }
    assert_int_equal(step(h, 105, 110, 100), 0);
    assert_int_equal(step(h, 111, 110, 100), S1_LONG);
    s1_harness_free(h);
}

static void tells_what_it_saw(void **state)
{
    (void)state;
    s1_harness *const h = detector("{max_pullback_bars: 4, min_adx: 20}");
    const double closes[] = {112, 112, 112, 112, 112, 112, 108, 105, 107, 111};
    for (size_t i = 0; i < 10; i++) {
        (void)step(h, closes[i], 110, 100);
    }
    assert_int_equal(s1_harness_signal_count(h), 1);
    const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
    expect_text(signal->signal_type, "trend_continuation");
    expect_same(signal->price, 111);
    assert_true(isnan(signal->score));
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "pullback_bars"), 3);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "fast"), 110);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "slow"), 100);
    expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "adx"), 25);
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, "ema_detector", "{periods: [4, 20]}");
    s1_harness_add(h, "trend_continuation_detector", "{fast: 4, slow: 20, max_pullback_bars: 5}");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    s1_harness_close(h, 4.0 + 2.0 * sin((double)i / 30.0) + 0.5 * cut_noise(i, seed));
}

static const cut_case history = {.build = build, .feed = feed, .count = 600, .said_min = 30};

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
    const char *const plugin = "trend_continuation_detector";
    expect_refused(h, plugin, NULL, "ema_20");
    s1_harness_feed(h, "ema_20");
    s1_harness_feed(h, "ema_50");
    s1_harness_feed(h, "ema_51");
    expect_refused(h, plugin, "{fast: 0}", "fast");
    expect_refused(h, plugin, "{slow: 1}", "slow");
    expect_refused(h, plugin, "{fast: 51}", "expected below slow");
    expect_refused(h, plugin, "{max_pullback_bars: 0}", "max_pullback_bars");
    expect_refused(h, plugin, "{min_adx: -1}", "min_adx");
    expect_refused(h, plugin, "{min_adx: 20}", "adx_14");
    expect_refused(h, plugin, "{direction: up}", "direction");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_by_hand),        cmocka_unit_test(unknown_averages),
        cmocka_unit_test(tells_what_it_saw),      cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("trend_continuation_detector", tests, NULL, NULL);
}
