/* exposure_monitor: exposures by hand at the limit and above it, every severity, what is refused.
 */
#include "tests/plugins/expect.h"

/* One bar at a close; the reports made on it. */
static uint32_t step(s1_harness *h, double close)
{
    const uint32_t before = s1_harness_report_count(h);
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

/* 4000 long and 2000 short at 1.25 are 7500 of 10000. */
static void longs_and_shorts_are_added(void **state)
{
    (void)state;
    const char *const params[] = {"{max_exposure_percent: 75}", "{max_exposure_percent: 74}"};
    for (uint32_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "exposure_monitor", params[k]);
        assert_int_equal(step(h, 1.25), 0);
        (void)s1_harness_open(h, S1_LONG, "4000", "1");
        (void)s1_harness_open(h, S1_SHORT, "2000", "1");
        assert_int_equal(step(h, 1.25), k);
        if (k == 1) {
            expect_text(last(h)->threat_type, "EXPOSURE_LIMIT_BREACHED");
            assert_int_equal(last(h)->severity, S1_SEVERITY_HIGH);
            expect_near(detail(h, "current_exposure"), 75, 1e-9);
            expect_same(detail(h, "limit"), 74);
            expect_near(detail(h, "allowed_value"), 7400, 1e-9);
            expect_same(detail(h, "value"), 7500);
            expect_same(detail(h, "equity"), 10000);
            expect_same(detail(h, "positions"), 2);
        }
        s1_harness_close_positions(h);
        assert_int_equal(step(h, 1.25), 0); /* silence clears it */
        s1_harness_free(h);
    }
}

/* The same positions: too much when the price rises, and when the equity falls. */
static void follows_price_and_equity(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "exposure_monitor", NULL);
    (void)step(h, 1);
    (void)s1_harness_open(h, S1_LONG, "8000", "1");
    assert_int_equal(step(h, 1.25), 0); /* 100 % */
    assert_int_equal(step(h, 1.26), 1);
    assert_int_equal(step(h, 1), 0);
    s1_harness_ledger(h)->equity = s1_harness_dec("7999");
    assert_int_equal(step(h, 1), 1);
    s1_harness_free(h);
}

/* No equity: no position is small enough, and none is no threat. */
static void used_up_equity(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "exposure_monitor", "{max_exposure_percent: 100000}");
    s1_harness_ledger(h)->equity = S1_DEC_ZERO;
    assert_int_equal(step(h, 1), 0);
    (void)s1_harness_open(h, S1_LONG, "0.01", "1");
    assert_int_equal(step(h, 1), 1);
    expect_same(detail(h, "allowed_value"), 0);
    assert_true(isnan(detail(h, "current_exposure"))); /* left out */
    s1_harness_free(h);
}

/* A pair without a stream is taken at its entry price: 100 * 90 = 9000. */
static void pairs_without_a_stream(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "exposure_monitor", "{max_exposure_percent: 80}");
    (void)step(h, 1);
    s1_position *const position = s1_harness_open(h, S1_LONG, "100", "90");
    assert_int_equal(step(h, 1), 0);
    position->asset_pair = S1_STR("ABC/XYZ");
    assert_int_equal(step(h, 1), 1);
    expect_same(detail(h, "value"), 9000);
    s1_harness_free(h);
}

static void severities(void **state)
{
    (void)state;
    const char *const params[] = {"{severity: LOW}", "{severity: MEDIUM}", "{severity: HIGH}",
                                  "{severity: CRITICAL}"};
    for (int32_t k = 0; k < 4; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "exposure_monitor", params[k]);
        (void)step(h, 1);
        (void)s1_harness_open(h, S1_SHORT, "10001", "1");
        assert_int_equal(step(h, 1), 1);
        assert_int_equal(last(h)->severity, S1_SEVERITY_LOW + k);
        s1_harness_free(h);
    }
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "exposure_monitor", "{max_exposure_percent: -1}", "max_exposure_percent");
    expect_refused(h, "exposure_monitor", "{max_exposure_percent: 100001}", "max_exposure_percent");
    expect_refused(h, "exposure_monitor", "{severity: SOME}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longs_and_shorts_are_added),
        cmocka_unit_test(follows_price_and_equity),
        cmocka_unit_test(used_up_equity),
        cmocka_unit_test(pairs_without_a_stream),
        cmocka_unit_test(severities),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("exposure_monitor", tests, NULL, NULL);
}
