/* backend/utils/intern.h - names become dense numbers, in the order they were first seen.
 *
 * Interned once at assembly, compared and indexed as uint32_t ever after. The order is the order of
 * first interning, so iterating 0..count-1 is deterministic. Not thread-safe while interning.
 */
#ifndef S1_UTILS_INTERN_H
#define S1_UTILS_INTERN_H

#include "s1mple/base.h"

typedef struct s1_intern s1_intern;

#define S1_INTERN_NONE UINT32_MAX

/* At most `max_names` names. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_intern_new(uint32_t max_names, s1_intern **ret_intern, s1_err *err);
void s1_intern_free(s1_intern *intern); /* accepts NULL */

/* The number of `name`, which is copied when it is new. Errors: S1_E_NO_MEMORY at the maximum. */
S1_WARN_UNUSED s1_rc s1_intern_add(s1_intern *intern, s1_str name, uint32_t *ret_id, s1_err *err);

/* The number of `name`, or S1_INTERN_NONE. */
uint32_t s1_intern_find(const s1_intern *intern, s1_str name);

/* The name of a number below the count; borrowed until free, NUL-terminated behind its length. */
s1_str s1_intern_name(const s1_intern *intern, uint32_t id);

uint32_t s1_intern_count(const s1_intern *intern);

#endif /* S1_UTILS_INTERN_H */
