#include "backend/core/journal_reader.h"

#include "backend/core/journal.h"
#include "backend/core/journal_internal.h"
#include "backend/core/journal_json.h"
#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "backend/utils/json_memory.h"
#include "backend/utils/text.h"
#include "backend/utils/timefmt.h"
#include "backend/utils/uid.h"
#include "s1mple/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX   S1_JOURNAL_BLOCK_BYTES_MAX
#define SECTOR      512u
#define WINDOW_SIZE (4u * BLOCK_MAX)
/* A shorter line cannot be an entry (its fixed text alone is longer), so a block holds no more. */
#define LINE_MIN    100u
#define ENTRIES_MAX (BLOCK_MAX / LINE_MIN + 1u)

/* One file of a journal. The last one may still grow. */
typedef struct segment {
    s1_file *file;
    uint64_t start, size; /* in the journal; of the file when it was opened */
} segment;

struct s1_journal_reader {
    s1_journal_source source;
    const s1_fs *fs;   /* of a reader that opened its own files; else NULL */
    segment *segments; /* [segment_count] of them, in order */
    uint32_t segment_count;
    const s1_journal_place *places; /* [place_count] of a selection; NULL: every line */
    size_t place_count, place_next;
    char *window; /* [WINDOW_SIZE] bytes of the journal from window_offset on */
    size_t window_length;
    uint64_t window_offset;
    bool is_at_end; /* the source has nothing behind the window */
    s1_sha256 *digest;

    uint64_t offset;                   /* of the next block */
    uint64_t line_number, seq, blocks; /* of what was read so far */
    uint8_t chain[S1_JOURNAL_HASH_SIZE];
    bool is_chain_known;

    s1_journal_entry *entries; /* [ENTRIES_MAX] of the block that was read */
    size_t entry_count, entry_next;
    bool is_done; /* nothing behind this block */
    uint64_t torn_bytes, torn_line;
    int32_t fault; /* enum s1_journal_fault */
    uint64_t fault_line, fault_offset;
    char reason[256];
};

/* --- Sources -------------------------------------------------------------------------------- */

static uint64_t start_of_file(void *self, uint64_t offset)
{
    const s1_journal_reader *reader = self;
    uint32_t at = reader->segment_count - 1;
    while (at > 0 && reader->segments[at].start > offset) {
        at--;
    }
    return reader->segments[at].start;
}

static s1_rc read_file(void *self, uint64_t offset, void *buffer, size_t capacity,
                       size_t *ret_length, s1_err *err)
{
    const s1_journal_reader *reader = self;
    uint32_t at = reader->segment_count - 1;
    while (at > 0 && reader->segments[at].start > offset) {
        at--;
    }
    const segment *here = &reader->segments[at];
    const uint64_t from = offset - here->start;
    if (at + 1 < reader->segment_count) { /* what stands behind it is the next segment's */
        const uint64_t left = here->size - from;
        capacity = left < capacity ? (size_t)left : capacity;
    }
    return s1_fs_pread(reader->fs, here->file, from, buffer, capacity, ret_length, err);
}

static s1_rc read_persistor(void *self, uint64_t offset, void *buffer, size_t capacity,
                            size_t *ret_length, s1_err *err)
{
    return s1_journal_persistor_read_at(self, offset, buffer, capacity, ret_length, err);
}

/* The source does not change the text it points to; `self` is just not typed. */
typedef union text_pointer {
    void *self;
    const s1_str *text;
} text_pointer;

static s1_rc read_bytes(void *self, uint64_t offset, void *buffer, size_t capacity,
                        size_t *ret_length, s1_err *err)
{
    (void)err;
    const s1_str *text = ((text_pointer){.self = self}).text;
    const size_t left = offset < text->len ? text->len - (size_t)offset : 0;
    const size_t length = left < capacity ? left : capacity;
    if (length > 0) {
        memcpy(buffer, text->ptr + offset, length);
    }
    *ret_length = length;
    return S1_OK;
}

s1_journal_source s1_journal_source_of(s1_journal_persistor *persistor)
{
    return (s1_journal_source){persistor, read_persistor, NULL};
}

s1_journal_source s1_journal_source_bytes(const s1_str *bytes)
{
    return (s1_journal_source){((text_pointer){.text = bytes}).self, read_bytes, NULL};
}

/* --- Lifetime ------------------------------------------------------------------------------- */

s1_rc s1_journal_reader_new(const s1_journal_source *source, s1_journal_reader **ret_reader,
                            s1_err *err)
{
    s1_journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal reader");
    }
    reader->source = *source;
    reader->window = malloc(WINDOW_SIZE);
    reader->entries = malloc(ENTRIES_MAX * sizeof *reader->entries);
    if (reader->window == NULL || reader->entries == NULL ||
        s1_sha256_new(&reader->digest, NULL) != S1_OK) {
        s1_journal_reader_free(reader);
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal reader: window of %u bytes", WINDOW_SIZE);
    }
    s1_journal_reader_rewind(reader);
    *ret_reader = reader;
    return S1_OK;
}

