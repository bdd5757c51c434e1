/* backend/config/manifest.h - a plugin's manifest.yaml as checked values (ARCHITECTURE §12.7).
 *
 * The manifest is all the platform knows of a plugin before it opens its library. One schema; only
 * its canonical keys; everything is arena memory.
 */
#ifndef S1_BACKEND_CONFIG_MANIFEST_H
#define S1_BACKEND_CONFIG_MANIFEST_H

#include "backend/config/config.h"

typedef struct s1_manifest_param {
    s1_source source;
    s1_str name;
    int32_t type; /* enum s1_param_type */
    int32_t reserved;
    const s1_yaml_node *default_value; /* NULL: must be given */
    const s1_yaml_node *min, *max;     /* of numbers and durations, and of the items of lists */
    s1_text_list values;               /* enum, and the items of string_list where given */
    s1_str description;
} s1_manifest_param;

/* A field of a feed: a column of the file. Its name is a template, as columns are. */
typedef struct s1_manifest_feed_field {
    s1_source source;
    s1_str name;
    int32_t type;  /* enum s1_feed_type */
    bool optional; /* the column may be absent, its cells empty */
} s1_manifest_feed_field;

typedef struct s1_manifest_feed {
    s1_source source;
    s1_str name, description;
    bool optional; /* the blueprint may leave it out */
    S1_LIST(s1_manifest_feed_field) fields;
} s1_manifest_feed;

/* A trained model the host evaluates for the worker. */
typedef struct s1_manifest_model {
    s1_source source;
    s1_str name, description;
    bool optional; /* the blueprint may leave it out */
} s1_manifest_model;

typedef struct s1_manifest_publication {
    s1_source source;
    s1_str as_event, payload_dto, description;
} s1_manifest_publication;

typedef struct s1_manifest_wiring {
    s1_source source;
    s1_str listens_to;
    struct s1_manifest_invokes {
        s1_source source;
        s1_str method;
    } invokes;
} s1_manifest_wiring;

/* What holds beside `dependencies` for some values of an enum parameter. */
typedef struct s1_manifest_variant {
    s1_source source;
    s1_text_list of;                 /* the values */
    s1_text_list requires, provides; /* columns, templates */
    s1_str lookback;                 /* empty: the manifest's */
} s1_manifest_variant;

typedef struct s1_manifest {
    s1_source source;
    s1_str dir; /* the folder it lies in; not a field of the file */
    int64_t schema_version;
    struct s1_manifest_identification {
        s1_source source;
        s1_str name, display_name;
        int32_t type;    /* enum s1_worker_type */
        int32_t subtype; /* enum s1_subtype */
        s1_str version, description, author;
    } identification;
    s1_str library;                   /* file in `dir`; default <name>.so */
    struct s1_manifest_dependencies { /* columns are templates: "ema_{periods[]}" */
        s1_source source;
        s1_text_list requires;         /* columns, hard */
        s1_text_list requires_context; /* rich data, hard */
        s1_text_list uses;             /* columns, soft */
        s1_text_list provides;         /* columns it owns */
        S1_LIST(s1_manifest_model) models;
        S1_LIST(s1_manifest_feed) feeds; /* data that is not bars, point in time */
    } dependencies;
    S1_LIST(s1_manifest_param) parameters;
    s1_str lookback; /* expression of parameters: "max(slow, signal) * 3"; default "1" */
    struct s1_manifest_capabilities {
        s1_source source;
        struct s1_manifest_state {
            s1_source source;
            bool enabled;
            s1_str state_dto;
        } state;
        struct s1_manifest_events {
            s1_source source;
            bool enabled;
            S1_LIST(s1_manifest_publication) publishes;
            S1_LIST(s1_manifest_wiring) wirings;
        } events;
        struct s1_manifest_journaling {
            s1_source source;
            bool enabled;
        } journaling;
        struct s1_manifest_schedule {
            s1_source source;
            bool enabled; /* true is refused in this version */
        } schedule;
    } capabilities;
    struct s1_manifest_permissions { /* anything but empty is refused */
        s1_source source;
        s1_text_list network_access, filesystem_access;
    } permissions;
    struct s1_manifest_artefacts { /* names, templates as columns */
        s1_source source;
        s1_text_list provides, requires;
    } artefacts;
    struct s1_manifest_variants {
        s1_source source;
        s1_str by; /* the enum parameter */
        S1_LIST(s1_manifest_variant) cases;
    } variants;
} s1_manifest;

#define S1_MANIFEST_BYTES_MAX (64u << 10)

/* Reads a manifest text. `file` names it in faults, `dir` is its folder. *ret_manifest is always
 * set; it may be used when faults->errors did not grow. */
void s1_manifest_read(s1_str text, s1_str file, s1_str dir, s1_arena *arena, s1_faults *faults,
                      const s1_manifest **ret_manifest);

/* The mask of enum s1_capability the plugin's descriptor must equal. */
uint32_t s1_manifest_capabilities_mask(const s1_manifest *manifest);

/* The parameter of a name, or NULL; ret_index may be NULL. */
const s1_manifest_param *s1_manifest_find_param(const s1_manifest *manifest, s1_str name,
                                                uint32_t *ret_index);

/* The case of a value of the parameter `variants.by` names, or NULL. */
const s1_manifest_variant *s1_manifest_find_variant(const s1_manifest *manifest, s1_str value);

/* The manifest as a section for people: docs/configuration.md has its schema. */
void s1_manifest_print_docs(s1_strbuf *ret_text);

#endif /* S1_BACKEND_CONFIG_MANIFEST_H */
