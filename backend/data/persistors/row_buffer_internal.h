/* backend/data/persistors/row_buffer_internal.h - rows of a stream in memory, column by column.
 *
 * Only for backend/data/persistors.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_ROW_BUFFER_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_ROW_BUFFER_INTERNAL_H

#include "backend/dtos/market/market_layout.h"

typedef struct s1_row_buffer {
    const s1_market_column *layout;
    size_t layout_count;
    uint32_t columns;        /* bits of those that are there */
    s1_market_scales scales; /* of all rows */
    size_t count, capacity;
    void *values[S1_MARKET_COLUMNS_MAX]; /* owned */
} s1_row_buffer;

/* Empty, of a data type; allocates nothing. */
void s1_row_buffer_init(s1_row_buffer *buffer, int32_t data_type, uint32_t columns);
void s1_row_buffer_done(s1_row_buffer *buffer); /* also of a zeroed one */

static inline bool s1_row_buffer_has(const s1_row_buffer *buffer, size_t column)
{
    return (buffer->columns >> column & 1u) != 0;
}

static inline const s1_nanos *s1_row_buffer_times(const s1_row_buffer *buffer)
{
    return (const s1_nanos *)buffer->values[0];
}

/* Room for `rows` rows in all. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_row_buffer_reserve(s1_row_buffer *buffer, size_t rows, s1_err *err);

/* Raises the scales of the rows that are there and will come. Errors: S1_E_RANGE. */
S1_WARN_UNUSED
s1_rc s1_row_buffer_raise(s1_row_buffer *buffer, s1_market_scales scales, s1_err *err);

/* Takes rows [row, row + count) of columns, raising the scales if need be. Columns the buffer does
 * not have are left out. Errors: S1_E_RANGE, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_row_buffer_add(s1_row_buffer *buffer, const void *const *columns, size_t row, size_t count,
                        s1_market_scales scales, s1_err *err);

/* Are the rows from `row` on the same values as `count` of the columns? False also where these are
 * at a smaller scale. */
bool s1_row_buffer_holds(const s1_row_buffer *buffer, size_t row, const void *const *columns,
                         size_t count, s1_market_scales scales);

/* Forgets the rows, and what columns there are from now on. Keeps the memory of those that stay. */
void s1_row_buffer_clear(s1_row_buffer *buffer, uint32_t columns);

/* Bytes of the values. */
uint64_t s1_row_buffer_bytes(const s1_row_buffer *buffer);

#endif /* S1_BACKEND_DATA_PERSISTORS_ROW_BUFFER_INTERNAL_H */
