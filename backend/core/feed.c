#include "backend/core/feed.h"

#include "backend/utils/assert.h"
#include "backend/utils/reserve.h"
#include "backend/utils/text.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifdef POISONS
#include <sanitizer/asan_interface.h>
#define POISON(at, bytes)   __asan_poison_memory_region((at), (bytes))
#define UNPOISON(at, bytes) __asan_unpoison_memory_region((at), (bytes))
#else
#define POISON(at, bytes)   ((void)(at), (void)(bytes))
#define UNPOISON(at, bytes) ((void)(at), (void)(bytes))
#endif

/* Up to here new rows are put into by_time one by one; more at once are merged as a whole. */
#define INSERTED_ONE_BY_ONE 32u

/* What a window may write to. */
struct s1_feed_memory {
    s1_nanos *time, *published_at;
    uint32_t *by_time;
    s1_feed_field *fields; /* [table->column_count] */
    void **values;         /* [table->column_count] behind fields: double * or s1_str * */
};

void s1_feed_table_free(s1_feed_table *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        free(table->columns[i].numbers);
        free(table->columns[i].texts);
    }
    free(table->columns);
    free(table->time);
    free(table->published_at);
    free(table->by_time);
    s1_intern_free(table->texts);
    free(table);
}

static uint32_t column_index(const s1_feed_table *table, s1_str name, int32_t type)
{
    uint32_t i = 0;
    while (i < table->column_count &&
           (table->columns[i].type != type || !s1_str_eq(table->columns[i].name, name))) {
        i++;
    }
    return i;
}

const s1_feed_column *s1_feed_table_column(const s1_feed_table *table, s1_str name, int32_t type)
{
    const uint32_t index = column_index(table, name, type);
    return index < table->column_count ? &table->columns[index] : NULL;
}

/* --- Windows. ----------------------------------------------------------------------------- */

static size_t value_size(const s1_feed_column *column)
{
    return column->type == S1_FEED_TEXT ? sizeof(s1_str) : sizeof(double);
}

/* Room for one value per row, poisoned; NULL where there is none. */
static void *reserve_rows(const s1_feed_table *table, size_t size)
{
    const size_t bytes = (table->row_count + 1) * size;
    void *const values = s1_reserve_new(bytes);
    if (values != NULL) {
        s1_reserve_populate(values, bytes);
        POISON(values, bytes);
    }
    return values;
}

static void release_rows(const s1_feed_table *table, void *values, size_t size)
{
    if (values != NULL) {
        UNPOISON(values, (table->row_count + 1) * size);
        s1_reserve_free(values, (table->row_count + 1) * size);
    }
}

static bool reserve_fields(s1_feed_window *window)
{
    const s1_feed_table *const table = window->table;
    struct s1_feed_memory *const own = window->owned;
    own->fields = calloc((size_t)table->column_count + 1, sizeof *own->fields);
    own->values = calloc((size_t)table->column_count + 1, sizeof *own->values);
    if (own->fields == NULL || own->values == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < table->column_count; i++) {
        const s1_feed_column *const column = &table->columns[i];
        own->values[i] = reserve_rows(table, value_size(column));
        if (own->values[i] == NULL) {
            return false;
        }
        own->fields[i].feed = &window->view;
        if (column->type == S1_FEED_TEXT) {
            own->fields[i].texts = own->values[i];
        } else {
            own->fields[i].numbers = own->values[i];
        }
    }
    window->fields = own->fields;
    return true;
}

static bool reserve_window(s1_feed_window *window)
{
    struct s1_feed_memory *const own = calloc(1, sizeof *own);
    window->owned = own;
    if (own == NULL) {
        return false;
    }
    own->time = reserve_rows(window->table, sizeof *own->time);
    own->published_at = reserve_rows(window->table, sizeof *own->published_at);
    own->by_time = reserve_rows(window->table, sizeof *own->by_time);
    window->view.time = own->time;
    window->view.published_at = own->published_at;
    window->view.by_time = own->by_time;
    return own->time != NULL && own->published_at != NULL && own->by_time != NULL &&
           reserve_fields(window);
}

