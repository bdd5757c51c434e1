/* services/api/data_prune.h - removes former versions of datasets. */
#ifndef S1_SERVICES_API_DATA_PRUNE_H
#define S1_SERVICES_API_DATA_PRUNE_H

#include "s1mple/base.h"

typedef struct s1_prune_options {
    const char *archive_dir;
    const char *asset_pair; /* NULL: every one */
    const char *kind;       /* "1h", "trades"; NULL: every one */
    const char *source;     /* NULL: every one; "": the unnamed one */
    uint64_t keep;          /* former versions of each dataset that stay, the newest */
} s1_prune_options;

typedef struct s1_prune_report {
    uint64_t datasets, versions; /* that lost some; removed */
    uint64_t bytes;              /* of their files; those that a version still shares stay */
    char notice[512];            /* what was odd about the catalogue; "" mostly */
} s1_prune_report;

/* Current versions are never touched. Errors: S1_E_NOT_FOUND no such folder, S1_E_INVALID,
 * S1_E_DENIED a dataset is being written, S1_E_UNSUPPORTED a newer catalogue, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_data_prune(const s1_prune_options *options, s1_prune_report *ret_report, s1_err *err);

#endif /* S1_SERVICES_API_DATA_PRUNE_H */
