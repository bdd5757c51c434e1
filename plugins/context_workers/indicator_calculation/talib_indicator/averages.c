/* Averages and what lies over the price. */
#include "indicator.h"

/* --- SMA, WMA. --- */

typedef average average_state;

static void sma_init(void *state, const settings *given, pool *memory)
{
    average_init(state, AVERAGE_SMA, PERIOD_OF(given), memory);
}

static void wma_init_state(void *state, const settings *given, pool *memory)
{
    average_init(state, AVERAGE_WMA, PERIOD_OF(given), memory);
}

static void average_step(void *state, const double *bar, double *out)
{
    out[0] = average_take(state, bar[INPUT]);
}

/* --- EMA, DEMA, TEMA, T3, TRIX: averages of averages. --- */

typedef struct chain_state {
    ema links[6];
    double factors[6]; /* of each link's value in the result */
    double previous;   /* of TRIX */
} chain_state;

static void chain_init(void *state, const settings *given, pool *memory)
{
    (void)memory;
    chain_state *const me = state;
    for (size_t i = 0; i < 6; i++) {
        ema_init(&me->links[i], PERIOD_OF(given));
    }
    me->previous = NONE;
}

/* The sum over the first `count` links; NaN until the last stands. */
static double chain_take(chain_state *me, size_t count, double value)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        value = ema_take(&me->links[i], value);
        sum += me->factors[i] * value;
    }
    return sum;
}

static void ema_init_state(void *state, const settings *given, pool *memory)
{
    chain_init(state, given, memory);
    ((chain_state *)state)->factors[0] = 1.0;
}

static void ema_step(void *state, const double *bar, double *out)
{
    out[0] = chain_take(state, 1, bar[INPUT]);
}

static void dema_init(void *state, const settings *given, pool *memory)
{
    chain_init(state, given, memory);
    ((chain_state *)state)->factors[0] = 2.0;
    ((chain_state *)state)->factors[1] = -1.0;
}

static void dema_step(void *state, const double *bar, double *out)
{
    out[0] = chain_take(state, 2, bar[INPUT]);
}

static void tema_init(void *state, const settings *given, pool *memory)
{
    chain_init(state, given, memory);
    ((chain_state *)state)->factors[0] = 3.0;
    ((chain_state *)state)->factors[1] = -3.0;
    ((chain_state *)state)->factors[2] = 1.0;
}

static void tema_step(void *state, const double *bar, double *out)
{
    out[0] = chain_take(state, 3, bar[INPUT]);
}

/* Tillson's (1 + v) e - v e(e), three times: a polynomial of the third to sixth average. */
static void t3_init(void *state, const settings *given, pool *memory)
{
    chain_state *const me = state;
    const double v = s1_dec_to_double(given->numbers[BY_VOLUME_FACTOR]);
    chain_init(state, given, memory);
    me->factors[5] = -v * v * v;
    me->factors[4] = 3.0 * v * v + 3.0 * v * v * v;
    me->factors[3] = -6.0 * v * v - 3.0 * v - 3.0 * v * v * v;
    me->factors[2] = 1.0 + 3.0 * v + v * v * v + 3.0 * v * v;
}

static void t3_step(void *state, const double *bar, double *out)
{
    out[0] = chain_take(state, 6, bar[INPUT]);
}

static void trix_init(void *state, const settings *given, pool *memory)
{
    chain_init(state, given, memory);
    ((chain_state *)state)->factors[2] = 1.0;
}

static void trix_step(void *state, const double *bar, double *out)
{
    chain_state *const me = state;
    const double value = chain_take(me, 3, bar[INPUT]);
    const double previous = me->previous;
    me->previous = value;
    out[0] = previous == 0.0 ? 0.0 : (value / previous - 1.0) * 100.0;
}

/* --- TRIMA: a simple average of a simple average. --- */

typedef struct trima_state {
    window_sum inner, outer;
} trima_state;

static void trima_init(void *state, const settings *given, pool *memory)
{
    trima_state *const me = state;
    const uint32_t period = PERIOD_OF(given);
    window_sum_init(&me->inner, (period + 1) / 2, memory);
    window_sum_init(&me->outer, period / 2 + 1, memory);
}

static void trima_step(void *state, const double *bar, double *out)
{
    trima_state *const me = state;
    out[0] = sma_take(&me->outer, sma_take(&me->inner, bar[INPUT]));
}

/* --- KAMA: Kaufman's, quick where the price goes one way. --- */

