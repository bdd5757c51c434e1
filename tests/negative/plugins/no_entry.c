/* Exports nothing. */
#define SAMPLE_NO_ENTRY
#include "sample.h"

__attribute__((used)) static void *const keep[] = {(void *)sample_create, (void *)sample_enrich,
                                                   (void *)sample_destroy};
