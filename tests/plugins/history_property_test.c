/* The property no detector may break: cutting the history at any bar, or going on otherwise, never
 * changes what was said before.
 *
 * Every plugin below plugins/ is asked, so that a new one needs no line here: with its defaults,
 * with every value of its enum parameters, and with the parameters the blueprints of config/runs
 * give it, on real bars. Three workers that look ahead show that it would be seen.
 */
#include "backend/config/manifest.h"
#include "backend/config/yaml.h"
#include "backend/utils/fs.h"
#include "tests/support/plugin_compile.h"
#include "tests/support/plugin_harness.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#define REAL_BARS "data/golden/backtesting_py/EURUSD.csv"
#define BARS      420u
#define CUTS      20u /* with defaults and in blueprints */
#define CUTS_FEW  6u  /* for each value of an enum */

typedef struct tally {
    s1_arena arena;
    char folder[S1_PATH_MAX]; /* the plugin and its neighbours lie there */
    uint32_t plugins, silent, settings, refused, failures;
    uint64_t cuts, values, signals, threats, artefacts;
} tally;

static const char *real_bars(void)
{
    const char *const shared = getenv("S1_SHARED");
    char path[S1_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", shared != NULL ? shared : "../shared", REAL_BARS);
    FILE *const file = fopen(path, "r");
    if (file == NULL) {
        printf("skipped: no file '%s', generated bars instead\n", path);
        return NULL;
    }
    (void)fclose(file);
    return REAL_BARS;
}

/* Runs the gate; a plugin that refuses a value of an enum for the sake of its other parameters is
 * counted, not blamed. `ret_params` (512 bytes, may be NULL) gets what it was made with. */
static void ask(tally *of, const char *plugin, const char *params, uint64_t cuts, char *ret_params)
{
    const bool is_enum = params != NULL && cuts == CUTS_FEW;
    s1_gate_report report;
    s1_err err = S1_ERR_INIT;
    const s1_gate_options options = {.plugin = plugin,
                                     .params = params,
                                     .plugins_folder = of->folder,
                                     .csv = real_bars(),
                                     .bars = BARS,
                                     .cuts = cuts};
    const s1_rc rc = s1_gate_run(&options, &report, &err);
    if (rc == S1_E_PLUGIN && is_enum && strstr(err.msg, "failed on bar") == NULL) {
        print_message("refused: %s %s: %s\n", plugin, params, err.msg);
        of->refused++;
        return;
    }
    if (rc != S1_OK) {
        print_error("%s %s: %s\n", plugin, params != NULL ? params : "", err.msg);
        of->failures++;
        return;
    }
    of->settings++;
    of->cuts += report.cuts;
    of->values += report.values;
    of->signals += report.signals;
    of->threats += report.threats;
    of->artefacts += report.artefacts;
    if (ret_params != NULL) {
        (void)snprintf(ret_params, sizeof report.params, "%s", report.params);
    }
}

/* "{a: 1, b: x}" with b: y instead, or beside it. */
static void with_value(const char *params, s1_str name, s1_str value, char *text, size_t size)
{
    char start[80];
    (void)snprintf(start, sizeof start, "%.*s: ", S1_STR_ARG(name));
    int used = snprintf(text, size, "{%.*s: %.*s", S1_STR_ARG(name), S1_STR_ARG(value));
    char copy[512];
    (void)snprintf(copy, sizeof copy, "%.*s", (int)strlen(params) - 2, params + 1);
    for (char *rest = copy; rest != NULL && *rest != '\0';) {
        char *const next = strstr(rest, ", ");
        if (next != NULL) {
            *next = '\0';
        }
        if (strncmp(rest, start, strlen(start)) != 0) {
            used += snprintf(text + used, size - (size_t)used, ", %s", rest);
        }
        rest = next != NULL ? next + 2 : NULL;
    }
    (void)snprintf(text + used, size - (size_t)used, "}");
}

static void ask_defaults_and_enums(tally *of, const char *plugin, const s1_manifest *manifest)
{
    char defaults[512] = "{}";
    ask(of, plugin, NULL, CUTS, defaults);
    for (uint32_t i = 0; i < manifest->parameters.count; i++) {
        const s1_manifest_param *const param = &manifest->parameters.items[i];
        for (uint32_t k = 0; param->type == S1_PARAM_ENUM && k < param->values.count; k++) {
            char params[1024];
            with_value(defaults, param->name, param->values.items[k], params, sizeof params);
            ask(of, plugin, params, CUTS_FEW, NULL);
        }
    }
}

/* --- What the blueprints give it. ---------------------------------------------------------------
 */

static void ask_items(tally *of, const char *plugin, const s1_yaml_node *node)
{
    if (node == NULL) {
        return;
    }
    const s1_yaml_node *const name =
        node->kind == S1_YAML_MAP ? s1_yaml_get(node, S1_STR("plugin")) : NULL;
    if (name != NULL && s1_str_eq_cstr(name->text, plugin)) {
        const s1_yaml_node *const params = s1_yaml_get(node, S1_STR("params"));
        if (params != NULL) {
            s1_strbuf text;
            s1_strbuf_init(&text, 1u << 16);
            s1_yaml_print_json(params, &text);
            ask(of, plugin, s1_strbuf_cstr(&text), CUTS, NULL);
            s1_strbuf_done(&text);
        }
        return;
    }
    for (const s1_yaml_node *n = node->kind == S1_YAML_SCALAR ? NULL : node->first; n != NULL;
         n = n->next) {
        ask_items(of, plugin, n);
    }
}

static void ask_blueprints(tally *of, const char *plugin)
{
    char pattern[S1_PATH_MAX];
    (void)snprintf(pattern, sizeof pattern, "%s/config/runs/*.yaml", getenv("S1_SOURCE_DIR"));
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        s1_err err = S1_ERR_INIT;
        s1_strbuf text;
        s1_strbuf_init(&text, 1u << 20);
        assert_int_equal(s1_fs_read_all(s1_fs_real(), found.gl_pathv[i], 1u << 20, &text, &err),
                         S1_OK);
        s1_faults faults;
        s1_faults_init(&faults, &of->arena, 0);
        s1_yaml_node *root = NULL;
        const s1_yaml_options options = {.file = s1_str_of(found.gl_pathv[i])};
        s1_yaml_parse(s1_strbuf_view(&text), &options, &of->arena, &faults, &root);
        assert_non_null(root);
        ask_items(of, plugin, s1_yaml_get(root, S1_STR("workforce")));
        s1_strbuf_done(&text);
    }
    globfree(&found);
}

