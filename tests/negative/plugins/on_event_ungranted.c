/* Listens to events without the capability. */
#include "s1mple/plugin.h"
#define SAMPLE_MORE_OPS .on_event = sample_on_event,

static s1_rc sample_on_event(void *self, const s1_event *event, s1_err *err)
{
    (void)self;
    (void)event;
    (void)err;
    return S1_OK;
}
#include "sample.h"
