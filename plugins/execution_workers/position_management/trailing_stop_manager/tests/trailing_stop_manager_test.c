/* trailing_stop_manager: stops by hand, commits, a restart, broken state, what is refused. */
#include "tests/plugins/expect.h"

static void step(s1_harness *h, s1_worker *worker, double close)
{
    s1_harness_close(h, close);
    s1_err err = S1_ERR_INIT;
    if (s1_harness_execute(h, worker, S1_ON_CONTEXT_READY, NULL, NULL, &err) != S1_OK) {
        fail_msg("execute failed: %s", err.msg);
    }
}

/* 2 %: 1.1 * 0.98 = 1.078; 1.2 * 0.98 = 1.176; 1.15 moves nothing; 1.20001 * 0.98 = 1.1760098 is
 * 1.176 in ticks, no move although the mark moved. */
static void follows_a_long(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "trailing_stop_manager", NULL);
    s1_harness_close(h, 1.09);
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.09");
    step(h, worker, 1.1);
    EXPECT_DEC(position->stop_loss, "1.078");
    assert_int_equal(s1_harness_note_count(h, "state"), 1);
    step(h, worker, 1.2);
    EXPECT_DEC(position->stop_loss, "1.176");
    step(h, worker, 1.19);
    step(h, worker, 1.2); /* as high as before is no new high */
    EXPECT_DEC(position->stop_loss, "1.176");
    assert_int_equal(s1_harness_note_count(h, "state"), 2);
    assert_int_equal(s1_harness_order_count(h), 2);
    step(h, worker, 1.20001);
    assert_int_equal(s1_harness_note_count(h, "state"), 3);
    assert_int_equal(s1_harness_order_count(h), 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(s1_harness_order_at(h, i)->kind, S1_HARNESS_MODIFY_STOP);
    }
    s1_harness_free(h);
}

/* 2 % above the lowest close: 1.1 * 1.02 = 1.122; 1.0 * 1.02 = 1.02. */
static void follows_a_short(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "trailing_stop_manager", "{trail_percent: 2}");
    s1_harness_close(h, 1.1);
    s1_position *const position = s1_harness_open(h, S1_SHORT, "1", "1.1");
    step(h, worker, 1.1);
    EXPECT_DEC(position->stop_loss, "1.122");
    step(h, worker, 1.0);
    EXPECT_DEC(position->stop_loss, "1.02");
    step(h, worker, 1.01);
    EXPECT_DEC(position->stop_loss, "1.02");
    s1_harness_free(h);
}

/* A stop that is already tighter is left where it is. */
static void never_loosens(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "trailing_stop_manager", NULL);
    s1_harness_close(h, 1.1);
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.1");
    position->stop_loss = s1_harness_dec("1.09");
    step(h, worker, 1.1);
    assert_int_equal(s1_harness_order_count(h), 0);
    step(h, worker, 1.12); /* 1.0976 */
    EXPECT_DEC(position->stop_loss, "1.0976");
    s1_harness_free(h);
}

/* ATR: 1.1 - 3 * 0.01 = 1.07. When the range shrinks to 0.001 after a fall to 1.09, the stop 1.097
 * is above the market: out at once. */
static void trails_by_atr(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_harness_feed(h, "atr_14");
    s1_worker *const worker = s1_harness_add(h, "trailing_stop_manager", "{trail_by: atr}");
    s1_harness_close(h, 1.1);
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.1");
    step(h, worker, 1.1);
    assert_int_equal(s1_harness_order_count(h), 0); /* no range yet */
    s1_harness_set(h, "atr_14", 0.01);
    step(h, worker, 1.1);
    EXPECT_DEC(position->stop_loss, "1.07");
    s1_harness_set(h, "atr_14", 0.001);
    step(h, worker, 1.09);
    assert_int_equal(s1_harness_order_count(h), 2);
    const s1_harness_order *const order = s1_harness_order_at(h, 1);
    assert_int_equal(order->kind, S1_HARNESS_CLOSE);
    expect_text(order->reason, "TRAILING_STOP");
    step(h, worker, 1.08); /* closing: left alone */
    assert_int_equal(s1_harness_order_count(h), 2);
    s1_harness_free(h);
}

/* Every trade has its own mark, closed ones are forgotten with the next commit. */
static void marks_are_per_trade(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "trailing_stop_manager", NULL);
    s1_harness_close(h, 1.2);
    (void)s1_harness_open(h, S1_LONG, "1", "1.2");
    step(h, worker, 1.2);
    (void)s1_harness_open(h, S1_LONG, "1", "1.19");
    step(h, worker, 1.19);
    EXPECT_DEC(s1_ledger_position(s1_harness_ledger(h), 0)->stop_loss, "1.176");
    EXPECT_DEC(s1_ledger_position(s1_harness_ledger(h), 1)->stop_loss, "1.1662");
    const size_t with_two = s1_harness_state(h, worker).len;
    s1_harness_close_positions(h);
    step(h, worker, 1.3);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    step(h, worker, 1.1);
    EXPECT_DEC(s1_ledger_position(s1_harness_ledger(h), 0)->stop_loss, "1.078");
    assert_true(s1_harness_state(h, worker).len < with_two);
    s1_harness_free(h);
}

