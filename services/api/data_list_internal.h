/* services/api/data_list_internal.h - a dataset of a catalogue as an entry. Only for services/api.
 */
#ifndef S1_SERVICES_API_DATA_LIST_INTERNAL_H
#define S1_SERVICES_API_DATA_LIST_INTERNAL_H

#include "backend/config/sessions.h"
#include "backend/data/catalog/catalog.h"
#include "backend/utils/arena.h"
#include "services/api/data_list.h"

/* Texts are copied to `arena`. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED
s1_rc s1_list_entry_of(const s1_catalog_dataset *dataset, s1_arena *arena, s1_list_entry *ret_entry,
                       s1_err *err);

/* Counts gaps and missing bars anew where instruments.yaml tells of a session. */
S1_WARN_UNUSED
s1_rc s1_list_entry_apply(s1_list_entry *entry, s1_catalog *catalog, const s1_stream_key *key,
                          const s1_instrument_sessions *sessions, s1_arena *arena, s1_err *err);

#endif /* S1_SERVICES_API_DATA_LIST_INTERNAL_H */
