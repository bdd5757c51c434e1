#include "services/api/plugin_new.h"

#include "backend/config/manifest.h"
#include "backend/dtos/enums.h"
#include "backend/utils/fs.h"
#include "services/api/plugin_new_internal.h"
#include "services/api/plugin_template_internal.h"

#include <stdlib.h>

#define NAME_MAX_LENGTH 64u
#define ARENA_BYTES_MAX ((size_t)16 << 20)
#define FILE_BYTES_MAX  ((size_t)1 << 20)

/* --- What was asked for. ---------------------------------------------------------------------- */

static bool is_name(s1_str text)
{
    bool is_good =
        text.len > 0 && text.len <= NAME_MAX_LENGTH && text.ptr[0] >= 'a' && text.ptr[0] <= 'z';
    for (size_t i = 0; i < text.len && is_good; i++) {
        const char c = text.ptr[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    return is_good;
}

static s1_rc check_prose(const char *what, const char *text, s1_err *err)
{
    bool is_good = s1_str_is_utf8(s1_str_of(text)) && strstr(text, "*/") == NULL &&
                   strstr(text, "@{") == NULL && text[0] != '\0';
    for (const char *at = text; *at != '\0' && is_good; at++) {
        is_good = (unsigned char)*at >= 32;
    }
    return is_good ? S1_OK
                   : S1_RAISE(err, S1_E_INVALID,
                              "%s '%s': expected one line of text, without */ and @{", what, text);
}

/* "context" and "context_worker" alike. */
static s1_rc read_type(s1_plugin_spec *spec, const char *text, s1_err *err)
{
    char long_name[64];
    (void)snprintf(long_name, sizeof long_name, "%s_worker", text);
    if (s1_enum_parse(s1_worker_type_names, s1_str_of(text), &spec->type) ||
        s1_enum_parse(s1_worker_type_names, s1_str_of(long_name), &spec->type)) {
        return S1_OK;
    }
    return S1_RAISE(err, S1_E_INVALID,
                    "type '%s': expected context, opportunity, threat, planning or execution",
                    text);
}

const char *s1_plugin_new_subtype(const char *type, size_t index)
{
    s1_plugin_spec spec = {.type = 0};
    if (type != NULL && read_type(&spec, type, NULL) != S1_OK) {
        return NULL;
    }
    for (const s1_enum_name *name = s1_subtype_names; name->name != NULL; name++) {
        if ((spec.type == 0 || s1_subtype_worker_type(name->value) == spec.type) && index-- == 0) {
            return name->name;
        }
    }
    return NULL;
}

static s1_rc read_subtype(s1_plugin_spec *spec, const char *text, s1_err *err)
{
    char known[512] = "";
    for (const s1_enum_name *name = s1_subtype_names; name->name != NULL; name++) {
        if (s1_subtype_worker_type(name->value) != spec->type) {
            continue;
        }
        if (text == NULL || s1_str_eq_nocase(s1_str_of(text), s1_str_of(name->name))) {
            spec->subtype = name->value;
            return S1_OK;
        }
        const size_t at = strlen(known);
        (void)snprintf(known + at, sizeof known - at, "%s%s", at > 0 ? ", " : "", name->name);
    }
    return S1_RAISE(err, S1_E_INVALID, "subtype '%s': expected of a %s one of %s", text,
                    s1_enum_text(s1_worker_type_names, spec->type), known);
}

static s1_rc read_capabilities(s1_plugin_spec *spec, const s1_plugin_new_request *request,
                               s1_err *err)
{
    for (size_t i = 0; i < request->capability_count; i++) {
        const char *const name = request->capabilities[i];
        if (strcmp(name, "state") == 0) {
            spec->has_state = true;
        } else if (strcmp(name, "events") == 0) {
            spec->has_events = true;
        } else if (strcmp(name, "journaling") == 0) {
            spec->has_journaling = true;
        } else {
            return S1_RAISE(err, S1_E_INVALID,
                            "capability '%s': expected state, events or journaling", name);
        }
    }
    return S1_OK;
}

/* "period:int=14", "mode:enum:fast,slow=fast", "periods:int_list=12,26". */
static s1_rc read_param(s1_plugin_spec *spec, const char *text, s1_err *err)
{
    s1_new_param *const param = &spec->params[spec->param_count];
    const s1_str whole = s1_str_of(text);
    const size_t equals = s1_str_find_byte(whole, '=', 0);
    s1_str head = s1_str_slice(whole, 0, equals);
    s1_str parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    size_t count = 0;
    for (bool is_done = false; count < 3 && s1_str_split(&head, ':', &parts[count], &is_done);) {
        count++;
    }
    *param = (s1_new_param){.name = parts[0], .values = parts[2]};
    if (equals != S1_STR_NPOS) {
        param->has_default = true;
        param->default_text = s1_str_slice(whole, equals + 1, whole.len);
    }
    if (!is_name(param->name) || count < 2 ||
        !s1_enum_parse(s1_param_type_names, parts[1], &param->type)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "param '%s': expected name:type or name:type=default, the type int, float, "
                        "bool, string, decimal, duration, enum, int_list, float_list or "
                        "string_list",
                        text);
    }
    if ((param->type == S1_PARAM_ENUM) != (param->values.len > 0)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "param '%s': expected the values of an enum, and of an enum only: "
                        "mode:enum:fast,slow=fast",
                        text);
    }
    for (size_t i = 0; i < spec->param_count; i++) {
        if (s1_str_eq(spec->params[i].name, param->name)) {
            return S1_RAISE(err, S1_E_INVALID, "param '%s': the name was given before", text);
        }
    }
    spec->param_count++;
    return S1_OK;
}

