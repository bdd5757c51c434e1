#include "backend/data/resample/trade_bars.h"

#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

enum piece_column { PIECE_TIME, PIECE_PRICE, PIECE_QUANTITY, PIECE_COLUMNS };

/* Trades that outlive their batch; or a batch without its repeats. */
typedef struct kept_trades {
    int64_t *columns[PIECE_COLUMNS]; /* owned */
    uint8_t *sides;                  /* owned */
    size_t count, capacity;
} kept_trades;

typedef struct bars_of_trades {
    s1_trade_bars head; /* first: callers hold it */
    s1_trade_reader *reader;
    s1_resampler *resampler;
    const s1_clock *clock;
    s1_nanos read_time;
    s1_nanos from; /* bars that open before it are left out */
    s1_nanos timeframe;
    s1_bar_batch bars;    /* given out last, or waiting */
    s1_trade_batch batch; /* the trades they end in */
    kept_trades before;   /* trades of the first of `bars` from batches before */
    kept_trades once;     /* `batch` without repeats */
    uint8_t *repeats;     /* [repeats_capacity] */
    size_t repeats_capacity;
    size_t at;      /* of `batch`: trades before it are behind the caller */
    size_t tail_at; /* of `batch`: from here on they belong to the bar that is being made */
    bool drops_repeats;
    bool is_waiting; /* `bars` has not been given out */
    bool is_done;
} bars_of_trades;

/* --- Trades kept ------------------------------------------------------------------------------ */

static s1_rc make_room(kept_trades *kept, size_t more, s1_err *err)
{
    const size_t count = kept->count + more;
    if (count <= kept->capacity) {
        return S1_OK;
    }
    for (size_t i = 0; i < PIECE_COLUMNS; i++) {
        int64_t *const grown = realloc(kept->columns[i], 2 * count * sizeof *grown);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades of one bar", 2 * count);
        }
        kept->columns[i] = grown;
    }
    uint8_t *const sides = realloc(kept->sides, 2 * count);
    if (sides == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%zu trades of one bar", 2 * count);
    }
    kept->sides = sides;
    kept->capacity = 2 * count;
    return S1_OK;
}

static s1_rc keep_from(kept_trades *kept, const s1_trade_batch *batch, size_t at, s1_err *err)
{
    if (at >= batch->count) {
        return S1_OK;
    }
    const size_t count = batch->count - at;
    const int64_t *const columns[PIECE_COLUMNS] = {batch->time, batch->price, batch->quantity};
    S1_TRY(err, make_room(kept, count, err));
    for (size_t i = 0; i < PIECE_COLUMNS; i++) {
        memcpy(kept->columns[i] + kept->count, columns[i] + at, count * sizeof(int64_t));
    }
    memcpy(kept->sides + kept->count, batch->side + at, count);
    kept->count += count;
    return S1_OK;
}

/* Trades of a batch from one on to before another. */
static s1_trade_batch piece_of(const s1_trade_batch *batch, size_t from, size_t to)
{
    return from >= to ? (s1_trade_batch){0}
                      : (s1_trade_batch){.count = to - from,
                                         .time = batch->time + from,
                                         .price = batch->price + from,
                                         .quantity = batch->quantity + from,
                                         .side = batch->side + from};
}

static s1_trade_batch kept_batch(const kept_trades *kept)
{
    return (s1_trade_batch){.count = kept->count,
                            .time = kept->columns[PIECE_TIME],
                            .price = kept->columns[PIECE_PRICE],
                            .quantity = kept->columns[PIECE_QUANTITY],
                            .side = kept->sides};
}

/* --- Making bars ------------------------------------------------------------------------------ */

