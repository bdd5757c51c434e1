/* Its descriptor is cut. */
#define SAMPLE_DESC_SIZE 16
#include "sample.h"
