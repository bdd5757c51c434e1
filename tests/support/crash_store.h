/* tests/support/crash_store.h - a store with numbered items, to crash.
 *
 * The items 1, 2, 3 ... of a store are the generations of a state, or the entries of a journal.
 * What item n holds is a function of n and of the round it was put in, so that an item of a lost
 * attempt is told from the one that was put again later. One kind per thing under test, and one per
 * mutant of RELIABILITY S9.
 */
#ifndef S1_TESTS_SUPPORT_CRASH_STORE_H
#define S1_TESTS_SUPPORT_CRASH_STORE_H

#include "backend/data/persistors/json_persistor.h"
#include "backend/utils/fs.h"

#define S1_CRASH_ITEMS_MAX 4096u
#define S1_CRASH_WRONG     S1_E_RANGE /* content nobody ever put */
#define S1_CRASH_RESERVE   16384u     /* bytes, of s1_crash_reserved */
#define S1_CRASH_LAST      65536u     /* of s1_crash_last_words */

typedef struct s1_crash_store s1_crash_store;

typedef struct s1_crash_kind {
    const char *name;
    const char *file; /* in the folder */
    /* Opens the store in a folder, recovers, reads everything and checks it. *ret_count is the last
     * item; rounds[n] (room for S1_CRASH_ITEMS_MAX) the round item n was put in; of a state, only
     * the last. Errors: S1_CRASH_WRONG for content nobody ever put. */
    s1_rc (*open)(const s1_fs *fs, const char *folder, uint32_t *rounds, s1_crash_store **ret_store,
                  uint64_t *ret_count, s1_err *err);
    /* Puts items first .. first + count - 1; durable when S1_OK. */
    s1_rc (*put)(s1_crash_store *store, uint64_t first, uint64_t count, uint32_t round,
                 s1_err *err);
    bool (*is_poisoned)(const s1_crash_store *store);
    void (*close)(s1_crash_store *store); /* accepts NULL */
} s1_crash_kind;

/* What ships; rotated: a journal in files of a few blocks. */
extern const s1_crash_kind s1_crash_state, s1_crash_journal, s1_crash_rotated;
/* With a reserve for a full disk, which a store that opened has; reserved: in several files. */
extern const s1_crash_kind s1_crash_reserved, s1_crash_last_words;

/* The journal's reserve was used (s1_journal_is_low). */
bool s1_crash_store_is_low(const s1_crash_store *store);
/* The reserve is gone, and the write that it was for did not come through. */
bool s1_crash_store_is_between(const s1_crash_store *store);

/* Mutants. The seed's protocol (003 §6.1.4): a journal that is there wins, no checks. */
extern const s1_crash_kind s1_crash_seed_state;
/* What ships writes; reading asks no checksum and no chain. */
extern const s1_crash_kind s1_crash_unchecked_state, s1_crash_unchecked_journal;

/* A file system with a mutant's habit, over another one. */
typedef struct s1_habit_fs {
    s1_fs table;
    const s1_fs *base;
    bool retries_fsync;   /* a failed fsync is tried again, twice */
    bool repairs_no_tail; /* nothing is ever cut off, and writes go to the end of the file */
} s1_habit_fs;
void s1_habit_fs_init(s1_habit_fs *habit, const s1_fs *base);

#endif /* S1_TESTS_SUPPORT_CRASH_STORE_H */
