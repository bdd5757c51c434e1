#include "backend/data/ingest/feed_reader.h"

#include "backend/utils/timefmt.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FOUND_BYTES_MAX 60
#define TIME_FORMS                                                                                 \
    "a UTC time like 2024-01-05T13:30:00Z, or whole seconds, milliseconds, microseconds or "       \
    "nanoseconds since 1970"
#define NO_CELL SIZE_MAX

typedef struct parser {
    const s1_feed_read_options *options;
    s1_faults *faults;
    const char *at, *end; /* what is left of the text */
    s1_str line;
    uint32_t line_number;
    uint32_t fault_count;
    s1_str cells[S1_FEED_COLUMNS_MAX];
    size_t cell_count;
    s1_strbuf unquoted; /* cells of this line whose quotes were doubled; never grown while in use */
    s1_str header[S1_FEED_COLUMNS_MAX];
    size_t header_count;
    size_t time_cell, published_cell; /* published_cell: NO_CELL where there is none */
    size_t *column_cells;             /* [table->column_count] */
    const s1_feed_want **columns;     /* [table->column_count] what each is for */
    s1_feed_table *table;
    size_t capacity; /* rows */
    bool is_sorted;  /* by published_at, so far */
} parser;

static void fault_at(parser *p, const char *at, const char *field, s1_str found, s1_str expected)
{
    const bool is_inside = at >= p->line.ptr && at <= p->line.ptr + p->line.len;
    const s1_source source = {.file = p->options->file,
                              .line = p->line_number,
                              .column = is_inside ? (uint32_t)(at - p->line.ptr) + 1 : 1};
    s1_faults_add(p->faults, S1_FAULT_SCHEMA, &source, s1_str_of(field), found, expected,
                  (s1_str){NULL, 0});
    p->fault_count++;
}

/* A cell that is not what it should be. */
static void fault_cell(parser *p, s1_str name, size_t cell, const char *expected)
{
    char field[80], found[FOUND_BYTES_MAX + 8];
    const s1_str text = p->cells[cell];
    const bool is_long = text.len > FOUND_BYTES_MAX;
    (void)snprintf(field, sizeof field, "%.*s", (int)(name.len < 70 ? name.len : 70), name.ptr);
    (void)snprintf(found, sizeof found, "'%.*s%s'", is_long ? FOUND_BYTES_MAX : (int)text.len,
                   text.len > 0 ? text.ptr : "", is_long ? "..." : "");
    const char *at = text.ptr; /* an unquoted copy lies elsewhere: then the line's begin */
    fault_at(p, at, field, text.len > 0 ? s1_str_of(found) : (s1_str){NULL, 0},
             s1_str_of(expected));
}

S1_PRINTF(4, 5)
static void fault_row(parser *p, const char *expected, const char *field, const char *found, ...)
{
    char text[200];
    va_list args;
    va_start(args, found);
    (void)vsnprintf(text, sizeof text, found, args);
    va_end(args);
    fault_at(p, p->line.ptr, field, s1_str_of(text), s1_str_of(expected));
}

/* --- Lines and cells. --------------------------------------------------------------------- */

static bool next_line(parser *p)
{
    if (p->at == p->end) {
        return false;
    }
    const char *const newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
    const char *stop = newline != NULL ? newline : p->end;
    p->line_number++;
    p->line = (s1_str){p->at, (size_t)(stop - p->at)};
    p->at = newline != NULL ? newline + 1 : p->end;
    if (p->line.len > 0 && p->line.ptr[p->line.len - 1] == '\r') {
        p->line.len--;
    }
    return true;
}

/* The cell in quotes that begins at `at`; its end, or NULL if the quotes do not close. */
static const char *take_quoted(parser *p, const char *at, const char *end, s1_str *ret_cell)
{
    const char *const begin = at + 1;
    const char *from = begin;
    const size_t start = p->unquoted.len;
    bool is_copied = false;
    for (;;) {
        const char *const quote = memchr(from, '"', (size_t)(end - from));
        if (quote == NULL) {
            return NULL;
        }
        if (quote + 1 < end && quote[1] == '"') {
            s1_strbuf_bytes(&p->unquoted, from, (size_t)(quote + 1 - from));
            is_copied = true;
            from = quote + 2;
            continue;
        }
        if (quote + 1 < end && quote[1] != ',') {
            return NULL;
        }
        if (is_copied) {
            s1_strbuf_bytes(&p->unquoted, from, (size_t)(quote - from));
            *ret_cell = (s1_str){p->unquoted.data + start, p->unquoted.len - start};
        } else {
            *ret_cell = (s1_str){begin, (size_t)(quote - begin)};
        }
        return quote + 1;
    }
}

