#include "backend/data/persistors/persistor_common_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define ROW_SPACING_MAX (60 * S1_NANOS_PER_SECOND)
#define LISTED_TEXT_MAX 320u

s1_rc s1_batch_check_init(s1_batch_check *check, const s1_stream_key *key,
                          const s1_writer_options *options, s1_err *err)
{
    size_t count;
    S1_TRY(err, s1_stream_key_check(key, err));
    (void)s1_market_layout(key->data_type, &count);
    if (options->overlap != S1_OVERLAP_REFUSE && options->overlap != S1_OVERLAP_REPLACE) {
        return S1_RAISE(err, S1_E_INVALID, "overlap: found %d, expected refuse or replace",
                        options->overlap);
    }
    if (options->columns >> count != 0) {
        return S1_RAISE(err, S1_E_INVALID, "columns: found bits 0x%x, expected %zu columns of %s",
                        options->columns, count, s1_data_type_name(key->data_type));
    }
    bool is_line = options->provenance.len <= S1_PROVENANCE_MAX;
    for (size_t i = 0; i < options->provenance.len && is_line; i++) {
        is_line = (unsigned char)options->provenance.ptr[i] >= ' ';
    }
    if (!is_line) {
        return S1_RAISE(err, S1_E_INVALID, "provenance: expected one line of at most %u bytes",
                        S1_PROVENANCE_MAX);
    }
    *check = (s1_batch_check){.data_type = key->data_type,
                              .columns = options->columns | s1_market_mandatory(key->data_type),
                              .last_time = INT64_MIN};
    return S1_OK;
}

/* Times rise by at least one step from row to row, and from batch to batch. */
static s1_rc check_times(const s1_batch_check *check, const s1_market_batch *batch, s1_err *err)
{
    const s1_nanos *const times = batch->columns[0];
    const s1_nanos step = check->data_type == S1_DATA_OHLCV ? 1 : 0;
    if (times[0] == INT64_MIN || times[batch->count - 1] == INT64_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "batch: found a time at the end of the range");
    }
    s1_nanos last = check->last_time;
    for (size_t i = 0; i < batch->count; i++) {
        if (times[i] < last || (last != INT64_MIN && times[i] - last < step)) {
            return S1_RAISE(
                err, S1_E_INVALID, "batch row %zu: found time %lld after %lld, expected %s times",
                i, (long long)times[i], (long long)last, step > 0 ? "rising" : "never falling");
        }
        last = times[i];
    }
    return S1_OK;
}

static s1_rc check_mantissas(const char *name, const int64_t *values, size_t count, s1_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i] > S1_MANTISSA_MAX || values[i] < -S1_MANTISSA_MAX) {
            return S1_RAISE(err, S1_E_INVALID,
                            "batch row %zu: %s: found mantissa %lld, expected at most 18 digits", i,
                            name, (long long)values[i]);
        }
    }
    return S1_OK;
}

static s1_rc check_enum(const s1_market_column *column, const uint8_t *values, size_t count,
                        s1_err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i] < 1 || values[i] > column->enum_max) {
            return S1_RAISE(err, S1_E_INVALID, "batch row %zu: %s: found %u, expected 1..%u", i,
                            column->name, values[i], column->enum_max);
        }
    }
    return S1_OK;
}

/* Trades that share a time are told apart by their ids, which rise. */
static s1_rc check_ids(const s1_batch_check *check, const s1_market_batch *batch, s1_err *err)
{
    const s1_nanos *const times = batch->columns[0];
    const int64_t *const ids = batch->columns[S1_TRADE_ID_COLUMN];
    s1_nanos last_time = check->last_time;
    int64_t last_id = check->last_id;
    for (size_t i = 0; i < batch->count; i++) {
        if (times[i] == last_time && ids[i] <= last_id) {
            return S1_RAISE(err, S1_E_INVALID,
                            "batch row %zu: found id %lld after %lld at one time, expected rising "
                            "ids",
                            i, (long long)ids[i], (long long)last_id);
        }
        last_time = times[i];
        last_id = ids[i];
    }
    return S1_OK;
}

