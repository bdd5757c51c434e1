#define _GNU_SOURCE /* O_DIRECTORY, dirent types, renameat2 */

#include "backend/utils/fs.h"

#include "backend/utils/assert.h"
#include "backend/utils/sys_error.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_NAMES_MAX (1u << 20)
#define TREE_DEPTH_MAX 64u
#define IO_BYTES_MAX   (1u << 30) /* of one system call */
#define READ_BLOCK_MIN 4096u

struct s1_file {
    int fd;
    bool can_be_direct, is_direct; /* see S1_FS_STREAM */
    char path[];                   /* for messages */
};

/* --- The machine's ------------------------------------------------------------------------- */

static s1_rc real_open(void *self, const char *path, uint32_t flags, s1_file **ret_file,
                       s1_err *err)
{
    (void)self;
    const bool reads = (flags & S1_FS_READ) != 0, writes = (flags & S1_FS_WRITE) != 0;
    int mode = writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY;
    mode |= O_CLOEXEC | O_NOCTTY;
    mode |= (flags & S1_FS_CREATE) != 0 ? O_CREAT : 0;
    mode |= (flags & S1_FS_EXCLUSIVE) != 0 ? O_EXCL : 0;
    mode |= (flags & S1_FS_TRUNCATE) != 0 ? O_TRUNC : 0;
    mode |= (flags & S1_FS_APPEND) != 0 ? O_APPEND : 0;
    mode |= (flags & S1_FS_FOLDER) != 0 ? O_DIRECTORY : 0;
    const size_t path_size = strlen(path) + 1;
    s1_file *const file = malloc(sizeof *file + path_size);
    if (file == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "open '%s': no memory", path);
    }
    do {
        file->fd = open(path, mode, (flags & S1_FS_PRIVATE) != 0 ? 0600 : 0644);
    } while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0) {
        const int found = errno;
        free(file);
        return S1_RAISE_SYS(err, found, "open '%s'", path);
    }
    file->can_be_direct = (flags & S1_FS_STREAM) != 0;
    file->is_direct = false;
    memcpy(file->path, path, path_size);
    *ret_file = file;
    return S1_OK;
}

static s1_rc real_close(void *self, s1_file *file, s1_err *err)
{
    (void)self;
    s1_rc rc = S1_OK;
    if (close(file->fd) != 0 && errno != EINTR) { /* Linux has closed it also then */
        rc = S1_RAISE_SYS(err, errno, "close '%s'", file->path);
    }
    free(file);
    return rc;
}

static s1_rc real_read(void *self, s1_file *file, void *to, size_t len, size_t *ret_len,
                       s1_err *err)
{
    (void)self;
    ssize_t got;
    do {
        got = read(file->fd, to, len < IO_BYTES_MAX ? len : IO_BYTES_MAX);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return S1_RAISE_SYS(err, errno, "read '%s'", file->path);
    }
    *ret_len = (size_t)got;
    return S1_OK;
}

static s1_rc real_write(void *self, s1_file *file, const void *from, size_t len, size_t *ret_len,
                        s1_err *err)
{
    (void)self;
    ssize_t put;
    do {
        put = write(file->fd, from, len < IO_BYTES_MAX ? len : IO_BYTES_MAX);
    } while (put < 0 && errno == EINTR);
    if (put < 0) {
        return S1_RAISE_SYS(err, errno, "write '%s'", file->path);
    }
    *ret_len = (size_t)put;
    return S1_OK;
}

