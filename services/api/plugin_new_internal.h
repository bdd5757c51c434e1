/* services/api/plugin_new_internal.h - a new plugin between what was asked for and its files. */
#ifndef S1_SERVICES_API_PLUGIN_NEW_INTERNAL_H
#define S1_SERVICES_API_PLUGIN_NEW_INTERNAL_H

#include "backend/utils/arena.h"
#include "services/api/plugin_new.h"
#include "services/api/plugin_template_internal.h"

#define S1_NEW_PARAMS_MAX  24u
#define S1_NEW_COLUMNS_MAX 24u

typedef struct s1_new_param {
    s1_str name;
    int32_t type; /* enum s1_param_type */
    bool has_default;
    s1_str default_text, values; /* of an enum: "fast,slow" */
} s1_new_param;

typedef struct s1_new_column {
    s1_str text;   /* "atr_{period}" */
    s1_str field;  /* in C: "atr_period" */
    s1_str name;   /* with the defaults: "atr_14" */
    s1_str stream; /* of another stream: "ETH/USD@1h"; else empty */
} s1_new_column;

typedef struct s1_plugin_spec {
    s1_arena arena;
    s1_str name;
    int32_t type, subtype; /* enum s1_worker_type, enum s1_subtype */
    bool has_state, has_events, has_journaling;
    const char *description, *author;
    s1_new_param params[S1_NEW_PARAMS_MAX];
    size_t param_count;
    s1_new_column inputs[S1_NEW_COLUMNS_MAX], outputs[S1_NEW_COLUMNS_MAX];
    size_t input_count, output_count;
} s1_plugin_spec;

/* A text in the spec's arena; "" without memory (the manifest is then found wrong). */
S1_PRINTF(2, 3) const char *s1_new_format(s1_plugin_spec *spec, const char *format, ...);

/* Fills in inputs and outputs. Errors: S1_E_INVALID for what the generator cannot write. */
S1_WARN_UNUSED s1_rc s1_new_columns_read(s1_plugin_spec *spec, const s1_plugin_new_request *request,
                                         s1_err *err);

/* All the templates ask for. */
S1_WARN_UNUSED s1_rc s1_new_scope(s1_plugin_spec *spec, s1_template_scope *scope, s1_err *err);

#endif /* S1_SERVICES_API_PLUGIN_NEW_INTERNAL_H */
