/* services/operators/rehearsal.h - the runs of one link on parts of its history.
 *
 * The archives are read once, into memory. Each run is one from the first bar to its last, through
 * the whole path of a backtest, on an archive that ends at a moment: its rows behind that moment
 * are not there (they are not hidden, they were never copied), feeds end there too. Nothing is
 * written.
 *
 * One thread, one run at a time.
 */
#ifndef S1_SERVICES_OPERATORS_REHEARSAL_H
#define S1_SERVICES_OPERATORS_REHEARSAL_H

#include "services/operators/backtest_service.h"

#define S1_REHEARSAL_ROWS_MAX (UINT64_C(50) * 1000 * 1000) /* of one stream's archive */

typedef struct s1_rehearsal s1_rehearsal; /* opaque, heap */

/* Reads what the link of `request` reads. Of the request preparation, link, seed, fs, clock and
 * is_stopping are used; it is copied, what it points to outlives the rehearsal. Errors:
 * S1_E_NOT_FOUND and S1_E_DATA for the archives, S1_E_NO_MEMORY for more rows than
 * S1_REHEARSAL_ROWS_MAX, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_rehearsal_new(const s1_backtest_request *request,
                                      s1_rehearsal **ret_rehearsal, s1_err *err);
void s1_rehearsal_free(s1_rehearsal *rehearsal); /* accepts NULL */

/* Makes the data end at `cut`: a bar is there if it closed by then, a trade or a row of a feed if
 * it was by then. INT64_MAX: all of it, as the next runs have it until this is called again.
 * Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_rehearsal_cut(s1_rehearsal *rehearsal, s1_nanos cut, s1_err *err);

/* When a run begins. */
typedef struct s1_rehearsal_start {
    s1_nanos begin; /* bars that open before it are not read */
    s1_nanos from;  /* bars that open before it are warm-up */
} s1_rehearsal_start;

/* One run, for `observer`; start NULL: as configured. Errors: as s1_backtest_run. */
S1_WARN_UNUSED s1_rc s1_rehearsal_run(s1_rehearsal *rehearsal, const s1_rehearsal_start *start,
                                      const s1_run_observer *observer, s1_run_sums *ret_sums,
                                      s1_err *err);

#endif /* S1_SERVICES_OPERATORS_REHEARSAL_H */