/* Has the next call go past the page cache, or through it. */
static void set_direct(s1_file *file, bool is_direct)
{
    const int flags = fcntl(file->fd, F_GETFL);
    if (flags >= 0 &&
        fcntl(file->fd, F_SETFL, is_direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0) {
        file->is_direct = is_direct;
    } else {
        file->can_be_direct = false; /* not this file system */
    }
}

static void choose_road(s1_file *file, uint64_t offset, const void *bytes, size_t len)
{
    const uint64_t all = (uint64_t)(uintptr_t)bytes | offset | len;
    const bool is_aligned = (all & (S1_FS_STREAM_ALIGN - 1)) == 0;
    if (file->can_be_direct && is_aligned != file->is_direct) {
        set_direct(file, is_aligned);
    }
}

static s1_rc real_pread(void *self, s1_file *file, uint64_t offset, void *to, size_t len,
                        size_t *ret_len, s1_err *err)
{
    (void)self;
    ssize_t got;
    choose_road(file, offset, to, len);
    do {
        got = pread(file->fd, to, len < IO_BYTES_MAX ? len : IO_BYTES_MAX, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return S1_RAISE_SYS(err, errno, "read '%s' at %llu", file->path,
                            (unsigned long long)offset);
    }
    *ret_len = (size_t)got;
    return S1_OK;
}

static s1_rc real_pwrite(void *self, s1_file *file, uint64_t offset, const void *from, size_t len,
                         size_t *ret_len, s1_err *err)
{
    (void)self;
    ssize_t put;
    choose_road(file, offset, from, len);
    do {
        put = pwrite(file->fd, from, len < IO_BYTES_MAX ? len : IO_BYTES_MAX, (off_t)offset);
        if (put < 0 && errno == EINVAL && file->is_direct) { /* it took the flag, not the bytes */
            set_direct(file, false);
            file->can_be_direct = false;
            errno = EINTR;
        }
    } while (put < 0 && errno == EINTR);
    if (put < 0) {
        return S1_RAISE_SYS(err, errno, "write '%s' at %llu", file->path,
                            (unsigned long long)offset);
    }
    *ret_len = (size_t)put;
    return S1_OK;
}

static s1_rc real_fsync(void *self, s1_file *file, s1_err *err)
{
    (void)self;
    if (fsync(file->fd) != 0) {
        return S1_RAISE_SYS(err, errno, "fsync '%s'", file->path);
    }
    return S1_OK;
}

static s1_rc real_truncate(void *self, s1_file *file, uint64_t size, s1_err *err)
{
    (void)self;
    int failed;
    do {
        failed = ftruncate(file->fd, (off_t)size);
    } while (failed != 0 && errno == EINTR);
    if (failed != 0) {
        return S1_RAISE_SYS(err, errno, "truncate '%s' to %llu bytes", file->path,
                            (unsigned long long)size);
    }
    return S1_OK;
}

static s1_rc real_lock(void *self, s1_file *file, s1_err *err)
{
    (void)self;
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return S1_RAISE_SYS(err, errno, "lock '%s': another process has it", file->path);
        }
        return S1_RAISE_SYS(err, errno, "lock '%s'", file->path);
    }
    return S1_OK;
}

static s1_fs_info info_of(const struct stat *found)
{
    return (s1_fs_info){
        .type = S_ISREG(found->st_mode)   ? S1_FS_FILE
                : S_ISDIR(found->st_mode) ? S1_FS_DIRECTORY
                                          : S1_FS_OTHER,
        .mode = found->st_mode & 07777u,
        .size = found->st_size > 0 ? (uint64_t)found->st_size : 0,
        .modified = (s1_nanos)found->st_mtim.tv_sec * S1_NANOS_PER_SECOND + found->st_mtim.tv_nsec,
        .inode = found->st_ino,
        .device = found->st_dev,
    };
}

static s1_rc real_stat_file(void *self, s1_file *file, s1_fs_info *ret_info, s1_err *err)
{
    (void)self;
    struct stat found;
    if (fstat(file->fd, &found) != 0) {
        return S1_RAISE_SYS(err, errno, "stat '%s'", file->path);
    }
    *ret_info = info_of(&found);
    return S1_OK;
}

static s1_rc real_stat(void *self, const char *path, s1_fs_info *ret_info, s1_err *err)
{
    (void)self;
    struct stat found;
    if (stat(path, &found) != 0) {
        return S1_RAISE_SYS(err, errno, "stat '%s'", path);
    }
    *ret_info = info_of(&found);
    return S1_OK;
}