typedef struct kama_state {
    ring values;
    window_sum path; /* of the changes' sizes */
    double last, value;
    uint32_t seen, period;
} kama_state;

static void kama_init(void *state, const settings *given, pool *memory)
{
    kama_state *const me = state;
    me->period = PERIOD_OF(given);
    ring_init(&me->values, me->period, memory);
    window_sum_init(&me->path, me->period, memory);
}

static void kama_step(void *state, const double *bar, double *out)
{
    kama_state *const me = state;
    const double value = bar[INPUT];
    const double first = ring_put(&me->values, value);
    const double last = me->last;
    me->last = value;
    out[0] = me->period == 1 ? value : NONE;
    if (me->seen == 0) {
        me->seen = 1;
        return;
    }
    const double path = window_sum_take(&me->path, fabs(value - last));
    if (isnan(path) || me->period == 1) {
        return;
    }
    const double way = value - first;
    const double efficiency = path <= way || is_nothing(path, value) ? 1.0 : fabs(way / path);
    const double slow = 2.0 / 31.0;
    const double alpha = efficiency * (2.0 / 3.0 - slow) + slow;
    me->value = me->seen == 1 ? last : me->value;
    me->seen = 2;
    me->value += (value - me->value) * (alpha * alpha);
    out[0] = me->value;
}

/* --- MIDPOINT, MIDPRICE, MAX, MIN. --- */

typedef struct range_state {
    extreme highest, lowest;
} range_state;

static void range_init(void *state, const settings *given, pool *memory)
{
    range_state *const me = state;
    extreme_init(&me->highest, PERIOD_OF(given), 1.0, memory);
    extreme_init(&me->lowest, PERIOD_OF(given), -1.0, memory);
}

static void midpoint_step(void *state, const double *bar, double *out)
{
    range_state *const me = state;
    out[0] = (extreme_take(&me->highest, bar[INPUT]) + extreme_take(&me->lowest, bar[INPUT])) / 2.0;
}

static void midprice_step(void *state, const double *bar, double *out)
{
    range_state *const me = state;
    out[0] = (extreme_take(&me->highest, bar[HIGH]) + extreme_take(&me->lowest, bar[LOW])) / 2.0;
}

static void max_step(void *state, const double *bar, double *out)
{
    out[0] = extreme_take(&((range_state *)state)->highest, bar[INPUT]);
}

static void min_step(void *state, const double *bar, double *out)
{
    out[0] = extreme_take(&((range_state *)state)->lowest, bar[INPUT]);
}

/* --- SAR: Wilder's stop and reverse. --- */

typedef struct sar_state {
    double step, maximum; /* of the acceleration */
    double acceleration, extreme, stop;
    double high, low; /* of the bar before */
    int sign;         /* 1 long, -1 short, 0 before the second bar */
    bool is_begun;
} sar_state;

static void sar_init(void *state, const settings *given, pool *memory)
{
    (void)memory;
    sar_state *const me = state;
    me->maximum = s1_dec_to_double(given->numbers[BY_MAXIMUM]);
    me->step = s1_dec_to_double(given->numbers[BY_ACCELERATION]);
    me->step = me->step > me->maximum ? me->maximum : me->step;
    me->acceleration = me->step;
}

/* The stop may not reach into the last two bars: beyond their lows when long. */
static double keep_out(const sar_state *me, double stop, double high, double low)
{
    if (me->sign > 0) {
        stop = stop > me->low ? me->low : stop;
        return stop > low ? low : stop;
    }
    stop = stop < me->high ? me->high : stop;
    return stop < high ? high : stop;
}

/* The first two bars say where it begins; a tie is long. */
static void sar_begin(sar_state *me, double high, double low)
{
    const double down = me->low - low;
    const double up = high - me->high;
    me->sign = down > 0.0 && down > up ? -1 : 1;
    me->extreme = me->sign > 0 ? high : low;
    me->stop = me->sign > 0 ? me->low : me->high;
    me->high = high;
    me->low = low;
}

