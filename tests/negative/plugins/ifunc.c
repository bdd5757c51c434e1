/* Has a function the loader resolves by running code. */
#include "sample.h"

static int one(void)
{
    return 1;
}
static int (*pick(void))(void)
{
    return one;
}
static int chosen(void) __attribute__((ifunc("pick")));
__attribute__((used)) static int (*const keep)(void) = chosen;
