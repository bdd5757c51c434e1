/* services/api/observe_internal.h - runs a results folder's strategy again to look at it; this
 * folder only. */
#ifndef S1_SERVICES_API_OBSERVE_INTERNAL_H
#define S1_SERVICES_API_OBSERVE_INTERNAL_H

#include "backend/core/run_observer.h"
#include "services/api/backtest.h"
#include "services/operators/backtest_service.h"

typedef struct s1_observed {
    s1_nanos engine_time; /* of the loop, observer included */
    bool is_cut_short;    /* the observer had seen enough */
} s1_observed;

/* Repeats the one run of `results_dir` in memory, from the configuration it recorded and the
 * archive it names, for `observer`. Nothing is written. The program, its plugins, the configuration
 * and the data must be the recorded ones (S1_E_UNSUPPORTED, S1_E_DATA for the data), and what comes
 * out must be what was recorded: its counts, and the journal's head hash where one was kept
 * (S1_E_DATA); a run the observer cut short is held to its causes alone. Other errors: those of a
 * backtest. ret_observed may be NULL. */
S1_WARN_UNUSED s1_rc s1_api_observe(const char *results_dir, const s1_run_observer *observer,
                                    s1_observed *ret_observed, s1_err *err);

/* What a backtest of one link would be asked for. Borrowed for the call. */
typedef s1_rc (*s1_prepared_fn)(void *user, const s1_backtest_request *request, s1_err *err);

/* Prepares what s1_api_backtest of these options would run (target, config_dir, overrides, from, to
 * and seed count) and hands over one link after the other; nothing is run. Errors: those of the
 * configuration as s1_api_backtest, and what `fn` returns. */
S1_WARN_UNUSED s1_rc s1_api_prepare_links(const s1_backtest_options *options, s1_prepared_fn fn,
                                          void *user, s1_err *err);

#endif /* S1_SERVICES_API_OBSERVE_INTERNAL_H */
