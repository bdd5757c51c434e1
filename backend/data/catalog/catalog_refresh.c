/* Making the rows of a catalogue agree with the files of its archive. */
#include "backend/data/catalog/catalog_internal.h"
#include "backend/data/persistors/parquet_persistor.h"
#include "backend/utils/hash.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES      262144u
#define TRADE_SPACING    (60 * S1_NANOS_PER_SECOND)
#define ATTEMPTS_MAX     20u /* to read a stream that is being written */
#define STREAM_DEPTH_MAX 4u  /* year=, month=, and room for a finer one */

/* --- What is on disk ---------------------------------------------------------------------------
 */

/* A file as the folder tells: enough to see that it changed. */
typedef struct disk_file {
    char *path; /* owned; below the archive */
    s1_fs_info info;
    bool is_known; /* the catalogue has it as it is */
    int64_t id;    /* of its row, where is_known */
} disk_file;

typedef struct disk_files {
    disk_file *items; /* owned; sorted by path */
    size_t count, capacity;
} disk_files;

static void disk_files_done(disk_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].path);
    }
    free(files->items);
    *files = (disk_files){0};
}

static s1_rc add_file(disk_files *files, const char *path, const s1_fs_info *info, s1_err *err)
{
    if (files->count == files->capacity) {
        const size_t capacity = files->capacity == 0 ? 64 : 2 * files->capacity;
        disk_file *const items = realloc(files->items, capacity * sizeof *items);
        if (items == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu files", capacity);
        }
        files->items = items;
        files->capacity = capacity;
    }
    char *const copy = s1_str_dup(s1_str_of(path));
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a path");
    }
    files->items[files->count++] = (disk_file){.path = copy, .info = *info};
    return S1_OK;
}

/* The folders of a stream, breadth first: names are sorted at every level, years and months are of
 * one width, so that the files come sorted by path. */
static s1_rc list_folder(const s1_fs *fs, const char *folder, size_t root_length, uint32_t depth,
                         disk_files *files, s1_err *err)
{
    s1_fs_list names = {0};
    S1_TRY(err, s1_fs_list_names(fs, folder, &names, err));
    s1_rc rc = S1_OK;
    for (size_t i = 0; rc == S1_OK && i < names.count; i++) {
        char path[S1_PATH_MAX];
        s1_fs_info info;
        const s1_str name = s1_str_of(names.names[i]);
        const bool is_period = s1_str_find_byte(name, '=', 0) != S1_STR_NPOS;
        const bool is_parquet = s1_str_ends_with(name, S1_STR(".parquet"));
        if (!is_period && !is_parquet) {
            continue;
        }
        rc = s1_path_join(path, sizeof path, s1_str_of(folder), name, err);
        rc = rc == S1_OK ? s1_fs_stat(fs, path, &info, err) : rc;
        if (rc == S1_OK && info.type == S1_FS_DIRECTORY && is_period && depth > 0) {
            rc = list_folder(fs, path, root_length, depth - 1, files, err);
        } else if (rc == S1_OK && info.type == S1_FS_FILE && is_parquet) {
            rc = add_file(files, path + root_length, &info, err);
        }
    }
    s1_fs_list_done(&names);
    return rc;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const disk_file *)a)->path, ((const disk_file *)b)->path);
}

/* How much of a path is the archive's. */
static size_t root_length(const s1_data_persistor *persistor, const char *path)
{
    size_t length = strlen(s1_parquet_archive(persistor));
    while (path[length] == '/') {
        length++;
    }
    return length;
}

static s1_rc list_disk(const s1_catalog *catalog, const s1_data_persistor *persistor,
                       const s1_stream_key *key, disk_files *ret_files, s1_err *err)
{
    char folder[S1_PATH_MAX];
    disk_files files = {0};
    S1_TRY(err, s1_parquet_stream_folder(persistor, key, folder, err));
    s1_rc rc = s1_fs_is_folder(catalog->fs, folder)
                   ? list_folder(catalog->fs, folder, root_length(persistor, folder),
                                 STREAM_DEPTH_MAX, &files, err)
                   : S1_OK;
    if (rc != S1_OK) {
        disk_files_done(&files);
        return rc;
    }
    if (files.count > 1) {
        qsort(files.items, files.count, sizeof *files.items, compare_files);
    }
    *ret_files = files;
    return S1_OK;
}

