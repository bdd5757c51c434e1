/* backend/utils/ring.h - a bounded queue between two threads without locks: one pushes, one pops.
 *
 * Items have a fixed size and are copied in and out. Neither side ever waits: a push that does not
 * fit takes nothing and says so, a pop gives what there is. All memory is taken, and touched, when
 * the ring is made, so that pushing costs no page fault.
 *
 * Which thread may call what: push the one, pop the other; depth, high_water and capacity any.
 */
#ifndef S1_UTILS_RING_H
#define S1_UTILS_RING_H

#include "s1mple/error.h"

typedef struct s1_ring s1_ring;

/* Room for `capacity` items (rounded up to a power of two) of `item_bytes` each. Heap;
 * s1_ring_free. Errors: S1_E_INVALID for 0 or more than 2^32 bytes in all, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_ring_new(size_t item_bytes, size_t capacity, s1_ring **ret_ring,
                                 s1_err *err);
void s1_ring_free(s1_ring *ring); /* accepts NULL */

/* All of `count` items, or, where they do not fit, none. Wait-free. */
bool s1_ring_push(s1_ring *ring, const void *items, size_t count);

/* Up to `max` items in the order they were pushed; how many there were. Wait-free. */
size_t s1_ring_pop(s1_ring *ring, void *ret_items, size_t max);

size_t s1_ring_depth(const s1_ring *ring);      /* items in it, about now */
size_t s1_ring_high_water(const s1_ring *ring); /* the most there ever were behind a push */
size_t s1_ring_capacity(const s1_ring *ring);

#endif /* S1_UTILS_RING_H */
