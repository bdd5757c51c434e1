/* An enrich_range() for samples that set it. */
#ifndef S1_TESTS_NEGATIVE_PLUGINS_RANGE_H
#define S1_TESTS_NEGATIVE_PLUGINS_RANGE_H

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

#endif /* S1_TESTS_NEGATIVE_PLUGINS_RANGE_H */
