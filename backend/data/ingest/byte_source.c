#include "backend/data/ingest/byte_source_internal.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>
#include <zlib.h>

#define PACKED_BYTES   (1u << 18)
#define PATH_BYTES_MAX 200
#define NAMES_TOLD     8u
#define GZIP_WINDOW    (15 + 16) /* zlib: the largest window, a gzip header */

enum source_kind { SOURCE_PLAIN, SOURCE_GZIP, SOURCE_ZIP };

struct s1_byte_source {
    const s1_fs *fs;
    s1_file *file; /* owned */
    const char *path;
    enum source_kind kind;
    uint64_t raw_done, raw_total;
    z_stream gzip;
    unsigned char *packed; /* owned; of gzip */
    bool has_gzip, is_between_members;
    zip_t *zip;         /* owned */
    zip_file_t *member; /* owned */
    uint64_t zip_at;    /* where libzip reads */
    uint64_t member_done, member_total;
    s1_err zip_err; /* of reading, behind libzip's back */
    zip_error_t zip_fault;
    char member_name[S1_MEMBER_NAME_MAX];
};

/* --- Gzip ------------------------------------------------------------------------------------- */

static s1_rc raise_gzip(const s1_byte_source *source, const char *what, s1_err *err)
{
    return S1_RAISE(err, S1_E_DATA,
                    "%.*s:1:1: file: found gzip data %s, expected a whole gzip file",
                    PATH_BYTES_MAX, source->path, what);
}

static s1_rc open_gzip(s1_byte_source *source, s1_err *err)
{
    source->packed = malloc(PACKED_BYTES);
    if (source->packed == NULL || inflateInit2(&source->gzip, GZIP_WINDOW) != Z_OK) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory to unpack '%.*s'", PATH_BYTES_MAX,
                        source->path);
    }
    source->has_gzip = true;
    return S1_OK;
}

static s1_rc fill_packed(s1_byte_source *source, bool *ret_is_at_end, s1_err *err)
{
    size_t got = 0;
    S1_TRY(err, s1_fs_read(source->fs, source->file, source->packed, PACKED_BYTES, &got, err));
    source->raw_done += got;
    source->gzip.next_in = source->packed;
    source->gzip.avail_in = (uInt)got;
    *ret_is_at_end = got == 0;
    return S1_OK;
}

static s1_rc read_gzip(s1_byte_source *source, void *to, size_t len, size_t *ret_len, s1_err *err)
{
    z_stream *const z = &source->gzip;
    z->next_out = to;
    z->avail_out = (uInt)(len < (1u << 30) ? len : (1u << 30));
    const uInt room = z->avail_out;
    while (z->avail_out == room) {
        bool is_at_end = false;
        if (z->avail_in == 0) {
            S1_TRY(err, fill_packed(source, &is_at_end, err));
        }
        if (is_at_end) {
            if (source->is_between_members) {
                break;
            }
            return raise_gzip(source, "that ends early", err);
        }
        if (source->is_between_members && inflateReset(z) != Z_OK) {
            return raise_gzip(source, "that is damaged", err);
        }
        const int rc = inflate(z, Z_NO_FLUSH);
        source->is_between_members = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
            return raise_gzip(source, "that is damaged", err);
        }
    }
    *ret_len = room - z->avail_out;
    return S1_OK;
}

/* --- Zip -------------------------------------------------------------------------------------- */

static zip_int64_t refuse_zip(s1_byte_source *source, int code)
{
    zip_error_set(&source->zip_fault, code, 0);
    return -1;
}

static zip_int64_t seek_zip(s1_byte_source *source, void *data, zip_uint64_t len)
{
    const zip_int64_t at = zip_source_seek_compute_offset(source->zip_at, source->raw_total, data,
                                                          len, &source->zip_fault);
    if (at < 0) {
        return -1;
    }
    source->zip_at = (uint64_t)at;
    return 0;
}

