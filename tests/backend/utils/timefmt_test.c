#include "backend/utils/timefmt.h"

#include "backend/utils/rng.h"
#include "backend/utils/text.h"
#include "tests/support/cmocka.h"

#include <time.h>

static s1_nanos parse(const char *text)
{
    s1_nanos time;
    s1_err err = S1_ERR_INIT;
    if (s1_time_parse(s1_str_of(text), &time, &err) != S1_OK) {
        fail_msg("%s", err.msg);
    }
    return time;
}

static void assert_time(s1_nanos time, const char *expected)
{
    char text[S1_TIME_TEXT_MAX];
    assert_int_equal(s1_time_print(time, text), S1_TIME_ISO_LENGTH);
    assert_string_equal(text, expected);
}

static void test_known_times(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000000000Z");
    assert_time(-1, "1969-12-31T23:59:59.999999999Z");
    assert_time(1492592400LL * S1_NANOS_PER_SECOND, "2017-04-19T09:00:00.000000000Z");
    assert_time(951782400LL * S1_NANOS_PER_SECOND + 5, "2000-02-29T00:00:00.000000005Z");
    assert_time(INT64_MAX, "2262-04-11T23:47:16.854775807Z");
    assert_time(INT64_MIN, "1677-09-21T00:12:43.145224192Z");
    assert_true(parse("2262-04-11T23:47:16.854775807Z") == INT64_MAX);
    assert_true(parse("1677-09-21T00:12:43.145224192Z") == INT64_MIN);
}

static void test_accepted_forms(void **state)
{
    (void)state;
    const s1_nanos nine = 1492592400LL * S1_NANOS_PER_SECOND;
    static const char *const same[] = {"2017-04-19T09:00:00.000000000Z",
                                       "2017-04-19T09:00:00Z",
                                       "2017-04-19 09:00:00",
                                       "2017-04-19 09:00",
                                       "2017-04-19T09:00Z",
                                       "2017-04-19T11:00:00+02:00",
                                       "2017-04-19T05:30:00-0330",
                                       "2017-04-19 09:00:00.0+00:00"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(parse(same[i]) == nine);
    }
    assert_true(parse("2017-04-19") == nine - 9 * S1_NANOS_PER_HOUR);
    assert_true(parse("2017-04-19 09:00:00.25") == nine + 250000000);
    assert_true(parse("2017-04-19 09:00:00.000000001") == nine + 1);
}

static void test_refused_forms(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2017",
                                      "2017-4-19",
                                      "2017-04-19T",
                                      "2017-04-19 09",
                                      "2017-04-19T09:00:00.",
                                      "2017-04-19T09:00:00.1234567890Z",
                                      "2017-13-01",
                                      "2017-00-01",
                                      "2017-02-29",
                                      "2100-02-29",
                                      "2017-04-31",
                                      "2017-04-00",
                                      "2017-04-19 24:00",
                                      "2017-04-19 09:60",
                                      "2017-04-19 09:00:60",
                                      "2017-04-19T09:00:00z",
                                      "2017-04-19T09:00:00+1",
                                      "2017-04-19T09:00:00+24:00",
                                      " 2017-04-19",
                                      "2017-04-19 ",
                                      "19-04-2017",
                                      "2017/04/19",
                                      "-017-04-19",
                                      "2017-04-19T09:00:00 UTC"};
    s1_nanos time = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_time_parse(s1_str_of(bad[i]), &time, &err), S1_E_INVALID);
        assert_non_null(strstr(err.msg, "found '"));
    }
    assert_int_equal(s1_time_parse(S1_STR("2262-04-11T23:47:16.854775808Z"), &time, NULL),
                     S1_E_RANGE);
    assert_int_equal(s1_time_parse(S1_STR("1677-09-21T00:12:43.145224191Z"), &time, NULL),
                     S1_E_RANGE);
    assert_int_equal(s1_time_parse(S1_STR("9999-12-31"), &time, NULL), S1_E_RANGE);
    assert_int_equal(time, 77);
}

