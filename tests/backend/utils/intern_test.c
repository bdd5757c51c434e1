#include "backend/utils/intern.h"

#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <stdio.h>

static void test_order_and_lookup(void **state)
{
    (void)state;
    s1_intern *intern;
    assert_int_equal(s1_intern_new(10000, &intern, NULL), S1_OK);
    for (uint32_t round = 0; round < 2; round++) { /* the second time finds them all */
        for (uint32_t i = 0; i < 5000; i++) {
            char name[32];
            uint32_t id;
            (void)snprintf(name, sizeof name, "column_%u", i * 7919 % 5000);
            assert_int_equal(s1_intern_add(intern, s1_str_of(name), &id, NULL), S1_OK);
            assert_int_equal(id, i);
            assert_int_equal(s1_intern_find(intern, s1_str_of(name)), i);
            assert_true(s1_str_eq_cstr(s1_intern_name(intern, i), name));
        }
    }
    assert_int_equal(s1_intern_count(intern), 5000);
    assert_int_equal(s1_intern_find(intern, S1_STR("nobody")), S1_INTERN_NONE);
    s1_intern_free(intern);
    s1_intern_free(NULL);
}

static void test_names_are_copied(void **state)
{
    (void)state;
    s1_intern *intern;
    uint32_t id;
    char name[] = "close";
    assert_int_equal(s1_intern_new(4, &intern, NULL), S1_OK);
    assert_int_equal(s1_intern_add(intern, s1_str_of(name), &id, NULL), S1_OK);
    name[0] = 'X';
    assert_string_equal(s1_intern_name(intern, id).ptr, "close");
    assert_int_equal(s1_intern_add(intern, (s1_str){NULL, 0}, &id, NULL), S1_OK);
    assert_int_equal(s1_intern_find(intern, S1_STR("")), id);
    s1_intern_free(intern);
}

static void test_maximum(void **state)
{
    (void)state;
    s1_intern *intern;
    s1_err err = S1_ERR_INIT;
    uint32_t id = 9;
    assert_int_equal(s1_intern_new(0, &intern, &err), S1_E_INVALID);
    assert_int_equal(s1_intern_new(1, &intern, &err), S1_OK);
    assert_int_equal(s1_intern_add(intern, S1_STR("a"), &id, &err), S1_OK);
    assert_int_equal(s1_intern_add(intern, S1_STR("b"), &id, &err), S1_E_NO_MEMORY);
    assert_non_null(strstr(err.msg, "'b' would be name number 2, at most 1"));
    assert_int_equal(s1_intern_add(intern, S1_STR("a"), &id, &err), S1_OK);
    assert_int_equal(id, 0);
    s1_intern_free(intern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_lookup),
        cmocka_unit_test(test_names_are_copied),
        cmocka_unit_test(test_maximum),
    };
    return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