s1_rc s1_journal_segment_path(const char *path, uint32_t number, char ret_path[static S1_PATH_MAX],
                              s1_err *err)
{
    const int length = number <= 1 ? snprintf(ret_path, S1_PATH_MAX, "%s", path)
                                   : snprintf(ret_path, S1_PATH_MAX, "%s.%u", path, number);
    return length > 0 && (size_t)length < S1_PATH_MAX
               ? S1_OK
               : S1_RAISE(err, S1_E_RANGE, "journal '%s': the path is too long", path);
}

/* Opens segment `number`; false in *ret_is_there if there is none. */
static s1_rc open_segment(s1_journal_reader *reader, const char *path, uint32_t number,
                          bool *ret_is_there, s1_err *err)
{
    char name[S1_PATH_MAX];
    s1_fs_info info;
    S1_TRY(err, s1_journal_segment_path(path, number, name, err));
    if (number > 1) { /* one that cannot be asked is not one that is missing */
        s1_err failure = S1_ERR_INIT;
        const s1_rc found = s1_fs_stat(reader->fs, name, &info, &failure);
        *ret_is_there = found == S1_OK;
        if (found != S1_OK && found != S1_E_NOT_FOUND && err != NULL) {
            *err = failure;
        }
        if (found != S1_OK) {
            return found == S1_E_NOT_FOUND ? S1_OK : found;
        }
    }
    segment *const grown = realloc(reader->segments, number * sizeof *grown);
    if (grown == NULL || number > S1_JOURNAL_SEGMENTS_MAX) {
        reader->segments = grown != NULL ? grown : reader->segments;
        return S1_RAISE(err, S1_E_NO_MEMORY, "journal '%s': %u segments", path, number);
    }
    reader->segments = grown;
    segment opened = {0};
    S1_TRY(err, s1_fs_open(reader->fs, name, S1_FS_READ, &opened.file, err));
    const s1_rc rc = s1_fs_stat_file(reader->fs, opened.file, &info, err);
    if (rc != S1_OK) {
        s1_fs_drop(reader->fs, opened.file);
        return rc;
    }
    opened.size = info.size;
    reader->segments[reader->segment_count++] = opened;
    return S1_OK;
}

/* Where each segment starts. Sizes are asked once all are open: a segment that has one behind it
 * grows no more. */
static s1_rc place_segments(s1_journal_reader *reader, s1_err *err)
{
    uint64_t start = 0;
    for (uint32_t i = 0; i < reader->segment_count; i++) {
        s1_fs_info info;
        S1_TRY(err, s1_fs_stat_file(reader->fs, reader->segments[i].file, &info, err));
        reader->segments[i].start = start;
        reader->segments[i].size = info.size;
        start += info.size;
    }
    return S1_OK;
}

s1_rc s1_journal_reader_open(const s1_fs *fs, const char *path, s1_journal_reader **ret_reader,
                             s1_err *err)
{
    s1_journal_reader *reader = NULL;
    S1_TRY(err, s1_journal_reader_new(&(s1_journal_source){NULL, read_file, start_of_file}, &reader,
                                      err));
    reader->source.self = reader;
    reader->fs = fs;
    bool is_there = true;
    s1_rc rc = S1_OK;
    for (uint32_t number = 1; rc == S1_OK && is_there; number++) {
        rc = open_segment(reader, path, number, &is_there, err);
    }
    if (rc == S1_OK) {
        rc = place_segments(reader, err);
    }
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
        s1_journal_reader_free(reader);
        return rc;
    }
    *ret_reader = reader;
    return S1_OK;
}

void s1_journal_reader_free(s1_journal_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    for (uint32_t i = 0; i < reader->segment_count; i++) {
        s1_fs_drop(reader->fs, reader->segments[i].file);
    }
    free(reader->segments);
    s1_sha256_free(reader->digest);
    free(reader->entries);
    free(reader->window);
    free(reader);
}

void s1_journal_reader_rewind(s1_journal_reader *reader)
{
    reader->window_length = 0;
    reader->window_offset = 0;
    reader->is_at_end = false;
    reader->offset = 0;
    reader->line_number = 0;
    reader->seq = 0;
    reader->blocks = 0;
    reader->is_chain_known = false;
    memset(reader->chain, 0, sizeof reader->chain);
    reader->entry_count = 0;
    reader->entry_next = 0;
    reader->is_done = false;
    reader->torn_bytes = 0;
    reader->torn_line = 0;
    reader->fault = S1_JOURNAL_FAULT_NONE;
    reader->fault_line = 0;
    reader->fault_offset = 0;
    reader->reason[0] = '\0';
    reader->place_next = 0;
}

