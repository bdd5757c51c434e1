/* volatility_spike_detector: ratios by hand on every severity, both measures, what is refused. */
#include "tests/plugins/expect.h"

/* A bar around an unchanged close of 10 whose true range is `range`. */
static uint32_t step(s1_harness *h, double range)
{
    const uint32_t before = s1_harness_report_count(h);
    s1_harness_bar(h, 10, 10 + range / 2, 10 - range / 2, 10, 1);
    return s1_harness_report_count(h) - before;
}

static const s1_threat_report *last(const s1_harness *h)
{
    return &s1_harness_report_at(h, s1_harness_report_count(h) - 1)->report;
}

/* period 3, factors 2, 3, 5 over a mean of 1: 2 is allowed, 2.5 MEDIUM, 3.5 HIGH, 6 CRITICAL. The
 * spike is no part of its own mean, but of the next: after 2 the mean is (1 + 1 + 2) / 3. */
static void severities(void **state)
{
    (void)state;
    const struct {
        double range;
        int32_t severity;
    } cases[] = {{2.0, 0},
                 {2.5, S1_SEVERITY_MEDIUM},
                 {3.0, S1_SEVERITY_MEDIUM},
                 {3.5, S1_SEVERITY_HIGH},
                 {5.0, S1_SEVERITY_HIGH},
                 {6.0, S1_SEVERITY_CRITICAL}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "volatility_spike_detector", "{period: 3}");
        for (int i = 0; i < 6; i++) {
            assert_int_equal(step(h, 1.0), 0);
        }
        assert_int_equal(step(h, cases[k].range), cases[k].severity != 0);
        if (cases[k].severity != 0) {
            const s1_threat_report *const report = last(h);
            assert_int_equal(report->severity, cases[k].severity);
            expect_text(report->threat_type, "VOLATILITY_SPIKE");
            expect_near(s1_harness_field(report->details, report->detail_count, "range"),
                        cases[k].range, 1e-9);
            expect_near(s1_harness_field(report->details, report->detail_count, "mean_range"), 1,
                        1e-9);
            expect_near(s1_harness_field(report->details, report->detail_count, "ratio"),
                        cases[k].range, 1e-9);
        }
        assert_int_equal(step(h, 1.0), 0); /* silence clears it */
        s1_harness_free(h);
    }
}

/* A gap counts although the bar itself is small: |12 - 10| = 2 and a bit against a mean of 0.5. */
static void gaps_count(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volatility_spike_detector", "{period: 2}");
    for (int i = 0; i < 5; i++) {
        (void)step(h, 0.5);
    }
    s1_harness_bar(h, 12, 12.1, 11.9, 12, 1);
    assert_int_equal(s1_harness_report_count(h), 1);
    expect_near(s1_harness_field(last(h)->details, 3, "ratio"), 2.1 / 0.5, 1e-9);
    s1_harness_free(h);
}

/* measure atr: the column itself against its mean. */
static void measures_the_atr(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_5");
    s1_harness_add(h, "volatility_spike_detector", "{measure: atr, atr_period: 5, period: 2}");
    s1_harness_set(h, "atr_5", 0.4);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(step(h, 1.0), 0);
    }
    s1_harness_set(h, "atr_5", 1.0);
    assert_int_equal(step(h, 1.0), 1);
    expect_near(s1_harness_field(last(h)->details, 3, "ratio"), 2.5, 1e-9);
    s1_harness_free(h);
}

/* A market that never moved has no scale: no report, and none before the mean exists. */
static void flat_market_is_quiet(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "volatility_spike_detector", "{period: 2}");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(step(h, 0.0), 0);
    }
    assert_int_equal(step(h, 1.0), 0);
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "volatility_spike_detector", "{medium_factor: 4}", "ascending");
    expect_refused(h, "volatility_spike_detector", "{high_factor: 9}", "ascending");
    expect_refused(h, "volatility_spike_detector", "{measure: atr}", "atr_14");
    expect_refused(h, "volatility_spike_detector", "{measure: range}", "measure");
    expect_refused(h, "volatility_spike_detector", "{period: 0}", "period");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(severities),
        cmocka_unit_test(gaps_count),
        cmocka_unit_test(measures_the_atr),
        cmocka_unit_test(flat_market_is_quiet),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("volatility_spike_detector", tests, NULL, NULL);
}
