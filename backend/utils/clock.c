#include "backend/utils/clock.h"

#include "backend/utils/assert.h"

#include <time.h>

static s1_nanos read_clock(clockid_t id)
{
    struct timespec now;
    const int failed = clock_gettime(id, &now);
    S1_ASSERT(failed == 0);
    return (s1_nanos)now.tv_sec * S1_NANOS_PER_SECOND + now.tv_nsec;
}

static s1_nanos real_wall(void *self)
{
    (void)self;
    return read_clock(CLOCK_REALTIME);
}

static s1_nanos real_monotonic(void *self)
{
    (void)self;
    return read_clock(CLOCK_MONOTONIC);
}

const s1_clock *s1_clock_real(void)
{
    static const s1_clock clock = {NULL, real_wall, real_monotonic};
    return &clock;
}

static s1_nanos manual_wall(void *self)
{
    return ((const s1_manual_clock *)self)->wall_now;
}

static s1_nanos manual_monotonic(void *self)
{
    return ((const s1_manual_clock *)self)->monotonic_now;
}

void s1_manual_clock_init(s1_manual_clock *manual, s1_nanos wall)
{
    *manual = (s1_manual_clock){.clock = {manual, manual_wall, manual_monotonic}, .wall_now = wall};
}

void s1_manual_clock_advance(s1_manual_clock *manual, s1_nanos delta)
{
    S1_ASSERT(delta >= 0);
    manual->wall_now += delta;
    manual->monotonic_now += delta;
}

void s1_manual_clock_set(s1_manual_clock *manual, s1_nanos wall)
{
    if (wall > manual->wall_now) {
        manual->monotonic_now += wall - manual->wall_now;
    }
    manual->wall_now = wall;
}
