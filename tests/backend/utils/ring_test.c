/* The ring: order, wrapping, what does not fit; two threads on it (run under ThreadSanitizer). */
#include "backend/utils/ring.h"

#include "tests/support/cmocka.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

static s1_ring *make(size_t capacity)
{
    s1_ring *ring;
    assert_int_equal(s1_ring_new(sizeof(uint64_t), capacity, &ring, NULL), S1_OK);
    return ring;
}

static void test_order_and_wrapping(void **state)
{
    s1_ring *const ring = make(5);
    uint64_t in = 0, out = 0, items[8];
    (void)state;
    assert_int_equal(s1_ring_capacity(ring), 8);
    for (int round = 0; round < 100; round++) {
        const size_t count = (size_t)round % 7 + 1;
        for (size_t i = 0; i < count; i++) {
            items[i] = in++;
        }
        assert_true(s1_ring_push(ring, items, count));
        assert_int_equal(s1_ring_depth(ring), count);
        assert_int_equal(s1_ring_pop(ring, items, 8), count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(items[i], out++);
        }
    }
    assert_int_equal(s1_ring_high_water(ring), 7);
    s1_ring_free(ring);
}

static void test_what_does_not_fit_is_not_taken(void **state)
{
    s1_ring *const ring = make(8);
    const uint64_t items[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    uint64_t out[9];
    (void)state;
    assert_false(s1_ring_push(ring, items, 9));
    assert_true(s1_ring_push(ring, items, 6));
    assert_false(s1_ring_push(ring, items, 3));
    assert_int_equal(s1_ring_depth(ring), 6);
    assert_true(s1_ring_push(ring, items + 6, 2));
    assert_false(s1_ring_push(ring, items, 1));
    assert_int_equal(s1_ring_pop(ring, out, 3), 3);
    assert_true(s1_ring_push(ring, items, 3));
    assert_int_equal(s1_ring_pop(ring, out, 9), 8);
    assert_int_equal(out[0], 4);
    assert_int_equal(out[7], 3);
    assert_int_equal(s1_ring_pop(ring, out, 9), 0);
    assert_int_equal(s1_ring_high_water(ring), 8);
    s1_ring_free(ring);
}

static void test_sizes(void **state)
{
    s1_ring *ring;
    s1_err err = S1_ERR_INIT;
    (void)state;
    assert_int_equal(s1_ring_new(8, 0, &ring, &err), S1_E_INVALID);
    assert_string_equal(err.msg, "ring: found 0 items of 8 bytes, expected at least one of each "
                                 "and at most 4 GiB");
    assert_int_equal(s1_ring_new(0, 8, &ring, NULL), S1_E_INVALID);
    assert_int_equal(s1_ring_new(8, SIZE_MAX / 2, &ring, NULL), S1_E_INVALID);
}

#define ITEMS 300000u

static void *push_all(void *self)
{
    uint64_t items[5];
    for (uint64_t next = 0; next < ITEMS;) {
        const size_t count = next % 5 + 1 < ITEMS - next ? next % 5 + 1 : ITEMS - next;
        for (size_t i = 0; i < count; i++) {
            items[i] = next + i;
        }
        if (s1_ring_push(self, items, count)) {
            next += count;
        } else {
            (void)sched_yield();
        }
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    s1_ring *const ring = make(64);
    pthread_t thread;
    uint64_t items[16];
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, push_all, ring), 0);
    for (uint64_t next = 0; next < ITEMS;) {
        const size_t count = s1_ring_pop(ring, items, 16);
        for (size_t i = 0; i < count; i++) {
            if (items[i] != next++) {
                fail_msg("found %lu, expected %lu", items[i], next - 1);
            }
        }
        if (count == 0) {
            (void)sched_yield();
        }
        assert_true(s1_ring_depth(ring) <= 64);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(s1_ring_depth(ring), 0);
    s1_ring_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_wrapping),
        cmocka_unit_test(test_what_does_not_fit_is_not_taken),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_two_threads),
    };
    return cmocka_run_group_tests_name("backend/utils/ring", tests, NULL, NULL);
}
