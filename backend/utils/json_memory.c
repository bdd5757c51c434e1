#include "backend/utils/json_memory.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

#define RESERVE_BYTES ((size_t)1 << 20)
#define ALIGNMENT     ((size_t)16)

static _Thread_local uint64_t failures;
static atomic_bool is_hooked;
/* Handed out once, never given back: who comes here is about to stop. */
static _Alignas(16) unsigned char reserve[RESERVE_BYTES];
static atomic_size_t reserve_used;

static void *from_reserve(size_t size)
{
    const size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > RESERVE_BYTES - ALIGNMENT || atomic_load(&reserve_used) > RESERVE_BYTES) {
        abort();
    }
    const size_t at = atomic_fetch_add(&reserve_used, rounded);
    if (at > RESERVE_BYTES - rounded) {
        abort();
    }
    return &reserve[at];
}

static void *counted_malloc(size_t size)
{
    void *const memory = malloc(size);
    if (memory != NULL || size == 0) {
        return memory;
    }
    failures++;
    return from_reserve(size);
}

static void counted_free(void *memory)
{
    const uintptr_t at = (uintptr_t)memory;
    const uintptr_t first = (uintptr_t)&reserve[0];
    if (at < first || at - first >= RESERVE_BYTES) {
        free(memory);
    }
}

uint64_t s1_json_memory_failures(void)
{
    if (!atomic_exchange(&is_hooked, true)) {
        json_set_alloc_funcs(counted_malloc, counted_free);
    }
    return failures;
}

s1_rc s1_json_memory_judge(uint64_t before, s1_rc rc, s1_err *err)
{
    if (failures == before || rc == S1_E_NO_MEMORY) {
        return rc;
    }
    return S1_RAISE(err, S1_E_NO_MEMORY, "reading or writing JSON");
}

void s1_json_text_free(char *text)
{
    counted_free(text);
}
