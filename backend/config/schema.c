#include "backend/config/schema.h"

#include "backend/config/internal.h"
#include "backend/utils/assert.h"
#include "backend/utils/timefmt.h"

typedef struct reader {
    s1_arena *arena;
    s1_faults *faults;
} reader;

static void read_object(const reader *r, const s1_schema *schema, const s1_yaml_node *node,
                        const s1_source *outer, void *ret_struct);

static void *member(void *base, size_t offset)
{
    return (char *)base + offset;
}

static void store(void *base, const s1_schema_field *field, const void *value, size_t size)
{
    memcpy(member(base, field->offset), value, size);
}

/* --- What a field wants, in words. --- */

static const char *kind_text(int32_t kind)
{
    static const char *const texts[] = {
        [S1_KIND_STRING] = "text",
        [S1_KIND_INT] = "an integer",
        [S1_KIND_FLOAT] = "a number",
        [S1_KIND_DECIMAL] = "a decimal number",
        [S1_KIND_BOOL] = "true or false",
        [S1_KIND_ENUM] = "a name",
        [S1_KIND_DURATION] = "a duration such as 30s, 5m or 1h",
        [S1_KIND_TIMEFRAME] = "a timeframe such as 1m, 1h or 1d",
        [S1_KIND_TIMESTAMP] = "a UTC time such as 2024-01-31 or 2024-01-31T12:00:00Z",
        [S1_KIND_PATH] = "a path",
        [S1_KIND_NAME] = "a name",
        [S1_KIND_OBJECT] = "a map",
        [S1_KIND_LIST] = "a list",
        [S1_KIND_MAP] = "a map",
        [S1_KIND_VALUE] = "a value",
    };
    S1_ASSERT(kind > 0 && (size_t)kind < sizeof texts / sizeof texts[0]);
    return texts[kind];
}

static s1_str range_text(const s1_schema_field *field, s1_arena *arena)
{
    const bool is_above = (field->flags & S1_FIELD_ABOVE_MIN) != 0;
    if (field->min != NULL && field->max != NULL) {
        return is_above ? s1_config_format(arena, " above %s and up to %s", field->min, field->max)
                        : s1_config_format(arena, " from %s to %s", field->min, field->max);
    }
    if (field->min != NULL) {
        return s1_config_format(arena, is_above ? " above %s" : " of at least %s", field->min);
    }
    return field->max != NULL ? s1_config_format(arena, " of at most %s", field->max) : S1_STR("");
}

s1_str s1_schema_expected(const s1_schema_field *field, int32_t kind, s1_arena *arena)
{
    if (kind == S1_KIND_ENUM) {
        size_t count = 0;
        const s1_str *const keys = s1_enum_keys(field->names, arena, &count);
        const s1_str text = s1_config_join_names(arena, keys, count);
        return field->refusal == NULL
                   ? text
                   : s1_config_format(arena, "%.*s (%s)", S1_STR_ARG(text), field->refusal);
    }
    if (field->min != NULL && field->max != NULL && strcmp(field->min, field->max) == 0) {
        return s1_str_of(field->min);
    }
    if (field->pattern_doc != NULL && kind != S1_KIND_LIST) {
        return s1_str_of(field->pattern_doc);
    }
    if (kind == S1_KIND_LIST && (field->flags & S1_FIELD_NOT_EMPTY) != 0) {
        return S1_STR("a list with at least one item");
    }
    if (kind == S1_KIND_STRING && (field->flags & S1_FIELD_NOT_EMPTY) != 0) {
        return S1_STR("text that is not empty");
    }
    return s1_config_format(arena, "%s%.*s", kind_text(kind), S1_STR_ARG(range_text(field, arena)));
}

/* --- One value. --- */

