/* backend/core/journal_reader.h - reads and verifies a decision journal, in blocks, never all of
 * it.
 *
 * A source gives bytes at an offset: a file through the fs seam, a persistor, or memory. The reader
 * holds one window (4 blocks) whatever the journal's size. Each line is checked as it is read:
 * shape, crc, dense seq, and at each seal the hash chain. The first bad line is named with its
 * number, its byte offset and why; a torn tail (a last block that was never sealed) is told from
 * damage.
 *
 * Views are borrowed until the next call on their reader. One reader belongs to one thread.
 */
#ifndef S1_BACKEND_CORE_JOURNAL_READER_H
#define S1_BACKEND_CORE_JOURNAL_READER_H

#include "backend/core/interfaces/journal_persistor.h"
#include "backend/dtos/journal/journal_kind.h"
#include "backend/utils/fs.h"
#include "s1mple/base.h"

#include <jansson.h>

#define S1_JOURNAL_LINE_BYTES_MAX (64u * 1024u) /* of a line: a block holds at least one */
#define S1_JOURNAL_SEGMENTS_MAX   9999u         /* of a journal */

/* The path of segment `number` of the journal at `path`: PATH itself for 1, PATH.2, PATH.3, ...
 * Errors: S1_E_RANGE if it does not fit. */
S1_WARN_UNUSED s1_rc s1_journal_segment_path(const char *path, uint32_t number,
                                             char ret_path[static S1_PATH_MAX], s1_err *err);

/* Where a reader gets its bytes. read_at gives at most `capacity` bytes and 0 at the end. */
typedef struct s1_journal_source {
    void *self;
    s1_rc (*read_at)(void *self, uint64_t offset, void *buffer, size_t capacity, size_t *ret_length,
                     s1_err *err);
    /* Where the file starts that holds byte `offset`: sectors are counted from there. NULL: there
     * is one file. */
    uint64_t (*file_start)(void *self, uint64_t offset);
} s1_journal_source;

/* One entry, without parsing its details. Texts point into the line. */
typedef struct s1_journal_entry {
    uint64_t line_number; /* 1 for the first line of the file, seals included */
    uint64_t offset;      /* byte of the line's start */
    uint64_t seq;
    s1_nanos time;
    int32_t kind; /* enum s1_journal_kind */
    uint32_t crc;
    uint32_t ids_present; /* bit per enum s1_journal_id */
    uint32_t is_sealed;   /* 0: of a last block that was never closed */
    s1_uid ids[S1_JOURNAL_ID_COUNT];
    s1_str time_text, type;
    s1_str link, worker; /* as they stand, JSON escapes included; a link in RUN_STARTED only */
    s1_str details;      /* the JSON object */
    s1_str line;         /* without the newline */
} s1_journal_entry;

/* Why a line is bad. X(name, text). */
#define S1_JOURNAL_FAULT_MAP(X)                                                                    \
    X(NONE, "sound")                                                                               \
    X(MALFORMED, "the line is not a journal line")                                                 \
    X(TOO_LONG, "the line is longer than a block")                                                 \
    X(CRC, "the checksum differs")                                                                 \
    X(SEQ, "the sequence has a gap")                                                               \
    X(SEAL, "the seal does not count its block")                                                   \
    X(CHAIN, "the hash chain is broken")
enum s1_journal_fault {
#define X(name, text) S1_JOURNAL_FAULT_##name,
    S1_JOURNAL_FAULT_MAP(X)
#undef X
        S1_JOURNAL_FAULT_COUNT
};

/* What verifying found. */
typedef struct s1_journal_verdict {
    uint64_t entries, blocks; /* sound ones, entries of sealed blocks only */
    uint64_t bytes;           /* of the sound blocks */
    uint64_t seq;             /* of the last entry in them */
    uint64_t torn_bytes;      /* after the last sound block, if that tail was never sealed */
    uint64_t torn_line;       /* first line of it; 0: the journal ends whole */
    uint64_t fault_line;      /* first damaged line; 0: none */
    uint64_t fault_offset;
    int32_t fault;                           /* enum s1_journal_fault */
    uint32_t is_genesis_checked;             /* 0: the first entry is not RUN_STARTED */
    uint8_t head[S1_JOURNAL_HASH_SIZE];      /* of the last sound block; genesis if there is none */
    uint64_t by_kind[S1_JOURNAL_KIND_COUNT]; /* entries, indexed by enum s1_journal_kind */
    char reason[256]; /* "line 7: the checksum differs: found .., expected .." */
} s1_journal_verdict;

typedef struct s1_journal_reader s1_journal_reader;

/* Opens a journal file and the segments that follow it (PATH.2, PATH.3, ... as far as they go),
 * which read as one. What a writer adds to the last of them is seen, a segment that it starts later
 * is not. Errors: S1_E_NOT_FOUND, S1_E_IO, S1_E_NO_MEMORY. Heap; s1_journal_reader_free. */
S1_WARN_UNUSED s1_rc s1_journal_reader_open(const s1_fs *fs, const char *path,
                                            s1_journal_reader **ret_reader, s1_err *err);

/* Reads any source; `source` is copied, what it points to is borrowed. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_journal_reader_new(const s1_journal_source *source,
                                           s1_journal_reader **ret_reader, s1_err *err);

/* A source over a persistor, or over bytes in memory; `bytes` is borrowed. */
s1_journal_source s1_journal_source_of(s1_journal_persistor *persistor);
s1_journal_source s1_journal_source_bytes(const s1_str *bytes);

