/* Is not the plugin its manifest tells of. */
#define SAMPLE_NAME "somebody_else"
#include "sample.h"
