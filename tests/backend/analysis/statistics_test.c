#include "backend/analysis/statistics.h"

#include "tests/support/cmocka.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY         (86400 * S1_NANOS_PER_SECOND)
#define HOUR        (3600 * S1_NANOS_PER_SECOND)
#define FIXTURE_MAX 600u
#define FIXTURE_DAY 18993 /* 2022-01-01, a Saturday */

typedef struct fixture {
    size_t count;
    double returns[FIXTURE_MAX];
    s1_nanos time[FIXTURE_MAX];
    s1_dec equity[FIXTURE_MAX];
    double close[FIXTURE_MAX];
    uint8_t in_position[FIXTURE_MAX];
    s1_trade_record trades[FIXTURE_MAX];
    size_t trade_count;
    json_t *golden;
} fixture;

static s1_dec dec(const char *text)
{
    s1_dec value;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_dec_parse((s1_str){text, strlen(text)}, &value, &err), S1_OK);
    return value;
}

static s1_dec dec_of(double value)
{
    s1_dec result;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_dec_from_double(value, &result, &err), S1_OK);
    return result;
}

static const char *shared(void)
{
    const char *const stated = getenv("S1_SHARED");
    return stated != NULL ? stated : "../shared";
}

/* Days of returns.csv as a series of bars that close at the following midnight. */
static bool load(fixture *f)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/golden/statistics/golden.json", shared());
    *f = (fixture){.golden = json_load_file(path, 0, NULL)};
    (void)snprintf(path, sizeof path, "%s/golden/statistics/returns.csv", shared());
    FILE *const in = fopen(path, "r");
    if (f->golden == NULL || in == NULL) {
        print_message("skipped: no golden statistics under %s\n", shared());
        return false;
    }
    char line[128];
    double equity = 1000000.0;
    assert_non_null(fgets(line, sizeof line, in));
    while (fgets(line, sizeof line, in) != NULL) {
        const size_t i = f->count++;
        f->returns[i] = strtod(line + 11, NULL);
        equity *= 1.0 + f->returns[i];
        f->time[i] = (FIXTURE_DAY + (s1_nanos)i + 1) * DAY;
        f->equity[i] = dec_of(equity);
        f->close[i] = equity;
        f->in_position[i] = f->returns[i] < 0.0 || f->returns[i] > 0.0;
        if (f->in_position[i] != 0) {
            f->trades[f->trade_count++] = (s1_trade_record){.direction = S1_LONG,
                                                            .quantity = dec("1"),
                                                            .entry_price = dec("1"),
                                                            .pnl = dec_of(f->returns[i]),
                                                            .entry_time = f->time[i] - DAY,
                                                            .exit_time = f->time[i]};
        }
    }
    (void)fclose(in);
    return true;
}

