/* Trades from directive to close, on the real matching engine; then random ones, after each of
 * which the books must balance and the journal must tell the same story. */
#include "backend/core/order_manager.h"

#include "backend/environments/matching/matching_engine.h"
#include "backend/utils/rng.h"
#include "backend/utils/uid.h"
#include "tests/backend/operators/kernel_fixture.h"

#define TRADES_MAX 16u

typedef struct stage {
    kernel *k;
    s1_ledger *ledger;
    s1_order_manager *orders;
    s1_matching_engine *matching;
    s1_bar bar; /* the newest */
    uint64_t row;
    uint32_t cancels, submits; /* what the venue was asked */
} stage;

/* --- An environment of one bar. --------------------------------------------------------------- */

static s1_rc venue_submit(void *self, const s1_order *order, s1_err *err)
{
    stage *const s = self;
    s->submits++;
    return s1_matching_submit(s->matching, order, &s->bar, err);
}

static s1_rc venue_cancel(void *self, s1_order_id order_id, s1_str reason, s1_nanos time,
                          s1_err *err)
{
    stage *const s = self;
    s->cancels++;
    return s1_matching_cancel(s->matching, order_id, reason, time, err);
}

static s1_rc venue_amend(void *self, const s1_order_change *change, s1_err *err)
{
    stage *const s = self;
    return s1_matching_amend(s->matching, change, s->bar.close_time, &s->bar, err);
}

static s1_rc venue_modify(void *self, s1_order_id order_id, s1_dec price, s1_dec quantity,
                          s1_err *err)
{
    stage *const s = self;
    return s1_matching_modify(s->matching, order_id, price, quantity, err);
}

typedef struct setting {
    const char *capital, *fee, *slippage, *leverage;
    int32_t timing;
    bool is_varied; /* of random runs: ends, slices, icebergs */
} setting;

static stage *stage_new(setting with)
{
    stage *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->k = kernel_new();
    s1_instrument *const instrument = &s->k->instrument;
    instrument->taker_fee = instrument->maker_fee = with.fee != NULL ? dec(with.fee) : S1_DEC_ZERO;
    if (with.leverage != NULL) {
        instrument->flags = S1_INSTRUMENT_MARGIN;
        instrument->leverage = dec(with.leverage);
    }
    const s1_ledger_options ledger = {.instrument = instrument,
                                      .initial_capital = dec(with.capital),
                                      .positions_max = TRADES_MAX};
    MUST(s1_ledger_new(&ledger, &s->ledger, err));
    const s1_order_manager_options orders = {.ledger = s->ledger,
                                             .journal = s->k->journal,
                                             .ids = &s->k->ids,
                                             .instrument = instrument,
                                             .trades_max = TRADES_MAX,
                                             .checks_invariants = true};
    MUST(s1_order_manager_new(&orders, &s->orders, err));
    const s1_matching_options matching = {
        .instrument = instrument,
        .rules = s1_fill_rules_of(with.timing != 0 ? with.timing : S1_FILL_NEXT_OPEN, NULL),
        .ambiguity = S1_AMBIGUITY_STOP_FIRST,
        .slippage = with.slippage != NULL ? dec(with.slippage) : S1_DEC_ZERO,
        .maker_fee = instrument->maker_fee,
        .taker_fee = instrument->taker_fee,
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

static s1_dec price_of(int64_t cents)
{
    return s1_dec_from_mantissa(cents, 2);
}

/* The next bar: orders match, then the strategy may act. Prices in cents. */
static void bar(stage *s, int64_t open, int64_t high, int64_t low, int64_t close)
{
    const s1_nanos start = (s1_nanos)s->row * KERNEL_HOUR;
    s->bar = (s1_bar){start, start + KERNEL_HOUR, open, high, low, close, 1000};
    s1_ids_begin_tick(&s->k->ids, s->row + 1);
    s1_order_manager_begin_tick(s->orders, s->bar.close_time, s->row);
    MUST(s1_matching_bar(s->matching, &s->bar, err));
    s1_ledger_mark(s->ledger, close);
    MUST(s1_ledger_check(s->ledger, err));
    s->row++;
}

static void flat_bar(stage *s, int64_t price)
{
    bar(s, price, price, price, price);
}

/* An approved plan at market. stop and target in cents, 0 for none. */
static s1_plan plan_of(stage *s, int32_t direction, const char *quantity, int64_t stop,
                       int64_t target)
{
    return (s1_plan){.size = sizeof(s1_plan),
                     .direction = direction,
                     .trade_id = s1_ids_trade(&s->k->ids, 0),
                     .opportunity_id = {s1_ids_next(&s->k->ids, S1_ID_OPPORTUNITY, 1)},
                     .entry_price = price_of(s->bar.close),
                     .entry_type = S1_ORDER_MARKET,
                     .stop_loss = price_of(stop),
                     .take_profit = price_of(target),
                     .quantity = dec(quantity),
                     .order_type = S1_ORDER_MARKET,
                     .time_in_force = S1_TIF_GTC};
}

static s1_trade_id submit(stage *s, const s1_plan *plan)
{
    MUST(s1_order_manager_submit(s->orders, plan, S1_STR("executor"), err));
    return plan->trade_id;
}

/* In at market on the next bar's open at `price`. */
static s1_trade_id enter(stage *s, int32_t direction, const char *quantity, int64_t stop,
                         int64_t target, int64_t price)
{
    const s1_plan plan = plan_of(s, direction, quantity, stop, target);
    const s1_trade_id id = submit(s, &plan);
    flat_bar(s, price);
    return id;
}

static s1_rc close_at_market(stage *s, s1_trade_id id, const char *quantity, const char *reason,
                             s1_err *err)
{
    const s1_close_request request = {
        .size = sizeof request, .reason = {reason, strlen(reason)}, .quantity = dec(quantity)};
    return s1_order_manager_close(s->orders, id, &request, S1_STR("closer"), err);
}

static const s1_trade_record *only_trade(const stage *s)
{
    size_t count;
    const s1_trade_record *const trades = s1_order_manager_trades(s->orders, &count);
    assert_int_equal(count, 1);
    return trades;
}

#define ASSERT_REASON(record, expected)                                                            \
    do {                                                                                           \
        assert_int_equal((record)->closure_reason.len, strlen(expected));                          \
        assert_memory_equal((record)->closure_reason.ptr, expected, strlen(expected));             \
    } while (0)

/* Nothing is held, nothing works, nothing is open. */
static void assert_at_rest(const stage *s)
{
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_int_equal(s->ledger->view.pending_entries, 0);
    assert_int_equal(s->ledger->view.position_count, 0);
    assert_true(s1_dec_eq(s->ledger->view.cash, s->ledger->view.equity));
}

/* --- Round trips by hand. --------------------------------------------------------------------- */

static void test_long_to_target(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .fee = "0.001"});
    flat_bar(s, 10000);
    const s1_plan plan = plan_of(s, S1_LONG, "2", 9900, 10300);
    (void)submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "200.2");
    assert_int_equal(s->ledger->view.pending_entries, 1);
    assert_int_equal(s1_order_manager_take_changes(s->orders), S1_LEDGER_CHANGED);
    assert_int_equal(s1_order_manager_take_changes(s->orders), 0);
    bar(s, 10010, 10050, 10000, 10020);
    assert_int_equal(s1_order_manager_take_changes(s->orders),
                     S1_LEDGER_CHANGED | S1_LEDGER_OPENED);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "99");
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->take_profit, "103");
    bar(s, 10100, 10300, 10100, 10200);
    assert_int_equal(s1_order_manager_take_changes(s->orders),
                     S1_LEDGER_CHANGED | S1_LEDGER_CLOSED);
    const s1_trade_record *const trade = only_trade(s);
    ASSERT_REASON(trade, "TAKE_PROFIT");
    ASSERT_DEC(trade->entry_price, "100.1");
    ASSERT_DEC(trade->exit_price, "103");
    ASSERT_DEC(trade->fees, "0.4062");
    ASSERT_DEC(trade->pnl, "5.3938");
    assert_int_equal(trade->entry_time, KERNEL_HOUR); /* the open of the second bar */
    assert_int_equal(trade->exit_time, 3 * KERNEL_HOUR);
    assert_int_equal(trade->entry_row, 1);
    assert_int_equal(trade->exit_row, 2);
    assert_true(s1_uid_eq(trade->opportunity_id.uid, plan.opportunity_id.uid));
    ASSERT_DEC(s->ledger->view.cash, "1005.3938");
    assert_at_rest(s);
    ASSERT_HOLDS(tape_only(&s->k->tape, "TRADE_OPENED"),
                 "\"details\":{\"direction\":\"long\",\"entry_price\":\"100.1\",\"quantity\":\"2\","
                 "\"fee\":\"0.2002\",\"stop_loss\":\"99\",\"take_profit\":\"103\"}");
    ASSERT_HOLDS(
        tape_only(&s->k->tape, "TRADE_CLOSED"),
        "\"details\":{\"closure_reason\":\"TAKE_PROFIT\",\"exit_price\":\"103\","
        "\"quantity\":\"2\",\"fees\":\"0.4062\",\"pnl\":\"5.3938\",\"pnl_gross\":\"5.8\"}");
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_CANCELED"),
                 "\"role\":\"stop_loss\",\"reason\":\"POSITION_CLOSED\"");
    stage_free(s);
}