static disk_file *find_file(const disk_files *files, const char *path)
{
    disk_file wanted;
    memcpy(&wanted.path, &path, sizeof wanted.path); /* compared only */
    return files->count == 0
               ? NULL
               : bsearch(&wanted, files->items, files->count, sizeof wanted, compare_files);
}

/* --- What is in the catalogue ------------------------------------------------------------------
 */

/* Which of the files the catalogue has as they are. `ret_is_same`: all of them and no others. */
static s1_rc compare(s1_catalog *catalog, int64_t dataset, disk_files *files, bool *ret_is_same,
                     s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   "SELECT id, path, bytes, modified_ns, inode FROM file WHERE "
                                   "dataset_id = ?1",
                                   &statement, err));
    (void)sqlite3_bind_int64(statement, 1, dataset);
    size_t known = 0, rows = 0;
    s1_rc rc = S1_OK;
    for (bool has_row = true; rc == S1_OK && has_row;) {
        rc = s1_catalog_step(catalog, statement, &has_row, err);
        if (rc != S1_OK || !has_row) {
            break;
        }
        rows++;
        disk_file *const file = find_file(files, s1_catalog_column_cstr(statement, 1));
        if (file != NULL && file->info.size == (uint64_t)sqlite3_column_int64(statement, 2) &&
            file->info.modified == sqlite3_column_int64(statement, 3) &&
            file->info.inode == (uint64_t)sqlite3_column_int64(statement, 4)) {
            file->is_known = true;
            file->id = sqlite3_column_int64(statement, 0);
            known++;
        }
    }
    (void)sqlite3_finalize(statement);
    if (rc == S1_OK) {
        *ret_is_same = known == rows && known == files->count;
    }
    return rc;
}

s1_rc s1_catalog_dataset_id(s1_catalog *catalog, const s1_stream_key *key, int64_t *ret_id,
                            s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog,
                                   "SELECT id FROM dataset WHERE source = ?1 AND asset_pair = ?2 "
                                   "AND data_type = ?3 AND timeframe_ns = ?4",
                                   &statement, err));
    s1_catalog_bind_key(statement, key);
    bool has_row = false;
    const s1_rc rc = s1_catalog_step(catalog, statement, &has_row, err);
    if (rc == S1_OK) {
        *ret_id = has_row ? sqlite3_column_int64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* Runs SQL with one number as ?1. */
static s1_rc run_with(s1_catalog *catalog, const char *sql, int64_t value, s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog, sql, &statement, err));
    (void)sqlite3_bind_int64(statement, 1, value);
    const s1_rc rc = s1_catalog_do(catalog, statement, err);
    (void)sqlite3_finalize(statement);
    return rc;
}

static s1_rc forget_dataset(s1_catalog *catalog, int64_t dataset, s1_err *err)
{
    S1_TRY(err, run_with(catalog, "DELETE FROM block WHERE dataset_id = ?1", dataset, err));
    S1_TRY(err, run_with(catalog, "DELETE FROM file WHERE dataset_id = ?1", dataset, err));
    S1_TRY(err, run_with(catalog, "DELETE FROM version WHERE dataset_id = ?1", dataset, err));
    return run_with(catalog, "DELETE FROM dataset WHERE id = ?1", dataset, err);
}

/* Files that are gone or changed. */
static s1_rc forget_files(s1_catalog *catalog, int64_t dataset, const disk_files *files,
                          s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    s1_rc rc = s1_catalog_run(catalog,
                              "CREATE TEMP TABLE IF NOT EXISTS kept(id INTEGER PRIMARY KEY);"
                              "DELETE FROM kept",
                              err);
    rc = rc == S1_OK ? s1_catalog_prepare(catalog, "INSERT INTO kept VALUES(?1)", &statement, err)
                     : rc;
    for (size_t i = 0; rc == S1_OK && i < files->count; i++) {
        if (files->items[i].is_known) {
            (void)sqlite3_bind_int64(statement, 1, files->items[i].id);
            rc = s1_catalog_do(catalog, statement, err);
        }
    }
    (void)sqlite3_finalize(statement);
    rc = rc == S1_OK
             ? run_with(catalog, "DELETE FROM block WHERE dataset_id = ?1 AND file_id NOT IN kept",
                        dataset, err)
             : rc;
    return rc == S1_OK
               ? run_with(catalog, "DELETE FROM file WHERE dataset_id = ?1 AND id NOT IN kept",
                          dataset, err)
               : rc;
}

