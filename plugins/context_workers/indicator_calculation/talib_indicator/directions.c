/* Wilder's directional movement, true ranges, and Aroon. */
#include "indicator.h"

/* --- PLUS_DM, MINUS_DM, PLUS_DI, MINUS_DI, DX, ADX, ADXR. --- */

typedef struct movement_state {
    double high, low, close;   /* of the bar before */
    double plus, minus, range; /* Wilder's sums */
    uint64_t moves;            /* bars seen with one before them */
    double period;
    wilder index; /* of DX */
    double dx;    /* the last one that stood */
    ring before;  /* of ADX, for ADXR */
    uint32_t averages;
    bool has_bar;
} movement_state;

static void movement_init(void *state, const settings *given, pool *memory)
{
    movement_state *const me = state;
    me->period = (double)PERIOD_OF(given);
    wilder_init(&me->index, PERIOD_OF(given));
    ring_init(&me->before, PERIOD_OF(given) - 1, memory);
}

/* The sum loses its average and gains the value; the first period - 1 are only gathered. */
static void gather(const movement_state *me, double *sum, double value)
{
    *sum = (double)me->moves < me->period ? *sum + value : *sum - *sum / me->period + value;
}

static void movement_take(movement_state *me, const double *bar)
{
    if (me->has_bar) {
        const double up = bar[HIGH] - me->high;
        const double down = me->low - bar[LOW];
        me->moves++;
        gather(me, &me->plus, up > 0.0 && up > down ? up : 0.0);
        gather(me, &me->minus, down > 0.0 && down > up ? down : 0.0);
        gather(me, &me->range, true_range(bar[HIGH], bar[LOW], me->close));
    }
    me->has_bar = true;
    me->high = bar[HIGH];
    me->low = bar[LOW];
    me->close = bar[CLOSE];
}

/* A sum as a share of the range; NaN until they stand. */
static double share(const movement_state *me, double sum)
{
    if ((double)me->moves < me->period) {
        return NONE;
    }
    return is_nothing(me->range, me->close) ? 0.0 : 100.0 * (sum / me->range);
}

static void plus_dm_step(void *state, const double *bar, double *out)
{
    movement_state *const me = state;
    movement_take(me, bar);
    out[0] = (double)me->moves < me->period - 1.0 ? NONE : me->plus;
}

static void minus_dm_step(void *state, const double *bar, double *out)
{
    movement_state *const me = state;
    movement_take(me, bar);
    out[0] = (double)me->moves < me->period - 1.0 ? NONE : me->minus;
}

static void plus_di_step(void *state, const double *bar, double *out)
{
    movement_state *const me = state;
    movement_take(me, bar);
    out[0] = share(me, me->plus);
}

static void minus_di_step(void *state, const double *bar, double *out)
{
    movement_state *const me = state;
    movement_take(me, bar);
    out[0] = share(me, me->minus);
}

/* Whether this bar has an index; without any movement the one before it stays. */
static bool dx_take(movement_state *me, const double *bar)
{
    movement_take(me, bar);
    if ((double)me->moves < me->period) {
        return false;
    }
    const double plus = share(me, me->plus);
    const double minus = share(me, me->minus);
    const bool has_index = !is_nothing(plus + minus, 1.0);
    me->dx = has_index ? 100.0 * (fabs(minus - plus) / (plus + minus)) : me->dx;
    return has_index;
}

static void dx_step(void *state, const double *bar, double *out)
{
    movement_state *const me = state;
    (void)dx_take(me, bar);
    out[0] = (double)me->moves < me->period ? NONE : me->dx;
}

/* A bar without an index adds nothing to the first average and leaves it later on. */
static double adx_take(movement_state *me, const double *bar)
{
    const bool has_index = dx_take(me, bar);
    if ((double)me->moves < me->period) {
        return NONE;
    }
    if (has_index || me->index.seen < me->index.period) {
        return wilder_take(&me->index, has_index ? me->dx : 0.0);
    }
    return me->index.value;
}

static void adx_step(void *state, const double *bar, double *out)
{
    out[0] = adx_take(state, bar);
}

static void adxr_step(void *state, const double *bar, double *out)
{
    movement_state *const me = state;
    const double adx = adx_take(me, bar);
    out[0] = NONE;
    if (isnan(adx)) {
        return;
    }
    const double before = ring_put(&me->before, adx);
    if (me->averages == me->before.size) {
        out[0] = (adx + before) / 2.0;
    } else {
        me->averages++;
    }
}

