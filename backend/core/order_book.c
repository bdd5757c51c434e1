#include "backend/core/order_book.h"

#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

/* Blocks enough, however the levels lie: each but one is at least a quarter full on average. */
static uint32_t blocks_for(uint32_t levels_max)
{
    return levels_max / (S1_BOOK_BLOCK / 4) + 2;
}

static void empty_half(s1_book_half *half, uint32_t blocks_max)
{
    for (uint32_t i = 0; i < blocks_max; i++) {
        half->blocks[i].count = 0;
        half->blocks[i].next_free = i + 1 < blocks_max ? i + 1 : UINT32_MAX;
    }
    half->free_block = 0;
    half->block_count = 0;
    half->count = 0;
    half->depth = UINT32_MAX;
}

static bool half_init(s1_book_half *half, uint32_t blocks_max, int64_t sign)
{
    half->blocks = calloc(blocks_max, sizeof *half->blocks);
    half->order = calloc(blocks_max, sizeof *half->order);
    half->first = calloc(blocks_max, sizeof *half->first);
    half->sign = sign;
    if (half->blocks == NULL || half->order == NULL || half->first == NULL) {
        return false;
    }
    empty_half(half, blocks_max);
    return true;
}

static void half_done(s1_book_half *half)
{
    free(half->blocks);
    free(half->order);
    free(half->first);
}

s1_rc s1_order_book_new(uint32_t levels_max, bool cuts, s1_order_book **ret_book, s1_err *err)
{
    S1_ASSERT(levels_max > 0);
    s1_order_book *const book = calloc(1, sizeof *book);
    const uint32_t blocks_max = blocks_for(levels_max);
    if (book == NULL || !half_init(&book->bids, blocks_max, 1) ||
        !half_init(&book->asks, blocks_max, -1)) {
        s1_order_book_free(book);
        return S1_RAISE(err, S1_E_NO_MEMORY, "an order book of %u levels a side", levels_max);
    }
    book->levels_max = levels_max;
    book->blocks_max = blocks_max;
    book->cuts = cuts;
    *ret_book = book;
    return S1_OK;
}

void s1_order_book_free(s1_order_book *book)
{
    if (book != NULL) {
        half_done(&book->bids);
        half_done(&book->asks);
        free(book);
    }
}

/* --- Levels. ------------------------------------------------------------------------------ */

/* How many of rising keys are below one. Without branches: which way to go is a coin's toss. */
static uint32_t count_below(const int64_t *keys, uint32_t count, int64_t key)
{
    uint32_t at = 0;
    uint32_t left = count;
    while (left > 1) {
        const uint32_t half = left / 2;
        at += half & (0u - (uint32_t)(keys[at + half - 1] < key));
        left -= half;
    }
    return at + (left == 1 && keys[at] < key ? 1 : 0);
}

/* Where in the order the block stands that a key belongs in; there is at least one. */
static uint32_t block_of(const s1_book_half *half, int64_t key)
{
    const uint32_t last = half->block_count - 1;
    if (key >= half->first[last]) {
        return last; /* near the touch, as most are */
    }
    const uint32_t behind = count_below(half->first, last, key);
    return behind < last && half->first[behind] == key ? behind : behind > 0 ? behind - 1 : 0;
}

static void remove_block(s1_book_half *half, uint32_t place)
{
    const uint32_t id = half->order[place];
    const size_t behind = half->block_count - place - 1;
    half->blocks[id].next_free = half->free_block;
    half->free_block = id;
    memmove(half->order + place, half->order + place + 1, behind * sizeof *half->order);
    memmove(half->first + place, half->first + place + 1, behind * sizeof *half->first);
    half->block_count--;
}

static s1_book_block *add_block(s1_book_half *half, uint32_t place)
{
    const uint32_t id = half->free_block;
    S1_ASSERT(id != UINT32_MAX);
    s1_book_block *const block = &half->blocks[id];
    const size_t behind = half->block_count - place;
    half->free_block = block->next_free;
    block->count = 0;
    memmove(half->order + place + 1, half->order + place, behind * sizeof *half->order);
    memmove(half->first + place + 1, half->first + place, behind * sizeof *half->first);
    half->order[place] = id;
    half->block_count++;
    return block;
}

/* Brings the levels of a block behind those of the one before it, where both are small. */
static void join_blocks(s1_book_half *half, uint32_t place)
{
    if (place == 0 || place >= half->block_count) {
        return;
    }
    s1_book_block *const to = &half->blocks[half->order[place - 1]];
    const s1_book_block *const from = &half->blocks[half->order[place]];
    if (to->count + from->count > S1_BOOK_BLOCK / 2) {
        return;
    }
    memcpy(to->keys + to->count, from->keys, from->count * sizeof *to->keys);
    memcpy(to->quantities + to->count, from->quantities, from->count * sizeof *to->quantities);
    to->count += from->count;
    remove_block(half, place);
}

