/* backend/utils/clock.h - the seam of time. Whoever needs to know the time is given a clock. */
#ifndef S1_UTILS_CLOCK_H
#define S1_UTILS_CLOCK_H

#include "s1mple/base.h"

typedef struct s1_clock {
    void *self;
    s1_nanos (*wall)(void *self);      /* now, UTC; may jump */
    s1_nanos (*monotonic)(void *self); /* since some start; never goes back; for durations */
} s1_clock;

static inline s1_nanos s1_clock_wall(const s1_clock *clock)
{
    return clock->wall(clock->self);
}

static inline s1_nanos s1_clock_monotonic(const s1_clock *clock)
{
    return clock->monotonic(clock->self);
}

/* The machine's clocks. Static, any thread. */
const s1_clock *s1_clock_real(void);

/* A clock that stands until it is moved: for tests and simulated time. In the caller's memory. */
typedef struct s1_manual_clock {
    s1_clock clock; /* hand &manual.clock out */
    s1_nanos wall_now;
    s1_nanos monotonic_now;
} s1_manual_clock;

void s1_manual_clock_init(s1_manual_clock *manual, s1_nanos wall);
/* Moves both on; `delta` >= 0. */
void s1_manual_clock_advance(s1_manual_clock *manual, s1_nanos delta);
/* Sets the wall clock (may go back); the monotonic one follows forward moves only. */
void s1_manual_clock_set(s1_manual_clock *manual, s1_nanos wall);

#endif /* S1_UTILS_CLOCK_H */
