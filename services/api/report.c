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
#define TRADES_SHOWN    2000u /* rows of the table; all are on the chart */

/* --- Text. -------------------------------------------------------------------------------- */

static void escape(s1_strbuf *out, s1_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            s1_strbuf_lit(out, "&amp;");
            break;
        case '<':
            s1_strbuf_lit(out, "&lt;");
            break;
        case '>':
            s1_strbuf_lit(out, "&gt;");
            break;
        case '"':
            s1_strbuf_lit(out, "&quot;");
            break;
        case '\'':
            s1_strbuf_lit(out, "&#39;");
            break;
        default:
            s1_strbuf_char(out, text.ptr[i]);
            break;
        }
    }
}

void s1_report_text(s1_report *r, const char *text)
{
    escape(r->out, s1_str_of(text != NULL ? text : ""));
}

/* The first eight characters of an id. */
static void short_id(s1_report *r, const char *id)
{
    const s1_str text = s1_str_of(id != NULL ? id : "");
    escape(r->out, (s1_str){text.ptr, text.len < 8 ? text.len : 8});
}

static const char *words(const s1_report *r, const char *key)
{
    char full[96];
    (void)snprintf(full, sizeof full, "html.%s", key);
    const s1_str text = s1_locale_text(r->locale, s1_str_of(full));
    return text.len > 0 ? text.ptr : key;
}

void s1_report_words(s1_report *r, const char *key)
{
    s1_report_text(r, words(r, key));
}

static void say(s1_report *r, const char *text)
{
    s1_strbuf_cstr_add(r->out, text);
}

double s1_report_number(const s1_report *r, const char *metric)
{
    const s1_results_metric *const found = s1_results_metric_find(r->view, metric);
    return found != NULL ? found->number : (double)NAN;
}

/* --- Values. ------------------------------------------------------------------------------ */

static void print_percent(s1_strbuf *out, double value, bool has_sign)
{
    if (!isfinite(value)) {
        s1_strbuf_lit(out, "&ndash;");
    } else {
        s1_strbuf_printf(out, has_sign ? "%+.2f %%" : "%.2f %%", value * 100.0);
    }
}

static void print_ratio(s1_strbuf *out, double value)
{
    if (!isfinite(value)) {
        s1_strbuf_lit(out, "&ndash;");
    } else {
        s1_strbuf_printf(out, fabs(value) >= 1000.0 ? "%.0f" : "%.3f", value);
    }
}

static void print_money(s1_strbuf *out, double value)
{
    char digits[64];
    if (!isfinite(value)) {
        s1_strbuf_lit(out, "&ndash;");
        return;
    }
    (void)snprintf(digits, sizeof digits, "%.2f", fabs(value));
    const size_t whole = strcspn(digits, ".");
    if (value < 0.0) {
        s1_strbuf_char(out, '-');
    }
    for (size_t i = 0; digits[i] != '\0'; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0) {
            s1_strbuf_char(out, ',');
        }
        s1_strbuf_char(out, digits[i]);
    }
}

static void print_time(s1_strbuf *out, s1_nanos time)
{
    char text[S1_TIME_TEXT_MAX];
    const size_t len = s1_time_print_short(time, text);
    s1_strbuf_bytes(out, text, len > 16 ? 16 : len); /* minutes */
}

static void print_iso(s1_strbuf *out, const char *text)
{
    s1_nanos time = 0;
    if (text != NULL && s1_time_parse(s1_str_of(text), &time, NULL) == S1_OK) {
        print_time(out, time);
    } else {
        s1_strbuf_lit(out, "&ndash;");
    }
}

