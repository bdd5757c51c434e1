/* tests/support/shim/fault_shim.c - LD_PRELOAD: kills the process, or fails a call, at the n-th
 * call of the C library that touches a file under a given path.
 *
 *   S1_SHIM_PATH   files that count: those whose path starts so
 *   S1_SHIM_CALLS  which calls, as in "open,write,fsync,close,rename,link,ftruncate,unlink"; unset:
 * all S1_SHIM_AT     the n-th of them, first = 1; 0 or unset: none S1_SHIM_DO     kill: the
 * process, with SIGKILL; a write does its first S1_SHIM_CUT bytes before short: a write does half
 * of what is asked for a number: the call fails with that errno; an fsync then syncs nothing
 *   S1_SHIM_FOREVER  1: that call and all later ones
 *   S1_SHIM_NOSYNC   1: fsync does nothing but succeed (a killed process loses no page cache)
 *   S1_SHIM_REPORT   1: "C <calls>\n" to standard output at exit
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS_MAX 1024
#define EXPORT  __attribute__((visibility("default")))

static const char *prefix, *calls, *what;
static uint64_t at, count, cut;
static bool is_for_ever, skips_sync, reports;
static bool is_ours[FDS_MAX];

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void start(void)
{
    prefix = getenv("S1_SHIM_PATH");
    calls = getenv("S1_SHIM_CALLS");
    what = getenv("S1_SHIM_DO");
    what = what != NULL ? what : "";
    at = number_of("S1_SHIM_AT");
    cut = number_of("S1_SHIM_CUT");
    is_for_ever = number_of("S1_SHIM_FOREVER") != 0;
    skips_sync = number_of("S1_SHIM_NOSYNC") != 0;
    reports = number_of("S1_SHIM_REPORT") != 0;
}

__attribute__((destructor)) static void stop(void)
{
    char text[64];
    const int length = snprintf(text, sizeof text, "C %llu\n", (unsigned long long)count);
    if (reports && syscall(SYS_write, 1, text, (size_t)length) < 0) {
        _exit(99);
    }
}

static bool is_path_ours(const char *path)
{
    return prefix != NULL && strncmp(path, prefix, strlen(prefix)) == 0;
}

static bool is_fd_ours(int fd)
{
    return fd >= 0 && fd < FDS_MAX && is_ours[fd];
}

/* Counts a call. True: it is this one's turn. */
static bool is_turn(const char *name)
{
    if (calls != NULL && strstr(calls, name) == NULL) {
        return false;
    }
    count++;
    return at != 0 && (count == at || (is_for_ever && count > at));
}

static void die(void)
{
    (void)syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) {
        (void)pause();
    }
}

/* Kills, or sets errno; false: the call goes on (short, of a call that cannot be). */
static bool fails(void)
{
    if (strcmp(what, "kill") == 0) {
        die();
    }
    if (strcmp(what, "short") == 0) {
        return false;
    }
    errno = atoi(what);
    return true;
}

static int open_with(const char *path, int flags, mode_t mode)
{
    const bool counts = is_path_ours(path);
    if (counts && is_turn("open") && fails()) {
        return -1;
    }
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && fd < FDS_MAX) {
        is_ours[fd] = counts;
    }
    return fd;
}

EXPORT int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open_with(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open_with(path, flags, mode);
}

/* How much of a write is done, when it is its turn; -1: it fails. */
static ssize_t cut_write(size_t size, bool *ret_dies)
{
    *ret_dies = strcmp(what, "kill") == 0;
    if (*ret_dies) {
        return (ssize_t)(cut < size ? cut : size);
    }
    if (strcmp(what, "short") == 0) {
        return (ssize_t)(size > 1 ? size / 2 : size);
    }
    return fails() ? -1 : (ssize_t)size;
}

static ssize_t write_with(int fd, const void *from, size_t size, off_t offset, bool has_offset)
{
    bool dies = false;
    if (is_fd_ours(fd) && is_turn("write")) {
        const ssize_t left = cut_write(size, &dies);
        if (left < 0) {
            return -1;
        }
        size = (size_t)left;
    }
    ssize_t put = 0;
    if (size > 0 || !dies) {
        put = has_offset ? syscall(SYS_pwrite64, fd, from, size, offset)
                         : syscall(SYS_write, fd, from, size);
    }
    if (dies) {
        die();
    }
    return put;
}

EXPORT ssize_t write(int fd, const void *from, size_t size)
{
    return write_with(fd, from, size, 0, false);
}

EXPORT ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
    return write_with(fd, from, size, offset, true);
}

EXPORT ssize_t pwrite64(int fd, const void *from, size_t size, off64_t offset)
{
    return write_with(fd, from, size, offset, true);
}

EXPORT int fsync(int fd)
{
    if (is_fd_ours(fd) && is_turn("fsync") && fails()) {
        return -1;
    }
    return skips_sync && is_fd_ours(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

EXPORT int close(int fd)
{
    const bool is_failing = is_fd_ours(fd) && is_turn("close") && fails();
    const int found = errno;
    if (fd >= 0 && fd < FDS_MAX) {
        is_ours[fd] = false;
    }
    const int rc = (int)syscall(SYS_close, fd); /* closed also when it fails */
    if (is_failing) {
        errno = found;
        return -1;
    }
    return rc;
}

EXPORT int rename(const char *from, const char *to)
{
    if (is_path_ours(from) && is_turn("rename") && fails()) {
        return -1;
    }
    return (int)syscall(SYS_rename, from, to);
}

EXPORT int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    if (is_path_ours(from) && is_turn("rename") && fails()) {
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

EXPORT int link(const char *from, const char *to)
{
    if (is_path_ours(from) && is_turn("link") && fails()) {
        return -1;
    }
    return (int)syscall(SYS_link, from, to);
}

EXPORT int unlink(const char *path)
{
    if (is_path_ours(path) && is_turn("unlink") && fails()) {
        return -1;
    }
    return (int)syscall(SYS_unlink, path);
}

static int truncate_with(int fd, off_t size)
{
    if (is_fd_ours(fd) && is_turn("ftruncate") && fails()) {
        return -1;
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

EXPORT int ftruncate(int fd, off_t size)
{
    return truncate_with(fd, size);
}

EXPORT int ftruncate64(int fd, off64_t size)
{
    return truncate_with(fd, size);
}
