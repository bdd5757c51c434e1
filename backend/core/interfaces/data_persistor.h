/* backend/core/interfaces/data_persistor.h - IDataPersistor: bulk market data in and out.
 *
 * Callers use the s1_data_* functions at the end; implementors fill in s1_data_persistor_ops and
 * put an s1_data_persistor first in their own struct. Implementations: persistors/
 * parquet_persistor (the archive) and persistors/memory_persistor. Both pass the same contract
 * tests (tests/backend/data/data_persistor_test.c).
 *
 * Streams are keyed by {source, asset_pair, timeframe, data_type}. Data is read and written in
 * batches of columns (market_layout.h), never row by row and never all at once. Ranges are
 * half-open: [from, to).
 *
 * What moves   | who owns it
 * -------------|--------------------------------------------------------------------------------
 * persistor    | its maker's _new; s1_data_persistor_free. Readers and writers end before it.
 * reader       | the caller; s1_*_reader_close (accepts NULL)
 * writer       | the caller; s1_data_writer_commit or s1_data_writer_abandon
 * batch        | borrowed: of a reader until its next next() or close(), of a writer for the call
 *
 * A commit replaces a stream in one step. A reader that was opened before gives the rows of then or
 * fails with S1_E_DATA: never some of both. One persistor, its readers and writers belong to one
 * thread. Errors common to all functions: S1_E_INVALID
 * for a malformed key, S1_E_NOT_FOUND for a stream the persistor does not have (the message lists
 * what it has), S1_E_IO, S1_E_DATA for a corrupt archive. ret_ parameters are written on success
 * only.
 */
#ifndef S1_BACKEND_CORE_INTERFACES_DATA_PERSISTOR_H
#define S1_BACKEND_CORE_INTERFACES_DATA_PERSISTOR_H

#include "backend/dtos/market/archive_info.h"
#include "backend/dtos/market/market_batch.h"
#include "backend/dtos/market/market_layout.h"
#include "backend/dtos/market/stream_key.h"
#include "backend/utils/hash.h"
#include "s1mple/base.h"

typedef struct s1_data_persistor s1_data_persistor;
typedef struct s1_market_reader s1_market_reader;
typedef struct s1_data_writer s1_data_writer;
typedef struct s1_bar_reader s1_bar_reader;
typedef struct s1_trade_reader s1_trade_reader;

/* A time range [from, to). S1_RANGE_ALL is everything. */
typedef struct s1_time_range {
    s1_nanos from;
    s1_nanos to;
} s1_time_range;
#define S1_RANGE_ALL ((s1_time_range){INT64_MIN, INT64_MAX})

/* An open stream of any kind. Members are set at open and constant. */
struct s1_market_reader {
    const struct s1_market_reader_ops *ops;
    uint64_t rows_total;     /* rows the reader will give in all: capacity for the columns */
    s1_market_scales scales; /* of every batch */
    uint32_t columns; /* bit i: column i of the layout is there. An optional one is if all rows of
                         the range have it. */
};
typedef struct s1_market_reader_ops {
    uint32_t size;
    uint32_t reserved;
    s1_rc (*next)(s1_market_reader *self, s1_market_batch *ret_batch, s1_err *err);
    void (*close)(s1_market_reader *self);
} s1_market_reader_ops;

/* An open stream of bars: a market reader by the names of its columns. */
struct s1_bar_reader {
    const struct s1_bar_reader_ops *ops;
    uint64_t rows_total;
    uint32_t price_scale;
    uint32_t qty_scale;
    uint32_t vwap_scale;
    uint32_t columns; /* as s1_market_reader.columns */
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
    uint32_t columns;
    uint32_t reserved;
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
    uint32_t vwap_scale;
} s1_save_options;

typedef struct s1_writer_options {
    int32_t overlap;  /* enum s1_overlap */
    uint32_t columns; /* bit i: optional column i is given in every batch; the others need no bit */
    s1_str provenance; /* where the rows come from, kept in the metadata of the files written: text
                          of one line, at most S1_PROVENANCE_MAX bytes; may be empty */
    bool keep_former;  /* keep the version that is replaced */
} s1_writer_options;

