/* Orders that fill in parts because a bar has too little volume: positions, the orders beside them,
 * cash held, and the trade at the end. A bar gives 1 unit a hundred of its volume. */
#include "backend/core/order_manager.h"
#include "backend/environments/matching/matching_engine.h"
#include "backend/utils/uid.h"
#include "tests/backend/operators/kernel_fixture.h"

#define TRADES_MAX 8u

typedef struct stage {
    kernel *k;
    s1_ledger *ledger;
    s1_order_manager *orders;
    s1_matching_engine *matching;
    s1_bar bar;
    uint64_t row;
    uint32_t submits;
} stage;

static s1_rc venue_submit(void *self, const s1_order *order, s1_err *err)
{
    stage *const s = self;
    s->submits++;
    return s1_matching_submit(s->matching, order, &s->bar, err);
}

static s1_rc venue_cancel(void *self, s1_order_id order_id, s1_str reason, s1_nanos time,
                          s1_err *err)
{
    return s1_matching_cancel(((stage *)self)->matching, order_id, reason, time, err);
}

static s1_rc venue_amend(void *self, const s1_order_change *change, s1_err *err)
{
    stage *const s = self;
    return s1_matching_amend(s->matching, change, s->bar.close_time, &s->bar, err);
}

static s1_rc venue_modify(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity,
                          s1_err *err)
{
    return s1_matching_modify(((stage *)self)->matching, order_id, price, quantity, err);
}

static stage *stage_new(const char *capital)
{
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->k = kernel_new();
    s1_instrument *const instrument = &s->k->instrument;
    instrument->taker_fee = instrument->maker_fee = S1_DEC_ZERO;
    const s1_ledger_options ledger = {
        .instrument = instrument, .initial_capital = dec(capital), .positions_max = TRADES_MAX};
    MUST(s1_ledger_new(&ledger, &s->ledger, err));
    const s1_order_manager_options orders = {.ledger = s->ledger,
                                             .journal = s->k->journal,
                                             .ids = &s->k->ids,
                                             .instrument = instrument,
                                             .trades_max = TRADES_MAX,
                                             .checks_invariants = true};
    MUST(s1_order_manager_new(&orders, &s->orders, err));
    const s1_matching_options matching = {.instrument = instrument,
                                          .rules = s1_fill_rules_of(S1_PRESET_NEXT_OPEN, NULL),
                                          .ambiguity = S1_AMBIGUITY_STOP_FIRST,
                                          .costs = {.volume_share = dec("0.01")},
                                          .orders_max = 4 * TRADES_MAX};
    const s1_order_listener listener = s1_order_manager_listener(s->orders);
    MUST(s1_matching_new(&matching, &listener, &s->matching, err));
    s1_order_manager_connect(s->orders, &(s1_environment){.self = s,
                                                          .submit = venue_submit,
                                                          .cancel = venue_cancel,
                                                          .modify = venue_modify,
                                                          .amend = venue_amend});
    return s;
}

static void stage_free(stage *s)
{
    s1_order_manager_free(s->orders);
    s1_matching_free(s->matching);
    s1_ledger_free(s->ledger);
    kernel_free(s->k);
    free(s);
}

/* The next bar, with room for `room` units. Prices in whole units. */
static void bar(stage *s, int64_t open, int64_t high, int64_t low, int64_t close, int64_t room)
{
    const s1_nanos start = (s1_nanos)s->row * KERNEL_HOUR;
    s->bar = (s1_bar){start,     start + KERNEL_HOUR, open * 100,       high * 100,
                      low * 100, close * 100,         room * 100 * 1000};
    s1_ids_begin_tick(&s->k->ids, s->row + 1);
    s1_order_manager_begin_tick(s->orders, s->bar.close_time, s->row);
    MUST(s1_matching_bar(s->matching, &s->bar, err));
    s1_ledger_mark(s->ledger, s->bar.close);
    MUST(s1_ledger_check(s->ledger, err));
    if (s1_order_manager_has_due(s->orders, s->bar.close_time)) {
        MUST(s1_order_manager_send_slices(s->orders, err));
    }
    s->row++;
}

