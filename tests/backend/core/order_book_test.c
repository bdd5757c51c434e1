/* The order book against a map that is searched from end to end, and what its messages do. */
#include "backend/core/order_book.h"

#include "backend/dtos/market/book_sequence.h"
#include "backend/utils/rng.h"
#include "tests/support/cmocka.h"

#include <string.h>

#define PRICES 400

/* --- The slow one: the quantity at every price. --- */

typedef struct naive {
    int64_t at[3][PRICES]; /* by side */
} naive;

static s1_book_level naive_level(const naive *n, int32_t side, uint32_t depth)
{
    for (int64_t i = 0; i < PRICES; i++) {
        const int64_t price = side == S1_BOOK_BID ? PRICES - 1 - i : i;
        if (n->at[side][price] > 0 && depth-- == 0) {
            return (s1_book_level){price, n->at[side][price]};
        }
    }
    return (s1_book_level){0, 0};
}

static void assert_same(const s1_order_book *book, const naive *n)
{
    for (int32_t side = S1_BOOK_BID; side <= S1_BOOK_ASK; side++) {
        for (uint32_t depth = 0; depth <= s1_order_book_half(book, side)->count; depth++) {
            const s1_book_level expected = naive_level(n, side, depth);
            const s1_book_level found = s1_order_book_level(book, side, depth);
            assert_int_equal(found.price, expected.price);
            assert_int_equal(found.quantity, expected.quantity);
        }
        for (int64_t price = 0; price < PRICES; price++) {
            assert_int_equal(s1_order_book_quantity(book, side, price), n->at[side][price]);
        }
    }
}

static s1_order_book *new_book(uint32_t levels, bool cuts)
{
    s1_order_book *book;
    assert_int_equal(s1_order_book_new(levels, cuts, &book, NULL), S1_OK);
    return book;
}

static void test_any_changes_leave_what_a_map_has(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 7);
    for (int round = 0; round < 20; round++) {
        s1_order_book *const book = new_book(PRICES, false);
        naive n = {{{0}}};
        const uint64_t removals = 1 + s1_rng_below(&rng, 9); /* of ten: full or sparse books */
        for (int i = 0; i < 3000; i++) {
            const int32_t side = (int32_t)(1 + s1_rng_below(&rng, 2));
            const int64_t price = (int64_t)s1_rng_below(&rng, PRICES);
            const int64_t quantity =
                s1_rng_below(&rng, 10) < removals ? 0 : (int64_t)(1 + s1_rng_below(&rng, 1000000));
            assert_int_equal(s1_order_book_set(book, side, price, quantity), n.at[side][price]);
            n.at[side][price] = quantity;
            if (i % 50 == 0) {
                assert_same(book, &n);
            }
        }
        assert_same(book, &n);
        s1_order_book_free(book);
    }
}

static void test_a_full_side_loses_its_worst_level(void **state)
{
    (void)state;
    s1_order_book *const book = new_book(3, false);
    for (int64_t price = 10; price <= 12; price++) {
        (void)s1_order_book_set(book, S1_BOOK_BID, price, price);
        (void)s1_order_book_set(book, S1_BOOK_ASK, price + 10, price);
    }
    (void)s1_order_book_set(book, S1_BOOK_BID, 9, 1); /* itself the worst */
    assert_int_equal(s1_order_book_quantity(book, S1_BOOK_BID, 9), 0);
    (void)s1_order_book_set(book, S1_BOOK_BID, 11, 5); /* is there: nothing goes */
    (void)s1_order_book_set(book, S1_BOOK_BID, 13, 6);
    (void)s1_order_book_set(book, S1_BOOK_ASK, 19, 7);
    assert_int_equal(s1_order_book_level(book, S1_BOOK_BID, 0).price, 13);
    assert_int_equal(s1_order_book_level(book, S1_BOOK_BID, 2).price, 11);
    assert_int_equal(s1_order_book_level(book, S1_BOOK_ASK, 0).price, 19);
    assert_int_equal(s1_order_book_level(book, S1_BOOK_ASK, 2).price, 21);
    assert_int_equal(book->counts.dropped, 3);
    s1_order_book_free(book);
}

/* --- Messages. --- */

static int64_t take(s1_order_book *book, int32_t kind, int64_t id, int32_t side, int64_t price,
                    int64_t quantity)
{
    const s1_book_row row = {.time = id * 10,
                             .update_id = id,
                             .kind = kind,
                             .side = side,
                             .price = price,
                             .quantity = quantity};
    return s1_order_book_take(book, &row);
}

