/* What the returns of a run say: everything of S1_STATISTICS_MAP that is made of them. */
#include "backend/analysis/statistics_internal.h"
#include "backend/utils/timefmt.h"

#include <math.h>
#include <stdlib.h>

#define TAIL        0.05
#define TAIL_FAR    0.01
#define NORMAL_TAIL (-1.6448536269514729) /* N^-1(0.05) */
#define EULER_GAMMA 0.5772156649015329
#define LEAN_WINDOW 252u

/* --- Arithmetic. -------------------------------------------------------------------------- */

double s1_quotient(double numerator, double denominator)
{
    const double result = fabs(denominator) > 1e-15 ? numerator / denominator : (double)NAN;
    return isfinite(result) ? result : (double)NAN;
}

double s1_square_sum(const double *values, size_t count, double mean)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return sum;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

void s1_sort_doubles(double *values, size_t count)
{
    if (count > 1) {
        qsort(values, count, sizeof *values, compare_doubles);
    }
}

double s1_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0) {
        return (double)NAN;
    }
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    return below + 1 < count
               ? sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below])
               : sorted[count - 1];
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return s1_quotient(sum, (double)count);
}

/* n - 1; NaN for fewer than two. */
static double deviation_of(const double *values, size_t count, double mean)
{
    return count >= 2 ? sqrt(s1_square_sum(values, count, mean) / (double)(count - 1))
                      : (double)NAN;
}

static double correlation_of(const double *x, const double *y, size_t count)
{
    const double mean_x = mean_of(x, count);
    const double mean_y = mean_of(y, count);
    double products = 0.0;
    for (size_t i = 0; i < count; i++) {
        products += (x[i] - mean_x) * (y[i] - mean_y);
    }
    return s1_quotient(products, sqrt(s1_square_sum(x, count, mean_x)) *
                                     sqrt(s1_square_sum(y, count, mean_y)));
}

/* Mean of the values below the 5 % quantile of a normal distribution with their moments, or that
 * quantile. */
static double normal_tail_of(const double *values, size_t count, double mean, double deviation)
{
    const double limit = mean + NORMAL_TAIL * deviation;
    double sum = 0.0;
    size_t below = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] < limit) {
            sum += values[i];
            below++;
        }
    }
    return below > 0 ? sum / (double)below : limit;
}