void s1_journal_reader_select(s1_journal_reader *reader, const s1_journal_place *places,
                              size_t count)
{
    s1_journal_reader_rewind(reader);
    reader->places = places;
    reader->place_count = places != NULL ? count : 0;
}

uint64_t s1_journal_reader_size(const s1_journal_reader *reader)
{
    const segment *const last =
        reader->segment_count > 0 ? &reader->segments[reader->segment_count - 1] : NULL;
    return last != NULL ? last->start + last->size : 0;
}

s1_rc s1_journal_reader_peek(const s1_journal_reader *reader, uint64_t offset, void *buffer,
                             size_t capacity, size_t *ret_length, s1_err *err)
{
    size_t length = 0;
    for (size_t got = 1; length < capacity && got > 0; length += got) {
        S1_TRY(err, reader->source.read_at(reader->source.self, offset + length,
                                           (char *)buffer + length, capacity - length, &got, err));
    }
    *ret_length = length;
    return S1_OK;
}

/* --- Lines ---------------------------------------------------------------------------------- */

static bool eat(s1_str *rest, const char *literal, size_t length)
{
    if (rest->len < length || memcmp(rest->ptr, literal, length) != 0) {
        return false;
    }
    rest->ptr += length;
    rest->len -= length;
    return true;
}
#define EAT(rest, literal) eat((rest), (literal), sizeof(literal) - 1)

/* Decimal digits without leading zeros, below 10^18. */
static bool eat_u64(s1_str *rest, uint64_t *ret_value)
{
    uint64_t value = 0;
    size_t length = 0;
    while (length < rest->len && length < 19 && rest->ptr[length] >= '0' &&
           rest->ptr[length] <= '9') {
        value = value * 10 + (uint64_t)(rest->ptr[length] - '0');
        length++;
    }
    if (length == 0 || length > 18 || (length > 1 && rest->ptr[0] == '0')) {
        return false;
    }
    rest->ptr += length;
    rest->len -= length;
    *ret_value = value;
    return true;
}

/* What stands before the closing quote; the opening one is eaten already. */
static bool eat_text(s1_str *rest, s1_str *ret_text)
{
    size_t length = 0;
    while (length < rest->len && rest->ptr[length] != '"') {
        length += rest->ptr[length] == '\\' ? 2 : 1;
    }
    if (length >= rest->len) {
        return false;
    }
    *ret_text = s1_str_make(rest->ptr, length);
    rest->ptr += length + 1;
    rest->len -= length + 1;
    return true;
}

static bool parse_lower_hex(s1_str text, uint8_t *ret_bytes, size_t length)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F') {
            return false;
        }
    }
    return s1_hex_parse(text, ret_bytes, length, NULL) == S1_OK;
}

/* Cuts ,"crc":"xxxxxxxx"} off a line's end. */
static bool cut_crc(s1_str line, s1_str *ret_body, uint32_t *ret_crc)
{
    if (line.len < S1_JOURNAL_CRC_LENGTH) {
        return false;
    }
    const size_t body = line.len - S1_JOURNAL_CRC_LENGTH;
    s1_str end = s1_str_slice(line, body, line.len);
    uint8_t crc[4];
    if (!EAT(&end, ",\"crc\":\"") || !parse_lower_hex(s1_str_slice(end, 0, 8), crc, sizeof crc) ||
        end.ptr[8] != '"' || end.ptr[9] != '}') {
        return false;
    }
    *ret_body = s1_str_slice(line, 0, body);
    *ret_crc = (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | crc[3];
    return true;
}

static bool eat_ids(s1_str *rest, s1_journal_entry *entry)
{
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        const char *key = s1_journal_id_key(id);
        const size_t length = strlen(key);
        s1_str after = *rest;
        if (!EAT(&after, ",\"") || !eat(&after, key, length) || !EAT(&after, "\":\"")) {
            continue;
        }
        if (after.len <= S1_UID_TEXT_LENGTH || after.ptr[S1_UID_TEXT_LENGTH] != '"' ||
            s1_uid_parse(s1_str_slice(after, 0, S1_UID_TEXT_LENGTH), &entry->ids[id], NULL) !=
                S1_OK) {
            return false;
        }
        entry->ids_present |= 1u << id;
        *rest = s1_str_slice(after, S1_UID_TEXT_LENGTH + 1, after.len);
    }
    return true;
}

