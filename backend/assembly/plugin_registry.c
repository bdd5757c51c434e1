#include "backend/assembly/plugin_registry.h"

#include "backend/assembly/plugin_image.h"
#include "backend/utils/hash.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)256 << 20)
#define FOLDER_DEPTH_MAX                                                                           \
    4u /* <type>_workers/<subtype>/<name>, and one more for those who group                        \
        */
#define MANIFEST_FILE "manifest.yaml"

#define RANGE_MINOR 2u /* enrich_range() is called since */

/* Callbacks as of ABI 1.0: a smaller table is no table. */
#define OPS_SIZE_MIN                                                                               \
    (offsetof(s1_worker_ops, enrich_range) + sizeof(((s1_worker_ops *)NULL)->enrich_range))
#define DESC_SIZE_MIN                                                                              \
    (offsetof(s1_plugin_desc, capabilities) + sizeof(((s1_plugin_desc *)NULL)->capabilities))

typedef struct plugin_slot {
    s1_plugin entry; /* first: the entry is the slot */
    struct s1_plugin_registry *registry;
    s1_str reasons[S1_PLUGIN_REASONS_MAX];
    s1_rc refusal; /* what a call answers when the state is REFUSED */
} plugin_slot;

struct s1_plugin_registry {
    s1_arena arena;
    const s1_fs *fs;
    s1_faults *faults;
    plugin_slot *slots[S1_PLUGINS_MAX];
    uint32_t count;
};

static plugin_slot *slot_of(s1_plugin *entry)
{
    return (plugin_slot *)(void *)entry;
}

/* --- Reasons. ----------------------------------------------------------------------------- */

S1_PRINTF(4, 5)
static void refuse(plugin_slot *slot, s1_rc code, s1_str where, const char *format, ...)
{
    s1_plugin *const entry = &slot->entry;
    char text[1024];
    int used = 0;
    if (where.len > 0) {
        used = snprintf(text, sizeof text, "%.*s: ", S1_STR_ARG(where));
        used = used < (int)sizeof text ? used : (int)sizeof text - 1;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + used, sizeof text - (size_t)used, format, args);
    va_end(args);
    if (entry->state != S1_PLUGIN_REFUSED) {
        entry->state = S1_PLUGIN_REFUSED;
        slot->refusal = code;
    }
    if (entry->reason_count < S1_PLUGIN_REASONS_MAX) {
        const s1_str copy = s1_arena_copy_str(&slot->registry->arena, s1_str_of(text));
        slot->reasons[entry->reason_count++] = copy.ptr != NULL ? copy : S1_STR("no memory");
    }
}

static s1_rc answer_refusal(const plugin_slot *slot, s1_err *err)
{
    const s1_plugin *const entry = &slot->entry;
    const s1_str first = entry->reason_count > 0 ? entry->reasons[0] : S1_STR("");
    if (entry->reason_count > 1) {
        return S1_RAISE(err, slot->refusal,
                        "plugin '%.*s' is refused: %.*s (and %u more: see `plugins show %.*s`)",
                        S1_STR_ARG(entry->name), S1_STR_ARG(first), entry->reason_count - 1,
                        S1_STR_ARG(entry->name));
    }
    return S1_RAISE(err, slot->refusal, "plugin '%.*s' is refused: %.*s", S1_STR_ARG(entry->name),
                    S1_STR_ARG(first));
}

/* --- Discovery. --------------------------------------------------------------------------- */

static s1_rc no_memory(s1_err *err)
{
    return S1_RAISE(err, S1_E_NO_MEMORY, "plugin registry: more than %zu bytes", ARENA_BYTES_MAX);
}

static s1_rc join(s1_plugin_registry *registry, s1_str folder, s1_str name, s1_str *ret_path,
                  s1_err *err)
{
    char path[S1_PATH_MAX];
    S1_TRY(err, s1_path_join(path, sizeof path, folder, name, err));
    *ret_path = s1_arena_copy_str(&registry->arena, s1_str_of(path));
    return ret_path->ptr != NULL ? S1_OK : no_memory(err);
}

