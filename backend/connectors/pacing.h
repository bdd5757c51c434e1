/* backend/connectors/pacing.h - when the next request may go out: a counter that decays, and
 * back-off after faults. Integers and a seeded stream only: the same history gives the same times.
 */
#ifndef S1_BACKEND_CONNECTORS_PACING_H
#define S1_BACKEND_CONNECTORS_PACING_H

#include "backend/utils/rng.h"
#include "s1mple/base.h"

/* A request adds its cost to a counter that may hold `counter_max` and loses one per `decay`. */
typedef struct s1_pacing_options {
    uint32_t counter_max;   /* at least 1 */
    s1_nanos decay;         /* of one; 0: no limit of our own */
    s1_nanos retry_first;   /* wait after a first fault; doubles from fault to fault ... */
    s1_nanos retry_max;     /* ... up to this */
    s1_nanos limited_first; /* the same where the exchange wants fewer requests */
    s1_nanos limited_max;
    uint64_t seed; /* of the quarter by which waits differ, so that clients do not march in step */
} s1_pacing_options;

typedef struct s1_pacing {
    s1_pacing_options options;
    s1_nanos empty_at;       /* when the counter will have decayed to nothing */
    s1_nanos retry_at;       /* not before, after a fault */
    uint32_t faults, limits; /* in a row */
    s1_rng rng;
} s1_pacing;

void s1_pacing_init(s1_pacing *pacing, const s1_pacing_options *options);

/* When a request of `cost` may go out, at or after `now`. Changes nothing. */
s1_nanos s1_pacing_not_before(const s1_pacing *pacing, uint32_t cost, s1_nanos now);

/* One of `cost` went out at `now`. */
void s1_pacing_on_send(s1_pacing *pacing, uint32_t cost, s1_nanos now);

/* What came of it. A fault and a limit set the time of the next try and return it; `at_least` is
 * the wait the exchange itself asked for, or 0. */
void s1_pacing_on_success(s1_pacing *pacing);
s1_nanos s1_pacing_on_fault(s1_pacing *pacing, s1_nanos now);
s1_nanos s1_pacing_on_limit(s1_pacing *pacing, s1_nanos now, s1_nanos at_least);

#endif /* S1_BACKEND_CONNECTORS_PACING_H */
