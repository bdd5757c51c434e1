/* backend/analysis/statistics.h - what a run was worth, in numbers with a stated convention.
 *
 * One table (S1_STATISTICS_MAP) gives the struct, the names in result_metrics.json, the convention
 * of each value, docs/statistics.md and the checks. Computed after the run from equity, closes and
 * trades; one pass over the bars, one over the trades, the rest over the daily returns.
 *  - Returns are daily: the equity at the last bar of each UTC day over that of the day before, the
 *    first over the initial capital. A bar belongs to the day in which it opened its last
 *    nanosecond (a close at 00:00 is the day before). Days without a bar are left out.
 *  - A market with Saturdays is open all week: 365 periods a year. Otherwise 252, and what trades
 *    on a weekend (the Sunday opening of FX) counts to the Monday. Series coarser than a day keep
 *    one return per bar and 365.25 days over the mean step, rounded (52, 12).
 *  - The benchmark is buying and holding: the closes, or those of the stream the configuration
 *    names, sampled at the same moments, the first over the first close.
 *  - Standard deviation with n - 1; downside deviation over all n.
 *  - Drawdown is measured on every bar, against the highest equity so far, the initial capital
 *    included; what says "of the returns" on the sampled equity.
 * What is not defined (no trades, no losses, constant equity) is NaN here and null in files.
 */
#ifndef S1_BACKEND_ANALYSIS_STATISTICS_H
#define S1_BACKEND_ANALYSIS_STATISTICS_H

#include "backend/dtos/results/run_series.h"
#include "backend/dtos/results/trade_record.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

/* What a value was made of, and how: its convention. One of the first group, any of the rest. */
enum s1_basis {
    S1_OF_RUN,       /* a fact; no sample */
    S1_OF_BARS,      /* n = bars */
    S1_OF_RETURNS,   /* n = returns */
    S1_OF_ACTIVE,    /* n = pairs of a return and one of the benchmark */
    S1_OF_MARKET,    /* n = returns of the benchmark */
    S1_OF_MONTHS,    /* n = calendar months */
    S1_OF_DRAWDOWNS, /* n = drawdowns */
    S1_OF_TRADES,    /* n = closed trades */
    S1_OF_EXTREMES,  /* n = trades whose bars are known: high and low between entry and exit */
    S1_OF_QUARTERS,  /* n = calendar quarters */
    S1_OF_YEARS,     /* n = calendar years */
    S1_BASIS_SAMPLE = 0xf,
    S1_ANNUAL = 1 << 4,    /* with periods_per_year */
    S1_DDOF_0 = 1 << 5,    /* deviations over n */
    S1_DDOF_1 = 1 << 6,    /* over n - 1 */
    S1_RISK_FREE = 1 << 7, /* above risk_free_rate */
    S1_QUANTILE = 1 << 8,  /* quantiles between neighbours, linearly */
    S1_TRIALS = 1 << 9,    /* allows for `trials` */
    S1_AGAINST = 1 << 10,  /* of the benchmark, whatever the sample */
};

/* X(type, field, kind, basis, label, definition), in the order of the files. Kinds:
 *   TIME      s1_nanos, null if 0           DURATION  s1_nanos
 *   COUNT     uint64_t                      MONEY     s1_dec, quote currency
 *   FRACTION  double, 0.1 = 10 %, may be NaN  RATIO   double, may be NaN
 *   AMOUNT    double, quote currency, may be NaN
 *   TRADE_MONEY, TRADE_DURATION  as above, null without trades */
#define S1_STATISTICS_RUN_MAP(X)                                                                   \
    X(s1_nanos, start_time, TIME, S1_OF_RUN, "Start", "close of the first bar")                    \
    X(s1_nanos, end_time, TIME, S1_OF_RUN, "End", "close of the last bar")                         \
    X(uint64_t, bar_count, COUNT, S1_OF_RUN, "Bars", "bars traded on, warm-up left out")           \
    X(s1_dec, initial_capital, MONEY, S1_OF_RUN, "Initial capital", "cash at the start")           \
    X(s1_dec, final_equity, MONEY, S1_OF_RUN, "Final equity",                                      \
      "cash and open positions at the last close")                                                 \
    X(double, highest_equity, AMOUNT, S1_OF_BARS, "Highest equity",                                \
      "highest at the close of a bar")                                                             \
    X(double, lowest_equity, AMOUNT, S1_OF_BARS, "Lowest equity", "lowest at the close of a bar")  \
    X(double, exposure, FRACTION, S1_OF_BARS, "Exposure",                                          \
      "bars with an open position at the close / bars")                                            \
    X(double, turnover, RATIO, S1_OF_TRADES, "Turnover a year",                                    \
      "(sum of entry_price * quantity + exit_price * quantity) / mean equity of the bars / years") \
    X(double, trades_a_year, RATIO, S1_OF_TRADES, "Trades a year",                                 \
      "trades / years; a year is 365.25 days")                                                     \
    X(double, trades_a_day, RATIO, S1_OF_TRADES, "Trades a day",                                   \
      "trades / days between start_time and end_time")

