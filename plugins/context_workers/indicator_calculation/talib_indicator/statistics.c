/* Statistics of the last bars: deviations, bands, lines, correlation. */
#include "indicator.h"

typedef struct moments_state {
    s1_moments_window window;
    double period, deviations;
    double last_x, last_y; /* of BETA */
    double seen;
} moments_state;

static void moments_state_init(void *state, const settings *given, pool *memory)
{
    moments_state *const me = state;
    moments_init(&me->window, PERIOD_OF(given), memory);
    me->period = (double)PERIOD_OF(given);
    me->deviations = s1_dec_to_double(given->numbers[BY_DEVIATIONS]);
}

/* False while there are fewer pairs than the window holds. */
static bool moments_take(moments_state *me, double x, double y, s1_moments *ret_window)
{
    *ret_window = s1_moments_window_take(&me->window, x, y);
    me->seen += 1.0;
    return me->seen >= me->period;
}

/* --- VAR, STDDEV, BBANDS. --- */

static double variance_take(moments_state *me, double value)
{
    s1_moments window;
    return moments_take(me, value, 0.0, &window) ? window.xx / me->period : NONE;
}

static void var_step(void *state, const double *bar, double *out)
{
    out[0] = variance_take(state, bar[INPUT]);
}

static void stddev_step(void *state, const double *bar, double *out)
{
    out[0] = sqrt(variance_take(state, bar[INPUT]));
}

static void bbands_step(void *state, const double *bar, double *out)
{
    moments_state *const me = state;
    s1_moments window;
    if (!moments_take(me, bar[INPUT], 0.0, &window)) {
        out[0] = out[1] = out[2] = NONE;
        return;
    }
    const double reach = me->deviations * sqrt(window.xx / me->period);
    out[0] = window.mean_x + reach;
    out[1] = window.mean_x;
    out[2] = window.mean_x - reach;
}

/* --- LINEARREG, _SLOPE, _INTERCEPT, _ANGLE, TSF: the line through the last bars. --- */

/* The line's height at bar `at` of the window, 0 being its first, and its slope. */
static bool line_take(moments_state *me, double value, double at, double *height, double *slope)
{
    s1_moments window;
    if (!moments_take(me, value, me->seen, &window)) {
        return false;
    }
    *slope = window.xy / window.yy;
    *height = window.mean_x + *slope * (at - (me->period - 1.0) / 2.0);
    return true;
}

static void linearreg_step(void *state, const double *bar, double *out)
{
    moments_state *const me = state;
    double slope;
    if (!line_take(me, bar[INPUT], me->period - 1.0, &out[0], &slope)) {
        out[0] = NONE;
    }
}

static void linearreg_intercept_step(void *state, const double *bar, double *out)
{
    double slope;
    if (!line_take(state, bar[INPUT], 0.0, &out[0], &slope)) {
        out[0] = NONE;
    }
}

static void tsf_step(void *state, const double *bar, double *out)
{
    moments_state *const me = state;
    double slope;
    if (!line_take(me, bar[INPUT], me->period, &out[0], &slope)) {
        out[0] = NONE;
    }
}

static void linearreg_slope_step(void *state, const double *bar, double *out)
{
    double height;
    if (!line_take(state, bar[INPUT], 0.0, &height, &out[0])) {
        out[0] = NONE;
    }
}

static void linearreg_angle_step(void *state, const double *bar, double *out)
{
    const double degrees = 57.295779513082320876798154814105; /* in a radian */
    linearreg_slope_step(state, bar, out);
    out[0] = atan(out[0]) * degrees;
}

/* --- CORREL, BETA: of two columns. --- */

static void correl_step(void *state, const double *bar, double *out)
{
    s1_moments window;
    out[0] = NONE;
    if (moments_take(state, bar[INPUT], bar[OTHER], &window)) {
        const double both = window.xx * window.yy;
        out[0] = both == 0.0 ? 0.0 : window.xy / sqrt(both);
    }
}

static double change_of(double value, double last)
{
    return last == 0.0 ? 0.0 : (value - last) / last;
}

/* The slope of the other's changes over the input's. The first bar has no change. */
static void beta_step(void *state, const double *bar, double *out)
{
    moments_state *const me = state;
    const double x = change_of(bar[INPUT], me->last_x);
    const double y = change_of(bar[OTHER], me->last_y);
    const bool has_last = !isnan(me->last_x);
    me->last_x = bar[INPUT];
    me->last_y = bar[OTHER];
    s1_moments window;
    out[0] = NONE;
    if (has_last && moments_take(me, x, y, &window)) {
        out[0] = window.xx == 0.0 ? 0.0 : window.xy / window.xx;
    }
}

static void beta_init(void *state, const settings *given, pool *memory)
{
    moments_state_init(state, given, memory);
    ((moments_state *)state)->last_x = NONE;
}

/* --- SUM. --- */

typedef window_sum sum_state;

static void sum_init(void *state, const settings *given, pool *memory)
{
    window_sum_init(state, PERIOD_OF(given), memory);
}

static void sum_step(void *state, const double *bar, double *out)
{
    out[0] = window_sum_take(state, bar[INPUT]);
}

#define MOMENTS(name_, output_, least_, step_)                                                     \
    {OF_INPUT(name_, output_, least_), MADE_OF(moments_state, moments_state_init, step_)}

const indicator statistics_table[] = {
    MOMENTS("VAR", "var", 1, var_step),
    MOMENTS("STDDEV", "stddev", 2, stddev_step),
    {.name = "BBANDS",
     .fields = BIT(INPUT),
     .least = 2,
     .outputs = {"bbands_upper", "bbands_middle", "bbands_lower"},
     .parts = {BY_PERIOD, BY_DEVIATIONS},
     MADE_OF(moments_state, moments_state_init, bbands_step)},
    MOMENTS("LINEARREG", "linearreg", 2, linearreg_step),
    MOMENTS("LINEARREG_SLOPE", "linearreg_slope", 2, linearreg_slope_step),
    MOMENTS("LINEARREG_INTERCEPT", "linearreg_intercept", 2, linearreg_intercept_step),
    MOMENTS("LINEARREG_ANGLE", "linearreg_angle", 2, linearreg_angle_step),
    MOMENTS("TSF", "tsf", 2, tsf_step),
    {OF_FIELDS("CORREL", "correl", 1, BIT(INPUT) | BIT(OTHER)),
     MADE_OF(moments_state, moments_state_init, correl_step)},
    {OF_FIELDS("BETA", "beta", 1, BIT(INPUT) | BIT(OTHER)),
     MADE_OF(moments_state, beta_init, beta_step)},
    {OF_INPUT("SUM", "sum", 2), WORKS(sum)},
    {.name = NULL},
};
