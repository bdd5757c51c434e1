#include "backend/data/persistors/duckdb_library.h"

#include "backend/data/persistors/duckdb_internal.h"
#include "backend/data/persistors/parquet_internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/late_library.h"
#include "s1mple/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_DEFAULT    1u
#define MEMORY_MIB_DEFAULT 1024u

/* A process has one libduckdb: callbacks from it are told nothing, so they must know its functions.
 * Written once, under the lock, and constant from then on. */
static struct {
    pthread_mutex_t lock;
    void *handle;
    s1_duckdb_api api;
} process_library = {.lock = PTHREAD_MUTEX_INITIALIZER};

const s1_duckdb_api *s1_duckdb_process_api(void)
{
    return &process_library.api;
}

s1_rc s1_duckdb_new(const s1_duckdb_options *options, s1_duckdb **ret_duckdb, s1_err *err)
{
    const s1_duckdb_options defaults = {0};
    if (options == NULL) {
        options = &defaults;
    }
    s1_duckdb *duckdb = calloc(1, sizeof *duckdb);
    if (duckdb == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a database handle");
    }
    duckdb->threads = options->threads == 0 ? THREADS_DEFAULT : options->threads;
    duckdb->memory_mib_max =
        options->memory_mib_max == 0 ? MEMORY_MIB_DEFAULT : options->memory_mib_max;
    if (options->library_path != NULL) {
        duckdb->library_path = s1_str_dup(s1_str_of(options->library_path));
        if (duckdb->library_path == NULL) {
            free(duckdb);
            return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a path");
        }
    }
    *ret_duckdb = duckdb;
    return S1_OK;
}

/* Where the library lies. Order as in the header. */
static s1_rc find_library(const s1_duckdb *duckdb, char ret_path[static S1_PATH_MAX], s1_err *err)
{
    static const char *const beside[] = {"lib", "../lib", "../lib/s1mpletrader",
                                         "../lib/x86_64-linux-gnu/s1mpletrader",
                                         "../../.deps/duckdb/lib"};
    const s1_late_library library = {.what = "DuckDB",
                                     .file = "libduckdb.so",
                                     .variable = "S1_DUCKDB",
                                     .named = duckdb->library_path,
                                     .advice = "make setup",
                                     .beside = beside,
                                     .beside_count = sizeof beside / sizeof beside[0]};
    return s1_late_library_find(&library, ret_path, err);
}

static s1_rc bind_api(void *handle, const char *path, s1_duckdb_api *ret_api, s1_err *err)
{
    if (!s1_late_library_bind(handle, "duckdb_library_version", &ret_api->library_version)) {
        return S1_RAISE(err, S1_E_ABI, "DuckDB library '%s': it has no duckdb_library_version",
                        path);
    }
    const char *version = ret_api->library_version();
    if (strcmp(version, S1_DUCKDB_VERSION) != 0) {
        return S1_RAISE(err, S1_E_UNSUPPORTED,
                        "DuckDB library '%s': found version %s, expected " S1_DUCKDB_VERSION, path,
                        version);
    }
#define X(name)                                                                                    \
    if (!s1_late_library_bind(handle, "duckdb_" #name, &ret_api->name)) {                          \
        return S1_RAISE(err, S1_E_ABI, "DuckDB library '%s': it has no duckdb_" #name, path);      \
    }
    S1_DUCKDB_SYMBOL_MAP(X)
#undef X
    return S1_OK;
}

/* Under the lock. Loads the library, or sees that it is the one loaded already. */
static s1_rc load_library(const char *path, s1_err *err)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL) {
        return S1_RAISE(err, S1_E_IO, "DuckDB library: %s", dlerror());
    }
    if (process_library.handle != NULL) {
        const bool is_same = process_library.handle == handle;
        (void)dlclose(handle); /* the first load keeps it */
        return is_same
                   ? S1_OK
                   : S1_RAISE(err, S1_E_DENIED,
                              "DuckDB library '%s': another one is loaded in this process", path);
    }
    s1_duckdb_api api;
    const s1_rc rc = bind_api(handle, path, &api, err);
    if (rc != S1_OK) {
        (void)dlclose(handle);
        return rc;
    }
    process_library.api = api;
    process_library.handle = handle;
    return S1_OK;
}

/* Spilling is off (it would write into the working directory), and so is every way by which DuckDB
 * might load code. */
static s1_rc open_database(s1_duckdb *duckdb, const s1_duckdb_api *api,
                           duckdb_database *ret_database, s1_err *err)
{
    char threads[16];
    char memory[24];
    (void)snprintf(threads, sizeof threads, "%u", duckdb->threads);
    (void)snprintf(memory, sizeof memory, "%uMiB", duckdb->memory_mib_max);
    const struct {
        const char *name;
        const char *value;
    } settings[] = {
        {"threads", threads},
        {"memory_limit", memory},
        {"temp_directory", ""},
        {"autoinstall_known_extensions", "false"},
        {"autoload_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"preserve_insertion_order", "true"},
    };
    duckdb_config config = NULL;
    if (api->create_config(&config) != DuckDBSuccess) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "DuckDB gave no configuration");
    }
    s1_rc rc = S1_OK;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && rc == S1_OK; i++) {
        if (api->set_config(config, settings[i].name, settings[i].value) != DuckDBSuccess) {
            rc = S1_RAISE(err, S1_E_INVALID, "DuckDB refused the setting %s = '%s'",
                          settings[i].name, settings[i].value);
        }
    }
    char *message = NULL;
    duckdb_database database = NULL;
    if (rc == S1_OK && api->open_ext(NULL, &database, config, &message) != DuckDBSuccess) {
        rc = S1_RAISE(err, S1_E_IO, "DuckDB did not open: %s",
                      message != NULL ? message : "it gave no reason");
        api->free(message);
    }
    api->destroy_config(&config);
    if (rc == S1_OK) {
        *ret_database = database;
    }
    return rc;
}

s1_rc s1_duckdb_open(s1_duckdb *duckdb, s1_err *err)
{
    if (duckdb->api != NULL) {
        return S1_OK;
    }
    char path[S1_PATH_MAX];
    S1_TRY(err, find_library(duckdb, path, err));
    (void)pthread_mutex_lock(&process_library.lock);
    const s1_rc loaded = load_library(path, err);
    (void)pthread_mutex_unlock(&process_library.lock);
    S1_TRY(err, loaded);
    const s1_duckdb_api *api = &process_library.api;
    duckdb_database database;
    S1_TRY(err, open_database(duckdb, api, &database, err));
    const s1_rc rc = s1_parquet_register_source(api, database, err);
    if (rc != S1_OK) {
        api->close(&database);
        return rc;
    }
    duckdb->database = database;
    duckdb->api = api;
    return S1_OK;
}

bool s1_duckdb_is_open(const s1_duckdb *duckdb)
{
    return duckdb->api != NULL;
}

void s1_duckdb_free(s1_duckdb *duckdb)
{
    if (duckdb == NULL) {
        return;
    }
    if (duckdb->api != NULL) {
        duckdb->api->close(&duckdb->database);
    }
    free(duckdb->library_path);
    free(duckdb);
}
