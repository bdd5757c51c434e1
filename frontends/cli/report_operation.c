/* What an operation came to: a table of its links, one of the aggregate per currency, and what the
 * portfolio rules did. */
#include "frontends/cli/report_operation.h"

#include "backend/utils/text.h"

#include <math.h>

static double number_of(const char *decimal)
{
    double number = (double)NAN;
    (void)!s1_str_parse_double(s1_str_of(decimal), &number, NULL);
    return number;
}

/* equity / capital - 1 for a screen; the exact amounts stand in the files. */
static double return_of(const char *capital, const char *equity)
{
    const double from = number_of(capital);
    return from > 0.0 ? number_of(equity) / from - 1.0 : (double)NAN;
}

static s1_rc print_links(s1_cli *cli, const s1_operation_view *view, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "link", .is_flexible = true},
        {.title = "strategy", .is_flexible = true},
        {.title = "market"},
        {.title = "capital", .is_right = true},
        {.title = "equity", .is_right = true},
        {.title = "return", .is_right = true},
        {.title = "trades", .is_right = true},
        {.title = "ended", .is_flexible = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < view->link_count && is_whole; i++) {
        const s1_operation_link_view *const link = &view->links[i];
        char market[128], capital[S1_FORMAT_MAX], equity[S1_FORMAT_MAX], gain[S1_FORMAT_MAX];
        char trades[S1_FORMAT_MAX], ended[128];
        (void)snprintf(market, sizeof market, "%s %s", link->asset_pair, link->timeframe);
        (void)snprintf(ended, sizeof ended, "%s%s", link->is_complete ? "" : "failed: ",
                       link->is_complete ? link->finish_reason : link->error_code);
        is_whole =
            s1_table_add(table, link->link) && s1_table_add(table, link->strategy) &&
            s1_table_add(table, market) &&
            s1_table_add(table, s1_format_money(link->initial_capital, capital)) &&
            s1_table_add(table, link->is_complete ? s1_format_money(link->equity, equity) : "") &&
            s1_table_add(
                table, link->is_complete
                           ? s1_format_percent(return_of(link->initial_capital, link->equity), gain)
                           : "") &&
            s1_table_add(table, link->is_complete ? s1_format_count(link->trades, trades) : "") &&
            s1_table_add(table, ended);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_sums(s1_cli *cli, const s1_operation_view *view, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "all links"},
        {.title = "links", .is_right = true},
        {.title = "capital", .is_right = true},
        {.title = "equity", .is_right = true},
        {.title = "return", .is_right = true},
        {.title = "max drawdown", .is_right = true},
        {.title = "realised", .is_right = true},
        {.title = "unrealised", .is_right = true},
        {.title = "fees", .is_right = true},
        {.title = "open", .is_right = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < view->sum_count && is_whole; i++) {
        const s1_operation_sum_view *const sum = &view->sums[i];
        char links[S1_FORMAT_MAX], capital[S1_FORMAT_MAX], equity[S1_FORMAT_MAX];
        char gain[S1_FORMAT_MAX], fall[S1_FORMAT_MAX], realized[S1_FORMAT_MAX];
        char unrealized[S1_FORMAT_MAX], fees[S1_FORMAT_MAX], open[S1_FORMAT_MAX];
        is_whole =
            s1_table_add(table, sum->currency) &&
            s1_table_add(table, s1_format_count(sum->links, links)) &&
            s1_table_add(table, s1_format_money(sum->initial_capital, capital)) &&
            s1_table_add(table, s1_format_money(sum->equity, equity)) &&
            s1_table_add(table,
                         s1_format_percent(return_of(sum->initial_capital, sum->equity), gain)) &&
            s1_table_add(table,
                         s1_format_percent(-number_of(sum->max_drawdown_pct) / 100.0, fall)) &&
            s1_table_add(table, s1_format_money(sum->realized_pnl, realized)) &&
            s1_table_add(table, s1_format_money(sum->unrealized_pnl, unrealized)) &&
            s1_table_add(table, s1_format_money(sum->fees, fees)) &&
            s1_table_add(table, s1_format_count(sum->open_positions, open));
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

static s1_rc print_events(s1_cli *cli, const s1_operation_view *view, s1_err *err)
{
    static const s1_table_column columns[] = {
        {.title = "time"},
        {.title = "event"},
        {.title = "link", .is_flexible = true},
        {.title = "limit", .is_right = true},
        {.title = "actual", .is_right = true},
        {.title = "answer", .is_flexible = true},
    };
    s1_table *const table = s1_table_new(columns, sizeof columns / sizeof columns[0]);
    bool is_whole = table != NULL;
    for (size_t i = 0; i < view->event_count && is_whole; i++) {
        const s1_operation_event_view *const event = &view->events[i];
        char time[S1_FORMAT_MAX], limit[S1_FORMAT_MAX], actual[S1_FORMAT_MAX];
        is_whole =
            s1_table_add(table, s1_format_time(event->time, time)) &&
            s1_table_add(table, event->event) &&
            s1_table_add(table, event->link[0] != '\0' ? event->link : "all") &&
            s1_table_add(table,
                         event->limit[0] != '\0' ? s1_format_money(event->limit, limit) : "") &&
            s1_table_add(table,
                         event->actual[0] != '\0' ? s1_format_money(event->actual, actual) : "") &&
            s1_table_add(table, event->actions);
    }
    return s1_cli_table_end(cli, table, is_whole, err);
}

s1_rc s1_cli_print_operation(s1_cli *cli, const s1_operation_view *view, s1_err *err)
{
    FILE *const out = cli->out.out;
    (void)fprintf(out, "%s%s%s  %s, %s clock\n\n", s1_terminal_on(&cli->out, S1_STYLE_BOLD),
                  view->name, s1_terminal_off(&cli->out), view->display_name, view->clock);
    S1_TRY(err, print_links(cli, view, err));
    (void)fputc('\n', out);
    S1_TRY(err, print_sums(cli, view, err));
    if (view->event_count > 0) {
        (void)fputc('\n', out);
        S1_TRY(err, print_events(cli, view, err));
    }
    (void)fprintf(out, "\n  each link: results show %s --link LINK\n", view->dir);
    return S1_OK;
}