static void print_metric(s1_strbuf *out, const s1_results_metric *m)
{
    char duration[S1_TIMEFRAME_TEXT_MAX];
    if (m->text == NULL) {
        s1_strbuf_lit(out, "&ndash;");
    } else if (strcmp(m->kind, "FRACTION") == 0) {
        print_percent(out, m->number, false);
    } else if (strcmp(m->kind, "RATIO") == 0) {
        print_ratio(out, m->number);
    } else if (strcmp(m->kind, "TIME") == 0) {
        print_iso(out, m->text);
    } else if (strcmp(m->kind, "COUNT") == 0) {
        s1_strbuf_printf(out, "%.0f", m->number);
    } else if (strstr(m->kind, "DURATION") != NULL) {
        (void)s1_duration_print((s1_nanos)(m->number * 1e9), duration);
        s1_strbuf_cstr_add(out, m->number > 0.0 ? duration : "0");
    } else {
        print_money(out, m->number);
    }
}

static const char *tone(double value)
{
    return value > 0.0 ? "good" : value < 0.0 ? "bad" : "";
}

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
    say(r, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'unsafe-inline'; script-src 'unsafe-inline'\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    s1_report_text(r, r->view->link);
    say(r, " &middot; ");
    s1_report_text(r, r->view->asset_pair);
    say(r, " &middot; S1mpleTrader</title>\n<style>\n");
    print_file(r, "report.css");
    say(r, "</style>\n</head>\n<body>\n<main>\n<h1>");
    s1_report_text(r, r->view->link);
    say(r, "</h1>\n<p class=\"sub\">");
    s1_report_text(r, r->view->asset_pair);
    say(r, " ");
    s1_report_text(r, r->view->timeframe);
    say(r, " &middot; ");
    print_iso(r->out, s1_results_metric_find(r->view, "start_time")->text);
    say(r, " &ndash; ");
    print_iso(r->out, s1_results_metric_find(r->view, "end_time")->text);
    say(r, " UTC &middot; ");
    s1_report_text(r, r->view->fill_rule);
    say(r, " &middot; ");
    short_id(r, r->view->run_id);
    say(r, "</p>\n");
}

static void tile(s1_report *r, const char *metric, const char *key, bool has_tone,
                 const char *against)
{
    const s1_results_metric *const m = s1_results_metric_find(r->view, metric);
    s1_strbuf_printf(r->out, "<div class=\"tile\"><span>");
    s1_report_words(r, key);
    s1_strbuf_printf(r->out, "</span><b class=\"%s\">", has_tone ? tone(m->number) : "");
    print_metric(r->out, m);
    say(r, "</b><span>");
    if (against != NULL) {
        s1_report_words(r, "buy_and_hold");
        say(r, " ");
        print_metric(r->out, s1_results_metric_find(r->view, against));
    } else {
        say(r, "&nbsp;");
    }
    say(r, "</span></div>\n");
}

static void print_tiles(s1_report *r)
{
    say(r, "<div class=\"tiles\">\n");
    tile(r, "total_return", "return", true, "buy_and_hold_return");
    tile(r, "cagr", "cagr", true, "buy_and_hold_cagr");
    tile(r, "sharpe", "sharpe", true, "buy_and_hold_sharpe");
    tile(r, "max_drawdown", "max_drawdown", false, "buy_and_hold_max_drawdown");
    tile(r, "volatility", "volatility", false, "buy_and_hold_volatility");
    tile(r, "trade_count", "trades", false, NULL);
    tile(r, "win_rate", "win_rate", false, NULL);
    tile(r, "profit_factor", "profit_factor", false, NULL);
    say(r, "</div>\n");
}

static void open_section(s1_report *r, const char *id, const char *key)
{
    s1_strbuf_printf(r->out, "<section id=\"%s\">\n<h2>", id);
    s1_report_words(r, key);
    say(r, "</h2>\n");
}

static void close_section(s1_report *r)
{
    say(r, "</section>\n");
}

static void print_diagnosis(s1_report *r)
{
    open_section(r, "diagnosis", "diagnosis");
    if (r->view->diagnosis_count == 0) {
        say(r, "<p class=\"dim\">");
        s1_report_words(r, "no_diagnosis");
        say(r, "</p>\n");
    } else {
        say(r, "<ul class=\"diag\">\n");
        for (size_t i = 0; i < r->view->diagnosis_count; i++) {
            const s1_results_diagnosis *const d = &r->view->diagnoses[i];
            s1_strbuf_printf(r->out, "<li%s>", d->is_warning ? "" : " class=\"note\"");
            s1_report_text(r, d->cause);
            say(r, "<small>");
            s1_report_text(r, d->advice_anywhere);
            say(r, "</small></li>\n");
        }
        say(r, "</ul>\n");
    }
    close_section(r);
}

