#include "backend/connectors/wire_number.h"
#include "services/operators/fetch_buffer_internal.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 4096u

_Static_assert(S1_PAGE_COLUMNS_MAX == S1_MARKET_COLUMNS_MAX, "a page has the columns of its kind");

void s1_fetch_buffer_init(s1_fetch_buffer *buffer, int32_t data_type)
{
    *buffer = (s1_fetch_buffer){.data_type = data_type};
}

void s1_fetch_buffer_done(s1_fetch_buffer *buffer)
{
    free(buffer->time);
    free(buffer->side);
    for (size_t c = 0; c < S1_MARKET_COLUMNS_MAX; c++) {
        free(buffer->values[c]);
    }
    *buffer = (s1_fetch_buffer){0};
}

/* Columns a connector gives of this kind; behind them are those it does not know. */
static size_t column_count(const s1_fetch_buffer *buffer)
{
    return buffer->data_type == S1_DATA_TRADES ? S1_TRADE_ID + 1 : S1_BAR_VWAP + 1;
}

static bool is_side(const s1_fetch_buffer *buffer, size_t column)
{
    return buffer->data_type == S1_DATA_TRADES && column == S1_TRADE_SIDE;
}

static bool grow_column(void **column, size_t capacity, size_t size)
{
    void *const grown = realloc(*column, capacity * size);
    if (grown != NULL) {
        *column = grown;
    }
    return grown != NULL;
}

static s1_rc grow(s1_fetch_buffer *buffer, size_t more, s1_err *err)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : CAPACITY_FIRST;
    while (capacity < buffer->count + more) {
        capacity *= 2;
    }
    if (capacity == buffer->capacity) {
        return S1_OK;
    }
    bool is_whole = grow_column((void **)&buffer->time, capacity, sizeof *buffer->time) &&
                    grow_column((void **)&buffer->side, capacity, sizeof *buffer->side);
    for (size_t c = 1; c < column_count(buffer) && is_whole; c++) {
        is_whole = is_side(buffer, c) ||
                   grow_column((void **)&buffer->values[c], capacity, sizeof *buffer->values[c]);
    }
    if (!is_whole) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a buffer of %zu rows", capacity);
    }
    buffer->capacity = capacity;
    return S1_OK;
}

/* The scale of a column within `scales`; NULL for one without. */
static const uint32_t *scale_of(const s1_fetch_buffer *buffer, const s1_market_scales *scales,
                                size_t column)
{
    const s1_market_column *const layout = s1_market_layout(buffer->data_type, &(size_t){0});
    switch (layout[column].kind) {
    case S1_COLUMN_PRICE:
        return &scales->price;
    case S1_COLUMN_QTY:
        return &scales->qty;
    case S1_COLUMN_VWAP:
        return &scales->vwap;
    default:
        return NULL;
    }
}

/* Do `count` rows behind `first` fit other scales? */
static bool fits(const s1_fetch_buffer *buffer, size_t first, size_t count,
                 const s1_market_scales *from, const s1_market_scales *to)
{
    for (size_t c = 1; c < column_count(buffer); c++) {
        const uint32_t *const old = scale_of(buffer, from, c), *const new = scale_of(buffer, to, c);
        int64_t max = S1_MANTISSA_MAX;
        for (uint32_t i = old != NULL ? *old : 0; new != NULL &&i < *new; i++) {
            max /= 10;
        }
        for (size_t i = first; old != NULL && i < first + count; i++) {
            if (buffer->values[c][i] > max) {
                return false;
            }
        }
    }
    return true;
}

/* Brings rows that fit to other scales. */
static bool raise_rows(s1_fetch_buffer *buffer, size_t first, size_t count,
                       const s1_market_scales *from, const s1_market_scales *to)
{
    bool is_raised = true;
    for (size_t c = 1; c < column_count(buffer); c++) {
        const uint32_t *const old = scale_of(buffer, from, c), *const new = scale_of(buffer, to, c);
        if (old != NULL && new != NULL && *old != *new) {
            is_raised = s1_wire_raise(buffer->values[c] + first, count, *old, *new) && is_raised;
        }
    }
    return is_raised;
}

