/* backend/data/persistors/json_persistor_memory.h - state and journal kept in memory.
 *
 * The second implementation of IStatePersistor and IJournalPersistor: for backtests, whose worker
 * states are written once at the end, for sweeps and for tests. The contract is the same but for
 * what outlives the process, which is nothing.
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_MEMORY_H
#define S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_MEMORY_H

#include "backend/core/interfaces/journal_persistor.h"
#include "backend/core/interfaces/state_persistor.h"

/* An empty state. `bytes_max`: 0 for S1_STATE_BYTES_MAX. Free with s1_state_persistor_free. Errors:
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_memory_state_persistor_new(uint64_t bytes_max,
                                                   s1_state_persistor **ret_persistor, s1_err *err);

/* A journal that starts with `bytes` (copied; may be ""): verified, its torn tail cut, as a file
 * would be. Free with s1_journal_persistor_free. Errors: S1_E_DATA for damage, with the line,
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_memory_journal_persistor_new(s1_str bytes,
                                                     s1_journal_persistor **ret_persistor,
                                                     s1_err *err);

#endif /* S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_MEMORY_H */
