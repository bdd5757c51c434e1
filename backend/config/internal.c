#include "backend/config/internal.h"

#include "backend/utils/assert.h"

#include <stdarg.h>
#include <stdio.h>

void *s1_config_alloc(s1_arena *arena, size_t size)
{
    void *const memory = s1_arena_zeroed(arena, 1, size, alignof(max_align_t));
    S1_ASSERT(memory != NULL);
    return memory;
}

s1_str s1_config_copy(s1_arena *arena, s1_str text)
{
    const s1_str copy = s1_arena_copy_str(arena, text);
    S1_ASSERT(copy.ptr != NULL);
    return copy;
}

s1_str s1_config_format(s1_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    S1_ASSERT(len >= 0);
    char *const text = s1_arena_alloc(arena, (size_t)len + 1, 1);
    S1_ASSERT(text != NULL);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return (s1_str){text, (size_t)len};
}

s1_str s1_config_join_names(s1_arena *arena, const s1_str *names, size_t count)
{
    s1_str text = {"", 0};
    for (size_t i = 0; i < count; i++) {
        const char *const link = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        text = s1_config_format(arena, "%.*s%s%.*s", S1_STR_ARG(text), link, S1_STR_ARG(names[i]));
    }
    return text;
}

const s1_str *s1_schema_keys(const s1_schema *schema, s1_arena *arena, size_t *ret_count)
{
    size_t count = 0;
    for (const s1_schema_field *f = schema->fields; f->name != NULL; f++) {
        count++;
    }
    s1_str *const keys = S1_CONFIG_ARRAY(arena, s1_str, count + 1);
    size_t used = 0;
    for (const s1_schema_field *f = schema->fields; f->name != NULL; f++) {
        if ((f->flags & (S1_FIELD_KEY | S1_FIELD_REST | S1_FIELD_REFUSED)) == 0) {
            keys[used++] = s1_str_of(f->name);
        }
    }
    *ret_count = used;
    return keys;
}

const s1_str *s1_enum_keys(const s1_enum_name *names, s1_arena *arena, size_t *ret_count)
{
    size_t count = 0;
    while (names[count].name != NULL) {
        count++;
    }
    s1_str *const keys = S1_CONFIG_ARRAY(arena, s1_str, count + 1);
    for (size_t i = 0; i < count; i++) {
        keys[i] = s1_str_of(names[i].name);
    }
    *ret_count = count;
    return keys;
}

s1_str s1_config_nearest(s1_str text, const s1_str *names, size_t count)
{
    const ptrdiff_t best = s1_str_nearest(text, names, count);
    return best >= 0 ? names[best] : (s1_str){NULL, 0};
}
