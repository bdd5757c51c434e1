/* A context worker that writes its column on even rows only. */
#include "s1mple/plugin.h"

#include <stdlib.h>

static s1_rc create(const s1_host *host, const s1_binder *binder, void **ret_self, s1_err *err)
{
    (void)host;
    s1_column **const me = malloc(sizeof *me);
    if (me == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "holey");
    }
    const s1_rc rc = binder->column(binder->self, S1_STR("sometimes"), me, err);
    if (rc != S1_OK) {
        free(me);
        return rc;
    }
    *ret_self = me;
    return S1_OK;
}

static s1_rc enrich(void *self, const s1_context *context, s1_err *err)
{
    (void)err;
    s1_column *const column = *(s1_column **)self;
    if (context->tick % 2 == 0) {
        s1_column_put(column, 1.0);
    }
    return S1_OK;
}

static const s1_worker_ops ops = {.size = sizeof ops,
                                  .type = S1_WORKER_CONTEXT,
                                  .create = create,
                                  .destroy = free,
                                  .enrich = enrich};
S1_PLUGIN("holey", "1.0.0", &ops, 0)
