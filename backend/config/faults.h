/* backend/config/faults.h - every fault of a configuration at once, each with its place.
 *
 * Loaders and validators report into a collector and go on; the edge prints it. Texts are copied
 * into the collector's arena and live as long as it.
 */
#ifndef S1_BACKEND_CONFIG_FAULTS_H
#define S1_BACKEND_CONFIG_FAULTS_H

#include "backend/utils/arena.h"
#include "backend/utils/text.h"
#include "s1mple/base.h"

struct s1_yaml_node;

/* Where something stands. `line` 0: not in a file line (a --set argument, a whole file, a default).
 * The first member of every struct a schema describes. */
typedef struct s1_source {
    s1_str file;           /* "config/operators.yaml"; "--set PATH=VALUE" for an override */
    uint32_t line, column; /* from 1, in characters */
    const struct s1_yaml_node *node; /* NULL: nobody wrote it, the defaults stand */
} s1_source;

/* X(NAME, "error class"). SPEC B20. */
#define S1_FAULT_CLASS_MAP(X)                                                                      \
    X(SCHEMA, "SchemaValidationError")                                                             \
    X(REFERENCE, "MissingReferenceError")                                                          \
    X(EVENT_CHAIN, "EventChainError")                                                              \
    X(DEPENDENCY, "DependencyError")                                                               \
    X(OPERATOR, "OperatorConfigError")
enum s1_fault_class {
    S1_FAULT_NONE = 0,
#define X(name, text) S1_FAULT_##name,
    S1_FAULT_CLASS_MAP(X)
#undef X
};

typedef struct s1_fault {
    int32_t fault_class; /* enum s1_fault_class */
    bool is_warning;
    s1_source source;
    s1_str path; /* "workforce.threat_workers[0].params.window" */
    s1_str found, expected;
    s1_str hint; /* the nearest name; may be empty */
} s1_fault;

#define S1_FAULTS_MAX_DEFAULT 200u

typedef struct s1_faults {
    s1_arena *arena;
    s1_fault *items; /* [count], in the order they were found */
    uint32_t count, capacity;
    uint32_t max;              /* kept; beyond it faults are only counted */
    uint32_t errors, warnings; /* all of them, kept or not */
} s1_faults;

/* Starts an empty collector; `max` 0 is S1_FAULTS_MAX_DEFAULT. Nothing to free: it lives in
 * `arena`, which is borrowed. */
void s1_faults_init(s1_faults *faults, s1_arena *arena, uint32_t max);

/* Adds an error. `path` NULL: that of source.node. `found`, `expected` and `hint` are as printed
 * (quote what was read: "'fast'"); an empty `found` prints as "nothing". All are copied. */
void s1_faults_add(s1_faults *faults, int32_t fault_class, const s1_source *source, s1_str path,
                   s1_str found, s1_str expected, s1_str hint);

/* As s1_faults_add, but a warning. */
void s1_faults_warn(s1_faults *faults, int32_t fault_class, const s1_source *source, s1_str path,
                    s1_str found, s1_str expected, s1_str hint);

/* As s1_faults_add with a path of the node plus ".field" (where the field is written, its place)
 * and formatted texts: `expected` is a printf format. For validators outside this folder. */
S1_PRINTF(6, 7)
void s1_faults_addf(s1_faults *faults, int32_t fault_class, const s1_source *source,
                    const char *field, s1_str found, const char *expected, ...);

/* The error class as SPEC B20 names it: "EventChainError". */
const char *s1_fault_class_name(int32_t fault_class);

/* One line, without newline:
 * "config/operators.yaml:5:25: error: operators[0].execution_strategy: found 'PARALEL', expected
 * SEQUENTIAL, PARALLEL or EVENT_DRIVEN (did you mean 'PARALLEL'?)" */
void s1_fault_print(const s1_fault *fault, s1_strbuf *ret_text);

/* All of them, one per line; where faults were dropped a last line tells how many. */
void s1_faults_print(const s1_faults *faults, s1_strbuf *ret_text);

/* [{"class","severity","file","line","column","path","found","expected","hint"}] */
void s1_faults_print_json(const s1_faults *faults, s1_strbuf *ret_text);

/* S1_OK without errors (warnings do not count), else S1_E_INVALID with as many of the lines as the
 * message holds. */
S1_WARN_UNUSED s1_rc s1_faults_check(const s1_faults *faults, s1_err *err);

#endif /* S1_BACKEND_CONFIG_FAULTS_H */
