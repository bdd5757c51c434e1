#include "services/api/plugins.h"

#include "backend/dtos/enums.h"
#include "services/operators/run_preparer.h"

#include <stdlib.h>

#define ARENA_BYTES_MAX ((size_t)64 << 20)

struct s1_plugin_catalog {
    s1_arena arena;
    s1_faults faults;
    s1_plugin_registry *registry;
    s1_plugin_info *items;
    size_t count;
    char root[S1_PATH_MAX];
};

static const char *cstr(s1_arena *arena, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(arena, text);
    return copy != NULL ? copy : "";
}

static void join(s1_strbuf *text, const s1_text_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        s1_strbuf_cstr_add(text, text->len > 0 ? ", " : "");
        s1_strbuf_str(text, list->items[i]);
    }
}

static const char *joined(s1_arena *arena, const s1_text_list *list)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    join(&text, list);
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

/* The columns of every variant too. */
static const char *provides_text(s1_arena *arena, const s1_manifest *manifest)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    join(&text, &manifest->dependencies.provides);
    for (uint32_t i = 0; i < manifest->variants.cases.count; i++) {
        join(&text, &manifest->variants.cases.items[i].provides);
    }
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

/* "by indicator" where it hangs on a parameter's value. */
static const char *lookback_text(s1_arena *arena, const s1_manifest *manifest)
{
    if (manifest->variants.cases.count == 0) {
        return cstr(arena, manifest->lookback);
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 256);
    s1_strbuf_printf(&text, "by %.*s", S1_STR_ARG(manifest->variants.by));
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

/* "[12, 26]", "12", "\"\"" for an empty text, "" for nothing. */
static const char *node_text(s1_arena *arena, const s1_yaml_node *node)
{
    if (node == NULL) {
        return "";
    }
    if (node->kind != S1_YAML_LIST) {
        return node->text.len > 0 ? cstr(arena, node->text) : "\"\"";
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    s1_strbuf_char(&text, '[');
    for (const s1_yaml_node *item = node->first; item != NULL; item = item->next) {
        s1_strbuf_cstr_add(&text, item != node->first ? ", " : "");
        s1_strbuf_str(&text, item->text);
    }
    s1_strbuf_char(&text, ']');
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

static const char *range_text(s1_arena *arena, const s1_manifest_param *param)
{
    if (param->values.count > 0) {
        return joined(arena, &param->values);
    }
    if (param->min == NULL && param->max == NULL) {
        return "";
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 4096);
    s1_strbuf_cstr_add(&text, node_text(arena, param->min));
    s1_strbuf_cstr_add(&text, " .. ");
    s1_strbuf_cstr_add(&text, node_text(arena, param->max));
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

static const char *capability_text(s1_arena *arena, const s1_manifest *manifest)
{
    const struct s1_manifest_capabilities *const c = &manifest->capabilities;
    const char *const names[] = {c->state.enabled ? "state" : NULL,
                                 c->events.enabled ? "events" : NULL,
                                 c->journaling.enabled ? "journaling" : NULL};
    s1_strbuf text;
    s1_strbuf_init(&text, 256);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i] != NULL) {
            s1_strbuf_cstr_add(&text, text.len > 0 ? ", " : "");
            s1_strbuf_cstr_add(&text, names[i]);
        }
    }
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

static const char *feeds_text(s1_arena *arena, const s1_manifest *manifest)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 4096);
    for (uint32_t i = 0; i < manifest->dependencies.feeds.count; i++) {
        const s1_manifest_feed *const feed = &manifest->dependencies.feeds.items[i];
        s1_strbuf_printf(&text, "%s%.*s%s (", i > 0 ? ", " : "", S1_STR_ARG(feed->name),
                         feed->optional ? ", optional" : "");
        for (uint32_t k = 0; k < feed->fields.count; k++) {
            s1_strbuf_printf(&text, "%s%.*s", k > 0 ? ", " : "",
                             S1_STR_ARG(feed->fields.items[k].name));
        }
        s1_strbuf_char(&text, ')');
    }
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

static const char *models_text(s1_arena *arena, const s1_manifest *manifest)
{
    s1_strbuf text;
    s1_strbuf_init(&text, 4096);
    for (uint32_t i = 0; i < manifest->dependencies.models.count; i++) {
        const s1_manifest_model *const model = &manifest->dependencies.models.items[i];
        s1_strbuf_printf(&text, "%s%.*s%s", i > 0 ? ", " : "", S1_STR_ARG(model->name),
                         model->optional ? " (optional)" : "");
    }
    const char *const copy = cstr(arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    return copy;
}

static void take_manifest(s1_arena *arena, const s1_manifest *manifest, s1_plugin_info *info)
{
    const struct s1_manifest_identification *const id = &manifest->identification;
    info->display_name = cstr(arena, id->display_name);
    info->type = s1_enum_text(s1_worker_type_names, id->type);
    info->subtype = s1_enum_text(s1_subtype_names, id->subtype);
    info->version = cstr(arena, id->version);
    info->author = cstr(arena, id->author);
    info->description = cstr(arena, id->description);
    info->requires_columns = joined(arena, &manifest->dependencies.requires);
    info->provides_columns = provides_text(arena, manifest);
    info->uses_columns = joined(arena, &manifest->dependencies.uses);
    info->requires_context = joined(arena, &manifest->dependencies.requires_context);
    info->feeds = feeds_text(arena, manifest);
    info->models = models_text(arena, manifest);
    info->capabilities = capability_text(arena, manifest);
    info->lookback = lookback_text(arena, manifest);
    s1_plugin_parameter *const parameters =
        s1_arena_array(arena, s1_plugin_parameter, manifest->parameters.count + 1u);
    for (uint32_t i = 0; parameters != NULL && i < manifest->parameters.count; i++) {
        const s1_manifest_param *const param = &manifest->parameters.items[i];
        parameters[i] =
            (s1_plugin_parameter){.name = cstr(arena, param->name),
                                  .type = s1_enum_text(s1_param_type_names, param->type),
                                  .default_text = node_text(arena, param->default_value),
                                  .range = range_text(arena, param),
                                  .description = cstr(arena, param->description)};
        info->parameter_count = i + 1u;
    }
    info->parameters = parameters;
}

static const char *fault_text(s1_arena *arena, const s1_plugin *plugin)
{
    if (plugin->state != S1_PLUGIN_REFUSED) {
        return NULL;
    }
    s1_strbuf text;
    s1_strbuf_init(&text, 1u << 16);
    for (uint32_t i = 0; i < plugin->reason_count; i++) {
        s1_strbuf_cstr_add(&text, i > 0 ? "\n" : "");
        s1_strbuf_str(&text, plugin->reasons[i]);
    }
    const char *const copy = cstr(arena, text.len > 0 ? s1_strbuf_view(&text) : S1_STR("refused"));
    s1_strbuf_done(&text);
    return copy;
}

static s1_rc read_catalog(s1_plugin_catalog *catalog, const char *plugins_dir, s1_err *err)
{
    s1_arena *const arena = &catalog->arena;
    if (plugins_dir != NULL) {
        S1_TRY(err, s1_path_join(catalog->root, sizeof catalog->root, s1_str_of(plugins_dir),
                                 S1_STR(""), err));
    } else {
        S1_TRY(err, s1_plugin_root(s1_fs_real(), (s1_str){NULL, 0}, catalog->root, err));
    }
    if (!s1_fs_is_folder(s1_fs_real(), catalog->root)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "plugin folder '%s' does not exist", catalog->root);
    }
    const s1_str root = s1_str_of(catalog->root);
    S1_TRY(err,
           s1_plugin_registry_new(
               &(s1_plugin_registry_options){.fs = s1_fs_real(), .roots = &root, .root_count = 1},
               &catalog->faults, &catalog->registry, err));
    const uint32_t count = s1_plugin_registry_count(catalog->registry);
    catalog->items = s1_arena_array(arena, s1_plugin_info, count + 1u);
    if (catalog->items == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "%u plugins", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        s1_plugin *const plugin = s1_plugin_registry_at(catalog->registry, i);
        s1_plugin_info *const info = &catalog->items[catalog->count++];
        (void)!s1_plugin_check(plugin, NULL); /* what it finds stands in the entry */
        *info = (s1_plugin_info){.name = cstr(arena, plugin->name),
                                 .display_name = "",
                                 .type = "",
                                 .subtype = "",
                                 .version = "",
                                 .author = "",
                                 .description = "",
                                 .dir = cstr(arena, plugin->folder),
                                 .requires_columns = "",
                                 .provides_columns = "",
                                 .uses_columns = "",
                                 .requires_context = "",
                                 .feeds = "",
                                 .models = "",
                                 .capabilities = "",
                                 .lookback = "",
                                 .fault = fault_text(arena, plugin)};
        if (plugin->manifest != NULL) {
            take_manifest(arena, plugin->manifest, info);
        }
    }
    return S1_OK;
}

s1_rc s1_api_plugins(const char *plugins_dir, s1_plugin_catalog **ret_catalog, s1_err *err)
{
    s1_plugin_catalog *const catalog = calloc(1, sizeof *catalog);
    if (catalog == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "plugin catalogue");
    }
    s1_arena_init(&catalog->arena, ARENA_BYTES_MAX, 0);
    s1_faults_init(&catalog->faults, &catalog->arena, 0);
    const s1_rc rc = read_catalog(catalog, plugins_dir, err);
    if (rc != S1_OK) {
        s1_plugin_catalog_free(catalog);
        return rc;
    }
    *ret_catalog = catalog;
    return S1_OK;
}

