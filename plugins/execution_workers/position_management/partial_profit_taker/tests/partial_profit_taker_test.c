/* partial_profit_taker: targets and parts by hand, once per trade, a restart, broken state, what is
 * refused. */
#include "tests/plugins/expect.h"

#define PLUGIN "partial_profit_taker"

/* One bar; the orders sent on it. */
static uint32_t step(s1_harness *h, s1_worker *worker, double close)
{
    const uint32_t before = s1_harness_order_count(h);
    s1_harness_close(h, close);
    s1_err err = S1_ERR_INIT;
    if (s1_harness_execute(h, worker, S1_ON_CONTEXT_READY, NULL, NULL, &err) != S1_OK) {
        fail_msg("execute failed: %s", err.msg);
    }
    return s1_harness_order_count(h) - before;
}

/* What the harness leaves to the test: the fill of a partial close. */
static void fill(s1_position *position, const char *left)
{
    position->quantity = s1_harness_dec(left);
    position->is_closing = 0;
}

/* 1 % of 1.1 is 0.011; half of 0.25 in lots of 0.01 is 0.12. */
static void takes_from_a_long_once(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, PLUGIN, NULL);
    s1_harness_close(h, 1.1);
    s1_position *const position = s1_harness_open(h, S1_LONG, "0.25", "1.1");
    assert_int_equal(step(h, worker, 1.1), 0);
    assert_int_equal(step(h, worker, 1.11099), 0);
    assert_int_equal(step(h, worker, 1.089), 0); /* as far against it */
    assert_int_equal(s1_harness_note_count(h, "state"), 0);
    assert_int_equal(step(h, worker, 1.111), 1);
    const s1_harness_order *const order = s1_harness_order_at(h, 0);
    assert_int_equal(order->kind, S1_HARNESS_CLOSE);
    EXPECT_DEC(order->request.quantity, "0.12");
    expect_text(order->reason, "PARTIAL_PROFIT");
    assert_memory_equal(&order->trade_id, &position->trade_id, sizeof order->trade_id);
    assert_int_equal(s1_harness_note_count(h, "state"), 1);
    fill(position, "0.13");
    assert_int_equal(step(h, worker, 1.2), 0);
    assert_int_equal(step(h, worker, 1.0), 0);
    assert_int_equal(step(h, worker, 1.2), 0);
    s1_harness_free(h);
}

static void takes_from_a_short(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, PLUGIN, "{close_percent: 20}");
    s1_harness_close(h, 1.1);
    (void)s1_harness_open(h, S1_SHORT, "10", "1.1");
    assert_int_equal(step(h, worker, 1.111), 0);
    assert_int_equal(step(h, worker, 1.08901), 0);
    assert_int_equal(step(h, worker, 1.089), 1);
    EXPECT_DEC(s1_harness_order_at(h, 0)->request.quantity, "2");
    s1_harness_free(h);
}

/* Each trade by its own entry; one that is closing, and one of another pair, are left alone; a
 * closed trade is forgotten with the next commit. */
static void trades_are_apart(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, PLUGIN, "{profit_percent: 10}");
    s1_harness_close(h, 1);
    (void)s1_harness_open(h, S1_LONG, "1", "1");
    assert_int_equal(step(h, worker, 1.1), 1);
    s1_position *const late = s1_harness_open(h, S1_LONG, "2", "1.1");
    late->is_closing = 1;
    assert_int_equal(step(h, worker, 1.21), 0);
    late->is_closing = 0;
    const s1_str pair = late->asset_pair;
    late->asset_pair = S1_STR("ABC/XYZ");
    assert_int_equal(step(h, worker, 1.21), 0);
    late->asset_pair = pair;
    assert_int_equal(step(h, worker, 1.21), 1);
    EXPECT_DEC(s1_harness_order_at(h, 1)->request.quantity, "1");
    const size_t two = s1_harness_state(h, worker).len;
    s1_harness_close_positions(h);
    assert_int_equal(step(h, worker, 1.0), 0);
    (void)s1_harness_open(h, S1_LONG, "1", "1");
    assert_int_equal(step(h, worker, 1.2), 1);
    assert_int_equal(s1_harness_state(h, worker).len, two - 39); /* ,"uuid" */
    s1_harness_free(h);
}

/* A restart from the state that was kept does not take again; one without it does. */
static void restart_does_not_take_twice(void **state)
{
    (void)state;
    char kept[200];
    s1_harness *const first = s1_harness_new(NULL);
    s1_worker *const before = s1_harness_add(first, PLUGIN, NULL);
    s1_harness_close(first, 1);
    (void)s1_harness_open(first, S1_LONG, "1", "1");
    assert_int_equal(step(first, before, 1.5), 1);
    const s1_str json = s1_harness_state(first, before);
    assert_true(json.len < sizeof kept);
    (void)snprintf(kept, sizeof kept, "%.*s", S1_STR_ARG(json));
    s1_harness_free(first);
    for (int has_state = 0; has_state <= 1; has_state++) {
        s1_harness *const h = s1_harness_new(NULL);
        const s1_harness_item item = {.plugin = PLUGIN, .state = has_state ? kept : NULL};
        s1_worker *worker;
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_OK);
        s1_harness_close(h, 1);
        (void)s1_harness_open(h, S1_LONG, "0.5", "1"); /* the first trade's id again */
        assert_int_equal(step(h, worker, 1.5), has_state ? 0 : 1);
        s1_harness_free(h);
    }
}

