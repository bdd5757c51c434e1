/* A context worker that breaks one rule per `mode`: it rewrites rows that were (a centred mean), it
 * remembers the run before, or it never does the same twice. */
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 20000u
#define HALF 3u

typedef struct cheat {
    const s1_series *close;
    s1_column *column;
    char mode[32];
} cheat;

/* Of the process, not of the run. */
static double remembered[ROWS];
static uint64_t remembered_count, calls;

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    s1_str mode;
    cheat *const me = calloc(1, sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "cheat");
    }
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, binder->param_text(binder->self, S1_STR("mode"), &mode, err));
    S1_TRY_GOTO(err, rc, fail, binder->series(binder->self, S1_STR("close"), &me->close, err));
    S1_TRY_GOTO(err, rc, fail, binder->column(binder->self, S1_STR("told"), &me->column, err));
    (void)snprintf(me->mode, sizeof me->mode, "%.*s", (int)mode.len, mode.ptr);
    *ret_self = me;
    return S1_OK;
fail:
    free(me);
    return rc;
}

/* The mean around a row needs rows behind it: it is written when they are there, into the past. */
static void repaint(const cheat *me, uint64_t rows)
{
    s1_column_put(me->column, (double)NAN);
    if (rows > 2 * HALF) {
        double sum = 0;
        for (uint64_t ago = 0; ago <= 2 * HALF; ago++) {
            sum += s1_series_at(me->close, ago);
        }
        me->column->values[rows - 1 - HALF] = sum / (double)(2 * HALF + 1);
    }
}

/* The next close, known from a run before. */
static void remember(const cheat *me, uint64_t rows)
{
    const double close = s1_series_last(me->close);
    const double next = rows < remembered_count ? remembered[rows] : close;
    if (rows <= ROWS && rows > remembered_count) {
        remembered[rows - 1] = close;
        remembered_count = rows;
    }
    s1_column_put(me->column, next);
}

static s1_rc enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    const cheat *const me = self;
    const uint64_t rows = s1_series_rows(me->close);
    calls++;
    if (strcmp(me->mode, "repaint") == 0) {
        repaint(me, rows);
    } else if (strcmp(me->mode, "remember") == 0) {
        remember(me, rows);
    } else if (strcmp(me->mode, "chance") == 0) {
        s1_column_put(me->column, (double)(calls * UINT64_C(2654435761) % 997));
    } else {
        s1_column_put(me->column, s1_series_last(me->close));
    }
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_CONTEXT,
                                  .create = create,
                                  .destroy = free,
                                  .enrich = enrich};
S1_PLUGIN("cheat", "1.0.0", &ops, 0)
