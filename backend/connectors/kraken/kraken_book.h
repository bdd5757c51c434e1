/* backend/connectors/kraken/kraken_book.h - the order book of one pair as Kraken's `book` channel
 * tells it, and the checksum that proves it.
 *
 * Levels are mantissas at the finest scales seen so far (Kraken prints every number with the pair's
 * full precision, so the first snapshot settles them). At most `depth` levels a side are kept: what
 * falls out of depth is never deleted by the exchange.
 */
#ifndef S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_BOOK_H
#define S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_BOOK_H

#include "s1mple/base.h"

typedef struct s1_kraken_book s1_kraken_book;

typedef struct s1_kraken_level {
    int64_t price, quantity; /* mantissas; quantity 0 removes the level */
    uint32_t price_scale, quantity_scale;
} s1_kraken_level;

enum s1_kraken_side { S1_KRAKEN_BID = 1, S1_KRAKEN_ASK = 2 };

/* An empty book of `depth` (1..1000) levels a side. Heap; s1_kraken_book_free. Errors:
 * S1_E_INVALID, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_kraken_book_new(uint32_t depth, s1_kraken_book **ret_book, s1_err *err);
void s1_kraken_book_free(s1_kraken_book *book); /* accepts NULL */

/* Empties it; the scales stay. */
void s1_kraken_book_clear(s1_kraken_book *book);

/* Sets, moves in or removes one level. Removing one that is not there is fine. Errors: S1_E_RANGE
 * where a mantissa does not fit the finest scale. */
S1_WARN_UNUSED s1_rc s1_kraken_book_set(s1_kraken_book *book, int32_t side,
                                        const s1_kraken_level *level, s1_err *err);

/* To be called behind the last level of a message: cuts what fell out of depth. */
void s1_kraken_book_settle(s1_kraken_book *book);

/* CRC-32 (IEEE) over the ten best asks, then the ten best bids: digits of price and quantity
 * without the point and without leading zeros. */
uint32_t s1_kraken_book_checksum(const s1_kraken_book *book);

size_t s1_kraken_book_count(const s1_kraken_book *book, int32_t side);
/* Level `index` from the best one on; `index` is below the count. */
s1_kraken_level s1_kraken_book_level(const s1_kraken_book *book, int32_t side, size_t index);
/* The best bid at or above the best ask? */
bool s1_kraken_book_is_crossed(const s1_kraken_book *book);

#endif /* S1_BACKEND_CONNECTORS_KRAKEN_KRAKEN_BOOK_H */
