/* Oscillators and rates of change. */
#include "indicator.h"

/* --- RSI, CMO, STOCHRSI: gains and losses under Wilder's average. --- */

typedef struct swings_state {
    wilder gains, losses;
    double last;
    bool has_last;
} swings_state;

static void swings_init(void *state, const settings *given, pool *memory)
{
    (void)memory;
    swings_state *const me = state;
    wilder_init(&me->gains, PERIOD_OF(given));
    wilder_init(&me->losses, PERIOD_OF(given));
}

/* False until both averages stand. */
static bool swings_take(swings_state *me, double value, double *gain, double *loss)
{
    const double change = value - me->last;
    const bool has_last = me->has_last;
    me->last = value;
    me->has_last = true;
    if (!has_last) {
        return false;
    }
    *gain = wilder_take(&me->gains, change > 0.0 ? change : 0.0);
    *loss = wilder_take(&me->losses, change < 0.0 ? -change : 0.0);
    return !isnan(*gain);
}

static double rsi_take(swings_state *me, double value)
{
    double gain;
    double loss;
    if (!swings_take(me, value, &gain, &loss)) {
        return NONE;
    }
    return gain + loss == 0.0 ? 0.0 : 100.0 * (gain / (gain + loss));
}

static void rsi_step(void *state, const double *bar, double *out)
{
    out[0] = rsi_take(state, bar[INPUT]);
}

static void cmo_step(void *state, const double *bar, double *out)
{
    double gain;
    double loss;
    out[0] = NONE;
    if (swings_take(state, bar[INPUT], &gain, &loss)) {
        out[0] = gain + loss == 0.0 ? 0.0 : 100.0 * ((gain - loss) / (gain + loss));
    }
}

typedef struct stochrsi_state {
    swings_state swings;
    place rsi;
    window_sum fast_d;
} stochrsi_state;

static void stochrsi_init(void *state, const settings *given, pool *memory)
{
    stochrsi_state *const me = state;
    swings_init(&me->swings, given, memory);
    place_init(&me->rsi, given->bars[BY_FAST_K], memory);
    window_sum_init(&me->fast_d, given->bars[BY_FAST_D], memory);
}

static void stochrsi_step(void *state, const double *bar, double *out)
{
    stochrsi_state *const me = state;
    const double rsi = rsi_take(&me->swings, bar[INPUT]);
    const double k = place_take(&me->rsi, rsi, rsi, rsi);
    out[1] = sma_take(&me->fast_d, k);
    out[0] = isnan(out[1]) ? NONE : k;
}

/* --- STOCH, STOCHF, WILLR: the close in the range of the last bars. --- */

typedef struct stoch_state {
    place close;
    window_sum first, second; /* averages of it */
} stoch_state;

static void stoch_init(void *state, const settings *given, pool *memory)
{
    stoch_state *const me = state;
    place_init(&me->close, given->bars[BY_FAST_K], memory);
    window_sum_init(&me->first, given->bars[BY_SLOW_K], memory);
    window_sum_init(&me->second, given->bars[BY_SLOW_D], memory);
}

static void stoch_step(void *state, const double *bar, double *out)
{
    stoch_state *const me = state;
    const double k = sma_take(&me->first, place_take(&me->close, bar[HIGH], bar[LOW], bar[CLOSE]));
    out[1] = sma_take(&me->second, k);
    out[0] = isnan(out[1]) ? NONE : k;
}

static void stochf_init(void *state, const settings *given, pool *memory)
{
    stoch_state *const me = state;
    place_init(&me->close, given->bars[BY_FAST_K], memory);
    window_sum_init(&me->first, given->bars[BY_FAST_D], memory);
}

static void stochf_step(void *state, const double *bar, double *out)
{
    stoch_state *const me = state;
    const double k = place_take(&me->close, bar[HIGH], bar[LOW], bar[CLOSE]);
    out[1] = sma_take(&me->first, k);
    out[0] = isnan(out[1]) ? NONE : k;
}

typedef place willr_state;

static void willr_init(void *state, const settings *given, pool *memory)
{
    place_init(state, PERIOD_OF(given), memory);
}

/* The same place told from above: 0 at the highest, -100 at the lowest. */
static void willr_step(void *state, const double *bar, double *out)
{
    willr_state *const me = state;
    const double highest = extreme_take(&me->highest, bar[HIGH]);
    const double lowest = extreme_take(&me->lowest, bar[LOW]);
    const double hundredth = (highest - lowest) / -100.0;
    out[0] = hundredth == 0.0 ? 0.0 : (highest - bar[CLOSE]) / hundredth;
}

/* --- MACD, APO, PPO: two averages. --- */

typedef struct pair_state {
    average fast, slow;
    ema signal;
    uint32_t waits; /* bars until the fast one begins: of MACD, so that both stand at once */
} pair_state;

