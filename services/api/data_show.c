#include "services/api/data_show.h"

#include "backend/dtos/market/market_layout.h"
#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "services/api/data_list_internal.h"
#include "services/api/data_open_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)1 << 28)
#define COLUMNS_MAX     1000u
#define ROWS_MAX        10000u
#define ITEMS_MAX       100000u

struct s1_show_report {
    s1_arena arena;
    s1_show view;
};

/* A row as it is read, kept until the end is known. */
typedef struct row {
    int64_t values[S1_MARKET_COLUMNS_MAX]; /* by column of the layout */
} row;

/* What a row is to the chart. Of quotes the middle, of books nothing but that it is there. */
typedef struct place {
    double open, high, low, close, volume;
} place;

typedef struct request {
    const s1_show_options *options;
    s1_show_report *report;
    s1_open_archive archive;
    s1_instrument_sessions *sessions;
    s1_stream_key key;
    s1_session session;
    s1_time_range range;     /* of the chart */
    s1_show_column *columns; /* of the arena */
    row *last;               /* owned ring of options->rows_max */
    uint64_t rows;           /* read so far */
    const s1_market_column *layout;
    size_t layout_count;
    uint32_t there; /* columns, bit by bit */
    s1_market_scales scales;
    double price_unit, qty_unit;
    s1_show_gap *gaps; /* of the arena, a heap: the smallest first */
    size_t gap_count;
    s1_show_import *imports; /* of the arena, a ring */
    s1_show_file *files;     /* the same */
    s1_show_version *versions;
    uint64_t imports_seen, files_seen, versions_seen;
} request;

static s1_rc no_memory(s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "what is known of a dataset");
}

/* --- Out of the catalogue ----------------------------------------------------------------------
 */

static bool is_smaller(const s1_show_gap *a, const s1_show_gap *b)
{
    if (a->missing != b->missing) {
        return a->missing < b->missing;
    }
    const s1_nanos left = a->last - a->first, right = b->last - b->first;
    return left != right ? left < right : a->first > b->first;
}

static int compare_gaps(const void *a, const void *b)
{
    return is_smaller(a, b) ? 1 : is_smaller(b, a) ? -1 : 0;
}

/* Puts a gap in the place of the smallest, and that one down to where it belongs. */
static void sink(request *r, s1_show_gap gap)
{
    size_t at = 0;
    for (;;) {
        size_t next = 2 * at + 1;
        if (next >= r->gap_count) {
            break;
        }
        if (next + 1 < r->gap_count && is_smaller(&r->gaps[next + 1], &r->gaps[next])) {
            next++;
        }
        if (!is_smaller(&r->gaps[next], &gap)) {
            break;
        }
        r->gaps[at] = r->gaps[next];
        at = next;
    }
    r->gaps[at] = gap;
}

static s1_rc take_gap(void *user, const s1_catalog_gap *found, s1_err *err)
{
    (void)err;
    request *const r = user;
    const s1_show_gap gap = {found->first, found->last, found->missing};
    if (r->gap_count < r->options->items_max) {
        size_t at = r->gap_count++;
        for (size_t up; at > 0 && is_smaller(&gap, &r->gaps[up = (at - 1) / 2]); at = up) {
            r->gaps[at] = r->gaps[up];
        }
        r->gaps[at] = gap;
    } else if (r->gap_count > 0 && is_smaller(&r->gaps[0], &gap)) {
        sink(r, gap);
    }
    return S1_OK;
}

static s1_rc take_import(void *user, const s1_catalog_import *import, s1_err *err)
{
    request *const r = user;
    s1_arena *const arena = &r->report->arena;
    const s1_show_import item = {.at = import->at,
                                 .who = s1_arena_copy_cstr(arena, import->who),
                                 .file = s1_arena_copy_cstr(arena, import->file),
                                 .sha256 = s1_arena_copy_cstr(arena, import->sha256),
                                 .profile = s1_arena_copy_cstr(arena, import->profile),
                                 .rows = import->rows,
                                 .rejects = import->rejects,
                                 .replaced = import->replaced};
    if (item.who == NULL || item.file == NULL || item.sha256 == NULL || item.profile == NULL) {
        return no_memory(err);
    }
    if (r->options->items_max > 0) {
        r->imports[r->imports_seen % r->options->items_max] = item;
    }
    r->imports_seen++;
    return S1_OK;
}

