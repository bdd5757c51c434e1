/* backend/core/run_observer.h - somebody who watches a run without touching it.
 *
 * A run is a function of binary, configuration, data and seed: what a worker saw and compared at a
 * bar need not be kept while it runs, it can be asked for by running it again with an observer. The
 * observer reads; a run with one decides what a run without decides. Without an observer a tick
 * pays one predictable branch.
 */
#ifndef S1_BACKEND_CORE_RUN_OBSERVER_H
#define S1_BACKEND_CORE_RUN_OBSERVER_H

#include "backend/core/journal.h"
#include "backend/core/trading_context.h"
#include "backend/core/worker.h"

/* What there is to look at. The pointers stand for the whole run; what they point to is that of the
 * moment. Conditions with condition.tick == context->view.tick were evaluated in this tick. */
typedef struct s1_observation {
    const s1_trading_context *context;
    s1_worker *const *workers; /* [worker_count] blueprint order; read only */
    uint32_t worker_count;
    uint32_t reserved;
    const s1_signal_list *signals;    /* of this tick, valid in on_tick */
    const s1_worker *const *emitters; /* [signals->count] whose they are */
    const s1_threat_list *threats;    /* active; as the last threat workers left them */
} s1_observation;

typedef struct s1_run_observer {
    void *self;
    /* The bar is on the map and the ledger is marked; no worker has looked yet. With
     * *ret_is_enough the run ends here, before anybody acts. NULL: not asked. */
    s1_rc (*on_bar)(void *self, const s1_observation *seen, bool *ret_is_enough, s1_err *err);
    /* Everybody had their turn. */
    s1_rc (*on_tick)(void *self, const s1_observation *seen, s1_err *err);
    /* The run is over, by its data or by on_bar; its parts still stand. NULL: not asked. */
    s1_rc (*on_end)(void *self, const s1_observation *seen, s1_err *err);
    /* The journal has one entry more. NULL: not asked, and entries are worded when it suits. */
    s1_rc (*on_entry)(void *self, const s1_journal_notice *notice, s1_err *err);
} s1_run_observer;

#endif /* S1_BACKEND_CORE_RUN_OBSERVER_H */
