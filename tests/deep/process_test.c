/* The storage programme on the real C library: a process that is killed at the n-th call (S2),
 * whose calls fail (S3), that races for a lock (S7), and whose disk is full (S8).
 *
 * The program is its own victim: `--victim KIND FOLDER PUTS ROUND` opens the store, puts and says
 * so on standard output, a line at a time: "R n" recovered up to item n, "T n" tries up to n,
 * "A n" acknowledged up to n, "L n" that was the first in the journal's reserve, "F text" failed.
 * tests/support/shim/fault_shim.c does the rest.
 */
#define _GNU_SOURCE 1 /* pipe2, unshare, syncfs */
#include "backend/utils/folder_lock.h"
#include "backend/utils/rng.h"
#include "s1mple/error.h"
#include "tests/support/crash_store.h"
#include "tests/support/deep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_SIZE 8192u
#define PATH_SIZE   512u
#define ENV_MAX     16

enum { VICTIM_DONE = 0, VICTIM_UNREADABLE = 4, VICTIM_POISONED = 6, VICTIM_WRONG = 9 };

static char program[PATH_SIZE], shim[PATH_SIZE + 32], root[PATH_SIZE];
extern char **environ;

/* --- The victim ----------------------------------------------------------------------------- */

S1_PRINTF(1, 2) static void say(const char *format, ...)
{
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    const size_t size = (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
    if (write(STDOUT_FILENO, line, size) != (ssize_t)size) {
        _exit(98);
    }
}

static const s1_crash_kind *kind_named(const char *name)
{
    static const s1_crash_kind *const kinds[] = {&s1_crash_state, &s1_crash_rotated,
                                                 &s1_crash_reserved, &s1_crash_last_words};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(name, kinds[i]->name) == 0) {
            return kinds[i];
        }
    }
    return &s1_crash_journal;
}

static int victim(const s1_crash_kind *kind, const char *where, uint64_t puts, uint32_t round)
{
    static uint32_t rounds[S1_CRASH_ITEMS_MAX];
    s1_crash_store *store = NULL;
    s1_err err = S1_ERR_INIT;
    uint64_t last = 0;
    const s1_rc rc = kind->open(s1_fs_real(), where, rounds, &store, &last, &err);
    if (rc != S1_OK) {
        say("F %s\n", err.msg);
        return rc == S1_E_DATA        ? VICTIM_UNREADABLE
               : rc == S1_CRASH_WRONG ? VICTIM_WRONG
                                      : VICTIM_POISONED;
    }
    say("R %" PRIu64 "\n", last);
    bool has_failed = false, was_low = false;
    for (uint64_t i = 0; i < puts; i++) {
        const uint64_t count = kind == &s1_crash_state ? 1 : 1 + (last + i) % 4;
        if (!has_failed) {
            say("T %" PRIu64 "\n", last + count);
        }
        if (kind->put(store, last + 1, count, round, &err) == S1_OK) {
            last += count;
            say("A %" PRIu64 "\n", last);
            if (s1_crash_store_is_low(store) && !was_low) {
                was_low = true;
                say("L %" PRIu64 "\n", last);
            }
        } else {
            has_failed = true;
            say("F %s%s\n", kind->is_poisoned(store) ? "" : "NOT POISONED: ", err.msg);
        }
    }
    kind->close(store);
    return has_failed ? VICTIM_POISONED : VICTIM_DONE;
}

/* Takes the lock, says so, and keeps it until standard input ends. */
static int racer(const char *path)
{
    s1_folder_lock *lock = NULL;
    s1_err err = S1_ERR_INIT;
    if (s1_folder_lock_new(s1_fs_real(), path, "data folder", &lock, &err) != S1_OK) {
        say("L %s\n", err.msg);
        return err.code == S1_E_DENIED ? 0 : VICTIM_POISONED;
    }
    say("W %ld\n", (long)getpid());
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {}
    s1_folder_lock_free(lock);
    return 0;
}

/* --- Running one ---------------------------------------------------------------------------- */

typedef struct accident {
    uint64_t at, cut;
    const char *what; /* S1_SHIM_DO */
    bool is_for_ever, reports;
} accident;

