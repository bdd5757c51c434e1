#include "backend/connectors/kraken/kraken_book.h"

#include "backend/dtos/market/market_batch.h"
#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEPTH_MAX      1000u
#define CHECKED_LEVELS 10u
/* Levels of one message may stand beyond depth until s1_kraken_book_settle. */
#define SIDE_ROOM(depth) ((size_t)(depth) + DEPTH_MAX)

typedef struct book_level {
    int64_t price, quantity; /* at the book's scales */
} book_level;

typedef struct book_side {
    book_level *levels; /* [SIDE_ROOM], the best one first */
    size_t count;
} book_side;

struct s1_kraken_book {
    book_side bids, asks;
    uint32_t depth;
    uint32_t price_scale, quantity_scale;
};

static const int64_t powers[] = {1LL,
                                 10LL,
                                 100LL,
                                 1000LL,
                                 10000LL,
                                 100000LL,
                                 1000000LL,
                                 10000000LL,
                                 100000000LL,
                                 1000000000LL,
                                 10000000000LL,
                                 100000000000LL,
                                 1000000000000LL,
                                 10000000000000LL,
                                 100000000000000LL,
                                 1000000000000000LL,
                                 10000000000000000LL,
                                 100000000000000000LL,
                                 1000000000000000000LL};

s1_rc s1_kraken_book_new(uint32_t depth, s1_kraken_book **ret_book, s1_err *err)
{
    if (depth == 0 || depth > DEPTH_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "depth of a book: found %u, expected 1 to %u", depth,
                        DEPTH_MAX);
    }
    s1_kraken_book *const book = calloc(1, sizeof *book);
    if (book != NULL) {
        book->depth = depth;
        book->bids.levels = calloc(SIDE_ROOM(depth), sizeof *book->bids.levels);
        book->asks.levels = calloc(SIDE_ROOM(depth), sizeof *book->asks.levels);
    }
    if (book == NULL || book->bids.levels == NULL || book->asks.levels == NULL) {
        s1_kraken_book_free(book);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a book of %u levels", depth);
    }
    *ret_book = book;
    return S1_OK;
}

void s1_kraken_book_free(s1_kraken_book *book)
{
    if (book != NULL) {
        free(book->bids.levels);
        free(book->asks.levels);
        free(book);
    }
}

void s1_kraken_book_clear(s1_kraken_book *book)
{
    book->bids.count = 0;
    book->asks.count = 0;
}

static bool rescale(int64_t value, uint32_t from, uint32_t to, int64_t *ret_value)
{
    S1_ASSERT(from <= to && to <= S1_SCALE_MAX);
    return !__builtin_mul_overflow(value, powers[to - from], ret_value) &&
           *ret_value <= S1_MANTISSA_MAX && *ret_value >= -S1_MANTISSA_MAX;
}

static bool raise_scales(s1_kraken_book *book, uint32_t price_scale, uint32_t quantity_scale)
{
    book_side *const sides[] = {&book->bids, &book->asks};
    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < sides[s]->count; i++) {
            book_level *const level = &sides[s]->levels[i];
            if (!rescale(level->price, book->price_scale, price_scale, &level->price) ||
                !rescale(level->quantity, book->quantity_scale, quantity_scale, &level->quantity)) {
                return false;
            }
        }
    }
    book->price_scale = price_scale;
    book->quantity_scale = quantity_scale;
    return true;
}

