/* Its entry returns nothing. */
#define SAMPLE_NO_ENTRY
#include "sample.h"

__attribute__((used)) static void (*const keep)(void *) = sample_destroy;

const s1_plugin_desc *s1_plugin_entry(uint32_t host_abi_major)
{
    (void)host_abi_major;
    return NULL;
}