typedef struct outcome {
    uint64_t recovered, tried, acknowledged, calls;
    uint64_t low,
        before_low; /* acknowledged with the put that found the disk full, and before it */
    bool has_recovered, has_failed, has_acknowledged_after, is_unpoisoned;
    int status; /* exit code; -1: killed by SIGKILL; -2: anything else */
    char why[300];
} outcome;

static void fail_hard(const char *what)
{
    (void)fprintf(stderr, "process_test: %s: %s\n", what, strerror(errno));
    exit(97);
}

static pid_t start(char *const argv[], char *const envp[], int *ret_from, int *ret_to)
{
    int out[2], in[2];
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0) {
        fail_hard("pipe");
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    errno = posix_spawn(&pid, program, &actions, NULL, argv, envp);
    if (errno != 0) {
        fail_hard(program);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(out[1]);
    (void)close(in[0]);
    *ret_from = out[0];
    *ret_to = in[1];
    return pid;
}

static void read_outcome(char *text, outcome *found)
{
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const uint64_t number = strtoull(line + 1, NULL, 10);
        switch (line[0]) {
        case 'R':
            found->has_recovered = true;
            found->recovered = found->tried = found->acknowledged = number;
            break;
        case 'T':
            found->tried = number;
            break;
        case 'A':
            found->has_acknowledged_after |= found->has_failed;
            found->before_low = found->low == 0 ? found->acknowledged : found->before_low;
            found->acknowledged = number;
            break;
        case 'L':
            found->low = number;
            break;
        case 'F':
            found->is_unpoisoned |= strstr(line, "NOT POISONED") != NULL;
            if (!found->has_failed) {
                (void)snprintf(found->why, sizeof found->why, "%s", line + 2);
            }
            found->has_failed = true;
            break;
        case 'C':
            found->calls = number;
            break;
        default:
            break;
        }
    }
}

static outcome run_victim(const s1_crash_kind *kind, const char *where, uint64_t puts,
                          uint32_t round, const accident *happens)
{
    static char env[ENV_MAX][PATH_SIZE + 64];
    char *envp[ENV_MAX + 1];
    size_t used = 0;
    const char *tmp = "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0";
    (void)snprintf(env[used++], sizeof env[0], "%s", tmp);
    if (happens != NULL) {
        (void)snprintf(env[used++], sizeof env[0], "LD_PRELOAD=%s", shim);
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_PATH=%s", where);
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_NOSYNC=1");
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_AT=%" PRIu64, happens->at);
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_CUT=%" PRIu64, happens->cut);
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_DO=%s", happens->what);
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_FOREVER=%d", happens->is_for_ever);
        (void)snprintf(env[used++], sizeof env[0], "S1_SHIM_REPORT=%d", happens->reports);
    }
    for (size_t i = 0; i < used; i++) {
        envp[i] = env[i];
    }
    envp[used] = NULL;
    char puts_text[24], round_text[24], kind_text[16], folder_text[PATH_SIZE];
    (void)snprintf(puts_text, sizeof puts_text, "%" PRIu64, puts);
    (void)snprintf(round_text, sizeof round_text, "%u", round);
    (void)snprintf(kind_text, sizeof kind_text, "%s", kind->name);
    (void)snprintf(folder_text, sizeof folder_text, "%s", where);
    char victim_text[] = "--victim";
    char *const argv[] = {program,   victim_text, kind_text, folder_text,
                          puts_text, round_text,  NULL};
    int from, to, status;
    const pid_t pid = start(argv, envp, &from, &to);
    (void)close(to);
    char text[OUTPUT_SIZE];
    size_t length = 0;
    for (ssize_t got; length < sizeof text - 1 &&
                      (got = read(from, text + length, sizeof text - 1 - length)) > 0;) {
        length += (size_t)got;
    }
    text[length] = '\0';
    (void)close(from);
    if (waitpid(pid, &status, 0) != pid) {
        fail_hard("waitpid");
    }
    outcome found = {.status = WIFEXITED(status) ? WEXITSTATUS(status)
                               : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? -1
                                                                                    : -2};
    read_outcome(text, &found);
    return found;
}

static void fresh_folder(char where[PATH_SIZE], const char *name)
{
    (void)snprintf(where, PATH_SIZE, "%s/%s", root, name);
    if (s1_fs_remove_tree(s1_fs_real(), where, NULL) != S1_OK ||
        s1_fs_mkdir(s1_fs_real(), where, NULL) != S1_OK) {
        fail_hard(where);
    }
}

