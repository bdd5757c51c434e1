#include "backend/data/resample/resample_reader.h"

#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 6u /* time, open, high, low, close, volume */

typedef struct made_bars {
    s1_bar_reader base;
    int64_t *columns[COLUMNS]; /* owned */
    size_t count, capacity;
    bool is_given;
} made_bars;

/* --- The reader ------------------------------------------------------------------------------- */

static s1_rc made_next(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err)
{
    made_bars *const made = (made_bars *)self;
    (void)err;
    *ret_batch = (s1_bar_batch){0};
    if (!made->is_given) {
        *ret_batch = (s1_bar_batch){.count = made->count,
                                    .open_time = made->columns[0],
                                    .open = made->columns[1],
                                    .high = made->columns[2],
                                    .low = made->columns[3],
                                    .close = made->columns[4],
                                    .volume = made->columns[5]};
        made->is_given = true;
    }
    return S1_OK;
}

static void made_close(s1_bar_reader *self)
{
    made_bars *const made = (made_bars *)self;
    for (size_t i = 0; i < COLUMNS; i++) {
        free(made->columns[i]);
    }
    free(made);
}

static const s1_bar_reader_ops made_ops = {
    .size = sizeof made_ops, .next = made_next, .close = made_close};

/* --- Making ----------------------------------------------------------------------------------- */

static s1_rc keep(made_bars *made, s1_resampler *resampler, s1_err *err)
{
    s1_bar_batch batch;
    s1_resampler_take(resampler, &batch);
    const size_t count = made->count + batch.count;
    if (count > made->capacity) {
        const size_t capacity = count * 2;
        for (size_t i = 0; i < COLUMNS; i++) {
            int64_t *const grown = realloc(made->columns[i], capacity * sizeof *grown);
            if (grown == NULL) {
                return S1_RAISE(err, S1_E_NO_MEMORY, "%zu bars", capacity);
            }
            made->columns[i] = grown;
        }
        made->capacity = capacity;
    }
    const int64_t *const columns[COLUMNS] = {batch.open_time, batch.open,  batch.high,
                                             batch.low,       batch.close, batch.volume};
    for (size_t i = 0; i < COLUMNS && batch.count > 0; i++) {
        memcpy(made->columns[i] + made->count, columns[i], batch.count * sizeof *made->columns[i]);
    }
    made->count = count;
    return S1_OK;
}

static s1_rc read_bars(made_bars *made, s1_bar_reader *reader, s1_resampler *resampler, s1_err *err)
{
    for (;;) {
        s1_bar_batch batch;
        S1_TRY(err, s1_bar_reader_next(reader, &batch, err));
        if (batch.count == 0) {
            break;
        }
        S1_TRY(err, s1_resampler_add_bars(resampler, &batch, err));
        S1_TRY(err, keep(made, resampler, err));
    }
    S1_TRY(err, s1_resampler_finish(resampler, err));
    return keep(made, resampler, err);
}

static s1_rc read_trades(made_bars *made, s1_trade_reader *reader, s1_resampler *resampler,
                         s1_err *err)
{
    for (;;) {
        s1_trade_batch batch;
        S1_TRY(err, s1_trade_reader_next(reader, &batch, err));
        if (batch.count == 0) {
            break;
        }
        S1_TRY(err, s1_resampler_add_trades(resampler, &batch, err));
        S1_TRY(err, keep(made, resampler, err));
    }
    S1_TRY(err, s1_resampler_finish(resampler, err));
    return keep(made, resampler, err);
}

/* The first start of a bar at or after `time`. */
static s1_rc next_start(const s1_resample_source *source, s1_nanos time, s1_nanos *ret_start,
                        s1_err *err)
{
    s1_nanos start;
    S1_TRY(err, s1_time_bar_start(time, source->timeframe, source->offset, &start, err));
    *ret_start = start == time ? start : start + source->timeframe;
    return S1_OK;
}

