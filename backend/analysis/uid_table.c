#include "backend/analysis/uid_table.h"

#include "backend/utils/uid.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64u

void s1_uid_table_done(s1_uid_table *table)
{
    free(table->uids);
    free(table->slots);
    *table = (s1_uid_table){0};
}

/* Ids are hashes or random bits themselves; mixing covers made-up ones. */
static uint32_t slot_of(const s1_uid_table *table, s1_uid uid)
{
    uint64_t halves[2];
    memcpy(halves, uid.bytes, sizeof halves);
    uint64_t mixed = (halves[0] ^ (halves[1] << 1)) * 0x9E3779B97F4A7C15u;
    mixed ^= mixed >> 32;
    return (uint32_t)mixed & (table->slot_count - 1);
}

uint32_t s1_uid_table_find(const s1_uid_table *table, s1_uid uid)
{
    if (table->slot_count == 0) {
        return S1_UID_TABLE_NONE;
    }
    for (uint32_t slot = slot_of(table, uid);; slot = (slot + 1) & (table->slot_count - 1)) {
        if (table->slots[slot] == 0) {
            return S1_UID_TABLE_NONE;
        }
        if (s1_uid_eq(table->uids[table->slots[slot] - 1], uid)) {
            return table->slots[slot] - 1;
        }
    }
}

static void place(s1_uid_table *table, uint32_t index)
{
    uint32_t slot = slot_of(table, table->uids[index]);
    while (table->slots[slot] != 0) {
        slot = (slot + 1) & (table->slot_count - 1);
    }
    table->slots[slot] = index + 1;
}

static s1_rc grow(s1_uid_table *table, s1_err *err)
{
    const uint32_t slot_count = table->slot_count == 0 ? SLOTS_MIN : table->slot_count * 2;
    uint32_t *const slots = calloc(slot_count, sizeof *slots);
    s1_uid *const uids = realloc(table->uids, slot_count / 2 * sizeof *uids);
    table->uids = uids != NULL ? uids : table->uids;
    if (slots == NULL || uids == NULL || slot_count > S1_UID_TABLE_MAX) {
        free(slots);
        return S1_RAISE(err, S1_E_NO_MEMORY, "a table of %u ids", slot_count / 2);
    }
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    table->capacity = slot_count / 2;
    for (uint32_t i = 0; i < table->count; i++) {
        place(table, i);
    }
    return S1_OK;
}

s1_rc s1_uid_table_put(s1_uid_table *table, s1_uid uid, uint32_t *ret_index, bool *ret_is_new,
                       s1_err *err)
{
    uint32_t index = s1_uid_table_find(table, uid);
    const bool is_new = index == S1_UID_TABLE_NONE;
    if (is_new) {
        if (table->count == table->capacity) {
            S1_TRY(err, grow(table, err));
        }
        index = table->count++;
        table->uids[index] = uid;
        place(table, index);
    }
    *ret_index = index;
    if (ret_is_new != NULL) {
        *ret_is_new = is_new;
    }
    return S1_OK;
}
