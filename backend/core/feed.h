/* backend/core/feed.h - what was read of a feed file, and the part of it a run may know by now.
 *
 * A table is all rows of a file, immutable once read (backend/data/ingest/feed_reader.h), and may
 * be shared by runs. A window is one run's copy of the rows that were published by `now`: a row is
 * copied into it when its time has come and not before, so that a worker's handle leads to no
 * future. The memory of a window is reserved up front; under AddressSanitizer the rows to come are
 * poisoned.
 *
 * Ownership: table _free, window _free before its table's.
 */
#ifndef S1_BACKEND_CORE_FEED_H
#define S1_BACKEND_CORE_FEED_H

#include "backend/dtos/enums.h"
#include "backend/utils/hash.h"
#include "backend/utils/intern.h"
#include "s1mple/error.h"
#include "s1mple/feed.h"

#define S1_FEED_ROWS_MAX (1u << 28)

typedef struct s1_feed_column {
    s1_str name;     /* of the file's header */
    int32_t type;    /* enum s1_feed_type */
    double *numbers; /* [row_count] of S1_FEED_NUMBER */
    s1_str *texts;   /* [row_count] of S1_FEED_TEXT; interned */
} s1_feed_column;

/* Heap; free with s1_feed_table_free. Read-only once made. */
typedef struct s1_feed_table {
    uint64_t row_count;
    s1_nanos *time, *published_at; /* [row_count] in order of published_at */
    uint32_t *by_time;             /* [row_count] row numbers in order of time */
    s1_feed_column *columns;       /* [column_count]: those asked for that the file has */
    uint32_t column_count;
    s1_intern *texts;
    char hash[S1_SHA256_HEX]; /* of the file's bytes */
} s1_feed_table;

void s1_feed_table_free(s1_feed_table *table); /* accepts NULL */

/* The column of a name and type, or NULL. */
const s1_feed_column *s1_feed_table_column(const s1_feed_table *table, s1_str name, int32_t type);

typedef struct s1_feed_window {
    s1_feed view; /* first: what workers are handed */
    const s1_feed_table *table;
    s1_nanos next_at;             /* when the next row becomes known; INT64_MAX: none is left */
    const s1_feed_field *fields;  /* [table->column_count] */
    struct s1_feed_memory *owned; /* private */
} s1_feed_window;

/* An empty window with room for every row of `table`, which is borrowed and outlives it. Errors:
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_feed_window_new(const s1_feed_table *table, s1_feed_window **ret_window,
                                        s1_err *err);
void s1_feed_window_free(s1_feed_window *window); /* accepts NULL */

/* The field of a column's name and type, or NULL. Lives as long as the window. */
const s1_feed_field *s1_feed_window_field(const s1_feed_window *window, s1_str name, int32_t type);

/* The slow half of s1_feed_window_advance. */
void s1_feed_window_show(s1_feed_window *window, s1_nanos now);

/* Shows what was published by `now`. O(1) when nothing was, else O(new rows), and no allocation.
 * A row about an earlier time than rows already known costs a move of their places in by_time. */
static inline void s1_feed_window_advance(s1_feed_window *window, s1_nanos now)
{
    if (__builtin_expect(window->next_at <= now, 0)) {
        s1_feed_window_show(window, now);
    }
}

#endif /* S1_BACKEND_CORE_FEED_H */