static void test_short_to_stop(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .leverage = "2"});
    flat_bar(s, 10000);
    (void)enter(s, S1_SHORT, "4", 10150, 9500, 9990);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    bar(s, 10000, 10160, 9990, 10100);
    const s1_trade_record *const trade = only_trade(s);
    ASSERT_REASON(trade, "STOP_LOSS");
    ASSERT_DEC(trade->pnl, "-6.4");
    ASSERT_DEC(s->ledger->view.cash, "993.6");
    assert_at_rest(s);
    stage_free(s);
}

static void test_close_at_market(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 9900, 10300, 10000);
    const s1_close_request request = {.size = sizeof request,
                                      .reason = S1_STR("THREAT"),
                                      .threat_id = {{{7}}},
                                      .opportunity_id = {{{8}}}};
    MUST(s1_order_manager_close(s->orders, id, &request, S1_STR("emergency"), err));
    assert_int_equal(s1_ledger_position(&s->ledger->view, 0)->is_closing, 1);
    bar(s, 10100, 10100, 10100, 10100);
    const s1_trade_record *const trade = only_trade(s);
    ASSERT_REASON(trade, "THREAT");
    assert_int_equal(trade->threat_id.uid.bytes[0], 7);
    ASSERT_DEC(trade->pnl, "1");
    const char *const line = tape_only(&s->k->tape, "TRADE_CLOSED");
    ASSERT_HOLDS(line, "\"threat_id\":\"07000000-0000-0000-0000-000000000000\"");
    ASSERT_HOLDS(line, "\"closing_opportunity_id\":\"08000000-0000-0000-0000-000000000000\"");
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_CANCELED"), ""), 2);
    assert_at_rest(s);
    stage_free(s);
}

static void test_close_twice_is_one_order(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 0, 0, 10000);
    MUST(close_at_market(s, id, "0", "MANUAL", err));
    MUST(close_at_market(s, id, "0", "THREAT", err));
    assert_int_equal(s->submits, 2);
    flat_bar(s, 10000);
    ASSERT_REASON(only_trade(s), "MANUAL");
    FAILS(close_at_market(s, id, "0", "MANUAL", err), S1_E_NOT_FOUND,
          "no open position of this trade to close");
    stage_free(s);
}

/* A stop hit while a closing order waits: the trade ends once, and its order is taken back. */
static void test_stop_overtakes_a_close(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 9900, 0, 10000);
    MUST(close_at_market(s, id, "0", "MANUAL", err));
    bar(s, 9800, 9800, 9800, 9800); /* the stop was there first and gaps */
    ASSERT_REASON(only_trade(s), "STOP_LOSS");
    assert_int_equal(s1_order_manager_counts(s->orders).fills, 2);
    assert_at_rest(s);
    flat_bar(s, 9800);
    assert_at_rest(s);
    stage_free(s);
}

static void test_bad_closes(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_plan pending = plan_of(s, S1_LONG, "1", 0, 0);
    (void)submit(s, &pending);
    FAILS(close_at_market(s, pending.trade_id, "0", "MANUAL", err), S1_E_NOT_FOUND,
          "no open position");
    flat_bar(s, 10000);
    FAILS(close_at_market(s, pending.trade_id, "-1", "MANUAL", err), S1_E_INVALID,
          "less than nothing");
    FAILS(close_at_market(s, pending.trade_id, "0", "", err), S1_E_INVALID,
          "closure reason '': expected 1 to 47 characters, 64 reasons at most");
    FAILS(close_at_market(s, pending.trade_id, "0",
                          "A_REASON_OF_FORTY_EIGHT_CHARACTERS_IS_ONE_TOO_MA", err),
          S1_E_INVALID, "expected 1 to 47 characters");
    assert_int_equal(s1_ledger_position(&s->ledger->view, 0)->is_closing, 0);
    stage_free(s);
}

static void test_trailing_stop(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 9900, 0, 10000);
    const s1_str who = S1_STR("trailer");
    MUST(s1_order_manager_modify_stop(s->orders, id, dec("99.5"), who, err));
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "99.5");
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"),
                 "\"details\":{\"what\":\"stop_loss\",\"from\":\"99\",\"to\":\"99.5\"}");
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"), "\"worker\":\"trailer\"");
    FAILS(s1_order_manager_modify_stop(s->orders, id, dec("99.5"), who, err), S1_E_INVALID,
          "the stop may only move closer to the price");
    FAILS(s1_order_manager_modify_stop(s->orders, id, dec("99.49"), who, err), S1_E_INVALID,
          "only move closer");
    FAILS(s1_order_manager_modify_stop(s->orders, id, dec("99.505"), who, err), S1_E_INVALID,
          "expected a positive multiple of the tick");
    FAILS(s1_order_manager_modify_stop(s->orders, (s1_trade_id){{{1}}}, dec("99.6"), who, err),
          S1_E_NOT_FOUND, "no open position of this trade");
    bar(s, 10000, 10000, 9950, 9960);
    ASSERT_REASON(only_trade(s), "TRAILING_STOP");
    ASSERT_DEC(only_trade(s)->pnl, "-0.5");
    stage_free(s);
}

/* A short's stop moves down; a trade without one gets its first. */
/* A trailing stop of the exchange: the ledger knows where it is, the journal says so once a bar,
 * and what is left or moved by hand goes on from there. */
static void test_trailing_stop_of_the_exchange(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "2", 9500, 0);
    plan.trail_percent = dec("4");
    const s1_trade_id id = submit(s, &plan);
    flat_bar(s, 10000);
    assert_int_equal(tape_count(&s->k->tape, "\"order_type\":\"TRAILING_STOP\"",
                                "\"quantity\":\"2\",\"trigger\":\"95\",\"trail_percent\":\"4\""),
                     1);
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"),
                 "\"details\":{\"what\":\"stop_loss\",\"from\":\"95\",\"to\":\"96\"}");
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "96");
    bar(s, 10000, 10200, 9900, 10100);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "97.92");
    assert_int_equal(tape_count(&s->k->tape, TYPE("POSITION_ADJUSTED"), ""), 2);
    MUST(close_at_market(s, id, "1", "PARTIAL", err));
    bar(s, 10100, 10100, 9900, 10000); /* what is left is covered where the stop was */
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "97.92");
    FAILS(s1_order_manager_modify_stop(s->orders, id, dec("97"), S1_STR("w"), err), S1_E_INVALID,
          "closer");
    MUST(s1_order_manager_modify_stop(s->orders, id, dec("98"), S1_STR("w"), err));
    bar(s, 10000, 10300, 9900, 10200);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "98.88");
    bar(s, 10000, 10000, 9800, 9850);
    ASSERT_REASON(only_trade(s), "TRAILING_STOP");
    ASSERT_DEC(only_trade(s)->exit_price, "99.94"); /* 101 and 98.88, one of each */
    assert_at_rest(s);
    stage_free(s);
}

/* A trailing entry takes its bracket with it. */
static void test_trailing_entry(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "2", 9900, 10600);
    plan.order_type = S1_ORDER_STOP;
    plan.trigger_price = dec("103");
    plan.entry_trail_amount = dec("3");
    (void)submit(s, &plan);
    bar(s, 10000, 10050, 9800, 9850); /* 103 -> 101 */
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_AMENDED"),
                 "\"details\":{\"trigger\":\"101\",\"reason\":\"TRAIL\"}");
    bar(s, 9850, 10150, 9850, 10140);
    ASSERT_HOLDS(tape_only(&s->k->tape, "TRADE_OPENED"),
                 "\"entry_price\":\"101\",\"quantity\":\"2\",");
    ASSERT_HOLDS(tape_only(&s->k->tape, "TRADE_OPENED"),
                 "\"stop_loss\":\"97\",\"take_profit\":\"104\"");
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->stop_loss, "97");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    stage_free(s);
}

static void test_trailing_stop_of_a_short(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .leverage = "1"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_SHORT, "1", 0, 0, 10000);
    assert_int_equal(s->submits, 1);
    MUST(s1_order_manager_modify_stop(s->orders, id, dec("101"), S1_STR("t"), err));
    assert_int_equal(s->submits, 2);
    FAILS(s1_order_manager_modify_stop(s->orders, id, dec("101.5"), S1_STR("t"), err), S1_E_INVALID,
          "only move closer");
    MUST(s1_order_manager_modify_stop(s->orders, id, dec("100.5"), S1_STR("t"), err));
    assert_int_equal(s->submits, 2);
    bar(s, 10000, 10060, 10000, 10000);
    ASSERT_REASON(only_trade(s), "TRAILING_STOP");
    ASSERT_DEC(only_trade(s)->exit_price, "100.5");
    stage_free(s);
}

