/* Cannot be created. */
#define SAMPLE_CREATE NULL
#include "sample.h"