static void sar_step(void *state, const double *bar, double *out)
{
    sar_state *const me = state;
    const double high = bar[HIGH];
    const double low = bar[LOW];
    out[0] = NONE;
    if (!me->is_begun) {
        me->is_begun = true;
        me->high = high;
        me->low = low;
        return;
    }
    if (me->sign == 0) {
        sar_begin(me, high, low);
    }
    const bool is_hit = me->sign > 0 ? low <= me->stop : high >= me->stop;
    if (is_hit) {
        me->sign = -me->sign;
        me->stop = keep_out(me, me->extreme, high, low);
        me->acceleration = me->step;
        me->extreme = me->sign > 0 ? high : low;
    }
    out[0] = me->stop;
    const double reach = me->sign > 0 ? high : low;
    if (!is_hit && (reach - me->extreme) * me->sign > 0.0) {
        me->extreme = reach;
        me->acceleration += me->step;
        me->acceleration = me->acceleration > me->maximum ? me->maximum : me->acceleration;
    }
    me->stop += me->acceleration * (me->extreme - me->stop);
    me->stop = keep_out(me, me->stop, high, low);
    me->high = high;
    me->low = low;
}

/* --- Prices of a bar. --- */

typedef struct price_state {
    char none;
} price_state;

static void price_init(void *state, const settings *given, pool *memory)
{
    (void)state;
    (void)given;
    (void)memory;
}

static void avgprice_step(void *state, const double *bar, double *out)
{
    (void)state;
    out[0] = (bar[HIGH] + bar[LOW] + bar[CLOSE] + bar[OPEN]) / 4.0;
}

static void medprice_step(void *state, const double *bar, double *out)
{
    (void)state;
    out[0] = (bar[HIGH] + bar[LOW]) / 2.0;
}

static void typprice_step(void *state, const double *bar, double *out)
{
    (void)state;
    out[0] = (bar[HIGH] + bar[LOW] + bar[CLOSE]) / 3.0;
}

static void wclprice_step(void *state, const double *bar, double *out)
{
    (void)state;
    out[0] = (bar[HIGH] + bar[LOW] + bar[CLOSE] * 2.0) / 4.0;
}

#define PRICE(name_, output_, step_, fields_)                                                      \
    {.name = name_,                                                                                \
     .fields = (fields_),                                                                          \
     .outputs = {output_},                                                                         \
     .size = sizeof(price_state),                                                                  \
     .init = price_init,                                                                           \
     .step = step_}

const indicator averages_table[] = {
    {OF_INPUT("SMA", "sma", 1), MADE_OF(average_state, sma_init, average_step)},
    {OF_INPUT("WMA", "wma", 1), MADE_OF(average_state, wma_init_state, average_step)},
    {OF_INPUT("EMA", "ema", 1), MADE_OF(chain_state, ema_init_state, ema_step)},
    {OF_INPUT("DEMA", "dema", 1), MADE_OF(chain_state, dema_init, dema_step)},
    {OF_INPUT("TEMA", "tema", 1), MADE_OF(chain_state, tema_init, tema_step)},
    {.name = "T3",
     .fields = BIT(INPUT),
     .least = 1,
     .outputs = {"t3"},
     .parts = {BY_PERIOD, BY_VOLUME_FACTOR},
     MADE_OF(chain_state, t3_init, t3_step)},
    {OF_INPUT("TRIX", "trix", 1), MADE_OF(chain_state, trix_init, trix_step)},
    {OF_INPUT("TRIMA", "trima", 1), WORKS(trima)},
    {OF_INPUT("KAMA", "kama", 1), WORKS(kama)},
    {OF_INPUT("MIDPOINT", "midpoint", 2), MADE_OF(range_state, range_init, midpoint_step)},
    {.name = "MIDPRICE",
     .fields = HIGH_LOW,
     .least = 2,
     .outputs = {"midprice"},
     .parts = {BY_PERIOD},
     MADE_OF(range_state, range_init, midprice_step)},
    {OF_INPUT("MAX", "max", 2), MADE_OF(range_state, range_init, max_step)},
    {OF_INPUT("MIN", "min", 2), MADE_OF(range_state, range_init, min_step)},
    {.name = "SAR",
     .fields = HIGH_LOW,
     .outputs = {"sar"},
     .parts = {BY_ACCELERATION, BY_MAXIMUM},
     WORKS(sar)},
    PRICE("AVGPRICE", "avgprice", avgprice_step, HIGH_LOW_CLOSE | BIT(OPEN)),
    PRICE("MEDPRICE", "medprice", medprice_step, HIGH_LOW),
    PRICE("TYPPRICE", "typprice", typprice_step, HIGH_LOW_CLOSE),
    PRICE("WCLPRICE", "wclprice", wclprice_step, HIGH_LOW_CLOSE),
    {.name = NULL},
};
