#define _GNU_SOURCE /* strerrordesc_np: strerror follows the locale */

#include "backend/utils/sys_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

s1_rc s1_sys_code(int sys_errno)
{
    switch (sys_errno) {
    case ENOENT:
    case ENOTDIR:
        return S1_E_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return S1_E_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
    case EAGAIN:
        return S1_E_DENIED;
    case ENOMEM:
        return S1_E_NO_MEMORY;
    default:
        return S1_E_IO;
    }
}

const char *s1_sys_text(int sys_errno)
{
    const char *const text = strerrordesc_np(sys_errno);
    return text != NULL ? text : "unknown error";
}

s1_rc s1_sys_raise(s1_err *err, int sys_errno, const char *file, const char *func, uint32_t line,
                   const char *format, ...)
{
    const s1_rc code = s1_sys_code(sys_errno);
    if (err == NULL) {
        return code;
    }
    char what[sizeof err->msg];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    (void)s1_err_raise(err, code, file, func, line, "%s: %s", what, s1_sys_text(sys_errno));
    err->sys_errno = sys_errno;
    return code;
}
