#include "backend/utils/fs.h"
#include "backend/utils/locale.h"
#include "frontends/cli/cli.h"
#include "services/api/compare.h"
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

#define RUNS_MAX 8u

typedef struct comparison {
    s1_results *items[RUNS_MAX]; /* [count] */
    size_t count;
    bool is_all; /* every metric, not those above */
    s1_locale *locale;
    s1_comparison *made;
    const s1_comparison_view *view;
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

/* The star stands behind, and two blanks where there is none: the figures stay in line. */
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
    (void)snprintf(out, S1_FORMAT_MAX, "%s%s", text, is_best ? " *" : "  ");
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
    bool is_whole = s1_table_add(
        table,
        s1_results_metric_find(s1_results_view_borrow(c->items[0]), "deflated_sharpe")->label);
    for (size_t i = 0; i < c->count && is_whole; i++) {
        char buffer[S1_FORMAT_MAX], text[S1_FORMAT_MAX];
        const double chance = s1_api_results_deflated(c->items, c->count, i);
        const char *const share = s1_format_percent(chance, buffer);
        (void)snprintf(text, sizeof text, "%s  ", share + (share[0] == '+'));
        is_whole = s1_table_add(table, text);
    }
    return is_whole;
}

static void say(const s1_cli *cli, const comparison *c, const char *key, const char *slot,
                const char *value)
{
    s1_strbuf text;
    const s1_locale_value values[] = {{slot, value}};
    s1_strbuf_init(&text, 4096);
    s1_locale_word(c->locale, key, values, 1, &text);
    (void)fprintf(cli->out.out, "%s\n", s1_strbuf_cstr(&text));
    s1_strbuf_done(&text);
}

/* "A", "B", ...: folders are too long for columns. */
static const char *letter(size_t index)
{
    static const char letters[] = "A\0B\0C\0D\0E\0F\0G\0H";
    return letters + 2 * index;
}

/* A table of a column of names and one for each run. */
static s1_table *new_table(const comparison *c, const char *title,
                           s1_table_column columns[static RUNS_MAX + 1])
{
    columns[0] = (s1_table_column){.title = title};
    for (size_t i = 0; i < c->count; i++) {
        columns[i + 1] = (s1_table_column){.title = letter(i), .is_right = true};
    }
    return s1_table_new(columns, c->count + 1);
}