#define S1_PROVENANCE_MAX 500u

typedef struct s1_save_result {
    uint64_t rows_written;            /* rows that were given */
    uint64_t rows_replaced;           /* rows that were there before and are gone */
    uint64_t files_written;           /* 0 where there are no files */
    uint64_t bytes_written;           /* of these files */
    s1_nanos first, last;             /* of the rows given */
    s1_market_scales scales;          /* the largest of all batches */
    bool is_unchanged;                /* the stream held these rows already: nothing was touched */
    char former_hash[S1_SHA256_HEX];  /* of the stream before; "" if there was none */
    char content_hash[S1_SHA256_HEX]; /* of the stream now */
} s1_save_result;

/* A version of a stream that was replaced. */
typedef struct s1_data_version {
    const char *content_hash; /* hex; borrowed for the visit */
    uint64_t rows, bytes;
    s1_nanos first, last;
    s1_nanos replaced_at; /* by the clock of the file system; 0 where there are no files */
} s1_data_version;

/* Called for each item in order; an error stops the walk and is returned by it. Arguments are
 * borrowed until the visitor returns. */
typedef s1_rc (*s1_coverage_visitor)(void *user, const s1_data_coverage *block, s1_err *err);
typedef s1_rc (*s1_stream_visitor)(void *user, const s1_stream_key *key, s1_err *err);
typedef s1_rc (*s1_version_visitor)(void *user, const s1_data_version *version, s1_err *err);

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
    s1_rc (*load)(s1_data_persistor *self, const s1_stream_key *key, s1_time_range range,
                  s1_market_reader **ret_reader, s1_err *err);
    s1_rc (*open_writer)(s1_data_persistor *self, const s1_stream_key *key,
                         const s1_writer_options *options, s1_data_writer **ret_writer,
                         s1_err *err);
    s1_rc (*list_versions)(s1_data_persistor *self, const s1_stream_key *key,
                           s1_version_visitor visit, void *user, s1_err *err);
    s1_rc (*open_version)(s1_data_persistor *self, const s1_stream_key *key,
                          const char *content_hash, s1_data_persistor **ret_persistor, s1_err *err);
    s1_rc (*prune_versions)(s1_data_persistor *self, const s1_stream_key *key, uint64_t keep_count,
                            uint64_t *ret_removed, s1_err *err);
} s1_data_persistor_ops;

struct s1_data_persistor {
    const s1_data_persistor_ops *ops;
};

/* What every writer begins with. commit and abandon release it. */
typedef struct s1_data_writer_ops {
    uint32_t size;
    uint32_t reserved;
    s1_rc (*append)(s1_data_writer *self, const s1_market_batch *batch,
                    const s1_market_scales *scales, s1_err *err);
    s1_rc (*commit)(s1_data_writer *self, s1_save_result *ret_result, s1_err *err);
    void (*abandon)(s1_data_writer *self);
} s1_data_writer_ops;

struct s1_data_writer {
    const s1_data_writer_ops *ops;
};

/* --- For callers ---------------------------------------------------------------------------- */

/* Releases the persistor. Accepts NULL. */
static inline void s1_data_persistor_free(s1_data_persistor *persistor)
{
    if (persistor != NULL) {
        persistor->ops->free(persistor);
    }
}

/* Visits every stream, ordered by pair, data type, timeframe, source. None at all is no error. */
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
 * most `spacing_max` ns apart; 0 means the timeframe for bars and 60 s for all else. */
S1_WARN_UNUSED
static inline s1_rc s1_data_get_data_coverage(s1_data_persistor *persistor,
                                              const s1_stream_key *key, s1_nanos spacing_max,
                                              s1_coverage_visitor visit, void *user, s1_err *err)
{
    return persistor->ops->get_data_coverage(persistor, key, spacing_max, visit, user, err);
}