static void flat(stage *s, int64_t price, int64_t room)
{
    bar(s, price, price, price, price, room);
}

static s1_plan plan_of(stage *s, const char *quantity, int64_t stop, int64_t target)
{
    return (s1_plan){.size = sizeof(s1_plan),
                     .direction = S1_LONG,
                     .trade_id = s1_ids_trade(&s->k->ids, 0),
                     .opportunity_id = {s1_ids_next(&s->k->ids, S1_ID_OPPORTUNITY, 1)},
                     .entry_price = s1_dec_from_mantissa(s->bar.close, 2),
                     .entry_type = S1_ORDER_MARKET,
                     .stop_loss = s1_dec_from_int(stop),
                     .take_profit = s1_dec_from_int(target),
                     .quantity = dec(quantity),
                     .order_type = S1_ORDER_MARKET,
                     .time_in_force = S1_TIF_GTC};
}

static s1_trade_id submit(stage *s, const s1_plan *plan)
{
    MUST(s1_order_manager_submit(s->orders, plan, S1_STR("executor"), err));
    return plan->trade_id;
}

/* In whole, on a bar with room for it. */
static s1_trade_id enter(stage *s, const char *quantity, int64_t stop, int64_t target)
{
    const s1_plan plan = plan_of(s, quantity, stop, target);
    const s1_trade_id id = submit(s, &plan);
    flat(s, 100, 100);
    return id;
}

static void close_part(stage *s, s1_trade_id id, const char *quantity)
{
    const s1_close_request request = {
        .size = sizeof request, .reason = S1_STR("MANUAL"), .quantity = dec(quantity)};
    MUST(s1_order_manager_close(s->orders, id, &request, S1_STR("closer"), err));
}

static const s1_position *position(const stage *s)
{
    assert_int_equal(s->ledger->view.position_count, 1);
    return s1_ledger_position(&s->ledger->view, 0);
}

/* What the venue still has to fill of an order. */
static void assert_left(const stage *s, s1_trade_id id, int32_t role, const char *expected)
{
    const s1_order *const order = s1_matching_find(s->matching, id, role);
    assert_non_null(order);
    ASSERT_DEC(s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled)), expected);
}

static void assert_over(const stage *s, const char *reason, const char *quantity, const char *exit)
{
    size_t count;
    const s1_trade_record *const trade = s1_order_manager_trades(s->orders, &count);
    assert_int_equal(count, 1);
    assert_int_equal(trade->closure_reason.len, strlen(reason));
    assert_memory_equal(trade->closure_reason.ptr, reason, strlen(reason));
    ASSERT_DEC(trade->quantity, quantity);
    ASSERT_DEC(trade->exit_price, exit);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_int_equal(s->ledger->view.pending_entries, 0);
    assert_int_equal(s->ledger->view.position_count, 0);
    for (int32_t role = S1_ROLE_ENTRY; role <= S1_ROLE_EXIT; role++) {
        assert_null(s1_matching_find(s->matching, trade->trade_id, role));
    }
}

/* --- Exits. ------------------------------------------------------------------------------------
 */

static void test_close_carries_on(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_trade_id id = enter(s, "3", 90, 120);
    close_part(s, id, "0");
    flat(s, 101, 1);
    ASSERT_DEC(position(s)->quantity, "2");
    assert_int_equal(position(s)->is_closing, 1); /* it works on */
    assert_left(s, id, S1_ROLE_STOP_LOSS, "2");
    assert_left(s, id, S1_ROLE_TAKE_PROFIT, "2");
    const uint32_t submits = s->submits;
    close_part(s, id, "0"); /* no second order */
    assert_int_equal(s->submits, submits);
    flat(s, 102, 1);
    ASSERT_DEC(position(s)->quantity, "1");
    flat(s, 103, 9);
    assert_over(s, "MANUAL", "3", "102");
    stage_free(s);
}

