/* backend/core/order_book.h - the levels of one instrument, from rows of an
 * archive.
 *
 * Rows of one message (market_layout.h, `book`) share time, update_id and kind; a message counts as
 * a whole, so best prices are looked at when its last row is in.
 *
 *   state   | how it is reached                          | what updates do
 *   --------|--------------------------------------------|-----------------------------------
 *   EMPTY   | at the start                               | nothing (counted `early`)
 *   FOLLOWS | a snapshot                                 | change levels
 *   LOST    | a snapshot that begins with a quantity of  | nothing, to the next snapshot
 *           | 0: the mark that messages are missing here | (counted `lost`)
 *
 * A snapshot replaces the book. An update whose update_id is not above the book's is old and passed
 * over (`stale`). Which message follows on which is settled where messages are read
 * (backend/dtos/market/book_sequence.h; a connector's checksum); the archive has the mark. Where an
 * exchange never tells of levels that fall out of a subscription's depth (Kraken), the book `cuts`:
 * after an update it keeps as many levels a side as the snapshot had.
 *
 * Levels are mantissas at one scale. A side is a sorted list of blocks of sorted levels, the best
 * last: exchanges tell of levels anywhere, and so little is moved wherever one comes or goes.
 * Blocks hold prices as keys that rise with how good they are: of bids the price, of asks its
 * negative. At most `levels_max` a side: the worst level goes, counted `dropped`. Allocates in _new
 * only. Fields are for the inline functions.
 */
#ifndef S1_BACKEND_CORE_ORDER_BOOK_H
#define S1_BACKEND_CORE_ORDER_BOOK_H

#include "backend/dtos/market/market_layout.h"
#include "backend/utils/text.h"
#include "s1mple/base.h"

#define S1_BOOK_LEVELS_DEFAULT 16384u

enum s1_order_book_state { S1_BOOK_IS_EMPTY = 0, S1_BOOK_FOLLOWS = 1, S1_BOOK_IS_LOST = 2 };

typedef struct s1_book_level {
    int64_t price, quantity; /* quantity 0: no level */
} s1_book_level;

/* One row of the stream. */
typedef struct s1_book_row {
    s1_nanos time;
    int64_t update_id;
    int64_t price, quantity;
    int32_t kind; /* enum s1_book_kind */
    int32_t side; /* enum s1_book_side */
} s1_book_row;

typedef struct s1_book_counts {
    uint64_t rows, messages, snapshots;
    uint64_t early, stale; /* messages before the first snapshot; older than the book */
    uint64_t gaps;         /* marks that messages are missing */
    uint64_t lost;         /* messages passed over behind those, to the next snapshot */
    uint64_t dropped;      /* levels beyond levels_max */
} s1_book_counts;

#define S1_BOOK_BLOCK 64u

typedef struct s1_book_block {
    int64_t keys[S1_BOOK_BLOCK], quantities[S1_BOOK_BLOCK]; /* the best last */
    uint32_t count;
    uint32_t next_free; /* of a block that is not used: another one, UINT32_MAX: none */
} s1_book_block;

typedef struct s1_book_half {
    s1_book_block *blocks; /* [blocks_max] */
    uint32_t *order;       /* [blocks_max]: of blocks, the best last */
    int64_t *first;        /* [blocks_max]: the worst key of each, in that order */
    uint32_t block_count, free_block;
    uint32_t count; /* levels */
    uint32_t depth; /* levels kept after a message; UINT32_MAX: all */
    int64_t sign;   /* key = sign * price */
} s1_book_half;

typedef struct s1_order_book {
    s1_book_half bids, asks;
    uint32_t levels_max, blocks_max;
    int32_t state; /* enum s1_order_book_state */
    bool takes;    /* the rows of the message change levels */
    bool cuts;     /* keeps the depth of its snapshot */
    int32_t kind;  /* of the message, 0 before the first */
    s1_nanos time; /* of the message */
    int64_t message_id;
    int64_t update_id; /* of the last message taken */
    s1_book_counts counts;
} s1_order_book;

/* Are books of this source of a subscription's depth? */
static inline bool s1_order_book_cuts(s1_str source)
{
    return s1_str_eq_cstr(source, "kraken");
}

/* An empty book. Heap; free with s1_order_book_free. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_order_book_new(uint32_t levels_max, bool cuts, s1_order_book **ret_book,
                                       s1_err *err);
void s1_order_book_free(s1_order_book *book); /* accepts NULL */

/* A row of a batch of a book. */
static inline s1_book_row s1_book_row_of(const s1_market_batch *batch, size_t i)
{
    return (s1_book_row){.time = ((const s1_nanos *)batch->columns[0])[i],
                         .update_id = ((const int64_t *)batch->columns[1])[i],
                         .kind = ((const uint8_t *)batch->columns[2])[i],
                         .side = ((const uint8_t *)batch->columns[3])[i],
                         .price = ((const int64_t *)batch->columns[4])[i],
                         .quantity = ((const int64_t *)batch->columns[5])[i]};
}

/* Does the row belong to the message that is being taken? */
static inline bool s1_order_book_goes_on(const s1_order_book *book, const s1_book_row *row)
{
    return row->update_id == book->message_id && row->kind == book->kind && row->time == book->time;
}

/* Begins the message of a row: ends the one before and settles whether its rows count. */
void s1_order_book_begin(s1_order_book *book, const s1_book_row *row);

/* Ends the message that is being taken: cuts a book of a depth. */
void s1_order_book_end(s1_order_book *book);

/* Sets one level of the book, 0 removes it; the quantity that stood there before. */
int64_t s1_order_book_set(s1_order_book *book, int32_t side, int64_t price, int64_t quantity);

/* Takes the next row, of a new message where it does not go on; the quantity that stood at its
 * price before, -1 where the row does not count. */
static inline int64_t s1_order_book_take(s1_order_book *book, const s1_book_row *row)
{
    if (!s1_order_book_goes_on(book, row)) {
        s1_order_book_begin(book, row);
    }
    book->counts.rows++;
    return book->takes ? s1_order_book_set(book, row->side, row->price, row->quantity) : -1;
}

static inline const s1_book_half *s1_order_book_half(const s1_order_book *book, int32_t side)
{
    return side == S1_BOOK_BID ? &book->bids : &book->asks;
}

/* The best level; quantity 0 where there is none. */
static inline s1_book_level s1_book_half_best(const s1_book_half *half)
{
    if (half->count == 0) {
        return (s1_book_level){0, 0};
    }
    const s1_book_block *const block = &half->blocks[half->order[half->block_count - 1]];
    const uint32_t at = block->count - 1;
    return (s1_book_level){half->sign * block->keys[at], block->quantities[at]};
}

/* Level `depth` from the best (0) on; quantity 0 where there is none. */
s1_book_level s1_order_book_level(const s1_order_book *book, int32_t side, uint32_t depth);

/* What stands at a price; 0: nothing. */
int64_t s1_order_book_quantity(const s1_order_book *book, int32_t side, int64_t price);

/* The best bid at or above the best ask? */
static inline bool s1_order_book_is_crossed(const s1_order_book *book)
{
    return book->bids.count > 0 && book->asks.count > 0 &&
           s1_book_half_best(&book->bids).price >= s1_book_half_best(&book->asks).price;
}

#endif /* S1_BACKEND_CORE_ORDER_BOOK_H */