static void erase(s1_book_half *half, uint32_t place, uint32_t at)
{
    s1_book_block *const block = &half->blocks[half->order[place]];
    const size_t behind = block->count - at - 1;
    memmove(block->keys + at, block->keys + at + 1, behind * sizeof *block->keys);
    memmove(block->quantities + at, block->quantities + at + 1, behind * sizeof *block->quantities);
    block->count--;
    half->count--;
    if (block->count == 0) {
        remove_block(half, place);
        return;
    }
    half->first[place] = block->keys[0];
    if (block->count < S1_BOOK_BLOCK / 4) {
        join_blocks(half, place + 1);
        join_blocks(half, place);
    }
}

/* Moves the better half of a full block to one of its own. */
static void split(s1_book_half *half, uint32_t place)
{
    enum { KEPT = S1_BOOK_BLOCK / 2 };
    s1_book_block *const block = &half->blocks[half->order[place]];
    s1_book_block *const better = add_block(half, place + 1);
    better->count = S1_BOOK_BLOCK - KEPT;
    memcpy(better->keys, block->keys + KEPT, better->count * sizeof *better->keys);
    memcpy(better->quantities, block->quantities + KEPT,
           better->count * sizeof *better->quantities);
    block->count = KEPT;
    half->first[place + 1] = better->keys[0];
}

static void insert(s1_book_half *half, uint32_t place, int64_t key, int64_t quantity)
{
    if (half->block_count == 0) {
        (void)add_block(half, 0);
    } else if (half->blocks[half->order[place]].count == S1_BOOK_BLOCK) {
        split(half, place);
        place += key > half->first[place + 1] ? 1 : 0;
    }
    s1_book_block *const block = &half->blocks[half->order[place]];
    const uint32_t at = count_below(block->keys, block->count, key);
    const size_t behind = block->count - at;
    memmove(block->keys + at + 1, block->keys + at, behind * sizeof *block->keys);
    memmove(block->quantities + at + 1, block->quantities + at, behind * sizeof *block->quantities);
    block->keys[at] = key;
    block->quantities[at] = quantity;
    block->count++;
    half->count++;
    half->first[place] = block->keys[0];
}

int64_t s1_order_book_set(s1_order_book *book, int32_t side, int64_t price, int64_t quantity)
{
    s1_book_half *const half = side == S1_BOOK_BID ? &book->bids : &book->asks;
    const int64_t key = half->sign * price;
    uint32_t place = 0;
    if (half->block_count > 0) {
        place = block_of(half, key);
        s1_book_block *const block = &half->blocks[half->order[place]];
        const uint32_t at = count_below(block->keys, block->count, key);
        if (at < block->count && block->keys[at] == key) {
            const int64_t before = block->quantities[at];
            if (quantity > 0) {
                block->quantities[at] = quantity;
            } else {
                erase(half, place, at);
            }
            return before;
        }
    }
    if (quantity <= 0) {
        return 0;
    }
    if (half->count == book->levels_max) {
        book->counts.dropped++;
        if (key < half->first[0]) {
            return 0; /* itself the worst */
        }
        erase(half, 0, 0);
        place = half->block_count > 0 ? block_of(half, key) : 0;
    }
    insert(half, place, key, quantity);
    return 0;
}

int64_t s1_order_book_quantity(const s1_order_book *book, int32_t side, int64_t price)
{
    const s1_book_half *const half = s1_order_book_half(book, side);
    const int64_t key = half->sign * price;
    if (half->block_count == 0) {
        return 0;
    }
    const s1_book_block *const block = &half->blocks[half->order[block_of(half, key)]];
    const uint32_t at = count_below(block->keys, block->count, key);
    return at < block->count && block->keys[at] == key ? block->quantities[at] : 0;
}

s1_book_level s1_order_book_level(const s1_order_book *book, int32_t side, uint32_t depth)
{
    const s1_book_half *const half = s1_order_book_half(book, side);
    for (uint32_t place = half->block_count; place > 0; place--) {
        const s1_book_block *const block = &half->blocks[half->order[place - 1]];
        if (depth < block->count) {
            const uint32_t at = block->count - 1 - depth;
            return (s1_book_level){half->sign * block->keys[at], block->quantities[at]};
        }
        depth -= block->count;
    }
    return (s1_book_level){0, 0};
}

/* --- Messages. ---------------------------------------------------------------------------- */

static void cut(s1_book_half *half)
{
    while (half->count > half->depth) {
        erase(half, 0, 0);
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
    empty_half(&book->bids, book->blocks_max);
    empty_half(&book->asks, book->blocks_max);
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