static bool is_file_name(s1_str name)
{
    return name.len > 0 && memchr(name.ptr, '/', name.len) == NULL && name.ptr[0] != '.';
}

/* A fault that costs a plugin its use, told as a warning: only who names the plugin must fail. */
S1_PRINTF(5, 6)
static void warn(s1_plugin_registry *registry, const s1_source *source, const char *path,
                 s1_str found, const char *format, ...)
{
    char expected[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(expected, sizeof expected, format, args);
    va_end(args);
    s1_faults_warn(registry->faults, S1_FAULT_SCHEMA, source, s1_str_of(path), found,
                   s1_str_of(expected), S1_STR(""));
}

/* The manifest's faults become warnings to the caller, and the reasons of the entry. */
static void take_faults(plugin_slot *slot, const s1_faults *found)
{
    s1_faults *const all = slot->registry->faults;
    for (uint32_t i = 0; i < found->count; i++) {
        const s1_fault *const fault = &found->items[i];
        s1_faults_warn(all, fault->fault_class, &fault->source, fault->path, fault->found,
                       fault->expected, fault->hint);
        if (fault->is_warning) {
            continue;
        }
        s1_strbuf line;
        s1_strbuf_init(&line, 4096);
        s1_fault_print(fault, &line);
        refuse(slot, S1_E_INVALID, (s1_str){NULL, 0}, "%s", s1_strbuf_cstr(&line));
        s1_strbuf_done(&line);
    }
    if (found->errors > found->count) {
        refuse(slot, S1_E_INVALID, slot->entry.manifest_path, "%u faults in all", found->errors);
    }
}

static s1_rc read_manifest(plugin_slot *slot, s1_err *err)
{
    s1_plugin_registry *const registry = slot->registry;
    s1_plugin *const entry = &slot->entry;
    s1_strbuf text;
    s1_strbuf_init(&text, S1_MANIFEST_BYTES_MAX + 1);
    s1_err reason = S1_ERR_INIT;
    const s1_rc rc = s1_fs_read_all(registry->fs, entry->manifest_path.ptr, S1_MANIFEST_BYTES_MAX,
                                    &text, &reason);
    if (rc != S1_OK) {
        s1_strbuf_done(&text);
        const s1_source source = {.file = entry->manifest_path};
        warn(registry, &source, "(file)", s1_str_of(reason.msg), "a readable manifest");
        refuse(slot, rc, (s1_str){NULL, 0}, "%s", reason.msg);
        return S1_OK;
    }
    s1_sha256_of(text.data, text.len, entry->manifest_sha256);
    const s1_str copy = s1_arena_copy_str(&registry->arena, s1_strbuf_view(&text));
    s1_strbuf_done(&text);
    if (copy.ptr == NULL) {
        return no_memory(err);
    }
    s1_faults faults;
    s1_faults_init(&faults, &registry->arena, 0);
    s1_manifest_read(copy, entry->manifest_path, entry->folder, &registry->arena, &faults,
                     &entry->manifest);
    take_faults(slot, &faults);
    const s1_manifest *const manifest = entry->manifest;
    if (manifest != NULL && manifest->identification.name.len > 0) {
        entry->name = manifest->identification.name;
    }
    if (entry->state == S1_PLUGIN_REFUSED || manifest == NULL) {
        return S1_OK;
    }
    if (!is_file_name(manifest->library)) {
        warn(registry, &manifest->source, "library", manifest->library,
             "a file name in the folder of the manifest");
        refuse(slot, S1_E_INVALID, entry->manifest_path,
               "library: found '%.*s', expected a file name in the folder of the manifest",
               S1_STR_ARG(manifest->library));
        return S1_OK;
    }
    S1_TRY(err, join(registry, entry->folder, manifest->library, &entry->library_path, err));
    if (!s1_fs_is_file(registry->fs, entry->library_path.ptr)) {
        warn(registry, &manifest->source, "library", S1_STR("no such file"), "%.*s",
             S1_STR_ARG(entry->library_path));
        refuse(slot, S1_E_NOT_FOUND, entry->library_path,
               "is not there; the manifest names it as its library");
    }
    return S1_OK;
}

static s1_rc add_plugin(s1_plugin_registry *registry, s1_str folder, s1_err *err)
{
    if (registry->count == S1_PLUGINS_MAX) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "more than %u plugins; the last was '%.*s'",
                        S1_PLUGINS_MAX, S1_STR_ARG(folder));
    }
    plugin_slot *const slot = s1_arena_one(&registry->arena, plugin_slot);
    if (slot == NULL) {
        return no_memory(err);
    }
    slot->registry = registry;
    slot->entry.state = S1_PLUGIN_DECLARED;
    slot->entry.reasons = slot->reasons;
    slot->entry.folder = folder;
    slot->entry.name = s1_str_basename(folder);
    S1_TRY(err, join(registry, folder, S1_STR(MANIFEST_FILE), &slot->entry.manifest_path, err));
    S1_TRY(err, read_manifest(slot, err));
    registry->slots[registry->count++] = slot;
    return S1_OK;
}

