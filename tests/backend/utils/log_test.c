#include "backend/utils/log.h"

#include "tests/support/cmocka.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char root[512];
static char path[600];
static s1_manual_clock manual;

static int make_root(void **state)
{
    (void)state;
    const char *const base = getenv("S1_TEST_TMP");
    (void)snprintf(root, sizeof root, "%s/log_XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    (void)snprintf(path, sizeof path, "%s/run.log.json", root);
    s1_manual_clock_init(&manual, 1492592400LL * S1_NANOS_PER_SECOND);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    return s1_fs_remove_tree(s1_fs_real(), root, NULL) != S1_OK;
}

static void read_log(s1_strbuf *text)
{
    s1_strbuf_init(text, 1 << 20);
    assert_int_equal(s1_fs_read_all(s1_fs_real(), path, 1 << 20, text, NULL), S1_OK);
    (void)unlink(path);
}

static s1_log_options options(void)
{
    return (s1_log_options){
        .clock = &manual.clock,
        .profile = S1_LOG_PROFILE_ANALYSIS,
        .fs = s1_fs_real(),
        .json_path = path,
        .human_fd = -1,
    };
}

static void test_json_lines(void **state)
{
    (void)state;
    s1_log_options with = options();
    s1_log *log;
    s1_strbuf text;
    with.run_id.uid.bytes[0] = 0xab;
    with.strategy_link_id = S1_STR("ema@backtest");
    assert_int_equal(s1_log_new(&with, &log, NULL), S1_OK);
    S1_LOG_EVENT(log, S1_LOG_TRADE, "trade_closed", s1_log_str("reason", S1_STR("TAKE\nPROFIT")),
                 s1_log_i64("bars", -3), s1_log_u64("rows", 7), s1_log_f64("score", 0.5),
                 s1_log_dec("pnl", s1_dec_from_mantissa(-125, 2)),
                 s1_log_uid("trade_id", (s1_uid){{1}}));
    s1_log_event(log, S1_LOG_DEBUG, "bare", NULL, 0);
    assert_int_equal(s1_log_flush(log, NULL), S1_OK);
    s1_log_free(log);
    read_log(&text);
    assert_string_equal(
        s1_strbuf_cstr(&text),
        "{\"ts\":\"2017-04-19T09:00:00.000000000Z\",\"level\":\"TRADE\",\"event\":\"trade_closed\","
        "\"run_id\":\"ab000000-0000-0000-0000-000000000000\","
        "\"strategy_link_id\":\"ema@backtest\",\"reason\":\"TAKE\\nPROFIT\",\"bars\":-3,"
        "\"rows\":7,\"score\":0.5,\"pnl\":\"-1.25\","
        "\"trade_id\":\"01000000-0000-0000-0000-000000000000\"}\n"
        "{\"ts\":\"2017-04-19T09:00:00.000000000Z\",\"level\":\"DEBUG\",\"event\":\"bare\","
        "\"run_id\":\"ab000000-0000-0000-0000-000000000000\","
        "\"strategy_link_id\":\"ema@backtest\"}\n");
    s1_strbuf_done(&text);
}

/* The same event in two languages: key and arguments stay, the text changes. */
static void test_languages(void **state)
{
    (void)state;
    static const char *const texts[] = {
        [S1_LANGUAGE_EN] =
            "\"worker\":\"w\",\"message\":\"a \\\"b\\\"\",\"text\":\"w: a \\\"b\\\"\"}\n",
        [S1_LANGUAGE_NL] = "\"text\":\"Context is warm na - bars\"}\n",
    };
    for (int32_t language = S1_LANGUAGE_EN; language <= S1_LANGUAGE_NL; language++) {
        s1_locale *locale;
        s1_log *log;
        s1_strbuf text;
        assert_int_equal(s1_locale_new(language, &locale, NULL), S1_OK);
        s1_log_options with = options();
        with.locale = locale;
        assert_int_equal(s1_log_new(&with, &log, NULL), S1_OK);
        S1_LOG_EVENT(log, S1_LOG_INFO, "worker.message", s1_log_str("worker", S1_STR("w")),
                     s1_log_str("message", S1_STR("a \"b\"")));
        s1_log_event(log, S1_LOG_INFO, "run.bootstrapped", NULL, 0);
        s1_log_event(log, S1_LOG_INFO, "without.text", NULL, 0);
        s1_log_free(log);
        s1_locale_free(locale);
        read_log(&text);
        assert_non_null(strstr(s1_strbuf_cstr(&text), texts[language]));
        assert_non_null(strstr(s1_strbuf_cstr(&text), "\"event\":\"without.text\"}\n"));
        s1_strbuf_done(&text);
    }
}

static void test_profiles(void **state)
{
    (void)state;
    s1_log_options with = options();
    s1_log *log;
    with.profile = S1_LOG_PROFILE_DEVELOPER;
    assert_int_equal(s1_log_new(&with, &log, NULL), S1_OK);
    assert_true(s1_log_wants(log, S1_LOG_INFO));
    assert_true(s1_log_wants(log, S1_LOG_CRITICAL));
    assert_true(s1_log_wants(log, S1_LOG_SETUP));
    assert_true(s1_log_wants(log, S1_LOG_RESULT));
    assert_false(s1_log_wants(log, S1_LOG_DEBUG));
    assert_false(s1_log_wants(log, S1_LOG_TRADE));
    assert_false(s1_log_wants(log, S1_LOG_MATCH));
    assert_false(s1_log_wants(log, -1));
    assert_false(s1_log_wants(log, 64));
    assert_false(s1_log_wants(NULL, S1_LOG_ERROR));
    s1_log_event(NULL, S1_LOG_ERROR, "nobody", NULL, 0);
    assert_int_equal(s1_log_flush(NULL, NULL), S1_OK);
    s1_log_free(log);
    s1_log_free(NULL);
    (void)unlink(path);
}

static void test_levels(void **state)
{
    (void)state;
    int32_t level;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_log_level_parse(S1_STR("FILTER"), &level, NULL), S1_OK);
    assert_int_equal(level, 23);
    assert_string_equal(s1_log_level_name(23), "FILTER");
    assert_string_equal(s1_log_level_name(1), "UNKNOWN");
    assert_int_equal(s1_log_level_parse(S1_STR("WARNIN"), &level, &err), S1_E_INVALID);
    assert_non_null(strstr(err.msg, "(did you mean WARNING?)"));
    assert_int_equal(s1_log_level_parse(S1_STR("nonsense"), &level, &err), S1_E_INVALID);
    assert_null(strstr(err.msg, "did you mean"));
    assert_string_equal(s1_error_name(S1_E_RANGE), "S1_E_RANGE");
    assert_string_equal(s1_error_name(S1_OK), "S1_OK");
    assert_string_equal(s1_error_name(-999), "S1_E_UNKNOWN");
    assert_string_equal(s1_error_text(S1_E_NOT_FOUND), "not found");
}