static s1_rc real_rename(void *self, const char *from, const char *to, s1_err *err)
{
    (void)self;
    if (rename(from, to) != 0) {
        return S1_RAISE_SYS(err, errno, "rename '%s' to '%s'", from, to);
    }
    return S1_OK;
}

static s1_rc real_exchange(void *self, const char *a, const char *b, s1_err *err)
{
    (void)self;
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0) {
        if (errno == EINVAL || errno == ENOSYS) {
            return S1_RAISE(err, S1_E_UNSUPPORTED,
                            "exchange '%s' and '%s': this file system cannot", a, b);
        }
        return S1_RAISE_SYS(err, errno, "exchange '%s' and '%s'", a, b);
    }
    return S1_OK;
}

static s1_rc real_link(void *self, const char *from, const char *to, s1_err *err)
{
    (void)self;
    if (link(from, to) != 0) {
        return S1_RAISE_SYS(err, errno, "link '%s' to '%s'", from, to);
    }
    return S1_OK;
}

static s1_rc real_unlink(void *self, const char *path, s1_err *err)
{
    (void)self;
    if (unlink(path) != 0) {
        return S1_RAISE_SYS(err, errno, "unlink '%s'", path);
    }
    return S1_OK;
}

static s1_rc real_mkdir(void *self, const char *path, uint32_t mode, s1_err *err)
{
    (void)self;
    if (mkdir(path, (mode_t)mode) != 0) {
        return S1_RAISE_SYS(err, errno, "make folder '%s'", path);
    }
    return S1_OK;
}

static s1_rc real_rmdir(void *self, const char *path, s1_err *err)
{
    (void)self;
    if (rmdir(path) != 0) {
        return S1_RAISE_SYS(err, errno, "remove folder '%s'", path);
    }
    return S1_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Copies `name` into the list; false if there is no memory. */
static bool list_add(s1_fs_list *list, size_t *capacity, const char *name)
{
    if (list->count == *capacity) {
        const size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
        char **const names = realloc(list->names, wanted * sizeof *names);
        if (names == NULL) {
            return false;
        }
        list->names = names;
        *capacity = wanted;
    }
    char *const copy = s1_str_dup(s1_str_of(name));
    if (copy == NULL) {
        return false;
    }
    list->names[list->count++] = copy;
    return true;
}

static s1_rc real_list(void *self, const char *path, s1_fs_list *ret_list, s1_err *err)
{
    (void)self;
    DIR *const folder = opendir(path);
    if (folder == NULL) {
        return S1_RAISE_SYS(err, errno, "list folder '%s'", path);
    }
    s1_fs_list list = {NULL, 0};
    size_t capacity = 0;
    s1_rc rc = S1_OK;
    while (rc == S1_OK) {
        errno = 0;
        const struct dirent *const entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0) {
                rc = S1_RAISE_SYS(err, errno, "list folder '%s'", path);
            }
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (list.count == LIST_NAMES_MAX || !list_add(&list, &capacity, entry->d_name)) {
            rc = S1_RAISE(err, S1_E_NO_MEMORY, "list folder '%s': no room after %zu names", path,
                          list.count);
        }
    }
    (void)closedir(folder);
    if (rc != S1_OK) {
        s1_fs_list_done(&list);
        return rc;
    }
    if (list.count > 1) {
        qsort(list.names, list.count, sizeof *list.names, compare_names);
    }
    *ret_list = list;
    return S1_OK;
}

const s1_fs *s1_fs_real(void)
{
    static const s1_fs fs = {
        .open = real_open,
        .close = real_close,
        .read = real_read,
        .write = real_write,
        .pread = real_pread,
        .pwrite = real_pwrite,
        .fsync = real_fsync,
        .truncate = real_truncate,
        .lock = real_lock,
        .stat_file = real_stat_file,
        .rename = real_rename,
        .exchange = real_exchange,
        .link = real_link,
        .unlink = real_unlink,
        .mkdir = real_mkdir,
        .rmdir = real_rmdir,
        .stat = real_stat,
        .list = real_list,
    };
    return &fs;
}

