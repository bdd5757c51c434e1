#include "backend/analysis/statistics.h"

#include "backend/dtos/execution/order.h"
#include "backend/utils/fs.h"
#include "backend/utils/locale.h"
#include "backend/utils/timefmt.h"
#include "tests/support/cmocka.h"

#include <ctype.h>
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
    double bench[FIXTURE_MAX];
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
        char *rest;
        f->returns[i] = strtod(line + 11, &rest);
        f->bench[i] = strtod(rest + 1, NULL);
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
        .series = {f->count, f->time, f->equity, f->close, f->in_position, NULL, NULL, NULL},
        .trades = f->trades,
        .trade_count = f->trade_count,
        .initial_capital = dec("1000000"),
        .fees = dec("12.5"),
        .periods_per_year = periods};
    assert_int_equal(s1_statistics_compute(&input, &statistics, NULL, &err), S1_OK);
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
    assert_int_equal(s1_statistics_compute(&input, &statistics, NULL, &err), S1_OK);
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
    const s1_run_series series = {48, time, equity, close, NULL, NULL, NULL, NULL};
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
    const s1_run_series series = {count, time, equity, close, NULL, NULL, NULL, NULL};
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
    const s1_run_series series = {30, time, equity, close, NULL, NULL, NULL, NULL};
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
    const s1_run_series series = {4, time, equity, close, NULL, NULL, NULL, NULL};
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
    s1_statistics_input input = {.series = {2, time, equity, close, NULL, NULL, NULL, NULL},
                                 .initial_capital = dec("1000")};
    assert_int_equal(s1_statistics_compute(&input, &s, NULL, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "bar 1"));
    time[1] = 2 * DAY;
    input.initial_capital = S1_DEC_ZERO;
    assert_int_equal(s1_statistics_compute(&input, &s, NULL, &err), S1_E_INVALID);
}

static void drawdown_column_agrees_with_the_figure(void **state)
{
    (void)state;
    s1_nanos time[4] = {DAY, 2 * DAY, 3 * DAY, 4 * DAY};
    s1_dec equity[4] = {dec("900"), dec("1200"), dec("600"), dec("1200")};
    double close[4] = {1, 1, 1, 1};
    double drawdown[4];
    const s1_run_series series = {4, time, equity, close, NULL, NULL, NULL, NULL};
    s1_drawdown_fill(&series, dec("1000"), drawdown);
    assert_near(drawdown[0], -0.1);
    assert_near(drawdown[1], 0.0);
    assert_near(drawdown[2], -0.5);
    assert_near(drawdown[3], 0.0);
    assert_near(compute_series(&series, "1000").max_drawdown, -0.5);
}

/* --- Every value of golden.json. ---------------------------------------------------------- */

typedef struct fact {
    const char *key, *name;
} fact;

/* `%d` stands for the periods a year. */
static const fact annual_facts[] = {
    {"qs|sharpe(periods=%d)", "sharpe"},
    {"qs|sortino(periods=%d)", "sortino"},
    {"qs|adjusted_sortino(periods=%d)", "adjusted_sortino"},
    {"qs|smart_sharpe(periods=%d)", "smart_sharpe"},
    {"qs|smart_sortino(periods=%d)", "smart_sortino"},
    {"qs|volatility(periods=%d)", "volatility"},
    {"qs|cagr(periods=%d)", "cagr"},
    {"qs|calmar(periods=%d)", "calmar"},
    {"qs|omega(periods=%d)", "omega"},
    {"qs|alpha(periods=%d)", "alpha_quantstats"},
    {"ep|sharpe_ratio(ann=%d)", "sharpe"},
    {"ep|sortino_ratio(ann=%d)", "sortino"},
    {"ep|downside_risk(ann=%d)", "downside_risk"},
    {"ep|annual_return(ann=%d)", "cagr"},
    {"ep|annual_volatility(ann=%d)", "volatility"},
    {"ep|calmar_ratio(ann=%d)", "calmar"},
    {"ep|alpha(ann=%d)", "alpha"},
    {"nautilus|Sharpe Ratio (%d days)", "sharpe"},
    {"nautilus|Sortino Ratio (%d days)", "sortino"},
    {"nautilus|Returns Volatility (%d days)", "volatility"},
    {"nautilus|CAGR (%d days)", "cagr"},
    {"nautilus|Alpha (%d days)", "alpha"},
    {"nautilus|Information Ratio (%d days)", "information_ratio"},
    {"nautilus|Tracking Error (%d days)", "tracking_error"},
    {"nautilus|Treynor Ratio (%d days)", "treynor"},
    {"lean|AnnualPerformance(%d)", "annual_performance_lean"},
    {"lean|SharpeRatio(%d,rf=0)", "sharpe_lean"},
    {"lean|SortinoRatio(%d,rf=0)", "sortino_lean"},
};

