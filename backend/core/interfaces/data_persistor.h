/* backend/core/interfaces/data_persistor.h - IDataPersistor: bulk market data in and out.
 *
 * Callers use the s1_data_* functions at the end; implementors fill in s1_data_persistor_ops and
 * put an s1_data_persistor first in their own struct. Implementations: persistors/
 * parquet_persistor (the archive) and persistors/memory_persistor. Both pass the same contract
 * tests (tests/backend/data/data_persistor_test.c).
 *
 * Streams are keyed by {asset_pair, timeframe, data_type}. Data is read in batches of columns,
 * never row by row and never all at once. Ranges are half-open: [from, to).
 *
 * What moves   | who owns it
 * -------------|--------------------------------------------------------------------------------
 * persistor    | its maker's _new; s1_data_persistor_free. Readers must be closed before it.
 * reader       | the caller; s1_*_reader_close (accepts NULL)
 * batch        | borrowed from the reader until its next next() or close()
 *
 * A stream is not saved to while a reader of it is open. One persistor and its readers belong to
 * one thread. Errors common to all functions: S1_E_INVALID
 * for a malformed key, S1_E_NOT_FOUND for a stream the persistor does not have (the message lists
 * what it has), S1_E_IO, S1_E_DATA for a corrupt archive. ret_ parameters are written on success
 * only.
 */
#ifndef S1_BACKEND_CORE_INTERFACES_DATA_PERSISTOR_H
#define S1_BACKEND_CORE_INTERFACES_DATA_PERSISTOR_H

#include "backend/dtos/market/archive_info.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/hash.h"
#include "s1mple/base.h"

typedef struct s1_data_persistor s1_data_persistor;
typedef struct s1_bar_reader s1_bar_reader;
typedef struct s1_trade_reader s1_trade_reader;

/* A time range [from, to). S1_RANGE_ALL is everything. */
typedef struct s1_time_range {
    s1_nanos from;
    s1_nanos to;
} s1_time_range;
#define S1_RANGE_ALL ((s1_time_range){INT64_MIN, INT64_MAX})

/* An open stream of bars. Members are set at open and constant. */
struct s1_bar_reader {
    const struct s1_bar_reader_ops *ops;
    uint64_t rows_total;  /* rows the reader will give in all: capacity for the columns */
    uint32_t price_scale; /* of every batch */
    uint32_t qty_scale;
};
typedef struct s1_bar_reader_ops {
    uint32_t size;
    uint32_t reserved;
    s1_rc (*next)(s1_bar_reader *self, s1_bar_batch *ret_batch, s1_err *err);
    void (*close)(s1_bar_reader *self);
} s1_bar_reader_ops;

struct s1_trade_reader {
    const struct s1_trade_reader_ops *ops;
    uint64_t rows_total;
    uint32_t price_scale;
    uint32_t qty_scale;
};
typedef struct s1_trade_reader_ops {
    uint32_t size;
    uint32_t reserved;
    s1_rc (*next)(s1_trade_reader *self, s1_trade_batch *ret_batch, s1_err *err);
    void (*close)(s1_trade_reader *self);
} s1_trade_reader_ops;

/* What happens to rows already stored between the first and the last time of what is saved. */
enum s1_overlap {
    S1_OVERLAP_REFUSE = 1,  /* S1_E_EXISTS; nothing changes */
    S1_OVERLAP_REPLACE = 2, /* they go: the saved rows are the truth of their own span */
};

typedef struct s1_save_options {
    uint32_t price_scale; /* of the batch, 0..S1_SCALE_MAX */
    uint32_t qty_scale;
    int32_t overlap; /* enum s1_overlap */
    int32_t reserved;
} s1_save_options;

typedef struct s1_save_result {
    uint64_t rows_written;  /* rows of the batch */
    uint64_t rows_replaced; /* rows that were there before and are gone */
    uint64_t files_written; /* 0 where there are no files */
} s1_save_result;

/* Called for each item in order; an error stops the walk and is returned by it. Arguments are
 * borrowed until the visitor returns. */
