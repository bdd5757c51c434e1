/* services/api/operation.h - reads what an operation of several links left beside its runs. A
 * frontend knows no file inside a results folder. */
#ifndef S1_SERVICES_API_OPERATION_H
#define S1_SERVICES_API_OPERATION_H

#include "s1mple/base.h"

/* Everything is borrowed until the operation is freed. Amounts are exact texts, "" where there is
 * none. */
typedef struct s1_operation_link_view {
    const char *link, *strategy, *environment, *asset_pair, *timeframe, *currency;
    bool is_complete;
    const char *finish_reason, *run_id, *journal_head;
    const char *initial_capital, *equity, *cash, *reserved, *exposure;
    const char *realized_pnl, *unrealized_pnl, *fees;
    uint64_t bars, trades, open_positions;
    const char *error_code, *error; /* of a link that failed */
} s1_operation_link_view;

typedef struct s1_operation_sum_view { /* AggregateMetrics of one currency */
    const char *currency;
    uint64_t links, moments, open_positions;
    const char *initial_capital, *equity, *cash, *reserved, *exposure;
    const char *realized_pnl, *unrealized_pnl, *fees;
    const char *peak, *drawdown, *drawdown_pct, *max_drawdown_pct;
} s1_operation_sum_view;

typedef struct s1_operation_event_view {
    const char *time, *event, *link, *currency, *limit, *actual, *actions, *message;
} s1_operation_event_view;

typedef struct s1_operation_view {
    const char *dir, *name, *display_name, *clock;
    const s1_operation_link_view *links; /* [link_count], order of the operation */
    size_t link_count;
    const s1_operation_sum_view *sums; /* [sum_count], one per currency */
    size_t sum_count;
    const s1_operation_event_view *events; /* [event_count], in order of time */
    size_t event_count;
    const char *json; /* all of it as one JSON object */
} s1_operation_view;

typedef struct s1_operation_report s1_operation_report; /* opaque, heap */

/* Is `dir` the results folder of an operation of several links? */
bool s1_api_is_operation(const char *dir);

/* Opens it. Errors: S1_E_NOT_FOUND, S1_E_DATA when a file is damaged, S1_E_IO. */
S1_WARN_UNUSED
s1_rc s1_api_operation_open(const char *dir, s1_operation_report **ret_report, s1_err *err);
const s1_operation_view *s1_operation_view_borrow(const s1_operation_report *report);
void s1_operation_report_free(s1_operation_report *report); /* accepts NULL */

/* Does what operation.json says agree with the runs beside it: every completed link has its run,
 * with the run id, journal head and figures told, and every aggregate is the sum over its links, to
 * the last decimal? S1_E_DATA names the first that does not, found and expected; also the errors of
 * s1_api_operation_open and s1_api_results_open. */
S1_WARN_UNUSED s1_rc s1_api_operation_check(const char *dir, s1_err *err);

#endif /* S1_SERVICES_API_OPERATION_H */