/* --- Reading files -----------------------------------------------------------------------------
 */

typedef struct refresh {
    s1_catalog *catalog;
    s1_data_persistor *persistor;
    const s1_stream_key *key;
    const disk_files *files;
    int64_t dataset;
    bool is_new; /* the dataset was not in the catalogue */
    s1_nanos spacing;
    sqlite3_stmt *add_file, *add_block; /* owned */
    int64_t file;                       /* id of the one read now */
    uint8_t *block;                     /* owned, BLOCK_BYTES */
    s1_sha256 *hash;                    /* owned */
} refresh;

static s1_rc hash_file(const refresh *r, const char *path, char ret_hex[static S1_SHA256_HEX],
                       s1_err *err)
{
    s1_file *open;
    S1_TRY(err, s1_fs_open(r->catalog->fs, path, S1_FS_READ, &open, err));
    s1_rc rc = S1_OK;
    for (size_t got = 1; rc == S1_OK && got > 0;) {
        rc = s1_fs_read(r->catalog->fs, open, r->block, BLOCK_BYTES, &got, err);
        if (rc == S1_OK) {
            s1_sha256_update(r->hash, r->block, got);
        }
    }
    s1_fs_drop(r->catalog->fs, open);
    uint8_t digest[S1_SHA256_BYTES];
    s1_sha256_finish(r->hash, digest);
    s1_hex_print(digest, sizeof digest, ret_hex);
    return rc;
}

static s1_rc take_block(void *user, const s1_data_coverage *block, s1_err *err)
{
    const refresh *const r = user;
    (void)sqlite3_bind_int64(r->add_block, 1, r->dataset);
    (void)sqlite3_bind_int64(r->add_block, 2, block->start_time);
    (void)sqlite3_bind_int64(r->add_block, 3, r->file);
    (void)sqlite3_bind_int64(r->add_block, 4, block->end_time);
    (void)sqlite3_bind_int64(r->add_block, 5, (int64_t)block->trade_count);
    return s1_catalog_do(r->catalog, r->add_block, err);
}

static s1_rc take_file(void *user, const s1_parquet_file *file, s1_err *err)
{
    refresh *const r = user;
    const char *const path = file->path + root_length(r->persistor, file->path);
    const disk_file *const disk = find_file(r->files, path);
    if (disk == NULL || disk->is_known) {
        return S1_OK; /* one that appeared just now is the next refresh's */
    }
    char sha256[S1_SHA256_HEX];
    S1_TRY(err, hash_file(r, file->path, sha256, err));
    sqlite3_stmt *const add = r->add_file;
    (void)sqlite3_bind_int64(add, 1, r->dataset);
    s1_catalog_bind_text(add, 2, s1_str_of(path));
    (void)sqlite3_bind_int64(add, 3, (int64_t)file->rows);
    (void)sqlite3_bind_int64(add, 4, (int64_t)disk->info.size);
    (void)sqlite3_bind_int64(add, 5, file->first);
    (void)sqlite3_bind_int64(add, 6, file->last);
    (void)sqlite3_bind_int64(add, 7, file->price_scale);
    (void)sqlite3_bind_int64(add, 8, file->qty_scale);
    s1_catalog_bind_text(add, 9, s1_str_of(sha256));
    (void)sqlite3_bind_int64(add, 10, disk->info.modified);
    (void)sqlite3_bind_int64(add, 11, (int64_t)disk->info.inode);
    S1_TRY(err, s1_catalog_do(r->catalog, add, err));
    r->file = sqlite3_last_insert_rowid(r->catalog->db);
    return s1_parquet_visit_blocks(r->persistor, r->key, file, r->spacing, take_block, r, err);
}