/* --- Equity and returns. ------------------------------------------------------------------ */

static void legend(s1_report *r, const char *style, const char *color, const char *key)
{
    s1_strbuf_printf(r->out, "<span><i class=\"%s\" style=\"%s:var(--%s)\"></i>", style,
                     strcmp(style, "dot") == 0 ? "background" : "border-color", color);
    s1_report_words(r, key);
    say(r, "</span>");
}

static void print_equity(s1_report *r)
{
    open_section(r, "equity", "equity");
    say(r, "<div class=\"legend\">");
    legend(r, "", "own", "strategy");
    legend(r, "", "market", "buy_and_hold");
    legend(r, "", "bad", "drawdown");
    say(r, "<span>");
    s1_report_text(r, r->view->currency);
    say(r, "</span></div>\n");
    s1_report_equity_chart(r);
    close_section(r);
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
    say(r, "<tr><th>");
    s1_report_text(r, name);
    say(r, "</th>");
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
            say(r, "<td></td>");
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
    open_section(r, "months", "months");
    say(r, "<div class=\"scroll\"><table class=\"heat\"><thead><tr><th></th>");
    for (int month = 1; month <= 12; month++) {
        s1_strbuf_printf(r->out, "<th>%d</th>", month);
    }
    say(r, "<th>");
    s1_report_words(r, "year");
    say(r, "</th><th>");
    s1_report_words(r, "buy_and_hold");
    say(r, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(years); i++) {
        print_year(r, months, json_array_get(years, i), largest(months), largest(years));
    }
    say(r, "</tbody></table></div>\n<p class=\"dim\">");
    s1_report_words(r, "months_note");
    say(r, "</p>\n");
    close_section(r);
}

static void print_distribution(s1_report *r)
{
    open_section(r, "distribution", "distribution");
    say(r, "<div class=\"legend\">");
    legend(r, "dash", "warn", "var_95");
    say(r, "<span>");
    print_percent(r->out, s1_report_number(r, "var_95"), true);
    s1_strbuf_printf(r->out, "</span><span>n = %zu</span></div>\n", r->return_count);
    s1_report_distribution_chart(r);
    say(r, "<p class=\"dim\">Skew ");
    print_ratio(r->out, s1_report_number(r, "skew"));
    say(r, ", kurtosis ");
    print_ratio(r->out, s1_report_number(r, "kurtosis"));
    say(r, ", CVaR 95 % ");
    print_percent(r->out, s1_report_number(r, "cvar_95"), true);
    say(r, "</p>\n");
    close_section(r);
}

static void print_drawdowns(s1_report *r)
{
    const json_t *const list = json_object_get(s1_results_metrics_borrow(r->results), "drawdowns");
    open_section(r, "drawdowns", "drawdowns");
    say(r, "<div class=\"scroll\"><table><thead><tr><th class=\"r\">");
    static const char *const titles[] = {"depth", "peak", "trough", "regained"};
    for (size_t i = 0; i < 4; i++) {
        s1_strbuf_cstr_add(r->out, i > 0 ? "</th><th>" : "");
        s1_report_words(r, titles[i]);
    }
    say(r, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const item = json_array_get(list, i);
        say(r, "<tr><td class=\"r bad\">");
        print_percent(r->out, json_number_value(json_object_get(item, "depth")), true);
        for (size_t k = 1; k < 4; k++) {
            say(r, "</td><td class=\"n\">");
            print_iso(r->out, json_string_value(json_object_get(item, titles[k])));
        }
        say(r, "</td></tr>\n");
    }
    say(r, "</tbody></table></div>\n");
    close_section(r);
}

