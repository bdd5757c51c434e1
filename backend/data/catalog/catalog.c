#include "backend/data/catalog/catalog.h"

#include "backend/data/catalog/catalog_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_MS 5000

/* What made the file version 1, 2, ...: never changed, only added to. */
static const char *const migrations[] = {
    /* 1: what the files tell */
    "CREATE TABLE dataset("
    " id INTEGER PRIMARY KEY, source TEXT NOT NULL, asset_pair TEXT NOT NULL,"
    " data_type INTEGER NOT NULL, timeframe_ns INTEGER NOT NULL,"
    " rows INTEGER NOT NULL, bytes INTEGER NOT NULL, file_count INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"
    " price_scale INTEGER NOT NULL, qty_scale INTEGER NOT NULL,"
    " spacing_ns INTEGER NOT NULL, session TEXT NOT NULL,"
    " gaps INTEGER NOT NULL, missing INTEGER NOT NULL, fingerprint TEXT NOT NULL,"
    " UNIQUE(source, asset_pair, data_type, timeframe_ns)) STRICT;"
    "CREATE TABLE file("
    " id INTEGER PRIMARY KEY, dataset_id INTEGER NOT NULL, path TEXT NOT NULL UNIQUE,"
    " rows INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"
    " price_scale INTEGER NOT NULL, qty_scale INTEGER NOT NULL,"
    " sha256 TEXT NOT NULL, modified_ns INTEGER NOT NULL, inode INTEGER NOT NULL) STRICT;"
    "CREATE INDEX file_of_dataset ON file(dataset_id, first_ns, path);"
    "CREATE TABLE block("
    " dataset_id INTEGER NOT NULL, start_ns INTEGER NOT NULL, file_id INTEGER NOT NULL,"
    " end_ns INTEGER NOT NULL, rows INTEGER NOT NULL,"
    " PRIMARY KEY(dataset_id, start_ns, file_id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX block_of_file ON block(file_id);",
    /* 2: what was done; kept by the names of streams, for it outlives their rows above */
    "CREATE TABLE import("
    " id INTEGER PRIMARY KEY, source TEXT NOT NULL, asset_pair TEXT NOT NULL,"
    " data_type INTEGER NOT NULL, timeframe_ns INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL, who TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,"
    " profile TEXT NOT NULL, rows INTEGER NOT NULL, rejects INTEGER NOT NULL,"
    " replaced INTEGER NOT NULL) STRICT;"
    "CREATE INDEX import_of_stream ON import(source, asset_pair, data_type, timeframe_ns, id);"
    "CREATE TABLE quality_check("
    " id INTEGER PRIMARY KEY, source TEXT NOT NULL, asset_pair TEXT NOT NULL,"
    " data_type INTEGER NOT NULL, timeframe_ns INTEGER NOT NULL,"
    " at_ns INTEGER NOT NULL, fingerprint TEXT NOT NULL, session TEXT NOT NULL,"
    " options TEXT NOT NULL, errors INTEGER NOT NULL, warnings INTEGER NOT NULL,"
    " infos INTEGER NOT NULL,"
    " UNIQUE(source, asset_pair, data_type, timeframe_ns)) STRICT;"
    "CREATE TABLE finding("
    " check_id INTEGER NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,"
    " severity TEXT NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"
    " row INTEGER NOT NULL, rows INTEGER NOT NULL, found TEXT NOT NULL, expected TEXT NOT NULL,"
    " PRIMARY KEY(check_id, position)) STRICT, WITHOUT ROWID;",
    /* 3: former versions */
    "CREATE TABLE version("
    " dataset_id INTEGER NOT NULL, content_hash TEXT NOT NULL, rows INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"
    " replaced_ns INTEGER NOT NULL, position INTEGER NOT NULL,"
    " PRIMARY KEY(dataset_id, position)) STRICT, WITHOUT ROWID;",
};
#define VERSION ((int)(sizeof migrations / sizeof migrations[0]))

/* --- SQLite ----------------------------------------------------------------------------------- */

static s1_rc rc_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
        return S1_E_DENIED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or column that is not there: the SQL is ours */
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return S1_E_DATA;
    case SQLITE_NOMEM:
        return S1_E_NO_MEMORY;
    default:
        return S1_E_IO;
    }
}

s1_rc s1_catalog_raise(s1_catalog *catalog, int code, const char *what, s1_err *err)
{
    catalog->last_code = code;
    const s1_rc rc = rc_of(code);
    const char *const where = catalog->is_memory ? "in memory" : catalog->archive;
    if ((code & 0xff) == SQLITE_BUSY) {
        return S1_RAISE(err, rc,
                        "catalogue of '%.120s': another process has been writing to it for over "
                        "%d s: %s",
                        where, BUSY_MS / 1000, what);
    }
    return S1_RAISE(err, rc, "catalogue of '%.120s': %.40s: %.60s%s", where, what,
                    catalog->db != NULL ? sqlite3_errmsg(catalog->db) : sqlite3_errstr(code),
                    rc == S1_E_DATA ? "; 'data reindex' makes it anew" : "");
}

