/* The pool of one tick's texts: copies, alignment, and its end. */
#include "backend/core/text_pool.h"

#include "tests/support/cmocka.h"

#include <stdlib.h>

static s1_text_pool *pool_new(void)
{
    s1_text_pool *const pool = malloc(sizeof *pool);
    assert_non_null(pool);
    s1_text_pool_reset(pool);
    return pool;
}

static void test_copies_are_independent(void **state)
{
    (void)state;
    s1_text_pool *const pool = pool_new();
    s1_err err = S1_ERR_INIT;
    char source[] = "fvg_entry";
    s1_str copy;
    assert_int_equal(s1_text_pool_copy(pool, (s1_str){source, 9}, &copy, &err), S1_OK);
    source[0] = 'X';
    assert_int_equal(copy.len, 9);
    assert_memory_equal(copy.ptr, "fvg_entry", 9);
    assert_int_equal((uintptr_t)copy.ptr % 16, 0);
    free(pool);
}

static void test_empty_text_takes_nothing(void **state)
{
    (void)state;
    s1_text_pool *const pool = pool_new();
    s1_err err = S1_ERR_INIT;
    s1_str copy = S1_STR("x");
    assert_int_equal(s1_text_pool_copy(pool, (s1_str){NULL, 0}, &copy, &err), S1_OK);
    assert_null(copy.ptr);
    assert_int_equal(copy.len, 0);
    assert_int_equal(pool->used, 0);
    free(pool);
}

static void test_fields_with_their_texts(void **state)
{
    (void)state;
    s1_text_pool *const pool = pool_new();
    s1_err err = S1_ERR_INIT;
    char name[] = "gap", text[] = "bullish";
    const s1_field fields[] = {
        {.name = {name, 3}, .number = 0.25},
        {.name = S1_STR("side"), .text = {text, 7}},
    };
    const s1_field *copies = NULL;
    assert_int_equal(s1_text_pool_copy_fields(pool, fields, 2, &copies, &err), S1_OK);
    name[0] = text[0] = '?';
    assert_memory_equal(copies[0].name.ptr, "gap", 3);
    assert_true(copies[0].number == 0.25);
    assert_int_equal(copies[0].text.len, 0);
    assert_memory_equal(copies[1].text.ptr, "bullish", 7);
    assert_int_equal(s1_text_pool_copy_fields(pool, NULL, 0, &copies, &err), S1_OK);
    assert_null(copies);
    free(pool);
}

static void test_too_many_fields(void **state)
{
    (void)state;
    s1_text_pool *const pool = pool_new();
    s1_err err = S1_ERR_INIT;
    const s1_field fields[S1_FIELDS_MAX + 1] = {{.number = 1}};
    const s1_field *copies = NULL;
    assert_int_equal(s1_text_pool_copy_fields(pool, fields, S1_FIELDS_MAX + 1, &copies, &err),
                     S1_E_INVALID);
    assert_string_equal(err.msg, "17 fields, expected at most 16");
    assert_int_equal(s1_text_pool_copy_fields(pool, fields, S1_FIELDS_MAX, &copies, &err), S1_OK);
    free(pool);
}

static void test_full_to_the_last_byte_and_no_further(void **state)
{
    (void)state;
    s1_text_pool *const pool = pool_new();
    s1_err err = S1_ERR_INIT;
    void *memory;
    assert_int_equal(s1_text_pool_take(pool, S1_TEXT_POOL_BYTES + 1, &memory, &err),
                     S1_E_NO_MEMORY);
    assert_int_equal(s1_text_pool_take(pool, SIZE_MAX, &memory, &err), S1_E_NO_MEMORY);
    assert_int_equal(s1_text_pool_take(pool, S1_TEXT_POOL_BYTES - 15, &memory, &err), S1_OK);
    assert_int_equal(pool->used, S1_TEXT_POOL_BYTES);
    assert_int_equal(s1_text_pool_take(pool, 1, &memory, &err), S1_E_NO_MEMORY);
    assert_string_equal(err.msg, "signals and threats of one tick may carry 65536 bytes of text");
    s1_text_pool_reset(pool);
    assert_int_equal(s1_text_pool_take(pool, S1_TEXT_POOL_BYTES, &memory, &err), S1_OK);
    free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_are_independent),
        cmocka_unit_test(test_empty_text_takes_nothing),
        cmocka_unit_test(test_fields_with_their_texts),
        cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_full_to_the_last_byte_and_no_further),
    };
    return cmocka_run_group_tests_name("text_pool", tests, NULL, NULL);
}