/* Which letter is which run. */
static s1_rc print_runs(s1_cli *cli, const comparison *c, s1_err *err)
{
    const s1_table_column columns[] = {
        {.title = ""},
        {.title = s1_locale_cstr(c->locale, "report.strategy"), .is_flexible = true},
        {.title = s1_locale_cstr(c->locale, "compare.market")},
        {.title = s1_locale_cstr(c->locale, "compare.from"), .is_optional = true},
        {.title = s1_locale_cstr(c->locale, "compare.to"), .is_optional = true},
        {.title = s1_locale_cstr(c->locale, "compare.results")}}; /* whole: it tells which it is */
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < c->count && is_whole; i++) {
        const s1_results_view *const view = s1_results_view_borrow(c->items[i]);
        char market[128], from[S1_FORMAT_MAX], to[S1_FORMAT_MAX];
        (void)snprintf(market, sizeof market, "%s %s", view->asset_pair, view->timeframe);
        is_whole =
            s1_table_add(table, letter(i)) && s1_table_add(table, view->link) &&
            s1_table_add(table, market) &&
            s1_table_add(table,
                         s1_format_time(s1_results_metric_find(view, "start_time")->text, from)) &&
            s1_table_add(table,
                         s1_format_time(s1_results_metric_find(view, "end_time")->text, to)) &&
            s1_table_add(table, view->dir);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_figures(s1_cli *cli, const comparison *c, s1_err *err)
{
    s1_table_column columns[RUNS_MAX + 1];
    s1_table *const table = new_table(c, "", columns);
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
    return s1_cli_table_end(cli, table, is_whole, err);
}

/* The pairs of one line: of which member, and how it reads. */
static const struct {
    const char *key;
    size_t offset;
    bool is_fraction, is_chance;
} paired[] = {
    {"compare.correlation", offsetof(s1_compare_pair, correlation), false, false},
    {"compare.mean", offsetof(s1_compare_pair, mean), true, false},
    {"compare.p", offsetof(s1_compare_pair, mean_p), false, true},
    {"compare.sharpe", offsetof(s1_compare_pair, sharpe), false, false},
    {"compare.p", offsetof(s1_compare_pair, sharpe_p), false, true},
};

static s1_rc print_pairs(s1_cli *cli, const comparison *c, s1_err *err)
{
    s1_table_column columns[RUNS_MAX + 1];
    s1_table *const table = new_table(c, s1_locale_cstr(c->locale, "compare.against"), columns);
    bool is_whole = table != NULL;
    for (size_t k = 0; k < sizeof paired / sizeof paired[0] && is_whole; k++) {
        is_whole = s1_table_add(table, s1_locale_cstr(c->locale, paired[k].key));
        for (size_t i = 0; i < c->count && is_whole; i++) {
            char buffer[S1_FORMAT_MAX] = "n/a";
            const double value = *(const double *)(const void *)((const char *)&c->view->pairs[i] +
                                                                 paired[k].offset);
            const char *text = buffer;
            if (i == 0) {
                text = "";
            } else if (paired[k].is_chance && isfinite(value)) {
                (void)snprintf(buffer, sizeof buffer, "%.3f", value);
            } else if (isfinite(value)) {
                text = paired[k].is_fraction ? s1_format_percent(value, buffer)
                                             : s1_format_ratio(value, buffer);
            }
            is_whole = s1_table_add(table, text);
        }
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

/* "    A, C 0    B 0.0001": runs of one value stand together. */
static void print_setting(const s1_cli *cli, const comparison *c, const s1_compare_setting *setting)
{
    (void)fprintf(cli->out.out, "  %s\n", setting->path);
    for (size_t i = 0; i < c->count; i++) {
        bool is_first = true; /* to have this value */
        for (size_t k = 0; k < i && is_first; k++) {
            is_first = strcmp(setting->values[k], setting->values[i]) != 0;
        }
        const char *separator = "    ";
        for (size_t k = i; k < c->count && is_first; k++) {
            if (strcmp(setting->values[k], setting->values[i]) == 0) {
                (void)fprintf(cli->out.out, "%s%s", separator, letter(k));
                separator = ", ";
            }
        }
        if (is_first) {
            (void)fprintf(cli->out.out, "  %s\n", setting->values[i]);
        }
    }
}

static void print_settings(const s1_cli *cli, const comparison *c)
{
    const s1_terminal *const terminal = &cli->out;
    char count[32];
    if (c->view->setting_count > 0) {
        (void)fprintf(terminal->out, "%s%s%s\n", s1_terminal_on(terminal, S1_STYLE_BOLD),
                      s1_locale_cstr(c->locale, "compare.settings"), s1_terminal_off(terminal));
    } else if (c->view->config_missing == 0) {
        say(cli, c, "compare.no_settings", "", "");
    }
    for (size_t i = 0; i < c->view->setting_count; i++) {
        print_setting(cli, c, &c->view->settings[i]);
    }
    if (c->view->settings_left_out > 0) {
        (void)snprintf(count, sizeof count, "%zu", c->view->settings_left_out);
        say(cli, c, "compare.more", "count", count);
    }
    if (c->view->config_missing > 0) {
        (void)snprintf(count, sizeof count, "%zu", c->view->config_missing);
        say(cli, c, "compare.unread", "count", count);
    }
}

/* What is not the same of the runs' facts, so that figures are not read against each other that
 * should not be. */
static void print_differences(const s1_cli *cli, const comparison *c)
{
    static const struct {
        const char *name;
        size_t offset;
    } facts[] = {
#define FACT(field) {#field, offsetof(s1_results_view, field)}
        FACT(strategy),       FACT(asset_pair), FACT(timeframe), FACT(currency),    FACT(fill_rule),
        FACT(ambiguity_rule), FACT(data_hash),  FACT(seed),      FACT(binary_hash), FACT(version),
#undef FACT
    };
    char text[256] = "";
    size_t at = 0;
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
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", at > 0 ? ", " : "",
                                   facts[f].name);
        }
    }
    for (size_t i = 1; i < c->count; i++) {
        const s1_results_view *const a = s1_results_view_borrow(c->items[0]);
        const s1_results_view *const b = s1_results_view_borrow(c->items[i]);
        if (a->periods_per_year < b->periods_per_year ||
            a->periods_per_year > b->periods_per_year) {
            at += (size_t)snprintf(text + at, sizeof text - at, "%speriods_per_year",
                                   at > 0 ? ", " : "");
            break;
        }
    }
    if (at > 0) {
        say(cli, c, "compare.facts", "facts", text);
    }
}

