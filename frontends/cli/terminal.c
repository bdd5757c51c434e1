#include "frontends/cli/terminal.h"

#include "backend/utils/proc.h"
#include "backend/utils/timefmt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_DEFAULT 80u
#define COLUMNS_MIN     40u
#define FLEXIBLE_MIN    8u
#define FLEXIBLE_GOOD   24u /* below this, optional columns go first */

/* --- What the terminal can. --------------------------------------------------------------- */

s1_terminal s1_terminal_of(FILE *out, const s1_terminal_environment *environment)
{
    const int fd = fileno(out);
    const bool is_tty = s1_proc_is_terminal(fd);
    const uint32_t columns = s1_proc_terminal_width(fd, COLUMNS_DEFAULT);
    const bool is_dumb = environment->term == NULL || strcmp(environment->term, "dumb") == 0;
    const bool is_refused = environment->no_color != NULL && environment->no_color[0] != '\0';
    const char *const locale = environment->locale != NULL ? environment->locale : "";
    return (s1_terminal){
        .out = out,
        .columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns,
        .is_tty = is_tty,
        .is_colored = is_tty && !is_dumb && !is_refused,
        .is_utf8 = strstr(locale, "UTF-8") != NULL || strstr(locale, "utf8") != NULL,
    };
}

const char *s1_terminal_on(const s1_terminal *terminal, enum s1_style style)
{
    if (!terminal->is_colored) {
        return "";
    }
    switch (style) {
    case S1_STYLE_BOLD:
        return "\033[1m";
    case S1_STYLE_DIM:
        return "\033[2m";
    case S1_STYLE_GOOD:
        return "\033[32m";
    case S1_STYLE_BAD:
        return "\033[31m";
    case S1_STYLE_WARN:
        return "\033[33m";
    case S1_STYLE_PLAIN:
    default:
        return "";
    }
}

const char *s1_terminal_off(const s1_terminal *terminal)
{
    return terminal->is_colored ? "\033[0m" : "";
}

uint32_t s1_text_width(const char *text)
{
    uint32_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0u) != 0x80u;
    }
    return width;
}

/* --- Tables. ------------------------------------------------------------------------------ */

struct s1_table {
    const s1_table_column *columns;
    size_t column_count;
    char **cells;
    size_t cell_count, cell_capacity;
};

s1_table *s1_table_new(const s1_table_column *columns, size_t count)
{
    s1_table *const table = calloc(1, sizeof *table);
    if (table != NULL) {
        table->columns = columns;
        table->column_count = count < S1_TABLE_COLUMNS_MAX ? count : S1_TABLE_COLUMNS_MAX;
    }
    return table;
}

void s1_table_free(s1_table *table)
{
    if (table != NULL) {
        for (size_t i = 0; i < table->cell_count; i++) {
            free(table->cells[i]);
        }
        free(table->cells);
        free(table);
    }
}

bool s1_table_add(s1_table *table, const char *text)
{
    if (table->cell_count == table->cell_capacity) {
        const size_t capacity = table->cell_capacity == 0 ? 64 : table->cell_capacity * 2;
        char **const cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            return false;
        }
        table->cells = cells;
        table->cell_capacity = capacity;
    }
    char *const copy = strdup(text != NULL ? text : "");
    if (copy == NULL) {
        return false;
    }
    table->cells[table->cell_count++] = copy;
    return true;
}

/* Prints `text` cut to `width` columns, padded to it unless it is the last of a line. */
static void print_cell(FILE *out, const char *text, uint32_t width, bool is_right, bool is_last,
                       bool is_utf8)
{
    const uint32_t have = s1_text_width(text);
    if (have <= width) {
        const int gap = (int)(width - have);
        if (is_right) {
            (void)fprintf(out, "%*s%s", gap, "", text);
        } else {
            (void)fprintf(out, "%s%*s", text, is_last ? 0 : gap, "");
        }
        return;
    }
    const uint32_t kept = width - (is_utf8 ? 1 : 2);
    uint32_t at = 0;
    while (*text != '\0' && (at < kept || ((unsigned char)*text & 0xC0u) == 0x80u)) {
        (void)fputc(*text, out);
        text++;
        at += ((unsigned char)*text & 0xC0u) != 0x80u;
    }
    (void)fputs(is_utf8 ? "\u2026" : "..", out);
}

/* Width of what is shown: a column of width 0 is left out. */
static uint32_t total_width(const uint32_t *widths, size_t count)
{
    uint32_t total = 0;
    for (size_t c = 0; c < count; c++) {
        total += widths[c] > 0 ? widths[c] + (total > 0 ? 2 : 0) : 0;
    }
    return total;
}