static s1_rc check_column(const s1_market_column *column, const void *values, size_t count,
                          s1_err *err)
{
    switch (column->kind) {
    case S1_COLUMN_PRICE:
    case S1_COLUMN_QTY:
    case S1_COLUMN_VWAP:
        return check_mantissas(column->name, values, count, err);
    case S1_COLUMN_ENUM:
        return check_enum(column, values, count, err);
    default:
        return S1_OK;
    }
}

s1_rc s1_batch_check_add(s1_batch_check *check, const s1_market_batch *batch,
                         const s1_market_scales *scales, s1_err *err)
{
    size_t count;
    const s1_market_column *const columns = s1_market_layout(check->data_type, &count);
    if (scales->price > S1_SCALE_MAX || scales->qty > S1_SCALE_MAX || scales->vwap > S1_SCALE_MAX) {
        return S1_RAISE(err, S1_E_INVALID,
                        "scales: found price %u, quantity %u and vwap %u, expected 0..%u",
                        scales->price, scales->qty, scales->vwap, S1_SCALE_MAX);
    }
    check->batch_scales = (s1_market_scales){0};
    if (batch->count == 0) {
        return S1_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if ((batch->columns[i] != NULL) != ((check->columns >> i & 1u) != 0)) {
            return S1_RAISE(err, S1_E_INVALID, "batch: found %s column %s, expected %s",
                            batch->columns[i] != NULL ? "a" : "no", columns[i].name,
                            batch->columns[i] != NULL ? "none" : "one");
        }
    }
    S1_TRY(err, check_times(check, batch, err));
    for (size_t i = 1; i < count; i++) {
        if (batch->columns[i] != NULL) {
            S1_TRY(err, check_column(&columns[i], batch->columns[i], batch->count, err));
        }
    }
    const bool has_ids =
        check->data_type == S1_DATA_TRADES && batch->columns[S1_TRADE_ID_COLUMN] != NULL;
    if (has_ids) {
        S1_TRY(err, check_ids(check, batch, err));
        check->last_id = ((const int64_t *)batch->columns[S1_TRADE_ID_COLUMN])[batch->count - 1];
    }
    const s1_nanos *const times = batch->columns[0];
    check->first_time = check->rows == 0 ? times[0] : check->first_time;
    check->last_time = times[batch->count - 1];
    check->rows += batch->count;
    check->batch_scales = s1_market_scales_used(check->data_type, check->columns, *scales);
    check->scales = s1_market_scales_max(check->scales, check->batch_scales);
    return S1_OK;
}

s1_rc s1_batch_check_end(const s1_batch_check *check, s1_err *err)
{
    return check->rows > 0
               ? S1_OK
               : S1_RAISE(err, S1_E_INVALID, "batch: found no rows, expected at least one");
}

/* --- Scales ----------------------------------------------------------------------------------- */

int64_t s1_data_factor(uint32_t from, uint32_t to)
{
    int64_t factor = 1;
    for (; from < to; from++) {
        factor *= 10;
    }
    return factor;
}

s1_rc s1_data_copy_scaled(int64_t *to, const int64_t *from, size_t rows, int64_t factor,
                          s1_err *err)
{
    for (size_t i = 0; i < rows; i++) {
        int64_t value;
        if (__builtin_mul_overflow(from[i], factor, &value) || value > S1_MANTISSA_MAX ||
            value < -S1_MANTISSA_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "mantissa %lld times %lld has over 18 digits",
                            (long long)from[i], (long long)factor);
        }
        to[i] = value;
    }
    return S1_OK;
}

bool s1_data_is_scaled(const int64_t *a, const int64_t *b, size_t rows, int64_t factor)
{
    for (size_t i = 0; i < rows; i++) {
        int64_t value;
        if (__builtin_mul_overflow(b[i], factor, &value) || value != a[i]) {
            return false;
        }
    }
    return true;
}

/* --- Messages ------------------------------------------------------------------------------- */

typedef struct listing {
    char text[LISTED_TEXT_MAX];
    size_t len;
    size_t count;
} listing;

