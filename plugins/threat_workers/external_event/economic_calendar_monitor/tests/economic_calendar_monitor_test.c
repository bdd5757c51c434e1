/* economic_calendar_monitor: blackouts by hand, and never a word about a bar that depends on what
 * was announced after it. Bars are hourly from 2017-01-02T00:00Z: bar N closes at +N h. */
#include "tests/plugins/expect.h"

#include <stdio.h>

#define HEAD   "time,published_at,importance,currency,title\n"
#define BARS   8
#define PLUGIN "economic_calendar_monitor"

static void reports_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params, *rows;
        const char *holds; /* '1' for each bar at whose close the threat holds */
    } cases[] = {
        {"", "2017-01-02T03:30,2017-01-01,3,USD,\n", "00110000"},
        {"", "2017-01-02T03:30,2017-01-01,3,EUR,\n", "00110000"},
        {"", "2017-01-02T03:30,2017-01-01,3,,\n", "00110000"},
        {"", "2017-01-02T03:30,2017-01-01,3,JPY,\n", "00000000"},
        {"", "2017-01-02T03:30,2017-01-01,2.9,USD,\n", "00000000"},
        {"", "2017-01-02T03:30,,3,USD,\n", "00010000"}, /* nobody was told */
        {"", "2017-01-02T03:30,2017-01-02T04:30,3,USD,\n", "00000000"},
        /* both ends belong to it */
        {"", "2017-01-02T04:00,2017-01-01,3,USD,\n", "00111000"},
        {"{before: 0s, after: 0s}", "2017-01-02T04:00,2017-01-01,3,USD,\n", "00010000"},
        {"{before: 3h, after: 0s}", "2017-01-02T04:30,2017-01-01,3,USD,\n", "01110000"},
        {"{before: 0s, after: 3h}", "2017-01-02T04:30,2017-01-01,3,USD,\n", "00001110"},
        {"{currencies: [JPY, CHF]}",
         "2017-01-02T01:30,2017-01-01,3,CHF,\n2017-01-02T05:30,2017-01-01,3,USD,\n", "11000000"},
        {"{min_importance: -1}", "2017-01-02T01:30,2017-01-01,-1,USD,\n", "11000000"},
        /* announced in another order than they come */
        {"", "2017-01-02T06:30,2017-01-01,3,USD,\n2017-01-02T02:30,2017-01-02T01:00,3,EUR,\n",
         "01100110"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        char csv[512];
        (void)snprintf(csv, sizeof csv, HEAD "%s", cases[k].rows);
        s1_harness_feed_file(h, "calendar", csv);
        s1_harness_add(h, PLUGIN, cases[k].params);
        uint32_t count = 0;
        for (size_t i = 0; i < BARS; i++) {
            s1_harness_close(h, 1.5);
            count += cases[k].holds[i] == '1';
            if (s1_harness_report_count(h) != count) {
                fail_msg("case %zu, bar %zu: %u reports, expected %u", k, i,
                         s1_harness_report_count(h), count);
            }
        }
        s1_harness_free(h);
    }
}

static void tells_the_nearest(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "calendar",
                         HEAD "2017-01-02T01:45,2017-01-01,3,USD,Made up: prices\n"
                              "2017-01-02T01:10,2017-01-01,5,EUR,Made up: rates\n"
                              "2017-01-02T00:50,2017-01-01,4,EUR,\n");
    s1_worker *const worker = s1_harness_add(h, PLUGIN, "{severity: CRITICAL}");
    s1_harness_close(h, 1.5);
    s1_harness_close(h, 1.5);
    assert_int_equal(s1_harness_report_count(h), 2);
    const s1_threat_report *const first = &s1_harness_report_at(h, 0)->report;
    expect_text(first->threat_type, "ECONOMIC_EVENT_BLACKOUT");
    assert_int_equal(first->severity, S1_SEVERITY_CRITICAL);
    assert_int_equal(first->detail_count, 4); /* no title */
    expect_same(s1_harness_field(first->details, 4, "minutes_to_event"), -10);
    expect_same(s1_harness_field(first->details, 4, "importance"), 4);
    expect_same(s1_harness_field(first->details, 4, "events"), 3);
    const s1_threat_report *const second = &s1_harness_report_at(h, 1)->report;
    assert_int_equal(second->detail_count, 5);
    expect_same(s1_harness_field(second->details, 5, "minutes_to_event"), -15);
    expect_same(s1_harness_field(second->details, 5, "events"), 2);
    expect_text(second->details[3].text, "USD");
    expect_text(second->details[4].text, "Made up: prices");
    assert_true(memcmp(&s1_harness_report_at(h, 0)->threat_id,
                       &s1_harness_report_at(h, 1)->threat_id, sizeof(s1_threat_id)) == 0);
    assert_string_equal(worker->conditions[0].name.ptr, "events_near");
    assert_int_equal(worker->conditions[0].condition.evaluated_count, 2);
    s1_harness_free(h);
}