/* Neither part may be below what the venue takes: half of 0.01 is no lot; with a minimum of 0.3,
 * half of 0.5 is too little, and so is what 60 % of 0.6 leave. */
static void parts_the_venue_refuses(void **state)
{
    (void)state;
    const struct {
        const char *params, *quantity, *minimum, *notional;
        uint32_t orders;
    } cases[] = {
        {NULL, "0.01", "0", "0", 0},
        {NULL, "0.02", "0", "0", 1},
        {NULL, "0.5", "0.3", "0", 0},
        {NULL, "0.6", "0.3", "0", 1},
        {"{close_percent: 60}", "0.6", "0.3", "0", 0},
        {NULL, "1", "0", "0.75", 1}, /* 0.5 at 1.5 */
        {NULL, "1", "0", "0.76", 0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const s1_instrument instrument = {
            .size = sizeof instrument,
            .price_scale = 5,
            .qty_scale = 2,
            .asset_pair = S1_STR("EUR/USD"),
            .base = S1_STR("EUR"),
            .quote = S1_STR("USD"),
            .tick_size = s1_dec_from_mantissa(1, 5),
            .lot_size = s1_dec_from_mantissa(1, 2),
            .min_quantity = s1_harness_dec(cases[k].minimum),
            .min_notional = s1_harness_dec(cases[k].notional),
            .leverage = S1_DEC_ONE,
        };
        s1_harness *const h = s1_harness_new(&(s1_harness_options){.instrument = &instrument});
        s1_worker *const worker = s1_harness_add(h, PLUGIN, cases[k].params);
        s1_harness_close(h, 1);
        (void)s1_harness_open(h, S1_LONG, cases[k].quantity, "1");
        assert_int_equal(step(h, worker, 1.5), cases[k].orders);
        assert_int_equal(s1_harness_note_count(h, "state"), cases[k].orders);
        s1_harness_free(h);
    }
}

static void broken_state_is_refused(void **state)
{
    (void)state;
#define UID "01234567-89ab-cdef-0123-456789abcdef"
    const char *const broken[] = {
        "[]",
        "{\"v\":1,\"taken\":[",
        "{\"v\":1,\"taken\":[]} ",
        "{\"v\":1,\"taken\":[\"" UID "\"",
        "{\"v\":1,\"taken\":[\"0123\"]}",
        "{\"v\":1,\"taken\":[,\"" UID "\"]}",
        "{\"v\":1,\"taken\":[\"" UID "\"\"" UID "\"]}",
        "{\"v\":1,\"taken\":[\"0123456x-89ab-cdef-0123-456789abcdef\"]}",
        "{\"v\":1,\"taken\":[\"01234567_89ab-cdef-0123-456789abcdef\"]}",
    };
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *worker;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        const s1_harness_item item = {.plugin = PLUGIN, .state = broken[i]};
        s1_err err = S1_ERR_INIT;
        assert_int_equal(s1_harness_try_add(h, &item, &worker, &err), S1_E_DATA);
    }
    const s1_harness_item good = {.plugin = PLUGIN,
                                  .state = "{\"v\":1,\"taken\":[\"" UID
                                           "\",\"ffffffff-ffff-ffff-ffff-ffffffffffff\"]}"};
    s1_err err = S1_ERR_INIT;
    assert_int_equal(s1_harness_try_add(h, &good, &worker, &err), S1_OK);
    s1_harness_free(h);
#undef UID
}

/* What cannot be remembered is not done. */
static void failing_commit_is_passed_on(void **state)
{
    (void)state;
    s1_harness *const h = s1_harness_new(NULL);
    s1_worker *const worker = s1_harness_add(h, PLUGIN, NULL);
    s1_harness_close(h, 1.5);
    (void)s1_harness_open(h, S1_LONG, "1", "1");
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
    expect_refused(h, PLUGIN, "{profit_percent: 0}", "profit_percent");
    expect_refused(h, PLUGIN, "{profit_percent: -1}", "profit_percent");
    expect_refused(h, PLUGIN, "{close_percent: 0}", "close_percent");
    expect_refused(h, PLUGIN, "{close_percent: 100}", "close_percent");
    s1_harness_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_from_a_long_once),
        cmocka_unit_test(takes_from_a_short),
        cmocka_unit_test(trades_are_apart),
        cmocka_unit_test(restart_does_not_take_twice),
        cmocka_unit_test(parts_the_venue_refuses),
        cmocka_unit_test(broken_state_is_refused),
        cmocka_unit_test(failing_commit_is_passed_on),
        cmocka_unit_test(refuses_bad_parameters),
    };
    return cmocka_run_group_tests_name("partial_profit_taker", tests, NULL, NULL);
}
