/* The registry: what is found, in which order; every reason to refuse a plugin, word by word; and
 * that nothing undeclared is ever opened. */
#include "backend/assembly/plugin_registry.h"

#include "backend/utils/hash.h"
#include "tests/support/cmocka.h"
#include "tests/support/plugin_compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACE "context_workers/indicator_calculation"

static char *root;
static s1_arena arena;
static s1_faults faults;

static const char manifest_format[] = "schema_version: 1\n"
                                      "identification:\n"
                                      "  name: %s\n"
                                      "  display_name: Sample\n"
                                      "  type: %s\n"
                                      "  subtype: %s\n"
                                      "  version: 1.0.0\n"
                                      "  description: A sample.\n"
                                      "  author: The tests\n"
                                      "library: %s.so\n"
                                      "dependencies:\n"
                                      "  requires: [close]\n"
                                      "%s"
                                      "%s";

static const char *path_of(const char *place, const char *file)
{
    static char paths[4][1024];
    static unsigned next;
    char *const path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s/%s", root, place, file);
    return path;
}

static void write_manifest(const char *place, const char *name, const char *type,
                           const char *subtype, const char *library, const char *more)
{
    char text[4096];
    (void)snprintf(text, sizeof text, manifest_format, name, type, subtype, library,
                   strcmp(type, "context_worker") == 0 ? "  provides: [copy]\n" : "", more);
    s1_test_write(path_of(place, "manifest.yaml"), text);
}

/* A plugin named "sample" in its folder, from a bad source. */
static void make_sample(const char *source, const char *more)
{
    char file[256];
    (void)snprintf(file, sizeof file, "tests/negative/plugins/%s.c", source);
    write_manifest(PLACE "/sample", "sample", "context_worker", "indicator_calculation", "sample",
                   more);
    s1_test_compile_plugin(file, path_of(PLACE "/sample", "sample.so"), "");
}

static s1_plugin_registry *open_registry(void)
{
    const s1_str where = s1_str_of(root);
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &where, .root_count = 1};
    s1_plugin_registry *registry = NULL;
    s1_err err = S1_ERR_INIT;
    s1_faults_init(&faults, &arena, 0);
    if (s1_plugin_registry_new(&options, &faults, &registry, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return registry;
}

static void expect_reason(const s1_plugin *plugin, uint32_t index, const char *file,
                          const char *reason)
{
    char expected[2048];
    (void)snprintf(expected, sizeof expected, "%s%s%s", file != NULL ? file : "",
                   file != NULL ? ": " : "", reason);
    assert_true(index < plugin->reason_count);
    assert_string_equal(plugin->reasons[index].ptr, expected);
}

static int set_up(void **state)
{
    (void)state;
    root = s1_test_folder();
    s1_test_write(path_of(PLACE "/sample", "keep"), "");
    s1_arena_init(&arena, (size_t)64 << 20, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    s1_arena_done(&arena);
    const s1_rc rc = s1_fs_remove_tree(s1_fs_real(), root, NULL);
    free(root);
    return rc;
}

static void test_a_good_plugin(void **state)
{
    (void)state;
    make_sample("sample", "");
    s1_plugin_registry *const registry = open_registry();
    assert_int_equal(faults.errors, 0);
    assert_int_equal(s1_plugin_registry_count(registry), 1);
    s1_plugin *const plugin = s1_plugin_registry_find(registry, S1_STR("sample"));
    assert_ptr_equal(plugin, s1_plugin_registry_at(registry, 0));
    assert_int_equal(plugin->state, S1_PLUGIN_DECLARED);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_check(plugin, &err), S1_OK);
    assert_int_equal(plugin->state, S1_PLUGIN_CHECKED);
    assert_null(plugin->desc);
    assert_int_equal(s1_plugin_load(plugin, &err), S1_OK);
    assert_int_equal(plugin->state, S1_PLUGIN_LOADED);
    assert_string_equal(plugin->desc->name, "sample");
    assert_int_equal(s1_plugin_load(plugin, &err), S1_OK);

    s1_strbuf text;
    s1_strbuf_init(&text, 1 << 20);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), plugin->library_path.ptr, 1 << 20, &text, &err),
                     S1_OK);
    uint8_t digest[32];
    s1_sha256_of(text.data, text.len, digest);
    assert_memory_equal(plugin->library_sha256, digest, 32);
    s1_strbuf_done(&text);

    assert_null(s1_plugin_registry_find(registry, S1_STR("sampel")));
    const s1_str near = s1_plugin_registry_nearest(registry, S1_STR("sampel"));
    assert_int_equal(near.len, 6);
    s1_plugin_registry_free(registry);
    s1_plugin_registry_free(NULL);
}