static s1_rc list_stream(void *user, const s1_stream_key *key, s1_err *err)
{
    (void)err;
    listing *const list = user;
    char name[S1_STREAM_TEXT_MAX];
    (void)s1_stream_key_format(key, name);
    if (list->len + strlen(name) + 8 < sizeof list->text) {
        list->len += (size_t)snprintf(list->text + list->len, sizeof list->text - list->len, "%s%s",
                                      list->count == 0 ? "" : ", ", name);
    } else if (list->len + 6 < sizeof list->text && list->text[list->len - 1] != '.') {
        list->len +=
            (size_t)snprintf(list->text + list->len, sizeof list->text - list->len, ", ...");
    }
    list->count++;
    return S1_OK;
}

s1_rc s1_data_raise_not_found(s1_data_persistor *persistor, const s1_stream_key *key,
                              const char *where, s1_err *err)
{
    listing list = {.len = 0};
    char name[S1_STREAM_TEXT_MAX];
    (void)s1_stream_key_format(key, name);
    if (s1_data_list_streams(persistor, list_stream, &list, NULL) != S1_OK || list.count == 0) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no %s in %s: it holds no data", name, where);
    }
    return S1_RAISE(err, S1_E_NOT_FOUND, "no %s in %s: it holds %s", name, where, list.text);
}

s1_rc s1_data_raise_overlap(const s1_stream_key *key, uint64_t rows, s1_nanos from, s1_nanos to,
                            s1_err *err)
{
    char name[S1_STREAM_TEXT_MAX];
    return S1_RAISE(err, S1_E_EXISTS,
                    "%s: found %llu stored rows from %lld to %lld ns, expected none (overlap is "
                    "refused)",
                    s1_stream_key_format(key, name), (unsigned long long)rows, (long long)from,
                    (long long)to);
}

s1_rc s1_data_raise_read_only(const s1_stream_key *key, s1_err *err)
{
    char name[S1_STREAM_TEXT_MAX];
    return S1_RAISE(err, S1_E_DENIED, "%s: a version of it is for reading only",
                    s1_stream_key_format(key, name));
}

s1_rc s1_data_raise_no_version(const s1_stream_key *key, const char *content_hash,
                               const char *where, s1_err *err)
{
    char name[S1_STREAM_TEXT_MAX];
    return S1_RAISE(err, S1_E_NOT_FOUND, "no version %.64s of %s in %s", content_hash,
                    s1_stream_key_format(key, name), where);
}

/* --- Coverage ------------------------------------------------------------------------------- */

s1_nanos s1_data_coverage_spacing(const s1_stream_key *key, s1_nanos spacing_max)
{
    if (spacing_max > 0) {
        return spacing_max;
    }
    return key->data_type == S1_DATA_OHLCV ? key->timeframe : ROW_SPACING_MAX;
}

s1_rc s1_coverage_walk_add(s1_coverage_walk *walk, const s1_nanos *times, size_t count, s1_err *err)
{
    s1_data_coverage *const block = &walk->block;
    for (size_t i = 0; i < count; i++) {
        if (block->trade_count > 0 && times[i] - block->end_time > walk->spacing_max) {
            S1_TRY(err, walk->visit(walk->user, block, err));
            block->trade_count = 0;
        }
        if (block->trade_count == 0) {
            block->start_time = times[i];
        }
        block->end_time = times[i];
        block->trade_count++;
    }
    return S1_OK;
}

s1_rc s1_coverage_walk_end(s1_coverage_walk *walk, s1_err *err)
{
    if (walk->block.trade_count > 0) {
        S1_TRY(err, walk->visit(walk->user, &walk->block, err));
    }
    return S1_OK;
}

/* --- Order ---------------------------------------------------------------------------------- */

size_t s1_data_lower_bound(const s1_nanos *times, size_t count, s1_nanos time)
{
    size_t low = 0;
    while (low < count) {
        const size_t middle = low + (count - low) / 2;
        if (times[middle] < time) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

size_t s1_data_upper_bound(const s1_nanos *times, size_t count, s1_nanos time)
{
    return time == INT64_MAX ? count : s1_data_lower_bound(times, count, time + 1);
}
