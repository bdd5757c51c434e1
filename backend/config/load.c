#include "backend/config/legacy.h"
#include "backend/config/loader.h"
#include "backend/utils/assert.h"
#include "backend/utils/proc.h"

#include <stdlib.h>

/* --- Files. --- */

static void remember_file(s1_loader *l, s1_str path)
{
    if (l->file_count == l->file_capacity) {
        const uint32_t capacity = l->file_capacity == 0 ? 16 : l->file_capacity * 2;
        s1_str *const files = S1_CONFIG_ARRAY(l->arena, s1_str, capacity);
        if (l->file_count != 0) {
            memcpy(files, l->files, l->file_count * sizeof *files);
        }
        l->files = files;
        l->file_capacity = capacity;
    }
    l->files[l->file_count++] = path;
}

static s1_str join(const s1_loader *l, s1_str folder, s1_str name)
{
    if (s1_str_starts_with(name, S1_STR("/"))) {
        return s1_config_copy(l->arena, name);
    }
    return s1_config_format(l->arena, "%.*s/%.*s", S1_STR_ARG(folder), S1_STR_ARG(name));
}

/* Reads and parses a file that is there. */
static s1_rc read_tree(s1_loader *l, s1_str path, s1_yaml_node **ret_root, s1_err *err)
{
    const s1_yaml_limits limits = S1_YAML_LIMITS_DEFAULT;
    const s1_yaml_options options = {path, &limits, l->read_variable};
    s1_strbuf text;
    s1_strbuf_init(&text, limits.bytes_max + 1);
    const s1_rc rc = s1_fs_read_all(l->fs, path.ptr, limits.bytes_max, &text, err);
    if (rc == S1_OK) {
        remember_file(l, path);
        s1_yaml_parse(s1_strbuf_view(&text), &options, l->arena, l->faults, ret_root);
    }
    s1_strbuf_done(&text);
    if (rc == S1_E_DATA) { /* too large: a fault of the file, not of reading */
        const s1_source source = {.file = path};
        s1_faults_add(
            l->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0}, S1_STR("a larger file"),
            s1_config_format(l->arena, "at most %zu bytes", limits.bytes_max), (s1_str){NULL, 0});
        *ret_root = NULL;
        return S1_OK;
    }
    return rc;
}

/* --- Overrides. --- */

/* Splits "path=value". */
static bool split_override(const char *text, s1_str *ret_path, s1_str *ret_value)
{
    const s1_str whole = s1_str_of(text);
    const size_t equals = s1_str_find_byte(whole, '=', 0);
    if (equals == S1_STR_NPOS || equals == 0) {
        return false;
    }
    *ret_path = s1_str_trim(s1_str_slice(whole, 0, equals));
    *ret_value = s1_str_trim(s1_str_slice(whole, equals + 1, whole.len));
    return ret_path->len != 0;
}

/* The part of `path` below `prefix` ("environments"), or {NULL, 0}. */
static s1_str below(s1_str path, s1_str prefix)
{
    if (!s1_str_starts_with(path, prefix) || path.len <= prefix.len + 1 ||
        path.ptr[prefix.len] != '.') {
        return (s1_str){NULL, 0};
    }
    return s1_str_slice(path, prefix.len + 1, path.len);
}

static bool is_blueprint_path(s1_str path)
{
    const size_t dot = s1_str_find_byte(path, '.', 0);
    const size_t bracket = s1_str_find_byte(path, '[', 0);
    const s1_str first = s1_str_slice(path, 0, dot < bracket ? dot : bracket);
    for (const s1_schema_field *f = s1_blueprint_schema.fields; f->name != NULL; f++) {
        if (s1_str_eq_cstr(first, f->name)) {
            return true;
        }
    }
    return false;
}

/* Sets every override whose path starts with `prefix` in a tree. For the target blueprint also
 * those that name no file. */
