#include "backend/config/internal.h"
#include "backend/config/schema.h"
#include "backend/utils/assert.h"
#include "backend/utils/dtoa.h"
#include "backend/utils/json_writer.h"
#include "backend/utils/timefmt.h"

#include <stdlib.h>

#define MASK      "***"
#define SHOWN_MAX 32u

/* --- A struct as a tree. --- */

static s1_yaml_node *make_node(s1_arena *arena, int32_t kind)
{
    s1_yaml_node *const node = S1_CONFIG_NEW(arena, s1_yaml_node);
    node->kind = kind;
    return node;
}

s1_yaml_node *s1_yaml_make_map(s1_arena *arena)
{
    return make_node(arena, S1_YAML_MAP);
}

static void append(s1_yaml_node *parent, s1_yaml_node *node)
{
    node->parent = parent;
    node->index = parent->count++;
    if (parent->last == NULL) {
        parent->first = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
}

void s1_yaml_put(s1_yaml_node *map, s1_str key, s1_yaml_node *node)
{
    node->key = key;
    append(map, node);
}

static s1_yaml_node *make_scalar(s1_arena *arena, s1_str text, bool is_quoted)
{
    s1_yaml_node *const node = make_node(arena, S1_YAML_SCALAR);
    node->text = text;
    node->is_quoted = is_quoted;
    return node;
}

/* A copy, because a node has one parent. */
static s1_yaml_node *copy_tree(s1_arena *arena, const s1_yaml_node *from)
{
    s1_yaml_node *const node = make_node(arena, from->kind);
    node->text = from->text;
    node->is_quoted = from->is_quoted;
    for (const s1_yaml_node *child = from->first; child != NULL; child = child->next) {
        s1_yaml_put(node, child->key, copy_tree(arena, child));
    }
    return node;
}

static s1_str nanos_text(s1_arena *arena, int32_t kind, s1_nanos value)
{
    char text[S1_TIME_TEXT_MAX];
    if (kind == S1_KIND_TIMESTAMP) {
        return s1_config_copy(arena, (s1_str){text, s1_time_print(value, text)});
    }
    return value == 0 ? S1_STR("0s")
                      : s1_config_copy(arena, (s1_str){text, s1_timeframe_print(value, text)});
}

static s1_yaml_node *scalar_node(const s1_schema_field *field, int32_t kind, const s1_value *value,
                                 s1_arena *arena)
{
    char text[S1_DEC_TEXT_MAX];
    switch (kind) {
    case S1_KIND_INT:
        return make_scalar(arena, s1_config_format(arena, "%lld", (long long)value->int_value),
                           false);
    case S1_KIND_FLOAT:
        return make_scalar(arena,
                           s1_config_copy(arena, (s1_str){text, s1_double_print_compact(
                                                                    value->float_value, text)}),
                           false);
    case S1_KIND_DECIMAL:
        return make_scalar(
            arena, s1_config_copy(arena, (s1_str){text, s1_dec_print(value->decimal, text)}), true);
    case S1_KIND_BOOL:
        return make_scalar(arena, value->bool_value ? S1_STR("true") : S1_STR("false"), false);
    case S1_KIND_ENUM:
        return make_scalar(arena, s1_str_of(s1_enum_text(field->names, value->enum_value)), true);
    case S1_KIND_DURATION:
    case S1_KIND_TIMEFRAME:
    case S1_KIND_TIMESTAMP:
        return make_scalar(arena, nanos_text(arena, kind, value->nanos), true);
    default:
        return make_scalar(arena, value->text, true);
    }
}

static s1_yaml_node *list_node(const s1_schema_field *field, const s1_any_list *list,
                               s1_arena *arena)
{
    s1_yaml_node *const node = make_node(arena, S1_YAML_LIST);
    const bool is_object = field->item_kind == S1_KIND_OBJECT;
    const size_t size = is_object ? field->schema->size : s1_value_size(field->item_kind);
    for (uint32_t i = 0; i < list->count; i++) {
        const char *const item = (const char *)list->items + size * i;
        if (is_object) {
            append(node, s1_schema_tree(field->schema, item, arena));
            continue;
        }
        s1_value value;
        memcpy(&value, item, size);
        append(node, scalar_node(field, field->item_kind, &value, arena));
    }
    return node;
}

static s1_str key_of(const s1_schema *schema, const char *item)
{
    s1_str key = {NULL, 0};
    for (const s1_schema_field *f = schema->fields; f->name != NULL; f++) {
        if ((f->flags & S1_FIELD_KEY) != 0) {
            memcpy(&key, item + f->offset, sizeof key);
        }
    }
    return key;
}

static void put_items(const s1_schema_field *field, const s1_any_list *list, s1_yaml_node *map,
                      s1_arena *arena)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const char *const item = (const char *)list->items + field->schema->size * i;
        s1_yaml_put(map, key_of(field->schema, item), s1_schema_tree(field->schema, item, arena));
    }
}