static double normal_share(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

/* By bisection to the last digit: asked a few times a run. */
static double normal_quantile(double share)
{
    double low = -40.0;
    double high = 40.0;
    for (int i = 0; i < 100; i++) {
        const double middle = 0.5 * (low + high);
        if (normal_share(middle) < share) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

/* The continued fraction of the incomplete beta function, by Lentz' method; x < (a + 1) / (a + b +
 * 2). */
static double beta_fraction(double a, double b, double x)
{
    double c = 1.0;
    double d = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
    double result = d;
    for (int m = 1; m < 500; m++) {
        const double k = (double)m;
        const double even = k * (b - k) * x / ((a + 2.0 * k - 1.0) * (a + 2.0 * k));
        const double odd = -(a + k) * (a + b + k) * x / ((a + 2.0 * k) * (a + 2.0 * k + 1.0));
        d = 1.0 / (1.0 + even * d);
        c = 1.0 + even / c;
        result *= c * d;
        d = 1.0 / (1.0 + odd * d);
        c = 1.0 + odd / c;
        result *= c * d;
        if (fabs(c * d - 1.0) < 1e-16) {
            break;
        }
    }
    return result;
}

/* I_x(a, 1/2). */
static double incomplete_beta(double a, double x)
{
    const double b = 0.5;
    int sign; /* all arguments are above 0; lgamma would write a global one */
    const double front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) +
                             a * log(x) + b * log1p(-x));
    return x < (a + 1.0) / (a + b + 2.0) ? front * beta_fraction(a, b, x) / a
                                         : 1.0 - front * beta_fraction(b, a, 1.0 - x) / b;
}

double s1_student_two_sided(double t, double freedom)
{
    if (!isfinite(t) || !(freedom >= 1.0)) {
        return (double)NAN;
    }
    return fabs(t) > 0.0 ? incomplete_beta(freedom / 2.0, freedom / (freedom + t * t)) : 1.0;
}

double s1_probabilistic_sharpe(double sharpe, double skew, double excess_kurtosis, double n,
                               double threshold)
{
    const double spread = 1.0 - skew * sharpe + (excess_kurtosis + 2.0) / 4.0 * sharpe * sharpe;
    return n > 1.0 && spread > 0.0
               ? normal_share((sharpe - threshold) * sqrt(n - 1.0) / sqrt(spread))
               : (double)NAN;
}

double s1_expected_best_sharpe(double trials, double variance)
{
    if (!(trials > 1.0)) {
        return 0.0;
    }
    return sqrt(variance) * ((1.0 - EULER_GAMMA) * normal_quantile(1.0 - 1.0 / trials) +
                             EULER_GAMMA * normal_quantile(1.0 - 1.0 / (trials * exp(1.0))));
}

/* --- Returns of a run. -------------------------------------------------------------------- */

/* The returns in columns, and what several values need of them. */
typedef struct returns {
    size_t count;
    double n;
    double *value, *market, *excess, *active, *sorted, *drawdown;
    double periods, root; /* a year, and its square root */
    double risk_free;     /* a period */
    double mean, deviation, sum;
    double gains, losses; /* sums, >= 0 */
} returns;

static void fill_columns(returns *r, const s1_statistics_tables *tables)
{
    double equity = 1.0;
    double peak = 1.0;
    for (size_t i = 0; i < r->count; i++) {
        const double value = tables->periods[i].value;
        r->value[i] = r->sorted[i] = value;
        r->market[i] = tables->periods[i].market;
        r->excess[i] = value - r->risk_free;
        r->active[i] = value - r->market[i];
        equity *= 1.0 + value;
        peak = equity > peak ? equity : peak;
        r->drawdown[i] = equity / peak - 1.0;
        r->sum += value;
        r->gains += value > 0.0 ? value : 0.0;
        r->losses += value < 0.0 ? -value : 0.0;
    }
    s1_sort_doubles(r->sorted, r->count);
    r->mean = r->sum / r->n;
    r->deviation = deviation_of(r->value, r->count, r->mean);
}

static double growth_of(double total, double periods, double n)
{
    const double growth = pow(1.0 + total, periods / n) - 1.0;
    return isfinite(growth) ? growth : (double)NAN;
}

static void fill_means(const returns *r, s1_statistics *out)
{
    uint64_t up = 0;
    uint64_t down = 0;
    uint64_t row_up = 0;
    uint64_t row_down = 0;
    for (size_t i = 0; i < r->count; i++) {
        const bool is_up = r->value[i] > 0.0;
        const bool is_down = r->value[i] < 0.0;
        up += is_up;
        down += is_down;
        row_up = is_up ? row_up + 1 : 0;
        row_down = is_down ? row_down + 1 : 0;
        out->consecutive_up = row_up > out->consecutive_up ? row_up : out->consecutive_up;
        out->consecutive_down = row_down > out->consecutive_down ? row_down : out->consecutive_down;
    }
    const double active = (double)(up + down);
    out->up_periods = up;
    out->down_periods = down;
    out->flat_periods = r->count - up - down;
    out->cagr = growth_of(out->total_return, r->periods, r->n);
    out->mean_return = r->mean;
    out->expected_return = growth_of(out->total_return, 1.0, r->n);
    out->avg_active_return = s1_quotient(r->sum, active);
    out->avg_up = s1_quotient(r->gains, (double)up);
    out->avg_down = s1_quotient(-r->losses, (double)down);
    out->best_return = r->sorted[r->count - 1];
    out->worst_return = r->sorted[0];
    out->up_share = s1_quotient((double)up, active);
    out->active_share = active / r->n;
    out->risk_adjusted_return = s1_quotient(out->cagr, out->active_share);
    out->return_payoff = s1_quotient(out->avg_up, -out->avg_down);
    out->return_kelly =
        s1_quotient(out->return_payoff * out->up_share - (1.0 - out->up_share), out->return_payoff);
}

static void fill_tails(const returns *r, s1_statistics *out)
{
    const size_t worst = (size_t)((double)(r->count - 1) * TAIL) + 1;
    const double high = s1_quantile(r->sorted, r->count, 1.0 - TAIL);
    size_t below = 0;
    while (below < r->count && r->sorted[below] < 0.0) {
        below++;
    }
    out->var_95 = s1_quantile(r->sorted, r->count, TAIL);
    out->cvar_95 = mean_of(r->sorted, worst);
    out->var_99 = s1_quantile(r->sorted, r->count, TAIL_FAR);
    out->cvar_99 = mean_of(r->sorted, (size_t)((double)(r->count - 1) * TAIL_FAR) + 1);
    out->var_95_normal = r->mean + NORMAL_TAIL * r->deviation;
    if (r->count >= 2) {
        out->cvar_95_normal = normal_tail_of(r->value, r->count, r->mean, r->deviation);
    }
    out->tail_ratio = fabs(s1_quotient(high, out->var_95));
    out->outlier_win_ratio = s1_quotient(s1_quantile(r->sorted, r->count, 0.99),
                                         s1_quotient(r->gains, (double)(r->count - below)));
    out->outlier_loss_ratio =
        s1_quotient(s1_quantile(r->sorted, r->count, 0.01), mean_of(r->sorted, below));
}

static void fill_moments(const returns *r, s1_statistics *out)
{
    double cubes = 0.0;
    double fourths = 0.0;
    const double n = r->n;
    for (size_t i = 0; i < r->count; i++) {
        const double z = s1_quotient(r->value[i] - r->mean, r->deviation);
        cubes += z * z * z;
        fourths += z * z * z * z;
    }
    if (r->count >= 3) {
        out->skew = n / ((n - 1.0) * (n - 2.0)) * cubes;
    }
    if (r->count >= 4) {
        out->kurtosis = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * fourths -
                        3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0));
    }
    if (r->count >= 3) {
        out->autocorrelation = correlation_of(r->value, r->value + 1, r->count - 1);
    }
}

