#include "backend/core/order_book.h"

#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

static bool half_init(s1_book_half *half, uint32_t levels_max)
{
    half->prices = calloc(levels_max, sizeof *half->prices);
    half->quantities = calloc(levels_max, sizeof *half->quantities);
    half->depth = UINT32_MAX;
    return half->prices != NULL && half->quantities != NULL;
}

s1_rc s1_order_book_new(uint32_t levels_max, bool cuts, s1_order_book **ret_book, s1_err *err)
{
    S1_ASSERT(levels_max > 0);
    s1_order_book *const book = calloc(1, sizeof *book);
    if (book == NULL || !half_init(&book->bids, levels_max) ||
        !half_init(&book->asks, levels_max)) {
        s1_order_book_free(book);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an order book of %u levels a side", levels_max);
    }
    book->levels_max = levels_max;
    book->cuts = cuts;
    *ret_book = book;
    return S1_OK;
}

void s1_order_book_free(s1_order_book *book)
{
    if (book != NULL) {
        free(book->bids.prices);
        free(book->bids.quantities);
        free(book->asks.prices);
        free(book->asks.quantities);
        free(book);
    }
}

/* --- Levels. ------------------------------------------------------------------------------ */

/* The first index whose level is as good as the price or better: bids rise along the array, asks
 * fall. Looks near the touch first. */
static uint32_t place_of(const s1_book_half *half, bool is_bid, int64_t price)
{
    const int64_t *const prices = half->prices;
    const int64_t sign = is_bid ? 1 : -1;
    uint32_t low = 0, high = half->count;
    for (uint32_t step = 8; step < half->count; step *= 4) { /* gallop away from the best */
        const uint32_t probe = half->count - step;
        if (sign * prices[probe] < sign * price) {
            low = probe + 1;
            break;
        }
        high = probe;
    }
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const bool is_worse = sign * prices[middle] < sign * price;
        low = is_worse ? middle + 1 : low;
        high = is_worse ? high : middle;
    }
    return low;
}

static void erase(s1_book_half *half, uint32_t at, uint32_t count)
{
    const size_t behind = half->count - at - count;
    memmove(half->prices + at, half->prices + at + count, behind * sizeof *half->prices);
    memmove(half->quantities + at, half->quantities + at + count,
            behind * sizeof *half->quantities);
    half->count -= count;
}

static void insert(s1_book_half *half, uint32_t at, int64_t price, int64_t quantity)
{
    const size_t behind = half->count - at;
    memmove(half->prices + at + 1, half->prices + at, behind * sizeof *half->prices);
    memmove(half->quantities + at + 1, half->quantities + at, behind * sizeof *half->quantities);
    half->prices[at] = price;
    half->quantities[at] = quantity;
    half->count++;
}

int64_t s1_order_book_set(s1_order_book *book, int32_t side, int64_t price, int64_t quantity)
{
    s1_book_half *const half = side == S1_BOOK_BID ? &book->bids : &book->asks;
    uint32_t at = place_of(half, side == S1_BOOK_BID, price);
    if (at < half->count && half->prices[at] == price) {
        const int64_t before = half->quantities[at];
        if (quantity > 0) {
            half->quantities[at] = quantity;
        } else {
            erase(half, at, 1);
        }
        return before;
    }
    if (quantity <= 0) {
        return 0;
    }
    if (half->count == book->levels_max) {
        book->counts.dropped++;
        if (at == 0) {
            return 0; /* itself the worst */
        }
        erase(half, 0, 1);
        at--;
    }
    insert(half, at, price, quantity);
    return 0;
}

int64_t s1_order_book_quantity(const s1_order_book *book, int32_t side, int64_t price)
{
    const s1_book_half *const half = s1_order_book_half(book, side);
    const uint32_t at = place_of(half, side == S1_BOOK_BID, price);
    return at < half->count && half->prices[at] == price ? half->quantities[at] : 0;
}

/* --- Messages. ---------------------------------------------------------------------------- */

static void cut(s1_book_half *half)
{
    if (half->count > half->depth) {
        erase(half, 0, half->count - half->depth);
    }
}

void s1_order_book_end(s1_order_book *book)
{
    if (!book->cuts || !book->takes) {
        return;
    }
    if (book->kind == S1_BOOK_SNAPSHOT) {
        const uint32_t depth =
            book->bids.count > book->asks.count ? book->bids.count : book->asks.count;
        book->bids.depth = depth > 0 ? depth : UINT32_MAX;
        book->asks.depth = book->bids.depth;
    } else {
        cut(&book->bids);
        cut(&book->asks);
    }
}

static void begin_snapshot(s1_order_book *book, const s1_book_row *row)
{
    const bool is_mark = row->quantity == 0;
    book->counts.snapshots += is_mark ? 0 : 1;
    book->counts.gaps += is_mark ? 1 : 0;
    book->bids.count = 0;
    book->asks.count = 0;
    book->bids.depth = UINT32_MAX;
    book->asks.depth = UINT32_MAX;
    book->state = is_mark ? S1_BOOK_IS_LOST : S1_BOOK_FOLLOWS;
    book->update_id = row->update_id;
    book->takes = !is_mark;
}

static void begin_update(s1_order_book *book, const s1_book_row *row)
{
    book->takes = false;
    if (book->state == S1_BOOK_IS_EMPTY) {
        book->counts.early++;
    } else if (book->state == S1_BOOK_IS_LOST) {
        book->counts.lost++;
    } else if (row->update_id <= book->update_id) {
        book->counts.stale++;
    } else {
        book->takes = true;
        book->update_id = row->update_id;
    }
}

void s1_order_book_begin(s1_order_book *book, const s1_book_row *row)
{
    s1_order_book_end(book);
    book->counts.messages++;
    book->message_id = row->update_id;
    book->kind = row->kind;
    book->time = row->time;
    if (row->kind == S1_BOOK_SNAPSHOT) {
        begin_snapshot(book, row);
    } else {
        begin_update(book, row);
    }
}
