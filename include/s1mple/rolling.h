/* s1mple/rolling.h - what a worker carries on from bar to bar: two streams walked together, the sum
 * of a series. O(1) for each new bar, and a function of the visible bars alone. Means, variances
 * and correlations: s1mple/moments.h.
 */
#ifndef S1MPLE_ROLLING_H
#define S1MPLE_ROLLING_H

#include "s1mple/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Two streams. ------------------------------------------------------------------------- */

typedef struct s1_stream_pair {
    const s1_stream *first, *second;
    uint64_t first_row, second_row; /* rows looked at */
} s1_stream_pair;

/* The next rows (0 is a stream's first bar) that closed at the same moment, of those visible. False
 * if there are none yet; a bar without a partner is passed over. Each row is looked at once. */
static inline bool s1_stream_pair_next(s1_stream_pair *pair, uint64_t *ret_first,
                                       uint64_t *ret_second)
{
    while (pair->first_row < pair->first->rows && pair->second_row < pair->second->rows) {
        const s1_nanos first = pair->first->close_time[pair->first_row];
        const s1_nanos second = pair->second->close_time[pair->second_row];
        if (first == second) {
            *ret_first = pair->first_row++;
            *ret_second = pair->second_row++;
            return true;
        }
        if (first < second) {
            pair->first_row++;
        } else {
            pair->second_row++;
        }
    }
    return false;
}

/* --- The sum of a series. ----------------------------------------------------------------- */

/* The sum of the newest `window` values. A function of the visible rows alone: it is taken anew on
 * every row whose number is a multiple of the window and carried on from there, so that errors of
 * rounding do not grow, and it does not matter when the worker was first called. */
typedef struct s1_series_sum {
    const s1_series *series;
    uint64_t window; /* >= 1 */
    uint64_t rows;   /* summed up to here; 0: nothing yet */
    double sum;
} s1_series_sum;

/* Brings the sum to the newest row; false while there are fewer than `window`. */
static inline bool s1_series_sum_advance(s1_series_sum *me)
{
    const uint64_t rows = s1_series_rows(me->series);
    const double *const values = me->series->values;
    if (rows < me->window) {
        return false;
    }
    const uint64_t aligned = rows - rows % me->window;
    uint64_t row = me->rows > aligned ? me->rows : aligned;
    if (me->rows < aligned) {
        me->sum = 0.0;
        for (uint64_t i = aligned - me->window; i < aligned; i++) {
            me->sum += values[i];
        }
    }
    for (; row < rows; row++) {
        me->sum += values[row] - values[row - me->window];
    }
    me->rows = rows;
    return true;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_ROLLING_H */
