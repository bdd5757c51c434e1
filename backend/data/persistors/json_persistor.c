#include "backend/data/persistors/json_persistor.h"

#include "backend/data/persistors/json_persistor_internal.h"
#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "path" + "suffix" on the heap, or NULL. */
static char *path_with(const char *path, const char *suffix)
{
    const size_t size = strlen(path) + strlen(suffix) + 1;
    char *made = malloc(size);
    if (made != NULL) {
        (void)snprintf(made, size, "%s%s", path, suffix);
    }
    return made;
}

static s1_rc check_options(const s1_json_persistor_options *options, s1_err *err)
{
    if (options->fs == NULL || options->path == NULL || options->path[0] == '\0') {
        return S1_RAISE(err, S1_E_INVALID, "json persistor: expected a file system and a path");
    }
    if (options->mode != S1_JSON_PERSISTOR_ATOMIC &&
        options->mode != S1_JSON_PERSISTOR_APPEND_ONLY) {
        return S1_RAISE(err, S1_E_INVALID,
                        "json persistor '%s': mode %d, expected atomic or append", options->path,
                        (int)options->mode);
    }
    if (options->reserve_bytes > 0 &&
        (options->mode != S1_JSON_PERSISTOR_APPEND_ONLY || options->leaves_sync)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "json persistor '%s': a reserve of %llu bytes, expected none but for a "
                        "journal that is synced as it grows",
                        options->path, (unsigned long long)options->reserve_bytes);
    }
    return S1_OK;
}

s1_rc s1_json_persistor_new(const s1_json_persistor_options *options,
                            s1_json_persistor **ret_persistor, s1_err *err)
{
    S1_TRY(err, check_options(options, err));
    s1_json_persistor *persistor = calloc(1, sizeof *persistor);
    if (persistor == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "json persistor '%s'", options->path);
    }
    persistor->as_state.ops = &s1_json_persistor_state_ops;
    persistor->as_journal.ops = &s1_json_persistor_journal_ops;
    persistor->fs = options->fs;
    persistor->mode = options->mode;
    persistor->leaves_sync = options->leaves_sync;
    persistor->segment_bytes_max = options->segment_bytes_max;
    persistor->reserve_bytes = options->reserve_bytes;
    persistor->bytes_max = options->bytes_max != 0 ? options->bytes_max : S1_STATE_BYTES_MAX;
    s1_strbuf_init(&persistor->json, persistor->bytes_max);
    s1_strbuf_init(&persistor->envelope, persistor->bytes_max + S1_STATE_ENVELOPE_MAX);
    persistor->path = path_with(options->path, "");
    persistor->temp_path = path_with(options->path, ".journal");
    persistor->prev_path = path_with(options->path, ".prev");
    s1_rc rc = S1_OK;
    if (persistor->path == NULL || persistor->temp_path == NULL || persistor->prev_path == NULL) {
        rc = S1_RAISE(err, S1_E_NO_MEMORY, "json persistor '%s'", options->path);
    } else if (options->mode == S1_JSON_PERSISTOR_APPEND_ONLY) {
        rc = s1_json_persistor_open_journal(persistor, err);
    }
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
        s1_json_persistor_free(persistor);
        return rc;
    }
    *ret_persistor = persistor;
    return S1_OK;
}

void s1_json_persistor_free(s1_json_persistor *persistor)
{
    if (persistor == NULL) {
        return;
    }
    for (uint32_t i = persistor->segment_count;
         i-- > 0;) { /* the lock, which is the first's, last */
        s1_fs_drop(persistor->fs, persistor->segments[i].file);
    }
    free(persistor->segments);
    free(persistor->held);
    s1_strbuf_done(&persistor->json);
    s1_strbuf_done(&persistor->envelope);
    free(persistor->path);
    free(persistor->temp_path);
    free(persistor->prev_path);
    free(persistor);
}

s1_state_persistor *s1_json_persistor_state(s1_json_persistor *persistor)
{
    S1_ASSERT(persistor->mode == S1_JSON_PERSISTOR_ATOMIC);
    return &persistor->as_state;
}

s1_journal_persistor *s1_json_persistor_journal(s1_json_persistor *persistor)
{
    S1_ASSERT(persistor->mode == S1_JSON_PERSISTOR_APPEND_ONLY);
    return &persistor->as_journal;
}

s1_rc s1_json_persistor_poison(s1_json_persistor *persistor, s1_rc rc, const char *doing,
                               s1_err *err)
{
    persistor->is_poisoned = true;
    (void)snprintf(persistor->poison, sizeof persistor->poison, "%s: %.200s", doing,
                   err != NULL ? err->msg : "no reason kept");
    s1_err_push(err, __FILE__, __func__, __LINE__);
    return rc;
}

s1_rc s1_json_persistor_check(const s1_json_persistor *persistor, s1_err *err)
{
    if (persistor->is_poisoned) {
        return S1_RAISE(
            err, S1_E_IO,
            "'%s' is closed to everything after a failure (%s); nothing is tried again, "
            "a restart recovers what is durable",
            persistor->path, persistor->poison);
    }
    return S1_OK;
}
