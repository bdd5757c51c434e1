/* S10 of the storage programme: the n-th allocation fails, in opening, recovering and putting;
 * every one of them, once and for ever. Nothing may leak (the sanitizers look), nothing
 * acknowledged may be lost, and what was refused may not have been acknowledged.
 *
 * The linker gives us malloc, calloc and realloc of everything linked statically
 * (cmake/S1Tests.cmake). States and journals are read and written without jansson; what explains
 * and replays them uses it, and is in tests/deep/memory_run_test.c, with the order path.
 */
#include "s1mple/error.h"
#include "tests/support/crash_store.h"
#include "tests/support/deep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static uint64_t allocations, fails_at, failed;
static bool is_counting, is_for_ever;

static bool fails(void)
{
    if (!is_counting) {
        return false;
    }
    allocations++;
    const bool is_turn =
        fails_at != 0 && (allocations == fails_at || (is_for_ever && allocations > fails_at));
    failed += is_turn;
    return is_turn;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

static char root[256];

/* One life under the accident. *ret_acknowledged and *ret_tried as far as it came. */
static bool live(const s1_crash_kind *kind, uint32_t round, uint64_t *acknowledged, uint64_t *tried)
{
    static uint32_t rounds[S1_CRASH_ITEMS_MAX];
    s1_crash_store *store = NULL;
    s1_err err = S1_ERR_INIT;
    uint64_t last = 0;
    bool is_kept = true, has_failed = false;
    is_counting = true;
    const s1_rc rc = kind->open(s1_fs_real(), root, rounds, &store, &last, &err);
    if (rc != S1_OK) {
        is_counting = false;
        return rc == S1_E_NO_MEMORY && failed > 0;
    }
    is_kept = last >= *acknowledged && last <= *tried;
    *acknowledged = *tried = last;
    for (uint64_t i = 0; i < 3; i++) {
        const uint64_t before = failed;
        *tried = has_failed ? *tried : last + 2;
        const s1_rc put = kind->put(store, last + 1, 2, round, &err);
        if (put == S1_OK) {
            last += 2;
            *tried = *tried > last ? *tried : last;
            *acknowledged = last;
        } else {
            is_kept = is_kept && (failed > before || has_failed);
            has_failed = true;
            break; /* part of the two may be there: a restart tells */
        }
    }
    is_counting = false;
    kind->close(store);
    return is_kept;
}

static void clean(void)
{
    if (s1_fs_remove_tree(s1_fs_real(), root, NULL) != S1_OK ||
        s1_fs_mkdir(s1_fs_real(), root, NULL) != S1_OK) {
        abort();
    }
}

static bool fail_allocation(s1_deep *deep, uint64_t at, const s1_crash_kind *kind, uint64_t number)
{
    uint64_t acknowledged = 0, tried = 0;
    clean();
    fails_at = 0;
    bool is_kept = live(kind, 1, &acknowledged, &tried); /* something to lose */
    allocations = failed = 0;
    fails_at = number;
    is_kept = is_kept && live(kind, 2, &acknowledged, &tried);
    const bool is_reached = failed > 0;
    fails_at = failed = 0;
    is_kept = is_kept && live(kind, 3, &acknowledged, &tried);
    if (!is_kept) {
        s1_deep_fail(deep, at, "%s, allocation %" PRIu64 " fails %s", kind->name, number,
                     is_for_ever ? "for ever" : "once");
    }
    return is_reached;
}

static void run_s10(s1_deep *deep)
{
    uint64_t at = 0, cases = 0;
    static const s1_crash_kind *const kinds[] = {&s1_crash_state, &s1_crash_journal,
                                                 &s1_crash_reserved};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        for (int mode = 0; mode < 2; mode++) {
            is_for_ever = mode != 0;
            bool is_reached = true;
            for (uint64_t number = 1; is_reached; number++, at++) {
                is_reached = fail_allocation(deep, at, kinds[k], number);
                cases += is_reached;
            }
        }
    }
    s1_deep_figures(deep, "%" PRIu64 " failing allocations, %" PRIu64 " broken", cases,
                    deep->failures);
}

int main(int argc, char **argv)
{
    static const s1_deep_row rows[] = {
        {"S10", "every allocation fails, once and for ever", 1, 1, 1, run_s10},
    };
    (void)snprintf(root, sizeof root, "%s/s1-memory-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    const int status = s1_deep_main(argc, argv, rows, sizeof rows / sizeof rows[0]);
    return s1_fs_remove_tree(s1_fs_real(), root, NULL) == S1_OK ? status : 1;
}