static s1_rc apply_overrides(s1_loader *l, s1_str prefix, bool is_target, s1_yaml_node *root,
                             s1_err *err)
{
    for (size_t i = 0; i < l->options->override_count; i++) {
        const char *const text = l->options->overrides[i];
        s1_str path, value;
        if (!split_override(text, &path, &value)) {
            return S1_RAISE(err, S1_E_INVALID, "--set: found '%s', expected PATH=VALUE", text);
        }
        s1_str rest = below(path, prefix);
        if (rest.len == 0 && is_target && is_blueprint_path(path)) {
            rest = path;
        }
        if (rest.len == 0) {
            continue;
        }
        l->is_used[i] = true;
        const s1_yaml_options options = {s1_config_format(l->arena, "--set %s", text), NULL,
                                         l->read_variable};
        S1_TRY(err, s1_yaml_set(root, rest, value, &options, l->arena, err));
    }
    return S1_OK;
}

static s1_rc check_overrides_used(s1_loader *l, s1_err *err)
{
    for (size_t i = 0; i < l->options->override_count; i++) {
        if (l->is_used[i]) {
            continue;
        }
        static const char *const names[] = {
#define X(member, file, table, is_required) #member,
            S1_CONFIG_FILE_MAP(X)
#undef X
                "operation",
            "operations",
            "runs",
            "workforce",
            "data",
            "operator_overrides"};
        s1_str known[sizeof names / sizeof names[0]];
        const size_t count = sizeof names / sizeof names[0];
        for (size_t k = 0; k < count; k++) {
            known[k] = s1_str_of(names[k]);
        }
        const s1_str path = s1_str_of(l->options->overrides[i]);
        const s1_str first = s1_str_slice(path, 0, s1_str_find_byte(path, '.', 0));
        s1_str hint = s1_config_nearest(first, known, count);
        hint = s1_str_eq(hint, first) ? (s1_str){NULL, 0} : hint; /* known, but nothing reads it */
        return S1_RAISE(err, S1_E_INVALID,
                        "--set %s: found '%.*s', expected a file of this configuration that is "
                        "read (environments.NAME..., runs.NAME..., workforce...)%s%.*s%s",
                        l->options->overrides[i], S1_STR_ARG(first),
                        hint.len != 0 ? " (did you mean '" : "", S1_STR_ARG(hint),
                        hint.len != 0 ? "'?)" : "");
    }
    return S1_OK;
}

static bool has_override(const s1_loader *l, s1_str prefix)
{
    for (size_t i = 0; i < l->options->override_count; i++) {
        s1_str path, value;
        if (split_override(l->options->overrides[i], &path, &value) &&
            below(path, prefix).len != 0) {
            return true;
        }
    }
    return false;
}

/* --- The files of fixed name. --- */

static s1_rc load_file(s1_loader *l, s1_str member, s1_str name, bool is_required,
                       const s1_schema *schema, void *ret_struct, s1_err *err)
{
    const s1_str path = join(l, l->config->dir, name);
    s1_yaml_node *root = NULL;
    if (s1_fs_exists(l->fs, path.ptr)) {
        S1_TRY(err, read_tree(l, path, &root, err));
    } else if (is_required) {
        const s1_source source = {.file = path};
        s1_faults_add(l->faults, S1_FAULT_REFERENCE, &source, (s1_str){NULL, 0}, S1_STR("no file"),
                      s1_config_format(l->arena, "the file (%s)", schema->doc), (s1_str){NULL, 0});
    } else if (has_override(l, member)) {
        root = s1_yaml_make_map(l->arena);
        root->file = path;
    }
    if (root != NULL) {
        S1_TRY(err, apply_overrides(l, member, false, root, err));
    }
    s1_schema_read(schema, root, ret_struct, l->arena, l->faults);
    return S1_OK;
}

