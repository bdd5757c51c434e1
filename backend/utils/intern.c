#include "backend/utils/intern.h"

#include "backend/utils/arena.h"
#include "backend/utils/assert.h"
#include "backend/utils/hash.h"
#include "backend/utils/text.h"

#include <stdlib.h>

#define INTERN_BYTES_PER_NAME_MAX 1024u

/* Open addressing, linear probing; a slot holds id + 1, 0 is empty. */
struct s1_intern {
    s1_arena arena;
    s1_str *names;
    uint32_t *slots;
    uint32_t count, capacity, max_names;
    uint32_t slot_mask;
};

s1_rc s1_intern_new(uint32_t max_names, s1_intern **ret_intern, s1_err *err)
{
    if (max_names == 0 || max_names > (1u << 28)) {
        return S1_RAISE(err, S1_E_INVALID, "intern: found a maximum of %u names, expected 1..2^28",
                        max_names);
    }
    s1_intern *const intern = calloc(1, sizeof *intern);
    uint32_t *const slots = calloc(16, sizeof *slots);
    if (intern == NULL || slots == NULL) {
        free(slots);
        free(intern);
        return S1_RAISE(err, S1_E_NO_MEMORY, "intern: no memory");
    }
    s1_arena_init(&intern->arena, (size_t)max_names * INTERN_BYTES_PER_NAME_MAX + 65536, 4096);
    intern->slots = slots;
    intern->slot_mask = 15;
    intern->max_names = max_names;
    *ret_intern = intern;
    return S1_OK;
}

void s1_intern_free(s1_intern *intern)
{
    if (intern == NULL) {
        return;
    }
    s1_arena_done(&intern->arena);
    free(intern->names);
    free(intern->slots);
    free(intern);
}

/* The slot where `name` is or belongs. */
static uint32_t probe(const s1_intern *intern, s1_str name)
{
    uint32_t at = (uint32_t)s1_hash64(name.ptr, name.len, 0) & intern->slot_mask;
    while (intern->slots[at] != 0 && !s1_str_eq(intern->names[intern->slots[at] - 1], name)) {
        at = (at + 1) & intern->slot_mask;
    }
    return at;
}

static bool grow_slots(s1_intern *intern)
{
    const uint32_t size = (intern->slot_mask + 1) * 2;
    uint32_t *const slots = calloc(size, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    free(intern->slots);
    intern->slots = slots;
    intern->slot_mask = size - 1;
    for (uint32_t id = 0; id < intern->count; id++) {
        intern->slots[probe(intern, intern->names[id])] = id + 1;
    }
    return true;
}

static bool grow_names(s1_intern *intern)
{
    const uint32_t capacity = intern->capacity == 0 ? 16 : intern->capacity * 2;
    s1_str *const names = realloc(intern->names, capacity * sizeof *names);
    if (names == NULL) {
        return false;
    }
    intern->names = names;
    intern->capacity = capacity;
    return true;
}

s1_rc s1_intern_add(s1_intern *intern, s1_str name, uint32_t *ret_id, s1_err *err)
{
    uint32_t at = probe(intern, name);
    if (intern->slots[at] != 0) {
        *ret_id = intern->slots[at] - 1;
        return S1_OK;
    }
    if (intern->count == intern->max_names) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "intern: '%.*s' would be name number %u, at most %u",
                        S1_STR_ARG(name), intern->count + 1, intern->max_names);
    }
    if (intern->count == intern->capacity && !grow_names(intern)) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "intern: no memory");
    }
    if ((intern->count + 1) * 2 > intern->slot_mask) {
        if (!grow_slots(intern)) {
            return S1_RAISE(err, S1_E_NO_MEMORY, "intern: no memory");
        }
        at = probe(intern, name);
    }
    const s1_str copy = s1_arena_copy_str(&intern->arena, name);
    if (copy.ptr == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "intern: no memory for a name of %zu bytes", name.len);
    }
    intern->names[intern->count] = copy;
    intern->slots[at] = ++intern->count;
    *ret_id = intern->count - 1;
    return S1_OK;
}

uint32_t s1_intern_find(const s1_intern *intern, s1_str name)
{
    const uint32_t found = intern->slots[probe(intern, name)];
    return found != 0 ? found - 1 : S1_INTERN_NONE;
}

s1_str s1_intern_name(const s1_intern *intern, uint32_t id)
{
    S1_ASSERT(id < intern->count);
    return intern->names[id];
}

uint32_t s1_intern_count(const s1_intern *intern)
{
    return intern->count;
}