static s1_rc print_comparison(s1_cli *cli, const comparison *c, s1_err *err)
{
    char count[32];
    (void)snprintf(count, sizeof count, "%zu", c->count);
    S1_TRY(err, print_runs(cli, c, err));
    (void)fputc('\n', cli->out.out);
    S1_TRY(err, print_figures(cli, c, err));
    say(cli, c, "compare.trials", "count", count);
    if (c->view->has_returns) {
        (void)fputc('\n', cli->out.out);
        S1_TRY(err, print_pairs(cli, c, err));
        (void)snprintf(count, sizeof count, "%llu", (unsigned long long)c->view->pairs[1].pairs);
        say(cli, c, "compare.note", "count", count);
    }
    (void)fputc('\n', cli->out.out);
    print_settings(cli, c);
    print_differences(cli, c);
    if (!c->view->is_same_data) {
        say(cli, c, "compare.other_data", "", "");
    }
    return S1_OK;
}

static void write_pair(s1_json_writer *w, const s1_compare_pair *pair)
{
    s1_json_key_lit(w, "against_first");
    s1_json_object(w);
    s1_json_key_lit(w, "pairs");
    s1_json_u64(w, pair->pairs);
#define NUMBER(field)                                                                              \
    s1_json_key_lit(w, #field);                                                                    \
    s1_json_double(w, pair->field);
    NUMBER(correlation)
    NUMBER(mean)
    NUMBER(mean_t)
    NUMBER(mean_p)
    NUMBER(sharpe)
    NUMBER(sharpe_z)
    NUMBER(sharpe_p)
#undef NUMBER
    s1_json_object_end(w);
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
        write_pair(&w, &c->view->pairs[i]);
        s1_json_key_lit(&w, "settings"); /* those that differ */
        s1_json_object(&w);
        for (size_t k = 0; k < c->view->setting_count; k++) {
            s1_json_key(&w, s1_str_of(c->view->settings[k].path));
            s1_json_cstr(&w, c->view->settings[k].values[i]);
        }
        s1_json_object_end(&w);
        s1_json_key_lit(&w, "run");
        s1_json_raw(&w, s1_str_of(s1_results_view_borrow(c->items[i])->json));
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static s1_rc compare_runs(s1_cli *cli, comparison *c, s1_err *err)
{
    const s1_results_view *const first = s1_results_view_borrow(c->items[0]);
    S1_TRY(err, s1_locale_new(s1_language_parse(s1_str_of(first->language)), &c->locale, err));
    S1_TRY(err, s1_api_compare(c->items, c->count, &c->made, err));
    c->view = s1_comparison_view_borrow(c->made);
    return cli->is_json ? print_comparison_json(cli, c, err) : print_comparison(cli, c, err);
}

static int run_compare(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    comparison c = {.is_all = s1_cli_flag(args, "all")};
    s1_rc rc = S1_OK;
    for (size_t i = 0; rc == S1_OK && i < args->positional_count && i < RUNS_MAX; i++) {
        rc = s1_api_results_open(args->positionals[i], NULL, &c.items[i], err);
        c.count += rc == S1_OK;
    }
    if (rc == S1_OK) {
        rc = compare_runs(cli, &c, err);
    }
    s1_comparison_free(c.made);
    s1_locale_free(c.locale);
    for (size_t i = 0; i < c.count; i++) {
        s1_results_free(c.items[i]);
    }
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
    .detail = "The best of a line has a star. The others are held against the first: their paired "
              "returns tell how far a difference may be chance. Then the settings that differ, and "
              "what else the runs do not share. The deflated Sharpe ratio takes the runs as the "
              "trials that were made: the chance that the best of so many is more than luck.",
    .positionals_min = 2,
    .positionals_max = RUNS_MAX,
    .options = compare_options,
    .examples = compare_examples,
    .run = run_compare,
};
