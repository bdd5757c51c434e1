/* s1mple/rows.h - enrich() and enrich_range() of a ContextWorker that makes its columns row by row.
 *
 * Write one function that takes row `row`, the first being 0: it reads with s1_series_row, writes
 * with s1_column_put_row and looks at nothing but rows up to its own. Then
 *
 *   static void take_row(my_worker *me, uint64_t row) { ... }
 *   S1_ENRICH_BY_ROW(my, my_worker, take_row, close)
 *
 * defines my_enrich and my_enrich_range, which do the same to the bit; `close` is the member of
 * my_worker that holds a series of its stream.
 */
#ifndef S1MPLE_ROWS_H
#define S1MPLE_ROWS_H

#include "s1mple/context.h"
#include "s1mple/error.h"

#define S1_ENRICH_BY_ROW(name, type, take_row, series)                                             \
    static s1_rc name##_enrich(void *self, const s1_context *context, s1_err *err)                 \
    {                                                                                              \
        type *const me = self;                                                                     \
        (void)context;                                                                             \
        (void)err;                                                                                 \
        take_row(me, s1_series_rows(me->series) - 1);                                              \
        return S1_OK;                                                                              \
    }                                                                                              \
    static s1_rc name##_enrich_range(void *self, uint64_t first_row, uint64_t count, s1_err *err)  \
    {                                                                                              \
        type *const me = self;                                                                     \
        (void)err;                                                                                 \
        for (uint64_t row = first_row; row < first_row + count; row++) {                           \
            take_row(me, row);                                                                     \
        }                                                                                          \
        return S1_OK;                                                                              \
    }

#endif /* S1MPLE_ROWS_H */
