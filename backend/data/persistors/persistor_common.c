#include "backend/data/persistors/persistor_common_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <string.h>

#define TRADE_SPACING_MAX (60 * S1_NANOS_PER_SECOND)
#define LISTED_TEXT_MAX   320u

s1_rc s1_data_check_key(const s1_stream_key *key, int32_t data_type, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    if (key->data_type != data_type) {
        return S1_RAISE(err, S1_E_INVALID, "data type of %.*s: found %s, expected %s",
                        S1_STR_ARG(key->asset_pair), s1_data_type_name(key->data_type),
                        s1_data_type_name(data_type));
    }
    return S1_OK;
}

s1_rc s1_data_check_save_options(const s1_save_options *options, s1_err *err)
{
    if (options->price_scale > S1_SCALE_MAX || options->qty_scale > S1_SCALE_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "scales: found price %u and quantity %u, expected 0..%u",
                        options->price_scale, options->qty_scale, S1_SCALE_MAX);
    }
    if (options->overlap != S1_OVERLAP_REFUSE && options->overlap != S1_OVERLAP_REPLACE) {
        return S1_RAISE(err, S1_E_INVALID, "overlap: found %d, expected refuse or replace",
                        options->overlap);
    }
    return S1_OK;
}

/* Times rise by at least `step` ns from row to row. */
static s1_rc check_times(const s1_nanos *times, size_t count, s1_nanos step, s1_err *err)
{
    if (count == 0) {
        return S1_RAISE(err, S1_E_INVALID, "batch: found no rows, expected at least one");
    }
    if (times[0] == INT64_MIN || times[count - 1] == INT64_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "batch: found a time at the end of the range");
    }
    for (size_t i = 1; i < count; i++) {
        if (times[i] < times[i - 1] || times[i] - times[i - 1] < step) {
            return S1_RAISE(err, S1_E_INVALID,
                            "batch row %zu: found time %lld after %lld, expected %s times", i,
                            (long long)times[i], (long long)times[i - 1],
                            step > 0 ? "rising" : "never falling");
        }
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

s1_rc s1_data_check_bars(const s1_bar_batch *batch, s1_err *err)
{
    S1_TRY(err, check_times(batch->open_time, batch->count, 1, err));
    S1_TRY(err, check_mantissas("open", batch->open, batch->count, err));
    S1_TRY(err, check_mantissas("high", batch->high, batch->count, err));
    S1_TRY(err, check_mantissas("low", batch->low, batch->count, err));
    S1_TRY(err, check_mantissas("close", batch->close, batch->count, err));
    S1_TRY(err, check_mantissas("volume", batch->volume, batch->count, err));
    return S1_OK;
}

s1_rc s1_data_check_trades(const s1_trade_batch *batch, s1_err *err)
{
    S1_TRY(err, check_times(batch->time, batch->count, 0, err));
    S1_TRY(err, check_mantissas("price", batch->price, batch->count, err));
    S1_TRY(err, check_mantissas("quantity", batch->quantity, batch->count, err));
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->side[i] < S1_TRADE_BUY || batch->side[i] > S1_TRADE_SIDE_UNKNOWN) {
            return S1_RAISE(err, S1_E_INVALID, "batch row %zu: side: found %u, expected 1..3", i,
                            batch->side[i]);
        }
    }
    return S1_OK;
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

/* --- Coverage ------------------------------------------------------------------------------- */

s1_nanos s1_data_coverage_spacing(const s1_stream_key *key, s1_nanos spacing_max)
{
    if (spacing_max > 0) {
        return spacing_max;
    }
    return key->data_type == S1_DATA_OHLCV ? key->timeframe : TRADE_SPACING_MAX;
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

int s1_stream_key_compare(const s1_stream_key *a, const s1_stream_key *b)
{
    const size_t shorter =
        a->asset_pair.len < b->asset_pair.len ? a->asset_pair.len : b->asset_pair.len;
    const int order = memcmp(a->asset_pair.ptr, b->asset_pair.ptr, shorter);
    if (order != 0) {
        return order;
    }
    if (a->asset_pair.len != b->asset_pair.len) {
        return a->asset_pair.len < b->asset_pair.len ? -1 : 1;
    }
    if (a->data_type != b->data_type) {
        return a->data_type < b->data_type ? -1 : 1;
    }
    return a->timeframe < b->timeframe ? -1 : a->timeframe > b->timeframe ? 1 : 0;
}

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
