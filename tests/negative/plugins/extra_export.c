/* Exports a second symbol. */
#include "sample.h"

S1_PLUGIN_EXPORT int helper(void);

int helper(void)
{
    return 1;
}
