/* The smallest ContextWorker there is, with every part open to being spoilt: a bad sample defines
 * what it does wrong and includes this. Alone (sample.c) it is a good plugin. */
#ifndef S1_TESTS_NEGATIVE_PLUGINS_SAMPLE_H
#define S1_TESTS_NEGATIVE_PLUGINS_SAMPLE_H

#include "s1mple/plugin.h"

#include <stdlib.h>

#ifndef SAMPLE_NAME
#define SAMPLE_NAME "sample"
#endif
#ifndef SAMPLE_VERSION
#define SAMPLE_VERSION "1.0.0"
#endif
#ifndef SAMPLE_TYPE
#define SAMPLE_TYPE S1_WORKER_CONTEXT
#endif
#ifndef SAMPLE_MAJOR
#define SAMPLE_MAJOR S1_ABI_MAJOR
#endif
#ifndef SAMPLE_MINOR
#define SAMPLE_MINOR S1_ABI_MINOR
#endif
#ifndef SAMPLE_STAMP
#define SAMPLE_STAMP S1_ABI_STAMP
#endif
#ifndef SAMPLE_DESC_SIZE
#define SAMPLE_DESC_SIZE sizeof(s1_plugin_desc)
#endif
#ifndef SAMPLE_OPS_SIZE
#define SAMPLE_OPS_SIZE sizeof(s1_worker_ops)
#endif
#ifndef SAMPLE_CAPABILITIES
#define SAMPLE_CAPABILITIES 0
#endif
#ifndef SAMPLE_MORE_OPS
#define SAMPLE_MORE_OPS
#endif
#ifndef SAMPLE_ENRICH
#define SAMPLE_ENRICH sample_enrich
#endif
#ifndef SAMPLE_CREATE
#define SAMPLE_CREATE sample_create
#endif
#ifndef SAMPLE_VALUE
#define SAMPLE_VALUE s1_series_last(me->close)
#endif

typedef struct sample {
    const s1_host *host;
    const s1_series *close;
    s1_column *out;
} sample;

__attribute__((unused)) static s1_rc sample_create(const s1_host *host, const s1_binder *binder,
                                                   void **ret_self, s1_err *err)
{
    sample made = {.host = host};
    S1_TRY(err, binder->series(binder->self, S1_STR("close"), &made.close, err));
    S1_TRY(err, binder->column(binder->self, S1_STR("copy"), &made.out, err));
    sample *const self = malloc(sizeof *self);
    if (self == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "sample: %zu bytes", sizeof *self);
    }
    *self = made;
    *ret_self = self;
    return S1_OK;
}

static void sample_destroy(void *self)
{
    free(self);
}

__attribute__((unused)) static s1_rc sample_enrich(void *self, const s1_context *context,
                                                   s1_err *err)
{
    sample *const me = self;
    (void)context;
    (void)err;
    s1_column_put(me->out, SAMPLE_VALUE);
    return S1_OK;
}

#ifndef SAMPLE_NO_ENTRY
const s1_plugin_desc *s1_plugin_entry(uint32_t host_abi_major)
{
    static const s1_worker_ops ops = {.size = SAMPLE_OPS_SIZE,
                                      .type = SAMPLE_TYPE,
                                      .create = SAMPLE_CREATE,
                                      .destroy = sample_destroy,
                                      .enrich = SAMPLE_ENRICH,
                                      SAMPLE_MORE_OPS};
    static const s1_plugin_desc desc = {SAMPLE_DESC_SIZE,
                                        SAMPLE_MAJOR,
                                        SAMPLE_MINOR,
                                        SAMPLE_STAMP,
                                        SAMPLE_NAME,
                                        SAMPLE_VERSION,
                                        &ops,
                                        SAMPLE_CAPABILITIES,
                                        0};
    (void)host_abi_major;
    return &desc;
}
#endif

#endif /* S1_TESTS_NEGATIVE_PLUGINS_SAMPLE_H */
