/* A threat worker that traps when it hears that storage failed. */
#include "s1mple/plugin.h"

#include <stdlib.h>
#include <string.h>

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host, (void)binder;
    *ret_self = malloc(1);
    return *ret_self != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "alarmed");
}

static s1_rc assess(void *self, const s1_context *context, const s1_threat_sink *out, s1_err *err)
{
    (void)self, (void)context, (void)out, (void)err;
    return S1_OK;
}

static s1_rc on_event(void *self, const s1_event *event, s1_err *err)
{
    static const char start[] = "{\"code\":\"STORAGE_FAILED\",\"severity\":\"CRITICAL\",";
    (void)self, (void)err;
    if (event->json.len >= sizeof start && memcmp(event->json.ptr, start, sizeof start - 1) == 0) {
        __builtin_trap();
    }
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_THREAT,
                                  .create = create,
                                  .destroy = free,
                                  .assess = assess,
                                  .on_event = on_event};
S1_PLUGIN("alarmed", "1.0.0", &ops, S1_CAP_EVENTS)
