/* backend/utils/arena.h - memory that dies together: per process, per run, per tick.
 *
 * An arena grows by chunks up to a declared maximum and is released as a whole. Pointers stay valid
 * until reset, rewind past them, or done. Not thread-safe: one arena, one thread.
 */
#ifndef S1_UTILS_ARENA_H
#define S1_UTILS_ARENA_H

#include "s1mple/base.h"

#include <stdalign.h>

typedef struct s1_arena_chunk s1_arena_chunk;
typedef struct s1_arena_cleanup s1_arena_cleanup;

/* In the caller's memory; the fields are private. */
typedef struct s1_arena {
    uint8_t *next; /* next free byte of the newest chunk */
    uint8_t *end;
    s1_arena_chunk *chunks;     /* newest first */
    s1_arena_chunk *spare;      /* kept by reset and rewind, reused before malloc is asked */
    s1_arena_cleanup *cleanups; /* newest first */
    size_t reserved_bytes;      /* of chunks and spare */
    size_t max_bytes;
    size_t chunk_bytes;
} s1_arena;

/* A place to rewind to. */
typedef struct s1_arena_mark {
    s1_arena_chunk *chunk;
    uint8_t *next;
    s1_arena_cleanup *cleanup;
} s1_arena_mark;

#define S1_ARENA_CHUNK_DEFAULT 65536u

/* An empty arena; allocates nothing yet. `max_bytes` limits what it takes from the heap;
 * `chunk_bytes` is the least it takes at once (0: S1_ARENA_CHUNK_DEFAULT). */
void s1_arena_init(s1_arena *arena, size_t max_bytes, size_t chunk_bytes);

/* Runs the cleanups, newest first, and frees everything. The arena may be initialised again. */
void s1_arena_done(s1_arena *arena);

/* Runs the cleanups, newest first; all memory may be handed out again, none goes back to the heap:
 * after a warm-up, an arena that is reset every tick never calls malloc. */
void s1_arena_reset(s1_arena *arena);

/* Where the arena stands, and back to there: cleanups registered since run, newest first. Marks
 * nest; rewinding makes later marks invalid. */
s1_arena_mark s1_arena_mark_get(const s1_arena *arena);
void s1_arena_rewind(s1_arena *arena, s1_arena_mark mark);

/* `size` bytes at a multiple of `align` (a power of two up to 4096), not initialised. NULL only
 * when the maximum is reached or the heap is empty. Size 0 gives a valid pointer. */
S1_WARN_UNUSED void *s1_arena_alloc(s1_arena *arena, size_t size, size_t align);

/* As s1_arena_alloc for count * size bytes (checked), set to zero. */
S1_WARN_UNUSED void *s1_arena_zeroed(s1_arena *arena, size_t count, size_t size, size_t align);

/* A zeroed array of `count` objects of `type`, or NULL. */
#define s1_arena_array(arena, type, count)                                                         \
    ((type *)s1_arena_zeroed((arena), (count), sizeof(type), alignof(type)))
/* One zeroed object of `type`, or NULL. */
#define s1_arena_one(arena, type) s1_arena_array((arena), type, 1)

/* A copy of the text, with a NUL behind it that `len` does not count. {NULL, 0} if there is no
 * memory; the copy of an empty text has a pointer. */
S1_WARN_UNUSED s1_str s1_arena_copy_str(s1_arena *arena, s1_str text);
/* The same as a C string, or NULL. */
S1_WARN_UNUSED char *s1_arena_copy_cstr(s1_arena *arena, s1_str text);

/* Has `run(object)` called when the arena is done, reset or rewound to before here. Errors:
 * S1_E_NO_MEMORY, then the object remains the caller's. */
S1_WARN_UNUSED s1_rc s1_arena_on_done(s1_arena *arena, void (*run)(void *object), void *object,
                                      s1_err *err);

/* Bytes taken from the heap. */
size_t s1_arena_reserved(const s1_arena *arena);

#endif /* S1_UTILS_ARENA_H */