s1_rc s1_resample_rows(const s1_resample_source *source, const s1_archive_info *info,
                       s1_time_range range, s1_time_range *ret_rows, s1_nanos *ret_known_to,
                       s1_err *err)
{
    *ret_rows = range;
    *ret_known_to = source->known_to;
    if (source->timeframe > 0 && range.from > info->first) {
        S1_TRY(err, next_start(source, range.from, &ret_rows->from, err));
    }
    if (source->timeframe > 0 && range.to <= info->last) {
        S1_TRY(err, next_start(source, range.to, &ret_rows->to, err));
        if (info->last >= ret_rows->to) {
            *ret_known_to = ret_rows->to;
        }
    }
    return S1_OK;
}

/* Bars that open before the range: the source begins within it, its bar before it. */
static void cut_start(made_bars *made, s1_nanos from)
{
    size_t before = 0;
    while (before < made->count && made->columns[0][before] < from) {
        before++;
    }
    for (size_t i = 0; i < COLUMNS && before > 0; i++) {
        memmove(made->columns[i], made->columns[i] + before,
                (made->count - before) * sizeof *made->columns[i]);
    }
    made->count -= before;
}

static s1_rc make(made_bars *made, s1_data_persistor *persistor, const s1_resample_source *source,
                  s1_time_range range, s1_resample_counts *ret_counts, s1_err *err)
{
    s1_archive_info info = {.size = sizeof info};
    S1_TRY(err, s1_data_get_info(persistor, &source->key, &info, err));
    s1_resample_options options = {.rule = S1_BARS_TIME,
                                   .from_type = source->key.data_type,
                                   .from_timeframe = source->key.timeframe,
                                   .timeframe = source->timeframe,
                                   .offset = source->offset,
                                   .price_scale = info.price_scale,
                                   .qty_scale = info.qty_scale,
                                   .drops_repeats = source->drops_repeats};
    s1_time_range rows;
    S1_TRY(err, s1_resample_rows(source, &info, range, &rows, &options.known_to, err));
    s1_resampler *resampler = NULL;
    s1_bar_reader *bars = NULL;
    s1_trade_reader *trades = NULL;
    S1_TRY(err, s1_resampler_new(&options, &resampler, err));
    s1_rc rc;
    if (source->key.data_type == S1_DATA_OHLCV) {
        rc = s1_data_load_ohlcv(persistor, &source->key, rows, &bars, err);
        rc = rc == S1_OK ? read_bars(made, bars, resampler, err) : rc;
    } else {
        rc = s1_data_load_trades(persistor, &source->key, rows, &trades, err);
        rc = rc == S1_OK ? read_trades(made, trades, resampler, err) : rc;
    }
    s1_bar_reader_close(bars);
    s1_trade_reader_close(trades);
    if (rc == S1_OK) {
        *ret_counts = *s1_resampler_counts(resampler);
        cut_start(made, range.from);
        made->base.rows_total = made->count;
        made->base.price_scale = info.price_scale;
        made->base.qty_scale = info.qty_scale;
    }
    s1_resampler_free(resampler);
    return rc;
}

s1_rc s1_resample_load(s1_data_persistor *persistor, const s1_resample_source *source,
                       s1_time_range range, s1_bar_reader **ret_reader, s1_nanos *ret_first,
                       s1_resample_counts *ret_counts, s1_err *err)
{
    made_bars *const made = calloc(1, sizeof *made);
    if (made == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a reader of bars");
    }
    made->base.ops = &made_ops;
    s1_resample_counts counts = {0};
    const s1_rc rc = make(made, persistor, source, range, &counts, err);
    if (rc != S1_OK) {
        made_close(&made->base);
        return rc;
    }
    if (ret_counts != NULL) {
        *ret_counts = counts;
    }
    *ret_first = made->count > 0 ? made->columns[0][0] : 0;
    *ret_reader = &made->base;
    return S1_OK;
}
