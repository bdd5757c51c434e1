/* Takes a capability its manifest does not ask for. */
#define SAMPLE_CAPABILITIES S1_CAP_STATE
#include "sample.h"
