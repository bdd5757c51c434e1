/* news_signal_generator: rows by hand, and never a word about a bar that depends on what became
 * known after it. Bars are hourly from 2017-01-02T00:00Z (1483315200): bar N closes at +N h. */
#include "tests/plugins/expect.h"

#include <stdio.h>

#define HEAD "time,published_at,score,pair,headline\n"
#define BARS 6

static void signals_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params, *rows;
        int32_t directions[BARS]; /* signalled on each bar; 0: none */
    } cases[] = {
        {"",
         "2017-01-02T00:30,,0.8,EUR,\n2017-01-02T01:30,,0.9,USD,\n2017-01-02T02:30,,1,JPY,\n",
         {S1_LONG, S1_SHORT, 0}},
        {"", "2017-01-02T00:30,,-0.8,EUR/USD,\n2017-01-02T01:30,,-0.5,,\n", {S1_SHORT, S1_SHORT}},
        {"", "2017-01-02T01:00,,0.5,,\n2017-01-02T01:00:01,,0.4999,,\n", {S1_LONG, 0}},
        /* it happened in the first bar and became known in the third */
        {"", "2017-01-02T00:30,2017-01-02T02:30,0.8,,\n", {0, 0, S1_LONG}},
        /* announced before: known is known, whatever it is about */
        {"", "2017-01-02T05:30,2017-01-02T00:30,0.8,,\n", {S1_LONG}},
        {"{reaction: fade}",
         "2017-01-02T00:30,,0.8,EUR,\n2017-01-02T01:30,,0.9,USD,\n",
         {S1_SHORT, S1_LONG}},
        {"{direction: long}", "2017-01-02T00:30,,0.8,,\n2017-01-02T01:30,,-0.9,,\n", {S1_LONG}},
        {"{direction: short}",
         "2017-01-02T00:30,,0.8,,\n2017-01-02T01:30,,-0.9,,\n",
         {0, S1_SHORT}},
        {"{reaction: fade, direction: long}",
         "2017-01-02T00:30,,0.8,,\n2017-01-02T01:30,,-0.9,,\n",
         {0, S1_LONG}},
        /* the strongest of a bar, the first of equals */
        {"",
         "2017-01-02T00:10,,0.6,,\n2017-01-02T00:20,,-0.9,,\n2017-01-02T00:30,,0.9,,\n",
         {S1_SHORT}},
        {"{max_age: 30m}", "2017-01-02T00:30,,0.8,,\n2017-01-02T01:29:59,,0.8,,\n", {S1_LONG, 0}},
        {"{min_score: 5}", "2017-01-02T00:30,,4.9,,\n2017-01-02T01:30,,5,,\n", {0, S1_LONG}},
        /* long before the first bar */
        {"{max_age: 10d}", "2017-01-01,,0.9,,\n", {0}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        char csv[512];
        (void)snprintf(csv, sizeof csv, HEAD "%s", cases[k].rows);
        s1_harness_feed_file(h, "news", csv);
        s1_harness_add(h, "news_signal_generator", cases[k].params);
        uint32_t count = 0;
        for (size_t i = 0; i < BARS; i++) {
            s1_harness_close(h, 1.5 + (double)i);
            const int32_t expected = cases[k].directions[i];
            count += expected != 0;
            if (s1_harness_signal_count(h) != count) {
                fail_msg("case %zu, bar %zu: %u signals, expected %u", k, i,
                         s1_harness_signal_count(h), count);
            }
            if (expected != 0) {
                const s1_signal *const signal = &s1_harness_signal_at(h, count - 1)->signal;
                assert_int_equal(signal->direction, expected);
                expect_text(signal->signal_type, "news");
                expect_same(signal->price, 1.5 + (double)i);
            }
        }
        s1_harness_free(h);
    }
}

static void tells_the_news(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "news",
                         "time,sentiment,pair,headline\n"
                         "2017-01-02T00:15,-3,USD,\"Made up: \"\"weak\"\" dollar\"\n"
                         "2017-01-02T00:45,12,EUR,\n");
    s1_harness_add(h, "news_signal_generator",
                   "{score_field: sentiment, min_score: 2, full_score: 10, emit: every}");
    s1_harness_close(h, 1.5);
    assert_int_equal(s1_harness_signal_count(h), 2);
    const s1_signal *const first = &s1_harness_signal_at(h, 0)->signal;
    expect_same(first->score, 0.3);
    expect_same(s1_harness_field(first->metadata, first->metadata_count, "news_score"), 3);
    expect_same(s1_harness_field(first->metadata, first->metadata_count, "age_seconds"), 2700);
    assert_int_equal(first->metadata_count, 3);
    expect_text(first->metadata[2].text, "Made up: \"weak\" dollar");
    const s1_signal *const second = &s1_harness_signal_at(h, 1)->signal;
    expect_same(second->score, 1);
    assert_int_equal(second->metadata_count, 2);
    s1_harness_free(h);
}

