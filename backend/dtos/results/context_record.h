/* backend/dtos/results/context_record.h - what the context was when something was decided.
 *
 * One record per signal and per plan: when, who, which ids, and the value every column had at that
 * moment. Written as context.parquet, a row per record and column (docs/results.md).
 */
#ifndef S1_BACKEND_DTOS_RESULTS_CONTEXT_RECORD_H
#define S1_BACKEND_DTOS_RESULTS_CONTEXT_RECORD_H

#include "s1mple/base.h"

/* The fixed part of a record; `column_count` doubles follow it. */
typedef struct s1_context_record {
    s1_nanos time;
    s1_str worker; /* instance id; of a plan the operator, as several workers made it */
    s1_opportunity_id opportunity_id;
    s1_trade_id trade_id; /* none for a signal */
} s1_context_record;

/* Borrowed until the recorder goes. */
typedef struct s1_context_records {
    const void *items;     /* records, `stride` bytes apart */
    const s1_str *columns; /* [column_count]: "close", "ema_20", "ETH/USD@1h.close" */
    size_t stride;
    uint64_t count;
    uint32_t column_count;
    uint32_t reserved;
} s1_context_records;

static inline const s1_context_record *s1_context_record_at(const s1_context_records *records,
                                                            uint64_t index)
{
    return (const s1_context_record *)(const void *)((const char *)records->items +
                                                     index * records->stride);
}

/* The values of a record. */
static inline const double *s1_context_record_values(const s1_context_record *record)
{
    return (const double *)(const void *)(record + 1);
}

#endif /* S1_BACKEND_DTOS_RESULTS_CONTEXT_RECORD_H */
