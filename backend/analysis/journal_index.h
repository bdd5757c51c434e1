/* backend/analysis/journal_index.h - where the entries of an id stand, without reading the journal.
 *
 * A sidecar beside the journal, PATH.idx, made from it at the first use and used from then on. It
 * is no result: it may be deleted at any time, is made anew when it does not fit the journal
 * (length and hash of the last block) or is damaged (a checksum per 64 KiB, checked as they are
 * read), and where it cannot be written it serves from memory. What it points at is checked entry
 * by entry.
 *
 * Body: places of all entries, ids sorted by their bytes with where their postings start, postings
 * (entry numbers, rising), and all entries about threats, so that those active at a moment are
 * known without reading them. Little-endian.
 */
#ifndef S1_BACKEND_ANALYSIS_JOURNAL_INDEX_H
#define S1_BACKEND_ANALYSIS_JOURNAL_INDEX_H

#include "backend/core/journal_reader.h"
#include "backend/utils/fs.h"

#define S1_JOURNAL_INDEX_SUFFIX ".idx"
/* A journal of fewer bytes is read through faster than an index is worth. */
#define S1_JOURNAL_INDEX_FROM ((uint64_t)4 << 20)

typedef struct s1_journal_index s1_journal_index; /* opaque, heap */

/* What came of opening one. */
enum s1_journal_index_source { S1_INDEX_READ = 1, S1_INDEX_BUILT, S1_INDEX_IN_MEMORY };

/* The index of the journal at `path`, which `reader` reads: the sidecar if it fits, else a new one,
 * written beside the journal if that can be. The reader is left rewound, without a selection.
 * Errors: S1_E_UNSUPPORTED while its last block is not sealed, S1_E_DATA for a damaged journal,
 * S1_E_NO_MEMORY, S1_E_IO. Free with
 * s1_journal_index_free. */
S1_WARN_UNUSED
s1_rc s1_journal_index_open(const s1_fs *fs, const char *path, s1_journal_reader *reader,
                            s1_journal_index **ret_index, s1_err *err);
void s1_journal_index_free(s1_journal_index *index); /* accepts NULL */

int32_t s1_journal_index_source(const s1_journal_index *index); /* enum s1_journal_index_source */
uint64_t s1_journal_index_entries(const s1_journal_index *index);

/* The places of every entry that carries an id whose hexadecimal digits start with `digits` (lower
 * case, no dashes, 1 to 32), in order; *ret_ids is how many ids that are. Heap: free() the places.
 * Errors: S1_E_DATA when the index is damaged (delete and open it anew), S1_E_IO, S1_E_NO_MEMORY.
 */
S1_WARN_UNUSED
s1_rc s1_journal_index_find(s1_journal_index *index, s1_str digits, s1_journal_place **ret_places,
                            size_t *ret_count, size_t *ret_ids, s1_err *err);

/* Everything explaining that one id may need, in order: its entries, those of the trade,
 * opportunity and orders it belongs to, of the threats that touched them, of the signal that closed
 * the trade, and of the threats that were active when it was planned. *ret_ids as above; unless it
 * is 1 there are no places. */
S1_WARN_UNUSED
s1_rc s1_journal_index_story(s1_journal_index *index, s1_journal_reader *reader, s1_str digits,
                             s1_journal_place **ret_places, size_t *ret_count, size_t *ret_ids,
                             s1_err *err);

/* Deletes the sidecar of the journal at `path`; none is fine. */
void s1_journal_index_drop(const s1_fs *fs, const char *path);

#endif /* S1_BACKEND_ANALYSIS_JOURNAL_INDEX_H */
