/* correlation_risk_detector: correlations by hand and against sums taken anew for each bar, which
 * positions count, holes; and never a word about a bar that depends on what came after it. */
#include "tests/plugins/cut.h"

#define PLUGIN "correlation_risk_detector"
#define OTHER  "other: ETH/USD@1h, "

static const s1_harness_options two_streams = {.second_stream = "ETH/USD@1h"};

/* One bar of both; the reports made on it. */
static uint32_t step(s1_harness *h, double close, double other)
{
    const uint32_t before = s1_harness_report_count(h);
    s1_harness_bar_of(h, 1, other, other, other, other, 1);
    s1_harness_close(h, close);
    return s1_harness_report_count(h) - before;
}

static const s1_threat_report *last(const s1_harness *h)
{
    return &s1_harness_report_at(h, s1_harness_report_count(h) - 1)->report;
}

static double detail(const s1_harness *h, const char *name)
{
    return s1_harness_field(last(h)->details, last(h)->detail_count, name);
}

/* The README's case: ten returns in each pattern, at 100 and 1000 so that they are thousandths. */
static void correlations_by_hand(void **state)
{
    (void)state;
    const struct {
        double own[4], other[4], correlation;
    } cases[] = {
        {{1, -1, 2, -2}, {2, -2, 4, -4}, 1},
        {{1, -1, 2, -2}, {-2, 2, -4, 4}, -1},
        {{1, -1, 1, -1}, {1, 1, -1, -1}, 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(&two_streams);
        s1_harness_add(h, PLUGIN, "{" OTHER "window: 12, max_correlation: 0.9}");
        double own = 0;
        double other = 0;
        (void)step(h, 100, 1000);
        (void)s1_harness_open(h, S1_LONG, "2", "100");
        uint32_t reports = 0;
        for (size_t i = 0; i < 12; i++) {
            own += cases[k].own[i % 4] / 1000;
            other += cases[k].other[i % 4] / 1000;
            reports += step(h, 100 * exp(own), 1000 * exp(other));
        }
        assert_int_equal(reports, fabs(cases[k].correlation) > 0.9); /* the window is just full */
        if (reports == 1) {
            expect_near(detail(h, "correlation"), cases[k].correlation, 1e-3);
            expect_same(detail(h, "limit"), 0.9);
            expect_near(detail(h, "own_value"), 200 * exp(own), 1e-3);
            expect_same(detail(h, "other_value"), 0);
            expect_text(last(h)->threat_type, "CORRELATION_RISK");
            expect_text(last(h)->key, "ETH/USD");
            assert_int_equal(last(h)->severity, S1_SEVERITY_MEDIUM);
        }
        s1_harness_free(h);
    }
}

static double own_leg(size_t i, int seed)
{
    return 2.0 + sin((double)i / 9.0) + 0.1 * cut_noise(i, seed);
}

static double other_leg(size_t i)
{
    return 3.0 + sin((double)i / 9.0 + 0.3) + 0.1 * cut_noise(i, 77);
}

#define ROWS 2000

/* Pearson's formula anew for each bar. */
static void the_sums_carry_on_exactly(void **state)
{
    (void)state;
    const size_t n = 30;
    s1_harness *const h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 30, max_correlation: 0.5}");
    static double x[ROWS], y[ROWS];
    uint32_t reports = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const uint32_t found = step(h, own_leg(i, 1), other_leg(i));
        if (i == 0) {
            (void)s1_harness_open(h, S1_SHORT, "1", "2");
        }
        x[i] = s1_series_last(&s1_harness_context(h)->primary->close);
        y[i] = s1_series_last(&s1_harness_context(h)->streams[1]->close);
        if (i < n) {
            assert_int_equal(found, 0);
            continue;
        }
        double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
        for (size_t k = i + 1 - n; k <= i; k++) {
            mx += log(x[k] / x[k - 1]) / (double)n;
            my += log(y[k] / y[k - 1]) / (double)n;
        }
        for (size_t k = i + 1 - n; k <= i; k++) {
            const double dx = log(x[k] / x[k - 1]) - mx;
            const double dy = log(y[k] / y[k - 1]) - my;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        const double correlation = xy / sqrt(xx * yy);
        assert_int_equal(found, fabs(correlation) > 0.5);
        if (found == 1) {
            expect_near(detail(h, "correlation"), correlation, 1e-10);
            reports++;
        }
    }
    assert_true(reports > 100);
    s1_harness_free(h);
}