/* --- Calls through the table --------------------------------------------------------------- */

s1_rc s1_fs_open(const s1_fs *fs, const char *path, uint32_t flags, s1_file **ret_file, s1_err *err)
{
    return fs->open(fs->self, path, flags, ret_file, err);
}

s1_rc s1_fs_close(const s1_fs *fs, s1_file *file, s1_err *err)
{
    return fs->close(fs->self, file, err);
}

void s1_fs_drop(const s1_fs *fs, s1_file *file)
{
    if (file != NULL) {
        (void)fs->close(fs->self, file, NULL);
    }
}

s1_rc s1_fs_read(const s1_fs *fs, s1_file *file, void *to, size_t len, size_t *ret_len, s1_err *err)
{
    return fs->read(fs->self, file, to, len, ret_len, err);
}

s1_rc s1_fs_pread(const s1_fs *fs, s1_file *file, uint64_t offset, void *to, size_t len,
                  size_t *ret_len, s1_err *err)
{
    return fs->pread(fs->self, file, offset, to, len, ret_len, err);
}

s1_rc s1_fs_write_all(const s1_fs *fs, s1_file *file, const void *from, size_t len, s1_err *err)
{
    const uint8_t *at = from;
    while (len > 0) {
        size_t put = 0;
        S1_TRY(err, fs->write(fs->self, file, at, len, &put, err));
        if (put == 0 || put > len) {
            return S1_RAISE(err, S1_E_IO, "write: found %zu bytes taken of %zu", put, len);
        }
        at += put;
        len -= put;
    }
    return S1_OK;
}

s1_rc s1_fs_pwrite_all(const s1_fs *fs, s1_file *file, uint64_t offset, const void *from,
                       size_t len, s1_err *err)
{
    const uint8_t *at = from;
    while (len > 0) {
        size_t put = 0;
        S1_TRY(err, fs->pwrite(fs->self, file, offset, at, len, &put, err));
        if (put == 0 || put > len) {
            return S1_RAISE(err, S1_E_IO, "write: found %zu bytes taken of %zu", put, len);
        }
        at += put;
        offset += put;
        len -= put;
    }
    return S1_OK;
}

s1_rc s1_fs_fsync(const s1_fs *fs, s1_file *file, s1_err *err)
{
    return fs->fsync(fs->self, file, err);
}

s1_rc s1_fs_truncate(const s1_fs *fs, s1_file *file, uint64_t size, s1_err *err)
{
    return fs->truncate(fs->self, file, size, err);
}

s1_rc s1_fs_lock(const s1_fs *fs, s1_file *file, s1_err *err)
{
    return fs->lock(fs->self, file, err);
}

s1_rc s1_fs_stat_file(const s1_fs *fs, s1_file *file, s1_fs_info *ret_info, s1_err *err)
{
    return fs->stat_file(fs->self, file, ret_info, err);
}

s1_rc s1_fs_rename(const s1_fs *fs, const char *from, const char *to, s1_err *err)
{
    return fs->rename(fs->self, from, to, err);
}

s1_rc s1_fs_exchange(const s1_fs *fs, const char *a, const char *b, s1_err *err)
{
    return fs->exchange(fs->self, a, b, err);
}

s1_rc s1_fs_link(const s1_fs *fs, const char *from, const char *to, s1_err *err)
{
    return fs->link(fs->self, from, to, err);
}

s1_rc s1_fs_unlink(const s1_fs *fs, const char *path, s1_err *err)
{
    return fs->unlink(fs->self, path, err);
}

s1_rc s1_fs_mkdir(const s1_fs *fs, const char *path, s1_err *err)
{
    return fs->mkdir(fs->self, path, 0755, err);
}

