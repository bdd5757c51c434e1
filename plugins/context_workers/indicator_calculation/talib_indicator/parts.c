#include "parts.h"

void *pool_take(pool *me, size_t bytes)
{
    void *const piece = me->base != NULL ? me->base + me->used : NULL;
    me->used += (bytes + 15u) & ~(size_t)15u;
    return piece;
}

/* --- Windows. --- */

void ring_init(ring *me, uint32_t size, pool *memory)
{
    *me = (ring){.items = pool_take(memory, size * sizeof(double)), .size = size};
}

double ring_put(ring *me, double value)
{
    const double old = me->items[me->at];
    me->items[me->at] = value;
    me->at = me->at + 1 < me->size ? me->at + 1 : 0;
    return old;
}

double ring_ago(const ring *me, uint32_t ago)
{
    return me->items[me->at >= ago ? me->at - ago : me->at + me->size - ago];
}

void window_sum_init(window_sum *me, uint32_t period, pool *memory)
{
    *me = (window_sum){0};
    ring_init(&me->values, period, memory);
}

double window_sum_take(window_sum *me, double value)
{
    if (isnan(value)) {
        return NONE;
    }
    me->sum -= ring_put(&me->values, value);
    me->sum += value;
    me->seen += me->seen < me->values.size;
    return me->seen < me->values.size ? NONE : me->sum;
}

double sma_take(window_sum *me, double value)
{
    return window_sum_take(me, value) / (double)me->values.size;
}

/* --- Averages. --- */

void ema_init(ema *me, uint32_t period)
{
    *me = (ema){.alpha = 2.0 / ((double)period + 1.0), .period = period};
}

/* Whether a value was taken that belongs to the seed, which is a sum until its caller ends it. */
static bool take_seed(double *sum, uint32_t *seen, uint32_t period, double value)
{
    if (*seen == period) {
        return false;
    }
    *sum += value;
    ++*seen;
    return true;
}

double ema_take(ema *me, double value)
{
    if (isnan(value)) {
        return NONE;
    }
    if (!take_seed(&me->value, &me->seen, me->period, value)) {
        me->value += (value - me->value) * me->alpha;
    } else if (me->seen == me->period) {
        me->value /= (double)me->period;
    }
    return me->seen < me->period ? NONE : me->value;
}

void wilder_init(wilder *me, uint32_t period)
{
    *me = (wilder){.alpha = 1.0 / (double)period, .period = period};
}

double wilder_take(wilder *me, double value)
{
    if (isnan(value)) {
        return NONE;
    }
    if (!take_seed(&me->value, &me->seen, me->period, value)) {
        me->value = (me->value * ((double)me->period - 1.0) + value) * me->alpha;
    } else if (me->seen == me->period) {
        me->value *= me->alpha;
    }
    return me->seen < me->period ? NONE : me->value;
}

void wma_init(wma *me, uint32_t period, pool *memory)
{
    *me = (wma){0};
    moments_init(&me->window, period, memory);
}

double wma_take(wma *me, double value)
{
    if (isnan(value)) {
        return NONE;
    }
    const s1_moments window = s1_moments_window_take(&me->window, value, me->seen);
    const double period = (double)me->window.period;
    me->seen += 1.0;
    return me->seen < period ? NONE : window.mean_x + window.xy / (period * (period + 1.0) / 2.0);
}

void average_init(average *me, int type, uint32_t period, pool *memory)
{
    me->type = type;
    if (type == AVERAGE_SMA) {
        window_sum_init(&me->as.simple, period, memory);
    } else if (type == AVERAGE_EMA) {
        ema_init(&me->as.exponential, period);
    } else {
        wma_init(&me->as.weighted, period, memory);
    }
}

double average_take(average *me, double value)
{
    if (me->type == AVERAGE_SMA) {
        return sma_take(&me->as.simple, value);
    }
    return me->type == AVERAGE_EMA ? ema_take(&me->as.exponential, value)
                                   : wma_take(&me->as.weighted, value);
}

/* --- Extremes. --- */

void extreme_init(extreme *me, uint32_t size, double sign, pool *memory)
{
    *me =
        (extreme){.queue = pool_take(memory, size * sizeof(candidate)), .size = size, .sign = sign};
}

static candidate *candidate_at(const extreme *me, uint32_t index)
{
    const uint32_t at = me->first + index;
    return &me->queue[at < me->size ? at : at - me->size];
}

double extreme_take(extreme *me, double value)
{
    if (isnan(value)) {
        return NONE;
    }
    const double signed_value = value * me->sign;
    if (me->count > 0 && me->queue[me->first].number + me->size == me->seen) {
        me->first = me->first + 1 < me->size ? me->first + 1 : 0;
        me->count--;
    }
    while (me->count > 0 && candidate_at(me, me->count - 1)->value <= signed_value) {
        me->count--;
    }
    *candidate_at(me, me->count++) = (candidate){signed_value, me->seen++};
    return me->seen < me->size ? NONE : me->queue[me->first].value * me->sign;
}

uint32_t extreme_age(const extreme *me)
{
    return (uint32_t)(me->seen - 1 - me->queue[me->first].number);
}

void place_init(place *me, uint32_t period, pool *memory)
{
    extreme_init(&me->highest, period, 1.0, memory);
    extreme_init(&me->lowest, period, -1.0, memory);
}

double place_take(place *me, double high, double low, double close)
{
    const double highest = extreme_take(&me->highest, high);
    const double lowest = extreme_take(&me->lowest, low);
    const double hundredth = (highest - lowest) / 100.0;
    return hundredth == 0.0 ? 0.0 : (close - lowest) / hundredth;
}

/* --- Others. --- */

double true_range(double high, double low, double previous_close)
{
    const double up = fabs(high - previous_close);
    const double down = fabs(low - previous_close);
    const double reach = up > down ? up : down;
    return high - low > reach ? high - low : reach;
}

void moments_init(s1_moments_window *me, uint32_t period, pool *memory)
{
    void *const piece = pool_take(memory, s1_moments_window_bytes(period));
    if (piece != NULL) {
        s1_moments_window_init(me, period, piece);
    }
}