/* Without its optional columns every row is about the pair. */
static void does_without_pair_and_headline(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed_file(h, "news", "time,score\n2017-01-02T00:30,0.7\n");
    s1_worker *const worker = s1_harness_add(h, "news_signal_generator", "");
    s1_harness_close(h, 1.5);
    s1_harness_close(h, 1.5);
    assert_int_equal(s1_harness_signal_count(h), 1);
    assert_string_equal(worker->conditions[0].name.ptr, "news_of_the_pair");
    assert_int_equal(worker->conditions[0].condition.evaluated_count, 2);
    assert_int_equal(worker->conditions[0].condition.held_count, 1);
    s1_harness_free(h);
}

/* A warm-up in which the worker is not called: the same signals after it. */
static void warmup_changes_nothing(void **state)
{
    (void)state;
    for (int warm = 0; warm < 2; warm++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_feed_file(h, "news",
                             "time,score\n2017-01-02T00:30,0.7\n2017-01-02T01:30,0.7\n"
                             "2017-01-02T03:30,0.7\n");
        s1_harness_add(h, "news_signal_generator", "");
        for (int i = 0; i < BARS; i++) {
            s1_harness_warmup(h, warm == 1 && i < 2);
            s1_harness_close(h, 1.5);
        }
        const uint32_t count = s1_harness_signal_count(h);
        assert_int_equal(count, warm == 1 ? 1 : 3);
        assert_int_equal(s1_harness_signal_at(h, count - 1)->row, 4);
        s1_harness_free(h);
    }
}

/* Rows by rule; those published from `cut` hours on are other ones with another seed. */
static void write_rows(char *csv, size_t size, int cut, uint64_t seed)
{
    size_t used = (size_t)snprintf(csv, size, "time,published_at,score,pair\n");
    uint64_t x = 3;
    for (int i = 0; i < 300; i++) {
        const int minute = i * 17; /* of publishing, ascending */
        x = x * 6364136223846793005ULL + 1442695040888963407ULL;
        const uint64_t y = minute >= cut * 60 ? x * (seed + seed) + seed : x;
        used += (size_t)snprintf(csv + used, size - used, "%lld,%lld,%.2f,%s\n",
                                 1483315200LL + (minute + (long long)(y >> 50) % 600 - 300) * 60,
                                 1483315200LL + minute * 60LL,
                                 (double)(int)((y >> 33) % 200) / 100.0 - 1.0,
                                 (y >> 20) % 3 == 0   ? "USD"
                                 : (y >> 20) % 3 == 1 ? "EUR"
                                                      : "JPY");
    }
}

/* What was said up to a bar is the same when every row that becomes known later, and every later
 * bar, is another one. */
static void later_rows_change_nothing(void **state)
{
    (void)state;
    const int bars = 90;
    static char csv[32768];
    write_rows(csv, sizeof csv, 1000, 1);
    s1_harness *const whole = s1_harness_new(NULL);
    s1_harness_feed_file(whole, "news", csv);
    s1_harness_add(whole, "news_signal_generator", "{emit: every}");
    for (int i = 0; i < bars; i++) {
        s1_harness_close(whole, 1.0 + i);
    }
    assert_true(s1_harness_signal_count(whole) > 50);
    for (int cut = 1; cut < bars; cut += 7) {
        write_rows(csv, sizeof csv, cut, 2);
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_feed_file(h, "news", csv);
        s1_harness_add(h, "news_signal_generator", "{emit: every}");
        for (int i = 0; i < bars; i++) {
            s1_harness_close(h, i < cut ? 1.0 + i : 7.0);
        }
        uint32_t same = 0;
        for (uint32_t i = 0; i < s1_harness_signal_count(whole); i++) {
            const s1_harness_signal *const expected = s1_harness_signal_at(whole, i);
            if (expected->row >= (uint64_t)cut) { /* a row of the very close is a later one */
                break;
            }
            const s1_harness_signal *const found = s1_harness_signal_at(h, i);
            assert_int_equal(found->row, expected->row);
            assert_int_equal(found->signal.direction, expected->signal.direction);
            expect_same(found->signal.score, expected->signal.score);
            same++;
        }
        assert_true(s1_harness_signal_count(h) == same ||
                    s1_harness_signal_at(h, same)->row >= (uint64_t)cut);
        s1_harness_free(h);
    }
    s1_harness_free(whole);
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "news_signal_generator", "",
                   "news: an id of the blueprint's feeds, which news_signal_generator reads");
    s1_harness_feed_file(h, "news", "time,score\n2017-01-02T00:30,0.7\n");
    expect_refused(h, "news_signal_generator", "{score_field: mood}", "a column 'mood'");
    expect_refused(h, "news_signal_generator", "{min_score: 0}", "min_score");
    expect_refused(h, "news_signal_generator", "{reaction: wait}", "reaction");
    expect_refused(h, "news_signal_generator", "{emit: some}", "emit");
    expect_refused(h, "news_signal_generator", "{max_age: -1h}", "max_age");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_by_hand),
        cmocka_unit_test(tells_the_news),
        cmocka_unit_test(does_without_pair_and_headline),
        cmocka_unit_test(warmup_changes_nothing),
        cmocka_unit_test(later_rows_change_nothing),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests_name("news_signal_generator", tests, NULL, NULL);
}
