/* Differs from its manifest in two ways. */
#define SAMPLE_NAME    "other"
#define SAMPLE_VERSION "2.0.0"
#include "sample.h"
