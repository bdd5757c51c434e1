#include "backend/utils/fs.h"
#include "backend/utils/timefmt.h"
#include "frontends/cli/report_operation.h"
#include "services/api/results.h"

#include <string.h>

/* --- results list. ------------------------------------------------------------------------ */

static double number_of(const s1_results_view *view, const char *name)
{
    return s1_results_metric_find(view, name)->number;
}

static s1_rc print_list(s1_cli *cli, const s1_results_list *list, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "results", .is_flexible = true}, {.title = "strategy", .is_flexible = true},
        {.title = "market", .is_flexible = true},  {.title = "return", .is_right = true},
        {.title = "drawdown", .is_right = true},   {.title = "Sharpe", .is_right = true},
        {.title = "trades", .is_right = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < list->count && is_whole; i++) {
        const s1_results_view *const view = s1_results_view_borrow(list->items[i]);
        char buffer[S1_FORMAT_MAX];
        char market[128];
        (void)snprintf(market, sizeof market, "%s %s", view->asset_pair, view->timeframe);
        is_whole =
            s1_table_add(table, view->dir) && s1_table_add(table, view->link) &&
            s1_table_add(table, market) &&
            s1_table_add(table, s1_format_percent(number_of(view, "total_return"), buffer)) &&
            s1_table_add(table, s1_format_percent(number_of(view, "max_drawdown"), buffer)) &&
            s1_table_add(table, s1_format_ratio(number_of(view, "sharpe"), buffer)) &&
            s1_table_add(table, s1_format_count(s1_results_count_find(view, "trades"), buffer));
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static void print_sums(s1_cli *cli, const s1_operation_view *view, bool is_first)
{
    for (size_t i = 0; i < view->sum_count; i++) {
        char capital[S1_FORMAT_MAX], equity[S1_FORMAT_MAX];
        (void)fprintf(cli->out.out, "%s%s: %llu links, %s to %s %s\n",
                      is_first && i == 0 ? "\n" : "", view->dir,
                      (unsigned long long)view->sums[i].links,
                      s1_format_money(view->sums[i].initial_capital, capital),
                      s1_format_money(view->sums[i].equity, equity), view->sums[i].currency);
    }
}

/* The sums of the operations the runs belong to: those of one stand side by side in the list. What
 * cannot be read is left to `results check`. */
static void print_operations(s1_cli *cli, const s1_results_list *list)
{
    char last[S1_PATH_MAX] = "";
    bool is_first = true;
    for (size_t i = 0; i < list->count; i++) {
        char dir[S1_PATH_MAX];
        const s1_str parent =
            s1_str_dirname(s1_str_of(s1_results_view_borrow(list->items[i])->dir));
        if (parent.len == 0 || parent.len >= sizeof dir) {
            continue;
        }
        (void)snprintf(dir, sizeof dir, "%.*s", S1_STR_ARG(parent));
        s1_operation_report *report = NULL;
        if (strcmp(dir, last) != 0 && s1_api_is_operation(dir) &&
            s1_api_operation_open(dir, &report, NULL) == S1_OK) {
            print_sums(cli, s1_operation_view_borrow(report), is_first);
            is_first = false;
        }
        s1_operation_report_free(report);
        memcpy(last, dir, sizeof last);
    }
}

static s1_rc print_list_json(s1_cli *cli, const s1_results_list *list, s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_array(&w);
    for (size_t i = 0; i < list->count; i++) {
        const s1_results_view *const view = s1_results_view_borrow(list->items[i]);
        s1_json_object(&w);
        s1_json_key_lit(&w, "results");
        s1_json_cstr(&w, view->dir);
        s1_json_key_lit(&w, "run_id");
        s1_json_cstr(&w, view->run_id);
        s1_json_key_lit(&w, "strategy_link_id");
        s1_json_cstr(&w, view->link);
        s1_json_key_lit(&w, "asset_pair");
        s1_json_cstr(&w, view->asset_pair);
        s1_json_key_lit(&w, "timeframe");
        s1_json_cstr(&w, view->timeframe);
        s1_json_key_lit(&w, "total_return");
        s1_json_double(&w, number_of(view, "total_return"));
        s1_json_key_lit(&w, "max_drawdown");
        s1_json_double(&w, number_of(view, "max_drawdown"));
        s1_json_key_lit(&w, "sharpe");
        s1_json_double(&w, number_of(view, "sharpe"));
        s1_json_key_lit(&w, "trades");
        s1_json_u64(&w, s1_results_count_find(view, "trades"));
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static int run_list(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const char *const root = args->positional_count > 0 ? args->positionals[0] : "results";
    s1_results_list list;
    s1_rc rc = s1_api_results_list(root, &list, err);
    if (rc != S1_OK) {
        return s1_exit_from_rc(rc);
    }
    if (cli->is_json) {
        rc = print_list_json(cli, &list, err);
    } else if (list.count == 0) {
        (void)fprintf(cli->out.out, "no results under %s\n", root);
    } else {
        rc = print_list(cli, &list, err);
        if (rc == S1_OK) {
            print_operations(cli, &list);
        }
    }
    if (list.unreadable_count > 0) {
        (void)fprintf(cli->err.out, "warning: %zu results could not be read\n",
                      list.unreadable_count);
    }
    s1_results_list_free(&list);
    return s1_exit_from_rc(rc);
}

static const s1_cli_example list_examples[] = {
    {"results list", "what lies below ./results"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_results_list = {
    .name = "results list",
    .summary = "List the runs below a folder with their main figures",
    .usage = "[DIR]",
    .positionals_max = 1,
    .examples = list_examples,
    .run = run_list,
};

/* --- results show. ------------------------------------------------------------------------ */

static const char *held_text(s1_nanos held, char buffer[static S1_TIMEFRAME_TEXT_MAX])
{
    if (held > 0) {
        (void)s1_duration_print(held, buffer);
        return buffer;
    }
    return "0";
}

static s1_rc print_trades(s1_cli *cli, const s1_results_trade *trades, size_t count, uint64_t limit,
                          s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "trade"},
        {.title = "side"},
        {.title = "quantity", .is_right = true},
        {.title = "entered"},
        {.title = "entry", .is_right = true},
        {.title = "left", .is_optional = true},
        {.title = "exit", .is_right = true},
        {.title = "held", .is_right = true, .is_optional = true},
        {.title = "MAE", .is_right = true, .is_optional = true},
        {.title = "MFE", .is_right = true, .is_optional = true},
        {.title = "fees", .is_right = true, .is_optional = true},
        {.title = "pnl", .is_right = true},
        {.title = "closed by", .is_flexible = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    const size_t first = limit > 0 && count > limit ? count - (size_t)limit : 0;
    for (size_t i = first; i < count && is_whole; i++) {
        const s1_results_trade *const t = &trades[i];
        char id[16], held[S1_TIMEFRAME_TEXT_MAX];
        char buffer[S1_FORMAT_MAX];
        (void)snprintf(id, sizeof id, "%.8s", t->trade_id);
        is_whole = s1_table_add(table, id) && s1_table_add(table, t->direction) &&
                   s1_table_add(table, t->quantity) &&
                   s1_table_add(table, s1_format_time(t->entry_time, buffer)) &&
                   s1_table_add(table, t->entry_price) &&
                   s1_table_add(table, s1_format_time(t->exit_time, buffer)) &&
                   s1_table_add(table, t->exit_price) &&
                   s1_table_add(table, held_text(t->held, held)) &&
                   s1_table_add(table, s1_format_percent(t->mae, buffer)) &&
                   s1_table_add(table, s1_format_percent(t->mfe, buffer)) &&
                   s1_table_add(table, s1_format_money(t->fees, buffer)) &&
                   s1_table_add(table, s1_format_money(t->pnl, buffer)) &&
                   s1_table_add(table, t->closure_reason);
    }
    S1_TRY(err, s1_cli_table_end(cli, table, is_whole, err));
    if (first > 0) {
        (void)fprintf(cli->out.out, "the last %zu of %zu; --limit 0 shows all\n", count - first,
                      count);
    }
    return S1_OK;
}

static s1_rc print_trades_json(s1_cli *cli, const s1_results_trade *trades, size_t count,
                               s1_err *err)
{
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    s1_json_array(&w);
    for (size_t i = 0; i < count; i++) {
        s1_json_object(&w);
#define FIELD(name)                                                                                \
    s1_json_key_lit(&w, #name);                                                                    \
    if (trades[i].name[0] == '\0') {                                                               \
        s1_json_null(&w);                                                                          \
    } else {                                                                                       \
        s1_json_cstr(&w, trades[i].name);                                                          \
    }
        FIELD(trade_id)
        FIELD(opportunity_id)
        FIELD(direction)
        FIELD(quantity)
        FIELD(entry_time)
        FIELD(entry_price)
        FIELD(exit_time)
        FIELD(exit_price)
        FIELD(fees)
        FIELD(pnl)
        FIELD(closure_reason)
        FIELD(threat_id)
#undef FIELD
        s1_json_key_lit(&w, "held_seconds");
        s1_json_double(&w, (double)trades[i].held / (double)S1_NANOS_PER_SECOND);
        s1_json_key_lit(&w, "mae");
        s1_json_double(&w, trades[i].mae);
        s1_json_key_lit(&w, "mfe");
        s1_json_double(&w, trades[i].mfe);
        s1_json_object_end(&w);
    }
    s1_json_array_end(&w);
    return s1_cli_json_end(cli, &text, err);
}

static s1_rc print_metrics(s1_cli *cli, const s1_results_view *view, bool has_conventions,
                           s1_err *err)
{
    static const s1_table_column defined[] = {
        {.title = "metric"},
        {.title = "value", .is_right = true},
        {.title = "definition", .is_flexible = true},
    };
    static const s1_table_column conventional[] = {
        {.title = "metric"},
        {.title = "value", .is_right = true},
        {.title = "convention", .is_flexible = true},
    };
    s1_table *const table = s1_table_new(has_conventions ? conventional : defined, 3);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < view->metric_count && is_whole; i++) {
        const s1_results_metric *const metric = &view->metrics[i];
        const bool is_time = strcmp(metric->kind, "TIME") == 0;
        char time[S1_FORMAT_MAX];
        is_whole = s1_table_add(table, metric->name) &&
                   s1_table_add(table, is_time                ? s1_format_time(metric->text, time)
                                       : metric->text != NULL ? metric->text
                                                              : "n/a") &&
                   s1_table_add(table, has_conventions ? metric->convention : metric->definition);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

/* The returns the ratios are made of, as a CSV that pandas, quantstats or pyfolio reads. */
static s1_rc print_returns(s1_cli *cli, s1_results *results, s1_err *err)
{
    const s1_results_return *returns;
    size_t count;
    S1_TRY(err, s1_api_results_returns(results, &returns, &count, err));
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    if (cli->is_json) {
        s1_json_array(&w);
    } else {
        s1_strbuf_lit(&text, "end,return,buy_and_hold\n");
    }
    for (size_t i = 0; i < count; i++) {
        if (cli->is_json) {
            s1_json_object(&w);
            s1_json_key_lit(&w, "end");
            s1_json_time(&w, returns[i].end);
            s1_json_key_lit(&w, "return");
            s1_json_double(&w, returns[i].value);
            s1_json_key_lit(&w, "buy_and_hold");
            s1_json_double(&w, returns[i].buy_and_hold);
            s1_json_object_end(&w);
        } else {
            char end[S1_TIME_TEXT_MAX];
            (void)s1_time_print(returns[i].end, end);
            s1_strbuf_cstr_add(&text, end);
            s1_strbuf_char(&text, ',');
            s1_strbuf_double(&text, returns[i].value);
            s1_strbuf_char(&text, ',');
            s1_strbuf_double(&text, returns[i].buy_and_hold);
            s1_strbuf_char(&text, '\n');
        }
    }
    if (cli->is_json) {
        s1_json_array_end(&w);
        return s1_cli_json_end(cli, &text, err);
    }
    const s1_rc rc = s1_strbuf_check(&text, err);
    (void)fwrite(text.data, 1, text.len, cli->out.out);
    s1_strbuf_done(&text);
    return rc;
}

/* The bars of the run as CSV, with --json as an object of columns. */
static s1_rc print_equity(s1_cli *cli, s1_results *results, s1_err *err)
{
    s1_results_series series;
    const bool has_benchmark = s1_results_view_borrow(results)->benchmark[0] != '\0';
    S1_TRY(err, s1_api_results_series(results, &series, err));
    s1_strbuf text;
    s1_json_writer w;
    s1_cli_json_begin(&text, &w);
    if (cli->is_json) {
        s1_json_init(&w, &text, 0); /* a line: there may be millions */
        s1_json_object(&w);
#define COLUMN(name, print)                                                                        \
    s1_json_key_lit(&w, #name);                                                                    \
    s1_json_array(&w);                                                                             \
    for (size_t i = 0; i < series.count; i++) {                                                    \
        print(&w, series.name[i]);                                                                 \
    }                                                                                              \
    s1_json_array_end(&w);
        COLUMN(time, s1_json_time)
        COLUMN(equity, s1_json_double)
        COLUMN(drawdown, s1_json_double)
        COLUMN(close, s1_json_double)
        COLUMN(in_position, s1_json_bool)
        if (has_benchmark) {
            COLUMN(benchmark, s1_json_double)
        }
#undef COLUMN
        s1_json_object_end(&w);
        return s1_cli_json_end(cli, &text, err);
    }
    s1_strbuf_lit(&text, "time,equity,drawdown,close,in_position");
    s1_strbuf_cstr_add(&text, has_benchmark ? ",benchmark\n" : "\n");
    for (size_t i = 0; i < series.count; i++) {
        char time[S1_TIME_TEXT_MAX];
        (void)s1_time_print(series.time[i], time);
        s1_strbuf_cstr_add(&text, time);
        const double numbers[] = {series.equity[i], series.drawdown[i], series.close[i]};
        for (size_t k = 0; k < 3; k++) {
            s1_strbuf_char(&text, ',');
            s1_strbuf_double(&text, numbers[k]);
        }
        s1_strbuf_cstr_add(&text, series.in_position[i] != 0 ? ",1" : ",0");
        if (has_benchmark) {
            s1_strbuf_char(&text, ',');
            s1_strbuf_double(&text, series.benchmark[i]);
        }
        s1_strbuf_char(&text, '\n');
    }
    const s1_rc rc = s1_strbuf_check(&text, err);
    (void)fwrite(text.data, 1, text.len, cli->out.out);
    s1_strbuf_done(&text);
    return rc;
}

static s1_rc show(s1_cli *cli, const s1_cli_args *args, s1_results *results, s1_err *err)
{
    const s1_results_view *const view = s1_results_view_borrow(results);
    if (s1_cli_flag(args, "trades")) {
        const s1_results_trade *trades = NULL;
        size_t count = 0;
        S1_TRY(err, s1_api_results_trades(results, &trades, &count, err));
        return cli->is_json
                   ? print_trades_json(cli, trades, count, err)
                   : print_trades(cli, trades, count, s1_cli_number(args, "limit", 20), err);
    }
    if (s1_cli_flag(args, "returns")) {
        return print_returns(cli, results, err);
    }
    if (s1_cli_flag(args, "equity")) {
        return print_equity(cli, results, err);
    }
    if (cli->is_json) {
        (void)fprintf(cli->out.out, "%s\n", view->json);
        return S1_OK;
    }
    const bool has_conventions = s1_cli_flag(args, "conventions");
    return has_conventions || s1_cli_flag(args, "metrics")
               ? print_metrics(cli, view, has_conventions, err)
               : s1_cli_print_report(cli, results, err);
}

static s1_rc show_operation(s1_cli *cli, const char *dir, s1_err *err)
{
    s1_operation_report *report = NULL;
    S1_TRY(err, s1_api_operation_open(dir, &report, err));
    const s1_operation_view *const view = s1_operation_view_borrow(report);
    s1_rc rc = S1_OK;
    if (cli->is_json) {
        (void)fprintf(cli->out.out, "%s\n", view->json);
    } else {
        rc = s1_cli_print_operation(cli, view, err);
    }
    s1_operation_report_free(report);
    return rc;
}

static int run_show(s1_cli *cli, const s1_cli_args *args, s1_err *err)
{
    const bool wants_run = s1_cli_flag(args, "link") || s1_cli_flag(args, "trades") ||
                           s1_cli_flag(args, "metrics") || s1_cli_flag(args, "conventions") ||
                           s1_cli_flag(args, "returns") || s1_cli_flag(args, "equity");
    if (!wants_run && s1_api_is_operation(args->positionals[0])) {
        return s1_exit_from_rc(show_operation(cli, args->positionals[0], err));
    }
    s1_results *results = NULL;
    s1_rc rc = s1_api_results_open(args->positionals[0], s1_cli_text(args, "link"), &results, err);
    if (rc == S1_OK) {
        rc = show(cli, args, results, err);
    }
    s1_results_free(results);
    return s1_exit_from_rc(rc);
}

static const s1_cli_option show_options[] = {
    {"trades", 't', S1_CLI_FLAG, NULL, "list the closed trades", NULL},
    {"limit", 'n', S1_CLI_NUMBER, "N", "show the last N trades, 0 for all, default 20", NULL},
    {"metrics", 'm', S1_CLI_FLAG, NULL, "list every metric with its definition", NULL},
    {"conventions", 'c', S1_CLI_FLAG, NULL, "list every metric with what it was made of", NULL},
    {"returns", 'r', S1_CLI_FLAG, NULL, "print the returns the ratios are made of, as CSV", NULL},
    {"equity", 'e', S1_CLI_FLAG, NULL, "print equity, drawdown and close per bar, as CSV", NULL},
    {"link", 'l', S1_CLI_TEXT, "LINK", "which run of an operation", NULL},
    {NULL, 0, 0, NULL, NULL, NULL},
};

static const s1_cli_example show_examples[] = {
    {"results show results/demo", "the report of the run"},
    {"results show results/demo --trades --json", "the trades for another program"},
    {"results show results/demo --returns", "daily returns, for pandas or quantstats"},
    {"results show results/desk --link btc", "one run of an operation; without --link their sum"},
    {NULL, NULL},
};

const s1_cli_command s1_cmd_results_show = {
    .name = "results show",
    .summary = "Show the report, the trades or every metric of a run, or the sum of an operation",
    .usage = "RESULTS",
    .positionals_min = 1,
    .positionals_max = 1,
    .options = show_options,
    .examples = show_examples,
    .run = run_show,
};
