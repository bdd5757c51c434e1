/* max_drawdown_monitor: both peaks by hand, midnight, a restart, broken state, what is refused. */
#include "tests/plugins/expect.h"

#define HOUR (3600LL * S1_NANOS_PER_SECOND)
#define DAY  (24 * HOUR)
/* 2024-01-01T00:00:00Z */
#define MONDAY (1704067200LL * S1_NANOS_PER_SECOND)

/* One hourly bar that closes at `close_time` with this equity; the reports it brought. */
static uint32_t step(s1_harness *h, s1_nanos close_time, const char *equity)
{
    const uint32_t before = s1_harness_report_count(h);
    s1_ledger_view *const ledger = s1_harness_ledger(h);
    ledger->equity = s1_harness_dec(equity);
    ledger->equity_peak = s1_dec_max(ledger->equity_peak, ledger->equity);
    const s1_bar bar = {
        .open_time = close_time - HOUR,
        .close_time = close_time,
        .open = 110000,
        .high = 110000,
        .low = 110000,
        .close = 110000,
        .volume = 100,
    };
    s1_harness_exact_bar(h, &bar);
    return s1_harness_report_count(h) - before;
}

static double detail(const s1_harness *h, const char *name)
{
    const s1_threat_report *const report =
        &s1_harness_report_at(h, s1_harness_report_count(h) - 1)->report;
    return s1_harness_field(report->details, report->detail_count, name);
}

/* Limit 10 %. Peak 10000: 9000 is 10 % and allowed, 8999.99 is 10.0001 % and not. A new peak of
 * 12000 moves the line to 10800. */
static void total_drawdown(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "max_drawdown_monitor", "{max_total_drawdown: 10}");
    assert_int_equal(step(h, MONDAY + 1 * HOUR, "10000"), 0);
    assert_int_equal(step(h, MONDAY + 2 * HOUR, "9000"), 0);
    assert_int_equal(step(h, MONDAY + 3 * HOUR, "8999.99"), 1);
    const s1_threat_report *const report = &s1_harness_report_at(h, 0)->report;
    expect_text(report->threat_type, "MAX_DRAWDOWN_BREACHED");
    expect_text(report->key, "total");
    assert_int_equal(report->severity, S1_SEVERITY_HIGH);
    expect_near(detail(h, "current_drawdown"), 10.0001, 1e-9);
    expect_same(detail(h, "limit"), 10);
    expect_same(detail(h, "peak"), 10000);
    expect_same(detail(h, "equity"), 8999.99);
    assert_int_equal(step(h, MONDAY + 4 * HOUR, "8000"), 1); /* while it holds */
    assert_int_equal(step(h, MONDAY + 5 * HOUR, "9000.01"), 0);
    assert_int_equal(step(h, MONDAY + 6 * HOUR, "12000"), 0);
    assert_int_equal(step(h, MONDAY + 7 * HOUR, "10800"), 0);
    assert_int_equal(step(h, MONDAY + 8 * HOUR, "10799"), 1);
    expect_same(detail(h, "peak"), 12000);
    s1_harness_free(h);
}

/* Limit 2 % of the day. Monday peaks at 10100, so 9898 is the line: 9897 is reported. Tuesday
 * begins with Monday's last equity, 9897, and its line is 9699.06. The bar that closes at midnight
 * still belongs to Monday. */
static void daily_drawdown(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "max_drawdown_monitor",
                   "{max_total_drawdown: 0, max_daily_drawdown: 2, severity: CRITICAL}");
    assert_int_equal(step(h, MONDAY + 1 * HOUR, "10000"), 0);
    assert_int_equal(step(h, MONDAY + 9 * HOUR, "10100"), 0);
    assert_int_equal(step(h, MONDAY + 10 * HOUR, "9898"), 0);
    assert_int_equal(step(h, MONDAY + 11 * HOUR, "9897"), 1);
    assert_int_equal(s1_harness_report_at(h, 0)->report.severity, S1_SEVERITY_CRITICAL);
    expect_text(s1_harness_report_at(h, 0)->report.key, "daily");
    assert_int_equal(step(h, MONDAY + DAY, "9897"), 1);
    assert_int_equal(step(h, MONDAY + DAY + HOUR, "9890"), 0);
    assert_int_equal(step(h, MONDAY + DAY + 2 * HOUR, "9699.06"), 0);
    assert_int_equal(step(h, MONDAY + DAY + 3 * HOUR, "9699"), 1);
    expect_same(detail(h, "peak"), 9897);
    s1_harness_free(h);
}

