/* s1mple/rolling.h - statistics of the newest pairs of two streams, O(1) for each new one.
 *
 * s1_stream_pair walks two streams together over the bars that closed at the same moment.
 * s1_rolling_pair keeps mean, variance and covariance of the newest `window` pairs of numbers. Sums
 * of squares about the mean are carried on, not raw squares, and taken anew from the window every
 * `window` pairs, so that errors of rounding do not grow with the history.
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

/* --- Pairs of numbers. -------------------------------------------------------------------- */

typedef struct s1_rolling_pair {
    double *items; /* [2 * window], x and y in turn */
    uint64_t window;
    uint64_t count; /* pairs put, ever */
    double mean_x, mean_y;
    double sum_xx, sum_yy, sum_xy; /* of products of distances from the means */
} s1_rolling_pair;

/* `items` has room for 2 * window doubles and is the caller's; window >= 2. */
static inline void s1_rolling_pair_init(s1_rolling_pair *me, double *items, uint64_t window)
{
    me->items = items;
    me->window = window;
    me->count = 0;
    me->mean_x = me->mean_y = me->sum_xx = me->sum_yy = me->sum_xy = 0.0;
}

/* True once `window` pairs were put. */
static inline bool s1_rolling_pair_is_full(const s1_rolling_pair *me)
{
    return me->count >= me->window;
}

static inline uint64_t s1_rolling_pair_size(const s1_rolling_pair *me)
{
    return me->count < me->window ? me->count : me->window;
}

/* Takes everything anew from the pairs of the window. */
static inline void s1_rolling_pair_refresh(s1_rolling_pair *me)
{
    const uint64_t size = s1_rolling_pair_size(me);
    double x = 0.0;
    double y = 0.0;
    for (uint64_t i = 0; i < size; i++) {
        x += me->items[2 * i];
        y += me->items[2 * i + 1];
    }
    me->mean_x = x / (double)size;
    me->mean_y = y / (double)size;
    me->sum_xx = me->sum_yy = me->sum_xy = 0.0;
    for (uint64_t i = 0; i < size; i++) {
        const double dx = me->items[2 * i] - me->mean_x;
        const double dy = me->items[2 * i + 1] - me->mean_y;
        me->sum_xx += dx * dx;
        me->sum_yy += dy * dy;
        me->sum_xy += dx * dy;
    }
}

/* Adds a pair, over the oldest once the window is full. */
static inline void s1_rolling_pair_put(s1_rolling_pair *me, double x, double y)
{
    double *const slot = &me->items[2 * (me->count % me->window)];
    const bool is_full = s1_rolling_pair_is_full(me);
    const double old_x = is_full ? slot[0] : 0.0;
    const double old_y = is_full ? slot[1] : 0.0;
    slot[0] = x;
    slot[1] = y;
    me->count++;
    if (me->count % me->window == 0) {
        s1_rolling_pair_refresh(me);
        return;
    }
    const double size = (double)s1_rolling_pair_size(me);
    const double mean_x = me->mean_x + (is_full ? x - old_x : x - me->mean_x) / size;
    const double mean_y = me->mean_y + (is_full ? y - old_y : y - me->mean_y) / size;
    me->sum_xx += (x - mean_x) * (x - me->mean_x);
    me->sum_yy += (y - mean_y) * (y - me->mean_y);
    me->sum_xy += (x - mean_x) * (y - me->mean_y);
    if (is_full) {
        me->sum_xx -= (old_x - mean_x) * (old_x - me->mean_x);
        me->sum_yy -= (old_y - mean_y) * (old_y - me->mean_y);
        me->sum_xy -= (old_x - mean_x) * (old_y - me->mean_y);
    }
    me->mean_x = mean_x;
    me->mean_y = mean_y;
}

/* A variance that is none: below it lies the error of the sums, which is 1e-16 of the largest
 * square that left the window since they were last taken anew. For logarithms and returns, a
 * deviation of 1e-8. */
#define S1_ROLLING_STILL 1e-16

/* Pearson's correlation of the pairs in the window; NaN where one side does not move. */
static inline double s1_rolling_pair_correlation(const s1_rolling_pair *me)
{
    const double least = S1_ROLLING_STILL * (double)s1_rolling_pair_size(me);
    if (!(me->sum_xx > least && me->sum_yy > least)) {
        return (double)NAN;
    }
    const double value = me->sum_xy / (sqrt(me->sum_xx) * sqrt(me->sum_yy));
    return value > 1.0 ? 1.0 : value < -1.0 ? -1.0 : value;
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
