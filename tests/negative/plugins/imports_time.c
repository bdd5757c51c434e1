/* Asks the wall clock. */
#include <time.h>
#define SAMPLE_VALUE (double)time(NULL)
#include "sample.h"