static s1_rc take_file(void *user, const s1_catalog_file *file, s1_err *err)
{
    request *const r = user;
    s1_arena *const arena = &r->report->arena;
    const s1_show_file item = {.path = s1_arena_copy_cstr(arena, s1_str_of(file->path)),
                               .sha256 = s1_arena_copy_cstr(arena, s1_str_of(file->sha256)),
                               .rows = file->rows,
                               .bytes = file->bytes,
                               .first = file->first,
                               .last = file->last};
    if (item.path == NULL || item.sha256 == NULL) {
        return no_memory(err);
    }
    if (r->options->items_max > 0) {
        r->files[r->files_seen % r->options->items_max] = item;
    }
    r->files_seen++;
    return S1_OK;
}

static s1_rc take_version(void *user, const s1_data_version *version, s1_err *err)
{
    request *const r = user;
    const s1_show_version item = {
        .content_hash = s1_arena_copy_cstr(&r->report->arena, s1_str_of(version->content_hash)),
        .rows = version->rows,
        .bytes = version->bytes,
        .first = version->first,
        .last = version->last,
        .replaced_at = version->replaced_at};
    if (item.content_hash == NULL) {
        return no_memory(err);
    }
    if (r->options->items_max > 0) {
        r->versions[r->versions_seen % r->options->items_max] = item;
    }
    r->versions_seen++;
    return S1_OK;
}

static s1_rc count_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    (void)block;
    (void)err;
    (*(uint64_t *)user)++;
    return S1_OK;
}

static void reverse(char *items, size_t size, size_t from, size_t to)
{
    char keep[sizeof(s1_show_import) + sizeof(s1_show_file)];
    while (from + 1 < to) {
        to--;
        memcpy(keep, items + from * size, size);
        memcpy(items + from * size, items + to * size, size);
        memcpy(items + to * size, keep, size);
        from++;
    }
}

/* The items of a ring of `capacity` that `seen` went through, oldest first; returns how many. */
static size_t unroll(void *items, size_t size, uint64_t seen, size_t capacity)
{
    if (seen <= capacity) {
        return (size_t)seen;
    }
    const size_t start = (size_t)(seen % capacity);
    reverse(items, size, 0, start);
    reverse(items, size, start, capacity);
    reverse(items, size, 0, capacity);
    return capacity;
}

static s1_rc ask_catalog(request *r, s1_err *err)
{
    s1_show *const view = &r->report->view;
    s1_arena *const arena = &r->report->arena;
    s1_catalog *const catalog = r->archive.catalog;
    const size_t max = r->options->items_max;
    r->gaps = s1_arena_array(arena, s1_show_gap, max + 1);
    r->imports = s1_arena_array(arena, s1_show_import, max + 1);
    r->files = s1_arena_array(arena, s1_show_file, max + 1);
    r->versions = s1_arena_array(arena, s1_show_version, max + 1);
    if (r->gaps == NULL || r->imports == NULL || r->files == NULL || r->versions == NULL) {
        return no_memory(err);
    }
    s1_catalog_dataset dataset;
    S1_TRY(err, s1_catalog_catch_up(catalog, r->archive.persistor, &r->key, err));
    S1_TRY(err, s1_catalog_find(catalog, &r->key, &dataset, err));
    S1_TRY(err, s1_list_entry_of(&dataset, arena, &view->dataset, err));
    S1_TRY(err, s1_list_entry_apply(&view->dataset, catalog, &r->key, r->sessions, arena, err));
    S1_TRY(err,
           s1_catalog_visit_gaps(catalog, &r->key, S1_RANGE_ALL, &r->session, take_gap, r, err));
    S1_TRY(err, s1_catalog_visit_imports(catalog, &r->key, take_import, r, err));
    S1_TRY(err, s1_catalog_visit_files(catalog, &r->key, take_file, r, err));
    S1_TRY(err, s1_catalog_visit_versions(catalog, &r->key, take_version, r, err));
    S1_TRY(err, s1_catalog_visit_coverage(catalog, &r->key, S1_RANGE_ALL, count_block,
                                          &view->block_count, err));
    if (r->gap_count > 1) {
        qsort(r->gaps, r->gap_count, sizeof *r->gaps, compare_gaps);
    }
    view->gaps = r->gaps;
    view->gap_count = r->gap_count;
    view->import_count = unroll(r->imports, sizeof *r->imports, r->imports_seen, max);
    view->imports = r->imports;
    view->imports_in_all = r->imports_seen;
    view->file_count = unroll(r->files, sizeof *r->files, r->files_seen, max);
    view->files = r->files;
    view->version_count = unroll(r->versions, sizeof *r->versions, r->versions_seen, max);
    view->versions = r->versions;
    view->notice = s1_arena_copy_cstr(arena, s1_str_of(s1_catalog_notice(catalog)));
    return view->notice != NULL ? S1_OK : no_memory(err);
}

