/* backend/utils/proc.h - the seam to the process and the machine: environment, terminal, signals,
 * memory. Results of a run never depend on any of it.
 */
#ifndef S1_UTILS_PROC_H
#define S1_UTILS_PROC_H

#include "s1mple/base.h"

/* The variable's value, borrowed until the environment changes; NULL if it is not set. */
const char *s1_proc_getenv(const char *name);

bool s1_proc_is_terminal(int fd);
/* Columns of the terminal at `fd`, or `fallback` if it is none. COLUMNS overrides. */
uint32_t s1_proc_terminal_width(int fd, uint32_t fallback);

/* All bytes to a descriptor the process was given (1, 2, a pipe). Errors: S1_E_IO and the like with
 * sys_errno; EPIPE when nobody reads any more. */
S1_WARN_UNUSED s1_rc s1_proc_write(int fd, const void *bytes, size_t len, s1_err *err);

int64_t s1_proc_pid(void);
/* CPUs this process may run on; at least 1. */
uint32_t s1_proc_cpu_count(void);
/* NUL-terminated, cut if need be; "unknown" if the system does not tell. */
void s1_proc_hostname(char *out, size_t size);
/* Absolute path of the running program. Errors: S1_E_IO, S1_E_RANGE if it does not fit. */
S1_WARN_UNUSED s1_rc s1_proc_exe_path(char *out, size_t size, s1_err *err);
/* Absolute path of the working directory. Errors as above. */
S1_WARN_UNUSED s1_rc s1_proc_cwd(char *out, size_t size, s1_err *err);

/* Bytes; 0 where the system does not tell. */
typedef struct s1_proc_memory {
    uint64_t rss_peak; /* VmHWM */
    uint64_t rss;      /* VmRSS */
    uint64_t rss_anon; /* RssAnon: what the budgets count */
} s1_proc_memory;
s1_proc_memory s1_proc_memory_now(void);

/* User and system CPU time of the process, nanoseconds. */
s1_nanos s1_proc_cpu_time(void);

/* From here on SIGINT and SIGTERM set a flag that loops ask for, and SIGPIPE is ignored (writes
 * give EPIPE). A second SIGINT or SIGTERM ends the process at once, as if no handler stood. */
S1_WARN_UNUSED s1_rc s1_proc_install_signals(s1_err *err);
/* The signal that asked to stop (SIGINT, SIGTERM), or 0. Any thread, a plain load. */
int s1_proc_stop_requested(void);
/* Sets or clears (0) the flag by hand: shutdown from inside, tests. */
void s1_proc_request_stop(int signal_number);

#endif /* S1_UTILS_PROC_H */
