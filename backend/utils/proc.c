#define _GNU_SOURCE /* sched_getaffinity's CPU_COUNT */

#include "backend/utils/proc.h"

#include "backend/utils/sys_error.h"
#include "backend/utils/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

const char *s1_proc_getenv(const char *name)
{
    return getenv(name);
}

bool s1_proc_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

uint32_t s1_proc_terminal_width(int fd, uint32_t fallback)
{
    uint64_t columns = 0;
    const char *const override = getenv("COLUMNS");
    if (override != NULL && s1_str_parse_u64(s1_str_of(override), &columns, NULL) == S1_OK &&
        columns > 0 && columns <= 10000) {
        return (uint32_t)columns;
    }
    struct winsize size;
    if (isatty(fd) == 1 && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return fallback;
}

s1_rc s1_proc_write(int fd, const void *bytes, size_t len, s1_err *err)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t put = write(fd, at, len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return S1_RAISE_SYS(err, errno, "write to descriptor %d", fd);
        }
        at += put;
        len -= (size_t)put;
    }
    return S1_OK;
}

int64_t s1_proc_pid(void)
{
    return getpid();
}

uint32_t s1_proc_cpu_count(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
        return (uint32_t)CPU_COUNT(&set);
    }
    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than the set can hold */
    return online > 0 ? (uint32_t)online : 1;
}

void s1_proc_hostname(char *out, size_t size)
{
    if (size == 0) {
        return;
    }
    if (gethostname(out, size) != 0 || out[0] == '\0') {
        static const char unknown[] = "unknown";
        const size_t len = size < sizeof unknown ? size : sizeof unknown;
        memcpy(out, unknown, len);
    }
    out[size - 1] = '\0';
}

s1_rc s1_proc_exe_path(char *out, size_t size, s1_err *err)
{
    char path[4096];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path);
    if (len < 0) {
        return S1_RAISE_SYS(err, errno, "readlink '/proc/self/exe'");
    }
    if ((size_t)len >= sizeof path || (size_t)len >= size) {
        return S1_RAISE(err, S1_E_RANGE, "the program's path has %zd bytes or more, room for %zu",
                        len, size);
    }
    memcpy(out, path, (size_t)len);
    out[len] = '\0';
    return S1_OK;
}

s1_rc s1_proc_cwd(char *out, size_t size, s1_err *err)
{
    char path[4096];
    if (getcwd(path, sizeof path) == NULL) {
        return S1_RAISE_SYS(err, errno, "getcwd");
    }
    const size_t len = strlen(path);
    if (len >= size) {
        return S1_RAISE(err, S1_E_RANGE, "the working directory has %zu bytes, room for %zu", len,
                        size);
    }
    memcpy(out, path, len + 1);
    return S1_OK;
}

/* The number of kilobytes behind "Name:" in /proc/self/status, as bytes; 0 if it is not there. */
static uint64_t status_bytes(s1_str status, s1_str name)
{
    const size_t at = s1_str_find(status, name, 0);
    if (at == S1_STR_NPOS) {
        return 0;
    }
    uint64_t kilobytes = 0;
    bool has_digit = false;
    for (size_t i = at + name.len; i < status.len; i++) {
        const char byte = status.ptr[i];
        if (byte >= '0' && byte <= '9') {
            kilobytes = kilobytes * 10 + (uint64_t)(byte - '0');
            has_digit = true;
        } else if (has_digit || byte == '\n') {
            break;
        }
    }
    return kilobytes * 1024;
}

s1_proc_memory s1_proc_memory_now(void)
{
    s1_proc_memory memory = {0, 0, 0};
    char text[8192];
    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return memory;
    }
    const ssize_t len = read(fd, text, sizeof text);
    (void)close(fd);
    if (len > 0) {
        const s1_str status = {text, (size_t)len};
        memory.rss_peak = status_bytes(status, S1_STR("VmHWM:"));
        memory.rss = status_bytes(status, S1_STR("VmRSS:"));
        memory.rss_anon = status_bytes(status, S1_STR("RssAnon:"));
    }
    return memory;
}

s1_nanos s1_proc_cpu_time(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return ((s1_nanos)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * S1_NANOS_PER_SECOND +
           ((s1_nanos)usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

static atomic_int stop_signal;

static void on_stop_signal(int signal_number)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&stop_signal, &none, signal_number)) {
        /* Asked twice: the default action, now. Both calls are async-signal-safe. */
        (void)signal(signal_number, SIG_DFL);
        (void)raise(signal_number);
    }
}

s1_rc s1_proc_install_signals(s1_err *err)
{
    struct sigaction stop = {.sa_handler = on_stop_signal}; /* no SA_RESTART: waits end early */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&stop.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    if (sigaction(SIGINT, &stop, NULL) != 0 || sigaction(SIGTERM, &stop, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return S1_RAISE_SYS(err, errno, "sigaction");
    }
    return S1_OK;
}

int s1_proc_stop_requested(void)
{
    return atomic_load_explicit(&stop_signal, memory_order_relaxed);
}

void s1_proc_request_stop(int signal_number)
{
    atomic_store(&stop_signal, signal_number);
}