/* Cuts flexible columns, the widest first, down to `least`. */
static void shrink(const s1_table *table, uint32_t *widths, uint32_t least, uint32_t columns)
{
    while (total_width(widths, table->column_count) > columns) {
        size_t widest = table->column_count;
        for (size_t c = 0; c < table->column_count; c++) {
            if (table->columns[c].is_flexible && widths[c] > least &&
                (widest == table->column_count || widths[c] > widths[widest])) {
                widest = c;
            }
        }
        if (widest == table->column_count) {
            return;
        }
        widths[widest]--;
    }
}

static void table_widths(const s1_terminal *terminal, const s1_table *table, uint32_t *widths)
{
    const size_t count = table->column_count;
    for (size_t c = 0; c < count; c++) {
        widths[c] = s1_text_width(table->columns[c].title);
        for (size_t i = c; i < table->cell_count; i += count) {
            const uint32_t width = s1_text_width(table->cells[i]);
            widths[c] = width > widths[c] ? width : widths[c];
        }
    }
    if (!terminal->is_tty) {
        return;
    }
    shrink(table, widths, FLEXIBLE_GOOD, terminal->columns);
    for (size_t c = 0; c < count && total_width(widths, count) > terminal->columns; c++) {
        widths[c] = table->columns[c].is_optional ? 0 : widths[c];
    }
    shrink(table, widths, FLEXIBLE_MIN, terminal->columns);
}

/* The column shown last. */
static size_t last_column(const uint32_t *widths, size_t count)
{
    while (count > 1 && widths[count - 1] == 0) {
        count--;
    }
    return count - 1;
}

static void print_row(const s1_terminal *terminal, const s1_table *table, const uint32_t *widths,
                      char *const *cells)
{
    const size_t last = last_column(widths, table->column_count);
    const char *separator = "";
    for (size_t c = 0; c < table->column_count; c++) {
        if (widths[c] > 0) {
            (void)fputs(separator, terminal->out);
            print_cell(terminal->out, cells != NULL ? cells[c] : table->columns[c].title, widths[c],
                       table->columns[c].is_right, c == last, terminal->is_utf8);
            separator = "  ";
        }
    }
}

void s1_table_print(const s1_terminal *terminal, const s1_table *table)
{
    const size_t count = table->column_count;
    uint32_t widths[S1_TABLE_COLUMNS_MAX] = {0};
    table_widths(terminal, table, widths);
    (void)fputs(s1_terminal_on(terminal, S1_STYLE_BOLD), terminal->out);
    print_row(terminal, table, widths, NULL);
    (void)fprintf(terminal->out, "%s\n", s1_terminal_off(terminal));
    for (size_t i = 0; i + count <= table->cell_count; i += count) {
        print_row(terminal, table, widths, table->cells + i);
        (void)fputc('\n', terminal->out);
    }
}

/* --- Numbers. ----------------------------------------------------------------------------- */

/* Groups the digits of text[0..length) by thousands. */
static void group(const char *digits, size_t length, char *out, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < length && at + 2 < size; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

const char *s1_format_count(uint64_t value, char buffer[static S1_FORMAT_MAX])
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    group(digits, (size_t)length, buffer, S1_FORMAT_MAX);
    return buffer;
}

const char *s1_format_percent(double fraction, char buffer[static S1_FORMAT_MAX])
{
    if (isfinite(fraction)) {
        const double percent = fraction * 100.0;
        const bool is_zero = fabs(percent) < 0.005;
        (void)snprintf(buffer, S1_FORMAT_MAX, is_zero ? "%.2f %%" : "%+.2f %%",
                       is_zero ? 0.0 : percent);
    } else {
        (void)snprintf(buffer, S1_FORMAT_MAX, "n/a");
    }
    return buffer;
}

const char *s1_format_ratio(double value, char buffer[static S1_FORMAT_MAX])
{
    if (isfinite(value)) {
        (void)snprintf(buffer, S1_FORMAT_MAX, "%.2f", fabs(value) < 0.005 ? 0.0 : value);
    } else {
        (void)snprintf(buffer, S1_FORMAT_MAX, "n/a");
    }
    return buffer;
}