/* --- S2 ------------------------------------------------------------------------------------- */

#define S2_PUTS  4u
#define S2_CHAIN 20u /* kills in one folder, each recovery being the next one's victim */

/* One folder, killed again and again. Case numbers are first .. first + S2_CHAIN - 1. */
static void kill_chain(s1_deep *deep, uint64_t chain, uint64_t calls[2], uint64_t *kills)
{
    const s1_crash_kind *kind = chain % 2 == 0   ? &s1_crash_state
                                : chain % 6 == 1 ? &s1_crash_journal
                                : chain % 6 == 3 ? &s1_crash_rotated
                                                 : &s1_crash_reserved;
    char where[PATH_SIZE];
    s1_rng rng;
    uint64_t promised = 0, tried = 0;
    s1_rng_init_part(&rng, deep->seed, chain);
    fresh_folder(where, "kill");
    for (uint32_t i = 0; i <= S2_CHAIN; i++) { /* the last one lives */
        const accident happens = {.at = i < S2_CHAIN ? 1 + s1_rng_below(&rng, calls[chain % 2]) : 0,
                                  .cut = s1_rng_below(&rng, 3) * 512 + s1_rng_below(&rng, 2) * 100,
                                  .what = "kill"};
        const outcome found = run_victim(kind, where, S2_PUTS, i + 1, &happens);
        *kills += found.status == -1;
        if (found.status != -1 && found.status != VICTIM_DONE) {
            s1_deep_fail(deep, chain, "%s, life %u, killed at call %" PRIu64 ": status %d: %s",
                         kind->name, i, happens.at, found.status, found.why);
            return;
        }
        if (found.has_recovered && (found.recovered < promised || found.recovered > tried)) {
            s1_deep_fail(deep, chain,
                         "%s, life %u: recovered item %" PRIu64 ", acknowledged %" PRIu64
                         ", tried %" PRIu64,
                         kind->name, i, found.recovered, promised, tried);
            return;
        }
        if (found.has_recovered) {
            promised = found.acknowledged;
            tried = found.tried;
        }
    }
}

static void count_calls(uint64_t ret_calls[2])
{
    const accident none = {.what = "", .reports = true};
    for (int i = 0; i < 2; i++) {
        char where[PATH_SIZE];
        fresh_folder(where, "count");
        const s1_crash_kind *kind = i == 0 ? &s1_crash_state : &s1_crash_journal;
        ret_calls[i] = run_victim(kind, where, S2_PUTS, 1, &none).calls;
        if (ret_calls[i] < 10) {
            fail_hard("the shim counts no calls");
        }
    }
}

static void run_s2(s1_deep *deep)
{
    uint64_t calls[2], kills = 0;
    count_calls(calls);
    uint64_t chains = 0;
    if (deep->first > 0) { /* one chain again */
        kill_chain(deep, deep->first, calls, &kills);
    }
    for (uint64_t chain = 0; deep->first == 0 && kills < deep->end && deep->failures < 20;
         chain++, chains++) {
        kill_chain(deep, chain, calls, &kills);
    }
    s1_deep_figures(deep, "%" PRIu64 " kills in %" PRIu64 " folders, %" PRIu64 " broken", kills,
                    chains, deep->failures);
}

/* --- S3 ------------------------------------------------------------------------------------- */

static const char *const s3_whats[] = {"5" /* EIO */,   "28" /* ENOSPC */,  "short",
                                       "4" /* EINTR */, "122" /* EDQUOT */, "24" /* EMFILE */};

static void fail_call(s1_deep *deep, uint64_t at, const s1_crash_kind *kind,
                      const accident *happens)
{
    char where[PATH_SIZE];
    fresh_folder(where, "fail");
    const outcome first = run_victim(kind, where, S2_PUTS, 1, happens);
    const outcome second = run_victim(kind, where, 1, 2, NULL);
    const bool has_status = first.status == (first.has_failed ? VICTIM_POISONED : VICTIM_DONE);
    if (!has_status || first.has_acknowledged_after || first.is_unpoisoned ||
        second.status != VICTIM_DONE || second.recovered < first.acknowledged ||
        second.recovered > first.tried) {
        s1_deep_fail(deep, at,
                     "%s, call %" PRIu64 " %s %s: status %d, acknowledged %" PRIu64 " of %" PRIu64
                     "%s, then status %d, recovered %" PRIu64 ": %s%s",
                     kind->name, happens->at, happens->what,
                     happens->is_for_ever ? "for ever" : "once", first.status, first.acknowledged,
                     first.tried, first.has_acknowledged_after ? ", also after the failure" : "",
                     second.status, second.recovered, first.why, second.why);
    }
}

