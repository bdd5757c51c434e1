#include "backend/utils/clock.h"
#include "backend/utils/rng.h"
#include "s1mple/error.h"
#include "tests/support/cmocka.h"

#include <errno.h>

static void test_real_clock(void **state)
{
    (void)state;
    const s1_clock *const clock = s1_clock_real();
    assert_true(s1_clock_wall(clock) > 1700000000LL * S1_NANOS_PER_SECOND);
    s1_nanos before = s1_clock_monotonic(clock);
    for (int i = 0; i < 1000; i++) {
        const s1_nanos now = s1_clock_monotonic(clock);
        assert_true(now >= before);
        before = now;
    }
}

static void test_manual_clock(void **state)
{
    (void)state;
    s1_manual_clock manual;
    s1_manual_clock_init(&manual, 1000);
    assert_int_equal(s1_clock_wall(&manual.clock), 1000);
    assert_int_equal(s1_clock_monotonic(&manual.clock), 0);
    s1_manual_clock_advance(&manual, 50);
    s1_manual_clock_set(&manual, 1100);
    assert_int_equal(s1_clock_wall(&manual.clock), 1100);
    assert_int_equal(s1_clock_monotonic(&manual.clock), 100);
    s1_manual_clock_set(&manual, 10);
    assert_int_equal(s1_clock_wall(&manual.clock), 10);
    assert_int_equal(s1_clock_monotonic(&manual.clock), 100);
}

/* Pinned: seeds of past runs must give the same streams. */
static void test_stream_is_pinned(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 42);
    uint64_t all = 0;
    for (int i = 0; i < 1000; i++) {
        all = all * 31 + s1_rng_u64(&rng);
    }
    assert_true(all == 0xc7423169f915524fULL);
    s1_rng one, two, again;
    s1_rng_init_part(&one, 42, 1);
    s1_rng_init_part(&two, 42, 2);
    s1_rng_init_part(&again, 42, 1);
    const uint64_t first = s1_rng_u64(&one);
    assert_true(first != s1_rng_u64(&two));
    assert_true(first == s1_rng_u64(&again));
}

static void test_distributions(void **state)
{
    (void)state;
    s1_rng rng;
    s1_rng_init(&rng, 1);
    unsigned counts[7] = {0};
    double sum = 0;
    for (int i = 0; i < 70000; i++) {
        const uint64_t draw = s1_rng_below(&rng, 7);
        assert_true(draw < 7);
        counts[draw]++;
        const double unit = s1_rng_unit(&rng);
        assert_true(unit >= 0.0 && unit < 1.0);
        sum += unit;
    }
    for (size_t i = 0; i < 7; i++) {
        assert_true(counts[i] > 9600 && counts[i] < 10400);
    }
    assert_true(sum > 34500 && sum < 35500);
    assert_int_equal(s1_rng_below(&rng, 1), 0);
    assert_true(s1_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

static s1_rc dry(void *self, void *to, size_t len, s1_err *err)
{
    (void)self;
    (void)to;
    (void)len;
    return S1_RAISE(err, S1_E_IO, "no entropy");
}

static void test_entropy(void **state)
{
    (void)state;
    s1_rng one, two;
    assert_int_equal(s1_rng_init_entropy(&one, s1_entropy_real(), NULL), S1_OK);
    assert_int_equal(s1_rng_init_entropy(&two, s1_entropy_real(), NULL), S1_OK);
    assert_true(s1_rng_u64(&one) != s1_rng_u64(&two));
    const s1_entropy none = {NULL, dry};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_rng_init_entropy(&one, &none, &err), S1_E_IO);
    assert_int_equal(err.depth, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_clock),       cmocka_unit_test(test_manual_clock),
        cmocka_unit_test(test_stream_is_pinned), cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_entropy),
    };
    return cmocka_run_group_tests_name("clock and rng", tests, NULL, NULL);
}