s1_rc s1_fs_rmdir(const s1_fs *fs, const char *path, s1_err *err)
{
    return fs->rmdir(fs->self, path, err);
}

s1_rc s1_fs_stat(const s1_fs *fs, const char *path, s1_fs_info *ret_info, s1_err *err)
{
    return fs->stat(fs->self, path, ret_info, err);
}

s1_rc s1_fs_list_names(const s1_fs *fs, const char *path, s1_fs_list *ret_list, s1_err *err)
{
    return fs->list(fs->self, path, ret_list, err);
}

void s1_fs_list_done(s1_fs_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
    *list = (s1_fs_list){NULL, 0};
}

/* --- Helpers ------------------------------------------------------------------------------- */

bool s1_fs_exists(const s1_fs *fs, const char *path)
{
    s1_fs_info info;
    return fs->stat(fs->self, path, &info, NULL) == S1_OK;
}

bool s1_fs_is_folder(const s1_fs *fs, const char *path)
{
    s1_fs_info info;
    return fs->stat(fs->self, path, &info, NULL) == S1_OK && info.type == S1_FS_DIRECTORY;
}

bool s1_fs_is_file(const s1_fs *fs, const char *path)
{
    s1_fs_info info;
    return fs->stat(fs->self, path, &info, NULL) == S1_OK && info.type == S1_FS_FILE;
}

static s1_rc read_to_end(const s1_fs *fs, s1_file *file, const char *path, size_t max_bytes,
                         s1_strbuf *text, s1_err *err)
{
    s1_fs_info info;
    S1_TRY(err, fs->stat_file(fs->self, file, &info, err));
    if (info.type == S1_FS_DIRECTORY) {
        return S1_RAISE_SYS(err, EISDIR, "read '%s'", path);
    }
    if (info.size > max_bytes) {
        return S1_RAISE(err, S1_E_DATA, "'%s' has %llu bytes, at most %zu are read", path,
                        (unsigned long long)info.size, max_bytes);
    }
    const size_t start = text->len;
    size_t wanted = (size_t)info.size;
    for (;;) {
        char probe; /* the end is looked for outside the text, which may have no room for more */
        const bool is_probe = wanted == 0;
        char *const to = is_probe ? &probe : s1_strbuf_reserve(text, wanted);
        if (to == NULL) {
            return s1_strbuf_check(text, err);
        }
        size_t got = 0;
        S1_TRY(err, fs->read(fs->self, file, to, is_probe ? 1 : wanted, &got, err));
        if (got == 0) {
            return S1_OK;
        }
        if (is_probe) {
            s1_strbuf_char(text, probe);
            S1_TRY(err, s1_strbuf_check(text, err));
        } else {
            s1_strbuf_commit(text, got);
        }
        const size_t have = text->len - start;
        if (have > max_bytes) { /* it grows, or its size is not told (/proc) */
            return S1_RAISE(err, S1_E_DATA, "'%s' has more than the %zu bytes that are read", path,
                            max_bytes);
        }
        const size_t room = max_bytes - have;
        wanted = !is_probe ? wanted - got : room < READ_BLOCK_MIN ? room : READ_BLOCK_MIN;
    }
}

s1_rc s1_fs_read_all(const s1_fs *fs, const char *path, size_t max_bytes, s1_strbuf *ret_text,
                     s1_err *err)
{
    s1_file *file;
    S1_TRY(err, fs->open(fs->self, path, S1_FS_READ, &file, err));
    const size_t start = ret_text->len;
    const s1_rc rc = read_to_end(fs, file, path, max_bytes, ret_text, err);
    s1_fs_drop(fs, file);
    if (rc != S1_OK) {
        s1_strbuf_truncate(ret_text, start);
        s1_err_push(err, __FILE__, __func__, __LINE__);
    }
    return rc;
}

