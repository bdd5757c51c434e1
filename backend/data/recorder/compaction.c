#include "backend/data/recorder/compaction.h"

#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_ROWS 4096u
/* REST and WebSocket give times of a trade with different precision: its other version may lie this
 * far away. */
#define TIME_SLACK 1000000LL

/* No layout has as many columns: while rows are worked on, it holds their order, then whether they
 * are known. */
#define SPARE_COLUMN (S1_STREAM_ROW_COLUMNS - 1)
_Static_assert(S1_ROW_BOOK_COLUMNS <= SPARE_COLUMN &&
                   S1_STREAM_ROW_COLUMNS == S1_MARKET_COLUMNS_MAX,
               "a column to spare");

typedef struct compactor {
    s1_data_persistor *persistor; /* borrowed */
    const s1_stream_key *key;
    const s1_market_column *layout;
    size_t column_count;
    uint32_t second; /* the column that orders rows of one time */
    bool is_trades;
    bool is_there;           /* the stream, before */
    s1_market_scales scales; /* of all that is written */
    uint32_t columns;        /* written */
    s1_stream_row *rows;     /* [count] new ones, sorted */
    size_t count, at;
    s1_data_writer *writer;
    size_t filled; /* rows of the batch being filled */
    int64_t values[S1_MARKET_COLUMNS_MAX][BATCH_ROWS];
    uint8_t enums[S1_MARKET_COLUMNS_MAX][BATCH_ROWS];
} compactor;

/* --- Order and sameness. --- */

static int compare_int64(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_keys(const s1_stream_row *a, const s1_stream_row *b, uint32_t second)
{
    const int by_time = compare_int64(a->columns[0], b->columns[0]);
    return by_time != 0 ? by_time : compare_int64(a->columns[second], b->columns[second]);
}

/* One per second column, as qsort takes no argument; what is equal keeps its order. */
#define COMPARE(name, second)                                                                      \
    static int name(const void *a, const void *b)                                                  \
    {                                                                                              \
        const s1_stream_row *const left = a;                                                       \
        const s1_stream_row *const right = b;                                                      \
        const int order = compare_keys(left, right, (second));                                     \
        return order != 0                                                                          \
                   ? order                                                                         \
                   : compare_int64(left->columns[SPARE_COLUMN], right->columns[SPARE_COLUMN]);     \
    }
COMPARE(compare_trades, S1_ROW_TRADE_ID)
COMPARE(compare_quotes, S1_ROW_QUOTE_RECEIVED)
COMPARE(compare_books, S1_ROW_BOOK_UPDATE_ID)
#undef COMPARE

static int compare_ids(const void *a, const void *b)
{
    return compare_int64((*(const s1_stream_row *const *)a)->columns[S1_ROW_TRADE_ID],
                         (*(const s1_stream_row *const *)b)->columns[S1_ROW_TRADE_ID]);
}

/* By id, then as they stand in the array they point into. */
static int compare_for_index(const void *a, const void *b)
{
    const s1_stream_row *const left = *(const s1_stream_row *const *)a;
    const s1_stream_row *const right = *(const s1_stream_row *const *)b;
    const int by_id = compare_ids(a, b);
    return by_id != 0 ? by_id : left < right ? -1 : left > right;
}

static void sort_rows(compactor *c)
{
    for (size_t i = 0; i < c->count; i++) {
        c->rows[i].columns[SPARE_COLUMN] = (int64_t)i;
    }
    qsort(c->rows, c->count, sizeof *c->rows,
          c->key->data_type == S1_DATA_TRADES   ? compare_trades
          : c->key->data_type == S1_DATA_QUOTES ? compare_quotes
                                                : compare_books);
    for (size_t i = 0; i < c->count; i++) {
        c->rows[i].columns[SPARE_COLUMN] = 0;
    }
}

/* --- Scales. --- */

static s1_rc raise_value(int64_t *value, uint32_t from, uint32_t to, s1_err *err)
{
    for (uint32_t scale = from; scale < to; scale++) {
        if (__builtin_mul_overflow(*value, 10, value) || *value > S1_MANTISSA_MAX ||
            *value < -S1_MANTISSA_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "a recorded number at scale %u exceeds 18 digits", to);
        }
    }
    return S1_OK;
}