/* Where `price` stands or would stand: the first level that is not better. */
static size_t position_of(const book_side *side, int64_t price, bool is_bid)
{
    size_t low = 0;
    size_t high = side->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int64_t there = side->levels[middle].price;
        if (is_bid ? there > price : there < price) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void put_level(book_side *side, size_t room, bool is_bid, book_level level)
{
    const size_t at = position_of(side, level.price, is_bid);
    const bool is_there = at < side->count && side->levels[at].price == level.price;
    if (level.quantity == 0) {
        if (is_there) {
            side->count--;
            memmove(&side->levels[at], &side->levels[at + 1],
                    (side->count - at) * sizeof *side->levels);
        }
        return;
    }
    if (!is_there) {
        if (at == room) {
            return; /* beyond all that is kept */
        }
        side->count -= side->count == room ? 1 : 0;
        memmove(&side->levels[at + 1], &side->levels[at],
                (side->count - at) * sizeof *side->levels);
        side->count++;
    }
    side->levels[at] = level;
}

s1_rc s1_kraken_book_set(s1_kraken_book *book, int32_t side, const s1_kraken_level *level,
                         s1_err *err)
{
    const uint32_t price_scale =
        level->price_scale > book->price_scale ? level->price_scale : book->price_scale;
    const uint32_t quantity_scale =
        level->quantity_scale > book->quantity_scale ? level->quantity_scale : book->quantity_scale;
    book_level made;
    if ((price_scale != book->price_scale || quantity_scale != book->quantity_scale) &&
        !raise_scales(book, price_scale, quantity_scale)) {
        return S1_RAISE(err, S1_E_RANGE,
                        "a level of the book at scales %u and %u exceeds 18 digits", price_scale,
                        quantity_scale);
    }
    if (!rescale(level->price, level->price_scale, price_scale, &made.price) ||
        !rescale(level->quantity, level->quantity_scale, quantity_scale, &made.quantity)) {
        return S1_RAISE(err, S1_E_RANGE, "a level at scales %u and %u exceeds 18 digits",
                        price_scale, quantity_scale);
    }
    const bool is_bid = side == S1_KRAKEN_BID;
    put_level(is_bid ? &book->bids : &book->asks, SIDE_ROOM(book->depth), is_bid, made);
    return S1_OK;
}

void s1_kraken_book_settle(s1_kraken_book *book)
{
    book->bids.count = book->bids.count > book->depth ? book->depth : book->bids.count;
    book->asks.count = book->asks.count > book->depth ? book->depth : book->asks.count;
}

/* --- Checksum. --- */

#define DIGITS_MAX 20u /* of a mantissa */

/* Appends the digits; `to` has room. Returns their number. */
static size_t write_digits(unsigned char *to, int64_t mantissa)
{
    unsigned char digits[DIGITS_MAX];
    size_t count = 0;
    for (uint64_t rest = (uint64_t)mantissa; rest != 0; rest /= 10) {
        digits[count++] = (unsigned char)('0' + rest % 10);
    }
    for (size_t i = 0; i < count; i++) {
        to[i] = digits[count - 1 - i];
    }
    return count;
}

static size_t write_side(unsigned char *to, const book_side *side)
{
    size_t length = 0;
    for (size_t i = 0; i < side->count && i < CHECKED_LEVELS; i++) {
        length += write_digits(to + length, side->levels[i].price);
        length += write_digits(to + length, side->levels[i].quantity);
    }
    return length;
}

uint32_t s1_kraken_book_checksum(const s1_kraken_book *book)
{
    unsigned char text[2 * CHECKED_LEVELS * 2 * DIGITS_MAX];
    size_t length = write_side(text, &book->asks);
    length += write_side(text + length, &book->bids);
    return (uint32_t)crc32(0, text, (uInt)length);
}

/* --- Queries. --- */

static const book_side *side_of(const s1_kraken_book *book, int32_t side)
{
    return side == S1_KRAKEN_BID ? &book->bids : &book->asks;
}

size_t s1_kraken_book_count(const s1_kraken_book *book, int32_t side)
{
    return side_of(book, side)->count;
}

s1_kraken_level s1_kraken_book_level(const s1_kraken_book *book, int32_t side, size_t index)
{
    const book_side *const levels = side_of(book, side);
    S1_ASSERT(index < levels->count);
    return (s1_kraken_level){levels->levels[index].price, levels->levels[index].quantity,
                             book->price_scale, book->quantity_scale};
}

bool s1_kraken_book_is_crossed(const s1_kraken_book *book)
{
    return book->bids.count > 0 && book->asks.count > 0 &&
           book->bids.levels[0].price >= book->asks.levels[0].price;
}