static s1_rc write_new(const s1_fs *fs, const char *path, s1_str content, bool is_durable,
                       s1_err *err)
{
    s1_file *file;
    S1_TRY(err, fs->open(fs->self, path, S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &file, err));
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, s1_fs_write_all(fs, file, content.ptr, content.len, err));
    if (is_durable) {
        S1_TRY_GOTO(err, rc, fail, fs->fsync(fs->self, file, err));
    }
    S1_TRY(err, fs->close(fs->self, file, err));
    return S1_OK;
fail:
    s1_fs_drop(fs, file);
    return rc;
}

s1_rc s1_fs_write_file(const s1_fs *fs, const char *path, s1_str content, s1_err *err)
{
    return write_new(fs, path, content, false, err);
}

s1_rc s1_fs_fsync_folder(const s1_fs *fs, const char *path, s1_err *err)
{
    s1_file *file;
    S1_TRY(err, fs->open(fs->self, path, S1_FS_READ | S1_FS_FOLDER, &file, err));
    const s1_rc rc = fs->fsync(fs->self, file, err);
    s1_fs_drop(fs, file);
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
    }
    return rc;
}

s1_rc s1_fs_fsync_parent(const s1_fs *fs, const char *path, s1_err *err)
{
    char folder[S1_PATH_MAX];
    S1_TRY(err,
           s1_path_join(folder, sizeof folder, s1_str_dirname(s1_str_of(path)), S1_STR(""), err));
    return s1_fs_fsync_folder(fs, folder, err);
}

s1_rc s1_fs_replace(const s1_fs *fs, const char *path, s1_str content, s1_err *err)
{
    char temp[S1_PATH_MAX];
    const int len = snprintf(temp, sizeof temp, "%s.tmp", path);
    if (len < 0 || (size_t)len >= sizeof temp) {
        return S1_RAISE(err, S1_E_RANGE, "'%s': a path has at most %u bytes", path, S1_PATH_MAX);
    }
    s1_rc rc;
    S1_TRY_GOTO(err, rc, fail, write_new(fs, temp, content, true, err));
    S1_TRY_GOTO(err, rc, fail, fs->rename(fs->self, temp, path, err));
    S1_TRY(err, s1_fs_fsync_parent(fs, path, err));
    return S1_OK;
fail:
    (void)fs->unlink(fs->self, temp, NULL);
    return rc;
}

s1_rc s1_path_join(char *out, size_t size, s1_str folder, s1_str name, s1_err *err)
{
    const bool needs_slash = folder.len > 0 && name.len > 0 && folder.ptr[folder.len - 1] != '/';
    const size_t len = folder.len + needs_slash + name.len;
    if (len >= size) {
        return S1_RAISE(err, S1_E_RANGE, "'%.*s/%.*s' has %zu bytes, a path has at most %zu",
                        S1_STR_ARG(folder), S1_STR_ARG(name), len, size - 1);
    }
    if (folder.len > 0) {
        memmove(out, folder.ptr, folder.len);
    }
    if (needs_slash) {
        out[folder.len] = '/';
    }
    if (name.len > 0) {
        memcpy(out + folder.len + needs_slash, name.ptr, name.len);
    }
    out[len] = '\0';
    return S1_OK;
}

/* fsync of every file and folder below and including `path`. */
static s1_rc fsync_tree(const s1_fs *fs, const char *path, unsigned depth, s1_err *err)
{
    s1_fs_info info;
    S1_TRY(err, fs->stat(fs->self, path, &info, err));
    const bool is_folder = info.type == S1_FS_DIRECTORY;
    if (is_folder) {
        if (depth == TREE_DEPTH_MAX) {
            return S1_RAISE(err, S1_E_RANGE, "'%s': folders nest deeper than %u", path,
                            TREE_DEPTH_MAX);
        }
        s1_fs_list list;
        S1_TRY(err, fs->list(fs->self, path, &list, err));
        s1_rc rc = S1_OK;
        for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
            char child[S1_PATH_MAX];
            rc = s1_path_join(child, sizeof child, s1_str_of(path), s1_str_of(list.names[i]), err);
            if (rc == S1_OK) {
                rc = fsync_tree(fs, child, depth + 1, err);
            }
        }
        s1_fs_list_done(&list);
        S1_TRY(err, rc);
    }
    s1_file *file;
    S1_TRY(err, fs->open(fs->self, path, S1_FS_READ | (is_folder ? S1_FS_FOLDER : 0u), &file, err));
    const s1_rc rc = fs->fsync(fs->self, file, err);
    s1_fs_drop(fs, file);
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
    }
    return rc;
}

