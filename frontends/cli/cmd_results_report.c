#include "backend/utils/fs.h"
#include "frontends/cli/cli.h"
#include "services/api/report.h"
#include "services/api/results.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- results report. ---------------------------------------------------------------------- */

s1_rc s1_cli_write_report(s1_cli *cli, s1_results *results, const char *path, s1_err *err)
{
    char written[S1_PATH_MAX];
    S1_TRY(err, s1_api_report_write(results, path, written, err));
    if (!cli->is_json) {
        (void)fprintf(cli->out.out, "%s\n", written);
    }
    return S1_OK;
}

static int run_report(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    s1_results *results = NULL;
    s1_rc rc = s1_api_results_open(args->positionals[0], s1_cli_text(args, "link"), &results, err);
    if (rc == S1_OK) {
        rc = s1_cli_write_report(cli, results, s1_cli_text(args, "output"), err);
    }
    if (rc == S1_OK && cli->is_json) {
        s1_strbuf text;
        s1_json_writer w;
        char path[S1_PATH_MAX];
        const char *const output = s1_cli_text(args, "output");
        (void)snprintf(path, sizeof path, "%s/%s", s1_results_view_borrow(results)->dir,
                       S1_REPORT_FILE);
        s1_cli_json_begin(&text, &w);
        s1_json_object(&w);
        s1_json_key_lit(&w, "report");
        s1_json_cstr(&w, output != NULL ? output : path);
        s1_json_object_end(&w);
        rc = s1_cli_json_end(cli, &text, err);
    }
    s1_results_free(results);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option report_options[] = {
    {"output", 'o', S1_CLI_TEXT, "FILE", "where to, default report.html in the results", NULL},
    {"link", 'l', S1_CLI_TEXT, "LINK", "which run of an operation", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example report_examples[] = {
    {"results report results/demo", "results/demo/report.html, to open in a browser"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_results_report = {
    .name = "results report",
    .summary = "Write a run as one page of HTML that loads nothing",
    .usage = "RESULTS",
    .detail = "Equity and drawdown against buying and holding, months, distribution, rolling "
              "figures, trades on the price with their causes, refusals, ambiguous bars, costs, "
              "and every figure with its convention. The same run gives the same bytes.",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = report_options,
    .examples = report_examples,
    .run = run_report,
};

/* --- results compare. --------------------------------------------------------------------- */

/* What stands side by side, and whether more is better (1), less (-1), or neither. */
static const struct {
    const char *metric;
    int better;
    bool is_signed; /* a gain or a loss */
} compared[] = {
    {"total_return", 1, true},
    {"buy_and_hold_return", 0, true},
    {"cagr", 1, true},
    {"volatility", -1, false},
    {"sharpe", 1, true},
    {"sortino", 1, true},
    {"calmar", 1, true},
    {"max_drawdown", 1, true},
    {"ulcer_index", -1, false},
    {"cvar_95", 1, true},
    {"alpha", 1, true},
    {"beta", 0, true},
    {"exposure", 0, false},
    {"trade_count", 0, false},
    {"win_rate", 1, false},
    {"profit_factor", 1, false},
    {"expectancy", 1, true},
    {"sqn", 1, true},
    {"turnover", 0, false},
    {"cost_share", -1, false},
    {"probabilistic_sharpe", 1, false},
};

typedef struct comparison {
    s1_results **items; /* [count] */
    size_t count;
    bool is_all; /* every metric, not those above */
} comparison;

static double number_of(const s1_results *results, const char *metric)
{
    return s1_results_metric_find(s1_results_view_borrow(results), metric)->number;
}

/* The run that is best at it; `count` where none is, or several are as good. */
static size_t best_of(const comparison *c, const char *metric, int better)
{
    size_t best = c->count;
    bool is_shared = false;
    for (size_t i = 0; i < c->count && better != 0; i++) {
        const double value = number_of(c->items[i], metric) * better;
        const double most =
            best < c->count ? number_of(c->items[best], metric) * better : -HUGE_VAL;
        if (value > most) {
            best = i;
            is_shared = false;
        } else if (best < c->count && !(value < most)) {
            is_shared = is_shared || isfinite(value);
        }
    }
    return is_shared ? c->count : best;
}

static void format_value(const s1_results_metric *metric, bool is_best, bool is_signed,
                         char out[S1_FORMAT_MAX])
{
    char buffer[S1_FORMAT_MAX];
    const char *text = metric->text != NULL ? metric->text : "n/a";
    if (metric->text != NULL && strcmp(metric->kind, "FRACTION") == 0) {
        text = s1_format_percent(metric->number, buffer);
    } else if (metric->text != NULL && strcmp(metric->kind, "RATIO") == 0) {
        text = s1_format_ratio(metric->number, buffer);
    } else if (metric->text != NULL && strcmp(metric->kind, "TIME") == 0) {
        text = s1_format_time(metric->text, buffer);
    } else if (metric->text != NULL &&
               (strcmp(metric->kind, "AMOUNT") == 0 || strcmp(metric->kind, "MONEY") == 0 ||
                strcmp(metric->kind, "TRADE_MONEY") == 0)) {
        char digits[64];
        (void)snprintf(digits, sizeof digits, "%.6f", metric->number);
        text = s1_format_money(digits, buffer);
    }
    text += !is_signed && text[0] == '+';
    (void)snprintf(out, S1_FORMAT_MAX, "%s%s", is_best ? "* " : "", text);
}

static bool add_metric(s1_table *table, const comparison *c, const char *metric, int better,
                       bool is_signed)
{
    const size_t best = best_of(c, metric, better);
    bool is_whole = s1_table_add(
        table, s1_results_metric_find(s1_results_view_borrow(c->items[0]), metric)->label);
    for (size_t i = 0; i < c->count && is_whole; i++) {
        char text[S1_FORMAT_MAX];
        format_value(s1_results_metric_find(s1_results_view_borrow(c->items[i]), metric), i == best,
                     is_signed, text);
        is_whole = s1_table_add(table, text);
    }
    return is_whole;
}

static bool add_deflated(s1_table *table, const comparison *c)
{
    bool is_whole = s1_table_add(table, "Deflated Sharpe");
    for (size_t i = 0; i < c->count && is_whole; i++) {
        char buffer[S1_FORMAT_MAX];
        const double chance = s1_api_results_deflated(c->items, c->count, i);
        const char *const text = s1_format_percent(chance, buffer);
        is_whole = s1_table_add(table, text + (text[0] == '+'));
    }
    return is_whole;
}

/* What is not the same, so that figures are not read against each other that should not be. */
static void print_differences(const s1_cli *cli, const comparison *c)
{
    static const struct {
        const char *name;
        size_t offset;
    } facts[] = {
#define FACT(field) {#field, offsetof(s1_results_view, field)}
        FACT(strategy),  FACT(asset_pair),  FACT(timeframe), FACT(currency),    FACT(fill_rule),
        FACT(data_hash), FACT(config_hash), FACT(seed),      FACT(binary_hash), FACT(version),
#undef FACT
    };
    const char *separator = "\nnot the same: ";
    for (size_t f = 0; f < sizeof facts / sizeof facts[0]; f++) {
        bool is_same = true;
        const char *first = NULL;
        for (size_t i = 0; i < c->count; i++) {
            const char *const view = (const char *)s1_results_view_borrow(c->items[i]);
            const char *const value = *(const char *const *)(const void *)(view + facts[f].offset);
            first = i == 0 ? value : first;
            is_same = is_same && strcmp(first, value) == 0;
        }
        if (!is_same) {
            (void)fprintf(cli->out.out, "%s%s", separator, facts[f].name);
            separator = ", ";
        }
    }
    for (size_t i = 1; i < c->count; i++) {
        const s1_results_view *const a = s1_results_view_borrow(c->items[0]);
        const s1_results_view *const b = s1_results_view_borrow(c->items[i]);
        if (a->periods_per_year < b->periods_per_year ||
            a->periods_per_year > b->periods_per_year) {
            (void)fprintf(cli->out.out, "%speriods_per_year", separator);
            separator = ", ";
            break;
        }
    }
    (void)fprintf(cli->out.out, "\ndeflated Sharpe: of %zu trials, these\n", c->count);
}

static s1_rc print_comparison(s1_cli *cli, const comparison *c, s1_err *err)
{
    s1_table_column *const columns = calloc(c->count + 1, sizeof *columns);
    if (columns == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu results", c->count);
    }
    columns[0].title = "";
    for (size_t i = 0; i < c->count; i++) {
        columns[i + 1] =
            (s1_table_column){.title = s1_results_view_borrow(c->items[i])->dir, .is_right = true};
    }
    s1_table *const table = s1_table_new(columns, c->count + 1);
    bool is_whole = table != NULL;
    if (c->is_all) {
        const s1_results_view *const first = s1_results_view_borrow(c->items[0]);
        for (size_t i = 0; i < first->metric_count && is_whole; i++) {
            is_whole = add_metric(table, c, first->metrics[i].name, 0, true);
        }
    } else {
        for (size_t i = 0; i < sizeof compared / sizeof compared[0] && is_whole; i++) {
            is_whole =
                add_metric(table, c, compared[i].metric, compared[i].better, compared[i].is_signed);
        }
    }
    is_whole = is_whole && add_deflated(table, c);
    const s1_rc rc = s1_cli_table_end(cli, table, is_whole, err);
    free(columns);
    S1_TRY(err, rc);
    print_differences(cli, c);
    return S1_OK;
}

static s1_rc print_comparison_json(s1_cli *cli, const comparison *c, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_array(&w);
    for (size_t i = 0; i < c->count; i++) {
        s1_json_object(&w);
        s1_json_key_lit(&w, "trials");
        s1_json_u64(&w, c->count);
        s1_json_key_lit(&w, "deflated_sharpe");
        s1_json_double(&w, s1_api_results_deflated(c->items, c->count, i));
        s1_json_key_lit(&w, "run");
        s1_json_raw(&w, s1_str_of(s1_results_view_borrow(c->items[i])->json));
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static int run_compare(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    comparison c = {.is_all = s1_cli_flag(args, "all")};
    c.items = calloc(args->positional_count, sizeof *c.items);
    s1_rc rc = c.items != NULL
                   ? S1_OK
                   : S1_RAISE(err, S1_E_NO_MEMORY, "%u results", (unsigned)args->positional_count);
    for (size_t i = 0; rc == S1_OK && i < args->positional_count; i++) {
        rc = s1_api_results_open(args->positionals[i], NULL, &c.items[i], err);
        c.count += rc == S1_OK;
    }
    if (rc == S1_OK) {
        rc = cli->is_json ? print_comparison_json(cli, &c, err) : print_comparison(cli, &c, err);
    }
    for (size_t i = 0; i < c.count; i++) {
        s1_results_free(c.items[i]);
    }
    free(c.items);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option compare_options[] = {
    {"all", 'a', S1_CLI_FLAG, NULL, "every metric, not the main ones", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example compare_examples[] = {
    {"results compare results/demo results/demo-2", "their figures side by side"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_results_compare = {
    .name = "results compare",
    .summary = "Put the figures of several runs side by side",
    .usage = "RESULTS RESULTS...",
    .detail = "The best of a line has a star. What the runs do not share (data, configuration, "
              "fill rule) is named. The deflated Sharpe ratio takes the runs as the trials that "
              "were made: the chance that the best of so many is more than luck.",
    .positionals_min = 2,
    .positionals_max = 8,
    .options = compare_options,
    .examples = compare_examples,
    .run = run_compare,
};
