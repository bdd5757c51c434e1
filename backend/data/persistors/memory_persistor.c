#include "backend/data/persistors/memory_persistor.h"

#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_COLUMNS_MAX 5u /* bars: open, high, low, close, volume; trades: price, quantity */

/* One stream's columns, owned. */
typedef struct memory_stream {
    char pair[S1_PAIR_TEXT_MAX + 1];
    s1_stream_key key; /* asset_pair borrows `pair` */
    uint32_t price_scale, qty_scale;
    size_t rows;
    s1_nanos *times;
    int64_t *values[VALUE_COLUMNS_MAX];
    uint8_t *sides; /* trades */
} memory_stream;

typedef struct memory_persistor {
    s1_data_persistor base;
    memory_stream *streams[S1_MEMORY_STREAMS_MAX]; /* owned, in the order of their keys */
    size_t count;
} memory_persistor;

/* Rows [row, end) of a stream. */
typedef struct memory_span {
    const memory_stream *stream;
    size_t row, end;
} memory_span;

typedef struct memory_bar_reader {
    s1_bar_reader base;
    memory_span span;
} memory_bar_reader;

typedef struct memory_trade_reader {
    s1_trade_reader base;
    memory_span span;
} memory_trade_reader;

static size_t value_count(int32_t data_type)
{
    return data_type == S1_DATA_OHLCV ? 5 : 2;
}

/* Is the value column a price? The last one is the volume or quantity. */
static bool is_price_column(int32_t data_type, size_t column)
{
    return column + 1 < value_count(data_type);
}

static void stream_free(memory_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    free(stream->times);
    for (size_t i = 0; i < VALUE_COLUMNS_MAX; i++) {
        free(stream->values[i]);
    }
    free(stream->sides);
    free(stream);
}

static s1_rc stream_new(const s1_stream_key *key, size_t rows, memory_stream **ret_stream,
                        s1_err *err)
{
    memory_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a stream");
    }
    (void)snprintf(stream->pair, sizeof stream->pair, "%.*s", S1_STR_ARG(key->asset_pair));
    stream->key = *key;
    stream->key.asset_pair = s1_str_of(stream->pair);
    stream->rows = rows;
    stream->times = calloc(rows, sizeof *stream->times);
    stream->sides = calloc(rows, sizeof *stream->sides);
    bool is_complete = stream->times != NULL && stream->sides != NULL;
    for (size_t i = 0; i < value_count(key->data_type); i++) {
        stream->values[i] = calloc(rows, sizeof *stream->values[i]);
        is_complete = is_complete && stream->values[i] != NULL;
    }
    if (!is_complete) {
        stream_free(stream);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu rows", rows);
    }
    *ret_stream = stream;
    return S1_OK;
}

/* Index of the key, or where it belongs. */
static size_t find_slot(const memory_persistor *me, const s1_stream_key *key, bool *ret_is_there)
{
    size_t i = 0;
    while (i < me->count && s1_stream_key_compare(&me->streams[i]->key, key) < 0) {
        i++;
    }
    *ret_is_there = i < me->count && s1_stream_key_equal(&me->streams[i]->key, key);
    return i;
}

static s1_rc find_stream(memory_persistor *me, const s1_stream_key *key,
                         const memory_stream **ret_stream, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    bool is_there;
    const size_t slot = find_slot(me, key, &is_there);
    if (!is_there) {
        return s1_data_raise_not_found(&me->base, key, "memory", err);
    }
    *ret_stream = me->streams[slot];
    return S1_OK;
}

/* --- Queries ---------------------------------------------------------------------------------- */

static s1_rc list_streams(s1_data_persistor *self, s1_stream_visitor visit, void *user, s1_err *err)
{
    const memory_persistor *const me = (const memory_persistor *)self;
    for (size_t i = 0; i < me->count; i++) {
        S1_TRY(err, visit(user, &me->streams[i]->key, err));
    }
    return S1_OK;
}

static s1_rc get_info(s1_data_persistor *self, const s1_stream_key *key, s1_archive_info *ret_info,
                      s1_err *err)
{
    const memory_stream *stream;
    S1_TRY(err, find_stream((memory_persistor *)self, key, &stream, err));
    *ret_info = (s1_archive_info){.size = sizeof *ret_info,
                                  .price_scale = stream->price_scale,
                                  .qty_scale = stream->qty_scale,
                                  .rows = stream->rows,
                                  .bytes = stream->rows * (1 + value_count(key->data_type)) *
                                           sizeof(int64_t),
                                  .first = stream->times[0],
                                  .last = stream->times[stream->rows - 1]};
    return S1_OK;
}

