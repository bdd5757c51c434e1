/* session_analyzer: seven bars by hand, hours over midnight and off, the definition recomputed from
 * every bar's time, the history cut, and what is refused. */
#include "tests/plugins/history.h"

#define HOUR (3600 * S1_NANOS_PER_SECOND)

/* A bar of one hour; prices in units of 1, `hour` counted from midnight, 2017-01-02 UTC. */
static void bar_at(s1_harness *h, int64_t hour, double open, double high, double low)
{
    const s1_nanos time = 1483315200LL * S1_NANOS_PER_SECOND + hour * HOUR;
    const s1_bar bar = {.open_time = time,
                        .close_time = time + HOUR,
                        .open = (int64_t)llround(open * 1e5),
                        .high = (int64_t)llround(high * 1e5),
                        .low = (int64_t)llround(low * 1e5),
                        .close = (int64_t)llround(low * 1e5),
                        .volume = 100};
    s1_harness_exact_bar(h, &bar);
}

static void seven_bars(void **state)
{
    (void)state;
    static const struct {
        int64_t hour;
        double open, high, low;
        double id, session_open, session_high, session_low, minutes, previous_high, previous_low;
    } story[] = {
        {6, 10, 12, 9, 1, 10, 12, 9, 420, NAN, NAN},   {7, 11, 13, 10, 1, 10, 13, 9, 480, NAN, NAN},
        {8, 12, 12.5, 11, 2, 12, 12.5, 11, 60, 13, 9}, {13, 12, 14, 8, 3, 12, 14, 8, 60, 12.5, 11},
        {21, 9, 9, 9, 0, NAN, NAN, NAN, NAN, 14, 8},   {24, 9, 10, 9, 1, 9, 10, 9, 60, 14, 8},
        {48, 20, 21, 20, 1, 20, 21, 20, 60, 10, 9},
    };
    const double previous[] = {0, 0, 1, 2, 3, 3, 1};
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "session_analyzer", "");
    for (size_t i = 0; i < sizeof story / sizeof *story; i++) {
        bar_at(h, story[i].hour, story[i].open, story[i].high, story[i].low);
        expect_same(s1_harness_value(h, "session_id", 0), story[i].id);
        expect_same(s1_harness_value(h, "session_open", 0), story[i].session_open);
        expect_same(s1_harness_value(h, "session_high", 0), story[i].session_high);
        expect_same(s1_harness_value(h, "session_low", 0), story[i].session_low);
        expect_same(s1_harness_value(h, "minutes_into_session", 0), story[i].minutes);
        expect_same(s1_harness_value(h, "previous_session_id", 0), previous[i]);
        expect_same(s1_harness_value(h, "previous_session_high", 0), story[i].previous_high);
        expect_same(s1_harness_value(h, "previous_session_low", 0), story[i].previous_low);
    }
    s1_harness_free(h);
}

typedef struct hours {
    const char *params;
    int64_t offset, start[3], end[3];
} hours;

static const hours clocks[] = {
    {"", 0, {0, 8, 13}, {8, 16, 21}},
    {"{utc_offset_hours: 9}", 9, {0, 8, 13}, {8, 16, 21}},
    {"{utc_offset_hours: -5, asia_start: 19, asia_end: 4, london_start: 3, london_end: 12, "
     "new_york_start: 8, new_york_end: 8}",
     -5,
     {19, 3, 8},
     {4, 12, 8}},
    {"{asia_start: 22, asia_end: 24, london_start: 1, london_end: 23, new_york_start: 5, "
     "new_york_end: 6}",
     0,
     {22, 1, 5},
     {24, 23, 6}},
};

/* The session of an hour, tried hour by hour backwards from it; its age in hours. */
static int session_of(const hours *of, int64_t hour, int64_t *ret_age)
{
    for (int64_t age = 0; age < 24; age++) {
        const int64_t begin = ((hour + of->offset - age) % 24 + 24) % 24;
        for (int i = 2; i >= 0; i--) {
            const int64_t length = (of->end[i] - of->start[i] + 24) % 24;
            if (of->start[i] == begin && age < length) {
                *ret_age = age;
                return i + 1;
            }
        }
    }
    *ret_age = -1;
    return 0;
}

/* A walk of bars from midnight on: ids and ages by the clock, ranges by looking back. */
static void equals_the_clock(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof clocks / sizeof *clocks; k++) {
        const history_case of = {
            .items = {{.plugin = "session_analyzer", .params = clocks[k].params}}};
        s1_harness *const h = history_walk(&of, HISTORY_BARS, HISTORY_BARS);
        int64_t first = 0; /* bar at which the session of bar t began */
        int before = -1;
        int64_t begin_before = -1;
        for (int64_t t = 0; t < HISTORY_BARS; t++) {
            int64_t age;
            const int id = session_of(&clocks[k], t, &age);
            first = id != before || t - age != begin_before ? t : first;
            before = id;
            begin_before = t - age;
            double high = NAN;
            double low = NAN;
            for (int64_t i = first; id > 0 && i <= t; i++) {
                high = fmax(high, s1_harness_column(h, "high")[i]);
                low = fmin(low, s1_harness_column(h, "low")[i]);
            }
            expect_same(s1_harness_column(h, "session_id")[t], id);
            expect_same(s1_harness_column(h, "session_high")[t], high);
            expect_same(s1_harness_column(h, "session_low")[t], low);
            expect_same(s1_harness_column(h, "session_open")[t],
                        id > 0 ? s1_harness_column(h, "open")[first] : NAN);
            expect_same(s1_harness_column(h, "minutes_into_session")[t],
                        id > 0 ? (double)(age + 1) * 60 : NAN);
        }
        s1_harness_free(h);
    }
}

/* The hours before 1970 have the same clock. */
static void before_1970(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_add(h, "session_analyzer", "");
    const int64_t midnight = -1483315200LL / 3600 - 48; /* two days before 1970 */
    bar_at(h, midnight + 9, 10, 12, 9);
    expect_same(s1_harness_value(h, "session_id", 0), 2);
    expect_same(s1_harness_value(h, "minutes_into_session", 0), 120);
    s1_harness_free(h);
}

static void later_bars_change_nothing(void **state)
{
    (void)state;
    const history_case of = {
        .items = {{.plugin = "session_analyzer"}},
        .columns = {"session_id", "session_open", "session_high", "session_low",
                    "minutes_into_session", "previous_session_id", "previous_session_high",
                    "previous_session_low"},
    };
    expect_history_kept(&of);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    const char *const plugin = "session_analyzer";
    expect_refused(h, plugin, "{utc_offset_hours: 15}", "utc_offset_hours");
    expect_refused(h, plugin, "{utc_offset_hours: -13}", "utc_offset_hours");
    expect_refused(h, plugin, "{asia_start: 24}", "asia_start");
    expect_refused(h, plugin, "{london_end: 25}", "london_end");
    expect_refused(h, plugin, "{new_york_start: -1}", "new_york_start");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seven_bars),
        cmocka_unit_test(equals_the_clock),
        cmocka_unit_test(before_1970),
        cmocka_unit_test(later_bars_change_nothing),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("session_analyzer", tests, NULL, NULL);
}
