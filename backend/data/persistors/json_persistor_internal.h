/* backend/data/persistors/json_persistor_internal.h - shared by the two modes of JsonPersistor. */
#ifndef S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_INTERNAL_H
#define S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_INTERNAL_H

#include "backend/data/persistors/json_persistor.h"
#include "backend/utils/text.h"

/* One file of a journal. */
typedef struct s1_json_segment {
    s1_file *file;
    uint64_t start; /* in the journal */
} s1_json_segment;

struct s1_json_persistor {
    s1_state_persistor as_state; /* one of the two is in use; both lead back to this struct */
    s1_journal_persistor as_journal;
    const s1_fs *fs;
    char *path;
    char *temp_path; /* PATH.journal */
    char *prev_path; /* PATH.prev */
    int32_t mode;    /* enum s1_json_persistor_mode */
    bool is_poisoned;
    char poison[256]; /* the first failure, in its own words */

    /* atomic */
    uint64_t bytes_max;
    uint64_t generation; /* of what stands at PATH; 0: nothing */
    bool is_loaded;
    int32_t recovery; /* enum s1_state_recovery, of the load */
    s1_strbuf json;   /* the state text at PATH */
    s1_strbuf envelope;

    /* append_only */
    s1_json_segment *segments; /* [segment_count], in order; blocks go to the last */
    uint32_t segment_count;
    uint64_t segment_bytes_max; /* 0: no limit */
    uint64_t length;            /* whole blocks in all of them */
    bool leaves_sync;
    char
        *held; /* leaves_sync: the end of it that is not in the file yet, [S1_JOURNAL_HELD_BYTES] */
    size_t held_length; /* bytes */
    bool has_unsynced;  /* a block was appended since the last sync */
    bool is_folder_synced;
    uint64_t reserve_bytes;
    bool has_reserve; /* PATH.reserve is there */
    bool is_low;      /* it was used */
    s1_journal_tail tail;
};

/* Of a journal that is written in large pieces: a large page, which the disk takes as one piece. A
 * multiple of S1_FS_STREAM_ALIGN. */
#define S1_JOURNAL_HELD_BYTES ((size_t)2 << 20)

/* What an envelope adds to its state text. */
#define S1_STATE_ENVELOPE_MAX 128u

extern const s1_state_persistor_ops s1_json_persistor_state_ops;
extern const s1_journal_persistor_ops s1_json_persistor_journal_ops;

/* Opens, verifies and repairs the journal file. */
S1_WARN_UNUSED s1_rc s1_json_persistor_open_journal(s1_json_persistor *persistor, s1_err *err);

/* Remembers the failure `rc`, told in `err` (may be NULL); from now on everything fails. Returns
 * `rc`. */
s1_rc s1_json_persistor_poison(s1_json_persistor *persistor, s1_rc rc, const char *doing,
                               s1_err *err);

/* S1_E_IO if poisoned. */
S1_WARN_UNUSED s1_rc s1_json_persistor_check(const s1_json_persistor *persistor, s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_INTERNAL_H */