/* sqrt(1 + 2 * sum over k of (n - k) / n * abs(rho)^k) */
static double autocorrelation_penalty(double rho, double n)
{
    double sum = 0.0;
    double power = 1.0;
    for (double k = 1.0; k < n && power > 1e-18; k += 1.0) {
        power *= fabs(rho);
        sum += (n - k) / n * power;
    }
    return sqrt(1.0 + 2.0 * sum);
}

static void fill_ratios(const returns *r, s1_statistics *out)
{
    const double mean = r->mean - r->risk_free;
    double below = 0.0;
    double above_sum = 0.0;
    double below_sum = 0.0;
    double dips = 0.0;
    for (size_t i = 0; i < r->count; i++) {
        const double excess = r->excess[i];
        below += excess < 0.0 ? excess * excess : 0.0;
        below_sum += excess < 0.0 ? -excess : 0.0;
        above_sum += excess > 0.0 ? excess : 0.0;
        dips += r->drawdown[i] * r->drawdown[i];
    }
    const double penalty = autocorrelation_penalty(out->autocorrelation, r->n);
    out->volatility = r->deviation * r->root;
    out->downside_risk = sqrt(below / r->n) * r->root;
    out->sharpe = s1_quotient(mean, r->deviation) * r->root;
    out->sortino = s1_quotient(mean, sqrt(below / r->n)) * r->root;
    out->smart_sharpe = s1_quotient(out->sharpe, penalty);
    out->smart_sortino = s1_quotient(out->sortino, penalty);
    out->adjusted_sortino = out->sortino / sqrt(2.0);
    out->calmar = s1_quotient(out->cagr, fabs(out->max_drawdown));
    out->omega = s1_quotient(above_sum, below_sum);
    out->gain_to_pain = s1_quotient(r->sum, r->losses);
    out->risk_return = s1_quotient(r->mean, r->deviation);
    out->recovery_factor = s1_quotient(fabs(r->sum), fabs(out->max_drawdown));
    out->common_sense = s1_quotient(r->gains, r->losses) * out->tail_ratio;
    out->cpc_index = s1_quotient(r->gains, r->losses) * out->up_share * out->return_payoff;
    if (r->count >= 2) {
        const double dip = mean_of(r->drawdown, r->count);
        const double deep =
            normal_tail_of(r->drawdown, r->count, dip, deviation_of(r->drawdown, r->count, dip));
        out->ulcer_index = sqrt(dips / (r->n - 1.0));
        out->ulcer_performance = s1_quotient(out->total_return, out->ulcer_index);
        out->serenity = s1_quotient(r->sum, out->ulcer_index * s1_quotient(-deep, r->deviation));
    }
}

static void fill_certainty(const returns *r, const s1_statistics_input *input, s1_statistics *out)
{
    const double sharpe = s1_quotient(r->mean - r->risk_free, r->deviation);
    const double spread = 1.0 - out->skew * sharpe + (out->kurtosis + 2.0) / 4.0 * sharpe * sharpe;
    const double variance =
        input->trials_variance > 0.0 ? input->trials_variance : 1.0 / (r->n - 1.0);
    out->probabilistic_sharpe =
        s1_probabilistic_sharpe(sharpe, out->skew, out->kurtosis, r->n, 0.0);
    out->deflated_sharpe =
        s1_probabilistic_sharpe(sharpe, out->skew, out->kurtosis, r->n,
                                s1_expected_best_sharpe((double)out->trials, variance));
    if (sharpe > 0.0) {
        out->min_track_record = 1.0 + spread * NORMAL_TAIL * NORMAL_TAIL / (sharpe * sharpe);
    }
}

