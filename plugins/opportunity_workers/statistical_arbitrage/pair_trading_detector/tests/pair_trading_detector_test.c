/* pair_trading_detector: z-scores by hand and against sums taken anew for each bar, entries, exits,
 * holes; and never a word about a bar that depends on what came after it. */
#include "tests/plugins/cut.h"

static const s1_harness_options two_streams = {.second_stream = "ETH/USD@1h"};

#define PLUGIN "pair_trading_detector"
#define OTHER  "other: ETH/USD@1h, "

static void step(s1_harness *h, double close, double other)
{
    s1_harness_bar_of(h, 1, other, other, other, other, 1);
    s1_harness_close(h, close);
}

static double field(const s1_harness *h, uint32_t index, const char *name)
{
    const s1_signal *const signal = &s1_harness_signal_at(h, index)->signal;
    return s1_harness_field(signal->metadata, signal->metadata_count, name);
}

/* An instrument with digits enough for logarithms by hand. */
static s1_instrument fine(void)
{
    return (s1_instrument){.size = sizeof(s1_instrument),
                           .price_scale = 12,
                           .qty_scale = 2,
                           .asset_pair = S1_STR("EUR/USD"),
                           .base = S1_STR("EUR"),
                           .quote = S1_STR("USD"),
                           .tick_size = s1_dec_from_mantissa(1, 12),
                           .lot_size = s1_dec_from_mantissa(1, 2),
                           .leverage = S1_DEC_ONE};
}

/* Nine times 1, then e^-0.1 or e^0.1: -3 and 3. */
static void z_by_hand(void **state)
{
    (void)state;
    const s1_instrument instrument = fine();
    for (int sign = -1; sign <= 1; sign += 2) {
        s1_harness *const h = s1_harness_new(
            &(s1_harness_options){.instrument = &instrument, .second_stream = "ETH/USD@1h"});
        s1_harness_add(h, PLUGIN, "{" OTHER "window: 10, hedge_ratio: 1, entry_z: 2.9}");
        /* the second pair of a window that was full before it, so that there is a z before */
        const double moved = exp(0.1 * sign);
        for (size_t i = 0; i < 10; i++) {
            step(h, i == 0 ? exp(0.01 * sign) : 1, 1);
        }
        assert_int_equal(s1_harness_signal_count(h), 0);
        step(h, moved, 1);
        assert_int_equal(s1_harness_signal_count(h), 1);
        const s1_signal *const signal = &s1_harness_signal_at(h, 0)->signal;
        assert_int_equal(signal->direction, sign < 0 ? S1_LONG : S1_SHORT);
        expect_text(signal->signal_type, "pair_entry");
        expect_near(signal->price, moved, 1e-12);
        expect_near(field(h, 0, "z"), 3 * sign, 1e-8);
        expect_near(field(h, 0, "spread"), 0.09 * sign, 1e-10);
        expect_same(field(h, 0, "hedge_ratio"), 1);
        expect_same(field(h, 0, "other_close"), 1);
        assert_true(isnan(field(h, 0, "correlation"))); /* the other leg does not move */
        expect_text(signal->metadata[5].text, "ETH/USD");
        step(h, moved, 1); /* less stretched now: no second entry */
        assert_int_equal(s1_harness_signal_count(h), 1);
        s1_harness_free(h);
    }
}

/* The legs of a walk: they wander together and their spread swings. */
static double leg_other(size_t i)
{
    return 2.0 + sin((double)i / 70.0);
}

static double leg(size_t i, int seed)
{
    return 0.5 * pow(leg_other(i), 1.5) *
           (1.0 + 0.02 * sin((double)i / 11.0) + 0.03 * (cut_noise(i, seed) - 0.5));
}

typedef struct naive {
    double z, ratio, correlation;
} naive;

/* Everything anew from the `n` closes up to row `end`, as the README says it. */
static naive measure(const double *x, const double *y, size_t end, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0, ss = 0;
    for (size_t i = end + 1 - n; i <= end; i++) {
        mx += log(x[i]) / (double)n;
        my += log(y[i]) / (double)n;
    }
    for (size_t i = end + 1 - n; i <= end; i++) {
        xx += (log(x[i]) - mx) * (log(x[i]) - mx);
        yy += (log(y[i]) - my) * (log(y[i]) - my);
        xy += (log(x[i]) - mx) * (log(y[i]) - my);
    }
    const double ratio = xy / yy;
    for (size_t i = end + 1 - n; i <= end; i++) {
        const double s = (log(x[i]) - mx) - ratio * (log(y[i]) - my);
        ss += s * s;
    }
    const double spread = (log(x[end]) - mx) - ratio * (log(y[end]) - my);
    return (naive){spread / sqrt(ss / (double)n), ratio, xy / sqrt(xx * yy)};
}