/* Cuts the line into cells; false after a fault. */
static bool split_line(parser *p)
{
    const char *at = p->line.ptr;
    const char *const end = at + p->line.len;
    s1_strbuf_clear(&p->unquoted);
    if (s1_strbuf_reserve(&p->unquoted, p->line.len) == NULL) { /* so that no cell of it moves */
        fault_row(p, "a shorter line", "row", "%zu bytes", p->line.len);
        return false;
    }
    for (p->cell_count = 0;; at++) {
        if (p->cell_count == S1_FEED_COLUMNS_MAX) {
            fault_row(p, "fewer", "row", "over %u cells", S1_FEED_COLUMNS_MAX);
            return false;
        }
        s1_str *const cell = &p->cells[p->cell_count++];
        if (at < end && *at == '"') {
            const char *const stop = take_quoted(p, at, end, cell);
            if (stop == NULL) {
                fault_at(p, at, "row", S1_STR("a quote that does not close"),
                         S1_STR("a closing quote on the same line, a quote inside doubled"));
                return false;
            }
            at = stop;
        } else {
            const char *const comma = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
            const char *const stop = comma != NULL ? comma : end;
            *cell = (s1_str){at, (size_t)(stop - at)};
            at = stop;
        }
        if (at == end) {
            return true;
        }
    }
}

/* --- The header. -------------------------------------------------------------------------- */

static size_t find_header(const parser *p, s1_str name)
{
    for (size_t i = 0; i < p->header_count; i++) {
        if (s1_str_eq(p->header[i], name)) {
            return i;
        }
    }
    return NO_CELL;
}

static s1_str header_text(const parser *p, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < p->header_count && used + 8 < size; i++) {
        const int len = snprintf(text + used, size - used, "%s%.*s", i > 0 ? ", " : "columns ",
                                 S1_STR_ARG(p->header[i]));
        used += len > 0 ? (size_t)len : 0;
    }
    return (s1_str){text, used < size ? used : size - 1};
}

/* A column that must be there and is not. */
static void fault_missing(parser *p, s1_str name, const char *what)
{
    char found[200], expected[160];
    (void)snprintf(expected, sizeof expected, "a column '%.*s'%s",
                   (int)(name.len < 64 ? name.len : 64), name.ptr, what);
    const ptrdiff_t near = s1_str_nearest(name, p->header, p->header_count);
    const s1_source source = {.file = p->options->file, .line = p->line_number, .column = 1};
    s1_faults_add(p->faults, S1_FAULT_SCHEMA, &source, S1_STR("header"),
                  header_text(p, found, sizeof found), s1_str_of(expected),
                  near >= 0 ? p->header[near] : (s1_str){NULL, 0});
    p->fault_count++;
}

static s1_rc make_columns(parser *p, s1_err *err)
{
    const s1_feed_read_options *const options = p->options;
    s1_feed_table *const table = p->table;
    table->columns = calloc((size_t)options->want_count + 1, sizeof *table->columns);
    p->column_cells = calloc((size_t)options->want_count + 1, sizeof *p->column_cells);
    p->columns = calloc((size_t)options->want_count + 1, sizeof *p->columns);
    if (table->columns == NULL || p->column_cells == NULL || p->columns == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u columns of a feed", options->want_count);
    }
    for (uint32_t i = 0; i < options->want_count; i++) {
        const s1_feed_want *const want = &options->wants[i];
        const size_t cell = find_header(p, want->name);
        if (cell == NO_CELL) {
            if (!want->is_optional) {
                fault_missing(p, want->name, ", which a worker reads");
            }
            continue;
        }
        uint32_t id;
        S1_TRY(err, s1_intern_add(table->texts, want->name, &id, err));
        table->columns[table->column_count] =
            (s1_feed_column){.name = s1_intern_name(table->texts, id), .type = want->type};
        p->column_cells[table->column_count] = cell;
        p->columns[table->column_count++] = want;
    }
    return S1_OK;
}

