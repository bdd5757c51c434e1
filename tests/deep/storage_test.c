/* The storage programme (docs/reliability.md) on a simulated file system: power loss at every
 * change (S1), calls that fail (S3), fsync that fails (S4), several at once (S5), damage (S6), and
 * the mutants that all this has to catch (S9). */
#include "backend/utils/rng.h"
#include "s1mple/error.h"
#include "tests/support/crash_store.h"
#include "tests/support/deep.h"
#include "tests/support/sim_fs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "d"
#define FAR    UINT64_MAX /* no crash in this session */

/* One store on one simulated disk, and what it has promised so far. */
typedef struct rig {
    const s1_crash_kind *kind;
    s1_sim_fs *sim;
    s1_habit_fs habit;
    s1_fault_fs fault;
    s1_rng rng;
    uint32_t round;
    uint64_t promised;  /* last item acknowledged, or seen after a recovery */
    uint64_t attempted; /* last item that was tried */
    uint32_t rounds[S1_CRASH_ITEMS_MAX], promised_rounds[S1_CRASH_ITEMS_MAX];
    bool has_failed; /* a broken promise, or an unreadable start */
    bool fills_disk; /* some time in a life */
    char why[400];
} rig;

/* Puts that were acknowledged in a reserve, and crashes after it was removed and before that write
 * was done; in all cases of a row. */
static uint64_t low_puts, crashes_between;

enum ending { ENDED, CRASHED, REFUSED, FAILED };

static rig *rig_new(const s1_crash_kind *kind, uint64_t seed, uint64_t at)
{
    rig *r = calloc(1, sizeof *r);
    if (r == NULL) {
        abort();
    }
    r->kind = kind;
    r->sim = s1_sim_fs_new();
    s1_rng_init_part(&r->rng, seed, at);
    s1_habit_fs_init(&r->habit, s1_sim_fs_table(r->sim));
    s1_fault_fs_init(&r->fault, &r->habit.table);
    if (s1_fs_mkdir(s1_sim_fs_table(r->sim), FOLDER, NULL) != S1_OK) {
        abort();
    }
    s1_sim_fs_sync_all(r->sim);
    return r;
}

static void rig_free(rig *r)
{
    s1_sim_fs_free(r->sim);
    free(r);
}

S1_PRINTF(2, 3) static enum ending broken(rig *r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(r->why, sizeof r->why, format, arguments);
    va_end(arguments);
    r->has_failed = true;
    return FAILED;
}

/* What a recovery found against what was promised. */
static enum ending judge(rig *r, uint64_t found)
{
    if (found < r->promised) {
        return broken(r, "acknowledged lost: item %" PRIu64 " of %" PRIu64, found, r->promised);
    }
    if (found > r->attempted) {
        return broken(r, "item %" PRIu64 " came back, the last one tried is %" PRIu64, found,
                      r->attempted);
    }
    const bool is_state = strcmp(r->kind->file, "state.json") == 0;
    for (uint64_t n = is_state ? found : 1; n <= found && n > 0; n++) {
        if (n <= r->promised && r->rounds[n] != r->promised_rounds[n]) {
            return broken(r, "item %" PRIu64 " is of round %u, acknowledged was round %u", n,
                          r->rounds[n], r->promised_rounds[n]);
        }
        r->promised_rounds[n] = r->rounds[n];
    }
    r->promised = found; /* what a start has seen counts as promised */
    r->attempted = found;
    return ENDED;
}

/* Opens; the ending tells why it did not. */
static enum ending open_store(rig *r, s1_crash_store **ret_store)
{
    s1_err err = S1_ERR_INIT;
    uint64_t found = 0;
    const uint64_t injected = r->fault.failures;
    const s1_rc rc = r->kind->open(&r->fault.table, FOLDER, r->rounds, ret_store, &found, &err);
    if (s1_sim_fs_is_off(r->sim)) {
        if (rc == S1_OK) {
            r->kind->close(*ret_store);
        }
        return CRASHED;
    }
    if (rc != S1_OK && r->fault.failures > injected && rc != S1_E_DATA && rc != S1_CRASH_WRONG) {
        return REFUSED;
    }
    if (rc != S1_OK) {
        return broken(r, "unreadable start: %s", err.msg);
    }
    const enum ending ending = judge(r, found);
    if (ending != ENDED) {
        r->kind->close(*ret_store);
    }
    return ending;
}