/* The first trade of the batch at or after `time`, from `at` on. */
static size_t find_time(const s1_trade_batch *batch, size_t at, s1_nanos time)
{
    size_t low = at;
    size_t high = batch->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (batch->time[middle] < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The batch as the resampler counted it: trades that were given twice are there once. */
static s1_rc leave_repeats_out(bars_of_trades *b, s1_err *err)
{
    kept_trades *const once = &b->once;
    once->count = 0;
    S1_TRY(err, make_room(once, b->batch.count, err));
    for (size_t i = 0; i < b->batch.count; i++) {
        once->columns[PIECE_TIME][once->count] = b->batch.time[i];
        once->columns[PIECE_PRICE][once->count] = b->batch.price[i];
        once->columns[PIECE_QUANTITY][once->count] = b->batch.quantity[i];
        once->sides[once->count] = b->batch.side[i];
        once->count += !b->repeats[i];
    }
    b->batch = kept_batch(once);
    return S1_OK;
}

static s1_rc add(bars_of_trades *b, s1_err *err)
{
    if (!b->drops_repeats) {
        return s1_resampler_add_trades(b->resampler, &b->batch, err);
    }
    if (b->batch.count > b->repeats_capacity) {
        uint8_t *const grown = realloc(b->repeats, b->batch.count);
        if (grown == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "a batch of %zu trades", b->batch.count);
        }
        b->repeats = grown;
        b->repeats_capacity = b->batch.count;
    }
    S1_TRY(err, s1_resampler_add_marked(b->resampler, &b->batch, b->repeats, err));
    return leave_repeats_out(b, err);
}

/* Bars that open before the range go, and their trades with them. */
static void cut_start(bars_of_trades *b)
{
    s1_bar_batch *const bars = &b->bars;
    size_t before = 0;
    while (before < bars->count && bars->open_time[before] < b->from) {
        before++;
    }
    if (before == 0) {
        return;
    }
    b->at = find_time(&b->batch, 0, bars->open_time[before - 1] + b->timeframe);
    b->before.count = 0;
    *bars = (s1_bar_batch){.count = bars->count - before,
                           .open_time = bars->open_time + before,
                           .open = bars->open + before,
                           .high = bars->high + before,
                           .low = bars->low + before,
                           .close = bars->close + before,
                           .volume = bars->volume + before};
}

static s1_rc read_batch(bars_of_trades *b, s1_err *err)
{
    const s1_nanos start = s1_clock_monotonic(b->clock);
    const s1_rc rc = s1_trade_reader_next(b->reader, &b->batch, err);
    b->read_time += s1_clock_monotonic(b->clock) - start;
    return rc;
}

/* Reads until a bar is over, or to the end. */
static s1_rc make_bars(bars_of_trades *b, bool keeps_trades, s1_err *err)
{
    b->before.count = 0;
    b->bars.count = 0;
    while (b->bars.count == 0 && !b->is_done) {
        if (keeps_trades) {
            S1_TRY(err, keep_from(&b->before, &b->batch, b->tail_at, err));
        }
        S1_TRY(err, read_batch(b, err));
        if (b->batch.count == 0) {
            b->is_done = true;
            S1_TRY(err, s1_resampler_finish(b->resampler, err));
        } else {
            S1_TRY(err, add(b, err));
        }
        s1_resampler_take(b->resampler, &b->bars);
        b->at = 0;
        b->tail_at =
            b->bars.count == 0
                ? 0
                : find_time(&b->batch, 0, b->bars.open_time[b->bars.count - 1] + b->timeframe);
        cut_start(b);
    }
    return S1_OK;
}

s1_rc s1_trade_bars_next(s1_trade_bars *bars, bool keeps_trades, s1_bar_batch *ret_batch,
                         s1_err *err)
{
    bars_of_trades *const b = (bars_of_trades *)bars;
    if (!b->is_waiting) {
        S1_TRY(err, make_bars(b, keeps_trades, err));
    }
    b->is_waiting = false;
    *ret_batch = b->bars;
    ret_batch->trades = NULL;
    ret_batch->vwap = NULL;
    return S1_OK;
}

void s1_trade_bars_trades(s1_trade_bars *bars, size_t row, s1_trade_pieces *ret_pieces)
{
    bars_of_trades *const b = (bars_of_trades *)bars;
    const s1_nanos open_time = b->bars.open_time[row];
    const s1_trade_batch kept = kept_batch(&b->before);
    b->at = row == 0 ? b->at : find_time(&b->batch, b->at, open_time);
    const size_t end = find_time(&b->batch, b->at, open_time + b->timeframe);
    *ret_pieces = (s1_trade_pieces){
        {piece_of(&kept, 0, row == 0 ? kept.count : 0), piece_of(&b->batch, b->at, end)}};
    b->at = end;
}

s1_nanos s1_trade_bars_read_time(const s1_trade_bars *bars)
{
    return ((const bars_of_trades *)bars)->read_time;
}

/* --- As a reader of bars ---------------------------------------------------------------------- */

static s1_rc bars_next(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err)
{
    return s1_trade_bars_next((s1_trade_bars *)self, true, ret_batch, err);
}

static void bars_close(s1_bar_reader *self)
{
    bars_of_trades *const b = (bars_of_trades *)self;
    s1_trade_reader_close(b->reader);
    s1_resampler_free(b->resampler);
    for (size_t i = 0; i < PIECE_COLUMNS; i++) {
        free(b->before.columns[i]);
        free(b->once.columns[i]);
    }
    free(b->before.sides);
    free(b->once.sides);
    free(b->repeats);
    free(b);
}

static const s1_bar_reader_ops bars_ops = {
    .size = sizeof bars_ops, .next = bars_next, .close = bars_close};

/* The most bars there can be: one a trade, and one a timeframe. */
static uint64_t bars_max(const bars_of_trades *b, const s1_archive_info *info, s1_time_range rows)
{
    const s1_nanos from = rows.from > info->first ? rows.from : info->first;
    const s1_nanos to = rows.to < info->last ? rows.to : info->last;
    const uint64_t trades = b->reader->rows_total;
    const uint64_t spans = to < from ? 0 : (uint64_t)(to - from) / (uint64_t)b->timeframe + 2;
    return trades < spans ? trades : spans;
}

static s1_rc open_bars(bars_of_trades *b, s1_data_persistor *persistor,
                       const s1_resample_source *source, s1_time_range range, s1_err *err)
{
    s1_archive_info info = {.size = sizeof info};
    s1_time_range rows;
    S1_TRY(err, s1_data_get_info(persistor, &source->key, &info, err));
    s1_resample_options options = {.rule = S1_BARS_TIME,
                                   .from_type = S1_DATA_TRADES,
                                   .timeframe = source->timeframe,
                                   .offset = source->offset,
                                   .price_scale = info.price_scale,
                                   .qty_scale = info.qty_scale,
                                   .drops_repeats = source->drops_repeats};
    S1_TRY(err, s1_resample_rows(source, &info, range, &rows, &options.known_to, err));
    S1_TRY(err, s1_resampler_new(&options, &b->resampler, err));
    S1_TRY(err, s1_data_load_trades(persistor, &source->key, rows, &b->reader, err));
    S1_TRY(err, make_bars(b, false, err));
    b->read_time = 0; /* of the run, not of its opening */
    b->is_waiting = true;
    b->head.base.rows_total = b->bars.count > 0 ? bars_max(b, &info, rows) : 0;
    b->head.base.price_scale = info.price_scale;
    b->head.base.qty_scale = info.qty_scale;
    return S1_OK;
}

s1_rc s1_trade_bars_open(s1_data_persistor *persistor, const s1_resample_source *source,
                         s1_time_range range, const s1_clock *clock, s1_trade_bars **ret_bars,
                         s1_nanos *ret_first, s1_err *err)
{
    bars_of_trades *const b = calloc(1, sizeof *b);
    if (b == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a reader of bars");
    }
    b->head.base.ops = &bars_ops;
    b->clock = clock;
    b->from = range.from;
    b->timeframe = source->timeframe;
    b->drops_repeats = source->drops_repeats;
    const s1_rc rc = open_bars(b, persistor, source, range, err);
    if (rc != S1_OK) {
        bars_close(&b->head.base);
        return rc;
    }
    *ret_first = b->bars.count > 0 ? b->bars.open_time[0] : 0;
    *ret_bars = &b->head;
    return S1_OK;
}
