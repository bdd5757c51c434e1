/* backend/config/internal.h - small tools of this folder. Not for others. */
#ifndef S1_BACKEND_CONFIG_INTERNAL_H
#define S1_BACKEND_CONFIG_INTERNAL_H

#include "backend/config/schema.h"

/* Zeroed arena memory. Asserts at the arena's limit: the limits of yaml.h bound what a
 * configuration can ask for. */
void *s1_config_alloc(s1_arena *arena, size_t size);
#define S1_CONFIG_NEW(arena, type) ((type *)s1_config_alloc((arena), sizeof(type)))
#define S1_CONFIG_ARRAY(arena, type, count)                                                        \
    ((type *)s1_config_alloc((arena), sizeof(type) * (count)))

/* A NUL-terminated copy. */
s1_str s1_config_copy(s1_arena *arena, s1_str text);
S1_PRINTF(2, 3) s1_str s1_config_format(s1_arena *arena, const char *format, ...);

static inline bool s1_config_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The layout every S1_LIST has. */
typedef struct s1_any_list {
    const void *items;
    uint32_t count;
    uint32_t reserved;
} s1_any_list;

/* "a, b or c" of names. */
s1_str s1_config_join_names(s1_arena *arena, const s1_str *names, size_t count);
/* The keys of a schema, and the names of an enum, as texts in `arena`. */
const s1_str *s1_schema_keys(const s1_schema *schema, s1_arena *arena, size_t *ret_count);
const s1_str *s1_enum_keys(const s1_enum_name *names, s1_arena *arena, size_t *ret_count);

/* A scalar of any kind; which member counts is the kind's business. */
typedef union s1_value {
    int64_t int_value;
    double float_value;
    bool bool_value;
    int32_t enum_value;
    s1_dec decimal;
    s1_nanos nanos;
    s1_str text;
} s1_value;

/* Reads a scalar of `kind` (enum s1_field_kind); `names` for ENUM. False if it is none. */
bool s1_value_parse(int32_t kind, const s1_enum_name *names, s1_str text, s1_value *ret_value);
size_t s1_value_size(int32_t kind);
/* <0, 0, >0 of two numbers, durations or times of a kind. */
int s1_value_compare(int32_t kind, const s1_value *a, const s1_value *b);
/* "an integer from 1 to 10", "SEQUENTIAL, PARALLEL or EVENT_DRIVEN". */
s1_str s1_schema_expected(const s1_schema_field *field, int32_t kind, s1_arena *arena);

/* Trees to print. */
s1_yaml_node *s1_yaml_make_map(s1_arena *arena);
void s1_yaml_put(s1_yaml_node *map, s1_str key, s1_yaml_node *node);

/* The name a user probably meant, or {NULL, 0}. */
s1_str s1_config_nearest(s1_str text, const s1_str *names, size_t count);

#endif /* S1_BACKEND_CONFIG_INTERNAL_H */