/* Those that depend on the periods were made with 252. */
static const fact plain_facts[] = {
    {"qs|beta", "beta"},
    {"qs|comp", "total_return"},
    {"qs|expected_return", "expected_return"},
    {"qs|avg_return", "avg_active_return"},
    {"qs|avg_win", "avg_up"},
    {"qs|avg_loss", "avg_down"},
    {"qs|best", "best_return"},
    {"qs|worst", "worst_return"},
    {"qs|consecutive_wins", "consecutive_up"},
    {"qs|consecutive_losses", "consecutive_down"},
    {"qs|win_rate", "up_share"},
    {"qs|skew", "skew"},
    {"qs|kurtosis", "kurtosis"},
    {"qs|max_drawdown", "max_drawdown"},
    {"qs|ulcer_index", "ulcer_index"},
    {"qs|ulcer_performance_index", "ulcer_performance"},
    {"qs|serenity_index", "serenity"},
    {"qs|value_at_risk", "var_95_normal"},
    {"qs|conditional_value_at_risk", "cvar_95_normal"},
    {"qs|tail_ratio", "tail_ratio"},
    {"qs|payoff_ratio", "return_payoff"},
    {"qs|profit_factor", "gain_over_loss"},
    {"qs|cpc_index", "cpc_index"},
    {"qs|common_sense_ratio", "common_sense"},
    {"qs|outlier_win_ratio", "outlier_win_ratio"},
    {"qs|outlier_loss_ratio", "outlier_loss_ratio"},
    {"qs|recovery_factor", "recovery_factor"},
    {"qs|risk_return_ratio", "risk_return"},
    {"qs|kelly_criterion", "return_kelly"},
    {"qs|gain_to_pain_ratio", "gain_to_pain"},
    {"qs|gain_to_pain_ratio(ME)", "gain_to_pain_monthly"},
    {"qs|r_squared", "r_squared"},
    {"qs|information_ratio", "information_quantstats"},
    {"qs|treynor_ratio", "treynor_quantstats"},
    {"ep|cum_returns_final", "total_return"},
    {"ep|max_drawdown", "max_drawdown"},
    {"ep|omega_ratio", "omega"},
    {"ep|tail_ratio", "tail_ratio"},
    {"ep|stability_of_timeseries", "stability"},
    {"ep|beta", "beta"},
    {"ep|excess_sharpe", "information_quantstats"},
    {"ep|value_at_risk(5%)", "var_95"},
    {"ep|conditional_value_at_risk(5%)", "cvar_95"},
    {"ep|capture", "capture"},
    {"ep|up_capture", "up_capture"},
    {"ep|down_capture", "down_capture"},
    {"qs|drawdown count", "drawdown_count"},
    {"nautilus|Beta", "beta"},
    {"nautilus|Profit Factor", "gain_over_loss"},
    {"nautilus|Risk Return Ratio", "risk_return"},
    {"lean|VaR95 (last 252)", "var_95_lean"},
};

/* Values of theirs that we do not give, from values of ours: the differences in convention, one by
 * one. */