static s1_rc read_header(parser *p, s1_err *err)
{
    if ((size_t)(p->end - p->at) >= 3 && memcmp(p->at, "\xef\xbb\xbf", 3) == 0) {
        p->at += 3;
    }
    if (!next_line(p) || p->line.len == 0) {
        p->line_number = 1;
        fault_at(p, p->line.ptr, "header", (s1_str){NULL, 0},
                 S1_STR("a line with the names of the columns"));
        return S1_OK;
    }
    if (memchr(p->line.ptr, '\0', p->line.len) != NULL || !s1_str_is_utf8(p->line)) {
        fault_at(p, p->line.ptr, "header", S1_STR("binary data"),
                 S1_STR("plain text with the names of the columns"));
        return S1_OK;
    }
    if (!split_line(p)) {
        return S1_OK;
    }
    for (size_t i = 0; i < p->cell_count; i++) {
        uint32_t id;
        S1_TRY(err, s1_intern_add(p->table->texts, p->cells[i], &id, err));
        const s1_str name = s1_intern_name(p->table->texts, id);
        if (name.len > 0 && find_header(p, name) != NO_CELL) {
            fault_cell(p, S1_STR("header"), i, "each column once");
        }
        p->header[p->header_count++] = name;
    }
    p->time_cell = find_header(p, S1_STR("time"));
    p->published_cell = find_header(p, S1_STR("published_at"));
    if (p->time_cell == NO_CELL) {
        fault_missing(p, S1_STR("time"), "");
    }
    return make_columns(p, err);
}

/* --- Rows. -------------------------------------------------------------------------------- */

static bool parse_time(s1_str text, s1_nanos *ret_time)
{
    if (text.len > 4 && text.ptr[4] == '-') {
        return s1_time_parse(text, ret_time, NULL) == S1_OK;
    }
    static const struct {
        uint64_t below;
        int64_t nanos;
    } units[] = {{100000000000ULL, S1_NANOS_PER_SECOND},
                 {100000000000000ULL, 1000000},
                 {100000000000000000ULL, 1000},
                 {UINT64_MAX, 1}};
    int64_t value;
    if (s1_str_parse_i64(text, &value, NULL) != S1_OK) {
        return false;
    }
    const uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t unit = 0;
    while (size >= units[unit].below) {
        unit++;
    }
    return !__builtin_mul_overflow(value, units[unit].nanos, ret_time);
}

static void read_times(parser *p, s1_nanos *ret_time, s1_nanos *ret_published_at)
{
    if (!parse_time(p->cells[p->time_cell], ret_time)) {
        fault_cell(p, S1_STR("time"), p->time_cell, TIME_FORMS);
    }
    *ret_published_at = *ret_time;
    if (p->published_cell != NO_CELL && p->cells[p->published_cell].len > 0 &&
        !parse_time(p->cells[p->published_cell], ret_published_at)) {
        fault_cell(p, S1_STR("published_at"), p->published_cell, TIME_FORMS ", or nothing");
    }
}

static s1_rc read_value(parser *p, uint32_t index, s1_err *err)
{
    s1_feed_column *const column = &p->table->columns[index];
    const size_t cell = p->column_cells[index];
    const s1_str text = p->cells[cell];
    const uint64_t row = p->table->row_count;
    const bool may_be_empty = p->columns[index]->is_optional;
    if (column->type == S1_FEED_NUMBER) {
        double value = (double)NAN;
        if (!(may_be_empty && text.len == 0) && s1_str_parse_double(text, &value, NULL) != S1_OK) {
            fault_cell(p, column->name, cell,
                       may_be_empty ? "a number like -1.5, or nothing" : "a number like -1.5");
        }
        column->numbers[row] = value;
        return S1_OK;
    }
    uint32_t id;
    if (text.len == 0 && !may_be_empty) {
        fault_cell(p, column->name, cell, "a text");
        return S1_OK;
    }
    if (!s1_str_is_utf8(text)) {
        fault_at(p, text.ptr, "row", S1_STR("bytes that are no UTF-8"), S1_STR("a text in UTF-8"));
        return S1_OK;
    }
    S1_TRY(err, s1_intern_add(p->table->texts, text, &id, err));
    column->texts[row] = s1_intern_name(p->table->texts, id);
    return S1_OK;
}