/* --- TRANGE, ATR, NATR. --- */

typedef struct range_state {
    wilder average;
    double close; /* of the bar before */
    bool has_bar;
} range_state;

static void range_init(void *state, const settings *given, pool *memory)
{
    (void)memory;
    wilder_init(&((range_state *)state)->average, PERIOD_OF(given));
}

static double range_take(range_state *me, const double *bar)
{
    const double range = me->has_bar ? true_range(bar[HIGH], bar[LOW], me->close) : NONE;
    me->close = bar[CLOSE];
    me->has_bar = true;
    return range;
}

static void trange_step(void *state, const double *bar, double *out)
{
    out[0] = range_take(state, bar);
}

static void atr_step(void *state, const double *bar, double *out)
{
    range_state *const me = state;
    out[0] = wilder_take(&me->average, range_take(me, bar));
}

static void natr_step(void *state, const double *bar, double *out)
{
    range_state *const me = state;
    const double range = wilder_take(&me->average, range_take(me, bar));
    out[0] = bar[CLOSE] == 0.0 ? 0.0 * range : range / bar[CLOSE] * 100.0;
}

/* --- AROON, AROONOSC: how long ago the extremes were. --- */

typedef struct aroon_state {
    extreme highest, lowest;
    double period;
} aroon_state;

static void aroon_init(void *state, const settings *given, pool *memory)
{
    aroon_state *const me = state;
    extreme_init(&me->highest, PERIOD_OF(given) + 1, 1.0, memory);
    extreme_init(&me->lowest, PERIOD_OF(given) + 1, -1.0, memory);
    me->period = (double)PERIOD_OF(given);
}

static void aroon_step(void *state, const double *bar, double *out)
{
    aroon_state *const me = state;
    const bool has_high = !isnan(extreme_take(&me->highest, bar[HIGH]));
    const bool has_low = !isnan(extreme_take(&me->lowest, bar[LOW]));
    const double unit = has_high && has_low ? 100.0 / me->period : NONE;
    out[0] = unit * (me->period - (double)extreme_age(&me->lowest));
    out[1] = unit * (me->period - (double)extreme_age(&me->highest));
}

static void aroonosc_step(void *state, const double *bar, double *out)
{
    const aroon_state *const me = state;
    double lines[2];
    aroon_step(state, bar, lines);
    const double ages = (double)extreme_age(&me->lowest) - (double)extreme_age(&me->highest);
    out[0] = isnan(lines[0]) ? NONE : 100.0 / me->period * ages;
}

#define MOVEMENT(name_, output_, step_)                                                            \
    {OF_FIELDS(name_, output_, 2, HIGH_LOW_CLOSE), MADE_OF(movement_state, movement_init, step_)}

const indicator directions_table[] = {
    MOVEMENT("PLUS_DM", "plus_dm", plus_dm_step),
    MOVEMENT("MINUS_DM", "minus_dm", minus_dm_step),
    MOVEMENT("PLUS_DI", "plus_di", plus_di_step),
    MOVEMENT("MINUS_DI", "minus_di", minus_di_step),
    MOVEMENT("DX", "dx", dx_step),
    MOVEMENT("ADX", "adx", adx_step),
    MOVEMENT("ADXR", "adxr", adxr_step),
    {.name = "TRANGE",
     .fields = HIGH_LOW_CLOSE,
     .outputs = {"trange"},
     MADE_OF(range_state, range_init, trange_step)},
    {OF_FIELDS("ATR", "atr", 1, HIGH_LOW_CLOSE), MADE_OF(range_state, range_init, atr_step)},
    {OF_FIELDS("NATR", "natr", 2, HIGH_LOW_CLOSE), MADE_OF(range_state, range_init, natr_step)},
    {.name = "AROON",
     .fields = HIGH_LOW,
     .least = 2,
     .outputs = {"aroon_down", "aroon_up"},
     .parts = {BY_PERIOD},
     WORKS(aroon)},
    {OF_FIELDS("AROONOSC", "aroonosc", 2, HIGH_LOW),
     MADE_OF(aroon_state, aroon_init, aroonosc_step)},
    {.name = NULL},
};
