#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/data/persistors/row_buffer_internal.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST_CAPACITY 4096u

void s1_row_buffer_init(s1_row_buffer *buffer, int32_t data_type, uint32_t columns)
{
    *buffer = (s1_row_buffer){.columns = columns};
    buffer->layout = s1_market_layout(data_type, &buffer->layout_count);
}

void s1_row_buffer_done(s1_row_buffer *buffer)
{
    for (size_t i = 0; i < S1_MARKET_COLUMNS_MAX; i++) {
        free(buffer->values[i]);
        buffer->values[i] = NULL;
    }
    buffer->count = 0;
    buffer->capacity = 0;
}

s1_rc s1_row_buffer_reserve(s1_row_buffer *buffer, size_t rows, s1_err *err)
{
    if (rows <= buffer->capacity) {
        return S1_OK;
    }
    for (size_t i = 0; i < buffer->layout_count; i++) {
        if (s1_row_buffer_has(buffer, i)) {
            void *const values =
                realloc(buffer->values[i], rows * s1_market_column_size(&buffer->layout[i]));
            if (values == NULL) {
                return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu rows", rows);
            }
            buffer->values[i] = values;
        }
    }
    buffer->capacity = rows;
    return S1_OK;
}

static int64_t factor_of(const s1_market_column *column, s1_market_scales from, s1_market_scales to)
{
    return s1_data_factor(s1_market_scale(&from, column->kind), s1_market_scale(&to, column->kind));
}

s1_rc s1_row_buffer_raise(s1_row_buffer *buffer, s1_market_scales scales, s1_err *err)
{
    const s1_market_scales wanted = s1_market_scales_max(buffer->scales, scales);
    for (size_t i = 0; i < buffer->layout_count && buffer->count > 0; i++) {
        const int64_t factor = factor_of(&buffer->layout[i], buffer->scales, wanted);
        if (s1_row_buffer_has(buffer, i) && factor != 1) {
            S1_TRY(err, s1_data_copy_scaled(buffer->values[i], buffer->values[i], buffer->count,
                                            factor, err));
        }
    }
    buffer->scales = wanted;
    return S1_OK;
}

s1_rc s1_row_buffer_add(s1_row_buffer *buffer, const void *const *columns, size_t row, size_t count,
                        s1_market_scales scales, s1_err *err)
{
    const size_t rows = buffer->count + count;
    if (rows > buffer->capacity) {
        const size_t twice = buffer->capacity * 2;
        const size_t first = rows > ROWS_FIRST_CAPACITY ? rows : ROWS_FIRST_CAPACITY;
        S1_TRY(err, s1_row_buffer_reserve(buffer, first > twice ? first : twice, err));
    }
    S1_TRY(err, s1_row_buffer_raise(buffer, scales, err));
    for (size_t i = 0; i < buffer->layout_count && count > 0; i++) {
        if (!s1_row_buffer_has(buffer, i)) {
            continue;
        }
        const size_t size = s1_market_column_size(&buffer->layout[i]);
        const int64_t factor = factor_of(&buffer->layout[i], scales, buffer->scales);
        if (factor != 1) {
            const int64_t *const mantissas = columns[i];
            S1_TRY(err, s1_data_copy_scaled((int64_t *)buffer->values[i] + buffer->count,
                                            mantissas + row, count, factor, err));
        } else {
            memcpy((char *)buffer->values[i] + buffer->count * size,
                   (const char *)columns[i] + row * size, count * size);
        }
    }
    buffer->count = rows;
    return S1_OK;
}

bool s1_row_buffer_holds(const s1_row_buffer *buffer, size_t row, const void *const *columns,
                         size_t count, s1_market_scales scales)
{
    bool is_same = row + count <= buffer->count;
    for (size_t i = 0; i < buffer->layout_count && is_same; i++) {
        if (!s1_row_buffer_has(buffer, i)) {
            continue;
        }
        const size_t size = s1_market_column_size(&buffer->layout[i]);
        const int32_t kind = buffer->layout[i].kind;
        const int64_t factor = factor_of(&buffer->layout[i], buffer->scales, scales);
        if (s1_market_scale(&buffer->scales, kind) > s1_market_scale(&scales, kind)) {
            return false;
        }
        is_same = factor == 1
                      ? memcmp((const char *)buffer->values[i] + row * size, columns[i],
                               count * size) == 0
                      : s1_data_is_scaled(columns[i], (const int64_t *)buffer->values[i] + row,
                                          count, factor);
    }
    return is_same;
}

void s1_row_buffer_clear(s1_row_buffer *buffer, uint32_t columns)
{
    if (columns != buffer->columns) {
        s1_row_buffer_done(buffer);
        buffer->columns = columns;
    }
    buffer->count = 0;
    buffer->scales = (s1_market_scales){0};
}

uint64_t s1_row_buffer_bytes(const s1_row_buffer *buffer)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < buffer->layout_count; i++) {
        if (s1_row_buffer_has(buffer, i)) {
            bytes += buffer->count * s1_market_column_size(&buffer->layout[i]);
        }
    }
    return bytes;
}
