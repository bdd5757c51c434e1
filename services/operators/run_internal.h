/* services/operators/run_internal.h - what the files of the run orchestrator share. */
#ifndef S1_SERVICES_OPERATORS_RUN_INTERNAL_H
#define S1_SERVICES_OPERATORS_RUN_INTERNAL_H

#include "services/operators/run_orchestrator.h"

/* Numbers of the events the platform publishes; S1_EVENT_NONE where event_map leaves one out. */
typedef struct s1_run_events {
    uint32_t market_data, context_ready, journal_entry, ledger_changed;
    uint32_t start_requested, run_started, bootstrap_complete;
    uint32_t shutdown_requested, run_finished, backtest_completed, alert_raised;
} s1_run_events;

/* An event-aware worker listening to one event. */
typedef struct s1_worker_listener {
    s1_run_orchestrator *run;
    s1_worker *worker;
    uint32_t event;
    s1_str payload; /* payload_dto of the event */
} s1_worker_listener;

struct s1_run_orchestrator {
    s1_run_options options;
    s1_components *parts;
    s1_portfolio_supervisor supervisor;
    s1_arena arena;
    s1_chain chain;
    s1_component_method methods[S1_COMPONENT_METHODS];
    s1_str *event_names;
    s1_bus *bus;
    s1_event_adapter **adapters;
    uint32_t adapter_count;
    s1_worker_listener *listeners; /* of event-aware workers */
    uint32_t listener_count;
    s1_run_events events;
    s1_order_api order_api;     /* handed to execution workers; self is the run */
    const s1_worker *executing; /* whose orders they are */
    const s1_plan *directive;   /* under S1_ON_PLAN_APPROVED, until it was sent */
    uint32_t changes;           /* enum s1_ledger_change since the last position management */
    uint64_t row;               /* of the run series */
    bool tells_journal;         /* JournalEntryLogged has a listener */
    bool logs_decisions;        /* the log's profile has them */
    bool has_told_low;          /* AlertRaised STORAGE_LOW went out */
    uint64_t tick;
    s1_run_sums sums;
    s1_observation seen; /* for options.observer */
    /* Moment after moment only. */
    const s1_market_snapshot *waiting; /* NULL: the data is over */
    s1_nanos began;                    /* host time */
    bool is_tick;                      /* the open moment is one */
};

/* Fills in run->methods with self = run. */
void s1_run_bind_methods(s1_run_orchestrator *run);

/* Subscribes the workers with the events capability. */
S1_WARN_UNUSED s1_rc s1_run_bind_workers(s1_run_orchestrator *run, s1_err *err);

/* s1_component_options.event_emit: publishes a worker's own event. */
S1_WARN_UNUSED s1_rc s1_run_emit(void *self, const s1_worker *worker, s1_str event, s1_str json,
                                 s1_err *err);

/* Publishes an event of the platform, if event_map knows it. */
S1_WARN_UNUSED static inline s1_rc s1_run_publish(s1_run_orchestrator *run, uint32_t event,
                                                  const void *payload, s1_err *err)
{
    return event == S1_EVENT_NONE ? S1_OK : s1_bus_publish(run->bus, event, payload, err);
}

#endif /* S1_SERVICES_OPERATORS_RUN_INTERNAL_H */