static double derived(const s1_statistics *s, const char *key)
{
    const double sharpe = s->risk_return;
    if (strcmp(key, "qs|exposure") == 0) { /* rounds up to whole percents */
        return ceil(s->active_share * 100.0) / 100.0;
    }
    if (strcmp(key, "qs|rar") == 0) { /* divides by that */
        return s->cagr / (ceil(s->active_share * 100.0) / 100.0);
    }
    if (strcmp(key, "qs|probabilistic_sharpe_ratio") == 0) {
        /* puts the excess kurtosis where the kurtosis belongs */
        return s1_probabilistic_sharpe(sharpe, s->skew, s->kurtosis - 3.0, 500.0, 0.0);
    }
    if (strcmp(key, "qs|profit_ratio") == 0) { /* means over counts, a return of 0 being a gain */
        const double below = round((1.0 - s->up_share) * s->active_share * 500.0);
        const double others = 500.0 - below;
        const double gains = s->avg_up * s->up_share * s->active_share * 500.0;
        return gains / others / others / (-s->avg_down / below);
    }
    if (strcmp(key, "qs|risk_of_ruin") == 0) {
        return pow((1.0 - s->up_share) / (1.0 + s->up_share), 500.0);
    }
    if (strcmp(key, "qs|autocorr_penalty") == 0) {
        return s->sharpe / s->smart_sharpe;
    }
    return (double)NAN;
}