static void print_rolling(s1_report *r)
{
    char window[32];
    (void)snprintf(window, sizeof window, "%zu", s1_report_window(r));
    open_section(r, "rolling", "rolling");
    say(r, "<p class=\"dim\">");
    if (s1_report_window(r) == 0) {
        s1_report_words(r, "rolling_too_short");
    } else {
        s1_strbuf text;
        s1_strbuf_init(&text, 1024);
        const s1_locale_value value = {"window", window};
        s1_locale_word(r->locale, "html.rolling_note", &value, 1, &text);
        escape(r->out, s1_strbuf_view(&text));
        r->is_short = r->is_short || text.has_failed;
        s1_strbuf_done(&text);
    }
    say(r, "</p>\n");
    s1_report_rolling_charts(r);
    close_section(r);
}

/* --- Trades. ------------------------------------------------------------------------------ */

static void print_price(s1_report *r)
{
    static const char *const buttons[][2] = {
        {"in", "+"}, {"out", "\u2212"}, {"left", "\u2190"}, {"right", "\u2192"}, {"all", NULL}};
    open_section(r, "price", "price");
    say(r, "<div class=\"legend\">");
    legend(r, "dot", "own", "entry");
    legend(r, "dot", "ink", "exit");
    legend(r, "", "good", "won");
    legend(r, "", "bad", "lost");
    legend(r, "dash", "bad", "stop");
    legend(r, "dash", "good", "target");
    say(r, "</div>\n<div class=\"tools\">");
    for (size_t i = 0; i < sizeof buttons / sizeof buttons[0]; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "zoom_%s", buttons[i][0]);
        s1_strbuf_printf(r->out, "<button type=\"button\" data-do=\"%s\" aria-label=\"",
                         buttons[i][0]);
        s1_report_words(r, key);
        say(r, "\">");
        s1_report_text(r, buttons[i][1] != NULL ? buttons[i][1] : words(r, key));
        say(r, "</button>");
    }
    say(r, "</div>\n");
    s1_report_price_chart(r);
    say(r, "<p class=\"dim\">");
    s1_report_words(r, "price_note");
    say(r, "</p>\n");
    close_section(r);
}

static void price_cell(s1_report *r, double value)
{
    say(r, "<td class=\"r\">");
    if (isfinite(value)) {
        s1_strbuf_printf(r->out, "%.8g", value);
    }
    say(r, "</td>");
}

static void print_trade(s1_report *r, size_t index)
{
    const s1_report_trade *const t = &r->trades[index];
    char side[32];
    (void)snprintf(side, sizeof side, "html.%s", t->text->direction);
    const s1_str side_text = s1_locale_text(r->locale, s1_str_of(side));
    s1_strbuf_printf(r->out,
                     "<tr class=\"pick\" tabindex=\"0\" data-trade=\"%zu\"><td class=\"n\"><code>",
                     index);
    short_id(r, t->text->trade_id);
    say(r, "</code></td><td>");
    escape(r->out, side_text.len > 0 ? side_text : s1_str_of(t->text->direction));
    say(r, "</td><td class=\"n\">");
    print_time(r->out, t->entry_time);
    say(r, "</td>");
    price_cell(r, t->entry);
    price_cell(r, t->stop);
    price_cell(r, t->target);
    say(r, "<td class=\"n\">");
    print_time(r->out, t->exit_time);
    say(r, "</td>");
    price_cell(r, t->exit);
    s1_strbuf_printf(r->out, "<td class=\"r %s\">", tone(t->pnl));
    print_money(r->out, t->pnl);
    say(r, "</td><td class=\"n\">");
    s1_report_text(r, t->text->closure_reason);
    say(r, "</td><td class=\"cause\">");
    s1_report_text(r, t->cause);
    say(r, "</td></tr>\n");
}