s1_rc s1_fs_publish_folder(const s1_fs *fs, const char *from, const char *to, s1_err *err)
{
    if (s1_fs_exists(fs, to)) { /* rename would replace an empty folder */
        return S1_RAISE_SYS(err, EEXIST, "rename '%s' to '%s'", from, to);
    }
    S1_TRY(err, fsync_tree(fs, from, 0, err));
    S1_TRY(err, fs->rename(fs->self, from, to, err));
    S1_TRY(err, s1_fs_fsync_parent(fs, to, err));
    return S1_OK;
}

s1_rc s1_fs_mkdir_all(const s1_fs *fs, const char *path, s1_err *err)
{
    char part[S1_PATH_MAX];
    const s1_str whole = s1_str_of(path);
    S1_TRY(err, s1_path_join(part, sizeof part, whole, S1_STR(""), err));
    for (size_t end = 1; end <= whole.len; end++) {
        if (end < whole.len && part[end] != '/') {
            continue;
        }
        part[end] = '\0';
        s1_err made = S1_ERR_INIT;
        const s1_rc rc = fs->mkdir(fs->self, part, 0755, &made);
        /* A read-only parent answers EROFS or EACCES also for a folder that is there. */
        if (rc != S1_OK) {
            s1_fs_info info;
            s1_err asked = S1_ERR_INIT;
            const s1_rc stat_rc = fs->stat(fs->self, part, &info, &asked);
            if (stat_rc != S1_OK || info.type != S1_FS_DIRECTORY) {
                const bool is_unknown = rc == S1_E_EXISTS && stat_rc != S1_OK;
                if (err != NULL) {
                    *err = is_unknown ? asked : made;
                }
                s1_err_push(err, __FILE__, __func__, __LINE__);
                return is_unknown ? stat_rc : rc;
            }
        }
        if (end < whole.len) {
            part[end] = '/';
        }
    }
    return S1_OK;
}

static s1_rc remove_tree(const s1_fs *fs, const char *path, unsigned depth, s1_err *err)
{
    s1_err found = S1_ERR_INIT;
    s1_rc rc = fs->unlink(fs->self, path, &found);
    if (rc == S1_OK || rc == S1_E_NOT_FOUND) {
        return S1_OK;
    }
    /* Linux says EISDIR, POSIX says EPERM for a folder. */
    if ((found.sys_errno != EISDIR && found.sys_errno != EPERM) || depth == TREE_DEPTH_MAX) {
        if (err != NULL) {
            *err = found;
        }
        s1_err_push(err, __FILE__, __func__, __LINE__);
        return rc;
    }
    s1_fs_list list;
    S1_TRY(err, fs->list(fs->self, path, &list, err));
    rc = S1_OK;
    for (size_t i = 0; i < list.count && rc == S1_OK; i++) {
        char child[S1_PATH_MAX];
        rc = s1_path_join(child, sizeof child, s1_str_of(path), s1_str_of(list.names[i]), err);
        if (rc == S1_OK) {
            rc = remove_tree(fs, child, depth + 1, err);
        }
    }
    s1_fs_list_done(&list);
    S1_TRY(err, rc);
    return fs->rmdir(fs->self, path, err);
}

s1_rc s1_fs_remove_tree(const s1_fs *fs, const char *path, s1_err *err)
{
    S1_ASSERT(path[0] != '\0' && strcmp(path, "/") != 0 && strcmp(path, ".") != 0);
    return remove_tree(fs, path, 0, err);
}