int32_t s1_journal_entry_parse(s1_str line, s1_journal_entry *ret_entry)
{
    s1_journal_entry entry = {.line = line};
    s1_str rest;
    if (!cut_crc(line, &rest, &entry.crc)) {
        return S1_JOURNAL_FAULT_MALFORMED;
    }
    if (s1_crc32c(0, rest.ptr, rest.len) != entry.crc) {
        return S1_JOURNAL_FAULT_CRC;
    }
    if (!EAT(&rest, "{\"v\":1,\"seq\":") || !eat_u64(&rest, &entry.seq) ||
        !EAT(&rest, ",\"time\":\"") || !eat_text(&rest, &entry.time_text) ||
        entry.time_text.len != S1_TIME_ISO_LENGTH ||
        s1_time_parse(entry.time_text, &entry.time, NULL) != S1_OK || !EAT(&rest, ",\"type\":\"") ||
        !eat_text(&rest, &entry.type) ||
        (EAT(&rest, ",\"link\":\"") && !eat_text(&rest, &entry.link)) ||
        (EAT(&rest, ",\"worker\":\"") && !eat_text(&rest, &entry.worker))) {
        return S1_JOURNAL_FAULT_MALFORMED;
    }
    entry.kind = s1_journal_kind_parse(entry.type);
    if (entry.kind == S1_JOURNAL_KIND_INVALID || !eat_ids(&rest, &entry) ||
        !EAT(&rest, ",\"details\":") || rest.len < 2 || rest.ptr[0] != '{' ||
        rest.ptr[rest.len - 1] != '}') {
        return S1_JOURNAL_FAULT_MALFORMED;
    }
    entry.details = rest;
    *ret_entry = entry;
    return S1_JOURNAL_FAULT_NONE;
}

typedef struct seal {
    uint64_t seq, block, entries;
    uint8_t sha256[S1_JOURNAL_HASH_SIZE];
} seal;

/* True if a line starts as a seal does; whether it is a sound one is another matter. */
static bool looks_like_seal(s1_str line)
{
    uint64_t seq;
    return EAT(&line, "{\"v\":1,\"seq\":") && eat_u64(&line, &seq) && EAT(&line, ",\"block\":");
}

static int32_t parse_seal(s1_str line, seal *ret_seal)
{
    s1_str rest, hex;
    uint32_t crc;
    if (!cut_crc(line, &rest, &crc)) {
        return S1_JOURNAL_FAULT_MALFORMED;
    }
    if (s1_crc32c(0, rest.ptr, rest.len) != crc) {
        return S1_JOURNAL_FAULT_CRC;
    }
    if (!EAT(&rest, "{\"v\":1,\"seq\":") || !eat_u64(&rest, &ret_seal->seq) ||
        !EAT(&rest, ",\"block\":") || !eat_u64(&rest, &ret_seal->block) ||
        !EAT(&rest, ",\"entries\":") || !eat_u64(&rest, &ret_seal->entries) ||
        !EAT(&rest, ",\"sha256\":\"") || !eat_text(&rest, &hex) || rest.len != 0 ||
        !parse_lower_hex(hex, ret_seal->sha256, sizeof ret_seal->sha256)) {
        return S1_JOURNAL_FAULT_MALFORMED;
    }
    return S1_JOURNAL_FAULT_NONE;
}

/* --- Blocks --------------------------------------------------------------------------------- */

/* Makes the window hold more than a whole block from `offset` on, or all that is left. */
static s1_rc fill_window(s1_journal_reader *reader, s1_err *err)
{
    size_t used = (size_t)(reader->offset - reader->window_offset);
    if (reader->window_length - used > BLOCK_MAX || reader->is_at_end) {
        return S1_OK;
    }
    memmove(reader->window, reader->window + used, reader->window_length - used);
    reader->window_length -= used;
    reader->window_offset = reader->offset;
    while (reader->window_length < WINDOW_SIZE) {
        size_t got = 0;
        S1_TRY(err, reader->source.read_at(reader->source.self,
                                           reader->window_offset + reader->window_length,
                                           reader->window + reader->window_length,
                                           WINDOW_SIZE - reader->window_length, &got, err));
        if (got == 0) {
            reader->is_at_end = true;
            break;
        }
        reader->window_length += got;
    }
    return S1_OK;
}

S1_PRINTF(4, 5)
static void set_fault(s1_journal_reader *reader, int32_t fault, uint64_t offset, const char *format,
                      ...)
{
    char detail[160];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    reader->fault = fault;
    reader->fault_line = reader->line_number + 1;
    reader->fault_offset = offset;
    reader->is_done = true;
    char where[64] = "";
    if (reader->segment_count > 1) {
        uint32_t at = reader->segment_count - 1;
        while (at > 0 && reader->segments[at].start > offset) {
            at--;
        }
        (void)snprintf(where, sizeof where, ", segment %u byte %llu", at + 1,
                       (unsigned long long)(offset - reader->segments[at].start));
    }
    (void)snprintf(reader->reason, sizeof reader->reason, "line %llu (byte %llu%s): %s%s%s",
                   (unsigned long long)reader->fault_line, (unsigned long long)offset, where,
                   s1_journal_fault_text(fault), detail[0] != '\0' ? ": " : "", detail);
}