const s1_plugin_info *s1_plugin_catalog_items(const s1_plugin_catalog *catalog, size_t *ret_count)
{
    *ret_count = catalog->count;
    return catalog->items;
}

const char *s1_plugin_catalog_root(const s1_plugin_catalog *catalog)
{
    return catalog->root;
}

const char *s1_plugin_catalog_nearest(const s1_plugin_catalog *catalog, const char *name)
{
    const s1_str near = s1_plugin_registry_nearest(catalog->registry, s1_str_of(name));
    for (size_t i = 0; i < catalog->count; i++) {
        if (s1_str_eq_cstr(near, catalog->items[i].name)) {
            return catalog->items[i].name;
        }
    }
    return NULL;
}

s1_rc s1_api_plugin_load(s1_plugin_catalog *catalog, const char *name, s1_err *err)
{
    s1_plugin *const plugin = s1_plugin_registry_find(catalog->registry, s1_str_of(name));
    if (plugin == NULL) {
        const char *const near = s1_plugin_catalog_nearest(catalog, name);
        return S1_RAISE(err, S1_E_NOT_FOUND, "no plugin '%s' in %s%s%s%s", name, catalog->root,
                        near != NULL ? ", did you mean '" : "", near != NULL ? near : "",
                        near != NULL ? "'?" : "");
    }
    return s1_plugin_load(plugin, err);
}

void s1_plugin_catalog_free(s1_plugin_catalog *catalog)
{
    if (catalog != NULL) {
        s1_plugin_registry_free(catalog->registry);
        s1_arena_done(&catalog->arena);
        free(catalog);
    }
}