typedef s1_rc (*s1_coverage_visitor)(void *user, const s1_data_coverage *block, s1_err *err);
typedef s1_rc (*s1_stream_visitor)(void *user, const s1_stream_key *key, s1_err *err);

/* All members are mandatory. The contract of each stands at the function that calls it. */
typedef struct s1_data_persistor_ops {
    uint32_t size;
    uint32_t reserved;
    void (*free)(s1_data_persistor *self);
    s1_rc (*list_streams)(s1_data_persistor *self, s1_stream_visitor visit, void *user,
                          s1_err *err);
    s1_rc (*get_info)(s1_data_persistor *self, const s1_stream_key *key, s1_archive_info *ret_info,
                      s1_err *err);
    s1_rc (*get_content_hash)(s1_data_persistor *self, const s1_stream_key *key,
                              char ret_hex[static S1_SHA256_HEX], s1_err *err);
    s1_rc (*get_data_coverage)(s1_data_persistor *self, const s1_stream_key *key,
                               s1_nanos spacing_max, s1_coverage_visitor visit, void *user,
                               s1_err *err);
    s1_rc (*load_ohlcv)(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                        s1_bar_reader **ret_reader, s1_err *err);
    s1_rc (*load_trades)(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                         s1_trade_reader **ret_reader, s1_err *err);
    s1_rc (*save_ohlcv)(s1_data_persistor *self, const s1_stream_key *key,
                        const s1_bar_batch *batch, const s1_save_options *options,
                        s1_save_result *ret_result, s1_err *err);
    s1_rc (*save_trades)(s1_data_persistor *self, const s1_stream_key *key,
                         const s1_trade_batch *batch, const s1_save_options *options,
                         s1_save_result *ret_result, s1_err *err);
} s1_data_persistor_ops;

struct s1_data_persistor {
    const s1_data_persistor_ops *ops;
};

/* --- For callers ---------------------------------------------------------------------------- */

/* Releases the persistor. Accepts NULL. */
static inline void s1_data_persistor_free(s1_data_persistor *persistor)
{
    if (persistor != NULL) {
        persistor->ops->free(persistor);
    }
}

/* Visits every stream, ordered by pair, data type, timeframe. None at all is no error. */
S1_WARN_UNUSED
static inline s1_rc s1_data_list_streams(s1_data_persistor *persistor, s1_stream_visitor visit,
                                         void *user, s1_err *err)
{
    return persistor->ops->list_streams(persistor, visit, user, err);
}

/* Scales, row count, first and last time, files. Reads no rows. */
S1_WARN_UNUSED
static inline s1_rc s1_data_get_info(s1_data_persistor *persistor, const s1_stream_key *key,
                                     s1_archive_info *ret_info, s1_err *err)
{
    return persistor->ops->get_info(persistor, key, ret_info, err);
}

/* Time of the first row. */
S1_WARN_UNUSED
static inline s1_rc s1_data_get_first_timestamp(s1_data_persistor *persistor,
                                                const s1_stream_key *key, s1_nanos *ret_time,
                                                s1_err *err)
{
    s1_archive_info info = {.size = sizeof info};
    const s1_rc rc = persistor->ops->get_info(persistor, key, &info, err);
    if (rc == S1_OK) {
        *ret_time = info.first;
    }
    return rc;
}

/* Time of the last row. A resumed download continues after it. */
S1_WARN_UNUSED
static inline s1_rc s1_data_get_last_timestamp(s1_data_persistor *persistor,
                                               const s1_stream_key *key, s1_nanos *ret_time,
                                               s1_err *err)
{
    s1_archive_info info = {.size = sizeof info};
    const s1_rc rc = persistor->ops->get_info(persistor, key, &info, err);
    if (rc == S1_OK) {
        *ret_time = info.last;
    }
    return rc;
}

/* SHA-256 over the stream's files (name, length and bytes of each, in order), or over its columns
 * where there are no files. Equal hash: equal data. Reads everything once. */
