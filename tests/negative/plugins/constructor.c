/* Runs code as soon as it is opened. */
#include "sample.h"

__attribute__((constructor)) static void at_load(void)
{
    __builtin_trap(); /* whoever opens it, dies of it */
}
