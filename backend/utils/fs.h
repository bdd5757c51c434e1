/* backend/utils/fs.h - the file system behind a table, so that any call can be made to fail.
 *
 * s1_fs is the seam: code that reads or writes files takes a `const s1_fs *` and calls the inline
 * functions below. s1_fs_real() is the machine's; s1_fault_fs wraps another one and fails what it
 * is told to. Helpers underneath use nothing but the seam.
 *
 * Paths are NUL-terminated UTF-8, relative ones to the process's working directory. Every error
 * names the path, carries sys_errno, and has one of these codes: S1_E_NOT_FOUND (ENOENT, ENOTDIR),
 * S1_E_EXISTS (EEXIST, ENOTEMPTY), S1_E_DENIED (EACCES, EPERM, EROFS, and EAGAIN of a lock),
 * S1_E_NO_MEMORY (ENOMEM), S1_E_IO (everything else, ENOSPC included).
 */
#ifndef S1_UTILS_FS_H
#define S1_UTILS_FS_H

#include "backend/utils/text.h"
#include "s1mple/error.h"

typedef struct s1_file s1_file; /* an open file or folder of whatever made it */

enum s1_fs_open_flag {
    S1_FS_READ = 1u << 0,
    S1_FS_WRITE = 1u << 1,
    S1_FS_CREATE = 1u << 2,    /* make it if it is not there (mode 0644) */
    S1_FS_EXCLUSIVE = 1u << 3, /* with CREATE: S1_E_EXISTS if it is there */
    S1_FS_TRUNCATE = 1u << 4,
    S1_FS_APPEND = 1u << 5,
    S1_FS_FOLDER = 1u << 6,  /* a folder, for fsync only */
    S1_FS_PRIVATE = 1u << 7, /* with CREATE: mode 0600 */
    /* Long, written once from front to back: a pwrite whose bytes, length and offset are multiples
     * of S1_FS_STREAM_ALIGN goes past the page cache where the file system can. It costs a third,
     * and the file does not drive others from memory. One thread at a time. */
    S1_FS_STREAM = 1u << 8
};

#define S1_FS_STREAM_ALIGN 4096u

enum s1_fs_type { S1_FS_FILE = 1, S1_FS_DIRECTORY, S1_FS_OTHER };

typedef struct s1_fs_info {
    enum s1_fs_type type;
    uint32_t mode; /* permission bits */
    uint64_t size;
    s1_nanos modified;
    uint64_t inode, device;
} s1_fs_info;

/* Names of a folder without "." and "..", sorted by bytes. s1_fs_list_done releases it. */
typedef struct s1_fs_list {
    char **names;
    size_t count;
} s1_fs_list;

/* One number per operation, for faults and counts. */
#define S1_FS_OP_MAP(X)                                                                            \
    X(OPEN, open)                                                                                  \
    X(CLOSE, close)                                                                                \
    X(READ, read)                                                                                  \
    X(WRITE, write)                                                                                \
    X(PREAD, pread)                                                                                \
    X(PWRITE, pwrite)                                                                              \
    X(FSYNC, fsync)                                                                                \
    X(TRUNCATE, truncate)                                                                          \
    X(LOCK, lock)                                                                                  \
    X(STAT_FILE, stat_file)                                                                        \
    X(RENAME, rename)                                                                              \
    X(EXCHANGE, exchange)                                                                          \
    X(LINK, link)                                                                                  \
    X(UNLINK, unlink)                                                                              \
    X(MKDIR, mkdir)                                                                                \
    X(RMDIR, rmdir)                                                                                \
    X(STAT, stat)                                                                                  \
    X(LIST, list)
enum s1_fs_op {
#define X(name, field) S1_FS_OP_##name,
    S1_FS_OP_MAP(X)
#undef X
        S1_FS_OPS
};

