/* A threat worker that hears ProbeSpoke and writes what it heard into the journal. */
#include "s1mple/plugin.h"

#include <stdlib.h>

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)binder;
    const s1_host **const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "hearer");
    }
    *me = host;
    *ret_self = me;
    return S1_OK;
}

static s1_rc assess(void *self, const s1_context *context, const s1_threat_sink *out, s1_err *err)
{
    (void)self, (void)context, (void)out, (void)err;
    return S1_OK;
}

static s1_rc on_event(void *self, const s1_event *event, s1_err *err)
{
    const s1_host *const host = *(const s1_host **)self;
    return host->journal->append(host->ctx, S1_STR("HEARD"), event->json, err);
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_THREAT,
                                  .create = create,
                                  .destroy = free,
                                  .assess = assess,
                                  .on_event = on_event};
S1_PLUGIN("hearer", "1.0.0", &ops, S1_CAP_EVENTS | S1_CAP_JOURNAL)
