/* services/api/ambiguity.h - a run again, with what its bars did not decide decided both ways.
 *
 * Two more runs of the same configuration, data and seed: one in which every bar that did not tell
 * which order filled first was the worst for the position, one in which it was the best
 * (simulation.matching: path worst or best, entry_bar stop_inside). Each is a results folder of its
 * own beside that of the run, DIR-worst and DIR-best. Each bar is decided for itself: a trade that
 * ends sooner makes room for another, so that the sums of the two are no bounds by force.
 */
#ifndef S1_SERVICES_API_AMBIGUITY_H
#define S1_SERVICES_API_AMBIGUITY_H

#include "services/api/backtest.h"
#include "services/api/results.h"

enum s1_resolution { S1_RESOLUTION_OWN, S1_RESOLUTION_WORST, S1_RESOLUTION_BEST };
#define S1_RESOLUTION_COUNT 3

typedef struct s1_ambiguity_band {
    s1_results_list runs[S1_RESOLUTION_COUNT]; /* of each the same links, in the same order */
} s1_ambiguity_band;

/* May the folders be made? S1_E_EXISTS. To be asked before the run itself. */
S1_WARN_UNUSED s1_rc s1_api_ambiguity_check(const char *results_dir, s1_err *err);

/* Makes the two runs of `options`, whose own run has completed, and opens all three. Free with
 * s1_api_ambiguity_done. Errors: S1_E_UNSUPPORTED where only the close counts, so that no bar is
 * ambiguous; those of s1_api_backtest and s1_api_results_list. */
S1_WARN_UNUSED s1_rc s1_api_ambiguity(const s1_backtest_options *options,
                                      s1_ambiguity_band *ret_band, s1_err *err);
void s1_api_ambiguity_done(s1_ambiguity_band *band);

/* Opens what --ambiguity left beside a run: the same link of DIR-worst or DIR-best. NULL where
 * there is none, or where it is of another run: other data, seed, period or program. Free with
 * s1_results_free. Errors: those of s1_api_results_open for a damaged folder. */
S1_WARN_UNUSED s1_rc s1_api_ambiguity_beside(const s1_results *own, int resolution,
                                             s1_results **ret_results, s1_err *err);

/* "own", "worst", "best". */
const char *s1_resolution_name(int resolution);

#endif /* S1_SERVICES_API_AMBIGUITY_H */