/* One life of the process: recovers, puts, ends. */
static enum ending live(rig *r, uint64_t puts)
{
    s1_crash_store *store = NULL;
    r->round++;
    const enum ending opened = open_store(r, &store);
    if (opened != ENDED) {
        return opened;
    }
    if (r->fills_disk) {
        r->fault.unlink_gives_room = true;
        r->fault.write_limit = r->fault.bytes_written + s1_rng_below(&r->rng, 12000);
    }
    enum ending ending = ENDED;
    const bool is_state = strcmp(r->kind->file, "state.json") == 0;
    for (uint64_t i = 0; i < puts && ending == ENDED; i++) {
        const uint64_t count = is_state ? 1 : 1 + s1_rng_below(&r->rng, 6);
        s1_err err = S1_ERR_INIT;
        r->attempted = r->promised + count;
        const uint64_t injected = r->fault.failures;
        const s1_rc rc = r->kind->put(store, r->promised + 1, count, r->round, &err);
        if (rc == S1_OK) {
            for (uint64_t n = r->promised + 1; n <= r->attempted; n++) {
                r->promised_rounds[n] = r->round;
            }
            r->promised = r->attempted;
            low_puts += s1_crash_store_is_low(store);
        } else if (s1_sim_fs_is_off(r->sim)) {
            ending = CRASHED;
            crashes_between += s1_crash_store_is_between(store);
        } else if (r->fault.failures > injected) {
            ending = REFUSED;
            for (uint64_t more = 0; more < 3; more++) {
                if (r->kind->put(store, r->promised + 1, count, r->round, &err) == S1_OK) {
                    ending =
                        broken(r, "acknowledged item %" PRIu64 " after a failure", r->promised + 1);
                }
            }
        } else {
            ending = broken(r, "put of item %" PRIu64 ": %s", r->promised + 1, err.msg);
        }
    }
    r->kind->close(store);
    return ending;
}

static void restart(rig *r)
{
    if (s1_rng_below(&r->rng, 2) == 0) {
        s1_sim_fs_restart_kill(r->sim);
    } else {
        s1_sim_fs_restart_power(r->sim, &r->rng);
    }
}

/* The last word: a power loss, a recovery that is not disturbed, another that finds nothing to do,
 * and the store goes on. */
static void settle(rig *r)
{
    s1_crash_store *store = NULL;
    r->fills_disk = false;
    s1_fault_fs_init(&r->fault, &r->habit.table);
    s1_sim_fs_restart_power(r->sim, &r->rng);
    if (live(r, 0) != ENDED) {
        return;
    }
    const uint64_t promised = r->promised;
    const uint64_t before = s1_sim_fs_changes(r->sim), syncs = s1_sim_fs_fsyncs(r->sim);
    if (open_store(r, &store) != ENDED) {
        return;
    }
    r->kind->close(store);
    const uint64_t changes = s1_sim_fs_changes(r->sim) - before;
    const uint64_t asked = s1_sim_fs_fsyncs(r->sim) - syncs;
    /* A journal writes its last block once more, the same bytes (json_persistor_journal.c). */
    if (r->promised != promised || changes > asked + 1) {
        (void)broken(r, "the second recovery found work: %" PRIu64 " changes, %" PRIu64 " syncs",
                     changes, asked);
        return;
    }
    if (live(r, 1) == ENDED) {
        s1_sim_fs_restart_power(r->sim, &r->rng);
        (void)live(r, 0);
    }
}

/* --- S1 ------------------------------------------------------------------------------------- */

#define S1_PUTS 5u

/* Changes of one undisturbed life. */
static uint64_t count_changes(const s1_crash_kind *kind, uint64_t seed)
{
    rig *r = rig_new(kind, seed, 0);
    const uint64_t before = s1_sim_fs_changes(r->sim);
    r->fills_disk = kind == &s1_crash_reserved;
    (void)live(r, S1_PUTS);
    const uint64_t changes = s1_sim_fs_changes(r->sim) - before;
    rig_free(r);
    return changes;
}

