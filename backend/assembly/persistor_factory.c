#include "backend/assembly/persistor_factory.h"

#include "backend/data/persistors/json_persistor.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/text.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 255u /* of one folder name, escapes included: what file systems allow */

struct s1_persistor_factory {
    uint64_t journal_segment_bytes;
    const s1_fs *fs;
    s1_duckdb *duckdb;
    char *base; /* run folder or root */
    char *archive;
    bool is_run; /* base is a run folder */
};

s1_rc s1_persistor_factory_new(const s1_persistor_factory_options *options,
                               s1_persistor_factory **ret_factory, s1_err *err)
{
    if (options->fs == NULL || (options->run_folder == NULL) == (options->root == NULL)) {
        return S1_RAISE(
            err, S1_E_INVALID,
            "persistor factory: expected a file system and either a run folder or a root");
    }
    s1_persistor_factory *factory = calloc(1, sizeof *factory);
    if (factory == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "persistor factory");
    }
    factory->fs = options->fs;
    factory->duckdb = options->duckdb;
    factory->journal_segment_bytes = options->journal_segment_bytes;
    factory->is_run = options->run_folder != NULL;
    factory->base = s1_str_dup(s1_str_of(factory->is_run ? options->run_folder : options->root));
    factory->archive = options->archive != NULL ? s1_str_dup(s1_str_of(options->archive)) : NULL;
    if (factory->base == NULL || (options->archive != NULL && factory->archive == NULL)) {
        s1_persistor_factory_free(factory);
        return S1_RAISE(err, S1_E_NO_MEMORY, "persistor factory");
    }
    *ret_factory = factory;
    return S1_OK;
}

void s1_persistor_factory_free(s1_persistor_factory *factory)
{
    if (factory != NULL) {
        free(factory->base);
        free(factory->archive);
        free(factory);
    }
}

s1_rc s1_create_data_persistor(s1_persistor_factory *factory, s1_data_persistor **ret_persistor,
                               s1_err *err)
{
    if (factory->archive == NULL || factory->duckdb == NULL) {
        return S1_RAISE(err, S1_E_INVALID, "data persistor: the factory was given no archive");
    }
    const s1_parquet_options options = {
        .fs = factory->fs, .duckdb = factory->duckdb, .archive = factory->archive};
    return s1_parquet_persistor_new(&options, ret_persistor, err);
}

static bool is_plain(char byte, bool is_first)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '@' ||
           (byte == '.' && !is_first);
}

/* Adds "/name", escaped. */
static s1_rc add_name(s1_strbuf *path, const char *what, s1_str name, s1_err *err)
{
    if (name.len == 0) {
        return S1_RAISE(err, S1_E_INVALID, "%s: expected a name, found ''", what);
    }
    s1_strbuf_char(path, '/');
    const size_t start = path->len;
    for (size_t i = 0; i < name.len; i++) {
        if (is_plain(name.ptr[i], i == 0)) {
            s1_strbuf_char(path, name.ptr[i]);
        } else {
            s1_strbuf_printf(path, "%%%02X", (unsigned)(unsigned char)name.ptr[i]);
        }
    }
    if (path->len - start > NAME_MAX_BYTES) {
        return S1_RAISE(err, S1_E_INVALID, "%s '%.*s': its folder name has %zu bytes, at most %u",
                        what, (int)(name.len < 80 ? name.len : 80), name.ptr, path->len - start,
                        NAME_MAX_BYTES);
    }
    return S1_OK;
}

/* Makes base + path->data[base..]. Outside a run folder (which is published as a whole) every new
 * folder's name is made durable: a file is no safer than the folders above it. */
static s1_rc make_folder(const s1_persistor_factory *factory, s1_strbuf *path, s1_err *err)
{
    S1_TRY(err, s1_strbuf_check(path, err));
    const char *folder = s1_strbuf_cstr(path);
    if (s1_fs_is_folder(factory->fs, folder)) {
        return S1_OK;
    }
    S1_TRY(err, s1_fs_mkdir_all(factory->fs, folder, err));
    if (factory->is_run) {
        return S1_OK;
    }
    char part[S1_PATH_MAX];
    for (size_t at = strlen(factory->base) + 1; at <= path->len; at++) {
        if (at == path->len || folder[at] == '/') {
            memcpy(part, folder, at);
            part[at] = '\0';
            S1_TRY(err, s1_fs_fsync_parent(factory->fs, part, err));
        }
    }
    return S1_OK;
}

static s1_rc create_json(const s1_persistor_factory *factory, s1_strbuf *folder, const char *file,
                         int32_t mode, s1_json_persistor **ret_persistor, s1_err *err)
{
    S1_TRY(err, make_folder(factory, folder, err));
    s1_strbuf_cstr_add(folder, file);
    S1_TRY(err, s1_strbuf_check(folder, err));
    const s1_json_persistor_options options = {
        .fs = factory->fs,
        .path = s1_strbuf_cstr(folder),
        .mode = mode,
        .leaves_sync = factory->is_run, /* a run folder is published as a whole */
        .segment_bytes_max = factory->journal_segment_bytes};
    return s1_json_persistor_new(&options, ret_persistor, err);
}

s1_rc s1_create_state_persistor(s1_persistor_factory *factory, s1_str link, s1_str instance,
                                s1_state_persistor **ret_persistor, s1_err *err)
{
    s1_strbuf path;
    s1_strbuf_init(&path, S1_PATH_MAX - 1);
    s1_strbuf_cstr_add(&path, factory->base);
    s1_strbuf_cstr_add(&path, "/state");
    s1_json_persistor *persistor = NULL;
    s1_rc rc = add_name(&path, "strategy link", link, err);
    if (rc == S1_OK) {
        rc = add_name(&path, "worker instance", instance, err);
    }
    if (rc == S1_OK) {
        rc = create_json(factory, &path, "/state.json", S1_JSON_PERSISTOR_ATOMIC, &persistor, err);
    }
    s1_strbuf_done(&path);
    S1_TRY(err, rc);
    *ret_persistor = s1_json_persistor_state(persistor);
    return S1_OK;
}

s1_rc s1_create_journal_persistor(s1_persistor_factory *factory, s1_str link, s1_str run_id,
                                  s1_journal_persistor **ret_persistor, s1_err *err)
{
    s1_strbuf path;
    s1_strbuf_init(&path, S1_PATH_MAX - 1);
    s1_strbuf_cstr_add(&path, factory->base);
    s1_json_persistor *persistor = NULL;
    s1_rc rc = S1_OK;
    if (!factory->is_run) {
        s1_strbuf_cstr_add(&path, "/journals");
        rc = add_name(&path, "strategy link", link, err);
        if (rc == S1_OK) {
            rc = add_name(&path, "run id", run_id, err);
        }
    }
    if (rc == S1_OK) {
        rc = create_json(factory, &path, "/journal.jsonl", S1_JSON_PERSISTOR_APPEND_ONLY,
                         &persistor, err);
    }
    s1_strbuf_done(&path);
    S1_TRY(err, rc);
    *ret_persistor = s1_json_persistor_journal(persistor);
    return S1_OK;
}
