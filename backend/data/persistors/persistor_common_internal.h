/* backend/data/persistors/persistor_common_internal.h - what every IDataPersistor checks alike. */
#ifndef S1_BACKEND_DATA_PERSISTORS_PERSISTOR_COMMON_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_PERSISTOR_COMMON_INTERNAL_H

#include "backend/core/interfaces/data_persistor.h"

/* A key of the data type asked for? Errors: S1_E_INVALID. */
S1_WARN_UNUSED
s1_rc s1_data_check_key(const s1_stream_key *key, int32_t data_type, s1_err *err);

/* Scales and overlap policy in their ranges. Errors: S1_E_INVALID. */
S1_WARN_UNUSED
s1_rc s1_data_check_save_options(const s1_save_options *options, s1_err *err);

/* Not empty, sorted, every mantissa within S1_MANTISSA_MAX. Errors: S1_E_INVALID with the row. */
S1_WARN_UNUSED
s1_rc s1_data_check_bars(const s1_bar_batch *batch, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_data_check_trades(const s1_trade_batch *batch, s1_err *err);

/* Raises S1_E_NOT_FOUND for a stream, telling which ones `persistor` has. */
s1_rc s1_data_raise_not_found(s1_data_persistor *persistor, const s1_stream_key *key,
                              const char *where, s1_err *err);

/* Raises S1_E_EXISTS for a refused overlap. */
s1_rc s1_data_raise_overlap(const s1_stream_key *key, uint64_t rows, s1_nanos from, s1_nanos to,
                            s1_err *err);

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

/* Orders keys by pair, data type, timeframe: <0, 0, >0. */
int s1_stream_key_compare(const s1_stream_key *a, const s1_stream_key *b);

/* First index in [0, count) whose time is >= `time`; count if none. */
size_t s1_data_lower_bound(const s1_nanos *times, size_t count, s1_nanos time);
/* First index whose time is > `time`. */
size_t s1_data_upper_bound(const s1_nanos *times, size_t count, s1_nanos time);

#endif /* S1_BACKEND_DATA_PERSISTORS_PERSISTOR_COMMON_INTERNAL_H */
