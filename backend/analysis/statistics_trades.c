/* What the trades of a run say: everything of S1_STATISTICS_MAP that is made of them. */
#include "backend/analysis/statistics_internal.h"
#include "backend/dtos/execution/order.h"
#include "backend/utils/timefmt.h"

#include <math.h>
#include <stdlib.h>

#define NANOS_PER_YEAR (365.25 * (double)S1_NANOS_PER_DAY)

/* What the pass over the trades adds up. */
typedef struct trade_sums {
    double gains, losses; /* pnl above and below 0; losses <= 0 */
    double gross_gains;   /* before fees, of those that gained before fees */
    double fees, traded;  /* of closed trades */
    double returns;       /* pnl / (entry_price * quantity) */
    double returns_won, returns_lost;
    double slippage, clean_gains; /* pnl before fees and slippage, of those that gained */
    double stakes;                /* entry_price * quantity */
    double level, peak;           /* of the sum of pnl; peak >= 0 */
    double fall, fall_from;       /* deepest below a peak, <= 0, and that peak */
    double held, held_won, held_lost;
    uint64_t row_won, row_lost;
    uint64_t longs_won, shorts_won;
} trade_sums;

/* --- Extremes. ---------------------------------------------------------------------------- */

/* Where in its bar a fill lies. Inside a bar a fill has the time of the close: only its rule tells.
 * What a first trade fills is filled at the open, unless the order came inside the bar. */
enum place { AT_OPEN, INSIDE, AT_CLOSE };

static enum place place_of(int32_t rule, s1_nanos time, s1_nanos close)
{
    switch (rule) {
    case S1_FILL_OPEN:
    case S1_FILL_OPEN_MARKETABLE:
    case S1_FILL_OPEN_GAP:
    case S1_FILL_OPEN_IMPROVED:
    case S1_FILL_TRADE:
    case S1_FILL_TRADE_MARKETABLE:
        return AT_OPEN;
    case S1_FILL_CLOSE:
    case S1_FILL_CLOSE_NEXT:
    case S1_FILL_CLOSE_REACHED:
        return AT_CLOSE;
    case S1_FILL_RULE_INVALID:
        return time >= close ? AT_CLOSE : AT_OPEN;
    default:
        return INSIDE;
    }
}

/* What of the bar of an entry inside it certainly came after: its close, and what lies beyond the
 * entry on the way of the price, against the position for a limit, with it for a stop. */
static void add_rest_of_bar(const s1_run_series *series, const s1_trade_record *trade, double *low,
                            double *high)
{
    const uint64_t row = trade->entry_row;
    const int32_t rule = trade->entry_rule;
    const bool is_against = rule == S1_FILL_LIMIT_TOUCH || rule == S1_FILL_TRIGGER_TOUCH ||
                            rule == S1_FILL_TRADE_TOUCH || rule == S1_FILL_TRADE_THROUGH ||
                            rule == S1_FILL_TRADE_TRIGGER || rule == S1_FILL_QUEUE ||
                            rule == S1_FILL_BOOK_CROSSED || rule == S1_FILL_BOOK_TRIGGER;
    const bool is_with =
        rule == S1_FILL_STOP_TOUCH || rule == S1_FILL_TRADE_STOP || rule == S1_FILL_BOOK_STOP;
    const bool is_long = trade->direction == S1_LONG;
    *low = fmin(*low, series->close[row]);
    *high = fmax(*high, series->close[row]);
    if (is_long ? is_against : is_with) {
        *low = fmin(*low, series->low[row]);
    }
    if (is_long ? is_with : is_against) {
        *high = fmax(*high, series->high[row]);
    }
}

/* The worst and the best price while the trade was open. Of the bar of an entry counts what came
 * after it; the bar of the exit counts only if it was left at its close: what an exit inside it did
 * not live to see is not its own. */
