/* Which levels a profile has, and what an entry of the journal becomes in the log. */
#include "services/operators/app_logger.h"

#include "backend/dtos/enums.h"
#include "backend/dtos/journal/journal_kind.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void test_profiles(void **state)
{
    (void)state;
    int32_t levels[] = {S1_CONFIG_LOG_TRADE, S1_CONFIG_LOG_WARNING};
    s1_logging_profile own[] = {
        {.name = S1_STR("mine"), .levels = {.items = levels, .count = 2}},
        {.name = S1_STR("developer"), .levels = {.items = levels, .count = 1}}};
    s1_core_config core = {.logging = {.profile = S1_STR("analysis")}};
    assert_true(s1_app_logger_profile(&core) == S1_LOG_PROFILE_ANALYSIS);
    core.logging.profile = S1_STR("developer");
    assert_true(s1_app_logger_profile(&core) == S1_LOG_PROFILE_DEVELOPER);
    core.logging.profiles.items = own;
    core.logging.profiles.count = 2;
    assert_true(s1_app_logger_profile(&core) ==
                (S1_LOG_BIT(S1_LOG_TRADE) | S1_LOG_BIT(S1_LOG_RESULT)));
    core.logging.profile = S1_STR("mine");
    assert_true(
        s1_app_logger_profile(&core) ==
        (S1_LOG_BIT(S1_LOG_TRADE) | S1_LOG_BIT(S1_LOG_WARNING) | S1_LOG_BIT(S1_LOG_RESULT)));
}

static void expect(s1_log *log, const int ends[2], int32_t kind, const char *line, const char *want)
{
    char text[512] = "";
    const s1_journal_notice notice = {.kind = kind, .seq = 7, .line = s1_str_of(line)};
    assert_int_equal(s1_app_logger_entry(log, &notice, NULL), S1_OK);
    assert_int_equal(write(ends[1], "\n", 1), 1); /* so that read does not wait */
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    if (strstr(text, want) == NULL || (want[0] == '\n' && text[0] != '\n')) {
        fail_msg("found '%s', expected '%s'", text, want);
    }
}

static void test_entries(void **state)
{
    (void)state;
    int ends[2];
    s1_log *log;
    s1_locale *locale;
    s1_manual_clock clock;
    assert_int_equal(pipe(ends), 0);
    s1_manual_clock_init(&clock, S1_NANOS_PER_SECOND);
    assert_int_equal(s1_locale_new(S1_LANGUAGE_NL, &locale, NULL), S1_OK);
    const s1_log_options options = {.clock = &clock.clock,
                                    .profile = S1_LOG_BIT(S1_LOG_POLICY) | S1_LOG_BIT(S1_LOG_DEBUG),
                                    .human_fd = ends[1],
                                    .locale = locale};
    assert_int_equal(s1_log_new(&options, &log, NULL), S1_OK);
    assert_true(s1_app_logger_wants_decisions(log));
    assert_false(s1_app_logger_wants_decisions(NULL));
    expect(log, ends, S1_JOURNAL_OPPORTUNITY_REJECTED,
           "{\"seq\":7,\"details\":{\"stage\":\"gate\",\"rejection_reason\":"
           "{\"code\":\"MAX\",\"limit\":\"5\",\"actual\":null}}}",
           "POLICY   Kans geweigerd in fase gate: MAX, grens 5, gevonden -");
    expect(log, ends, S1_JOURNAL_OPPORTUNITY_REJECTED,
           "{\"seq\":7,\"details\":{\"stage\":\"size\"}}", "\n"); /* FILTER: not in the profile */
    expect(log, ends, S1_JOURNAL_OPPORTUNITY_REJECTED,
           "{\"seq\":7,\"details\":{\"stage\":\"venue\"}}", "\n"); /* TRADE */
    expect(log, ends, S1_JOURNAL_TRADE_OPENED, "{}", "\n");
    expect(log, ends, S1_JOURNAL_RUN_STARTED, "{}", "\n");
    expect(log, ends, S1_JOURNAL_WORKER_NOTE,
           "{\"worker\":\"w\",\"details\":{\"event\":\"e\",\"worker\":\"other\",\"ok\":true}}",
           "DEBUG    w noteerde e");
    s1_err err = S1_ERR_INIT;
    const s1_journal_notice bad = {
        .kind = S1_JOURNAL_THREAT_CLEARED, .seq = 7, .line = S1_STR("{")};
    assert_int_equal(s1_app_logger_entry(log, &bad, &err), S1_E_DATA);
    assert_non_null(strstr(err.msg, "entry 7 of the journal: "));
    s1_log_free(log);
    s1_locale_free(locale);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_entries),
    };
    return cmocka_run_group_tests_name("app_logger", tests, NULL, NULL);
}
