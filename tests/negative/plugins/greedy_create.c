/* Asks the binder for what its manifest does not declare. */
#include "s1mple/plugin.h"
#define SAMPLE_CREATE greedy_create

static s1_rc greedy_create(const s1_host *host, const s1_binder *binder, void **ret_self,
                           s1_err *err)
{
    const s1_series *volume = NULL;
    (void)host;
    *ret_self = NULL;
    return binder->series(binder->self, S1_STR("volume"), &volume, err);
}
#include "sample.h"
