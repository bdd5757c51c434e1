/* The half of report.html that is about trades: on the price, as a table, refused, undecided, and
 * what they cost. */
#include "backend/utils/timefmt.h"
#include "services/api/report_internal.h"

#include <math.h>
#include <string.h>

#define TRADES_SHOWN 2000u /* rows of the table; all are on the chart */

/* --- Trades. ------------------------------------------------------------------------------ */

void s1_report_print_price(s1_report *r)
{
    static const char *const buttons[][2] = {
        {"in", "+"}, {"out", "\u2212"}, {"left", "\u2190"}, {"right", "\u2192"}, {"all", NULL}};
    s1_report_section(r, "price", "price");
    s1_report_say(r, "<div class=\"legend\">");
    s1_report_legend(r, "dot", "own", "entry");
    s1_report_legend(r, "dot", "ink", "exit");
    s1_report_legend(r, "", "good", "won");
    s1_report_legend(r, "", "bad", "lost");
    s1_report_legend(r, "dash", "bad", "stop");
    s1_report_legend(r, "dash", "good", "target");
    s1_report_say(r, "</div>\n<div class=\"tools\">");
    for (size_t i = 0; i < sizeof buttons / sizeof buttons[0]; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "zoom_%s", buttons[i][0]);
        s1_strbuf_printf(r->out, "<button type=\"button\" data-do=\"%s\" aria-label=\"",
                         buttons[i][0]);
        s1_report_words(r, key);
        s1_report_say(r, "\">");
        s1_report_text(r, buttons[i][1] != NULL ? buttons[i][1] : s1_report_word(r, key));
        s1_report_say(r, "</button>");
    }
    s1_report_say(r, "</div>\n");
    s1_report_price_chart(r);
    s1_report_say(r, "<p class=\"dim\">");
    s1_report_words(r, "price_note");
    s1_report_say(r, "</p>\n");
    s1_report_section_end(r);
}

static void print_price(s1_report *r, double value)
{
    if (isfinite(value)) {
        s1_strbuf_printf(r->out, "%.8g", value);
    }
}

static void price_cell(s1_report *r, double value)
{
    s1_report_say(r, "<td class=\"r\">");
    print_price(r, value);
    s1_report_say(r, "</td>");
}

/* A stop or target, and where it was moved to at last. */
static void level_cell(s1_report *r, double value, const s1_report_move *last)
{
    s1_report_say(r, "<td class=\"r\">");
    print_price(r, value);
    if (last != NULL) {
        s1_report_say(r, "<small>&rarr; ");
        print_price(r, last->price);
        s1_report_say(r, "</small>");
    }
    s1_report_say(r, "</td>");
}

/* A fill's time, and below it why: what closed the trade ("" of an entry), the rule it filled by.
 */
static void fill_cell(s1_report *r, s1_nanos time, const char *reason, const char *rule)
{
    s1_report_say(r, "<td class=\"n\">");
    s1_report_time(r->out, time);
    s1_report_say(r, "<small>");
    s1_report_text(r, reason);
    s1_report_say(r, reason[0] != '\0' && rule[0] != '\0' ? ", " : "");
    s1_report_text(r, rule);
    s1_report_say(r, "</small></td>");
}

static void percent_cell(s1_report *r, double value)
{
    s1_report_say(r, "<td class=\"r\">");
    s1_report_percent(r->out, value, true);
    s1_report_say(r, "</td>");
}

static void money_cell(s1_report *r, double value, const char *tone)
{
    s1_strbuf_printf(r->out, "<td class=\"r %s\">", tone);
    s1_report_money(r->out, value);
    s1_report_say(r, "</td>");
}

static void print_trade(s1_report *r, size_t index)
{
    const s1_report_trade *const t = &r->trades[index];
    char side[32], held[S1_TIMEFRAME_TEXT_MAX] = "0";
    (void)snprintf(side, sizeof side, "html.%s", t->text->direction);
    const s1_str side_text = s1_locale_text(r->locale, s1_str_of(side));
    s1_strbuf_printf(r->out,
                     "<tr class=\"pick\" tabindex=\"0\" data-trade=\"%zu\"><td class=\"n\"><code>",
                     index);
    s1_report_id(r, t->text->trade_id);
    s1_report_say(r, "</code></td><td>");
    s1_report_escape(r->out, side_text.len > 0 ? side_text : s1_str_of(t->text->direction));
    s1_report_say(r, "</td>");
    fill_cell(r, t->entry_time, "", t->entry_rule);
    price_cell(r, t->entry);
    level_cell(r, t->stop, t->last_stop);
    level_cell(r, t->target, t->last_target);
    fill_cell(r, t->exit_time, t->text->closure_reason, t->exit_rule);
    price_cell(r, t->exit);
    if (t->exit_time > t->entry_time) {
        (void)s1_duration_print(t->exit_time - t->entry_time, held);
    }
    s1_strbuf_printf(r->out, "<td class=\"r\">%s</td>", held);
    percent_cell(r, t->adverse);
    percent_cell(r, t->favourable);
    money_cell(r, t->fees, "");
    money_cell(r, t->pnl, s1_report_tone(t->pnl));
    s1_report_say(r, "<td class=\"cause\">");
    s1_report_text(r, t->cause);
    s1_report_say(r, "</td></tr>\n");
}

