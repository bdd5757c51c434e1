/* s1mple/moments.h - means, variances and the covariance of the last n pairs of values, one pair at
 * a time.
 *
 * A sum of squares that values are taken out of again loses the digits of a narrow window that
 * follows a wide one. Here nothing is taken out: pairs are gathered in blocks of n, and a window is
 * the tail of the block before joined with the head of this one. The tails are worked out once per
 * block, so that a pair costs two steps over the run and no error outlives a block.
 *
 * One series alone: give 0 for the other. A line through the last n values: give their numbers 0,
 * 1, 2, ... for the other; xy / yy is then its slope.
 */
#ifndef S1MPLE_MOMENTS_H
#define S1MPLE_MOMENTS_H

#include "s1mple/base.h"

#include <math.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct s1_moments {
    double count, mean_x, mean_y;
    double xx, yy, xy; /* sums of products of distances from the means */
} s1_moments;

typedef struct s1_pair {
    double x, y;
} s1_pair;

/* Windows of `period` pairs. */
typedef struct s1_moments_window {
    s1_moments head;   /* of the pairs of this block */
    uint64_t begun;    /* how many they are */
    uint64_t blocks;   /* blocks done */
    uint64_t period;   /* 1 or more */
    s1_pair *pairs;    /* [period] of this block */
    s1_moments *tails; /* [period]; [n] of the last n pairs of the block before */
} s1_moments_window;

static inline void s1_moments_add(s1_moments *me, double x, double y)
{
    me->count += 1.0;
    const double from_x = x - me->mean_x;
    const double from_y = y - me->mean_y;
    me->mean_x += from_x / me->count;
    me->mean_y += from_y / me->count;
    me->xx += from_x * (x - me->mean_x);
    me->yy += from_y * (y - me->mean_y);
    me->xy += from_x * (y - me->mean_y);
}

/* Of the pairs of both; neither may be empty. */
static inline s1_moments s1_moments_join(const s1_moments *a, const s1_moments *b)
{
    const double count = a->count + b->count;
    const double part = b->count / count;
    const double weight = a->count * b->count / count;
    const double x = b->mean_x - a->mean_x;
    const double y = b->mean_y - a->mean_y;
    s1_moments both;
    both.count = count;
    both.mean_x = a->mean_x + x * part;
    both.mean_y = a->mean_y + y * part;
    both.xx = a->xx + b->xx + x * x * weight;
    both.yy = a->yy + b->yy + y * y * weight;
    both.xy = a->xy + b->xy + x * y * weight;
    return both;
}

/* A variance that is none: below it lies the error of the sums. For logarithms and returns, a
 * deviation of 1e-8. */
#define S1_MOMENTS_STILL 1e-16

/* Pearson's correlation; NaN where one side does not move. */
static inline double s1_moments_correlation(const s1_moments *me)
{
    const double least = S1_MOMENTS_STILL * me->count;
    if (!(me->xx > least && me->yy > least)) {
        return (double)NAN;
    }
    const double value = me->xy / (sqrt(me->xx) * sqrt(me->yy));
    return value > 1.0 ? 1.0 : value < -1.0 ? -1.0 : value;
}

/* Bytes of memory a window needs beside its struct, aligned as doubles are. */
static inline size_t s1_moments_window_bytes(uint64_t period)
{
    return (size_t)period * (sizeof(s1_moments) + sizeof(s1_pair));
}

/* An empty window over zeroed `memory`, which stays the caller's and outlives it. */
static inline void s1_moments_window_init(s1_moments_window *me, uint64_t period, void *memory)
{
    const s1_moments none = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    me->head = none;
    me->begun = 0;
    me->blocks = 0;
    me->period = period;
    me->tails = (s1_moments *)memory;
    me->pairs = (s1_pair *)(void *)(me->tails + period);
}

/* Takes the newest pair and gives the moments of the window: of fewer pairs (count says) while
 * there are fewer. */
static inline s1_moments s1_moments_window_take(s1_moments_window *me, double x, double y)
{
    const s1_moments none = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
    me->pairs[me->begun].x = x;
    me->pairs[me->begun].y = y;
    me->begun++;
    s1_moments_add(&me->head, x, y);
    const s1_moments head = me->head;
    if (me->begun < me->period) {
        return me->blocks == 0 ? head : s1_moments_join(&me->tails[me->period - me->begun], &head);
    }
    s1_moments tail = none;
    for (uint64_t n = 1; n < me->period; n++) {
        const s1_pair *const pair = &me->pairs[me->period - n];
        s1_moments_add(&tail, pair->x, pair->y);
        me->tails[n] = tail;
    }
    me->head = none;
    me->begun = 0;
    me->blocks++;
    return head;
}

#ifdef __cplusplus
}
#endif
#endif /* S1MPLE_MOMENTS_H */
