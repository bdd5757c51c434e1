/* backend/core/aggregate_portfolio.h - AggregatePortfolioView: the ledgers of an operation as one.
 *
 * Hears the state of each link (PortfolioStateChanged) and keeps AggregateMetrics, one per quote
 * currency: amounts of two currencies are never added. At every moment each sum equals the sum over
 * the links' last states, exactly; s1_aggregate_portfolio_check says so.
 *
 * A moment is a point of simulated time at which at least one link closed a bar. Within it the
 * states come link by link, in link order; s1_aggregate_portfolio_end_moment closes it, and only
 * there the peak moves. A link that has not begun counts with its initial capital, one that has
 * ended with its last state.
 *
 * Knows no bus. One view, one thread. Nothing here allocates after _new.
 */
#ifndef S1_BACKEND_CORE_AGGREGATE_PORTFOLIO_H
#define S1_BACKEND_CORE_AGGREGATE_PORTFOLIO_H

#include "s1mple/context.h"
#include "s1mple/error.h"

/* X(field, definition): what a link's state and the sum over links both have. */
#define S1_PORTFOLIO_SUM_MAP(X)                                                                    \
    X(initial_capital, "cash at the start")                                                        \
    X(equity, "cash and open positions, marked to the last close of their own market")             \
    X(cash, "cash, what is held for working entry orders included")                                \
    X(reserved, "cash held for working entry orders")                                              \
    X(exposure, "cost of the open positions, longs and shorts both positive")                      \
    X(realized_pnl, "result of what was closed, gross of fees")                                    \
    X(unrealized_pnl, "result of what is open")                                                    \
    X(fees, "fees paid")

/* PortfolioState, the payload of PortfolioStateChanged: one link's ledger at a moment. */
typedef struct s1_portfolio_state {
    uint32_t link; /* order in the operation */
    uint32_t open_positions;
    s1_nanos time;
#define X(field, definition) s1_dec field;
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
} s1_portfolio_state;

/* AggregateMetrics of one currency. */
typedef struct s1_aggregate_metrics {
    s1_str currency;
    s1_nanos time; /* of the last state; 0 before the first */
    uint32_t links;
    uint32_t open_positions;
#define X(field, definition) s1_dec field;
    S1_PORTFOLIO_SUM_MAP(X)
#undef X
    s1_dec peak;             /* highest equity at the end of a moment, initial_capital included */
    s1_dec drawdown;         /* peak - equity; 0 at the peak and above */
    s1_dec drawdown_pct;     /* drawdown in percent of the peak, rounded up at 18 decimals */
    s1_dec max_drawdown_pct; /* largest so far, at the end of a moment */
} s1_aggregate_metrics;

typedef struct s1_aggregate_link {
    s1_str currency; /* borrowed */
    s1_dec initial_capital;
} s1_aggregate_link;

typedef struct s1_aggregate_portfolio s1_aggregate_portfolio;

/* Heap; free with s1_aggregate_portfolio_free. Errors: S1_E_INVALID without a link, S1_E_RANGE,
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_aggregate_portfolio_new(const s1_aggregate_link *links, uint32_t link_count,
                                                s1_aggregate_portfolio **ret_view, s1_err *err);
void s1_aggregate_portfolio_free(s1_aggregate_portfolio *view); /* accepts NULL */

/* Takes a link's state in the place of its last one. S1_E_RANGE when a sum leaves the range of a
 * decimal, S1_E_INVALID for a link there is not; the view is then unchanged. */
S1_WARN_UNUSED s1_rc s1_aggregate_portfolio_update(s1_aggregate_portfolio *view,
                                                   const s1_portfolio_state *state, s1_err *err);

/* Closes a moment: peaks and largest drawdowns move. */
S1_WARN_UNUSED s1_rc s1_aggregate_portfolio_end_moment(s1_aggregate_portfolio *view, s1_err *err);

/* One per currency, in the order their first links have. Borrowed until the view is freed. */
const s1_aggregate_metrics *s1_aggregate_portfolio_metrics(const s1_aggregate_portfolio *view,
                                                           uint32_t *ret_count);
/* Of the currency of a link. */
const s1_aggregate_metrics *s1_aggregate_portfolio_of_link(const s1_aggregate_portfolio *view,
                                                           uint32_t link);

/* Is every aggregate the sum of its links' last states? S1_E_DATA names what is not. */
S1_WARN_UNUSED s1_rc s1_aggregate_portfolio_check(const s1_aggregate_portfolio *view, s1_err *err);

/* The state of a ledger (its view and the cost of its positions). */
s1_portfolio_state s1_portfolio_state_of(const s1_ledger_view *ledger, s1_dec exposure,
                                         uint32_t link, s1_nanos time);

#endif /* S1_BACKEND_CORE_AGGREGATE_PORTFOLIO_H */
