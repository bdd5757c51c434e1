#include "backend/utils/late_library.h"

#include "tests/support/cmocka.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* Of this test's program: its own folder, in which it lies itself. */
static const char *const beside[] = {"nowhere", "../nowhere", "."};
static const s1_late_library self = {.what = "Own",
                                     .file = "backend_utils_late_library_test",
                                     .variable = "S1_LATE_TEST",
                                     .advice = "make it",
                                     .beside = beside,
                                     .beside_count = sizeof beside / sizeof beside[0]};

static void test_first_that_is_there(void **state)
{
    (void)state;
    char path[S1_PATH_MAX];
    assert_int_equal(s1_late_library_find(&self, path, NULL), S1_OK);
    assert_non_null(strstr(path, "/./backend_utils_late_library_test"));
}

static void test_named(void **state)
{
    (void)state;
    char path[S1_PATH_MAX] = "as it was";
    s1_err err = S1_ERR_INIT;
    assert_int_equal(setenv("S1_LATE_TEST", "/nowhere/else.so", 1), 0);
    assert_int_equal(s1_late_library_find(&self, path, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "Own library: no file '/nowhere/else.so' (named by S1_LATE_TEST)");
    s1_late_library named = self;
    named.named = "/nowhere/given.so"; /* before the variable */
    err = S1_ERR_INIT;
    assert_int_equal(s1_late_library_find(&named, path, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "Own library: no file '/nowhere/given.so' (named by the options)");
    assert_string_equal(path, "as it was");
    assert_int_equal(setenv("S1_LATE_TEST", "/proc/self/exe", 1), 0);
    assert_int_equal(s1_late_library_find(&self, path, NULL), S1_OK);
    assert_string_equal(path, "/proc/self/exe");
    assert_int_equal(unsetenv("S1_LATE_TEST"), 0);
}

static void test_missing(void **state)
{
    (void)state;
    char path[S1_PATH_MAX];
    s1_late_library missing = self;
    missing.file = "libnone.so";
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_late_library_find(&missing, path, &err), S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "Own library: no libnone.so in nowhere, ../nowhere or . of "));
    assert_non_null(strstr(err.msg, ": run 'make it', or name the file in S1_LATE_TEST"));
}

static void test_bind(void **state)
{
    (void)state;
    void *const handle = dlopen(NULL, RTLD_NOW);
    assert_non_null(handle);
    size_t (*length)(const char *) = NULL;
    assert_false(s1_late_library_bind(handle, "s1_no_such_function", &length));
    assert_true(length == NULL);
    assert_true(s1_late_library_bind(handle, "strlen", &length));
    assert_int_equal(length("four"), 4);
    (void)dlclose(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_that_is_there),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_bind),
    };
    return cmocka_run_group_tests_name("late_library", tests, NULL, NULL);
}
