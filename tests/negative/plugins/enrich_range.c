/* Of a minor version whose hosts never call it. */
#define SAMPLE_MINOR    1u
#define SAMPLE_MORE_OPS .enrich_range = sample_range,
#include "range.h"
