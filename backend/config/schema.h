/* backend/config/schema.h - one table per file: reading, checking, defaults, printing,
 * documentation.
 *
 * A schema describes a C struct whose first member is an s1_source. Reading fills the struct from a
 * YAML tree and reports every fault; printing walks the same table; so does the documentation.
 *
 * What a kind is stored as:
 *   STRING, PATH, NAME s1_str | INT int64_t | FLOAT double | DECIMAL s1_dec | BOOL bool
 *   ENUM int32_t | DURATION, TIMEFRAME, TIMESTAMP s1_nanos | OBJECT the struct itself
 *   LIST, MAP S1_LIST(type) | VALUE const s1_yaml_node *
 * The items of a MAP are structs; its key goes to their field marked S1_FIELD_KEY.
 */
#ifndef S1_BACKEND_CONFIG_SCHEMA_H
#define S1_BACKEND_CONFIG_SCHEMA_H

#include "backend/config/yaml.h"
#include "backend/dtos/enums.h"

/* Read-only items in arena memory. */
#define S1_LIST(type)                                                                              \
    struct {                                                                                       \
        const type *items;                                                                         \
        uint32_t count;                                                                            \
        uint32_t reserved;                                                                         \
    }

enum s1_field_kind {
    S1_KIND_STRING = 1,
    S1_KIND_INT,
    S1_KIND_FLOAT,
    S1_KIND_DECIMAL,
    S1_KIND_BOOL,
    S1_KIND_ENUM,
    S1_KIND_DURATION,  /* "250ms", "30s", "5m", "1h", "2d" */
    S1_KIND_TIMEFRAME, /* "1m", "1h", "1d" */
    S1_KIND_TIMESTAMP, /* "2024-01-01", "2024-01-01T12:00:00Z" */
    S1_KIND_PATH,      /* relative to the folder that holds the configuration folder */
    S1_KIND_NAME,      /* refers to something named elsewhere */
    S1_KIND_OBJECT,
    S1_KIND_LIST,
    S1_KIND_MAP,
    S1_KIND_VALUE /* free: kept as a node */
};

enum s1_field_flag {
    S1_FIELD_REQUIRED = 1u << 0,
    S1_FIELD_SECRET = 1u << 1,    /* printed as *** */
    S1_FIELD_REST = 1u << 2,      /* a MAP that takes every key no other field takes */
    S1_FIELD_SINGLE = 1u << 3,    /* a LIST that also takes one bare item */
    S1_FIELD_KEY = 1u << 4,       /* receives the key of the map the struct stands in */
    S1_FIELD_ABOVE_MIN = 1u << 5, /* min itself is refused */
    S1_FIELD_REFUSED = 1u << 6,   /* known, but not in this version; `refusal` says what instead */
    S1_FIELD_NOT_EMPTY = 1u << 7, /* a text or list of at least one */
    S1_FIELD_HIDDEN = 1u << 8,    /* another spelling: read, neither printed nor documented */
    S1_FIELD_BARE = 1u << 9       /* a scalar in place of the map is this field's value */
};

typedef struct s1_schema s1_schema;

typedef struct s1_schema_field {
    const char *name;
    const char *doc;   /* one line */
    int32_t kind;      /* enum s1_field_kind */
    int32_t item_kind; /* of a LIST */
    uint32_t flags;    /* enum s1_field_flag */
    uint32_t reserved;
    size_t offset;
    size_t has_offset;            /* bool told whether it is written; 0: none */
    const char *default_text;     /* as YAML says it; NULL: zero, empty */
    const char *default_doc;      /* where the default is not a constant: "= id of the plugin" */
    const char *min, *max;        /* numbers, durations; inclusive; NULL: none */
    const s1_enum_name *names;    /* ENUM, LIST of ENUM */
    const s1_schema *schema;      /* OBJECT, MAP, LIST of OBJECT */
    const char *pattern_doc;      /* what `accepts` wants: "semver x.y.z" */
    bool (*accepts)(s1_str text); /* STRING, NAME: further check; NULL: none */
    const char *refusal;          /* REFUSED: the text after "expected"; ENUM: added to the names */
} s1_schema_field;

struct s1_schema {
    const char *name;              /* "environments" */
    const char *doc;               /* a paragraph */
    const s1_schema_field *fields; /* ends with a NULL name */
    size_t size;                   /* of the struct */
    bool is_inline;                /* the node is the value of the one field that is not a KEY */
};

/* A field of struct `type_`, named as its member; further members follow designated. */
#define S1_FIELD(type_, member_, kind_, ...)                                                       \
    {.name = #member_, .offset = offsetof(type_, member_), .kind = (kind_), __VA_ARGS__}
#define S1_FIELD_END {.name = NULL}

/* Fills `ret_struct` (schema->size bytes, its s1_source included) from a node; NULL: nothing is
 * written, all defaults (required fields are then not missed). Faults are reported; a field at
 * fault keeps its default. Texts are borrowed from the tree. */
void s1_schema_read(const s1_schema *schema, const s1_yaml_node *node, void *ret_struct,
                    s1_arena *arena, s1_faults *faults);

/* The struct as a tree to print: defaults filled in, secrets masked. Printed as YAML and read again
 * it gives the same struct. In `arena`; borrows the struct's texts. */
s1_yaml_node *s1_schema_tree(const s1_schema *schema, const void *values, s1_arena *arena);

/* A section of docs/configuration.md: heading, paragraph, table of all fields by path. */
void s1_schema_print_doc(const s1_schema *schema, const char *file, s1_strbuf *ret_text);

/* A tree as block YAML that reads back to the same tree, or as one JSON value (plain scalars that
 * are JSON numbers or true or false stay so, all others are strings). */
void s1_yaml_print(const s1_yaml_node *node, s1_strbuf *ret_text);
void s1_yaml_print_json(const s1_yaml_node *node, s1_strbuf *ret_text);

/* One value out of text: "250ms", "30s", "5m", "1h", "2d", "1w" (whole numbers, >= 0). */
S1_WARN_UNUSED s1_rc s1_duration_parse(s1_str text, s1_nanos *ret_duration, s1_err *err);

#endif /* S1_BACKEND_CONFIG_SCHEMA_H */