/* Brings a row to the scales that are written. */
static s1_rc raise_row(const compactor *c, s1_stream_row *row, s1_err *err)
{
    for (size_t i = 0; i < c->column_count; i++) {
        if (c->layout[i].kind == S1_COLUMN_PRICE) {
            S1_TRY(err, raise_value(&row->columns[i], row->price_scale, c->scales.price, err));
        } else if (c->layout[i].kind == S1_COLUMN_QTY) {
            S1_TRY(err, raise_value(&row->columns[i], row->qty_scale, c->scales.qty, err));
        }
    }
    row->price_scale = (uint8_t)c->scales.price;
    row->qty_scale = (uint8_t)c->scales.qty;
    return S1_OK;
}

static s1_rc raise_new_rows(compactor *c, s1_err *err)
{
    for (size_t i = 0; i < c->count; i++) {
        const s1_market_scales own = {c->rows[i].price_scale, c->rows[i].qty_scale, 0};
        c->scales = s1_market_scales_max(c->scales, own);
    }
    for (size_t i = 0; i < c->count; i++) {
        S1_TRY(err, raise_row(c, &c->rows[i], err));
    }
    return S1_OK;
}

/* --- What is there already. --- */

typedef s1_rc (*row_visitor)(compactor *c, const s1_stream_row *row, s1_err *err);

static int64_t value_at(const compactor *c, const s1_market_batch *batch, size_t column, size_t row)
{
    if (batch->columns[column] == NULL) {
        return 0;
    }
    return c->layout[column].kind == S1_COLUMN_ENUM
               ? ((const uint8_t *)batch->columns[column])[row]
               : ((const int64_t *)batch->columns[column])[row];
}

static s1_rc visit_batch(compactor *c, const s1_market_batch *batch, const s1_market_scales *scales,
                         row_visitor visit, s1_err *err)
{
    for (size_t r = 0; r < batch->count; r++) {
        s1_stream_row row = {.price_scale = (uint8_t)scales->price,
                             .qty_scale = (uint8_t)scales->qty};
        for (size_t i = 0; i < c->column_count; i++) {
            row.columns[i] = value_at(c, batch, i, r);
        }
        S1_TRY(err, raise_row(c, &row, err));
        S1_TRY(err, visit(c, &row, err));
    }
    return S1_OK;
}

static s1_time_range span_of(const compactor *c)
{
    const s1_nanos slack = c->is_trades ? TIME_SLACK : 0;
    return (s1_time_range){c->rows[0].columns[0] - slack,
                           c->rows[c->count - 1].columns[0] + slack + 1};
}

/* What the archive tells of a stream; a stream that is not there is no error. */
static s1_rc find_info(s1_data_persistor *persistor, const s1_stream_key *key, bool *ret_is_there,
                       s1_archive_info *ret_info, s1_err *err)
{
    s1_err own = S1_ERR_INIT;
    s1_archive_info info = {.size = sizeof info};
    const s1_rc rc = s1_data_get_info(persistor, key, &info, &own);
    *ret_is_there = rc == S1_OK;
    if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
        return S1_RAISE(err, rc, "%s", own.msg);
    }
    *ret_info = info;
    return S1_OK;
}

/* Visits the rows of the archive around the new ones; none where the stream is not there. */
static s1_rc visit_stored(compactor *c, row_visitor visit, s1_err *err)
{
    s1_market_reader *reader = NULL;
    s1_market_batch batch;
    if (!c->is_there) {
        return S1_OK;
    }
    s1_rc rc = s1_data_load(c->persistor, c->key, span_of(c), &reader, err);
    while (rc == S1_OK && (rc = s1_market_reader_next(reader, &batch, err)) == S1_OK &&
           batch.count > 0) {
        rc = visit_batch(c, &batch, &reader->scales, visit, err);
    }
    s1_market_reader_close(reader);
    return rc;
}

/* Scales of the stream, and the columns of its rows around the new ones. */
static s1_rc look_at_stored(compactor *c, s1_err *err)
{
    s1_archive_info info;
    s1_market_reader *reader = NULL;
    S1_TRY(err, find_info(c->persistor, c->key, &c->is_there, &info, err));
    if (!c->is_there) {
        return S1_OK;
    }
    c->scales.price = info.price_scale > c->scales.price ? info.price_scale : c->scales.price;
    c->scales.qty = info.qty_scale > c->scales.qty ? info.qty_scale : c->scales.qty;
    S1_TRY(err, s1_data_load(c->persistor, c->key, span_of(c), &reader, err));
    if (reader->rows_total > 0) {
        c->columns &= reader->columns;
    }
    s1_market_reader_close(reader);
    return S1_OK;
}

