/* backend/config/yaml.h - a YAML file as a tree of nodes that know where they stand.
 *
 * libfyaml reads, this tree remains: arena memory, nothing to free. Aliases are copied at their
 * place and counted, so that a document cannot grow beyond its limits. Tags, merge keys, complex
 * keys and several documents in one file are refused; so is the same key twice.
 */
#ifndef S1_BACKEND_CONFIG_YAML_H
#define S1_BACKEND_CONFIG_YAML_H

#include "backend/config/faults.h"
#include "s1mple/error.h"

enum s1_yaml_kind { S1_YAML_NULL = 1, S1_YAML_SCALAR, S1_YAML_LIST, S1_YAML_MAP };

typedef struct s1_yaml_node {
    int32_t kind;   /* enum s1_yaml_kind */
    bool is_faulty; /* reported already: readers leave it and say no more */
    bool is_quoted; /* of a scalar: "12" is text, 12 a number */
    s1_str text;    /* of a scalar; as substituted */
    s1_str file;
    uint32_t line, column;
    s1_str key; /* in a map; else empty */
    uint32_t key_line, key_column;
    uint32_t index; /* in its parent */
    uint32_t count; /* children */
    struct s1_yaml_node *parent, *first, *last, *next;
} s1_yaml_node;

typedef struct s1_yaml_limits {
    size_t bytes_max; /* of the file */
    uint32_t depth_max;
    uint32_t nodes_max; /* aliases expanded */
    uint32_t keys_max;  /* of one map */
} s1_yaml_limits;
#define S1_YAML_LIMITS_DEFAULT ((s1_yaml_limits){1u << 20, 32, 50000, 1024})

typedef struct s1_yaml_options {
    s1_str file;                  /* names the text in faults; copied */
    const s1_yaml_limits *limits; /* NULL: the defaults */
    /* Gives an environment variable or NULL, for "${NAME}" in values ("$${" stands for "${"; an
     * unset variable is a fault). NULL: values are taken as they are. */
    const char *(*read_variable)(const char *name);
} s1_yaml_options;

/* Parses `text`. Faults are reported; *ret_root is then what could be read of it, or NULL. An empty
 * document is an empty map. */
void s1_yaml_parse(s1_str text, const s1_yaml_options *options, s1_arena *arena, s1_faults *faults,
                   s1_yaml_node **ret_root);

/* The child of a map by key, or NULL. Accepts NULL. */
s1_yaml_node *s1_yaml_get(const s1_yaml_node *map, s1_str key);

/* What names an item of a list in a configuration: the first of these keys that it has. Ends with
 * NULL. */
extern const char *const s1_config_item_keys[];

/* Sets the value at a path below `root` ("simulation.fill_rule", "workforce.context_workers[0].
 * params.periods"; an item of a list by its index or its name), making maps on the way where
 * nothing stands; `value` is YAML text in flow style
 * ("[12, 26]", "same_close"); options->file names its origin in faults ("--set a.b=1"). Errors:
 * S1_E_INVALID for a path that cannot be read, a list index that is not there, a value that is no
 * YAML. */
S1_WARN_UNUSED s1_rc s1_yaml_set(s1_yaml_node *root, s1_str path, s1_str value,
                                 const s1_yaml_options *options, s1_arena *arena, s1_err *err);

/* "workforce.threat_workers[0].params" of a node; {NULL, 0} for a root. In `arena`. */
s1_str s1_yaml_path(const s1_yaml_node *node, s1_arena *arena);

/* The place of a node, and of a field of what `source` stands for (of itself if it is not written
 * there). */
s1_source s1_yaml_source(const s1_yaml_node *node);
s1_source s1_source_field(const s1_source *source, s1_str field);

/* How a message shows a node: "'fast'", "a list", "a map", "nothing". In `arena`. */
s1_str s1_yaml_show(const s1_yaml_node *node, s1_arena *arena);

#endif /* S1_BACKEND_CONFIG_YAML_H */