#define ROWS 3000

static void the_sums_carry_on_exactly(void **state)
{
    (void)state;
    const size_t n = 60;
    s1_harness *const h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 60, entry_z: 1.8}");
    static double x[ROWS], y[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        step(h, leg(i, 1), leg_other(i));
        x[i] = s1_series_last(&s1_harness_context(h)->primary->close);
        y[i] = s1_series_last(&s1_harness_context(h)->streams[1]->close);
    }
    uint32_t signals = 0;
    double before = NAN;
    for (size_t i = n - 1; i < ROWS; i++) {
        const naive now = measure(x, y, i, n);
        const bool is_long = now.z <= -1.8 && before > -1.8;
        const bool is_short = now.z >= 1.8 && before < 1.8;
        before = now.z;
        if (!is_long && !is_short) {
            continue;
        }
        assert_true(signals < s1_harness_signal_count(h));
        const s1_harness_signal *const found = s1_harness_signal_at(h, signals);
        assert_int_equal(found->row, i + 1);
        assert_int_equal(found->signal.direction, is_long ? S1_LONG : S1_SHORT);
        expect_near(field(h, signals, "z"), now.z, 1e-8);
        expect_near(field(h, signals, "hedge_ratio"), now.ratio, 1e-8);
        expect_near(field(h, signals, "correlation"), now.correlation, 1e-8);
        signals++;
    }
    assert_int_equal(s1_harness_signal_count(h), signals);
    assert_true(signals > 50);
    s1_harness_free(h);
}

/* Ten pairs about 1, z far below 0 with the last; then the spread comes back step by step. */
static s1_harness *stretched(const char *params)
{
    s1_harness *const h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, params);
    for (size_t i = 0; i < 20; i++) {
        step(h, i % 2 == 0 ? 1.01 : 0.99, 1);
    }
    step(h, 0.96, 1);
    return h;
}

static void exits_follow_the_ledger(void **state)
{
    (void)state;
    s1_harness *h = stretched("{" OTHER "window: 20, hedge_ratio: 1, entry_z: 2, exit_z: 0.5}");
    assert_int_equal(s1_harness_signal_count(h), 1);
    assert_int_equal(s1_harness_signal_at(h, 0)->signal.direction, S1_LONG);
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "0.96");
    step(h, 0.97, 1); /* still stretched */
    assert_int_equal(s1_harness_signal_count(h), 1);
    step(h, 1, 1);
    assert_int_equal(s1_harness_signal_count(h), 2);
    const s1_signal *const signal = &s1_harness_signal_at(h, 1)->signal;
    expect_text(signal->signal_type, "pair_exit");
    assert_int_equal(signal->direction, S1_SHORT);
    step(h, 1, 1); /* still held: said again */
    assert_int_equal(s1_harness_signal_count(h), 3);
    position->is_closing = 1;
    step(h, 1, 1);
    assert_int_equal(s1_harness_signal_count(h), 3);
    position->is_closing = 0;
    position->asset_pair = S1_STR("ABC/XYZ");
    step(h, 1, 1);
    assert_int_equal(s1_harness_signal_count(h), 3);
    s1_harness_close_positions(h);
    (void)s1_harness_open(h, S1_SHORT, "1", "1");
    step(h, 1, 1);
    assert_int_equal(s1_harness_signal_count(h), 4);
    assert_int_equal(s1_harness_signal_at(h, 3)->signal.direction, S1_LONG);
    s1_harness_free(h);
}

static void a_spread_that_runs_away(void **state)
{
    (void)state;
    const char *const params[] = {"{" OTHER "window: 20, hedge_ratio: 1, entry_z: 2, stop_z: 2.5}",
                                  "{" OTHER "window: 20, hedge_ratio: 1, entry_z: 2}"};
    for (uint32_t k = 0; k < 2; k++) {
        s1_harness *const h = stretched(params[k]);
        (void)s1_harness_open(h, S1_LONG, "1", "0.96");
        step(h, 0.9, 1);
        assert_int_equal(s1_harness_signal_count(h), k == 0 ? 2 : 1);
        if (k == 0) {
            assert_int_equal(s1_harness_signal_at(h, 1)->signal.direction, S1_SHORT);
            assert_true(field(h, 1, "z") <= -2.5);
        }
        s1_harness_free(h);
    }
}

