/* backend/core/correlation_matrix.h - how the markets of an operation's links move together.
 *
 * Per pair of links a rolling Pearson correlation of log returns of their primary closes. Links may
 * have different timeframes and gaps: a pair is sampled whenever both of its links closed at least
 * one bar since its last sample, so that a return of one never stands against a stale price of the
 * other. The correlation is known once `window` returns were sampled.
 *
 * Doubles, as every statistic; the same closes in the same order give the same bits. Nothing here
 * allocates after _new.
 */
#ifndef S1_BACKEND_CORE_CORRELATION_MATRIX_H
#define S1_BACKEND_CORE_CORRELATION_MATRIX_H

#include "s1mple/error.h"

typedef struct s1_correlation_matrix s1_correlation_matrix;

/* Heap; free with s1_correlation_matrix_free. `window` >= 2. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_correlation_matrix_new(uint32_t link_count, uint32_t window,
                                               s1_correlation_matrix **ret_matrix, s1_err *err);
void s1_correlation_matrix_free(s1_correlation_matrix *matrix); /* accepts NULL */

/* A link closed a bar at this moment; `close` > 0. */
void s1_correlation_matrix_close(s1_correlation_matrix *matrix, uint32_t link, double close);
/* The moment is over: takes the samples that are due. O(pairs). */
void s1_correlation_matrix_end_moment(s1_correlation_matrix *matrix);

/* The correlation of two links; false while it is not known: too few samples, or a market that did
 * not move. O(window). */
bool s1_correlation_matrix_get(const s1_correlation_matrix *matrix, uint32_t a, uint32_t b,
                               double *ret_correlation);

#endif /* S1_BACKEND_CORE_CORRELATION_MATRIX_H */