static void no_bundled_plugin_knows_what_comes(void **state)
{
    (void)state;
    char folder[S1_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s/plugins", getenv("S1_BUILD_DIR"));
    const s1_str root = s1_str_of(folder);
    tally of = {0};
    s1_faults faults;
    s1_plugin_registry *registry = NULL;
    s1_err err = S1_ERR_INIT;
    s1_arena_init(&of.arena, (size_t)256 << 20, 0);
    s1_faults_init(&faults, &of.arena, 0);
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &root, .root_count = 1};
    assert_int_equal(s1_plugin_registry_new(&options, &faults, &registry, &err), S1_OK);
    const uint32_t count = s1_plugin_registry_count(registry);
    for (uint32_t i = 0; i < count; i++) {
        s1_plugin *const plugin = s1_plugin_registry_at(registry, i);
        char name[128];
        (void)snprintf(name, sizeof name, "%.*s", S1_STR_ARG(plugin->name));
        if (s1_plugin_check(plugin, &err) != S1_OK) {
            print_error("%s: %s\n", name, err.msg);
            of.failures++;
            continue;
        }
        of.plugins++;
        const s1_str dir = plugin->manifest->dir;
        (void)snprintf(of.folder, sizeof of.folder, "%.*s", (int)s1_str_rfind_byte(dir, '/'),
                       dir.ptr);
        const uint64_t said = of.values + of.signals + of.threats + of.artefacts;
        ask_defaults_and_enums(&of, name, plugin->manifest);
        ask_blueprints(&of, name);
        if (of.values + of.signals + of.threats + of.artefacts == said &&
            plugin->manifest->identification.type < S1_WORKER_PLANNING) {
            print_message("silent: %s\n", name);
            of.silent++;
        }
    }
    print_message("%u plugins, %u settings (%u refused), %llu cuts: %llu values, %llu signals, "
                  "%llu threats, %llu artefacts\n",
                  of.plugins, of.settings, of.refused, (unsigned long long)of.cuts,
                  (unsigned long long)of.values, (unsigned long long)of.signals,
                  (unsigned long long)of.threats, (unsigned long long)of.artefacts);
    s1_plugin_registry_free(registry);
    s1_arena_done(&of.arena);
    assert_int_equal(of.failures, 0);
    assert_true(of.silent * 10 <= of.plugins); /* a comparison of silence proves nothing */
    assert_true(of.plugins >= 40 && of.settings > of.plugins + 62);
    assert_true(of.values > 20000 && of.signals > 100 && of.threats > 10 && of.artefacts > 100);
}