static void pair_init(pair_state *me, int type, const settings *given, pool *memory)
{
    average_init(&me->fast, type, given->bars[BY_FAST], memory);
    average_init(&me->slow, type, given->bars[BY_SLOW], memory);
}

static double pair_take(pair_state *me, double value, double *slow)
{
    *slow = average_take(&me->slow, value);
    if (me->waits > 0) {
        me->waits--;
        return NONE;
    }
    return average_take(&me->fast, value) - *slow;
}

static void oscillator_init(void *state, const settings *given, pool *memory)
{
    pair_init(state, given->average, given, memory);
}

static void apo_step(void *state, const double *bar, double *out)
{
    double slow;
    out[0] = pair_take(state, bar[INPUT], &slow);
}

static void ppo_step(void *state, const double *bar, double *out)
{
    double slow;
    const double difference = pair_take(state, bar[INPUT], &slow);
    out[0] = slow == 0.0 ? 0.0 : difference / slow * 100.0;
}

static void macd_init(void *state, const settings *given, pool *memory)
{
    pair_state *const me = state;
    pair_init(me, AVERAGE_EMA, given, memory);
    ema_init(&me->signal, given->bars[BY_SIGNAL]);
    me->waits = given->bars[BY_SLOW] - given->bars[BY_FAST];
}

static void macd_step(void *state, const double *bar, double *out)
{
    pair_state *const me = state;
    double slow;
    const double macd = pair_take(me, bar[INPUT], &slow);
    out[1] = ema_take(&me->signal, macd);
    out[0] = isnan(out[1]) ? NONE : macd;
    out[2] = macd - out[1];
}

/* --- MOM, ROC, ROCP, ROCR, ROCR100: against the value `period` bars back. --- */

typedef struct rate_state {
    ring values;
    uint32_t seen;
} rate_state;

static void rate_init(void *state, const settings *given, pool *memory)
{
    ring_init(&((rate_state *)state)->values, PERIOD_OF(given), memory);
}

static double rate_before(rate_state *me, double value)
{
    const double before = ring_put(&me->values, value);
    if (me->seen == me->values.size) {
        return before;
    }
    me->seen++;
    return NONE;
}

static void mom_step(void *state, const double *bar, double *out)
{
    out[0] = bar[INPUT] - rate_before(state, bar[INPUT]);
}

static void roc_step(void *state, const double *bar, double *out)
{
    const double before = rate_before(state, bar[INPUT]);
    out[0] = before == 0.0 ? 0.0 : (bar[INPUT] / before - 1.0) * 100.0;
}

static void rocp_step(void *state, const double *bar, double *out)
{
    const double before = rate_before(state, bar[INPUT]);
    out[0] = before == 0.0 ? 0.0 : (bar[INPUT] - before) / before;
}

static void rocr_step(void *state, const double *bar, double *out)
{
    const double before = rate_before(state, bar[INPUT]);
    out[0] = before == 0.0 ? 0.0 : bar[INPUT] / before;
}

static void rocr100_step(void *state, const double *bar, double *out)
{
    const double before = rate_before(state, bar[INPUT]);
    out[0] = before == 0.0 ? 0.0 : bar[INPUT] / before * 100.0;
}

/* --- CCI: distance from the mean in mean distances. --- */

typedef struct cci_state {
    ring prices;
    uint32_t seen;
} cci_state;

static void cci_init(void *state, const settings *given, pool *memory)
{
    ring_init(&((cci_state *)state)->prices, PERIOD_OF(given), memory);
}

/* The mean distance from a mean that moves has to be summed anew each bar: `period` steps. */
static void cci_step(void *state, const double *bar, double *out)
{
    cci_state *const me = state;
    const double price = (bar[HIGH] + bar[LOW] + bar[CLOSE]) / 3.0;
    const uint32_t period = me->prices.size;
    (void)ring_put(&me->prices, price);
    me->seen += me->seen < period;
    out[0] = NONE;
    if (me->seen < period) {
        return;
    }
    double mean = 0.0;
    for (uint32_t i = 0; i < period; i++) {
        mean += me->prices.items[i];
    }
    mean /= (double)period;
    double distance = 0.0;
    for (uint32_t i = 0; i < period; i++) {
        distance += fabs(me->prices.items[i] - mean);
    }
    out[0] = is_nothing(price - mean, price) || is_nothing(distance, price)
                 ? 0.0
                 : (price - mean) / (0.015 * (distance / (double)period));
}

/* --- ULTOSC: buying pressure against true range over three windows. --- */

typedef struct ultosc_state {
    window_sum pressure[3], range[3]; /* short, medium, long */
    double last_close;
    bool has_last;
} ultosc_state;

static void ultosc_init(void *state, const settings *given, pool *memory)
{
    ultosc_state *const me = state;
    static const int parts[3] = {BY_SHORT, BY_MEDIUM, BY_LONG};
    for (size_t i = 0; i < 3; i++) {
        window_sum_init(&me->pressure[i], given->bars[parts[i]], memory);
        window_sum_init(&me->range[i], given->bars[parts[i]], memory);
    }
}

