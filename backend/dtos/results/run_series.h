/* backend/dtos/results/run_series.h - what a run leaves behind per bar, as borrowed columns.
 *
 * Row i is the i-th bar the run traded on (warm-up bars are not in it): the state after everything
 * that happened at that bar's close. The arrays belong to whoever made the series (the engine) and
 * live as long as the run.
 */
#ifndef S1_BACKEND_DTOS_RESULTS_RUN_SERIES_H
#define S1_BACKEND_DTOS_RESULTS_RUN_SERIES_H

#include "s1mple/market.h"

typedef struct s1_run_series {
    size_t count;
    const s1_nanos *time;       /* close time of the bar, rising */
    const s1_dec *equity;       /* cash + open positions marked at the close, quote currency */
    const double *close;        /* close of the primary stream */
    const uint8_t *in_position; /* 1 if a position was open at the close; NULL: never */
    const double *high, *low;   /* of the primary stream; NULL: not known */
    const double *benchmark;    /* what is bought and held instead; NULL: `close` */
} s1_run_series;

/* The base of buy and hold. */
static inline const double *s1_run_series_market(const s1_run_series *series)
{
    return series->benchmark != NULL ? series->benchmark : series->close;
}

#endif /* S1_BACKEND_DTOS_RESULTS_RUN_SERIES_H */