static void does_without_optional_columns(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "calendar", "time,importance\n2017-01-02T00:30,3\n");
    s1_harness_add(h, PLUGIN, "");
    s1_harness_close(h, 1.5);
    assert_int_equal(s1_harness_report_count(h), 1);
    assert_int_equal(s1_harness_report_at(h, 0)->report.detail_count, 3);
    s1_harness_free(h);
}

/* Events by rule, announced in order, due before or after; those announced from `cut` hours on are
 * other ones with another seed. */
static void write_rows(char *csv, size_t size, int cut, uint64_t seed)
{
    size_t used = (size_t)snprintf(csv, size, HEAD);
    uint64_t x = 3;
    for (int i = 0; i < 200; i++) {
        const int minute = i * 31;
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        const uint64_t y = minute >= cut * 60 ? x * (seed + seed) + seed : x;
        used += (size_t)snprintf(csv + used, size - used, "%lld,%lld,%d,%s,\n",
                                 1483315200LL + (minute + (long long)(y >> 50) % 1200 - 200) * 60,
                                 1483315200LL + minute * 60LL, (int)((y >> 33) % 5),
                                 (y >> 20) % 2 == 0 ? "USD" : "JPY");
    }
}

/* What was said up to a bar is the same when every event announced later, and every later bar, is
 * another one. */
static void later_announcements_change_nothing(void **state)
{
    (void)state;
    const int bars = 90;
    static char csv[32768];
    write_rows(csv, sizeof csv, 1000, 1);
    s1_harness *const whole = s1_harness_new(NULL);
    s1_harness_feed_file(whole, "calendar", csv);
    s1_harness_add(whole, PLUGIN, "");
    for (int i = 0; i < bars; i++) {
        s1_harness_close(whole, 1.0 + i);
    }
    assert_in_range(s1_harness_report_count(whole), 20, 70);
    for (int cut = 1; cut < bars; cut += 7) {
        write_rows(csv, sizeof csv, cut, 2);
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_feed_file(h, "calendar", csv);
        s1_harness_add(h, PLUGIN, "");
        for (int i = 0; i < bars; i++) {
            s1_harness_close(h, i < cut ? 1.0 + i : 7.0);
        }
        uint32_t same = 0;
        for (; s1_harness_report_at(whole, same)->row < (uint64_t)cut; same++) {
            const s1_harness_report *const expected = s1_harness_report_at(whole, same);
            const s1_harness_report *const found = s1_harness_report_at(h, same);
            assert_int_equal(found->row, expected->row);
            assert_int_equal(found->report.detail_count, expected->report.detail_count);
            for (uint32_t k = 0; k < 3; k++) {
                expect_same(found->report.details[k].number, expected->report.details[k].number);
            }
            if (same + 1 == s1_harness_report_count(whole)) {
                same++;
                break;
            }
        }
        assert_true(s1_harness_report_count(h) == same ||
                    s1_harness_report_at(h, same)->row >= (uint64_t)cut);
        s1_harness_free(h);
    }
    s1_harness_free(whole);
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, "", "calendar: an id of the blueprint's feeds");
    s1_harness_feed_file(h, "calendar", "time,weight\n2017-01-02T00:30,3\n");
    expect_refused(h, PLUGIN, "", "a column 'importance', which a worker reads");
    expect_refused(h, PLUGIN, "{before: -1h}", "before");
    expect_refused(h, PLUGIN, "{after: 31d}", "after");
    expect_refused(h, PLUGIN, "{severity: SOME}", "severity");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_by_hand),
        cmocka_unit_test(tells_the_nearest),
        cmocka_unit_test(does_without_optional_columns),
        cmocka_unit_test(later_announcements_change_nothing),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests_name(PLUGIN, tests, NULL, NULL);
}
