#include "services/api/config.h"

#include "backend/config/config.h"
#include "backend/config/yaml.h"
#include "backend/utils/fs.h"
#include "backend/utils/locale.h"

#include <stdio.h>

#define PLATFORM_BYTES_MAX (1u << 20)
#define ARENA_BYTES_MAX    ((size_t)64 << 20)

s1_rc s1_api_config_init(const char *dir, uint32_t *ret_file_count, s1_err *err)
{
    return s1_config_write_default_tree(s1_fs_real(), dir, ret_file_count, err);
}

/* What a text of the platform.yaml in `dir` says, as far as it can be read: section.key, appended
 * to `ret_text`; nothing where it says nothing. False where there is no file. */
static bool peek(const char *dir, s1_str section, s1_str key, s1_strbuf *ret_text)
{
    char path[S1_PATH_MAX];
    s1_strbuf file;
    s1_arena arena;
    s1_strbuf_init(&file, PLATFORM_BYTES_MAX);
    s1_arena_init(&arena, ARENA_BYTES_MAX, 0);
    const bool is_there =
        s1_path_join(path, sizeof path, s1_str_of(dir), S1_STR("platform.yaml"), NULL) == S1_OK &&
        s1_fs_read_all(s1_fs_real(), path, PLATFORM_BYTES_MAX, &file, NULL) == S1_OK;
    if (is_there) {
        s1_faults faults;
        s1_yaml_node *root;
        const s1_yaml_options options = {.file = S1_STR("platform.yaml")};
        s1_faults_init(&faults, &arena, 1);
        s1_yaml_parse(s1_strbuf_view(&file), &options, &arena, &faults, &root);
        const s1_yaml_node *const node = s1_yaml_get(s1_yaml_get(root, section), key);
        s1_strbuf_str(ret_text, node != NULL ? node->text : S1_STR(""));
    }
    s1_arena_done(&arena);
    s1_strbuf_done(&file);
    return is_there;
}

int32_t s1_api_config_language(const char *dir)
{
    s1_strbuf text;
    s1_strbuf_init(&text, PLATFORM_BYTES_MAX);
    (void)peek(dir, S1_STR("core"), S1_STR("language"), &text);
    const int32_t language =
        text.len > 0 ? s1_language_parse(s1_strbuf_view(&text)) : S1_LANGUAGE_EN;
    s1_strbuf_done(&text);
    return language;
}

bool s1_api_config_archive(const char *dir, char *ret_path, size_t size)
{
    s1_strbuf text;
    s1_strbuf_init(&text, PLATFORM_BYTES_MAX);
    bool is_there = peek(dir, S1_STR("data"), S1_STR("source_dir"), &text);
    const s1_str said = text.len > 0 ? s1_strbuf_view(&text) : S1_STR("source_data");
    if (is_there) {
        const s1_str folder = s1_str_dirname(s1_str_of(dir));
        is_there = said.ptr[0] == '/' || s1_str_eq_cstr(folder, ".")
                       ? (size_t)snprintf(ret_path, size, "%.*s", S1_STR_ARG(said)) < size
                       : s1_path_join(ret_path, size, folder, said, NULL) == S1_OK;
    }
    s1_strbuf_done(&text);
    return is_there;
}
