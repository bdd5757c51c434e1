/* A mean of the last closes with enrich_range, right or wrong in one way per `mode`. */
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH 5u

typedef struct ranged {
    const s1_series *close;
    s1_column *column;
    double sum; /* kept from row to row */
    char mode[32];
} ranged;

static bool is_mode(const ranged *me, const char *mode)
{
    return strcmp(me->mode, mode) == 0;
}

static void take_row(ranged *me, uint64_t row)
{
    me->sum += s1_series_row(me->close, row);
    if (row >= LENGTH) {
        me->sum -= s1_series_row(me->close, row - LENGTH);
    }
    s1_column_put_row(me->column, row, row + 1 < LENGTH ? (double)NAN : me->sum / LENGTH);
}

static s1_rc enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    ranged *const me = self;
    take_row(me, s1_series_rows(me->close) - 1);
    return S1_OK;
}

/* Sums in another order, which rounds otherwise. */
static double sum_anew(const ranged *me, uint64_t row)
{
    double sum = 0;
    for (uint64_t ago = 0; ago < LENGTH && ago <= row; ago++) {
        sum += s1_series_row(me->close, row - ago);
    }
    return sum;
}

__attribute__((unused)) static s1_rc enrich_range(void *self, uint64_t first_row, uint64_t count,
                                                  s1_err *err)
{
    ranged *const me = self;
    const uint64_t last = first_row + count - 1;
    if (is_mode(me, "fails") && count > 8) {
        return S1_RAISE(err, S1_E_PLUGIN, "cannot do so many");
    }
    if (is_mode(me, "forgets")) {
        me->sum = 0;
    }
    for (uint64_t row = first_row; row <= last; row++) {
        take_row(me, row);
        if (is_mode(me, "rounds") && row + 1 >= LENGTH) {
            s1_column_put_row(me->column, row, sum_anew(me, row) / LENGTH);
        }
        if (is_mode(me, "peeks") && row < last) {
            s1_column_put_row(me->column, row, s1_series_row(me->close, row + 1));
        }
    }
    if (is_mode(me, "leaves_out") && count > 1) {
        me->column->values[last] = (double)NAN;
    }
    return S1_OK;
}

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    s1_str mode;
    ranged *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "ranged");
    }
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, binder->param_text(binder->self, S1_STR("mode"), &mode, err));
    S1_TRY_GOTO(err, rc, fail, binder->series(binder->self, S1_STR("close"), &me->close, err));
    S1_TRY_GOTO(err, rc, fail, binder->column(binder->self, S1_STR("mean"), &me->column, err));
    (void)snprintf(me->mode, sizeof me->mode, "%.*s", (int)mode.len, mode.ptr);
    *ret_self = me;
    return S1_OK;
fail:
    free(me);
    return rc;
}

#ifdef BAR_BY_BAR
#define RANGE NULL
#else
#define RANGE enrich_range
#endif

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_CONTEXT,
                                  .create = create,
                                  .destroy = free,
                                  .enrich = enrich,
                                  .enrich_range = RANGE};
S1_PLUGIN("ranged", "1.0.0", &ops, 0)