static void test_close_of_a_part_carries_on(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_trade_id id = enter(s, "5", 90, 0);
    close_part(s, id, "2");
    flat(s, 101, 1);
    assert_int_equal(position(s)->is_closing, 1);
    flat(s, 101, 9);
    ASSERT_DEC(position(s)->quantity, "3");
    assert_int_equal(position(s)->is_closing, 0);
    assert_left(s, id, S1_ROLE_STOP_LOSS, "3");
    close_part(s, id, "0");
    flat(s, 101, 9);
    assert_over(s, "MANUAL", "5", "101");
    stage_free(s);
}

static void test_stop_in_parts(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_trade_id id = enter(s, "3", 90, 120);
    bar(s, 100, 100, 80, 100, 2);
    ASSERT_DEC(position(s)->quantity, "1");
    assert_int_equal(position(s)->is_closing, 0);
    assert_left(s, id, S1_ROLE_STOP_LOSS, "1");
    assert_left(s, id, S1_ROLE_TAKE_PROFIT, "1");
    flat(s, 96, 2); /* at market, though the price is above the stop again */
    assert_over(s, "STOP_LOSS", "3", "92");
    stage_free(s);
}

static void test_target_in_parts_then_stop(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_trade_id id = enter(s, "4", 90, 120);
    bar(s, 100, 120, 100, 110, 3);
    ASSERT_DEC(position(s)->quantity, "1");
    assert_left(s, id, S1_ROLE_STOP_LOSS, "1");
    assert_left(s, id, S1_ROLE_TAKE_PROFIT, "1");
    bar(s, 100, 110, 80, 80, 3);
    assert_over(s, "STOP_LOSS", "4", "112.5"); /* (3 * 120 + 90) / 4 */
    stage_free(s);
}

/* A stop that takes a part of what a close was to sell: the close shrinks with the position. */
static void test_stop_beside_a_close(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_trade_id id = enter(s, "3", 90, 0);
    close_part(s, id, "0");
    flat(s, 80, 2); /* the stop is older */
    ASSERT_DEC(position(s)->quantity, "1");
    assert_int_equal(position(s)->is_closing, 1);
    assert_left(s, id, S1_ROLE_EXIT, "1");
    assert_left(s, id, S1_ROLE_STOP_LOSS, "1");
    flat(s, 80, 9);
    assert_over(s, "STOP_LOSS", "3", "80");
    stage_free(s);
}

/* --- Entries. ----------------------------------------------------------------------------------
 */

static void test_entry_in_parts(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_plan plan = plan_of(s, "5", 90, 120);
    const s1_trade_id id = submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "500");
    flat(s, 101, 2);
    ASSERT_DEC(position(s)->quantity, "2");
    assert_int_equal(s->ledger->view.pending_entries, 0);
    ASSERT_DEC(s->ledger->view.reserved, "300");
    assert_left(s, id, S1_ROLE_STOP_LOSS, "2");
    flat(s, 102, 9);
    ASSERT_DEC(position(s)->quantity, "5");
    ASSERT_DEC(position(s)->entry_price, "101.6");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_left(s, id, S1_ROLE_TAKE_PROFIT, "5");
    stage_free(s);
}

static void test_stopped_out_before_the_rest_came(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    const s1_plan plan = plan_of(s, "5", 90, 0);
    (void)submit(s, &plan);
    bar(s, 100, 100, 95, 100, 3);
    ASSERT_DEC(position(s)->quantity, "3");
    flat(s, 100, 0); /* nothing to be had */
    ASSERT_DEC(position(s)->quantity, "3");
    bar(s, 89, 89, 80, 80, 4); /* the entry is older: its last two, and two of the stop */
    ASSERT_DEC(position(s)->quantity, "3");
    flat(s, 85, 9);
    assert_over(s, "STOP_LOSS", "5", "86.6"); /* (2 * 89 + 3 * 85) / 5 */
    stage_free(s);
}

static void test_rest_of_an_ioc_gives_its_cash_back(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    s1_plan plan = plan_of(s, "5", 90, 0);
    plan.time_in_force = S1_TIF_IOC;
    const s1_trade_id id = submit(s, &plan);
    flat(s, 100, 2);
    ASSERT_DEC(position(s)->quantity, "2");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_null(s1_matching_find(s->matching, id, S1_ROLE_ENTRY));
    assert_left(s, id, S1_ROLE_STOP_LOSS, "2");
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_EXPIRED"), "\"reason\":\"NO_VOLUME\"");
    stage_free(s);
}

