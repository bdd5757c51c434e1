/* Columns of the indicator plugins on real bars.
 *
 * As a test: each value is computed again from its definition, without the recursion the plugin
 * uses, and cutting the history changes no value before the cut. With arguments it prints columns
 * for indicator_oracle_test.py, which compares them with TA-Lib:
 *
 *     indicator_columns_test CSV PLUGIN PARAMS COLUMN...
 *
 * one line per bar, one value per column, 17 digits. Several plugins are written "a,b", their
 * parameters
 * "{};{x: 1}".
 */
#include "tests/plugins/expect.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS   600u
#define PERIOD 14u

static const char *const sample = "data/golden/backtesting_py/EURUSD.csv";

static void expect_close(double value, double expected)
{
    expect_near(value, expected, 1e-9 * fabs(expected));
}

/* Seeded with the first close, an EMA is a weighted sum: (1-a)^t * c_0 + sum a (1-a)^(t-i) * c_i.
 */
static void ema_is_the_weighted_sum(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "ema_detector", "{periods: [14]}");
    const uint64_t rows = s1_harness_csv(h, sample, ROWS);
    const double *const closes = s1_harness_column(h, "close");
    const double *const column = rows == 0 ? NULL : s1_harness_column(h, "ema_14");
    const double alpha = 2.0 / (PERIOD + 1.0);
    for (uint64_t t = 0; t < rows; t++) {
        if (t + 1 < PERIOD) {
            assert_true(isnan(column[t]));
            continue;
        }
        double sum = pow(1.0 - alpha, (double)t) * closes[0];
        for (uint64_t i = 1; i <= t; i++) {
            sum += alpha * pow(1.0 - alpha, (double)(t - i)) * closes[i];
        }
        expect_close(column[t], sum);
    }
    s1_harness_free(h);
}

static double true_range(const double *high, const double *low, const double *close, uint64_t t)
{
    return fmax(high[t] - low[t], fmax(fabs(high[t] - close[t - 1]), fabs(low[t] - close[t - 1])));
}

/* Wilder's average as a weighted sum: the mean of ranges 1..n decays by (n-1)/n a bar, every later
 * range enters with 1/n and decays likewise. */
static void atr_is_the_weighted_sum(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "atr_calculator", "{period: 14}");
    const uint64_t rows = s1_harness_csv(h, sample, ROWS);
    const double *const high = s1_harness_column(h, "high");
    const double *const low = s1_harness_column(h, "low");
    const double *const close = s1_harness_column(h, "close");
    const double *const column = rows == 0 ? NULL : s1_harness_column(h, "atr_14");
    const double keep = (PERIOD - 1.0) / PERIOD;
    double first = 0.0;
    for (uint64_t t = 0; t < rows; t++) {
        first += t >= 1 && t <= PERIOD ? true_range(high, low, close, t) / PERIOD : 0.0;
        if (t < PERIOD) {
            assert_true(isnan(column[t]));
            continue;
        }
        double sum = pow(keep, (double)(t - PERIOD)) * first;
        for (uint64_t i = PERIOD + 1; i <= t; i++) {
            sum += pow(keep, (double)(t - i)) * true_range(high, low, close, i) / PERIOD;
        }
        expect_close(column[t], sum);
    }
    s1_harness_free(h);
}

/* --- Cutting the history. -------------------------------------------------------------------- */

typedef struct cut_case {
    const char *plugin, *params;
    const char *columns[6]; /* up to the first NULL */
} cut_case;

static const cut_case cut_cases[] = {
    {"ema_detector", "{periods: [3, 14], seed: sma}", {"ema_3", "ema_14"}},
    {"atr_calculator", "{period: 14}", {"atr_14"}},
    {"rsi_calculator", "{period: 14}", {"rsi_14"}},
    {"macd_calculator", "", {"macd_12_26_9", "macd_signal_12_26_9", "macd_histogram_12_26_9"}},
    {"bollinger_calculator",
     "",
     {"bb_middle_20_2", "bb_upper_20_2", "bb_lower_20_2", "bb_bandwidth_20_2",
      "bb_percent_b_20_2"}},
    {"volatility_percentile_calculator",
     "{period: 14, window: 50}",
     {"volatility_14_50", "volatility_percentile_14_50"}},
    {"adx_regime_classifier",
     "{period: 14}",
     {"adx_14", "plus_di_14", "minus_di_14", "adx_regime_14"}},
};

#define CUT_BARS 240u

