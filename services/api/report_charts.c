/* The charts of report.html. An SVG of 1000 units across is stretched over its box; what must not
 * be stretched (labels) stands beside it as text, at percentages. */
#include "backend/utils/timefmt.h"
#include "services/api/report_internal.h"

#include <math.h>
#include <stdlib.h>

#define WIDTH       1000.0
#define COLUMNS_MAX 1000u  /* of a line in the page */
#define DETAIL_MAX  12000u /* of the prices the script zooms into */
#define BINS        41u
#define TICKS       5

/* A chart's scale and height in units. */
typedef struct scale {
    double low, high, height;
    size_t count; /* along x */
} scale;

static double x_at(const scale *s, double row)
{
    return (row + 0.5) / (double)s->count * WIDTH;
}

static double y_at(const scale *s, double value)
{
    return s->high > s->low ? (s->high - value) / (s->high - s->low) * s->height : s->height / 2.0;
}

static void stretch(scale *s, double value)
{
    if (isfinite(value)) {
        s->low = value < s->low ? value : s->low;
        s->high = value > s->high ? value : s->high;
    }
}

static scale scale_of(double height, size_t count)
{
    return (scale){HUGE_VAL, -HUGE_VAL, height, count};
}

static void pad(scale *s)
{
    const double room = (s->high - s->low) * 0.04;
    s->low -= room > 0.0 ? room : 1.0;
    s->high += room > 0.0 ? room : 1.0;
}

/* --- Pieces. ------------------------------------------------------------------------------ */

static void open_plot(s1_report *r, const char *size, const scale *s, const char *id)
{
    s1_strbuf_printf(r->out,
                     "<div class=\"chart\"><div class=\"plot %s\"%s%s%s><svg viewBox=\"0 0 1000 "
                     "%.0f\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
                     size, id != NULL ? " id=\"" : "", id != NULL ? id : "", id != NULL ? "\"" : "",
                     s->height);
}

/* 1, 2 or 5 times a power of ten, so that about `count` steps fill the span. */
static double nice_step(double span, int count)
{
    const double rough = span / count;
    const double power = pow(10.0, floor(log10(rough)));
    const double lead = rough / power;
    return (lead < 1.5 ? 1.0 : lead < 3.5 ? 2.0 : lead < 7.5 ? 5.0 : 10.0) * power;
}

/* Grid lines while the SVG is open; their labels come after it. */
static void grid(s1_report *r, const scale *s, double step)
{
    s1_strbuf_lit(r->out, "<path class=\"g\" d=\"");
    for (double tick = ceil(s->low / step); tick * step <= s->high; tick += 1.0) {
        s1_strbuf_printf(r->out, "M0 %.1fH1000", y_at(s, tick * step));
    }
    s1_strbuf_lit(r->out, "\"/>");
}

static void close_plot(s1_report *r, const scale *s, double step, double factor, const char *unit)
{
    const int digits = (int)fmax(0.0, ceil(-log10(step * factor) - 1e-9));
    s1_strbuf_lit(r->out, "</svg>");
    for (double tick = ceil(s->low / step); tick * step <= s->high; tick += 1.0) {
        const double value = tick * step * factor;
        s1_strbuf_printf(r->out, "<span class=\"y\" style=\"top:%.2f%%\">%.*f%s</span>",
                         y_at(s, tick * step) / s->height * 100.0, digits,
                         value > 0.0 || value < 0.0 ? value : 0.0, unit);
    }
}

static void date_label(s1_report *r, s1_nanos time, double place)
{
    char text[S1_TIME_TEXT_MAX];
    (void)s1_time_print_date(time - 1, text);
    s1_strbuf_printf(r->out, "<span class=\"x%s\" style=\"left:%.1f%%\">%s</span>",
                     place > 0.99   ? " end"
                     : place > 0.01 ? " mid"
                                    : " start",
                     place * 100.0, text);
}

/* Dates under a plot whose rows are bars, or returns. */
static void date_axis(s1_report *r, bool is_of_returns, size_t first)
{
    const size_t count = is_of_returns ? r->return_count : r->series.count;
    for (int i = 0; i < TICKS; i++) {
        const double place = (double)i / (TICKS - 1);
        const size_t row = first + (size_t)((double)(count - 1 - first) * place);
        date_label(r, is_of_returns ? r->returns[row].end : r->series.time[row], place);
    }
    s1_strbuf_lit(r->out, "</div></div>\n");
}

