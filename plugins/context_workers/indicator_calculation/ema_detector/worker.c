/* ema_detector - one exponential moving average of the close per period, as columns ema_<period>.
 */
#include "s1mple/plugin.h"
#include "s1mple/rows.h"

#include <stdlib.h>

typedef struct ema {
    s1_column *column;
    double alpha;
    double value; /* while bars < period and the seed is `sma`: the sum so far */
    uint64_t period;
} ema;

typedef struct ema_detector {
    const s1_series *close;
    uint64_t bars;    /* bars seen */
    uint64_t longest; /* from here on every average stands */
    bool is_sma_seeded;
    uint32_t count;
    ema items[];
} ema_detector;

/* One bar while at least one average is still being seeded. */
static void enrich_seeding(ema_detector *me, double close, uint64_t row)
{
    for (uint32_t i = 0; i < me->count; i++) {
        ema *const item = &me->items[i];
        if (me->bars == 1) {
            item->value = close;
        } else if (me->is_sma_seeded && me->bars <= item->period) {
            item->value += close;
        } else {
            item->value += item->alpha * (close - item->value);
        }
        if (me->is_sma_seeded && me->bars == item->period) {
            item->value /= (double)item->period;
        }
        s1_column_put_row(item->column, row, me->bars < item->period ? (double)NAN : item->value);
    }
}

static inline void take_row(ema_detector *me, uint64_t row)
{
    const double close = s1_series_row(me->close, row);
    me->bars++;
    if (me->bars <= me->longest) {
        enrich_seeding(me, close, row);
        return;
    }
    for (uint32_t i = 0; i < me->count; i++) {
        ema *const item = &me->items[i];
        item->value += item->alpha * (close - item->value);
        s1_column_put_row(item->column, row, item->value);
    }
}

S1_ENRICH_BY_ROW(ema, ema_detector, take_row, close)

/* Binds the column of periods[index]; a period named twice would be one column with two owners. */
static s1_rc bind_period(ema_detector *me, const s1_binder *binder, const int64_t *periods,
                         uint32_t index, s1_err *err)
{
    const int64_t period = periods[index];
    for (uint32_t i = 0; i < index; i++) {
        if (periods[i] == period) {
            return S1_RAISE(err, S1_E_INVALID,
                            "ema_detector: period %lld is listed twice in `periods`",
                            (long long)period);
        }
    }
    if (period < 1) {
        return S1_RAISE(err, S1_E_INVALID, "ema_detector: period %lld, expected 1 or more",
                        (long long)period);
    }
    char name[32];
    const int length = snprintf(name, sizeof name, "ema_%lld", (long long)period);
    ema *const item = &me->items[index];
    item->period = (uint64_t)period;
    item->alpha = 2.0 / ((double)period + 1.0);
    if (item->period > me->longest) {
        me->longest = item->period;
    }
    S1_TRY(err, binder->column(binder->self, (s1_str){name, (size_t)length}, &item->column, err));
    return S1_OK;
}

static void ema_destroy(void *self)
{
    free(self);
}

static s1_rc ema_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    const int64_t *periods;
    size_t count;
    s1_str seed;
    S1_TRY(err, binder->param_int_list(binder->self, S1_STR("periods"), &periods, &count, err));
    S1_TRY(err, binder->param_text(binder->self, S1_STR("seed"), &seed, err));
    if (count == 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "ema_detector: `periods` is empty, expected at least one period");
    }
    const size_t bytes = sizeof(ema_detector) + count * sizeof(ema);
    ema_detector *const me = calloc(1, bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "ema_detector: %zu bytes", bytes);
    }
    me->count = (uint32_t)count;
    me->is_sma_seeded = seed.len == 3 && seed.ptr[0] == 's'; /* sma, else first */
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, binder->series(binder->self, S1_STR("close"), &me->close, err));
    for (uint32_t i = 0; i < me->count; i++) {
        S1_TRY_GOTO(err, rc, fail, bind_period(me, binder, periods, i, err));
    }
    *ret_self = me;
    return S1_OK;
fail:
    ema_destroy(me);
    return rc;
}

static const s1_worker_ops ema_ops = {
    .size = sizeof ema_ops,
    .type = S1_WORKER_CONTEXT,
    .create = ema_create,
    .destroy = ema_destroy,
    .enrich = ema_enrich,
    .enrich_range = ema_enrich_range,
};

S1_PLUGIN("ema_detector", "1.0.0", &ema_ops, 0)
