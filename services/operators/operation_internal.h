/* services/operators/operation_internal.h - what the files of the operation service share. */
#ifndef S1_SERVICES_OPERATORS_OPERATION_INTERNAL_H
#define S1_SERVICES_OPERATORS_OPERATION_INTERNAL_H

#include "backend/analysis/operation_results.h"
#include "services/operators/operation_service.h"

typedef struct s1_operation s1_operation;

/* One link of the operation: its run and what it leaves. Only the thread that runs it writes. */
typedef struct s1_operation_job {
    s1_operation *operation;
    uint32_t index;
    const s1_link *link;
    char folder[S1_PATH_MAX];
    s1_backtest_request request;
    s1_backtest_result result;
    s1_link_record record;
    uint64_t trades;
    s1_rc rc;
    s1_err err;
    bool is_complete;
} s1_operation_job;

struct s1_operation {
    const s1_operation_request *request;
    char partial[S1_PATH_MAX];
    bool has_folder;
    s1_operation_job *jobs; /* [job_count], order of the operation */
    uint32_t job_count;
    _Atomic uint32_t next_job;
};

#endif /* S1_SERVICES_OPERATORS_OPERATION_INTERNAL_H */
