/* Manifests: whatever the bytes are, reading ends with faults or with a manifest whose defaults
 * resolve, expand and evaluate without a crash. */
#include "backend/config/params.h"
#include "backend/utils/assert.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void resolve_defaults(const s1_manifest *manifest, s1_arena *arena, s1_faults *faults)
{
    const s1_worker_item item = {.source = manifest->source,
                                 .plugin = manifest->identification.name,
                                 .id = manifest->identification.name,
                                 .worker_type = manifest->identification.type,
                                 .subtype = manifest->identification.subtype};
    const s1_worker_plan *plan = NULL;
    s1_worker_plan_resolve(&item, manifest, arena, faults, &plan);
    S1_ASSERT(plan != NULL && plan->lookback >= 1);
    s1_strbuf text;
    s1_strbuf_init(&text, 8u << 20);
    s1_params_print_json(plan, &text);
    s1_faults_print(faults, &text);
    s1_strbuf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_arena arena;
    s1_faults faults;
    const s1_manifest *manifest = NULL;
    if (size > 1u << 14) {
        return 0;
    }
    s1_arena_init(&arena, 256u << 20, 0);
    s1_faults_init(&faults, &arena, 50);
    s1_manifest_read((s1_str){(const char *)data, size}, S1_STR("manifest.yaml"), S1_STR("."),
                     &arena, &faults, &manifest);
    S1_ASSERT(manifest != NULL);
    if (faults.errors == 0) {
        S1_ASSERT(manifest->identification.name.len != 0);
        S1_ASSERT(s1_subtype_worker_type(manifest->identification.subtype) ==
                  manifest->identification.type);
        resolve_defaults(manifest, &arena, &faults);
    }
    s1_arena_done(&arena);
    return 0;
}
