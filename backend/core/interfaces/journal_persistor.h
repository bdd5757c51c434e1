/* backend/core/interfaces/journal_persistor.h - IJournalPersistor: an append-only history.
 *
 * The unit is the block: whole lines, the last of which seals the block (backend/core/journal.h
 * writes them). Callers use the s1_journal_persistor_* functions; implementors fill in
 * s1_journal_persistor_ops and put an s1_journal_persistor first in their own struct.
 * Implementations: data/persistors/json_persistor (append_only mode: the file) and
 * data/persistors/json_persistor_memory. Both pass tests/contract/journal_persistor_contract.h.
 *
 * Promise: a block whose append and a sync after it returned S1_OK outlives a crash. A block that
 * was being written when the crash came is cut off at the next open, whole, and the cut is reported
 * in the tail. Damage anywhere else is refused with the line.
 *
 * After a failed append or sync the persistor is poisoned: every further append and sync fails with
 * S1_E_IO and says why. Reading goes on.
 *
 * One persistor belongs to one thread. What a reader is handed is borrowed for the call.
 */
#ifndef S1_BACKEND_CORE_INTERFACES_JOURNAL_PERSISTOR_H
#define S1_BACKEND_CORE_INTERFACES_JOURNAL_PERSISTOR_H

#include "s1mple/base.h"

#define S1_JOURNAL_HASH_SIZE 32u

/* What was found at open: where a writer goes on. */
typedef struct s1_journal_tail {
    uint64_t bytes; /* of whole blocks */
    uint64_t blocks;
    uint64_t seq;                       /* of the last entry; 0: the journal is empty */
    uint64_t torn_bytes;                /* cut off at open, after line `torn_line - 1` */
    uint64_t torn_line;                 /* 0: nothing was cut */
    uint8_t head[S1_JOURNAL_HASH_SIZE]; /* chain hash of the last block */
} s1_journal_tail;

/* Called per entry line, without its newline, in order; anything but S1_OK stops and is returned.
 */
typedef s1_rc (*s1_journal_line_fn)(void *user, s1_str line, s1_err *err);

typedef struct s1_journal_persistor s1_journal_persistor;

/* All members are mandatory. The contract of each stands at the function that calls it. */
typedef struct s1_journal_persistor_ops {
    uint32_t size;
    uint32_t reserved;
    void (*free)(s1_journal_persistor *self);
    s1_rc (*append)(s1_journal_persistor *self, s1_str block, s1_err *err);
    s1_rc (*sync)(s1_journal_persistor *self, s1_err *err);
    s1_rc (*read_at)(s1_journal_persistor *self, uint64_t offset, void *buffer, size_t capacity,
                     size_t *ret_length, s1_err *err);
    s1_rc (*read_all)(s1_journal_persistor *self, s1_journal_line_fn visit, void *user,
                      s1_err *err);
    s1_rc (*read_range)(s1_journal_persistor *self, s1_nanos start, s1_nanos end,
                        s1_journal_line_fn visit, void *user, s1_err *err);
    const s1_journal_tail *(*tail_borrow)(const s1_journal_persistor *self);
    bool (*is_poisoned)(const s1_journal_persistor *self);
    bool (*is_low)(const s1_journal_persistor *self);
} s1_journal_persistor_ops;

struct s1_journal_persistor {
    const s1_journal_persistor_ops *ops;
};

/* Closes the persistor; syncs nothing. Accepts NULL. */
static inline void s1_journal_persistor_free(s1_journal_persistor *persistor)
{
    if (persistor != NULL) {
        persistor->ops->free(persistor);
    }
}

/* Adds one sealed block at the end; durable after the next sync. Errors: S1_E_INVALID for a block
 * that is empty or does not end in a newline (does not poison), S1_E_IO. */
S1_WARN_UNUSED
static inline s1_rc s1_journal_persistor_append(s1_journal_persistor *persistor, s1_str block,
                                                s1_err *err)
{
    return persistor->ops->append(persistor, block, err);
}

/* Makes everything appended durable; in a folder that is made durable as a whole (a backtest's),
 * only writes it out. A failed sync is never tried again. Errors: S1_E_IO. */
S1_WARN_UNUSED
static inline s1_rc s1_journal_persistor_sync(s1_journal_persistor *persistor, s1_err *err)
{
    return persistor->ops->sync(persistor, err);
}

/* Raw bytes from `offset`, at most `capacity`; *ret_length is 0 at the end. Errors: S1_E_IO. */
S1_WARN_UNUSED
static inline s1_rc s1_journal_persistor_read_at(s1_journal_persistor *persistor, uint64_t offset,
                                                 void *buffer, size_t capacity, size_t *ret_length,
                                                 s1_err *err)
{
    return persistor->ops->read_at(persistor, offset, buffer, capacity, ret_length, err);
}

/* Every entry line in order; seals are left out. Errors: S1_E_DATA with the line for a damaged one,
 * S1_E_IO, and what `visit` returns. */
S1_WARN_UNUSED
static inline s1_rc s1_journal_persistor_read_all(s1_journal_persistor *persistor,
                                                  s1_journal_line_fn visit, void *user, s1_err *err)
{
    return persistor->ops->read_all(persistor, visit, user, err);
}

/* As read_all, entries with start <= time < end only. */
S1_WARN_UNUSED
static inline s1_rc s1_journal_persistor_read_range(s1_journal_persistor *persistor, s1_nanos start,
                                                    s1_nanos end, s1_journal_line_fn visit,
                                                    void *user, s1_err *err)
{
    return persistor->ops->read_range(persistor, start, end, visit, user, err);
}

/* What was there when the persistor was opened. Constant. */
static inline const s1_journal_tail *s1_journal_persistor_tail_borrow(
    const s1_journal_persistor *persistor)
{
    return persistor->ops->tail_borrow(persistor);
}

/* True after an append or a sync failed. */
static inline bool s1_journal_persistor_is_poisoned(const s1_journal_persistor *persistor)
{
    return persistor->ops->is_poisoned(persistor);
}

/* True once the disk was full and what had been set aside for that was put to use: there is little
 * room left, and nothing after it. Stays so to the end of this persistor. */
static inline bool s1_journal_persistor_is_low(const s1_journal_persistor *persistor)
{
    return persistor->ops->is_low(persistor);
}

#endif /* S1_BACKEND_CORE_INTERFACES_JOURNAL_PERSISTOR_H */
