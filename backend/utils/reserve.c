#include "backend/utils/reserve.h"

#include <sys/mman.h>

void *s1_reserve_new(size_t bytes)
{
    void *const memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void s1_reserve_free(void *reserved, size_t bytes)
{
    if (reserved != NULL) {
        (void)munmap(reserved, bytes);
    }
}