s1_rc s1_duration_parse(s1_str text, s1_nanos *ret_duration, s1_err *err)
{
    static const struct {
        const char *unit;
        s1_nanos nanos;
    } units[] = {{"ms", 1000000},
                 {"us", 1000},
                 {"ns", 1},
                 {"s", S1_NANOS_PER_SECOND},
                 {"m", S1_NANOS_PER_MINUTE},
                 {"h", S1_NANOS_PER_HOUR},
                 {"d", S1_NANOS_PER_DAY},
                 {"w", 7 * S1_NANOS_PER_DAY}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const s1_str unit = s1_str_of(units[i].unit);
        uint64_t number = 0;
        if (!s1_str_ends_with(text, unit) ||
            s1_str_parse_u64(s1_str_slice(text, 0, text.len - unit.len), &number, NULL) != S1_OK) {
            continue;
        }
        s1_nanos product;
        if (number > INT64_MAX ||
            __builtin_mul_overflow((int64_t)number, units[i].nanos, &product)) {
            return S1_RAISE(err, S1_E_RANGE, "duration '%.*s': longer than 292 years",
                            S1_STR_ARG(text));
        }
        *ret_duration = product;
        return S1_OK;
    }
    return S1_RAISE(err, S1_E_INVALID, "found '%.*s', expected %s", S1_STR_ARG(text),
                    kind_text(S1_KIND_DURATION));
}

bool s1_value_parse(int32_t kind, const s1_enum_name *names, s1_str text, s1_value *ret_value)
{
    switch (kind) {
    case S1_KIND_INT:
        return s1_str_parse_i64(text, &ret_value->int_value, NULL) == S1_OK;
    case S1_KIND_FLOAT:
        return s1_str_parse_double(text, &ret_value->float_value, NULL) == S1_OK;
    case S1_KIND_DECIMAL:
        return s1_dec_parse(text, &ret_value->decimal, NULL) == S1_OK;
    case S1_KIND_BOOL:
        return s1_str_parse_bool(text, &ret_value->bool_value, NULL) == S1_OK;
    case S1_KIND_ENUM:
        return s1_enum_parse(names, text, &ret_value->enum_value);
    case S1_KIND_DURATION:
        return s1_duration_parse(text, &ret_value->nanos, NULL) == S1_OK;
    case S1_KIND_TIMEFRAME:
        return s1_timeframe_parse(text, &ret_value->nanos, NULL) == S1_OK;
    case S1_KIND_TIMESTAMP:
        return s1_time_parse(text, &ret_value->nanos, NULL) == S1_OK;
    default:
        ret_value->text = text;
        return true;
    }
}

size_t s1_value_size(int32_t kind)
{
    switch (kind) {
    case S1_KIND_INT:
        return sizeof(int64_t);
    case S1_KIND_FLOAT:
        return sizeof(double);
    case S1_KIND_DECIMAL:
        return sizeof(s1_dec);
    case S1_KIND_BOOL:
        return sizeof(bool);
    case S1_KIND_ENUM:
        return sizeof(int32_t);
    case S1_KIND_DURATION:
    case S1_KIND_TIMEFRAME:
    case S1_KIND_TIMESTAMP:
        return sizeof(s1_nanos);
    default:
        return sizeof(s1_str);
    }
}

int s1_value_compare(int32_t kind, const s1_value *a, const s1_value *b)
{
    switch (kind) {
    case S1_KIND_INT:
        return (a->int_value > b->int_value) - (a->int_value < b->int_value);
    case S1_KIND_FLOAT:
        return (a->float_value > b->float_value) - (a->float_value < b->float_value);
    case S1_KIND_DECIMAL: {
        const s1_i128 x = s1_dec_raw(a->decimal);
        const s1_i128 y = s1_dec_raw(b->decimal);
        return (x > y) - (x < y);
    }
    default:
        return (a->nanos > b->nanos) - (a->nanos < b->nanos);
    }
}

static bool is_ordered(int32_t kind)
{
    return kind == S1_KIND_INT || kind == S1_KIND_FLOAT || kind == S1_KIND_DECIMAL ||
           kind == S1_KIND_DURATION || kind == S1_KIND_TIMEFRAME;
}

