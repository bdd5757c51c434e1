#include "backend/utils/text.h"
#include "s1mple/test.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGE_MAX 2048u

/* Where a failure goes: the innermost guard, else the handler, else the end of the process. */
static struct {
    jmp_buf *place;
    char *message;
    size_t size;
    void (*handler)(const char *message, const char *file, int line);
} failing;

void s1_test_on_failure(void (*handler)(const char *message, const char *file, int line))
{
    failing.handler = handler;
}

void s1_test_fail(const char *file, int line, const char *format, ...)
{
    static char text[MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (failing.place != NULL) {
        (void)snprintf(failing.message, failing.size, "%s:%d: %s", file, line, text);
        longjmp(*failing.place, 1);
    }
    if (failing.handler != NULL) {
        failing.handler(text, file, line);
    }
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, text);
    exit(1);
}

bool s1_test_guard(void (*body)(void *user), void *user, char *message, size_t size)
{
    jmp_buf place;
    jmp_buf *const outer = failing.place;
    char *const outer_message = failing.message;
    const size_t outer_size = failing.size;
    failing.place = &place;
    failing.message = message;
    failing.size = size;
    const bool has_passed = setjmp(place) == 0;
    if (has_passed) {
        body(user);
    }
    failing.place = outer;
    failing.message = outer_message;
    failing.size = outer_size;
    return has_passed;
}

static void run_one(void *user)
{
    const s1_test *const test = user;
    test->run();
}

int s1_test_run(const char *group, const s1_test *tests, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        char message[MESSAGE_MAX] = "";
        s1_test test = tests[i];
        const bool has_passed = s1_test_guard(run_one, &test, message, sizeof message);
        failed += !has_passed;
        (void)printf("%s %s: %s%s%s\n", has_passed ? "ok    " : "FAILED", group, tests[i].name,
                     has_passed ? "" : "\n       ", message);
        (void)fflush(stdout);
    }
    (void)printf("%s: %zu passed, %zu failed\n", group, count - failed, failed);
    return failed > 0;
}

/* --- Expectations. --------------------------------------------------------------------------- */

void s1_test_expect_int(long long found, long long expected, const char *what, const char *file,
                        int line)
{
    if (found != expected) {
        s1_test_fail(file, line, "%s: found %lld, expected %lld", what, found, expected);
    }
}

void s1_test_expect_near(double found, double expected, double tolerance, const char *what,
                         const char *file, int line)
{
    const bool is_same = (isnan(found) && isnan(expected)) || found == expected ||
                         fabs(found - expected) <= tolerance;
    if (!is_same) {
        s1_test_fail(file, line, "%s: found %.17g, expected %.17g within %g", what, found, expected,
                     tolerance);
    }
}

void s1_test_expect_text(s1_str found, const char *expected, const char *what, const char *file,
                         int line)
{
    if (!s1_str_eq_cstr(found, expected)) {
        s1_test_fail(file, line, "%s: found '%.*s', expected '%s'", what, S1_STR_ARG(found),
                     expected);
    }
}

void s1_test_expect_text_of(s1_dec found, const char *expected, const char *what, const char *file,
                            int line)
{
    char text[S1_DEC_TEXT_MAX];
    (void)s1_dec_print(found, text);
    s1_test_expect_text(s1_str_of(text), expected, what, file, line);
}
