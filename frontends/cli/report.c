/* What a run was worth, on one screen. */
#include "backend/utils/locale.h"
#include "backend/utils/timefmt.h"
#include "frontends/cli/cli.h"
#include "services/api/results.h"

#include <math.h>
#include <string.h>

#define LABEL_WIDTH    16
#define VALUE_WIDTH    14
#define TEXT_BYTES_MAX 4096u

/* What is printed, where, and in which words. */
typedef struct report {
    const s1_cli *cli;
    const s1_results_view *view;
    const s1_locale *locale;
} report;

/* Prints a text with its slots filled. */
static void say_values(const report *r, const char *key, const s1_locale_value *values,
                       size_t count)
{
    s1_strbuf text;
    s1_strbuf_init(&text, TEXT_BYTES_MAX);
    s1_locale_word(r->locale, key, values, count, &text);
    (void)fwrite(text.data, 1, text.len, r->cli->out.out);
    s1_strbuf_done(&text);
}
#define SAY(r, key, ...)                                                                           \
    say_values((r), (key), (const s1_locale_value[]){__VA_ARGS__},                                 \
               sizeof((const s1_locale_value[]){__VA_ARGS__}) / sizeof(s1_locale_value))

static const char *words(const report *r, const char *key)
{
    return s1_locale_cstr(r->locale, key);
}

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

static const char *duration_of(const report *r, const char *name, char *buffer)
{
    const double seconds = number_of(r->view, name);
    if (isfinite(seconds) && !(seconds > 0.0)) {
        (void)snprintf(buffer, S1_TIMEFRAME_TEXT_MAX, "%s", words(r, "report.none"));
    } else if (isfinite(seconds)) {
        (void)s1_duration_print((s1_nanos)(seconds * 1e9), buffer);
    } else {
        (void)snprintf(buffer, S1_TIMEFRAME_TEXT_MAX, "%s", words(r, "report.not_defined"));
    }
    return buffer;
}

static void label(const report *r, const char *key)
{
    (void)fprintf(r->cli->out.out, "  %-*s", LABEL_WIDTH, words(r, key));
}

static void heading(const report *r, const char *key)
{
    const s1_terminal *const terminal = &r->cli->out;
    (void)fprintf(terminal->out, "\n%s%s%s\n", s1_terminal_on(terminal, S1_STYLE_BOLD),
                  words(r, key), s1_terminal_off(terminal));
}

static void print_value(const s1_cli *cli, const char *text, double sign)
{
    (void)fprintf(cli->out.out, "%s%*s%s", s1_terminal_on(&cli->out, style_of(sign)), VALUE_WIDTH,
                  text, s1_terminal_off(&cli->out));
}

/* The equity at even steps over the run, in eight heights. */
static void print_sparkline(const report *r)
{
    static const char *const heights[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                          "\u2585", "\u2586", "\u2587", "\u2588"};
    const s1_results_view *const view = r->view;
    if (view->line_count == 0) {
        return;
    }
    double low = view->line[0];
    double high = view->line[0];
    for (size_t i = 0; i < view->line_count; i++) {
        low = view->line[i] < low ? view->line[i] : low;
        high = view->line[i] > high ? view->line[i] : high;
    }
    label(r, "report.equity");
    for (size_t i = 0; i < view->line_count; i++) {
        const double place = high > low ? (view->line[i] - low) / (high - low) * 7.999 : 0.0;
        (void)fputs(heights[(size_t)place], r->cli->out.out);
    }
    (void)fputc('\n', r->cli->out.out);
}

static void print_head(const report *r)
{
    const s1_cli *const cli = r->cli;
    const s1_results_view *const view = r->view;
    FILE *const out = cli->out.out;
    char from[S1_FORMAT_MAX];
    char to[S1_FORMAT_MAX];
    char bars[S1_FORMAT_MAX];
    char warmup[S1_FORMAT_MAX];
    char link[256], run[16];
    (void)snprintf(link, sizeof link, "%s%s%s", s1_terminal_on(&cli->out, S1_STYLE_BOLD),
                   view->link, s1_terminal_off(&cli->out));
    (void)snprintf(run, sizeof run, "%.8s", view->run_id);
    SAY(r, "report.head", {"link", link}, {"pair", view->asset_pair},
        {"timeframe", view->timeframe}, {"fill_rule", view->fill_rule}, {"run", run});
    (void)fputs("\n\n", out);
    print_sparkline(r);
    label(r, "report.period");
    SAY(r, "report.period_value", {"from", s1_format_time(text_of(view, "start_time"), from)},
        {"to", s1_format_time(text_of(view, "end_time"), to)});
    (void)fputc('\n', out);
    label(r, "report.ticks");
    (void)s1_format_count(count_of(view, "ticks"), bars);
    if (count_of(view, "warmup_bars") > 0) {
        SAY(r, "report.ticks_after_warmup", {"bars", bars},
            {"warmup", s1_format_count(count_of(view, "warmup_bars"), warmup)});
    } else {
        (void)fputs(bars, out);
    }
    (void)fputc('\n', out);
    label(r, "report.capital");
    SAY(r, "report.capital_value",
        {"from", s1_format_money(text_of(view, "initial_capital"), from)},
        {"to", s1_format_money(text_of(view, "final_equity"), to)}, {"currency", view->currency});
    (void)fputc('\n', out);
}

