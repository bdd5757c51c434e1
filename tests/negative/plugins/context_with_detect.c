/* A ContextWorker reaching for signals. */
#include "s1mple/plugin.h"
#define SAMPLE_MORE_OPS .detect = sample_detect,

static s1_rc sample_detect(void *self, const s1_context *context, const s1_opportunity_sink *out,
                           s1_err *err)
{
    (void)self;
    (void)context;
    (void)out;
    (void)err;
    return S1_OK;
}
#include "sample.h"