/* Against the C library, and back. */
static void test_calendar(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 5);
    for (int i = 0; i < 200000; i++) {
        const s1_nanos time = (s1_nanos)s1_rng_u64(&rng);
        const s1_civil civil = s1_civil_from_time(time);
        time_t seconds = (time_t)(time / S1_NANOS_PER_SECOND);
        if (time % S1_NANOS_PER_SECOND < 0) {
            seconds--;
        }
        struct tm expected;
        assert_non_null(gmtime_r(&seconds, &expected));
        assert_int_equal(civil.year, expected.tm_year + 1900);
        assert_int_equal(civil.month, expected.tm_mon + 1);
        assert_int_equal(civil.day, expected.tm_mday);
        assert_int_equal(civil.hour, expected.tm_hour);
        assert_int_equal(civil.minute, expected.tm_min);
        assert_int_equal(civil.second, expected.tm_sec);
        assert_int_equal(civil.weekday, expected.tm_wday);
        s1_nanos back;
        assert_int_equal(s1_time_from_civil(&civil, &back, NULL), S1_OK);
        assert_true(back == time);
        char text[S1_TIME_TEXT_MAX];
        (void)s1_time_print(time, text);
        assert_true(parse(text) == time);
    }
    for (int64_t days = -800000; days < 800000; days += 7) {
        int32_t year;
        uint32_t month, day;
        s1_civil_from_days(days, &year, &month, &day);
        assert_int_equal(s1_days_from_civil(year, month, day), days);
    }
    s1_civil civil = {.year = 2023, .month = 2, .day = 29};
    s1_nanos time;
    assert_int_equal(s1_time_from_civil(&civil, &time, NULL), S1_E_INVALID);
    civil = (s1_civil){.year = 3000, .month = 1, .day = 1};
    assert_int_equal(s1_time_from_civil(&civil, &time, NULL), S1_E_RANGE);
}

static void test_short_texts(void **state)
{
    (void)state;
    char text[S1_TIME_TEXT_MAX];
    const s1_nanos time = parse("2017-04-19T09:05:07Z");
    assert_int_equal(s1_time_print_short(time, text), 19);
    assert_string_equal(text, "2017-04-19 09:05:07");
    assert_int_equal(s1_time_print_short(time + 120000000, text), 22);
    assert_string_equal(text, "2017-04-19 09:05:07.12");
    assert_int_equal(s1_time_print_date(time, text), 10);
    assert_string_equal(text, "2017-04-19");
}

static void test_timeframes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        s1_nanos duration;
    } same[] = {{"1m", S1_NANOS_PER_MINUTE},      {"15m", 15 * S1_NANOS_PER_MINUTE},
                {"1h", S1_NANOS_PER_HOUR},        {"4h", 4 * S1_NANOS_PER_HOUR},
                {"1d", S1_NANOS_PER_DAY},         {"1w", 7 * S1_NANOS_PER_DAY},
                {"30s", 30 * S1_NANOS_PER_SECOND}};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        s1_nanos duration;
        char text[S1_TIMEFRAME_TEXT_MAX];
        assert_int_equal(s1_timeframe_parse(s1_str_of(same[i].text), &duration, NULL), S1_OK);
        assert_true(duration == same[i].duration);
        assert_int_equal(s1_timeframe_print(duration, text), strlen(same[i].text));
        assert_string_equal(text, same[i].text);
    }
    char text[S1_TIMEFRAME_TEXT_MAX];
    (void)s1_timeframe_print(90 * S1_NANOS_PER_MINUTE, text);
    assert_string_equal(text, "90m");
    (void)s1_timeframe_print(250000000, text);
    assert_string_equal(text, "250ms");
    static const char *const bad[] = {
        "", "m", "0m", "01m", "-1m", "1.5h", "1M", "1 m", "1mo", "60", "99999999999999999999d"};
    s1_nanos duration = 5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(s1_timeframe_parse(s1_str_of(bad[i]), &duration, NULL), S1_E_INVALID);
    }
    assert_int_equal(s1_timeframe_parse(S1_STR("9223372036854775807w"), &duration, NULL),
                     S1_E_INVALID);
    assert_int_equal(duration, 5);
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        s1_nanos duration;
        const char *text;
    } cases[] = {{0, "0 ns"},
                 {350, "350 ns"},
                 {12345, "12.3 us"},
                 {4560000, "4.56 ms"},
                 {999999999, "999 ms"},
                 {1230000000, "1.23 s"},
                 {-1230000000, "-1.23 s"},
                 {59999999999, "59.9 s"},
                 {125 * S1_NANOS_PER_SECOND, "2 m 05 s"},
                 {11220 * S1_NANOS_PER_SECOND, "3 h 07 m"},
                 {187200 * S1_NANOS_PER_SECOND, "2 d 04 h"},
                 {INT64_MIN, "-106751 d 23 h"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[S1_TIMEFRAME_TEXT_MAX];
        assert_int_equal(s1_duration_print(cases[i].duration, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_times),   cmocka_unit_test(test_accepted_forms),
        cmocka_unit_test(test_refused_forms), cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_short_texts),   cmocka_unit_test(test_timeframes),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests_name("timefmt", tests, NULL, NULL);
}
