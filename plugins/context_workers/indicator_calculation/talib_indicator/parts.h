/* parts.h - what the indicators of talib_indicator are made of: windows and averages that take one
 * value per bar at a constant cost.
 *
 * A `_take` function gives NaN until its part stands, and passes NaN on untouched, so that parts
 * are chained without counting bars. Sums are kept in the order in which TA-Lib keeps them.
 */
#ifndef S1_TALIB_PARTS_H
#define S1_TALIB_PARTS_H

#include "s1mple/moments.h"
#include "s1mple/plugin.h"

#define NONE ((double)NAN)

/* Whether a difference of values as great as `scale` is rounding and nothing else: TA-Lib's bound.
 */
static inline bool is_nothing(double difference, double scale)
{
    return fabs(difference) <= 1e-14 * fabs(scale);
}

/* Memory of a worker, given out piece by piece. With no `base` it only counts: the state of an
 * indicator is set up twice, first to measure, then for good. */
typedef struct pool {
    char *base; /* zeroed */
    size_t used;
} pool;

void *pool_take(pool *me, size_t bytes);

/* The last `size` values. */
typedef struct ring {
    double *items;
    uint32_t size, at;
} ring;

void ring_init(ring *me, uint32_t size, pool *memory);
/* Takes a value and gives the one put `size` puts before; 0 where there is none. */
double ring_put(ring *me, double value);
/* The value put `ago` puts back, 1 being the last; 0 where there is none. */
double ring_ago(const ring *me, uint32_t ago);

/* The sum of the last `period` values. */
typedef struct window_sum {
    ring values;
    double sum;
    uint32_t seen;
} window_sum;

void window_sum_init(window_sum *me, uint32_t period, pool *memory);
double window_sum_take(window_sum *me, double value);
/* The simple average. */
double sma_take(window_sum *me, double value);

/* The exponential average, 2 / (period + 1), from the mean of its first values. */
typedef struct ema {
    double alpha, value; /* the sum while it is being seeded */
    uint32_t period, seen;
} ema;

void ema_init(ema *me, uint32_t period);
double ema_take(ema *me, double value);

/* Wilder's average: 1 / period of what is new, from the mean of its first values. */
typedef struct wilder {
    double value, alpha;
    uint32_t period, seen;
} wilder;

void wilder_init(wilder *me, uint32_t period);
double wilder_take(wilder *me, double value);

/* The average whose weights rise from 1 to `period`: the mean, and the values' covariance with
 * their numbers. */
typedef struct wma {
    s1_moments_window window;
    double seen;
} wma;

void wma_init(wma *me, uint32_t period, pool *memory);
double wma_take(wma *me, double value);

/* One of the three, as the parameter `average` says. */
enum average_type { AVERAGE_SMA, AVERAGE_EMA, AVERAGE_WMA };
typedef struct average {
    int type; /* enum average_type */
    union {
        window_sum simple;
        ema exponential;
        wma weighted;
    } as;
} average;

void average_init(average *me, int type, uint32_t period, pool *memory);
double average_take(average *me, double value);

/* The greatest (sign 1) or least (sign -1) of the last `size` values, by a queue of those that may
 * still become it: a value enters and leaves once. */
typedef struct candidate {
    double value; /* times the sign */
    uint64_t number;
} candidate;
typedef struct extreme {
    candidate *queue; /* [size], from `first`, falling */
    uint32_t size, first, count;
    double sign;
    uint64_t seen;
} extreme;

void extreme_init(extreme *me, uint32_t size, double sign, pool *memory);
double extreme_take(extreme *me, double value);
/* Bars since the extreme, the newest of equals. After the first extreme_take. */
uint32_t extreme_age(const extreme *me);

/* Where the close lies in the range of the last bars, 0 to 100; 0 without a range. */
typedef struct place {
    extreme highest, lowest;
} place;

void place_init(place *me, uint32_t period, pool *memory);
double place_take(place *me, double high, double low, double close);

/* Today's range with yesterday's close in it. */
double true_range(double high, double low, double previous_close);

/* Moments of the last `period` pairs. */
void moments_init(s1_moments_window *me, uint32_t period, pool *memory);

#endif /* S1_TALIB_PARTS_H */
