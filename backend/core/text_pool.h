/* backend/core/text_pool.h - short-lived copies of what workers said, one tick long.
 *
 * A bump buffer of fixed size: no allocation on the tick path, and a plugin that talks too much is
 * an error with a name instead of memory without end.
 */
#ifndef S1_BACKEND_CORE_TEXT_POOL_H
#define S1_BACKEND_CORE_TEXT_POOL_H

#include "s1mple/error.h"
#include "s1mple/pipeline.h"

#include <string.h>

#define S1_TEXT_POOL_BYTES (64u * 1024u)

typedef struct s1_text_pool {
    size_t used;
    _Alignas(16) char bytes[S1_TEXT_POOL_BYTES];
} s1_text_pool;

/* Forgets everything that was copied. */
static inline void s1_text_pool_reset(s1_text_pool *pool)
{
    pool->used = 0;
}

/* Room for `size` bytes, aligned to 16. S1_E_NO_MEMORY when the pool is full. */
S1_WARN_UNUSED static inline s1_rc s1_text_pool_take(s1_text_pool *pool, size_t size,
                                                     void **ret_memory, s1_err *err)
{
    const size_t rounded = (size + 15) & ~(size_t)15;
    if (size > sizeof pool->bytes || rounded > sizeof pool->bytes - pool->used) {
        return S1_RAISE(err, S1_E_NO_MEMORY,
                        "signals and threats of one tick may carry %u bytes of text",
                        S1_TEXT_POOL_BYTES);
    }
    *ret_memory = pool->bytes + pool->used;
    pool->used += rounded;
    return S1_OK;
}

/* A copy of the text. */
S1_WARN_UNUSED static inline s1_rc s1_text_pool_copy(s1_text_pool *pool, s1_str text,
                                                     s1_str *ret_copy, s1_err *err)
{
    if (text.len == 0) {
        *ret_copy = (s1_str){NULL, 0};
        return S1_OK;
    }
    void *memory;
    S1_TRY(err, s1_text_pool_take(pool, text.len, &memory, err));
    memcpy(memory, text.ptr, text.len);
    *ret_copy = (s1_str){memory, text.len};
    return S1_OK;
}

/* A copy of fields with their texts. S1_E_INVALID for more than S1_FIELDS_MAX. */
S1_WARN_UNUSED s1_rc s1_text_pool_copy_fields(s1_text_pool *pool, const s1_field *fields,
                                              uint32_t count, const s1_field **ret_fields,
                                              s1_err *err);

#endif /* S1_BACKEND_CORE_TEXT_POOL_H */
