#include "frontends/cli/chart.h"

#include <math.h>
#include <string.h>

enum part { PART_NONE, PART_WICK, PART_BODY };

/* What stands in a cell, by its upper and lower half. */
static const char *const wick_and_body[3][3] = {
    {" ", "╷", "╻"}, /* above nothing: below nothing, a wick, a body */
    {"╵", "│", "╽"},
    {"╹", "╿", "┃"},
};
/* The same where a body that falls must be told apart without colour. */
static const char *const falling[3][3] = {
    {" ", "╷", "▄"},
    {"╵", "│", "▄"},
    {"▀", "▀", "█"},
};

typedef struct scale {
    double low, step; /* of a level */
    uint32_t levels;
} scale;

static uint32_t level_of(const scale *s, double value)
{
    const double level = floor((value - s->low) / s->step);
    return level <= 0 ? 0 : level >= s->levels - 1 ? s->levels - 1 : (uint32_t)level;
}

static enum part part_at(const scale *s, const s1_candle *c, uint32_t level)
{
    if (!c->is_there || level < level_of(s, c->low) || level > level_of(s, c->high)) {
        return PART_NONE;
    }
    const bool is_body = level >= level_of(s, fmin(c->open, c->close)) &&
                         level <= level_of(s, fmax(c->open, c->close));
    return is_body ? PART_BODY : PART_WICK;
}

static bool find_scale(const s1_candle *candles, size_t count, uint32_t levels, scale *ret_scale)
{
    double low = 0, high = 0;
    bool is_there = false;
    for (size_t i = 0; i < count; i++) {
        if (candles[i].is_there) {
            low = is_there ? fmin(low, candles[i].low) : candles[i].low;
            high = is_there ? fmax(high, candles[i].high) : candles[i].high;
            is_there = true;
        }
    }
    const double span = high - low;
    const double step = span > 0 ? span / levels : fmax(fabs(low), 1) * 1e-9;
    *ret_scale = (scale){low, step, levels};
    return is_there;
}

static void put_label(const s1_terminal *terminal, const char *label)
{
    (void)fprintf(terminal->out, "%s%*s%s %s ", s1_terminal_on(terminal, S1_STYLE_DIM),
                  (int)S1_CHART_LABEL - 3, label, s1_terminal_off(terminal),
                  terminal->is_utf8 ? "│" : "|");
}

/* One candle in one line. */
static const char *cell_of(const s1_terminal *terminal, const scale *s, const s1_candle *c,
                           uint32_t line)
{
    const bool is_falling = c->close < c->open;
    if (!terminal->is_utf8) {
        const enum part part = part_at(s, c, line);
        return part == PART_NONE ? " " : part == PART_WICK ? "|" : is_falling ? "#" : "+";
    }
    const enum part upper = part_at(s, c, 2 * line + 1), lower = part_at(s, c, 2 * line);
    return is_falling && !terminal->is_colored ? falling[upper][lower]
                                               : wick_and_body[upper][lower];
}

void s1_chart_candles(const s1_terminal *terminal, const s1_candle *candles, size_t count,
                      uint32_t height, uint32_t decimals)
{
    const uint32_t per_line = terminal->is_utf8 ? 2 : 1;
    scale s;
    if (!find_scale(candles, count, height * per_line, &s)) {
        return;
    }
    for (uint32_t line = height; line-- > 0;) {
        char label[S1_FORMAT_MAX];
        const double price = s.low + ((double)line + 0.5) * per_line * s.step;
        (void)snprintf(label, sizeof label, "%.*f", (int)decimals, price);
        put_label(terminal, label);
        enum s1_style style = S1_STYLE_PLAIN;
        for (size_t i = 0; i < count; i++) {
            const char *const cell = cell_of(terminal, &s, &candles[i], line);
            const enum s1_style wanted = cell[0] == ' '                       ? style
                                         : candles[i].close < candles[i].open ? S1_STYLE_BAD
                                                                              : S1_STYLE_GOOD;
            if (wanted != style) {
                (void)fprintf(terminal->out, "%s%s",
                              style != S1_STYLE_PLAIN ? s1_terminal_off(terminal) : "",
                              s1_terminal_on(terminal, wanted));
                style = wanted;
            }
            (void)fputs(cell, terminal->out);
        }
        (void)fprintf(terminal->out, "%s\n",
                      style != S1_STYLE_PLAIN ? s1_terminal_off(terminal) : "");
    }
}

void s1_chart_spark(const s1_terminal *terminal, const char *label, const double *values,
                    size_t count)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const plain[] = {".", ".", ":", ":", "|", "|", "#", "#"};
    const char *const *const steps = terminal->is_utf8 ? bars : plain;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        most = values[i] > most ? values[i] : most;
    }
    put_label(terminal, label);
    (void)fputs(s1_terminal_on(terminal, S1_STYLE_DIM), terminal->out);
    for (size_t i = 0; i < count; i++) {
        const double level = most > 0 ? ceil(values[i] / most * 8) - 1 : -1;
        (void)fputs(level >= 0 ? steps[level > 7 ? 7 : (size_t)level] : " ", terminal->out);
    }
    (void)fprintf(terminal->out, "%s\n", s1_terminal_off(terminal));
}

void s1_chart_strip(const s1_terminal *terminal, const char *label, const double *shares,
                    size_t count)
{
    static const char *const blocks[] = {" ", "░", "▒", "▓", "█", "·"};
    static const char *const plain[] = {" ", ".", "-", "+", "#", "~"};
    const char *const *const steps = terminal->is_utf8 ? blocks : plain;
    put_label(terminal, label);
    for (size_t i = 0; i < count; i++) {
        const double share = shares[i];
        const size_t step = isnan(share)  ? 5
                            : share <= 0  ? 0
                            : share < 0.5 ? 1
                            : share < 0.9 ? 2
                            : share < 1   ? 3
                                          : 4;
        (void)fputs(steps[step], terminal->out);
    }
    (void)fputc('\n', terminal->out);
}

static void put_at(char *line, size_t width, size_t at, const char *text)
{
    const size_t length = strlen(text);
    if (at + length <= width) {
        memcpy(line + at, text, length);
    }
}

void s1_chart_axis(const s1_terminal *terminal, size_t count, const char *left, const char *middle,
                   const char *right)
{
    char line[1024];
    const size_t width = count < sizeof line - 1 ? count : sizeof line - 1;
    memset(line, ' ', width);
    line[width] = '\0';
    const size_t ends = strlen(left) + strlen(right);
    if (ends + strlen(middle) + 4 <= width) {
        put_at(line, width, (width - strlen(middle)) / 2, middle);
    }
    if (ends + 2 <= width) {
        put_at(line, width, width - strlen(right), right);
    }
    put_at(line, width, 0, left);
    for (size_t end = width; end > 0 && line[end - 1] == ' '; end--) {
        line[end - 1] = '\0';
    }
    (void)fprintf(terminal->out, "%*s%s%s%s\n", (int)S1_CHART_LABEL, "",
                  s1_terminal_on(terminal, S1_STYLE_DIM), line, s1_terminal_off(terminal));
}
