/* backend/data/catalog/catalog.h - ARCHIVE/catalog.db: what an archive holds, without opening it.
 *
 * SQLite (WAL), metadata only: datasets, their files with hashes, blocks without holes, findings of
 * checks, imports, former versions. Nothing needs it to read data. What it tells of datasets is
 * made from the Parquet files alone and can be made again; imports and findings it remembers.
 *
 * Whoever changed a stream calls s1_catalog_note_commit afterwards: it never fails the caller.
 * Whoever asks opens, calls s1_catalog_sync (which looks at names, sizes and times of the files and
 * reads only what changed) and queries.
 *
 * A catalogue that is missing, damaged or no catalogue is put aside as catalog.db.damaged and made
 * anew, empty: the next sync fills it, imports too, as far as the files' provenance tells. In a
 * folder that cannot be written, one that is there is read; where there is none it is kept in
 * memory. One of a newer version of this program is refused and left as it is. Several processes
 * may use it at once; a writer waits up to 5 s for another.
 *
 * What moves    | who owns it
 * --------------|---------------------------------------------------------------------
 * catalogue     | the caller; s1_catalog_close (accepts NULL). One thread.
 * what is told  | borrowed from the call to its visitor, or until the next call of the catalogue
 *
 * Errors common to all functions: S1_E_DENIED locked by another process for too long, or read-only;
 * S1_E_UNSUPPORTED a newer catalogue; S1_E_DATA damaged (s1_catalog_rebuild makes a new one);
 * S1_E_IO; S1_E_NO_MEMORY; those of the persistor; those of a visitor, whose walk then ends.
 */
#ifndef S1_BACKEND_DATA_CATALOG_CATALOG_H
#define S1_BACKEND_DATA_CATALOG_CATALOG_H

#include "backend/core/interfaces/data_persistor.h"
#include "backend/data/quality/quality.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

#define S1_CATALOG_FILE "catalog.db"

typedef struct s1_catalog s1_catalog; /* opaque, heap */

/* Opens the catalogue of an archive's folder, or makes it (and only it: the folder must exist,
 * S1_E_NOT_FOUND). `fs` is borrowed. */
S1_WARN_UNUSED
s1_rc s1_catalog_open(const s1_fs *fs, const char *archive, s1_catalog **ret_catalog, s1_err *err);
void s1_catalog_close(s1_catalog *catalog);

/* What was odd at opening, for a warning: "... is damaged: put aside as ..."; "" mostly. */
const char *s1_catalog_notice(const s1_catalog *catalog);

/* --- Making it agree -------------------------------------------------------------------------- */

/* `persistor` is in all of these that of the same folder, made by s1_parquet_persistor_new. */

/* Makes the rows of one stream agree with its files, in one transaction; a stream that is no longer
 * there goes. Files that did not change (size, time, inode) are not read. */
S1_WARN_UNUSED
s1_rc s1_catalog_refresh_stream(s1_catalog *catalog, s1_data_persistor *persistor,
                                const s1_stream_key *key, s1_err *err);

/* The same for every stream whose files changed, and for those that are gone. Where nothing changed
 * no file is opened. `ret_refreshed` (streams; may be NULL). */
S1_WARN_UNUSED
s1_rc s1_catalog_sync(s1_catalog *catalog, s1_data_persistor *persistor, size_t *ret_refreshed,
                      s1_err *err);

/* For who asks: s1_catalog_sync, or s1_catalog_refresh_stream where `key` is not NULL. Where
 * another process has been writing for too long it goes on with what is there, and the notice
 * tells. */
S1_WARN_UNUSED
s1_rc s1_catalog_catch_up(s1_catalog *catalog, s1_data_persistor *persistor,
                          const s1_stream_key *key, s1_err *err);

/* Called before each stream of a reindex; anything but S1_OK ends it with that code. */
typedef s1_rc (*s1_catalog_progress)(void *user, uint64_t done, uint64_t total);

/* Forgets everything about the files and reads all of them again. Imports and findings stay, if
 * they can be read. Also mends a damaged catalogue (by way of s1_catalog_rebuild). */
S1_WARN_UNUSED
s1_rc s1_catalog_reindex(s1_catalog *catalog, s1_data_persistor *persistor,
                         s1_catalog_progress progress, void *user, size_t *ret_streams,
                         s1_err *err);

/* Puts a damaged catalogue aside and begins an empty one on the same handle. */
S1_WARN_UNUSED
s1_rc s1_catalog_rebuild(s1_catalog *catalog, s1_err *err);

/* --- What was done ---------------------------------------------------------------------------- */

/* One import, download or recording. Texts may be empty. */
typedef struct s1_catalog_import {
    s1_nanos at;       /* when, UTC; 0: not known, found in the files' provenance */
    s1_str who;        /* "import", "fetch kraken", "resample", "record": whoever wrote */
    s1_str file;       /* what was read: a path, an address */
    s1_str sha256;     /* of it */
    s1_str profile;    /* how it was read */
    uint64_t rows;     /* of it that are in the archive now */
    uint64_t rejects;  /* rows put aside */
    uint64_t replaced; /* rows that were there before */
} s1_catalog_import;

/* Remembers an import of a stream. */
S1_WARN_UNUSED
s1_rc s1_catalog_add_import(s1_catalog *catalog, const s1_stream_key *key,
                            const s1_catalog_import *import, s1_err *err);

/* For writers, after a commit: opens, refreshes the stream, adds the import (NULL: none), closes.
 * False, with the reason in *ret_why, where that did not work: a warning, for the data is
 * safe and the next sync tries again. */