static void run_s3(s1_deep *deep)
{
    uint64_t calls[2], at = 0, cases = 0;
    count_calls(calls);
    for (int k = 0; k < 2; k++) {
        for (size_t w = 0; w < sizeof s3_whats / sizeof s3_whats[0]; w++) {
            for (int is_for_ever = 0; is_for_ever < 2; is_for_ever++) {
                for (uint64_t number = 1; number <= calls[k]; number++, at++) {
                    if ((deep->first > 0 && at != deep->first) ||
                        (deep->is_share && (at % 7 != 0))) {
                        continue;
                    }
                    if (is_for_ever != 0 && strcmp(s3_whats[w], "4") == 0) {
                        continue; /* EINTR for ever is a machine that does nothing else */
                    }
                    const accident happens = {
                        .at = number, .what = s3_whats[w], .is_for_ever = is_for_ever != 0};
                    fail_call(deep, at, k == 0 ? &s1_crash_state : &s1_crash_journal, &happens);
                    cases++;
                }
            }
        }
    }
    s1_deep_figures(deep, "%" PRIu64 " failing calls of libc, %" PRIu64 " broken", cases,
                    deep->failures);
}

/* --- S7 ------------------------------------------------------------------------------------- */

#define RACERS 3

static void race(s1_deep *deep, uint64_t at, uint64_t *named)
{
    char lock[PATH_SIZE + 16];
    char racer_text[] = "--racer";
    char *env[] = {NULL};
    pid_t pids[RACERS];
    int from[RACERS], to[RACERS];
    (void)snprintf(lock, sizeof lock, "%s/race.lock", root);
    for (int i = 0; i < RACERS; i++) {
        char *const argv[] = {program, racer_text, lock, NULL};
        pids[i] = start(argv, env, &from[i], &to[i]);
    }
    int winners = 0, losers = 0, statuses = 0;
    long winner = 0;
    char lines[RACERS][700];
    for (int i = 0; i < RACERS; i++) { /* the winner holds it until all have said something */
        const ssize_t got = read(from[i], lines[i], sizeof lines[i] - 1);
        lines[i][got > 0 ? got : 0] = '\0';
        winners += lines[i][0] == 'W';
        losers += lines[i][0] == 'L';
        winner = lines[i][0] == 'W' ? strtol(lines[i] + 1, NULL, 10) : winner;
    }
    char name[48];
    (void)snprintf(name, sizeof name, "in use by process %ld:", winner);
    for (int i = 0; i < RACERS; i++) {
        int status = 0;
        *named += lines[i][0] == 'L' && strstr(lines[i], name) != NULL;
        (void)close(to[i]);
        if (waitpid(pids[i], &status, 0) != pids[i]) {
            fail_hard("waitpid");
        }
        statuses += status != 0;
        (void)close(from[i]);
    }
    if (winners != 1 || losers != RACERS - 1 || statuses != 0) {
        s1_deep_fail(deep, at, "%d winners, %d losers: %s %s %s", winners, losers, lines[0],
                     lines[1], lines[2]);
    }
}

static void run_s7(s1_deep *deep)
{
    uint64_t named = 0;
    for (uint64_t at = deep->first; at < deep->end; at++) {
        race(deep, at, &named);
    }
    s1_deep_figures(deep,
                    "%" PRIu64 " races of %d, exactly one wins; %" PRIu64
                    " losers name the winner's process, %" PRIu64 " broken",
                    deep->end - deep->first, RACERS, named, deep->failures);
    if (named == 0 && deep->end - deep->first > 5) {
        s1_deep_fail(deep, 0, "no loser was told who has the lock");
    }
}

/* --- S8 ------------------------------------------------------------------------------------- */

#define DISK_BYTES   ((off_t)16 << 20)
#define EXT4_ENTRIES 8u