void s1_report_print_trades(s1_report *r)
{
    static const struct {
        const char *key;
        bool is_right;
    } titles[] = {{"trade", false}, {"side", false},  {"entered", false}, {"entry", true},
                  {"stop", true},   {"target", true}, {"left", false},    {"exit", true},
                  {"held", true},   {"mae", true},    {"mfe", true},      {"paid", true},
                  {"pnl", true},    {"cause", false}};
    s1_report_section(r, "trades", "trades");
    if (r->trade_count == 0) {
        s1_report_say(r, "<p class=\"dim\">");
        s1_report_words(r, "no_trades");
        s1_report_say(r, "</p>\n");
        s1_report_section_end(r);
        return;
    }
    s1_report_say(r, "<div class=\"scroll high\"><table><thead><tr>");
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        s1_strbuf_printf(r->out, "<th%s>", titles[i].is_right ? " class=\"r\"" : "");
        s1_report_words(r, titles[i].key);
        s1_report_say(r, "</th>");
    }
    s1_report_say(r, "</tr></thead><tbody>\n");
    const size_t first = r->trade_count > TRADES_SHOWN ? r->trade_count - TRADES_SHOWN : 0;
    for (size_t i = first; i < r->trade_count; i++) {
        print_trade(r, i);
    }
    s1_report_say(r, "</tbody></table></div>\n");
    s1_strbuf_printf(r->out, "<p class=\"dim\">%zu / %zu. ", r->trade_count - first,
                     r->trade_count);
    s1_report_words(r, r->has_journal ? "trades_note" : "trades_note_short");
    s1_report_say(r, "</p>\n");
    s1_report_section_end(r);
}

void s1_report_print_excursions(s1_report *r)
{
    s1_report_section(r, "excursions", "excursions");
    s1_report_say(r, "<div class=\"legend\">");
    s1_report_legend(r, "dot", "good", "won");
    s1_report_legend(r, "dot", "bad", "lost");
    s1_report_say(r, "</div>\n");
    const bool is_drawn = s1_report_excursions_chart(r);
    s1_report_say(r, "<p class=\"dim\">");
    s1_report_words(r, is_drawn ? "excursions_note" : "excursions_none");
    s1_report_say(r, "</p>\n");
    s1_report_section_end(r);
}

void s1_report_print_refusals(s1_report *r)
{
    s1_report_section(r, "refusals", "refusals");
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
        s1_report_say(r, "<div class=\"scroll\"><table><thead><tr><th>");
        s1_report_words(r, "stage");
        s1_report_say(r, "</th><th>");
        s1_report_words(r, "reason");
        s1_report_say(r, "</th><th class=\"r\">");
        s1_report_words(r, "count");
        s1_report_say(r, "</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < r->refusal_count; i++) {
            s1_report_say(r, "<tr><td>");
            s1_report_text(r, r->refusals[i].stage);
            s1_report_say(r, "</td><td><code>");
            s1_report_text(r, r->refusals[i].code);
            s1_strbuf_printf(r->out, "</code></td><td class=\"r\">%llu</td></tr>\n",
                             (unsigned long long)r->refusals[i].count);
        }
        s1_report_say(r, "</tbody></table></div>\n");
    }
    s1_report_section_end(r);
}

void s1_report_print_ambiguous(s1_report *r)
{
    const json_t *const list =
        json_object_get(s1_results_run_borrow(r->results), "ambiguous_bars_first");
    const uint64_t count = s1_results_count_find(r->view, "ambiguous_bars");
    s1_report_section(r, "ambiguous", "ambiguous");
    char number[32];
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)count);
    s1_report_say(r, "<p class=\"dim\">");
    s1_report_words_with(r, count > 0 ? "ambiguous_note" : "ambiguous_none",
                         &(s1_locale_value){"count", number}, 1);
    s1_report_say(r, "</p>\n");
    if (json_array_size(list) > 0) {
        s1_report_say(r, "<div class=\"scroll high\"><table><thead><tr><th>");
        s1_report_words(r, "bar");
        s1_report_say(r, "</th><th>");
        s1_report_words(r, "trade");
        s1_report_say(r, "</th><th>");
        s1_report_words(r, "rule");
        s1_report_say(r, "</th></tr></thead><tbody>\n");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const item = json_array_get(list, i);
        const char *const trade = json_string_value(json_object_get(item, "trade_id"));
        s1_report_say(r, "<tr><td class=\"n\">");
        s1_report_iso(r->out, json_string_value(json_object_get(item, "time")));
        s1_report_say(r, "</td><td><code>");
        s1_report_id(r, trade);
        s1_report_say(r, "</code></td><td>");
        s1_report_text(r, json_string_value(json_object_get(item, "rule")));
        s1_report_say(r, "</td></tr>\n");
    }
    s1_report_say(r, json_array_size(list) > 0 ? "</tbody></table></div>\n" : "");
    s1_report_section_end(r);
}

void s1_report_print_costs(s1_report *r)
{
    static const char *const rows[] = {"fees",     "cost_share", "slippage",   "slippage_share",
                                       "funding",  "interest",   "net_profit", "traded_value",
                                       "turnover", "expectancy"};
    s1_report_section(r, "costs", "costs");
    s1_report_say(r, "<dl>");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const s1_results_metric *const m = s1_results_metric_find(r->view, rows[i]);
        if (m == NULL) {
            continue; /* results of an earlier version */
        }
        s1_report_say(r, "<dt>");
        s1_report_text(r, m->label);
        s1_report_say(r, "</dt><dd>");
        s1_report_metric(r->out, m);
        if (strcmp(m->kind, "MONEY") == 0 || strcmp(m->kind, "AMOUNT") == 0) {
            s1_report_say(r, " ");
            s1_report_text(r, r->view->currency);
        }
        s1_report_say(r, "</dd>");
    }
    s1_report_say(r, "</dl>\n");
    s1_report_section_end(r);
}