static double value_of(const s1_statistics *s, const char *name)
{
    if (strcmp(name, "gain_over_loss") == 0) {
        return s->omega; /* of returns, at a threshold of 0 */
    }
#define AS_FRACTION(value) (value)
#define AS_RATIO(value)    (value)
#define AS_AMOUNT(value)   (value)
#define AS_COUNT(value)    ((double)(value))
#define AS_MONEY(value)    s1_dec_to_double(value)
#define AS_TRADE_MONEY     AS_MONEY
#define AS_TIME            AS_COUNT
#define AS_DURATION        AS_COUNT
#define AS_TRADE_DURATION  AS_COUNT
#define X(type, field, kind, basis, label, definition)                                             \
    if (strcmp(name, #field) == 0) {                                                               \
        return AS_##kind(s->field);                                                                \
    }
    S1_STATISTICS_MAP(X)
#undef X
    fail_msg("no value is called %s", name);
    return 0.0;
}

/* A first bar at which nothing happened yet, so that the benchmark too has 500 returns. */
static s1_statistics compute_with_benchmark(fixture *f, double periods, double risk_free,
                                            s1_statistics_tables *ret_tables)
{
    s1_statistics statistics;
    s1_err err = S1_ERR_INIT;
    double close = 1000000.0;
    memmove(&f->time[1], &f->time[0], f->count * sizeof f->time[0]);
    memmove(&f->equity[1], &f->equity[0], f->count * sizeof f->equity[0]);
    f->time[0] = f->time[1] - HOUR;
    f->equity[0] = dec("1000000");
    f->close[0] = close;
    for (size_t i = 0; i < f->count; i++) {
        close *= 1.0 + f->bench[i];
        f->close[i + 1] = close;
    }
    const s1_statistics_input input = {
        .series = {f->count + 1, f->time, f->equity, f->close, NULL, NULL, NULL, NULL},
        .initial_capital = dec("1000000"),
        .risk_free_rate = risk_free,
        .periods_per_year = periods};
    assert_int_equal(s1_statistics_compute(&input, &statistics, ret_tables, &err), S1_OK);
    return statistics;
}

static void check_fact(const fixture *f, const char *key, double actual)
{
    const double expected = golden(f, key);
    const double scale = fabs(expected) > 1e-9 ? fabs(expected) : fabs(expected) + 1e-300;
    if (!(fabs(actual - expected) <= 1e-9 * scale)) {
        fail_msg("%s: found %.17g, expected %.17g", key, actual, expected);
    }
    assert_int_equal(json_object_del(f->golden, key), 0);
}

static void annual_key(char key[static 128], const char *form, int periods)
{
    const int before = (int)strcspn(form, "%");
    (void)snprintf(key, 128, "%.*s%d%s", before, form, periods, form + before + 2);
}

/* Within 1e-9 of the value: equities have 18 decimals, returns come out of their quotients. */
static void every_golden_value(void **state)
{
    (void)state;
    static fixture f;
    const int periods[] = {252, 365};
    for (size_t p = 0; p < 2; p++) {
        if (!load(&f)) {
            return;
        }
        const s1_statistics s = compute_with_benchmark(&f, periods[p], 0.0, NULL);
        for (size_t i = 0; i < sizeof annual_facts / sizeof annual_facts[0]; i++) {
            char key[128];
            annual_key(key, annual_facts[i].key, periods[p]);
            check_fact(&f, key, value_of(&s, annual_facts[i].name));
        }
        json_decref(f.golden);
    }
    assert_true(load(&f));
    const s1_statistics s = compute_with_benchmark(&f, 252, 0.0, NULL);
    for (size_t i = 0; i < sizeof plain_facts / sizeof plain_facts[0]; i++) {
        check_fact(&f, plain_facts[i].key, value_of(&s, plain_facts[i].name));
    }
    static const char *const others[] = {
        "qs|exposure",     "qs|rar",          "qs|probabilistic_sharpe_ratio",
        "qs|profit_ratio", "qs|risk_of_ruin", "qs|autocorr_penalty"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_fact(&f, others[i], derived(&s, others[i]));
    }
    for (size_t p = 0; p < 2; p++) { /* the keys of both, checked above */
        for (size_t i = 0; i < sizeof annual_facts / sizeof annual_facts[0]; i++) {
            char key[128];
            annual_key(key, annual_facts[i].key, periods[p]);
            (void)json_object_del(f.golden, key);
        }
    }
    /* What is left: a risk-free rate and the list of drawdowns, tests of their own. */
    assert_int_equal(json_object_size(f.golden), 3);
    assert_non_null(json_object_get(f.golden, "qs|sharpe(rf=0.03,periods=252)"));
    assert_non_null(json_object_get(f.golden, "qs|sharpe(rf=0.03,periods=365)"));
    assert_non_null(json_object_get(f.golden, "qs|drawdown_details top3"));
    json_decref(f.golden);
}

static void a_risk_free_rate_counts(void **state)
{
    (void)state;
    static fixture f;
    const int periods[] = {252, 365};
    for (size_t p = 0; p < 2; p++) {
        if (!load(&f)) {
            return;
        }
        char key[64];
        (void)snprintf(key, sizeof key, "qs|sharpe(rf=0.03,periods=%d)", periods[p]);
        const s1_statistics s = compute_with_benchmark(&f, periods[p], 0.03, NULL);
        check_fact(&f, key, s.sharpe);
        json_decref(f.golden);
    }
}

static void assert_date(s1_nanos close, const char *date)
{
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_date(close - 1, text);
    assert_string_equal(text, date);
}

static void drawdowns_with_their_dates(void **state)
{
    (void)state;
    static fixture f;
    if (!load(&f)) {
        return;
    }
    s1_statistics_tables tables;
    (void)compute_with_benchmark(&f, 252, 0.0, &tables);
    const json_t *const top = json_object_get(f.golden, "qs|drawdown_details top3");
    for (size_t i = 0; i < 3; i++) {
        const json_t *const known = json_array_get(top, i);
        const s1_drawdown_span *const span = &tables.drawdowns[i];
        assert_near(span->depth * 100.0, json_number_value(json_object_get(known, "max drawdown")));
        /* theirs starts at the first bar below the peak, and ends at the last one below it */
        assert_date(span->peak + DAY, json_string_value(json_object_get(known, "start")));
        assert_date(span->trough, json_string_value(json_object_get(known, "valley")));
        if (span->regained != 0) {
            assert_date(span->regained - DAY, json_string_value(json_object_get(known, "end")));
        }
    }
    assert_int_equal(tables.drawdown_count, S1_DRAWDOWNS_KEPT);
    assert_int_equal(tables.period_count, 500);
    assert_int_equal(tables.month_count, 17);
    assert_int_equal(tables.year_count, 2);
    assert_near((1.0 + tables.years[0].value) * (1.0 + tables.years[1].value) - 1.0,
                golden(&f, "qs|comp"));
    s1_statistics_tables_free(&tables);
    json_decref(f.golden);
}

static void trials_deflate_a_sharpe(void **state)
{
    (void)state;
    static fixture f;
    if (!load(&f)) {
        return;
    }
    const s1_statistics one = compute_with_benchmark(&f, 252, 0.0, NULL);
    assert_near(one.deflated_sharpe, one.probabilistic_sharpe);
    /* Bailey and Lopez de Prado, The Deflated Sharpe Ratio, 2014, their example: 100 trials whose
     * annual Sharpe ratios vary by 1/2, best 2.5 over 1250 days, skew -3, kurtosis 10. */
    const double best = s1_expected_best_sharpe(100.0, 0.5 / 250.0);
    assert_true(fabs(best - 0.1132) < 5e-5);
    const double chance = s1_probabilistic_sharpe(2.5 / sqrt(250.0), -3.0, 7.0, 1250.0, best);
    assert_true(fabs(chance - 0.9004) < 5e-5);
    /* min_track_record turns the formula round. */
    assert_near(
        s1_probabilistic_sharpe(one.risk_return, one.skew, one.kurtosis, one.min_track_record, 0.0),
        0.95);
    json_decref(f.golden);
}

static void the_table_names_every_value_once(void **state)
{
    (void)state;
    size_t count;
    const s1_statistic *const table = s1_statistics_table(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(strlen(table[i].name) > 0 && strlen(table[i].label) > 0);
        assert_true(strlen(table[i].definition) > 0 && strlen(table[i].group) > 0);
        const bool has_sample = (table[i].basis & S1_BASIS_SAMPLE) != S1_OF_RUN;
        assert_int_equal(s1_basis_sample(table[i].basis) != NULL, has_sample);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(table[j].name, table[i].name);
            assert_string_not_equal(table[j].label, table[i].label);
        }
    }
}

