/* backend/utils/proc_run.h - other programs, and work that may crash: the seam to child processes.
 */
#ifndef S1_UTILS_PROC_RUN_H
#define S1_UTILS_PROC_RUN_H

#include "backend/utils/text.h"

/* How a child ended; exactly one of the three is set, unless it exited with 0. */
typedef struct s1_proc_end {
    int32_t exit_code;
    int32_t signal; /* that ended it; 0: none */
    bool has_timed_out;
} s1_proc_end;

typedef struct s1_proc_command {
    const char *const *argv;      /* ends with NULL; argv[0] is looked up in PATH */
    const char *const *variables; /* "NAME=VALUE" beside the environment, ends with NULL; or NULL */
    s1_nanos timeout;             /* > 0; then it and its children are killed */
} s1_proc_command;

/* Runs a program to its end, without a terminal; stdout and stderr are appended to `ret_output`
 * (what does not fit is dropped). An end of any kind is S1_OK. Errors: S1_E_NOT_FOUND if there is
 * no such program, S1_E_CANCELED if a signal asked this process to stop, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_proc_run(const s1_proc_command *command, s1_strbuf *ret_output,
                                 s1_proc_end *ret_end, s1_err *err);

/* Runs `body` in a copy of this process, so that its crash is an answer: what it wrote into `out`
 * is appended to `ret_output`, what it returns is the exit code. The body prints nothing. Only
 * while this process has one thread. Errors as s1_proc_run. */
S1_WARN_UNUSED s1_rc s1_proc_isolate(int (*body)(void *user, s1_strbuf *out), void *user,
                                     s1_nanos timeout, s1_strbuf *ret_output, s1_proc_end *ret_end,
                                     s1_err *err);

/* The path of a program: `name` itself if it holds a slash, else the first in PATH that may be
 * run. False if there is none or it does not fit. */
bool s1_proc_find(const char *name, char *ret_path, size_t size);

/* "segmentation fault" and the like; "signal" for one without a name here. Static. */
const char *s1_proc_signal_name(int32_t signal_number);

#endif /* S1_UTILS_PROC_RUN_H */
