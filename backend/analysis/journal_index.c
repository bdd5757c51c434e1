#include "backend/analysis/journal_index.h"

#include "backend/analysis/journal_index_internal.h"
#include "backend/utils/hash.h"
#include "backend/utils/text.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC     "s1jidx1"
#define SEAL_PART 256u /* of the journal's end: holds the last seal */

/* The start of the sidecar; chunk checksums follow, then the body. */
typedef struct header {
    char magic[8];
    uint64_t journal_bytes, body_bytes;
    uint64_t entries, ids, postings, threat_events;
    uint32_t chunk_count;
    uint32_t table_crc; /* of the chunk checksums */
    uint8_t head[S1_JOURNAL_HASH_SIZE];
    uint32_t reserved;
    uint32_t crc; /* of everything before it */
} header;

static void layout(s1_journal_index *index, const header *h)
{
    index->entries = h->entries;
    index->ids = h->ids;
    index->postings = h->postings;
    index->threat_events = h->threat_events;
    index->ids_at = h->entries * sizeof(s1_journal_place);
    index->postings_at = index->ids_at + h->ids * sizeof(s1_index_id);
    index->events_at = index->postings_at + h->postings * sizeof(uint32_t);
    index->body_bytes = index->events_at + h->threat_events * sizeof(s1_index_event);
    index->chunk_count = (uint32_t)((index->body_bytes + S1_INDEX_CHUNK - 1) / S1_INDEX_CHUNK);
}

void s1_journal_index_free(s1_journal_index *index)
{
    if (index == NULL) {
        return;
    }
    for (uint32_t i = 0; index->memory == NULL && index->chunks != NULL && i < index->chunk_count;
         i++) {
        free(index->chunks[i]);
    }
    if (index->file != NULL) {
        s1_fs_drop(index->fs, index->file);
    }
    free(index->chunks);
    free(index->chunk_crcs);
    free(index->memory);
    free(index);
}

int32_t s1_journal_index_source(const s1_journal_index *index)
{
    return index->source;
}

uint64_t s1_journal_index_entries(const s1_journal_index *index)
{
    return index->entries;
}

/* --- Reading the body. -------------------------------------------------------------------- */

static size_t chunk_size(const s1_journal_index *index, uint32_t chunk)
{
    const uint64_t left = index->body_bytes - (uint64_t)chunk * S1_INDEX_CHUNK;
    return left < S1_INDEX_CHUNK ? (size_t)left : S1_INDEX_CHUNK;
}

static s1_rc read_fully(const s1_fs *fs, s1_file *file, uint64_t offset, char *to, size_t size,
                        s1_err *err)
{
    for (size_t done = 0, got = 0; done < size; done += got) {
        S1_TRY(err, s1_fs_pread(fs, file, offset + done, to + done, size - done, &got, err));
        if (got == 0) {
            return S1_RAISE(err, S1_E_DATA, "the index of the journal is cut short");
        }
    }
    return S1_OK;
}

static s1_rc load_chunk(s1_journal_index *index, uint32_t chunk, s1_err *err)
{
    const size_t size = chunk_size(index, chunk);
    char *const bytes = malloc(S1_INDEX_CHUNK);
    if (bytes == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a part of an index");
    }
    s1_rc rc = read_fully(index->fs, index->file, index->body_at + (uint64_t)chunk * S1_INDEX_CHUNK,
                          bytes, size, err);
    if (rc == S1_OK && s1_crc32c(0, bytes, size) != index->chunk_crcs[chunk]) {
        rc = S1_RAISE(err, S1_E_DATA, "the index of the journal is damaged in part %u", chunk);
    }
    if (rc != S1_OK) {
        free(bytes);
        return rc;
    }
    index->chunks[chunk] = bytes;
    return S1_OK;
}

s1_rc s1_journal_index_read(s1_journal_index *index, uint64_t offset, void *to, size_t size,
                            s1_err *err)
{
    if (offset + size > index->body_bytes) {
        return S1_RAISE(err, S1_E_DATA, "the index of the journal points outside itself");
    }
    if (index->memory != NULL) {
        memcpy(to, index->memory + offset, size);
        return S1_OK;
    }
    char *out = to;
    while (size > 0) {
        const uint32_t chunk = (uint32_t)(offset / S1_INDEX_CHUNK);
        const size_t from = (size_t)(offset % S1_INDEX_CHUNK);
        const size_t part = size < S1_INDEX_CHUNK - from ? size : S1_INDEX_CHUNK - from;
        if (index->chunks[chunk] == NULL) {
            S1_TRY(err, load_chunk(index, chunk, err));
        }
        memcpy(out, index->chunks[chunk] + from, part);
        out += part;
        offset += part;
        size -= part;
    }
    return S1_OK;
}

