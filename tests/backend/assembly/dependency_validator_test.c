/* The dependency validator: what is missing is named with what there is and the move that mends it.
 * Manifests are real, their libraries are not opened. */
#include "backend/assembly/dependency_validator.h"

#include "backend/dtos/market/stream_key.h"
#include "backend/utils/fs.h"
#include "tests/support/cmocka.h"
#include "tests/support/plugin_compile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * S1_NANOS_PER_SECOND)

static char *root;
static s1_arena arena;
static s1_plugin_registry *registry;

typedef struct item {
    const char *plugin, *id, *params, *stream;
} item;

/* The faults of a blueprint with these workers, as printed. */
static const char *faults_of(const item *items, uint32_t count)
{
    static char text[8192];
    const s1_link_stream streams[] = {
        {.need = {.asset_pair = S1_STR("EUR/USD"), .timeframe = HOUR, .data_type = S1_DATA_OHLCV}},
        {.need = {.asset_pair = S1_STR("ETH/USD"),
                  .timeframe = 4 * HOUR,
                  .data_type = S1_DATA_OHLCV}},
    };
    const s1_link link = {.streams = {.items = streams, .count = 2}};
    const s1_worker_plan *plans[16];
    s1_worker_item made[16];
    s1_faults faults;
    s1_faults_init(&faults, &arena, 0);
    for (uint32_t i = 0; i < count; i++) {
        const s1_plugin *const plugin =
            s1_plugin_registry_find(registry, s1_str_of(items[i].plugin));
        assert_non_null(plugin);
        s1_yaml_node *params = NULL;
        if (items[i].params != NULL) {
            const s1_yaml_options options = {.file = S1_STR("params")};
            s1_yaml_parse(s1_str_of(items[i].params), &options, &arena, &faults, &params);
        }
        made[i] =
            (s1_worker_item){.source = {.file = S1_STR("run.yaml"), .line = 10 + i, .column = 5},
                             .plugin = plugin->name,
                             .id = s1_str_of(items[i].id != NULL ? items[i].id : items[i].plugin),
                             .worker_type = plugin->manifest->identification.type,
                             .stream = s1_str_of(items[i].stream != NULL ? items[i].stream : ""),
                             .params = params};
        s1_worker_plan_resolve(&made[i], plugin->manifest, &arena, &faults, &plans[i]);
    }
    if (faults.errors > 0) {
        fail_msg("%.*s", S1_STR_ARG(faults.items[0].found));
    }
    const s1_dependency_options options = {
        .link = &link, .plans = plans, .plan_count = count, .registry = registry, .arena = &arena};
    s1_dependencies_validate(&options, &faults);
    s1_strbuf printed;
    s1_strbuf_init(&printed, sizeof text);
    for (uint32_t i = 0; i < faults.count; i++) {
        const s1_fault *const fault = &faults.items[i];
        assert_int_equal(fault->fault_class, S1_FAULT_DEPENDENCY);
        s1_strbuf_printf(&printed, "%s%u%s: found %.*s, expected %.*s", i > 0 ? "\n" : "",
                         fault->source.line, fault->is_warning ? " warning" : "",
                         S1_STR_ARG(fault->found), S1_STR_ARG(fault->expected));
    }
    (void)snprintf(text, sizeof text, "%s", s1_strbuf_cstr(&printed));
    s1_strbuf_done(&printed);
    return text;
}

#define FAULTS(...)                                                                                \
    faults_of((const item[]){__VA_ARGS__}, sizeof((const item[]){__VA_ARGS__}) / sizeof(item))

static void test_nothing_is_missing(void **state)
{
    (void)state;
    assert_string_equal(FAULTS({.plugin = "ema"}, {.plugin = "atr"},
                               {.plugin = "cross", .params = "{fast: 20, slow: 50}"},
                               {.plugin = "trail", .params = "{period: 14}"}),
                        "");
    assert_string_equal(FAULTS({.plugin = "zones"}, {.plugin = "zone_trader"}), "");
    assert_string_equal(
        FAULTS({.plugin = "ema", .stream = "ETH/USD@4h"}, {.plugin = "ema", .id = "own"},
               {.plugin = "any", .params = "{column: 'ETH/USD@4h.ema_20'}"},
               {.plugin = "any", .id = "any2", .params = "{column: 'ETH/USD@4h.close', out: b}"}),
        "");
}

static void test_the_provider_stands_too_late(void **state)
{
    (void)state;
    assert_string_equal(
        FAULTS({.plugin = "any", .params = "{column: ema_20}"},
               {.plugin = "ema", .id = "averages"}),
        "10: found no column 'ema_20' for plugin 'any', expected it among open, high, low, close, "
        "volume of EUR/USD@1h: move 'averages' before 'any'");
}