/* R^2 of the cumulative log returns over their number. */
static void fill_stability(const returns *r, double *level, double *place, s1_statistics *out)
{
    double sum = 0.0;
    for (size_t i = 0; i < r->count; i++) {
        sum += log1p(r->value[i]);
        level[i] = sum;
        place[i] = (double)i;
    }
    const double correlation = correlation_of(place, level, r->count);
    out->stability = correlation * correlation;
}

/* Growth a year of the periods in which the benchmark rose (sign 1) or fell (-1), over that of the
 * benchmark. */
static double capture_of(const returns *r, int sign)
{
    double own = 1.0;
    double market = 1.0;
    double n = 0.0;
    for (size_t i = 0; i < r->count; i++) {
        if (sign == 0 || (sign > 0 ? r->market[i] > 0.0 : r->market[i] < 0.0)) {
            own *= 1.0 + r->value[i];
            market *= 1.0 + r->market[i];
            n += 1.0;
        }
    }
    return n > 0.0 ? s1_quotient(growth_of(own - 1.0, r->periods, n),
                                 growth_of(market - 1.0, r->periods, n))
                   : (double)NAN;
}

static void fill_market(const returns *r, s1_statistics *out)
{
    const double mean = mean_of(r->market, r->count);
    const double deviation = deviation_of(r->market, r->count, mean);
    const double active = mean_of(r->active, r->count);
    const double active_deviation = deviation_of(r->active, r->count, active);
    double products = 0.0;
    for (size_t i = 0; i < r->count; i++) {
        products += (r->value[i] - r->mean) * (r->market[i] - mean);
    }
    out->buy_and_hold_cagr = growth_of(out->buy_and_hold_return, r->periods, r->n);
    out->buy_and_hold_volatility = deviation * r->root;
    out->buy_and_hold_sharpe = s1_quotient(mean - r->risk_free, deviation) * r->root;
    out->beta = s1_quotient(products, s1_square_sum(r->market, r->count, mean));
    out->alpha =
        growth_of((r->mean - r->risk_free) - out->beta * (mean - r->risk_free), r->periods, 1.0);
    out->alpha_quantstats = (r->mean - out->beta * mean) * r->periods;
    out->correlation = correlation_of(r->value, r->market, r->count);
    out->r_squared = out->correlation * out->correlation;
    out->tracking_error = active_deviation * r->root;
    out->information_quantstats = s1_quotient(active, active_deviation);
    out->information_ratio = out->information_quantstats * r->root;
    out->treynor = s1_quotient(out->cagr - (pow(1.0 + r->risk_free, r->periods) - 1.0), out->beta);
    out->treynor_quantstats = s1_quotient(out->total_return, out->beta);
    out->capture = capture_of(r, 0);
    out->up_capture = capture_of(r, 1);
    out->down_capture = capture_of(r, -1);
}

static void fill_peers(const returns *r, double *losses, s1_statistics *out)
{
    size_t lost = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->value[i] < 0.0) {
            losses[lost++] = r->value[i];
        }
    }
    const double lost_deviation = deviation_of(losses, lost, mean_of(losses, lost));
    const size_t recent = r->count < LEAN_WINDOW ? r->count : LEAN_WINDOW;
    const double *const window = r->value + (r->count - recent);
    const double window_mean = mean_of(window, recent);
    const double square = (1.0 + out->expected_return) * (1.0 + out->expected_return);
    const double variance = r->deviation * r->deviation;
    out->annual_performance_lean = growth_of(r->mean, r->periods, 1.0);
    out->sharpe_lean = s1_quotient(out->annual_performance_lean, out->volatility);
    out->sortino_lean = s1_quotient(out->annual_performance_lean, lost_deviation * r->root);
    out->var_95_lean = window_mean + NORMAL_TAIL * deviation_of(window, recent, window_mean);
    out->sharpe_backtesting_py =
        s1_quotient(out->cagr, sqrt(pow(variance + square, r->periods) - pow(square, r->periods)));
}

static void fill_months(const s1_statistics_tables *tables, s1_statistics *out)
{
    out->month_count = tables->month_count;
    uint64_t up = 0;
    uint64_t down = 0;
    double up_sum = 0.0;
    double down_sum = 0.0;
    double sum = 0.0;
    double pain = 0.0;
    for (size_t i = 0; i < tables->month_count; i++) {
        sum += tables->months[i].sum;
        pain += tables->months[i].sum < 0.0 ? -tables->months[i].sum : 0.0;
        const double value = tables->months[i].value;
        out->best_month = i == 0 || value > out->best_month ? value : out->best_month;
        out->worst_month = i == 0 || value < out->worst_month ? value : out->worst_month;
        up += value > 0.0;
        down += value < 0.0;
        up_sum += value > 0.0 ? value : 0.0;
        down_sum += value < 0.0 ? value : 0.0;
        out->month_to_date = value;
    }
    out->up_months = s1_quotient((double)up, (double)tables->month_count);
    out->avg_up_month = s1_quotient(up_sum, (double)up);
    out->avg_down_month = s1_quotient(down_sum, (double)down);
    out->gain_to_pain_monthly = s1_quotient(sum, pain);
    out->expected_monthly = growth_of(out->total_return, 1.0, (double)tables->month_count);
}