static s1_rc read_files(refresh *r, s1_err *err)
{
    r->block = malloc(BLOCK_BYTES);
    s1_rc rc = r->block != NULL ? s1_sha256_new(&r->hash, err)
                                : S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a block");
    if (rc == S1_OK) {
        rc = s1_catalog_prepare(r->catalog,
                                "INSERT INTO file(dataset_id, path, rows, bytes, first_ns, "
                                "last_ns, price_scale, qty_scale, sha256, modified_ns, inode) "
                                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                                &r->add_file, err);
    }
    if (rc == S1_OK) {
        rc = s1_catalog_prepare(r->catalog, "INSERT INTO block VALUES(?1, ?2, ?3, ?4, ?5)",
                                &r->add_block, err);
    }
    if (rc == S1_OK) {
        rc = s1_parquet_visit_files(r->persistor, r->key, take_file, r, err);
    }
    (void)sqlite3_finalize(r->add_file);
    (void)sqlite3_finalize(r->add_block);
    s1_sha256_free(r->hash);
    free(r->block);
    return rc;
}

/* --- Former versions ---------------------------------------------------------------------------
 */

typedef struct version_walk {
    s1_catalog *catalog;
    sqlite3_stmt *add;
    int64_t dataset, position;
} version_walk;

static s1_rc take_version(void *user, const s1_data_version *version, s1_err *err)
{
    version_walk *const walk = user;
    (void)sqlite3_bind_int64(walk->add, 1, walk->dataset);
    s1_catalog_bind_text(walk->add, 2, s1_str_of(version->content_hash));
    (void)sqlite3_bind_int64(walk->add, 3, (int64_t)version->rows);
    (void)sqlite3_bind_int64(walk->add, 4, (int64_t)version->bytes);
    (void)sqlite3_bind_int64(walk->add, 5, version->first);
    (void)sqlite3_bind_int64(walk->add, 6, version->last);
    (void)sqlite3_bind_int64(walk->add, 7, version->replaced_at);
    (void)sqlite3_bind_int64(walk->add, 8, walk->position++);
    return s1_catalog_do(walk->catalog, walk->add, err);
}

