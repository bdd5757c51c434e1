/* services/api/plugins.h - what the plugin folders hold. */
#ifndef S1_SERVICES_API_PLUGINS_H
#define S1_SERVICES_API_PLUGINS_H

#include "s1mple/base.h"

typedef struct s1_plugin_catalog s1_plugin_catalog; /* opaque, heap */

typedef struct s1_plugin_parameter {
    const char *name, *type, *default_text, *range, *description;
} s1_plugin_parameter;

typedef struct s1_plugin_info { /* borrowed until the catalogue is freed; "" where nothing stands */
    const char *name, *display_name, *type, *subtype, *version, *author, *description;
    const char *dir;
    const char *requires_columns, *provides_columns, *uses_columns, *requires_context;
    const char *feeds;  /* "calendar (importance, currency)": data that is not bars */
    const char *models; /* trained ones */
    const char *capabilities, *lookback;
    const s1_plugin_parameter *parameters; /* [parameter_count] */
    size_t parameter_count;
    const char *fault; /* why it was refused; NULL if it is usable */
} s1_plugin_info;

/* Reads every manifest under `plugins_dir` (NULL: where the program's own plugins lie) and the
 * images they declare. No library is opened. Errors: S1_E_NOT_FOUND, S1_E_IO. Free with
 * s1_plugin_catalog_free. */
S1_WARN_UNUSED
s1_rc s1_api_plugins(const char *plugins_dir, s1_plugin_catalog **ret_catalog, s1_err *err);
const s1_plugin_info *s1_plugin_catalog_items(const s1_plugin_catalog *catalog, size_t *ret_count);
const char *s1_plugin_catalog_root(const s1_plugin_catalog *catalog); /* the folder it read */
/* The name nearest to one that is not there, or NULL. */
const char *s1_plugin_catalog_nearest(const s1_plugin_catalog *catalog, const char *name);
void s1_plugin_catalog_free(s1_plugin_catalog *catalog); /* accepts NULL */

/* Opens the plugin's library, after its image was found right, and compares what it says of itself
 * with manifest and SDK. Errors: S1_E_NOT_FOUND with the nearest name; S1_E_DENIED, S1_E_ABI or
 * S1_E_INVALID with the reasons. */
S1_WARN_UNUSED
s1_rc s1_api_plugin_load(s1_plugin_catalog *catalog, const char *name, s1_err *err);

#endif /* S1_SERVICES_API_PLUGINS_H */
