/* services/operators/operation_internal.h - what the files of the operation service share. */
#ifndef S1_SERVICES_OPERATORS_OPERATION_INTERNAL_H
#define S1_SERVICES_OPERATORS_OPERATION_INTERNAL_H

#include "backend/analysis/operation_results.h"
#include "backend/core/correlation_matrix.h"
#include "services/operators/operation_service.h"

#define S1_ANSWERED_MAX 64u

typedef struct s1_operation s1_operation;

/* One link of the operation: its run and what it leaves. Only the thread that runs it writes. */
typedef struct s1_operation_job {
    s1_operation *operation;
    uint32_t index;
    const s1_link *link;
    char folder[S1_PATH_MAX];
    s1_backtest_request request;
    s1_backtest_result result;
    s1_link_record record;
    uint64_t trades;
    s1_rc rc;
    s1_err err;
    bool is_complete;

    /* --- On a shared clock only. --- */
    s1_backtest *backtest; /* NULL: not begun, or over */
    s1_run_orchestrator *run;
    s1_portfolio_gate gate;
    bool is_open;     /* has opened the moment */
    bool is_tick;     /* and closed a bar of its primary stream at it */
    bool is_shut;     /* the operation was stopped */
    bool closes_all;  /* and its positions are being closed */
    bool has_pending; /* an action that waits for the next tick */
    s1_run_action pending;
    s1_nanos heard_until; /* of ThreatsDetected */
    struct {
        s1_threat_id id;
        s1_nanos raised_at;
    } answered[S1_ANSWERED_MAX]; /* threats raised at heard_until and answered */
    uint32_t answered_count;
    size_t told_count; /* events of the operation whose message was looked at */
} s1_operation_job;

struct s1_operation {
    const s1_operation_request *request;
    char partial[S1_PATH_MAX];
    bool has_folder;
    s1_operation_job *jobs; /* [job_count], order of the operation */
    uint32_t job_count;
    _Atomic uint32_t next_job;

    /* --- On a shared clock only. --- */
    bool has_shared_clock;
    const s1_risk_policy_config *policy; /* NULL: none */
    s1_arena arena;                      /* of the texts of events */
    s1_aggregate_portfolio *view;
    s1_correlation_matrix *correlations; /* NULL: not limited */
    s1_bus *bus;
    s1_chain chain;
    s1_component_method methods[S1_COMPONENT_METHODS];
    s1_str *event_names;
    s1_event_adapter **adapters;
    uint32_t adapter_count;
    uint32_t state_changed; /* PortfolioStateChanged */
    s1_nanos now;
    s1_nanos engine_time;       /* host time of all moments */
    s1_nanos writing_time;      /* of results, and reading of archives */
    uint32_t states_left;       /* of the opened moment; the last one completes the aggregate */
    bool is_judging;            /* states complete a moment that is being opened */
    s1_portfolio_state *states; /* [job_count], payloads of the moment */
    struct {
        s1_str currency;
        s1_dec limit, actual;
        bool is_due; /* asked for, not yet done */
        bool is_done;
    } breach;
    s1_rule_event *events; /* [event_count] */
    size_t event_count, event_room;
};

/* Runs all jobs on one simulated clock; each job's rc, err and is_complete tell how it went. An
 * error is one of the operation itself: nothing is kept. (operation_clock.c) */
S1_WARN_UNUSED s1_rc s1_operation_run_in_step(s1_operation *op, s1_err *err);
void s1_operation_clock_done(s1_operation *op);

/* --- portfolio_rules.c ---------------------------------------------------------------------- */

/* Binds AggregatePortfolioView and PortfolioSupervisor to a bus of the operation's own. */
S1_WARN_UNUSED s1_rc s1_operation_bind(s1_operation *op, s1_err *err);
/* s1_portfolio_gate.count_correlated; self is the operation. */
uint32_t s1_operation_count_correlated(void *self, uint32_t link, int32_t direction);
/* The common drawdown is above its limit: tells every link that runs, and shuts its gate. A link
 * that fails at it fails alone. */
S1_WARN_UNUSED s1_rc s1_operation_shut(s1_operation *op, s1_err *err);
/* Reports the threats of the operation that go on in this tick of a link, and those of its own
 * limits. */
S1_WARN_UNUSED s1_rc s1_operation_report(s1_operation_job *job, s1_err *err);
/* s1_run_options.on_threats: answers what is new, by event_responses. self is the job. */
S1_WARN_UNUSED s1_rc s1_operation_hear(void *self, const s1_threat_list *threats, s1_err *err);
/* Publishes the messages of the answers this tick of the link gave. */
S1_WARN_UNUSED s1_rc s1_operation_notify(s1_operation_job *job, s1_err *err);

/* Does what waits for this tick of the link. (operation_clock.c) */
S1_WARN_UNUSED s1_rc s1_operation_act(s1_operation_job *job, const s1_run_action *action,
                                      s1_err *err);
/* The link failed: its run is over, its last state stays in the aggregate. (operation_clock.c) */
void s1_operation_fail(s1_operation_job *job, s1_rc rc, const s1_err *cause);

#endif /* S1_SERVICES_OPERATORS_OPERATION_INTERNAL_H */
