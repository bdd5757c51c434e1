#include "tests/support/deep.h"

#include "tests/support/cmocka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SHOWN_MAX                                                                                  \
    (getenv("S1_DEEP_ALL") != NULL ? UINT64_MAX : 5u) /* failures of a row that are printed */

void s1_deep_fail(s1_deep *deep, uint64_t at, const char *format, ...)
{
    if (deep->failures++ >= SHOWN_MAX) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)printf("%s case %" PRIu64 ": ", deep->row->id, at);
    (void)vprintf(format, arguments);
    va_end(arguments);
    (void)printf("\nREPLAY: %s --row %s --seed %" PRIu64 " --at %" PRIu64 "\n", deep->program,
                 deep->row->id, deep->seed, at);
    (void)fflush(stdout);
}

void s1_deep_figures(s1_deep *deep, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(deep->figures, sizeof deep->figures, format, arguments);
    va_end(arguments);
}

static double now_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Runs one row and prints its line. */
static uint64_t run_row(s1_deep *deep)
{
    const double start = now_seconds();
    deep->row->run(deep);
    (void)printf("%-4s %s  %s: %s%s(%.1f s)\n", deep->row->id,
                 deep->failures == 0 ? "passed" : "FAILED", deep->row->what, deep->figures,
                 deep->figures[0] != '\0' ? " " : "", now_seconds() - start);
    (void)fflush(stdout);
    return deep->failures;
}

/* --- In ctest ------------------------------------------------------------------------------- */

static const char *share_program;

static void run_share(void **state)
{
    const s1_deep_row *const row = *state;
    s1_deep deep = {.row = row,
                    .program = share_program,
                    .seed = S1_DEEP_SEED,
                    .end = row->share,
                    .is_share = true};
    assert_int_equal(run_row(&deep), 0);
}

static int run_shares(const s1_deep_row *rows, size_t count)
{
    struct CMUnitTest tests[32];
    size_t used = 0;
    for (size_t i = 0; i < count && used < 32; i++) {
        if (rows[i].share > 0) {
            tests[used++] = (struct CMUnitTest){.name = rows[i].id,
                                                .test_func = run_share,
                                                .initial_state = (void *)(uintptr_t)&rows[i]};
        }
    }
    return _cmocka_run_group_tests("deep", tests, used, NULL, NULL);
}

/* --- On demand ------------------------------------------------------------------------------ */

static int usage(const char *program)
{
    (void)fprintf(stderr, "usage: %s [--tier T0|T1] [--row ID] [--seed N] [--at K]\n", program);
    return 2;
}

int s1_deep_main(int argc, char **argv, const s1_deep_row *rows, size_t count)
{
    if (argc == 1) {
        share_program = argv[0];
        return run_shares(rows, count);
    }
    const char *wanted = NULL, *tier = "T0";
    uint64_t seed = S1_DEEP_SEED, at = UINT64_MAX;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (value == NULL) {
            return usage(argv[0]);
        }
        if (strcmp(argv[i], "--tier") == 0) {
            tier = value;
        } else if (strcmp(argv[i], "--row") == 0) {
            wanted = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--at") == 0) {
            at = strtoull(value, NULL, 10);
        } else {
            return usage(argv[0]);
        }
    }
    const bool is_night = strcmp(tier, "T1") == 0;
    uint64_t passed = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (wanted != NULL && strcmp(wanted, rows[i].id) != 0) {
            continue;
        }
        s1_deep deep = {.row = &rows[i],
                        .program = argv[0],
                        .seed = seed,
                        .end = is_night ? rows[i].t1 : rows[i].t0,
                        .is_night = is_night};
        if (at != UINT64_MAX) {
            deep.first = at;
            deep.end = at + 1;
        }
        if (run_row(&deep) == 0) {
            passed++;
        } else {
            failed++;
        }
    }
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}
