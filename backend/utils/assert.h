/* backend/utils/assert.h - programmer errors. On in every build, release included.
 *
 * For what cannot happen unless the code is wrong. What a user, a file or the network can cause is
 * an s1_rc instead. The journal is crash-safe, so stopping at once is the careful answer.
 */
#ifndef S1_UTILS_ASSERT_H
#define S1_UTILS_ASSERT_H

/* Prints "file:line: function: assertion failed: expression" to stderr and aborts. */
__attribute__((noreturn, cold)) void s1_assert_failed(const char *expression, const char *file,
                                                      int line, const char *function);

#define S1_ASSERT(expression)                                                                      \
    do {                                                                                           \
        if (__builtin_expect(!(expression), 0)) {                                                  \
            s1_assert_failed(#expression, __FILE__, __LINE__, __func__);                           \
        }                                                                                          \
    } while (0)

#endif /* S1_UTILS_ASSERT_H */
