/* backend/analysis/uid_table.h - which number an id has: the first one seen is 0, the next 1.
 *
 * What is known of an id stands in the caller's own array at that number, in the order of first
 * sight, so that nothing depends on the order of the hash.
 */
#ifndef S1_BACKEND_ANALYSIS_UID_TABLE_H
#define S1_BACKEND_ANALYSIS_UID_TABLE_H

#include "s1mple/error.h"

#define S1_UID_TABLE_NONE UINT32_MAX
#define S1_UID_TABLE_MAX  (1u << 30) /* ids */

typedef struct s1_uid_table {
    s1_uid *uids;    /* [count], in the order they came */
    uint32_t *slots; /* [slot_count], number + 1; 0: free */
    uint32_t count, capacity, slot_count;
} s1_uid_table;

/* Zero is an empty table; release with s1_uid_table_done (also a zeroed one). */
void s1_uid_table_done(s1_uid_table *table);

/* The number of `uid`, S1_UID_TABLE_NONE if it was not put. */
uint32_t s1_uid_table_find(const s1_uid_table *table, s1_uid uid);

/* Puts `uid` if it is new; *ret_index is its number, *ret_is_new (may be NULL) tells. Errors:
 * S1_E_NO_MEMORY, also above S1_UID_TABLE_MAX. */
S1_WARN_UNUSED s1_rc s1_uid_table_put(s1_uid_table *table, s1_uid uid, uint32_t *ret_index,
                                      bool *ret_is_new, s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_UID_TABLE_H */
