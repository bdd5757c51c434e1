/* services/operators/run_orchestrator.h - one run from its first bar to its last.
 *
 * Binds the components of a run (backend/assembly/component_builder.h) to a bus of its own, as
 * wiring_map.yaml says, and drives it: StartStrategyRequested, RunStarted, warm-up,
 * BootstrapComplete, ticks, ShutdownRequested, RunFinished, BacktestCompleted. One tick, in order
 * (ARCHITECTURE §12.1):
 *
 *   MarketDataReceived  resting orders match on the new bar; LedgerStateChanged
 *   (the bar becomes part of the context, the ledger is marked to its close)
 *   ContextReady        context, opportunity and threat operators; exits and position management;
 *                       planning; the gate; execution
 *
 * One orchestrator, one thread, nothing shared with other runs.
 */
#ifndef S1_SERVICES_OPERATORS_RUN_ORCHESTRATOR_H
#define S1_SERVICES_OPERATORS_RUN_ORCHESTRATOR_H

#include "backend/assembly/component_builder.h"
#include "backend/core/run_observer.h"
#include "services/event_bus/chain_validator.h"
#include "services/operators/portfolio_supervisor.h"

#include <stdatomic.h>

#define S1_COMPONENT_METHODS 12u
/* Its wirings are bound only where recording.context is true. */
#define S1_CONTEXT_RECORDER "ContextRecorder"
/* On the bus of an operation (operation_service.h), but for `approve` of the supervisor. */
#define S1_AGGREGATE_VIEW       "AggregatePortfolioView"
#define S1_PORTFOLIO_SUPERVISOR "PortfolioSupervisor"

/* Events the platform itself publishes; NULL-terminated. */
extern const char *const s1_platform_events[];

/* The methods components offer to wirings, for validation (self NULL). */
void s1_component_methods(s1_component_method methods[static S1_COMPONENT_METHODS]);

/* Reads event_map and wiring_map as the bus needs them. Texts are borrowed; in `arena`. `methods`
 * stands as long as the chain is used. S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_chain_from_config(const s1_config *config,
                                          const s1_component_method *methods, s1_arena *arena,
                                          s1_chain *ret_chain, s1_err *err);

/* Checks the event chain of a configuration; findings go to `faults` (class event_chain). */
S1_WARN_UNUSED s1_rc s1_chain_check(const s1_config *config, s1_arena *arena, s1_faults *faults,
                                    s1_err *err);

typedef struct s1_run_progress {
    uint64_t done, total; /* primary bars */
    s1_nanos simulated;
} s1_run_progress;

typedef struct s1_run_sums s1_run_sums;

typedef struct s1_run_options {
    /* components.events_self, event_emit and journal_listener are set by the orchestrator. */
    s1_component_options components;
    void (*on_progress)(void *user, const s1_run_progress *progress); /* NULL: nobody */
    void *user;
    const atomic_bool *is_stopping;  /* NULL: never */
    s1_str config_hash, data_hash;   /* hex, for RUN_STARTED */
    const s1_run_observer *observer; /* NULL: nobody; outlives the run */
    /* Hears LedgerStateChanged, which is PortfolioStateChanged to an operation. changed NULL:
     * nobody, and no subscription. */
    struct {
        void *self;
        s1_rc (*changed)(void *self, const s1_components *parts, s1_err *err);
    } on_ledger;
    /* Of an operation with a shared clock; NULL: the run is its own. Outlives the run. */
    const s1_portfolio_gate *gate;
    /* Hears ThreatsDetected before anybody else: answers of the operation. heard NULL: nobody. */
    struct {
        void *self;
        s1_rc (*heard)(void *self, const s1_threat_list *threats, s1_err *err);
    } on_threats;
    /* Hears BacktestCompleted: stores the results (result_logger.h). store NULL: nobody. */
    struct {
        void *self;
        s1_rc (*store)(void *self, const s1_components *parts, const s1_run_sums *sums,
                       s1_err *err);
    } on_completed;
} s1_run_options;

struct s1_run_sums {
    uint64_t warmup_bars, ticks;
    uint64_t opportunities, approved, rejected, threats;
    s1_nanos engine_time; /* host time of the loop without reading the archive */
    s1_nanos drain_time;  /* waiting for the last journal blocks after it */
    uint8_t journal_head[S1_JOURNAL_HASH_SIZE];
    s1_str finish_reason; /* static */
    bool is_cut_short;    /* an observer had seen enough: no RUN_FINISHED, no journal head */
};

typedef struct s1_run_orchestrator s1_run_orchestrator;

/* Builds and wires a run. Heap; free with s1_run_orchestrator_free. Readers in
 * options->components are taken, on failure too. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_new(const s1_run_options *options,
                                             s1_run_orchestrator **ret_run, s1_err *err);
void s1_run_orchestrator_free(s1_run_orchestrator *run); /* accepts NULL */

/* Drives the run to the end of the data. Errors: S1_E_CANCELED when asked to stop, S1_E_PLUGIN for
 * a worker that failed, and those of data and persistence. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_run(s1_run_orchestrator *run, s1_run_sums *ret_sums,
                                             s1_err *err);

/* --- One moment after the other, for runs that share a clock; instead of s1_run_orchestrator_run.
 */

/* To BootstrapComplete. Errors of these four are those of s1_run_orchestrator_run; after one the
 * run can only be freed. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_begin(s1_run_orchestrator *run, s1_err *err);
/* The time of the moment that waits; INT64_MAX: there is none. */
s1_nanos s1_run_orchestrator_next(const s1_run_orchestrator *run);
/* Opens the moment that waits: resting orders match, the ledger is marked. *ret_is_tick: the
 * primary stream closed a bar and the workers will have their turn. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_open(s1_run_orchestrator *run, bool *ret_is_tick,
                                              s1_err *err);
/* Gives the workers their turn in a tick, and looks for the next moment. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_close(s1_run_orchestrator *run, s1_err *err);
/* Ends the run for `reason` (static text) as the end of its data would. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_end(s1_run_orchestrator *run, s1_str reason,
                                             s1_run_sums *ret_sums, s1_err *err);

/* What an operation makes a run do. */
typedef struct s1_run_action {
    s1_str reason;          /* of cancels in the journal, at most 47 characters */
    s1_threat_id threat_id; /* of closes: their reason is THREAT */
    s1_dec reduce_pct;      /* this part of each position is closed; zero: none */
    bool closes, cancels_entries, moves_to_breakeven;
} s1_run_action;

/* A threat of the operation, at `time`: now, or later than the run's last moment. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_report(s1_run_orchestrator *run, s1_nanos time,
                                                const s1_threat_report *report,
                                                s1_threat_id *ret_id, s1_err *err);
/* Cancels entries at once; the rest only inside a tick, between _open and _close or in
 * on_threats: between bars there is no price to act at. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_act(s1_run_orchestrator *run, const s1_run_action *action,
                                             s1_err *err);
/* Publishes ShutdownRequested, or AlertRaised, and waits until it was heard. Not in on_threats. */
S1_WARN_UNUSED s1_rc s1_run_orchestrator_shut(s1_run_orchestrator *run, s1_err *err);
S1_WARN_UNUSED s1_rc s1_run_orchestrator_alert(s1_run_orchestrator *run, const char *code,
                                               const char *message, s1_err *err);

/* The parts, for the results. Borrowed. */
const s1_components *s1_run_orchestrator_parts(const s1_run_orchestrator *run);

#endif /* S1_SERVICES_OPERATORS_RUN_ORCHESTRATOR_H */
