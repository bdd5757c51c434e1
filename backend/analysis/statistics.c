#include "backend/analysis/statistics.h"

#include "backend/utils/timefmt.h"

#include <math.h>

#define DAYS_PER_YEAR 365.25
#define COARSE_STEP_MIN                                                                            \
    4.0 /* days between bars from which a series counts as coarser than daily                      \
         */

/* Running mean and variance (Welford), and the downside square sum. */
typedef struct moments {
    uint64_t count;
    double mean, square_sum, downside_sum;
} moments;

/* The highest value so far and the deepest fall below it. */
typedef struct drawdown {
    double peak;
    double limit;   /* a value below it deepens the drawdown */
    double deepest; /* <= 0 */
    s1_nanos peak_time, deepest_peak_time, deepest_time;
    s1_nanos longest; /* under water */
    bool is_under;
} drawdown;

static void moments_add(moments *m, double value)
{
    m->count++;
    const double delta = value - m->mean;
    m->mean += delta / (double)m->count;
    m->square_sum += delta * (value - m->mean);
    if (value < 0.0) {
        m->downside_sum += value * value;
    }
}

static void drawdown_start(drawdown *d, double value, s1_nanos time)
{
    *d = (drawdown){.peak = value, .limit = value, .peak_time = time};
}

static inline void drawdown_surface(drawdown *d, s1_nanos time)
{
    if (d->is_under && time - d->peak_time > d->longest) {
        d->longest = time - d->peak_time;
    }
    d->is_under = false;
}

