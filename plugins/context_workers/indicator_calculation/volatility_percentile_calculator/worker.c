/* volatility_percentile_calculator - average true range in percent of the close, and where it
 * stands among its own last `window` values.
 *
 * The window is kept in the order of arrival and sorted. A bar takes one value out of the sorted
 * one and puts one in: two binary searches and the move of what lies between, never a sort.
 */
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

typedef struct volatility_calculator {
    const s1_series *high, *low, *close;
    s1_column *volatility_column, *percentile_column;
    double previous_close;
    double range;    /* the sum of true ranges until `period` of them are in, then the average */
    uint64_t ranges; /* true ranges seen; the first bar has none */
    double period;
    bool has_previous;
    uint64_t seen; /* values of the volatility */
    uint64_t window;
    double *sorted;   /* [window], the rows of `arrived` in order */
    double arrived[]; /* [window], a ring, then [window] of `sorted` */
} volatility_calculator;

static double true_range(double high, double low, double previous_close)
{
    const double up = fabs(high - previous_close);
    const double down = fabs(low - previous_close);
    const double reach = up > down ? up : down;
    return high - low > reach ? high - low : reach;
}

/* How many of sorted[count] are below `value`, or, with `is_equal_too`, not above it. */
static uint64_t rank_of(const double *sorted, uint64_t count, double value, bool is_equal_too)
{
    uint64_t first = 0;
    while (count > 0) {
        const uint64_t half = count / 2;
        const double middle = sorted[first + half];
        if (middle < value || (is_equal_too && middle == value)) {
            first += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return first;
}

/* Puts the value into the window and gives its percentile among the others: the share that is
 * below it, those equal to it by half. NaN while the window is not full. */
static double take_value(volatility_calculator *me, double value)
{
    uint64_t count = me->seen < me->window ? me->seen : me->window;
    double *const slot = &me->arrived[me->seen % me->window];
    me->seen++;
    if (count == me->window) {
        const uint64_t oldest = rank_of(me->sorted, count, *slot, false);
        count--;
        memmove(&me->sorted[oldest], &me->sorted[oldest + 1],
                (size_t)(count - oldest) * sizeof(double));
    }
    *slot = value;
    const uint64_t below = rank_of(me->sorted, count, value, false);
    const uint64_t not_above = rank_of(me->sorted, count, value, true);
    memmove(&me->sorted[below + 1], &me->sorted[below], (size_t)(count - below) * sizeof(double));
    me->sorted[below] = value;
    if (me->seen < me->window) {
        return (double)NAN;
    }
    return 50.0 * (double)(below + not_above) / (double)(me->window - 1);
}

/* Takes the newest range; false while the average does not stand. */
static bool take_range(volatility_calculator *me, double range)
{
    me->ranges++;
    const double seen = (double)me->ranges;
    if (seen > me->period) {
        me->range = (me->range * (me->period - 1.0) + range) / me->period;
    } else {
        me->range += range;
        if (seen == me->period) {
            me->range /= me->period;
        }
    }
    return seen >= me->period;
}

static s1_rc volatility_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    volatility_calculator *const me = self;
    const double close = s1_series_last(me->close);
    const double range =
        true_range(s1_series_last(me->high), s1_series_last(me->low), me->previous_close);
    me->previous_close = close;
    double volatility = (double)NAN;
    double percentile = (double)NAN;
    if (me->has_previous && take_range(me, range) && close > 0.0) {
        volatility = 100.0 * (me->range / close);
        percentile = take_value(me, volatility);
    }
    me->has_previous = true;
    s1_column_put(me->volatility_column, volatility);
    s1_column_put(me->percentile_column, percentile);
    return S1_OK;
}

static s1_rc bind_column(const s1_binder *binder, const char *part, int64_t period, int64_t window,
                         s1_column **ret_column, s1_err *err)
{
    char name[96];
    const int length =
        snprintf(name, sizeof name, "%s_%lld_%lld", part, (long long)period, (long long)window);
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

static s1_rc bind(volatility_calculator *me, const s1_binder *binder, int64_t period,
                  int64_t window, s1_err *err)
{
    void *const b = binder->self;
    me->period = (double)period;
    me->window = (uint64_t)window;
    me->sorted = me->arrived + window;
    S1_TRY(err, binder->series(b, S1_STR("high"), &me->high, err));
    S1_TRY(err, binder->series(b, S1_STR("low"), &me->low, err));
    S1_TRY(err, binder->series(b, S1_STR("close"), &me->close, err));
    S1_TRY(err, bind_column(binder, "volatility", period, window, &me->volatility_column, err));
    S1_TRY(err, bind_column(binder, "volatility_percentile", period, window, &me->percentile_column,
                            err));
    return S1_OK;
}

static void volatility_destroy(void *self)
{
    free(self);
}

static s1_rc volatility_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                               s1_err *err)
{
    (void)host;
    int64_t period;
    int64_t window;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("period"), &period, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("window"), &window, err));
    if (period < 1 || window < 2) {
        return S1_RAISE(err, S1_E_INVALID,
                        "volatility_percentile_calculator: period %lld and window %lld, expected "
                        "1 or more and 2 or more",
                        (long long)period, (long long)window);
    }
    const size_t bytes = sizeof(volatility_calculator) + 2 * (size_t)window * sizeof(double);
    volatility_calculator *const me = calloc(1, bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "volatility_percentile_calculator: %zu bytes", bytes);
    }
    const s1_rc rc = bind(me, binder, period, window, err);
    if (rc != S1_OK) {
        volatility_destroy(me);
        return rc;
    }
    *ret_self = me;
    return S1_OK;
}

static const s1_worker_ops volatility_ops = {
    .size = sizeof volatility_ops,
    .type = S1_WORKER_CONTEXT,
    .create = volatility_create,
    .destroy = volatility_destroy,
    .enrich = volatility_enrich,
};

S1_PLUGIN("volatility_percentile_calculator", "1.0.0", &volatility_ops, 0)
