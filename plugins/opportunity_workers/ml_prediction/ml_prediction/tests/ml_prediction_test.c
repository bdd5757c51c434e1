/* ml_prediction: a model of one split by hand, a trained one against what Python said, and what it
 * refuses. */
#include "tests/plugins/expect.h"

#include <stdio.h>
#include <stdlib.h>

#define PLUGIN "ml_prediction"
#define CLOSES "{features: [close]}"

/* close <= 1.5: 0.2, else 0.8. */
static const char one_split[] =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=0\n"
    "objective=regression\nfeature_names=x\nfeature_infos=[0:10]\ntree_sizes=300\n\nTree=0\n"
    "num_leaves=2\nnum_cat=0\nsplit_feature=0\nsplit_gain=1\nthreshold=1.5\ndecision_type=2\n"
    "left_child=-1\nright_child=-2\nleaf_value=0.2 0.8\nleaf_weight=1 1\nleaf_count=1 1\n"
    "internal_value=0\ninternal_weight=0\ninternal_count=2\nis_linear=0\nshrinkage=1\n\n\n"
    "end of trees\n\nparameters:\nend of parameters\n";

/* False, and said so, where LightGBM's library is not installed. */
static bool has_library(void)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_model_file(h, "model", one_split);
    const s1_harness_item item = {.plugin = PLUGIN, .params = CLOSES};
    s1_worker *worker = NULL;
    s1_err err = S1_ERR_INIT;
    const bool has = s1_harness_try_add(h, &item, &worker, &err) != S1_E_NOT_FOUND;
    if (!has) {
        printf("skipped: %s\n", err.msg);
    }
    s1_harness_free(h);
    return has;
}

static void signals_by_hand(void **state)
{
    (void)state;
    const struct {
        const char *params;
        double closes[6];
        int32_t directions[6];
    } cases[] = {
        {"features: [close]", {1.4, 1.4, 1.6, 1.7, 1.4, 1.3}, {0, 0, S1_LONG, 0, S1_SHORT, 0}},
        {"features: [close], emit: every_bar",
         {1.4, 1.4, 1.6, 1.7, 1.4, 1.3},
         {0, S1_SHORT, S1_LONG, S1_LONG, S1_SHORT, S1_SHORT}},
        {"features: [close], direction: long",
         {1.4, 1.4, 1.6, 1.4, 1.6},
         {0, 0, S1_LONG, 0, S1_LONG}},
        {"features: [close], direction: short",
         {1.6, 1.6, 1.4, 1.6, 1.4},
         {0, 0, S1_SHORT, 0, S1_SHORT}},
        {"features: [close], long_from: 0.9", {1.4, 1.4, 1.6, 1.4}, {0, 0, 0, S1_SHORT}},
        {"features: [open]", {1.4, 1.4, 1.6, 1.7}, {0, 0, S1_LONG, 0}},
    };
    for (size_t k = 0; has_library() && k < sizeof cases / sizeof cases[0]; k++) {
        s1_harness *const h = s1_harness_new(NULL);
        char params[128];
        (void)snprintf(params, sizeof params, "{%s}", cases[k].params);
        s1_harness_model_file(h, "model", one_split);
        s1_harness_add(h, PLUGIN, params);
        uint32_t count = 0;
        for (size_t i = 0; i < 6 && cases[k].closes[i] > 0; i++) {
            s1_harness_close(h, cases[k].closes[i]);
            const int32_t expected = cases[k].directions[i];
            count += expected != 0;
            if (s1_harness_signal_count(h) != count) {
                fail_msg("case %zu, bar %zu: %u signals, expected %u", k, i,
                         s1_harness_signal_count(h), count);
            }
            if (expected != 0) {
                const s1_signal *const signal = &s1_harness_signal_at(h, count - 1)->signal;
                assert_int_equal(signal->direction, expected);
                expect_near(signal->score, 0.8, 1e-15);
                expect_near(
                    s1_harness_field(signal->metadata, signal->metadata_count, "model_score"),
                    expected == S1_LONG ? 0.8 : 0.2, 1e-15);
            }
        }
        s1_harness_free(h);
    }
}

/* The golden rows as fed columns: the score is Python's, missing values included. */
static void scores_as_python_does(void **state)
{
    (void)state;
    char path[S1_PATH_MAX];
    s1_strbuf text, golden;
    s1_err err = S1_ERR_INIT;
    if (!has_library()) {
        return;
    }
    s1_strbuf_init(&text, 1u << 20);
    s1_strbuf_init(&golden, 1u << 20);
    (void)snprintf(path, sizeof path, "%s/tests/plugins/models/trees.txt", getenv("S1_SOURCE_DIR"));
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 20, &text, &err), S1_OK);
    (void)snprintf(path, sizeof path, "%s/tests/plugins/models/golden.csv",
                   getenv("S1_SOURCE_DIR"));
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1u << 20, &golden, &err), S1_OK);
    static const char *const names[] = {"a", "b", "c", "d"};
    s1_harness *const h = s1_harness_new(NULL);
    for (size_t i = 0; i < 4; i++) {
        s1_harness_feed(h, names[i]);
    }
    s1_harness_model_file(h, "model", s1_strbuf_cstr(&text));
    s1_harness_add(h, PLUGIN,
                   "{features: [a, b, c, d], emit: every_bar, long_from: 0, short_to: -1}");
    s1_harness_close(h, 1.5);
    uint32_t rows = 0;
    for (const char *at = s1_strbuf_cstr(&golden); *at != '\0'; rows++) {
        char *end;
        for (size_t i = 0; i < 4; i++, at = end + 1) {
            s1_harness_set(h, names[i], strtod(at, &end));
        }
        const double expected = strtod(at, &end);
        at = end + 1;
        s1_harness_close(h, 1.5);
        assert_int_equal(s1_harness_signal_count(h), rows + 1);
        const s1_signal *const signal = &s1_harness_signal_at(h, rows)->signal;
        expect_near(s1_harness_field(signal->metadata, 1, "model_score"), expected, 1e-12);
    }
    assert_int_equal(rows, 300);
    s1_harness_free(h);
    s1_strbuf_done(&text);
    s1_strbuf_done(&golden);
}

static void passes_the_gate(void **state)
{
    (void)state;
    if (has_library()) {
        s1_test_gate(PLUGIN, CLOSES);
        s1_test_gate(PLUGIN, "{features: [close], emit: every_bar, long_from: 0.5}");
    }
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, PLUGIN, CLOSES,
                   "model: an id of the blueprint's models, which ml_prediction");
    s1_harness_model_file(h, "model", one_split);
    expect_refused(h, PLUGIN, "{}", "features");
    if (has_library()) {
        expect_refused(h, PLUGIN, "{features: [close, open]}",
                       "2 features, the model was trained on 1");
        expect_refused(h, PLUGIN, "{features: [close], score_index: 1}",
                       "score_index 1, the model gives 1");
        expect_refused(h, PLUGIN, "{features: [close], short_to: 0.6}", "expected below long_from");
        expect_refused(h, PLUGIN, "{features: [ema_9]}", "no column 'ema_9'");
    }
    s1_harness_free(h);
    s1_harness *const bad = s1_harness_new(NULL);
    s1_harness_model_file(bad, "model", "not a model");
    expect_refused(bad, PLUGIN, CLOSES, "found no LightGBM model");
    s1_harness_free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_by_hand),
        cmocka_unit_test(scores_as_python_does),
        cmocka_unit_test(passes_the_gate),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests_name(PLUGIN, tests, NULL, NULL);
}
