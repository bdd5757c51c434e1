/* A detector that finds a long at every `every`-th bar and fails at tick `fails_at`, or says more
 * at once than a run may. For tests of policies and limits. */
#include "s1mple/plugin.h"

#include <stdlib.h>

typedef struct detector {
    const s1_series *close;
    int64_t every, fails_at, signals;
} detector;

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    detector made;
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &made.close, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("every"), &made.every, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("fails_at"), &made.fails_at, err));
    S1_TRY(err, binder->param_int(binder->self, S1_STR("signals"), &made.signals, err));
    detector *const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "failing_detector");
    }
    *me = made;
    *ret_self = me;
    return S1_OK;
}

static s1_rc detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                    s1_err *err)
{
    const detector *const me = self;
    if (me->fails_at > 0 && context->tick == (uint64_t)me->fails_at) {
        return S1_RAISE(err, S1_E_DATA, "it fails at its %lldth tick", (long long)me->fails_at);
    }
    if (me->every == 0 || context->tick % (uint64_t)me->every != 0) {
        return S1_OK;
    }
    for (int64_t i = 0; i < me->signals; i++) {
        const s1_signal draft = {.size = sizeof draft,
                                 .direction = S1_LONG,
                                 .signal_type = S1_STR("every"),
                                 .score = (double)NAN,
                                 .price = s1_series_last(me->close)};
        S1_TRY(err, out->emit(out->self, &draft, NULL, err));
    }
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_OPPORTUNITY,
                                  .create = create,
                                  .destroy = free,
                                  .detect = detect};
S1_PLUGIN("failing_detector", "1.0.0", &ops, 0)
