/* The file system that fails on demand (fs.h, "Faults"). */
#include "backend/utils/fs.h"
#include "backend/utils/sys_error.h"

#include <errno.h>

static const char *const op_names[S1_FS_OPS] = {
#define X(name, field) #field,
    S1_FS_OP_MAP(X)
#undef X
};

/* Counts the call; the code to fail with, or S1_OK. */
static s1_rc count_call(s1_fault_fs *fault, enum s1_fs_op op, s1_err *err)
{
    fault->calls++;
    fault->calls_of[op]++;
    if (fault->fail_at == 0 || (fault->fail_op >= 0 && (int32_t)op != fault->fail_op)) {
        return S1_OK;
    }
    const uint64_t number = fault->fail_op >= 0 ? fault->calls_of[op] : fault->calls;
    if (number < fault->fail_at || (number > fault->fail_at && !fault->is_permanent)) {
        return S1_OK;
    }
    fault->failures++;
    return S1_RAISE_SYS(err, fault->fail_errno, "injected fault: %s, call %llu", op_names[op],
                        (unsigned long long)number);
}

#define FAULT_OR(op)                                                                               \
    s1_fault_fs *const fault = self;                                                               \
    const s1_fs *const base = fault->base;                                                         \
    do {                                                                                           \
        const s1_rc fault_rc_ = count_call(fault, (op), err);                                      \
        if (fault_rc_ != S1_OK) {                                                                  \
            return fault_rc_;                                                                      \
        }                                                                                          \
    } while (0)

static s1_rc fault_open(void *self, const char *path, uint32_t flags, s1_file **ret_file,
                        s1_err *err)
{
    FAULT_OR(S1_FS_OP_OPEN);
    return base->open(base->self, path, flags, ret_file, err);
}

static s1_rc fault_close(void *self, s1_file *file, s1_err *err)
{
    s1_fault_fs *const fault = self;
    const s1_rc injected = count_call(fault, S1_FS_OP_CLOSE, err);
    const s1_rc rc = fault->base->close(fault->base->self, file, injected == S1_OK ? err : NULL);
    return injected != S1_OK ? injected : rc;
}

static s1_rc fault_read(void *self, s1_file *file, void *to, size_t len, size_t *ret_len,
                        s1_err *err)
{
    FAULT_OR(S1_FS_OP_READ);
    return base->read(base->self, file, to, len, ret_len, err);
}

/* How much of a write may pass; S1_E_IO (ENOSPC) if nothing. */
static s1_rc limit_write(s1_fault_fs *fault, size_t *len, s1_err *err)
{
    const uint64_t left = fault->write_limit - fault->bytes_written;
    if (*len > 0 && left == 0) {
        fault->failures++;
        return S1_RAISE_SYS(err, ENOSPC, "injected fault: disk full after %llu bytes",
                            (unsigned long long)fault->bytes_written);
    }
    *len = *len > left ? (size_t)left : *len;
    *len = *len > fault->write_at_once ? (size_t)fault->write_at_once : *len;
    return S1_OK;
}

static s1_rc fault_write(void *self, s1_file *file, const void *from, size_t len, size_t *ret_len,
                         s1_err *err)
{
    FAULT_OR(S1_FS_OP_WRITE);
    S1_TRY(err, limit_write(fault, &len, err));
    size_t put = 0;
    S1_TRY(err, base->write(base->self, file, from, len, &put, err));
    fault->bytes_written += put;
    *ret_len = put;
    return S1_OK;
}

static s1_rc fault_pread(void *self, s1_file *file, uint64_t offset, void *to, size_t len,
                         size_t *ret_len, s1_err *err)
{
    FAULT_OR(S1_FS_OP_PREAD);
    return base->pread(base->self, file, offset, to, len, ret_len, err);
}

