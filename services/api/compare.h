/* services/api/compare.h - what several runs do not share, and how sure a difference is.
 *
 * The first run is what the others are held against. Their returns are paired by the moment they
 * end; what only one of two runs has is left out.
 *  - The difference of the means: a t of the paired differences, its p of the normal distribution.
 *  - The difference of the Sharpe ratios: Jobson and Korkie (1981) as Memmel (2003) corrected it.
 */
#ifndef S1_SERVICES_API_COMPARE_H
#define S1_SERVICES_API_COMPARE_H

#include "services/api/results.h"

typedef struct s1_compare_setting {
    const char *path;          /* "environments.backtest_eurusd_1h.simulation.slippage" */
    const char *const *values; /* [count of runs]; "-" where a run has none */
} s1_compare_setting;

/* A run against the first; NaN where not defined: fewer than three pairs, or no spread. */
typedef struct s1_compare_pair {
    uint64_t pairs;
    double correlation;
    double mean, mean_t, mean_p;       /* of the difference of the returns, a year */
    double sharpe, sharpe_z, sharpe_p; /* difference, annualised */
} s1_compare_pair;

typedef struct s1_comparison s1_comparison; /* opaque, heap */
typedef struct s1_comparison_view {
    const s1_compare_setting *settings; /* [setting_count], by path */
    size_t setting_count;
    size_t settings_left_out;     /* beyond S1_COMPARE_SETTINGS_MAX */
    size_t config_missing;        /* runs whose configuration cannot be read */
    const s1_compare_pair *pairs; /* [count of runs]; of the first: with itself */
    bool is_same_data;            /* of the same data hash, bars and period */
    bool has_returns;             /* equity.parquet is there, of all */
} s1_comparison_view;
#define S1_COMPARE_SETTINGS_MAX 40u

/* Compares `count` opened runs, 2 or more; they are borrowed for the call. Errors: S1_E_NO_MEMORY,
 * S1_E_DATA for a damaged equity.parquet. */
S1_WARN_UNUSED s1_rc s1_api_compare(s1_results *const *items, size_t count,
                                    s1_comparison **ret_comparison, s1_err *err);
void s1_comparison_free(s1_comparison *comparison); /* accepts NULL */
const s1_comparison_view *s1_comparison_view_borrow(const s1_comparison *comparison);

#endif /* S1_SERVICES_API_COMPARE_H */
