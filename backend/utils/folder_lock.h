/* backend/utils/folder_lock.h - one writer at a time, by a lock file.
 *
 * Whoever writes into a folder (a data root, a results folder, an archive) takes its lock first.
 * The lock is the kernel's (flock): gone with the process that held it, however it ended. The file
 * holds the number of that process, for the message of who comes second; it is removed when the
 * lock is given back, and one that a killed process left is taken over.
 */
#ifndef S1_UTILS_FOLDER_LOCK_H
#define S1_UTILS_FOLDER_LOCK_H

#include "backend/utils/fs.h"

typedef struct s1_folder_lock s1_folder_lock;

/* Takes the lock file `path`; does not wait. `what` ("results folder 'x'") stands in the message.
 * Errors: S1_E_DENIED if another process has it, with its number; S1_E_IO, S1_E_NO_MEMORY. Heap;
 * s1_folder_lock_free. `fs` is borrowed until then. */
S1_WARN_UNUSED s1_rc s1_folder_lock_new(const s1_fs *fs, const char *path, const char *what,
                                        s1_folder_lock **ret_lock, s1_err *err);

/* Removes the file and gives the lock back. Accepts NULL. */
void s1_folder_lock_free(s1_folder_lock *lock);

#endif /* S1_UTILS_FOLDER_LOCK_H */