/* Feeds twelve bars on which both go the same way; the reports on the last. */
static uint32_t together(s1_harness *h)
{
    uint32_t found = 0;
    for (size_t i = 0; i < 12; i++) {
        const double change = i % 2 == 0 ? 1.01 : 1.0;
        found = step(h, 100 * change, 50 * change);
    }
    return found;
}

static void positions_that_count(void **state)
{
    (void)state;
    s1_harness *h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 10, severity: HIGH}");
    assert_int_equal(together(h), 0); /* no position, no risk */
    s1_position *position = s1_harness_open(h, S1_LONG, "1", "100");
    assert_int_equal(together(h), 1);
    assert_int_equal(last(h)->severity, S1_SEVERITY_HIGH);
    position->asset_pair = S1_STR("ETH/USD");
    assert_int_equal(together(h), 1);
    expect_same(detail(h, "own_value"), 0);
    position->asset_pair = S1_STR("ABC/XYZ");
    assert_int_equal(together(h), 0);
    s1_harness_free(h);
    h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 10, positions: both}");
    (void)together(h);
    (void)s1_harness_open(h, S1_LONG, "1", "100");
    assert_int_equal(together(h), 0);
    position = s1_harness_open(h, S1_LONG, "1", "100");
    position->asset_pair = S1_STR("ETH/USD");
    assert_int_equal(together(h), 1);
    position->direction = S1_SHORT; /* hedged */
    assert_int_equal(together(h), 0);
    s1_harness_free(h);
}

static void still_markets_have_none(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 10, max_correlation: 0}");
    (void)step(h, 1, 1.7);
    (void)step(h, 1, 1.1);
    (void)s1_harness_open(h, S1_LONG, "1", "1");
    for (size_t i = 0; i < 50; i++) { /* for ten bars the one move is in the window */
        const uint32_t found = step(h, 1.0 + 0.1 * cut_noise(i, 1), 1.1);
        assert_true(i < 10 || found == 0);
    }
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 20, max_correlation: 0.4}");
    (void)s1_harness_open(h, S1_LONG, "1", "2");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    if (cut_noise(i, seed + 10) > 0.1) { /* holes too */
        s1_harness_bar_of(h, 1, other_leg(i), other_leg(i), other_leg(i), other_leg(i), 1);
    }
    s1_harness_close(h, own_leg(i, seed));
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const cut_case history = {
        .options = &two_streams, .build = build, .feed = feed, .count = 400, .said_min = 20};
    expect_cut_changes_nothing(&history);
    expect_warmup_changes_nothing(&history, 150);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&two_streams);
    expect_refused(h, PLUGIN, NULL, "other");
    expect_refused(h, PLUGIN, "{other: XRP/USD@1h}", "XRP/USD@1h");
    expect_refused(h, PLUGIN, "{other: EUR/USD@1h}", "own stream");
    expect_refused(h, PLUGIN, "{" OTHER "window: 9}", "window");
    expect_refused(h, PLUGIN, "{" OTHER "max_correlation: 1.1}", "max_correlation");
    expect_refused(h, PLUGIN, "{" OTHER "positions: all}", "positions");
    expect_refused(h, PLUGIN, "{" OTHER "severity: SOME}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(correlations_by_hand),      cmocka_unit_test(the_sums_carry_on_exactly),
        cmocka_unit_test(positions_that_count),      cmocka_unit_test(still_markets_have_none),
        cmocka_unit_test(later_bars_change_nothing), cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("correlation_risk_detector", tests, NULL, NULL);
}