/* Is there something to print: a value that is not "none"? */
static bool is_set(const s1_schema_field *field, const char *base)
{
    if ((field->flags & (S1_FIELD_KEY | S1_FIELD_HIDDEN | S1_FIELD_REFUSED)) != 0) {
        return false;
    }
    if (field->has_offset != 0) {
        bool is_there;
        memcpy(&is_there, base + field->has_offset, sizeof is_there);
        return is_there;
    }
    const char *const at = base + field->offset;
    s1_any_list list;
    s1_value value;
    switch (field->kind) {
    case S1_KIND_LIST:
    case S1_KIND_MAP:
        memcpy(&list, at, sizeof list);
        return list.count != 0 || (field->flags & S1_FIELD_REQUIRED) != 0;
    case S1_KIND_VALUE: {
        const s1_yaml_node *node;
        memcpy(&node, at, sizeof node);
        return node != NULL;
    }
    case S1_KIND_ENUM:
        memcpy(&value, at, sizeof(int32_t));
        return value.enum_value != 0;
    case S1_KIND_STRING:
    case S1_KIND_PATH:
    case S1_KIND_NAME:
        memcpy(&value, at, sizeof(s1_str));
        return value.text.len != 0;
    default:
        return true;
    }
}

static s1_yaml_node *field_node(const s1_schema_field *field, const char *at, s1_arena *arena)
{
    s1_any_list list;
    switch (field->kind) {
    case S1_KIND_OBJECT:
        return s1_schema_tree(field->schema, at, arena);
    case S1_KIND_LIST:
        memcpy(&list, at, sizeof list);
        return list_node(field, &list, arena);
    case S1_KIND_MAP: {
        s1_yaml_node *const map = make_node(arena, S1_YAML_MAP);
        memcpy(&list, at, sizeof list);
        put_items(field, &list, map, arena);
        return map;
    }
    case S1_KIND_VALUE: {
        const s1_yaml_node *value;
        memcpy(&value, at, sizeof value);
        return copy_tree(arena, value);
    }
    default: {
        s1_value value;
        memcpy(&value, at, s1_value_size(field->kind));
        return (field->flags & S1_FIELD_SECRET) != 0
                   ? make_scalar(arena, S1_STR(MASK), true)
                   : scalar_node(field, field->kind, &value, arena);
    }
    }
}

static const s1_schema_field *find_field(const s1_schema *schema, s1_str name)
{
    const s1_schema_field *field = schema->fields;
    while (field->name != NULL && !s1_str_eq_cstr(name, field->name)) {
        field++;
    }
    return field;
}

/* The scalar that says the same as the map (S1_FIELD_BARE), or the map. */
static s1_yaml_node *bare_or_map(const s1_schema *schema, s1_yaml_node *map)
{
    s1_yaml_node *bare = NULL;
    for (s1_yaml_node *child = map->first; child != NULL; child = child->next) {
        const s1_schema_field *const field = find_field(schema, child->key);
        if ((field->flags & S1_FIELD_BARE) != 0) {
            bare = child;
        } else if (field->name == NULL || field->default_text == NULL ||
                   !s1_str_eq_cstr(child->text, field->default_text)) {
            return map;
        }
    }
    return bare != NULL ? bare : map;
}