static s1_rc read_request(const s1_plugin_new_request *request, s1_plugin_spec *spec, s1_err *err)
{
    spec->name = s1_str_of(request->name);
    if (!is_name(spec->name)) {
        return S1_RAISE(err, S1_E_INVALID,
                        "name '%s': expected 1 to %u lower case letters, digits and _, a letter "
                        "first (it becomes a name in C)",
                        request->name, NAME_MAX_LENGTH);
    }
    S1_TRY(err, read_type(spec, request->type != NULL ? request->type : "", err));
    S1_TRY(err, read_subtype(spec, request->subtype, err));
    S1_TRY(err, read_capabilities(spec, request, err));
    if (request->param_count > S1_NEW_PARAMS_MAX || request->requires_count > S1_NEW_COLUMNS_MAX ||
        request->provides_count > S1_NEW_COLUMNS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "more than %u parameters or %u columns",
                        S1_NEW_PARAMS_MAX, S1_NEW_COLUMNS_MAX);
    }
    for (size_t i = 0; i < request->param_count; i++) {
        S1_TRY(err, read_param(spec, request->params[i], err));
    }
    if (spec->type != S1_WORKER_CONTEXT && request->provides_count > 0) {
        return S1_RAISE(err, S1_E_INVALID,
                        "provides '%s': only context workers write columns, this is a %s",
                        request->provides[0], s1_enum_text(s1_worker_type_names, spec->type));
    }
    S1_TRY(err, s1_new_columns_read(spec, request, err));
    spec->description = request->description != NULL
                            ? request->description
                            : s1_new_format(spec, "A %s of subtype %s.",
                                            s1_enum_text(s1_worker_type_names, spec->type),
                                            s1_enum_text(s1_subtype_names, spec->subtype));
    spec->author = request->author != NULL ? request->author : "unknown";
    S1_TRY(err, check_prose("description", spec->description, err));
    S1_TRY(err, check_prose("author", spec->author, err));
    return S1_OK;
}

/* --- Writing. --------------------------------------------------------------------------------- */

typedef struct writer {
    const s1_fs *fs;
    char partial[S1_PATH_MAX], made[S1_PATH_MAX]; /* made: the topmost folder that was not there */
    s1_plugin_new_result *result;
} writer;

static s1_rc render_one(const s1_template_file *file, const s1_template_scope *scope,
                        s1_strbuf *text, s1_err *err)
{
    s1_strbuf_clear(text);
    S1_TRY(err, s1_template_render(file->name, (s1_str){(const char *)file->bytes, file->len},
                                   scope, text, err));
    return s1_strbuf_check(text, err);
}

/* The manifest must be one the platform reads: what is wrong with a name, a default or a column is
 * told by those who will read it. */
static s1_rc check_manifest(s1_plugin_spec *spec, s1_str text, s1_err *err)
{
    const s1_manifest *manifest = NULL;
    s1_faults faults;
    s1_faults_init(&faults, &spec->arena, 0);
    s1_manifest_read(text, S1_STR("manifest.yaml"), S1_STR("."), &spec->arena, &faults, &manifest);
    return s1_faults_check(&faults, err);
}