/* Crashes a rig `lives` times, then settles it. */
static void crash_and_settle(rig *r, uint64_t first_crash, uint64_t changes, uint64_t lives)
{
    for (uint64_t life = 0; life < lives && !r->has_failed; life++) {
        const uint64_t at = life == 0 ? first_crash
                            : s1_rng_below(&r->rng, 2) == 0
                                ? 1 + s1_rng_below(&r->rng, 8) /* inside the recovery */
                                : 1 + s1_rng_below(&r->rng, changes);
        s1_sim_fs_crash_at(r->sim, at, s1_rng_below(&r->rng, 4096));
        s1_fault_fs_init(&r->fault, &r->habit.table); /* room again, but for one life in four */
        r->fills_disk = r->kind == &s1_crash_reserved;
        if (r->fills_disk && life > 0 && s1_rng_below(&r->rng, 4) == 0) {
            r->fault.unlink_gives_room = true;
            r->fault.write_limit = s1_rng_below(&r->rng, 2 * S1_CRASH_RESERVE);
        }
        (void)live(r, S1_PUTS);
        restart(r);
    }
    if (!r->has_failed) {
        settle(r);
    }
}

/* Case `at` of a kind, with a mutant's habits. True: promises kept. */
static bool power_case(const s1_crash_kind *kind, uint64_t seed, uint64_t at, uint64_t changes,
                       bool ignores_folder_fsync, bool repairs_no_tail, char why[400])
{
    rig *r = rig_new(kind, seed, at);
    s1_sim_fs_ignore_folder_fsync(r->sim, ignores_folder_fsync);
    r->habit.repairs_no_tail = repairs_no_tail;
    crash_and_settle(r, 1 + at % changes, changes, 1 + s1_rng_below(&r->rng, 3));
    const bool is_kept = !r->has_failed;
    memcpy(why, r->why, sizeof r->why);
    rig_free(r);
    return is_kept;
}

#define KINDS 4u

/* In turns: a state, a journal, a journal in several files, one with a reserve on a full disk. */
static const s1_crash_kind *kind_of(uint64_t at)
{
    static const s1_crash_kind *const kinds[KINDS] = {&s1_crash_state, &s1_crash_journal,
                                                      &s1_crash_rotated, &s1_crash_reserved};
    return kinds[at % KINDS];
}

static void count_all_changes(uint64_t seed, uint64_t ret_changes[KINDS])
{
    for (uint64_t k = 0; k < KINDS; k++) {
        ret_changes[k] = count_changes(kind_of(k), seed);
    }
}

static void run_s1(s1_deep *deep)
{
    uint64_t changes[KINDS];
    count_all_changes(deep->seed, changes);
    char why[400];
    low_puts = crashes_between = 0;
    for (uint64_t at = deep->first; at < deep->end; at++) {
        const uint64_t number = at / KINDS; /* so that each kind goes through all its places */
        if (!power_case(kind_of(at), deep->seed + at % KINDS, number, changes[at % KINDS], false,
                        false, why)) {
            s1_deep_fail(deep, at, "%s: %s", kind_of(at)->name, why);
        }
    }
    s1_deep_figures(deep,
                    "%" PRIu64 " crash states, %" PRIu64 " puts acknowledged in a reserve, %" PRIu64
                    " crashes between its end and the second write, %" PRIu64 " broken",
                    deep->end - deep->first, low_puts, crashes_between, deep->failures);
    if ((low_puts == 0 || crashes_between == 0) && deep->end - deep->first > 100) {
        s1_deep_fail(deep, 0, "no reserve was ever used, or no crash came between");
    }
}

/* --- S3 ------------------------------------------------------------------------------------- */

static const int s3_errnos[] = {ENOSPC, EIO, EDQUOT, EMFILE, ENOMEM, EROFS};

/* Fails call `number` of two lives; false: that many there are not. */
static bool fail_call(s1_deep *deep, uint64_t at, const s1_crash_kind *kind, uint64_t number,
                      int sys_errno, bool is_permanent)
{
    rig *r = rig_new(kind, deep->seed, at);
    s1_fault_fs_fail(&r->fault, -1, number, sys_errno, is_permanent);
    const enum ending first = live(r, S1_PUTS);
    const bool is_reached = r->fault.failures > 0;
    if (first == ENDED && !r->has_failed) { /* the call's failure did not matter, or came later */
        (void)live(r, 2);
    }
    if (!r->has_failed) {
        settle(r);
    }
    if (r->has_failed) {
        s1_deep_fail(deep, at, "%s: call %" PRIu64 " fails with errno %d %s: %s", kind->name,
                     number, sys_errno, is_permanent ? "for ever" : "once", r->why);
    }
    rig_free(r);
    return is_reached;
}