/* A line over rows, lowest and highest of each column where there are more than columns. */
static void line(s1_report *r, const char *kind, const scale *s, const double *values,
                 double factor)
{
    const size_t columns = s->count < COLUMNS_MAX ? s->count : COLUMNS_MAX;
    bool is_first = true;
    s1_strbuf_printf(r->out, "<path class=\"%s\" d=\"", kind);
    for (size_t column = 0; column < columns; column++) {
        const size_t from = column * s->count / columns;
        const size_t to = (column + 1) * s->count / columns;
        double low = values[from];
        double high = values[from];
        for (size_t row = from; row < to; row++) {
            low = values[row] < low ? values[row] : low;
            high = values[row] > high ? values[row] : high;
        }
        if (!isfinite(low) || !isfinite(high)) {
            continue;
        }
        const double x = x_at(s, (double)(from + to - 1) / 2.0);
        s1_strbuf_printf(r->out, "%s%.1f %.1f", is_first ? "M" : "L", x, y_at(s, low * factor));
        if (high > low) {
            s1_strbuf_printf(r->out, "V%.1f", y_at(s, high * factor));
        }
        is_first = false;
    }
    s1_strbuf_lit(r->out, "\"/>");
}

/* The area between a line and a level. */
static void area(s1_report *r, const char *kind, const scale *s, const double *values, double level)
{
    const size_t columns = s->count < COLUMNS_MAX ? s->count : COLUMNS_MAX;
    s1_strbuf_printf(r->out, "<path class=\"%s\" d=\"M0 %.1f", kind, y_at(s, level));
    for (size_t column = 0; column < columns; column++) {
        const size_t from = column * s->count / columns;
        const size_t to = (column + 1) * s->count / columns;
        double far = values[from];
        for (size_t row = from; row < to; row++) {
            far = fabs(values[row] - level) > fabs(far - level) ? values[row] : far;
        }
        s1_strbuf_printf(r->out, "L%.1f %.1f", x_at(s, (double)(from + to - 1) / 2.0),
                         y_at(s, far));
    }
    s1_strbuf_printf(r->out, "L1000 %.1fZ\"/>", y_at(s, level));
}

/* --- Equity. ------------------------------------------------------------------------------ */

void s1_report_equity_chart(s1_report *r)
{
    const s1_results_series *const series = &r->series;
    const double capital = s1_report_number(r, "initial_capital");
    const double *const market = series->benchmark;
    const double share = market[0] > 0.0 ? capital / market[0] : (double)NAN;
    scale s = scale_of(260.0, series->count);
    for (size_t i = 0; i < series->count; i++) {
        stretch(&s, series->equity[i]);
        stretch(&s, market[i] * share);
    }
    pad(&s);
    const double step = nice_step(s.high - s.low, TICKS);
    open_plot(r, "", &s, "equity-plot");
    grid(r, &s, step);
    if (isfinite(share)) {
        line(r, "market", &s, market, share);
    }
    line(r, "own", &s, series->equity, 1.0);
    close_plot(r, &s, step, 1.0, "");
    date_axis(r, false, 0);
    scale d = scale_of(90.0, series->count);
    stretch(&d, 0.0);
    for (size_t i = 0; i < series->count; i++) {
        stretch(&d, series->drawdown[i]);
    }
    d.low = d.low < 0.0 ? d.low * 1.05 : -0.01;
    const double deep = nice_step(d.high - d.low, 3);
    open_plot(r, "low", &d, "drawdown-plot");
    grid(r, &d, deep);
    area(r, "down", &d, series->drawdown, 0.0);
    close_plot(r, &d, deep, 100.0, " %");
    s1_strbuf_lit(r->out, "</div></div>\n");
}

/* What lies between two lines: down one and back along the other. */
static void band(s1_report *r, const scale *s, const double *low, const double *high)
{
    const size_t columns = s->count < COLUMNS_MAX ? s->count : COLUMNS_MAX;
    s1_strbuf_lit(r->out, "<path class=\"band\" d=\"");
    for (size_t step = 0; step < 2 * columns; step++) {
        const bool is_back = step >= columns;
        const size_t column = is_back ? 2 * columns - 1 - step : step;
        const size_t from = column * s->count / columns;
        const size_t to = (column + 1) * s->count / columns;
        double far = is_back ? low[from] : high[from];
        for (size_t row = from; row < to; row++) {
            far = is_back ? fmin(far, fmin(low[row], high[row]))
                          : fmax(far, fmax(low[row], high[row]));
        }
        s1_strbuf_printf(r->out, "%s%.1f %.1f", step == 0 ? "M" : "L",
                         x_at(s, (double)(from + to - 1) / 2.0), y_at(s, far));
    }
    s1_strbuf_lit(r->out, "Z\"/>");
}

