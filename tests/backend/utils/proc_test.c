/* The process seam, signals and assertions in children of their own, and errno as an error. */
#include "backend/utils/proc.h"

#include "backend/utils/assert.h"
#include "backend/utils/sys_error.h"
#include "tests/support/cmocka.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_machine(void **state)
{
    (void)state;
    char text[4096];
    assert_true(s1_proc_pid() == getpid());
    assert_true(s1_proc_cpu_count() >= 1);
    s1_proc_hostname(text, sizeof text);
    assert_true(text[0] != '\0');
    s1_proc_hostname(text, 3);
    assert_true(strlen(text) <= 2);
    assert_int_equal(s1_proc_exe_path(text, sizeof text, NULL), S1_OK);
    assert_int_equal(text[0], '/');
    assert_int_equal(access(text, X_OK), 0);
    assert_int_equal(s1_proc_exe_path(text, 4, NULL), S1_E_RANGE);
    assert_int_equal(s1_proc_cwd(text, sizeof text, NULL), S1_OK);
    assert_int_equal(text[0], '/');
    assert_int_equal(s1_proc_cwd(text, 1, NULL), S1_E_RANGE);
    const s1_proc_memory memory = s1_proc_memory_now();
    assert_true(memory.rss > 0 && memory.rss_anon > 0 && memory.rss_anon <= memory.rss);
    assert_true(memory.rss_peak > 0);
    assert_true(s1_proc_cpu_time() >= 0);
}

static void test_write(void **state)
{
    (void)state;
    int ends[2];
    char text[8] = "";
    s1_err err = S1_ERR_INIT;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(s1_proc_write(ends[1], "hello", 5, &err), S1_OK);
    assert_int_equal(read(ends[0], text, sizeof text - 1), 5);
    assert_string_equal(text, "hello");
    assert_int_equal(s1_proc_write(ends[1], NULL, 0, &err), S1_OK);
    (void)close(ends[0]);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(s1_proc_write(ends[1], "x", 1, &err), S1_E_IO);
    assert_int_equal(err.sys_errno, EPIPE);
    (void)close(ends[1]);
}

static void test_environment_and_terminal(void **state)
{
    (void)state;
    assert_null(s1_proc_getenv("S1_SURELY_NOT_SET"));
    assert_int_equal(setenv("S1_PROC_TEST", "x", 1), 0);
    assert_string_equal(s1_proc_getenv("S1_PROC_TEST"), "x");
    assert_int_equal(setenv("COLUMNS", "123", 1), 0);
    assert_int_equal(s1_proc_terminal_width(-1, 80), 123);
    assert_int_equal(setenv("COLUMNS", "wide", 1), 0);
    assert_int_equal(s1_proc_terminal_width(-1, 80), 80);
    assert_int_equal(unsetenv("COLUMNS"), 0);
    assert_int_equal(s1_proc_terminal_width(-1, 72), 72);
    assert_false(s1_proc_is_terminal(-1));
}

/* What a child that runs `body` ends with: its exit status, or minus the signal that ended it. */
static int run_child(void (*body)(void))
{
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        (void)close(STDERR_FILENO);
        body();
        _exit(99);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void stop_once(void)
{
    if (s1_proc_install_signals(NULL) != S1_OK || s1_proc_stop_requested() != 0) {
        _exit(1);
    }
    (void)raise(SIGPIPE);
    (void)raise(SIGTERM);
    const int found = s1_proc_stop_requested();
    s1_proc_request_stop(0);
    _exit(found == SIGTERM && s1_proc_stop_requested() == 0 ? 0 : 2);
}

static void stop_twice(void)
{
    if (s1_proc_install_signals(NULL) == S1_OK) {
        (void)raise(SIGINT);
        (void)raise(SIGINT);
    }
}

static void fail_assertion(void)
{
    (void)signal(SIGABRT, SIG_DFL);
    S1_ASSERT(s1_proc_pid() < 0);
}

static void test_signals(void **state)
{
    (void)state;
    assert_int_equal(run_child(stop_once), 0);
    assert_int_equal(run_child(stop_twice), -SIGINT);
    s1_proc_request_stop(SIGINT);
    assert_int_equal(s1_proc_stop_requested(), SIGINT);
    s1_proc_request_stop(0);
}

static void test_assertion_aborts(void **state)
{
    (void)state;
    S1_ASSERT(1 + 1 == 2);
    assert_int_equal(run_child(fail_assertion), -SIGABRT);
}

static void test_sys_errors(void **state)
{
    (void)state;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(S1_RAISE_SYS(&err, ENOSPC, "write '%s'", "x"), S1_E_IO);
    assert_string_equal(err.msg, "write 'x': No space left on device");
    assert_int_equal(err.sys_errno, ENOSPC);
    assert_int_equal(err.code, S1_E_IO);
    assert_int_equal(err.depth, 1);
    assert_int_equal(S1_RAISE_SYS(NULL, ENOENT, "x"), S1_E_NOT_FOUND);
    assert_int_equal(s1_sys_code(EEXIST), S1_E_EXISTS);
    assert_int_equal(s1_sys_code(EACCES), S1_E_DENIED);
    assert_int_equal(s1_sys_code(ENOMEM), S1_E_NO_MEMORY);
    assert_string_equal(s1_sys_text(123456), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_environment_and_terminal),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_assertion_aborts),
        cmocka_unit_test(test_sys_errors),
    };
    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