static s1_rc replace_versions(const refresh *r, s1_err *err)
{
    version_walk walk = {.catalog = r->catalog, .dataset = r->dataset};
    S1_TRY(err, run_with(r->catalog, "DELETE FROM version WHERE dataset_id = ?1", r->dataset, err));
    S1_TRY(err, s1_catalog_prepare(r->catalog,
                                   "INSERT INTO version VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                                   &walk.add, err));
    const s1_rc rc = s1_data_list_versions(r->persistor, r->key, take_version, &walk, err);
    (void)sqlite3_finalize(walk.add);
    return rc;
}

/* --- Imports -----------------------------------------------------------------------------------
 */

/* Rows of a file of the stream; 0: it is not in the catalogue. */
static s1_rc rows_of(const refresh *r, s1_str path, uint64_t *ret_rows, s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    S1_TRY(err, s1_catalog_prepare(r->catalog, "SELECT rows FROM file WHERE path = ?1", &statement,
                                   err));
    s1_catalog_bind_text(statement, 1, path);
    const s1_rc rc = s1_catalog_step(r->catalog, statement, &has_row, err);
    *ret_rows = rc == S1_OK && has_row ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_finalize(statement);
    return rc;
}

/* Rows are those of an import only where a file is its alone. */
static s1_rc take_provenance(void *user, s1_str path, s1_str lines, s1_err *err)
{
    const refresh *const r = user;
    uint64_t rows = 0;
    if (s1_str_find_byte(lines, '\n', 0) == S1_STR_NPOS) {
        const size_t root = strlen(s1_parquet_archive(r->persistor));
        size_t from = root < path.len ? root : path.len;
        while (from < path.len && path.ptr[from] == '/') {
            from++;
        }
        S1_TRY(err, rows_of(r, s1_str_slice(path, from, path.len), &rows, err));
    }
    s1_str line;
    for (bool is_done = false; s1_str_split(&lines, '\n', &line, &is_done);) {
        S1_TRY(err, s1_catalog_recover_import(r->catalog, r->key, line, rows, err));
    }
    return S1_OK;
}

/* --- The dataset's own row ---------------------------------------------------------------------
 */

/* A row that the files' then refer to; what it tells is filled in at the end. */
static s1_rc add_dataset(s1_catalog *catalog, const s1_stream_key *key, int64_t *ret_id,
                         s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err,
           s1_catalog_prepare(catalog,
                              "INSERT INTO dataset(source, asset_pair, data_type, timeframe_ns, "
                              "rows, bytes, file_count, first_ns, last_ns, price_scale, qty_scale, "
                              "spacing_ns, session, gaps, missing, fingerprint) "
                              "VALUES(?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0, 0, ?5, ?6, 0, 0, '')",
                              &statement, err));
    s1_catalog_bind_key(statement, key);
    (void)sqlite3_bind_int64(statement, 5,
                             key->data_type == S1_DATA_OHLCV ? key->timeframe : TRADE_SPACING);
    s1_catalog_bind_text(statement, 6, s1_str_of(s1_session_name_for(key->asset_pair)));
    const s1_rc rc = s1_catalog_do(catalog, statement, err);
    (void)sqlite3_finalize(statement);
    if (rc == S1_OK) {
        *ret_id = sqlite3_last_insert_rowid(catalog->db);
    }
    return rc;
}

/* SHA-256 over "path sha256\n" of every file in the order of time. */
static s1_rc fingerprint(s1_catalog *catalog, int64_t dataset, char ret_hex[static S1_SHA256_HEX],
                         s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    s1_sha256 *hash = NULL;
    S1_TRY(err, s1_sha256_new(&hash, err));
    s1_rc rc = s1_catalog_prepare(
        catalog, "SELECT path, sha256 FROM file WHERE dataset_id = ?1 ORDER BY first_ns, path",
        &statement, err);
    if (rc == S1_OK) {
        (void)sqlite3_bind_int64(statement, 1, dataset);
    }
    for (bool has_row = true; rc == S1_OK && has_row;) {
        rc = s1_catalog_step(catalog, statement, &has_row, err);
        if (rc == S1_OK && has_row) {
            const s1_str path = s1_catalog_column_str(statement, 0);
            const s1_str sha256 = s1_catalog_column_str(statement, 1);
            s1_sha256_update(hash, path.ptr, path.len);
            s1_sha256_update(hash, " ", 1);
            s1_sha256_update(hash, sha256.ptr, sha256.len);
            s1_sha256_update(hash, "\n", 1);
        }
    }
    (void)sqlite3_finalize(statement);
    uint8_t digest[S1_SHA256_BYTES];
    s1_sha256_finish(hash, digest);
    s1_hex_print(digest, sizeof digest, ret_hex);
    s1_sha256_free(hash);
    return rc;
}

static s1_rc sum_dataset(s1_catalog *catalog, const s1_stream_key *key, int64_t dataset,
                         s1_err *err)
{
    char print[S1_SHA256_HEX];
    s1_catalog_holes holes = {0};
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, fingerprint(catalog, dataset, print, err));
    S1_TRY(err, s1_catalog_count_holes(catalog, key, &holes, err));
    S1_TRY(err, s1_catalog_prepare(
                    catalog,
                    "UPDATE dataset SET (rows, bytes, file_count, first_ns, last_ns, price_scale, "
                    "qty_scale) = (SELECT sum(rows), sum(bytes), count(*), min(first_ns), "
                    "max(last_ns), max(price_scale), max(qty_scale) FROM file "
                    "WHERE dataset_id = ?1), gaps = ?2, missing = ?3, fingerprint = ?4 "
                    "WHERE id = ?1",
                    &statement, err));
    (void)sqlite3_bind_int64(statement, 1, dataset);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)holes.gaps);
    (void)sqlite3_bind_int64(statement, 3, (int64_t)holes.missing);
    s1_catalog_bind_text(statement, 4, s1_str_of(print));
    const s1_rc rc = s1_catalog_do(catalog, statement, err);
    (void)sqlite3_finalize(statement);
    return rc;
}

/* --- Refreshing --------------------------------------------------------------------------------
 */