static inline void drawdown_add(drawdown *d, double value, s1_nanos time)
{
    if (value >= d->peak) {
        drawdown_surface(d, time);
        d->peak = value;
        d->peak_time = time;
        d->limit = value * (1.0 + d->deepest);
        return;
    }
    d->is_under = true;
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
    double last, base;
    moments returns;
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

static void sampler_close(sampler *s)
{
    if (!s->is_broken) {
        moments_add(&s->returns, s->last / s->base - 1.0);
        s->base = s->last;
        s->is_broken = !(s->last > 0.0);
    }
}

static inline void sampler_add(sampler *s, double value, s1_nanos close_time)
{
    if (close_time > s->end) {
        sampler_close(s);
        sampler_open(s, close_time);
    }
    s->last = value;
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

/* --- Ratios. ------------------------------------------------------------------------------ */

static double quotient(double numerator, double denominator)
{
    const double result = fabs(denominator) > 1e-15 ? numerator / denominator : (double)NAN;
    return isfinite(result) ? result : (double)NAN;
}

static void fill_ratios(const sampler *s, s1_statistics *out)
{
    const moments *const m = &s->returns;
    const double n = (double)m->count;
    const double root = sqrt(out->periods_per_year);
    out->samples = m->count;
    out->cagr = (double)NAN;
    out->volatility = (double)NAN;
    out->sharpe = (double)NAN;
    out->sortino = (double)NAN;
    if (s->is_broken) {
        return;
    }
    const double growth = pow(1.0 + out->total_return, out->periods_per_year / n) - 1.0;
    out->cagr = isfinite(growth) ? growth : (double)NAN;
    out->sortino = quotient(m->mean, sqrt(m->downside_sum / n)) * root;
    if (m->count >= 2) {
        const double deviation = sqrt(m->square_sum / (n - 1.0));
        out->volatility = deviation * root;
        out->sharpe = quotient(m->mean, deviation) * root;
    }
    out->calmar = quotient(out->cagr, fabs(out->max_drawdown));
}

/* --- The two passes. ---------------------------------------------------------------------- */

static s1_rc walk_series(const s1_statistics_input *input, s1_statistics *out, s1_err *err)
{
    const s1_run_series *const series = &input->series;
    const double capital = s1_dec_to_double(input->initial_capital);
    out->bar_count = series->count;
    out->final_equity = input->initial_capital;
    out->total_return = out->cagr = out->volatility = out->sharpe = out->sortino = (double)NAN;
    out->buy_and_hold_return = out->buy_and_hold_max_drawdown = (double)NAN;
    out->max_drawdown = out->calmar = out->exposure = (double)NAN;
    if (series->count == 0) {
        return S1_OK;
    }
    sampler sample;
    drawdown equity;
    drawdown market;
    sampler_start(&sample, input, capital, out);
    drawdown_start(&equity, capital, series->time[0]);
    drawdown_start(&market, series->close[0], series->time[0]);
    uint64_t in_position = 0;
    s1_nanos before = series->time[0] - 1;
    for (size_t i = 0; i < series->count; i++) {
        const s1_nanos time = series->time[i];
        if (time <= before) {
            return S1_RAISE(err, S1_E_INVALID,
                            "bar %zu closes at %lld ns, not after the one before", i,
                            (long long)time);
        }
        before = time;
        const double value = s1_dec_to_double(series->equity[i]);
        sampler_add(&sample, value, time);
        drawdown_add(&equity, value, time);
        drawdown_add(&market, series->close[i], time);
        in_position += series->in_position != NULL && series->in_position[i] != 0;
    }
    sampler_close(&sample);
    drawdown_surface(&equity, before);
    out->start_time = series->time[0];
    out->end_time = before;
    out->final_equity = series->equity[series->count - 1];
    out->total_return = s1_dec_to_double(out->final_equity) / capital - 1.0;
    out->buy_and_hold_return = quotient(series->close[series->count - 1], series->close[0]) - 1.0;
    out->buy_and_hold_max_drawdown = market.deepest;
    out->max_drawdown = equity.deepest;
    out->max_drawdown_peak = equity.deepest_peak_time;
    out->max_drawdown_trough = equity.deepest_time;
    out->max_drawdown_duration = equity.longest;
    out->exposure = (double)in_position / (double)series->count;
    fill_ratios(&sample, out);
    return S1_OK;
}

static s1_rc walk_trades(const s1_statistics_input *input, s1_statistics *out, s1_err *err)
{
    double gains = 0.0;
    double losses = 0.0;
    double return_sum = 0.0;
    double held = 0.0; /* nanoseconds; the sum of many spans may leave int64 */
    uint64_t wins = 0;
    uint64_t defeats = 0;
    for (size_t i = 0; i < input->trade_count; i++) {
        const s1_trade_record *const trade = &input->trades[i];
        const double pnl = s1_dec_to_double(trade->pnl);
        S1_TRY(err, s1_dec_add(out->net_profit, trade->pnl, &out->net_profit, err));
        if (i == 0 || s1_dec_cmp(trade->pnl, out->best_trade) > 0) {
            out->best_trade = trade->pnl;
        }
        if (i == 0 || s1_dec_cmp(trade->pnl, out->worst_trade) < 0) {
            out->worst_trade = trade->pnl;
        }
        if (pnl > 0.0) {
            wins++;
            gains += pnl;
        } else if (pnl < 0.0) {
            defeats++;
            losses += pnl;
        }
        return_sum +=
            pnl / (s1_dec_to_double(trade->entry_price) * s1_dec_to_double(trade->quantity));
        held += (double)(trade->exit_time - trade->entry_time);
    }
    const double n = (double)input->trade_count;
    out->trade_count = input->trade_count;
    out->fees = input->fees;
    out->win_rate = quotient((double)wins, n);
    out->profit_factor = quotient(gains, -losses);
    out->expectancy = quotient(gains + losses, n);
    out->avg_trade = quotient(return_sum, n);
    out->avg_win = quotient(gains, (double)wins);
    out->avg_loss = quotient(losses, (double)defeats);
    out->avg_trade_duration = input->trade_count > 0 ? (s1_nanos)(held / n) : 0;
    return S1_OK;
}

s1_rc s1_statistics_compute(const s1_statistics_input *input, s1_statistics *ret_statistics,
                            s1_err *err)
{
    if (s1_dec_sign(input->initial_capital) <= 0) {
        return S1_RAISE(err, S1_E_INVALID, "initial capital is not positive");
    }
    s1_statistics out = {.initial_capital = input->initial_capital};
    S1_TRY(err, walk_series(input, &out, err));
    S1_TRY(err, walk_trades(input, &out, err));
    *ret_statistics = out;
    return S1_OK;
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