static void test_human_lines(void **state)
{
    (void)state;
    int ends[2];
    s1_log *log;
    assert_int_equal(pipe(ends), 0);
    s1_log_options with = options();
    with.json_path = NULL;
    with.human_fd = ends[1];
    assert_int_equal(s1_log_new(&with, &log, NULL), S1_OK);
    S1_LOG_EVENT(log, S1_LOG_WARNING, "slow", s1_log_str("who", S1_STR("a\x1b[2Jb")),
                 s1_log_f64("s", 1.5));
    s1_err err = S1_ERR_INIT;
    (void)S1_RAISE(&err, S1_E_DATA, "line %d", 5);
    s1_log_err(log, S1_LOG_ERROR, "import_failed", &err);
    s1_log_free(log);
    char text[2048];
    const ssize_t len = read(ends[0], text, sizeof text - 1);
    assert_true(len > 0);
    text[len] = '\0';
    assert_non_null(strstr(text, "2017-04-19 09:00:00 WARNING  slow who=a?[2Jb s=1.5\n"));
    assert_non_null(strstr(text, "ERROR    import_failed code=S1_E_DATA message=line 5 errno=0 "
                                 "at=test_human_lines (tests/"));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void test_maximum(void **state)
{
    (void)state;
    s1_log_options with = options();
    s1_log *log;
    s1_strbuf text;
    with.max_bytes = 500;
    assert_int_equal(s1_log_new(&with, &log, NULL), S1_OK);
    for (int i = 0; i < 100; i++) {
        S1_LOG_EVENT(log, S1_LOG_INFO, "event", s1_log_i64("i", i));
    }
    assert_false(s1_log_wants(log, S1_LOG_INFO));
    s1_log_free(log);
    read_log(&text);
    assert_true(text.len < 700);
    assert_non_null(strstr(s1_strbuf_cstr(&text), "\"event\":\"log.full\"}\n"));
    s1_strbuf_done(&text);
}

static void test_failing_disk(void **state)
{
    (void)state;
    s1_fault_fs fault;
    s1_log_options with = options();
    s1_log *log;
    s1_err err = S1_ERR_INIT;
    s1_fault_fs_init(&fault, s1_fs_real());
    with.fs = &fault.table;
    assert_int_equal(s1_log_new(&with, &log, NULL), S1_OK);
    s1_fault_fs_fail(&fault, S1_FS_OP_WRITE, 1, ENOSPC, true);
    s1_log_event(log, S1_LOG_ERROR, "lost", NULL, 0); /* no harm to the caller */
    s1_log_event(log, S1_LOG_ERROR, "lost", NULL, 0);
    assert_int_equal(s1_log_flush(log, &err), S1_E_IO);
    assert_int_equal(err.sys_errno, ENOSPC);
    s1_log_free(log);
    s1_fault_fs_init(&fault, s1_fs_real());
    s1_fault_fs_fail(&fault, S1_FS_OP_OPEN, 1, EACCES, false);
    assert_int_equal(s1_log_new(&with, &log, &err), S1_E_DENIED);
    s1_fault_fs_init(&fault, s1_fs_real());
    s1_fault_fs_fail(&fault, S1_FS_OP_STAT_FILE, 1, EIO, false);
    assert_int_equal(s1_log_new(&with, &log, &err), S1_E_IO);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_lines),   cmocka_unit_test(test_languages),
        cmocka_unit_test(test_profiles),     cmocka_unit_test(test_levels),
        cmocka_unit_test(test_human_lines),  cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_failing_disk),
    };
    return cmocka_run_group_tests_name("log", tests, make_root, remove_root);
}
