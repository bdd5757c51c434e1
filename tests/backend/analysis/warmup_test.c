/* When values stand, by rule: the search finds the fewest bars of values made here. */
#include "backend/analysis/warmup.h"

#include "tests/support/cmocka.h"

#include <float.h>
#include <math.h>

/* Searches as services/api/warmup.c does, over a rule that says which lengths are near. */
static s1_settling settle(bool (*is_near)(uint64_t bars), const uint64_t *lengths, size_t count,
                          uint64_t *ret_runs)
{
    s1_settling settling = {0};
    uint64_t runs = 0;
    uint64_t bars;
    for (size_t i = 0; i < count; i++) {
        s1_settling_take(&settling, lengths[i], lengths[i] + 1, is_near(lengths[i]));
    }
    while (s1_settling_next(&settling, &bars)) {
        assert_true(++runs < 100);
        s1_settling_take(&settling, bars, bars + 1, is_near(bars));
    }
    *ret_runs = runs;
    return settling;
}

static bool from_37(uint64_t bars)
{
    return bars >= 37;
}

static bool always(uint64_t bars)
{
    (void)bars;
    return true;
}

static bool never(uint64_t bars)
{
    (void)bars;
    return false;
}

/* By luck near at 15 to 17, then from 43 on. */
static bool in_between(uint64_t bars)
{
    return (bars >= 15 && bars <= 17) || bars >= 43;
}

static const uint64_t falling[] = {500, 200, 100, 50, 20, 10, 5, 2, 1, 0};
#define FALLING (sizeof falling / sizeof falling[0])

static void test_the_fewest_bars(void **state)
{
    (void)state;
    uint64_t runs;
    s1_settling settling = settle(from_37, falling, FALLING, &runs);
    assert_true(settling.holds);
    assert_int_equal(settling.holds_from, 37);
    assert_int_equal(settling.rows, 38);
    assert_int_equal(settling.fails_at, 36);
    assert_true(runs <= 6);

    settling = settle(always, falling, FALLING, &runs);
    assert_true(settling.holds && !settling.has_failed);
    assert_int_equal(settling.holds_from, 0);
    assert_int_equal(runs, 0);

    settling = settle(never, falling, FALLING, &runs);
    assert_true(!settling.holds && settling.has_failed);
    assert_int_equal(settling.fails_at, 500);
    assert_int_equal(runs, 0);

    settling = settle(in_between, falling, FALLING, &runs);
    assert_int_equal(settling.holds_from, 43);
}

/* A length that another value asked for fails above what was enough: it was luck. */
static void test_what_was_enough_fails_later(void **state)
{
    (void)state;
    s1_settling settling = {0};
    s1_settling_take(&settling, 500, 501, true);
    s1_settling_take(&settling, 100, 101, true);
    s1_settling_take(&settling, 50, 51, false);
    s1_settling_take(&settling, 75, 76, true);
    assert_int_equal(settling.holds_from, 75);
    s1_settling_take(&settling, 90, 91, false);
    assert_true(settling.holds);
    assert_int_equal(settling.holds_from, 500);
    assert_int_equal(settling.rows, 501);
    uint64_t bars;
    assert_true(s1_settling_next(&settling, &bars));
    assert_in_range(bars, 91, 499);
    s1_settling_take(&settling, 500, 501, false);
    assert_false(settling.holds);
    assert_false(s1_settling_next(&settling, &bars));
}

static double between(double a, double b)
{
    const s1_probe_value reference = {.value = a, .is_there = true};
    const s1_probe_value value = {.value = b, .is_there = true};
    return s1_probe_distance(&reference, &value);
}

static void test_distances(void **state)
{
    (void)state;
    const double none = (double)NAN;
    assert_true(between(2.0, 2.0) == 0.0);
    assert_true(between(2.0, 2.5) == 0.25);
    assert_true(between(-2.0, -1.0) == 0.5);
    assert_true(between(0.0, 0.5) == 0.5);
    assert_true(between(none, none) == 0.0);
    assert_true(isinf(between(none, 1.0)) && isinf(between(1.0, none)));
    assert_true(between(0.0, -0.0) == DBL_MIN); /* other bits are never exact */
    assert_true(between(1.0, nextafter(1.0, 2.0)) > 0.0);
    const s1_probe_value asked = {.value = 1, .threshold = 2, .is_there = true};
    const s1_probe_value other = {.value = 1, .threshold = 3, .is_there = true};
    const s1_probe_value absent = {0};
    assert_true(s1_probe_distance(&asked, &other) == 0.5);
    assert_true(isinf(s1_probe_distance(&asked, &absent)));
    assert_true(s1_probe_distance(&absent, &absent) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_fewest_bars),
        cmocka_unit_test(test_what_was_enough_fails_later),
        cmocka_unit_test(test_distances),
    };
    return cmocka_run_group_tests_name("warmup", tests, NULL, NULL);
}