void s1_journal_reader_free(s1_journal_reader *reader); /* accepts NULL */

/* Back to the first line, or to the first place of a selection. */
void s1_journal_reader_rewind(s1_journal_reader *reader);

/* Where one entry stands, as an index keeps it. */
typedef struct s1_journal_place {
    uint64_t offset;      /* of the line's first byte */
    uint32_t length;      /* of the line, without its newline */
    uint32_t line_number; /* 1 for the first line */
} s1_journal_place;

/* From now on next() gives the entries at these places only, in this order, each with its checksum
 * checked but not the chain; they count as sealed. `places` is borrowed until the next selection;
 * NULL ends it. Rewinds. A place that holds no entry is S1_E_DATA. */
void s1_journal_reader_select(s1_journal_reader *reader, const s1_journal_place *places,
                              size_t count);

/* Bytes of the journal, all segments together, as they were when it was opened; 0 for a source that
 * is no file. */
uint64_t s1_journal_reader_size(const s1_journal_reader *reader);

/* Raw bytes of the journal, as many as there are, for who wants to look at its end. Errors:
 * S1_E_IO.
 */
S1_WARN_UNUSED s1_rc s1_journal_reader_peek(const s1_journal_reader *reader, uint64_t offset,
                                            void *buffer, size_t capacity, size_t *ret_length,
                                            s1_err *err);

/* The next entry, or *ret_entry = NULL after the last. Seals are checked and passed over. A torn
 * tail is the end: s1_journal_reader_torn_bytes tells. Errors: S1_E_DATA with the line and why (and
 * the same again on every further call), S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_journal_reader_next(s1_journal_reader *reader,
                                            const s1_journal_entry **ret_entry, s1_err *err);

/* Bytes after the last whole block, once next() has come to the end. */
uint64_t s1_journal_reader_torn_bytes(const s1_journal_reader *reader);

/* Reads everything from the start and judges it: each line, the sequence, the chain from its header
 * (rebuilt from the first entry, RUN_STARTED) and whether details is JSON. Damage is no error: it
 * stands in the verdict. Errors: S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_journal_verify(s1_journal_reader *reader, s1_journal_verdict *ret_verdict,
                                       s1_err *err);

/* Called per entry; anything but S1_OK stops the walk and is returned. */
typedef s1_rc (*s1_journal_entry_fn)(void *user, const s1_journal_entry *entry, s1_err *err);

/* Walks, from the start and in order, the entries that carry `uid` as any of their ids (so: all of
 * a trade, of an opportunity, of a threat, of an order). *ret_count may be NULL. Errors: as next.
 */
S1_WARN_UNUSED s1_rc s1_journal_find_id(s1_journal_reader *reader, s1_uid uid,
                                        s1_journal_entry_fn visit, void *user, uint64_t *ret_count,
                                        s1_err *err);

/* get_entries_for_trade: as find_id for the trade, and for the opportunity it came from and the
 * threats that touched it, if the journal tells. */
S1_WARN_UNUSED s1_rc s1_journal_find_trade(s1_journal_reader *reader, s1_trade_id trade_id,
                                           s1_journal_entry_fn visit, void *user,
                                           uint64_t *ret_count, s1_err *err);

/* For implementors of IJournalPersistor: read_all and read_range over their own read_at. `end` of
 * INT64_MAX is no end. */
S1_WARN_UNUSED s1_rc s1_journal_visit_lines(s1_journal_persistor *persistor, s1_nanos start,
                                            s1_nanos end, s1_journal_line_fn visit, void *user,
                                            s1_err *err);

/* Name and text of a fault; "INVALID" for no such fault. */
const char *s1_journal_fault_name(int32_t fault);
const char *s1_journal_fault_text(int32_t fault);

/* --- One line ------------------------------------------------------------------------------- */

/* Takes an entry line (no newline) apart and checks its crc; line_number, offset and is_sealed are
 * left 0. Returns enum s1_journal_fault. Allocates nothing. */
int32_t s1_journal_entry_parse(s1_str line, s1_journal_entry *ret_entry);

/* Checks an entry against the table of its kind: ids it must and may have, members of details and
 * their types. Errors: S1_E_DATA with seq, member, found and expected; S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_journal_entry_check(const s1_journal_entry *entry, s1_err *err);

/* --- Details -------------------------------------------------------------------------------- */

/* Details of one entry, parsed. */
typedef struct s1_journal_details_view {
    json_t *root;
} s1_journal_details_view;

/* Parses an entry's details. Release with s1_journal_details_done. Errors: S1_E_DATA. */
S1_WARN_UNUSED s1_rc s1_journal_details_init(s1_journal_details_view *ret_view,
                                             const s1_journal_entry *entry, s1_err *err);
void s1_journal_details_done(s1_journal_details_view *view); /* accepts one of all zeros */

/* A member by dotted path ("rejection_reason.code"), borrowed as long as the view; NULL / NaN / 0 /
 * `fallback` where it is absent or of another type. Decimals are texts. */
const json_t *s1_journal_details_at(const s1_journal_details_view *view, const char *path);
const char *s1_journal_details_text(const s1_journal_details_view *view, const char *path);
double s1_journal_details_number(const s1_journal_details_view *view, const char *path);
int64_t s1_journal_details_integer(const s1_journal_details_view *view, const char *path,
                                   int64_t fallback);

#endif /* S1_BACKEND_CORE_JOURNAL_READER_H */
