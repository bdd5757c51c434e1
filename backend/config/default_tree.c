#include "backend/config/default_tree.h"

#include "backend/config/config.h"

static s1_rc path_of(const char *dir, const char *name, char path[static S1_PATH_MAX], s1_err *err)
{
    return s1_path_join(path, S1_PATH_MAX, s1_str_of(dir), s1_str_of(name), err);
}

static s1_rc write_one(const s1_fs *fs, const char *dir, const s1_default_file *file, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, path_of(dir, file->name, path, err));
    char *const slash = strrchr(path, '/');
    *slash = '\0';
    S1_TRY(err, s1_fs_mkdir_all(fs, path, err));
    *slash = '/';
    return s1_fs_write_file(fs, path, (s1_str){(const char *)file->bytes, file->len}, err);
}

/* Takes back what was written before an error, so that the next try finds nothing in its way. */
static void take_back(const s1_fs *fs, const char *dir, const s1_default_file *end)
{
    for (const s1_default_file *file = s1_default_files; file != end + 1; file++) {
        char path[S1_PATH_MAX];
        if (path_of(dir, file->name, path, NULL) == S1_OK && s1_fs_exists(fs, path)) {
            const s1_rc ignored = s1_fs_remove_tree(fs, path, NULL); /* the first error counts */
            (void)ignored;
        }
    }
}

s1_rc s1_config_write_default_tree(const s1_fs *fs, const char *dir, uint32_t *ret_count,
                                   s1_err *err)
{
    char path[S1_PATH_MAX];
    uint32_t count = 0;
    for (const s1_default_file *file = s1_default_files; file->name != NULL; file++) {
        S1_TRY(err, path_of(dir, file->name, path, err));
        if (s1_fs_exists(fs, path)) {
            return S1_RAISE(err, S1_E_EXISTS,
                            "'%s': the file is there, expected none; nothing was written", path);
        }
    }
    for (const s1_default_file *file = s1_default_files; file->name != NULL; file++) {
        const s1_rc rc = write_one(fs, dir, file, err);
        if (rc != S1_OK) {
            take_back(fs, dir, file);
            return rc;
        }
        count++;
    }
    *ret_count = count;
    return S1_OK;
}
