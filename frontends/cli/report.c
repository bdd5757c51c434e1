/* What a run was worth, on one screen. */
#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "services/api/results.h"

#include <math.h>
#include <string.h>

#define LABEL_WIDTH 16
#define VALUE_WIDTH 14

static const char *text_of(const s1_results_view *view, const char *name)
{
    const s1_results_metric *const metric = s1_results_metric_find(view, name);
    return metric != NULL ? metric->text : NULL;
}

static double number_of(const s1_results_view *view, const char *name)
{
    const s1_results_metric *const metric = s1_results_metric_find(view, name);
    return metric != NULL ? metric->number : (double)NAN;
}

static uint64_t count_of(const s1_results_view *view, const char *name)
{
    return s1_results_count_find(view, name);
}

static enum s1_style style_of(double value)
{
    return value > 0.0 ? S1_STYLE_GOOD : value < 0.0 ? S1_STYLE_BAD : S1_STYLE_PLAIN;
}

static const char *duration_of(const s1_results_view *view, const char *name, char *buffer)
{
    const double seconds = number_of(view, name);
    if (isfinite(seconds) && !(seconds > 0.0)) {
        (void)snprintf(buffer, S1_TIMEFRAME_TEXT_MAX, "none");
    } else if (isfinite(seconds)) {
        (void)s1_duration_print((s1_nanos)(seconds * 1e9), buffer);
    } else {
        (void)snprintf(buffer, S1_TIMEFRAME_TEXT_MAX, "n/a");
    }
    return buffer;
}

static void label(const s1_cli *cli, const char *name)
{
    (void)fprintf(cli->out.out, "  %-*s", LABEL_WIDTH, name);
}

static void heading(const s1_cli *cli, const char *text)
{
    (void)fprintf(cli->out.out, "\n%s%s%s\n", s1_terminal_on(&cli->out, S1_STYLE_BOLD), text,
                  s1_terminal_off(&cli->out));
}

static void print_value(const s1_cli *cli, const char *text, double sign)
{
    (void)fprintf(cli->out.out, "%s%*s%s", s1_terminal_on(&cli->out, style_of(sign)), VALUE_WIDTH,
                  text, s1_terminal_off(&cli->out));
}

static void print_head(const s1_cli *cli, const s1_results_view *view)
{
    FILE *const out = cli->out.out;
    char from[S1_FORMAT_MAX];
    char to[S1_FORMAT_MAX];
    char bars[S1_FORMAT_MAX];
    char warmup[S1_FORMAT_MAX];
    (void)fprintf(out, "%s%s%s on %s %s, %s, run %.8s\n\n",
                  s1_terminal_on(&cli->out, S1_STYLE_BOLD), view->link, s1_terminal_off(&cli->out),
                  view->asset_pair, view->timeframe, view->fill_rule, view->run_id);
    label(cli, "Period");
    (void)fprintf(out, "%s to %s\n", s1_format_time(text_of(view, "start_time"), from),
                  s1_format_time(text_of(view, "end_time"), to));
    label(cli, "Bars");
    (void)fprintf(out, "%s", s1_format_count(count_of(view, "ticks"), bars));
    if (count_of(view, "warmup_bars") > 0) {
        (void)fprintf(out, ", after %s for warm-up",
                      s1_format_count(count_of(view, "warmup_bars"), warmup));
    }
    (void)fputc('\n', out);
    label(cli, "Capital");
    (void)fprintf(out, "%s to ", s1_format_money(text_of(view, "initial_capital"), from));
    (void)fprintf(out, "%s %s\n", s1_format_money(text_of(view, "final_equity"), to),
                  view->currency);
}

static void print_against_market(const s1_cli *cli, const s1_results_view *view)
{
    static const char *const rows[][3] = {
        {"Return", "total_return", "buy_and_hold_return"},
        {"Max drawdown", "max_drawdown", "buy_and_hold_max_drawdown"},
    };
    char buffer[S1_FORMAT_MAX];
    (void)fprintf(cli->out.out, "\n  %-*s%*s%*s\n", LABEL_WIDTH, "", VALUE_WIDTH, "strategy",
                  VALUE_WIDTH + 2, "buy and hold");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double own = number_of(view, rows[i][1]);
        label(cli, rows[i][0]);
        print_value(cli, s1_format_percent(own, buffer), own);
        (void)fprintf(cli->out.out, "%*s\n", VALUE_WIDTH + 2,
                      s1_format_percent(number_of(view, rows[i][2]), buffer));
    }
}

static void print_ratios(const s1_cli *cli, const s1_results_view *view)
{
    FILE *const out = cli->out.out;
    char a[S1_FORMAT_MAX];
    char b[S1_FORMAT_MAX];
    char c[S1_FORMAT_MAX];
    char under[S1_TIMEFRAME_TEXT_MAX];
    label(cli, "CAGR");
    (void)fprintf(out, "%*s   volatility %s a year\n", VALUE_WIDTH,
                  s1_format_percent(number_of(view, "cagr"), a),
                  s1_format_percent(number_of(view, "volatility"), b) +
                      (b[0] == '+')); /* a width has no sign */
    label(cli, "Sharpe");
    (void)fprintf(out, "%*s   Sortino %s, Calmar %s\n", VALUE_WIDTH,
                  s1_format_ratio(number_of(view, "sharpe"), a),
                  s1_format_ratio(number_of(view, "sortino"), b),
                  s1_format_ratio(number_of(view, "calmar"), c));
    label(cli, "Under water");
    (void)fprintf(out, "%*s   at the longest\n", VALUE_WIDTH,
                  duration_of(view, "max_drawdown_duration", under));
    label(cli, "Exposure");
    (void)fprintf(out, "%*s   of the bars\n", VALUE_WIDTH,
                  s1_format_percent(number_of(view, "exposure"), a) + (a[0] == '+'));
    (void)fprintf(out, "  %s%s returns, %g periods a year, risk-free rate 0%s\n",
                  s1_terminal_on(&cli->out, S1_STYLE_DIM), view->sampling, view->periods_per_year,
                  s1_terminal_off(&cli->out));
}