/* A library nobody declares is told, and left closed. */
static void warn_undeclared(s1_plugin_registry *registry, s1_str path)
{
    const s1_source source = {.file = path};
    warn(registry, &source, "(file)", S1_STR("a library no manifest declares"),
         "a " MANIFEST_FILE " beside it that names it; it is not opened");
}

static s1_rc walk(s1_plugin_registry *registry, s1_str folder, uint32_t depth, s1_err *err);

static s1_rc walk_names(s1_plugin_registry *registry, s1_str folder, uint32_t depth,
                        const s1_fs_list *names, s1_err *err)
{
    s1_str library = {NULL, 0};
    bool has_manifest = false;
    for (size_t i = 0; i < names->count; i++) {
        has_manifest = has_manifest || strcmp(names->names[i], MANIFEST_FILE) == 0;
    }
    if (has_manifest) {
        S1_TRY(err, add_plugin(registry, folder, err));
        library = registry->slots[registry->count - 1]->entry.library_path;
    }
    for (size_t i = 0; i < names->count; i++) {
        const s1_str name = s1_str_of(names->names[i]);
        s1_str path;
        S1_TRY(err, join(registry, folder, name, &path, err));
        if (s1_str_ends_with(name, S1_STR(".so"))) {
            if (!s1_str_eq(path, library)) {
                warn_undeclared(registry, path);
            }
        } else if (!has_manifest && depth < FOLDER_DEPTH_MAX && name.ptr[0] != '.' &&
                   s1_fs_is_folder(registry->fs, path.ptr)) {
            S1_TRY(err, walk(registry, path, depth + 1, err));
        }
    }
    return S1_OK;
}

/* Depth-first in order of names; bounded, so that a ring of links ends. */
static s1_rc walk(s1_plugin_registry *registry, s1_str folder, uint32_t depth, s1_err *err)
{
    s1_fs_list names = {NULL, 0};
    S1_TRY(err, s1_fs_list_names(registry->fs, folder.ptr, &names, err));
    const s1_rc rc = walk_names(registry, folder, depth, &names, err);
    s1_fs_list_done(&names);
    if (rc != S1_OK) {
        s1_err_push(err, __FILE__, __func__, __LINE__);
    }
    return rc;
}

/* --- Order and duplicates. ---------------------------------------------------------------- */

