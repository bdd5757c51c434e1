/* breakout_scanner: breaks by hand, against a plain scan of real bars, and never a word about a bar
 * that depends on what came after it. */
#include "tests/plugins/expect.h"

#include <stdlib.h>

#define SAMPLE "data/golden/backtesting_py/EURUSD.csv"

/* Highs 10, 12, 11, lows 8, 9, 7: the range is 7..12. Then the bar asked for. */
static s1_harness *range_of_three(const char *params, double high, double low, double close)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "breakout_scanner", params);
    s1_harness_bar(h, 9, 10, 8, 9, 1);
    s1_harness_bar(h, 9, 12, 9, 10, 1);
    s1_harness_bar(h, 10, 11, 7, 9, 1);
    assert_int_equal(s1_harness_signal_count(h), 0);
    s1_harness_bar(h, 9, high, low, close, 1);
    return h;
}

static void breaks_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double high, low, close;
        int32_t direction; /* 0: none */
        double level, size;
    } cases[] = {
        {"{bars: 3}", 13, 9, 12.5, S1_LONG, 12, 0.5},
        {"{bars: 3}", 13, 9, 12, 0, 0, 0}, /* touching is not breaking */
        {"{bars: 3}", 9, 6, 6.5, S1_SHORT, 7, 0.5},
        {"{bars: 3}", 9, 6, 7, 0, 0, 0},
        {"{bars: 3, trigger: extreme}", 13, 9, 11, S1_LONG, 12, 1},
        {"{bars: 3, trigger: extreme}", 12, 7, 11, 0, 0, 0},
        {"{bars: 3, trigger: extreme}", 10, 6, 9, S1_SHORT, 7, 1},
        {"{bars: 2}", 13, 9, 12.5, S1_LONG, 12, 0.5},
        {"{bars: 1}", 13, 9, 11.5, S1_LONG, 11, 0.5}, /* the bar before alone */
        {"{bars: 3, direction: short}", 13, 9, 12.5, 0, 0, 0},
        {"{bars: 3, direction: long}", 9, 6, 6.5, 0, 0, 0},
        /* 0.5 is 4.1666 % of 12 and 7.142857 % of 7 */
        {"{bars: 3, min_break_percent: 4.1}", 13, 9, 12.5, S1_LONG, 12, 0.5},
        {"{bars: 3, min_break_percent: 4.2}", 13, 9, 12.5, 0, 0, 0},
        {"{bars: 3, min_break_percent: 7.1}", 9, 6, 6.5, S1_SHORT, 7, 0.5},
        {"{bars: 3, min_break_percent: 7.2}", 9, 6, 6.5, 0, 0, 0},
        {"{bars: 4}", 13, 9, 12.5, 0, 0, 0}, /* no fourth bar before it */
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h =
            range_of_three(cases[k].params, cases[k].high, cases[k].low, cases[k].close);
        assert_int_equal(s1_harness_signal_count(h), cases[k].direction != 0);
        if (cases[k].direction != 0) {
            const s1_harness_signal *const found = s1_harness_signal_at(h, 0);
            const s1_signal *const signal = &found->signal;
            assert_int_equal(found->row, 4);
            assert_int_equal(signal->direction, cases[k].direction);
            expect_text(signal->signal_type, "breakout");
            expect_same(signal->price, cases[k].close);
            assert_true(isnan(signal->score));
            expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "level"),
                        cases[k].level);
            expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "break_size"),
                        cases[k].size);
        }
        s1_harness_free(h);
    }
}

/* A bar that swallows the range breaks both ends, the upper one first. */
static void outside_bar_breaks_both(void **state)
{
    (void)state;
    s1_harness *const h = range_of_three("{bars: 3, trigger: extreme}", 13, 6, 9);
    assert_int_equal(s1_harness_signal_count(h), 2);
    assert_int_equal(s1_harness_signal_at(h, 0)->signal.direction, S1_LONG);
    assert_int_equal(s1_harness_signal_at(h, 1)->signal.direction, S1_SHORT);
    s1_harness_free(h);
}

/* Bars that walk at random by rule, with many equal prices. */
typedef struct walk {
    double high, low, close;
} walk;

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return *seed >> 33;
}