static void test_an_installed_plugin_could(void **state)
{
    (void)state;
    assert_string_equal(
        FAULTS({.plugin = "ema"}, {.plugin = "cross", .params = "{fast: 20, slow: 200}"}),
        "11: found no column 'ema_200' for plugin 'cross', expected it among open, high, low, "
        "close, volume, ema_20, ema_50 of EUR/USD@1h: add a worker that provides it: 'ema' with "
        "periods [200]");
    assert_string_equal(
        FAULTS({.plugin = "any", .params = "{column: band_20_2_5}"}),
        "10: found no column 'band_20_2_5' for plugin 'any', expected it among open, high, low, "
        "close, volume of EUR/USD@1h: add a worker that provides it: 'bands' with period 20 and "
        "width 2.5, before 'any'");
    assert_string_equal(
        FAULTS({.plugin = "any", .params = "{column: avg_20}"}),
        "10: found no column 'avg_20' for plugin 'any', expected it among open, high, low, close, "
        "volume of EUR/USD@1h: add a worker that provides it: 'many' with kind A and period 20, "
        "before 'any'");
    assert_string_equal(FAULTS({.plugin = "many", .params = "{kind: A, prefix: my_}"},
                               {.plugin = "any", .params = "{column: my_avg_14}"}),
                        "");
    assert_string_equal(FAULTS({.plugin = "any", .params = "{column: moon_phase}"}),
                        "10: found no column 'moon_phase' for plugin 'any', expected it among "
                        "open, high, low, close, volume of EUR/USD@1h: no installed plugin "
                        "provides it");
}

static void test_it_is_on_another_stream(void **state)
{
    (void)state;
    assert_string_equal(
        FAULTS({.plugin = "ema", .stream = "ETH/USD@4h"},
               {.plugin = "any", .params = "{column: ema_20}"}),
        "11: found no column 'ema_20' for plugin 'any', expected it among open, high, low, close, "
        "volume of EUR/USD@1h: 'ema' provides it on ETH/USD@4h: give both workers the same "
        "stream");
    assert_string_equal(FAULTS({.plugin = "any", .params = "{column: 'ETH/USD@1h.close'}"}),
                        "10: found no stream of 'ETH/USD@1h.close' for plugin 'any', expected "
                        "PAIR@TIMEFRAME of the blueprint's data: EUR/USD@1h, ETH/USD@4h");
    assert_string_equal(FAULTS({.plugin = "ema", .stream = "BTC/USD@1h"}),
                        "10: found no stream of 'BTC/USD@1h' for plugin 'ema', expected "
                        "PAIR@TIMEFRAME of the blueprint's data: EUR/USD@1h, ETH/USD@4h");
}

static void test_two_provide_the_same(void **state)
{
    (void)state;
    assert_string_equal(
        FAULTS({.plugin = "ema", .params = "{periods: [20]}"},
               {.plugin = "ema", .id = "again", .params = "{periods: [10, 20]}"}),
        "11: found column 'ema_20', which 'ema' (line 10) provides already, expected one provider "
        "of each name: other parameters, or one of the two");
    assert_string_equal(FAULTS({.plugin = "any", .params = "{out: volume}"}),
                        "10: found column 'volume', which the market data provides already, "
                        "expected one provider of each name: other parameters, or one of the two");
}

static void test_worker_ids(void **state)
{
    (void)state;
    assert_string_equal(FAULTS({.plugin = "ema"}, {.plugin = "atr", .id = "ema"}),
                        "11: found worker id 'ema', which line 10 has too, expected an `id` of its "
                        "own for every worker of a blueprint");
}

static void test_optional_columns_only_warn(void **state)
{
    (void)state;
    assert_string_equal(
        FAULTS({.plugin = "trail", .params = "{period: 21}"}),
        "10 warning: found no column 'atr_21' for plugin 'trail', expected it (optional) among "
        "open, high, low, close, volume of EUR/USD@1h: add a worker that provides it: 'atr' with "
        "period 21");
}

static void test_artefacts_and_rich_data(void **state)
{
    (void)state;
    assert_string_equal(FAULTS({.plugin = "zone_trader"}),
                        "10: found no artefact 'gaps' for plugin 'zone_trader', expected it among "
                        "none of EUR/USD@1h: add a worker that provides it: 'zones'");
    assert_string_equal(FAULTS({.plugin = "booked"}),
                        "10: found no rich data 'order_book' for plugin 'booked', expected it "
                        "among the data types ohlcv and the artefacts none: no installed "
                        "plugin provides it");
}