/* Half is closed; the bracket then covers the other half, and the record the whole. */
static void test_partial_close(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "2", 9900, 10400, 10000);
    MUST(close_at_market(s, id, "0.5", "SCALE_OUT", err));
    flat_bar(s, 10100);
    const s1_position *const left = s1_ledger_position(&s->ledger->view, 0);
    ASSERT_DEC(left->quantity, "1.5");
    assert_int_equal(left->is_closing, 0);
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"),
                 "\"details\":{\"what\":\"quantity\",\"from\":\"2\",\"to\":\"1.5\"}");
    ASSERT_DEC(s1_matching_find(s->matching, id, S1_ROLE_STOP_LOSS)->quantity, "1.5");
    ASSERT_DEC(s1_matching_find(s->matching, id, S1_ROLE_TAKE_PROFIT)->quantity, "1.5");
    MUST(close_at_market(s, id, "0.5", "SCALE_OUT", err)); /* again: the first one is done */
    flat_bar(s, 10200);
    bar(s, 10300, 10400, 10300, 10400);
    const s1_trade_record *const trade = only_trade(s);
    ASSERT_REASON(trade, "TAKE_PROFIT");
    ASSERT_DEC(trade->quantity, "2");
    ASSERT_DEC(trade->exit_price, "102.75"); /* (0.5*101 + 0.5*102 + 1*104) / 2 */
    ASSERT_DEC(trade->pnl, "5.5");
    assert_at_rest(s);
    stage_free(s);
}

/* --- Entries that come to nothing. ------------------------------------------------------------ */

static void test_venue_refuses_the_entry(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_plan plan = plan_of(s, S1_LONG, "9.9", 9900, 10300);
    (void)submit(s, &plan);
    (void)s1_order_manager_take_changes(s->orders);
    flat_bar(s, 10200); /* 1009.8 now */
    assert_int_equal(s1_order_manager_take_changes(s->orders), S1_LEDGER_CHANGED);
    assert_int_equal(s1_order_manager_counts(s->orders).venue_refusals, 1);
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_REJECTED"), "\"reason\":\"INSUFFICIENT_FUNDS\"");
    ASSERT_HOLDS(tape_only(&s->k->tape, "OPPORTUNITY_REJECTED"),
                 "\"details\":{\"stage\":\"venue\",\"rejection_reason\":{\"code\":"
                 "\"INSUFFICIENT_FUNDS\"}}");
    assert_at_rest(s);
    FAILS(s1_order_manager_cancel_entry(s->orders, plan.trade_id, S1_STR("x"), err), S1_E_NOT_FOUND,
          "no working entry order of this trade");
    stage_free(s);
}

/* A dearer open is paid as long as there is cash that nobody else holds. */
static void test_dearer_open_is_paid_from_free_cash_only(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_plan first = plan_of(s, S1_LONG, "5", 0, 0), second = plan_of(s, S1_LONG, "4.9", 0, 0);
    (void)submit(s, &first);
    (void)submit(s, &second);
    ASSERT_DEC(s->ledger->view.reserved, "990");
    flat_bar(s, 10200); /* 510 of 500 held and 10 free; then 499.8 of the 490 that are left */
    assert_int_equal(s->ledger->view.position_count, 1);
    ASSERT_DEC(s->ledger->view.cash, "490");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_int_equal(tape_count(&s->k->tape, TYPE("OPPORTUNITY_REJECTED"), "venue"), 1);
    stage_free(s);
}

/* What closes never opens the other way: cut to what is open, refused where nothing is. */
static void test_reduce_only(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .leverage = "2"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 9000, 11000, 10000);
    const s1_order_listener listener = s1_order_manager_listener(s->orders);
    const s1_order order = {.trade_id = id, .role = S1_ROLE_STOP_LOSS, .side = S1_SELL};
    const s1_fill whole = {.quantity = dec("1"), .price = dec("90")};
    const s1_fill more = {.quantity = dec("1.001"), .price = dec("90")};
    MUST(listener.on_before_fill(listener.self, &order, &whole, err));
    FAILS(listener.on_before_fill(listener.self, &order, &more, err), S1_E_DENIED, "REDUCE_ONLY");
    MUST(close_at_market(s, id, "5", "MANUAL", err)); /* of 1 */
    assert_int_equal(tape_count(&s->k->tape, "\"role\":\"exit\"", "\"quantity\":\"1\""), 1);
    flat_bar(s, 10100);
    ASSERT_DEC(only_trade(s)->quantity, "1");
    assert_at_rest(s);
    FAILS(close_at_market(s, id, "1", "MANUAL", err), S1_E_NOT_FOUND, "REDUCE_ONLY");
    FAILS(listener.on_before_fill(listener.self, &order, &whole, err), S1_E_DENIED, "REDUCE_ONLY");
    stage_free(s);
}

static s1_dec working_quantity(const stage *s, s1_trade_id id, int32_t role)
{
    const s1_order *const order = s1_matching_find(s->matching, id, role);
    return order == NULL ? S1_DEC_ZERO
                         : s1_dec_of_raw(s1_dec_raw(order->quantity) - s1_dec_raw(order->filled));
}

/* The entry brings stop and target (OTO), each has the size of the position whatever changes it
 * (OUO), and the end of one is the end of the other at the same time (OCO). */
static void test_bracket(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "4", 9000, 11000);
    plan.order_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("99");
    plan.display_quantity = dec("1");
    const s1_trade_id id = submit(s, &plan);
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_STOP_LOSS), "0"); /* OTO: nothing before */
    bar(s, 10000, 10000, 9900, 9950);                            /* one of four */
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_STOP_LOSS), "1");
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_TAKE_PROFIT), "1");
    bar(s, 9950, 9950, 9890, 9900); /* OUO: the rest came */
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_STOP_LOSS), "4");
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_TAKE_PROFIT), "4");
    MUST(close_at_market(s, id, "1.5", "PARTIAL", err));
    flat_bar(s, 9900); /* OUO: a part went */
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_STOP_LOSS), "2.5");
    ASSERT_DEC(working_quantity(s, id, S1_ROLE_TAKE_PROFIT), "2.5");
    bar(s, 10000, 11000, 10000, 11000); /* OCO */
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_CANCELED"),
                                "\"role\":\"stop_loss\",\"reason\":\"POSITION_CLOSED\""),
                     1);
    ASSERT_REASON(only_trade(s), "TAKE_PROFIT");
    assert_at_rest(s);
    stage_free(s);
}

/* A breakout pair: a buy stop above and a sell stop below. */
static void send_pair(stage *s, s1_trade_id ids[2])
{
    for (int i = 0; i < 2; i++) {
        s1_plan plan = plan_of(s, i == 0 ? S1_LONG : S1_SHORT, "1", 0, 0);
        plan.order_type = S1_ORDER_STOP;
        plan.trigger_price = dec(i == 0 ? "102" : "98");
        plan.oco_group = 7;
        ids[i] = submit(s, &plan);
    }
}

static void test_one_cancels_the_other(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .leverage = "2"});
    s1_trade_id ids[2];
    flat_bar(s, 10000);
    const s1_plan apart = plan_of(s, S1_LONG, "1", 0, 0); /* of no group */
    s1_plan resting = apart;
    resting.order_type = S1_ORDER_LIMIT;
    resting.limit_price = dec("90");
    (void)submit(s, &resting);
    send_pair(s, ids);
    assert_int_equal(s->ledger->view.pending_entries, 3);
    bar(s, 10000, 10100, 9700, 9750);
    assert_int_equal(s->ledger->view.position_count, 1);
    assert_int_equal(s1_ledger_position(&s->ledger->view, 0)->direction, S1_SHORT);
    assert_int_equal(s->ledger->view.pending_entries, 1);
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_CANCELED"), "\"reason\":\"OCO\""), 1);
    ASSERT_DEC(s->ledger->view.reserved, "45");
    assert_int_equal(s1_order_manager_counts(s->orders).ambiguous, 0);
    send_pair(s, ids); /* a bar with both: the older, and it counts as ambiguous */
    bar(s, 10000, 10300, 9700, 10000);
    assert_int_equal(s->ledger->view.position_count, 2);
    assert_int_equal(s1_ledger_position(&s->ledger->view, 1)->direction, S1_LONG);
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_CANCELED"), "\"reason\":\"OCO\""), 2);
    assert_int_equal(s1_order_manager_counts(s->orders).ambiguous, 1);
    assert_int_equal(s1_order_manager_counts(s->orders).first[0].rule, S1_FILL_ENTRY_WAITS);
    stage_free(s);
}

static const s1_entry_change *change_of(const char *limit, const char *trigger,
                                        const char *quantity)
{
    static s1_entry_change change;
    change = (s1_entry_change){.size = sizeof change,
                               .limit_price = dec(limit),
                               .trigger_price = dec(trigger),
                               .quantity = dec(quantity),
                               .reason = S1_STR("MOVED")};
    return &change;
}

#define AMEND(id, limit, trigger, quantity)                                                        \
    s1_order_manager_amend_entry(s->orders, id, change_of(limit, trigger, quantity),               \
                                 S1_STR("amender"), err)