static double golden(const fixture *f, const char *key)
{
    const json_t *const value = json_object_get(f->golden, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void assert_near(double actual, double expected)
{
    const double scale = fabs(expected) > 1e-9 ? fabs(expected) : 1.0;
    if (!(fabs(actual - expected) <= 1e-11 * scale)) {
        fail_msg("found %.17g, expected %.17g", actual, expected);
    }
}

static s1_statistics compute(const fixture *f, double periods)
{
    s1_statistics statistics;
    s1_err err = S1_ERR_INIT;
    const s1_statistics_input input = {
        .series = {f->count, f->time, f->equity, f->close, f->in_position},
        .trades = f->trades,
        .trade_count = f->trade_count,
        .initial_capital = dec("1000000"),
        .fees = dec("12.5"),
        .periods_per_year = periods};
    assert_int_equal(s1_statistics_compute(&input, &statistics, &err), S1_OK);
    return statistics;
}

static void golden_values_of_both_conventions(void **state)
{
    (void)state;
    static fixture f;
    if (!load(&f)) {
        return;
    }
    assert_int_equal(f.count, 500);
    const s1_statistics a = compute(&f, 252);
    assert_near(a.sharpe, golden(&f, "qs|sharpe(periods=252)"));
    assert_near(a.sortino, golden(&f, "nautilus|Sortino Ratio (252 days)"));
    assert_near(a.volatility, golden(&f, "qs|volatility(periods=252)"));
    assert_near(a.cagr, golden(&f, "qs|cagr(periods=252)"));
    assert_near(a.calmar, golden(&f, "qs|calmar(periods=252)"));
    assert_near(a.total_return, golden(&f, "qs|comp"));
    assert_near(a.max_drawdown, golden(&f, "qs|max_drawdown"));
    assert_near(a.buy_and_hold_max_drawdown, golden(&f, "qs|max_drawdown"));
    assert_near(a.exposure, golden(&f, "qs|exposure"));
    assert_int_equal(a.samples, 500);
    const s1_statistics b = compute(&f, 365);
    assert_near(b.sharpe, golden(&f, "ep|sharpe_ratio(ann=365)"));
    assert_near(b.sortino, golden(&f, "ep|sortino_ratio(ann=365)"));
    assert_near(b.volatility, golden(&f, "ep|annual_volatility(ann=365)"));
    assert_near(b.cagr, golden(&f, "ep|annual_return(ann=365)"));
    assert_near(b.calmar, golden(&f, "ep|calmar_ratio(ann=365)"));
    json_decref(f.golden);
}

static void golden_values_of_trades(void **state)
{
    (void)state;
    static fixture f;
    if (!load(&f)) {
        return;
    }
    const s1_statistics s = compute(&f, 0);
    assert_near(s.profit_factor, golden(&f, "qs|profit_factor"));
    assert_near(s.win_rate, golden(&f, "qs|win_rate"));
    assert_near(s.avg_win, golden(&f, "qs|avg_win"));
    assert_near(s.avg_loss, golden(&f, "qs|avg_loss"));
    assert_near(s1_dec_to_double(s.best_trade), golden(&f, "qs|best"));
    assert_near(s1_dec_to_double(s.worst_trade), golden(&f, "qs|worst"));
    assert_near(s.avg_trade, s.expectancy);
    assert_int_equal(s.avg_trade_duration, DAY);
    assert_true(s1_dec_eq(s.fees, dec("12.5")));
    /* Trades on Saturdays: open all week. */
    assert_near(s.periods_per_year, 365);
    assert_near(s.sharpe, golden(&f, "qs|sharpe(periods=365)"));
    assert_int_equal(s.sampling, S1_RETURNS_DAILY);
    /* Peak 2022-09-01, trough 2022-11-21, not regained by the end, 2023-05-15. */
    assert_int_equal(s.max_drawdown_peak, (FIXTURE_DAY + 243 + 1) * DAY);
    assert_int_equal(s.max_drawdown_trough, (FIXTURE_DAY + 324 + 1) * DAY);
    assert_int_equal(s.max_drawdown_duration, 256 * DAY);
    json_decref(f.golden);
}

static s1_statistics compute_series(const s1_run_series *series, const char *capital)
{
    s1_statistics statistics;
    s1_err err = S1_ERR_INIT;
    const s1_statistics_input input = {.series = *series, .initial_capital = dec(capital)};
    assert_int_equal(s1_statistics_compute(&input, &statistics, &err), S1_OK);
    return statistics;
}

static void nothing_traded_is_not_defined_rather_than_zero(void **state)
{
    (void)state;
    s1_nanos time[48];
    s1_dec equity[48];
    double close[48];
    for (size_t i = 0; i < 48; i++) {
        time[i] = (s1_nanos)(i + 1) * HOUR;
        equity[i] = dec("1000");
        close[i] = 100.0 + (double)i;
    }
    const s1_run_series series = {48, time, equity, close, NULL};
    const s1_statistics s = compute_series(&series, "1000");
    assert_near(s.total_return, 0.0);
    assert_near(s.volatility, 0.0);
    assert_near(s.exposure, 0.0);
    assert_near(s.buy_and_hold_return, 0.47);
    assert_int_equal(s.samples, 2);
    assert_true(isnan(s.sharpe));
    assert_true(isnan(s.sortino));
    assert_true(isnan(s.calmar));
    assert_true(isnan(s.win_rate));
    assert_true(isnan(s.profit_factor));
    assert_true(isnan(s.expectancy));
    assert_true(isnan(s.avg_trade));
    assert_int_equal(s.max_drawdown_duration, 0);
}

static void an_empty_run_has_no_numbers(void **state)
{
    (void)state;
    const s1_run_series series = {0};
    const s1_statistics s = compute_series(&series, "1000");
    assert_int_equal(s.bar_count, 0);
    assert_true(s1_dec_eq(s.final_equity, dec("1000")));
    assert_true(isnan(s.total_return));
    assert_true(isnan(s.buy_and_hold_return));
    assert_true(isnan(s.exposure));
}

/* FX opens on Sunday evening: those bars belong to Monday, and the year has 252 days. */
static void sunday_evening_counts_to_monday(void **state)
{
    (void)state;
    s1_nanos time[200];
    s1_dec equity[200];
    double close[200];
    size_t count = 0;
    for (int64_t hour = 0; hour < 14 * 24; hour++) {
        const int64_t day = hour / 24; /* day 0 is Monday 2022-01-03 */
        const bool is_open = day % 7 < 5 || (day % 7 == 6 && hour % 24 >= 22);
        if (is_open && hour % 2 == 0 && count < 200) {
            time[count] = (18995 * 24 + hour + 1) * HOUR;
            equity[count] = dec_of(1000.0 + (double)count);
            close[count] = 1.0;
            count++;
        }
    }
    const s1_run_series series = {count, time, equity, close, NULL};
    const s1_statistics s = compute_series(&series, "1000");
    assert_near(s.periods_per_year, 252);
    assert_int_equal(s.is_weekend_in_next_day, 1);
    assert_int_equal(s.samples, 11); /* ten working days and the last Sunday's Monday */
}

static void weekly_bars_have_52_periods(void **state)
{
    (void)state;
    s1_nanos time[30];
    s1_dec equity[30];
    double close[30];
    for (size_t i = 0; i < 30; i++) {
        time[i] = (19000 + 7 * (s1_nanos)i) * DAY;
        equity[i] = dec_of(1000.0 + (double)(i % 3));
        close[i] = 10.0;
    }
    const s1_run_series series = {30, time, equity, close, NULL};
    const s1_statistics s = compute_series(&series, "1000");
    assert_int_equal(s.sampling, S1_RETURNS_BAR);
    assert_near(s.periods_per_year, 52);
    assert_int_equal(s.samples, 30);
}

static void a_ruined_account_has_no_ratios(void **state)
{
    (void)state;
    s1_nanos time[4] = {DAY, 2 * DAY, 3 * DAY, 4 * DAY};
    s1_dec equity[4] = {dec("1000"), dec("-10"), dec("5"), dec("7")};
    double close[4] = {1, 1, 1, 1};
    const s1_run_series series = {4, time, equity, close, NULL};
    const s1_statistics s = compute_series(&series, "1000");
    assert_near(s.total_return, 0.007 - 1.0);
    assert_near(s.max_drawdown, -1.01);
    assert_true(isnan(s.sharpe));
    assert_true(isnan(s.cagr));
}

static void refused_input(void **state)
{
    (void)state;
    s1_nanos time[2] = {DAY, DAY};
    s1_dec equity[2] = {dec("1"), dec("1")};
    double close[2] = {1, 1};
    s1_statistics s;
    s1_err err = S1_ERR_INIT;
    s1_statistics_input input = {.series = {2, time, equity, close, NULL},
                                 .initial_capital = dec("1000")};
    assert_int_equal(s1_statistics_compute(&input, &s, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "bar 1"));
    time[1] = 2 * DAY;
    input.initial_capital = S1_DEC_ZERO;
    assert_int_equal(s1_statistics_compute(&input, &s, &err), S1_E_INVALID);
}

static void drawdown_column_agrees_with_the_figure(void **state)
{
    (void)state;
    s1_nanos time[4] = {DAY, 2 * DAY, 3 * DAY, 4 * DAY};
    s1_dec equity[4] = {dec("900"), dec("1200"), dec("600"), dec("1200")};
    double close[4] = {1, 1, 1, 1};
    double drawdown[4];
    const s1_run_series series = {4, time, equity, close, NULL};
    s1_drawdown_fill(&series, dec("1000"), drawdown);
    assert_near(drawdown[0], -0.1);
    assert_near(drawdown[1], 0.0);
    assert_near(drawdown[2], -0.5);
    assert_near(drawdown[3], 0.0);
    assert_near(compute_series(&series, "1000").max_drawdown, -0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_values_of_both_conventions),
        cmocka_unit_test(golden_values_of_trades),
        cmocka_unit_test(nothing_traded_is_not_defined_rather_than_zero),
        cmocka_unit_test(an_empty_run_has_no_numbers),
        cmocka_unit_test(sunday_evening_counts_to_monday),
        cmocka_unit_test(weekly_bars_have_52_periods),
        cmocka_unit_test(a_ruined_account_has_no_ratios),
        cmocka_unit_test(refused_input),
        cmocka_unit_test(drawdown_column_agrees_with_the_figure),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
