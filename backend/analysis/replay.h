/* backend/analysis/replay.h - holds the books folded from a journal against what its run left.
 *
 * Compared, exactly: the chain's head, identity and every count of run.json; final equity, fees,
 * net profit and trades of result_metrics.json; result_trades.csv field by field; RUN_FINISHED (by
 * the audit itself). The states under state/ are the plugins' own and stand in no journal: their
 * envelopes are checked, and only running the strategy again can prove what is in them.
 *
 * A difference is a finding of the audit (S1_INVARIANT_REPLAY), naming file, field, what was found
 * there and what the journal gives.
 */
#ifndef S1_BACKEND_ANALYSIS_REPLAY_H
#define S1_BACKEND_ANALYSIS_REPLAY_H

#include "backend/analysis/invariants.h"
#include "backend/utils/arena.h"
#include "backend/utils/fs.h"

/* X(name, word). */
#define S1_REPLAY_STATUS_MAP(X)                                                                    \
    X(EQUAL, "equal")                                                                              \
    X(DIFFERS, "differs")                                                                          \
    X(NOT_KEPT, "not in the journal")
enum s1_replay_status {
    S1_REPLAY_STATUS_INVALID,
#define X(name, word) S1_REPLAY_##name,
    S1_REPLAY_STATUS_MAP(X)
#undef X
};
const char *s1_replay_status_word(int32_t status);

/* Why something was not compared. X(name, words). */
#define S1_REPLAY_NOTE_MAP(X)                                                                      \
    X(LEVEL, "level trades does not keep it")                                                      \
    X(LAST_CLOSE,                                                                                  \
      "a position is open: its value needs the last close, which no entry holds; RUN_FINISHED "    \
      "was taken for it")                                                                          \
    X(PART_FEE, "level trades: an open position lost a part, whose fee no entry holds")            \
    X(PART_PRICE, "level trades: an open position lost a part at a price no entry holds")          \
    X(PLUGIN_STATE, "the plugin's own, which no entry holds; replay --execute compares it")
enum s1_replay_note {
    S1_REPLAY_NOTE_NONE,
#define X(name, words) S1_REPLAY_NOTE_##name,
    S1_REPLAY_NOTE_MAP(X)
#undef X
};
const char *s1_replay_note_name(int32_t note);  /* "LEVEL"; NULL for none */
const char *s1_replay_note_words(int32_t note); /* NULL for none */

/* One thing that was compared. Texts live as long as the arena. */
typedef struct s1_replay_check {
    const char *where, *field;  /* "run.json", "counts.trades" */
    const char *rebuilt, *left; /* as the journal gives it, as the run left it; NULL: none */
    int32_t note;               /* enum s1_replay_note: why it was not compared */
    int32_t status;             /* enum s1_replay_status */
} s1_replay_check;

typedef struct s1_replay_report {
    s1_replay_check *checks; /* [count] */
    size_t count, capacity;
    uint64_t equal, differs, not_kept; /* how many of each */
    uint64_t trade_fields;             /* of result_trades.csv that were compared */
} s1_replay_report;

/* Compares. `audit` has seen the whole journal, `verdict` is what verifying it found. Everything
 * returned lives in `arena`. Errors: S1_E_NOT_FOUND and S1_E_DATA for a file that is missing or
 * cannot be read as what it is, S1_E_IO, S1_E_NO_MEMORY; a difference is none. */
S1_WARN_UNUSED
s1_rc s1_replay_compare(s1_audit *audit, const s1_journal_verdict *verdict, const s1_fs *fs,
                        const char *folder, s1_arena *arena, s1_replay_report *ret_report,
                        s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_REPLAY_H */
