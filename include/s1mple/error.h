/* s1mple/error.h - raising and passing on s1_err. Header-only so that plugins can use it.
 *
 * S1_RAISE where it happens, S1_TRY on the way, and one log line at the edge that decides.
 */
#ifndef S1MPLE_ERROR_H
#define S1MPLE_ERROR_H

#include "s1mple/base.h"

#include <stdarg.h>
#include <stdio.h>

/* Off the hot path: never inlined, so that S1_TRY costs a test and a jump. */
#define S1_COLD __attribute__((cold, noinline, unused))

/* Records one frame of the way an error travels. `err` may be NULL. */
S1_COLD static void s1_err_push(s1_err *err, const char *file, const char *func, uint32_t line)
{
    if (err == NULL) {
        return;
    }
    if (err->depth < S1_ERR_FRAMES) {
        err->frames[err->depth] = (s1_err_frame){file, func, line, 0};
    }
    err->depth++;
}

/* Fills in `err` (may be NULL) from a format. Use S1_RAISE. */
S1_PRINTF(6, 7)
S1_COLD static void s1_err_raise(s1_err *err, s1_rc code, const char *file, const char *func,
                                 uint32_t line, const char *format, ...)
{
    if (err == NULL) {
        return;
    }
    char message[sizeof err->msg]; /* the arguments may point into err itself */
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    *err = (s1_err){.size = sizeof *err, .code = code};
    for (size_t i = 0; i < sizeof message; i++) {
        err->msg[i] = message[i];
        if (message[i] == '\0') {
            break;
        }
    }
    s1_err_push(err, file, func, line);
}

/* `return S1_RAISE(err, S1_E_INVALID, "side %d", side);`. The value is `code` itself, so that the
 * compiler knows a failure was returned. */
#define S1_RAISE(err, code, ...)                                                                   \
    (s1_err_raise((err), (code), __FILE__, __func__, __LINE__, __VA_ARGS__), (code))

/* Evaluates `call`; on failure records this place and returns the code. */
#define S1_TRY(err, call)                                                                          \
    do {                                                                                           \
        const s1_rc s1_try_rc_ = (call);                                                           \
        if (s1_try_rc_ != S1_OK) {                                                                 \
            s1_err_push((err), __FILE__, __func__, __LINE__);                                      \
            return s1_try_rc_;                                                                     \
        }                                                                                          \
    } while (0)

/* As S1_TRY, but jumps to `label` with the code in `rc` so that a function can unwind. */
#define S1_TRY_GOTO(err, rc, label, call)                                                          \
    do {                                                                                           \
        (rc) = (call);                                                                             \
        if ((rc) != S1_OK) {                                                                       \
            s1_err_push((err), __FILE__, __func__, __LINE__);                                      \
            goto label;                                                                            \
        }                                                                                          \
    } while (0)

#endif /* S1MPLE_ERROR_H */