static void print_trades(s1_report *r)
{
    static const char *const titles[] = {"trade", "side", "entered", "entry",     "stop", "target",
                                         "left",  "exit", "pnl",     "closed_by", "cause"};
    open_section(r, "trades", "trades");
    if (r->trade_count == 0) {
        say(r, "<p class=\"dim\">");
        s1_report_words(r, "no_trades");
        say(r, "</p>\n");
        close_section(r);
        return;
    }
    say(r, "<div class=\"scroll high\"><table><thead><tr>");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        const bool is_right = (i >= 3 && i <= 5) || i == 7 || i == 8;
        s1_strbuf_printf(r->out, "<th%s>", is_right ? " class=\"r\"" : "");
        s1_report_words(r, titles[i]);
        say(r, "</th>");
    }
    say(r, "</tr></thead><tbody>\n");
    const size_t first = r->trade_count > TRADES_SHOWN ? r->trade_count - TRADES_SHOWN : 0;
    for (size_t i = first; i < r->trade_count; i++) {
        print_trade(r, i);
    }
    say(r, "</tbody></table></div>\n");
    s1_strbuf_printf(r->out, "<p class=\"dim\">%zu / %zu. ", r->trade_count - first,
                     r->trade_count);
    s1_report_words(r, r->has_journal ? "trades_note" : "trades_note_short");
    say(r, "</p>\n");
    close_section(r);
}

static void print_excursions(s1_report *r)
{
    open_section(r, "excursions", "excursions");
    say(r, "<div class=\"legend\">");
    legend(r, "dot", "good", "won");
    legend(r, "dot", "bad", "lost");
    say(r, "</div>\n");
    const bool is_drawn = s1_report_excursions_chart(r);
    say(r, "<p class=\"dim\">");
    s1_report_words(r, is_drawn ? "excursions_note" : "excursions_none");
    say(r, "</p>\n");
    close_section(r);
}

static void print_refusals(s1_report *r)
{
    open_section(r, "refusals", "refusals");
    s1_strbuf_printf(r->out, "<p class=\"dim\">");
    s1_report_words(r, "detected");
    s1_strbuf_printf(r->out, " %llu, ",
                     (unsigned long long)s1_results_count_find(r->view, "opportunities"));
    s1_report_words(r, "approved");
    s1_strbuf_printf(r->out, " %llu, ",
                     (unsigned long long)s1_results_count_find(r->view, "approved"));
    s1_report_words(r, "refused");
    s1_strbuf_printf(r->out, " %llu</p>\n",
                     (unsigned long long)s1_results_count_find(r->view, "rejected"));
    if (r->refusal_count > 0) {
        say(r, "<div class=\"scroll\"><table><thead><tr><th>");
        s1_report_words(r, "stage");
        say(r, "</th><th>");
        s1_report_words(r, "reason");
        say(r, "</th><th class=\"r\">");
        s1_report_words(r, "count");
        say(r, "</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < r->refusal_count; i++) {
            say(r, "<tr><td>");
            s1_report_text(r, r->refusals[i].stage);
            say(r, "</td><td><code>");
            s1_report_text(r, r->refusals[i].code);
            s1_strbuf_printf(r->out, "</code></td><td class=\"r\">%llu</td></tr>\n",
                             (unsigned long long)r->refusals[i].count);
        }
        say(r, "</tbody></table></div>\n");
    }
    close_section(r);
}

static void print_ambiguous(s1_report *r)
{
    const json_t *const list =
        json_object_get(s1_results_run_borrow(r->results), "ambiguous_bars_first");
    const uint64_t count = s1_results_count_find(r->view, "ambiguous_bars");
    open_section(r, "ambiguous", "ambiguous");
    s1_strbuf_printf(r->out, "<p class=\"dim\">%llu. ", (unsigned long long)count);
    s1_report_words(r, "ambiguous_note");
    say(r, "</p>\n");
    if (json_array_size(list) > 0) {
        say(r, "<div class=\"scroll high\"><table><thead><tr><th>");
        s1_report_words(r, "bar");
        say(r, "</th><th>");
        s1_report_words(r, "trade");
        say(r, "</th><th>");
        s1_report_words(r, "rule");
        say(r, "</th></tr></thead><tbody>\n");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const item = json_array_get(list, i);
        const char *const trade = json_string_value(json_object_get(item, "trade_id"));
        say(r, "<tr><td class=\"n\">");
        print_iso(r->out, json_string_value(json_object_get(item, "time")));
        say(r, "</td><td><code>");
        short_id(r, trade);
        say(r, "</code></td><td>");
        s1_report_text(r, json_string_value(json_object_get(item, "rule")));
        say(r, "</td></tr>\n");
    }
    say(r, json_array_size(list) > 0 ? "</tbody></table></div>\n" : "");
    close_section(r);
}

