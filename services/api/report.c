#include "services/api/report.h"

#include "backend/utils/fs.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/timefmt.h"
#include "services/api/report_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES_MAX  ((size_t)256 << 20)
#define ARENA_BYTES_MAX ((size_t)2 << 30)

/* --- Head. -------------------------------------------------------------------------------- */

static void print_file(s1_report *r, const char *name)
{
    for (const s1_report_file *file = s1_report_files; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0) {
            s1_strbuf_bytes(r->out, file->bytes, file->len);
        }
    }
}

static void print_head(s1_report *r)
{
    s1_strbuf_printf(r->out,
                     "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n",
                     s1_language_code(s1_language_parse(s1_str_of(r->view->language))));
    s1_report_say(
        r, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'unsafe-inline'; script-src 'unsafe-inline'\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    s1_report_text(r, r->view->link);
    s1_report_say(r, " &middot; ");
    s1_report_text(r, r->view->asset_pair);
    s1_report_say(r, " &middot; S1mpleTrader</title>\n<style>\n");
    print_file(r, "report.css");
    s1_report_say(r, "</style>\n</head>\n<body>\n<main>\n<h1>");
    s1_report_text(r, r->view->link);
    s1_report_say(r, "</h1>\n<p class=\"sub\">");
    s1_report_text(r, r->view->asset_pair);
    s1_report_say(r, " ");
    s1_report_text(r, r->view->timeframe);
    s1_report_say(r, " &middot; ");
    s1_report_iso(r->out, s1_results_metric_find(r->view, "start_time")->text);
    s1_report_say(r, " &ndash; ");
    s1_report_iso(r->out, s1_results_metric_find(r->view, "end_time")->text);
    s1_report_say(r, " UTC &middot; ");
    s1_report_text(r, r->view->fill_rule);
    s1_report_say(r, " &middot; ");
    s1_report_id(r, r->view->run_id);
    s1_report_say(r, "</p>\n");
}

static void tile(s1_report *r, const char *metric, const char *key, bool has_tone,
                 const char *against)
{
    const s1_results_metric *const m = s1_results_metric_find(r->view, metric);
    s1_strbuf_printf(r->out, "<div class=\"tile\"><span>");
    s1_report_words(r, key);
    s1_strbuf_printf(r->out, "</span><b class=\"%s\">", has_tone ? s1_report_tone(m->number) : "");
    s1_report_metric(r->out, m);
    s1_report_say(r, "</b><span>");
    if (against != NULL) {
        s1_report_market(r);
        s1_report_say(r, " ");
        s1_report_metric(r->out, s1_results_metric_find(r->view, against));
    } else {
        s1_report_say(r, "&nbsp;");
    }
    s1_report_say(r, "</span></div>\n");
}

static void print_tiles(s1_report *r)
{
    s1_report_say(r, "<div class=\"tiles\">\n");
    tile(r, "total_return", "return", true, "buy_and_hold_return");
    tile(r, "cagr", "cagr", true, "buy_and_hold_cagr");
    tile(r, "sharpe", "sharpe", true, "buy_and_hold_sharpe");
    tile(r, "max_drawdown", "max_drawdown", false, "buy_and_hold_max_drawdown");
    tile(r, "volatility", "volatility", false, "buy_and_hold_volatility");
    tile(r, "trade_count", "trades", false, NULL);
    tile(r, "win_rate", "win_rate", false, NULL);
    tile(r, "profit_factor", "profit_factor", false, NULL);
    s1_report_say(r, "</div>\n");
}

static void print_diagnosis(s1_report *r)
{
    s1_report_section(r, "diagnosis", "diagnosis");
    if (r->view->diagnosis_count == 0) {
        s1_report_say(r, "<p class=\"dim\">");
        s1_report_words(r, "no_diagnosis");
        s1_report_say(r, "</p>\n");
    } else {
        s1_report_say(r, "<ul class=\"diag\">\n");
        for (size_t i = 0; i < r->view->diagnosis_count; i++) {
            const s1_results_diagnosis *const d = &r->view->diagnoses[i];
            s1_strbuf_printf(r->out, "<li%s>", d->is_warning ? "" : " class=\"note\"");
            s1_report_text(r, d->cause);
            s1_report_say(r, "<small>");
            s1_report_text(r, d->advice_anywhere);
            s1_report_say(r, "</small></li>\n");
        }
        s1_report_say(r, "</ul>\n");
    }
    s1_report_section_end(r);
}

/* --- Equity and returns. ------------------------------------------------------------------ */

static void print_equity(s1_report *r)
{
    s1_report_section(r, "equity", "equity");
    s1_report_say(r, "<div class=\"legend\">");
    s1_report_legend(r, "", "own", "strategy");
    s1_report_legend(r, "", "market", NULL);
    s1_report_legend(r, "", "bad", "drawdown");
    s1_report_say(r, "<span>");
    s1_report_text(r, r->view->currency);
    s1_report_say(r, "</span></div>\n");
    s1_report_equity_chart(r);
    s1_report_section_end(r);
    s1_report_print_band(r);
}

/* A cell of the heat map: the colour's strength is the square root of its share of the largest. */
static void heat_cell(s1_report *r, double value, double most)
{
    const double share = most > 0.0 ? sqrt(fmin(1.0, fabs(value) / most)) : 0.0;
    s1_strbuf_printf(r->out, "<td style=\"background:rgba(var(--%s-rgb),%.2f)\">%+.1f</td>",
                     value < 0.0 ? "bad" : "good", share * 0.6, value * 100.0);
}

static double largest(const json_t *spans)
{
    double most = 0.0;
    for (size_t i = 0; i < json_array_size(spans); i++) {
        const double value =
            fabs(json_number_value(json_object_get(json_array_get(spans, i), "return")));
        most = value > most ? value : most;
    }
    return most;
}

static void print_year(s1_report *r, const json_t *months, const json_t *year, double most,
                       double most_year)
{
    const char *const name = json_string_value(json_object_get(year, "name"));
    s1_report_say(r, "<tr><th>");
    s1_report_text(r, name);
    s1_report_say(r, "</th>");
    for (int month = 1; month <= 12; month++) {
        char wanted[16];
        const json_t *found = NULL;
        (void)snprintf(wanted, sizeof wanted, "%.4s-%02d", name != NULL ? name : "", month);
        for (size_t i = 0; i < json_array_size(months) && found == NULL; i++) {
            const json_t *const item = json_array_get(months, i);
            const char *const other = json_string_value(json_object_get(item, "name"));
            found = other != NULL && strcmp(other, wanted) == 0 ? item : NULL;
        }
        if (found != NULL) {
            heat_cell(r, json_number_value(json_object_get(found, "return")), most);
        } else {
            s1_report_say(r, "<td></td>");
        }
    }
    heat_cell(r, json_number_value(json_object_get(year, "return")), most_year);
    s1_strbuf_printf(r->out, "<td>%+.1f</td></tr>\n",
                     json_number_value(json_object_get(year, "buy_and_hold")) * 100.0);
}

static void print_months(s1_report *r)
{
    const json_t *const metrics = s1_results_metrics_borrow(r->results);
    const json_t *const months = json_object_get(metrics, "months");
    const json_t *const years = json_object_get(metrics, "years");
    s1_report_section(r, "months", "months");
    s1_report_say(r, "<div class=\"scroll\"><table class=\"heat\"><thead><tr><th></th>");
    for (int month = 1; month <= 12; month++) {
        s1_strbuf_printf(r->out, "<th>%d</th>", month);
    }
    s1_report_say(r, "<th>");
    s1_report_words(r, "year");
    s1_report_say(r, "</th><th>");
    s1_report_market(r);
    s1_report_say(r, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(years); i++) {
        print_year(r, months, json_array_get(years, i), largest(months), largest(years));
    }
    s1_report_say(r, "</tbody></table></div>\n<p class=\"dim\">");
    s1_report_words(r, "months_note");
    s1_report_say(r, "</p>\n");
    s1_report_section_end(r);
}

static void print_distribution(s1_report *r)
{
    s1_report_section(r, "distribution", "distribution");
    s1_report_say(r, "<div class=\"legend\">");
    s1_report_legend(r, "dash", "warn", "var_95");
    s1_report_say(r, "<span>");
    s1_report_percent(r->out, s1_report_number(r, "var_95"), true);
    s1_strbuf_printf(r->out, "</span><span>n = %zu</span></div>\n", r->return_count);
    s1_report_distribution_chart(r);
    s1_report_say(r, "<p class=\"dim\">Skew ");
    s1_report_ratio(r->out, s1_report_number(r, "skew"));
    s1_report_say(r, ", kurtosis ");
    s1_report_ratio(r->out, s1_report_number(r, "kurtosis"));
    s1_report_say(r, ", CVaR 95 % ");
    s1_report_percent(r->out, s1_report_number(r, "cvar_95"), true);
    s1_report_say(r, "</p>\n");
    s1_report_section_end(r);
}

static void print_drawdowns(s1_report *r)
{
    const json_t *const list = json_object_get(s1_results_metrics_borrow(r->results), "drawdowns");
    s1_report_section(r, "drawdowns", "drawdowns");
    s1_report_say(r, "<div class=\"scroll\"><table><thead><tr><th class=\"r\">");
    static const char *const titles[] = {"depth", "peak", "trough", "regained"};
    for (size_t i = 0; i < 4; i++) {
        s1_strbuf_cstr_add(r->out, i > 0 ? "</th><th>" : "");
        s1_report_words(r, titles[i]);
    }
    s1_report_say(r, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const item = json_array_get(list, i);
        s1_report_say(r, "<tr><td class=\"r bad\">");
        s1_report_percent(r->out, json_number_value(json_object_get(item, "depth")), true);
        for (size_t k = 1; k < 4; k++) {
            s1_report_say(r, "</td><td class=\"n\">");
            s1_report_iso(r->out, json_string_value(json_object_get(item, titles[k])));
        }
        s1_report_say(r, "</td></tr>\n");
    }
    s1_report_say(r, "</tbody></table></div>\n");
    s1_report_section_end(r);
}

static void print_rolling(s1_report *r)
{
    char window[32], rate[32];
    const s1_locale_value values[] = {{"window", window}, {"rate", rate}};
    (void)snprintf(window, sizeof window, "%zu", s1_report_window(r));
    s1_report_section(r, "rolling", "rolling");
    s1_report_say(r, "<p class=\"dim\">");
    if (s1_report_window(r) == 0) {
        s1_report_words(r, "rolling_too_short");
    } else {
        (void)snprintf(rate, sizeof rate, "%g", r->view->risk_free_rate);
        s1_report_words_with(r, "rolling_note", values, sizeof values / sizeof values[0]);
    }
    s1_report_say(r, "</p>\n");
    s1_report_rolling_charts(r);
    s1_report_section_end(r);
}

/* --- All figures, and what the run was. --------------------------------------------------- */

static void print_figures(s1_report *r)
{
    const s1_results_view *const view = r->view;
    s1_report_section(r, "figures", "figures");
    for (size_t i = 0; i < view->metric_count; i++) {
        const s1_results_metric *const m = &view->metrics[i];
        const bool is_first = i == 0 || strcmp(view->metrics[i - 1].group, m->group) != 0;
        if (is_first) {
            s1_report_say(r, i > 0 ? "</tbody></table></div></details>\n" : "");
            s1_report_say(r, "<details><summary>");
            s1_report_text(r, m->group);
            s1_report_say(r, "</summary><div class=\"scroll\"><table><thead><tr><th>");
            s1_report_words(r, "figure");
            s1_report_say(r, "</th><th class=\"r\">");
            s1_report_words(r, "value");
            s1_report_say(r, "</th><th>");
            s1_report_words(r, "definition");
            s1_report_say(r, "</th><th>");
            s1_report_words(r, "convention");
            s1_report_say(r, "</th></tr></thead><tbody>\n");
        }
        s1_report_say(r, "<tr><td class=\"n\">");
        s1_report_text(r, m->label);
        s1_report_say(r, "</td><td class=\"r\">");
        s1_report_metric(r->out, m);
        s1_report_say(r, "</td><td>");
        s1_report_text(r, m->definition);
        s1_report_say(r, "</td><td class=\"dim\">");
        s1_report_text(r, m->convention);
        s1_report_say(r, "</td></tr>\n");
    }
    s1_report_say(r, "</tbody></table></div></details>\n");
    s1_report_section_end(r);
}

static void fact(s1_report *r, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        s1_strbuf_printf(r->out, "<dt>%s</dt><dd><code>", name);
        s1_report_text(r, value);
        s1_report_say(r, "</code></dd>");
    }
}