static s1_trade_extremes extremes_of(const s1_run_series *series, const s1_trade_record *trade)
{
    const double entry = s1_dec_to_double(trade->entry_price);
    const double exit = s1_dec_to_double(trade->exit_price);
    if (series->high == NULL || series->low == NULL || trade->exit_row >= series->count ||
        trade->entry_row > trade->exit_row || !(entry > 0.0)) {
        return (s1_trade_extremes){(double)NAN, (double)NAN};
    }
    const enum place in =
        place_of(trade->entry_rule, trade->entry_time, series->time[trade->entry_row]);
    const enum place out =
        place_of(trade->exit_rule, trade->exit_time, series->time[trade->exit_row]);
    const uint64_t first = trade->entry_row + (in != AT_OPEN);
    const uint64_t end = trade->exit_row + (out == AT_CLOSE);
    double low = entry < exit ? entry : exit;
    double high = entry > exit ? entry : exit;
    if (in == INSIDE && (trade->exit_row > trade->entry_row || out == AT_CLOSE)) {
        add_rest_of_bar(series, trade, &low, &high);
    }
    for (uint64_t row = first; row < end; row++) {
        low = series->low[row] < low ? series->low[row] : low;
        high = series->high[row] > high ? series->high[row] : high;
    }
    const bool is_long = trade->direction == S1_LONG;
    return (s1_trade_extremes){is_long ? low / entry - 1.0 : 1.0 - high / entry,
                               is_long ? high / entry - 1.0 : 1.0 - low / entry};
}

static s1_rc fill_extremes(const s1_statistics_input *input, s1_statistics *out,
                           s1_statistics_tables *tables, s1_err *err)
{
    tables->extremes = malloc((input->trade_count + 1) * sizeof *tables->extremes);
    if (tables->extremes == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "extremes of %zu trades", input->trade_count);
    }
    tables->extreme_count = input->trade_count;
    double adverse = 0.0;
    double favourable = 0.0;
    double lowest = 0.0;
    double highest = 0.0;
    double given_back = 0.0;
    double most_given = 0.0;
    for (size_t i = 0; i < input->trade_count; i++) {
        const s1_trade_extremes at = extremes_of(&input->series, &input->trades[i]);
        tables->extremes[i] = at;
        if (isnan(at.adverse)) {
            continue;
        }
        out->extreme_count++;
        adverse += at.adverse;
        favourable += at.favourable;
        const double gained = s1_dec_to_double(input->trades[i].exit_price) /
                                  s1_dec_to_double(input->trades[i].entry_price) -
                              1.0;
        const double given =
            at.favourable - (input->trades[i].direction == S1_LONG ? gained : -gained);
        given_back += given;
        most_given = given > most_given ? given : most_given;
        lowest = at.adverse < lowest ? at.adverse : lowest;
        highest = at.favourable > highest ? at.favourable : highest;
    }
    if (out->extreme_count > 0) {
        out->avg_mae = adverse / (double)out->extreme_count;
        out->avg_mfe = favourable / (double)out->extreme_count;
        out->max_mae = lowest;
        out->max_mfe = highest;
        out->avg_give_back = given_back / (double)out->extreme_count;
        out->max_give_back = most_given;
        out->edge_ratio = s1_quotient(out->avg_mfe, -out->avg_mae);
    }
    return S1_OK;
}

/* --- The pass over the trades. ------------------------------------------------------------ */

static s1_rc add_money(const s1_trade_record *trade, bool is_first, s1_statistics *out, s1_err *err)
{
    S1_TRY(err, s1_dec_add(out->net_profit, trade->pnl, &out->net_profit, err));
    S1_TRY(err, s1_dec_add(out->slippage, trade->slippage, &out->slippage, err));
    s1_dec *const side = trade->direction == S1_LONG ? &out->long_profit : &out->short_profit;
    S1_TRY(err, s1_dec_add(*side, trade->pnl, side, err));
    if (is_first || s1_dec_cmp(trade->pnl, out->best_trade) > 0) {
        out->best_trade = trade->pnl;
    }
    if (is_first || s1_dec_cmp(trade->pnl, out->worst_trade) < 0) {
        out->worst_trade = trade->pnl;
    }
    return S1_OK;
}

static void add_outcome(trade_sums *sums, const s1_trade_record *trade, double pnl,
                        s1_statistics *out)
{
    const double held = (double)(trade->exit_time - trade->entry_time);
    const bool is_long = trade->direction == S1_LONG;
    sums->row_won = pnl > 0.0 ? sums->row_won + 1 : 0;
    sums->row_lost = pnl < 0.0 ? sums->row_lost + 1 : 0;
    if (pnl > 0.0) {
        out->won_trades++;
        sums->gains += pnl;
        sums->held_won += held;
        sums->longs_won += is_long;
        sums->shorts_won += !is_long;
    } else if (pnl < 0.0) {
        out->lost_trades++;
        sums->losses += pnl;
        sums->held_lost += held;
    }
    out->long_trades += is_long;
    sums->held += held;
    if (sums->row_won > out->consecutive_wins) {
        out->consecutive_wins = sums->row_won;
    }
    if (sums->row_lost > out->consecutive_losses) {
        out->consecutive_losses = sums->row_lost;
    }
}

