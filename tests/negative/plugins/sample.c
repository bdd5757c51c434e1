/* A good plugin, for the others to differ from. */
#include "sample.h"