/* One bad plugin each: the first reason in full, and the code of the refusal. */
static void test_bad_plugins(void **state)
{
    (void)state;
    static const struct {
        const char *source, *more;
        s1_rc code;
        const char *reason;
    } cases[] = {
        {"extra_export", "", S1_E_DENIED,
         "exports 'helper'; expected s1_plugin_entry alone (build with -fvisibility=hidden)"},
        {"imports_time", "", S1_E_DENIED,
         "imports 'time'; expected pure functions of libc and libm only"},
        {"imports_fopen", "", S1_E_DENIED,
         "imports 'fopen'; expected pure functions of libc and libm only"},
        {"no_entry", "", S1_E_DENIED, "does not export s1_plugin_entry"},
        {"ifunc", "", S1_E_DENIED, "has functions resolved at load (IFUNC); expected none"},
#ifndef S1_SANITIZED
        {"constructor", "", S1_E_DENIED,
         "has 2 constructor(s) that run when it is opened; expected none but the compiler's"},
#endif
        {"newer_minor", "", S1_E_ABI, "is built for ABI 1.3, newer than the 1.2 of this platform"},
        {"other_major", "", S1_E_ABI, "is built for ABI 2.2, expected 1.2 or older"},
        {"small_desc", "", S1_E_ABI, "has a descriptor of 16 bytes, expected at least 44"},
        {"small_ops", "", S1_E_ABI, "has a table of callbacks of 24 bytes, expected at least 80"},
        {"null_desc", "", S1_E_ABI, "s1_plugin_entry(1) returned nothing"},
        {"wrong_name", "", S1_E_ABI, "calls itself 'somebody_else', its manifest says 'sample'"},
        {"wrong_version", "", S1_E_ABI, "is version '1.0.1', its manifest says '1.0.0'"},
        {"wrong_type", "", S1_E_ABI,
         "is a worker of type opportunity_worker (2), its manifest says context_worker"},
        {"wrong_capabilities", "", S1_E_ABI,
         "takes the capabilities state, its manifest asks for none"},
        {"sample", "capabilities:\n  state: { enabled: true }\n", S1_E_ABI,
         "takes the capabilities none, its manifest asks for state"},
        {"context_with_detect", "", S1_E_ABI,
         "is a ContextWorker reaching for signals: it sets detect(), expected enrich() alone"},
        {"no_enrich", "", S1_E_ABI, "has no enrich(), which a ContextWorker needs"},
        {"no_create", "", S1_E_ABI, "has no create()"},
        {"on_event_ungranted", "", S1_E_ABI,
         "sets on_event(), but has not the capability events in its manifest"},
        {"enrich_range", "", S1_E_ABI,
         "sets enrich_range(), which ABI 1.1 reserves; expected NULL"},
        {"enrich_range_state", "capabilities:\n  state: { enabled: true }\n", S1_E_ABI,
         "sets enrich_range() and takes capabilities; expected one of the two: what it says or "
         "keeps belongs to a bar"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(tear_down(state), 0); /* dlopen knows a path it has opened: a new one */
        assert_int_equal(set_up(state), 0);
        make_sample(cases[i].source, cases[i].more);
        s1_plugin_registry *const registry = open_registry();
        s1_plugin *const plugin = s1_plugin_registry_find(registry, S1_STR("sample"));
        assert_non_null(plugin);
        assert_int_equal(plugin->reason_count, 0);
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_plugin_load(plugin, &err), cases[i].code);
        assert_int_equal(plugin->state, S1_PLUGIN_REFUSED);
        assert_int_equal(plugin->reason_count, 1);
        expect_reason(plugin, 0, plugin->library_path.ptr, cases[i].reason);
        char message[2048];
        (void)snprintf(message, sizeof message, "plugin 'sample' is refused: %s",
                       plugin->reasons[0].ptr);
        assert_string_equal(err.msg, message);
        assert_int_equal(s1_plugin_load(plugin, &err), cases[i].code); /* from memory */
        assert_int_equal(plugin->reason_count, 1);
        s1_plugin_registry_free(registry);
    }
}

/* The stamp is printed, so its reason is not a constant. */
static void test_other_layouts(void **state)
{
    (void)state;
    make_sample("wrong_stamp", "");
    s1_plugin_registry *const registry = open_registry();
    s1_plugin *const plugin = s1_plugin_registry_find(registry, S1_STR("sample"));
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_load(plugin, &err), S1_E_ABI);
    char reason[256];
    (void)snprintf(reason, sizeof reason,
                   "has the layout stamp %016llx, expected %016llx: built with other headers or "
                   "another compiler",
                   (unsigned long long)(S1_ABI_STAMP ^ 1), (unsigned long long)S1_ABI_STAMP);
    expect_reason(plugin, 0, plugin->library_path.ptr, reason);
    s1_plugin_registry_free(registry);
}

