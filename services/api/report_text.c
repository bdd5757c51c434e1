/* What the parts of report.html are written with: escaped texts, values, sections, legends. */
#include "backend/utils/timefmt.h"
#include "services/api/report_internal.h"

#include <math.h>
#include <string.h>

/* --- Text. -------------------------------------------------------------------------------- */

void s1_report_escape(s1_strbuf *out, s1_str text)
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
    s1_report_escape(r->out, s1_str_of(text != NULL ? text : ""));
}

/* The first eight characters of an id. */
void s1_report_id(s1_report *r, const char *id)
{
    const s1_str text = s1_str_of(id != NULL ? id : "");
    s1_report_escape(r->out, (s1_str){text.ptr, text.len < 8 ? text.len : 8});
}

const char *s1_report_word(const s1_report *r, const char *key)
{
    char full[96];
    (void)snprintf(full, sizeof full, "html.%s", key);
    const s1_str text = s1_locale_text(r->locale, s1_str_of(full));
    return text.len > 0 ? text.ptr : key;
}

void s1_report_words(s1_report *r, const char *key)
{
    s1_report_text(r, s1_report_word(r, key));
}

void s1_report_words_with(s1_report *r, const char *key, const s1_locale_value *values,
                          size_t count)
{
    char full[96];
    s1_strbuf text;
    s1_strbuf_init(&text, 4096);
    (void)snprintf(full, sizeof full, "html.%s", key);
    s1_locale_word(r->locale, full, values, count, &text);
    s1_report_escape(r->out, s1_strbuf_view(&text));
    r->is_short = r->is_short || text.has_failed;
    s1_strbuf_done(&text);
}

void s1_report_market(s1_report *r)
{
    const s1_locale_value value = {"stream", r->view->benchmark};
    if (r->view->benchmark[0] != '\0') {
        s1_report_words_with(r, "buy_and_hold_of", &value, 1);
    } else {
        s1_report_words(r, "buy_and_hold");
    }
}

void s1_report_say(s1_report *r, const char *text)
{
    s1_strbuf_cstr_add(r->out, text);
}

double s1_report_number(const s1_report *r, const char *metric)
{
    const s1_results_metric *const found = s1_results_metric_find(r->view, metric);
    return found != NULL ? found->number : (double)NAN;
}

/* --- Values. ------------------------------------------------------------------------------ */

void s1_report_percent(s1_strbuf *out, double value, bool has_sign)
{
    if (!isfinite(value)) {
        s1_strbuf_lit(out, "&ndash;");
    } else {
        s1_strbuf_printf(out, has_sign ? "%+.2f %%" : "%.2f %%", value * 100.0);
    }
}

void s1_report_ratio(s1_strbuf *out, double value)
{
    if (!isfinite(value)) {
        s1_strbuf_lit(out, "&ndash;");
    } else {
        s1_strbuf_printf(out, fabs(value) >= 1000.0 ? "%.0f" : "%.3f", value);
    }
}

void s1_report_money(s1_strbuf *out, double value)
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

void s1_report_time(s1_strbuf *out, s1_nanos time)
{
    char text[S1_TIME_TEXT_MAX];
    const size_t len = s1_time_print_short(time, text);
    s1_strbuf_bytes(out, text, len > 16 ? 16 : len); /* minutes */
}

void s1_report_iso(s1_strbuf *out, const char *text)
{
    s1_nanos time = 0;
    if (text != NULL && s1_time_parse(s1_str_of(text), &time, NULL) == S1_OK) {
        s1_report_time(out, time);
    } else {
        s1_strbuf_lit(out, "&ndash;");
    }
}

void s1_report_metric(s1_strbuf *out, const s1_results_metric *m)
{
    char duration[S1_TIMEFRAME_TEXT_MAX];
    if (m->text == NULL) {
        s1_strbuf_lit(out, "&ndash;");
    } else if (strcmp(m->kind, "FRACTION") == 0) {
        s1_report_percent(out, m->number, false);
    } else if (strcmp(m->kind, "RATIO") == 0) {
        s1_report_ratio(out, m->number);
    } else if (strcmp(m->kind, "TIME") == 0) {
        s1_report_iso(out, m->text);
    } else if (strcmp(m->kind, "COUNT") == 0) {
        s1_strbuf_printf(out, "%.0f", m->number);
    } else if (strstr(m->kind, "DURATION") != NULL) {
        (void)s1_duration_print((s1_nanos)(m->number * 1e9), duration);
        s1_strbuf_cstr_add(out, m->number > 0.0 ? duration : "0");
    } else {
        s1_report_money(out, m->number);
    }
}

const char *s1_report_tone(double value)
{
    return value > 0.0 ? "good" : value < 0.0 ? "bad" : "";
}

/* --- Parts. ------------------------------------------------------------------------------- */

void s1_report_section(s1_report *r, const char *id, const char *key)
{
    s1_strbuf_printf(r->out, "<section id=\"%s\">\n<h2>", id);
    s1_report_words(r, key);
    s1_report_say(r, "</h2>\n");
}

void s1_report_section_end(s1_report *r)
{
    s1_report_say(r, "</section>\n");
}

void s1_report_legend(s1_report *r, const char *style, const char *color, const char *key)
{
    s1_strbuf_printf(r->out, "<span><i class=\"%s\" style=\"%s:var(--%s)\"></i>", style,
                     strcmp(style, "dot") == 0 ? "background" : "border-color", color);
    if (key == NULL) {
        s1_report_market(r);
    } else {
        s1_report_words(r, key);
    }
    s1_report_say(r, "</span>");
}