static s1_rc get_content_hash(s1_data_persistor *self, const s1_stream_key *key,
                              char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    const memory_stream *stream;
    S1_TRY(err, find_stream((memory_persistor *)self, key, &stream, err));
    s1_sha256 *hash;
    S1_TRY(err, s1_sha256_new(&hash, err));
    const uint64_t head[] = {stream->rows, stream->price_scale, stream->qty_scale};
    s1_sha256_update(hash, head, sizeof head);
    s1_sha256_update(hash, stream->times, stream->rows * sizeof *stream->times);
    for (size_t i = 0; i < value_count(key->data_type); i++) {
        s1_sha256_update(hash, stream->values[i], stream->rows * sizeof *stream->values[i]);
    }
    s1_sha256_update(hash, stream->sides, stream->rows);
    uint8_t digest[S1_SHA256_BYTES];
    s1_sha256_finish(hash, digest);
    s1_hex_print(digest, sizeof digest, ret_hex);
    s1_sha256_free(hash);
    return S1_OK;
}

static s1_rc get_data_coverage(s1_data_persistor *self, const s1_stream_key *key,
                               s1_nanos spacing_max, s1_coverage_visitor visit, void *user,
                               s1_err *err)
{
    const memory_stream *stream;
    S1_TRY(err, find_stream((memory_persistor *)self, key, &stream, err));
    s1_coverage_walk walk = {
        .visit = visit, .user = user, .spacing_max = s1_data_coverage_spacing(key, spacing_max)};
    S1_TRY(err, s1_coverage_walk_add(&walk, stream->times, stream->rows, err));
    S1_TRY(err, s1_coverage_walk_end(&walk, err));
    return S1_OK;
}

/* --- Readers ---------------------------------------------------------------------------------- */

static s1_rc open_span(memory_persistor *me, const s1_stream_key *key, int32_t data_type,
                       s1_time_range range, memory_span *ret_span, s1_err *err)
{
    S1_TRY(err, s1_data_check_key(key, data_type, err));
    const memory_stream *stream;
    S1_TRY(err, find_stream(me, key, &stream, err));
    memory_span span = {.stream = stream};
    span.row = s1_data_lower_bound(stream->times, stream->rows, range.from);
    span.end = range.to == INT64_MAX ? stream->rows
                                     : s1_data_lower_bound(stream->times, stream->rows, range.to);
    span.end = span.end < span.row ? span.row : span.end;
    *ret_span = span;
    return S1_OK;
}

/* The next rows of a span: where they begin and how many. */
static size_t take_rows(memory_span *span, size_t *ret_count)
{
    const size_t begin = span->row;
    const size_t left = span->end - span->row;
    *ret_count = left < S1_MEMORY_BATCH_ROWS ? left : S1_MEMORY_BATCH_ROWS;
    span->row += *ret_count;
    return begin;
}

static s1_rc bar_next(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err)
{
    (void)err;
    memory_span *const span = &((memory_bar_reader *)self)->span;
    const memory_stream *stream = span->stream;
    s1_bar_batch batch = {0};
    const size_t row = take_rows(span, &batch.count);
    batch.open_time = stream->times + row;
    batch.open = stream->values[0] + row;
    batch.high = stream->values[1] + row;
    batch.low = stream->values[2] + row;
    batch.close = stream->values[3] + row;
    batch.volume = stream->values[4] + row;
    *ret_batch = batch;
    return S1_OK;
}

static void bar_close(s1_bar_reader *self)
{
    free((memory_bar_reader *)self);
}

static s1_rc trade_next(s1_trade_reader *self, s1_trade_batch *ret_batch, s1_err *err)
{
    (void)err;
    memory_span *const span = &((memory_trade_reader *)self)->span;
    const memory_stream *stream = span->stream;
    s1_trade_batch batch = {0};
    const size_t row = take_rows(span, &batch.count);
    batch.time = stream->times + row;
    batch.price = stream->values[0] + row;
    batch.quantity = stream->values[1] + row;
    batch.side = stream->sides + row;
    *ret_batch = batch;
    return S1_OK;
}

static void trade_close(s1_trade_reader *self)
{
    free((memory_trade_reader *)self);
}

