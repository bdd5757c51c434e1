/* news_event_monitor: threats by hand; rows that become known later change nothing. Bars are hourly
 * from 2017-01-02T00:00Z: bar N closes at +N h. */
#include "tests/plugins/expect.h"

#include <stdio.h>

#define PLUGIN "news_event_monitor"
#define HEAD   "time,published_at,score,pair,headline\n"
#define BARS   6

static void reports_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params, *rows;
        const char *severities; /* of each bar: 0 none, 2 MEDIUM, 3 HIGH, 4 CRITICAL */
    } cases[] = {
        {"", "2017-01-02T00:30,,0.8,USD,\n", "330000"},
        {"{news: bad}", "2017-01-02T00:30,,0.8,USD,\n", "330000"},
        {"{news: good}", "2017-01-02T00:30,,0.8,USD,\n", "000000"},
        {"{news: good}", "2017-01-02T00:30,,0.8,EUR,\n", "330000"},
        {"{news: bad}", "2017-01-02T00:30,,0.8,EUR/USD,\n", "000000"},
        {"", "2017-01-02T00:30,,1,JPY,\n", "000000"},
        {"", "2017-01-02T00:30,,-0.5,,\n2017-01-02T01:30,,0.49,,\n", "220000"},
        {"", "2017-01-02T00:30,,0.9,,\n2017-01-02T01:30,,0.7,,\n2017-01-02T02:30,,0.5,,\n",
         "443200"},
        /* the very moment: known at its end, no longer `hold` after it */
        {"", "2017-01-02T01:00,,0.5,,\n", "220000"},
        {"{hold: 30m}", "2017-01-02T00:30:01,,0.5,,\n2017-01-02T01:30,,0.5,,\n", "200000"},
        {"", "2017-01-02T00:30,2017-01-02T03:30,0.8,,\n", "000330"},
        {"{medium_score: 2, high_score: 2, critical_score: 3}",
         "2017-01-02T00:30,,2,,\n2017-01-02T01:30,,3,,\n", "344000"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        char csv[512];
        (void)snprintf(csv, sizeof csv, HEAD "%s", cases[k].rows);
        s1_harness_feed_file(h, "news", csv);
        s1_harness_add(h, PLUGIN, cases[k].params);
        uint32_t count = 0;
        for (size_t i = 0; i < BARS; i++) {
            s1_harness_close(h, 1.5);
            const int32_t expected = cases[k].severities[i] - '0';
            count += expected > 0;
            if (s1_harness_report_count(h) != count) {
                fail_msg("case %zu, bar %zu: %u reports, expected %u", k, i,
                         s1_harness_report_count(h), count);
            }
            if (expected > 0) {
                assert_int_equal(s1_harness_report_at(h, count - 1)->report.severity, expected);
            }
        }
        s1_harness_free(h);
    }
}

static void tells_the_strongest(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "news",
                         HEAD "2017-01-02T00:30,,0.6,EUR,Made up: first\n"
                              "2017-01-02T00:40,,0.6,USD,Made up: equal\n"
                              "2017-01-02T01:30,,0.8,USD,\n");
    s1_worker *const worker = s1_harness_add(h, PLUGIN, "");
    s1_harness_close(h, 1.5);
    s1_harness_close(h, 1.5);
    assert_int_equal(s1_harness_report_count(h), 2);
    const s1_threat_report *const first = &s1_harness_report_at(h, 0)->report;
    expect_text(first->threat_type, "NEWS_EVENT");
    assert_int_equal(first->detail_count, 3);
    expect_same(s1_harness_field(first->details, 3, "news_score"), 0.6);
    expect_same(s1_harness_field(first->details, 3, "age_seconds"), 1800);
    expect_text(first->details[2].text, "Made up: first");
    const s1_threat_report *const second = &s1_harness_report_at(h, 1)->report;
    assert_int_equal(second->detail_count, 2);
    expect_same(s1_harness_field(second->details, 2, "news_score"), -0.8);
    assert_memory_equal(&s1_harness_report_at(h, 0)->threat_id,
                        &s1_harness_report_at(h, 1)->threat_id, sizeof(s1_threat_id));
    assert_string_equal(worker->conditions[0].name.ptr, "news_strength");
    assert_int_equal(worker->conditions[0].condition.evaluated_count, 2);
    s1_harness_free(h);
}

/* The gate cuts the bars and the rows of the feed. */
static void passes_the_gate(void **state)
{
    (void)state;
    s1_test_gate(PLUGIN, NULL);
    s1_test_gate(PLUGIN, "{hold: 1d, news: bad}");
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "", "news: an id of the blueprint's feeds");
    s1_harness_feed_file(h, "news", "time,score\n2017-01-02T00:30,0.7\n");
    expect_refused(h, PLUGIN, "{score_field: mood}", "a column 'mood'");
    expect_refused(h, PLUGIN, "{high_score: 0.4}", "expected ascending");
    expect_refused(h, PLUGIN, "{hold: 0s}", "hold");
    expect_refused(h, PLUGIN, "{news: some}", "news");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_by_hand),
        cmocka_unit_test(tells_the_strongest),
        cmocka_unit_test(passes_the_gate),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests_name(PLUGIN, tests, NULL, NULL);
}
