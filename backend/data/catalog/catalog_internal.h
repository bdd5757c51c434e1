/* backend/data/catalog/catalog_internal.h - the handle and its SQL. Only for this folder. */
#ifndef S1_BACKEND_DATA_CATALOG_CATALOG_INTERNAL_H
#define S1_BACKEND_DATA_CATALOG_CATALOG_INTERNAL_H

#include "backend/data/catalog/catalog.h"

#include <sqlite3.h>

/* user_version of the file: how many migrations it has been through. */
#define S1_CATALOG_APPLICATION 0x53314341 /* "S1CA" */

struct s1_catalog {
    const s1_fs *fs;
    char *archive; /* owned */
    sqlite3 *db;
    bool is_read_only; /* nothing can be written; what is there can be asked */
    bool is_memory;    /* of a folder that cannot be written and has none */
    int last_code;     /* what SQLite failed with last */
    char notice[S1_PATH_MAX + 256];
    sqlite3_stmt *held; /* what s1_catalog_find told points into it; NULL: none */
};

/* Turns what SQLite said last into an error. `what` is what was done. */
s1_rc s1_catalog_raise(s1_catalog *catalog, int code, const char *what, s1_err *err);

/* A statement; finalize it with s1_catalog_end. */
S1_WARN_UNUSED
s1_rc s1_catalog_prepare(s1_catalog *catalog, const char *sql, sqlite3_stmt **ret_statement,
                         s1_err *err);
/* The next row? Errors end the statement's use. */
S1_WARN_UNUSED
s1_rc s1_catalog_step(s1_catalog *catalog, sqlite3_stmt *statement, bool *ret_has_row, s1_err *err);
/* One that gives no rows: steps it to its end and makes it ready again. */
S1_WARN_UNUSED
s1_rc s1_catalog_do(s1_catalog *catalog, sqlite3_stmt *statement, s1_err *err);
/* SQL without values. */
S1_WARN_UNUSED
s1_rc s1_catalog_run(s1_catalog *catalog, const char *sql, s1_err *err);

void s1_catalog_bind_text(sqlite3_stmt *statement, int index, s1_str text);
/* Source, pair, data type, timeframe at ?1 to ?4. */
void s1_catalog_bind_key(sqlite3_stmt *statement, const s1_stream_key *key);
/* The same out of columns `at` to `at` + 3; texts live as long as the row. */
s1_stream_key s1_catalog_column_key(sqlite3_stmt *statement, int at);
s1_str s1_catalog_column_str(sqlite3_stmt *statement, int at);
const char *s1_catalog_column_cstr(sqlite3_stmt *statement, int at);

/* Writing: BEGIN IMMEDIATE ... COMMIT; end with the code of what was done in between: an error
 * rolls back and stays what it was. */
S1_WARN_UNUSED
s1_rc s1_catalog_begin(s1_catalog *catalog, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_catalog_end(s1_catalog *catalog, s1_rc rc, s1_err *err);

/* Goes on with an empty catalogue in memory; a notice tells. */
S1_WARN_UNUSED
s1_rc s1_catalog_open_memory(s1_catalog *catalog, s1_err *err);

/* The id of a dataset; 0: it is not there. */
S1_WARN_UNUSED
s1_rc s1_catalog_dataset_id(s1_catalog *catalog, const s1_stream_key *key, int64_t *ret_id,
                            s1_err *err);

/* Forgets what was recovered, so that it can be again. */
S1_WARN_UNUSED
s1_rc s1_catalog_forget_recovered(s1_catalog *catalog, const s1_stream_key *key, s1_err *err);
/* Remembers what the provenance of a file tells of an import, unless it is known. In a
 * transaction. */
S1_WARN_UNUSED
s1_rc s1_catalog_recover_import(s1_catalog *catalog, const s1_stream_key *key, s1_str line,
                                uint64_t rows, s1_err *err);

/* Gaps and missing bars of a dataset, by its blocks. */
typedef struct s1_catalog_holes {
    uint64_t gaps, missing;
} s1_catalog_holes;
S1_WARN_UNUSED
s1_rc s1_catalog_count_holes(s1_catalog *catalog, const s1_stream_key *key, s1_catalog_holes *ret,
                             s1_err *err);

#endif /* S1_BACKEND_DATA_CATALOG_CATALOG_INTERNAL_H */
