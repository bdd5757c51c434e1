/* backend/utils/late_library.h - a shared library that is loaded only where it is needed.
 *
 * Such a library lies beside the program or where a variable says, and is looked for by no other
 * path: what runs is what was installed.
 */
#ifndef S1_BACKEND_UTILS_LATE_LIBRARY_H
#define S1_BACKEND_UTILS_LATE_LIBRARY_H

#include "backend/utils/fs.h"
#include "s1mple/error.h"

typedef struct s1_late_library {
    const char *what;          /* in messages: "DuckDB" */
    const char *file;          /* "libduckdb.so" */
    const char *variable;      /* of the environment, that may name the file: "S1_DUCKDB" */
    const char *named;         /* the file; NULL: what the variable names, else where it lies */
    const char *advice;        /* what installs it: "make setup" */
    const char *const *beside; /* [beside_count] folders, from that of the program */
    size_t beside_count;
} s1_late_library;

/* Where it lies: the file that is named, else the first that is there. Errors: S1_E_NOT_FOUND with
 * the places looked at, and what to do. */
S1_WARN_UNUSED
s1_rc s1_late_library_find(const s1_late_library *library, char ret_path[static S1_PATH_MAX],
                           s1_err *err);

/* The function `name` of an open library into *ret_function, a pointer to a function; false, with
 * nothing written, where it has none. */
bool s1_late_library_bind(void *handle, const char *name, void *ret_function);

#endif /* S1_BACKEND_UTILS_LATE_LIBRARY_H */