/* A working entry gets another price or size; what is held follows, the journal says so. */
static void test_amend_entry(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .fee = "0.001"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "2", 9000, 12000);
    plan.order_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("99");
    const s1_trade_id id = submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "198.198");
    MUST(AMEND(id, "98", "0", "0"));
    ASSERT_DEC(s->ledger->view.reserved, "196.196");
    const char *line = tape_only(&s->k->tape, "ORDER_AMENDED");
    ASSERT_HOLDS(line, "\"worker\":\"amender\"");
    ASSERT_HOLDS(line, "\"details\":{\"limit\":\"98\",\"reason\":\"MOVED\"}");
    MUST(AMEND(id, "0", "0", "3"));
    ASSERT_DEC(s->ledger->view.reserved, "294.294");
    assert_int_equal(
        tape_count(&s->k->tape, TYPE("ORDER_AMENDED"), "\"limit\":\"98\",\"quantity\":\"3\""), 1);
    FAILS(AMEND(id, "0", "0", "0"), S1_E_INVALID, "a change of nothing");
    FAILS(AMEND(id, "0", "97", "0"), S1_E_INVALID, "a trigger price for an order that has none");
    FAILS(AMEND(id, "97.005", "0", "0"), S1_E_INVALID, "a positive multiple of the tick");
    FAILS(AMEND(id, "-97", "0", "0"), S1_E_INVALID, "a positive multiple of the tick");
    bar(s, 10000, 10000, 9850, 9900); /* the old limit */
    assert_int_equal(s->ledger->view.position_count, 0);
    bar(s, 10000, 10000, 9750, 9900);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "3");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    FAILS(AMEND(id, "97", "0", "0"), S1_E_NOT_FOUND, "no working entry order of this trade");
    FAILS(AMEND((s1_trade_id){{{1}}}, "97", "0", "0"), S1_E_NOT_FOUND, "no working entry order");
    stage_free(s);
}

/* A price that is marketable by now takes at the next open, as if the order came now; what is
 * filled of an iceberg stays, and less than that is no size. */
static void test_amend_what_is_partly_filled(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "4", 9000, 0);
    plan.order_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("99");
    plan.display_quantity = dec("1");
    const s1_trade_id id = submit(s, &plan);
    bar(s, 10000, 10000, 9900, 9950);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "1");
    FAILS(AMEND(id, "0", "0", "1"), S1_E_INVALID, "more than is filled");
    MUST(AMEND(id, "0", "0", "3"));
    ASSERT_DEC(s->ledger->view.reserved, "198");
    MUST(AMEND(id, "101", "0", "0"));
    ASSERT_DEC(s->ledger->view.reserved, "202");
    flat_bar(s, 10000);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "3");
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_FILLED"), "OPEN_MARKETABLE"), 1);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    stage_free(s);
}

/* A stop-limit has both prices until it is triggered. */
static void test_amend_stop_limit(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "2", 9000, 0);
    plan.order_type = S1_ORDER_STOP_LIMIT;
    plan.trigger_price = dec("102");
    plan.limit_price = dec("101");
    const s1_trade_id id = submit(s, &plan);
    MUST(AMEND(id, "100.5", "101", "0"));
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_AMENDED"),
                 "\"details\":{\"limit\":\"100.5\",\"trigger\":\"101\",\"reason\":\"MOVED\"}");
    bar(s, 10000, 10150, 10080, 10150); /* triggered, and further */
    assert_int_equal(s->ledger->view.position_count, 0);
    FAILS(AMEND(id, "0", "101", "0"), S1_E_INVALID, "a trigger price for an order that has none");
    MUST(AMEND(id, "100.8", "0", "0"));
    bar(s, 10150, 10150, 10080, 10100);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->entry_price, "100.8");
    stage_free(s);
}

static void test_cancel_entry(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .fee = "0.01"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "1", 9000, 0);
    plan.order_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("95");
    (void)submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "95.95"); /* at the limit, not at the expected price */
    FAILS(s1_order_manager_submit(s->orders, &plan, S1_STR("e"), err), S1_E_EXISTS,
          "the directive of this trade was sent already");
    flat_bar(s, 10000);
    MUST(s1_order_manager_cancel_entry(s->orders, plan.trade_id, S1_STR("STALE"), err));
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_CANCELED"), "\"reason\":\"STALE\"");
    assert_int_equal(tape_count(&s->k->tape, TYPE("OPPORTUNITY_REJECTED"), ""), 0);
    assert_at_rest(s);
    bar(s, 9400, 9400, 9400, 9400);
    assert_at_rest(s);
    stage_free(s);
}

static void test_expired_entry(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "1", 0, 0);
    plan.order_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("95");
    plan.time_in_force = S1_TIF_IOC;
    (void)submit(s, &plan);
    flat_bar(s, 10000);
    (void)tape_only(&s->k->tape, "ORDER_EXPIRED");
    assert_at_rest(s);
    stage_free(s);
}

static void test_stop_entry_is_held_at_its_trigger(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "2", 10100, 0);
    plan.order_type = S1_ORDER_STOP;
    plan.trigger_price = dec("102");
    (void)submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "204");
    bar(s, 10000, 10200, 10000, 10150);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->entry_price, "102");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    stage_free(s);
}

static void test_too_many_trades(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "100000"});
    flat_bar(s, 10000);
    for (uint32_t i = 0; i < TRADES_MAX; i++) {
        const s1_plan plan = plan_of(s, S1_LONG, "1", 0, 0);
        (void)submit(s, &plan);
    }
    const s1_plan plan = plan_of(s, S1_LONG, "1", 0, 0);
    FAILS(s1_order_manager_submit(s->orders, &plan, S1_STR("e"), err), S1_E_NO_MEMORY,
          "16 trades are open or pending, the most of this run (limits.open_trades_max)");
    ASSERT_DEC(s->ledger->view.reserved, "1600");
    stage_free(s);
}

static s1_rc no_room(s1_journal_persistor *self, s1_str block, s1_err *err)
{
    (void)self, (void)block;
    return S1_RAISE(err, S1_E_IO, "no space left");
}

/* Once the journal failed no order goes to the venue, whatever the journal's level keeps. */
static void test_no_order_after_a_failed_journal(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "100000"});
    flat_bar(s, 10000);
    const s1_plan sent = plan_of(s, S1_LONG, "1", 0, 0);
    (void)submit(s, &sent);
    const uint32_t submits = s->submits;
    s1_journal_persistor_ops failing = *s->k->persistor->ops;
    failing.append = no_room;
    const s1_journal_persistor_ops *const sound = s->k->persistor->ops;
    s->k->persistor->ops = &failing;
    FAILS(s1_journal_commit(s->k->journal, err), S1_E_IO, "no space left");
    assert_true(s1_journal_has_failed(s->k->journal));
    const s1_plan plan = plan_of(s, S1_LONG, "1", 0, 0);
    FAILS(s1_order_manager_submit(s->orders, &plan, S1_STR("e"), err), S1_E_STORAGE,
          "no new order: the journal cannot be written");
    assert_int_equal(s->submits, submits);
    ASSERT_DEC(s->ledger->view.reserved, "100");
    s->k->persistor->ops = sound;
    stage_free(s);
}

static bool always_low(const s1_journal_persistor *self)
{
    (void)self;
    return true;
}

/* With the journal low no position is opened any more; what is open is brought to its end. */
static void test_no_entry_while_the_journal_is_low(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "100000"});
    flat_bar(s, 10000);
    const s1_trade_id stopped = enter(s, S1_LONG, "1", 9900, 10300, 10000);
    const s1_trade_id closed = enter(s, S1_LONG, "1", 9800, 10400, 10000);
    s1_plan working = plan_of(s, S1_LONG, "1", 0, 0);
    working.order_type = S1_ORDER_LIMIT;
    working.limit_price = dec("90");
    (void)submit(s, &working);
    s1_journal_persistor_ops low = *s->k->persistor->ops;
    low.is_low = always_low;
    const s1_journal_persistor_ops *const sound = s->k->persistor->ops;
    s->k->persistor->ops = &low;
    assert_false(s1_journal_is_low(s->k->journal)); /* nothing was written since */
    MUST(s1_journal_commit(s->k->journal, err));
    assert_true(s1_journal_is_low(s->k->journal));
    assert_false(s1_journal_has_failed(s->k->journal));

    const uint32_t submits = s->submits;
    const uint64_t orders = s1_order_manager_counts(s->orders).orders;
    tape_clear(&s->k->tape);
    for (uint32_t i = 0; i < 2 * TRADES_MAX; i++) { /* none is kept, so no limit is reached */
        const s1_plan plan = plan_of(s, S1_LONG, "1", 9900, 10300);
        (void)submit(s, &plan);
    }
    assert_int_equal(s->submits, submits);
    assert_int_equal(s1_order_manager_counts(s->orders).denied, 2 * TRADES_MAX);
    assert_int_equal(s1_order_manager_counts(s->orders).orders, orders);
    assert_int_equal(
        tape_count(&s->k->tape, "\"type\":\"ORDER_DENIED\"", "\"reason\":\"STORAGE_LOW\""),
        2 * TRADES_MAX);
    assert_int_equal(tape_count(&s->k->tape, "\"type\":\"ORDER_DENIED\"", "\"role\":\"entry\""),
                     2 * TRADES_MAX);
    ASSERT_DEC(s->ledger->view.reserved, "90"); /* of the one that works */
    assert_int_equal(s->ledger->view.pending_entries, 1);

    MUST(s1_order_manager_modify_stop(s->orders, stopped, dec("99.5"), S1_STR("w"), err));
    MUST(s1_order_manager_cancel_entry(s->orders, working.trade_id, S1_STR("LOW"), err));
    MUST(close_at_market(s, closed, "0", "STORAGE_LOW", err));
    assert_int_equal(s->submits, submits + 1);
    bar(s, 10000, 10000, 9900, 9900);
    size_t trades;
    (void)s1_order_manager_trades(s->orders, &trades);
    assert_int_equal(trades, 2);
    assert_at_rest(s);
    s->k->persistor->ops = sound;
    stage_free(s);
}