static void run_s3(s1_deep *deep)
{
    uint64_t cases = 0, at = 0;
    for (uint64_t k = 0; k < KINDS; k++) {
        for (size_t e = 0; e < sizeof s3_errnos / sizeof s3_errnos[0]; e++) {
            for (int is_permanent = 0; is_permanent < 2; is_permanent++) {
                bool is_reached = true;
                for (uint64_t number = 1; is_reached; number++, at++) {
                    if (deep->first > 0 && at != deep->first) {
                        is_reached = at < deep->first && number < 400;
                        continue;
                    }
                    is_reached =
                        fail_call(deep, at, kind_of(k), number, s3_errnos[e], is_permanent != 0);
                    cases += is_reached;
                }
            }
        }
    }
    s1_deep_figures(deep,
                    "%" PRIu64 " failing calls (every one x once, for ever x 6 errors), %" PRIu64
                    " broken",
                    cases, deep->failures);
}

/* --- S4 ------------------------------------------------------------------------------------- */

/* Fails fsync `number` once or for ever. False: that many there are not. */
static bool fail_fsync(s1_deep *deep, uint64_t at, const s1_crash_kind *kind, uint64_t number,
                       bool is_permanent, bool retries, uint64_t *broken_count)
{
    rig *r = rig_new(kind, deep->seed, at);
    r->habit.retries_fsync = retries;
    (void)live(r, 2); /* something to lose, and to recover */
    s1_sim_fs_crash_at(r->sim, 1 + s1_rng_below(&r->rng, 12), 0);
    (void)live(r, 3);
    s1_sim_fs_restart_kill(r->sim);
    const uint64_t before = s1_sim_fs_fsyncs(r->sim);
    s1_sim_fs_fail_fsync(r->sim, number, is_permanent);
    s1_crash_store *store = NULL;
    s1_err err = S1_ERR_INIT;
    uint64_t found = 0;
    s1_rc rc = kind->open(&r->habit.table, FOLDER, r->rounds, &store, &found, &err);
    if (rc == S1_OK && judge(r, found) == ENDED) {
        r->round++;
        for (uint64_t i = 0; i < 6; i++) { /* goes on asking: nothing may be acknowledged */
            const bool had_failed = rc != S1_OK;
            r->attempted = had_failed ? r->attempted : r->promised + 1;
            const s1_rc now = kind->put(store, r->promised + 1, 1, r->round, &err);
            if (now == S1_OK && had_failed) {
                (void)broken(r, "acknowledged after a failed fsync");
            } else if (now == S1_OK) {
                r->promised++;
                r->promised_rounds[r->promised] = r->round;
            } else if (!kind->is_poisoned(store)) {
                (void)broken(r, "not poisoned after a failed fsync");
            }
            rc = now == S1_OK ? rc : now;
        }
    }
    if (store != NULL) {
        kind->close(store);
    }
    const uint64_t asked = s1_sim_fs_fsyncs(r->sim) - before;
    const bool is_reached = asked >= number;
    if (is_reached && asked > number && !retries) {
        (void)broken(r, "%" PRIu64 " fsyncs were asked for, the first failed was %" PRIu64, asked,
                     number);
    }
    s1_sim_fs_fail_fsync(r->sim, 0, false);
    if (!r->has_failed && s1_rng_below(&r->rng, 2) == 0) { /* a restart without a power loss */
        s1_sim_fs_restart_kill(r->sim);
        (void)live(r, 1);
    }
    if (!r->has_failed) {
        settle(r);
    }
    if (r->has_failed) {
        ++*broken_count;
        if (!retries) {
            s1_deep_fail(deep, at, "%s: fsync %" PRIu64 " fails %s: %s", kind->name, number,
                         is_permanent ? "for ever" : "once", r->why);
        }
    }
    rig_free(r);
    return is_reached;
}