static void test_fok_that_cannot_fill_whole(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    s1_plan plan = plan_of(s, "5", 90, 0);
    plan.time_in_force = S1_TIF_FOK;
    (void)submit(s, &plan);
    flat(s, 100, 4);
    assert_int_equal(s->ledger->view.position_count, 0);
    assert_int_equal(s->ledger->view.pending_entries, 0);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    stage_free(s);
}

/* A part of the account, its size known with the first part: the rest is held for. */
static void test_sized_as_it_fills_in_parts(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    s1_plan plan = plan_of(s, "9", 0, 0);
    plan.cash_fraction = dec("0.5");
    (void)submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    flat(s, 100, 2);
    ASSERT_DEC(position(s)->quantity, "2");
    ASSERT_DEC(s->ledger->view.reserved, "300");
    flat(s, 110, 9);
    ASSERT_DEC(position(s)->quantity, "5");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    stage_free(s);
}

/* All of the account: what is held for the rest is what the first part left, and no more is spent.
 */
static void test_all_of_the_account_in_parts(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 120, 100); /* the plan's price */
    s1_plan plan = plan_of(s, "9", 0, 0);
    plan.cash_fraction = S1_DEC_ONE;
    (void)submit(s, &plan);
    flat(s, 100, 2);
    ASSERT_DEC(s->ledger->view.reserved, "800");
    flat(s, 101, 9);
    ASSERT_DEC(position(s)->quantity, "2");
    ASSERT_DEC(s->ledger->view.cash, "800");
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_REJECTED"), "INSUFFICIENT_FUNDS");
    stage_free(s);
}

/* The price ran away from what the account can pay: what came in stays, the rest is refused. */
static void test_rest_that_cannot_be_paid(void **state)
{
    (void)state;
    stage *const s = stage_new("500");
    flat(s, 100, 100);
    const s1_plan plan = plan_of(s, "5", 0, 0);
    const s1_trade_id id = submit(s, &plan);
    flat(s, 100, 2);
    flat(s, 101, 9);
    ASSERT_DEC(position(s)->quantity, "2");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_null(s1_matching_find(s->matching, id, S1_ROLE_ENTRY));
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_REJECTED"), "INSUFFICIENT_FUNDS");
    stage_free(s);
}

static void test_next_slice_waits_for_the_rest(void **state)
{
    (void)state;
    stage *const s = stage_new("1000");
    flat(s, 100, 100);
    s1_plan plan = plan_of(s, "4", 0, 0);
    plan.slices = 2;
    plan.slice_interval = KERNEL_HOUR;
    (void)submit(s, &plan);
    assert_int_equal(s->submits, 1);
    flat(s, 100, 1);
    assert_int_equal(s->submits, 1); /* its time has come, the first works */
    flat(s, 100, 1);
    assert_int_equal(s->submits, 2);
    flat(s, 100, 9);
    ASSERT_DEC(position(s)->quantity, "4");
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_close_carries_on),
        cmocka_unit_test(test_close_of_a_part_carries_on),
        cmocka_unit_test(test_stop_in_parts),
        cmocka_unit_test(test_target_in_parts_then_stop),
        cmocka_unit_test(test_stop_beside_a_close),
        cmocka_unit_test(test_entry_in_parts),
        cmocka_unit_test(test_stopped_out_before_the_rest_came),
        cmocka_unit_test(test_rest_of_an_ioc_gives_its_cash_back),
        cmocka_unit_test(test_fok_that_cannot_fill_whole),
        cmocka_unit_test(test_sized_as_it_fills_in_parts),
        cmocka_unit_test(test_all_of_the_account_in_parts),
        cmocka_unit_test(test_rest_that_cannot_be_paid),
        cmocka_unit_test(test_next_slice_waits_for_the_rest),
    };
    return cmocka_run_group_tests_name("order_volume", tests, NULL, NULL);
}
