/* docs/statistics.md: the table of statistics.h in words. */
#include "backend/analysis/statistics.h"

#include <string.h>

static const char intro[] =
    "# Statistics\n"
    "\n"
    "What `result_metrics.json` holds of a run, from the table in `backend/analysis/statistics.h` "
    "(`make docs`\n"
    "writes this page). `results show RESULTS --metrics` lists the values, `--conventions` what "
    "each was made of;\n"
    "in the file that stands under `convention_of`. How returns are sampled: "
    "[results](results.md#result_metricsjson).\n"
    "\n"
    "A value that is not defined is `null`. \"Above rf\" means that the risk-free rate of a "
    "period, "
    "`(1 + rate)^(1 / periods_per_year) - 1`,\n"
    "is taken off each return first. `deflated_sharpe` compares with the best Sharpe ratio that "
    "`trials` trials\n"
    "without skill would give (Bailey and Lopez de Prado 2014), their Sharpe ratios varying by "
    "`1 / (n - 1)`.\n"
    "\n"
    "What a figure takes as given stands in the environment, under `statistics` "
    "([configuration](configuration.md)):\n"
    "`risk_free_rate` (0), `periods_per_year` (365 where the market trades on Saturdays, else "
    "252), `benchmark` (the primary\n"
    "stream; another stream of the blueprint, e.g. `BTC/USD@1h`: before its first bar it stands "
    "at its first close),\n"
    "`trials` (1) and `trials_variance`. `backtest ... --set "
    "environments.NAME.statistics.risk_free_rate=0.03` changes one for a\n"
    "run. Each value names what it was made with, in `convention_of` and in the report.\n"
    "\n"
    "## Against other programs\n"
    "\n"
    "On the same daily returns every value of the same name in quantstats 0.0.81, empyrical "
    "0.7.1 and NautilusTrader\n"
    "is the same within 1e-9: `tests/backend/analysis/statistics_test.c` on the fixture, "
    "`statistics_oracle_test.py`\n"
    "on runs of our own. Where the convention differs:\n"
    "\n"
    "| they | we |\n"
    "|---|---|\n"
    "| quantstats and empyrical take 252 periods a year unless told | 365 where the market trades "
    "on Saturdays |\n"
    "| quantstats `alpha` is linear | `alpha` compounds, as empyrical and NautilusTrader; theirs "
    "is `alpha_quantstats` |\n"
    "| quantstats `information_ratio` and `treynor_ratio` are not annualised | annualised, as "
    "NautilusTrader; theirs end in `_quantstats` |\n"
    "| quantstats `value_at_risk`, `conditional_value_at_risk` assume a normal distribution | "
    "historical, as empyrical; theirs end in `_normal` |\n"
    "| quantstats `exposure` counts returns that are not 0 and rounds up to whole percents; `rar` "
    "divides by it | `active_share` is not rounded; `exposure` counts bars with a position |\n"
    "| quantstats `probabilistic_sharpe_ratio` puts the excess kurtosis where the kurtosis "
    "belongs | the kurtosis, as the paper |\n"
    "| quantstats `win_rate`, `profit_factor`, `payoff_ratio`, `kelly_criterion` are of returns | "
    "of trades; of returns they are `up_share`, `omega`, `return_payoff`, `return_kelly` |\n"
    "| quantstats `risk_of_ruin`, `profit_ratio`, the returns of the last 3 and 6 months and of 1 "
    "to 10 years | not given; `month_to_date`, `year_to_date` and the tables of months and years "
    "are |\n"
    "| quantstats `Win Quarter`, `Win Year`, `Win Month` divide by those that are not 0 | by all "
    "|\n"
    "| quantstats, empyrical `max_drawdown` are of the sampled returns | of every bar, so deeper "
    "or the same; `calmar` and `recovery_factor` follow |\n"
    "| LEAN `SharpeRatio`, `SortinoRatio`, Freqtrade's and backtesting.py's are other formulas | "
    "given under their names, last group |\n"
    "| Freqtrade `SQN`, `Expectancy`, backtesting.py `SQN` | the same, over pnl after fees |\n"
    "| NautilusTrader `Max Winner`, `Avg Winner`, `Min Winner`, and of losers | `best_trade`, "
    "`avg_win`, `smallest_win`; `worst_trade`, `avg_loss`, `smallest_loss` |\n"
    "| NautilusTrader `Average (Return)`, `Average Win (Return)`, `Average Loss (Return)`, `Long "
    "Ratio`, `Profit Factor` of returns | `avg_trade`, `avg_win_return`, `avg_loss_return`, "
    "`long_share` (not rounded), `omega` |\n"
    "| Freqtrade `Absolute Drawdown`, min and max duration of winners and losers, avg. stake | "
    "`closed_drawdown`, `min_win_duration` and so on, `avg_stake` |\n"
    "| LEAN `TotalProfit`, `TotalLoss`, `MedianTradeDuration`, `MaximumClosedTradeDrawdown`, "
    "`ProfitToMaxDrawdownRatio`, `SharpeRatio` of trades, `MaximumEndTradeDrawdown`, "
    "`AverageEndTradeDrawdown` | `gross_profit`, `gross_loss`, `median_trade_duration`, "
    "`closed_drawdown`, `profit_to_drawdown`, `trade_sharpe`, `max_give_back`, `avg_give_back` (as "
    "fractions of the entry) |\n"
    "| LEAN `AnnualVariance`, estimated capacity, `MaximumIntraTradeDrawdown` | `volatility` "
    "squared; not given; `max_drawdown` knows every bar |\n";

/* Words for a basis: "returns; annual; ddof 1; above rf". */
static void print_basis(uint32_t basis, s1_strbuf *out)
{
    static const struct {
        uint32_t flag;
        const char *text;
    } flags[] = {{S1_ANNUAL, "; annual"},
                 {S1_DDOF_0, "; ddof 0"},
                 {S1_DDOF_1, "; ddof 1"},
                 {S1_RISK_FREE, "; above rf"},
                 {S1_QUANTILE, "; linear quantiles"},
                 {S1_TRIALS, "; trials"}};
    const char *const sample = s1_basis_sample(basis);
    s1_strbuf_cstr_add(out, sample != NULL ? s1_basis_samples(s1_str_of(sample)) : "run");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        s1_strbuf_cstr_add(out, (basis & flags[i].flag) != 0 ? flags[i].text : "");
    }
}

void s1_statistics_print_docs(s1_strbuf *out)
{
    size_t count;
    const s1_statistic *const table = s1_statistics_table(&count);
    s1_strbuf_cstr_add(out, intro);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(table[i].group, table[i - 1].group) != 0) {
            s1_strbuf_printf(out,
                             "\n## %s\n\n| name | label | of | definition |\n|---|---|---|---|\n",
                             table[i].group);
        }
        s1_strbuf_printf(out, "| `%s` | %s | ", table[i].name, table[i].label);
        print_basis(table[i].basis, out);
        s1_strbuf_printf(out, " | %s |\n", table[i].definition);
    }
}
