/* tests/support/cmocka.h - cmocka after what it needs, whatever order the formatter gives includes.
 */
#ifndef S1_TESTS_SUPPORT_CMOCKA_H
#define S1_TESTS_SUPPORT_CMOCKA_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#endif /* S1_TESTS_SUPPORT_CMOCKA_H */
