/* backend/data/persistors/archive_internal.h - a stream of an archive: its folders and files, how
 * they are read and how a new version takes their place. Only for backend/data/persistors.
 *
 *   ARCHIVE/<stream>/...                  the current version: what parquet_persistor.h tells
 *   ARCHIVE/.versions/<stream>/NNNNNN-<hash>/...  former ones in order, by content hash; hard links
 *   ARCHIVE/.next/<stream>/...            the next one while it is written; a leftover otherwise
 *   ARCHIVE/.locks/<stream>.lock          one writer at a time ('+' for '/')
 *
 * <stream> is [source=NAME/]BASE_QUOTE/<timeframe or data type>.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_ARCHIVE_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_ARCHIVE_INTERNAL_H

#include "backend/data/persistors/parquet_internal.h"
#include "backend/data/persistors/row_buffer_internal.h"

#define S1_ARCHIVE_STREAM_MAX 128u /* "source=.../BASE_QUOTE/1h" with the NUL */
#define S1_ARCHIVE_TAIL_MAX   64u  /* "year=2020/month=03/trades-0002.parquet" with the NUL */
#define S1_ARCHIVE_FILE_ROWS  (1u << 21)

/* Metadata and hash of files looked at before. They hold while path, length, time and number of
 * each file do: an archive's files are never changed in place. */
typedef struct s1_archive_known s1_archive_known;

/* Where the files of one version of a stream lie. */
typedef struct s1_archive_place {
    const s1_fs *fs;
    s1_duckdb *duckdb;
    const s1_stream_key *key;           /* borrowed; checked */
    s1_archive_known *known;            /* borrowed; NULL: all is read anew */
    char stream[S1_ARCHIVE_STREAM_MAX]; /* below the archive */
    char root[S1_PATH_MAX];             /* the folder: ARCHIVE/stream, or that of a version */
    char versions[S1_PATH_MAX];         /* ARCHIVE/.versions/stream */
} s1_archive_place;

/* The current version of a stream. Errors: S1_E_RANGE for a path too long. */
S1_WARN_UNUSED
s1_rc s1_archive_place_init(s1_archive_place *place, const s1_parquet_options *archive,
                            const s1_stream_key *key, s1_err *err);

/* Where a stream of a persistor lies: of the archive, or of the version it is. */
S1_WARN_UNUSED
s1_rc s1_parquet_place(s1_data_persistor *persistor, const s1_stream_key *key,
                       s1_archive_place *ret_place, s1_err *err);

/* --- Files ------------------------------------------------------------------------------------ */

/* One file of a stream, as its metadata tells. */
typedef struct s1_archive_file {
    char path[S1_PATH_MAX];
    int32_t period; /* years or months since 1970 */
    uint32_t part;  /* of the period, from 1 */
    uint32_t columns;
    s1_market_scales scales;
    uint64_t rows, bytes;
    s1_nanos first, last;
    uint64_t inode;
    s1_nanos modified;
} s1_archive_file;

/* The files of a stream in order of time. Zero-initialise. */
typedef struct s1_archive_files {
    s1_archive_file *items; /* owned */
    size_t count;
    size_t capacity;
} s1_archive_files;

/* Lists a stream's files and reads their metadata; none is no error (count 0). Errors: S1_E_IO;
 * S1_E_DATA for a file that is corrupt, foreign or of another stream. */
S1_WARN_UNUSED
s1_rc s1_archive_files_load(const s1_archive_place *place, s1_archive_files *ret_files,
                            s1_err *err);
void s1_archive_files_done(s1_archive_files *files);

/* Appends a file. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_archive_files_add(s1_archive_files *files, const s1_archive_file *file, s1_err *err);

/* SHA-256 over the name below the archive, the length and the bytes of each file. */
S1_WARN_UNUSED
s1_rc s1_archive_hash(const s1_archive_place *place, const s1_archive_files *files,
                      char ret_hex[static S1_SHA256_HEX], s1_err *err);

/* What is known of the files of a stream without reading them again. */
struct s1_archive_known {
    s1_archive_files files;   /* owned */
    char hash[S1_SHA256_HEX]; /* "": not asked for yet */
};
void s1_archive_known_done(s1_archive_known *known); /* also of a zeroed one */

/* As s1_archive_hash, from place->known where it is of these files. */
S1_WARN_UNUSED
s1_rc s1_archive_hash_known(const s1_archive_place *place, const s1_archive_files *files,
                            char ret_hex[static S1_SHA256_HEX], s1_err *err);

/* Which file of the stream a time belongs to: a count of years or months since 1970. */
int32_t s1_archive_period(int32_t data_type, s1_nanos time);
/* The first time of a period. */
s1_nanos s1_archive_period_start(int32_t data_type, int32_t period);
/* Folder and name of a file below the stream's folder. */
void s1_archive_tail(int32_t data_type, int32_t period, uint32_t part,
                     char ret_tail[static S1_ARCHIVE_TAIL_MAX]);

