/* tests/support/failing_memory.h - allocations that fail by number, and processes to try it in.
 *
 * A test that uses this is linked with --wrap=malloc,calloc,realloc (cmake/S1Tests.cmake), which
 * gives it every allocation of what is linked statically: all of our own code. jansson's come
 * through its own hook (json_set_alloc_funcs). What a plugin or the C library allocates for itself
 * is not seen.
 *
 * A case may end the process (an assertion, the end of jansson's reserve), as a kill does. Each
 * therefore lives in a process of its own; what it has to say stands in shared memory.
 */
#ifndef S1_TESTS_SUPPORT_FAILING_MEMORY_H
#define S1_TESTS_SUPPORT_FAILING_MEMORY_H

#include "s1mple/base.h"

#define S1_MEMORY_KNOWN 65536u

/* What a case leaves, also one that was ended. */
typedef struct s1_memory_case {
    uint64_t allocations;             /* while it was armed */
    uint64_t failed;                  /* of them */
    bool has_jansson;                 /* the first that failed was jansson's */
    bool is_done;                     /* the case came to its end */
    bool is_right;                    /* and says so */
    char what[512];                   /* why not */
    uint64_t numbers[8];              /* the test's own */
    bool is_jansson[S1_MEMORY_KNOWN]; /* whose the n-th was, where none was to fail */
} s1_memory_case;

enum s1_memory_end {
    S1_MEMORY_RIGHT =
        1,             /* ended by itself, right, and (where the sanitizer looks) without a leak */
    S1_MEMORY_ABORTED, /* jansson's assertion */
    S1_MEMORY_WRONG,   /* anything else; `what` says it */
};

/* From here on the `number`-th allocation fails (0: none, they are counted), with `is_for_ever`
 * every later one, too. `on_failure` is called at the first; may be NULL. */
void s1_memory_arm(s1_memory_case *memory, uint64_t number, bool is_for_ever,
                   void (*on_failure)(void *user), void *user);
void s1_memory_disarm(void);

/* Shared with the processes of cases; lives as long as the test. */
s1_memory_case *s1_memory_case_new(void);

/* Runs `fn` in a process of its own, which ends when it returns. */
int32_t s1_memory_try(s1_memory_case *memory, void (*fn)(s1_memory_case *memory, void *user),
                      void *user);

#endif /* S1_TESTS_SUPPORT_FAILING_MEMORY_H */
