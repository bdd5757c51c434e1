/* How a new version of a stream takes the place of the old one, and where the old ones are kept. */
#include "backend/data/persistors/archive_internal.h"
#include "backend/data/persistors/persistor_common_internal.h"
#include "backend/utils/folder_lock.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_DIGITS (S1_SHA256_HEX - 1)

typedef struct found_version {
    int64_t number; /* they are kept in this order */
    char name[S1_SHA256_HEX + 24];
    char hash[S1_SHA256_HEX];
    s1_nanos modified;
} found_version;

typedef struct found_versions {
    found_version *items; /* owned */
    size_t count;
} found_versions;

/* ARCHIVE/<name>/<stream>[/<last>] */
static s1_rc path_in(const s1_parquet_options *archive, const s1_archive_place *place,
                     const char *name, const char *last, char ret_path[static S1_PATH_MAX],
                     s1_err *err)
{
    char inner[S1_ARCHIVE_STREAM_MAX + 100];
    (void)snprintf(inner, sizeof inner, "%s/%s%s%s", name, place->stream,
                   last[0] != '\0' ? "/" : "", last);
    return s1_path_join(ret_path, S1_PATH_MAX, s1_str_of(archive->archive), s1_str_of(inner), err);
}

s1_rc s1_archive_next_path(const s1_parquet_options *archive, const s1_archive_place *place,
                           char ret_path[static S1_PATH_MAX], s1_err *err)
{
    return path_in(archive, place, ".next", "", ret_path, err);
}

static bool is_hash(s1_str text)
{
    uint8_t digest[S1_SHA256_BYTES];
    return text.len == HASH_DIGITS && s1_hex_parse(text, digest, sizeof digest, NULL) == S1_OK;
}

/* "000012-<hash>": the twelfth that was kept. */
static bool parse_version(const char *name, found_version *ret_found)
{
    const s1_str text = s1_str_of(name);
    const size_t dash = s1_str_find_byte(text, '-', 0);
    int64_t number = 0;
    if (dash == S1_STR_NPOS || s1_str_parse_i64((s1_str){name, dash}, &number, NULL) != S1_OK ||
        number < 1 || !is_hash((s1_str){name + dash + 1, text.len - dash - 1}) ||
        text.len >= sizeof ret_found->name) {
        return false;
    }
    *ret_found = (found_version){.number = number};
    (void)snprintf(ret_found->name, sizeof ret_found->name, "%s", name);
    (void)snprintf(ret_found->hash, sizeof ret_found->hash, "%s", name + dash + 1);
    return true;
}

/* What lies in ARCHIVE/.versions/<stream>; nothing if there is none. */
static s1_rc list_versions_folder(const s1_parquet_options *archive, const s1_archive_place *place,
                                  s1_fs_list *ret_names, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_err found = S1_ERR_INIT;
    S1_TRY(err, path_in(archive, place, ".versions", "", path, err));
    const s1_rc rc = s1_fs_list_names(place->fs, path, ret_names, &found);
    if (rc == S1_E_NOT_FOUND) {
        *ret_names = (s1_fs_list){0};
        return S1_OK;
    }
    if (rc != S1_OK && err != NULL) {
        *err = found;
    }
    return rc;
}

/* What a killed writer left: the version it was writing, a former one it was keeping or removing.
 */
static s1_rc remove_leftovers(const s1_parquet_options *archive, const s1_archive_place *place,
                              s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_archive_next_path(archive, place, path, err));
    S1_TRY(err, s1_fs_remove_tree(place->fs, path, err));
    s1_fs_list names = {0};
    S1_TRY(err, list_versions_folder(archive, place, &names, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < names.count && rc == S1_OK; i++) {
        found_version found;
        if (!parse_version(names.names[i], &found)) {
            rc = path_in(archive, place, ".versions", names.names[i], path, err);
            rc = rc == S1_OK ? s1_fs_remove_tree(place->fs, path, err) : rc;
        }
    }
    s1_fs_list_done(&names);
    return rc;
}