/* The metadata of a file, as tags to write. */
#define S1_ARCHIVE_TAGS_MAX 16u
typedef struct s1_archive_tags {
    s1_parquet_tag items[S1_ARCHIVE_TAGS_MAX];
    size_t count;
    char columns[128];
} s1_archive_tags;
/* `provenance` is borrowed; "": none. */
void s1_archive_tags_init(s1_archive_tags *tags, const s1_stream_key *key,
                          const s1_archive_file *file, const char *provenance);

/* Appends the lines of a file's provenance, if it has one. */
S1_WARN_UNUSED
s1_rc s1_archive_add_provenance(const s1_archive_place *place, const s1_archive_file *file,
                                s1_strbuf *lines, s1_err *err);

/* --- Reading ---------------------------------------------------------------------------------- */

/* Goes through the files of a stream, chunk by chunk. */
typedef struct s1_archive_cursor {
    const s1_fs *fs;
    s1_duckdb *duckdb;
    s1_archive_files files; /* owned */
    size_t file_next;       /* index of the file to open next */
    int32_t data_type;
    uint32_t columns; /* bits of those that are given */
    s1_time_range range;
    s1_market_scales scales;
    s1_duckdb_stream stream; /* of the file open now */
    bool is_open;
    uint64_t rows_total;
    uint64_t rows_seen;
    s1_nanos last_time;
    char what[S1_STREAM_TEXT_MAX + 16];
    size_t root_len;            /* of the paths of the files: what follows is their name below it */
    char versions[S1_PATH_MAX]; /* where a file is found that a commit has taken from its place */
    const void *values[S1_MARKET_COLUMNS_MAX]; /* of the current chunk; NULL: not given */
} s1_archive_cursor;

/* Opens the rows of `range`; takes `files`. `columns`: bits of those wanted; an optional one is
 * given if all files of the range have it. Values come at the largest scale of the files, or at
 * `scales_min` where that is larger. On failure nothing is left open and `files` is released. */
S1_WARN_UNUSED
s1_rc s1_archive_cursor_open(const s1_archive_place *place, s1_archive_files *files,
                             s1_time_range range, uint32_t columns, s1_market_scales scales_min,
                             s1_archive_cursor *ret_cursor, s1_err *err);
/* The next chunk: cursor->values, valid until the next call. 0 rows at the end. Errors: S1_E_DATA
 * also if the stream was replaced since the files were listed, and the version not kept. */
S1_WARN_UNUSED
s1_rc s1_archive_cursor_next(s1_archive_cursor *cursor, size_t *ret_rows, s1_err *err);
void s1_archive_cursor_close(s1_archive_cursor *cursor); /* also of a zeroed one */

/* --- Writing ---------------------------------------------------------------------------------- */

/* As s1_data_open_writer. `known` is the persistor's. */
S1_WARN_UNUSED
s1_rc s1_archive_open_writer(const s1_parquet_options *archive, s1_archive_known *known,
                             const s1_stream_key *key, const s1_writer_options *options,
                             s1_data_writer **ret_writer, s1_err *err);

/* Takes the lock of a stream and removes what a killed writer left. */
typedef struct s1_folder_lock s1_folder_lock;
S1_WARN_UNUSED
s1_rc s1_archive_lock(const s1_parquet_options *archive, const s1_archive_place *place,
                      s1_folder_lock **ret_lock, s1_err *err);

/* The folder in which the next version is made. */
S1_WARN_UNUSED
s1_rc s1_archive_next_path(const s1_parquet_options *archive, const s1_archive_place *place,
                           char ret_path[static S1_PATH_MAX], s1_err *err);

/* Puts the finished folder `next` in the place of the stream, in one step and durably; keeps the
 * files that stood there under `former_hash`, unless that is "". */
S1_WARN_UNUSED
s1_rc s1_archive_publish(const s1_parquet_options *archive, const s1_archive_place *place,
                         const char *next, const s1_archive_files *former, const char *former_hash,
                         s1_err *err);

/* --- Versions --------------------------------------------------------------------------------- */

/* As s1_data_list_versions and s1_data_prune_versions. */
S1_WARN_UNUSED
s1_rc s1_archive_list_versions(const s1_parquet_options *archive, const s1_stream_key *key,
                               s1_version_visitor visit, void *user, s1_err *err);
S1_WARN_UNUSED
s1_rc s1_archive_prune_versions(const s1_parquet_options *archive, const s1_stream_key *key,
                                uint64_t keep_count, uint64_t *ret_removed, s1_err *err);

/* The folder of a version. Errors: S1_E_NOT_FOUND. */
S1_WARN_UNUSED
s1_rc s1_archive_find_version(const s1_parquet_options *archive, const s1_stream_key *key,
                              const char *content_hash, char ret_root[static S1_PATH_MAX],
                              s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_ARCHIVE_INTERNAL_H */
