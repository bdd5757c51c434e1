/* backend/utils/uid.h - 128-bit identifiers: text, equality, and the two ways to make one. */
#ifndef S1_UTILS_UID_H
#define S1_UTILS_UID_H

#include "backend/utils/rng.h"
#include "s1mple/error.h"

#include <string.h>

#define S1_UID_TEXT_LENGTH 36u
#define S1_UID_TEXT_MAX    37u /* NUL included */

static inline bool s1_uid_eq(s1_uid a, s1_uid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline bool s1_uid_is_none(s1_uid uid)
{
    uint64_t halves[2];
    memcpy(halves, uid.bytes, sizeof halves);
    return (halves[0] | halves[1]) == 0;
}

/* Byte order, which for version 7 is order of time: <0, 0, >0. */
static inline int s1_uid_cmp(s1_uid a, s1_uid b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes);
}

/* 36 lower-case characters, 8-4-4-4-12, and a NUL; returns 36. */
size_t s1_uid_print(s1_uid uid, char out[S1_UID_TEXT_MAX]);
/* Exactly that form, either case, any version. Errors: S1_E_INVALID. */
S1_WARN_UNUSED s1_rc s1_uid_parse(s1_str text, s1_uid *ret_uid, s1_err *err);

/* A version-8 UUID that is a function of its arguments alone: same arguments, same id, on every
 * machine. 122 bits of hash; not for adversaries. */
s1_uid s1_uid_derive(uint64_t seed, const uint64_t *parts, size_t count);
/* The same over bytes, e.g. a strategy link. */
s1_uid s1_uid_derive_bytes(uint64_t seed, const void *bytes, size_t len);

/* A version-7 UUID: 48 bits of milliseconds, 74 of chance. */
s1_uid s1_uid_v7(s1_nanos now, s1_rng *rng);

#endif /* S1_UTILS_UID_H */
