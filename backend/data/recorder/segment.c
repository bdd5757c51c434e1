#include "backend/data/recorder/segment.h"

#include "backend/utils/assert.h"
#include "backend/utils/hash.h"

#include <stdlib.h>

#define MAGIC       "S1SEGMNT"
#define VERSION     1u
#define FRAME_MAGIC 0x5331464du /* "MF1S" */

/* Both are written as they lie in memory: x86-64 only, as the program. */
typedef struct segment_header {
    char magic[8];
    uint32_t version;
    int32_t data_type;
    s1_nanos created;
    char asset_pair[S1_PAIR_TEXT_MAX + 1];
    char source[S1_SOURCE_TEXT_MAX + 1];
    char reserved[30];
    uint32_t row_bytes;
    uint32_t crc; /* of all before it */
} segment_header;
_Static_assert(sizeof(segment_header) == 128, "the file's first bytes");
_Static_assert(sizeof(s1_stream_row) == 72, "rows are stored as they are");

typedef struct frame_header {
    uint32_t magic;
    uint32_t rows;
    uint64_t first; /* number of the first row in the file */
    uint32_t crc;   /* of the three members before it and the rows behind it */
    uint32_t reserved;
} frame_header;
_Static_assert(sizeof(frame_header) == 24, "what stands before rows");

struct s1_segment_writer {
    const s1_fs *fs; /* borrowed */
    s1_file *file;
    uint64_t rows;
    bool has_failed;
    unsigned char frame[sizeof(frame_header) + S1_SEGMENT_FRAME_ROWS_MAX * sizeof(s1_stream_row)];
};

static uint32_t frame_crc(const frame_header *header, const void *rows)
{
    const uint32_t crc = s1_crc32c(0, header, offsetof(frame_header, crc));
    return s1_crc32c(crc, rows, header->rows * sizeof(s1_stream_row));
}

/* --- Writing. --- */

static void fill_header(segment_header *header, const s1_stream_key *key, s1_nanos created)
{
    memset(header, 0, sizeof *header);
    memcpy(header->magic, MAGIC, sizeof header->magic);
    header->version = VERSION;
    header->data_type = key->data_type;
    header->created = created;
    header->row_bytes = sizeof(s1_stream_row);
    memcpy(header->asset_pair, key->asset_pair.ptr, key->asset_pair.len);
    if (key->source.len > 0) {
        memcpy(header->source, key->source.ptr, key->source.len);
    }
    header->crc = s1_crc32c(0, header, offsetof(segment_header, crc));
}

s1_rc s1_segment_create(const s1_fs *fs, const char *path, const s1_stream_key *key,
                        s1_nanos created, s1_segment_writer **ret_writer, s1_err *err)
{
    segment_header header;
    S1_TRY(err, s1_stream_key_check(key, err));
    fill_header(&header, key, created);
    s1_segment_writer *const writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a segment's writer");
    }
    writer->fs = fs;
    s1_rc rc = s1_fs_open(fs, path, S1_FS_WRITE | S1_FS_CREATE | S1_FS_EXCLUSIVE | S1_FS_APPEND,
                          &writer->file, err);
    if (rc == S1_OK) {
        rc = s1_fs_write_all(fs, writer->file, &header, sizeof header, err);
    }
    if (rc == S1_OK) {
        rc = s1_fs_fsync(fs, writer->file, err);
    }
    if (rc == S1_OK) {
        rc = s1_fs_fsync_parent(fs, path, err);
    }
    if (rc != S1_OK) {
        s1_segment_close(writer);
        return rc;
    }
    *ret_writer = writer;
    return S1_OK;
}

static s1_rc append_frame(s1_segment_writer *writer, const s1_stream_row *rows, size_t count,
                          s1_err *err)
{
    frame_header header = {.magic = FRAME_MAGIC, .rows = (uint32_t)count, .first = writer->rows};
    const size_t bytes = count * sizeof *rows;
    header.crc = frame_crc(&header, rows);
    memcpy(writer->frame, &header, sizeof header);
    memcpy(writer->frame + sizeof header, rows, bytes);
    writer->has_failed = true; /* unless all of it is written */
    S1_TRY(err,
           s1_fs_write_all(writer->fs, writer->file, writer->frame, sizeof header + bytes, err));
    writer->has_failed = false;
    writer->rows += count;
    return S1_OK;
}

static s1_rc check_usable(const s1_segment_writer *writer, s1_err *err)
{
    if (writer->has_failed) {
        return S1_RAISE(err, S1_E_STORAGE, "a segment that failed before takes nothing more");
    }
    return S1_OK;
}

s1_rc s1_segment_append(s1_segment_writer *writer, const s1_stream_row *rows, size_t count,
                        s1_err *err)
{
    S1_TRY(err, check_usable(writer, err));
    for (size_t at = 0; at < count;) {
        const size_t part =
            count - at < S1_SEGMENT_FRAME_ROWS_MAX ? count - at : S1_SEGMENT_FRAME_ROWS_MAX;
        S1_TRY(err, append_frame(writer, rows + at, part, err));
        at += part;
    }
    return S1_OK;
}