static void add_size(trade_sums *sums, const s1_trade_record *trade, double pnl, bool is_first,
                     s1_statistics *out)
{
    const double quantity = s1_dec_to_double(trade->quantity);
    const double entered = s1_dec_to_double(trade->entry_price) * quantity;
    const double fees = s1_dec_to_double(trade->fees);
    const double share = pnl / entered;
    const s1_nanos held = trade->exit_time - trade->entry_time;
    sums->returns += share;
    sums->traded += entered + s1_dec_to_double(trade->exit_price) * quantity;
    sums->fees += fees;
    sums->gross_gains += pnl + fees > 0.0 ? pnl + fees : 0.0;
    if (is_first || share > out->best_trade_return) {
        out->best_trade_return = share;
    }
    if (is_first || share < out->worst_trade_return) {
        out->worst_trade_return = share;
    }
    if (is_first || held < out->min_trade_duration) {
        out->min_trade_duration = held;
    }
    if (is_first || held > out->max_trade_duration) {
        out->max_trade_duration = held;
    }
}

/* Least and greatest so far. */
static void stretch(s1_nanos held, bool is_first, s1_nanos *least, s1_nanos *greatest)
{
    *least = is_first || held < *least ? held : *least;
    *greatest = is_first || held > *greatest ? held : *greatest;
}

/* What is told of those won and those lost apart, and the fall of the sum of results. Called after
 * add_outcome: the trade is counted. */
static void add_side(trade_sums *sums, const s1_trade_record *trade, double pnl, s1_statistics *out)
{
    const s1_nanos held = trade->exit_time - trade->entry_time;
    const double stake = s1_dec_to_double(trade->entry_price) * s1_dec_to_double(trade->quantity);
    sums->stakes += stake;
    const double slippage = s1_dec_to_double(trade->slippage);
    const double before = pnl + s1_dec_to_double(trade->fees) + slippage;
    sums->slippage += slippage;
    sums->clean_gains += before > 0.0 ? before : 0.0;
    if (pnl > 0.0) {
        sums->returns_won += pnl / stake;
        stretch(held, out->won_trades == 1, &out->min_win_duration, &out->max_win_duration);
        out->smallest_win =
            out->won_trades == 1 || pnl < out->smallest_win ? pnl : out->smallest_win;
    } else if (pnl < 0.0) {
        sums->returns_lost += pnl / stake;
        stretch(held, out->lost_trades == 1, &out->min_loss_duration, &out->max_loss_duration);
        out->smallest_loss =
            out->lost_trades == 1 || pnl > out->smallest_loss ? pnl : out->smallest_loss;
    }
    sums->level += pnl;
    sums->peak = sums->level > sums->peak ? sums->level : sums->peak;
    if (sums->level - sums->peak < sums->fall) {
        sums->fall = sums->level - sums->peak;
        sums->fall_from = sums->peak;
    }
}

static void fill_sides(const trade_sums *sums, double capital, s1_statistics *out)
{
    const double n = (double)out->trade_count;
    const double days = (double)(out->end_time - out->start_time) / (double)S1_NANOS_PER_DAY;
    out->trades_a_day = s1_quotient(n, days);
    out->long_share = s1_quotient((double)out->long_trades, n);
    out->loss_rate = s1_quotient((double)out->lost_trades, n);
    out->slippage_share = s1_quotient(sums->slippage, sums->clean_gains);
    out->avg_stake = s1_quotient(sums->stakes, n);
    out->avg_win_return = s1_quotient(sums->returns_won, (double)out->won_trades);
    out->avg_loss_return = s1_quotient(sums->returns_lost, (double)out->lost_trades);
    if (out->trade_count > 0) {
        out->gross_profit = sums->gains;
        out->gross_loss = sums->losses;
        out->closed_drawdown = sums->fall;
        out->profit_to_drawdown = s1_quotient(sums->gains + sums->losses, -sums->fall);
        out->calmar_freqtrade = s1_quotient((sums->gains + sums->losses) / capital / days * 100.0,
                                            -sums->fall / (capital + sums->fall_from)) *
                                sqrt(365.0);
    }
}