/* A walk of `count` bars; from bar `cut` on another walk. Both are the same in every run. */
static void walk(s1_harness *h, uint64_t cut, uint64_t count)
{
    uint64_t seed = 42;
    double close = 1.25;
    for (uint64_t t = 0; t < count; t++) {
        double steps[4];
        for (size_t i = 0; i < 4; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            steps[i] = (double)(seed >> 40) / (double)(1u << 24);
        }
        const double open = close;
        close = open + (steps[0] - 0.5) * (t < cut ? 0.01 : 0.05);
        close = steps[3] < 0.1 ? open : close; /* bars without a change belong to it */
        s1_harness_bar(h, open, fmax(open, close) + steps[1] * 0.004,
                       fmin(open, close) - steps[2] * 0.004, close, 1);
    }
}

static void expect_same_rows(const s1_harness *h, const s1_harness *whole, const cut_case *of,
                             uint64_t rows)
{
    for (size_t c = 0; c < 6 && of->columns[c] != NULL; c++) {
        const double *const found = s1_harness_column(h, of->columns[c]);
        const double *const expected = s1_harness_column(whole, of->columns[c]);
        for (uint64_t t = 0; t < rows; t++) {
            expect_same(found[t], expected[t]);
        }
        assert_false(isnan(expected[CUT_BARS - 1])); /* the comparison was one of values */
    }
}

/* What a column said up to a bar is the same whether later bars are there, are others, or not. */
static void cutting_the_history_changes_nothing_before(void **state)
{
    (void)state;
    static const uint64_t cuts[] = {1, 2, 14, 15, 28, 29, 60, 61, 150, CUT_BARS - 1};
    for (size_t k = 0; k < sizeof cut_cases / sizeof *cut_cases; k++) {
        const cut_case *const of = &cut_cases[k];
        s1_harness *const whole = s1_harness_new(NULL);
        s1_harness_add(whole, of->plugin, of->params);
        walk(whole, CUT_BARS, CUT_BARS);
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            s1_harness *const cut = s1_harness_new(NULL);
            s1_harness *const other = s1_harness_new(NULL);
            s1_harness_add(cut, of->plugin, of->params);
            s1_harness_add(other, of->plugin, of->params);
            walk(cut, cuts[i], cuts[i]);
            walk(other, cuts[i], CUT_BARS);
            expect_same_rows(cut, whole, of, cuts[i]);
            expect_same_rows(other, whole, of, cuts[i]);
            s1_harness_free(cut);
            s1_harness_free(other);
        }
        s1_harness_free(whole);
    }
}

/* The n-th part of a text between separators; false behind the last. */
static bool part_of(const char *text, char separator, size_t n, char *ret_part, size_t size)
{
    for (; n > 0; n--) {
        text = strchr(text, separator);
        if (text == NULL) {
            return false;
        }
        text++;
    }
    const size_t length = strcspn(text, (char[]){separator, '\0'});
    (void)snprintf(ret_part, size, "%.*s", (int)length, text);
    return true;
}

/* "a,b" with "{};{x: 1}": each its own parameters, each an instance of its own. */
static void add_all(s1_harness *h, const char *plugins, const char *params)
{
    char plugin[128];
    for (size_t i = 0; part_of(plugins, ',', i, plugin, sizeof plugin); i++) {
        char own[256] = "";
        char id[32];
        (void)part_of(params, ';', i, own, sizeof own);
        (void)snprintf(id, sizeof id, "worker_%zu", i);
        const s1_harness_item item = {.plugin = plugin, .params = own, .instance_id = id};
        s1_worker *worker = NULL;
        s1_err err = S1_ERR_INIT;
        if (s1_harness_try_add(h, &item, &worker, &err) != S1_OK) {
            fail_msg("%s: %s", plugin, err.msg);
        }
    }
}

static int print_columns(const char *csv, const char *plugin, const char *params,
                         char *const *columns, int count)
{
    s1_harness *const h = s1_harness_new(NULL);
    add_all(h, plugin, params);
    const uint64_t rows = s1_harness_csv(h, csv, 0);
    for (uint64_t t = 0; t < rows; t++) {
        for (int i = 0; i < count; i++) {
            printf("%.17g%c", s1_harness_column(h, columns[i])[t], i + 1 < count ? ' ' : '\n');
        }
    }
    s1_harness_free(h);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 4) {
        return print_columns(argv[1], argv[2], argv[3], argv + 4, argc - 4);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ema_is_the_weighted_sum),
        cmocka_unit_test(atr_is_the_weighted_sum),
        cmocka_unit_test(cutting_the_history_changes_nothing_before),
    };
    return cmocka_run_group_tests_name("indicator_columns", tests, NULL, NULL);
}