/* All sites, `repeats` times with other accidents around them. Returns how many were tried. */
static uint64_t fail_all_fsyncs(s1_deep *deep, uint64_t repeats, bool retries,
                                uint64_t *broken_count)
{
    uint64_t at = 0, cases = 0;
    for (uint64_t repeat = 0; repeat < repeats; repeat++) {
        for (uint64_t k = 0; k < KINDS; k++) {
            for (int is_permanent = 0; is_permanent < 2; is_permanent++) {
                bool is_reached = true;
                for (uint64_t number = 1; is_reached; number++, at++) {
                    is_reached = fail_fsync(deep, at, kind_of(k), number, is_permanent != 0,
                                            retries, broken_count);
                    cases += is_reached;
                }
            }
        }
    }
    return cases;
}

static void run_s4(s1_deep *deep)
{
    uint64_t broken_count = 0;
    const uint64_t cases = fail_all_fsyncs(deep, deep->end, false, &broken_count);
    s1_deep_figures(deep, "%" PRIu64 " failing fsyncs, %" PRIu64 " broken", cases, broken_count);
}

/* --- S5 ------------------------------------------------------------------------------------- */

static const char *const s5_files[] = {FOLDER "/journal.jsonl.2", FOLDER "/state.json",
                                       FOLDER "/state.json.prev", FOLDER "/state.json.journal",
                                       FOLDER "/journal.jsonl"};

/* Changes a byte of one of the files that are there. */
static void corrupt(rig *r)
{
    const char *path = s5_files[s1_rng_below(&r->rng, sizeof s5_files / sizeof s5_files[0])];
    s1_str bytes;
    if (s1_sim_fs_peek(r->sim, path, &bytes) && bytes.len > 0) {
        const uint64_t offset = s1_rng_below(&r->rng, bytes.len);
        s1_sim_fs_poke(r->sim, path, offset,
                       (uint8_t)((uint8_t)bytes.ptr[offset] ^ (1u << s1_rng_below(&r->rng, 8))));
    }
}

/* After damage a store may refuse, with instructions; it may not come up with less, or with
 * something else. */
static void settle_damaged(rig *r, uint64_t *refused)
{
    s1_crash_store *store = NULL;
    s1_err err = S1_ERR_INIT;
    uint64_t found = 0;
    s1_fault_fs_init(&r->fault, &r->habit.table);
    const s1_rc rc = r->kind->open(&r->fault.table, FOLDER, r->rounds, &store, &found, &err);
    if (rc == S1_OK) {
        (void)judge(r, found);
        r->kind->close(store);
    } else if (rc == S1_E_DATA && strstr(err.msg, FOLDER "/") != NULL) {
        ++*refused;
    } else {
        (void)broken(r, "after damage: %s", err.msg);
    }
}

static void compound_case(s1_deep *deep, uint64_t at, const uint64_t changes[KINDS],
                          uint64_t *refused)
{
    rig *r = rig_new(kind_of(at), deep->seed ^ 0x55, at);
    const uint64_t lives = 2 + s1_rng_below(&r->rng, 3);
    const uint64_t what = s1_rng_below(&r->rng, 3);
    for (uint64_t life = 0; life < lives && !r->has_failed; life++) {
        s1_sim_fs_crash_at(r->sim, 1 + s1_rng_below(&r->rng, life == 0 ? changes[at % KINDS] : 8),
                           s1_rng_below(&r->rng, 4096));
        if (what == 1 && life > 0) { /* the disk is full, or gives up, while recovering */
            s1_fault_fs_fail(&r->fault, -1, 1 + s1_rng_below(&r->rng, 20),
                             s1_rng_below(&r->rng, 2) == 0 ? ENOSPC : EIO,
                             s1_rng_below(&r->rng, 2) == 0);
        }
        r->fills_disk = r->kind == &s1_crash_reserved;
        (void)live(r, S1_PUTS);
        s1_fault_fs_init(&r->fault, &r->habit.table);
        restart(r);
    }
    if (!r->has_failed && what == 2) {
        corrupt(r);
        settle_damaged(r, refused);
    } else if (!r->has_failed) {
        settle(r);
    }
    if (r->has_failed) {
        s1_deep_fail(deep, at, "%s, accident %" PRIu64 ": %s", r->kind->name, what, r->why);
    }
    rig_free(r);
}