#define S1_STATISTICS_RETURN_MAP(X)                                                                \
    X(double, total_return, FRACTION, S1_OF_RUN, "Return", "final_equity / initial_capital - 1")   \
    X(double, cagr, FRACTION, S1_OF_RETURNS | S1_ANNUAL, "CAGR",                                   \
      "(1 + total_return)^(periods_per_year / n) - 1")                                             \
    X(double, mean_return, FRACTION, S1_OF_RETURNS, "Mean return", "sum of returns / n")           \
    X(double, expected_return, FRACTION, S1_OF_RETURNS, "Expected return",                         \
      "geometric mean: (1 + total_return)^(1 / n) - 1")                                            \
    X(double, avg_active_return, FRACTION, S1_OF_RETURNS, "Avg. active return",                    \
      "mean of the returns that are not 0")                                                        \
    X(double, avg_up, FRACTION, S1_OF_RETURNS, "Avg. up", "mean of the returns above 0")           \
    X(double, avg_down, FRACTION, S1_OF_RETURNS, "Avg. down", "mean of the returns below 0")       \
    X(double, best_return, FRACTION, S1_OF_RETURNS, "Best period", "highest return")               \
    X(double, worst_return, FRACTION, S1_OF_RETURNS, "Worst period", "lowest return")              \
    X(uint64_t, up_periods, COUNT, S1_OF_RETURNS, "Periods up", "returns above 0")                 \
    X(uint64_t, down_periods, COUNT, S1_OF_RETURNS, "Periods down", "returns below 0")             \
    X(uint64_t, flat_periods, COUNT, S1_OF_RETURNS, "Periods flat", "returns of 0")                \
    X(double, up_share, FRACTION, S1_OF_RETURNS, "Up periods",                                     \
      "returns above 0 / returns that are not 0")                                                  \
    X(double, active_share, FRACTION, S1_OF_RETURNS, "Active periods",                             \
      "returns that are not 0 / n")                                                                \
    X(uint64_t, consecutive_up, COUNT, S1_OF_RETURNS, "Longest run up",                            \
      "most returns above 0 in a row")                                                             \
    X(uint64_t, consecutive_down, COUNT, S1_OF_RETURNS, "Longest run down",                        \
      "most returns below 0 in a row")                                                             \
    X(double, best_month, FRACTION, S1_OF_MONTHS, "Best month", "highest return of a month")       \
    X(double, worst_month, FRACTION, S1_OF_MONTHS, "Worst month", "lowest return of a month")      \
    X(double, up_months, FRACTION, S1_OF_MONTHS, "Up months", "months above 0 / months")           \
    X(double, avg_up_month, FRACTION, S1_OF_MONTHS, "Avg. up month", "mean of the months above 0") \
    X(double, avg_down_month, FRACTION, S1_OF_MONTHS, "Avg. down month",                           \
      "mean of the months below 0")                                                                \
    X(double, expected_monthly, FRACTION, S1_OF_MONTHS, "Expected month",                          \
      "geometric mean: (1 + total_return)^(1 / months) - 1")                                       \
    X(double, up_quarters, FRACTION, S1_OF_QUARTERS, "Up quarters", "quarters above 0 / quarters") \
    X(double, best_year, FRACTION, S1_OF_YEARS, "Best year", "highest return of a calendar year")  \
    X(double, worst_year, FRACTION, S1_OF_YEARS, "Worst year", "lowest return of a calendar year") \
    X(double, up_years, FRACTION, S1_OF_YEARS, "Up years", "years above 0 / years")                \
    X(double, expected_yearly, FRACTION, S1_OF_YEARS, "Expected year",                             \
      "geometric mean: (1 + total_return)^(1 / calendar years) - 1")                               \
    X(double, month_to_date, FRACTION, S1_OF_MONTHS, "Month to date",                              \
      "return of the last calendar month")                                                         \
    X(double, year_to_date, FRACTION, S1_OF_YEARS, "Year to date",                                 \
      "return of the last calendar year")

