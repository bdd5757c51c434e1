/* backend/core/journal.h - the writer of the decision journal: append-only, hashed, never slow.
 *
 * An entry is said in the order of its keys:
 *
 *   if (s1_journal_enabled(journal, S1_JOURNAL_TRADE_CLOSED)) {
 *       s1_tape *w = s1_journal_begin(journal, S1_JOURNAL_TRADE_CLOSED, now);
 *       s1_journal_worker(journal, worker);                 optional, first
 *       s1_journal_id_opportunity(journal, opportunity_id); ids in this order; zero: left out
 *       s1_journal_id_trade(journal, trade_id);
 *       s1_journal_details(journal);                        opens "details"
 *       s1_tape_key_lit(w, "pnl"); s1_tape_dec(w, pnl); ... the caller's members
 *       S1_TRY(err, s1_journal_end(journal, err));          closes details and the entry
 *   }
 *
 * What is said is recorded as values (json_tape.h) in a chunk of memory. A chunk with enough in it
 * goes to the executor, who words its entries into lines, each with its checksum, and the lines
 * into blocks. A full block (at most block_bytes_max bytes) is sealed: its last line carries
 * SHA-256(hash of the block before || the block's entry lines), the first of the chain being
 * SHA-256(header text). Then it goes to the persistor in one append. s1_journal_commit seals early
 * and makes everything durable; a backtest commits once, in s1_journal_finish, and whoever must be
 * durable before acting commits before acting.
 *
 * The bytes are a function of what is said and block_bytes_max alone. No allocation after _new.
 * A call out of order, an id the kind may not carry, or a required id left out is a programming
 * error and asserted. One journal belongs to one run and one thread.
 */
#ifndef S1_BACKEND_CORE_JOURNAL_H
#define S1_BACKEND_CORE_JOURNAL_H

#include "backend/core/interfaces/executor.h"
#include "backend/core/interfaces/journal_persistor.h"
#include "backend/dtos/journal/journal_kind.h"
#include "backend/utils/clock.h"
#include "backend/utils/json_tape.h"
#include "s1mple/base.h"

#define S1_JOURNAL_BLOCK_BYTES_MAX (64u * 1024u) /* of a block, seal included */
#define S1_JOURNAL_LINK_MAX        256u          /* bytes of a strategy_link_id */

typedef struct s1_journal s1_journal;

/* An entry that was just written: the payload of JournalEntryLogged. Borrowed for the call. */
typedef struct s1_journal_notice {
    int32_t kind; /* enum s1_journal_kind */
    int32_t reserved;
    uint64_t seq;
    s1_nanos time;
    s1_str line; /* as in the file, without the newline */
} s1_journal_notice;

typedef struct s1_journal_listener {
    void *self;
    /* An error fails s1_journal_end; the entry stays. May not write to the journal. */
    s1_rc (*on_entry)(void *self, const s1_journal_notice *notice, s1_err *err);
} s1_journal_listener;

typedef struct s1_journal_options {
    int32_t level;                /* enum s1_journal_level */
    uint32_t block_bytes_max;     /* 0: S1_JOURNAL_BLOCK_BYTES_MAX; at least 1024 */
    s1_str link;                  /* strategy_link_id; copied */
    s1_str run_id;                /* as text, as in RUN_STARTED; part of the chain's header */
    s1_journal_listener listener; /* on_entry NULL: nobody listens */
    /* Words, hashes and appends; submit NULL: this thread does, when a chunk is full. A failed
     * write is told by an entry or commit after it. The bytes are the same. */
    s1_executor executor;
    /* Group commit: an entry is durable at the latest this long after it was said, if entries or
     * s1_journal_poll calls keep coming; those said in the meantime share one sync. 0: commits only
     * when asked to. */
    s1_nanos commit_within;
    const s1_clock *clock; /* of commit_within; borrowed */
} s1_journal_options;

/* What one kept kind-by-kind sums to. */
typedef struct s1_journal_counts {
    uint64_t by_kind[S1_JOURNAL_KIND_COUNT]; /* indexed by enum s1_journal_kind */
    uint64_t entries, blocks, bytes;         /* blocks and bytes: as of the last commit */
} s1_journal_counts;

/* The first member of s1_journal, so that s1_journal_enabled can be inline. */
typedef struct s1_journal_head {
    uint32_t kinds_enabled; /* bit per enum s1_journal_kind */
} s1_journal_head;

/* A journal that writes to `persistor`, which is borrowed and outlives it (NULL at level off). Goes
 * on where the persistor's tail ends. Errors: S1_E_INVALID for options out of range,
 * S1_E_NO_MEMORY. Heap; free with s1_journal_free. */