/* --- Out of the rows ---------------------------------------------------------------------------
 */

static s1_show_column *column_at(const request *r, s1_nanos time)
{
    const s1_i128 count = (s1_i128)r->report->view.column_count;
    const s1_i128 span = (s1_i128)r->range.to - r->range.from;
    if (time < r->range.from || time >= r->range.to || count == 0) {
        return NULL;
    }
    return &r->columns[(size_t)(((s1_i128)time - r->range.from) * count / span)];
}

static double number(const s1_market_batch *batch, size_t column, size_t i)
{
    return (double)((const int64_t *)batch->columns[column])[i];
}

static place place_of(const request *r, const s1_market_batch *b, size_t i)
{
    switch (r->key.data_type) {
    case S1_DATA_OHLCV:
        return (place){number(b, 1, i) * r->price_unit, number(b, 2, i) * r->price_unit,
                       number(b, 3, i) * r->price_unit, number(b, 4, i) * r->price_unit,
                       number(b, 5, i) * r->qty_unit};
    case S1_DATA_TRADES: {
        const double price = number(b, 1, i) * r->price_unit;
        return (place){price, price, price, price, number(b, 2, i) * r->qty_unit};
    }
    case S1_DATA_QUOTES: {
        const double middle = (number(b, 1, i) + number(b, 2, i)) / 2 * r->price_unit;
        return (place){middle, middle, middle, middle, 1};
    }
    default:
        return (place){.volume = 1};
    }
}

static void take_row(request *r, const s1_market_batch *b, size_t i)
{
    if (r->options->rows_max > 0) {
        row *const to = &r->last[r->rows % r->options->rows_max];
        for (size_t c = 0; c < r->layout_count; c++) {
            to->values[c] = b->columns[c] == NULL ? 0
                            : r->layout[c].kind == S1_COLUMN_ENUM
                                ? ((const uint8_t *)b->columns[c])[i]
                                : ((const int64_t *)b->columns[c])[i];
        }
    }
    r->rows++;
    s1_show_column *const column = column_at(r, ((const s1_nanos *)b->columns[0])[i]);
    if (column == NULL) {
        return;
    }
    const place p = place_of(r, b, i);
    if (column->rows == 0) {
        column->open = p.open;
        column->high = p.high;
        column->low = p.low;
    }
    column->high = fmax(column->high, p.high);
    column->low = fmin(column->low, p.low);
    column->close = p.close;
    column->volume += p.volume;
    column->rows++;
}

static s1_rc tell(const request *r, uint64_t total)
{
    const s1_show_options *const options = r->options;
    if (options->is_stopping != NULL && atomic_load(options->is_stopping)) {
        return S1_E_CANCELED;
    }
    if (options->on_progress != NULL) {
        options->on_progress(options->user, r->rows, total);
    }
    return S1_OK;
}

static s1_rc read_all(request *r, s1_err *err)
{
    s1_market_reader *reader = NULL;
    S1_TRY(err, s1_data_load(r->archive.persistor, &r->key, S1_RANGE_ALL, &reader, err));
    r->layout = s1_market_layout(r->key.data_type, &r->layout_count);
    r->there = reader->columns;
    r->scales = reader->scales;
    r->price_unit = pow(10, -(double)reader->scales.price);
    r->qty_unit = pow(10, -(double)reader->scales.qty);
    s1_market_batch batch = {.count = 1};
    s1_rc rc = S1_OK;
    while (rc == S1_OK && batch.count > 0) {
        rc = s1_market_reader_next(reader, &batch, err);
        for (size_t i = 0; rc == S1_OK && i < batch.count; i++) {
            take_row(r, &batch, i);
        }
        rc = rc == S1_OK ? tell(r, reader->rows_total) : rc;
    }
    s1_market_reader_close(reader);
    return rc;
}

