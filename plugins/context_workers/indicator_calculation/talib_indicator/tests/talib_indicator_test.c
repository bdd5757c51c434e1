/* talib_indicator: cases by hand, flat markets, gaps in an input, names, and what is refused. With
 * arguments it prints columns for tests/plugins/talib_oracle_test.py, which holds every indicator
 * against TA-Lib. */
#include "tests/plugins/expect.h"

#include <stdio.h>
#include <stdlib.h>

/* Every indicator, with least periods and its columns. */
static const struct {
    const char *params;
    const char *columns[3];
} kinds[] = {
#define KIND(params_, ...) {params_, {__VA_ARGS__}},
#include "talib_kinds.inc"
#undef KIND
};
#define KINDS (sizeof kinds / sizeof *kinds)

static s1_harness *harness_new(void)
{
    static s1_instrument instrument;
    instrument = (s1_instrument){.size = sizeof instrument,
                                 .price_scale = 6,
                                 .qty_scale = 6,
                                 .asset_pair = S1_STR("EUR/USD"),
                                 .base = S1_STR("EUR"),
                                 .quote = S1_STR("USD"),
                                 .tick_size = s1_harness_dec("0.000001"),
                                 .lot_size = s1_harness_dec("0.000001"),
                                 .leverage = S1_DEC_ONE};
    static char folder[1024]; /* its own corner: hundreds are made, each reads every manifest */
    (void)snprintf(folder, sizeof folder, "%s/plugins/context_workers/indicator_calculation",
                   getenv("S1_BUILD_DIR"));
    const s1_harness_options options = {
        .instrument = &instrument, .capacity_rows = 8192, .plugins_folder = folder};
    return s1_harness_new(&options);
}

/* WMA 3 of 1, 2, 6: (1 + 2 * 2 + 3 * 6) / 6; then of 2, 6, 3: (2 + 12 + 9) / 6. */
static void weights_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = harness_new();
    s1_harness_add(h, "talib_indicator", "{indicator: WMA, period: 3}");
    const double closes[] = {1, 2, 6, 3};
    for (size_t i = 0; i < 4; i++) {
        s1_harness_close(h, closes[i]);
        if (i < 2) {
            expect_same(s1_harness_value(h, "wma_3", 0), NAN);
        } else {
            expect_near(s1_harness_value(h, "wma_3", 0), 23.0 / 6.0, 1e-14);
        }
    }
    s1_harness_free(h);
}

/* AROON 2: of three bars the newest high of equals counts, the low is two bars old. */
static void aroon_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = harness_new();
    s1_harness_add(h, "talib_indicator", "{indicator: AROON, period: 2}");
    s1_harness_bar(h, 5, 9, 1, 5, 1);
    s1_harness_bar(h, 5, 9, 2, 5, 1);
    expect_same(s1_harness_value(h, "aroon_up_2", 0), NAN);
    s1_harness_bar(h, 5, 8, 3, 5, 1);
    expect_same(s1_harness_value(h, "aroon_up_2", 0), 50.0);
    expect_same(s1_harness_value(h, "aroon_down_2", 0), 0.0);
    s1_harness_free(h);
}

/* SAR: bar 2 rises, so it is long from bar 1's low; bar 4 breaks it and the stop is the highest. */
static void sar_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = harness_new();
    s1_harness_add(h, "talib_indicator", "{indicator: SAR, acceleration: \"0.5\", maximum: \"1\"}");
    s1_harness_bar(h, 10, 11, 9, 10, 1);
    s1_harness_bar(h, 11, 13, 10, 12, 1);
    expect_same(s1_harness_value(h, "sar_0_5_1", 0), 9.0);
    /* 9 + 0.5 * (13 - 9) = 11, above the low of 10: 10 */
    s1_harness_bar(h, 12, 15, 12, 14, 1);
    expect_same(s1_harness_value(h, "sar_0_5_1", 0), 10.0);
    /* a new extreme, so all of the way to 15, kept under the lows of 10 and 12: 10 */
    s1_harness_bar(h, 13, 14, 9, 9, 1);
    expect_same(s1_harness_value(h, "sar_0_5_1", 0), 15.0);
    s1_harness_free(h);
}

/* The line through 1, 3, 5 is 1 + 2x. */
static void line_by_hand(void **state)
{
    (void)state;
    s1_harness *const h = harness_new();
    s1_harness_add(h, "talib_indicator", "{indicator: LINEARREG_SLOPE, period: 3}");
    s1_harness_add(h, "talib_indicator", "{indicator: LINEARREG_INTERCEPT, period: 3}");
    s1_harness_add(h, "talib_indicator", "{indicator: TSF, period: 3}");
    for (int i = 0; i < 20; i++) {
        s1_harness_close(h, 1.0 + 2.0 * i);
        if (i >= 2) {
            expect_near(s1_harness_value(h, "linearreg_slope_3", 0), 2.0, 1e-12);
            expect_near(s1_harness_value(h, "linearreg_intercept_3", 0), 2.0 * i - 3.0, 1e-12);
            expect_near(s1_harness_value(h, "tsf_3", 0), 2.0 * i + 3.0, 1e-12);
        }
    }
    s1_harness_free(h);
}

