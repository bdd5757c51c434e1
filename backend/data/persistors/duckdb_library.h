/* backend/data/persistors/duckdb_library.h - DuckDB, loaded when it is first needed.
 *
 * libduckdb.so is opened with dlopen by the first call that needs it, never linked, so that what
 * needs no archive starts without its 70 MB. Its version must be S1_DUCKDB_VERSION. One in-memory
 * database per s1_duckdb; extensions are neither installed nor loaded by themselves. DuckDB opens
 * its own files (a listed exception to the fs seam).
 *
 * Where the library is looked for, first hit wins:
 *   options.library_path; else
 *   $S1_DUCKDB (a file; set but absent is an error, not a miss); else
 *   <exe dir>/lib/, <exe dir>/../lib/, <exe dir>/../lib/s1mpletrader/,
 *   <exe dir>/../lib/x86_64-linux-gnu/s1mpletrader/, <exe dir>/../../.deps/duckdb/lib/
 *
 * One s1_duckdb belongs to one thread until s1_duckdb_open has succeeded; from then on persistors
 * on several threads may share it, each with a connection of its own. The library is never
 * unloaded.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_DUCKDB_LIBRARY_H
#define S1_BACKEND_DATA_PERSISTORS_DUCKDB_LIBRARY_H

#include "s1mple/base.h"

#define S1_DUCKDB_VERSION "v1.5.6"

typedef struct s1_duckdb s1_duckdb;

typedef struct s1_duckdb_options {
    const char *library_path; /* a file; NULL: look in the places above */
    uint32_t threads;         /* of DuckDB; 0: 1, which loads fastest per core and stays in order */
    uint32_t memory_mib_max;  /* of DuckDB; 0: 1024 */
} s1_duckdb_options;

/* Keeps the options, opens nothing. `options` may be NULL (all defaults) and is copied. Errors:
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_duckdb_new(const s1_duckdb_options *options, s1_duckdb **ret_duckdb, s1_err *err);

/* Loads the library and opens the database now; a second call does nothing. Errors:
 * S1_E_NOT_FOUND with the places looked at, S1_E_UNSUPPORTED for another version, S1_E_ABI for a
 * missing symbol, S1_E_IO for what dlopen or DuckDB says. */
S1_WARN_UNUSED
s1_rc s1_duckdb_open(s1_duckdb *duckdb, s1_err *err);

/* Has the library been loaded? (A run that never touched an archive answers false.) */
bool s1_duckdb_is_open(const s1_duckdb *duckdb);

/* Closes the database; everything that uses it must be freed before. Accepts NULL. */
void s1_duckdb_free(s1_duckdb *duckdb);

#endif /* S1_BACKEND_DATA_PERSISTORS_DUCKDB_LIBRARY_H */
