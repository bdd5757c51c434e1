/* frontends/cli/terminal.h - how things look: width, colour, tables, trees, progress.
 *
 * Text for people. Nothing here decides anything; --json goes around it. Numbers are printed with a
 * point and no grouping in tables that may be piped, grouped only in reports.
 */
#ifndef S1_FRONTENDS_CLI_TERMINAL_H
#define S1_FRONTENDS_CLI_TERMINAL_H

#include "s1mple/base.h"

#include <stdio.h>

typedef struct s1_terminal {
    FILE *out;
    uint32_t columns; /* to fit in */
    bool is_tty;      /* out goes to a screen: tables are cut to the width */
    bool is_colored;
    bool is_utf8; /* line-drawing characters may be used */
} s1_terminal;

enum s1_style {
    S1_STYLE_PLAIN,
    S1_STYLE_BOLD,
    S1_STYLE_DIM,
    S1_STYLE_GOOD,
    S1_STYLE_BAD,
    S1_STYLE_WARN
};

/* What the environment says of a terminal: NO_COLOR, TERM, and the first set of LC_ALL, LC_CTYPE,
 * LANG; NULL where unset. */
typedef struct s1_terminal_environment {
    const char *no_color, *term, *locale;
} s1_terminal_environment;

/* Looks at `out` (is it a screen, how wide; COLUMNS overrides) and at the environment. 80 columns
 * where nothing tells. */
s1_terminal s1_terminal_of(FILE *out, const s1_terminal_environment *environment);

/* Starts and ends a style; nothing without colour. Static text. */
const char *s1_terminal_on(const s1_terminal *terminal, enum s1_style style);
const char *s1_terminal_off(const s1_terminal *terminal);

/* Columns a UTF-8 text takes (code points; the texts here have no wide or combining ones). */
uint32_t s1_text_width(const char *text);

/* --- Tables. ------------------------------------------------------------------------------ */

typedef struct s1_table_column {
    const char *title;
    bool is_right;    /* numbers */
    bool is_flexible; /* cut when the table is too wide */
    bool is_optional; /* left out when cutting would leave too little */
} s1_table_column;

#define S1_TABLE_COLUMNS_MAX 16u
typedef struct s1_table s1_table;

/* An empty table; NULL when memory is out. `columns` is borrowed. */
s1_table *s1_table_new(const s1_table_column *columns, size_t count);
void s1_table_free(s1_table *table); /* accepts NULL */
/* Adds a cell, row by row; the text is copied, NULL is "". False when memory is out. */
bool s1_table_add(s1_table *table, const char *text);
void s1_table_print(const s1_terminal *terminal, const s1_table *table);

/* --- Numbers for people. ------------------------------------------------------------------ */

#define S1_FORMAT_MAX 64u
/* 12345678 -> "12,345,678". Returns `buffer`. */
const char *s1_format_count(uint64_t value, char buffer[static S1_FORMAT_MAX]);
/* 0.0321 -> "+3.21 %", NaN -> "n/a". */
const char *s1_format_percent(double fraction, char buffer[static S1_FORMAT_MAX]);
/* 0.4567 -> "0.46", NaN -> "n/a". */
const char *s1_format_ratio(double value, char buffer[static S1_FORMAT_MAX]);
/* "10432.1876" -> "10,432.19"; NULL -> "n/a". Cut, not rounded, is never done: half up in the
 * last place shown. */
const char *s1_format_money(const char *decimal, char buffer[static S1_FORMAT_MAX]);
/* "2017-04-19T09:00:00.000000000Z" -> "2017-04-19 09:00" (seconds only if not zero). */
const char *s1_format_time(const char *iso, char buffer[static S1_FORMAT_MAX]);

/* --- Progress. ---------------------------------------------------------------------------- */

typedef struct s1_progress {
    FILE *out;     /* stderr */
    bool is_tty;   /* one line that is rewritten; otherwise a plain line now and then */
    bool is_shown; /* something stands on the rewritten line */
    uint32_t columns;
    s1_nanos started, shown; /* host time */
    int32_t tenth;           /* of the work, as last printed without a tty */
    const char *unit;        /* "bars" */
} s1_progress;

/* Shows how far the work is, with rate and ETA: on a tty at most ten times a second, otherwise a
 * line per tenth, both from the second second on. `now` is host time. */
void s1_progress_show(s1_progress *progress, const char *phase, uint64_t done, uint64_t total,
                      s1_nanos now);
/* Clears the line. */
void s1_progress_end(s1_progress *progress);

#endif /* S1_FRONTENDS_CLI_TERMINAL_H */
