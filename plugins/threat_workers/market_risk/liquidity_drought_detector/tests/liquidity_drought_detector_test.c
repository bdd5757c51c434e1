/* liquidity_drought_detector: ratios by hand and against means taken anew for each bar; and never a
 * word about a bar that depends on what came after it. */
#include "tests/plugins/cut.h"

#define PLUGIN "liquidity_drought_detector"

/* One bar of a volume; the severity reported on it, 0 for none. */
static int32_t step(s1_harness *h, double volume)
{
    const uint32_t before = s1_harness_report_count(h);
    s1_harness_bar(h, 1, 1, 1, 1, volume);
    const uint32_t after = s1_harness_report_count(h);
    assert_true(after - before <= 1);
    return after == before ? 0 : s1_harness_report_at(h, before)->report.severity;
}

static double detail(const s1_harness *h, const char *name)
{
    const s1_threat_report *const report =
        &s1_harness_report_at(h, s1_harness_report_count(h) - 1)->report;
    return s1_harness_field(report->details, report->detail_count, name);
}

static void droughts_by_hand(void **state)
{
    (void)state;
    const struct {
        double last;
        int32_t severity;
        double ratio;
    } cases[] = {
        {8, 0, .3}, /* 6 / 20 is not below 0.3 */
        {7.9, S1_SEVERITY_MEDIUM, .2975},
        {2, S1_SEVERITY_MEDIUM, .15},
        {1, S1_SEVERITY_HIGH, .125},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, PLUGIN, "{bars: 2, window: 3}");
        const double before[] = {10, 20, 30, 4};
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(step(h, before[i]), 0);
        }
        assert_int_equal(step(h, cases[k].last), cases[k].severity);
        if (cases[k].severity != 0) {
            expect_near(detail(h, "ratio"), cases[k].ratio, 1e-12);
            expect_near(detail(h, "usual_volume"), 20, 1e-12);
            expect_near(detail(h, "volume"), cases[k].ratio * 20, 1e-12);
            expect_same(detail(h, "limit"), cases[k].severity == S1_SEVERITY_HIGH ? .15 : .3);
            expect_text(s1_harness_report_at(h, 0)->report.threat_type, "LIQUIDITY_DROUGHT");
        }
        s1_harness_free(h);
    }
}

static void dries_up_and_comes_back(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{bars: 1, window: 4}");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(step(h, 100), 0);
    }
    assert_int_equal(step(h, 1), S1_SEVERITY_CRITICAL);
    assert_int_equal(step(h, 0), S1_SEVERITY_CRITICAL);
    assert_int_equal(step(h, 100), 0);
    s1_harness_free(h);
}

/* Nothing was ever traded: nothing is missing. */
static void sources_without_volume(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{bars: 1, window: 4}");
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(step(h, 0), 0);
    }
    s1_harness_free(h);
}

#define ROWS 1500

static void the_sums_carry_on_exactly(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{bars: 3, window: 40, medium_ratio: 0.7}");
    static double volumes[ROWS];
    uint32_t reports = 0;
    for (size_t i = 0; i < ROWS; i++) {
        volumes[i] = round(1e4 * (1.2 + sin((double)i / 17.0) + cut_noise(i, 1))) / 100;
        const int32_t severity = step(h, volumes[i]);
        double newest = 0;
        double usual = 0;
        for (size_t k = 0; i >= 42 && k < 43; k++) {
            *(k < 3 ? &newest : &usual) += volumes[i - k] / (k < 3 ? 3.0 : 40.0);
        }
        assert_int_equal(severity != 0, i >= 42 && newest / usual < 0.7);
        if (severity != 0) {
            expect_near(detail(h, "ratio"), newest / usual, 1e-10);
            reports++;
        }
    }
    assert_true(reports > 100);
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, PLUGIN, "{bars: 2, window: 30, medium_ratio: 0.7}");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    s1_harness_bar(h, 1, 1, 1, 1, 100 * (1.2 + sin((double)i / 17.0) + cut_noise(i, seed)));
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const cut_case history = {.build = build, .feed = feed, .count = 400, .said_min = 30};
    expect_cut_changes_nothing(&history);
    expect_warmup_changes_nothing(&history, 157);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{bars: 0}", "bars");
    expect_refused(h, PLUGIN, "{window: 0}", "window");
    expect_refused(h, PLUGIN, "{medium_ratio: 1.1}", "medium_ratio");
    expect_refused(h, PLUGIN, "{high_ratio: 0.4}", "descending order");
    expect_refused(h, PLUGIN, "{critical_ratio: 0.2}", "descending order");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(droughts_by_hand),          cmocka_unit_test(dries_up_and_comes_back),
        cmocka_unit_test(sources_without_volume),    cmocka_unit_test(the_sums_carry_on_exactly),
        cmocka_unit_test(later_bars_change_nothing), cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("liquidity_drought_detector", tests, NULL, NULL);
}