/* same_close: in, out and the books all within the call. */
static void test_same_close(void **state)
{
    (void)state;
    stage *const s =
        stage_new((setting){.capital = "1000", .slippage = "0.001", .timing = S1_FILL_SAME_CLOSE});
    flat_bar(s, 10000);
    const s1_plan plan = plan_of(s, S1_LONG, "1", 9900, 10300);
    const s1_trade_id id = submit(s, &plan);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->entry_price, "100.1");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    MUST(close_at_market(s, id, "0.4", "SCALE_OUT", err));
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "0.6");
    MUST(close_at_market(s, id, "0", "MANUAL", err));
    ASSERT_DEC(only_trade(s)->pnl, "-0.2");
    assert_at_rest(s);
    stage_free(s);
}

static void test_ambiguous_bars_are_listed(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 9900, 10100, 10000);
    bar(s, 10000, 10200, 9800, 10000);
    const s1_order_counts counts = s1_order_manager_counts(s->orders);
    assert_int_equal(counts.ambiguous, 1);
    assert_int_equal(counts.first[0].rule, S1_FILL_AMBIGUOUS_STOP);
    assert_int_equal(counts.first[0].time, 3 * KERNEL_HOUR);
    assert_true(s1_uid_eq(counts.first[0].trade_id.uid, id.uid));
    stage_free(s);
}

/* --- What a venue may say that ours does not. --------------------------------------------------
 */

/* Tells the manager about an order of the trade in a role. */
static void say(stage *s, s1_trade_id id, int32_t role, int32_t state)
{
    const s1_order_listener listener = s1_order_manager_listener(s->orders);
    s1_order order = *s1_matching_find(s->matching, id, role);
    order.state = state;
    MUST(listener.on_state(listener.self, &order, S1_STR("said"), s->bar.close_time, err));
}

/* A triggered stop is not a forgotten one: it is taken back when the target ends the trade. */
static void test_triggered_order_works_on(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 9900, 10300, 10000);
    say(s, id, S1_ROLE_STOP_LOSS, S1_ORDER_TRIGGERED);
    bar(s, 10000, 10300, 10000, 10300);
    ASSERT_REASON(only_trade(s), "TAKE_PROFIT");
    assert_null(s1_matching_find(s->matching, id, S1_ROLE_STOP_LOSS));
    stage_free(s);
}

/* A refused exit leaves a position that can be closed again, and that says so. */
static void test_refused_exit_can_be_repeated(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_trade_id id = enter(s, S1_LONG, "1", 0, 0, 10000);
    MUST(close_at_market(s, id, "0", "MANUAL", err));
    say(s, id, S1_ROLE_EXIT, S1_ORDER_REJECTED);
    assert_int_equal(s1_ledger_position(&s->ledger->view, 0)->is_closing, 0);
    MUST(close_at_market(s, id, "0", "MANUAL", err));
    assert_int_equal(s->submits, 3);
    stage_free(s);
}

/* --- Entries of several fills. -----------------------------------------------------------------
 */

/* The bar and what the end of its tick sends. */
static void slice_bar(stage *s, int64_t open, int64_t high, int64_t low, int64_t close)
{
    bar(s, open, high, low, close);
    if (s1_order_manager_has_due(s->orders, s->bar.close_time)) {
        MUST(s1_order_manager_send_slices(s->orders, err));
    }
}

static s1_plan sliced(stage *s, const char *quantity, uint32_t slices, int64_t hours, int64_t stop,
                      int64_t target)
{
    s1_plan plan = plan_of(s, S1_LONG, quantity, stop, target);
    plan.slices = slices;
    plan.slice_interval = hours * KERNEL_HOUR;
    return plan;
}

/* 10.001 in three: 3.333 twice, and what is over. Each joins the position at its price. */
static void test_slices(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000", .fee = "0.001"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "10.001", 3, 2, 9000, 0);
    (void)submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "1001.1001"); /* of the whole */
    slice_bar(s, 10010, 10010, 10000, 10000);
    const s1_position *const position = s1_ledger_position(&s->ledger->view, 0);
    ASSERT_DEC(position->quantity, "3.333");
    ASSERT_DEC(s->ledger->view.reserved, "667.4668"); /* 6.668 at 100 */
    assert_int_equal(s->ledger->view.pending_entries, 0);
    assert_int_equal(s->submits, 2); /* the slice and the stop */
    slice_bar(s, 10000, 10000, 10000, 10000);
    assert_int_equal(s->submits, 3); /* two hours on */
    slice_bar(s, 10020, 10020, 10020, 10020);
    ASSERT_DEC(position->quantity, "6.666");
    ASSERT_DEC(position->entry_price, "100.15");
    ASSERT_DEC(s->ledger->view.reserved, "333.8335");
    const s1_order *const stop = s1_matching_find(s->matching, plan.trade_id, S1_ROLE_STOP_LOSS);
    ASSERT_DEC(stop->quantity, "6.666");
    slice_bar(s, 10000, 10000, 10000, 10000);
    slice_bar(s, 10030, 10030, 10030, 10030);
    ASSERT_DEC(position->quantity, "10.001");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_int_equal(tape_count(&s->k->tape, TYPE("TRADE_OPENED"), ""), 1);
    assert_int_equal(tape_count(&s->k->tape, TYPE("POSITION_ADJUSTED"), "\"what\":\"quantity\""),
                     2);
    assert_int_equal(
        tape_count(&s->k->tape, TYPE("POSITION_ADJUSTED"),
                   "\"details\":{\"what\":\"quantity\",\"from\":\"6.666\",\"to\":\"10.001\","
                   "\"price\":\"100.3\",\"fee\":\"0.3345005\"}"),
        1);
    bar(s, 10000, 10000, 8900, 8900);
    const s1_trade_record *const trade = only_trade(s);
    ASSERT_REASON(trade, "STOP_LOSS");
    ASSERT_DEC(trade->quantity, "10.001");
    /* (3.333 * 100.1 + 3.333 * 100.2 + 3.335 * 100.3) / 10.001 */
    ASSERT_DEC(trade->entry_price, "100.20001999800019998");
    ASSERT_DEC(trade->exit_price, "90");
    assert_int_equal(trade->entry_time, KERNEL_HOUR);
    assert_int_equal(trade->entry_row, 1);
    assert_at_rest(s);
    stage_free(s);
}

/* The stop ends the position, and with it what was still to come. */
static void test_stop_ends_the_slices(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 9900, 0);
    (void)submit(s, &plan);
    slice_bar(s, 10000, 10000, 9990, 10000); /* the second is sent */
    slice_bar(s, 9890, 9890, 9890, 9890);    /* the stop is older than it, and gaps */
    ASSERT_DEC(only_trade(s)->quantity, "3");
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_CANCELED"), "\"POSITION_CLOSED\""), 1);
    assert_at_rest(s);
    slice_bar(s, 9890, 9890, 9890, 9890);
    assert_at_rest(s);
    assert_int_equal(s->submits, 3);
    assert_false(s1_order_manager_has_due(s->orders, INT64_MAX - 1));
    stage_free(s);
}

/* Between two slices nothing works, and there is something to cancel all the same. */
static void test_cancel_between_slices(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 5, 0, 0);
    (void)submit(s, &plan);
    slice_bar(s, 10000, 10000, 10000, 10000);
    MUST(s1_order_manager_cancel_entry(s->orders, plan.trade_id, S1_STR("NEWS"), err));
    ASSERT_DEC(s->ledger->view.reserved, "0");
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"),
                 "\"details\":{\"what\":\"planned_quantity\",\"from\":\"9\",\"to\":\"3\","
                 "\"reason\":\"NEWS\"}");
    FAILS(s1_order_manager_cancel_entry(s->orders, plan.trade_id, S1_STR("NEWS"), err),
          S1_E_NOT_FOUND, "no working entry");
    for (int i = 0; i < 12; i++) {
        slice_bar(s, 10000, 10000, 10000, 10000);
    }
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "3");
    stage_free(s);
}

/* A close of everything lets nothing more in, not even a slice that was sent already. */
static void test_close_ends_the_slices(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 9000, 0);
    const s1_trade_id id = submit(s, &plan);
    slice_bar(s, 10000, 10000, 10000, 10000);
    MUST(close_at_market(s, id, "1", "SCALE_OUT", err)); /* a part: the entry goes on */
    slice_bar(s, 10000, 10000, 10000, 10000);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "5");
    MUST(close_at_market(s, id, "0", "THREAT", err));
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_CANCELED"), "\"reason\":\"THREAT\""), 1);
    slice_bar(s, 10100, 10100, 10100, 10100);
    ASSERT_DEC(only_trade(s)->quantity, "6");
    ASSERT_DEC(only_trade(s)->pnl, "5");
    assert_at_rest(s);
    stage_free(s);
}

/* While a part is on its way out a close of everything still ends the entry. */
static void test_close_of_all_after_a_part(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 0, 0);
    const s1_trade_id id = submit(s, &plan);
    slice_bar(s, 10000, 10000, 10000, 10000);
    MUST(close_at_market(s, id, "1", "SCALE_OUT", err));
    MUST(close_at_market(s, id, "0", "THREAT", err));
    ASSERT_DEC(s->ledger->view.reserved, "0");
    slice_bar(s, 10000, 10000, 10000, 10000);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "2");
    stage_free(s);
}