static bool is_in_range(const s1_schema_field *field, int32_t kind, const s1_value *value)
{
    s1_value bound;
    if (field->min != NULL) {
        const bool is_parsed = s1_value_parse(kind, NULL, s1_str_of(field->min), &bound);
        S1_ASSERT(is_parsed);
        const int order = s1_value_compare(kind, value, &bound);
        if (order < 0 || (order == 0 && (field->flags & S1_FIELD_ABOVE_MIN) != 0)) {
            return false;
        }
    }
    if (field->max != NULL) {
        const bool is_parsed = s1_value_parse(kind, NULL, s1_str_of(field->max), &bound);
        S1_ASSERT(is_parsed);
        return s1_value_compare(kind, value, &bound) <= 0;
    }
    return true;
}

/* Reports what stands at `node` as not what `field` wants. */
static void refuse(const reader *r, const s1_schema_field *field, int32_t kind,
                   const s1_yaml_node *node)
{
    const s1_source source = s1_yaml_source(node);
    s1_str hint = {NULL, 0};
    if (kind == S1_KIND_ENUM && node->kind == S1_YAML_SCALAR) {
        size_t count = 0;
        const s1_str *const keys = s1_enum_keys(field->names, r->arena, &count);
        hint = s1_config_nearest(node->text, keys, count);
    }
    s1_faults_add(r->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0},
                  s1_yaml_show(node, r->arena), s1_schema_expected(field, kind, r->arena), hint);
}

/* Reads one scalar; false after a fault. */
static bool read_scalar(const reader *r, const s1_schema_field *field, int32_t kind,
                        const s1_yaml_node *node, s1_value *ret_value)
{
    if (node->is_faulty) {
        return false;
    }
    const bool is_text = kind == S1_KIND_STRING || kind == S1_KIND_PATH || kind == S1_KIND_NAME;
    if (node->kind != S1_YAML_SCALAR ||
        !s1_value_parse(kind, field->names, node->text, ret_value) ||
        (is_ordered(kind) && !is_in_range(field, kind, ret_value)) ||
        (is_text && field->accepts != NULL && !field->accepts(node->text)) ||
        (is_text && node->text.len == 0 && (field->flags & S1_FIELD_NOT_EMPTY) != 0)) {
        refuse(r, field, kind, node);
        return false;
    }
    return true;
}

/* --- Lists and maps. --- */

static bool is_known_key(const s1_schema *schema, s1_str key)
{
    for (const s1_schema_field *f = schema->fields; f->name != NULL; f++) {
        if ((f->flags & (S1_FIELD_KEY | S1_FIELD_REST)) == 0 && s1_str_eq_cstr(key, f->name)) {
            return true;
        }
    }
    return false;
}

static void read_list(const reader *r, const s1_schema_field *field, const s1_yaml_node *node,
                      void *ret_struct)
{
    const bool is_single = node->kind == S1_YAML_SCALAR && (field->flags & S1_FIELD_SINGLE) != 0;
    if (node->kind != S1_YAML_LIST && !is_single) {
        refuse(r, field, S1_KIND_LIST, node);
        return;
    }
    if (is_single && node->text.len == 0) {
        return; /* publishes_result_as: "" */
    }
    if (!is_single && node->count == 0 && (field->flags & S1_FIELD_NOT_EMPTY) != 0) {
        const s1_source source = s1_yaml_source(node);
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0},
                      S1_STR("an empty list"), s1_schema_expected(field, S1_KIND_LIST, r->arena),
                      (s1_str){NULL, 0});
        return;
    }
    const bool is_object = field->item_kind == S1_KIND_OBJECT;
    const size_t size = is_object ? field->schema->size : s1_value_size(field->item_kind);
    const uint32_t count = is_single ? 1 : node->count;
    char *const items = s1_config_alloc(r->arena, size * (count + 1));
    uint32_t used = 0;
    for (const s1_yaml_node *child = is_single ? node : node->first; child != NULL;
         child = is_single ? NULL : child->next) {
        if (is_object) {
            const s1_source outer = s1_yaml_source(child);
            read_object(r, field->schema, child, &outer, items + size * used++);
            continue;
        }
        s1_value value;
        if (read_scalar(r, field, field->item_kind, child, &value)) {
            memcpy(items + size * used++, &value, size);
        }
    }
    const s1_any_list list = {items, used, 0};
    store(ret_struct, field, &list, sizeof list);
}

