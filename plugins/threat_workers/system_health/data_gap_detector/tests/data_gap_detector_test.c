/* data_gap_detector: gaps by hand with and without sessions, against a count hour by hour, how long
 * they are spoken of; and never a word about a bar that depends on what came after it. */
#include "tests/plugins/cut.h"

#define PLUGIN "data_gap_detector"
#define HOUR   (3600 * S1_NANOS_PER_SECOND)
#define MONDAY (419928 * HOUR) /* 2017-11-27 00:00 UTC */

/* One bar that closes at an hour of the week of MONDAY; the missing bars reported on it, -1: none.
 */
static double close_at(s1_harness *h, int64_t hour)
{
    const uint32_t before = s1_harness_report_count(h);
    const s1_bar bar = {.open_time = MONDAY + (hour - 1) * HOUR,
                        .close_time = MONDAY + hour * HOUR,
                        .open = 1,
                        .high = 1,
                        .low = 1,
                        .close = 1};
    s1_harness_exact_bar(h, &bar);
    if (s1_harness_report_count(h) == before) {
        return -1;
    }
    const s1_threat_report *const report = &s1_harness_report_at(h, before)->report;
    expect_text(report->threat_type, "DATA_GAP");
    return s1_harness_field(report->details, report->detail_count, "missing_bars");
}

#define FX "week_closes: 118h, week_opens: 166h"

static void gaps_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        int64_t first, second;
        double missing;
    } cases[] = {
        {NULL, 10, 11, -1},
        {NULL, 10, 14, 3},
        {NULL, 10, 12, 1},
        {"{min_missing_bars: 4}", 10, 14, -1},
        {"{min_missing_bars: 3}", 10, 14, 3},
        {NULL, 118, 167, 48},
        {"{" FX "}", 118, 167, -1},        /* Friday 22:00, Sunday 23:00 */
        {"{" FX "}", 116, 170, 5},         /* Friday 20:00, Monday 02:00 */
        {"{" FX "}", 116, 170 + 168, 125}, /* a week later: another 120 hours open */
        {"{" FX "}", 10, 14, 3},
        /* over the week's end: closed from Sunday 20:00 to Monday 02:00 */
        {"{week_closes: 164h, week_opens: 2h}", 164, 171, -1},
        {"{week_closes: 164h, week_opens: 2h}", 163, 172, 2},
        /* a day from 08:00 to 16:00 */
        {"{day_closes: 16h, day_opens: 8h}", 16, 33, -1},
        {"{day_closes: 16h, day_opens: 8h}", 15, 35, 3},
        {"{day_closes: 12h, day_opens: 13h}", 11, 15, 2},
        /* and a week of them: closed twice is closed once. Friday 16:00 to Monday 09:00. */
        {"{day_closes: 16h, day_opens: 8h, week_closes: 120h, week_opens: 168h}", 112, 177, -1},
        {"{day_closes: 16h, day_opens: 8h, week_closes: 120h, week_opens: 168h}", 110, 178, 3},
        {"{day_closes: 16h, day_opens: 8h, " FX "}", 112, 177, -1},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, PLUGIN, cases[k].params);
        expect_same(close_at(h, cases[k].first), -1);
        const double found = close_at(h, cases[k].second);
        if (found != cases[k].missing) {
            fail_msg("case %zu: %g missing, expected %g", k, found, cases[k].missing);
        }
        s1_harness_free(h);
    }
}

/* Gaps of every length and place, counted hour by hour. */
static void counts_hour_by_hour(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{" FX ", day_closes: 21h, day_opens: 7h}");
    int64_t first = 1;
    (void)close_at(h, first);
    for (size_t i = 0; i < 2000; i++) {
        const int64_t second = first + 1 + (int64_t)(60.0 * cut_noise(i, 1) * cut_noise(i, 2));
        int64_t missing = 0;
        for (int64_t hour = first; hour < second - 1; hour++) {
            const int64_t week = hour % 168;
            const int64_t day = hour % 24;
            missing += !(week >= 118 && week < 166) && !(day >= 21 || day < 7);
        }
        expect_same(close_at(h, second), missing > 0 ? (double)missing : -1);
        first = second;
    }
    s1_harness_free(h);
}

static void is_held(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, PLUGIN, "{hold_bars: 2, severity: CRITICAL}");
    expect_same(close_at(h, 1), -1);
    expect_same(close_at(h, 4), 2);
    expect_same(close_at(h, 5), 2);
    expect_same(close_at(h, 6), 2);
    expect_same(close_at(h, 7), -1);
    expect_same(close_at(h, 9), 1);
    expect_same(close_at(h, 14), 4); /* the newer takes the place of the older */
    const s1_threat_report *const report =
        &s1_harness_report_at(h, s1_harness_report_count(h) - 1)->report;
    assert_int_equal(report->severity, S1_SEVERITY_CRITICAL);
    expect_same(s1_harness_field(report->details, report->detail_count, "gap_seconds"), 4 * 3600);
    expect_same(s1_harness_field(report->details, report->detail_count, "bars_ago"), 0);
    expect_same(s1_harness_field(report->details, report->detail_count, "limit"), 1);
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, PLUGIN, "{hold_bars: 3}");
}

/* Up to two hours are left out before each bar. */
static void feed(s1_harness *h, size_t i, int seed)
{
    const s1_context *const context = s1_harness_context(h);
    const s1_nanos before = i == 0 ? MONDAY : context->now;
    const double noise = cut_noise(i, seed);
    const s1_nanos open = before + (noise > 0.9 ? 2 : noise > 0.8 ? 1 : 0) * HOUR;
    const s1_bar bar = {
        .open_time = open, .close_time = open + HOUR, .open = 1, .high = 1, .low = 1, .close = 1};
    s1_harness_exact_bar(h, &bar);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const cut_case history = {.build = build, .feed = feed, .count = 300, .said_min = 50};
    expect_cut_changes_nothing(&history);
    for (size_t begin = 100; begin < 110; begin++) {
        expect_warmup_changes_nothing(&history, begin);
    }
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "{min_missing_bars: 0}", "min_missing_bars");
    expect_refused(h, PLUGIN, "{hold_bars: -1}", "hold_bars");
    expect_refused(h, PLUGIN, "{week_closes: 8d}", "week_closes");
    expect_refused(h, PLUGIN, "{day_opens: 25h}", "day_opens");
    expect_refused(h, PLUGIN, "{severity: SOME}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_by_hand),
        cmocka_unit_test(counts_hour_by_hour),
        cmocka_unit_test(is_held),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("data_gap_detector", tests, NULL, NULL);
}