static s1_rc load_ohlcv(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                        s1_bar_reader **ret_reader, s1_err *err)
{
    static const s1_bar_reader_ops ops = {.size = sizeof ops, .next = bar_next, .close = bar_close};
    memory_span span;
    S1_TRY(err, open_span((memory_persistor *)self, key, S1_DATA_OHLCV, range, &span, err));
    memory_bar_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    reader->span = span;
    reader->base = (s1_bar_reader){&ops, span.end - span.row, span.stream->price_scale,
                                   span.stream->qty_scale};
    *ret_reader = &reader->base;
    return S1_OK;
}

static s1_rc load_trades(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                         s1_trade_reader **ret_reader, s1_err *err)
{
    static const s1_trade_reader_ops ops = {
        .size = sizeof ops, .next = trade_next, .close = trade_close};
    memory_span span;
    S1_TRY(err, open_span((memory_persistor *)self, key, S1_DATA_TRADES, range, &span, err));
    memory_trade_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    reader->span = span;
    reader->base = (s1_trade_reader){&ops, span.end - span.row, span.stream->price_scale,
                                     span.stream->qty_scale};
    *ret_reader = &reader->base;
    return S1_OK;
}

/* --- Saving ----------------------------------------------------------------------------------- */

/* What is to be merged, whatever its type. */
typedef struct memory_input {
    const s1_stream_key *key;
    const s1_save_options *options;
    size_t rows;
    const s1_nanos *times;
    const int64_t *values[VALUE_COLUMNS_MAX];
    const uint8_t *sides; /* NULL for bars */
} memory_input;

/* 10^n; n is a difference of scales, at most 18. */
static int64_t pow10_of(uint32_t n)
{
    int64_t power = 1;
    while (n-- > 0) {
        power *= 10;
    }
    return power;
}

/* Copies rows from one scale to a larger one, exactly. */
static s1_rc copy_scaled(int64_t *to, const int64_t *from, size_t rows, uint32_t shift, s1_err *err)
{
    const int64_t factor = pow10_of(shift);
    for (size_t i = 0; i < rows; i++) {
        if (__builtin_mul_overflow(from[i], factor, &to[i]) || to[i] > S1_MANTISSA_MAX ||
            to[i] < -S1_MANTISSA_MAX) {
            return S1_RAISE(err, S1_E_RANGE,
                            "mantissa %lld does not fit a scale larger by %u digits",
                            (long long)from[i], shift);
        }
    }
    return S1_OK;
}

/* Rows [begin, begin + rows) of columns at given scales to row `at` of the stream. */
typedef struct memory_part {
    const s1_nanos *times;
    const int64_t *const *values;
    const uint8_t *sides;
    uint32_t price_scale, qty_scale;
    size_t begin, rows;
} memory_part;