static s1_rc load_files(s1_loader *l, s1_err *err)
{
    s1_config *const c = l->config;
    S1_TRY(err, load_file(l, S1_STR("index"), S1_STR("index.yaml"), false, &s1_index_schema,
                          &c->index, err));
#define X(member, file, table, is_required)                                                        \
    S1_TRY(err, load_file(l, S1_STR(#member), c->index.files.member, is_required, &table,          \
                          &c->member, err));
    S1_CONFIG_FILE_MAP(X)
#undef X
    return S1_OK;
}

/* --- Blueprints and operations. --- */

static s1_str stem(s1_str path)
{
    const s1_str name = s1_str_basename(path);
    const size_t dot = s1_str_rfind_byte(name, '.');
    return dot == S1_STR_NPOS || dot == 0 ? name : s1_str_slice(name, 0, dot);
}

static bool is_yaml_name(s1_str name)
{
    return s1_str_ends_with(name, S1_STR(".yaml")) || s1_str_ends_with(name, S1_STR(".yml"));
}

/* The YAML files of a folder below the configuration, as paths; empty without the folder. */
static const s1_str *list_folder(s1_loader *l, const char *folder, size_t *ret_count)
{
    const s1_str path = join(l, l->config->dir, s1_str_of(folder));
    s1_fs_list list = {NULL, 0};
    *ret_count = 0;
    if (!s1_fs_is_folder(l->fs, path.ptr) ||
        s1_fs_list_names(l->fs, path.ptr, &list, NULL) != S1_OK) {
        return NULL;
    }
    const size_t max = list.count < S1_CONFIG_RUNS_MAX ? list.count : S1_CONFIG_RUNS_MAX;
    s1_str *const paths = S1_CONFIG_ARRAY(l->arena, s1_str, max + 1);
    for (size_t i = 0; i < max; i++) {
        if (is_yaml_name(s1_str_of(list.names[i]))) {
            paths[(*ret_count)++] = join(l, path, s1_str_of(list.names[i]));
        }
    }
    s1_fs_list_done(&list);
    return paths;
}

static const s1_str *run_files(s1_loader *l, size_t *ret_count)
{
    const s1_text_list *const indexed = &l->config->index.runs;
    if (indexed->count == 0) {
        return list_folder(l, "runs", ret_count);
    }
    s1_str *const paths = S1_CONFIG_ARRAY(l->arena, s1_str, indexed->count);
    for (uint32_t i = 0; i < indexed->count; i++) {
        paths[i] = join(l, l->config->dir, indexed->items[i]);
    }
    *ret_count = indexed->count;
    return paths;
}

const s1_str *s1_config_run_ids(s1_loader *l, size_t *ret_count)
{
    const s1_str *const paths = run_files(l, ret_count);
    s1_str *const ids = S1_CONFIG_ARRAY(l->arena, s1_str, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        ids[i] = stem(paths[i]);
    }
    return ids;
}

s1_str s1_config_run_file(s1_loader *l, s1_str blueprint_id)
{
    size_t count = 0;
    const s1_str *const paths = run_files(l, &count);
    for (size_t i = 0; i < count; i++) {
        if (s1_str_eq(stem(paths[i]), blueprint_id) && s1_fs_exists(l->fs, paths[i].ptr)) {
            return paths[i];
        }
    }
    return (s1_str){NULL, 0};
}

static s1_blueprint *find_run(const s1_loader *l, s1_str id)
{
    for (uint32_t i = 0; i < l->run_count; i++) {
        if (s1_str_eq(l->runs[i]->blueprint_id, id)) {
            return l->runs[i];
        }
    }
    return NULL;
}

static s1_rc load_run(s1_loader *l, s1_str path, s1_blueprint **ret_run, s1_err *err)
{
    const s1_str id = s1_config_copy(l->arena, stem(path));
    s1_blueprint *known = find_run(l, id);
    if (known != NULL || l->run_count == S1_CONFIG_RUNS_MAX) {
        *ret_run = known;
        return S1_OK;
    }
    s1_yaml_node *root = NULL;
    S1_TRY(err, read_tree(l, path, &root, err));
    if (root != NULL) {
        S1_TRY(err, apply_overrides(l, s1_config_format(l->arena, "runs.%s", id.ptr),
                                    s1_str_eq(id, l->target_run) || s1_str_eq(id, l->only_run),
                                    root, err));
    }
    const bool is_legacy = s1_legacy_refuse(root, path, l->faults);
    s1_blueprint *const run = S1_CONFIG_NEW(l->arena, s1_blueprint);
    s1_schema_read(&s1_blueprint_schema, is_legacy ? NULL : root, run, l->arena, l->faults);
    run->blueprint_id = id;
    if (run->source.file.len == 0) {
        run->source.file = path;
    }
    l->runs[l->run_count++] = run;
    s1_config_finish_blueprint(l, run);
    *ret_run = run;
    return S1_OK;
}

static s1_rc load_operation(s1_loader *l, s1_str path, s1_str prefix, s1_err *err)
{
    s1_yaml_node *root = NULL;
    S1_TRY(err, read_tree(l, path, &root, err));
    if (root != NULL) {
        S1_TRY(err, apply_overrides(l, prefix, false, root, err));
    }
    const bool is_legacy = s1_legacy_refuse(root, path, l->faults);
    s1_operation_config *const operation = S1_CONFIG_NEW(l->arena, s1_operation_config);
    s1_schema_read(&s1_operation_schema, is_legacy ? NULL : root, operation, l->arena, l->faults);
    l->operations[l->operation_count++] = operation;
    return S1_OK;
}

static s1_str operation_prefix(const s1_loader *l, s1_str path)
{
    const s1_str name = stem(path);
    return s1_str_eq_cstr(name, "operation")
               ? S1_STR("operation")
               : s1_config_format(l->arena, "operations.%.*s", S1_STR_ARG(name));
}

static const s1_str *operation_files(s1_loader *l, size_t *ret_count)
{
    const s1_text_list *const indexed = &l->config->index.operations;
    size_t more = 0;
    const s1_str *const folder =
        indexed->count == 0 ? list_folder(l, "operations", &more) : indexed->items;
    const size_t count = indexed->count == 0 ? more : indexed->count;
    s1_str *const paths = S1_CONFIG_ARRAY(l->arena, s1_str, count + 1);
    size_t used = 0;
    const s1_str single = join(l, l->config->dir, S1_STR("operation.yaml"));
    if (indexed->count == 0 && s1_fs_exists(l->fs, single.ptr)) {
        paths[used++] = single;
    }
    for (size_t i = 0; i < count; i++) {
        paths[used++] = indexed->count == 0 ? folder[i] : join(l, l->config->dir, folder[i]);
    }
    *ret_count = used;
    return paths;
}

/* --- The target. --- */

typedef struct target {
    s1_str path;
    bool is_run; /* else an operation */
} target;

/* A file named by its path: what it holds tells what it is. */
static s1_rc classify(s1_loader *l, s1_str path, target *ret_target, s1_err *err)
{
    s1_yaml_node *root = NULL;
    s1_faults ignored; /* reported when the file is read as what it is */
    s1_faults_init(&ignored, l->arena, 1);
    s1_faults *const faults = l->faults;
    const uint32_t file_count = l->file_count;
    l->faults = &ignored;
    const s1_rc rc = read_tree(l, path, &root, err);
    l->faults = faults;
    l->file_count = file_count;
    if (rc != S1_OK) {
        return rc;
    }
    *ret_target = (target){s1_config_copy(l->arena, path),
                           s1_yaml_get(root, S1_STR("strategy_links")) == NULL &&
                               (s1_yaml_get(root, S1_STR("workforce")) != NULL ||
                                !s1_str_eq_cstr(stem(path), "operation"))};
    return S1_OK;
}

static s1_rc find_target(s1_loader *l, target *ret_target, s1_err *err)
{
    const s1_str text = s1_str_of(l->options->target);
    if (is_yaml_name(text) || s1_str_find_byte(text, '/', 0) != S1_STR_NPOS) {
        if (!s1_fs_is_file(l->fs, l->options->target)) {
            return S1_RAISE(err, S1_E_NOT_FOUND,
                            "'%s': no such file, expected a blueprint or "
                            "operation",
                            l->options->target);
        }
        return classify(l, text, ret_target, err);
    }
    const s1_str run = s1_config_run_file(l, text);
    if (run.len != 0) {
        *ret_target = (target){run, true};
        return S1_OK;
    }
    size_t count = 0;
    const s1_str *const operations = operation_files(l, &count);
    for (size_t i = 0; i < count; i++) {
        if (s1_str_eq(stem(operations[i]), text) && s1_fs_exists(l->fs, operations[i].ptr)) {
            *ret_target = (target){operations[i], false};
            return S1_OK;
        }
    }
    size_t run_count = 0;
    const s1_str *const ids = s1_config_run_ids(l, &run_count);
    const s1_str hint = s1_config_nearest(text, ids, run_count);
    return S1_RAISE(err, S1_E_NOT_FOUND,
                    "'%.*s': no such blueprint or operation in '%.*s', expected %.*s%s%.*s%s",
                    S1_STR_ARG(text), S1_STR_ARG(l->config->dir),
                    S1_STR_ARG(run_count != 0 ? s1_config_join_names(l->arena, ids, run_count)
                                              : S1_STR("a path")),
                    hint.len != 0 ? " (did you mean '" : "", S1_STR_ARG(hint),
                    hint.len != 0 ? "'?)" : "");
}

/* A tree without an operation that still has a portfolio of before: said, not passed over. */
static s1_rc refuse_portfolios(s1_loader *l, s1_err *err)
{
    static const char *const names[] = {"portfolio.yaml", "portfolio_blueprint.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const s1_str path = join(l, l->config->dir, s1_str_of(names[i]));
        s1_yaml_node *root = NULL;
        if (s1_fs_exists(l->fs, path.ptr)) {
            S1_TRY(err, read_tree(l, path, &root, err));
            (void)s1_legacy_refuse(root, path, l->faults);
        }
    }
    return S1_OK;
}

/* The blueprint that all links of an operation run; empty if there are several. */
static s1_str only_blueprint(const s1_operation_config *operation)
{
    s1_str only = {NULL, 0};
    for (uint32_t i = 0; i < operation->strategy_links.count; i++) {
        const s1_str id = operation->strategy_links.items[i].strategy_blueprint_id;
        if (i > 0 && !s1_str_eq(id, only)) {
            return (s1_str){NULL, 0};
        }
        only = id;
    }
    return only;
}

/* Reads what the target needs; without a target everything. */
static s1_rc load_strategies(s1_loader *l, s1_err *err)
{
    target t = {{NULL, 0}, false};
    if (l->options->target != NULL) {
        S1_TRY(err, find_target(l, &t, err));
    }
    if (t.is_run) {
        l->target_run = s1_config_copy(l->arena, stem(t.path));
        s1_blueprint *run;
        S1_TRY(err, load_run(l, t.path, &run, err));
    }
    size_t count = 0;
    const s1_str *const operations = operation_files(l, &count);
    l->operations = S1_CONFIG_ARRAY(l->arena, s1_operation_config *, count + 1);
    if (count == 0 && l->options->target == NULL) {
        S1_TRY(err, refuse_portfolios(l, err));
    }
    if (l->options->target != NULL && !t.is_run) {
        S1_TRY(err, load_operation(l, t.path, operation_prefix(l, t.path), err));
        l->only_run = only_blueprint(l->operations[0]);
    } else if (!t.is_run || l->options->environment_id == NULL) {
        /* A blueprint's links stand in the one operation.yaml; its siblings are no concern. */
        for (size_t i = 0; i < (t.is_run && count > 1 ? 1 : count); i++) {
            S1_TRY(err, load_operation(l, operations[i], operation_prefix(l, operations[i]), err));
        }
    }
    if (l->options->target == NULL) {
        size_t run_count = 0;
        const s1_str *const runs = run_files(l, &run_count);
        for (size_t i = 0; i < run_count; i++) {
            s1_blueprint *run;
            if (s1_fs_exists(l->fs, runs[i].ptr)) {
                S1_TRY(err, load_run(l, runs[i], &run, err));
            }
        }
    }
    return S1_OK;
}

s1_blueprint *s1_config_read_blueprint(s1_loader *l, s1_str blueprint_id)
{
    s1_blueprint *run = find_run(l, blueprint_id);
    const s1_str path = run != NULL ? (s1_str){NULL, 0} : s1_config_run_file(l, blueprint_id);
    if (run == NULL && path.len != 0) {
        s1_err err = S1_ERR_INIT;
        if (load_run(l, path, &run, &err) != S1_OK) {
            const s1_source source = {.file = path};
            s1_faults_add(l->faults, S1_FAULT_REFERENCE, &source, (s1_str){NULL, 0},
                          s1_str_of(err.msg), S1_STR("a readable file"), (s1_str){NULL, 0});
            return NULL;
        }
    }
    return run;
}

static s1_rc load_all(s1_loader *l, s1_err *err)
{
    S1_TRY(err, load_files(l, err));
    s1_config_check_files(l);
    S1_TRY(err, load_strategies(l, err));
    for (uint32_t i = 0; i < l->operation_count; i++) {
        s1_config_check_operation(l, l->operations[i]);
    }
    s1_config_make_links(l);
    S1_TRY(err, check_overrides_used(l, err));
    l->config->operations.items = s1_config_mutable(l->operations);
    l->config->operations.count = l->operation_count;
    l->config->blueprints.items = s1_config_mutable(l->runs);
    l->config->blueprints.count = l->run_count;
    l->config->files.items = l->files;
    l->config->files.count = l->file_count;
    return S1_OK;
}

s1_rc s1_config_load(const s1_config_options *options, s1_arena *arena, s1_faults *faults,
                     const s1_config **ret_config, s1_err *err)
{
    S1_ASSERT(options->dir != NULL);
    if (options->override_count > S1_CONFIG_OVERRIDES_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "--set: found %zu of them, expected at most %u",
                        options->override_count, S1_CONFIG_OVERRIDES_MAX);
    }
    s1_str dir = s1_config_copy(arena, s1_str_of(options->dir));
    while (dir.len > 1 && dir.ptr[dir.len - 1] == '/') {
        dir = s1_config_copy(arena, s1_str_slice(dir, 0, dir.len - 1));
    }
    s1_loader loader = {.options = options,
                        .fs = options->fs != NULL ? options->fs : s1_fs_real(),
                        .read_variable = options->read_variable != NULL ? options->read_variable
                                                                        : s1_proc_getenv,
                        .arena = arena,
                        .faults = faults};
    if (!s1_fs_is_folder(loader.fs, dir.ptr)) {
        return S1_RAISE(err, S1_E_NOT_FOUND, "'%s': no such folder, expected a configuration",
                        dir.ptr);
    }
    loader.config = S1_CONFIG_NEW(arena, s1_config);
    loader.config->dir = dir;
    loader.config->base = s1_config_copy(arena, options->base != NULL ? s1_str_of(options->base)
                                                : s1_str_eq_cstr(dir, ".") ? S1_STR("..")
                                                                           : s1_str_dirname(dir));
    loader.is_used = S1_CONFIG_ARRAY(arena, bool, options->override_count + 1);
    loader.runs = S1_CONFIG_ARRAY(arena, s1_blueprint *, S1_CONFIG_RUNS_MAX);
    S1_TRY(err, load_all(&loader, err));
    *ret_config = loader.config;
    return S1_OK;
}