static void test_several_reasons(void **state)
{
    (void)state;
    make_sample("two_faults", "");
    s1_plugin_registry *const registry = open_registry();
    s1_plugin *const plugin = s1_plugin_registry_find(registry, S1_STR("sample"));
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_load(plugin, &err), S1_E_ABI);
    assert_int_equal(plugin->reason_count, 2);
    expect_reason(plugin, 0, plugin->library_path.ptr,
                  "calls itself 'other', its manifest says 'sample'");
    expect_reason(plugin, 1, plugin->library_path.ptr,
                  "is version '2.0.0', its manifest says '1.0.0'");
    assert_non_null(strstr(err.msg, "(and 1 more: see `plugins show sample`)"));
    s1_plugin_registry_free(registry);
}

static void test_a_library_that_is_none(void **state)
{
    (void)state;
    write_manifest(PLACE "/sample", "sample", "context_worker", "indicator_calculation", "sample",
                   "");
    s1_test_write(path_of(PLACE "/sample", "sample.so"), "#!/bin/sh\necho loot\n");
    s1_plugin_registry *const registry = open_registry();
    s1_plugin *const plugin = s1_plugin_registry_find(registry, S1_STR("sample"));
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_load(plugin, &err), S1_E_DATA);
    expect_reason(plugin, 0, plugin->library_path.ptr, "not an ELF file");
    s1_plugin_registry_free(registry);
}

static void test_a_manifest_without_library(void **state)
{
    (void)state;
    write_manifest(PLACE "/sample", "sample", "context_worker", "indicator_calculation", "absent",
                   "");
    s1_plugin_registry *const registry = open_registry();
    s1_plugin *const plugin = s1_plugin_registry_find(registry, S1_STR("sample"));
    assert_int_equal(plugin->state, S1_PLUGIN_REFUSED);
    expect_reason(plugin, 0, path_of(PLACE "/sample", "absent.so"),
                  "is not there; the manifest names it as its library");
    assert_int_equal(faults.warnings, 1);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_load(plugin, &err), S1_E_NOT_FOUND);
    s1_plugin_registry_free(registry);
}

/* Its constructor would kill this process: it lives, so nobody opened it. */
static void test_a_library_without_manifest_is_never_opened(void **state)
{
    (void)state;
    make_sample("sample", "");
    s1_test_write(path_of(PLACE "/stray", "README.md"), "nothing declares stray.so\n");
    s1_test_compile_plugin("tests/negative/plugins/constructor.c",
                           path_of(PLACE "/stray", "stray.so"), "");
    s1_test_compile_plugin("tests/negative/plugins/constructor.c",
                           path_of(PLACE "/sample", "second.so"), "");
    s1_plugin_registry *const registry = open_registry();
    assert_int_equal(s1_plugin_registry_count(registry), 1);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_load(s1_plugin_registry_at(registry, 0), &err), S1_OK);
    assert_int_equal(faults.errors, 0);
    assert_int_equal(faults.warnings, 2);
    assert_string_equal(faults.items[0].source.file.ptr, path_of(PLACE "/sample", "second.so"));
    assert_string_equal(faults.items[1].source.file.ptr, path_of(PLACE "/stray", "stray.so"));
    assert_string_equal(faults.items[1].found.ptr, "a library no manifest declares");
    s1_plugin_registry_free(registry);
}

static void test_order_and_duplicates(void **state)
{
    (void)state;
    static const struct {
        const char *place, *name, *type, *subtype;
    } plugins[] = {
        {"z/one", "delta", "threat_worker", "market_risk"},
        {"a/two", "beta", "opportunity_worker", "momentum_signal"},
        {"a/three", "alpha", "opportunity_worker", "momentum_signal"},
        {"m/four", "gamma", "context_worker", "temporal_context"},
        {"m/five", "omega", "context_worker", "regime_classification"},
        {"n/six", "beta", "context_worker", "temporal_context"},
    };
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
        write_manifest(plugins[i].place, plugins[i].name, plugins[i].type, plugins[i].subtype,
                       plugins[i].name, "");
        char library[64];
        (void)snprintf(library, sizeof library, "%s.so", plugins[i].name);
        s1_test_write(path_of(plugins[i].place, library), "");
    }
    s1_plugin_registry *const registry = open_registry();
    static const char *const order[] = {"omega", "beta", "gamma", "alpha", "beta", "delta"};
    assert_int_equal(s1_plugin_registry_count(registry), 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_string_equal(s1_plugin_registry_at(registry, i)->name.ptr, order[i]);
    }
    for (uint32_t i = 1; i < 5; i += 3) {
        s1_plugin *const one = s1_plugin_registry_at(registry, i);
        s1_plugin *const other = s1_plugin_registry_at(registry, 5 - i);
        char reason[2048];
        (void)snprintf(reason, sizeof reason, "identification.name: found 'beta', which %s has too",
                       other->manifest_path.ptr);
        assert_int_equal(one->state, S1_PLUGIN_REFUSED);
        expect_reason(one, 0, one->manifest_path.ptr, reason);
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_plugin_load(one, &err), S1_E_EXISTS);
    }
    assert_int_equal(faults.errors, 0);
    assert_int_equal(faults.warnings, 2);
    s1_plugin_registry_free(registry);
}

