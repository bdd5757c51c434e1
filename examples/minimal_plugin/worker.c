/* rate_of_change - how far the close has come in <period> bars, in percent, as column roc_<period>.
 *
 * A whole plugin: what it is, needs and gives stands in manifest.yaml; here is what it does. It was
 * built with nothing of S1mpleTrader but the installed headers.
 */
#include <s1mple/plugin.h>
#include <stdlib.h>

typedef struct rate_of_change {
    const s1_series *close;
    s1_column *out;
    uint64_t period;
} rate_of_change;

/* Resolves names to handles, once. Nothing is looked up by name later. */
static s1_rc roc_create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    rate_of_change made = {.close = NULL};
    int64_t period = 0;
    S1_TRY(err, binder->param_int(binder->self, S1_STR("period"), &period, err));
    made.period = (uint64_t)period; /* the manifest says at least 1 */
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &made.close, err));
    char name[32];
    const int length = snprintf(name, sizeof name, "roc_%lld", (long long)period);
    S1_TRY(err, binder->column(binder->self, (s1_str){name, (size_t)length}, &made.out, err));
    rate_of_change *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "rate_of_change: %zu bytes", sizeof *me);
    }
    *me = made;
    *ret_self = me;
    return S1_OK;
}

static void roc_destroy(void *self)
{
    free(self);
}

/* One value per closed bar; NaN, by itself, as long as there is no bar that far back. */
static s1_rc roc_enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)context;
    (void)err;
    rate_of_change *const me = self;
    const double before = s1_series_at(me->close, me->period);
    s1_column_put(me->out, 100.0 * (s1_series_last(me->close) / before - 1.0));
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_CONTEXT,
                                  .create = roc_create,
                                  .destroy = roc_destroy,
                                  .enrich = roc_enrich};
S1_PLUGIN("rate_of_change", "1.0.0", &ops, 0)
