/* Volume: OBV, AD, ADOSC, MFI. */
#include "indicator.h"

typedef struct obv_state {
    double sum, last;
    bool is_begun;
} obv_state;

static void obv_init(void *state, const settings *given, pool *memory)
{
    (void)state;
    (void)given;
    (void)memory;
}

static void obv_step(void *state, const double *bar, double *out)
{
    obv_state *const me = state;
    const double value = bar[INPUT];
    if (!me->is_begun || value > me->last) {
        me->sum += bar[VOLUME];
    } else if (value < me->last) {
        me->sum -= bar[VOLUME];
    }
    me->is_begun = true;
    me->last = value;
    out[0] = me->sum;
}

/* --- AD, ADOSC: the volume, weighed by the close's place in the bar. --- */

typedef struct flow_state {
    double sum, fast, slow;
    double fast_alpha, slow_alpha;
    uint32_t seen, first; /* bars seen; the one on which the averages stand */
} flow_state;

static void flow_init(void *state, const settings *given, pool *memory)
{
    (void)memory;
    flow_state *const me = state;
    me->fast_alpha = 2.0 / ((double)given->bars[BY_FAST] + 1.0);
    me->slow_alpha = 2.0 / ((double)given->bars[BY_SLOW] + 1.0);
    me->first = given->bars[BY_SLOW];
}

static double flow_take(flow_state *me, const double *bar)
{
    const double range = bar[HIGH] - bar[LOW];
    if (range > 0.0) {
        const double where = (bar[CLOSE] - bar[LOW]) - (bar[HIGH] - bar[CLOSE]);
        me->sum += where / range * bar[VOLUME];
    }
    return me->sum;
}

static void ad_step(void *state, const double *bar, double *out)
{
    out[0] = flow_take(state, bar);
}

/* Both averages start from the first value itself. */
static void adosc_step(void *state, const double *bar, double *out)
{
    flow_state *const me = state;
    const double flow = flow_take(me, bar);
    me->fast = me->seen == 0 ? flow : me->fast_alpha * flow + (1.0 - me->fast_alpha) * me->fast;
    me->slow = me->seen == 0 ? flow : me->slow_alpha * flow + (1.0 - me->slow_alpha) * me->slow;
    me->seen += me->seen < me->first;
    out[0] = me->seen < me->first ? NONE : me->fast - me->slow;
}

/* --- MFI: money that came in on rising prices, of all that moved. --- */

typedef struct mfi_state {
    window_sum in, out;
    double last;
    uint32_t still; /* bars on end that moved no money */
    bool has_last;
} mfi_state;

static void mfi_init(void *state, const settings *given, pool *memory)
{
    mfi_state *const me = state;
    window_sum_init(&me->in, PERIOD_OF(given), memory);
    window_sum_init(&me->out, PERIOD_OF(given), memory);
}

static void mfi_step(void *state, const double *bar, double *out)
{
    mfi_state *const me = state;
    const double price = (bar[HIGH] + bar[LOW] + bar[CLOSE]) / 3.0;
    const double last = me->last;
    const bool has_last = me->has_last;
    me->last = price;
    me->has_last = true;
    out[0] = NONE;
    if (!has_last) {
        return;
    }
    const double change = price - last;
    const bool is_still = is_nothing(change, fabs(price) + fabs(last));
    const double money = is_still ? 0.0 : price * bar[VOLUME];
    double in = window_sum_take(&me->in, change < 0.0 ? 0.0 : money);
    const double lost = window_sum_take(&me->out, change < 0.0 ? money : 0.0);
    me->still = money == 0.0 ? me->still + 1 : 0;
    if (me->still >= me->in.values.size) { /* what is left in the sums is rounding */
        me->still = me->in.values.size;
        me->in.sum = me->out.sum = 0.0;
        in = 0.0 * in;
    }
    const double all = me->in.sum + me->out.sum;
    in = in < 0.0 ? 0.0 : in;
    in = in > all ? all : in;
    if (!isnan(lost)) {
        out[0] = all <= 0.0 ? 0.0 : 100.0 * (in / all);
    }
}

const indicator volumes_table[] = {
    {.name = "OBV", .fields = BIT(INPUT) | BIT(VOLUME), .outputs = {"obv"}, WORKS(obv)},
    {.name = "AD",
     .fields = HIGH_LOW_CLOSE | BIT(VOLUME),
     .outputs = {"ad"},
     MADE_OF(flow_state, flow_init, ad_step)},
    {.name = "ADOSC",
     .fields = HIGH_LOW_CLOSE | BIT(VOLUME),
     .outputs = {"adosc"},
     .parts = {BY_FAST, BY_SLOW},
     .rises = {BY_FAST, BY_SLOW},
     MADE_OF(flow_state, flow_init, adosc_step)},
    {OF_FIELDS("MFI", "mfi", 2, HIGH_LOW_CLOSE | BIT(VOLUME)), WORKS(mfi)},
    {.name = NULL},
};