static int compare_slots(const void *left, const void *right)
{
    const s1_plugin *const a = &(*(plugin_slot *const *)left)->entry;
    const s1_plugin *const b = &(*(plugin_slot *const *)right)->entry;
    const int32_t a_type = a->manifest != NULL ? a->manifest->identification.type : 0;
    const int32_t b_type = b->manifest != NULL ? b->manifest->identification.type : 0;
    if (a_type != b_type) {
        return a_type < b_type ? -1 : 1;
    }
    const int32_t a_subtype = a->manifest != NULL ? a->manifest->identification.subtype : 0;
    const int32_t b_subtype = b->manifest != NULL ? b->manifest->identification.subtype : 0;
    if (a_subtype != b_subtype) {
        return a_subtype < b_subtype ? -1 : 1;
    }
    const int names = s1_str_cmp(a->name, b->name);
    return names != 0 ? names : s1_str_cmp(a->manifest_path, b->manifest_path);
}

static void refuse_duplicate(plugin_slot *slot, const plugin_slot *other)
{
    const s1_source source = slot->entry.manifest != NULL
                                 ? slot->entry.manifest->identification.source
                                 : (s1_source){.file = slot->entry.manifest_path};
    warn(slot->registry, &source, "identification.name", slot->entry.name,
         "a name of its own; %.*s has the same", S1_STR_ARG(other->entry.manifest_path));
    refuse(slot, S1_E_EXISTS, slot->entry.manifest_path,
           "identification.name: found '%.*s', which %.*s has too", S1_STR_ARG(slot->entry.name),
           S1_STR_ARG(other->entry.manifest_path));
}

static void refuse_duplicates(s1_plugin_registry *registry)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        for (uint32_t k = i + 1; k < registry->count; k++) {
            plugin_slot *const a = registry->slots[i];
            plugin_slot *const b = registry->slots[k];
            if (s1_str_eq(a->entry.name, b->entry.name)) {
                refuse_duplicate(a, b);
                refuse_duplicate(b, a);
            }
        }
    }
}

s1_rc s1_plugin_registry_new(const s1_plugin_registry_options *options, s1_faults *faults,
                             s1_plugin_registry **ret_registry, s1_err *err)
{
    s1_plugin_registry *const registry = calloc(1, sizeof *registry);
    if (registry == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "plugin registry");
    }
    s1_arena_init(&registry->arena, ARENA_BYTES_MAX, 0);
    registry->fs = options->fs;
    registry->faults = faults;
    s1_rc rc = S1_OK;
    for (uint32_t i = 0; i < options->root_count; i++) {
        const s1_str root = s1_arena_copy_str(&registry->arena, options->roots[i]);
        if (root.ptr == NULL) {
            rc = no_memory(err);
            goto failed;
        }
        if (!s1_fs_is_folder(options->fs, root.ptr)) {
            const s1_source source = {.file = root};
            s1_faults_add(faults, S1_FAULT_REFERENCE, &source, S1_STR("(plugins root)"),
                          S1_STR("no such folder"), S1_STR("a folder of plugins"), S1_STR(""));
            continue;
        }
        S1_TRY_GOTO(err, rc, failed, walk(registry, root, 0, err));
    }
    qsort(registry->slots, registry->count, sizeof(plugin_slot *), compare_slots);
    refuse_duplicates(registry);
    *ret_registry = registry;
    return S1_OK;
failed:
    s1_plugin_registry_free(registry);
    return rc;
}

void s1_plugin_registry_free(s1_plugin_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    s1_arena_done(&registry->arena);
    free(registry);
}

uint32_t s1_plugin_registry_count(const s1_plugin_registry *registry)
{
    return registry->count;
}

s1_plugin *s1_plugin_registry_at(s1_plugin_registry *registry, uint32_t index)
{
    return &registry->slots[index]->entry;
}

s1_plugin *s1_plugin_registry_find(s1_plugin_registry *registry, s1_str name)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        if (s1_str_eq(registry->slots[i]->entry.name, name)) {
            return &registry->slots[i]->entry;
        }
    }
    return NULL;
}

s1_str s1_plugin_registry_nearest(const s1_plugin_registry *registry, s1_str name)
{
    s1_str names[S1_PLUGINS_MAX];
    for (uint32_t i = 0; i < registry->count; i++) {
        names[i] = registry->slots[i]->entry.name;
    }
    const ptrdiff_t at = s1_str_nearest(name, names, registry->count);
    return at < 0 ? (s1_str){NULL, 0} : names[at];
}

