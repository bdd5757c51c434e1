/* bollinger_calculator - mean of the close, bands a number of standard deviations around it, their
 * width and the close's place in them.
 *
 * A sum of squares that values are taken out of again loses the digits of a narrow window that
 * follows a wide one. Here nothing is taken out: bars are gathered in blocks of `period`, and a
 * window is the tail of the block before joined with the head of this one. The tails are worked out
 * once per block, so that a bar costs two steps over the run.
 */
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct moments {
    double count, mean;
    double squares; /* sum of squared distances from the mean */
} moments;

typedef struct bollinger_calculator {
    const s1_series *close;
    s1_column *middle, *upper, *lower, *bandwidth, *percent_b;
    moments head;  /* of the bars of this block */
    uint64_t bars; /* bars seen */
    uint64_t period;
    double deviations;
    moments tails[]; /* [period]; [n] of the last n bars of the block before */
} bollinger_calculator;

static void moments_add(moments *me, double value)
{
    const double distance = value - me->mean;
    me->count += 1.0;
    me->mean += distance / me->count;
    me->squares += distance * (value - me->mean);
}

static moments moments_join(const moments *a, const moments *b)
{
    const double count = a->count + b->count;
    const double distance = b->mean - a->mean;
    return (moments){
        .count = count,
        .mean = a->mean + distance * (b->count / count),
        .squares = a->squares + b->squares + distance * distance * (a->count * b->count / count),
    };
}

/* Takes the newest close and gives the moments of the window; of fewer bars while there are. */
static moments take_close(bollinger_calculator *me)
{
    me->bars++;
    moments_add(&me->head, s1_series_last(me->close));
    const uint64_t begun = (me->bars - 1) % me->period + 1; /* bars of this block */
    const moments head = me->head;
    if (begun < me->period) {
        return me->bars < me->period ? head : moments_join(&me->tails[me->period - begun], &head);
    }
    moments tail = {0};
    for (uint64_t n = 1; n < me->period; n++) {
        moments_add(&tail, s1_series_at(me->close, n - 1));
        me->tails[n] = tail;
    }
    me->head = (moments){0};
    return head;
}

static s1_rc bollinger_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    bollinger_calculator *const me = self;
    const double close = s1_series_last(me->close);
    const moments window = take_close(me);
    const bool is_whole = me->bars >= me->period;
    const double middle = is_whole ? window.mean : (double)NAN;
    const double deviation = is_whole ? sqrt(window.squares / window.count) : (double)NAN;
    const double reach = me->deviations * deviation;
    s1_column_put(me->middle, middle);
    s1_column_put(me->upper, middle + reach);
    s1_column_put(me->lower, middle - reach);
    s1_column_put(me->bandwidth, middle == 0.0 ? (double)NAN : 2.0 * reach / middle);
    s1_column_put(me->percent_b, reach == 0.0 ? 0.5 : 0.5 + (close - middle) / (2.0 * reach));
    return S1_OK;
}

static s1_rc bind_column(const s1_binder *binder, const char *part, int64_t period, s1_str width,
                         s1_column **ret_column, s1_err *err)
{
    char name[96];
    const int length =
        snprintf(name, sizeof name, "bb_%s_%lld_%.*s", part, (long long)period, S1_STR_ARG(width));
    return binder->column(binder->self, (s1_str){name, (size_t)length}, ret_column, err);
}

/* The columns' names end on the parameters: bb_upper_20_2, bb_upper_20_2_5. */
static s1_rc bind_columns(bollinger_calculator *me, const s1_binder *binder, int64_t period,
                          s1_dec deviations, s1_err *err)
{
    char text[S1_DEC_TEXT_MAX];
    const s1_str width = {text, s1_column_part(deviations, text)};
    S1_TRY(err, bind_column(binder, "middle", period, width, &me->middle, err));
    S1_TRY(err, bind_column(binder, "upper", period, width, &me->upper, err));
    S1_TRY(err, bind_column(binder, "lower", period, width, &me->lower, err));
    S1_TRY(err, bind_column(binder, "bandwidth", period, width, &me->bandwidth, err));
    S1_TRY(err, bind_column(binder, "percent_b", period, width, &me->percent_b, err));
    return S1_OK;
}

static void bollinger_destroy(void *self)
{
    free(self);
}

static s1_rc bollinger_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                              s1_err *err)
{
    (void)host;
    int64_t period;
    s1_dec deviations;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("period"), &period, err));
    S1_TRY(err, binder->param_decimal(binder->self, S1_STR("deviations"), &deviations, err));
    const double width = s1_dec_to_double(deviations);
    if (period < 2) {
        return S1_RAISE(err, S1_E_INVALID, "bollinger_calculator: period %lld, expected 2 or more",
                        (long long)period);
    }
    if (!(width > 0.0)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "bollinger_calculator: deviations %g, expected more than 0", width);
    }
    const size_t bytes = sizeof(bollinger_calculator) + (size_t)period * sizeof(moments);
    bollinger_calculator *const me = calloc(1, bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "bollinger_calculator: %zu bytes", bytes);
    }
    me->deviations = width;
    me->period = (uint64_t)period;
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, binder->series(binder->self, S1_STR("close"), &me->close, err));
    S1_TRY_GOTO(err, rc, fail, bind_columns(me, binder, period, deviations, err));
    *ret_self = me;
    return S1_OK;
fail:
    bollinger_destroy(me);
    return rc;
}

static const s1_worker_ops bollinger_ops = {
    .size = sizeof bollinger_ops,
    .type = S1_WORKER_CONTEXT,
    .create = bollinger_create,
    .destroy = bollinger_destroy,
    .enrich = bollinger_enrich,
};

S1_PLUGIN("bollinger_calculator", "1.0.0", &bollinger_ops, 0)
