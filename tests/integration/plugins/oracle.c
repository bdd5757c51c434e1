/* An opportunity worker that signals where the close rises next, as it remembers from a run before;
 * in the first run, and with `is_honest`, where it rose. */
#include "s1mple/plugin.h"

#include <stdlib.h>

#define ROWS 20000u

typedef struct oracle {
    const s1_series *close;
    bool is_honest;
} oracle;

static double remembered[ROWS]; /* of the process, not of the run */
static uint64_t remembered_count;

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    oracle *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "oracle");
    }
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail,
                binder->param_bool(binder->self, S1_STR("is_honest"), &me->is_honest, err));
    S1_TRY_GOTO(err, rc, fail, binder->series(binder->self, S1_STR("close"), &me->close, err));
    *ret_self = me;
    return S1_OK;
fail:
    free(me);
    return rc;
}

static s1_rc detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                    s1_err *err)
{
    (void)context;
    const oracle *const me = self;
    const uint64_t rows = s1_series_rows(me->close);
    const double close = s1_series_last(me->close);
    const bool knows = !me->is_honest && rows < remembered_count;
    const double rise = knows ? remembered[rows] - close : close - s1_series_at(me->close, 1);
    if (rows <= ROWS && rows > remembered_count) {
        remembered[rows - 1] = close;
        remembered_count = rows;
    }
    return rise > 0.002 ? s1_signal_emit(out, S1_STR("ORACLE"), S1_LONG, close, NULL, 0, err)
                        : S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_OPPORTUNITY,
                                  .create = create,
                                  .destroy = free,
                                  .detect = detect};
S1_PLUGIN("oracle", "1.0.0", &ops, 0)