s1_rc s1_segment_sync(s1_segment_writer *writer, s1_err *err)
{
    S1_TRY(err, check_usable(writer, err));
    writer->has_failed = true;
    S1_TRY(err, s1_fs_fsync(writer->fs, writer->file, err));
    writer->has_failed = false;
    return S1_OK;
}

void s1_segment_close(s1_segment_writer *writer)
{
    if (writer != NULL) {
        s1_fs_drop(writer->fs, writer->file);
        free(writer);
    }
}

/* --- Reading. --- */

/* A whole frame at `at`? *ret_header is then its header. */
static bool is_frame(s1_str bytes, size_t at, frame_header *ret_header)
{
    if (bytes.len - at < sizeof *ret_header) {
        return false;
    }
    memcpy(ret_header, bytes.ptr + at, sizeof *ret_header);
    const size_t left = bytes.len - at - sizeof *ret_header;
    return ret_header->magic == FRAME_MAGIC && ret_header->rows > 0 &&
           ret_header->rows <= S1_SEGMENT_FRAME_ROWS_MAX && ret_header->reserved == 0 &&
           left / sizeof(s1_stream_row) >= ret_header->rows &&
           frame_crc(ret_header, bytes.ptr + at + sizeof *ret_header) == ret_header->crc;
}

static s1_rc read_header(s1_str bytes, const char *name, s1_segment_info *ret_info, s1_err *err)
{
    segment_header header;
    memcpy(&header, bytes.ptr, sizeof header);
    if (memcmp(header.magic, MAGIC, sizeof header.magic) != 0 ||
        header.crc != s1_crc32c(0, &header, offsetof(segment_header, crc))) {
        ret_info->is_header_damaged = true;
        return S1_OK;
    }
    if (header.version != VERSION || header.row_bytes != sizeof(s1_stream_row) ||
        header.asset_pair[S1_PAIR_TEXT_MAX] != '\0' || header.source[S1_SOURCE_TEXT_MAX] != '\0') {
        return S1_RAISE(err, S1_E_DATA,
                        "%s: found a segment of version %u with rows of %u bytes, expected %u "
                        "and %zu",
                        name, header.version, header.row_bytes, VERSION, sizeof(s1_stream_row));
    }
    memcpy(ret_info->asset_pair, header.asset_pair, sizeof ret_info->asset_pair);
    memcpy(ret_info->source, header.source, sizeof ret_info->source);
    ret_info->data_type = header.data_type;
    ret_info->created = header.created;
    const s1_stream_key key = {.asset_pair = s1_str_of(ret_info->asset_pair),
                               .data_type = header.data_type,
                               .source = s1_str_of(ret_info->source)};
    if (s1_stream_key_check(&key, NULL) != S1_OK) {
        return S1_RAISE(err, S1_E_DATA, "%s: found a stream that cannot be: '%s' of '%s', type %d",
                        name, ret_info->asset_pair, ret_info->source, header.data_type);
    }
    return S1_OK;
}

static s1_rc give_rows(const char *from, size_t count, s1_segment_visitor visit, void *user,
                       s1_err *err)
{
    s1_stream_row rows[64]; /* the bytes of a file need not be aligned */
    for (size_t at = 0; at < count;) {
        const size_t part = count - at < 64 ? count - at : 64;
        memcpy(rows, from + at * sizeof rows[0], part * sizeof rows[0]);
        S1_TRY(err, visit(user, rows, part, err));
        at += part;
    }
    return S1_OK;
}

s1_rc s1_segment_parse(s1_str bytes, const char *name, s1_segment_visitor visit, void *user,
                       s1_segment_info *ret_info, s1_err *err)
{
    s1_segment_info info = {.bytes_torn = bytes.len};
    uint64_t next = 0;
    if (bytes.len < sizeof(segment_header)) {
        *ret_info = info;
        return S1_OK;
    }
    S1_TRY(err, read_header(bytes, name, &info, err));
    size_t whole = sizeof(segment_header);
    for (size_t at = whole; at < bytes.len;) {
        frame_header header;
        if (!is_frame(bytes, at, &header) || header.first < next) {
            at++;
            continue;
        }
        const size_t length = sizeof header + header.rows * sizeof(s1_stream_row);
        S1_TRY(err, give_rows(bytes.ptr + at + sizeof header, header.rows, visit, user, err));
        info.rows_damaged += header.first - next;
        info.rows += header.rows;
        next = header.first + header.rows;
        at += length;
        whole = at;
    }
    info.bytes_torn = bytes.len - whole;
    *ret_info = info;
    return S1_OK;
}

s1_rc s1_segment_read(const s1_fs *fs, const char *path, s1_segment_visitor visit, void *user,
                      s1_segment_info *ret_info, s1_err *err)
{
    s1_strbuf bytes;
    s1_strbuf_init(&bytes, S1_SEGMENT_BYTES_MAX);
    s1_rc rc = s1_fs_read_all(fs, path, S1_SEGMENT_BYTES_MAX, &bytes, err);
    if (rc == S1_OK) {
        rc = s1_segment_parse(s1_strbuf_view(&bytes), path, visit, user, ret_info, err);
    }
    s1_strbuf_done(&bytes);
    return rc;
}
