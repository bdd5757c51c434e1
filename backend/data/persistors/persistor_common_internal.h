/* backend/data/persistors/persistor_common_internal.h - what every IDataPersistor checks alike. */
#ifndef S1_BACKEND_DATA_PERSISTORS_PERSISTOR_COMMON_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_PERSISTOR_COMMON_INTERNAL_H

#include "backend/core/interfaces/data_persistor.h"

/* Is a[i] = b[i] * factor for all rows? */
bool s1_data_is_scaled(const int64_t *a, const int64_t *b, size_t rows, int64_t factor);

#define S1_TRADE_ID_COLUMN 4u

/* What a writer has been given so far, to judge the next batch by. */
typedef struct s1_batch_check {
    int32_t data_type;
    uint32_t columns; /* bits, the mandatory ones included */
    uint64_t rows;
    s1_nanos first_time, last_time; /* INT64_MIN: none yet */
    int64_t last_id;                /* of trades with ids */
    s1_market_scales scales;        /* the largest */
    s1_market_scales batch_scales;  /* of the last batch, 0 where no column has it */
} s1_batch_check;

/* Checks key and options. Errors: S1_E_INVALID. */
S1_WARN_UNUSED
s1_rc s1_batch_check_init(s1_batch_check *check, const s1_stream_key *key,
                          const s1_writer_options *options, s1_err *err);
/* Checks a batch as s1_data_writer_append tells, and counts it in. Errors: S1_E_INVALID with the
 * row. */
S1_WARN_UNUSED
s1_rc s1_batch_check_add(s1_batch_check *check, const s1_market_batch *batch,
                         const s1_market_scales *scales, s1_err *err);
/* At least one row? Errors: S1_E_INVALID. */
S1_WARN_UNUSED
s1_rc s1_batch_check_end(const s1_batch_check *check, s1_err *err);

/* 10^(to - from), or 1. */
int64_t s1_data_factor(uint32_t from, uint32_t to);
/* Mantissas at a larger scale; `to` may be `from`. Errors: S1_E_RANGE over 18 digits. */
S1_WARN_UNUSED
s1_rc s1_data_copy_scaled(int64_t *to, const int64_t *from, size_t rows, int64_t factor,
                          s1_err *err);

/* Raises S1_E_NOT_FOUND for a stream, telling which ones `persistor` has. */
s1_rc s1_data_raise_not_found(s1_data_persistor *persistor, const s1_stream_key *key,
                              const char *where, s1_err *err);

/* Raises S1_E_EXISTS for a refused overlap. */
s1_rc s1_data_raise_overlap(const s1_stream_key *key, uint64_t rows, s1_nanos from, s1_nanos to,
                            s1_err *err);

/* Raises S1_E_DENIED for a writer on a version. */
s1_rc s1_data_raise_read_only(const s1_stream_key *key, s1_err *err);

/* Raises S1_E_NOT_FOUND for a version. */
s1_rc s1_data_raise_no_version(const s1_stream_key *key, const char *content_hash,
                               const char *where, s1_err *err);

/* Joins rows that follow each other into blocks and hands them to a visitor. */
typedef struct s1_coverage_walk {
    s1_coverage_visitor visit;
    void *user;
    s1_nanos spacing_max;
    s1_data_coverage block; /* trade_count 0: none begun */
} s1_coverage_walk;

/* The spacing of a key where the caller gave 0. */
s1_nanos s1_data_coverage_spacing(const s1_stream_key *key, s1_nanos spacing_max);
S1_WARN_UNUSED
s1_rc s1_coverage_walk_add(s1_coverage_walk *walk, const s1_nanos *times, size_t count,
                           s1_err *err);
S1_WARN_UNUSED
s1_rc s1_coverage_walk_end(s1_coverage_walk *walk, s1_err *err);

/* First index in [0, count) whose time is >= `time`; count if none. */
size_t s1_data_lower_bound(const s1_nanos *times, size_t count, s1_nanos time);
/* First index whose time is > `time`. */
size_t s1_data_upper_bound(const s1_nanos *times, size_t count, s1_nanos time);

#endif /* S1_BACKEND_DATA_PERSISTORS_PERSISTOR_COMMON_INTERNAL_H */
