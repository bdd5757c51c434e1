/* backend/data/persistors/json_persistor.h - JSON in files: one class, two modes.
 *
 * atomic (IStatePersistor): one envelope
 *     {"generation":G,"length":L,"crc32c":"8 hex","state":<L bytes>}\n
 * whose crc covers every byte of the file but its own eight digits. A save writes PATH.journal and
 * syncs it and its name, renames PATH to PATH.prev, renames PATH.journal to PATH and syncs the
 * directory.
 * Loading completes an interrupted save only if its journal is whole and newer; a torn or older one
 * is dropped. A damaged PATH is refused with what can be done about it, never replaced by nothing.
 *
 * append_only (IJournalPersistor): blocks of lines at the end of PATH. A block that would make the
 * file longer than segment_bytes_max starts the next one, PATH.2, PATH.3, ..., whose chain goes on;
 * what came before is synced first, so that only the last can be torn. Opening verifies the whole
 * chain over all of them; a last block that was never sealed is cut off (truncate, sync) and
 * reported in the tail, anything else that is wrong is refused with its line. The lock is on PATH.
 *
 * With reserve_bytes, opening also sees to a file PATH.reserve of that many written zeros. When an
 * append finds the disk full (ENOSPC, EDQUOT) that file is removed, what the attempt left is cut
 * off and synced away, and the same bytes go to the same place once more; from then on the journal
 * is low. The next open makes the reserve again. A failed sync is not tried again with a reserve
 * either.
 *
 * Everything goes through the s1_fs seam. The folder of PATH must exist; nothing outside PATH,
 * PATH.journal, PATH.prev, PATH.N and PATH.reserve (while it is made: PATH.reserve.tmp) is touched.
 * Every failed write, sync or rename poisons the instance and none is tried again (but for the one
 * write of a reserve): a second fsync may report success for bytes that are gone.
 *
 * Assumed of the disk: a synced byte stays; a sector (512 bytes) is written whole or not at all,
 * and writing one leaves its neighbours alone (SQLite's "powersafe overwrite").
 */
#ifndef S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_H
#define S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_H

#include "backend/core/interfaces/journal_persistor.h"
#include "backend/core/interfaces/state_persistor.h"
#include "backend/utils/fs.h"

#define S1_STATE_BYTES_MAX (16u * 1024u * 1024u) /* of a state text unless told otherwise */

enum s1_json_persistor_mode { S1_JSON_PERSISTOR_ATOMIC = 1, S1_JSON_PERSISTOR_APPEND_ONLY };

typedef struct s1_json_persistor s1_json_persistor;

typedef struct s1_json_persistor_options {
    const s1_fs *fs;            /* outlives the persistor */
    const char *path;           /* of the file; copied */
    int32_t mode;               /* enum s1_json_persistor_mode */
    bool leaves_sync;           /* append_only, of a folder made durable later: see new */
    uint64_t bytes_max;         /* atomic: of a state text; 0: S1_STATE_BYTES_MAX */
    uint64_t segment_bytes_max; /* append_only: a file of so many goes on in the next; 0: never */
    uint64_t reserve_bytes;     /* append_only, not with leaves_sync: set aside; 0: none */
} s1_json_persistor_options;

/* Heap; free with s1_json_persistor_free, or through the interface asked for below. append_only
 * opens and verifies the file here (made if it is not there); atomic touches nothing before load or
 * save. With leaves_sync blocks go to the file in large pieces, and a sync only writes out what is
 * held. Errors: S1_E_INVALID, S1_E_DATA for a damaged journal (its line), S1_E_IO (a reserve that
 * there is no room for included), S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_json_persistor_new(const s1_json_persistor_options *options,
                                           s1_json_persistor **ret_persistor, s1_err *err);
void s1_json_persistor_free(s1_json_persistor *persistor); /* accepts NULL */

/* The interface of its mode; the same object, freed once. Asking for the other one is asserted. */
s1_state_persistor *s1_json_persistor_state(s1_json_persistor *persistor);
s1_journal_persistor *s1_json_persistor_journal(s1_json_persistor *persistor);

#endif /* S1_BACKEND_DATA_PERSISTORS_JSON_PERSISTOR_H */
