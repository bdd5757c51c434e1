/* backend/analysis/funnel.h - where opportunities were lost: from bars to trades.
 *
 * Watches a repeated run (backend/core/run_observer.h): per OpportunityWorker the bars it was asked
 * on, the bars that reached and passed each of its conditions, and the bars it signalled on; from
 * the journal what became of its opportunities: refusals by stage, approvals, positions opened and
 * closed. The closest misses are, per condition, the bars without an opportunity on which it failed
 * by the smallest share of its threshold (by the smallest difference where that is 0).
 *
 * Conditions stand in the order the plugin bound them, which is the order it evaluates them in if
 * it is written as it reads.
 */
#ifndef S1_BACKEND_ANALYSIS_FUNNEL_H
#define S1_BACKEND_ANALYSIS_FUNNEL_H

#include "backend/analysis/explain.h"
#include "backend/core/run_observer.h"

#define S1_FUNNEL_MISSES_MAX 1000u /* of one condition */

typedef struct s1_funnel s1_funnel; /* opaque, heap */

/* Keeps `misses_max` closest misses per condition. Errors: S1_E_INVALID for more than
 * S1_FUNNEL_MISSES_MAX, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_funnel_new(uint32_t misses_max, s1_funnel **ret_funnel, s1_err *err);
void s1_funnel_free(s1_funnel *funnel); /* accepts NULL */

/* The observer to run with; as long as the funnel. */
s1_run_observer s1_funnel_observer(s1_funnel *funnel);

/* Tells what was counted. `reader` NULL: the run kept no full journal, and what became of the
 * opportunities is left out. The tree lives in `arena`. Errors: S1_E_DATA when the journal is
 * damaged or counts other opportunities than the repeated run, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_funnel_tell(const s1_funnel *funnel, s1_journal_reader *reader,
                                    const s1_locale *locale, s1_arena *arena,
                                    const s1_explain_node **ret_root, s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_FUNNEL_H */