/* Of the file that holds the next block. */
static uint64_t file_start(const s1_journal_reader *reader)
{
    return reader->source.file_start != NULL
               ? reader->source.file_start(reader->source.self, reader->offset)
               : 0;
}

/* True if the zeros in `rest`, which starts at byte `offset` of the file and ends with it, are what
 * lost sectors leave: runs of whole sectors, but for where the block starts and the file ends. */
static bool are_zeros_lost_sectors(s1_str rest, uint64_t offset, uint64_t block_start)
{
    bool is_any = false;
    for (size_t at = 0; at < rest.len;) {
        const char *zero = memchr(rest.ptr + at, '\0', rest.len - at);
        if (zero == NULL) {
            break;
        }
        const size_t from = (size_t)(zero - rest.ptr);
        size_t to = from;
        while (to < rest.len && rest.ptr[to] == '\0') {
            to++;
        }
        if (((offset + from) % SECTOR != 0 && offset + from != block_start) ||
            ((offset + to) % SECTOR != 0 && to != rest.len)) {
            return false;
        }
        is_any = true;
        at = to;
    }
    return is_any;
}

/* A whole line whose newline became something else, whatever stands behind it: no crash does that.
 * `rest` is one line as the newlines tell. */
static bool has_lost_newline(s1_str rest)
{
    const s1_str crc_key = S1_STR(",\"crc\":\"");
    for (size_t at = 0; (at = s1_str_find(rest, crc_key, at)) != S1_STR_NPOS; at++) {
        const size_t end = at + S1_JOURNAL_CRC_LENGTH; /* where the newline would be */
        if (end >= rest.len || rest.ptr[end] == '\0') {
            return false; /* the file ends there, or a lost sector begins */
        }
        const s1_str line = s1_str_slice(rest, 0, end);
        seal found;
        s1_journal_entry entry;
        if ((looks_like_seal(line)
                 ? parse_seal(line, &found)
                 : s1_journal_entry_parse(line, &entry)) == S1_JOURNAL_FAULT_NONE) {
            return true;
        }
    }
    return false;
}

/* A write that a crash cut short leaves the file short, or leaves sectors of zeros in what was
 * never synced, which is the last block. Anything else is damage. `rest` starts at the first bad
 * line, at byte `offset`, and ends with the file. */
static bool is_torn(s1_str rest, uint64_t offset, uint64_t block_start)
{
    const char *const newline = memchr(rest.ptr, '\n', rest.len);
    const size_t first = newline != NULL ? (size_t)(newline - rest.ptr) : rest.len;
    if (has_lost_newline(s1_str_slice(rest, 0, first))) {
        return false;
    }
    if (newline == NULL) {
        return true;
    }
    if (memchr(rest.ptr, '\0', first) == NULL ||
        !are_zeros_lost_sectors(rest, offset, block_start)) {
        return false; /* a line that is bad although no sector of it was lost */
    }
    while (rest.len > 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        const size_t length = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
        const bool is_last = end == NULL || length + 1 == rest.len;
        if (!is_last && looks_like_seal(s1_str_slice(rest, 0, length))) {
            return false;
        }
        rest = s1_str_slice(rest, length + 1, rest.len);
    }
    return true;
}

/* The tail that was never sealed: its whole entries can be read, but do not count. */
static void set_torn(s1_journal_reader *reader, uint64_t first_line, size_t length)
{
    reader->torn_line = first_line;
    reader->torn_bytes = length;
    reader->is_done = true;
}

/* Checks the seal of the block [start, start + length). False: the fault is set. */
static bool check_seal(s1_journal_reader *reader, const seal *found, size_t start, size_t length)
{
    const uint64_t offset = reader->offset + length;
    if (found->block != reader->blocks + 1 || found->entries != reader->entry_count ||
        found->seq != reader->seq || reader->entry_count == 0) {
        set_fault(reader, S1_JOURNAL_FAULT_SEAL, offset,
                  "found block %llu of %llu entries up to seq %llu, expected %llu, %zu, %llu",
                  (unsigned long long)found->block, (unsigned long long)found->entries,
                  (unsigned long long)found->seq, (unsigned long long)reader->blocks + 1,
                  reader->entry_count, (unsigned long long)reader->seq);
        return false;
    }
    if (reader->is_chain_known) {
        uint8_t hash[S1_JOURNAL_HASH_SIZE];
        s1_sha256_update(reader->digest, reader->chain, sizeof reader->chain);
        s1_sha256_update(reader->digest, reader->window + start, length);
        s1_sha256_finish(reader->digest, hash);
        if (memcmp(hash, found->sha256, sizeof hash) != 0) {
            char hex[S1_SHA256_HEX], expected[S1_SHA256_HEX];
            s1_hex_print(found->sha256, 8, hex);
            s1_hex_print(hash, 8, expected);
            set_fault(reader, S1_JOURNAL_FAULT_CHAIN, offset, "found %s.., expected %s..", hex,
                      expected);
            return false;
        }
    }
    memcpy(reader->chain, found->sha256, sizeof reader->chain);
    reader->is_chain_known = true;
    return true;
}

