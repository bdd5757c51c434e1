#include "backend/utils/late_library.h"

#include "backend/utils/proc.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static s1_rc take_named(const s1_late_library *library, const char *named,
                        char ret_path[static S1_PATH_MAX], s1_err *err)
{
    if (!s1_fs_is_file(s1_fs_real(), named) || strlen(named) >= S1_PATH_MAX) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "%s library: no file '%.200s' (named by %s)",
                        library->what, named,
                        library->named != NULL ? "the options" : library->variable);
    }
    (void)snprintf(ret_path, S1_PATH_MAX, "%s", named);
    return S1_OK;
}

/* No file in any of the folders. */
static s1_rc raise_missing(const s1_late_library *library, s1_str folder, s1_err *err)
{
    char places[512];
    size_t length = 0;
    for (size_t i = 0; i < library->beside_count && length < sizeof places; i++) {
        const bool is_last = i + 1 == library->beside_count;
        length += (size_t)snprintf(places + length, sizeof places - length, "%s%s",
                                   i == 0    ? ""
                                   : is_last ? " or "
                                             : ", ",
                                   library->beside[i]);
    }
    return S1_RAISE(
        err, S1_E_NOT_FOUND, "%s library: no %s in %s of %.*s: run '%s', or name the file in %s",
        library->what, library->file, places, (int)(folder.len < 200 ? folder.len : 200),
        folder.ptr, library->advice, library->variable);
}

s1_rc s1_late_library_find(const s1_late_library *library, char ret_path[static S1_PATH_MAX],
                           s1_err *err)
{
    const char *const named =
        library->named != NULL ? library->named : s1_proc_getenv(library->variable);
    if (named != NULL) {
        return take_named(library, named, ret_path, err);
    }
    char exe[S1_PATH_MAX];
    S1_TRY(err, s1_proc_exe_path(exe, sizeof exe, err));
    const s1_str folder = s1_str_dirname(s1_str_of(exe));
    for (size_t i = 0; i < library->beside_count; i++) {
        const int length = snprintf(ret_path, S1_PATH_MAX, "%.*s/%s/%s", S1_STR_ARG(folder),
                                    library->beside[i], library->file);
        if (length > 0 && (size_t)length < S1_PATH_MAX && s1_fs_is_file(s1_fs_real(), ret_path)) {
            return S1_OK;
        }
    }
    return raise_missing(library, folder, err);
}

bool s1_late_library_bind(void *handle, const char *name, void *ret_function)
{
    void *const symbol = dlsym(handle, name);
    if (symbol != NULL) { /* ISO C has no cast from an object's pointer to a function's */
        memcpy(ret_function, &symbol, sizeof symbol);
    }
    return symbol != NULL;
}
