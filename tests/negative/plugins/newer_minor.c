/* Was built against a newer SDK. */
#define SAMPLE_MINOR (S1_ABI_MINOR + 1)
#include "sample.h"