static void run_s5(s1_deep *deep)
{
    uint64_t changes[KINDS];
    count_all_changes(deep->seed, changes);
    uint64_t refused = 0;
    for (uint64_t at = deep->first; at < deep->end; at++) {
        compound_case(deep, at, changes, &refused);
    }
    s1_deep_figures(deep,
                    "%" PRIu64 " compound faults, %" PRIu64
                    " refused with instructions (damage), %" PRIu64 " broken",
                    deep->end - deep->first, refused, deep->failures);
}

/* --- S6 ------------------------------------------------------------------------------------- */

typedef struct damage_counts {
    uint64_t detected, harmless, reported; /* reported: cut off as a torn tail, and said */
} damage_counts;

/* Opens a damaged store with `reader`; true if the damage was detected or did no harm. */
static bool judge_damage(rig *r, const s1_crash_kind *reader, damage_counts *counts)
{
    s1_crash_store *store = NULL;
    s1_err err = S1_ERR_INIT;
    uint64_t found = 0;
    const s1_rc rc = reader->open(s1_sim_fs_table(r->sim), FOLDER, r->rounds, &store, &found, &err);
    if (rc != S1_OK) {
        counts->detected += rc == S1_E_DATA;
        if (rc != S1_E_DATA) {
            (void)broken(r, "not detected: %s", err.msg);
        }
        return rc == S1_E_DATA;
    }
    reader->close(store);
    if (found != r->promised) {
        (void)broken(r, "not detected: item %" PRIu64 " of %" PRIu64, found, r->promised);
        return false;
    }
    counts->harmless++;
    return true;
}

/* A store at rest, with `puts` puts in it. */
static rig *full_rig(const s1_crash_kind *kind, uint64_t seed, uint64_t puts)
{
    rig *r = rig_new(kind, seed, 0);
    if (live(r, puts) != ENDED) {
        abort();
    }
    s1_sim_fs_sync_all(r->sim);
    return r;
}

/* Flips bits one at a time; each is put back. Returns how many were neither detected nor harmless.
 */
static uint64_t flip_bits(s1_deep *deep, const s1_crash_kind *writer, const s1_crash_kind *reader,
                          uint64_t first, uint64_t end, damage_counts *counts)
{
    rig *r = full_rig(writer, deep->seed, 30);
    char path[64];
    s1_str bytes;
    (void)snprintf(path, sizeof path, FOLDER "/%s", writer->file);
    if (!s1_sim_fs_peek(r->sim, path, &bytes)) {
        abort();
    }
    char *clean = malloc(bytes.len);
    if (clean == NULL) {
        abort();
    }
    memcpy(clean, bytes.ptr, bytes.len);
    const size_t length = bytes.len;
    uint64_t missed = 0;
    for (uint64_t at = first; at < end; at++) {
        s1_rng_init_part(&r->rng, deep->seed, at);
        /* Every bit of the last 400 bytes (the last seal) first, then anywhere. */
        const uint64_t near = at < 3200 ? length * 8 - 1 - at : s1_rng_below(&r->rng, length * 8);
        const uint64_t bit = near < length * 8 ? near : at % (length * 8);
        s1_sim_fs_poke(r->sim, path, bit / 8,
                       (uint8_t)((uint8_t)clean[bit / 8] ^ (1u << (bit % 8))));
        if (!judge_damage(r, reader, counts)) {
            missed++;
            if (writer == reader) {
                s1_deep_fail(deep, at, "%s, byte %" PRIu64 " bit %" PRIu64 " of %zu: %s",
                             writer->name, bit / 8, bit % 8, length, r->why);
            }
        }
        const bool is_whole = s1_sim_fs_peek(r->sim, path, &bytes) && bytes.len == length;
        s1_sim_fs_poke(r->sim, path, bit / 8, (uint8_t)clean[bit / 8]);
        if (!is_whole) { /* a reader cut something off: start over */
            rig_free(r);
            r = full_rig(writer, deep->seed, 30);
        }
        r->has_failed = false;
    }
    free(clean);
    rig_free(r);
    return missed;
}

/* A page of zeros in the middle of what is durable. In the last block of a journal that looks like
 * a write that was lost, and is cut off and reported; anywhere else it is refused. */