static void print_run(s1_report *r)
{
    const s1_results_view *const v = r->view;
    const json_t *const plugins = json_object_get(s1_results_run_borrow(r->results), "plugins");
    s1_report_section(r, "run", "run");
    s1_report_say(r, "<dl>");
    fact(r, "run_id", v->run_id);
    fact(r, "strategy", v->strategy);
    fact(r, "environment", v->environment);
    fact(r, "command", v->command);
    fact(r, "seed", v->seed);
    fact(r, "version", v->version);
    fact(r, "finish_reason", v->finish_reason);
    fact(r, "binary_hash", v->binary_hash);
    fact(r, "config_hash", v->config_hash);
    fact(r, "data_hash", v->data_hash);
    fact(r, "journal_head", v->journal_head);
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *const plugin = json_array_get(plugins, i);
        const char *const name = json_string_value(json_object_get(plugin, "name"));
        const char *const version = json_string_value(json_object_get(plugin, "version"));
        char text[256];
        (void)snprintf(text, sizeof text, "%s %s", name != NULL ? name : "",
                       version != NULL ? version : "");
        fact(r, "plugin", text);
    }
    s1_report_say(r, "</dl>\n");
    s1_report_section_end(r);
}

/* --- The page. ---------------------------------------------------------------------------- */

