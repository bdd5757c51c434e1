#include "backend/utils/json_memory.h"

#include "tests/support/cmocka.h"
#include "tests/support/failing_memory.h"

#include <jansson.h>
#include <string.h>

static const char document[] =
    "{\"schema_version\":1,\"name\":\"a text that is longer than the scanner's first buffer\","
    "\"list\":[1,2.5,\"\\u00e9\\n\",{\"deep\":[[[\"x\"]]]}],\"none\":null}";

/* Every allocation of reading and printing fails once: it is told, and nothing else goes wrong. */
static void test_every_allocation(void **state)
{
    (void)state;
    s1_memory_case *const memory = s1_memory_case_new();
    uint64_t failed = 0;
    for (uint64_t number = 0; number <= memory->allocations; number++) {
        const uint64_t kept = memory->allocations;
        s1_err err = S1_ERR_INIT;
        memory->allocations = memory->failed = 0;
        s1_memory_arm(memory, number, false, NULL, NULL);
        const uint64_t before = s1_json_memory_failures();
        json_error_t fault;
        json_t *const root = json_loadb(document, sizeof document - 1, 0, &fault);
        char *const text = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
        s1_memory_disarm();
        const s1_rc rc = s1_json_memory_judge(before, text != NULL ? S1_OK : S1_E_DATA, &err);
        assert_int_equal(rc, number == 0 ? S1_OK : S1_E_NO_MEMORY);
        assert_int_equal(memory->failed, number == 0 ? 0 : 1);
        assert_int_equal(err.code, rc);
        if (number == 0) {
            assert_true(strlen(text) > 100);
        } else {
            memory->allocations = kept;
            failed++;
        }
        s1_json_text_free(text);
        json_decref(root);
    }
    assert_true(failed > 30);
}

/* A fault of the text stays one, and a success, where no memory ran out. */
static void test_nothing_failed(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    const uint64_t before = s1_json_memory_failures();
    json_t *const root = json_loads("{\"a\":", 0, NULL);
    assert_null(root);
    assert_int_equal(s1_json_memory_judge(before, S1_E_DATA, &err), S1_E_DATA);
    assert_int_equal(s1_json_memory_judge(before, S1_OK, &err), S1_OK);
    assert_int_equal(err.code, S1_OK);
    s1_json_text_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_failed),
        cmocka_unit_test(test_every_allocation),
    };
    return cmocka_run_group_tests_name("json_memory", tests, NULL, NULL);
}