#define S1_STATISTICS_RISK_MAP(X)                                                                  \
    X(double, volatility, FRACTION, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_1, "Volatility (ann.)",    \
      "stddev(returns) * sqrt(periods_per_year)")                                                  \
    X(double, downside_risk, FRACTION, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_0 | S1_RISK_FREE,       \
      "Downside risk (ann.)", "sqrt(sum(min(return, 0)^2) / n) * sqrt(periods_per_year)")          \
    X(double, max_drawdown, FRACTION, S1_OF_BARS, "Max drawdown",                                  \
      "lowest equity / highest equity before - 1")                                                 \
    X(s1_nanos, max_drawdown_peak, TIME, S1_OF_BARS, "Drawdown from",                              \
      "bar of the highest equity before it")                                                       \
    X(s1_nanos, max_drawdown_trough, TIME, S1_OF_BARS, "Drawdown to",                              \
      "bar of the lowest equity in it")                                                            \
    X(s1_nanos, max_drawdown_duration, DURATION, S1_OF_BARS, "Longest under water",                \
      "longest time from a peak until it was regained, or the end")                                \
    X(uint64_t, drawdown_count, COUNT, S1_OF_BARS, "Drawdowns",                                    \
      "times the equity fell below its highest")                                                   \
    X(double, avg_drawdown, FRACTION, S1_OF_DRAWDOWNS, "Avg. drawdown", "mean of their depths")    \
    X(s1_nanos, avg_drawdown_duration, DURATION, S1_OF_DRAWDOWNS, "Avg. time under water",         \
      "mean time from a peak until it was regained, or the end")                                   \
    X(double, var_95, FRACTION, S1_OF_RETURNS | S1_QUANTILE, "VaR 95 %",                           \
      "historical: the 5 % quantile of the returns")                                               \
    X(double, cvar_95, FRACTION, S1_OF_RETURNS, "CVaR 95 %",                                       \
      "historical: mean of the floor((n - 1) * 0.05) + 1 lowest returns")                          \
    X(double, var_99, FRACTION, S1_OF_RETURNS | S1_QUANTILE, "VaR 99 %",                           \
      "historical: the 1 % quantile of the returns")                                               \
    X(double, cvar_99, FRACTION, S1_OF_RETURNS, "CVaR 99 %",                                       \
      "historical: mean of the floor((n - 1) * 0.01) + 1 lowest returns")                          \
    X(double, var_95_normal, FRACTION, S1_OF_RETURNS | S1_DDOF_1, "VaR 95 % (normal)",             \
      "mean(returns) - 1.6448536 * stddev(returns)")                                               \
    X(double, cvar_95_normal, FRACTION, S1_OF_RETURNS | S1_DDOF_1, "CVaR 95 % (normal)",           \
      "mean of the returns below var_95_normal; that itself if there is none")                     \
    X(double, skew, RATIO, S1_OF_RETURNS | S1_DDOF_1, "Skew",                                      \
      "n / ((n - 1)(n - 2)) * sum(((return - mean) / stddev)^3)")                                  \
    X(double, kurtosis, RATIO, S1_OF_RETURNS | S1_DDOF_1, "Kurtosis (excess)",                     \
      "n(n + 1) / ((n - 1)(n - 2)(n - 3)) * sum(((return - mean) / stddev)^4) - 3(n - 1)^2 / "     \
      "((n - 2)(n - 3))")                                                                          \
    X(double, tail_ratio, RATIO, S1_OF_RETURNS | S1_QUANTILE, "Tail ratio",                        \
      "abs(95 % quantile / 5 % quantile)")                                                         \
    X(double, outlier_win_ratio, RATIO, S1_OF_RETURNS | S1_QUANTILE, "Outlier win ratio",          \
      "99 % quantile / mean of the returns not below 0")                                           \
    X(double, outlier_loss_ratio, RATIO, S1_OF_RETURNS | S1_QUANTILE, "Outlier loss ratio",        \
      "1 % quantile / mean of the returns below 0")                                                \
    X(double, ulcer_index, FRACTION, S1_OF_RETURNS | S1_DDOF_1, "Ulcer index",                     \
      "sqrt(sum(drawdown^2) / (n - 1)), drawdown of the returns")                                  \
    X(double, autocorrelation, RATIO, S1_OF_RETURNS, "Autocorrelation",                            \
      "correlation of each return with the one before")

