/* bollinger_calculator - mean of the close, bands a number of standard deviations around it, their
 * width and the close's place in them.
 */
#include "s1mple/moments.h"
#include "s1mple/params.h"

#include <stdlib.h>

typedef struct bollinger_calculator {
    const s1_series *close;
    s1_column *middle, *upper, *lower, *bandwidth, *percent_b;
    s1_moments_window window;
    double period, deviations;
    double memory[]; /* of the window */
} bollinger_calculator;

static s1_rc bollinger_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    bollinger_calculator *const me = self;
    const double close = s1_series_last(me->close);
    const s1_moments window = s1_moments_window_take(&me->window, close, 0.0);
    const bool is_whole = window.count >= me->period;
    const double middle = is_whole ? window.mean_x : (double)NAN;
    const double deviation = is_whole ? sqrt(window.xx / window.count) : (double)NAN;
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
    const size_t bytes = sizeof(bollinger_calculator) + s1_moments_window_bytes((uint64_t)period);
    bollinger_calculator *const me = calloc(1, bytes);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "bollinger_calculator: %zu bytes", bytes);
    }
    me->deviations = width;
    me->period = (double)period;
    s1_moments_window_init(&me->window, (uint64_t)period, me->memory);
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