s1_rc s1_archive_lock(const s1_parquet_options *archive, const s1_archive_place *place,
                      s1_folder_lock **ret_lock, s1_err *err)
{
    char path[S1_PATH_MAX];
    char name[S1_ARCHIVE_STREAM_MAX + 16];
    char stream[S1_STREAM_TEXT_MAX];
    char what[S1_STREAM_TEXT_MAX + 300];
    S1_TRY(err,
           s1_path_join(path, sizeof path, s1_str_of(archive->archive), S1_STR(".locks"), err));
    S1_TRY(err, s1_fs_mkdir_all(place->fs, path, err));
    (void)snprintf(name, sizeof name, ".locks/%s.lock", place->stream);
    for (char *slash = strchr(name + 7, '/'); slash != NULL; slash = strchr(slash, '/')) {
        *slash = '+';
    }
    S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(archive->archive), s1_str_of(name), err));
    (void)snprintf(what, sizeof what, "%s of archive '%.256s'",
                   s1_stream_key_format(place->key, stream), archive->archive);
    s1_folder_lock *lock = NULL;
    S1_TRY(err, s1_folder_lock_new(place->fs, path, what, &lock, err));
    const s1_rc rc = remove_leftovers(archive, place, err);
    if (rc != S1_OK) {
        s1_folder_lock_free(lock);
        return rc;
    }
    *ret_lock = lock;
    return S1_OK;
}

/* --- Finding -------------------------------------------------------------------------------- */

static int compare_versions(const void *a, const void *b)
{
    const found_version *const left = a;
    const found_version *const right = b;
    return (left->number > right->number) - (left->number < right->number);
}

/* All versions that are kept, oldest first. */
static s1_rc find_versions(const s1_parquet_options *archive, const s1_archive_place *place,
                           found_versions *ret_found, s1_err *err)
{
    char path[S1_PATH_MAX];
    s1_fs_list names = {0};
    found_versions found = {0};
    S1_TRY(err, list_versions_folder(archive, place, &names, err));
    found.items = calloc(names.count + 1, sizeof *found.items);
    s1_rc rc =
        found.items != NULL ? S1_OK : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for versions");
    for (size_t i = 0; i < names.count && rc == S1_OK; i++) {
        found_version *const version = &found.items[found.count];
        s1_fs_info info;
        if (!parse_version(names.names[i], version)) {
            continue;
        }
        rc = path_in(archive, place, ".versions", version->name, path, err);
        rc = rc == S1_OK ? s1_fs_stat(place->fs, path, &info, err) : rc;
        if (rc == S1_OK) {
            version->modified = info.modified;
            found.count++;
        }
    }
    s1_fs_list_done(&names);
    if (rc != S1_OK) {
        free(found.items);
        return rc;
    }
    if (found.count > 1) {
        qsort(found.items, found.count, sizeof *found.items, compare_versions);
    }
    *ret_found = found;
    return S1_OK;
}

/* The last one of its hash; a killed writer may leave the one before it, too. */
static bool is_last(const found_versions *found, size_t index)
{
    for (size_t i = index + 1; i < found->count; i++) {
        if (strcmp(found->items[i].hash, found->items[index].hash) == 0) {
            return false;
        }
    }
    return true;
}

/* Under another name first: what is half removed is no version. */
static s1_rc remove_version(const s1_parquet_options *archive, const s1_archive_place *place,
                            const found_version *found, s1_err *err)
{
    char version[S1_PATH_MAX];
    char gone[S1_PATH_MAX];
    S1_TRY(err, path_in(archive, place, ".versions", found->name, version, err));
    S1_TRY(err, path_in(archive, place, ".versions", "removed", gone, err));
    S1_TRY(err, s1_fs_rename(place->fs, version, gone, err));
    S1_TRY(err, s1_fs_fsync_parent(place->fs, gone, err));
    return s1_fs_remove_tree(place->fs, gone, err);
}

/* --- Publishing ------------------------------------------------------------------------------- */

/* fsync of the folders of a version: the names of its files. These are synced when written. */
static s1_rc fsync_folders(const s1_fs *fs, const char *path, int depth, s1_err *err)
{
    s1_fs_list names = {0};
    S1_TRY(err, s1_fs_list_names(fs, path, &names, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < names.count && rc == S1_OK; i++) {
        char inner[S1_PATH_MAX];
        rc = s1_path_join(inner, sizeof inner, s1_str_of(path), s1_str_of(names.names[i]), err);
        if (rc == S1_OK && depth < 2 && s1_fs_is_folder(fs, inner)) {
            rc = fsync_folders(fs, inner, depth + 1, err);
        }
    }
    s1_fs_list_done(&names);
    return rc == S1_OK ? s1_fs_fsync_folder(fs, path, err) : rc;
}

/* fsync of the folders above `path`, that of the archive and the one it lies in included. */
static s1_rc fsync_above(const s1_parquet_options *archive, const char *path, s1_err *err)
{
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (size_t len = strlen(archive->archive); strlen(folder) >= len;) {
        S1_TRY(err, s1_fs_fsync_parent(archive->fs, folder, err));
        char *const slash = strrchr(folder, '/');
        if (slash == NULL || slash == folder) {
            break;
        }
        *slash = '\0';
    }
    return S1_OK;
}

static s1_rc make_parent(const s1_fs *fs, const char *path, s1_err *err)
{
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%.*s", S1_STR_ARG(s1_str_dirname(s1_str_of(path))));
    return s1_fs_mkdir_all(fs, folder, err);
}

static s1_rc link_files(const s1_archive_place *place, const s1_archive_files *files,
                        const char *folder, s1_err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const s1_archive_file *const file = &files->items[i];
        char tail[S1_ARCHIVE_TAIL_MAX];
        char path[S1_PATH_MAX];
        s1_archive_tail(place->key->data_type, file->period, file->part, tail);
        S1_TRY(err, s1_path_join(path, sizeof path, s1_str_of(folder), s1_str_of(tail), err));
        S1_TRY(err, make_parent(place->fs, path, err));
        S1_TRY(err, s1_fs_link(place->fs, file->path, path, err));
    }
    return S1_OK;
}