static s1_rc fault_pwrite(void *self, s1_file *file, uint64_t offset, const void *from, size_t len,
                          size_t *ret_len, s1_err *err)
{
    FAULT_OR(S1_FS_OP_PWRITE);
    S1_TRY(err, limit_write(fault, &len, err));
    size_t put = 0;
    S1_TRY(err, base->pwrite(base->self, file, offset, from, len, &put, err));
    fault->bytes_written += put;
    *ret_len = put;
    return S1_OK;
}

static s1_rc fault_fsync(void *self, s1_file *file, s1_err *err)
{
    FAULT_OR(S1_FS_OP_FSYNC);
    return base->fsync(base->self, file, err);
}

static s1_rc fault_truncate(void *self, s1_file *file, uint64_t size, s1_err *err)
{
    FAULT_OR(S1_FS_OP_TRUNCATE);
    return base->truncate(base->self, file, size, err);
}

static s1_rc fault_lock(void *self, s1_file *file, s1_err *err)
{
    FAULT_OR(S1_FS_OP_LOCK);
    return base->lock(base->self, file, err);
}

static s1_rc fault_stat_file(void *self, s1_file *file, s1_fs_info *ret_info, s1_err *err)
{
    FAULT_OR(S1_FS_OP_STAT_FILE);
    return base->stat_file(base->self, file, ret_info, err);
}

static s1_rc fault_rename(void *self, const char *from, const char *to, s1_err *err)
{
    FAULT_OR(S1_FS_OP_RENAME);
    return base->rename(base->self, from, to, err);
}

static s1_rc fault_exchange(void *self, const char *a, const char *b, s1_err *err)
{
    FAULT_OR(S1_FS_OP_EXCHANGE);
    return base->exchange(base->self, a, b, err);
}

static s1_rc fault_link(void *self, const char *from, const char *to, s1_err *err)
{
    FAULT_OR(S1_FS_OP_LINK);
    return base->link(base->self, from, to, err);
}

static s1_rc fault_unlink(void *self, const char *path, s1_err *err)
{
    FAULT_OR(S1_FS_OP_UNLINK);
    s1_fs_info info = {0};
    const bool gives_room = fault->unlink_gives_room && fault->write_limit != UINT64_MAX &&
                            base->stat(base->self, path, &info, NULL) == S1_OK;
    S1_TRY(err, base->unlink(base->self, path, err));
    fault->write_limit += gives_room ? info.size : 0;
    return S1_OK;
}

static s1_rc fault_mkdir(void *self, const char *path, uint32_t mode, s1_err *err)
{
    FAULT_OR(S1_FS_OP_MKDIR);
    return base->mkdir(base->self, path, mode, err);
}

static s1_rc fault_rmdir(void *self, const char *path, s1_err *err)
{
    FAULT_OR(S1_FS_OP_RMDIR);
    return base->rmdir(base->self, path, err);
}

static s1_rc fault_stat(void *self, const char *path, s1_fs_info *ret_info, s1_err *err)
{
    FAULT_OR(S1_FS_OP_STAT);
    return base->stat(base->self, path, ret_info, err);
}

static s1_rc fault_list(void *self, const char *path, s1_fs_list *ret_list, s1_err *err)
{
    FAULT_OR(S1_FS_OP_LIST);
    return base->list(base->self, path, ret_list, err);
}

void s1_fault_fs_init(s1_fault_fs *fault, const s1_fs *base)
{
    *fault = (s1_fault_fs){
        .table = {.self = fault,
#define X(name, field) .field = fault_##field,
                  S1_FS_OP_MAP(X)
#undef X
        },
        .base = base,
        .fail_op = -1,
        .write_limit = UINT64_MAX,
        .write_at_once = UINT64_MAX,
    };
}

void s1_fault_fs_fail(s1_fault_fs *fault, int32_t op, uint64_t number, int32_t sys_errno,
                      bool is_permanent)
{
    const uint64_t so_far = op >= 0 ? fault->calls_of[op] : fault->calls;
    fault->fail_op = op;
    fault->fail_at = number > 0 ? so_far + number : 0;
    fault->fail_errno = sys_errno;
    fault->is_permanent = is_permanent;
}