/* --- Workers that look ahead. -------------------------------------------------------------------
 */

#define HEAD "#include <s1mple/plugin.h>\n#include <stdlib.h>\n#include <string.h>\n"
#define MANIFEST(type, subtype, rest)                                                              \
    "identification:\n  name: cheat\n  display_name: Cheat\n  type: " type "\n  subtype: " subtype \
    "\n  version: 1.0.0\n  description: looks ahead\n  author: tests\n" rest

/* Keeps the closes of an earlier life, and buys before a rise. */
static const char oracle_manifest[] =
    MANIFEST("opportunity_worker", "momentum_signal", "dependencies: { requires: [close] }\n");
static const char oracle[] =
    HEAD "static double known[4096]; static const s1_series *close;\n"
         "static s1_rc create(const s1_host *h, const s1_binder *b, void **ret, s1_err *err)\n"
         "{ (void)h; *ret = calloc(1, 1);\n"
         "  return b->series(b->self, S1_STR(\"close\"), &close, err); }\n"
         "static s1_rc detect(void *self, const s1_context *c, const s1_opportunity_sink *out,\n"
         "  s1_err *err)\n"
         "{ (void)self; (void)c; uint64_t n = s1_series_rows(close) % 4095;\n"
         "  double now = s1_series_last(close); known[n] = now;\n"
         "  if (!(known[n + 1] > now)) return S1_OK;\n"
         "  s1_signal s = {.size = sizeof s, .direction = S1_LONG, .signal_type = S1_STR(\"x\"),\n"
         "    .score = (double)NAN, .price = now}; s1_opportunity_id id;\n"
         "  return out->emit(out->self, &s, &id, err); }\n"
         "static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_OPPORTUNITY,\n"
         "  .create = create, .destroy = free, .detect = detect};\n"
         "S1_PLUGIN(\"cheat\", \"1.0.0\", &ops, 0)\n";

/* Marks a low as one as soon as a later bar shows it: on the bar of the low. */
static const char painter_manifest[] =
    MANIFEST("context_worker", "structural_analysis",
             "dependencies: { requires: [close], provides: [is_low] }\n");
static const char painter[] =
    HEAD "static const s1_series *close; static s1_column *column;\n"
         "static s1_rc create(const s1_host *h, const s1_binder *b, void **ret, s1_err *err)\n"
         "{ (void)h; *ret = calloc(1, 1);\n"
         "  S1_TRY(err, b->series(b->self, S1_STR(\"close\"), &close, err));\n"
         "  return b->column(b->self, S1_STR(\"is_low\"), &column, err); }\n"
         "static s1_rc enrich(void *self, const s1_context *c, s1_err *err)\n"
         "{ (void)self; (void)c; (void)err; s1_column_put(column, 0.0);\n"
         "  double low = s1_series_at(close, 1);\n"
         "  if (low < s1_series_at(close, 2) && low < s1_series_at(close, 0))\n"
         "    column->values[s1_series_rows(close) - 2] = 1.0;\n"
         "  return S1_OK; }\n"
         "static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_CONTEXT,\n"
         "  .create = create, .destroy = free, .enrich = enrich};\n"
         "S1_PLUGIN(\"cheat\", \"1.0.0\", &ops, 0)\n";