static void fill_means(const trade_sums *sums, double mean_equity, s1_statistics *out)
{
    const double n = (double)out->trade_count;
    const double won = (double)out->won_trades;
    const double lost = (double)out->lost_trades;
    const double years = (double)(out->end_time - out->start_time) / NANOS_PER_YEAR;
    out->win_rate = s1_quotient(won, n);
    out->long_win_rate = s1_quotient((double)sums->longs_won, (double)out->long_trades);
    out->short_win_rate =
        s1_quotient((double)sums->shorts_won, (double)(out->trade_count - out->long_trades));
    out->profit_factor = s1_quotient(sums->gains, -sums->losses);
    out->expectancy = s1_quotient(sums->gains + sums->losses, n);
    out->avg_trade = s1_quotient(sums->returns, n);
    out->avg_win = s1_quotient(sums->gains, won);
    out->avg_loss = s1_quotient(sums->losses, lost);
    out->payoff = s1_quotient(out->avg_win, -out->avg_loss);
    out->expectancy_ratio = (1.0 + out->payoff) * out->win_rate - 1.0;
    out->kelly = out->win_rate - s1_quotient(lost / n, out->payoff);
    out->best_trade_share = s1_quotient(s1_dec_to_double(out->best_trade), sums->gains);
    out->cost_share = s1_quotient(sums->fees, sums->gross_gains);
    out->traded_value = out->trade_count > 0 ? sums->traded : (double)NAN;
    out->turnover = s1_quotient(sums->traded, mean_equity * years);
    out->trades_a_year = s1_quotient(n, years);
    out->avg_trade_duration = n > 0.0 ? (s1_nanos)(sums->held / n) : 0;
    out->avg_win_duration = won > 0.0 ? (s1_nanos)(sums->held_won / won) : 0;
    out->avg_loss_duration = lost > 0.0 ? (s1_nanos)(sums->held_lost / lost) : 0;
}

/* What needs all results at once. */
static s1_rc fill_spread(const s1_statistics_input *input, s1_statistics *out, s1_err *err)
{
    const size_t count = input->trade_count;
    const double capital = s1_dec_to_double(input->initial_capital);
    const double days = (double)(out->end_time - out->start_time) / (double)S1_NANOS_PER_DAY;
    if (count == 0) {
        return S1_OK;
    }
    double *const pnl = malloc(count * sizeof *pnl);
    if (pnl == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "results of %zu trades", count);
    }
    for (size_t i = 0; i < count; i++) {
        pnl[i] = s1_dec_to_double(input->trades[i].pnl);
    }
    s1_sort_doubles(pnl, count);
    const double squares = s1_square_sum(pnl, count, out->expectancy);
    const size_t lost = (size_t)out->lost_trades;
    const double lost_squares = lost > 0 ? s1_square_sum(pnl, lost, out->avg_loss) : 0.0;
    const double daily = out->expectancy * (double)count / capital / days;
    out->median_trade = s1_quantile(pnl, count, 0.5);
    for (size_t i = 0; i < count; i++) {
        pnl[i] = (double)(input->trades[i].exit_time - input->trades[i].entry_time);
    }
    s1_sort_doubles(pnl, count);
    out->median_trade_duration = (s1_nanos)s1_quantile(pnl, count, 0.5);
    free(pnl);
    if (count >= 2) {
        out->trade_deviation = sqrt(squares / (double)(count - 1));
        out->sqn = s1_quotient(sqrt((double)count) * out->expectancy, out->trade_deviation);
        out->trade_sharpe = s1_quotient(out->expectancy, out->trade_deviation);
        out->trade_p = s1_student_two_sided(out->sqn, (double)(count - 1));
    }
    out->sharpe_freqtrade =
        s1_quotient(daily, sqrt(squares / (double)count) / capital) * sqrt(365.0);
    if (lost > 0) {
        out->sortino_freqtrade =
            s1_quotient(daily, sqrt(lost_squares / (double)lost) / capital) * sqrt(365.0);
    }
    return S1_OK;
}

s1_rc s1_statistics_trades(const s1_statistics_input *input, double mean_equity, s1_statistics *out,
                           s1_statistics_tables *tables, s1_err *err)
{
    trade_sums sums = {0};
    out->trade_count = input->trade_count;
    out->fees = input->fees;
    out->funding = input->funding;
    out->interest = input->interest;
    for (size_t i = 0; i < input->trade_count; i++) {
        const s1_trade_record *const trade = &input->trades[i];
        const double pnl = s1_dec_to_double(trade->pnl);
        S1_TRY(err, add_money(trade, i == 0, out, err));
        add_outcome(&sums, trade, pnl, out);
        add_size(&sums, trade, pnl, i == 0, out);
        add_side(&sums, trade, pnl, out);
    }
    fill_means(&sums, mean_equity, out);
    fill_sides(&sums, s1_dec_to_double(input->initial_capital), out);
    S1_TRY(err, fill_spread(input, out, err));
    return fill_extremes(input, out, tables, err);
}
