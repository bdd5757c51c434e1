/* What is the same for every IDataPersistor: bars and trades by the names of their columns, on top
 * of what implementations give by number. */
#include "backend/core/interfaces/data_persistor.h"

#include "s1mple/error.h"

#include <stdlib.h>

enum { OHLCV_TRADES = 6, OHLCV_VWAP, TRADES_ID = 4, TRADES_RECEIVED };

typedef struct bar_reader {
    s1_bar_reader base;
    s1_market_reader *market; /* owned */
} bar_reader;

typedef struct trade_reader {
    s1_trade_reader base;
    s1_market_reader *market; /* owned */
} trade_reader;

/* --- Batches ---------------------------------------------------------------------------------- */

s1_market_batch s1_market_batch_of_bars(const s1_bar_batch *bars)
{
    return (s1_market_batch){bars->count,
                             {bars->open_time, bars->open, bars->high, bars->low, bars->close,
                              bars->volume, bars->trades, bars->vwap}};
}

s1_market_batch s1_market_batch_of_trades(const s1_trade_batch *trades)
{
    return (s1_market_batch){trades->count,
                             {trades->time, trades->price, trades->quantity, trades->side,
                              trades->id, trades->received, NULL, NULL}};
}

s1_bar_batch s1_bars_of_market_batch(const s1_market_batch *batch)
{
    const void *const *const c = batch->columns;
    return (s1_bar_batch){batch->count, c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]};
}

s1_trade_batch s1_trades_of_market_batch(const s1_market_batch *batch)
{
    const void *const *const c = batch->columns;
    return (s1_trade_batch){batch->count, c[0], c[1], c[2], c[3], c[4], c[5]};
}

/* --- Reading ---------------------------------------------------------------------------------- */

static s1_rc check_type(const s1_stream_key *key, int32_t data_type, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    if (key->data_type != data_type) {
        return S1_RAISE(err, S1_E_INVALID, "data type of %.*s: found %s, expected %s",
                        S1_STR_ARG(key->asset_pair), s1_data_type_name(key->data_type),
                        s1_data_type_name(data_type));
    }
    return S1_OK;
}

static s1_rc bar_next(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err)
{
    s1_market_batch batch;
    S1_TRY(err, s1_market_reader_next(((bar_reader *)self)->market, &batch, err));
    *ret_batch = s1_bars_of_market_batch(&batch);
    return S1_OK;
}

static void bar_close(s1_bar_reader *self)
{
    bar_reader *const me = (bar_reader *)self;
    s1_market_reader_close(me->market);
    free(me);
}

s1_rc s1_data_load_ohlcv(s1_data_persistor *persistor, const s1_stream_key *key,
                         s1_time_range range, s1_bar_reader **ret_reader, s1_err *err)
{
    static const s1_bar_reader_ops ops = {.size = sizeof ops, .next = bar_next, .close = bar_close};
    S1_TRY(err, check_type(key, S1_DATA_OHLCV, err));
    bar_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    const s1_rc rc = s1_data_load(persistor, key, range, &reader->market, err);
    if (rc != S1_OK) {
        free(reader);
        return rc;
    }
    const s1_market_reader *const market = reader->market;
    reader->base = (s1_bar_reader){&ops,
                                   market->rows_total,
                                   market->scales.price,
                                   market->scales.qty,
                                   market->scales.vwap,
                                   market->columns};
    *ret_reader = &reader->base;
    return S1_OK;
}

static s1_rc trade_next(s1_trade_reader *self, s1_trade_batch *ret_batch, s1_err *err)
{
    s1_market_batch batch;
    S1_TRY(err, s1_market_reader_next(((trade_reader *)self)->market, &batch, err));
    *ret_batch = s1_trades_of_market_batch(&batch);
    return S1_OK;
}

static void trade_close(s1_trade_reader *self)
{
    trade_reader *const me = (trade_reader *)self;
    s1_market_reader_close(me->market);
    free(me);
}

s1_rc s1_data_load_trades(s1_data_persistor *persistor, const s1_stream_key *key,
                          s1_time_range range, s1_trade_reader **ret_reader, s1_err *err)
{
    static const s1_trade_reader_ops ops = {
        .size = sizeof ops, .next = trade_next, .close = trade_close};
    S1_TRY(err, check_type(key, S1_DATA_TRADES, err));
    trade_reader *const reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a reader");
    }
    const s1_rc rc = s1_data_load(persistor, key, range, &reader->market, err);
    if (rc != S1_OK) {
        free(reader);
        return rc;
    }
    const s1_market_reader *const market = reader->market;
    reader->base = (s1_trade_reader){
        &ops, market->rows_total, market->scales.price, market->scales.qty, market->columns, 0};
    *ret_reader = &reader->base;
    return S1_OK;
}

/* --- Saving ----------------------------------------------------------------------------------- */

static s1_rc save(s1_data_persistor *persistor, const s1_stream_key *key,
                  const s1_market_batch *batch, uint32_t columns, const s1_save_options *options,
                  s1_save_result *ret_result, s1_err *err)
{
    const s1_writer_options writing = {.overlap = options->overlap, .columns = columns};
    const s1_market_scales scales = {options->price_scale, options->qty_scale, options->vwap_scale};
    s1_data_writer *writer = NULL;
    S1_TRY(err, s1_data_open_writer(persistor, key, &writing, &writer, err));
    const s1_rc rc = s1_data_writer_append(writer, batch, &scales, err);
    if (rc != S1_OK) {
        s1_data_writer_abandon(writer);
        return rc;
    }
    return s1_data_writer_commit(writer, ret_result, err);
}

s1_rc s1_data_save_ohlcv(s1_data_persistor *persistor, const s1_stream_key *key,
                         const s1_bar_batch *batch, const s1_save_options *options,
                         s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, check_type(key, S1_DATA_OHLCV, err));
    const s1_market_batch columns = s1_market_batch_of_bars(batch);
    const uint32_t bits = (batch->trades != NULL ? 1u << OHLCV_TRADES : 0u) |
                          (batch->vwap != NULL ? 1u << OHLCV_VWAP : 0u);
    return save(persistor, key, &columns, bits, options, ret_result, err);
}

s1_rc s1_data_save_trades(s1_data_persistor *persistor, const s1_stream_key *key,
                          const s1_trade_batch *batch, const s1_save_options *options,
                          s1_save_result *ret_result, s1_err *err)
{
    S1_TRY(err, check_type(key, S1_DATA_TRADES, err));
    const s1_market_batch columns = s1_market_batch_of_trades(batch);
    const uint32_t bits = (batch->id != NULL ? 1u << TRADES_ID : 0u) |
                          (batch->received != NULL ? 1u << TRADES_RECEIVED : 0u);
    return save(persistor, key, &columns, bits, options, ret_result, err);
}
