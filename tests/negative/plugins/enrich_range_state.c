/* Many rows in one call, and a state that belongs to a bar. */
#define SAMPLE_CAPABILITIES S1_CAP_STATE
#define SAMPLE_MORE_OPS     .enrich_range = sample_range,
#include "range.h"