/* libzip's view of our file: what it asks for goes through the file system's table. */
static zip_int64_t on_zip(void *user, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    s1_byte_source *const source = user;
    switch ((int)command) {
    case ZIP_SOURCE_OPEN:
        source->zip_at = 0;
        return 0;
    case ZIP_SOURCE_READ: {
        size_t got = 0;
        if (s1_fs_pread(source->fs, source->file, source->zip_at, data, len, &got,
                        &source->zip_err) != S1_OK) {
            return refuse_zip(source, ZIP_ER_READ);
        }
        source->zip_at += got;
        return (zip_int64_t)got;
    }
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *const stat = data;
        zip_stat_init(stat);
        stat->valid = ZIP_STAT_SIZE;
        stat->size = source->raw_total;
        return (zip_int64_t)sizeof *stat;
    }
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&source->zip_fault, data, len);
    case ZIP_SOURCE_SEEK:
        return seek_zip(source, data, len);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)source->zip_at;
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    default:
        return refuse_zip(source, ZIP_ER_OPNOTSUPP);
    }
}

static s1_rc raise_zip(s1_byte_source *source, const char *what, s1_err *err)
{
    if (source->zip_err.code != S1_OK) {
        return S1_RAISE(err, source->zip_err.code, "%s", source->zip_err.msg);
    }
    return S1_RAISE(err, S1_E_DATA,
                    "%.*s:1:1: file: found a zip archive that does not open (%s), "
                    "expected a whole one",
                    PATH_BYTES_MAX, source->path, what);
}

typedef struct member_search {
    zip_int64_t found;
    size_t count, matches;
    char names[400]; /* of the first few, or of those that match */
    size_t used;
} member_search;

static void tell_name(member_search *search, s1_str name)
{
    const int len =
        snprintf(search->names + search->used, sizeof search->names - search->used, "%s%.*s",
                 search->used > 0 ? ", " : "", S1_STR_ARG(s1_str_slice(name, 0, 60)));
    if (len > 0 && (size_t)len < sizeof search->names - search->used) {
        search->used += (size_t)len;
    } else {
        search->names[search->used] = '\0';
    }
}

static void search_members(const s1_byte_source *source, s1_member_match match, void *user,
                           member_search *search)
{
    const zip_int64_t entries = zip_get_num_entries(source->zip, 0);
    for (zip_int64_t i = 0; i < entries; i++) {
        const s1_str name = s1_str_of(zip_get_name(source->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW));
        if (name.len == 0 || name.ptr[name.len - 1] == '/' ||
            s1_str_starts_with(name, S1_STR("__MACOSX/"))) {
            continue;
        }
        search->count++;
        const bool is_match = match == NULL || match(user, s1_str_basename(name));
        if (is_match && search->matches++ == 0) {
            search->found = i;
        }
        if (search->count <= NAMES_TOLD) {
            tell_name(search, name);
        }
    }
}

static s1_rc find_member(s1_byte_source *source, s1_member_match match, void *user,
                         zip_uint64_t *ret_index, s1_err *err)
{
    member_search search = {.found = -1};
    search_members(source, match, user, &search);
    if (search.count == 1 && search.matches == 0) { /* nothing to choose from */
        search = (member_search){.found = -1};
        search_members(source, NULL, NULL, &search);
    }
    if (search.matches != 1) {
        return S1_RAISE(err, search.matches == 0 ? S1_E_NOT_FOUND : S1_E_INVALID,
                        "'%.*s': found %zu members in the zip archive that are meant (of %zu: "
                        "%s%s), expected one: name it with --member",
                        PATH_BYTES_MAX, source->path, search.matches, search.count, search.names,
                        search.count > NAMES_TOLD ? ", ..." : "");
    }
    *ret_index = (zip_uint64_t)search.found;
    return S1_OK;
}

static s1_rc open_zip(s1_byte_source *source, s1_member_match match, void *user, s1_err *err)
{
    zip_error_t fault;
    zip_error_init(&fault);
    zip_error_init(&source->zip_fault);
    zip_source_t *const from = zip_source_function_create(on_zip, source, &fault);
    if (from == NULL) {
        zip_error_fini(&fault);
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory to unpack '%.*s'", PATH_BYTES_MAX,
                        source->path);
    }
    source->zip = zip_open_from_source(from, ZIP_RDONLY | ZIP_CHECKCONS, &fault);
    if (source->zip == NULL) {
        const s1_rc rc = raise_zip(source, zip_error_strerror(&fault), err);
        zip_source_free(from);
        zip_error_fini(&fault);
        return rc;
    }
    zip_error_fini(&fault);
    zip_uint64_t index;
    S1_TRY(err, find_member(source, match, user, &index, err));
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(source->zip, index, 0, &stat) == 0 && (stat.valid & ZIP_STAT_SIZE) != 0) {
        source->member_total = stat.size;
    }
    (void)snprintf(source->member_name, sizeof source->member_name, "%s",
                   zip_get_name(source->zip, index, ZIP_FL_ENC_RAW));
    source->member = zip_fopen_index(source->zip, index, 0);
    if (source->member == NULL) {
        return raise_zip(source, zip_strerror(source->zip), err);
    }
    return S1_OK;
}