static void the_page_is_up_to_date(void **state)
{
    (void)state;
    const char *const source = getenv("S1_SOURCE_DIR");
    if (source == NULL) {
        print_message("skipped: S1_SOURCE_DIR is not set\n");
        return;
    }
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/docs/statistics.md", source);
    s1_strbuf made, there;
    s1_strbuf_init(&made, 1u << 20);
    s1_strbuf_init(&there, 1u << 20);
    s1_statistics_print_docs(&made);
    if (getenv("S1_WRITE_DOCS") != NULL) { /* how the file is made */
        assert_int_equal(s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&made), NULL), S1_OK);
    }
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 20, &there, NULL), S1_OK);
    assert_string_equal(s1_strbuf_cstr(&made), s1_strbuf_cstr(&there));
    s1_strbuf_done(&made);
    s1_strbuf_done(&there);
}

/* Every figure and every group has its name in both languages; the English one is the table's. */
static void every_figure_has_its_name(void **state)
{
    (void)state;
    size_t count;
    const s1_statistic *const table = s1_statistics_table(&count);
    for (int32_t language = S1_LANGUAGE_EN; language <= S1_LANGUAGE_NL; language++) {
        s1_locale *locale;
        assert_int_equal(s1_locale_new(language, &locale, NULL), S1_OK);
        for (size_t i = 0; i < count; i++) {
            char key[96];
            (void)snprintf(key, sizeof key, "metric.%s", table[i].name);
            const s1_str label = s1_locale_text(locale, s1_str_of(key));
            assert_true(label.len > 0);
            if (language == S1_LANGUAGE_EN) {
                assert_string_equal(label.ptr, table[i].label);
            }
            (void)snprintf(key, sizeof key, "metric_group.%s", table[i].group);
            for (char *at = key; *at != '\0'; at++) {
                *at = (char)(*at == ' ' ? '_' : tolower((unsigned char)*at));
            }
            assert_true(s1_locale_text(locale, s1_str_of(key)).len > 0);
            const char *const sample = s1_basis_sample(table[i].basis);
            assert_true(sample == NULL || s1_basis_samples(s1_str_of(sample))[0] != '\0');
        }
        s1_locale_free(locale);
    }
    assert_string_equal(s1_basis_samples(S1_STR("run")), "");
}

/* --- Trades. ------------------------------------------------------------------------------ */

