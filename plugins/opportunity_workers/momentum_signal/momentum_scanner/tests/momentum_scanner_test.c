/* momentum_scanner: rates by hand both ways, and never a word about a bar that depends on what came
 * after it. */
#include "tests/plugins/expect.h"

#define CLOSES_MAX 8

static void signals_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double closes[CLOSES_MAX];      /* up to a zero */
        int32_t directions[CLOSES_MAX]; /* signalled on each; 0: none */
    } cases[] = {
        {"{bars: 2, threshold_percent: 10}",
         {100, 100, 100, 108, 112, 120},
         {0, 0, 0, 0, S1_LONG, 0}}, /* 0, 8, 12, 11.1 */
        {"{bars: 2, threshold_percent: 10, emit: every_bar}",
         {100, 100, 100, 108, 112, 120},
         {0, 0, 0, 0, S1_LONG, S1_LONG}},
        {"{bars: 2, threshold_percent: 10}",
         {100, 100, 100, 95, 88, 80},
         {0, 0, 0, 0, S1_SHORT, 0}}, /* 0, -5, -12, -15.8 */
        {"{bars: 1, threshold_percent: 50}",
         {2, 2, 3, 3.5, 7, 3},
         {0, 0, 0, 0, S1_LONG, S1_SHORT}}, /* 50 is not above 50; 16.7; 100; -57.1 */
        {"{bars: 1, threshold_percent: 50, direction: short}",
         {2, 2, 4, 4, 8, 3},
         {0, 0, 0, 0, 0, S1_SHORT}},
        {"{bars: 1, threshold_percent: 50, direction: long}", {2, 2, 4, 1}, {0, 0, S1_LONG, 0}},
        {"{bars: 1, threshold_percent: 0}", {2, 2, 2, 3, 3, 2}, {0, 0, 0, S1_LONG, 0, S1_SHORT}},
        /* from beyond one end to beyond the other: each is a crossing */
        {"{bars: 1, threshold_percent: 10}", {2, 2, 3, 2, 3}, {0, 0, S1_LONG, S1_SHORT, S1_LONG}},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "momentum_scanner", cases[k].params);
        uint32_t count = 0;
        for (size_t i = 0; i < CLOSES_MAX && cases[k].closes[i] > 0; i++) {
            s1_harness_close(h, cases[k].closes[i]);
            const int32_t expected = cases[k].directions[i];
            count += expected != 0;
            assert_int_equal(s1_harness_signal_count(h), count);
            if (expected != 0) {
                const s1_signal *const signal = &s1_harness_signal_at(h, count - 1)->signal;
                assert_int_equal(signal->direction, expected);
                expect_text(signal->signal_type, "momentum");
                expect_same(signal->price, cases[k].closes[i]);
                assert_true(isnan(signal->score));
            }
        }
        s1_harness_free(h);
    }
}

static void tells_the_rate(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "momentum_scanner", "{bars: 2, threshold_percent: 10}");
    const double closes[] = {100, 100, 100, 108, 112};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_close(h, closes[i]);
    }
    assert_int_equal(s1_harness_signal_count(h), 1);
    const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
    expect_near(s1_harness_field(signal->metadata, signal->metadata_count, "rate_of_change"), 12,
                1e-9);
    s1_harness_free(h);
}

/* A warm-up in which the worker is not called: the same signals after it. */
static void warmup_changes_nothing(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "momentum_scanner", "{bars: 2, threshold_percent: 10}");
    const double closes[] = {100, 100, 100, 108, 112};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_warmup(h, i < 4);
        s1_harness_close(h, closes[i]);
    }
    assert_int_equal(s1_harness_signal_count(h), 1);
    assert_int_equal(s1_harness_signal_at(h, 0)->row, 5);
    s1_harness_free(h);
}

/* A close that walks by rule, 1 at row 0; another `seed` walks elsewhere. */
static double walk(size_t i, uint64_t seed)
{
    uint64_t x = (i + 1) * 6364136223846793005ULL + seed * 1442695040888963407ULL;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ULL;
    return 1.0 + (double)(x >> 48) / 65536.0;
}

/* What was said up to a bar is the same when the history ends there, and when every later bar is
 * another one. */
static void later_bars_change_nothing(void **state)
{
    (void)state;
    const size_t count = 300;
    const char *const params = "{bars: 5, threshold_percent: 20}";
    s1_harness *const whole = s1_harness_new(NULL);
    s1_harness_add(whole, "momentum_scanner", params);
    for (size_t i = 0; i < count; i++) {
        s1_harness_close(whole, walk(i, 1));
    }
    assert_true(s1_harness_signal_count(whole) > 30);
    for (size_t cut = 1; cut < count; cut += 7) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "momentum_scanner", params);
        for (size_t i = 0; i < count; i++) {
            if (i == cut) { /* nothing came after it yet */
                const uint32_t said = s1_harness_signal_count(h);
                assert_true(said == s1_harness_signal_count(whole) ||
                            s1_harness_signal_at(whole, said)->row > cut);
            }
            s1_harness_close(h, walk(i, i < cut ? 1 : 2));
        }
        for (uint32_t i = 0; i < s1_harness_signal_count(whole); i++) {
            const s1_harness_signal *const expected = s1_harness_signal_at(whole, i);
            if (expected->row > cut) {
                break;
            }
            const s1_harness_signal *const found = s1_harness_signal_at(h, i);
            assert_int_equal(found->row, expected->row);
            assert_int_equal(found->signal.direction, expected->signal.direction);
            expect_same(found->signal.metadata[0].number, expected->signal.metadata[0].number);
        }
        s1_harness_free(h);
    }
    s1_harness_free(whole);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "momentum_scanner", "{bars: 0}", "bars");
    expect_refused(h, "momentum_scanner", "{threshold_percent: -1}", "threshold_percent");
    expect_refused(h, "momentum_scanner", "{direction: up}", "direction");
    expect_refused(h, "momentum_scanner", "{emit: always}", "emit");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_by_hand),        cmocka_unit_test(tells_the_rate),
        cmocka_unit_test(warmup_changes_nothing), cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("momentum_scanner", tests, NULL, NULL);
}