/* The children of `node` that are items of the map: all, or those no other field takes. */
static bool is_item(const s1_schema_field *field, const s1_schema *schema,
                    const s1_yaml_node *child)
{
    return (field->flags & S1_FIELD_REST) == 0 || !is_known_key(schema, child->key);
}

static uint32_t count_items(const s1_schema_field *field, const s1_schema *schema,
                            const s1_yaml_node *node)
{
    uint32_t count = 0;
    for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        count += is_item(field, schema, child);
    }
    return count;
}

static void read_map(const reader *r, const s1_schema_field *field, const s1_schema *schema,
                     const s1_yaml_node *node, void *ret_struct)
{
    if (node->kind != S1_YAML_MAP) {
        refuse(r, field, S1_KIND_MAP, node);
        return;
    }
    const size_t size = field->schema->size;
    char *const items = s1_config_alloc(r->arena, size * (count_items(field, schema, node) + 1));
    uint32_t used = 0;
    for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        if (is_item(field, schema, child)) {
            const s1_source outer = s1_yaml_source(child);
            read_object(r, field->schema, child, &outer, items + size * used++);
        }
    }
    const s1_any_list list = {items, used, 0};
    store(ret_struct, field, &list, sizeof list);
}

/* --- Objects. --- */

static void set_default(const s1_schema_field *field, void *ret_struct)
{
    if (field->default_text == NULL || field->kind >= S1_KIND_OBJECT) {
        return;
    }
    s1_value value;
    const bool is_parsed =
        s1_value_parse(field->kind, field->names, s1_str_of(field->default_text), &value);
    S1_ASSERT(is_parsed);
    store(ret_struct, field, &value, s1_value_size(field->kind));
}

static void read_value(const reader *r, const s1_schema *schema, const s1_schema_field *field,
                       const s1_yaml_node *node, void *ret_struct)
{
    if (field->has_offset != 0) {
        const bool is_there = true;
        memcpy(member(ret_struct, field->has_offset), &is_there, sizeof is_there);
    }
    switch (field->kind) {
    case S1_KIND_OBJECT: {
        const s1_source outer = s1_yaml_source(node);
        read_object(r, field->schema, node, &outer, member(ret_struct, field->offset));
        break;
    }
    case S1_KIND_LIST:
        read_list(r, field, node, ret_struct);
        break;
    case S1_KIND_MAP:
        read_map(r, field, schema, node, ret_struct);
        break;
    case S1_KIND_VALUE:
        store(ret_struct, field, &node, sizeof node);
        break;
    default: {
        s1_value value;
        if (read_scalar(r, field, field->kind, node, &value)) {
            store(ret_struct, field, &value, s1_value_size(field->kind));
        }
        break;
    }
    }
}

static bool is_blank(const s1_yaml_node *node)
{
    return node == NULL || node->kind == S1_YAML_NULL;
}

/* Is it a scalar that stands for the whole map? */
static bool is_scalar_of(const s1_schema *schema, const s1_yaml_node *node)
{
    const s1_schema_field *field = schema->fields;
    while (field->name != NULL && (field->flags & S1_FIELD_BARE) == 0) {
        field++;
    }
    return field->name != NULL && node != NULL && node->kind == S1_YAML_SCALAR;
}

static void report_missing(const reader *r, const s1_schema_field *field, const s1_source *source)
{
    const s1_str path = s1_yaml_path(source->node, r->arena);
    s1_faults_add(r->faults, S1_FAULT_SCHEMA, source,
                  s1_config_format(r->arena, "%.*s%s%s", S1_STR_ARG(path), path.len != 0 ? "." : "",
                                   field->name),
                  (s1_str){NULL, 0}, s1_schema_expected(field, field->kind, r->arena),
                  (s1_str){NULL, 0});
}