static void print_against_market(const report *r)
{
    const s1_cli *const cli = r->cli;
    const s1_results_view *const view = r->view;
    static const char *const rows[][3] = {
        {"report.return", "total_return", "buy_and_hold_return"},
        {"report.max_drawdown", "max_drawdown", "buy_and_hold_max_drawdown"},
    };
    char buffer[S1_FORMAT_MAX];
    (void)fprintf(cli->out.out, "\n  %-*s%*s%*s\n", LABEL_WIDTH, "", VALUE_WIDTH,
                  words(r, "report.strategy"), VALUE_WIDTH + 2, words(r, "report.buy_and_hold"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double own = number_of(view, rows[i][1]);
        label(r, rows[i][0]);
        print_value(cli, s1_format_percent(own, buffer), own);
        (void)fprintf(cli->out.out, "%*s\n", VALUE_WIDTH + 2,
                      s1_format_percent(number_of(view, rows[i][2]), buffer));
    }
}

static void print_ratios(const report *r)
{
    const s1_cli *const cli = r->cli;
    const s1_results_view *const view = r->view;
    FILE *const out = cli->out.out;
    char a[S1_FORMAT_MAX];
    char b[S1_FORMAT_MAX];
    char c[S1_FORMAT_MAX];
    char under[S1_TIMEFRAME_TEXT_MAX];
    label(r, "report.cagr");
    (void)fprintf(out, "%*s   ", VALUE_WIDTH, s1_format_percent(number_of(view, "cagr"), a));
    (void)s1_format_percent(number_of(view, "volatility"), b);
    SAY(r, "report.volatility", {"volatility", b + (b[0] == '+')}); /* a width has no sign */
    (void)fputc('\n', out);
    label(r, "report.sharpe");
    (void)fprintf(out, "%*s   ", VALUE_WIDTH, s1_format_ratio(number_of(view, "sharpe"), a));
    SAY(r, "report.ratios", {"sortino", s1_format_ratio(number_of(view, "sortino"), b)},
        {"calmar", s1_format_ratio(number_of(view, "calmar"), c)});
    (void)fputc('\n', out);
    label(r, "report.under_water");
    (void)fprintf(out, "%*s   %s\n", VALUE_WIDTH, duration_of(r, "max_drawdown_duration", under),
                  words(r, "report.longest"));
    label(r, "report.exposure");
    (void)fprintf(out, "%*s   %s\n", VALUE_WIDTH,
                  s1_format_percent(number_of(view, "exposure"), a) + (a[0] == '+'),
                  words(r, "report.of_the_bars"));
    (void)snprintf(b, sizeof b, "report.sampling_%s", view->sampling);
    (void)snprintf(c, sizeof c, "%g", view->periods_per_year);
    (void)fprintf(out, "  %s", s1_terminal_on(&cli->out, S1_STYLE_DIM));
    (void)snprintf(a, sizeof a, "%g", view->risk_free_rate);
    SAY(r, "report.returns", {"sampling", words(r, b)}, {"periods", c}, {"rate", a});
    (void)fprintf(out, "%s\n", s1_terminal_off(&cli->out));
}

static void print_trades(const report *r)
{
    const s1_cli *const cli = r->cli;
    const s1_results_view *const view = r->view;
    FILE *const out = cli->out.out;
    char a[S1_FORMAT_MAX];
    char b[S1_FORMAT_MAX];
    char held[S1_TIMEFRAME_TEXT_MAX];
    heading(r, "report.trades");
    label(r, "report.closed");
    (void)fprintf(out, "%*s", VALUE_WIDTH, s1_format_count(count_of(view, "trades"), a));
    if (count_of(view, "trades") > 0) {
        (void)s1_format_percent(number_of(view, "win_rate"), b);
        (void)fputs("   ", out);
        SAY(r, "report.won", {"share", b + (b[0] == '+')},
            {"duration", duration_of(r, "avg_trade_duration", held)});
    }
    (void)fprintf(out, "\n");
    if (count_of(view, "open_positions") > 0) {
        label(r, "report.still_open");
        (void)fprintf(out, "%*s   %s\n", VALUE_WIDTH,
                      s1_format_count(count_of(view, "open_positions"), a),
                      words(r, "report.end_of_data"));
    }
    if (count_of(view, "trades") > 0) {
        char expectancy[32];
        (void)snprintf(expectancy, sizeof expectancy, "%.6f", number_of(view, "expectancy"));
        label(r, "report.expectancy");
        (void)fprintf(out, "%*s   ", VALUE_WIDTH, s1_format_money(expectancy, a));
        SAY(r, "report.a_trade", {"currency", view->currency},
            {"factor", s1_format_ratio(number_of(view, "profit_factor"), b)});
        (void)fputc('\n', out);
        label(r, "report.best_worst");
        (void)fprintf(out, "%*s   %s\n", VALUE_WIDTH,
                      s1_format_money(text_of(view, "best_trade"), a),
                      s1_format_money(text_of(view, "worst_trade"), b));
    }
    label(r, "report.net_profit");
    print_value(cli, s1_format_money(text_of(view, "net_profit"), a),
                number_of(view, "net_profit"));
    (void)fputs("   ", out);
    SAY(r, "report.fees", {"fees", s1_format_money(text_of(view, "fees"), b)},
        {"currency", view->currency});
    (void)fputc('\n', out);
}

static void print_funnel(const report *r)
{
    const s1_cli *const cli = r->cli;
    const s1_results_view *const view = r->view;
    static const char *const stages[] = {"governor", "entry", "exit", "size",
                                         "routing",  "gate",  "venue"};
    FILE *const out = cli->out.out;
    char a[S1_FORMAT_MAX];
    heading(r, "report.opportunities");
    label(r, "report.detected");
    (void)fprintf(out, "%*s\n", VALUE_WIDTH, s1_format_count(count_of(view, "opportunities"), a));
    label(r, "report.approved");
    (void)fprintf(out, "%*s\n", VALUE_WIDTH, s1_format_count(count_of(view, "approved"), a));
    label(r, "report.refused");
    (void)fprintf(out, "%*s", VALUE_WIDTH, s1_format_count(count_of(view, "rejected"), a));
    const char *separator = "   ";
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "rejected_%s", stages[i]);
        if (count_of(view, name) > 0) {
            char key[32];
            (void)snprintf(key, sizeof key, "report.stage_%s", stages[i]);
            (void)fprintf(out, "%s%s %s", separator, words(r, key),
                          s1_format_count(count_of(view, name), a));
            separator = ", ";
        }
    }
    (void)fprintf(out, "\n");
    label(r, "report.threats");
    (void)fprintf(out, "%*s   ", VALUE_WIDTH, s1_format_count(count_of(view, "threats"), a));
    SAY(r, "report.by_threat", {"count", s1_format_count(count_of(view, "closed_by_threat"), a)});
    (void)fputc('\n', out);
    if (count_of(view, "ambiguous_bars") > 0) {
        label(r, "report.ambiguous_bars");
        (void)fprintf(out, "%*s   %s\n", VALUE_WIDTH,
                      s1_format_count(count_of(view, "ambiguous_bars"), a),
                      words(r, "report.ambiguous"));
    }
}

