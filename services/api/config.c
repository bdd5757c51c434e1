#include "services/api/config.h"

#include "backend/config/config.h"
#include "backend/config/yaml.h"
#include "backend/utils/locale.h"

#define PLATFORM_BYTES_MAX (1u << 20)
#define ARENA_BYTES_MAX    ((size_t)64 << 20)

s1_rc s1_api_config_init(const char *dir, uint32_t *ret_file_count, s1_err *err)
{
    return s1_config_write_default_tree(s1_fs_real(), dir, ret_file_count, err);
}

static int32_t language_of(s1_str text, s1_arena *arena)
{
    s1_faults faults;
    s1_yaml_node *root;
    const s1_yaml_options options = {.file = S1_STR("platform.yaml")};
    s1_faults_init(&faults, arena, 1);
    s1_yaml_parse(text, &options, arena, &faults, &root);
    const s1_yaml_node *const node =
        s1_yaml_get(s1_yaml_get(root, S1_STR("core")), S1_STR("language"));
    return node != NULL ? s1_language_parse(node->text) : S1_LANGUAGE_EN;
}

int32_t s1_api_config_language(const char *dir)
{
    char path[S1_PATH_MAX];
    s1_strbuf text;
    s1_arena arena;
    int32_t language = S1_LANGUAGE_EN;
    s1_strbuf_init(&text, PLATFORM_BYTES_MAX);
    s1_arena_init(&arena, ARENA_BYTES_MAX, 0);
    if (s1_path_join(path, sizeof path, s1_str_of(dir), S1_STR("platform.yaml"), NULL) == S1_OK &&
        s1_fs_read_all(s1_fs_real(), path, PLATFORM_BYTES_MAX, &text, NULL) == S1_OK) {
        language = language_of(s1_strbuf_view(&text), &arena);
    }
    s1_arena_done(&arena);
    s1_strbuf_done(&text);
    return language;
}