/* The first slice is cancelled: the trade never began. */
static void test_cancel_the_first_slice(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 0, 0);
    (void)submit(s, &plan);
    MUST(s1_order_manager_cancel_entry(s->orders, plan.trade_id, S1_STR("NEWS"), err));
    assert_at_rest(s);
    assert_int_equal(tape_count(&s->k->tape, TYPE("POSITION_ADJUSTED"), ""), 0);
    assert_false(s1_order_manager_has_due(s->orders, INT64_MAX - 1));
    stage_free(s);
}

/* A slice that cannot be paid ends the entry; what is in stays. */
static void test_refused_slice(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 0, 0);
    (void)submit(s, &plan);
    slice_bar(s, 10000, 10000, 10000, 10000);
    slice_bar(s, 20000, 20000, 20000, 20000); /* 600 of the 700 in cash, 300 held for the third */
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "3");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_int_equal(s1_order_manager_counts(s->orders).venue_refusals, 0);
    assert_int_equal(tape_count(&s->k->tape, TYPE("OPPORTUNITY_REJECTED"), ""), 0);
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"), "\"reason\":\"INSUFFICIENT_FUNDS\"");
    stage_free(s);
}

/* The end of the entry comes between two slices. */
static void test_slices_have_an_end(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    s1_plan plan = sliced(s, "9", 3, 2, 0, 0);
    plan.time_in_force = S1_TIF_GTD;
    plan.expires_at = s->bar.close_time + 3 * KERNEL_HOUR;
    (void)submit(s, &plan);
    for (int i = 0; i < 6; i++) {
        slice_bar(s, 10000, 10000, 10000, 10000);
    }
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "6");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    assert_int_equal(tape_count(&s->k->tape, TYPE("POSITION_ADJUSTED"), "\"reason\":\"TIME_UP\""),
                     1);
    stage_free(s);
}

/* A slice is an entry: while the journal is low none is sent, and the entry ends with what is in.
 */
static void test_no_slice_while_the_journal_is_low(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 9000, 0);
    (void)submit(s, &plan);
    bar(s, 10000, 10000, 10000, 10000);
    s1_journal_persistor_ops low = *s->k->persistor->ops;
    low.is_low = always_low;
    const s1_journal_persistor_ops *const sound = s->k->persistor->ops;
    s->k->persistor->ops = &low;
    MUST(s1_journal_commit(s->k->journal, err));
    const uint32_t submits = s->submits;
    MUST(s1_order_manager_send_slices(s->orders, err));
    assert_int_equal(s->submits, submits);
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_DENIED"), "\"reason\":\"STORAGE_LOW\""),
                     1);
    ASSERT_HOLDS(tape_only(&s->k->tape, "POSITION_ADJUSTED"),
                 "\"what\":\"planned_quantity\",\"from\":\"9\",\"to\":\"3\","
                 "\"reason\":\"STORAGE_LOW\"");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    bar(s, 10000, 10000, 8900, 8900); /* the stop stands */
    ASSERT_REASON(only_trade(s), "STOP_LOSS");
    s->k->persistor->ops = sound;
    stage_free(s);
}

/* Under same_close a slice fills at the close it is sent at. */
static void test_slices_at_the_close(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000", .timing = S1_FILL_SAME_CLOSE});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "9", 3, 1, 0, 0);
    (void)submit(s, &plan);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "3");
    slice_bar(s, 10100, 10100, 10100, 10100);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "6");
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->entry_price, "100.5");
    stage_free(s);
}

/* Sized as it fills: nothing is held before, what is free then is spent, fee included, by lots. */
static void test_sized_as_it_fills(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000", .fee = "0.001"});
    flat_bar(s, 10000);
    s->k->instrument.lot_size = dec("0.5");
    s1_plan plan = plan_of(s, S1_LONG, "9.5", 5000, 50000);
    plan.cash_fraction = dec("0.9");
    const s1_trade_id first = submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    flat_bar(s, 8000); /* 900 / 80.08 = 11.2.. */
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "11");
    /* What a close on the same open sets free counts: 1000 - 0.88 - 110 - 0.77 = 888.35. */
    MUST(close_at_market(s, first, "0", "TURN", err));
    s1_plan next = plan_of(s, S1_LONG, "1", 5000, 50000);
    next.cash_fraction = dec("1");
    (void)submit(s, &next);
    flat_bar(s, 7000); /* 888.35 / 70.07 = 12.67.. */
    ASSERT_DEC(only_trade(s)->pnl, "-111.65");
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "12.5");
    ASSERT_DEC(s->ledger->view.cash, "12.475");
    stage_free(s);
}

/* With less than the smallest order free, the venue refuses and the trade never was. */
static void test_sized_to_nothing(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s->k->instrument.min_notional = dec("950");
    s1_plan plan = plan_of(s, S1_LONG, "9", 5000, 50000);
    plan.cash_fraction = dec("0.9");
    (void)submit(s, &plan);
    flat_bar(s, 10000);
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_REJECTED"), "\"reason\":\"SIZE_BELOW_MINIMUM\"");
    assert_at_rest(s);
    stage_free(s);
}

/* Nor more than the largest, in lots or in money. */
static void test_sized_beyond_the_largest(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        stage *const s = stage_new((setting){.capital = "1000"});
        flat_bar(s, 10000);
        s->k->instrument.max_quantity = dec(i == 0 ? "8.999" : "9");
        s->k->instrument.max_notional = dec(i == 1 ? "899.99" : "900");
        s1_plan plan = plan_of(s, S1_LONG, "9", 5000, 50000);
        plan.cash_fraction = dec("0.9");
        (void)submit(s, &plan);
        flat_bar(s, 10000);
        assert_int_equal(
            tape_count(&s->k->tape, TYPE("ORDER_REJECTED"), "\"reason\":\"SIZE_ABOVE_MAXIMUM\""),
            i < 2);
        assert_int_equal(s->ledger->view.position_count, i == 2);
        stage_free(s);
    }
}

/* A trigger and a limit are both told; cash is held for the limit. */
static void test_stop_limit(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "2", 9000, 12000);
    plan.order_type = plan.entry_type = S1_ORDER_STOP_LIMIT;
    plan.trigger_price = dec("101");
    plan.limit_price = dec("102");
    (void)submit(s, &plan);
    ASSERT_DEC(s->ledger->view.reserved, "204");
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_SUBMITTED"),
                 "\"order_type\":\"STOP_LIMIT\",\"role\":\"entry\",\"quantity\":\"2\","
                 "\"trigger\":\"101\",\"limit\":\"102\"");
    bar(s, 10300, 10400, 10250, 10300); /* triggered beyond its limit: it rests */
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_TRIGGERED"), ""), 1);
    assert_int_equal(s->ledger->view.position_count, 0);
    bar(s, 10300, 10300, 10150, 10250);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->entry_price, "102");
    ASSERT_DEC(s->ledger->view.reserved, "0");
    stage_free(s);
}

/* A day order ends at midnight, UTC. */
static void test_day_order(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "1000"});
    for (int hour = 0; hour < 22; hour++) {
        flat_bar(s, 10000);
    }
    s1_plan plan = plan_of(s, S1_LONG, "2", 8000, 12000);
    plan.order_type = plan.entry_type = S1_ORDER_LIMIT;
    plan.limit_price = dec("90");
    plan.time_in_force = S1_TIF_DAY;
    (void)submit(s, &plan);
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_SUBMITTED"),
                 "\"expires_at\":\"1970-01-02T00:00:00.000000000Z\"");
    flat_bar(s, 10000);
    assert_int_equal(tape_count(&s->k->tape, TYPE("ORDER_EXPIRED"), ""), 0);
    flat_bar(s, 10000); /* the last bar of the day counts whole, and its close is midnight */
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_EXPIRED"), "\"reason\":\"TIME_UP\"");
    assert_at_rest(s);
    stage_free(s);
}

static void test_slices_need_lots(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    const s1_plan plan = sliced(s, "0.002", 3, 1, 0, 0);
    FAILS(s1_order_manager_submit(s->orders, &plan, S1_STR("executor"), err), S1_E_INVALID,
          "3 slices of less than a lot each");
    assert_at_rest(s);
    const struct {
        const char *quantity, *lot, *slice;
        uint32_t slices;
    } cases[] = {
        {"10", "0.001", "3.333", 3}, {"10", "0.5", "3", 3},      {"10", "4", "0", 3},
        {"10", "0", "3.333", 3},     {"0.007", "0", "0.003", 2}, {"12", "2", "4", 3},
    };
    s1_instrument instrument = s->k->instrument;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        s1_dec slice;
        instrument.lot_size = dec(cases[i].lot);
        MUST(s1_order_manager_slice(&instrument, dec(cases[i].quantity), cases[i].slices, &slice,
                                    err));
        ASSERT_DEC(slice, cases[i].slice);
    }
    stage_free(s);
}