#define S1_STATISTICS_RATIO_MAP(X)                                                                 \
    X(double, sharpe, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_1 | S1_RISK_FREE, "Sharpe",       \
      "mean(returns) / stddev * sqrt(periods_per_year)")                                           \
    X(double, smart_sharpe, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_1 | S1_RISK_FREE,           \
      "Smart Sharpe",                                                                              \
      "sharpe / sqrt(1 + 2 * sum over k = 1 .. n - 1 of (n - k) / n * abs(autocorrelation)^k)")    \
    X(double, sortino, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_0 | S1_RISK_FREE, "Sortino",     \
      "mean(returns) / sqrt(sum(min(return, 0)^2) / n) * sqrt(periods_per_year)")                  \
    X(double, smart_sortino, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_0 | S1_RISK_FREE,          \
      "Smart Sortino", "sortino with the divisor of smart_sharpe")                                 \
    X(double, adjusted_sortino, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_0 | S1_RISK_FREE,       \
      "Sortino / sqrt(2)", "sortino / sqrt(2), to stand beside a Sharpe ratio")                    \
    X(double, calmar, RATIO, S1_OF_RETURNS | S1_ANNUAL, "Calmar", "cagr / abs(max_drawdown)")      \
    X(double, omega, RATIO, S1_OF_RETURNS | S1_RISK_FREE, "Omega",                                 \
      "sum of the returns above 0 / abs(sum of those below)")                                      \
    X(double, gain_to_pain, RATIO, S1_OF_RETURNS, "Gain to pain",                                  \
      "sum of returns / abs(sum of those below 0)")                                                \
    X(double, gain_to_pain_monthly, RATIO, S1_OF_MONTHS, "Gain to pain (monthly)",                 \
      "the same over months, each the sum of its returns")                                         \
    X(double, risk_return, RATIO, S1_OF_RETURNS | S1_DDOF_1, "Return over risk",                   \
      "mean(returns) / stddev, not annualised")                                                    \
    X(double, risk_adjusted_return, FRACTION, S1_OF_RETURNS | S1_ANNUAL, "Risk-adjusted return",   \
      "cagr / active_share")                                                                       \
    X(double, ulcer_performance, RATIO, S1_OF_RETURNS | S1_DDOF_1, "Ulcer performance",            \
      "total_return / ulcer_index")                                                                \
    X(double, serenity, RATIO, S1_OF_RETURNS | S1_DDOF_1, "Serenity",                              \
      "sum of returns / (ulcer_index * pitfall); pitfall = -cvar_95_normal of "                    \
      "the drawdowns / stddev of the returns")                                                     \
    X(double, recovery_factor, RATIO, S1_OF_RETURNS, "Recovery factor",                            \
      "abs(sum of returns) / abs(max_drawdown)")                                                   \
    X(double, return_payoff, RATIO, S1_OF_RETURNS, "Payoff of periods", "avg_up / abs(avg_down)")  \
    X(double, common_sense, RATIO, S1_OF_RETURNS | S1_QUANTILE, "Common sense ratio",              \
      "sum of the returns above 0 / abs(sum of those below) * tail_ratio")                         \
    X(double, cpc_index, RATIO, S1_OF_RETURNS, "CPC index",                                        \
      "sum of the returns above 0 / abs(sum of those below) * up_share * return_payoff")           \
    X(double, return_kelly, FRACTION, S1_OF_RETURNS, "Kelly of periods",                           \
      "(return_payoff * up_share - (1 - up_share)) / return_payoff")                               \
    X(double, stability, RATIO, S1_OF_RETURNS, "Stability",                                        \
      "R^2 of the cumulative log returns over time")                                               \
    X(double, probabilistic_sharpe, FRACTION, S1_OF_RETURNS | S1_DDOF_1 | S1_RISK_FREE,            \
      "Probabilistic Sharpe",                                                                      \
      "chance that the true Sharpe ratio is above 0: N(s * sqrt(n - 1) / sqrt(1 - skew * s + "     \
      "(kurtosis + 2) / 4 * s^2)), s = Sharpe ratio not annualised")                               \
    X(double, deflated_sharpe, FRACTION, S1_OF_RETURNS | S1_DDOF_1 | S1_RISK_FREE | S1_TRIALS,     \
      "Deflated Sharpe",                                                                           \
      "the same against the best Sharpe ratio that so many trials without skill would give")       \
    X(double, min_track_record, RATIO, S1_OF_RETURNS | S1_DDOF_1 | S1_RISK_FREE,                   \
      "Min. track record", "returns needed until probabilistic_sharpe reaches 0.95")

#define S1_STATISTICS_MARKET_MAP(X)                                                                \
    X(double, buy_and_hold_return, FRACTION, S1_OF_RUN | S1_AGAINST, "Buy and hold",               \
      "last close / first close - 1, without fees")                                                \
    X(double, buy_and_hold_max_drawdown, FRACTION, S1_OF_BARS | S1_AGAINST,                        \
      "Buy and hold drawdown", "lowest close / highest close before - 1")                          \
    X(double, buy_and_hold_cagr, FRACTION, S1_OF_MARKET | S1_ANNUAL, "Buy and hold CAGR",          \
      "(1 + buy_and_hold_return)^(periods_per_year / n) - 1")                                      \
    X(double, buy_and_hold_volatility, FRACTION, S1_OF_MARKET | S1_ANNUAL | S1_DDOF_1,             \
      "Buy and hold volatility", "stddev * sqrt(periods_per_year)")                                \
    X(double, buy_and_hold_sharpe, RATIO, S1_OF_MARKET | S1_ANNUAL | S1_DDOF_1 | S1_RISK_FREE,     \
      "Buy and hold Sharpe", "mean / stddev * sqrt(periods_per_year)")                             \
    X(double, beta, RATIO, S1_OF_ACTIVE | S1_DDOF_1, "Beta",                                       \
      "covariance with the benchmark / its variance")                                              \
    X(double, alpha, FRACTION, S1_OF_ACTIVE | S1_ANNUAL | S1_RISK_FREE, "Alpha (ann.)",            \
      "(1 + mean(return - beta * benchmark))^periods_per_year - 1")                                \
    X(double, correlation, RATIO, S1_OF_ACTIVE, "Correlation", "with the benchmark")               \
    X(double, r_squared, RATIO, S1_OF_ACTIVE, "R^2", "correlation^2")                              \
    X(double, tracking_error, FRACTION, S1_OF_ACTIVE | S1_ANNUAL | S1_DDOF_1,                      \
      "Tracking error (ann.)", "stddev(return - benchmark) * sqrt(periods_per_year)")              \
    X(double, information_ratio, RATIO, S1_OF_ACTIVE | S1_ANNUAL | S1_DDOF_1, "Information ratio", \
      "mean(return - benchmark) / stddev(return - benchmark) * sqrt(periods_per_year)")            \
    X(double, treynor, RATIO, S1_OF_ACTIVE | S1_ANNUAL | S1_RISK_FREE, "Treynor", "cagr / beta")   \
    X(double, capture, RATIO, S1_OF_ACTIVE | S1_ANNUAL, "Capture", "cagr / buy_and_hold_cagr")     \
    X(double, up_capture, RATIO, S1_OF_ACTIVE | S1_ANNUAL, "Up capture",                           \
      "the same over the periods in which the benchmark rose")                                     \
    X(double, down_capture, RATIO, S1_OF_ACTIVE | S1_ANNUAL, "Down capture",                       \
      "the same over the periods in which it fell")

