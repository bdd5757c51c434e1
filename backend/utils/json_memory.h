/* backend/utils/json_memory.h - tells malformed JSON from memory that ran out while it was read.
 *
 * jansson does not: an allocation that fails inside its scanner reads as a fault of the text,
 * leaves a value short, ends the process with an assertion, or writes past what it allocated
 * (2.14). So its allocations go through here: one that fails is counted, per thread, and answered
 * from a reserve of 1 MiB, so that jansson never sees it. Who reads or prints JSON takes the count
 * before, and judges after. When the reserve is gone the process is ended (abort), which to what is
 * on disk is a kill.
 */
#ifndef S1_UTILS_JSON_MEMORY_H
#define S1_UTILS_JSON_MEMORY_H

#include "s1mple/error.h"

/* Allocations of jansson that failed in this thread so far. The first call puts the hook in. */
uint64_t s1_json_memory_failures(void);

/* `rc`, unless an allocation failed since `before`: then S1_E_NO_MEMORY, raised in place of what
 * *err holds, for neither success nor a fault of the text can be believed. */
S1_WARN_UNUSED s1_rc s1_json_memory_judge(uint64_t before, s1_rc rc, s1_err *err);

/* Frees what json_dumps returned, which free() must not. Accepts NULL. */
void s1_json_text_free(char *text);

#endif /* S1_UTILS_JSON_MEMORY_H */
