/* backend/utils/sys_error.h - errno as an s1_err. Message texts do not depend on the locale. */
#ifndef S1_UTILS_SYS_ERROR_H
#define S1_UTILS_SYS_ERROR_H

#include "s1mple/error.h"

/* The code of an errno: S1_E_NOT_FOUND, S1_E_EXISTS, S1_E_DENIED, S1_E_NO_MEMORY or S1_E_IO. */
s1_rc s1_sys_code(int sys_errno);

/* "No space left on device"; "unknown error" for a number that is none. Static. */
const char *s1_sys_text(int sys_errno);

/* Fills in `err` (may be NULL) with code, sys_errno and the message "<formatted>: <errno's text>".
 */
S1_PRINTF(6, 7)
s1_rc s1_sys_raise(s1_err *err, int sys_errno, const char *file, const char *func, uint32_t line,
                   const char *format, ...);
#define S1_RAISE_SYS(err, sys_errno, ...)                                                          \
    s1_sys_raise((err), (sys_errno), __FILE__, __func__, __LINE__, __VA_ARGS__)

#endif /* S1_UTILS_SYS_ERROR_H */
