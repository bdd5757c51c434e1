/* Opens a file. */
#include <stdio.h>
#define SAMPLE_VALUE (fopen("/tmp/loot", "w") != NULL ? 1.0 : 0.0)
#include "sample.h"
