#include "backend/utils/reserve.h"

#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES      ((size_t)4096)
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

static size_t rounded(size_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

void *s1_reserve_new(size_t bytes)
{
    if (bytes > SIZE_MAX - 2 * PAGE_BYTES) {
        return NULL;
    }
    const size_t usable = rounded(bytes);
    char *const memory = mmap(NULL, usable + PAGE_BYTES, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    /* Both are help, not need: a fault at the first step past the end, and half the time for
     * touching many pages for the first time. */
    (void)mprotect(memory + usable, PAGE_BYTES, PROT_NONE);
    if (usable >= 2 * HUGE_PAGE_BYTES) {
        (void)madvise(memory, usable, MADV_HUGEPAGE);
    }
    return memory;
}

void s1_reserve_populate(void *reserved, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    (void)madvise(reserved, rounded(bytes), MADV_POPULATE_WRITE);
#else
    (void)reserved;
    (void)bytes;
#endif
}

void s1_reserve_free(void *reserved, size_t bytes)
{
    if (reserved != NULL) {
        (void)munmap(reserved, rounded(bytes) + PAGE_BYTES);
    }
}