/* --- Opening the sidecar. ----------------------------------------------------------------- */

/* The hash in the journal's last seal; false if it does not end in one. */
static bool last_hash(s1_journal_reader *reader, uint8_t ret_hash[static S1_JOURNAL_HASH_SIZE])
{
    static const char key[] = "\"sha256\":\"";
    char end[SEAL_PART];
    size_t length = 0;
    const uint64_t size = s1_journal_reader_size(reader);
    const uint64_t from = size > sizeof end ? size - sizeof end : 0;
    if (s1_journal_reader_peek(reader, from, end, sizeof end, &length, NULL) != S1_OK ||
        length == 0 || end[length - 1] != '\n') {
        return false;
    }
    const s1_str text = s1_str_make(end, length);
    const size_t at = s1_str_find(text, s1_str_of(key), 0);
    return at != S1_STR_NPOS && at + sizeof key - 1 + 64 <= length &&
           s1_hex_parse(s1_str_slice(text, at + sizeof key - 1, at + sizeof key - 1 + 64), ret_hash,
                        S1_JOURNAL_HASH_SIZE, NULL) == S1_OK;
}

static bool is_header_right(const header *h, s1_journal_reader *reader, uint64_t file_bytes)
{
    uint8_t hash[S1_JOURNAL_HASH_SIZE];
    return memcmp(h->magic, MAGIC, sizeof h->magic) == 0 &&
           h->crc == s1_crc32c(0, h, offsetof(header, crc)) &&
           h->journal_bytes == s1_journal_reader_size(reader) && last_hash(reader, hash) &&
           memcmp(hash, h->head, sizeof hash) == 0 &&
           file_bytes == sizeof *h + h->chunk_count * sizeof(uint32_t) + h->body_bytes;
}

/* Takes the sidecar if it is whole at its start and fits the journal. */
static s1_rc try_read(s1_journal_index *index, const char *path, s1_journal_reader *reader,
                      s1_err *err)
{
    header h;
    s1_fs_info info;
    S1_TRY(err, s1_fs_open(index->fs, path, S1_FS_READ, &index->file, err));
    S1_TRY(err, s1_fs_stat_file(index->fs, index->file, &info, err));
    S1_TRY(err, read_fully(index->fs, index->file, 0, (char *)&h, sizeof h, err));
    if (!is_header_right(&h, reader, info.size)) {
        return S1_RAISE(err, S1_E_DATA, "%s is not the index of this journal", path);
    }
    layout(index, &h);
    if (index->body_bytes != h.body_bytes || index->chunk_count != h.chunk_count) {
        return S1_RAISE(err, S1_E_DATA, "%s does not add up", path);
    }
    index->body_at = sizeof h + h.chunk_count * sizeof(uint32_t);
    index->chunk_crcs = calloc(h.chunk_count + 1u, sizeof *index->chunk_crcs);
    index->chunks = calloc(h.chunk_count + 1u, sizeof *index->chunks);
    if (index->chunk_crcs == NULL || index->chunks == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an index of %u parts", h.chunk_count);
    }
    S1_TRY(err, read_fully(index->fs, index->file, sizeof h, (char *)index->chunk_crcs,
                           h.chunk_count * sizeof(uint32_t), err));
    if (s1_crc32c(0, index->chunk_crcs, h.chunk_count * sizeof(uint32_t)) != h.table_crc) {
        return S1_RAISE(err, S1_E_DATA, "%s is damaged", path);
    }
    index->source = S1_INDEX_READ;
    return S1_OK;
}

/* Forgets what a sidecar that does not fit has left. */
static void reset(s1_journal_index *index)
{
    const s1_fs *const fs = index->fs;
    if (index->file != NULL) {
        s1_fs_drop(fs, index->file);
    }
    free(index->chunk_crcs);
    free(index->chunks);
    *index = (s1_journal_index){.fs = fs};
}

/* --- Writing it. -------------------------------------------------------------------------- */

