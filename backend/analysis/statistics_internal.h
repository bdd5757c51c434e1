/* backend/analysis/statistics_internal.h - the parts of statistics.h. */
#ifndef S1_BACKEND_ANALYSIS_STATISTICS_INTERNAL_H
#define S1_BACKEND_ANALYSIS_STATISTICS_INTERNAL_H

#include "backend/analysis/statistics.h"

/* NaN where the denominator is as good as 0 or the quotient is not finite. */
double s1_quotient(double numerator, double denominator);
/* sum of (values - mean)^2 */
double s1_square_sum(const double *values, size_t count, double mean);
/* Between neighbours, linearly. `sorted` rising; NaN for none. */
double s1_quantile(const double *sorted, size_t count, double share);
/* The chance that a Student t of `freedom` degrees is as far from 0 as `t`; NaN for a NaN or less
 * than one degree. */
double s1_student_two_sided(double t, double freedom);
/* Sorts rising. No NaN. */
void s1_sort_doubles(double *values, size_t count);

/* Months and years of tables->periods. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_statistics_spans(s1_statistics_tables *tables, s1_err *err);

/* What is made of tables->periods (>= 1), max_drawdown and total_return being there. Errors:
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_statistics_returns(const s1_statistics_input *input,
                                           const s1_statistics_tables *tables, s1_statistics *out,
                                           s1_err *err);

/* What is made of the trades. Errors: S1_E_RANGE, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_statistics_trades(const s1_statistics_input *input, double mean_equity,
                                          s1_statistics *out, s1_statistics_tables *tables,
                                          s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_STATISTICS_INTERNAL_H */
