/* backend/environments/backtest/backtest_environment.h - history as if it happened now.
 *
 * Merges the bars of several streams by close time and hands them out moment by moment; orders go
 * to the matching engine (backend/environments/matching/matching_engine.h) on the bars of the
 * primary stream, on the trades those are made of, or on the order book beside those. Nothing of a
 * bar is visible before its close; a bar that has not been handed out lies in the reader's batch,
 * where no worker can reach.
 */
#ifndef S1_BACKEND_ENVIRONMENTS_BACKTEST_BACKTEST_ENVIRONMENT_H
#define S1_BACKEND_ENVIRONMENTS_BACKTEST_BACKTEST_ENVIRONMENT_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/core/interfaces/environment.h"
#include "backend/data/resample/trade_bars.h"
#include "backend/environments/matching/matching_engine.h"
#include "backend/environments/matching/matching_line.h"
#include "backend/utils/clock.h"

typedef struct s1_backtest_stream {
    s1_bar_reader *reader; /* taken: closed with the environment, on failure of _new too */
    s1_str asset_pair;     /* borrowed */
    s1_nanos timeframe;
    const s1_instrument *instrument; /* borrowed; scales of the bars handed out */
} s1_backtest_stream;

typedef struct s1_backtest_environment_options {
    const s1_backtest_stream *streams; /* [stream_count], the primary first */
    uint32_t stream_count;
    uint32_t reserved;
    s1_nanos from;                /* bars that open before it are warm-up */
    s1_trade_bars *trades;        /* the reader of the primary, where orders match on its trades;
                                     NULL: on its bars */
    s1_market_reader *book;       /* with `trades`: orders match on it beside them (matching.book is
                                     set); NULL: they do not. Taken as readers are */
    s1_matching_options matching; /* of the primary's instrument */
    s1_latency latency;           /* all zero: orders and answers take no time */
    const s1_clock *clock;        /* measures the time spent reading; borrowed */
} s1_backtest_environment_options;

typedef struct s1_backtest_environment s1_backtest_environment;

/* Heap; free with s1_backtest_environment_free. `listener` hears of orders. Errors: S1_E_DATA for
 * data with more decimals than the instrument, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_backtest_environment_new(const s1_backtest_environment_options *options,
                                                 const s1_order_listener *listener,
                                                 s1_backtest_environment **ret_environment,
                                                 s1_err *err);
void s1_backtest_environment_free(s1_backtest_environment *environment); /* accepts NULL */

/* The verbs of ARCHITECTURE §7. Valid as long as the environment. */
s1_environment s1_backtest_environment_verbs(s1_backtest_environment *environment);

/* Host time spent in the readers so far. */
s1_nanos s1_backtest_environment_read_time(const s1_backtest_environment *environment);

/* How often each rule decided a fill; [enum s1_fill_rule]. Borrowed. */
const uint64_t *s1_backtest_environment_rules(const s1_backtest_environment *environment);

#endif /* S1_BACKEND_ENVIRONMENTS_BACKTEST_BACKTEST_ENVIRONMENT_H */
