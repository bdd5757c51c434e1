/* backend/assembly/plugin_registry.h - every plugin there is, and why one may not be used.
 *
 * Discovery reads manifests, never code: <root>/<type>_workers/<subtype>/<name>/manifest.yaml. A
 * plugin is opened only when a worker of it is built (or `plugins check` asks), and only after its
 * manifest is found valid and its image (plugin_image.h) is found to be what the manifest tells of.
 * A shared object no manifest declares is never opened. Nothing is ever closed again: errors and
 * logs point into it.
 *
 * Faults are collected, not thrown: a broken plugin is an entry in state REFUSED with its reasons;
 * it hurts only who names it.
 *
 * One registry, one thread: load what runs on other threads will build before they start.
 */
#ifndef S1_BACKEND_ASSEMBLY_PLUGIN_REGISTRY_H
#define S1_BACKEND_ASSEMBLY_PLUGIN_REGISTRY_H

#include "backend/config/faults.h"
#include "backend/config/manifest.h"
#include "backend/utils/fs.h"
#include "s1mple/plugin.h"

#define S1_PLUGINS_MAX        1024u
#define S1_PLUGIN_REASONS_MAX 16u

enum s1_plugin_state {
    S1_PLUGIN_DECLARED = 1, /* the manifest is valid, the library not looked at */
    S1_PLUGIN_CHECKED,      /* the image was read and found right; not opened */
    S1_PLUGIN_LOADED,       /* opened, and what it says of itself is what the manifest says */
    S1_PLUGIN_REFUSED       /* see reasons */
};

typedef struct s1_plugin {
    int32_t state;               /* enum s1_plugin_state */
    uint32_t reason_count;       /* <= S1_PLUGIN_REASONS_MAX; of a refusal */
    const s1_manifest *manifest; /* NULL if it could not be read */
    s1_str name;                 /* the manifest's, or the folder's if that could not be read */
    s1_str folder;               /* of the manifest */
    s1_str manifest_path, library_path;
    const s1_str *reasons; /* one line each: "plugins/.../x.so: imports 'time'; expected ..." */
    uint8_t manifest_sha256[32];
    uint8_t library_sha256[32]; /* valid from CHECKED on */
    const s1_plugin_desc *desc; /* from LOADED on */
} s1_plugin;

typedef struct s1_plugin_registry s1_plugin_registry;

typedef struct s1_plugin_registry_options {
    const s1_fs *fs;
    const s1_str *roots; /* [root_count] folders; one that is not there is a fault */
    uint32_t root_count;
    uint32_t reserved;
} s1_plugin_registry_options;

/* Reads every manifest below the roots. What is wrong with one goes to its entry and, as warnings
 * of class schema with file and line, to `faults`; discovery goes on. A root that is no folder is
 * an error there. Entries are in order of type, subtype, name. Two plugins of one name are both
 * refused, each naming the other. Heap; free with s1_plugin_registry_free; `faults` outlives it.
 * Errors: S1_E_IO for a folder that cannot be read, S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_plugin_registry_new(const s1_plugin_registry_options *options,
                                            s1_faults *faults, s1_plugin_registry **ret_registry,
                                            s1_err *err);
void s1_plugin_registry_free(s1_plugin_registry *registry); /* accepts NULL; closes no library */

/* Entries in order. Borrowed until the registry is freed. */
uint32_t s1_plugin_registry_count(const s1_plugin_registry *registry);
s1_plugin *s1_plugin_registry_at(s1_plugin_registry *registry, uint32_t index);

/* The plugin of a name, usable or not; NULL if there is none. */
s1_plugin *s1_plugin_registry_find(s1_plugin_registry *registry, s1_str name);

/* The name nearest to one that is not there, for a hint; {NULL, 0} if none is near. */
s1_str s1_plugin_registry_nearest(const s1_plugin_registry *registry, s1_str name);

/* Reads and judges the image without opening it. State CHECKED, or REFUSED with reasons. Errors:
 * S1_E_DENIED or S1_E_NOT_FOUND with the first reasons; repeated calls answer from memory. */
S1_WARN_UNUSED s1_rc s1_plugin_check(s1_plugin *entry, s1_err *err);

/* Opens it after s1_plugin_check and compares what it says of itself with manifest and SDK.
 * State LOADED, or REFUSED with reasons. Errors: S1_E_ABI with the first reasons, and as check. */
S1_WARN_UNUSED s1_rc s1_plugin_load(s1_plugin *entry, s1_err *err);

#endif /* S1_BACKEND_ASSEMBLY_PLUGIN_REGISTRY_H */