#define S1_STATISTICS_TRADE_MAP(X)                                                                 \
    X(uint64_t, trade_count, COUNT, S1_OF_TRADES, "Trades", "closed trades")                       \
    X(uint64_t, won_trades, COUNT, S1_OF_TRADES, "Won", "trades with pnl > 0")                     \
    X(uint64_t, lost_trades, COUNT, S1_OF_TRADES, "Lost", "trades with pnl < 0")                   \
    X(uint64_t, long_trades, COUNT, S1_OF_TRADES, "Long", "trades that bought first")              \
    X(double, long_share, FRACTION, S1_OF_TRADES, "Long share", "long trades / trades")            \
    X(double, win_rate, FRACTION, S1_OF_TRADES, "Win rate", "trades with pnl > 0 / trades")        \
    X(double, loss_rate, FRACTION, S1_OF_TRADES, "Loss rate", "trades with pnl < 0 / trades")      \
    X(double, long_win_rate, FRACTION, S1_OF_TRADES, "Win rate long",                              \
      "long trades with pnl > 0 / long trades")                                                    \
    X(double, short_win_rate, FRACTION, S1_OF_TRADES, "Win rate short",                            \
      "short trades with pnl > 0 / short trades")                                                  \
    X(s1_dec, net_profit, MONEY, S1_OF_TRADES, "Net profit",                                       \
      "sum of pnl of closed trades, after fees")                                                   \
    X(s1_dec, long_profit, MONEY, S1_OF_TRADES, "Net profit long", "that of the long trades")      \
    X(s1_dec, short_profit, MONEY, S1_OF_TRADES, "Net profit short", "that of the short trades")   \
    X(double, gross_profit, AMOUNT, S1_OF_TRADES, "Gross profit",                                  \
      "sum of pnl of the trades with pnl > 0")                                                     \
    X(double, gross_loss, AMOUNT, S1_OF_TRADES, "Gross loss",                                      \
      "sum of pnl of the trades with pnl < 0")                                                     \
    X(s1_dec, fees, MONEY, S1_OF_RUN, "Fees", "all fees paid, those of open positions included")   \
    X(s1_dec, funding, MONEY, S1_OF_RUN, "Funding", "funding paid; below zero: received")          \
    X(s1_dec, interest, MONEY, S1_OF_RUN, "Interest", "interest paid on what was borrowed")        \
    X(double, cost_share, FRACTION, S1_OF_TRADES, "Cost share",                                    \
      "fees of closed trades / sum of pnl before fees of those that gained before fees")           \
    X(s1_dec, slippage, MONEY, S1_OF_TRADES, "Slippage",                                           \
      "what fills were worse than the prices decided on, of closed trades; part of pnl")           \
    X(double, slippage_share, FRACTION, S1_OF_TRADES, "Slippage share",                            \
      "slippage / sum of pnl before fees and slippage of those that gained before them")           \
    X(double, traded_value, AMOUNT, S1_OF_TRADES, "Traded value",                                  \
      "sum of entry_price * quantity + exit_price * quantity")                                     \
    X(double, avg_stake, AMOUNT, S1_OF_TRADES, "Avg. stake", "mean of entry_price * quantity")     \
    X(double, profit_factor, RATIO, S1_OF_TRADES, "Profit factor",                                 \
      "sum of gains / abs(sum of losses)")                                                         \
    X(double, payoff, RATIO, S1_OF_TRADES, "Payoff", "avg_win / abs(avg_loss)")                    \
    X(double, expectancy, AMOUNT, S1_OF_TRADES, "Expectancy", "mean pnl of a trade, after fees")   \
    X(double, expectancy_ratio, RATIO, S1_OF_TRADES, "Expectancy ratio",                           \
      "(1 + payoff) * win_rate - 1")                                                               \
    X(double, sqn, RATIO, S1_OF_TRADES | S1_DDOF_1, "SQN", "sqrt(n) * mean(pnl) / stddev(pnl)")    \
    X(double, trade_p, FRACTION, S1_OF_TRADES | S1_DDOF_1, "p of the mean trade",                  \
      "chance of a mean as far from 0 without skill: two-sided, Student's t = sqn, n - 1")         \
    X(double, trade_sharpe, RATIO, S1_OF_TRADES | S1_DDOF_1, "Sharpe of trades",                   \
      "mean(pnl) / stddev(pnl)")                                                                   \
    X(double, kelly, FRACTION, S1_OF_TRADES, "Kelly", "win_rate - lost_trades / trades / payoff")  \
    X(double, avg_trade, FRACTION, S1_OF_TRADES, "Avg. trade",                                     \
      "mean of pnl / (entry_price * quantity)")                                                    \
    X(double, avg_win_return, FRACTION, S1_OF_TRADES, "Avg. win (%)",                              \
      "mean of pnl / (entry_price * quantity) of the trades with pnl > 0")                         \
    X(double, avg_loss_return, FRACTION, S1_OF_TRADES, "Avg. loss (%)",                            \
      "mean of pnl / (entry_price * quantity) of the trades with pnl < 0")                         \
    X(double, best_trade_return, FRACTION, S1_OF_TRADES, "Best trade (%)",                         \
      "highest pnl / (entry_price * quantity)")                                                    \
    X(double, worst_trade_return, FRACTION, S1_OF_TRADES, "Worst trade (%)",                       \
      "lowest pnl / (entry_price * quantity)")                                                     \
    X(double, median_trade, AMOUNT, S1_OF_TRADES | S1_QUANTILE, "Median trade", "median pnl")      \
    X(double, trade_deviation, AMOUNT, S1_OF_TRADES | S1_DDOF_1, "Deviation of trades",            \
      "stddev(pnl)")                                                                               \
    X(s1_dec, best_trade, TRADE_MONEY, S1_OF_TRADES, "Best trade", "highest pnl")                  \
    X(s1_dec, worst_trade, TRADE_MONEY, S1_OF_TRADES, "Worst trade", "lowest pnl")                 \
    X(double, best_trade_share, FRACTION, S1_OF_TRADES, "Share of the best trade",                 \
      "best_trade / sum of gains")                                                                 \
    X(double, avg_win, AMOUNT, S1_OF_TRADES, "Avg. win", "mean pnl of the trades with pnl > 0")    \
    X(double, avg_loss, AMOUNT, S1_OF_TRADES, "Avg. loss", "mean pnl of the trades with pnl < 0")  \
    X(double, smallest_win, AMOUNT, S1_OF_TRADES, "Smallest win", "least pnl above 0")             \
    X(double, smallest_loss, AMOUNT, S1_OF_TRADES, "Smallest loss",                                \
      "pnl below 0 that is nearest to it")                                                         \
    X(double, closed_drawdown, AMOUNT, S1_OF_TRADES, "Drawdown of closed trades",                  \
      "deepest fall of the sum of pnl, in the order the trades closed, below its highest so far "  \
      "or 0")                                                                                      \
    X(double, profit_to_drawdown, RATIO, S1_OF_TRADES, "Profit to drawdown",                       \
      "net_profit / abs(closed_drawdown)")                                                         \
    X(uint64_t, consecutive_wins, COUNT, S1_OF_TRADES, "Most wins in a row",                       \
      "in the order the trades closed")                                                            \
    X(uint64_t, consecutive_losses, COUNT, S1_OF_TRADES, "Most losses in a row",                   \
      "in the order the trades closed")                                                            \
    X(s1_nanos, avg_trade_duration, TRADE_DURATION, S1_OF_TRADES, "Avg. duration",                 \
      "mean of exit_time - entry_time")                                                            \
    X(s1_nanos, min_trade_duration, TRADE_DURATION, S1_OF_TRADES, "Shortest trade",                \
      "least exit_time - entry_time")                                                              \
    X(s1_nanos, max_trade_duration, TRADE_DURATION, S1_OF_TRADES, "Longest trade",                 \
      "greatest exit_time - entry_time")                                                           \
    X(s1_nanos, median_trade_duration, TRADE_DURATION, S1_OF_TRADES | S1_QUANTILE,                 \
      "Median duration", "median exit_time - entry_time")                                          \
    X(s1_nanos, avg_win_duration, TRADE_DURATION, S1_OF_TRADES, "Avg. duration won",               \
      "mean over the trades with pnl > 0; 0 without")                                              \
    X(s1_nanos, avg_loss_duration, TRADE_DURATION, S1_OF_TRADES, "Avg. duration lost",             \
      "mean over the trades with pnl < 0; 0 without")                                              \
    X(s1_nanos, min_win_duration, TRADE_DURATION, S1_OF_TRADES, "Shortest won",                    \
      "least exit_time - entry_time of the trades with pnl > 0; 0 without")                        \
    X(s1_nanos, max_win_duration, TRADE_DURATION, S1_OF_TRADES, "Longest won", "greatest of them") \
    X(s1_nanos, min_loss_duration, TRADE_DURATION, S1_OF_TRADES, "Shortest lost",                  \
      "least exit_time - entry_time of the trades with pnl < 0; 0 without")                        \
    X(s1_nanos, max_loss_duration, TRADE_DURATION, S1_OF_TRADES, "Longest lost",                   \
      "greatest of them")                                                                          \
    X(double, avg_mae, FRACTION, S1_OF_EXTREMES, "Avg. MAE",                                       \
      "mean of the worst price between entry and exit against the entry price, at or below 0")     \
    X(double, max_mae, FRACTION, S1_OF_EXTREMES, "Largest MAE", "the lowest of them")              \
    X(double, avg_mfe, FRACTION, S1_OF_EXTREMES, "Avg. MFE",                                       \
      "mean of the best price between entry and exit against the entry price, at or above 0")      \
    X(double, max_mfe, FRACTION, S1_OF_EXTREMES, "Largest MFE", "the highest of them")             \
    X(double, avg_give_back, FRACTION, S1_OF_EXTREMES, "Avg. give-back",                           \
      "mean of the best price before the exit against the exit price, of the entry price")         \
    X(double, max_give_back, FRACTION, S1_OF_EXTREMES, "Largest give-back", "the highest of them") \
    X(double, edge_ratio, RATIO, S1_OF_EXTREMES, "Edge ratio", "avg_mfe / abs(avg_mae)")

