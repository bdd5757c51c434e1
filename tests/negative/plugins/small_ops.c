/* Its table of callbacks ends before the process functions. */
#define SAMPLE_OPS_SIZE 24
#include "sample.h"
