/* backend/assembly/component_builder.h - everything one run is made of, put together in order.
 *
 * From an active link, its resolved workers and its open readers come: context, ledger, journal,
 * order manager, backtest environment, signal and threat books, the workers, and one operator per
 * worker type. Mechanical: what is built follows from configuration and manifests alone. Nothing
 * here knows a bus; services/operators/run_orchestrator binds the parts to one.
 */
#ifndef S1_BACKEND_ASSEMBLY_COMPONENT_BUILDER_H
#define S1_BACKEND_ASSEMBLY_COMPONENT_BUILDER_H

#include "backend/assembly/worker_builder.h"
#include "backend/config/config.h"
#include "backend/core/carry.h"
#include "backend/core/context_recorder.h"
#include "backend/core/order_manager.h"
#include "backend/dtos/results/run_series.h"
#include "backend/environments/backtest/backtest_environment.h"
#include "backend/operators/planning_pass.h"
#include "backend/utils/log.h"

#define S1_WORKER_TYPES 6u /* enum s1_worker_type, 0 unused */

/* A model file of the blueprint as it was read. */
typedef struct s1_model_file {
    s1_str text;              /* empty: no worker uses it */
    char hash[S1_SHA256_HEX]; /* of its bytes */
} s1_model_file;

typedef struct s1_component_options {
    const s1_config *config;
    const s1_link *link;
    const s1_worker_plan *const *plans; /* [link->blueprint->workers.count] */
    s1_plugin *const *plugins;          /* same order */
    s1_bar_reader *const *readers;      /* [link->streams.count]; taken, on failure too */
    s1_trade_bars *trades;  /* readers[0], where orders match on its trades; else NULL */
    s1_market_reader *book; /* where orders match on it; else NULL; taken as readers are */
    const s1_feed_table *const *feeds; /* [link->blueprint->feeds.count]; NULL: not read by any */
    const s1_model_file *models;       /* [link->blueprint->models.count]; may be NULL */
    s1_nanos from;                     /* bars that open before it are warm-up */
    uint64_t seed;
    s1_run_id run_id;
    s1_journal_persistor *journal_persistor; /* NULL at level off */
    int32_t journal_level;                   /* enum s1_journal_level */
    bool is_profiled;
    bool checks_invariants;
    const s1_clock *clock;
    s1_log *log; /* may be NULL */
    /* How a worker's event leaves, and who hears of each journal entry. May be NULL. */
    void *events_self;
    s1_rc (*event_emit)(void *events_self, const s1_worker *worker, s1_str event, s1_str json,
                        s1_err *err);
    s1_journal_listener journal_listener;
    s1_executor journal_executor; /* submit NULL: the run's thread writes the journal itself */
} s1_component_options;

typedef struct s1_components {
    s1_component_options options;
    s1_instrument *instruments; /* [stream_count] */
    s1_trading_context *context;
    s1_bound_feed *feeds; /* [feed_count], order of the blueprint */
    uint32_t feed_count;
    uint32_t model_count;
    s1_bound_model *models; /* [model_count], order of the blueprint */
    s1_ledger *ledger;
    s1_fee_book *fees; /* NULL: plain */
    s1_carry *carry;   /* NULL: nothing of the kind */
    s1_journal *journal;
    s1_derived_ids derived_ids;
    s1_id_source ids;
    s1_order_manager *orders;
    s1_backtest_environment *backtest;
    s1_environment environment;
    s1_worker_services services;
    s1_worker **workers; /* [worker_count], blueprint order */
    uint32_t worker_count;
    uint32_t stream_count;
    s1_operator_worker *operator_workers;        /* [worker_count], blueprint order */
    s1_base_operator operators[S1_WORKER_TYPES]; /* by enum s1_worker_type */
    s1_signal_book signals;
    s1_threat_book threats;
    s1_planning_pass planning;
    s1_plan_list approved;
    s1_context_recorder *recorder; /* NULL: not recorded */
    s1_text_pool pool;
    s1_arena arena; /* of all the above that has no _free */
    /* What the run leaves per bar; rows [0, row_count). */
    uint64_t row_count, row_capacity;
    s1_dec *row_equity;
    uint8_t *row_in_position;
} s1_components;

/* Builds everything. Errors: those of the parts, each naming what it is about. Heap; free with
 * s1_components_free. */
S1_WARN_UNUSED s1_rc s1_components_new(const s1_component_options *options,
                                       s1_components **ret_components, s1_err *err);
void s1_components_free(s1_components *components); /* accepts NULL */

/* The run so far as a series: times and closes are the context's own columns. Borrowed until the
 * next tick. */
s1_run_series s1_components_series(const s1_components *components);

/* The bars a link's workers need before `from`: the context workers' lookbacks one after the other,
 * then the longest of the rest. */
uint64_t s1_components_warmup_bars(const s1_worker_plan *const *plans, uint32_t count);

#endif /* S1_BACKEND_ASSEMBLY_COMPONENT_BUILDER_H */
