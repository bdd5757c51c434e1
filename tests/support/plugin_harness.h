/* tests/support/plugin_harness.h - the SDK's harness (s1mple/test.h) inside this tree: its failures
 * are cmocka's, and what lies behind a worker can be seen.
 */
#ifndef S1_TESTS_SUPPORT_PLUGIN_HARNESS_H
#define S1_TESTS_SUPPORT_PLUGIN_HARNESS_H

#include "s1mple/test.h"
#include "sdk/harness_internal.h"
#include "tests/support/cmocka.h"

static inline void s1_harness_fails_in_cmocka(const char *message, const char *file, int line)
{
    print_error("%s\n", message);
    _fail(file, line);
}

/* Before main: whoever includes this is a cmocka test. */
__attribute__((constructor)) static inline void s1_harness_use_cmocka(void)
{
    s1_test_on_failure(s1_harness_fails_in_cmocka);
}

#endif /* S1_TESTS_SUPPORT_PLUGIN_HARNESS_H */
