/* services/operators/data_query_service.h - DataQueryService: which history there is, out of the
 * catalogue and without opening a Parquet file (SPEC J08).
 *
 * Opening brings the catalogue up to date, which looks at names, sizes and times of the files and
 * reads only those that changed. One service belongs to one thread; visitors borrow what they are
 * handed for the call, and an error of theirs ends the walk and is returned.
 */
#ifndef S1_SERVICES_OPERATORS_DATA_QUERY_SERVICE_H
#define S1_SERVICES_OPERATORS_DATA_QUERY_SERVICE_H

#include "backend/data/catalog/catalog.h"

typedef struct s1_data_query_service s1_data_query_service;

/* Opens the catalogue of an archive; `archive` is the persistor of the same folder, borrowed, as is
 * `fs`. Errors: those of catalog.h; S1_E_NOT_FOUND for a folder that is not there. */
S1_WARN_UNUSED s1_rc s1_data_query_service_new(const s1_fs *fs, const char *archive_dir,
                                               s1_data_persistor *archive,
                                               s1_data_query_service **ret_service, s1_err *err);
void s1_data_query_service_free(s1_data_query_service *service); /* accepts NULL */

/* PairsQuery: which pairs, of which kind and source. */
typedef struct s1_pairs_query {
    int32_t data_type; /* enum s1_data_type; 0: any */
    s1_str source;     /* ptr NULL: any */
} s1_pairs_query;

/* A pair and its streams taken together. */
typedef struct s1_query_pair {
    s1_str asset_pair;
    uint32_t streams;
    uint64_t rows, bytes;
    s1_nanos first, last;
} s1_query_pair;
typedef s1_rc (*s1_query_pair_visitor)(void *user, const s1_query_pair *pair, s1_err *err);

/* Every pair once, in the order of names. */
S1_WARN_UNUSED s1_rc s1_data_get_pairs(s1_data_query_service *service, const s1_pairs_query *query,
                                       s1_query_pair_visitor visit, void *user, s1_err *err);

/* CoverageQuery: the blocks without a gap that meet the range, oldest first. */
S1_WARN_UNUSED s1_rc s1_data_get_coverage(s1_data_query_service *service, const s1_stream_key *key,
                                          s1_time_range range, s1_coverage_visitor visit,
                                          void *user, s1_err *err);

/* RangeQuery: from when to when a stream is there, and how much of it. */
typedef struct s1_query_range {
    s1_nanos first, last; /* of the rows; of bars their open times */
    uint64_t rows, gaps;
    double completeness; /* as s1_catalog_dataset: NaN where nothing tells */
} s1_query_range;

/* Errors: S1_E_NOT_FOUND for a stream that is not there. */
S1_WARN_UNUSED s1_rc s1_data_get_range(s1_data_query_service *service, const s1_stream_key *key,
                                       s1_query_range *ret_range, s1_err *err);

#endif /* S1_SERVICES_OPERATORS_DATA_QUERY_SERVICE_H */