S1_WARN_UNUSED
static inline s1_rc s1_data_get_content_hash(s1_data_persistor *persistor, const s1_stream_key *key,
                                             char ret_hex[static S1_SHA256_HEX], s1_err *err)
{
    return persistor->ops->get_content_hash(persistor, key, ret_hex, err);
}

/* Visits the contiguous blocks of a stream in order. Two rows belong to one block if they are at
 * most `spacing_max` ns apart; 0 means the timeframe for bars and 60 s for trades. */
S1_WARN_UNUSED
static inline s1_rc s1_data_get_data_coverage(s1_data_persistor *persistor,
                                              const s1_stream_key *key, s1_nanos spacing_max,
                                              s1_coverage_visitor visit, void *user, s1_err *err)
{
    return persistor->ops->get_data_coverage(persistor, key, spacing_max, visit, user, err);
}

/* Opens the bars of [range.from, range.to). The stream must exist; an empty range gives a reader
 * with rows_total 0. Errors: S1_E_INVALID also for a key that is no bar stream. */
S1_WARN_UNUSED
static inline s1_rc s1_data_load_ohlcv(s1_data_persistor *persistor, const s1_stream_key *key,
                                       s1_time_range range, s1_bar_reader **ret_reader, s1_err *err)
{
    return persistor->ops->load_ohlcv(persistor, key, range, ret_reader, err);
}

/* As s1_data_load_ohlcv, for trades. */
S1_WARN_UNUSED
static inline s1_rc s1_data_load_trades(s1_data_persistor *persistor, const s1_stream_key *key,
                                        s1_time_range range, s1_trade_reader **ret_reader,
                                        s1_err *err)
{
    return persistor->ops->load_trades(persistor, key, range, ret_reader, err);
}

/* Stores a batch, merging it with what is there. A batch must be sorted as its type says, hold
 * mantissas of at most S1_MANTISSA_MAX either side of zero, and not be empty: S1_E_INVALID
 * otherwise, with the row. Where stored and saved scales differ the larger one wins, exactly; a
 * mantissa that then does not fit is S1_E_RANGE. Every file is written whole or not at all; a save
 * that spans several files may, after a crash, have replaced the first of them, and is completed by
 * saving again. `ret_result` may be NULL. */
S1_WARN_UNUSED
static inline s1_rc s1_data_save_ohlcv(s1_data_persistor *persistor, const s1_stream_key *key,
                                       const s1_bar_batch *batch, const s1_save_options *options,
                                       s1_save_result *ret_result, s1_err *err)
{
    return persistor->ops->save_ohlcv(persistor, key, batch, options, ret_result, err);
}

/* As s1_data_save_ohlcv, for trades. */
S1_WARN_UNUSED
static inline s1_rc s1_data_save_trades(s1_data_persistor *persistor, const s1_stream_key *key,
                                        const s1_trade_batch *batch, const s1_save_options *options,
                                        s1_save_result *ret_result, s1_err *err)
{
    return persistor->ops->save_trades(persistor, key, batch, options, ret_result, err);
}

/* The next batch; count 0 is the end (and stays so). Its columns are valid until the next call. */
S1_WARN_UNUSED
static inline s1_rc s1_bar_reader_next(s1_bar_reader *reader, s1_bar_batch *ret_batch, s1_err *err)
{
    return reader->ops->next(reader, ret_batch, err);
}

/* Ends reading, at any point. Accepts NULL. */
static inline void s1_bar_reader_close(s1_bar_reader *reader)
{
    if (reader != NULL) {
        reader->ops->close(reader);
    }
}

/* As s1_bar_reader_next. */
S1_WARN_UNUSED
static inline s1_rc s1_trade_reader_next(s1_trade_reader *reader, s1_trade_batch *ret_batch,
                                         s1_err *err)
{
    return reader->ops->next(reader, ret_batch, err);
}

/* As s1_bar_reader_close. */
static inline void s1_trade_reader_close(s1_trade_reader *reader)
{
    if (reader != NULL) {
        reader->ops->close(reader);
    }
}

#endif /* S1_BACKEND_CORE_INTERFACES_DATA_PERSISTOR_H */
