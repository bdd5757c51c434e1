/* connection_monitor: silences by hand of the other stream and of the primary, and never a word
 * about a bar that depends on what came after it. */
#include "tests/plugins/cut.h"

#define PLUGIN "connection_monitor"
#define HOUR   (3600 * S1_NANOS_PER_SECOND)

/* One primary bar, with one of the other stream or not; the reports made on it. */
static uint32_t step(s1_harness *h, bool has_other)
{
    const uint32_t before = s1_harness_report_count(h);
    if (has_other) {
        s1_harness_bar_of(h, 1, 1, 1, 1, 1, 1);
    }
    s1_harness_close(h, 1);
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

static void another_stream_falls_silent(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.second_stream = "ETH/USD@1h"});
    s1_harness_add(h, PLUGIN, NULL);
    assert_int_equal(step(h, true), 0);
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(step(h, false), 0);
    }
    assert_int_equal(step(h, false), 1);
    expect_text(last(h)->threat_type, "STREAM_SILENT");
    expect_text(last(h)->key, "ETH/USD@3600s");
    assert_int_equal(last(h)->severity, S1_SEVERITY_HIGH);
    expect_same(detail(h, "silent_bars"), 4);
    expect_same(detail(h, "limit"), 3);
    expect_same(detail(h, "bars"), 1);
    assert_int_equal(step(h, false), 1);
    expect_same(detail(h, "silent_bars"), 5);
    assert_int_equal(step(h, true), 0); /* silence of the worker clears it */
    assert_int_equal(step(h, false), 0);
    s1_harness_free(h);
}

/* A bar of a higher timeframe in the making is no silence. */
static void higher_timeframes(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.second_stream = "EUR/USD@4h"});
    s1_harness_add(h, PLUGIN, "{max_silent_bars: 1, severity: LOW}");
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(step(h, i % 4 == 3), 0);
    }
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(step(h, false), 0);
    }
    assert_int_equal(step(h, false), 1); /* eight hours: two bars */
    expect_same(detail(h, "silent_bars"), 2);
    assert_int_equal(last(h)->severity, S1_SEVERITY_LOW);
    s1_harness_free(h);
}

/* A stream that never said anything is silent since the first bar of the run. */
static void a_stream_that_never_speaks(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.second_stream = "ETH/USD@1h"});
    s1_harness_add(h, PLUGIN, "{max_silent_bars: 2}");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(step(h, false), 0);
    }
    assert_int_equal(step(h, false), 1);
    expect_same(detail(h, "silent_bars"), 3);
    expect_same(detail(h, "bars"), 0);
    s1_harness_free(h);
}

/* One primary bar that closes at an hour; the other stream's pending bar comes with it. */
static uint32_t bar_at(s1_harness *h, int64_t hour)
{
    const uint32_t before = s1_harness_report_count(h);
    const s1_bar bar = {.open_time = (hour - 1) * HOUR,
                        .close_time = hour * HOUR,
                        .open = 1,
                        .high = 1,
                        .low = 1,
                        .close = 1};
    s1_harness_exact_bar(h, &bar);
    return s1_harness_report_count(h) - before;
}

/* Another stream's bar between the primary's: put into the store as the host does. */
static void other_at(s1_harness *h, int64_t hour)
{
    const s1_bar bar = {.open_time = (hour - 1) * HOUR,
                        .close_time = hour * HOUR,
                        .open = 1,
                        .high = 1,
                        .low = 1,
                        .close = 1};
    s1_trading_context_begin_tick(s1_harness_store(h), bar.close_time);
    s1_trading_context_append_bar(s1_harness_store(h), 1, &bar);
}

static void the_primary_falls_silent(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&(s1_harness_options){.second_stream = "ETH/USD@1h"});
    s1_harness_add(h, PLUGIN, NULL);
    for (int64_t hour = 1; hour <= 3; hour++) {
        s1_harness_bar_of(h, 1, 1, 1, 1, 1, 1);
        assert_int_equal(bar_at(h, hour), 0);
    }
    for (int64_t hour = 4; hour <= 7; hour++) { /* four bars it did not close */
        other_at(h, hour);
    }
    s1_harness_bar_of(h, 1, 1, 1, 1, 1, 1);
    assert_int_equal(bar_at(h, 8), 1);
    expect_text(last(h)->key, "EUR/USD@3600s");
    expect_same(detail(h, "silent_bars"), 4);
    s1_harness_bar_of(h, 1, 1, 1, 1, 1, 1);
    assert_int_equal(bar_at(h, 9), 0);
    /* both rest: no line is down */
    s1_harness_bar_of(h, 1, 1, 1, 1, 1, 1);
    assert_int_equal(bar_at(h, 60), 0);
    s1_harness_free(h);
}

static void one_stream_alone(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{max_silent_bars: 1}");
    assert_int_equal(bar_at(h, 1), 0);
    assert_int_equal(bar_at(h, 100), 0);
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, PLUGIN, "{max_silent_bars: 1}");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    if (cut_noise(i, seed) > 0.5) {
        s1_harness_bar_of(h, 1, 1, 1, 1, 1, 1);
    }
    s1_harness_close(h, 1);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const cut_case history = {.options = &(s1_harness_options){.second_stream = "ETH/USD@1h"},
                              .build = build,
                              .feed = feed,
                              .count = 300,
                              .said_min = 30};
    expect_cut_changes_nothing(&history);
    expect_warmup_changes_nothing(&history, 100);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{max_silent_bars: 0}", "max_silent_bars");
    expect_refused(h, PLUGIN, "{severity: SOME}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_stream_falls_silent),
        cmocka_unit_test(higher_timeframes),
        cmocka_unit_test(a_stream_that_never_speaks),
        cmocka_unit_test(the_primary_falls_silent),
        cmocka_unit_test(one_stream_alone),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("connection_monitor", tests, NULL, NULL);
}