/* An iceberg fills in parts; cash is held for what is left, until its end. */
static void test_iceberg(void **state)
{
    (void)state;
    stage *const s = stage_new((setting){.capital = "10000"});
    flat_bar(s, 10000);
    s1_plan plan = plan_of(s, S1_LONG, "10", 9800, 10200);
    plan.order_type = plan.entry_type = S1_ORDER_LIMIT;
    plan.limit_price = plan.entry_price = price_of(9900);
    plan.display_quantity = dec("4");
    plan.time_in_force = S1_TIF_GTD;
    plan.expires_at = s->bar.close_time + 3 * KERNEL_HOUR;
    (void)submit(s, &plan);
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_SUBMITTED"),
                 "\"limit\":\"99\",\"display_quantity\":\"4\","
                 "\"expires_at\":\"1970-01-01T04:00:00.000000000Z\"");
    ASSERT_DEC(s->ledger->view.reserved, "990");
    bar(s, 10000, 10000, 9900, 9950);
    ASSERT_DEC(s->ledger->view.reserved, "594");
    assert_int_equal(s->ledger->view.pending_entries, 0);
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_FILLED"), "\"remaining\":\"6\"");
    bar(s, 9950, 9950, 9900, 9950);
    ASSERT_DEC(s1_ledger_position(&s->ledger->view, 0)->quantity, "8");
    ASSERT_DEC(s1_matching_find(s->matching, plan.trade_id, S1_ROLE_TAKE_PROFIT)->quantity, "8");
    ASSERT_DEC(s->ledger->view.reserved, "198");
    flat_bar(s, 9950);
    ASSERT_DEC(s->ledger->view.reserved, "0");
    ASSERT_HOLDS(tape_only(&s->k->tape, "ORDER_EXPIRED"), "\"reason\":\"TIME_UP\"");
    assert_int_equal(tape_count(&s->k->tape, TYPE("POSITION_ADJUSTED"), ""), 1);
    bar(s, 9950, 10200, 9950, 10200);
    ASSERT_DEC(only_trade(s)->quantity, "8");
    ASSERT_DEC(only_trade(s)->pnl, "24");
    assert_at_rest(s);
    stage_free(s);
}

/* --- Properties. ------------------------------------------------------------------------------ */

/* Text of "key":"..." in a line, or NULL. */
static const char *member(const char *line, const char *key, char value[static 64])
{
    char pattern[48];
    (void)snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
    const char *const at = strstr(line, pattern);
    if (at == NULL) {
        return NULL;
    }
    const char *const from = at + strlen(pattern);
    const size_t length = strcspn(from, "\"");
    assert_true(length < 64);
    memcpy(value, from, length);
    value[length] = '\0';
    return value;
}

/* A trade as the journal tells it. */
typedef struct told_trade {
    char id[64], opportunity[64], direction[64];
    s1_dec bought, sold;         /* quantities */
    s1_dec paid, received, fees; /* notionals */
    bool is_opened, is_closed;
    int submitted, ended; /* orders */
} told_trade;

typedef struct story {
    told_trade trades[4096];
    size_t count;
} story;

static told_trade *told(story *st, const char *id)
{
    for (size_t i = 0; i < st->count; i++) {
        if (strcmp(st->trades[i].id, id) == 0) {
            return &st->trades[i];
        }
    }
    return NULL;
}

static s1_dec sum(s1_dec a, s1_dec b)
{
    s1_dec result;
    MUST(s1_dec_add(a, b, &result, err));
    return result;
}

static void tell_fill(told_trade *trade, const char *line)
{
    char text[64];
    assert_non_null(member(line, "quantity", text));
    const s1_dec quantity = dec(text);
    assert_non_null(member(line, "price", text));
    const s1_dec price = dec(text);
    assert_non_null(member(line, "fee", text));
    trade->fees = sum(trade->fees, dec(text));
    s1_dec notional;
    MUST(s1_dec_mul(price, quantity, S1_ROUND_HALF_EVEN, &notional, err));
    assert_non_null(member(line, "side", text));
    if (strcmp(text, "buy") == 0) {
        trade->bought = sum(trade->bought, quantity);
        trade->paid = sum(trade->paid, notional);
    } else {
        trade->sold = sum(trade->sold, quantity);
        trade->received = sum(trade->received, notional);
    }
}

/* Reads one line. Only approved plans (known trades) may have orders, and only they. */
static void tell(story *st, const char *line)
{
    char type[64], id[64], text[64];
    assert_non_null(member(line, "type", type));
    assert_non_null(member(line, "trade_id", id));
    told_trade *const trade = told(st, id);
    if (trade == NULL) {
        fail_msg("a trade nobody approved: %s", line);
    }
    if (member(line, "opportunity_id", text) != NULL) {
        assert_string_equal(text, trade->opportunity); /* every trade has its cause */
    }
    if (strcmp(type, "ORDER_SUBMITTED") == 0) {
        assert_false(trade->is_closed);
        trade->submitted++;
    } else if (strcmp(type, "ORDER_FILLED") == 0) {
        assert_false(trade->is_closed);
        trade->ended += member(line, "remaining", text) == NULL;
        tell_fill(trade, line);
    } else if (strcmp(type, "ORDER_CANCELED") == 0 || strcmp(type, "ORDER_EXPIRED") == 0 ||
               strcmp(type, "ORDER_REJECTED") == 0) {
        trade->ended++;
    } else if (strcmp(type, "TRADE_OPENED") == 0) {
        assert_false(trade->is_opened);
        trade->is_opened = true;
    } else if (strcmp(type, "TRADE_CLOSED") == 0) {
        assert_true(trade->is_opened && !trade->is_closed);
        assert_true(s1_dec_eq(trade->bought, trade->sold));
        trade->is_closed = true;
        s1_dec pnl;
        MUST(s1_dec_sub(trade->received, trade->paid, &pnl, err));
        MUST(s1_dec_sub(pnl, trade->fees, &pnl, err));
        assert_non_null(member(line, "pnl", text));
        assert_true(s1_dec_eq(pnl, dec(text)));
    }
}

/* Ledger = fold of the journal's fills. */
static void compare(const stage *s, const story *st)
{
    s1_dec cash = s->ledger->view.initial_capital, fees = S1_DEC_ZERO;
    uint32_t open = 0;
    for (size_t i = 0; i < st->count; i++) {
        const told_trade *const trade = &st->trades[i];
        cash = sum(cash, trade->received);
        MUST(s1_dec_sub(cash, trade->paid, &cash, err));
        MUST(s1_dec_sub(cash, trade->fees, &cash, err));
        fees = sum(fees, trade->fees);
        open += trade->is_opened && !trade->is_closed;
    }
    assert_true(s1_dec_eq(cash, s->ledger->view.cash));
    assert_true(s1_dec_eq(fees, s->ledger->view.fees));
    assert_int_equal(open, s->ledger->view.position_count);
}

static void random_bar(stage *s, s1_rng *rng)
{
    const int64_t last = s->bar.close;
    int64_t prices[4];
    for (int i = 0; i < 4; i++) {
        prices[i] = last - 300 + (int64_t)s1_rng_below(rng, 601);
        prices[i] = prices[i] < 2000 ? 2000 : prices[i];
    }
    int64_t high = prices[0], low = prices[0];
    for (int i = 1; i < 4; i++) {
        high = prices[i] > high ? prices[i] : high;
        low = prices[i] < low ? prices[i] : low;
    }
    slice_bar(s, prices[0], high, low, prices[1]);
}

/* Sends the entry in one of the ways that take more than one fill, or that end. */
static void vary(const stage *s, s1_rng *rng, s1_plan *plan)
{
    if (plan->order_type == S1_ORDER_MARKET && s1_rng_below(rng, 2) == 0) {
        plan->slices = 2 + (uint32_t)s1_rng_below(rng, 4);
        plan->slice_interval = (1 + (int64_t)s1_rng_below(rng, 3)) * KERNEL_HOUR;
    } else if (plan->order_type == S1_ORDER_LIMIT && s1_rng_below(rng, 3) != 0) {
        plan->time_in_force = S1_TIF_GTC;
        plan->display_quantity = s1_dec_from_mantissa(1 + (int64_t)s1_rng_below(rng, 900), 3);
    }
    if (plan->time_in_force == S1_TIF_GTC && s1_rng_below(rng, 3) == 0) {
        plan->time_in_force = S1_TIF_GTD;
        plan->expires_at =
            s->bar.close_time + (1 + (int64_t)s1_rng_below(rng, 12)) * KERNEL_HOUR / 2;
    }
}

