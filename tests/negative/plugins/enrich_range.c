/* Fills in the slot that is reserved. */
#define SAMPLE_MORE_OPS .enrich_range = sample_range,
#include "s1mple/base.h"

#include <stdint.h>

static s1_rc sample_range(void *self, uint64_t first_row, uint64_t count, s1_err *err)
{
    (void)self;
    (void)first_row;
    (void)count;
    (void)err;
    return S1_OK;
}
#include "sample.h"
