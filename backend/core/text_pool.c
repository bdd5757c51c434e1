#include "backend/core/text_pool.h"

s1_rc s1_text_pool_copy_fields(s1_text_pool *pool, const s1_field *fields, uint32_t count,
                               const s1_field **ret_fields, s1_err *err)
{
    if (count > S1_FIELDS_MAX) {
        return S1_RAISE(err, S1_E_INVALID, "%u fields, expected at most %u", count, S1_FIELDS_MAX);
    }
    if (count == 0) {
        *ret_fields = NULL;
        return S1_OK;
    }
    void *memory;
    S1_TRY(err, s1_text_pool_take(pool, count * sizeof *fields, &memory, err));
    s1_field *const copies = memory;
    for (uint32_t i = 0; i < count; i++) {
        copies[i].number = fields[i].number;
        S1_TRY(err, s1_text_pool_copy(pool, fields[i].name, &copies[i].name, err));
        S1_TRY(err, s1_text_pool_copy(pool, fields[i].text, &copies[i].text, err));
    }
    *ret_fields = copies;
    return S1_OK;
}