static void write_plugin(const char *name, const char *type, const char *subtype, const char *rest)
{
    char path[1024];
    char text[4096];
    (void)snprintf(path, sizeof path, "%s/%s/manifest.yaml", root, name);
    (void)snprintf(text, sizeof text,
                   "schema_version: 1\n"
                   "identification: { name: %s, display_name: %s, type: %s, subtype: %s, version: "
                   "1.0.0, description: A plugin., author: The tests }\n"
                   "%s",
                   name, name, type, subtype, rest);
    s1_test_write(path, text);
    (void)snprintf(path, sizeof path, "%s/%s/%s.so", root, name, name);
    s1_test_write(path, "");
}

#define CONTEXT     "context_worker", "indicator_calculation"
#define OPPORTUNITY "opportunity_worker", "momentum_signal"

static void write_plugins(void)
{
    write_plugin("ema", CONTEXT,
                 "dependencies: { requires: [close], provides: [\"ema_{periods[]}\"] }\n"
                 "parameters:\n  periods: { type: int_list, default: [20, 50], description: x }\n");
    write_plugin("atr", CONTEXT,
                 "dependencies: { requires: [high, low, close], provides: [\"atr_{period}\"] }\n"
                 "parameters:\n  period: { type: int, default: 14, description: x }\n");
    write_plugin("bands", CONTEXT,
                 "dependencies: { requires: [close], provides: [\"band_{period}_{width}\"] }\n"
                 "parameters:\n  period: { type: int, default: 20, description: x }\n"
                 "  width: { type: float, default: 2.0, description: x }\n");
    write_plugin("any", CONTEXT,
                 "dependencies: { requires: [\"{column}\"], provides: [\"{out}\"] }\n"
                 "parameters:\n  column: { type: string, default: close, description: x }\n"
                 "  out: { type: enum, values: [a, b, volume], default: a, description: x }\n");
    write_plugin("many", CONTEXT,
                 "parameters:\n  kind: { type: enum, values: [A, B], description: x }\n"
                 "  period: { type: int, default: 14, description: x }\n"
                 "  prefix: { type: string, default: \"\", description: x }\n"
                 "variants:\n  by: kind\n  cases:\n"
                 "    - { of: [A], provides: [\"{prefix}avg_{period}\"] }\n"
                 "    - { of: [B], provides: [\"{prefix}bop\"], requires: [volume] }\n");
    write_plugin("zones", CONTEXT,
                 "dependencies: { requires: [close] }\nartefacts: { provides: [gaps] }\n");
    write_plugin("cross", OPPORTUNITY,
                 "dependencies: { requires: [\"ema_{fast}\", \"ema_{slow}\"] }\n"
                 "parameters:\n  fast: { type: int, default: 20, description: x }\n"
                 "  slow: { type: int, default: 50, description: x }\n");
    write_plugin("zone_trader", OPPORTUNITY, "artefacts: { requires: [gaps] }\n");
    write_plugin("booked", OPPORTUNITY, "dependencies: { requires_context: [order_book] }\n");
    write_plugin("trail", "execution_worker", "position_management",
                 "dependencies: { uses: [\"atr_{period}\"] }\n"
                 "parameters:\n  period: { type: int, default: 14, description: x }\n");
}

static int set_up(void **state)
{
    (void)state;
    root = s1_test_folder();
    s1_arena_init(&arena, (size_t)64 << 20, 0);
    write_plugins();
    const s1_str where = s1_str_of(root);
    const s1_plugin_registry_options options = {
        .fs = s1_fs_real(), .roots = &where, .root_count = 1};
    s1_faults faults;
    s1_faults_init(&faults, &arena, 0);
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_plugin_registry_new(&options, &faults, &registry, &err), S1_OK);
    for (uint32_t i = 0; i < faults.count; i++) {
        s1_strbuf line;
        s1_strbuf_init(&line, 4096);
        s1_fault_print(&faults.items[i], &line);
        print_error("%s\n", s1_strbuf_cstr(&line));
        s1_strbuf_done(&line);
    }
    return (int)(faults.errors + faults.warnings);
}

static int tear_down(void **state)
{
    (void)state;
    s1_plugin_registry_free(registry);
    s1_arena_done(&arena);
    const s1_rc rc = s1_fs_remove_tree(s1_fs_real(), root, NULL);
    free(root);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_missing),
        cmocka_unit_test(test_the_provider_stands_too_late),
        cmocka_unit_test(test_an_installed_plugin_could),
        cmocka_unit_test(test_it_is_on_another_stream),
        cmocka_unit_test(test_two_provide_the_same),
        cmocka_unit_test(test_worker_ids),
        cmocka_unit_test(test_optional_columns_only_warn),
        cmocka_unit_test(test_artefacts_and_rich_data),
    };
    return cmocka_run_group_tests_name("backend/assembly/dependency_validator", tests, set_up,
                                       tear_down);
}