static void print_trades(const s1_cli *cli, const s1_results_view *view)
{
    FILE *const out = cli->out.out;
    char a[S1_FORMAT_MAX];
    char b[S1_FORMAT_MAX];
    char held[S1_TIMEFRAME_TEXT_MAX];
    heading(cli, "Trades");
    label(cli, "Closed");
    (void)fprintf(out, "%*s", VALUE_WIDTH, s1_format_count(count_of(view, "trades"), a));
    if (count_of(view, "trades") > 0) {
        (void)fprintf(out, "   %s won, held %s on average",
                      s1_format_percent(number_of(view, "win_rate"), b) + (b[0] == '+'),
                      duration_of(view, "avg_trade_duration", held));
    }
    (void)fprintf(out, "\n");
    if (count_of(view, "open_positions") > 0) {
        label(cli, "Still open");
        (void)fprintf(out, "%*s   at the end of the data\n", VALUE_WIDTH,
                      s1_format_count(count_of(view, "open_positions"), a));
    }
    if (count_of(view, "trades") > 0) {
        char expectancy[32];
        (void)snprintf(expectancy, sizeof expectancy, "%.6f", number_of(view, "expectancy"));
        label(cli, "Expectancy");
        (void)fprintf(out, "%*s   %s a trade, profit factor %s\n", VALUE_WIDTH,
                      s1_format_money(expectancy, a), view->currency,
                      s1_format_ratio(number_of(view, "profit_factor"), b));
        label(cli, "Best, worst");
        (void)fprintf(out, "%*s   %s\n", VALUE_WIDTH,
                      s1_format_money(text_of(view, "best_trade"), a),
                      s1_format_money(text_of(view, "worst_trade"), b));
    }
    label(cli, "Net profit");
    print_value(cli, s1_format_money(text_of(view, "net_profit"), a),
                number_of(view, "net_profit"));
    (void)fprintf(out, "   after fees of %s %s\n", s1_format_money(text_of(view, "fees"), b),
                  view->currency);
}

static void print_funnel(const s1_cli *cli, const s1_results_view *view)
{
    static const char *const stages[] = {"governor", "entry", "exit", "size",
                                         "routing",  "gate",  "venue"};
    FILE *const out = cli->out.out;
    char a[S1_FORMAT_MAX];
    heading(cli, "Opportunities");
    label(cli, "Detected");
    (void)fprintf(out, "%*s\n", VALUE_WIDTH, s1_format_count(count_of(view, "opportunities"), a));
    label(cli, "Approved");
    (void)fprintf(out, "%*s\n", VALUE_WIDTH, s1_format_count(count_of(view, "approved"), a));
    label(cli, "Refused");
    (void)fprintf(out, "%*s", VALUE_WIDTH, s1_format_count(count_of(view, "rejected"), a));
    const char *separator = "   ";
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "rejected_%s", stages[i]);
        if (count_of(view, name) > 0) {
            (void)fprintf(out, "%s%s %s", separator, stages[i],
                          s1_format_count(count_of(view, name), a));
            separator = ", ";
        }
    }
    (void)fprintf(out, "\n");
    label(cli, "Threats");
    (void)fprintf(out, "%*s   ", VALUE_WIDTH, s1_format_count(count_of(view, "threats"), a));
    (void)fprintf(out, "trades closed by one: %s\n",
                  s1_format_count(count_of(view, "closed_by_threat"), a));
    if (count_of(view, "ambiguous_bars") > 0) {
        label(cli, "Ambiguous bars");
        (void)fprintf(out, "%*s   where a rule had to decide; see run.json\n", VALUE_WIDTH,
                      s1_format_count(count_of(view, "ambiguous_bars"), a));
    }
}

/* A trade worth asking about: the last one. */
static s1_rc print_next(const s1_cli *cli, s1_results *results, s1_err *err)
{
    const s1_results_view *const view = s1_results_view_borrow(results);
    const s1_results_trade *trades = NULL;
    size_t count = 0;
    S1_TRY(err, s1_api_results_trades(results, &trades, &count, err));
    heading(cli, "Next");
    const bool has_journal = strcmp(view->journal_level, "full") == 0;
    if (has_journal && count > 0) {
        (void)fprintf(cli->out.out, "  s1mpletrader explain %s %.8s\n", view->dir,
                      trades[count - 1].trade_id);
    }
    if (has_journal && count_of(view, "rejected") > 0) {
        (void)fprintf(cli->out.out, "  s1mpletrader explain %s --rejected\n", view->dir);
    }
    (void)fprintf(cli->out.out, "  s1mpletrader results show %s --trades\n", view->dir);
    return S1_OK;
}

s1_rc s1_cli_print_report(s1_cli *cli, s1_results *results, s1_err *err)
{
    const s1_results_view *const view = s1_results_view_borrow(results);
    print_head(cli, view);
    print_against_market(cli, view);
    print_ratios(cli, view);
    print_trades(cli, view);
    print_funnel(cli, view);
    (void)fprintf(cli->out.out, "\n");
    label(cli, "Results");
    (void)fprintf(cli->out.out, "%s\n", view->dir);
    return print_next(cli, results, err);
}