static walk *random_walk(size_t count, uint64_t seed)
{
    walk *const bars = malloc(count * sizeof *bars);
    assert_non_null(bars);
    double price = 100;
    for (size_t i = 0; i < count; i++) {
        const double first = price;
        price += (double)next_random(&seed) / (double)(1ULL << 31) * 6 - 3;
        price = floor(price * 4) / 4;
        const double top = first > price ? first : price;
        const double bottom = first > price ? price : first;
        bars[i] = (walk){top + (double)(next_random(&seed) % 3) / 4,
                         bottom - (double)(next_random(&seed) % 3) / 4, price};
    }
    return bars;
}

/* The direction a plain scan of the bars before `i` gives; 0 for none. */
static int32_t scan(const walk *bars, size_t i, size_t length)
{
    if (i < length) {
        return 0;
    }
    double highest = -INFINITY;
    double lowest = INFINITY;
    for (size_t k = i - length; k < i; k++) {
        highest = fmax(highest, bars[k].high);
        lowest = fmin(lowest, bars[k].low);
    }
    return bars[i].close > highest ? S1_LONG : bars[i].close < lowest ? S1_SHORT : 0;
}

static void feed(s1_harness *h, const walk *bar)
{
    s1_harness_bar(h, bar->close, bar->high, bar->low, bar->close, 1);
}

/* Every signal of the whole, none besides, for short and long ranges; with a warm-up in which the
 * worker is not called as well. */
static void equals_a_plain_scan(void **state)
{
    (void)state;
    const size_t count = 1500;
    const size_t lengths[] = {1, 2, 3, 7, 20, 55, 400};
    walk *const bars = random_walk(count, 11);
    for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++) {
        for (size_t warmup = 0; warmup <= 700; warmup += 700) {
            char params[32];
            (void)snprintf(params, sizeof params, "{bars: %zu}", lengths[k]);
            s1_harness *const h = s1_harness_new(NULL);
            s1_harness_add(h, "breakout_scanner", params);
            uint32_t expected = 0;
            for (size_t i = 0; i < count; i++) {
                s1_harness_warmup(h, i < warmup);
                feed(h, &bars[i]);
                const int32_t direction = i < warmup ? 0 : scan(bars, i, lengths[k]);
                expected += direction != 0;
                assert_int_equal(s1_harness_signal_count(h), expected);
                if (direction != 0) {
                    assert_int_equal(s1_harness_signal_at(h, expected - 1)->signal.direction,
                                     direction);
                }
            }
            assert_true(expected > 0);
            s1_harness_free(h);
        }
    }
    free(bars);
}

/* What was said up to a bar is the same when the history ends there, and when every later bar is
 * another one. */
static void later_bars_change_nothing(void **state)
{
    (void)state;
    const size_t count = 400;
    walk *const bars = random_walk(count, 3);
    walk *const others = random_walk(count, 4);
    s1_harness *const whole = s1_harness_new(NULL);
    s1_harness_add(whole, "breakout_scanner", "{bars: 12}");
    for (size_t i = 0; i < count; i++) {
        feed(whole, &bars[i]);
    }
    for (size_t cut = 1; cut < count; cut += 7) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "breakout_scanner", "{bars: 12}");
        for (size_t i = 0; i < count; i++) {
            if (i == cut) { /* nothing came after it yet */
                const uint32_t said = s1_harness_signal_count(h);
                assert_true(said == s1_harness_signal_count(whole) ||
                            s1_harness_signal_at(whole, said)->row > cut);
            }
            feed(h, i < cut ? &bars[i] : &others[i]);
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
    free(bars);
    free(others);
}

/* Hourly EUR/USD: the same plain scan over the columns the worker saw. */
static void equals_a_plain_scan_of_real_bars(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "breakout_scanner", "{bars: 20}");
    const uint64_t rows = s1_harness_csv(h, SAMPLE, 5000);
    const s1_stream *const stream = s1_harness_context(h)->primary;
    uint32_t at = 0;
    for (uint64_t i = 20; i < rows; i++) {
        walk bars[21];
        for (uint64_t k = 0; k <= 20; k++) {
            const uint64_t row = i - 20 + k;
            bars[k] = (walk){stream->high.values[row], stream->low.values[row],
                             stream->close.values[row]};
        }
        const int32_t direction = scan(bars, 20, 20);
        if (direction != 0) {
            assert_true(at < s1_harness_signal_count(h));
            assert_int_equal(s1_harness_signal_at(h, at)->row, i + 1);
            assert_int_equal(s1_harness_signal_at(h, at)->signal.direction, direction);
            at++;
        }
    }
    assert_int_equal(s1_harness_signal_count(h), at);
    assert_true(rows == 0 || at > 100);
    s1_harness_free(h);
}