/* Takes one whole line at `start + at`. Returns enum s1_journal_fault; SEQ and SEAL faults are set
 * in full, of others the kind only. */
static int32_t take_line(s1_journal_reader *reader, s1_str line, size_t start, size_t at,
                         bool *ret_is_sealed)
{
    if (looks_like_seal(line)) {
        seal found;
        const int32_t fault = parse_seal(line, &found);
        if (fault != S1_JOURNAL_FAULT_NONE) {
            return fault;
        }
        *ret_is_sealed = check_seal(reader, &found, start, at);
        return reader->fault;
    }
    if (reader->entry_count == ENTRIES_MAX) {
        return S1_JOURNAL_FAULT_MALFORMED;
    }
    s1_journal_entry *entry = &reader->entries[reader->entry_count];
    const int32_t fault = s1_journal_entry_parse(line, entry);
    if (fault != S1_JOURNAL_FAULT_NONE) {
        return fault;
    }
    entry->offset = reader->offset + at;
    entry->line_number = reader->line_number + 1;
    if (entry->seq != reader->seq + 1) {
        set_fault(reader, S1_JOURNAL_FAULT_SEQ, entry->offset, "found %llu, expected %llu",
                  (unsigned long long)entry->seq, (unsigned long long)reader->seq + 1);
        return reader->fault;
    }
    reader->seq++;
    reader->entry_count++;
    return S1_JOURNAL_FAULT_NONE;
}

/* Reads and checks the next block. What is wrong with it stands in the reader afterwards. */
static s1_rc read_block(s1_journal_reader *reader, s1_err *err)
{
    reader->entry_count = 0;
    reader->entry_next = 0;
    S1_TRY(err, fill_window(reader, err));
    const size_t start = (size_t)(reader->offset - reader->window_offset);
    const size_t left = reader->window_length - start;
    const uint64_t first_line = reader->line_number + 1;
    if (left == 0) {
        reader->is_done = true;
        return S1_OK;
    }
    const size_t limit = left < BLOCK_MAX ? left : BLOCK_MAX;
    bool is_sealed = false;
    for (size_t at = 0; !is_sealed;) {
        const char *text = reader->window + start + at;
        const char *end = at < limit ? memchr(text, '\n', limit - at) : NULL;
        if (end == NULL && left > BLOCK_MAX) {
            set_fault(reader, S1_JOURNAL_FAULT_TOO_LONG, reader->offset + at, "%s", "");
            return S1_OK;
        }
        const s1_str line = s1_str_make(text, end != NULL ? (size_t)(end - text) : 0);
        const int32_t fault = end == NULL ? S1_JOURNAL_FAULT_MALFORMED
                                          : take_line(reader, line, start, at, &is_sealed);
        if (fault != S1_JOURNAL_FAULT_NONE) {
            if (at == left ||
                (left <= BLOCK_MAX && reader->fault == S1_JOURNAL_FAULT_NONE &&
                 is_torn(s1_str_make(text, left - at), reader->offset + at - file_start(reader),
                         reader->offset - file_start(reader)))) {
                set_torn(reader, first_line, left);
            } else if (reader->fault == S1_JOURNAL_FAULT_NONE) {
                set_fault(reader, fault, reader->offset + at, "%s", "");
            }
            return S1_OK;
        }
        reader->line_number++;
        at += line.len + 1;
        if (is_sealed) {
            reader->offset += at;
        }
    }
    reader->blocks++;
    for (size_t i = 0; i < reader->entry_count; i++) {
        reader->entries[i].is_sealed = 1;
    }
    return S1_OK;
}

/* --- Walking -------------------------------------------------------------------------------- */

