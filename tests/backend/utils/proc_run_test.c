/* Child processes: their output, every way they end, and what may be found in PATH. */
#include "backend/utils/proc_run.h"

#include "tests/support/cmocka.h"

#include <signal.h>
#include <stdlib.h>

static s1_proc_end run(const char *script, const char *const *variables, s1_nanos timeout,
                       s1_strbuf *output)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const s1_proc_command command = {.argv = argv, .variables = variables, .timeout = timeout};
    s1_proc_end end;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_clear(output);
    assert_int_equal(s1_proc_run(&command, output, &end, &err), S1_OK);
    return end;
}

static void programs(void **state)
{
    (void)state;
    static const char *const variables[] = {"S1_PROC_RUN=here", NULL};
    s1_strbuf output;
    s1_strbuf_init(&output, 1u << 20);
    s1_proc_end end =
        run("echo out; echo err >&2; exit 3", NULL, S1_NANOS_PER_SECOND * 60, &output);
    assert_int_equal(end.exit_code, 3);
    assert_int_equal(end.signal, 0);
    assert_false(end.has_timed_out);
    assert_string_equal(s1_strbuf_cstr(&output), "out\nerr\n");
    end = run("echo $S1_PROC_RUN; cat", variables, S1_NANOS_PER_SECOND * 60, &output);
    assert_int_equal(end.exit_code, 0); /* cat reads nothing: there is no terminal */
    assert_string_equal(s1_strbuf_cstr(&output), "here\n");
    end = run("kill -SEGV $$", NULL, S1_NANOS_PER_SECOND * 60, &output);
    assert_int_equal(end.signal, SIGSEGV);
    assert_string_equal(s1_proc_signal_name(end.signal), "segmentation fault");
    end = run("echo before; while :; do :; done & wait", NULL, S1_NANOS_PER_SECOND / 2, &output);
    assert_true(end.has_timed_out);
    assert_int_equal(end.signal, 0);
    assert_string_equal(s1_strbuf_cstr(&output), "before\n");
    s1_strbuf_done(&output);
}

static void programs_that_are_not_there(void **state)
{
    (void)state;
    char path[4096];
    const char *const argv[] = {"no-such-program-here", NULL};
    const s1_proc_command command = {.argv = argv, .timeout = S1_NANOS_PER_SECOND};
    s1_strbuf output;
    s1_proc_end end;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&output, 1024);
    assert_int_equal(s1_proc_run(&command, &output, &end, &err), S1_E_NOT_FOUND);
    assert_non_null(strstr(err.msg, "no-such-program-here"));
    assert_false(s1_proc_find("no-such-program-here", path, sizeof path));
    assert_true(s1_proc_find("sh", path, sizeof path));
    assert_int_equal(path[0], '/');
    assert_true(s1_proc_find("/bin/sh", path, sizeof path));
    assert_false(s1_proc_find("/bin/no-such", path, sizeof path));
    assert_false(s1_proc_find("sh", path, 4));
    s1_strbuf_done(&output);
}

static int body(void *user, s1_strbuf *out)
{
    const int *const what = user;
    s1_strbuf_printf(out, "said %d", *what);
    if (*what == 7) {
        __builtin_trap();
    }
    return *what;
}

static void isolated_work(void **state)
{
    (void)state;
    s1_strbuf output;
    s1_proc_end end;
    s1_err err = S1_ERR_INIT;
    s1_strbuf_init(&output, 1024);
    int what = 5;
    assert_int_equal(s1_proc_isolate(body, &what, S1_NANOS_PER_SECOND * 60, &output, &end, &err),
                     S1_OK);
    assert_int_equal(end.exit_code, 5);
    assert_string_equal(s1_strbuf_cstr(&output), "said 5");
    what = 7;
    assert_int_equal(s1_proc_isolate(body, &what, S1_NANOS_PER_SECOND * 60, &output, &end, &err),
                     S1_OK);
    assert_true(end.signal == SIGILL || end.signal == SIGTRAP || end.exit_code != 0);
    s1_strbuf_done(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs),
        cmocka_unit_test(programs_that_are_not_there),
        cmocka_unit_test(isolated_work),
    };
    return cmocka_run_group_tests_name("backend/utils/proc_run", tests, NULL, NULL);
}
