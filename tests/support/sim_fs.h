/* tests/support/sim_fs.h - a file system in memory that can lose power.
 *
 * Every call that changes something is a place to crash at: s1_sim_fs_crash_at(sim, k, cut) stops
 * the machine in the k-th of them (a write in progress has its first `cut` bytes done), after which
 * every call fails with EIO until a restart. What a restart finds:
 *
 *   kill   what was done is all there; nothing became more durable than it was.
 *   power  what was synced, and of what was not: each 512-byte block old, in between, new or zero;
 *          the file's size old, new or any sector between; names made, moved or removed in a folder
 *          that was not synced since, in any subset. What a sector held that was synced stays.
 *
 * A failed fsync (s1_sim_fs_fail_fsync) does what Linux does: the pages count as clean although
 * they were never written, so a second fsync succeeds and the bytes are gone after a power loss.
 *
 * Test equipment: runs out of memory by aborting. Not for threads.
 */
#ifndef S1_TESTS_SUPPORT_SIM_FS_H
#define S1_TESTS_SUPPORT_SIM_FS_H

#include "backend/utils/fs.h"
#include "backend/utils/rng.h"

typedef struct s1_sim_fs s1_sim_fs;

/* An empty file system: the root folder, "". Paths are relative to it ("d/state.json"). */
s1_sim_fs *s1_sim_fs_new(void);
void s1_sim_fs_free(s1_sim_fs *sim); /* accepts NULL */

/* The seam. Belongs to the simulation. */
const s1_fs *s1_sim_fs_table(const s1_sim_fs *sim);

/* Changing calls so far: files made or cut, writes, syncs, renames, removals, folders made. */
uint64_t s1_sim_fs_changes(const s1_sim_fs *sim);

/* Stops the machine in the change number `number` (counted from now on, first = 1; 0: never), which
 * is not done but for the first `cut` bytes of a write, in whole sectors. */
void s1_sim_fs_crash_at(s1_sim_fs *sim, uint64_t number, uint64_t cut);
bool s1_sim_fs_is_off(const s1_sim_fs *sim);

/* Makes what is there durable, names and all. */
void s1_sim_fs_sync_all(s1_sim_fs *sim);

/* Starts again with what is left. Files that were open are not; locks are gone. */
void s1_sim_fs_restart_kill(s1_sim_fs *sim);
void s1_sim_fs_restart_power(s1_sim_fs *sim, s1_rng *rng);

/* Fails fsync number `number` (counted from now on, first = 1; 0: none), once or for ever. */
void s1_sim_fs_fail_fsync(s1_sim_fs *sim, uint64_t number, bool is_permanent);
/* How many fsyncs were asked for so far. */
uint64_t s1_sim_fs_fsyncs(const s1_sim_fs *sim);

/* A mutant's habit: fsync of a folder does nothing. */
void s1_sim_fs_ignore_folder_fsync(s1_sim_fs *sim, bool is_ignored);

/* Bytes of a file as a program would read them; false if there is none. Borrowed until the next
 * call. s1_sim_fs_poke changes one byte behind everybody's back, durably. */
bool s1_sim_fs_peek(const s1_sim_fs *sim, const char *path, s1_str *ret_bytes);
void s1_sim_fs_poke(s1_sim_fs *sim, const char *path, uint64_t offset, uint8_t byte);

#endif /* S1_TESTS_SUPPORT_SIM_FS_H */