/* Nothing moves: every column stands after its lookback and is a number. */
static void flat_market_gives_numbers(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        s1_harness *const h = harness_new();
        const s1_worker *const worker = s1_harness_add(h, "talib_indicator", kinds[k].params);
        for (uint64_t i = 1; i <= worker->lookback + 20; i++) {
            s1_harness_bar(h, 7, 7, 7, 7, 0);
            for (size_t c = 0; c < 3 && kinds[k].columns[c] != NULL; c++) {
                const double value = s1_harness_value(h, kinds[k].columns[c], 0);
                if (isnan(value) != (i < worker->lookback) || isinf(value)) {
                    fail_msg("%s: %g on bar %llu, lookback %llu", kinds[k].columns[c], value,
                             (unsigned long long)i, (unsigned long long)worker->lookback);
                }
            }
        }
        s1_harness_free(h);
    }
}

/* Of another worker's column, under a prefix; its first bars have no value and count for nothing.
 */
static void takes_another_column(void **state)
{
    (void)state;
    s1_harness *const h = harness_new();
    s1_harness_feed(h, "hint");
    s1_harness_add(h, "talib_indicator", "{indicator: SMA, period: 2, input: hint, prefix: hint_}");
    s1_harness_add(h, "talib_indicator", "{indicator: SMA, period: 2}");
    const double hints[] = {NAN, 4, NAN, 6, 8};
    const double expected[] = {NAN, NAN, NAN, 5, 7};
    for (size_t i = 0; i < 5; i++) {
        s1_harness_set(h, "hint", hints[i]);
        s1_harness_close(h, 1);
        expect_same(s1_harness_value(h, "hint_sma_2", 0), expected[i]);
        expect_same(s1_harness_value(h, "sma_2", 0), i < 1 ? NAN : 1.0);
    }
    s1_harness_free(h);
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    s1_harness *const h = harness_new();
    expect_refused(h, "talib_indicator", "{}", "indicator");
    expect_refused(h, "talib_indicator", "{indicator: HT_SINE}", "indicator");
    expect_refused(h, "talib_indicator", "{indicator: RSI, period: 1}",
                   "expected 2 or more for RSI");
    expect_refused(h, "talib_indicator", "{indicator: SMA, period: 0}", "period");
    expect_refused(h, "talib_indicator", "{indicator: SMA, period: 100001}", "period");
    expect_refused(h, "talib_indicator", "{indicator: MACD, fast: 26, slow: 12}",
                   "expected fast below slow");
    expect_refused(h, "talib_indicator", "{indicator: ULTOSC, short: 7, medium: 28, long: 14}",
                   "expected medium below long");
    expect_refused(h, "talib_indicator", "{indicator: PPO, average: hull}", "average");
    expect_refused(h, "talib_indicator", "{indicator: BBANDS, deviations: \"0\"}", "deviations");
    expect_refused(h, "talib_indicator", "{indicator: SMA, input: nothing}", "nothing");
    expect_refused(h, "talib_indicator", "{indicator: SMA, prefix: \"a b\"}", "prefix");
    s1_harness_free(h);
}

/* Reads lines "PARAMS|COLUMN COLUMN ..." and writes the columns' doubles, one item after another.
 */
static int print_columns(const char *csv)
{
    char line[512];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *const bar = strchr(line, '|');
        assert_non_null(bar);
        *bar = '\0';
        s1_harness *const h = harness_new();
        s1_harness_add(h, "talib_indicator", line);
        const uint64_t rows = s1_harness_csv(h, csv, 0);
        for (char *name = strtok(bar + 1, " "); name != NULL; name = strtok(NULL, " ")) {
            (void)fwrite(s1_harness_column(h, name), sizeof(double), rows, stdout);
        }
        s1_harness_free(h);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return print_columns(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_by_hand),
        cmocka_unit_test(aroon_by_hand),
        cmocka_unit_test(sar_by_hand),
        cmocka_unit_test(line_by_hand),
        cmocka_unit_test(flat_market_gives_numbers),
        cmocka_unit_test(takes_another_column),
        cmocka_unit_test(refuses_what_is_none),
    };
    return cmocka_run_group_tests_name("talib_indicator", tests, NULL, NULL);
}