/* --- Checking the image. ------------------------------------------------------------------ */

static void put_reason(void *self, const char *reason)
{
    plugin_slot *const slot = self;
    refuse(slot, S1_E_DENIED, slot->entry.library_path, "%s", reason);
}

static s1_rc check_bytes(plugin_slot *slot, s1_str bytes, s1_err *err)
{
    s1_sha256_of(bytes.ptr, bytes.len, slot->entry.library_sha256);
    s1_plugin_image *image = NULL;
    s1_err reason = S1_ERR_INIT;
    const s1_rc rc = s1_plugin_image_read(bytes, &image, &reason);
    if (rc != S1_OK) {
        refuse(slot, rc, slot->entry.library_path, "%s", reason.msg);
        return answer_refusal(slot, err);
    }
    const s1_refusals refusals = {.self = slot, .put = put_reason};
    const uint32_t count = s1_plugin_image_judge(image, &refusals);
    s1_plugin_image_free(image);
    if (count > 0) {
        return answer_refusal(slot, err);
    }
    slot->entry.state = S1_PLUGIN_CHECKED;
    return S1_OK;
}

s1_rc s1_plugin_check(s1_plugin *entry, s1_err *err)
{
    plugin_slot *const slot = slot_of(entry);
    if (entry->state == S1_PLUGIN_REFUSED) {
        return answer_refusal(slot, err);
    }
    if (entry->state != S1_PLUGIN_DECLARED) {
        return S1_OK;
    }
    s1_strbuf bytes;
    s1_strbuf_init(&bytes, S1_PLUGIN_IMAGE_BYTES_MAX + 1);
    s1_err reason = S1_ERR_INIT;
    s1_rc rc = s1_fs_read_all(slot->registry->fs, entry->library_path.ptr,
                              S1_PLUGIN_IMAGE_BYTES_MAX, &bytes, &reason);
    if (rc != S1_OK) {
        refuse(slot, rc, (s1_str){NULL, 0}, "%s", reason.msg);
        rc = answer_refusal(slot, err);
    } else {
        rc = check_bytes(slot, s1_strbuf_view(&bytes), err);
    }
    s1_strbuf_done(&bytes);
    return rc;
}

/* --- Opening it. -------------------------------------------------------------------------- */

typedef const s1_plugin_desc *entry_function(uint32_t host_abi_major);

static const s1_plugin_desc *open_library(plugin_slot *slot)
{
    const s1_str path = slot->entry.library_path;
    char with_slash[S1_PATH_MAX + 2]; /* without one dlopen would search elsewhere */
    (void)snprintf(with_slash, sizeof with_slash, "%s%s",
                   memchr(path.ptr, '/', path.len) != NULL ? "" : "./", path.ptr);
    void *const library = dlopen(with_slash, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        refuse(slot, S1_E_ABI, path, "cannot be opened: %s", dlerror());
        return NULL;
    }
    void *const symbol = dlsym(library, "s1_plugin_entry");
    if (symbol == NULL) {
        refuse(slot, S1_E_ABI, path, "does not export s1_plugin_entry");
        return NULL;
    }
    entry_function *entry = NULL;
    memcpy(&entry, &symbol, sizeof entry); /* ISO C has no object-to-function cast */
    const s1_plugin_desc *const desc = entry(S1_ABI_MAJOR);
    if (desc == NULL) {
        refuse(slot, S1_E_ABI, path, "s1_plugin_entry(%u) returned nothing", S1_ABI_MAJOR);
    }
    return desc;
}