/* Bars without a partner change nothing that is said after them. */
static void holes_are_passed_over(void **state)
{
    (void)state;
    s1_harness *const plain = s1_harness_new(&two_streams);
    s1_harness *const holed = s1_harness_new(&two_streams);
    const char *const params = "{" OTHER "window: 60, entry_z: 1.8}";
    s1_harness_add(plain, PLUGIN, params);
    s1_harness_add(holed, PLUGIN, params);
    for (size_t i = 0; i < 600; i++) {
        step(plain, leg(i, 1), leg_other(i));
        if (i % 7 == 3) {
            s1_harness_close(holed, 9); /* the other stream has no bar here */
        }
        step(holed, leg(i, 1), leg_other(i));
    }
    assert_true(s1_harness_signal_count(plain) > 5);
    assert_int_equal(s1_harness_signal_count(holed), s1_harness_signal_count(plain));
    for (uint32_t i = 0; i < s1_harness_signal_count(plain); i++) {
        expect_same(field(holed, i, "z"), field(plain, i, "z"));
    }
    s1_harness_free(plain);
    s1_harness_free(holed);
}

/* Legs that do not go together are left alone when correlation is asked for. */
static void correlation_is_asked_for(void **state)
{
    (void)state;
    const char *const params[] = {"{" OTHER "window: 60, entry_z: 1.8, min_correlation: 0.5}",
                                  "{" OTHER "window: 60, entry_z: 1.8}"};
    uint32_t counts[2];
    for (uint32_t k = 0; k < 2; k++) {
        s1_harness *const h = s1_harness_new(&two_streams);
        s1_harness_add(h, PLUGIN, params[k]);
        for (size_t i = 0; i < 500; i++) {
            step(h, 1.0 + cut_noise(i, 1), 1.0 + cut_noise(i, 2));
        }
        counts[k] = s1_harness_signal_count(h);
        s1_harness_free(h);
    }
    assert_int_equal(counts[0], 0);
    assert_true(counts[1] > 5);
}

/* Two legs that never move have no deviation, and no z. */
static void flat_legs_say_nothing(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&two_streams);
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 10, entry_z: 0.02, exit_z: 0.01}");
    for (size_t i = 0; i < 200; i++) {
        step(h, 1.23457, 3.00001);
    }
    assert_int_equal(s1_harness_signal_count(h), 0);
    s1_harness_free(h);
}

static void build(s1_harness *h)
{
    s1_harness_add(h, PLUGIN, "{" OTHER "window: 40, entry_z: 1.5}");
}

static void feed(s1_harness *h, size_t i, int seed)
{
    if (cut_noise(i, seed + 10) > 0.1) { /* holes too */
        s1_harness_bar_of(h, 1, leg_other(i), leg_other(i), leg_other(i), leg_other(i), 1);
    }
    s1_harness_close(h, leg(i, seed));
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const cut_case history = {
        .options = &two_streams, .build = build, .feed = feed, .count = 500, .said_min = 20};
    expect_cut_changes_nothing(&history);
    expect_warmup_changes_nothing(&history, 200);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(&two_streams);
    expect_refused(h, PLUGIN, NULL, "other");
    expect_refused(h, PLUGIN, "{other: XRP/USD@1h}", "XRP/USD@1h");
    expect_refused(h, PLUGIN, "{other: EUR/USD@1h}", "own stream");
    expect_refused(h, PLUGIN, "{" OTHER "window: 9}", "window");
    expect_refused(h, PLUGIN, "{" OTHER "entry_z: 0}", "entry_z");
    expect_refused(h, PLUGIN, "{" OTHER "exit_z: 2}", "expected below entry_z");
    expect_refused(h, PLUGIN, "{" OTHER "stop_z: 2}", "above entry_z");
    expect_refused(h, PLUGIN, "{" OTHER "hedge_ratio: -1}", "hedge_ratio");
    expect_refused(h, PLUGIN, "{" OTHER "min_correlation: 1.1}", "min_correlation");
    expect_refused(h, PLUGIN, "{" OTHER "direction: up}", "direction");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(z_by_hand),
        cmocka_unit_test(the_sums_carry_on_exactly),
        cmocka_unit_test(exits_follow_the_ledger),
        cmocka_unit_test(a_spread_that_runs_away),
        cmocka_unit_test(holes_are_passed_over),
        cmocka_unit_test(correlation_is_asked_for),
        cmocka_unit_test(flat_legs_say_nothing),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("pair_trading_detector", tests, NULL, NULL);
}