#define S1_STATISTICS_PEER_MAP(X)                                                                  \
    X(double, alpha_quantstats, FRACTION, S1_OF_ACTIVE | S1_ANNUAL, "Alpha (quantstats)",          \
      "(mean(returns) - beta * mean(benchmark)) * periods_per_year")                               \
    X(double, information_quantstats, RATIO, S1_OF_ACTIVE | S1_DDOF_1,                             \
      "Information ratio (quantstats)",                                                            \
      "mean(return - benchmark) / stddev(return - benchmark), not annualised")                     \
    X(double, treynor_quantstats, RATIO, S1_OF_ACTIVE, "Treynor (quantstats)",                     \
      "total_return / beta")                                                                       \
    X(double, annual_performance_lean, FRACTION, S1_OF_RETURNS | S1_ANNUAL,                        \
      "Annual performance (LEAN)", "(1 + mean(returns))^periods_per_year - 1")                     \
    X(double, sharpe_lean, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_1, "Sharpe (LEAN)",          \
      "annual_performance_lean / sqrt(variance(returns) * periods_per_year)")                      \
    X(double, sortino_lean, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_1, "Sortino (LEAN)",        \
      "annual_performance_lean / sqrt(variance of the returns below 0 * periods_per_year)")        \
    X(double, var_95_lean, FRACTION, S1_OF_RETURNS | S1_DDOF_1, "VaR 95 % (LEAN)",                 \
      "var_95_normal over the last 252 returns, not rounded")                                      \
    X(double, sharpe_freqtrade, RATIO, S1_OF_TRADES | S1_DDOF_0, "Sharpe (Freqtrade)",             \
      "sum(pnl) / initial_capital / days / stddev(pnl / initial_capital) * sqrt(365)")             \
    X(double, sortino_freqtrade, RATIO, S1_OF_TRADES | S1_DDOF_0, "Sortino (Freqtrade)",           \
      "the same with the stddev of the trades with pnl < 0")                                       \
    X(double, calmar_freqtrade, RATIO, S1_OF_TRADES, "Calmar (Freqtrade)",                         \
      "sum(pnl) / initial_capital / days * 100 / d * sqrt(365), d = closed_drawdown of "           \
      "initial_capital and the profit it fell from")                                               \
    X(double, sharpe_backtesting_py, RATIO, S1_OF_RETURNS | S1_ANNUAL | S1_DDOF_1,                 \
      "Sharpe (backtesting.py)",                                                                   \
      "cagr / sqrt((variance(returns) + (1 + g)^2)^periods_per_year - (1 + g)^(2 * "               \
      "periods_per_year)), g = expected_return")