/* The next entry of a selection. */
static s1_rc next_selected(s1_journal_reader *reader, const s1_journal_entry **ret_entry,
                           s1_err *err)
{
    if (reader->place_next == reader->place_count) {
        *ret_entry = NULL;
        return S1_OK;
    }
    const s1_journal_place *const place = &reader->places[reader->place_next];
    size_t got = 0;
    s1_journal_entry *const entry = &reader->entries[0];
    if (place->length < BLOCK_MAX) {
        S1_TRY(err, s1_journal_reader_peek(reader, place->offset, reader->window,
                                           place->length + 1u, &got, err));
    }
    if (got != place->length + 1u || reader->window[place->length] != '\n' ||
        s1_journal_entry_parse(s1_str_make(reader->window, place->length), entry) !=
            S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "journal: no entry stands at byte %llu, line %u",
                        (unsigned long long)place->offset, place->line_number);
    }
    entry->offset = place->offset;
    entry->line_number = place->line_number;
    entry->is_sealed = 1;
    reader->place_next++;
    *ret_entry = entry;
    return S1_OK;
}

s1_rc s1_journal_reader_next(s1_journal_reader *reader, const s1_journal_entry **ret_entry,
                             s1_err *err)
{
    if (reader->places != NULL) {
        return next_selected(reader, ret_entry, err);
    }
    while (reader->entry_next == reader->entry_count && !reader->is_done) {
        S1_TRY(err, read_block(reader, err));
    }
    if (reader->entry_next < reader->entry_count) {
        *ret_entry = &reader->entries[reader->entry_next++];
        return S1_OK;
    }
    if (reader->fault != S1_JOURNAL_FAULT_NONE) {
        return S1_RAISE(err, S1_E_DATA, "journal is damaged at %s", reader->reason);
    }
    *ret_entry = NULL;
    return S1_OK;
}

uint64_t s1_journal_reader_torn_bytes(const s1_journal_reader *reader)
{
    return reader->torn_bytes;
}

static s1_rc walk(s1_journal_reader *reader, const s1_uid *uids, size_t uid_count,
                  s1_journal_entry_fn visit, void *user, uint64_t *ret_count, s1_err *err)
{
    uint64_t count = 0;
    s1_journal_reader_rewind(reader);
    for (;;) {
        const s1_journal_entry *entry = NULL;
        S1_TRY(err, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            break;
        }
        bool is_hit = false;
        for (size_t i = 0; i < uid_count && !is_hit; i++) {
            for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT && !is_hit; id++) {
                is_hit = (entry->ids_present >> id & 1u) != 0 && s1_uid_eq(entry->ids[id], uids[i]);
            }
        }
        if (is_hit) {
            count++;
            S1_TRY(err, visit(user, entry, err));
        }
    }
    if (ret_count != NULL) {
        *ret_count = count;
    }
    return S1_OK;
}

s1_rc s1_journal_find_id(s1_journal_reader *reader, s1_uid uid, s1_journal_entry_fn visit,
                         void *user, uint64_t *ret_count, s1_err *err)
{
    return walk(reader, &uid, 1, visit, user, ret_count, err);
}

/* What a trade is connected with: itself, its opportunity, and threats. */
#define RELATED_MAX 16u
typedef struct related {
    s1_uid trade;
    s1_uid uids[RELATED_MAX];
    size_t count;
} related;

static s1_rc collect_related(void *user, const s1_journal_entry *entry, s1_err *err)
{
    (void)err;
    related *found = user;
    for (int32_t id = 0; id < S1_JOURNAL_ID_COUNT; id++) {
        if ((id != S1_JOURNAL_ID_OPPORTUNITY && id != S1_JOURNAL_ID_THREAT) ||
            (entry->ids_present >> id & 1u) == 0) {
            continue;
        }
        bool is_known = false;
        for (size_t i = 0; i < found->count; i++) {
            is_known = is_known || s1_uid_eq(found->uids[i], entry->ids[id]);
        }
        if (!is_known && found->count < RELATED_MAX) {
            found->uids[found->count++] = entry->ids[id];
        }
    }
    return S1_OK;
}

s1_rc s1_journal_find_trade(s1_journal_reader *reader, s1_trade_id trade_id,
                            s1_journal_entry_fn visit, void *user, uint64_t *ret_count, s1_err *err)
{
    related found = {.uids = {trade_id.uid}, .count = 1};
    S1_TRY(err, walk(reader, &trade_id.uid, 1, collect_related, &found, NULL, err));
    return walk(reader, found.uids, found.count, visit, user, ret_count, err);
}

s1_rc s1_journal_visit_lines(s1_journal_persistor *persistor, s1_nanos start, s1_nanos end,
                             s1_journal_line_fn visit, void *user, s1_err *err)
{
    const s1_journal_source source = s1_journal_source_of(persistor);
    s1_journal_reader *reader = NULL;
    S1_TRY(err, s1_journal_reader_new(&source, &reader, err));
    s1_rc rc = S1_OK;
    for (;;) {
        const s1_journal_entry *entry = NULL;
        S1_TRY_GOTO(err, rc, out, s1_journal_reader_next(reader, &entry, err));
        if (entry == NULL) {
            break;
        }
        if (entry->time >= start && (entry->time < end || end == INT64_MAX)) {
            S1_TRY_GOTO(err, rc, out, visit(user, entry->line, err));
        }
    }
out:
    s1_journal_reader_free(reader);
    return rc;
}