static s1_rc read_zip(s1_byte_source *source, void *to, size_t len, size_t *ret_len, s1_err *err)
{
    const zip_int64_t got = zip_fread(source->member, to, len);
    if (got < 0) {
        return raise_zip(source, zip_file_strerror(source->member), err);
    }
    source->member_done += (uint64_t)got;
    *ret_len = (size_t)got;
    return S1_OK;
}

/* --- The whole -------------------------------------------------------------------------------- */

static s1_rc open_file(s1_byte_source *source, s1_member_match match, void *user, s1_err *err)
{
    S1_TRY(err, s1_fs_open(source->fs, source->path, S1_FS_READ, &source->file, err));
    s1_fs_info info = {0};
    S1_TRY(err, s1_fs_stat_file(source->fs, source->file, &info, err));
    if (info.type != S1_FS_FILE) {
        return S1_RAISE(err, S1_E_INVALID, "'%.*s': found no file there, expected a file of data",
                        PATH_BYTES_MAX, source->path);
    }
    source->raw_total = info.size;
    unsigned char start[4] = {0};
    size_t got = 0;
    S1_TRY(err, s1_fs_pread(source->fs, source->file, 0, start, sizeof start, &got, err));
    if (got >= 2 && start[0] == 0x1f && start[1] == 0x8b) {
        source->kind = SOURCE_GZIP;
        return open_gzip(source, err);
    }
    if (got == sizeof start && memcmp(start, "PK\x03\x04", sizeof start) == 0) {
        source->kind = SOURCE_ZIP;
        return open_zip(source, match, user, err);
    }
    return S1_OK;
}

s1_rc s1_byte_source_open(const s1_fs *fs, const char *path, s1_member_match match, void *user,
                          s1_byte_source **ret_source, s1_err *err)
{
    s1_byte_source *const source = calloc(1, sizeof *source);
    if (source == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "no memory for a file");
    }
    *source = (s1_byte_source){.fs = fs, .path = path, .zip_err = S1_ERR_INIT};
    const s1_rc rc = open_file(source, match, user, err);
    if (rc != S1_OK) {
        s1_byte_source_close(source);
        return rc;
    }
    *ret_source = source;
    return S1_OK;
}

void s1_byte_source_close(s1_byte_source *source)
{
    if (source == NULL) {
        return;
    }
    if (source->member != NULL) {
        (void)zip_fclose(source->member);
    }
    if (source->zip != NULL) {
        zip_discard(source->zip);
    }
    if (source->kind == SOURCE_ZIP) {
        zip_error_fini(&source->zip_fault);
    }
    if (source->has_gzip) {
        (void)inflateEnd(&source->gzip);
    }
    free(source->packed);
    s1_fs_drop(source->fs, source->file);
    free(source);
}

s1_rc s1_byte_source_read(s1_byte_source *source, void *to, size_t len, size_t *ret_len,
                          s1_err *err)
{
    switch (source->kind) {
    case SOURCE_GZIP:
        return read_gzip(source, to, len, ret_len, err);
    case SOURCE_ZIP:
        return read_zip(source, to, len, ret_len, err);
    case SOURCE_PLAIN:
    default:
        break;
    }
    size_t got = 0;
    S1_TRY(err, s1_fs_read(source->fs, source->file, to, len, &got, err));
    source->raw_done += got;
    *ret_len = got;
    return S1_OK;
}

uint64_t s1_byte_source_done(const s1_byte_source *source)
{
    return source->kind == SOURCE_ZIP ? source->member_done : source->raw_done;
}

uint64_t s1_byte_source_total(const s1_byte_source *source)
{
    return source->kind == SOURCE_ZIP ? source->member_total : source->raw_total;
}

bool s1_byte_source_is_packed(const s1_byte_source *source)
{
    return source->kind != SOURCE_PLAIN;
}

s1_str s1_byte_source_member(const s1_byte_source *source)
{
    return s1_str_of(source->member_name);
}