static s1_rc write_changes(refresh *r, s1_err *err)
{
    s1_catalog *const catalog = r->catalog;
    if (r->files->count == 0) {
        return r->dataset != 0 ? forget_dataset(catalog, r->dataset, err) : S1_OK;
    }
    if (r->dataset == 0) {
        S1_TRY(err, add_dataset(catalog, r->key, &r->dataset, err));
        r->is_new = true;
        S1_TRY(err, s1_catalog_forget_recovered(catalog, r->key, err));
    }
    S1_TRY(err, forget_files(catalog, r->dataset, r->files, err));
    S1_TRY(err, read_files(r, err));
    S1_TRY(err, replace_versions(r, err));
    if (r->is_new) {
        S1_TRY(err, s1_parquet_visit_provenances(r->persistor, r->key, take_provenance, r, err));
    }
    return sum_dataset(catalog, r->key, r->dataset, err);
}

static bool is_same_disk(const disk_files *a, const disk_files *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; is_same && i < a->count; i++) {
        const s1_fs_info *const left = &a->items[i].info, *const right = &b->items[i].info;
        is_same = strcmp(a->items[i].path, b->items[i].path) == 0 && left->size == right->size &&
                  left->modified == right->modified && left->inode == right->inode;
    }
    return is_same;
}

/* Did another version take the stream's place while this one was read? */
static bool is_replaced(const refresh *r)
{
    disk_files now = {0};
    const s1_rc rc = list_disk(r->catalog, r->persistor, r->key, &now, NULL);
    const bool is_same = rc == S1_OK && is_same_disk(r->files, &now);
    disk_files_done(&now);
    return !is_same;
}

/* One attempt. `ret_is_torn`: a writer was faster; nothing was changed. */
static s1_rc try_refresh(s1_catalog *catalog, s1_data_persistor *persistor,
                         const s1_stream_key *key, bool *ret_has_changed, bool *ret_is_torn,
                         s1_err *err)
{
    disk_files files;
    refresh r = {.catalog = catalog, .persistor = persistor, .key = key, .files = &files};
    s1_rc rc = list_disk(catalog, persistor, key, &files, err);
    *ret_is_torn = rc == S1_E_NOT_FOUND;
    S1_TRY(err, rc);
    bool is_same = false;
    rc = s1_catalog_dataset_id(catalog, key, &r.dataset, err);
    rc = rc == S1_OK ? compare(catalog, r.dataset, &files, &is_same, err) : rc;
    if (rc == S1_OK && !is_same) {
        rc = s1_catalog_begin(catalog, err);
        if (rc == S1_OK) {
            rc = write_changes(&r, err);
            *ret_is_torn = is_replaced(&r);
            rc = *ret_is_torn && rc == S1_OK
                     ? S1_RAISE(err, S1_E_IO, "the files change while they are read")
                     : rc;
            rc = s1_catalog_end(catalog, rc, err);
        }
    }
    disk_files_done(&files);
    if (rc == S1_OK) {
        *ret_has_changed = !is_same;
    }
    return rc;
}

static s1_rc refresh_if_changed(s1_catalog *catalog, s1_data_persistor *persistor,
                                const s1_stream_key *key, bool *ret_has_changed, s1_err *err)
{
    S1_TRY(err, s1_stream_key_check(key, err));
    s1_rc rc = S1_OK;
    bool is_torn = true;
    for (uint32_t i = 0; is_torn && i < ATTEMPTS_MAX; i++) {
        s1_err why = {.size = sizeof why};
        rc = try_refresh(catalog, persistor, key, ret_has_changed, &is_torn, &why);
        if (rc == S1_OK) {
            return S1_OK;
        }
        if (err != NULL) {
            *err = why;
        }
    }
    return rc;
}

/* Versions come and go without a change of the files. */
static s1_rc refresh_versions(s1_catalog *catalog, s1_data_persistor *persistor,
                              const s1_stream_key *key, s1_err *err)
{
    refresh r = {.catalog = catalog, .persistor = persistor, .key = key};
    S1_TRY(err, s1_catalog_dataset_id(catalog, key, &r.dataset, err));
    if (r.dataset == 0) {
        return S1_OK;
    }
    S1_TRY(err, s1_catalog_begin(catalog, err));
    return s1_catalog_end(catalog, replace_versions(&r, err), err);
}

