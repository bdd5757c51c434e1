/* backend/analysis/run_diff.h - the first decision in which two runs differ, and why.
 *
 * Two journals are read side by side. Ids are left aside: an entry is what was decided, by whom,
 * and when. The first decision that one journal has and the other has not, or has otherwise, is
 * where the runs part; what comes after may follow from it. Where values (columns, conditions,
 * limits) differ before that without a decision changing, the first such entry is told too. Its
 * cause is looked for in what a run is a function of: program, plugins, configuration, data and
 * seed.
 */
#ifndef S1_BACKEND_ANALYSIS_RUN_DIFF_H
#define S1_BACKEND_ANALYSIS_RUN_DIFF_H

#include "backend/analysis/explain.h"

#include <jansson.h>

enum s1_run_parting {
    S1_RUN_SAME = 1,  /* all decisions are the same, values aside */
    S1_RUN_ONLY_A,    /* only the first run decided something, then */
    S1_RUN_ONLY_B,    /* only the second did */
    S1_RUN_OTHERWISE, /* both did, otherwise */
};

/* One of the two runs. Everything is borrowed for the call. */
typedef struct s1_run_side {
    const char *name; /* what it is called in texts */
    s1_journal_reader *reader;
    const json_t *run;    /* run.json */
    const json_t *config; /* resolved; NULL: not known */
} s1_run_side;

/* Where two runs part. Everything lives in the arena. */
typedef struct s1_run_difference {
    int32_t parting;        /* enum s1_run_parting */
    int32_t kind;           /* enum s1_journal_kind of the entry; 0: same */
    s1_nanos time;          /* of the entry */
    const char *worker;     /* who decided; "": the platform */
    s1_explain_node *root;  /* the whole explanation */
    s1_explain_node *other; /* what is said of the run that did not decide so; NULL: both did */
    const char *context;    /* JSON: the columns the decision saw; NULL: it tells none */
} s1_run_difference;

/* Reads both journals to their ends and tells where and why they part, with the sums of both runs.
 * Errors: S1_E_DATA for a damaged journal, S1_E_NO_MEMORY, S1_E_IO. */
S1_WARN_UNUSED s1_rc s1_run_diff(const s1_run_side sides[static 2], const s1_locale *locale,
                                 s1_arena *arena, s1_run_difference *ret_difference, s1_err *err);

/* Hangs what a repeated run saw at that bar (s1_why_not_tell) below difference->other: the worker
 * that did not decide so, and the columns in which the two differ. `bar` NULL with `reason`: it
 * could not be repeated. Errors: S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_run_difference_attach(s1_run_difference *difference,
                                              const s1_explain_node *bar, const char *reason,
                                              const s1_locale *locale, s1_arena *arena,
                                              s1_err *err);

#endif /* S1_BACKEND_ANALYSIS_RUN_DIFF_H */