static s1_nanos column_start(const request *r, size_t index)
{
    const s1_i128 span = (s1_i128)r->range.to - r->range.from;
    const s1_i128 count = (s1_i128)r->report->view.column_count;
    return (s1_nanos)(r->range.from + (span * (s1_i128)index + count - 1) / count);
}

/* How much of what may be in each column is there. */
static void count_there(request *r)
{
    const size_t count = r->report->view.column_count;
    const s1_nanos step = r->key.timeframe;
    const s1_nanos first = r->report->view.dataset.first;
    for (size_t i = 0; i < count; i++) {
        s1_show_column *const column = &r->columns[i];
        column->there = column->rows > 0 ? 1 : 0;
        if (step == 0) {
            continue;
        }
        const s1_nanos to = i + 1 < count ? r->columns[i + 1].from : r->range.to;
        const s1_nanos past = column->from - first;
        const s1_nanos slot = past / step - (past % step < 0 ? 1 : 0) + (past % step != 0 ? 1 : 0);
        const s1_open_slots slots =
            s1_session_open_slots(&r->session, first + (slot - 1) * step, to, step);
        column->there = slots.count == 0 && column->rows == 0
                            ? (double)NAN
                            : fmin(1, (double)column->rows / fmax(1, (double)slots.count));
    }
}

static const char *enum_text(int32_t data_type, const char *column, int64_t value)
{
    if (data_type == S1_DATA_TRADES) {
        return value == S1_TRADE_BUY ? "buy" : value == S1_TRADE_SELL ? "sell" : "unknown";
    }
    if (strcmp(column, "kind") == 0) {
        return value == S1_BOOK_SNAPSHOT ? "snapshot" : "update";
    }
    return value == S1_BOOK_BID ? "bid" : "ask";
}

/* A value as a text of the arena, exact; NULL: no memory. */
static const char *cell_text(request *r, size_t column, int64_t value)
{
    const s1_market_column *const c = &r->layout[column];
    char text[S1_DEC_TEXT_MAX + S1_TIME_TEXT_MAX];
    switch (c->kind) {
    case S1_COLUMN_TIME:
        (void)s1_time_print_short(value, text);
        break;
    case S1_COLUMN_ENUM:
        return enum_text(r->key.data_type, c->name, value);
    case S1_COLUMN_INT64:
        (void)snprintf(text, sizeof text, "%lld", (long long)value);
        break;
    default:
        (void)s1_dec_print(s1_dec_from_mantissa(value, s1_market_scale(&r->scales, c->kind)), text);
    }
    return s1_arena_copy_cstr(&r->report->arena, s1_str_of(text));
}

/* The last rows as texts. */
static s1_rc print_rows(request *r, s1_err *err)
{
    s1_show *const view = &r->report->view;
    s1_arena *const arena = &r->report->arena;
    const size_t max = r->options->rows_max;
    size_t columns[S1_MARKET_COLUMNS_MAX];
    view->row_count = r->rows < max ? (size_t)r->rows : max;
    const char **const names = s1_arena_array(arena, const char *, S1_MARKET_COLUMNS_MAX);
    const char **const cells =
        s1_arena_array(arena, const char *, view->row_count *S1_MARKET_COLUMNS_MAX + 1);
    if (names == NULL || cells == NULL) {
        return no_memory(err);
    }
    for (size_t c = 0; c < r->layout_count; c++) {
        if ((r->there >> c & 1) != 0) {
            columns[view->cell_count] = c;
            names[view->cell_count++] = r->layout[c].name;
        }
    }
    for (size_t i = 0; i < view->row_count; i++) {
        const row *const one = &r->last[(r->rows - view->row_count + i) % max];
        for (size_t c = 0; c < view->cell_count; c++) {
            const char *const text = cell_text(r, columns[c], one->values[columns[c]]);
            if (text == NULL) {
                return no_memory(err);
            }
            cells[i * view->cell_count + c] = text;
        }
    }
    view->names = names;
    view->cells = cells;
    return S1_OK;
}