static bool resize(void *array, size_t count, size_t size)
{
    void *old;
    memcpy(&old, array, sizeof old);
    void *const grown = realloc(old, count * size);
    if (grown == NULL) {
        return false;
    }
    memcpy(array, &grown, sizeof grown);
    return true;
}

static s1_rc grow(parser *p, s1_err *err)
{
    s1_feed_table *const table = p->table;
    const size_t capacity = p->capacity > 0 ? 2 * p->capacity : 256;
    size_t row_bytes = 2 * sizeof(s1_nanos) + sizeof(uint32_t);
    for (uint32_t i = 0; i < table->column_count; i++) {
        row_bytes += table->columns[i].type == S1_FEED_TEXT ? sizeof(s1_str) : sizeof(double);
    }
    if (table->row_count * row_bytes * 2 >= p->options->memory_max_bytes ||
        capacity > S1_FEED_ROWS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "%.*s: over %llu rows, the memory of platform.yaml's "
                        "limits.feed_memory_mib",
                        S1_STR_ARG(p->options->file), (unsigned long long)table->row_count);
    }
    bool is_done = resize(&table->time, capacity, sizeof *table->time) &&
                   resize(&table->published_at, capacity, sizeof *table->published_at);
    for (uint32_t i = 0; i < table->column_count && is_done; i++) {
        s1_feed_column *const column = &table->columns[i];
        is_done = column->type == S1_FEED_TEXT
                      ? resize(&column->texts, capacity, sizeof *column->texts)
                      : resize(&column->numbers, capacity, sizeof *column->numbers);
    }
    if (!is_done) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%.*s: %zu rows", S1_STR_ARG(p->options->file),
                        capacity);
    }
    p->capacity = capacity;
    return S1_OK;
}

static s1_rc read_row(parser *p, s1_err *err)
{
    s1_feed_table *const table = p->table;
    if (!split_line(p)) {
        return S1_OK;
    }
    if (p->cell_count != p->header_count) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "%zu, as the header has", p->header_count);
        fault_row(p, expected, "row", "%zu cells", p->cell_count);
        return S1_OK;
    }
    if (table->row_count == p->capacity) {
        S1_TRY(err, grow(p, err));
    }
    const uint64_t row = table->row_count;
    s1_nanos time = 0;
    s1_nanos published_at = 0;
    read_times(p, &time, &published_at);
    for (uint32_t i = 0; i < table->column_count; i++) {
        S1_TRY(err, read_value(p, i, err));
    }
    table->time[row] = time;
    table->published_at[row] = published_at;
    p->is_sorted = p->is_sorted && (row == 0 || table->published_at[row - 1] <= published_at);
    table->row_count++;
    return S1_OK;
}

static s1_rc read_rows(parser *p, s1_err *err)
{
    uint32_t blank_line = 0;
    while (p->fault_count < S1_FEED_FAULTS_MAX && next_line(p)) {
        if (p->line.len == 0) {
            blank_line = blank_line == 0 ? p->line_number : blank_line;
            continue;
        }
        if (blank_line != 0) { /* empty lines at the end are none */
            const s1_source source = {.file = p->options->file, .line = blank_line, .column = 1};
            s1_faults_add(p->faults, S1_FAULT_SCHEMA, &source, S1_STR("row"),
                          S1_STR("an empty line"), S1_STR("a row"), (s1_str){NULL, 0});
            p->fault_count++;
            blank_line = 0;
        }
        S1_TRY(err, read_row(p, err));
    }
    return S1_OK;
}

/* --- Order. ------------------------------------------------------------------------------- */

typedef struct sort_key {
    s1_nanos at;
    uint32_t row;
} sort_key;

static int compare_keys(const void *a, const void *b)
{
    const sort_key *const x = a;
    const sort_key *const y = b;
    if (x->at != y->at) {
        return x->at < y->at ? -1 : 1;
    }
    return x->row < y->row ? -1 : 1;
}

static sort_key *sorted_keys(const s1_nanos *times, uint64_t count)
{
    sort_key *const keys = malloc((count + 1) * sizeof *keys);
    if (keys != NULL) {
        for (uint64_t i = 0; i < count; i++) {
            keys[i] = (sort_key){times[i], (uint32_t)i};
        }
        qsort(keys, count, sizeof *keys, compare_keys);
    }
    return keys;
}

