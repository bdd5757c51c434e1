/* backend/analysis/why_not.h - what happened, and what did not, at one bar of a run.
 *
 * Watches a repeated run (backend/core/run_observer.h) until the bar that closes at the moment
 * asked for, or is the last before it, and tells for every OpportunityWorker which conditions it
 * evaluated there, which held, by how much the others missed and which were never reached; with the
 * columns of the context, open positions and active threats as they stood.
 */
#ifndef S1_BACKEND_ANALYSIS_WHY_NOT_H
#define S1_BACKEND_ANALYSIS_WHY_NOT_H

#include "backend/analysis/explain.h"
#include "backend/core/run_observer.h"

typedef struct s1_why_not s1_why_not; /* opaque, heap */

/* Watches for `at`. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_why_not_new(s1_nanos at, s1_why_not **ret_why_not, s1_err *err);
void s1_why_not_free(s1_why_not *why_not); /* accepts NULL */

/* The observer to run with; as long as the s1_why_not. It ends the run at the first bar after `at`.
 */
s1_run_observer s1_why_not_observer(s1_why_not *why_not);

/* Tells what was seen. `reader` (NULL: the run kept no full journal) gives the verdicts on what was
 * found there; it must agree with the repeated run on what that was. The tree lives in `arena`.
 * Errors: S1_E_NOT_FOUND for a moment before the first bar or after the last, S1_E_DATA when the
 * journal disagrees or is damaged, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_why_not_tell(const s1_why_not *why_not, s1_journal_reader *reader,
                                     const s1_locale *locale, s1_arena *arena,
                                     const s1_explain_node **ret_root, s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_WHY_NOT_H */
