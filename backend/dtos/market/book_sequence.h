/* backend/dtos/market/book_sequence.h - which difference of an order book follows on which, where
 * each tells its first and last id (Binance: U and u, of a snapshot lastUpdateId).
 *
 *   the first one behind a snapshot   U <= lastUpdateId + 1 <= u, else messages are missing
 *   any other                         U is one above the last u, else messages are missing
 *   u at or below the last id         is old: the snapshot has it already
 */
#ifndef S1_BACKEND_DTOS_MARKET_BOOK_SEQUENCE_H
#define S1_BACKEND_DTOS_MARKET_BOOK_SEQUENCE_H

#include "s1mple/base.h"

enum s1_book_step {
    S1_BOOK_STEP_FOLLOWS = 1,
    S1_BOOK_STEP_OLD = 2,
    S1_BOOK_STEP_GAP = 3, /* messages are missing: the book needs a snapshot */
};

typedef struct s1_book_sequence {
    int64_t last;  /* id of the last message taken */
    bool has_last; /* false: any message may come */
    bool is_first; /* the last one was a snapshot */
} s1_book_sequence;

static inline void s1_book_sequence_snapshot(s1_book_sequence *sequence, int64_t id)
{
    *sequence = (s1_book_sequence){.last = id, .has_last = true, .is_first = true};
}

/* Takes a difference, ids at or above 0; behind a GAP any message may come. */
static inline enum s1_book_step s1_book_sequence_take(s1_book_sequence *sequence, int64_t first,
                                                      int64_t last)
{
    if (sequence->has_last && last <= sequence->last) {
        return S1_BOOK_STEP_OLD;
    }
    const bool follows = !sequence->has_last || first - 1 == sequence->last ||
                         (sequence->is_first && first <= sequence->last);
    *sequence = (s1_book_sequence){.last = last, .has_last = true};
    return follows ? S1_BOOK_STEP_FOLLOWS : S1_BOOK_STEP_GAP;
}

#endif /* S1_BACKEND_DTOS_MARKET_BOOK_SEQUENCE_H */
