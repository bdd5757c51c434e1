/* backend/analysis/operation_results.h - what an operation of several links leaves beside its runs.
 *
 *  - operation.json: the links with their outcome, AggregateMetrics per currency, events of the
 *    portfolio rules
 *  - aggregate.<CURRENCY>.parquet: per moment time, equity, drawdown, cash, exposure,
 *    open_positions, summed over the links of that currency
 *
 * The aggregate is folded from what each link kept of its ledger (s1_link_record) in the order of
 * simulated time, ties by link order, through AggregatePortfolioView: the same whether the links
 * ran side by side or on one clock, and on how many threads. Links that failed are listed and not
 * in the sums.
 */
#ifndef S1_BACKEND_ANALYSIS_OPERATION_RESULTS_H
#define S1_BACKEND_ANALYSIS_OPERATION_RESULTS_H

#include "backend/core/aggregate_portfolio.h"
#include "backend/data/persistors/duckdb_library.h"
#include "backend/dtos/results/run_series.h"
#include "backend/utils/arena.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_OPERATION_FILE    "operation.json"
#define S1_OPERATION_VERSION 1

/* A link's ledger after a row at which orders or fills changed it. */
typedef struct s1_ledger_note {
    uint64_t row; /* of the series */
    s1_portfolio_state state;
} s1_ledger_note;

/* What a link keeps for the aggregate. Between two changes only the equity moves. */
typedef struct s1_link_record {
    size_t count; /* rows */
    s1_nanos *time;
    s1_dec *equity;
    s1_ledger_note *changes; /* [change_count], rows rising */
    size_t change_count, change_room;
    s1_portfolio_state last; /* when the run ended */
} s1_link_record;

/* Notes the ledger at `row`; a second change of one row takes the place of the first. */
S1_WARN_UNUSED s1_rc s1_link_record_change(s1_link_record *record, uint64_t row,
                                           const s1_portfolio_state *state, s1_err *err);
/* Copies the series at the end of the run. S1_E_INVALID if the last change is not how the ledger
 * ended: a wiring kept LedgerStateChanged to itself. */
S1_WARN_UNUSED s1_rc s1_link_record_end(s1_link_record *record, const s1_run_series *series,
                                        const s1_portfolio_state *last, s1_err *err);
void s1_link_record_done(s1_link_record *record);

/* One link of operation.json. Texts borrowed. */
typedef struct s1_operation_link {
    s1_str link, strategy, environment, asset_pair, timeframe, currency;
    s1_dec initial_capital;
    bool is_complete;
    s1_str finish_reason, journal_head; /* of one that completed */
    s1_run_id run_id;
    uint64_t trades;
    s1_str error_code, error; /* of one that failed */
    const s1_link_record *record;
} s1_operation_link;

/* Something a portfolio rule did, or an answer to an event. */
typedef struct s1_rule_event {
    s1_nanos time;
    s1_str event;             /* "MAX_DRAWDOWN_BREACHED" */
    s1_str link;              /* whose event it is; empty: the operation's */
    s1_str currency;          /* empty: none */
    s1_dec limit, actual;     /* both zero: none */
    s1_str actions;           /* "close_all_portfolio_positions, ..." */
    s1_str message;           /* for people, may be empty */
    const s1_uid *threat_ids; /* [link_count], by link order; none where the link has none */
} s1_rule_event;

typedef struct s1_operation_results {
    s1_str name, display_name, command;
    uint64_t seed;
    s1_str config_hash, binary_hash;
    bool has_shared_clock; /* lock-step; false: the links ran on their own clocks */
    const s1_operation_link *links;
    uint32_t link_count;
    const s1_rule_event *events;
    size_t event_count;
    s1_duckdb *duckdb; /* NULL: no Parquet files */
} s1_operation_results;

/* Folds the aggregate and writes the files into `folder`, which exists. Errors: S1_E_DATA when an
 * aggregate is not the sum of its ledgers (never), S1_E_RANGE, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_operation_results_write(const s1_operation_results *results,
                                                const s1_fs *fs, const char *folder, s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_OPERATION_RESULTS_H */