static s1_rc add_version(const s1_parquet_options *archive, const s1_archive_place *place,
                         const s1_archive_files *files, int64_t number, const char *hash,
                         s1_err *err)
{
    const s1_fs *const fs = place->fs;
    char partial[S1_PATH_MAX];
    char version[S1_PATH_MAX];
    char name[S1_SHA256_HEX + 24];
    S1_TRY(err, path_in(archive, place, ".versions", "partial", partial, err));
    S1_TRY(err, s1_fs_mkdir_all(fs, partial, err));
    S1_TRY(err, link_files(place, files, partial, err));
    S1_TRY(err, fsync_folders(fs, partial, 0, err));
    (void)snprintf(name, sizeof name, "%06lld-%s", (long long)number, hash);
    S1_TRY(err, path_in(archive, place, ".versions", name, version, err));
    S1_TRY(err, s1_fs_rename(fs, partial, version, err));
    return fsync_above(archive, version, err);
}

/* Keeps the files of now as the youngest version. An older one of that hash goes; where it cannot,
 * the next writer that is asked to keep removes it. */
static s1_rc keep_version(const s1_parquet_options *archive, const s1_archive_place *place,
                          const s1_archive_files *files, const char *hash, s1_err *err)
{
    found_versions found;
    S1_TRY(err, find_versions(archive, place, &found, err));
    const found_version *const last = found.count > 0 ? &found.items[found.count - 1] : NULL;
    const bool is_kept = last != NULL && strcmp(last->hash, hash) == 0; /* by one that was killed */
    s1_rc rc = is_kept ? S1_OK
                       : add_version(archive, place, files, last != NULL ? last->number + 1 : 1,
                                     hash, err);
    for (size_t i = 0; rc == S1_OK && i + (is_kept ? 1 : 0) < found.count; i++) {
        if (strcmp(found.items[i].hash, hash) == 0) {
            s1_err ignored = S1_ERR_INIT;
            (void)!remove_version(archive, place, &found.items[i], &ignored);
        }
    }
    free(found.items);
    return rc;
}

s1_rc s1_archive_publish(const s1_parquet_options *archive, const s1_archive_place *place,
                         const char *next, const s1_archive_files *former, const char *former_hash,
                         s1_err *err)
{
    const s1_fs *const fs = place->fs;
    S1_TRY(err, fsync_folders(fs, next, 0, err));
    if (former_hash[0] != '\0') {
        S1_TRY(err, keep_version(archive, place, former, former_hash, err));
    }
    s1_err found = S1_ERR_INIT;
    const s1_rc rc = s1_fs_exchange(fs, next, place->root, &found);
    if (rc == S1_OK) {
        return s1_fs_fsync_parent(fs, place->root, err);
    }
    if (rc != S1_E_NOT_FOUND) {
        if (err != NULL) {
            *err = found;
        }
        return rc;
    }
    S1_TRY(err, make_parent(fs, place->root, err));
    S1_TRY(err, s1_fs_rename(fs, next, place->root, err));
    return fsync_above(archive, place->root, err);
}

/* --- Versions --------------------------------------------------------------------------------- */

/* The hash of the stream as it is; "" if there is none. */
static s1_rc current_hash(const s1_archive_place *place, char ret_hash[static S1_SHA256_HEX],
                          s1_err *err)
{
    s1_archive_files files = {0};
    S1_TRY(err, s1_archive_files_load(place, &files, err));
    ret_hash[0] = '\0';
    const s1_rc rc = files.count > 0 ? s1_archive_hash(place, &files, ret_hash, err) : S1_OK;
    s1_archive_files_done(&files);
    return rc;
}

