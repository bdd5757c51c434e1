/* Every bundled plugin passes the gate that plugins of others have to pass; and workers that break
 * what it asks are told so. */
#include "backend/utils/fs.h"
#include "tests/support/plugin_compile.h"
#include "tests/support/plugin_harness.h"

#include <stdio.h>
#include <stdlib.h>

static void bundled_plugins_pass(void **state)
{
    (void)state;
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s/plugins", getenv("S1_BUILD_DIR"));
    const s1_str root = s1_str_of(folder);
    s1_arena arena;
    s1_faults faults;
    s1_plugin_registry *registry = NULL;
    s1_err err = S1_ERR_INIT;
    s1_arena_init(&arena, (size_t)64 << 20, 0);
    s1_faults_init(&faults, &arena, 0);
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &root, .root_count = 1};
    assert_int_equal(s1_plugin_registry_new(&options, &faults, &registry, &err), S1_OK);
    const uint32_t count = s1_plugin_registry_count(registry);
    assert_true(count >= 27);
    uint32_t failures = 0;
    for (uint32_t i = 0; i < count; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%.*s",
                       S1_STR_ARG(s1_plugin_registry_at(registry, i)->name));
        s1_gate_report report;
        if (s1_gate_run(&(s1_gate_options){.plugin = name, .bars = 300}, &report, &err) != S1_OK) {
            print_error("%s: %s\n", name, err.msg);
            failures++;
        } else if (report.calls == 0) {
            print_error("%s was never called in %u bars\n", name, 300u);
            failures++;
        }
    }
    s1_plugin_registry_free(registry);
    s1_arena_done(&arena);
    assert_int_equal(failures, 0);
}

#define HEAD                                                                                       \
    "#include <s1mple/plugin.h>\n#include <stdlib.h>\n"                                            \
    "static uint64_t lives;\n"                                                                     \
    "typedef struct w { const s1_series *close; uint64_t life; } w;\n"                             \
    "static s1_rc w_create(const s1_host *host, const s1_binder *b, void **ret, s1_err *err)\n"    \
    "{ w *me = calloc(1, sizeof *me); (void)host; me->life = lives++; *ret = me;\n"                \
    "  return b->series(b->self, S1_STR(\"close\"), &me->close, err); }\n"                         \
    "static s1_rc say(const s1_opportunity_sink *out, double price, s1_err *err)\n"                \
    "{ s1_signal s = {.size = sizeof s, .direction = S1_LONG, .signal_type = S1_STR(\"x\"),\n"     \
    "    .score = (double)NAN, .price = price}; s1_opportunity_id id;\n"                           \
    "  return out->emit(out->self, &s, &id, err); }\n"                                             \
    "static s1_rc w_detect(void *self, const s1_context *c, const s1_opportunity_sink *out, "      \
    "s1_err *err)\n{ w *me = self; (void)c; (void)me; (void)say; "
#define TAIL                                                                                       \
    " return S1_OK; }\n"                                                                           \
    "static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_OPPORTUNITY,\n"       \
    "  .create = w_create, .destroy = free, .detect = w_detect};\n"                                \
    "S1_PLUGIN(\"w\", \"1.0.0\", &ops, 0)\n"

static const char manifest[] = "identification:\n"
                               "  name: w\n  display_name: W\n  type: opportunity_worker\n"
                               "  subtype: momentum_signal\n  version: 1.0.0\n"
                               "  description: breaks a rule\n  author: tests\n"
                               "dependencies: { requires: [close] }\n";

/* A worker with this body is refused with `code` and a message that holds `part`. */
static void expect_gate(const char *body, s1_rc code, const char *part)
{
    char *const root = s1_test_folder();
    char path[1024];
    char source[8192];
    (void)snprintf(path, sizeof path, "%s/w/manifest.yaml", root);
    s1_test_write(path, manifest);
    (void)snprintf(source, sizeof source, "%s%s%s", HEAD, body, TAIL);
    (void)snprintf(path, sizeof path, "%s/w.c", root);
    s1_test_write(path, source);
    char command[4096];
    (void)snprintf(command, sizeof command,
                   "%s -std=gnu17 -O1 -fPIC -fvisibility=hidden -I'%s/include' -shared -o "
                   "'%s/w/w.so' '%s' -Wl,-z,defs -lm",
                   getenv("CC") != NULL ? getenv("CC") : "cc", getenv("S1_SOURCE_DIR"), root, path);
    assert_int_equal(system(command), 0);
    s1_gate_report report;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(
        s1_gate_run(&(s1_gate_options){.plugin = "w", .plugins_folder = root}, &report, &err),
        code);
    if (code != S1_OK && strstr(err.msg, part) == NULL) {
        fail_msg("'%s' does not hold '%s'", err.msg, part);
    }
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), root, &err), S1_OK);
    free(root);
}

static void broken_rules_are_told(void **state)
{
    (void)state;
    expect_gate("", S1_OK, "");
    expect_gate("if (*me->close->rows == 9) return say(out, s1_series_last(me->close), err);",
                S1_OK, "");
    /* one that fails */
    expect_gate("if (*me->close->rows == 9) return S1_RAISE(err, S1_E_RANGE, \"too much\");",
                S1_E_PLUGIN, "bar 9: too much");
    /* one that says something else in every life */
    expect_gate("if (*me->close->rows == 9 + me->life % 2) return say(out, 1.0, err);", S1_E_DATA,
                "a second run over the same bars says something else on bar 9");
    /* one whose sixth life is another: a cut, not a repetition, finds it */
    expect_gate("if (*me->close->rows == 20 && me->life > 4) return say(out, 1.0, err);", S1_E_DATA,
                "it knew them before their time");
}

static void what_is_not_there_is_told(void **state)
{
    (void)state;
    s1_gate_report report;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_gate_run(&(s1_gate_options){.plugin = "no_such"}, &report, &err),
                     S1_E_NOT_FOUND);
    assert_int_equal(
        s1_gate_run(&(s1_gate_options){.plugin = "ema_detector", .csv = "/no/such"}, &report, &err),
        S1_E_NOT_FOUND);
    assert_int_equal(
        s1_gate_run(&(s1_gate_options){.plugin = "ema_detector", .params = "{periods: [0]}"},
                    &report, &err),
        S1_E_PLUGIN);
    assert_int_equal(s1_gate_run(&(s1_gate_options){.plugin = "ema_detector",
                                                    .csv = "data/golden/backtesting_py/EURUSD.csv",
                                                    .bars = 200},
                                 &report, &err),
                     getenv("S1_SHARED") != NULL ? S1_OK : S1_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bundled_plugins_pass),
        cmocka_unit_test(broken_rules_are_told),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests_name("plugins/gate", tests, NULL, NULL);
}
