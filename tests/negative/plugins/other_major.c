/* Was built against another major version of the SDK. */
#define SAMPLE_MAJOR (S1_ABI_MAJOR + 1)
#include "sample.h"