/* Where disks fill up: an ext4 of 16 MB on a loop device, of which a filler leaves a little; where
 * the machine allows no such thing, a tmpfs of that little. */
typedef struct disk {
    char where[PATH_SIZE], filler[PATH_SIZE + 16];
    bool is_ext4;
    char why_not[128]; /* there is no ext4 */
} disk;

/* Makes a file system in an image. */
static bool make_ext4(disk *d, const char *image)
{
    static const char *const programs[] = {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4"};
    const int fd = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool is_made = fd >= 0 && ftruncate(fd, DISK_BYTES) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    for (size_t i = 0; is_made && i < sizeof programs / sizeof programs[0]; i++) {
        char name[32], path[PATH_SIZE], quiet[] = "-qF", reserved[] = "-m0";
        char *env[] = {NULL};
        int status = 1;
        pid_t pid;
        (void)snprintf(name, sizeof name, "%s", programs[i]);
        (void)snprintf(path, sizeof path, "%s", image);
        char *const argv[] = {name, quiet, reserved, path, NULL};
        if (posix_spawn(&pid, name, NULL, NULL, argv, env) == 0 &&
            waitpid(pid, &status, 0) == pid && status == 0) {
            return true;
        }
    }
    (void)snprintf(d->why_not, sizeof d->why_not, "no image or no mkfs.ext4");
    return false;
}

/* Puts the image on a free loop device, which is free again when it is unmounted. */
static int attach_loop(const char *image, char device[static 32])
{
    const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    const int file = open(image, O_RDWR | O_CLOEXEC);
    int loop = -1;
    for (int i = 0; control >= 0 && file >= 0 && loop < 0 && i < 20; i++) {
        const int number = ioctl(control, LOOP_CTL_GET_FREE);
        (void)snprintf(device, 32, "/dev/loop%d", number);
        loop = number >= 0 ? open(device, O_RDWR | O_CLOEXEC) : -1;
        struct loop_info64 info = {.lo_flags = LO_FLAGS_AUTOCLEAR};
        if (loop >= 0 &&
            (ioctl(loop, LOOP_SET_FD, file) != 0 || ioctl(loop, LOOP_SET_STATUS64, &info) != 0)) {
            (void)close(loop); /* somebody was faster */
            loop = -1;
        }
    }
    if (control >= 0) {
        (void)close(control);
    }
    if (file >= 0) {
        (void)close(file);
    }
    return loop;
}

/* False: nothing can be mounted here. Mounts are this process's own and end with it. */
static bool disk_init(disk *d)
{
    char image[PATH_SIZE], device[32];
    *d = (disk){.is_ext4 = false};
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return false;
    }
    fresh_folder(d->where, "full");
    if (strlen(root) + sizeof "/full/filler" > PATH_SIZE) {
        return false;
    }
    (void)snprintf(image, sizeof image, "%s/image", root);
    (void)snprintf(d->filler, sizeof d->filler, "%s/filler", d->where);
    const int loop = make_ext4(d, image) ? attach_loop(image, device) : -1;
    if (loop >= 0) {
        d->is_ext4 = mount(device, d->where, "ext4", MS_NOATIME, NULL) == 0;
        (void)snprintf(d->why_not, sizeof d->why_not, "mount: %s", strerror(errno));
        (void)close(loop);
    } else if (d->why_not[0] == '\0') {
        (void)snprintf(d->why_not, sizeof d->why_not, "no loop device");
    }
    if (d->is_ext4) {
        return true;
    }
    if (mount("tmpfs", d->where, "tmpfs", 0, "size=16k") != 0) {
        return false;
    }
    (void)umount(d->where);
    return true;
}

static void disk_done(const disk *d)
{
    if (d->is_ext4 && umount(d->where) != 0) {
        fail_hard("umount");
    }
}

/* Takes all of an ext4 but `bytes`. Blocks that were given back count once they are committed. */
static void leave_room(const disk *d, uint64_t bytes)
{
    struct statvfs info;
    const int fd = open(d->filler, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || syncfs(fd) != 0 || fstatvfs(fd, &info) != 0) {
        fail_hard(d->filler);
    }
    const uint64_t room = (uint64_t)info.f_bavail * info.f_frsize;
    if (room <= bytes || posix_fallocate(fd, 0, (off_t)(room - bytes)) != 0 || syncfs(fd) != 0) {
        fail_hard("the filler");
    }
    (void)close(fd);
}

