/* When a market has no bars: weekly closures and outages, counted against every slot. */
#include "backend/core/session.h"

#include "backend/utils/timefmt.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <string.h>

static s1_nanos at(const char *text)
{
    s1_nanos time = 0;
    assert_int_equal(s1_time_parse((s1_str){text, strlen(text)}, &time, NULL), S1_OK);
    return time;
}

static void a_pair_names_its_session(void **state)
{
    (void)state;
    assert_string_equal(s1_session_name_for(S1_STR("EUR/USD")), "fx");
    assert_string_equal(s1_session_name_for(S1_STR("XAU/USD")), "fx");
    assert_string_equal(s1_session_name_for(S1_STR("BTC/USD")), "always");
    assert_string_equal(s1_session_name_for(S1_STR("EUR/USDT")), "always");
    assert_string_equal(s1_session_name_for(S1_STR("EURUSD")), "always");
    assert_string_equal(s1_session_name_for(S1_STR("")), "always");
}

static void a_weekend_has_no_slots(void **state)
{
    (void)state;
    s1_session session = {0};
    assert_int_equal(s1_session_add_named(&session, S1_STR("fx"), NULL), S1_OK);
    /* Friday 20:00 was the last bar, Sunday 22:00 the next. */
    s1_open_slots slots = s1_session_open_slots(&session, at("2020-01-03T20:00"),
                                                at("2020-01-05T22:00"), S1_NANOS_PER_HOUR);
    assert_int_equal(slots.count, 0);
    slots = s1_session_open_slots(&session, at("2020-01-03T19:00"), at("2020-01-05T23:00"),
                                  S1_NANOS_PER_HOUR);
    assert_int_equal(slots.count, 2);
    assert_int_equal(slots.first, at("2020-01-03T20:00"));
    assert_int_equal(slots.last, at("2020-01-05T22:00"));
    /* A year of 1 s bars is counted without walking them; 1970 began on a Thursday. */
    slots = s1_session_open_slots(&session, at("1969-12-31T23:59:59"), at("1970-01-08T00:00"),
                                  S1_NANOS_PER_SECOND);
    assert_int_equal(slots.count, (7 * 24 - 49) * 3600);
}

static void closed_times_may_overlap_and_wrap(void **state)
{
    (void)state;
    static const char *const closures[] = {"Sat 00:00..Mon 06:00", "Sun 12:00..Mon 03:00",
                                           "Wed 22:30..Thu 01:15"};
    s1_session session = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            s1_session_add_closure(&session, (s1_str){closures[i], strlen(closures[i])}, NULL),
            S1_OK);
    }
    assert_int_equal(
        s1_session_add_outage(&session, S1_STR("2020-01-10T12:00..2020-01-11T12:00"), NULL), S1_OK);
    const s1_nanos step = 7 * S1_NANOS_PER_MINUTE;
    const s1_nanos after = at("2019-12-30T05:53"), before = at("2020-01-20T00:00");
    uint64_t count = 0;
    s1_nanos first = 0, last = 0;
    for (s1_nanos time = after + step; time < before; time += step) {
        const s1_civil civil = s1_civil_from_time(time);
        const int minute = civil.hour * 60 + civil.minute;
        const bool is_closed =
            civil.weekday == 6 || civil.weekday == 0 || (civil.weekday == 1 && minute < 360) ||
            (civil.weekday == 3 && minute >= 1350) || (civil.weekday == 4 && minute < 75) ||
            (time >= at("2020-01-10T12:00") && time < at("2020-01-11T12:00"));
        if (!is_closed) {
            first = count == 0 ? time : first;
            last = time;
            count++;
        }
    }
    const s1_open_slots slots = s1_session_open_slots(&session, after, before, step);
    assert_int_equal(slots.count, count);
    assert_int_equal(slots.first, first);
    assert_int_equal(slots.last, last);
    assert_true(count > 1000);
}

static void the_ends_of_time_are_safe(void **state)
{
    (void)state;
    s1_session session = {0};
    assert_int_equal(s1_session_add_named(&session, S1_STR("fx"), NULL), S1_OK);
    const s1_open_slots slots =
        s1_session_open_slots(&session, INT64_MIN, INT64_MAX, S1_NANOS_PER_DAY);
    assert_true(slots.count > 140000 && slots.count < 180000);
}

static void malformed_texts_are_refused(void **state)
{
    (void)state;
    static const char *const closures[] = {"",
                                           "Fri 21:00",
                                           "Fri 21:00..",
                                           "..Sun 22:00",
                                           "Fri 24:00..Sun 22:00",
                                           "Fri 21:60..Sun 22:00",
                                           "Fre 21:00..Sun 22:00",
                                           "Fri 21:00..Sun 22:00 ",
                                           "Fri 2a:00..Sun 22:00"};
    static const char *const outages[] = {"", "2020-01-01", "2020-01-02..2020-01-01",
                                          "2020-01-01..2020-01-01", "2020-01-01..soon"};
    s1_session session = {0};
    s1_err err = {0};
    for (size_t i = 0; i < sizeof closures / sizeof closures[0]; i++) {
        assert_int_equal(
            s1_session_add_closure(&session, (s1_str){closures[i], strlen(closures[i])}, NULL),
            S1_E_INVALID);
    }
    for (size_t i = 0; i < sizeof outages / sizeof outages[0]; i++) {
        assert_int_equal(
            s1_session_add_outage(&session, (s1_str){outages[i], strlen(outages[i])}, NULL),
            S1_E_INVALID);
    }
    assert_int_equal(session.closure_count + session.outage_count, 0);
    assert_int_equal(s1_session_add_named(&session, S1_STR("nyse"), &err), S1_E_INVALID);
    assert_string_equal(err.msg, "session: found 'nyse', expected always, fx or weekdays");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_names_its_session),
        cmocka_unit_test(a_weekend_has_no_slots),
        cmocka_unit_test(closed_times_may_overlap_and_wrap),
        cmocka_unit_test(the_ends_of_time_are_safe),
        cmocka_unit_test(malformed_texts_are_refused),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
