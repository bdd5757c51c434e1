#include "backend/utils/assert.h"

#include <stdio.h>
#include <stdlib.h>

void s1_assert_failed(const char *expression, const char *file, int line, const char *function)
{
    (void)fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, function, expression);
    (void)fflush(stderr);
    abort();
}