/* A new life goes on from the committed mark: 1.2, not the close of 1.15 it wakes up to. */
static void restart_keeps_the_mark(void **state)
{
    (void)state;
    s1_harness *h = s1_harness_new(NULL);
    s1_worker *const first = s1_harness_add(h, "trailing_stop_manager", "{trail_percent: 10}");
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    step(h, first, 1.2);
    char text[256];
    const s1_str committed = s1_harness_state(h, first);
    assert_true(committed.len < sizeof text);
    memcpy(text, committed.ptr, committed.len);
    text[committed.len] = '\0';
    assert_non_null(strstr(text, "{\"v\":1,\"high_water_marks\":{\""));
    assert_non_null(strstr(text, "\":\"1.2\"}}"));
    s1_harness_free(h);

    /* A trade that closed meanwhile stands before it; it is forgotten. */
    char with_closed[512];
    const size_t head = strlen("{\"v\":1,\"high_water_marks\":{");
    (void)snprintf(with_closed, sizeof with_closed,
                   "%.*s\"ffffffff-ffff-ffff-ffff-ffffffffffff\":\"9\",%s", (int)head, text,
                   text + head);

    h = s1_harness_new(NULL);
    const s1_harness_item item = {
        .plugin = "trailing_stop_manager", .params = "{trail_percent: 10}", .state = with_closed};
    s1_worker *second;
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &item, &second, &err), S1_OK);
    s1_harness_close(h, 1.1);
    s1_position *const position = s1_harness_open(h, S1_LONG, "1", "1.1"); /* the same trade id */
    step(h, second, 1.15);
    EXPECT_DEC(position->stop_loss, "1.08");                /* 1.2 * 0.9 */
    assert_int_equal(s1_harness_note_count(h, "state"), 0); /* nothing new to keep */
    s1_harness_free(h);
}

static void broken_state_is_refused(void **state)
{
    (void)state;
#define UID "01234567-89ab-cdef-0123-456789abcdef"
    const char *const broken[] = {
        "[]",
        "{\"v\":1,\"high_water_marks\":{",
        "{\"v\":1,\"high_water_marks\":{}} ",
        "{\"v\":1,\"high_water_marks\":{\"" UID "\":\"1.2\"",
        "{\"v\":1,\"high_water_marks\":{\"" UID "\":1.2}}",
        "{\"v\":1,\"high_water_marks\":{\"" UID "\":\"1.2.3\"}}",
        "{\"v\":1,\"high_water_marks\":{\"0123\":\"1.2\"}}",
        "{\"v\":1,\"high_water_marks\":{\"01234567_89ab-cdef-0123-456789abcdef\":\"1\"}}",
        "{\"v\":1,\"high_water_marks\":{\"0123456x-89ab-cdef-0123-456789abcdef\":\"1\"}}",
        "{\"v\":1,\"high_water_marks\":{,\"" UID "\":\"1.2\"}}",
    };
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *worker;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        const s1_harness_item item = {.plugin = "trailing_stop_manager", .state = broken[i]};
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_E_DATA);
    }
    const s1_harness_item good = {.plugin = "trailing_stop_manager",
                                  .state = "{\"v\":1,\"high_water_marks\":{\"" UID "\":\"1.2\",\""
                                           "ffffffff-ffff-ffff-ffff-ffffffffffff\":\"7\"}}"};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &good, &worker, &err), S1_OK);
    s1_harness_free(h);
#undef UID
}

static void failing_commit_is_passed_on(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, "trailing_stop_manager", NULL);
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_LONG, "1", "1.1");
    s1_harness_fail_commits(h, 1);
    s1_err err = S1_ERR_INIT;
    assert_int_not_equal(s1_harness_execute(h, worker, S1_ON_CONTEXT_READY, NULL, NULL, &err),
                         S1_OK);
    assert_int_equal(s1_harness_order_count(h), 0);
    s1_harness_free(h);
}

static void refuses_bad_parameters(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    expect_refused(h, "trailing_stop_manager", "{trail_percent: 0}", "trail_percent");
    expect_refused(h, "trailing_stop_manager", "{trail_percent: 100}", "trail_percent");
    expect_refused(h, "trailing_stop_manager", "{trail_by: atr}", "atr_14");
    expect_refused(h, "trailing_stop_manager", "{trail_by: price}", "trail_by");
    expect_refused(h, "trailing_stop_manager", "{atr_multiple: -1}", "atr_multiple");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_a_long),          cmocka_unit_test(follows_a_short),
        cmocka_unit_test(never_loosens),           cmocka_unit_test(trails_by_atr),
        cmocka_unit_test(marks_are_per_trade),     cmocka_unit_test(restart_keeps_the_mark),
        cmocka_unit_test(broken_state_is_refused), cmocka_unit_test(failing_commit_is_passed_on),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("trailing_stop_manager", tests, NULL, NULL);
}