static void print_page(s1_report *r)
{
    print_head(r);
    print_tiles(r);
    print_diagnosis(r);
    print_equity(r);
    print_months(r);
    s1_report_say(r, "<div class=\"pair\">\n");
    print_distribution(r);
    print_drawdowns(r);
    s1_report_say(r, "</div>\n");
    print_rolling(r);
    s1_report_print_price(r);
    s1_report_print_trades(r);
    s1_report_print_excursions(r);
    s1_report_say(r, "<div class=\"pair\">\n");
    s1_report_print_refusals(r);
    s1_report_print_costs(r);
    s1_report_say(r, "</div>\n");
    s1_report_print_ambiguous(r);
    print_figures(r);
    print_run(r);
    s1_report_say(r, "<footer>S1mpleTrader ");
    s1_report_text(r, r->view->version);
    s1_report_say(r, " &middot; ");
    s1_report_words(r, "footer");
    s1_report_say(r, "</footer>\n</main>\n<script>\n");
    print_file(r, "report.js");
    s1_report_say(r, "</script>\n</body>\n</html>\n");
}

s1_rc s1_api_report_print(s1_results *results, s1_strbuf *out, s1_err *err)
{
    s1_report report = {.results = results, .view = s1_results_view_borrow(results), .out = out};
    s1_arena_init(&report.arena, ARENA_BYTES_MAX, 0);
    s1_rc rc =
        s1_locale_new(s1_language_parse(s1_str_of(report.view->language)), &report.locale, err);
    if (rc == S1_OK) {
        const uint64_t before = s1_json_memory_failures();
        rc = s1_json_memory_judge(before, s1_report_collect(&report, err), err);
    }
    if (rc == S1_OK) {
        print_page(&report);
        rc = report.is_short ? S1_RAISE(err, S1_E_NO_MEMORY, "the report of %s", report.view->dir)
                             : s1_strbuf_check(out, err);
    }
    s1_report_band_done(&report);
    s1_locale_free(report.locale);
    s1_arena_done(&report.arena);
    return rc;
}

s1_rc s1_api_report_write(s1_results *results, const char *path, char *ret_path, s1_err *err)
{
    char beside[S1_PATH_MAX];
    const s1_results_view *const view = s1_results_view_borrow(results);
    if (path == NULL) {
        S1_TRY(err, s1_path_join(beside, sizeof beside, s1_str_of(view->dir),
                                 s1_str_of(S1_REPORT_FILE), err));
        path = beside;
    }
    s1_strbuf page;
    s1_strbuf_init(&page, PAGE_BYTES_MAX);
    s1_rc rc = s1_api_report_print(results, &page, err);
    if (rc == S1_OK) {
        rc = s1_fs_write_file(s1_fs_real(), path, s1_strbuf_view(&page), err);
    }
    s1_strbuf_done(&page);
    if (rc == S1_OK && ret_path != NULL) {
        (void)snprintf(ret_path, S1_PATH_MAX, "%s", path);
    }
    return rc;
}