s1_rc s1_fetch_buffer_append(s1_fetch_buffer *buffer, const s1_history_page *page, s1_err *err)
{
    if (page->count == 0) {
        return S1_OK;
    }
    S1_TRY(err, grow(buffer, page->count, err));
    const size_t first = buffer->count;
    const s1_market_scales theirs = {page->price_scale, page->qty_scale, page->vwap_scale};
    const s1_market_scales ours = first == 0 ? theirs : buffer->scales;
    const s1_market_scales scales = s1_market_scales_max(ours, theirs);
    memcpy(buffer->time + first, page->columns[0], page->count * sizeof *buffer->time);
    for (size_t c = 1; c < column_count(buffer); c++) {
        if (is_side(buffer, c)) {
            memcpy(buffer->side + first, page->columns[c], page->count);
        } else {
            memcpy(buffer->values[c] + first, page->columns[c],
                   page->count * sizeof *buffer->values[c]);
        }
    }
    if (!fits(buffer, first, page->count, &theirs, &scales) ||
        !fits(buffer, 0, first, &ours, &scales) ||
        !raise_rows(buffer, first, page->count, &theirs, &scales) ||
        !raise_rows(buffer, 0, first, &ours, &scales)) {
        return S1_RAISE(err, S1_E_RANGE,
                        "found numbers of more than 18 digits: prices have %u behind the point, "
                        "quantities %u",
                        scales.price, scales.qty);
    }
    buffer->scales = scales;
    buffer->count += page->count;
    return S1_OK;
}

s1_market_batch s1_fetch_buffer_batch(const s1_fetch_buffer *buffer, size_t count)
{
    s1_market_batch batch = {.count = count};
    batch.columns[0] = buffer->time;
    for (size_t c = 1; c < column_count(buffer); c++) {
        batch.columns[c] =
            is_side(buffer, c) ? (const void *)buffer->side : (const void *)buffer->values[c];
    }
    return batch;
}

s1_history_page s1_fetch_buffer_page(const s1_fetch_buffer *buffer)
{
    const s1_market_batch batch = s1_fetch_buffer_batch(buffer, buffer->count);
    s1_history_page page = {.verdict = S1_PAGE_ROWS,
                            .count = batch.count,
                            .price_scale = buffer->scales.price,
                            .qty_scale = buffer->scales.qty,
                            .vwap_scale = buffer->scales.vwap};
    memcpy(page.columns, batch.columns, sizeof page.columns);
    return page;
}

uint32_t s1_fetch_buffer_columns(const s1_fetch_buffer *buffer)
{
    return ((1u << column_count(buffer)) - 1u) & ~s1_market_mandatory(buffer->data_type);
}

size_t s1_fetch_buffer_before(const s1_fetch_buffer *buffer, s1_nanos time)
{
    size_t low = 0, high = buffer->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (buffer->time[mid] < time) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static bool is_among(const int64_t *ids, size_t count, int64_t id)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (ids[mid] < id) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < count && ids[low] == id;
}

void s1_fetch_buffer_drop_known(s1_fetch_buffer *buffer, size_t first, const int64_t *ids,
                                size_t id_count)
{
    size_t kept = first;
    for (size_t i = first; i < buffer->count; i++) {
        if (is_among(ids, id_count, buffer->values[S1_TRADE_ID][i])) {
            continue;
        }
        buffer->time[kept] = buffer->time[i];
        buffer->side[kept] = buffer->side[i];
        for (size_t c = 1; c < column_count(buffer); c++) {
            if (!is_side(buffer, c)) {
                buffer->values[c][kept] = buffer->values[c][i];
            }
        }
        kept++;
    }
    buffer->count = kept;
}

void s1_fetch_buffer_drop(s1_fetch_buffer *buffer, size_t count)
{
    const size_t left = buffer->count - count;
    memmove(buffer->time, buffer->time + count, left * sizeof *buffer->time);
    for (size_t c = 1; c < column_count(buffer); c++) {
        if (is_side(buffer, c)) {
            memmove(buffer->side, buffer->side + count, left);
        } else {
            memmove(buffer->values[c], buffer->values[c] + count, left * sizeof *buffer->values[c]);
        }
    }
    buffer->count = left;
}
