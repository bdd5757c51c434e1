/* YAML: whatever the bytes are, reading ends with a tree or faults; a tree prints as text that
 * reads back as the same tree; and every schema table can be held against it. */
#include "backend/config/tables.h"
#include "backend/utils/assert.h"

#include <stdint.h>

#define ARENA_BYTES (256u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *read_variable(const char *name)
{
    return name[0] == 'U' ? NULL : "a ${value}";
}

static s1_yaml_node *parse(s1_str text, s1_arena *arena, s1_faults *faults)
{
    static const s1_yaml_limits limits = {1u << 16, 16, 4000, 64};
    const s1_yaml_options options = {S1_STR("fuzz.yaml"), &limits, read_variable};
    s1_yaml_node *root = NULL;
    s1_yaml_parse(text, &options, arena, faults, &root);
    S1_ASSERT(root != NULL || faults->errors != 0);
    return root;
}

static void check_round_trip(const s1_yaml_node *root, s1_arena *arena)
{
    s1_faults faults;
    s1_faults_init(&faults, arena, 0);
    s1_strbuf first, second;
    s1_strbuf_init(&first, 8u << 20);
    s1_strbuf_init(&second, 8u << 20);
    s1_yaml_print(root, &first);
    /* A printed text may be larger than the limit of one file; then there is nothing to compare. */
    if (!first.has_failed && first.len <= 1u << 16) {
        const s1_yaml_node *const again = parse(s1_strbuf_view(&first), arena, &faults);
        S1_ASSERT(again != NULL && faults.errors == 0);
        s1_yaml_print(again, &second);
        S1_ASSERT(s1_str_eq(s1_strbuf_view(&first), s1_strbuf_view(&second)));
    }
    s1_strbuf_clear(&first);
    s1_yaml_print_json(root, &first);
    s1_strbuf_done(&first);
    s1_strbuf_done(&second);
}

static void check_schema(const s1_schema *schema, const s1_yaml_node *root, s1_arena *arena)
{
    s1_faults faults;
    s1_faults_init(&faults, arena, 50);
    void *const values = s1_arena_zeroed(arena, 1, schema->size, alignof(max_align_t));
    S1_ASSERT(values != NULL);
    s1_schema_read(schema, root, values, arena, &faults);
    s1_strbuf text;
    s1_strbuf_init(&text, 8u << 20);
    s1_faults_print(&faults, &text);
    s1_faults_print_json(&faults, &text);
    s1_yaml_print(s1_schema_tree(schema, values, arena), &text);
    s1_strbuf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_arena arena;
    s1_faults faults;
    s1_err err = S1_ERR_INIT;
    if (size > 1u << 14) {
        return 0;
    }
    s1_arena_init(&arena, ARENA_BYTES, 0);
    s1_faults_init(&faults, &arena, 50);
    const s1_str text = {(const char *)data, size};
    s1_yaml_node *const root = parse(text, &arena, &faults);
    if (root != NULL && faults.errors == 0) {
        check_round_trip(root, &arena);
#define X(member, file, table, is_required) check_schema(&table, root, &arena);
        S1_CONFIG_FILE_MAP(X)
#undef X
        check_schema(&s1_operation_schema, root, &arena);
        check_schema(&s1_blueprint_schema, root, &arena);
        const size_t line = s1_str_find_byte(text, '\n', 0); /* the first line as a path */
        const s1_yaml_options options = {S1_STR("--set"), NULL, NULL};
        const s1_rc rc = s1_yaml_set(root, s1_str_slice(text, 0, line), S1_STR("[1, a]"), &options,
                                     &arena, &err);
        S1_ASSERT(rc == S1_OK || rc == S1_E_INVALID);
    }
    s1_arena_done(&arena);
    return 0;
}
