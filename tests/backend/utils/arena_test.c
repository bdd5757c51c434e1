#include "backend/utils/arena.h"

#include "tests/support/cmocka.h"

#include <string.h>

#define KIB 1024u

static void test_alignment_and_growth(void **state)
{
    (void)state;
    s1_arena arena;
    s1_arena_init(&arena, 1024 * KIB, 256);
    for (size_t align = 1; align <= 4096; align *= 2) {
        for (size_t size = 0; size < 70; size += 23) {
            uint8_t *const bytes = s1_arena_alloc(&arena, size, align);
            assert_non_null(bytes);
            assert_int_equal((uintptr_t)bytes % align, 0);
            memset(bytes, 0xab, size);
        }
    }
    uint8_t *const large = s1_arena_alloc(&arena, 10000, 8); /* larger than a chunk */
    assert_non_null(large);
    memset(large, 1, 10000);
    s1_arena_done(&arena);
    assert_int_equal(s1_arena_reserved(&arena), 0);
}

static void test_arrays_are_zeroed(void **state)
{
    (void)state;
    s1_arena arena;
    s1_arena_init(&arena, 64 * KIB, 0);
    void *const dirty = s1_arena_alloc(&arena, 1000, 1);
    assert_non_null(dirty);
    memset(dirty, 0xff, 1000);
    s1_arena_reset(&arena);
    const uint64_t *const clean = s1_arena_array(&arena, uint64_t, 100);
    assert_non_null(clean);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(clean[i], 0);
    }
    assert_null(s1_arena_array(&arena, uint64_t, SIZE_MAX / 4)); /* the product overflows */
    assert_null(s1_arena_alloc(&arena, SIZE_MAX - 3, 8));
    s1_arena_done(&arena);
}

static void test_maximum_is_held(void **state)
{
    (void)state;
    s1_arena arena;
    s1_arena_init(&arena, 4 * KIB, 1 * KIB);
    size_t count = 0;
    while (s1_arena_alloc(&arena, 100, 8) != NULL) {
        count++;
        assert_true(count < 100);
    }
    assert_true(count >= 30);
    assert_true(s1_arena_reserved(&arena) <= 4 * KIB);
    assert_null(s1_arena_alloc(&arena, 100, 8)); /* again: still refused, still sound */
    s1_arena_reset(&arena);
    assert_non_null(s1_arena_alloc(&arena, 100, 8));
    s1_arena_done(&arena);
}

static void test_reset_takes_nothing_from_the_heap(void **state)
{
    (void)state;
    s1_arena arena;
    s1_arena_init(&arena, 1024 * KIB, 512);
    size_t reserved = 0;
    for (int tick = 0; tick < 50; tick++) {
        for (size_t i = 1; i < 40; i++) {
            assert_non_null(s1_arena_alloc(&arena, i * 7, 8));
        }
        if (tick == 0) {
            reserved = s1_arena_reserved(&arena);
        }
        assert_int_equal(s1_arena_reserved(&arena), reserved);
        s1_arena_reset(&arena);
    }
    s1_arena_done(&arena);
}

static void test_texts(void **state)
{
    (void)state;
    s1_arena arena;
    s1_arena_init(&arena, 64 * KIB, 0);
    char source[] = "ema_20";
    const s1_str copy = s1_arena_copy_str(&arena, (s1_str){source, 6});
    source[0] = 'X';
    assert_int_equal(copy.len, 6);
    assert_string_equal(copy.ptr, "ema_20");
    const s1_str none = s1_arena_copy_str(&arena, (s1_str){NULL, 0});
    assert_non_null(none.ptr);
    assert_int_equal(none.len, 0);
    assert_string_equal(s1_arena_copy_cstr(&arena, S1_STR("a")), "a");
    s1_arena_done(&arena);
}

typedef struct trace {
    char order[16];
    size_t count;
} trace;
typedef struct traced {
    trace *to;
    char name;
} traced;

static void run_traced(void *object)
{
    const traced *const me = object;
    me->to->order[me->to->count++] = me->name;
}

static void test_cleanups_and_marks(void **state)
{
    (void)state;
    trace seen = {.count = 0};
    traced a = {&seen, 'a'}, b = {&seen, 'b'}, c = {&seen, 'c'}, d = {&seen, 'd'};
    s1_arena arena;
    s1_arena_init(&arena, 64 * KIB, 128);
    assert_int_equal(s1_arena_on_done(&arena, run_traced, &a, NULL), S1_OK);
    int *const kept = s1_arena_one(&arena, int);
    assert_non_null(kept);
    *kept = 42;
    const s1_arena_mark mark = s1_arena_mark_get(&arena);
    for (int i = 0; i < 20; i++) {
        assert_non_null(s1_arena_alloc(&arena, 64, 8));
    }
    assert_int_equal(s1_arena_on_done(&arena, run_traced, &b, NULL), S1_OK);
    assert_int_equal(s1_arena_on_done(&arena, run_traced, &c, NULL), S1_OK);
    s1_arena_rewind(&arena, mark);
    assert_memory_equal(seen.order, "cb", 2);
    assert_int_equal(*kept, 42);
    assert_int_equal(s1_arena_on_done(&arena, run_traced, &d, NULL), S1_OK);
    s1_arena_done(&arena);
    assert_int_equal(seen.count, 4);
    assert_memory_equal(seen.order, "cbda", 4);
}

static void test_no_room_for_a_cleanup(void **state)
{
    (void)state;
    s1_arena arena;
    trace seen = {.count = 0};
    traced a = {&seen, 'a'};
    s1_err err = S1_ERR_INIT;
    s1_arena_init(&arena, 8, 8);
    assert_int_equal(s1_arena_on_done(&arena, run_traced, &a, &err), S1_E_NO_MEMORY);
    s1_arena_done(&arena);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_and_growth),
        cmocka_unit_test(test_arrays_are_zeroed),
        cmocka_unit_test(test_maximum_is_held),
        cmocka_unit_test(test_reset_takes_nothing_from_the_heap),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_cleanups_and_marks),
        cmocka_unit_test(test_no_room_for_a_cleanup),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
