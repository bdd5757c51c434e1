/* ema_crossover: both ways to emit, every state of the ledger, and what is refused. */
#include "tests/plugins/expect.h"

static s1_harness *crossover(const char *params)
{
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "ema_2");
    s1_harness_feed(h, "ema_3");
    s1_harness_add(h, "ema_crossover", params);
    return h;
}

/* One bar; the direction signalled on it, 0 for none. */
static int32_t step(s1_harness *h, double fast, double slow)
{
    const uint32_t before = s1_harness_signal_count(h);
    s1_harness_set(h, "ema_2", fast);
    s1_harness_set(h, "ema_3", slow);
    s1_harness_close(h, 1.25);
    const uint32_t after = s1_harness_signal_count(h);
    assert_true(after - before <= 1);
    return after == before ? 0 : s1_harness_signal_at(h, before)->signal.direction;
}

/* W1: long only, signalled while the ledger does not hold what the averages say. */
static void while_unaligned_long(void **state)
{
    (void)state;
    s1_harness *const h = crossover("{fast: 2, slow: 3, direction: long, emit: while_unaligned}");
    s1_ledger_view *const ledger = s1_harness_ledger(h);
    assert_int_equal(step(h, NAN, NAN), 0);
    assert_int_equal(step(h, 3, NAN), 0);
    assert_int_equal(step(h, 1, 2), 0); /* below and flat: nothing to close */
    assert_int_equal(step(h, 2, 2), 0);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    assert_int_equal(step(h, 3, 2), S1_LONG); /* still flat: still said */
    ledger->pending_entries = 1;
    assert_int_equal(step(h, 3, 2), 0);
    ledger->pending_entries = 0;
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.25");
    assert_int_equal(step(h, 3, 2), 0);
    assert_int_equal(step(h, 2, 2), 0);
    assert_int_equal(step(h, 1, 2), S1_SHORT); /* so that it is closed */
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    position->is_closing = 1;
    assert_int_equal(step(h, 1, 2), 0);
    assert_int_equal(step(h, 3, 2), 0); /* not flat before it is closed */
    s1_harness_close_positions(h);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    s1_harness_free(h);
}

static void while_unaligned_short(void **state)
{
    (void)state;
    s1_harness *const h = crossover("{fast: 2, slow: 3, direction: short, emit: while_unaligned}");
    assert_int_equal(step(h, 3, 2), 0);
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    (void)s1_harness_open(h, S1_SHORT, "1", "1.25");
    assert_int_equal(step(h, 1, 2), 0);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    s1_harness_free(h);
}

static void while_unaligned_both(void **state)
{
    (void)state;
    s1_harness *const h = crossover("{fast: 2, slow: 3, emit: while_unaligned}");
    assert_int_equal(step(h, 3, 2), S1_LONG);
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    (void)s1_harness_open(h, S1_LONG, "1", "1.25");
    assert_int_equal(step(h, 3, 2), 0);
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    s1_harness_free(h);
}

/* A position of another pair is no reason to stay quiet. */
static void other_pairs_do_not_count(void **state)
{
    (void)state;
    s1_harness *const h = crossover("{fast: 2, slow: 3, direction: long, emit: while_unaligned}");
    assert_int_equal(step(h, 1, 2), 0);
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.25");
    position->asset_pair = S1_STR("ABC/XYZ");
    assert_int_equal(step(h, 1, 2), 0);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    s1_harness_free(h);
}

static void on_cross(void **state)
{
    (void)state;
    s1_harness *const h = crossover("{fast: 2, slow: 3}");
    assert_int_equal(step(h, NAN, NAN), 0);
    assert_int_equal(step(h, 3, 2), 0); /* no bar before to have crossed from */
    assert_int_equal(step(h, 3, 2), 0);
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    assert_int_equal(step(h, 1, 2), 0);
    assert_int_equal(step(h, 2, 2), 0); /* touching is not crossing */
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    assert_int_equal(step(h, 2, 2), 0);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    const s1_signal *const signal =
        &s1_harness_signal_at(h, s1_harness_signal_count(h) - 1)->signal;
    expect_text(signal->signal_type, "ema_crossover");
    expect_same(signal->price, 1.25);
    assert_int_equal(signal->metadata_count, 0); /* the condition holds both averages */
    s1_harness_free(h);
}

/* One-sided on_cross: the other crossing is said only to close. */
static void on_cross_long_only(void **state)
{
    (void)state;
    s1_harness *const h = crossover("{fast: 2, slow: 3, direction: long}");
    assert_int_equal(step(h, 1, 2), 0);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    assert_int_equal(step(h, 1, 2), 0);
    assert_int_equal(step(h, 3, 2), S1_LONG);
    (void)s1_harness_open(h, S1_LONG, "1", "1.25");
    assert_int_equal(step(h, 1, 2), S1_SHORT);
    s1_harness_free(h);
}

static void refuses_what_cannot_cross(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "ema_26");
    s1_harness_feed(h, "ema_12");
    expect_refused(h, "ema_crossover", "{fast: 26, slow: 12}", "expected fast below slow");
    expect_refused(h, "ema_crossover", "{fast: 12, slow: 12}", "expected fast below slow");
    expect_refused(h, "ema_crossover", "{fast: 12, slow: 50}", "ema_50");
    expect_refused(h, "ema_crossover", "{fast: 12, slow: 26, emit: always}", "emit");
    expect_refused(h, "ema_crossover", "{fast: 0, slow: 26}", "fast");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_unaligned_long),
        cmocka_unit_test(while_unaligned_short),
        cmocka_unit_test(while_unaligned_both),
        cmocka_unit_test(other_pairs_do_not_count),
        cmocka_unit_test(on_cross),
        cmocka_unit_test(on_cross_long_only),
        cmocka_unit_test(refuses_what_cannot_cross),
    };
    return cmocka_run_group_tests_name("ema_crossover", tests, NULL, NULL);
}
