/* What --ambiguity found, in report.html: the run between its worst and its best. */
#include "services/api/ambiguity.h"
#include "services/api/report_internal.h"

#include <math.h>

s1_rc s1_report_band_open(s1_report *r, s1_err *err)
{
    S1_TRY(err, s1_api_ambiguity_beside(r->results, S1_RESOLUTION_WORST, &r->worst, err));
    S1_TRY(err, s1_api_ambiguity_beside(r->results, S1_RESOLUTION_BEST, &r->best, err));
    if (r->worst == NULL || r->best == NULL) {
        s1_report_band_done(r);
        return S1_OK;
    }
    S1_TRY(err, s1_api_results_series(r->worst, &r->worst_series, err));
    S1_TRY(err, s1_api_results_series(r->best, &r->best_series, err));
    if (r->worst_series.count != r->series.count || r->best_series.count != r->series.count) {
        return S1_RAISE(err, S1_E_DATA, "%s: found %zu bars, expected the %zu of the run itself",
                        s1_results_view_borrow(r->worst)->dir, r->worst_series.count,
                        r->series.count);
    }
    return S1_OK;
}

void s1_report_band_done(s1_report *r)
{
    s1_results_free(r->worst);
    s1_results_free(r->best);
    r->worst = NULL;
    r->best = NULL;
}

static void print_figure(s1_report *r, const char *metric)
{
    const s1_results_view *const views[] = {s1_results_view_borrow(r->worst), r->view,
                                            s1_results_view_borrow(r->best)};
    s1_report_say(r, "<tr><td>");
    s1_report_text(r, s1_results_metric_find(r->view, metric)->label);
    s1_report_say(r, "</td>");
    for (size_t i = 0; i < 3; i++) {
        s1_report_say(r, "<td class=\"r\">");
        s1_report_metric(r->out, s1_results_metric_find(views[i], metric));
        s1_report_say(r, "</td>");
    }
    s1_report_say(r, "</tr>\n");
}

void s1_report_print_band(s1_report *r)
{
    static const char *const figures[] = {"total_return", "cagr",          "sharpe",
                                          "max_drawdown", "net_profit",    "trade_count",
                                          "win_rate",     "profit_factor", "expectancy"};
    if (r->worst == NULL) {
        return;
    }
    s1_report_section(r, "band", "band");
    s1_report_say(r, "<div class=\"legend\">");
    s1_report_legend(r, "", "own", "band_own");
    s1_report_legend(r, "", "good", "band_best");
    s1_report_legend(r, "", "bad", "band_worst");
    s1_report_say(r, "<span>");
    s1_report_text(r, r->view->currency);
    s1_report_say(r, "</span></div>\n");
    s1_report_band_chart(r);
    s1_report_say(
        r, "<div class=\"scroll\"><table class=\"three\"><thead><tr><th></th><th class=\"r\">");
    s1_report_words(r, "band_worst");
    s1_report_say(r, "</th><th class=\"r\">");
    s1_report_words(r, "band_own");
    s1_report_say(r, "</th><th class=\"r\">");
    s1_report_words(r, "band_best");
    s1_report_say(r, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        print_figure(r, figures[i]);
    }
    s1_report_say(r, "</tbody></table></div>\n<p class=\"dim\">");
    s1_report_words(r, "band_note");
    s1_report_say(r, "</p>\n");
    s1_report_section_end(r);
}
