#include "backend/utils/arena.h"

#include "backend/utils/assert.h"
#include "s1mple/error.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define ARENA_POISON(ptr, size)   ASAN_POISON_MEMORY_REGION((ptr), (size))
#define ARENA_UNPOISON(ptr, size) ASAN_UNPOISON_MEMORY_REGION((ptr), (size))
#else
#define ARENA_POISON(ptr, size)   ((void)(ptr), (void)(size))
#define ARENA_UNPOISON(ptr, size) ((void)(ptr), (void)(size))
#endif

struct s1_arena_chunk {
    s1_arena_chunk *older;
    size_t size; /* of `bytes` */
    alignas(max_align_t) uint8_t bytes[];
};

struct s1_arena_cleanup {
    s1_arena_cleanup *older;
    void (*run)(void *object);
    void *object;
};

void s1_arena_init(s1_arena *arena, size_t max_bytes, size_t chunk_bytes)
{
    *arena = (s1_arena){
        .max_bytes = max_bytes,
        .chunk_bytes = chunk_bytes != 0 ? chunk_bytes : S1_ARENA_CHUNK_DEFAULT,
    };
}

static void run_cleanups(s1_arena *arena, const s1_arena_cleanup *until)
{
    while (arena->cleanups != until) {
        s1_arena_cleanup *const newest = arena->cleanups;
        S1_ASSERT(newest != NULL);
        arena->cleanups = newest->older;
        newest->run(newest->object);
    }
}

static void free_chunks(s1_arena_chunk *chunk)
{
    while (chunk != NULL) {
        s1_arena_chunk *const older = chunk->older;
        ARENA_UNPOISON(chunk->bytes, chunk->size);
        free(chunk);
        chunk = older;
    }
}

void s1_arena_done(s1_arena *arena)
{
    run_cleanups(arena, NULL);
    free_chunks(arena->chunks);
    free_chunks(arena->spare);
    s1_arena_init(arena, arena->max_bytes, arena->chunk_bytes);
}

s1_arena_mark s1_arena_mark_get(const s1_arena *arena)
{
    return (s1_arena_mark){arena->chunks, arena->next, arena->cleanups};
}

void s1_arena_rewind(s1_arena *arena, s1_arena_mark mark)
{
    run_cleanups(arena, mark.cleanup);
    while (arena->chunks != mark.chunk) {
        s1_arena_chunk *const newest = arena->chunks;
        S1_ASSERT(newest != NULL); /* else the mark is of another arena or was rewound already */
        arena->chunks = newest->older;
        ARENA_POISON(newest->bytes, newest->size);
        newest->older = arena->spare;
        arena->spare = newest;
    }
    arena->next = mark.next;
    arena->end = mark.chunk != NULL ? mark.chunk->bytes + mark.chunk->size : NULL;
    if (mark.next != NULL) {
        ARENA_POISON(mark.next, (size_t)(arena->end - mark.next));
    }
}

void s1_arena_reset(s1_arena *arena)
{
    s1_arena_rewind(arena, (s1_arena_mark){NULL, NULL, NULL});
}

/* A spare chunk of at least `size` bytes, taken off the list, or NULL. */
static s1_arena_chunk *take_spare(s1_arena *arena, size_t size)
{
    for (s1_arena_chunk **at = &arena->spare; *at != NULL; at = &(*at)->older) {
        s1_arena_chunk *const chunk = *at;
        if (chunk->size >= size) {
            *at = chunk->older;
            return chunk;
        }
    }
    return NULL;
}

/* Makes the newest chunk one with room for `size` bytes. */
static bool add_chunk(s1_arena *arena, size_t size)
{
    s1_arena_chunk *chunk = take_spare(arena, size);
    if (chunk == NULL) {
        const size_t room = arena->max_bytes - arena->reserved_bytes;
        if (size > SIZE_MAX - sizeof *chunk || size + sizeof *chunk > room) {
            return false;
        }
        size_t total = size + sizeof *chunk;
        if (total < arena->chunk_bytes) {
            total = arena->chunk_bytes < room ? arena->chunk_bytes : room;
        }
        chunk = malloc(total);
        if (chunk == NULL) {
            return false;
        }
        chunk->size = total - sizeof *chunk;
        arena->reserved_bytes += total;
        ARENA_POISON(chunk->bytes, chunk->size);
    }
    chunk->older = arena->chunks;
    arena->chunks = chunk;
    arena->next = chunk->bytes;
    arena->end = chunk->bytes + chunk->size;
    return true;
}

void *s1_arena_alloc(s1_arena *arena, size_t size, size_t align)
{
    S1_ASSERT(align != 0 && (align & (align - 1)) == 0 && align <= 4096);
    for (int attempt = 0; attempt < 2; attempt++) {
        if (arena->next != NULL) {
            const size_t padding = (size_t)-(uintptr_t)arena->next & (align - 1);
            const size_t room = (size_t)(arena->end - arena->next);
            if (padding <= room && size <= room - padding) {
                uint8_t *const result = arena->next + padding;
                arena->next = result + size;
                ARENA_UNPOISON(result, size);
                return result;
            }
        }
        if (size > SIZE_MAX - align || !add_chunk(arena, size + align)) {
            return NULL;
        }
    }
    return NULL; /* not reached: the new chunk has the room */
}

void *s1_arena_zeroed(s1_arena *arena, size_t count, size_t size, size_t align)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return NULL;
    }
    void *const result = s1_arena_alloc(arena, total, align);
    if (result != NULL) {
        memset(result, 0, total);
    }
    return result;
}

char *s1_arena_copy_cstr(s1_arena *arena, s1_str text)
{
    char *const copy = text.len < SIZE_MAX ? s1_arena_alloc(arena, text.len + 1, 1) : NULL;
    if (copy != NULL) {
        if (text.len > 0) {
            memcpy(copy, text.ptr, text.len);
        }
        copy[text.len] = '\0';
    }
    return copy;
}

s1_str s1_arena_copy_str(s1_arena *arena, s1_str text)
{
    const char *const copy = s1_arena_copy_cstr(arena, text);
    return (s1_str){copy, copy != NULL ? text.len : 0};
}

s1_rc s1_arena_on_done(s1_arena *arena, void (*run)(void *object), void *object, s1_err *err)
{
    s1_arena_cleanup *const cleanup = s1_arena_one(arena, s1_arena_cleanup);
    if (cleanup == NULL) {
        return S1_RAISE(err, S1_E_NO_MEMORY, "arena: no room for a cleanup within %zu bytes",
                        arena->max_bytes);
    }
    *cleanup = (s1_arena_cleanup){arena->cleanups, run, object};
    arena->cleanups = cleanup;
    return S1_OK;
}

size_t s1_arena_reserved(const s1_arena *arena)
{
    return arena->reserved_bytes;
}
