/* A ContextWorker that cannot enrich. */
#define SAMPLE_ENRICH NULL
#include "sample.h"