/* What to know before believing the above. */
static void print_diagnosis(const report *r)
{
    const s1_terminal *const terminal = &r->cli->out;
    if (r->view->diagnosis_count == 0) {
        return;
    }
    heading(r, "report.diagnosis");
    for (size_t i = 0; i < r->view->diagnosis_count; i++) {
        const s1_results_diagnosis *const item = &r->view->diagnoses[i];
        (void)fprintf(terminal->out, "  %s%s %s%s\n",
                      s1_terminal_on(terminal, item->is_warning ? S1_STYLE_WARN : S1_STYLE_PLAIN),
                      item->is_warning ? "!" : "-", item->cause, s1_terminal_off(terminal));
        (void)fprintf(terminal->out, "    %s%s%s\n", s1_terminal_on(terminal, S1_STYLE_DIM),
                      item->advice, s1_terminal_off(terminal));
    }
}

/* A trade worth asking about: the last one. */
static s1_rc print_next(const report *r, s1_results *results, s1_err *err)
{
    const s1_cli *const cli = r->cli;
    const s1_results_view *const view = r->view;
    const s1_results_trade *trades = NULL;
    size_t count = 0;
    S1_TRY(err, s1_api_results_trades(results, &trades, &count, err));
    heading(r, "report.next");
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
    s1_locale *locale;
    S1_TRY(err, s1_locale_new(s1_language_parse(s1_str_of(view->language)), &locale, err));
    const report r = {cli, view, locale};
    print_head(&r);
    print_against_market(&r);
    print_ratios(&r);
    print_trades(&r);
    print_funnel(&r);
    print_diagnosis(&r);
    (void)fprintf(cli->out.out, "\n");
    label(&r, "report.results");
    (void)fprintf(cli->out.out, "%s\n", view->dir);
    const s1_rc rc = print_next(&r, results, err);
    s1_locale_free(locale);
    return rc;
}