static s1_rc visit_version(const s1_archive_place *place, const found_version *found,
                           s1_version_visitor visit, void *user, s1_err *err)
{
    s1_archive_files files = {0};
    S1_TRY(err, s1_archive_files_load(place, &files, err));
    if (files.count == 0) {
        return S1_RAISE(err, S1_E_DATA, "archive version '%.300s': found no files", place->root);
    }
    s1_data_version version = {.content_hash = found->hash,
                               .first = files.items[0].first,
                               .last = files.items[files.count - 1].last,
                               .replaced_at = found->modified};
    for (size_t i = 0; i < files.count; i++) {
        version.rows += files.items[i].rows;
        version.bytes += files.items[i].bytes;
    }
    s1_archive_files_done(&files);
    return visit(user, &version, err);
}

s1_rc s1_archive_list_versions(const s1_parquet_options *archive, const s1_stream_key *key,
                               s1_version_visitor visit, void *user, s1_err *err)
{
    s1_archive_place place;
    found_versions found;
    char current[S1_SHA256_HEX] = "";
    S1_TRY(err, s1_archive_place_init(&place, archive, key, err));
    S1_TRY(err, find_versions(archive, &place, &found, err));
    s1_rc rc = found.count > 0 ? current_hash(&place, current, err) : S1_OK;
    for (size_t i = 0; i < found.count && rc == S1_OK; i++) {
        if (strcmp(found.items[i].hash, current) == 0 || !is_last(&found, i)) {
            continue;
        }
        rc = path_in(archive, &place, ".versions", found.items[i].name, place.root, err);
        rc = rc == S1_OK ? visit_version(&place, &found.items[i], visit, user, err) : rc;
    }
    free(found.items);
    return rc;
}

s1_rc s1_archive_find_version(const s1_parquet_options *archive, const s1_stream_key *key,
                              const char *content_hash, char ret_root[static S1_PATH_MAX],
                              s1_err *err)
{
    s1_archive_place place;
    found_versions found;
    char current[S1_SHA256_HEX] = "";
    const char *name = NULL;
    S1_TRY(err, s1_archive_place_init(&place, archive, key, err));
    S1_TRY(err, find_versions(archive, &place, &found, err));
    for (size_t i = 0; i < found.count; i++) {
        name = strcmp(found.items[i].hash, content_hash) == 0 ? found.items[i].name : name;
    }
    s1_rc rc = S1_OK;
    if (name != NULL) {
        rc = path_in(archive, &place, ".versions", name, ret_root, err);
    } else {
        rc = current_hash(&place, current, err);
        if (rc == S1_OK && (current[0] == '\0' || strcmp(current, content_hash) != 0)) {
            char where[S1_PATH_MAX + 16];
            (void)snprintf(where, sizeof where, "archive '%s'", archive->archive);
            rc = s1_data_raise_no_version(key, content_hash, where, err);
        }
        memcpy(ret_root, place.root, sizeof place.root);
    }
    free(found.items);
    return rc;
}

static s1_rc prune(const s1_parquet_options *archive, const s1_archive_place *place,
                   uint64_t keep_count, uint64_t *ret_removed, s1_err *err)
{
    found_versions found;
    char current[S1_SHA256_HEX] = "";
    uint64_t former = 0;
    uint64_t removed = 0;
    S1_TRY(err, find_versions(archive, place, &found, err));
    s1_rc rc = found.count > 0 ? current_hash(place, current, err) : S1_OK;
    for (size_t i = 0; i < found.count; i++) {
        former += strcmp(found.items[i].hash, current) != 0 && is_last(&found, i) ? 1 : 0;
    }
    for (size_t i = 0; i < found.count && rc == S1_OK; i++) {
        const bool is_former = strcmp(found.items[i].hash, current) != 0 && is_last(&found, i);
        if (is_former && former - removed <= keep_count) {
            continue;
        }
        rc = remove_version(archive, place, &found.items[i], err);
        removed += rc == S1_OK && is_former ? 1 : 0;
    }
    free(found.items);
    if (rc == S1_OK && ret_removed != NULL) {
        *ret_removed = removed;
    }
    return rc;
}

s1_rc s1_archive_prune_versions(const s1_parquet_options *archive, const s1_stream_key *key,
                                uint64_t keep_count, uint64_t *ret_removed, s1_err *err)
{
    s1_archive_place place;
    s1_folder_lock *lock = NULL;
    S1_TRY(err, s1_archive_place_init(&place, archive, key, err));
    if (!s1_fs_is_folder(place.fs, archive->archive)) {
        if (ret_removed != NULL) {
            *ret_removed = 0;
        }
        return S1_OK;
    }
    S1_TRY(err, s1_archive_lock(archive, &place, &lock, err));
    const s1_rc rc = prune(archive, &place, keep_count, ret_removed, err);
    s1_folder_lock_free(lock);
    return rc;
}
