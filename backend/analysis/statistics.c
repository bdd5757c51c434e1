#include "backend/analysis/statistics.h"

#include "backend/analysis/statistics_internal.h"
#include "backend/utils/timefmt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_PER_YEAR 365.25
#define COARSE_STEP_MIN                                                                            \
    4.0 /* days between bars from which a series counts as coarser than daily                      \
         */

/* The highest value so far and the deepest fall below it. */
typedef struct drawdown {
    double peak;
    double limit;   /* a value below it deepens the drawdown */
    double deepest; /* <= 0 */
    s1_nanos peak_time, deepest_peak_time, deepest_time;
    s1_nanos longest; /* under water */
    bool is_under;
    double low; /* of the open one */
    s1_nanos low_time;
    uint64_t count; /* of those that ended */
    double depth_sum, time_sum;
    s1_drawdown_span kept[S1_DRAWDOWNS_KEPT];
    size_t kept_count;
} drawdown;

static void drawdown_start(drawdown *d, double value, s1_nanos time)
{
    *d = (drawdown){.peak = value, .limit = value, .peak_time = time};
}

/* Keeps the deepest ones, deepest first; the earlier of two that are as deep. */
static void drawdown_keep(drawdown *d, const s1_drawdown_span *span)
{
    size_t at = d->kept_count;
    while (at > 0 && span->depth < d->kept[at - 1].depth) {
        at--;
    }
    if (at == S1_DRAWDOWNS_KEPT) {
        return;
    }
    const size_t last = d->kept_count < S1_DRAWDOWNS_KEPT ? d->kept_count : S1_DRAWDOWNS_KEPT - 1;
    memmove(&d->kept[at + 1], &d->kept[at], (last - at) * sizeof d->kept[0]);
    d->kept[at] = *span;
    d->kept_count = last + 1;
}

/* The old peak is regained, or the run is over. */
static inline void drawdown_surface(drawdown *d, s1_nanos time, bool is_regained)
{
    if (!d->is_under) {
        return;
    }
    const s1_nanos duration = time - d->peak_time;
    d->longest = duration > d->longest ? duration : d->longest;
    const s1_drawdown_span span = {.peak = d->peak_time,
                                   .trough = d->low_time,
                                   .regained = is_regained ? time : 0,
                                   .depth = d->low / d->peak - 1.0};
    d->count++;
    d->depth_sum += span.depth;
    d->time_sum += (double)duration;
    drawdown_keep(d, &span);
    d->is_under = false;
}

static inline void drawdown_add(drawdown *d, double value, s1_nanos time)
{
    if (value >= d->peak) {
        drawdown_surface(d, time, true);
        d->peak = value;
        d->peak_time = time;
        d->limit = value * (1.0 + d->deepest);
        return;
    }
    if (!d->is_under || value < d->low) {
        d->is_under = true;
        d->low = value;
        d->low_time = time;
    }
    if (value < d->limit) {
        d->limit = value;
        d->deepest = value / d->peak - 1.0;
        d->deepest_time = time;
        d->deepest_peak_time = d->peak_time;
    }
}

/* --- Which returns. ----------------------------------------------------------------------- */

/* Cuts the series into the periods of its returns. */
typedef struct sampler {
    s1_nanos end; /* last nanosecond-inclusive close time of the open period */
    double base, base_close;
    s1_return_period *periods;
    size_t count, room;
    bool is_per_bar, is_folding_weekends;
    bool is_broken; /* equity was not positive: returns have no meaning from there */
} sampler;

/* Day 0 is Thursday 1970-01-01. A close at midnight belongs to the day that ends there. */
static int64_t day_of(s1_nanos close_time)
{
    const int64_t before = close_time - 1;
    const int64_t day = before / S1_NANOS_PER_DAY;
    return before % S1_NANOS_PER_DAY < 0 ? day - 1 : day;
}

static int64_t weekday_of(int64_t day) /* 0 = Monday */
{
    const int64_t weekday = (day + 3) % 7;
    return weekday < 0 ? weekday + 7 : weekday;
}