void s1_report_band_chart(s1_report *r)
{
    const double *const lines[] = {r->worst_series.equity, r->series.equity, r->best_series.equity};
    scale s = scale_of(260.0, r->series.count);
    for (size_t i = 0; i < 3 * r->series.count; i++) {
        stretch(&s, lines[i % 3][i / 3]);
    }
    pad(&s);
    const double step = nice_step(s.high - s.low, TICKS);
    open_plot(r, "", &s, "band-plot");
    grid(r, &s, step);
    band(r, &s, lines[0], lines[2]);
    line(r, "worst", &s, lines[0], 1.0);
    line(r, "best", &s, lines[2], 1.0);
    line(r, "own", &s, lines[1], 1.0);
    close_plot(r, &s, step, 1.0, "");
    date_axis(r, false, 0);
}

/* --- Distribution. ------------------------------------------------------------------------ */

void s1_report_distribution_chart(s1_report *r)
{
    uint64_t bins[BINS] = {0};
    double far = 0.0;
    for (size_t i = 0; i < r->return_count; i++) {
        far = fabs(r->returns[i].value) > far ? fabs(r->returns[i].value) : far;
    }
    far = far > 0.0 ? far : 0.01;
    const double width = 2.0 * far / BINS;
    uint64_t most = 1;
    for (size_t i = 0; i < r->return_count; i++) {
        const double place = (r->returns[i].value + far) / width;
        const size_t bin = place < BINS - 1 ? (size_t)place : BINS - 1;
        bins[bin]++;
        most = bins[bin] > most ? bins[bin] : most;
    }
    scale s = {0.0, (double)most * 1.05, 170.0, BINS};
    const double step = fmax(1.0, nice_step((double)most, 4));
    open_plot(r, "mid", &s, "distribution-plot");
    grid(r, &s, step);
    for (size_t i = 0; i < BINS; i++) {
        if (bins[i] > 0) {
            s1_strbuf_printf(
                r->out,
                "<rect class=\"bar%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                i < BINS / 2 ? " neg" : "", (double)i * WIDTH / BINS + 1.0,
                y_at(&s, (double)bins[i]), WIDTH / BINS - 2.0,
                s.height - y_at(&s, (double)bins[i]));
        }
    }
    const double risk = s1_report_number(r, "var_95");
    if (isfinite(risk)) {
        s1_strbuf_printf(r->out, "<path class=\"mark\" d=\"M%.1f 0V170\"/>",
                         (risk + far) / (2.0 * far) * WIDTH);
    }
    close_plot(r, &s, step, 1.0, "");
    static const double places[] = {0.0, 0.5, 1.0};
    for (size_t i = 0; i < 3; i++) {
        s1_strbuf_printf(r->out, "<span class=\"x%s\" style=\"left:%.0f%%\">%+.2f %%</span>",
                         i == 2   ? " end"
                         : i == 1 ? ""
                                  : " start",
                         places[i] * 100.0, (places[i] * 2.0 - 1.0) * far * 100.0);
    }
    s1_strbuf_lit(r->out, "</div></div>\n");
}

/* --- Excursions. -------------------------------------------------------------------------- */

/* One path of dots: those of the trades won, or lost. */
static void dots(s1_report *r, const json_t *list, const scale *across, const scale *up,
                 bool is_won)
{
    s1_strbuf_printf(r->out, "<path class=\"dots %s\" d=\"", is_won ? "win" : "loss");
    for (size_t i = 0; i < json_array_size(list) && i < r->trade_count; i++) {
        const json_t *const pair = json_array_get(list, i);
        const json_t *const adverse = json_array_get(pair, 0);
        const json_t *const favourable = json_array_get(pair, 1);
        if ((r->trades[i].pnl > 0.0) == is_won && json_is_number(adverse) &&
            json_is_number(favourable)) {
            s1_strbuf_printf(r->out, "M%.1f %.1fh0",
                             -json_number_value(adverse) / across->high * WIDTH,
                             y_at(up, json_number_value(favourable)));
        }
    }
    s1_strbuf_lit(r->out, "\"/>");
}