static void ultosc_step(void *state, const double *bar, double *out)
{
    static const double weights[3] = {4.0, 2.0, 1.0};
    ultosc_state *const me = state;
    const double last = me->last_close;
    const bool has_last = me->has_last;
    me->last_close = bar[CLOSE];
    me->has_last = true;
    out[0] = NONE;
    if (!has_last) {
        return;
    }
    const double pressure = bar[CLOSE] - (bar[LOW] < last ? bar[LOW] : last);
    const double range = true_range(bar[HIGH], bar[LOW], last);
    double sum = 0.0;
    for (size_t i = 0; i < 3; i++) {
        const double pressures = window_sum_take(&me->pressure[i], pressure);
        const double ranges = window_sum_take(&me->range[i], range);
        sum += is_nothing(ranges, last) ? 0.0 : weights[i] * (pressures / ranges);
    }
    out[0] = 100.0 * (sum / 7.0);
}

/* --- BOP: how much of the bar's range its body takes. --- */

typedef struct bop_state {
    char none;
} bop_state;

static void bop_init(void *state, const settings *given, pool *memory)
{
    (void)state;
    (void)given;
    (void)memory;
}

static void bop_step(void *state, const double *bar, double *out)
{
    (void)state;
    const double range = bar[HIGH] - bar[LOW];
    out[0] = range <= 0.0 ? 0.0 : (bar[CLOSE] - bar[OPEN]) / range;
}

const indicator oscillators_table[] = {
    {OF_INPUT("RSI", "rsi", 2), MADE_OF(swings_state, swings_init, rsi_step)},
    {OF_INPUT("CMO", "cmo", 2), MADE_OF(swings_state, swings_init, cmo_step)},
    {.name = "STOCHRSI",
     .fields = BIT(INPUT),
     .least = 2,
     .outputs = {"stochrsi_k", "stochrsi_d"},
     .parts = {BY_PERIOD, BY_FAST_K, BY_FAST_D},
     WORKS(stochrsi)},
    {.name = "STOCH",
     .fields = HIGH_LOW_CLOSE,
     .outputs = {"stoch_k", "stoch_d"},
     .parts = {BY_FAST_K, BY_SLOW_K, BY_SLOW_D},
     WORKS(stoch)},
    {.name = "STOCHF",
     .fields = HIGH_LOW_CLOSE,
     .outputs = {"stochf_k", "stochf_d"},
     .parts = {BY_FAST_K, BY_FAST_D},
     MADE_OF(stoch_state, stochf_init, stochf_step)},
    {OF_FIELDS("WILLR", "willr", 2, HIGH_LOW_CLOSE), WORKS(willr)},
    {.name = "MACD",
     .fields = BIT(INPUT),
     .outputs = {"macd", "macd_signal", "macd_histogram"},
     .parts = {BY_FAST, BY_SLOW, BY_SIGNAL},
     .rises = {BY_FAST, BY_SLOW},
     MADE_OF(pair_state, macd_init, macd_step)},
    {.name = "APO",
     .fields = BIT(INPUT),
     .outputs = {"apo"},
     .parts = {BY_AVERAGE, BY_FAST, BY_SLOW},
     .rises = {BY_FAST, BY_SLOW},
     MADE_OF(pair_state, oscillator_init, apo_step)},
    {.name = "PPO",
     .fields = BIT(INPUT),
     .outputs = {"ppo"},
     .parts = {BY_AVERAGE, BY_FAST, BY_SLOW},
     .rises = {BY_FAST, BY_SLOW},
     MADE_OF(pair_state, oscillator_init, ppo_step)},
    {OF_INPUT("MOM", "mom", 1), MADE_OF(rate_state, rate_init, mom_step)},
    {OF_INPUT("ROC", "roc", 1), MADE_OF(rate_state, rate_init, roc_step)},
    {OF_INPUT("ROCP", "rocp", 1), MADE_OF(rate_state, rate_init, rocp_step)},
    {OF_INPUT("ROCR", "rocr", 1), MADE_OF(rate_state, rate_init, rocr_step)},
    {OF_INPUT("ROCR100", "rocr100", 1), MADE_OF(rate_state, rate_init, rocr100_step)},
    {OF_FIELDS("CCI", "cci", 2, HIGH_LOW_CLOSE), WORKS(cci)},
    {.name = "ULTOSC",
     .fields = HIGH_LOW_CLOSE,
     .outputs = {"ultosc"},
     .parts = {BY_SHORT, BY_MEDIUM, BY_LONG},
     .rises = {BY_SHORT, BY_LONG},
     WORKS(ultosc)},
    {.name = "BOP", .fields = HIGH_LOW_CLOSE | BIT(OPEN), .outputs = {"bop"}, WORKS(bop)},
    {.name = NULL},
};