/* The table an implementor fills in. Short reads and writes are allowed; helpers loop. */
typedef struct s1_fs {
    void *self;
    s1_rc (*open)(void *self, const char *path, uint32_t flags, s1_file **ret_file, s1_err *err);
    /* Always releases the file, also when it fails. */
    s1_rc (*close)(void *self, s1_file *file, s1_err *err);
    s1_rc (*read)(void *self, s1_file *file, void *to, size_t len, size_t *ret_len, s1_err *err);
    s1_rc (*write)(void *self, s1_file *file, const void *from, size_t len, size_t *ret_len,
                   s1_err *err);
    s1_rc (*pread)(void *self, s1_file *file, uint64_t offset, void *to, size_t len,
                   size_t *ret_len, s1_err *err);
    s1_rc (*pwrite)(void *self, s1_file *file, uint64_t offset, const void *from, size_t len,
                    size_t *ret_len, s1_err *err);
    s1_rc (*fsync)(void *self, s1_file *file, s1_err *err);
    s1_rc (*truncate)(void *self, s1_file *file, uint64_t size, s1_err *err);
    /* Exclusive advisory lock, does not wait: S1_E_DENIED if another process has it. Gone with
     * close. */
    s1_rc (*lock)(void *self, s1_file *file, s1_err *err);
    s1_rc (*stat_file)(void *self, s1_file *file, s1_fs_info *ret_info, s1_err *err);
    s1_rc (*rename)(void *self, const char *from, const char *to, s1_err *err);
    s1_rc (*exchange)(void *self, const char *a, const char *b, s1_err *err);
    s1_rc (*link)(void *self, const char *from, const char *to, s1_err *err);
    s1_rc (*unlink)(void *self, const char *path, s1_err *err);
    s1_rc (*mkdir)(void *self, const char *path, uint32_t mode, s1_err *err);
    s1_rc (*rmdir)(void *self, const char *path, s1_err *err);
    s1_rc (*stat)(void *self, const char *path, s1_fs_info *ret_info, s1_err *err);
    s1_rc (*list)(void *self, const char *path, s1_fs_list *ret_list, s1_err *err);
} s1_fs;

/* The machine's file system. Static. */
const s1_fs *s1_fs_real(void);

/* --- Calls through the table -------------------------------------------------------------- */