/* Buy and hold is of the benchmark, where there is one; what is made of it follows. */
static void held_against_another_stream(void **state)
{
    (void)state;
    static s1_nanos time[40];
    static s1_dec equity[40];
    static double close[40], other[40];
    for (size_t i = 0; i < 40; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%.2f", 1000.0 + (double)(i * i % 17));
        time[i] = (s1_nanos)(i + 1) * 24 * HOUR;
        equity[i] = dec(text);
        close[i] = 50.0 + (double)(i * 7 % 11);
        other[i] = strtod(text, NULL) / 8.0;
    }
    s1_statistics_input input = {.series = {40, time, equity, close, NULL, NULL, NULL, NULL},
                                 .initial_capital = equity[0]};
    s1_statistics own, s;
    assert_int_equal(s1_statistics_compute(&input, &own, NULL, NULL), S1_OK);
    input.series.benchmark = other;
    input.benchmark = S1_STR("ETH/USD@1d");
    assert_int_equal(s1_statistics_compute(&input, &s, NULL, NULL), S1_OK);
    assert_near(s.buy_and_hold_return, s.total_return);
    assert_near(s.beta, 1.0);
    assert_near(s.r_squared, 1.0);
    assert_near(s.tracking_error, 0.0);
    assert_near(s.buy_and_hold_max_drawdown, s.max_drawdown);
    assert_near(s.sharpe, own.sharpe);
    assert_true(fabs(own.beta) < 0.9);
}

/* A fill inside a bar has the time of its close; what of that bar is its own the rule tells. */
static void extremes_of_fills_inside_a_bar(void **state)
{
    (void)state;
    const s1_nanos time[4] = {HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR};
    const double close[4] = {100, 102, 101, 97};
    const double high[4] = {101, 108, 103, 106};
    const double low[4] = {99, 96, 98, 90};
    const s1_dec equity[4] = {dec("1000"), dec("1000"), dec("1000"), dec("1000")};
    s1_trade_record trades[5];
    for (size_t i = 0; i < 5; i++) {
        trades[i] = (s1_trade_record){.direction = i == 2 ? S1_SHORT : S1_LONG,
                                      .quantity = dec("1"),
                                      .entry_price = dec("100"),
                                      .exit_price = dec("95"),
                                      .entry_time = time[1],
                                      .exit_time = time[3],
                                      .entry_row = 1,
                                      .exit_row = 3,
                                      .entry_rule = S1_FILL_LIMIT_TOUCH,
                                      .exit_rule = S1_FILL_STOP_TOUCH};
    }
    trades[1].entry_rule = S1_FILL_STOP_TOUCH;
    trades[3].exit_rule = S1_FILL_CLOSE_NEXT;
    trades[3].exit_price = dec("97");
    trades[4].exit_row = 1; /* in and out inside one bar: no more than its own prices */
    trades[4].exit_time = time[1];
    const s1_statistics_input input = {.series = {4, time, equity, close, NULL, high, low, NULL},
                                       .trades = trades,
                                       .trade_count = 5,
                                       .initial_capital = dec("1000")};
    static const double expected[5][2] = {
        {-0.05, 0.03}, /* low 96 of its bar, its close 102, bar 2; the stop at 95, not the low 90 */
        {-0.05, 0.08}, /* a stop from below: the high of its bar came after */
        {-0.08, 0.05}, /* a limit to sell: the high of its bar is against it */
        {-0.10, 0.06}, /* left at the close: all of the last bar counts */
        {-0.05, 0.00}};
    s1_statistics s;
    s1_statistics_tables tables;
    assert_int_equal(s1_statistics_compute(&input, &s, &tables, NULL), S1_OK);
    for (size_t i = 0; i < 5; i++) {
        assert_near(tables.extremes[i].adverse, expected[i][0]);
        assert_near(tables.extremes[i].favourable, expected[i][1]);
    }
    assert_near(s.avg_give_back, (0.08 + 0.13 + 0.0 + 0.09 + 0.05) / 5.0);
    assert_near(s.max_give_back, 0.13);
    s1_statistics_tables_free(&tables);
}