static void read_field(const reader *r, const s1_schema *schema, const s1_schema_field *field,
                       const s1_yaml_node *node, const s1_source *source, void *ret_struct)
{
    if ((field->flags & S1_FIELD_KEY) != 0) {
        const s1_str key = node != NULL ? node->key : (s1_str){NULL, 0};
        store(ret_struct, field, &key, sizeof key);
        if (node != NULL && field->accepts != NULL && !field->accepts(key)) {
            const s1_source at = {node->file, node->key_line, node->key_column, node};
            s1_faults_add(r->faults, S1_FAULT_SCHEMA, &at, (s1_str){NULL, 0},
                          s1_config_format(r->arena, "the name '%.*s'", S1_STR_ARG(key)),
                          s1_str_of(field->pattern_doc), (s1_str){NULL, 0});
        }
        return;
    }
    set_default(field, ret_struct);
    const bool is_whole = (field->flags & S1_FIELD_REST) != 0 || schema->is_inline;
    const bool is_bare = (field->flags & S1_FIELD_BARE) != 0 && is_scalar_of(schema, node);
    const s1_yaml_node *const value =
        is_whole || is_bare ? node : s1_yaml_get(node, s1_str_of(field->name));
    if (is_blank(value)) {
        if (field->kind == S1_KIND_OBJECT) {
            const bool is_written = value != NULL;
            read_object(r, field->schema, is_written ? value : NULL, source,
                        member(ret_struct, field->offset));
        }
        if (node != NULL && (field->flags & S1_FIELD_REQUIRED) != 0 &&
            (value == NULL || field->kind != S1_KIND_OBJECT)) {
            report_missing(r, field, source);
        }
        return;
    }
    const bool is_empty = value->kind != S1_YAML_SCALAR && value->count == 0;
    if ((field->flags & S1_FIELD_REFUSED) != 0 && !is_empty) {
        const s1_source at = s1_yaml_source(value);
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &at, (s1_str){NULL, 0},
                      s1_yaml_show(value, r->arena), s1_str_of(field->refusal), (s1_str){NULL, 0});
        return;
    }
    read_value(r, schema, field, value, ret_struct);
}

static void report_unknown(const reader *r, const s1_schema *schema, const s1_yaml_node *node)
{
    size_t count = 0;
    const s1_str *const keys = s1_schema_keys(schema, r->arena, &count);
    for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        if (is_known_key(schema, child->key)) {
            continue;
        }
        const s1_source at = {child->file, child->key_line, child->key_column, child};
        const s1_str names = s1_config_join_names(r->arena, keys, count);
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &at, (s1_str){NULL, 0}, S1_STR("an unknown key"),
                      count != 0 ? names : S1_STR("none"),
                      s1_config_nearest(child->key, keys, count));
    }
}

static void read_object(const reader *r, const s1_schema *schema, const s1_yaml_node *node,
                        const s1_source *outer, void *ret_struct)
{
    memset(ret_struct, 0, schema->size);
    s1_source source = *outer;
    source.node = node;
    memcpy(ret_struct, &source, sizeof source);
    if (node != NULL && !schema->is_inline && node->kind != S1_YAML_MAP &&
        node->kind != S1_YAML_NULL && !is_scalar_of(schema, node)) {
        s1_faults_add(r->faults, S1_FAULT_SCHEMA, &source, (s1_str){NULL, 0},
                      s1_yaml_show(node, r->arena), S1_STR("a map"), (s1_str){NULL, 0});
        node = NULL;
    }
    bool has_rest = schema->is_inline;
    for (const s1_schema_field *field = schema->fields; field->name != NULL; field++) {
        read_field(r, schema, field, node, &source, ret_struct);
        has_rest = has_rest || (field->flags & S1_FIELD_REST) != 0;
    }
    if (node != NULL && !has_rest) {
        report_unknown(r, schema, node);
    }
}

void s1_schema_read(const s1_schema *schema, const s1_yaml_node *node, void *ret_struct,
                    s1_arena *arena, s1_faults *faults)
{
    const reader r = {arena, faults};
    const s1_source source = s1_yaml_source(node);
    read_object(&r, schema, node, &source, ret_struct);
}