s1_yaml_node *s1_schema_tree(const s1_schema *schema, const void *values, s1_arena *arena)
{
    const char *const base = values;
    s1_yaml_node *const map = make_node(arena, S1_YAML_MAP);
    for (const s1_schema_field *field = schema->fields; field->name != NULL; field++) {
        if (!is_set(field, base)) {
            continue;
        }
        if (schema->is_inline) {
            return field_node(field, base + field->offset, arena);
        }
        if ((field->flags & S1_FIELD_REST) != 0) {
            s1_any_list list;
            memcpy(&list, base + field->offset, sizeof list);
            put_items(field, &list, map, arena);
            continue;
        }
        s1_yaml_put(map, s1_str_of(field->name), field_node(field, base + field->offset, arena));
    }
    return bare_or_map(schema, map);
}

/* --- A tree as text. --- */

static bool is_json_number(s1_str text)
{
    size_t i = 0;
    i += i < text.len && text.ptr[i] == '-';
    const size_t first = i;
    while (i < text.len && s1_config_is_digit(text.ptr[i])) {
        i++;
    }
    if (i == first || (text.ptr[first] == '0' && i - first > 1)) {
        return false;
    }
    if (i < text.len && text.ptr[i] == '.') {
        const size_t fraction = ++i;
        while (i < text.len && s1_config_is_digit(text.ptr[i])) {
            i++;
        }
        if (i == fraction) {
            return false;
        }
    }
    return i == text.len;
}

/* May the text stand plain in YAML and read back as the same text? */
static bool is_plain(s1_str text)
{
    if (text.len == 0 || s1_str_eq_nocase(text, S1_STR("null")) ||
        s1_str_eq_nocase(text, S1_STR("true")) || s1_str_eq_nocase(text, S1_STR("false"))) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        const bool is_inner = s1_config_is_digit(c) || c == '.' || c == '/' || c == '@' || c == '-';
        if (!is_letter && !(is_inner && (i != 0 || s1_config_is_digit(c)))) {
            return false;
        }
    }
    return true;
}

/* "${" would be read as a variable. */
static void quote(s1_strbuf *text, s1_str value)
{
    const size_t start = text->len;
    s1_json_quote(text, value);
    if (s1_str_find(value, S1_STR("${"), 0) == S1_STR_NPOS || text->has_failed) {
        return;
    }
    char *const quoted = s1_str_dup(s1_str_slice(s1_strbuf_view(text), start, text->len));
    S1_ASSERT(quoted != NULL);
    s1_strbuf_truncate(text, start);
    for (const char *c = quoted; *c != '\0'; c++) {
        if (c[0] == '$' && c[1] == '{') {
            s1_strbuf_char(text, '$');
        }
        s1_strbuf_char(text, *c);
    }
    free(quoted);
}

static void print_scalar(const s1_yaml_node *node, s1_strbuf *text)
{
    if (node->kind == S1_YAML_NULL) {
        s1_strbuf_lit(text, "null");
    } else if ((is_json_number(node->text) ? !node->is_quoted : is_plain(node->text)) ||
               (!node->is_quoted &&
                (s1_str_eq_cstr(node->text, "true") || s1_str_eq_cstr(node->text, "false")))) {
        s1_strbuf_str(text, node->text); /* a quoted "2" stays text: the hash tells them apart */
    } else {
        quote(text, node->text);
    }
}

static void print_block(const s1_yaml_node *node, uint32_t indent, bool is_in_item,
                        s1_strbuf *text);

/* What follows "key:" or "-". */
static void print_below(const s1_yaml_node *node, uint32_t indent, bool is_item, s1_strbuf *text)
{
    const bool is_container = node->kind == S1_YAML_LIST || node->kind == S1_YAML_MAP;
    if (!is_container) {
        s1_strbuf_char(text, ' ');
        print_scalar(node, text);
        s1_strbuf_char(text, '\n');
    } else if (node->count == 0) {
        s1_strbuf_cstr_add(text, node->kind == S1_YAML_LIST ? " []\n" : " {}\n");
    } else if (is_item && node->kind == S1_YAML_MAP) {
        s1_strbuf_char(text, ' ');
        print_block(node, indent, true, text);
    } else {
        s1_strbuf_char(text, '\n');
        print_block(node, indent, false, text);
    }
}

