/* A new plugin is whole or absent: every call to the file system fails once, and nothing is left.
 */
#include "services/api/plugin_new.h"

#include "backend/utils/fs.h"
#include "services/api/plugin_template_internal.h"
#include "tests/support/cmocka.h"
#include "tests/support/plugin_compile.h"

#include <errno.h>
#include <stdlib.h>

static s1_rc write_new(const s1_fs *fs, const char *output, s1_err *err)
{
    s1_plugin_new_result result;
    const s1_plugin_new_request request = {
        .name = "mine", .type = "context", .output_dir = output, .fs = fs};
    return s1_api_plugin_new(&request, &result, err);
}

static size_t count_entries(const char *folder)
{
    s1_fs_list names = {NULL, 0};
    assert_int_equal(s1_fs_list_names(s1_fs_real(), folder, &names, NULL), S1_OK);
    const size_t count = names.count;
    s1_fs_list_done(&names);
    return count;
}

static void every_failure_leaves_nothing(void **state)
{
    (void)state;
    char *const root = s1_test_folder();
    char output[1024];
    char made[1100];
    (void)snprintf(output, sizeof output, "%s/deep/er", root);
    (void)snprintf(made, sizeof made, "%s/mine/manifest.yaml", output);
    uint64_t failures = 0;
    for (uint64_t number = 1;; number++) {
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, number, EIO, false);
        s1_err err = S1_ERR_INIT;
        const s1_rc rc = write_new(&fault.table, output, &err);
        if (fault.failures == 0) {
            assert_int_equal(rc, S1_OK);
            break;
        }
        failures++;
        if (rc != S1_OK) { /* a question that fails may be answered otherwise */
            assert_int_equal(count_entries(root), 0);
        } else {
            assert_true(s1_fs_is_file(s1_fs_real(), made));
            (void)snprintf(made, sizeof made, "%s/deep", root);
            assert_int_equal(s1_fs_remove_tree(s1_fs_real(), made, &err), S1_OK);
            (void)snprintf(made, sizeof made, "%s/mine/manifest.yaml", output);
        }
    }
    assert_true(failures > 20);
    assert_true(s1_fs_is_file(s1_fs_real(), made));
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), root, NULL), S1_OK);
    free(root);
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    char *const root = s1_test_folder();
    for (uint64_t limit = 0; limit < 6000; limit += 700) {
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        fault.write_limit = limit;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(write_new(&fault.table, root, &err), S1_E_IO);
        assert_int_equal(count_entries(root), 0);
    }
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), root, NULL), S1_OK);
    free(root);
}

/* --- The language of the templates. ----------------------------------------------------------- */

static void expect_rendered(const char *text, const char *expected)
{
    s1_template_scope scope = {.word_count = 0};
    s1_strbuf out;
    s1_err err = S1_ERR_INIT;
    s1_template_word(&scope, "a");
    s1_template_word(&scope, "b");
    s1_template_set(&scope, "one", S1_STR("1"));
    s1_template_set(&scope, "lines", S1_STR("x\ny\n"));
    s1_template_set(&scope, "none", S1_STR(""));
    s1_strbuf_init(&out, 4096);
    const s1_rc rc = s1_template_render("t", s1_str_of(text), &scope, &out, &err);
    if (expected == NULL) {
        assert_int_equal(rc, S1_E_DATA);
    } else {
        assert_int_equal(rc, S1_OK);
        assert_string_equal(s1_strbuf_cstr(&out), expected);
    }
    s1_strbuf_done(&out);
}

static void templates(void **state)
{
    (void)state;
    expect_rendered("p @{one} q@{one}\n", "p 1 q1\n");
    expect_rendered("p\n\nq\n", "p\n\nq\n");
    expect_rendered("p\n@{lines}\nq\n", "p\nx\ny\nq\n");
    expect_rendered("p\n    @{none}\nq\n", "p\nq\n");
    expect_rendered("@if a\nyes\n@else\nno\n@end\n", "yes\n");
    expect_rendered("@if c\nyes\n@else\nno\n@end\n", "no\n");
    expect_rendered("@if c|b\nyes\n@end\n", "yes\n");
    expect_rendered("@if c\n@if a\nx\n@else\ny\n@end\n@else\nz\n@end\n", "z\n");
    expect_rendered("@if a\n@if c\nx\n@else\ny\n@end\n@end\n", "y\n");
    expect_rendered("@{two}\n", NULL);
    expect_rendered("@{one\n", NULL);
    expect_rendered("@if a\n", NULL);
    expect_rendered("@end\n", NULL);
    expect_rendered("@else\n", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_leaves_nothing),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(templates),
    };
    return cmocka_run_group_tests_name("services/api/plugin_new", tests, NULL, NULL);
}