s1_rc s1_catalog_refresh_stream(s1_catalog *catalog, s1_data_persistor *persistor,
                                const s1_stream_key *key, s1_err *err)
{
    bool has_changed = false;
    S1_TRY(err, refresh_if_changed(catalog, persistor, key, &has_changed, err));
    return has_changed || catalog->is_read_only ? S1_OK
                                                : refresh_versions(catalog, persistor, key, err);
}

/* The streams of an archive, copied. */
typedef struct streams {
    s1_stream_key_copy **items; /* owned: they do not move */
    size_t count, capacity;
} streams;

static void streams_done(streams *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
}

static s1_rc take_stream(void *user, const s1_stream_key *key, s1_err *err)
{
    streams *const list = user;
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        s1_stream_key_copy **const items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for %zu streams", capacity);
        }
        list->items = items;
        list->capacity = capacity;
    }
    s1_stream_key_copy *const copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a stream");
    }
    s1_stream_key_copy_init(copy, key);
    list->items[list->count++] = copy;
    return S1_OK;
}

/* Streams of the archive, then those of the catalogue, of which some may be gone. */
static s1_rc list_streams(s1_catalog *catalog, s1_data_persistor *persistor, streams *list,
                          s1_err *err)
{
    S1_TRY(err, s1_data_list_streams(persistor, take_stream, list, err));
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(
                    catalog, "SELECT source, asset_pair, data_type, timeframe_ns FROM dataset",
                    &statement, err));
    const size_t count = list->count;
    s1_rc rc = S1_OK;
    for (bool has_row = true; rc == S1_OK && has_row;) {
        rc = s1_catalog_step(catalog, statement, &has_row, err);
        if (rc != S1_OK || !has_row) {
            break;
        }
        const s1_stream_key key = s1_catalog_column_key(statement, 0);
        bool is_there = false;
        for (size_t i = 0; i < count && !is_there; i++) {
            is_there = s1_stream_key_equal(&list->items[i]->key, &key);
        }
        rc = is_there ? S1_OK : take_stream(list, &key, err);
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

/* A stream whose files cannot be read does not hide the others: it is left out, with a notice. */
static s1_rc refresh_readable(s1_catalog *catalog, s1_data_persistor *persistor,
                              const s1_stream_key *key, bool *ret_has_changed, s1_err *err)
{
    s1_err why = {.size = sizeof why};
    catalog->last_code = SQLITE_OK;
    const s1_rc rc = refresh_if_changed(catalog, persistor, key, ret_has_changed, &why);
    const bool is_unreadable =
        rc == S1_E_DATA || rc == S1_E_IO || (rc == S1_E_DENIED && !catalog->is_read_only);
    if (is_unreadable && catalog->last_code == SQLITE_OK) {
        int64_t dataset = 0;
        char name[S1_STREAM_TEXT_MAX];
        (void)snprintf(catalog->notice, sizeof catalog->notice, "%s is left out: %s",
                       s1_stream_key_format(key, name), why.msg);
        S1_TRY(err, s1_catalog_dataset_id(catalog, key, &dataset, err));
        if (dataset == 0) {
            return S1_OK;
        }
        S1_TRY(err, s1_catalog_begin(catalog, err));
        return s1_catalog_end(catalog, forget_dataset(catalog, dataset, err), err);
    }
    if (rc != S1_OK && err != NULL) {
        *err = why;
    }
    return rc;
}

static s1_rc refresh_all(s1_catalog *catalog, s1_data_persistor *persistor,
                         s1_catalog_progress progress, void *user, size_t *ret_refreshed,
                         s1_err *err)
{
    streams list = {0};
    size_t refreshed = 0;
    s1_rc rc = list_streams(catalog, persistor, &list, err);
    for (size_t i = 0; rc == S1_OK && i < list.count; i++) {
        bool has_changed = false;
        rc = progress != NULL ? progress(user, i, list.count) : S1_OK;
        rc = rc == S1_OK
                 ? refresh_readable(catalog, persistor, &list.items[i]->key, &has_changed, err)
                 : rc;
        refreshed += has_changed ? 1 : 0;
    }
    streams_done(&list);
    if (rc == S1_OK && ret_refreshed != NULL) {
        *ret_refreshed = refreshed;
    }
    return rc;
}

s1_rc s1_catalog_sync(s1_catalog *catalog, s1_data_persistor *persistor, size_t *ret_refreshed,
                      s1_err *err)
{
    s1_rc rc = refresh_all(catalog, persistor, NULL, NULL, ret_refreshed, err);
    if (rc == S1_E_DENIED && catalog->is_read_only) {
        /* The one that is there is old and cannot be brought up to date where it is. */
        S1_TRY(err, s1_catalog_open_memory(catalog, err));
        rc = refresh_all(catalog, persistor, NULL, NULL, ret_refreshed, err);
    }
    if (rc == S1_E_DATA) {
        /* It is the catalogue that is damaged: once more, with a new one. */
        S1_TRY(err, s1_catalog_rebuild(catalog, err));
        rc = refresh_all(catalog, persistor, NULL, NULL, ret_refreshed, err);
    }
    return rc;
}

s1_rc s1_catalog_catch_up(s1_catalog *catalog, s1_data_persistor *persistor,
                          const s1_stream_key *key, s1_err *err)
{
    s1_err why = {.size = sizeof why};
    catalog->last_code = SQLITE_OK;
    const s1_rc rc = key != NULL ? s1_catalog_refresh_stream(catalog, persistor, key, &why)
                                 : s1_catalog_sync(catalog, persistor, NULL, &why);
    if (rc == S1_E_DENIED && (catalog->last_code & 0xff) == SQLITE_BUSY) {
        (void)snprintf(catalog->notice, sizeof catalog->notice, "what is told may be old: %s",
                       why.msg);
        return S1_OK;
    }
    if (rc != S1_OK && err != NULL) {
        *err = why;
    }
    return rc;
}

static s1_rc forget_all(s1_catalog *catalog, s1_err *err)
{
    int64_t damage = 0;
    sqlite3_stmt *statement = NULL;
    bool has_row = false;
    S1_TRY(err, s1_catalog_prepare(catalog, "PRAGMA quick_check(1)", &statement, err));
    s1_rc rc = s1_catalog_step(catalog, statement, &has_row, err);
    if (rc == S1_OK && (!has_row || !s1_str_eq_cstr(s1_catalog_column_str(statement, 0), "ok"))) {
        damage = 1;
    }
    (void)sqlite3_finalize(statement);
    if (rc != S1_OK || damage != 0) {
        return s1_catalog_raise(catalog, SQLITE_CORRUPT, "check", err);
    }
    S1_TRY(err, s1_catalog_begin(catalog, err));
    rc = s1_catalog_run(catalog,
                        "DELETE FROM block; DELETE FROM file; DELETE FROM version;"
                        "DELETE FROM dataset",
                        err);
    return s1_catalog_end(catalog, rc, err);
}

s1_rc s1_catalog_reindex(s1_catalog *catalog, s1_data_persistor *persistor,
                         s1_catalog_progress progress, void *user, size_t *ret_streams, s1_err *err)
{
    s1_err why = {.size = sizeof why};
    s1_rc rc = forget_all(catalog, &why);
    if (rc == S1_OK) {
        rc = refresh_all(catalog, persistor, progress, user, ret_streams, &why);
    }
    if (rc == S1_E_DATA) { /* the catalogue is damaged */
        S1_TRY(err, s1_catalog_rebuild(catalog, err));
        return refresh_all(catalog, persistor, progress, user, ret_streams, err);
    }
    if (rc != S1_OK && err != NULL) {
        *err = why;
    }
    return rc;
}

bool s1_catalog_note_commit(const s1_fs *fs, const char *archive, s1_data_persistor *persistor,
                            const s1_stream_key *key, const s1_catalog_import *import,
                            s1_err *ret_why)
{
    s1_catalog *catalog = NULL;
    s1_rc rc = s1_catalog_open(fs, archive, &catalog, ret_why);
    if (rc == S1_OK) {
        rc = s1_catalog_refresh_stream(catalog, persistor, key, ret_why);
    }
    if (rc == S1_OK && import != NULL) {
        rc = s1_catalog_add_import(catalog, key, import, ret_why);
    }
    s1_catalog_close(catalog);
    return rc == S1_OK;
}