S1_WARN_UNUSED s1_rc s1_fs_open(const s1_fs *fs, const char *path, uint32_t flags,
                                s1_file **ret_file, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_close(const s1_fs *fs, s1_file *file, s1_err *err);
/* Closes what was only read or is given up anyway; accepts NULL. */
void s1_fs_drop(const s1_fs *fs, s1_file *file);
/* As many bytes as one call gives; 0 at the end of the file. */
S1_WARN_UNUSED s1_rc s1_fs_read(const s1_fs *fs, s1_file *file, void *to, size_t len,
                                size_t *ret_len, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_pread(const s1_fs *fs, s1_file *file, uint64_t offset, void *to,
                                 size_t len, size_t *ret_len, s1_err *err);
/* All bytes, or an error (some may be written then). */
S1_WARN_UNUSED s1_rc s1_fs_write_all(const s1_fs *fs, s1_file *file, const void *from, size_t len,
                                     s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_pwrite_all(const s1_fs *fs, s1_file *file, uint64_t offset,
                                      const void *from, size_t len, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_fsync(const s1_fs *fs, s1_file *file, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_truncate(const s1_fs *fs, s1_file *file, uint64_t size, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_lock(const s1_fs *fs, s1_file *file, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_stat_file(const s1_fs *fs, s1_file *file, s1_fs_info *ret_info,
                                     s1_err *err);
/* Files and folders alike; a file at `to` is replaced. Not durable by itself: s1_fs_fsync_parent.
 */
S1_WARN_UNUSED s1_rc s1_fs_rename(const s1_fs *fs, const char *from, const char *to, s1_err *err);
/* Two files or folders take each other's names in one step; both must be there. Errors:
 * S1_E_UNSUPPORTED where the file system cannot. Durable with an fsync of both parents. */
S1_WARN_UNUSED s1_rc s1_fs_exchange(const s1_fs *fs, const char *a, const char *b, s1_err *err);
/* A second name for a file. Errors: S1_E_EXISTS if `to` is there. */
S1_WARN_UNUSED s1_rc s1_fs_link(const s1_fs *fs, const char *from, const char *to, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_unlink(const s1_fs *fs, const char *path, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_mkdir(const s1_fs *fs, const char *path, s1_err *err); /* mode 0755 */
S1_WARN_UNUSED s1_rc s1_fs_rmdir(const s1_fs *fs, const char *path, s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_stat(const s1_fs *fs, const char *path, s1_fs_info *ret_info,
                                s1_err *err);
S1_WARN_UNUSED s1_rc s1_fs_list_names(const s1_fs *fs, const char *path, s1_fs_list *ret_list,
                                      s1_err *err);
void s1_fs_list_done(s1_fs_list *list); /* also of a zeroed one */

/* --- Helpers ------------------------------------------------------------------------------ */

/* True if the path is there (of any type; of that type). A path that cannot be asked is not. */
bool s1_fs_exists(const s1_fs *fs, const char *path);
bool s1_fs_is_folder(const s1_fs *fs, const char *path);
bool s1_fs_is_file(const s1_fs *fs, const char *path);

/* Appends the whole file to `ret_text`. Errors: S1_E_DATA if it is larger than `max_bytes` (the
 * size found is named). */
S1_WARN_UNUSED s1_rc s1_fs_read_all(const s1_fs *fs, const char *path, size_t max_bytes,
                                    s1_strbuf *ret_text, s1_err *err);
/* Creates or overwrites; neither atomic nor durable. */
S1_WARN_UNUSED s1_rc s1_fs_write_file(const s1_fs *fs, const char *path, s1_str content,
                                      s1_err *err);
/* Durable replace: writes `path` + ".tmp", fsync, rename over `path`, fsync of the folder. After an
 * error the old content stands (or, if only the last fsync failed, either). */
S1_WARN_UNUSED s1_rc s1_fs_replace(const s1_fs *fs, const char *path, s1_str content, s1_err *err);
/* fsync of a folder, so that names made in it are durable. */
S1_WARN_UNUSED s1_rc s1_fs_fsync_folder(const s1_fs *fs, const char *path, s1_err *err);
/* fsync of the folder that holds `path`, so that a rename or a new name in it is durable. */
S1_WARN_UNUSED s1_rc s1_fs_fsync_parent(const s1_fs *fs, const char *path, s1_err *err);
/* Renames a finished folder into place, durably: fsync of the files in it (one level and deeper),
 * rename, fsync of the parent. Errors: S1_E_EXISTS if `to` is there. */
S1_WARN_UNUSED s1_rc s1_fs_publish_folder(const s1_fs *fs, const char *from, const char *to,
                                          s1_err *err);
/* The folder and what is missing above it; one that is there is fine. */
S1_WARN_UNUSED s1_rc s1_fs_mkdir_all(const s1_fs *fs, const char *path, s1_err *err);
/* The file or folder with all that is in it; links are removed, not followed. What is not there is
 * fine. */
S1_WARN_UNUSED s1_rc s1_fs_remove_tree(const s1_fs *fs, const char *path, s1_err *err);

/* "folder/name" into `out`. Errors: S1_E_RANGE if it does not fit. */
#define S1_PATH_MAX 4096u
S1_WARN_UNUSED s1_rc s1_path_join(char *out, size_t size, s1_str folder, s1_str name, s1_err *err);

/* --- Faults ------------------------------------------------------------------------------- */

/* Wraps another file system: counts its calls and fails those it is told to. For tests. */
typedef struct s1_fault_fs {
    s1_fs table;       /* hand &fault.table to the code under test */
    const s1_fs *base; /* borrowed */
    uint64_t calls;    /* all operations so far; the first is number 1 */
    uint64_t calls_of[S1_FS_OPS];
    uint64_t failures; /* injected so far, full disks included */
    uint64_t fail_at;  /* fail call number fail_at (0: none) ... */
    int32_t fail_op;   /* ... of this enum s1_fs_op; -1: of any */
    int32_t fail_errno;
    bool is_permanent;      /* ... and all later ones of that kind, too */
    uint64_t write_limit;   /* bytes that may be written before ENOSPC; UINT64_MAX: no limit */
    uint64_t bytes_written; /* so far; a write that crosses the limit is cut short first */
    uint64_t write_at_once; /* longest single write (to force short writes); UINT64_MAX: any */
    bool unlink_gives_room; /* the size of a file that is removed is added to write_limit */
} s1_fault_fs;

/* No faults yet. */
void s1_fault_fs_init(s1_fault_fs *fault, const s1_fs *base);
/* Fails call `number` (counted from now on, first = 1) of `op` (-1: any) with `sys_errno`, once or
 * for ever. The failed call does not reach the base, except that close releases the file. */
void s1_fault_fs_fail(s1_fault_fs *fault, int32_t op, uint64_t number, int32_t sys_errno,
                      bool is_permanent);

#endif /* S1_UTILS_FS_H */