static s1_rc write_parts(const s1_journal_index *index, s1_file *file, header *h, s1_err *err)
{
    uint32_t *const crcs = calloc(index->chunk_count + 1u, sizeof *crcs);
    if (crcs == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an index of %u parts", index->chunk_count);
    }
    for (uint32_t i = 0; i < index->chunk_count; i++) {
        crcs[i] = s1_crc32c(0, index->memory + (size_t)i * S1_INDEX_CHUNK, chunk_size(index, i));
    }
    h->table_crc = s1_crc32c(0, crcs, index->chunk_count * sizeof *crcs);
    h->crc = s1_crc32c(0, h, offsetof(header, crc));
    s1_rc rc = s1_fs_write_all(index->fs, file, h, sizeof *h, err);
    if (rc == S1_OK) {
        rc = s1_fs_write_all(index->fs, file, crcs, index->chunk_count * sizeof *crcs, err);
    }
    if (rc == S1_OK) {
        rc = s1_fs_write_all(index->fs, file, index->memory, (size_t)index->body_bytes, err);
    }
    free(crcs);
    return rc;
}

/* Beside the journal, whole or not at all. Not synced: it can be made again. */
static s1_rc write_sidecar(const s1_journal_index *index, const char *path, header *h, s1_err *err)
{
    char temp[S1_PATH_MAX];
    s1_file *file = NULL;
    const int length = snprintf(temp, sizeof temp, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof temp) {
        return S1_RAISE(err, S1_E_RANGE, "%s: the path is too long", path);
    }
    S1_TRY(err,
           s1_fs_open(index->fs, temp, S1_FS_WRITE | S1_FS_CREATE | S1_FS_TRUNCATE, &file, err));
    s1_rc rc = write_parts(index, file, h, err);
    const s1_rc closed = s1_fs_close(index->fs, file, rc == S1_OK ? err : NULL);
    rc = rc == S1_OK ? closed : rc;
    if (rc == S1_OK) {
        rc = s1_fs_rename(index->fs, temp, path, err);
    }
    if (rc != S1_OK) {
        (void)!s1_fs_unlink(index->fs, temp, NULL);
    }
    return rc;
}

static s1_rc make(s1_journal_index *index, const char *path, s1_journal_reader *reader, s1_err *err)
{
    header h = {.magic = MAGIC, .journal_bytes = s1_journal_reader_size(reader)};
    S1_TRY(err, s1_journal_index_build(index, reader, err));
    if (s1_journal_reader_torn_bytes(reader) > 0) {
        return S1_RAISE(err, S1_E_UNSUPPORTED, "the journal is being written: no index of it yet");
    }
    h.entries = index->entries;
    h.ids = index->ids;
    h.postings = index->postings;
    h.threat_events = index->threat_events;
    layout(index, &h);
    h.body_bytes = index->body_bytes;
    h.chunk_count = index->chunk_count;
    index->source = S1_INDEX_IN_MEMORY;
    if (last_hash(reader, h.head) && write_sidecar(index, path, &h, NULL) == S1_OK) {
        index->source = S1_INDEX_BUILT;
    }
    return S1_OK;
}

s1_rc s1_journal_index_open(const s1_fs *fs, const char *path, s1_journal_reader *reader,
                            s1_journal_index **ret_index, s1_err *err)
{
    char sidecar[S1_PATH_MAX];
    const int length = snprintf(sidecar, sizeof sidecar, "%s" S1_JOURNAL_INDEX_SUFFIX, path);
    if (length < 0 || (size_t)length >= sizeof sidecar) {
        return S1_RAISE(err, S1_E_RANGE, "%s: the path is too long", path);
    }
    s1_journal_index *const index = calloc(1, sizeof *index);
    if (index == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "an index");
    }
    index->fs = fs;
    s1_journal_reader_select(reader, NULL, 0);
    s1_rc rc = s1_fs_is_file(fs, sidecar) ? try_read(index, sidecar, reader, NULL) : S1_E_NOT_FOUND;
    if (rc != S1_OK) {
        reset(index);
        rc = make(index, sidecar, reader, err);
    }
    s1_journal_reader_rewind(reader);
    if (rc != S1_OK) {
        s1_journal_index_free(index);
        return rc;
    }
    *ret_index = index;
    return S1_OK;
}

void s1_journal_index_drop(const s1_fs *fs, const char *path)
{
    char sidecar[S1_PATH_MAX];
    const int length = snprintf(sidecar, sizeof sidecar, "%s" S1_JOURNAL_INDEX_SUFFIX, path);
    if (length > 0 && (size_t)length < sizeof sidecar) {
        (void)!s1_fs_unlink(fs, sidecar, NULL);
    }
}