/* Both limits at once are two threats with two keys. */
static void both_limits(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "max_drawdown_monitor", "{max_total_drawdown: 3, max_daily_drawdown: 2}");
    assert_int_equal(step(h, MONDAY + 1 * HOUR, "10000"), 0);
    assert_int_equal(step(h, MONDAY + 2 * HOUR, "9750"), 1);
    assert_int_equal(step(h, MONDAY + 3 * HOUR, "9600"), 2);
    s1_harness_free(h);
}

/* State is committed when a peak or the day moves, and only then. A new life goes on from it. */
static void restart_keeps_the_morning(void **state)
{
    (void)state;
    s1_harness *h = s1_harness_new(NULL);
    const char *const params = "{max_total_drawdown: 0, max_daily_drawdown: 2}";
    s1_worker *const first = s1_harness_add(h, "max_drawdown_monitor", params);
    (void)step(h, MONDAY + 1 * HOUR, "10000");
    (void)step(h, MONDAY + 2 * HOUR, "10200.5");
    assert_int_equal(s1_harness_note_count(h, "state"), 2);
    (void)step(h, MONDAY + 3 * HOUR, "10150");
    assert_int_equal(s1_harness_note_count(h, "state"), 2);
    char text[256];
    const s1_str committed = s1_harness_state(h, first);
    assert_true(committed.len < sizeof text);
    memcpy(text, committed.ptr, committed.len);
    text[committed.len] = '\0';
    assert_string_equal(text,
                        "{\"v\":1,\"day\":19723,\"peak\":\"10200.5\",\"day_peak\":\"10200.5\","
                        "\"equity\":\"10200.5\"}");
    s1_harness_free(h);

    h = s1_harness_new(NULL);
    const s1_harness_item item = {
        .plugin = "max_drawdown_monitor", .params = params, .state = text};
    s1_worker *second;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &second, &err), S1_OK);
    assert_int_equal(step(h, MONDAY + 4 * HOUR, "9990"), 1); /* 2.06 % below 10200.5 */
    expect_same(detail(h, "peak"), 10200.5);
    s1_harness_free(h);
}

static void broken_state_is_refused(void **state)
{
    (void)state;
    const char *const broken[] = {
        "{}",
        "{\"v\":2,\"day\":1,\"peak\":\"1\",\"day_peak\":\"1\",\"equity\":\"1\"}",
        "{\"v\":1,\"day\":-1,\"peak\":\"1\",\"day_peak\":\"1\",\"equity\":\"1\"}",
        "{\"v\":1,\"day\":19723,\"peak\":\"1e3\",\"day_peak\":\"1\",\"equity\":\"1\"}",
        "{\"v\":1,\"day\":19723,\"peak\":\"1",
    };
    s1_harness *const h = s1_harness_new(NULL);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        const s1_harness_item item = {.plugin = "max_drawdown_monitor", .state = broken[i]};
        s1_worker *worker;
        s1_err err = S1_ERR_INIT;
        assert_int_not_equal(s1_harness_try_add(h, &item, &worker, &err), S1_OK);
    }
    s1_harness_free(h);
}

static void failing_commit_is_passed_on(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "max_drawdown_monitor", NULL);
    s1_harness_fail_commits(h, 1);
    s1_err err = S1_ERR_INIT;
    assert_int_not_equal(s1_harness_try_bar(h, 1, 1, 1, 1, 1, &err), S1_OK);
    s1_harness_free(h);
}

static void refuses_no_limit_at_all(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "max_drawdown_monitor", "{max_total_drawdown: 0}", "both 0");
    expect_refused(h, "max_drawdown_monitor", "{max_total_drawdown: -5}", "max_total_drawdown");
    expect_refused(h, "max_drawdown_monitor", "{severity: BAD}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(total_drawdown),
        cmocka_unit_test(daily_drawdown),
        cmocka_unit_test(both_limits),
        cmocka_unit_test(restart_keeps_the_morning),
        cmocka_unit_test(broken_state_is_refused),
        cmocka_unit_test(failing_commit_is_passed_on),
        cmocka_unit_test(refuses_no_limit_at_all),
    };
    return cmocka_run_group_tests_name("max_drawdown_monitor", tests, NULL, NULL);
}