bool s1_catalog_note_commit(const s1_fs *fs, const char *archive, s1_data_persistor *persistor,
                            const s1_stream_key *key, const s1_catalog_import *import,
                            s1_err *ret_why);

/* One check of a stream. */
typedef struct s1_catalog_check {
    s1_nanos at;
    s1_str session; /* of the market, as named */
    s1_str options; /* what else decided, one line */
    const s1_quality_report *report;
} s1_catalog_check;

/* Replaces the findings of a stream by those of a check of all of it as it now is. The stream must
 * be in the catalogue: S1_E_NOT_FOUND. */
S1_WARN_UNUSED
s1_rc s1_catalog_put_findings(s1_catalog *catalog, const s1_stream_key *key,
                              const s1_catalog_check *check, s1_err *err);

/* --- Queries ---------------------------------------------------------------------------------- */

typedef struct s1_catalog_dataset {
    s1_stream_key key;
    uint64_t rows, bytes;
    s1_nanos first, last; /* of the rows; bars: open times */
    uint32_t price_scale, qty_scale, file_count;
    s1_nanos spacing;        /* rows further apart than this have a gap between them */
    const char *session;     /* of the market, by which gaps and missing rows were counted */
    uint64_t gaps;           /* of bars: only those with a missing one while the market was open */
    uint64_t missing;        /* bars missing while the market was open; 0 of other types */
    double completeness;     /* rows / (rows + missing); NaN where nothing tells: no bars */
    uint64_t versions;       /* former ones */
    const char *fingerprint; /* hash over the names and hashes of the files: 64 hex digits */
    /* Of the last check; checked_at 0: none. is_check_old: the files changed since. */
    s1_nanos checked_at;
    bool is_check_old;
    uint64_t errors, warnings, infos;
} s1_catalog_dataset;
typedef s1_rc (*s1_catalog_dataset_visitor)(void *user, const s1_catalog_dataset *dataset,
                                            s1_err *err);

/* Every dataset, ordered by pair, data type, timeframe, source. */
S1_WARN_UNUSED
s1_rc s1_catalog_visit_datasets(s1_catalog *catalog, s1_catalog_dataset_visitor visit, void *user,
                                s1_err *err);
/* One; S1_E_NOT_FOUND. What it points at lives until the next call of the catalogue. */
S1_WARN_UNUSED
s1_rc s1_catalog_find(s1_catalog *catalog, const s1_stream_key *key,
                      s1_catalog_dataset *ret_dataset, s1_err *err);

/* The blocks without a gap of a stream that meet `range`, oldest first; of one that reaches out of
 * it, at least what is within. None for a stream that is not there. */
S1_WARN_UNUSED
s1_rc s1_catalog_visit_coverage(s1_catalog *catalog, const s1_stream_key *key, s1_time_range range,
                                s1_coverage_visitor visit, void *user, s1_err *err);

/* A gap: the times of the rows around it, and of bars those that miss while the market was open. */
typedef struct s1_catalog_gap {
    s1_nanos after, before; /* of the row before it and the row behind it */
    s1_nanos first, last; /* of bars: open times of the first and last missing one; else as above */
    uint64_t missing;     /* of bars; 0 of other types */
} s1_catalog_gap;
typedef s1_rc (*s1_catalog_gap_visitor)(void *user, const s1_catalog_gap *gap, s1_err *err);

/* The gaps of a stream that meet `range`, whole, oldest first; of bars only those with a missing
 * one while `session` (NULL: that of the pair) was open. */
S1_WARN_UNUSED
s1_rc s1_catalog_visit_gaps(s1_catalog *catalog, const s1_stream_key *key, s1_time_range range,
                            const s1_session *session, s1_catalog_gap_visitor visit, void *user,
                            s1_err *err);

typedef struct s1_catalog_file {
    const char *path; /* below the archive */
    uint64_t rows, bytes;
    s1_nanos first, last;
    uint32_t price_scale, qty_scale;
    const char *sha256;
} s1_catalog_file;
typedef s1_rc (*s1_catalog_file_visitor)(void *user, const s1_catalog_file *file, s1_err *err);

/* The files of a stream in the order of time. */
S1_WARN_UNUSED
s1_rc s1_catalog_visit_files(s1_catalog *catalog, const s1_stream_key *key,
                             s1_catalog_file_visitor visit, void *user, s1_err *err);

typedef s1_rc (*s1_catalog_import_visitor)(void *user, const s1_catalog_import *import,
                                           s1_err *err);
/* The imports of a stream, oldest first. */
S1_WARN_UNUSED
s1_rc s1_catalog_visit_imports(s1_catalog *catalog, const s1_stream_key *key,
                               s1_catalog_import_visitor visit, void *user, s1_err *err);

/* The former versions of a stream, oldest first. */
S1_WARN_UNUSED
s1_rc s1_catalog_visit_versions(s1_catalog *catalog, const s1_stream_key *key,
                                s1_version_visitor visit, void *user, s1_err *err);

/* The findings of the last check of a stream, by kind, then by row. */
typedef s1_rc (*s1_catalog_finding_visitor)(void *user, const s1_quality_finding *finding,
                                            s1_err *err);
S1_WARN_UNUSED
s1_rc s1_catalog_visit_findings(s1_catalog *catalog, const s1_stream_key *key,
                                s1_catalog_finding_visitor visit, void *user, s1_err *err);

#endif /* S1_BACKEND_DATA_CATALOG_CATALOG_H */