/* Brings the items of an array into the order of `keys`, by way of `scratch`. */
static void reorder(void *array, size_t size, const sort_key *keys, uint64_t count, char *scratch)
{
    if (array == NULL) {
        return;
    }
    const char *const from = array;
    for (uint64_t i = 0; i < count; i++) {
        memcpy(scratch + i * size, from + keys[i].row * size, size);
    }
    memcpy(array, scratch, count * size);
}

static bool sort_rows(s1_feed_table *table)
{
    const uint64_t count = table->row_count;
    sort_key *const keys = sorted_keys(table->published_at, count);
    char *const scratch = malloc((count + 1) * sizeof(s1_str));
    const bool has_room = keys != NULL && scratch != NULL;
    if (has_room) {
        reorder(table->time, sizeof *table->time, keys, count, scratch);
        reorder(table->published_at, sizeof *table->published_at, keys, count, scratch);
        for (uint32_t i = 0; i < table->column_count; i++) {
            reorder(table->columns[i].numbers, sizeof(double), keys, count, scratch);
            reorder(table->columns[i].texts, sizeof(s1_str), keys, count, scratch);
        }
    }
    free(keys);
    free(scratch);
    return has_room;
}

static s1_rc finish_order(const parser *p, s1_err *err)
{
    s1_feed_table *const table = p->table;
    sort_key *keys = NULL;
    table->by_time = calloc(table->row_count + 1, sizeof *table->by_time);
    if (table->by_time != NULL && (p->is_sorted || sort_rows(table))) {
        keys = sorted_keys(table->time, table->row_count);
    }
    if (keys == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%.*s: sorting %llu rows",
                        S1_STR_ARG(p->options->file), (unsigned long long)table->row_count);
    }
    for (uint64_t i = 0; i < table->row_count; i++) {
        table->by_time[i] = keys[i].row;
    }
    free(keys);
    return S1_OK;
}

static s1_rc parse_all(parser *p, s1_err *err)
{
    S1_TRY(err, s1_intern_new(S1_FEED_ROWS_MAX, &p->table->texts, err));
    S1_TRY(err, read_header(p, err));
    if (p->fault_count == 0) {
        S1_TRY(err, read_rows(p, err));
    }
    if (p->fault_count > 0) {
        return S1_RAISE(err, S1_E_DATA, "%.*s: %u faults", S1_STR_ARG(p->options->file),
                        p->fault_count);
    }
    return finish_order(p, err);
}

s1_rc s1_feed_parse(s1_str text, const s1_feed_read_options *options, s1_faults *faults,
                    s1_feed_table **ret_table, s1_err *err)
{
    static const char nothing[1] = "";
    const char *const begin = text.len > 0 ? text.ptr : nothing;
    parser *const p = calloc(1, sizeof *p);
    s1_feed_table *const table = calloc(1, sizeof *table);
    s1_rc rc;
    if (p == NULL || table == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "a feed");
    } else {
        *p = (parser){.options = options,
                      .faults = faults,
                      .at = begin,
                      .end = begin + text.len,
                      .line = {begin, 0},
                      .table = table,
                      .is_sorted = true};
        s1_strbuf_init(&p->unquoted, text.len + 64);
        uint8_t digest[S1_SHA256_BYTES];
        s1_sha256_of(begin, text.len, digest);
        s1_hex_print(digest, sizeof digest, table->hash);
        rc = parse_all(p, err);
        s1_strbuf_done(&p->unquoted);
        free(p->column_cells);
        free(p->columns);
    }
    free(p);
    if (rc != S1_OK) {
        s1_feed_table_free(table);
        return rc;
    }
    *ret_table = table;
    return S1_OK;
}

s1_rc s1_feed_read(const s1_fs *fs, const char *path, const s1_feed_read_options *options,
                   s1_faults *faults, s1_feed_table **ret_table, s1_err *err)
{
    s1_strbuf text;
    s1_strbuf_init(&text, options->memory_max_bytes + 1);
    s1_rc rc = s1_fs_read_all(fs, path, options->memory_max_bytes, &text, err);
    if (rc == S1_OK) {
        rc = s1_feed_parse(s1_strbuf_view(&text), options, faults, ret_table, err);
    }
    s1_strbuf_done(&text);
    return rc;
}