/* Opens the rows of [range.from, range.to). The stream must exist; an empty range gives a reader
 * with rows_total 0. */
S1_WARN_UNUSED
static inline s1_rc s1_data_load(s1_data_persistor *persistor, const s1_stream_key *key,
                                 s1_time_range range, s1_market_reader **ret_reader, s1_err *err)
{
    return persistor->ops->load(persistor, key, range, ret_reader, err);
}

/* As s1_data_load, for bars. Errors: S1_E_INVALID also for a key that is no bar stream. */
S1_WARN_UNUSED
s1_rc s1_data_load_ohlcv(s1_data_persistor *persistor, const s1_stream_key *key,
                         s1_time_range range, s1_bar_reader **ret_reader, s1_err *err);

/* As s1_data_load_ohlcv, for trades. */
S1_WARN_UNUSED
s1_rc s1_data_load_trades(s1_data_persistor *persistor, const s1_stream_key *key,
                          s1_time_range range, s1_trade_reader **ret_reader, s1_err *err);

/* --- Writing ---
 *
 * A writer takes rows in rising order, in batches of any size and each at its own scales, in
 * bounded memory (the rows of one file), and makes them part of the stream in one step: until
 * commit returns, readers (and what finds the archive after a crash) see the stream as it was;
 * after it, all of it. What lies between the first and the last time written goes (or the commit
 * is refused, by options->overlap). The rows written get the largest scale of all batches; where
 * rows that stay share a file with them, the larger scale wins, exactly. A commit of rows that are
 * there already leaves every byte as it is (is_unchanged). The version that is replaced is kept
 * under its content hash, if asked for, until pruned. */

/* Opens a writer; the stream need not exist. One writer per stream at a time, over processes:
 * S1_E_DENIED names who has it. Errors: S1_E_INVALID for key or options. */
S1_WARN_UNUSED
static inline s1_rc s1_data_open_writer(s1_data_persistor *persistor, const s1_stream_key *key,
                                        const s1_writer_options *options,
                                        s1_data_writer **ret_writer, s1_err *err)
{
    return persistor->ops->open_writer(persistor, key, options, ret_writer, err);
}

/* Takes a batch (copied); none of its rows lies before the last one taken. An empty one is nothing.
 * Columns are sorted as market_layout.h says, hold mantissas of at most S1_MANTISSA_MAX either side
 * of zero and values of their enums: S1_E_INVALID otherwise, with the row. A mantissa that does not
 * fit the larger scale is S1_E_RANGE. After an error the writer can only be abandoned. */
S1_WARN_UNUSED
static inline s1_rc s1_data_writer_append(s1_data_writer *writer, const s1_market_batch *batch,
                                          const s1_market_scales *scales, s1_err *err)
{
    return writer->ops->append(writer, batch, scales, err);
}

/* Makes the rows part of the stream and releases the writer, also when it fails. `ret_result` may
 * be NULL. Errors: S1_E_INVALID if no row was given, S1_E_EXISTS for a refused overlap, S1_E_RANGE
 * as above, S1_E_IO; the stream is as it was then (or, if only the last fsync failed, as it is
 * now). */
S1_WARN_UNUSED
static inline s1_rc s1_data_writer_commit(s1_data_writer *writer, s1_save_result *ret_result,
                                          s1_err *err)
{
    return writer->ops->commit(writer, ret_result, err);
}

/* Gives up what was written; the stream stays as it was. Accepts NULL. */
static inline void s1_data_writer_abandon(s1_data_writer *writer)
{
    if (writer != NULL) {
        writer->ops->abandon(writer);
    }
}

/* Stores one batch by a writer of its own; the version it replaces is not kept. An empty batch is
 * S1_E_INVALID. Errors: as for a writer. `ret_result` may be NULL. */