static s1_rc write_files(writer *w, s1_plugin_spec *spec, const s1_template_scope *scope,
                         s1_err *err)
{
    s1_strbuf text;
    s1_rc rc = S1_OK;
    s1_strbuf_init(&text, FILE_BYTES_MAX);
    for (const s1_template_file *file = s1_template_files; file->name != NULL && rc == S1_OK;
         file++) {
        const bool is_test = strcmp(file->name, "test.c.in") == 0;
        const s1_str bare = s1_str_slice(s1_str_of(file->name), 0, strlen(file->name) - 3);
        char name[sizeof w->result->test_file];
        char path[S1_PATH_MAX];
        if (is_test) {
            (void)snprintf(name, sizeof name, "tests/%.*s_test.c", S1_STR_ARG(spec->name));
            memcpy(w->result->test_file, name, sizeof name);
        } else {
            (void)snprintf(name, sizeof name, "%.*s", S1_STR_ARG(bare));
        }
        rc = render_one(file, scope, &text, err);
        if (rc == S1_OK && strcmp(name, "manifest.yaml") == 0) {
            rc = check_manifest(spec, s1_strbuf_view(&text), err);
        }
        if (rc == S1_OK) {
            rc = s1_path_join(path, sizeof path, s1_str_of(w->partial), s1_str_of(name), err);
        }
        if (rc == S1_OK) {
            rc = s1_fs_write_file(w->fs, path, s1_strbuf_view(&text), err);
        }
    }
    s1_strbuf_done(&text);
    return rc;
}

/* Keeps in w->made the topmost folder of `path` that is not there; "" if all are. */
static void find_missing(writer *w, const char *path)
{
    char at[S1_PATH_MAX];
    (void)snprintf(at, sizeof at, "%s", path);
    w->made[0] = '\0';
    while (at[0] != '\0' && !s1_fs_exists(w->fs, at)) {
        memcpy(w->made, at, sizeof at);
        char *const slash = strrchr(at, '/');
        *(slash != NULL ? slash : at) = '\0';
    }
}

static s1_rc write_folder(writer *w, s1_plugin_spec *spec, const s1_template_scope *scope,
                          s1_err *err)
{
    char tests[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(tests, sizeof tests, s1_str_of(w->partial), S1_STR("tests"), err));
    S1_TRY(err, s1_fs_mkdir_all(w->fs, tests, err));
    S1_TRY(err, write_files(w, spec, scope, err));
    return s1_fs_rename(w->fs, w->partial, w->result->dir, err);
}

static void list_files(s1_plugin_new_result *result)
{
    static const char *const files[] = {"manifest.yaml", "worker.c", "README.md", "Makefile",
                                        "CMakeLists.txt"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        result->files[result->file_count++] = files[i];
    }
}

static s1_rc write_all(const s1_plugin_new_request *request, s1_plugin_spec *spec,
                       s1_plugin_new_result *result, s1_err *err)
{
    writer w = {.fs = request->fs != NULL ? request->fs : s1_fs_real(), .result = result};
    const char *const output = request->output_dir != NULL ? request->output_dir : "";
    s1_template_scope scope = {.word_count = 0};
    char partial_name[NAME_MAX_LENGTH + 16];
    S1_TRY(err, s1_new_scope(spec, &scope, err));
    S1_TRY(err, s1_path_join(result->dir, sizeof result->dir, s1_str_of(output), spec->name, err));
    (void)snprintf(partial_name, sizeof partial_name, "%.*s.partial", S1_STR_ARG(spec->name));
    S1_TRY(err, s1_path_join(w.partial, sizeof w.partial, s1_str_of(output),
                             s1_str_of(partial_name), err));
    const char *const both[] = {result->dir, w.partial};
    for (size_t i = 0; i < 2; i++) {
        if (s1_fs_exists(w.fs, both[i])) {
            return S1_RAISE(err, S1_E_EXISTS,
                            "'%s' is there, expected nothing; nothing was written", both[i]);
        }
    }
    find_missing(&w, w.partial);
    const s1_rc rc = write_folder(&w, spec, &scope, err);
    if (rc != S1_OK) {
        const s1_rc ignored = s1_fs_remove_tree(w.fs, w.made, NULL); /* the first error counts */
        (void)ignored;
        return rc;
    }
    list_files(result);
    result->files[result->file_count++] = result->test_file;
    return S1_OK;
}

s1_rc s1_api_plugin_new(const s1_plugin_new_request *request, s1_plugin_new_result *ret_result,
                        s1_err *err)
{
    s1_plugin_spec *const spec = calloc(1, sizeof *spec);
    if (spec == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "a new plugin");
    }
    memset(ret_result, 0, sizeof *ret_result);
    s1_arena_init(&spec->arena, ARENA_BYTES_MAX, 0);
    s1_rc rc = read_request(request, spec, err);
    if (rc == S1_OK) {
        rc = write_all(request, spec, ret_result, err);
    }
    s1_arena_done(&spec->arena);
    free(spec);
    return rc;
}