/* Quarters are made of months: they end with one. */
static void fill_quarters(const s1_statistics_tables *tables, s1_statistics *out)
{
    uint64_t up = 0;
    double growth = 1.0;
    for (size_t i = 0; i < tables->month_count; i++) {
        const s1_return_span *const month = &tables->months[i];
        const s1_return_span *const next =
            i + 1 < tables->month_count ? &tables->months[i + 1] : NULL;
        growth *= 1.0 + month->value;
        if (next == NULL || next->year != month->year ||
            (next->month - 1) / 3 != (month->month - 1) / 3) {
            out->quarter_count++;
            up += growth > 1.0;
            growth = 1.0;
        }
    }
    out->up_quarters = s1_quotient((double)up, (double)out->quarter_count);
}

static void fill_years(const s1_statistics_tables *tables, s1_statistics *out)
{
    uint64_t up = 0;
    out->year_count = tables->year_count;
    for (size_t i = 0; i < tables->year_count; i++) {
        const double value = tables->years[i].value;
        out->best_year = i == 0 || value > out->best_year ? value : out->best_year;
        out->worst_year = i == 0 || value < out->worst_year ? value : out->worst_year;
        up += value > 0.0;
        out->year_to_date = value;
    }
    out->up_years = s1_quotient((double)up, (double)tables->year_count);
    out->expected_yearly = growth_of(out->total_return, 1.0, (double)tables->year_count);
}

s1_rc s1_statistics_returns(const s1_statistics_input *input, const s1_statistics_tables *tables,
                            s1_statistics *out, s1_err *err)
{
    const size_t count = tables->period_count;
    double *const room = malloc((count * 8 + 1) * sizeof *room);
    if (room == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu returns", count);
    }
    returns r = {.count = count,
                 .n = (double)count,
                 .value = room,
                 .market = room + count,
                 .excess = room + count * 2,
                 .active = room + count * 3,
                 .sorted = room + count * 4,
                 .drawdown = room + count * 5,
                 .periods = out->periods_per_year,
                 .root = sqrt(out->periods_per_year),
                 .risk_free = pow(1.0 + input->risk_free_rate, 1.0 / out->periods_per_year) - 1.0};
    fill_columns(&r, tables);
    fill_means(&r, out);
    fill_tails(&r, out);
    fill_moments(&r, out);
    fill_ratios(&r, out);
    fill_certainty(&r, input, out);
    fill_stability(&r, room + count * 6, room + count * 7, out);
    fill_market(&r, out);
    fill_peers(&r, room + count * 6, out);
    fill_months(tables, out);
    fill_quarters(tables, out);
    fill_years(tables, out);
    free(room);
    return S1_OK;
}

/* --- Months and years. -------------------------------------------------------------------- */

static void span_add(s1_return_span *spans, size_t *count, int32_t year, int32_t month,
                     const s1_return_period *period)
{
    if (*count == 0 || spans[*count - 1].year != year || spans[*count - 1].month != month) {
        spans[(*count)++] = (s1_return_span){year, month, 0.0, 0.0, 0.0};
    }
    s1_return_span *const span = &spans[*count - 1];
    span->value = (1.0 + span->value) * (1.0 + period->value) - 1.0;
    span->sum += period->value;
    span->market = (1.0 + span->market) * (1.0 + period->market) - 1.0;
}

s1_rc s1_statistics_spans(s1_statistics_tables *tables, s1_err *err)
{
    tables->months = malloc((tables->period_count + 1) * sizeof *tables->months);
    tables->years = malloc((tables->period_count + 1) * sizeof *tables->years);
    if (tables->months == NULL || tables->years == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "months of %zu returns", tables->period_count);
    }
    for (size_t i = 0; i < tables->period_count; i++) {
        const s1_civil at = s1_civil_from_time(tables->periods[i].end - 1);
        span_add(tables->months, &tables->month_count, at.year, at.month, &tables->periods[i]);
        span_add(tables->years, &tables->year_count, at.year, 0, &tables->periods[i]);
    }
    return S1_OK;
}