bool s1_report_excursions_chart(s1_report *r)
{
    const json_t *const list = json_object_get(s1_results_metrics_borrow(r->results), "excursions");
    scale across = {0.0, 0.0, 0.0, 1};
    scale up = {0.0, 0.0, 260.0, 1};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *const pair = json_array_get(list, i);
        stretch(&across, -json_number_value(json_array_get(pair, 0)));
        stretch(&up, json_number_value(json_array_get(pair, 1)));
    }
    if (!(across.high > 0.0) && !(up.high > 0.0)) {
        return false;
    }
    across.high = across.high > 0.0 ? across.high * 1.04 : 0.01;
    up.high = up.high > 0.0 ? up.high * 1.04 : 0.01;
    const double step = nice_step(up.high, TICKS);
    open_plot(r, "", &up, "excursions-plot");
    grid(r, &up, step);
    dots(r, list, &across, &up, true);
    dots(r, list, &across, &up, false);
    close_plot(r, &up, step, 100.0, " %");
    for (int i = 0; i < TICKS; i++) {
        const double place = (double)i / (TICKS - 1);
        s1_strbuf_printf(r->out, "<span class=\"x%s\" style=\"left:%.0f%%\">%.2f %%</span>",
                         i == 0           ? " start"
                         : i == TICKS - 1 ? " end"
                                          : " mid",
                         place * 100.0, i > 0 ? -place * across.high * 100.0 : 0.0);
    }
    s1_strbuf_lit(r->out, "</div></div>\n");
    return true;
}

/* --- Rolling figures. --------------------------------------------------------------------- */

size_t s1_report_window(const s1_report *r)
{
    const size_t window = r->return_count / 3;
    return window > 63 ? 63 : window >= 10 ? window : 0;
}

/* Sums of a window, made again for every place: exact, and few. */
typedef struct window_figures {
    double sharpe, volatility, beta;
} window_figures;

static window_figures figures_of(const s1_report *r, size_t end, size_t window)
{
    const s1_results_return *const at = r->returns + (end + 1 - window);
    const double n = (double)window;
    double mean = 0.0;
    double market = 0.0;
    for (size_t i = 0; i < window; i++) {
        mean += at[i].value / n;
        market += at[i].buy_and_hold / n;
    }
    double own_squares = 0.0;
    double market_squares = 0.0;
    double products = 0.0;
    for (size_t i = 0; i < window; i++) {
        own_squares += (at[i].value - mean) * (at[i].value - mean);
        market_squares += (at[i].buy_and_hold - market) * (at[i].buy_and_hold - market);
        products += (at[i].value - mean) * (at[i].buy_and_hold - market);
    }
    const double deviation = sqrt(own_squares / (n - 1.0));
    const double root = sqrt(r->view->periods_per_year);
    const double rate = pow(1.0 + r->view->risk_free_rate, 1.0 / r->view->periods_per_year) - 1.0;
    return (window_figures){deviation > 1e-15 ? (mean - rate) / deviation * root : (double)NAN,
                            deviation * root,
                            market_squares > 1e-30 ? products / market_squares : (double)NAN};
}

static void rolling_chart(s1_report *r, const char *key, const double *values, size_t count,
                          size_t first, double factor, const char *unit)
{
    scale s = scale_of(170.0, count);
    for (size_t i = 0; i < count; i++) {
        stretch(&s, values[i]);
    }
    if (!(s.high >= s.low)) {
        s.low = 0.0;
        s.high = 1.0;
    }
    pad(&s);
    const double step = nice_step(s.high - s.low, 4);
    s1_strbuf_lit(r->out, "<h3>");
    s1_report_words(r, key);
    s1_strbuf_lit(r->out, "</h3>");
    open_plot(r, "mid", &s, NULL);
    grid(r, &s, step);
    line(r, "own", &s, values, 1.0);
    close_plot(r, &s, step, factor, unit);
    date_axis(r, true, first);
}

void s1_report_rolling_charts(s1_report *r)
{
    const size_t window = s1_report_window(r);
    if (window == 0) {
        return;
    }
    const size_t count = r->return_count - window + 1;
    double *const room = s1_arena_array(&r->arena, double, count * 3);
    if (room == NULL) {
        r->is_short = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const window_figures at = figures_of(r, i + window - 1, window);
        room[i] = at.sharpe;
        room[count + i] = at.volatility;
        room[2 * count + i] = at.beta;
    }
    rolling_chart(r, "rolling_sharpe", room, count, window - 1, 1.0, "");
    rolling_chart(r, "rolling_volatility", room + count, count, window - 1, 100.0, " %");
    rolling_chart(r, "rolling_beta", room + 2 * count, count, window - 1, 1.0, "");
}