static s1_rc put_part(memory_stream *stream, size_t at, const memory_part *part, s1_err *err)
{
    if (part->rows == 0) {
        return S1_OK;
    }
    memcpy(stream->times + at, part->times + part->begin, part->rows * sizeof *stream->times);
    if (part->sides != NULL) {
        memcpy(stream->sides + at, part->sides + part->begin, part->rows);
    }
    for (size_t i = 0; i < value_count(stream->key.data_type); i++) {
        const uint32_t shift = is_price_column(stream->key.data_type, i)
                                   ? stream->price_scale - part->price_scale
                                   : stream->qty_scale - part->qty_scale;
        S1_TRY(err, copy_scaled(stream->values[i] + at, part->values[i] + part->begin, part->rows,
                                shift, err));
    }
    return S1_OK;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* A new stream of what stays of `old` (may be NULL) and the input. */
static s1_rc merge(const memory_stream *old, const memory_input *input, memory_stream **ret_stream,
                   s1_save_result *ret_result, s1_err *err)
{
    const size_t old_rows = old != NULL ? old->rows : 0;
    const s1_nanos *old_times = old != NULL ? old->times : NULL;
    const size_t before = s1_data_lower_bound(old_times, old_rows, input->times[0]);
    const size_t after = s1_data_upper_bound(old_times, old_rows, input->times[input->rows - 1]);
    if (input->options->overlap == S1_OVERLAP_REFUSE && after > before) {
        return s1_data_raise_overlap(input->key, after - before, input->times[0],
                                     input->times[input->rows - 1], err);
    }
    memory_stream *merged = NULL;
    S1_TRY(err, stream_new(input->key, before + input->rows + (old_rows - after), &merged, err));
    merged->price_scale = input->options->price_scale;
    merged->qty_scale = input->options->qty_scale;
    memory_part parts[3] = {{0},
                            {input->times, input->values, input->sides, input->options->price_scale,
                             input->options->qty_scale, 0, input->rows}};
    if (old != NULL && before + (old_rows - after) > 0) {
        merged->price_scale = larger(merged->price_scale, old->price_scale);
        merged->qty_scale = larger(merged->qty_scale, old->qty_scale);
        const memory_part kept = {old->times,     (const int64_t *const *)old->values,
                                  old->sides,     old->price_scale,
                                  old->qty_scale, 0,
                                  before};
        parts[0] = kept;
        parts[2] = kept;
        parts[2].begin = after;
        parts[2].rows = old_rows - after;
    }
    size_t at = 0;
    for (size_t i = 0; i < 3; i++) {
        const s1_rc rc = put_part(merged, at, &parts[i], err);
        if (rc != S1_OK) {
            stream_free(merged);
            return rc;
        }
        at += parts[i].rows;
    }
    *ret_stream = merged;
    *ret_result = (s1_save_result){.rows_written = input->rows, .rows_replaced = after - before};
    return S1_OK;
}

static s1_rc save(memory_persistor *me, const memory_input *input, s1_save_result *ret_result,
                  s1_err *err)
{
    bool is_there;
    const size_t slot = find_slot(me, input->key, &is_there);
    if (!is_there && me->count == S1_MEMORY_STREAMS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "memory: found %zu streams, expected at most %u",
                        me->count + 1, S1_MEMORY_STREAMS_MAX);
    }
    memory_stream *merged = NULL;
    s1_save_result result = {0};
    S1_TRY(err, merge(is_there ? me->streams[slot] : NULL, input, &merged, &result, err));
    if (is_there) {
        stream_free(me->streams[slot]);
    } else {
        memmove(&me->streams[slot + 1], &me->streams[slot],
                (me->count - slot) * sizeof me->streams[0]);
        me->count++;
    }
    me->streams[slot] = merged;
    if (ret_result != NULL) {
        *ret_result = result;
    }
    return S1_OK;
}

static s1_rc save_ohlcv(s1_data_persistor *self, const s1_stream_key *key,
                        const s1_bar_batch *batch, const s1_save_options *options,
                        s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, s1_data_check_key(key, S1_DATA_OHLCV, err));
    S1_TRY(err, s1_data_check_save_options(options, err));
    S1_TRY(err, s1_data_check_bars(batch, err));
    const memory_input input = {key,
                                options,
                                batch->count,
                                batch->open_time,
                                {batch->open, batch->high, batch->low, batch->close, batch->volume},
                                NULL};
    return save((memory_persistor *)self, &input, ret_result, err);
}

static s1_rc save_trades(s1_data_persistor *self, const s1_stream_key *key,
                         const s1_trade_batch *batch, const s1_save_options *options,
                         s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, s1_data_check_key(key, S1_DATA_TRADES, err));
    S1_TRY(err, s1_data_check_save_options(options, err));
    S1_TRY(err, s1_data_check_trades(batch, err));
    const memory_input input = {
        key, options, batch->count, batch->time, {batch->price, batch->quantity}, batch->side};
    return save((memory_persistor *)self, &input, ret_result, err);
}

/* --- The persistor ---------------------------------------------------------------------------- */

static void persistor_free(s1_data_persistor *self)
{
    memory_persistor *const me = (memory_persistor *)self;
    for (size_t i = 0; i < me->count; i++) {
        stream_free(me->streams[i]);
    }
    free(me);
}

s1_rc s1_memory_persistor_new(s1_data_persistor **ret_persistor, s1_err *err)
{
    static const s1_data_persistor_ops ops = {
        .size = sizeof ops,
        .free = persistor_free,
        .list_streams = list_streams,
        .get_info = get_info,
        .get_content_hash = get_content_hash,
        .get_data_coverage = get_data_coverage,
        .load_ohlcv = load_ohlcv,
        .load_trades = load_trades,
        .save_ohlcv = save_ohlcv,
        .save_trades = save_trades,
    };
    memory_persistor *me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a persistor");
    }
    me->base.ops = &ops;
    *ret_persistor = &me->base;
    return S1_OK;
}