static void print_costs(s1_report *r)
{
    static const char *const rows[] = {"fees",         "net_profit", "cost_share",
                                       "traded_value", "turnover",   "expectancy"};
    open_section(r, "costs", "costs");
    say(r, "<dl>");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const s1_results_metric *const m = s1_results_metric_find(r->view, rows[i]);
        say(r, "<dt>");
        s1_report_text(r, m->label);
        say(r, "</dt><dd>");
        print_metric(r->out, m);
        if (strcmp(m->kind, "MONEY") == 0 || strcmp(m->kind, "AMOUNT") == 0) {
            say(r, " ");
            s1_report_text(r, r->view->currency);
        }
        say(r, "</dd>");
    }
    say(r, "</dl>\n");
    close_section(r);
}

/* --- All figures, and what the run was. --------------------------------------------------- */

static void print_figures(s1_report *r)
{
    const s1_results_view *const view = r->view;
    open_section(r, "figures", "figures");
    for (size_t i = 0; i < view->metric_count; i++) {
        const s1_results_metric *const m = &view->metrics[i];
        const bool is_first = i == 0 || strcmp(view->metrics[i - 1].group, m->group) != 0;
        if (is_first) {
            say(r, i > 0 ? "</tbody></table></div></details>\n" : "");
            say(r, "<details><summary>");
            s1_report_text(r, m->group);
            say(r, "</summary><div class=\"scroll\"><table><thead><tr><th>");
            s1_report_words(r, "figure");
            say(r, "</th><th class=\"r\">");
            s1_report_words(r, "value");
            say(r, "</th><th>");
            s1_report_words(r, "definition");
            say(r, "</th><th>");
            s1_report_words(r, "convention");
            say(r, "</th></tr></thead><tbody>\n");
        }
        say(r, "<tr><td class=\"n\">");
        s1_report_text(r, m->label);
        say(r, "</td><td class=\"r\">");
        print_metric(r->out, m);
        say(r, "</td><td>");
        s1_report_text(r, m->definition);
        say(r, "</td><td class=\"dim\">");
        s1_report_text(r, m->convention);
        say(r, "</td></tr>\n");
    }
    say(r, "</tbody></table></div></details>\n");
    close_section(r);
}

static void fact(s1_report *r, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        s1_strbuf_printf(r->out, "<dt>%s</dt><dd><code>", name);
        s1_report_text(r, value);
        say(r, "</code></dd>");
    }
}

static void print_run(s1_report *r)
{
    const s1_results_view *const v = r->view;
    const json_t *const plugins = json_object_get(s1_results_run_borrow(r->results), "plugins");
    open_section(r, "run", "run");
    say(r, "<dl>");
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
    say(r, "</dl>\n");
    close_section(r);
}

/* --- The page. ---------------------------------------------------------------------------- */

static void print_page(s1_report *r)
{
    print_head(r);
    print_tiles(r);
    print_diagnosis(r);
    print_equity(r);
    print_months(r);
    say(r, "<div class=\"pair\">\n");
    print_distribution(r);
    print_drawdowns(r);
    say(r, "</div>\n");
    print_rolling(r);
    print_price(r);
    print_trades(r);
    print_excursions(r);
    say(r, "<div class=\"pair\">\n");
    print_refusals(r);
    print_costs(r);
    say(r, "</div>\n");
    print_ambiguous(r);
    print_figures(r);
    print_run(r);
    say(r, "<footer>S1mpleTrader ");
    s1_report_text(r, r->view->version);
    say(r, " &middot; ");
    s1_report_words(r, "footer");
    say(r, "</footer>\n</main>\n<script>\n");
    print_file(r, "report.js");
    say(r, "</script>\n</body>\n</html>\n");
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