static void zero_pages(s1_deep *deep, damage_counts *counts)
{
    for (uint64_t at = 0; at < (deep->is_share ? 40u : 400u); at++) {
        rig *r = full_rig(kind_of(at % 2), deep->seed + at, 20);
        s1_str bytes;
        char path[64];
        (void)snprintf(path, sizeof path, FOLDER "/%s", r->kind->file);
        if (!s1_sim_fs_peek(r->sim, path, &bytes)) {
            abort();
        }
        const uint64_t page = s1_rng_below(&r->rng, (bytes.len + 4095) / 4096) * 4096;
        const uint64_t end = page + 4096 < bytes.len ? page + 4096 : bytes.len;
        for (uint64_t i = page; i < end; i++) {
            s1_sim_fs_poke(r->sim, path, i, 0);
        }
        s1_json_persistor *persistor = NULL;
        const s1_json_persistor_options options = {
            .fs = s1_sim_fs_table(r->sim), .path = path, .mode = S1_JSON_PERSISTOR_APPEND_ONLY};
        if (at % 2 == 0) {
            (void)judge_damage(r, r->kind, counts);
        } else {
            const s1_rc rc = s1_json_persistor_new(&options, &persistor, NULL);
            const s1_journal_tail *tail =
                rc == S1_OK ? s1_journal_persistor_tail_borrow(s1_json_persistor_journal(persistor))
                            : NULL;
            if (tail == NULL) {
                counts->detected++;
            } else if (tail->torn_bytes > 0 && end + 2 * 4096 >= bytes.len) {
                counts->reported++;
            } else {
                (void)broken(r, "zeros at %" PRIu64 " of %zu", page, bytes.len);
            }
            s1_json_persistor_free(persistor);
        }
        if (r->has_failed) {
            s1_deep_fail(deep, at, "%s, page of zeros: %s", r->kind->name, r->why);
        }
        rig_free(r);
    }
}

static void copy_file(const s1_fs *fs, const char *from, const char *to)
{
    s1_strbuf bytes;
    s1_strbuf_init(&bytes, 1u << 24);
    if (s1_fs_read_all(fs, from, 1u << 24, &bytes, NULL) != S1_OK ||
        s1_fs_write_file(fs, to, s1_strbuf_view(&bytes), NULL) != S1_OK) {
        abort();
    }
    s1_strbuf_done(&bytes);
}

/* state.json and its .prev changed places, or an older state.json was put back. */
static void swap_states(s1_deep *deep, damage_counts *counts)
{
    for (uint64_t how = 0; how < 2; how++) {
        rig *r = full_rig(&s1_crash_state, deep->seed, 3);
        const s1_fs *fs = s1_sim_fs_table(r->sim);
        if (how == 0) {
            copy_file(fs, FOLDER "/state.json", FOLDER "/x");
            copy_file(fs, FOLDER "/state.json.prev", FOLDER "/state.json");
            copy_file(fs, FOLDER "/x", FOLDER "/state.json.prev");
        } else {
            copy_file(fs, FOLDER "/state.json", FOLDER "/x");
            (void)live(r, 3);
            copy_file(fs, FOLDER "/x", FOLDER "/state.json");
        }
        if (!judge_damage(r, r->kind, counts)) {
            s1_deep_fail(deep, how, "%s: %s",
                         how == 0 ? "state.json and .prev changed places" : "an older state.json",
                         r->why);
        }
        rig_free(r);
    }
}

/* A journal's blocks changed places: the chain tells. */
static void swap_blocks(s1_deep *deep, damage_counts *counts)
{
    rig *r = full_rig(&s1_crash_journal, deep->seed, 30);
    s1_str bytes;
    if (!s1_sim_fs_peek(r->sim, FOLDER "/journal.jsonl", &bytes)) {
        abort();
    }
    char *text = malloc(bytes.len);
    size_t ends[4], found = 0;
    if (text == NULL) {
        abort();
    }
    memcpy(text, bytes.ptr, bytes.len);
    const size_t length = bytes.len;
    for (size_t at = 0; at < length && found < 4;) {
        const char *end = memchr(text + at, '\n', length - at);
        const s1_str line = s1_str_make(text + at, (size_t)(end - (text + at)));
        at += line.len + 1;
        if (s1_str_find(line, S1_STR("\"sha256\":"), 0) != S1_STR_NPOS) {
            ends[found++] = at;
        }
    }
    size_t to = ends[0]; /* block 3, then block 2 */
    for (size_t i = ends[1]; i < ends[2]; i++) {
        s1_sim_fs_poke(r->sim, FOLDER "/journal.jsonl", to++, (uint8_t)text[i]);
    }
    for (size_t i = ends[0]; i < ends[1]; i++) {
        s1_sim_fs_poke(r->sim, FOLDER "/journal.jsonl", to++, (uint8_t)text[i]);
    }
    if (!judge_damage(r, r->kind, counts)) {
        s1_deep_fail(deep, 0, "journal blocks changed places: %s", r->why);
    }
    free(text);
    rig_free(r);
}