S1_WARN_UNUSED
s1_rc s1_data_save_ohlcv(s1_data_persistor *persistor, const s1_stream_key *key,
                         const s1_bar_batch *batch, const s1_save_options *options,
                         s1_save_result *ret_result, s1_err *err);

/* As s1_data_save_ohlcv, for trades. */
S1_WARN_UNUSED
s1_rc s1_data_save_trades(s1_data_persistor *persistor, const s1_stream_key *key,
                          const s1_trade_batch *batch, const s1_save_options *options,
                          s1_save_result *ret_result, s1_err *err);

/* A batch by the names of its columns as one by their numbers, and back. The columns stay borrowed
 * from where they were. */
s1_market_batch s1_market_batch_of_bars(const s1_bar_batch *bars);
s1_market_batch s1_market_batch_of_trades(const s1_trade_batch *trades);
s1_bar_batch s1_bars_of_market_batch(const s1_market_batch *batch);
s1_trade_batch s1_trades_of_market_batch(const s1_market_batch *batch);

/* --- Versions --- */

/* Visits the former versions that are kept, oldest first; the current one is not among them. A
 * stream without any, or that does not exist, is no error. */
S1_WARN_UNUSED
static inline s1_rc s1_data_list_versions(s1_data_persistor *persistor, const s1_stream_key *key,
                                          s1_version_visitor visit, void *user, s1_err *err)
{
    return persistor->ops->list_versions(persistor, key, visit, user, err);
}

/* A persistor on which `key` is the version of this content hash (the current one or a former),
 * that has no other stream and refuses to write (S1_E_DENIED). Free it before `persistor`. Errors:
 * S1_E_NOT_FOUND if there is no such version. */
S1_WARN_UNUSED
static inline s1_rc s1_data_open_version(s1_data_persistor *persistor, const s1_stream_key *key,
                                         const char *content_hash,
                                         s1_data_persistor **ret_persistor, s1_err *err)
{
    return persistor->ops->open_version(persistor, key, content_hash, ret_persistor, err);
}

/* Removes the oldest former versions until `keep_count` are left. `ret_removed` may be NULL. */
S1_WARN_UNUSED
static inline s1_rc s1_data_prune_versions(s1_data_persistor *persistor, const s1_stream_key *key,
                                           uint64_t keep_count, uint64_t *ret_removed, s1_err *err)
{
    return persistor->ops->prune_versions(persistor, key, keep_count, ret_removed, err);
}

/* --- Readers --- */

/* The next batch; count 0 is the end (and stays so). Its columns are valid until the next call. */
S1_WARN_UNUSED
static inline s1_rc s1_market_reader_next(s1_market_reader *reader, s1_market_batch *ret_batch,
                                          s1_err *err)
{
    return reader->ops->next(reader, ret_batch, err);
}

/* Ends reading, at any point. Accepts NULL. */
static inline void s1_market_reader_close(s1_market_reader *reader)
{
    if (reader != NULL) {
        reader->ops->close(reader);
    }
}

/* As s1_market_reader_next. */
S1_WARN_UNUSED
static inline s1_rc s1_bar_reader_next(s1_bar_reader *reader, s1_bar_batch *ret_batch, s1_err *err)
{
    return reader->ops->next(reader, ret_batch, err);
}

/* As s1_market_reader_close. */
static inline void s1_bar_reader_close(s1_bar_reader *reader)
{
    if (reader != NULL) {
        reader->ops->close(reader);
    }
}

/* As s1_market_reader_next. */
S1_WARN_UNUSED
static inline s1_rc s1_trade_reader_next(s1_trade_reader *reader, s1_trade_batch *ret_batch,
                                         s1_err *err)
{
    return reader->ops->next(reader, ret_batch, err);
}

/* As s1_market_reader_close. */
static inline void s1_trade_reader_close(s1_trade_reader *reader)
{
    if (reader != NULL) {
        reader->ops->close(reader);
    }
}

#endif /* S1_BACKEND_CORE_INTERFACES_DATA_PERSISTOR_H */