#define S1_STATISTICS_MAP(X)                                                                       \
    S1_STATISTICS_RUN_MAP(X)                                                                       \
    S1_STATISTICS_RETURN_MAP(X)                                                                    \
    S1_STATISTICS_RISK_MAP(X)                                                                      \
    S1_STATISTICS_RATIO_MAP(X)                                                                     \
    S1_STATISTICS_MARKET_MAP(X)                                                                    \
    S1_STATISTICS_TRADE_MAP(X)                                                                     \
    S1_STATISTICS_PEER_MAP(X)

enum s1_returns_sampling { S1_RETURNS_DAILY = 1, S1_RETURNS_BAR };

typedef struct s1_statistics {
#define X(type, field, kind, basis, label, definition) type field;
    S1_STATISTICS_MAP(X)
#undef X
    uint64_t samples;     /* number of returns */
    uint64_t month_count; /* calendar months with a return */
    uint64_t quarter_count, year_count;
    uint64_t extreme_count;          /* trades whose highs and lows are known */
    uint64_t trials;                 /* what deflated_sharpe allows for */
    double periods_per_year;         /* what they were annualised with */
    double risk_free_rate;           /* a year; (1 + it)^(1 / periods_per_year) - 1 a period */
    double trials_variance;          /* of their Sharpe ratios; 0: 1 / (samples - 1) */
    s1_str benchmark;                /* borrowed from the input */
    int32_t sampling;                /* enum s1_returns_sampling */
    uint32_t is_weekend_in_next_day; /* weekend bars were counted to the Monday */
} s1_statistics;