static void run_s6(s1_deep *deep)
{
    damage_counts counts = {0};
    const uint64_t first = deep->first / 2, end = (deep->end + 1) / 2;
    (void)flip_bits(deep, &s1_crash_state, &s1_crash_state, first, end, &counts);
    (void)flip_bits(deep, &s1_crash_journal, &s1_crash_journal, first, end, &counts);
    const uint64_t flips = counts.detected + counts.harmless;
    zero_pages(deep, &counts);
    swap_states(deep, &counts);
    swap_blocks(deep, &counts);
    s1_deep_figures(deep,
                    "%" PRIu64 " bit flips, all detected; with zero pages and swaps %" PRIu64
                    " detected, %" PRIu64 " harmless, %" PRIu64
                    " cut as torn and reported, %" PRIu64 " missed",
                    flips, counts.detected, counts.harmless, counts.reported, deep->failures);
}

/* --- S9 ------------------------------------------------------------------------------------- */

static void expect_caught(s1_deep *deep, uint64_t number, const char *mutant, uint64_t caught,
                          uint64_t cases)
{
    const size_t used = strlen(deep->figures);
    (void)snprintf(deep->figures + used, sizeof deep->figures - used, "%s%s %" PRIu64 "/%" PRIu64,
                   used > 0 ? ", " : "", mutant, caught, cases);
    if (caught == 0) {
        s1_deep_fail(deep, number, "mutant not caught: %s", mutant);
    }
}

static uint64_t count_broken(s1_deep *deep, const s1_crash_kind *kind, bool ignores_folder_fsync,
                             bool repairs_no_tail, uint64_t cases)
{
    const uint64_t changes = count_changes(kind, deep->seed);
    char why[400];
    uint64_t caught = 0;
    for (uint64_t at = 0; at < cases; at++) {
        caught +=
            !power_case(kind, deep->seed, at, changes, ignores_folder_fsync, repairs_no_tail, why);
    }
    return caught;
}

static void run_s9(s1_deep *deep)
{
    const uint64_t cases = deep->end;
    damage_counts ignored = {0};
    uint64_t broken_count = 0;
    expect_caught(deep, 1, "seed protocol",
                  count_broken(deep, &s1_crash_seed_state, false, false, cases), cases);
    expect_caught(deep, 2, "no dir fsync, state",
                  count_broken(deep, &s1_crash_state, true, false, cases), cases);
    expect_caught(deep, 2, "journal", count_broken(deep, &s1_crash_journal, true, false, cases),
                  cases);
    expect_caught(deep, 3, "no tail repair",
                  count_broken(deep, &s1_crash_journal, false, true, cases), cases);
    const uint64_t tried = fail_all_fsyncs(deep, 10, true, &broken_count);
    expect_caught(deep, 4, "retrying fsync", broken_count, tried);
    expect_caught(deep, 5, "CRC off, state",
                  flip_bits(deep, &s1_crash_state, &s1_crash_unchecked_state, 0, cases, &ignored),
                  cases);
    expect_caught(deep, 5, "journal",
                  flip_bits(deep, &s1_crash_journal, &s1_crash_unchecked_journal, 4000,
                            4000 + cases, &ignored),
                  cases); /* anywhere, not in the last seal */
}

int main(int argc, char **argv)
{
    static const s1_deep_row rows[] = {
        {"S1", "power loss and kill at every change", 1500, 10000, 2000000, run_s1},
        {"S3", "every call fails, once and for ever", 1, 1, 1, run_s3},
        {"S4", "fsync fails, then succeeds", 2, 40, 2000, run_s4},
        {"S5", "compound faults", 1500, 50000, 1000000, run_s5},
        {"S6", "damage", 2000, 100000, 1000000, run_s6},
        {"S9", "mutants caught", 500, 2000, 20000, run_s9},
    };
    return s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
}