/* Draws a zone every tenth bar and lets the bars behind it widen it. */
static const char drawer_manifest[] =
    MANIFEST("context_worker", "structural_analysis",
             "dependencies: { requires: [close] }\nartefacts: { provides: [zones] }\n");
static const char drawer[] =
    HEAD "static const s1_series *close; static s1_artefact_list *zones;\n"
         "static s1_rc create(const s1_host *h, const s1_binder *b, void **ret, s1_err *err)\n"
         "{ (void)h; *ret = calloc(1, 1);\n"
         "  S1_TRY(err, b->series(b->self, S1_STR(\"close\"), &close, err));\n"
         "  return b->artefacts_out(b->self, S1_STR(\"zones\"), &zones, err); }\n"
         "static s1_rc enrich(void *self, const s1_context *c, s1_err *err)\n"
         "{ (void)self; (void)err; double now = s1_series_last(close);\n"
         "  uint64_t n = s1_series_rows(close);\n"
         "  s1_artefact zone = {.created_at = c->now, .row = n, .lower = now, .upper = now,\n"
         "    .kind = S1_ARTEFACT_ZONE};\n"
         "  if (n % 10 == 0) s1_artefact_put(zones, &zone);\n"
         "  else if (zones->total > 0) { s1_artefact *last =\n"
         "    &zones->items[(zones->total - 1) % zones->capacity];\n"
         "    if (now > last->upper) last->upper = now; }\n"
         "  return S1_OK; }\n"
         "static const s1_worker_ops ops = {.size = sizeof ops, .type = S1_WORKER_CONTEXT,\n"
         "  .create = create, .destroy = free, .enrich = enrich};\n"
         "S1_PLUGIN(\"cheat\", \"1.0.0\", &ops, 0)\n";

static void expect_seen(const char *manifest, const char *source, const char *part)
{
    char *const root = s1_test_folder();
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/cheat/manifest.yaml", root);
    s1_test_write(path, manifest);
    (void)snprintf(path, sizeof path, "%s/cheat.c", root);
    s1_test_write(path, source);
    char command[4096];
    (void)snprintf(command, sizeof command,
                   "%s -std=gnu17 -O1 -fPIC -fvisibility=hidden -I'%s/include' -shared -o "
                   "'%s/cheat/cheat.so' '%s' -Wl,-z,defs -lm",
                   getenv("CC") != NULL ? getenv("CC") : "cc", getenv("S1_SOURCE_DIR"), root, path);
    assert_int_equal(system(command), 0);
    s1_gate_report report;
    s1_err err = S1_ERR_INIT;
    const s1_gate_options options = {
        .plugin = "cheat", .plugins_folder = root, .csv = real_bars(), .bars = BARS, .cuts = CUTS};
    assert_int_equal(s1_gate_run(&options, &report, &err), S1_E_DATA);
    if (strstr(err.msg, part) == NULL) {
        fail_msg("'%s' does not hold '%s'", err.msg, part);
    }
    assert_int_equal(s1_fs_remove_tree(s1_fs_real(), root, &err), S1_OK);
    free(root);
}

static void those_that_look_ahead_are_seen(void **state)
{
    (void)state;
    expect_seen(oracle_manifest, oracle, "says something else on bar");
    expect_seen(painter_manifest, painter, "column is_low of bar");
    expect_seen(drawer_manifest, drawer, "of zones, put on bar");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bundled_plugin_knows_what_comes),
        cmocka_unit_test(those_that_look_ahead_are_seen),
    };
    return cmocka_run_group_tests_name("plugins/history_property", tests, NULL, NULL);
}