static void random_entry(stage *s, s1_rng *rng, story *st, setting with)
{
    const int32_t direction =
        with.leverage != NULL && s1_rng_below(rng, 2) == 0 ? S1_SHORT : S1_LONG;
    const int sign = s1_direction_sign(direction);
    const int64_t close = s->bar.close;
    char quantity[32];
    (void)snprintf(quantity, sizeof quantity, "%d.%03d", (int)s1_rng_below(rng, 3),
                   1 + (int)s1_rng_below(rng, 999));
    s1_plan plan = plan_of(s, direction, quantity, 0, 0);
    if (s1_rng_below(rng, 4) != 0) {
        plan.stop_loss = price_of(close - sign * (1 + (int64_t)s1_rng_below(rng, 400)));
    }
    if (s1_rng_below(rng, 4) != 0) {
        plan.take_profit = price_of(close + sign * (1 + (int64_t)s1_rng_below(rng, 400)));
    }
    plan.order_type = 1 + (int32_t)s1_rng_below(rng, 3);
    plan.time_in_force = s1_rng_below(rng, 4) == 0 ? S1_TIF_IOC : S1_TIF_GTC;
    const s1_dec price = price_of(close - 200 + (int64_t)s1_rng_below(rng, 401));
    if (plan.order_type == S1_ORDER_LIMIT) {
        plan.limit_price = price;
        plan.post_only = s1_rng_below(rng, 3) == 0;
    } else if (plan.order_type == S1_ORDER_STOP) {
        plan.trigger_price = price;
        plan.time_in_force = S1_TIF_GTC;
    }
    if (with.is_varied) {
        vary(s, rng, &plan);
    }
    s1_dec cost;
    MUST(s1_order_manager_cost(s->orders,
                               plan.order_type == S1_ORDER_MARKET ? plan.entry_price : price,
                               plan.quantity, &cost, err));
    const s1_dec free_cash = s1_ledger_free_cash(s->ledger);
    if (s1_dec_cmp(cost, free_cash) > 0 || st->count == 4096) {
        return; /* the gate's part */
    }
    told_trade *const trade = &st->trades[st->count];
    *trade = (told_trade){0};
    trade->id[s1_uid_print(plan.trade_id.uid, trade->id)] = '\0';
    trade->opportunity[s1_uid_print(plan.opportunity_id.uid, trade->opportunity)] = '\0';
    s1_err err = S1_ERR_INIT;
    st->count++;
    const s1_rc rc = s1_order_manager_submit(s->orders, &plan, S1_STR("executor"), &err);
    if (rc != S1_OK) { /* full, or slices of less than a lot */
        assert_int_equal(rc, plan.slices > 0 && rc == S1_E_INVALID ? S1_E_INVALID : S1_E_NO_MEMORY);
        st->count--;
    }
}

/* Does something to a random open position. */
static void random_touch(stage *s, s1_rng *rng)
{
    const uint32_t count = s->ledger->view.position_count;
    if (count == 0) {
        return;
    }
    const s1_position *const position =
        s1_ledger_position(&s->ledger->view, (uint32_t)s1_rng_below(rng, count));
    const s1_trade_id id = position->trade_id;
    s1_err refusal = S1_ERR_INIT;
    s1_rc rc;
    switch (s1_rng_below(rng, 3)) {
    case 0:
        rc = s1_order_manager_modify_stop(
            s->orders, id, price_of(s->bar.close - 150 + (int64_t)s1_rng_below(rng, 301)),
            S1_STR("trailer"), &refusal);
        assert_true(rc == S1_OK || rc == S1_E_INVALID);
        break;
    case 1:
        MUST(close_at_market(s, id, "0", "MANUAL", err));
        break;
    default:
        rc = close_at_market(s, id, "0.1", "SCALE_OUT", &refusal);
        assert_true(rc == S1_OK || rc == S1_E_INVALID);
        break;
    }
}

static void read_tape(stage *s, story *st)
{
    for (size_t i = 0; i < s->k->tape.count; i++) {
        tell(st, s->k->tape.lines[i]);
    }
    tape_clear(&s->k->tape);
}

static void check_story(const stage *s, const story *st, setting with)
{
    compare(s, st);
    assert_true(s1_dec_sign(s->ledger->view.reserved) >= 0);
    if (with.leverage == NULL) { /* nothing is bought on credit */
        assert_true(s1_dec_sign(s->ledger->view.cash) >= 0);
    }
    if (s->ledger->view.pending_entries == 0 && !with.is_varied) { /* else parts may still come */
        assert_true(s1_dec_is_zero(s->ledger->view.reserved));
    }
}

/* Everything is closed or taken back. A part that is being closed already goes first. */
static void wind_up(stage *s, const story *st)
{
    for (size_t i = 0; i < st->count; i++) {
        s1_uid uid;
        s1_err ignored = S1_ERR_INIT; /* most have no entry that works */
        MUST(s1_uid_parse((s1_str){st->trades[i].id, strlen(st->trades[i].id)}, &uid, err));
        (void)!s1_order_manager_cancel_entry(s->orders, (s1_trade_id){uid}, S1_STR("END"),
                                             &ignored);
    }
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < s->ledger->view.position_count;) {
            const uint32_t before = s->ledger->view.position_count;
            MUST(close_at_market(s, s1_ledger_position(&s->ledger->view, i)->trade_id, "0",
                                 "END_OF_DATA", err));
            i += before == s->ledger->view.position_count; /* under same_close it is gone */
        }
        flat_bar(s, s->bar.close);
    }
}

static void random_run(setting with, uint64_t seed, int bars)
{
    stage *const s = stage_new(with);
    story *const st = calloc(1, sizeof *st);
    assert_non_null(st);
    s1_rng rng;
    s1_rng_init(&rng, seed);
    flat_bar(s, 10000);
    for (int i = 0; i < bars; i++) {
        random_bar(s, &rng);
        read_tape(s, st);
        check_story(s, st, with);
        for (uint64_t act = s1_rng_below(&rng, 4); act > 0; act--) {
            if (s1_rng_below(&rng, 2) == 0) {
                random_entry(s, &rng, st, with);
            } else {
                random_touch(s, &rng);
            }
            s1_ledger_mark(s->ledger, s->bar.close);
            MUST(s1_ledger_check(s->ledger, err));
            read_tape(s, st);
            check_story(s, st, with);
        }
    }
    wind_up(s, st);
    read_tape(s, st);
    check_story(s, st, with);
    assert_at_rest(s);
    size_t closed = 0;
    for (size_t i = 0; i < st->count; i++) {
        assert_int_equal(st->trades[i].submitted, st->trades[i].ended);
        assert_int_equal(st->trades[i].is_opened, st->trades[i].is_closed);
        closed += st->trades[i].is_closed;
    }
    size_t records;
    (void)s1_order_manager_trades(s->orders, &records);
    assert_int_equal(records, closed);
    assert_true(closed > 20);
    free(st);
    stage_free(s);
}

static void test_random_trades(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        for (int varied = 0; varied < 2; varied++) {
            setting with = {.capital = "1000", .fee = "0.0007", .is_varied = varied != 0};
            random_run(with, seed, 400);
            with.slippage = "0.002";
            with.leverage = "3";
            with.fee = NULL;
            random_run(with, seed, 400);
            with.fee = "0.0013";
            with.slippage = "0.0005";
            with.leverage = "1";
            with.timing = S1_FILL_SAME_CLOSE;
            random_run(with, seed, 400);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_to_target),
        cmocka_unit_test(test_short_to_stop),
        cmocka_unit_test(test_close_at_market),
        cmocka_unit_test(test_close_twice_is_one_order),
        cmocka_unit_test(test_stop_overtakes_a_close),
        cmocka_unit_test(test_bad_closes),
        cmocka_unit_test(test_trailing_stop),
        cmocka_unit_test(test_trailing_stop_of_a_short),
        cmocka_unit_test(test_trailing_stop_of_the_exchange),
        cmocka_unit_test(test_trailing_entry),
        cmocka_unit_test(test_partial_close),
        cmocka_unit_test(test_venue_refuses_the_entry),
        cmocka_unit_test(test_dearer_open_is_paid_from_free_cash_only),
        cmocka_unit_test(test_cancel_entry),
        cmocka_unit_test(test_reduce_only),
        cmocka_unit_test(test_bracket),
        cmocka_unit_test(test_one_cancels_the_other),
        cmocka_unit_test(test_amend_entry),
        cmocka_unit_test(test_amend_what_is_partly_filled),
        cmocka_unit_test(test_amend_stop_limit),
        cmocka_unit_test(test_expired_entry),
        cmocka_unit_test(test_stop_entry_is_held_at_its_trigger),
        cmocka_unit_test(test_too_many_trades),
        cmocka_unit_test(test_no_order_after_a_failed_journal),
        cmocka_unit_test(test_no_entry_while_the_journal_is_low),
        cmocka_unit_test(test_same_close),
        cmocka_unit_test(test_ambiguous_bars_are_listed),
        cmocka_unit_test(test_triggered_order_works_on),
        cmocka_unit_test(test_refused_exit_can_be_repeated),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_stop_ends_the_slices),
        cmocka_unit_test(test_cancel_between_slices),
        cmocka_unit_test(test_close_ends_the_slices),
        cmocka_unit_test(test_close_of_all_after_a_part),
        cmocka_unit_test(test_cancel_the_first_slice),
        cmocka_unit_test(test_refused_slice),
        cmocka_unit_test(test_slices_have_an_end),
        cmocka_unit_test(test_no_slice_while_the_journal_is_low),
        cmocka_unit_test(test_slices_at_the_close),
        cmocka_unit_test(test_stop_limit),
        cmocka_unit_test(test_day_order),
        cmocka_unit_test(test_sized_as_it_fills),
        cmocka_unit_test(test_sized_to_nothing),
        cmocka_unit_test(test_sized_beyond_the_largest),
        cmocka_unit_test(test_slices_need_lots),
        cmocka_unit_test(test_iceberg),
        cmocka_unit_test(test_random_trades),
    };
    return cmocka_run_group_tests_name("order_manager", tests, NULL, NULL);
}
