/* Has other layouts. */
#define SAMPLE_STAMP (S1_ABI_STAMP ^ 1)
#include "sample.h"
