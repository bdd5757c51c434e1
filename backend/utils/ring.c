#include "backend/utils/ring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64
#define BYTES_MAX  ((size_t)1 << 32)

struct s1_ring {
    /* Positions only rise; the item of position p lies at p % capacity. Each side owns a line. */
    _Alignas(CACHE_LINE) atomic_size_t pushed;
    atomic_size_t high_water;
    size_t popped_seen; /* the pusher's last look at `popped` */
    _Alignas(CACHE_LINE) atomic_size_t popped;
    _Alignas(CACHE_LINE) size_t item_bytes;
    size_t capacity; /* a power of two */
    unsigned char *items;
};

s1_rc s1_ring_new(size_t item_bytes, size_t capacity, s1_ring **ret_ring, s1_err *err)
{
    size_t rounded = 1;
    if (item_bytes == 0 || capacity == 0 || capacity > BYTES_MAX / item_bytes) {
        return S1_RAISE(err, S1_E_INVALID,
                        "ring: found %zu items of %zu bytes, expected at least one of each and at "
                        "most 4 GiB",
                        capacity, item_bytes);
    }
    while (rounded < capacity) {
        rounded *= 2;
    }
    s1_ring *const ring = aligned_alloc(CACHE_LINE, sizeof *ring);
    unsigned char *const items = ring != NULL ? malloc(rounded * item_bytes) : NULL;
    if (items == NULL) {
        free(ring);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a ring of %zu items of %zu bytes", rounded,
                        item_bytes);
    }
    memset(items, 0xee, rounded * item_bytes); /* every page is there from here on */
    memset(ring, 0, sizeof *ring);
    atomic_init(&ring->pushed, 0);
    atomic_init(&ring->popped, 0);
    atomic_init(&ring->high_water, 0);
    ring->item_bytes = item_bytes;
    ring->capacity = rounded;
    ring->items = items;
    *ret_ring = ring;
    return S1_OK;
}

void s1_ring_free(s1_ring *ring)
{
    if (ring != NULL) {
        free(ring->items);
        free(ring);
    }
}

/* Bytes between position and the end of the memory come first, the rest from its beginning. */
static size_t first_part(const s1_ring *ring, size_t position, size_t count)
{
    const size_t upto_end = ring->capacity - (position & (ring->capacity - 1));
    return count < upto_end ? count : upto_end;
}

static unsigned char *item_at(const s1_ring *ring, size_t position)
{
    return ring->items + (position & (ring->capacity - 1)) * ring->item_bytes;
}

bool s1_ring_push(s1_ring *ring, const void *items, size_t count)
{
    const size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_relaxed);
    if (count > ring->capacity - (pushed - ring->popped_seen)) {
        ring->popped_seen = atomic_load_explicit(&ring->popped, memory_order_acquire);
        if (count > ring->capacity - (pushed - ring->popped_seen)) {
            return false;
        }
    }
    const size_t first = first_part(ring, pushed, count);
    memcpy(item_at(ring, pushed), items, first * ring->item_bytes);
    if (count > first) {
        memcpy(ring->items, (const unsigned char *)items + first * ring->item_bytes,
               (count - first) * ring->item_bytes);
    }
    atomic_store_explicit(&ring->pushed, pushed + count, memory_order_release);
    const size_t depth = pushed + count - atomic_load_explicit(&ring->popped, memory_order_relaxed);
    if (depth > atomic_load_explicit(&ring->high_water, memory_order_relaxed)) {
        atomic_store_explicit(&ring->high_water, depth, memory_order_relaxed);
    }
    return true;
}

size_t s1_ring_pop(s1_ring *ring, void *ret_items, size_t max)
{
    const size_t popped = atomic_load_explicit(&ring->popped, memory_order_relaxed);
    const size_t there = atomic_load_explicit(&ring->pushed, memory_order_acquire) - popped;
    const size_t count = there < max ? there : max;
    const size_t first = first_part(ring, popped, count);
    memcpy(ret_items, item_at(ring, popped), first * ring->item_bytes);
    if (count > first) {
        memcpy((unsigned char *)ret_items + first * ring->item_bytes, ring->items,
               (count - first) * ring->item_bytes);
    }
    atomic_store_explicit(&ring->popped, popped + count, memory_order_release);
    return count;
}

size_t s1_ring_depth(const s1_ring *ring)
{
    const size_t popped = atomic_load_explicit(&ring->popped, memory_order_acquire);
    const size_t pushed = atomic_load_explicit(&ring->pushed, memory_order_acquire);
    return pushed - popped < ring->capacity ? pushed - popped : ring->capacity;
}

size_t s1_ring_high_water(const s1_ring *ring)
{
    return atomic_load_explicit(&ring->high_water, memory_order_relaxed);
}

size_t s1_ring_capacity(const s1_ring *ring)
{
    return ring->capacity;
}
