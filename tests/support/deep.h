/* tests/support/deep.h - programmes of many cases: a share of them in ctest, all of them on demand.
 *
 *   PROGRAM                              the share, as cmocka tests
 *   PROGRAM --tier T0|T1 [--row S1]      one line per row; ends "N passed, N failed"
 *   PROGRAM --row S1 --seed N --at K     one case again, as a failure's REPLAY line says
 *
 * A case is a function of the seed and its number alone.
 */
#ifndef S1_TESTS_SUPPORT_DEEP_H
#define S1_TESTS_SUPPORT_DEEP_H

#include "s1mple/base.h"

#define S1_DEEP_SEED 20261121u

typedef struct s1_deep s1_deep;

typedef struct s1_deep_row {
    const char *id; /* "S1" */
    const char *what;
    /* Cases in ctest, in the tier of a commit, of a night. 0 there: the row sets its own. */
    uint64_t share, t0, t1;
    void (*run)(s1_deep *deep);
} s1_deep_row;

struct s1_deep {
    const s1_deep_row *row;
    const char *program;
    uint64_t seed, first, end; /* cases [first, end) */
    bool is_share, is_night;
    uint64_t failures;
    char figures[320]; /* what the row has to say for itself */
};

/* A case that went wrong, and how to see it again. Printed for the first few. */
S1_PRINTF(3, 4) void s1_deep_fail(s1_deep *deep, uint64_t at, const char *format, ...);
S1_PRINTF(2, 3) void s1_deep_figures(s1_deep *deep, const char *format, ...);

/* The main function of such a program. */
int s1_deep_main(int argc, char **argv, const s1_deep_row *rows, size_t count);

#endif /* S1_TESTS_SUPPORT_DEEP_H */
