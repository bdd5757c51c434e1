/* backend/utils/reserve.h - address space for arrays whose final length is not known.
 *
 * A reservation costs no memory until it is written, never moves, and needs no allocation on the
 * tick path: the kernel hands out zeroed pages as they are touched. The page behind it belongs to
 * nobody: an overrun stops the process.
 */
#ifndef S1_BACKEND_UTILS_RESERVE_H
#define S1_BACKEND_UTILS_RESERVE_H

#include <stddef.h>

/* Zeroed, page-aligned address space of `bytes` (> 0), or NULL. Free with s1_reserve_free. */
void *s1_reserve_new(size_t bytes);

/* Has the kernel back the first `bytes` of a reservation with memory now, so that no page fault
 * meets the tick path. For arrays that will be filled to that length. Help, not need: a kernel that
 * cannot (before Linux 5.14) changes nothing. */
void s1_reserve_populate(void *reserved, size_t bytes);

/* `bytes` as given to s1_reserve_new. Accepts NULL. */
void s1_reserve_free(void *reserved, size_t bytes);

#endif /* S1_BACKEND_UTILS_RESERVE_H */