/* --- Price and trades. -------------------------------------------------------------------- */

static void trade_lines(s1_report *r, const scale *s, bool is_won)
{
    s1_strbuf_printf(r->out, "<path class=\"%s\" d=\"", is_won ? "win" : "loss");
    for (size_t i = 0; i < r->trade_count; i++) {
        const s1_report_trade *const t = &r->trades[i];
        if ((t->pnl > 0.0) == is_won) {
            s1_strbuf_printf(r->out, "M%.1f %.1fL%.1f %.1f", x_at(s, (double)t->entry_row),
                             y_at(s, t->entry), x_at(s, (double)t->exit_row), y_at(s, t->exit));
        }
    }
    s1_strbuf_lit(r->out, "\"/>");
}

static void json_number(s1_strbuf *out, double value)
{
    s1_strbuf_double(out, value); /* "null" for NaN */
}

size_t s1_report_column(const s1_report *r)
{
    return (r->series.count + DETAIL_MAX - 1) / DETAIL_MAX;
}

/* ",[row,price,row,price]" */
static void moves_data(s1_report *r, const s1_report_move *move)
{
    s1_strbuf_lit(r->out, ",[");
    for (const char *separator = ""; move != NULL; move = move->next, separator = ",") {
        s1_strbuf_printf(r->out, "%s%zu,", separator, move->row);
        json_number(r->out, move->price);
    }
    s1_strbuf_char(r->out, ']');
}

/* What the script zooms with: columns of `step` bars, and the trades. Numbers only. */
static void price_data(s1_report *r)
{
    const s1_results_series *const series = &r->series;
    const size_t step = s1_report_column(r);
    s1_strbuf_printf(r->out,
                     "<script type=\"application/json\" id=\"price-data\">{\"rows\":%zu,"
                     "\"step\":%zu,\"time\":[",
                     series->count, step);
    for (size_t from = 0; from < series->count; from += step) {
        const size_t last = from + step < series->count ? from + step - 1 : series->count - 1;
        s1_strbuf_printf(r->out, "%s%lld", from > 0 ? "," : "",
                         (long long)(series->time[last] / S1_NANOS_PER_SECOND));
    }
    for (int side = 0; side < (step > 1 ? 2 : 1); side++) {
        s1_strbuf_cstr_add(r->out, side == 0 ? "],\"low\":[" : "],\"high\":[");
        for (size_t from = 0; from < series->count; from += step) {
            const size_t to = from + step < series->count ? from + step : series->count;
            double value = series->close[from];
            for (size_t row = from; row < to; row++) {
                const double close = series->close[row];
                value = (side == 0 ? close < value : close > value) ? close : value;
            }
            s1_strbuf_cstr_add(r->out, from > 0 ? "," : "");
            json_number(r->out, value);
        }
    }
    s1_strbuf_lit(r->out, "],\"trades\":[");
    for (size_t i = 0; i < r->trade_count; i++) {
        const s1_report_trade *const t = &r->trades[i];
        s1_strbuf_printf(r->out, "%s[%zu,", i > 0 ? "," : "", t->entry_row);
        json_number(r->out, t->entry);
        s1_strbuf_printf(r->out, ",%zu,", t->exit_row);
        json_number(r->out, t->exit);
        s1_strbuf_char(r->out, ',');
        json_number(r->out, t->stop);
        s1_strbuf_char(r->out, ',');
        json_number(r->out, t->target);
        s1_strbuf_printf(r->out, ",%d", t->pnl > 0.0 ? 1 : 0);
        moves_data(r, t->stops);
        moves_data(r, t->targets);
        s1_strbuf_char(r->out, ']');
    }
    s1_strbuf_lit(r->out, "]}</script>\n");
}

void s1_report_price_chart(s1_report *r)
{
    const s1_results_series *const series = &r->series;
    scale s = scale_of(360.0, series->count);
    for (size_t i = 0; i < series->count; i++) {
        stretch(&s, series->close[i]);
    }
    for (size_t i = 0; i < r->trade_count; i++) {
        stretch(&s, r->trades[i].entry);
        stretch(&s, r->trades[i].exit);
    }
    pad(&s);
    const double step = nice_step(s.high - s.low, TICKS);
    open_plot(r, "tall", &s, "price-plot");
    grid(r, &s, step);
    line(r, "price", &s, series->close, 1.0);
    trade_lines(r, &s, true);
    trade_lines(r, &s, false);
    close_plot(r, &s, step, 1.0, "");
    date_axis(r, false, 0);
    price_data(r);
}
