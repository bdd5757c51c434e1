/* backend/analysis/journal_index_internal.h - the parts of an index; this folder only. */
#ifndef S1_BACKEND_ANALYSIS_JOURNAL_INDEX_INTERNAL_H
#define S1_BACKEND_ANALYSIS_JOURNAL_INDEX_INTERNAL_H

#include "backend/analysis/journal_index.h"

#define S1_INDEX_CHUNK 65536u

typedef struct s1_index_id { /* sorted by uid */
    s1_uid uid;
    uint32_t first, count; /* postings */
} s1_index_id;

typedef struct s1_index_event { /* an entry about a threat, in order */
    uint32_t entry;
    uint32_t id; /* number of the threat's id, times two; + 1: cleared */
} s1_index_event;

struct s1_journal_index {
    const s1_fs *fs;
    s1_file *file; /* the sidecar; NULL: memory */
    char *memory;  /* [body_bytes]; NULL: file */
    char **chunks; /* [chunk_count] of the file, as far as they were read */
    uint32_t *chunk_crcs;
    uint32_t chunk_count;
    int32_t source; /* enum s1_journal_index_source */
    uint64_t body_at, body_bytes;
    uint64_t entries, ids, postings, threat_events;
    uint64_t ids_at, postings_at, events_at; /* in the body, which starts with the places */
};

/* `size` bytes of the body. */
S1_WARN_UNUSED s1_rc s1_journal_index_read(s1_journal_index *index, uint64_t offset, void *to,
                                           size_t size, s1_err *err);

/* Reads the journal through and fills in memory and counts. */
S1_WARN_UNUSED s1_rc s1_journal_index_build(s1_journal_index *index, s1_journal_reader *reader,
                                            s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_JOURNAL_INDEX_INTERNAL_H */