/* An empty file system with room for `bytes`. */
static void mount_small(const disk *d, uint64_t bytes)
{
    if (d->is_ext4) {
        s1_fs_list names = {0};
        if (s1_fs_list_names(s1_fs_real(), d->where, &names, NULL) != S1_OK) {
            fail_hard(d->where);
        }
        for (size_t i = 0; i < names.count; i++) {
            char path[PATH_SIZE + 300];
            (void)snprintf(path, sizeof path, "%s/%s", d->where, names.names[i]);
            if (strcmp(names.names[i], "lost+found") != 0 &&
                s1_fs_remove_tree(s1_fs_real(), path, NULL) != S1_OK) {
                fail_hard(path);
            }
        }
        s1_fs_list_done(&names);
        leave_room(d, bytes);
        return;
    }
    char options[64];
    (void)snprintf(options, sizeof options, "size=%" PRIu64, bytes);
    if (mount("tmpfs", d->where, "tmpfs", 0, options) != 0) {
        fail_hard("mount");
    }
}

/* There is room again. */
static void give_room(const disk *d)
{
    if (d->is_ext4 ? unlink(d->filler) != 0
                   : mount("tmpfs", d->where, "tmpfs", MS_REMOUNT, "size=16m") != 0) {
        fail_hard("remount");
    }
}

static void unmount_small(const disk *d)
{
    if (!d->is_ext4 && umount(d->where) != 0) {
        fail_hard("umount");
    }
}

/* Room of the full file system of a case: 16 to 60 KiB. */
static uint64_t room_of(uint64_t at)
{
    return 1024 * (16 + 4 * (at % 12));
}

/* A small file system fills up; then there is room again. */
static void fill_disk(s1_deep *deep, uint64_t at, const s1_crash_kind *kind, const disk *d)
{
    mount_small(d, room_of(at));
    const outcome first = run_victim(kind, d->where, 120, 1, NULL);
    give_room(d);
    const outcome second = run_victim(kind, d->where, 1, 2, NULL);
    if ((kind == &s1_crash_journal && !first.has_failed) || first.has_acknowledged_after ||
        second.status != VICTIM_DONE || second.recovered < first.acknowledged ||
        second.recovered > first.tried) {
        s1_deep_fail(deep, at,
                     "%s: full at item %" PRIu64 " (%s), then status %d, recovered %" PRIu64 ": %s",
                     kind->name, first.acknowledged, first.why, second.status, second.recovered,
                     second.why);
    }
    unmount_small(d);
}

/* A journal, what it has set aside, and how many entries of 300 to 1,700 bytes that has to take
 * after the commit that found the disk full. */
typedef struct last_words {
    const s1_crash_kind *kind, *control;
    uint64_t reserve, entries;
} last_words;

/* The same file system, with the same bytes taken by a file that nobody gives back: the control
 * comes exactly as far as the journal did before it was low. On an ext4, whose own records take
 * blocks as they like, about as far. */
static void fill_without_reserve(s1_deep *deep, uint64_t at, const last_words *with,
                                 const outcome *first, const disk *d)
{
    char path[PATH_SIZE + 16];
    (void)snprintf(path, sizeof path, "%s/taken", d->where);
    char *const filler = calloc(1, with->reserve);
    if (filler == NULL ||
        s1_fs_write_file(s1_fs_real(), path, s1_str_make(filler, with->reserve), NULL) != S1_OK) {
        fail_hard(path);
    }
    free(filler);
    const outcome control = run_victim(with->control, d->where, 120, 1, NULL);
    const uint64_t more = control.acknowledged > first->before_low
                              ? control.acknowledged - first->before_low
                              : first->before_low - control.acknowledged;
    if (!control.has_failed || more > (d->is_ext4 ? EXT4_ENTRIES : 0)) {
        s1_deep_fail(deep, at,
                     "%s: without a reserve %" PRIu64 " entries were acknowledged, with one the "
                     "disk was full after %" PRIu64,
                     with->control->name, control.acknowledged, first->before_low);
    }
}