static void trades_and_their_extremes(void **state)
{
    (void)state;
    const s1_nanos time[5] = {HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 5 * HOUR};
    const double close[5] = {100, 102, 99, 104, 103};
    const double high[5] = {101, 106, 103, 105, 104};
    const double low[5] = {97, 99, 95, 98, 102};
    s1_dec equity[5];
    s1_trade_record trades[3];
    for (size_t i = 0; i < 5; i++) {
        equity[i] = dec("1000");
    }
    /* In at the open of bar 1, out within bar 3: its own range does not count. */
    trades[0] = (s1_trade_record){.direction = S1_LONG,
                                  .quantity = dec("2"),
                                  .entry_price = dec("100"),
                                  .exit_price = dec("104"),
                                  .fees = dec("1"),
                                  .pnl = dec("7"),
                                  .entry_time = HOUR,
                                  .exit_time = 3 * HOUR + HOUR / 2,
                                  .entry_row = 1,
                                  .exit_row = 3};
    /* In at the close of bar 0, out at that of bar 4. */
    trades[1] = (s1_trade_record){.direction = S1_SHORT,
                                  .quantity = dec("1"),
                                  .entry_price = dec("100"),
                                  .exit_price = dec("103"),
                                  .fees = dec("1"),
                                  .pnl = dec("-4"),
                                  .entry_time = HOUR,
                                  .exit_time = 5 * HOUR,
                                  .entry_row = 0,
                                  .exit_row = 4};
    trades[2] = trades[1];
    trades[2].exit_price = dec("102");
    trades[2].pnl = dec("-2");
    trades[2].fees = dec("0");
    const s1_statistics_input input = {.series = {5, time, equity, close, NULL, high, low, NULL},
                                       .trades = trades,
                                       .trade_count = 3,
                                       .initial_capital = dec("1000")};
    s1_statistics s;
    s1_statistics_tables tables;
    assert_int_equal(s1_statistics_compute(&input, &s, &tables, NULL), S1_OK);
    assert_near(tables.extremes[0].adverse, -0.05);
    assert_near(tables.extremes[0].favourable, 0.06);
    assert_near(tables.extremes[1].adverse, -0.06);
    assert_near(tables.extremes[1].favourable, 0.05);
    assert_near(s.max_mae, -0.06);
    assert_near(s.avg_mae, -0.17 / 3.0);
    assert_int_equal(s.won_trades, 1);
    assert_int_equal(s.lost_trades, 2);
    assert_int_equal(s.consecutive_losses, 2);
    assert_near(s.payoff, 7.0 / 3.0);
    assert_near(s.expectancy, 1.0 / 3.0);
    assert_near(s.expectancy_ratio, (1.0 + 7.0 / 3.0) / 3.0 - 1.0);
    assert_near(s.kelly, 1.0 / 3.0 - 2.0 / 3.0 / (7.0 / 3.0));
    assert_near(s.median_trade, -2.0);
    assert_near(s.trade_deviation, sqrt(103.0 / 3.0));
    assert_near(s.sqn, sqrt(3.0) / 3.0 / sqrt(103.0 / 3.0));
    assert_near(s.best_trade_share, 1.0);
    assert_near(s.cost_share, 2.0 / 8.0);
    assert_near(s.traded_value, 408.0 + 203.0 + 202.0);
    assert_near(s.turnover, 813.0 / 1000.0 / (4.0 / 24.0 / 365.25));
    assert_near(s.long_win_rate, 1.0);
    assert_near(s.short_win_rate, 0.0);
    assert_true(s1_dec_eq(s.short_profit, dec("-6")));
    assert_int_equal(s.max_trade_duration, 4 * HOUR);
    assert_int_equal(s.avg_loss_duration, 4 * HOUR);
    /* Freqtrade's: per day over per trade, ddof 0. */
    const double days = 4.0 / 24.0;
    assert_near(s.sharpe_freqtrade, 0.001 / days / (sqrt(206.0 / 9.0) / 1000.0) * sqrt(365.0));
    assert_near(s.sortino_freqtrade, 0.001 / days / 0.001 * sqrt(365.0));
    s1_statistics_tables_free(&tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_value),
        cmocka_unit_test(a_risk_free_rate_counts),
        cmocka_unit_test(drawdowns_with_their_dates),
        cmocka_unit_test(trials_deflate_a_sharpe),
        cmocka_unit_test(the_table_names_every_value_once),
        cmocka_unit_test(the_page_is_up_to_date),
        cmocka_unit_test(every_figure_has_its_name),
        cmocka_unit_test(trades_and_their_extremes),
        cmocka_unit_test(extremes_of_fills_inside_a_bar),
        cmocka_unit_test(held_against_another_stream),
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