s1_rc s1_feed_window_new(const s1_feed_table *table, s1_feed_window **ret_window, s1_err *err)
{
    s1_feed_window *const window = calloc(1, sizeof *window);
    if (window != NULL) {
        window->view.size = sizeof window->view;
        window->table = table;
        window->next_at = table->row_count > 0 ? table->published_at[0] : INT64_MAX;
    }
    if (window == NULL || !reserve_window(window)) {
        s1_feed_window_free(window);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a feed of %llu rows",
                        (unsigned long long)table->row_count);
    }
    *ret_window = window;
    return S1_OK;
}

void s1_feed_window_free(s1_feed_window *window)
{
    if (window == NULL) {
        return;
    }
    const s1_feed_table *const table = window->table;
    struct s1_feed_memory *const own = window->owned;
    if (own != NULL) {
        release_rows(table, own->time, sizeof *own->time);
        release_rows(table, own->published_at, sizeof *own->published_at);
        release_rows(table, own->by_time, sizeof *own->by_time);
        for (uint32_t i = 0; own->values != NULL && i < table->column_count; i++) {
            release_rows(table, own->values[i], value_size(&table->columns[i]));
        }
        free(own->fields);
        free(own->values);
        free(own);
    }
    free(window);
}

const s1_feed_field *s1_feed_window_field(const s1_feed_window *window, s1_str name, int32_t type)
{
    const uint32_t index = column_index(window->table, name, type);
    return index < window->table->column_count ? &window->fields[index] : NULL;
}

/* Puts one new row into the order of time, behind those of the same time. */
static void insert_by_time(const s1_feed_window *window, uint32_t row)
{
    uint32_t *const order = window->owned->by_time;
    const s1_nanos *const time = window->owned->time;
    uint32_t place = row;
    while (place > 0 && time[order[place - 1]] > time[row]) {
        order[place] = order[place - 1];
        place--;
    }
    order[place] = row;
}

/* The order of time of the first `rows` rows, out of the table's order of all. */
static void rebuild_by_time(const s1_feed_window *window, uint64_t rows)
{
    const s1_feed_table *const table = window->table;
    uint32_t *to = window->owned->by_time;
    for (uint64_t i = 0; i < table->row_count; i++) {
        if (table->by_time[i] < rows) {
            *to++ = table->by_time[i];
        }
    }
}

static void copy_rows(const s1_feed_window *window, uint64_t from, uint64_t to)
{
    const s1_feed_table *const table = window->table;
    struct s1_feed_memory *const own = window->owned;
    const uint64_t count = to - from;
    UNPOISON(own->time + from, count * sizeof *own->time);
    UNPOISON(own->published_at + from, count * sizeof *own->published_at);
    UNPOISON(own->by_time + from, count * sizeof *own->by_time);
    memcpy(own->time + from, table->time + from, count * sizeof *own->time);
    memcpy(own->published_at + from, table->published_at + from, count * sizeof *own->published_at);
    for (uint32_t i = 0; i < table->column_count; i++) {
        const s1_feed_column *const column = &table->columns[i];
        if (column->type == S1_FEED_TEXT) {
            s1_str *const texts = own->values[i];
            UNPOISON(texts + from, count * sizeof *texts);
            memcpy(texts + from, column->texts + from, count * sizeof *texts);
        } else {
            double *const numbers = own->values[i];
            UNPOISON(numbers + from, count * sizeof *numbers);
            memcpy(numbers + from, column->numbers + from, count * sizeof *numbers);
        }
    }
}

void s1_feed_window_show(s1_feed_window *window, s1_nanos now)
{
    const s1_feed_table *const table = window->table;
    const uint64_t from = window->view.rows;
    uint64_t to = from;
    while (to < table->row_count && table->published_at[to] <= now) {
        to++;
    }
    copy_rows(window, from, to);
    if (to - from <= INSERTED_ONE_BY_ONE) {
        for (uint64_t row = from; row < to; row++) {
            insert_by_time(window, (uint32_t)row);
        }
    } else {
        rebuild_by_time(window, to);
    }
    window->view.rows = to;
    window->next_at = to < table->row_count ? table->published_at[to] : INT64_MAX;
}