/* Returns the entries that were taken on a full disk. */
static uint64_t fill_with_reserve(s1_deep *deep, uint64_t at, const last_words *with, const disk *d)
{
    mount_small(d, room_of(at) + with->reserve);
    const outcome first = run_victim(with->kind, d->where, 120, 1, NULL);
    give_room(d);
    const outcome second = run_victim(with->kind, d->where, 1, 2, NULL);
    unmount_small(d);
    if (first.low == 0 || first.acknowledged < first.low + with->entries || !first.has_failed ||
        first.has_acknowledged_after || first.is_unpoisoned || second.status != VICTIM_DONE ||
        second.recovered < first.acknowledged || second.recovered > first.tried) {
        s1_deep_fail(deep, at,
                     "%s: low at entry %" PRIu64 ", acknowledged to %" PRIu64 ", expected %" PRIu64
                     " more (%s), then status %d, recovered %" PRIu64 ": %s",
                     with->kind->name, first.low, first.acknowledged, with->entries, first.why,
                     second.status, second.recovered, second.why);
    }
    mount_small(d, room_of(at) + with->reserve);
    fill_without_reserve(deep, at, with, &first, d);
    unmount_small(d);
    return first.acknowledged - first.before_low;
}

static void run_s8(s1_deep *deep)
{
    static const last_words words[] = {
        {&s1_crash_last_words, &s1_crash_journal, S1_CRASH_LAST, 40},
        {&s1_crash_reserved, &s1_crash_rotated, S1_CRASH_RESERVE, 4}};
    uint64_t least[2] = {UINT64_MAX, UINT64_MAX};
    disk d;
    if (!disk_init(&d)) {
        s1_deep_figures(deep, "skipped: no right to mount a small file system");
        return;
    }
    for (uint64_t at = deep->first; at < deep->end; at++) {
        fill_disk(deep, at, at % 2 == 0 ? &s1_crash_state : &s1_crash_journal, &d);
        const uint64_t taken = fill_with_reserve(deep, at, &words[at / 2 % 2], &d);
        least[at / 2 % 2] = taken < least[at / 2 % 2] ? taken : least[at / 2 % 2];
    }
    disk_done(&d);
    char kind[160];
    (void)snprintf(kind, sizeof kind, "%s%s",
                   d.is_ext4 ? "16 MB ext4" : "tmpfs, no ext4: ", d.is_ext4 ? "" : d.why_not);
    s1_deep_figures(deep,
                    "%" PRIu64 " full disks, %s, and as many with a reserve, which took %" PRIu64
                    " entries (64 KiB) or %" PRIu64
                    " (16 KiB, several files) and more; none without; %" PRIu64 " broken",
                    deep->end - deep->first, kind, least[0], least[1], deep->failures);
}

/* --- Main ----------------------------------------------------------------------------------- */

/* Kills need no disk: in memory where there is room for that. */
static void find_places(const char *self)
{
    const char *folder = access("/dev/shm", W_OK) == 0   ? "/dev/shm"
                         : getenv("S1_TEST_TMP") != NULL ? getenv("S1_TEST_TMP")
                                                         : "/tmp";
    (void)snprintf(root, sizeof root, "%s/s1-process-XXXXXX", folder);
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (mkdtemp(root) == NULL || length <= 0) {
        fail_hard(self);
    }
    program[length] = '\0';
    const char *slash = strrchr(program, '/');
    (void)snprintf(shim, sizeof shim, "%.*s/fault_shim.so", (int)(slash - program), program);
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "--victim") == 0) {
        return victim(kind_named(argv[2]), argv[3], strtoull(argv[4], NULL, 10),
                      (uint32_t)strtoul(argv[5], NULL, 10));
    }
    if (argc == 3 && strcmp(argv[1], "--racer") == 0) {
        return racer(argv[2]);
    }
    static const s1_deep_row rows[] = {
        {"S2", "kill -9 at every call of libc", 300, 10000, 500000, run_s2},
        {"S3l", "every call of libc fails, once and for ever", 1, 1, 1, run_s3},
        {"S7", "a second instance", 30, 1000, 20000, run_s7},
        {"S8", "a full file system", 6, 200, 2000, run_s8},
    };
    find_places(argv[0]);
    const int status = s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
    if (s1_fs_remove_tree(s1_fs_real(), root, NULL) != S1_OK) {
        return 1;
    }
    return status;
}