static void print_block(const s1_yaml_node *node, uint32_t indent, bool is_in_item, s1_strbuf *text)
{
    for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
        if (!is_in_item || child != node->first) {
            s1_strbuf_repeat(text, ' ', indent);
        }
        if (node->kind == S1_YAML_LIST) {
            s1_strbuf_char(text, '-');
        } else {
            if (is_plain(child->key)) {
                s1_strbuf_str(text, child->key);
            } else {
                s1_json_quote(text, child->key);
            }
            s1_strbuf_char(text, ':');
        }
        print_below(child, indent + 2, node->kind == S1_YAML_LIST, text);
    }
}

void s1_yaml_print(const s1_yaml_node *node, s1_strbuf *ret_text)
{
    if (node->kind == S1_YAML_MAP || node->kind == S1_YAML_LIST) {
        if (node->count == 0) {
            s1_strbuf_cstr_add(ret_text, node->kind == S1_YAML_LIST ? "[]\n" : "{}\n");
        }
        print_block(node, 0, false, ret_text);
        return;
    }
    print_scalar(node, ret_text);
    s1_strbuf_char(ret_text, '\n');
}

static void print_json(const s1_yaml_node *node, s1_json_writer *w)
{
    switch (node->kind) {
    case S1_YAML_MAP:
        s1_json_object(w);
        for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
            s1_json_key(w, child->key);
            print_json(child, w);
        }
        s1_json_object_end(w);
        break;
    case S1_YAML_LIST:
        s1_json_array(w);
        for (const s1_yaml_node *child = node->first; child != NULL; child = child->next) {
            print_json(child, w);
        }
        s1_json_array_end(w);
        break;
    case S1_YAML_SCALAR:
        if (!node->is_quoted && (is_json_number(node->text) || s1_str_eq_cstr(node->text, "true") ||
                                 s1_str_eq_cstr(node->text, "false"))) {
            s1_json_raw(w, node->text);
        } else {
            s1_json_str(w, node->text);
        }
        break;
    default:
        s1_json_null(w);
        break;
    }
}

void s1_yaml_print_json(const s1_yaml_node *node, s1_strbuf *ret_text)
{
    s1_json_writer w;
    s1_json_init(&w, ret_text, 0);
    print_json(node, &w);
}

/* --- Documentation. --- */

typedef struct doc {
    s1_strbuf *text;
    s1_arena *arena;
    struct { /* items of lists: written out at their first place, named at the others */
        const s1_schema *schema;
        s1_str path;
    } shown[SHOWN_MAX];
    size_t shown_count;
} doc;

static s1_str shown_at(const doc *d, const s1_schema *schema)
{
    for (size_t i = 0; i < d->shown_count; i++) {
        if (d->shown[i].schema == schema) {
            return d->shown[i].path;
        }
    }
    return (s1_str){NULL, 0};
}

static void cell(const doc *d, s1_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '|') {
            s1_strbuf_char(d->text, '\\');
        }
        s1_strbuf_char(d->text, text.ptr[i]);
    }
    s1_strbuf_lit(d->text, " | ");
}

static s1_str type_text(const doc *d, const s1_schema_field *field)
{
    if ((field->flags & S1_FIELD_REFUSED) != 0) {
        return S1_STR("not in this version");
    }
    if (field->kind == S1_KIND_LIST) {
        if (field->item_kind == S1_KIND_OBJECT) {
            return S1_STR("list of maps");
        }
        const s1_str item = s1_schema_expected(field, field->item_kind, d->arena);
        return s1_config_format(d->arena, "list, each %.*s%s", S1_STR_ARG(item),
                                (field->flags & S1_FIELD_SINGLE) != 0 ? "; one alone needs no list"
                                                                      : "");
    }
    if (field->kind == S1_KIND_MAP) {
        return S1_STR("map of maps");
    }
    return s1_schema_expected(field, field->kind, d->arena);
}