S1_WARN_UNUSED s1_rc s1_journal_new(const s1_journal_options *options,
                                    s1_journal_persistor *persistor, s1_journal **ret_journal,
                                    s1_err *err);

/* Frees the journal. What was not committed is lost. Accepts NULL. */
void s1_journal_free(s1_journal *journal);

/* What the chain's first hash is made of, NUL-terminated: "s1mpletrader journal
 * 1\n<link>\n<run_id>\n", all of which a reader finds in RUN_STARTED. Errors: S1_E_RANGE if it does
 * not fit. */
#define S1_JOURNAL_HEADER_SIZE 512u
S1_WARN_UNUSED s1_rc s1_journal_header(s1_str link, s1_str run_id,
                                       char ret_text[static S1_JOURNAL_HEADER_SIZE], s1_err *err);

/* True if entries of `kind` are kept at this level: ask before any work is done for one. */
static inline bool s1_journal_enabled(const s1_journal *journal, int32_t kind)
{
    const s1_journal_head *head = (const s1_journal_head *)(const void *)journal;
    return (head->kinds_enabled >> kind & 1u) != 0;
}

/* Opens an entry of an enabled kind. The tape is the caller's between s1_journal_details and
 * s1_journal_end, and only there. `time` is the simulated time of what happened. */
s1_tape *s1_journal_begin(s1_journal *journal, int32_t kind, s1_nanos time);

/* Who decided; an empty name writes nothing. At most S1_JOURNAL_LINK_MAX bytes. */
void s1_journal_worker(s1_journal *journal, s1_str instance_id);

/* The causes. A zero id writes nothing. */
void s1_journal_id_opportunity(s1_journal *journal, s1_opportunity_id id);
void s1_journal_id_trade(s1_journal *journal, s1_trade_id id);
void s1_journal_id_threat(s1_journal *journal, s1_threat_id id);
void s1_journal_id_order(s1_journal *journal, s1_order_id id);
void s1_journal_id_scheduled(s1_journal *journal, s1_scheduled_id id);

/* Opens details: from here the tape is inside that object. Left out, details is {}. */
void s1_journal_details(s1_journal *journal);

/* Inside details: a member that is somebody else's JSON text (a plugin's note), checked and brought
 * to one line. Errors: S1_E_INVALID for what is not a JSON object; the member is then left out. */
S1_WARN_UNUSED s1_rc s1_journal_member_json(s1_journal *journal, const char *name, s1_str json,
                                            s1_err *err);

/* Closes the entry. Objects the caller opened inside details must be closed again. On an error the
 * entry is not in the journal, but for the listener's. Errors: S1_E_RANGE for an entry that no
 * block can hold, S1_E_IO once the persistor failed, and the listener's. */
S1_WARN_UNUSED s1_rc s1_journal_end(s1_journal *journal, s1_err *err);

/* Drops the entry that s1_journal_begin opened: nothing was said. */
void s1_journal_cancel(s1_journal *journal);

/* Group commit: seals what is open, appends it and makes it durable. With nothing new since the
 * last commit it does nothing. Errors: S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_journal_commit(s1_journal *journal, s1_err *err);

/* Commits if the oldest entry that is not durable has waited for options.commit_within. Says in
 * *ret_wait how long the next one may still wait: INT64_MAX if all is durable, or nothing is due by
 * itself. Errors: S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_journal_poll(s1_journal *journal, s1_nanos *ret_wait, s1_err *err);

/* Commits, and gives the hash of the whole chain (at level off, 32 zero bytes). The journal takes
 * no further entries. Errors: S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_journal_finish(s1_journal *journal,
                                       uint8_t ret_head[static S1_JOURNAL_HASH_SIZE], s1_err *err);

/* Sequence number of the newest entry; 0 if there is none. */
uint64_t s1_journal_seq(const s1_journal *journal);

/* True once a write or a sync failed: the journal takes nothing more, and nobody may act on what it
 * could not hold. Any thread. False at level off. */
bool s1_journal_has_failed(const s1_journal *journal);

/* True once the disk was full and the journal goes on in what was set aside for that
 * (s1_journal_persistor_is_low): what is open is to be brought to its end, nothing new begun. Any
 * thread. False at level off. */
bool s1_journal_is_low(const s1_journal *journal);

/* Entries so far. Borrowed as long as the journal lives. */
const s1_journal_counts *s1_journal_counts_borrow(const s1_journal *journal);

#endif /* S1_BACKEND_CORE_JOURNAL_H */
