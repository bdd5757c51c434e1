/* The order book on rows of any bytes: its levels stay sorted and above zero, at most as many as
 * asked for, and what was set last is what stands there. */
#include "backend/core/order_book.h"
#include "backend/utils/assert.h"

#include <string.h>

#define LEVELS 12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_side(const s1_order_book *book, int32_t side)
{
    const s1_book_half *const half = s1_order_book_half(book, side);
    S1_ASSERT(half->count <= LEVELS);
    for (uint32_t i = 0; i < half->count; i++) {
        const s1_book_level level = s1_order_book_level(book, side, i);
        S1_ASSERT(level.quantity > 0);
        S1_ASSERT(s1_order_book_quantity(book, side, level.price) == level.quantity);
        if (i > 0) {
            const int64_t better = s1_order_book_level(book, side, i - 1).price;
            S1_ASSERT(side == S1_BOOK_BID ? better > level.price : better < level.price);
        }
    }
    S1_ASSERT(s1_order_book_level(book, side, half->count).quantity == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_order_book *book;
    if (size == 0) {
        return 0;
    }
    S1_ASSERT(s1_order_book_new(LEVELS, (data[0] & 1) != 0, &book, NULL) == S1_OK);
    for (size_t at = 1; at + 4 <= size; at += 4) {
        const s1_book_row row = {.time = data[at] >> 4,
                                 .update_id = data[at] >> 2,
                                 .kind = 1 + (data[at] & 1),
                                 .side = 1 + (data[at] >> 1 & 1),
                                 .price = data[at + 1],
                                 .quantity = (int64_t)data[at + 2] - (data[at + 3] & 1)};
        const int64_t before = s1_order_book_quantity(book, row.side, row.price);
        const bool goes_on = s1_order_book_goes_on(book, &row);
        const uint64_t dropped = book->counts.dropped;
        const int64_t told = s1_order_book_take(book, &row);
        S1_ASSERT(told == -1 || !goes_on || told == before);
        if (told >= 0 && book->counts.dropped == dropped) {
            S1_ASSERT(s1_order_book_quantity(book, row.side, row.price) ==
                      (row.quantity > 0 ? row.quantity : 0));
        }
        check_side(book, S1_BOOK_BID);
        check_side(book, S1_BOOK_ASK);
    }
    s1_order_book_end(book);
    s1_order_book_free(book);
    return 0;
}
