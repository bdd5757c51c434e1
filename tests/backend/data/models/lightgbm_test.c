/* LightGBM models: the same doubles as Python's predict gives (tests/plugins/models), missing
 * values included, and every way of having no model. */
#include "backend/data/models/lightgbm.h"

#include "backend/utils/fs.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MIB ((size_t)1 << 20)

static bool has_library = true;

static void read_fixture(const char *name, s1_strbuf *text)
{
    char path[S1_PATH_MAX];
    s1_err err = S1_ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/tests/plugins/models/%s", getenv("S1_SOURCE_DIR"), name);
    s1_strbuf_init(text, 16 * MIB);
    if (s1_fs_read_all(s1_fs_real(), path, 16 * MIB, text, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
}

/* First of all: the library is opened once. */
static void says_what_is_missing(void **state)
{
    (void)state;
    s1_strbuf text;
    s1_model *model = NULL;
    s1_err err = S1_ERR_INIT;
    const char *const kept = getenv("S1_LIGHTGBM");
    char *const name = kept != NULL ? strdup(kept) : NULL;
    read_fixture("trees.txt", &text);
    assert_int_equal(setenv("S1_LIGHTGBM", "/nowhere/lib_lightgbm.so", 1), 0);
    assert_int_equal(s1_lightgbm_new(s1_strbuf_view(&text), &model, &err), S1_E_NOT_FOUND);
    assert_string_equal(err.msg, "LightGBM library: no file '/nowhere/lib_lightgbm.so' (named by "
                                 "S1_LIGHTGBM)");
    assert_null(model);
    assert_int_equal(name != NULL ? setenv("S1_LIGHTGBM", name, 1) : unsetenv("S1_LIGHTGBM"), 0);
    free(name);
    if (s1_lightgbm_new(s1_strbuf_view(&text), &model, &err) == S1_E_NOT_FOUND) {
        printf("skipped: %s\n", err.msg);
        has_library = false;
    }
    s1_lightgbm_free(model);
    s1_strbuf_done(&text);
}

static void predicts_as_python_does(void **state)
{
    (void)state;
    s1_strbuf text, golden;
    s1_model *model = NULL;
    s1_err err = S1_ERR_INIT;
    if (!has_library) {
        return;
    }
    read_fixture("trees.txt", &text);
    read_fixture("golden.csv", &golden);
    assert_int_equal(s1_lightgbm_new(s1_strbuf_view(&text), &model, &err), S1_OK);
    assert_int_equal(model->feature_count, 4);
    assert_int_equal(model->score_count, 1);
    size_t rows = 0;
    const char *at = s1_strbuf_cstr(&golden);
    while (*at != '\0') {
        double cells[5];
        for (size_t i = 0; i < 5; i++) {
            char *end;
            cells[i] = strtod(at, &end);
            assert_true(end > at && (*end == (i < 4 ? ',' : '\n')));
            at = end + 1;
        }
        for (int twice = 0; twice < 2; twice++) {
            double score = -1.0;
            assert_int_equal(model->predict(model->self, cells, &score, &err), S1_OK);
            if (!(fabs(score - cells[4]) <= 1e-12)) {
                fail_msg("row %zu: found %.17g, expected %.17g", rows, score, cells[4]);
            }
        }
        rows++;
    }
    assert_int_equal(rows, 300);
    s1_lightgbm_free(model);
    s1_strbuf_done(&text);
    s1_strbuf_done(&golden);
}

/* Two models at once, one freed before the other. */
static void models_are_apart(void **state)
{
    (void)state;
    s1_strbuf text;
    s1_model *one = NULL;
    s1_model *two = NULL;
    s1_err err = S1_ERR_INIT;
    const double row[4] = {0.1, -0.5, 1.0, (double)NAN};
    double first = 0.0;
    double second = 1.0;
    if (!has_library) {
        return;
    }
    read_fixture("trees.txt", &text);
    assert_int_equal(s1_lightgbm_new(s1_strbuf_view(&text), &one, &err), S1_OK);
    assert_int_equal(s1_lightgbm_new(s1_strbuf_view(&text), &two, &err), S1_OK);
    assert_int_equal(one->predict(one->self, row, &first, &err), S1_OK);
    s1_lightgbm_free(one);
    assert_int_equal(two->predict(two->self, row, &second, &err), S1_OK);
    assert_true(first == second);
    s1_lightgbm_free(two);
    s1_strbuf_done(&text);
}

static void refuses_what_is_no_model(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "tree", "no model", "tree\nversion=v4\n",
                                        "tree\nnum_class=x\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        s1_model *model = NULL;
        s1_err err = S1_ERR_INIT;
        if (has_library || i < 3) {
            assert_int_equal(s1_lightgbm_new(s1_str_of(texts[i]), &model, &err), S1_E_DATA);
            assert_non_null(strstr(err.msg, "LightGBM"));
        }
        assert_null(model);
    }
    s1_lightgbm_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(predicts_as_python_does),
        cmocka_unit_test(models_are_apart),
        cmocka_unit_test(refuses_what_is_no_model),
    };
    return cmocka_run_group_tests_name("lightgbm", tests, NULL, NULL);
}
