#include "backend/utils/folder_lock.h"

#include "backend/utils/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 1000 /* the file may be removed between our open and our lock */
#define PID_SIZE  24u

struct s1_folder_lock {
    const s1_fs *fs;
    s1_file *file;
    char path[];
};

/* The number in the lock file as text; "" if its owner has not written it yet. */
static void read_owner(const s1_fs *fs, s1_file *file, char ret_pid[static PID_SIZE])
{
    size_t length = 0;
    if (s1_fs_pread(fs, file, 0, ret_pid, PID_SIZE - 1, &length, NULL) != S1_OK) {
        length = 0;
    }
    ret_pid[length] = '\0';
    ret_pid[strspn(ret_pid, "0123456789")] = '\0';
}

/* True if the locked file is the one that `path` names: who had it before may have removed it. */
static bool is_current(const s1_fs *fs, s1_file *file, const char *path)
{
    s1_fs_info held, named;
    return s1_fs_stat_file(fs, file, &held, NULL) == S1_OK &&
           s1_fs_stat(fs, path, &named, NULL) == S1_OK && held.inode == named.inode &&
           held.device == named.device;
}

static s1_rc lock_file(const s1_fs *fs, const char *path, const char *what, s1_file **ret_file,
                       s1_err *err)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        s1_file *file = NULL;
        S1_TRY(err, s1_fs_open(fs, path, S1_FS_READ | S1_FS_WRITE | S1_FS_CREATE, &file, err));
        const s1_rc rc = s1_fs_lock(fs, file, err);
        if (rc == S1_E_DENIED) {
            char pid[PID_SIZE];
            read_owner(fs, file, pid);
            s1_fs_drop(fs, file);
            return S1_RAISE(err, S1_E_DENIED,
                            "%s is in use by %s%s: there is one writer at a time (lock file '%s')",
                            what, pid[0] != '\0' ? "process " : "another process", pid, path);
        }
        if (rc == S1_OK && is_current(fs, file, path)) {
            *ret_file = file;
            return S1_OK;
        }
        s1_fs_drop(fs, file);
        S1_TRY(err, rc);
    }
    return S1_RAISE(err, S1_E_DENIED, "%s: its lock file '%s' comes and goes", what, path);
}

static s1_rc write_owner(s1_folder_lock *lock, s1_err *err)
{
    char pid[PID_SIZE];
    const int length = snprintf(pid, sizeof pid, "%lld\n", (long long)s1_proc_pid());
    S1_TRY(err, s1_fs_truncate(lock->fs, lock->file, 0, err));
    return s1_fs_pwrite_all(lock->fs, lock->file, 0, pid, (size_t)length, err);
}

s1_rc s1_folder_lock_new(const s1_fs *fs, const char *path, const char *what,
                         s1_folder_lock **ret_lock, s1_err *err)
{
    const size_t size = strlen(path) + 1;
    s1_folder_lock *lock = malloc(sizeof *lock + size);
    if (lock == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "lock of %s", what);
    }
    *lock = (s1_folder_lock){.fs = fs};
    memcpy(lock->path, path, size);
    s1_rc rc = lock_file(fs, path, what, &lock->file, err);
    if (rc != S1_OK) {
        free(lock);
        return rc;
    }
    rc = write_owner(lock, err);
    if (rc != S1_OK) {
        s1_folder_lock_free(lock);
        return rc;
    }
    *ret_lock = lock;
    return S1_OK;
}

void s1_folder_lock_free(s1_folder_lock *lock)
{
    if (lock == NULL) {
        return;
    }
    s1_err ignored = S1_ERR_INIT; /* a file that stays is taken over by the next one */
    (void)!s1_fs_unlink(lock->fs, lock->path, &ignored);
    s1_fs_drop(lock->fs, lock->file);
    free(lock);
}
