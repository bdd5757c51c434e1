#define _GNU_SOURCE /* pipe2 */

#include "backend/utils/proc_run.h"

#include "backend/utils/clock.h"
#include "backend/utils/proc.h"
#include "backend/utils/sys_error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_STARTED  126
#define POLL_MS      100
#define OUTPUT_BYTES ((size_t)1 << 22)

/* What the child does between fork and its own life. */
static void settle(int output, bool is_program)
{
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)setpgid(0, 0);
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGTERM, SIG_DFL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)dup2(nothing, 0);
    (void)dup2(is_program ? output : nothing, 1);
    if (is_program) {
        (void)dup2(output, 2);
    }
}

/* Reads until the child closes its end, the time is over or somebody asks to stop. */
static s1_rc collect(int input, pid_t child, s1_nanos timeout, s1_strbuf *output,
                     bool *ret_timed_out, s1_err *err)
{
    const s1_nanos end = s1_clock_monotonic(s1_clock_real()) + timeout;
    for (;;) {
        struct pollfd waiting = {.fd = input, .events = POLLIN};
        const int ready = poll(&waiting, 1, POLL_MS);
        if (ready > 0) {
            char bytes[4096];
            const ssize_t got = read(input, bytes, sizeof bytes);
            if (got == 0) {
                return S1_OK;
            }
            if (got > 0 && output->len + (size_t)got < OUTPUT_BYTES) {
                s1_strbuf_bytes(output, bytes, (size_t)got);
            }
        }
        *ret_timed_out = s1_clock_monotonic(s1_clock_real()) >= end;
        if (*ret_timed_out || s1_proc_stop_requested() != 0) {
            (void)kill(-child, SIGKILL);
            (void)kill(child, SIGKILL);
            return *ret_timed_out ? S1_OK : S1_RAISE(err, S1_E_CANCELED, "stopped on request");
        }
    }
}

static s1_rc wait_for(pid_t child, s1_proc_end *end, s1_err *err)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return S1_RAISE_SYS(err, errno, "waitpid %d", (int)child);
        }
    }
    if (WIFSIGNALED(status)) {
        end->signal = end->has_timed_out ? 0 : WTERMSIG(status);
    } else {
        end->exit_code = WEXITSTATUS(status);
    }
    return S1_OK;
}

static s1_rc follow(int input, pid_t child, s1_nanos timeout, s1_strbuf *output,
                    s1_proc_end *ret_end, s1_err *err)
{
    s1_proc_end end = {.exit_code = 0};
    s1_err ignored = S1_ERR_INIT;
    const s1_rc rc = collect(input, child, timeout, output, &end.has_timed_out, err);
    (void)close(input);
    S1_TRY(err, wait_for(child, &end, rc == S1_OK ? err : &ignored));
    S1_TRY(err, rc);
    *ret_end = end;
    return S1_OK;
}

bool s1_proc_find(const char *name, char *ret_path, size_t size)
{
    if (strchr(name, '/') != NULL) {
        const int length = snprintf(ret_path, size, "%s", name);
        return length > 0 && (size_t)length < size && access(name, X_OK) == 0;
    }
    const char *const path = getenv("PATH");
    s1_str rest = s1_str_of(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    s1_str folder;
    for (bool is_done = false; s1_str_split(&rest, ':', &folder, &is_done);) {
        const int length = snprintf(ret_path, size, "%.*s%s%s", S1_STR_ARG(folder),
                                    folder.len > 0 ? "/" : "./", name);
        if (length > 0 && (size_t)length < size && access(ret_path, X_OK) == 0) {
            return true;
        }
    }
    return false;
}

s1_rc s1_proc_run(const s1_proc_command *command, s1_strbuf *ret_output, s1_proc_end *ret_end,
                  s1_err *err)
{
    char program[4096];
    int ends[2];
    if (!s1_proc_find(command->argv[0], program, sizeof program)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "no program '%s' in PATH", command->argv[0]);
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return S1_RAISE_SYS(err, errno, "pipe");
    }
    const pid_t child = fork();
    if (child == 0) {
        settle(ends[1], true);
        for (const char *const *at = command->variables; at != NULL && *at != NULL; at++) {
            (void)putenv((char *)(uintptr_t)*at);
        }
        (void)execv(program, (char *const *)(uintptr_t)command->argv);
        _exit(NOT_STARTED);
    }
    const int fork_errno = errno;
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return S1_RAISE_SYS(err, fork_errno, "fork");
    }
    S1_TRY(err, follow(ends[0], child, command->timeout, ret_output, ret_end, err));
    return S1_OK;
}

s1_rc s1_proc_isolate(int (*body)(void *user, s1_strbuf *out), void *user, s1_nanos timeout,
                      s1_strbuf *ret_output, s1_proc_end *ret_end, s1_err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return S1_RAISE_SYS(err, errno, "pipe");
    }
    const pid_t child = fork();
    if (child == 0) {
        s1_strbuf out;
        settle(ends[1], false);
        s1_strbuf_init(&out, OUTPUT_BYTES);
        const int code = body(user, &out);
        const s1_rc rc = s1_proc_write(ends[1], out.data, out.len, NULL);
        _exit(rc == S1_OK ? code : NOT_STARTED);
    }
    const int fork_errno = errno;
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return S1_RAISE_SYS(err, fork_errno, "fork");
    }
    S1_TRY(err, follow(ends[0], child, timeout, ret_output, ret_end, err));
    return S1_OK;
}

const char *s1_proc_signal_name(int32_t signal_number)
{
    switch (signal_number) {
    case SIGSEGV:
        return "segmentation fault";
    case SIGABRT:
        return "abort";
    case SIGFPE:
        return "arithmetic fault";
    case SIGBUS:
        return "bus error";
    case SIGILL:
        return "illegal instruction";
    case SIGKILL:
        return "kill";
    default:
        return "signal";
    }
}
