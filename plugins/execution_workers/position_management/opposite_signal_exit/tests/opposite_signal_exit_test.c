/* opposite_signal_exit: which positions a signal closes, and why. */
#include "tests/plugins/expect.h"

static void signalled(s1_harness *h, s1_worker *worker, const s1_signal *signals, uint32_t count)
{
    const s1_signal_list list = {
        .size = sizeof list, .count = count, .items = signals, .stride = sizeof *signals};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(
        s1_harness_execute(h, worker, S1_ON_SIGNAL_GENERATED, NULL, count ? &list : NULL, &err),
        S1_OK);
}

static void closes_what_points_the_other_way(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "opposite_signal_exit", NULL);
    s1_harness_close(h, 1.1);
    const s1_trade_id first = s1_harness_open(h, S1_LONG, "1", "1.1")->trade_id;
    (void)s1_harness_open(h, S1_SHORT, "1", "1.1");
    const s1_trade_id third = s1_harness_open(h, S1_LONG, "2", "1.1")->trade_id;
    const s1_signal against = s1_harness_make_signal(h, S1_SHORT);
    signalled(h, worker, &against, 1);
    assert_int_equal(s1_harness_order_count(h), 2);
    const s1_trade_id closed[] = {third, first}; /* newest first */
    for (uint32_t i = 0; i < 2; i++) {
        const s1_harness_order *const order = s1_harness_order_at(h, i);
        assert_int_equal(order->kind, S1_HARNESS_CLOSE);
        assert_memory_equal(&order->trade_id, &closed[i], sizeof closed[i]);
        expect_text(order->reason, "OPPOSITE_SIGNAL");
        assert_true(s1_dec_is_zero(order->request.quantity));
        assert_memory_equal(&order->request.opportunity_id, &against.opportunity_id,
                            sizeof against.opportunity_id);
    }
    signalled(h, worker, &against, 1); /* both are closing: left alone */
    assert_int_equal(s1_harness_order_count(h), 2);
    s1_harness_free(h);
}

static void same_direction_and_silence_close_nothing(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "opposite_signal_exit", NULL);
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    const s1_signal with = s1_harness_make_signal(h, S1_LONG);
    signalled(h, worker, &with, 1);
    signalled(h, worker, &with, 0);
    assert_int_equal(s1_harness_order_count(h), 0);
    s1_harness_free(h);
}

/* Several signals of a tick: the first against the position is named. */
static void other_pairs_do_not_count(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "opposite_signal_exit", NULL);
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_SHORT, "1", "1.1");
    s1_signal signals[] = {s1_harness_make_signal(h, S1_LONG), s1_harness_make_signal(h, S1_SHORT),
                           s1_harness_make_signal(h, S1_LONG)};
    signals[0].asset_pair = S1_STR("XYZ/ABC");
    signalled(h, worker, signals, 1);
    assert_int_equal(s1_harness_order_count(h), 0);
    signalled(h, worker, signals, 3);
    assert_int_equal(s1_harness_order_count(h), 1);
    assert_memory_equal(&s1_harness_order_at(h, 0)->request.opportunity_id,
                        &signals[2].opportunity_id, sizeof signals[2].opportunity_id);
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closes_what_points_the_other_way),
        cmocka_unit_test(same_direction_and_silence_close_nothing),
        cmocka_unit_test(other_pairs_do_not_count),
    };
    return cmocka_run_group_tests_name("opposite_signal_exit", tests, NULL, NULL);
}
