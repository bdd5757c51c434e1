/* services/api/plugin_test.h - a plugin's folder: built, checked, its tests run, and asked what
 * every worker owes. */
#ifndef S1_SERVICES_API_PLUGIN_TEST_H
#define S1_SERVICES_API_PLUGIN_TEST_H

#include "s1mple/base.h"

enum s1_plugin_test_state {
    S1_PLUGIN_TEST_PASSED = 1,
    S1_PLUGIN_TEST_FAILED,
    S1_PLUGIN_TEST_SKIPPED /* there is nothing to do, or a step before it failed */
};

/* Why it did not pass, by what a caller can do. */
enum s1_plugin_test_cause {
    S1_PLUGIN_TEST_NONE = 0,
    S1_PLUGIN_TEST_NO_COMPILER, /* nothing to build with */
    S1_PLUGIN_TEST_REFUSED,     /* it does not compile, the host refuses it, a worker fails */
    S1_PLUGIN_TEST_DIFFERENT    /* a test failed; it says something else in a second run, or knew a
                                   bar before its time */
};

typedef struct s1_plugin_test_step { /* texts are borrowed until the report is freed */
    const char *name;                /* "build", "check", "tests", "gate" */
    int32_t state;                   /* enum s1_plugin_test_state */
    const char *text;                /* what was found: output, reasons, counts; "" for nothing */
} s1_plugin_test_step;

#define S1_PLUGIN_TEST_STEPS 4u
typedef struct s1_plugin_test_report s1_plugin_test_report; /* opaque, heap */

typedef struct s1_plugin_test_options {
    const char *dir;     /* with manifest.yaml; worker.c and tests/ where it is to be built */
    const char *csv;     /* real bars for the gate, NULL: generated */
    const char *params;  /* YAML "{period: 5}", NULL: the defaults */
    const char *sdk_dir; /* with include/ and lib/; NULL: where this program's own are */
} s1_plugin_test_options;

/* Builds into dir/build, as the generated Makefile does, with CC or else cc, gcc or clang, and
 * CFLAGS beside its own flags. A folder without C files is taken as built. What is wrong with the
 * plugin stands in the report. Errors: S1_E_NOT_FOUND without the folder, its manifest or the SDK;
 * S1_E_INVALID for a manifest that cannot be read; S1_E_CANCELED, S1_E_IO. Free with
 * s1_plugin_test_report_free. */
S1_WARN_UNUSED s1_rc s1_api_plugin_test(const s1_plugin_test_options *options,
                                        s1_plugin_test_report **ret_report, s1_err *err);

const char *s1_plugin_test_name(const s1_plugin_test_report *report);
int32_t s1_plugin_test_cause(const s1_plugin_test_report *report); /* enum s1_plugin_test_cause */
/* S1_PLUGIN_TEST_STEPS steps, in order. */
const s1_plugin_test_step *s1_plugin_test_steps(const s1_plugin_test_report *report);
void s1_plugin_test_report_free(s1_plugin_test_report *report); /* accepts NULL */

#endif /* S1_SERVICES_API_PLUGIN_TEST_H */
