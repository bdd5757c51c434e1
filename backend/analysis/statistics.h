/* backend/analysis/statistics.h - what a run was worth, in numbers with a stated convention.
 *
 * One pass over the bars and one over the trades, no allocation. Conventions (PEERS: quantstats,
 * empyrical and NautilusTrader agree on them to the last digit):
 *  - Returns are daily: the equity at the last bar of each UTC day over that of the day before, the
 *    first over the initial capital. A bar belongs to the day in which it opened its last
 *    nanosecond (a close at 00:00 is the day before). Days without a bar are left out.
 *  - A market with Saturdays is open all week: 365 periods a year. Otherwise 252, and what trades
 * on a weekend (the Sunday opening of FX) counts to the Monday. Series coarser than a day keep one
 *    return per bar and 365.25 days over the mean step, rounded (52, 12).
 *  - Risk-free rate 0; standard deviation with n - 1; downside deviation over all n.
 *  - Drawdown is measured on every bar, against the highest equity so far, the initial capital
 *    included.
 * What is not defined (no trades, no losses, constant equity) is NaN here and null in files.
 */
#ifndef S1_BACKEND_ANALYSIS_STATISTICS_H
#define S1_BACKEND_ANALYSIS_STATISTICS_H

#include "backend/dtos/results/run_series.h"
#include "backend/dtos/results/trade_record.h"
#include "s1mple/error.h"

/* X(type, field, kind, label, definition), in the order of the report. Kinds:
 *   TIME      s1_nanos, null if 0           DURATION  s1_nanos
 *   COUNT     uint64_t                      MONEY     s1_dec, quote currency
 *   FRACTION  double, 0.1 = 10 %, may be NaN  RATIO   double, may be NaN
 *   AMOUNT    double, quote currency, may be NaN
 *   TRADE_MONEY, TRADE_DURATION  as above, null without trades */
#define S1_STATISTICS_MAP(X)                                                                       \
    X(s1_nanos, start_time, TIME, "Start", "close of the first bar")                               \
    X(s1_nanos, end_time, TIME, "End", "close of the last bar")                                    \
    X(uint64_t, bar_count, COUNT, "Bars", "bars traded on, warm-up left out")                      \
    X(s1_dec, initial_capital, MONEY, "Initial capital", "cash at the start")                      \
    X(s1_dec, final_equity, MONEY, "Final equity", "cash and open positions at the last close")    \
    X(double, total_return, FRACTION, "Return", "final_equity / initial_capital - 1")              \
    X(double, buy_and_hold_return, FRACTION, "Buy and hold",                                       \
      "last close / first close - 1, without fees")                                                \
    X(double, cagr, FRACTION, "CAGR", "(1 + total_return)^(periods_per_year / samples) - 1")       \
    X(double, volatility, FRACTION, "Volatility (ann.)",                                           \
      "stddev(returns, n - 1) * sqrt(periods_per_year)")                                           \
    X(double, max_drawdown, FRACTION, "Max drawdown", "lowest equity / highest equity before - 1") \
    X(double, buy_and_hold_max_drawdown, FRACTION, "Buy and hold drawdown",                        \
      "lowest close / highest close before - 1")                                                   \
    X(s1_nanos, max_drawdown_peak, TIME, "Drawdown from", "bar of the highest equity before it")   \
    X(s1_nanos, max_drawdown_trough, TIME, "Drawdown to", "bar of the lowest equity in it")        \
    X(s1_nanos, max_drawdown_duration, DURATION, "Longest under water",                            \
      "longest time from a peak until it was regained, or the end")                                \
    X(double, sharpe, RATIO, "Sharpe", "mean(returns) / stddev * sqrt(periods_per_year)")          \
    X(double, sortino, RATIO, "Sortino",                                                           \
      "mean(returns) / sqrt(sum(min(return, 0)^2) / n) * sqrt(periods_per_year)")                  \
    X(double, calmar, RATIO, "Calmar", "cagr / abs(max_drawdown)")                                 \
    X(double, exposure, FRACTION, "Exposure", "bars with an open position at the close / bars")    \
    X(uint64_t, trade_count, COUNT, "Trades", "closed trades")                                     \
    X(double, win_rate, FRACTION, "Win rate", "trades with pnl > 0 / trades")                      \
    X(double, profit_factor, RATIO, "Profit factor", "sum of gains / abs(sum of losses)")          \
    X(double, expectancy, AMOUNT, "Expectancy", "mean pnl of a trade, after fees")                 \
    X(double, avg_trade, FRACTION, "Avg. trade", "mean of pnl / (entry_price * quantity)")         \
    X(s1_dec, best_trade, TRADE_MONEY, "Best trade", "highest pnl")                                \
    X(s1_dec, worst_trade, TRADE_MONEY, "Worst trade", "lowest pnl")                               \
    X(double, avg_win, AMOUNT, "Avg. win", "mean pnl of the trades with pnl > 0")                  \
    X(double, avg_loss, AMOUNT, "Avg. loss", "mean pnl of the trades with pnl < 0")                \
    X(s1_nanos, avg_trade_duration, TRADE_DURATION, "Avg. duration",                               \
      "mean of exit_time - entry_time")                                                            \
    X(s1_dec, net_profit, MONEY, "Net profit", "sum of pnl of closed trades, after fees")          \
    X(s1_dec, fees, MONEY, "Fees", "all fees paid, those of open positions included")

enum s1_returns_sampling { S1_RETURNS_DAILY = 1, S1_RETURNS_BAR };

typedef struct s1_statistics {
#define X(type, field, kind, label, definition) type field;
    S1_STATISTICS_MAP(X)
#undef X
    uint64_t samples;                /* number of returns */
    double periods_per_year;         /* what they were annualised with */
    int32_t sampling;                /* enum s1_returns_sampling */
    uint32_t is_weekend_in_next_day; /* weekend bars were counted to the Monday */
} s1_statistics;

typedef struct s1_statistics_input {
    s1_run_series series;
    const s1_trade_record *trades; /* [trade_count] */
    size_t trade_count;
    s1_dec initial_capital;  /* > 0 */
    s1_dec fees;             /* the ledger's total */
    double periods_per_year; /* 0: by the rule above */
} s1_statistics_input;

/* Computes everything. Errors: S1_E_INVALID for a capital that is not positive or times that do not
 * rise, S1_E_RANGE when sums of money overflow. */
S1_WARN_UNUSED
s1_rc s1_statistics_compute(const s1_statistics_input *input, s1_statistics *ret_statistics,
                            s1_err *err);

/* Writes for each bar how far its equity lies below the highest so far (the initial capital
 * included), a fraction at or below zero. `ret_drawdown` is [series->count]. */
void s1_drawdown_fill(const s1_run_series *series, s1_dec initial_capital, double *ret_drawdown);

#endif /* S1_BACKEND_ANALYSIS_STATISTICS_H */