/* Is there a bar with begin < close <= end? */
static bool has_bar_in(const s1_run_series *series, s1_nanos begin, s1_nanos end)
{
    size_t low = 0;
    size_t high = series->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (series->time[middle] <= begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < series->count && series->time[low] <= end;
}

/* A market that trades on most of the Saturdays of the span is open all week. */
static bool has_saturdays(const s1_run_series *series)
{
    const int64_t first = day_of(series->time[0]);
    const int64_t last = day_of(series->time[series->count - 1]);
    uint64_t saturdays = 0;
    uint64_t traded = 0;
    for (int64_t day = first + (12 - weekday_of(first)) % 7; day <= last; day += 7) {
        saturdays++;
        traded += has_bar_in(series, day * S1_NANOS_PER_DAY, (day + 1) * S1_NANOS_PER_DAY);
    }
    return saturdays > 0 && traded * 10 >= saturdays * 6;
}

static void sampler_open(sampler *s, s1_nanos close_time)
{
    int64_t day = day_of(close_time);
    if (s->is_folding_weekends && weekday_of(day) >= 5) {
        day += 7 - weekday_of(day);
    }
    s->end = s->is_per_bar ? close_time : (day + 1) * S1_NANOS_PER_DAY;
}

/* The open period ends with this bar. */
static s1_rc sampler_close(sampler *s, s1_nanos time, double value, double close, s1_err *err)
{
    if (s->is_broken) {
        return S1_OK;
    }
    if (s->count == s->room) {
        const size_t room = s->room * 2 + 512;
        s1_return_period *const grown = realloc(s->periods, room * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu returns", room);
        }
        s->periods = grown;
        s->room = room;
    }
    s->periods[s->count++] =
        (s1_return_period){time, value / s->base - 1.0, s1_quotient(close, s->base_close) - 1.0};
    s->base = value;
    s->base_close = close;
    s->is_broken = !(value > 0.0);
    return S1_OK;
}

/* Chooses sampling and annualisation for the series. */
static void sampler_start(sampler *s, const s1_statistics_input *input, double capital,
                          s1_statistics *out)
{
    const s1_run_series *const series = &input->series;
    const size_t count = series->count;
    const double days =
        (double)(series->time[count - 1] - series->time[0]) / (double)S1_NANOS_PER_DAY;
    const double step = count > 1 ? days / (double)(count - 1) : 0.0;
    const bool is_open_all_week = has_saturdays(series);
    *s = (sampler){.base = capital,
                   .base_close = s1_run_series_market(series)[0],
                   .is_per_bar = step >= COARSE_STEP_MIN,
                   .is_folding_weekends = !is_open_all_week};
    out->sampling = s->is_per_bar ? S1_RETURNS_BAR : S1_RETURNS_DAILY;
    out->is_weekend_in_next_day = !s->is_per_bar && s->is_folding_weekends;
    out->periods_per_year = input->periods_per_year;
    if (!(out->periods_per_year > 0.0)) {
        out->periods_per_year = s->is_per_bar      ? round(DAYS_PER_YEAR / step)
                                : is_open_all_week ? 365.0
                                                   : 252.0;
    }
    sampler_open(s, series->time[0]);
}

typedef struct bar_sums {
    double equity;
    double highest, lowest; /* equity */
    double market_deepest;  /* of the closes, <= 0 */
    uint64_t in_position;
} bar_sums;

/* --- The pass over the bars. -------------------------------------------------------------- */

static s1_rc walk_bars(const s1_run_series *series, sampler *sample, drawdown *equity,
                       bar_sums *sums, s1_err *err)
{
    s1_nanos before = series->time[0] - 1;
    s1_dec exact = series->equity[0];
    double value = s1_dec_to_double(exact);
    const double *const market = s1_run_series_market(series);
    double peak = market[0];
    double limit = peak; /* a close below it is the deepest yet */
    for (size_t i = 0; i < series->count; i++) {
        const s1_nanos time = series->time[i];
        if (time <= before) {
            return S1_RAISE(err, S1_E_INVALID,
                            "bar %zu closes at %lld ns, not after the one before", i,
                            (long long)time);
        }
        const double close = market[i];
        if (time > sample->end) {
            S1_TRY(err, sampler_close(sample, before, value, market[i - 1], err));
            sampler_open(sample, time);
        }
        before = time;
        if (!s1_dec_eq(series->equity[i], exact)) { /* it rests while no position is open */
            exact = series->equity[i];
            value = s1_dec_to_double(exact);
        }
        sums->equity += value;
        sums->highest = value > sums->highest ? value : sums->highest;
        sums->lowest = value < sums->lowest ? value : sums->lowest;
        drawdown_add(equity, value, time);
        if (close > peak) {
            peak = close;
            limit = close * (1.0 + sums->market_deepest);
        } else if (close < limit) {
            limit = close;
            sums->market_deepest = close / peak - 1.0;
        }
        sums->in_position += series->in_position != NULL && series->in_position[i] != 0;
    }
    S1_TRY(err, sampler_close(sample, before, value, market[series->count - 1], err));
    drawdown_surface(equity, before, false);
    return S1_OK;
}

static void take_bars(const s1_run_series *series, double capital, const drawdown *equity,
                      const bar_sums *sums, s1_statistics *out, s1_statistics_tables *tables)
{
    const size_t last = series->count - 1;
    out->start_time = series->time[0];
    out->end_time = series->time[last];
    out->final_equity = series->equity[last];
    out->total_return = s1_dec_to_double(out->final_equity) / capital - 1.0;
    const double *const market = s1_run_series_market(series);
    out->buy_and_hold_return = s1_quotient(market[last], market[0]) - 1.0;
    out->buy_and_hold_max_drawdown = sums->market_deepest;
    out->highest_equity = sums->highest;
    out->lowest_equity = sums->lowest;
    out->max_drawdown = equity->deepest;
    out->max_drawdown_peak = equity->deepest_peak_time;
    out->max_drawdown_trough = equity->deepest_time;
    out->max_drawdown_duration = equity->longest;
    out->drawdown_count = equity->count;
    out->avg_drawdown = s1_quotient(equity->depth_sum, (double)equity->count);
    out->avg_drawdown_duration =
        equity->count > 0 ? (s1_nanos)(equity->time_sum / (double)equity->count) : 0;
    out->exposure = (double)sums->in_position / (double)series->count;
    memcpy(tables->drawdowns, equity->kept, sizeof tables->drawdowns);
    tables->drawdown_count = equity->kept_count;
}

static s1_rc walk_series(const s1_statistics_input *input, s1_statistics *out,
                         s1_statistics_tables *tables, double *ret_mean_equity, s1_err *err)
{
    const s1_run_series *const series = &input->series;
    const double capital = s1_dec_to_double(input->initial_capital);
    out->bar_count = series->count;
    out->final_equity = input->initial_capital;
    if (series->count == 0) {
        return S1_OK;
    }
    sampler sample;
    drawdown equity;
    const double first = s1_dec_to_double(series->equity[0]);
    bar_sums sums = {.highest = first, .lowest = first};
    sampler_start(&sample, input, capital, out);
    drawdown_start(&equity, capital, series->time[0]);
    const s1_rc rc = walk_bars(series, &sample, &equity, &sums, err);
    tables->periods = sample.periods;
    tables->period_count = sample.count;
    S1_TRY(err, rc);
    take_bars(series, capital, &equity, &sums, out, tables);
    *ret_mean_equity = sums.equity / (double)series->count;
    out->samples = sample.count;
    S1_TRY(err, s1_statistics_spans(tables, err));
    return sample.is_broken ? S1_OK : s1_statistics_returns(input, tables, out, err);
}

/* --- The table. --------------------------------------------------------------------------- */

const s1_statistic *s1_statistics_table(size_t *ret_count)
{
    /* clang-format off */
    static const s1_statistic table[] = {
#define X(type, field, kind, basis, label, definition)                                             \
    {#field, #kind, HEADING, label, definition, (uint32_t)(basis), 0},
#define HEADING "Run"
        S1_STATISTICS_RUN_MAP(X)
#undef HEADING
#define HEADING "Returns"
        S1_STATISTICS_RETURN_MAP(X)
#undef HEADING
#define HEADING "Risk"
        S1_STATISTICS_RISK_MAP(X)
#undef HEADING
#define HEADING "Ratios"
        S1_STATISTICS_RATIO_MAP(X)
#undef HEADING
#define HEADING "Against buying and holding"
        S1_STATISTICS_MARKET_MAP(X)
#undef HEADING
#define HEADING "Trades"
        S1_STATISTICS_TRADE_MAP(X)
#undef HEADING
#define HEADING "As other programs give it"
        S1_STATISTICS_PEER_MAP(X)
#undef HEADING
#undef X
    };
    /* clang-format on */
    *ret_count = sizeof table / sizeof table[0];
    return table;
}

const char *s1_basis_samples(s1_str sample)
{
    static const char *const names[][2] = {{"bar", "bars"},
                                           {"return", "returns"},
                                           {"active return", "active returns"},
                                           {"market return", "market returns"},
                                           {"month", "months"},
                                           {"drawdown", "drawdowns"},
                                           {"trade", "trades"},
                                           {"trade with its bars", "trades with their bars"},
                                           {"quarter", "quarters"},
                                           {"year", "years"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (s1_str_eq_cstr(sample, names[i][0])) {
            return names[i][1];
        }
    }
    return "";
}

const char *s1_basis_sample(uint32_t basis)
{
    static const char *const names[] = {
        NULL,    "bar",      "return", "active return",       "market return",
        "month", "drawdown", "trade",  "trade with its bars", "quarter",
        "year"};
    return names[basis & S1_BASIS_SAMPLE];
}

uint64_t s1_basis_count(const s1_statistics *s, uint32_t basis)
{
    switch (basis & S1_BASIS_SAMPLE) {
    case S1_OF_BARS:
        return s->bar_count;
    case S1_OF_RETURNS:
    case S1_OF_ACTIVE:
    case S1_OF_MARKET:
        return s->samples;
    case S1_OF_MONTHS:
        return s->month_count;
    case S1_OF_QUARTERS:
        return s->quarter_count;
    case S1_OF_YEARS:
        return s->year_count;
    case S1_OF_DRAWDOWNS:
        return s->drawdown_count;
    case S1_OF_TRADES:
        return s->trade_count;
    case S1_OF_EXTREMES:
        return s->extreme_count;
    default:
        return 0;
    }
}

/* --- All of it. --------------------------------------------------------------------------- */

/* Until it is computed a double is not defined and everything else 0. */
static void undefined_double(double *value)
{
    *value = (double)NAN;
}
#define undefined_uint64_t(value) ((void)(value))
#define undefined_s1_nanos(value) ((void)(value))
#define undefined_s1_dec(value)   ((void)(value))

static s1_rc compute(const s1_statistics_input *input, s1_statistics *out,
                     s1_statistics_tables *tables, s1_err *err)
{
    double mean_equity = (double)NAN;
#define X(type, field, kind, basis, label, definition) undefined_##type(&out->field);
    S1_STATISTICS_MAP(X)
#undef X
    out->initial_capital = input->initial_capital;
    out->risk_free_rate = input->risk_free_rate;
    out->trials = input->trials > 0 ? input->trials : 1;
    out->trials_variance = input->trials_variance;
    out->benchmark = input->benchmark;
    S1_TRY(err, walk_series(input, out, tables, &mean_equity, err));
    return s1_statistics_trades(input, mean_equity, out, tables, err);
}

s1_rc s1_statistics_compute(const s1_statistics_input *input, s1_statistics *ret_statistics,
                            s1_statistics_tables *ret_tables, s1_err *err)
{
    if (s1_dec_sign(input->initial_capital) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "initial capital is not positive");
    }
    s1_statistics out = {0};
    s1_statistics_tables tables = {0};
    const s1_rc rc = compute(input, &out, &tables, err);
    if (rc != S1_OK || ret_tables == NULL) {
        s1_statistics_tables_free(&tables);
    } else {
        *ret_tables = tables;
    }
    if (rc == S1_OK) {
        *ret_statistics = out;
    }
    return rc;
}

void s1_statistics_tables_free(s1_statistics_tables *tables)
{
    if (tables != NULL) {
        free(tables->periods);
        free(tables->months);
        free(tables->years);
        free(tables->extremes);
        *tables = (s1_statistics_tables){0};
    }
}

void s1_drawdown_fill(const s1_run_series *series, s1_dec initial_capital, double *ret_drawdown)
{
    double peak = s1_dec_to_double(initial_capital);
    for (size_t i = 0; i < series->count; i++) {
        const double value = s1_dec_to_double(series->equity[i]);
        peak = value > peak ? value : peak;
        ret_drawdown[i] = value < peak ? value / peak - 1.0 : 0.0;
    }
}