const char *s1_format_money(const char *decimal, char buffer[static S1_FORMAT_MAX])
{
    if (decimal == NULL || decimal[0] == '\0') {
        (void)snprintf(buffer, S1_FORMAT_MAX, "n/a");
        return buffer;
    }
    const bool is_negative = decimal[0] == '-';
    const char *const digits = decimal + is_negative;
    const size_t whole = strcspn(digits, ".");
    const char *const fraction = digits[whole] == '.' ? digits + whole + 1 : "";
    if (whole > 30) {
        (void)snprintf(buffer, S1_FORMAT_MAX, "%s", decimal);
        return buffer;
    }
    /* Digits before the point and two behind it, one more in front for a carry. */
    char number[40];
    int length = snprintf(number, sizeof number, "0%.*s%c%c", (int)whole, digits,
                          fraction[0] != '\0' ? fraction[0] : '0',
                          fraction[0] != '\0' && fraction[1] != '\0' ? fraction[1] : '0');
    const bool is_up = strlen(fraction) > 2 && fraction[2] >= '5';
    for (int i = length - 1; is_up && i >= 0; i--) {
        if (number[i] != '9') {
            number[i]++;
            break;
        }
        number[i] = '0';
    }
    const char *start = number;
    while (length > 3 && *start == '0') {
        start++;
        length--;
    }
    char grouped[S1_FORMAT_MAX];
    group(start, (size_t)length - 2, grouped, sizeof grouped);
    const bool is_zero = strspn(start, "0") == (size_t)length;
    (void)snprintf(buffer, S1_FORMAT_MAX, "%s%.48s.%.2s", is_negative && !is_zero ? "-" : "",
                   grouped, start + length - 2);
    return buffer;
}

const char *s1_format_time(const char *iso, char buffer[static S1_FORMAT_MAX])
{
    if (iso == NULL || strlen(iso) < 19) {
        (void)snprintf(buffer, S1_FORMAT_MAX, "%s", iso != NULL && iso[0] != '\0' ? iso : "n/a");
        return buffer;
    }
    const bool has_seconds = strncmp(iso + 17, "00", 2) != 0;
    (void)snprintf(buffer, S1_FORMAT_MAX, "%.10s %.*s", iso, has_seconds ? 8 : 5, iso + 11);
    return buffer;
}

/* --- Progress. ---------------------------------------------------------------------------- */

static void format_progress(const s1_progress *progress, const char *phase, uint64_t done,
                            uint64_t total, s1_nanos now, char *line, size_t size)
{
    char count[S1_FORMAT_MAX];
    char rate[S1_FORMAT_MAX];
    char eta[S1_FORMAT_MAX];
    const double seconds = (double)(now - progress->started) / 1e9;
    const double per_second = seconds > 0.0 ? (double)done / seconds : 0.0;
    (void)s1_format_count(done, count);
    (void)s1_format_count((uint64_t)per_second, rate);
    if (total > 0 && done <= total && per_second > 0.0) {
        (void)s1_duration_print((s1_nanos)((double)(total - done) / per_second * 1e9), eta);
        (void)snprintf(line, size, "%s %3.0f %%  %s %s  %s/s  ETA %s", phase,
                       100.0 * (double)done / (double)total, count, progress->unit, rate, eta);
    } else {
        (void)snprintf(line, size, "%s  %s %s  %s/s", phase, count, progress->unit, rate);
    }
}

void s1_progress_show(s1_progress *progress, const char *phase, uint64_t done, uint64_t total,
                      s1_nanos now)
{
    if (progress->started == 0) {
        progress->started = now;
        progress->shown = now;
    }
    if (now - progress->started < S1_NANOS_PER_SECOND) {
        return;
    }
    char line[256];
    if (progress->is_tty) {
        if (now - progress->shown < S1_NANOS_PER_SECOND / 10) {
            return;
        }
        format_progress(progress, phase, done, total, now, line, sizeof line);
        (void)fprintf(progress->out, "\r\033[K%.*s", (int)progress->columns - 1, line);
        (void)fflush(progress->out);
        progress->is_shown = true;
    } else {
        const int32_t tenth = total > 0 ? (int32_t)(done * 10 / total) : 0;
        const bool is_due =
            total > 0 ? tenth > progress->tenth : now - progress->shown >= 10 * S1_NANOS_PER_SECOND;
        if (!is_due) {
            return;
        }
        progress->tenth = tenth;
        format_progress(progress, phase, done, total, now, line, sizeof line);
        (void)fprintf(progress->out, "%s\n", line);
    }
    progress->shown = now;
}

void s1_progress_end(s1_progress *progress)
{
    if (progress->is_shown) {
        (void)fputs("\r\033[K", progress->out);
        (void)fflush(progress->out);
        progress->is_shown = false;
    }
}
