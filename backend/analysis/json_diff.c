#include "backend/analysis/json_diff.h"

#include "backend/config/yaml.h"

#include <string.h>

typedef struct differ {
    s1_strbuf *path;
    s1_json_difference_fn visit;
    void *user;
} differ;

static void compare(const differ *d, const json_t *a, const json_t *b);

/* What an item of a list is called; NULL where nothing names it. */
static const char *name_of(const json_t *item)
{
    for (size_t i = 0; s1_config_item_keys[i] != NULL; i++) {
        const char *const name = json_string_value(json_object_get(item, s1_config_item_keys[i]));
        if (name != NULL) {
            return name;
        }
    }
    return NULL;
}

/* The item of `list` that is called so; NULL where none is. */
static const json_t *find(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *const found = name_of(json_array_get(list, i));
        if (found != NULL && strcmp(found, name) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

static bool is_named(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *const name = name_of(json_array_get(list, i));
        if (name == NULL || find(list, name) != json_array_get(list, i)) {
            return false; /* nothing names it, or two are called alike */
        }
    }
    return true;
}

static void compare_item(const differ *d, const char *name, size_t index, const json_t *a,
                         const json_t *b)
{
    const size_t length = d->path->len;
    if (name != NULL) {
        s1_strbuf_printf(d->path, "[%s]", name);
    } else {
        s1_strbuf_printf(d->path, "[%zu]", index);
    }
    compare(d, a, b);
    s1_strbuf_truncate(d->path, length);
}

static void compare_arrays(const differ *d, const json_t *a, const json_t *b)
{
    const size_t count_a = json_array_size(a);
    const size_t count_b = json_array_size(b);
    if (!is_named(a) || !is_named(b)) {
        for (size_t i = 0; i < count_a || i < count_b; i++) {
            compare_item(d, NULL, i, json_array_get(a, i), json_array_get(b, i));
        }
        return;
    }
    for (size_t i = 0; i < count_a; i++) {
        const char *const name = name_of(json_array_get(a, i));
        compare_item(d, name, i, json_array_get(a, i), find(b, name));
    }
    for (size_t i = 0; i < count_b; i++) {
        const char *const name = name_of(json_array_get(b, i));
        if (find(a, name) == NULL) {
            compare_item(d, name, i, NULL, json_array_get(b, i));
        }
    }
}

static void compare_member(const differ *d, const char *key, const json_t *a, const json_t *b)
{
    const size_t length = d->path->len;
    if (length > 0) {
        s1_strbuf_char(d->path, '.');
    }
    s1_strbuf_cstr_add(d->path, key);
    compare(d, a, b);
    s1_strbuf_truncate(d->path, length);
}

static void compare_objects(const differ *d, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        compare_member(d, key, value, json_object_get(b, key));
    }
    json_object_foreach((json_t *)(uintptr_t)b, key, value)
    {
        if (json_object_get(a, key) == NULL) {
            compare_member(d, key, NULL, value);
        }
    }
}

static void compare(const differ *d, const json_t *a, const json_t *b)
{
    if (json_is_object(a) && json_is_object(b)) {
        compare_objects(d, a, b);
    } else if (json_is_array(a) && json_is_array(b)) {
        compare_arrays(d, a, b);
    } else if (a == NULL || b == NULL || !json_equal(a, b)) {
        d->visit(d->user, s1_strbuf_view(d->path), a, b);
    }
}

void s1_json_diff(const json_t *a, const json_t *b, s1_strbuf *path, s1_json_difference_fn visit,
                  void *user)
{
    if (a == NULL && b == NULL) {
        return;
    }
    compare(&(differ){path, visit, user}, a, b);
}