/* One line of the table. */
typedef struct s1_statistic {
    const char *name, *kind, *group, *label, *definition;
    uint32_t basis; /* enum s1_basis */
    uint32_t reserved;
} s1_statistic;

/* All of them, in the order of S1_STATISTICS_MAP; `group` is the heading. */
const s1_statistic *s1_statistics_table(size_t *ret_count);

/* Appends docs/statistics.md. */
void s1_statistics_print_docs(s1_strbuf *out);

/* "bar", "return", "trade", ... and how many a value of that basis was made of; NULL and 0 for
 * S1_OF_RUN. */
const char *s1_basis_sample(uint32_t basis);
/* "bars" of "bar"; "" of what is no sample. */
const char *s1_basis_samples(s1_str sample);
uint64_t s1_basis_count(const s1_statistics *statistics, uint32_t basis);

/* What lies behind the values. Heap: free with s1_statistics_tables_free. */
#define S1_DRAWDOWNS_KEPT 10u
typedef struct s1_return_period {
    s1_nanos end; /* close of its last bar */
    double value, market;
} s1_return_period;
typedef struct s1_return_span { /* a month, or a year with month 0 */
    int32_t year, month;
    double value, market; /* compounded */
    double sum;           /* of the returns */
} s1_return_span;
typedef struct s1_drawdown_span {
    s1_nanos peak, trough;
    s1_nanos regained; /* 0: not by the end */
    double depth;      /* < 0 */
} s1_drawdown_span;
typedef struct s1_trade_extremes {
    double adverse, favourable; /* NaN where not known */
} s1_trade_extremes;
typedef struct s1_statistics_tables {
    s1_return_period *periods; /* [period_count] */
    size_t period_count;
    s1_return_span *months, *years; /* [month_count], [year_count] */
    size_t month_count, year_count;
    s1_drawdown_span drawdowns[S1_DRAWDOWNS_KEPT]; /* [drawdown_count], deepest first */
    size_t drawdown_count;
    s1_trade_extremes *extremes; /* [extreme_count]: the trades in their order */
    size_t extreme_count;
} s1_statistics_tables;

typedef struct s1_statistics_input {
    s1_run_series series;
    const s1_trade_record *trades; /* [trade_count] */
    size_t trade_count;
    s1_dec initial_capital; /* > 0 */
    s1_dec fees;            /* the ledger's total */
    s1_dec funding, interest;
    double periods_per_year; /* 0: by the rule above */
    double risk_free_rate;   /* a year, as a fraction */
    uint64_t trials;         /* tried to find this run; 0 counts as 1 */
    double trials_variance;  /* of their Sharpe ratios, not annualised; 0: 1 / (n - 1) */
    s1_str benchmark;        /* the stream of series.benchmark, "" without */
} s1_statistics_input;

/* Computes everything. `ret_tables` may be NULL. Errors: S1_E_INVALID for a capital that is not
 * positive or times that do not rise, S1_E_RANGE when sums of money overflow, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_statistics_compute(const s1_statistics_input *input, s1_statistics *ret_statistics,
                            s1_statistics_tables *ret_tables, s1_err *err);
void s1_statistics_tables_free(s1_statistics_tables *tables); /* accepts NULL; empties it */

/* The chance that a Sharpe ratio `sharpe` (not annualised) of `n` returns with these moments is
 * truly above `threshold`; NaN where not defined. */
double s1_probabilistic_sharpe(double sharpe, double skew, double excess_kurtosis, double n,
                               double threshold);
/* The highest Sharpe ratio to expect of so many trials without skill; 0 for one. */
double s1_expected_best_sharpe(double trials, double variance);

/* Writes for each bar how far its equity lies below the highest so far (the initial capital
 * included), a fraction at or below zero. `ret_drawdown` is [series->count]. */
void s1_drawdown_fill(const s1_run_series *series, s1_dec initial_capital, double *ret_drawdown);

#endif /* S1_BACKEND_ANALYSIS_STATISTICS_H */