/* The Asian session of hours 0 to 8 spans 7 to 12; prices of 9, but for the hours given. */
static uint64_t session_breaks(const char *params, int hour, double price, int more)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "session_analyzer", "");
    s1_harness_add(h, "breakout_scanner", params);
    uint64_t rows = 0;
    for (int i = 0; i < 24; i++) {
        const double close = i >= hour && i <= hour + more ? price : 9;
        s1_harness_bar(h, 9, i == 3 ? 12 : fmax(close, 9), i == 4 ? 7 : fmin(close, 9), close, 1);
    }
    for (uint32_t i = 0; i < s1_harness_signal_count(h); i++) {
        const s1_harness_signal *const found = s1_harness_signal_at(h, i);
        rows = rows * 100 + found->row;
        assert_int_equal(found->signal.direction, price > 9 ? S1_LONG : S1_SHORT);
        if (strstr(params, "range: session") != NULL && found->row < 14) {
            expect_same(
                s1_harness_field(found->signal.metadata, found->signal.metadata_count, "level"),
                price > 9 ? 12 : 7);
        }
    }
    s1_harness_free(h);
    return rows;
}

/* London has the hours 8 to 13; hour i is row i + 1. */
static void breaks_of_sessions(void **state)
{
    (void)state;
    const char *const london = "{range: session, sessions: [2], bars: 1}";
    assert_int_equal(session_breaks(london, 9, 12.5, 0), 10);
    assert_int_equal(session_breaks(london, 9, 6.5, 0), 10);
    assert_int_equal(session_breaks(london, 9, 12, 0), 0);    /* touched only */
    assert_int_equal(session_breaks(london, 9, 12.5, 2), 10); /* the first bar out */
    assert_int_equal(session_breaks(london, 8, 12.5, 1), 9);  /* London's first bar */
    assert_int_equal(session_breaks(london, 14, 13, 1), 0);   /* New York */
    assert_int_equal(session_breaks("{range: session, sessions: [2, 3], bars: 1}", 14, 13, 1), 15);
    assert_int_equal(session_breaks("{range: session, bars: 1}", 14, 13, 0), 15);
    assert_int_equal(session_breaks("{range: session, bars: 1, min_break_percent: 5}", 9, 12.5, 0),
                     0);
    assert_int_equal(session_breaks("{range: session, bars: 1, trigger: extreme}", 9, 12.5, 0), 10);
    /* Sessions beside a range of bars. */
    assert_int_equal(session_breaks("{sessions: [2], bars: 8}", 9, 12.5, 0), 10);
    assert_int_equal(session_breaks("{sessions: [1, 3], bars: 8}", 9, 12.5, 0), 0);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "breakout_scanner", "{range: session}", "session_analyzer");
    expect_refused(h, "breakout_scanner", "{sessions: [2]}", "session_analyzer");
    expect_refused(h, "breakout_scanner", "{sessions: [4]}", "sessions");
    expect_refused(h, "breakout_scanner", "{range: day}", "range");
    expect_refused(h, "breakout_scanner", "{bars: 0}", "bars");
    expect_refused(h, "breakout_scanner", "{bars: 10001}", "bars");
    expect_refused(h, "breakout_scanner", "{direction: up}", "direction");
    expect_refused(h, "breakout_scanner", "{trigger: open}", "trigger");
    expect_refused(h, "breakout_scanner", "{min_break_percent: -1}", "min_break_percent");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaks_by_hand),
        cmocka_unit_test(outside_bar_breaks_both),
        cmocka_unit_test(equals_a_plain_scan),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(equals_a_plain_scan_of_real_bars),
        cmocka_unit_test(breaks_of_sessions),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("breakout_scanner", tests, NULL, NULL);
}
