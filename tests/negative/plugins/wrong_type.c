/* Is another type of worker than its manifest says. */
#define SAMPLE_TYPE S1_WORKER_OPPORTUNITY
#include "sample.h"
