/* bench/plugins.c - what a call of every bundled plugin costs, as rows of a table.
 *
 *     build/release/bench/plugins PLUGINS_FOLDER [CSV [BARS]]
 *
 * Each plugin goes through the gate with its defaults (talib_indicator with every indicator) and is
 * timed there: the bars with its calls, less the same bars with calls of nothing. Prints name,
 * type, setting, calls, nanoseconds and what was said, separated by tabs; bench/plugins.py makes
 * the page.
 */
#include "backend/assembly/plugin_registry.h"
#include "backend/utils/clock.h"
#include "backend/utils/fs.h"
#include "s1mple/test.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t now(void)
{
    return s1_clock_monotonic(s1_clock_real());
}

static int time_one(const s1_plugin *plugin, const char *setting, s1_gate_options options)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%.*s", S1_STR_ARG(plugin->name));
    s1_gate_report report;
    s1_err err = S1_ERR_INIT;
    options.plugin = name;
    options.cuts = 1;
    options.now = now;
    if (s1_gate_run(&options, &report, &err) != S1_OK) {
        (void)fprintf(stderr, "%s: %s\n", name, err.msg);
        return 1;
    }
    const uint64_t said = report.values + report.signals + report.threats + report.plans +
                          report.rejections + report.orders + report.artefacts;
    printf("%s\t%s\t%s\t%llu\t%.1f\t%llu\n", name,
           s1_enum_text(s1_worker_type_names, plugin->manifest->identification.type), setting,
           (unsigned long long)report.calls, report.nanos, (unsigned long long)said);
    return fflush(stdout) != 0;
}

/* One row, or one for each value of the parameter its columns hang on. */
static int time_plugin(s1_plugin *plugin, const s1_gate_options *options)
{
    const s1_manifest *const manifest = plugin->manifest;
    const s1_manifest_param *const by =
        s1_manifest_find_param(manifest, manifest->variants.by, NULL);
    int failures = by == NULL ? time_one(plugin, "", *options) : 0;
    for (uint32_t i = 0; by != NULL && i < by->values.count; i++) {
        char setting[128];
        char params[256];
        s1_gate_options varied = *options;
        (void)snprintf(setting, sizeof setting, "%.*s", S1_STR_ARG(by->values.items[i]));
        (void)snprintf(params, sizeof params, "{%.*s: %s}", S1_STR_ARG(by->name), setting);
        varied.params = params;
        failures += time_one(plugin, setting, varied);
    }
    return failures;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: plugins PLUGINS_FOLDER [CSV [BARS]]\n");
        return 2;
    }
    const s1_str root = {argv[1], strlen(argv[1])};
    const s1_plugin_registry_options where = {.fs = s1_fs_real(), .roots = &root, .root_count = 1};
    s1_gate_options options = {.plugins_folder = argv[1],
                               .csv = argc > 2 ? argv[2] : NULL,
                               .bars = argc > 3 ? strtoull(argv[3], NULL, 10) : 5000};
    s1_arena arena;
    s1_faults faults;
    s1_plugin_registry *registry = NULL;
    s1_err err = S1_ERR_INIT;
    s1_arena_init(&arena, (size_t)64 << 20, 0);
    s1_faults_init(&faults, &arena, 0);
    int failures = 0;
    if (s1_plugin_registry_new(&where, &faults, &registry, &err) != S1_OK) {
        (void)fprintf(stderr, "%s\n", err.msg);
        failures = 1;
    }
    for (uint32_t i = 0; registry != NULL && i < s1_plugin_registry_count(registry); i++) {
        s1_plugin *const plugin = s1_plugin_registry_at(registry, i);
        if (s1_plugin_check(plugin, &err) != S1_OK) {
            (void)fprintf(stderr, "%s\n", err.msg);
            failures++;
            continue;
        }
        failures += time_plugin(plugin, &options);
    }
    s1_plugin_registry_free(registry);
    s1_arena_done(&arena);
    return failures > 0 ? 1 : 0;
}