/* Whether the descriptor can be read at all. Major before size: another major may be shorter. */
static bool is_abi_ours(plugin_slot *slot, const s1_plugin_desc *desc)
{
    const s1_str path = slot->entry.library_path;
    if (desc->abi_major != S1_ABI_MAJOR) {
        refuse(slot, S1_E_ABI, path, "is built for ABI %u.%u, expected %u.%u or older",
               desc->abi_major, desc->abi_minor, S1_ABI_MAJOR, S1_ABI_MINOR);
        return false;
    }
    if (desc->abi_minor > S1_ABI_MINOR) {
        refuse(slot, S1_E_ABI, path,
               "is built for ABI %u.%u, newer than the %u.%u of this platform", desc->abi_major,
               desc->abi_minor, S1_ABI_MAJOR, S1_ABI_MINOR);
        return false;
    }
    if (desc->size < DESC_SIZE_MIN) {
        refuse(slot, S1_E_ABI, path, "has a descriptor of %u bytes, expected at least %zu",
               desc->size, DESC_SIZE_MIN);
        return false;
    }
    if (desc->abi_stamp != S1_ABI_STAMP) {
        refuse(
            slot, S1_E_ABI, path,
            "has the layout stamp %016llx, expected %016llx: built with other headers or another "
            "compiler",
            (unsigned long long)desc->abi_stamp, (unsigned long long)S1_ABI_STAMP);
        return false;
    }
    if (desc->name == NULL || desc->version == NULL || desc->ops == NULL) {
        refuse(slot, S1_E_ABI, path, "has a descriptor without name, version or callbacks");
        return false;
    }
    if (desc->ops->size < OPS_SIZE_MIN) {
        refuse(slot, S1_E_ABI, path, "has a table of callbacks of %u bytes, expected at least %zu",
               desc->ops->size, OPS_SIZE_MIN);
        return false;
    }
    return true;
}

static void capabilities_text(uint32_t mask, char *text, size_t size)
{
    (void)snprintf(text, size, "%s%s%s%s", mask == 0 ? " none" : "",
                   (mask & S1_CAP_STATE) != 0 ? " state" : "",
                   (mask & S1_CAP_EVENTS) != 0 ? " events" : "",
                   (mask & S1_CAP_JOURNAL) != 0 ? " journaling" : "");
}

static void compare_with_manifest(plugin_slot *slot, const s1_plugin_desc *desc)
{
    const s1_str path = slot->entry.library_path;
    const s1_manifest *const manifest = slot->entry.manifest;
    if (!s1_str_eq_cstr(manifest->identification.name, desc->name)) {
        refuse(slot, S1_E_ABI, path, "calls itself '%s', its manifest says '%.*s'", desc->name,
               S1_STR_ARG(manifest->identification.name));
    }
    if (!s1_str_eq_cstr(manifest->identification.version, desc->version)) {
        refuse(slot, S1_E_ABI, path, "is version '%s', its manifest says '%.*s'", desc->version,
               S1_STR_ARG(manifest->identification.version));
    }
    if (desc->ops->type != (uint32_t)manifest->identification.type) {
        const char *const found = s1_enum_text(s1_worker_type_names, (int32_t)desc->ops->type);
        refuse(slot, S1_E_ABI, path, "is a worker of type %s (%u), its manifest says %s",
               found[0] != '\0' ? found : "unknown", desc->ops->type,
               s1_enum_text(s1_worker_type_names, manifest->identification.type));
    }
    const uint32_t declared = s1_manifest_capabilities_mask(manifest);
    if (desc->capabilities != declared) {
        char found[64];
        char expected[64];
        capabilities_text(desc->capabilities, found, sizeof found);
        capabilities_text(declared, expected, sizeof expected);
        refuse(slot, S1_E_ABI, path, "takes the capabilities%s, its manifest asks for%s", found,
               expected);
    }
}

static const struct {
    const char *name;
    uint32_t type;
} process_functions[] = {{"enrich", S1_WORKER_CONTEXT},
                         {"detect", S1_WORKER_OPPORTUNITY},
                         {"assess", S1_WORKER_THREAT},
                         {"plan", S1_WORKER_PLANNING},
                         {"execute", S1_WORKER_EXECUTION}};