/* A manifest at fault: every fault with its line, the others are not touched. */
static void test_bad_manifests(void **state)
{
    (void)state;
    make_sample("sample", "");
    s1_test_write(path_of("bad/one", "manifest.yaml"), "schema_version: 1\n"
                                                       "identification:\n"
                                                       "  name: one\n"
                                                       "  type: contxt_worker\n"
                                                       "  subtype: market_risk\n"
                                                       "  version: one\n"
                                                       "colour: blue\n");
    s1_test_write(path_of("bad/two", "manifest.yaml"), "identification: [\n");
    s1_plugin_registry *const registry = open_registry();
    assert_int_equal(s1_plugin_registry_count(registry), 3);
    assert_int_equal(faults.errors, 0); /* they hurt only who names them */
    assert_true(faults.warnings >= 5);
    uint32_t refused = 0;
    for (uint32_t i = 0; i < 3; i++) {
        s1_plugin *const plugin = s1_plugin_registry_at(registry, i);
        if (plugin->state != S1_PLUGIN_REFUSED) {
            assert_string_equal(plugin->name.ptr, "sample");
            continue;
        }
        refused++;
        assert_true(plugin->reason_count > 0);
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_plugin_load(plugin, &err), S1_E_INVALID);
        for (uint32_t k = 0; k < plugin->reason_count; k++) {
            assert_memory_equal(plugin->reasons[k].ptr, plugin->manifest_path.ptr,
                                plugin->manifest_path.len);
            assert_int_equal(plugin->reasons[k].ptr[plugin->manifest_path.len], ':');
        }
    }
    assert_int_equal(refused, 2);
    const s1_plugin *const one = s1_plugin_registry_find(registry, S1_STR("one"));
    bool has_hint = false;
    for (uint32_t k = 0; k < one->reason_count; k++) {
        has_hint = has_hint || strstr(one->reasons[k].ptr, "'context_worker'") != NULL;
    }
    assert_true(has_hint);
    s1_plugin_registry_free(registry);
}

static void test_a_root_that_is_not_there(void **state)
{
    (void)state;
    const s1_str where = S1_STR("/nowhere/plugins");
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &where, .root_count = 1};
    s1_plugin_registry *registry = NULL;
    s1_err err = S1_ERR_INIT;
    s1_faults_init(&faults, &arena, 0);
    assert_int_equal(s1_plugin_registry_new(&options, &faults, &registry, &err), S1_OK);
    assert_int_equal(s1_plugin_registry_count(registry), 0);
    assert_int_equal(faults.errors, 1);
    assert_string_equal(faults.items[0].found.ptr, "no such folder");
    s1_plugin_registry_free(registry);
}

/* Every call of the file system fails once: an error or a refusal, never a crash or a leak. */
static void test_failing_file_system(void **state)
{
    (void)state;
    make_sample("sample", "");
    for (uint64_t call = 1; call < 40; call++) {
        s1_fault_fs fault;
        s1_fault_fs_init(&fault, s1_fs_real());
        s1_fault_fs_fail(&fault, -1, call, EIO, false);
        const s1_str where = s1_str_of(root);
        const s1_plugin_registry_options options = {
            .fs = &fault.table, .roots = &where, .root_count = 1};
        s1_plugin_registry *registry = NULL;
        s1_err err = S1_ERR_INIT;
        s1_faults_init(&faults, &arena, 0);
        if (s1_plugin_registry_new(&options, &faults, &registry, &err) == S1_OK &&
            s1_plugin_registry_count(registry) == 1) {
            s1_plugin *const plugin = s1_plugin_registry_at(registry, 0);
            const s1_rc rc = s1_plugin_load(plugin, &err);
            assert_true(rc == S1_OK || plugin->reason_count > 0);
        }
        s1_plugin_registry_free(registry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_good_plugin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_plugins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_layouts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several_reasons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_library_that_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_manifest_without_library, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_library_without_manifest_is_never_opened, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_order_and_duplicates, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_manifests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_root_that_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_failing_file_system, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("backend/assembly/plugin_registry", tests, NULL, NULL);
}