static bool is_same(const compactor *c, const s1_stream_row *a, const s1_stream_row *b)
{
    for (size_t i = 0; i < c->column_count; i++) {
        if ((c->columns >> i & 1) != 0 && a->columns[i] != b->columns[i]) {
            return false;
        }
    }
    return true;
}

/* Marks the new rows that a stored one is. */
static s1_rc mark_known(compactor *c, const s1_stream_row *stored, s1_err *err)
{
    (void)err;
    size_t low = 0;
    size_t high = c->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (c->rows[middle].columns[0] < stored->columns[0]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < c->count && c->rows[low].columns[0] == stored->columns[0]; low++) {
        if (is_same(c, &c->rows[low], stored)) {
            c->rows[low].columns[SPARE_COLUMN] = 1;
        }
    }
    return S1_OK;
}

/* The same of trades with ids: c->rows is in order of time, `by_id` beside it in order of id. */
typedef struct id_index {
    compactor base; /* first: visitors get a compactor */
    s1_stream_row **by_id;
} id_index;

static s1_rc mark_known_id(compactor *c, const s1_stream_row *stored, s1_err *err)
{
    const id_index *const index = (const id_index *)(const void *)c;
    const s1_stream_row *const wanted = stored;
    (void)err;
    s1_stream_row **found =
        bsearch(&wanted, index->by_id, c->count, sizeof *index->by_id, compare_ids);
    if (found != NULL) {
        while (found > index->by_id && compare_ids(found, found - 1) == 0) {
            found--; /* the others are repeats and marked */
        }
        (*found)->columns[SPARE_COLUMN] = 1;
    }
    return S1_OK;
}

/* An id that was recorded twice is one trade: the first. */
static void mark_repeated_ids(id_index *index)
{
    for (size_t i = 1; i < index->base.count; i++) {
        if (compare_ids(&index->by_id[i - 1], &index->by_id[i]) == 0) {
            index->by_id[i]->columns[SPARE_COLUMN] = 1;
        }
    }
}

static s1_rc mark_trades(id_index *index, s1_err *err)
{
    compactor *const c = &index->base;
    index->by_id = calloc(c->count, sizeof *index->by_id);
    if (index->by_id == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an index of %zu trades", c->count);
    }
    for (size_t i = 0; i < c->count; i++) {
        index->by_id[i] = &c->rows[i];
    }
    qsort(index->by_id, c->count, sizeof *index->by_id, compare_for_index);
    mark_repeated_ids(index);
    const s1_rc rc = visit_stored(c, mark_known_id, err);
    free(index->by_id);
    return rc;
}

static void drop_known(compactor *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        if (c->rows[i].columns[SPARE_COLUMN] == 0) {
            c->rows[kept++] = c->rows[i];
        }
    }
    c->count = kept;
}

/* --- Writing. --- */

static s1_rc write_batch(compactor *c, s1_err *err)
{
    s1_market_batch batch = {.count = c->filled};
    if (c->filled == 0) {
        return S1_OK;
    }
    for (size_t i = 0; i < c->column_count; i++) {
        if ((c->columns >> i & 1) != 0) {
            batch.columns[i] = c->layout[i].kind == S1_COLUMN_ENUM ? (const void *)c->enums[i]
                                                                   : (const void *)c->values[i];
        }
    }
    c->filled = 0;
    return s1_data_writer_append(c->writer, &batch, &c->scales, err);
}

static s1_rc write_row(compactor *c, const s1_stream_row *row, s1_err *err)
{
    for (size_t i = 0; i < c->column_count; i++) {
        c->values[i][c->filled] = row->columns[i];
        c->enums[i][c->filled] = (uint8_t)row->columns[i];
    }
    return ++c->filled == BATCH_ROWS ? write_batch(c, err) : S1_OK;
}

/* New rows that come before a stored one, then the stored one. */
static s1_rc merge_row(compactor *c, const s1_stream_row *stored, s1_err *err)
{
    while (c->at < c->count && compare_keys(&c->rows[c->at], stored, c->second) < 0) {
        S1_TRY(err, write_row(c, &c->rows[c->at++], err));
    }
    return write_row(c, stored, err);
}