#define PROCESS_FUNCTIONS (sizeof process_functions / sizeof process_functions[0])

/* Many rows in one call: of pure context workers. */
static void judge_range(plugin_slot *slot, const s1_plugin_desc *desc, s1_str path)
{
    if (desc->ops->enrich_range == NULL) {
        return;
    }
    if (desc->abi_minor < RANGE_MINOR) {
        refuse(slot, S1_E_ABI, path, "sets enrich_range(), which ABI %u.%u reserves; expected NULL",
               desc->abi_major, desc->abi_minor);
    }
    if (slot->entry.manifest->identification.type != S1_WORKER_CONTEXT) {
        refuse(slot, S1_E_ABI, path, "sets enrich_range(), which only a ContextWorker has");
    }
    if (desc->capabilities != 0) {
        refuse(slot, S1_E_ABI, path,
               "sets enrich_range() and takes capabilities; expected one of the two: what it says "
               "or keeps belongs to a bar");
    }
}

/* Exactly the process function of the type, and none of the slots that are not granted. */
static void judge_callbacks(plugin_slot *slot, const s1_plugin_desc *desc)
{
    const s1_str path = slot->entry.library_path;
    const s1_worker_ops *const ops = desc->ops;
    const bool is_set[PROCESS_FUNCTIONS] = {ops->enrich != NULL, ops->detect != NULL,
                                            ops->assess != NULL, ops->plan != NULL,
                                            ops->execute != NULL};
    const int32_t type = slot->entry.manifest->identification.type;
    const char *const class_name = s1_enum_text(s1_worker_class_names, type);
    const char *own = "";
    for (size_t i = 0; i < PROCESS_FUNCTIONS; i++) {
        if (process_functions[i].type == (uint32_t)type) {
            own = process_functions[i].name;
            if (!is_set[i]) {
                refuse(slot, S1_E_ABI, path, "has no %s(), which a %s needs", own, class_name);
            }
        }
    }
    for (size_t i = 0; i < PROCESS_FUNCTIONS; i++) {
        if (is_set[i] && process_functions[i].type != (uint32_t)type) {
            const bool is_reach = type == S1_WORKER_CONTEXT && ops->detect != NULL &&
                                  process_functions[i].type == S1_WORKER_OPPORTUNITY;
            refuse(slot, S1_E_ABI, path, "is a %s%s: it sets %s(), expected %s() alone", class_name,
                   is_reach ? " reaching for signals" : "", process_functions[i].name, own);
        }
    }
    if (ops->create == NULL || ops->destroy == NULL) {
        refuse(slot, S1_E_ABI, path, "has no %s()", ops->create == NULL ? "create" : "destroy");
    }
    if (ops->on_event != NULL && (desc->capabilities & S1_CAP_EVENTS) == 0) {
        refuse(slot, S1_E_ABI, path,
               "sets on_event(), but has not the capability events in its manifest");
    }
    if (ops->on_event == NULL && slot->entry.manifest->capabilities.events.wirings.count > 0) {
        refuse(slot, S1_E_ABI, path, "has no on_event(), which the wirings of its manifest call");
    }
    judge_range(slot, desc, path);
}

s1_rc s1_plugin_load(s1_plugin *entry, s1_err *err)
{
    plugin_slot *const slot = slot_of(entry);
    if (entry->state == S1_PLUGIN_LOADED) {
        return S1_OK;
    }
    S1_TRY(err, s1_plugin_check(entry, err));
    const s1_plugin_desc *const desc = open_library(slot);
    if (desc != NULL && is_abi_ours(slot, desc)) {
        compare_with_manifest(slot, desc);
        judge_callbacks(slot, desc);
    }
    if (entry->state == S1_PLUGIN_REFUSED) {
        return answer_refusal(slot, err);
    }
    entry->desc = desc;
    entry->state = S1_PLUGIN_LOADED;
    return S1_OK;
}