static s1_rc read_rows(request *r, s1_err *err)
{
    s1_show *const view = &r->report->view;
    const s1_nanos end = view->dataset.last + (r->key.timeframe > 0 ? r->key.timeframe : 1);
    r->range.from = r->options->from != NULL ? r->range.from : view->dataset.first;
    r->range.to = r->options->to != NULL ? r->range.to : end;
    view->column_count = r->range.from < r->range.to ? r->options->column_count : 0;
    view->chart_from = r->range.from;
    view->chart_to = r->range.to;
    r->columns = s1_arena_array(&r->report->arena, s1_show_column, view->column_count + 1);
    r->last = calloc((size_t)r->options->rows_max + 1, sizeof *r->last);
    if (r->columns == NULL || r->last == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < view->column_count; i++) {
        r->columns[i] = (s1_show_column){.from = column_start(r, i)};
    }
    S1_TRY(err, read_all(r, err));
    count_there(r);
    view->columns = r->columns;
    return print_rows(r, err);
}

static s1_rc hash_content(request *r, s1_err *err)
{
    char hash[S1_SHA256_HEX];
    S1_TRY(err, s1_data_get_content_hash(r->archive.persistor, &r->key, hash, err));
    r->report->view.content_hash = s1_arena_copy_cstr(&r->report->arena, s1_str_of(hash));
    return r->report->view.content_hash != NULL ? S1_OK : no_memory(err);
}

/* --- All of it ---------------------------------------------------------------------------------
 */

static s1_rc read_options(request *r, s1_err *err)
{
    const s1_show_options *const o = r->options;
    if (o->column_count > COLUMNS_MAX || o->rows_max > ROWS_MAX || o->items_max > ITEMS_MAX) {
        return S1_RAISE(
            err, S1_E_INVALID, "found %u columns, %u rows, %u items; expected at most %u, %u, %u",
            o->column_count, o->rows_max, o->items_max, COLUMNS_MAX, ROWS_MAX, ITEMS_MAX);
    }
    S1_TRY(err, s1_stream_of(o->source, o->asset_pair, o->kind, &r->key, err));
    if (o->from != NULL) {
        S1_TRY(err, s1_time_parse(s1_str_of(o->from), &r->range.from, err));
    }
    return o->to != NULL ? s1_time_parse(s1_str_of(o->to), &r->range.to, err) : S1_OK;
}

static s1_rc show(request *r, s1_err *err)
{
    S1_TRY(err, s1_instrument_sessions_load(r->options->config_dir, &r->sessions, err));
    S1_TRY(err, s1_instrument_sessions_add(r->sessions, r->key.asset_pair, NULL, &r->session, NULL,
                                           err));
    S1_TRY(err, s1_open_archive_begin(r->options->archive_dir, &r->archive, err));
    S1_TRY(err, ask_catalog(r, err));
    S1_TRY(err, read_rows(r, err));
    return hash_content(r, err);
}

s1_rc s1_api_data_show(const s1_show_options *options, s1_show_report **ret_report, s1_err *err)
{
    request r = {.options = options};
    S1_TRY(err, read_options(&r, err));
    r.report = calloc(1, sizeof *r.report);
    if (r.report == NULL) {
        return no_memory(err);
    }
    s1_arena_init(&r.report->arena, ARENA_BYTES_MAX, (size_t)1 << 16);
    const s1_rc rc = show(&r, err);
    s1_open_archive_end(&r.archive);
    s1_instrument_sessions_free(r.sessions);
    free(r.last);
    if (rc != S1_OK) {
        s1_show_report_free(r.report);
        return rc;
    }
    *ret_report = r.report;
    return S1_OK;
}

const s1_show *s1_show_view(const s1_show_report *report)
{
    return &report->view;
}

void s1_show_report_free(s1_show_report *report)
{
    if (report != NULL) {
        s1_arena_done(&report->arena);
        free(report);
    }
}
