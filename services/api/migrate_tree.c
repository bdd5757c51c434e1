#include "services/api/migrate_internal.h"

#include <stdarg.h>

/* --- Telling. --------------------------------------------------------------------------------- */

const char *s1_migrate_format(s1_migration *m, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const char *const copy = s1_arena_copy_cstr(m->arena, s1_str_of(text));
    m->has_failed |= copy == NULL;
    return copy != NULL ? copy : "";
}

void s1_migrate_tell(s1_migration *m, int32_t what, const s1_yaml_node *node, const char *to,
                     const char *why)
{
    if (m->entry_count == S1_MIGRATE_ENTRIES_MAX) {
        m->has_failed = true;
        return;
    }
    const bool has_key = node != NULL && node->key_line > 0;
    m->told[m->entry_count] = node;
    m->entries[m->entry_count++] = (s1_migrate_entry){
        .what = what,
        .line = node == NULL ? 0
                : has_key    ? node->key_line
                             : node->line,
        .from = node == NULL
                    ? ""
                    : s1_migrate_format(m, "%.*s", S1_STR_ARG(s1_yaml_path(node, m->arena))),
        .to = to,
        .why = why};
}

void s1_migrate_add(s1_migration *m, const char *to, const char *why)
{
    s1_migrate_tell(m, S1_MIGRATE_ADDED, NULL, to, why);
}

static bool is_told(const s1_migration *m, const s1_yaml_node *node)
{
    for (size_t i = 0; i < m->entry_count; i++) {
        if (m->told[i] == node) {
            return true;
        }
    }
    return false;
}

/* Depth first without recursion: the parser bounds the depth, not we. */
void s1_migrate_tell_rest(s1_migration *m, const s1_yaml_node *root)
{
    const s1_yaml_node *node = root;
    while (node != NULL) {
        const bool is_known = is_told(m, node);
        if (!is_known && node->first != NULL) {
            node = node->first;
            continue;
        }
        if (!is_known && node != root) {
            s1_migrate_tell(m, S1_MIGRATE_LEFT_OUT, node, "", "the new form has no place for it");
        }
        while (node != NULL && node != root && node->next == NULL) {
            node = node->parent;
        }
        node = node == root || node == NULL ? NULL : node->next;
    }
}

/* --- The new tree. ---------------------------------------------------------------------------- */

s1_yaml_node *s1_migrate_node(s1_migration *m, int32_t kind)
{
    s1_yaml_node *const node = s1_arena_one(m->arena, s1_yaml_node);
    if (node == NULL) {
        m->has_failed = true;
        return NULL;
    }
    *node = (s1_yaml_node){.kind = kind};
    return node;
}

s1_yaml_node *s1_migrate_text(s1_migration *m, s1_str text, bool is_quoted)
{
    s1_yaml_node *const node = s1_migrate_node(m, S1_YAML_SCALAR);
    if (node != NULL) {
        node->text = text;
        node->is_quoted = is_quoted;
    }
    return node;
}

void s1_migrate_put(s1_migration *m, s1_yaml_node *parent, s1_str key, s1_yaml_node *child)
{
    if (parent == NULL || child == NULL) {
        m->has_failed = true;
        return;
    }
    child->parent = parent;
    child->key = key;
    child->index = parent->count++;
    if (parent->last != NULL) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
}

/* The copy of one node without its children. */
static s1_yaml_node *copy_one(s1_migration *m, const s1_yaml_node *node)
{
    s1_yaml_node *const copy = s1_migrate_node(m, node->kind);
    if (copy != NULL) {
        copy->text = node->text;
        copy->is_quoted = node->is_quoted;
    }
    return copy;
}

s1_yaml_node *s1_migrate_copy(s1_migration *m, const s1_yaml_node *node)
{
    s1_yaml_node *const top = copy_one(m, node);
    s1_yaml_node *to = top;
    const s1_yaml_node *at = node;
    while (to != NULL) {
        if (at->first != NULL) {
            at = at->first;
        } else {
            while (at != node && at->next == NULL) {
                at = at->parent;
                to = to->parent;
            }
            if (at == node) {
                break;
            }
            at = at->next;
            to = to->parent;
        }
        s1_yaml_node *const child = copy_one(m, at);
        s1_migrate_put(m, to, at->key, child);
        to = child;
    }
    return top;
}

void s1_migrate_map(s1_migration *m, const s1_yaml_node *from, s1_yaml_node *to, s1_str key,
                    const char *path)
{
    s1_migrate_put(m, to, key, s1_migrate_copy(m, from));
    s1_migrate_tell(m, S1_MIGRATE_MAPPED, from, path, "");
}

static const s1_schema_field *find_field(const s1_schema *schema, s1_str key)
{
    for (const s1_schema_field *field = schema->fields; field->name != NULL; field++) {
        if (s1_str_eq_cstr(key, field->name) && (field->flags & S1_FIELD_KEY) == 0) {
            return field;
        }
    }
    return NULL;
}

static void known_child(s1_migration *m, const s1_yaml_node *child, const s1_schema_field *field,
                        s1_yaml_node *to, const char *path)
{
    if (child->kind == S1_YAML_NULL || child->kind == S1_YAML_SCALAR ||
        (field->kind != S1_KIND_OBJECT && field->kind != S1_KIND_MAP)) {
        s1_migrate_map(m, child, to, child->key, path);
        return;
    }
    s1_yaml_node *const made = s1_migrate_node(m, S1_YAML_MAP);
    s1_migrate_put(m, to, child->key, made);
    if (field->kind == S1_KIND_OBJECT) {
        s1_migrate_known(m, child, field->schema, made, path);
        return;
    }
    for (const s1_yaml_node *item = child->first; item != NULL; item = item->next) {
        s1_yaml_node *const made_item = s1_migrate_node(m, S1_YAML_MAP);
        const char *const item_path = s1_migrate_format(m, "%s.%.*s", path, S1_STR_ARG(item->key));
        if (item->kind != S1_YAML_MAP) {
            s1_migrate_map(m, item, made, item->key, item_path);
            continue;
        }
        s1_migrate_put(m, made, item->key, made_item);
        s1_migrate_known(m, item, field->schema, made_item, item_path);
    }
}

void s1_migrate_known(s1_migration *m, const s1_yaml_node *from, const s1_schema *schema,
                      s1_yaml_node *to, const char *path)
{
    for (const s1_yaml_node *child = from->first; child != NULL; child = child->next) {
        const s1_schema_field *const field = find_field(schema, child->key);
        const char *const child_path =
            s1_migrate_format(m, "%s.%.*s", path, S1_STR_ARG(child->key));
        if (field == NULL) {
            s1_migrate_tell(m, S1_MIGRATE_LEFT_OUT, child, "",
                            s1_migrate_format(m, "%s has no such key", path));
        } else if ((field->flags & S1_FIELD_REFUSED) != 0) {
            s1_migrate_tell(m, S1_MIGRATE_LEFT_OUT, child, "",
                            s1_migrate_format(m, "%s: expected %s", child_path, field->refusal));
        } else {
            known_child(m, child, field, to, child_path);
        }
    }
}
