/* The example for plugin authors, as the product sees it: accepted, built from its manifest, and
 * right. tools/check_install.sh builds it against an installed SDK. */
#include "backend/utils/fs.h"
#include "tests/support/plugin_compile.h"
#include "tests/support/plugin_harness.h"

#include <math.h>
#include <stdlib.h>

static void test_the_example_works(void **state)
{
    (void)state;
    char *const root = s1_test_folder();
    char path[1024];
    s1_strbuf manifest;
    s1_strbuf_init(&manifest, 1 << 16);
    s1_err err = S1_ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/examples/minimal_plugin/manifest.yaml",
                   getenv("S1_SOURCE_DIR"));
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1 << 16, &manifest, &err), S1_OK);
    (void)snprintf(path, sizeof path, "%s/roc/manifest.yaml", root);
    s1_test_write(path, s1_strbuf_cstr(&manifest));
    (void)snprintf(path, sizeof path, "%s/roc/rate_of_change.so", root);
    s1_test_compile_plugin("examples/minimal_plugin/worker.c", path, "-Wall -Wextra -Werror");

    s1_harness *const h = s1_harness_new(&(s1_harness_options){.plugins_folder = root});
    s1_worker *const worker = s1_harness_add(h, "rate_of_change", "{period: 2}");
    const double closes[] = {1.0, 1.25, 1.5, 1.0, 3.0};
    const double expected[] = {(double)NAN, (double)NAN, 50.0, -20.0, 100.0};
    for (size_t i = 0; i < sizeof closes / sizeof closes[0]; i++) {
        s1_harness_close(h, closes[i]);
        const double value = s1_harness_value(h, "roc_2", 0);
        assert_true(isnan(expected[i]) ? isnan(value) : fabs(value - expected[i]) < 1e-12);
        assert_int_equal(s1_worker_is_ready(worker), i >= 2);
    }
    s1_harness_free(h);
    s1_strbuf_done(&manifest);
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), root, &err), S1_OK);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_example_works)};
    return cmocka_run_group_tests_name("examples/minimal_plugin", tests, NULL, NULL);
}
