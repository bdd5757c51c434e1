/* backend/dtos/market/archive_info.h - what an archive tells about a stream without reading it. */
#ifndef S1_BACKEND_DTOS_MARKET_ARCHIVE_INFO_H
#define S1_BACKEND_DTOS_MARKET_ARCHIVE_INFO_H

#include "s1mple/base.h"

/* A stream as a whole. Times are open times of bars, or times of what else it is. */
typedef struct s1_archive_info {
    uint32_t size;
    uint32_t price_scale; /* readers give mantissas at these scales */
    uint32_t qty_scale;
    uint32_t file_count; /* files the stream is spread over; 0 where there are no files */
    uint64_t rows;
    uint64_t bytes; /* of the files, or of the columns where there are no files */
    s1_nanos first; /* of the first row */
    s1_nanos last;  /* of the last row */
    uint32_t vwap_scale;
    uint32_t columns; /* bit i: column i of the layout is there in all rows */
} s1_archive_info;

/* SPEC DataCoverage: one contiguous block. Times as above; rows are bars or trades. */
typedef struct s1_data_coverage {
    s1_nanos start_time;
    s1_nanos end_time;    /* time of the block's last row */
    uint64_t trade_count; /* rows in the block */
} s1_data_coverage;

#endif /* S1_BACKEND_DTOS_MARKET_ARCHIVE_INFO_H */