static void test_messages_move_the_states(void **state)
{
    (void)state;
    s1_order_book *const book = new_book(10, false);
    assert_int_equal(take(book, S1_BOOK_UPDATE, 1, S1_BOOK_BID, 99, 1), -1);
    assert_int_equal(book->state, S1_BOOK_IS_EMPTY);
    assert_int_equal(take(book, S1_BOOK_SNAPSHOT, 5, S1_BOOK_BID, 99, 3), 0);
    assert_int_equal(take(book, S1_BOOK_SNAPSHOT, 5, S1_BOOK_ASK, 101, 4), 0);
    assert_int_equal(book->state, S1_BOOK_FOLLOWS);
    assert_int_equal(take(book, S1_BOOK_UPDATE, 4, S1_BOOK_BID, 99, 7), -1); /* the book has it */
    assert_int_equal(take(book, S1_BOOK_UPDATE, 5, S1_BOOK_BID, 99, 7), -1);
    assert_int_equal(take(book, S1_BOOK_UPDATE, 6, S1_BOOK_BID, 99, 7), 3);
    assert_int_equal(take(book, S1_BOOK_UPDATE, 6, S1_BOOK_BID, 101, 1), 0);
    assert_true(s1_order_book_is_crossed(book)); /* until the message is whole */
    assert_int_equal(take(book, S1_BOOK_UPDATE, 6, S1_BOOK_ASK, 101, 0), 4);
    assert_false(s1_order_book_is_crossed(book));
    assert_int_equal(take(book, S1_BOOK_SNAPSHOT, 9, S1_BOOK_BID, 50, 0), -1); /* the mark */
    assert_int_equal(book->state, S1_BOOK_IS_LOST);
    assert_int_equal(book->bids.count + book->asks.count, 0);
    assert_int_equal(take(book, S1_BOOK_UPDATE, 9, S1_BOOK_BID, 50, 1), -1);
    assert_int_equal(take(book, S1_BOOK_SNAPSHOT, 12, S1_BOOK_BID, 98, 2), 0);
    assert_int_equal(s1_order_book_level(book, S1_BOOK_BID, 0).price, 98);
    const s1_book_counts counts = {
        .rows = 11, .messages = 8, .snapshots = 2, .early = 1, .stale = 2, .gaps = 1, .lost = 1};
    assert_memory_equal(&book->counts, &counts, sizeof counts);
    s1_order_book_free(book);
}

static void test_a_subscription_of_a_depth_is_cut(void **state)
{
    (void)state;
    for (int cuts = 0; cuts < 2; cuts++) {
        s1_order_book *const book = new_book(10, cuts != 0);
        (void)take(book, S1_BOOK_SNAPSHOT, 1, S1_BOOK_BID, 99, 1);
        (void)take(book, S1_BOOK_SNAPSHOT, 1, S1_BOOK_BID, 98, 1);
        (void)take(book, S1_BOOK_UPDATE, 2, S1_BOOK_BID, 100, 1);
        (void)take(book, S1_BOOK_UPDATE, 3, S1_BOOK_BID, 100, 0);
        s1_order_book_end(book); /* nobody says that 98 is gone */
        assert_int_equal(book->bids.count, cuts != 0 ? 1 : 2);
        s1_order_book_free(book);
    }
}

/* --- Which message follows on which. --- */

static void test_differences_follow_on_their_snapshot(void **state)
{
    (void)state;
    s1_book_sequence s = {0};
    assert_int_equal(s1_book_sequence_take(&s, 90, 95), S1_BOOK_STEP_FOLLOWS); /* nothing known */
    s1_book_sequence_snapshot(&s, 100);
    assert_int_equal(s1_book_sequence_take(&s, 90, 99), S1_BOOK_STEP_OLD);
    assert_int_equal(s1_book_sequence_take(&s, 91, 100), S1_BOOK_STEP_OLD);
    assert_int_equal(s1_book_sequence_take(&s, 98, 103), S1_BOOK_STEP_FOLLOWS);
    assert_int_equal(s1_book_sequence_take(&s, 104, 104), S1_BOOK_STEP_FOLLOWS);
    assert_int_equal(s1_book_sequence_take(&s, 103, 106),
                     S1_BOOK_STEP_GAP); /* only the first may */
    s1_book_sequence_snapshot(&s, 100);
    assert_int_equal(s1_book_sequence_take(&s, 101, 101), S1_BOOK_STEP_FOLLOWS);
    s1_book_sequence_snapshot(&s, 100);
    assert_int_equal(s1_book_sequence_take(&s, 102, 110),
                     S1_BOOK_STEP_GAP); /* does not bridge it */
    assert_int_equal(s1_book_sequence_take(&s, 111, 112), S1_BOOK_STEP_FOLLOWS);
    assert_int_equal(s1_book_sequence_take(&s, 0, INT64_MAX), S1_BOOK_STEP_GAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_changes_leave_what_a_map_has),
        cmocka_unit_test(test_a_full_side_loses_its_worst_level),
        cmocka_unit_test(test_messages_move_the_states),
        cmocka_unit_test(test_a_subscription_of_a_depth_is_cut),
        cmocka_unit_test(test_differences_follow_on_their_snapshot),
    };
    return cmocka_run_group_tests_name("backend/core/order_book", tests, NULL, NULL);
}