s1_rc s1_catalog_prepare(s1_catalog *catalog, const char *sql, sqlite3_stmt **ret_statement,
                         s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    const int code = sqlite3_prepare_v2(catalog->db, sql, -1, &statement, NULL);
    if (code != SQLITE_OK) {
        return s1_catalog_raise(catalog, code, "ask", err);
    }
    *ret_statement = statement;
    return S1_OK;
}

s1_rc s1_catalog_step(s1_catalog *catalog, sqlite3_stmt *statement, bool *ret_has_row, s1_err *err)
{
    const int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return s1_catalog_raise(catalog, code, "read", err);
    }
    *ret_has_row = code == SQLITE_ROW;
    return S1_OK;
}

s1_rc s1_catalog_do(s1_catalog *catalog, sqlite3_stmt *statement, s1_err *err)
{
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) {
        code = sqlite3_step(statement);
    }
    if (code != SQLITE_DONE) {
        const s1_rc rc = s1_catalog_raise(catalog, code, "write", err);
        (void)sqlite3_reset(statement);
        return rc;
    }
    (void)sqlite3_reset(statement);
    return S1_OK;
}

s1_rc s1_catalog_run(s1_catalog *catalog, const char *sql, s1_err *err)
{
    const int code = sqlite3_exec(catalog->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? S1_OK : s1_catalog_raise(catalog, code, "write", err);
}

void s1_catalog_bind_text(sqlite3_stmt *statement, int index, s1_str text)
{
    (void)sqlite3_bind_text64(statement, index, text.ptr != NULL ? text.ptr : "", text.len,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
}

s1_str s1_catalog_column_str(sqlite3_stmt *statement, int at)
{
    const char *const text = (const char *)sqlite3_column_text(statement, at);
    return s1_str_make(text != NULL ? text : "", (size_t)sqlite3_column_bytes(statement, at));
}

const char *s1_catalog_column_cstr(sqlite3_stmt *statement, int at)
{
    const char *const text = (const char *)sqlite3_column_text(statement, at);
    return text != NULL ? text : "";
}

void s1_catalog_bind_key(sqlite3_stmt *statement, const s1_stream_key *key)
{
    s1_catalog_bind_text(statement, 1, key->source);
    s1_catalog_bind_text(statement, 2, key->asset_pair);
    (void)sqlite3_bind_int64(statement, 3, key->data_type);
    (void)sqlite3_bind_int64(statement, 4, key->timeframe);
}

s1_stream_key s1_catalog_column_key(sqlite3_stmt *statement, int at)
{
    return (s1_stream_key){
        .source = s1_catalog_column_str(statement, at),
        .asset_pair = s1_catalog_column_str(statement, at + 1),
        .data_type = sqlite3_column_int(statement, at + 2),
        .timeframe = sqlite3_column_int64(statement, at + 3),
    };
}

s1_rc s1_catalog_begin(s1_catalog *catalog, s1_err *err)
{
    if (catalog->is_read_only) {
        return S1_RAISE(err, S1_E_DENIED, "catalogue of '%.200s': its folder cannot be written",
                        catalog->archive);
    }
    return s1_catalog_run(catalog, "BEGIN IMMEDIATE", err);
}

s1_rc s1_catalog_end(s1_catalog *catalog, s1_rc rc, s1_err *err)
{
    if (rc == S1_OK) {
        rc = s1_catalog_run(catalog, "COMMIT", err);
    }
    if (rc != S1_OK && sqlite3_get_autocommit(catalog->db) == 0) {
        (void)sqlite3_exec(catalog->db, "ROLLBACK", NULL, NULL, NULL);
    }
    return rc;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static void release_held(s1_catalog *catalog)
{
    (void)sqlite3_finalize(catalog->held);
    catalog->held = NULL;
}

static void close_db(s1_catalog *catalog)
{
    release_held(catalog);
    (void)sqlite3_close(catalog->db);
    catalog->db = NULL;
}

static s1_rc path_of(const s1_catalog *catalog, const char *name, char ret_path[static S1_PATH_MAX],
                     s1_err *err)
{
    return s1_path_join(ret_path, S1_PATH_MAX, s1_str_of(catalog->archive), s1_str_of(name), err);
}

static s1_rc pragma(s1_catalog *catalog, const char *sql, int64_t *ret_value, s1_err *err)
{
    sqlite3_stmt *statement = NULL;
    S1_TRY(err, s1_catalog_prepare(catalog, sql, &statement, err));
    bool has_row = false;
    const s1_rc rc = s1_catalog_step(catalog, statement, &has_row, err);
    if (rc == S1_OK) {
        *ret_value = has_row ? sqlite3_column_int64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement);
    return rc;
}

static s1_rc read_version(s1_catalog *catalog, int64_t *ret_version, s1_err *err)
{
    int64_t application = 0, version = 0, tables = 0;
    S1_TRY(err, pragma(catalog, "PRAGMA application_id", &application, err));
    S1_TRY(err, pragma(catalog, "PRAGMA user_version", &version, err));
    S1_TRY(err, pragma(catalog, "SELECT count(*) FROM sqlite_schema", &tables, err));
    if (application == S1_CATALOG_APPLICATION && version > VERSION) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "catalogue '%.120s/" S1_CATALOG_FILE "': found version %lld, expected at "
                        "most %d: a newer s1mpletrader made it; the data is readable without it",
                        catalog->archive, (long long)version, VERSION);
    }
    const bool is_new = application == 0 && version == 0 && tables == 0;
    if (!is_new && (application != S1_CATALOG_APPLICATION || version < 0)) {
        return S1_RAISE(err, S1_E_DATA, "catalogue '%.160s/" S1_CATALOG_FILE "': is none of ours",
                        catalog->archive);
    }
    *ret_version = version;
    return S1_OK;
}

static s1_rc migrate(s1_catalog *catalog, s1_err *err)
{
    int64_t version = 0;
    S1_TRY(err, read_version(catalog, &version, err));
    if (version == VERSION) {
        return S1_OK;
    }
    S1_TRY(err, s1_catalog_begin(catalog, err));
    s1_rc rc = read_version(catalog, &version, err); /* another process may have been first */
    for (int64_t i = version; rc == S1_OK && i < VERSION; i++) {
        rc = s1_catalog_run(catalog, migrations[i], err);
    }
    if (rc == S1_OK) {
        char sql[96];
        (void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                       S1_CATALOG_APPLICATION, VERSION);
        rc = s1_catalog_run(catalog, sql, err);
    }
    return s1_catalog_end(catalog, rc, err);
}

/* Opens a database and makes it ready. On failure nothing is open. */
static s1_rc open_db(s1_catalog *catalog, const char *path, int flags, s1_err *err)
{
    int code = sqlite3_open_v2(path, &catalog->db, flags | SQLITE_OPEN_EXRESCODE, NULL);
    s1_rc rc = S1_OK;
    if (code == SQLITE_OK) {
        code = sqlite3_busy_timeout(catalog->db, BUSY_MS);
    }
    if (code != SQLITE_OK) {
        rc = s1_catalog_raise(catalog, code, "open", err);
    }
    if (rc == S1_OK) {
        (void)sqlite3_db_config(catalog->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        (void)sqlite3_db_config(catalog->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        int64_t ignored;
        rc = catalog->is_read_only ? read_version(catalog, &ignored, err) : S1_OK;
    }
    if (rc == S1_OK && !catalog->is_read_only) {
        rc = s1_catalog_run(catalog, "PRAGMA journal_mode = WAL", err);
        rc = rc == S1_OK ? migrate(catalog, err) : rc;
    }
    if (rc != S1_OK) {
        close_db(catalog);
    }
    return rc;
}

static s1_rc open_file(s1_catalog *catalog, s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, path_of(catalog, S1_CATALOG_FILE, path, err));
    return open_db(catalog, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
}

/* A path as the path of a URI. */
static s1_rc uri_of(const char *path, char *ret_uri, size_t size, s1_err *err)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t length = (size_t)snprintf(ret_uri, size, "file:");
    for (const char *c = path; *c != '\0'; c++) {
        if (length + 24 > size) {
            return S1_RAISE(err, S1_E_RANGE, "catalogue: the path of the archive is too long");
        }
        if (*c == '%' || *c == '?' || *c == '#') {
            ret_uri[length++] = '%';
            ret_uri[length++] = hex[(unsigned char)*c >> 4];
            ret_uri[length++] = hex[(unsigned char)*c & 15];
        } else {
            ret_uri[length++] = *c;
        }
    }
    (void)snprintf(ret_uri + length, size - length, "?immutable=1");
    return S1_OK;
}

/* Did a writer leave something beside the file that belongs in it? */
static bool has_journal(const s1_catalog *catalog)
{
    char path[S1_PATH_MAX];
    s1_fs_info info;
    return path_of(catalog, S1_CATALOG_FILE "-wal", path, NULL) == S1_OK &&
           s1_fs_stat(catalog->fs, path, &info, NULL) == S1_OK && info.size > 0;
}

s1_rc s1_catalog_open_memory(s1_catalog *catalog, s1_err *err)
{
    close_db(catalog);
    catalog->is_read_only = false;
    catalog->is_memory = true;
    (void)snprintf(catalog->notice, sizeof catalog->notice,
                   "archive '%s' cannot be written: its catalogue is made anew in memory",
                   catalog->archive);
    return open_db(catalog, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, err);
}

/* A folder that cannot be written: what is there is read as it is, else it is kept in memory. */
static s1_rc open_unwritable(s1_catalog *catalog, s1_err *err)
{
    char path[S1_PATH_MAX], uri[3 * S1_PATH_MAX];
    S1_TRY(err, path_of(catalog, S1_CATALOG_FILE, path, err));
    S1_TRY(err, uri_of(path, uri, sizeof uri, err));
    int64_t version = 0;
    catalog->is_read_only = true;
    s1_rc rc = s1_fs_is_file(catalog->fs, path) && !has_journal(catalog)
                   ? open_db(catalog, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err)
                   : S1_E_DENIED;
    if (rc == S1_OK) {
        rc = read_version(catalog, &version, err);
        if (rc == S1_OK && version == VERSION) {
            return S1_OK;
        }
        close_db(catalog);
    }
    if (rc == S1_E_UNSUPPORTED) {
        return rc;
    }
    return s1_catalog_open_memory(catalog, err);
}

/* Renames what is there out of the way; its journal belongs to it and goes. */
static s1_rc put_aside(s1_catalog *catalog, s1_err *err)
{
    char from[S1_PATH_MAX], to[S1_PATH_MAX];
    static const char *const parts[] = {S1_CATALOG_FILE "-wal", S1_CATALOG_FILE "-shm"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        S1_TRY(err, path_of(catalog, parts[i], from, err));
        const s1_rc rc = s1_fs_unlink(catalog->fs, from, err);
        if (rc != S1_OK && rc != S1_E_NOT_FOUND) {
            return rc;
        }
    }
    S1_TRY(err, path_of(catalog, S1_CATALOG_FILE, from, err));
    S1_TRY(err, path_of(catalog, S1_CATALOG_FILE ".damaged", to, err));
    if (s1_fs_exists(catalog->fs, from)) {
        S1_TRY(err, s1_fs_rename(catalog->fs, from, to, err));
    }
    (void)snprintf(catalog->notice, sizeof catalog->notice,
                   "catalogue of '%s' was damaged: put aside as " S1_CATALOG_FILE ".damaged and "
                   "made anew",
                   catalog->archive);
    return S1_OK;
}

s1_rc s1_catalog_rebuild(s1_catalog *catalog, s1_err *err)
{
    close_db(catalog);
    if (catalog->is_memory) {
        return open_db(catalog, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, err);
    }
    catalog->is_read_only = false;
    S1_TRY(err, put_aside(catalog, err));
    return open_file(catalog, err);
}

static s1_rc open_any(s1_catalog *catalog, s1_err *err)
{
    s1_rc rc = open_file(catalog, err);
    if (rc == S1_E_DATA || rc == S1_E_IO) {
        rc = put_aside(catalog, err);
        rc = rc == S1_OK ? open_file(catalog, err) : rc;
    }
    /* A lock that another process holds is no folder that cannot be written. */
    if (rc == S1_E_DENIED && (catalog->last_code & 0xff) != SQLITE_BUSY) {
        rc = open_unwritable(catalog, err);
    }
    return rc;
}

s1_rc s1_catalog_open(const s1_fs *fs, const char *archive, s1_catalog **ret_catalog, s1_err *err)
{
    if (!s1_fs_is_folder(fs, archive)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "archive '%.200s': found no folder", archive);
    }
    s1_catalog *catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a catalogue");
    }
    s1_err why = {.size = sizeof why}; /* of attempts; what was mended is in the notice */
    catalog->fs = fs;
    catalog->archive = s1_str_dup(s1_str_of(archive));
    const s1_rc rc = catalog->archive != NULL
                         ? open_any(catalog, &why)
                         : S1_RAISE(&why, S1_E_NO_MEMORY, "no memory for a catalogue");
    if (rc != S1_OK) {
        s1_catalog_close(catalog);
        if (err != NULL) {
            *err = why;
        }
        return rc;
    }
    *ret_catalog = catalog;
    return S1_OK;
}

void s1_catalog_close(s1_catalog *catalog)
{
    if (catalog != NULL) {
        close_db(catalog);
        free(catalog->archive);
        free(catalog);
    }
}

const char *s1_catalog_notice(const s1_catalog *catalog)
{
    return catalog->notice;
}
