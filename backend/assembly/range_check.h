/* backend/assembly/range_check.h - are many rows in one call (enrich_range) those of bar by bar?
 *
 * A second instance of a worker is made, with columns of its own, and fills them in ranges from the
 * same inputs; then both are compared, bit for bit. The first instance and the run do not notice.
 */
#ifndef S1_BACKEND_ASSEMBLY_RANGE_CHECK_H
#define S1_BACKEND_ASSEMBLY_RANGE_CHECK_H

#include "backend/core/worker.h"

/* Whether rows of a worker may be made many at a time: its plugin offers it, and all the worker has
 * to do with are columns of its own stream. */
bool s1_worker_has_range(const s1_worker *worker);

/* Makes the rows that the worker (s1_worker_has_range) has made so far again, in ranges of 1, 2, 4,
 * ... rows, and compares. ret_differences is [column_count]; ret_compared counts the values.
 * Errors: S1_E_PLUGIN where enrich_range fails, S1_E_NO_MEMORY, and what create() says. */
S1_WARN_UNUSED s1_rc s1_range_compare(const s1_worker *worker, s1_range_difference *ret_differences,
                                      uint64_t *ret_compared, s1_err *err);

/* As above, and a difference is S1_E_PLUGIN naming plugin, column, row, found and expected. */
S1_WARN_UNUSED s1_rc s1_range_prove(const s1_worker *worker, s1_err *err);

#endif /* S1_BACKEND_ASSEMBLY_RANGE_CHECK_H */