static s1_str default_text(const doc *d, const s1_schema_field *field)
{
    if ((field->flags & (S1_FIELD_REQUIRED | S1_FIELD_KEY)) != 0) {
        return S1_STR("required");
    }
    if (field->default_doc != NULL) {
        return s1_str_of(field->default_doc);
    }
    if (field->default_text == NULL) {
        return S1_STR("");
    }
    return s1_config_format(d->arena, "`%s`", field->default_text);
}

static void doc_rows(doc *d, const s1_schema *schema, s1_str prefix);

static const char *key_name(const s1_schema *schema)
{
    for (const s1_schema_field *f = schema->fields; f->name != NULL; f++) {
        if ((f->flags & S1_FIELD_KEY) != 0) {
            return f->name;
        }
    }
    return "name";
}

static void doc_field(doc *d, const s1_schema_field *field, s1_str prefix)
{
    const char *const dot = prefix.len != 0 ? "." : "";
    const s1_str path =
        s1_config_format(d->arena, "%.*s%s%s", S1_STR_ARG(prefix), dot, field->name);
    const bool is_rest = (field->flags & S1_FIELD_REST) != 0;
    const bool is_list = field->kind == S1_KIND_LIST && field->schema != NULL;
    const s1_str earlier = is_list ? shown_at(d, field->schema) : (s1_str){NULL, 0};
    if (!is_rest) {
        s1_strbuf_lit(d->text, "| ");
        cell(d, s1_config_format(d->arena, "`%s`", path.ptr));
        cell(d, type_text(d, field));
        cell(d, default_text(d, field));
        s1_strbuf_cstr_add(d->text, field->doc != NULL ? field->doc : "");
        if (earlier.len != 0) {
            s1_strbuf_printf(d->text, "; keys as `%.*s[]`", S1_STR_ARG(earlier));
        }
        s1_strbuf_lit(d->text, " |\n");
    }
    if (is_list && d->shown_count < SHOWN_MAX) {
        d->shown[d->shown_count].schema = field->schema;
        d->shown[d->shown_count++].path = path;
    }
    if (field->schema == NULL || earlier.len != 0 || (field->flags & S1_FIELD_REFUSED) != 0) {
        return;
    }
    if (field->kind == S1_KIND_MAP) {
        const char *const key = key_name(field->schema);
        doc_rows(d, field->schema,
                 is_rest ? s1_config_format(d->arena, "%.*s%s<%s>", S1_STR_ARG(prefix), dot, key)
                         : s1_config_format(d->arena, "%s.<%s>", path.ptr, key));
    } else {
        doc_rows(d, field->schema,
                 field->kind == S1_KIND_LIST ? s1_config_format(d->arena, "%s[]", path.ptr) : path);
    }
}

static void doc_rows(doc *d, const s1_schema *schema, s1_str prefix)
{
    for (const s1_schema_field *field = schema->fields; field->name != NULL; field++) {
        if ((field->flags & (S1_FIELD_KEY | S1_FIELD_HIDDEN)) != 0) {
            continue;
        }
        if (schema->is_inline) {
            s1_strbuf_lit(d->text, "| ");
            cell(d, s1_config_format(d->arena, "`%.*s`", S1_STR_ARG(prefix)));
            cell(d, type_text(d, field));
            cell(d, default_text(d, field));
            s1_strbuf_cstr_add(d->text, field->doc);
            s1_strbuf_lit(d->text, " |\n");
            continue;
        }
        doc_field(d, field, prefix);
    }
}

void s1_schema_print_doc(const s1_schema *schema, const char *file, s1_strbuf *ret_text)
{
    s1_arena arena;
    s1_arena_init(&arena, 16u << 20, 0);
    doc d = {.text = ret_text, .arena = &arena};
    s1_strbuf_lit(ret_text, "## ");
    s1_strbuf_cstr_add(ret_text, file);
    s1_strbuf_lit(ret_text, "\n\n");
    s1_strbuf_cstr_add(ret_text, schema->doc);
    s1_strbuf_lit(ret_text, "\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
    doc_rows(&d, schema, (s1_str){NULL, 0});
    s1_strbuf_char(ret_text, '\n');
    s1_arena_done(&arena);
}
