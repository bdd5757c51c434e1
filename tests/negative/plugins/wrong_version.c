/* Is another version than its manifest says. */
#define SAMPLE_VERSION "1.0.1"
#include "sample.h"