/* --- Verifying ------------------------------------------------------------------------------ */

/* Rebuilds the header from the first entry of the block that was just read. */
static bool rebuild_genesis(const s1_journal_entry *first, uint8_t ret_hash[S1_JOURNAL_HASH_SIZE])
{
    char header[S1_JOURNAL_HEADER_SIZE];
    bool is_made = false;
    json_t *line =
        first->kind == S1_JOURNAL_RUN_STARTED ? s1_journal_json_load(first->line, NULL) : NULL;
    const char *link = json_string_value(json_object_get(line, "link"));
    const char *run_id =
        json_string_value(json_object_get(json_object_get(line, "details"), "run_id"));
    if (link != NULL && run_id != NULL &&
        s1_journal_header(s1_str_of(link), s1_str_of(run_id), header, NULL) == S1_OK) {
        s1_sha256_of(header, strlen(header), ret_hash);
        is_made = true;
    }
    json_decref(line);
    return is_made;
}

/* Checks the first block's hash against the header, as soon as the block is there: by reading it
 * once more with the chain's start known. */
static s1_rc verify_genesis(s1_journal_reader *reader, s1_journal_verdict *verdict, s1_err *err)
{
    S1_TRY(err, read_block(reader, err));
    uint8_t genesis[S1_JOURNAL_HASH_SIZE];
    const bool is_made = reader->entry_count > 0 && rebuild_genesis(&reader->entries[0], genesis);
    s1_journal_reader_rewind(reader);
    if (is_made) {
        memcpy(reader->chain, genesis, sizeof genesis);
        reader->is_chain_known = true;
        verdict->is_genesis_checked = 1;
    }
    return S1_OK;
}

static void count_block(s1_journal_reader *reader, s1_journal_verdict *verdict)
{
    for (size_t i = 0; i < reader->entry_count; i++) {
        const s1_journal_entry *entry = &reader->entries[i];
        if (s1_journal_json_compact(entry->details, NULL) == 0) {
            reader->line_number = entry->line_number - 1;
            set_fault(reader, S1_JOURNAL_FAULT_MALFORMED, entry->offset, "details is not JSON");
            return;
        }
    }
    for (size_t i = 0; i < reader->entry_count; i++) {
        verdict->by_kind[reader->entries[i].kind]++;
    }
    verdict->entries += reader->entry_count;
    verdict->blocks = reader->blocks;
    verdict->bytes = reader->offset;
    verdict->seq = reader->seq;
    memcpy(verdict->head, reader->chain, sizeof verdict->head);
}

s1_rc s1_journal_verify(s1_journal_reader *reader, s1_journal_verdict *ret_verdict, s1_err *err)
{
    s1_journal_verdict verdict = {0};
    const uint64_t before = s1_json_memory_failures();
    s1_journal_reader_rewind(reader);
    S1_TRY(err, s1_json_memory_judge(before, verify_genesis(reader, &verdict, err), err));
    memcpy(verdict.head, reader->chain, sizeof verdict.head);
    while (!reader->is_done) {
        const uint64_t blocks = reader->blocks;
        S1_TRY(err, read_block(reader, err));
        if (reader->blocks > blocks) {
            count_block(reader, &verdict);
        }
    }
    verdict.torn_bytes = reader->torn_bytes;
    verdict.torn_line = reader->torn_line;
    verdict.fault = reader->fault;
    verdict.fault_line = reader->fault_line;
    verdict.fault_offset = reader->fault_offset;
    memcpy(verdict.reason, reader->reason, sizeof verdict.reason);
    *ret_verdict = verdict;
    s1_journal_reader_rewind(reader);
    return S1_OK;
}

static const char *const fault_names[] = {
#define X(name, text) #name,
    S1_JOURNAL_FAULT_MAP(X)
#undef X
};
static const char *const fault_texts[] = {
#define X(name, text) (text),
    S1_JOURNAL_FAULT_MAP(X)
#undef X
};

const char *s1_journal_fault_name(int32_t fault)
{
    return fault >= 0 && fault < S1_JOURNAL_FAULT_COUNT ? fault_names[fault] : "INVALID";
}

const char *s1_journal_fault_text(int32_t fault)
{
    return fault >= 0 && fault < S1_JOURNAL_FAULT_COUNT ? fault_texts[fault] : "INVALID";
}
