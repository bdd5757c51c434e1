/* backend/core/interfaces/state_persistor.h - IStatePersistor: small state, all or nothing.
 *
 * A state is one JSON text, replaced as a whole. Callers use the s1_state_* functions; implementors
 * fill in s1_state_persistor_ops and put an s1_state_persistor first in their own struct.
 * Implementations: data/persistors/json_persistor (atomic mode: the file) and
 * data/persistors/json_persistor_memory. Both pass tests/contract/state_persistor_contract.h.
 *
 * Promise: after save_atomic returned S1_OK the state outlives a crash; a save that failed or never
 * returned leaves the state before it or, when the crash came after the new one was durable, the
 * new one: never a mixture, never nothing.
 *
 * After a failed save or recovery the persistor is poisoned: every further save and load fails with
 * S1_E_IO and says why, because after a failed fsync nobody knows what the disk holds. A new
 * persistor (a restart) recovers.
 *
 * What moves | who owns it
 * -----------|----------------------------------------------------------------------------------
 * persistor  | its maker's _new; s1_state_persistor_free
 * state.json | borrowed until the next call on the persistor
 *
 * One persistor belongs to one thread.
 */
#ifndef S1_BACKEND_CORE_INTERFACES_STATE_PERSISTOR_H
#define S1_BACKEND_CORE_INTERFACES_STATE_PERSISTOR_H

#include "s1mple/base.h"

/* What load had to do. X(name, text). */
#define S1_STATE_RECOVERY_MAP(X)                                                                   \
    X(NONE, "nothing to recover")                                                                  \
    X(COMPLETED, "an interrupted save was completed")                                              \
    X(DROPPED, "an interrupted save was dropped; the state before it stands")
enum s1_state_recovery {
#define X(name, text) S1_STATE_RECOVERY_##name,
    S1_STATE_RECOVERY_MAP(X)
#undef X
};

typedef struct s1_state_text {
    uint64_t generation; /* saves so far; 0: nothing was ever saved and json is "" */
    s1_str json;
    int32_t recovery; /* enum s1_state_recovery */
    int32_t reserved;
} s1_state_text;

typedef struct s1_state_persistor s1_state_persistor;

/* All members are mandatory. The contract of each stands at the function that calls it. */
typedef struct s1_state_persistor_ops {
    uint32_t size;
    uint32_t reserved;
    void (*free)(s1_state_persistor *self);
    s1_rc (*load)(s1_state_persistor *self, s1_state_text *ret_state, s1_err *err);
    s1_rc (*save_atomic)(s1_state_persistor *self, s1_str json, s1_err *err);
    bool (*is_poisoned)(const s1_state_persistor *self);
} s1_state_persistor_ops;

struct s1_state_persistor {
    const s1_state_persistor_ops *ops;
};

/* Releases the persistor; saves nothing. Accepts NULL. */
static inline void s1_state_persistor_free(s1_state_persistor *persistor)
{
    if (persistor != NULL) {
        persistor->ops->free(persistor);
    }
}

/* load_with_recovery: the last durable state. Completes or drops an interrupted save first. Errors:
 * S1_E_DATA for a damaged state (the message says what is wrong and what can be done; nothing is
 * changed), S1_E_IO, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
static inline s1_rc s1_state_load(s1_state_persistor *persistor, s1_state_text *ret_state,
                                  s1_err *err)
{
    return persistor->ops->load(persistor, ret_state, err);
}

/* Replaces the state; durable when it returns S1_OK. Recovers first if nothing was loaded yet.
 * Errors: S1_E_INVALID for what is not one JSON value in UTF-8, S1_E_RANGE above the persistor's
 * limit (neither poisons), S1_E_DATA as in load, S1_E_IO, S1_E_NO_MEMORY. */
S1_WARN_UNUSED
static inline s1_rc s1_state_save_atomic(s1_state_persistor *persistor, s1_str json, s1_err *err)
{
    return persistor->ops->save_atomic(persistor, json, err);
}

/* True after a save failed: what the disk holds is unknown until a restart recovered it. */
static inline bool s1_state_is_poisoned(const s1_state_persistor *persistor)
{
    return persistor->ops->is_poisoned(persistor);
}

#endif /* S1_BACKEND_CORE_INTERFACES_STATE_PERSISTOR_H */