static s1_rc merge(compactor *c, s1_err *err)
{
    S1_TRY(err, visit_stored(c, merge_row, err));
    while (c->at < c->count) {
        S1_TRY(err, write_row(c, &c->rows[c->at++], err));
    }
    return write_batch(c, err);
}

static s1_rc write_merged(compactor *c, s1_str provenance, s1_compaction *ret, s1_err *err)
{
    const s1_writer_options options = {
        .overlap = S1_OVERLAP_REPLACE, .columns = c->columns, .provenance = provenance};
    s1_save_result result;
    S1_TRY(err, s1_data_open_writer(c->persistor, c->key, &options, &c->writer, err));
    const s1_rc rc = merge(c, err);
    if (rc != S1_OK) {
        s1_data_writer_abandon(c->writer);
        return rc;
    }
    S1_TRY(err, s1_data_writer_commit(c->writer, &result, err));
    memcpy(ret->content_hash, result.content_hash, sizeof ret->content_hash);
    return S1_OK;
}

static s1_rc compact(id_index *index, s1_str provenance, s1_compaction *ret, s1_err *err)
{
    compactor *const c = &index->base;
    const size_t given = c->count;
    sort_rows(c);
    S1_TRY(err, look_at_stored(c, err));
    S1_TRY(err, raise_new_rows(c, err));
    if (c->is_trades && (c->columns >> S1_ROW_TRADE_ID & 1) != 0) {
        S1_TRY(err, mark_trades(index, err));
    } else {
        S1_TRY(err, visit_stored(c, mark_known, err));
    }
    drop_known(c);
    ret->rows_added = c->count;
    ret->rows_known = given - c->count;
    return c->count > 0 ? write_merged(c, provenance, ret, err) : S1_OK;
}

s1_rc s1_compact_rows(s1_data_persistor *persistor, const s1_stream_key *key, s1_stream_row *rows,
                      size_t count, s1_str provenance, s1_compaction *ret_compaction, s1_err *err)
{
    *ret_compaction = (s1_compaction){.rows_added = 0};
    if (count == 0) {
        return S1_OK;
    }
    id_index *const index = calloc(1, sizeof *index);
    if (index == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a compaction of %zu rows", count);
    }
    compactor *const c = &index->base;
    c->persistor = persistor;
    c->key = key;
    c->layout = s1_market_layout(key->data_type, &c->column_count);
    S1_ASSERT(c->layout != NULL && key->data_type != S1_DATA_OHLCV);
    c->columns = (1u << c->column_count) - 1;
    c->is_trades = key->data_type == S1_DATA_TRADES;
    c->second = c->is_trades                       ? S1_ROW_TRADE_ID
                : key->data_type == S1_DATA_QUOTES ? S1_ROW_QUOTE_RECEIVED
                                                   : S1_ROW_BOOK_UPDATE_ID;
    c->rows = rows;
    c->count = count;
    const s1_rc rc = compact(index, provenance, ret_compaction, err);
    free(index);
    return rc;
}

s1_rc s1_stream_last(s1_data_persistor *persistor, const s1_stream_key *key, s1_nanos *ret_time,
                     int64_t *ret_id, s1_err *err)
{
    s1_archive_info info;
    s1_market_reader *reader = NULL;
    s1_market_batch batch;
    int64_t id = 0;
    bool is_there;
    S1_TRY(err, find_info(persistor, key, &is_there, &info, err));
    if (!is_there) {
        *ret_time = 0;
        *ret_id = 0;
        return S1_OK;
    }
    S1_TRY(err, s1_data_load(persistor, key, (s1_time_range){info.last, INT64_MAX}, &reader, err));
    s1_rc rc;
    while ((rc = s1_market_reader_next(reader, &batch, err)) == S1_OK && batch.count > 0) {
        const int64_t *const ids = batch.columns[S1_ROW_TRADE_ID];
        if (key->data_type == S1_DATA_TRADES && ids != NULL) {
            id = ids[batch.count - 1];
        }
    }
    s1_market_reader_close(reader);
    S1_TRY(err, rc);
    *ret_time = info.last;
    *ret_id = id;
    return S1_OK;
}
